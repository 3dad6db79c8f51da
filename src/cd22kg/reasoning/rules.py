"""SPARQL rules: CONSTRUCT queries that are run until nothing new follows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
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

    Each rule is run until it is at an end, and all of them in turn until each is so after all others.

    Raises:
        QueryError: If a rule is not a CONSTRUCT, or the rules do not come to an end.
    """
    known = _Known(store)
    inferred: list[Quad] = []
    quiet = 0  # rules in a row that are at an end
    for rule in islice(cycle(rules), MAX_ROUNDS * len(rules)):
        fresh = _exhaust(store, rule, known)
        inferred += fresh
        quiet = 1 if fresh else quiet + 1
        if quiet == len(rules):
            break
    else:
        if rules:
            raise _endless()
    return tuple(sorted(inferred, key=str))


def _exhaust(store: Store, rule: Rule, known: _Known) -> list[Quad]:
    """Run one rule until nothing new follows from it; return what did."""
    graph = NamedNode(GRAPH_INFERRED)
    found: list[Quad] = []
    for _ in range(MAX_ROUNDS):
        answer = store.query(rule.text)
        if not isinstance(answer, tuple):
            raise QueryError(f"the rule `{rule.name}` is not a CONSTRUCT", hint="write it as CONSTRUCT { } WHERE { }")
        fresh = [Quad(t.subject, t.predicate, t.object, graph) for t in known.add(answer)]
        if not fresh:
            return found
        store.load(fresh)
        found += fresh
    raise _endless()


def _endless() -> QueryError:
    return QueryError(
        f"the rules do not come to an end in {MAX_ROUNDS} rounds", hint="look for a rule that mints terms"
    )


class _Known:
    """The triples that a store holds of the properties that were asked about."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.triples: dict[NamedNode, set[Triple]] = {}

    def add(self, triples: Iterable[Triple]) -> list[Triple]:
        """Remember triples, and return those that are new."""
        fresh = []
        for triple in triples:
            held = self.triples.get(triple.predicate)
            if held is None:
                pattern = f"{{ ?s {triple.predicate} ?o }}"
                answer = self.store.query(f"CONSTRUCT {pattern} WHERE {pattern}")
                held = self.triples[triple.predicate] = set(answer) if isinstance(answer, tuple) else set()
            if triple not in held:
                held.add(triple)
                fresh.append(triple)
        return fresh
