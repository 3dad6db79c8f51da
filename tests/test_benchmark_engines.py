"""SHACL engines side by side: it is seen when one misses a violation or finds too much; speed is nobody's test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

import engines
from side_by_side.runner import Limits
from validators import engines as registry
from validators.agreement import disagreements, expected, unplanted
from validators.data import Data, make, read_planted
from validators.engines import ENGINES, Engine, not_here
from validators.report import exponent, report
from validators.runner import Result, run_engine
from validators.shapes import Shapes, gather

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
GENEROUS = Limits(300, 8)
CLAIMS = 120
#: So many broken rules per claim that each of the package's comes up.
RATE = 0.4


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Shapes:
    """Return the shapes of the benchmark."""
    return gather(tmp_path_factory.mktemp("shapes"))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Data:
    """Return a small graph with broken rules in it."""
    return make(CLAIMS, RATE, tmp_path_factory.mktemp("data"))


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of an engine that runs the program in the file it is given as data."""

    def command(program: Path, shapes: Path, memory: float) -> list[str]:
        return [sys.executable, str(program)]

    reader = ENGINES["pySHACL"].read
    monkeypatch.setitem(ENGINES, "fake", Engine(command, reader, lambda: "1"))
    return "fake"


def _program(folder: Path, text: str) -> Data:
    file = folder / "program.py"
    file.write_text(text, encoding="utf-8")
    return Data(1, 1, file, frozenset())


def test_engines_find_what_was_planted(tmp_path: Path) -> None:
    """Ours and pySHACL find every planted violation and nothing else; report and figures are written."""
    done = subprocess.run(
        [
            *(sys.executable, str(BENCHMARKS / "engines.py"), "--sizes", str(CLAIMS), "--violations", str(RATE)),
            *("--repeats", "1", "--engines", "cd22kg", "pySHACL"),
            *("--folder", str(tmp_path), "--write", str(tmp_path / "results")),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "disagreement" in done.stderr) == (0, False), done.stderr
    text, figures = sorted((tmp_path / "results").iterdir(), key=lambda path: path.suffix, reverse=True)
    assert text.read_text(encoding="utf-8") == done.stdout
    assert "12 node shapes with 49 checks, 3 of them constraints in SPARQL" in done.stdout
    assert "all that it was asked for and nothing else." in done.stdout
    results = json.loads(figures.read_text(encoding="utf-8"))["results"]
    assert [result["engine"] for result in results] == ["cd22kg", "pySHACL"]
    for result in results:
        assert (result["fate"], result["found"] >= 20) == ("", True)
        assert min(result["wall"], result["cpu"], result["peak"]) > 0
    assert list(tmp_path.iterdir()) == [tmp_path / "results"]


@pytest.mark.parametrize(
    "engine",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name == "shacl-engine" else [])
        for name in ENGINES
        if name not in ("cd22kg", "pySHACL")
    ],
)
def test_other_engines_find_what_was_planted(engine: str, data: Data, shapes: Shapes, tmp_path: Path) -> None:
    """An engine that is here finds what it is asked for, and nothing else."""
    if reason := not_here(engine):
        pytest.skip(reason)
    result = run_engine(engine, data, shapes, 0, GENEROUS, tmp_path)
    assert result.fate == ""
    assert disagreements([result], {CLAIMS: data}, shapes) == []


def test_planted_rules_try_the_shapes(data: Data, shapes: Shapes) -> None:
    """More than ten rules are planted that the shapes know, each constraint in SPARQL among them."""
    assert len({rule for rule, _ in expected(data, shapes, sparql=True)}) > 10
    assert unplanted(data, shapes) == set()
    assert unplanted(replace(data, planted=frozenset()), shapes) == shapes.sparql
    names = {"measurement-events-le-total", "measurement-percent-agrees", "measurement-value-in-interval"}
    assert (set(shapes.sparql), shapes.nodes, shapes.checks) == (names, 12, 49)


def test_core_is_asked_without_sparql(data: Data, shapes: Shapes) -> None:
    """What an engine without SPARQL is given has none, and it need not find what only SPARQL finds."""
    assert "sparql>" in shapes.file(sparql=True).read_text(encoding="utf-8")
    assert "sparql>" not in shapes.file(sparql=False).read_text(encoding="utf-8")
    core = expected(data, shapes, sparql=False)
    assert core < expected(data, shapes, sparql=True)
    found = Result("rdf-validate-shacl", CLAIMS, found=core)
    assert disagreements([found], {CLAIMS: data}, shapes) == []


