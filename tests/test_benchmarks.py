"""The benchmarks run, and see when stores disagree; how fast anything is, is nobody's test."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import stores
from side_by_side.agreement import disagreements, other_values
from side_by_side.data import Data, make, union
from side_by_side.engines import ENGINES
from side_by_side.report import load_of, ratio
from side_by_side.runner import Limits, Result, run_trial
from side_by_side.trial import digest, queries

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
#: Engines that need nothing but what the package needs itself.
CORE = ("cd22kg-memory", "raw-memory", "cd22kg-disk", "raw-disk", "rdflib", "owlready2")
GENEROUS = Limits(300, 12)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Data:
    """Return a small graph in both forms."""
    return make(150, tmp_path_factory.mktemp("data"))


@pytest.mark.slow
def test_build_steps_prints_its_table(tmp_path: Path) -> None:
    """The script ends well and prints a table with a total."""
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "build_steps.py"), "--runs", "1"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "| total |" in done.stdout


def test_stores_agree(tmp_path: Path) -> None:
    """Every engine gives as many rows for every query, and as many lines; report and figures are written."""
    done = subprocess.run(
        [
            *(sys.executable, str(BENCHMARKS / "stores.py"), "--sizes", "150", "--repeats", "1"),
            *("--folder", str(tmp_path), "--write", str(tmp_path / "results"), "--engines", *CORE),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "disagreement" in done.stderr) == (0, False), done.stderr
    report, figures = sorted((tmp_path / "results").iterdir(), key=lambda path: path.suffix, reverse=True)
    assert report.read_text(encoding="utf-8") == done.stdout
    assert "All engines that answered gave these numbers of rows" in done.stdout
    assert "Every row is the same by value, too." in done.stdout
    results = json.loads(figures.read_text(encoding="utf-8"))["results"]
    assert dict.fromkeys(CORE, "") == {result["engine"]: result["fate"] for result in results}
    for result in results:
        assert dict.fromkeys(queries(), True) == {
            name: answer["rows"] > 0 for name, answer in result["queries"].items()
        }
    assert list(tmp_path.iterdir()) == [tmp_path / "results"]


def test_a_missing_row_fails_the_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A run in which one engine gives a row less ends with 1, and names query, engines and numbers."""

    def short(engine: str, *rest: object) -> Result:
        result = run_trial(engine, *rest)  # type: ignore[arg-type]  # the rest as it comes
        if engine == "raw-memory":
            result.queries["q2-cohort"]["rows"] -= 1
        return result

    monkeypatch.setattr(stores, "run_trial", short)
    arguments = ["--sizes", "150", "--repeats", "1", "--folder", str(tmp_path)]
    assert stores.main([*arguments, "--engines", "cd22kg-memory", "raw-memory"]) == 1
    printed = capsys.readouterr()
    line = "150 claims, q2-cohort: 72 rows from raw-memory; 73 rows from cd22kg-memory"
    assert f"disagreement: {line}\n" in printed.err
    assert f"**Engines disagree:**\n\n- {line}\n" in printed.out


def test_a_short_dump_is_a_disagreement(data: Data) -> None:
    """A dump has as many lines as the file that the engine was given."""
    whole = Result("maplib", 150, 0, load={"graphs": False}, dump={"lines": data.triples})
    short = Result("rdflib", 150, 0, load={"graphs": True}, dump={"lines": data.quads - 1})
    expected = [f"150 claims, rdflib: the dump has {data.quads - 1} lines, the data {data.quads}"]
    assert disagreements([whole, short], {150: data}) == expected


def test_ours_has_no_excuse(data: Data) -> None:
    """A foreign engine may fail in a query, and end early; ours and the raw one may not."""
    failed = {"q1-claim": {"error": "SyntaxError: no"}}
    foreign = Result("maplib", 150, 0, "failed: no", queries=dict(failed))
    ours = Result("cd22kg-disk", 150, 0, "failed: no", queries=dict(failed))
    expected = ["150 claims, cd22kg-disk: failed: no", "150 claims, cd22kg-disk, q1-claim: SyntaxError: no"]
    assert disagreements([foreign, ours], {150: data}) == expected


def test_other_values_are_told() -> None:
    """As many rows with other values are told, but fail nothing: engines write some values in their own way."""
    results = [Result(name, 150, 0, queries={"q1": {"rows": 1, "digest": name[0]}}) for name in ("a1", "a2", "b1")]
    assert other_values(results) == ["150 claims, q1: a1, a2 | b1"]
    assert disagreements(results, {}) == []


