"""The pairs of claims that may differ by more than chance, found without looking at every pair.

The shares on one subject are sorted by the ends of intervals, narrow enough that two that overlap cannot be among the
pairs sought. A walk along them finds the pairs that lie apart, in a time that grows with n log n and the pairs found.

Nothing is lost. With intervals of z / sqrt(2) standard errors that overlap, a difference is less than z standard errors
of a difference, as a + b <= sqrt(2) sqrt(a^2 + b^2). Fisher's exact test and its mid-p version can give a smaller p
value than a normal approximation, the most where all of one group and none of the other have the outcome: 2^(1 - 2n) of
two groups of n, whose Wilson intervals at sqrt(n) standard errors meet. So the intervals of counts are taken at `_SAFE`
times that; sqrt(1 / (2 log 2)) = 0.849 is what such groups need as they grow, and no table was found that needs less.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import lgamma, log, sqrt
from statistics import NormalDist

from cd22kg.synthesis.conflicts.comparable import Comparable, Patients, Subject, in_order
from cd22kg.synthesis.conflicts.pair_tests import PairTest, pair_test, standard_error
from cd22kg.synthesis.conflicts.shares import Share, score_interval

_SAFE, _SAFE_UP_TO = 0.84, 0.1
#: What rounding may do to the ends of other intervals.
_ROUNDING = 1 - 1e-9
#: As many pairs are all tested, so that each has its adjusted p value, significant or not.
ALL_TESTED = 2000
#: The smallest p value that is looked for.
_LEAST = 1e-300
#: What rounding may do to the logarithm of the chance of a table.
_CLOSE = 1e-6
#: How a share can be tested: by its counts, by its interval, or only as a value against one of these.
_COUNTS, _KNOWN, _VALUE = range(3)
_Pairs = Iterator[tuple[Share, Share]]
_Family = tuple[list[Share], list[Share]]


@dataclass(frozen=True)
class Pairing:
    """Two claims on different patients, with their test.

    Attributes:
        subject: What they are on.
        one: A claim.
        other: The other one.
        test: The test, with a p value that is not adjusted.
    """

    subject: Subject
    one: Share
    other: Share
    test: PairTest


@dataclass(frozen=True)
class Sweep:
    """The tests that p values are adjusted for.

    Attributes:
        tests: How many pairs can be tested.
        pairs: Those whose p values may be below the level when adjusted; all, where there are at most `ALL_TESTED`, or
            the level is above 0.1.
        most: The p value up to which pairs are among them.
    """

    tests: int
    pairs: tuple[Pairing, ...]
    most: float


def sweep(
    blocks: Sequence[Comparable], patients: Patients, *, counts: str, adjust: str, level: float, more: int = 0
) -> Sweep:
    """Return the pairs of claims on different patients that may differ by more than chance.

    Args:
        blocks: The claims that can be held against each other.
        patients: Tells which claims count the same patients.
        counts: Name of the test of counts.
        adjust: How p values will be adjusted: ``holm``, ``bh`` or ``none``.
        level: Below which an adjusted p value is significant, a fraction in (0, 1).
        more: Tests beside these that the p values are adjusted for as well.
    """
    families = [list(patients.families(block)) for block in blocks]
    related = [list(_related(family, patients)) for family in families]
    surplus = sum(map(len, related)) + more
    tests = surplus + sum(map(_unrelated, blocks, families))
    sides = [_Sides.of(block) for block in blocks]
    if tests <= ALL_TESTED or level > _SAFE_UP_TO:
        most = 1.0
        found = [_every(side) for side in sides]
    else:
        most = _threshold(sides, tests, surplus, adjust, level)
        found = [_apart(side, most) for side in sides]
    may_be = _may_be(most)
    tested = []
    for block, near, far in zip(blocks, related, found, strict=True):
        pairs = (*near, *((a, b) for a, b in far if patients.family(a) != patients.family(b)))
        own = []
        for one, other in (pair for pair in pairs if may_be(*pair)):
            test = pair_test(*in_order(one, other), counts)
            if test.p is not None and test.p <= most:
                own.append(Pairing(block.subject, *in_order(one, other), test))
        tested += sorted(own, key=lambda pair: (pair.one.id, pair.other.id))
    return Sweep(tests, tuple(tested), most)


def _may_be(most: float) -> Callable[[Share, Share], bool]:
    """Return what tells whether a p value may be as small as that, and takes a fraction of the time of a test.

    Of counts it is half the chance of the very table at least; of intervals z is told by it.
    """
    chance, z = log(2 * most) + _CLOSE, -NormalDist().inv_cdf(most / 2) * _ROUNDING

    def may_be(one: Share, other: Share) -> bool:
        if one.counts is None or other.counts is None:
            return abs((one.value or 0.0) - (other.value or 0.0)) >= z * standard_error(one, other)
        (events, total), (events2, total2) = one.counts, other.counts
        ways = _ways(events, total) + _ways(events2, total2)
        return ways < chance + _ways(events + events2, total + total2)

    return may_be


def _ways(events: int, total: int) -> float:
    """Return the logarithm of the number of ways to choose so many patients."""
    return lgamma(total + 1) - lgamma(events + 1) - lgamma(total - events + 1)


def _related(families: Iterable[_Family], patients: Patients) -> _Pairs:
    """Yield the pairs whose cohorts are related, but count different patients; those that can be tested."""
    for family in families:
        for one, other, why in patients.pairs(*family):
            if not why and _is_testable(one) and _is_testable(other) and (one.is_known or other.is_known):
                yield one, other


def _unrelated(block: Comparable, families: Iterable[_Family]) -> int:
    """Return how many pairs of unrelated cohorts can be tested: all but those of two values."""

    def pairs(ones: Sequence[Share], others: Sequence[Share]) -> int:
        (count, values), (count2, values2) = (_numbers(shares) for shares in (ones, others))
        return (count * (count - 1) - values * (values - 1)) // 2 + count * count2 - values * values2

    return pairs(block.shares, block.narrower) - sum(pairs(*family) for family in families)


def _numbers(shares: Iterable[Share]) -> tuple[int, int]:
    """Return how many claims can be tested, and how many of these are values of which nothing else is known."""
    kinds = [_kind(share) for share in shares if _is_testable(share)]
    return len(kinds), kinds.count(_VALUE)


@dataclass(frozen=True)
class _Sides:
    """The claims of a block by how they can be tested: those on its subject, and narrower ones."""

    shares: tuple[list[Share], list[Share], list[Share]]
    narrower: tuple[list[Share], list[Share], list[Share]]

    @classmethod
    def of(cls, block: Comparable) -> _Sides:
        found: list[tuple[list[Share], list[Share], list[Share]]] = []
        for shares in (block.shares, block.narrower):
            kinds: tuple[list[Share], list[Share], list[Share]] = ([], [], [])
            for share in filter(_is_testable, shares):
                kinds[_kind(share)].append(share)
            found.append(kinds)
        return cls(*found)

    def within(self) -> Iterator[list[Share]]:
        """Yield lists whose members are held against each other."""
        yield self.shares[_COUNTS]
        yield self.shares[_KNOWN]

    def between(self) -> Iterator[tuple[list[Share], list[Share]]]:
        """Yield lists whose members are held against those of the other."""
        yield self.shares[_COUNTS], self.narrower[_COUNTS]
        for mine, theirs in ((_KNOWN, _COUNTS), (_VALUE, _COUNTS), (_VALUE, _KNOWN)):
            yield self.shares[mine], self.shares[theirs]
            yield self.shares[mine], self.narrower[theirs]
            yield self.shares[theirs], self.narrower[mine]
        yield self.shares[_KNOWN], self.narrower[_KNOWN]


def _every(sides: _Sides) -> _Pairs:
    for shares in sides.within():
        yield from combinations(shares, 2)
    for ones, others in sides.between():
        yield from product(ones, others)


def _apart(sides: _Sides, most: float) -> _Pairs:
    """Yield the pairs whose p value may be as small as that."""
    for ones, others in _walks(sides, most):
        ones.sort(key=lambda row: row[1])
        highs = [high for _, high, _ in ones]
        for low, _, share in others:
            for _, _, below in ones[: bisect_left(highs, low)]:
                yield below, share


def _count(sides: _Sides, most: float) -> int:
    """Return how many pairs there are of that kind, those of related cohorts among them."""
    count = 0
    for ones, others in _walks(sides, most):
        highs = sorted(high for _, high, _ in ones)
        count += sum(bisect_left(highs, low) for low, _, _ in others)
    return count


_Row = tuple[float, float, Share]


def _walks(sides: _Sides, most: float) -> Iterator[tuple[list[_Row], list[_Row]]]:
    """Yield lists of intervals: each of the first list that ends before one of the second begins makes a pair."""
    z = -NormalDist().inv_cdf(most / 2) / sqrt(2)
    known: dict[tuple[int, int], tuple[float, float]] = {}

    def score(events: int, total: int) -> tuple[float, float]:
        if (events, total) not in known:
            known[events, total] = score_interval(events / total, total, z * _SAFE)
        return known[events, total]

    def rows(shares: Iterable[Share], by_counts: bool) -> list[_Row]:
        if by_counts:
            return [(*score(share.events or 0, share.total or 1), share) for share in shares]
        return [(*share.at(z * _ROUNDING), share) for share in shares]

    for shares in sides.within():
        if len(shares) > 1:
            found = rows(shares, _kind(shares[0]) == _COUNTS)
            yield found, found
    for ones, others in sides.between():
        if ones and others:
            by_counts = _kind(ones[0]) == _kind(others[0]) == _COUNTS
            one, other = rows(ones, by_counts), rows(others, by_counts)
            yield one, other
            yield other, one


def _threshold(sides: Sequence[_Sides], tests: int, surplus: int, adjust: str, level: float) -> float:
    """Return a p value that no pair exceeds whose adjusted one is below the level; the smaller, the less work.

    With Holm's method a p value has to be at most level / (tests - smaller ones), with that of Benjamini and Hochberg
    at most level * (as small ones) / tests; how many there are is bounded by the pairs of intervals that lie apart,
    and a surplus of pairs that are not looked for by intervals.
    """
    most = max(level if adjust != "holm" else 2 * level / tests, _LEAST)
    while adjust == "holm" and most < level:
        found = surplus + sum(_count(side, most) for side in sides)
        if found < tests and level / (tests - found) <= most:
            return most
        most *= 4
    while adjust == "bh" and most > _LEAST:
        closer = level * (surplus + sum(_count(side, most) for side in sides)) / tests
        if closer > most / 2:
            break
        most = closer
    return max(min(most, level), _LEAST)


def _is_testable(share: Share) -> bool:
    return share.value is not None and share.basis != "range"


def _kind(share: Share) -> int:
    return _COUNTS if share.basis == "counts" else _KNOWN if share.is_known else _VALUE
