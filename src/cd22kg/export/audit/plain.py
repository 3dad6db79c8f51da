"""An audit as JSON."""

from __future__ import annotations

from typing import Any

from cd22kg.notice import NOTICE
from cd22kg.synthesis.audit import Audit, Beside, Finding
from cd22kg.validation.shielding import json_text


def to_json(audit: Audit) -> str:
    """Return an audit as JSON; verdicts are named by `Verdict.code`, claims and sources by their slugs."""
    source = audit.source
    document: dict[str, Any] = {
        "source": source.id,
        "title": source.title,
        "type": source.type,
        "published": source.published,
        "retracted": bool(source.retracted),
        "notice": NOTICE,
        "counts": {verdict.code: count for verdict, count in audit.counts.items()},
        "verdicts": {
            verdict.code: {"label": verdict.label, "definition": verdict.definition} for verdict in audit.counts
        },
        "findings": [_finding(finding) for finding in audit.findings],
    }
    return json_text(document)


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "claim": finding.claim.id,
        "statement": finding.claim.statement,
        "locator": finding.claim.stated.locator,
        "figure": finding.figure or None,
        "verdict": finding.verdict.code,
        "label": finding.label,
        "axes": list(finding.axes),
        "dropped": list(finding.dropped),
        "explanation": finding.explanation,
        "evidence": [_beside(beside) for beside in finding.evidence],
    }


def _beside(beside: Beside) -> dict[str, Any]:
    return {
        "claim": beside.claim.id,
        "source": beside.claim.source,
        "role": beside.role,
        "certainty": beside.certainty or None,
        "figure": beside.figure,
        "compared": beside.note or None,
        "reason": beside.reason or None,
    }
