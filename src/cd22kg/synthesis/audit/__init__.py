"""What a secondary source says, held against the evidence: a verdict for each of its statements, by rule.

``audit(source, evidence)`` gives an `Audit`; what is asked in which order stands in `rules`.
"""

from __future__ import annotations

from cd22kg.errors import SynthesisError
from cd22kg.synthesis.audit.case import Case
from cd22kg.synthesis.audit.rules import judge_all
from cd22kg.synthesis.audit.verdicts import AXES, Audit, Beside, Finding, Verdict
from cd22kg.synthesis.evidence import Evidence

__all__ = ["AXES", "Audit", "Beside", "Finding", "Verdict", "audit"]


def audit(source: str, evidence: Evidence) -> Audit:
    """Return a verdict on each claim that a source makes, or in which its figures were read.

    Args:
        source: Slug of the source.
        evidence: Every claim and what they speak of.

    Raises:
        SynthesisError: If the source is unknown, or nothing that it says is a claim.
    """
    known = evidence.sources.get(source)
    if known is None:
        raise SynthesisError(f"there is no source `{source}`", hint="`cd22kg query claims-per-source` lists them")
    case = Case(known, evidence)
    if not case.claims:
        raise SynthesisError(
            f"`{source}` makes no claim, and no claim was read in it",
            hint="`cd22kg query claims-per-source` lists the sources that have claims",
        )
    findings = judge_all(case)
    named = {source, *(beside.claim.source for finding in findings for beside in finding.evidence)}
    titles = {slug: evidence.sources[slug].title or slug for slug in sorted(named) if slug in evidence.sources}
    return Audit(known, findings, titles)
