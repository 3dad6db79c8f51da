"""Which claims can disagree: those on one class of therapies, one indication and one outcome, and whom they count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from cd22kg.queries.claims import KnownClaim
from cd22kg.synthesis.conflicts.shares import Share, share_of
from cd22kg.synthesis.differences import NOT_PRINTED, time_of
from cd22kg.synthesis.evidence import EVIDENCE, Evidence
from cd22kg.synthesis.figures import figure_of

#: Kinds of claims that report patients.
_REPORTING = ("ResultClaim", "PooledClaim")
#: Outcomes of this kind tell who was treated, not what came of it: trials may differ in it.
_BASELINE = "baseline"


@dataclass(frozen=True)
class Wanted:
    """Which claims are looked at; a concept stands for what is narrower too.

    Attributes:
        therapy: Slug of the product or group; any where empty.
        indication: Slug of the indication.
        outcome: Slug of the outcome.
        everything: Whether claims that are superseded, retracted or not accepted are looked at too.
    """

    therapy: str = ""
    indication: str = ""
    outcome: str = ""
    everything: bool = False

    def fits(self, claim: KnownClaim, evidence: Evidence) -> bool:
        """Return whether a claim is on what is asked for."""
        asked = (("therapy", claim.therapy), ("indication", claim.indication), ("outcome", claim.outcome))
        return all(not (of := getattr(self, kind)) or evidence.is_within(kind, slug, of) for kind, slug in asked)

    def counts(self, claim: KnownClaim, evidence: Evidence) -> bool:
        """Return whether a claim stands, and no claim that stands itself replaces it for certain."""
        newer = (evidence.claims[slug] for slug in evidence.superseding.get(claim.id, ()))
        return self.everything or (evidence.stands(claim) and not any(map(evidence.stands, newer)))


@dataclass(frozen=True)
class Subject:
    """What claims must share to be held against each other.

    Attributes:
        group: Slug of the class of therapies.
        indication: Slug of the indication.
        outcome: Slug of the outcome.
    """

    group: str
    indication: str
    outcome: str


@dataclass(frozen=True)
class Comparable:
    """Claims on one subject, sorted by slug.

    Attributes:
        subject: What they are on.
        shares: The claims on just that.
        narrower: Claims on something narrower, where such are let in: each is held against the others, not against
            one another.
    """

    subject: Subject
    shares: tuple[Share, ...]
    narrower: tuple[Share, ...] = ()


def subject_of(claim: KnownClaim, evidence: Evidence) -> Subject | None:
    """Return what a claim is on; nothing where it names no therapy with a class, indication or outcome."""
    group = evidence.fact("therapy", claim.therapy, "therapyGroup")
    if not group or not claim.indication or not claim.outcome:
        return None
    return Subject(group, claim.indication, claim.outcome)


def comparable(evidence: Evidence, wanted: Wanted, *, within: bool = False) -> tuple[Comparable, ...]:
    """Return the claims that can disagree, by subject.

    They report a share of patients, observed or pooled, and count as evidence. What a source says of who was treated
    is left out.

    Args:
        evidence: The claims.
        wanted: Which of them.
        within: Whether claims on a narrower indication or outcome are held against those on a wider one too.
    """
    by_subject: dict[Subject, list[Share]] = {}
    for claim in evidence.claims.values():
        if claim.type not in _REPORTING or not wanted.fits(claim, evidence) or not wanted.counts(claim, evidence):
            continue
        if not wanted.everything and EVIDENCE not in claim.inferred:
            continue
        measurement, subject = claim.measurement, subject_of(claim, evidence)
        if subject is None or measurement is None or measurement.counted_unit not in (None, "patient"):
            continue
        if evidence.fact("outcome", claim.outcome, "outcomeKind") == _BASELINE:
            continue
        if share := share_of(claim):
            by_subject.setdefault(subject, []).append(share)
    subjects = sorted(by_subject, key=lambda subject: (subject.group, subject.indication, subject.outcome))
    return tuple(
        Comparable(subject, _sorted(by_subject[subject]), _sorted(_below(subject, by_subject, evidence, within)))
        for subject in subjects
    )


def _below(subject: Subject, known: dict[Subject, list[Share]], evidence: Evidence, within: bool) -> Iterator[Share]:
    """Yield the claims on something narrower."""
    for other in known if within else ():
        if (
            other != subject
            and other.group == subject.group
            and evidence.is_within("indication", other.indication, subject.indication)
            and evidence.is_within("outcome", other.outcome, subject.outcome)
        ):
            yield from known[other]


def _sorted(shares: Iterable[Share]) -> tuple[Share, ...]:
    return tuple(sorted(shares, key=lambda share: share.id))


class Patients:
    """Whether claims count the same patients."""

    def __init__(self, evidence: Evidence) -> None:
        """Take the cohorts of the claims."""
        self._overlap = evidence.patients
        self._known: dict[tuple[str, str], str] = {}

    def family(self, share: Share) -> str:
        """Return a name that all share whose cohorts are related in any way; those of other families share nobody."""
        return self._overlap.kin(share.cohort) if share.cohort else f"claim {share.id}"

    def why(self, one: Share, other: Share) -> str:
        """Return why two claims count the same patients, or may, in words; an empty text where they do not."""
        if not one.cohort or not other.cohort:
            return ""
        if (key := (one.cohort, other.cohort)) not in self._known:
            self._known[key] = self._overlap.why(*key)
        return self._known[key]

    def families(self, block: Comparable) -> Iterator[tuple[list[Share], list[Share]]]:
        """Yield claims of a block whose cohorts are related, several at a time: on its subject, and narrower ones."""
        families: dict[str, tuple[list[Share], list[Share]]] = {}
        for place, shares in enumerate((block.shares, block.narrower)):
            for share in shares:
                families.setdefault(self.family(share), ([], []))[place].append(share)
        for ones, others in families.values():
            if len(ones) + len(others) > 1:
                yield ones, others

    def near_pairs(self, block: Comparable) -> Iterator[tuple[Share, Share, str]]:
        """Yield the pairs of claims whose cohorts are related, with why they count the same patients, if they do."""
        for family in self.families(block):
            yield from self.pairs(*family)

    def pairs(self, ones: Sequence[Share], others: Sequence[Share]) -> Iterator[tuple[Share, Share, str]]:
        """Yield the pairs of a family in the same way."""
        for pair in (*combinations(ones, 2), *product(ones, others)):
            one, other = in_order(*pair)
            yield one, other, self.why(one, other)

    def is_part(self, part: Share, whole: Share) -> bool:
        """Return whether the patients of one are a part of those of the other."""
        return part.cohort != whole.cohort and self.why(part, whole) == f"part of {whole.cohort}"


def same_question(one: Share, other: Share) -> bool:
    """Return whether two figures answer the same question on their patients; where one is silent, it may.

    The question is made of statistic, outcome, denominator, time, and grading scale.
    """
    mine, theirs = one.claim.measurement, other.claim.measurement
    if mine is None or theirs is None or one.claim.outcome != other.claim.outcome:
        return False
    stated = [
        (None if m.denominator == NOT_PRINTED else m.denominator, time_of(m) or None, m.grading_scale)
        for m in (mine, theirs)
    ]
    return (
        mine.statistic == theirs.statistic
        and mine.among_outcome == theirs.among_outcome
        and (mine.counted_unit or "patient") == (theirs.counted_unit or "patient")
        and all(here is None or there is None or here == there for here, there in zip(*stated, strict=True))
    )


def are_one_figure(one: Share, other: Share) -> bool:
    """Return whether two figures are the same: the same counts, or one is the other as it is, rounded or cut."""
    if one.counts and other.counts and not (one.worked_out or other.worked_out):
        return one.counts == other.counts
    here, there = figure_of(one.claim.measurement), figure_of(other.claim.measurement)
    if here is None or there is None or here.value is None or there.value is None:
        return one.value == other.value
    return here.rounds(there) or there.rounds(here) or here.cuts(there) or there.cuts(here)


def in_order(one: Share, other: Share) -> tuple[Share, Share]:
    """Return two claims by their slugs."""
    return (one, other) if one.id <= other.id else (other, one)
