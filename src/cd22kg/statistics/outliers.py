"""Which of several proportions does not go with the others, in plain Python.

`meta` pools them by more models, with NumPy; here is what a search for conflicts needs of one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import erfc, exp, fsum, lgamma, log, sqrt
from typing import NamedTuple

from cd22kg.statistics.proportion import check_counts

#: From so many studies on, one of them hardly moves the variance between all, which then stands for that between the
#: others: so the time does not grow with the square of their number.
_MANY = 500


class Scatter(NamedTuple):
    """How far proportions lie from one another.

    Attributes:
        q: Cochran's Q on the logit scale, >= 0.
        df: Its degrees of freedom, one less than the studies.
        p: Its p value; 1 for fewer than two studies.
        i2: Part of the variance that is more than chance, a fraction in [0, 1).
        tau2: Variance between studies after DerSimonian and Laird, on the logit scale, >= 0.
    """

    q: float
    df: int
    p: float
    i2: float
    tau2: float


def scatter(studies: Sequence[tuple[int, int]]) -> Scatter:
    """Return the heterogeneity of proportions on the logit scale.

    A study with no events, or with nothing but events, has 0.5 added to those with and those without the outcome.

    Args:
        studies: Events and total of each study, 0 <= events <= total, total >= 1.

    Raises:
        ValueError: If events or total are out of range.

    Source: Cochran 1954, Biometrics 10:101-129; DerSimonian and Laird 1986, Controlled Clinical Trials 7:177-188;
    `rma(measure="PLO", method="DL", add=1/2, to="only0")` of the R package metafor does the same.

    Example:
        >>> found = scatter([(40, 57), (12, 21), (24, 34), (0, 8)])
        >>> f"{found.q:.3f}, p {found.p:.4f}, I2 {found.i2:.1%}"
        '7.256, p 0.0642, I2 58.7%'
    """
    effects, variances = _logits(studies)
    df = max(len(effects) - 1, 0)
    if not df:
        return Scatter(0.0, df, 1.0, 0.0, 0.0)
    q, tau2 = _spread(_Sums.of(effects, variances), df)
    return Scatter(q, df, chi_squared_tail(q, df), max(0.0, (q - df) / q) if q else 0.0, tau2)


def deleted_residuals(studies: Sequence[tuple[int, int]]) -> tuple[float, ...]:
    """Return how many standard errors each proportion lies from what the others let one expect.

    The others are pooled with random effects after DerSimonian and Laird; the standard error holds the variance of the
    study, that between the others, and that of their mean. Such studentised deleted residuals have about the standard
    normal distribution where no study is an outlier. From 500 studies on the variance between all of them is taken for
    that between the others.

    Args:
        studies: Events and total of each study, at least three, 0 <= events <= total, total >= 1.

    Raises:
        ValueError: If there are fewer than three studies, or events or total are out of range.

    Source: Viechtbauer and Cheung 2010, Research Synthesis Methods 1:112-125; `rstudent` of the R package metafor.

    Example:
        >>> [f"{z:.2f}" for z in deleted_residuals([(40, 57), (12, 21), (24, 34), (0, 8)])]
        ['0.67', '-0.23', '0.67', '-2.43']
    """
    if len(studies) < 3:
        raise ValueError(f"an outlier is one of three studies or more, got {len(studies)}")
    effects, variances = _logits(studies)
    every = _Sums.of(effects, variances)
    _, tau2 = _spread(every, len(effects) - 1)
    pooled = _Sums.of(effects, [v + tau2 for v in variances])
    found = []
    for at, (y, v) in enumerate(zip(effects, variances, strict=True)):
        between, others = tau2, pooled.without(y, v + tau2)
        if len(effects) < _MANY:
            rest = [(e, w) for n, (e, w) in enumerate(zip(effects, variances, strict=True)) if n != at]
            ys, vs = [e for e, _ in rest], [w for _, w in rest]
            _, between = _spread(_Sums.of(ys, vs), len(rest) - 1)
            others = _Sums.of(ys, [w + between for w in vs])
        found.append((y - others.mean) / sqrt(v + between + 1 / others.weight))
    return tuple(found)


def normal_tails(z: float) -> float:
    """Return the two-sided p value of a standard normal deviate.

    Example:
        >>> f"{normal_tails(-1.96):.4f}"
        '0.0500'
    """
    return erfc(abs(z) / sqrt(2))


def chi_squared_tail(statistic: float, df: int) -> float:
    """Return the probability that a chi-squared variable is at least so large.

    Args:
        statistic: Its value, >= 0.
        df: Whole degrees of freedom, >= 1.

    Raises:
        ValueError: If one is out of range.

    Source: the finite sums of https://dlmf.nist.gov/8.4 and the recurrence 8.8.2, for half-integers.

    Example:
        >>> f"{chi_squared_tail(3.841459, 1):.4f} {chi_squared_tail(18.30704, 10):.4f}"
        '0.0500 0.0500'
    """
    if statistic < 0 or df < 1:
        raise ValueError(f"need a statistic >= 0 and df >= 1, got {statistic} and {df}")
    if statistic == 0:
        return 1.0
    half = statistic / 2
    start = 0.5 if df % 2 else 0.0
    terms = (exp(n * log(half) - half - lgamma(n + 1)) for n in (start + step for step in range(df // 2)))
    return min(1.0, fsum([erfc(sqrt(half)) if df % 2 else 0.0, *terms]))


class _Sums(NamedTuple):
    """Sums over studies, with weights that are one over the variance."""

    weight: float
    weight2: float
    first: float
    second: float

    @classmethod
    def of(cls, effects: Sequence[float], variances: Sequence[float]) -> _Sums:
        weights = [1 / v for v in variances]
        pairs = list(zip(weights, effects, strict=True))
        return cls(
            fsum(weights),
            fsum(w * w for w in weights),
            fsum(w * y for w, y in pairs),
            fsum(w * y * y for w, y in pairs),
        )

    def without(self, y: float, v: float) -> _Sums:
        """Return the sums over all others."""
        w = 1 / v
        return _Sums(self.weight - w, self.weight2 - w * w, self.first - w * y, self.second - w * y * y)

    @property
    def mean(self) -> float:
        return self.first / self.weight


def _spread(sums: _Sums, df: int) -> tuple[float, float]:
    """Return Q and the variance between studies by the method of moments."""
    q = max(0.0, sums.second - sums.first**2 / sums.weight)
    return q, max(0.0, q - df) / (sums.weight - sums.weight2 / sums.weight)


def _logits(studies: Sequence[tuple[int, int]]) -> tuple[list[float], list[float]]:
    """Return the proportions on the logit scale, with their variances."""
    effects, variances = [], []
    for events, total in studies:
        check_counts(events, total)
        added = 0.5 if events in (0, total) else 0.0
        having, lacking = events + added, total - events + added
        effects.append(log(having / lacking))
        variances.append(1 / having + 1 / lacking)
    return effects, variances
