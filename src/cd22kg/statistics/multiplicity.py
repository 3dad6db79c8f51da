"""P values of many tests at once, adjusted for their number."""

from __future__ import annotations

from collections.abc import Callable, Sequence


def holm(p_values: Sequence[float], *, tests: int | None = None) -> tuple[float, ...]:
    """Return p values adjusted after Holm: one below 0.05 is a false alarm in one analysis of twenty at most.

    Args:
        p_values: Fractions in [0, 1], in any order.
        tests: How many tests were made, where only the smallest p values are given; their number by default.

    Returns:
        The adjusted values, fractions in [0, 1], in the order given; none is below its p value.

    Raises:
        ValueError: If a p value is no fraction, or there are more of them than tests.

    Source: Holm 1979, Scandinavian Journal of Statistics 6:65-70; `p.adjust` of R gives the same.

    Example:
        >>> holm([0.01, 0.04, 0.02])
        (0.03, 0.04, 0.04)
    """
    count = _count(p_values, tests)
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, at in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (count - rank) * p_values[at]))
        adjusted[at] = highest
    return tuple(adjusted)


def benjamini_hochberg(p_values: Sequence[float], *, tests: int | None = None) -> tuple[float, ...]:
    """Return p values adjusted after Benjamini and Hochberg: of those below 0.05 one in twenty is a false alarm.

    That holds for tests that do not depend on one another, or do so in the same direction.

    Args:
        p_values: Fractions in [0, 1], in any order.
        tests: How many tests were made, where only the smallest p values are given; their number by default. A value
            adjusted is then exact where it is below what the next p value not given would have.

    Returns:
        The adjusted values, fractions in [0, 1], in the order given; none is below its p value.

    Raises:
        ValueError: If a p value is no fraction, or there are more of them than tests.

    Source: Benjamini and Hochberg 1995, Journal of the Royal Statistical Society B 57:289-300; `p.adjust` of R gives
    the same.

    Example:
        >>> benjamini_hochberg([0.01, 0.04, 0.02])
        (0.03, 0.04, 0.03)
    """
    count = _count(p_values, tests)
    adjusted = [0.0] * len(p_values)
    lowest = 1.0
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    for rank in range(len(order), 0, -1):
        at = order[rank - 1]
        # A p value times 1 is itself, though not by rounding.
        lowest = min(lowest, p_values[at] if rank == count else p_values[at] * count / rank)
        adjusted[at] = lowest
    return tuple(adjusted)


def unadjusted(p_values: Sequence[float], *, tests: int | None = None) -> tuple[float, ...]:
    """Return p values as they are.

    Raises:
        ValueError: If one is no fraction, or there are more of them than tests.
    """
    _count(p_values, tests)
    return tuple(p_values)


#: Ways to adjust, by name.
ADJUSTMENTS: dict[str, Callable[..., tuple[float, ...]]] = {
    "holm": holm,
    "bh": benjamini_hochberg,
    "none": unadjusted,
}


def _count(p_values: Sequence[float], tests: int | None) -> int:
    """Return the number of tests, after a look at the p values."""
    for p in p_values:
        if not 0 <= p <= 1:
            raise ValueError(f"a p value is a fraction from 0 to 1, got {p}")
    count = len(p_values) if tests is None else tests
    if count < len(p_values):
        raise ValueError(f"there are {len(p_values)} p values of {count} tests")
    return count
