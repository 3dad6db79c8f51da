"""A synthesis: the studies pooled, what was left out and why, and what came of it."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cd22kg.namespaces import iri
from cd22kg.queries.result import frame_of
from cd22kg.statistics import Interval, clopper_pearson_interval, wilson_interval
from cd22kg.synthesis.recipe import Selection

if TYPE_CHECKING:
    from cd22kg.statistics.meta import Estimate, Model
    from cd22kg.statistics.regression import Regression
    from cd22kg.statistics.small_study import Asymmetry
    from cd22kg.statistics.subgroups import Subgroups


@dataclass(frozen=True)
class PooledStudy:
    """One study as it was pooled.

    Attributes:
        label: What the row is called: ``Shah 2020``, unique within a synthesis.
        events: Patients with the outcome.
        total: Patients counted.
        claim: Slug of the claim; empty for a row of a table.
        cohort: Slug of the cohort counted.
        source: Slug of the source.
        year: Year of publication, where known.
        derived: Whether the counts were worked out from a percentage.
        facts: What else may set studies apart, in words, by name: ``denominator``, ``outcome``, ``time``, ``scale``,
            ``therapy``, ``construct`` ...; empty where not stated.
    """

    label: str
    events: int
    total: int
    claim: str = ""
    cohort: str = ""
    source: str = ""
    year: int | None = None
    derived: bool = False
    facts: tuple[tuple[str, str], ...] = ()

    def fact(self, name: str) -> str:
        """Return one of its facts, or an empty text."""
        return dict(self.facts).get(name, "")

    def exact(self, level: float) -> Interval:
        """Return the Clopper-Pearson interval of its proportion."""
        return clopper_pearson_interval(self.events, self.total, level=level)

    def wilson(self, level: float) -> Interval:
        """Return the Wilson interval of its proportion."""
        return wilson_interval(self.events, self.total, level=level)


@dataclass(frozen=True)
class LeftOut:
    """A claim that fits the question and is not pooled.

    Attributes:
        claim: Its slug.
        reason: Why, in words.
        instead: The claim that stands for its patients, where there is one.
    """

    claim: str
    reason: str
    instead: str = ""


@dataclass(frozen=True, repr=False)
class Synthesis:
    """What pooling came to.

    Attributes:
        title: What is pooled, in words.
        selection: Which claims were asked for; none for a table.
        model: Method, transformation and level.
        studies: What was pooled, in the order of the table and plot.
        estimate: The pooled figure with its interval, and heterogeneity; one weight for each study, in their order.
        left_out: What fits the question and was not pooled.
        mixed: What the studies differ in though they are pooled, in words, such as mixed denominators.
        unstated: What some studies do not state, so that they may differ in it.
        subgroups: Pooled figures by group with the test between them, where asked for.
        by: What the groups are by.
        leave_one_out: The pooled figure without each study, in their order, where asked for.
        cumulative: The pooled figure after each further study by year, where asked for, and the studies' order in it.
        regression: The line along a moderator, where asked for.
        moderator: What the line runs along.
        unplaced: Studies that have no number along it, and are not in the regression.
        small_study: Egger's and Peters' tests by name, where asked for.
        graph: Digest of the graph; empty for a table.
        version: Version of the toolkit.
    """

    title: str
    selection: Selection | None
    model: Model
    studies: tuple[PooledStudy, ...]
    estimate: Estimate
    left_out: tuple[LeftOut, ...] = ()
    mixed: tuple[str, ...] = ()
    unstated: tuple[str, ...] = ()
    subgroups: Subgroups | None = None
    by: str = ""
    leave_one_out: tuple[Estimate, ...] = ()
    cumulative: tuple[tuple[int, Estimate], ...] = ()
    regression: Regression | None = None
    moderator: str = ""
    unplaced: tuple[str, ...] = ()
    small_study: tuple[tuple[str, Asymmetry], ...] = ()
    graph: str = ""
    version: str = ""

    def __repr__(self) -> str:
        """Return the pooled figure in a line."""
        found = self.estimate
        figure = f"{found.estimate:.1%} ({found.lower:.1%} to {found.upper:.1%})"
        return (
            f"{self.title}: {figure}, {found.events}/{found.total} in {found.k} {'studies' if found.k > 1 else 'study'}"
        )

    def to_frame(self) -> Any:
        """Return the studies as a data frame, of pandas where it is installed, else of polars; shares are fractions.

        Raises:
            QueryError: If neither is installed.
        """
        level, weights = self.model.level, self.estimate.weights or (None,) * len(self.studies)
        rows = [
            {
                "study": study.label,
                "year": study.year,
                "events": study.events,
                "total": study.total,
                "share": study.events / study.total,
                "lower": study.exact(level).low,
                "upper": study.exact(level).high,
                "weight": weight,
                "derived": study.derived,
                "claim": study.claim or None,
            }
            for study, weight in zip(self.studies, weights, strict=True)
        ]
        return frame_of({name: [row[name] for row in rows] for name in rows[0]})

    def _repr_html_(self) -> str:
        """Return the studies and the pooled figure for a notebook; everything in it is escaped."""
        level = self.model.level
        body = "".join(
            f"<tr><td>{_linked(study)}</td><td>{study.events}/{study.total}</td><td>{study.events / study.total:.1%}"
            f" ({study.exact(level).low:.1%} to {study.exact(level).high:.1%})</td></tr>"
            for study in self.studies
        )
        head = "<tr><th>study</th><th>events/total</th><th>share</th></tr>"
        return f"<table>{head}{body}</table><p>{html.escape(repr(self))}</p>"


def _linked(study: PooledStudy) -> str:
    label = html.escape(study.label)
    return f'<a href="{html.escape(iri("claim", study.claim))}">{label}</a>' if study.claim else label
