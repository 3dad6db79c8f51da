"""Where the rows of a plot of intervals stand: a table with a drawing in its midst, as journals print it."""

from __future__ import annotations

from collections.abc import Iterator

from cd22kg.export.plots.marks import (
    FAINT,
    GROUP,
    INK,
    POOLED,
    PREDICTION,
    RULE,
    SIZE,
    SMALL,
    STUDY,
    TITLE,
    Line,
    Mark,
    Measure,
    Sheet,
    Text,
    box,
    diamond,
    shortened,
    square,
    wrapped,
)
from cd22kg.export.plots.rows import Row, Rows
from cd22kg.export.plots.scale import Scale, share_range, ticks, written

_MARGIN = 14.0
_GAP = 14.0
_INDENT = 8.0
_ROW = 15.0
_REMARK = 12.0
_LINE = 10.5
_WIDEST_LABEL = 210.0
_DRAWING = 220.0
_LARGEST = 10.0
_SMALLEST = 2.5
_STEP = 5.0
#: Half of the least width of a diamond: an interval may be a point.
_HAIR = 0.75
#: From the middle of a row to the base line of its text.
_DROP = 3.0


class _Columns:
    """Places of the columns from left to right."""

    def __init__(self, plot: Rows, measure: Measure) -> None:
        self.measure = measure
        self.indent = _INDENT if any(row.kind == "heading" for row in plot.rows) else 0.0
        labels = [self.width(row.label, row.kind) + self.indent for row in plot.rows if row.kind != "remark"]
        self.label = min(max([measure(plot.label, SIZE, True), *labels]), _WIDEST_LABEL)
        self.before = self._edges(_MARGIN + self.label, plot.before, [row.before for row in plot.rows], plot)
        start = (self.before[-1] if self.before else _MARGIN + self.label) + 1.5 * _GAP
        spans = [row.span for row in plot.rows if row.span]
        low, high = share_range(edge for span in spans for edge in (span.lower, span.upper))
        self.scale = Scale(low, high, start, start + _DRAWING)
        self.after = self._edges(self.scale.stop + 0.5 * _GAP, plot.after, [row.after for row in plot.rows], plot)
        self.right = self.after[-1] if self.after else self.scale.stop
        self.width_of_all = self.right - _MARGIN

    def width(self, text: str, kind: str) -> float:
        return self.measure(text, SIZE, kind in ("overall", "heading"))

    def _edges(self, left: float, heads: tuple[str, ...], cells: list[tuple[str, ...]], plot: Rows) -> list[float]:
        """Return the right edges of columns, each as wide as its widest text."""
        edges: list[float] = []
        for at, head in enumerate(heads):
            widths = [
                self.width(cell[at], row.kind) for cell, row in zip(cells, plot.rows, strict=True) if len(cell) > at
            ]
            left += _GAP + max([self.measure(head, SIZE, True), *widths])
            edges.append(left)
        return edges


def lay_out(plot: Rows, measure: Measure) -> Sheet:
    """Return the sheet of a plot of intervals: as high as its rows ask for."""
    columns = _Columns(plot, measure)
    marks: list[Mark] = []
    y = _MARGIN
    for line in wrapped(plot.title, columns.width_of_all / TITLE * SIZE, measure, size=SIZE):
        y += TITLE + 3
        marks.append(Text(_MARGIN, y - 3, line, size=TITLE, bold=True))
    y += _ROW
    marks += _heads(plot, columns, y)
    top = y + 5
    marks.append(Line(((_MARGIN, top), (columns.right, top)), RULE, 0.6))
    y = top + 2
    rows: list[Mark] = []
    line_ends = y
    largest = max((row.size for row in plot.rows if row.kind == "study"), default=1.0)
    for row in plot.rows:
        y += _space_above(row)
        if row.kind == "overall":
            rows.append(Line(((_MARGIN, y - 1), (columns.right, y - 1)), RULE, 0.6))
            y += 2
        height = _REMARK if row.kind == "remark" else _ROW
        middle = y + height / 2
        rows += _texts(row, columns, middle)
        rows += _drawn(row, columns.scale, middle, largest)
        y += height
        if row.span and row.span.estimate is not None:
            line_ends = middle
    across = columns.scale.at(plot.reference)
    marks.append(Line(((across, top), (across, line_ends)), POOLED, 0.7, (3.0, 2.0)))
    marks += rows
    y += 4
    marks += _axis(columns.scale, y)
    y += 40
    for note in plot.notes:
        for line in wrapped(note, columns.width_of_all, measure):
            marks.append(Text(_MARGIN, y, line, size=SMALL, colour=FAINT))
            y += _LINE
        y += 2
    return Sheet(columns.right + _MARGIN, y - _LINE + _MARGIN, tuple(marks))


def _heads(plot: Rows, columns: _Columns, y: float) -> Iterator[Mark]:
    yield Text(_MARGIN, y, plot.label, bold=True)
    for edge, head in zip((*columns.before, *columns.after), (*plot.before, *plot.after), strict=True):
        yield Text(edge, y, head, "right", bold=True)


def _space_above(row: Row) -> float:
    return {"heading": 4.0, "overall": 6.0}.get(row.kind, 0.0)


def _texts(row: Row, columns: _Columns, middle: float) -> Iterator[Mark]:
    y = middle + _DROP
    bold = row.kind in ("overall", "heading")
    x = _MARGIN + (0 if row.kind in ("heading", "overall", "prediction") else columns.indent)
    if row.kind == "remark":
        yield Text(x, y, row.label, size=SMALL, colour=FAINT)
        return
    label = shortened(row.label, columns.label - (x - _MARGIN), columns.measure, bold=bold)
    yield Text(x, y, label, bold=bold, link=row.link)
    for edges, cells in ((columns.before, row.before), (columns.after, row.after)):
        for edge, cell in zip(edges, cells, strict=False):
            if cell:
                yield Text(edge, y, cell, "right", bold=bold)


def _drawn(row: Row, scale: Scale, y: float, largest: float) -> Iterator[Mark]:
    if row.span is None:
        return
    left, right = scale.at(row.span.lower), scale.at(row.span.upper)
    if row.span.estimate is None:
        yield box(left, right, y, 4.5, PREDICTION)
        return
    middle = scale.at(row.span.estimate)
    if row.kind in ("group", "overall"):
        left, right = min(left, middle - _HAIR), max(right, middle + _HAIR)
        yield diamond(left, middle, right, y, 10.0, POOLED if row.kind == "overall" else GROUP)
        return
    if row.kind == "step":
        yield square(middle, y, _STEP, POOLED, row.link)
    else:
        side = _LARGEST * (row.size / largest) ** 0.5
        yield square(middle, y, max(_SMALLEST, side), STUDY, row.link)
    # Over the square, which may be wider than the interval.
    yield Line(((left, y), (right, y)), INK, 0.9)


def _axis(scale: Scale, y: float) -> Iterator[Mark]:
    yield Line(((scale.start, y), (scale.stop, y)), INK, 0.8)
    percentages = ticks(100 * scale.low, 100 * scale.high)
    for tick, label in zip(percentages, written(percentages), strict=True):
        x = scale.at(tick / 100)
        yield Line(((x, y), (x, y + 3.5)), INK, 0.8)
        yield Text(x, y + 12.5, label, "center")
    yield Text((scale.start + scale.stop) / 2, y + 24, "Proportion, %", "center")
