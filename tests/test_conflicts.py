"""Claims that disagree: those of the packaged graph, and each kind in a small corpus made for it."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scipy import stats  # type: ignore[import-untyped]

from cd22kg.errors import QueryError
from cd22kg.export.conflicts import FORMATS, figure, to_text
from cd22kg.graph import KnowledgeGraph
from cd22kg.queries.claims import KnownClaim
from cd22kg.synthesis.conflicts.comparable import Wanted
from cd22kg.synthesis.conflicts.disagreement import Conflict, Conflicts, How
from cd22kg.synthesis.conflicts.pair_tests import pair_test
from cd22kg.synthesis.conflicts.search import find_conflicts
from cd22kg.synthesis.conflicts.shares import share_of
from tests.conftest import Cli
from tests.corpora import claim, corpus

#: Written by `cd22kg conflicts --format json -o tests/data/conflicts/curated.json`.
GOLDEN = Path(__file__).parent / "data" / "conflicts" / "curated.json"
PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "conflicts.md"
CONTRADICTS = {"type": "contradicts", "certainty": "likely", "reason": "Made up."}


@pytest.fixture(scope="module")
def curated(kg: KnowledgeGraph) -> Conflicts:
    """Return the conflicts of the packaged claims."""
    return kg.conflicts()


def told(found: Conflicts) -> list[tuple[str, str, str, str]]:
    """Return each pair with its kind and status."""
    return [(pair.here.id, pair.there.id, pair.kind, pair.status) for pair in found.pairs]


def scipy_fisher(events: int, total: int, events2: int, total2: int) -> float:
    """Return the p value that SciPy gives."""
    return float(stats.fisher_exact([[events, total - events], [events2, total2 - events2]]).pvalue)


def of(graph: KnowledgeGraph, *claims: KnownClaim, how: How | None = None, **rest: Any) -> Conflicts:
    """Return the conflicts of a corpus."""
    return find_conflicts(corpus(graph, *claims, **rest), how=how)


# The packaged claims


def test_golden(curated: Conflicts) -> None:
    """All that is found among the packaged claims, number by number."""
    assert json.loads(to_text(curated, "json")) == json.loads(GOLDEN.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("here", "there", "kind", "status"),
    [
        ("shah-2020-cr-73-percent", "shah-2020-cr", "readings", "both"),
        ("zhang-2021-cr-11-patients", "zhang-2021-cr", "readings", "both"),
        ("zhang-2021-os-12-months-text-record", "zhang-2021-os-12-months", "readings", "both"),
        ("zhang-2021-os-12-months-cr-text-record", "zhang-2021-os-12-months-cr", "readings", "both"),
        ("car19-20-22-cns-lymphoma-cr", "car19-20-22-cns-lymphoma-cr-transplant", "parts", "both"),
        ("car19-20-22-cns-lymphoma-cr", "car19-20-22-cns-lymphoma-cr-cells-alone", "parts", "both"),
        ("balli-01-ash-2023-cr-process-1", "pan-2018-eha-cr", "apart", "found"),
        ("cd19-cd22-nct04303520-crs-any", "soochow-b-all-2021-crs-any", "apart", "found"),
        ("soochow-b-all-2021-mrd-negative-cr", "wang-2023-mrd-negative-cr", "apart", "found"),
        ("car-t-hope-s13-mrd-negativity-mono", "li-2022-mrd-negativity-cd22-alone", "apart", "asserted"),
        ("car-t-hope-s19-relapse-range", "shah-2020-relapse", "apart", "asserted"),
        ("fry-2018-neurotoxicity-any-of-21", "fry-2018-neurotoxicity-any", "unsupported", "asserted"),
        ("car-t-hope-s20-density-relapse", "pan-2019-cd22-loss-not-associated", "unsupported", "asserted"),
    ],
)
def test_expected(here: str, there: str, kind: str, status: str, curated: Conflicts) -> None:
    """What the sources disagree on is found, each in its kind, whether a curator says so or not."""
    assert (here, there, kind, status) in told(curated)


def test_every_assertion_is_shown(kg: KnowledgeGraph, curated: Conflicts) -> None:
    """No disagreement that a curator asserts is passed over, whatever the figures say."""
    asserted = {
        (known.id, relation.target)
        for known in kg.evidence.claims.values()
        for relation in known.relations
        if relation.type == "contradicts"
    }
    shown = {(pair.here.id, pair.there.id) for pair in curated.pairs if pair.status != "found"}

    assert shown == asserted


def test_same_patients_in_agreement(curated: Conflicts) -> None:
    """Two rates of one cohort by two denominators that both are stated, and two reports of one trial, are none."""
    pairs = {frozenset((pair.here.id, pair.there.id)) for pair in curated.pairs}

    assert frozenset(("pan-2019-cr-enrolled", "pan-2019-cr-evaluable")) not in pairs
    assert frozenset(("lichtenstein-2021-crs-any", "shah-2020-crs-any")) not in pairs
    assert frozenset(("autolus-2020-ash-press-cr", "autolus-2020-ash-press-cr-phase-2-dose")) not in pairs


def test_groups(curated: Conflicts) -> None:
    """Severe scatter is found, with the trial that is off and what goes with it."""
    found = {group.subject.outcome: group for group in curated.groups if group.subject.group == "cd22-mono-car-t"}

    assert [m.share.id for m in found["crs-any-grade"].members if m.is_outlier] == ["yang-2025-crs-any-cd22"]
    assert found["crs-any-grade"].splits[0].factor == "denominator"
    assert found["cr"].splits[0].factor == "cells"
    assert {share.id for share in found["cr"].left_out} == {
        "fry-2018-cr-cd19-dim-or-negative",
        "fry-2018-cr-dose-ge-1e6",
    }


def test_page(kg: KnowledgeGraph) -> None:
    """The table on the page is what the command there prints."""
    page = PAGE.read_text(encoding="utf-8")
    found = kg.conflicts(therapy="cd22-mono-car-t", indication="b-all", outcome="cr")
    table = [line for line in to_text(found, "md").splitlines() if line.startswith("|")][: 2 + len(found.pairs)]

    assert "\n".join(table) in page
    assert f"takes {found.groups[0].splits[0].explained:.0%}".replace("%", " %") in page


def test_the_page_tells_the_keys(curated: Conflicts) -> None:
    """Every key of the JSON is on the page, and all things of a kind have the same ones."""
    page, document = PAGE.read_text(encoding="utf-8"), json.loads(to_text(curated, "json"))
    pairs, groups = document["pairs"], document["groups"]
    kinds = [
        [document],
        pairs,
        groups,
        [pair["test"] for pair in pairs],
        [pair[side] for pair in pairs for side in ("here", "there")],
        [pair["asserted"] for pair in pairs if pair["asserted"]],
        [cause for pair in pairs for cause in pair["causes"]],
        [member for group in groups for member in group["members"]],
        [split for group in groups for split in group["splits"]],
        [level for group in groups for split in group["splits"] for level in split["levels"]],
    ]

    assert [key for things in kinds for key in things[0] if f"`{key}`" not in page] == []
    assert [things[0].keys() for things in kinds if {tuple(thing) for thing in things} != {tuple(things[0])}] == []


def test_narrowed(kg: KnowledgeGraph) -> None:
    """Concepts narrow the search, by what people call them, and with it the number of tests."""
    narrow = kg.conflicts(therapy="CD22 alone", indication="B-ALL", outcome="complete response")

    assert {pair.subject.indication for pair in narrow.pairs if pair.subject} == {"b-all"}
    assert narrow.tests < kg.conflicts().tests
    assert narrow.wanted == Wanted("cd22-mono-car-t", "b-all", "cr")


def test_asserted_and_found(kg: KnowledgeGraph, curated: Conflicts) -> None:
    """What is both is among what is asserted and among what is found; groups are found."""
    asserted, found = kg.conflicts(status="asserted"), kg.conflicts(status="found")

    assert {*told(asserted), *told(found)} == set(told(curated))
    assert {status for *_, status in told(asserted)} == {"asserted", "both"}
    assert {status for *_, status in told(found)} == {"found", "both"}
    assert (asserted.groups, found.groups) == ((), curated.groups)


def test_ranking(curated: Conflicts) -> None:
    """Readings come first, what is not borne out last; tests in the order of their p values."""
    kinds = [pair.kind for pair in curated.pairs]
    adjusted = [p for pair in curated.pairs if pair.kind == "apart" and (p := pair.test.adjusted) is not None]

    assert kinds == sorted(kinds, key=("readings", "parts", "apart", "shared", "unsupported").index)
    assert adjusted == sorted(adjusted)


def test_order_of_claims_does_not_matter(kg: KnowledgeGraph, curated: Conflicts) -> None:
    """The same bytes, whatever order a store gives its claims in."""
    evidence = kg.evidence
    turned = replace(evidence, claims=dict(reversed(list(evidence.claims.items()))))

    assert to_text(find_conflicts(turned), "json") == to_text(curated, "json")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"test": "chi2"}, "there is no test `chi2`"),
        ({"adjust": "sidak"}, "there is no adjustment `sidak`"),
        ({"level": 1.0}, "a fraction between 0 and 1"),
        ({"status": "both"}, "there is no status `both`"),
        ({"outcome": "crr"}, "there is no outcome `crr`"),
    ],
    ids=str,
)
def test_refused(options: dict[str, Any], message: str, kg: KnowledgeGraph) -> None:
    """An option that is none says which there are."""
    with pytest.raises(QueryError, match=message):
        kg.conflicts(**options)


# Each kind, made up


def test_two_readings(kg: KnowledgeGraph) -> None:
    """One figure of one cohort, printed differently, needs no test."""
    (pair,) = of(kg, claim("a", cohort="c", value=60, unit="%"), claim("b", cohort="c", value=62, unit="%")).pairs

    assert (pair.kind, pair.status, pair.supported, pair.test.p) == ("readings", "found", True, None)


@pytest.mark.parametrize(
    "other",
    [
        {"value": 66.7, "unit": "%"},
        {"value": "0.67", "unit": "fraction"},
        {"events": 20, "total": 30, "value": 66, "unit": "%"},
        {"value": 66, "unit": "%"},
        {"value": 62, "unit": "%", "denominator": "enrolled"},
        {"value": 62, "unit": "%", "timepoint": 28, "timepointUnit": "day"},
        {"value": 62, "unit": "%", "amongOutcome": "orr"},
        {"value": 62, "unit": "%", "therapy": "ucart22"},
        {"value": 62, "unit": "%", "outcome": "orr"},
        {"value": 62, "unit": "%", "statistic": "rate-at-time"},
    ],
    ids=str,
)
def test_no_two_readings(other: dict[str, Any], kg: KnowledgeGraph) -> None:
    """Rounded, or by another denominator, time, selection, product, outcome or statistic: no conflict."""
    figure: dict[str, Any] = {"events": 20, "total": 30}
    figure |= {"denominator": "infused", "timepoint": 3, "timepointUnit": "month"}
    stated = {"denominator": "infused", "timepoint": 3, "timepointUnit": "month", **other}

    assert of(kg, claim("a", cohort="c", **figure), claim("b", cohort="c", **stated)).pairs == ()


def test_part_has_more_than_its_whole(kg: KnowledgeGraph) -> None:
    """More patients with the outcome in a part, or more without it, than in the whole cannot be."""
    cohorts = [{"id": "part", "subsetOf": ["whole"]}]
    whole = claim("whole", cohort="whole", events=11, total=40)
    more, fewer = (claim("part", cohort="part", events=events, total=30) for events in (12, 0))
    (with_more,) = of(kg, whole, more, cohorts=cohorts).pairs
    (with_fewer,) = of(kg, whole, fewer, cohorts=cohorts).pairs

    assert (with_more.kind, with_fewer.kind) == ("parts", "parts")
    assert with_more.causes[1].sentence == "part counts 12 with the outcome, its whole whole no more than 11."
    assert with_fewer.causes[1].sentence == "part counts 30 without the outcome, its whole whole no more than 29."
    assert with_more.causes[0].factor == "patients"


def test_parts_that_do_not_add_up(kg: KnowledgeGraph) -> None:
    """Parts that make the whole have as many with the outcome as it has."""
    cohorts = [{"id": name, "subsetOf": ["whole"], "size": 10} for name in ("x", "y")]
    parts = [claim(name, cohort=name, events=5, total=10) for name in ("x", "y")]
    wrong = of(kg, claim("whole", cohort="whole", events=11, total=20), *parts, cohorts=cohorts)
    right = of(kg, claim("whole", cohort="whole", events=10, total=20), *parts, cohorts=cohorts)

    assert told(wrong) == [("whole", "x", "parts", "found"), ("whole", "y", "parts", "found")]
    assert wrong.pairs[0].causes[1].sentence == "The parts of whole, 5 of 10 and 5 of 10, make 10 of 20, not 11."
    assert right.pairs == ()


def test_shared_patients(kg: KnowledgeGraph) -> None:
    """Cohorts that overlap are no two samples: the difference is told, the test marked, and nothing adjusted."""
    cohorts = [{"id": "x", "overlaps": ["y"]}]
    found = of(
        kg,
        claim("a", cohort="x", events=28, total=30),
        claim("b", cohort="y", events=9, total=30),
        cohorts=cohorts,
    )
    (pair,) = found.pairs

    assert (pair.kind, pair.test.valid, pair.test.adjusted, found.tests) == ("shared", False, None, 0)
    assert pair.test.difference == pytest.approx(19 / 30)
    assert pair.causes[0].factor == "patients"


def test_further_apart_than_chance(kg: KnowledgeGraph) -> None:
    """Two trials whose counts differ by Fisher's test."""
    (pair,) = of(kg, claim("a", events=28, total=30), claim("b", events=9, total=30)).pairs

    assert (pair.kind, pair.test.method, pair.test.valid) == ("apart", "fisher", True)
    assert pair.test.adjusted == pair.test.p == pytest.approx(scipy_fisher(28, 30, 9, 30), rel=1e-9)


