"""The question library: complete headers, expected rows, the same rows from a second engine, and safe parameters."""

from __future__ import annotations

import io
import re
from collections import Counter
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import rdflib
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, RdfFormat
from rdflib.plugins.sparql import prepareQuery

import cd22kg
from cd22kg.errors import InputError, QueryError
from cd22kg.graph import KnowledgeGraph
from cd22kg.namespaces import BASE, KINDS, PREFIXES
from cd22kg.queries import Query, bind, exactly, find_query, library, read_query
from cd22kg.queries.library import Parameter
from cd22kg.store import BLOCK, OxigraphStore, Table, fill

ROOT = Path(__file__).resolve().parents[1]
EXPECTED = ROOT / "tests" / "data" / "queries"
QUERIES = {query.name: query for query in library()}
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
NUMERIC = {rdflib.XSD.integer, rdflib.XSD.decimal}

FRANK = {f"claim/frank-2024-{name}" for name in ("alive-two-years", "cr", "orr", "prior-cd19-car-t")}
#: For each parameter of each question: a value, and the values that the column it bears on then holds.
NARROWER: list[tuple[str, str, str, str, set[str]]] = [
    ("after-cd19-failure", "indication", "lbcl", "indication", {"indication/dlbcl", "indication/lbcl"}),
    ("after-cd19-failure", "outcome", "cr", "outcome", {"outcome/cr"}),
    (
        "antigen-evidence",
        "antigen",
        "cd19",
        "claim",
        {
            "claim/car19-22-hsct-2022-cd19-negative-relapse",
            "claim/dai-2020-antigen-escape",
            "claim/ghorashian-2024-antigen-escape",
            "claim/ghorashian-2024-disease-recurrence",
            "claim/plaks-2021-cd19-low-or-negative-at-relapse",
            "claim/spiegel-2021-cd19-loss-b-all",
            "claim/spiegel-2021-cd19-loss-lbcl",
            "claim/wang-2023-cd19-negative-relapse",
        },
    ),
    ("antigen-switch", "antigen", "cd20", "claim", set()),
    ("antigen-switch", "lost", "cd20", "claim", set()),
    ("article-claims", "source", "fergusson-2023", "claim", {f"claim/fergusson-2023-p0{n}" for n in range(1, 9)}),
    ("changes", "after", "claims/frank-2024", "claim", FRANK),
    ("changes", "before", "claims/frank-2024", "change", {"removed"}),
    ("claims-by-evidence-level", "level", "prospective-trial", "level", {"evidence-level/prospective-trial"}),
    (
        "dose-response",
        "outcome",
        "dose-limiting-toxicity",
        "claim",
        {
            "claim/balli-01-2021-dose-limiting-toxicity",
            "claim/balli-01-ash-2023-dose-limiting-toxicity-process-2",
            "claim/cordoba-2021-dose-limiting-toxicity",
        },
    ),
    ("dose-response", "therapy", "auto3", "therapy", {"therapy/auto3"}),
    ("claims", "antigen", "cd20", "therapy", {"therapy/cd19-cd22-cd20-sequential-chictr1800014457"}),
    ("claims", "cohort", "nct02315612-fry", "cohort", {"cohort/nct02315612-fry"}),
    ("claims", "indication", "lbcl", "indication", {"indication/dlbcl", "indication/lbcl"}),
    ("claims", "outcome", "orr", "outcome", {"outcome/orr"}),
    ("claims", "source", "pan-2018-eha", "source", {"source/pan-2018-eha"}),
    ("claims", "therapy", "firi-cel", "therapy", {"therapy/firi-cel"}),
    ("evidence-overview", "indication", "lbcl", "indicationLabel", {"DLBCL", "LBCL"}),
    ("evidence-overview", "therapy", "firi-cel", "product", {"firicabtagene autoleucel"}),
    ("manufacturing", "outcome", "manufacturing-success", "claim", {"claim/spiegel-2021-manufacturing-success"}),
    (
        "manufacturing",
        "therapy",
        "firi-cel",
        "claim",
        {
            "claim/firce1-ash-2025-infused",
            "claim/firce1-ash-2025-manufacturing-failure",
            "claim/firce1-ash-2025-product-manufactured",
            "claim/firce1-ash-2025-vein-to-vein-time",
        },
    ),
    ("missing-fields", "field", "versionDate", "kind", {"registry record"}),
    ("outcomes-covered", "source", "frank-2024", "therapy", {"therapy/firi-cel"}),
    ("outcomes-covered", "therapy", "cd22-carfh80", "source", {"source/cd22-carfh80"}),
    ("product-evidence", "therapy", "cd22-carfh80", "source", {"source/cd22-carfh80"}),
    (
        "provenance",
        "claim",
        "car-t-hope-s27-second-line-option",
        "source",
        {"source/car-t-hope-2025-03", "source/cargo-2024-lancet-press", "source/frank-2024"},
    ),
    ("regulatory-status", "therapy", "ucart22", "therapy", {"therapy/ucart22"}),
    ("related-claims", "type", "repeats", "type", {"relation-type/repeats"}),
    ("relapse", "indication", "lbcl", "indication", {"indication/lbcl"}),
    ("relapse", "indication", "nhl", "indication", {"indication/b-nhl", "indication/lbcl", "indication/nhl"}),
    (
        "relapse",
        "therapy",
        "cd19-cd22-dual-car-t",
        "therapy",
        {
            "therapy/auto3",
            "therapy/car19-22-cocktail-chictr-opn-16008526",
            "therapy/cat19-cd22-cotransduced",
            "therapy/cd19-22-bb-z",
            "therapy/cd19-22-bbz-mscv",
            "therapy/cd19-cd22-bispecific-nct03185494",
            "therapy/cd19-cd22-coadministered-wang-2023",
            "therapy/cd19-cd22-dual-car-t",
            "therapy/cd19-cd22-sequential-chictr2100053871",
        },
    ),
    ("complete-response", "antigen", "cd20", "therapy", {"therapy/cd19-cd22-cd20-sequential-chictr1800014457"}),
    ("complete-response", "indication", "all", "indication", {"indication/all", "indication/b-all"}),
    ("complete-response", "indication", "b-all", "indication", {"indication/b-all"}),
    ("complete-response", "outcome", "orr", "outcome", {"outcome/orr"}),
    ("complete-response", "therapy", "cd22-mono-car-t", "group", {"therapy/cd22-mono-car-t"}),
    ("complete-response", "therapy", "firi-cel", "therapy", {"therapy/firi-cel"}),
    ("severe-toxicity", "indication", "b-all", "indication", {"indication/b-all"}),
    ("severe-toxicity", "outcome", "crs-any-grade", "outcome", {"outcome/crs-grade-ge-3"}),
    (
        "severe-toxicity",
        "outcome",
        "hlh-like-manifestations",
        "claim",
        {
            "claim/firce1-press-2025-iec-hs-grade-ge-3",
            "claim/lichtenstein-2021-hlh-like",
            "claim/lichtenstein-2021-hlh-like-among-crs",
            "claim/shah-2020-hlh-like",
        },
    ),
    ("severe-toxicity", "therapy", "auto3", "therapy", {"therapy/auto3"}),
    ("survival", "indication", "lbcl", "indication", {"indication/dlbcl", "indication/lbcl"}),
    ("survival", "outcome", "efs", "claim", {"claim/cordoba-2021-efs", "claim/wang-2023-efs"}),
    ("survival", "therapy", "auto3", "therapy", {"therapy/auto3"}),
    ("therapies", "therapy", "auto3", "therapy", {"therapy/auto3"}),
    ("weak-evidence", "below", "4", "patients", {"", "3"}),
]


