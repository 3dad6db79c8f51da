"""In what two claims differ: the axes on which figures are compared, and which of two is the wider."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from cd22kg.model import Measurement
from cd22kg.queries.claims import KnownClaim
from cd22kg.synthesis.evidence import AFTER_CD19, Evidence
from cd22kg.synthesis.figures import days

#: What can differ, the most telling first.
AXES = (
    "outcome",
    "grade",
    "indication",
    "population",
    "therapy",
    "construct",
    "denominator",
    "time",
    "scale",
    "dose",
    "prior-cd19",
    "cohort",
    "source-kind",
)
#: What the first of two is beside the second.
Standing = Literal["narrower", "wider", "other", "only-here", "only-there"]

#: What is written where a source does not say which patients it divides by.
NOT_PRINTED = "not-printed"


@dataclass(frozen=True)
class Difference:
    """One axis on which two claims differ.

    Attributes:
        axis: One of `AXES`.
        here: What the first claim states, in words; empty where it states nothing.
        there: What the second one states.
        standing: What the first is beside the second: ``narrower``, ``wider``, ``other``; or only one states it.
    """

    axis: str
    here: str
    there: str
    standing: Standing

    def __str__(self) -> str:
        """Return it in words: ``indication: B-ALL, there ALL``."""
        return f"{self.axis}: {self.here or 'not stated'}, there {self.there or 'not stated'}"


def differences(here: KnownClaim, there: KnownClaim, evidence: Evidence) -> tuple[Difference, ...]:
    """Return in what two claims differ, in the order of `AXES`.

    An axis of which neither speaks, or of which only one does where silence is usual (scale, dose), is no difference;
    of denominator and time it is told which of the two is silent.
    """
    found = {difference.axis: difference for difference in _differences(here, there, evidence)}
    return tuple(found[axis] for axis in AXES if axis in found)


def _differences(here: KnownClaim, there: KnownClaim, evidence: Evidence) -> Iterator[Difference]:
    yield from _concept("indication", here.indication, there.indication, evidence)
    yield from _concept("therapy", here.therapy, there.therapy, evidence)
    yield from _outcome(here, there, evidence)
    yield from _construct(here, there, evidence)
    one, other = here.measurement, there.measurement
    if one is not None and other is not None:
        others = bool(here.cohort and there.cohort and here.cohort != there.cohort)
        yield from _denominator(one, other, evidence, sizes=not others)
        yield from _time(one, other)
        if one.grading_scale and other.grading_scale and one.grading_scale != other.grading_scale:
            yield _labelled("scale", "scale", one.grading_scale, other.grading_scale, evidence)
    yield from _patients(here, there, evidence)
    kinds = [source.type if source else "" for source in (evidence.source_of(here), evidence.source_of(there))]
    if kinds[0] and kinds[1] and kinds[0] != kinds[1]:
        yield Difference("source-kind", kinds[0], kinds[1], "other")


def _concept(kind: str, here: str | None, there: str | None, evidence: Evidence) -> Iterator[Difference]:
    if here and there and here != there:
        yield _labelled(kind, kind, here, there, evidence, _standing(kind, here, there, evidence))


def _labelled(
    axis: str, kind: str, here: str, there: str, evidence: Evidence, standing: Standing = "other"
) -> Difference:
    """Return the difference between two concepts, by their labels."""
    return Difference(axis, evidence.label(kind, here), evidence.label(kind, there), standing)


def _standing(kind: str, here: str, there: str, evidence: Evidence) -> Standing:
    if evidence.is_within(kind, here, there):
        return "narrower"
    return "wider" if evidence.is_within(kind, there, here) else "other"


def _outcome(here: KnownClaim, there: KnownClaim, evidence: Evidence) -> Iterator[Difference]:
    """Outcomes that differ in nothing but the grade counted differ in grade."""
    if not here.outcome or not there.outcome or here.outcome == there.outcome:
        return
    standing: Standing = "other"
    if evidence.is_part(here.outcome, there.outcome) or evidence.is_within("outcome", here.outcome, there.outcome):
        standing = "narrower"
    elif evidence.is_part(there.outcome, here.outcome) or evidence.is_within("outcome", there.outcome, here.outcome):
        standing = "wider"
    graded = grade_family(here.outcome) == grade_family(there.outcome) != ""
    yield _labelled("grade" if graded else "outcome", "outcome", here.outcome, there.outcome, evidence, standing)


def grade_family(outcome: str) -> str:
    """Return what an outcome counts whatever its grade; nothing where it has no grade.

    Example:
        >>> grade_family("crs-grade-ge-3"), grade_family("crs-any-grade"), grade_family("cr")
        ('crs', 'crs', '')
    """
    for mark in ("-grade-", "-any-grade"):
        if mark in outcome:
            return outcome.partition(mark)[0]
    return ""


def _construct(here: KnownClaim, there: KnownClaim, evidence: Evidence) -> Iterator[Difference]:
    one, other = (evidence.fact("therapy", claim.therapy, "construct") for claim in (here, there))
    if one and other and one != other:
        yield _labelled("construct", "construct", one, other, evidence)


def _denominator(here: Measurement, there: Measurement, evidence: Evidence, *, sizes: bool) -> Iterator[Difference]:
    """Whom a share is of: the kind of denominator, the outcome that selects them, and how many, of one cohort."""
    one, other = _among(here, evidence), _among(there, evidence)
    if one != other:
        if one and other:
            yield Difference("denominator", one, other, "other")
        elif here.among_outcome or there.among_outcome:
            yield Difference("denominator", one, other, "only-here" if one else "only-there")
    elif sizes and here.total and there.total and here.total != there.total:
        yield Difference("denominator", f"{here.total} patients", f"{there.total} patients", "other")


def _among(measurement: Measurement, evidence: Evidence) -> str:
    found = denominator_of(measurement, evidence)
    return found if measurement.among_outcome or not found else f"{found} patients"


def denominator_of(measurement: Measurement, evidence: Evidence) -> str:
    """Return whom a share is of: ``infused``, ``patients with complete response``; nothing where it is not told."""
    if measurement.among_outcome:
        return f"patients with {evidence.label('outcome', measurement.among_outcome)}"
    if measurement.denominator in (None, NOT_PRINTED):
        return ""
    return evidence.label("denominator", measurement.denominator)


def _time(here: Measurement, there: Measurement) -> Iterator[Difference]:
    points = [_point(measurement) for measurement in (here, there)]
    if points[0][0] == points[1][0]:
        return
    standing: Standing = "other" if points[0][1] and points[1][1] else "only-here" if points[0][1] else "only-there"
    yield Difference("time", points[0][1], points[1][1], standing)


def _point(measurement: Measurement) -> tuple[object, str]:
    """Return the time of a figure, to compare, and in words."""
    unit = measurement.timepoint_unit
    if measurement.timepoint is not None:
        one = measurement.timepoint
        return days(one, unit), _timed(f"{one.normalize():f}", unit)
    ends = measurement.timepoint_lower, measurement.timepoint_upper
    if any(end is not None for end in ends):
        words = " to ".join(f"{end.normalize():f}" for end in ends if end is not None)
        return tuple(days(end, unit) for end in ends), _timed(words, unit)
    return None, ""


def _timed(number: str, unit: str | None) -> str:
    """Return a number with its unit of time, where it has one."""
    return f"{number} {unit}{'' if number == '1' else 's'}" if unit else number


def _patients(here: KnownClaim, there: KnownClaim, evidence: Evidence) -> Iterator[Difference]:
    """Whom the claims count: cohort, dose, age, and whether all had a CD19-directed therapy before."""
    if here.cohort and there.cohort and here.cohort != there.cohort:
        yield Difference("cohort", here.cohort, there.cohort, "other")
    one, other = evidence.cohort_of(here), evidence.cohort_of(there)
    if one is None or other is None:
        return
    if one.dose_level and other.dose_level and one.dose_level != other.dose_level:
        yield Difference("dose", one.dose_level, other.dose_level, "other")
    if one.age_group and other.age_group and one.age_group != other.age_group:
        yield _labelled("population", "age-group", one.age_group, other.age_group, evidence)
    all_after = "all after a CD19-directed therapy"
    if AFTER_CD19 in here.inferred and AFTER_CD19 not in there.inferred:
        yield Difference("prior-cd19", all_after, "", "only-here")
    elif AFTER_CD19 in there.inferred and AFTER_CD19 not in here.inferred:
        yield Difference("prior-cd19", "", all_after, "only-there")


def time_of(measurement: Measurement) -> str:
    """Return the time of a figure in words, or an empty text where it has none."""
    return _point(measurement)[1]
