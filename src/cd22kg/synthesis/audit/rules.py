"""The rules of an audit, in the order in which they are asked; the first that answers gives the verdict.

1. A judgement that no observation could settle is `opinion, not checkable`.
2. What contradicts itself, or another claim of the same document, is `internally inconsistent`.
3. That something was not approved is held against the approvals in the graph.
4. A statement with one source that stands out (repeated for certain or likely) is held against it: is that source sound
   (`published source itself inconsistent`); does the statement add a figure or a direction (`unsourced`); is the figure
   the same (`differs in value`); is it of the same patients, therapy, outcome, denominator and time (`differs in ...`);
   was the source superseded (`superseded by later evidence`); is anything dropped (`agrees`, or `agrees, rounded or
   simplified`).
5. A figure of another work is held against other readings of it; one count divided by two totals `differs in`
   denominator.
6. A statement that several claims fit: where all with that figure differ from it on one axis, it `differs in` that;
   where it compares and none of them does, it is `unsourced`; where they are of one work and it has no figure, it sums
   them up; else it has an `ambiguous source`.
7. What the source reports itself is its `own figure`, unless two documents print it differently, or it was superseded;
   what others write about a work casts no doubt on what it prints itself.
8. What is left has no source: `superseded by later evidence`, `differs in value` where something contradicts it, else
   `unsourced`.
"""

from __future__ import annotations

from collections.abc import Sequence

from cd22kg.model import ComparisonClaim, StatementClaim
from cd22kg.queries.claims import KnownClaim
from cd22kg.synthesis.audit.case import Case, Related
from cd22kg.synthesis.audit.comparison import compare
from cd22kg.synthesis.audit.consistency import SURE, cut_digits
from cd22kg.synthesis.audit.findings import against, audited, finding, ids, subject
from cd22kg.synthesis.audit.regulatory import not_approved
from cd22kg.synthesis.audit.restated import one_source, read_elsewhere, several
from cd22kg.synthesis.audit.unsourced import contradicted, of_parts, superseded, unsourced
from cd22kg.synthesis.audit.verdicts import Finding, Verdict
from cd22kg.synthesis.audit.wording import figure_words, listed, named, printed
from cd22kg.synthesis.evidence import document

_OPINION = "opinion"


def judge_all(case: Case) -> tuple[Finding, ...]:
    """Return one finding for each claim of the audited source, in the order of their names.

    A comparison is judged after the figures that it compares.
    """
    found: dict[str, Finding] = {}
    for claim in sorted(case.claims, key=lambda each: isinstance(each.stated, ComparisonClaim)):
        found[claim.id] = judge(claim, case, found)
    return tuple(found[claim.id] for claim in case.claims)


def judge(claim: KnownClaim, case: Case, found: dict[str, Finding]) -> Finding:
    """Return the finding on a claim.

    Args:
        claim: The claim.
        case: The audit.
        found: The findings on the claims before it, by id.
    """
    candidates = case.outgoing(claim, "repeats")
    sure = [each for each in candidates if each.certainty in SURE]
    return (
        _opinion(claim, case)
        or _internal(claim, case)
        or not_approved(claim, case)
        or (one_source(claim, case, min(sure, key=_unlike)) if sure else None)
        or (read_elsewhere(claim, case) if case.is_reading(claim) else None)
        or (several(claim, case, candidates) if candidates else None)
        or (_own(claim, case) if case.is_own(claim) or case.is_reading(claim) else None)
        or superseded(claim, case)
        or contradicted(claim, case)
        or of_parts(claim, case, found)
        or unsourced(claim, case)
    )


def _unlike(source: Related) -> tuple[bool, bool, int]:
    """Return how unlike a source is, where several stand out: certain ones first, then those with the same figure."""
    return source.certainty != "certain", source.comparison.disagrees, len(source.comparison.axes)


def _opinion(claim: KnownClaim, case: Case) -> Finding | None:
    stated = claim.stated
    if not isinstance(stated, StatementClaim) or stated.statement_kind != _OPINION:
        return None
    if figure_words(claim.measurement, case.evidence):
        return None
    bearing = case.outgoing(claim, "repeats")
    told = listed([named(each.claim, case.evidence) for each in bearing])
    return finding(
        claim,
        case,
        Verdict.OPINION,
        "a judgement that no observation could settle",
        f"{told} bear{'s' if len(bearing) == 1 else ''} on it" if bearing else "",
    )


def _internal(claim: KnownClaim, case: Case) -> Finding | None:
    fault = case.faults.get(claim.id)
    if fault is None:
        return None
    others = case.other_documents(claim)
    elsewhere = f"another document has another figure ({ids(others)})" if others else ""
    beside = case.beside_by_rule([compare(claim, each, case.evidence) for each in fault.others], "same document")
    return finding(claim, case, Verdict.INTERNAL, fault.words, elsewhere, evidence=beside)


def _own(claim: KnownClaim, case: Case) -> Finding:
    """Return the verdict on what is no restatement."""
    others = {each.claim.id: each for each in (*case.readings(claim), *case.other_documents(claim))}
    differing = [each for each in others.values() if not each.comparison.agrees]
    if differing and not case.is_reading(claim) and (found := _read_differently(claim, case, differing)):
        return found
    notes = (cut_digits(claim, case.evidence), against(claim, case))
    if replaced := superseded(claim, case, *notes):
        return replaced
    if case.is_reading(claim):
        clause = f"{subject(claim, case)} is what this {audited(case)} prints of {claim.source}"
        clause += ", and no other reading is here"
        return finding(claim, case, Verdict.OWN, clause, *notes)
    read = "" if document(claim) == claim.source else f", read in {document(claim)}"
    clause = f"{subject(claim, case)} is what this {audited(case)} reports itself{read}"
    return finding(claim, case, Verdict.OWN, clause, *notes)


def _read_differently(claim: KnownClaim, case: Case, differing: Sequence[Related]) -> Finding | None:
    """Return the verdict on a figure that documents print differently; nothing if the others only tell of the work."""
    figure, beside = printed(claim, case.evidence), case.beside(differing)
    itself = [each for each in differing if document(each.claim) == claim.source]
    if itself and case.is_retold(claim):
        told = printed(itself[0].claim, case.evidence)
        clause = f"{figure} is what {document(claim)} prints, and the work itself {told} ({itself[0].claim.id})"
        return finding(claim, case, Verdict.VALUE, clause, evidence=beside)
    rivals = case.rivals(claim, differing)
    if not rivals:
        return None
    told = listed(
        [f"{printed(each.claim, case.evidence)} in {document(each.claim)} ({each.claim.id})" for each in rivals]
    )
    clause = f"documents print it differently: {figure} in {document(claim)}, and {told}"
    unread = claim.source not in {document(each) for each in (claim, *(rival.claim for rival in rivals))}
    doubt = "what the work itself prints was not read" if unread else ""
    return finding(claim, case, Verdict.PUBLISHED, clause, doubt, evidence=beside)
