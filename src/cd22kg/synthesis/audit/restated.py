"""Statements with a source: one that stands out, or several of which any may be meant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from cd22kg.model import Measurement
from cd22kg.queries.claims import KnownClaim
from cd22kg.synthesis.audit import regulatory
from cd22kg.synthesis.audit.case import NEAREST, Case, Related
from cd22kg.synthesis.audit.comparison import AGREEING, Comparison, axis_of, standing_of
from cd22kg.synthesis.audit.consistency import Fault
from cd22kg.synthesis.audit.findings import audited, finding, states, what
from cd22kg.synthesis.audit.unsourced import replaced_by
from cd22kg.synthesis.audit.verdicts import AXES, Finding, Verdict
from cd22kg.synthesis.audit.wording import (
    dropped_words,
    figure_words,
    listed,
    named,
    p_words,
    printed,
    value_words,
)
from cd22kg.synthesis.evidence import document
from cd22kg.synthesis.figures import figure_of


def one_source(claim: KnownClaim, case: Case, source: Related) -> Finding:
    """Return the verdict on a statement of which one source stands out, in the order of the rules."""
    there, comparison = source.claim, source.comparison
    figure = value_words(claim.measurement, case.evidence)
    if fault := _fault(there, case):
        clause = f"{figure or 'the statement'} is taken from {there.id}"
        return finding(claim, case, Verdict.PUBLISHED, clause, fault.words)
    if other := regulatory.other_event(claim, there, case):
        return finding(claim, case, Verdict.VALUE, other)
    if added := _added(claim, there, case):
        return finding(claim, case, Verdict.UNSOURCED, *added)
    if comparison.disagrees or comparison.standing == "unlike":
        clause = f"{figure} is not the figure of {named(there, case.evidence)}"
        return finding(claim, case, Verdict.VALUE, clause)
    if opposite := _opposite(claim, there):
        return finding(claim, case, Verdict.VALUE, opposite)
    mine, theirs = regulatory.dates(claim, there)
    if mine and not theirs.startswith(mine) and not mine.startswith(theirs):
        clause = f"{there.id} dates the event {theirs}, the {audited(case)} {mine}"
        return finding(claim, case, Verdict.DIFFERS, clause, axes=("time",))
    month = regulatory.dropped_date(claim, there)
    dropped = [*comparison.dropped, *([month] if month else [])]
    if comparison.axes:
        return _differs(claim, case, source, dropped)
    newer = case.superseding(there) or case.superseding(claim)
    if newer:
        clauses = (_same(claim, case, source), replaced_by(newer, case))
        return finding(claim, case, Verdict.SUPERSEDED, *clauses, dropped=dropped, evidence=case.beside(newer))
    exact = not dropped and not comparison.widened and comparison.standing in ("same", "none", "none there")
    verdict = Verdict.AGREES if exact else Verdict.SIMPLIFIED
    finer = f"the {audited(case)} has more digits" if comparison.standing == "finer" else ""
    return finding(claim, case, verdict, _same(claim, case, source), finer, dropped_words(dropped), dropped=dropped)


def several(claim: KnownClaim, case: Case, candidates: Sequence[Related]) -> Finding | None:
    """Return the verdict on a statement that several claims fit; nothing where none of them speaks of its figure."""
    if not value_words(claim.measurement, case.evidence):
        return _several_statements(claim, case, candidates)
    fitting = [each for each in candidates if each.comparison.agrees]
    if not fitting:
        alike = [each for each in candidates if each.comparison.disagrees and not each.comparison.axes]
        if not alike:
            return None
        printed = listed([named(each.claim, case.evidence) for each in alike], "or")
        clause = f"{value_words(claim.measurement, case.evidence)} is not the figure of {printed}"
        return finding(claim, case, Verdict.VALUE, clause)
    common = [axis for axis in AXES if all(axis in each.comparison.axes for each in fitting)]
    if common:
        return _all_differ(claim, case, candidates, fitting, common)
    figure = value_words(claim.measurement, case.evidence)
    told = [named(each.claim, case.evidence, _but(each, case)) for each in fitting]
    if len(fitting) == 1:
        return finding(claim, case, Verdict.AMBIGUOUS, f"{figure} fits {told[0]}, and nothing shows that it is meant")
    return finding(claim, case, Verdict.AMBIGUOUS, f"{figure} fits {listed(told, 'as well as')}")


def read_elsewhere(claim: KnownClaim, case: Case) -> Finding | None:
    """Return the verdict on a figure that the source prints for another work, and of which there is another reading."""
    contradicting = case.other_documents(claim)
    readings = contradicting or case.readings(claim)
    if not readings:
        return None
    first = readings[0]
    doubt = "" if document(first.claim) == claim.source else "which of the two the work itself prints was not read"
    figures = [printed(each, case.evidence) for each in (claim, first.claim)]
    clause = f"what this {audited(case)} prints of {claim.source} as {figures[0]} is {figures[1]} in {first.claim.id}"
    clause += f", read in {document(first.claim)}"
    beside = case.beside(readings)
    events = {each.measurement.events if each.measurement else None for each in (claim, first.claim)}
    if (contradicting or first.comparison.disagrees) and len(events) == 1 and (same := events.pop()):
        divided = f"the same {same} patients are divided by another number"
        return finding(claim, case, Verdict.DIFFERS, clause, divided, doubt, axes=("denominator",), evidence=beside)
    if contradicting or first.comparison.disagrees:
        return finding(claim, case, Verdict.VALUE, clause, doubt, evidence=beside)
    dropped = first.comparison.dropped
    exact = not dropped and first.comparison.standing == "same"
    verdict = Verdict.AGREES if exact else Verdict.SIMPLIFIED
    return finding(claim, case, verdict, clause, dropped_words(dropped), dropped=dropped, evidence=beside)


def _fault(there: KnownClaim, case: Case) -> Fault | None:
    """Return what is wrong with the published figure, within its document or between two that print it."""
    if (fault := case.fault(there)) is not None:
        return fault
    others = case.rivals(there, case.other_documents(there))
    if not others:
        return None
    here = printed(there, case.evidence)
    told = [f"{printed(o.claim, case.evidence)} in {document(o.claim)} ({o.claim.id})" for o in others]
    return Fault(f"that work's figure is {here} in {document(there)} and {listed(told)}")


def _added(claim: KnownClaim, there: KnownClaim, case: Case) -> tuple[str, ...]:
    """Return what a statement adds to the one source that it has, as clauses: a figure, a p value, a direction."""
    mine, theirs = claim.measurement, there.measurement
    what_is = ""
    if figure_of(mine) is not None and figure_of(theirs) is None and standing_of(mine, theirs) == "none there":
        what_is = value_words(mine, case.evidence)
    elif p_words(mine) and not p_words(theirs):
        what_is = p_words(mine)
    contradicting = case.contradicting(claim)
    against = listed([f"{each.claim.id} contradicts it (certainty: {each.certainty})" for each in contradicting])
    if what_is:
        directions = [getattr(each.stated, "direction", None) for each in (claim, there)]
        agree = "in the same direction and " if directions[0] and directions[0] == directions[1] else ""
        elsewhere = _nowhere(claim, case, f"gives {what_is}", lambda other: _has_figure(other, mine))
        return f"{there.id} says it {agree}without that figure", elsewhere, against
    direction = getattr(claim.stated, "direction", None)
    if direction and not getattr(there.stated, "direction", None) and figure_of(theirs) is None:
        elsewhere = _nowhere(claim, case, f"says {direction}", lambda other: _has_direction(other, claim, direction))
        return f"{there.id} speaks of it without a direction", elsewhere, against
    return ()


def _nowhere(claim: KnownClaim, case: Case, does: str, says: Callable[[KnownClaim], bool]) -> str:
    """Return that no claim on the same outcome says it either, or which does, as a clause."""
    others = [other for other in case.bearing(claim) if other.outcome == claim.outcome and says(other)]
    if not others:
        return f"no other claim on it {does}"
    return f"of others, {listed([named(other, case.evidence) for other in others[:NEAREST]])} {does}"


def _has_figure(other: KnownClaim, measurement: Measurement | None) -> bool:
    if measurement is not None and measurement.value is None and measurement.p_value is not None:
        return other.measurement is not None and other.measurement.p_value == measurement.p_value
    return standing_of(measurement, other.measurement) in AGREEING


def _has_direction(other: KnownClaim, claim: KnownClaim, direction: str) -> bool:
    factors = [getattr(each.stated, "factor", None) for each in (claim, other)]
    return factors[0] is not None and factors[0] == factors[1] and getattr(other.stated, "direction", None) == direction


def _opposite(claim: KnownClaim, there: KnownClaim) -> str:
    directions = [getattr(each.stated, "direction", None) for each in (claim, there)]
    if all(directions) and directions[0] != directions[1]:
        return f"{there.id} says {directions[1]}, here it is {directions[0]}"
    negated = [bool(getattr(each.stated, "negated", None)) for each in (claim, there)]
    return f"{there.id} says the opposite" if negated[0] != negated[1] else ""


def _same(claim: KnownClaim, case: Case, source: Related) -> str:
    """Return that a statement is what its source says, and what it puts more widely."""
    there, comparison = source.claim, source.comparison
    here_wide, there_narrow = states(comparison, case, widened=True)
    figure = value_words(claim.measurement, case.evidence)
    if figure:
        clause = f"{figure} is {what(there, case)}: {figure_words(there.measurement, case.evidence)}"
        return f"{clause}; it speaks of {there_narrow}, the {audited(case)} of {here_wide}" if here_wide else clause
    told = figure_words(there.measurement, case.evidence)
    name = f"{there.id} ({told})" if told else there.id
    if regulatory.is_event(claim) and regulatory.is_event(there):
        start = f"{name} reports the same event"
        return f"{start} for {there_narrow}, the {audited(case)} for {here_wide}" if here_wide else start
    if here_wide:
        return f"{name} says it of {there_narrow}, the {audited(case)} of {here_wide}"
    return f"{name} says the same"


def _differs(claim: KnownClaim, case: Case, source: Related, dropped: Sequence[str]) -> Finding:
    there, comparison = source.claim, source.comparison
    here_states, there_states = states(comparison, case)
    figure = value_words(claim.measurement, case.evidence)
    wide, _ = states(comparison, case, widened=True)
    called = f"the {audited(case)} calls it {wide}" if wide else ""
    if figure:
        mine = f" ({audited(case)}: {here_states})" if here_states else ""
        counts = f", which counts {there_states}" if there_states else ""
        told = figure_words(there.measurement, case.evidence)
        clause = f"{figure}{mine} is {what(there, case)}{counts}: {told}"
    else:
        clause = f"{there.id} says it of {there_states or 'no such group'}, the {audited(case)} of {here_states}"
    clauses = (clause, called, dropped_words(dropped))
    return finding(claim, case, Verdict.DIFFERS, *clauses, axes=comparison.axes, dropped=dropped)


def _all_differ(
    claim: KnownClaim, case: Case, candidates: Sequence[Related], fitting: Sequence[Related], common: Sequence[str]
) -> Finding:
    """Return the verdict where every claim that has the figure is of something else on the same axes."""
    figure = value_words(claim.measurement, case.evidence)
    here, _ = states(_only(fitting[0], common), case)
    there = list(dict.fromkeys(states(_only(each, common), case)[1] for each in fitting))
    others = [
        named(each.claim, case.evidence)
        for each in candidates
        if each.comparison.disagrees and not set(common) & set(each.comparison.axes)
    ]
    told = listed([named(each.claim, case.evidence) for each in fitting])
    meant = "the one claim that it fits" if len(fitting) == 1 else "each claim that it fits"
    clause = f"{figure} is {listed(there, 'or')} in {meant}, {told}, and not {here or 'as said here'}"
    true = f"that has another figure in {listed(others)}" if others and here else ""
    return finding(claim, case, Verdict.DIFFERS, clause, true, axes=common)


def _only(related: Related, axes: Sequence[str]) -> Comparison:
    """Return a comparison with the differences on some axes alone."""
    comparison = related.comparison
    kept = tuple(each for each in comparison.differing if axis_of(each) in axes)
    return replace(comparison, differing=kept)


def _but(related: Related, case: Case) -> str:
    """Return what a candidate speaks of instead, as a note behind its figure."""
    comparison = related.comparison
    wide = tuple(each for each in comparison.widened if each.axis in ("outcome", "grade", "indication"))
    return states(replace(comparison, differing=(*comparison.differing, *wide)), case)[1]


def _several_statements(claim: KnownClaim, case: Case, candidates: Sequence[Related]) -> Finding:
    """Return the verdict on a statement without a figure that several claims may have led to."""
    works = sorted({each.claim.source for each in candidates})
    told = listed([named(each.claim, case.evidence, _but(each, case)) for each in candidates])
    direction = getattr(claim.stated, "direction", None)
    if direction and not any(getattr(each.claim.stated, "direction", None) for each in candidates):
        compares = "none compares" if len(candidates) > 1 else "compares nothing"
        clause = f"no claim says {direction}: of those that it may rest on, {told}, {compares}"
        if len(candidates) == 1:
            clause = f"no claim says {direction}: {told}, on which it may rest, {compares}"
        return finding(claim, case, Verdict.UNSOURCED, clause)
    common = [axis for axis in AXES if all(axis in each.comparison.axes for each in candidates)]
    if common:
        here, _ = states(_only(candidates[0], common), case)
        clause = f"it is said of others in each claim that it may rest on, {told}, and not of {here or 'such a group'}"
        return finding(claim, case, Verdict.DIFFERS, clause, axes=common)
    if len(works) == 1:
        figures = any(figure_of(each.claim.measurement) for each in candidates)
        dropped = ("figures",) if figures else ()
        clause = f"it sums up {told}, all of {works[0]}"
        gone = "the figures are dropped" if figures else ""
        return finding(claim, case, Verdict.SIMPLIFIED, clause, gone, dropped=dropped)
    return finding(claim, case, Verdict.AMBIGUOUS, f"it may rest on claims of {len(works)} works: {told}")
