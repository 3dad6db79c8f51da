"""The constraint components as SPARQL expressions: is this value good, does this node conform to that shape?

Every expression is true or false, never an error, so that it can be negated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pyoxigraph import NamedNode

from cd22kg.store import Term
from cd22kg.validation.constraint_query import exists_violation
from cd22kg.validation.focus import Names, Schema
from cd22kg.validation.paths import Path
from cd22kg.validation.shape_model import Constraint, Shape, ShapeSet
from cd22kg.validation.terms import (
    DERIVED,
    FORMS,
    SH,
    XSD,
    constant,
    datatype_of,
    quoted,
    text_of,
    to_authored,
    value_of,
)

#: More values than this are not counted inside another shape: the pattern names each of them.
MAX_NESTED = 6
#: Components that look at one value at a time.
VALUEWISE = frozenset(
    (
        *("Class", "Datatype", "NodeKind", "MinExclusive", "MinInclusive", "MaxExclusive", "MaxInclusive"),
        *("MinLength", "MaxLength", "Pattern", "LanguageIn", "In", "Not", "And", "Or", "Xone", "Node"),
    )
)
_OPERATORS = {"MinExclusive": ">", "MinInclusive": ">=", "MaxExclusive": "<", "MaxInclusive": "<="}
_TESTS = {"IRI": "isIRI", "BlankNode": "isBlank", "Literal": "isLiteral"}


class Expressions:
    """Writes the expressions of one query."""

    def __init__(self, shapes: ShapeSet, schema: Schema, names: Names, *, lenient: bool = False) -> None:
        """Write for the data that a schema describes; `lenient` lets a folded ``xsd:int`` pass as one."""
        self.shapes = shapes
        self.schema = schema
        self.names = names
        self.lenient = lenient

    # Values

    def good(self, shape: Shape, constraint: Constraint, this: str, value: str) -> str:
        """Return whether one value keeps a constraint that looks at one value at a time."""
        name = constraint.name
        if name in _OPERATORS:
            return f"COALESCE({self.number(value)} {_OPERATORS[name]} {constraint.terms[0]}, false)"
        if name in ("MinLength", "MaxLength"):
            operator = ">=" if name == "MinLength" else "<="
            return f"(!isBlank({value}) && STRLEN(STR({value})) {operator} {constraint.number})"
        if name == "Custom":
            return exists_violation(shape, constraint, this, value, self.schema, self.names)
        writers: dict[str, Callable[[Constraint, str], str]] = {
            "Class": self.of_class,
            "Datatype": self.of_datatype,
            "NodeKind": self.of_kind,
            "Pattern": self.of_pattern,
            "LanguageIn": self.of_language,
            "In": self.one_of,
            "Not": lambda c, v: f"(!{self.conforms(self.shapes[c.shapes[0]], v)})",
            "Node": lambda c, v: self.conforms(self.shapes[c.shapes[0]], v),
            "And": lambda c, v: _all(self.conforms(self.shapes[s], v) for s in c.shapes),
            "Or": lambda c, v: _any(self.conforms(self.shapes[s], v) for s in c.shapes),
            "Xone": self.exactly_one,
        }
        return writers[name](constraint, value)

    def step(self, path: Path, node: str, value: str) -> str:
        """Return a pattern for the values of a node that is known."""
        found = path.pattern(node, value)
        # A store walks from the nodes it holds; a node that is named in the shapes need not be one of them.
        return f"{{ {found} }} UNION {{ BIND({node} AS {value}) }}" if path.may_stay else found

    def number(self, value: str) -> str:
        """Return the value as the store compares it."""
        return value_of(value) if self.schema.authored else value

    def same(self, value: str, term: Term) -> str:
        """Return whether a value is this very term."""
        if isinstance(term, NamedNode):
            return f"sameTerm({value}, {term})"
        return f"sameTerm({value}, {self.term(term)})"

    def term(self, term: Term) -> str:
        """Return a term of the shapes as it is in the store."""
        return constant(to_authored(term) if self.schema.authored else term)

    def of_class(self, constraint: Constraint, value: str) -> str:
        """Return whether a value is a member of a class."""
        iri = text_of(constraint.terms[0])
        return f"EXISTS {{ {self.schema.typed(value, (iri,), self.names)} }}"

    def of_datatype(self, constraint: Constraint, value: str) -> str:
        """Return whether a value is a well-formed literal of a datatype."""
        iri = text_of(constraint.terms[0])
        kind = datatype_of(value) if self.schema.authored else f"DATATYPE({value})"
        name = iri.removeprefix(XSD)
        form = f"REGEX(STR({value}), {quoted(f'^({FORMS[name]})$')})" if iri != name and name in FORMS else ""
        if form and name in ("integer", "decimal", "double", "float") and not self.schema.authored:
            form = f"(isNumeric({value}) || {form})"
        if name in DERIVED:
            low, high = DERIVED[name]
            number = self.number(value)
            bounds = [f"{number} >= {low}"] if low is not None else []
            bounds += [f"{number} <= {high}"] if high is not None else []
            form = " && ".join([form, *bounds])
            if self.lenient:
                kind = f"IF({kind} = <{XSD}integer>, <{iri}>, {kind})"
        inside = f"{kind} = <{iri}>" + (f" && {form}" if form else "")
        return f"COALESCE({inside}, false)"

    def of_kind(self, constraint: Constraint, value: str) -> str:
        """Return whether a value is an IRI, a blank node or a literal, as asked."""
        kinds = text_of(constraint.terms[0]).removeprefix(SH).split("Or")
        return _any(f"{_TESTS[kind]}({value})" for kind in kinds)

    def of_pattern(self, constraint: Constraint, value: str) -> str:
        """Return whether the text of a value fits a pattern."""
        flags = f", {quoted(constraint.flags)}" if constraint.flags else ""
        return f"(!isBlank({value}) && REGEX(STR({value}), {quoted(text_of(constraint.terms[0]))}{flags}))"

    def of_language(self, constraint: Constraint, value: str) -> str:
        """Return whether a value is text in one of the languages."""
        ranges = (f"langMatches(LANG({value}), {quoted(text_of(term))})" for term in constraint.terms)
        return f"COALESCE({_any(ranges)}, false)"

    def one_of(self, constraint: Constraint, value: str) -> str:
        """Return whether a value is one of a list."""
        if all(isinstance(term, NamedNode) for term in constraint.terms):
            return f"({value} IN ({', '.join(map(str, constraint.terms))}))"
        return _any(self.same(value, term) for term in constraint.terms)

    def exactly_one(self, constraint: Constraint, value: str) -> str:
        """Return whether a value conforms to exactly one of several shapes."""
        each = (f"IF({self.conforms(self.shapes[shape], value)}, 1, 0)" for shape in constraint.shapes)
        return f"(({' + '.join(each) or '0'}) = 1)"

    # Shapes

    def conforms(self, shape: Shape, node: str) -> str:
        """Return whether a node conforms to a shape."""
        if shape.deactivated:
            return "true"
        if shape.path is None:
            return _all(self.node_keeps(shape, constraint, node) for constraint in shape.constraints)
        value = self.names.new("value")
        bad = []
        tests = []
        for constraint in shape.constraints:
            if self.is_valuewise(constraint):
                bad.append(f"!{self.good(shape, constraint, node, value)}")
            elif constraint.name == "Property":
                bad.append(f"!{self.conforms(self.shapes[constraint.shapes[0]], value)}")
            else:
                tests.append(self.keeps(shape, shape.path, constraint, node))
        if bad:
            tests.append(f"NOT EXISTS {{ {self.step(shape.path, node, value)} FILTER({' || '.join(bad)}) }}")
        return _all(tests)

    def is_valuewise(self, constraint: Constraint) -> bool:
        """Return whether a constraint looks at one value at a time."""
        is_ask = constraint.query is not None and constraint.query.form == "ask"
        return constraint.name in VALUEWISE or is_ask

    def node_keeps(self, shape: Shape, constraint: Constraint, node: str) -> str:
        """Return whether a node keeps a constraint of a node shape."""
        if self.is_valuewise(constraint):
            return self.good(shape, constraint, node, node)
        if constraint.name == "Property":
            return self.conforms(self.shapes[constraint.shapes[0]], node)
        if constraint.query is not None:
            return f"(!{exists_violation(shape, constraint, node, node, self.schema, self.names)})"
        if constraint.name == "HasValue":
            return self.same(node, constraint.terms[0])
        if constraint.name == "Closed":
            prop, value = self.names.new("p"), self.names.new("o")
            listed = ", ".join(map(str, constraint.terms))
            return f"NOT EXISTS {{ {node} {prop} {value} FILTER({prop} NOT IN ({listed})) }}"
        other, value = constraint.terms[0], self.names.new("other")
        if constraint.name == "Disjoint":
            return f"NOT EXISTS {{ {node} {other} {value} FILTER(sameTerm({value}, {node})) }}"
        there = f"EXISTS {{ {node} {other} {value} FILTER(sameTerm({value}, {node})) }}"
        return f"({there} && NOT EXISTS {{ {node} {other} {value} FILTER(!sameTerm({value}, {node})) }})"

    def keeps(self, shape: Shape, path: Path, constraint: Constraint, node: str) -> str:
        """Return whether the values of a node together keep a constraint of a property shape."""
        name = constraint.name
        value, other = self.names.new("value"), self.names.new("other")
        if constraint.query is not None:
            return f"(!{exists_violation(shape, constraint, node, value, self.schema, self.names)})"
        if name in ("MinCount", "QualifiedMinCount"):
            return self.at_least(path, constraint, node, constraint.number)
        if name in ("MaxCount", "QualifiedMaxCount"):
            return f"(!{self.at_least(path, constraint, node, constraint.number + 1)})"
        if name == "HasValue":
            if path.kind == "predicate":
                return f"EXISTS {{ {self.step(path, node, self.term(constraint.terms[0]))} }}"
            return f"EXISTS {{ {self.step(path, node, value)} FILTER({self.same(value, constraint.terms[0])}) }}"
        if name == "UniqueLang":
            same = f"LANG({value}) != '' && LCASE(LANG({value})) = LCASE(LANG({other})) && !sameTerm({value}, {other})"
            return f"NOT EXISTS {{ {self.step(path, node, value)} {self.step(path, node, other)} FILTER({same}) }}"
        there = f"{node} {constraint.terms[0]} {other} ."
        if name == "Disjoint":
            return f"NOT EXISTS {{ {self.step(path, node, value)} {there} FILTER(sameTerm({value}, {other})) }}"
        if name.startswith("LessThan"):
            return f"NOT EXISTS {{ {self.step(path, node, value)} {there} FILTER(!{self.less(name, value, other)}) }}"
        if name == "Closed":
            prop, found = self.names.new("p"), self.names.new("o")
            listed = ", ".join(map(str, constraint.terms))
            extra = f"{self.step(path, node, value)} {value} {prop} {found} FILTER({prop} NOT IN ({listed}))"
            return f"NOT EXISTS {{ {extra} }}"
        left = f"NOT EXISTS {{ {there} FILTER(sameTerm({value}, {other})) }}"
        right = f"NOT EXISTS {{ {self.step(path, node, value)} FILTER(sameTerm({value}, {other})) }}"
        missing = f"NOT EXISTS {{ {self.step(path, node, value)} FILTER({left}) }}"
        return f"({missing} && NOT EXISTS {{ {there} FILTER({right}) }})"

    def less(self, name: str, value: str, other: str) -> str:
        """Return whether a value is below another, or not above it."""
        operator = "<" if name == "LessThan" else "<="
        return f"COALESCE({self.number(value)} {operator} {self.number(other)}, false)"

    def qualifies(self, constraint: Constraint, value: str) -> str:
        """Return whether a value counts for a qualified shape."""
        own = self.conforms(self.shapes[constraint.shapes[0]], value)
        others = [f"!{self.conforms(self.shapes[other], value)}" for other in constraint.others]
        return _all([own, *others])

    def at_least(self, path: Path, constraint: Constraint, node: str, number: int) -> str:
        """Return whether there are so many values, those that qualify where the constraint says so."""
        if number == 0:
            return "true"
        parts: list[str] = []
        seen: list[str] = []
        for _ in range(number):
            value = self.names.new("value")
            tests = [f"!sameTerm({value}, {earlier})" for earlier in seen]
            if constraint.shapes:
                tests.append(self.qualifies(constraint, value))
            parts.append(self.step(path, node, value) + (f" FILTER({' && '.join(tests)})" if tests else ""))
            seen.append(value)
        return f"EXISTS {{ {' '.join(parts)} }}"


def _all(tests: Iterator[str] | list[str]) -> str:
    return _joined(" && ", tests, "true")


def _any(tests: Iterator[str] | list[str]) -> str:
    return _joined(" || ", tests, "false")


def _joined(operator: str, tests: Iterator[str] | list[str], empty: str) -> str:
    found = list(dict.fromkeys(tests))
    return empty if not found else found[0] if len(found) == 1 else f"({operator.join(found)})"
