"""Quads: authored digits, dates, IRIs, and canonical text that depends on nothing but the quads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import rdflib
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, RdfFormat, Triple, parse

import cd22kg
from cd22kg.claims import read_claims
from cd22kg.errors import InputError
from cd22kg.gate.yaml import Node, parse_yaml
from cd22kg.model import CLAIM_TYPES, DEFAULT_CLAIM_TYPE, Corpus, Model, Source, SourceFile, StatementClaim, terms
from cd22kg.namespaces import BASE, GRAPH_ONTOLOGY, KINDS, STANDARD_PREFIXES
from cd22kg.rdf import canonical as canonical_module
from cd22kg.rdf import (
    canonical_nquads,
    canonical_quads,
    corpus_quads,
    digest,
    graph_of,
    read_ontology,
    read_turtle,
    to_rdflib,
    to_turtle,
)

ROOT = Path(__file__).resolve().parents[1]
CLAIM_FILES = sorted((ROOT / "claims").glob("*.yaml"))
XSD = STANDARD_PREFIXES["xsd"]
EXAMPLE = "http://example.org/"
#: Hypothesis without a look at the clock.
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

#: An absolute IRI after RFC 3987, as far as characters go: a scheme, and nothing that must be escaped.
ABSOLUTE = re.compile(r'[A-Za-z][A-Za-z0-9+.-]*:(?:[^\x00-\x20<>"{}|^`\\%]|%[0-9A-Fa-f]{2})+')
#: Our own IRIs: things by kind and slug with an optional part, schemes, graphs, terms and the ontology itself.
OURS = re.compile(
    rf"{re.escape(BASE)}(?:"
    rf"(?:{'|'.join(KINDS)})/[a-z0-9]+(?:-[a-z0-9]+)*(?:#[a-z]+(?:-[0-9]+)?)?"
    r"|scheme/[a-z-]+|graph/[a-z]+(?:/[a-z0-9-]+)?|ontology(?:#[A-Za-z][A-Za-z0-9]*|/[0-9.]+)?|)"
)


@cache
def all_quads() -> tuple[Quad, ...]:
    """Return every quad of the packaged graph."""
    return cd22kg.load().quads


@cache
def exports() -> tuple[frozenset[Triple], frozenset[Triple]]:
    """Return the triples of the N-Quads and of the Turtle that the graph is written as, both read back."""
    nquads = parse(canonical_nquads(all_quads()), format=RdfFormat.N_QUADS)
    turtle = parse(to_turtle(all_quads()), format=RdfFormat.TURTLE)
    return frozenset(quad.triple for quad in nquads), frozenset(quad.triple for quad in turtle)


def node(name: str) -> NamedNode:
    """Return an IRI in the namespace of examples."""
    return NamedNode(EXAMPLE + name)


def claim_with(value: str) -> Corpus:
    """Return a corpus whose only claim carries a value."""
    claim = StatementClaim.model_validate(
        {"id": "c", "statement": "s", "about": ["antigen/cd22"], "measurement": {"statistic": "mean", "value": value}}
    )
    return Corpus((SourceFile(Source(id="s", type="WebPage"), claims=(claim,)),))


def values(corpus: Corpus) -> list[Literal]:
    """Return the objects of every `value` in a corpus."""
    return [
        quad.object
        for quad in corpus_quads(corpus)
        if quad.predicate.value.endswith("ontology#value") and isinstance(quad.object, Literal)
    ]


def authored(model: type[Model], node: Node, subject: str) -> Iterator[tuple[str, str, str]]:
    """Yield (subject, predicate, text) of every number that a thing of a claim file states."""
    for term in terms(model):
        found = node.get(term.key)
        if found is None:
            continue
        if term.model is not None:
            items = found.value if isinstance(found.value, list) else [found]
            for number, item in enumerate(items, 1):
                part = f"{subject}#{term.fragment}{f'-{number}' if term.many else ''}"
                yield from authored(term.model, item, part)
        elif term.datatype in ("decimal", "integer"):
            yield subject, term.predicate, str(found.value)


# Digits


@pytest.mark.parametrize("text", ["68.10", "6.0", "0", "0.0", "0.02", "0.50", "99.0", "1000000", "-1.20"])
def test_digits_survive_from_file_to_text(text: str, tmp_path: Path) -> None:
    """A number of a claim file has the same digits in N-Quads and in Turtle."""
    path = tmp_path / "s.yaml"
    path.write_text(
        "source: {id: s, type: WebPage}\n"
        "claims:\n"
        "  - id: c\n"
        "    type: StatementClaim\n"
        "    statement: A statement.\n"
        "    about: [antigen/cd22]\n"
        f"    measurement: {{statistic: mean, value: {text}}}\n",
        encoding="utf-8",
    )
    reading = read_claims([path], read_ontology().vocabulary)
    quads = list(corpus_quads(reading.corpus))
    expected = Literal(text, datatype=NamedNode(XSD + "decimal"))

    assert reading.problems == ()
    assert f'"{text}"^^<{XSD}decimal>'.encode() in canonical_nquads(quads)
    for data, form in ((canonical_nquads(quads), RdfFormat.N_QUADS), (to_turtle(quads), RdfFormat.TURTLE)):
        found = [q.object for q in parse(data, format=form) if q.predicate.value.endswith("ontology#value")]
        assert [expected] == found


@CALM
@given(st.from_regex(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,12})?", fullmatch=True))
def test_any_number_keeps_its_digits(text: str) -> None:
    """Whatever number a claim file may hold, the literal has exactly its text."""
    assert [Literal(text, datatype=NamedNode(XSD + "decimal"))] == values(claim_with(text))


@pytest.mark.parametrize("path", CLAIM_FILES, ids=lambda path: path.stem)
def test_every_number_of_a_claim_file_is_exported(path: Path) -> None:
    """Each number typed in a claim file stands, digit by digit, in N-Quads and in Turtle."""
    root, _ = parse_yaml(path.read_text(encoding="utf-8"), path.name)
    found: list[tuple[str, str, str]] = []
    source = root.get("source")
    assert source is not None
    found += authored(Source, source, f"{BASE}source/{path.stem}")
    claims = root.get("claims")
    for item in claims.value if claims and isinstance(claims.value, list) else []:
        name, stated = item.get("id"), item.get("type")
        assert name is not None
        model = CLAIM_TYPES[str(stated.value) if stated else DEFAULT_CLAIM_TYPE]
        found += authored(model, item, f"{BASE}claim/{name.value}")
    nquads, turtle = (
        {(t.subject, t.predicate, t.object.value) for t in triples if isinstance(t.object, Literal)}
        for triples in exports()
    )
    expected = {(NamedNode(subject), NamedNode(predicate), text) for subject, predicate, text in found}

    assert set() == expected - nquads
    assert set() == expected - turtle


def test_turtle_and_nquads_hold_the_same_triples() -> None:
    """The two texts of the graph differ in nothing but the graphs' names and the labels of blank nodes."""
    nquads, turtle = ({t for t in found if not blank(t)} for found in exports())

    assert nquads == turtle
    assert len(exports()[0]) == len(exports()[1])


