"""Pooled proportions and Fisher's exact test: reference values, exact sums, and what must hold for any numbers."""

from __future__ import annotations

from fractions import Fraction
from math import comb, log
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cd22kg.statistics import clopper_pearson_interval, fisher_exact, pool_proportions

CALM = settings(deadline=None)
MOST = 10_000_000


def counts(most: int) -> st.SearchStrategy[tuple[int, int]]:
    """Return events and total."""
    return st.integers(1, most).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total)))


STUDIES = st.lists(counts(2000), min_size=1, max_size=12)


def corrected(study: tuple[int, int]) -> float:
    """Return the proportion of a study as it is pooled."""
    events, total = study
    return (events + 0.5) / (total + 1) if events in (0, total) else events / total


# Fisher's exact test


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ((10, 13, 2, 17), 0.000536724119143436),
        ((3, 4, 1, 4), 0.485714285714286),
        ((27, 56, 40, 57), 0.0219522082819331),
        ((0, 20, 5, 20), 0.0471240471240471),
        ((30, 40, 12, 21), 0.243971848236617),
        ((90, 94, 3, 100), 4.18185293940274e-46),
        ((1234, 5000, 1100, 5100), 0.000210225852258823),
        ((1, 6, 9, 11), 0.0345022624434389),  # another table is exactly as probable
        ((2, 7, 10, 14), 0.158823529411765),
    ],
    ids=str,
)
def test_fisher_reference_values(table: tuple[int, int, int, int], expected: float) -> None:
    """`fisher.test` of R 4.2.2; `fisher_exact` of SciPy 1.17.1 gives the same to 13 digits."""
    assert fisher_exact(*table) == pytest.approx(expected, rel=1e-12)


@CALM
@given(counts(40), counts(40))
def test_fisher_is_the_sum_over_tables(one: tuple[int, int], other: tuple[int, int]) -> None:
    """In whole numbers, the tables that are no more probable have the share of all that is found."""
    (events1, total1), (events2, total2) = one, other
    both = events1 + events2
    tables = {k: comb(total1, k) * comb(total2, both - k) for k in range(max(0, both - total2), min(total1, both) + 1)}
    as_rare = sum(count for count in tables.values() if count <= tables[events1])

    assert fisher_exact(*one, *other) == pytest.approx(float(Fraction(as_rare, sum(tables.values()))), rel=1e-9)


@CALM
@given(counts(MOST), counts(MOST))
def test_fisher_is_symmetric(one: tuple[int, int], other: tuple[int, int]) -> None:
    """Neither the order of the groups nor counting those without the outcome changes the value, a fraction."""
    found = fisher_exact(*one, *other)
    opposite = [(total - events, total) for events, total in (one, other)]

    assert 0 <= found <= 1
    assert fisher_exact(*other, *one) == pytest.approx(found, rel=1e-6)
    assert fisher_exact(*opposite[0], *opposite[1]) == pytest.approx(found, rel=1e-6)


@pytest.mark.parametrize("one", [(0, 5), (5, 5), (2, 4), (5_000_000, MOST)], ids=str)
def test_fisher_of_equal_groups_is_one(one: tuple[int, int]) -> None:
    """Groups that do not differ give exactly 1."""
    assert fisher_exact(*one, *one) == 1.0


@pytest.mark.parametrize("table", [(1, 0, 1, 2), (3, 2, 1, 2), (1, 2, -1, 2), (1, 2, 3, 2), (1, 2, 0, 0)], ids=str)
def test_fisher_refuses_impossible_counts(table: tuple[int, int, int, int]) -> None:
    """Counts that cannot be are an error, in either group."""
    with pytest.raises(ValueError, match="need 0 <= events <= total"):
        fisher_exact(*table)


# Pooling


PRITZ = """16/17 10/12 4/8 43/58 10/10 25/42 13/14 12/12 22/41 4/5 5/6 18/23 58/68 6/10"""


