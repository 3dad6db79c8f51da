"""Results as plain data that reads back exactly, for a later run that looks at changes only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, parse

from cd22kg.store import Term
from cd22kg.validation.engine import Validator
from cd22kg.validation.paths import Path
from cd22kg.validation.plan import Result
from cd22kg.validation.shape_model import Node, Shape


def to_plain(results: Iterable[Result], validator: Validator) -> list[dict[str, Any]] | None:
    """Return results in a fixed order, their terms as N-Triples; nothing where one of them would not read back.

    A blank node is called otherwise each time a file is read. What the shape tells is left out.
    """
    plain = []
    for result in results:
        shape = validator.compiler.shapes.shapes.get(result.shape)
        found = {
            "shape": str(result.shape),
            "focus": str(result.focus),
            "value": None if result.value is None else str(result.value),
            "path": result.path.iri if result.path and (shape is None or result.path != shape.path) else None,
            "component": result.component,
            "severity": result.severity,
            "messages": [str(message) for message in result.messages],
            "constraint": result.constraint is not None,
        }
        if shape is None or _has_blank(result) or _from_plain(found, shape) != result:
            return None
        plain.append(found)
    return sorted(plain, key=str)


def from_plain(plain: Sequence[dict[str, Any]], validator: Validator) -> list[Result]:
    """Return the results that `to_plain` gave, for the same shapes.

    Raises:
        KeyError, ValueError: If this is nothing of the kind.
    """
    shapes = validator.compiler.shapes
    return [_from_plain(found, shapes[NamedNode(found["shape"][1:-1])]) for found in plain]


def _from_plain(found: dict[str, Any], shape: Shape) -> Result:
    messages = tuple(term for text in found["messages"] if isinstance(term := _term(text), Literal))
    return Result(
        focus=_term(found["focus"]),
        path=Path("predicate", found["path"]) if found["path"] else shape.path,
        value=None if found["value"] is None else _term(found["value"]),
        shape=shape.node,
        component=found["component"],
        severity=found["severity"],
        messages=messages,
        constraint=_only_query(shape) if found["constraint"] else None,
    )


def _has_blank(result: Result) -> bool:
    return any(isinstance(term, BlankNode) for term in (result.shape, result.focus, result.value))


def _only_query(shape: Shape) -> Node | None:
    """Return the SPARQL constraint of a shape, mostly a blank node, if the shape has one and no more."""
    nodes = {constraint.query.node for constraint in shape.constraints if constraint.query}
    return nodes.pop() if len(nodes) == 1 else None


def _term(text: str) -> Term:
    """Return a term written as in N-Triples."""
    (quad,) = parse(f"<urn:cd22kg:s> <urn:cd22kg:p> {text} .", format=RdfFormat.N_TRIPLES)
    term: Term = quad.object
    return term
