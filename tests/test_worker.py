"""The process for queries from outside: alone, bounded, replaced when it dies, gone with its parent."""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad

from cd22kg.errors import QueryError, StoreError
from cd22kg.graph import KnowledgeGraph
from cd22kg.queries import process as room
from cd22kg.queries import worker as worker_room
from cd22kg.queries.limits import Limits
from cd22kg.queries.worker import Worker
from cd22kg.store import Answer, OxigraphStore, Table
from tests.conftest import clean_environment
from tests.foreign import (
    COUNT,
    ENDLESS,
    XSD,
    is_busy,
    is_gone,
    linux,
    many,
    node,
    state,
    until,
)


@pytest.fixture
def worker(folder: Path) -> Iterator[Worker]:
    """Yield a worker of its own for a test."""
    with Worker(OxigraphStore(folder, read_only=True)) as worker:
        yield worker


def test_one_process_answers_many_queries(worker: Worker) -> None:
    """The process is started by the first query and kept."""
    assert worker.pid is None
    pids: set[int | None] = set()
    for _ in range(20):
        assert worker.query("ASK { ?s ?p ?o }") is True
        pids.add(worker.pid)

    assert len(pids) == 1


def test_query_after_a_kill_is_answered(worker: Worker) -> None:
    """A process that was killed while idle is replaced without a word."""
    worker.query("ASK {}")
    first = worker.pid
    assert first
    os.kill(first, signal.SIGKILL)
    # Until the parent can know: the process is a zombie that only it can wait for.
    until(lambda: os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None, "the end of it")

    assert worker.query("ASK {}") is True
    assert first != worker.pid


def test_query_after_a_limit_is_answered(worker: Worker) -> None:
    """A query that was stopped costs the next one a start, no more."""
    with pytest.raises(QueryError, match="stopped after"):
        worker.query(ENDLESS, limits=Limits(timeout=0.2))

    assert worker.query(COUNT) == Table(("n",), ((Literal("1500", datatype=NamedNode(XSD + "integer")),),))


def test_crash_of_the_engine_is_an_error(worker: Worker) -> None:
    """What the gate would refuse, and kills the engine, kills no more than the process."""
    with pytest.raises(QueryError, match=r"the query brought the engine down \(SIG(SEGV|ABRT|BUS)\)"):
        worker.query("SELECT * " + "{" * 30_000 + "}" * 30_000)

    assert worker.query("ASK {}") is True


@linux
@pytest.mark.parametrize(
    ("sent", "message"),
    [(signal.SIGKILL, "killed from outside"), (signal.SIGSEGV, r"brought the engine down \(SIGSEGV\)")],
    ids=["killed", "crashed"],
)
def test_death_in_the_middle_is_an_error(sent: signal.Signals, message: str, worker: Worker) -> None:
    """A process that dies while it answers gives an error that says how."""
    worker.query("ASK {}")
    pid = worker.pid
    assert pid

    def kill() -> None:
        until(lambda: is_busy(pid), "a busy worker")
        os.kill(pid, sent)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(QueryError, match=message):
        worker.query(ENDLESS)
    killer.join()

    assert worker.query("ASK {}") is True


@linux
def test_process_ends_with_its_worker(folder: Path) -> None:
    """Closing ends the process, and so does letting go of the graph that nobody closed."""
    graph = KnowledgeGraph(OxigraphStore(folder, read_only=True))
    pids: list[int] = []
    for end in (graph.close, lambda: None):
        graph = KnowledgeGraph(OxigraphStore(folder, read_only=True)) if pids else graph
        assert graph.sparql("ASK {}")
        pids.append(graph._worker.pid or 0)
        end()
    del graph, end
    gc.collect()

    assert [is_gone(pid) for pid in pids] == [True, True]


def test_closed_graph_does_not_answer(folder: Path) -> None:
    """A graph that is closed says so, also to a query from outside."""
    with KnowledgeGraph(OxigraphStore(folder, read_only=True)) as graph:
        assert graph.sparql("ASK {}")
    with pytest.raises(StoreError, match="the store is closed"):
        graph.sparql("ASK {}")


def test_threads_share_a_worker(shared: Worker) -> None:
    """Queries of several threads are answered one after the other, each with its own answer."""
    found: dict[int, Answer] = {}

    def ask(number: int) -> None:
        for _ in range(20):
            found[number] = shared.query(f"SELECT ?n {{ VALUES ?n {{ {number} }} }}")

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    expected = {n: Table(("n",), ((Literal(str(n), datatype=NamedNode(XSD + "integer")),),)) for n in range(4)}
    assert expected == found


SCRIPT = """
import os, sys
from pyoxigraph import NamedNode, Quad
from cd22kg.queries.worker import Worker
from cd22kg.store import OxigraphStore
store = OxigraphStore()
store.load(Quad(NamedNode(f"x:{n}"), NamedNode("x:p"), NamedNode(f"x:{n + 1}")) for n in range(2000))
worker = Worker(store)
worker.query("ASK {}")
"""


