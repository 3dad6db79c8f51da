"""SPARQL constraints and components: asked of all nodes at once, with the rows of asking each node."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, parse

from cd22kg.errors import InputError
from cd22kg.namespaces import BASE, CD22, SHAPES, STANDARD_PREFIXES
from cd22kg.store import OxigraphStore
from cd22kg.validation import pyshacl_engine, read_shapes
from cd22kg.validation.constraint_query import read
from cd22kg.validation.engine import Validation, Validator
from cd22kg.validation.plan import Result
from cd22kg.validation.sparql_tokens import UnreadableQueryError
from cd22kg.validation.terms import XSD, text_of

FIXTURES = Path(__file__).parent / "data" / "shapes"
PREFIXES = f"@prefix ex: <http://example.org/> . @prefix sh: <{STANDARD_PREFIXES['sh']}> . @prefix xsd: <{XSD}> .\n"
DECLARED = 'ex:o sh:declare [ sh:prefix "ex" ; sh:namespace "http://example.org/"^^xsd:anyURI ] .\n'
DATA = """
ex:a a ex:T ; ex:p 1 , 2 ; ex:q ex:b ; ex:n "x"@en .
ex:b a ex:T ; ex:p 5 ; ex:q ex:a , ex:c ; ex:n "y" .
ex:c a ex:U ; ex:p 1 ; ex:q ex:c .
ex:d a ex:T .
"""
#: Queries of node shapes on every member of ex:T, by what is special about them.
QUERIES = {
    "found by itself": "SELECT $this ?value WHERE { $this ex:p ?value . FILTER(?value > 1) }",
    "not found by itself": "SELECT $this WHERE { FILTER NOT EXISTS { $this ex:p ?any } }",
    "any class": "SELECT $this WHERE { $this a ?class . FILTER NOT EXISTS { $this ex:n ?n } }",
    "union": "SELECT $this ?value WHERE { { $this ex:p ?value } "
    "UNION { $this ex:q ?value . FILTER($this != ?value) } }",
    "nested group": "SELECT $this WHERE { { FILTER NOT EXISTS { $this ex:q ex:b } } }",
    "optional": "SELECT $this ?value WHERE { $this a ex:T OPTIONAL { $this ex:q ?value } FILTER(!BOUND(?value)) }",
    "aggregate": "SELECT $this WHERE { $this ex:p ?p } GROUP BY $this HAVING (COUNT(?p) > 1)",
    "inner query": "SELECT $this WHERE { { SELECT $this (MAX(?p) AS ?m) WHERE { $this ex:p ?p } GROUP BY $this } "
    "FILTER(?m > 2) }",
    "path": "SELECT $this ?value WHERE { $this ex:q+ ?value . ?value ex:q* $this }",
    "inverse": "SELECT $this ?value WHERE { ?value ^ex:q $this ; ex:p 1 }",
    "filter function": 'SELECT $this ?value WHERE { $this ex:n ?value FILTER langMatches(LANG(?value), "en") }',
    "comment and strings": 'SELECT $this WHERE { $this ex:n "y" . # { $this }\n FILTER("a{" != \'}\') }',
    "list of objects": "SELECT $this WHERE { $this ex:p 1 , 2 ; ex:q ?q ; . }",
    "own shape": "SELECT $this ?path WHERE { $this ?path ex:b . FILTER(BOUND($currentShape)) }",
}


def turtle(text: str) -> tuple[Quad, ...]:
    """Return the triples of Turtle with the prefixes of the tests."""
    return tuple(parse(PREFIXES + text, format=RdfFormat.TURTLE))


def run(shapes: tuple[Quad, ...], data: tuple[Quad, ...]) -> Validation:
    """Return what the compiled engine finds."""
    store = OxigraphStore()
    store.load(data)
    return Validator(shapes).validate(store, lambda: data, threads=1)


def key(result: Result) -> tuple[str, ...]:
    """Return what two engines must agree on."""
    path = str(result.path) if result.path else ""
    return (str(result.focus), path, str(result.value or ""), str(result.shape), result.component, result.severity)


def assert_agree(shapes: str) -> set[tuple[str, ...]]:
    """Hold both engines against each other and return what they found."""
    triples, data = turtle(DECLARED + shapes), turtle(DATA)
    found = run(triples, data)
    results = {key(result) for _, result in found.tally.kept}

    assert found.foreign == {}
    assert results == {key(result) for result in pyshacl_engine.run(data, triples)}
    return results


@pytest.mark.parametrize("name", QUERIES)
def test_query(name: str) -> None:
    """A query gives the rows that it gives when `$this` is bound beforehand."""
    query = f'sh:sparql [ sh:prefixes ex:o ; sh:select """{QUERIES[name]}""" ]'

    assert assert_agree(f"ex:s a sh:NodeShape ; sh:targetClass ex:T ; {query} .")


@pytest.mark.parametrize("name", sorted(set(QUERIES) - {"aggregate", "inner query"}))
def test_query_inside_another_shape(name: str) -> None:
    """A shape with a query can be one that others name."""
    query = f'sh:sparql [ sh:prefixes ex:o ; sh:select """{QUERIES[name]}""" ]'
    nested = f"ex:t a sh:NodeShape ; {query} .\nex:s a sh:NodeShape ; sh:targetClass ex:T , ex:U ; sh:node ex:t ;"

    assert len(assert_agree(nested + "sh:not ex:t .")) == 4


def test_aggregate_inside_another_shape_is_left() -> None:
    """An aggregate inside another shape is left to pySHACL, with the reason."""
    query = f'sh:sparql [ sh:prefixes ex:o ; sh:select """{QUERIES["aggregate"]}""" ]'
    shapes = f"ex:t a sh:NodeShape ; {query} .\nex:s a sh:NodeShape ; sh:targetClass ex:T ; sh:node ex:t ."
    found = run(turtle(DECLARED + shapes), turtle(DATA))

    assert list(found.foreign.values()) == ["`http://example.org/t`: its query has an aggregate, inside another shape"]
    assert [text_of(result.focus) for _, result in found.tally.kept] == ["http://example.org/a"]


def test_property_shape_puts_in_its_path() -> None:
    """`$PATH` stands for the path of the property shape, of any kind."""
    query = "SELECT $this ?value WHERE { $this $PATH ?value . FILTER(isIRI(?value)) }"
    for path in ("ex:q", "( ex:q ex:q )", "[ sh:inversePath ex:q ]", "[ sh:alternativePath ( ex:p ex:q ) ]"):
        shape = f"sh:path {path} ; sh:sparql [ sh:prefixes ex:o ; sh:select '{query}' ]"
        assert assert_agree(f"ex:s a sh:PropertyShape ; sh:targetClass ex:T ; {shape} .")


def test_component_with_parameters() -> None:
    """A component of the shapes gets its parameters, and its message names them and what was found."""
    component = """
    ex:most a sh:ConstraintComponent ; sh:parameter [ sh:path ex:most ] , [ sh:path ex:unit ; sh:optional true ] ;
        sh:propertyValidator [ a sh:SPARQLSelectValidator ; sh:prefixes ex:o ; sh:message "{?value} is over {$most}" ;
            sh:select "SELECT $this ?value ?most WHERE { $this $PATH ?value . FILTER(?value > $most) }" ] ;
        sh:validator [ a sh:SPARQLAskValidator ; sh:prefixes ex:o ;
            sh:ask "ASK { FILTER NOT EXISTS { $value ex:p ?p . FILTER(?p > $most) } }" ] .
    ex:s a sh:PropertyShape ; sh:targetClass ex:T ; sh:path ex:p ; ex:most 1 .
    ex:t a sh:NodeShape ; sh:targetClass ex:T ; ex:most 4 .
    """
    assert len(assert_agree(component)) == 3
    found = run(turtle(DECLARED + component), turtle(DATA))
    messages = {m.value for _, result in found.tally.kept for m in result.messages if "over" in m.value}

    assert messages == {"2 is over 1", "5 is over 1"}


def test_message_of_a_row_comes_first() -> None:
    """A query may give the message itself."""
    query = "SELECT $this ('told' AS ?message) WHERE { $this ex:p 5 }"
    shape = f"sh:message 'other' ; sh:sparql [ sh:prefixes ex:o ; sh:select \"{query}\" ]"
    found = run(turtle(f"{DECLARED} ex:s a sh:NodeShape ; sh:targetClass ex:T ; {shape} ."), turtle(DATA))

    assert [result.messages for _, result in found.tally.kept] == [(Literal("told"),)]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT $this WHERE { $this ex:p ?p MINUS { $this ex:q ?q } }", "MINUS"),
        ("SELECT $this WHERE { VALUES ?p { 1 } $this ex:p ?p }", "VALUES"),
        ("SELECT $this WHERE { SERVICE <http://example.org/> { $this ex:p ?p } }", "SERVICE"),
        ("SELECT $this WHERE { { SELECT ?p WHERE { ?s ex:p ?p } } $this ex:p ?p }", "does not select $this"),
        ("SELECT $this WHERE { $this ex:p ?p , , SERVICE <http://example.org/> { $this ex:p ?p } }", "SERVICE"),
        ("SELECT $this WHERE { $this ex:p ?p \\\\u0053ERVICE <x> { } }", "escape is not allowed"),
        ("SELECT (?t AS ?this) WHERE { ?t ex:p ?p }", "bound beforehand"),
    ],
    ids=["MINUS", "VALUES", "SERVICE", "inner query", "SERVICE in disorder", "escape", "assigned"],
)
def test_forbidden_words(query: str, said: str) -> None:
    """What has no meaning with variables bound beforehand is refused, with the name of the shape."""
    shape = f'sh:sparql [ sh:prefixes ex:o ; sh:select """{query}""" ]'
    with pytest.raises(InputError, match=r"`http://example\.org/s`") as caught:
        Validator(turtle(f"{DECLARED} ex:s a sh:NodeShape ; sh:targetClass ex:T ; {shape} ."))

    assert said in str(caught.value)


def test_query_of_a_target_reaches_nowhere() -> None:
    """The query of a target, which only pySHACL runs, is refused too where it reaches outside."""
    query = "SELECT ?this WHERE { SERVICE <http://127.0.0.1:9/> { ?this a ?c } }"
    shape = f"ex:s a sh:NodeShape ; sh:target [ a sh:SPARQLTarget ; sh:select '{query}' ] ; sh:nodeKind sh:IRI ."
    with pytest.raises(InputError, match="a query of the shapes is refused: `SERVICE` is not allowed"):
        run(turtle(shape), turtle(DATA))


def test_namespace_cannot_smuggle_text() -> None:
    """The namespace of a prefix is an IRI; it cannot end early and go on as a query."""
    declared = 'ex:o sh:declare [ sh:prefix "ex" ; sh:namespace "http://example.org/> SELECT * WHERE { ?s ?p ?o }" ] .'
    shape = (
        "ex:s sh:targetClass ex:T ; sh:sparql [ sh:prefixes ex:o ; sh:select 'SELECT $this WHERE { $this a ?c }' ] ."
    )
    with pytest.raises(InputError, match="for what is no IRI"):
        Validator(turtle(declared + shape))


@pytest.mark.parametrize("text", ["", "DESCRIBE <x>", "SELECT $this WHERE { $this", "SELECT $this WHERE { , }"])
def test_text_that_cannot_be_followed(text: str) -> None:
    """The reader says so where it cannot follow a text, and never guesses."""
    with pytest.raises(UnreadableQueryError):
        read(text)


@pytest.mark.parametrize(
    ("value", "events", "total", "agrees"),
    [
        ("66.67", 2, 3, True),
        ("66.66", 2, 3, False),
        ("66.7", 2, 3, True),
        ("67", 2, 3, True),
        ("66", 2, 3, False),
        ("12.5", 1, 8, True),
        ("100", 7, 7, True),
        ("100.0", 199, 200, False),
        ("86.20", 50, 58, False),
        ("86.2", 50, 58, True),
    ],
)
def test_percent_agrees_to_the_printed_digits(value: str, events: int, total: int, agrees: bool) -> None:
    """The rule of the package sees the digits that were written, which a store would lose."""
    node = NamedNode(BASE + "claim/fixture#measurement")
    changed = {"value": Literal(value, datatype=NamedNode(XSD + "decimal"))}
    changed |= {"events": Literal(events), "total": Literal(total)}
    files = ("base.ttl", "measurement-percent-agrees.valid.ttl")
    data = [q for name in files for q in parse((FIXTURES / name).read_bytes(), format=RdfFormat.TURTLE)]
    kept = [q for q in data if q.subject != node or q.predicate.value.removeprefix(CD22) not in changed]
    kept += [Quad(node, NamedNode(CD22 + name), term) for name, term in changed.items()]
    found = run(read_shapes().quads, tuple(kept))
    rules = {text_of(result.shape).removeprefix(SHAPES) for _, result in found.tally.kept}

    assert rules == (set() if agrees else {"measurement-percent-agrees"})
