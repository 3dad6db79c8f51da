"""Which shapes are decided by what is said of a node itself, so that a part of the data is enough to check it.

    parts_of(compiler, shape, schema) -> nothing where it takes more; else what of others its checks ask, as `Speaks`

A class of a value, and a pattern that must not lead to a node, are said of other nodes. A check that asks for one finds
too many nodes in a part of the data, never too few: what speaks for them may stand in another part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from cd22kg.validation.compiler import Compiler
from cd22kg.validation.constraint_query import AGGREGATES, predicates_of, prologue, read
from cd22kg.validation.focus import LocalSchema, Names, Schema
from cd22kg.validation.shape_model import Constraint, Node, Query, Shape
from cd22kg.validation.sparql_tokens import Group, Pattern, ReadQuery, UnreadableQueryError
from cd22kg.validation.terms import KNOWN, RDF_TYPE, text_of

_ONE_VALUE = frozenset(
    (
        *("Datatype", "NodeKind", "MinExclusive", "MinInclusive", "MaxExclusive", "MaxInclusive"),
        *("MinLength", "MaxLength", "Pattern", "LanguageIn", "In"),
    )
)
_SET_OF_VALUES = frozenset(
    ("MinCount", "MaxCount", "HasValue", "UniqueLang", "Equals", "Disjoint", "LessThan", "LessThanOrEquals")
)
_LOGICAL = frozenset(("Not", "And", "Or", "Xone", "Node"))
_COUNTS = frozenset(("QualifiedMinCount", "QualifiedMaxCount"))
_BEYOND = AGGREGATES | {"GROUP", "HAVING", "LIMIT", "OFFSET", "GRAPH"}
_NO_PATTERN = frozenset(("FILTER", "BIND", "OPTIONAL", "UNION", "VALUES", "GRAPH", "MINUS", "SELECT", "EXISTS"))
_ONE_PROPERTY = re.compile(r"<[^<>]*>|[\w.-]*:[\w.-]+|a")
_THIS = ("?this", "$this")


@dataclass(frozen=True)
class Speaks:
    """What speaks against a row of a check.

    Attributes:
        key: The column whose value must not be among what the query finds.
        query: SELECT with the one column ``?key``; what it finds is said of one node.
        iri: The class that the values are asked to be of; empty where it is no class.
    """

    key: str
    query: str
    iri: str = ""


class PartSchema(LocalSchema):
    """For queries about a part of the data, beside which it may be told of some nodes that they are of a class."""

    def belonging(self, variable: str, iri: str, names: Names) -> str:
        """Return a pattern for the members of a class, those of which it is told among them."""
        kind = names.new("class")
        choices = " ".join(f"<{each}>" for each in (*self.subclasses(iri), KNOWN + iri))
        return f"VALUES {kind} {{ {choices} }} {variable} <{RDF_TYPE}> {kind} ."


def parts_of(compiler: Compiler, shape: Shape, schema: Schema) -> Mapping[Constraint, Speaks] | None:
    """Return what of others may speak against the rows of the checks of a shape; nothing where a part is not enough."""
    focus = compiler.focuses[shape.node]
    if focus.above or any(targets.nodes or targets.objects_of for targets in focus.targets):
        return None
    if any(RDF_TYPE in targets.subjects_of for targets in focus.targets) or not _is_own(compiler, shape):
        return None
    classes = {iri for targets in focus.targets for iri in targets.classes}
    speaks: dict[Constraint, Speaks] = {}
    for constraint in shape.constraints:
        against: Speaks | None
        if constraint.query is not None:
            against = _against(constraint.query)
        elif constraint.name == "Class" and shape.path is not None:
            iri = text_of(constraint.terms[0])
            against = Speaks("value", members_of(iri, schema), iri)
            classes.add(iri)
        else:
            continue
        if against is not None:
            speaks[constraint] = against
    return speaks if all(map(schema.subclasses, _asked(compiler, shape, classes))) else None


def _asked(compiler: Compiler, shape: Shape, classes: set[str]) -> set[str]:
    inner = (text_of(part.terms[0]) for part in compiler.parts(shape) if part.name == "Class")
    return classes.union(inner)


def members_of(iri: str, schema: Schema) -> str:
    """Return a query for the members of a class."""
    choices = " ".join(f"<{each}>" for each in schema.subclasses(iri))
    return f"SELECT DISTINCT ?key WHERE {{ VALUES ?class {{ {choices} }} ?key <{RDF_TYPE}> ?class }}"


def _is_own(compiler: Compiler, shape: Shape) -> bool:
    """Return whether what is said of the focus nodes decides on a shape, but for what `Speaks` is for."""
    if shape.path is not None and shape.path.kind != "predicate":
        return False
    for constraint in shape.constraints:
        if constraint.name == "Property" or (constraint.name == "Class" and shape.path is not None):
            continue  # a property shape is looked at on its own
        if constraint.query is not None:
            if constraint.query.form != "select" or not _is_own_query(constraint.query):
                return False
        elif not _keeps_to(compiler, constraint, at_node=shape.path is None, of_node=True):
            return False
    return True


def _keeps_to(compiler: Compiler, constraint: Constraint, *, at_node: bool, of_node: bool) -> bool:
    """Return whether a constraint is decided by what is said of the focus node.

    Args:
        compiler: Knows the shapes.
        constraint: The constraint.
        at_node: Whether its values are the focus node itself.
        of_node: Whether the node whose values it looks at is the focus node.
    """
    name = constraint.name
    if name in _ONE_VALUE:
        return True
    if name == "Class":
        return at_node
    if name in _SET_OF_VALUES:
        return of_node
    if name in _LOGICAL or (name in _COUNTS and of_node):
        shapes = (compiler.shapes[node] for node in (*constraint.shapes, *constraint.others))
        return all(_inner_keeps_to(compiler, shape, at_node=at_node and name in _LOGICAL) for shape in shapes)
    return False


def _inner_keeps_to(compiler: Compiler, shape: Shape, *, at_node: bool) -> bool:
    """Return whether a shape that another names is decided by what is said of the focus node."""
    if shape.deactivated:
        return True
    if shape.path is not None and (shape.path.kind != "predicate" or not at_node):
        return False
    at_value = at_node and shape.path is None
    for constraint in shape.constraints:
        if constraint.name == "Property":
            child = compiler.shapes[constraint.shapes[0]]
            if not _inner_keeps_to(compiler, child, at_node=at_value):
                return False
        elif constraint.query is not None or not _keeps_to(compiler, constraint, at_node=at_value, of_node=at_node):
            return False
    return True


# Constraints in SPARQL


def _is_own_query(query: Query) -> bool:
    try:
        found = read(query.text)
    except UnreadableQueryError:
        return False
    if found.words() & _BEYOND or predicates_of(query) is None:
        return False
    spoken = _spoken(query)
    for group in found.where.walk():
        if group.kind in ("select", "graph", "minus"):
            return False
        if group is not spoken and not all(map(_is_of_this, group.triples)):
            return False
    return any(map(_is_of_this, found.where.triples))


def _is_of_this(pattern: Pattern) -> bool:
    return pattern.subject in _THIS and _ONE_PROPERTY.fullmatch(pattern.predicate) is not None


def _spoken(query: Query) -> Group | None:
    """Return the group of a ``FILTER NOT EXISTS``, the only one about a node that leads to ``$this``."""
    found, constants = read(query.text), {"currentShape", "PATH", *query.parameters}
    groups = [group for group in found.where.groups if group.kind == "exists"]
    others = [group for group in groups if not all(map(_is_of_this, group.triples))]
    if len(others) != 1 or others[0].groups or not _is_filter(found, others[0]):
        return None
    inside = found.tokens[others[0].start : others[0].end]
    outside = chain(found.tokens[: others[0].start], found.tokens[others[0].end :])
    names = {token.variable for token in inside if token.variable} - {"this"}
    if (
        names & {token.variable for token in outside} | names & constants
        or {token.upper for token in inside} & _NO_PATTERN
    ):
        return None
    subjects = {pattern.subject for pattern in others[0].triples}
    leads = any(pattern.object in _THIS for pattern in others[0].triples)
    plain = all(_ONE_PROPERTY.fullmatch(pattern.predicate) for pattern in others[0].triples)
    is_one = len(subjects) == 1 and subjects <= {f"{sign}{name}" for sign in "?$" for name in names}
    return others[0] if is_one and leads and plain else None


def _is_filter(found: ReadQuery, group: Group) -> bool:
    before = [token.upper or token.text for token in found.tokens[: group.start] if token.kind != "space"]
    return before[-4:] == ["FILTER", "NOT", "EXISTS", "{"]


def _against(query: Query) -> Speaks | None:
    found = read(query.text)
    group = _spoken(query)
    if group is None:
        return None
    return Speaks("this", f"{prologue(query)}SELECT (?this AS ?key) WHERE {{ {''.join(_texts(found, group))} }}")


def _texts(found: ReadQuery, group: Group) -> Iterator[str]:
    for token in found.tokens[group.start : group.end]:
        yield "?" + token.variable if token.variable else token.text


def local_shapes(
    compiler: Compiler, shapes: Iterator[Shape], schema: Schema
) -> dict[Node, Mapping[Constraint, Speaks]]:
    """Return the shapes for which a part of the data is enough, each with what may speak against its rows."""
    found = ((shape.node, parts_of(compiler, shape, schema)) for shape in shapes)
    return {node: speaks for node, speaks in found if speaks is not None}
