"""Questions on small graphs, made up, that hold what the packaged claims do not, or hold it once only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import rdflib
from pyoxigraph import RdfFormat, parse

from cd22kg.errors import QueryError
from cd22kg.graph import KnowledgeGraph
from cd22kg.namespaces import BASE, PREFIXES
from cd22kg.queries import bind, find_query
from cd22kg.store import OxigraphStore, fill

#: rdflib itself uses what it deprecates.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Dataset:DeprecationWarning:rdflib", "ignore:ConjunctiveGraph:DeprecationWarning:rdflib"
)

#: Two releases: one claim added, one removed, one changed in its figure and in what it is about, one as it was.
RELEASES = """
GRAPH graph:loaded\\/before {
  claim:gone a cd22:ResultClaim ; cd22:statement "Gone." ; cd22:therapy therapy:auto3 .
  claim:same a cd22:ResultClaim ; cd22:statement "As it was." ; cd22:measurement <claim/same#measurement> .
  <claim/same#measurement> cd22:value 12.0 .
  claim:other a cd22:ResultClaim ; cd22:statement "Changed." ; cd22:about therapy:auto3, indication:lbcl ;
    cd22:locator "abstract" ; cd22:measurement <claim/other#measurement> .
  <claim/other#measurement> cd22:value 47.0 ; cd22:unit unit:percent ; cd22:events 10 .
}
GRAPH graph:loaded\\/after {
  claim:same a cd22:ResultClaim ; cd22:statement "As it was." ; cd22:measurement <claim/same#measurement> .
  <claim/same#measurement> cd22:value 12.0 .
  claim:other a cd22:ResultClaim ; cd22:statement "Changed." ; cd22:about indication:lbcl, indication:nhl ;
    cd22:locator "table 2" ; cd22:measurement <claim/other#measurement> .
  <claim/other#measurement> cd22:value 53.0 ; cd22:unit unit:percent ; cd22:total 19 .
  claim:new a cd22:ResultClaim ; cd22:statement "New." ; cd22:therapy therapy:auto3 .
}
GRAPH graph:claims\\/else { claim:else a cd22:ResultClaim ; cd22:statement "Of no release." . }
"""

CHANGES = [
    ("claim/gone", "removed", "", "ontology#statement", "Gone.", ""),
    ("claim/new", "added", "", "ontology#statement", "", "New."),
    ("claim/other", "changed", "", "ontology#about", "", "indication/nhl"),
    ("claim/other", "changed", "", "ontology#about", "therapy/auto3", ""),
    ("claim/other", "changed", "", "ontology#locator", "abstract", "table 2"),
    ("claim/other", "changed", "measurement", "ontology#events", "10", ""),
    ("claim/other", "changed", "measurement", "ontology#total", "", "19"),
]

#: A trial with a result in its registry record and in a paper, one without any, one that is not registered.
TRIALS = """
source:nct1 a cd22:RegistryRecord ; cd22:registryId "NCT1" ; cd22:trialStatus trial-status:completed .
source:nct2 a cd22:RegistryRecord ; cd22:registryId "NCT2" ; cd22:trialStatus trial-status:recruiting ;
  cd22:enrolment 30 .
source:paper a cd22:JournalArticle ; cd22:registryId "NCT2" .
study:one a cd22:Study ; cd22:registryId "NCT1" .
study:two a cd22:Study ; cd22:registryId "NCT2" ; cd22:phase phase:phase-1 .
study:series a cd22:Study .
cohort:one a cd22:Cohort ; cd22:study study:one .
cohort:two a cd22:Cohort ; cd22:study study:two .
claim:planned a cd22:StatementClaim ; cd22:cohort cohort:two ; cd22:source source:nct2 .
claim:registry-cr a cd22:ResultClaim ; cd22:cohort cohort:one ; cd22:outcome outcome:cr ; cd22:source source:nct1 ;
  cd22:measurement [ cd22:statistic statistic:proportion ; cd22:events 9 ; cd22:total 20 ] .
