"""Shapes that an engine cannot run: never a report that conforms, never a traceback."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pyoxigraph import Quad

from cd22kg.errors import InputError
from cd22kg.store import OxigraphStore
from cd22kg.validation import pyshacl_engine
from cd22kg.validation.engine import Validation, Validator
from tests.conftest import Cli
from tests.test_sparql_constraints import DECLARED, key, turtle

HEAD = "ex:s a sh:NodeShape ; sh:targetClass ex:T ; "
DATA = 'ex:a a ex:T ; ex:n "x" , "aa" , "b" .'


def run(shapes: str) -> Validation:
    """Return what the shapes find in the data."""
    store, data = OxigraphStore(), turtle(DATA)
    store.load(data)
    return Validator(turtle(DECLARED + shapes)).validate(store, lambda: data, threads=1)


def reference(shapes: str) -> set[tuple[str, ...]]:
    """Return node, path and value of what pySHACL finds."""
    return {key(result)[:3] for result in pyshacl_engine.run(turtle(DATA), turtle(DECLARED + shapes))}


def query(text: str) -> str:
    """Return a SPARQL constraint on the node of the data."""
    return f'{HEAD} sh:sparql [ sh:prefixes ex:o ; sh:select """{text}""" ] .'


def values(constraint: str) -> str:
    """Return a shape of the values in the data."""
    return f"{HEAD} sh:property [ sh:path ex:n ; {constraint} ] ."


FILTER = "SELECT $this ?value WHERE {{ $this ex:n ?value FILTER({}) }}"
CUSTOM = """ex:pattern a sh:ConstraintComponent ; sh:parameter [ sh:path ex:fits ] ;
    sh:validator [ sh:ask "ASK { FILTER(REGEX(STR($value), $fits)) }" ] .\n"""
#: Shapes with patterns that only pySHACL can run, with the number of values at fault.
BEYOND = {
    "look ahead": (values('sh:pattern "^(?!x)"'), 1),
    "look ahead with a flag": (values('sh:pattern "^(?!X)" ; sh:flags "i"'), 1),
    "back reference": (values('sh:pattern "(a)\\\\1"'), 2),
    "inside another shape": (values('sh:not [ sh:pattern "^(?!x)" ]'), 2),
    "filter": (query(FILTER.format("REGEX(?value, '^(?!x)')")), 2),
    "filter with blanks and a flag": (query(FILTER.format("regex ( ?value , '^(?!X)' , 'i' )")), 2),
    "put together": (query(FILTER.format("REGEX(?value, CONCAT('^', '(?!x)'))")), 2),
    "replaced": (query(FILTER.format("REPLACE(?value, '^(?!x)', '!') = 'x'")), 1),
    "parameter": (f'{CUSTOM}{values("""ex:fits "^(?!x)" """)}', 1),
}


@pytest.mark.parametrize("name", BEYOND)
def test_pattern_beyond_the_store_goes_to_pyshacl(name: str) -> None:
    """A pattern that the store's engine cannot run is left to pySHACL with a note, not taken for kept or broken."""
    shapes, count = BEYOND[name]
    found = run(shapes)

    assert len(found.tally.kept) == count
    assert {key(result)[:3] for _, result in found.tally.kept} == reference(shapes)
    assert any("is beyond the store's engine" in note for note in found.notes)


WITHIN = {
    "property of letters": values('sh:pattern "^\\\\p{L}$"'),
    "no pattern": values('sh:pattern "(" ; sh:flags "q"'),
    "text like a call": query(FILTER.format("STR(?value) = \"REGEX(x, '(')\"")),
}


@pytest.mark.parametrize("name", WITHIN)
def test_pattern_of_the_store_stays(name: str) -> None:
    """What the store's engine can run it runs."""
    found = run(WITHIN[name])

    assert (found.foreign, found.notes) == ({}, ())


def test_pattern_from_the_data_is_noted() -> None:
    """Of a pattern that comes from the data the report says that it was not tried."""
    (note,) = run(query("SELECT $this ?value WHERE { $this ex:n ?value , ?v FILTER(REGEX(?value, ?v)) }")).notes

    assert note.endswith("matches nothing where the store cannot run it: http://example.org/s")


