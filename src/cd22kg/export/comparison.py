"""Pooled figures beside published ones, as people and programs read them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from cd22kg.errors import QueryError
from cd22kg.export.synthesis import FORMATS, Page, method, percent_range, to_plain
from cd22kg.synthesis.published import Comparison

_HEAD = ("published", "therapy", "indication", "outcome", "% (interval), n", "ours, %", "n/N, k", "points", "overlap")


def comparisons_to_text(comparisons: Sequence[Comparison], form: str = "table", width: int = 0) -> str:
    """Return comparisons as text that ends with a line break.

    Args:
        comparisons: Published figures with ours.
        form: One of `FORMATS`.
        width: Columns of the terminal that a table is fitted to; 0 for none.

    Raises:
        QueryError: If the form is unknown.
    """
    if form not in FORMATS:
        raise QueryError(f"unknown format `{form}`", hint=f"one of: {', '.join(FORMATS)}")
    if form == "json":
        return json.dumps([_plain(found) for found in comparisons], indent=2, ensure_ascii=False) + "\n"
    page = Page(form == "md", 0 if form == "md" else width)
    rows = [_HEAD, *(_row(found) for found in comparisons)]
    parts = [
        page.heading(f"{comparisons[0].claim.source}: published and pooled here"),
        page.table(rows, [False] * len(_HEAD)),
    ]
    parts += [page.items(found.claim.id, list(_notes(found))) for found in comparisons]
    if not any(found.cited for found in comparisons):
        parts.append(page.text("Which of the studies pooled here the review includes is not recorded."))
    return "\n".join(parts)


def _row(found: Comparison) -> list[str]:
    claim, ours = found.claim, found.ours
    asked = [claim.id, claim.therapy or "", claim.indication or "", claim.outcome or "", _printed(found)]
    if ours is None:
        return [*asked, found.reason, "", "", ""]
    estimate, difference = ours.estimate, found.difference
    return [
        *asked,
        f"{estimate.estimate * 100:.1f} ({percent_range(estimate.lower, estimate.upper)})",
        f"{estimate.events}/{estimate.total}, {estimate.k}",
        "" if difference is None else f"{difference * 100:+.1f}",
        {True: "yes", False: "no", None: "not known"}[found.overlap],
    ]


def _printed(found: Comparison) -> str:
    """Return the published figure in percent with the digits that are printed, its interval, and its patients."""
    value, lower, upper = (
        None if number is None else f"{(number * 100).normalize():f}"
        for number in (found.figure.value, found.figure.lower, found.figure.upper)
    )
    interval = f" ({lower}–{upper})" if lower is not None and upper is not None else ""
    return f"{value or ''}{interval}{f', {found.total}' if found.total else ''}"


def _notes(found: Comparison) -> list[str]:
    if found.ours is None:
        return [found.reason]
    studies = ", ".join(f"{study.claim} {study.events}/{study.total}" for study in found.ours.studies)
    until = found.ours.selection.until if found.ours.selection else ""
    told = [f"pooled here{f', published by {until}' if until else ''}: {studies}", method(found.ours.model)]
    if found.cited:
        others = f"; not known to: {', '.join(found.uncited)}" if found.uncited else ""
        told.append(f"of these the review includes: {', '.join(found.cited)}{others}")
    return told


def _plain(found: Comparison) -> dict[str, Any]:
    figure = found.figure
    numbers = {"value": figure.value, "lower": figure.lower, "upper": figure.upper}
    return {
        "claim": found.claim.id,
        "published": {name: None if number is None else float(number) for name, number in numbers.items()},
        "total": found.total,
        "difference": found.difference,
        "overlap": found.overlap,
        "cited": list(found.cited),
        "uncited": list(found.uncited),
        "reason": found.reason or None,
        "ours": None if found.ours is None else to_plain(found.ours),
    }
