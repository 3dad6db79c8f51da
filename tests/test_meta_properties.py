"""What must hold of a meta-analysis for any studies; where likelihoods have several maxima; what is refused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cd22kg.statistics import pool_proportions
from cd22kg.statistics.distributions import Floats
from cd22kg.statistics.effects import back_transform, transform_counts
from cd22kg.statistics.glmm import fit_glmm
from cd22kg.statistics.heterogeneity import ESTIMATORS, estimate_spread
from cd22kg.statistics.meta import Estimate, Model, pool
from cd22kg.statistics.options import BACKS, METHODS, TRANSFORMS
from cd22kg.statistics.regression import regress
from cd22kg.statistics.sensitivity import cumulative, leave_one_out
from cd22kg.statistics.small_study import egger_test, peters_test
from cd22kg.statistics.subgroups import pool_subgroups
from cd22kg.statistics.weighing import Studies

CALM = settings(deadline=None)
#: Figures that need not be there, or are no numbers.
PER_STUDY = ("weights", "effects", "variances")
FIGURES = [field.name for field in fields(Estimate) if field.name not in ("model", *PER_STUDY)]

MODELS = [
    Model(transform, method, hartung_knapp)
    for transform, method, hartung_knapp in product(TRANSFORMS, ESTIMATORS, (False, True))
    if not (method == "FE" and hartung_knapp)
]
MODEL = st.sampled_from(MODELS)

Study = tuple[int, int]


def studies(least: int = 1, most: int = 300) -> st.SearchStrategy[list[Study]]:
    """Return events and total of several studies."""
    study = st.integers(1, most).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total)))
    return st.lists(study, min_size=least, max_size=9)


def pooled(given: Sequence[Study], model: Model) -> Estimate:
    """Return studies pooled."""
    return pool(*apart(given), model)


def apart(given: Sequence[Study]) -> tuple[list[int], list[int]]:
    """Return events and totals."""
    return [events for events, _ in given], [total for _, total in given]


def figures(found: Estimate) -> dict[str, float | None]:
    """Return the figures of an estimate that are numbers."""
    return {name: getattr(found, name) for name in FIGURES}


def near(expected: Estimate, scale: float = 1e-9) -> dict[str, object]:
    """Return figures to compare with."""
    return {
        name: value if value is None else pytest.approx(value, rel=scale, abs=scale)
        for name, value in figures(expected).items()
    }


# Pooling


@CALM
@given(studies(), MODEL)
def test_figures_are_possible(given: list[Study], model: Model) -> None:
    """Shares lie within [0, 1] and in order, variances are not negative, weights are shares of one."""
    found = pooled(given, model)

    assert 0 <= found.lower <= found.estimate <= found.upper <= 1
    assert found.mean_lower <= found.mean <= found.mean_upper
    assert found.tau2 >= 0
    assert found.se >= 0
    assert 0 <= found.q_p <= 1
    assert sum(found.weights) == pytest.approx(1, abs=1e-12)
    assert all(0 < weight <= 1 for weight in found.weights)
    assert (found.k, found.q_df) == (len(given), len(given) - 1)
    assert (found.events, found.total) == tuple(sum(column) for column in apart(given))


@CALM
@given(studies(2), MODEL)
def test_heterogeneity_is_possible(given: list[Study], model: Model) -> None:
    """I2 is a share, H2 goes with it, intervals are in order, and a further study varies more than the mean."""
    found = pooled(given, model)

    assert found.i2 is not None and found.h2 is not None
    assert 0 <= found.i2 < 1
    if model.method == "FE":
        assert (found.tau2, found.tau2_lower, found.i2_upper, found.prediction_lower) == (0, None, None, None)
        return
    assert found.i2 == pytest.approx(1 - 1 / found.h2, abs=1e-12)
    assert found.tau == pytest.approx(found.tau2**0.5)
    assert found.tau2_lower is not None and found.tau2_upper is not None
    assert 0 <= found.tau2_lower <= found.tau2_upper
    assert found.i2_lower is not None and found.i2_upper is not None
    assert 0 <= found.i2_lower <= found.i2_upper < 1
    assert found.prediction_lower is not None and found.prediction_upper is not None
    assert 0 <= found.prediction_lower <= found.lower + 1e-12
    assert found.upper - 1e-12 <= found.prediction_upper <= 1


@CALM
@given(studies(), MODEL)
def test_estimate_lies_among_the_studies(given: list[Study], model: Model) -> None:
    """The mean is between the smallest and the largest effect, and so is the share, if no mean total turns it back."""
    found = pooled(given, model)
    low, high = min(found.effects), max(found.effects)
    room = 1e-12 * max(1, abs(low), abs(high))

    assert low - room <= found.mean <= high + room
    if model.transform != "freeman-tukey":
        ends = back_transform(np.array([low - room, high + room]), model.transform, np.ones(2)).tolist()
        assert ends[0] - 1e-12 <= found.estimate <= ends[1] + 1e-12


@CALM
@given(studies().flatmap(lambda given: st.tuples(st.just(given), st.permutations(range(len(given))))), MODEL)
def test_order_of_studies_does_not_matter(given: tuple[list[Study], list[int]], model: Model) -> None:
    """Every order gives the same figures, and each study its own weight, to the last digit."""
    one, order = given
    first, second = pooled(one, model), pooled([one[place] for place in order], model)

    assert figures(first) == figures(second)
    for name in PER_STUDY:
        assert tuple(getattr(first, name)[place] for place in order) == getattr(second, name)


@CALM
@given(studies(), st.sampled_from([model for model in MODELS if model.transform in ("logit", "arcsine", "raw")]))
def test_the_opposite_is_mirrored(given: list[Study], model: Model) -> None:
    """Counting those without the outcome mirrors the share and leaves the heterogeneity, on symmetric scales."""
    found = pooled(given, model)
    mirror = pooled([(total - events, total) for events, total in given], model)

    assert (1 - mirror.estimate, 1 - mirror.upper, 1 - mirror.lower) == pytest.approx(
        (found.estimate, found.lower, found.upper), abs=1e-7
    )
    assert mirror.q == pytest.approx(found.q, rel=1e-6, abs=1e-6)


@CALM
@given(studies())
def test_two_ways_to_pool_agree(given: list[Study]) -> None:
    """DerSimonian and Laird's method on the logit scale is what `pool_proportions` does."""
    found = pooled(given, Model(method="DL"))
    share, low, high, tau2, i2 = pool_proportions(given)

    assert (found.estimate, found.lower, found.upper, found.tau2) == pytest.approx((share, low, high, tau2), rel=1e-9)
    assert found.i2 == (None if i2 is None else pytest.approx(i2, rel=1e-9, abs=1e-12))


