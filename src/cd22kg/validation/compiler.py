"""Shapes to SPARQL: for each shape a focus, for each constraint a SELECT whose rows are its violations.

The forms were measured on Oxigraph, which keeps no statistics. What must be there is subtracted with MINUS (a hash of
the values, several times faster on disk than NOT EXISTS, which looks up each node); values are counted by GROUP BY; a
value is first held against its constraint and only then its node against the targets, see `held`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cd22kg.validation.components import MAX_NESTED, Expressions
from cd22kg.validation.constraint_query import (
    blocker,
    has_aggregate,
    predicates_of,
    reads_digits,
    refuse_forbidden,
    select_violations,
)
from cd22kg.validation.focus import Focus, Names, Schema, held
from cd22kg.validation.paths import Path
from cd22kg.validation.plan import Check
from cd22kg.validation.shape_model import Constraint, Node, Shape, ShapeSet
from cd22kg.validation.terms import RDF_TYPE, SUBCLASS, is_folded, text_of

_COUNTS = ("MinCount", "MaxCount", "QualifiedMinCount", "QualifiedMaxCount")
#: Components whose verdict can change when a store folds a literal.
_OF_FORM = frozenset(
    ("Datatype", "MinLength", "MaxLength", "Pattern", "In", "HasValue", "Equals", "Disjoint", "MinCount", "MaxCount")
)


class Compiler:
    """Compiles the shapes of a set for the data that a schema describes."""

    def __init__(self, shapes: ShapeSet) -> None:
        """Check the shapes.

        Raises:
            InputError: If a query has what SHACL forbids.
        """
        self.shapes = shapes
        for shape in shapes.shapes.values():
            for constraint in shape.constraints:
                if constraint.query:
                    refuse_forbidden(constraint.query, shape)
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
        if shape.foreign:
            return f"`{shape.name}` uses {shape.foreign}, an extension of SHACL"
        above = (*above, shape.node)
        for constraint in shape.constraints:
            if constraint.query and (found := blocker(constraint.query, nested=nested)):
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

    # What a shape reads

    def reads_form(self, shape: Shape, folded: frozenset[str] | None) -> bool:
        """Return whether a verdict on a shape can depend on how literals are written.

        Args:
            shape: The shape.
            folded: The properties with a literal that a store folds; nothing where that is not known.
        """
        nodes = (node for targets in self.focuses[shape.node].targets for node in targets.nodes)
        if folded is not None and any(map(is_folded, nodes)):
            return True
        depends = False
        for constraint in self.parts(shape):
            if constraint.query:
                depends = depends or reads_digits(constraint.query)
            elif constraint.name in ("Closed", "UniqueLang", "Class", "NodeKind", "LanguageIn"):
                continue
            elif constraint.name == "MinCount":
                depends = depends or constraint.number > 1
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

    def predicates(self, shape: Shape, *, inner: bool = False) -> set[str] | None:
        """Return the properties that checking a shape reads; nothing if that may be any."""
        found = set(shape.path.predicates()) if shape.path else set()
        if not inner:
            found |= self.focuses[shape.node].predicates()
        for constraint in shape.constraints:
            more: set[str] | None = set()
            if constraint.query:
                more = predicates_of(constraint.query)
            elif constraint.name == "Closed":
                more = None
            elif constraint.name == "Class":
                more = {RDF_TYPE, SUBCLASS}
            elif constraint.name in ("Equals", "Disjoint", "LessThan", "LessThanOrEquals"):
                more = {text_of(constraint.terms[0])}
            if more is None:
                return None
            found |= more
            if constraint.name == "Property" and not inner:
                continue
            for node in (*constraint.shapes, *constraint.others):
                deeper = self.predicates(self.shapes[node], inner=True)
                if deeper is None:
                    return None
                found |= deeper
        return found

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

    def checks(self, shape: Shape, schema: Schema, *, lenient: bool = False) -> Iterator[Check]:
        """Yield the queries of one shape for all its focus nodes."""
        yield from _ShapeCompiler(self.shapes, shape, self.focuses[shape.node], schema, lenient=lenient).checks()


_FOLDED_TYPES = frozenset(
    (
        *("byte", "int", "long", "negativeInteger", "nonNegativeInteger", "nonPositiveInteger", "positiveInteger"),
        *("short", "unsignedByte", "unsignedInt", "unsignedLong", "unsignedShort"),
        *("duration", "dayTimeDuration", "yearMonthDuration", "dateTimeStamp"),
    )
)


class _ShapeCompiler:
    """Writes the queries of one shape."""

    def __init__(self, shapes: ShapeSet, shape: Shape, focus: Focus, schema: Schema, *, lenient: bool) -> None:
        self.shape = shape
        self.focus = focus
        self.schema = schema
        self.names = Names()
        self.expressions = Expressions(shapes, schema, self.names, lenient=lenient)
        self.size = focus.size(schema)

    def pattern(self) -> str:
        """Return the pattern that finds the focus nodes."""
        return self.focus.pattern("?this", self.schema, self.names)

    def reach(self, path: Path, value: str = "?value") -> str:
        """Return the pattern that finds the focus nodes and their values."""
        return self.focus.reach("?this", path, value, self.schema, self.names)

    def check(self, body: str, *constraints: Constraint, columns: str = "?this") -> Check:
        query = f"SELECT DISTINCT {columns} WHERE {{ {body} }}"
        return Check(self.shape, constraints, query)

    def checks(self) -> Iterator[Check]:
        path = self.shape.path
        values = [c for c in self.shape.constraints if self.expressions.is_valuewise(c)]
        # A class is looked up by subtraction, which does not mix with other tests of the same values.
        alone = [c for c in values if path is not None and c.name == "Class"]
        together = [c for c in values if c not in alone]
        if together:
            yield self.of_node(together) if path is None else self.of_values(path, together)
        for constraint in self.shape.constraints:
            if constraint in together or constraint.name == "Property":
                continue
            if constraint.query is not None:
                query = select_violations(self.shape, constraint, self.focus, self.schema, self.names)
                yield Check(self.shape, (constraint,), query, whole_value=path is None)
            elif path is None:
                yield from self.of_pairs(constraint)
            else:
                yield from self.of_set(path, constraint)

    # Node shapes

    def of_node(self, constraints: list[Constraint]) -> Check:
        """Return the check of the constraints on the focus node itself."""
        bad = [f"(!{self.expressions.good(self.shape, c, '?this', '?this')})" for c in constraints]
        columns = "?this (?this AS ?value)" + self.flags(bad)
        return self.check(f"{self.pattern()} FILTER({' || '.join(bad)})", *constraints, columns=columns)

    def flags(self, bad: list[str]) -> str:
        """Return the columns that tell which of several constraints is broken."""
        return "".join(f" ({test} AS ?bad{n})" for n, test in enumerate(bad)) if len(bad) > 1 else ""

    def of_pairs(self, constraint: Constraint) -> Iterator[Check]:
        """Yield the checks of a node against its own properties."""
        both = "?this ?value"
        if constraint.name == "HasValue":
            bad = f"!{self.expressions.same('?this', constraint.terms[0])}"
            yield self.check(f"{self.pattern()} FILTER({bad})", constraint)
        elif constraint.name == "Closed":
            allowed = ", ".join(map(str, constraint.terms))
            body = f"{self.pattern()} ?this ?path ?value . FILTER(?path NOT IN ({allowed}))"
            yield self.check(body, constraint, columns="?this ?value ?path")
        elif constraint.name == "Disjoint":
            body = f"{self.pattern()} ?this {constraint.terms[0]} ?value . FILTER(sameTerm(?this, ?value))"
            yield self.check(body, constraint, columns=both)
        elif constraint.name == "Equals":
            there = f"?this {constraint.terms[0]} ?other . FILTER(sameTerm(?this, ?other))"
            body = f"{self.pattern()} FILTER NOT EXISTS {{ {there} }}"
            yield self.check(body, constraint, columns="?this (?this AS ?value)")
            body = f"{self.pattern()} ?this {constraint.terms[0]} ?value . FILTER(!sameTerm(?this, ?value))"
            yield self.check(body, constraint, columns=both)

    # Property shapes

    def by_value(self, path: Path) -> bool:
        """Return whether to begin with the values of the path, not with the focus nodes."""
        if not path.is_simple:
            return False
        return self.size * 8 >= self.schema.frequency(next(path.predicates()))

    def of_values(self, path: Path, constraints: list[Constraint]) -> Check:
        """Return the check of single values."""
        bad = [f"(!{self.expressions.good(self.shape, c, '?this', '?value')})" for c in constraints]
        broken = " || ".join(bad)
        pattern = path.pattern("?this", "?value")
        if self.by_value(path):
            body = f"{pattern} FILTER({held(broken, self.test())})"
        else:
            body = f"{self.reach(path)} FILTER({broken})"
        return self.check(body, *constraints, columns="?this ?value" + self.flags(bad))

    def test(self) -> str:
        """Return whether a node is a focus node."""
        return self.focus.test("?this", self.schema, self.names)

    def of_set(self, path: Path, constraint: Constraint) -> Iterator[Check]:
        """Yield the checks of the set of values."""
        name = constraint.name
        if name == "Class":
            yield self.of_class(path, constraint)
        elif name in ("MinCount", "QualifiedMinCount"):
            if constraint.number > 0:
                yield self.check(self.too_few(path, constraint), constraint)
        elif name in ("MaxCount", "QualifiedMaxCount"):
            yield self.check(self.too_many(path, constraint), constraint)
        elif name == "HasValue":
            yield self.check(self.without(path, constraint), constraint)
        elif name == "UniqueLang":
            grouped = f"{self.found(path, '?text')} BIND(LCASE(LANG(?text)) AS ?language) FILTER(?language != '')"
            yield self.check(self.counted(path, grouped, "?text", "> 1", "?this ?language"), constraint)
        elif name == "Closed":
            allowed = ", ".join(map(str, constraint.terms))
            body = f"{self.reach(path, '?at')} ?at ?path ?value . FILTER(?path NOT IN ({allowed}))"
            yield self.check(body, constraint, columns="?this ?value ?path")
        else:
            yield from self.compared(path, constraint)

    def of_class(self, path: Path, constraint: Constraint) -> Check:
        typed = self.schema.typed("?value", (text_of(constraint.terms[0]),), self.names)
        columns = "?this ?value"
        if not self.by_value(path):
            body = f"{self.reach(path)} FILTER NOT EXISTS {{ {typed} }}"
            return self.check(body, constraint, columns=columns)
        inner = f"SELECT ?this ?value (true AS ?bad) WHERE {{ {path.pattern('?this', '?value')} MINUS {{ {typed} }} }}"
        return self.check(f"{{ {inner} }} FILTER({held('?bad', self.test())})", constraint, columns=columns)

    def counted(self, path: Path, found: str, value: str, condition: str, keys: str = "?this") -> str:
        """Return a body for the nodes whose distinct values, counted, meet a condition."""
        if self.by_value(path):
            inner = f"SELECT ?this (COUNT(DISTINCT {value}) AS ?count) WHERE {{ {found} }} GROUP BY {keys}"
            return f"{{ {inner} }} FILTER({held(f'?count {condition}', self.test())})"
        having = f"GROUP BY {keys} HAVING(COUNT(DISTINCT {value}) {condition})"
        return f"{{ SELECT ?this WHERE {{ {found} }} {having} }}"

    def found(self, path: Path, value: str = "?value") -> str:
        """Return a pattern for the values: of any node where one begins with the values, else of the focus nodes."""
        return path.pattern("?this", value) if self.by_value(path) else self.reach(path, value)

    def qualified(self, path: Path, constraint: Constraint) -> str:
        """Return a pattern for the values that count."""
        pattern = self.found(path)
        if constraint.shapes:
            pattern += f" FILTER({self.expressions.qualifies(constraint, '?value')})"
        return pattern

    def too_few(self, path: Path, constraint: Constraint) -> str:
        found = self.qualified(path, constraint)
        if not self.by_value(path):
            enough = self.expressions.at_least(path, constraint, "?this", constraint.number)
            if constraint.number <= MAX_NESTED:
                return f"{self.pattern()} FILTER(!{enough})"
        elif constraint.number == 1:
            return f"{self.pattern()} MINUS {{ {found} }}"
        having = f"GROUP BY ?this HAVING(COUNT(DISTINCT ?value) >= {constraint.number})"
        return f"{self.pattern()} MINUS {{ SELECT ?this WHERE {{ {found} }} {having} }}"

    def too_many(self, path: Path, constraint: Constraint) -> str:
        found = self.qualified(path, constraint)
        if constraint.number == 0:
            return f"{found} FILTER({self.test()})" if self.by_value(path) else found
        return self.counted(path, found, "?value", f"> {constraint.number}")

    def without(self, path: Path, constraint: Constraint) -> str:
        if path.kind == "predicate" and self.by_value(path):
            return f"{self.pattern()} MINUS {{ {path.pattern('?this', self.expressions.term(constraint.terms[0]))} }}"
        return f"{self.pattern()} FILTER(!{self.expressions.keeps(self.shape, path, constraint, '?this')})"

    def compared(self, path: Path, constraint: Constraint) -> Iterator[Check]:
        """Yield the checks of the values against those of another property."""
        other = f"<{text_of(constraint.terms[0])}>"
        columns = "?this ?value"
        start = self.reach(path)
        if constraint.name == "Disjoint":
            yield self.check(f"{start} ?this {other} ?value .", constraint, columns=columns)
        elif constraint.name == "Equals":
            yield self.check(f"{start} FILTER NOT EXISTS {{ ?this {other} ?value }}", constraint, columns=columns)
            there = f"{path.pattern('?this', '?same')} FILTER(sameTerm(?same, ?value))"
            body = f"{self.pattern()} ?this {other} ?value . FILTER NOT EXISTS {{ {there} }}"
            yield self.check(body, constraint, columns=columns)
        else:
            less = self.expressions.less(constraint.name, "?value", "?other")
            yield self.check(f"{start} ?this {other} ?other . FILTER(!{less})", constraint, columns=columns)