def blank(triple: Triple) -> bool:
    """Return whether a triple holds a blank node."""
    return isinstance(triple.subject, BlankNode) or isinstance(triple.object, BlankNode)


# Dates


@pytest.mark.parametrize(
    ("text", "datatype"), [("2023", "gYear"), ("2025-03", "gYearMonth"), ("2023-04-27", "date")], ids=str
)
def test_date_gets_the_type_of_its_precision(text: str, datatype: str) -> None:
    """A year, a month and a day each become the XSD type that says no more than the file."""
    source = Source.model_validate({"id": "s", "type": "WebPage", "published": text})
    quads = corpus_quads(Corpus((SourceFile(source),)))
    issued = [q.object for q in quads if q.predicate.value == STANDARD_PREFIXES["dcterms"] + "issued"]

    assert [Literal(text, datatype=NamedNode(XSD + datatype))] == issued


# The graph as a whole


def test_no_blank_nodes_outside_the_ontology() -> None:
    """Claims, vocabulary and inferred graphs name everything; only OWL needs blank nodes."""
    found = {graph_of(quad) for quad in all_quads() if blank(quad.triple)}

    assert {GRAPH_ONTOLOGY} == found


def test_every_iri_is_absolute_and_well_formed() -> None:
    """No IRI of the graph is relative, or holds a character that an IRI must not hold."""
    terms = {t for q in all_quads() for t in (q.subject, q.predicate, q.object, q.graph_name)}
    iris = {t.value for t in terms if isinstance(t, NamedNode)}
    iris |= {t.datatype.value for t in terms if isinstance(t, Literal)}

    assert sorted(iri for iri in iris if not ABSOLUTE.fullmatch(iri)) == []


