"""A synthesis as people and programs read it: table, Markdown, JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cd22kg.errors import QueryError
from cd22kg.export.markdown import plain
from cd22kg.gate.text import visible
from cd22kg.notice import NOTICE
from cd22kg.queries.columns import columns, fitted
from cd22kg.queries.result import markdown
from cd22kg.synthesis.result import Synthesis

if TYPE_CHECKING:
    from cd22kg.statistics.meta import Estimate, Model

FORMATS = ("table", "md", "json")

_METHODS = {
    "FE": "fixed effect, inverse variance",
    "DL": "random effects, DerSimonian-Laird",
    "PM": "random effects, Paule-Mandel",
    "REML": "random effects, restricted maximum likelihood",
    "ML": "random effects, maximum likelihood",
    "GLMM": "binomial-normal model, maximum likelihood",
}


def to_text(synthesis: Synthesis, form: str = "table", width: int = 0) -> str:
    """Return a synthesis as text that ends with a line break.

    Args:
        synthesis: What was pooled.
        form: One of `FORMATS`.
        width: Columns of the terminal that a table is fitted to; 0 for none.

    Raises:
        QueryError: If the form is unknown.
    """
    if form not in FORMATS:
        raise QueryError(f"unknown format `{form}`", hint=f"one of: {', '.join(FORMATS)}")
    if form == "json":
        return json.dumps(to_plain(synthesis), indent=2, ensure_ascii=False) + "\n"
    page = Page(form == "md", width)
    parts = [page.heading(synthesis.title), *_sections(synthesis, page)]
    if synthesis.selection is not None:
        parts.append(page.text(NOTICE))
    return "\n".join(parts)


@dataclass(frozen=True)
class Page:
    """Headings, tables, lists and lines of text, for a terminal or as Markdown."""

    is_markdown: bool
    width: int = 0

    def heading(self, text: str) -> str:
        """Return a heading."""
        return f"## {self._shown(text)}\n" if self.is_markdown else self.text(text)

    def table(self, rows: Sequence[Sequence[str]], right: Sequence[bool]) -> str:
        """Return a table; the first row is its heading, and numbers stand to the right."""
        shown = [[visible(cell) for cell in row] for row in rows]
        if self.is_markdown:
            return markdown(shown)
        return fitted(shown, right, self.width) if self.width else columns(shown, right)

    def text(self, text: str) -> str:
        """Return a paragraph."""
        shown = self._shown(text)
        return (textwrap.fill(shown, self.width) if self.width else shown) + "\n"

    def items(self, head: str, items: Sequence[str]) -> str:
        """Return a list under a line of its own."""
        lines = [self._shown(item) for item in items]
        if self.width and not self.is_markdown:
            lines = [
                textwrap.fill(line, self.width - 2, subsequent_indent="  ", break_on_hyphens=False) for line in lines
            ]
            lines = [line.replace("\n", "\n  ") for line in lines]
        listed = "".join(f"- {line}\n" if self.is_markdown else f"  {line}\n" for line in lines)
        return f"{self._shown(head)}:\n" + ("\n" if self.is_markdown else "") + listed

    def _shown(self, text: str) -> str:
        return plain(visible(text)) if self.is_markdown else visible(text)


def _sections(synthesis: Synthesis, page: Page) -> Iterator[str]:
    yield _studies(synthesis, page)
    yield page.table(list(_pooled(synthesis)), [False, True, True, True])
    yield page.text(heterogeneity(synthesis.estimate))
    yield page.text(method(synthesis.model))
    if synthesis.mixed or synthesis.unstated:
        yield page.items("What the studies differ in", [*synthesis.mixed, *synthesis.unstated])
    if synthesis.left_out:
        told = [
            f"{out.claim}: {out.reason}{f' ({out.instead} is pooled)' if out.instead else ''}"
            for out in synthesis.left_out
        ]
        yield page.items("Fits the question and is left out", told)
    yield from _further(synthesis, page)


def _further(synthesis: Synthesis, page: Page) -> Iterator[str]:
    """Yield what was asked besides the pooled figure."""
    if synthesis.subgroups:
        groups = synthesis.subgroups
        yield _estimates(f"by {synthesis.by}", groups.labels, groups.estimates, page)
        if groups.q is not None and groups.p is not None:
            yield page.text(f"Between groups: chi2 {groups.q:.2f} on {groups.df} df, p {_p(groups.p)}")
    if synthesis.regression:
        line = synthesis.regression
        rows = [["coefficient", "estimate", "se", "interval", "p"]]
        for name, one in (("intercept", line.intercept), (f"slope along {synthesis.moderator}", line.slope)):
            rows.append(
                [name, f"{one.estimate:.4f}", f"{one.se:.4f}", f"{one.lower:.4f} to {one.upper:.4f}", _p(one.p)]
            )
        yield page.table(rows, [False, True, True, True, True])
        left = f"tau2 {line.tau2:.4f} is left, Q {line.qe:.2f} on {line.qe_df} df, p {_p(line.qe_p)}"
        yield page.text(
            f"Regression on the scale of the model: {left}{'' if line.r2 is None else f', R2 {line.r2:.0%}'}"
        )
        if synthesis.unplaced:
            told = ", ".join(synthesis.unplaced)
            yield page.text(f"Not in the regression, as they have no number along {synthesis.moderator}: {told}")
    if synthesis.small_study:
        rows = [["small-study test", "statistic", "df", "p"]]
        for name, test in synthesis.small_study:
            rows.append([name, f"{test.statistic:.3f}", "" if test.df is None else str(test.df), _p(test.p)])
        yield page.table(rows, [False, True, True, True])
        few = (
            f" With {synthesis.estimate.k} studies, below 10, they should not be used."
            if synthesis.estimate.k < 10
            else ""
        )
        yield page.text(f"These tests cannot tell why small studies differ, and finding nothing proves nothing.{few}")
    if synthesis.leave_one_out:
        labels = [f"without {study.label}" for study in synthesis.studies]
        yield _estimates("left out", labels, synthesis.leave_one_out, page)
    if synthesis.cumulative:
        labels = [f"and {synthesis.studies[at].label}" for at, _ in synthesis.cumulative]
        labels[0] = labels[0].removeprefix("and ")
        yield _estimates("pooled so far", labels, [estimate for _, estimate in synthesis.cumulative], page)


def _studies(synthesis: Synthesis, page: Page) -> str:
    level = synthesis.model.level
    weights: Sequence[float | None] = synthesis.estimate.weights or [None] * len(synthesis.studies)
    rows = [["study", "year", "events", "total", "%", f"{level:.0%} exact", "Wilson", "weight", "counts", "claim"]]
    for study, weight in zip(synthesis.studies, weights, strict=True):
        rows.append(
            [
                study.label,
                str(study.year or ""),
                str(study.events),
                str(study.total),
                _percent(study.events / study.total),
                percent_range(*study.exact(level)),
                percent_range(*study.wilson(level)),
                "" if weight is None else f"{weight:.1%}",
                "derived" if study.derived else "",
                study.claim,
            ]
        )
    right = [False, True, True, True, True, True, True, True, False, False]
    used = [at for at in range(len(right)) if any(row[at] for row in rows[1:])]
    return page.table([[row[at] for at in used] for row in rows], [right[at] for at in used])


def _pooled(synthesis: Synthesis) -> Iterator[list[str]]:
    found = synthesis.estimate
    yield ["", "events/total", "%", f"{synthesis.model.level:.0%} interval"]
    yield [
        f"{found.k} {'study' if found.k == 1 else 'studies pooled'}",
        f"{found.events}/{found.total}",
        _percent(found.estimate),
        percent_range(found.lower, found.upper),
    ]
    if found.prediction_lower is not None and found.prediction_upper is not None:
        yield ["prediction, a further study", "", "", percent_range(found.prediction_lower, found.prediction_upper)]


def _estimates(head: str, labels: Sequence[str], estimates: Sequence[Estimate], page: Page) -> str:
    rows = [[head, "k", "%", "interval", "I2", "tau2"]]
    for label, found in zip(labels, estimates, strict=True):
        i2 = "" if found.i2 is None else f"{found.i2:.0%}"
        rows.append(
            [
                label,
                str(found.k),
                _percent(found.estimate),
                percent_range(found.lower, found.upper),
                i2,
                f"{found.tau2:.4f}",
            ]
        )
    return page.table(rows, [False, True, True, True, True, True])


def heterogeneity(estimate: Estimate) -> str:
    """Return how far studies differ beyond chance, on one line."""
    if estimate.q_df == 0:
        return "One study: nothing is pooled, and there is no heterogeneity."
    i2 = "" if estimate.i2 is None else f"I2 {estimate.i2:.1%}{_bounds(estimate.i2_lower, estimate.i2_upper, '.1%')}, "
    h = "" if estimate.h is None else f"H {estimate.h:.2f}, "
    tau2 = f"tau2 {estimate.tau2:.4f}{_bounds(estimate.tau2_lower, estimate.tau2_upper, '.4f')}, "
    return f"Heterogeneity: {i2}{h}{tau2}Q {estimate.q:.2f} on {estimate.q_df} df, p {_p(estimate.q_p)}"


def method(model: Model) -> str:
    """Return how studies were pooled, on one line."""
    adjusted = ", Hartung-Knapp" if model.hartung_knapp else ""
    back = f", inverted at the {model.back} mean of the totals" if model.transform == "freeman-tukey" else ""
    if back and model.back == "inverse-variance":
        back = ", inverted at the number that the variance tells"
    weights = "; no weights, the counts themselves are modelled" if model.method == "GLMM" else ""
    scale = "proportions as they are" if model.transform == "raw" else f"{model.transform} scale"
    return f"Method: {_METHODS[model.method]}{adjusted}; {scale}{back}{weights}; {model.level:.0%} intervals."


def to_plain(synthesis: Synthesis) -> dict[str, Any]:
    """Return a synthesis as JSON has it; shares are fractions."""
    found, selection = synthesis.estimate, synthesis.selection
    level = synthesis.model.level
    weights: Sequence[float | None] = found.weights or [None] * len(synthesis.studies)
    return {
        "title": synthesis.title,
        **estimate_to_plain(found),
        "model": vars(synthesis.model),
        "selection": None if selection is None else vars(selection),
        "studies": [
            {
                "study": study.label,
                "claim": study.claim or None,
                "cohort": study.cohort or None,
                "source": study.source or None,
                "year": study.year,
                "events": study.events,
                "total": study.total,
                "countsDerived": study.derived,
                "exact": list(study.exact(level)),
                "wilson": list(study.wilson(level)),
                "weight": weight,
                "facts": dict(study.facts),
            }
            for study, weight in zip(synthesis.studies, weights, strict=True)
        ],
        "mixed": list(synthesis.mixed),
        "unstated": list(synthesis.unstated),
        "leftOut": [vars(out) for out in synthesis.left_out],
        "leaveOneOut": [
            {"without": study.label, **estimate_to_plain(one)}
            for study, one in zip(synthesis.studies, synthesis.leave_one_out, strict=bool(synthesis.leave_one_out))
        ],
        "cumulative": [
            {"added": synthesis.studies[at].label, **estimate_to_plain(one)} for at, one in synthesis.cumulative
        ],
        "subgroups": _subgroups_to_plain(synthesis),
        "regression": None if synthesis.regression is None else _regression_to_plain(synthesis),
        "smallStudy": [
            {"test": name, "statistic": test.statistic, "df": test.df, "p": test.p}
            for name, test in synthesis.small_study
        ],
        "graph": synthesis.graph or None,
        "version": synthesis.version,
        "notice": NOTICE if selection is not None else None,
    }


def _subgroups_to_plain(synthesis: Synthesis) -> dict[str, Any] | None:
    found = synthesis.subgroups
    if found is None:
        return None
    groups = [
        {"group": label, **estimate_to_plain(estimate)}
        for label, estimate in zip(found.labels, found.estimates, strict=True)
    ]
    return {"by": synthesis.by, "groups": groups, "q": found.q, "df": found.df, "p": found.p}


def _regression_to_plain(synthesis: Synthesis) -> dict[str, Any]:
    line = synthesis.regression
    assert line is not None  # noqa: S101  # its caller looked
    return {
        "moderator": synthesis.moderator,
        "without": list(synthesis.unplaced),
        "intercept": vars(line.intercept),
        "slope": vars(line.slope),
        **{name: getattr(line, name) for name in ("tau2", "i2", "r2", "qe", "qe_df", "qe_p")},
    }


#: What JSON tells of an estimate, in this order.
_KEYS = (
    *("estimate", "lower", "upper", "prediction_lower", "prediction_upper"),
    *("tau2", "tau2_lower", "tau2_upper", "i2", "i2_lower", "i2_upper", "h", "h2", "h2_lower", "h2_upper"),
    *("q", "q_df", "q_p", "k", "events", "total", "mean", "se"),
)


def estimate_to_plain(estimate: Estimate) -> dict[str, Any]:
    """Return a pooled figure as JSON has it."""
    return {key: getattr(estimate, key) for key in _KEYS}


def _percent(share: float) -> str:
    return f"{share * 100:.1f}"


def percent_range(lower: float, upper: float) -> str:
    """Return two fractions as a range of percent."""
    return f"{_percent(lower)}–{_percent(upper)}"


def _bounds(lower: float | None, upper: float | None, form: str) -> str:
    return "" if lower is None or upper is None else f" ({lower:{form}} to {upper:{form}})"


def _p(value: float) -> str:
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}"
