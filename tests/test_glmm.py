"""The binomial-normal model agrees with metafor, with the integral it approximates, and with what must hold for it."""

from __future__ import annotations

import json
import shutil
import subprocess
from math import exp, lgamma, log, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cd22kg.statistics import glmm
from cd22kg.statistics.glmm import Glmm, fit_glmm

METAFOR = Path(__file__).parent / "data" / "metafor"
CASES: dict[str, dict[str, Any]] = json.loads((METAFOR / "glmm.json").read_text(encoding="utf-8"))["cases"]
#: How near the search of glmer comes. Where likelihoods are nearly equal far around, it is less near.
NEAR = dict.fromkeys(CASES, 1e-6) | {"quadrature-errs-13-studies": 1e-5}
#: In these cases 7 points are not enough, and the likelihood that is maximised has a maximum that the integral has not.
ERRS = ["quadrature-errs-9-studies", "quadrature-errs-13-studies"]

CALM = settings(deadline=None, max_examples=60)
Studies = list[tuple[int, int]]
COUNTS = st.integers(1, 60).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total)))
STUDIES = st.lists(COUNTS, min_size=1, max_size=8)


def fit(studies: Studies, points: int = 7) -> Glmm:
    """Return the model of studies."""
    return fit_glmm([having for having, _ in studies], [total for _, total in studies], points=points)


def try_fit(studies: Studies, points: int = 7) -> Glmm:
    """Return the model of studies that hypothesis has found, of which not all have one."""
    having, total = sum(having for having, _ in studies), sum(total for _, total in studies)
    assume(0 < having < total and any(0 < having < total for having, total in studies))
    return fit(studies, points)


def kept(name: str) -> tuple[Glmm, dict[str, Any], Studies]:
    """Return our model of a case, what metafor says, and the studies."""
    case = CASES[name]
    studies = list(zip(case["events"], case["total"], strict=True))
    return fit(studies, case["points"]), case["fit"], studies


def likelihood(studies: Studies, points: int) -> glmm._Likelihood:
    """Return the function that is maximised."""
    return glmm._Likelihood([having for having, _ in studies], [total for _, total in studies], points)


def approximated(studies: Studies, mean: float, tau: float, points: int) -> float:
    """Return the log-likelihood that is maximised."""
    return float(likelihood(studies, points)(np.array([mean]), np.array([tau])).value[0])


def integrated(studies: Studies, mean: float, tau: float) -> float:
    """Return the log-likelihood by the trapezoidal rule over logits, in steps so small that nothing is left to see."""
    step = min(0.02, tau / 20, 0.2 / sqrt(max(total for _, total in studies)))
    logit = np.arange(min(mean - 10 * tau, -50.0), max(mean + 10 * tau, 50.0), step)
    density = np.exp(-(((logit - mean) / tau) ** 2) / 2) / (tau * sqrt(2 * np.pi))
    parts = []
    for having, total in studies:
        given = (
            coefficient(having, total) - having * np.logaddexp(0, -logit) - (total - having) * np.logaddexp(0, logit)
        )
        parts.append(log(float(np.sum(np.exp(given) * density)) * step))
    return sum(parts)


def coefficient(having: int, total: int) -> float:
    """Return the logarithm of a binomial coefficient."""
    return lgamma(total + 1) - lgamma(having + 1) - lgamma(total - having + 1)


# metafor


@pytest.mark.parametrize("name", CASES)
def test_mean_and_variance_of_metafor(name: str) -> None:
    """Mean and variance are those of `rma.glmm`, as near as its search comes."""
    found, expected, _ = kept(name)

    assert found.mean == pytest.approx(expected["mean"], rel=NEAR[name], abs=1e-6)
    assert found.tau2 == pytest.approx(expected["tau2"], rel=NEAR[name], abs=1e-9)
    assert 1 / (1 + exp(-found.mean)) == pytest.approx(expected["estimate"], rel=10 * NEAR[name])


@pytest.mark.parametrize("name", CASES)
def test_standard_error_of_metafor(name: str) -> None:
    """The standard error is that of `rma.glmm`, but for noise that differences over longer steps have not."""
    found, expected, _ = kept(name)
    spread = 1.959963984540054 * found.se

    assert found.se == pytest.approx(expected["steady_se"], rel=NEAR[name])
    assert found.se == pytest.approx(expected["se"], rel=5e-4)
    assert found.mean - spread == pytest.approx(expected["mean_lower"], abs=5e-4 * spread)
    assert found.mean + spread == pytest.approx(expected["mean_upper"], abs=5e-4 * spread)


