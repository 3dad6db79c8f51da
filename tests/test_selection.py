"""Which claims are pooled: each patient once, and whatever is left out says why."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd22kg.errors import QueryError
from cd22kg.graph import KnowledgeGraph
from cd22kg.model import Cohort, CohortPart, Measurement, ResultClaim, Source
from cd22kg.queries.claims import KnownClaim
from cd22kg.synthesis.evidence import AFTER_CD19, EVIDENCE, Concept, Evidence
from cd22kg.synthesis.overlap import Overlap
from cd22kg.synthesis.recipe import Selection
from cd22kg.synthesis.selection import Selected, select

_BROADER = {
    ("indication", "b-all"): {"all", "b-cell"},
    ("indication", "all"): set(),
    ("indication", "b-cell"): set(),
    ("indication", "nhl"): set(),
    ("outcome", "crs"): set(),
    ("outcome", "severe-crs"): {"crs"},
    ("outcome", "cr"): {"response"},
    ("outcome", "cr-or-cri"): {"response"},
    ("outcome", "response"): set(),
    ("therapy", "mono"): {"car"},
    ("therapy", "car"): set(),
    ("denominator", "infused"): set(),
    ("denominator", "enrolled"): set(),
}
_PARTS = {"severe-crs": {"crs"}, "cr": {"cr-or-cri"}}
CONCEPTS = {
    key: Concept(key[0], key[1], key[1], frozenset({key[1], *above}), frozenset({key[1], *_PARTS.get(key[1], ())}))
    for key, above in _BROADER.items()
}


def cohort(slug: str, size: int | None = 30, **more: object) -> Cohort:
    """Return a cohort."""
    return Cohort.model_validate({"id": slug, "size": size, **more})


def claim(slug: str, cohort: str, events: int | None, total: int | None, **more: object) -> KnownClaim:
    """Return a claim on CR in B-ALL after a CD22 product, or on what is said otherwise."""
    measured: dict[str, object] = {
        "statistic": "proportion",
        "countedUnit": "patient",
        "events": events,
        "total": total,
    }
    measured |= {key: more.pop(key) for key in tuple(more) if key in Measurement.model_fields or key in _KEYS}
    stated = ResultClaim.model_validate(
        {
            "id": slug,
            "statement": "Said here.",
            "therapy": more.pop("therapy", "mono"),
            "indication": more.pop("indication", "b-all"),
            "outcome": more.pop("outcome", "cr"),
            "cohort": cohort,
            "measurement": {key: value for key, value in measured.items() if value is not None},
        }
    )
    inferred = more.pop("inferred", (EVIDENCE,))
    source = more.pop("source", f"{slug}-source")
    assert not more
    assert isinstance(inferred, tuple)
    return KnownClaim(stated, str(source), inferred)


_KEYS = {"amongOutcome", "countedUnit", "countsDerived", "gradingScale", "timepointUnit", "asPrinted"}


def evidence(
    claims: list[KnownClaim], cohorts: list[Cohort], published: dict[str, str] | None = None, **kinds: str
) -> Evidence:
    """Return claims with their cohorts; sources are articles of 2020, or as said."""
    sources = {
        known.source: Source.model_validate(
            {
                "id": known.source,
                "type": kinds.get(known.id.replace("-", "_"), "JournalArticle"),
                "published": (published or {}).get(known.id, "2020"),
            }
        )
        for known in claims
    }
    return Evidence({c.id: c for c in claims}, sources, {c.id: c for c in cohorts}, {}, CONCEPTS)


def chosen(selected: Selected) -> list[tuple[str, int, int]]:
    """Return the claims pooled with their counts, sorted."""
    return sorted((study.claim, study.events, study.total) for study in selected.studies)


def reasons(selected: Selected) -> dict[str, str]:
    """Return why claims were left out."""
    return {out.claim: out.reason for out in selected.left_out}


ASKED = Selection("mono", "b-all", ("cr",))


def test_the_largest_report_stands_for_its_patients() -> None:
    """Of a trial's first and second report the larger is pooled, and the other told of with what stands for it."""
    cohorts = [cohort("first", 10, subsetOf=["second"]), cohort("second", 20)]
    found = select(ASKED, evidence([claim("a", "first", 6, 10), claim("b", "second", 11, 20)], cohorts))

    assert chosen(found) == [("b", 11, 20)]
    assert [(out.claim, out.instead, out.reason) for out in found.left_out] == [
        ("a", "b", "part of second; 6/10 beside 11/20")
    ]