def test_planted_conflicts_are_no_violations(tmp_path: Path) -> None:
    """Of the list of the generator only the violations count, by rule and first node."""
    file = tmp_path / "planted.tsv"
    file.write_text("kind\trule\tfocus\tsecond\nviolation\tr\ta:x\ta:y\nconflict\t\ta:p\ta:q\n", encoding="utf-8")
    assert read_planted(file) == {("r", "a:x")}


def test_missed_and_extra_are_named(data: Data, shapes: Shapes) -> None:
    """A violation that an engine misses, and one that is none, are named by engine, rule and node, once each."""
    wanted = expected(data, shapes, sparql=True)
    missed = min(wanted)
    wrong = Result("Jena", CLAIMS, found=(wanted - {missed}) | {("claim-source-class", "a:fine")})
    right = Result("pyrudof", CLAIMS, found=wanted)
    lines = [
        f"{CLAIMS} claims, Jena: missed `{missed[0]}` at {missed[1]}",
        f"{CLAIMS} claims, Jena: extra `claim-source-class` at a:fine",
    ]
    assert lines == disagreements([wrong, right, replace(wrong, repeat=1)], {CLAIMS: data}, shapes)
    text = report([wrong, right], {CLAIMS: data}, shapes, GENEROUS, "2026-01-01", lines)
    assert f"**Engines disagree with the list:**\n\n- {lines[0]}\n- {lines[1]}\n" in text
    assert f"| {len(wanted) - 1} of {len(wanted)}, 1 too many |" in text


def test_many_missed_are_counted(data: Data, shapes: Shapes) -> None:
    """Of many that are missed five are named, and the others counted."""
    wanted = expected(data, shapes, sparql=True)
    told = disagreements([Result("Jena", CLAIMS)], {CLAIMS: data}, shapes)
    assert (6, f"{CLAIMS} claims, Jena: missed {len(wanted) - 5} more") == (len(told), told[-1])


def test_only_ours_must_come_to_an_end(data: Data, shapes: Shapes) -> None:
    """Another engine may go over a limit, which the report tells; ours may not."""
    ended = [Result(name, CLAIMS, fate="over 9 s", wall=9.0, cpu=8.0, peak=70.0) for name in ("cd22kg", "pySHACL")]
    assert disagreements(ended, {CLAIMS: data}, shapes) == [f"{CLAIMS} claims, cd22kg: over 9 s"]
    text = report(ended, {CLAIMS: data}, shapes, GENEROUS, "2026-01-01", [])
    assert "| > 9 | > 8 | > 70 |  |  | over 9 s |" in text


