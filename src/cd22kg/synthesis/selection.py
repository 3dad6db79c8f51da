"""Which claims answer a question that can be pooled, which do not, and why; no patient twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cd22kg.model import Measurement
from cd22kg.queries.claims import KnownClaim
from cd22kg.synthesis.differences import NOT_PRINTED
from cd22kg.synthesis.evidence import AFTER_CD19, EVIDENCE, Evidence, is_later
from cd22kg.synthesis.figures import counts_of, events_from, figure_of
from cd22kg.synthesis.recipe import Selection
from cd22kg.synthesis.result import LeftOut, PooledStudy
from cd22kg.synthesis.studies import in_order, mixed, study_of, unstated

#: Sources that are neither articles nor records of registries.
_ABSTRACTS = {
    "ConferenceAbstract": "an abstract",
    "NewsArticle": "a news article",
    "PressRelease": "a press release",
    "WebPage": "a page",
}
#: Figures that are no counts, each with what they are.
_NO_COUNTS = {
    "hazard-ratio": "a hazard ratio",
    "mean": "a mean",
    "median": "a median",
    "rate-at-time": "a rate at a time, from a survival curve",
}


@dataclass(frozen=True)
class Selected:
    """What a selection came to: the studies, and what fits the question without being one of them."""

    studies: tuple[PooledStudy, ...]
    left_out: tuple[LeftOut, ...]
    mixed: tuple[str, ...]
    unstated: tuple[str, ...]


@dataclass(frozen=True)
class _Candidate:
    claim: KnownClaim
    events: int
    total: int
    derived: bool


def select(selection: Selection, evidence: Evidence) -> Selected:
    """Return the studies that a selection picks from claims, each patient once.

    Of claims on the same patients the policy picks one: ``largest`` the one that counts most patients, ``latest`` the
    one published last; then the other of these, printed counts before counts worked out from a percentage, articles
    before abstracts, the outcome named first, and the slug.
    """
    candidates: list[_Candidate] = []
    left_out: list[LeftOut] = []
    for claim in _asked(selection, evidence):
        found = _candidate(claim, selection, evidence)
        if isinstance(found, _Candidate):
            candidates.append(found)
        else:
            left_out.append(LeftOut(claim.id, found, _newer(claim, selection, evidence)))
    kept, repeated = _once(candidates, selection, evidence)
    studies = in_order([study_of(found.claim, found.events, found.total, found.derived, evidence) for found in kept])
    out = sorted([*left_out, *repeated], key=lambda out: out.claim)
    return Selected(studies, tuple(out), tuple(mixed(studies)), tuple(unstated(studies)))


def _asked(selection: Selection, evidence: Evidence) -> Iterator[KnownClaim]:
    """Yield the claims on the therapy and outcome that count patients with the indication, alone or among others.

    What is part of an outcome does not stand for it: of CRS of grade 3 or more, CRS of any grade does not follow.
    """
    for claim in evidence.claims.values():
        if EVIDENCE not in claim.inferred or claim.type != "ResultClaim" or claim.measurement is None:
            continue
        if not _fits("therapy", claim.therapy, selection.therapy, selection, evidence):
            continue
        if not any(_is_asked(claim, outcome, selection, evidence) for outcome in selection.outcome):
            continue
        asked = selection.indication
        wider = evidence.is_within("indication", asked, claim.indication)
        fitting = _fits("indication", claim.indication, asked, selection, evidence)
        if wider or fitting or _some(claim, selection, evidence):
            yield claim


def _fits(kind: str, slug: str | None, asked: str, selection: Selection, evidence: Evidence) -> bool:
    return slug == asked if selection.exact else evidence.is_within(kind, slug, asked)


def _some(claim: KnownClaim, selection: Selection, evidence: Evidence) -> bool:
    """Return whether some patients of a cohort are known to have the indication asked for."""
    known = _having(claim, selection, evidence)
    return known is not None and known[0] > 0


def _is_asked(claim: KnownClaim, outcome: str, selection: Selection, evidence: Evidence) -> bool:
    """Return whether a claim counts one of the outcomes asked for, and not only a part of it."""
    is_whole = claim.outcome == outcome or not evidence.is_part(claim.outcome, outcome)
    return is_whole and _fits("outcome", claim.outcome, outcome, selection, evidence)


def _having(claim: KnownClaim, selection: Selection, evidence: Evidence) -> tuple[int, int] | None:
    """Return how many patients of a cohort have the indication asked for, of how many; nothing where it is not known.

    A part of which only a wider indication is stated may have it or not.
    """
    cohort, asked = evidence.cohort_of(claim), selection.indication
    parts = cohort.composition if cohort else ()
    fitting = [part for part in parts if evidence.is_within("indication", part.indication, asked)]
    unclear = any(part not in fitting and evidence.is_within("indication", asked, part.indication) for part in parts)
    # Of patients that no part tells of, nothing is known.
    size = max(sum(part.size for part in parts), (cohort.size if cohort else None) or 0)
    if size < 1 or not parts or (unclear and not fitting):
        return None
    return sum(part.size for part in fitting), size


def _candidate(claim: KnownClaim, selection: Selection, evidence: Evidence) -> _Candidate | str:
    """Return a claim with its counts, or why it cannot be pooled here."""
    measurement = claim.measurement
    assert measurement is not None  # noqa: S101  # `_asked` lets in none without
    if reason := _unfit(claim, measurement, selection, evidence):
        return reason
    counts, derived = counts_of(measurement), bool(measurement.counts_derived)
    if counts is None and (events := events_from(figure_of(measurement), measurement.total)) is not None:
        counts, derived = (events, measurement.total or 0), True
    if counts is None:
        return "events and total are not printed, and do not follow from what is"
    if derived and selection.printed_only:
        return "its counts are worked out from a percentage"
    return _Candidate(claim, *counts, derived)


def _unfit(claim: KnownClaim, measurement: Measurement, selection: Selection, evidence: Evidence) -> str:
    """Return why a claim is not what is asked for, or an empty text."""
    source = evidence.source_of(claim)
    kind = source.type if source else ""
    printed = evidence.published(claim)
    if newer := _newer(claim, selection, evidence):
        return f"superseded by {newer}"
    if measurement.statistic in _NO_COUNTS:
        value = f" ({measurement.as_printed})" if measurement.as_printed else ""
        return f"{_NO_COUNTS[measurement.statistic]}{value}: not a count of patients"
    if measurement.statistic != "proportion":
        return f"a {measurement.statistic}: not a share of patients"
    if (measurement.counted_unit or "patient") != "patient":
        return f"counts each {measurement.counted_unit}, not each patient"
    if (measurement.among_outcome or "") != selection.among:
        whom = evidence.label("outcome", measurement.among_outcome)
        return f"counts only patients with {whom}" if whom else "counts all patients, not a group by outcome"
    if selection.denominator and (measurement.denominator or NOT_PRINTED) not in selection.denominator:
        stated = measurement.denominator not in (None, NOT_PRINTED)
        label = evidence.label("denominator", measurement.denominator)
        return f"counts {label} patients" if stated else "its denominator is not printed"
    if selection.exclude_abstracts and kind in _ABSTRACTS:
        return f"published in {_ABSTRACTS[kind]} only"
    if not _is_published(claim, selection, evidence):
        later = "" if is_later(printed, selection.until) else ", perhaps later"
        return f"published {printed}{later}" if printed else "its source has no date"
    if selection.after_cd19 is not None and (AFTER_CD19 in claim.inferred) is not selection.after_cd19:
        known = "not all patients are known to have had" if selection.after_cd19 else "all patients had had"
        return f"{known} a CD19-directed therapy before"
    return _too_wide(claim, selection, evidence)


def _newer(claim: KnownClaim, selection: Selection, evidence: Evidence) -> str:
    """Return a claim that supersedes another, is evidence and was published by the day asked for, if there is one."""
    newer = (evidence.claims[slug] for slug in evidence.superseding.get(claim.id, ()))
    standing = (c.id for c in newer if EVIDENCE in c.inferred and _is_published(c, selection, evidence))
    return next(standing, "")


def _is_published(claim: KnownClaim, selection: Selection, evidence: Evidence) -> bool:
    """Return whether a claim is known to have been published by the day asked for, if any is."""
    printed, until = evidence.published(claim), selection.until
    return printed.startswith(until) or is_later(until, printed)


def _too_wide(claim: KnownClaim, selection: Selection, evidence: Evidence) -> str:
    """Return why a claim of a wider indication is not one of the indication asked for, or an empty text."""
    asked = selection.indication
    if claim.indication == asked or (not selection.exact and evidence.is_within("indication", claim.indication, asked)):
        return ""
    known = _having(claim, selection, evidence)
    if known and known[0] / known[1] >= selection.least_share:
        return ""
    told = "its mix is not stated"
    if known:
        told = f"{known[0]} of {known[1]} patients have {evidence.label('indication', asked)}"
    return f"of a wider population, {evidence.label('indication', claim.indication)}: {told}"


def _once(
    candidates: Iterable[_Candidate], selection: Selection, evidence: Evidence
) -> tuple[list[_Candidate], list[LeftOut]]:
    """Return the candidates that share no patients, best first taken, and the others with what stands for them."""
    overlap = evidence.patients
    kept: dict[str, list[_Candidate]] = {}
    left_out: list[LeftOut] = []

    def order(candidate: _Candidate) -> tuple[object, ...]:
        claim = candidate.claim
        source = evidence.source_of(claim)
        latest = _descending(evidence.published(claim))
        size = -candidate.total
        first = (size, latest) if selection.overlap == "largest" else (latest, size)
        outcomes = [_is_asked(claim, outcome, selection, evidence) for outcome in selection.outcome]
        abstract = source is None or source.type in _ABSTRACTS
        return (*first, candidate.derived, abstract, outcomes.index(True), claim.id)

    for candidate in sorted(candidates, key=order):
        cohort = candidate.claim.cohort or ""
        near = kept.setdefault(overlap.kin(cohort), [])
        shared = ((other, overlap.why(cohort, other.claim.cohort or "")) for other in near)
        other, why = next(((other, why) for other, why in shared if why), (None, ""))
        if other is not None:
            reason = f"{why}; {candidate.events}/{candidate.total} beside {other.events}/{other.total}"
            left_out.append(LeftOut(candidate.claim.id, reason, other.claim.id))
        elif whole := overlap.crowd(cohort, [other.claim.cohort or "" for other in near]):
            reason = f"shares patients with parts of {whole} that are pooled: together they have more than it"
            left_out.append(LeftOut(candidate.claim.id, reason))
        else:
            near.append(candidate)
    return [candidate for near in kept.values() for candidate in near], left_out


def _descending(text: str) -> tuple[int, ...]:
    """Return a key that puts later dates first, and none last."""
    return (*(-ord(character) for character in text), 1)