def test_midp(kg: KnowledgeGraph) -> None:
    """The mid-p version finds what Fisher's test is too cautious for: 7 of 34 against 1 of 34, p 0.054 and 0.030."""
    claims = claim("a", events=7, total=34), claim("b", events=1, total=34)

    assert of(kg, *claims).pairs == ()
    assert [pair.test.method for pair in of(kg, *claims, how=How(test="midp")).pairs] == ["midp"]


def test_adjusting(kg: KnowledgeGraph) -> None:
    """The more pairs are tested, the smaller a p value has to be."""
    claims = [claim(f"c{at}", events=12 + at, total=30) for at in range(4)] + [claim("low", events=3, total=30)]
    counts = {adjust: len(of(kg, *claims, how=How(adjust=adjust)).pairs) for adjust in ("none", "bh", "holm")}

    assert of(kg, *claims).tests == 10
    assert counts == {"none": 4, "bh": 4, "holm": 2}


def test_level(kg: KnowledgeGraph) -> None:
    """At another level other pairs are significant."""
    claims = claim("a", events=7, total=34), claim("b", events=1, total=34)

    assert len(of(kg, *claims, how=How(level=0.06)).pairs) == 1


def test_intervals(kg: KnowledgeGraph) -> None:
    """Printed intervals that do not overlap, with z; where they do, nothing is found."""
    figure = {"unit": "%", "intervalKind": "confidence", "statistic": "rate-at-time"}
    one = claim("a", value=80, lower=70, upper=88, **figure)
    (pair,) = of(kg, one, claim("b", value=40, lower=28, upper=52, **figure)).pairs
    near = of(kg, one, claim("b", value=62, lower=51, upper=73, **figure), how=How(adjust="none"))

    assert (pair.test.method, pair.test.apart) == ("intervals", True)
    assert pair.test.z == pytest.approx(1.959964 * 0.4 / (0.1**2 + 0.12**2) ** 0.5, rel=1e-6)
    assert near.pairs == ()


