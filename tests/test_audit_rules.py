"""The rules of the audit: which verdict a statement gets, and which rule goes before which."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cd22kg.graph import KnowledgeGraph
from cd22kg.queries.claims import KnownClaim
from cd22kg.synthesis.audit import Finding, Verdict, audit
from cd22kg.synthesis.evidence import is_later
from tests.audit_fixture import Concepts, claim, evidence, said, share, to

ALL_58 = {
    "id": "trial-all",
    "size": 58,
    "composition": ({"indication": "b-all", "size": 57}, {"indication": "dlbcl", "size": 1}),
}
#: What a claim says that is the source of another, where a test says nothing else.
POOLED_68 = {
    "measurement": share("68", lower="53", upper="81", intervalKind="confidence", total=116, denominator="included")
}


@pytest.fixture(scope="module")
def concepts(kg: KnowledgeGraph) -> Concepts:
    """Return the concepts of the package."""
    return kg.evidence.concepts


def finding(concepts: Concepts, *claims: KnownClaim, cohorts: tuple[dict[str, Any], ...] = ()) -> Finding:
    """Return the finding on the claim ``here``."""
    here = next(each for each in claims if each.id == "here")
    source = here.stated.reported_via or here.source
    found = audit(source, evidence(concepts, claims, cohorts))
    return next(each for each in found.findings if each.claim.id == "here")


def against(concepts: Concepts, here: dict[str, Any], there: dict[str, Any], certainty: str = "certain") -> Finding:
    """Return the finding on a statement that repeats one pooled figure."""
    repeating = said(**here, relations=[to("there", certainty)])
    return finding(concepts, repeating, claim("there", "pooled", "PooledClaim", **there))


# One source stands out

#: A statement, its source, and the verdict with its axes and what is dropped.
ONE_SOURCE: dict[str, tuple[dict[str, Any], dict[str, Any], Verdict, tuple[str, ...], tuple[str, ...]]] = {
    "the same": ({"measurement": share("68")}, {"measurement": share("68")}, Verdict.AGREES, (), ()),
    "interval and patients dropped": (
        {"measurement": share("68")},
        POOLED_68,
        Verdict.SIMPLIFIED,
        (),
        ("interval", "number of patients"),
    ),
    "rounded": ({"measurement": share("70")}, {"measurement": share("70.2")}, Verdict.SIMPLIFIED, (), ()),
    "cut": ({"measurement": share("70")}, {"measurement": share("70.5")}, Verdict.SIMPLIFIED, (), ()),
    "a fraction": (
        {"measurement": share("54")},
        {"measurement": {"statistic": "proportion", "value": "0.54", "unit": "fraction"}},
        Verdict.AGREES,
        (),
        (),
    ),
    "narrower indication": (
        {"measurement": share("68")},
        {**POOLED_68, "indication": "all"},
        Verdict.DIFFERS,
        ("indication",),
        ("interval", "number of patients"),
    ),
    "wider indication": (
        {"indication": "b-cell-malignancy", "measurement": share("68")},
        {"measurement": share("68")},
        Verdict.DIFFERS,
        ("indication",),
        (),
    ),
    "another indication": (
        {"measurement": share("68")},
        {"indication": "nhl", "measurement": share("68")},
        Verdict.DIFFERS,
        ("indication",),
        (),
    ),
    "a group for a product": (
        {"measurement": share("68")},
        {"therapy": "m971-bbz", "measurement": share("68")},
        Verdict.SIMPLIFIED,
        (),
        ("product",),
    ),
    "a narrower therapy": (
        {"measurement": share("68")},
        {"therapy": "cd22-directed-car-t", "measurement": share("68")},
        Verdict.DIFFERS,
        ("therapy",),
        (),
    ),
    "any grade for severe": (
        {"outcome": "crs-any-grade", "measurement": share("6")},
        {"outcome": "crs-grade-ge-3", "measurement": share("6")},
        Verdict.DIFFERS,
        ("outcome or grade",),
        (),
    ),
    "neurotoxicity for ICANS": (
        {"outcome": "neurotoxicity-grade-ge-3", "measurement": share("3")},
        {"outcome": "icans-grade-ge-3", "measurement": share("3")},
        Verdict.SIMPLIFIED,
        (),
        (),
    ),
    "of those with the outcome": (
        {"outcome": "crs-grade-1-2", "measurement": share("90")},
        {"outcome": "crs-grade-1-2", "measurement": share("90", amongOutcome="crs-any-grade")},
        Verdict.DIFFERS,
        ("denominator",),
        (),
    ),
    "relapse is of responders": (
        {"outcome": "relapse", "measurement": share("40")},
        {"outcome": "relapse", "measurement": share("40", amongOutcome="cr")},
        Verdict.SIMPLIFIED,
        (),
        (),
    ),
    "another time": (
        {"outcome": "os", "measurement": share("40", timepoint="12", timepointUnit="month")},
        {"outcome": "os", "measurement": share("40", timepoint="6", timepointUnit="month")},
        Verdict.DIFFERS,
        ("time",),
        (),
    ),
    "time dropped": (
        {"outcome": "os", "measurement": share("40")},
        {"outcome": "os", "measurement": share("40", timepoint="6", timepointUnit="month")},
        Verdict.SIMPLIFIED,
        (),
        ("time point",),
    ),
    "several axes in their order": (
        {"therapy": "auto3", "outcome": "orr", "measurement": share("40")},
        {"indication": "all", "measurement": share("40")},
        Verdict.DIFFERS,
        ("indication", "therapy", "outcome or grade"),
        (),
    ),
    "another value, and another indication": (
        {"measurement": share("86")},
        {**POOLED_68, "indication": "all"},
        Verdict.VALUE,
        (),
        (),
    ),
    "a value outside its own interval": (
        {"measurement": share("91")},
        {"measurement": share("91", lower="47", upper="88", intervalKind="confidence")},
        Verdict.PUBLISHED,
        (),
        (),
    ),
    "another value than a source that contradicts itself": (
        {"measurement": share("50")},
        {"measurement": share("91", lower="47", upper="88", intervalKind="confidence")},
        Verdict.PUBLISHED,
        (),
        (),
    ),
    "none is not few": ({"measurement": share("0")}, {"measurement": share("0.9")}, Verdict.VALUE, (), ()),
    "more digits than the source": (
        {"measurement": share("68.4")},
        {"measurement": share("68")},
        Verdict.SIMPLIFIED,
        (),
        (),
    ),
    "digits that a store has folded": (
        {"measurement": share("70", asPrinted="70.0 %")},
        {"measurement": share("70.4")},
        Verdict.VALUE,
        (),
        (),
    ),
    "a limit dropped": (
        {"measurement": share("64.1")},
        {"measurement": share("64.1", bound="less-or-equal")},
        Verdict.SIMPLIFIED,
        (),
        ('"at most"',),
    ),
    "a time that was not reached": (
        {"outcome": "os", "measurement": {"statistic": "median", "value": "13.4", "unit": "month"}},
        {"outcome": "os", "measurement": {"statistic": "median", "valueStatus": "not-reached", "unit": "month"}},
        Verdict.VALUE,
        (),
        (),
    ),
    "not reached for a time": (
        {"outcome": "os", "measurement": {"statistic": "median", "valueStatus": "not-reached", "unit": "month"}},
        {"outcome": "os", "measurement": {"statistic": "median", "value": "13.4", "unit": "month"}},
        Verdict.VALUE,
        (),
        (),
    ),
    "not reached in both": (
        {"outcome": "os", "measurement": {"statistic": "median", "valueStatus": "not-reached", "unit": "month"}},
        {"outcome": "os", "measurement": {"statistic": "median", "valueStatus": "not-reached", "unit": "month"}},
        Verdict.AGREES,
        (),
        (),
    ),
    "a range that covers it": (
        {"measurement": share(unit="percent", lower="40", upper="69", intervalKind="range")},
        {"measurement": share("66")},
        Verdict.SIMPLIFIED,
        (),
        (),
    ),
    "a limit that it exceeds": (
        {
            "outcome": "car-t-dose",
            "measurement": {"statistic": "maximum", "value": "1", "unit": "cells", "bound": "<="},
        },
        {"outcome": "car-t-dose", "measurement": {"statistic": "maximum", "value": "3", "unit": "cells"}},
        Verdict.VALUE,
        (),
        (),
    ),
    "a statement for a figure": ({}, POOLED_68, Verdict.SIMPLIFIED, (), ("figure",)),
    "a statement put more widely": (
        {"indication": "b-cell-malignancy"},
        {"measurement": share(valueStatus="not-printed")},
        Verdict.SIMPLIFIED,
        (),
        (),
    ),
    "a statement of fewer patients": (
        {},
        {"indication": "all", "measurement": share(valueStatus="not-printed")},
        Verdict.DIFFERS,
        ("indication",),
        (),
    ),
    "a statement of other patients": (
        {},
        {"indication": "dlbcl", "measurement": share(valueStatus="not-printed")},
        Verdict.DIFFERS,
        ("indication",),
        (),
    ),
    "a figure that the source does not have": (
        {"measurement": share("68")},
        {"measurement": share(valueStatus="not-printed")},
        Verdict.UNSOURCED,
        (),
        (),
    ),
}


@pytest.mark.parametrize("case", ONE_SOURCE)
def test_one_source(concepts: Concepts, case: str) -> None:
    """A statement with one source that stands out is held against it: first its value, then of what it is."""
    here, there, *expected = ONE_SOURCE[case]
    found = against(concepts, here, there)

    assert [found.verdict, found.axes, found.dropped] == expected


def test_nearly_all_patients_stand_for_all(concepts: Concepts) -> None:
    """A figure of 58 patients of whom 57 have B-ALL may be called one of B-ALL, which is told."""
    there = claim(
        "there", "trial", "ResultClaim", cohort="trial-all", indication="b-cell-malignancy", measurement=share("68")
    )
    here = said(measurement=share("68"), relations=[to("there")])
    found = finding(concepts, here, there, cohorts=(ALL_58,))
    half = {**ALL_58, "size": 114}

    assert (found.verdict, "57 of 58 with B-ALL" in found.explanation) == (Verdict.SIMPLIFIED, True)
    assert finding(concepts, here, there, cohorts=(half,)).axes == ("indication",)


def test_a_statement_is_not_of_the_few(concepts: Concepts) -> None:
    """What is said of a cohort of whom nearly all have B-ALL is not said of lymphoma, for the sake of one patient."""
    there = claim("there", "trial", about=("outcome/cr",), cohort="trial-all", indication="b-cell-malignancy")
    here = said(indication="nhl", relations=[to("there", "likely")])
    found = finding(concepts, here, there, cohorts=(ALL_58,))

    assert (found.verdict, found.axes) == (Verdict.DIFFERS, ("indication",))
    assert "there says it of 57 of 58 with B-ALL, the article of NHL" in found.explanation
    assert finding(concepts, here, there).verdict is Verdict.SIMPLIFIED


def test_failed_cd19_therapy_is_a_population(concepts: Concepts) -> None:
    """A figure given for patients whom a CD19-directed therapy failed is of others where not all had had one."""
    here = said(
        about=("factor/prior-cd19-failure",), measurement=share("70"), relations=[to("there")], therapy="m971-bbz"
    )
    there = claim("there", "trial", "ResultClaim", therapy="m971-bbz", measurement=share("70"))

    def prior(events: int) -> KnownClaim:
        had = share(events=events, total=58)
        return claim("had", "trial", "ResultClaim", outcome="prior-cd19-directed-therapy", measurement=had)

    assert finding(concepts, here, there, prior(51)).axes == ("population",)
    assert finding(concepts, here, there, prior(58)).verdict is Verdict.AGREES
    assert finding(concepts, here, there).verdict is Verdict.AGREES


def test_two_documents_with_different_figures(concepts: Concepts) -> None:
    """A restated figure for which two documents print different ones is of a published source that is inconsistent."""
    here = said(measurement=share("70"), relations=[to("there")])
    one = claim("there", "trial", "ResultClaim", reportedVia="review", measurement=share("70"))
    contradicting = [to("there", kind="contradicts")]
    two = claim(
        "other", "trial", "ResultClaim", reportedVia="second-review", measurement=share("73"), relations=contradicting
    )
    found = finding(concepts, here, one, two)

    assert found.verdict is Verdict.PUBLISHED
    assert "70 % in review and 73 % in second-review (other)" in found.explanation


def test_what_a_review_misprints(concepts: Concepts) -> None:
    """What a work itself prints is not in doubt because a review prints it otherwise; the review's figure differs."""
    itself = claim("itself", "trial", "ResultClaim", measurement=share("34.5", events=10, total=29))
    contradicting = [to("itself", kind="contradicts")]
    retold = claim(
        "retold",
        "trial",
        "ResultClaim",
        reportedVia="review",
        measurement=share(events=11, total=32),
        relations=contradicting,
    )
    here = said(measurement=share("34.5"), relations=[to("itself")])
    found = {each.claim.id: each for each in audit("trial", evidence(concepts, [itself, retold])).findings}

    assert finding(concepts, here, itself, retold).verdict is Verdict.SIMPLIFIED
    assert {slug: each.verdict for slug, each in found.items()} == {"itself": Verdict.OWN, "retold": Verdict.VALUE}
    assert found["itself"].explanation.endswith("retold (11 of 32; certainty: certain) contradicts it.")
    assert "11 of 32 is what review prints, and the work itself 34.5 %, 10 of 29" in found["retold"].explanation


