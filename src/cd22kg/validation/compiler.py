"""Shapes to SPARQL: which shapes can be compiled, which nodes each of them is about, and what it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from cd22kg.validation.components import MAX_NESTED
from cd22kg.validation.constraint_query import (
    blocker,
    classes_of,
    has_aggregate,
    predicates_of,
    reads_digits,
    refuse_forbidden,
)
from cd22kg.validation.focus import Focus, Schema
from cd22kg.validation.patterns import beyond_engine, has_unknown_pattern
from cd22kg.validation.plan import Check
from cd22kg.validation.shape_graph import MAX_DEPTH, unusable
from cd22kg.validation.shape_model import Constraint, Node, Shape, ShapeSet
from cd22kg.validation.shape_queries import ShapeQueries
from cd22kg.validation.terms import RDF_TYPE, SUBCLASS, is_folded, text_of
from cd22kg.validation.trial import refuse_broken

_COUNTS = ("MinCount", "MaxCount", "QualifiedMinCount", "QualifiedMaxCount")
#: Components whose verdict can change when a store folds a literal.
_OF_FORM = frozenset(("Datatype", "MinLength", "MaxLength", "Pattern", "In", "HasValue", "Equals", "Disjoint"))


class Compiler:
    """Compiles the shapes of a set for the data that a schema describes."""

    def __init__(self, shapes: ShapeSet) -> None:
        """Check the shapes.

        Raises:
            InputError: If a query has what SHACL forbids or is no query, or shapes are nested too deeply.
        """
        self.shapes = shapes
        for shape in shapes.shapes.values():
            for constraint in shape.constraints:
                if constraint.query:
                    refuse_forbidden(constraint.query, shape)
                    refuse_broken(constraint.query, shape)
        self.foreign: dict[Node, str] = {}
        self.focuses: dict[Node, Focus] = {}
        for root in shapes.roots():
            if root.deactivated:
                continue
            reason = self.reason(root, nested=False, above=())
            if reason:
                self.foreign[root.node] = reason
            else:
                self.spread(root, Focus((root.targets,)))

    def reason(self, shape: Shape, *, nested: bool, above: tuple[Node, ...]) -> str:
        """Return why a shape, or one it names, cannot be compiled; nothing if it can."""
        if shape.deactivated:
            return ""
        if shape.node in above:
            return f"`{shape.name}` refers to itself"
        if len(above) >= MAX_DEPTH:
            unusable(above[0], f"has shapes in shapes, over {MAX_DEPTH} levels deep")
        if shape.foreign:
            return f"`{shape.name}` uses {shape.foreign}, an extension of SHACL"
        above = (*above, shape.node)
        for constraint in shape.constraints:
            if constraint.query and (found := blocker(constraint.query, nested=nested)):
                return f"`{shape.name}`: {found}"
            if found := beyond_engine(shape, constraint):
                return f"`{shape.name}`: {found}"
            number = constraint.number if constraint.name in _COUNTS else 0
            if nested and number + ("Max" in constraint.name) > MAX_NESTED:
                return f"`{shape.name}` counts over {MAX_NESTED} values inside another shape"
            inner = nested or constraint.name != "Property"
            for node in (*constraint.shapes, *constraint.others):
                if found := self.reason(self.shapes[node], nested=inner, above=above):
                    return found
        return ""

    def spread(self, shape: Shape, focus: Focus) -> None:
        """Give a shape its focus nodes, and the property shapes in it theirs."""
        if shape.deactivated:
            return
        known = self.focuses.get(shape.node, Focus())
        targets = tuple(dict.fromkeys((*known.targets, *focus.targets)))
        above = tuple(dict.fromkeys((*known.above, *focus.above)))
        self.focuses[shape.node] = Focus(targets, above)
        for constraint in shape.constraints:
            if constraint.name == "Property":
                child = self.shapes[constraint.shapes[0]]
                self.spread(child, focus if shape.path is None else Focus(above=((focus, shape.path),)))

    def notes(self) -> Iterator[str]:
        """Yield what a reader should know of the queries that run on a store."""
        doubtful = [
            shape.name
            for node, shape in self.shapes.shapes.items()
            if node in self.focuses and any(map(has_unknown_pattern, self.parts(shape)))
        ]
        if doubtful:
            yield (
                "a regular expression that comes from the data is not tried beforehand, and matches nothing where the"
                f" store cannot run it: {', '.join(doubtful)}"
            )

    # What a shape reads

    def reads_form(self, shape: Shape, folded: frozenset[str] | None = None, *, merged: bool = True) -> bool:
        """Return whether a verdict on a shape can depend on how literals are written.

        Args:
            shape: The shape.
            folded: The properties with a literal that a store folds; nothing where that is not known.
            merged: Whether a store may have made one of two literals.
        """
        nodes = (node for targets in self.focuses[shape.node].targets for node in targets.nodes)
        if any(map(is_folded, nodes)):
            return True
        depends = False
        for constraint in self.parts(shape):
            if constraint.query:
                depends = depends or reads_digits(constraint.query) or (merged and has_aggregate(constraint.query))
            elif constraint.name in ("Closed", "UniqueLang", "Class", "NodeKind", "LanguageIn"):
                continue
            elif constraint.name in _COUNTS:
                depends = depends or (merged and constraint.number + ("Max" in constraint.name) > 1)
            elif constraint.name == "Datatype":
                depends = depends or text_of(constraint.terms[0]).rpartition("#")[2] in _FOLDED_TYPES
            else:
                depends = depends or constraint.name in _OF_FORM
        if not depends or folded is None:
            return depends
        reads = self.predicates(shape)
        return bool(folded) if reads is None else bool(reads & folded)

    def parts(self, shape: Shape) -> Iterator[Constraint]:
        """Yield the constraints of a shape, and of the shapes it names but for its property shapes."""
        for constraint in shape.constraints:
            yield constraint
            if constraint.name != "Property":
                for node in (*constraint.shapes, *constraint.others):
                    yield from self.all_parts(self.shapes[node])

    def all_parts(self, shape: Shape) -> Iterator[Constraint]:
        """Yield the constraints of a shape and of every shape it names."""
        for constraint in shape.constraints:
            yield constraint
            for node in (*constraint.shapes, *constraint.others):
                yield from self.all_parts(self.shapes[node])

    def predicates(self, shape: Shape) -> set[str] | None:
        """Return the properties that checking a shape reads; nothing if that may be any."""

        def of_nodes(shape: Shape, inner: bool) -> set[str]:
            found = set(shape.path.predicates()) if shape.path else set()
            return found if inner else found | self.focuses[shape.node].predicates()

        return united(self._read(shape, of_nodes, _predicates_of))

    def classes(self, shape: Shape) -> set[str] | None:
        """Return the classes that checking a shape asks nodes to belong to; nothing if that may be any."""

        def of_nodes(shape: Shape, inner: bool) -> set[str] | None:
            if shape.path and RDF_TYPE in shape.path.predicates():
                return None
            return set() if inner else self.focuses[shape.node].classes()

        return united(self._read(shape, of_nodes, _classes_of))

    def _read(
        self,
        shape: Shape,
        of_nodes: Callable[[Shape, bool], set[str] | None],
        of_constraint: Callable[[Constraint], set[str] | None],
        inner: bool = False,
    ) -> Iterator[set[str] | None]:
        """Yield what is read for the nodes of a shape, for its constraints, and so on in the shapes that they name."""
        yield of_nodes(shape, inner)
        for constraint in shape.constraints:
            yield of_constraint(constraint)
            if constraint.name == "Property" and not inner:
                continue
            for node in (*constraint.shapes, *constraint.others):
                yield from self._read(self.shapes[node], of_nodes, of_constraint, inner=True)

    def reads_text(self, shape: Shape) -> bool:
        """Return whether a shape looks at the text of a value, not only at which term it is."""
        for constraint in self.parts(shape):
            if constraint.query and reads_digits(constraint.query):
                return True
            if constraint.name in ("MinLength", "MaxLength", "Pattern"):
                return True
            if constraint.name == "Datatype" and text_of(constraint.terms[0]).rpartition("#")[2] in _FOLDED_TYPES:
                return True
        return False

    def summed(self, shape: Shape) -> set[str]:
        """Return the properties that a query of a shape counts or sums."""
        found: set[str] = set()
        for constraint in shape.constraints:
            if constraint.query and has_aggregate(constraint.query):
                found |= (predicates_of(constraint.query) or set()) - {RDF_TYPE}
        return found

    # Queries

    def checks(
        self, shape: Shape, schema: Schema, *, lenient: bool = False, focus: Focus | None = None
    ) -> Iterator[Check]:
        """Yield the queries of one shape, for all its focus nodes or for those given."""
        focus = focus or self.focuses[shape.node]
        yield from ShapeQueries(self.shapes, shape, focus, schema, lenient=lenient).checks()


_FOLDED_TYPES = frozenset(
    (
        *("byte", "int", "long", "negativeInteger", "nonNegativeInteger", "nonPositiveInteger", "positiveInteger"),
        *("short", "unsignedByte", "unsignedInt", "unsignedLong", "unsignedShort"),
        *("duration", "dayTimeDuration", "yearMonthDuration", "dateTimeStamp"),
    )
)


def united(parts: Iterable[set[str] | None]) -> set[str] | None:
    """Return all that is in some sets; nothing, which stands for anything, if one of them is that."""
    found: set[str] = set()
    for part in parts:
        if part is None:
            return None
        found |= part
    return found


def _predicates_of(constraint: Constraint) -> set[str] | None:
    if constraint.query:
        return predicates_of(constraint.query)
    if constraint.name == "Closed":
        return None
    if constraint.name == "Class":
        return {RDF_TYPE, SUBCLASS}
    if constraint.name in ("Equals", "Disjoint", "LessThan", "LessThanOrEquals"):
        return {text_of(constraint.terms[0])}
    return set()


def _classes_of(constraint: Constraint) -> set[str] | None:
    if constraint.query:
        return classes_of(constraint.query)
    if constraint.name == "Class":
        return set(map(text_of, constraint.terms))
    if constraint.name == "Closed" or any(text_of(term) == RDF_TYPE for term in constraint.terms):
        return None
    return set()
