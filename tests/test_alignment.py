"""The alignment: every term of ours has an answer, every outside term was read, and nothing contradicts."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
from pyoxigraph import Literal, NamedNode, Triple

import cd22kg
from cd22kg.namespaces import BASE, CD22, GRAPH_ONTOLOGY, LICENSE, STANDARD_PREFIXES
from cd22kg.rdf import read_turtle
from cd22kg.rdf.ontology import APART
from tests.test_ontology import QUADS, ROOT, TERMS, asserted, java, reason, short, values

DCTERMS, OWL, RDF, RDFS, SKOS = (STANDARD_PREFIXES[p] for p in ("dcterms", "owl", "rdf", "rdfs", "skos"))
ALIGNMENT = ROOT / "ontology" / "alignment.ttl"
CHECKS = ROOT / "docs" / "reference" / "alignment-checks.tsv"
COLUMNS = ["term", "relation", "target IRI", "target label", "where", "checked", "remark"]
HEADER = BASE + "ontology/alignment"

#: The relations of OWL, each with the kinds of terms it links.
PROPERTIES = frozenset(OWL + name for name in ("ObjectProperty", "DatatypeProperty", "AnnotationProperty"))
OWL_RELATIONS: dict[str, frozenset[str]] = {
    RDFS + "subClassOf": frozenset({OWL + "Class"}),
    OWL + "equivalentClass": frozenset({OWL + "Class"}),
    RDFS + "subPropertyOf": PROPERTIES,
    OWL + "equivalentProperty": PROPERTIES,
}
#: The relations of SKOS, which imply nothing for the members of a class.
MATCHES = frozenset(SKOS + name for name in ("exactMatch", "closeMatch", "broadMatch", "narrowMatch", "relatedMatch"))
RELATIONS = MATCHES | set(OWL_RELATIONS)


class Check(NamedTuple):
    """A row of the table: what was looked for and where it was read."""

    term: str
    relation: str
    target: str
    label: str
    where: str
    checked: str
    remark: str


def expand(curie: str) -> str:
    """Return the IRI of a term or relation of the table; of nothing, nothing."""
    prefix, _, local = curie.partition(":")
    return {"cd22": CD22, **STANDARD_PREFIXES}[prefix] + local if curie else ""


def read_checks(path: Path) -> list[Check]:
    """Return the rows of the table, terms and relations as IRIs."""
    with path.open(encoding="utf-8", newline="") as lines:
        header, *rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    assert header == COLUMNS
    return [Check(expand(row[0]), expand(row[1]), *row[2:]) for row in rows]


def read_alignment() -> list[Triple]:
    """Return the triples of the alignment."""
    return [quad.triple for quad in read_turtle(ALIGNMENT, GRAPH_ONTOLOGY, name=ALIGNMENT.name)]


ROWS = read_checks(CHECKS)
CHECKED = [row for row in ROWS if row.checked == "yes"]
TRIPLES = read_alignment()
LINKS = [triple for triple in TRIPLES if triple.predicate.value in RELATIONS]


def iri(term: object) -> str:
    """Return the IRI of a term of a triple."""
    assert isinstance(term, NamedNode)
    return term.value


def outside(predicate: str) -> dict[str, list[str]]:
    """Return the values of a property for every outside term that the alignment declares."""
    found: dict[str, list[str]] = {}
    for triple in TRIPLES:
        subject = iri(triple.subject)
        if triple.predicate.value == predicate and not subject.startswith(BASE):
            assert isinstance(triple.object, NamedNode | Literal)
            found.setdefault(subject, []).append(triple.object.value)
    return found


TARGETS = sorted({iri(triple.object) for triple in LINKS})


def link_name(triple: Triple) -> str:
    """Return a link as a short name."""
    return f"{short(iri(triple.subject))}-{iri(triple.object).rpartition('/')[2].rpartition('#')[2]}"


def test_table_is_well_formed() -> None:
    """A row has a known relation and a target, or neither; what was read has a label and a place; no row twice."""
    for row in ROWS:
        assert row.checked in {"yes", "no"}, row
        assert bool(row.relation) == bool(row.target), row
        assert not row.relation or row.relation in RELATIONS, row
        assert bool(row.label) == bool(row.where.startswith("https://")) == (row.checked == "yes"), row
        assert row.target or row.checked == "no", row
        assert row.checked == "yes" or row.remark, row

    assert [key for key, n in Counter((row.term, row.relation, row.target) for row in ROWS).items() if n > 1] == []
    assert [key for key, n in Counter((row.term, row.target) for row in ROWS if row.target).items() if n > 1] == []


@pytest.mark.parametrize("term", TERMS, ids=short)
def test_term_has_an_answer(term: str) -> None:
    """A class or property of ours is aligned, waits for a check, or fits nothing for a stated reason."""
    rows = [row for row in ROWS if row.term == term]
    without = [row for row in rows if not row.target]

    assert rows
    assert without in ([], rows)
    assert len(without) <= 1


def test_table_names_only_our_terms() -> None:
    """No row is about a term that the ontology does not have."""
    assert set() == {row.term for row in ROWS} - set(TERMS)


def test_alignment_is_what_was_checked() -> None:
    """The links of the alignment are the checked rows of the table, with the same relation."""
    linked = sorted((iri(t.subject), t.predicate.value, iri(t.object)) for t in LINKS)

    assert sorted((row.term, row.relation, row.target) for row in CHECKED) == linked


def test_alignment_says_nothing_else() -> None:
    """Beside its links the alignment holds its header and the declarations of outside terms."""
    declaring = {RDF + "type", RDFS + "label"}
    rest = [t for t in TRIPLES if t not in LINKS and iri(t.subject) != HEADER]

    assert [t for t in rest if t.predicate.value not in declaring or iri(t.subject).startswith(BASE)] == []
    assert sorted(outside(RDF + "type")) == TARGETS


@pytest.mark.parametrize("target", TARGETS)
def test_outside_term_is_declared(target: str) -> None:
    """An outside term has one kind and one label, the label of the table."""
    assert len(outside(RDF + "type").get(target, [])) == 1
    assert {row.label for row in CHECKED if row.target == target} == set(outside(RDFS + "label").get(target, []))
    assert len(outside(RDFS + "label")[target]) == 1


@pytest.mark.parametrize("link", LINKS, ids=link_name)
def test_kinds_agree(link: Triple) -> None:
    """A relation of OWL links two classes, or two properties of one kind."""
    kinds = OWL_RELATIONS.get(link.predicate.value)
    (kind,) = outside(RDF + "type")[iri(link.object)]

    assert kind in PROPERTIES | {OWL + "Class"}
    if kinds is not None:
        assert kind in kinds
        assert kind in values(iri(link.subject), RDF + "type")


def test_kinds_agree_with_the_ontology() -> None:
    """An outside term that the ontology borrows already is of the same kind there."""
    borrowed = {target: values(target, RDF + "type") for target in TARGETS if values(target, RDF + "type")}

    assert borrowed
    assert [target for target, kinds in borrowed.items() if outside(RDF + "type")[target][0] not in kinds] == []


def test_alignment_has_its_header() -> None:
    """The alignment says what it is, under which licence and in which version."""
    header = {t.predicate.value: t.object for t in TRIPLES if iri(t.subject) == HEADER}

    for name in ("title", "description", "license", "creator", "modified"):
        assert DCTERMS + name in header, name
    assert header[DCTERMS + "license"] == NamedNode(LICENSE)
    assert header[OWL + "versionIRI"] == NamedNode(f"{HEADER}/{cd22kg.__version__}")


def test_terms_stand_in_order() -> None:
    """Under each heading, terms stand in alphabetical order."""
    parts = ALIGNMENT.read_text(encoding="utf-8").split("\n# ")[1:]
    subjects = [[line.split()[0] for line in part.splitlines()[1:] if line[:1].isalpha()] for part in parts]

    assert len(subjects) == 5
    assert [found for found in subjects if found != sorted(found) or not found] == []


def test_build_leaves_the_alignment_out() -> None:
    """The graph holds neither the alignment nor what it declares."""
    assert ALIGNMENT.name in APART
    subjects = {quad.subject for quad in QUADS}

    assert NamedNode(HEADER) not in subjects
    assert {quad.triple for quad in QUADS}.isdisjoint(t for t in LINKS if t.predicate.value in MATCHES)


# Consistency

#: What the reasoner draws conclusions from. A match makes its class an individual as well, and owlready2 then does not
#: report the class among those that can have no member.
LOGICAL = [triple for triple in TRIPLES if triple.predicate.value not in MATCHES]


@java
def test_alignment_is_consistent_with_the_ontology() -> None:
    """HermiT finds no contradiction in ontology, vocabulary and alignment, and no class that can have no member."""
    classes, impossible = reason([*(quad.triple for quad in QUADS), *LOGICAL])

    assert classes >= len([target for target in TARGETS if OWL + "Class" in outside(RDF + "type")[target]])
    assert impossible == []


@java
def test_claims_are_consistent_with_the_alignment() -> None:
    """HermiT finds no contradiction when the claims are added."""
    _, impossible = reason([*asserted(), *LOGICAL])

    assert impossible == []


@java
def test_matches_bring_no_contradiction() -> None:
    """HermiT finds none either when the matches stand beside the claims, each class an individual as well."""
    classes, _ = reason([*asserted(), *TRIPLES])

    assert classes


@java
def test_planted_contradiction_through_the_alignment_is_found() -> None:
    """A class of ours below an outside class that shares no member with it can have no member."""
    population, disjoint = NamedNode("http://purl.obolibrary.org/obo/OBI_0000181"), NamedNode(OWL + "disjointWith")
    planted = Triple(population, disjoint, NamedNode(CD22 + "Cohort"))
    _, impossible = reason([*(quad.triple for quad in QUADS), *LOGICAL, planted])

    assert any("Cohort" in name for name in impossible)