def test_value_against_an_interval(kg: KnowledgeGraph) -> None:
    """A value without an interval is held against that of the other; its p value is the least it can be."""
    (pair,) = of(kg, claim("a", value=95, unit="%"), claim("b", events=20, total=60)).pairs

    assert (pair.test.method, pair.test.lower) == ("value", None)
    assert "p >=" in to_text(of(kg, claim("a", value=95, unit="%"), claim("b", events=20, total=60)))


def test_rate_of_a_number_of_patients(kg: KnowledgeGraph) -> None:
    """A rate over time has the interval it would have if nobody were censored, at least."""
    share = share_of(claim("a", value=50, unit="%", total=20, statistic="rate-at-time"))

    assert share is not None
    assert (share.basis, share.counts) == ("total", None)
    assert (share.lower, share.upper) == pytest.approx((0.2993, 0.7007), abs=1e-4)


@pytest.mark.parametrize("level", ["100", "0", "0.95", "-5", "1000"])
def test_level_that_is_none(level: str, kg: KnowledgeGraph) -> None:
    """An interval whose level can be none, such as 100 % or a fraction, tells nothing, and stops nothing."""
    printed: dict[str, Any] = {"value": 50, "lower": 40, "upper": 60, "unit": "%", "intervalKind": "confidence"}
    one = claim("a", kind="PooledClaim", confidenceLevel=level, **printed)
    found = of(kg, one, claim("b", events=1, total=30))

    assert (found.pairs, found.tests) == ((), 0)


