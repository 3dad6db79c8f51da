"""A compiled query, and how to read a result off each row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode

from cd22kg.store import Term
from cd22kg.validation.paths import Path
from cd22kg.validation.shape_model import Constraint, Node, Shape
from cd22kg.validation.terms import from_authored


@dataclass(frozen=True)
class Result:
    """One ``sh:ValidationResult``.

    Attributes:
        focus: The focus node.
        path: The path, of a property shape or told by a query.
        value: The value at fault, where there is one.
        shape: The source shape.
        component: IRI of the source constraint component.
        severity: IRI of the severity.
        messages: What is wrong.
        constraint: The SPARQL constraint in the shapes, where it is one.
    """

    focus: Term
    path: Path | None
    value: Term | None
    shape: Node
    component: str
    severity: str
    messages: tuple[Literal, ...] = ()
    constraint: Node | None = None


@dataclass(frozen=True)
class Check:
    """A query that finds the violations of one or several constraints of a shape.

    Attributes:
        shape: The shape.
        constraints: The constraints. With several, the query has a column ``bad0``, ``bad1`` ... for each of them.
        query: SELECT with ``?this``, where it makes sense ``?value`` and ``?path``, and what messages name.
        whole_value: Whether the value at fault is the focus node where the query names none.
        guard: A cheaper query without a row where there can be no violation; empty where there is none.
    """

    shape: Shape
    constraints: tuple[Constraint, ...]
    query: str
    whole_value: bool = False
    guard: str = ""

    @property
    def name(self) -> str:
        """Return what messages and plans call the check."""
        return f"{self.shape.name}: {', '.join(constraint.name for constraint in self.constraints)}"

    def broken(self, row: Mapping[str, Term | None]) -> tuple[Constraint, ...]:
        """Return the constraints that a row says are broken."""
        if len(self.constraints) == 1:
            return self.constraints
        flags = (row.get(f"bad{number}") for number in range(len(self.constraints)))
        return tuple(
            constraint
            for constraint, flag in zip(self.constraints, flags, strict=True)
            if isinstance(flag, Literal) and flag.value == "true"
        )

    def result(self, constraint: Constraint, row: Mapping[str, Term | None]) -> Result:
        """Return the result of one constraint for a row, without its messages."""
        focus = from_authored(row["this"])
        assert focus is not None  # noqa: S101  # every query binds ?this
        path = self.shape.path
        told = row.get("path")
        if isinstance(told, NamedNode) and (constraint.query is not None or constraint.name == "Closed"):
            path = Path("predicate", told.value)
        value = from_authored(row.get("value"))
        if value is None and self.whole_value:
            value = focus
        return Result(
            focus=focus,
            path=path,
            value=value,
            shape=self.shape.node,
            component=constraint.component,
            severity=self.shape.severity.value,
            constraint=constraint.query.node if constraint.query else None,
        )