claim:paper-cr a cd22:ResultClaim ; cd22:cohort cohort:one ; cd22:outcome outcome:cr ; cd22:source source:paper ;
  cd22:measurement [ cd22:statistic statistic:proportion ; cd22:events 10 ; cd22:total 20 ; cd22:value 50.0 ;
    cd22:unit unit:percent ] .
claim:registry-orr a cd22:ResultClaim ; cd22:cohort cohort:one ; cd22:outcome outcome:orr ; cd22:source source:nct1 ;
  cd22:measurement [ cd22:statistic statistic:proportion ; cd22:value 0.75 ; cd22:unit unit:fraction ] .
claim:paper-orr a cd22:ResultClaim ; cd22:cohort cohort:one ; cd22:outcome outcome:orr ; cd22:source source:paper ;
  cd22:measurement [ cd22:statistic statistic:proportion ; cd22:value 75.0 ; cd22:unit unit:percent ] .
claim:registry-os a cd22:ResultClaim ; cd22:cohort cohort:one ; cd22:outcome outcome:os ; cd22:source source:nct1 ;
  cd22:measurement [ cd22:statistic statistic:median ; cd22:value 9.0 ; cd22:unit unit:month ] .
claim:paper-os a cd22:ResultClaim ; cd22:cohort cohort:one ; cd22:outcome outcome:os ; cd22:source source:paper ;
  cd22:measurement [ cd22:statistic statistic:rate-at-time ; cd22:value 40.0 ; cd22:unit unit:percent ] .
