"""Plots: the figures they show are those of the synthesis, in every format, with the same bytes wherever drawn."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import subprocess
import sys
from dataclasses import replace
from functools import cache
from io import BytesIO
from itertools import pairwise, product
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree

import matplotlib
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from PIL import Image

from cd22kg.errors import OutputError, QueryError
from cd22kg.export.plots import FORMS, KINDS, Form, Kind, draw, plot_bytes
from cd22kg.export.plots.forest import forest
from cd22kg.export.plots.funnel import funnel
from cd22kg.export.plots.layout import lay_out
from cd22kg.export.plots.marks import GROUP, POOLED, PREDICTION, STUDY, Shape, Text, shortened, wrapped
from cd22kg.export.plots.scale import Scale, share_range, ticks
from cd22kg.gate.text import visible
from cd22kg.statistics.effects import back_transform
from cd22kg.statistics.meta import Model
from cd22kg.statistics.options import METHODS, TRANSFORMS, Method, Transform
from cd22kg.synthesis.pooling import Analyses, synthesize
from cd22kg.synthesis.result import PooledStudy, Synthesis

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = ROOT / "tests" / "data" / "plots"
#: JSON Schema of Vega-Lite 6, in the npm package vega-lite as build/vega-lite-schema.json.
VEGA_LITE_SCHEMA = ROOT / ".venv" / "vega-lite-6.json"
SVG = "{http://www.w3.org/2000/svg}"
XLINK = "{http://www.w3.org/1999/xlink}"
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
CLAIM = "https://w3id.org/cd22kg/claim/"
STARTS = {"svg": b"<?xml", "png": b"\x89PNG\r\n\x1a\n", "pdf": b"%PDF-1.4", "json": b"{\n"}
EVERYTHING = Analyses(by="construct", leave_one_out=True, cumulative=True, small_study=True)

#: Label, events, total, year and construct of studies that nobody made.
COUNTS = (
    ("Alpha 2014", 9, 15, 2014, "single"),
    ("Beta 2015", 35, 58, 2015, "single"),
    ("Gamma 2015", 0, 6, 2015, "tandem"),
    ("Delta", 26, 40, 2018, "tandem"),
    ("Epsilon 2019", 84, 110, 2019, "single"),
    ("Zeta 2021", 8, 8, 2021, "tandem"),
)


def studies(count: int = len(COUNTS)) -> list[PooledStudy]:
    """Return studies: those above, and then the same again under other names."""
    found = []
    for at in range(count):
        label, events, total, year, construct = COUNTS[at % len(COUNTS)]
        again = f" ({at // len(COUNTS)})" if at >= len(COUNTS) else ""
        facts = (("construct", construct),)
        study = PooledStudy(
            label + again, events, total, f"example-{at + 1}", year=year, derived=label == "Delta", facts=facts
        )
        found.append(study)
    return found


def example(
    model: Model | None = None, analyses: Analyses | None = None, rows: list[PooledStudy] | None = None
) -> Synthesis:
    """Return a synthesis of studies that nobody made."""
    found = synthesize("An outcome: a therapy in patients", rows or studies(), model or Model(), analyses)
    return replace(found, graph="sha256:" + "0123456789abcdef" * 4, version="0.0.0")


@cache
def whole() -> Synthesis:
    """Return a synthesis with everything that is drawn."""
    mixed = ("mixed denominators: evaluable (2), infused (4)",)
    return replace(example(analyses=EVERYTHING), mixed=mixed)


@cache
def drawn(kind: Kind, form: Form) -> bytes:
    """Return a plot of it."""
    return plot_bytes(whole(), kind, form)


def picture(content: bytes) -> ElementTree.Element:
    """Return a picture in SVG as a tree."""
    return ElementTree.fromstring(content)  # noqa: S314  # drawn here


def texts(content: bytes) -> list[str]:
    """Return the texts of a picture in SVG, in their order."""
    return ["".join(text.itertext()) for text in picture(content).iter(SVG + "text")]


def width(text: str, size: float, bold: bool) -> float:
    """Return the width of a text in a font whose letters are all as wide."""
    return len(text) * size * (0.65 if bold else 0.6)


def digests() -> str:
    """Return a digest of every kind in every format, for a second process."""
    found = {f"{kind}.{form}": hashlib.sha256(drawn(kind, form)).hexdigest() for kind, form in product(KINDS, FORMS)}
    return json.dumps(found)


def rewrite() -> None:
    """Write the recorded files anew.

    From the top folder: ``python -c "from tests import test_plots as t; t.rewrite()"``.
    """
    for kind in KINDS:
        (GOLDEN / f"{kind}.json").write_bytes(drawn(kind, "json"))
        (GOLDEN / f"{kind}.txt").write_text("\n".join(texts(drawn(kind, "svg"))) + "\n", encoding="utf-8")


# Formats


@pytest.mark.parametrize(("kind", "form"), list(product(KINDS, FORMS)))
def test_every_kind_in_every_format(kind: Kind, form: Form, tmp_path: Path) -> None:
    """What is offered is written, and is what its name says."""
    path = tmp_path / f"plot.{form.upper() if form == 'png' else form}"
    draw(whole(), path, kind)
    content = path.read_bytes()
    assert content.startswith(STARTS[form])
    if form == "svg":
        assert picture(content).tag == SVG + "svg"
    elif form == "png":
        with Image.open(BytesIO(content)) as image:
            image.load()
            assert [round(dots) for dots in image.info["dpi"]] == [300, 300]
    elif form == "pdf":
        assert content.rstrip().endswith(b"%%EOF")
    else:
        assert json.loads(content)["$schema"] == "https://vega.github.io/schema/vega-lite/v6.json"


def test_same_bytes_wherever_drawn(tmp_path: Path) -> None:
    """Neither hash seed, time zone, language nor settings of matplotlib of another process change a byte."""
    settings = tmp_path / "matplotlibrc"
    settings.write_text("font.size: 30\nsvg.fonttype: path\nfont.family: serif\naxes.unicode_minus: False\n")
    elsewhere = {
        "PYTHONHASHSEED": "4711",
        "TZ": "Pacific/Kiritimati",
        "LC_ALL": "tr_TR.UTF-8",
        "MATPLOTLIBRC": str(settings),
        "SOURCE_DATE_EPOCH": "86400",
        "PYTHONPATH": str(ROOT),
    }
    code = "from tests.test_plots import digests; print(digests())"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, **elsewhere},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == json.loads(digests())


@pytest.mark.parametrize("form", FORMS)
def test_same_bytes_twice(form: Form) -> None:
    """A second plot is the first one, whatever was drawn in between."""
    plot_bytes(example(rows=studies(2)), "forest", form)
    assert plot_bytes(whole(), "forest", form) == drawn("forest", form)


def test_settings_of_the_program_stay() -> None:
    """Who draws with matplotlib around us finds its settings as they were, and no window."""
    before = dict(matplotlib.rcParams)
    with matplotlib.rc_context({"font.size": 31, "text.usetex": True}):
        assert plot_bytes(whole(), "forest", "svg") == drawn("forest", "svg")
        assert matplotlib.rcParams["font.size"] == 31
    assert dict(matplotlib.rcParams) == before


def test_libraries_are_loaded_when_they_draw() -> None:
    """Naming the plots loads no library, Vega-Lite no matplotlib, and nothing its global state."""
    code = """
