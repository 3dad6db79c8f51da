"""Whether two shares of patients differ by more than chance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Literal

from cd22kg.statistics.fisher import fisher_exact
from cd22kg.statistics.midp import fisher_midp
from cd22kg.statistics.outliers import normal_tails
from cd22kg.synthesis.conflicts.shares import Share

#: How two shares are tested where both have counts.
COUNT_TESTS: dict[str, Callable[[int, int, int, int], float]] = {"fisher": fisher_exact, "midp": fisher_midp}
#: What is done: a test of counts; two intervals, or an interval and a value that is taken for exact; a range in which
#: the other value lies or does not; nothing.
Method = Literal["fisher", "midp", "intervals", "value", "range", "none"]


@dataclass(frozen=True)
class PairTest:
    """What came of holding two shares against each other; shares and differences are fractions.

    Attributes:
        method: How.
        difference: The first share less the second.
        lower: Lower end of the 95 % interval of the difference, for independent patients.
        upper: Upper end.
        z: The difference divided by what chance makes of it, where that comes from intervals.
        p: Two-sided p value; of method ``value`` the least it can be, as the value is not exact.
        apart: Whether the intervals, the value and the interval, or the value and the range do not overlap.
        valid: Whether the test holds: that of the counts of two cohorts that share patients does not.
        adjusted: The p value, adjusted for the number of pairs tested; nothing where the pair is not among them, and
            where it is at or above the level in a graph of so many pairs that such values are not computed.
    """

    method: Method
    difference: float | None = None
    lower: float | None = None
    upper: float | None = None
    z: float | None = None
    p: float | None = None
    apart: bool | None = None
    valid: bool = True
    adjusted: float | None = None


def pair_test(one: Share, other: Share, counts: str = "fisher", *, valid: bool = True) -> PairTest:
    """Return the test of two shares that fits what is known of them.

    Two counts are tested by Fisher's exact test or its mid-p version; else z is the difference, divided by the root of
    the sum of squares of those standard errors of the two that point to each other. An interval is Wilson's where
    there are counts or a number of patients. The interval of the difference is made of the two intervals in the same
    way.

    Args:
        one: A share.
        other: The other one.
        counts: Name of the test of counts, one of `COUNT_TESTS`.
        valid: Whether they count different patients.

    Source: Newcombe 1998, Statistics in Medicine 17:873-890, method 10, for counts; Zou and Donner 2008, Statistics in
    Medicine 27:1693-1702, for any two intervals.
    """
    if one.value is None or other.value is None or "range" in (one.basis, other.basis):
        return _in_range(one, other)
    difference = one.value - other.value
    lower = upper = z = p = None
    apart = _are_apart(one, other)
    if one.is_known and other.is_known:
        (low, high), (low2, high2) = (share.at(share.reach) for share in (one, other))
        lower = max(-1.0, difference - sqrt((one.value - low) ** 2 + (high2 - other.value) ** 2))
        upper = min(1.0, difference + sqrt((high - one.value) ** 2 + (other.value - low2) ** 2))
    if one.counts and other.counts:
        p = COUNT_TESTS[counts](*one.counts, *other.counts)
        method: Method = "fisher" if counts == "fisher" else "midp"
        return PairTest(method, difference, lower, upper, None, p, apart, valid)
    if not one.is_known and not other.is_known:
        return PairTest("none", difference, valid=valid)
    if (error := standard_error(one, other)) > 0:
        z = difference / error
        p = normal_tails(z)
    method = "intervals" if one.is_known and other.is_known else "value"
    return PairTest(method, difference, lower, upper, z, p, apart, valid)


def standard_error(one: Share, other: Share) -> float:
    """Return the standard error of a difference, from the sides of the intervals that point to each other."""
    low, high = (one, other) if (one.value or 0.0) <= (other.value or 0.0) else (other, one)
    up = ((low.upper or 0.0) - (low.value or 0.0)) / low.reach if low.is_known else 0.0
    down = ((high.value or 0.0) - (high.lower or 0.0)) / high.reach if high.is_known else 0.0
    return sqrt(up * up + down * down)


def _are_apart(one: Share, other: Share) -> bool | None:
    """Return whether the intervals do not overlap; a value without one is a point."""
    if not one.is_known and not other.is_known:
        return None
    (low, high), (low2, high2) = (share.at(share.reach) for share in (one, other))
    return high < low2 or high2 < low


def _in_range(one: Share, other: Share) -> PairTest:
    """Return whether the value of one lies in the range of the other."""
    ranges = [share for share in (one, other) if share.basis == "range"]
    values = [share.value for share in (one, other) if share.basis != "range"]
    if len(ranges) != 1 or values[0] is None or ranges[0].lower is None or ranges[0].upper is None:
        return PairTest("none")
    return PairTest("range", apart=not ranges[0].lower <= values[0] <= ranges[0].upper)
