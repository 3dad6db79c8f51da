"""Reports: the forms of `validate` and `check`, what data may not do to them, and the codes that lead to the rules."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree
from xml.parsers import expat

import pytest
from jsonschema import Draft4Validator, FormatChecker
from pyoxigraph import CanonicalizationAlgorithm, Dataset, Literal, NamedNode, Quad, RdfFormat, parse

from cd22kg.cli import main, reports
from cd22kg.conformance import open_data, shapes_in, validate_data
from cd22kg.errors import Location, Problem
from cd22kg.gate.text import is_hidden
from cd22kg.namespaces import STANDARD_PREFIXES
from cd22kg.validation import read_checks, read_shapes
from cd22kg.validation.engine import Validation
from cd22kg.validation.nearest import MAX_LOOKUPS
from cd22kg.validation.plan import Result
from cd22kg.validation.report import Finding, Report, Severity
from cd22kg.validation.rules import FAULT, OWN_RULES, PAGE, Rule, check_rules, shape_rules, with_own
from cd22kg.validation.runner import Tally
from cd22kg.validation.shielding import shielded
from cd22kg.validation.verdict import Verdict
from cd22kg.validation.writer_html import POLICY
from cd22kg.validation.writer_sarif import fingerprints
from cd22kg.validation.writers import CHECK_FORMS, WRITERS, to_text
from tests.conftest import Cli
from tests.test_shapes import rule_id, rules

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "tests" / "data" / "reports"
#: The expected report of `patients.ttl`, by form.
GOLDEN = {
    "text": "report.txt",
    "json": "report.json",
    "ttl": "report.ttl",
    "sarif": "report.sarif",
    "junit": "report.xml",
    "html": "report.html",
}
SH = STANDARD_PREFIXES["sh"]
#: JSON Schema of SARIF, in the npm package @microsoft/jest-sarif as lib/schemas/sarif-2.1.0-rtm.5.json.
SARIF_SCHEMA = ROOT / ".venv" / "sarif-2.1.0.json"
#: Everything that text from outside may try on a terminal, a log, or a document.
HOSTILE = (
    "a\n::error file=x::b\r\n##[error]c ##vso[task]d \x1b[31m \x00 <script>alert(1)</script> ]]> \" ' & \t"
    " \u202e \u2066 \u200b \u2028 \ufffe \U000e0001 [x](http://example.org) {0} |"
)


def verdict(limit: int | None = None) -> Verdict:
    """Return the verdict on the patients, named as from within their folder."""
    with open_data(FOLDER / "patients.ttl") as data:
        found = validate_data(replace(data, name="patients.ttl"), shapes_in(FOLDER / "shapes.ttl"), limit=limit)
    short = tuple(replace(finding, rule_file=Path(finding.rule_file).name) for finding in found.report.findings)
    named = {code: replace(rule, file=Path(rule.file).name) for code, rule in found.rules.items()}
    return replace(found, report=replace(found.report, findings=short), rules=named)


def finding(rule: str = "r", severity: Severity = "violation", line: int = 3, **fields: Any) -> Finding:
    """Return a finding."""
    known: dict[str, Any] = {"rule_file": "shapes/r.ttl", "focus": "http://example.org/n", "path": "", "value": ""}
    place = Location("claims/a.yaml", line, 5) if line else None
    return Finding(
        **{"rule": rule, "severity": severity, "message": "m", "hint": "h", "location": place, **known, **fields}
    )


def canonical(text: str) -> list[str]:
    """Return the triples of a Turtle text as sorted lines, whatever its blank nodes are called."""
    triples = Dataset(Quad(t.subject, t.predicate, t.object) for t in parse(text, format=RdfFormat.TURTLE))
    triples.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    return sorted(map(str, triples))


def read_xml(text: str) -> ElementTree.Element:
    """Return XML read back by a parser that takes no document type, and so no entities."""

    def refuse(*_: object) -> None:
        raise AssertionError("a document type")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.Parse(text.encode(), True)
    return ElementTree.fromstring(text.encode())  # noqa: S314  # without a document type there are no entities


# The forms


def test_every_form_has_an_expected_report() -> None:
    """A new form needs a report to compare with; `check` has every form but SHACL's own."""
    assert sorted(WRITERS) == sorted(GOLDEN)
    assert [form for form in WRITERS if form not in CHECK_FORMS] == ["ttl"]


