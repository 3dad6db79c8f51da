"""Proportions of several studies, pooled."""

from __future__ import annotations

from collections.abc import Iterable
from math import exp, fsum, log
from statistics import NormalDist
from typing import NamedTuple

from cd22kg.statistics.proportion import check_counts, check_level


class Pooled(NamedTuple):
    """A pooled proportion.

    Attributes:
        share: The proportion, a fraction in (0, 1).
        low: Lower bound of its confidence interval.
        high: Upper bound of its confidence interval.
        tau2: Variance between studies, on the logit scale, >= 0.
        i2: Part of the variance that is more than chance, a fraction in [0, 1); nothing for a single study.
    """

    share: float
    low: float
    high: float
    tau2: float
    i2: float | None


def pool_proportions(studies: Iterable[tuple[int, int]], *, level: float = 0.95) -> Pooled:
    """Return the random-effects mean of proportions, pooled on the logit scale after DerSimonian and Laird.

    A study with no events, or with nothing but events, has 0.5 added to those with and those without the outcome; no
    other study is changed. The interval is Wald's on the logit scale, transformed back. Studies that share patients
    must not be pooled; this function cannot know.

    Args:
        studies: Events and total of each study, 0 <= events <= total, total >= 1.
        level: Two-sided confidence level, a fraction in (0, 1).

    Raises:
        ValueError: If there is no study, or events, total or level are out of range.

    Source: DerSimonian and Laird 1986, Controlled Clinical Trials 7:177-188, for weights and variance between studies;
    Higgins and Thompson 2002, Statistics in Medicine 21:1539-1558, for I2; `rma(measure="PLO", method="DL", add=1/2,
    to="only0")` of the R package metafor (Viechtbauer 2010, Journal of Statistical Software 36(3)) does the same.

    Example:
        >>> share, low, high, tau2, i2 = pool_proportions([(40, 57), (12, 21), (24, 34), (0, 8)])
        >>> f"{share:.4f} {low:.4f} {high:.4f}, {i2:.1%}"
        '0.6243 0.4518 0.7701, 58.7%'
    """
    check_level(level)
    logits, variances = [], []
    for events, total in studies:
        check_counts(events, total)
        added = 0.5 if events in (0, total) else 0.0
        having, lacking = events + added, total - events + added
        logits.append(log(having / lacking))
        variances.append(1 / having + 1 / lacking)
    if not logits:
        raise ValueError("there is no study to pool")
    tau2, i2 = _heterogeneity(logits, variances)
    mean, weight = _mean(logits, [1 / (variance + tau2) for variance in variances])
    spread = NormalDist().inv_cdf((1 + level) / 2) / weight**0.5
    return Pooled(_share(mean), _share(mean - spread), _share(mean + spread), tau2, i2)


def _heterogeneity(logits: list[float], variances: list[float]) -> tuple[float, float | None]:
    """Return the variance between studies by the method of moments, and I2."""
    free = len(logits) - 1
    if not free:
        return 0.0, None
    weights = [1 / variance for variance in variances]
    mean, weight = _mean(logits, weights)
    spread = fsum(w * (y - mean) ** 2 for w, y in zip(weights, logits, strict=True))
    if spread <= free:
        return 0.0, 0.0
    return (spread - free) / fsum(w * (1 - w / weight) for w in weights), (spread - free) / spread


def _mean(values: list[float], weights: list[float]) -> tuple[float, float]:
    """Return a weighted mean and the sum of the weights, both the same in whatever order the studies come."""
    weight = fsum(weights)
    return fsum(w * y for w, y in zip(weights, values, strict=True)) / weight, weight


def _share(logit: float) -> float:
    """Return the proportion of a logit."""
    return 1 / (1 + exp(-logit)) if logit > 0 else exp(logit) / (1 + exp(logit))
