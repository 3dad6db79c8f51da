"""Validation that would never end: stopped in time, with the shapes that were run; no process or file stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cd22kg.cli.supervised import Bounds
from cd22kg.errors import InputError
from cd22kg.validation.running import SLOTS, WIDTH, Board, running, shown_on
from tests.conftest import Cli, clean_environment
from tests.foreign import PATIENCE, children, is_busy, is_gone, linux, until
from tests.test_validate_command import BAD, GOOD, SHAPES, write

PRODUCT = "SELECT $this WHERE { $this a ?t . ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . FILTER(?c + ?f + ?i < 0) }"
TRIPLES = "".join(f"ex:n{n} a ex:T ; ex:v {n} .\n" for n in range(1000))
#: Shapes that never end: engine, data, shapes, and what is said to have been run.
ENDLESS = {
    "product": (
        "compiled",
        TRIPLES,
        f"ex:s a sh:NodeShape ; sh:targetClass ex:T ; sh:sparql [ sh:select '{PRODUCT}' ] .",
        "`http://example.org/s: SPARQL`",
    ),
    "product in Python": (
        "pyshacl",
        TRIPLES,
        f"ex:s a sh:NodeShape ; sh:targetClass ex:T ; sh:sparql [ sh:select '{PRODUCT}' ] .",
        "`http://example.org/s`",
    ),
    "pattern in Python": (
        "pyshacl",
        f"ex:a a ex:T ; ex:v '{'a' * 40}b' .",
        "ex:s a sh:NodeShape ; sh:targetClass ex:T ; sh:property ex:p . ex:p sh:path ex:v ; sh:pattern '^(a+)+$' .",
        "`http://example.org/s`, `http://example.org/p`",
    ),
    "pattern left to Python": (
        "compiled",
        f"ex:a a ex:T ; ex:v '{'a' * 40}b' .",
        "ex:s a sh:NodeShape ; sh:targetClass ex:T ; sh:property ex:p . ex:p sh:path ex:v ; sh:pattern '^(?!x)(a+)+$'.",
        "`http://example.org/s`, `http://example.org/p`",
    ),
}


def command(tmp_path: Path, name: str) -> list[str]:
    """Return the command line, but for its limits, of a validation that never ends."""
    engine, data, shapes, _ = ENDLESS[name]
    files = write(tmp_path / "data.ttl", data), write(tmp_path / "shapes.ttl", shapes)
    return ["validate", str(files[0]), "--shapes", str(files[1]), "--engine", engine]


@contextmanager
def started(args: list[str], temporary: Path) -> Iterator[subprocess.Popen[str]]:
    """Yield the process of a command, with a folder of its own for temporary files; end it afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cd22kg", *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**clean_environment(), "TMPDIR": str(temporary)},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """Return an empty folder for temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("name", ENDLESS)
def test_validation_is_stopped_in_time(cli: Cli, tmp_path: Path, temporary: Path, name: str) -> None:
    """At the limit the command ends with exit code 2, names what was run, and leaves no file behind."""
    done = cli(*command(tmp_path, name), "--timeout", "2", env={"TMPDIR": str(temporary)})

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"stopped after 2 s; it was running {ENDLESS[name][3]}\n"
        "  fix:  simplify the shapes it names, or raise the limit: `--timeout`, 0 for none\n"
    )
    assert list(temporary.iterdir()) == []


def worker_of(process: subprocess.Popen[str]) -> int:
    """Return the process that does the work of a command, once it is in the middle of it."""
    until(lambda: bool(children(process.pid)), "the work has a process of its own")
    (child,) = children(process.pid)
    until(lambda: is_busy(child), "the work is under way")
    return child


@linux
@pytest.mark.parametrize("name", ["product", "pattern in Python"])
def test_interrupt_ends_both_processes(tmp_path: Path, temporary: Path, name: str) -> None:
    """One Ctrl-C ends command and work, with the exit code of an interrupt."""
    with started(command(tmp_path, name), temporary) as process:
        child = worker_of(process)
        for pid in (child, process.pid):  # as a terminal does
            os.kill(pid, signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)

    assert (process.returncode, out, err) == (130, "", "interrupted\n")
    assert is_gone(child)
    assert list(temporary.iterdir()) == []


@linux
def test_work_ends_with_its_command(tmp_path: Path, temporary: Path) -> None:
    """A command that is killed leaves no process behind."""
    with started(command(tmp_path, "product"), temporary) as process:
        child = worker_of(process)
        process.kill()
        until(lambda: is_gone(child), "the work has ended with the command")


@linux
def test_work_that_dies_is_told(tmp_path: Path, temporary: Path) -> None:
    """Where the process of the work is killed from outside, the command says so and names the shape."""
    with started(command(tmp_path, "product"), temporary) as process:
        os.kill(worker_of(process), signal.SIGKILL)
        out, err = process.communicate(timeout=PATIENCE)

    assert (process.returncode, out) == (2, "")
    assert err.startswith(
        "the validation died (SIGKILL), perhaps for want of memory; it was running `http://example.org/s"
    )


