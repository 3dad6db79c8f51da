"""Intervals of a single proportion."""

from __future__ import annotations

from math import exp, lgamma, log, log1p
from statistics import NormalDist
from typing import NamedTuple

#: Relative precision of what is found by approximation.
_PRECISION = 1e-13
#: Terms of a continued fraction; it converges in about the root of the number of patients.
_MOST_TERMS = 10_000


class Interval(NamedTuple):
    """Bounds as fractions in [0, 1], not percent."""

    low: float
    high: float


def wilson_interval(events: int, total: int, *, level: float = 0.95) -> Interval:
    """Return the Wilson score interval of a proportion.

    Args:
        events: Patients with the outcome, 0 <= events <= total.
        total: Evaluable patients, total >= 1.
        level: Two-sided confidence level, a fraction in (0, 1).

    Returns:
        Bounds as fractions in [0, 1], not percent.

    Raises:
        ValueError: If events, total or level are out of range.

    Source: method 3 (Wilson 1927) and table I of Newcombe 1998, Statistics in Medicine 17:857-872.

    Example:
        >>> low, high = wilson_interval(81, 263)
        >>> f"{low:.4f} {high:.4f}"
        '0.2553 0.3662'
    """
    check_counts(events, total)
    check_level(level)
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = events / total
    spread = z * (share * (1 - share) / total + z * z / (4 * total * total)) ** 0.5
    scale = 1 + z * z / total
    centre = share + z * z / (2 * total)
    # At the ends one bound is exactly 0 or 1; rounding must not push it out.
    low = 0.0 if events == 0 else max(0.0, (centre - spread) / scale)
    high = 1.0 if events == total else min(1.0, (centre + spread) / scale)
    return Interval(low, high)


def clopper_pearson_interval(events: int, total: int, *, level: float = 0.95) -> Interval:
    """Return the Clopper-Pearson ("exact") interval of a proportion.

    Args:
        events: Patients with the outcome, 0 <= events <= total.
        total: Evaluable patients, total >= 1.
        level: Two-sided confidence level, a fraction in (0, 1).

    Returns:
        Bounds as fractions in [0, 1], not percent.

    Raises:
        ValueError: If events, total or level are out of range.

    Source: method 5 (Clopper and Pearson 1934) and table I of Newcombe 1998, Statistics in Medicine 17:857-872.

    Example:
        >>> low, high = clopper_pearson_interval(81, 263)
        >>> f"{low:.4f} {high:.4f}"
        '0.2527 0.3676'
    """
    check_counts(events, total)
    check_level(level)
    tail = (1 - level) / 2
    low = 0.0 if events == 0 else _beta_quantile(tail, events, total - events + 1)
    high = 1.0 if events == total else _beta_quantile(1 - tail, events + 1, total - events)
    return Interval(low, high)


def check_counts(events: int, total: int) -> None:
    """Refuse counts that cannot be.

    Raises:
        ValueError: If there are more events than the total, fewer than none, or there is no total.
    """
    if total < 1 or not 0 <= events <= total:
        raise ValueError(f"need 0 <= events <= total and total >= 1, got {events} of {total}")


def check_level(level: float) -> None:
    """Refuse a level that is none.

    Raises:
        ValueError: If it is not a fraction between 0 and 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"the level is a fraction between 0 and 1, got {level}")


def _beta_quantile(share: float, a: int, b: int) -> float:
    """Return the x in (0, 1) at which the beta distribution with parameters a and b reaches a share, by bisection."""
    low, high = 0.0, 1.0
    while True:
        middle = (low + high) / 2
        if not low < middle < high or high - low < _PRECISION * low:
            return middle
        low, high = (middle, high) if _beta_share(middle, a, b) < share else (low, middle)


def _beta_share(x: float, a: int, b: int) -> float:
    """Return the regularized incomplete beta function of x in (0, 1), by a continued fraction.

    Source: https://dlmf.nist.gov/8.17 equations 20 and 22, evaluated after Lentz.
    """
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta_share(1 - x, b, a)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
    fraction, above, below = 2.0, 2.0, 1.0
    for step in range(1, _MOST_TERMS):
        m = step // 2
        if step % 2:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        below = 1 / (1 + term * below)
        above = 1 + term / above
        fraction *= above * below
        if abs(above * below - 1) < _PRECISION:
            break
    return front * (fraction - 1)