def test_superseded_source(concepts: Concepts) -> None:
    """What agrees with a source that a later report replaced is superseded; what differs from it, differs."""
    here = said(measurement=share("57"), relations=[to("there")])
    there = claim("there", "trial", "ResultClaim", measurement=share("57"))
    newer = claim(
        "newer",
        "later-article",
        "ResultClaim",
        measurement=share("70"),
        relations=[to("there", "likely", "supersedes")],
    )

    assert finding(concepts, here, there, newer).verdict is Verdict.SUPERSEDED
    wider = there.stated.model_copy(update={"indication": "all"})
    assert finding(concepts, here, KnownClaim(wider, "trial", there.inferred), newer).verdict is Verdict.DIFFERS


def test_a_certain_source_goes_before_a_likely_one(concepts: Concepts) -> None:
    """Of several sources that stand out the surest is taken; among equals the one with the same figure."""
    surest = said(measurement=share("68"), relations=[to("a", "likely"), to("b", "certain")])
    same = said(measurement=share("68"), relations=[to("a", "likely"), to("c", "likely")])
    claims = [
        claim("a", "pooled", "PooledClaim", outcome="orr", measurement=share("67")),
        claim("b", "trial", "ResultClaim", measurement=share("60")),
        claim("c", "trial-two", "ResultClaim", measurement=share("68")),
    ]

    assert finding(concepts, surest, *claims).verdict is Verdict.VALUE
    assert finding(concepts, same, *claims).verdict is Verdict.AGREES


