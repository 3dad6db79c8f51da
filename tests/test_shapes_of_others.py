"""Shapes that others publish, on their own examples: the compiled engine and pySHACL give the same results."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from pyoxigraph import BlankNode, Literal, NamedNode, Quad, RdfFormat, parse

from cd22kg.conformance import shapes_in
from cd22kg.store import OxigraphStore, Term
from cd22kg.validation.engine import Validator
from cd22kg.validation.shapes import read_shapes
from cd22kg.validation.terms import RDF_TYPE, SH
from tests.test_shacl_agreement import key, typed

REAL = Path(__file__).resolve().parents[2] / "shared" / "real"
DCAT, SSSOM, EXAMPLES = REAL / "claims" / "dcat", REAL / "claims" / "sssom", REAL / "sparql" / "sib-examples"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not REAL.is_dir(), reason="the folder with files of others is not beside the checkout"),
]

#: How the queries of sib-swiss are described, as their own shapes ask it: one text each, a comment in a language or in
#: HTML, a target, keywords spelled right and without blanks at the ends. Their file of shapes is not in the folder.
CONVENTIONS = r"""
@prefix ex: <http://example.org/> . @prefix sh: <http://www.w3.org/ns/shacl#> . @prefix schema: <https://schema.org/> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix spex: <https://purl.expasy.org/sparql-examples/ontology#> .
ex:example a sh:NodeShape ; sh:targetClass sh:SPARQLExecutable ; sh:property
    [ sh:path [ sh:alternativePath ( sh:select sh:ask sh:construct spex:describe ) ] ; sh:minCount 1 ; sh:maxCount 1 ] ,
    [ sh:path rdfs:comment ; sh:minCount 1 ; sh:or ( [ sh:datatype rdf:langString ] [ sh:datatype rdf:HTML ] ) ] ,
    [ sh:path schema:target ; sh:minCount 1 ; sh:nodeKind sh:IRI ] ,
    [ sh:path schema:keyword ; sh:maxCount 0 ] ,
    [ sh:path schema:keywords ; sh:pattern "^[^\\s].*[^\\s]$" ] .
"""
SCHEMA = "https://schema.org/"

#: The prefixes that SSSOM knows without their being declared, as far as the examples use them.
_BUILT_IN = {
    "owl": "http://www.w3.org/2002/07/owl#",
    "semapv": "https://w3id.org/semapv/vocab/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "sssom": "https://w3id.org/sssom/",
}
#: The slots that are other names than their own in RDF, and the kinds of those that are no plain text.
_NAMES = {
    "subject_id": _BUILT_IN["owl"] + "annotatedSource",
    "predicate_id": _BUILT_IN["owl"] + "annotatedProperty",
    "object_id": _BUILT_IN["owl"] + "annotatedTarget",
    "author_id": "http://purl.org/pav/authoredBy",
    "comment": "http://www.w3.org/2000/01/rdf-schema#comment",
    "license": "http://purl.org/dc/terms/license",
    "see_also": "http://www.w3.org/2000/01/rdf-schema#seeAlso",
}
_KINDS = {"confidence": "double", "similarity_score": "double", "mapping_date": "date", "review_date": "date"}


def turtle(path: Path) -> tuple[Quad, ...]:
    """Return the triples of a file."""
    return tuple(parse(path.read_bytes(), format=RdfFormat.TURTLE, base_iri=path.as_uri()))


def sssom(path: Path) -> Iterator[Quad]:
    """Yield a file of mappings as RDF: an axiom for each row, and the set with them."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    prefixes, facts = dict(_BUILT_IN), {}
    for line in lines:
        if line.startswith("#"):
            name, _, value = line.removeprefix("#").partition(":")
            value = value.strip().strip("\"'")
            if line[1:].startswith("  ") and value.startswith("http"):
                prefixes[name.strip()] = value
            elif value and not name.strip().startswith("-"):
                facts[name.strip()] = value
    rows = csv.DictReader([line for line in lines if not line.startswith("#")], delimiter="\t")
    whole = NamedNode(facts.pop("mapping_set_id", "http://example.org/set"))
    yield Quad(whole, NamedNode(RDF_TYPE), NamedNode(_BUILT_IN["sssom"] + "MappingSet"))
    for slot in ("license", "comment", "mapping_provider", "mapping_set_confidence"):
        if slot in facts:
            yield Quad(whole, name_of(slot), value_of(slot, facts[slot], prefixes))
    for row in rows:
        axiom = BlankNode()
        yield Quad(whole, name_of("mappings"), axiom)
        yield Quad(axiom, NamedNode(RDF_TYPE), NamedNode(_BUILT_IN["owl"] + "Axiom"))
        for slot, text in row.items():
            if isinstance(text, str) and text:
                yield Quad(axiom, name_of(slot), value_of(slot, text, prefixes))


def name_of(slot: str) -> NamedNode:
    """Return the property of a slot."""
    return NamedNode(_NAMES.get(slot, _BUILT_IN["sssom"] + slot))


def value_of(slot: str, text: str, prefixes: dict[str, str]) -> Term:
    """Return a value: what begins with a prefix or is an address is a node."""
    prefix, _, local = text.partition(":")
    if slot in _KINDS:
        return typed(text, _KINDS[slot])
    if prefix in prefixes and " " not in local and "'" not in local:
        return NamedNode(prefixes[prefix] + local)
    return NamedNode(text) if text.startswith("http") and " " not in text else Literal(text)


