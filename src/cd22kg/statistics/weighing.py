"""Weighted sums over studies, for many subsets of them at once.

A model of the studies' values y on columns X, of which the first is all ones, needs no more of them than the sums of
``w**a * z * z'``, where the weight w of a study is 1 / (variance + tau2), z its row of [X y], and a is 1, 2 or 3. To
refit a model without each of 2,000 studies is to have these sums for 2,000 subsets: at one tau2 for all of them by
running sums, at a tau2 of each its own by a product of matrices.

In what follows from the sums, W holds the weights on its diagonal, ``P = W - W X (X'W X)^-1 X'W``, and the generalised
Q is ``y'P y``. Derivatives are by tau2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cd22kg.statistics.distributions import Floats

Indices = NDArray[np.intp]
#: All studies; all but each one in turn; or the first one, the first two, and so on.
Subsets = Literal["all", "all-but-one", "first"]

#: Powers of the weights.
POWERS = 3
#: Numbers that are worked on at a time; with more, the processor's cache is left.
_BLOCK = 1 << 15
#: A study is as good a centre as one with this times its variance.
_NEAR = 16


class Part(NamedTuple):
    """Studies, some of whose subsets are to be fitted.

    Attributes:
        studies: The studies, by their place among all.
        subsets: Which subsets of them.
        rows: Those to be fitted, by their place among the subsets.
        targets: The same, by their place among all that are to be fitted.
        centre: The study whose value is to be taken for 0.
    """

    studies: Indices
    subsets: Subsets
    rows: Indices
    targets: Indices
    centre: int


def parts(variances: Floats, subsets: Subsets) -> Iterator[Part]:
    """Yield studies and subsets that have their most precise study in common, more or less.

    Sums of squares about a study that outweighs all others keep their digits, about any other they do not.
    """
    everything = np.arange(len(variances))
    first = int(np.argmin(variances))
    if subsets == "all":
        yield Part(everything, "all", everything[:1], everything[:1], first)
    elif subsets == "all-but-one":
        rows = np.delete(everything, first)
        yield Part(everything, "all-but-one", rows, rows, first)
        second = int(rows[np.argmin(variances[rows])])
        yield Part(rows, "all", everything[:1], everything[first : first + 1], second)
    else:
        begin, lowest = 0, np.minimum.accumulate(variances)
        while begin < len(variances):
            far = np.flatnonzero(lowest * _NEAR < variances[begin])
            end = max(begin + 1, int(far[0]) if len(far) else len(variances))
            rows = everything[begin:end]
            yield Part(everything[:end], "first", rows, rows, int(np.argmin(variances[: begin + 1])))
            begin = end


def over_subsets(terms: Floats, subsets: Subsets) -> Floats:
    """Return sums of terms over the studies of each subset; studies, and subsets, are the last axis."""
    if subsets == "all":
        total: Floats = np.sum(terms, axis=-1, keepdims=True)
        return total
    before: Floats = np.cumsum(terms, axis=-1)
    if subsets == "first":
        return before
    # Those before a study and those after it, not all less one: nothing is subtracted that was added.
    found = np.zeros_like(terms)
    found[..., 1:] = before[..., :-1]
    found[..., :-1] += np.cumsum(terms[..., :0:-1], axis=-1)[..., ::-1]
    return found


class Studies:
    """Studies of which weighted sums are taken.

    Attributes:
        variances: Sampling variances, > 0.
        sizes: Number of studies of each subset.
        width: Number of columns of X.
        range2: Square of the distance of the smallest from the largest y.
    """

    def __init__(self, table: Floats, variances: Floats, subsets: Subsets = "all") -> None:
        """Take studies.

        Args:
            table: Rows of [X y].
            variances: Sampling variances.
            subsets: The subsets of which sums are wanted.
        """
        count, columns = table.shape
        self.variances = variances
        self.width = columns - 1
        self.range2 = float(np.ptp(table[:, -1])) ** 2
        self.sizes = over_subsets(np.ones(count), subsets)
        self._subsets = subsets
        one, other = np.triu_indices(columns)
        self._products = np.ascontiguousarray((table[:, one] * table[:, other]).T)
        # Where each entry of a symmetric matrix stands among the products.
        self._places = np.empty((columns, columns), dtype=np.intp)
        self._places[one, other] = self._places[other, one] = np.arange(len(one))

    def for_all(self, tau2: Floats) -> Floats:
        """Return sums for every subset at each tau2; the axes are power, tau2, subset, and the matrix."""
        step = max(1, _BLOCK // len(self.variances))
        blocks = [self._running(tau2[begin : begin + step]) for begin in range(0, len(tau2), step)]
        return np.concatenate(blocks, axis=1)[..., self._places]

    def for_each(self, rows: Indices, tau2: Floats, powers: int = POWERS) -> Floats:
        """Return sums for some subsets, each at its own tau2; the axes are power, subset, and the matrix."""
        sums = np.empty((powers, len(rows), len(self._products)))
        step = max(1, _BLOCK // len(self.variances))
        for begin in range(0, len(rows), step):
            block = slice(begin, begin + step)
            weights = 1 / (self.variances + tau2[block, None])
            self._leave_out(weights, rows[block])
            power = weights.copy()
            for a in range(powers):
                sums[a, block] = power @ self._products.T
                power *= weights
        return sums[..., self._places]

    def log_variances(self, rows: Indices, tau2: Floats) -> Floats:
        """Return the sum of the logarithms of variance + tau2 for some subsets, each at its own tau2."""
        logs = np.log(self.variances + tau2[:, None])
        self._leave_out(logs, rows)
        total: Floats = logs.sum(axis=1)
        return total

    def _leave_out(self, terms: Floats, rows: Indices) -> None:
        """Put 0 where a study is not in the subset of a row."""
        if self._subsets == "all-but-one":
            terms[np.arange(len(rows)), rows] = 0
        elif self._subsets == "first":
            terms *= np.arange(len(self.variances)) <= rows[:, None]

    def _running(self, tau2: Floats) -> Floats:
        """Return sums for every subset at each tau2; the axes are power, tau2, subset, product."""
        weights = 1 / (self.variances + tau2[:, None])
        power, sums = weights, []
        for _ in range(POWERS):
            sums.append(over_subsets(power[:, None, :] * self._products, self._subsets))
            power = power * weights
        return np.moveaxis(np.stack(sums), -1, -2)


def coefficients(sums: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the coefficients of a model, their covariance matrix at the weights, and the generalised Q."""
    x, xy, y = _split(sums[0])
    inverse = _inverse(x)
    found = _times(inverse, xy)
    return found, inverse, np.maximum(0, y - _dot(found, xy))


