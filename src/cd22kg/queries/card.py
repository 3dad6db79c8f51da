"""One claim with everything the graph knows about it, as text."""

from __future__ import annotations

from collections.abc import Sequence

from pyoxigraph import Literal, NamedNode

from cd22kg.namespaces import CD22, GRAPH_INFERRED, PREFIXES, STANDARD_PREFIXES, compact, short_name
from cd22kg.store import Store, Table, Term

_TYPE = STANDARD_PREFIXES["rdf"] + "type"
_FIRST = ("statement", "therapy", "antigen", "indication", "outcome", "source", "cohort", "locator")


def claim_card(claim: NamedNode, store: Store) -> str:
    """Return the claim, its parts, its cohort and source, and its relations in both directions."""
    lines = [_slug(claim), "=" * len(_slug(claim))]
    about = _facts(claim, store)
    parts = [o for _, o, _ in about if isinstance(o, NamedNode) and o.value.startswith(claim.value + "#")]
    lines += _section("", [fact for fact in about if fact[1] not in parts])
    for part in parts:
        lines += _section(part.value.partition("#")[2], _facts(part, store))
    for name in ("cohort", "source"):
        for node in (o for p, o, _ in about if p == CD22 + name and isinstance(o, NamedNode)):
            lines += _section(f"{name} {_slug(node)}", [_with_part(fact, node, store) for fact in _facts(node, store)])
    lines += _pointing_here(claim, store)
    lines += _same_patients(claim, store)
    return "\n".join(lines) + "\n"


_Fact = tuple[str, Term, tuple[str, bool]]


def _facts(subject: NamedNode, store: Store) -> list[_Fact]:
    """Return (property, value, (label, inferred)) of a subject, each value once."""
    rows = _rows(
        store,
        f"""SELECT ?p ?o ?label ?g WHERE {{ GRAPH ?g {{ {subject} ?p ?o }}
        OPTIONAL {{ ?o skos:prefLabel|rdfs:label|cd22:statement|dcterms:title ?label }} }}""",
    )
    facts: dict[tuple[str, str], _Fact] = {}
    for predicate, value, label, graph in rows:
        if predicate is None or value is None or graph is None:
            continue
        inferred = graph.value == GRAPH_INFERRED
        key = (predicate.value, str(value))
        if key not in facts or not inferred:
            facts[key] = (predicate.value, value, (label.value if label else "", inferred))
    return sorted(facts.values(), key=lambda f: (_order(f[0]), f[0], str(f[1])))


def _with_part(fact: _Fact, owner: NamedNode, store: Store) -> _Fact:
    """Return a fact whose value is a part of its owner with that part in words: ``b-all 57``."""
    predicate, value, (_, inferred) = fact
    if not isinstance(value, NamedNode) or not value.value.startswith(owner.value + "#"):
        return fact
    inside = [o for p, o, _ in _facts(value, store) if p != _TYPE]
    words = " ".join(o.value if isinstance(o, Literal) else _slug(o) for o in inside)
    return predicate, Literal(words), ("", inferred)


def _rows(store: Store, query: str) -> Sequence[Sequence[NamedNode | Literal | None]]:
    answer = store.query(query, prefixes=PREFIXES)
    assert isinstance(answer, Table)  # noqa: S101  # a SELECT gives a table
    return answer.rows  # type: ignore[return-value]  # claims hold no blank nodes or triple terms


def _order(predicate: str) -> int:
    if predicate == _TYPE:
        return -1
    name = predicate.removeprefix(CD22)
    return _FIRST.index(name) if name in _FIRST else len(_FIRST)


def _section(title: str, facts: Sequence[_Fact]) -> list[str]:
    lines = ["", title] if title else []
    for predicate, value, (label, inferred) in facts:
        name = "type" if predicate == _TYPE else compact(predicate).removeprefix("cd22:")
        shown = value.value if isinstance(value, Literal) else _slug(value)
        if label and label.lower() != shown.lower() and isinstance(value, NamedNode):
            shown = f"{shown} ({label})"
        lines.append(f"  {name:<20} {shown}{'  [inferred]' if inferred else ''}")
    return lines


def _pointing_here(claim: NamedNode, store: Store) -> list[str]:
    rows = _rows(
        store,
        f"""SELECT ?other ?type ?certainty ?reason WHERE {{ ?other cd22:relation ?r . ?r cd22:target {claim} ;
        cd22:relationType ?type ; cd22:certainty ?certainty ; cd22:reason ?reason }} ORDER BY ?other ?type""",
    )
    if not rows:
        return []
    return ["", "claims that point here"] + [
        f"  {_slug(other)} {_slug(kind)} this ({_slug(certainty)}): {reason.value if reason else ''}"
        for other, kind, certainty, reason in rows
    ]


def _same_patients(claim: NamedNode, store: Store) -> list[str]:
    rows = _rows(
        store,
        f"""SELECT DISTINCT ?other ?statement WHERE {{ {claim} cd22:cohort ?mine ; cd22:outcome ?outcome .
        {{ ?other cd22:cohort ?mine }} UNION {{ ?mine cd22:overlaps ?theirs . ?other cd22:cohort ?theirs }}
        UNION {{ ?mine cd22:subsetOf ?theirs . ?other cd22:cohort ?theirs }}
        UNION {{ ?theirs cd22:subsetOf ?mine . ?other cd22:cohort ?theirs }}
        ?other cd22:outcome ?outcome ; cd22:statement ?statement FILTER(?other != {claim}) }} ORDER BY ?other""",
    )
    if not rows:
        return []
    return ["", "same outcome in patients it shares"] + [
        f"  {_slug(other)}: {statement.value if statement else ''}" for other, statement in rows
    ]


def _slug(term: Term | None) -> str:
    if not isinstance(term, NamedNode):
        return "" if term is None else str(term)
    return short_name(term.value)
