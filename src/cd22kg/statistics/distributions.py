"""Quantiles and tails of the distributions behind intervals and tests; the door of this room to SciPy.

Everything takes and returns arrays, entry by entry. Tails are upper tails.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special  # type: ignore[import-untyped]

Floats = NDArray[np.float64]


def critical_value(level: float, df: ArrayLike | None = None) -> Floats:
    """Return how many standard errors an interval reaches to either side.

    Args:
        level: Two-sided confidence level, a fraction in (0, 1).
        df: Degrees of freedom of Student's t, > 0; the normal distribution without.
    """
    share = (1 + level) / 2
    return _floats(special.ndtri(share) if df is None else special.stdtrit(df, share))


def two_sided(statistic: ArrayLike, df: ArrayLike | None = None) -> Floats:
    """Return the two-sided p value of an estimate divided by its standard error.

    Args:
        statistic: Any number.
        df: Degrees of freedom of Student's t, > 0; the normal distribution without.
    """
    below = -np.abs(np.asarray(statistic, dtype=float))
    return _floats(2 * (special.ndtr(below) if df is None else special.stdtr(df, below)))


def chi2_tail(statistic: ArrayLike, df: ArrayLike) -> Floats:
    """Return how probable a chi-squared at least as large is, with df > 0 degrees of freedom."""
    return _floats(special.chdtrc(df, statistic))


def chi2_quantile(tail: ArrayLike, df: ArrayLike) -> Floats:
    """Return the chi-squared that is exceeded with a probability, with df > 0 degrees of freedom."""
    return _floats(special.chdtri(df, tail))


def _floats(values: object) -> Floats:
    return np.asarray(values, dtype=float)
