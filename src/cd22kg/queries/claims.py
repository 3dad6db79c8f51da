"""Claims as objects, read off a store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pyoxigraph import NamedNode

from cd22kg.errors import QueryError
from cd22kg.model import Claim, ClaimRelation, Measurement
from cd22kg.namespaces import BASE, CD22, GRAPH_INFERRED, PREFIXES
from cd22kg.rdf.objects import Node, claim_from, text_of
from cd22kg.store import Store, Table

_PARTS = "cd22:measurement|cd22:relation|cd22:publishedInconsistency"
#: Claims that are read at a time: some servers give no more than 10,000 rows, and a claim has some 30.
_AT_A_TIME = 200


@dataclass(frozen=True)
class KnownClaim:
    """A claim of the graph: what its curator wrote, the source that makes it, and what follows.

    Attributes:
        stated: The claim as its file states it; a store may have folded its numbers (86.20 is 86.2).
        source: Slug of the source.
        inferred: Names of the classes that rules put it into, sorted, such as ``EfficacyClaim``.
    """

    stated: Claim
    source: str
    inferred: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Return its slug."""
        return self.stated.id

    @property
    def iri(self) -> str:
        """Return its name on the web."""
        return f"{BASE}claim/{self.stated.id}"

    @property
    def type(self) -> str:
        """Return its class, such as ``ResultClaim``."""
        return self.stated.class_name

    @property
    def statement(self) -> str:
        """Return what it says, in words of our own."""
        return self.stated.statement

    @property
    def therapy(self) -> str | None:
        """Return the slug of the therapy."""
        return self.stated.therapy

    @property
    def indication(self) -> str | None:
        """Return the slug of the indication."""
        return self.stated.indication

    @property
    def outcome(self) -> str | None:
        """Return the slug of the outcome."""
        return self.stated.outcome

    @property
    def cohort(self) -> str | None:
        """Return the slug of the cohort counted."""
        return self.stated.cohort

    @property
    def measurement(self) -> Measurement | None:
        """Return the figure."""
        return self.stated.measurement

    @property
    def relations(self) -> tuple[ClaimRelation, ...]:
        """Return what it is to other claims."""
        return self.stated.relations

    def __str__(self) -> str:
        """Return the statement with its source and id."""
        return f"{self.statement} [{self.source}; {self.id}]"


def read_claims(claims: Iterable[NamedNode], store: Store) -> Iterator[KnownClaim]:
    """Yield claims of a store in the order given.

    Raises:
        QueryError: If one is not there, or not as the model has it.
    """
    asked = list(dict.fromkeys(claim.value for claim in claims))
    for start in range(0, len(asked), _AT_A_TIME):
        yield from _read(asked[start : start + _AT_A_TIME], store)


def _read(asked: list[str], store: Store) -> Iterator[KnownClaim]:
    listed = f"VALUES ?claim {{ {' '.join(f'<{iri}>' for iri in asked)} }}"
    stated = "GRAPH ?g { ?claim cd22:source ?source ; "
    facts: dict[str, dict[str, list[Node]]] = {}
    rows = [
        *_rows(store, f"SELECT ?claim ?p ?o WHERE {{ {listed} {stated} ?p ?o }} }}"),
        *_rows(store, f"SELECT ?part ?p ?o WHERE {{ {listed} {stated} {_PARTS} ?part . ?part ?p ?o }} }}"),
    ]
    for subject, predicate, value in rows:
        facts.setdefault(text_of(subject), {}).setdefault(text_of(predicate), []).append(value)
    inferred: dict[str, list[str]] = {}
    follows = f"GRAPH <{GRAPH_INFERRED}> {{ ?claim a ?class }}"
    for claim, name in _rows(store, f"SELECT ?claim ?class WHERE {{ {listed} {follows} }}"):
        inferred.setdefault(text_of(claim), []).append(text_of(name).removeprefix(CD22))
    for iri in asked:
        if iri not in facts:
            raise QueryError(f"there is no claim `{iri.removeprefix(BASE + 'claim/')}`", hint="`cd22kg query claims`")
        source = text_of(facts[iri][CD22 + "source"][0]).removeprefix(f"{BASE}source/")
        own = claim_from(iri, facts)
        yield KnownClaim(own, source, tuple(sorted(set(inferred.get(iri, [])) - {own.class_name})))


def _rows(store: Store, text: str) -> Iterator[tuple[Node, ...]]:
    answer = store.query(text, prefixes=PREFIXES)
    assert isinstance(answer, Table)  # noqa: S101  # a SELECT gives a table
    for row in answer.rows:
        yield tuple(term for term in row if term is not None)
