"""What the pages on pooling show is what happens: commands, answers, Python, and numbers beside metafor's.

The answers shown under commands follow from the claims: ``python -m tests.test_worked_examples`` writes them anew.
"""

from __future__ import annotations

import doctest
import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

import cd22kg
from cd22kg.cli import pool as command
from cd22kg.cli.app import app
from cd22kg.errors import Cd22kgError
from cd22kg.export.comparison import comparisons_to_text
from cd22kg.export.synthesis import to_text
from cd22kg.graph import KnowledgeGraph
from cd22kg.statistics.effects import read_counts, transform_counts
from cd22kg.synthesis.pooling import model_from, synthesize
from cd22kg.synthesis.saved import SavedRecipe
from cd22kg.synthesis.table import read_table
from tests.conftest import clean_environment

ROOT = Path(__file__).resolve().parents[1]
TABLES = ROOT / "examples" / "tables"
GUIDE = ROOT / "docs" / "how-to" / "pool.md"
PAGE = ROOT / "docs" / "explanation" / "pooling.md"
#: A fenced block: its language, its lines, and the block of no language right below it.
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```\n(?:\n^```\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
#: A command, how it is called in R, and the table with what both say.
EXAMPLE = re.compile(r"^```sh\n(.*?)\n```\n\n```r\n(.*?)```\n\n((?:^\|[^\n]*\n)+)", re.MULTILINE | re.DOTALL)
#: How near metafor's searches come with their usual tolerances, relatively.
NEAR = 1e-4
EXIT_CODE = re.compile(r"# exit code (\d)")


@dataclass(frozen=True)
class Figure:
    """A row of a table of the page: a key of JSON, what it is of, and what each column has."""

    key: str
    of: str
    ours: str
    metafor: str
    published: str


@dataclass(frozen=True)
class Example:
    """A worked example of the page."""

    command: str
    in_r: str
    figures: tuple[Figure, ...]


def blocks(page: Path, language: str) -> list[tuple[str, str]]:
    """Return the blocks of a language with the answers below them."""
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [(text, answer) for name, text, answer in found if name == language]


