"""Statements on what an authority decided: event by event, and what no event in the graph speaks against."""

from __future__ import annotations

from collections.abc import Iterator

from cd22kg.model import StatementClaim
from cd22kg.queries.claims import KnownClaim
from cd22kg.synthesis.audit.case import Case
from cd22kg.synthesis.audit.comparison import compare
from cd22kg.synthesis.audit.findings import audited, finding
from cd22kg.synthesis.audit.verdicts import Finding, Verdict
from cd22kg.synthesis.audit.wording import listed, short_label
from cd22kg.synthesis.evidence import EVIDENCE, is_later

_APPROVAL, _NOT_APPROVED = "approval", "not-approved"
#: Facts of an event besides its date, each with the list that it is from.
_FACTS = {"regulatory_event": "regulatory-event", "agency": "agency", "jurisdiction": "jurisdiction"}


def other_event(here: KnownClaim, there: KnownClaim, case: Case) -> str:
    """Return in which fact two events differ, as a clause; empty where they are one, or are none."""
    one, other = here.stated, there.stated
    if not isinstance(one, StatementClaim) or not isinstance(other, StatementClaim):
        return ""
    for name, kind in _FACTS.items():
        mine, theirs = getattr(one, name), getattr(other, name)
        if mine and theirs and mine != theirs:
            labels = [case.evidence.label(kind, slug) for slug in (mine, theirs)]
            return f"{there.id} reports {labels[1]}, the {audited(case)} {labels[0]}"
    return ""


def dates(here: KnownClaim, there: KnownClaim) -> tuple[str, str]:
    """Return the dates of two events; empty texts where one has none."""
    found = [getattr(claim.stated, "event_date", None) or "" for claim in (here, there)]
    return (found[0], found[1]) if all(found) else ("", "")


def is_event(claim: KnownClaim) -> bool:
    """Return whether a claim reports a decision of an authority."""
    return isinstance(claim.stated, StatementClaim) and bool(claim.stated.regulatory_event)


def dropped_date(here: KnownClaim, there: KnownClaim) -> str:
    """Return what part of the date a statement leaves out: ``month``, ``day``."""
    mine, theirs = dates(here, there)
    if not mine or not theirs.startswith(mine) or mine == theirs:
        return ""
    return "month" if len(mine) == len("2022") else "day"


def not_approved(claim: KnownClaim, case: Case) -> Finding | None:
    """Return the verdict on a statement that there was no approval; nothing for any other statement.

    The graph is taken to hold the approvals there are, which is said: what it holds is what curators have read.
    """
    stated = claim.stated
    if not isinstance(stated, StatementClaim):
        return None
    denied = stated.negated and stated.regulatory_event == _APPROVAL
    if claim.therapy is None or (stated.regulatory_event != _NOT_APPROVED and not denied):
        return None
    approvals = list(_approvals(claim, case))
    agency = case.evidence.label("agency", stated.agency) or "any agency"
    therapy = short_label("therapy", claim.therapy, case.evidence)
    by = f" by {case.published}" if case.published else ""
    if approvals:
        found = [compare(claim, each, case.evidence) for each in approvals]
        told = f"{listed([each.id for each in approvals])} report{'s' if len(approvals) == 1 else ''} an approval{by}"
        return finding(claim, case, Verdict.VALUE, told, evidence=case.beside_by_rule(found, "contradicts"))
    trial = _in_trial(claim, case)
    tried = ""
    if trial is not None:
        study = case.evidence.studies[case.evidence.cohorts[trial.cohort or ""].study or ""]
        phase = case.evidence.label("phase", study.phase)
        product = case.evidence.label("therapy", trial.therapy)
        tried = f"{product} was in {phase} ({trial.id}, {case.evidence.published(trial)})"
    world = f"no claim reports that the {agency} approved {therapy}{by}"
    beside = case.beside_by_rule([compare(claim, trial, case.evidence)] if trial else [], "still in trials")
    hedge = "this takes the graph to hold the approvals there are"
    return finding(claim, case, Verdict.AGREES, world, tried, hedge, evidence=beside)


def _approvals(claim: KnownClaim, case: Case) -> Iterator[KnownClaim]:
    """Yield the claims that report an approval that the statement denies: for such a disease, and by its date.

    An approval without a date is taken to be no older than its source.
    """
    agency, evidence = getattr(claim.stated, "agency", None), case.evidence
    for other in case.known:
        stated = other.stated
        if not isinstance(stated, StatementClaim) or stated.regulatory_event != _APPROVAL or stated.negated:
            continue
        if not evidence.stands(other) or not evidence.is_within("therapy", other.therapy, claim.therapy):
            continue
        if None not in (claim.indication, other.indication) and not evidence.have_common(
            "indication", claim.indication, other.indication
        ):
            continue
        by_agency = agency is None or stated.agency in (None, agency)
        if by_agency and not is_later(stated.event_date or evidence.published(other), case.published):
            yield other


def _in_trial(claim: KnownClaim, case: Case) -> KnownClaim | None:
    """Return the latest evidence on such a therapy from a trial of known phase, published before the source.

    Of several that are as late, one that the curator named goes first.
    """
    named = {relation.target for relation in claim.relations}
    found = [
        other
        for other in case.evidence.claims.values()
        if EVIDENCE in other.inferred
        and case.evidence.is_within("therapy", other.therapy, claim.therapy)
        and (cohort := case.evidence.cohort_of(other))
        and (study := case.evidence.studies.get(cohort.study or ""))
        and study.phase not in (None, "not-applicable")
        and is_later(case.published, case.evidence.published(other))
    ]
    return max(found, key=lambda each: (case.evidence.published(each), each.id in named, each.id), default=None)