@linux
@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_no_worker_survives_its_parent(busy: bool) -> None:
    """A parent that is killed takes its worker with it, whatever that is doing."""
    asks = f"worker.query({ENDLESS!r})" if busy else "sys.stdin.read()"
    script = f"{SCRIPT}\nprint(worker.pid, flush=True)\n{asks}"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=clean_environment()
    ) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        if busy:
            until(lambda: is_busy(pid), "a busy worker")
        alive = not is_gone(pid)
        parent.kill()

    assert alive
    until(lambda: is_gone(pid), "the end of the worker")


def test_fork_leaves_the_worker_alone() -> None:
    """The end of a process forked off does not take away the worker of its parent."""
    script = f"""{SCRIPT}
pid = worker.pid
if not os.fork():
    sys.exit()
os.wait()
assert worker.query("ASK {{ ?s ?p ?o }}") is True and pid == worker.pid
"""
    done = subprocess.run([sys.executable, "-c", script], env=clean_environment(), check=False)

    assert done.returncode == 0


@linux
def test_process_inherits_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The process has neither our environment, nor open files, terminal or folder; only its pipes."""
    monkeypatch.setenv("SECRET", "x")
    with (tmp_path / "open").open("w") as file, Worker(OxigraphStore()) as worker:
        os.set_inheritable(file.fileno(), True)
        worker.query("ASK {}")
        process = Path(f"/proc/{worker.pid}")
        names = {entry.partition(b"=")[0] for entry in (process / "environ").read_bytes().split(b"\0") if entry}
        opened = [str(path.readlink()).partition(":")[0] for path in (process / "fd").iterdir()]
        cwd = (process / "cwd").readlink()
        session = state(worker.pid or 0)[3]

    assert names <= {b"RUST_BACKTRACE", b"LD_LIBRARY_PATH", b"LC_CTYPE"}
    assert opened == ["pipe"] * 4
    assert Path("/") == cwd
    assert session != str(os.getsid(0))


@linux
def test_process_has_the_limits_of_the_system(shared: Worker) -> None:
    """The system holds it to no files, no core dump, and so much memory."""
    import resource

    shared.query("ASK {}", limits=Limits(memory=100))
    pid = shared.pid
    assert pid
    used = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()

    assert resource.prlimit(pid, resource.RLIMIT_FSIZE) == (0, 0)
    assert resource.prlimit(pid, resource.RLIMIT_CORE) == (0, 0)
    assert resource.prlimit(pid, resource.RLIMIT_AS)[1] <= used + (100 << 20)


def test_reading_changes_no_file(folder: Path, worker: Worker) -> None:
    """Queries leave the bytes and the names of the folder as they are, also one that is killed."""
    before = {path: path.read_bytes() for path in folder.rglob("*")}
    worker.query(COUNT)
    with pytest.raises(QueryError, match="stopped after"):
        worker.query(ENDLESS, limits=Limits(timeout=0.2))
    worker.query(COUNT)

    assert before == {path: path.read_bytes() for path in folder.rglob("*")}


# The snapshot


def test_folder_that_was_replaced_is_not_mixed_up(tmp_path: Path) -> None:
    """A running process answers from what it opened; a new one says that there is another store now."""
    for name, count in (("store", 1), ("next", 2)):
        with OxigraphStore(tmp_path / name) as store:
            store.load(Quad(node(str(n)), node("p"), node("o")) for n in range(count))
    with Worker(OxigraphStore(tmp_path / "store", read_only=True)) as worker:
        before = worker.query(COUNT)
        (tmp_path / "store").rename(tmp_path / "old")
        (tmp_path / "next").rename(tmp_path / "store")
        after = worker.query(COUNT)
        worker.close()
        with pytest.raises(StoreError, match="is another than was opened") as caught:
            worker.query(COUNT)

    assert before == after
    assert caught.value.hint == "load it again"


def test_folder_that_is_gone_is_an_error(tmp_path: Path) -> None:
    """A store whose folder has been removed is an error, not an empty answer."""
    OxigraphStore(tmp_path / "store").close()
    with Worker(OxigraphStore(tmp_path / "store", read_only=True)) as worker:
        (tmp_path / "store").rename(tmp_path / "elsewhere")
        with pytest.raises(StoreError, match="is another than was opened"):
            worker.query(COUNT)


def test_change_of_a_store_in_memory_is_seen() -> None:
    """What is loaded or updated after a query is in the answer to the next."""
    store = OxigraphStore()
    counts = []
    with Worker(store) as worker:
        changes: tuple[Callable[[], None], ...] = (
            lambda: None,
            lambda: store.load([Quad(node("a"), node("p"), node("b"))]),
            lambda: store.bulk_load([Quad(node("b"), node("p"), node("c"))]),
            lambda: store.update(f"INSERT DATA {{ {node('c')} {node('p')} {node('d')} }}"),
        )
        for change in changes:
            change()
            answer = worker.query(COUNT)
            assert isinstance(answer, Table)
            counts.append(str(getattr(answer.rows[0][0], "value", "")))

    assert counts == ["0", "1", "2", "3"]


# The network


#: The lines of defence, each with what takes it away.
LINES = {
    "a network of its own": ("    leave_the_network()\n", ""),
    "no sockets": ("    refuse_sockets()\n", ""),
    "no new descriptors": ("    limit(resource.RLIMIT_NOFILE, 3)\n", "    pass\n"),
}


def works(line: str) -> bool:
    """Return whether a line of defence can hold on this system."""
    if line == "no new descriptors":
        return True
    function = {"a network of its own": "leave_the_network", "no sockets": "refuse_sockets"}[line]
    code = f"from cd22kg.queries.worker_process import {function} as go; print(go())"
    done = subprocess.run([sys.executable, "-c", code], env=clean_environment(), capture_output=True, check=True)
    return done.stdout.strip() == b"True"


def calls_of(ask: Callable[[str], Answer]) -> list[bytes]:
    """Return the first bytes of each call that a server of ours gets while a query asks for its service."""
    calls: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            while calls[-1:] != [b"end"]:
                connection, _ = server.accept()
                with connection:
                    calls.append(connection.recv(3))

        listener = threading.Thread(target=hang_up)
        listener.start()
        try:
            with pytest.raises(QueryError, match="the query failed"):
                ask(f"SELECT * {{ SERVICE <http://127.0.0.1:{server.getsockname()[1]}/> {{ ?s ?p ?o }} }}")
        finally:
            # A call of our own comes last, so that any before it has been counted.
            with socket.create_connection(server.getsockname()) as own:
                own.send(b"end")
            listener.join()
    return calls[:-1]


def test_engine_alone_calls_a_service() -> None:
    """Past the gate, and without a worker, a query reaches out: what the next test shows can be seen."""
    assert calls_of(OxigraphStore().query) == [b"POS"]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (line, kind)
        for line in LINES
        for kind in ("memory", "folder")
        if (line, kind) != ("no new descriptors", "folder")
    ],
)
def test_service_reaches_nothing(
    line: str, kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Past the gate a worker still reaches no server; each line of defence is enough where the others are missing."""
    if not works(line):
        pytest.skip(f"this system does not give a process {line}")
    script = Path(room.__file__).with_name("worker_process.py").read_text(encoding="utf-8")
    for other, (code, instead) in LINES.items():
        assert script.count(code) == 1
        script = script if other == line else script.replace(code, instead)
    (tmp_path / "worker.py").write_text(script, encoding="utf-8")
    monkeypatch.setattr(room, "_SCRIPT", tmp_path / "worker.py")
    with Worker(OxigraphStore(folder, read_only=True) if kind == "folder" else OxigraphStore()) as worker:
        assert calls_of(worker.query) == []
        assert worker.query("ASK {}") is True