"""


def figure(name: str, value: str, unit: str, *more: str) -> str:
    """Return a claim with a figure."""
    rest = "".join(f" ; {each}" for each in more)
    return f"""claim:{name} a cd22:ResultClaim ; cd22:statement "{name}" ; cd22:source source:primary ;
      cd22:measurement [ cd22:value {value} ; cd22:unit unit:{unit}{rest} ] ."""


def repeating(name: str, value: str, unit: str, target: str, certainty: str = "likely") -> str:
    """Return a claim of an article with a figure that repeats another."""
    return f"""claim:{name} a cd22:StatementClaim ; cd22:statement "{name}" ; cd22:source source:article ;
      cd22:measurement [ cd22:value {value} ; cd22:unit unit:{unit} ] ; cd22:relation <claim/{name}#r> .
    <claim/{name}#r> cd22:relationType relation-type:repeats ; cd22:target claim:{target} ;
      cd22:certainty certainty:{certainty} ; cd22:reason "because" ."""


def graph(trig: str) -> KnowledgeGraph:
    """Return a graph with what a text says; names are those of the package."""
    store = OxigraphStore()
    store.bulk_load(parse(_prefixed(trig), format=RdfFormat.TRIG))
    return KnowledgeGraph(store)


def _prefixed(trig: str) -> str:
    return "".join(f"PREFIX {name}: <{base}>\n" for name, base in PREFIXES.items()) + f"BASE <{BASE}>\n{trig}"


def rows(name: str, trig: str, **parameters: str) -> list[tuple[str, ...]]:
    """Return the rows of an answer, in their order, without our base; a second engine must give the same."""
    kg = graph(trig)
    found = [tuple(map(_plain, row.values())) for row in map(dict, kg.ask(name, parameters))]
    question = find_query(name)
    text = fill(question.text, bind(question, {key: [value] for key, value in parameters.items()}, kg.store))
    dataset = rdflib.Dataset(default_union=True)
    dataset.parse(data=_prefixed(trig), format="trig")
    second = [tuple(map(_plain, row)) for row in dataset.query(text)]  # type: ignore[arg-type]  # rows
    assert sorted(second) == sorted(found)
    return found


def column(name: str, column: str, trig: str, **parameters: str) -> list[Any]:
    """Return one column of an answer, without our base."""
    return [_plain(row[column]) for row in map(dict, graph(trig).ask(name, parameters))]


def _plain(value: object) -> str:
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return (str(float(text)) if text.replace(".", "", 1).isdigit() else text).removeprefix(BASE)


# What changed


def test_changes_between_two_releases() -> None:
    """What was added, removed and changed is listed, a changed figure with both values, and nothing else."""
    found = rows("changes", RELEASES)

    assert [row for row in found if row[3] != "ontology#value"] == [
        tuple(map(_plain, expected)) for expected in CHANGES
    ]
    assert [row for row in found if row[3] == "ontology#value"] == [
        ("claim/other", "changed", "measurement", "ontology#value", "47.0", "53.0")
    ]


def test_changes_the_other_way_round() -> None:
    """With the releases exchanged, what was added is removed."""
    found = rows("changes", RELEASES, before="loaded/after", after="graph:loaded/before")

    assert [row[:2] for row in found if row[1] != "changed"] == [("claim/gone", "added"), ("claim/new", "removed")]


def test_a_release_has_not_changed_from_itself() -> None:
    """One graph compared with itself has no changes."""
    assert rows("changes", RELEASES, before="loaded/after") == []


@pytest.mark.parametrize("value", ["loaded/befor", "x} SERVICE <http://e> {", "", "https://else.where/g", "a b"])
def test_unknown_graph_lists_those_there_are(value: str) -> None:
    """A graph that the store does not have is an error with the nearest."""
    with pytest.raises(QueryError, match="there is no graph") as caught:
        graph(RELEASES).query("changes", before=value)

    assert "loaded/before" in caught.value.hint


def test_graph_in_full() -> None:
    """A graph may be named by its IRI."""
    found = graph(RELEASES).query("changes", before=f"{BASE}graph/loaded/before")

    assert graph(RELEASES).query("changes").answer == found.answer


# Trials


def test_trials_without_results_and_registry_figures() -> None:
    """A trial without a figure is listed, and a registry figure beside another one of the same patients."""
    found = [dict(row) for row in graph(TRIALS).query("trials-without-results")]
    missing = [row for row in found if row["finding"] == "no results"]
    differing = [row for row in found if row["finding"] == "figures differ"]

    assert len(rows("trials-without-results", TRIALS)) == len(found) == 2
    assert [(row["registryId"], row["enrolment"]) for row in missing] == [("NCT2", 30)]
    assert [(_plain(row["status"]), _plain(row["phase"])) for row in missing] == [
        ("trial-status/recruiting", "phase/phase-1")
    ]
    assert [(_plain(row["claim"]), _plain(row["other"])) for row in differing] == [
        ("claim/registry-cr", "claim/paper-cr")
    ]
    assert [(row["events"], row["eventsThere"], row["total"]) for row in differing] == [(9, 10, 20)]


# How a figure stands to the one it repeats


@pytest.mark.parametrize(
    ("printed", "there", "expected"),
    [
        (("68.0", "percent"), ("68.0", "percent"), "same"),
        (("68.0", "percent"), ("0.68", "fraction"), "same"),
        (("0.68", "fraction"), ("68.0", "percent"), "same"),
        (("70.0", "percent"), ("70.2", "percent"), "rounded"),
        (("70.0", "percent"), ("69.5", "percent"), "rounded"),
        (("70.0", "percent"), ("70.5", "percent"), "other figure"),
        (("70.2", "percent"), ("70.0", "percent"), "other figure"),
        (("70.2", "percent"), ("70.18", "percent"), "rounded"),
        (("70.2", "percent"), ("0.7018", "fraction"), "rounded"),
        (("0.7", "fraction"), ("70.2", "percent"), "rounded"),
        (("6.0", "month"), ("6.4", "month"), "rounded"),
        (("6.0", "month"), ("6.0", "percent"), "other figure"),
    ],
    ids=str,
)
def test_figure_against_the_one_repeated(printed: tuple[str, str], there: tuple[str, str], expected: str) -> None:
    """A figure is the same, rounded or another, whichever way percents are written."""
    trig = figure("origin", *there) + repeating("said", *printed, "origin")

    assert column("article-claims", "figure", trig + "source:article a cd22:OverviewArticle .", source="article") == [
        expected
    ]
    assert len(rows("article-claims", trig + "source:article a cd22:OverviewArticle .", source="article")) == 1


def test_counts_stand_for_a_percentage() -> None:
    """Where the other prints counts alone, the share is computed."""
    origin = """claim:origin a cd22:ResultClaim ; cd22:statement "s" ; cd22:source source:primary ;
      cd22:measurement [ cd22:events 2 ; cd22:total 3 ] . source:article a cd22:OverviewArticle ."""
    trig = origin + repeating("said", "67.0", "percent", "origin")

    assert column("article-claims", "figure", trig, source="article") == ["rounded"]


def test_other_patients_and_pooled_figures_are_told() -> None:
    """A figure said of others than those counted there is re-based; one of a meta-analysis is pooled."""
    pooled = "claim:origin a cd22:PooledClaim . source:article a cd22:OverviewArticle ."
    among = figure("origin", "90.0", "percent", "cd22:amongOutcome outcome:cr")
    trig = among + pooled + repeating("said", "90.0", "percent", "origin")

    assert column("article-claims", "figure", trig, source="article") == ["same, re-based, pooled"]


def test_a_claim_that_repeats_nothing_is_unsupported_or_own() -> None:
    """What repeats nothing is unsupported in an overview article, and the source's own elsewhere."""
    trig = """source:article a cd22:OverviewArticle .
      claim:said a cd22:StatementClaim ; cd22:statement "s" ; cd22:source source:article .
      source:trial a cd22:JournalArticle .
      claim:seen a cd22:ResultClaim ; cd22:statement "s" ; cd22:source source:trial ."""

    assert column("article-claims", "figure", trig, source="article") == ["unsupported"]
    assert column("article-claims", "figure", trig, source="trial") == ["own"]


