"""SHACL-SPARQL rules run by the store: each query once over all its focus nodes, not once for each of them.

pySHACL asks a query for every focus node and would take most of a build with it. What is taken over here is narrow: a
node shape with an IRI, targets by class or by property, and one SELECT. The query is asked with ``$this`` joined to its
targets, which gives the same rows as binding it beforehand as long as the query has no inner SELECT. Whatever else the
shapes hold stays with pySHACL, and so do queries that read the digits of a number, which a store does not keep.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pyoxigraph import BlankNode, Literal, NamedNode, Quad

from cd22kg.namespaces import STANDARD_PREFIXES, compact
from cd22kg.store import OxigraphStore, Table, Term
from cd22kg.validation.report import RawResult

_SH = STANDARD_PREFIXES["sh"]
_TYPE = STANDARD_PREFIXES["rdf"] + "type"
_WHERE = re.compile(r"\bWHERE\s*\{")
_PLACEHOLDER = re.compile(r"\{[?$](\w+)\}")
#: Queries with one of these are left to pySHACL: an inner query, or functions of text, which see a number's digits.
_NOT_HERE = re.compile(r"SELECT\b.*\bSELECT\b|\$PATH|\b(STRLEN|STRAFTER|STRBEFORE|SUBSTR|REGEX|REPLACE)\b", re.DOTALL)
_TARGETS = {
    _SH + "targetClass": "{{ $this a <{iri}> }}",
    _SH + "targetSubjectsOf": "{{ $this <{iri}> ?targetObject{n} }}",
}


@dataclass(frozen=True)
class SparqlRule:
    """One query with what its shape says of it."""

    shape: str
    severity: str
    message: str
    query: str


def split(shapes: Sequence[Quad]) -> tuple[tuple[SparqlRule, ...], dict[str, str], list[Quad]]:
    """Return the rules that a store can run, their prefixes, and the shapes that are left."""
    by_subject: dict[NamedNode | BlankNode, dict[str, list[Term]]] = {}
    for quad in shapes:
        if isinstance(quad.subject, NamedNode | BlankNode):
            by_subject.setdefault(quad.subject, {}).setdefault(quad.predicate.value, []).append(quad.object)
    rules = []
    taken: set[object] = set()
    for subject, found in by_subject.items():
        rule = _rule(subject, found, by_subject)
        if rule is not None:
            rules.append(rule)
            taken |= {subject, *found[_SH + "sparql"]}
    rest = [quad for quad in shapes if quad.subject not in taken]
    return tuple(sorted(rules, key=lambda rule: rule.shape)), _prefixes(by_subject), rest


def run(rules: Sequence[SparqlRule], prefixes: dict[str, str], data: Sequence[Quad]) -> Iterator[RawResult]:
    """Ask every rule of the union of the data's graphs and yield a result per row."""
    store = OxigraphStore()
    store.bulk_load(Quad(quad.subject, quad.predicate, quad.object) for quad in data)
    for rule in rules:
        answer = store.query(rule.query, prefixes=prefixes, name=rule.shape)
        assert isinstance(answer, Table)  # noqa: S101  # `split` takes SELECT queries only
        for row in answer.rows:
            values = dict(zip(answer.columns, row, strict=True))
            path = values.get("path")
            yield RawResult(
                shape=rule.shape,
                severity=rule.severity,
                focus=_text(values["this"]),
                path=path.value if isinstance(path, NamedNode) else "",
                value=_text(values.get("value") or values["this"]),
                message=_fill(rule.message, values),
            )


def _rule(
    subject: NamedNode | BlankNode,
    found: dict[str, list[Term]],
    by_subject: dict[NamedNode | BlankNode, dict[str, list[Term]]],
) -> SparqlRule | None:
    """Return the rule of a shape, if it is one that can be run here."""
    constraints = found.get(_SH + "sparql", [])
    known = {_SH + name for name in ("sparql", "severity", "message", "targetClass", "targetSubjectsOf")}
    other = [name for name in found if name.startswith(_SH) and name not in known]
    targets = [
        pattern.format(iri=term.value, n=n)
        for name, pattern in _TARGETS.items()
        for n, term in enumerate(found.get(name, []))
        if isinstance(term, NamedNode)
    ]
    node = constraints[0] if len(constraints) == 1 else None
    if not isinstance(subject, NamedNode) or not isinstance(node, NamedNode | BlankNode) or other or not targets:
        return None
    constraint = by_subject.get(node, {})
    select = _only_literal(constraint.get(_SH + "select"))
    message = _only_literal(constraint.get(_SH + "message") or found.get(_SH + "message"))
    plain = set(constraint) <= {_SH + name for name in ("select", "prefixes", "message")} | {_TYPE}
    if not plain or not select or not message or _NOT_HERE.search(select) or not _WHERE.search(select):
        return None
    inner = f"{{ SELECT DISTINCT $this WHERE {{ {' UNION '.join(targets)} }} }}"
    severity = next(
        (term.value for term in found.get(_SH + "severity", []) if isinstance(term, NamedNode)), "violation"
    )
    return SparqlRule(
        shape=subject.value,
        severity=severity.removeprefix(_SH).lower(),
        message=message,
        query=_WHERE.sub(lambda match: f"{match[0]} {inner} ", select, count=1),
    )


def _only_literal(terms: list[Term] | None) -> str:
    return terms[0].value if terms and len(terms) == 1 and isinstance(terms[0], Literal) else ""


def _prefixes(by_subject: dict[NamedNode | BlankNode, dict[str, list[Term]]]) -> dict[str, str]:
    """Return every prefix that the shapes declare."""
    return {
        prefix: namespace
        for found in by_subject.values()
        if (prefix := _only_literal(found.get(_SH + "prefix")))
        and (namespace := _only_literal(found.get(_SH + "namespace")))
    }


def _fill(message: str, values: dict[str, Term | None]) -> str:
    """Return the message with the values of a row in the places of its variables."""
    return _PLACEHOLDER.sub(lambda match: _shown(values.get(match[1])) or match[0], message)


def _shown(term: Term | None) -> str:
    return compact(term.value) if isinstance(term, NamedNode) else _text(term)


def _text(term: Term | None) -> str:
    return "" if term is None else str(term.value) if isinstance(term, NamedNode | Literal) else str(term)
