"""Why two claims may disagree: what decides it first, then what differs, by how much it tends to explain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from cd22kg.queries.claims import KnownClaim
from cd22kg.synthesis.conflicts.background import Background
from cd22kg.synthesis.conflicts.comparable import Patients
from cd22kg.synthesis.conflicts.shares import Share, share_of
from cd22kg.synthesis.conflicts.slips import slips
from cd22kg.synthesis.differences import Difference, differences
from cd22kg.synthesis.evidence import Evidence, document, is_later
from cd22kg.synthesis.flaws import broken_rules

#: What can be behind a disagreement, in the order in which causes of one kind are told: first what makes the two
#: figures no two observations, then what is counted and when, then who was treated with what, then who says so.
FACTORS = (
    "patients",
    "arithmetic",
    "denominator",
    "transcription",
    "study",
    "time",
    "outcome",
    "scale",
    "dose",
    "prior-cd19",
    "construct",
    "cells",
    "binder",
    "costimulation",
    "product",
    "population",
    "indication",
    "source-kind",
)
#: What is told last, however well it splits the claims on a subject.
LAST = frozenset(("source-kind",))
#: Axes of `differences` by the factor they belong to; other patients are what a second trial is about.
_AXES = {"grade": "outcome", "therapy": "product", "cohort": ""}
#: What a factor is called where two claims differ in it.
_WORDS = {
    "denominator": "The shares are of other patients",
    "time": "The figures are of other times",
    "outcome": "The outcomes differ",
    "scale": "The grades are of other scales",
    "dose": "The doses differ",
    "prior-cd19": "Earlier CD19-directed therapy differs",
    "construct": "The constructs differ",
    "cells": "The origin of the cells differs",
    "binder": "The binders differ",
    "costimulation": "The costimulatory domains differ",
    "product": "The products differ",
    "population": "The patients differ in age",
    "indication": "The indications differ",
    "source-kind": "The sources are of other kinds",
}
#: What is known of a product, by factor.
PRODUCT_FACTS = {"cells": "cellOrigin", "binder": "binder", "costimulation": "costimulatoryDomain"}
_NOT_STATED = "not stated"


@dataclass(frozen=True)
class Cause:
    """What may be behind a disagreement.

    Attributes:
        factor: One of `FACTORS`.
        here: What the first claim has of it, in words; empty where it does not say.
        there: What the second one has.
        sentence: The same in one sentence.
        decisive: Whether it would account for the difference alone, or bars the figures from being two observations;
            else it is one of the things that differ, and may have nothing to do with it.
    """

    factor: str
    here: str
    there: str
    sentence: str
    decisive: bool = False


class Causes:
    """Finds the causes of disagreements in one graph."""

    def __init__(self, evidence: Evidence, patients: Patients) -> None:
        """Take the claims, and what tells which of them count the same patients."""
        self._evidence = evidence
        self._patients = patients
        self._background = Background(evidence)

    def of(
        self,
        here: KnownClaim,
        there: KnownClaim,
        first: Iterable[Cause] = (),
        explained: Mapping[str, float] | None = None,
    ) -> tuple[Cause, ...]:
        """Return the causes, the likeliest first.

        What is decisive comes in the order of `FACTORS`. What merely differs comes by how much of the heterogeneity of
        all claims on the subject goes when they are split by it, where that is known, then in the order of `FACTORS`.
        The kind of source comes last whatever goes with it: where a figure stands makes it no higher or lower.

        Args:
            here: A claim.
            there: The other one.
            first: Causes that are known already.
            explained: Part of the scatter beyond chance that goes with a factor, a fraction, by factor.
        """
        known = {factor: part for factor, part in (explained or {}).items() if factor not in LAST}
        found = [*first, *self._decisive(here, there), *self._differing(here, there)]
        found.sort(
            key=lambda cause: (
                not cause.decisive,
                0.0 if cause.decisive else -known.get(cause.factor, 0.0),
                FACTORS.index(cause.factor),
            )
        )
        return tuple(dict.fromkeys(found))

    def are_of_one_thing(self, here: KnownClaim, there: KnownClaim) -> bool:
        """Return whether two claims may be two readings of one figure, so that a slip can lie between them.

        Two groups that one source tells apart are never one thing; groups of one study that two sources report may be.
        """
        mine, theirs = self._evidence.cohort_of(here), self._evidence.cohort_of(there)
        if self._shared(here, there) or "StatementClaim" in (here.type, there.type):
            return True
        if here.source == there.source:
            return here.cohort is None or there.cohort is None
        return mine is not None and theirs is not None and mine.study is not None and mine.study == theirs.study

    def _decisive(self, here: KnownClaim, there: KnownClaim) -> Iterator[Cause]:
        if why := self._shared(here, there):
            yield Cause("patients", here.cohort or "", there.cohort or "", f"{why}{self._later(here, there)}.", True)
        elif here.type == there.type == "PooledClaim":
            yield Cause("patients", "", "", "Both are pooled, perhaps of the same studies.")
        elif {here.type, there.type} == {"PooledClaim", "ResultClaim"}:
            pooled, result = (here, there) if here.type == "PooledClaim" else (there, here)
            if self._may_hold(pooled, result):
                sentence = f"One is pooled, perhaps with {result.cohort}."
                yield Cause("patients", here.cohort or "", there.cohort or "", sentence)
        for claim in (here, there):
            for broken in broken_rules(claim):
                mine, theirs = (broken.rule, "") if claim is here else ("", broken.rule)
                sentence = f"{claim.id} does not add up as printed: {broken.reason}"
                yield Cause("arithmetic", mine, theirs, sentence, True)
        if self.are_of_one_thing(here, there):
            for slip in slips(here, there, self._background.others):
                yield Cause("transcription", slip.here, slip.there, slip.sentence, True)
            yield from self._other_total(here, there)
        yield from self._one_study(here, there)

    def _shared(self, here: KnownClaim, there: KnownClaim) -> str:
        """Return in words that two claims count the same patients, or may."""
        if not here.cohort or not there.cohort:
            return ""
        why = self._patients.why(Share(here, None, "none"), Share(there, None, "none"))
        if here.cohort == there.cohort:
            return f"Both count {here.cohort}"
        if why.startswith("part of"):
            return f"{here.cohort} is {why}"
        if why.endswith("part of it"):
            return f"{there.cohort} is part of {here.cohort}"
        return f"{here.cohort} {why}" if why else ""

    def _may_hold(self, pooled: KnownClaim, result: KnownClaim) -> bool:
        """Return whether a review may have pooled the patients of a claim: some report on them is no later than it."""
        review = self._evidence.source_of(pooled)
        until = (review.searched_until or review.published or "") if review else ""
        reports = [result, *self._background.of_patients(result)]
        return not all(is_later(self._evidence.published(each), until) for each in reports)

    def _later(self, here: KnownClaim, there: KnownClaim) -> str:
        """Return which of two claims is said to supersede the other."""
        for claim, other in ((here, there), (there, here)):
            for relation in claim.relations:
                if relation.type == "supersedes" and relation.target == other.id:
                    return f"; {claim.id} is the later report ({relation.certainty})"
        return ""

    def _other_total(self, here: KnownClaim, there: KnownClaim) -> Iterator[Cause]:
        """The same number of patients with the outcome, divided by another total, is all there is to it."""
        one, other = share_of(here), share_of(there)
        if one and other and one.counts and other.counts and one.events == other.events and one.total != other.total:
            mine, theirs = (f"{s.total}{' (worked out)' if s.worked_out == 'total' else ''}" for s in (one, other))
            sentence = f"The same {one.events} patients are divided by {mine} and by {theirs}: that is the difference."
            yield Cause("denominator", mine, theirs, sentence, True)

    def _one_study(self, here: KnownClaim, there: KnownClaim) -> Iterator[Cause]:
        """Two groups of one study that share nobody differ by what the study compares."""
        mine, theirs = self._evidence.cohort_of(here), self._evidence.cohort_of(there)
        if mine is None or theirs is None or self._shared(here, there):
            return
        if (mine.study and mine.study == theirs.study) or here.source == there.source:
            sentence = f"Both are groups of {mine.study or here.source}, with what sets these apart."
            yield Cause("study", mine.id, theirs.id, sentence, True)

    def _differing(self, here: KnownClaim, there: KnownClaim) -> Iterator[Cause]:
        evidence = self._evidence
        for difference in differences(here, there, evidence):
            factor = _AXES.get(difference.axis, difference.axis)
            if factor and not _is_size(difference, here, there):
                yield _differs(factor, difference.here, difference.there)
        for factor, name in PRODUCT_FACTS.items():
            mine, theirs = (product_fact(claim, name, evidence) for claim in (here, there))
            # Cells of a donor are the exception, so that a source which is silent likely means the patient's own.
            if mine != theirs and ((mine and theirs) or "allogeneic" in (mine, theirs)):
                yield _differs(factor, mine, theirs)
        for outcome, one, other in self._background.pretreated(here, there):
            label = evidence.label("outcome", outcome)
            sentence = f"{label[:1].upper()}{label[1:]}: {one} here, {other} there."
            factor = "prior-cd19" if "cd19" in outcome else "population"
            yield Cause(factor, f"{label} {one}", f"{label} {other}", sentence)
        for counting, rest, outcome, figure in self._background.counted_apart(here, there):
            words = f"{evidence.label('outcome', outcome)} apart, {figure}"
            sentence = f"{counting.id} counts {words}, where {rest.id} may count them along."
            yield Cause("outcome", words if counting is here else "", words if counting is there else "", sentence)
        read, read_there = document(here), document(there)
        if here.cohort and here.cohort == there.cohort and read != read_there:
            yield Cause("transcription", read, read_there, f"One was read in {read}, the other in {read_there}.")


def product_fact(claim: KnownClaim, name: str, evidence: Evidence) -> str:
    """Return what is known of the product of a claim, in words; an empty text where nothing is."""
    known = evidence.concepts.get(("therapy", claim.therapy or ""))
    kind = "origin" if name == "cellOrigin" else ""
    values = known.facts.get(name, ()) if known else ()
    return " and ".join(evidence.label(kind, value) if kind else value for value in values)


def _is_size(difference: Difference, here: KnownClaim, there: KnownClaim) -> bool:
    """Return whether all that differs is how many patients two trials have."""
    return difference.axis == "denominator" and difference.here[:1].isdigit() and here.cohort != there.cohort


def _differs(factor: str, here: str, there: str) -> Cause:
    sentence = f"{_WORDS[factor]}: {here or _NOT_STATED} here, {there or _NOT_STATED} there."
    return Cause(factor, here, there, sentence)
