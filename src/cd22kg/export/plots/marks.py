"""What a plot is made of: texts, lines and shapes at places on a sheet, before anybody draws them.

Lengths are in points, 1/72 inch; places are counted from the top left corner of the sheet, downwards.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

Point = tuple[float, float]
#: Returns the width of a text, in points, of its size in points and of whether it is bold.
Measure = Callable[[str, float, bool], float]

# Told apart in grey, and by eyes that do not see all colours: both blues and the vermillion are from the palette of
# Okabe and Ito.
INK = "#1a1a1a"
FAINT = "#5f5f5f"
RULE = "#8c8c8c"
STUDY = "#64788c"
POOLED = "#0072b2"
GROUP = "#56b4e9"
PREDICTION = "#d55e00"
FUNNEL = "#eef2f6"

SIZE = 8.5
SMALL = 7.5
TITLE = 11.0

_CUT = "…"


@dataclass(frozen=True)
class Text:
    """A line of text; y is its base line, x its left, middle or right."""

    x: float
    y: float
    text: str
    align: Literal["left", "center", "right"] = "left"
    size: float = SIZE
    bold: bool = False
    colour: str = INK
    link: str = ""
    angle: float = 0


@dataclass(frozen=True)
class Line:
    """A line through points; `dash` is the length of its strokes and gaps, nothing for an unbroken one."""

    points: tuple[Point, ...]
    colour: str = INK
    width: float = 0.8
    dash: tuple[float, ...] = ()


@dataclass(frozen=True)
class Shape:
    """A filled outline."""

    points: tuple[Point, ...]
    fill: str
    link: str = ""


@dataclass(frozen=True)
class Dot:
    """A filled circle."""

    x: float
    y: float
    radius: float
    fill: str
    link: str = ""


Mark = Text | Line | Shape | Dot


@dataclass(frozen=True)
class Sheet:
    """A plot, drawn from its first mark to its last."""

    width: float
    height: float
    marks: tuple[Mark, ...]


def square(x: float, y: float, side: float, fill: str, link: str = "") -> Shape:
    """Return a square about a point."""
    half = side / 2
    return Shape(((x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half)), fill, link)


def box(left: float, right: float, y: float, height: float, fill: str) -> Shape:
    """Return a bar along a line."""
    half = height / 2
    return Shape(((left, y - half), (right, y - half), (right, y + half), (left, y + half)), fill)


def diamond(left: float, middle: float, right: float, y: float, height: float, fill: str) -> Shape:
    """Return the diamond of a pooled figure, from one end of its interval to the other."""
    half = height / 2
    return Shape(((left, y), (middle, y - half), (right, y), (middle, y + half)), fill)


def shortened(text: str, width: float, measure: Measure, *, size: float = SIZE, bold: bool = False) -> str:
    """Return a text that fits a width: its middle is cut out where it does not, for both its ends tell it apart."""
    if measure(text, size, bold) <= width:
        return text
    for kept in range(len(text) - 1, 1, -1):
        tail = kept * 2 // 5
        head, end = text[: kept - tail].rstrip(), text[len(text) - tail :].lstrip()
        while end and unicodedata.combining(end[0]):
            end = end[1:]
        if measure(cut := f"{head}{_CUT}{end}", size, bold) <= width:
            return cut
    return _CUT


def wrapped(text: str, width: float, measure: Measure, *, size: float = SMALL) -> Iterator[str]:
    """Yield the lines of a text that is broken between words; a word that is longer than a line is cut."""
    line = ""
    for word in filter(None, text.split(" ")):
        longer = f"{line} {word}".strip()
        if line and measure(longer, size, False) > width:
            yield line
            longer = shortened(word, width, measure, size=size)
        line = longer if line else shortened(word, width, measure, size=size)
    if line:
        yield line