def test_a_later_claim_is_no_source(concepts: Concepts) -> None:
    """What appeared after the audited source is later evidence, never what it repeats."""
    here = said(measurement=share("68"), relations=[to("there")])
    there = claim("there", "later-article", "ResultClaim", measurement=share("68"))
    found = finding(concepts, here, there)

    assert found.verdict is Verdict.UNSOURCED
    assert [(each.claim.id, each.role) for each in found.evidence] == [("there", "later evidence")]
    assert "published later" in found.explanation


def test_a_retracted_source_is_none(concepts: Concepts) -> None:
    """What stands in a retracted work is unsourced, which is told; nor does such a work contradict or replace."""
    there = claim("there", "trial", "ResultClaim", measurement=share("68"))
    here = said(measurement=share("68"), relations=[to("there")])
    against = claim(
        "against", "trial", "ResultClaim", measurement=share("20"), relations=[to("here", kind="contradicts")]
    )
    newer = claim("newer", "trial", "ResultClaim", measurement=share("20"), relations=[to("here", kind="supersedes")])

    def without(*claims: KnownClaim) -> Finding:
        known = evidence(concepts, [*claims[:1], *(KnownClaim(each.stated, each.source) for each in claims[1:])])
        gone = {**known.sources, "trial": known.sources["trial"].model_copy(update={"retracted": True})}
        return audit("overview", replace(known, sources=gone)).findings[0]

    found = without(here, there)
    assert (found.verdict, [each.role for each in found.evidence]) == (Verdict.UNSOURCED, ["retracted source"])
    assert "the source of there, which it may restate, was retracted" in found.explanation
    assert without(said(measurement=share("68")), against).verdict is Verdict.UNSOURCED
    assert without(said(measurement=share("68")), newer).verdict is Verdict.UNSOURCED


