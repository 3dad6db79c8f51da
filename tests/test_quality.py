"""The quality gate: the shipped ontology is clean, each check finds its planted fault and no other check does."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pyoxigraph import NamedNode, Quad, RdfFormat, parse
from rdflib.plugins.sparql import prepareQuery

from cd22kg import resources
from cd22kg.build import check_ontology
from cd22kg.cli import main
from cd22kg.errors import InputError, Location, QueryError
from cd22kg.graph import KnowledgeGraph
from cd22kg.namespaces import BASE, CD22, GRAPH_ONTOLOGY, GRAPH_USES, PREFIXES, compact, expand
from cd22kg.queries import library
from cd22kg.rdf import graph_of, mention_of, place_of, read_ontology
from cd22kg.validation import Check, Finding, check_quality, named_in_texts, read_checks
from cd22kg.validation.quality import Uses, read_check

ROOT = Path(__file__).resolve().parents[1]
CHECKS = {check.name: check for check in read_checks()}
QUADS = read_ontology().quads
ONTOLOGY = f"<{BASE}ontology>"
NO_USE: Uses = {}

#: What a term of ours must have, so that a planted fault is the only one.
DESCRIBED = f'skos:definition "Planted {{}}."@en ; rdfs:isDefinedBy {ONTOLOGY}'


def a_class(name: str, more: str = "") -> str:
    """Return Turtle of a class without fault, and of a thing that uses it."""
    label = f'rdfs:label "planted {name}"@en'
    return f"cd22:{name} a owl:Class ; {label} ; {DESCRIBED.format(name)} {more} . [] a cd22:{name} ."


def a_property(name: str, kind: str = "Object", ends: str = "rdfs:domain cd22:Claim ; rdfs:range cd22:Antigen") -> str:
    """Return Turtle of a property without fault, and of a thing that uses it."""
    label = f'rdfs:label "planted {name}"@en'
    ends = f"; {ends}" if ends else ""
    described = f"{label} ; {DESCRIBED.format(name)} {ends}"
    return f"cd22:{name} a owl:{kind}Property ; {described} . [] cd22:{name} [] ."


def a_concept(
    slug: str, more: str = "", *, scheme: str = "skos:inScheme <https://w3id.org/cd22kg/scheme/factor> ;"
) -> str:
    """Return Turtle of a concept without fault."""
    label, definition = f'skos:prefLabel "planted {slug}"@en', f'skos:definition "Planted {slug}."@en'
    return f"factor:{slug} a cd22:Factor ; {scheme} {label} ; {definition} {more} ."


#: For each check: triples planted, a pattern of triples (in N-Quads) taken away, and what it finds.
PLANTED: dict[str, list[tuple[str, str, set[str]]]] = {
    "annotation-whitespace": [
        (a_concept("x", '; skos:altLabel "planted  name"@en'), "", {"factor:x"}),
        ('cd22:Claim rdfs:comment "Planted. "@en .', "", {"cd22:Claim"}),
    ],
    "case-drift": [
        (
            a_class("Planted")
            + a_class("PLANTED").replace('"planted PLANTED"', '"other"').replace("Planted PLANTED.", "Other."),
            "",
            {"cd22:Planted"},
        ),
        (
            a_property("planteD")
            + a_property("planted", "Datatype", "rdfs:domain cd22:Claim ; rdfs:range xsd:string")
            .replace('"planted planted"', '"other"')
            .replace("Planted planted.", "Other."),
            "",
            {"cd22:planted"},
        ),
    ],
    "concept-without-scheme": [
        (a_concept("x", scheme=""), "", {"factor:x"}),
        (a_concept("x", scheme="skos:inScheme cd22:Factor ;").replace("factor:x", "factor:y"), "", {"factor:y"}),
    ],
    "cyclic-hierarchy": [
        (a_class("A", "; rdfs:subClassOf cd22:B") + a_class("B", "; rdfs:subClassOf cd22:A"), "", {"cd22:A", "cd22:B"}),
        (
            "outcome:orr cd22:partOf outcome:mrd-negative-cr .",
            "",
            {"outcome:cr", "outcome:cr-or-cri", "outcome:mrd-negative-cr", "outcome:orr"},
        ),
        (
            a_concept("x", "; skos:broader factor:y") + a_concept("y", "; skos:broader factor:x"),
            "",
            {"factor:x", "factor:y"},
        ),
        ("cd22:targets rdfs:subPropertyOf cd22:targets .", "", {"cd22:targets"}),
    ],
    "definition-without-full-stop": [
        (a_concept("x").replace("Planted x.", "Planted x"), "", {"factor:x"}),
    ],
    "deprecated-in-use": [
        ("cd22:antigen owl:deprecated true .", "", {"cd22:antigen"}),
        (a_class("Old", "; owl:deprecated true").replace("[] a", "cd22:Claim rdfs:seeAlso"), "", {"cd22:Old"}),
    ],
    "disjoint-with-ancestor": [
        ("cd22:TherapyProduct owl:disjointWith cd22:Therapy .", "", set()),
        ("cd22:Bound owl:disjointWith cd22:Bound .", "", {"cd22:Bound"}),
        (
            a_class("Both", "; rdfs:subClassOf cd22:Antigen , cd22:Bound").replace("[] a", "cd22:Claim rdfs:seeAlso"),
            "",
            {"cd22:Both"},
        ),
    ],
    "duplicate-definition": [
        (a_concept("x") + a_concept("y").replace("Planted y.", "Planted x."), "", {"factor:y"}),
        (a_class("A") + a_class("B").replace("Planted B.", "Planted A."), "", {"cd22:B"}),
    ],
    "duplicate-label": [
        (a_concept("x") + a_concept("y", '; skos:altLabel "Planted X"@en'), "", {"factor:y"}),
        (a_class("A") + a_class("B").replace('"planted B"', '"planted a"'), "", {"cd22:B"}),
        (a_property("a") + a_property("b").replace('"planted b"', '"planted a"'), "", {"cd22:b"}),
    ],
    "label-without-language": [
        (a_concept("x").replace('"planted x"@en', '"planted x"'), "", {"factor:x"}),
        (a_class("A").replace('."@en', '."'), "", {"cd22:A"}),
    ],
    "missing-defined-by": [
        ("", r"ontology#Antigen> <[^>]*isDefinedBy>", {"cd22:Antigen"}),
        ("cd22:Antigen rdfs:isDefinedBy owl:Thing .", "", {"cd22:Antigen"}),
    ],
    "missing-definition": [
        ("", r"^<[^>]*ontology#Antigen> <[^>]*definition>", {"cd22:Antigen"}),
        ("", r"^<[^>]*antigen/cd22> <[^>]*definition>", {"antigen:cd22"}),
        ("", r"^<[^>]*scheme/antigen> <[^>]*definition>", {BASE + "scheme/antigen"}),
    ],
    "missing-domain": [
        ("", r"^<[^>]*#targets> <[^>]*#domain>", {"cd22:targets"}),
        (a_property("a", "Datatype", "rdfs:range xsd:string"), "", {"cd22:a"}),
    ],
    "missing-inverse": [
        (a_property("a", "Object", "rdfs:domain cd22:Claim ; rdfs:range cd22:Claim"), "", {"cd22:a"}),
        ("", r"^<[^>]*> <[^>]*inverseOf>", {"cd22:supersededBy", "cd22:supersedes"}),
    ],
    "missing-label": [
        ("", r"^<[^>]*#targets> <[^>]*#label>", {"cd22:targets"}),
        ("", r"^<[^>]*antigen/cd22> <[^>]*prefLabel>", {"antigen:cd22"}),
        ("", r"^<[^>]*scheme/antigen> <[^>]*label>", {BASE + "scheme/antigen"}),
    ],
    "missing-metadata": [
        *(
            ("", rf"^{re.escape(ONTOLOGY)} <[^>]*[/#]{name}>", {BASE + "ontology"})
            for name in (
                "bibliographicCitation",
                "created",
                "creator",
                "description",
                "license",
                "modified",
                "title",
                "versionIRI",
                "preferredNamespacePrefix",
                "preferredNamespaceUri",
            )
        ),
        ("", r"^<[^>]*scheme/antigen> <[^>]*license>", {BASE + "scheme/antigen"}),
    ],
    "missing-range": [
        ("", r"^<[^>]*#about> <[^>]*#comment>", {"cd22:about"}),
        ("", r"^<[^>]*#targets> <[^>]*#range>", {"cd22:targets"}),
    ],
    "mixed-kind": [
        ("cd22:doi a owl:ObjectProperty .", "", {"cd22:doi"}),
        ("antigen:cd22 a owl:Class .", "", {"antigen:cd22"}),
        ("cd22:field a owl:Class .", "", {"cd22:field"}),
    ],
    "multiple-domains": [
        ("cd22:targets rdfs:domain cd22:Claim .", "", {"cd22:targets"}),
    ],
    "multiple-labels": [
        ('cd22:Antigen rdfs:label "planted"@en .', "", {"cd22:Antigen"}),
        ('antigen:cd22 skos:definition "Planted."@en .', "", {"antigen:cd22"}),
    ],
    "shared-label": [
        (a_class("A").replace('"planted A"', '"Targets"'), "", {"cd22:A"}),
    ],
    "undeclared-term": [
        ("cd22:Claim dcterms:subject cd22:Antigen .", "", {"dcterms:subject"}),
        ("antigen:cd22 a <http://schema.org/Protein> .", "", {"http://schema.org/Protein"}),
    ],
    "undefined-term": [
        ("therapy:auto3 cd22:targets antigen:cd222 .", "", {"antigen:cd222"}),
        ("therapy:auto3 cd22:target5 antigen:cd22 .", "", {"cd22:target5"}),
        ("cd22:Antigen rdfs:subClassOf [ a owl:Restriction ; owl:onProperty cd22:target5 ] .", "", {"cd22:target5"}),
    ],
    "unused-term": [
        (a_class("A").replace("[] a cd22:A .", ""), "", {"cd22:A"}),
        (a_property("a", "Annotation", "").replace("[] cd22:a [] .", ""), "", {"cd22:a"}),
        (
            a_class("A").replace("[] a cd22:A .", "[] a owl:AllDisjointClasses ; owl:members ( cd22:A cd22:Claim ) ."),
            "",
            {"cd22:A"},
        ),
    ],
    "wrong-base": [
        (
            "cd22:Claim rdfs:seeAlso <http://w3id.org/cd22kg/ontology#Antigen> .",
            "",
            {"http://w3id.org/cd22kg/ontology#Antigen"},
        ),
        (a_concept("x").replace("scheme/factor", "scheme/scale"), "", {"factor:x"}),
    ],
    "wrong-characteristic": [
        ("cd22:targets a owl:TransitiveProperty .", "", {"cd22:targets"}),
    ],
    "wrong-inverse": [
        (a_property("a") + "cd22:a owl:inverseOf cd22:targets .", "", {"cd22:a"}),
        ("cd22:within owl:inverseOf cd22:within .", "", {"cd22:within"}),
    ],
}
PLANTED["disjoint-with-ancestor"][0] = (
    "cd22:TherapyProduct owl:disjointWith cd22:Therapy .",
    "",
    {f"cd22:{name}Therapy" for name in ("Allogeneic", "Autologous", "DualTarget", "MultiTarget", "SingleTarget")}
    | {"cd22:TherapyProduct"},
)
CASES = [(name, *case) for name, cases in PLANTED.items() for case in cases]


def planted(turtle: str, taken: str) -> list[Quad]:
    """Return the ontology with triples added, and without those whose N-Quads line fits the pattern."""
    prefixes = "".join(f"@prefix {prefix}: <{iri}> .\n" for prefix, iri in PREFIXES.items())
    graph = NamedNode(GRAPH_ONTOLOGY)
    kept = [quad for quad in QUADS if not (taken and re.search(taken, str(quad)))]
    assert bool(taken) == (len(kept) < len(QUADS))
    return [
        *kept,
        *(
            Quad(quad.subject, quad.predicate, quad.object, graph)
            for quad in parse(prefixes + turtle, format=RdfFormat.TURTLE)
        ),
    ]


@pytest.fixture(scope="module")
def uses() -> Uses:
    """Return what rules, shapes and alignment name, with the terms that only claims use."""
    unknown = check_quality(QUADS, named_in_texts(), [CHECKS["unused-term"]]).findings
    return {**named_in_texts(), "claims/some.yaml": {f.focus: Location("claims/some.yaml") for f in unknown}}


def told(findings: tuple[Finding, ...]) -> set[tuple[str, str]]:
    """Return the check and the term of each finding."""
    return {(finding.rule, compact(finding.focus)) for finding in findings}


# The shipped ontology


def test_shipped_ontology_is_clean() -> None:
    """No check finds anything, and no contradiction is found."""
    outcome = check_ontology()

    assert [str(problem) for problem in outcome.problems] == []
    assert [str(finding.problem()) for finding in outcome.report.findings] == []
    assert outcome.conforms


# Files


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_header_is_complete(name: str) -> None:
    """A check says what it asks and why, what is wrong and how to mend it; its text orders its rows."""
    check = CHECKS[name]
    columns = re.search(r"^SELECT DISTINCT (.*)$", check.text, re.MULTILINE)

    assert check.summary
    assert "? " in check.description
    assert check.description.endswith(".")
    assert check.message
    assert not check.message.endswith(".")
    assert check.fix
    assert not check.fix.endswith(".")
    assert "#+   - quality\n" in check.text
    assert columns
    assert f"ORDER BY {columns[1]}\n" in check.text
    assert ("{detail}" in check.message) == ("?detail" in columns[1])


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_text_is_sparql_for_rdflib(name: str) -> None:
    """The file itself is a SPARQL query for a second engine."""
    assert prepareQuery(CHECKS[name].text)


def test_checks_are_no_questions_of_the_library() -> None:
    """`cd22kg query --list` shows no check."""
    assert {query.name for query in library()} & set(CHECKS) == set()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT ?term {}\n", "has no header"),
        ("#+ summary: s\n#+ description: d\nSELECT ?term {}\n", "the header lacks 'severity'"),
        ("#+ severity: bad\nSELECT ?term {}\n", "unknown severity `bad`"),
    ],
    ids=["none", "field", "severity"],
)
def test_faulty_header_is_an_error(text: str, message: str, tmp_path: Path) -> None:
    """A check without a complete header is refused, with its file."""
    path = tmp_path / "q.rq"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message) as caught:
        read_check(path)

    assert caught.value.location == Location("queries/quality/q.rq", 1, 1)


@pytest.mark.parametrize("text", ["ASK {}", "SELECT ?x { ?x a ?y }", "CONSTRUCT {} WHERE {}"])
def test_check_gives_terms(text: str) -> None:
    """A check that is no SELECT with ?term is an error, never no finding."""
    with pytest.raises(QueryError, match=r"a check is a SELECT with \?term"):
        check_quality([], NO_USE, [Check("x", "s", "d?", "info", "m", "f", text)])


# Planted faults


@pytest.mark.parametrize(
    ("name", "turtle", "taken", "expected"), CASES, ids=[f"{name}-{n}" for n, (name, *_) in enumerate(CASES)]
)
def test_planted_fault_is_found(name: str, turtle: str, taken: str, expected: set[str], uses: Uses) -> None:
    """A planted fault is found by its check, at its term, and by no other check."""
    found = check_quality(planted(turtle, taken), uses).findings

    assert {(name, term) for term in expected} == told(found)
    assert {CHECKS[name].severity} == {finding.severity for finding in found}


def test_every_check_has_a_planted_fault() -> None:
    """No check goes untried."""
    assert sorted(PLANTED) == sorted(CHECKS)


@pytest.mark.parametrize(
    "turtle",
    [
        a_class("A"),
        a_property("a"),
        a_concept("x"),
        a_class("Planted") + a_property("planted", ends="rdfs:domain cd22:Claim ; rdfs:range cd22:Planted"),
        a_property("a", ends='rdfs:range cd22:Antigen ; rdfs:comment "No domain: planted."@en'),
        a_class("Old", "; owl:deprecated true").replace("[] a cd22:Old .", "[] dcterms:source cd22:Claim ."),
    ],
    ids=["class", "property", "concept", "class and its property", "reason", "deprecated, not used"],
)
def test_what_is_right_is_not_found(turtle: str, uses: Uses) -> None:
    """A complete term has no finding, a class may share its name with the property that leads to it."""
    expected = {("unused-term", "cd22:Old")} if "Old" in turtle else set()
    found = check_quality(planted(turtle, ""), uses).findings

    assert expected == told(tuple(f for f in found if f.focus != expand("dcterms:source")))


def test_message_names_term_detail_and_rule(uses: Uses) -> None:
    """A finding reads as every problem of the house, and points to where the term is described."""
    quads = planted("cd22:targets a owl:TransitiveProperty .", "")
    (found,) = check_quality(quads, uses).findings

    assert found.location == place_of(CD22 + "targets")
    assert str(found.problem()) == (
        f"{found.location}: violation: cd22:targets: is owl:TransitiveProperty and leads from one class to another\n"
        "  rule: wrong-characteristic (queries/quality/wrong-characteristic.rq)\n"
        "  fix:  take the characteristic back, or give domain and range the same class"
    )


def test_thing_without_a_name_is_told(uses: Uses) -> None:
    """A concept that is a blank node has every fault of a concept, and no name to tell."""
    found = check_quality(planted("[] a cd22:Factor .", ""), uses).findings

    assert {"concept-without-scheme", "missing-definition", "missing-label"} == {finding.rule for finding in found}
    assert {"a thing without a name"} == {finding.message.partition(":")[0] for finding in found}


# What is used elsewhere


def test_name_in_another_file_is_found_there(uses: Uses) -> None:
    """A name that only a shape or a claim uses and nothing defines is found at its line."""
    place = Location("shapes/claim.ttl", 7, 5)
    (found,) = check_quality(QUADS, {**uses, "shapes/x.ttl": {CD22 + "Antigenn": place}}).findings

    assert found.location == place
    assert str(found.problem()).startswith(
        "shapes/claim.ttl:7:5: violation: cd22:Antigenn: is used by shapes/x.ttl and defined nowhere"
    )


def test_use_of_a_deprecated_term_is_found_where_it_is_used(uses: Uses) -> None:
    """What is to be mended is the description of the user, not that of the deprecated term."""
    found = check_quality(planted("antigen:cd20 owl:deprecated true .", ""), uses).findings
    users = {finding.value: finding.location for finding in found if finding.value.startswith(BASE)}

    assert users
    assert {user: place_of(user) for user in users} == users


def test_deprecated_concept_in_a_claim_is_found_there(uses: Uses) -> None:
    """A claim that names a deprecated concept is told its line."""
    quads = planted(a_concept("x", "; owl:deprecated true"), "")
    place = Location("claims/a.yaml", 20, 5)
    (found,) = check_quality(quads, {**uses, "claims/a.yaml": {BASE + "factor/x": place}}).findings

    assert (found.rule, found.location) == ("deprecated-in-use", place)


def test_use_by_the_alignment_alone_is_no_use(uses: Uses) -> None:
    """What the alignment says of a term does not make it used."""
    quads = planted(a_class("A").replace("[] a cd22:A .", ""), "")
    place = Location("ontology/alignment.ttl", 1, 1)
    aligned = {**uses, "ontology/alignment.ttl": {CD22 + "A": place}}
    ruled = {**uses, "ontology/rules/x.rq": {CD22 + "A": place}}

    assert told(check_quality(quads, aligned).findings) == {("unused-term", "cd22:A")}
    assert told(check_quality(quads, ruled).findings) == set()


def test_names_in_texts_are_found() -> None:
    """Rules, shapes and the alignment name terms and concepts of ours, each at its line."""
    found = named_in_texts()
    rule = "ontology/rules/evidence-after-cd19-failure.rq"
    place = found[rule][BASE + "antigen/cd19"]
    line = (ROOT / rule).read_text(encoding="utf-8").splitlines()[place.line - 1]

    assert "ontology/alignment.ttl" in found
    assert any(name.startswith("shapes/") for name in found)
    assert all(named for name, named in found.items() if name.startswith("shapes/") and name != "shapes/shapes.ttl")
    assert line[place.column - 1 :].startswith(("antigen:cd19", f"<{BASE}antigen/cd19>"))


def test_uses_are_never_published(kg: KnowledgeGraph) -> None:
    """The graph of uses is in no build."""
    assert GRAPH_USES not in {graph_of(quad) for quad in kg.quads}


def test_place_of_a_term_is_its_description() -> None:
    """A term is described in the ontology, whatever the alignment says of it; a name is found wherever it stands."""
    place, mention = place_of(CD22 + "Antigen"), mention_of(CD22 + "Antigen")

    assert place is not None
    assert place.file == "ontology/cd22kg.ttl"
    assert mention is not None
    assert mention.file == "ontology/antigens.ttl"
    assert mention_of(CD22 + "Antige") is None


# The command line


@pytest.fixture
def ontology(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the ontology folder, which the program reads in place of the package's."""
    copy = tmp_path / "ontology"
    shutil.copytree(ROOT / "ontology", copy)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = resources.folder
    monkeypatch.setattr(resources, "folder", lambda kind: copy if kind == "ontology" else folder(kind))
    return copy


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Return the command line, run in this process: exit code, and what is said, the steps before the answer."""

    def run(*args: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["cd22kg", *args])
        with pytest.raises(SystemExit) as caught:
            main()
        said = capsys.readouterr()
        return int(caught.value.code or 0), said.err + said.out

    return run


Run = Callable[..., tuple[int, str]]


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text that stands once in a file."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def line_of(path: Path, start: str) -> int:
    """Return the number of the line that begins so."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if line.startswith(start))