def test_value_outside_its_interval(kg: KnowledgeGraph) -> None:
    """A figure that contradicts itself is held against nothing: which end of it is wrong is not known."""
    printed: dict[str, Any] = {"value": 91, "lower": 47, "upper": 88, "unit": "%", "intervalKind": "confidence"}
    found = of(kg, claim("a", kind="PooledClaim", **printed), claim("b", events=1, total=30), how=How(adjust="none"))

    assert share_of(claim("a", kind="PooledClaim", **printed)) is None
    assert (found.pairs, found.tests) == ((), 0)


def test_tiny_level(kg: KnowledgeGraph) -> None:
    """A level below all numbers that can be told from nothing is searched like any other."""
    claims = [claim(f"c{at}", events=at % 60, total=60) for at in range(70)]

    assert (of(kg, *claims, how=How(level=5e-324)).pairs, of(kg, *claims).tests) == ((), 2415)


def test_two_values(kg: KnowledgeGraph) -> None:
    """Two values of which nothing else is known cannot be tested."""
    found = of(kg, claim("a", value=95, unit="%"), claim("b", value=5, unit="%"), how=How(adjust="none"))

    assert (found.pairs, found.tests) == ((), 0)


def test_newcombe(kg: KnowledgeGraph) -> None:
    """The interval of the difference: 56 of 70 less 48 of 80 in table II of Newcombe 1998, method 10."""
    one, other = (share_of(claim("x", events=e, total=n)) for e, n in ((56, 70), (48, 80)))
    assert one is not None
    assert other is not None
    test = pair_test(one, other)

    assert (test.lower, test.upper) == pytest.approx((0.0524, 0.3339), abs=5e-5)


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        ({"events": 40, "value": 73, "unit": "%"}, (40, 55, "total")),
        ({"total": 9, "value": "44.4", "unit": "%"}, (4, 9, "events")),
        ({"events": 40, "value": 70, "unit": "%"}, (40, 57, "total")),
        ({"total": 200, "value": 50, "unit": "%"}, None),
        ({"total": 32, "value": "34.5", "unit": "%"}, None),
        ({"total": 9, "value": 44, "unit": "%", "bound": ">"}, None),
        ({"events": 7, "total": 9, "countsDerived": "true"}, (7, 9, "")),
    ],
    ids=str,
)
def test_counts_worked_out(figure: dict[str, Any], expected: tuple[int, int, str] | None) -> None:
    """Counts follow from a percentage where just one whole number gives it."""
    share = share_of(claim("x", **figure))
    found = (share.events, share.total, share.worked_out) if share and share.counts else None

    assert found == expected


