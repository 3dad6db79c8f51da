"""Adjusted p values: the published example, R, and what must hold for any p values."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd22kg.statistics.multiplicity import ADJUSTMENTS, benjamini_hochberg, holm, unadjusted

#: The fifteen p values of Benjamini and Hochberg 1995, section 3.1: thrombolysis after myocardial infarction.
PUBLISHED = (
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
    *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.000),
)
P_VALUES = st.lists(st.floats(0, 1), max_size=40)
ADJUST = pytest.mark.parametrize("adjust", [holm, benjamini_hochberg], ids=["holm", "bh"])
Adjust = Callable[..., tuple[float, ...]]


def test_published_example() -> None:
    """At 0.05 the procedure of 1995 rejects four hypotheses; Bonferroni's, and Holm's with it, three."""
    assert sum(p <= 0.05 for p in benjamini_hochberg(PUBLISHED)) == 4
    assert sum(p <= 0.05 for p in holm(PUBLISHED)) == 3


def test_published_example_in_numbers() -> None:
    """`p.adjust` of R 4.2.2."""
    assert holm(PUBLISHED)[:5] == pytest.approx([0.0015, 0.0056, 0.0247, 0.114, 0.2211], rel=1e-12)
    expected = [0.0015, 0.003, 0.0095, 0.035625, 0.0603, 0.0638571428571429, 0.0638571428571429, 0.0645, 0.0765, 0.486]
    assert benjamini_hochberg(PUBLISHED)[:10] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", ["holm", "BH"])
@pytest.mark.parametrize("more", [0, 7])
def test_r(name: str, more: int) -> None:
    """`p.adjust` of R gives the same, ties and ends among them, and where more tests were made than are given."""
    script = shutil.which("Rscript")
    if script is None:
        pytest.skip("there is no Rscript here")
    rng = Random(7)  # noqa: S311  # no secret
    drawn = [round(rng.random() ** 3, 3) for _ in range(60)] + [0.0, 1.0, 0.01, 0.01]
    values = ",".join(map(str, drawn))
    text = f'cat(format(p.adjust(c({values}), "{name}", {len(drawn) + more}), digits = 15), sep = "\\n")'
    done = subprocess.run([script, "-e", text], capture_output=True, text=True, check=True)
    expected = [float(line) for line in done.stdout.split()]

    assert ADJUSTMENTS[name.lower()](drawn, tests=len(drawn) + more) == pytest.approx(expected, rel=1e-12)


@ADJUST
@given(P_VALUES)
def test_adjusted_is_not_below(adjust: Adjust, p_values: list[float]) -> None:
    """Adjusting never lowers a p value and never leaves the fractions; smaller ones stay smaller."""
    found = adjust(p_values)

    assert all(p <= q <= 1 for p, q in zip(p_values, found, strict=True))
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    assert [found[at] for at in order] == sorted(found)


@ADJUST
@given(P_VALUES, st.randoms(use_true_random=False))
def test_order_does_not_matter(adjust: Adjust, p_values: list[float], rng: Random) -> None:
    """Each p value has the same adjusted one in whatever order they come."""
    places = list(range(len(p_values)))
    rng.shuffle(places)
    found = adjust(p_values)

    assert adjust([p_values[at] for at in places]) == tuple(found[at] for at in places)


@given(P_VALUES)
def test_holm_is_the_more_cautious(p_values: list[float]) -> None:
    """Holm's values are never below those of Benjamini and Hochberg, but for rounding."""
    pairs = zip(holm(p_values), benjamini_hochberg(p_values), strict=True)

    assert all(one >= other * (1 - 1e-12) for one, other in pairs)


@ADJUST
@given(P_VALUES, st.floats(0.001, 0.5))
def test_the_smallest_are_enough(adjust: Adjust, p_values: list[float], level: float) -> None:
    """Of the p values up to a level, with the number of all tests, the same ones are significant at that level."""
    listed = [p for p in p_values if p <= level]
    few = adjust(listed, tests=len(p_values))
    every = [q for p, q in zip(p_values, adjust(p_values), strict=True) if p <= level]

    assert [q if q < level else 1 for q in few] == [q if q < level else 1 for q in every]


def test_one_test_is_not_adjusted() -> None:
    """A single p value is what it was; none at all is none."""
    for adjust in ADJUSTMENTS.values():
        assert adjust([0.03]) == (0.03,)
        assert adjust([]) == ()


def test_none() -> None:
    """Not adjusting is a choice, too."""
    assert unadjusted([0.2, 0.1], tests=9) == (0.2, 0.1)


@pytest.mark.parametrize("adjust", ADJUSTMENTS.values(), ids=ADJUSTMENTS)
@pytest.mark.parametrize(
    ("p_values", "tests", "message"),
    [([0.5, 1.1], None, "got 1.1"), ([-0.1], None, "got -0.1"), ([float("nan")], None, "nan"), ([0.1, 0.2], 1, "of 1")],
    ids=json.dumps,
)
def test_impossible_values(adjust: Adjust, p_values: list[float], tests: int | None, message: str) -> None:
    """What is no fraction is an error, as are more p values than tests."""
    with pytest.raises(ValueError, match=message):
        adjust(p_values, tests=tests)
