"""Statistics within SPARQL: values, nothing for what cannot be, the same in the worker, refused for servers."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode

from cd22kg import statistics
from cd22kg.errors import QueryError
from cd22kg.graph import KnowledgeGraph
from cd22kg.namespaces import PREFIXES, STANDARD_PREFIXES, STAT
from cd22kg.queries import Result
from cd22kg.queries.worker import Worker
from cd22kg.statistics import clopper_pearson_interval, fisher_exact, pool_proportions, sparql, wilson_interval
from cd22kg.store import OxigraphStore, Table, Term, open_sparql
from tests.conftest import Cli

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "reference" / "sparql-functions.md").read_text(encoding="utf-8")
XSD = STANDARD_PREFIXES["xsd"]
SCALARS = ("clopperPearsonHigh", "clopperPearsonLow", "counts", "fisherExact", "wilsonHigh", "wilsonLow")
AGGREGATES = ("i2", "pooled", "pooledHigh", "pooledLow")
CALM = settings(deadline=None)
COUNTS = st.integers(1, 3000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total)))

Ask = Callable[[str], Term | None]


def value_of(ask: Callable[..., object], expression: str) -> Term | None:
    """Return what an expression gives, if anything."""
    answer = ask(f"SELECT ({expression} AS ?x) {{}}", prefixes=PREFIXES)
    assert isinstance(answer, Table)
    ((value,),) = answer.rows
    return value


@pytest.fixture(scope="module", params=["here", "worker of memory", "worker of a folder"])
def ask(request: pytest.FixtureRequest, folder: Path) -> Iterator[Ask]:
    """Yield what evaluates an expression: the store itself, or a worker that opens a folder or was given the quads."""
    if request.param == "here":
        yield partial(value_of, OxigraphStore().query)
        return
    store = OxigraphStore(folder, read_only=True) if request.param == "worker of a folder" else OxigraphStore()
    with Worker(store) as worker:
        yield partial(value_of, worker.query)


HERE: Ask = partial(value_of, OxigraphStore().query)


def double(term: Term | None) -> float:
    """Return the value of a literal that is a double."""
    assert isinstance(term, Literal)
    assert term.datatype.value == XSD + "double"
    return float(term.value)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("stat:wilsonLow(81, 263)", wilson_interval(81, 263).low),
        ("stat:wilsonHigh(81, 263)", wilson_interval(81, 263).high),
        ("stat:wilsonLow(0, 20)", 0.0),
        ("stat:wilsonHigh(20, 20)", 1.0),
        ("stat:wilsonHigh(81, 263, 99)", wilson_interval(81, 263, level=0.99).high),
        ("stat:wilsonHigh(81, 263, 99.5)", wilson_interval(81, 263, level=0.995).high),
        ("stat:wilsonHigh(81, 263, 9.9e1)", wilson_interval(81, 263, level=0.99).high),
        ("stat:wilsonLow(81.0, '263'^^xsd:int)", wilson_interval(81, 263).low),
        ("stat:wilsonLow(100 - 19, '0263'^^xsd:integer)", wilson_interval(81, 263).low),
        ("stat:clopperPearsonLow(81, 263)", clopper_pearson_interval(81, 263).low),
        ("stat:clopperPearsonHigh(81, 263)", clopper_pearson_interval(81, 263).high),
        ("stat:clopperPearsonHigh(81, 263, 90)", clopper_pearson_interval(81, 263, level=0.9).high),
        ("stat:fisherExact(10, 13, 2, 17)", fisher_exact(10, 13, 2, 17)),
        ("stat:fisherExact(2, 17, 10, 13)", fisher_exact(10, 13, 2, 17)),
    ],
)
def test_values_are_those_of_python(expression: str, expected: float, ask: Ask) -> None:
    """A function gives what the function of Python gives, to the last digit."""
    assert double(ask(expression)) == expected


def test_published_values() -> None:
    """Newcombe 1998, table I, methods 3 and 5; Fisher's convicts."""
    found = [
        f"{double(HERE(f'stat:{name}(81, 263)')):.4f}"
        for name in ("wilsonLow", "wilsonHigh", "clopperPearsonLow", "clopperPearsonHigh")
    ]

    assert found == ["0.2553", "0.3662", "0.2527", "0.3676"]
    assert f"{double(HERE('stat:fisherExact(10, 13, 2, 17)')):.7f}" == "0.0005367"


