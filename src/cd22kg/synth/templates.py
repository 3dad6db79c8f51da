"""Patterns as lines of N-Quads with places to fill, so that a copy costs one formatting of text.

The lines are those that `cd22kg.rdf` writes for the made-up claim files and those that the rules of the package infer
from them. A change of the model or of a rule therefore shows in the next graph.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode, Quad

from cd22kg.build import packaged_claims
from cd22kg.claims import read_claims
from cd22kg.errors import DataError
from cd22kg.model import Claim, Corpus
from cd22kg.namespaces import BASE, CD22, GRAPH_INFERRED, STANDARD_PREFIXES, iri
from cd22kg.rdf import canonical_nquads, corpus_quads, read_ontology
from cd22kg.reasoning import apply_rules, classify, read_rules
from cd22kg.store import OxigraphStore
from cd22kg.synth.clusters import Cluster, Original, make_cluster, mark, read_clusters
from cd22kg.synth.figures import supersets, wholes
from cd22kg.synth.pairs import OUTCOMES, pair_files

_MARK = re.compile("@@([a-z0-9]+)@@", re.IGNORECASE)
#: Marks for things of earlier copies; all others are values that every copy has.
_OUTSIDE = re.compile("@@((?:c|r|via)[0-9]+(?:x[0-9]+)?)@@")
_ANTIGEN = CD22 + "antigen"
_DATASET_TEXTS = {
    "title": "Synthetic graph in the shape of cd22kg",
    "description": (
        "Made by a program to test software. Claims, sources, studies, cohorts and figures are invented; nothing here"
        " is evidence and nothing here may guide treatment. Only ontology and vocabulary are those of cd22kg."
    ),
}


@dataclass(frozen=True)
class Piece:
    """Lines that hold only if other things are there: a target that a copy must find, or another claim of the copy.

    Attributes:
        text: The lines, as a pattern.
        target: Name of the place for a thing of an earlier copy; empty if there is none.
        claim: Number of the claim of the copy that must be there, or -1.
    """

    text: str
    target: str = ""
    claim: int = -1


@dataclass(frozen=True)
class ClaimTemplate:
    """The lines of a claim and all its parts, as a pattern.

    Attributes:
        original: The claim it was made from.
        text: The lines that always hold.
        pieces: The lines that depend on others.
        product: Whether the therapy is a product, which every copy draws anew, and not a group.
        iri: The pattern of its IRI.
        wholes: Numbers of the claims whose figures this one's cannot exceed.
        supersets: Numbers of the claims that count the same in a cohort which holds this one's.
        alone: Whether its figure is compared with that of no other claim.
        related: Whether it has a relation to another claim of the cluster, or another one to it.
    """

    original: Original
    text: str
    pieces: tuple[Piece, ...]
    product: bool
    iri: str
    wholes: tuple[int, ...]
    supersets: tuple[int, ...]
    alone: bool
    related: bool


@dataclass(frozen=True)
class ClusterTemplate:
    """A cluster as patterns: what is there in every copy, and its claims."""

    cluster: Cluster
    frame: str
    pieces: tuple[Piece, ...]
    claims: tuple[ClaimTemplate, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Therapy:
    """A therapy that claims name: its antigens, its name in words, and how many of our claims are on it."""

    slug: str
    antigens: tuple[str, ...]
    label: str
    claims: int
    product: bool


@dataclass(frozen=True)
class Patterns:
    """All that is read off the package before the first copy.

    Attributes:
        head: Ontology, vocabulary and what follows from them, as canonical N-Quads.
        clusters: The patterns of the packaged claim files.
        therapies: The therapies that claims name, by slug.
        parts: The outcomes that each outcome is part of, by slug; near ones first.
        originals: Every claim of the package.
        pairs: The patterns of two claims that disagree, by outcome as in `cd22kg.synth.pairs.OUTCOMES`.
    """

    head: bytes
    clusters: tuple[ClusterTemplate, ...]
    therapies: Mapping[str, Therapy]
    parts: Mapping[str, tuple[str, ...]]
    originals: tuple[Original, ...]
    pairs: tuple[ClusterTemplate, ...]


def read_patterns() -> Patterns:
    """Return the patterns of the packaged claim files.

    Raises:
        DataError: If the packaged claims have faults.
    """
    ontology = read_ontology()
    files = packaged_claims()
    reading = read_claims(tuple(files), ontology.vocabulary, names=files)
    if reading.problems:
        raise DataError(reading.problems)
    concepts = ontology.vocabulary.concepts
    labels = {f"{kind}/{slug}": _plain(c.label) for kind in concepts for slug, c in concepts[kind].items()}
    clusters = read_clusters(reading.corpus, labels)
    stated = tuple(_described(ontology.quads))
    therapies = _therapies(stated, reading.corpus, labels)
    product = next(therapy.slug for therapy in therapies.values() if therapy.product)
    pairs = tuple(
        make_cluster(len(clusters) + number, pair_files(outcome, product), labels)
        for number, outcome in enumerate(OUTCOMES)
    )
    made = [quad for cluster in (*clusters, *pairs) for quad in corpus_quads(Corpus(tuple(cluster.files)))]
    classified = classify(ontology.quads).quads()
    with OxigraphStore() as store:
        store.bulk_load((*stated, *made))
        store.load(classified)
        inferred = (*classified, *apply_rules(store, read_rules()))
    by_cluster: dict[int, list[Quad]] = {}
    common: list[Quad] = []
    for quad in (*made, *inferred):
        number = _cluster_of(quad)
        (common if number is None else by_cluster.setdefault(number, [])).append(quad)
    parts = _parts(stated)
    templates = [_Compiler(c, by_cluster.get(c.number, []), therapies).template(parts) for c in (*clusters, *pairs)]
    return Patterns(
        canonical_nquads((*stated, *common)),
        tuple(templates[: len(clusters)]),
        therapies,
        parts,
        tuple(original for cluster in clusters for original in cluster.originals),
        tuple(templates[len(clusters) :]),
    )


def _plain(text: str) -> str:
    """Return a text without what would need escaping in N-Quads."""
    return text.replace("\\", "").replace('"', "'")


def _described(quads: Iterable[Quad]) -> Iterable[Quad]:
    """Yield the quads, with a title and description of the dataset that say it is synthetic."""
    for quad in quads:
        text = _DATASET_TEXTS.get(quad.predicate.value.removeprefix(STANDARD_PREFIXES["dcterms"]))
        if text and isinstance(quad.subject, NamedNode) and quad.subject.value == BASE:
            yield Quad(quad.subject, quad.predicate, Literal(text, language="en"), quad.graph_name)
        else:
            yield quad


def _therapies(stated: Iterable[Quad], corpus: Corpus, labels: Mapping[str, str]) -> dict[str, Therapy]:
    named = Counter(claim.therapy for _, claim in corpus.claims() if claim.therapy)
    start = iri("therapy", "")
    antigens: dict[str, list[str]] = {}
    products = set()
    for quad in stated:
        if not isinstance(quad.subject, NamedNode) or not isinstance(quad.object, NamedNode):
            continue
        slug = quad.subject.value.removeprefix(start)
        if quad.predicate.value == CD22 + "targets":
            antigens.setdefault(slug, []).append(quad.object.value)
        elif quad.object.value == CD22 + "TherapyProduct":
            products.add(slug)
    return {
        slug: Therapy(
            slug, tuple(sorted(set(antigens.get(slug, ())))), labels[f"therapy/{slug}"], count, slug in products
        )
        for slug, count in sorted(named.items())
    }


def _parts(stated: Iterable[Quad]) -> dict[str, tuple[str, ...]]:
    start = iri("outcome", "")
    above: dict[str, list[str]] = {}
    for quad in stated:
        if quad.predicate.value == CD22 + "partOf" and isinstance(quad.subject, NamedNode):
            above.setdefault(quad.subject.value.removeprefix(start), []).append(_value(quad).removeprefix(start))
    found: dict[str, tuple[str, ...]] = {}
    for outcome in above:
        chain = [outcome]
        for item in chain:
            chain += [other for other in sorted(above.get(item, ())) if other not in chain]
        found[outcome] = tuple(chain[1:])
    return found


def _value(quad: Quad) -> str:
    return quad.object.value if isinstance(quad.object, NamedNode | Literal) else ""


_OWN = re.compile(r"/synth-@@n@@-([0-9]+)-")


def _cluster_of(quad: Quad) -> int | None:
    """Return the cluster that a quad speaks of, by the made-up names in it."""
    found = _OWN.search(f"{quad.subject} {quad.object}")
    return int(found[1]) if found else None


class _Compiler:
    """Sorts the quads of a cluster by the thing they belong to, and writes them as patterns."""

    def __init__(self, cluster: Cluster, quads: Iterable[Quad], therapies: Mapping[str, Therapy]) -> None:
        self._cluster = cluster
        self._therapies = therapies
        self._claims = {iri("claim", o.made.id): o for o in cluster.originals}
        self._frame: list[str] = []
        self._frame_pieces: dict[str, list[str]] = {}
        self._own: dict[int, list[str]] = {o.number: [] for o in cluster.originals}
        self._pieces: dict[tuple[int, str, int], list[str]] = {}
        self._relations = self._relation_ends()
        for quad in sorted(quads, key=str):
            self._sort(quad)

    def template(self, parts: Mapping[str, tuple[str, ...]]) -> ClusterTemplate:
        """Return the patterns of the cluster.

        Args:
            parts: The outcomes that each outcome is part of.
        """
        above = wholes(self._cluster.originals, parts)
        around = supersets(self._cluster)
        pairs = (*above.items(), *around.items())
        compared = {number for part, found in pairs if found for number in (part, *found)}
        related = {number for one, _, other in self._relations.values() for number in (one, other)}
        claims = tuple(
            ClaimTemplate(
                original,
                "".join(self._own[original.number]),
                tuple(
                    Piece("".join(lines), target, other)
                    for (number, target, other), lines in sorted(self._pieces.items())
                    if number == original.number
                ),
                self._is_product(original.claim),
                _pattern(iri("claim", original.made.id)),
                above[original.number],
                around[original.number],
                original.number not in compared,
                original.number in related,
            )
            for original in self._cluster.originals
        )
        pieces = tuple(Piece("".join(lines), target) for target, lines in sorted(self._frame_pieces.items()))
        sources = tuple(_pattern(iri("source", file.source.id)) for file in self._cluster.files)
        return ClusterTemplate(self._cluster, "".join(self._frame), pieces, claims, sources)

    def _relation_ends(self) -> dict[str, tuple[int, str, int]]:
        """Return, by the IRI of each relation, its claim and what it leads to: a mark, or a claim of the cluster."""
        ends = {}
        numbers = {original.made.id: original.number for original in self._cluster.originals}
        for subject, original in self._claims.items():
            for place, relation in enumerate(original.made.relations, 1):
                outside = _OUTSIDE.fullmatch(relation.target)
                end = (original.number, outside[1], -1) if outside else (original.number, "", numbers[relation.target])
                ends[f"{subject}#relation-{place}"] = end
        return ends

    def _is_product(self, claim: Claim) -> bool:
        return claim.therapy is not None and self._therapies[claim.therapy].product

    def _sort(self, quad: Quad) -> None:
        subject = quad.subject.value if isinstance(quad.subject, NamedNode) else ""
        value = _value(quad)
        graph = quad.graph_name.value if isinstance(quad.graph_name, NamedNode) else ""
        relation = self._relations.get(subject) or self._relations.get(value)
        if relation is None and graph == GRAPH_INFERRED:
            relation = self._direct(subject, value)
        original = self._claims.get(subject.partition("#")[0])
        if relation:
            self._pieces.setdefault(relation, []).append(_line(quad))
        elif original is None:
            outside = _OUTSIDE.fullmatch(value.rpartition("/")[2])
            if outside and isinstance(quad.object, NamedNode):
                self._frame_pieces.setdefault(outside[1], []).append(_line(quad))
            else:
                self._frame.append(_line(quad))
        else:
            self._claim_line(original, quad, value, graph == GRAPH_INFERRED)

    def _direct(self, subject: str, value: str) -> tuple[int, str, int] | None:
        """Return the ends of the relation that a direct triple between two claims follows from."""
        for node, (number, target, other) in self._relations.items():
            claim = node.partition("#")[0]
            ends = {claim, iri("claim", mark(target) if target else self._cluster.originals[other].made.id)}
            if subject != value and {subject, value} == ends:
                return number, target, other
            if value == CD22 + "SupersededClaim" and subject in ends - {claim} and self._supersedes(node):
                return number, target, other
        return None

    def _supersedes(self, node: str) -> bool:
        claim, _, place = node.partition("#relation-")
        relation = self._claims[claim].made.relations[int(place) - 1]
        return relation.type == "supersedes" and relation.certainty == "certain"

    def _claim_line(self, original: Original, quad: Quad, value: str, inferred: bool) -> None:
        number, claim = original.number, original.claim
        outside = _OUTSIDE.fullmatch(value.rpartition("/")[2]) if isinstance(quad.object, NamedNode) else None
        if outside:
            self._pieces.setdefault((number, outside[1], -1), []).append(_line(quad))
        elif self._is_product(claim) and quad.predicate.value == _ANTIGEN and inferred:
            return
        elif self._is_product(claim) and value == iri("therapy", claim.therapy or ""):
            changed = Quad(quad.subject, quad.predicate, NamedNode(iri("therapy", mark(f"T{number}"))), quad.graph_name)
            self._own[number].append(_line(changed))
        else:
            self._own[number].append(_line(quad))


def _line(quad: Quad) -> str:
    return _pattern(f"{quad} .\n")


def _pattern(text: str) -> str:
    """Return a text with marks as a pattern for the operator ``%`` and a dictionary."""
    return _MARK.sub(r"%(\1)s", text.replace("%", "%%"))
