"""The graph as a Python object: loading, asking, showing and handing on."""

from __future__ import annotations

import csv
import html
import io
import itertools
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rdflib
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, parse

import cd22kg
from cd22kg.build import NQUADS, STORE, build
from cd22kg.errors import Cd22kgError, DataError, QueryError, StoreError
from cd22kg.graph import KnowledgeGraph
from cd22kg.namespaces import BASE, CD22, GRAPH_COMPUTED, GRAPH_INFERRED, LICENSE, STANDARD_PREFIXES
from cd22kg.queries import FORMATS, Result, library
from cd22kg.rdf import HEADER, graph_of
from cd22kg.store import Table

ROOT = Path(__file__).resolve().parents[1]
#: Syntheses that are saved; each is a pooled claim beside those of the claim files.
SAVED = len(list((ROOT / "syntheses").glob("*.yaml")))
XSD = STANDARD_PREFIXES["xsd"]
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def memory() -> KnowledgeGraph:
    """Return the packaged graph, in memory."""
    return cd22kg.load()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a build of a few claim files."""
    place = tmp_path_factory.mktemp("built")
    (place / "claims").mkdir()
    for name in ("fergusson-2023", "haso-2013", "nct03287817", "plaks-2021"):
        shutil.copy(ROOT / "claims" / f"{name}.yaml", place / "claims")
    assert build(place / "build", place / "claims").conforms
    return place / "build"


def number(text: str, datatype: str) -> Literal:
    """Return a literal of an XSD datatype."""
    return Literal(text, datatype=NamedNode(XSD + datatype))


def table(*rows: tuple[Any, ...], columns: tuple[str, ...] = ("a", "b")) -> Result:
    """Return a result with these rows."""
    return Result(Table(columns, rows))


# Loading


def test_package_offers_its_names() -> None:
    """The package has what it promises, and nothing else under a wrong name."""
    assert cd22kg.Cd22kgError is Cd22kgError
    assert cd22kg.KnowledgeGraph is KnowledgeGraph
    assert cd22kg.__version__
    with pytest.raises(AttributeError, match="has no attribute `pool`"):
        cd22kg.pool  # noqa: B018  # the look-up is what is tested


def test_loading_a_build_gives_its_graph(folder: Path) -> None:
    """A loaded build answers from its store, and has every quad of its N-Quads with all digits."""
    kg = cd22kg.load(folder)
    by_text = cd22kg.load(str(folder))
    expected = set(parse((folder / NQUADS).read_bytes(), format=RdfFormat.N_QUADS))

    assert len(kg.query("article-claims", source="fergusson-2023")) == 8
    assert expected == set(kg.quads) == set(by_text.quads)


@pytest.mark.slow
def test_build_and_memory_answer_alike(memory: KnowledgeGraph, tmp_path: Path) -> None:
    """The packaged claims give the same answers, overview, counts and text from memory and from a build."""
    build(tmp_path / "build")
    kg = cd22kg.load(tmp_path / "build")

    for query in library():
        assert memory.query(query.name).answer == kg.query(query.name).answer, query.name
    assert memory.overview() == kg.overview()
    assert memory.stats() == kg.stats()
    assert memory.to_turtle() == kg.to_turtle()
    assert memory.show("shah-2020-cr") == kg.show("shah-2020-cr")


def test_loading_changes_no_file(folder: Path) -> None:
    """Reading a build writes nothing into it."""
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    cd22kg.load(folder).query("claims-per-source")

    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("make", [lambda path: None, Path.mkdir, Path.touch], ids=["missing", "empty", "file"])
def test_loading_what_is_no_build_is_an_error(make: Callable[[Path], object], tmp_path: Path) -> None:
    """A folder that holds no build is an error with a way out, and nothing is made there."""
    make(tmp_path / "x")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(StoreError, match="there is no store in") as caught:
        cd22kg.load(tmp_path / "x")

    assert caught.value.hint == "run `cd22kg build`"
    assert before == sorted(tmp_path.rglob("*"))


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"<a> <b>\n")], ids=["missing", "cut"])
def test_damaged_build_is_an_error(damage: Callable[[Path], object], folder: Path, tmp_path: Path) -> None:
    """A build whose N-Quads are missing or cut answers, but does not hand on less than all."""
    copy = Path(shutil.copytree(folder, tmp_path / "build"))
    damage(copy / NQUADS)
    kg = cd22kg.load(copy)
    with pytest.raises(StoreError, match="is damaged"):
        kg.to_turtle()


def test_store_alone_is_enough(folder: Path) -> None:
    """A graph over a store without its folder has the quads of the store."""
    from cd22kg.store import OxigraphStore

    kg = KnowledgeGraph(OxigraphStore(folder / STORE, read_only=True))

    assert kg.store.count() == len(kg.quads)


def test_faulty_packaged_claims_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Claims with faults are never loaded in part."""
    from cd22kg import graph as room

    path = tmp_path / "broken.yaml"
    path.write_text("source: {id: broken, type: WebPage, tittle: x}\n", encoding="utf-8")
    monkeypatch.setattr(room, "packaged_claims", lambda: {path: "claims/broken.yaml"})
    with pytest.raises(DataError, match=r"claims/broken\.yaml:1:37: source `broken`: unknown key `tittle`"):
        cd22kg.load()