def test_counts_are_a_literal_of_their_own(ask: Ask) -> None:
    """A pair of counts has one form, whatever the forms of the numbers."""
    expected = Literal("12/30", datatype=NamedNode(STAT + "counts"))

    assert ask("stat:counts(12, 30)") == expected
    assert ask("stat:counts('012'^^xsd:integer, 30.0)") == expected
    assert ask("stat:counts(0, 1)") == Literal("0/1", datatype=NamedNode(STAT + "counts"))


BAD_PAIRS = [
    "-1, 10",
    "11, 10",
    "0, 0",
    "1, -1",
    "1.5, 10",
    "1, 10.5",
    "1e0, 10",
    "'1', 10",
    "'one', 10",
    "'1'@en, 10",
    "true, 10",
    "'x'^^xsd:integer, 10",
    "'1'^^<http://example.org/t>, 10",
    "<http://example.org/a>, 10",
    "BNODE(), 10",
    "?none, 10",
    "1, ?none",
    "1, 10000001",
    "1, 99999999999999999999999999999999",
    "1, 1/0",
    "1",
    "",
]


@pytest.mark.parametrize("pair", BAD_PAIRS)
@pytest.mark.parametrize("name", ["counts", "wilsonLow", "wilsonHigh", "clopperPearsonLow", "clopperPearsonHigh"])
def test_what_cannot_be_has_no_value(name: str, pair: str) -> None:
    """Counts that cannot be, other kinds of terms, and another number of arguments leave the variable unbound."""
    assert HERE(f"stat:{name}({pair})") is None


@pytest.mark.parametrize(
    "level", ["0", "-95", "100", "95000", "'95'", "'NaN'^^xsd:double", "'INF'^^xsd:double", "?x", "95, 1"]
)
@pytest.mark.parametrize("name", ["wilsonLow", "clopperPearsonHigh"])
def test_level_that_cannot_be_has_no_value(name: str, level: str) -> None:
    """A level is a number of percent between 0 and 100."""
    assert HERE(f"stat:{name}(3, 10, {level})") is None


@pytest.mark.parametrize(
    "arguments", ["11, 10, 1, 2", "1, 2, 3, 2", "1, 2, 0, 0", "1, 2, 1", "1, 2, 1, 2, 3", "1, 2, '1', 2"]
)
def test_table_that_cannot_be_has_no_p_value(arguments: str, ask: Ask) -> None:
    """Either group may be wrong."""
    assert ask(f"stat:fisherExact({arguments})") is None


def test_row_without_a_value_keeps_its_others(ask: Ask) -> None:
    """An error in one expression is SPARQL's own: COALESCE and BOUND deal with it."""
    assert ask("COALESCE(stat:wilsonLow(3, 2), 'none')") == Literal("none")


@pytest.mark.parametrize("name", ["wilsonlow", "wald", "pooledMean"])
def test_unknown_function_is_an_error(name: str, ask: Ask) -> None:
    """A name that is not ours is told, with those that are, and not taken for a missing value."""
    with pytest.raises(QueryError, match=f"stat#{name}") as caught:
        ask(f"stat:{name}(1, 2)")

    assert "clopperPearsonHigh, clopperPearsonLow, counts, fisherExact, i2" in caught.value.hint


@CALM
@given(COUNTS, st.sampled_from([50, 90, 95, 99, 99.9999]))
def test_bounds_hold_the_share(counts: tuple[int, int], level: float) -> None:
    """Low bound, share and high bound are in this order between 0 and 1, by either method."""
    events, total = counts
    for method in ("wilson", "clopperPearson"):
        low, high = (double(HERE(f"stat:{method}{side}({events}, {total}, {level})")) for side in ("Low", "High"))
        assert 0 <= low <= events / total <= high <= 1


# Aggregates


def pooled(ask: Callable[..., object], pairs: str) -> dict[str, Term | None]:
    """Return what the aggregates give for rows of events and total."""
    columns = " ".join(f"(stat:{name}(stat:counts(?e, ?t)) AS ?{name})" for name in AGGREGATES)
    answer = ask(f"SELECT {columns} {{ VALUES (?e ?t) {{ {pairs} }} }}", prefixes=PREFIXES)
    assert isinstance(answer, Table)
    (row,) = answer.rows
    return dict(zip(answer.columns, row, strict=True))


@CALM
@given(st.lists(COUNTS, min_size=2, max_size=9))
def test_aggregates_are_those_of_python(studies: list[tuple[int, int]]) -> None:
    """Pooled over rows, share, bounds and I2 are what Python gives for the same studies."""
    found = pooled(OxigraphStore().query, " ".join(f"({events} {total})" for events, total in studies))
    expected = pool_proportions(studies)
    assert expected.i2 is not None

    assert {name: double(term) for name, term in found.items()} == {
        "i2": 100 * expected.i2,
        "pooled": expected.share,
        "pooledHigh": expected.high,
        "pooledLow": expected.low,
    }