def rows(table: str) -> Iterator[list[str]]:
    """Yield the cells of a Markdown table, below its heading."""
    for line in table.splitlines()[2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


def examples() -> list[Example]:
    """Return the worked examples."""
    found = []
    for words, in_r, table in EXAMPLE.findall(PAGE.read_text(encoding="utf-8")):
        figures = []
        for name, *cells in rows(table):
            key, of = re.fullmatch(r"`(\w+)`(?:, ([\w-]+))?", name).groups()  # type: ignore[union-attr]  # else it fails
            figures.append(Figure(key, of or "", *cells))
        found.append(Example(words, in_r, tuple(figures)))
    return found


EXAMPLES = examples()
COMMANDS = [*blocks(GUIDE, "sh"), *blocks(PAGE, "sh")]


@pytest.fixture
def place(tmp_path: Path, kg: KnowledgeGraph, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with the tables of the examples, in which commands run and ask the packaged claims."""
    shutil.copytree(TABLES, tmp_path / "examples" / "tables")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "open_graph", lambda store: kg)
    return tmp_path


def run(line: str) -> tuple[int, str]:
    """Run a command as a page writes it, and return its exit code and what it says on stdout."""
    program, *words = shlex.split(line, comments=True)
    assert program == "cd22kg"
    done = CliRunner().invoke(app, words)
    if done.exception is not None and not isinstance(done.exception, Cd22kgError | SystemExit):
        raise done.exception
    return done.exception.exit_code if isinstance(done.exception, Cd22kgError) else done.exit_code, done.stdout


@cache
def said(line: str) -> dict[str, Any]:
    """Return what a command on a table says, as JSON."""
    code, text = run(f"{line} --format json")
    assert code == 0
    found: dict[str, Any] = json.loads(text)
    return found


def figure(found: dict[str, Any], key: str, of: str) -> float:
    """Return a number of a JSON answer: of the whole, of a group, or of the regression."""
    if of in ("slope", "intercept"):
        found = found["regression"][of]
    elif of == "regression":
        found = found[of]
    elif of:
        (found,) = (group for group in found["subgroups"]["groups"] if group["group"] == of)
    return float(found[key])


def cut(key: str, number: float) -> float:
    """Return a number of metafor as we tell it: it leaves bounds beyond 100 % as they are."""
    return min(number, 1.0) if key.endswith("upper") else number


def differs(found: float, printed: str) -> Decimal:
    """Return how far a number is from a printed one, in units of its last digit."""
    number = Decimal(printed)
    return abs(Decimal(found) - number).scaleb(-int(number.as_tuple().exponent))


# Commands


@pytest.mark.parametrize(
    ("text", "answer"), COMMANDS, ids=[re.sub(r"[^\w.-]+", " ", text.splitlines()[0])[12:80] for text, _ in COMMANDS]
)
def test_commands_run(place: Path, text: str, answer: str) -> None:
    """A command ends as its page says, says something, and writes what it is told to write."""
    for line in text.splitlines():
        expected = EXIT_CODE.search(line)
        code, out = run(line)

        assert (line, code) == (line, int(expected[1]) if expected else 0)
        assert bool(out) is (code == 0)
        if plot := re.search(r"--plot (\S+)", line):
            assert (place / plot[1]).stat().st_size > 0
        if answer:
            assert out == answer, "write it anew: python -m tests.test_worked_examples"


def test_what_is_saved_is_read_and_run_again(place: Path) -> None:
    """The saved synthesis of the guide is a file of that name, and is as it was when it is run again."""
    ((text, _),) = [found for found in blocks(GUIDE, "sh") if "--save" in found[0]]
    save, show, rerun = text.splitlines()
    slug = re.search(r"--save (\S+)", save)
    assert slug is not None

    assert run(save)[0] == 0
    assert (place / "syntheses" / f"{slug[1]}.yaml").exists()
    assert f"pooled-{slug[1]}" in GUIDE.read_text(encoding="utf-8")
    assert "without Spiegel 2021" in run(show)[1]
    assert run(rerun) == (0, f"{slug[1]}: as it was\n")


@pytest.mark.parametrize("page", [GUIDE, PAGE], ids=["guide", "page"])
def test_python_runs(page: Path, place: Path) -> None:
    """The lines for Python give what stands below them."""
    parts = "\n".join(text for text, _ in blocks(page, "python"))
    test = doctest.DocTestParser().get_doctest(parts, {}, page.name, str(page), 0)
    assert len(test.examples) > 5

    assert doctest.DocTestRunner().run(test).failed == 0


# What the guide lists


def listed(heading: str) -> list[str]:
    """Return what stands in code in the first column of the table below a heading of the guide."""
    text = GUIDE.read_text(encoding="utf-8").partition(f"\n{heading}\n")[2]
    table = re.search(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert table is not None
    return [name for first, *_ in rows(table[0]) for name in re.findall(r"`([^`]+)`", first)]


def test_every_option_is_told() -> None:
    """The guide names every option of the command, and no other."""
    options = typer.main.get_command(app).commands["pool"].params  # type: ignore[attr-defined]  # a group of commands
    known = {name for option in options for name in (*option.opts, *option.secondary_opts) if name.startswith("--")}
    named = set(re.findall(r"--[a-z][a-z0-9-]+", GUIDE.read_text(encoding="utf-8")))

    assert named - known == set()
    assert known - named == {"--store"}


def test_every_key_of_json_is_told(place: Path, kg: KnowledgeGraph) -> None:
    """The guide names the keys of a synthesis and of a comparison, in their order."""
    found = synthesize("x", read_table(TABLES / "zhou-1999.csv"), model_from())
    (told,) = re.findall(r"^`--compare` gives a list, each with (.*?), and in `ours`", GUIDE.read_text("utf-8"), re.M)

    assert listed("## JSON") == list(json.loads(to_text(found, "json")))
    compared = json.loads(comparisons_to_text(kg.compare("fergusson-2023"), "json"))[0]
    assert [*re.findall(r"`(\w+)`", told), "ours"] == list(compared)


def test_every_key_of_a_recipe_is_told() -> None:
    """The guide names what a recipe of a saved synthesis may say, in its order."""
    keys = [field.alias for field in SavedRecipe.model_fields.values()]
    assert listed("Edit `title` and `recipe`, then `--rerun`. The keys of a recipe:") == keys


# Worked examples


def test_there_are_examples_from_elsewhere() -> None:
    """Every table is worked, and several stand beside what was published."""
    worked = {re.search(r"tables/(\S+)", example.command)[1] for example in EXAMPLES}  # type: ignore[index]  # each has one
    published = {
        example.command for example in EXAMPLES if any(re.match(r"\d", one.published) for one in example.figures)
    }

    assert {path.name for path in TABLES.iterdir()} == worked
    assert len(published) >= 4


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.command[36:])
def test_numbers_of_the_page(place: Path, example: Example) -> None:
    """Our numbers are those of the page; what was published agrees, but for one in its last digit."""
    found = said(example.command)
    for one in example.figures:
        ours = figure(found, one.key, one.of)
        assert differs(ours, one.ours) <= Decimal("0.5"), one
        if re.match(r"\d", one.published):
            assert differs(ours, one.published) <= 1, one
        assert cut(one.key, float(one.metafor)) == pytest.approx(float(one.ours), abs=1e-4), one


def test_scale_of_miller() -> None:
    """Miller's own values, p. 138, are twice ours, as he leaves out a factor of one half."""
    studies = read_table(TABLES / "miller-1978.csv")
    effects = transform_counts(
        *read_counts([one.events for one in studies], [one.total for one in studies]), "freeman-tukey"
    )

    assert (2 * effects.values).round(4).tolist() == [1.1391, 1.2888, 1.5253, 0.9515]
    assert (4 * effects.variances).round(4).tolist() == [0.0870, 0.0571, 0.0465, 0.1538]


#: Tells what metafor returns, a key and a number a line: of a prediction, of a model, or of each of a list of groups.
_TELL = """
tell <- function(found, of) {
  say <- function(key, number) cat(sprintf("%s\\t%s\\t%.15g\\n", of, key, number))
  if (inherits(found, "list.rma")) {
    keys <- c(estimate = "pred", lower = "ci.lb", upper = "ci.ub")
    keys <- c(keys, prediction_lower = "pi.lb", prediction_upper = "pi.ub")
    for (key in names(keys)) if (length(found[[keys[[key]]]])) say(key, found[[keys[[key]]]])
  } else if (inherits(found, "rma")) {
    of <- "slope"
    for (key in c("beta", "se", "pval")) say(c(beta = "estimate", se = "se", pval = "p")[[key]], found[[key]][2])
    of <- "regression"
    say("tau2", found$tau2)
  } else {
    for (name in names(found)) tell(found[[name]], name)
  }
}
"""


@cache
def has_metafor() -> bool:
    """Tell whether R and its packages metafor and lme4 are installed."""
    program = shutil.which("Rscript")
    needed = "library(metafor); library(lme4)"
    return (
        program is not None
        and subprocess.run([program, "-e", needed], capture_output=True, check=False).returncode == 0
    )


@pytest.mark.skipif("not has_metafor()", reason="needs R and its packages metafor and lme4")
def test_metafor_says_so(place: Path) -> None:
    """The lines for R give the numbers of the page, and ours as near as its searches come."""
    parts = [f"tell(local({{\n{example.in_r}}}), '')\ncat('--\\n')\n" for example in EXAMPLES]
    script = place / "examples.R"
    script.write_text("suppressMessages(library(metafor))\n" + _TELL + "".join(parts), encoding="utf-8")
    program = str(shutil.which("Rscript"))
    done = subprocess.run([program, script], cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answers = done.stdout.split("--\n")[:-1]
    assert len(answers) == len(EXAMPLES)

    for example, answer in zip(EXAMPLES, answers, strict=True):
        lines = [line.split("\t") for line in answer.splitlines()]
        told = {(key, of): float(number) for of, key, number in lines}
        for one in example.figures:
            theirs, ours = told[one.key, one.of], figure(said(example.command), one.key, one.of)
            assert differs(theirs, one.metafor) <= Decimal("0.6"), (example.command, one)
            # Its searches end at their usual tolerances here, unlike in the grid.
            assert cut(one.key, theirs) == pytest.approx(ours, rel=NEAR), (example.command, one)


# The benchmark


def test_benchmark_prints_its_table(tmp_path: Path) -> None:
    """The benchmark runs on few studies, without R, and prints a row for each thing it times."""
    options = ["--studies", "30", "--runs", "1", "--reference", "0"]
    done = subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "benchmarks" / "synthesis.py"), *options],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "| pool and leave-one-out | 30 |" in done.stdout
    for path in (ROOT / "syntheses").glob("*.yaml"):
        assert f"| {path.stem} |" in done.stdout
    assert list(tmp_path.iterdir()) == []


def main() -> None:
    """Write the answers shown in the guide anew."""

    def anew(found: re.Match[str]) -> str:
        if found[1] != "sh" or found[3] is None:
            return found[0]
        return f"```sh\n{found[2]}```\n\n```\n{run(found[2])[1]}```\n"

    graph = cd22kg.load()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setattr(command, "open_graph", lambda store: graph)
        GUIDE.write_text(BLOCK.sub(anew, GUIDE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
