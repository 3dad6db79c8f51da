"""Shapes on data, and the way back from a node of the graph to the line of a claim file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

from pyoxigraph import Literal, NamedNode, Quad

from cd22kg.namespaces import BASE, CD22, SHAPES
from cd22kg.validation.report import Finding, Places, Report, Severity, ordered
from cd22kg.validation.shapes import Shapes

_SEVERITY: dict[str, Severity] = {"violation": "violation", "warning": "warning", "info": "info"}
UNCONFIRMED = "inconsistency-not-confirmed"


def validate(data: Sequence[Quad], shapes: Shapes, places: Places | None = None) -> Report:
    """Validate the union of the data's graphs.

    Args:
        data: The quads, with their authored numbers (not read back from a store).
        shapes: The shapes.
        places: Where the nodes were written; findings carry no place without it.

    A violation of a rule about figures that the curator has marked with ``publishedInconsistency`` becomes
    ``annotated`` and does not block; a mark that no such rule confirms is a warning.
    """
    from cd22kg.validation import pyshacl_engine, sparql_rules

    rules, prefixes, rest = sparql_rules.split(shapes.quads)
    results = chain(sparql_rules.run(rules, prefixes, data), pyshacl_engine.run(data, rest))
    marks = _marks(data)
    confirmed: set[tuple[str, str]] = set()
    findings = []
    for raw in results:
        rule = raw.shape.removeprefix(SHAPES)
        severity = _SEVERITY.get(raw.severity, "violation")
        mark = (raw.focus.partition("#")[0], rule)
        if mark in marks and rule in shapes.about_figures:
            confirmed.add(mark)
            severity = "annotated"
        message, _, hint = raw.message.partition(" Fix: ")
        findings.append(
            Finding(
                rule=rule,
                rule_file=shapes.files.get(rule, ""),
                severity=severity,
                focus=raw.focus,
                path=raw.path,
                value=raw.value,
                message=f"{_name(raw.focus)}: {message.removesuffix('.')}",
                hint=hint.removesuffix("."),
                location=places.locate(raw.focus, raw.path) if places else None,
            )
        )
    findings += [_unconfirmed(claim, rule, places) for claim, rule in sorted(marks - confirmed)]
    return Report(ordered(findings))


def _marks(data: Iterable[Quad]) -> set[tuple[str, str]]:
    """Return (claim, rule) for every published inconsistency."""
    return {
        (quad.subject.value.partition("#")[0], quad.object.value)
        for quad in data
        if quad.predicate.value == CD22 + "brokenRule"
        and isinstance(quad.subject, NamedNode)
        and isinstance(quad.object, Literal)
    }


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
