"""The class diagram: the main classes as boxes, properties between them as arrows, drawn as SVG by hand-set places.

The places are ours; which properties and kinds a box lists is read off the ontology, so the picture cannot claim what
the ontology does not.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from cd22kg.export.termbook import TermBook

#: A place, and the left, upper, right and lower edge of a box.
Point = tuple[int, int]
Frame = tuple[int, int, int, int]

WIDTH = 1380
#: Heights of a box's title, of each line below it, and the room around the text.
_TITLE, _LINE, _PAD = 30, 18, 10
#: Width of a character of the small text, on the safe side.
_CHARACTER = 6.9


@dataclass(frozen=True)
class Box:
    """Where a class stands; the height is at least what its text needs, which is flowing or one name a line."""

    name: str
    x: int
    y: int
    width: int
    least: int = 0
    flowing: bool = True


@dataclass(frozen=True)
class Arrow:
    """A property from box to box, along the points given, with the middle of its label.

    The first and the last point move along their line to the edges of the two boxes.
    """

    name: str
    start: str
    end: str
    points: tuple[Point, ...]
    label: Point


BOXES = (
    Box("Source", 30, 30, 250),
    Box("ClaimRelation", 30, 298, 250),
    Box("Cohort", 30, 430, 250),
    Box("Study", 30, 600, 250),
    Box("Claim", 460, 30, 270, 640, flowing=False),
    Box("Therapy", 900, 30, 200),
    Box("Antigen", 900, 178, 200, 60),
    Box("Indication", 900, 290, 200),
    Box("Outcome", 900, 390, 200, 110),
    Box("Measurement", 900, 556, 450),
    Box("TherapyProduct", 1160, 30, 190),
    Box("TherapyGroup", 1160, 272, 190),
    Box("AssociationClaim", 30, 790, 240),
    Box("ComparisonClaim", 300, 790, 240),
    Box("PooledClaim", 570, 790, 240),
    Box("ResultClaim", 840, 790, 240),
    Box("StatementClaim", 1110, 790, 240),
    Box("Factor", 30, 960, 240),
)

ARROWS = (
    Arrow("source", "Claim", "Source", ((460, 60), (280, 60)), (370, 60)),
    Arrow("reportedVia", "Claim", "Source", ((460, 120), (280, 120)), (370, 120)),
    Arrow("relation", "Claim", "ClaimRelation", ((460, 315), (280, 315)), (370, 315)),
    Arrow("target", "ClaimRelation", "Claim", ((280, 350), (460, 350)), (370, 350)),
    Arrow("cohort", "Claim", "Cohort", ((460, 460), (280, 460)), (370, 460)),
    Arrow("study", "Cohort", "Study", ((155, 500), (155, 620)), (180, 570)),
    Arrow("therapy", "Claim", "Therapy", ((730, 55), (900, 55)), (815, 55)),
    Arrow("antigen", "Claim", "Antigen", ((730, 195), (900, 195)), (815, 195)),
    Arrow("measuredAntigen", "Claim", "Antigen", ((730, 224), (900, 224)), (815, 224)),
    Arrow("indication", "Claim", "Indication", ((730, 310), (900, 310)), (815, 310)),
    Arrow("outcome", "Claim", "Outcome", ((730, 430), (900, 430)), (815, 430)),
    Arrow("measurement", "Claim", "Measurement", ((730, 600), (900, 600)), (815, 600)),
    Arrow("targets", "Therapy", "Antigen", ((1000, 100), (1000, 178)), (1030, 148)),
    Arrow("amongOutcome", "Measurement", "Outcome", ((1000, 556), (1000, 500)), (1062, 538)),
    Arrow("factor", "AssociationClaim", "Factor", ((150, 870), (150, 960)), (176, 918)),
)

#: Lines from a class to the one above it.
BRANCHES = (
    Arrow("", "TherapyProduct", "Therapy", ((1160, 55), (1100, 55)), (0, 0)),
    Arrow("", "TherapyGroup", "Therapy", ((1160, 290), (1130, 290), (1130, 80), (1100, 80)), (0, 0)),
    *(
        Arrow("", name, "Claim", ((x, 790), (x, 740), (595, 740), (595, 670)), (0, 0))
        for name, x in zip(
            ("AssociationClaim", "ComparisonClaim", "PooledClaim", "ResultClaim", "StatementClaim"),
            (150, 420, 690, 960, 1230),
            strict=True,
        )
    ),
)

_STYLE = """
  svg { background: #ffffff; font-family: system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; }
  .ground { fill: #ffffff; }
  .box { fill: #f3f6fa; stroke: #5b6b7d; stroke-width: 1.3; }
  .claim .box { fill: #e3eefb; stroke: #1f5fa8; }
  .concept .box { fill: #eaf6ec; stroke: #2c7a45; }
  .name { fill: #14202c; font-size: 15px; font-weight: 600; text-anchor: middle; }
  .own, .kinds, .legend { fill: #3a4857; font-size: 12px; }
  .kinds { font-style: italic; }
  .line { fill: none; stroke: #5b6b7d; stroke-width: 1.4; }
  .head { fill: #5b6b7d; }
  .hollow { fill: #ffffff; stroke: #5b6b7d; stroke-width: 1.3; }
  .label { fill: #14202c; font-size: 13px; text-anchor: middle; }
  @media (prefers-color-scheme: dark) {
    svg { background: #11161c; }
    .ground { fill: #11161c; }
    .box { fill: #1c242d; stroke: #8796a6; }
    .claim .box { fill: #16283d; stroke: #6aa9ee; }
    .concept .box { fill: #172a1e; stroke: #67b980; }
    .name, .label { fill: #e8edf2; }
    .own, .kinds, .legend { fill: #b4c0cc; }
    .line { stroke: #8796a6; }
    .head { fill: #8796a6; }
    .hollow { fill: #11161c; stroke: #8796a6; }
  }"""

_DESCRIPTION = (
    "A claim links a therapy, an antigen, an indication, an outcome and a source to a measurement in a cohort of a "
    "study. "
    "Filled arrows are properties; lines with a hollow head lead from a class to the one above it. Each box lists "
    "the further properties of the class and, in italics, the kinds of it that are not drawn."
)


def class_diagram(book: TermBook) -> str:
    """Return the class diagram as an SVG document."""
    drawn = {box.name for box in BOXES}
    arrows = {(arrow.name, arrow.start) for arrow in ARROWS}
    boxes: list[str] = []
    frames: dict[str, Frame] = {}
    for box in BOXES:
        own = sorted((p for p in book.properties_of(box.name) if (p, box.name) not in arrows), key=str.lower)
        kinds = sorted(set(book.subclasses(box.name)) - drawn)
        text, height = _box(box, book, own, kinds)
        boxes.append(text)
        frames[box.name] = (box.x, box.y, box.x + box.width, box.y + height)
    lines = [_arrow(arrow, frames) for arrow in ARROWS] + [_branch(branch, frames) for branch in BRANCHES]
    bottom = max(frame[3] for frame in frames.values())
    height = bottom + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'role="img" aria-labelledby="title desc">',
        '<title id="title">The main classes of the cd22kg ontology</title>',
        f'<desc id="desc">{escape(_DESCRIPTION)}</desc>',
        f"<style>{_STYLE}\n</style>",
        f'<rect class="ground" width="{WIDTH}" height="{height}"/>',
        *lines,
        *boxes,
        *_legend(300, bottom - 40),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _box(box: Box, book: TermBook, own: Sequence[str], kinds: Sequence[str]) -> tuple[str, int]:
    columns = int((box.width - 2 * _PAD) / _CHARACTER)
    rows = [("own", line) for line in (_wrapped(own, columns) if box.flowing else own)]
    rows += [("kinds", line) for line in (_wrapped(kinds, columns) if box.flowing else kinds)]
    height = max(box.least, _TITLE + _LINE * len(rows) + (_PAD if rows else 4))
    kind = "claim" if book.is_a(box.name, "Claim") else "concept" if book.is_a(box.name, "Concept") else "thing"
    lines = [
        f'<g class="{kind}" id="{box.name}">',
        f'<rect class="box" x="{box.x}" y="{box.y}" width="{box.width}" height="{height}" rx="6"/>',
        f'<text class="name" x="{box.x + box.width // 2}" y="{box.y + 21}">{box.name}</text>',
    ]
    for number, (style, line) in enumerate(rows):
        y = box.y + _TITLE + 14 + _LINE * number
        lines.append(f'<text class="{style}" x="{box.x + _PAD}" y="{y}">{escape(line)}</text>')
    return "\n".join([*lines, "</g>"]), height


def _wrapped(names: Sequence[str], columns: int) -> list[str]:
    return textwrap.wrap(", ".join(names), columns, break_long_words=False, break_on_hyphens=False)


def _arrow(arrow: Arrow, frames: Mapping[str, Frame]) -> str:
    label = f'<text class="label" x="{arrow.label[0]}" y="{arrow.label[1] - 5}">{arrow.name}</text>'
    return f"{_line('head', arrow, frames)}\n{label}"


def _branch(branch: Arrow, frames: Mapping[str, Frame]) -> str:
    return _line("hollow", branch, frames)


def _line(style: str, arrow: Arrow, frames: Mapping[str, Frame]) -> str:
    first, *middle, last = arrow.points
    first = _edge(first, (middle or [last])[0], frames[arrow.start])
    last = _edge(last, (middle or [first])[-1], frames[arrow.end])
    path = " L".join(f"{x} {y}" for x, y in (first, *middle, last))
    return f'<path class="line" d="M{path}"/>\n{_head(style, *last, *(middle or [first])[-1])}'


def _edge(point: Point, beyond: Point, frame: Frame) -> Point:
    """Return the point moved to that edge of the frame which faces the point beyond."""
    left, top, right, bottom = frame
    (x, y), (beyond_x, beyond_y) = point, beyond
    if x == beyond_x:
        return x, bottom if beyond_y > y else top
    return right if beyond_x > x else left, y


def _head(style: str, x: int, y: int, before_x: int, before_y: int) -> str:
    """Return the head of an arrow at a point, away from the point before."""
    size, half = (13, 7) if style == "hollow" else (10, 5)
    dx, dy = (x > before_x) - (x < before_x), (y > before_y) - (y < before_y)
    back_x, back_y = x - size * dx, y - size * dy
    corners = ((x, y), (back_x + half * dy, back_y + half * dx), (back_x - half * dy, back_y - half * dx))
    return f'<path class="{style}" d="M{" L".join(f"{cx} {cy}" for cx, cy in corners)} Z"/>'


def _legend(x: int, y: int) -> list[str]:
    entries = (("head", "a property, from a class to the class of its value"), ("hollow", "is a kind of"))
    lines: list[str] = []
    for style, text in entries:
        lines += [
            f'<path class="line" d="M{x} {y} L{x + 50} {y}"/>',
            _head(style, x + 50, y, x, y),
            f'<text class="legend" x="{x + 60}" y="{y + 4}">{text}</text>',
        ]
        x += 380
    words = "in italics: kinds of a class that are not drawn"
    return [*lines, f'<text class="legend" x="{x - 180}" y="{y + 4}">{words}</text>']
