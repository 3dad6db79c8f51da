"""The W3C test suite of SHACL, run by the compiled engine."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from pyoxigraph import BlankNode, NamedNode, Quad, RdfFormat, parse

from cd22kg.errors import InputError
from cd22kg.store import OxigraphStore, Term
from cd22kg.validation.engine import Validator
from cd22kg.validation.plan import Result
from cd22kg.validation.shape_graph import ShapeGraph
from cd22kg.validation.terms import SH

SUITE = Path(__file__).resolve().parents[2] / "shared" / "real" / "shacl-suite" / "tests"
SHT = "http://www.w3.org/ns/shacl-test#"
MF = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SUITE.is_dir(), reason="the folder with the SHACL suite is not beside the checkout"),
]

#: Cases with another outcome than the suite expects, each with the reason.
DIFFERENT: dict[str, str] = {
    "sparql/pre-binding/shapesGraph-001": "refused: no engine here lets a query ask the shapes graph",
}
#: Cases with a shape that is left to pySHACL.
FOREIGN: dict[str, str] = {}


class Case(NamedTuple):
    """A case of the suite: what is validated, and the results expected, or nothing where it must fail."""

    data: tuple[Quad, ...]
    shapes: tuple[Quad, ...]
    expected: frozenset[tuple[str, ...]] | None


@cache
def triples(path: Path) -> tuple[Quad, ...]:
    """Return the triples of a file, parsed once, so that its blank nodes stay the same."""
    return tuple(parse(path.read_bytes(), format=RdfFormat.TURTLE, base_iri=path.as_uri()))


def cases() -> dict[str, Path]:
    """Return the file of every case by its name."""
    found = sorted(SUITE.rglob("*.ttl")) if SUITE.is_dir() else []
    return {
        str(path.relative_to(SUITE).with_suffix("")): path
        for path in found
        if path.name != "manifest.ttl" and "sht:Validate" in path.read_text(encoding="utf-8")
    }


def key(result: Result) -> tuple[str, ...]:
    """Return what is compared: focus, path, value, shape, component, severity."""
    path = str(result.path) if result.path else ""
    return (str(result.focus), path, str(result.value or ""), str(result.shape), result.component, result.severity)


def read_case(path: Path) -> Case:
    """Return the case of a file."""
    graph = ShapeGraph(triples(path))
    test = graph.instances(SHT + "Validate")[0]
    action = graph.objects(test, MF + "action")[0]
    data, shapes = (triples(file_of(graph.objects(action, SHT + part)[0])) for part in ("dataGraph", "shapesGraph"))
    result = graph.objects(test, MF + "result")[0]
    if result == NamedNode(SHT + "Failure"):
        return Case(data, shapes, None)
    expected = set()
    for node in graph.objects(result, "result"):
        source = graph.one(node, "sourceShape")
        assert isinstance(source, NamedNode | BlankNode)
        focus = graph.one(node, "focusNode")
        component, severity = graph.iri(node, "sourceConstraintComponent"), graph.iri(node, "resultSeverity")
        assert focus and component and severity
        value: Term | None = graph.one(node, "value")
        path_of = graph.path(node, "resultPath")
        expected.add(key(Result(focus, path_of, value, source, component.value, severity.value)))
    return Case(data, shapes, frozenset(expected))


def file_of(term: Term) -> Path:
    """Return the file that a case names."""
    assert isinstance(term, NamedNode)
    return Path(term.value.removeprefix("file://"))


CASES = cases()


def outcome(case: Case) -> tuple[frozenset[tuple[str, ...]] | None, dict[str, str]]:
    """Return what the engine finds, nothing if it refuses the shapes, and the shapes it left to pySHACL."""
    store = OxigraphStore()
    store.bulk_load(case.data)
    try:
        found = Validator(case.shapes).validate(store, lambda: case.data, threads=1)
    except InputError:
        return None, {}
    return frozenset(key(result) for _, result in found.tally.kept), found.foreign


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    """The results are those of the suite, and were found by compiled queries, save where the lists above say why."""
    case = read_case(CASES[name])
    found, foreign = outcome(case)

    assert (found == case.expected) == (name not in DIFFERENT)
    assert bool(foreign) == (name in FOREIGN)


def test_lists_name_cases() -> None:
    """Every exception is a case of the suite."""
    assert (set(DIFFERENT) | set(FOREIGN)) <= set(CASES)


def test_suite_is_whole() -> None:
    """The suite has the cases it is known to have."""
    assert len([name for name in CASES if name.startswith("core/")]) == 98
    assert len([name for name in CASES if name.startswith("sparql/")]) == 23
    assert SH in str(triples(CASES["core/node/and-001"]))
