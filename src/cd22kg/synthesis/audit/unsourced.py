"""Statements without a source: replaced, contradicted, made of parts, or with nothing but what comes nearest."""

from __future__ import annotations

from collections.abc import Sequence

from cd22kg.model import ComparisonClaim, PooledClaim
from cd22kg.queries.claims import KnownClaim
from cd22kg.synthesis.audit.case import RETRACTED, Case, Related
from cd22kg.synthesis.audit.comparison import Comparison, compare, interval_of, topics_of
from cd22kg.synthesis.audit.consistency import own_fault, sign
from cd22kg.synthesis.audit.findings import audited, finding, ids, subject
from cd22kg.synthesis.audit.nearest import nearest, of_other_outcomes
from cd22kg.synthesis.audit.verdicts import Finding, Verdict
from cd22kg.synthesis.audit.wording import listed, named, short_label, value_words
from cd22kg.synthesis.evidence import EVIDENCE, is_later
from cd22kg.synthesis.figures import figure_of

#: What a figure is to another, by the sign of their difference.
_DIRECTIONS: dict[int | None, str] = {1: "higher", -1: "lower", 0: "similar"}


def superseded(claim: KnownClaim, case: Case, *notes: str) -> Finding | None:
    """Return the verdict where a later report replaces the statement, whatever the certainty of that.

    Args:
        claim: The statement.
        case: The audit.
        notes: Further clauses.
    """
    newer = case.superseding(claim)
    if not newer:
        return None
    said = "is what was reported" if case.is_own(claim) or case.is_reading(claim) else "has no source here"
    return finding(claim, case, Verdict.SUPERSEDED, f"{subject(claim, case)} {said}", replaced_by(newer, case), *notes)


def replaced_by(newer: Sequence[Related], case: Case) -> str:
    """Return which claims supersede another, when they were published, and how sure that is."""
    told = []
    for each in newer:
        published = case.evidence.published(each.claim)
        dated = f"published {published}" if published else "without a date"
        if is_later(case.published, published):
            dated += f", before this {audited(case)}"
        told.append(f"{named(each.claim, case.evidence, dated)} supersedes it (certainty: {each.certainty})")
    return listed(told)


def contradicted(claim: KnownClaim, case: Case) -> Finding | None:
    """Return the verdict where a claim is said to contradict the statement, or pooled evidence excludes its figure.

    Where all that contradicts it appeared after the audited source, it is superseded.
    """
    against = [each for each in case.contradicting(claim) if not each.comparison.agrees]
    comparable = _comparable(claim, case)
    if against:
        earlier = [each for each in against if not case.is_later(each.claim)]
        named_already = {each.claim.id for each in against}
        ranged = [each for each in comparable if _is_range(claim) and each.there.id not in named_already]
        clause = f"{_unfound(claim, case)}, and {_against(earlier or against, case)}"
        verdict = Verdict.VALUE if earlier else Verdict.SUPERSEDED
        beside = case.beside_by_rule(ranged, "comparable")
        return finding(claim, case, verdict, clause, *_ranged(ranged, case), evidence=beside)
    excluding = [each for each in comparable if _excludes(each, case)]
    if not excluding:
        return None
    told = listed([named(each.there, case.evidence) for each in excluding])
    beside = case.beside_by_rule(excluding, "comparable")
    return finding(claim, case, Verdict.VALUE, f"{_unfound(claim, case)}, and {told} excludes it", evidence=beside)


def _ranged(comparable: Sequence[Comparison], case: Case) -> tuple[str, str]:
    """Return which other evidence lies within a range, and which outside it, as two clauses."""
    told: dict[bool, list[str]] = {True: [], False: []}
    for each in comparable:
        newer = case.superseding(each.there)
        note = f"superseded by {ids(newer)}" if newer else ""
        told[each.agrees].append(named(each.there, case.evidence, note))
    inside, outside = ((words, "are" if len(words) > 1 else "is") for words in (told[True], told[False]))
    return (
        f"within it {inside[1]} {listed(inside[0])}" if inside[0] else "",
        f"outside it {outside[1]} {listed(outside[0])}" if outside[0] else "",
    )


