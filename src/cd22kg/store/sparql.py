"""Any SPARQL 1.1 server, asked and filled over HTTP."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, BinaryIO, TypeVar, cast
from urllib.parse import urlencode

from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, Triple, parse
from pyoxigraph import Store as Engine

from cd22kg.errors import Location, QueryError, StoreError
from cd22kg.namespaces import GRAPH_PUBLISHED
from cd22kg.store.answers import RESULTS, TRIPLES, Row, plain_blank_nodes, plain_booleans, read_results, read_triples
from cd22kg.store.base import Answer, Parameters, Table, Term, fill, syntax_error
from cd22kg.store.batches import batches, named, spool, write_lines
from cd22kg.store.dialects import PARAMETER, SETTING, STANDARD, Address, read_address
from cd22kg.store.login import find_login
from cd22kg.store.own_functions import refuse_own_functions
from cd22kg.store.oxigraph import OxigraphStore
from cd22kg.store.rewrite import HIDDEN, graphs_by_variable, solutions, with_prefixes

if TYPE_CHECKING:
    from cd22kg.store.http import Connection, Reply

#: Rows asked for at once from a server that may stop on its own; Virtuoso does at 10,000 unless told otherwise.
PAGE = 9_000
#: Called with rows and bytes as they come in; it raises to end the query.
Watch = Callable[[int, int], None]
Item = TypeVar("Item")


def unwatched(rows: int, size: int) -> None:
    """Let everything through."""


_FORM = "application/x-www-form-urlencoded"


def open_sparql(
    text: str,
    *,
    connect_timeout: float = 10.0,
    read_timeout: float = 300.0,
    attempts: int = 4,
    sleep: Callable[[float], None] = time.sleep,
) -> SparqlStore:
    """Return the store at an address; the server is not asked before the first use.

    Args:
        text: Such as ``oxigraph+http://127.0.0.1:7878``; see `dialects`.
        connect_timeout: Seconds until a connection must stand.
        read_timeout: Seconds without a sign of the server after which a request is given up.
        attempts: How often a request that changes nothing is tried in all.
        sleep: Waits between attempts.

    Raises:
        StoreError: If the address is wrong, the login cannot be read, or the libraries are missing.
    """
    address = read_address(text)
    try:
        from cd22kg.store.http import Connection, Limits
    except ModuleNotFoundError as error:
        raise StoreError(
            f"asking a server needs the library {error.name}", hint="pip install 'cd22kg[remote]'"
        ) from None
    limits = Limits(connect=connect_timeout, read=read_timeout, attempts=attempts)
    return SparqlStore(address, Connection(address.host, login=find_login(address.host), limits=limits, sleep=sleep))


class SparqlStore:
    """A store on a server."""

    def __init__(self, address: Address, connection: Connection) -> None:
        """Wrap a connection; `open_sparql` makes both."""
        self.address = address
        self._dialect = address.dialect
        self._open: Connection | None = connection
        self._sees_union = self._dialect.union != SETTING
        self._empty = OxigraphStore()

    def __repr__(self) -> str:
        return f"SparqlStore({str(self.address)!r})"

    @property
    def _connection(self) -> Connection:
        if self._open is None:
            raise StoreError("the store is closed", hint="open it again")
        return self._open

    def load(self, quads: Iterable[Quad]) -> None:
        """Add the quads: in one request where the server takes N-Quads, else graph by graph."""
        connection = self._connection
        if not self.address.quads:
            self.bulk_load(quads)
            return
        with spool() as body:
            if write_lines(named(quads), body, RdfFormat.N_QUADS):
                self._send_body("POST", self.address.quads, body, "application/n-quads", connection)

    def bulk_load(self, quads: Iterable[Quad]) -> None:
        """Add many quads in portions, those with blank nodes together at the end."""
        connection = self._connection
        by_graph = not self.address.quads and bool(self.address.graphs)
        for graph, portion in batches(quads, self._dialect.batch, by_graph=by_graph):
            if not self.address.quads and not self.address.graphs:
                self._insert(portion)
                continue
            form = RdfFormat.N_TRIPLES if by_graph else RdfFormat.N_QUADS
            with spool() as body:
                write_lines(portion, body, form)
                url = self.address.graphs if by_graph else self.address.quads
                self._send_body("POST", url, body, form.media_type, connection, graph)

    def put_graph(self, graph: str, ntriples: Iterable[bytes]) -> None:
        """Replace a graph by N-Triples that come in pieces.

        It is one step where the server speaks the graph store protocol. The pieces are written to a temporary file
        first, so that nothing is sent where they end in an error, and that a request which failed can be sent again.

        Raises:
            StoreError: If it cannot be written.
        """
        connection = self._connection
        with spool() as body:
            for piece in ntriples:
                body.write(piece)
            if self.address.graphs:
                self._send_body("PUT", self.address.graphs, body, TRIPLES, connection, graph)
                return
            name = NamedNode(graph)
            try:
                body.seek(0)
                for _ in parse(body, format=RdfFormat.N_TRIPLES):  # before the old graph goes
                    pass
                body.seek(0)
                self.drop_graph(graph)
                self.bulk_load(
                    Quad(quad.subject, quad.predicate, quad.object, name)
                    for quad in parse(body, format=RdfFormat.N_TRIPLES)
                )
            except SyntaxError as error:
                raise StoreError(f"these are no N-Triples: {error.msg}", hint="mend them") from None

    def drop_graph(self, graph: str) -> None:
        """Remove a graph; nothing happens where there is none.

        Raises:
            StoreError: If it cannot be removed.
        """
        connection = self._connection
        if not self.address.graphs or self._dialect.drops_by_update:
            self._update(f"DROP SILENT GRAPH {NamedNode(graph)}")
            return
        from cd22kg.store.http import Call

        call = Call("DELETE", self.address.graphs, (("graph", graph),), repeatable=True)
        with connection.send(call) as reply:
            if reply.status != 404:
                self._succeeded(reply)

    def query(
        self,
        text: str,
        *,
        parameters: Parameters | None = None,
        prefixes: Mapping[str, str] | None = None,
        name: str = "query",
    ) -> Answer:
        """Return the answer to a query over the union of all named graphs."""
        text = text if parameters is None else fill(text, parameters)
        return self.answer(text, self._checked(text, prefixes or {}, name), prefixes=prefixes, name=name)

    def answer(
        self,
        text: str,
        form: Answer,
        *,
        prefixes: Mapping[str, str] | None = None,
        timeout: float = math.inf,
        watch: Watch = unwatched,
        name: str = "query",
    ) -> Answer:
        """Return the answer to a query that is known to be SPARQL.

        Args:
            text: The query.
            form: What an empty store answers to it: the kind of answer, and the columns.
            prefixes: Known in the text without being declared.
            timeout: Seconds for all that it takes, also what is asked before, and the waits between attempts; with it
                the server may be silent that long, else as long as the connection lets it.
            watch: Told of each piece of the answer; what it raises ends the query.
            name: How messages call the query.

        Raises:
            QueryError: If it uses our functions, or the server refuses it.
            StoreError: If the server cannot be reached, or cut its answer short.
        """
        deadline = time.monotonic() + timeout
        refuse_own_functions(text, prefixes or {}, self.address.host, name)
        text = with_prefixes(text, prefixes or {})
        self._check_union(deadline)
        if isinstance(form, tuple):
            self._check_whole(text, deadline)
            with self._ask(text, TRIPLES, deadline) as reply:
                triples = read_triples(_watched(reply.chunks(), watch), self.address.host)
                return tuple(dict.fromkeys(_counted(triples, watch)))
        if isinstance(form, bool):
            with self._ask(text, RESULTS, deadline) as reply:
                found = self._results(reply, watch)
                return found if isinstance(found, bool) else _truth(found[1], self.address.host)
        with self._selected(text, deadline, watch) as (columns, rows):
            ordered = _in_order(form.columns, columns, rows, host=self.address.host)
            return Table(form.columns, tuple(_counted(ordered, watch)))

    def select(self, text: str, *, name: str = "query") -> tuple[tuple[str, ...], Iterator[tuple[Term | None, ...]]]:
        """Return the columns of a SELECT over the union of all named graphs, and its rows as they come in."""
        form = self._checked(text, {}, name)
        if not isinstance(form, Table):
            raise QueryError("this is no SELECT", Location(name), hint="ask for a table")
        refuse_own_functions(text, {}, self.address.host, name)
        self._check_union()

        def rows() -> Iterator[Row]:
            with self._selected(text) as (columns, found):
                yield from _in_order(form.columns, columns, found, host=self.address.host)

        return form.columns, rows()

    def update(self, text: str, *, prefixes: Mapping[str, str] | None = None) -> None:
        """Run an update; whether it is one step depends on the server."""
        connection = self._connection
        try:
            Engine().update(text, prefixes=dict(prefixes or {}))
        except SyntaxError as error:
            raise syntax_error(error.msg, "update") from None
        except (OSError, RuntimeError, ValueError):
            pass  # an empty store may not do what the full one can; the server has the last word
        self._update(with_prefixes(text, prefixes or {}), connection)

    def quads(self, graph: str = "") -> Iterator[Quad]:
        """Yield every quad but those of the record of pushes, or the quads of one graph.

        Raises:
            StoreError: If there are fewer or more than the server counts, at the end; or, before the first, if all are
                asked for and queries see quads in no named graph.
        """
        if not graph:
            self._check_default()
        for name in (graph,) if graph else self.graphs():
            node = NamedNode(name)
            total, seen = self.count(name), 0
            for triple in self._graph(node, total):
                seen += 1
                yield Quad(triple.subject, triple.predicate, triple.object, node)
            if seen != total:
                raise StoreError(
                    f"{self.address.host} gave {seen} triples of <{name}> but counts {total}",
                    hint="it cuts its answers short, or the graph changed meanwhile; try again",
                )

    def graphs(self) -> tuple[str, ...]:
        """Return the IRIs of the named graphs that hold something, sorted; some servers list empty ones too.

        The record of pushes is none of them.
        """
        pattern = "GRAPH ?g {}" if self._dialect.lists_empty_graphs else "GRAPH ?g { ?s ?p ?o }"
        if self._dialect.silent_cap:
            total = self._number(f"SELECT (COUNT(DISTINCT ?g) AS ?n) WHERE {{ {pattern} }}")
            rows: Iterable[Row] = self._pages(f"SELECT DISTINCT ?g WHERE {{ {pattern} }} ORDER BY ?g", total)
        else:
            rows = self._rows(f"SELECT DISTINCT ?g WHERE {{ {pattern} }}")
        names = {row[0].value for row in rows if isinstance(row[0], NamedNode)}
        return tuple(sorted(names.difference(self._dialect.own_graphs, [GRAPH_PUBLISHED])))

    def count(self, graph: str = "") -> int:
        """Return the number of quads, without those of the record of pushes, or of those in one graph."""
        where = NamedNode(graph) if graph else "?g"
        own = "" if graph else f" FILTER (?g != <{GRAPH_PUBLISHED}>)"
        return self._number(f"SELECT (COUNT(*) AS ?n) WHERE {{ GRAPH {where} {{ ?s ?p ?o }}{own} }}")

    def dump(self, file: BinaryIO) -> int:
        """Write every quad as a line of N-Quads, graph by graph."""
        return write_lines(self.quads(), cast(IO[bytes], file), RdfFormat.N_QUADS)

    def close(self) -> None:
        """Close the connections."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def __enter__(self) -> SparqlStore:
        """Return the store."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close it."""
        self.close()

    def _checked(self, text: str, prefixes: Mapping[str, str], name: str) -> Answer:
        """Return what an empty store answers: the form and the columns; every store tells faults in the same words."""
        self._connection  # noqa: B018  # a closed store says so first
        return self._empty.query(text, prefixes=prefixes, name=name)

    @contextmanager
    def _ask(self, text: str, accept: str, deadline: float = math.inf, *, union: bool = True) -> Iterator[Reply]:
        """Send a query and yield its answer, known to be a success of the right type."""
        from cd22kg.store.http import Call

        preface = self._dialect.preface
        fields = [("query", f"{preface} {graphs_by_variable(text)}" if preface else text)]
        if union and self._dialect.union == PARAMETER:
            fields += self._dialect.union_parameters
        headers = {"Accept": accept, "Content-Type": _FORM}
        content = urlencode(fields).encode()
        call = Call("POST", self.address.query, headers=headers, content=content, safe=True, deadline=deadline)
        with self._connection.send(call) as reply:
            self._whole(reply)
            if reply.status == 400:
                raise QueryError(
                    f"{self.address.host} refuses the query: {reply.complaint()}", hint="write it in SPARQL 1.1 only"
                )
            self._succeeded(reply)
            self._typed(reply, accept)
            yield reply

    def _whole(self, reply: Reply) -> None:
        """Refuse an answer of which the server itself says that it is not all."""
        host = self.address.host
        if cap := reply.headers.get("x-sparql-maxrows", ""):
            raise StoreError(
                f"{host} stops at {cap[:20]} rows", hint="ask for less, or raise ResultSetMaxRows on the server"
            )
        if reply.status == 206 or reply.headers.get("x-sql-state", "") == "S1TAT":
            raise StoreError(f"{host} gives a part of the answer only", hint="simplify the query, or raise its limits")
        if self._dialect is STANDARD and reply.headers.get("server", "").startswith("Virtuoso"):
            base = self.address.base.removesuffix("/sparql")
            raise StoreError(
                f"{host} is a Virtuoso, which cuts answers without saying so", hint=f"write virtuoso+{base}"
            )

    def _succeeded(self, reply: Reply) -> None:
        if reply.status == 400:
            raise StoreError(f"{self.address.host} refuses the request: {reply.complaint()}", hint="mend what it names")
        if not 200 <= reply.status < 300:
            raise self._connection.refusal(reply)

    def _typed(self, reply: Reply, accept: str) -> None:
        wanted = {RESULTS: (RESULTS, "application/json"), TRIPLES: (TRIPLES, "text/plain")}[accept]
        if reply.media_type not in wanted:
            raise StoreError(
                f"{self.address.host} answers with {reply.media_type[:60] or 'something'} instead of results",
                hint="is this the address of a SPARQL endpoint, and the kind of server before `+` right?",
            )
        if accept == TRIPLES and not reply.is_framed:
            raise StoreError(
                f"{self.address.host} does not say how long its answer is, so a cut one could not be told",
                hint="is there a proxy of HTTP 1.0 in between?",
            )

    def _results(self, reply: Reply, watch: Watch = unwatched) -> tuple[tuple[str, ...], Iterator[Row]] | bool:
        chunks = _watched(reply.chunks(), watch)
        if not self._dialect.needs_repair:
            return read_results(chunks, self.address.host)
        found = read_results(plain_blank_nodes(chunks), self.address.host)
        return found if isinstance(found, bool) else (found[0], plain_booleans(found[1]))

    def _triples(self, reply: Reply) -> Iterator[Triple]:
        return read_triples(reply.chunks(), self.address.host)

    @contextmanager
    def _selected(
        self, text: str, deadline: float = math.inf, watch: Watch = unwatched
    ) -> Iterator[tuple[tuple[str, ...], Iterator[Row]]]:
        """Send a SELECT and yield the columns and rows that come back."""
        with self._ask(text, RESULTS, deadline) as reply:
            found = self._results(reply, watch)
            if isinstance(found, bool):
                raise StoreError(
                    f"{self.address.host} answers a SELECT with a truth value", hint="is it a SPARQL server?"
                )
            yield found

    def _rows(self, text: str, deadline: float = math.inf) -> Iterator[Row]:
        with self._selected(text, deadline) as (_, rows):
            yield from rows

    def _number(self, text: str) -> int:
        rows = list(self._rows(text))
        if len(rows) != 1 or not isinstance(rows[0][0], Literal) or not rows[0][0].value.isdecimal():
            raise StoreError(f"{self.address.host} does not count", hint="is it a SPARQL 1.1 server?")
        return int(rows[0][0].value)

    def _graph(self, graph: NamedNode, total: int) -> Iterator[Triple]:
        """Yield the triples of a graph."""
        if self._dialect.silent_cap:
            text = f"SELECT ?s ?p ?o WHERE {{ GRAPH {graph} {{ ?s ?p ?o }} }} ORDER BY ?s ?p ?o"
            for subject, predicate, value in self._pages(text, total):
                yield Triple(cast(Any, subject), cast(Any, predicate), cast(Any, value))
            return
        if not total:
            return
        if not self.address.graphs:
            with self._ask(f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH {graph} {{ ?s ?p ?o }} }}", TRIPLES) as reply:
                yield from self._triples(reply)
            return
        from cd22kg.store.http import Call

        call = Call("GET", self.address.graphs, (("graph", graph.value),), {"Accept": TRIPLES}, safe=True)
        with self._connection.send(call) as reply:
            self._whole(reply)
            self._succeeded(reply)
            self._typed(reply, TRIPLES)
            yield from self._triples(reply)

    def _pages(self, text: str, total: int) -> Iterator[Row]:
        """Yield the rows of a sorted SELECT in pages, each compared with the one before: ties have no order.

        Raises:
            StoreError: If a row comes twice, which means that another never comes.
        """
        before: set[Row] = set()
        for start in range(0, total, PAGE):
            page = list(self._rows(f"SELECT * WHERE {{ {{ {text} }} }} LIMIT {PAGE} OFFSET {start}"))
            now = set(page)
            if len(now) != len(page) or now & before:
                raise StoreError(f"{self.address.host} repeats itself from page to page", hint="try again")
            yield from page
            before = now

    def _check_union(self, deadline: float = math.inf) -> None:
        """Refuse a server whose queries do not see the named graphs; an empty one is asked again later."""
        if self._sees_union:
            return
        text = "SELECT ?in WHERE { GRAPH ?g { ?s ?p ?o } BIND (EXISTS { ?s ?p ?o } AS ?in) } LIMIT 1"
        for row in self._rows(text, deadline):
            if row[0] is None or getattr(row[0], "value", "") in ("false", "0"):
                raise StoreError(
                    f"queries do not see the named graphs of {self.address}", hint=self._dialect.union_hint
                )
            self._sees_union = True

    def _check_default(self) -> None:
        """Refuse a server whose queries see quads in no named graph: reading graph by graph would leave them out."""
        if not self._dialect.sees_default:
            return
        with self._ask("ASK { ?s ?p ?o }", RESULTS, union=False) as reply:
            if self._results(reply) is not False:
                raise StoreError(
                    f"queries see quads on {self.address.host} that are in no named graph, and cannot be read back",
                    hint="move them into a new named graph: MOVE DEFAULT TO <https://host/graph>",
                )

    def _check_whole(self, text: str, deadline: float) -> None:
        """Where triples may be cut in silence, ask for the solutions they are made of, of which a cut is told."""
        if self._dialect.silent_cap and (text := solutions(text)):
            with self._ask(text, RESULTS, deadline):
                pass

    def _insert(self, quads: Iterable[Quad]) -> None:
        """Add quads by SPARQL update."""
        groups: dict[str, list[str]] = {}
        for quad in quads:
            groups.setdefault(str(quad.graph_name), []).append(f"{quad.triple} .")
        blocks = " ".join(f"GRAPH {graph} {{ {' '.join(lines)} }}" for graph, lines in groups.items())
        self._update(f"INSERT DATA {{ {blocks} }}")

    def _update(self, text: str, connection: Connection | None = None) -> None:
        from cd22kg.store.http import Call

        headers = {"Content-Type": _FORM}
        call = Call("POST", self.address.update, headers=headers, content=urlencode({"update": text}).encode())
        with (connection or self._connection).send(call) as reply:
            self._succeeded(reply)

    def _send_body(
        self, method: str, url: str, file: IO[bytes], media_type: str, connection: Connection, graph: str = ""
    ) -> None:
        from cd22kg.store.http import Body, Call

        parameters = (("graph", graph),) if graph else ()
        headers = {"Content-Type": media_type}
        call = Call(method, url, parameters, headers, Body(cast(BinaryIO, file)), repeatable=method == "PUT")
        with connection.send(call) as reply:
            self._succeeded(reply)