import sys
import cd22kg.export.plots
assert not {"matplotlib", "numpy", "scipy"} & set(sys.modules)
from tests import test_plots
for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
    del sys.modules[name]
cd22kg.export.plots.plot_bytes(test_plots.whole(), "forest", "json")
assert "matplotlib" not in sys.modules
cd22kg.export.plots.plot_bytes(test_plots.whole(), "forest", "png")
assert "matplotlib" in sys.modules and "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=ROOT, check=True)


# Figures


def test_forest_shows_the_figures_of_the_synthesis() -> None:
    """Each row is there with counts, share, interval and weight, and the pooled figure with all that belongs to it."""
    found, shown = whole().estimate, texts(drawn("forest", "svg"))
    assert found.prediction_lower is not None and found.prediction_upper is not None
    row = shown.index("Epsilon 2019")
    low, high = whole().studies[4].exact(0.95)
    assert shown[row + 1 : row + 6] == [
        "84",
        "110",
        "76.4",
        f"[{100 * low:.1f}, {100 * high:.1f}]",
        f"{100 * found.weights[4]:.1f}",
    ]
    row = shown.index("Pooled, 6 studies")
    assert shown[row + 1 : row + 8] == [
        str(found.events),
        str(found.total),
        f"{100 * found.estimate:.1f}",
        f"[{100 * found.lower:.1f}, {100 * found.upper:.1f}]",
        "100.0",
        "Prediction interval",
        f"[{100 * found.prediction_lower:.1f}, {100 * found.prediction_upper:.1f}]",
    ]


