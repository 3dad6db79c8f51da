"""Plots of a synthesis: forest, funnel, cumulative and leave-one-out, as SVG, PNG, PDF or Vega-Lite.

    synthesis -> rows or funnel (what is shown) -> sheet (what stands where) -> file

The first step knows no format, the second no library; only the last one needs matplotlib, and Vega-Lite not even that.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, get_args

from cd22kg.errors import OutputError, QueryError
from cd22kg.export.plots.cumulative import cumulative, leave_one_out
from cd22kg.export.plots.drawing import About, open_canvas
from cd22kg.export.plots.forest import forest
from cd22kg.export.plots.funnel import Funnel, funnel, lay_out_funnel
from cd22kg.export.plots.layout import lay_out
from cd22kg.export.plots.rows import Rows, creator
from cd22kg.export.plots.vega import funnel_spec, rows_spec, to_json
from cd22kg.files import write_bytes
from cd22kg.namespaces import iri
from cd22kg.synthesis.result import Synthesis

Kind = Literal["forest", "funnel", "cumulative", "leave-one-out"]
Form = Literal["svg", "png", "pdf", "json"]
KINDS: tuple[Kind, ...] = get_args(Kind)
FORMS: tuple[Form, ...] = get_args(Form)
#: Rows of a plot that somebody may still read.
MOST_ROWS = 2_000

_PLOTS: dict[str, Callable[[Synthesis], Rows | Funnel]] = {
    "forest": forest,
    "funnel": funnel,
    "cumulative": cumulative,
    "leave-one-out": leave_one_out,
}


def draw(synthesis: Synthesis, path: str | Path, kind: Kind = "forest") -> None:
    """Write a plot of a synthesis to a file, whole or not at all.

    Args:
        synthesis: The studies and what they come to.
        path: The file; its ending is the format: ``.svg``, ``.png`` (300 dots per inch), ``.pdf``, or ``.json`` for
            Vega-Lite.
        kind: What is drawn: each study and the pooled figure; effects against their standard errors; the pooled figure
            after each further study; or without each one.

    Raises:
        OutputError: If no format has this ending, the file cannot be written, or matplotlib is not installed.
        QueryError: If the kind is unknown, the synthesis does not have what it shows, or has too many studies.
    """
    target = Path(path)
    form = next((form for form in FORMS if target.suffix.lower() == f".{form}"), None)
    if form is None:
        allowed = ", ".join(f".{form}" for form in FORMS)
        raise OutputError(f"no plot has the ending `{target.suffix}`: {target}", hint=f"one of: {allowed}")
    write_bytes(target, plot_bytes(synthesis, kind, form))


def plot_bytes(synthesis: Synthesis, kind: Kind, form: Form) -> bytes:
    """Return a plot of a synthesis as the content of a file, see `draw`.

    The same synthesis gives the same bytes, under the same version of matplotlib.
    """
    if kind not in _PLOTS:
        raise QueryError(f"there is no plot `{kind}`", hint=f"one of: {', '.join(KINDS)}")
    plot = _PLOTS[kind](synthesis)
    if isinstance(plot, Rows) and len(plot.rows) > MOST_ROWS:
        hint = f"pool fewer studies, or draw a funnel; a plot has at most {MOST_ROWS} rows"
        raise QueryError(f"a plot of {len(plot.rows)} rows cannot be read", hint=hint)
    about = _about(synthesis, kind, plot)
    if form == "json":
        return to_json(funnel_spec(plot, about) if isinstance(plot, Funnel) else rows_spec(plot, about))
    with open_canvas() as canvas:
        lay = lay_out_funnel(plot, canvas.width_of) if isinstance(plot, Funnel) else lay_out(plot, canvas.width_of)
        return canvas.draw(lay, form, about)


def _about(synthesis: Synthesis, kind: str, plot: Rows | Funnel) -> About:
    """Return what a file says of its plot."""
    claims = (iri("claim", study.claim) for study in synthesis.studies if study.claim)
    description = f"{kind.capitalize()} plot. {' '.join(plot.notes)}"
    return About(synthesis.title, description, tuple(dict.fromkeys(claims)), creator(synthesis))
