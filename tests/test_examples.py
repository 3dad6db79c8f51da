"""The examples run, as a reader runs them, and print what they promise."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.conftest import clean_environment

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
PROGRAMS = sorted(path.name for path in EXAMPLES.glob("*.py"))
PRINTED = {
    "pool_a_table.py": ["pooled 79.8% (69.2% to 87.5%)", "without Tanabe et al.: 77.9%"],
    "claims_as_objects.py": ["shah-2020-cr: ", "repeats fergusson-2023-p02"],
    "pooling_in_sparql.py": ["cd22-mono-car-t", "cd19-cd22-dual-car-t"],
    "three_questions.py": ["12 of 21: fry-2018-cr", "no source", "| m971-bbz |"],
}


def test_every_example_is_run() -> None:
    """No program is without an expectation."""
    assert set(PROGRAMS) == set(PRINTED)


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name: str, tmp_path: Path) -> None:
    """A program runs from any folder, complains of nothing, and prints what it says."""
    done = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / name],
        cwd=tmp_path, env=clean_environment(), capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    assert [text for text in PRINTED[name] if text not in done.stdout] == []


def test_notebook(tmp_path: Path) -> None:
    """The notebook runs from its first cell to its last, and shows tables with figures and references."""
    notebook = nbformat.read(EXAMPLES / "evidence-tour.ipynb", as_version=4)  # type: ignore[no-untyped-call]  # as it comes
    assert [cell for cell in notebook.cells if cell.get("outputs")] == [], "it is kept without answers, which grow old"
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = "\n".join(
        str(output.get("text", "")) + str(output.get("data", {}))
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    )

    assert "fry-2018-cr" in shown
    assert "Measurement(" in shown
    assert "PMID: " in shown
