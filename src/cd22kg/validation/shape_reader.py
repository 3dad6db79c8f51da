"""From the triples of the shapes to objects; a malformed shape is an error that names it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pyoxigraph import BlankNode, Literal, NamedNode, Quad

from cd22kg.namespaces import STANDARD_PREFIXES
from cd22kg.store import Term
from cd22kg.validation.paths import Path
from cd22kg.validation.shape_components import Component, read_components
from cd22kg.validation.shape_graph import ShapeGraph, unusable
from cd22kg.validation.shape_model import Constraint, Node, Query, Shape, ShapeSet, Targets
from cd22kg.validation.terms import SH

_CLASSES = (STANDARD_PREFIXES["rdfs"] + "Class", STANDARD_PREFIXES["owl"] + "Class")
_LISTS = {"and": "And", "or": "Or", "xone": "Xone"}
_KINDS = ("BlankNode", "IRI", "Literal", "BlankNodeOrIRI", "BlankNodeOrLiteral", "IRIOrLiteral")
_RANGES = ("minExclusive", "minInclusive", "maxExclusive", "maxInclusive")
_PAIRS = ("equals", "disjoint", "lessThan", "lessThanOrEquals")
#: Extensions of SHACL that change verdicts and that the compiler leaves to the reference engine.
_FOREIGN = ("expression", "target", "js")
_TARGETS = ("targetNode", "targetClass", "targetSubjectsOf", "targetObjectsOf", "target")
_FLAGS = re.compile("[imsxq]*")
#: What SHACL lets a shape say; anything else in its namespace is told, as it is mostly a slip.
KNOWN = {
    *("path", "severity", "message", "deactivated", "name", "description", "order", "group", "defaultValue"),
    *("class", "datatype", "nodeKind", "minCount", "maxCount", "minLength", "maxLength", "pattern", "flags"),
    *("languageIn", "uniqueLang", "not", "and", "or", "xone", "node", "property", "closed", "ignoredProperties"),
    *("hasValue", "in", "sparql", "qualifiedValueShape", "qualifiedValueShapesDisjoint", "qualifiedMinCount"),
    *("qualifiedMaxCount", "rule", "declare", "shapesGraph", "suggestedShapesGraph", "values", "editor", "viewer"),
    *(*_RANGES, *_PAIRS, *_FOREIGN, *_TARGETS),
}


def read_shape_set(quads: Iterable[Quad]) -> tuple[ShapeSet, tuple[str, ...]]:
    """Return every shape, and notes on what in them means nothing to SHACL.

    Raises:
        InputError: If a shape is malformed.
    """
    reader = _Reader(ShapeGraph(quads))
    return reader.read(), tuple(reader.notes)


class _Reader:
    def __init__(self, graph: ShapeGraph) -> None:
        self.graph = graph
        self.node_shapes = dict.fromkeys(graph.instances(SH + "NodeShape"))
        self.property_shapes = dict.fromkeys(graph.instances(SH + "PropertyShape"))
        self.classes = {node for iri in _CLASSES for node in graph.instances(iri)}
        self.components = read_components(graph)
        self.shapes: dict[Node, Shape] = {}
        self.notes: list[str] = []

    def read(self) -> ShapeSet:
        typed = (self.node_shapes, self.property_shapes)
        waiting = [*dict.fromkeys(node for nodes in typed for node in nodes)]
        waiting += [node for node in self.graph.subjects() if any(self.graph.objects(node, t) for t in _TARGETS)]
        waiting += [
            value
            for node in self.graph.subjects()
            for value in self.graph.objects(node, "property")
            if isinstance(value, NamedNode | BlankNode)
        ]
        while waiting:
            node = waiting.pop()
            if node not in self.shapes:
                shape = self.shapes[node] = self.shape(node)
                for constraint in shape.constraints:
                    waiting += [*constraint.shapes, *constraint.others]
        return ShapeSet(dict(sorted(self.shapes.items(), key=lambda item: str(item[0]))))

    def shape(self, node: Node) -> Shape:
        graph = self.graph
        path = graph.path(node)
        if path is None and node in self.property_shapes:
            unusable(node, "is a property shape without `sh:path`")
        if path is not None and node in self.node_shapes:
            unusable(node, "is a node shape with `sh:path`")
        for predicate in graph.predicates(node):
            if predicate.startswith(SH) and predicate.removeprefix(SH) not in KNOWN:
                self.notes.append(
                    f"`{node.value}`: `sh:{predicate.removeprefix(SH)}` is no term of SHACL and was passed over"
                )
        return Shape(
            node=node,
            path=path,
            targets=self.targets(node),
            constraints=tuple(self.constraints(node, path)),
            severity=graph.iri(node, "severity") or NamedNode(SH + "Violation"),
            messages=graph.literals(node, "message"),
            deactivated=graph.boolean(node, "deactivated"),
            foreign=" ".join(f"sh:{name}" for name in _FOREIGN if graph.objects(node, name)),
        )

    def targets(self, node: Node) -> Targets:
        graph = self.graph
        classes = [iri.value for iri in graph.iris(node, "targetClass")]
        is_shape = node in self.node_shapes or node in self.property_shapes
        if is_shape and isinstance(node, NamedNode) and node in self.classes:
            classes.append(node.value)
        return Targets(
            nodes=tuple(graph.objects(node, "targetNode")),
            classes=tuple(sorted(set(classes))),
            subjects_of=tuple(sorted(iri.value for iri in graph.iris(node, "targetSubjectsOf"))),
            objects_of=tuple(sorted(iri.value for iri in graph.iris(node, "targetObjectsOf"))),
        )

    def constraints(self, node: Node, path: Path | None) -> Iterator[Constraint]:
        yield from self.of_values(node)
        yield from self.of_counts(node, path)
        yield from self.of_shapes(node, path)
        yield from self.of_queries(node, path)

    def of_values(self, node: Node) -> Iterator[Constraint]:
        """Yield the constraints on single values."""
        graph = self.graph
        for iri in graph.iris(node, "class"):
            yield _core("Class", iri)
        if datatype := graph.iri(node, "datatype"):
            yield _core("Datatype", datatype)
        if kind := graph.iri(node, "nodeKind"):
            if kind.value.removeprefix(SH) not in _KINDS:
                unusable(node, f"has an unknown `sh:nodeKind`, {kind}")
            yield _core("NodeKind", kind)
        for name in _RANGES:
            if bound := graph.literal(node, name):
                yield _core(_upper(name), bound)
        for name in ("minLength", "maxLength"):
            if length := graph.integer(node, name):
                yield _core(_upper(name), length)
        flags = graph.literal(node, "flags")
        for pattern in graph.objects(node, "pattern"):
            if not isinstance(pattern, Literal):
                unusable(node, f"needs text in `sh:pattern`, not {pattern}")
            if flags and not _FLAGS.fullmatch(flags.value):
                unusable(node, f"has unknown `sh:flags`, {flags}")
            yield _core("Pattern", pattern, flags=flags.value if flags else "")
        if languages := graph.one(node, "languageIn"):
            members = graph.members(node, languages)
            if not all(isinstance(member, Literal) for member in members):
                unusable(node, "needs a list of texts in `sh:languageIn`")
            yield _core("LanguageIn", *members)
        if choice := graph.one(node, "in"):
            yield _core("In", *graph.members(node, choice))
        for value in graph.objects(node, "hasValue"):
            yield _core("HasValue", value)
        if graph.boolean(node, "closed"):
            ignored = graph.one(node, "ignoredProperties")
            allowed = set(graph.members(node, ignored) if ignored else ())
            allowed |= {p for shape in graph.objects(node, "property") for p in graph.objects(shape, "path")}
            iris = sorted((term for term in allowed if isinstance(term, NamedNode)), key=str)
            yield _core("Closed", *iris)

    def of_counts(self, node: Node, path: Path | None) -> Iterator[Constraint]:
        """Yield the constraints on the set of values."""
        graph = self.graph
        for name in ("minCount", "maxCount"):
            if number := graph.integer(node, name):
                self.needs_path(node, path, name)
                yield _core(_upper(name), number)
        if graph.boolean(node, "uniqueLang") and graph.literals(node, "uniqueLang")[0].value == "true":
            self.needs_path(node, path, "uniqueLang")
            yield _core("UniqueLang")
        for name in _PAIRS:
            for other in graph.iris(node, name):
                if name.startswith("lessThan"):
                    self.needs_path(node, path, name)
                yield _core(_upper(name), other)

    def of_shapes(self, node: Node, path: Path | None) -> Iterator[Constraint]:
        """Yield the constraints that name other shapes."""
        graph = self.graph
        for name in ("not", "node", "property"):
            for value in graph.objects(node, name):
                shape = self.named(node, value)
                if name == "property" and graph.path(shape) is None:
                    unusable(node, f"names in `sh:property` a shape without `sh:path`, {shape}")
                yield _core(_upper(name), shapes=(shape,))
        for name, component in _LISTS.items():
            for head in graph.objects(node, name):
                members = graph.members(node, head)
                yield _core(component, shapes=tuple(self.named(node, member) for member in members))
        disjoint = graph.boolean(node, "qualifiedValueShapesDisjoint")
        for value in graph.objects(node, "qualifiedValueShape"):
            self.needs_path(node, path, "qualifiedValueShape")
            shape = self.named(node, value)
            others = tuple(s for s in self.siblings(node) if s != shape) if disjoint else ()
            for name in ("qualifiedMinCount", "qualifiedMaxCount"):
                if number := graph.integer(node, name):
                    yield _core(_upper(name), number, shapes=(shape,), others=others)

    def siblings(self, node: Node) -> tuple[Node, ...]:
        """Return the qualified shapes of every property shape that shares a parent with this one."""
        graph = self.graph
        parents = [parent for parent in graph.subjects() if node in graph.objects(parent, "property")]
        found = {
            shape
            for parent in parents
            for child in graph.objects(parent, "property")
            for shape in graph.objects(child, "qualifiedValueShape")
        }
        return tuple(sorted((self.named(node, shape) for shape in found), key=str))

    def of_queries(self, node: Node, path: Path | None) -> Iterator[Constraint]:
        """Yield the SPARQL constraints, and those of the components that the shapes define."""
        graph = self.graph
        for constraint in graph.objects(node, "sparql"):
            select = graph.literal(constraint, "select")
            if select is None or not isinstance(constraint, NamedNode | BlankNode):
                unusable(node, "has a `sh:sparql` without one text in `sh:select`")
            if not graph.boolean(constraint, "deactivated"):
                query = Query(
                    "select",
                    select.value,
                    graph.prefixes(constraint),
                    messages=graph.literals(constraint, "message"),
                    node=constraint,
                )
                yield _core("SPARQL", query=query)
        for component in self.components:
            yield from _custom(graph, component, node, path)

    def named(self, node: Node, value: Term) -> Node:
        if not isinstance(value, NamedNode | BlankNode):
            unusable(node, f"names as a shape what is none, {value}")
        return value

    def needs_path(self, node: Node, path: Path | None, name: str) -> None:
        if path is None:
            unusable(node, f"has `sh:{name}`, which only a property shape may have; it lacks `sh:path`")


def _custom(graph: ShapeGraph, component: Component, node: Node, path: Path | None) -> Iterator[Constraint]:
    """Yield the constraints of a component of the shapes, one for each value where it has one parameter."""
    given = {name: graph.objects(node, iri) for name, iri in component.parameters.items()}
    if any(not given[name] for name in component.parameters if name not in component.optional):
        return
    validator = component.validator(path is not None)
    if validator is None or not any(given.values()):
        return
    if len(component.parameters) == 1:
        name, values = next(iter(given.items()))
        choices = [{name: value} for value in values]
    else:
        for name, values in given.items():
            if len(values) > 1:
                unusable(node, f"gives more than one value of `{name}`, a parameter of <{component.iri}>")
        choices = [{name: values[0] for name, values in given.items() if values}]
    for parameters in choices:
        query = Query(validator.form, validator.text, validator.prefixes, parameters, validator.messages)
        yield Constraint("Custom", component.iri, query=query)


def _core(
    name: str,
    *terms: Term,
    shapes: tuple[Node, ...] = (),
    others: tuple[Node, ...] = (),
    flags: str = "",
    query: Query | None = None,
) -> Constraint:
    return Constraint(name, f"{SH}{name}ConstraintComponent", terms, shapes, others, flags, query)


def _upper(name: str) -> str:
    return name[0].upper() + name[1:]