@pytest.mark.parametrize(
    "other",
    [
        {"countedUnit": "infusion"},
        {"outcome": "orr"},
        {"indication": "dlbcl"},
        {"therapy": "cd19-cd22-dual-car-t"},
        {"status": "draft"},
        {"inferred": ()},
        {"kind": "StatementClaim"},
        {"statistic": "median", "value": 3, "unit": "%"},
    ],
    ids=str,
)
def test_not_comparable(other: dict[str, Any], kg: KnowledgeGraph) -> None:
    """What counts no patients, or is on something else, or is no evidence, is not held against a claim."""
    low = claim("b", events=2, total=60, **other)

    assert of(kg, claim("a", events=55, total=60), low).pairs == ()


def test_baseline_is_no_outcome(kg: KnowledgeGraph) -> None:
    """Trials may treat whom they like."""
    outcome = "prior-cd19-car-t"
    claims = claim("a", events=55, total=60, outcome=outcome), claim("b", events=2, total=60, outcome=outcome)

    assert of(kg, *claims).pairs == ()


def test_everything(kg: KnowledgeGraph) -> None:
    """Claims that are superseded, retracted or not accepted are looked at when asked for."""
    later = {"type": "supersedes", "target": "b", "certainty": "certain", "reason": "Made up."}
    evidence = corpus(
        kg,
        claim("a", events=55, total=60, relations=[later]),
        claim("b", events=2, total=60),
        claim("c", events=3, total=60, source="withdrawn", inferred=()),
        claim("d", events=4, total=60, status="draft", inferred=()),
        sources={"withdrawn": {"retracted": "true"}},
    )
    shown = {pair.there.id for pair in find_conflicts(evidence, Wanted(everything=True)).pairs}

    assert find_conflicts(evidence).pairs == ()
    assert shown == {"b", "c", "d"}


