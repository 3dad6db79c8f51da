"""Proportions on the scales on which they are pooled, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from cd22kg.statistics.distributions import Floats
from cd22kg.statistics.options import Transform
from cd22kg.statistics.proportion import check_counts

#: Patients beyond which the Freeman-Tukey scale is the arcsine scale to the last digit.
_MOST = 1e18


class Effects(NamedTuple):
    """What the studies say on the scale of a transformation, in the order of the studies.

    Attributes:
        values: Transformed proportions.
        variances: Their sampling variances, > 0.
    """

    values: Floats
    variances: Floats


def read_counts(events: Sequence[int], total: Sequence[int]) -> tuple[Floats, Floats]:
    """Return counts as arrays.

    Raises:
        ValueError: If there is no study, the lengths differ, or counts are out of range.
    """
    if len(events) != len(total):
        raise ValueError(f"need events and total of each study, got {len(events)} and {len(total)}")
    if not len(events):
        raise ValueError("there is no study to pool")
    for study in zip(events, total, strict=True):
        check_counts(*study)
    return np.array(events, dtype=float), np.array(total, dtype=float)


def transform_counts(events: Floats, total: Floats, transform: Transform) -> Effects:
    """Return proportions on the scale of a transformation.

    On the scales "logit", "log" and "raw" a study with no events, or with nothing but events, has 0.5 added to those
    with and those without the outcome, for its variance would be infinite or 0; no other study is changed. The scales
    "arcsine" and "freeman-tukey" need no such correction and get none.

    Args:
        events: Patients with the outcome, 0 <= events <= total.
        total: Patients of each study, total >= 1.
        transform: The scale.

    Source: `escalc` of the R package metafor 3.8.1 with `add=1/2, to="only0"`, measures PLO, PLN and PR, and without
    a correction PAS and PFT; Freeman and Tukey 1950, Annals of Mathematical Statistics 21:607-611.

    Example:
        >>> effects = transform_counts(np.array([12.0, 0.0]), np.array([30.0, 8.0]), "logit")
        >>> effects.values.round(4).tolist(), effects.variances.round(4).tolist()
        ([-0.4055, -2.8332], [0.1389, 2.1176])
    """
    if transform == "arcsine":
        return Effects(np.arctan2(np.sqrt(events), np.sqrt(total - events)), 1 / (4 * total))
    if transform == "freeman-tukey":
        lower = np.arctan2(np.sqrt(events), np.sqrt(total - events + 1))
        upper = np.arctan2(np.sqrt(events + 1), np.sqrt(total - events))
        return Effects((lower + upper) / 2, 1 / (4 * total + 2))
    added = np.where((events == 0) | (events == total), 0.5, 0.0)
    having, lacking = events + added, total - events + added
    everybody = having + lacking
    # Fractions of products rather than differences of fractions: nothing is lost where nearly everybody has it.
    if transform == "logit":
        return Effects(np.log(having / lacking), everybody / (having * lacking))
    if transform == "log":
        return Effects(np.log(having / everybody), lacking / (having * everybody))
    return Effects(having / everybody, having * lacking / everybody**3)


def back_transform(values: Floats, transform: Transform, total: Floats) -> Floats:
    """Return values on the scale of a transformation as proportions.

    What lies beyond the ends of a scale, as a bound may, becomes 0 or 1.

    Args:
        values: Any numbers.
        transform: Their scale.
        total: Number of patients at which the Freeman-Tukey scale is inverted, >= 1; no other scale asks for it.

    Returns:
        Fractions in [0, 1].

    Source: `transf.ilogit`, `transf.iarcsin`, `transf.ipft` and `exp` of the R package metafor 3.8.1; Miller 1978, The
    American Statistician 32:138, for the inverse of Freeman and Tukey's.

    Example:
        >>> one = transform_counts(np.array([12.0]), np.array([30.0]), "freeman-tukey")
        >>> back_transform(one.values, "freeman-tukey", np.array([30.0])).round(12).tolist()
        [0.4]
    """
    shares: Floats
    if transform == "logit":
        tail = np.exp(-np.abs(values))
        shares = np.where(values < 0, tail, 1) / (1 + tail)
        return shares
    if transform == "log":
        return np.exp(np.minimum(values, 0))
    if transform == "raw":
        return np.minimum(np.maximum(values, 0), 1)
    if transform == "arcsine":
        shares = np.sin(np.clip(values, 0, np.pi / 2)) ** 2
        return shares
    patients = np.minimum(total, _MOST)
    lowest = np.arctan(1 / np.sqrt(patients)) / 2
    angle = 2 * np.clip(values, lowest, np.pi / 2 - lowest)
    sine = np.sin(angle)
    part = np.minimum((sine + (sine - 1 / sine) / patients) ** 2, 1)
    nearer = part / (2 * (1 + np.sqrt(1 - part)))
    shares = np.where(np.cos(angle) < 0, 1 - nearer, nearer)
    return np.where(values <= lowest, 0, np.where(values >= np.pi / 2 - lowest, 1, shares))