def test_the_latest_report_by_policy() -> None:
    """With the policy `latest` the newer report stands, though it counts fewer."""
    cohorts = [cohort("first", 10, subsetOf=["second"]), cohort("second", 20)]
    given = evidence([claim("a", "first", 6, 10), claim("b", "second", 11, 20)], cohorts, {"a": "2023", "b": "2021-05"})

    assert chosen(select(Selection("mono", "b-all", ("cr",), overlap="latest"), given)) == [("a", 6, 10)]


def test_two_subsets_are_pooled_where_the_whole_is_not_there() -> None:
    """Subsets that nothing relates are different patients; overlapping ones are not."""
    apart = [cohort("whole", 30), cohort("x", 10, subsetOf=["whole"]), cohort("y", 20, subsetOf=["whole"])]
    claims = [claim("a", "x", 6, 10), claim("b", "y", 11, 20)]
    assert chosen(select(ASKED, evidence(claims, apart))) == [("a", 6, 10), ("b", 11, 20)]

    crowded = [cohort("whole", 25), *apart[1:]]
    found = select(ASKED, evidence(claims, crowded))
    assert chosen(found) == [("b", 11, 20)]
    assert reasons(found) == {"a": "shares patients with y, as both are of whole; 6/10 beside 11/20"}


def test_overlap_of_wholes_may_be_overlap_of_parts() -> None:
    """A part of an overlapping cohort may share patients; a part that overlaps makes the whole share them."""
    cohorts = {
        one.id: one
        for one in (
            cohort("a", 10, subsetOf=["whole-a"]),
            cohort("whole-a", 30, overlaps=["b"]),
            cohort("b", 20),
            cohort("part-c", 5, subsetOf=["c"], overlaps=["b"]),
            cohort("c", 9),
        )
    }
    found = Overlap(cohorts)

    assert found.why("a", "b") == "may share patients with b"
    assert found.why("c", "b") == "shares patients with b"
    assert found.why("b", "c") == "shares patients with c"
    assert found.why("a", "c") == ""
    assert found.why("a", "a") == "the same patients"


def test_a_part_of_two_cohorts_makes_them_share_patients() -> None:
    """Who is in a subset of both is counted in both."""
    cohorts = [cohort("x", 20), cohort("y", 25), cohort("part", 5, subsetOf=["x", "y"])]
    found = select(ASKED, evidence([claim("a", "x", 6, 20), claim("b", "y", 7, 25)], cohorts))

    assert chosen(found) == [("b", 7, 25)]
    assert reasons(found) == {"a": "shares patients with y, as part is part of both; 6/20 beside 7/25"}


def test_parts_have_no_more_patients_than_the_whole() -> None:
    """Of three subsets that fit into the whole two by two, but not all three, two are pooled."""
    cohorts = [cohort("whole", 80), *(cohort(name, 30, subsetOf=["whole"]) for name in ("x", "y", "z"))]
    found = select(ASKED, evidence([claim(f"of-{name}", name, 10, 30) for name in ("x", "y", "z")], cohorts))

    assert chosen(found) == [("of-x", 10, 30), ("of-y", 10, 30)]
    assert reasons(found) == {
        "of-z": "shares patients with parts of whole that are pooled: together they have more than it"
    }


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7), st.booleans()), max_size=12))
def test_cohorts_that_nothing_ties_share_no_patients(ties: list[tuple[int, int, bool]]) -> None:
    """Whoever shares patients, for whatever reason, is of one kin, so that no other cohorts need be held together."""
    above: dict[int, set[str]] = {}
    beside: dict[int, set[str]] = {}
    for number, of, is_part in ties:
        (above if is_part else beside).setdefault(number, set()).add(f"c{of}")
    named = [
        cohort(f"c{n}", 10, subsetOf=sorted(above.get(n, ())), overlaps=sorted(beside.get(n, ()))) for n in range(8)
    ]
    found = Overlap({one.id: one for one in named})

    for one in named:
        for other in named:
            if found.why(one.id, other.id):
                assert found.kin(one.id) == found.kin(other.id)


