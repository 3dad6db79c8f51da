"""Do small studies tell something else than large ones? The tests behind a funnel plot.

They cannot tell why: studies with unwelcome results may be missing, small studies may have other patients, or the scale
of the proportions may itself relate a value to its precision. With fewer than ten studies, or with totals that are
nearly the same, they find next to nothing, and finding nothing proves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cd22kg.statistics.effects import read_counts, transform_counts
from cd22kg.statistics.meta import USUAL_MODEL, Model
from cd22kg.statistics.regression import Coefficient, Line, fit_line

#: Studies below which the tests should not be used.
FEWEST = 10


@dataclass(frozen=True)
class Asymmetry:
    """A test of whether a funnel plot is lopsided.

    Attributes:
        k: Number of studies, >= 3; below `FEWEST` the test should not be used.
        statistic: Slope of the line of the effects over the predictor, by its standard error.
        df: Degrees of freedom of Student's t, k - 2; nothing with the normal distribution.
        p: Two-sided p value.
        slope: The slope, on the scale of the model.
        limit: The line where the predictor is 0: the mean of infinitely large studies.
    """

    k: int
    statistic: float
    df: int | None
    p: float
    slope: Coefficient
    limit: Coefficient


def egger_test(
    events: Sequence[int], total: Sequence[int], model: Model = USUAL_MODEL, *, classical: bool = False
) -> Asymmetry:
    """Return Egger's test: a line of the effects over their standard errors.

    The standard error of a proportion depends on the proportion, on all scales but "arcsine" and "freeman-tukey", so
    that a line may be there without any bias; `peters_test` is then the better one.

    Args:
        events: Patients with the outcome in each study, 0 <= events <= total.
        total: Patients of each study, total >= 1.
        model: How the studies are weighed; not GLMM.
        classical: Whether the line is Egger's own, weighted least squares without a variance between studies, rather
            than that of the model.

    Raises:
        ValueError: As for `regression.regress`.

    Source: Egger and others 1997, BMJ 315:629-634; Sterne and Egger 2005, in Publication Bias in Meta-Analysis, chapter
    6; `regtest` of the R package metafor 3.8.1, the classical one with `model="lm"`.

    Example:
        >>> found = egger_test([40, 12, 24, 0], [57, 21, 34, 8], classical=True)
        >>> f"{found.statistic:.3f} {found.df} {found.p:.3f}"
        '-4.958 2 0.038'
    """
    if classical:
        model = Model(model.transform, "FE", level=model.level)
    if model.method == "GLMM":
        raise ValueError("a line is fitted to means, not with GLMM")
    effects = transform_counts(*read_counts(events, total), model.transform)
    scaled = classical or model.hartung_knapp
    line = fit_line(effects, np.sqrt(effects.variances), model.method, scaled, model.level)
    return _asymmetry(line, len(total), scaled)


def peters_test(events: Sequence[int], total: Sequence[int], model: Model = USUAL_MODEL) -> Asymmetry:
    """Return Peters' test: a line of the effects over 1 / total, by weighted least squares.

    The total does not depend on the proportion, so that the test holds its level where Egger's does not.

    Args:
        events: Patients with the outcome in each study, 0 <= events <= total.
        total: Patients of each study, total >= 1.
        model: Scale and level; weights are 1 / variance whatever its method.

    Raises:
        ValueError: If there are fewer than three studies, all have the same total, all lie on the line, or counts are
            out of range.

    Source: Peters and others 2006, JAMA 295:676-680; `regtest(model="lm", predictor="ninv")` of the R package metafor
    3.8.1, with weights 1 / variance.

    Example:
        >>> found = peters_test([40, 12, 24, 0], [57, 21, 34, 8])
        >>> f"{found.statistic:.3f} {found.df} {found.p:.3f}"
        '-3.626 2 0.068'
    """
    having, patients = read_counts(events, total)
    effects = transform_counts(having, patients, model.transform)
    return _asymmetry(fit_line(effects, 1 / patients, "FE", True, model.level), len(total), True)


def _asymmetry(line: Line, count: int, scaled: bool) -> Asymmetry:
    slope = line.slope
    return Asymmetry(count, slope.statistic, count - 2 if scaled else None, slope.p, slope, line.intercept)
