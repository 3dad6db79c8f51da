"""The forms of a report, one function each; a new form is one more line in `WRITERS`.

Labels, IRIs and messages come from data that anybody may have written. Each writer spells out what hides or moves the
cursor, and what the log of a build service would read as a command; see `shielded`.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from cd22kg.errors import Location, Problem
from cd22kg.validation.report_graph import report_turtle
from cd22kg.validation.rules import CONTRADICTION
from cd22kg.validation.shielding import escaped, json_text, line_start, shielded
from cd22kg.validation.verdict import Entry, Verdict, grouped

#: The colour of each severity in a terminal, as the number of ANSI.
_COLOURS = {"fault": "1;31", "violation": "1;31", "warning": "33", "info": "36", "annotated": "2"}


def to_text(verdict: Verdict, *, colour: bool = False) -> str:
    """Return the findings by file and rule, then what is to be known of them, and their number.

    Args:
        verdict: The findings.
        colour: Whether severities are coloured, for a terminal.
    """
    lines: list[str] = []
    for by_code in grouped(verdict.entries).values():
        lines += [entry_text(entry, colour=colour) for entries in by_code.values() for entry in entries]
    lines += [shielded(f"note: {note}") for note in verdict.notes]
    lines.append(", ".join(f"{count} {name}" for name, count in verdict.counts.items()))
    lines.append("conforms" if verdict.conforms else "does not conform")
    return "\n".join(lines) + "\n"


def entry_text(entry: Entry, *, colour: bool = False) -> str:
    """Return a finding as the house prints it, on lines that its content cannot break."""
    problem, place = entry.problem(), entry.location
    rule, hint = shielded(problem.rule), shielded(problem.hint)
    # The reasoner lists the axioms at fault below each other; what a file says never begins a line.
    lines = problem.message.splitlines() if entry.code == CONTRADICTION else [problem.message]
    message = "\n    ".join(shielded(line.strip()) for line in lines)
    if place:
        place = Location(line_start(shielded(place.file)), place.line, place.column)
    text = str(Problem(message, place, rule, hint))
    word = f"{entry.severity}: "
    if colour and entry.severity in _COLOURS and word in text:
        return text.replace(word, f"\x1b[{_COLOURS[entry.severity]}m{word.rstrip()}\x1b[0m ", 1)
    return text


def to_json(verdict: Verdict) -> str:
    """Return the report as JSON."""
    document: dict[str, Any] = {
        "conforms": verdict.conforms,
        "counts": verdict.counts,
        "total": verdict.total,
        "shown": len(verdict.entries),
        "findings": [_plain(entry) for entry in verdict.entries],
    }
    if verdict.notes:
        document["notes"] = list(verdict.notes)
    return json_text(document)


def _plain(entry: Entry) -> dict[str, Any]:
    place = entry.location
    return {
        "rule": entry.code,
        "ruleFile": entry.file,
        "rulePage": entry.page or None,
        "severity": entry.severity,
        "focusNode": entry.focus or None,
        "path": entry.path or None,
        "value": entry.value or None,
        "message": entry.message,
        "fix": entry.hint or None,
        "location": {"file": place.file, "line": place.line, "column": place.column} if place else None,
    }


def to_turtle(verdict: Verdict) -> str:
    """Return the report as SHACL defines it."""
    tally = verdict.validation.tally if verdict.validation else None
    kept = [result for _, result in tally.kept] if tally else []
    total = sum(tally.counts.values()) if tally else 0
    notes = list(verdict.report.notes)
    if len(kept) < total:
        notes.append(f"{len(kept)} of {total} results are shown")
    text = report_turtle(kept, notes, conforms=total == 0)
    if escaped(text) == text:
        return text
    # Names with a prefix take no escapes; IRIs in full and texts do.
    return escaped(report_turtle(kept, notes, conforms=total == 0, prefixes={}))


def _later(form: str) -> Callable[[Verdict], str]:
    """Return the writer of a form that has a module of its own, which is imported only when it is called."""

    def write(verdict: Verdict) -> str:
        text: str = getattr(import_module(f"cd22kg.validation.writer_{form}"), f"to_{form}")(verdict)
        return text

    return write


#: The forms of `validate`.
WRITERS: dict[str, Callable[[Verdict], str]] = {
    "text": to_text,
    "json": to_json,
    "ttl": to_turtle,
    "sarif": _later("sarif"),
    "junit": _later("junit"),
    "html": _later("html"),
}
#: The forms of `check`, which has no results in SHACL's words.
CHECK_FORMS = tuple(form for form in WRITERS if form != "ttl")
