"""An audit as a table for a terminal, and as Markdown."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from cd22kg.export.markdown import plain
from cd22kg.notice import NOTICE
from cd22kg.queries.columns import columns, fitted
from cd22kg.queries.result import markdown
from cd22kg.synthesis.audit import Audit, Finding
from cd22kg.validation.shielding import line_start, shielded

_COUNTS = ("verdict", "claims")
#: What Markdown takes for the start of a heading or of an item, where a line begins with it.
_ITEM, _BLOCK = re.compile(r"^([0-9]+)([.)])(?= |$)"), re.compile(r"^[#+=-]")


def to_table(audit: Audit, width: int = 0) -> str:
    """Return how often each verdict was given, and the verdicts with their reasons, in columns.

    Args:
        audit: What was found.
        width: Columns that it is fitted to; 0 for as wide as it is.
    """
    parts = [
        _folded(line_start(shielded(heading(audit))), width),
        _columns(_counts(audit), (False, True), width),
        _columns(_rows(audit), (False,) * 4, width),
        _folded(NOTICE, width),
    ]
    return "\n".join(parts)


def to_markdown(audit: Audit) -> str:
    """Return the verdicts as Markdown: counts, a table, and for each claim the evidence beside it."""
    lines = [f"# Audit of {plain(shielded(audit.source.title or audit.source.id))}", "", _paragraph(_source(audit)), ""]
    lines += [markdown(_counts(audit)).rstrip("\n"), ""]
    lines += [markdown(_rows(audit)).rstrip("\n"), "", "## The evidence", ""]
    for finding in audit.findings:
        if finding.evidence:
            rows = [[*_EVIDENCE], *_evidence(finding)]
            lines += [f"### {plain(shielded(finding.claim.id))}", "", _paragraph(finding.claim.statement), ""]
            lines += [markdown(rows).rstrip("\n"), ""]
    lines += ["## The verdicts", ""]
    lines += [f"- **{plain(verdict.label)}**: {plain(verdict.definition)}" for verdict in audit.counts]
    return "\n".join([*lines, "", NOTICE]) + "\n"


def _paragraph(text: str) -> str:
    """Return a text as a paragraph of its own: no heading, and no item of a list."""
    shown = plain(shielded(text))
    return _ITEM.sub(r"\1\\\2", shown) if _ITEM.match(shown) else _BLOCK.sub(r"\\\g<0>", shown)


def heading(audit: Audit) -> str:
    """Return what was audited, on one line."""
    return f"{audit.source.title or audit.source.id} ({_source(audit)})"


def _source(audit: Audit) -> str:
    source = audit.source
    dated = f", published {source.published}" if source.published else ""
    gone = ", retracted" if source.retracted else ""
    count = len(audit.findings)
    return f"{source.id}, {source.type}{dated}{gone}: {count} claim{'s' if count != 1 else ''}"


_EVIDENCE = ("evidence", "is", "figure", "compared", "published in")


def _evidence(finding: Finding) -> list[list[str]]:
    return [
        [
            shielded(text)
            for text in (
                beside.claim.id,
                f"{beside.role} ({beside.certainty})" if beside.certainty else beside.role,
                beside.figure,
                beside.note,
                beside.claim.source,
            )
        ]
        for beside in finding.evidence
    ]


def _counts(audit: Audit) -> list[list[str]]:
    return [[*_COUNTS], *([label, str(count)] for label, count in audit.label_counts.items())]


def _rows(audit: Audit) -> list[list[str]]:
    rows = [["claim", "figure", "verdict", "why"]]
    for finding in audit.findings:
        row = (finding.claim.id, finding.figure, finding.label, finding.explanation)
        rows.append([shielded(cell) for cell in row])
    return rows


def _columns(rows: Sequence[Sequence[str]], right: Sequence[bool], width: int) -> str:
    return fitted(rows, right, width) if width else columns(rows, right)


def _folded(text: str, width: int) -> str:
    return (textwrap.fill(text, width) if width else text) + "\n"
