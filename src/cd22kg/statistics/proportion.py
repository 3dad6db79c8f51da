"""Intervals of a single proportion."""

from __future__ import annotations

from statistics import NormalDist
from typing import NamedTuple


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
    if total < 1 or not 0 <= events <= total:
        raise ValueError(f"need 0 <= events <= total and total >= 1, got {events} of {total}")
    if not 0 < level < 1:
        raise ValueError(f"the level is a fraction between 0 and 1, got {level}")
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = events / total
    spread = z * (share * (1 - share) / total + z * z / (4 * total * total)) ** 0.5
    scale = 1 + z * z / total
    centre = share + z * z / (2 * total)
    # At the ends one bound is exactly 0 or 1; rounding must not push it out.
    low = 0.0 if events == 0 else max(0.0, (centre - spread) / scale)
    high = 1.0 if events == total else min(1.0, (centre + spread) / scale)
    return Interval(low, high)