# Asking


def test_question_by_name(memory: KnowledgeGraph) -> None:
    """A question of the library is asked by its name, with parameters by keyword, one or several."""
    one = memory.query("complete-response", indication="lbcl")
    several = memory.query("complete-response", indication=["lbcl", "nhl"])

    assert {f"{BASE}indication/dlbcl", f"{BASE}indication/lbcl"} == {row["indication"] for row in one}
    assert {
        f"{BASE}indication/aggressive-b-nhl",
        f"{BASE}indication/b-nhl",
        f"{BASE}indication/burkitt-lymphoma",
        f"{BASE}indication/dlbcl",
        f"{BASE}indication/lbcl",
        f"{BASE}indication/nhl",
    } == {row["indication"] for row in several}


@pytest.mark.parametrize(
    "text",
    [
        "SELECT ?c WHERE { ?c a cd22:PooledClaim }",
        "SELECT ?c\nWHERE{?c\ta\tcd22:PooledClaim}",
        "PREFIX x: <https://w3id.org/cd22kg/ontology#> SELECT * WHERE { ?c a x:PooledClaim }",
    ],
    ids=["plain", "lines", "own-prefix"],
)
def test_question_in_sparql(memory: KnowledgeGraph, text: str) -> None:
    """SPARQL text is asked as it is; our prefixes are known."""
    assert len(memory.query(text)) == 33 + SAVED


@pytest.mark.parametrize(
    ("text", "expected"), [("ASK { claim:fry-2018-cr a cd22:Claim }", True), ("ASK { claim:x ?p ?o }", False)]
)
def test_truth_value(memory: KnowledgeGraph, text: str, expected: bool) -> None:
    """An ASK is true or false."""
    assert expected is bool(memory.query(text))


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * WHERE { SERVICE <http://example.org/> { ?s ?p ?o } }",
        "LOAD <http://example.org/>",
        "INSERT DATA { <a:b> <a:b> <a:b> }",
        "SELECT * WHERE { ?s ?p",
    ],
    ids=["service", "load", "insert", "syntax"],
)
def test_forbidden_or_broken_text_is_refused(memory: KnowledgeGraph, text: str) -> None:
    """Text that reaches outside, changes data or is not SPARQL is an error, and changes nothing."""
    before = memory.store.count()
    with pytest.raises(QueryError):
        memory.query(text)

    assert before == memory.store.count()


def test_text_takes_no_parameters(memory: KnowledgeGraph) -> None:
    """Parameters belong to the questions of the library."""
    with pytest.raises(QueryError, match="only library questions take parameters"):
        memory.query("ASK { ?s ?p ?o }", indication="lbcl")


def test_unknown_name_is_an_error(memory: KnowledgeGraph) -> None:
    """A name that is no question is an error which lists the nearest."""
    with pytest.raises(QueryError, match="no query is called `overview`") as caught:
        memory.query("overview")

    assert "evidence-overview" in caught.value.hint


# Showing


def test_card_of_a_claim(memory: KnowledgeGraph) -> None:
    """The card of a claim holds its statement, its figure, its cohort and source, and what points to it."""
    text = memory.show("shah-2020-cr")

    assert text.startswith("shah-2020-cr\n============\n")
    for expected in (
        "Of 57 evaluable patients, 40 reached complete remission.",
        "71.9% (70.2%) in evaluable 57 pts",
        "cohort nct02315612-shah",
        "source shah-2020",
        "[inferred]",
        "claims that point here",
        "shah-2020-cr-73-percent contradicts this (certain)",
        "car-t-hope-s10-salvage-b-all repeats this (ambiguous)",
        "same outcome in patients it shares",
        "fry-2018-cr: Over all dose levels, 12 of 21 patients",
    ):
        assert expected in text