@pytest.mark.parametrize("name", CASES)
def test_nowhere_is_it_more_likely_than_here(name: str) -> None:
    """The likelihood is not below that at metafor's place, which is no more than the tolerance of glmer away."""
    found, expected, studies = kept(name)
    points = CASES[name]["points"]
    theirs = approximated(studies, expected["mean"], sqrt(expected["tau2"]), points)

    assert found.loglik == pytest.approx(approximated(studies, found.mean, sqrt(found.tau2), points), rel=1e-13)
    assert found.loglik >= theirs - 1e-13 * abs(theirs)
    assert found.loglik == pytest.approx(expected["loglik"], rel=1e-7)


@pytest.mark.parametrize("name", CASES)
def test_likelihood_of_glmer(name: str) -> None:
    """The function that is maximised is that of glmer, wherever one looks."""
    case = CASES[name]
    studies = list(zip(case["events"], case["total"], strict=True))
    found = [approximated(studies, place["mean"], place["tau"], case["points"]) for place in case["likelihood"]]

    assert found == pytest.approx([place["loglik"] for place in case["likelihood"]], rel=1e-11)


def metafor_is_there() -> bool:
    """Tell whether R has the packages."""
    program = shutil.which("Rscript")
    if program is None:
        return False
    needed = "library(metafor); library(lme4); library(jsonlite)"
    return subprocess.run([program, "-e", needed], capture_output=True, check=False).returncode == 0


def numbers(value: Any) -> list[float]:
    """Return all numbers in JSON."""
    if isinstance(value, dict | list):
        return [number for part in (value.values() if isinstance(value, dict) else value) for number in numbers(part)]
    return [float(value)]


@pytest.mark.slow
@pytest.mark.skipif("not metafor_is_there()", reason="needs R and its packages metafor, lme4 and jsonlite")
def test_metafor_still_says_so(tmp_path: Path) -> None:
    """The script gives the numbers that are kept, but for where searches end and the noise of differences."""
    program = shutil.which("Rscript")
    assert program is not None
    subprocess.run([program, str(METAFOR / "glmm.R"), str(tmp_path / "glmm.json")], check=True, timeout=600)
    found = json.loads((tmp_path / "glmm.json").read_text(encoding="utf-8"))["cases"]

    assert found.keys() == CASES.keys()
    for name, case in CASES.items():
        assert numbers(found[name]) == pytest.approx(numbers(case), rel=5e-4, abs=1e-6), name


# The integral


@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith(("large", *ERRS))])
def test_many_points_give_the_integral(name: str) -> None:
    """With 100 points the likelihood is the integral, to the last digits."""
    found, _, studies = kept(name)
    tau = max(sqrt(found.tau2), 0.3)

    assert approximated(studies, found.mean, tau, 100) == pytest.approx(integrated(studies, found.mean, tau), rel=1e-10)


@pytest.mark.parametrize("name", ["pritz1997", "rare", "two", "far-apart", "two-maxima"])
def test_with_many_points_nothing_is_more_likely(name: str) -> None:
    """The integral has nowhere a larger value than where the model with 100 points is."""
    studies = kept(name)[2]
    found = fit(studies, 100)
    tau = sqrt(found.tau2)
    best = integrated(studies, found.mean, tau)
    around = [
        integrated(studies, found.mean + move * (1 + tau) / 4, other)
        for move in (-4, -1, 0, 1, 4)
        for other in (0.05, 0.3, 0.6, 1.0, 1.7, 3.0, 5.0, 9.0, 15.0, 25.0)
    ]

    assert best == pytest.approx(found.loglik, rel=1e-10)
    assert max(around) < best


@pytest.mark.parametrize("name", ERRS)
def test_maxima_that_quadrature_makes_are_not_taken(name: str) -> None:
    """Of two maxima, that with the larger integral is taken, though 7 points find the other more likely."""
    found, _, studies = kept(name)
    taken, other = (
        (float(peak.means[0]), float(peak.tau[0])) for peak in glmm._peaks(likelihood(studies, 7)) if peak.is_maximum
    )

    assert (found.mean, sqrt(found.tau2)) == pytest.approx(taken, rel=1e-12)
    assert approximated(studies, *other, 7) > approximated(studies, *taken, 7)
    assert integrated(studies, *other) < integrated(studies, *taken)


