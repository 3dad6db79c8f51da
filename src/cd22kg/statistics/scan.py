"""Curves over the variance between studies, and where they fall through 0."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cd22kg.statistics.distributions import Floats
from cd22kg.statistics.weighing import Indices, Studies, generalised_q, log_determinant, score, trace_of_p

#: Distance of the places at which a likelihood is looked at, in the logarithm of smallest variance + tau2. Seen so, no
#: likelihood turns within a much longer distance: it is a sum of curves, each as wide as 1 or wider.
_STEP = 0.2
#: Relative step of Newton's method after which a search ends; what is left is of the order of its square.
_LAST_STEP = 1e-9
#: The same for a search by halves, where it is what is left.
_LAST_HALF = 1e-15
#: Steps of Newton's method that are tried before a search goes on by halves.
_MOST_NEWTON = 30
#: Steps of a search by halves after which there is nothing left to halve.
_MOST_STEPS = 150


class _Curve(NamedTuple):
    """Points of curves over the variance between studies.

    Attributes:
        tau2: Where they are.
        height: How high the curves are there.
        slope: How steep.
    """

    tau2: Floats
    height: Floats
    slope: Floats

    def take(self, index: NDArray[np.bool_]) -> _Curve:
        """Return some of the points."""
        return _Curve(*(values[index] for values in self))

    def join(self, other: _Curve) -> _Curve:
        """Return the points of both."""
        return _Curve(*(np.append(*values) for values in zip(self, other, strict=True)))


class Scan:
    """The curves of each subset over the variance between studies, seen at places from 0 to beyond the last turn.

    Attributes:
        q: Generalised Q at each place, in each subset.
        trace: Trace of P.
    """

    def __init__(self, studies: Studies, tau2: Floats, rows: Indices) -> None:
        self._studies = studies
        self._tau2 = tau2
        self._rows = rows
        self._least = float(studies.variances.min())
        self._sums = studies.for_all(tau2)[:, :, rows]
        self.q, self._fall = generalised_q(self._sums)
        self.trace, _ = trace_of_p(self._sums)

    def variance_at(self, target: Floats) -> Floats:
        """Return the variance at which the generalised Q falls to a target, 0 where it is below already.

        The root is sought of 1 / target - 1 / Q, for 1 / Q is nearly a straight line.
        """
        found = np.zeros(len(self._rows))
        rows = np.flatnonzero(self.q[0] > target)
        before = np.sum(self.q[:, rows] > target[rows], axis=0) - 1

        def curve(tau2: Floats, which: Indices, q: Floats, fall: Floats) -> _Curve:
            return _Curve(tau2, 1 / target[rows[which]] - 1 / q, -fall / q**2)

        def look(tau2: Floats, which: Indices) -> _Curve:
            return curve(tau2, which, *generalised_q(self._studies.for_each(self._rows[rows[which]], tau2, 2)))

        every = np.arange(len(rows))
        low, high = (
            curve(self._tau2[place], every, self.q[place, rows], self._fall[place, rows])
            for place in (before, before + 1)
        )
        found[rows] = _descend(look, low, high, self._least)
        return found

    def most_likely(self, restricted: bool) -> Floats:
        """Return the variance at which the likelihood is highest."""
        rise = _Curve(self._tau2[:, None], *score(self._sums, restricted))
        rows, low, high = self._falls(rise, restricted)
        tau2 = _descend(lambda at, which: self._look(at, rows[which], restricted), low, high, self._least)
        at_zero = np.flatnonzero(rise.height[0] <= 0)
        rows, tau2 = np.append(rows, at_zero), np.append(tau2, np.zeros(len(at_zero)))
        rival = np.flatnonzero(np.bincount(rows, minlength=len(self._rows))[rows] > 1)
        height = np.zeros(len(rows))
        if len(rival):
            height[rival] = self._log_likelihood(tau2[rival], rows[rival], restricted)
        order = np.lexsort((tau2, -height, rows))
        _, first = np.unique(rows[order], return_index=True)
        return tau2[order[first]]

    def _look(self, tau2: Floats, rows: Indices, restricted: bool) -> _Curve:
        """Return points of the score, twice the derivative of the log-likelihood."""
        return _Curve(tau2, *score(self._studies.for_each(self._rows[rows], tau2), restricted))

    def _falls(self, rise: _Curve, restricted: bool) -> tuple[Indices, _Curve, _Curve]:
        """Return where a likelihood turns from rising to falling: the subsets, and points of its score on either side.

        A score that is above 0 at a place and below at the next falls through 0 between them. One on the same side at
        both, that turns back between them, may have crossed twice: it is looked at where it turns.
        """
        # Over the logarithm of least variance + tau2, where the places are at equal distances.
        scale = rise.tau2 + self._least
        tall, steep = rise.height * scale, (rise.slope * scale + rise.height) * scale
        above, rises = tall > 0, steep > 0
        above[-1] = False
        cells, rows = np.nonzero(above[:-1] & ~above[1:])
        low, high = self._ends(rise, cells, rows)

        turns = (above[:-1] == above[1:]) & (rises[:-1] != above[:-1]) & (rises[1:] == above[1:])
        cells, turning = np.nonzero(turns)
        begin, end = steep[cells, turning], steep[cells + 1, turning]
        share = begin / (begin - end)
        # The tangent is beyond the curve.
        near = (tall[cells, turning] + begin * share * _STEP > 0) != above[cells, turning]
        cells, turning, share = cells[near], turning[near], share[near]
        if len(cells):
            between = self._look(self._least * np.expm1(_STEP * (cells + share)), turning, restricted)
            before, after = self._ends(rise, cells, turning)
            was_above = above[cells, turning]
            crossed = (between.height > 0) != was_above
            dips, peaks = crossed & was_above, crossed & ~was_above
            low = low.join(before.take(dips)).join(between.take(peaks))
            high = high.join(between.take(dips)).join(after.take(peaks))
            rows = np.concatenate((rows, turning[dips], turning[peaks]))
        return rows, low, high

    def _ends(self, rise: _Curve, cells: Indices, rows: Indices) -> tuple[_Curve, _Curve]:
        """Return the points at both ends of cells."""
        low, high = (
            _Curve(self._tau2[place], rise.height[place, rows], rise.slope[place, rows]) for place in (cells, cells + 1)
        )
        return low, high

    def _log_likelihood(self, tau2: Floats, rows: Indices, restricted: bool) -> Floats:
        """Return twice the log-likelihood, but for a constant."""
        rows = self._rows[rows]
        sums = self._studies.for_each(rows, tau2, 2)
        height: Floats = -self._studies.log_variances(rows, tau2) - generalised_q(sums)[0]
        return height - log_determinant(sums) if restricted else height


def places(studies: Studies, rows: Indices, smallest: Floats) -> Floats:
    """Return the variances at which curves are looked at: from 0 to where nothing more happens.

    With a the squared range of the values, the likelihoods fall beyond a, times half the number of their parameters, if
    that is beyond the largest variance too. Q is below a sum of squares, at most a / 4 per study, divided by tau2, and
    falls below its smallest target accordingly.
    """
    low, high = float(studies.variances.min()), float(studies.variances.max())
    reach = studies.range2 * max((studies.width + 1) / 2, float(np.max(studies.sizes[rows] / smallest)) / 4)
    steps = 1 + int(np.ceil(np.log1p(max(high, reach) / low) / _STEP))
    found: Floats = low * np.expm1(_STEP * np.arange(steps + 1))
    return found


def _descend(look: Callable[[Floats, Indices], _Curve], low: _Curve, high: _Curve, least: float) -> Floats:
    """Return where curves fall through 0, by Newton's steps from a first guess, kept between two points.

    Args:
        look: Returns points of curves, by their places and the numbers of the curves.
        low: Points at which the curves are above 0.
        high: Points further on at which they are not.
        least: What the precision of a small place is measured by, > 0.
    """
    here = _guess(low, high)
    begin, end = low.tau2.copy(), high.tau2.copy()
    active = np.arange(len(here))
    for step in range(_MOST_STEPS):
        if not len(active):
            break
        place, height, slope = look(here[active], active)
        begin[active] = np.where(height > 0, place, begin[active])
        end[active] = np.where(height > 0, end[active], place)
        with np.errstate(divide="ignore", invalid="ignore"):
            target = place - height / slope
        newton = (slope < 0) & (begin[active] <= target) & (target <= end[active]) & (step < _MOST_NEWTON)
        target = np.where(newton, target, (begin[active] + end[active]) / 2)
        moved = np.abs(target - place) / (target + least)
        here[active] = target
        active = active[moved > np.where(newton, _LAST_STEP, _LAST_HALF)]
    return here


def _guess(low: _Curve, high: _Curve) -> Floats:
    """Return about where curves fall through 0: by the cubic of the place over the height that has their slopes."""
    drop = high.height - low.height
    share = -low.height / drop
    line = low.tau2 + share * (high.tau2 - low.tau2)
    with np.errstate(divide="ignore", invalid="ignore"):
        guess = (
            (1 + 2 * share) * (1 - share) ** 2 * low.tau2
            + share * (1 - share) ** 2 * drop / low.slope
            + share**2 * (3 - 2 * share) * high.tau2
            + share**2 * (share - 1) * drop / high.slope
        )
    return np.where((low.tau2 < guess) & (guess < high.tau2), guess, line)
