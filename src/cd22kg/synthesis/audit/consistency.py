"""Where a document contradicts itself: a figure with its own parts, or two claims that cannot both be true."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations

from cd22kg.model import ComparisonClaim, Measurement
from cd22kg.queries.claims import KnownClaim
from cd22kg.synthesis.audit.comparison import standing_of, topics_of
from cd22kg.synthesis.audit.wording import has_interval, short_label, value_words
from cd22kg.synthesis.evidence import Evidence
from cd22kg.synthesis.figures import counts_of, figure_of

#: Annotated rules on relations between sources; what breaks them is no fault within one.
_OF_RELATIONS = "claim-repeats-"
#: The signs of directions: what the subject's figure is to the reference's.
_DIRECTIONS = {"higher": 1, "lower": -1}
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


def document(claim: KnownClaim) -> str:
    """Return the slug of the document in which a claim was read."""
    return claim.stated.reported_via or claim.source


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
        for one, other in combinations(group, 2):
            if words := _pair(one, other, evidence):
                found.setdefault(one.id, Fault(words, (other,)))
                found.setdefault(other.id, Fault(words, (one,)))
        by_id = {claim.id: claim for claim in group}
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
    percentage that its counts do not give. Counts worked out from the percentage prove nothing.
    """
    annotated = [each for each in claim.stated.published_inconsistency if not each.rule.startswith(_OF_RELATIONS)]
    if annotated:
        reason = annotated[0].reason.rstrip(".")
        return f"{claim.id} contradicts itself: {reason} (rule {annotated[0].rule})"
    measurement, figure = claim.measurement, figure_of(claim.measurement)
    if measurement is None or figure is None or figure.value is None:
        return ""
    value = value_words(measurement, evidence)
    if has_interval(measurement) and not figure.holds(figure.value):
        return f"in {claim.id} the value {value} lies outside its own interval"
    counts = counts_of(measurement)
    if counts and figure.is_share and measurement.value is not None and not measurement.counts_derived:
        share = Decimal(counts[0]) / counts[1]
        if abs(share - figure.value) > figure.half:
            return f"in {claim.id} {value} is not {counts[0]} of {counts[1]}"
    return ""


def _pair(one: KnownClaim, other: KnownClaim, evidence: Evidence) -> str:
    """Return why two claims of one document cannot both be true."""
    for claim, target in ((one, other), (other, one)):
        for relation in claim.relations:
            if relation.type == "contradicts" and relation.target == target.id and relation.certainty in SURE:
                return f"{claim.id} and {target.id} contradict each other: {relation.reason.rstrip('.')}"
    if not (one.outcome and other.outcome and _same_frame(one, other)) or _replaces(one, other):
        return ""
    figures = [value_words(claim.measurement, evidence) for claim in (one, other)]
    if one.outcome == other.outcome:
        if standing_of(one.measurement, other.measurement) == "other" and _same_statistic(one, other):
            return f"{one.id} prints {figures[0]} and {other.id} {figures[1]} for one thing"
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
    return frame(here) == frame(there)


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


def _parts(group: Iterable[KnownClaim], evidence: Evidence) -> Iterable[Fault]:
    """Yield parts that exclude each other and together are above the whole: grades 1-2 and 3 or more of any grade."""
    parts = [claim for claim in group if _graded(claim.outcome)]
    for mild, severe in combinations(parts, 2):
        if {_graded(mild.outcome), _graded(severe.outcome)} != {"-grade-1-2", "-grade-ge-3"}:
            continue
        if _family(mild.outcome) != _family(severe.outcome) or not _same_frame(mild, severe):
            continue
        a, b = figure_of(mild.measurement), figure_of(severe.measurement)
        if a is None or b is None or a.value is None or b.value is None or not (a.is_share and b.is_share):
            continue
        if a.value + b.value > 1 + a.half + b.half:
            figures = [value_words(claim.measurement, evidence) for claim in (mild, severe)]
            what = short_label("outcome", f"{_family(mild.outcome)}-any-grade", evidence)
            yield Fault(f"{figures[0]} and {figures[1]} for parts of {what} are more than all patients", (mild, severe))


def _graded(outcome: str | None) -> str:
    return next((end for end in ("-grade-1-2", "-grade-ge-3") if (outcome or "").endswith(end)), "")


def _family(outcome: str | None) -> str:
    return (outcome or "").removesuffix(_graded(outcome))
