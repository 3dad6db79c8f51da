"""Does a proportion change with something that studies differ in: a year, a dose, an age?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from cd22kg.statistics.distributions import Floats, chi2_tail, critical_value, two_sided
from cd22kg.statistics.effects import Effects, back_transform, read_counts, transform_counts
from cd22kg.statistics.heterogeneity import Estimator, Spread, estimate_spread
from cd22kg.statistics.meta import USUAL_MODEL, Model, inverting_total, pool
from cd22kg.statistics.weighing import Studies, coefficients

#: Weighted sum of squares below which studies lie on a line to the last digit.
_NOTHING = float(np.finfo(float).eps)


@dataclass(frozen=True)
class Coefficient:
    """A coefficient of a line, on the scale of the model.

    Attributes:
        estimate: Its value.
        se: Its standard error, > 0.
        statistic: Value by standard error.
        p: Two-sided p value.
        lower: Lower bound of its confidence interval.
        upper: Upper bound.
    """

    estimate: float
    se: float
    statistic: float
    p: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Prediction:
    """The proportion that a line gives for a value of the moderator; all are fractions in [0, 1].

    Attributes:
        estimate: The proportion.
        lower: Lower bound of its confidence interval.
        upper: Upper bound.
        prediction_lower: Lower bound of the interval in which the true proportion of a further study is expected;
            nothing for a fixed effect.
        prediction_upper: Upper bound.
    """

    estimate: float
    lower: float
    upper: float
    prediction_lower: float | None
    prediction_upper: float | None


@dataclass(frozen=True)
class Regression:
    """A line of proportions, on the scale of the model, over a moderator.

    Attributes:
        model: How the studies were weighed.
        k: Number of studies, >= 3.
        intercept: The line where the moderator is 0.
        slope: Its change per unit of the moderator.
        covariance: Covariance of both.
        df: Degrees of freedom of Student's t behind tests and intervals, k - 2; nothing with the normal distribution.
        tau2: Variance between studies that the line leaves, >= 0; 0 for a fixed effect.
        tau2_lower: Lower bound of its interval by the Q profile; nothing for a fixed effect.
        tau2_upper: Upper bound.
        i2: Part of the variance about the line that is more than chance, a fraction in [0, 1).
        h2: Variance about the line by variance within studies.
        r2: Part of the variance between studies that the line takes away, a fraction in [0, 1]; for a fixed effect the
            adjusted R2 of weighted least squares.
        qe: Q of the studies about the line, >= 0.
        qe_df: Its degrees of freedom, k - 2.
        qe_p: Its p value.
        totals: The studies' totals, at a mean of which the Freeman-Tukey scale is inverted.
    """

    model: Model
    k: int
    intercept: Coefficient
    slope: Coefficient
    covariance: float
    df: int | None
    tau2: float
    tau2_lower: float | None
    tau2_upper: float | None
    i2: float
    h2: float
    r2: float
    qe: float
    qe_df: int
    qe_p: float
    totals: tuple[int, ...]

    @property
    def qm(self) -> float:
        """Statistic of the test of the moderator: a chi-squared, or with `df` an F, with 1 degree of freedom."""
        return self.slope.statistic**2

    @property
    def qm_p(self) -> float:
        """Its p value, that of the slope."""
        return self.slope.p

    def predict(self, moderator: float) -> Prediction:
        """Return the proportion at a value of the moderator.

        Args:
            moderator: Any number; beyond the values of the studies, the line is a guess.
        """
        mean = self.intercept.estimate + self.slope.estimate * moderator
        variance = self.intercept.se**2 + 2 * moderator * self.covariance + (moderator * self.slope.se) ** 2
        crit = float(critical_value(self.model.level, self.df))
        reach, beyond = crit * np.sqrt(variance), crit * np.sqrt(variance + self.tau2)
        totals = inverting_total(np.array(self.totals, dtype=float), np.sqrt([variance]), self.model)
        means = np.array([mean, mean - reach, mean + reach, mean - beyond, mean + beyond])
        found, lower, upper, *further = back_transform(means, self.model.transform, totals).tolist()
        return Prediction(found, lower, upper, *((None, None) if self.model.method == "FE" else further))


class Line(NamedTuple):
    """A line through effects, and how the studies lie about it.

    Attributes:
        intercept: The line where the moderator is 0.
        slope: Its change per unit of the moderator.
        covariance: Covariance of both.
        spread: How much the studies differ from it.
    """

    intercept: Coefficient
    slope: Coefficient
    covariance: float
    spread: Spread


def regress(
    events: Sequence[int], total: Sequence[int], moderator: Sequence[float], model: Model = USUAL_MODEL
) -> Regression:
    """Return the line of proportions over a moderator.

    Studies are few and differ in more than the moderator: a slope is a hint, not a cause. A moderator that is the mean
    of the patients of a study, as their age, says nothing of the patients within it.

    Args:
        events: Patients with the outcome in each study, 0 <= events <= total.
        total: Patients of each study, total >= 1.
        moderator: A number for each study.
        model: How they are weighed; not GLMM.

    Raises:
        ValueError: If there are fewer than three studies, the moderator is the same in all or no number in one, counts
            are out of range, the method is GLMM, or, after Hartung and Knapp, all studies lie on the line.

    Source: `rma(mods=~moderator)` of the R package metafor 3.8.1; Knapp and Hartung 2003, Statistics in Medicine
    22:2693-2710; Raudenbush 2009, The Handbook of Research Synthesis and Meta-Analysis, 2nd edition, chapter 16, for
    R2.

    Example:
        >>> found = regress([40, 12, 24, 0], [57, 21, 34, 8], [2018, 2019, 2020, 2021])
        >>> f"{found.slope.estimate:.3f} {found.slope.p:.3f}"
        '-0.674 0.240'
    """
    having, patients = read_counts(events, total)
    if len(moderator) != len(total):
        raise ValueError(f"need a moderator of each study, got {len(moderator)} of {len(total)}")
    if model.method == "GLMM":
        raise ValueError("a line is fitted to means, not with GLMM")
    effects = transform_counts(having, patients, model.transform)
    line = fit_line(effects, np.array(moderator, dtype=float), model.method, model.hartung_knapp, model.level)
    spread, k = line.spread, len(patients)
    (tau2,), (qe,), (typical,) = spread.tau2.tolist(), spread.q.tolist(), spread.typical.tolist()
    plain = pool(events, total, model)
    fixed = model.method == "FE"
    if fixed:
        i2, h2 = max(0.0, 1 - (k - 2) / qe) if qe else 0.0, qe / (k - 2)
        shares = (qe / (k - 2), plain.q / (k - 1))
    else:
        i2, h2 = tau2 / (tau2 + typical), tau2 / typical + 1
        shares = (tau2, plain.tau2)
    return Regression(
        model=model,
        k=k,
        intercept=line.intercept,
        slope=line.slope,
        covariance=line.covariance,
        df=k - 2 if model.hartung_knapp else None,
        tau2=tau2,
        tau2_lower=None if fixed else float(spread.tau2_lower[0]),
        tau2_upper=None if fixed else float(spread.tau2_upper[0]),
        i2=i2,
        h2=h2,
        r2=max(0.0, 1 - shares[0] / shares[1]) if shares[1] else 0.0,
        qe=qe,
        qe_df=k - 2,
        qe_p=float(chi2_tail(qe, k - 2)),
        totals=tuple(int(number) for number in total),
    )


def fit_line(effects: Effects, moderator: Floats, estimator: Estimator, scaled: bool, level: float) -> Line:
    """Return the line through effects.

    Args:
        effects: Transformed proportions and their variances.
        moderator: A number for each study.
        estimator: How the variance between studies is estimated.
        scaled: Whether standard errors are scaled by how the studies lie about the line, and Student's t is used: with
            a variance between studies after Knapp and Hartung, without it as in weighted least squares.
        level: Two-sided confidence level, a fraction in (0, 1).

    Raises:
        ValueError: If there are fewer than three studies, the moderator does not differ or is no number, or standard
            errors are to be scaled where all studies lie on the line.
    """
    count = len(moderator)
    if count < 3:
        raise ValueError(f"a line needs at least three studies, got {count}")
    if not np.isfinite(moderator).all():
        raise ValueError("the moderator of each study is a finite number")
    width = float(np.ptp(moderator))
    if width == 0:
        raise ValueError(f"the moderator is {moderator[0]:g} in all studies")
    # Sums are taken in an order of their own, about the most precise study, so that they keep their digits.
    order = np.lexsort((moderator, effects.values, effects.variances))
    values, variances, places = effects.values[order], effects.variances[order], moderator[order]
    design = np.column_stack((np.ones(count), (places - places[0]) / width))
    studies = Studies(np.column_stack((design, values - values[0])), variances)
    spread = estimate_spread(studies, estimator, level)
    (found,), (covariance,), (q,) = coefficients(studies.for_each(np.zeros(1, dtype=np.intp), spread.tau2, 1))
    if scaled and q <= _NOTHING:
        raise ValueError("all studies lie on the line: there is nothing to estimate a standard error from")
    back = np.array([[1, -places[0] / width], [0, 1 / width]])
    found, covariance = back @ found, back @ covariance @ back.T
    found[0] += values[0]
    if scaled:
        covariance *= q / (count - 2)
    df = count - 2 if scaled else None
    errors = np.sqrt(np.diag(covariance))
    reach = critical_value(level, df) * errors
    columns = (found, errors, found / errors, two_sided(found / errors, df), found - reach, found + reach)
    intercept, slope = (Coefficient(*row) for row in np.column_stack(columns).tolist())
    return Line(intercept, slope, float(covariance[0, 1]), spread)