# Conflicts


def test_a_repetition_with_another_figure_is_a_conflict() -> None:
    """A likely repetition with another figure is listed; a rounded, a doubtful or the same one is not."""
    trig = figure("origin", "70.2", "percent") + "".join(
        repeating(name, value, unit, "origin", certainty)
        for name, value, unit, certainty in (
            ("same", "0.702", "fraction", "certain"),
            ("rounded", "70.0", "percent", "likely"),
            ("doubtful", "75.0", "percent", "ambiguous"),
            ("other", "75.0", "percent", "likely"),
            ("unlike", "75.0", "month", "certain"),
        )
    )

    assert column("conflicts", "claim", trig) == ["claim/other"]
    assert column("conflicts", "differs", trig) == [""]
    assert len(rows("conflicts", trig)) == 1


def test_what_differs_is_named() -> None:
    """What differs between two claims is named, and whether they speak of the same thing."""
    trig = """claim:a cd22:relation <claim/a#r> ; cd22:outcome outcome:os ; cd22:source source:s ;
        cd22:measurement [ cd22:timepoint 12.0 ; cd22:timepointUnit unit:month ] .
      claim:b cd22:relation <claim/b#r> ; cd22:outcome outcome:os ; cd22:source source:s ;
        cd22:measurement [ cd22:timepoint 12.0 ; cd22:timepointUnit unit:month ; cd22:total 9 ] .
      claim:c cd22:outcome outcome:os ; cd22:cohort cohort:c ; cd22:source source:s ;
        cd22:measurement [ cd22:timepoint 12.0 ; cd22:timepointUnit unit:day ; cd22:total 9 ] .
      <claim/a#r> cd22:relationType relation-type:contradicts ; cd22:target claim:b ;
        cd22:certainty certainty:certain ; cd22:reason "r" .
      <claim/b#r> cd22:relationType relation-type:contradicts ; cd22:target claim:c ;
        cd22:certainty certainty:likely ; cd22:reason "r" ."""

    assert column("conflicts", "claim", trig) == ["claim/a", "claim/b"]
    assert column("conflicts", "differs", trig) == ["denominator", "time point"]
    assert column("conflicts", "comparable", trig) == ["true", "false"]
    assert len(rows("conflicts", trig)) == 2


# Provenance


