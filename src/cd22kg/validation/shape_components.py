"""Constraint components that the shapes define themselves, with validators in SPARQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pyoxigraph import NamedNode

from cd22kg.store import Term
from cd22kg.validation.shape_graph import ShapeGraph, unusable
from cd22kg.validation.shape_model import Query
from cd22kg.validation.terms import SH


@dataclass(frozen=True)
class Component:
    """A constraint component of the shapes.

    Attributes:
        iri: Its name.
        parameters: The property of each parameter, by the name of its variable.
        optional: The parameters that a shape may leave out.
        validators: For ``node``, ``property`` and ``any``, what checks it there.
    """

    iri: str
    parameters: Mapping[str, str]
    optional: frozenset[str]
    validators: Mapping[str, Query] = field(default_factory=dict)

    def validator(self, of_property: bool) -> Query | None:
        """Return what checks a property shape, or a node shape."""
        return self.validators.get("property" if of_property else "node") or self.validators.get("any")


def read_components(graph: ShapeGraph) -> tuple[Component, ...]:
    """Return the components that the shapes define.

    Raises:
        InputError: If one is malformed.
    """
    nodes = [node for node in graph.instances(SH + "ConstraintComponent") if not node.value.startswith(SH)]
    return tuple(_component(graph, node) for node in sorted(nodes, key=str) if isinstance(node, NamedNode))


def _component(graph: ShapeGraph, node: NamedNode) -> Component:
    parameters: dict[str, str] = {}
    optional: set[str] = set()
    for parameter in graph.objects(node, "parameter"):
        path = graph.iri(parameter, "path")
        if path is None:
            unusable(node, "has a parameter without `sh:path`")
        name = path.value[max(path.value.rfind(mark) for mark in "#/:") + 1 :]
        parameters[name] = path.value
        if graph.boolean(parameter, "optional"):
            optional.add(name)
    if not set(parameters) - optional:
        unusable(node, "is a constraint component without a parameter that must be given")
    validators = {}
    for kind, predicate in (("node", "nodeValidator"), ("property", "propertyValidator"), ("any", "validator")):
        if found := graph.one(node, predicate):
            validators[kind] = _validator(graph, node, found)
    return Component(node.value, dict(sorted(parameters.items())), frozenset(optional), validators)


def _validator(graph: ShapeGraph, node: NamedNode, validator: Term) -> Query:
    ask, select = graph.literal(validator, "ask"), graph.literal(validator, "select")
    text = ask or select
    if text is None or (ask and select):
        unusable(node, "has a validator without one `sh:ask` or `sh:select`")
    messages = graph.literals(validator, "message") or graph.literals(node, "message")
    return Query("ask" if ask else "select", text.value, graph.prefixes(validator), messages=messages)