@pytest.mark.parametrize("newer", [{"status": "draft"}, {"source": "withdrawn"}], ids=str)
def test_replaced_by_nothing(newer: dict[str, Any], kg: KnowledgeGraph) -> None:
    """What is no evidence itself replaces nothing: a draft, or a claim of a source that was retracted."""
    later = {"type": "supersedes", "target": "b", "certainty": "certain", "reason": "Made up."}
    evidence = corpus(
        kg,
        claim("a", events=55, total=60),
        claim("b", events=2, total=60),
        claim("new", events=50, total=60, relations=[later], inferred=(), **newer),
        sources={"withdrawn": {"retracted": "true"}},
    )

    assert told(find_conflicts(evidence)) == [("a", "b", "apart", "found")]


def test_within(kg: KnowledgeGraph) -> None:
    """A narrower indication is held against a wider one when asked for, and not two narrower ones."""
    claims = (
        claim("wide", events=55, total=60),
        claim("adults", events=2, total=60, indication="adult-b-all"),
        claim("children", events=50, total=60, indication="childhood-b-all"),
    )
    found = of(kg, *claims, how=How(within=True))

    assert of(kg, *claims).pairs == ()
    assert told(found) == [("adults", "wide", "apart", "found")]
    assert found.pairs[0].causes[0].factor == "indication"


def test_pooled_counts_are_no_sample(kg: KnowledgeGraph) -> None:
    """The interval of a pooled claim counts, not how many patients its studies have."""
    pooled = claim(
        "a", kind="PooledClaim", value=60, lower=30, upper=85, unit="%", intervalKind="confidence", total=300
    )

    assert of(kg, pooled, claim("b", events=8, total=20)).pairs == ()


def test_seen_again(kg: KnowledgeGraph) -> None:
    """Of pairs that count the same patients the surest is told, and names the others."""
    cohorts = [{"id": "part", "subsetOf": ["whole"]}]
    (pair,) = of(
        kg,
        claim("low", events=2, total=40),
        claim("whole", cohort="whole", events=30, total=40),
        claim("part", cohort="part", events=15, total=18),
        cohorts=cohorts,
    ).pairs

    assert {pair.here.id, pair.there.id, *(slug for again in pair.also for slug in again)} == {"low", "whole", "part"}
    assert len(pair.also) == 1


# What curators say


def test_asserted_and_borne_out(kg: KnowledgeGraph) -> None:
    """Figures that no rule would compare, but a curator does."""
    statement = claim("s", kind="StatementClaim", value=90, unit="%", relations=[{**CONTRADICTS, "target": "a"}])
    (pair,) = of(kg, statement, claim("a", events=9, total=60)).pairs

    assert (pair.kind, pair.status, pair.supported) == ("apart", "asserted", True)
    assert pair.assertion is not None
    assert pair.assertion.reason == "Made up."


def test_asserted_and_not_borne_out(kg: KnowledgeGraph) -> None:
    """What no test supports is shown, and marked."""
    one = claim("a", events=10, total=20, relations=[{**CONTRADICTS, "target": "b"}])
    (pair,) = of(kg, one, claim("b", events=9, total=20)).pairs

    assert (pair.kind, pair.status, pair.supported) == ("unsupported", "asserted", False)
    assert pair.test.adjusted is not None


def test_asserted_of_no_figures(kg: KnowledgeGraph) -> None:
    """Opinions contradict each other, too."""
    one = claim("s", kind="StatementClaim", relations=[{**CONTRADICTS, "target": "t"}])
    (pair,) = of(kg, one, claim("t", kind="StatementClaim")).pairs

    assert (pair.kind, pair.supported, pair.test.method) == ("unsupported", None, "none")


def test_asserted_of_other_outcomes(kg: KnowledgeGraph) -> None:
    """Shares with different outcomes are not held against each other."""
    one = claim("a", events=10, total=20, relations=[{**CONTRADICTS, "target": "b"}])
    (pair,) = of(kg, one, claim("b", events=1, total=20, outcome="orr")).pairs

    assert (pair.test.method, pair.supported) == ("none", None)


def test_asserted_twice(kg: KnowledgeGraph) -> None:
    """Two claims that each say it of the other are one pair, told by the surer."""
    one = claim("a", events=10, total=20, relations=[{**CONTRADICTS, "target": "b"}])
    other = claim("b", events=9, total=20, relations=[{**CONTRADICTS, "target": "a", "certainty": "certain"}])

    assert told(of(kg, one, other)) == [("b", "a", "unsupported", "asserted")]


def test_asserted_reading(kg: KnowledgeGraph) -> None:
    """A statement on the cohort of a claim gives its figure differently: no evidence, but no test is needed either."""
    said = {**CONTRADICTS, "target": "a"}
    statement = claim("s", kind="StatementClaim", cohort="c", value=90, unit="%", relations=[said])
    (pair,) = of(kg, statement, claim("a", cohort="c", value=60, unit="%")).pairs

    assert (pair.kind, pair.status, pair.supported) == ("readings", "asserted", True)


