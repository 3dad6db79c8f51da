"""What the guides show is what happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cd22kg.cli.app import app
from cd22kg.rdf import read_ontology
from cd22kg.reasoning import read_rules
from cd22kg.validation import read_shapes
from cd22kg.validation.rules import OWN_RULES, shape_rules
from tests.conftest import Cli

ROOT = Path(__file__).resolve().parents[1]
GUIDE = (ROOT / "docs" / "how-to" / "curate.md").read_text(encoding="utf-8")
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md"]


def test_the_file_of_the_guide_conforms(cli: Cli, tmp_path: Path) -> None:
    """The example of the curator's guide passes the check it describes."""
    (example,) = re.findall(r"^```yaml\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    path = tmp_path / "dai-2020.yaml"
    path.write_text(example, encoding="utf-8")

    run = cli("check", path)

    assert (run.returncode, run.stdout.splitlines()[-1]) == (0, "conforms")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_links_lead_somewhere(path: Path) -> None:
    """A link to a file or a heading finds it."""
    text = path.read_text(encoding="utf-8")
    headings = {re.sub(r"[^a-z0-9 -]", "", h.lower()).replace(" ", "-") for h in re.findall(r"^#+ (.*)$", text, re.M)}
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if not link.startswith("http")]

    assert [link for link in links if link.startswith("#") and link[1:] not in headings] == []
    assert [k for k in links if not k.startswith("#") and not (path.parent / k.partition("#")[0]).exists()] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_commands_exist(path: Path) -> None:
    """A command that a page names is one that the program has."""
    import typer.main

    known = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]  # a group of commands
    named = set(re.findall(r"`cd22kg ([a-z]+)", path.read_text(encoding="utf-8")))

    assert named <= known


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("relation-type", {"repeats", "confirms", "contradicts", "supersedes", "refines"}),
        ("certainty", {"certain", "likely", "ambiguous"}),
    ],
)
def test_guide_names_every_relation_and_certainty(kind: str, names: set[str]) -> None:
    """The guide explains the whole list."""
    assert set(read_ontology().vocabulary.slugs(kind)) == names
    assert [name for name in names if f"`{name}`" not in GUIDE and f"`certainty: {name}`" not in GUIDE] == []


def test_every_rule_of_the_design_is_traced() -> None:
    """The table of what must hold names rules that exist, and leaves no rule about figures out."""
    page = (ROOT / "docs" / "explanation" / "validation.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"^\| what must hold \| rules \|\n(.*?)\n\n", page, re.MULTILINE | re.DOTALL)
    named = set(re.findall(r"`([a-z]+(?:-[a-z0-9]+)+)`", table))
    shapes = read_shapes()
    rules = {*shape_rules(shapes), *(rule.code for rule in OWN_RULES), *(rule.name for rule in read_rules())}

    assert named - rules == set()
    assert shapes.about_figures - named == set()
