"""The sweep finds the pairs that testing every pair finds, and looks at few of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, product
from math import sqrt
from random import Random
from statistics import NormalDist
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cd22kg.model import Cohort
from cd22kg.queries.claims import KnownClaim
from cd22kg.statistics.fisher import fisher_exact
from cd22kg.statistics.midp import fisher_midp
from cd22kg.statistics.multiplicity import ADJUSTMENTS
from cd22kg.synthesis.conflicts import sweep as sweeping
from cd22kg.synthesis.conflicts.comparable import Comparable, Patients, Subject
from cd22kg.synthesis.conflicts.pair_tests import pair_test
from cd22kg.synthesis.conflicts.shares import Share, score_interval, share_of
from cd22kg.synthesis.evidence import Evidence
from tests.corpora import claim

CALM = settings(deadline=None)
SUBJECT = Subject("cd22-mono-car-t", "b-all", "cr")


def many(number: int, seed: int) -> tuple[Comparable, Patients]:
    """Return claims of each kind around one share, some far from it, some of related cohorts."""
    rng = Random(seed)  # noqa: S311  # no secret
    cohorts, shares = {}, []
    for at in range(number):
        slug = f"c{at:04d}"
        related = (
            {rng.choice(("subsetOf", "overlaps")): [f"c{rng.randrange(at):04d}"]} if rng.random() < 0.3 and at else {}
        )
        cohorts[slug] = Cohort.model_validate({"id": slug, **related})
        shares.append(_drawn(slug, rng))
    cut = number * 3 // 4
    return Comparable(SUBJECT, tuple(shares[:cut]), tuple(shares[cut:])), Patients(Evidence({}, {}, cohorts, {}, {}))


def _drawn(slug: str, rng: Random) -> Share:
    """Return a claim with counts, with an interval, with a number of patients, or with a value alone."""
    total = rng.randint(5, 120)
    rate = 0.9 if rng.random() < 0.06 else 0.3
    events = sum(rng.random() < rate for _ in range(total))
    kind = rng.randrange(5)
    figure: dict[str, Any] = {"events": events, "total": total}
    value = round(100 * events / total, 1)
    if kind == 1:
        low, high = score_interval(events / total, total)
        figure = {"value": value, "unit": "%", "lower": round(100 * low, 1), "upper": round(100 * high, 1)}
        figure |= {"intervalKind": "confidence"}
    elif kind == 2:
        figure = {"value": value, "unit": "%", "total": total, "statistic": "rate-at-time"}
    elif kind == 3:
        figure = {"value": value, "unit": "%"}
    share = share_of(claim(slug, cohort=slug, **figure))
    assert share is not None
    return share


def every_pair(block: Comparable, patients: Patients, counts: str) -> dict[tuple[str, str], float]:
    """Return the p value of each pair of claims on different patients, by slugs."""
    found = {}
    for one, other in (*combinations(block.shares, 2), *product(block.shares, block.narrower)):
        p = pair_test(one, other, counts).p
        if p is not None and not patients.why(one, other):
            found[min(one.id, other.id), max(one.id, other.id)] = p
    return found


@pytest.mark.parametrize("adjust", ADJUSTMENTS)
@pytest.mark.parametrize("counts", ["fisher", "midp"])
@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_lost(adjust: str, counts: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is significant among all pairs is found by walking along intervals, with the same adjusted p values."""
    monkeypatch.setattr(sweeping, "ALL_TESTED", 0)
    block, patients = many(90, seed)
    p_values = every_pair(block, patients, counts)
    adjusted = dict(zip(p_values, ADJUSTMENTS[adjust](list(p_values.values())), strict=True))
    found = sweeping.sweep([block], patients, counts=counts, adjust=adjust, level=0.05)
    listed = ADJUSTMENTS[adjust]([pair.test.p for pair in found.pairs], tests=found.tests)
    significant = {(pair.one.id, pair.other.id): q for pair, q in zip(found.pairs, listed, strict=True) if q < 0.05}

    assert found.tests == len(p_values)
    assert significant == {key: pytest.approx(q, rel=1e-12) for key, q in adjusted.items() if q < 0.05}
    assert len(significant) > 20


