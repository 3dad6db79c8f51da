"""Counts of what the graph holds: the claims of sources, the concepts, the quads of each graph."""

from __future__ import annotations

from pyoxigraph import Literal, NamedNode

from cd22kg.namespaces import PREFIXES, short_name
from cd22kg.queries.columns import columns
from cd22kg.store import Store, Table

#: What is pooled here is counted by its graph, not among the claims that sources make.
_STATED = "FILTER(?source != source:cd22kg)"
_SECTIONS = {
    "claims by kind": "SELECT ?kind (COUNT(DISTINCT ?c) AS ?n) WHERE { VALUES ?kind { cd22:AssociationClaim "
    "cd22:ComparisonClaim cd22:PooledClaim cd22:ResultClaim cd22:StatementClaim } "
    f"?c a ?kind ; cd22:source ?source {_STATED} }} "
    "GROUP BY ?kind ORDER BY DESC(?n) ?kind",
    "claims by source": f"SELECT ?source (COUNT(?c) AS ?n) WHERE {{ ?c cd22:source ?source {_STATED} }} "
    "GROUP BY ?source ORDER BY DESC(?n) ?source",
    "claims by outcome": "SELECT ?outcome (COUNT(?c) AS ?n) "
    f"WHERE {{ ?c cd22:source ?source ; cd22:outcome ?outcome {_STATED} }} "
    "GROUP BY ?outcome ORDER BY DESC(?n) ?outcome",
    "concepts by class": "SELECT ?class (COUNT(DISTINCT ?c) AS ?n) WHERE { GRAPH graph:vocabulary "
    "{ ?c skos:inScheme ?scheme ; a ?class } } GROUP BY ?class ORDER BY DESC(?n) ?class",
    "quads by graph": "SELECT ?g (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g ORDER BY DESC(?n) ?g",
}


def statistics_table(store: Store) -> str:
    """Return one table per section, each with its total."""
    blocks = []
    for title, query in _SECTIONS.items():
        answer = store.query(query, prefixes=PREFIXES)
        assert isinstance(answer, Table)  # noqa: S101  # a SELECT gives a table
        rows = [
            [short_name(term.value), number.value]
            for term, number in answer.rows
            if isinstance(term, NamedNode) and isinstance(number, Literal)
        ]
        total = str(sum(int(number) for _, number in rows))
        blocks.append(columns([[title, total], *rows], [False, True]))
    return "\n".join(blocks)
