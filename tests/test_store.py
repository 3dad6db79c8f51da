"""Stores: the same answers in memory and on disk, and errors that say where and what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad, Triple

from cd22kg.errors import QueryError, StoreError
from cd22kg.namespaces import STANDARD_PREFIXES
from cd22kg.store import OxigraphStore, SparqlStore, Store, Table
from tests.conftest import SERVER_KINDS
from tests.servers import KINDS

EXAMPLE = "http://example.org/"
DECIMAL = NamedNode(STANDARD_PREFIXES["xsd"] + "decimal")


def node(name: str) -> NamedNode:
    """Return an IRI in the namespace of examples."""
    return NamedNode(EXAMPLE + name)


ONE, TWO = node("graph/one"), node("graph/two")
QUADS = (
    Quad(node("a"), node("p"), node("b"), ONE),
    Quad(node("b"), node("p"), node("c"), TWO),
    Quad(node("a"), node("size"), Literal("58", datatype=NamedNode(STANDARD_PREFIXES["xsd"] + "integer")), ONE),
    Quad(node("a"), node("value"), Literal("86.2", datatype=DECIMAL), ONE),
    Quad(node("a"), node("label"), Literal("An Ä", language="en"), TWO),
)


@pytest.fixture(params=["memory", "disk", "reopened", "read-only", *SERVER_KINDS])
def store(request: pytest.FixtureRequest, tmp_path: Path, connect: Callable[[str], SparqlStore]) -> Iterator[Store]:
    """Yield a store with the quads above, of each kind."""
    kind = str(request.param)
    if kind in KINDS:
        remote = connect(kind)
        remote.load(QUADS)
        yield remote
        return
    opened = OxigraphStore(None if kind == "memory" else tmp_path / "store")
    opened.load(QUADS)
    if kind in ("reopened", "read-only"):
        opened.close()
        opened = OxigraphStore(tmp_path / "store", read_only=kind == "read-only")
    yield opened
    opened.close()


def test_holds_what_was_loaded(store: Store) -> None:
    """Every quad is there, with its graph."""
    assert set(QUADS) == set(store.quads())
    assert len(QUADS) == store.count()
    assert (ONE.value, TWO.value) == store.graphs()


def test_query_sees_the_union_of_all_graphs(store: Store) -> None:
    """A pattern may begin in one graph and end in another."""
    answer = store.query(f"SELECT ?x ?z WHERE {{ ?x <{EXAMPLE}p> ?y . ?y <{EXAMPLE}p> ?z }}")

    assert Table(("x", "z"), ((node("a"), node("c")),)) == answer


@pytest.mark.parametrize(("graph", "expected"), [(ONE, 3), (TWO, 2)], ids=["one", "two"])
def test_query_may_name_a_graph(store: Store, graph: NamedNode, expected: int) -> None:
    """GRAPH confines a pattern to one graph."""
    answer = store.query(f"SELECT * WHERE {{ GRAPH {graph} {{ ?s ?p ?o }} }}")
    assert isinstance(answer, Table)

    assert expected == len(answer)


def test_query_may_ask_for_the_graph(store: Store) -> None:
    """GRAPH with a variable tells where each triple stands."""
    answer = store.query(f"SELECT ?g WHERE {{ GRAPH ?g {{ ?s <{EXAMPLE}p> ?o }} }} ORDER BY ?g")

    assert Table(("g",), ((ONE,), (TWO,))) == answer


def test_select_gives_the_rows_one_by_one(store: Store) -> None:
    """A SELECT can be read row by row, over the union of all graphs."""
    columns, rows = store.select(f"SELECT ?x ?y WHERE {{ ?x <{EXAMPLE}p> ?y }} ORDER BY ?x")

    assert columns == ("x", "y")
    assert next(rows) == (node("a"), node("b"))
    assert list(rows) == [(node("b"), node("c"))]


@pytest.mark.parametrize(
    ("text", "said"), [("SELECT ?x WHERE {", "not SPARQL"), ("ASK { ?x ?y ?z }", "this is no SELECT")]
)
def test_select_takes_a_select_only(store: Store, text: str, said: str) -> None:
    """What is no SELECT is an error with the name of the query."""
    with pytest.raises(QueryError, match=said) as caught:
        store.select(text, name="a check")

    assert caught.value.location is not None
    assert caught.value.location.file == "a check"


@pytest.mark.parametrize(("name", "expected"), [("p", True), ("nothing", False)])
def test_ask_gives_a_truth_value(store: Store, name: str, expected: bool) -> None:
    """ASK answers true or false, as Python knows them."""
    assert expected is store.query(f"ASK {{ ?s <{EXAMPLE}{name}> ?o }}")


def test_construct_gives_triples(store: Store) -> None:
    """CONSTRUCT answers with triples."""
    answer = store.query(f"CONSTRUCT {{ ?o <{EXAMPLE}back> ?s }} WHERE {{ ?s <{EXAMPLE}p> ?o }}")
    assert isinstance(answer, tuple)

    assert {Triple(node("b"), node("back"), node("a")), Triple(node("c"), node("back"), node("b"))} == set(answer)


def test_describe_gives_triples(store: Store) -> None:
    """DESCRIBE answers with the triples of a thing."""
    assert (Triple(node("b"), node("p"), node("c")),) == store.query(f"DESCRIBE <{EXAMPLE}b>")


def test_unbound_variable_is_nothing(store: Store) -> None:
    """A variable without a value is None, in the order of the columns."""
    answer = store.query(f"SELECT ?label ?s WHERE {{ ?s <{EXAMPLE}p> ?o OPTIONAL {{ ?o <{EXAMPLE}label> ?label }} }}")
    assert isinstance(answer, Table)

    assert answer.columns == ("label", "s")
    assert {(None, node("a")), (None, node("b"))} == set(answer.rows)


def test_prefixes_need_no_declaration(store: Store) -> None:
    """Prefixes handed over are known in the query."""
    assert store.query("ASK { ex:a ex:p ex:b }", prefixes={"ex": EXAMPLE}) is True


@pytest.mark.parametrize(
    ("text", "line"),
    [("SELEKT ?s", 1), ("SELECT *\nWHERE { ?s ?p }", 2), ("\n\nASK { unknown:a ?p ?o }", 3)],
    ids=["word", "pattern", "prefix"],
)
def test_syntax_error_has_its_place(store: Store, text: str, line: int) -> None:
    """Text that is not SPARQL is an error with its line, and with a column on that line."""
    with pytest.raises(QueryError, match="not SPARQL") as caught:
        store.query(text)
    place = caught.value.location
    assert place is not None

    assert ("query", line) == (place.file, place.line)
    assert 1 <= place.column <= len(text.splitlines()[line - 1]) + 1
    assert caught.value.hint


def test_loading_twice_changes_nothing(tmp_path: Path) -> None:
    """A store is a set."""
    for opened in (OxigraphStore(), OxigraphStore(tmp_path / "store")):
        opened.load(QUADS)
        opened.load(reversed(QUADS))
        assert len(QUADS) == opened.count()
        opened.close()


@pytest.mark.parametrize(
    "use",
    [
        lambda store: store.query("ASK { ?s ?p ?o }"),
        lambda store: store.load(QUADS),
        lambda store: list(store.quads()),
        lambda store: store.graphs(),
        lambda store: store.count(),
    ],
    ids=["query", "load", "quads", "graphs", "count"],
)
def test_closed_store_is_an_error(use: Callable[[Store], object]) -> None:
    """A store that was closed says so, whatever is asked of it."""
    closed = OxigraphStore()
    closed.close()
    with pytest.raises(StoreError, match="the store is closed"):
        use(closed)


@pytest.mark.parametrize("make", [lambda path: None, Path.mkdir, Path.touch], ids=["missing", "empty", "file"])
def test_reading_what_is_no_store_is_an_error(make: Callable[[Path], object], tmp_path: Path) -> None:
    """A folder without a store is not opened as an empty one, and nothing is made there."""
    path = tmp_path / "store"
    make(path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(StoreError, match="there is no store in") as caught:
        OxigraphStore(path, read_only=True)

    assert caught.value.hint == "run `cd22kg build`"
    assert before == sorted(tmp_path.rglob("*"))


def test_store_below_a_file_is_an_error(tmp_path: Path) -> None:
    """A store that cannot be made is an error of ours, not of the engine."""
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot open the store"):
        OxigraphStore(tmp_path / "file" / "store")


def test_store_open_elsewhere_is_an_error(tmp_path: Path) -> None:
    """Two writers of one folder are refused."""
    first = OxigraphStore(tmp_path / "store")
    with pytest.raises(StoreError, match="cannot open the store"):
        OxigraphStore(tmp_path / "store")
    first.close()


def test_read_only_store_refuses_to_load(tmp_path: Path) -> None:
    """What is opened for reading does not change."""
    OxigraphStore(tmp_path / "store").load(QUADS)
    opened = OxigraphStore(tmp_path / "store", read_only=True)
    with pytest.raises(StoreError):
        opened.load([Quad(node("x"), node("p"), node("y"))])

    assert set(QUADS) == set(opened.quads())