def test_forest_tells_heterogeneity_and_method() -> None:
    """What a reader of a pooled figure asks for stands below it."""
    found, below = whole().estimate, " ".join(texts(drawn("forest", "svg")))
    assert found.i2 is not None and found.i2_lower is not None and found.i2_upper is not None
    assert found.tau2_lower is not None and found.tau2_upper is not None
    for told in (
        f"I² = {100 * found.i2:.1f}\u00a0% [{100 * found.i2_lower:.1f}, {100 * found.i2_upper:.1f}]",
        f"τ² = {found.tau2:.4f} [{found.tau2_lower:.4f}, {found.tau2_upper:.4f}]",
        f"Q = {found.q:.2f}, df = 5, p",
        "Random-effects model (restricted maximum likelihood), logit transformation. Where nobody or",
        "exact (Clopper-Pearson)",
        "mixed denominators: evaluable (2), infused (4)",
        "~ counts worked out from a percentage",
        "cd22kg 0.0.0, graph sha256:0123456789ab. An index of published evidence, not medical guidance.",
    ):
        assert told in below


def test_groups_have_their_own_figures() -> None:
    """Each group stands under its name, with what it comes to and its share of the weight; then the test between."""
    found, shown = whole(), texts(drawn("forest", "svg"))
    assert found.subgroups is not None and found.subgroups.q is not None
    for name, estimate in zip(found.subgroups.labels, found.subgroups.estimates, strict=True):
        members = [at for at, study in enumerate(found.studies) if study.fact("construct") == name]
        begin = shown.index(f"Construct: {name}")
        end = begin + 1 + 6 * len(members)
        assert [shown[at] for at in range(begin + 1, end, 6)] == [
            found.studies[at].label + (", 2018" if at == 3 else "") for at in members
        ]
        assert shown[end : end + 6] == [
            f"Pooled, {len(members)} studies",
            str(estimate.events),
            str(estimate.total),
            f"{100 * estimate.estimate:.1f}",
            f"[{100 * estimate.lower:.1f}, {100 * estimate.upper:.1f}]",
            f"{100 * sum(found.estimate.weights[at] for at in members):.1f}",
        ]
        assert f"Q = {estimate.q:.2f}, df = {len(members) - 1}" in shown[end + 6]
    assert f"Test between groups: Q = {found.subgroups.q:.2f}, df = 1, p = " in " ".join(shown)


def test_derived_counts_are_marked() -> None:
    """A count that was worked out is told from one that was printed, and a year is added where the label has none."""
    shown = texts(drawn("forest", "svg"))
    assert shown[shown.index("Delta, 2018") + 1] == "~26"
    assert shown[shown.index("Beta 2015") + 1] == "35"
    kept = [study for study in studies() if not study.derived]
    assert not any("~" in text for text in texts(plot_bytes(example(rows=kept), "forest", "svg")))


