"""Statistics: published worked examples, and what must hold for any numbers."""

from __future__ import annotations

from collections.abc import Callable
from math import comb

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cd22kg.statistics import Interval, clopper_pearson_interval, wilson_interval

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
LEVELS = st.floats(0.01, 0.999)
Method = Callable[..., Interval]
#: Events and total of a proportion.
COUNTS = st.integers(1, 2000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total)))


@pytest.mark.parametrize(
    ("events", "total", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
    ids=["81-of-263", "15-of-148", "0-of-20", "1-of-29"],
)
def test_wilson_published_examples(events: int, total: int, low: float, high: float) -> None:
    """Newcombe 1998, table I, method 3 (score without continuity correction), to the four printed digits."""
    found = wilson_interval(events, total)

    assert (low, high) == (round(found.low, 4), round(found.high, 4))


@pytest.mark.parametrize(
    ("events", "total", "low", "high"),
    [(81, 263, 0.2527, 0.3676), (15, 148, 0.0578, 0.1617), (0, 20, 0.0, 0.1684), (1, 29, 0.0009, 0.1776)],
    ids=["81-of-263", "15-of-148", "0-of-20", "1-of-29"],
)
def test_clopper_pearson_published_examples(events: int, total: int, low: float, high: float) -> None:
    """Newcombe 1998, table I, method 5 (exact binomial), to the four printed digits."""
    found = clopper_pearson_interval(events, total)

    assert (low, high) == (round(found.low, 4), round(found.high, 4))


@CALM
@given(st.integers(1, 60).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))), LEVELS)
def test_clopper_pearson_solves_its_tails(counts: tuple[int, int], level: float) -> None:
    """At either limit the binomial tail up to the observed events has half of what the level leaves."""
    events, total = counts
    low, high = clopper_pearson_interval(events, total, level=level)

    def below(share: float, most: int) -> float:
        return sum(comb(total, k) * share**k * (1 - share) ** (total - k) for k in range(most + 1))

    tail = pytest.approx((1 - level) / 2, rel=1e-6)
    assert (low == 0) if events == 0 else (tail == 1 - below(low, events - 1))
    assert (high == 1) if events == total else (tail == below(high, events))


@pytest.mark.parametrize("interval", [clopper_pearson_interval, wilson_interval])
@pytest.mark.parametrize(("events", "total", "level"), [(3, 2, 0.95), (-1, 2, 0.95), (0, 0, 0.95), (1, 2, 95.0)])
def test_every_method_refuses_the_impossible(interval: Method, events: int, total: int, level: float) -> None:
    """Counts and levels that cannot be have no interval."""
    with pytest.raises(ValueError, match=r"need 0 <= events|the level is a fraction"):
        interval(events, total, level=level)


@CALM
@given(COUNTS, LEVELS)
def test_interval_holds_the_proportion(counts: tuple[int, int], level: float) -> None:
    """The bounds are fractions, in order, with the proportion between them."""
    events, total = counts
    low, high = wilson_interval(events, total, level=level)

    assert 0 <= low <= events / total <= high <= 1
    assert low < high


@CALM
@given(COUNTS, LEVELS)
def test_interval_of_the_opposite_is_mirrored(counts: tuple[int, int], level: float) -> None:
    """Counting those without the outcome mirrors the interval."""
    events, total = counts
    found, mirror = wilson_interval(events, total, level=level), wilson_interval(total - events, total, level=level)

    assert pytest.approx(found.low, abs=1e-12) == 1 - mirror.high
    assert pytest.approx(found.high, abs=1e-12) == 1 - mirror.low


@CALM
@given(COUNTS, LEVELS, LEVELS)
def test_higher_level_widens(counts: tuple[int, int], one: float, other: float) -> None:
    """An interval of a higher level holds that of a lower one."""
    events, total = counts
    narrow, wide = (wilson_interval(events, total, level=level) for level in sorted((one, other)))

    assert wide.low <= narrow.low + 1e-12
    assert narrow.high <= wide.high + 1e-12


@CALM
@given(COUNTS)
def test_more_patients_narrow(counts: tuple[int, int]) -> None:
    """The same proportion in ten times as many patients has a narrower interval."""
    events, total = counts
    few, many = wilson_interval(events, total), wilson_interval(10 * events, 10 * total)

    assert many.high - many.low < few.high - few.low


@CALM
@given(COUNTS.filter(lambda counts: counts[0] < counts[1]))
def test_more_events_move_up(counts: tuple[int, int]) -> None:
    """One more event moves both bounds up."""
    events, total = counts
    fewer, more = wilson_interval(events, total), wilson_interval(events + 1, total)

    assert fewer.low < more.low
    assert fewer.high < more.high


@pytest.mark.parametrize("total", [1, 3, 21, 10_000])
def test_bounds_at_the_ends_are_exact(total: int) -> None:
    """No events give a lower bound of 0, and nothing but events an upper bound of 1, without rounding errors."""
    assert wilson_interval(0, total).low == 0.0
    assert wilson_interval(total, total).high == 1.0


@pytest.mark.parametrize(("events", "total"), [(1, 0), (0, 0), (-1, 10), (47, 32), (0, -5)], ids=str)
def test_impossible_counts_are_refused(events: int, total: int) -> None:
    """Counts that cannot be are an error that names them."""
    with pytest.raises(ValueError, match=f"got {events} of {total}"):
        wilson_interval(events, total)


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0, -0.5, float("nan")], ids=str)
def test_level_is_a_fraction(level: float) -> None:
    """A level in percent, or at the ends, is an error."""
    with pytest.raises(ValueError, match="the level is a fraction between 0 and 1"):
        wilson_interval(1, 2, level=level)


def test_interval_has_names() -> None:
    """The bounds are reached by name and in order."""
    assert Interval(low=0.1, high=0.2) == (0.1, 0.2)
