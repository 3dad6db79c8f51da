"""How the pooled figure came about: with one more study at a time, and without each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cd22kg.errors import QueryError
from cd22kg.export.plots.rows import (
    Row,
    Rows,
    Span,
    interval,
    interval_heading,
    model_note,
    name_of,
    percent,
    tail_notes,
)
from cd22kg.gate.text import visible
from cd22kg.synthesis.result import Synthesis

if TYPE_CHECKING:
    from cd22kg.statistics.meta import Estimate


def cumulative(synthesis: Synthesis) -> Rows:
    """Return the rows of the cumulative plot: the pooled figure after each further study, by year.

    Raises:
        QueryError: If the synthesis does not have it.
    """
    if not synthesis.cumulative:
        raise QueryError("the studies were not pooled one more at a time", hint="ask for it when pooling")
    steps = [
        _step(f"+ {name_of(synthesis.studies[at])}", estimate, synthesis.studies[at].claim)
        for at, estimate in synthesis.cumulative
    ]
    return _rows(synthesis, "Study added", steps, "Each row pools the studies down to it, by year of publication.")


def leave_one_out(synthesis: Synthesis) -> Rows:
    """Return the rows of the leave-one-out plot: the pooled figure of all studies but one, for each of them.

    Raises:
        QueryError: If the synthesis does not have it, as with a single study.
    """
    if not synthesis.leave_one_out:
        raise QueryError("the studies were not left out one at a time", hint="ask for it when pooling two or more")
    steps = [
        _step(f"\N{MINUS SIGN} {name_of(study)}", estimate, study.claim)
        for study, estimate in zip(synthesis.studies, synthesis.leave_one_out, strict=True)
    ]
    return _rows(synthesis, "Study left out", steps, "Each row pools all studies but the one it names.")


def _rows(synthesis: Synthesis, label: str, steps: list[Row], note: str) -> Rows:
    return Rows(
        title=visible(synthesis.title),
        label=label,
        before=("Studies", "Events", "Total"),
        after=("%", interval_heading(synthesis.model.level), "I², %"),
        rows=(*steps, _step("All studies", synthesis.estimate, last=True)),
        reference=synthesis.estimate.estimate,
        notes=(note, model_note(synthesis), *tail_notes(synthesis)),
    )


def _step(label: str, estimate: Estimate, claim: str = "", *, last: bool = False) -> Row:
    span = Span(estimate.lower, estimate.upper, estimate.estimate)
    return Row(
        kind="overall" if last else "step",
        label=label,
        span=span,
        before=(str(estimate.k), str(estimate.events), str(estimate.total)),
        after=(percent(estimate.estimate), interval(span), "" if estimate.i2 is None else percent(estimate.i2)),
        claim=claim,
        events=estimate.events,
        total=estimate.total,
    )