@cache
def graph() -> KnowledgeGraph:
    """Return the packaged graph."""
    return cd22kg.load()


@cache
def rdflib_graph() -> rdflib.Graph:
    """Return the packaged graph for rdflib."""
    return graph().to_rdflib()


@cache
def rdflib_dataset() -> rdflib.Dataset:
    """Return the packaged graph for rdflib, with its named graphs."""
    file = io.BytesIO()
    graph().write_nquads(file)
    return rdflib.Dataset(default_union=True).parse(data=file.getvalue(), format="nquads")


def cells(name: str, column: str, **parameters: str | list[str]) -> list[str]:
    """Return the values of a column of an answer, without our base."""
    return [str(row[column]).removeprefix(BASE) for row in graph().ask(name, parameters)]


def store_rows(table: Table) -> Counter[tuple[str, ...]]:
    """Return the rows of a table, numbers by value, with how often each occurs."""

    def value(term: Any) -> str:
        if term is None:
            return ""
        if isinstance(term, Literal) and rdflib.URIRef(term.datatype.value) in NUMERIC:
            return str(Decimal(term.value).normalize())
        return str(term.value)

    return Counter(tuple(value(term) for term in row) for row in table.rows)


def rdflib_rows(text: str) -> tuple[tuple[str, ...], Counter[tuple[str, ...]]]:
    """Return columns and rows of an answer of rdflib, numbers by value, with how often each row occurs."""

    def value(term: Any) -> str:
        if term is None:
            return ""
        if isinstance(term, rdflib.Literal) and term.datatype in NUMERIC:
            return str(Decimal(str(term)).normalize())
        return str(term)

    answer = (rdflib_dataset() if "GRAPH " in text else rdflib_graph()).query(text)
    columns = tuple(str(name) for name in answer.vars or ())
    return columns, Counter(tuple(value(term) for term in row) for row in answer)  # type: ignore[union-attr]  # a SELECT gives rows