def test_nothing_is_its_own_source(concepts: Concepts) -> None:
    """Neither a claim itself, nor what was read in the audited document, nor what goes back to it bears a claim out."""
    itself = said(measurement=share("68"), relations=[to("here")])
    read_here = claim("there", "trial", "ResultClaim", reportedVia="overview", measurement=share("68"))
    there = claim("there", "review", outcome="cr", measurement=share("68"), relations=[to("back")])
    back = claim("back", "second-review", outcome="cr", measurement=share("68"), relations=[to("here")])
    here = said(measurement=share("68"), relations=[to("there")])

    assert finding(concepts, itself).verdict is Verdict.UNSOURCED
    assert finding(concepts, here, read_here).verdict is Verdict.UNSOURCED
    assert finding(concepts, here, there, back).verdict is Verdict.UNSOURCED
    assert finding(concepts, here, there).verdict is Verdict.AGREES


def test_a_claim_named_twice_is_one(concepts: Concepts) -> None:
    """Two doubtful relations to one claim do not make two candidates."""
    here = said(measurement=share("70"), relations=[to("there", "ambiguous"), to("there", "ambiguous")])
    found = finding(concepts, here, claim("there", "trial", "ResultClaim", measurement=share("70.2")))

    assert found.explanation == "70 % fits there (70.2 %), and nothing shows that it is meant."


def test_direction_that_the_source_does_not_give(concepts: Concepts) -> None:
    """A direction is content: one that the source does not give is unsourced, the opposite one is another value."""
    association = {"outcome": "toxicity", "factor": "cd4-cd8-selection"}
    here = claim(
        "here", "overview", "AssociationClaim", direction="higher", relations=[to("there", "likely")], **association
    )
    silent = claim("there", "trial", about=("factor/cd4-cd8-selection",), outcome="toxicity")
    opposite = claim("there", "trial", "AssociationClaim", direction="lower", **association)
    same = claim("there", "trial", "AssociationClaim", direction="higher", **association)

    assert finding(concepts, here, silent).verdict is Verdict.UNSOURCED
    assert finding(concepts, here, opposite).verdict is Verdict.VALUE
    assert finding(concepts, here, same).verdict is Verdict.AGREES


def test_that_no_claim_says_it_is_looked_up(concepts: Concepts) -> None:
    """What the one source does not say may stand in another claim on the same, which is told."""
    association: dict[str, Any] = {"outcome": "toxicity", "factor": "cd4-cd8-selection", "direction": "higher"}
    p_value = {"statistic": "p-value", "pValue": "0.02"}
    here = claim("here", "overview", "AssociationClaim", measurement=p_value, relations=[to("there")], **association)
    there = claim("there", "trial", "AssociationClaim", **association)
    other = claim("other", "trial-two", "AssociationClaim", measurement=p_value, **association)

    assert "no other claim on it gives p = 0.02" in finding(concepts, here, there).explanation
    found = finding(concepts, here, there, other)
    assert (found.verdict, "other (p = 0.02) gives p = 0.02" in found.explanation) == (Verdict.UNSOURCED, True)


# What an authority decided

EVENT: dict[str, Any] = {
    "therapy": "cd22-directed-car-t",
    "indication": "lbcl",
    "statementKind": "regulatory",
    "agency": "fda",
    "regulatoryEvent": "breakthrough-therapy-designation",
    "jurisdiction": "us",
    "eventDate": "2022",
}


@pytest.mark.parametrize(
    ("change", "verdict", "axes", "dropped"),
    [
        ({"eventDate": "2022-09"}, Verdict.SIMPLIFIED, (), ("month",)),
        ({"eventDate": "2022"}, Verdict.AGREES, (), ()),
        ({"eventDate": "2021-09"}, Verdict.DIFFERS, ("time",), ()),
        ({"eventDate": None}, Verdict.AGREES, (), ()),
        ({"agency": "ema"}, Verdict.VALUE, (), ()),
        ({"regulatoryEvent": "orphan-designation"}, Verdict.VALUE, (), ()),
        ({"indication": "nhl"}, Verdict.DIFFERS, ("indication",), ()),
        ({"therapy": "firi-cel"}, Verdict.SIMPLIFIED, (), ("product",)),
    ],
)
def test_events(
    concepts: Concepts, change: dict[str, Any], verdict: Verdict, axes: tuple[str, ...], dropped: tuple[str, ...]
) -> None:
    """An event is compared by agency, kind, jurisdiction, indication, therapy and date."""
    here = claim("here", "overview", **EVENT, relations=[to("there", "likely")])
    found = finding(concepts, here, claim("there", "release", **{**EVENT, **change}))

    assert (found.verdict, found.axes, found.dropped) == (verdict, axes, dropped)


