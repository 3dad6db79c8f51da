"""SPARQL rules: CONSTRUCT queries that are run until nothing new follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import NamedNode, Quad, Triple

from cd22kg.errors import QueryError
from cd22kg.gate.header import read_with_header
from cd22kg.namespaces import GRAPH_INFERRED
from cd22kg.resources import resource_files
from cd22kg.store import Store

#: A hierarchy deeper than this is a fault in a rule, not in the data.
MAX_ROUNDS = 50


@dataclass(frozen=True)
class Rule:
    """A CONSTRUCT query with the name of its file, and what it is for."""

    name: str
    text: str
    summary: str = ""


def read_rules() -> tuple[Rule, ...]:
    """Return the rules that ship with the package, by name."""
    files = resource_files("ontology", "rules/*.rq")
    return tuple(_read_rule(path) for path in files)


def _read_rule(path: Path) -> Rule:
    header, text = read_with_header(path, name=f"ontology/rules/{path.name}")
    return Rule(path.stem, text, header["summary"])


def apply_rules(store: Store, rules: Sequence[Rule]) -> tuple[Quad, ...]:
    """Add to the store, in the inferred graph, what the rules derive; return the new quads in a fixed order.

    Raises:
        QueryError: If a rule is not a CONSTRUCT, or the rules do not come to an end.
    """
    graph = NamedNode(GRAPH_INFERRED)
    known = {Triple(q.subject, q.predicate, q.object) for q in store.quads()}
    inferred: set[Triple] = set()
    for _ in range(MAX_ROUNDS):
        fresh: set[Triple] = set()
        for rule in rules:
            answer = store.query(rule.text)
            if not isinstance(answer, tuple):
                raise QueryError(
                    f"the rule `{rule.name}` is not a CONSTRUCT", hint="write it as CONSTRUCT { } WHERE { }"
                )
            fresh |= {triple for triple in answer if triple not in known}
        if not fresh:
            return tuple(sorted((Quad(t.subject, t.predicate, t.object, graph) for t in inferred), key=str))
        store.load(Quad(t.subject, t.predicate, t.object, graph) for t in fresh)
        known |= fresh
        inferred |= fresh
    raise QueryError(f"the rules do not come to an end in {MAX_ROUNDS} rounds", hint="look for a rule that mints terms")