def test_command_on_the_shipped_ontology(run: Run) -> None:
    """The gate is passed: exit code 0, the steps, the count of findings."""
    code, said = run("check", "--ontology")

    assert code == 0
    assert [line.split()[0] for line in said.splitlines()[:4]] == ["ontology", "classify", "uses", "quality"]
    assert said.endswith("0 fault, 0 violation, 0 warning, 0 info, 0 annotated\nconforms\n")


def test_command_tells_a_violation(ontology: Path, run: Run) -> None:
    """A violation ends with exit code 1, and is told with file and line, rule and fix."""
    core = ontology / "cd22kg.ttl"
    text = core.read_text(encoding="utf-8")
    described = re.search(r"^cd22:AgeGroup a owl:Class ;\n(.*\n.*\n)", text, re.MULTILINE)
    assert described
    core.write_text(text.replace(described[1], "", 1), encoding="utf-8")
    code, said = run("check", "--ontology")
    line = line_of(core, "cd22:AgeGroup ")

    assert code == 1
    assert f"\nontology/cd22kg.ttl:{line}:1: violation: cd22:AgeGroup: has no label\n  rule: missing-label (" in said
    assert f"\nontology/cd22kg.ttl:{line}:1: violation: cd22:AgeGroup: has no definition\n" in said
    assert said.endswith("0 fault, 2 violation, 0 warning, 0 info, 0 annotated\ndoes not conform\n")