# Files


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_header_is_complete(name: str) -> None:
    """A question has a summary, a description that asks or tells, tags, and says what each parameter takes."""
    query = QUERIES[name]

    assert query.summary
    assert query.description.endswith(("?", "."))
    assert query.explanation.endswith(".")
    assert re.fullmatch(r"(Q[0-9]+)?", query.number)
    assert query.tags
    assert [p.name for p in query.parameters if not p.description] == []
    assert [p.name for p in query.parameters if p.kind not in (*KINDS, "graph", "text", "integer")] == []


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_parameters_are_those_of_the_text(name: str) -> None:
    """Each parameter of the header has its block in the text, with one VALUES, and each block its parameter."""
    query = QUERIES[name]
    blocks = re.findall(r"^ *# param ([a-z-]+)\n(.*?)^ *# end\n", query.text, re.MULTILINE | re.DOTALL)

    assert sorted(p.name for p in query.parameters) == sorted(found for found, _ in blocks)
    assert [1] * len(blocks) == [body.count("VALUES ") for _, body in blocks]
    assert query.text.count("# param ") == query.text.count("# end") == len(blocks)


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_text_is_sparql_for_rdflib(name: str) -> None:
    """The file itself, parameters and all, is a SPARQL query for a second engine."""
    assert prepareQuery(QUERIES[name].text)


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_order_is_fixed(name: str) -> None:
    """A question orders its rows, and its columns have names."""
    assert "ORDER BY" in QUERIES[name].text
    assert "SELECT *" not in QUERIES[name].text


# Rows


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_rows_are_those_expected(name: str) -> None:
    """A question gives, as CSV, the rows that were read against the claim files."""
    expected = (EXPECTED / f"{name}.csv").read_text(encoding="utf-8")

    assert expected == graph().query(name).to_text("csv")


def test_every_question_has_expected_rows() -> None:
    """No question is without expected rows, and no rows without their question."""
    assert sorted(QUERIES) == sorted(path.stem for path in EXPECTED.iterdir())


@pytest.mark.filterwarnings("ignore:Dataset:DeprecationWarning:rdflib")  # rdflib itself uses what it deprecates
@pytest.mark.parametrize("name", sorted(QUERIES))
def test_rdflib_gives_the_same_rows(name: str) -> None:
    """A second engine, asked the same text, gives the same rows, each as often."""
    text = fill(QUERIES[name].text, bind(QUERIES[name], {}, graph().store))
    table = graph().store.query(text)
    assert isinstance(table, Table)
    columns, rows = rdflib_rows(text)

    assert table.columns == columns
    assert store_rows(table) == rows