def test_a_circle_of_subsets_ends() -> None:
    """A fault in the claims does not make the selection run for ever."""
    found = Overlap({"a": cohort("a", subsetOf=["b"]), "b": cohort("b", subsetOf=["a"])})

    assert found.why("a", "b") == "part of b"


@given(st.permutations(["fry", "shah", "part", "other", "again"]))
def test_the_order_of_claims_does_not_matter(order: list[str]) -> None:
    """The same studies are picked in whatever order the claims come, and no two of them share patients."""
    cohorts = [
        cohort("c-fry", 21, subsetOf=["c-shah"]),
        cohort("c-shah", 58),
        cohort("c-part", 15, subsetOf=["c-fry"]),
        cohort("c-other", 34),
    ]
    claims = {
        "fry": claim("fry", "c-fry", 12, 21),
        "shah": claim("shah", "c-shah", 40, 57),
        "part": claim("part", "c-part", 11, 15),
        "other": claim("other", "c-other", 24, 34),
        "again": claim("again", "c-other", 24, 30),
    }
    found = select(ASKED, evidence([claims[name] for name in order], cohorts))

    assert chosen(found) == [("other", 24, 34), ("shah", 40, 57)]
    assert set(reasons(found)) == {"again", "fry", "part"}


def test_a_part_of_an_outcome_does_not_stand_for_it() -> None:
    """Severe CRS is below CRS among the concepts, and yet no count of CRS of any grade."""
    given = evidence(
        [claim("a", "x", 2, 20, outcome="severe-crs"), claim("b", "y", 18, 20, outcome="crs")],
        [cohort("x"), cohort("y")],
    )

    assert chosen(select(Selection("mono", "b-all", ("crs",)), given)) == [("b", 18, 20)]


def test_of_one_cohort_the_outcome_named_first() -> None:
    """Where several outcomes count as one, the first of them is taken of a cohort that reports both."""
    given = evidence(
        [claim("a", "x", 12, 20), claim("b", "x", 14, 20, outcome="cr-or-cri"), claim("c", "y", 3, 9)],
        [cohort("x"), cohort("y")],
    )

    assert chosen(select(Selection("mono", "b-all", ("cr", "cr-or-cri")), given)) == [("a", 12, 20), ("c", 3, 9)]
    assert chosen(select(Selection("mono", "b-all", ("cr-or-cri", "cr")), given)) == [("b", 14, 20), ("c", 3, 9)]


def test_an_outcome_and_its_part_named_together() -> None:
    """A count of the part is one of the outcome named second, not of the first that it is below."""
    given = evidence(
        [claim("a", "x", 2, 20, outcome="severe-crs"), claim("b", "x", 18, 20, outcome="crs")], [cohort("x")]
    )

    assert chosen(select(Selection("mono", "b-all", ("crs", "severe-crs")), given)) == [("b", 18, 20)]
    assert chosen(select(Selection("mono", "b-all", ("severe-crs", "crs")), given)) == [("a", 2, 20)]


def test_wider_cohorts_by_their_mix() -> None:
    """A cohort of which nearly all have the indication counts if that is allowed, and else says how many have it."""
    mixed = cohort("x", 58, composition=[{"indication": "b-all", "size": 57}, {"indication": "nhl", "size": 1}])
    given = evidence([claim("a", "x", 40, 57, indication="b-cell")], [mixed])

    assert isinstance(mixed.composition[0], CohortPart)
    assert reasons(select(ASKED, given)) == {"a": "of a wider population, b-cell: 57 of 58 patients have b-all"}
    assert chosen(select(Selection("mono", "b-all", ("cr",), least_share=0.98), given)) == [("a", 40, 57)]
    assert not select(Selection("mono", "b-all", ("cr",), least_share=0.99), given).studies


