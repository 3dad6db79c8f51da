"""The rules that the store runs give what pySHACL gives."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from pyoxigraph import Quad, RdfFormat, parse

from cd22kg.build import assemble, packaged_claims
from cd22kg.namespaces import SHAPES
from cd22kg.store import OxigraphStore
from cd22kg.validation import pyshacl_engine, read_shapes, sparql_rules
from cd22kg.validation.report import RawResult

FIXTURES = Path(__file__).parent / "data" / "shapes"
RULES, PREFIXES, REST = sparql_rules.split(read_shapes().quads)
#: Rules with a query that stay with pySHACL, and why.
LEFT = {"measurement-percent-agrees": "reads the digits of a number, which a store does not keep"}


def key(result: RawResult) -> tuple[str, str, str, str]:
    """Return what two engines must agree on."""
    return (result.shape.removeprefix(SHAPES), result.severity, result.focus, result.path)


@cache
def world() -> tuple[Quad, ...]:
    """Return what every fixture is loaded with."""
    return tuple(parse((FIXTURES / "base.ttl").read_bytes(), format=RdfFormat.TURTLE))


def test_which_rules_are_run_where() -> None:
    """Every query is run by the store but those named here, and none is lost on the way."""
    asked = {q.subject.value.removeprefix(SHAPES) for q in read_shapes().quads if q.predicate.value.endswith("#sparql")}  # type: ignore[union-attr]
    taken = {rule.shape.removeprefix(SHAPES) for rule in RULES}
    left = {q.subject.value.removeprefix(SHAPES) for q in REST if q.predicate.value.endswith("#sparql")}  # type: ignore[union-attr]

    assert taken | left == asked
    assert left == set(LEFT)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.shape.removeprefix(SHAPES))
@pytest.mark.parametrize("kind", ["valid", "invalid"])
def test_fixture(rule: sparql_rules.SparqlRule, kind: str) -> None:
    """The rule fires on its invalid fixture, not on its valid one, and no other query fires on either."""
    name = rule.shape.removeprefix(SHAPES)
    fixture = parse((FIXTURES / f"{name}.{kind}.ttl").read_bytes(), format=RdfFormat.TURTLE)
    fired = {key(result)[0] for result in sparql_rules.run(RULES, PREFIXES, (*world(), *fixture))}

    assert fired == ({name} if kind == "invalid" else set())


def test_engines_agree_on_the_claims() -> None:
    """On the whole graph, with every invalid measurement fixture added, both engines report the same."""
    claims = assemble(OxigraphStore(), packaged_claims()).quads
    planted: list[Quad] = []
    for path in sorted(FIXTURES.glob("measurement-*.invalid.ttl")):
        text = path.read_text(encoding="utf-8").replace("fixture", path.name.split(".")[0])
        planted += parse(text.encode(), format=RdfFormat.TURTLE)
    data = (*claims, *planted)
    reference = {key(result) for result in pyshacl_engine.run(data, read_shapes().quads)}
    ours = [*sparql_rules.run(RULES, PREFIXES, data), *pyshacl_engine.run(data, REST)]

    assert {key(result) for result in ours} == reference
    assert len({rule for rule, *_ in reference}) > 20
