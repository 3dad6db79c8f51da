"""The funnel plot: what each study found against how precisely it found it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

from cd22kg.export.plots.marks import (
    FAINT,
    FUNNEL,
    INK,
    POOLED,
    RULE,
    SIZE,
    SMALL,
    STUDY,
    TITLE,
    Dot,
    Line,
    Mark,
    Measure,
    Shape,
    Sheet,
    Text,
    wrapped,
)
from cd22kg.export.plots.rows import model_note, name_of, probability, tail_notes
from cd22kg.export.plots.scale import Scale, ticks, written
from cd22kg.gate.text import visible
from cd22kg.namespaces import iri
from cd22kg.synthesis.result import Synthesis

if TYPE_CHECKING:
    from cd22kg.statistics.options import Transform

#: Scales on which a standard error depends on the proportion; on the others on the number of patients only.
_DEPENDENT = ("logit", "log", "raw")
_CAUTION = (
    "The standard error of a proportion depends on the proportion, so that this funnel can lean though no study is "
    "missing (Hunter and others 2014, doi:10.1016/j.jclinepi.2014.03.003)."
)
#: Percentages that may be written at the axis; those named first keep off the others.
_PERCENTAGES = (50, 0, 100, 10, 90, 1, 99, 20, 80, 5, 95, 30, 70, 0.1, 99.9, 2, 98, 0.5, 99.5, 40, 60)
#: Patients of a study so large that its proportion is exact.
_MANY = 1e9
#: Room beside the funnel, as a part of what is shown.
_PAD = 0.03
#: Studies below which tests of a funnel should not be used, see `statistics.small_study`.
_FEWEST = 10
_MARGIN = 14.0
_LEFT = 62.0
_WIDTH = 400.0
_HEIGHT = 280.0
_LINE = 10.5
_RADIUS = 3.0


@dataclass(frozen=True)
class Point:
    """A study: its effect and standard error on the scale of the model, and where both come from."""

    label: str
    effect: float
    se: float
    events: int
    total: int
    claim: str

    @property
    def link(self) -> str:
        """Return the IRI of its claim, or an empty text."""
        return iri("claim", self.claim) if self.claim else ""


@dataclass(frozen=True)
class Funnel:
    """A funnel plot.

    Attributes:
        title: What is shown.
        scale: Transformation on whose scale effects and mean are.
        points: The studies.
        mean: The pooled figure.
        reach: Standard errors from the mean to either side of the funnel.
        level: The share of studies that the funnel holds if they differ by chance only.
        notes: What is told below, a paragraph each.
    """

    title: str
    scale: Transform
    points: tuple[Point, ...]
    mean: float
    reach: float
    level: float
    notes: tuple[str, ...]

    @property
    def deepest(self) -> float:
        """Return the standard error down to which the funnel is drawn."""
        return max(point.se for point in self.points) * 1.08

    @property
    def ends(self) -> tuple[float, float]:
        """Return from where to where the axis of the effects runs."""
        side = self.reach * self.deepest
        low = min(self.mean - side, *(point.effect for point in self.points))
        high = max(self.mean + side, *(point.effect for point in self.points))
        pad = (high - low) * _PAD
        return low - pad, high + pad

    def percentages(self) -> list[tuple[float, float]]:
        """Return round percentages with their places on the axis of the effects, those first that matter most."""
        import numpy as np

        from cd22kg.statistics.effects import transform_counts

        shares = np.array(_PERCENTAGES) / 100
        values = transform_counts(shares * _MANY, np.full(len(shares), _MANY), self.scale).values.tolist()
        low, high = self.ends
        return [pair for pair in zip(_PERCENTAGES, values, strict=True) if low <= pair[1] <= high]


def funnel(synthesis: Synthesis) -> Funnel:
    """Return the funnel plot of a synthesis."""
    estimate, level = synthesis.estimate, synthesis.model.level
    points = tuple(
        Point(name_of(study), effect, variance**0.5, study.events, study.total, study.claim)
        for study, effect, variance in zip(synthesis.studies, estimate.effects, estimate.variances, strict=True)
    )
    notes = [
        f"Line: pooled figure. Between the dashed lines {100 * level:g}\u00a0% of studies are expected "
        "if they differ by chance only.",
        *([_CAUTION] if synthesis.model.transform in _DEPENDENT else []),
        *_tests(synthesis),
        model_note(synthesis),
    ]
    return Funnel(
        title=visible(synthesis.title),
        scale=synthesis.model.transform,
        points=points,
        mean=estimate.mean,
        reach=NormalDist().inv_cdf((1 + level) / 2),
        level=level,
        notes=(*notes, *tail_notes(synthesis)),
    )


def _tests(synthesis: Synthesis) -> Iterator[str]:
    """Yield the tests of whether the funnel leans, where they were asked for."""
    if synthesis.small_study:
        told = "; ".join(f"{name}: {probability(test.p)}" for name, test in synthesis.small_study)
        weak = f" With fewer than {_FEWEST} studies they find next to nothing."
        yield f"Tests of whether it leans: {told}.{weak if len(synthesis.studies) < _FEWEST else ''}"


def lay_out_funnel(plot: Funnel, measure: Measure) -> Sheet:
    """Return the sheet of a funnel plot."""
    marks: list[Mark] = []
    y = _MARGIN
    width = _LEFT + _WIDTH
    for line in wrapped(plot.title, (width - _MARGIN) / TITLE * SIZE, measure, size=SIZE):
        y += TITLE + 3
        marks.append(Text(_MARGIN, y - 3, line, size=TITLE, bold=True))
    y += 12
    across = Scale(*plot.ends, _LEFT, width)
    down = Scale(0, plot.deepest, y, y + _HEIGHT)
    marks += _drawn(plot, across, down)
    marks += _axes(plot, across, down, measure)
    y += _HEIGHT + 44
    for note in plot.notes:
        for line in wrapped(note, width - _MARGIN, measure):
            marks.append(Text(_MARGIN, y, line, size=SMALL, colour=FAINT))
            y += _LINE
        y += 2
    return Sheet(width + _MARGIN, y - _LINE + _MARGIN, tuple(marks))


def _drawn(plot: Funnel, across: Scale, down: Scale) -> Iterator[Mark]:
    top, bottom, middle = down.start, down.stop, across.at(plot.mean)
    side = plot.reach * plot.deepest
    left, right = across.at(plot.mean - side), across.at(plot.mean + side)
    yield Shape(((left, bottom), (middle, top), (right, bottom)), FUNNEL)
    for end in (left, right):
        yield Line(((middle, top), (end, bottom)), RULE, 0.8, (3.0, 2.0))
    yield Line(((middle, top), (middle, bottom)), POOLED, 1.0)
    for point in plot.points:
        yield Dot(across.at(point.effect), down.at(point.se), _RADIUS, STUDY, point.link)


def _axes(plot: Funnel, across: Scale, down: Scale, measure: Measure) -> Iterator[Mark]:
    left, right, top, bottom = across.start, across.stop, down.start, down.stop
    yield Line(((left, top), (left, bottom), (right, bottom)), INK, 0.8)
    depths = ticks(0, plot.deepest, 6)
    for depth, label in zip(depths, written(depths), strict=True):
        y = down.at(depth)
        yield Line(((left - 3.5, y), (left, y)), INK, 0.8)
        yield Text(left - 6, y + 3, label, "right")
    words = f"Standard error ({plot.scale} scale)"
    yield Text(_MARGIN + 8, (top + bottom) / 2, words, "center", angle=90)
    for x, label in _labels(plot, across, measure):
        yield Line(((x, bottom), (x, bottom + 3.5)), INK, 0.8)
        yield Text(x, bottom + 12.5, label, "center")
    words = f"Proportion, % ({plot.scale} scale{', as of large studies' if plot.scale == 'freeman-tukey' else ''})"
    yield Text((left + right) / 2, bottom + 25, words, "center")


def _labels(plot: Funnel, across: Scale, measure: Measure) -> list[tuple[float, str]]:
    """Return where percentages are written at the axis: as many as there is room for."""
    placed: list[tuple[float, str, float]] = []
    for percentage, value in plot.percentages():
        x, label = across.at(value), f"{percentage:g}"
        half = measure(label, SIZE, False) / 2 + 4
        if all(abs(x - other) >= half + width for other, _, width in placed):
            placed.append((x, label, half))
    return sorted((x, label) for x, label, _ in placed)
