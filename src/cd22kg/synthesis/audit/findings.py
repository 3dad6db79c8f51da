"""How a verdict becomes a finding: with the figure, one sentence, and every claim that a curator related."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cd22kg.queries.claims import KnownClaim
from cd22kg.synthesis.audit.case import Case, Related
from cd22kg.synthesis.audit.comparison import Comparison, said
from cd22kg.synthesis.audit.verdicts import Beside, Finding, Verdict
from cd22kg.synthesis.audit.wording import figure_words, listed, named, short_label, source_word


def finding(
    claim: KnownClaim,
    case: Case,
    verdict: Verdict,
    *clauses: str,
    axes: Sequence[str] = (),
    dropped: Sequence[str] = (),
    evidence: Iterable[Beside] = (),
) -> Finding:
    """Return a verdict, explained by clauses that make one sentence.

    Beside the evidence given stands every claim that the curator related to this one.
    """
    related = [
        *case.outgoing(claim, "repeats"),
        *case.no_sources(claim),
        *case.contradicting(claim),
        *case.superseding(claim),
        *case.outgoing(claim, "confirms"),
        *case.incoming(claim, "confirms", "confirmed by"),
    ]
    beside: dict[str, Beside] = {}
    for each in (*case.beside(related), *evidence):
        beside.setdefault(each.claim.id, each)
    sentence = "; ".join(filter(None, clauses))
    first = sentence.partition(" ")[0]
    if first.isalpha() and first != "p" and first not in case.evidence.claims:  # names and figures stay as they are
        sentence = sentence[:1].upper() + sentence[1:]
    figure = figure_words(claim.measurement, case.evidence)
    return Finding(claim, figure, verdict, f"{sentence}.", tuple(axes), tuple(dropped), tuple(beside.values()))


def audited(case: Case) -> str:
    """Return what the audited source is called in a sentence."""
    return source_word(case.source.type)


def subject(claim: KnownClaim, case: Case) -> str:
    """Return the figure of a claim as the subject of a sentence; ``the statement`` where it has none."""
    figure = figure_words(claim.measurement, case.evidence)
    return f"{figure}," if "," in figure else figure or "the statement"


def what(claim: KnownClaim, case: Case) -> str:
    """Return what a claim gives: ``the pooled complete response of fergusson-2023-p01``."""
    pooled = "pooled " if claim.type == "PooledClaim" else ""
    outcome = short_label("outcome", claim.outcome, case.evidence) or "figure"
    return f"the {pooled}{outcome} of {claim.id}"


def states(comparison: Comparison, case: Case, *, widened: bool = False) -> tuple[str, str]:
    """Return in words what both state where they differ; in its place, what the statement puts more widely."""
    differences = comparison.widened if widened else comparison.differing
    pairs = [said(difference, comparison, case.evidence) for difference in differences]
    return tuple(listed([pair[at] for pair in pairs if pair[at]]) for at in (0, 1))  # type: ignore[return-value]


def against(claim: KnownClaim, case: Case) -> str:
    """Return which claims are said to contradict one, and how sure that is, as a clause; empty where none is."""
    found = case.contradicting(claim)
    told = [named(each.claim, case.evidence, f"certainty: {each.certainty}") for each in found]
    return f"{listed(told)} contradict{'s' if len(told) == 1 else ''} it" if told else ""


def ids(related: Iterable[Related]) -> str:
    """Return the names of claims as a list."""
    return listed([each.claim.id for each in related])