def test_a_mix_that_is_not_stated_is_not_taken_for_none() -> None:
    """A cohort of which only the wider disease is stated may have the one asked for; nobody says that none has it."""
    whole = cohort("x", 32, composition=[{"indication": "all", "size": 32}])
    found = select(ASKED, evidence([claim("a", "x", 11, 32, indication="all")], [whole]))

    assert reasons(found) == {"a": "of a wider population, all: its mix is not stated"}


def test_patients_that_no_part_tells_of_are_not_taken_to_have_the_indication() -> None:
    """Where only 30 of 58 patients are told of, the share is of 58; parts without patients are no mix."""
    partly = cohort("x", 58, composition=[{"indication": "b-all", "size": 30}])
    nobody = cohort("y", 0, composition=[{"indication": "b-all", "size": 0}])
    claims = [claim("a", "x", 40, 58, indication="b-cell"), claim("b", "y", 4, 9, indication="b-cell")]
    found = select(Selection("mono", "b-all", ("cr",), least_share=0.95), evidence(claims, [partly, nobody]))

    assert reasons(found) == {
        "a": "of a wider population, b-cell: 30 of 58 patients have b-all",
        "b": "of a wider population, b-cell: its mix is not stated",
    }


def test_narrower_unless_exact() -> None:
    """A question about ALL has the claims about B-ALL, unless only ALL itself is meant."""
    given = evidence([claim("a", "x", 4, 9)], [cohort("x")])

    assert chosen(select(Selection("car", "all", ("cr",)), given)) == [("a", 4, 9)]
    assert not select(Selection("car", "all", ("cr",), exact=True), given).studies


@pytest.mark.parametrize(
    ("measured", "counts"),
    [
        ({"value": "43", "unit": "%", "total": 51}, (22, 51)),
        ({"value": "44.4", "unit": "%", "total": 9}, (4, 9)),
        ({"value": "0.75", "unit": "fraction", "total": 8}, (6, 8)),
        ({"value": "100", "unit": "%", "total": 8}, (8, 8)),
        # Stores fold numbers: the digits are those of the text, and else a zero after the point is none.
        ({"value": "43.0", "unit": "%", "total": 51, "asPrinted": "43%"}, (22, 51)),
        ({"value": "43.0", "unit": "%", "total": 51}, (22, 51)),
        ({"value": "70", "unit": "%", "total": 300, "asPrinted": "70.0%"}, (210, 300)),
        # Of 300 patients, 43 percent are 128, 129 or 130: nothing follows.
        ({"value": "43", "unit": "%", "total": 300}, None),
        # No count of 7 gives 50 percent.
        ({"value": "50", "unit": "%", "total": 7}, None),
        ({"value": "50", "unit": "%", "bound": "<=", "total": 8}, None),
        ({"value": "50", "unit": "%"}, None),
    ],
)
def test_counts_follow_from_a_percentage_only_where_one_fits(
    measured: dict[str, object], counts: tuple[int, int] | None
) -> None:
    """Events are worked out where exactly one count prints so, and then marked; else the claim is left out."""
    total = measured.pop("total", None)
    assert total is None or isinstance(total, int)
    given = evidence([claim("a", "x", None, total, **measured)], [cohort("x", None)])
    found = select(ASKED, given)

    if counts is None:
        assert not found.studies
        assert reasons(found) == {"a": "events and total are not printed, and do not follow from what is"}
    else:
        assert [(s.events, s.total, s.derived) for s in found.studies] == [(*counts, True)]
        without = select(Selection("mono", "b-all", ("cr",), printed_only=True), given)
        assert reasons(without) == {"a": "its counts are worked out from a percentage"}


