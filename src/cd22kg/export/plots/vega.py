"""Plots as Vega-Lite, for web pages: the figures, their claims as links, and how they are drawn, in one document.

https://vega.github.io/vega-lite/docs/ for version 6. Nothing is fetched: the data stand in the document. Lengths are in
pixels. A row of data has the fields ``study`` (its label), ``kind`` (see `rows.Kind`), ``events``, ``total``,
``estimate``, ``lower``, ``upper`` and ``weight`` as fractions, ``claim``, an IRI, and ``told``, what is told of it in
words; a point of a funnel has ``effect`` and ``se`` on the scale of the model.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from cd22kg.export.plots.drawing import About
from cd22kg.export.plots.funnel import Funnel, Point
from cd22kg.export.plots.marks import FAINT, GROUP, INK, POOLED, PREDICTION, RULE, STUDY
from cd22kg.export.plots.rows import Row, Rows, interval, percent
from cd22kg.export.plots.scale import share_range

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
#: Decimals of a number; what comes after them may differ from machine to machine.
_DIGITS = 6
_FONT = "DejaVu Sans, Verdana, Arial, sans-serif"
_SIZE, _SMALL = 11, 10
#: Width of a letter, on the average.
_LETTER, _SMALL_LETTER = 7.0, 5.9
_GAP, _ROW = 16, 19
_LONGEST_LABEL = 40
_TITLE_LETTERS = 80
_WIDTH, _HEIGHT = 320, 320
_LARGEST, _STEP, _DOT = 150, 40, 50
_DIAMOND = 13

_Object = dict[str, Any]
_DASHED: _Object = {"strokeDash": [3, 2]}
_WHERE: _Object = {"field": "order", "type": "ordinal", "axis": None}
#: A row without a claim leads nowhere.
_LINK: _Object = {"condition": {"test": "isValid(datum.claim)", "field": "claim"}, "value": None}
#: What is told of a row to who points at it, and to who cannot see it.
_TOLD: _Object = {"tooltip": {"field": "told"}, "description": {"field": "told"}}
_PERCENT = "format(100 * ({}), '.3~g')"
#: Proportions of values on the scales of models, as Vega computes them.
_SHARES = {
    "logit": "1 / (1 + exp(-datum.value))",
    "log": "exp(datum.value)",
    "raw": "datum.value",
    "arcsine": "pow(sin(datum.value), 2)",
    "freeman-tukey": "pow(sin(datum.value), 2)",
}
_BOLD = "datum.kind == 'overall' || datum.kind == 'heading'"
_INDENTED = "datum.kind == 'study' || datum.kind == 'group' || datum.kind == 'remark'"


def to_json(spec: _Object) -> bytes:
    """Return a document as text, the same for the same figures."""
    return (json.dumps(spec, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode()


def rows_spec(plot: Rows, about: About) -> _Object:
    """Return a plot of intervals as a table with a drawing in its midst."""
    before, left = _edges([row.before for row in plot.rows], plot.before, -_GAP, before=True)
    after, right = _edges([row.after for row in plot.rows], plot.after, _WIDTH, before=False)
    longest = max(len(plot.label), *(len(row.label) for row in plot.rows if row.kind != "remark"))
    start = left - _GAP - _LETTER * min(longest, _LONGEST_LABEL)
    layers = [*_spans(plot), *_labels(plot, start)]
    layers += [part for at, x in enumerate(before) for part in _column(plot.before[at], f"before[{at}]", x)]
    layers += [part for at, x in enumerate(after) for part in _column(plot.after[at], f"after[{at}]", x)]
    height = _ROW * len(plot.rows)
    return {
        **_head(about, start),
        "width": _WIDTH,
        "height": height,
        "data": {"values": [_value(at, row, plot) for at, row in enumerate(plot.rows)]},
        "layer": [*layers, _rule(start, right), _notes(plot.notes, start, right, height)],
    }


def funnel_spec(plot: Funnel, about: About) -> _Object:
    """Return a funnel plot, on the scale of the model."""
    deepest, side = plot.deepest, plot.reach * plot.deepest
    places = sorted(_round(value) for _, value in plot.percentages())
    axis = {"values": places, "labelExpr": _PERCENT.format(_SHARES[plot.scale]), "labelOverlap": True}
    across = _quantity(f"Proportion, % ({plot.scale} scale)", _domain(*plot.ends), axis)
    down = _quantity(f"Standard error ({plot.scale} scale)", {**_domain(0, deepest), "reverse": True})
    place = {"x": {**across, "field": "effect"}, "y": {**down, "field": "se"}}
    lines = [
        _line([(plot.mean, 0), (plot.mean - side, deepest)], place, RULE, _DASHED),
        _line([(plot.mean, 0), (plot.mean + side, deepest)], place, RULE, _DASHED),
        _line([(plot.mean, 0), (plot.mean, deepest)], place, POOLED, {}),
    ]
    values = [_point(point) for point in plot.points]
    dots = {"type": "point", "filled": True, "size": _DOT, "color": STUDY, "opacity": 1}
    channels = {**place, **_TOLD, "href": _LINK}
    return {
        **_head(about, -50),
        "width": _WIDTH,
        "height": _HEIGHT,
        "data": {"values": values},
        "layer": [*lines, {"mark": dots, "encoding": channels}, _notes(plot.notes, -50, _WIDTH, _HEIGHT)],
    }


def _head(about: About, start: float) -> _Object:
    """Return what a document says of itself; the claims stand where Vega-Lite reads nothing."""
    lines = textwrap.wrap(about.title, _TITLE_LETTERS, break_on_hyphens=False)
    title = {"text": lines, "anchor": "start", "frame": "group", "dx": start, "offset": 12, "fontSize": 14}
    return {
        "$schema": SCHEMA,
        "title": title,
        "description": about.description,
        "usermeta": {"claims": list(about.claims), "creator": about.creator},
        "config": {
            "font": _FONT,
            "view": {"stroke": None},
            "axis": {"labelFontSize": _SIZE, "titleFontSize": _SIZE, "titleFontWeight": "normal"},
        },
    }


def _value(at: int, row: Row, plot: Rows) -> _Object:
    """Return a row of the data; what it does not have is left out."""
    figures = {"weight": row.weight}
    told = [f"{row.events} of {row.total}"] if row.total else []
    if row.span:
        figures |= {"estimate": row.span.estimate, "lower": row.span.lower, "upper": row.span.upper}
        share = "" if row.span.estimate is None else f"{percent(row.span.estimate)} "
        told.append(f"{share}{interval(row.span)} %")
    found: _Object = {"order": at, "kind": row.kind, "study": row.label, "claim": row.link or None}
    found |= {"told": ": ".join(filter(None, (row.label, ", ".join(told))))}
    found |= {"events": row.events, "total": row.total}
    found |= {name: None if number is None else _round(number) for name, number in figures.items()}
    found |= {"before": _filled(row.before, plot.before), "after": _filled(row.after, plot.after)}
    return {name: value for name, value in found.items() if value is not None}


def _point(point: Point) -> _Object:
    """Return a study of a funnel as a row of the data."""
    share = point.events / point.total
    found: _Object = {"study": point.label, "events": point.events, "total": point.total, "estimate": _round(share)}
    found |= {"told": f"{point.label}: {point.events} of {point.total}, {percent(share)} %"}
    found |= {"effect": _round(point.effect), "se": _round(point.se)}
    return {**found, "claim": point.link} if point.claim else found


def _filled(cells: tuple[str, ...], heads: tuple[str, ...]) -> list[str]:
    """Return a text for each column."""
    return [*cells, *[""] * (len(heads) - len(cells))]


def _spans(plot: Rows) -> Iterator[_Object]:
    """Yield what is drawn: the line of the pooled figure, and over it squares, intervals and diamonds."""
    spans = [row.span for row in plot.rows if row.span]
    domain = share_range(edge for span in spans for edge in (span.lower, span.upper))
    across = _quantity("Proportion, %", _domain(*domain), {"labelExpr": _PERCENT.format("datum.value"), "tickCount": 6})
    told = {"y": _WHERE, **_TOLD, "href": _LINK}
    reach: _Object = {"x": {**across, "field": "lower"}, "x2": {"field": "upper"}, **told}
    point: _Object = {"x": {**across, "field": "estimate"}, **told}
    bar = {"type": "rule", "color": PREDICTION, "strokeWidth": 5}
    dashed = {"type": "rule", "color": POOLED, **_DASHED}
    yield {"mark": dashed, "encoding": {"x": {**across, "datum": _round(plot.reference)}}}
    yield _layer(("study",), {"type": "square", "opacity": 1, "color": STUDY}, {**point, "size": _areas(plot)})
    yield _layer(("step",), {"type": "square", "opacity": 1, "color": POOLED, "size": _STEP}, point)
    yield _layer(("study", "step"), {"type": "rule", "color": INK, "aria": False}, reach)
    yield _diamond("group", GROUP, across)
    yield _diamond("overall", POOLED, across)
    yield _layer(("prediction",), bar, reach)


def _layer(kinds: tuple[str, ...], mark: _Object, encoding: _Object) -> _Object:
    """Return what is drawn of the rows of some kinds."""
    return {"transform": [{"filter": {"field": "kind", "oneOf": list(kinds)}}], "mark": mark, "encoding": encoding}


def _areas(plot: Rows) -> _Object:
    """Return the channel that gives squares their area."""
    studies = [row for row in plot.rows if row.kind == "study"]
    field = "total" if any(row.weight is None for row in studies) else "weight"
    scale = {"domain": [0, _round(max((row.size for row in studies), default=1))], "range": [0, _LARGEST]}
    return {"field": field, "type": "quantitative", "scale": scale, "legend": None}


def _diamond(kind: str, colour: str, across: _Object) -> _Object:
    """Return the diamond of a pooled figure: a line that swells from either bound to the estimate."""
    size = {"field": "thickness", "type": "quantitative", "scale": None, "legend": None}
    place = {"x": {**across, "field": "share"}, "y": _WHERE, "detail": {"field": "order", "type": "nominal"}}
    layer = _layer((kind,), {"type": "trail", "color": colour}, {**place, "size": size, **_TOLD})
    swelling = [
        {"fold": ["lower", "estimate", "upper"], "as": ["edge", "share"]},
        {"calculate": f"datum.edge == 'estimate' ? {_DIAMOND} : 0", "as": "thickness"},
    ]
    return {**layer, "transform": [*layer["transform"], *swelling]}


def _quantity(title: str, scale: _Object, axis: _Object | None = None) -> _Object:
    return {"type": "quantitative", "scale": scale, "title": title, "axis": {"grid": False, **(axis or {})}}


def _domain(low: float, high: float) -> _Object:
    return {"domain": [_round(low), _round(high)], "nice": False, "zero": False}


def _edges(
    cells: Sequence[tuple[str, ...]], heads: tuple[str, ...], start: float, *, before: bool
) -> tuple[list[float], float]:
    """Return the right edges of columns, and where all of them end: before a place, or behind it."""
    widths = []
    for at, head in enumerate(heads):
        letters = max(len(head), *(len(cell[at]) for cell in cells if len(cell) > at))
        widths.append(_LETTER * letters + _GAP)
    if before:
        return [start - sum(widths[at + 1 :]) for at in range(len(widths))], start - sum(widths)
    return [start + sum(widths[: at + 1]) for at in range(len(widths))], start + sum(widths)


def _labels(plot: Rows, start: float) -> Iterator[_Object]:
    """Yield the column of labels; that of a study leads to its claim."""
    indent = 10 if any(row.kind == "heading" for row in plot.rows) else 0
    mark = {
        **_text("left"),
        "dx": {"expr": f"{_INDENTED} ? {indent} : 0"},
        "fontSize": {"expr": f"datum.kind == 'remark' ? {_SMALL} : {_SIZE}"},
        "limit": round(_LETTER * _LONGEST_LABEL),
    }
    yield {"mark": mark, "encoding": {**_cell("study", start), **_TOLD, "href": _LINK}}
    yield _heading(plot.label, start, "left")


def _column(head: str, field: str, x: float) -> Iterator[_Object]:
    yield {"mark": _text("right"), "encoding": _cell(field, x)}
    yield _heading(head, x, "right")


def _text(align: str) -> _Object:
    weight = {"expr": f"{_BOLD} ? 'bold' : 'normal'"}
    return {"type": "text", "aria": False, "align": align, "color": INK, "fontSize": _SIZE, "fontWeight": weight}


def _cell(field: str, x: float) -> _Object:
    return {"x": {"value": _round(x)}, "y": _WHERE, "text": {"field": field}}


def _heading(text: str, x: float, align: str) -> _Object:
    mark = {"type": "text", "align": align, "color": INK, "fontSize": _SIZE, "fontWeight": "bold"}
    return {"data": {"values": [{}]}, "mark": mark, "encoding": {**_at(x, -_GAP / 2), "text": {"value": text}}}


def _rule(left: float, right: float) -> _Object:
    """Return the line below the headings."""
    ends = {**_at(left, 0), "x2": {"value": _round(right)}}
    return {"data": {"values": [{}]}, "mark": {"type": "rule", "color": RULE}, "encoding": ends}


def _line(points: Sequence[tuple[float, float]], place: _Object, colour: str, style: _Object) -> _Object:
    values = [{"effect": _round(effect), "se": _round(se)} for effect, se in points]
    order = {"field": "se", "type": "quantitative"}
    mark = {"type": "line", "aria": False, "color": colour, **style}
    return {"data": {"values": values}, "mark": mark, "encoding": {**place, "order": order}}


def _notes(notes: Sequence[str], left: float, right: float, height: float) -> _Object:
    """Return what is told below."""
    letters = int((right - left) / _SMALL_LETTER)
    lines = [line for note in notes for line in textwrap.wrap(note, letters, break_on_hyphens=False)]
    mark = {"type": "text", "align": "left", "baseline": "top", "color": FAINT, "fontSize": _SMALL, "text": lines}
    return {"data": {"values": [{}]}, "mark": mark, "encoding": _at(left, height + 48)}


def _at(x: float, y: float) -> _Object:
    return {"x": {"value": _round(x)}, "y": {"value": _round(y)}}


def _round(number: float) -> float:
    return round(number, _DIGITS) + 0.0
