"""Canonical Turtle: what it says is what two other parsers read."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

import pytest
import rdflib
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pyoxigraph import BlankNode, Literal, NamedNode, Quad, RdfFormat, Triple, parse

from cd22kg.namespaces import BASE, CD22, LICENSE, PREFIXES, STANDARD_PREFIXES
from cd22kg.rdf import HEADER, canonical_nquads, to_rdflib, to_turtle

XSD = STANDARD_PREFIXES["xsd"]
EXAMPLE = "http://example.org/"
#: Hypothesis without a look at the clock.
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def is_iri(text: str) -> bool:
    """Return whether pyoxigraph takes a text for an IRI."""
    try:
        NamedNode(text)
    except ValueError:
        return False
    return True


#: What may follow a namespace: plain names, names that a prefixed name must not have, and odd characters.
LOCAL = st.one_of(
    st.sampled_from(
        ["", "a", "a.", ".a", "-a", "a-", "1", "a.b", "a..b", "_", "a/b", "a#b", "a:b", "%41", "a'b", "a,b"]
    ),
    st.text("abcXYZ019_.-:/?#[]@!$&'()*+,;=~é中\U0001f9ec\u00a0", max_size=8),
)
IRIS = st.builds(str.__add__, st.sampled_from([EXAMPLE, BASE, "urn:x:", *PREFIXES.values()]), LOCAL)
NODES = IRIS.filter(is_iri).map(NamedNode)
TEXT = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.text("\"'\\\n\r\t\b\f\0\x1f\x7f\x85\u2028\ufeff\ufffe#<>@^.;, ", max_size=12),
)
NUMBERS = st.sampled_from(
    [
        "0",
        "00",
        "-0",
        "+1",
        "01",
        "68.10",
        "6.0",
        "0.0000001",
        ".5",
        "5.",
        "-.5",
        "1e3",
        "1E+03",
        "INF",
        "NaN",
        "1_000",
        "١",
        "",
        " 1",
    ]
)
DATATYPES = ("integer", "decimal", "double", "float", "boolean", "string", "date", "gYear", "anyURI")
LITERALS = st.one_of(
    st.builds(Literal, TEXT),
    st.builds(
        lambda text, tag: Literal(text, language=tag), TEXT, st.sampled_from(["en", "de-ch", "zh-hant-tw", "x-klingon"])
    ),
    st.builds(
        lambda text, name: Literal(text, datatype=NamedNode(XSD + name)),
        st.one_of(NUMBERS, TEXT, st.sampled_from(["true", "false", "1", "tru", "2023"])),
        st.sampled_from(DATATYPES),
    ),
    st.builds(lambda text, kind: Literal(text, datatype=kind), TEXT, NODES),
)
QUADS = st.lists(st.builds(Quad, NODES, NODES, st.one_of(NODES, LITERALS)), max_size=8)


@pytest.fixture(autouse=True, scope="module")
def _plain_rdflib() -> Iterator[None]:
    """Keep rdflib from rewriting lexical forms, and from logging about the ill-typed ones the tests are about."""
    logging.disable(logging.WARNING)
    rdflib.NORMALIZE_LITERALS = False
    yield
    rdflib.NORMALIZE_LITERALS = True
    logging.disable(logging.NOTSET)


@CALM
@given(QUADS)
@example([Quad(NamedNode(CD22 + "a"), NamedNode(CD22 + "b"), Literal("1", datatype=NamedNode(XSD + "decimal")))])
@example([Quad(NamedNode(BASE + "claim/a.b"), NamedNode(CD22 + "p"), NamedNode(BASE + "claim/a."))])
def test_pyoxigraph_reads_back_the_same_triples(quads: list[Quad]) -> None:
    """Turtle, parsed again, gives the canonical N-Quads of what was written."""
    back = list(parse(to_turtle(quads, header=HEADER), format=RdfFormat.TURTLE))

    assert canonical_nquads(quads) == canonical_nquads(back)


@CALM
@given(QUADS)
def test_rdflib_reads_back_the_same_triples(quads: list[Quad]) -> None:
    """For rdflib too, Turtle holds the triples that were written, lexical forms included."""
    back = rdflib.Graph().parse(data=to_turtle(quads, header=HEADER), format="turtle")

    assert set(to_rdflib(quads)) == set(back)


@CALM
@given(QUADS)
def test_turtle_of_turtle_is_the_same_text(quads: list[Quad]) -> None:
    """Writing what was read back changes nothing."""
    text = to_turtle(quads)

    assert text == to_turtle(parse(text, format=RdfFormat.TURTLE))


@pytest.mark.parametrize(
    ("lexical", "datatype", "written"),
    [
        ("68.10", "decimal", "68.10"),
        ("6.0", "decimal", "6.0"),
        ("-12", "integer", "-12"),
        ("0", "integer", "0"),
        ("-0.50", "decimal", "-0.50"),
        ("true", "boolean", "true"),
        ("0", "decimal", '"0"^^xsd:decimal'),
        ("007", "integer", '"007"^^xsd:integer'),
        ("+1", "integer", '"+1"^^xsd:integer'),
        (".5", "decimal", '".5"^^xsd:decimal'),
        ("0.0000001", "decimal", '"0.0000001"^^xsd:decimal'),
        ("5.", "decimal", '"5."^^xsd:decimal'),
        ("1e3", "double", '"1e3"^^xsd:double'),
        ("1", "boolean", '"1"^^xsd:boolean'),
        ("١", "integer", '"١"^^xsd:integer'),
    ],
    ids=str,
)
def test_number_is_bare_only_where_nothing_is_lost(lexical: str, datatype: str, written: str) -> None:
    """A number stands bare where every parser keeps its digits and type, and quoted with its type elsewhere."""
    quad = Quad(NamedNode(CD22 + "s"), NamedNode(CD22 + "p"), Literal(lexical, datatype=NamedNode(XSD + datatype)))

    assert f"    cd22:p {written} .\n" in to_turtle([quad])


def test_text_is_escaped_as_people_read_it() -> None:
    """Line breaks, tabs, quotes and backslashes have their short escapes; other controls their number."""
    quad = Quad(NamedNode(CD22 + "s"), NamedNode(CD22 + "p"), Literal('a\nb\tc"d\\e\rf\x00g\x7f'))

    assert r'    cd22:p "a\nb\tc\"d\\e\rf\u0000g\u007F" .' in to_turtle([quad])


def test_order_of_a_document() -> None:
    """Prefixes, subjects, properties and values are sorted; the type comes first, as `a`."""
    rdf_type = NamedNode(STANDARD_PREFIXES["rdf"] + "type")
    one, two = NamedNode(BASE + "claim/one"), NamedNode(BASE + "claim/two")
    quads = [
        Quad(two, rdf_type, NamedNode(CD22 + "Claim")),
        Quad(one, NamedNode(STANDARD_PREFIXES["skos"] + "note"), Literal("n")),
        Quad(one, NamedNode(CD22 + "b"), Literal("2")),
        Quad(one, NamedNode(CD22 + "b"), Literal("1")),
        Quad(one, NamedNode(CD22 + "a"), Literal("1", datatype=NamedNode(XSD + "date"))),
        Quad(one, rdf_type, NamedNode(CD22 + "Claim")),
    ]
    expected = (
        "# made here\n"
        "\n"
        f"@prefix cd22: <{CD22}> .\n"
        f"@prefix claim: <{BASE}claim/> .\n"
        f"@prefix skos: <{STANDARD_PREFIXES['skos']}> .\n"
        f"@prefix xsd: <{XSD}> .\n"
        "\n"
        "claim:one\n"
        "    a cd22:Claim ;\n"
        '    skos:note "n" ;\n'
        '    cd22:a "1"^^xsd:date ;\n'
        '    cd22:b "1",\n'
        '        "2" .\n'
        "\n"
        "claim:two\n"
        "    a cd22:Claim .\n"
    )

    assert expected == to_turtle(quads, header="made here")


@CALM
@given(QUADS)
def test_prefixes_are_sorted_and_used(quads: list[Quad]) -> None:
    """The head declares the prefixes in order, each once, and none that the text does not use."""
    lines = to_turtle(quads).splitlines()
    declared = [line.split()[1].removesuffix(":") for line in lines if line.startswith("@prefix ")]
    body = "\n".join(line for line in lines if not line.startswith("@prefix "))

    assert sorted(set(declared)) == declared
    assert [prefix for prefix in declared if f"{prefix}:" not in body] == []


def test_header_is_a_comment_with_the_licence() -> None:
    """The header of an export names the licence and the notice, and no parser sees it."""
    text = to_turtle([], header=HEADER)

    assert f"licence: CC0 1.0 ({LICENSE})" in HEADER
    assert HEADER.endswith("An index of published evidence, not medical guidance.")
    assert [f"# {line}" for line in HEADER.splitlines()] == text.splitlines()[:3]
    assert list(parse(text, format=RdfFormat.TURTLE)) == []


def test_blank_nodes_are_labelled_canonically() -> None:
    """A blank node gets the label of RDFC-1.0, not that of its input."""
    text = to_turtle([Quad(NamedNode(EXAMPLE + "s"), NamedNode(EXAMPLE + "p"), BlankNode("anything"))])

    assert re.search(r"<http://example.org/p> _:c14n0 \.", text)


def test_graphs_are_joined() -> None:
    """A triple that stands in two graphs is written once."""
    quads = [Quad(NamedNode(CD22 + "s"), NamedNode(CD22 + "p"), Literal("o"), NamedNode(EXAMPLE + g)) for g in "ab"]

    assert to_turtle(quads).count('"o"') == 1


def test_triple_in_a_triple_comes_back() -> None:
    """Triples as values, also one in the other, are written so that they are read again."""
    inner = Triple(NamedNode("http://example.org/a"), NamedNode("http://example.org/b"), Literal("c"))
    outer = Triple(NamedNode("http://example.org/a"), NamedNode("http://example.org/b"), inner)
    quads = [
        Quad(NamedNode("http://example.org/s"), NamedNode("http://example.org/p"), value) for value in (inner, outer)
    ]

    assert set(quads) == set(parse(to_turtle(quads), format=RdfFormat.TURTLE))
