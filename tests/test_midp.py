"""The mid-p version of Fisher's exact test: published values, exact sums, other programs, what must always hold."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats  # type: ignore[import-untyped]

from cd22kg.statistics.fisher import fisher_exact
from cd22kg.statistics.midp import fisher_midp

CALM = settings(deadline=None)


def counts(most: int) -> st.SearchStrategy[tuple[int, int]]:
    """Return events and total."""
    return st.integers(1, most).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total)))


@pytest.mark.parametrize(
    ("table", "expected", "digits"),
    [
        pytest.param((3, 4, 1, 4), 0.257, 3, id="tea, Hwang and Yang 2001"),
        pytest.param((7, 34, 1, 34), 0.02966, 5, id="Perondi 2004"),
        pytest.param((9, 13, 4, 14), 0.03914, 5, id="Lampasona 2013"),
        pytest.param((0, 16, 15, 72), 0.04466, 5, id="Ritland 2007"),
        pytest.param((745, 748, 127, 129), 0.09193139, 8, id="larger"),
    ],
)
def test_published_values(table: tuple[int, int, int, int], expected: float, digits: int) -> None:
    """The examples of Fagerland, Lydersen and Laake, as the R package contingencytables gives them."""
    assert round(fisher_midp(*table), digits) == expected


@CALM
@given(counts(40), counts(40))
def test_it_is_the_sum_over_tables(one: tuple[int, int], other: tuple[int, int]) -> None:
    """In whole numbers, the tables less probable, and half of those as probable, have the share that is found."""
    (events1, total1), (events2, total2) = one, other
    both = events1 + events2
    tables = {k: comb(total1, k) * comb(total2, both - k) for k in range(max(0, both - total2), min(total1, both) + 1)}
    rarer = sum(count for count in tables.values() if count < tables[events1])
    as_rare = sum(count for count in tables.values() if count == tables[events1])

    expected = Fraction(2 * rarer + as_rare, 2 * sum(tables.values()))
    assert fisher_midp(*one, *other) == pytest.approx(float(expected), rel=1e-9)


@CALM
@given(counts(3000), counts(3000))
def test_it_is_below_the_exact_value(one: tuple[int, int], other: tuple[int, int]) -> None:
    """It is half of Fisher's value at least, and lower, by half the probability of tables such as the one observed."""
    exact, found = fisher_exact(*one, *other), fisher_midp(*one, *other)

    assert exact / 2 * (1 - 1e-9) <= found
    assert found < exact or exact == 0
    assert fisher_midp(*other, *one) == pytest.approx(found, rel=1e-9)


@CALM
@given(counts(200), counts(200))
def test_fisher_agrees_with_scipy(one: tuple[int, int], other: tuple[int, int]) -> None:
    """The test that it is a version of is that of SciPy."""
    table = [[events, total - events] for events, total in (one, other)]

    assert fisher_exact(*one, *other) == pytest.approx(stats.fisher_exact(table).pvalue, rel=1e-9)


def test_large_groups() -> None:
    """For many patients both come near one another."""
    assert fisher_midp(1234, 5000, 1100, 5100) == pytest.approx(fisher_exact(1234, 5000, 1100, 5100), rel=0.05)


def test_only_one_table() -> None:
    """Where nobody had the outcome, half of the one table there is."""
    assert fisher_midp(0, 5, 0, 9) == 0.5


@pytest.mark.parametrize("table", [(1, 0, 1, 2), (3, 2, 1, 2), (1, 2, -1, 2)], ids=str)
def test_impossible_counts(table: tuple[int, int, int, int]) -> None:
    """Counts that cannot be are an error."""
    with pytest.raises(ValueError, match="need 0 <= events <= total"):
        fisher_midp(*table)