def test_asserted_of_what_is_out(kg: KnowledgeGraph) -> None:
    """What a curator says of a claim that was withdrawn since is told only when all is asked for."""
    one = claim("a", events=10, total=20, relations=[{**CONTRADICTS, "target": "b"}])
    evidence = corpus(kg, one, claim("b", events=9, total=20, status="withdrawn", inferred=()))

    assert find_conflicts(evidence).pairs == ()
    assert told(find_conflicts(evidence, Wanted(everything=True))) == [("a", "b", "unsupported", "asserted")]


def test_both(kg: KnowledgeGraph) -> None:
    """What a curator says and a test finds is one pair."""
    one = claim("a", events=28, total=30, relations=[{**CONTRADICTS, "target": "b"}])
    found = of(kg, one, claim("b", events=9, total=30))

    assert (told(found), found.tests) == ([("a", "b", "apart", "both")], 1)


# Groups


def test_outlier(kg: KnowledgeGraph) -> None:
    """The trial that is off is named, with what only it has, and the split that leaves no scatter."""
    claims = [claim(f"c{at}", events=20 + at, total=40, therapy="m971-bbz") for at in range(5)]
    (group,) = of(kg, *claims, claim("odd", events=1, total=40, therapy="ucart22")).groups

    assert [member.share.id for member in group.members if member.is_outlier] == ["odd"]
    assert dict(group.members[-1].alone)["cells"] == "allogeneic"
    assert group.splits[0].factor == "cells"
    assert group.splits[0].explained == 1.0


def test_no_group(kg: KnowledgeGraph) -> None:
    """Two claims are no group; claims that agree do not scatter; claims on the same patients count once."""
    two = of(kg, claim("a", events=28, total=30), claim("b", events=9, total=30))
    alike = of(kg, *(claim(f"c{at}", events=20 + at, total=40) for at in range(5)))
    cohorts = [{"id": "y", "subsetOf": ["x"]}]
    nested = of(
        kg,
        claim("a", cohort="x", events=28, total=30),
        claim("b", events=9, total=30),
        claim("c", cohort="y", events=2, total=20),
        cohorts=cohorts,
    )

    assert (two.groups_tested, alike.groups_tested, nested.groups_tested) == (0, 1, 0)
    assert alike.groups == ()


# Forms


@pytest.mark.parametrize("width", [60, 80, 120])
def test_table_fits(width: int, curated: Conflicts) -> None:
    """No line is wider than the terminal, but for a name that is longer itself."""
    lines = to_text(curated, "table", width).splitlines()

    assert [line for line in lines if len(line) > width and len(line.split()) > 1] == []


@pytest.mark.parametrize("form", FORMATS)
def test_forms(form: str, curated: Conflicts) -> None:
    """Each form names both claims of a pair, and what is behind it."""
    text = to_text(curated, form)

    assert "balli-01-ash-2023-cr-process-1" in text
    assert "allogeneic here, autologous there" in text
    assert text.endswith("\n")
    assert to_text(curated, form) == text


def test_csv(curated: Conflicts) -> None:
    """A row for each pair and each group, with shares as fractions."""
    rows = list(csv.DictReader(io.StringIO(to_text(curated, "csv"))))
    (row,) = [row for row in rows if row["here"] == "shah-2020-cr-73-percent"]

    assert len(rows) == len(curated.pairs) + len(curated.groups)
    assert (row["there_share"], row["here_total"], row["valid"]) == ("0.701754386", "55", "false")
    assert [row["kind"] for row in rows][-len(curated.groups) :] == ["group"] * len(curated.groups)


def test_csv_formula(kg: KnowledgeGraph) -> None:
    """A reason that a spreadsheet would take for a formula is defused."""
    said = {**CONTRADICTS, "target": "t", "reason": "=HYPERLINK(1)"}
    found = of(kg, claim("s", kind="StatementClaim", relations=[said]), claim("t", kind="StatementClaim"))
    (row,) = csv.DictReader(io.StringIO(to_text(found, "csv")))

    assert row["reason"] == "'=HYPERLINK(1)"


