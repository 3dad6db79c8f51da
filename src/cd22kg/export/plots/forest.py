"""The forest plot: each study with its interval, what groups and all of them come to, and where the next may lie."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cd22kg.export.plots.rows import (
    DERIVED,
    Row,
    Rows,
    Span,
    between_groups,
    events_of,
    heterogeneity,
    interval,
    interval_heading,
    model_note,
    name_of,
    percent,
    tail_notes,
)
from cd22kg.gate.text import visible
from cd22kg.synthesis.pooling import group_of
from cd22kg.synthesis.result import PooledStudy, Synthesis

if TYPE_CHECKING:
    from cd22kg.statistics.meta import Estimate
    from cd22kg.statistics.subgroups import Subgroups


def forest(synthesis: Synthesis) -> Rows:
    """Return the rows of the forest plot of a synthesis."""
    weighted = bool(synthesis.estimate.weights)
    everyone = range(len(synthesis.studies))
    subgroups = synthesis.subgroups
    rows = list(_grouped(synthesis, subgroups) if subgroups else _studies(synthesis, everyone))
    rows.append(_pooled("overall", synthesis.estimate, 1.0 if weighted else None))
    rows += _prediction(synthesis.estimate)
    level = interval_heading(synthesis.model.level)
    notes = [f"Heterogeneity: {heterogeneity(synthesis.estimate)}."] if synthesis.estimate.k > 1 else []
    if subgroups:
        notes.append(f"Test between groups: {between_groups(subgroups)}.")
    notes += [f"{model_note(synthesis)} Intervals of single studies are exact (Clopper-Pearson)."]
    if not weighted:
        notes.append("The model gives studies no weights; squares go with their patients.")
    if any(study.derived for study in synthesis.studies):
        notes.append(DERIVED)
    return Rows(
        title=visible(synthesis.title),
        label="Study",
        before=("Events", "Total"),
        after=("%", level, *(("Weight, %",) if weighted else ())),
        rows=tuple(rows),
        reference=synthesis.estimate.estimate,
        notes=(*notes, *tail_notes(synthesis)),
    )


def _grouped(synthesis: Synthesis, subgroups: Subgroups) -> Iterator[Row]:
    """Yield the studies group by group, each under a heading and above what the group comes to."""
    weights = synthesis.estimate.weights
    for name, estimate in zip(subgroups.labels, subgroups.estimates, strict=True):
        places = [at for at, study in enumerate(synthesis.studies) if group_of(study, synthesis.by) == name]
        yield Row("heading", visible(f"{synthesis.by[:1].upper()}{synthesis.by[1:]}: {name}"))
        yield from _studies(synthesis, places)
        yield _pooled("group", estimate, sum(weights[at] for at in places) if weights else None)
        if estimate.k > 1:
            yield Row("remark", heterogeneity(estimate, short=True))


def _studies(synthesis: Synthesis, places: Sequence[int]) -> Iterator[Row]:
    weights = synthesis.estimate.weights
    for at in places:
        study = synthesis.studies[at]
        yield _study(study, synthesis.model.level, weights[at] if weights else None)


def _study(study: PooledStudy, level: float, weight: float | None) -> Row:
    low, high = study.exact(level)
    span = Span(low, high, study.events / study.total)
    return Row(
        kind="study",
        label=name_of(study),
        span=span,
        before=(events_of(study), str(study.total)),
        after=_after(span, weight),
        weight=weight,
        claim=study.claim,
        events=study.events,
        total=study.total,
    )


def _pooled(kind: str, estimate: Estimate, weight: float | None) -> Row:
    span = Span(estimate.lower, estimate.upper, estimate.estimate)
    return Row(
        kind="overall" if kind == "overall" else "group",
        label=f"Pooled, {estimate.k} {'study' if estimate.k == 1 else 'studies'}",
        span=span,
        before=(str(estimate.events), str(estimate.total)),
        after=_after(span, weight),
        weight=weight,
        events=estimate.events,
        total=estimate.total,
    )


def _prediction(estimate: Estimate) -> Iterator[Row]:
    if estimate.prediction_lower is not None and estimate.prediction_upper is not None:
        span = Span(estimate.prediction_lower, estimate.prediction_upper)
        yield Row("prediction", "Prediction interval", span, after=("", interval(span)))


def _after(span: Span, weight: float | None) -> tuple[str, ...]:
    figure = "" if span.estimate is None else percent(span.estimate)
    return (figure, interval(span), *(() if weight is None else (percent(weight),)))
