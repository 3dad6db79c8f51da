"""Fisher's exact test of two proportions."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from math import fsum

from cd22kg.statistics.proportion import check_counts

#: Tables whose probabilities differ by less, relatively, are equally probable: what rounding may do to a tie.
TIE = 1e-7
#: Tables are left out as soon as they are so much less probable than the most probable one.
_NEGLIGIBLE = 1e-300


def fisher_exact(events1: int, total1: int, events2: int, total2: int) -> float:
    """Return the two-sided p value of Fisher's exact test: does an outcome come as often in two groups?

    It is the probability, with the margins as they are, of all tables that are no more probable than the one observed.
    Its time grows with the root of the totals.

    Args:
        events1: Patients of the first group with the outcome, 0 <= events1 <= total1.
        total1: Patients of the first group, total1 >= 1.
        events2: Patients of the second group with the outcome, 0 <= events2 <= total2.
        total2: Patients of the second group, total2 >= 1.

    Returns:
        A fraction in [0, 1]; 0 where it is below about 1e-300.

    Raises:
        ValueError: If a count is out of range.

    Source: the convictions of Fisher 1970, Statistical Methods for Research Workers, section 21.02: 10 of 13
    monozygotic twins against 2 of 17 dizygotic ones; the sum over tables is that of R's `fisher.test`.

    Example:
        >>> f"{fisher_exact(10, 13, 2, 17):.7f}"
        '0.0005367'
    """
    weights = table_weights(events1, total1, events2, total2)
    most = weights.get(events1, 0.0) * (1 + TIE)
    return fsum(weight for weight in weights.values() if weight <= most) / fsum(weights.values())


def table_weights(events1: int, total1: int, events2: int, total2: int) -> dict[int, float]:
    """Return how probable tables with the same margins are beside the most probable one, by events of the first group.

    Tables that are next to impossible are left out.

    Raises:
        ValueError: If a count is out of range.
    """
    for events, total in ((events1, total1), (events2, total2)):
        check_counts(events, total)
    both = events1 + events2
    mode = (total1 + 1) * (both + 1) // (total1 + total2 + 2)
    weights = {mode: 1.0}
    for step in (1, -1):
        rows = _beyond(mode, step, both, total1, total2)
        weights.update(takewhile(lambda row: row[1] > _NEGLIGIBLE, rows))
    return weights


def _beyond(mode: int, step: int, both: int, total1: int, total2: int) -> Iterator[tuple[int, float]]:
    """Yield the tables beyond the most probable one: events of the first group, and how probable it is beside that one.

    Each follows from the one before by the ratio of two terms of the hypergeometric distribution.
    """
    weight, events = 1.0, mode
    while True:
        if step > 0:
            weight *= (total1 - events) * (both - events) / ((events + 1) * (total2 - both + events + 1))
        else:
            weight *= events * (total2 - both + events) / ((total1 - events + 1) * (both - events + 1))
        events += step
        yield events, weight
