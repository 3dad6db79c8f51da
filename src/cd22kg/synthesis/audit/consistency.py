"""Where a document contradicts itself: a figure with its own parts, or two claims that cannot both be true."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations

from cd22kg.model import ComparisonClaim, Measurement, PooledClaim
from cd22kg.queries.claims import KnownClaim
from cd22kg.synthesis.audit.comparison import standing_of, topics_of
from cd22kg.synthesis.audit.wording import has_interval, short_label, value_words
from cd22kg.synthesis.differences import grade_family
from cd22kg.synthesis.evidence import Evidence, document
from cd22kg.synthesis.figures import figure_of
from cd22kg.synthesis.flaws import broken_rules, counted, is_cut, is_off

#: The signs of directions: what the subject's figure is to the reference's.
_DIRECTIONS = {"higher": 1, "lower": -1}
#: Words with a capital letter only because a sentence begins with them.
_OPENINGS = frozenset(("A", "An", "Both", "If", "In", "It", "Of", "One", "Only", "Same", "The", "Two", "With"))
#: Certainties at which a relation between claims of one document counts.
SURE = ("certain", "likely")


@dataclass(frozen=True)
class Fault:
    """Why a claim cannot be true beside another of the same document, or beside itself.

    Attributes:
        words: What is wrong, as a clause.
        others: The other claims it needs.
    """

    words: str
    others: tuple[KnownClaim, ...] = ()


def faults(claims: Iterable[KnownClaim], evidence: Evidence) -> Mapping[str, Fault]:
    """Return what is wrong with claims, by their ids: the first fault of each.

    Claims are compared with those read in the same document of the same source.
    """
    found: dict[str, Fault] = {}
    groups: dict[tuple[str, str], list[KnownClaim]] = {}
    for claim in sorted(claims, key=lambda each: each.id):
        groups.setdefault((claim.source, document(claim)), []).append(claim)
        if words := own_fault(claim, evidence):
            found.setdefault(claim.id, Fault(words))
    for group in groups.values():
        by_id = {claim.id: claim for claim in group}
        for one, other, words in (*_said(by_id), *_pairs(group, evidence)):
            found.setdefault(one.id, Fault(words, (other,)))
            found.setdefault(other.id, Fault(words, (one,)))
        for claim in group:
            if words := _comparison(claim, by_id, evidence):
                found.setdefault(claim.id, Fault(words))
        for fault in _parts(group, evidence):
            for claim in fault.others:
                others = tuple(other for other in fault.others if other.id != claim.id)
                found.setdefault(claim.id, Fault(fault.words, others))
    return found


def own_fault(claim: KnownClaim, evidence: Evidence) -> str:
    """Return in what a figure contradicts itself, or an empty text.

    That is what the curator annotated as printed so, and what can be computed: a value outside its own interval, a
    percentage that its counts do not give. Digits that are cut where they should be rounded are no matter.
    """
    if annotated := broken_rules(claim):
        reason = _lowered(annotated[0].reason.rstrip("."))
        return f"{claim.id} contradicts itself: {reason} (rule {annotated[0].rule})"
    measurement, figure = claim.measurement, figure_of(claim.measurement)
    if measurement is None or figure is None or figure.value is None:
        return ""
    value = value_words(measurement, evidence)
    if has_interval(measurement) and not figure.holds(figure.value):
        return f"in {claim.id} the value {value} lies outside its own interval"
    if is_off(claim) and not is_cut(claim):
        return f"in {claim.id} {value} is not {measurement.events} of {measurement.total}"
    return ""


def cut_digits(claim: KnownClaim, evidence: Evidence) -> str:
    """Return that a percentage is its counts with digits cut off, not rounded, as a clause; else an empty text."""
    measurement, exact = claim.measurement, counted(claim)
    if measurement is None or exact is None or not is_cut(claim):
        return ""
    counts, share = f"{measurement.events} of {measurement.total}", f"{100 * (exact.value or 0):.2f} %"
    return f"{counts} is {share}, cut to {value_words(measurement, evidence)}"


def _lowered(sentence: str) -> str:
    """Return a sentence as the end of another; a name at its start stays as it is."""
    first = sentence.partition(" ")[0]
    return sentence[:1].lower() + sentence[1:] if first in _OPENINGS else sentence


def _said(group: Mapping[str, KnownClaim]) -> Iterator[tuple[KnownClaim, KnownClaim, str]]:
    """Yield the claims of one document of which a curator says that they contradict each other, and why."""
    for claim in group.values():
        for relation in claim.relations:
            target = group.get(relation.target)
            if relation.type == "contradicts" and relation.certainty in SURE and target not in (None, claim):
                reason = _lowered(relation.reason.rstrip("."))
                yield claim, group[relation.target], f"{claim.id} and {relation.target} contradict each other: {reason}"


def _pairs(group: Iterable[KnownClaim], evidence: Evidence) -> Iterator[tuple[KnownClaim, KnownClaim, str]]:
    """Yield the claims of one document on the same patients that cannot both be true, and why."""
    alike: dict[tuple[object, ...], list[KnownClaim]] = {}
    for claim in group:
        if claim.outcome and claim.measurement:
            alike.setdefault((claim.therapy, claim.indication, claim.cohort), []).append(claim)
    for claims in alike.values():
        for one, other in combinations(claims, 2):
            if words := _pair(one, other, evidence):
                yield one, other, words


def _pair(one: KnownClaim, other: KnownClaim, evidence: Evidence) -> str:
    """Return why two claims of one document cannot both be true."""
    if not _same_frame(one, other) or _replaces(one, other):
        return ""
    figures = [value_words(claim.measurement, evidence) for claim in (one, other)]
    if one.outcome == other.outcome:
        if standing_of(one.measurement, other.measurement) == "other" and _same_statistic(one, other):
            return f"{one.id} prints {figures[0]} and {other.id} {figures[1]} for one thing"
        return ""
    if _are_of_other_studies(one, other):
        return ""
    for part, whole in ((one, other), (other, one)):
        a, b = figure_of(part.measurement), figure_of(whole.measurement)
        if a is None or b is None or a.value is None or b.value is None or not (a.is_share and b.is_share):
            continue
        if evidence.is_part(part.outcome, whole.outcome) and a.value - a.half > b.value + b.half:
            return (
                f"{part.id} ({value_words(part.measurement, evidence)}) is above {whole.id}"
                f" ({value_words(whole.measurement, evidence)}), of which it is a part"
            )
    return ""


def _replaces(one: KnownClaim, other: KnownClaim) -> bool:
    """Return whether one of two claims takes the place of the other, as a later version of a record does."""
    pairs = ((one, other), (other, one))
    return any(r.type == "supersedes" and r.target == b.id for a, b in pairs for r in a.relations)


def _same_frame(one: KnownClaim, other: KnownClaim) -> bool:
    """Return whether two claims count the same patients of the same therapy at the same time."""
    if (one.therapy, one.indication, one.cohort) != (other.therapy, other.indication, other.cohort):
        return False
    if topics_of(one) != topics_of(other):
        return False  # such as patients after failure of CD19, and any
    here, there = one.measurement, other.measurement
    if here is None or there is None or (one.cohort is None and here.total != there.total):
        return False  # without a cohort, another number of patients is another group
    return frame(here) == frame(there) and _manner(one) == _manner(other)


def _manner(claim: KnownClaim) -> tuple[object, ...]:
    """Return how a figure was come by, where one document may give several: scale, follow-up, way of pooling."""
    measurement, stated = claim.measurement, claim.stated
    assert measurement is not None  # noqa: S101  # the caller looked
    found = (measurement.grading_scale, measurement.follow_up, measurement.follow_up_unit)
    if not isinstance(stated, PooledClaim):
        return found
    pooled = (stated.pooling_model, stated.transformation, stated.number_of_studies)
    return (*found, *pooled, stated.prior_exposure, stated.prior_exposure_percent)


def _are_of_other_studies(one: KnownClaim, other: KnownClaim) -> bool:
    """Return whether two figures may be pooled from other studies, so that a part may be above its whole."""
    pooled = [each.stated.number_of_studies for each in (one, other) if isinstance(each.stated, PooledClaim)]
    return bool(pooled) and (None in pooled or len(set(pooled)) > 1)


def frame(measurement: Measurement) -> tuple[object, ...]:
    """Return of whom, of what and of when a figure is: two figures with one frame are of the same."""
    m = measurement
    time = (m.timepoint, m.timepoint_lower, m.timepoint_upper, m.timepoint_unit)
    return (m.denominator, m.among_outcome, m.counted_unit, m.bound, *time)


def _same_statistic(one: KnownClaim, other: KnownClaim) -> bool:
    here, there = one.measurement, other.measurement
    return here is not None and there is not None and here.statistic == there.statistic


def _comparison(claim: KnownClaim, group: Mapping[str, KnownClaim], evidence: Evidence) -> str:
    """Return that the direction of a comparison is not that of its figures."""
    if not isinstance(claim.stated, ComparisonClaim):
        return ""
    parts = [group.get(slug) for slug in (claim.stated.subject_claim, claim.stated.reference_claim)]
    figures = [figure_of(part.measurement) if part else None for part in parts]
    wanted = _DIRECTIONS.get(claim.stated.direction)
    difference = sign(figures[0].value, figures[1].value) if figures[0] and figures[1] else None
    if wanted is None or difference is None or difference == wanted:
        return ""
    values = [value_words(part.measurement, evidence) for part in parts if part]
    return f"{claim.id} says {claim.stated.direction}, and its figures are {values[0]} against {values[1]}"


def sign(one: Decimal | None, other: Decimal | None) -> int | None:
    """Return 1 where the first is higher, -1 where it is lower, 0 where both are the same; nothing without figures."""
    if one is None or other is None:
        return None
    return (one > other) - (one < other)


def _parts(group: Iterable[KnownClaim], evidence: Evidence) -> Iterator[Fault]:
    """Yield parts that exclude each other and together are above the whole: grades 1-2 and 3 or more of any grade."""
    parts = [claim for claim in group if _graded(claim.outcome)]
    for mild, severe in combinations(parts, 2):
        if {_graded(mild.outcome), _graded(severe.outcome)} != {"-grade-1-2", "-grade-ge-3"}:
            continue
        if grade_family(mild.outcome or "") != grade_family(severe.outcome or "") or not _same_frame(mild, severe):
            continue
        if _are_of_other_studies(mild, severe):
            continue
        a, b = figure_of(mild.measurement), figure_of(severe.measurement)
        if a is None or b is None or a.value is None or b.value is None or not (a.is_share and b.is_share):
            continue
        if a.value + b.value > 1 + a.half + b.half:
            figures = [value_words(claim.measurement, evidence) for claim in (mild, severe)]
            what = short_label("outcome", f"{grade_family(mild.outcome or '')}-any-grade", evidence)
            yield Fault(f"{figures[0]} and {figures[1]} for parts of {what} are more than all patients", (mild, severe))


def _graded(outcome: str | None) -> str:
    return next((end for end in ("-grade-1-2", "-grade-ge-3") if (outcome or "").endswith(end)), "")
