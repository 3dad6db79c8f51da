"""The share of patients that a claim states, with what is known of its precision: what is held against another."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from math import sqrt
from statistics import NormalDist
from typing import Literal

from cd22kg.queries.claims import KnownClaim
from cd22kg.synthesis.figures import Figure, counts_of, events_from, figure_of, only_whole

#: What the interval of a share comes from: counts of patients; a confidence interval as printed; the number of
#: patients alone, where a rate is estimated over time; a range, of which nobody says how sure it is; nothing.
Basis = Literal["counts", "interval", "total", "range", "none"]
#: Statistics that are shares of patients.
_SHARES = ("proportion", "rate-at-time")
#: Standard errors that a 95 % interval reaches to either side.
NORMAL_95 = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True)
class Share:
    """A share of patients, a fraction.

    Attributes:
        claim: The claim.
        value: The share; nothing for a range.
        basis: What its interval comes from.
        lower: Lower end: Wilson's at 95 % for counts and totals, else as printed.
        upper: Upper end.
        events: Patients with the outcome, printed or worked out.
        total: Patients counted, printed or worked out.
        worked_out: Which of the two follows from the percentage: ``events``, ``total``, or an empty text.
        reach: Standard errors from the value to the ends of the interval.
    """

    claim: KnownClaim
    value: float | None
    basis: Basis
    lower: float | None = None
    upper: float | None = None
    events: int | None = None
    total: int | None = None
    worked_out: str = ""
    reach: float = NORMAL_95

    @cached_property
    def id(self) -> str:
        """Return the slug of the claim."""
        return self.claim.id

    @cached_property
    def cohort(self) -> str:
        """Return the slug of the cohort, or an empty text."""
        return self.claim.cohort or ""

    @cached_property
    def counts(self) -> tuple[int, int] | None:
        """Return events and total, where both are known and are what the share is made of."""
        return (self.events, self.total) if self.basis == "counts" and self.events is not None and self.total else None

    @cached_property
    def is_known(self) -> bool:
        """Return whether something is known of how sure it is."""
        return self.value is not None and self.basis in ("counts", "interval", "total")

    def at(self, z: float) -> tuple[float, float]:
        """Return the ends at another number of standard errors, each moved in proportion; the value alone has none."""
        value = self.value or 0.0
        if not self.is_known or self.lower is None or self.upper is None:
            return value, value
        scale = z / self.reach
        return value - (value - self.lower) * scale, value + (self.upper - value) * scale


def share_of(claim: KnownClaim) -> Share | None:
    """Return the share of patients that a claim states; nothing where it states none.

    A figure with a sign before it, such as ``<= 41 %``, is one only where the counts stand beside it. The counts of a
    pooled claim are not what its share is made of. A value outside its own interval is none: one of them is wrong, and
    nothing tells which.
    """
    measurement, figure = claim.measurement, figure_of(claim.measurement)
    if measurement is None or measurement.statistic not in _SHARES or (figure and not figure.is_share):
        return None
    if claim.type != "PooledClaim" and (counts := _counts(claim, figure)):
        events, total, worked_out = counts
        return Share(claim, events / total, "counts", *score_interval(events / total, total), events, total, worked_out)
    if figure is None or figure.bound not in ("=", "about"):
        return None
    value = None if figure.value is None else float(figure.value)
    ends = [None if end is None else float(end) for end in (figure.lower, figure.upper)]
    if any(number is not None and not 0 <= number <= 1 for number in (value, *ends)):
        return None
    lower, upper = ends
    total = measurement.total or 0
    known = measurement.events, measurement.total
    if value is not None and lower is not None and upper is not None and not lower <= value <= upper:
        return None
    level = _level(measurement.confidence_level)
    if value is not None and None not in ends and figure.interval in ("confidence", "") and level is not None:
        return Share(claim, value, "interval", lower, upper, *known, reach=NormalDist().inv_cdf((1 + level) / 2))
    if lower is not None and upper is not None:
        return Share(claim, value, "range", lower, upper, *known)
    if value is not None and total > 0 and claim.type != "PooledClaim":
        return Share(claim, value, "total", *score_interval(value, total), *known)
    return None if value is None else Share(claim, value, "none", None, None, *known)


def _level(percent: Decimal | None) -> float | None:
    """Return the level of an interval as a fraction, 0.95 where none is printed; nothing where it can be no level."""
    if percent is None:
        return 0.95
    level = float(percent) / 100
    return level if 0.5 <= level < 1 else None


def _counts(claim: KnownClaim, figure: Figure | None) -> tuple[int, int, str] | None:
    """Return events, total, and which of them follows from the percentage, being the one whole number that does."""
    measurement = claim.measurement
    if (printed := counts_of(measurement)) is not None:
        return *printed, ""
    if measurement is None or measurement.statistic != "proportion":
        return None
    if figure is None or figure.value is None or not figure.half or figure.bound != "=":
        return None
    if measurement.total and measurement.events is None:
        events = events_from(figure, measurement.total)
        return None if events is None else (events, measurement.total, "events")
    low, high = figure.value - figure.half, figure.value + figure.half
    if measurement.events and measurement.total is None and low > 0:
        total = only_whole(measurement.events / high, measurement.events / low)
        return (measurement.events, total, "total") if total is not None and total >= measurement.events else None
    return None


def score_interval(share: float, total: int, z: float = NORMAL_95) -> tuple[float, float]:
    """Return Wilson's interval of a share of any number of patients; the share need not be of whole patients.

    Source: Wilson 1927, Journal of the American Statistical Association 22:209-212, as `wilson_interval`.
    """
    spread = z * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale, centre = 1 + z * z / total, share + z * z / (2 * total)
    return min(share, max(0.0, (centre - spread) / scale)), max(share, min(1.0, (centre + spread) / scale))
