"""A plot of intervals: what its rows say, before it is known where they stand or in which format they are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cd22kg.gate.text import visible
from cd22kg.namespaces import iri
from cd22kg.notice import NOTICE
from cd22kg.synthesis.result import PooledStudy, Synthesis

if TYPE_CHECKING:
    from cd22kg.statistics.meta import Estimate
    from cd22kg.statistics.subgroups import Subgroups

DERIVED = "~ counts worked out from a percentage or other counts."

#: What a row is: a study; a pooled figure on the way to the last one; that of a group; that of all; where a further
#: study is expected; a heading; a remark.
Kind = Literal["study", "step", "group", "overall", "prediction", "heading", "remark"]

_TRANSFORMATIONS = {
    "logit": "logit transformation",
    "arcsine": "arcsine transformation",
    "freeman-tukey": "Freeman-Tukey double arcsine transformation",
    "log": "log transformation",
    "raw": "no transformation",
}
#: Scales on which a study with no events, or with nothing but events, is corrected, see `statistics.effects`.
_CORRECTED = ("logit", "log", "raw")
_BACKS = {
    "harmonic": "the harmonic mean of the totals",
    "arithmetic": "the mean of the totals",
    "geometric": "the geometric mean of the totals",
    "inverse-variance": "the total that has the variance of the pooled mean",
}
_ESTIMATORS = {
    "DL": "DerSimonian-Laird",
    "PM": "Paule-Mandel",
    "REML": "restricted maximum likelihood",
    "ML": "maximum likelihood",
}


@dataclass(frozen=True)
class Span:
    """A figure with its interval, as fractions; a prediction interval has no figure."""

    lower: float
    upper: float
    estimate: float | None = None


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        kind: What it is.
        label: What it is called.
        span: What is drawn of it.
        before: What stands between its label and the drawing, a text for each column.
        after: What stands behind the drawing, a text for each column.
        weight: Its share of the pooled figure, a fraction; nothing where it has none.
        claim: Slug of the claim it comes from.
        events: Patients with the outcome.
        total: Patients counted.
    """

    kind: Kind
    label: str
    span: Span | None = None
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    weight: float | None = None
    claim: str = ""
    events: int | None = None
    total: int | None = None

    @property
    def link(self) -> str:
        """Return the IRI of its claim, or an empty text."""
        return iri("claim", self.claim) if self.claim else ""

    @property
    def size(self) -> float:
        """Return what the area of its square is to go with: its weight, or its patients where it has no weight."""
        return (self.total or 0) if self.weight is None else self.weight


@dataclass(frozen=True)
class Rows:
    """A plot of intervals.

    Attributes:
        title: What is shown.
        label: Heading of the labels.
        before: Headings of the columns between labels and drawing.
        after: Headings of the columns behind the drawing.
        rows: From top to bottom.
        reference: Where a line runs down through the rows, a fraction.
        notes: What is told below, a paragraph each.
    """

    title: str
    label: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    rows: tuple[Row, ...]
    reference: float
    notes: tuple[str, ...]


def interval_heading(level: float) -> str:
    """Return the heading of a column of confidence intervals: ``95 % CI``."""
    return f"{100 * level:g}\u00a0% CI"


def percent(share: float) -> str:
    """Return a fraction as a percentage without its sign, with one decimal."""
    return f"{100 * share:.1f}"


def interval(span: Span) -> str:
    """Return an interval in percent: ``[56.6, 81.6]``."""
    return f"[{percent(span.lower)}, {percent(span.upper)}]"


def probability(p: float) -> str:
    """Return a p value: ``p = 0.042``, ``p < 0.001``."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def name_of(study: PooledStudy) -> str:
    """Return the label of a study, with its year where the label does not say it."""
    year = str(study.year or "")
    return visible(study.label if year in study.label else f"{study.label}, {year}")


def events_of(study: PooledStudy) -> str:
    """Return the events of a study, marked where they are worked out."""
    return f"{'~' if study.derived else ''}{study.events}"


def tail_notes(synthesis: Synthesis) -> tuple[str, ...]:
    """Return what every plot says last: in what its studies differ, which graph they are from, and what it is not."""
    differences = "; ".join((*synthesis.mixed, *synthesis.unstated))
    told = [visible(f"Pooled despite {differences}.")] if differences else []
    return (*told, f"{creator(synthesis)}{_graph(synthesis)}. {NOTICE}")


def creator(synthesis: Synthesis) -> str:
    """Return program and version."""
    return f"cd22kg {synthesis.version}".strip()


def _graph(synthesis: Synthesis) -> str:
    """Return the digest of the graph, as many digits of it as tell graphs apart."""
    kind, _, digits = synthesis.graph.rpartition(":")
    return f", graph {kind}:{digits[:12]}".replace(" :", " ") if digits else ""


def heterogeneity(estimate: Estimate, *, short: bool = False) -> str:
    """Return how much the studies differ: I2 and tau2 with their intervals, where known, and Cochran's Q.

    Args:
        estimate: The pooled figure.
        short: Whether the intervals are left out.
    """
    i2, tau2 = "", "" if estimate.model.method == "FE" else f"τ² = {estimate.tau2:.4f}"
    if estimate.i2 is not None:
        i2 = f"I² = {percent(estimate.i2)}\u00a0%"
    if not short and estimate.i2_lower is not None and estimate.i2_upper is not None:
        i2 += f" {interval(Span(estimate.i2_lower, estimate.i2_upper))}"
    if not short and estimate.tau2_lower is not None and estimate.tau2_upper is not None:
        tau2 += f" [{estimate.tau2_lower:.4f}, {estimate.tau2_upper:.4f}]"
    return ", ".join(filter(None, (i2, tau2, _test(estimate.q, estimate.q_df, estimate.q_p))))


def between_groups(subgroups: Subgroups) -> str:
    """Return the test between groups."""
    if subgroups.q is None or subgroups.p is None:
        return "no test, for a group has no standard error"
    return _test(subgroups.q, subgroups.df, subgroups.p)


def _test(q: float, df: int, p: float) -> str:
    return f"Q = {q:.2f}, df = {df}, {probability(p)}"


def model_note(synthesis: Synthesis) -> str:
    """Return how figures were pooled, in sentences."""
    model = synthesis.model
    if model.method == "GLMM":
        return "Binomial-normal model with a random intercept for each study (logit), by maximum likelihood."
    name = "Fixed-effect model" if model.method == "FE" else f"Random-effects model ({_ESTIMATORS[model.method]})"
    words = [name, _TRANSFORMATIONS[model.transform]]
    if model.transform == "freeman-tukey":
        words.append(f"inverted at {_BACKS[model.back]}")
    if model.hartung_knapp:
        words.append("Hartung-Knapp interval")
    corrected = model.transform in _CORRECTED and any(study.events in (0, study.total) for study in synthesis.studies)
    added = (
        " Where nobody or everybody had the outcome, 0.5 is added to those with and those without it."
        if corrected
        else ""
    )
    return f"{', '.join(words)}.{added}"