#: Files that hold example values beside what is asked without parameters; for the one left out rdflib, which keeps the
#: order that is written, takes minutes.
WITH_EXAMPLES = sorted(
    query.name
    for query in QUERIES.values()
    if any(not parameter.default for parameter in query.parameters) and query.name != "evidence-overview"
)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_rdflib_gives_the_same_rows_for_the_file(name: str) -> None:
    """The file as it stands, with its example values, gives a second engine the same rows, too."""
    table = graph().store.query(QUERIES[name].text)
    assert isinstance(table, Table)
    columns, rows = rdflib_rows(QUERIES[name].text)

    assert table.columns == columns
    assert store_rows(table) == rows


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_no_row_comes_twice(name: str) -> None:
    """A question gives no row twice."""
    table = graph().query(name).table()

    assert [row for row, count in store_rows(table).items() if count > 1] == []


#: Two figures of one source after CD19-directed therapy, and the claim that compares them; made up.
COMPARED = """
claim:alone a cd22:EvidenceAfterCD19Failure ;
  cd22:therapy therapy:cart22 ; cd22:indication indication:b-all ; cd22:outcome outcome:cr ; cd22:source source:made .
claim:dual a cd22:{kind} ;
  cd22:therapy therapy:auto3 ; cd22:indication indication:b-all ; cd22:outcome outcome:cr ; cd22:source source:made .
claim:compared a cd22:ComparisonClaim ; cd22:subjectClaim claim:dual ; cd22:referenceClaim claim:alone ;
  cd22:direction direction:higher ; cd22:therapy therapy:auto3 ; cd22:indication indication:b-all ;
  cd22:outcome outcome:cr ; cd22:source source:made .
therapy:cart22 cd22:within therapy:cd22-mono-car-t .
therapy:auto3 cd22:within therapy:cd19-cd22-dual-car-t .
outcome:cr cd22:within outcome:response .
"""


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (
            "EvidenceAfterCD19Failure",
            [
                ("comparison", "therapy/cd19-cd22-dual-car-t", "therapy/cd22-mono-car-t", "claim/compared"),
                ("figure", "therapy/cd19-cd22-dual-car-t", "", "claim/dual"),
                ("figure", "therapy/cd22-mono-car-t", "", "claim/alone"),
            ],
        ),
        ("EvidenceClaim", [("figure", "therapy/cd22-mono-car-t", "", "claim/alone")]),
    ],
    ids=["both", "one"],
)
def test_comparison_is_told_apart(kind: str, expected: list[tuple[str, ...]]) -> None:
    """A comparison is a row of its own kind, and is one after CD19 failure only if both of its figures are."""
    prefixes = "".join(f"PREFIX {name}: <{value}>\n" for name, value in PREFIXES.items())
    store = OxigraphStore()
    store.bulk_load_text((prefixes + COMPARED.format(kind=kind)).encode(), RdfFormat.TURTLE)
    answer = store.query(filled(QUERIES["after-cd19-failure"], {}))
    assert isinstance(answer, Table)
    named = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    wanted = ("kind", "group", "against", "claim")

    assert expected == [tuple(getattr(row[name], "value", "").removeprefix(BASE) for name in wanted) for row in named]


def test_switch_can_be_asked_the_other_way_round() -> None:
    """What hits CD19 after CD22 was lost is another answer than what hits CD22 after CD19 was."""
    expected = ["claim/ghorashian-2024-antigen-escape", "claim/dai-2020-antigen-escape"]

    assert expected == cells("antigen-switch", "claim", antigen="cd19", lost="cd22")


# Parameters


