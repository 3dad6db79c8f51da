"""A statement held against one claim: whether the figure is the same, of what it is there, and what is dropped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from cd22kg.model import CohortPart, Measurement
from cd22kg.queries.claims import KnownClaim
from cd22kg.statistics import Interval, clopper_pearson_interval
from cd22kg.synthesis.audit.verdicts import AXES
from cd22kg.synthesis.audit.wording import has_interval, limit_words, short_label, value_words
from cd22kg.synthesis.differences import Difference, differences, time_of
from cd22kg.synthesis.evidence import AFTER_CD19, Evidence
from cd22kg.synthesis.figures import Figure, counts_of, figure_of

#: How a figure stands to another: ``covers`` and ``leaves out`` are of a range or a limit, ``unlike`` of other units.
Standing = Literal[
    "same", "rounded", "cut", "finer", "covers", "other", "leaves out", "unlike", "none here", "none there", "none"
]
#: Those in which both print one figure.
AGREEING = ("same", "rounded", "cut", "finer", "covers")
#: Those in which the two are comparable and not the same.
DISAGREEING = ("other", "leaves out")
#: The axis of the audit to which an axis of `differences` belongs.
_AXIS = {
    "outcome": "outcome or grade",
    "grade": "outcome or grade",
    "scale": "outcome or grade",
    "indication": "indication",
    "population": "population",
    "prior-cd19": "population",
    "dose": "population",
    "cohort": "population",
    "therapy": "therapy",
    "construct": "therapy",
    "denominator": "denominator",
    "time": "time",
}
#: The share of a cohort, of its size, that may stand for all of it: 57 patients with B-ALL of 58 treated.
ALMOST_ALL = Decimal("0.95")
_PRIOR = "prior-cd19-failure"
_LEVEL = 0.95


@dataclass(frozen=True)
class Comparison:
    """A statement beside one claim.

    Attributes:
        here: The statement.
        there: The claim.
        standing: How its figure stands to the one there.
        differing: In what the two differ so that the figure is of something else.
        widened: What is put more widely here, without being wrong: a group in place of a product.
        dropped: What is left out here: ``interval``, ``number of patients``, ``product`` ...
    """

    here: KnownClaim
    there: KnownClaim
    standing: Standing
    differing: tuple[Difference, ...]
    widened: tuple[Difference, ...]
    dropped: tuple[str, ...]

    @property
    def axes(self) -> tuple[str, ...]:
        """Return on which axes the two differ, in the order of `AXES`."""
        found = {axis_of(difference) for difference in self.differing}
        return tuple(axis for axis in AXES if axis in found)

    @property
    def agrees(self) -> bool:
        """Return whether both print one figure."""
        return self.standing in AGREEING

    @property
    def disagrees(self) -> bool:
        """Return whether both have a figure of one kind, and not the same."""
        return self.standing in DISAGREEING


def axis_of(difference: Difference) -> str:
    """Return the axis of `AXES` to which a difference belongs."""
    return _AXIS[difference.axis]


def compare(here: KnownClaim, there: KnownClaim, evidence: Evidence) -> Comparison:
    """Hold a statement against a claim.

    A figure is of what it was counted in: a narrower, wider or other indication, outcome or group of patients makes it
    another figure, and only a therapy may be named more widely. A statement without a figure may be put more widely.
    """
    standing = standing_of(here.measurement, there.measurement)
    figure = figure_of(here.measurement) is not None
    differing: list[Difference] = []
    widened: list[Difference] = []
    for difference in (*differences(here, there, evidence), *_prior(here, there, evidence)):
        weight = _weight(difference, here, there, evidence, figure=figure)
        if weight == "differs":
            differing.append(difference)
        elif weight == "widened":
            widened.append(difference)
    dropped = tuple(_left_out(here, there, evidence))
    return Comparison(here, there, standing, tuple(differing), tuple(widened), dropped)


def standing_of(one: Measurement | None, other: Measurement | None) -> Standing:
    """Return how a figure stands to another."""
    here, there = figure_of(one), figure_of(other)
    statuses = _unreached(one), _unreached(other)
    if any(statuses) and (here or statuses[0]) and (there or statuses[1]):
        return "same" if statuses[0] == statuses[1] else "other"
    if here is None or there is None or one is None or other is None:
        return "none" if here is there is None else "none here" if here is None else "none there"
    counts, counts_there = counts_of(one), counts_of(other)
    if here.unit != there.unit or not (here.is_share or one.statistic == other.statistic):
        return "unlike"
    if there.value is None:
        if here.value is None:
            return "same" if (here.lower, here.upper) == (there.lower, there.upper) else "other"
        return "covers" if there.holds(here.value) else "leaves out"
    if here.value is None:
        return "covers" if here.holds(there.value) else "leaves out"
    if here.bound == there.bound and (here.value == there.value or (counts and counts == counts_there)):
        return "same"
    if here.bound != "=":
        return "covers" if _within_bound(here, there.value) else "leaves out"
    if here.rounds(there):
        return "rounded"
    return "finer" if there.rounds(here) else "cut" if here.cuts(there) else "other"


def _unreached(measurement: Measurement | None) -> str:
    """Return that a value was not reached, or could not be estimated, which is a finding like a figure."""
    status = measurement.value_status if measurement and measurement.value is None else None
    return status if status in ("not-reached", "not-evaluable") else ""


def _within_bound(limit: Figure, value: Decimal) -> bool:
    assert limit.value is not None  # noqa: S101  # the caller looked
    if limit.bound.startswith("<"):
        return value < limit.value or (value == limit.value and limit.bound == "<=")
    if limit.bound.startswith(">"):
        return value > limit.value or (value == limit.value and limit.bound == ">=")
    return abs(value - limit.value) <= limit.value / 10  # about


def topics_of(claim: KnownClaim) -> frozenset[str]:
    """Return the factors that a claim is on, what it compares or is about, and the regulatory event it reports."""
    named = {about.removeprefix("factor/") for about in getattr(claim.stated, "about", ()) if "factor/" in about}
    single = (getattr(claim.stated, name, None) for name in ("factor", "regulatory_event"))
    return frozenset((*named, *filter(None, single)))


def interval_of(measurement: Measurement | None) -> Interval | None:
    """Return the interval printed around a share, else that of Clopper and Pearson from its counts; as fractions."""
    figure, counts = figure_of(measurement), counts_of(measurement)
    inferential = figure is not None and figure.interval in ("", "confidence", "prediction")
    if measurement is not None and figure and figure.is_share and has_interval(measurement) and inferential:
        return Interval(float(figure.lower or 0), float(figure.upper or 0))
    return clopper_pearson_interval(*counts, level=_LEVEL) if counts else None


def _weight(
    difference: Difference, here: KnownClaim, there: KnownClaim, evidence: Evidence, *, figure: bool
) -> Literal["differs", "widened", ""]:
    """Return whether a difference makes the figure another, is a wider wording, or is neither."""
    axis, standing = difference.axis, difference.standing
    if axis == "source-kind" or axis not in _AXIS:
        return ""
    if axis in ("cohort", "population", "dose") and _share_patients(here, there, evidence):
        return ""  # two reports on one trial
    if axis == "cohort" and not figure:
        return ""
    if axis == "therapy" and standing == "wider":
        return "widened"
    if axis == "indication" and standing == "narrower" and _nearly_all(here, there, evidence):
        return "widened"
    if axis == "indication" and standing == "other" and not figure:
        most = _most(there, evidence)
        disease = most.indication if most else there.indication
        return "widened" if evidence.have_common("indication", here.indication, disease) else "differs"
    if axis in ("outcome", "grade") and standing == "wider":
        counted_within = figure and evidence.is_part(there.outcome, here.outcome)
        return "differs" if counted_within else "widened"
    if axis == "denominator" and standing == "only-there" and _presupposes(here, evidence):
        return "widened"
    if axis in ("time", "prior-cd19") and standing == "only-there":
        return ""  # dropped, see below
    if axis == "denominator" and not figure:
        return ""
    return "widened" if standing == "wider" and not figure else "differs"


def _nearly_all(here: KnownClaim, there: KnownClaim, evidence: Evidence) -> str:
    """Return that nearly all patients of a claim have the indication of a statement: ``57 of 58 with B-ALL``."""
    cohort = evidence.cohort_of(there)
    if cohort is None or not cohort.size:
        return ""
    parts = cohort.composition
    have = sum(part.size for part in parts if evidence.is_within("indication", part.indication, here.indication))
    if have < ALMOST_ALL * cohort.size:
        return ""
    return f"{have} of {cohort.size} with {short_label('indication', here.indication, evidence)}"


def _most(claim: KnownClaim, evidence: Evidence) -> CohortPart | None:
    """Return the part of a cohort that nearly all its patients belong to; nothing where none is so large."""
    cohort = evidence.cohort_of(claim)
    if cohort is None or not cohort.size:
        return None
    size = cohort.size
    return next((part for part in cohort.composition if part.size >= ALMOST_ALL * size), None)


def _disease(claim: KnownClaim, evidence: Evidence) -> str:
    """Return the indication of a claim in words, or which nearly all its patients have: ``57 of 58 with B-ALL``."""
    most, cohort = _most(claim, evidence), evidence.cohort_of(claim)
    if most is None or cohort is None or most.indication == claim.indication:
        return short_label("indication", claim.indication, evidence)
    return f"{most.size} of {cohort.size} with {short_label('indication', most.indication, evidence)}"


def _share_patients(here: KnownClaim, there: KnownClaim, evidence: Evidence) -> bool:
    """Return whether both count patients of one trial, or may."""
    return bool(here.cohort and there.cohort and evidence.patients.why(here.cohort, there.cohort))


def _presupposes(claim: KnownClaim, evidence: Evidence) -> bool:
    """Return whether only those can have an outcome who had responded: relapse, or what lasts."""
    return evidence.fact("outcome", claim.outcome, "outcomeKind") == "durability"


def _prior(here: KnownClaim, there: KnownClaim, evidence: Evidence) -> Iterator[Difference]:
    """Yield that a statement on patients whom a CD19-directed therapy failed restates a figure of others as well."""
    if f"factor/{_PRIOR}" not in getattr(here.stated, "about", ()):
        return
    claims = (claim for claim in evidence.claims.values() if claim.cohort and claim.cohort == there.cohort)
    for claim in claims:
        counts = counts_of(claim.measurement)
        if claim.outcome == "prior-cd19-directed-therapy" and counts and counts[0] < counts[1]:
            some = f"only {counts[0]} of {counts[1]} after a CD19-directed therapy"
            yield Difference("prior-cd19", "all after a CD19-directed therapy", some, "narrower")
            return


def _left_out(here: KnownClaim, there: KnownClaim, evidence: Evidence) -> Iterator[str]:
    """Yield what the claim states of its figure and the statement does not."""
    mine, theirs = here.measurement, there.measurement
    if theirs is not None and value_words(theirs, evidence):
        if mine is None or (figure_of(mine) is None and not _unreached(mine)):
            if figure_of(theirs) is not None:
                yield "figure"
        else:
            if has_interval(theirs) and mine.lower is None:
                yield "interval"
            if theirs.value is not None and (limit := limit_words(theirs)) and not limit_words(mine):
                yield f'"{limit}"'
            if theirs.total and not mine.total:
                yield "number of patients"
            if time_of(theirs) and not time_of(mine):
                yield "time point"
    if here.therapy != there.therapy and evidence.is_within("therapy", there.therapy, here.therapy):
        yield "product" if evidence.fact("therapy", there.therapy, "construct") else "construct"
    says_so = AFTER_CD19 in here.inferred or f"factor/{_PRIOR}" in getattr(here.stated, "about", ())
    if AFTER_CD19 in there.inferred and not says_so:
        yield "earlier CD19-directed therapy of the patients"


def in_words(comparison: Comparison, evidence: Evidence) -> str:
    """Return how a statement compares with a claim, for a table: figure first, then what differs."""
    words = {
        "same": "same figure",
        "rounded": "same figure, rounded",
        "cut": "same figure, cut",
        "finer": "the figure there has fewer digits",
        "covers": "inside what is stated here",
        "other": "another figure",
        "leaves out": "outside what is stated here",
        "unlike": "a figure of another kind",
        "none there": "no figure there",
    }
    parts = [words.get(comparison.standing, "")]
    for difference in (*comparison.differing, *comparison.widened):
        here, there = said(difference, comparison, evidence)
        parts.append(f"{axis_of(difference)}: {there or 'not stated'} there, {here or 'not stated'} here")
    return "; ".join(filter(None, parts))


def said(difference: Difference, comparison: Comparison, evidence: Evidence) -> tuple[str, str]:
    """Return what both state on an axis, concepts by their short names."""
    kind = "outcome" if difference.axis in ("outcome", "grade") else difference.axis
    if kind == "indication":
        nearly = difference.standing == "narrower" and _nearly_all(comparison.here, comparison.there, evidence)
        here = short_label(kind, comparison.here.indication, evidence)
        return here, nearly or _disease(comparison.there, evidence)
    if kind in ("therapy", "outcome"):
        slugs = (getattr(comparison.here, kind), getattr(comparison.there, kind))
        return short_label(kind, slugs[0], evidence), short_label(kind, slugs[1], evidence)
    return difference.here, difference.there