def _unfound(claim: KnownClaim, case: Case) -> str:
    """Return that a statement has no source, or none of those it may have gives its figure."""
    candidates = case.outgoing(claim, "repeats")
    if candidates and figure_of(claim.measurement):
        return f"{subject(claim, case)} stands in none of its possible sources ({ids(candidates)})"
    return f"{subject(claim, case)} has no source here"


def _against(against: Sequence[Related], case: Case) -> str:
    """Return which claims speak against a statement, how, and how sure the curator was of that."""
    told = listed([named(each.claim, case.evidence, f"certainty: {each.certainty}") for each in against])
    s = "s" if len(against) == 1 else ""
    if all(each.comparison.standing == "leaves out" for each in against):
        return f"{told} lie{s} outside it"
    excluding = all(_outside_interval(each.comparison) for each in against)
    return f"{told} {'exclude' if excluding else 'contradict'}{s} it"


def _outside_interval(comparison: Comparison) -> bool:
    """Return whether a claim prints an interval that does not hold the figure."""
    here, there = figure_of(comparison.here.measurement), figure_of(comparison.there.measurement)
    if not here or not there or here.value is None or there.value is None or there.lower is None:
        return False
    return here.unit == there.unit and not there.holds(here.value)


def of_parts(claim: KnownClaim, case: Case, findings: dict[str, Finding]) -> Finding | None:
    """Return the verdict on a comparison that no claim states, from the verdicts on its two figures.

    Args:
        claim: The comparison.
        case: The audit.
        findings: The verdicts on the other claims of the source, by id.
    """
    stated = claim.stated
    if not isinstance(stated, ComparisonClaim):
        return None
    parts = [findings[slug] for slug in (stated.subject_claim, stated.reference_claim) if slug in findings]
    told = [f"{value_words(p.claim.measurement, case.evidence) or 'none'} ({p.claim.id}) {_verb(p)}" for p in parts]
    of_them = f"of its figures {listed(told)}" if told else ""
    held = _held(claim, parts, case)
    if held is None:
        return finding(claim, case, Verdict.UNSOURCED, "no claim states the comparison", of_them)
    one, other, holds = held
    figures = [named(each.there, case.evidence, _flaw(each.there, case)) for each in (one, other)]
    direction = f"{'in the same' if holds else 'in another'} direction"
    clause = f"{one.there.source} has both, {figures[0]} against {figures[1]}, {direction}"
    beside = case.beside_by_rule((one, other), "has both figures")
    return finding(claim, case, Verdict.UNSOURCED, "no claim states the comparison", of_them, clause, evidence=beside)


def unsourced(claim: KnownClaim, case: Case) -> Finding:
    """Return the verdict on a statement that nothing in the graph says, with what comes nearest."""
    near_by = nearest(claim, case)
    restated = value_words(claim.measurement, case.evidence)
    what = f"no claim was found that {restated} restates" if restated else "no claim was found that says it"
    retracted = [each for each in case.no_sources(claim) if each.role == RETRACTED]
    gone = f"the source of {ids(retracted)}, which it may restate, was retracted" if retracted else ""
    of_others = of_other_outcomes(claim, case)
    same = listed([named(each.there, case.evidence, _outcome(each.there, case)) for each in of_others])
    elsewhere = f"the same figure is that of {same}" if same else ""
    if near_by:
        told = listed([named(each.there, case.evidence, *_notes(each, case)) for each in near_by])
        near = f"nearest {'is' if len(near_by) == 1 else 'are'} {told}"
    else:
        outcome = [short_label("outcome", claim.outcome, case.evidence)] if claim.outcome else []
        kind = "regulatory-event" if getattr(claim.stated, "regulatory_event", None) else "factor"
        topics = [*outcome, *(case.evidence.label(kind, topic) for topic in sorted(topics_of(claim)))]
        near = f"the graph holds nothing on {listed(topics, 'or')} to hold it against" if topics else ""
    beside = [
        *case.beside_by_rule(near_by, "nearest"),
        *case.beside_by_rule(of_others, "same figure"),
    ]
    return finding(claim, case, Verdict.UNSOURCED, what, gone, near, elsewhere, evidence=beside)


def _outcome(claim: KnownClaim, case: Case) -> str:
    return short_label("outcome", claim.outcome, case.evidence)


def _is_range(claim: KnownClaim) -> bool:
    figure = figure_of(claim.measurement)
    return figure is not None and figure.value is None


