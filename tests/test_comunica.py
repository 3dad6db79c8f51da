"""Comunica, a query engine in JavaScript, answers the questions of the library with the same rows."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, serialize

import cd22kg
from cd22kg.export.questions_rdf import asked
from cd22kg.graph import KnowledgeGraph
from cd22kg.queries import library
from cd22kg.store import Table
from tests.test_queries import store_rows

LIBRARIES = Path(sys.prefix) / "comunica"
PROGRAM = Path(__file__).parent / "data" / "comunica" / "ask.mjs"
QUERIES = {query.name: query for query in library()}
#: Behind the name of a question: the file as it stands, with what its parameters stand for as an example.
FILE = ".rq"


@cache
def graph() -> KnowledgeGraph:
    """Return the packaged graph."""
    return cd22kg.load()


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what Comunica answers to each question, about the union of all graphs."""
    node = shutil.which("node")
    if node is None or not LIBRARIES.is_dir():
        pytest.skip("no Comunica in .venv/comunica; `make comunica` fetches it, with Node")
    folder = tmp_path_factory.mktemp("comunica")
    triples = {Triple(quad.subject, quad.predicate, quad.object) for quad in graph().quads}
    (folder / "data.nt").write_bytes(serialize(triples, format=RdfFormat.N_TRIPLES) or b"")
    texts = {name: asked(query) for name, query in QUERIES.items()}
    texts |= {name + FILE: query.text for name, query in QUERIES.items()}
    (folder / "questions.json").write_text(json.dumps(texts), encoding="utf-8")
    files = (folder / name for name in ("data.nt", "questions.json", "answers.json"))
    subprocess.run([node, PROGRAM, LIBRARIES, *files], check=True, timeout=600, capture_output=True)
    found: dict[str, Any] = json.loads((folder / "answers.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.slow
@pytest.mark.xdist_group("comunica")
@pytest.mark.parametrize("ending", ["", FILE], ids=["asked", "file"])
@pytest.mark.parametrize("name", sorted(QUERIES))
def test_rows_are_the_same(name: str, ending: str, answers: dict[str, Any]) -> None:
    """The text that is asked, and the file as it stands, give the same columns and rows, each as often."""
    answer = answers[name + ending]
    columns = tuple(answer["head"]["vars"])
    rows = tuple(
        tuple(_term(row[column]) if column in row else None for column in columns)
        for row in answer["results"]["bindings"]
    )
    expected = graph().store.query(QUERIES[name].text) if ending else graph().query(name).answer
    assert isinstance(expected, Table)

    assert columns == expected.columns
    assert store_rows(Table(columns, rows)) == store_rows(expected)


def _term(found: dict[str, str]) -> NamedNode | Literal:
    if found["type"] == "uri":
        return NamedNode(found["value"])
    if "datatype" in found:
        return Literal(found["value"], datatype=NamedNode(found["datatype"]))
    return Literal(found["value"], language=found.get("xml:lang"))
