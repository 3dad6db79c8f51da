"""Queries from outside are stopped at every limit, in the library, in the graph and on the command line."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cd22kg.errors import QueryError
from cd22kg.gate.sparql import check_query
from cd22kg.graph import KnowledgeGraph
from cd22kg.queries.limits import Limits
from cd22kg.queries.worker import Worker
from cd22kg.store import OxigraphStore
from tests.conftest import Cli, clean_environment
from tests.foreign import (
    ENDLESS,
    LARGE,
    PATIENCE,
    SLOW,
    children,
    is_busy,
    is_gone,
    linux,
    until,
)


@pytest.mark.parametrize("text", SLOW.values(), ids=SLOW)
def test_slow_query_is_stopped(text: str, shared: Worker) -> None:
    """A query that the gate lets through and that nobody could wait for ends at the time limit, with a way out."""
    check_query(text)
    with pytest.raises(QueryError, match=r"stopped after 0\.5 s") as caught:
        shared.query(text, limits=Limits(timeout=0.5))

    assert "`--timeout`" in caught.value.hint
    assert shared.pid is None


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE)
def test_large_query_is_stopped(text: str, shared: Worker) -> None:
    """A query that needs more memory than it may have ends with a way out, and the next one is answered."""
    check_query(text)
    with pytest.raises(QueryError, match="out of memory at 64 MiB") as caught:
        shared.query(text, limits=Limits(memory=64, timeout=PATIENCE))

    assert "`--memory`" in caught.value.hint
    assert shared.query("ASK {}") is True


@pytest.mark.parametrize("memory", [1, 2, 8])
def test_very_little_memory_is_no_crash(memory: int, shared: Worker) -> None:
    """However low the limit, the message is that of memory."""
    with pytest.raises(QueryError, match=f"out of memory at {memory} MiB"):
        shared.query(LARGE["sorting"], limits=Limits(memory=memory))


@pytest.mark.parametrize("head", ["SELECT ?s ?p ?o", "SELECT *", "CONSTRUCT { ?s ?p ?o }"])
def test_rows_are_limited_exactly(head: str, shared: Worker) -> None:
    """An answer as long as allowed is whole, one row more is an error, and the process goes on."""
    text = head + " WHERE { ?s ?p ?o } LIMIT 100"
    answer = shared.query(text, limits=Limits(max_rows=100))
    assert not isinstance(answer, bool)
    pid = shared.pid
    with pytest.raises(QueryError, match="the answer has over 99 rows") as caught:
        shared.query(text, limits=Limits(max_rows=99))

    assert len(answer) == 100
    assert "`--max-rows`" in caught.value.hint
    assert pid == shared.pid


@pytest.mark.parametrize("head", ["SELECT *", "CONSTRUCT { ?a ?p ?x . ?b ?q ?y }"])
def test_bytes_are_limited(head: str, shared: Worker) -> None:
    """An answer beyond the bytes allowed is an error as soon as it gets there, and the process goes on."""
    pid = shared.query("ASK {}") and shared.pid
    with pytest.raises(QueryError, match="the answer has over 10000 bytes") as caught:
        shared.query(f"{head} WHERE {{ ?a ?p ?x . ?b ?q ?y }}", limits=Limits(max_bytes=10_000))

    assert "`--max-bytes`" in caught.value.hint
    assert pid == shared.pid


@pytest.mark.parametrize("name", ["timeout", "max_rows", "max_bytes", "memory"])
@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), 1e13])
def test_limit_out_of_range_is_refused(name: str, value: float) -> None:
    """No limit can be switched off by a number that is none."""
    with pytest.raises(QueryError, match=f"the limit `{name.replace('_', '-')}` is"):
        Limits(**{name: value})  # type: ignore[arg-type]  # a test of what is no int


def test_largest_limits_are_taken(shared: Worker) -> None:
    """The system takes the largest limits there are."""
    limits = Limits(timeout=1e12, max_rows=10**12, max_bytes=10**12, memory=10**12)

    assert shared.query("ASK {}", limits=limits) is True


def test_half_a_row_is_refused() -> None:
    """Only time has fractions."""
    with pytest.raises(QueryError, match=r"a whole number above 0, not 1\.5"):
        Limits(max_rows=1.5)  # type: ignore[arg-type]  # a test of what is no int


# The doors


def test_graph_takes_limits(folder: Path) -> None:
    """The limits of a query are arguments of the method, after the gate."""
    with KnowledgeGraph(OxigraphStore(folder, read_only=True)) as graph:
        with pytest.raises(QueryError, match=r"stopped after 0\.2 s"):
            graph.sparql(ENDLESS, timeout=0.2)
        with pytest.raises(QueryError, match="over 5 rows"):
            graph.sparql("SELECT * { ?s ?p ?o }", max_rows=5)
        with pytest.raises(QueryError, match="over 50 bytes"):
            graph.sparql("SELECT * { ?s ?p ?o }", max_bytes=50)
        with pytest.raises(QueryError, match="out of memory at 64 MiB"):
            graph.sparql(LARGE["sorting"], memory=64)
        with pytest.raises(QueryError, match="`SERVICE` is not allowed"):
            graph.sparql("SELECT * { SERVICE <svc:/x> { ?s ?p ?o } }")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a build of one claim file below it."""
    from cd22kg.build import build

    place = tmp_path_factory.mktemp("built")
    claims = Path(__file__).resolve().parents[1] / "claims"
    (place / "claims").mkdir()
    for name in ("haso-2013", "plaks-2021"):
        (place / "claims" / f"{name}.yaml").write_bytes((claims / f"{name}.yaml").read_bytes())
    assert build(place / "build", place / "claims").conforms
    return place


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("-e", ENDLESS, "--timeout", "0.3"), "stopped after 0.3 s\n  fix:"),
        (("-e", "SELECT * { ?s ?p ?o }", "--max-rows", "7"), "the answer has over 7 rows\n  fix:"),
        (("-e", "SELECT * { ?s ?p ?o }", "--max-bytes", "99"), "the answer has over 99 bytes\n  fix:"),
        (("-e", LARGE["sorting"], "--memory", "64"), "out of memory at 64 MiB\n  fix:"),
        (("-e", "ASK {}", "--timeout", "nan"), "the limit `timeout` is a number above 0, not nan"),
        (("-e", "ASK {}", "--max-rows", "0"), "the limit `max-rows` is a whole number above 0, not 0"),
        (("relapse", "--timeout", "5"), "`--timeout` is for SPARQL from outside"),
        (("relapse", "--max-rows", "5"), "`--max-rows` is for SPARQL from outside"),
    ],
    ids=lambda value: " ".join(value)[-20:] if isinstance(value, tuple) else "",
)
def test_command_stops_with_a_message(args: tuple[str, ...], message: str, cli: Cli, built: Path) -> None:
    """Every limit is an option of the command; one that is reached, or makes no sense, ends it with code 2."""
    done = cli("query", *args, cwd=built)

    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_help_gives_the_defaults(cli: Cli) -> None:
    """The numbers in the help are those of the limits."""
    words = cli("query", "--help").stdout.split()
    limits = Limits()

    for value in (int(limits.timeout), limits.max_rows, limits.max_bytes, limits.memory):
        assert str(value) in words