@pytest.mark.parametrize("kind", ["cumulative", "leave-one-out"])
def test_every_step_is_shown(kind: Kind) -> None:
    """The pooled figure after, or without, each study stands in its row; the last row is that of all."""
    found, shown = whole(), texts(drawn(kind, "svg"))
    steps = found.cumulative if kind == "cumulative" else tuple(enumerate(found.leave_one_out))
    sign = "+" if kind == "cumulative" else "\N{MINUS SIGN}"
    names = [f"{sign} {found.studies[at].label}" + (", 2018" if at == 3 else "") for at, _ in steps]
    for name, estimate in zip([*names, "All studies"], [*(step for _, step in steps), found.estimate], strict=True):
        row = shown.index(name)
        assert shown[row + 1 : row + 6] == [
            str(estimate.k),
            str(estimate.events),
            str(estimate.total),
            f"{100 * estimate.estimate:.1f}",
            f"[{100 * estimate.lower:.1f}, {100 * estimate.upper:.1f}]",
        ]


def test_places_are_to_scale() -> None:
    """Areas of squares go with weights, ends of diamonds and bars with intervals, middles with estimates."""
    found = whole()
    sheet = lay_out(forest(found), width)
    axis = Scale(0, 1, *ends_of_axis(sheet.marks))
    shapes = [mark for mark in sheet.marks if isinstance(mark, Shape)]
    squares = {mark.link.removeprefix(CLAIM): mark for mark in shapes if mark.fill == STUDY}
    heaviest = max(found.estimate.weights)
    for study, weight in zip(found.studies, found.estimate.weights, strict=True):
        (left, top), _, (right, bottom), _ = squares[study.claim].points
        assert (left + right) / 2 == pytest.approx(axis.at(study.events / study.total))
        assert right - left == pytest.approx(bottom - top) == pytest.approx(max(2.5, 10 * (weight / heaviest) ** 0.5))
    (diamond,) = (mark for mark in shapes if mark.fill == POOLED)
    total = found.estimate
    assert [x for x, _ in diamond.points] == pytest.approx(
        [axis.at(share) for share in (total.lower, total.estimate, total.upper, total.estimate)]
    )
    (bar,) = (mark for mark in shapes if mark.fill == PREDICTION)
    low, high = cast(float, total.prediction_lower), cast(float, total.prediction_upper)
    assert [x for x, _ in bar.points] == pytest.approx([axis.at(share) for share in (low, high, high, low)])
    assert len([mark for mark in shapes if mark.fill == GROUP]) == 2


def ends_of_axis(marks: tuple[Any, ...]) -> tuple[float, float]:
    """Return the places of 0 and 100 at the axis of a forest plot."""
    centred = {mark.text: mark.x for mark in marks if isinstance(mark, Text) and mark.align == "center"}
    return centred["0"], centred["100"]


def test_texts_do_not_overlap() -> None:
    """No text runs into another one of its row, or off the sheet."""
    sheet = lay_out(forest(whole()), width)
    rows: dict[float, list[tuple[float, float]]] = {}
    for mark in sheet.marks:
        if isinstance(mark, Text):
            wide = width(mark.text, mark.size, mark.bold)
            left = mark.x - {"left": 0.0, "center": wide / 2, "right": wide}[mark.align]
            rows.setdefault(mark.y, []).append((left, left + wide))
            assert 0 < mark.y < sheet.height
    for spans in rows.values():
        edges = [edge for span in sorted(spans) for edge in span]
        assert edges == sorted(edges)
        assert edges[0] >= 0
        assert edges[-1] <= sheet.width