def test_card_marks_what_was_inferred(memory: KnowledgeGraph) -> None:
    """The antigen of a claim, which follows from its therapy, is marked; what the file states is not."""
    lines = memory.show("fry-2018-cr").splitlines()

    assert [line.endswith("[inferred]") for line in lines if line.startswith("  antigen ")] == [True]
    assert [line.endswith("[inferred]") for line in lines if line.startswith("  therapy ")] == [False]


@pytest.mark.parametrize("name", ["shah-2020-cr", "claim:shah-2020-cr"])
def test_claim_may_be_named_with_its_prefix(memory: KnowledgeGraph, name: str) -> None:
    """A claim is named by slug, with or without the prefix."""
    assert memory.show(name).startswith("shah-2020-cr\n")


def test_every_claim_has_a_card(memory: KnowledgeGraph) -> None:
    """No claim of the graph fails to be shown, and each card holds the claim's statement."""
    for row in memory.query("SELECT ?c ?s WHERE { ?c cd22:statement ?s }"):
        assert row["s"] in memory.show(row["c"].removeprefix(BASE + "claim/"))


@pytest.mark.parametrize("name", ["shah-2020-rc", "x} SERVICE <http://e> {", ""], ids=repr)
def test_unknown_claim_is_an_error(memory: KnowledgeGraph, name: str) -> None:
    """A name that is no claim is an error."""
    with pytest.raises(QueryError, match="there is no claim") as caught:
        memory.show(name)

    assert caught.value.hint.startswith("try ")


def test_counts(memory: KnowledgeGraph) -> None:
    """The counts are those of the claim files."""
    lines = memory.stats().splitlines()
    claims = sum(line.startswith("  - id: ") for line in section_lines("claims") if not line.startswith("#"))
    expected = ["claims by kind", "claims by source", "claims by outcome", "concepts by class", "quads by graph"]
    headings = [line.split("  ")[0] for line, below in itertools.pairwise(lines) if below.startswith("---")]

    assert expected == headings
    assert str(claims) == lines[0].split()[-1]
    assert str(len(memory.quads)) == next(line for line in lines if line.startswith("quads by graph")).split()[-1]


def section_lines(section: str) -> list[str]:
    """Return the lines of a section of all claim files."""
    found: list[str] = []
    for path in sorted((ROOT / "claims").glob("*.yaml")):
        inside = False
        for line in path.read_text(encoding="utf-8").splitlines():
            if line and not line.startswith((" ", "#")):
                inside = line.startswith(f"{section}:")
            elif inside:
                found.append(line)
    return found


# Handing on


def test_turtle_holds_the_graph(memory: KnowledgeGraph) -> None:
    """Turtle holds each triple of the graph, under the header with the licence."""
    text = memory.to_turtle()
    found = {quad.triple for quad in parse(text, format=RdfFormat.TURTLE)}

    assert text.startswith("".join(f"# {line}\n" for line in HEADER.splitlines()))
    assert len({quad.triple for quad in memory.quads}) == len(found)


def test_turtle_without_what_was_inferred(memory: KnowledgeGraph) -> None:
    """Asserted Turtle leaves out exactly what was inferred and computed."""
    found = {quad.triple for quad in parse(memory.to_turtle(asserted=True), format=RdfFormat.TURTLE)}
    expected = {q.triple for q in memory.quads if graph_of(q) not in (GRAPH_INFERRED, GRAPH_COMPUTED)}

    assert len(expected) == len(found)
    assert (
        set()
        == {t for t in found if not isinstance(t.object, BlankNode) and not isinstance(t.subject, BlankNode)} - expected
    )


@pytest.mark.parametrize("asserted", [False, True])
def test_turtle_of_a_source(memory: KnowledgeGraph, asserted: bool) -> None:
    """Turtle of one source holds what its file says, the description of the dataset with its licence, and no more."""
    found = {
        quad.triple for quad in parse(memory.to_turtle(source="haso-2013", asserted=asserted), format=RdfFormat.TURTLE)
    }
    dataset = {t for t in found if t.subject == NamedNode(BASE)}
    expected = {q.triple for q in memory.quads if graph_of(q) == f"{BASE}graph/claims/haso-2013"}

    assert expected == found - dataset
    assert NamedNode(LICENSE) in {t.object for t in dataset}


def test_turtle_of_an_unknown_source_is_an_error(memory: KnowledgeGraph) -> None:
    """A source that is not there is an error, never an empty file."""
    with pytest.raises(QueryError, match="there is no source `haso-2031`") as caught:
        memory.to_turtle(source="haso-2031")

    assert "haso-2013" in caught.value.hint