@pytest.mark.parametrize(
    ("approval", "verdict"),
    [
        ({}, Verdict.VALUE),
        ({"therapy": "auto3"}, Verdict.VALUE),
        ({"eventDate": "2026-01"}, Verdict.AGREES),
        ({"agency": "nmpa"}, Verdict.AGREES),
        ({"therapy": "axicabtagene-ciloleucel"}, Verdict.AGREES),
        ({"regulatoryEvent": "orphan-designation"}, Verdict.AGREES),
        ({"negated": True}, Verdict.AGREES),
        ({"status": "draft"}, Verdict.AGREES),
        ({"indication": "b-all"}, Verdict.AGREES),
        ({"indication": "dlbcl"}, Verdict.VALUE),
        ({"eventDate": None}, Verdict.VALUE),
    ],
)
def test_not_approved(concepts: Concepts, approval: dict[str, Any], verdict: Verdict) -> None:
    """That nothing was approved holds where the graph has no approval in the group, by the agency, up to that date."""
    here = claim("here", "overview", **{**EVENT, "regulatoryEvent": "not-approved", "eventDate": None})
    approved = claim("there", "release", **{**EVENT, "regulatoryEvent": "approval", **approval})
    found = finding(concepts, here, approved)

    assert found.verdict is verdict
    assert ("takes the graph to hold" in found.explanation) == (verdict is Verdict.AGREES)


def test_approval_without_a_date(concepts: Concepts) -> None:
    """An approval of which only a later source tells may be later; what is of no therapy cannot be looked up."""
    here = claim("here", "overview", **{**EVENT, "regulatoryEvent": "not-approved", "eventDate": None})
    bare = claim("here", "overview", agency="fda", regulatoryEvent="not-approved")
    approved = claim("there", "later-article", **{**EVENT, "regulatoryEvent": "approval", "eventDate": None})

    assert finding(concepts, here, approved).verdict is Verdict.AGREES
    assert finding(concepts, bare).verdict is Verdict.UNSOURCED


# Several fit


def ambiguous(*names: str) -> list[dict[str, str]]:
    """Return doubtful repetitions."""
    return [to(name, "ambiguous") for name in names]


def test_all_that_have_the_figure_differ(concepts: Concepts) -> None:
    """Where every claim with the figure is of any grade, and the one of grade 1-2 has another, it differs in grade."""
    here = said(outcome="crs-grade-1-2", measurement=share("86"), relations=ambiguous("one", "two", "three"))
    others = [
        claim("one", "trial", "ResultClaim", outcome="crs-any-grade", measurement=share("86.2")),
        claim("two", "pooled", "PooledClaim", outcome="crs-any-grade", indication="all", measurement=share("86")),
        claim("three", "trial", "ResultClaim", outcome="crs-grade-1-2", measurement=share("90")),
    ]
    found = finding(concepts, here, *others)

    assert (found.verdict, found.axes) == (Verdict.DIFFERS, ("outcome or grade",))
    assert "another figure in three (90 %)" in found.explanation


def test_figures_of_several_works(concepts: Concepts) -> None:
    """Where claims have the figure and share no difference nothing decides; where none has it, it is another value."""
    here = said(measurement=share("70"), relations=ambiguous("one", "two"))
    fitting = [
        claim("one", "trial", "ResultClaim", measurement=share("70.2")),
        claim("two", "trial-two", "ResultClaim", measurement=share("70.5")),
    ]
    others = [
        claim("one", "trial", "ResultClaim", measurement=share("60")),
        claim("two", "trial-two", "ResultClaim", measurement=share("50")),
    ]

    assert finding(concepts, here, *fitting).verdict is Verdict.AMBIGUOUS
    assert finding(concepts, here, *others).verdict is Verdict.VALUE


def test_statements_of_one_work_or_several(concepts: Concepts) -> None:
    """A statement that sums up one work agrees with it; where it may rest on several, its source is ambiguous."""
    here = said(indication="b-cell-malignancy", relations=ambiguous("one", "two"))
    one = claim("one", "trial", "ResultClaim", measurement=share("60"))
    same_work = claim("two", "trial", "ResultClaim", indication="nhl", measurement=share("50"))
    other_work = claim("two", "trial-two", "ResultClaim", indication="nhl", measurement=share("50"))
    found = finding(concepts, here, one, same_work)

    assert (found.verdict, found.dropped) == (Verdict.SIMPLIFIED, ("figures",))
    assert finding(concepts, here, one, other_work).verdict is Verdict.AMBIGUOUS


def test_several_that_compare_nothing(concepts: Concepts) -> None:
    """A direction that none of several possible sources gives is unsourced, as that of a single one is."""
    relations = [to("one", "ambiguous"), to("two", "ambiguous")]
    words: dict[str, Any] = {"outcome": "relapse", "factor": "dual-targeting", "direction": "lower"}
    here = claim("here", "overview", "AssociationClaim", relations=relations, **words)
    counting = [claim(name, name, "ResultClaim", outcome="relapse", measurement=share("20")) for name in ("one", "two")]
    comparing = claim("two", "two", "AssociationClaim", **words)
    found = finding(concepts, here, *counting)

    assert (found.verdict, "none compares" in found.explanation) == (Verdict.UNSOURCED, True)
    assert finding(concepts, here, counting[0], comparing).verdict is Verdict.AMBIGUOUS


