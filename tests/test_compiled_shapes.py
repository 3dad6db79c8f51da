"""The compiled engine gives what pySHACL gives, on every fixture and on the whole graph."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from pyoxigraph import Quad, RdfFormat, parse

from cd22kg.namespaces import SHAPES
from cd22kg.store import OxigraphStore
from cd22kg.validation import pyshacl_engine, read_shapes
from cd22kg.validation.engine import Validation, Validator
from cd22kg.validation.plan import Result
from cd22kg.validation.terms import text_of

FIXTURES = Path(__file__).parent / "data" / "shapes"
FILES = sorted(path for path in FIXTURES.glob("*.ttl") if path.name != "base.ttl")


@cache
def validator() -> Validator:
    """Return the shapes of the package, compiled."""
    return Validator(read_shapes().quads)


@cache
def world() -> tuple[Quad, ...]:
    """Return what every fixture is loaded with."""
    return turtle(FIXTURES / "base.ttl")


def turtle(path: Path) -> tuple[Quad, ...]:
    """Return the triples of a Turtle file."""
    return tuple(parse(path.read_bytes(), format=RdfFormat.TURTLE))


def run(data: tuple[Quad, ...], *, threads: int = 1) -> Validation:
    """Return what the compiled engine finds."""
    store = OxigraphStore()
    store.bulk_load(data)
    return validator().validate(store, lambda: data, threads=threads)


def key(result: Result) -> tuple[str, ...]:
    """Return what two engines must agree on."""
    path = str(result.path) if result.path else ""
    texts = (text_of(result.shape).removeprefix(SHAPES), text_of(result.focus), path, text_of(result.value))
    # A message with places names IRIs in the words of its engine.
    said = [m.value for m in result.messages] if not result.component.endswith("SPARQLConstraintComponent") else []
    return (*texts, result.component, result.severity, *sorted(said))


def test_every_shape_is_compiled() -> None:
    """None of the package's shapes needs pySHACL."""
    assert validator().compiler.foreign == {}
    assert validator().notes == ()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.removesuffix(".ttl"))
def test_fixture(path: Path) -> None:
    """A valid fixture fires no rule; an invalid one fires the rule it is named after, and no other."""
    rule, kind, _ = path.name.split(".")
    found = run((*world(), *turtle(path)))

    assert {text_of(r.shape).removeprefix(SHAPES) for _, r in found.tally.kept} == (
        {rule} if kind == "invalid" else set()
    )
    assert found.notes == ()


def test_engines_agree_on_many_faults() -> None:
    """With the invalid fixtures of many rules in one graph, both engines report the same."""
    planted: list[Quad] = []
    for path in sorted(FIXTURES.glob("*.invalid.ttl")):
        if path.name.startswith(("measurement-", "cohort-", "source-", "claim-")):
            text = path.read_text(encoding="utf-8").replace("fixture", path.name.split(".")[0])
            planted += parse(text.encode(), format=RdfFormat.TURTLE)
    data = (*world(), *planted)
    expected = {key(result) for result in pyshacl_engine.run(data, read_shapes().quads)}
    found = run(data, threads=2)

    assert {key(result) for _, result in found.tally.kept} == expected
    assert len({rule for rule, *_ in expected}) > 100
