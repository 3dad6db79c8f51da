"""The ontology: every term and concept is complete, and the whole is consistent."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, Store, Triple, serialize

import cd22kg
from cd22kg.namespaces import (
    BASE,
    CD22,
    CONCEPT_KINDS,
    GRAPH_ONTOLOGY,
    GRAPH_VOCABULARY,
    LICENSE,
    STANDARD_PREFIXES,
)
from cd22kg.rdf import graph_of, read_ontology, read_turtle

ROOT = Path(__file__).resolve().parents[1]
ONTOLOGY_FILES = sorted((ROOT / "ontology").glob("*.ttl"))
QUADS = read_ontology().quads

DCTERMS, OWL, RDF, RDFS, SKOS, XSD = (STANDARD_PREFIXES[p] for p in ("dcterms", "owl", "rdf", "rdfs", "skos", "xsd"))
TYPE = RDF + "type"
ONTOLOGY = BASE + "ontology"
#: The classes that a concept of a kind may have, where they are not the kind's own class.
NARROWER_CLASSES = {"Therapy": {"TherapyGroup", "TherapyProduct"}}


@cache
def facts() -> dict[str, dict[str, list[NamedNode | Literal]]]:
    """Return values by subject and property, of everything in the ontology that has an IRI."""
    found: dict[str, dict[str, list[NamedNode | Literal]]] = {}
    for quad in QUADS:
        if isinstance(quad.subject, NamedNode) and isinstance(quad.object, NamedNode | Literal):
            found.setdefault(quad.subject.value, {}).setdefault(quad.predicate.value, []).append(quad.object)
    return found


def values(subject: str, predicate: str) -> list[str]:
    """Return the values of a property as text."""
    return [term.value for term in facts().get(subject, {}).get(predicate, [])]


def of_type(*types: str) -> list[str]:
    """Return what has one of the types, sorted."""
    return sorted(subject for subject in facts() if set(types) & set(values(subject, TYPE)))


def short(iri: str) -> str:
    """Return an IRI of ours without its base."""
    return iri.removeprefix(CD22).removeprefix(BASE)


CONCEPTS = sorted(subject for subject, found in facts().items() if SKOS + "inScheme" in found)
SCHEMES = of_type(SKOS + "ConceptScheme")
TERM_TYPES = tuple(OWL + name for name in ("Class", "ObjectProperty", "DatatypeProperty", "AnnotationProperty"))
TERMS = [subject for subject in of_type(*TERM_TYPES) if subject.startswith(CD22)]


# Concepts


@pytest.mark.parametrize("concept", CONCEPTS, ids=short)
def test_concept_is_complete(concept: str) -> None:
    """A concept has one English label, one English definition, one scheme and one class, those of its kind."""
    kind = short(concept).partition("/")[0]
    expected_class = CONCEPT_KINDS[kind]
    one = {name: facts()[concept].get(SKOS + name, []) for name in ("prefLabel", "definition", "inScheme")}

    assert dict.fromkeys(one, 1) == {name: len(found) for name, found in one.items()}
    assert {"en"} == {
        term.language for n in ("prefLabel", "definition") for term in one[n] if isinstance(term, Literal)
    }
    assert [f"{BASE}scheme/{kind}"] == values(concept, SKOS + "inScheme")
    assert len(values(concept, TYPE)) == 1
    assert short(values(concept, TYPE)[0]) in NARROWER_CLASSES.get(expected_class, {expected_class})
    assert values(concept, SKOS + "definition")[0].endswith(".")


@pytest.mark.parametrize("concept", CONCEPTS, ids=short)
def test_broader_concept_exists(concept: str) -> None:
    """What a concept is below is a concept of the same kind, and not itself."""
    kind = short(concept).partition("/")[0]
    broader = values(concept, SKOS + "broader")

    assert [above for above in broader if above not in CONCEPTS or not above.startswith(f"{BASE}{kind}/")] == []
    assert concept not in broader


@pytest.mark.parametrize("predicate", [SKOS + "broader", CD22 + "partOf"], ids=["broader", "partOf"])
def test_hierarchy_has_no_circle(predicate: str) -> None:
    """Going up from a concept never comes back to it."""
    circular = []
    for concept in CONCEPTS:
        seen: set[str] = set()
        ahead = values(concept, predicate)
        while ahead:
            above = ahead.pop()
            if above not in seen:
                seen.add(above)
                ahead += values(above, predicate)
        if concept in seen:
            circular.append(short(concept))

    assert circular == []


@pytest.mark.parametrize("kind", sorted(CONCEPT_KINDS))
def test_labels_of_a_kind_differ(kind: str) -> None:
    """No two concepts of a kind share a label, a further name or a sign, whatever the case."""
    owners: dict[str, set[str]] = {}
    for concept in CONCEPTS:
        if concept.startswith(f"{BASE}{kind}/"):
            for name in ("prefLabel", "altLabel", "notation"):
                for label in values(concept, SKOS + name):
                    owners.setdefault(label.casefold(), set()).add(short(concept))

    assert owners
    assert {label: sorted(found) for label, found in owners.items() if len(found) > 1} == {}


@pytest.mark.parametrize("scheme", SCHEMES, ids=short)
def test_scheme_is_described(scheme: str) -> None:
    """A concept list has a label, a definition and a licence, and members."""
    assert len(values(scheme, RDFS + "label")) == 1
    assert len(values(scheme, SKOS + "definition")) == 1
    assert values(scheme, DCTERMS + "license") == [LICENSE]
    assert [c for c in CONCEPTS if values(c, SKOS + "inScheme") == [scheme]]


def test_every_kind_has_a_scheme() -> None:
    """The kinds that the code knows are the lists that the ontology holds."""
    assert sorted(f"{BASE}scheme/{kind}" for kind in CONCEPT_KINDS) == SCHEMES


@pytest.mark.parametrize("concept", [c for c in CONCEPTS if c.startswith(BASE + "therapy/")], ids=short)
def test_therapy_says_what_it_targets(concept: str) -> None:
    """A product states its targets and stands directly below one group; a group has a short label for tables."""
    if values(concept, TYPE) == [CD22 + "TherapyProduct"]:
        groups = [g for g in values(concept, SKOS + "broader") if values(g, TYPE) == [CD22 + "TherapyGroup"]]
        assert values(concept, CD22 + "targets")
        assert len(groups) == 1
        assert len(values(concept, CD22 + "construct")) == 1
    else:
        assert len(values(concept, CD22 + "shortLabel")) == 1


@pytest.mark.parametrize("concept", [c for c in CONCEPTS if c.startswith(BASE + "indication/")], ids=short)
def test_indication_has_a_short_label(concept: str) -> None:
    """Every indication has the label that the overview prints."""
    assert len(values(concept, CD22 + "shortLabel")) == 1


@pytest.mark.parametrize("concept", [c for c in CONCEPTS if c.startswith(BASE + "relation-type/")], ids=short)
def test_relation_type_has_its_property(concept: str) -> None:
    """A kind of relation names the property that holds directly where the relation is certain."""
    assert [short(concept).removeprefix("relation-type/")] == [
        short(p) for p in values(concept, CD22 + "directProperty")
    ]
    assert set(values(concept, CD22 + "directProperty")) <= set(of_type(OWL + "ObjectProperty"))


# Terms


@pytest.mark.parametrize("term", TERMS, ids=short)
def test_term_is_described(term: str) -> None:
    """A class or property has one English label, one English definition, and says which ontology defines it."""
    one = {name: facts()[term].get(name, []) for name in (RDFS + "label", SKOS + "definition")}

    assert dict.fromkeys(one, 1) == {name: len(found) for name, found in one.items()}
    assert {"en"} == {found[0].language for found in one.values() if isinstance(found[0], Literal)}
    assert values(term, RDFS + "isDefinedBy") == [ONTOLOGY]


def test_labels_of_terms_differ() -> None:
    """No two terms share a label, a class and the property that leads to its members neither."""
    owners: dict[str, list[str]] = {}
    for term in TERMS:
        owners.setdefault(values(term, RDFS + "label")[0].casefold(), []).append(short(term))

    assert {label: found for label, found in owners.items() if len(found) > 1} == {}


def test_every_kind_of_thing_is_disjoint_from_the_others() -> None:
    """A class with none of ours above it, and every kind of concept, shares no member with any other of these."""
    classes = [term for term in TERMS if OWL + "Class" in values(term, TYPE)]
    tops = {CD22 + "Concept"} | {c for c in classes if not any(up in TERMS for up in values(c, RDFS + "subClassOf"))}
    kinds = tops | {c for c in classes if CD22 + "Concept" in values(c, RDFS + "subClassOf")}
    query = f"""PREFIX owl: <{OWL}> PREFIX rdf: <{RDF}>
    SELECT ?class WHERE {{ [] a owl:AllDisjointClasses ; owl:members ?list .
        ?list rdf:rest*/rdf:first <{CD22}Source> , ?class }}"""
    store = Store()
    store.extend(Quad(*quad.triple) for quad in QUADS)
    found = {solution["class"].value for solution in store.query(query)}  # type: ignore[union-attr]  # a SELECT

    assert found == kinds - {CD22 + "Concept"}


def test_no_term_is_used_without_being_described() -> None:
    """Every name in our namespace that a file uses is a class or a property of the ontology."""
    used = {
        term.value
        for quad in cd22kg.load().quads
        for term in (quad.subject, quad.predicate, quad.object)
        if isinstance(term, NamedNode) and term.value.startswith(CD22)
    }

    assert set() == {short(term) for term in used} - {short(term) for term in TERMS}


def test_ontology_has_its_header() -> None:
    """The ontology says what it is, under which licence, in which version, and what it is not."""
    for name in ("title", "description", "license", "creator", "modified"):
        assert len(values(ONTOLOGY, DCTERMS + name)) == 1, name
    assert values(ONTOLOGY, DCTERMS + "license") == [LICENSE]
    assert [f"{ONTOLOGY}/{cd22kg.__version__}"] == values(ONTOLOGY, OWL + "versionIRI")
    assert "not medical guidance" in values(ONTOLOGY, DCTERMS + "description")[0]


@pytest.mark.parametrize("path", ONTOLOGY_FILES, ids=lambda path: path.stem)
def test_prefixes_of_a_file_are_sorted(path: Path) -> None:
    """A file declares its prefixes in order, each once and each in use."""
    lines = path.read_text(encoding="utf-8").splitlines()
    declared = [line.split()[1].removesuffix(":") for line in lines if line.startswith("@prefix ")]
    body = "\n".join(line for line in lines if not line.startswith("@prefix "))

    assert sorted(set(declared)) == declared
    assert [prefix for prefix in declared if f"{prefix}:" not in body] == []


@pytest.mark.parametrize("path", ONTOLOGY_FILES, ids=lambda path: path.stem)
def test_concepts_of_a_file_stand_in_order(path: Path) -> None:
    """Within a list, concepts stand in the alphabetical order of their slugs."""
    subjects = [line.split()[0] for line in path.read_text(encoding="utf-8").splitlines() if " a cd22:" in line]
    by_kind: dict[str, list[str]] = {}
    for subject in subjects:
        if not subject.startswith("<"):
            by_kind.setdefault(subject.partition(":")[0], []).append(subject)

    assert {kind: sorted(found) for kind, found in by_kind.items()} == by_kind


def test_graphs_of_the_ontology() -> None:
    """The terms stand in the ontology graph, the concepts in the vocabulary graph."""
    assert {GRAPH_ONTOLOGY, GRAPH_VOCABULARY} == {graph_of(quad) for quad in QUADS}
    assert {GRAPH_VOCABULARY} == {
        graph_of(quad) for quad in QUADS if isinstance(quad.subject, NamedNode) and quad.subject.value in CONCEPTS
    }


# Consistency

#: Datatypes outside the map of OWL 2, which the reasoner refuses.
DATES = {XSD + name for name in ("date", "gYear", "gYearMonth")}
java = pytest.mark.skipif(shutil.which("java") is None, reason="HermiT needs `java` on the path")


def reason(triples: Iterable[Triple]) -> tuple[int, list[str]]:
    """Run HermiT over triples; return the number of classes it saw and the names of those that can have no member.

    Raises:
        owlready2.OwlReadyInconsistentOntologyError: If no world fits the triples.
    """
    import owlready2

    usable = {t for t in triples if not (isinstance(t.object, Literal) and t.object.datatype.value in DATES)}
    data = serialize(usable, format=RdfFormat.N_TRIPLES) or b""
    world = owlready2.World()
    world.get_ontology(CD22).load(fileobj=io.BytesIO(data))
    classes = len(list(world.classes()))
    owlready2.sync_reasoner(world, debug=0)
    return classes, sorted(str(found) for found in world.inconsistent_classes())


@cache
def asserted() -> tuple[Triple, ...]:
    """Return the triples of the ontology, the vocabulary and the claims."""
    return tuple(quad.triple for quad in cd22kg.load().quads if not graph_of(quad).endswith("/inferred"))


def typed(subject: str, *classes: str) -> list[Triple]:
    """Return triples that put a subject into classes of ours."""
    return [Triple(NamedNode(subject), NamedNode(TYPE), NamedNode(CD22 + name)) for name in classes]


@java
def test_ontology_is_consistent() -> None:
    """HermiT finds no contradiction in ontology and vocabulary, and no class that can have no member."""
    classes, impossible = reason(quad.triple for quad in QUADS)

    assert classes >= len([term for term in TERMS if OWL + "Class" in values(term, TYPE)])
    assert impossible == []


@java
def test_claims_are_consistent_with_the_ontology() -> None:
    """HermiT finds no contradiction when the claims are added: each thing is used as its property allows."""
    _, impossible = reason(asserted())

    assert impossible == []


@java
@pytest.mark.parametrize(
    ("subject", "classes"),
    [
        (BASE + "antigen/planted", ("Antigen", "Therapy")),
        (BASE + "antigen/cd22", ("Indication",)),
        (BASE + "therapy/auto3", ("TherapyGroup",)),
        (BASE + "claim/planted", ("ResultClaim", "PooledClaim")),
    ],
    ids=["antigen-therapy", "antigen-indication", "product-group", "result-pooled"],
)
def test_planted_contradiction_is_found(subject: str, classes: tuple[str, ...]) -> None:
    """A thing in two classes that share no member is a contradiction for HermiT."""
    import owlready2

    with pytest.raises(owlready2.OwlReadyInconsistentOntologyError):
        reason([*(quad.triple for quad in QUADS), *typed(subject, *classes)])


@java
def test_planted_range_is_found() -> None:
    """A claim whose therapy is an antigen is a contradiction for HermiT."""
    import owlready2

    wrong = Triple(NamedNode(BASE + "claim/x"), NamedNode(CD22 + "therapy"), NamedNode(BASE + "antigen/cd22"))
    with pytest.raises(owlready2.OwlReadyInconsistentOntologyError):
        reason([*(quad.triple for quad in QUADS), wrong])


@java
def test_planted_impossible_class_is_found() -> None:
    """A class below two that share no member is reported by name."""
    subclass = NamedNode(RDFS + "subClassOf")
    planted = NamedNode(CD22 + "Planted")
    triples = [Triple(planted, NamedNode(TYPE), NamedNode(OWL + "Class"))]
    triples += [Triple(planted, subclass, NamedNode(CD22 + name)) for name in ("Antigen", "Therapy")]
    _, impossible = reason([*(quad.triple for quad in QUADS), *triples])

    assert any("Planted" in name for name in impossible)


def test_every_file_holds_something() -> None:
    """Each file is Turtle and not empty."""
    for path in ONTOLOGY_FILES:
        found: list[Quad] = read_turtle(path, GRAPH_VOCABULARY, name=path.name)
        assert found, path.name