@pytest.mark.parametrize("form", [form for form in WRITERS if form != "ttl"])
def test_report_is_as_expected(form: str) -> None:
    """The report on the patients is the one on file, but for the version of the program."""
    text = re.sub(r'"version": "\d+\.\d+\.\d+[^"]*",\n(?= +"rules")', '"version": "0",\n', WRITERS[form](verdict()))

    assert (FOLDER / GOLDEN[form]).read_text(encoding="utf-8") == text


def test_report_in_turtle_is_as_expected() -> None:
    """The triples of SHACL's own report are those on file."""
    expected = (FOLDER / GOLDEN["ttl"]).read_text(encoding="utf-8")

    assert canonical(expected) == canonical(WRITERS["ttl"](verdict()))


@pytest.mark.parametrize("form", WRITERS)
def test_cut_report_says_of_how_many(form: str) -> None:
    """A report that shows some findings says in every form how many there are, and counts all by severity."""
    text = WRITERS[form](verdict(limit=2))

    assert "2 of 7 " in text
    if form == "sarif":
        run = json.loads(text)["runs"][0]
        assert (run["properties"]["total"], run["properties"]["shown"], len(run["results"])) == (7, 2, 2)
    if form == "json":
        report = json.loads(text)
        assert (report["total"], report["shown"], report["counts"]["violation"]) == (7, 2, 4)


@pytest.mark.parametrize("form", CHECK_FORMS)
def test_faults_stand_beside_findings(form: str) -> None:
    """A file that cannot be read is told in every form of `check`, and blocks."""
    problems = (Problem("the key `id` is missing", Location("claims/b.yaml", 7, 3), hint="add `id:`"),)
    found = Verdict(Report((finding(severity="warning"),)), rules=with_own({}), problems=problems)
    text = WRITERS[form](found)

    assert not found.conforms
    assert "the key `id` is missing" in text
    assert "claims/b.yaml" in text
    assert "claims/a.yaml" in text


# What data may not do


def hostile() -> Verdict:
    """Return a verdict with hostile text in every field that others can write."""
    label = HOSTILE.replace("\x00", "")
    node = "http://example.org/\u202e::error"
    fields: dict[str, Any] = {
        "message": HOSTILE,
        "hint": HOSTILE,
        "value": HOSTILE,
        "focus": node,
        "path": node,
        "rule_file": label,
    }
    findings = (
        finding(HOSTILE, location=Location("::error file=y::" + HOSTILE, 1, 1), **fields),
        finding("bare", location=None, **{**fields, "focus": HOSTILE}),
    )
    rule = Rule(HOSTILE, label, "violation", label, label, label, label, (label,), (label,), label, page=label)
    problem = Problem(HOSTILE, Location("::warning::" + label, 2, 1), hint=HOSTILE)
    tally = Tally()
    result = Result(
        NamedNode(node), None, Literal(label), NamedNode(node), SH + "InConstraintComponent", SH + "Violation"
    )
    tally.add("violation", replace(result, messages=(Literal(label),)))
    report = Report(findings, notes=(HOSTILE,))
    return Verdict(report, Validation(tally), {HOSTILE: rule}, (problem,), data=label)


@pytest.mark.parametrize("form", WRITERS)
def test_hostile_text_hides_nothing_and_commands_nobody(form: str) -> None:
    """No form holds a character that hides or moves, or a line that a build service takes for a command."""
    text = WRITERS[form](hostile())

    assert {c for c in text if is_hidden(c)} <= {"\n", "\t"}
    assert [line for line in text.splitlines() if line.strip().startswith("::")] == []
    assert re.findall(r"##(?:vso)?\[", text) == []


def test_hostile_text_in_text() -> None:
    """Each finding keeps to its lines: place and message, rule, fix."""
    lines = to_text(hostile()).splitlines()
    starts = [re.match(r"\./::(?:error|warning)|  rule: |  fix:  |violation: |note: ", line) for line in lines[:-2]]

    assert [match[0] for match in starts if match] == [
        *("./::warning", "  fix:  "),
        *("./::error", "  rule: ", "  fix:  "),
        *("violation: ", "  rule: ", "  fix:  "),
        "note: ",
    ]
    assert len(lines) == 9 + 2


