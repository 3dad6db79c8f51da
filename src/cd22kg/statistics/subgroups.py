"""Do proportions differ between groups of studies?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cd22kg.statistics.distributions import Floats, chi2_tail
from cd22kg.statistics.effects import read_counts, transform_counts
from cd22kg.statistics.heterogeneity import estimate_spread
from cd22kg.statistics.meta import USUAL_MODEL, Estimate, Model, pool
from cd22kg.statistics.weighing import Studies


@dataclass(frozen=True)
class Subgroups:
    """Groups of studies, each pooled for itself, and the test between them.

    Attributes:
        labels: Name of each group, in the order of first appearance.
        estimates: The pooled proportion of each.
        q: Chi-squared statistic of the differences between the pooled means on the scale of the model; nothing if a
            mean has no standard error, as that of studies that agree completely after Hartung and Knapp.
        df: Its degrees of freedom, groups less one.
        p: Its p value.
    """

    labels: tuple[str, ...]
    estimates: tuple[Estimate, ...]
    q: float | None
    df: int
    p: float | None


def pool_subgroups(
    events: Sequence[int],
    total: Sequence[int],
    groups: Sequence[str],
    model: Model = USUAL_MODEL,
    *,
    common_tau2: bool = False,
) -> Subgroups:
    """Return groups of studies, each pooled for itself, and the test between them.

    Each group has a variance between studies of its own, or all have the one that is estimated from all groups
    together, which is better known where groups are small. The test compares the means of groups by their standard
    errors. It compares studies, not patients: groups may differ in more than their name.

    Args:
        events: Patients with the outcome in each study, 0 <= events <= total.
        total: Patients of each study, total >= 1.
        groups: The group of each study.
        model: How they are pooled.
        common_tau2: Whether the variance between studies within groups is taken to be the same in all. Not with a fixed
            effect, GLMM, or after Hartung and Knapp.

    Raises:
        ValueError: If there are fewer than two groups, the model has no common variance, or as for `meta.pool`.

    Source: Borenstein and others 2009, Introduction to Meta-Analysis, chapter 19. With the R package metafor 3.8.1 a
    `rma` per group and then `rma(estimate, sei=se, mods=~group, method="FE")`; with a common variance
    `rma(mods=~group)`.

    Example:
        >>> found = pool_subgroups([40, 12, 24, 0], [57, 21, 34, 8], ["adult", "child", "adult", "child"])
        >>> [f"{label} {one.estimate:.3f}" for label, one in zip(found.labels, found.estimates)]
        ['adult 0.703', 'child 0.276']
        >>> f"{found.q:.3f} {found.df} {found.p:.3f}"
        '1.396 1 0.237'
    """
    if not len(events) == len(total) == len(groups):
        raise ValueError(
            f"need events, total and group of each study, got {len(events)}, {len(total)} and {len(groups)}"
        )
    members: dict[str, list[int]] = {}
    for place, group in enumerate(groups):
        members.setdefault(group, []).append(place)
    if len(members) < 2:
        raise ValueError(f"need at least two groups to compare, got {len(members)}")
    tau2 = _common_tau2(*read_counts(events, total), list(members.values()), model) if common_tau2 else None
    estimates = tuple(
        pool([events[place] for place in places], [total[place] for place in places], model, tau2=tau2)
        for places in members.values()
    )
    df = len(estimates) - 1
    if any(found.se == 0 for found in estimates):
        return Subgroups(tuple(members), estimates, None, df, None)
    # In an order of their own, so that the sums do not depend on that of the groups.
    means = np.array(sorted((found.mean, found.se) for found in estimates))
    weights = means[:, 1] ** -2.0
    centre = np.sum(weights * means[:, 0]) / np.sum(weights)
    q = float(np.sum(weights * (means[:, 0] - centre) ** 2))
    return Subgroups(tuple(members), estimates, q, df, float(chi2_tail(q, df)))


def _common_tau2(events: Floats, total: Floats, members: list[list[int]], model: Model) -> float:
    """Return the variance between studies about the means of their groups.

    Raises:
        ValueError: If the model has no such, or no group has two studies.
    """
    if model.method == "FE" or model.method == "GLMM" or model.hartung_knapp:
        raise ValueError(
            "a common variance between studies is for random effects without Hartung and Knapp's adjustment"
        )
    if len(members) == len(total):
        raise ValueError("no group has two studies that could differ")
    values, variances = transform_counts(events, total, model.transform)
    table = np.zeros((len(total), len(members) + 1))
    table[:, 0] = 1
    for column, places in enumerate(members[1:], start=1):
        table[places, column] = 1
    for places in members:
        # About the most precise study of the group: sums of squares keep their digits.
        table[places, -1] = values[places] - values[places][np.argmin(variances[places])]
    order = np.lexsort((total, events))
    spread = estimate_spread(Studies(table[order], variances[order]), model.method, model.level)
    return float(spread.tau2[0])