def test_two_maxima_of_the_integral() -> None:
    """Where no variance is a maximum as well, and the lower one, it is not taken."""
    found, _, studies = kept("two-maxima")

    assert found.tau2 == pytest.approx(0.5219, abs=1e-4)
    assert found.loglik > approximated(studies, log(35 / 12), 0.0, 7) > approximated(studies, log(35 / 12), 0.2, 7)


@CALM
@given(STUDIES, st.floats(-4, 4), st.floats(0.05, 4), st.sampled_from([1, 7, 30]))
def test_derivatives_are_those_of_the_likelihood(studies: Studies, mean: float, tau: float, points: int) -> None:
    """Every derivative is the limit of differences."""
    step = 1e-4
    means, taus = mean + step * np.array([0, 1, -1, 0, 0]), tau + step * np.array([0, 0, 0, 1, -1])
    at = likelihood(studies, points)(means, taus)
    value, by_mean, by_tau, mean_mean, mean_tau, tau_tau = at
    size = 1e-5 * (1 + max(total for _, total in studies)) * len(studies)

    assert by_mean[0] == pytest.approx((value[1] - value[2]) / (2 * step), abs=size)
    assert by_tau[0] == pytest.approx((value[3] - value[4]) / (2 * step), abs=size)
    assert mean_mean[0] == pytest.approx((by_mean[1] - by_mean[2]) / (2 * step), abs=size)
    assert mean_tau[0] == pytest.approx((by_mean[3] - by_mean[4]) / (2 * step), abs=size)
    assert mean_tau[0] == pytest.approx((by_tau[1] - by_tau[2]) / (2 * step), abs=size)
    assert tau_tau[0] == pytest.approx((by_tau[3] - by_tau[4]) / (2 * step), abs=size)


# What must hold


@CALM
@given(STUDIES, st.randoms())
def test_order_does_not_matter(studies: Studies, random: Any) -> None:
    """The model is the same to the last digit in whatever order the studies come."""
    found = try_fit(studies)
    random.shuffle(studies)

    assert fit(studies) == found


@CALM
@given(STUDIES)
def test_counting_those_without_the_outcome_turns_the_sign(studies: Studies) -> None:
    """The mean of what is left has the opposite sign; variance, standard error and likelihood are the same."""
    found = try_fit(studies)
    opposite = fit([(total - having, total) for having, total in studies])

    assert opposite.mean == pytest.approx(-found.mean, rel=1e-6, abs=1e-6)
    assert opposite.tau2 == pytest.approx(found.tau2, rel=1e-6, abs=1e-6)
    assert opposite.se == pytest.approx(found.se, rel=1e-6)
    assert opposite.loglik == pytest.approx(found.loglik, rel=1e-9)


@CALM
@given(STUDIES)
def test_every_study_twice(studies: Studies) -> None:
    """Twice the studies, half the variance of the mean, the same mean and variance between studies."""
    found, twice = try_fit(studies), fit(studies * 2)
    assume(len(studies) > 1)  # the variance of one study is 0 without a search

    assert twice.mean == pytest.approx(found.mean, rel=1e-6, abs=1e-6)
    assert twice.tau2 == pytest.approx(found.tau2, rel=1e-6, abs=1e-6)
    assert twice.se * sqrt(2) == pytest.approx(found.se, rel=1e-6)
    assert twice.loglik == pytest.approx(2 * found.loglik, rel=1e-9)


@CALM
@given(STUDIES)
def test_numbers_are_what_they_say(studies: Studies) -> None:
    """The variance is not negative, the standard error positive, and no variance at all is not more likely."""
    found = try_fit(studies, 100)
    having, total = sum(having for having, _ in studies), sum(total for _, total in studies)
    without = approximated(studies, log(having / (total - having)), 0.0, 100)

    assert found.tau2 >= 0
    assert 0 < found.se < float("inf")
    assert without * (1 + 1e-12) <= found.loglik < 0