def test_rdflib_graph(memory: KnowledgeGraph) -> None:
    """Rdflib gets the union of the graphs, with the authored digits and our prefixes."""
    graph = memory.to_rdflib()
    value = graph.value(rdflib.URIRef(BASE + "claim/shah-2020-rfs#measurement"), rdflib.URIRef(CD22 + "value"))

    assert len({quad.triple for quad in memory.quads}) == len(graph)
    assert str(value) == "6.0"
    assert (rdflib.URIRef(BASE + "claim/")) == dict(graph.namespaces())["claim"]


@pytest.mark.slow
def test_graph_conforms(memory: KnowledgeGraph) -> None:
    """The packaged graph breaks no rule of the package."""
    report = memory.validate()

    assert report.of("violation") == ()
    assert report.conforms


# Results


def test_iteration_gives_python_values() -> None:
    """A row is a dictionary: IRIs and decimals as text with all digits, integers and booleans as such, gaps as None."""
    terms = (
        NamedNode("http://example.org/a"),
        Literal("text"),
        Literal("tagged", language="en"),
        number("58", "integer"),
        number("68.10", "decimal"),
        number("true", "boolean"),
        number("false", "boolean"),
        number("2023", "gYear"),
        BlankNode("b"),
        None,
    )
    expected = ["http://example.org/a", "text", "tagged", 58, "68.10", True, False, "2023", "_:b", None]
    names = tuple("abcdefghij")
    rows = list(table(terms, columns=names))

    assert [dict(zip(names, expected, strict=True))] == rows
    assert [type(value) for value in expected] == [type(value) for value in rows[0].values()]


def test_empty_text_is_not_a_gap() -> None:
    """A literal without characters is text, not None."""
    assert list(table((Literal(""), None))) == [{"a": "", "b": None}]


def test_length_and_truth() -> None:
    """A table has as many rows as it has, a truth value counts as one row and is what it is."""
    row = (Literal("x"), None)

    assert (len(table(row, row)), bool(table(row, row))) == (2, True)
    assert (len(table()), bool(table())) == (0, False)
    assert (len(Result(True)), bool(Result(True)), len(Result(False)), bool(Result(False))) == (1, True, 1, False)
    assert (len(Result(())), bool(Result(()))) == (0, False)


def test_truth_value_and_triples_as_tables() -> None:
    """An ASK and a CONSTRUCT can be iterated like a SELECT."""
    one = Triple(NamedNode("http://example.org/s"), NamedNode("http://example.org/p"), Literal("o"))

    assert list(Result(True)) == [{"answer": True}]
    assert list(Result((one,))) == [
        {"subject": "http://example.org/s", "predicate": "http://example.org/p", "object": "o"}
    ]


SAMPLE = table(
    (NamedNode(BASE + "claim/fry-2018-cr"), number("68.10", "decimal")),
    (NamedNode("http://www.w3.org/2004/02/skos/core#note"), number("5", "integer")),
    (Literal('a "b", <c> | d\nand e', language="en"), None),
)
WRITTEN = {
    "table": (
        "a                         b\n"
        "--------------------  -----\n"
        "fry-2018-cr           68.10\n"
        "skos:note                 5\n"
        'a "b", <c> | d and e\n'
    ),
    "csv": (
        "a,b\n"
        "https://w3id.org/cd22kg/claim/fry-2018-cr,68.10\n"
        "http://www.w3.org/2004/02/skos/core#note,5\n"
        '"a ""b"", <c> | d\nand e",\n'
    ),
    "tsv": (
        "?a\t?b\n"
        f'<https://w3id.org/cd22kg/claim/fry-2018-cr>\t"68.10"^^<{XSD}decimal>\n'
        f'<http://www.w3.org/2004/02/skos/core#note>\t"5"^^<{XSD}integer>\n'
        '"a \\"b\\", <c> | d\\nand e"@en\t\n'
    ),
    "md": ('| a | b |\n|---|---|\n| fry-2018-cr | 68.10 |\n| skos:note | 5 |\n| a "b", \\<c> \\| d and e |  |\n'),
}


@pytest.mark.parametrize("form", sorted(WRITTEN))
def test_format(form: str) -> None:
    """Each format writes IRIs, digits, quotes, bars, lines and gaps as it should."""
    assert WRITTEN[form] == SAMPLE.to_text(form)