def test_funnel_stands_on_the_scale_of_the_model() -> None:
    """Points are effects and standard errors; the percentages at the axis are where the scale has them."""
    found = whole()
    plot = funnel(found)
    assert [point.effect for point in plot.points] == list(found.estimate.effects)
    assert [point.se**2 for point in plot.points] == pytest.approx(list(found.estimate.variances))
    assert plot.mean == found.estimate.mean
    assert plot.reach == pytest.approx(1.959964, abs=1e-6)
    words = " ".join(texts(drawn("funnel", "svg")))
    assert "Proportion, % (logit scale)" in words and "Standard error (logit scale)" in words
    assert "doi:10.1016/j.jclinepi.2014.03.003" in words
    for name, test in found.small_study:
        assert f"{name}: p = {test.p:.{2 if test.p >= 0.1 else 3}f}" in words


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_funnel_of_every_scale(transform: Transform) -> None:
    """Percentages stand where the scale has them, also as Vega computes them back, and there are some."""
    plot = funnel(example(Model(transform)))
    assert any("depends on the proportion" in note for note in plot.notes) is (transform in ("logit", "log", "raw"))
    percentages = plot.percentages()
    assert len(percentages) >= 3
    for percentage, value in percentages:
        back = back_transform(as_array(value), transform, as_array(1e9))
        assert 100 * float(back[0]) == pytest.approx(percentage, abs=1e-4)
    axis = json.loads(plot_bytes(example(Model(transform)), "funnel", "json"))["layer"][-2]["encoding"]["x"]["axis"]
    formula = re.fullmatch(r"format\(100 \* \((.*)\), '\.3~g'\)", axis["labelExpr"])
    assert formula
    code = formula[1].replace("datum.value", "value")
    computed = [eval(code, {**vars(math), "value": value}) for value in axis["values"]]  # noqa: S307  # our own text
    assert [100 * share for share in computed] == pytest.approx(sorted(dict(percentages)), abs=2e-4)


def as_array(number: float) -> Any:
    """Return an array of one number."""
    import numpy as np

    return np.array([number])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_method_is_drawn(method: Method, kind: Kind) -> None:
    """What a method does not have is left out: weights, variance between studies, prediction."""
    analyses = Analyses(leave_one_out=True, cumulative=True)
    rows = [study for study in studies() if study.label != "Zeta 2021"]
    shown = texts(plot_bytes(example(Model(method=method), analyses, rows[::-1]), kind, "svg"))
    if kind == "forest":
        assert ("Weight, %" in shown) is (method != "GLMM")
        assert ("Prediction interval" in shown) is (method != "FE")
        assert any("τ²" in text for text in shown) is (method != "FE")
        assert any("squares go with their patients" in text for text in shown) is (method == "GLMM")


def test_level_is_named() -> None:
    """Intervals say of which level they are, and are of it."""
    found = example(Model(level=0.9))
    shown = texts(plot_bytes(found, "forest", "svg"))
    low, high = found.studies[0].exact(0.9)
    assert "90\u00a0% CI" in shown
    assert f"[{100 * low:.1f}, {100 * high:.1f}]" in shown


def test_one_study() -> None:
    """A single study has no heterogeneity, and no further one to be expected."""
    shown = texts(plot_bytes(example(rows=studies(1)), "forest", "svg"))
    assert "Pooled, 1 study" in shown
    assert not any("Heterogeneity" in text or "Prediction" in text for text in shown)
    assert plot_bytes(example(rows=studies(1)), "funnel", "svg")


def test_many_studies_make_it_higher() -> None:
    """Rows keep their height, so that sixty studies can be read like six."""
    small, large = (lay_out(forest(example(rows=studies(count))), width) for count in (6, 66))
    assert large.height - small.height == pytest.approx(60 * 15)


def test_too_many_studies(tmp_path: Path) -> None:
    """A plot that nobody can read is refused before it is drawn; a very high picture has fewer dots per inch."""
    with pytest.raises(QueryError, match="2001 rows"):
        draw(example(rows=studies(1999)), tmp_path / "plot.png")
    assert not list(tmp_path.iterdir())
    with Image.open(BytesIO(plot_bytes(example(rows=studies(350)), "forest", "png"))) as image:
        assert 40e6 < image.width * image.height < 51e6


def test_studies_that_agree_completely() -> None:
    """An interval that is a point is drawn, as after Hartung and Knapp; groups without standard error have no test."""
    rows = [replace(study, events=10, total=20, label=f"Study {at}") for at, study in enumerate(studies())]
    found = example(Model(hartung_knapp=True), Analyses(by="construct"), rows)
    assert found.estimate.lower == pytest.approx(found.estimate.upper)
    (diamond,) = (
        mark for mark in lay_out(forest(found), width).marks if isinstance(mark, Shape) and mark.fill == POOLED
    )
    assert diamond.points[2][0] - diamond.points[0][0] == pytest.approx(1.5)
    assert any(
        "no test, for a group has no standard error" in text for text in texts(plot_bytes(found, "forest", "svg"))
    )