# None fits


def test_superseded_without_a_source(concepts: Concepts) -> None:
    """A figure without a source that a report replaces is superseded, and the certainty of that is told."""
    newer = claim(
        "newer", "trial", "ResultClaim", measurement=share("53"), relations=[to("here", "ambiguous", "supersedes")]
    )
    found = finding(concepts, said(measurement=share("100", total=3)), newer)

    assert found.verdict is Verdict.SUPERSEDED
    assert "100 %, n = 3, has no source here" in found.explanation
    assert "(certainty: ambiguous)" in found.explanation


POOLED_54 = share("54", lower="42", upper="66", intervalKind="confidence")


@pytest.mark.parametrize(
    ("here", "there", "verdict"),
    [
        (share("86"), POOLED_54, Verdict.VALUE),
        (share("60"), POOLED_54, Verdict.UNSOURCED),
        (share("100", events=3, total=3), POOLED_54, Verdict.UNSOURCED),
        (share("86"), share("54", lower="60", upper="66", intervalKind="confidence"), Verdict.UNSOURCED),
        (share(unit="percent", lower="40", upper="69", intervalKind="range"), share(events=2, total=40), Verdict.VALUE),
        (
            share(unit="percent", lower="40", upper="69", intervalKind="range"),
            share(events=1, total=4),
            Verdict.UNSOURCED,
        ),
    ],
    ids=["outside", "inside", "few patients", "contradicts itself", "range", "range, few patients"],
)
def test_comparable_evidence(concepts: Concepts, here: Any, there: Any, verdict: Verdict) -> None:
    """Pooled evidence contradicts a figure outside its interval, unless so few patients may give it by chance."""
    assert (
        finding(concepts, said(measurement=here), claim("there", "pooled", "PooledClaim", measurement=there)).verdict
        is verdict
    )


def test_evidence_on_both_sides_of_a_range(concepts: Concepts) -> None:
    """Beside what a curator holds against a range stands all evidence, within it and outside, and what replaced it."""
    here = said(measurement=share(unit="percent", lower="40", upper="69", intervalKind="range"))
    against = claim(
        "low", "trial", "ResultClaim", measurement=share("21"), relations=[to("here", "likely", "contradicts")]
    )
    others = [
        claim("in", "trial-two", "ResultClaim", measurement=share("66")),
        claim("out", "trial-two", "ResultClaim", measurement=share("30")),
        claim(
            "new",
            "trial-two",
            "ResultClaim",
            outcome="orr",
            relations=[to("in", "likely", "supersedes")],
            measurement=share("75"),
        ),
    ]
    found = finding(concepts, here, against, *others)

    assert found.verdict is Verdict.VALUE
    assert "within it is in (66 %; superseded by new); outside it is out (30 %)" in found.explanation


def test_the_figure_of_another_outcome(concepts: Concepts) -> None:
    """An unsourced share that evidence prints for another outcome, in such patients, is told to be that."""
    here = said(outcome="mrd-negativity", measurement=share("93"))
    there = claim("there", "pooled", "PooledClaim", indication="all", measurement=share("93"))
    found = finding(concepts, here, there)

    assert found.verdict is Verdict.UNSOURCED
    assert "the same figure is that of there (93 %; complete response)" in found.explanation
    for other in ({"therapy": "auto3"}, {"indication": "nhl"}, {"outcome": "crs-any-grade"}):
        changed = KnownClaim(there.stated.model_copy(update=other), "pooled", there.inferred)
        assert "the same figure" not in finding(concepts, here, changed).explanation


def test_one_study_contradicts_no_figure(concepts: Concepts) -> None:
    """Studies differ: a figure that one of them does not have is unsourced, and not another value."""
    study = claim("there", "trial", "ResultClaim", measurement=share(events=2, total=40))

    assert finding(concepts, said(measurement=share("90")), study).verdict is Verdict.UNSOURCED


def test_said_to_be_contradicted(concepts: Concepts) -> None:
    """What a claim is said to contradict has another value, if both figures show it; by what came later, superseded."""
    contradicting = [to("here", "likely", "contradicts")]
    there = claim("there", "trial", "ResultClaim", measurement=share("21"), relations=contradicting)
    later_one = claim("there", "later-article", "ResultClaim", measurement=share("21"), relations=contradicting)

    assert finding(concepts, said(measurement=share("40")), there).verdict is Verdict.VALUE
    assert finding(concepts, said(measurement=share("21")), there).verdict is Verdict.UNSOURCED
    assert finding(concepts, said(measurement=share("40")), later_one).verdict is Verdict.SUPERSEDED


