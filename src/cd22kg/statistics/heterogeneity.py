"""The variance between studies: its estimators, its interval, and the heterogeneity they measure.

Everything is done for many subsets of the studies at once, see `weighing`.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

import numpy as np

from cd22kg.statistics.distributions import Floats, chi2_quantile
from cd22kg.statistics.scan import Scan, places
from cd22kg.statistics.weighing import Studies

#: Ways to estimate the variance between studies; none with "FE".
Estimator = Literal["FE", "DL", "PM", "REML", "ML"]

ESTIMATORS: tuple[Estimator, ...] = get_args(Estimator)


class Spread(NamedTuple):
    """How much studies differ, for each subset of them.

    Attributes:
        tau2: Variance between studies, >= 0.
        tau2_lower: Lower bound of its interval; not a number without an interval.
        tau2_upper: Upper bound.
        q: Cochran's Q, >= 0.
        typical: Typical variance within studies; not a number if there are no more studies than columns.
    """

    tau2: Floats
    tau2_lower: Floats
    tau2_upper: Floats
    q: Floats
    typical: Floats


def estimate_spread(studies: Studies, estimator: Estimator, level: float) -> Spread:
    """Return how much the studies of each subset differ.

    The interval inverts Cochran's Q (Viechtbauer 2007). It is 0 to 0 where Q is so small that no variance fits. Of
    several maxima of a likelihood the highest is found, of equally high ones the one at the smaller variance.

    Args:
        studies: Studies and subsets.
        estimator: Fixed effect (no variance between studies), DerSimonian and Laird, Paule and Mandel, restricted
            maximum likelihood, maximum likelihood.
        level: Two-sided confidence level of the interval, a fraction in (0, 1).

    Source: DerSimonian and Laird 1986, Controlled Clinical Trials 7:177-188; Paule and Mandel 1982, Journal of
    Research of the National Bureau of Standards 87:377-385; Viechtbauer 2005, Journal of Educational and Behavioral
    Statistics 30:261-293, for the likelihoods; Viechtbauer 2007, Statistics in Medicine 26:37-52, for the interval;
    Higgins and Thompson 2002, Statistics in Medicine 21:1539-1558, for the typical variance. `rma.uni` and its
    `confint` of the R package metafor 3.8.1 do the same, but may stop at a lower maximum.
    """
    free = studies.sizes - studies.width
    enough = np.flatnonzero(free > 0)
    count = len(free)
    tau2, lower, upper = np.zeros(count), np.full(count, np.nan), np.full(count, np.nan)
    q, typical = np.zeros(count), np.full(count, np.nan)
    if len(enough) == 0:
        return Spread(tau2, lower, upper, q, typical)
    free = free[enough]
    if estimator == "FE":
        scan = Scan(studies, np.zeros(1), enough)
    else:
        crit = chi2_quantile((1 - level) / 2, free), chi2_quantile((1 + level) / 2, free)
        scan = Scan(studies, places(studies, enough, crit[1]), enough)
        lower[enough], upper[enough] = (scan.variance_at(target) for target in crit)
    q[enough] = scan.q[0]
    trace = scan.trace[0]
    typical[enough] = free / trace
    if estimator == "DL":
        tau2[enough] = np.maximum(0, (scan.q[0] - free) / trace)
    elif estimator == "PM":
        tau2[enough] = scan.variance_at(free)
    elif estimator in ("REML", "ML"):
        tau2[enough] = scan.most_likely(estimator == "REML")
    return Spread(tau2, lower, upper, q, typical)