# Texts


HOSTILE = (
    "$x^2$ and \\frac{1}{2}",
    "<script>alert(1)</script> & \"quotes\" 'too'",
    "two\nlines\x1b[31m\u202e",
    "漢字 и кириллица",
    "very long " * 40,
    "1" * 300,
)


@pytest.mark.parametrize("label", HOSTILE)
@pytest.mark.parametrize("form", FORMS)
def test_hostile_labels(label: str, form: Form) -> None:
    """Names are shown as they are written: no formula, no markup, no control character; long ones are cut."""
    rows = [replace(studies()[0], label=label), *studies()[1:]]
    content = plot_bytes(replace(example(rows=rows), title=label), "forest", form)
    if form == "svg":
        assert not picture(content).findall(f".//{SVG}script")
        assert not set(content) & set(b"\x1b")
        shown = texts(content)
        if label.startswith("two"):
            assert "two\\u000Alines\\u001B[31m\\u202E, 2014" in shown
        elif len(label) < 50:
            assert f"{label}, 2014" in shown
        else:
            assert any("…" in text and text.endswith(", 2014") for text in shown)
    if form == "json":
        assert json.loads(content)["data"]["values"][0]["study"] == visible(f"{label}, 2014")


def test_cut_texts_keep_both_ends() -> None:
    """What tells long names apart is at their beginning or end."""
    assert shortened("a-source-with-a-long-slug-2021 (dose level 2)", 20 * 8.5 * 0.6, width) == "a-source-wit…evel 2)"
    assert shortened("short", 100, width) == "short"


def test_wrapped_texts_keep_their_words() -> None:
    """Lines are no wider than asked, and together say the same."""
    text = "Heterogeneity is told in one sentence that is longer than a line of the plot can be."
    lines = list(wrapped(text, 150, width))
    assert " ".join(lines) == text
    assert len(lines) > 2 and all(width(line, 7.5, False) <= 150 for line in lines)


# Claims