def test_command_tells_a_warning(ontology: Path, run: Run) -> None:
    """A warning is told and blocks nothing."""
    edit(ontology / "antigens.ttl", "dcterms:license", 'skos:note "two  blanks"@en ; dcterms:license')
    code, said = run("check", "--ontology")

    assert code == 0
    assert "warning: https://w3id.org/cd22kg/scheme/antigen: has stray blanks in skos:note" in said
    assert said.endswith("0 fault, 0 violation, 1 warning, 0 info, 0 annotated\nconforms\n")


def test_command_points_to_a_slip_of_the_pen(ontology: Path, run: Run) -> None:
    """A name that nothing defines is told where it stands."""
    core = ontology / "cd22kg.ttl"
    text = core.read_text(encoding="utf-8")
    core.write_text(text.replace("rdfs:range cd22:AgeGroup .", "rdfs:range cd22:AgeGruop ."), encoding="utf-8")
    code, said = run("check", "--ontology")
    line = line_of(core, "    rdfs:range cd22:AgeGruop")

    assert code == 1
    assert f"ontology/cd22kg.ttl:{line}:16: violation: cd22:AgeGruop: is used by cd22:ageGroup and defined" in said


@pytest.mark.skipif(shutil.which("java") is None, reason="HermiT needs `java` on the path")
def test_command_tells_a_contradiction(ontology: Path, run: Run) -> None:
    """A contradiction is told with its axioms, beside what the checks find."""
    text = (ontology / "antigens.ttl").read_text(encoding="utf-8")
    (ontology / "antigens.ttl").write_text(text + "\nantigen:cd22 a cd22:Therapy .\n", encoding="utf-8")
    code, said = run("check", "--ontology")

    assert code == 1
    assert "the ontology contradicts itself; these cannot hold together:" in said
    assert said.splitlines()[-2].startswith("1 fault, ")
    assert "Traceback" not in said


@pytest.mark.parametrize("name", ["alignment.ttl", "cd22kg.ttl", "outcomes.ttl"])
def test_command_on_broken_turtle(name: str, ontology: Path, run: Run) -> None:
    """A file that is no Turtle is one message with its line and column, and exit code 2."""
    path = ontology / name
    text = path.read_text(encoding="utf-8")
    path.write_text(text + "\ncd22:Planted a owl:Class rdfs:label .\n", encoding="utf-8")
    code, said = run("check", "--ontology")

    assert code == 2
    assert re.fullmatch(rf"ontology/{name}:{text.count(chr(10)) + 2}:\d+: not valid Turtle: .*\n  fix:  .*\n", said), (
        said
    )


def test_command_takes_no_claim_files_with_it(run: Run) -> None:
    """The ontology or claim files, not both: exit code 2."""
    code, said = run("check", "--ontology", "claims/x.yaml")

    assert code == 2
    assert said.startswith("`--ontology` checks the ontology that ships with the package\n  fix:  ")
