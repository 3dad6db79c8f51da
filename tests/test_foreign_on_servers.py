"""Queries from outside on a server: scanned, tried by a process of their own, and limited as they come in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cd22kg.errors import QueryError
from cd22kg.graph import KnowledgeGraph
from cd22kg.store import SparqlStore, Table, open_sparql
from tests.conftest import SERVER_KINDS
from tests.servers import NotHere, oxigraph
from tests.test_store import EXAMPLE, QUADS

#: Doubles a text forty times: an engine that evaluates it, even an empty one, runs out of memory.
BOMB = (
    "ASK { BIND('aaaaaaaaaaaaaaaa' AS ?v0) "
    + " ".join(f"BIND(CONCAT(?v{n}, ?v{n}) AS ?v{n + 1})" for n in range(40))
    + " FILTER(STRLEN(?v40) > 1) }"
)
ENDLESS = "SELECT (COUNT(*) AS ?n) WHERE { " + " ".join(f"?s{n} ?p{n} ?o{n} ." for n in range(14)) + " }"


@pytest.fixture(params=SERVER_KINDS)
def remote(request: pytest.FixtureRequest, connect: Callable[[str], SparqlStore]) -> Iterator[KnowledgeGraph]:
    """Yield a graph of a few quads on a server of each kind."""
    store = connect(request.param)
    store.load(QUADS)
    with KnowledgeGraph(store) as graph:
        yield graph


def test_answers_are_those_of_the_store(remote: KnowledgeGraph) -> None:
    """Tables, truth values and triples come as from a library question; `*` has the columns of an embedded store."""
    table = remote.sparql(f"SELECT * WHERE {{ ?x <{EXAMPLE}p> ?y . ?y <{EXAMPLE}p> ?z }}").answer
    assert isinstance(table, Table)

    assert table.columns == ("x", "y", "z")
    assert len(table) == 1
    assert remote.sparql(f"ASK {{ <{EXAMPLE}a> <{EXAMPLE}p> ?o }}").answer is True
    assert len(remote.sparql(f"CONSTRUCT WHERE {{ ?s <{EXAMPLE}p> ?o }}")) == 2


def test_answer_over_a_limit_is_an_error(remote: KnowledgeGraph) -> None:
    """More rows, triples or bytes than allowed are an error, never a short answer."""
    with pytest.raises(QueryError, match="the answer has over 3 rows"):
        remote.sparql("SELECT * WHERE { ?s ?p ?o }", max_rows=3)
    with pytest.raises(QueryError, match="the answer has over 3 rows"):
        remote.sparql("CONSTRUCT WHERE { ?s ?p ?o }", max_rows=3)
    with pytest.raises(QueryError, match="the answer has over 100 bytes"):
        remote.sparql("SELECT * WHERE { ?s ?p ?o }", max_bytes=100)

    assert len(remote.sparql("SELECT * WHERE { ?s ?p ?o }", max_rows=5)) == 5


def test_endless_query_is_given_up(tmp_path: Path) -> None:
    """A server that computes longer than the limit is not waited for.

    It has a server of its own, which goes on computing until it is killed.
    """
    try:
        with oxigraph(tmp_path) as running, open_sparql(running.address) as store:
            store.load(QUADS)
            with KnowledgeGraph(store) as graph, pytest.raises(QueryError, match="stopped after 2 s") as caught:
                graph.sparql(ENDLESS, timeout=2)
    except NotHere as reason:
        pytest.skip(str(reason))

    assert "--timeout" in caught.value.hint


@pytest.mark.xdist_group("oxigraph")
def test_bomb_harms_nobody_here(connect: Callable[[str], SparqlStore]) -> None:
    """Text that would end this process when only looked at is stopped before it goes to the server."""
    with KnowledgeGraph(connect("oxigraph")) as graph, pytest.raises(QueryError, match=r"out of memory|stopped after"):
        graph.sparql(BOMB, memory=64, timeout=20)


@pytest.mark.xdist_group("oxigraph")
@pytest.mark.parametrize(
    ("text", "message"),
    [("SELECT * WHERE { SERVICE <http://e> { ?s ?p ?o } }", "SERVICE"), ("SELECT *\nWHERE { ?s ?p }", "not SPARQL")],
    ids=["service", "syntax"],
)
def test_text_is_scanned_first(text: str, message: str, connect: Callable[[str], SparqlStore]) -> None:
    """What the gate refuses does not reach a server, and faults have their place."""
    with KnowledgeGraph(connect("oxigraph")) as graph, pytest.raises(QueryError, match=message) as caught:
        graph.sparql(text)

    assert caught.value.location is not None