def test_claims_are_in_the_file() -> None:
    """Every format names the claims whose figures it shows, and has no date."""
    claims = [CLAIM + study.claim for study in whole().studies]
    document = picture(drawn("forest", "svg"))
    assert [item.text for item in document.iter(RDF + "li")] == claims
    assert not list(document.iter("{http://purl.org/dc/elements/1.1/}date"))
    with Image.open(BytesIO(drawn("forest", "png"))) as image:
        about = cast(Any, image).text
    assert about["Source"].split() == claims
    assert set(about) == {"Title", "Description", "Software", "Source"}
    pdf = drawn("forest", "pdf").decode("latin-1")
    assert all(f"/URI ({claim})" in pdf for claim in claims)
    assert " ".join(claims) in pdf and "Date" not in pdf
    spec = json.loads(drawn("forest", "json"))
    assert spec["usermeta"]["claims"] == claims
    assert [value["claim"] for value in spec["data"]["values"] if value["kind"] == "study"] == [
        CLAIM + f"example-{number}" for number in (1, 2, 5, 3, 4, 6)
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_labels_lead_to_claims(kind: Kind) -> None:
    """Each study is a link in SVG."""
    links = {link.get(XLINK + "href") for link in picture(drawn(kind, "svg")).iter(SVG + "a")}
    assert links == {CLAIM + study.claim for study in whole().studies}


def test_rows_of_a_table_have_no_claims() -> None:
    """Studies from somebody's table lead nowhere, and nothing says they do."""
    found = example(rows=[replace(study, claim="") for study in studies()])
    for kind, form in product(("forest", "funnel"), FORMS):
        assert b"w3id.org" not in plot_bytes(found, cast(Kind, kind), form)


# Vega-Lite


@pytest.mark.parametrize("kind", KINDS)
def test_vega_lite_is_as_recorded(kind: Kind) -> None:
    """The documents for the web are those that were looked at; after a change look at the new ones."""
    assert (GOLDEN / f"{kind}.json").read_bytes() == drawn(kind, "json")


@pytest.mark.parametrize("kind", KINDS)
def test_texts_are_as_recorded(kind: Kind) -> None:
    """The texts of the pictures are those that were looked at."""
    assert (GOLDEN / f"{kind}.txt").read_text(encoding="utf-8").splitlines() == texts(drawn(kind, "svg"))


@pytest.mark.parametrize("kind", KINDS)
def test_vega_lite_against_its_schema(kind: Kind) -> None:
    """The JSON Schema of Vega-Lite 6 finds nothing to object to."""
    if not VEGA_LITE_SCHEMA.exists():
        pytest.skip("no schema of Vega-Lite in .venv/vega-lite-6.json; the npm package vega-lite has it")
    validator = Draft7Validator(json.loads(VEGA_LITE_SCHEMA.read_text(encoding="utf-8")))
    errors = validator.iter_errors(json.loads(drawn(kind, "json")))
    assert [error.message for error in errors] == []


def test_vega_lite_fetches_nothing() -> None:
    """The data stand in the document, and no row lacks what is drawn of its kind."""
    spec = json.loads(drawn("forest", "json"))
    assert '"url"' not in drawn("forest", "json").decode()
    for value in spec["data"]["values"]:
        needed = {"study": {"lower", "estimate", "upper", "weight", "claim"}, "prediction": {"lower", "upper"}}
        needed |= {kind: {"lower", "estimate", "upper"} for kind in ("group", "overall")}
        assert needed.get(value["kind"], set()) <= set(value)
        assert [len(value["before"]), len(value["after"])] == [2, 3]


# Axes


@given(st.lists(st.floats(0, 1), min_size=1))
def test_axis_holds_every_share(shares: list[float]) -> None:
    """Nothing is cut off, nothing lies outside of 0 to 100 %, and no axis is so short that it exaggerates."""
    low, high = share_range(shares)
    assert 0 <= low <= min(shares) + 1e-6 and max(shares) - 1e-6 <= high <= 1
    assert high - low >= 0.2 - 1e-9


@given(st.floats(-1e3, 1e3), st.floats(1e-3, 1e3), st.integers(2, 10))
def test_ticks_are_few_round_and_inside(low: float, length: float, most: int) -> None:
    """Numbers at an axis stand between its ends at equal distances, no more of them than asked."""
    found = ticks(low, low + length, most)
    assert 1 <= len(found) <= most
    assert all(low - 1e-5 * length <= tick <= low + length * (1 + 1e-5) for tick in found)
    steps = [after - before for before, after in pairwise(found)]
    assert steps == pytest.approx(steps[:1] * len(steps), rel=1e-5)


# Errors


@pytest.mark.parametrize("name", ["plot.svgz", "plot", "plot.jpg"])
def test_unknown_ending(name: str, tmp_path: Path) -> None:
    """An ending that is no format is refused, with those that are, before anything is written."""
    with pytest.raises(OutputError) as caught:
        draw(whole(), tmp_path / name)
    assert caught.value.hint == "one of: .svg, .png, .pdf, .json"
    assert not list(tmp_path.iterdir())


def test_unknown_kind(tmp_path: Path) -> None:
    """A kind that there is not is refused, with those that there are."""
    with pytest.raises(QueryError) as caught:
        draw(whole(), tmp_path / "plot.svg", cast(Kind, "pie"))
    assert caught.value.hint == "one of: forest, funnel, cumulative, leave-one-out"


@pytest.mark.parametrize("kind", ["cumulative", "leave-one-out"])
def test_what_was_not_computed_is_not_drawn(kind: Kind, tmp_path: Path) -> None:
    """A plot asks for what it shows, and writes nothing without it."""
    with pytest.raises(QueryError, match="one"):
        draw(example(), tmp_path / "plot.svg", kind)
    assert not list(tmp_path.iterdir())


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where it is not installed the message says how to install it; Vega-Lite does without."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(OutputError) as caught:
        draw(whole(), tmp_path / "plot.svg")
    assert "pip install 'cd22kg[stats]'" in caught.value.hint
    draw(whole(), tmp_path / "plot.json")
    assert [path.name for path in tmp_path.iterdir()] == ["plot.json"]
