"""What is wrong with a figure as its source prints it, taken by itself."""

from __future__ import annotations

from decimal import Decimal

from cd22kg.model import PublishedInconsistency
from cd22kg.queries.claims import KnownClaim
from cd22kg.synthesis.figures import Figure, counts_of, figure_of

#: Annotated rules on a claim and the one it repeats; what breaks them is no flaw of its figure.
_OF_RELATIONS = "claim-repeats-"
#: The rule on a percentage and its counts; digits that are cut, not rounded, break it, and matter to nobody.
_OF_PERCENTAGES = "measurement-percent-agrees"


def broken_rules(claim: KnownClaim) -> tuple[PublishedInconsistency, ...]:
    """Return the rules that a figure breaks as its source prints it, as the curator annotated.

    Left out are rules on a claim and the one it repeats, and the one on percentages where digits are cut off.
    """
    cut = is_cut(claim)
    return tuple(
        each
        for each in claim.stated.published_inconsistency
        if not each.rule.startswith(_OF_RELATIONS) and not (cut and each.rule == _OF_PERCENTAGES)
    )


def counted(claim: KnownClaim) -> Figure | None:
    """Return the share that the printed counts of a claim give, where they are what its figure is made of.

    Counts worked out from a percentage prove nothing; those of a pooled figure or of a rate over time do not make it.
    """
    measurement, figure, counts = claim.measurement, figure_of(claim.measurement), counts_of(claim.measurement)
    if measurement is None or figure is None or counts is None or measurement.value is None:
        return None
    if claim.type == "PooledClaim" or measurement.statistic != "proportion" or measurement.counts_derived:
        return None
    if not figure.is_share or figure.bound != "=":
        return None
    return Figure(Decimal(counts[0]) / counts[1], None, None, "fraction", Decimal(0))


def is_off(claim: KnownClaim) -> bool:
    """Return whether a percentage is not what its counts give, rounded up or down."""
    figure, exact = figure_of(claim.measurement), counted(claim)
    if figure is None or exact is None or figure.value is None or exact.value is None:
        return False
    return abs(exact.value - figure.value) > figure.half


def is_cut(claim: KnownClaim) -> bool:
    """Return whether a percentage is what its counts give with digits cut off, not rounded: 66 % for 8 of 12."""
    figure, exact = figure_of(claim.measurement), counted(claim)
    return figure is not None and exact is not None and is_off(claim) and figure.cuts(exact)
