"""What can go wrong between a store and its server, played by a small server in a thread."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import re
import ssl
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import which

import pytest
from pyoxigraph import Literal, NamedNode, Quad, Triple

from cd22kg import KnowledgeGraph
from cd22kg.errors import QueryError, StoreError
from cd22kg.store import SparqlStore, Table, is_address, open_sparql
from cd22kg.store.dialects import DIALECTS, read_address
from cd22kg.transfer import load_into
from tests.servers import free_port

#: A password that must be seen nowhere.
SECRET = "correct-horse-battery"  # noqa: S105  # opens nothing
ROWS = json.dumps({"head": {"vars": ["s"]}, "results": {"bindings": [{"s": {"type": "uri", "value": "urn:a"}}]}})
RESULTS = {"Content-Type": "application/sparql-results+json"}
ANSWER = Table(("s",), ((NamedNode("urn:a"),),))
QUAD = Quad(NamedNode("urn:s"), NamedNode("urn:p"), Literal("o"), NamedNode("urn:g"))
SELECT = "SELECT ?s WHERE { ?s ?p ?o }"

Reply = tuple[int, dict[str, str], bytes | str]
Script = Callable[[BaseHTTPRequestHandler, bytes], Reply]


class Played:
    """A server that answers as the script says, and keeps what it was asked: method, path, headers and body."""

    def __init__(self, script: Script, port: int) -> None:
        self.script, self.port = script, port
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.waits: list[float] = []
        self.stores: list[SparqlStore] = []

    def address(self, kind: str = "oxigraph", scheme: str = "http") -> str:
        """Return its address as one of a kind of server."""
        return f"{kind}+{scheme}://127.0.0.1:{self.port}"

    def store(self, kind: str = "oxigraph", scheme: str = "http", **options: float) -> SparqlStore:
        """Return a store there, which waits for nothing and is closed at the end."""
        address = self.address(kind, scheme)
        self.stores.append(open_sparql(address, sleep=self.waits.append, **options))  # type: ignore[arg-type]  # options of any kind
        return self.stores[-1]


@contextmanager
def playing(script: Script, context: ssl.SSLContext | None = None) -> Iterator[Played]:
    """Run a server until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            played.asked.append((self.command, self.path, dict(self.headers), body))
            status, headers, content = played.script(self, body)
            data = content.encode() if isinstance(content, str) else content
            if status:
                self.send_response_only(status)
                for name, value in {"Content-Length": str(len(data)), **headers}.items():
                    if value:
                        self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)
            self.close_connection = not status or "Content-Length" in headers

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815  # the names of the base class

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name of the base class
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        played = Played(script, server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield played
        finally:
            for store in played.stores:
                store.close()
            server.shutdown()
            thread.join()


def always(status: int, body: bytes | str = "", **headers: str) -> Script:
    """Return a script with one answer; ``_`` in the name of a header stands for ``-``."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request, content: (status, named, body)


def in_turn(*replies: Reply) -> Script:
    """Return a script with one answer after the other."""
    waiting = iter(replies)
    return lambda request, content: next(waiting)


@pytest.fixture(autouse=True)
def no_login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the logins and proxies of this machine out."""
    for name in ("CD22KG_STORE_USER", "CD22KG_STORE_PASSWORD", "NETRC", "SSL_CERT_FILE", "HTTPS_PROXY", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def login(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a login into the environment."""
    monkeypatch.setenv("CD22KG_STORE_USER", "curator")
    monkeypatch.setenv("CD22KG_STORE_PASSWORD", SECRET)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://127.0.0.1:3030/x/sparql", True),
        ("https://example.org/sparql", True),
        ("fuseki+http://host/data", True),
        ("unknown+https://host", True),
        ("graph", False),
        ("./http:/x", False),
        ("ftp://host", True),
        ("fuseki+htps://host/x", True),
        ("fuseki+host/x", True),
        ("FUSEKI+http:/host", True),
        (f"curator:{SECRET}@127.0.0.1:3030", True),
        (f"curator:{SECRET}@host/data", True),
        ("./fuseki+x", False),
        ("a+b", False),
        ("./curator:x@y", False),
        ("c:/data/me@work", False),
        ("c:\\data\\me@work", False),
        ("", False),
    ],
)
def test_address_is_told_from_a_path(text: str, expected: bool) -> None:
    """What is meant as an address is one, also misspelt, so that no folder is made of it."""
    assert expected is is_address(text)


@pytest.mark.parametrize(
    ("text", "query", "update", "graphs"),
    [
        ("oxigraph+http://h:7878/", "http://h:7878/query", "http://h:7878/update", "http://h:7878/store"),
        ("fuseki+https://h/ds/sparql", "https://h/ds/query", "https://h/ds/update", "https://h/ds/data"),
        ("virtuoso+http://h:8890/sparql", "http://h:8890/sparql", "http://h:8890/sparql-auth", None),
        ("http://[::1]:80/sparql", "http://[::1]:80/sparql", "http://[::1]:80/sparql", ""),
        ("sparql+https://h/x", "https://h/x", "https://h/x", ""),
    ],
)
def test_places_follow_from_the_address(text: str, query: str, update: str, graphs: str | None) -> None:
    """Each kind of server has its places below the address, however much of them is written already."""
    address = read_address(text)

    assert (query, update) == (address.query, address.update)
    assert graphs is None or graphs == address.graphs


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sesame+http://host", "no kind of server is called `sesame`"),
        (f"http://curator:{SECRET}@host/sparql", "holds a login"),
        (f"http://{SECRET}@host/sparql", "holds a login"),
        ("http:///sparql", "names no host"),
        ("http://host:port/sparql", "is not a URL"),
        ("http://host/sparql?query=x", "holds `\\?` or `#`"),
        ("http://host/a b", "names no host"),
        ("file:///etc", "not the address of a server"),
        ("fuseki+htps://host/x", "not the address of a server"),
        ("fuseki+http:/host", "not the address of a server"),
        (f"curator:{SECRET}@127.0.0.1:3030", "holds a login"),
        (f"curator:{SECRET}@host/data", "holds a login"),
        (f"fuseki+curator:{SECRET}@host/data", "holds a login"),
        (f"htps://curator:{SECRET}@host/data", "not the address of a server"),
    ],
)
def test_wrong_address_is_an_error(text: str, said: str) -> None:
    """It says what is wrong, and shows no password."""
    with pytest.raises(StoreError, match=said) as caught:
        open_sparql(text)

    assert SECRET not in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("text", ["fuseki+htps://host/x", f"curator:{SECRET}@127.0.0.1:3030", "oxigraph+host:7878"])
def test_no_folder_is_made_of_a_misspelt_address(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Data for a server does not end up in a folder by its name."""
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "a.nt"
    data.write_text("<urn:s> <urn:p> <urn:o> .\n")
    with pytest.raises(StoreError) as caught:
        load_into([data], text)

    assert SECRET not in str(caught.value)
    assert [data] == list(tmp_path.iterdir())


def test_unknown_kind_lists_the_known() -> None:
    """The hint names every kind there is."""
    with pytest.raises(StoreError) as caught:
        read_address("sesame+http://host")

    assert all(f"{kind}+" in caught.value.hint for kind in DIALECTS)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_busy_server_is_asked_again(status: int) -> None:
    """A query is sent again after a growing time."""
    with playing(in_turn((status, {}, ""), (status, {}, ""), (200, RESULTS, ROWS))) as server:
        assert server.store().query(SELECT) == ANSWER

    first, second = server.waits
    assert 0.5 <= first <= 1 <= second <= 2


def test_retry_after_is_kept() -> None:
    """The server says how long to wait, up to a limit beyond which there is no second attempt."""
    with playing(in_turn((503, {"Retry-After": "7"}, ""), (200, RESULTS, ROWS))) as server:
        assert server.store().query(SELECT) == ANSWER
    assert server.waits == [7.0]
    with (
        playing(always(503, "closed for today", Retry_After="3600")) as server,
        pytest.raises(StoreError, match=r"busy or out of order \(503\): closed for today") as caught,
    ):
        server.store().query(SELECT)

    assert (server.waits, len(server.asked)) == ([], 1)
    assert "3600 s" in caught.value.hint


def test_dropped_connection_is_tried_again() -> None:
    """A server that hangs up before it answers is asked again, and given up in the end."""
    with playing(in_turn((0, {}, ""), (200, RESULTS, ROWS))) as server:
        assert server.store().query(SELECT) == ANSWER
    with playing(always(0)) as server, pytest.raises(StoreError, match="cut its answer short; tried 4 times"):
        server.store().query(SELECT)

    assert len(server.asked) == 4


@pytest.mark.parametrize(
    "write",
    [
        lambda store: store.load([QUAD]),
        lambda store: store.bulk_load([QUAD]),
        lambda store: store.update("DROP ALL"),
    ],
    ids=["load", "bulk_load", "update"],
)
@pytest.mark.parametrize("status", [0, 503])
def test_write_is_never_sent_twice(write: Callable[[SparqlStore], None], status: int) -> None:
    """Nobody knows whether the first attempt took effect."""
    with playing(always(status)) as server, pytest.raises(StoreError):
        write(server.store())

    assert len(server.asked) == 1


def test_graph_is_put_again_with_the_same_body() -> None:
    """To replace a graph twice is the same as once."""
    body = b"<urn:s> <urn:p> <urn:o> .\n"
    with playing(in_turn((503, {}, ""), (201, {}, ""))) as server:
        server.store().put_graph("urn:g", iter([body]))

    assert [("PUT", body), ("PUT", body)] == [(method, sent) for method, _, _, sent in server.asked]


@pytest.mark.usefixtures("login")
@pytest.mark.parametrize("kind", ["digest", "basic"])
def test_login_follows_the_challenge(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """No login is sent before the server asks; then digest or basic, and no log shows it."""

    def script(request: BaseHTTPRequestHandler, body: bytes) -> Reply:
        given = request.headers.get("Authorization", "")
        challenge = 'Digest realm="r", nonce="n", qop="auth", algorithm=MD5' if kind == "digest" else 'Basic realm="r"'
        right = digest_is_right(given, request) if kind == "digest" else given == f"Basic {basic}"
        return (200, RESULTS, ROWS) if right else (401, {"WWW-Authenticate": challenge}, "")

    basic = base64.b64encode(f"curator:{SECRET}".encode()).decode()
    caplog.set_level(logging.DEBUG)
    with playing(script) as server:
        store = server.store()
        assert [store.query(SELECT), store.query(SELECT)] == [ANSWER, ANSWER]

    assert "Authorization" not in server.asked[0][2]
    assert len(server.asked) == 3  # the second query brings the login at once
    shown = caplog.text + repr(store) + repr(vars(store))
    assert caplog.records
    assert SECRET not in shown
    assert basic not in shown


def digest_is_right(given: str, request: BaseHTTPRequestHandler) -> bool:
    """Return whether a login by digest (RFC 7616) is that of the curator."""
    if not given.startswith("Digest "):
        return False
    parts = dict(part.strip().split("=", 1) for part in given.removeprefix("Digest ").split(","))
    value = {name: text.strip('"') for name, text in parts.items()}

    def md5(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    who, what = md5(f"curator:r:{SECRET}"), md5(f"{request.command}:{request.path}")
    return value["response"] == md5(f"{who}:n:{value['nc']}:{value['cnonce']}:auth:{what}")


@pytest.mark.usefixtures("login")
def test_wrong_login_is_an_error_that_hides_it(caplog: pytest.LogCaptureFixture) -> None:
    """Neither message, traceback, context nor log tells the password."""
    caplog.set_level(logging.DEBUG)
    with (
        playing(always(401, WWW_Authenticate='Basic realm="r"')) as server,
        pytest.raises(StoreError, match=r"does not accept the login \(401\)") as caught,
    ):
        server.store().query(SELECT)

    told = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert SECRET not in told
    assert base64.b64encode(f"curator:{SECRET}".encode()).decode() not in told


def test_missing_login_is_asked_for() -> None:
    """Who has no login is told where to put it."""
    with (
        playing(always(401, WWW_Authenticate='Digest realm="r", nonce="n"')) as server,
        pytest.raises(StoreError, match=r"asks for a login \(401\)") as caught,
    ):
        server.store().load([QUAD])

    assert "CD22KG_STORE_PASSWORD" in caught.value.hint


def test_login_of_the_host_comes_from_netrc(tmp_path: Path) -> None:
    """The entry of the host is used, and a default entry is not, for it is for any host."""
    netrc = tmp_path / ".netrc"
    netrc.write_text(f"machine 127.0.0.1 login curator password {SECRET}\n")
    asks = (401, {"WWW-Authenticate": 'Basic realm="r"'}, "")
    with playing(in_turn(asks, (200, RESULTS, ROWS), asks)) as server:
        assert server.store().query(SELECT) == ANSWER
        netrc.write_text(f"default login curator password {SECRET}\n")
        with pytest.raises(StoreError, match="asks for a login"):
            server.store().query(SELECT)

    assert "Authorization" in server.asked[1][2]


@pytest.mark.parametrize(
    ("text", "said"), [("machine", "cannot be read"), (None, "cannot read the logins")], ids=["broken", "missing"]
)
def test_unreadable_netrc_is_an_error(
    text: str | None, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that the user names must be there and be right."""
    path = tmp_path / "logins"
    if text:
        path.write_text(text)
    monkeypatch.setenv("NETRC", str(path))
    with pytest.raises(StoreError, match=said):
        open_sparql("http://127.0.0.1/sparql")


def test_half_a_login_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without a password is a mistake, not a login."""
    monkeypatch.setenv("CD22KG_STORE_USER", "curator")
    with pytest.raises(StoreError, match="go together") as caught:
        open_sparql("http://127.0.0.1/sparql")

    assert "set CD22KG_STORE_PASSWORD" in caught.value.hint


@pytest.mark.parametrize(
    ("status", "kind", "body", "said"),
    [
        (403, "text/plain", "not\x1b[31m for\x00 you\u202e", r"forbids this \(403\): not \[31m for you$"),
        (404, "text/plain", "", r"nothing at this address \(404\)$"),
        (405, "text/plain", "", r"cannot do this \(405\)$"),
        (413, "text/plain", "", r"no request this large \(413\)$"),
        (
            500,
            "text/html",
            "<html><style>p {}</style><h1>Fault</h1>\n\n<p>disk full</p>",
            r"\(500\): Fault / disk full$",
        ),
        (500, "text/plain", "x" * 200_000, r"failed \(500\): x{300} \.\.\.$"),
    ],
)
def test_refusal_has_its_message(status: int, kind: str, body: str, said: str) -> None:
    """Each status says what it means, with the first words of the server in plain text."""
    with playing(always(status, body, Content_Type=kind)) as server, pytest.raises(StoreError) as caught:
        server.store(attempts=1).query(SELECT)

    assert re.search(said, caught.value.message)
    assert caught.value.hint


def test_refused_query_is_a_query_error() -> None:
    """What the standard allows and the server does not is told in the words of the server."""
    with (
        playing(always(400, "no such function", Content_Type="text/plain")) as server,
        pytest.raises(QueryError, match="refuses the query: no such function"),
    ):
        server.store().query(SELECT)


@pytest.mark.parametrize(
    ("headers", "body", "said"),
    [
        (RESULTS, ROWS[:-20], "cut its answer short"),
        (RESULTS, '{"head":{"vars":["s"]},"results":{"bindings":[', "cut its answer short"),
        ({**RESULTS, "Content-Length": "5000"}, ROWS, "cut its answer short"),
        ({**RESULTS, "Content-Length": "", "Transfer-Encoding": "chunked"}, f"20\r\n{ROWS[:32]}\r\n", "cut its answer"),
        ({**RESULTS, "X-SPARQL-MaxRows": "10000"}, ROWS, "stops at 10000 rows"),
        ({**RESULTS, "X-SQL-State": "S1TAT"}, ROWS, "a part of the answer only"),
        (RESULTS, ROWS + "Exception in thread", "answers what cannot be read"),
        ({"Content-Type": "text/html"}, "<html>Welcome</html>", "answers with text/html instead of results"),
        (RESULTS, '{"head":{},"boolean":true}', "answers a SELECT with a truth value"),
        (RESULTS, ROWS.replace('"s"', '"other"'), "other columns"),
    ],
    ids=["json", "rows", "length", "chunk", "cap", "time", "tail", "html", "ask", "columns"],
)
def test_answer_that_is_not_whole_is_an_error(headers: dict[str, str], body: str, said: str) -> None:
    """Never a short answer, and never an answer to something else."""
    with playing(lambda request, content: (200, headers, body)) as server, pytest.raises(StoreError, match=said):
        server.store(read_timeout=5).query(SELECT)


def test_partial_content_is_an_error() -> None:
    """Status 206 means a part."""
    with (
        playing(lambda request, content: (206, RESULTS, ROWS)) as server,
        pytest.raises(StoreError, match="a part of the answer only"),
    ):
        server.store().query(SELECT)


def test_triples_of_unknown_length_are_an_error() -> None:
    """N-Triples have no end mark, so the connection must have one."""
    headers = {"Content-Type": "application/n-triples", "Content-Length": ""}
    with (
        playing(lambda request, content: (200, headers, "<urn:s> <urn:p> <urn:o> .\n")) as server,
        pytest.raises(StoreError, match="does not say how long its answer is"),
    ):
        server.store().query("CONSTRUCT WHERE { ?s ?p ?o }")


def test_count_that_does_not_fit_is_an_error() -> None:
    """A graph of which fewer triples come than the server counts is not whole."""
    counted = ROWS.replace('{"type": "uri", "value": "urn:a"}', '{"type": "literal", "value": "2"}')

    def script(request: BaseHTTPRequestHandler, body: bytes) -> Reply:
        if request.command == "GET":
            return 200, {"Content-Type": "application/n-triples"}, "<urn:s> <urn:p> <urn:o> .\n"
        return 200, RESULTS, counted

    with playing(script) as server, pytest.raises(StoreError, match="gave 1 triples of <urn:g> but counts 2"):
        list(server.store().quads("urn:g"))


def test_silent_server_is_given_up_once() -> None:
    """After the time-out there is no second attempt, which would only double the load."""
    release = threading.Event()

    def script(request: BaseHTTPRequestHandler, body: bytes) -> Reply:
        release.wait(30)
        return 200, RESULTS, ROWS

    with playing(script) as server:
        try:
            with pytest.raises(StoreError, match=r"was silent for 0\.2 s"):
                server.store(read_timeout=0.2).query(SELECT)
        finally:
            release.set()

    assert len(server.asked) == 1


ONE_TRIPLE = "CONSTRUCT { ?s ?p 1 } WHERE { ?s ?p ?o }"


@pytest.mark.parametrize(
    ("kind", "text", "form"),
    [("oxigraph", SELECT, Table(("s",), ())), ("fuseki", SELECT, Table(("s",), ())), ("virtuoso", ONE_TRIPLE, ())],
    ids=["query", "union", "whole"],
)
def test_deadline_holds_for_all_that_is_asked(kind: str, text: str, form: Table | tuple[Triple, ...]) -> None:
    """A silent server is given up at the deadline of the query, also with what is asked of it before."""
    release = threading.Event()

    def script(request: BaseHTTPRequestHandler, body: bytes) -> Reply:
        release.wait(30)
        return 200, RESULTS, ROWS

    with playing(script) as server:
        try:
            with pytest.raises(StoreError, match="does not answer in time"):
                server.store(kind).answer(text, form, timeout=0.2)
        finally:
            release.set()

    assert (len(server.asked), server.waits) == (1, [])


@pytest.mark.parametrize(
    ("kind", "after", "timeout"), [("oxigraph", "20", 10), ("oxigraph", "", 0.4), ("fuseki", "20", 10)]
)
def test_no_wait_goes_beyond_the_deadline(kind: str, after: str, timeout: float) -> None:
    """Where the next attempt would come too late, the busy server is told of at once."""
    with (
        playing(always(503, "full", Retry_After=after)) as server,
        pytest.raises(StoreError, match=r"busy or out of order \(503\): full\n"),
    ):
        server.store(kind).answer(SELECT, ANSWER, timeout=timeout)

    assert (len(server.asked), server.waits) == (1, [])


def test_long_timeout_raises_that_of_the_connection() -> None:
    """Who allows a query more time than the connection allows has it."""
    pause = threading.Event()

    def script(request: BaseHTTPRequestHandler, body: bytes) -> Reply:
        pause.wait(0.6)  # a server that computes
        return 200, RESULTS, ROWS

    with playing(script) as server:
        assert server.store(read_timeout=0.1).answer(SELECT, ANSWER, timeout=1e12) == ANSWER


def test_query_on_a_silent_server_stops_in_time() -> None:
    """The limit of a query holds for a server as it does here, and is told in the same words."""
    release = threading.Event()

    def script(request: BaseHTTPRequestHandler, body: bytes) -> Reply:
        release.wait(60)
        return 200, RESULTS, ROWS

    with playing(script) as server, KnowledgeGraph(server.store("fuseki")) as graph:
        try:
            with pytest.raises(QueryError, match="stopped after 3 s"):
                graph.sparql(SELECT, timeout=3)
        finally:
            release.set()

    assert len(server.asked) == 1


def test_refused_connection_is_an_error() -> None:
    """Where nothing listens, the message says so after all attempts."""
    with pytest.raises(StoreError, match=r"127\.0\.0\.1 refuses the connection; tried 4 times"):
        open_sparql(f"http://127.0.0.1:{free_port()}/sparql", sleep=lambda seconds: None).query(SELECT)


def test_redirect_is_followed_on_the_same_host_only() -> None:
    """A query goes on to another path; never to another host, and never does a write."""
    with playing(in_turn((307, {"Location": "/there"}, ""), (200, RESULTS, ROWS))) as server:
        assert server.store().query(SELECT) == ANSWER
    assert [path for _, path, _, _ in server.asked] == ["/query", "/there"]
    with (
        playing(always(302, Location="http://localhost:1/")) as server,
        pytest.raises(StoreError, match="redirects to another host"),
    ):
        server.store().query(SELECT)
    with (
        playing(always(307, Location="/there")) as server,
        pytest.raises(StoreError, match="redirects a request that writes"),
    ):
        server.store().load([QUAD])
        assert len(server.asked) == 1
    with (
        playing(always(307, Location="/query")) as server,
        pytest.raises(StoreError, match="redirects in a circle"),
    ):
        server.store().query(SELECT)


@pytest.mark.usefixtures("login")
def test_login_does_not_go_to_another_port() -> None:
    """Another port is another server: a redirect there is not followed, so it gets no login."""
    challenge = (401, {"WWW-Authenticate": 'Basic realm="r"'}, "")
    with playing(always(200, ROWS, **{"Content-Type": RESULTS["Content-Type"]})) as other:
        leads = (307, {"Location": f"http://127.0.0.1:{other.port}/query"}, "")
        with (
            playing(in_turn(challenge, leads)) as server,
            pytest.raises(StoreError, match="redirects to another port"),
        ):
            server.store().query(SELECT)

    assert ["Authorization" in headers for _, _, headers, _ in server.asked] == [False, True]
    assert other.asked == []


@pytest.mark.parametrize(
    ("start", "location", "expected"),
    [
        ("http://h/query", "https://h/query", "https://h/query"),
        ("http://h:80/query", "https://h:443/there", "https://h:443/there"),
        ("https://h/query", "https://h:443/there", "https://h:443/there"),
        ("http://h/query", "https://h:8443/query", "another port"),
        ("http://h:8080/query", "https://h/query", "another port"),
        ("http://h:8080/query", "//h/query", "another port"),
        ("https://h/query", "http://h/query", "not encrypted"),
        ("http://h/query", "ftp://h/query", "another host"),
        ("http://h/query", "http://[x/", "no URL"),
        ("http://h/query", "http://h:99999/", "no URL"),
    ],
)
def test_redirect_stays_with_the_server(start: str, location: str, expected: str) -> None:
    """Scheme, host and port stay; only from http to https, at their usual ports, a redirect may lead."""
    from cd22kg.store.http import Connection  # as the package does: it needs the extra

    connection = Connection("h")
    try:
        found = connection._redirected(start, location)
    except StoreError as error:
        found = error.message
    finally:
        connection.close()

    assert expected in found


@pytest.mark.parametrize("location", ["http://[x/", "http://127.0.0.1:port/"])
def test_redirect_to_what_is_no_url_is_an_error(location: str) -> None:
    """A broken Location is told like every other fault of a server."""
    with (
        playing(always(302, Location=location)) as server,
        pytest.raises(StoreError, match="redirects to what is no URL"),
    ):
        server.store().query(SELECT)


def test_proxy_is_not_used_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the environment does not see what stays on the machine."""
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    with playing(always(200, ROWS, **{"Content-Type": RESULTS["Content-Type"]})) as server:
        assert server.store().query(SELECT) == ANSWER


def test_password_of_a_proxy_is_never_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that cannot be used is told without its URL."""
    monkeypatch.setenv("HTTPS_PROXY", f"ftp://user:{SECRET}@127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", f"ftp://user:{SECRET}@127.0.0.1:1")
    with pytest.raises(StoreError, match="the proxy of the environment") as caught:
        open_sparql("https://example.invalid/sparql")

    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_plain_virtuoso_address_is_refused() -> None:
    """It would cut answers in silence; the message gives the address to write."""
    with (
        playing(always(200, ROWS, Server="Virtuoso/07.20.3229", **{"Content-Type": RESULTS["Content-Type"]})) as server,
        pytest.raises(StoreError, match="is a Virtuoso") as caught,
    ):
        server.store("sparql").count()

    assert f"virtuoso+http://127.0.0.1:{server.port}" in caught.value.hint


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with a key and a certificate that signs itself, for 127.0.0.1."""
    program = which("openssl")
    if program is None:
        pytest.skip("needs openssl")
    folder = tmp_path_factory.mktemp("certificate")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = [program, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", str(key), "-out", str(certificate), "-days", "36500", "-subj", "/CN=127.0.0.1"]
    subprocess.run([*command, "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    certificate.write_text(certificate.read_text() + key.read_text())
    return certificate


@pytest.fixture
def context(certificate: Path) -> ssl.SSLContext:
    """Return what the played server needs for TLS."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate)
    return made


def test_unknown_certificate_is_an_error(context: ssl.SSLContext) -> None:
    """A certificate that nobody vouches for ends the talk before anything is sent, at once."""
    with (
        playing(always(200, ROWS), context) as server,
        pytest.raises(StoreError, match=r"certificate of 127\.0\.0\.1 is not trusted") as caught,
    ):
        server.store(scheme="https").query(SELECT)

    assert (server.asked, server.waits) == ([], [])
    assert "SSL_CERT_FILE" in caught.value.hint


def test_certificate_of_the_environment_is_trusted(
    context: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SSL_CERT_FILE names whom to trust; and from there nothing leads back to plain http."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    replies = in_turn((200, RESULTS, ROWS), (307, {"Location": "http://127.0.0.1/query"}, ""))
    with playing(replies, context) as server:
        store = server.store(scheme="https")
        assert store.query(SELECT) == ANSWER
        with pytest.raises(StoreError, match="not encrypted"):
            store.query(SELECT)


@pytest.mark.usefixtures("login")
def test_password_is_not_sent_over_a_plain_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host elsewhere that asks for basic without encryption gets no password; only this machine does."""
    monkeypatch.setattr("cd22kg.store.http.is_loopback", lambda host: False)
    for name in ("ALL_PROXY", "all_proxy", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    with (
        playing(always(401, WWW_Authenticate='Basic realm="r"')) as server,
        pytest.raises(StoreError, match="asks for a password over a connection that is not encrypted"),
    ):
        server.store().query(SELECT)

    assert ["Authorization" in headers for _, _, headers, _ in server.asked] == [False]


@pytest.mark.parametrize(
    "use",
    [
        lambda store: store.query("ASK { ?s ?p ?o }"),
        lambda store: store.load([QUAD]),
        lambda store: store.bulk_load([QUAD]),
        lambda store: store.update("DROP ALL"),
        lambda store: store.put_graph("urn:g", []),
        lambda store: store.drop_graph("urn:g"),
        lambda store: list(store.quads()),
        lambda store: store.graphs(),
        lambda store: store.count(),
    ],
    ids=["query", "load", "bulk_load", "update", "put_graph", "drop_graph", "quads", "graphs", "count"],
)
def test_closed_store_is_an_error(use: Callable[[SparqlStore], object]) -> None:
    """A store that was closed says so, whatever is asked of it."""
    with open_sparql("oxigraph+http://127.0.0.1:1") as store:
        pass
    with pytest.raises(StoreError, match="the store is closed"):
        use(store)


def test_update_that_is_none_is_not_sent() -> None:
    """The fault is found here, with its place."""
    with playing(always(204)) as server, pytest.raises(QueryError, match="not SPARQL") as caught:
        server.store().update("INSERT\nNOTHING")

    assert caught.value.location is not None
    assert (caught.value.location.line, server.asked) == (2, [])


def test_missing_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra, an address is an error that names it; nothing else needs it."""
    monkeypatch.setitem(sys.modules, "httpx2", None)
    monkeypatch.delitem(sys.modules, "cd22kg.store.http", raising=False)
    with pytest.raises(StoreError, match="needs the library httpx2") as caught:
        open_sparql("http://127.0.0.1/sparql")

    assert "pip install 'cd22kg[remote]'" in caught.value.hint