def test_hostile_text_in_json() -> None:
    """JSON gives the text back as it was."""
    report = json.loads(WRITERS["json"](hostile()))

    assert [entry["message"] for entry in report["findings"]] == [HOSTILE] * 3
    assert report["findings"][1]["rule"] == HOSTILE


def test_hostile_text_in_sarif() -> None:
    """The log is well formed; addresses are encoded; messages hold no link and no placeholder."""
    log = json.loads(WRITERS["sarif"](hostile()))
    run = log["runs"][0]
    assert required(log) == []
    for message in (result["message"]["text"] for result in run["results"]):
        assert "](" not in message
        assert re.sub(r"\{\{|\}\}", "", message).count("{") == 0
    address = run["results"][1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert re.fullmatch(r"[A-Za-z0-9._~%/-]+", address)
    assert unquote(address).startswith("::error file=y::a\n")
    assert run["results"][1]["ruleId"] == HOSTILE


def test_hostile_text_in_junit() -> None:
    """The XML is well formed, and holds the text with what XML cannot hold spelled out."""
    top = read_xml(WRITERS["junit"](hostile()))
    failures = [failure.text or "" for failure in top.iter("failure")]

    assert [case.get("name") for case in top.iter("testcase")] == [shielded(HOSTILE), FAULT, "bare"]
    assert [shielded(HOSTILE) in text for text in failures] == [True] * 3
    assert "\\u0000" in failures[0]


class Page(HTMLParser):
    """Collects the tags and the text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember a tag."""
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        """Remember text."""
        self.text.append(data)


def test_hostile_text_in_html() -> None:
    """The page holds no tag and no attribute but its own, and shows the text."""
    text = WRITERS["html"](hostile())
    page, plain = Page(), Page()
    page.feed(text)
    plain.feed(WRITERS["html"](verdict()))

    assert set(page.tags) - set(plain.tags) <= {"nav", "ol", "a", "h2"}
    assert page.attributes - plain.attributes <= {"href"}
    assert "script" not in page.tags
    assert page.text.count(shielded(HOSTILE)) > 3
    assert f'content="{POLICY}"'.replace("'", "&#x27;") in text


def test_page_fetches_and_runs_nothing() -> None:
    """The page has no script, no outside address to load from, and its policy forbids both."""
    page = Page()
    page.feed(WRITERS["html"](verdict()))

    assert {"script", "img", "link", "iframe", "form", "object"} & set(page.tags) == set()
    assert {"src", "style", "onclick", "onload"} & page.attributes == set()
    assert POLICY.startswith("default-src 'none'; style-src 'sha256-")


def test_cut_page_tells_of_every_rule() -> None:
    """A page that shows some findings lists every rule with how many it has and how many are shown, be it none."""
    shown, whole = WRITERS["html"](verdict(limit=1)), WRITERS["html"](verdict())

    assert '<code>http://example.org/age</code></th><td class="number">2</td><td class="number">1</td>' in shown
    assert '<code>http://example.org/sex</code></th><td class="number">2</td><td class="number">0</td>' in shown
    assert '<th scope="col">Shown</th>' not in whole


def test_hostile_text_in_turtle() -> None:
    """Turtle gives the text back as it was."""
    quads = list(parse(WRITERS["ttl"](hostile()), format=RdfFormat.TURTLE))
    found = {quad.predicate.value.removeprefix(SH): str(getattr(quad.object, "value", "")) for quad in quads}

    assert found["value"] == HOSTILE.replace("\x00", "")
    assert found["focusNode"] == "http://example.org/\u202e::error"


# Text


def test_text_is_grouped_by_file_and_rule() -> None:
    """Files stand worst first, rules likewise within them, and what has no place last; the node is named there."""
    lost = finding("c", line=0, message="<http://example.org/n>: m")
    other = finding("d", "warning", location=Location("claims/0.yaml", 1, 1))
    report = Report(
        (finding("b", line=9), finding("a", line=30), finding("b", line=2), finding("z", "info", 1), other, lost)
    )
    heads = [line for line in to_text(Verdict(report)).splitlines() if not line.startswith("  ")]

    assert heads == [
        "claims/a.yaml:30:5: violation: m",
        "claims/a.yaml:9:5: violation: m",
        "claims/a.yaml:2:5: violation: m",
        "claims/a.yaml:1:5: info: m",
        "claims/0.yaml:1:1: warning: m",
        "violation: <http://example.org/n>: m",
        "4 violation, 1 warning, 1 info, 0 annotated",
        "does not conform",
    ]


def test_colour_only_marks_the_severity() -> None:
    """In colour the words are the same."""
    report = Verdict(Report((finding(severity="warning", message="warning: x"), finding("s", line=0))))
    coloured = to_text(report, colour=True)

    assert "claims/a.yaml:3:5: \x1b[33mwarning:\x1b[0m warning: x\n" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == to_text(report)


@pytest.mark.parametrize(
    ("terminal", "environment", "expected"),
    [
        (True, {"TERM": "xterm"}, True),
        (True, {"TERM": "xterm", "NO_COLOR": ""}, True),
        (True, {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (True, {"TERM": "dumb"}, False),
        (False, {"TERM": "xterm"}, False),
    ],
)
def test_colour_is_for_terminals(
    terminal: bool, environment: dict[str, str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Colour needs a terminal and no word against it."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)

    assert expected == reports._coloured()


# SARIF


def required(log: Any) -> list[str]:
    """Return what SARIF 2.1.0 requires of a log and this one lacks, with the section that asks it."""
    faults = []
    if log.get("version") != "2.1.0" or not log.get("runs"):
        faults.append("3.13: version and runs")
    for run in log["runs"]:
        driver = run["tool"]["driver"]
        if not driver.get("name"):
            faults.append("3.19.8: a driver has a name")
        ids = [rule["id"] for rule in driver["rules"]]
        if len(ids) != len(set(ids)):
            faults.append("3.49.3: two rules of one id need a reason")
        for rule in driver["rules"]:
            texts = [rule[key]["text"] for key in ("shortDescription", "fullDescription", "help")]
            if not all(texts):
                faults.append("3.12.3: a message has text that is not empty")
            if "helpUri" in rule:
                faults.append("3.49.12: helpUri is absolute, and the page is in the checkout")
            if rule["defaultConfiguration"]["level"] not in ("error", "warning", "note"):
                faults.append("3.50.3: level")
        if not all(isinstance(invocation.get("executionSuccessful"), bool) for invocation in run["invocations"]):
            faults.append("3.20.14: an invocation says whether it succeeded")
        for result in run["results"]:
            if not result["message"]["text"]:
                faults.append("3.27.11: a result has a message")
            if ids[result["ruleIndex"]] != result["ruleId"]:
                faults.append("3.27.6: the index is that of the rule")
            if result["level"] not in ("error", "warning", "note"):
                faults.append("3.27.10: level")
            for location in result.get("locations", ()):
                physical = location.get("physicalLocation", {})
                if re.search(r"\s|\\", physical.get("artifactLocation", {}).get("uri", "")):
                    faults.append("3.4.3: a URI is encoded")
                if any(value < 1 for value in physical.get("region", {}).values()):
                    faults.append("3.30: lines and columns count from 1")
                if any(not logical.get("fullyQualifiedName") for logical in location.get("logicalLocations", ())):
                    faults.append("3.33.5: a logical location is named")
    return faults


SARIF_LOGS: dict[str, Callable[[], Verdict]] = {
    "patients": verdict,
    "cut": lambda: verdict(limit=1),
    "empty": lambda: Verdict(Report(())),
    "hostile": hostile,
    "package": lambda: Verdict(
        Report((finding("claim-source-class"), finding("x", "annotated", line=0))),
        rules=with_own({**shape_rules(read_shapes()), **check_rules(read_checks())}),
        problems=(),
    ),
}


@pytest.mark.parametrize("name", SARIF_LOGS)
def test_log_has_what_the_standard_requires(name: str) -> None:
    """The fields that readers of SARIF rely on are there."""
    assert required(json.loads(WRITERS["sarif"](SARIF_LOGS[name]()))) == []


@pytest.mark.parametrize("name", SARIF_LOGS)
def test_log_is_valid_by_the_schema(name: str) -> None:
    """The JSON Schema of SARIF 2.1.0 finds nothing to object to."""
    if not SARIF_SCHEMA.exists():
        pytest.skip("no schema of SARIF in .venv/sarif-2.1.0.json; the npm package @microsoft/jest-sarif has it")
    schema = json.loads(SARIF_SCHEMA.read_text(encoding="utf-8"))
    log = json.loads(WRITERS["sarif"](SARIF_LOGS[name]()))
    checker = Draft4Validator(schema, format_checker=FormatChecker())

    assert [f"{list(error.path)}: {error.message}" for error in checker.iter_errors(log)] == []


def test_place_in_sarif() -> None:
    """A finding has its place, from the top of the checkout, node and level; a figure printed so is suppressed."""
    report = Report((finding("a", "violation"), finding("b", "info", line=0), finding("c", "annotated")))
    results = json.loads(WRITERS["sarif"](Verdict(report)))["runs"][0]["results"]

    assert results[0]["locations"][0] == {
        "physicalLocation": {
            "artifactLocation": {"uri": "claims/a.yaml", "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": 3, "startColumn": 5},
        },
        "logicalLocations": [
            {"fullyQualifiedName": "http://example.org/n", "name": "http://example.org/n", "kind": "resource"}
        ],
    }
    assert [result["level"] for result in results] == ["error", "note", "note"]
    assert "physicalLocation" not in results[1]["locations"][0]
    assert ["suppressions" in result for result in results] == [False, False, True]


def test_absolute_paths_in_sarif(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path below the folder we are in is made relative; another stays whole, as a file address."""
    monkeypatch.chdir(tmp_path)
    inside, outside = str(tmp_path / "claims" / "a b.yaml"), str(tmp_path.parent / "b.yaml")
    report = Report(tuple(finding(location=Location(file, 1, 1)) for file in (inside, outside)))
    results = json.loads(WRITERS["sarif"](Verdict(report)))["runs"][0]["results"]
    addresses = [result["locations"][0]["physicalLocation"]["artifactLocation"] for result in results]

    assert addresses == [{"uri": "claims/a%20b.yaml", "uriBaseId": "%SRCROOT%"}, {"uri": Path(outside).as_uri()}]


def marks(*findings: Finding) -> list[str]:
    """Return the fingerprints of findings."""
    return list(fingerprints(Verdict(Report(findings)).entries))


def test_fingerprint_outlives_other_lines_and_words() -> None:
    """It is the same when the line moves or the message is put otherwise, and another for another node or value."""
    one = finding(line=3, value="5")
    assert marks(one) == marks(replace(one, location=Location("claims/a.yaml", 99, 1), message="other", hint=""))
    others = [replace(one, value="6"), replace(one, focus="http://example.org/o"), replace(one, rule="s")]

    assert len(set(marks(one, *others))) == 4


def test_fingerprint_of_blank_nodes_and_twins() -> None:
    """Labels of blank nodes, which each reading makes anew, do not count; what is alike is numbered."""
    found = marks(finding(focus="_:x1"), finding(focus="_:x2"))

    assert found == marks(finding(focus="_:y7"), finding(focus="_:y8"))
    assert [mark.partition(":")[2] for mark in found] == ["1", "2"]


def test_two_runs_give_one_log() -> None:
    """Validated twice, the log is the same, byte for byte."""
    assert WRITERS["sarif"](verdict()) == WRITERS["sarif"](verdict())


# JUnit


def cases(found: Verdict) -> dict[str | None, bool]:
    """Return for each case of a JUnit report whether it failed."""
    return {
        case.get("name"): case.find("failure") is not None
        for case in read_xml(WRITERS["junit"](found)).iter("testcase")
    }


def test_case_for_each_rule() -> None:
    """Each rule is a case; only what blocks fails it."""
    known = {code: Rule(code, "shapes/r.ttl", "violation") for code in ("held", "broken", "doubtful", "printed")}
    findings = (finding("broken"), finding("doubtful", "warning"), finding("printed", "annotated"))
    found = Verdict(Report(findings), rules=known)
    top = read_xml(WRITERS["junit"](found))

    assert cases(found) == {"held": False, "broken": True, "doubtful": False, "printed": False}
    assert (top.get("tests"), top.get("failures")) == ("4", "1")


def test_rule_whose_findings_were_cut_is_no_success() -> None:
    """A broken rule none of whose findings are shown fails, too; where only warnings were cut it does not."""
    assert cases(verdict(limit=1)) == {
        "http://example.org/age": True,
        "http://example.org/sex": True,
        "http://example.org/site": False,
        "http://example.org/note": False,
    }
    assert cases(verdict(limit=5)) == cases(verdict(limit=1))


# The nearest


def validated(tmp_path: Path, data: str) -> Report:
    """Return the report on Turtle about patients."""
    prefixes = "@prefix ex: <http://example.org/> .\n@prefix cd22: <https://w3id.org/cd22kg/ontology#> .\n"
    (tmp_path / "data.ttl").write_text(prefixes + data, encoding="utf-8")
    with open_data(tmp_path / "data.ttl") as opened:
        return validate_data(opened, shapes_in(FOLDER / "shapes.ttl")).report


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ('ex:a a ex:Patient ; ex:age 1 ; ex:sex "Mle" .', "did you mean `male`, `female`?"),
        ('ex:a a ex:Patient ; ex:age 1 ; ex:sex "unknown" .', "one of: female, male, other"),
        ("ex:x a ex:Site . ex:a a ex:Patient ; ex:age 1 ; ex:site ex:y .", "name a site"),
        (
            "<http://example.org/far/berlin> a ex:Site . ex:a a ex:Patient ; ex:age 1 ; ex:site ex:berlin .",
            "name a site; did you mean `http://example.org/far/berlin`?",
        ),
        ("ex:a a ex:Patient ; ex:age 1 ; ex:site ex:berlin .", "name a site"),
    ],
    ids=["list", "list without a near one", "class without a near one", "another namespace", "no member"],
)
def test_nearest_allowed_values(tmp_path: Path, data: str, expected: str) -> None:
    """The fix for a value that is not allowed names those that are nearest, or a short list in full."""
    assert [found.hint for found in validated(tmp_path, data).findings] == [expected]


def test_nearest_values_are_looked_up_so_often(tmp_path: Path) -> None:
    """A report of very many odd values is not held up: after some, none is looked up; a known one still is told."""
    odd = "".join(f'ex:p{n} a ex:Patient ; ex:age 1 ; ex:sex "male{n:03}" .\n' for n in range(2 * MAX_LOOKUPS))
    hints = [found.hint for found in validated(tmp_path, odd).findings]

    assert len(hints) == 2 * MAX_LOOKUPS
    assert len([hint for hint in hints if hint]) == MAX_LOOKUPS


# The rules


def test_rules_are_those_that_can_fire() -> None:
    """A rule is what the shapes ask; shapes that gather others, or serve in others, are none."""
    found = shape_rules(read_shapes())

    assert sorted(found) == sorted(map(rule_id, rules()))
    for rule in found.values():
        assert all((rule.title, rule.what, rule.fix, rule.why, rule.sources, rule.targets, rule.file)), rule.code
        assert rule.page == f"{PAGE}#{rule.code}"


def test_page_has_a_section_for_every_code() -> None:
    """Every code that a finding can carry is a heading of the page, which says what stands in the shape."""
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    parts = re.split(r"^### (.*)$", text, flags=re.MULTILINE)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    known = {**shape_rules(read_shapes()), **check_rules(read_checks()), **{rule.code: rule for rule in OWN_RULES}}

    assert sorted(sections) == sorted(known)
    for code, rule in known.items():
        plain = re.sub(r"\\(.)", r"\1", sections[code])
        assert [part for part in (rule.title, rule.what, rule.fix, rule.why, rule.severity) if part not in plain] == []


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("measurement-events-le-total", "looks at: each node with `cd22:events`"),
        ("claim-source-class", "looks at: each `cd22:Claim`, property `cd22:source`"),
        ("claim-source-class", "a published figure may break it: no"),
        (
            "measurement-percent-agrees",
            "a published figure may break it: yes, where the claim is marked with `publishedInconsistency`; it is then"
            " `annotated` and blocks nothing",
        ),
        (
            "claim-source-class",
            "examples: [valid](../../tests/data/shapes/claim-source-class.valid.ttl),"
            " [invalid](../../tests/data/shapes/claim-source-class.invalid.ttl)",
        ),
        ("missing-label", "file: [queries/quality/missing-label.rq](../../queries/quality/missing-label.rq)"),
    ],
)
def test_section_says(code: str, line: str) -> None:
    """A section tells target and path in words, examples, and whether a published figure may break the rule."""
    text = (ROOT / PAGE).read_text(encoding="utf-8").partition(f"\n### {code}\n")[2].partition("\n### ")[0]

    assert f"- {line}\n" in text


def test_rules_of_others(tmp_path: Path) -> None:
    """Shapes of others are described by what they have, in English where there is a choice, and lead to no page."""
    found = shape_rules(shapes_in(FOLDER / "shapes.ttl"))
    age = found["http://example.org/age"]

    assert (age.title, age.what, age.fix, age.page) == (
        "age of a patient",
        "The age is no number",
        "count the years",
        "",
    )
    assert (age.targets, age.path) == (("each `http://example.org/Patient`",), "<http://example.org/age>")
    assert {code.rpartition("/")[2]: rule.severity for code, rule in found.items()} == {
        "age": "violation",
        "note": "info",
        "sex": "violation",
        "site": "warning",
    }


# The commands


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Return the command line, run in this process: exit code, stdout, stderr."""

    def run(*args: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["cd22kg", *map(str, args)])
        with pytest.raises(SystemExit) as caught:
            main()
        said = capsys.readouterr()
        return int(caught.value.code or 0), said.out, said.err

    return run


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    """Return a claim file in which more patients respond than were counted, and one concept is misspelt."""
    text = (ROOT / "claims" / "haso-2013.yaml").read_text(encoding="utf-8")
    assert text.count("events: 111, total: 111") == 1
    path = tmp_path / "haso-2013.yaml"
    path.write_text(text.replace("events: 111, total: 111", "events: 112, total: 111"), encoding="utf-8")
    return path


def test_check_in_sarif(faulty: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    """`check` gives each finding its file, line and column, and its rule the page; the exit code is 1."""
    code, out, err = run("check", "--claims", faulty.parent, "--format", "sarif")
    log = json.loads(out)
    (result,) = [result for result in log["runs"][0]["results"] if result["ruleId"] == "measurement-events-le-total"]
    region = result["locations"][0]["physicalLocation"]["region"]
    line = faulty.read_text(encoding="utf-8").splitlines()[region["startLine"] - 1]

    assert (code, err) == (1, "")
    assert required(log) == []
    assert "events: 112" in line[region["startColumn"] - 1 :]
    rule = log["runs"][0]["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert rule["properties"]["page"] == f"{PAGE}#measurement-events-le-total"
    assert f"({PAGE}#measurement-events-le-total)" in rule["help"]["markdown"]


@pytest.mark.parametrize("form", CHECK_FORMS)
def test_check_in_every_form(form: str, faulty: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    """Each form tells the rule that is broken and ends with exit code 1; nothing is on stderr."""
    code, out, err = run("check", "--claims", faulty.parent, "--format", form, "--max-findings", "1")

    assert (code, err) == (1, "")
    assert "measurement-events-le-total" in out


@pytest.mark.parametrize("command", [("check",), ("validate", "none.ttl")], ids=["check", "validate"])
def test_unknown_format(command: tuple[str, ...], run: Callable[..., tuple[int, str, str]]) -> None:
    """A format that there is not is told before any work, with those there are; exit code 2, nothing on stdout."""
    code, out, err = run(*command, "--format", "pdf")

    assert (code, out) == (2, "")
    assert "unknown format `pdf`" in err
    assert "sarif, junit, html" in err


def test_check_of_the_ontology_in_sarif(run: Callable[..., tuple[int, str, str]]) -> None:
    """The checks of the ontology are the rules of the log; steps go to stderr."""
    code, out, err = run("check", "--ontology", "--format", "sarif")
    log = json.loads(out)

    assert (code, required(log), log["runs"][0]["results"]) == (0, [], [])
    assert "missing-label" in [rule["id"] for rule in log["runs"][0]["tool"]["driver"]["rules"]]
    assert "quality" in err


def test_report_of_a_process_of_its_own(cli: Cli) -> None:
    """In the C locale, too, the report is whole and UTF-8, and on stdout alone."""
    done = cli(
        "validate", FOLDER / "patients.ttl", "--shapes", FOLDER / "shapes.ttl", "--format", "html", env={"LC_ALL": "C"}
    )

    assert done.returncode == 1
    assert done.stdout.startswith("<!DOCTYPE html>\n")
    assert done.stdout.endswith("</html>\n")
    assert "Traceback" not in done.stderr
