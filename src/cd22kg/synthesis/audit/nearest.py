"""The evidence that comes nearest to a statement without a source."""

from __future__ import annotations

from cd22kg.model import PooledClaim
from cd22kg.queries.claims import KnownClaim
from cd22kg.synthesis.audit.case import NEAREST, Case
from cd22kg.synthesis.audit.comparison import Comparison, compare, standing_of
from cd22kg.synthesis.evidence import EVIDENCE, Evidence
from cd22kg.synthesis.figures import figure_of


def nearest(claim: KnownClaim, case: Case) -> list[Comparison]:
    """Return the evidence that speaks of what an unsourced claim speaks of, the most alike first.

    For a figure that is evidence on the outcome, or a part or the whole of it, in a therapy within the one named or
    wider, and in patients some of whom are those named, pooled figures alone where there are any; else it is claims
    on the same outcome or factor.
    """
    figure = figure_of(claim.measurement) is not None
    ranked = [
        (rank, other.id, other)
        for other in case.bearing(claim)
        if (rank := _rank(claim, other, case, figure=figure)) is not None
    ]
    chosen = sorted(ranked)[:NEAREST]
    pooled = [each for each in chosen if isinstance(each[2].stated, PooledClaim)]
    return [compare(claim, other, case.evidence) for _, _, other in pooled or chosen]


def of_other_outcomes(claim: KnownClaim, case: Case) -> list[Comparison]:
    """Return evidence with the figure of a claim on another outcome of its kind, in such a therapy and such patients.

    A share is often moved from one outcome to another; 0 and 100 % are too common to tell.
    """
    figure, evidence = figure_of(claim.measurement), case.evidence
    if figure is None or not figure.is_share or figure.value in (None, 0, 1) or claim.outcome is None:
        return []
    kind = evidence.fact("outcome", claim.outcome, "outcomeKind")
    alike = (each for each in case.by_outcome if each and evidence.fact("outcome", each, "outcomeKind") == kind)
    found = [
        other
        for outcome in alike
        for other in case.by_outcome[outcome]
        if outcome != claim.outcome and EVIDENCE in other.inferred and not case.is_mine(other)
        if evidence.is_within("therapy", other.therapy, claim.therapy) and not case.is_later(other)
        if evidence.have_common("indication", claim.indication, other.indication)
        if standing_of(claim.measurement, other.measurement) in ("same", "rounded")
    ]
    return [compare(claim, other, evidence) for other in sorted(found, key=lambda each: each.id)[:NEAREST]]


def _rank(claim: KnownClaim, other: KnownClaim, case: Case, *, figure: bool) -> tuple[int, ...] | None:
    """Return how unlike a claim is, by outcome, therapy, kind and indication; nothing where it does not bear."""
    outcome = case.outcome_rank(claim.outcome, other.outcome)
    topics = case.topics[claim.id]
    factor = not topics.isdisjoint(case.topics[other.id])
    if figure and (outcome is None or EVIDENCE not in other.inferred):
        return None
    if outcome is None and not factor:
        return None
    if not figure and not factor and topics:
        return None
    therapy = _within("therapy", claim.therapy, other.therapy, case.evidence)
    indication = _within("indication", claim.indication, other.indication, case.evidence)
    if therapy is None or indication is None or (figure and figure_of(other.measurement) is None):
        return None
    pooled = isinstance(other.stated, PooledClaim)
    return (int(not factor), outcome if outcome is not None else 2, therapy, int(not pooled), indication)


def _within(kind: str, asked: str | None, found: str | None, evidence: Evidence) -> int | None:
    """Return 0 for the same, 1 for narrower, 2 for wider, 3 for a common part; nothing for neither."""
    if asked is None or found is None:
        return 3
    if asked == found:
        return 0
    if evidence.is_within(kind, found, asked):
        return 1
    if evidence.is_within(kind, asked, found):
        return 2
    return 3 if kind == "indication" and evidence.have_common(kind, asked, found) else None
