"""Shapes as objects: what is checked, of which nodes, and how a result is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pyoxigraph import BlankNode, Literal, NamedNode

from cd22kg.store import Term
from cd22kg.validation.paths import Path
from cd22kg.validation.terms import SH

Node = NamedNode | BlankNode


@dataclass(frozen=True)
class Query:
    """The text of a SPARQL constraint, or of a validator of a constraint component.

    Attributes:
        form: ``select`` or ``ask``.
        text: The query, without its prefixes.
        prefixes: Those declared for it.
        parameters: The values of the component's parameters, by the name of their variable.
        messages: The messages of the constraint or validator itself.
        node: The constraint in the shapes, for the report; nothing for a validator.
    """

    form: str
    text: str
    prefixes: Mapping[str, str] = field(default_factory=dict, hash=False)
    parameters: Mapping[str, Term] = field(default_factory=dict, hash=False)
    messages: tuple[Literal, ...] = ()
    node: Node | None = None


@dataclass(frozen=True)
class Constraint:
    """One constraint of a shape.

    Attributes:
        name: The component without ``ConstraintComponent``, such as ``MinCount``; ``Custom`` for one of the shapes.
        component: IRI of the component.
        terms: The values of its parameter: one, or the members of a list.
        shapes: The shapes it names.
        others: Sibling shapes of a disjoint qualified shape.
        flags: Flags of a pattern.
        query: For SPARQL constraints and custom components.
    """

    name: str
    component: str
    terms: tuple[Term, ...] = ()
    shapes: tuple[Node, ...] = ()
    others: tuple[Node, ...] = ()
    flags: str = ""
    query: Query | None = None

    @property
    def number(self) -> int:
        """Return the parameter of a counting component."""
        assert isinstance(self.terms[0], Literal)  # noqa: S101  # the reader lets whole numbers through only
        return int(self.terms[0].value)


@dataclass(frozen=True)
class Targets:
    """Which nodes a shape is about."""

    nodes: tuple[Term, ...] = ()
    classes: tuple[str, ...] = ()
    subjects_of: tuple[str, ...] = ()
    objects_of: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Return whether there is any."""
        return bool(self.nodes or self.classes or self.subjects_of or self.objects_of)


@dataclass(frozen=True)
class Shape:
    """A node shape, or, with a path, a property shape.

    Attributes:
        node: Its name in the shapes.
        path: The path of a property shape.
        targets: The nodes it is about.
        constraints: What it asks of them, those of ``sh:property`` included.
        severity: IRI of the severity of its results.
        messages: Its messages, which take the place of those of the components.
        deactivated: Whether it is switched off.
        foreign: What keeps it from being compiled, such as an extension of SHACL; empty where nothing does.
    """

    node: Node
    path: Path | None
    targets: Targets
    constraints: tuple[Constraint, ...]
    severity: NamedNode
    messages: tuple[Literal, ...] = ()
    deactivated: bool = False
    foreign: str = ""

    @property
    def name(self) -> str:
        """Return the shape as a person would name it."""
        return name_of(self.node)


def name_of(node: Term) -> str:
    """Return the last part of a shape's IRI, or the label of its blank node."""
    if isinstance(node, NamedNode):
        return node.value.removeprefix(SH).rpartition("#")[2] or node.value
    return str(node)


@dataclass(frozen=True)
class ShapeSet:
    """Every shape that a target leads to, by its node."""

    shapes: Mapping[Node, Shape]

    def __getitem__(self, node: Node) -> Shape:
        """Return a shape."""
        return self.shapes[node]

    def roots(self) -> tuple[Shape, ...]:
        """Return the shapes with targets, in the order of their names."""
        found = [shape for shape in self.shapes.values() if shape.targets or "sh:target" in shape.foreign.split()]
        return tuple(sorted(found, key=lambda shape: str(shape.node)))