def test_our_iris_have_one_form() -> None:
    """An IRI below our base names a kind and a slug, a scheme, a graph, or a term of the ontology."""
    terms = {t for q in all_quads() for t in (q.subject, q.predicate, q.object, q.graph_name)}
    iris = {t.value for t in terms if isinstance(t, NamedNode) and t.value.startswith(BASE)}

    assert sorted(iri for iri in iris if not OURS.fullmatch(iri)) == []


def test_no_triple_stands_in_two_graphs() -> None:
    """The union of the graphs holds each triple once; the store would count one of two graphs twice."""
    seen: dict[Triple, set[str]] = {}
    for quad in all_quads():
        seen.setdefault(quad.triple, set()).add(graph_of(quad))

    assert {triple: graphs for triple, graphs in seen.items() if len(graphs) > 1} == {}


def test_nothing_stands_in_the_default_graph() -> None:
    """Every quad belongs to a named graph."""
    assert [quad for quad in all_quads() if isinstance(quad.graph_name, DefaultGraph)] == []


# Canonical text


def pool() -> list[Quad]:
    """Return quads with IRIs, literals and linked blank nodes, in two graphs and the default graph."""
    one, two, graph = BlankNode("one"), BlankNode("two"), node("g")
    return [
        Quad(node("a"), node("p"), Literal("x"), graph),
        Quad(node("a"), node("p"), Literal("x", language="en"), graph),
        Quad(node("a"), node("p"), Literal("1.0", datatype=NamedNode(XSD + "decimal"))),
        Quad(node("a"), node("q"), one, graph),
        Quad(one, node("first"), Literal("line\nbreak"), graph),
        Quad(one, node("rest"), two, graph),
        Quad(two, node("first"), node("a"), graph),
        Quad(two, node("rest"), node("nil"), graph),
    ]


def relabelled(quads: list[Quad], names: dict[str, str]) -> list[Quad]:
    """Return the quads with other labels for their blank nodes."""

    def other(term: NamedNode | BlankNode | Literal | Triple) -> NamedNode | BlankNode | Literal | Triple:
        return BlankNode(names[term.value]) if isinstance(term, BlankNode) else term

    return [Quad(other(q.subject), q.predicate, other(q.object), q.graph_name) for q in quads]  # type: ignore[arg-type]  # a subject stays a subject


@CALM
@given(st.permutations(pool() + pool()[:3]), st.permutations(["b0", "c14n1", "zz"]))
def test_canonical_text_depends_on_the_quads_only(quads: list[Quad], labels: list[str]) -> None:
    """Order, repetition and the labels of blank nodes change no byte of N-Quads or Turtle."""
    shuffled = relabelled(quads, {"one": labels[0], "two": labels[1]})

    assert canonical_nquads(pool()) == canonical_nquads(shuffled)
    assert to_turtle(pool()) == to_turtle(shuffled)
    assert canonical_quads(pool()) == canonical_quads(shuffled)


def test_blank_graph_names_are_relabelled_too() -> None:
    """The label of a blank node that names a graph changes no byte either."""
    one = Quad(node("a"), node("p"), node("b"), BlankNode("one"))
    other = Quad(node("a"), node("p"), node("b"), BlankNode("other"))

    assert canonical_nquads([one]) == canonical_nquads([other])