@linux
def test_interrupt_ends_command_and_process(built: Path) -> None:
    """Ctrl-C in the middle of a query ends both at once, with a word and its exit code."""
    command = [sys.executable, "-m", "cd22kg", "query", "-e", ENDLESS]
    with subprocess.Popen(command, cwd=built, env=clean_environment(), stderr=subprocess.PIPE) as running:
        until(lambda: any(is_busy(child) for child in children(running.pid)), "a busy worker")
        pids = children(running.pid)
        running.send_signal(signal.SIGINT)
        _, told = running.communicate(timeout=PATIENCE)

    assert (running.returncode, told) == (130, b"interrupted\n")
    assert [is_gone(pid) for pid in pids] == [True]


@linux
def test_process_ends_where_its_parent_is_stopped(built: Path) -> None:
    """A parent that is halted cannot kill; the system then ends the process by its limit of processor time."""
    command = [sys.executable, "-m", "cd22kg", "query", "-e", ENDLESS, "--timeout", "1"]
    with subprocess.Popen(command, cwd=built, env=clean_environment(), stderr=subprocess.PIPE) as running:
        until(lambda: any(is_busy(child) for child in children(running.pid)), "a busy worker")
        (pid,) = children(running.pid)
        running.send_signal(signal.SIGSTOP)
        until(lambda: is_gone(pid), "the end of the worker")
        running.send_signal(signal.SIGCONT)
        _, told = running.communicate(timeout=PATIENCE)

    assert running.returncode == 2
    assert b"stopped after 1 s" in told


def test_packaged_claims_are_asked_in_a_process(kg: KnowledgeGraph) -> None:
    """The graph in memory answers SPARQL from outside through its worker."""
    assert kg.sparql("ASK { ?claim a cd22:Claim }")
    assert kg._worker.pid