@pytest.mark.parametrize(
    ("name", "parameter", "value", "column", "expected"), NARROWER, ids=[f"{n}-{p}-{v}" for n, p, v, _, _ in NARROWER]
)
def test_value_narrows(name: str, parameter: str, value: str, column: str, expected: set[str]) -> None:
    """With a value, only rows of that value and of what is below it are left."""
    assert expected == set(cells(name, column, **{parameter: value}))


def test_every_parameter_is_tried() -> None:
    """The cases above hold each parameter of each question."""
    expected = {(query.name, p.name) for query in QUERIES.values() for p in query.parameters}

    assert expected == {(name, parameter) for name, parameter, *_ in NARROWER}


@pytest.mark.parametrize(
    ("name", "parameter", "value"),
    [(n, p, v) for n, p, v, _, _ in NARROWER if not QUERIES[n].parameter(p).default],
    ids=[f"{n}-{p}-{v}" for n, p, v, _, _ in NARROWER if not QUERIES[n].parameter(p).default],
)
def test_absent_value_widens(name: str, parameter: str, value: str) -> None:
    """Without a value the question asks for everything: it has the rows of any value, and more."""
    narrow, wide = graph().ask(name, {parameter: value}), graph().query(name)

    assert set(narrow.table().rows) < set(wide.table().rows)


@pytest.mark.parametrize(
    ("name", "parameter"),
    [(query.name, p.name) for query in QUERIES.values() for p in query.parameters if p.default],
)
def test_default_is_what_is_asked_without_a_value(name: str, parameter: str) -> None:
    """A default may be left out or written out."""
    default = list(QUERIES[name].parameter(parameter).default)

    assert graph().query(name).answer == graph().ask(name, {parameter: default}).answer


def test_several_values_are_joined() -> None:
    """Several values give the rows of each."""
    both = cells("complete-response", "claim", indication=["b-all", "lbcl"])
    one, other = (cells("complete-response", "claim", indication=value) for value in ("b-all", "lbcl"))

    assert Counter(one + other) == Counter(both)


@pytest.mark.parametrize(
    ("name", "parameter", "wider", "narrower"),
    [
        ("complete-response", "indication", "all", "b-all"),
        ("complete-response", "therapy", "cd22-mono-car-t", "firi-cel"),
        ("relapse", "indication", "b-cell-malignancy", "b-all"),
        ("relapse", "therapy", "cd22-mono-car-t", "m971-bbz"),
        ("severe-toxicity", "indication", "b-cell-malignancy", "b-all"),
        ("severe-toxicity", "outcome", "crs-any-grade", "crs-grade-ge-3"),
        ("severe-toxicity", "therapy", "cd22-mono-car-t", "m971-bbz"),
        ("survival", "outcome", "time-to-event", "os"),
    ],
    ids=lambda value: str(value),
)
def test_values_within_each_other_give_no_row_twice(name: str, parameter: str, wider: str, narrower: str) -> None:
    """A value that lies within another one given adds nothing: a claim that fits both is one row."""
    alone, both = (cells(name, "claim", **{parameter: given}) for given in (wider, [wider, narrower]))

    assert Counter(alone) == Counter(both)


@pytest.mark.parametrize(
    ("name", "parameter", "value", "column"),
    [
        ("relapse", "indication", "nhl", "indication"),
        ("relapse", "therapy", "cd19-cd22-dual-car-t", "therapy"),
        ("complete-response", "indication", "all", "indication"),
        ("complete-response", "therapy", "cd22-mono-car-t", "therapy"),
        ("severe-toxicity", "therapy", "cd22-mono-car-t", "therapy"),
    ],
)
def test_exact_value_stands_for_itself(name: str, parameter: str, value: str, column: str) -> None:
    """On request what is narrower is left out, of the values given only; the rows are among those with it."""
    wide = graph().ask(name, {parameter: value})
    exact = graph().ask(name, {parameter: value}, exact=True)
    found = {str(row[column]).removeprefix(BASE) for row in exact}

    assert found <= {f"{parameter}/{value}"}
    assert set(exact.table().rows) < set(wide.table().rows)


