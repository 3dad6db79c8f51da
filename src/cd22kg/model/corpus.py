"""Everything the claim files say, and the concepts they may name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from cd22kg.model.claim import Claim
from cd22kg.model.cohort import Cohort, Study
from cd22kg.model.source import Source


@dataclass(frozen=True)
class SourceFile:
    """One claim file: a source with the studies, cohorts and claims it reports."""

    source: Source
    studies: tuple[Study, ...] = ()
    cohorts: tuple[Cohort, ...] = ()
    claims: tuple[Claim, ...] = ()

    def things(self) -> Iterator[Source | Study | Cohort | Claim]:
        """Yield everything the file describes, the source first."""
        yield self.source
        yield from self.studies
        yield from self.cohorts
        yield from self.claims


@dataclass(frozen=True)
class Corpus:
    """All claim files, in the order of their source's slug."""

    files: tuple[SourceFile, ...]

    def claims(self) -> Iterator[tuple[Source, Claim]]:
        """Yield every claim with the source that makes it."""
        for file in self.files:
            for claim in file.claims:
                yield file.source, claim


@dataclass(frozen=True)
class Concept:
    """A concept of the ontology as a claim file may name it."""

    kind: str
    slug: str
    label: str
    notations: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Vocabulary:
    """The concepts by kind and slug; signs such as ``%`` stand for their concept."""

    concepts: Mapping[str, Mapping[str, Concept]] = field(default_factory=dict)

    @classmethod
    def of(cls, concepts: Iterable[Concept]) -> Vocabulary:
        """Return the vocabulary of these concepts, sorted."""
        by_kind: dict[str, dict[str, Concept]] = {}
        for concept in sorted(concepts, key=lambda c: (c.kind, c.slug)):
            by_kind.setdefault(concept.kind, {})[concept.slug] = concept
        return cls(by_kind)

    def slugs(self, kind: str) -> tuple[str, ...]:
        """Return the slugs of a kind, sorted."""
        return tuple(self.concepts.get(kind, {}))

    def signs(self, kind: str) -> dict[str, str]:
        """Return the signs of a kind, each with the slug it stands for."""
        return {sign: c.slug for c in self.concepts.get(kind, {}).values() for sign in c.notations}

    def resolve(self, kind: str, text: str) -> str | None:
        """Return the slug that a slug or a sign names, or nothing."""
        return text if text in self.concepts.get(kind, {}) else self.signs(kind).get(text)