TWO_FLAGS = 'sh:pattern "^(?!x)" ; sh:flags "x"'
REFUSED = {
    "no pattern": (values('sh:pattern "("'), "is no regular expression here"),
    "no pattern, inside": (values('sh:not [ sh:pattern "(" ]'), "is no regular expression here"),
    "no pattern in a query": (query(FILTER.format("REGEX(?value, '(')")), "is no regular expression here"),
    "control character in it": (values('sh:pattern "(\\u001B"'), r"the pattern `(\u001B`, which is no regular"),
    "flag that pySHACL passes over": (values(TWO_FLAGS), "nor pySHACL with these flags"),
    "brace missing": (query("SELECT $this WHERE { $this ex:n ?v"), "cannot be run: not SPARQL"),
    "brace too many": (query("SELECT $this WHERE { $this ex:n ?v } }"), "cannot be run: not SPARQL"),
    "braces out of place": (query("SELECT $this WHERE { $this ex:n ?v } } UNION { { ?s ?p ?o }"), "cannot be run"),
    "unknown prefix": (query("SELECT $this WHERE { $this foo:n ?v }"), "cannot be run: not SPARQL"),
    "no node": (query("SELECT ?v WHERE { $this ex:n ?v }"), "does not select $this"),
    "ASK for SELECT": (query("ASK { $this ex:n ?v }"), "this is no SELECT"),
    "SELECT for ASK": (
        CUSTOM.replace("ASK {", "SELECT * {") + values('ex:fits "x"'),
        "has a `sh:ask` that is no ASK",
    ),
    "unknown function": (query(FILTER.format("<http://example.org/f>(?value)")), "is not supported"),
    "unknown function that is bound": (
        query("SELECT $this WHERE { $this ex:n ?v BIND(<http://example.org/f>(?v) AS ?x) FILTER(!BOUND(?x)) }"),
        "is not supported",
    ),
    "unknown word for one": (query(FILTER.format("LENGTH(?value) > 1")), "cannot be run: not SPARQL"),
    "shapes in shapes": (HEAD + "sh:not [ " * 3000 + "sh:class ex:U" + " ]" * 3000 + " .", "over 100 levels deep"),
    "paths in paths": (
        values("sh:minCount 1").replace("ex:n", "[ sh:inversePath " * 2000 + "ex:n" + " ]" * 2000),
        "over 100 levels deep",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_shape_is_refused(name: str) -> None:
    """A shape that no engine can run is an error that names it."""
    shapes, said = REFUSED[name]
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        run(shapes)

    assert caught.value.message.startswith("the shapes cannot be used: `")


def test_deep_shapes_run_to_the_limit() -> None:
    """Shapes and paths at the limit are compiled and asked."""
    deep = f"{HEAD} {'sh:not [ ' * 99} sh:class ex:U {' ]' * 99} ."
    long = values("sh:minCount 1").replace("ex:n", "[ sh:inversePath " * 99 + "ex:n" + " ]" * 99)

    assert (len(run(deep).tally.kept), len(run(long).tally.kept)) == (0, 1)


TOLD = ["brace missing", "braces out of place", "no node", "no pattern", "shapes in shapes", "unknown function"]


@pytest.mark.parametrize("engine", ["compiled", "pyshacl"])
@pytest.mark.parametrize("name", TOLD)
def test_command_tells_of_a_broken_shape(cli: Cli, tmp_path: Path, name: str, engine: str) -> None:
    """With either engine the command names the shape and exits with 2."""
    data, shapes = tmp_path / "data.ttl", tmp_path / "shapes.ttl"
    write(data, turtle(DATA))
    write(shapes, turtle(DECLARED + REFUSED[name][0]))
    done = cli("validate", data, "--shapes", shapes, "--engine", engine)

    assert (done.returncode, done.stdout) == (2, "")
    assert REFUSED[name][1] in done.stderr
    assert "Traceback" not in done.stderr


def write(path: Path, quads: tuple[Quad, ...]) -> None:
    """Write triples as a file."""
    path.write_text("".join(f"{quad.triple} .\n" for quad in quads), encoding="utf-8")


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        (values('sh:pattern "^\\\\p{L}$"'), r"pySHACL cannot run the pattern `^\p{L}$` of a shape"),
        (f'{HEAD} sh:target [ a sh:SPARQLTarget ; sh:select "SELECT ?this WHERE {{" ] .', "is not SPARQL"),
    ],
    ids=["pattern of XML Schema", "query of a target"],
)
def test_pyshacl_that_gives_up_is_an_error_of_ours(shapes: str, said: str) -> None:
    """What pySHACL's libraries raise comes out as an error with a hint."""
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        reference(shapes)

    assert caught.value.hint


CIRCLES = {
    "not": f"{HEAD} sh:not ex:other . ex:other sh:not ex:s .",
    "node": f"{HEAD} sh:property [ sh:path ex:next ; sh:node ex:s ] .",
}


@pytest.mark.parametrize("engine", ["compiled", "pyshacl"])
@pytest.mark.parametrize("name", CIRCLES)
def test_shapes_that_go_round_are_told(cli: Cli, tmp_path: Path, name: str, engine: str) -> None:
    """Where shapes refer to themselves the report says how far they were followed, and stderr is not filled."""
    data, shapes = tmp_path / "data.ttl", tmp_path / "shapes.ttl"
    write(data, turtle("ex:a a ex:T ; ex:next ex:b . ex:b ex:next ex:c . ex:c ex:next ex:a ."))
    write(shapes, turtle(DECLARED + CIRCLES[name]))
    done = cli("validate", data, "--shapes", shapes, "--engine", engine)

    assert done.returncode in (0, 1)
    assert "note: pySHACL followed shapes that refer to themselves once round" in done.stdout
    assert done.stderr.startswith("validate ")
    assert len(done.stderr.splitlines()) == 1


def test_shape_that_says_nothing_is_noted() -> None:
    """A shape that is named only is noted; every node conforms to it, as SHACL has it."""
    found = run(f"{HEAD} sh:node ex:slip . ex:other a sh:NodeShape ; sh:targetClass ex:T ; sh:not ex:gone .")

    assert [str(result.shape) for _, result in found.tally.kept] == ["<http://example.org/other>"]
    assert [note.partition(": ")[2] for note in found.notes] == [
        "`http://example.org/gone` of `http://example.org/other`, `http://example.org/slip` of `http://example.org/s`"
    ]