def test_digest_goes_by_value() -> None:
    """Rows have one digest in whatever order they come and however a number is written, and another if one differs."""
    rows = [["a", "68.0"], ["b", ""]]
    assert digest(rows) == digest([["b", ""], ["a", "68"]])
    assert digest(rows) != digest([["a", "68.0"], ["b", "1"]])
    assert digest(rows) != digest([*rows, *rows])


@pytest.mark.parametrize(
    ("limits", "fate"), [(Limits(0.0, 12), "over 0 s"), (Limits(300, 0.001), "over 0.001 GiB")], ids=["time", "memory"]
)
def test_a_limit_ends_a_trial(data: Data, tmp_path: Path, limits: Limits, fate: str) -> None:
    """A trial that takes too long or too much is ended and says so, and leaves nothing behind."""
    assert run_trial("rdflib", data, 0, limits, tmp_path).fate == fate
    assert list(tmp_path.iterdir()) == []


def test_an_engine_that_fails_says_why(data: Data, tmp_path: Path) -> None:
    """A trial that cannot read its data gives the last line of what the process said."""
    broken = Data(150, 1, 1, str(tmp_path / "none.nq"), str(tmp_path / "none.nt"))
    fate = run_trial("raw-memory", broken, 0, GENEROUS, tmp_path).fate
    assert fate.startswith("failed: FileNotFoundError: No such file or directory"), fate


def test_an_engine_that_is_not_here_is_left_out(data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the program of a server, its engine says how to get it, and nothing fails."""
    monkeypatch.setenv("PATH", str(tmp_path))
    result = run_trial("virtuoso", data, 0, GENEROUS, tmp_path)
    assert result.fate.startswith("not here: needs the program isql-vt: apt-get install")
    assert disagreements([result], {150: data}) == []


@pytest.mark.parametrize("engine", [name for name in ENGINES if name not in CORE])
def test_other_engines_agree(engine: str, data: Data, tmp_path: Path) -> None:
    """An engine that is here gives the rows that ours gives, by value too."""
    result = run_trial(engine, data, 0, GENEROUS, tmp_path)
    if result.fate.startswith("not here"):
        pytest.skip(result.fate)
    ours = run_trial("cd22kg-memory", data, 0, GENEROUS, tmp_path)
    assert (result.fate, ours.fate) == ("", "")
    assert disagreements([ours, result], {150: data}) == []
    assert other_values([ours, result]) == []


def test_union_holds_each_triple_once(tmp_path: Path) -> None:
    """A triple in two graphs comes once, where it came first; the same words in a literal are no graph."""
    quads, triples = tmp_path / "some.nq", tmp_path / "some.nt"
    quads.write_text(
        '<a:s> <a:p> "x <a:g> ." <a:g> .\n<a:s> <a:p> <a:o> <a:g> .\n<a:s> <a:p> "x <a:g> ." <a:h> .\n',
        encoding="utf-8",
    )
    assert union(quads, triples) == 2
    assert triples.read_text(encoding="utf-8") == '<a:s> <a:p> "x <a:g> ." .\n<a:s> <a:p> <a:o> .\n'


def test_pairs_take_turns() -> None:
    """Each of a pair is first every other time; the other engines run once."""
    order = list(stores.schedule(["rdflib", "raw-disk", "cd22kg-disk", "raw-memory"], 2))
    first = [("cd22kg-disk", 0), ("raw-disk", 0), ("rdflib", 0), ("raw-memory", 0)]
    assert order == [*first, ("raw-disk", 1), ("cd22kg-disk", 1)]


def test_ratio_is_the_median_of_pairs() -> None:
    """The ratio is taken pair by pair, so that a slow moment of the machine hits both; half a pair does not count."""
    figures = [(0, 2.0, 1.0), (1, 30.0, 10.0), (2, 1.1, 1.0)]
    results = [
        Result(name, 150, repeat, load={"seconds": value, "optimise": None})
        for repeat, *values in figures
        for name, value in zip(("cd22kg-disk", "raw-disk"), values, strict=True)
    ]
    results.append(Result("raw-disk", 150, 3, load={"seconds": 1.0, "optimise": None}))
    assert ratio(results, 150, ("cd22kg-disk", "raw-disk"), load_of) == 2.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sizes", "1.5"], "`1.5` is no number of claims from 1 to 100000000"),
        (["--sizes", "many"], "`many` is no number of claims from 1 to 100000000"),
        (["--repeats", "0"], "`0` is not 1 or more"),
        (["--engines", "jena"], "invalid choice: 'jena' (choose from"),
        (["--folder", "nowhere"], "there is no folder nowhere; make it"),
    ],
    ids=["fraction", "word", "repeats", "engine", "folder"],
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
        stores.main(arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