@pytest.mark.parametrize("bad", ["(3 2)", "(UNDEF 2)", "(1 UNDEF)", "('a' 2)", "(0 0)"])
@pytest.mark.parametrize("pairs", ["(1 3) (2 4) {}", "{} (1 3) (2 4)"])
def test_one_bad_row_leaves_the_group_without_a_value(pairs: str, bad: str, shared: Worker) -> None:
    """A study that cannot be is not left out in silence, wherever it stands."""
    for ask in (OxigraphStore().query, shared.query):
        assert pooled(ask, pairs.format(bad)) == dict.fromkeys(AGGREGATES)


@pytest.mark.parametrize("text", ["1/2", "3", "a/b", "3/2", "0/0", "01/2", "-1/2", "1/2/3", "1/99999999"])
def test_aggregates_take_counts_only(text: str) -> None:
    """A literal of another type, or one of the type that is no pair, gives no value."""
    datatype = "" if text == "1/2" else "^^stat:counts"
    rows = f"'{text}'{datatype} '1/3'^^stat:counts '2/4'^^stat:counts"
    answer = OxigraphStore().query(f"SELECT (stat:pooled(?x) AS ?y) {{ VALUES ?x {{ {rows} }} }}", prefixes=PREFIXES)

    assert answer == Table(("y",), ((None,),))


def test_group_of_nothing_and_of_one(shared: Worker) -> None:
    """No rows have no mean; one row has, but nothing is said of differences."""
    for ask in (OxigraphStore().query, shared.query):
        assert pooled(ask, "") == dict.fromkeys(AGGREGATES)
        one = pooled(ask, "(12 30)")
        assert one["i2"] is None
        assert double(one["pooled"]) == pytest.approx(0.4)


STUDIES_BY_GROUP = re.search(r"^## stat:pooled$.*?^(  SELECT DISTINCT .*?^  \}$)", PAGE, re.M | re.S)


def test_pooling_by_group_over_the_graph(kg: KnowledgeGraph) -> None:
    """Complete response by class of therapy, as the page shows it, is what Python makes of the same rows."""
    assert STUDIES_BY_GROUP
    groups: dict[str, list[tuple[int, int]]] = {}
    cohorts = set()
    for row in kg.sparql(STUDIES_BY_GROUP[1]):
        cohorts.add((row["group"], row["cohort"]))
        groups.setdefault(row["group"], []).append((row["events"], row["total"]))
    assert len(cohorts) == sum(map(len, groups.values()))
    assert any(len(studies) > 2 for studies in groups.values())

    columns = " ".join(f"(stat:{name}(stat:counts(?events, ?total)) AS ?{name})" for name in AGGREGATES)
    text = f"SELECT ?group {columns} {{ {STUDIES_BY_GROUP[1]} }} GROUP BY ?group"
    for answer in (kg.sparql(text), Result(kg.store.query(text, prefixes=PREFIXES))):
        found = {row["group"]: row for row in answer}
        assert set(found) == set(groups)
        for group, studies in groups.items():
            expected = pool_proportions(studies)
            row = found[group]
            assert (float(row["pooled"]), float(row["pooledLow"]), float(row["pooledHigh"])) == expected[:3]
            assert (expected.i2 is None) == (row["i2"] is None)
            assert expected.i2 is None or float(row["i2"]) == 100 * expected.i2


# Where they are called from


def test_the_store_gives_them_to_every_way_of_asking() -> None:
    """Rows one after the other, and rows as text, have them, too."""
    store = OxigraphStore()
    text = f"SELECT (<{STAT}wilsonHigh>(3, 3) AS ?x) {{}}"
    _, rows = store.select(text)

    assert list(rows) == [(Literal("1", datatype=NamedNode(XSD + "double")),)]
    assert store.written(text).splitlines()[0] == b"?x"
    assert store.written(text).splitlines()[1] == b'"1"^^<http://www.w3.org/2001/XMLSchema#double>'
    assert store.query(f"ASK {{ FILTER(<{STAT}wilsonHigh>(3, 3) = 1) }}") is True


