"""Proportions of several studies in a binomial-normal model: the counts are modelled, not their logits.

A study sees a binomial number of events, and the logit of its proportion is ``mean + tau * u`` with a standard normal
u of its own. The u are integrated out by adaptive Gauss-Hermite quadrature, as lme4 does: the nodes of a study are
centred at the mode of what is integrated and scaled by the curvature there. It is this approximation that is
maximised, so the number of points is part of the model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, lgamma, sqrt
from operator import index
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cd22kg.statistics.proportion import check_counts

_Floats = NDArray[np.float64]

#: Most points of the quadrature.
_MOST_POINTS = 100
#: Values of tau at which the likelihood is looked at first, and the factor between those that follow if it still rises.
#: They lie closer where tau is so large that quadrature with few points makes maxima of its own.
_GRID, _STRIDE = np.concatenate([[0.0], 2.0 ** np.arange(-4, 1, 0.5), 2.0 ** np.arange(1, 3.25, 0.25)]), 2**0.125
#: Step of Newton's method after which a search ends; what is left is of the order of its square.
_LAST_STEP = 1e-8
#: Steps of a search; half a dozen is the rule, halving alone needs about fifty.
_MOST_STEPS = 200
#: Largest derivative by the logarithm of tau at a maximum; rounding stays far below, no maximum far above.
_FLAT = 1e-6
#: Numbers that an evaluation holds in one array; larger arrays are slower.
_BLOCK = 1 << 14
#: What may be divided by in place of nothing.
_TINY = 1e-300
#: Derivatives of mean and tau themselves, by mean and by tau.
_MEAN1, _TAU1 = np.array([1.0, 0.0])[:, None, None], np.array([0.0, 1.0])[:, None, None]


@dataclass(frozen=True)
class Glmm:
    """A binomial-normal model that has been fitted.

    Attributes:
        mean: Logit of the proportion where the random effect is 0, in the median study.
        se: Standard error of the mean, > 0, from the observed information on mean and tau together, or on the mean
            alone where tau is 0.
        tau2: Variance between studies on the logit scale, by maximum likelihood, >= 0.
        loglik: Natural logarithm of the largest likelihood, with the binomial coefficients.
    """

    mean: float
    se: float
    tau2: float
    loglik: float


def fit_glmm(events: Sequence[int], total: Sequence[int], *, points: int = 7) -> Glmm:
    """Return the binomial-normal model with a random intercept per study, by maximum likelihood.

    Studies with no events, or with nothing but events, need no correction. Maxima are looked for over all variances, 0
    included; of several, the one with the largest likelihood is taken, by quadrature with 100 points, as fewer make
    maxima that are none where nearly all studies are at 0 or 100 %. There, and where tau2 is above 4 or so, compare
    with more points. A single study, or studies of one patient each, say nothing of the variance; it is then 0.
    Studies that share patients must not be pooled; this function cannot know.

    `rma.glmm(measure="PLO", xi=events, ni=total, method="ML", nAGQ=points)` of metafor 3.8.1, by way of lme4 1.1.31,
    maximises the same function and inverts the same Hessian for the standard error. It differs in that it refuses a
    single study and studies of equal proportions; takes the maximum that its search meets first, and, where there is
    none, may return the place at which it gave up; and that its `logLik` has the likelihood of the counts given the
    modes in place of the integral, which is `logLik` of lme4's model plus that of the saturated one.

    Args:
        events: Patients with the outcome in each study, 0 <= events <= total.
        total: Patients of each study, total >= 1.
        points: Nodes of the quadrature per study, 1 (Laplace's approximation) to 100.

    Raises:
        ValueError: If there is no study, or events, total or points are out of range; if nobody or everybody has the
            outcome (the mean is infinite); if each study is at 0 or at 100 %, some at either, and not all are of one
            patient (the variance is infinite); or if so few points show no maximum.

    Source: Stijnen, Hamza and Ozdemir 2010, Statistics in Medicine 29:3046-3067, for the model; Pinheiro and Bates
    1995, Journal of Computational and Graphical Statistics 4:12-35, for the quadrature; `glmer` of the R package lme4
    (Bates and others 2015, Journal of Statistical Software 67(1)) does the same.

    Example:
        >>> fit = fit_glmm([40, 12, 24, 0], [57, 21, 34, 8])
        >>> f"{fit.mean:.4f} {fit.se:.4f} {fit.tau2:.4f} {fit.loglik:.4f}"
        '0.0132 0.7191 1.4752 -12.8390'
    """
    if not 1 <= points <= _MOST_POINTS:
        raise ValueError(f"the quadrature has 1 to {_MOST_POINTS} points, got {points}")
    _check_studies(events, total)
    likelihood = _Likelihood(events, total, points)
    if len(total) == 1 or max(total) == 1:
        return likelihood.profile(np.zeros(1)).fit()
    peaks = [peak for peak in _peaks(likelihood) if peak.is_maximum]
    if not peaks:
        raise ValueError(f"with {points} points the likelihood has no maximum: take more")
    if len(peaks) > 1:
        judge = _Likelihood(events, total, _MOST_POINTS)
        peaks.sort(key=lambda peak: float(judge(peak.means, peak.tau).value[0]))
    return peaks[-1].fit()


def _check_studies(events: Sequence[int], total: Sequence[int]) -> None:
    """Refuse counts that cannot be, and those whose likelihood rises without end."""
    if len(events) != len(total):
        raise ValueError(f"need events and total of each study, got {len(events)} and {len(total)}")
    if not len(total):
        raise ValueError("there is no study to pool")
    for having, patients in zip(events, total, strict=True):
        check_counts(having, patients)
    if sum(events) in (0, sum(total)):
        raise ValueError(f"{'everybody' if sum(events) else 'nobody'} has the outcome: the mean logit is infinite")
    if max(total) > 1 and all(having in (0, patients) for having, patients in zip(events, total, strict=True)):
        raise ValueError("each study is at 0 or at 100 %: the variance between studies is infinite")


class _Surface(NamedTuple):
    """A log-likelihood at several places, with its first and second derivatives by mean and tau."""

    value: _Floats
    mean: _Floats
    tau: _Floats
    mean_mean: _Floats
    mean_tau: _Floats
    tau_tau: _Floats


class _Profile(NamedTuple):
    """The most likely mean at several values of tau, and the log-likelihood there."""

    tau: _Floats
    means: _Floats
    at: _Surface

    @property
    def curvature(self) -> _Floats:
        """Second derivative by tau, the mean following."""
        return self.at.tau_tau - self.at.mean_tau**2 / self.at.mean_mean

    @property
    def score(self) -> _Floats:
        """Twice the derivative by the variance, the mean following; at 0 it is a limit."""
        return np.where(self.tau > 0, self.at.tau / np.maximum(self.tau, _TINY), self.curvature)

    @property
    def is_maximum(self) -> bool:
        """Whether the first is a maximum; where quadrature fails, the mean may jump, and a search may end there."""
        level = abs(self.at.tau[0]) * self.tau[0] <= _FLAT
        return bool(level and self.at.mean_mean[0] < 0 and (self.tau[0] == 0 or self.curvature[0] < 0))

    def fit(self) -> Glmm:
        """Return the first as a fitted model."""
        value, _, _, mean_mean, mean_tau, tau_tau = (float(part[0]) for part in self.at)
        tau = float(self.tau[0])
        information = mean_tau**2 / tau_tau - mean_mean if tau > 0 else -mean_mean
        return Glmm(float(self.means[0]), 1 / sqrt(information), tau * tau, value)


class _Search:
    """Search for the places at which functions fall through 0, by Newton's method, else by halving."""

    def __init__(self, place: _Floats, low: float = -np.inf, high: float = np.inf) -> None:
        self._place, self._last = place, np.full_like(place, np.inf)
        self._low, self._high = np.full_like(place, low), np.full_like(place, high)
        self._steps, self.found = 0, False

    def next(self, value: _Floats, step: _Floats, scale: _Floats) -> _Floats:
        """Return where to look next, after a value at the last place and Newton's step from there.

        A step between the nearest places with either sign is taken if it is less than half of the last, so that
        neither rounding nor a bend lets it wander. Where no step is large on its scale, all are taken as the last.
        """
        low = self._low = np.where(value >= 0, self._place, self._low)
        high = self._high = np.where(value <= 0, self._place, self._high)
        small = np.abs(step) <= _LAST_STEP * scale
        target = self._place + step
        good = small | np.isinf(high - low) | (low < target) & (target < high) & (np.abs(step) <= self._last / 2)
        target = np.where(good, target, (low + high) / 2)
        self._last, self._place, self._steps = np.abs(target - self._place), target, self._steps + 1
        self.found = bool(small.all()) or self._steps >= _MOST_STEPS
        return target


class _Likelihood:
    """The log-likelihood of all studies; those with the same counts are computed once."""

    def __init__(self, events: Sequence[int], total: Sequence[int], points: int) -> None:
        # Sorted, so that the sums are the same in whatever order the studies come.
        alike = sorted(Counter(zip(map(index, events), map(index, total), strict=True)).items())
        self._having = np.array([float(having) for (having, _), _ in alike])
        self._lacking = np.array([float(patients - having) for (having, patients), _ in alike])
        self._studies = np.array([float(studies) for _, studies in alike])
        self._coefficients = fsum(
            studies * (lgamma(patients + 1) - lgamma(having + 1) - lgamma(patients - having + 1))
            for (having, patients), studies in alike
        )
        nodes, weights = np.polynomial.hermite_e.hermegauss(points)
        self._nodes, self._weights = nodes, weights / weights.sum() * np.exp(nodes**2 / 2)

    def __call__(self, mean: _Floats, tau: _Floats) -> _Surface:
        """Return the surface at pairs of mean and tau."""
        step = max(1, _BLOCK // (len(mean) * len(self._nodes)))
        blocks = (slice(first, first + step) for first in range(0, len(self._having), step))
        parts = [self._block(mean[:, None], tau[:, None], block) for block in blocks]
        value, *derivatives = (np.sum(part, axis=0) for part in zip(*parts, strict=True))
        return _Surface(value + self._coefficients, *derivatives)

    def profile(self, tau: _Floats, start: _Floats | None = None) -> _Profile:
        """Return the most likely mean at each tau; the log-likelihood is concave there, but for quadrature's errors."""
        mean = self._guess(tau) if start is None else start
        search, reach = _Search(mean), 2 + tau
        while True:
            at = self(mean, tau)
            if search.found:
                return _Profile(tau, mean, at)
            fall = np.maximum(-at.mean_mean, np.abs(at.mean) / reach + _TINY)
            mean = search.next(at.mean, at.mean / fall, 1 + np.abs(mean))

    def _guess(self, tau: _Floats) -> _Floats:
        """Return the weighted means of the logits, 0.5 added to each count."""
        having, lacking = self._having + 0.5, self._lacking + 0.5
        weights = self._studies / (tau[:, None] ** 2 + 1 / having + 1 / lacking)
        guess: _Floats = weights @ np.log(having / lacking) / weights.sum(axis=1)
        return guess

    def _block(self, mean: _Floats, tau: _Floats, block: slice) -> tuple[_Floats, ...]:
        """Return the log-likelihood of some studies and its derivatives; rows are places, columns studies.

        The derivatives are those of the approximation: its nodes move with the mode and the curvature of each study,
        which depend on mean and tau. A name ending in 1 holds derivatives by mean and by tau along its first axis, one
        ending in 2 those by mean twice, by both, and by tau twice.
        """
        having, lacking, studies = self._having[block], self._lacking[block], self._studies[block]
        eta = _modes(mean, tau, having, lacking)
        p, q = _shares(eta)
        rest, w = having * q - lacking * p, (having + lacking) * p * q
        w_, w__ = w * (q - p), w * (1 - 6 * p * q)
        spread = 1 + tau**2 * w
        # The mode in two ways; each keeps its digits where the other does not.
        u = np.where(spread > 2, (eta - mean) / np.maximum(tau, _TINY), tau * rest)
        eta1 = (_MEAN1 + 2 * u * _TAU1) / spread
        rest1 = -w * eta1
        u1 = rest * _TAU1 + tau * rest1
        square = _square(eta1)
        eta2 = (_beside(u1 + tau * rest1) - tau**2 * w_ * square) / spread
        u2 = _beside(rest1) - tau * (w_ * square + w * eta2)
        spread1 = 2 * tau * w * _TAU1 + tau**2 * w_ * eta1
        spread2 = tau**2 * (w__ * square + w_ * eta2) + 2 * tau * w_ * _beside(eta1)
        spread2[2] += 2 * w
        scale, log1 = 1 / np.sqrt(spread), -spread1 / spread / 2  # and, with log2, derivatives of the scale's logarithm
        log2 = 2 * _square(log1) - spread2 / spread / 2
        height = _loglik(eta, having, lacking) - u**2 / 2

        mean, tau, having, lacking = mean[..., None], tau[..., None], having[:, None], lacking[:, None]
        z = self._nodes * scale[..., None]
        v = u[..., None] + z
        v1 = u1[..., None] + z * log1[..., None]
        v2 = u2[..., None] + z * (log2 + _square(log1))[..., None]
        node, node1 = mean + tau * v, tau * v1
        node1[0] += 1
        node1[1] += v
        p, q = _shares(node)
        rest, w = having * q - lacking * p, (having + lacking) * p * q
        first = rest * node1 - v * v1
        second = rest * (_beside(v1) + tau * v2) - w * _square(node1) - _square(v1) - v * v2 + _square(first)
        parts = self._weights * np.exp(_loglik(node, having, lacking) - v**2 / 2 - height[..., None])
        whole = parts.sum(axis=-1)
        parts /= whole[..., None]
        whole1 = (parts * first).sum(axis=-1)
        whole2 = (parts * second).sum(axis=-1) - _square(whole1)
        value = height + np.log(scale * whole)
        return value @ studies, *((whole1 + log1) @ studies), *((whole2 + log2) @ studies)


def _square(by: _Floats) -> _Floats:
    """Return the products of first derivatives, in pairs."""
    pairs = np.empty((3, *by.shape[1:]))
    np.multiply(by[0], by, out=pairs[:2])
    np.multiply(by[1], by[1], out=pairs[2])
    return pairs


def _beside(by: _Floats) -> _Floats:
    """Return the second derivatives of tau times a number, but for tau times those of the number."""
    pairs = np.zeros((3, *by.shape[1:]))
    pairs[1] = by[0]
    np.multiply(by[1], 2, out=pairs[2])
    return pairs


def _shares(eta: _Floats) -> tuple[_Floats, _Floats]:
    """Return the proportion of a logit, and what it lacks to one; the smaller of them keeps its digits."""
    tail = np.exp(-np.abs(eta))
    large = 1 / (1 + tail)
    small, positive = tail * large, eta > 0
    return np.where(positive, large, small), np.where(positive, small, large)


def _loglik(eta: _Floats, having: _Floats, lacking: _Floats) -> _Floats:
    """Return the log-likelihood of counts at a logit, without coefficients."""
    tail = np.log1p(np.exp(-np.abs(eta)))
    loglik: _Floats = -having * (tail + np.maximum(-eta, 0)) - lacking * (tail + np.maximum(eta, 0))
    return loglik


def _modes(mean: _Floats, tau: _Floats, having: _Floats, lacking: _Floats) -> _Floats:
    """Return the logit of each study at the mode of its random effect, by Newton's method.

    The function whose root is sought rises, convex below 0 and concave above. Kept on the side of 0 where the root is,
    the steps after the first come to it from one side, wherever they begin.
    """
    below = mean + tau**2 * (having - lacking) / 2 < 0
    floor, ceiling = np.where(below, -np.inf, 0), np.where(below, 0, np.inf)
    patients, having_, lacking_ = having + lacking, having + 0.5, lacking + 0.5
    weight = tau**2 * having_ * lacking_ / (patients + 1)
    eta = np.minimum(np.maximum((mean + weight * np.log(having_ / lacking_)) / (1 + weight), floor), ceiling)
    for _ in range(_MOST_STEPS):
        p, q = _shares(eta)
        step = (mean + tau**2 * (having * q - lacking * p) - eta) / (1 + tau**2 * patients * p * q)
        eta = np.minimum(np.maximum(eta + step, floor), ceiling)
        if np.all(np.abs(step) <= _LAST_STEP * (1 + np.abs(eta))):
            break
    return eta


def _peaks(likelihood: _Likelihood) -> list[_Profile]:
    """Return the profile where it rises below and falls above; nearly always that is one place."""
    scan = likelihood.profile(_GRID)
    peaks = [likelihood.profile(np.zeros(1))] if scan.score[0] <= 0 else []
    falls = np.flatnonzero((scan.score[:-1] > 0) & (scan.score[1:] <= 0))
    peaks += [_peak(likelihood, scan.tau[at], scan.tau[at + 1], scan.means[at]) for at in falls]
    if scan.score[-1] > 0:
        peaks.append(_climb(likelihood, scan.tau[-1], scan.means[-1]))
    return peaks


def _climb(likelihood: _Likelihood, low: float, mean: float) -> _Profile:
    """Return the profile at the first maximum above a tau at which it rises.

    There is one, as a study with and without events excludes that the variance is infinite. Where tau is this large,
    several means may be likely at one, so each is looked for from the last.
    """
    while True:
        high = low * _STRIDE
        here = likelihood.profile(np.array([high]), np.array([mean]))
        if here.score[0] <= 0:
            return _peak(likelihood, low, high, mean)
        low, mean = high, here.means[0]


def _peak(likelihood: _Likelihood, low: float, high: float, mean: float) -> _Profile:
    """Return the profile at a maximum between two values of tau."""
    tau2, start = np.array([(low**2 + high**2) / 2]), np.array([mean])
    search = _Search(tau2, low**2, high**2)
    while True:
        here = likelihood.profile(np.sqrt(tau2), start)
        if search.found:
            return here
        fall = np.maximum((here.score - here.curvature) / (2 * tau2), np.abs(here.score) / (high**2 - low**2))
        tau2 = search.next(here.score, here.score / np.maximum(fall, _TINY), tau2)
        start = here.means - here.at.mean_tau / here.at.mean_mean * (np.sqrt(tau2) - here.tau)