@pytest.mark.parametrize(
    ("studies", "share", "low", "high", "tau2", "i2"),
    [
        ("12/30 9/14 0/8", 0.41187048649805, 0.170459450528469, 0.704724489120297, 0.692460380553741, 64.0915999547375),
        (
            *("40/57 12/21 24/34 0/8", 0.62428975830608, 0.451767894958942),
            *(0.770143739712624, 0.270925614269611, 58.6562296311357),
        ),
        ("3/10 6/10", 0.450869206190343, 0.194041344668602, 0.736846574036547, 0.338278956188092, 43.1089220228997),
        ("30/100 60/100", 0.445581245817809, 0.190584457098379, 0.732850959445688, 0.740064670473806, 94.31089220229),
        (
            *("12/20 13/15 47/47 10/12 6/6 22/22 3/3", 0.881246628350495, 0.71346628497454),
            *(0.956739799650314, 1.08142998022177, 56.2714482877701),
        ),
        (
            *("1/35 0/15 2/15 9/32 1/16 0/49", 0.0756104846159527, 0.0243625714784544),
            *(0.211312161314605, 1.25620343945388, 63.2108498851057),
        ),
        ("5000/20000 1/3 250/1000", 0.250012869950031, 0.244202489679542, 0.255914687181338, 0, 0),
        ("0/5 0/9 0/20", 0.04598710909417, 0.00922788587437738, 0.199666898407446, 0, 0),
        (PRITZ, 0.757306614841311, 0.660566937418204, 0.833427630796706, 0.361558277235463, 56.3544796583738),
    ],
    ids=["three", "four", "few", "many", "all", "rare", "alike", "none", "pritz-1997"],
)
def test_pooling_reference_values(studies: str, share: float, low: float, high: float, tau2: float, i2: float) -> None:
    """`rma(measure="PLO", method="DL", add=1/2, to="only0")` of metafor 3.8.1; I2 there is in percent.

    The last are the 14 studies of its `dat.pritz1997`. `combine_effects` of statsmodels 0.15.0 gives the same.
    """
    counts = [(int(events), int(total)) for events, total in (study.split("/") for study in studies.split())]

    assert pool_proportions(counts) == pytest.approx((share, low, high, tau2, i2 / 100), rel=1e-12)


def test_single_study_is_its_own_mean() -> None:
    """One study is not changed, its interval is Wald's on the logit scale, and nothing is said of differences."""
    found = pool_proportions([(12, 30)])
    spread = 1.959963984540054 * (1 / 12 + 1 / 18) ** 0.5

    assert found.share == pytest.approx(0.4, rel=1e-12)
    assert (found.tau2, found.i2) == (0.0, None)
    assert log(found.low / (1 - found.low)) == pytest.approx(log(12 / 18) - spread)
    assert log(found.high / (1 - found.high)) == pytest.approx(log(12 / 18) + spread)


@CALM
@given(STUDIES)
def test_pooled_share_lies_within_the_studies(studies: list[tuple[int, int]]) -> None:
    """The mean is between the smallest and the largest share, within its interval; both are fractions."""
    found = pool_proportions(studies)
    shares = [corrected(study) for study in studies]

    assert min(shares) - 1e-12 <= found.share <= max(shares) + 1e-12
    assert 0 < found.low < found.share < found.high < 1
    assert found.tau2 >= 0
    assert (found.i2 is None) == (len(studies) == 1)
    assert found.i2 is None or 0 <= found.i2 < 1


@CALM
@given(STUDIES.flatmap(lambda studies: st.tuples(st.just(studies), st.permutations(studies))))
def test_order_of_studies_does_not_matter(given: tuple[list[tuple[int, int]], list[tuple[int, int]]]) -> None:
    """The engine brings rows in any order, so that each order must give the same number to the last digit."""
    assert pool_proportions(given[0]) == pool_proportions(given[1])


@CALM
@given(STUDIES)
def test_pooling_the_opposite_is_mirrored(studies: list[tuple[int, int]]) -> None:
    """Counting those without the outcome mirrors share and interval, and leaves the heterogeneity."""
    found = pool_proportions(studies)
    mirror = pool_proportions([(total - events, total) for events, total in studies])

    assert (1 - mirror.share, 1 - mirror.high, 1 - mirror.low) == pytest.approx(found[:3], abs=1e-9)
    assert mirror.tau2 == pytest.approx(found.tau2, abs=1e-6)


@CALM
@given(counts(2000), st.integers(2, 9))
def test_studies_that_agree_do_not_differ(study: tuple[int, int], number: int) -> None:
    """The same study several times has its share, no heterogeneity, and a narrower interval."""
    one, several = pool_proportions([study]), pool_proportions([study] * number)

    assert several.share == pytest.approx(one.share, rel=1e-12)
    assert (several.tau2, several.i2) == (0.0, 0.0)
    assert several.high - several.low < one.high - one.low


@pytest.mark.parametrize(
    ("studies", "level", "message"),
    [
        ([], 0.95, "there is no study"),
        ([(1, 2), (3, 2)], 0.95, "got 3 of 2"),
        ([(-1, 2)], 0.95, "got -1 of 2"),
        ([(0, 0)], 0.95, "got 0 of 0"),
        ([(1, 2)], 95.0, "the level is a fraction"),
    ],
    ids=str,
)
def test_pooling_refuses_the_impossible(studies: list[tuple[int, int]], level: float, message: str) -> None:
    """No study, counts that cannot be and a level in percent are errors."""
    with pytest.raises(ValueError, match=message):
        pool_proportions(studies, level=level)


# Time


@pytest.mark.parametrize("events", [1, 2_500_000, 5_000_000, MOST - 1])
def test_many_patients_take_no_time(events: int) -> None:
    """The largest totals that a query may give are answered in well under a second each."""
    begun = perf_counter()
    low, high = clopper_pearson_interval(events, MOST)
    p = fisher_exact(events, MOST, 5_000_000, MOST)

    assert low < events / MOST < high
    assert p == (1.0 if events == 5_000_000 else 0.0)
    assert perf_counter() - begun < 5