def _comparable(claim: KnownClaim, case: Case) -> list[Comparison]:
    """Return how the evidence on one outcome, in a therapy of the class named and in such patients, compares.

    What appeared later is left out, and beside a single value all but pooled figures, as studies differ.
    """
    found = []
    only_pooled = not _is_range(claim)
    for other in case.by_outcome.get(claim.outcome, ()) if claim.outcome else ():
        if EVIDENCE not in other.inferred or case.is_mine(other):
            continue
        if only_pooled and not isinstance(other.stated, PooledClaim):
            continue
        if not case.evidence.is_within("therapy", other.therapy, claim.therapy) or case.is_later(other):
            continue
        if not case.evidence.have_common("indication", claim.indication, other.indication):
            continue
        comparison = compare(claim, other, case.evidence)
        if comparison.agrees or comparison.disagrees:
            found.append(comparison)
    return found


def _excludes(comparison: Comparison, case: Case) -> bool:
    """Return whether the evidence excludes a figure.

    A pooled interval does so that holds neither the value nor any value of the interval that its own counts give; one
    study does so to a range only, where its interval lies beside it: studies differ. A figure that contradicts itself
    excludes nothing.
    """
    here, there = figure_of(comparison.here.measurement), interval_of(comparison.there.measurement)
    if here is None or there is None or not comparison.disagrees or not here.is_share:
        return False
    if own_fault(comparison.there, case.evidence):
        return False
    if here.value is None:
        return float(here.upper or 0) < there.low or float(here.lower or 0) > there.high
    mine = interval_of(comparison.here.measurement)
    low, high = mine or (float(here.value - here.half), float(here.value + here.half))
    return high < there.low or low > there.high


def _flaw(claim: KnownClaim, case: Case) -> str:
    return "it contradicts itself" if own_fault(claim, case.evidence) else ""


def _notes(comparison: Comparison, case: Case) -> list[str]:
    """Return how the nearest evidence compares, as notes behind its figure."""
    here, there = figure_of(comparison.here.measurement), figure_of(comparison.there.measurement)
    one, other = comparison.here.outcome, comparison.there.outcome
    notes = ["published later"] if case.is_later(comparison.there) else []
    if one and other and one != other:
        part = ", a part of it" if case.evidence.is_part(other, one) else ""
        notes.append(short_label("outcome", other, case.evidence) + part)
    elif flaw := _flaw(comparison.there, case):
        notes.append(flaw)
    elif here and there and here.value is not None and there.lower is not None and there.upper is not None:
        notes.append("its interval holds this figure" if there.holds(here.value) else "its interval leaves this out")
    return notes


def _verb(part: Finding) -> str:
    """Return a verdict as what is said of a figure: ``is unsourced``, ``differs in value``."""
    says = part.verdict in (Verdict.AGREES, Verdict.SIMPLIFIED, Verdict.DIFFERS, Verdict.VALUE)
    return part.label if says else f"is {part.label}"


def _held(claim: KnownClaim, parts: Sequence[Finding], case: Case) -> tuple[Comparison, Comparison, bool] | None:
    """Return the first work that has both figures of a comparison, and whether in the direction of the statement."""
    if len(parts) < len(("subject", "reference")):
        return None
    by_work = [_fitting(part.claim, case) for part in parts]
    for work in sorted(by_work[0].keys() & by_work[1].keys()):
        one, other = by_work[0][work], by_work[1][work]
        figures = figure_of(one.there.measurement), figure_of(other.there.measurement)
        if figures[0] and figures[1] and figures[0].unit == figures[1].unit:
            direction = _DIRECTIONS.get(sign(figures[0].value, figures[1].value))
            if direction is not None:
                return one, other, direction == getattr(claim.stated, "direction", None)
    return None


def _fitting(part: KnownClaim, case: Case) -> dict[str, Comparison]:
    """Return by work the evidence on the outcome of a figure, in the same therapy and in such patients."""
    found: dict[str, Comparison] = {}
    for other in case.by_outcome.get(part.outcome, ()) if part.outcome else ():
        if other.therapy != part.therapy or EVIDENCE not in other.inferred:
            continue
        if other.source in found or case.is_mine(other) or case.is_later(other):
            continue
        if case.evidence.have_common("indication", part.indication, other.indication):
            found[other.source] = compare(part, other, case.evidence)
    return found
