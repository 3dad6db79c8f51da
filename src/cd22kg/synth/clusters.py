"""The packaged claim files as patterns: which belong together, and the same files with made-up names and texts.

A cluster is a set of files that share studies or cohorts, such as a trial's registry record and the articles on it.
The made-up files keep classes, properties, concepts and links; every name, text and identifier of the real ones goes.
Where a copy is to put something of its own there is a mark, ``@@name@@``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cd22kg.model import (
    AssociationClaim,
    Claim,
    ClaimRelation,
    Cohort,
    ComparisonClaim,
    Corpus,
    Measurement,
    Model,
    PooledClaim,
    ResultClaim,
    Source,
    SourceFile,
    StatementClaim,
    Study,
)

#: Stands in every name for the number of the copy.
SERIAL = "@@n@@"
#: Fields of a measurement that each copy draws anew, with the mark each gets.
FIGURES = {
    "value": "v",
    "lower": "l",
    "upper": "u",
    "events": "e",
    "total": "t",
    "p_value": "q",
    "as_printed": "p",
}
#: DOI prefix that its registry keeps for tests: no work can have such a DOI.
DOI_PREFIX = "10.5555/cd22kg-synth"
_ORDER: tuple[type[Claim], ...] = (ResultClaim, PooledClaim, StatementClaim, AssociationClaim, ComparisonClaim)
_FILLER = "This text is synthetic and stands in the place of a real one; nothing in it was observed or published. "


def mark(name: str) -> str:
    """Return the mark that each copy replaces by its value of that name."""
    return f"@@{name}@@"


def filler(length: int) -> str:
    """Return a text of about a length in characters that says what it is."""
    return (_FILLER * (length // len(_FILLER) + 1))[: max(length, 20)].rstrip()


@dataclass(frozen=True)
class Original:
    """A claim of a cluster with what the real one says.

    Attributes:
        number: Its place among the claims of the cluster.
        claim: The real claim.
        made: The made-up one.
        source: The place of its file in the cluster.
        cohort: The place of its cohort in the cluster, or -1.
        size: The size of the real cohort in patients; 0 where none is given.
    """

    number: int
    claim: Claim
    made: Claim
    source: int
    cohort: int
    size: int


@dataclass
class Cluster:
    """Files that belong together, made anonymous.

    Attributes:
        number: Its place among the clusters; part of its names until a copy is made.
        files: The made-up files, in the order of the real ones.
        originals: Their claims; a comparison comes after all that is not one.
        cohorts: Size of each cohort in patients, and those of its parts; 0 where none is given.
        registry_ids: How many studies have an id of a registry.
    """

    number: int
    files: list[SourceFile] = field(default_factory=list)
    originals: list[Original] = field(default_factory=list)
    cohorts: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)
    registry_ids: int = 0


def read_clusters(corpus: Corpus, labels: Mapping[str, str]) -> tuple[Cluster, ...]:
    """Return the clusters of the claim files, made anonymous.

    Args:
        corpus: The claim files.
        labels: The name of each outcome and indication in words, by ``kind/slug``.
    """
    groups = _groups(corpus)
    return tuple(make_cluster(number, files, labels) for number, files in enumerate(groups))


def make_cluster(number: int, files: list[SourceFile], labels: Mapping[str, str]) -> Cluster:
    """Return files that belong together as a cluster of that number, made anonymous."""
    return _Maker(number, files, labels).cluster()


def _groups(corpus: Corpus) -> list[list[SourceFile]]:
    """Return the files in groups that are tied by a study, a cohort, or a comparison of claims."""
    owner = {(thing.kind, thing.id): file.source.id for file in corpus.files for thing in file.things()}
    parent = {file.source.id: file.source.id for file in corpus.files}

    def top(name: str) -> str:
        while parent[name] != name:
            name = parent[name]
        return name

    for file in corpus.files:
        needed = [("study", cohort.study) for cohort in file.cohorts]
        needed += [("cohort", other) for cohort in file.cohorts for other in (*cohort.subset_of, *cohort.overlaps)]
        for claim in file.claims:
            needed.append(("cohort", claim.cohort))
            if isinstance(claim, ComparisonClaim):
                needed += [("claim", claim.subject_claim), ("claim", claim.reference_claim)]
        for kind, name in needed:
            if name is not None:
                one, other = sorted((top(file.source.id), top(owner[kind, name])))
                parent[other] = one
    groups: dict[str, list[SourceFile]] = {}
    for file in corpus.files:
        groups.setdefault(top(file.source.id), []).append(file)
    return list(groups.values())


class _Maker:
    """Makes one cluster anonymous."""

    def __init__(self, number: int, files: list[SourceFile], labels: Mapping[str, str]) -> None:
        self._labels = labels
        self._files = files
        self._cluster = Cluster(number)
        self._sources = {file.source.id: place for place, file in enumerate(files)}
        self._names: dict[tuple[str, str], str] = {}
        self._documents: dict[str, int] = {}
        registered = {file.source.registry_id for file in files}
        registered |= {study.registry_id for file in files for study in file.studies}
        self._registry = {real: place for place, real in enumerate(sorted(filter(None, registered)))}
        self._cluster.registry_ids = len(self._registry)
        for place, file in enumerate(files):
            counts: dict[str, int] = {}
            self._names["source", file.source.id] = self._slug(f"s{place + 1}")
            things: tuple[Study | Cohort | Claim, ...] = (*file.studies, *file.cohorts, *file.claims)
            for thing in things:
                counts[thing.kind] = counts.get(thing.kind, 0) + 1
                self._names[thing.kind, thing.id] = self._slug(f"s{place + 1}-{thing.kind}-{counts[thing.kind]}")
        self._numbers = {claim.id: place for place, (_, claim) in enumerate(self._claims())}

    def cluster(self) -> Cluster:
        """Return the cluster."""
        cohorts = [cohort for file in self._files for cohort in file.cohorts]
        places = {cohort.id: place for place, cohort in enumerate(cohorts)}
        made: dict[str, Claim] = {}
        for place, claim in self._claims():
            made[claim.id] = self._claim(self._numbers[claim.id], claim)
            cohort = places.get(claim.cohort or "", -1)
            size = (cohorts[cohort].size or 0) if cohort >= 0 else 0
            self._cluster.originals.append(
                Original(self._numbers[claim.id], claim, made[claim.id], place, cohort, size)
            )
        for place, file in enumerate(self._files):
            self._cluster.files.append(
                SourceFile(
                    self._source(place, file.source),
                    tuple(map(self._study, file.studies)),
                    tuple(map(self._cohort, file.cohorts)),
                    tuple(made[claim.id] for claim in file.claims),
                )
            )
        return self._cluster

    def _claims(self) -> list[tuple[int, Claim]]:
        found = [(place, claim) for place, file in enumerate(self._files) for claim in file.claims]
        return sorted(found, key=lambda pair: _ORDER.index(type(pair[1])))

    def _slug(self, end: str) -> str:
        return f"synth-{SERIAL}-{self._cluster.number}-{end}"

    def _named(self, kind: str, names: Iterable[str]) -> tuple[str, ...]:
        """Return the made-up names of those things that belong to the cluster."""
        return tuple(self._names[kind, name] for name in names if (kind, name) in self._names)

    def _source(self, place: int, source: Source) -> Source:
        name = f"{SERIAL}-s{place + 1}"
        change: dict[str, Any] = {
            "id": self._names["source", source.id],
            "title": f"Synthetic source {name}, not evidence. {filler(len(source.title or '') - 45)}",
            "authors": "Synthetic, et al.",
            "published_in": "Synthetic Journal of Software Tests",
            "doi": f"{DOI_PREFIX}.{name}",
            "pmid": f"9{mark(f'i{place}')}",
            "pmcid": f"PMC9{mark(f'i{place}')}",
            "url": f"https://example.org/cd22kg-synth/{name}",
            "registry_id": self._registry_id(source.registry_id),
            "enrolment": mark(f"n{place}"),
            "retracted": None,
            "curator": "Synthetic Curator",
            "note": filler(len(source.note or "")),
        }
        cites = tuple(mark(f"c{place}x{number}") for number, _ in enumerate(source.cites, 1))
        return source.model_copy(update={**_where_given(source, change), "cites": cites})

    def _study(self, study: Study) -> Study:
        change = {
            "id": self._names["study", study.id],
            "title": f"Synthetic study {SERIAL}, not evidence. {filler(len(study.title or '') - 45)}",
            "registry_id": self._registry_id(study.registry_id),
            "note": filler(len(study.note or "")),
        }
        return study.model_copy(update=_where_given(study, change))

    def _registry_id(self, real: str | None) -> str | None:
        return f"NCT9{mark(f'g{self._registry[real]}')}" if real else None

    def _cohort(self, cohort: Cohort) -> Cohort:
        name = self._names["cohort", cohort.id]
        number = len(self._cluster.cohorts)
        self._cluster.cohorts.append((cohort.size or 0, tuple(part.size for part in cohort.composition)))
        change: dict[str, Any] = {
            "id": name,
            "label": f"Synthetic cohort {SERIAL}, not patients. {filler(len(cohort.label or '') - 45)}",
            "study": self._names.get(("study", cohort.study or "")),
            "size": mark(f"z{number}"),
            "composition": tuple(
                part.model_copy(update={"size": mark(f"z{number}x{place}")})
                for place, part in enumerate(cohort.composition)
            ),
            "dose_level": "synthetic dose level",
            "subset_of": self._named("cohort", cohort.subset_of),
            "overlaps": self._named("cohort", cohort.overlaps),
            "note": filler(len(cohort.note or "")),
        }
        return cohort.model_copy(update=_where_given(cohort, change))

    def _claim(self, number: int, claim: Claim) -> Claim:
        change: dict[str, Any] = {
            "id": self._names["claim", claim.id],
            "statement": self._statement(number, claim),
            "cohort": self._names.get(("cohort", claim.cohort or "")),
            "measurement": claim.measurement and self._measurement(number, claim.measurement),
            "locator": "synthetic",
            "reported_via": mark(f"via{self._via(claim)}"),
            "curator": "Synthetic Curator",
            "relations": tuple(self._relation(number, place, r) for place, r in enumerate(claim.relations, 1)),
            "published_inconsistency": (),
            "note": filler(len(claim.note or "")),
        }
        if isinstance(claim, ComparisonClaim):
            change["subject_claim"] = self._names["claim", claim.subject_claim]
            change["reference_claim"] = self._names["claim", claim.reference_claim]
        if isinstance(claim, StatementClaim):
            change["about"] = tuple(filter(None, map(self._about, claim.about))) or (f"indication/{claim.indication}",)
        return claim.model_copy(update=_where_given(claim, change))

    def _via(self, claim: Claim) -> int:
        """Return the number of the document in which a figure was read: the same for claims read in the same one."""
        return self._documents.setdefault(claim.reported_via or "", len(self._documents))

    def _statement(self, number: int, claim: Claim) -> str:
        words = [self._labels.get(f"outcome/{claim.outcome}", ""), mark(f"L{number}") if claim.therapy else ""]
        words += [self._labels.get(f"indication/{claim.indication}", "")]
        head = f"Synthetic claim {SERIAL}, not evidence: {', '.join(filter(None, words))}"
        return f"{head}: {mark(f'p{number}')}." if claim.measurement else f"{head}."

    def _about(self, reference: str) -> str | None:
        kind, _, name = reference.partition("/")
        if kind not in ("claim", "cohort", "source", "study"):
            return reference
        made = self._names.get((kind, name))
        return made and f"{kind}/{made}"

    def _measurement(self, number: int, measurement: Measurement) -> Measurement:
        change: dict[str, Any] = {name: mark(f"{letter}{number}") for name, letter in FIGURES.items()}
        change = _where_given(measurement, change)
        if measurement.value is not None:
            change["as_printed"] = mark(f"p{number}")
        if measurement.interval_kind == "confidence" and measurement.confidence_level is None:
            change["confidence_level"] = "95"
        return measurement.model_copy(update=change)

    def _relation(self, number: int, place: int, relation: ClaimRelation) -> ClaimRelation:
        """Return a relation to a claim of the cluster, or to a mark that stands for one of an earlier copy."""
        made = self._names.get(("claim", relation.target))
        change: dict[str, Any] = {"reason": filler(len(relation.reason)), "target": made or mark(f"r{number}x{place}")}
        if made is None and relation.type == "supersedes":
            # A claim superseded twice would be said to be superseded twice: only copies themselves may be certain.
            change["certainty"] = "likely"
        return relation.model_copy(update=change)


def _where_given(thing: Model, change: Mapping[str, Any]) -> dict[str, Any]:
    """Return the changes to those fields that hold something."""
    return {name: value for name, value in change.items() if getattr(thing, name) not in (None, ())}