def test_all_are_tested_where_they_are_few() -> None:
    """In a small graph every pair has its p value, significant or not."""
    block, patients = many(40, 1)
    found = sweeping.sweep([block], patients, counts="fisher", adjust="holm", level=0.05)

    assert found.tests <= sweeping.ALL_TESTED
    assert {(pair.one.id, pair.other.id): pair.test.p for pair in found.pairs} == every_pair(block, patients, "fisher")


def test_few_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a million pairs that do not differ, and one that does, a few are tested."""
    shares = []
    for at in range(1500):
        share = share_of(claim(f"c{at:04d}", cohort=f"c{at:04d}", events=9 + at % 7, total=40))
        assert share is not None
        shares.append(share)
    odd = share_of(claim("odd", cohort="odd", events=39, total=40))
    assert odd is not None
    tested = []

    def counting(one: Share, other: Share, counts: str = "fisher") -> object:
        tested.append((one.id, other.id))
        return pair_test(one, other, counts)

    monkeypatch.setattr(sweeping, "pair_test", counting)
    found = sweeping.sweep(
        [Comparable(SUBJECT, (*shares, odd))],
        Patients(Evidence({}, {}, {}, {}, {})),
        counts="fisher",
        adjust="holm",
        level=0.05,
    )

    assert found.tests == 1501 * 1500 // 2
    assert {pair.other.id for pair in found.pairs} == {"odd"}
    assert len(found.pairs) > 500
    assert len(tested) <= 1500


# The bound behind it


def apart_at(one: tuple[int, int], other: tuple[int, int]) -> float:
    """Return the standard errors at which the Wilson intervals of two counts meet."""
    (share, total), (share2, total2) = ((events / total, total) for events, total in sorted((one, other), key=_share))
    root, root2 = sqrt(total), sqrt(total2)
    between = (share * root + share2 * root2) / (root + root2)
    return (between - share) * root / sqrt(between * (1 - between))


def _share(counts: tuple[int, int]) -> float:
    return counts[0] / counts[1]


def tables() -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Yield all pairs of counts of up to 12 patients, and those of larger groups in which most or none respond."""
    small = [(events, total) for total in range(1, 13) for events in range(total + 1)]
    large = [(events, total) for total in (30, 80, 140) for events in (0, 1, total // 2, total - 1, total)]
    for group in (small, large):
        yield from ((one, other) for one, other in combinations(group, 2) if _share(one) != _share(other))


@pytest.mark.parametrize("test", [fisher_exact, fisher_midp], ids=["fisher", "midp"])
def test_intervals_are_narrow_enough(test: Sequence[object]) -> None:
    """Where the p value is small, the narrow Wilson intervals of the sweep do not overlap."""
    least = min(
        sqrt(2) * apart_at(one, other) / -NormalDist().inv_cdf(p / 2)
        for one, other in tables()
        if 1e-300 < (p := test(*one, *other)) < sweeping._SAFE_UP_TO  # type: ignore[operator]
    )

    assert sweeping._SAFE < least < sweeping._SAFE * 1.1


@CALM
@given(st.integers(1, 3000), st.integers(1, 3000), st.floats(0, 1), st.floats(0, 1))
def test_the_chance_of_a_table_is_a_bound(total: int, total2: int, share: float, share2: float) -> None:
    """A pair is not passed over whose p value is small enough."""
    one, other = (round(share * total), total), (round(share2 * total2), total2)
    claims = [share_of(claim(name, events=e, total=t)) for name, (e, t) in (("one", one), ("other", other))]
    first, second = claims
    assert first is not None
    assert second is not None
    for test in (fisher_exact, fisher_midp):
        if (p := test(*one, *other)) > 1e-290:
            assert sweeping._may_be(min(p * (1 + 1e-9), 1.0))(first, second)


def test_the_claims_are_objects() -> None:
    """What the corpora of these tests are made of is what the graph gives."""
    assert isinstance(claim("x", events=1, total=2), KnownClaim)