def generalised_q(sums: Floats) -> tuple[Floats, Floats]:
    """Return the generalised Q and how fast it falls."""
    found, _, q = coefficients(sums)
    x, xy, y = _split(sums[1])
    return q, np.maximum(0, y - _dot(found, 2 * xy - _times(x, found)))


def trace_of_p(sums: Floats) -> tuple[Floats, Floats]:
    """Return the trace of P and how fast it falls."""
    x, x2, x3 = (_split(part)[0] for part in sums)
    inverse = _inverse(x)
    share = inverse @ x2
    trace = x[..., 0, 0] - np.trace(share, axis1=-2, axis2=-1)
    fall = x2[..., 0, 0] - 2 * _trace(inverse, x3) + _trace(share, share)
    return trace, fall


def score(sums: Floats, restricted: bool) -> tuple[Floats, Floats]:
    """Return the score, twice the derivative of the log-likelihood by tau2, and its slope."""
    found, inverse, _ = coefficients(sums)
    (x, _, _), (x2, xy2, y2), (x3, xy3, y3) = (_split(part) for part in sums)
    rest = xy2 - _times(x2, found)
    fall = y2 - _dot(found, xy2 + rest)
    third = y3 - _dot(found, 2 * xy3 - _times(x3, found)) - _dot(rest, _times(inverse, rest))
    trace, trace_fall = trace_of_p(sums) if restricted else (x[..., 0, 0], x2[..., 0, 0])
    return fall - trace, trace_fall - 2 * third


def log_determinant(sums: Floats) -> Floats:
    """Return the logarithm of the determinant of X'W X."""
    found: Floats = np.linalg.slogdet(_split(sums[0])[0]).logabsdet
    return found


def _split(sums: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the sums of x * x', of x * y and of y * y."""
    return sums[..., :-1, :-1], sums[..., :-1, -1], sums[..., -1, -1]


def _inverse(matrix: Floats) -> Floats:
    return 1 / matrix if matrix.shape[-1] == 1 else np.asarray(np.linalg.inv(matrix), dtype=float)


def _times(matrix: Floats, vector: Floats) -> Floats:
    found: Floats = np.einsum("...ij,...j->...i", matrix, vector)
    return found


def _dot(one: Floats, other: Floats) -> Floats:
    found: Floats = np.einsum("...i,...i->...", one, other)
    return found


def _trace(one: Floats, other: Floats) -> Floats:
    """Return the trace of a product."""
    found: Floats = np.einsum("...ij,...ji->...", one, other)
    return found