@cache
def dcat() -> tuple[Quad, ...]:
    """Return the examples of DCAT-AP."""
    catalogue = DCAT / "example-ms_catalogue.jsonld"
    read = parse(catalogue.read_bytes(), format=RdfFormat.JSON_LD, base_iri=catalogue.as_uri())
    return (*read, *(quad for path in sorted(DCAT.glob("example-*.ttl")) for quad in turtle(path)))


@cache
def mappings() -> tuple[Quad, ...]:
    """Return the examples of SSSOM."""
    return tuple(quad for path in sorted(SSSOM.rglob("*.sssom.tsv")) for quad in sssom(path))


@cache
def examples() -> tuple[Quad, ...]:
    """Return the queries of sib-swiss."""
    return tuple(quad for path in sorted(EXAMPLES.rglob("*.ttl")) for quad in turtle(path))


@cache
def conventions() -> tuple[Quad, ...]:
    """Return the shapes of the queries."""
    return tuple(parse(CONVENTIONS, format=RdfFormat.TURTLE))


def broken(data: tuple[Quad, ...], seed: int) -> tuple[Quad, ...]:
    """Return data with triples dropped, doubled with another value, or with a wrong value or property."""
    luck = random.Random(seed)  # noqa: S311  # no secret
    values = [quad.object for quad in data]
    # None is ill-formed: pySHACL finds such in a range of numbers, where SHACL says that they cannot be compared.
    odd: list[Term] = [Literal(" x "), Literal("x", language="en"), typed("2", "double"), typed("7", "integer")]
    found: list[Quad] = []
    for quad in data:
        chance = luck.random()
        other = luck.choice([luck.choice(values), luck.choice(odd)])
        if chance < 0.15:
            continue
        if chance < 0.3:
            found.append(Quad(quad.subject, quad.predicate, other))
        else:
            found.append(quad)
        if chance > 0.85:
            found.append(Quad(quad.subject, quad.predicate, other))
        if chance > 0.95:
            found.append(Quad(quad.subject, NamedNode(SCHEMA + "keyword"), quad.object))
    return tuple(dict.fromkeys(found))


def agreed(shapes: tuple[Quad, ...], data: tuple[Quad, ...]) -> set[tuple[str, ...]]:
    """Return what both engines find, all of it with compiled queries; fail where they differ."""
    store = OxigraphStore()
    store.load(data)
    validator = Validator(shapes)
    found = validator.validate(store, lambda: data, threads=1)
    expected = {key(result) for _, result in validator.reference(data).tally.kept}

    assert found.foreign == {}
    assert {key(result) for _, result in found.tally.kept} == expected
    return expected


SEEDS = range(4)


def test_dcat_ap() -> None:
    """The examples of DCAT-AP and its shapes, both files of them: ranges and counts."""
    found = agreed(read_shapes(sorted(DCAT.glob("dcat-ap-*.ttl")), foreign=True).quads, dcat())

    assert {component.rpartition("#")[2] for *_, component, _ in found} == {"ClassConstraintComponent"}


@pytest.mark.parametrize("seed", SEEDS)
def test_dcat_ap_broken(seed: int) -> None:
    """Broken copies of them."""
    found = agreed(read_shapes(sorted(DCAT.glob("dcat-ap-*.ttl")), foreign=True).quads, broken(dcat(), seed))

    assert {component.rpartition("#")[2] for *_, component, _ in found} >= {"ClassConstraintComponent"}


@pytest.mark.parametrize("file", ["dcat-ap-3.0.1-SHACL.ttl", "dcat-ap-3.0.1-ranges.ttl"])
def test_dcat_ap_in_parts(file: str) -> None:
    """Each file of the shapes alone, which names property shapes that it lacks."""
    shapes = shapes_in(DCAT / file)

    agreed(shapes.quads, broken(dcat(), 1))
    assert any("defined nowhere" in note for note in Validator(shapes.quads).notes)


def test_sssom() -> None:
    """The shapes of SSSOM ask for literals where its RDF has IRIs, and do not know every slot: much is found."""
    found = agreed(shapes_in(SSSOM / "schema" / "sssom_schema.shacl.ttl").quads, mappings())

    assert {component.rpartition("#")[2].removesuffix("ConstraintComponent") for *_, component, _ in found} >= {
        "Closed",
        "Datatype",
        "NodeKind",
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_sssom_broken(seed: int) -> None:
    """Broken copies."""
    agreed(shapes_in(SSSOM / "schema" / "sssom_schema.shacl.ttl").quads, broken(mappings(), seed))


def test_examples_of_sib_swiss() -> None:
    """The queries of sib-swiss follow their conventions."""
    assert agreed(conventions(), examples()) == set()


@pytest.mark.parametrize("seed", SEEDS)
def test_examples_of_sib_swiss_broken(seed: int) -> None:
    """Broken copies break every convention."""
    found = agreed(conventions(), broken(examples(), seed))

    assert {component.removeprefix(SH).removesuffix("ConstraintComponent") for *_, component, _ in found} == {
        "MaxCount",
        "MinCount",
        "NodeKind",
        "Or",
        "Pattern",
    }