def test_comparison_of_two_figures(concepts: Concepts) -> None:
    """A comparison that no claim states is unsourced; its figures' verdicts and a work that has both are told."""
    comparison = claim(
        "here",
        "overview",
        "ComparisonClaim",
        therapy="cd19-cd22-dual-car-t",
        indication="b-all",
        outcome="cr",
        subjectClaim="one",
        referenceClaim="two",
        direction="higher",
    )
    parts = [
        said("one", therapy="cd19-cd22-dual-car-t", measurement=share("93")),
        said("two", measurement=share("86")),
    ]
    both = [
        claim("dual", "pooled", "PooledClaim", therapy="cd19-cd22-dual-car-t", measurement=share("91")),
        claim("mono", "pooled", "PooledClaim", measurement=share("95")),
    ]
    found = finding(concepts, comparison, *parts, *both)

    assert found.verdict is Verdict.UNSOURCED
    assert "93 % (one) is unsourced and 86 % (two) is unsourced" in found.explanation
    assert "dual (91 %) against mono (95 %), in another direction" in found.explanation


# What contradicts itself


def test_opinion_goes_first(concepts: Concepts) -> None:
    """A judgement is not checked, whatever it may repeat; one with a figure is, as a figure can be."""
    there = claim("there", "pooled", "PooledClaim", **POOLED_68)
    judged: dict[str, Any] = {"statementKind": "opinion", "relations": [to("there")]}

    assert finding(concepts, said(**judged), there).verdict is Verdict.OPINION
    assert finding(concepts, said(**judged, measurement=share("68")), there).verdict is Verdict.SIMPLIFIED


@pytest.mark.parametrize(
    ("here", "other", "inconsistent"),
    [
        ({"measurement": share("68")}, {"measurement": share("70")}, True),
        ({"measurement": share("68")}, {"measurement": share("68.4")}, False),
        ({"measurement": share("68")}, {"measurement": share("70"), "indication": "nhl"}, False),
        ({"measurement": share("68")}, {"measurement": share("70", timepoint="6", timepointUnit="month")}, False),
        ({"measurement": share("68")}, {"measurement": share("100", total=3)}, False),
        ({"outcome": "cr", "measurement": share("68")}, {"outcome": "orr", "measurement": share("60")}, True),
        ({"outcome": "orr", "measurement": share("60")}, {"outcome": "cr", "measurement": share("68")}, True),
        ({"outcome": "cr", "measurement": share("60")}, {"outcome": "orr", "measurement": share("68")}, False),
        (
            {"outcome": "crs-grade-1-2", "measurement": share("86")},
            {"outcome": "crs-grade-ge-3", "measurement": share("20")},
            True,
        ),
        (
            {"outcome": "crs-grade-1-2", "measurement": share("86")},
            {"outcome": "crs-grade-ge-3", "measurement": share("6")},
            False,
        ),
        ({"measurement": share("68"), "relations": [to("other", kind="contradicts")]}, {"outcome": "os"}, True),
        ({"measurement": share("68", events=10, total=20)}, {"outcome": "os"}, True),
        ({"measurement": share("68", events=10, total=20, countsDerived=True)}, {"outcome": "os"}, False),
        ({"measurement": share("66", events=8, total=12)}, {"outcome": "os"}, False),
        ({"measurement": share("50", events=30, total=38, bound="greater")}, {"outcome": "os"}, False),
        (
            {"outcome": "os", "measurement": share("68", statistic="rate-at-time", events=10, total=20)},
            {"outcome": "cr"},
            False,
        ),
        (
            {"measurement": share("68", gradingScale="lee-2014")},
            {"measurement": share("70", gradingScale="astct-2019")},
            False,
        ),
        (
            {"measurement": share("68", followUp="6", followUpUnit="month")},
            {"measurement": share("70", followUp="12", followUpUnit="month")},
            False,
        ),
    ],
)
def test_claims_that_cannot_both_be_true(
    concepts: Concepts, here: dict[str, Any], other: dict[str, Any], inconsistent: bool
) -> None:
    """Two values for one thing, a part above the whole, or parts above all patients: the source contradicts itself."""
    repeated = claim("there", "pooled", "PooledClaim", outcome=here.get("outcome", "cr"), measurement=share("68"))
    relations = [*here.get("relations", ()), to("there", "likely")]
    found = finding(concepts, said(**{**here, "relations": relations}), said("other", **other), repeated)

    assert (found.verdict is Verdict.INTERNAL) == inconsistent


def test_ways_of_pooling(concepts: Concepts) -> None:
    """A review may pool in two ways, and a part of other studies than the whole; two values of one way cannot be."""
    part = {"outcome": "orr", "measurement": share("60")}

    def verdict(**other: Any) -> Verdict:
        stated = {"measurement": share("70"), "poolingModel": "random-effects-dl", **other}
        here = claim("here", "pooled", "PooledClaim", measurement=share("68"), poolingModel="fixed-effect")
        return finding(concepts, here, claim("other", "pooled", "PooledClaim", **stated)).verdict

    assert verdict() is Verdict.OWN
    assert verdict(poolingModel="fixed-effect") is Verdict.INTERNAL
    assert verdict(poolingModel="fixed-effect", **part) is Verdict.OWN


def test_digits_cut_off(concepts: Concepts) -> None:
    """A percentage cut where it should be rounded contradicts nothing, even if annotated; it is told."""
    broken = {"rule": "measurement-percent-agrees", "reason": "8 of 12 rounds to 67."}
    figures = share("66", events=8, total=12)
    here = claim("here", "release", "ResultClaim", measurement=figures, publishedInconsistency=[broken])
    off = claim(
        "here", "release", "ResultClaim", measurement=share("60", events=8, total=12), publishedInconsistency=[broken]
    )
    found = finding(concepts, here)

    assert (found.verdict, "8 of 12 is 66.67 %, cut to 66 %" in found.explanation) == (Verdict.OWN, True)
    assert finding(concepts, off).verdict is Verdict.INTERNAL