@pytest.mark.parametrize("form", FORMATS)
def test_hostile_texts(form: str, kg: KnowledgeGraph) -> None:
    """Texts that try to be markup, a command, or something hidden are neither, in any form."""
    reason = "<script>alert(1)</script> [x](javascript:1) ##[error]no \u202eturned"
    said = {**CONTRADICTS, "target": "t", "reason": reason}
    printed: dict[str, Any] = {"statistic": "median", "value": 3, "unit": "month", "asPrinted": "<img src=x> *3*"}
    statement = claim("s", kind="StatementClaim", relations=[said], **printed)
    text = to_text(of(kg, statement, claim("t", kind="StatementClaim")), form)

    assert "\u202e" not in text and "##[" not in text
    if form == "md":
        assert "<script" not in text.replace("\\<script", "")
        assert "<img" not in text.replace("\\<img", "")
        assert "[x]" not in text
    if form == "json":
        assert json.loads(text)["pairs"][0]["asserted"]["reason"] == reason


def test_nothing_found(kg: KnowledgeGraph) -> None:
    """Where nothing disagrees, each form says so."""
    found = of(kg, claim("a", events=10, total=20))

    assert to_text(found).splitlines()[2].startswith("0 pairs (0 asserted and found, 0 found, 0 asserted only)")
    assert json.loads(to_text(found, "json"))["pairs"] == []
    assert len(to_text(found, "csv").splitlines()) == 1


def test_unknown_form(curated: Conflicts) -> None:
    """A form that there is not says which there are."""
    with pytest.raises(QueryError, match="unknown format `ttl`"):
        to_text(curated, "ttl")


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"events": 40, "total": 57}, "40/57 70.2 % [57.3-80.5]"),
        ({"events": 40, "value": 73, "unit": "%"}, "~40/55 72.7 % [59.8-82.7]"),
        ({"value": 75, "lower": 60, "upper": 88, "unit": "%", "intervalKind": "confidence"}, "75.0 % (60.0-88.0)"),
        ({"value": 50, "unit": "%", "total": 20, "statistic": "rate-at-time"}, "50.0 % of 20 [29.9-70.1]"),
        ({"lower": 40, "upper": 69, "unit": "%", "intervalKind": "range"}, "40.0-69.0 %"),
        ({"value": 50, "unit": "%"}, "50.0 %"),
    ],
    ids=str,
)
def test_figure(keys: dict[str, Any], expected: str) -> None:
    """A share is written with what is known of it."""
    assert figure(share_of(claim("x", **keys))) == expected


def test_command(cli: Cli, tmp_path: Path) -> None:
    """The command prints what the graph gives, into a file too, and ends well whether or not there is a conflict."""
    done = cli("conflicts", "--format", "json")
    into = cli("conflicts", "--format", "json", "-o", tmp_path / "out.json")
    none = cli("conflicts", "--outcome", "gvhd", "--therapy", "auto3")

    assert (done.returncode, into.returncode, none.returncode) == (0, 0, 0)
    assert json.loads(done.stdout) == json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert ((tmp_path / "out.json").read_text(encoding="utf-8"), into.stdout) == (done.stdout, "")
    assert "0 pairs" in none.stdout


def test_options_of_the_command(cli: Cli) -> None:
    """Each option does what the graph's own does."""
    options = ("--therapy", "cd22-mono-car-t", "--indication", "b-all", "--outcome", "cr", "--within", "--test", "midp")
    done = cli("conflicts", *options, "--adjust", "bh", "--level", "0.01", "--found", "--all", "--format", "json")
    found = json.loads(done.stdout)

    assert (found["test"], found["adjust"], found["level"], found["within"]) == ("midp", "bh", 0.01, True)
    assert (found["therapy"], found["indication"], found["outcome"]) == ("cd22-mono-car-t", "b-all", "cr")
    assert found["everything"] is True
    assert {pair["status"] for pair in found["pairs"]} == {"found"}


def test_all_pairs_are_pairs(curated: Conflicts) -> None:
    """No claim disagrees with itself, no pair is told twice, and each has a test that fits what is known."""

    def fits(pair: Conflict) -> bool:
        both = pair.here_share is not None and pair.there_share is not None
        return pair.test.method == "none" or both

    keys = [frozenset((pair.here.id, pair.there.id)) for pair in curated.pairs]
    assert len(set(keys)) == len(keys)
    assert all(len(key) == 2 for key in keys)
    assert all(map(fits, curated.pairs))


def test_markdown_is_escaped_once(kg: KnowledgeGraph) -> None:
    """A sign that Markdown would read has one backslash before it, in lists as in tables."""
    text = to_text(kg.conflicts(), "md")

    assert r"shah-2020-cr-73-percent: \~40/55" in text
    assert r"\\" not in text
