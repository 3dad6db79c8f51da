"""Our pooled figures beside those that a review has published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

from cd22kg.errors import QueryError, SynthesisError
from cd22kg.model import PooledClaim
from cd22kg.queries.claims import KnownClaim
from cd22kg.synthesis.computed import METHODS, TRANSFORMS
from cd22kg.synthesis.evidence import Evidence
from cd22kg.synthesis.figures import Figure, figure_of
from cd22kg.synthesis.pooling import pool_claims
from cd22kg.synthesis.recipe import Selection, SelectionOptions
from cd22kg.synthesis.result import Synthesis

if TYPE_CHECKING:
    from cd22kg.statistics.meta import Model


@dataclass(frozen=True)
class Comparison:
    """A published pooled figure, and ours of the same therapy, indication and outcome.

    Attributes:
        claim: The published one.
        figure: Its value and interval, fractions.
        total: Patients that it says it pooled, where printed.
        ours: What comes of the claims held here; none where nothing can be pooled.
        reason: Why there is none.
        cited: Sources that the review is known to include, and whose claims are pooled here.
        uncited: Sources pooled here that the review is not known to include.
    """

    claim: KnownClaim
    figure: Figure
    total: int | None
    ours: Synthesis | None
    reason: str = ""
    cited: tuple[str, ...] = ()
    uncited: tuple[str, ...] = ()

    @property
    def difference(self) -> float | None:
        """Return ours less the published one, as a fraction."""
        if self.ours is None or self.figure.value is None:
            return None
        return self.ours.estimate.estimate - float(self.figure.value)

    @property
    def overlap(self) -> bool | None:
        """Return whether the two intervals have a value in common; nothing where one of them is not known."""
        if self.ours is None or self.figure.lower is None or self.figure.upper is None:
            return None
        ours = self.ours.estimate
        return ours.lower <= float(self.figure.upper) and float(self.figure.lower) <= ours.upper


def compare(
    source: str,
    evidence: Evidence,
    *,
    together: tuple[str, ...] = (),
    model: Model | None = None,
    **options: Unpack[SelectionOptions],
) -> tuple[Comparison, ...]:
    """Return every pooled share that a source has published beside ours, in the order of their slugs.

    Args:
        source: Slug of the source.
        evidence: The claims.
        together: Outcomes that count as one: with a published figure's outcome those of them that it is part of, or
            that are part of it, are pooled, unless they count another grade.
        model: How they are pooled; without, by the model that the published figure names, where we have it.
        **options: Which claims are picked. Without `until` those published by the end of the review's search, or by
            its own day where that is not known.

    Raises:
        QueryError: If the source has published no pooled share.
    """
    review = evidence.sources.get(source)
    if not options.get("until") and review:
        options = {**options, "until": review.searched_until or review.published or ""}
    found = []
    for slug in sorted(evidence.claims):
        claim = evidence.claims[slug]
        figure = figure_of(claim.measurement)
        if claim.source == source and claim.type == "PooledClaim" and figure is not None and figure.is_share:
            found.append(_compared(claim, figure, evidence, together, model, options))
    if not found:
        reviews = sorted({claim.source for claim in evidence.claims.values() if claim.type == "PooledClaim"})
        raise QueryError(f"`{source}` has published no pooled share", hint=f"these have: {', '.join(reviews)}")
    return tuple(found)


def _compared(
    claim: KnownClaim,
    figure: Figure,
    evidence: Evidence,
    together: tuple[str, ...],
    model: Model | None,
    options: SelectionOptions,
) -> Comparison:
    review, outcome = evidence.source_of(claim), claim.outcome or ""
    total = claim.measurement.total if claim.measurement else None
    if claim.measurement is None or claim.measurement.statistic != "proportion":
        return Comparison(claim, figure, total, None, "a rate at a time, from survival curves: not pooled here")
    related = (other for other in together if _counts_as(other, outcome, evidence))
    outcomes = tuple(dict.fromkeys((outcome, *related)))
    selection = Selection(claim.therapy or "", claim.indication or "", outcomes, **options)
    try:
        ours = pool_claims(evidence, selection, model or model_of(claim))
    except SynthesisError as error:
        return Comparison(claim, figure, total, None, error.message)
    pooled, cited = {study.source for study in ours.studies}, set(review.cites) if review else set()
    return Comparison(claim, figure, total, ours, "", tuple(sorted(pooled & cited)), tuple(sorted(pooled - cited)))


def _counts_as(one: str, other: str, evidence: Evidence) -> bool:
    """Return whether one of two outcomes is part of the other, at the same grade."""
    grades = {evidence.fact("outcome", outcome, "gradeThreshold") for outcome in (one, other)}
    return len(grades) == 1 and (evidence.is_part(one, other) or evidence.is_part(other, one))


def model_of(claim: KnownClaim) -> Model:
    """Return the model that a published figure names, as far as it names one and we have it."""
    from cd22kg.statistics.meta import Model

    stated = claim.stated
    named = (stated.pooling_model, stated.transformation) if isinstance(stated, PooledClaim) else (None, None)
    method = next((method for method, slug in METHODS.items() if slug == named[0]), Model.method)
    transform = next((transform for transform, slug in TRANSFORMS.items() if slug == named[1]), Model.transform)
    # The binomial-normal model has one scale, whatever a review says that it drew its figures on.
    return Model("logit" if method == "GLMM" else transform, method)
