"""From numbers to places along an axis, and the numbers that are written at it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor, log10

#: Part of the axis of all shares beyond which the whole axis is shown, and the least part that is shown.
_MOST, _LEAST = 0.5, 0.2
#: Shares nearer to an end than this bring the axis to that end.
_NEAR_END = 0.1


@dataclass(frozen=True)
class Scale:
    """A straight line from numbers to places.

    Attributes:
        low: The number at the beginning.
        high: The number at the end.
        start: The place of the beginning, in points.
        stop: The place of the end.
    """

    low: float
    high: float
    start: float
    stop: float

    def at(self, number: float) -> float:
        """Return the place of a number; what lies beyond an end is put there."""
        share = (number - self.low) / (self.high - self.low)
        return self.start + min(max(share, 0.0), 1.0) * (self.stop - self.start)


def share_range(shares: Iterable[float]) -> tuple[float, float]:
    """Return the part of 0 to 1 that an axis shows: all of it, or the whole tenths around shares close together.

    Example:
        >>> share_range([0.12, 0.48]), share_range([0.55, 0.85]), share_range([0.12, 0.85])
        ((0.0, 0.5), (0.5, 1.0), (0.0, 1.0))
    """
    known = list(shares)
    low = floor(round(10 * min(known), 6)) / 10
    high = ceil(round(10 * max(known), 6)) / 10
    if high - low > _MOST:
        return 0.0, 1.0
    if low <= _NEAR_END:
        low = 0.0
    if high >= 1 - _NEAR_END:
        high = 1.0
    if high - low < _LEAST:
        low = max(0.0, high - _LEAST)
        high = max(high, low + _LEAST)
    return low, high


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return round numbers from one end to the other, no more than asked: steps of 1, 2 or 5 times a power of ten.

    Example:
        >>> ticks(0, 100), ticks(0, 1.3, 4)
        ([0.0, 20.0, 40.0, 60.0, 80.0, 100.0], [0.0, 0.5, 1.0])
    """
    power = floor(log10((high - low) / most))
    for factor in (1, 2, 5, 10, 20):
        step = factor * 10.0**power
        first, last = ceil(round(low / step, 6)), floor(round(high / step, 6))
        if last - first < most:
            break
    return [round(number * step, 10) + 0.0 for number in range(first, last + 1)]


def written(numbers: list[float]) -> list[str]:
    """Return numbers at an axis as texts, all with as many decimals as the longest of them.

    Example:
        >>> written([0, 0.5, 1])
        ['0.0', '0.5', '1.0']
    """
    decimals = max(len(f"{number:g}".partition(".")[2]) for number in numbers)
    return [f"{number:.{decimals}f}" for number in numbers]
