"""What the README shows is what happens."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import cd22kg
from cd22kg.namespaces import BASE
from tests import expected

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Return the code blocks of a language."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return [text for name, text in fenced if name == language]


def run(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the command line in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "cd22kg", *words], cwd=cwd, capture_output=True, text=True, check=False
    )


COMMANDS = [(command, answer) for _, command, answer in expected.COMMANDS.findall(README)]


@pytest.mark.parametrize(("command", "shown"), COMMANDS, ids=[command for command, _ in COMMANDS])
def test_the_answer_shown_is_the_answer_given(tmp_path: Path, command: str, shown: str) -> None:
    """A command prints the table below it."""
    assert run(*shlex.split(command), cwd=tmp_path).stdout == shown


def test_the_readme_shows_the_overview() -> None:
    """The overview stands in full, with products by name."""
    assert [command for command, _ in COMMANDS if command == "overview --format md"]
    assert "| firicabtagene autoleucel |" in README


def test_the_python_example_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The lines for Python run as they stand and print a source per row."""
    (code,) = blocks("python")
    exec(compile(code, "README.md", "exec"), {})  # noqa: S102  # our own README
    assert "therapy/cd22-mono-car-t 0.75 unit/fraction 0.6 0.88" in capsys.readouterr().out.replace(BASE, "")


def test_the_claim_example_is_a_claim(tmp_path: Path) -> None:
    """The five lines, put in place of the claim of that name, give a file that conforms."""
    (claim,) = blocks("yaml")
    assert len(claim.splitlines()) == 5
    text = (ROOT / "claims" / "shah-2020.yaml").read_text(encoding="utf-8")
    one = re.search(r"^  - id: shah-2020-crs-any\n(?:    .*\n)+", text, re.MULTILINE)
    assert one is not None
    changed = tmp_path / "shah-2020.yaml"
    changed.write_text(text.replace(one[0], claim), encoding="utf-8")
    answer = run("check", str(changed), cwd=tmp_path)
    assert (answer.returncode, answer.stdout.splitlines()[-1]) == (0, "conforms")


def test_the_fault_shown_is_the_fault_reported(tmp_path: Path) -> None:
    """The message for a wrong count reads as the README says, but for the place."""
    text = (ROOT / "claims" / "shah-2020.yaml").read_text(encoding="utf-8")
    changed = tmp_path / "shah-2020.yaml"
    changed.write_text(text.replace('"%", events: 50, total: 58', '"%", events: 85, total: 58', 1), encoding="utf-8")
    answer = run("check", str(changed), cwd=tmp_path)
    shown = next(block for block in blocks("") if "violation:" in block)
    place, _, rest = shown.partition(" violation:")
    assert place.startswith("claims/shah-2020.yaml:")
    assert answer.returncode == 1
    assert "violation:" + rest.rstrip() in answer.stdout


def test_pooled_figure_is_what_comes_out(kg: cd22kg.KnowledgeGraph) -> None:
    """The figures that the README says are pooled are those that its command gives."""
    found = kg.pool(therapy="cd19-cd22-dual-car-t", indication="NHL", outcome="CR")
    estimate = found.estimate
    said = f"{100 * estimate.estimate:.1f} % ({100 * estimate.lower:.1f} to {100 * estimate.upper:.1f})"

    assert estimate.k == 8
    text = " ".join(README.split())
    assert f"Of eight studies with {estimate.total} patients it makes {said}, and says" in text
    assert found.mixed[0].startswith("mixed denominators")
