"""Intervals computed next to the published ones: which figures have them, and that the rule reads them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad

from cd22kg.build import build, check, read_manifest
from cd22kg.namespaces import BASE, CD22, GRAPH_COMPUTED, STANDARD_PREFIXES
from cd22kg.reasoning import recomputed_intervals
from cd22kg.statistics import clopper_pearson_interval, wilson_interval
from cd22kg.store import OxigraphStore

ROOT = Path(__file__).resolve().parents[1]
XSD = STANDARD_PREFIXES["xsd"]
MEASUREMENT = BASE + "claim/c#measurement"
#: A published interval of a share, as the graph holds it.
FIGURE: dict[str, NamedNode | Literal] = {
    "events": Literal(10),
    "intervalKind": NamedNode(BASE + "interval-kind/confidence"),
    "lower": Literal("27.2", datatype=NamedNode(XSD + "decimal")),
    "statistic": NamedNode(BASE + "statistic/proportion"),
    "total": Literal(20),
    "unit": NamedNode(BASE + "unit/percent"),
    "upper": Literal("72.8", datatype=NamedNode(XSD + "decimal")),
}


def computed(changes: dict[str, NamedNode | Literal | None], *more: Quad) -> dict[str, float]:
    """Return what is computed for the figure with some of its properties changed, by property."""
    figure = {**FIGURE, **changes}
    with OxigraphStore() as store:
        store.bulk_load(
            [
                *(
                    Quad(NamedNode(MEASUREMENT), NamedNode(CD22 + name), v)
                    for name, v in figure.items()
                    if v is not None
                ),
                *more,
            ]
        )
        found = recomputed_intervals(store)
    assert {quad.graph_name for quad in found} <= {NamedNode(GRAPH_COMPUTED)}
    return {
        quad.predicate.value.removeprefix(CD22): float(quad.object.value)
        for quad in found
        if isinstance(quad.object, Literal)
    }


@pytest.mark.parametrize(("unit", "factor"), [("percent", 100), ("fraction", 1)])
def test_limits_are_those_of_both_methods(unit: str, factor: int) -> None:
    """Limits are in the unit of the figure, to six digits of a fraction."""
    wilson, exact = wilson_interval(10, 20), clopper_pearson_interval(10, 20)
    expected = {
        "clopperPearsonLower": exact.low,
        "clopperPearsonUpper": exact.high,
        "wilsonLower": wilson.low,
        "wilsonUpper": wilson.high,
    }

    found = computed({"unit": NamedNode(f"{BASE}unit/{unit}")})

    assert {name: pytest.approx(factor * limit, abs=factor * 5e-7) for name, limit in expected.items()} == found


def test_level_of_the_published_interval_is_used() -> None:
    """A 90 percent interval is recomputed at 90 percent."""
    found = computed({"confidenceLevel": Literal("90", datatype=NamedNode(XSD + "decimal"))})

    assert found["wilsonLower"] == pytest.approx(100 * wilson_interval(10, 20, level=0.9).low, abs=5e-5)


@pytest.mark.parametrize(
    "changes",
    [
        {"statistic": NamedNode(BASE + "statistic/rate-at-time")},
        {"intervalKind": NamedNode(BASE + "interval-kind/range")},
        {"events": None},
        {"total": None},
        {"lower": None},
        {"events": Literal(21)},
        {"countsDerived": Literal(True)},
        {"confidenceLevel": Literal("950", datatype=NamedNode(XSD + "decimal"))},
    ],
    ids=lambda changes: "-".join(changes),
)
def test_other_figures_have_none(changes: dict[str, NamedNode | Literal | None]) -> None:
    """A survival curve, a range, counts that are missing, impossible or worked out: nothing is computed."""
    assert computed(changes) == {}


def test_pooled_figures_have_none() -> None:
    """The interval of a pooled share does not follow from its counts."""
    claim = NamedNode(BASE + "claim/c")
    kind = Quad(claim, NamedNode(STANDARD_PREFIXES["rdf"] + "type"), NamedNode(CD22 + "PooledClaim"))
    link = Quad(claim, NamedNode(CD22 + "measurement"), NamedNode(MEASUREMENT))

    assert computed({}, kind, link) == {}


def with_interval(folder: Path, lower: str, upper: str) -> Path:
    """Return a folder of claim files in which one figure, 50 of 58, has an interval."""
    claims = folder / "claims"
    shutil.copytree(ROOT / "claims", claims)
    file = claims / "shah-2020.yaml"
    figure = 'value: 86.2, unit: "%", events: 50, total: 58, '
    text = file.read_text(encoding="utf-8")
    assert text.count(figure) == 1
    interval = f"lower: {lower}, upper: {upper}, intervalKind: confidence, confidenceLevel: 95, "
    file.write_text(text.replace(figure, figure + interval), encoding="utf-8")
    return claims


def test_check_finds_an_interval_that_the_counts_do_not_give(tmp_path: Path) -> None:
    """A curator is told of it in the line of the interval, with both recomputed intervals."""
    claims = with_interval(tmp_path, "70.1", "97.3")

    found = [f for f in check(claims=claims).report.findings if f.rule == "measurement-interval-recomputed"]

    assert [(f.severity, f.location and f.location.file.rpartition("/")[2]) for f in found] == [
        ("warning", "shah-2020.yaml")
    ]
    low, high = (100 * limit for limit in wilson_interval(50, 58))
    assert f"that of Wilson ({low:.4f} to {high:.4f})" in found[0].message


def test_build_holds_computed_limits_in_a_graph_of_their_own(tmp_path: Path) -> None:
    """Asserted, inferred and computed never mix; a sound interval is no finding."""
    claims = with_interval(tmp_path, "75.1", "92.8")

    outcome = build(tmp_path / "build", claims)

    assert outcome.conforms
    assert [f for f in outcome.report.findings if f.rule == "measurement-interval-recomputed"] == []
    assert read_manifest(tmp_path / "build")["graphs"][GRAPH_COMPUTED]["quads"] == 4
