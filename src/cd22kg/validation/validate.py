"""Shapes on data, and the way back from a node of the graph to the line of a claim file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyoxigraph import Literal, Quad

from cd22kg.namespaces import BASE, CD22, SHAPES
from cd22kg.store import OxigraphStore, Store
from cd22kg.validation.authored import Source
from cd22kg.validation.engine import Validation, Validator
from cd22kg.validation.nearest import Nearest
from cd22kg.validation.plan import Result
from cd22kg.validation.report import SEVERITIES, Finding, Places, Report, Severity, ordered
from cd22kg.validation.runner import THREADS, severity_of
from cd22kg.validation.shape_model import Node
from cd22kg.validation.shapes import Shapes
from cd22kg.validation.terms import text_of

UNCONFIRMED = "inconsistency-not-confirmed"
#: Names the rule that a curator says a published figure breaks.
BROKEN_RULE = CD22 + "brokenRule"
_MARKED = f"SELECT DISTINCT ?node ?rule WHERE {{ ?node <{BROKEN_RULE}> ?rule . FILTER(isLiteral(?rule)) }}"


def validate(data: Sequence[Quad], shapes: Shapes, places: Places | None = None) -> Report:
    """Validate the union of the data's graphs.

    Args:
        data: The quads, with their authored numbers (not read back from a store).
        shapes: The shapes.
        places: Where the nodes were written; findings carry no place without it.

    A violation of a rule about figures that the curator has marked with ``publishedInconsistency`` becomes
    ``annotated`` and does not block; a mark that no such rule confirms is a warning.

    Raises:
        InputError: If a shape is malformed.
    """
    return examine(data, shapes, places).report


@dataclass(frozen=True)
class Examined:
    """A report, with the results it tells of and the shapes that gave them."""

    report: Report
    results: tuple[Result, ...]
    validator: Validator


def examine(data: Sequence[Quad], shapes: Shapes, places: Places | None = None) -> Examined:
    """Validate as `validate` does, and keep the results."""
    union = tuple(dict.fromkeys(Quad(quad.subject, quad.predicate, quad.object) for quad in data))
    with OxigraphStore() as store:
        store.bulk_load(union)
        validator = shapes.validator
        verdicts = Verdicts(store, shapes, validator.labels())
        validation = validator.validate(store, lambda: union, judge=verdicts.judge)
        results = tuple(result for _, result in validation.tally.kept)
        return Examined(verdicts.report(validation, places), results, validator)


def validate_store(
    store: Store,
    shapes: Shapes,
    source: Source | None = None,
    *,
    places: Places | None = None,
    limit: int | None = None,
    threads: int = THREADS,
) -> Report:
    """Validate what a store holds; see `validate`.

    Args:
        store: The data.
        shapes: The shapes.
        source: The same data with its authored digits, where they are at hand.
        places: Where the nodes were written.
        limit: How many findings are kept, the most severe first; all of them if nothing. Counts are exact.
        threads: Queries at a time.

    Raises:
        InputError: If a shape is malformed, or needs pySHACL and the data is too large for it.
        QueryError: If the store gives up on a query.
    """
    validator = shapes.validator
    verdicts = Verdicts(store, shapes, validator.labels())
    validation = validator.validate(store, source, limit=limit, judge=verdicts.judge, threads=threads)
    return verdicts.report(validation, places)


class Verdicts:
    """How bad a result is, with the marks of the curator; and results in our words."""

    def __init__(self, store: Store, shapes: Shapes, labels: Mapping[Node, str] | None = None) -> None:
        """Read the marks in a store, where the shapes have rules that a mark may name.

        `labels` say what to call shapes that are blank nodes.
        """
        self.shapes = shapes
        self.labels = labels or {}
        self.nearest = Nearest(store, shapes.quads)
        _, rows = store.select(_MARKED, name="marks of the curator") if shapes.about_figures else ((), iter(()))
        self.marks = {(text_of(node).partition("#")[0], text_of(rule)) for node, rule in rows}
        self.confirmed: set[tuple[str, str]] = set()

    def judge(self, result: Result) -> str:
        """Return the severity of a result."""
        rule = text_of(result.shape).removeprefix(SHAPES)
        if rule in self.shapes.about_figures:
            mark = (text_of(result.focus).partition("#")[0], rule)
            if mark in self.marks:
                self.confirmed.add(mark)
                return "annotated"
        severity = severity_of(result)
        return severity if severity in SEVERITIES else "violation"

    def report(self, validation: Validation, places: Places | None = None) -> Report:
        """Return the report of a validation."""
        findings = [self.finding(severity, result, places) for severity, result in validation.tally.kept]
        unconfirmed = [_unconfirmed(claim, rule, places) for claim, rule in sorted(self.marks - self.confirmed)]
        kept = ordered([*findings, *unconfirmed])
        counts = dict(validation.tally.counts)
        counts["warning"] = counts.get("warning", 0) + len(unconfirmed)
        cut = len(validation.tally.kept) < sum(validation.tally.counts.values())
        if not cut:
            return Report(kept, validation.notes)
        names = {str(node): label for node, label in self.labels.items()}
        rules: Counter[str] = Counter({UNCONFIRMED: len(unconfirmed)}) if unconfirmed else Counter()
        for (shape, _), count in validation.tally.rules.items():
            rules[names.get(shape) or shape.strip("<>").removeprefix(SHAPES)] += count
        return Report(kept, validation.notes, totals=counts, rule_totals=rules)

    def finding(self, severity: str, result: Result, places: Places | None) -> Finding:
        """Return a result in our words."""
        rule = self.labels.get(result.shape) or text_of(result.shape).removeprefix(SHAPES)
        focus, path = text_of(result.focus), _path(result)
        value = text_of(result.value)
        said = " ".join(sorted(message.value for message in result.messages))
        message, _, hint = said.partition(" Fix: ")
        return Finding(
            rule=rule,
            rule_file=self.shapes.files.get(rule, ""),
            severity=_SEVERITY[severity],
            focus=focus,
            path=path,
            value=value,
            message=f"{_name(focus)}: {message.removesuffix('.')}",
            hint="; ".join(part for part in (hint.removesuffix("."), self.nearest.hint(result)) if part),
            location=places.locate(focus, path, value) if places else None,
        )


def wanted(validation: Validation) -> set[tuple[str, str, str]]:
    """Return node, property and value of the results that were kept, as findings name them, for `places`."""
    found = set()
    for _, result in validation.tally.kept:
        property_ = result.path.iri if result.path else ""
        if not isinstance(result.focus, Literal):
            found.add((text_of(result.focus), property_, text_of(result.value) if property_ else ""))
    return found


def _path(result: Result) -> str:
    return "" if result.path is None else result.path.iri or str(result.path)


_SEVERITY: dict[str, Severity] = {severity: severity for severity in SEVERITIES}


def _unconfirmed(claim: str, rule: str, places: Places | None) -> Finding:
    return Finding(
        rule=UNCONFIRMED,
        rule_file="",
        severity="warning",
        focus=claim,
        path=CD22 + "publishedInconsistency",
        value=rule,
        message=f"{_name(claim)}: marked as breaking `{rule}`, which does not fire, or is no rule about figures",
        hint="delete the mark, or name the rule that fires",
        location=places.locate(claim, CD22 + "publishedInconsistency") if places else None,
    )


def _name(focus: str) -> str:
    """Return a node as a person would name it: ``claim `fry-2018-cr` (measurement)``."""
    kind, _, slug = focus.removeprefix(BASE).partition("/")
    if not focus.startswith(BASE) or not slug:
        return f"<{focus}>"
    owner, _, part = slug.partition("#")
    return f"{kind} `{owner}`" + (f" ({part})" if part else "")
