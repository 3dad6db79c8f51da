"""Queries from outside are answered as the store itself would, every term exactly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple

from cd22kg.errors import QueryError
from cd22kg.graph import KnowledgeGraph
from cd22kg.namespaces import PREFIXES
from cd22kg.queries import bind, library
from cd22kg.queries.limits import Limits
from cd22kg.queries.worker import Worker
from cd22kg.store import Answer, OxigraphStore, Table, Term, fill
from tests.foreign import (
    COUNT,
    XSD,
    as_bag,
    many,
    node,
)


@pytest.fixture(scope="module", params=["folder", "memory", "writable"])
def store(request: pytest.FixtureRequest, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> OxigraphStore:
    """Return a store of each kind with the same quads."""
    if request.param == "folder":
        return OxigraphStore(folder, read_only=True)
    found = OxigraphStore(tmp_path_factory.mktemp("open") / "store" if request.param == "writable" else None)
    found.load(many())
    return found


def test_counts_the_quads_of_every_kind_of_store(store: OxigraphStore) -> None:
    """A folder, a store in memory and one open for writing are answered from alike."""
    with Worker(store) as worker:
        assert store.query(COUNT) == worker.query(COUNT)


@pytest.mark.parametrize("query", library(), ids=lambda query: query.name)
def test_library_questions_have_the_same_answers(query: Any, kg: KnowledgeGraph) -> None:
    """Every question of the library, asked as text, has the answer that the store gives."""
    values = {"source": ["fergusson-2023"]} if query.name == "article-claims" else {}  # all at once takes seconds
    text = fill(query.text, bind(query, values, kg.store))

    assert kg.store.query(text, prefixes=PREFIXES) == kg._worker.query(text, prefixes=PREFIXES)


@pytest.mark.parametrize(
    "text",
    [
        "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }",
        "CONSTRUCT WHERE { ?s a cd22:Nothing }",
        "DESCRIBE claim:shah-2020-cr",
        "ASK { ?s a cd22:Claim }",
        "ASK { ?s a cd22:Nothing }",
        "SELECT * { ?s ?p ?o }",
        "SELECT * {}",
        "SELECT * { FILTER(false) }",
        "SELECT ?x ?y { VALUES (?x ?y) { (UNDEF UNDEF) (1 UNDEF) (UNDEF '') } }",
        "SELECT ?g (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g",
    ],
)
def test_every_kind_of_query_has_the_same_answer(text: str, kg: KnowledgeGraph) -> None:
    """Triples, truth values and tables come over whole, blank nodes by the same label, also where there is nothing."""
    assert as_bag(kg.store.query(text, prefixes=PREFIXES)) == as_bag(kg._worker.query(text, prefixes=PREFIXES))


TEXTS = (
    "",
    " ",
    "two\nlines\r\n",
    "tab\tquote\"apostrophe'backslash\\",
    "\\u0041 \\n",
    "\x00\x01\x7f\x85",
    "\u2028\u202edetsriver\u202c\ufeff",
    "Ä\u0308 \U0001f9ec",
    "?x\t?y",
    "<a> <b> <c> .",
)
TERMS: tuple[Term, ...] = (
    *map(Literal, TEXTS),
    Literal("chat", language="fr-be"),
    Literal("مرحبا\n", language="ar"),
    *(
        Literal(text, datatype=NamedNode(XSD + name))
        for text, name in (
            ("1", "integer"),
            ("-0", "integer"),
            ("1.0", "decimal"),
            ("1e0", "double"),
            ("INF", "double"),
            ("NaN", "float"),
            ("true", "boolean"),
            ("yes", "boolean"),
            ("2020", "gYear"),
            ("P6M", "duration"),
        )
    ),
    Literal("x\n", datatype=node("datatype")),
    BlankNode("b0"),
    BlankNode("a-b.c_1"),
    node("ünïcode%20(x)'*"),
    Triple(node("s"), node("p"), Triple(BlankNode("b0"), node("p"), Literal('"\n\\', language="de"))),
)


@pytest.fixture(scope="module")
def hostile() -> Iterator[tuple[OxigraphStore, Worker]]:
    """Yield a store with terms that are hard to write down, and a worker on it."""
    store = OxigraphStore()
    store.load(Quad(node(f"s{n}"), node(f"p{n % 2}"), term, node(f"g{n % 3}")) for n, term in enumerate(TERMS))
    with Worker(store) as worker:
        yield store, worker


@pytest.mark.parametrize("head", ["SELECT ?s ?o ?none", "CONSTRUCT { ?s <http://example.org/says> ?o }"])
def test_every_term_comes_over_exactly(head: str, hostile: tuple[OxigraphStore, Worker]) -> None:
    """No text, number, label, language or nested triple changes on its way into the process and out of it."""
    store, worker = hostile
    text = head + " WHERE { ?s ?p ?o }"
    answer = as_bag(worker.query(text))

    assert as_bag(store.query(text)) == answer
    assert len(TERMS) == sum(answer[1].values() if isinstance(answer, tuple) else answer.values())


_VARIABLES = st.sampled_from(("?a", "?b", "?c"))
_NODES = st.one_of(_VARIABLES, st.sampled_from((str(node("s1")), str(node("s12")), "1", '"tab\\t"', "[]")))
_PREDICATES = st.sampled_from((str(node("p0")), f"{node('p0')}|{node('p1')}", "?p", f"!{node('p0')}", f"{node('p1')}?"))
_TRIPLES = st.builds(lambda s, p, o: f"{s} {p} {o} .", _VARIABLES, _PREDICATES, _NODES)
_BLOCKS = st.recursive(
    st.one_of(
        _TRIPLES,
        st.builds("VALUES {} {{ UNDEF 1 'é' }}".format, _VARIABLES),
        st.builds("FILTER({} {} {})".format, _VARIABLES, st.sampled_from(("=", "!=", "<")), _VARIABLES),
        st.builds("FILTER(isLiteral({}))".format, _VARIABLES),
    ),
    lambda inner: st.one_of(
        st.builds("OPTIONAL {{ {} }}".format, inner),
        st.builds("MINUS {{ {} }}".format, inner),
        st.builds("{{ {} }} UNION {{ {} }}".format, inner, inner),
        st.builds("GRAPH ?g {{ {} }}".format, inner),
        st.builds("{} {}".format, inner, inner),
    ),
    max_leaves=4,
)
_HEADS = st.sampled_from(
    (
        "SELECT *",
        "SELECT ?a ?c",
        "SELECT DISTINCT ?b",
        "SELECT (COUNT(*) AS ?n)",
        "SELECT (CONCAT(STR(?a), '\\n\"') AS ?text)",
        "ASK",
        f"CONSTRUCT {{ ?a {node('q')} ?b . [] {node('q')} ?c }}",
    )
)


@settings(deadline=None, max_examples=150)
@given(head=_HEADS, blocks=st.lists(_BLOCKS, min_size=1, max_size=3))
def test_random_queries_have_the_same_answer(
    head: str, blocks: list[str], hostile: tuple[OxigraphStore, Worker]
) -> None:
    """Whatever is asked, the process answers as the store does, or both refuse it alike."""
    store, worker = hostile
    text = f"{head} WHERE {{ {' '.join(blocks)} }}"

    def asked(ask: Callable[[str], Answer]) -> Any:
        try:
            answer = ask(text)
        except QueryError as error:
            return str(error)
        if "[]" in head and isinstance(answer, tuple):
            # A template's blank nodes are new ones each time.
            return Counter(
                (t.predicate, "" if isinstance(t.subject, BlankNode) else t.subject, t.object) for t in answer
            )
        return as_bag(answer)

    assert asked(store.query) == asked(worker.query)


@pytest.mark.parametrize(
    "text", ["SELECT * {", "SELECT ?x {\n ?x ?y }", "SELECT (?x AS ?x) { BIND(1 AS ?x) }", "ASK {} x"]
)
def test_errors_of_syntax_read_as_those_of_the_store(text: str, shared: Worker, folder: Path) -> None:
    """Place, wording and hint do not tell who read the query."""
    errors = []
    for ask in (OxigraphStore(folder, read_only=True).query, shared.query):
        with pytest.raises(QueryError, match="not SPARQL") as caught:
            ask(text, name="mine.rq")
        errors.append(caught.value)

    assert str(errors[0]) == str(errors[1])


def test_error_of_syntax_shows_the_line(shared: Worker) -> None:
    """The line that cannot be read is shown with a mark below the place; of a long one, the part around it."""
    with pytest.raises(QueryError) as caught:
        shared.query("SELECT ?x {\n  ?x ?y }", name="mine.rq")
    place = caught.value.location
    assert place is not None
    assert str(caught.value).splitlines()[1:3] == ["    ?x ?y }", f"  {' ' * (place.column - 1)}^"]
    with pytest.raises(QueryError) as caught:
        shared.query("SELECT ?x { " + "?x ?y ?z . " * 50 + "?x ?y }", name="mine.rq")
    shown, mark = str(caught.value).splitlines()[1:3]
    assert len(shown) < 110
    assert "?x ?y }" in shown
    assert 40 < len(mark) < 60


def test_rows_are_counted_not_lines(hostile: tuple[OxigraphStore, Worker]) -> None:
    """Line ends within a text are no rows."""
    _, worker = hostile
    text = "SELECT ?x { BIND('a\\n\\r\\nb\\u000A' AS ?x) }"

    assert worker.query(text, limits=Limits(max_rows=1)) == Table(("x",), ((Literal("a\n\r\nb\n"),),))