@pytest.mark.parametrize(
    ("more", "asked", "reason"),
    [
        ({"statistic": "median", "value": "6", "unit": "month"}, {}, "a median: not a count of patients"),
        ({"countedUnit": "infusion"}, {}, "counts each infusion, not each patient"),
        ({"amongOutcome": "response"}, {}, "counts only patients with response"),
        ({}, {"among": "response"}, "counts all patients, not a group by outcome"),
        ({"denominator": "enrolled"}, {"denominator": ("infused",)}, "counts enrolled patients"),
        ({}, {"denominator": ("infused",)}, "its denominator is not printed"),
        ({}, {"until": "2019-06"}, "published 2020"),
        (
            {},
            {"after_cd19": True},
            "not all patients are known to have had a CD19-directed therapy before",
        ),
        (
            {"inferred": (EVIDENCE, AFTER_CD19)},
            {"after_cd19": False},
            "all patients had had a CD19-directed therapy before",
        ),
    ],
)
def test_what_is_left_out_says_why(more: dict[str, object], asked: dict[str, object], reason: str) -> None:
    """A claim that fits the question and cannot be pooled is listed with the reason."""
    given = evidence([claim("a", "x", 6, 10, **more)], [cohort("x")])
    found = select(Selection("mono", "b-all", ("cr",), **asked), given)  # type: ignore[arg-type]

    assert not found.studies
    assert reasons(found) == {"a": reason}


def test_abstracts_can_be_left_out() -> None:
    """Only articles and records stay."""
    given = evidence([claim("a", "x", 6, 10), claim("b", "y", 7, 10)], [cohort("x"), cohort("y")], b="PressRelease")
    found = select(Selection("mono", "b-all", ("cr",), exclude_abstracts=True), given)

    assert chosen(found) == [("a", 6, 10)]
    assert reasons(found) == {"b": "published in a press release only"}


def test_superseded_claims_are_left_out() -> None:
    """What is superseded for certain is not pooled, even where nothing else reports these patients."""
    old, new = claim("old", "x", 6, 10), claim("new", "y", 7, 10)
    relation = {"type": "supersedes", "target": "old", "certainty": "certain", "reason": "later"}
    stated = ResultClaim.model_validate({**new.stated.model_dump(by_alias=True), "relations": [relation]})
    given = evidence([old, KnownClaim(stated, new.source, new.inferred)], [cohort("x"), cohort("y")])

    found = select(ASKED, given)

    assert chosen(found) == [("new", 7, 10)]
    assert [(out.claim, out.reason, out.instead) for out in found.left_out] == [("old", "superseded by new", "new")]


def superseding(slug: str, cohort: str, **more: object) -> KnownClaim:
    """Return a claim that supersedes the claim `old` for certain."""
    known = claim(slug, cohort, 7, 10, **more)
    relation = {"type": "supersedes", "target": "old", "certainty": "certain", "reason": "later"}
    stated = ResultClaim.model_validate({**known.stated.model_dump(by_alias=True), "relations": [relation]})
    return KnownClaim(stated, known.source, known.inferred)


def test_only_evidence_supersedes() -> None:
    """A draft, or a claim of a retracted source, does not make the patients vanish."""
    old, draft = claim("old", "x", 6, 10), superseding("a-draft", "y", inferred=())
    cohorts = [cohort("x"), cohort("y"), cohort("z")]

    assert chosen(select(ASKED, evidence([old, draft], cohorts))) == [("old", 6, 10)]
    both = evidence([old, draft, superseding("b-new", "z")], cohorts)
    assert reasons(select(ASKED, both)) == {"old": "superseded by b-new"}


def test_what_came_later_does_not_supersede() -> None:
    """As of 2020 a claim of 2019 stands, though one of 2022 supersedes it."""
    given = evidence(
        [claim("old", "x", 6, 10), superseding("new", "y")],
        [cohort("x"), cohort("y")],
        {"old": "2019", "new": "2022-08"},
    )
    found = select(Selection("mono", "b-all", ("cr",), until="2020"), given)

    assert chosen(found) == [("old", 6, 10)]
    assert reasons(found) == {"new": "published 2022-08"}


@pytest.mark.parametrize(
    ("printed", "until", "reason"),
    [
        ("2022", "2022", ""),
        ("2022-08", "2022", ""),
        ("2021", "2022-03-03", ""),
        ("2022-03", "2022-03", ""),
        ("2022-03-03", "2022-03-03", ""),
        ("2022", "2022-03-03", "published 2022, perhaps later"),
        ("2022-03", "2022-03-03", "published 2022-03, perhaps later"),
        ("2022-03-04", "2022-03-03", "published 2022-03-04"),
        ("2023", "2022-03-03", "published 2023"),
        ("2022-04", "2022-03", "published 2022-04"),
    ],
)
def test_published_by_a_day(printed: str, until: str, reason: str) -> None:
    """What is known to the year only is not known to have been there in March."""
    given = evidence([claim("a", "x", 6, 10)], [cohort("x")], {"a": printed})
    found = select(Selection("mono", "b-all", ("cr",), until=until), given)

    assert reasons(found) == ({"a": reason} if reason else {})