def test_every_wider_value_has_the_form_that_exact_changes() -> None:
    """Each block that includes what is narrower can be asked without."""
    for query in QUERIES.values():
        for block in BLOCK.finditer(query.text):
            assert ("cd22:within" in block[0]) == (exactly(block[0], [block["name"]]) != block[0])
            assert "cd22:within" not in exactly(block[0], [block["name"]])


def test_value_may_be_written_in_full() -> None:
    """A slug, a prefixed name and an IRI name the same thing."""
    answers = [
        graph().query("complete-response", indication=value).answer
        for value in ("b-all", "indication:b-all", f"{BASE}indication/b-all")
    ]

    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize(
    ("name", "parameter", "value", "near"),
    [
        ("complete-response", "indication", "b-al", "b-all"),
        ("complete-response", "therapy", "firicel", "firi-cel"),
        ("article-claims", "source", "fergusson-2032", "fergusson-2023"),
        ("related-claims", "type", "contradict", "contradicts"),
    ],
    ids=lambda value: str(value),
)
def test_unknown_value_lists_the_nearest(name: str, parameter: str, value: str, near: str) -> None:
    """A value that names nothing is an error which tells what may have been meant."""
    with pytest.raises(QueryError, match=f"there is no [a-z-]+ `{value}`") as caught:
        graph().ask(name, {parameter: value})

    assert near in caught.value.hint


def test_unknown_parameter_lists_those_there_are() -> None:
    """A parameter that a question does not have is an error which lists its parameters."""
    with pytest.raises(QueryError, match="has no parameter `dose`") as caught:
        graph().query("complete-response", dose="1e6")

    assert caught.value.hint == "it takes: therapy, indication, antigen, outcome"


@pytest.mark.parametrize("query", [q for q in QUERIES.values() if q.number], ids=lambda q: q.number)
def test_question_goes_by_its_number(query: Query) -> None:
    """A competency question is found by its number, which it shares with none."""
    assert find_query(query.number) == find_query(query.number.lower()) == query
    assert [other.name for other in QUERIES.values() if other.number == query.number] == [query.name]


def test_the_competency_questions_are_there() -> None:
    """All eighteen have their query."""
    assert sorted({q.number for q in QUERIES.values()} - {""}) == sorted(f"Q{n}" for n in range(1, 19))


@pytest.mark.parametrize(
    ("name", "parameter", "value"),
    [
        ("complete-response", "outcome", "crs-grade-ge-3"),
        ("complete-response", "outcome", "relapse"),
        ("after-cd19-failure", "outcome", "crs-any-grade"),
        ("manufacturing", "outcome", "cr"),
        ("severe-toxicity", "outcome", "cr"),
        ("survival", "outcome", "cr"),
    ],
)
def test_value_that_the_question_does_not_take(name: str, parameter: str, value: str) -> None:
    """A concept that the answer would not be about is an error which tells what is allowed."""
    with pytest.raises(QueryError, match=f"`{parameter}` does not take `{value}` here") as caught:
        graph().ask(name, {parameter: value})

    assert caught.value.hint == f"give {' or '.join(QUERIES[name].parameter(parameter).among)}, or what lies within"


def test_allowed_concepts_are_concepts() -> None:
    """What a parameter is limited to is there, and its defaults are within."""
    for query in QUERIES.values():
        for parameter in query.parameters:
            for value in (*parameter.among, *(parameter.default if parameter.among else ())):
                assert bind(query, {parameter.name: [value]}, graph().store)


def test_number_may_be_given_as_one() -> None:
    """In Python a whole number need not be text."""
    assert graph().ask("weak-evidence", {"below": 5}).answer == graph().ask("weak-evidence", {"below": "5"}).answer


def test_unknown_question_lists_the_nearest() -> None:
    """A question that is not in the library is an error which tells what may have been meant."""
    with pytest.raises(QueryError, match="no query is called `relaps`") as caught:
        find_query("relaps")

    assert "relapse" in caught.value.hint


