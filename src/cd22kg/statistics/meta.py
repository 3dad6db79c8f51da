"""Proportions of several studies, pooled: the models of a meta-analysis.

`pooling.pool_proportions` does one of them without NumPy; here are the others, with what a report of them needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, sqrt
from typing import NamedTuple

import numpy as np

from cd22kg.statistics.distributions import Floats, chi2_tail, critical_value
from cd22kg.statistics.effects import Effects, back_transform, read_counts, transform_counts
from cd22kg.statistics.heterogeneity import estimate_spread
from cd22kg.statistics.options import BACKS, METHODS, TRANSFORMS, Back, Method, Transform
from cd22kg.statistics.proportion import check_level
from cd22kg.statistics.weighing import Studies, Subsets, coefficients, over_subsets, parts

#: Weighted sum of squares below which studies agree to the last digit.
_NOTHING = float(np.finfo(float).eps)
#: What may be divided by in place of nothing.
_TINY = 1e-150


@dataclass(frozen=True)
class Model:
    """How proportions are pooled.

    Attributes:
        transform: Scale on which they are pooled, see `effects.transform_counts`.
        method: Fixed or random effects, and how the variance between studies is estimated.
        hartung_knapp: Whether the standard error is that of Hartung and Knapp, with Student's t of k - 1 degrees of
            freedom in place of the normal distribution. There is no correction for a standard error smaller than the
            usual one: where studies agree better than by chance, the interval is narrower, with studies that agree
            completely a point. A single study has the usual interval.
        level: Two-sided level of all intervals, a fraction in (0, 1).
        back: Number of patients at which the scale "freeman-tukey" is inverted; the other scales do not ask for it.
    """

    transform: Transform = "logit"
    method: Method = "REML"
    hartung_knapp: bool = False
    level: float = 0.95
    back: Back = "harmonic"

    def __post_init__(self) -> None:
        """Refuse a model that is none.

        Raises:
            ValueError: If a name or the level is unknown, or a method does not go with the rest.
        """
        for name, value, allowed in (
            ("transform", self.transform, TRANSFORMS),
            ("method", self.method, METHODS),
            ("back", self.back, BACKS),
        ):
            if value not in allowed:
                raise ValueError(f"{name} is one of {', '.join(allowed)}, got {value}")
        check_level(self.level)
        if (1 + self.level) / 2 == 1:
            raise ValueError(f"the level is so near to 1 that its intervals are infinite, got {self.level}")
        if self.method in ("FE", "GLMM") and self.hartung_knapp:
            raise ValueError(
                f"the adjustment of Hartung and Knapp is for random effects of means, not for {self.method}"
            )
        if self.method == "GLMM" and self.transform != "logit":
            raise ValueError(f"GLMM models the counts on the logit scale, not on the scale {self.transform}")


#: Random effects on the logit scale by restricted maximum likelihood.
USUAL_MODEL = Model()


@dataclass(frozen=True)
class Estimate:
    """A pooled proportion. What is called mean is on the scale of the model, the other proportions are fractions.

    Attributes:
        model: How it was pooled.
        k: Number of studies, >= 1.
        events: Patients with the outcome in all studies.
        total: Patients of all studies.
        estimate: The pooled proportion, a fraction in [0, 1].
        lower: Lower bound of its confidence interval.
        upper: Upper bound.
        prediction_lower: Lower bound of the interval in which the true proportion of a further study is expected, by
            the distribution that the confidence interval uses; nothing for a fixed effect and for a single study.
        prediction_upper: Upper bound.
        tau2: Variance between studies on the scale of the model, >= 0; 0 for a fixed effect and for a single study.
        tau2_lower: Lower bound of its interval by the Q profile; nothing for a fixed effect, GLMM and a single study.
            Both bounds are 0 where the studies agree so well that no variance fits.
        tau2_upper: Upper bound.
        i2: Part of the variance that is more than chance, a fraction in [0, 1): of tau2 and the typical variance within
            studies, for a fixed effect of Q; nothing for a single study (metafor says 0).
        i2_lower: Lower bound, from that of tau2.
        i2_upper: Upper bound.
        h2: Total variance by variance within studies: 1 / (1 - i2), for a fixed effect Q / q_df, which may be below 1.
        h2_lower: Lower bound, from that of tau2.
        h2_upper: Upper bound.
        q: Cochran's Q, >= 0, on the logit scale also for GLMM.
        q_df: Its degrees of freedom, k - 1.
        q_p: Its p value; 1 for a single study.
        mean: The pooled mean on the scale of the model.
        se: Its standard error.
        mean_lower: Lower bound of its confidence interval, possibly beyond the ends of the scale.
        mean_upper: Upper bound.
        mean_prediction_lower: Lower bound of the prediction interval.
        mean_prediction_upper: Upper bound.
        weights: Weight of each study, fractions whose sum is 1; none for GLMM, which has no weights, and none, like
            effects and variances, where many subsets of studies were pooled (`sensitivity`).
        effects: The studies' proportions on the scale of the model.
        variances: Their sampling variances.
    """

    model: Model
    k: int
    events: int
    total: int
    estimate: float
    lower: float
    upper: float
    prediction_lower: float | None
    prediction_upper: float | None
    tau2: float
    tau2_lower: float | None
    tau2_upper: float | None
    i2: float | None
    i2_lower: float | None
    i2_upper: float | None
    h2: float | None
    h2_lower: float | None
    h2_upper: float | None
    q: float
    q_df: int
    q_p: float
    mean: float
    se: float
    mean_lower: float
    mean_upper: float
    mean_prediction_lower: float | None
    mean_prediction_upper: float | None
    weights: tuple[float, ...] = ()
    effects: tuple[float, ...] = ()
    variances: tuple[float, ...] = ()

    @property
    def tau(self) -> float:
        """Standard deviation between studies."""
        return sqrt(self.tau2)

    @property
    def h(self) -> float | None:
        """Square root of h2."""
        return None if self.h2 is None else sqrt(self.h2)


def pool(
    events: Sequence[int], total: Sequence[int], model: Model = USUAL_MODEL, *, tau2: float | None = None
) -> Estimate:
    """Return the proportions of several studies, pooled.

    The order of the studies does not matter. Studies that share patients must not be pooled; this function cannot know.

    Args:
        events: Patients with the outcome in each study, 0 <= events <= total.
        total: Patients of each study, total >= 1.
        model: How they are pooled.
        tau2: Variance between studies on the scale of the model, >= 0, if it is not to be estimated from these studies
            but known from elsewhere. There is no interval of it then, and a single study has a prediction interval.

    Raises:
        ValueError: If there is no study, counts or tau2 are out of range, or the method knows no tau2; with GLMM also
            if its likelihood has no maximum, see `glmm.fit_glmm`.

    Source: `rma` and `predict` of the R package metafor 3.8.1 (Viechtbauer 2010, Journal of Statistical Software
    36(3)); Hartung and Knapp 2001, Statistics in Medicine 20:3875-3889; Higgins, Thompson and Spiegelhalter 2009,
    Journal of the Royal Statistical Society A 172:137-159, for the prediction interval; Barendregt and others 2013,
    Journal of Epidemiology and Community Health 67:974-978, for inverting Freeman and Tukey's scale at the number of
    patients that the variance tells.

    Example:
        >>> found = pool([40, 12, 24, 0], [57, 21, 34, 8], Model(method="DL"))
        >>> f"{found.estimate:.4f} {found.lower:.4f} {found.upper:.4f}, {found.i2:.1%}"
        '0.6243 0.4518 0.7701, 58.7%'
    """
    if tau2 is not None and (not 0 <= tau2 < inf or model.method in ("FE", "GLMM")):
        raise ValueError(
            f"a variance between studies is >= 0, and not given for FE and GLMM, got {tau2} for {model.method}"
        )
    having, patients = read_counts(events, total)
    # Sums are taken in an order of their own, so that they do not depend on the order given.
    order = np.lexsort((having, patients))
    (found,) = pool_subsets(having[order], patients[order], model, "all", tau2)
    values, variances = transform_counts(having, patients, model.transform)
    weights = 1 / (variances + found.tau2)
    weights = weights / np.sum(weights[order])
    return replace(
        found,
        weights=() if model.method == "GLMM" else tuple(weights.tolist()),
        effects=tuple(values.tolist()),
        variances=tuple(variances.tolist()),
    )


def pool_subsets(
    events: Floats, total: Floats, model: Model, subsets: Subsets, tau2: float | None = None
) -> tuple[Estimate, ...]:
    """Return the estimates of subsets of studies, without weights, effects and variances.

    Args:
        events: Patients with the outcome in each study, 0 <= events <= total.
        total: Patients of each study, total >= 1.
        model: How they are pooled.
        subsets: Which subsets.
        tau2: Variance between studies, if it is known from elsewhere.
    """
    sizes = over_subsets(np.ones(len(total)), subsets)
    free = sizes - 1
    several = free > 0
    fits = _fit(transform_counts(events, total, model.transform), model, subsets, tau2)
    if model.method == "GLMM":
        fits = _with_counts(fits, events, total, subsets)
    crit = np.full(len(sizes), critical_value(model.level))
    if model.hartung_knapp:
        crit[several] = critical_value(model.level, free[several])
    reach = crit * fits.se
    beyond = crit * np.sqrt(fits.se**2 + fits.tau2)
    if model.method == "FE":
        beyond[:] = np.nan
        i2 = np.maximum(0, 1 - np.divide(free, fits.q, out=np.ones_like(free), where=fits.q > 0))
        h2 = np.divide(fits.q, free, out=np.ones_like(free), where=several)
    else:
        i2, h2 = fits.tau2 / (fits.tau2 + fits.typical), fits.tau2 / fits.typical + 1
    i2[~several], h2[~several] = np.nan, np.nan
    if tau2 is None:
        beyond[~several] = np.nan
    q_p = np.ones_like(fits.q)
    q_p[several] = chi2_tail(fits.q[several], free[several])
    back = inverting_total(total, fits.se, model, subsets)
    means = {
        "": fits.mean,
        "_lower": fits.mean - reach,
        "_upper": fits.mean + reach,
        "_prediction_lower": fits.mean - beyond,
        "_prediction_upper": fits.mean + beyond,
    }
    columns = {
        **{f"mean{name}": values for name, values in means.items()},
        **{name[1:] or "estimate": back_transform(values, model.transform, back) for name, values in means.items()},
        "tau2": fits.tau2,
        "tau2_lower": fits.tau2_lower,
        "tau2_upper": fits.tau2_upper,
        "i2": i2,
        "i2_lower": fits.tau2_lower / (fits.tau2_lower + fits.typical),
        "i2_upper": fits.tau2_upper / (fits.tau2_upper + fits.typical),
        "h2": h2,
        "h2_lower": fits.tau2_lower / fits.typical + 1,
        "h2_upper": fits.tau2_upper / fits.typical + 1,
        "q": fits.q,
        "q_p": q_p,
        "se": fits.se,
    }
    whole = {
        "k": sizes,
        "events": over_subsets(events, subsets),
        "total": over_subsets(total, subsets),
        "q_df": free,
    }
    numbers = [[None if value != value else value for value in values.tolist()] for values in columns.values()]
    counts = [[int(value) for value in values] for values in whole.values()]
    names = (*columns, *whole)
    return tuple(
        Estimate(model=model, **dict(zip(names, row, strict=True))) for row in zip(*numbers, *counts, strict=True)
    )


class _Fits(NamedTuple):
    """Models of subsets of studies: mean, its standard error, and what `heterogeneity.Spread` holds."""

    mean: Floats
    se: Floats
    tau2: Floats
    tau2_lower: Floats
    tau2_upper: Floats
    q: Floats
    typical: Floats


def _fit(effects: Effects, model: Model, subsets: Subsets, tau2: float | None) -> _Fits:
    """Return the models of subsets of studies."""
    estimator = "FE" if tau2 is not None or model.method == "GLMM" else model.method
    found = np.empty((len(_Fits._fields), len(over_subsets(effects.values, subsets))))
    for part in parts(effects.variances, subsets):
        centre = effects.values[part.centre]
        values = effects.values[part.studies] - centre
        table = np.column_stack((np.ones_like(values), values))
        studies = Studies(table, effects.variances[part.studies], part.subsets)
        spread = estimate_spread(studies, estimator, model.level)
        spread = spread._replace(tau2=spread.tau2 if tau2 is None else np.full_like(spread.tau2, tau2))
        mean, covariance, q = coefficients(studies.for_each(part.rows, spread.tau2[part.rows], 1))
        variance = covariance[:, 0, 0]
        if model.hartung_knapp:
            free = studies.sizes[part.rows] - 1
            share = np.where(q > _NOTHING, q, 0) / np.maximum(free, 1)
            variance = np.where(free > 0, share * variance, variance)
        found[:, part.targets] = (centre + mean[:, 0], np.sqrt(variance), *(values[part.rows] for values in spread))
    return _Fits(*found)


def _with_counts(fits: _Fits, events: Floats, total: Floats, subsets: Subsets) -> _Fits:
    """Return models of subsets of studies with mean, standard error and variance of the binomial-normal model.

    Raises:
        ValueError: If the likelihood of a subset has no maximum.
    """
    from cd22kg.statistics.glmm import fit_glmm

    studies = [(int(having), int(patients)) for having, patients in zip(events, total, strict=True)]
    members = {
        "all": [("", studies)],
        "all-but-one": [
            (f"without {having} of {patients}: ", studies[:place] + studies[place + 1 :])
            for place, (having, patients) in enumerate(studies)
        ],
        "first": [(f"of the first {end}: ", studies[:end]) for end in range(1, len(studies) + 1)],
    }[subsets]
    found = []
    for name, those in members:
        try:
            found.append(fit_glmm(*(list(column) for column in zip(*those, strict=True))))
        except ValueError as error:
            raise ValueError(f"{name}{error}") from error
    means, errors, variances = np.array([(fit.mean, fit.se, fit.tau2) for fit in found]).T
    return fits._replace(mean=means, se=errors, tau2=variances)


def inverting_total(total: Floats, se: Floats, model: Model, subsets: Subsets = "all") -> Floats:
    """Return the number of patients at which the Freeman-Tukey scale is inverted, for each subset.

    Args:
        total: Patients of each study.
        se: Standard error of the mean of each subset.
        model: How it is chosen.
        subsets: Which subsets of the studies.
    """
    if model.back == "inverse-variance":
        # On this scale the variance of a proportion is about 1 / (4 * total).
        return 1 / (4 * np.maximum(se, _TINY) ** 2)
    sizes = over_subsets(np.ones_like(total), subsets)
    if model.back == "harmonic":
        return sizes / over_subsets(1 / total, subsets)
    if model.back == "arithmetic":
        return over_subsets(total, subsets) / sizes
    return np.exp(over_subsets(np.log(total), subsets) / sizes)