def test_canonical_nquads_are_sorted_lines() -> None:
    """The document is its own lines, sorted and each once."""
    lines = canonical_nquads(all_quads()).splitlines(keepends=True)

    assert sorted(set(lines)) == lines
    assert len(set(all_quads())) == len(lines)


def test_too_many_blank_nodes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Canonicalisation, which may take for ever, is not begun on more blank nodes than any ontology needs."""
    monkeypatch.setattr(canonical_module, "MAX_BLANK_QUADS", 4)
    canonical_quads(pool()[:6])
    with pytest.raises(InputError, match="over 4 quads with blank nodes"):
        canonical_quads(pool())


def test_entangled_blank_nodes_are_refused() -> None:
    """Nodes that all link to each other would take for ever, so they are not begun with."""
    nodes, link = [BlankNode(f"n{n}") for n in range(14)], NamedNode("http://example.org/p")
    with pytest.raises(InputError, match="over 6 others at one property"):
        canonical_quads(Quad(a, link, b) for a in nodes for b in nodes if a != b)


def test_digest_names_its_algorithm() -> None:
    """A digest is the SHA-256 of the bytes, after the name of the algorithm."""
    expected = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    assert expected == digest(b"abc")  # the example of FIPS 180-2, appendix B.1


# Reading Turtle


def test_broken_turtle_is_reported_with_its_place(tmp_path: Path) -> None:
    """A fault in an ontology file names file, line and column."""
    path = tmp_path / "broken.ttl"
    path.write_text("@prefix ex: <http://example.org/> .\nex:a ex:b nothing .\n", encoding="utf-8")
    with pytest.raises(InputError, match="not valid Turtle") as caught:
        read_turtle(path, EXAMPLE + "g", name="broken.ttl")

    assert caught.value.location is not None
    assert (caught.value.location.file, caught.value.location.line) == ("broken.ttl", 2)


def test_equal_blank_labels_of_two_files_stay_apart(tmp_path: Path) -> None:
    """The blank node `_:x` of one file is not that of another."""
    path = tmp_path / "one.ttl"
    path.write_text("<http://example.org/a> <http://example.org/p> _:x .\n", encoding="utf-8")
    first, second = read_turtle(path, EXAMPLE + "g"), read_turtle(path, EXAMPLE + "g")

    assert first[0].object != second[0].object


# The bridge to rdflib


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        (node("a"), rdflib.URIRef(EXAMPLE + "a")),
        (BlankNode("x"), rdflib.BNode("x")),
        (Literal("plain"), rdflib.Literal("plain")),
        (Literal("plain", datatype=NamedNode(XSD + "string")), rdflib.Literal("plain")),
        (Literal("tagged", language="en"), rdflib.Literal("tagged", lang="en")),
        (Literal("a", datatype=node("own")), rdflib.Literal("a", datatype=rdflib.URIRef(EXAMPLE + "own"))),
    ],
    ids=["iri", "blank", "plain", "string", "language", "datatype"],
)
def test_rdflib_gets_the_same_term(
    term: NamedNode | BlankNode | Literal, expected: rdflib.URIRef | rdflib.BNode | rdflib.Literal
) -> None:
    """Each kind of term crosses into rdflib as what it is."""
    graph = to_rdflib([Quad(node("s"), node("p"), term)])

    assert [expected] == list(graph.objects())


@pytest.mark.parametrize("text", ["68.10", "6.0", "007", "1e3"])
def test_rdflib_gets_the_authored_digits(text: str) -> None:
    """Numbers are not normalised on the way into rdflib."""
    graph = to_rdflib([Quad(node("s"), node("p"), Literal(text, datatype=NamedNode(XSD + "double")))])

    assert [text] == [str(value) for value in graph.objects()]


def test_rdflib_refuses_triple_terms() -> None:
    """A triple term, which rdflib cannot hold, is an error and not lost."""
    inner = Triple(node("a"), node("b"), node("c"))
    with pytest.raises(TypeError, match="triple terms"):
        to_rdflib([Quad(node("s"), node("p"), inner)])