# Not trusting it


@pytest.mark.parametrize(
    "sent",
    [
        "send(b'D', 2**31)",
        "while True: send(b'D', 10, b'0123456789')",
        "send(b'S', 0)",
        "send(b'D', 4, b'?x\\n<'); send(b'S', 0)",
        "send(b'D', 4, b'\\xff\\xff\\n<'); send(b'G', 0)",
        "send(b'L', 1, b'x')",
        "send(b'?', 0)",
        "send(b'D', 100, b'x'); sys.exit()",
        "sys.exit()",
    ],
)
def test_process_that_was_taken_over_cannot_mislead(sent: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever comes instead of an answer is an error, and is not read beyond the limit."""
    script = tmp_path / "fake.py"
    script.write_text(
        "import sys, time\n"
        "def send(kind, size, data=b''):\n"
        "    sys.stdout.buffer.write(kind + size.to_bytes(4, 'big') + data)\n"
        "    sys.stdout.buffer.flush()\n"
        f"open(int(sys.argv[4]), 'rb').read()\nsend(b'R', 0)\nsys.stdin.buffer.read(4)\n{sent}\ntime.sleep(60)\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(room, "_SCRIPT", script)
    with Worker(OxigraphStore()) as worker, pytest.raises(QueryError, match=r"garbled|brought the engine down"):
        worker.query("ASK {}", limits=Limits(max_bytes=1000))


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ("sys.exit(3)", r"brought the engine down \(code 3\)"),
        ("read(); send(b'F', 2, b'no')", "cannot open the store in None: no"),
        ("read(); time.sleep(60)", r"the store was not open after 0\.2 s"),
    ],
    ids=["dies", "says no", "hangs"],
)
def test_process_that_cannot_start_is_an_error(
    start: str, message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A process that dies or hangs before it has opened its store is an error about the store."""
    script = tmp_path / "fake.py"
    script.write_text(
        "import sys, time\n"
        "def send(kind, size, data): sys.stdout.buffer.write(kind + size.to_bytes(4, 'big') + data)\n"
        "def read(): open(int(sys.argv[4]), 'rb').read()\n"
        f"{start}\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(room, "_SCRIPT", script)
    monkeypatch.setattr(worker_room, "START_SECONDS", 0.2)
    store = OxigraphStore()
    store.load(many())  # more than a pipe holds
    with Worker(store) as worker, pytest.raises(StoreError, match=message):
        worker.query("ASK {}")


def test_interpreter_that_is_missing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no process can be started, the query is not run at all."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with Worker(OxigraphStore()) as worker, pytest.raises(StoreError, match="cannot start a process"):
        worker.query("ASK {}")
