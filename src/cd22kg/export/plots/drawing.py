"""Sheets drawn by matplotlib, and the width of texts in its font: the one door to it.

Nothing of the machine reaches a plot: neither a settings file of matplotlib, nor the fonts of the system, nor the
clock, nor a random number. Texts stay texts in SVG, to be searched and read aloud; a browser without DejaVu Sans takes
Verdana, which is as wide.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

from cd22kg.errors import OutputError
from cd22kg.export.plots.marks import Dot, Line, Mark, Shape, Sheet, Text
from cd22kg.gate.text import visible

Form = Literal["svg", "png", "pdf"]

_SETTINGS: dict[Any, Any] = {
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "cd22kg",
    "text.parse_math": False,
    "text.usetex": False,
}
_POINTS_PER_INCH = 72
#: Dots per inch of a picture, and dots of all of it: one that is very high gets fewer of them per inch.
_DENSITY, _MOST_DOTS = 300, 50e6
#: matplotlib's settings belong to the process; two plots at once would take them from each other.
_LOCK = threading.RLock()


@dataclass(frozen=True)
class About:
    """What a file says of its plot.

    Attributes:
        title: What is shown.
        description: How it came about, and what it is not.
        claims: IRIs of the claims whose figures are shown.
        creator: Program and version.
    """

    title: str
    description: str
    claims: tuple[str, ...]
    creator: str


class Canvas:
    """Measures texts and draws sheets."""

    def width_of(self, text: str, size: float, bold: bool) -> float:
        """Return the width of a text as it is drawn, in points."""
        return float(self._widths(visible(text), size, bold))

    def draw(self, sheet: Sheet, form: Form, about: About) -> bytes:
        """Return a sheet as a file: the same sheet gives the same bytes under the same version of matplotlib."""
        from matplotlib.figure import Figure
        from matplotlib.transforms import Affine2D

        figure = Figure(figsize=(sheet.width / _POINTS_PER_INCH, sheet.height / _POINTS_PER_INCH))
        scale = 1 / _POINTS_PER_INCH
        places = Affine2D().scale(scale, -scale).translate(0, sheet.height * scale) + figure.dpi_scale_trans
        for order, mark in enumerate(sheet.marks):
            artist = self._artist(mark)
            artist.set_transform(places)
            artist.set_zorder(order)
            figure.add_artist(artist)
        file = BytesIO()
        density = min(_DENSITY, _POINTS_PER_INCH * (_MOST_DOTS / (sheet.width * sheet.height)) ** 0.5)
        figure.savefig(file, format=form, dpi=density, metadata=_metadata(form, about))
        return file.getvalue()

    def _artist(self, mark: Mark) -> Any:
        from matplotlib.lines import Line2D
        from matplotlib.patches import Circle, Polygon
        from matplotlib.text import Text as Letters

        artist: Any
        match mark:
            case Text():
                font = self._font(mark.size, mark.bold)
                place: dict[str, Any] = {"ha": mark.align, "va": "baseline", "rotation": mark.angle}
                place["rotation_mode"] = "anchor"
                artist = Letters(mark.x, mark.y, visible(mark.text), color=mark.colour, fontproperties=font, **place)
            case Line():
                style: Any = (0, mark.dash) if mark.dash else "-"
                xs, ys = zip(*mark.points, strict=True)
                return Line2D(xs, ys, color=mark.colour, linewidth=mark.width, linestyle=style, solid_capstyle="butt")
            case Shape():
                artist = Polygon(mark.points, closed=True, facecolor=mark.fill, linewidth=0)
            case Dot():
                artist = Circle((mark.x, mark.y), mark.radius, facecolor=mark.fill, edgecolor="white", linewidth=0.5)
        if mark.link:
            artist.set_url(mark.link)
        return artist

    @cached_property
    def _widths(self) -> Any:
        from matplotlib.textpath import text_to_path

        @cache
        def width(text: str, size: float, bold: bool) -> float:
            return float(text_to_path.get_text_width_height_descent(text, self._font(size, bold), ismath=False)[0])

        return width

    def _font(self, size: float, bold: bool) -> Any:
        """Return the font that comes with matplotlib, whatever one of this name the system has."""
        import matplotlib
        from matplotlib.font_manager import FontProperties

        name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
        file = Path(matplotlib.get_data_path(), "fonts", "ttf", name)
        return FontProperties(family="sans-serif", weight="bold" if bold else "normal", size=size, fname=file)


@contextmanager
def open_canvas() -> Iterator[Canvas]:
    """Yield a canvas under our settings; those of the program around us are back in place afterwards.

    Raises:
        OutputError: If matplotlib is not installed.
    """
    with _LOCK, _quiet():
        try:
            import matplotlib
        except ImportError:
            raise OutputError(
                "plots are drawn by matplotlib, which is not installed",
                hint="`pip install 'cd22kg[stats]'`, or take the format json",
            ) from None
        with matplotlib.rc_context(), warnings.catch_warnings():
            matplotlib.rcdefaults()
            matplotlib.rcParams.update(_SETTINGS)
            # A letter that the font lacks is a box in a picture, and in SVG whatever the browser has.
            warnings.filterwarnings("ignore", message="Glyph .* missing from")
            yield Canvas()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep matplotlib from telling where it keeps what a plot here does not use: of a home that is not writable."""
    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _metadata(form: Form, about: About) -> dict[str, Any]:
    """Return what is known of a plot under the names that a format has for it, without a date."""
    title, description, claims = visible(about.title), visible(about.description), list(about.claims)
    if form == "svg":
        found: dict[str, Any] = {"Title": title, "Description": description, "Creator": about.creator, "Date": None}
        return {**found, "Keywords": claims} if claims else found
    if form == "pdf":
        found = {"Title": title, "Subject": description, "Creator": about.creator, "CreationDate": None}
        return {**found, "Keywords": " ".join(claims)} if claims else found
    found = {"Title": title, "Description": description, "Software": about.creator}
    return {**found, "Source": " ".join(claims)} if claims else found
