"""What a store holds of claims, as objects: the table that pooling, conflicts and audits work on.

A store answers which claims are asked about; what is computed of many claims, pair by pair, is computed here, in
memory, where it takes a fraction of the time of a join in SPARQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from pyoxigraph import NamedNode

from cd22kg.model import Cohort, Model, Source, Study
from cd22kg.namespaces import BASE, CD22, CONCEPT_KINDS, GRAPH_COMPUTED, GRAPH_INFERRED, PREFIXES
from cd22kg.queries.claims import KnownClaim, read_claims
from cd22kg.rdf.objects import Node, text_of, thing_from
from cd22kg.store import Store, Table
from cd22kg.synthesis.overlap import Overlap

_Thing = TypeVar("_Thing", bound=Model)

_SKOS = PREFIXES["skos"]
#: What is read of a concept.
_TOLD = ", ".join(
    (
        *("skos:prefLabel", "cd22:shortLabel", "cd22:within", "cd22:partOf"),
        *("cd22:outcomeKind", "cd22:gradeThreshold", "cd22:higherIsBetter"),
        *("cd22:therapyGroup", "cd22:targets", "cd22:construct", "cd22:cellOrigin"),
        *("cd22:binder", "cd22:costimulatoryDomain"),
    )
)
#: The classes of the claims that report patients and count as evidence, see ontology/rules/evidence-claim.rq.
EVIDENCE = "EvidenceClaim"
AFTER_CD19 = "EvidenceAfterCD19Failure"


@dataclass(frozen=True)
class Concept:
    """A concept with what the rules of reading need of it.

    Attributes:
        kind: Such as ``outcome``.
        slug: Its name within the kind.
        label: Its preferred label.
        within: Itself and every broader concept.
        part_of: The outcomes that it is part of, near or far, and itself: CR is part of ORR.
        facts: Values of those of its other properties that are read, by local name, slugs or texts, sorted.
    """

    kind: str
    slug: str
    label: str
    within: frozenset[str]
    part_of: frozenset[str] = frozenset()
    facts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def fact(self, name: str) -> str:
        """Return the one value of a property, or an empty text."""
        return next(iter(self.facts.get(name, ())), "")


@dataclass(frozen=True)
class Evidence:
    """Claims, and what they speak of, each by its slug."""

    claims: Mapping[str, KnownClaim]
    sources: Mapping[str, Source]
    cohorts: Mapping[str, Cohort]
    studies: Mapping[str, Study]
    concepts: Mapping[tuple[str, str], Concept]

    def is_within(self, kind: str, narrow: str | None, wide: str | None) -> bool:
        """Return whether a concept is another or narrower than it; an unknown one is only itself."""
        if narrow is None or wide is None:
            return False
        known = self.concepts.get((kind, narrow))
        return narrow == wide or (known is not None and wide in known.within)

    def is_part(self, part: str | None, whole: str | None) -> bool:
        """Return whether whoever has one outcome has the other too: it is the same, or part of it."""
        if part is None or whole is None:
            return False
        known = self.concepts.get(("outcome", part))
        return part == whole or (known is not None and whole in known.part_of)

    def have_common(self, kind: str, one: str | None, two: str | None) -> bool:
        """Return whether two concepts have a narrower one in common, or one is within the other."""
        if one is None or two is None:
            return False
        mine, theirs = (self._narrower.get((kind, slug), frozenset()) for slug in (one, two))
        return one == two or not mine.isdisjoint(theirs)

    @cached_property
    def _narrower(self) -> Mapping[tuple[str, str], frozenset[str]]:
        """Each concept with itself and all that is narrower."""
        found: dict[tuple[str, str], set[str]] = {}
        for (kind, slug), known in self.concepts.items():
            for wide in known.within:
                found.setdefault((kind, wide), set()).add(slug)
        return {name: frozenset(slugs) for name, slugs in found.items()}

    def stands(self, claim: KnownClaim) -> bool:
        """Return whether a claim is accepted, and its source not retracted."""
        source = self.source_of(claim)
        return claim.stated.status in (None, "accepted") and not (source is not None and source.retracted)

    def label(self, kind: str, slug: str | None) -> str:
        """Return what people call a concept, or its slug where it has no label."""
        known = self.concepts.get((kind, slug or ""))
        return known.label if known and known.label else slug or ""

    def fact(self, kind: str, slug: str | None, name: str) -> str:
        """Return the one value of a property of a concept, or an empty text."""
        known = self.concepts.get((kind, slug or ""))
        return known.fact(name) if known else ""

    def source_of(self, claim: KnownClaim) -> Source | None:
        """Return the source that makes a claim."""
        return self.sources.get(claim.source)

    @cached_property
    def patients(self) -> Overlap:
        """What tells which cohorts share patients."""
        return Overlap(self.cohorts)

    def cohort_of(self, claim: KnownClaim) -> Cohort | None:
        """Return the cohort that a claim counts."""
        return self.cohorts.get(claim.cohort or "")

    def published(self, claim: KnownClaim) -> str:
        """Return when the source of a claim was published, as it states it; an empty text where it does not."""
        source = self.source_of(claim)
        return (source.published or "") if source else ""

    @cached_property
    def superseding(self) -> Mapping[str, tuple[str, ...]]:
        """Claims that others supersede for certain, each with all of these, whatever their status."""
        found: dict[str, list[str]] = {}
        for claim in sorted(self.claims.values(), key=lambda claim: claim.id):
            for relation in claim.relations:
                if relation.type == "supersedes" and relation.certainty == "certain":
                    found.setdefault(relation.target, []).append(claim.id)
        return {target: tuple(newer) for target, newer in found.items()}


def document(claim: KnownClaim) -> str:
    """Return the slug of the document in which a claim was read."""
    return claim.stated.reported_via or claim.source


def is_later(one: str, other: str) -> bool:
    """Return whether a date is certainly after another; a year is neither before nor after a day within it.

    Example:
        >>> is_later("2025-12", "2025-03"), is_later("2025", "2025-03"), is_later("", "2025")
        (True, False, False)
    """
    shared = min(len(one), len(other))
    return bool(shared) and one[:shared] > other[:shared]


def read_evidence(store: Store, claims: Iterable[NamedNode] | None = None) -> Evidence:
    """Return the claims of a store, or some of them, with every source, cohort, study and concept.

    What was computed is no evidence, and not among them.

    Raises:
        QueryError: If a thing is not as the model has it, as in a store that was not built from claims.
    """
    if claims is None:
        stated = f"GRAPH ?g {{ ?claim cd22:statement ?statement }} FILTER(?g != <{GRAPH_COMPUTED}>)"
        rows = _rows(store, f"SELECT DISTINCT ?claim WHERE {{ {stated} }}")
        claims = [row[0] for row in rows if isinstance(row[0], NamedNode)]
    known = {claim.id: claim for claim in read_claims(sorted(claims, key=str), store)}
    return Evidence(
        known,
        _things(store, Source, "dcterms:title | cd22:cites | cd22:url | cd22:doi | cd22:registryId"),
        _things(store, Cohort, "a", CD22 + "Cohort"),
        _things(store, Study, "a", CD22 + "Study"),
        _concepts(store),
    )


def _things(store: Store, model: type[_Thing], marked_by: str, class_iri: str = "") -> dict[str, _Thing]:
    """Return the things of a class, by slug, as their files state them."""
    base = f"{BASE}{model.kind}/"
    mark = f"?thing {marked_by} {f'<{class_iri}>' if class_iri else '?mark'}"
    facts: dict[str, dict[str, list[Node]]] = {}
    stated = f"GRAPH ?g {{ {mark} . ?thing ?p ?o }} FILTER(?g NOT IN (<{GRAPH_INFERRED}>, <{GRAPH_COMPUTED}>))"
    parts = f"GRAPH ?g {{ {mark} . ?thing cd22:composition ?part . ?part ?p ?o }}" if model is Cohort else ""
    for subject, predicate, value in (
        *_rows(store, f"SELECT DISTINCT ?thing ?p ?o WHERE {{ {stated} }}"),
        *(_rows(store, f"SELECT DISTINCT ?part ?p ?o WHERE {{ {parts} }}") if parts else ()),
    ):
        facts.setdefault(text_of(subject), {}).setdefault(text_of(predicate), []).append(value)
    things = sorted(name for name in facts if name.startswith(base) and "#" not in name)
    return {name.removeprefix(base): thing_from(name, facts, model) for name in things}


def _concepts(store: Store) -> dict[tuple[str, str], Concept]:
    """Return every concept, by kind and slug."""
    facts: dict[str, dict[str, set[str]]] = {}
    text = f"SELECT ?concept ?p ?o WHERE {{ ?concept skos:inScheme ?scheme ; ?p ?o FILTER(?p IN ({_TOLD})) }}"
    for concept, predicate, value in _rows(store, text):
        name = text_of(predicate)
        facts.setdefault(text_of(concept), {}).setdefault(name, set()).add(text_of(value))
    found: dict[tuple[str, str], Concept] = {}
    for iri in sorted(facts):
        kind, _, slug = iri.removeprefix(BASE).partition("/")
        if kind in CONCEPT_KINDS and slug:
            found[kind, slug] = _concept(kind, slug, facts)
    return found


def _concept(kind: str, slug: str, facts: Mapping[str, Mapping[str, set[str]]]) -> Concept:
    iri = f"{BASE}{kind}/{slug}"
    own = facts[iri]
    label = min(own.get(_SKOS + "prefLabel", {""}))
    values = {
        name.removeprefix(CD22): tuple(sorted(_short(value) for value in given))
        for name, given in own.items()
        if name.startswith(CD22)
    }
    within = frozenset(_short(value) for value in own.get(CD22 + "within", set())) | {slug}
    return Concept(kind, slug, label, within, frozenset(_short(whole) for whole in _wholes(iri, facts)), values)


def _wholes(iri: str, facts: Mapping[str, Mapping[str, set[str]]]) -> set[str]:
    """Return an outcome and everything it is part of, over any number of steps."""
    found, ahead = {iri}, [iri]
    while ahead:
        for whole in facts.get(ahead.pop(), {}).get(CD22 + "partOf", set()) - found:
            found.add(whole)
            ahead.append(whole)
    return found


def _short(value: str) -> str:
    """Return the slug of one of our own things, or the text itself."""
    return value.removeprefix(BASE).partition("/")[2] if value.startswith(BASE) else value


def _rows(store: Store, text: str) -> list[tuple[Node, ...]]:
    answer = store.query(text, prefixes=PREFIXES)
    assert isinstance(answer, Table)  # noqa: S101  # a SELECT gives a table
    return [tuple(term for term in row if term is not None) for row in answer.rows]