def _watched(chunks: Iterable[bytes], watch: Watch) -> Iterator[bytes]:
    """Yield the pieces of an answer, each told by its size."""
    for chunk in chunks:
        watch(0, len(chunk))
        yield chunk


def _counted(rows: Iterable[Item], watch: Watch) -> Iterator[Item]:
    """Yield the rows of an answer, each told."""
    for row in rows:
        watch(1, 0)
        yield row


def _truth(rows: Iterator[Row], host: str) -> bool:
    """Return the truth value that Virtuoso gives as a table: of one number, or of nothing for false."""
    found = [row[0].value for row in rows if len(row) == 1 and isinstance(row[0], Literal)]
    if not found:
        return False
    if found not in (["0"], ["1"], ["false"], ["true"]):
        raise StoreError(f"{host} answers an ASK with a table", hint="is it a SPARQL 1.1 server?")
    return found[0] in ("1", "true")


def _in_order(columns: tuple[str, ...], found: tuple[str, ...], rows: Iterator[Row], *, host: str) -> Iterator[Row]:
    """Yield rows with their columns in the order of the query."""
    if any(name not in columns and not name.startswith(HIDDEN) for name in found):
        raise StoreError(f"{host} answers with other columns than were asked for", hint="is it a SPARQL 1.1 server?")
    places = [found.index(column) if column in found else None for column in columns]
    for row in rows:
        yield tuple(None if place is None else row[place] for place in places)
