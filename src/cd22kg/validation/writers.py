"""The forms of a report, one function each; a new form is one more line in `WRITERS`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from cd22kg.validation.engine import Validation
from cd22kg.validation.report import Report
from cd22kg.validation.report_graph import report_turtle


@dataclass(frozen=True)
class Verdict:
    """What a validation came to, as findings in our words and as results in SHACL's."""

    report: Report
    validation: Validation


def to_text(verdict: Verdict) -> str:
    """Return the findings as `check` prints them, then what is to be known of them, and their number."""
    report = verdict.report
    lines = [str(finding.problem()) for finding in report.findings]
    lines += [f"note: {note}" for note in report.notes]
    counts = report.counts()
    if len(report.findings) < sum(counts.values()):
        lines.append(f"note: {len(report.findings)} of {sum(counts.values())} findings are shown")
    lines.append(", ".join(f"{count} {name}" for name, count in counts.items()))
    lines.append("conforms" if report.conforms else "does not conform")
    return "\n".join(lines) + "\n"


def to_json(verdict: Verdict) -> str:
    """Return the report as JSON."""
    return json.dumps(verdict.report.to_json(), ensure_ascii=False, indent=1) + "\n"


def to_turtle(verdict: Verdict) -> str:
    """Return the report as SHACL defines it."""
    kept = [result for _, result in verdict.validation.tally.kept]
    total = sum(verdict.validation.tally.counts.values())
    notes = list(verdict.report.notes)
    if len(kept) < total:
        notes.append(f"{len(kept)} of {total} results are shown")
    return report_turtle(kept, notes, conforms=total == 0)


WRITERS: dict[str, Callable[[Verdict], str]] = {"text": to_text, "json": to_json, "ttl": to_turtle}