def test_case_of_a_name_does_not_matter() -> None:
    """A person may write a name as tables show it."""
    assert len(graph().query("complete-response", indication="B-ALL")) > 1


@pytest.mark.parametrize(
    "value",
    [
        "x} SERVICE <http://e> {",
        "b-all } #",
        "b-all> ?p ?o . <x",
        "b-all\n# end\n",
        "",
        "../source/fry-2018",
        "b-all#measurement",
        '" } DROP ALL #',
    ],
    ids=repr,
)
def test_odd_value_never_reaches_the_query(value: str) -> None:
    """Text that is no slug is refused before there is a query."""
    with pytest.raises(QueryError, match="there is no indication"):
        graph().query("complete-response", indication=value)


def asking(kind: str) -> Query:
    """Return a question that gives back the value of its parameter."""
    text = "SELECT ?v WHERE {\n  # param v\n  VALUES ?v { 0 }\n  # end\n}\n"
    return Query("asking", "s", "d", "e.", ("t",), (Parameter("v", kind, "d"),), text)


def filled(query: Query, given: dict[str, list[str]]) -> str:
    """Return the text of a question with values, from an empty store."""
    return fill(query.text, bind(query, given, OxigraphStore()))


@CALM
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), min_size=1, max_size=3))
def test_any_text_is_one_literal(values: list[str]) -> None:
    """Whatever a text holds, it goes into the query as a literal and comes out as it went in."""
    store = OxigraphStore()
    answer = store.query(asking("text").text, parameters=bind(asking("text"), {"v": values}, store))

    assert Table(("v",), tuple((Literal(value),) for value in values)) == answer


@pytest.mark.parametrize("value", ["0", "58", "007"])
def test_integer_is_a_number(value: str) -> None:
    """Digits become a whole number."""
    expected = f'VALUES ?v {{ "{value}"^^<http://www.w3.org/2001/XMLSchema#integer> }}'

    assert expected in filled(asking("integer"), {"v": [value]})


@pytest.mark.parametrize("value", ["", "-1", "1.0", "1e3", "1_000", "١", "５8", "1 }", "1234567890"], ids=repr)
def test_odd_integer_is_refused(value: str) -> None:
    """What is not plain digits is no whole number."""
    with pytest.raises(QueryError, match="takes a whole number"):
        bind(asking("integer"), {"v": [value]}, OxigraphStore())


def test_unknown_kind_is_refused() -> None:
    """A header that names a kind which does not exist is an error."""
    with pytest.raises(QueryError, match="unknown kind `disease`"):
        bind(asking("disease"), {"v": ["x"]}, OxigraphStore())


def test_unfilled_block_is_left_out() -> None:
    """Of a block without a value nothing is left in the text."""
    assert filled(asking("text"), {}) == "SELECT ?v WHERE {\n}\n"


def test_bound_value_is_an_iri() -> None:
    """A slug goes into the query as the IRI of the thing it names."""
    text = fill(QUERIES["relapse"].text, bind(QUERIES["relapse"], {"therapy": ["auto3"]}, graph().store))

    assert f"VALUES ?askedTherapy {{ {NamedNode(BASE + 'therapy/auto3')} }}" in text
    assert "askedIndication" not in text


# Headers that are wrong


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT * WHERE { ?s ?p ?o }\n", "has no header"),
        ("#+ summary: s\nASK {}\n", "the header lacks 'description'"),
        ("#+ summary: s\n#+ description: d\n#+ tags: [t]\n#+ parameters: [{name: x}]\nASK {}\n", "lacks 'kind'"),
        ("#+ summary: a: b\nASK {}\n", "not valid YAML"),
    ],
    ids=["none", "field", "parameter", "yaml"],
)
def test_faulty_header_is_an_error(text: str, message: str, tmp_path: Path) -> None:
    """A question without a complete header is refused, with its file."""
    path = tmp_path / "q.rq"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message) as caught:
        read_query(path, name="queries/q.rq")

    assert caught.value.location is not None
    assert caught.value.location.file == "queries/q.rq"
