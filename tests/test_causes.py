"""Causes of disagreements: each is found in a small corpus made for it, and in its place among others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cd22kg.graph import KnowledgeGraph
from cd22kg.synthesis.conflicts.background import Background
from cd22kg.synthesis.conflicts.causes import FACTORS, Cause, Causes
from cd22kg.synthesis.conflicts.comparable import Patients
from cd22kg.synthesis.evidence import AFTER_CD19, EVIDENCE
from tests.corpora import claim, corpus

#: What one claim and the other are, beside the rest of a corpus, and what must be told: factor, words of the sentence,
#: and whether it is decisive.
Case = tuple[dict[str, Any], dict[str, Any], dict[str, Any], str, str, bool]

SAME = {"cohort": "a"}
OF_ONE_STUDY = ({"id": "a", "study": "trial"}, {"id": "b", "study": "trial"})
LATER = {"relations": [{"type": "supersedes", "target": "one", "certainty": "likely", "reason": "Made up."}]}
BROKEN = {"publishedInconsistency": [{"rule": "measurement-percent-agrees", "reason": "5 of 9 is 55.6 %."}]}

CASES: dict[str, Case] = {
    "same cohort": (SAME, SAME, {}, "patients", "Both count a.", True),
    "part of a cohort": (
        SAME,
        {"cohort": "b"},
        {"cohorts": [{"id": "a", "subsetOf": ["b"]}]},
        "patients",
        "a is part of b.",
        True,
    ),
    "whole of a cohort": (
        {"cohort": "b"},
        SAME,
        {"cohorts": [{"id": "a", "subsetOf": ["b"]}]},
        "patients",
        "a is part of b.",
        True,
    ),
    "overlap, later": (
        SAME,
        {"cohort": "b", **LATER},
        {"cohorts": [{"id": "a", "overlaps": ["b"]}]},
        "patients",
        "a shares patients with b; other is the later report (likely).",
        True,
    ),
    "pooled": (
        {"kind": "PooledClaim"},
        SAME,
        {},
        "patients",
        "One is pooled, perhaps with a.",
        False,
    ),
    "both pooled": (
        {"kind": "PooledClaim"},
        {"kind": "PooledClaim"},
        {},
        "patients",
        "Both are pooled, perhaps of the same studies.",
        False,
    ),
    "published inconsistency": (
        BROKEN,
        {},
        {},
        "arithmetic",
        "one does not add up as printed: 5 of 9 is 55.6 %.",
        True,
    ),
    "another total": (
        {**SAME, "events": 40, "total": 57},
        {**SAME, "events": 40, "value": 73, "unit": "%"},
        {},
        "denominator",
        "The same 40 patients are divided by 57 and by 55 (worked out): that is the difference.",
        True,
    ),
    "swapped digits": (
        {**SAME, "value": "34.5", "unit": "%"},
        {**SAME, "value": "43.5", "unit": "%"},
        {},
        "transcription",
        "34.5 % and 43.5 % differ by two digits that are swapped.",
        True,
    ),
    "swapped digits across the point": (
        {**SAME, "value": "34.5", "unit": "%"},
        {**SAME, "value": "35.4", "unit": "%"},
        {},
        "transcription",
        "34.5 % and 35.4 % differ by two digits that are swapped.",
        True,
    ),
    "swapped counts": (
        {**SAME, "events": 12, "total": 40},
        {**SAME, "events": 21, "total": 40},
        {},
        "transcription",
        "12 and 21 differ by two digits that are swapped.",
        True,
    ),
    "percentage for fraction": (
        {**SAME, "value": "0.87", "unit": "%"},
        {**SAME, "value": "0.87", "unit": "fraction"},
        {},
        "transcription",
        "0.87 % and 0.87 differ as a percentage and a fraction do.",
        True,
    ),
    "decimal point": (
        {**SAME, "value": "8.6", "unit": "%"},
        {**SAME, "value": "86", "unit": "%"},
        {},
        "transcription",
        "8.6 % and 86 % differ by one place of the decimal point.",
        True,
    ),
    "those without": (
        {**SAME, "value": "30", "unit": "%"},
        {**SAME, "value": "70", "unit": "%"},
        {},
        "transcription",
        "30 % and 70 % make 100 %, as if one counts those without the outcome.",
        True,
    ),
    "another figure of the source": (
        {**SAME, "source": "paper", "value": "71.9", "unit": "%"},
        {**SAME, "source": "paper", "value": "70.2", "unit": "%"},
        {"claims": [claim("response", source="paper", cohort="a", outcome="orr", value="71.9", unit="%")]},
        "transcription",
        "one prints 71.9 %, as response does.",
        True,
    ),
    "read elsewhere": (
        {**SAME, "reportedVia": "review-a"},
        {**SAME, "reportedVia": "review-b"},
        {},
        "transcription",
        "One was read in review-a, the other in review-b.",
        False,
    ),
    "groups of one study": (
        SAME,
        {"cohort": "b"},
        {"cohorts": OF_ONE_STUDY},
        "study",
        "Both are groups of trial, with what sets these apart.",
        True,
    ),
    "denominator": (
        {"value": 50, "unit": "%", "denominator": "infused"},
        {"value": 60, "unit": "%", "denominator": "enrolled"},
        {},
        "denominator",
        "The shares are of other patients: infused patients here, enrolled patients there.",
        False,
    ),
    "selected by outcome": (
        {"outcome": "relapse", "value": 50, "unit": "%", "amongOutcome": "cr", "denominator": "responders"},
        {"outcome": "relapse", "value": 60, "unit": "%", "denominator": "infused"},
        {},
        "denominator",
        "patients with complete response here, infused patients there.",
        False,
    ),
    "time": (
        {"value": 50, "unit": "%", "timepoint": 28, "timepointUnit": "day"},
        {"value": 60, "unit": "%", "timepoint": 3, "timepointUnit": "month"},
        {},
        "time",
        "The figures are of other times: 28 days here, 3 months there.",
        False,
    ),
    "outcome": ({}, {"outcome": "cr-or-cri"}, {}, "outcome", "The outcomes differ: complete response here,", False),
    "grade": (
        {"outcome": "crs-any-grade"},
        {"outcome": "crs-grade-ge-3"},
        {},
        "outcome",
        "cytokine release syndrome of grade 3 or more there.",
        False,
    ),
    "counted apart": (
        {**SAME, "source": "paper"},
        {"cohort": "b"},
        {"claims": [claim("cri", source="paper", cohort="a", outcome="cri", events=4, total=18)]},
        "outcome",
        "recovery of blood counts apart, 4 of 18, where other may count them along.",
        False,
    ),
    "scale": (
        {"value": 1, "unit": "%", "gradingScale": "lee-2014"},
        {"value": 9, "unit": "%", "gradingScale": "astct-2019"},
        {},
        "scale",
        "Lee criteria of 2014 here, ASTCT consensus of 2019 there.",
        False,
    ),
    "dose": (
        SAME,
        {"cohort": "b"},
        {"cohorts": [{"id": "a", "doseLevel": "1e6 per kg"}, {"id": "b", "doseLevel": "3e6 per kg"}]},
        "dose",
        "The doses differ: 1e6 per kg here, 3e6 per kg there.",
        False,
    ),
    "after CD19": (
        {"inferred": (EVIDENCE, AFTER_CD19)},
        {},
        {},
        "prior-cd19",
        "Earlier CD19-directed therapy differs: all after a CD19-directed therapy here, not stated there.",
        False,
    ),
    "shares after CD19": (
        SAME,
        {"cohort": "b"},
        {
            "claims": [
                claim("prior-a", cohort="a", outcome="prior-cd19-car-t", events=15, total=21),
                claim("prior-b", cohort="b", outcome="prior-cd19-car-t", events=2, total=8),
            ]
        },
        "prior-cd19",
        "Prior CD19 CAR T cells: 15 of 21 here, 2 of 8 there.",
        False,
    ),
    "construct": (
        {"therapy": "auto3"},
        {"therapy": "cart22-19"},
        {},
        "construct",
        "The constructs differ: bicistronic here, tandem there.",
        False,
    ),
    "origin of cells": (
        {"therapy": "ucart22"},
        {"therapy": "m971-bbz"},
        {},
        "cells",
        "The origin of the cells differs: allogeneic here, autologous there.",
        False,
    ),
    "origin of cells, one silent": (
        {"therapy": "cd22-carfh80"},
        {"therapy": "ucart22"},
        {},
        "cells",
        "The origin of the cells differs: not stated here, allogeneic there.",
        False,
    ),
    "binder": (
        {"therapy": "cart22"},
        {"therapy": "cd22-cd19-sequential-hib22"},
        {},
        "binder",
        "The binders differ: m971 here, HIB22 there.",
        False,
    ),
    "costimulation": (
        {"therapy": "cd22-car-t-nct04007978"},
        {"therapy": "cart22"},
        {},
        "costimulation",
        "The costimulatory domains differ: 4-1BB and CD28 here, 4-1BB there.",
        False,
    ),
    "product": (
        {"therapy": "m971-bbz"},
        {"therapy": "cart22"},
        {},
        "product",
        "The products differ: CD22-CAR (NCI) here, CART22 there.",
        False,
    ),
    "age": (
        SAME,
        {"cohort": "b"},
        {"cohorts": [{"id": "a", "ageGroup": "adult"}, {"id": "b", "ageGroup": "paediatric"}]},
        "population",
        "The patients differ in age: adult here, paediatric there.",
        False,
    ),
    "indication": (
        {},
        {"indication": "adult-b-all"},
        {},
        "indication",
        "adult B-cell acute lymphoblastic leukaemia there.",
        False,
    ),
    "source kind": (
        {"source": "paper"},
        {"source": "abstract"},
        {"sources": {"abstract": {"type": "ConferenceAbstract"}}},
        "source-kind",
        "The sources are of other kinds: JournalArticle here, ConferenceAbstract there.",
        False,
    ),
}


def causes(graph: KnowledgeGraph, mine: Mapping[str, Any], theirs: Mapping[str, Any], rest: Mapping[str, Any]) -> Any:
    """Return the causes of two claims in a corpus, and what finds them."""
    one, other = claim("one", **mine), claim("other", **theirs)
    evidence = corpus(
        graph,
        one,
        other,
        *rest.get("claims", ()),
        cohorts=rest.get("cohorts", ()),
        sources=rest.get("sources"),
    )
    finder = Causes(evidence, Patients(evidence))
    return finder.of(one, other), finder, one, other


@pytest.mark.parametrize(("mine", "theirs", "rest", "factor", "sentence", "decisive"), CASES.values(), ids=CASES)
def test_each_cause(
    mine: dict[str, Any],
    theirs: dict[str, Any],
    rest: dict[str, Any],
    factor: str,
    sentence: str,
    decisive: bool,
    kg: KnowledgeGraph,
) -> None:
    """The cause is told, with what both claims state."""
    found = [cause for cause in causes(kg, mine, theirs, rest)[0] if cause.factor == factor]

    assert [cause.decisive for cause in found if sentence in cause.sentence] == [decisive]


def test_every_factor_has_a_case() -> None:
    """No cause is offered that is never found."""
    assert {case[3] for case in CASES.values()} == set(FACTORS)


def test_nothing_differs(kg: KnowledgeGraph) -> None:
    """Two claims that say the same of other patients have no cause."""
    figure = {"events": 3, "total": 9, "denominator": "infused"}
    assert causes(kg, {**figure, "cohort": "a"}, {**figure, "cohort": "b"}, {})[0] == ()


def test_no_slip_between_trials(kg: KnowledgeGraph) -> None:
    """Two trials may well have 12 and 21 patients in remission, and 30 and 70 per cent: nobody copied anything."""
    counts = causes(kg, {"cohort": "a", "events": 12, "total": 40}, {"cohort": "b", "events": 21, "total": 40}, {})[0]
    values = causes(kg, {"cohort": "a", "value": 30, "unit": "%"}, {"cohort": "b", "value": 70, "unit": "%"}, {})[0]

    assert (counts, values) == ((), ())


def test_no_slip_between_groups_of_a_source(kg: KnowledgeGraph) -> None:
    """Two arms that one source tells apart are two things; of groups that two sources report that is not sure."""
    arms = ({"id": "a", "study": "trial"}, {"id": "b", "study": "trial"})
    mine, theirs = {"cohort": "a", "events": 12, "total": 40}, {"cohort": "b", "events": 21, "total": 40}
    in_one = causes(kg, {**mine, "source": "paper"}, {**theirs, "source": "paper"}, {"cohorts": arms})[0]
    in_two = causes(kg, mine, theirs, {"cohorts": arms})[0]

    assert [cause.factor for cause in in_one] == ["study"]
    assert [cause.factor for cause in in_two] == ["transcription", "study"]


@pytest.mark.parametrize(
    ("rule", "figure"),
    [
        ("claim-repeats-wider-population", {"value": 56, "unit": "%"}),
        ("measurement-percent-agrees", {"value": 66, "unit": "%", "events": 8, "total": 12}),
    ],
)
def test_flaws_that_are_none(rule: str, figure: dict[str, Any], kg: KnowledgeGraph) -> None:
    """A claim that restates a wider population, and digits that are cut, are no arithmetic that does not add up."""
    broken = {"publishedInconsistency": [{"rule": rule, "reason": "Made up."}]}

    assert causes(kg, {**figure, **broken, "cohort": "a"}, {"cohort": "b"}, {})[0] == ()


def test_pooled_before_a_trial_was_reported(kg: KnowledgeGraph) -> None:
    """A review does not hold patients of whom all reports are later than its search; of one early report it may."""
    dates = {"review": {"published": "2023", "searchedUntil": "2022-03-03"}, "trial": {"published": "2022-06"}}
    mine, theirs = {"kind": "PooledClaim", "source": "review"}, {"cohort": "a", "source": "trial"}
    early = claim("early", source="abstract", cohort="part", events=1, total=4)
    rest = {"claims": [early], "cohorts": [{"id": "part", "subsetOf": ["a"]}]}
    sources = {**dates, "abstract": {"published": "2021"}}

    assert [c.factor for c in causes(kg, mine, theirs, {"sources": dates})[0]] == []
    assert [c.factor for c in causes(kg, mine, theirs, {"sources": sources, **rest})[0]] == ["patients"]


def test_size_of_trials_is_no_cause(kg: KnowledgeGraph) -> None:
    """That one trial is larger than the other explains nothing."""
    assert causes(kg, {"cohort": "a", "events": 9, "total": 40}, {"cohort": "b", "events": 9, "total": 20}, {})[0] == ()


def test_partial_response_is_no_complete_one(kg: KnowledgeGraph) -> None:
    """That a source counts partial responses apart does not make its complete ones fewer."""
    partial = claim("pr", source="paper", cohort="a", outcome="pr", events=4, total=18)
    found = causes(kg, {"cohort": "a", "source": "paper"}, {"cohort": "b"}, {"claims": [partial]})[0]

    assert [cause.factor for cause in found] == []


def test_both_count_apart(kg: KnowledgeGraph) -> None:
    """Where both sources tell of incomplete recovery, neither counts it along."""
    apart = [
        claim("cri-a", source="paper", cohort="a", outcome="cri", events=4, total=18),
        claim("cri-b", source="other-paper", cohort="b", outcome="cri", events=1, total=9),
    ]
    mine, theirs = {"cohort": "a", "source": "paper"}, {"cohort": "b", "source": "other-paper"}
    evidence = corpus(kg, claim("one", **mine), claim("other", **theirs), *apart)

    assert list(Background(evidence).counted_apart(claim("one", **mine), claim("other", **theirs))) == []


#: What differs between the two claims of the next test, in the order of `FACTORS`.
_DIFFERING = ("transcription", "time", "construct", "product", "source-kind")


def test_order(kg: KnowledgeGraph) -> None:
    """What decides comes first, in its order; what differs follows by what it explains, then in its order."""
    mine = {"cohort": "a", "therapy": "auto3", "value": "34.5", "unit": "%", "timepoint": 28, "timepointUnit": "day"}
    mine["source"] = "paper"
    theirs = {**mine, "therapy": "cart22-19", "value": "43.5", "timepoint": 90, "source": "release"}
    _, finder, one, other = causes(kg, mine, theirs, {"sources": {"release": {"type": "PressRelease"}}})
    first = Cause("arithmetic", "", "", "Made up.", True)
    told = [cause.factor for cause in finder.of(one, other, [first])]
    by_source = [c.factor for c in finder.of(one, other, explained={"source-kind": 1.0, "construct": 0.1})]
    by_scatter = [cause.factor for cause in finder.of(one, other, explained={"construct": 0.6, "product": 0.7})]

    assert told == ["patients", "arithmetic", "transcription", *_DIFFERING]
    assert by_scatter == ["patients", "transcription", "product", "construct", "transcription", "time", "source-kind"]
    assert by_source == ["patients", "transcription", "construct", "transcription", "time", "product", "source-kind"]