def test_json_format() -> None:
    """JSON is that of SPARQL 1.1 results: types, datatypes and languages kept, gaps left out."""
    expected = {
        "head": {"vars": ["a", "b"]},
        "results": {
            "bindings": [
                {
                    "a": {"type": "uri", "value": BASE + "claim/fry-2018-cr"},
                    "b": {"type": "literal", "value": "68.10", "datatype": XSD + "decimal"},
                },
                {
                    "a": {"type": "uri", "value": "http://www.w3.org/2004/02/skos/core#note"},
                    "b": {"type": "literal", "value": "5", "datatype": XSD + "integer"},
                },
                {"a": {"type": "literal", "value": 'a "b", <c> | d\nand e', "xml:lang": "en"}},
            ]
        },
    }

    assert expected == json.loads(SAMPLE.to_text("json"))


@pytest.mark.parametrize("value", [True, False])
def test_json_of_a_truth_value(value: bool) -> None:
    """The JSON of an ASK is that of SPARQL 1.1 results too."""
    assert {"head": {}, "boolean": value} == json.loads(Result(value).to_text("json"))


def test_every_format_is_offered(memory: KnowledgeGraph) -> None:
    """Every format on offer works on an answer that it fits."""
    tabular, triples = memory.query("shared-patients"), memory.query("DESCRIBE claim:fry-2018-cr")

    for form in FORMATS:
        assert (triples if form == "ttl" else tabular).to_text(form), form
    assert {"ttl", "json", *WRITTEN} == set(FORMATS)


def test_turtle_of_triples(memory: KnowledgeGraph) -> None:
    """A CONSTRUCT is written as Turtle that holds its triples."""
    result = memory.query("CONSTRUCT { ?c cd22:source ?s } WHERE { ?c a cd22:PooledClaim ; cd22:source ?s }")

    assert len(result) == 33 + SAVED
    assert set(result.answer) == {q.triple for q in parse(result.to_turtle(), format=RdfFormat.TURTLE)}  # type: ignore[arg-type]  # a CONSTRUCT gives triples


def test_turtle_of_a_table_is_an_error() -> None:
    """A table has no Turtle."""
    with pytest.raises(QueryError, match="Turtle is for triples"):
        SAMPLE.to_text("ttl")


def test_unknown_format_is_an_error() -> None:
    """A format that is not on offer is an error which lists those that are."""
    with pytest.raises(QueryError, match="unknown format `xlsx`") as caught:
        SAMPLE.to_text("xlsx")

    assert caught.value.hint == "one of: table, csv, tsv, json, md, ttl"


def test_empty_table_has_its_heading() -> None:
    """A question without an answer shows its columns."""
    assert table().to_text("csv") == "a,b\n"
    assert table().to_text("table") == "a  b\n-  -\n"


def test_notebook_escapes_html() -> None:
    """In a notebook, text is text: no label becomes markup."""
    hostile = "<script>alert(1)</script> & \"x\" 'y'"
    shown = Result(Table(("<b>",), ((Literal(hostile),), (None,))))._repr_html_()

    assert html.escape(hostile) in shown
    assert "<script>" not in shown
    assert "<b>" not in shown
    assert "<td></td>" in shown


def test_repr_is_the_table() -> None:
    """At the prompt a result shows itself as a table."""
    assert SAMPLE.to_text("table") == repr(SAMPLE)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "  =1+1", " \t=1"], ids=repr)
def test_no_cell_is_a_formula(text: str) -> None:
    """Text that a spreadsheet would take for a formula is defused in CSV."""
    out = table((Literal(text), None)).to_text("csv")
    cell = next(iter(list(csv.reader(io.StringIO(out, newline="")))[1:]))[0]

    assert cell.startswith("'")


def test_negative_number_stays_a_number() -> None:
    """A number that is negative is no formula."""
    assert table((number("-1.5", "decimal"), number("-2", "integer"))).to_text("csv") == "a,b\n-1.5,-2\n"


@CALM
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), max_size=4))
def test_csv_reads_back(texts: list[str]) -> None:
    """Whatever text a table holds, a CSV reader finds the same cells, but for the mark on formulas."""
    written = Result(Table(("a", "b"), tuple((Literal(text), number("1", "integer")) for text in texts))).to_text("csv")
    found = list(csv.reader(io.StringIO(written, newline="")))

    assert [["a", "b"], *([text, "1"] for text in texts)] == [
        [cell if given == cell else cell.removeprefix("'"), number_]
        for (cell, number_), given in zip(found, ["a", *texts], strict=True)
    ]