@CALM
@given(studies(), st.integers(2, 4), st.sampled_from(TRANSFORMS))
def test_the_same_studies_again(given: list[Study], times: int, transform: str) -> None:
    """With a fixed effect, the same studies several times have the same mean and a standard error by root of times."""
    model = Model(transform, "FE")  # type: ignore[arg-type]
    one, several = pooled(given, model), pooled(given * times, model)

    assert several.mean == pytest.approx(one.mean, rel=1e-9, abs=1e-12)
    assert several.se == pytest.approx(one.se / times**0.5, rel=1e-9)
    assert several.q == pytest.approx(one.q * times, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_studies_that_agree(model: Model) -> None:
    """The same study several times has its effect, and no variance between studies, nor can there be any."""
    found = pool([3, 3, 3, 3], [10, 10, 10, 10], model)

    assert found.estimate == pytest.approx(0.3, abs=1e-12)
    assert (found.tau2, found.i2) == (0, 0)
    assert found.q == pytest.approx(0, abs=1e-12)
    assert (found.tau2_lower, found.tau2_upper) == ((None, None) if model.method == "FE" else (0, 0))
    if model.hartung_knapp:
        assert found.upper - found.lower == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_single_study(model: Model) -> None:
    """One study has its own share and the usual interval; nothing is said of differences and of further studies."""
    found = pool([12], [30], model)

    assert found.estimate == pytest.approx(0.4, abs=1e-12)
    assert found.mean_upper - found.mean == pytest.approx(1.959963984540054 * found.variances[0] ** 0.5)
    assert (found.tau2, found.q, found.q_df, found.q_p, found.weights) == (0, 0, 0, 1, (1,))
    nothing = ("i2", "i2_lower", "h2", "h2_upper", "h", "tau2_lower", "tau2_upper", "prediction_lower")
    assert {name: getattr(found, name) for name in nothing} == dict.fromkeys(nothing)


@pytest.mark.parametrize("back", BACKS)
def test_inverting_at_equal_totals(back: str) -> None:
    """With studies of one size all mean totals are that size; the variance of a fixed effect tells of all patients."""
    found = pool([3, 5, 4], [20, 20, 20], Model("freeman-tukey", "FE", back=back))  # type: ignore[arg-type]
    patients = 60 + 1.5 if back == "inverse-variance" else 20
    expected = back_transform(np.array([found.mean]), "freeman-tukey", np.array([patients]))

    assert found.estimate == pytest.approx(float(expected[0]), rel=1e-12)


def test_known_variance() -> None:
    """A variance from elsewhere widens the interval of a single study, and predicts further ones."""
    found = pool([12], [30], tau2=0.25)

    assert found.se == pytest.approx((1 / 12 + 1 / 18 + 0.25) ** 0.5)
    assert found.prediction_lower is not None and found.prediction_lower < found.lower
    assert (found.tau2, found.tau2_lower) == (0.25, None)


def test_estimated_variance_as_known() -> None:
    """The variance that is estimated, given as known, gives the same mean."""
    events, total = [40, 12, 24, 0], [57, 21, 34, 8]
    found = pool(events, total)
    again = pool(events, total, tau2=found.tau2)

    assert (again.estimate, again.upper, again.i2, again.weights) == (
        found.estimate,
        found.upper,
        found.i2,
        found.weights,
    )


# Refits


@CALM
@given(studies(2), MODEL)
def test_leaving_out(given: list[Study], model: Model) -> None:
    """Without a study, the figures are those of a fit of the others."""
    for place, found in enumerate(leave_one_out(*apart(given), model)):
        assert figures(found) == near(pooled(given[:place] + given[place + 1 :], model))


@CALM
@given(studies(1), MODEL)
def test_cumulating(given: list[Study], model: Model) -> None:
    """Study by study, the figures are those of a fit of the first ones; the last are those of all."""
    for place, found in enumerate(cumulative(*apart(given), model)):
        assert figures(found) == near(pooled(given[: place + 1], model))


@pytest.mark.parametrize("refit", [leave_one_out, cumulative])
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_refits_keep_their_digits(refit: Callable[..., tuple[Estimate, ...]], transform: str) -> None:
    """A registry of millions beside single patients, left out or added late, costs no digits."""
    given = [(1, 1), (0, 3), (250, 1000), (4_000_000, 10_000_000), (1, 2), (2_500_000, 5_000_000), (10, 1000)]
    model = Model(transform)  # type: ignore[arg-type]
    for place, found in enumerate(refit(*apart(given), model)):
        those = given[: place + 1] if refit is cumulative else given[:place] + given[place + 1 :]
        assert figures(found) == near(pooled(those, model), 1e-10)


def test_many_studies() -> None:
    """Two thousand studies are pooled and refitted without each; some are compared with a fit of their own."""
    random = np.random.default_rng(22)
    total = random.integers(5, 300, 2000)
    events = random.binomial(total, 1 / (1 + np.exp(-random.normal(0.5, 1, 2000))))
    found = leave_one_out(events.tolist(), total.tolist())

    assert len(found) == 2000
    for place in (0, 777, 1999, int(np.argmax(total))):
        expected = pool(np.delete(events, place).tolist(), np.delete(total, place).tolist())
        assert figures(found[place]) == near(expected, 1e-12)


# Maxima


def log_likelihood(tau2: float, values: Floats, variances: Floats, design: Floats, restricted: bool) -> float:
    """Return twice the log-likelihood of a variance, but for a constant, by the book."""
    weights = 1 / (variances + tau2)
    inside = design.T @ (weights[:, None] * design)
    rest = values - design @ np.linalg.solve(inside, design.T @ (weights * values))
    height = np.sum(np.log(weights)) - np.sum(weights * rest**2)
    return float(height - np.linalg.slogdet(inside).logabsdet if restricted else height)


@pytest.mark.parametrize("restricted", [True, False], ids=["REML", "ML"])
def test_the_highest_maximum_is_found(restricted: bool) -> None:
    """No place of a fine grid is higher than where the search ended, for data of which some have several maxima."""
    random = np.random.default_rng(22)
    several = 0
    for _ in range(150):
        count, width = int(random.integers(3, 9)), int(random.integers(1, 3))
        variances = np.exp(random.normal(0, 4, count))
        values = random.normal(0, 1, count) * variances**0.5 * np.exp(random.normal(0, 1, count))
        design = np.column_stack((np.ones(count), random.normal(0, 1, count)))[:, :width]
        given = Studies(np.column_stack((design, values)), variances)
        tau2 = float(estimate_spread(given, "REML" if restricted else "ML", 0.95).tau2[0])
        grid = variances.min() * np.expm1(np.linspace(0, np.log1p(8 * np.ptp(values) ** 2 / variances.min() + 50), 600))
        heights = [log_likelihood(place, values, variances, design, restricted) for place in grid]
        rises = np.diff(heights) > 0
        several += int(np.sum(rises[:-1] & ~rises[1:])) + (not rises[0]) > 1

        assert log_likelihood(tau2, values, variances, design, restricted) > max(heights) - 1e-9
    assert several > 3


@pytest.mark.parametrize(
    ("given", "method", "tau2"),
    [
        ([(30, 30), (0, 8), (5, 10), (0, 100), (22, 60), (32, 100), (3, 12)], "REML", 4.9475969576),
        ([(5, 5), (0, 20), (22, 100)], "ML", 0.0),
        ([(1, 10), (54, 200), (7, 8), (0, 10)], "ML", 0.0),
        ([(18, 20), (1, 10), (138, 200)], "ML", 2.0402480393),
    ],
    ids=str,
)
def test_two_maxima(given: list[Study], method: str, tau2: float) -> None:
    """Of two maxima, at 0 and beyond, the higher one is found; metafor agrees where it starts near it."""
    assert pooled(given, Model(method=method)).tau2 == pytest.approx(tau2, rel=1e-8)  # type: ignore[arg-type]


# Lines and groups


@CALM
@given(studies(3), st.data())
def test_lines(given: list[Study], data: st.DataObject) -> None:
    """A line goes with the moderator: its unit and origin change the slope alone, and what it predicts stays."""
    values = data.draw(st.lists(st.integers(-20, 20), min_size=len(given), max_size=len(given)))
    if len(set(values)) == 1:
        return
    model = data.draw(st.sampled_from([model for model in MODELS if not model.hartung_knapp]))
    one = regress(*apart(given), values, model)
    other = regress(*apart(given), [2000 + 10 * value for value in values], model)
    here, there = one.predict(3), other.predict(2030)

    assert other.slope.estimate == pytest.approx(one.slope.estimate / 10, rel=1e-7, abs=1e-9)
    assert other.slope.p == pytest.approx(one.slope.p, rel=1e-6, abs=1e-9)
    assert (there.estimate, there.lower, there.upper) == pytest.approx(
        (here.estimate, here.lower, here.upper), abs=1e-6
    )
    assert other.tau2 == pytest.approx(one.tau2, rel=1e-7, abs=1e-9)
    assert 0 <= one.r2 <= 1
    assert 0 <= one.i2 < 1
    assert one.qm == pytest.approx(one.slope.statistic**2)


def test_a_group_of_one() -> None:
    """A group of one study has no variance of its own; with a common one, it has that of all groups."""
    given = [50, 12, 14, 0], [57, 21, 34, 8], ["a", "a", "a", "b"]
    own, common = pool_subgroups(*given), pool_subgroups(*given, common_tau2=True)

    assert own.estimates[0].tau2 > own.estimates[1].tau2 == 0
    assert common.estimates[0].tau2 == common.estimates[1].tau2 == pytest.approx(own.estimates[0].tau2, rel=1e-9)
    assert common.q is not None and own.q is not None and common.q < own.q


def test_groups_that_agree_completely() -> None:
    """A mean without a standard error cannot be compared, and its group is still shown."""
    found = pool_subgroups([3, 3, 5, 9], [10, 10, 10, 10], ["a", "a", "b", "b"], Model(hartung_knapp=True))

    assert (found.labels, found.q, found.df, found.p) == (("a", "b"), None, 1, None)
    assert found.estimates[0].estimate == pytest.approx(0.3)


# The binomial-normal model


def test_glmm() -> None:
    """With GLMM, mean and variance are of the counts; Q, and the variance behind I2, of the logits."""
    events, total = [16, 10, 4, 43, 10], [17, 12, 8, 58, 10]
    found, fit, plain = pool(events, total, Model(method="GLMM")), fit_glmm(events, total), pool(events, total)
    assert plain.h2 is not None
    typical = plain.tau2 / (plain.h2 - 1)

    assert (found.mean, found.se, found.tau2) == (fit.mean, fit.se, fit.tau2)
    assert found.estimate == pytest.approx(1 / (1 + np.exp(-fit.mean)))
    assert found.mean_upper == pytest.approx(fit.mean + 1.959963984540054 * fit.se)
    assert found.mean_prediction_lower == pytest.approx(fit.mean - 1.959963984540054 * (fit.se**2 + fit.tau2) ** 0.5)
    assert found.i2 == pytest.approx(fit.tau2 / (fit.tau2 + typical))
    assert (found.q, found.q_p, found.effects) == (plain.q, plain.q_p, plain.effects)
    assert (found.weights, found.tau2_lower, found.i2_upper) == ((), None, None)


def test_glmm_refitted() -> None:
    """GLMM too is refitted without each study, and study by study."""
    given = [(16, 17), (10, 12), (4, 8), (10, 12), (43, 58), (9, 10)]
    model = Model(method="GLMM")
    left_out, grown = leave_one_out(*apart(given), model), cumulative(*apart(given), model)

    for place in range(len(given)):
        assert figures(left_out[place]) == near(pooled(given[:place] + given[place + 1 :], model))
        assert figures(grown[place]) == near(pooled(given[: place + 1], model))


# Refusals


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pool([], []), "there is no study"),
        (lambda: pool([1], [2, 3]), "need events and total of each study, got 1 and 2"),
        (lambda: pool([3], [2]), "got 3 of 2"),
        (lambda: pool([-1], [2]), "got -1 of 2"),
        (lambda: pool([0], [0]), "got 0 of 0"),
        (lambda: Model(transform="probit"), "transform is one of logit, arcsine"),  # type: ignore[arg-type]
        (lambda: Model(method="SJ"), "method is one of FE, DL"),  # type: ignore[arg-type]
        (lambda: Model(back="median"), "back is one of harmonic"),  # type: ignore[arg-type]
        (lambda: Model(level=95), "the level is a fraction"),
        (lambda: Model(method="FE", hartung_knapp=True), "for random effects of means, not for FE"),
        (lambda: Model(method="GLMM", hartung_knapp=True), "for random effects of means, not for GLMM"),
        (lambda: Model("log", "GLMM"), "logit scale, not on the scale log"),
        (lambda: pool([0, 0], [5, 9], Model(method="GLMM")), "nobody has the outcome"),
        (lambda: leave_one_out([1, 0], [5, 9], Model(method="GLMM")), "without 1 of 5: nobody has the outcome"),
        (lambda: cumulative([5, 3], [5, 9], Model(method="GLMM")), "of the first 1: everybody has the outcome"),
        (lambda: pool([1], [2], tau2=float("nan")), "a variance between studies is >= 0"),
        (lambda: pool([1], [2], tau2=-1), "a variance between studies is >= 0"),
        (lambda: pool([1], [2], Model(method="FE"), tau2=1), "got 1 for FE"),
        (lambda: leave_one_out([1], [2]), "nothing to leave out of a single study"),
        (lambda: cumulative([], []), "there is no study"),
        (lambda: pool_subgroups([1, 2], [3, 3], ["a"]), "got 2, 2 and 1"),
        (lambda: pool_subgroups([1, 2], [3, 3], ["a", "a"]), "at least two groups to compare, got 1"),
        (
            lambda: pool_subgroups([1, 2], [3, 3], ["a", "b"], common_tau2=True),
            "no group has two studies that could differ",
        ),
        (
            lambda: pool_subgroups([1, 2, 3], [3, 3, 3], ["a", "b", "b"], Model(method="FE"), common_tau2=True),
            "a common variance between studies is for random effects",
        ),
        (lambda: regress([1, 2], [3, 3], [1, 2]), "at least three studies, got 2"),
        (lambda: regress([1, 2, 3], [3, 3, 3], [1, 2]), "a moderator of each study, got 2 of 3"),
        (lambda: regress([1, 2, 3], [3, 3, 3], [7, 7, 7]), "the moderator is 7 in all studies"),
        (lambda: regress([1, 2, 3], [3, 3, 3], [1, 2, float("nan")]), "a finite number"),
        (lambda: regress([1, 2, 3], [3, 3, 3], [1, 2, float("inf")]), "a finite number"),
        (lambda: regress([1, 2, 3], [3, 3, 3], [1, 2, 3], Model(method="GLMM")), "not with GLMM"),
        (
            lambda: regress([3, 3, 3], [9, 9, 9], [1, 2, 3], Model(hartung_knapp=True)),
            "all studies lie on the line",
        ),
        (lambda: egger_test([1, 2, 3], [9, 8, 7], Model(method="GLMM")), "not with GLMM"),
        (lambda: egger_test([1, 1, 1], [9, 9, 9]), "the moderator is .* in all studies"),
        (lambda: peters_test([1, 2, 3], [9, 9, 9]), "the moderator is 0.111111 in all studies"),
        (lambda: peters_test([1, 2], [9, 8]), "at least three studies, got 2"),
    ],
)
def test_refusals(call: Callable[[], object], message: str) -> None:
    """What cannot be pooled, modelled or compared is an error that says why."""
    with pytest.raises(ValueError, match=message):
        call()


# Imports


def test_the_room_is_entered_without_numpy() -> None:
    """What the command line and the worker import of this room brings neither NumPy nor SciPy."""
    code = "import sys, cd22kg.statistics.sparql; print(sorted({'numpy', 'scipy'} & sys.modules.keys()))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)

    assert found.stdout.strip() == "[]"


def test_every_method_is_offered() -> None:
    """A model takes the estimators, and GLMM."""
    assert (*ESTIMATORS, "GLMM") == METHODS


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_scales_go_there_and_back(transform: str) -> None:
    """A share that needs no correction is itself again after a transformation, and beyond the ends it is 0 or 1."""
    total = np.array([3.0, 20, 1_000_000])
    events = np.array([1.0, 19, 1])
    effects = transform_counts(events, total, transform)  # type: ignore[arg-type]
    back = back_transform(effects.values, transform, total)  # type: ignore[arg-type]
    ends = back_transform(np.array([-800.0, 800.0]), transform, np.array([20.0, 20.0]))  # type: ignore[arg-type]

    assert back.tolist() == pytest.approx((events / total).tolist(), rel=1e-9)
    assert ends.tolist() == pytest.approx([0, 1], abs=1e-300)