FILLING = """
import tempfile, time
from cd22kg.cli.supervised import Bounds, supervised

def work(opened):
    with tempfile.TemporaryDirectory() as folder:
        open(folder + "/large", "w").write("x" * 1000)
        print("written", flush=True)
        time.sleep(1000)

supervised(work, print, Bounds(1.0))
"""


def test_files_of_stopped_work_are_cleared(temporary: Path) -> None:
    """What the work put into temporary files, such as the store of a large file, goes with it."""
    done = subprocess.run(
        [sys.executable, "-c", FILLING],
        env={**clean_environment(), "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == "written\n"
    assert "stopped after 1 s" in done.stderr
    assert list(temporary.iterdir()) == []


def asks_store(pid: int) -> bool:
    """Return whether a thread of a process, other than its first, has computed for a quarter of a second."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        fields = (task / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        if int(task.name) != pid and int(fields[11]) >= os.sysconf("SC_CLK_TCK") // 4:
            return True
    return False


@linux
def test_interrupt_without_a_limit(tmp_path: Path, temporary: Path) -> None:
    """Without a limit the work has no process of its own, and one Ctrl-C ends it all the same."""
    with started([*command(tmp_path, "product"), "--timeout", "0"], temporary) as process:
        until(lambda: asks_store(process.pid), "the engine is in the middle of the query")
        assert children(process.pid) == []
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)

    assert (process.returncode, out) == (130, "")
    assert err.endswith("interrupted\n")
    assert "Traceback" not in err


@linux
def test_memory_is_bounded(cli: Cli, tmp_path: Path) -> None:
    """Work that wants more memory than it may use ends with exit code 2 and a message, not with a core dump."""
    query = "SELECT $this WHERE { $this a ?t . ?a ?b ?c . ?d ?e ?f } ORDER BY ?c ?f"
    data = write(tmp_path / "data.ttl", TRIPLES)
    shapes = write(tmp_path / "shapes.ttl", ENDLESS["product"][2].replace(PRODUCT, query))
    done = cli("validate", data, "--shapes", shapes, "--memory", "500", "--timeout", str(PATIENCE))

    assert (done.returncode, done.stdout) == (2, "")
    assert (
        "most likely for want of memory: it may use 500 MiB; it was running `http://example.org/s: SPARQL`"
        in done.stderr
    )
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("limits", [(), ("--timeout", "60"), ("--timeout", "0"), ("--memory", "2000")], ids=str)
def test_verdict_comes_through(cli: Cli, tmp_path: Path, limits: tuple[str, ...]) -> None:
    """Within the limits report, exit code and steps are those of a command without limits."""
    shapes = write(tmp_path / "shapes.ttl", SHAPES)
    good = cli("validate", write(tmp_path / "good.ttl", GOOD), "--shapes", shapes, *limits)
    bad = cli("validate", write(tmp_path / "bad.ttl", BAD), "--shapes", shapes, *limits)

    assert (good.returncode, good.stdout) == (0, "0 violation, 0 warning, 0 info, 0 annotated\nconforms\n")
    assert (bad.returncode, bad.stdout.endswith("does not conform\n")) == (1, True)
    assert bad.stderr.startswith("validate ")


@pytest.mark.slow
def test_slow_reader_is_waited_for(tmp_path: Path, temporary: Path) -> None:
    """The time in which a report is written and read does not count, so that no report is half written."""
    data = write(tmp_path / "many.ttl", "".join(f'ex:p{n} a ex:Person ; ex:age "x" .\n' for n in range(2000)))
    shapes = write(tmp_path / "shapes.ttl", SHAPES)
    args = ["validate", str(data), "--shapes", str(shapes), "--format", "json", "--timeout", "5"]
    with started(args, temporary) as process:
        assert process.stdout is not None
        first = process.stdout.read(1)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(6)
        out, _ = process.communicate(timeout=PATIENCE)

    assert process.returncode == 1
    assert (first + out).endswith("}\n")


@pytest.mark.parametrize(("seconds", "memory"), [(-1.0, 0), (float("nan"), 0), (float("inf"), 0), (0.0, -1)])
def test_bounds_have_their_range(seconds: float, memory: int) -> None:
    """A limit below zero, or that is no number, is refused."""
    with pytest.raises(InputError, match="is a number of"):
        Bounds(seconds, memory)


def test_board_shows_what_runs() -> None:
    """Names are shown as long as they run, each once, cut where they are long; those beyond the board are left out."""
    board = Board()
    with running("nobody looks"):
        assert board.names() == ()
    with shown_on(board), running("a"), running("é" * WIDTH), running("a"):
        assert board.names() == ("a", "é" * (WIDTH // 2 - 1))
        slots = [board.put(f"n{number}") for number in range(SLOTS)]
        assert slots.count(None) == 3
    assert [name for name in board.names() if not name.startswith("n")] == []