def test_a_missed_violation_fails_the_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A run in which one engine misses a violation ends with 1, and names engine, rule and node."""

    def short(name: str, data: Data, shapes: Shapes, *rest: object) -> Result:
        wanted = expected(data, shapes, sparql=True)
        return Result(name, data.claims, found=wanted - {min(wanted)})

    monkeypatch.setattr(engines, "run_engine", short)
    arguments = ["--sizes", str(CLAIMS), "--violations", str(RATE), "--repeats", "1", "--folder", str(tmp_path)]
    assert engines.main([*arguments, "--engines", "pyrudof"]) == 1
    line = f"disagreement: {CLAIMS} claims, pyrudof: missed `claim-source-class` at https://"
    assert line in capsys.readouterr().err


def test_what_went_over_a_limit_is_not_run_on_more(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """An engine that did not come to its end runs once, and with more data only its reason is told."""
    asked = []

    def slow(name: str, data: Data, shapes: Shapes, repeat: int, *rest: object) -> Result:
        asked.append((name, data.claims, repeat))
        return Result(name, data.claims, repeat, fate="over 600 s" if name == "Jena" else "failed: no")

    monkeypatch.setattr(engines, "run_engine", slow)
    arguments = ["--sizes", "60", "70", "80", "--folder", str(tmp_path), "--engines", "Jena", "pyrudof"]
    assert engines.main(arguments) == 0
    assert asked == [("Jena", 60, 0), ("pyrudof", 60, 0)]
    told = capsys.readouterr().err
    for claims in (70, 80):
        assert f"{claims} claims, Jena, 1: over 600 s at 60 claims\n" in told


@pytest.mark.parametrize(
    ("limits", "fate"), [(Limits(0.0, 8), "over 0 s"), (Limits(300, 0.001), "over 0.001 GiB")], ids=["time", "memory"]
)
def test_a_limit_ends_an_engine(data: Data, shapes: Shapes, tmp_path: Path, limits: Limits, fate: str) -> None:
    """An engine that takes too long or too much is ended and says so, and leaves nothing behind."""
    result = run_engine("pySHACL", data, shapes, 0, limits, tmp_path)
    assert (result.fate, result.found, result.wall > 0) == (fate, set(), True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="what others hold is known on Linux only")
def test_what_an_engine_starts_counts(fake: str, shapes: Shapes, tmp_path: Path) -> None:
    """The memory of a process that an engine starts counts as its own, and it is ended with it."""
    child = "import os, time; print(os.getpid(), flush=True); held = bytearray(400 << 20); time.sleep(60)"
    pid = tmp_path / "pid"
    text = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {child!r}], stdout=open({str(pid)!r}, 'w'))"
    assert run_engine(fake, _program(tmp_path, text), shapes, 0, Limits(60, 0.3), tmp_path).fate == "over 0.3 GiB"
    assert _ends(int(pid.read_text(encoding="utf-8")))


def test_an_engine_ends_with_the_benchmark(tmp_path: Path) -> None:
    """An engine does not outlive a benchmark that is killed."""
    pid = tmp_path / "pid"
    engine = f"import os, pathlib, time; pathlib.Path({str(pid)!r}).write_text(str(os.getpid())); time.sleep(60)"
    files = [str(tmp_path / name) for name in ("figures", "out", "log")]
    command = [sys.executable, "-I", "-S", str(BENCHMARKS / "validators" / "meter.py")]
    command += [files[0], "60", "9999", *files[1:], sys.executable, "-c", engine]
    with subprocess.Popen([sys.executable, "-c", f"import subprocess; subprocess.run({command})"]) as benchmark:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and not (pid.is_file() and pid.read_text(encoding="utf-8")):
            time.sleep(0.05)
        benchmark.kill()
    assert _ends(int(pid.read_text(encoding="utf-8")))


def _ends(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while _runs(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.parametrize(
    ("text", "fate"),
    [
        ("raise ValueError('no such shape')", "failed: ValueError: no such shape"),
        ("import sys; sys.exit(4)", "failed: it ended with 4"),
        ("print('all is well')", "failed: its report cannot be read: "),
        ("", "failed: its report cannot be read: there is no report in what it wrote"),
        ("import sys; sys.exit('java.lang.OutOfMemoryError: Java heap space')", "over 8 GiB"),
    ],
    ids=["error", "code", "words", "nothing", "heap"],
)
def test_an_engine_that_fails_says_why(text: str, fate: str, fake: str, shapes: Shapes, tmp_path: Path) -> None:
    """An engine that ends badly, or writes no report, is told with what it said."""
    result = run_engine(fake, _program(tmp_path, text), shapes, 0, GENEROUS, tmp_path)
    assert result.fate.startswith(fate), result.fate


def test_the_small_process_hides_no_memory(fake: str, shapes: Shapes, tmp_path: Path) -> None:
    """However much this process holds, the peak of an engine is its own."""
    held = bytearray(os.urandom(1 << 20) * 200)
    result = run_engine(fake, _program(tmp_path, ""), shapes, 0, GENEROUS, tmp_path)
    assert 0 < result.peak < 60, len(held)


def test_an_engine_that_is_not_here_is_left_out(
    data: Data, shapes: Shapes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its library an engine says how to get it, and nothing fails."""
    for folder in ("PYTHON", "NODE", "JENA"):
        monkeypatch.setattr(registry, folder, tmp_path / "none")
    for engine in ("pyrudof", "pyshifty", "Jena", "shacl-engine", "rdf-validate-shacl"):
        result = run_engine(engine, data, shapes, 0, GENEROUS, tmp_path)
        assert result.fate == "not here: make bench-shacl-libraries"
        assert disagreements([result], {CLAIMS: data}, shapes) == []


def test_growth_is_a_power() -> None:
    """Ten times the data at a hundred times the cost is quadratic."""
    assert exponent(0.5, 50.0, 10.0) == pytest.approx(2.0)
    assert exponent(2.0, 20.0, 10.0) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sizes", "0"], "`0` is no number of claims from 1 to 100000000"),
        (["--engines", "TopBraid"], "invalid choice: 'TopBraid' (choose from"),
        (["--violations", "1.5"], "1.5 is no rate from 0 to 1"),
        (["--folder", "nowhere"], "there is no folder nowhere; make it"),
    ],
    ids=["size", "engine", "rate", "folder"],
)
def test_a_wrong_argument_is_refused(
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An argument that makes no sense ends with 2 and says what is wrong."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        engines.main(arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
