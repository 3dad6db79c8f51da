"""SPARQL constraints and validators: the text of the shapes, asked of all focus nodes at once.

SHACL binds ``$this`` before it asks, once for each focus node. Here the query is asked once: either freely, with its
rows then held against the targets, or with a pattern for the targets put at the start of each group.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from cd22kg.errors import QueryError
from cd22kg.gate.sparql import check_query
from cd22kg.store import Term
from cd22kg.validation.focus import ENOUGH, Focus, Names, Schema, held
from cd22kg.validation.shape_graph import unusable
from cd22kg.validation.shape_model import Constraint, Query, Shape
from cd22kg.validation.sparql_tokens import Group, ReadQuery, Token, UnreadableQueryError
from cd22kg.validation.terms import RDF_TYPE, constant, to_authored, value_of

#: Functions that look at many rows.
AGGREGATES = {"COUNT", "SUM", "AVG", "MIN", "MAX", "SAMPLE", "GROUP_CONCAT"}
#: Functions that look at how a literal is written, not at its value.
_OF_FORM = {"STR", "DATATYPE", "LANG", "BOUND", "ISIRI", "ISURI", "ISBLANK", "ISLITERAL", "SAMETERM"}
#: Functions that tell authored digits apart; a query without any sees values only.
_READS_DIGITS = {"STR", "STRLEN", "STRAFTER", "STRBEFORE", "STRSTARTS", "STRENDS", "SUBSTR", "REGEX", "REPLACE"} | {
    *("CONTAINS", "CONCAT", "DATATYPE", "SAMETERM", "MD5", "SHA1", "SHA256", "SHA384", "SHA512", "LCASE", "UCASE"),
    "ENCODE_FOR_URI",
}
_ESCAPE = re.compile(r"\\(.)")
#: A name as the reader of SPARQL takes it; and what else a path may be written with.
_NAME, _PATH_SIGNS = re.compile(r"<[^<>]*>|[\w.-]*:(?:[\w:%\\-]|\.(?=[\w:%\\-]))*"), re.compile(r"[a^/|*+?()!\s]*")
_ONE_PROPERTY = re.compile(r"<[^<>]*>|[\w.-]*:[\w.-]+")


@lru_cache(maxsize=1024)
def read(text: str) -> ReadQuery:
    """Return a query as read.

    Raises:
        UnreadableQueryError: If it cannot be followed.
    """
    return ReadQuery(text)


def refuse_forbidden(query: Query, shape: Shape) -> None:
    """Refuse what SHACL forbids in a constraint, as it has no meaning with variables bound beforehand.

    Raises:
        InputError: If the query has such a thing, or one that no query from outside may have.
    """
    try:
        check_query(query.text, shape.name)
    except QueryError as error:
        unusable(shape.node, f"has a query that is refused: {error.message}")
    bound = {"this", "PATH", "value", "currentShape", "shapesGraph", *query.parameters} - (
        {"value"} if query.form == "select" else set()
    )
    try:
        found = read(query.text)
    except UnreadableQueryError as error:
        for word in ("VALUES", "SERVICE"):
            if str(error).endswith(word):
                unusable(shape.node, f"has a query with {word}, which SHACL forbids")
        return
    if any(group.kind == "minus" for group in found.where.walk()):
        unusable(shape.node, "has a query with MINUS, which SHACL forbids")
    tokens = [token for token in found.tokens if token.kind != "space"]
    for before, token in pairwise(tokens):
        if before.upper == "AS" and token.variable in bound:
            unusable(shape.node, f"has a query that assigns {token.text}, which is bound beforehand")
    for group in found.where.walk():
        if group.kind == "select" and not any(token.variable == "this" for token in group.head):
            unusable(shape.node, "has a query in a query that does not select $this")


def blocker(query: Query, *, nested: bool) -> str:
    """Return why a query cannot be compiled, or nothing."""
    try:
        found = read(query.text)
    except UnreadableQueryError as error:
        return f"its query goes beyond what is compiled: {error}"
    if any(token.variable == "shapesGraph" for token in found.tokens):
        return "its query asks the shapes graph"
    if found.words() & {"PREFIX", "BASE"}:
        return "its query declares prefixes, which `sh:prefixes` is for"
    if query.form == "ask" and any(group.kind == "select" for group in found.where.walk()):
        return "its validator has a query in a query"
    if nested and query.form == "select" and found.words() & ({"GROUP", "HAVING", "LIMIT", "OFFSET"} | AGGREGATES):
        return "its query has an aggregate, inside another shape"
    return ""


def reads_digits(query: Query) -> bool:
    """Return whether the answer may depend on how a number is written."""
    return bool(read(query.text).words() & _READS_DIGITS)


def has_aggregate(query: Query) -> bool:
    """Return whether the query counts or sums, so that a triple in two graphs is counted twice."""
    return bool(read(query.text).words() & AGGREGATES)


def names_graph(query: Query) -> bool:
    """Return whether the query looks at a graph by its name; in doubt, yes."""
    try:
        return "GRAPH" in read(query.text).words()
    except UnreadableQueryError:
        return True


def predicates_of(query: Query) -> set[str] | None:
    """Return every IRI that the query may use as a property; nothing where a variable stands for one."""
    found: set[str] = set()
    for group in read(query.text).where.walk():
        for pattern in group.triples:
            if pattern.predicate[0] in "?$" or "!" in pattern.predicate or "[]" in (pattern.subject, pattern.object):
                return None
    for token in read(query.text).tokens:
        if token.kind in ("iri", "name"):
            found.add(_expanded(token.text, query.prefixes))
    return found | {RDF_TYPE}


def classes_of(query: Query) -> set[str] | None:
    """Return every class that the query asks nodes to belong to; nothing where that may be any."""
    found: set[str] = set()
    for group in read(query.text).where.walk():
        for pattern in group.triples:
            properties = {_expanded(each, query.prefixes) for each in _NAME.findall(pattern.predicate)}
            signs = _NAME.sub("", pattern.predicate)
            if not _PATH_SIGNS.fullmatch(signs):
                return None
            if RDF_TYPE not in properties and "a" not in signs:
                continue
            if signs not in ("", "a") or not _NAME.fullmatch(pattern.object):
                return None
            found.add(_expanded(pattern.object, query.prefixes))
    return found


def _expanded(text: str, prefixes: Mapping[str, str]) -> str:
    if text.startswith("<"):
        return text[1:-1]
    prefix, _, local = text.partition(":")
    return prefixes.get(prefix, "") + _ESCAPE.sub(r"\1", local)


@dataclass(frozen=True)
class _Edit:
    """What stands for the variables of a query."""

    names: Mapping[str, str]
    path: str
    authored: bool

    def text(self, tokens: list[Token], start: int, end: int, expressions: set[int], inserts: Mapping[int, str]) -> str:
        """Return the tokens from start to end, with the variables replaced and texts inserted before positions."""
        parts: list[str] = []
        last = before = Token("", "")
        for position in range(start, end):
            token = tokens[position]
            if position in inserts:
                parts.append(f" {inserts[position]} ")
            if token.kind == "space":
                parts.append(" ")
                continue
            written = self.written(token, before, last, in_expression=position in expressions)
            if token.variable and not written.startswith("?") and last.text == "(" and before.upper == "BOUND":
                # BOUND takes a variable only; what stands for one here always has a value.
                parts[len(parts) - 1 - parts[::-1].index(before.text)] = ""
                written = "true"
            parts.append(written)
            before, last = last, token
        if end in inserts:
            parts.append(f" {inserts[end]} ")
        return "".join(parts)

    def written(self, token: Token, before: Token, last: Token, *, in_expression: bool) -> str:
        name = token.variable
        if not name:
            return token.text
        if name == "PATH" and self.path:
            return self.path
        replaced = self.names.get(name, f"?{name}")
        if not replaced.startswith("?"):
            return replaced
        of_form = last.text == "(" and before.upper in _OF_FORM
        if self.authored and in_expression and not of_form and last.upper != "AS" and name != "this":
            return value_of(replaced)
        return replaced


def _constants(query: Query, shape: Shape, *, authored: bool) -> dict[str, str]:
    values: dict[str, Term] = {"currentShape": shape.node, **query.parameters}
    return {name: constant(to_authored(term) if authored else term) for name, term in values.items()}


def prologue(query: Query) -> str:
    """Return the prefixes of a query, as SPARQL declares them."""
    return "".join(f"PREFIX {prefix}: <{namespace}>\n" for prefix, namespace in sorted(query.prefixes.items()))


def select_violations(shape: Shape, constraint: Constraint, focus: Focus, schema: Schema, names: Names) -> str:
    """Return a SELECT whose rows are the violations of a SPARQL constraint by any focus node."""
    query = constraint.query
    assert query is not None  # noqa: S101  # a constraint in SPARQL has one
    found = read(query.text)
    constants = _constants(query, shape, authored=schema.authored)
    edit = _Edit(constants, shape.path.to_sparql() if shape.path else "", schema.authored)
    free = _runs_freely(found, query, focus, schema)
    inserts: dict[int, str] = {}
    if not free:
        pattern = focus.pattern("?this", schema, names)
        all_columns = any(token.text == "*" for token in found.tokens[found.form : found.where.start])
        if "UNION" in pattern or "VALUES" in pattern or all_columns or has_aggregate(query):
            pattern = f"{{ SELECT DISTINCT ?this WHERE {{ {pattern} }} }}"
        inserts = {group.start: pattern for group in _open_groups(found.where)}
    start = found.where.start
    head = [t for t in found.tokens[found.form : start - 1] if t.variable not in constants or t.variable == "this"]
    before = "".join(token.text for token in found.tokens[: found.form])
    header = edit.text(head, 0, len(head), set(), {}) if not schema.authored else _header(edit, found, constants)
    body = edit.text(found.tokens, start - 1, len(found.tokens), found.expressions, inserts)
    text = f"{{ {header} {body} }}"
    if free:
        found_by = names.new("found")
        text += f" BIND(true AS {found_by}) FILTER({held(found_by, focus.test('?this', schema, names))})"
    return f"{prologue(query)}{before}SELECT DISTINCT * WHERE {{ {text} }}"


def _header(edit: _Edit, found: ReadQuery, constants: Mapping[str, str]) -> str:
    tokens = list(found.tokens)
    for position in range(found.form, found.where.start - 1):
        if tokens[position].variable in constants and position not in found.expressions:
            tokens[position] = Token("space", " ")
    return edit.text(tokens, found.form, found.where.start - 1, found.expressions, {})


def exists_violation(shape: Shape, constraint: Constraint, this: str, value: str, schema: Schema, names: Names) -> str:
    """Return an EXISTS of the body of a query, for one node or value; its other variables get names of their own."""
    query = constraint.query
    assert query is not None  # noqa: S101  # a constraint in SPARQL has one
    found = read(query.text)
    renamed = {token.variable: names.new("q") for token in found.tokens if token.variable}
    renamed |= _constants(query, shape, authored=schema.authored)
    renamed["this"] = this
    if query.form == "ask":
        renamed["value"] = value
    tokens = [Token(t.kind, _absolute(t, query.prefixes)) for t in found.tokens]
    edit = _Edit(renamed, shape.path.to_sparql() if shape.path else "", schema.authored)
    body = edit.text(tokens, found.where.start, found.where.end, found.expressions, {})
    return f"EXISTS {{ {body} }}"


def _absolute(token: Token, prefixes: Mapping[str, str]) -> str:
    """Return a prefixed name in full, so that the text can stand in a query with other prefixes."""
    prefix, colon, _ = token.text.partition(":")
    if token.kind != "name" or not colon or prefix not in prefixes:
        return token.text
    return f"<{_expanded(token.text, prefixes)}>"


def _open_groups(where: Group) -> list[Group]:
    """Return the groups that are asked on their own, before what is outside them is known."""
    found = [where]
    for group in where.groups:
        if group.kind in ("group", "select"):
            found += _open_groups(group)
    return found


def _runs_freely(found: ReadQuery, query: Query, focus: Focus, schema: Schema) -> bool:
    """Return whether asking freely gives the same rows, and is likely to be the faster way.

    It does where the query itself finds ``$this`` in its outermost group and has no group that is asked on its own; it
    is where the properties it begins with are not far more frequent than the targets.
    """
    direct = [pattern for pattern in found.where.triples if pattern.subject[1:] == "this"]
    if not direct or len(_open_groups(found.where)) > 1 or found.words() & {"LIMIT", "OFFSET", "GRAPH"}:
        return False
    if found.words() & (AGGREGATES | {"GROUP"}):
        tail = found.tokens[found.where.end :]
        if not any(token.variable == "this" for token in tail):
            return False
    rarest = ENOUGH
    for pattern in direct:
        iri = _expanded(pattern.predicate, query.prefixes)
        any_class = (pattern.predicate == "a" or iri == RDF_TYPE) and pattern.object[0] in "?$"
        if pattern.predicate[0] in "?$!" or any_class:
            return False
        if _ONE_PROPERTY.fullmatch(pattern.predicate):
            rarest = min(rarest, schema.frequency(iri))
    return focus.size(schema) * 8 > rarest
