"""The library as RDF: other people's tools can read it, and it holds the questions as they are asked."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, parse
from rdflib.plugins.sparql import prepareQuery

import cd22kg
from cd22kg.export.questions_rdf import ENDPOINT, QUESTIONS, asked, questions_turtle
from cd22kg.graph import KnowledgeGraph
from cd22kg.queries import library
from cd22kg.store import OxigraphStore
from cd22kg.validation import pyshacl_engine
from cd22kg.validation.engine import Validator
from cd22kg.validation.terms import RDF_TYPE, SH
from tests.conftest import Cli

ROOT = Path(__file__).resolve().parents[1]
SCHEMA, RDFS = "https://schema.org/", "http://www.w3.org/2000/01/rdf-schema#"
QUERIES = {query.name: query for query in library()}
#: What the tools of the SIB ask of an example query: one text, a comment with a language, an endpoint, keywords without
#: blanks at their ends under the right name.
ASKED = """
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix schema: <https://schema.org/> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
<http://example.org/executable> a sh:NodeShape ; sh:targetClass sh:SPARQLExecutable ;
    sh:property [ sh:path [ sh:alternativePath ( sh:select sh:ask sh:construct ) ] ; sh:minCount 1 ; sh:maxCount 1 ] ,
        [ sh:path rdfs:comment ; sh:minCount 1 ; sh:datatype rdf:langString ; sh:uniqueLang true ] ,
        [ sh:path schema:target ; sh:minCount 1 ; sh:nodeKind sh:IRI ] ,
        [ sh:path schema:keyword ; sh:maxCount 0 ] ,
        [ sh:path schema:keywords ; sh:minCount 1 ; sh:pattern "^\\\\S(.*\\\\S)?$" ] .
"""


@cache
def graph() -> KnowledgeGraph:
    """Return the packaged graph."""
    return cd22kg.load()


@cache
def quads() -> tuple[Quad, ...]:
    """Return the library as it is exported."""
    return tuple(parse(questions_turtle(), format=RdfFormat.TURTLE))


def values(name: str, predicate: str) -> list[object]:
    """Return the values of a property of a question."""
    subject = NamedNode(QUESTIONS + name)
    return [q.object for q in quads() if q.subject == subject and q.predicate.value == predicate]


def text_of(name: str) -> str:
    """Return the text of a question."""
    (text,) = values(name, SH + "select")
    assert isinstance(text, Literal)
    return text.value


def test_checks_of_example_queries_pass() -> None:
    """What others ask of example queries holds, for two engines, which find a fault that is put in."""
    shapes = tuple(parse(ASKED, format=RdfFormat.TURTLE))
    fault = Quad(NamedNode(QUESTIONS + "relapse"), NamedNode(SCHEMA + "keyword"), Literal("durability"))
    store = OxigraphStore()
    store.load(quads())

    assert Validator(shapes).validate(store).tally.counts.total() == 0
    assert list(pyshacl_engine.run(quads(), shapes)) == []
    store.load([fault])
    assert Validator(shapes).validate(store).tally.counts.total() == 1
    assert len(list(pyshacl_engine.run([*quads(), fault], shapes))) == 1


def test_every_question_is_there() -> None:
    """Each question of the library has its node."""
    kinds = {q.subject for q in quads() if q.predicate.value == RDF_TYPE and str(q.object) == f"<{SH}SPARQLExecutable>"}

    assert {str(node) for node in kinds} == {f"<{QUESTIONS}{name}>" for name in QUERIES}


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_text_is_what_is_asked(name: str) -> None:
    """The text is SPARQL of itself, without the header, and gives the rows of the question."""
    text = text_of(name)

    assert text == asked(QUERIES[name])
    assert "#+" not in text
    assert prepareQuery(text)
    assert graph().store.query(text) == graph().query(name).answer


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_description_keywords_and_endpoint(name: str) -> None:
    """What a person reads is that of the header."""
    query = QUERIES[name]

    assert values(name, RDFS + "label") == [Literal(query.summary, language="en")]
    assert values(name, RDFS + "comment") == [Literal(f"{query.description} {query.explanation}", language="en")]
    assert values(name, SCHEMA + "keywords") == [Literal(tag) for tag in query.tags]
    assert values(name, SCHEMA + "target") == [NamedNode(ENDPOINT)]
    assert values(name, "http://purl.org/dc/terms/identifier") == ([Literal(query.number)] if query.number else [])


def test_published_file_is_up_to_date() -> None:
    """The file of the reference is what the command writes."""
    assert (ROOT / "docs" / "reference" / "queries.ttl").read_text(encoding="utf-8") == questions_turtle()


def test_prefixes_are_declared() -> None:
    """A tool that wants prefixes apart from the text finds those of the package."""
    declared = {
        str(prefix.object.value): str(base.object.value)
        for prefix in quads()
        for base in quads()
        if prefix.subject == base.subject
        and prefix.predicate.value == SH + "prefix"
        and base.predicate.value == SH + "namespace"
        and isinstance(prefix.object, Literal)
        and isinstance(base.object, Literal)
    }

    assert declared["cd22"] == "https://w3id.org/cd22kg/ontology#"


def test_command_writes_it(cli: Cli, tmp_path: Path) -> None:
    """The command writes the same bytes each time, for whichever endpoint."""
    file = tmp_path / "questions.ttl"
    done = cli("export", "questions", "--endpoint", "https://example.org/sparql", "-o", file)
    bad = cli("export", "questions", "--endpoint", "not an address")

    assert done.returncode == 0
    assert file.read_text(encoding="utf-8") == questions_turtle("https://example.org/sparql")
    assert "schema:target <https://example.org/sparql>" in file.read_text(encoding="utf-8")
    assert (bad.returncode, bad.stdout) == (2, "")
    assert "`not an address` is no address" in bad.stderr