@pytest.mark.parametrize("way", ["-e", "-f"])
def test_on_the_command_line(way: str, cli: Cli, tmp_path: Path) -> None:
    """Text and file may call them without a declaration."""
    text = "SELECT (stat:counts(12, 30) AS ?counts) (ROUND(100 * stat:wilsonHigh(12, 30)) AS ?high) {}"
    (tmp_path / "mine.rq").write_text(text, encoding="utf-8")
    done = cli("query", way, text if way == "-e" else tmp_path / "mine.rq", "--format", "csv")

    assert (done.returncode, done.stdout.splitlines()) == (0, ["counts,high", "12/30,58"])


@pytest.mark.parametrize("failure", [MemoryError(), KeyboardInterrupt(), ZeroDivisionError("ours")], ids=repr)
@pytest.mark.parametrize("aggregate", [False, True])
def test_fault_of_ours_is_not_read_as_no_value(
    aggregate: bool, failure: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is no matter of the arguments comes out, although the engine would take it for an error of SPARQL."""

    def fails(*_: object) -> Literal:
        raise failure

    store = OxigraphStore()
    if aggregate:
        monkeypatch.setattr(sparql, "pool_proportions", fails)
        text = f"SELECT (<{STAT}pooled>(<{STAT}counts>(1, 2)) AS ?x) {{}}"
    else:
        monkeypatch.setitem(sparql._FUNCTIONS, NamedNode(STAT + "wilsonLow"), ((2,), fails))
        text = f"SELECT (<{STAT}wilsonLow>(1, 2) AS ?x) {{}}"

    for ask in (store.query, store.written, lambda text: list(store.select(text)[1])):
        with pytest.raises(type(failure)):
            ask(text)


def test_huge_totals_are_bounded_in_time(ask: Ask) -> None:
    """The largest totals are answered soon, larger ones not at all."""
    begun = time.perf_counter()
    for name in ("clopperPearsonLow", "clopperPearsonHigh"):
        for events in (1, 3_000_000, 9_999_999):
            assert double(ask(f"stat:{name}({events}, 10000000, 99.9999)")) == pytest.approx(events / 1e7, abs=0.001)
        assert ask(f"stat:{name}(1, 10000001)") is None
    assert double(ask("stat:fisherExact(5000000, 10000000, 5001000, 10000000)")) == pytest.approx(0.65, abs=0.05)

    assert time.perf_counter() - begun < 20


def test_their_names_stay_in_the_worker(shared: Worker) -> None:
    """A worker answers a query without functions after one with them, in the same process."""
    pid = shared.query("ASK {}") and shared.pid
    assert shared.query("ASK { FILTER(stat:wilsonLow(1, 2) > 0) }", prefixes=PREFIXES) is True

    assert shared.query("ASK {}") is True
    assert pid == shared.pid


# Servers


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[KnowledgeGraph]:
    """Yield a graph on a server that must not be asked."""
    pytest.importorskip("httpx2")
    with open_sparql("http://127.0.0.1:9/sparql") as store:

        def sent(*_: object, **__: object) -> None:
            raise AssertionError("something was sent")

        monkeypatch.setattr(store._connection, "send", sent)
        yield KnowledgeGraph(store)


BASE = "BASE <https://w3id.org/cd22kg/>"
USES = {
    "function": ("SELECT (stat:wilsonLow(?e, ?t) AS ?x) { ?m cd22:events ?e ; cd22:total ?t }", "wilsonLow"),
    "aggregate": ("SELECT (stat:pooled(stat:counts(?e, ?e)) AS ?x) { ?m cd22:events ?e }", "pooled"),
    "filter": ("ASK { ?m cd22:events ?e FILTER(?e>1&&stat:fisherExact(?e,2,1,2)<0.5) }", "fisherExact"),
    "whole name": (f"ASK {{ FILTER(<{STAT}clopperPearsonLow>(1, 2) > 0) }}", "clopperPearsonLow"),
    "own prefix": (f"PREFIX s: <{STAT}> ASK {{ FILTER(s:wilsonHigh(1, 2) > 0) }}", "wilsonHigh"),
    "prefix without a name": (f"PREFIX : <{STAT}> SELECT (:i2(:counts(1, 2)) AS ?x) {{}}", "i2"),
    "shorter prefix": (
        "PREFIX s: <https://w3id.org/cd22kg/st> ASK { FILTER(s:at\\#wilsonLow(1, 2) > 0) }",
        "wilsonLow",
    ),
    "base": (f"{BASE} ASK {{ FILTER(<stat#wilsonLow>(1, 2) > 0) }}", "wilsonLow"),
    "relative prefix": (f"{BASE} PREFIX s: <stat#> ASK {{ FILTER(s:wilsonLow(1, 2) > 0) }}", "wilsonLow"),
    "datatype": ("SELECT * { VALUES ?x { '1/2'^^stat:counts } }", "counts"),
    "after a string": ("""SELECT ("# '" AS ?y) (stat:wilsonLow(1, 2) AS ?x) {}""", "wilsonLow"),
    "after a comment": ("SELECT * { ?s cd22:total ?t.#don't\n FILTER(stat:wilsonLow(1, 2) > 0) }", "wilsonLow"),
    "after less than": ("ASK { ?s ?p ?o FILTER(1<stat:wilsonLow(1,2)) }", "wilsonLow"),
    "second line": ("ASK {\n  FILTER(stat:wilsonLow(1, 2) > 0)\n}", "wilsonLow"),
}


@pytest.mark.parametrize(("text", "name"), USES.values(), ids=USES)
def test_query_for_a_server_is_refused(text: str, name: str, nowhere: KnowledgeGraph) -> None:
    """However the name is written, the query is refused before anything is sent, with the two ways out."""
    with pytest.raises(QueryError, match=f"127.0.0.1.* does not know `stat:{name}`") as caught:
        nowhere.sparql(text, name="mine.rq")

    assert "`cd22kg load`" in caught.value.hint
    assert f"`cd22kg.statistics.{sparql.IN_PYTHON[name]}`" in caught.value.hint
    location = caught.value.location
    assert location is not None
    assert location.file == "mine.rq"
    assert text.splitlines()[location.line - 1][location.column - 1 :].startswith(
        ("stat:", "s:", ":i2", "<stat", f"<{STAT}")
    )


def test_every_way_to_a_server_is_refused(nowhere: KnowledgeGraph) -> None:
    """A library question and rows one after the other are refused, too."""
    text = f"SELECT (<{STAT}wilsonLow>(1, 2) AS ?x) {{}}"
    with pytest.raises(QueryError, match="does not know `stat:wilsonLow`"):
        nowhere.store.query(text)
    with pytest.raises(QueryError, match="does not know `stat:wilsonLow`"):
        nowhere.store.select(text)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { ?s ?p ?o } # stat:wilsonLow(1, 2)",
        "SELECT ('stat:wilsonLow(1, 2)' AS ?x) {}",
        f'SELECT ("""<{STAT}wilsonLow>""" AS ?x) {{}}',
        f"PREFIX stat: <{STAT}> SELECT * {{ ?s ?p ?o }}",
        "PREFIX stat: <http://example.org/> SELECT * { ?s stat:wilsonLow ?o }",
        "PREFIX mystat: <http://example.org/> SELECT * { ?s mystat:wilsonLow ?o }",
        "SELECT ?stat { ?s cd22:statistic ?stat }",
        "SELECT * { ?s cd22:statistic statistic:proportion }",
    ],
)
def test_other_queries_reach_the_server(text: str, nowhere: KnowledgeGraph) -> None:
    """Comments, strings, declarations and other names are none of ours."""
    with pytest.raises(AssertionError, match="something was sent"):
        nowhere.sparql(text)


# The page

SECTIONS = dict(re.findall(r"^## stat:(\w+)\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S))


def test_page_has_every_function() -> None:
    """Each function and aggregate has a section, with a query that calls it, and a row of the table."""
    assert sorted(SECTIONS) == sorted((*SCALARS, *AGGREGATES))
    assert {name.value.removeprefix(STAT) for name in (*sparql._FUNCTIONS, *sparql._AGGREGATES)} == set(SECTIONS)
    assert set(sparql.IN_PYTHON) == set(SECTIONS)
    assert {name for name in sparql.IN_PYTHON.values() if not callable(getattr(statistics, name))} == set()
    for name, section in SECTIONS.items():
        assert f"stat:{name}(" in section
        assert f"[`stat:{name}`](#stat{name.lower()})" in PAGE


@pytest.mark.parametrize("name", SECTIONS)
def test_queries_of_the_page_run(name: str, kg: KnowledgeGraph) -> None:
    """Each query has an answer with a value in every column of some row, and the one that is shown, if one is."""
    (text,) = re.findall(r"```sparql\n(.*?)```", SECTIONS[name], re.S)
    found = kg.sparql(text)
    shown = re.search(r"```\n\n(\|.*?\n)(?=\n|\Z)", SECTIONS[name], re.S)

    assert any(all(value is not None for value in row.values()) for row in found)
    if shown:
        assert found.to_text("md") == shown[1]
