"""The queries of one shape: for each constraint a SELECT whose rows are its violations.

The forms were measured on Oxigraph, which keeps no statistics. What must be there is subtracted with MINUS (a hash of
the values, several times faster on disk than NOT EXISTS, which looks up each node); values are counted by GROUP BY; a
value is first held against its constraint and only then its node against the targets, see `held`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cd22kg.validation.components import MAX_NESTED, Expressions
from cd22kg.validation.constraint_query import select_violations
from cd22kg.validation.focus import Focus, Names, Schema, held
from cd22kg.validation.paths import Path
from cd22kg.validation.plan import Check
from cd22kg.validation.shape_model import Constraint, Shape, ShapeSet
from cd22kg.validation.terms import text_of


class ShapeQueries:
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
        """Return a query with a body, for one or several constraints."""
        query = f"SELECT DISTINCT {columns} WHERE {{ {body} }}"
        return Check(self.shape, constraints, query)

    def checks(self) -> Iterator[Check]:
        """Yield every query of the shape."""
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
            query = self.check(self.too_many(path, constraint), constraint)
            yield replace(query, guard=self.any_twice(path)) if name == "MaxCount" and constraint.number == 1 else query
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
        """Return the check of the classes of values."""
        typed = self.schema.belonging("?value", text_of(constraint.terms[0]), self.names)
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
        """Return a body for the nodes with fewer values than asked for."""
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
        """Return a body for the nodes with more values than allowed."""
        found = self.qualified(path, constraint)
        if constraint.number == 0:
            return f"{found} FILTER({self.test()})" if self.by_value(path) else found
        return self.counted(path, found, "?value", f"> {constraint.number}")

    def any_twice(self, path: Path) -> str:
        """Return a query that finds nothing where no node has two values: a tenth of the cost of counting by node."""
        if not self.by_value(path):
            return ""
        counts = f"(COUNT(*) AS ?pairs) (COUNT(DISTINCT ?this) AS ?nodes) WHERE {{ {path.pattern('?this', '?value')} }}"
        return f"SELECT ?pairs WHERE {{ {{ SELECT {counts} }} FILTER(?pairs > ?nodes) }}"

    def without(self, path: Path, constraint: Constraint) -> str:
        """Return a body for the nodes that lack a value."""
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
