"""Validation: findings with their place, marks that the rule confirms, and the report as data."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import NamedNode, Quad, RdfFormat, parse

from cd22kg.build import Outcome, check
from cd22kg.errors import InputError, Location
from cd22kg.namespaces import BASE, CD22, GRAPH_CLAIMS, PREFIXES, SHAPES
from cd22kg.validation import Finding, Report, Shapes, read_shapes, validate
from cd22kg.validation.report import SEVERITIES, Severity, ordered
from cd22kg.validation.validate import UNCONFIRMED

ROOT = Path(__file__).resolve().parents[1]
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
CLAIM = BASE + "claim/c"

#: Three rules that fit on a page, one of each severity, and one in SPARQL.
RULES = """
shape:counts a sh:NodeShape ; sh:targetClass cd22:Measurement ;
    sh:property shape:total-present , shape:total-positive .
shape:total-present a sh:PropertyShape ; sh:path cd22:total ; sh:minCount 1 ; sh:severity sh:Warning ;
    sh:message "There is no total. Fix: write `total`." .
shape:total-positive a sh:PropertyShape ; sh:path cd22:total ; sh:minInclusive 1 ; sh:severity sh:Violation ;
    sh:message "The total is below 1. Fix: count again." .
shape:events-le-total a sh:NodeShape ; sh:targetClass cd22:Measurement ;
    cd22:mayBePublished true ; sh:severity sh:Violation ;
    sh:message "The events ({?events}) exceed the total ({?total}). Fix: swap them." ;
    sh:sparql [ sh:select \"\"\"
        SELECT $this ?events ?total WHERE {
            $this <https://w3id.org/cd22kg/ontology#events> ?events ; <https://w3id.org/cd22kg/ontology#total> ?total
            FILTER(?events > ?total) }\"\"\" ] .
shape:printed a sh:NodeShape ; sh:targetClass cd22:Measurement ; sh:property shape:as-printed .
shape:as-printed a sh:PropertyShape ; sh:path cd22:asPrinted ; sh:minCount 1 ; sh:severity sh:Info ;
    sh:message "Nothing is printed" .
"""


class Known:
    """Places that a test knows."""

    def __init__(self, places: dict[tuple[str, str], Location]) -> None:
        """Keep the places by node and property."""
        self.places = places

    def locate(self, subject: str, predicate: str = "", value: str = "") -> Location | None:
        """Return the place of the property, else that of the node."""
        return self.places.get((subject, predicate)) or self.places.get((subject, ""))


def turtle(text: str) -> str:
    """Return Turtle in which our prefixes are known."""
    return "".join(f"@prefix {prefix}: <{base}> .\n" for prefix, base in PREFIXES.items()) + text


def claim(measurement: str, marks: str = "") -> list[Quad]:
    """Return the quads of a claim with a measurement."""
    text = turtle(
        f"<{CLAIM}> a cd22:ResultClaim ; cd22:measurement <{CLAIM}#measurement> .\n"
        f"<{CLAIM}#measurement> a cd22:Measurement {measurement} .\n{marks}"
    )
    graph = NamedNode(GRAPH_CLAIMS + "s")
    return [Quad(q.subject, q.predicate, q.object, graph) for q in parse(text, format=RdfFormat.TURTLE)]


def mark(rule: str) -> str:
    """Return the mark of a published inconsistency."""
    part = f"<{CLAIM}#inconsistency-1>"
    return f'<{CLAIM}> cd22:publishedInconsistency {part} . {part} cd22:brokenRule "{rule}" .'


@pytest.fixture
def shapes(tmp_path: Path) -> Shapes:
    """Return the rules above as a file of shapes."""
    path = tmp_path / "counts.ttl"
    path.write_text(turtle(RULES), encoding="utf-8")
    return read_shapes([path])


def summary(report: Report) -> list[tuple[str, str]]:
    """Return severity and rule of each finding, in order."""
    return [(finding.severity, finding.rule) for finding in report.findings]


# Findings


def test_sound_data_conform(shapes: Shapes) -> None:
    """Data that break no rule give an empty report."""
    report = validate(claim('; cd22:events 5 ; cd22:total 10 ; cd22:asPrinted "5/10"'), shapes)

    assert Report(()) == report
    assert report.conforms


def test_violation_tells_everything(shapes: Shapes) -> None:
    """A violation names rule, file, node, property, value, what is wrong, how to mend it, and where."""
    place = Location("claims/s.yaml", 12, 20)
    places = Known({(f"{CLAIM}#measurement", CD22 + "total"): place})
    report = validate(claim('; cd22:total 0 ; cd22:asPrinted "0"'), shapes, places)
    expected = Finding(
        rule="total-positive",
        rule_file="shapes/counts.ttl",
        severity="violation",
        focus=f"{CLAIM}#measurement",
        path=CD22 + "total",
        value="0",
        message="claim `c` (measurement): The total is below 1",
        hint="count again",
        location=place,
    )

    assert (expected,) == report.findings
    assert not report.conforms
    assert str(expected.problem()) == (
        "claims/s.yaml:12:20: violation: claim `c` (measurement): The total is below 1\n"
        "  rule: total-positive (shapes/counts.ttl)\n"
        "  fix:  count again"
    )


def test_rule_in_sparql_names_the_numbers(shapes: Shapes) -> None:
    """A rule that is a query fills its message with what it found, and is placed at the node."""
    place = Location("claims/s.yaml", 10, 18)
    report = validate(
        claim('; cd22:events 47 ; cd22:total 32 ; cd22:asPrinted "47"'),
        shapes,
        Known({(f"{CLAIM}#measurement", ""): place}),
    )

    assert summary(report) == [("violation", "events-le-total")]
    assert report.findings[0].message == "claim `c` (measurement): The events (47) exceed the total (32)"
    assert place == report.findings[0].location


def test_warnings_do_not_block(shapes: Shapes) -> None:
    """Warnings and infos are shown, most severe first, and the data conform."""
    report = validate(claim("; cd22:events 5"), shapes)

    assert summary(report) == [("warning", "total-present"), ("info", "as-printed")]
    assert report.conforms
    assert report.counts() == {"violation": 0, "warning": 1, "info": 1, "annotated": 0}


def test_message_without_a_fix(shapes: Shapes) -> None:
    """A message that tells no fix has no hint."""
    report = validate(claim("; cd22:events 5 ; cd22:total 5"), shapes)

    assert [(f.message, f.hint) for f in report.findings] == [("claim `c` (measurement): Nothing is printed", "")]


def test_without_places_there_is_no_location(shapes: Shapes) -> None:
    """Where nobody knows the files, a finding has no place and is still printed."""
    report = validate(claim('; cd22:total 0 ; cd22:asPrinted "0"'), shapes)

    assert [finding.location for finding in report.findings] == [None]
    assert str(report.findings[0].problem()).startswith("violation: claim `c` (measurement)")


def test_node_outside_our_base_is_named_by_its_iri(shapes: Shapes) -> None:
    """A node of somebody else is shown as what it is."""
    text = turtle('<http://example.org/m> a cd22:Measurement ; cd22:total 0 ; cd22:asPrinted "0" .')
    report = validate(list(parse(text, format=RdfFormat.TURTLE)), shapes)

    assert [finding.message for finding in report.findings] == ["<http://example.org/m>: The total is below 1"]


# Marks of the curator


def test_marked_violation_is_kept_and_shown(shapes: Shapes) -> None:
    """A violation that the curator marked as printed so is annotated and does not block."""
    data = claim('; cd22:events 47 ; cd22:total 32 ; cd22:asPrinted "47"', mark("events-le-total"))
    report = validate(data, shapes)

    assert summary(report) == [("annotated", "events-le-total")]
    assert report.conforms


def test_mark_covers_its_rule_only(shapes: Shapes) -> None:
    """A mark for one rule excuses no other."""
    data = claim('; cd22:events 47 ; cd22:total 0 ; cd22:asPrinted "47"', mark("events-le-total"))
    report = validate(data, shapes)

    assert summary(report) == [("violation", "total-positive"), ("annotated", "events-le-total")]
    assert not report.conforms


def test_mark_covers_its_claim_only(shapes: Shapes) -> None:
    """A mark on one claim excuses no other claim."""
    other = CLAIM.replace("claim/c", "claim/d")
    data = claim('; cd22:events 47 ; cd22:total 32 ; cd22:asPrinted "47"', mark("events-le-total"))
    extra = turtle(f'<{other}#measurement> a cd22:Measurement ; cd22:events 3 ; cd22:total 2 ; cd22:asPrinted "3" .')
    report = validate([*data, *parse(extra, format=RdfFormat.TURTLE)], shapes)

    assert [("violation", f"{other}#measurement"), ("annotated", f"{CLAIM}#measurement")] == [
        (finding.severity, finding.focus) for finding in report.findings
    ]


def test_mark_that_no_rule_confirms_is_a_warning(shapes: Shapes) -> None:
    """A mark on a sound figure is told, with its place, and does not block."""
    place = Location("claims/s.yaml", 20, 5)
    data = claim('; cd22:events 5 ; cd22:total 10 ; cd22:asPrinted "5"', mark("events-le-total"))
    report = validate(data, shapes, Known({(CLAIM, CD22 + "publishedInconsistency"): place}))

    assert summary(report) == [("warning", UNCONFIRMED)]
    assert report.findings[0].message == (
        "claim `c`: marked as breaking `events-le-total`, which does not fire, or is no rule about figures"
    )
    assert place == report.findings[0].location
    assert report.conforms


def test_mark_excuses_no_rule_of_ours(shapes: Shapes) -> None:
    """A rule that is not about figures, which no source can break in print, is excused by no mark."""
    data = claim('; cd22:total 0 ; cd22:asPrinted "0"', mark("total-positive"))
    report = validate(data, shapes)

    assert summary(report) == [("violation", "total-positive"), ("warning", UNCONFIRMED)]
    assert not report.conforms


def test_package_says_which_rules_are_about_figures() -> None:
    """The rules that a source may break in print are rules of the package, and not all of them."""
    shapes = read_shapes()

    assert "measurement-percent-agrees" in shapes.about_figures
    assert "claim-source-class" not in shapes.about_figures
    assert shapes.about_figures < set(shapes.files)


# The report as data


def test_report_as_json(shapes: Shapes) -> None:
    """The report is plain data that JSON holds without loss; what is not known is null."""
    place = Location("claims/s.yaml", 12, 20)
    report = validate(claim("; cd22:total 0"), shapes, Known({(f"{CLAIM}#measurement", CD22 + "total"): place}))
    expected: dict[str, Any] = {
        "conforms": False,
        "counts": {"violation": 1, "warning": 0, "info": 1, "annotated": 0},
        "findings": [
            {
                "rule": "total-positive",
                "ruleFile": "shapes/counts.ttl",
                "severity": "violation",
                "focusNode": f"{CLAIM}#measurement",
                "path": CD22 + "total",
                "value": "0",
                "message": "claim `c` (measurement): The total is below 1",
                "fix": "count again",
                "location": {"file": "claims/s.yaml", "line": 12, "column": 20},
            },
            {
                "rule": "as-printed",
                "ruleFile": "shapes/counts.ttl",
                "severity": "info",
                "focusNode": f"{CLAIM}#measurement",
                "path": CD22 + "asPrinted",
                "value": None,
                "message": "claim `c` (measurement): Nothing is printed",
                "fix": None,
                "location": None,
            },
        ],
    }

    assert expected == report.to_json()
    assert expected == json.loads(json.dumps(report.to_json()))


def finding(severity: Severity, line: int, rule: str) -> Finding:
    """Return a finding with a few fields."""
    place = Location("claims/s.yaml", line, 1) if line else None
    return Finding(rule, "", severity, CLAIM, "", "", "m", "", place)


FINDINGS = st.lists(
    st.builds(finding, st.sampled_from(SEVERITIES), st.integers(0, 3), st.sampled_from(["a", "b"])), max_size=8
)


@CALM
@given(FINDINGS, st.randoms(use_true_random=False))
def test_order_of_findings_is_fixed(findings: list[Finding], random: Any) -> None:
    """Whatever order they were found in, findings stand by severity and place, each once."""
    shuffled = [*findings, *findings[:2]]
    random.shuffle(shuffled)
    found = ordered(shuffled)

    assert ordered(findings) == found
    assert len(set(findings)) == len(found)
    assert sorted(SEVERITIES.index(f.severity) for f in found) == [SEVERITIES.index(f.severity) for f in found]


# The shapes of the package


def test_shapes_know_their_files() -> None:
    """Each rule of the package is found in the file that holds it."""
    shapes = read_shapes()

    assert shapes.files["measurement-events-le-total"] == "shapes/measurement-counts.ttl"
    for rule, name in shapes.files.items():
        assert re.search(rf"^shape:{rule}\s", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE), rule


def test_broken_shapes_are_an_error(tmp_path: Path) -> None:
    """Shapes that are not Turtle are refused with their place."""
    path = tmp_path / "broken.ttl"
    path.write_text("shape:x a sh:NodeShape .", encoding="utf-8")
    with pytest.raises(InputError, match=r"shapes/broken\.ttl:1") as caught:
        read_shapes([path])

    assert caught.value.hint


def test_unusable_shapes_are_an_error(tmp_path: Path) -> None:
    """Shapes that the engine cannot use are an error, never a report without findings."""
    path = tmp_path / "odd.ttl"
    path.write_text(
        turtle("shape:x a sh:NodeShape ; sh:targetClass cd22:Measurement ; sh:property shape:y , 5 ."), encoding="utf-8"
    )
    with pytest.raises(InputError, match="the shapes cannot be used"):
        validate(claim("; cd22:total 5"), read_shapes([path]))


@pytest.fixture
def claims(tmp_path: Path) -> Path:
    """Return a folder with a claim file that stands by itself."""
    folder = tmp_path / "claims"
    folder.mkdir()
    shutil.copy(ROOT / "claims" / "haso-2013.yaml", folder)
    return folder


def checked(claims: Path, old: str, new: str) -> Outcome:
    """Return the outcome of a check after a change in the claim file."""
    path = claims / "haso-2013.yaml"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    return check(claims=claims)


def line_of(claims: Path, text: str) -> int:
    """Return the number of the line in the claim file that holds a text."""
    lines = (claims / "haso-2013.yaml").read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_violation_of_a_claim_file_has_its_line(claims: Path) -> None:
    """More events than patients are found in the line, and at the column, of the measurement."""
    outcome = checked(claims, "events: 111, total: 111", "events: 112, total: 111")
    found = [f for f in outcome.report.of("violation") if f.rule == "measurement-events-le-total"]

    assert len(found) == 1
    assert found[0].location is not None
    assert str(claims / "haso-2013.yaml") == found[0].location.file
    assert line_of(claims, "events: 112") == found[0].location.line
    assert found[0].location.column > 1
    assert found[0].rule_file == "shapes/measurement-counts.ttl"
    assert SHAPES not in str(found[0].problem())


def test_annotated_figure_of_a_claim_file_does_not_block(claims: Path) -> None:
    """With the curator's mark, a percentage that disagrees with its counts is kept and told."""
    outcome = checked(
        claims,
        'events: 111, total: 111, countedUnit: patient, denominator: evaluable, asPrinted: "111 patients ... all"}\n',
        'value: 99, unit: "%", events: 111, total: 111, countedUnit: patient, denominator: evaluable, '
        'asPrinted: "99 %"}\n'
        "    publishedInconsistency:\n"
        "      - {rule: measurement-percent-agrees, reason: planted}\n",
    )

    assert outcome.conforms
    assert [f.rule for f in outcome.report.of("annotated")] == ["measurement-percent-agrees"]
    assert outcome.report.of("violation") == ()


def test_unconfirmed_mark_of_a_claim_file_has_its_line(claims: Path) -> None:
    """A mark on a sound figure is a warning in the line of the mark."""
    outcome = checked(
        claims,
        'asPrinted: "111 patients ... all"}\n',
        'asPrinted: "111 patients ... all"}\n'
        "    publishedInconsistency:\n"
        "      - {rule: measurement-percent-agrees, reason: planted}\n",
    )
    found = [f for f in outcome.report.of("warning") if f.rule == UNCONFIRMED]

    assert outcome.conforms
    assert [line_of(claims, "publishedInconsistency:")] == [f.location.line for f in found if f.location]