@pytest.mark.parametrize(
    "studies",
    [
        [(5, 12)],
        [(1, 7), (2, 14)],
        [(0, 10), (1, 12), (0, 9), (2, 20)],
        [(3, 10), (3, 10), (3, 11)],
        [(1, 1), (0, 1), (1, 1)],
        [(1, 1), (0, 1), (1, 1), (3, 5)],
        [(1_234_567, 10_000_000), (1_234_568, 10_000_000)],
    ],
    ids=str,
)
def test_without_variance_it_is_one_sample(studies: Studies) -> None:
    """One study, studies of one patient each, studies that differ by less than chance: the counts of all together."""
    having, total = sum(having for having, _ in studies), sum(total for _, total in studies)
    share = having / total
    expected = sum(coefficient(*study) for study in studies) + having * log(share) + (total - having) * log(1 - share)
    found = fit(studies)

    assert found.tau2 == 0
    assert found.mean == pytest.approx(log(share / (1 - share)), rel=1e-12)
    assert found.se == pytest.approx(1 / sqrt(total * share * (1 - share)), rel=1e-12)
    assert found.loglik == pytest.approx(expected, rel=1e-12, abs=1e-6)


def test_large_numbers() -> None:
    """Counts in millions: the mean is that of the logits, the variance theirs, as nothing is left to chance."""
    studies = [(1_000_000, 3_000_000), (2_000_000, 3_000_000), (1_500_000, 3_000_000)]
    found = fit(studies)
    spread = log(2)

    assert found.mean == pytest.approx(0, abs=1e-9)
    assert found.tau2 == pytest.approx(2 * spread**2 / 3, rel=1e-5)
    assert found.se == pytest.approx(sqrt(found.tau2 / 3), rel=1e-5)


def test_many_studies_have_the_mean_and_variance_they_were_drawn_with() -> None:
    """Two thousand studies drawn from a model give it back, within what chance allows."""
    draw = np.random.default_rng(22)
    total = draw.integers(5, 120, 2000)
    events = draw.binomial(total, 1 / (1 + np.exp(-draw.normal(-0.8, 1.1, 2000))))
    found = fit_glmm(events.tolist(), total.tolist())

    assert found.mean == pytest.approx(-0.8, abs=4 * found.se)
    assert found.se == pytest.approx(sqrt(1.21 / 2000), rel=0.2)
    assert found.tau2 == pytest.approx(1.21, rel=0.15)


def test_whole_numbers_of_any_kind() -> None:
    """Arrays of whole numbers will do; fractions of a patient are refused, not cut off."""
    found = fit([(2, 8), (5, 11)])

    assert fit_glmm(list(np.array([2, 5])), list(np.array([8, 11]))) == found
    with pytest.raises(TypeError):
        fit_glmm([2.5, 5], [8, 11])  # type: ignore[list-item]


# What has no answer


@pytest.mark.parametrize(
    ("studies", "message"),
    [
        ([], "there is no study to pool"),
        ([(0, 5)], "nobody has the outcome: the mean logit is infinite"),
        ([(0, 5), (0, 9), (0, 1)], "nobody has the outcome: the mean logit is infinite"),
        ([(5, 5)], "everybody has the outcome: the mean logit is infinite"),
        ([(5, 5), (9, 9)], "everybody has the outcome: the mean logit is infinite"),
        ([(0, 10), (10, 10)], "each study is at 0 or at 100 %: the variance between studies is infinite"),
        ([(0, 1), (1, 1), (2, 2)], "each study is at 0 or at 100 %: the variance between studies is infinite"),
        ([(3, 2)], "need 0 <= events <= total and total >= 1, got 3 of 2"),
        ([(1, 2), (-1, 2)], "need 0 <= events <= total and total >= 1, got -1 of 2"),
        ([(1, 2), (0, 0)], "need 0 <= events <= total and total >= 1, got 0 of 0"),
    ],
    ids=str,
)
def test_counts_without_a_maximum_are_refused(studies: Studies, message: str) -> None:
    """What cannot be estimated is an error that says why; metafor fails, or returns the place where it gave up."""
    with pytest.raises(ValueError, match=f"^{message}$"):
        fit(studies)


@pytest.mark.parametrize("points", [0, -1, 101])
def test_points_have_limits(points: int) -> None:
    """The quadrature has one point at least and a hundred at most."""
    with pytest.raises(ValueError, match=f"the quadrature has 1 to 100 points, got {points}"):
        fit([(1, 2)], points)


def test_numbers_of_studies_must_agree() -> None:
    """Every study has events and a total."""
    with pytest.raises(ValueError, match="need events and total of each study, got 2 and 1"):
        fit_glmm([1, 2], [3])


def test_no_maximum_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Should quadrature show no maximum at all, the message says what to do; no such counts are known."""
    monkeypatch.setattr(glmm, "_peaks", lambda _: [])

    with pytest.raises(ValueError, match="with 3 points the likelihood has no maximum: take more"):
        fit([(1, 2), (3, 4)], 3)