def test_direction_against_its_figures(concepts: Concepts) -> None:
    """A comparison that calls the lower figure the higher one contradicts itself."""
    words = {"therapy": "cd19-cd22-dual-car-t", "indication": "b-all", "outcome": "cr", "direction": "higher"}
    comparison = claim("here", "overview", "ComparisonClaim", subjectClaim="one", referenceClaim="two", **words)
    one = said("one", therapy="cd19-cd22-dual-car-t", measurement=share("80"))

    assert finding(concepts, comparison, one, said("two", measurement=share("86"))).verdict is Verdict.INTERNAL


# What the source reports itself, and what it prints of others


def test_own_figures(concepts: Concepts) -> None:
    """A release's own result is no restatement; one that a later report replaced is superseded."""
    here = claim("here", "release", "ResultClaim", measurement=share("51"))
    newer = claim(
        "newer", "trial", "ResultClaim", measurement=share("49"), relations=[to("here", "likely", "supersedes")]
    )

    assert finding(concepts, here).verdict is Verdict.OWN
    assert finding(concepts, here, newer).verdict is Verdict.SUPERSEDED
    assert finding(concepts, claim("here", "release", **EVENT)).verdict is Verdict.OWN


def test_words_supersede_words(concepts: Concepts) -> None:
    """An event that was taken back is superseded, though neither has a figure."""
    here = claim("here", "release", **EVENT)
    withdrawn = claim("there", "later-article", about=("outcome/cr",), relations=[to("here", "certain", "supersedes")])

    assert finding(concepts, here, withdrawn).verdict is Verdict.SUPERSEDED


def test_own_figure_that_another_work_contradicts(concepts: Concepts) -> None:
    """What speaks against a source's own figure is told, whoever says so."""
    here = claim("here", "release", "ResultClaim", measurement=share("50"))
    relations = [to("here", "ambiguous", "contradicts")]
    there = claim("there", "trial", "ResultClaim", measurement=share(events=7, total=18), relations=relations)
    found = finding(concepts, here, there)

    assert found.verdict is Verdict.OWN
    assert "there (7 of 18; certainty: ambiguous) contradicts it" in found.explanation


def test_readings_of_one_work(concepts: Concepts) -> None:
    """What a review prints of a work is held against what other documents print of it."""
    here = claim("here", "trial", "ResultClaim", reportedVia="review", measurement=share("70", total=57))
    itself = claim("there", "trial", "ResultClaim", measurement=share("70", total=57))
    other = claim("there", "trial", "ResultClaim", reportedVia="second-review", measurement=share("73", total=57))
    precise = claim("there", "trial", "ResultClaim", measurement=share("70.2", total=57))

    assert finding(concepts, here).verdict is Verdict.OWN
    assert finding(concepts, here, itself).verdict is Verdict.AGREES
    assert finding(concepts, here, precise).verdict is Verdict.SIMPLIFIED
    found = finding(concepts, here, other)
    assert (found.verdict, "was not read" in found.explanation) == (Verdict.VALUE, True)


def test_one_count_divided_by_two_totals(concepts: Concepts) -> None:
    """Where two documents print one count with two percentages, the denominator is what differs."""
    relations = [to("here", kind="contradicts")]
    here = claim("here", "trial", "ResultClaim", reportedVia="review", measurement=share("70.2", events=40, total=57))
    other = claim(
        "other",
        "trial",
        "ResultClaim",
        reportedVia="second-review",
        measurement=share("73", events=40),
        relations=relations,
    )
    found = finding(concepts, here, other)

    assert (found.verdict, found.axes) == (Verdict.DIFFERS, ("denominator",))
    assert "is 73 %, 40 patients in other" in found.explanation
    assert "the same 40 patients are divided by another number" in found.explanation


def test_withdrawn_claims_and_drafts(concepts: Concepts) -> None:
    """A withdrawn claim is not audited, and neither it nor a draft is a source."""
    here = said(measurement=share("68"), relations=[to("there")])
    for status in ("withdrawn", "draft"):
        there = claim("there", "pooled", "PooledClaim", status=status, **POOLED_68)
        unaccepted = KnownClaim(there.stated, there.source)
        assert finding(concepts, here, unaccepted).verdict is Verdict.UNSOURCED
    corrected = claim("there", "trial", "ResultClaim", measurement=share("68"))
    mistyped = claim("wrong", "trial", "ResultClaim", status="withdrawn", measurement=share("86"))
    assert finding(concepts, here, corrected, mistyped).verdict is Verdict.AGREES
    gone = said("gone", measurement=share("68"), status="withdrawn")
    found = audit("overview", evidence(concepts, [here, gone]))

    assert [each.claim.id for each in found.findings] == ["here"]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("2026", "2025-03", True),
        ("2025-04", "2025-03", True),
        ("2025", "2025-03", False),
        ("2025-03-31", "2025-03", False),
        ("2024", "2025-03", False),
        ("", "2025-03", False),
        ("2026", "", False),
    ],
)
def test_later(one: str, other: str, expected: bool) -> None:
    """Only what is certainly after a date is later: a year is not after a month of it."""
    assert is_later(one, other) is expected