def test_provenance_goes_on_over_several_steps() -> None:
    """A chain of repetitions is walked to its end, with the documents between, each step at its depth."""
    trig = "".join(repeating(f"c{n}", "1.0", "percent", f"c{n + 1}") for n in range(5)) + figure("c5", "1.0", "percent")
    trig += """source:article a cd22:OverviewArticle . source:primary a cd22:JournalArticle .
      cd22:OverviewArticle rdfs:subClassOf cd22:Source ; rdfs:label "overview article" .
      cd22:JournalArticle rdfs:subClassOf cd22:Source ; rdfs:label "journal article" .
      claim:c4 cd22:reportedVia source:copy . source:copy a cd22:OverviewArticle ; cd22:cites source:middle .
      source:middle cd22:cites source:article ."""
    found = [dict(row) for row in graph(trig).query("provenance", claim="c0")]

    assert [(row["depth"], row["step"], _plain(row["claim"]), _plain(row["source"])) for row in found] == [
        (0, "asked", "claim/c0", "source/article"),
        (1, "repeats", "claim/c1", "source/article"),
        (2, "repeats", "claim/c2", "source/article"),
        (3, "repeats", "claim/c3", "source/article"),
        (4, "repeats", "claim/c4", "source/article"),
        (4, "read in", "claim/c4", "source/copy"),
        (4, "cites", "claim/c4", "source/article"),
    ]
    assert len(rows("provenance", trig, claim="c0")) == len(found)
    assert column("provenance", "claim", trig, claim="c4")[-1] == "claim/c5"


# Weak evidence and unused concepts


def weak(**parameters: str) -> Mapping[str, tuple[str, ...]]:
    """Return the reasons by claim of a few figures, of which one has none."""
    trig = """source:a a cd22:ConferenceAbstract . source:p a cd22:PressRelease . source:j a cd22:JournalArticle .
      claim:abstract a cd22:EvidenceClaim ; cd22:source source:a .
      claim:press a cd22:EvidenceClaim ; cd22:source source:j ; cd22:reportedVia source:p .
      claim:centre a cd22:EvidenceClaim ; cd22:source source:j ; cd22:cohort cohort:c .
      cohort:c cd22:study study:s . study:s skos:note "Single-centre trial of a hospital." .
      claim:few a cd22:EvidenceClaim ; cd22:source source:j ; cd22:cohort cohort:large ;
        cd22:measurement [ cd22:total 9 ; cd22:countedUnit counted-unit:patient ] .
      claim:small a cd22:EvidenceClaim ; cd22:source source:j ; cd22:cohort cohort:small ;
        cd22:measurement [ cd22:total 30 ; cd22:countedUnit counted-unit:biopsy ] .
      claim:strong a cd22:EvidenceClaim ; cd22:source source:j ; cd22:cohort cohort:large .
      cohort:large cd22:size 10 ; skos:note "A multicentre trial." . cohort:small cd22:size 3 ."""
    return {row[0]: row[1:5] for row in rows("weak-evidence", trig, **parameters)}


def test_each_reason_for_caution_has_its_column() -> None:
    """A figure is listed with each reason, one without any is not; what is counted in biopsies counts by its cohort."""
    assert weak() == {
        "claim/abstract": ("source", "", "", ""),
        "claim/press": ("", "via", "", ""),
        "claim/centre": ("", "", "true", ""),
        "claim/few": ("", "", "", "9.0"),
        "claim/small": ("", "", "", "3.0"),
    }


def test_enough_patients_is_a_parameter() -> None:
    """The number below which patients are few can be given."""
    assert {"claim/few", "claim/small"}.isdisjoint(weak(below="3"))
    assert weak(below="11")["claim/strong"] == ("", "", "", "10.0")


def test_a_concept_is_used_by_a_claim_on_a_narrower_one() -> None:
    """A claim on a narrower concept is one on the wider; a claim on the wider says nothing of the narrower."""
    trig = "".join(
        f'indication:{name} skos:inScheme <scheme/indication> ; skos:prefLabel "{name}" ; cd22:within {within} .\n'
        for name, within in {
            "nhl": "indication:nhl",
            "b-nhl": "indication:b-nhl, indication:nhl",
            "lbcl": "indication:lbcl, indication:b-nhl, indication:nhl",
        }.items()
    )
    trig += "claim:a cd22:indication indication:b-nhl ; cd22:source source:s . "
    trig += "<cohort/c#part> a cd22:CohortPart ; cd22:indication indication:lbcl ."

    assert column("concepts-without-claims", "concept", trig) == ["indication/lbcl"]
    assert len(rows("concepts-without-claims", trig)) == 1