def test_claims_that_are_no_evidence_are_not_asked() -> None:
    """Statements, and claims that are not accepted or whose source is retracted, do not even show as left out."""
    given = evidence([claim("a", "x", 6, 10, inferred=())], [cohort("x")])

    assert select(ASKED, given) == Selected((), (), (), ())


def test_mixed_studies_are_told() -> None:
    """Different outcomes, denominators, times and scales are told; where some only keep silent, that is told apart."""
    given = evidence(
        [
            claim("a", "x", 6, 10, denominator="infused", timepoint="1", timepointUnit="month"),
            claim("b", "y", 7, 10, denominator="enrolled", timepoint="28", timepointUnit="day"),
            claim("c", "z", 7, 10, gradingScale="lee-2014"),
        ],
        [cohort("x"), cohort("y"), cohort("z")],
    )
    found = select(ASKED, given)

    assert found.mixed == (
        "mixed denominators: enrolled (1), infused (1), not stated (1)",
        "mixed time points: 1 month (1), 28 days (1), not stated (1)",
    )
    assert found.unstated == ("grading scales that may differ: lee-2014 (1), not stated (2)",)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"least_share": 0.0}, "the least share is a fraction above 0"),
        ({"least_share": 1.5}, "the least share is a fraction above 0"),
        ({"overlap": "newest"}, "there is no policy `newest`"),
        ({"outcome": ()}, "a synthesis needs an outcome"),
        ({"until": "soon"}, "malformed date `soon`"),
        ({"until": "2020-13"}, "there is no day `2020-13`"),
    ],
)
def test_impossible_selections_are_refused(asked: dict[str, object], message: str) -> None:
    """A selection that cannot be is an error when it is made."""
    with pytest.raises(QueryError, match=message):
        Selection(**{"therapy": "mono", "indication": "b-all", "outcome": ("cr",), **asked})  # type: ignore[arg-type]


def test_no_patient_twice_in_the_curated_claims(kg: KnowledgeGraph) -> None:
    """Whatever is asked of the curated claims, no two of the studies picked share patients."""
    evidence = kg.evidence
    overlap = Overlap(evidence.cohorts)
    outcomes = {known.outcome for known in evidence.claims.values() if known.outcome}
    for outcome in sorted(outcomes):
        found = select(Selection("car-t-cell-therapy", "haematological-malignancy", (outcome,)), evidence)
        cohorts = [study.cohort for study in found.studies]
        shared = [(a, b) for n, a in enumerate(cohorts) for b in cohorts[n + 1 :] if overlap.why(a, b)]
        assert shared == [], outcome


def test_first_and_second_report_of_a_trial(kg: KnowledgeGraph) -> None:
    """Fry 2018, Shah 2020 and their subgroups report one trial: only one of them is ever pooled."""
    found = select(Selection("m971-bbz", "b-cell-malignancy", ("crs-any-grade",)), kg.evidence)

    assert len({study.cohort for study in found.studies if study.cohort.startswith("nct02315612")}) == 1


def test_derived_events_print_as_the_percentage(kg: KnowledgeGraph) -> None:
    """Every count worked out from a curated percentage prints again as it."""
    for outcome in ("cr", "orr", "crs-any-grade"):
        found = select(Selection("car-t-cell-therapy", "haematological-malignancy", (outcome,)), kg.evidence)
        for study in found.studies:
            measurement = kg.evidence.claims[study.claim].measurement
            assert measurement is not None
            if measurement.events is None and measurement.value is not None:
                share = Decimal(study.events) / study.total * (1 if measurement.unit == "fraction" else 100)
                assert abs(share - measurement.value) <= Decimal("0.5")
