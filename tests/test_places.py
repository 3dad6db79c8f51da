"""Places of findings in files of RDF: the line of the triple, of the property or of the node; in doubt none."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from pyoxigraph import BlankNode, NamedNode, RdfFormat, parse

from cd22kg.gate.rdf import syntax_of
from cd22kg.resources import resource_files
from cd22kg.validation import places
from cd22kg.validation.places import places_in
from cd22kg.validation.terms import RDF_TYPE, text_of
from tests.conftest import Cli
from tests.test_validate_command import write

EX = "http://example.org/"
LINES = f"""# <{EX}b> <{EX}p> "x" .

<{EX}a> <{EX}p> "<{EX}b> <{EX}p>" .
<{EX}b> <{EX}q> <{EX}a> .
\t<{EX}b>\t<{EX}p> "1"^^<{EX}t> . # said twice
<{EX}b> <{EX}p> "x\\u0079" <{EX}graph> .
_:n <{EX}p> "n" .
<{EX}\\u0062b> <{EX}p> "e" .
"""
TURTLE = """@prefix ex: <http://example.org/> .
PREFIX : <http://example.org/more/>
# ex:b ex:p "x" .
ex:a ex:p "ex:b ex:p" , 'ex:b' , \"\"\"
ex:b ex:p "x" .
\"\"\" ; ex:list ( ex:b ex:p 1 [ ex:p ex:b ] ) .
[] ex:p ex:b ; ex:q [ a ex:T ; ex:p "x" ] .
ex:b
  a ex:T ;
  ex:p 1.5 , "x"@en,
    "y"^^ex:t ; # here
  ex:q true .
:b ex:p 'more' .
@base <http://example.org/base/> .
<b> ex:p 'b\\u0061se' . <#c> ex:p 7 .
_:n ex:p "n" .
ex:b ex:p "again" . ex:a\\,b ex:p 1.e1 . ex:a.b ex:p -.5, "z".
"""


def found(path: Path, *wanted: tuple[str, str, str]) -> list[str]:
    """Return the places of nodes, properties and values, named without their namespace."""
    keys = [(s if s.startswith("_:") else EX + s, EX + p if p and p != RDF_TYPE else p, v) for s, p, v in wanted]
    known = places_in(path, keys)
    assert known is not None
    located = [known.locate(*key) for key in keys]
    return ["" if place is None else str(place).removeprefix(f"{path}:") for place in located]


@pytest.mark.parametrize("name", ["data.nq", "data.nq.gz"])
def test_by_line(tmp_path: Path, name: str) -> None:
    """The line of the triple, else the first with the property, else the first of the node."""
    path = tmp_path / name
    path.write_bytes(gzip.compress(LINES.encode()) if name.endswith("gz") else LINES.encode())

    assert found(path, ("b", "p", "1"), ("b", "p", "xy"), ("b", "p", "other"), ("b", "r", ""), ("b", "", "")) == [
        *("5:25", "6:24", "5:25", "4:1", "4:1")
    ]
    assert found(path, ("_:n", "p", "n"), ("bb", "p", "e"), ("a", "p", ""), ("graph", "", ""), ("none", "p", "")) == [
        *("7:5", "8:30", "3:24", "", "")
    ]


def test_line_ends(tmp_path: Path) -> None:
    """A line may end in any of the three ways."""
    path = tmp_path / "data.nt"
    path.write_bytes(
        "\r".join(f'<{EX}{n}> <{EX}p> "{n}" .' for n in "abc").encode() + f'\r\n<{EX}d> <{EX}p> "d" .'.encode()
    )

    assert found(path, *((name, "", "") for name in "abcd")) == ["1:1", "2:1", "3:1", "4:1"]


@pytest.mark.parametrize("name", ["data.ttl", "data.trig"])
def test_in_turtle(tmp_path: Path, name: str) -> None:
    """What stands in comments, texts, lists and nodes without a name is not taken for a statement."""
    path = tmp_path / name
    path.write_text(TURTLE, encoding="utf-8")

    assert found(path, ("b", RDF_TYPE, EX + "T"), ("b", "p", "1.5"), ("b", "p", "x"), ("b", "p", "y")) == [
        *("9:5", "10:8", "10:14", "11:5")
    ]
    assert found(path, ("b", "q", "true"), ("b", "p", ""), ("b", "r", ""), ("b", "", ""), ("b", "p", "again")) == [
        *("12:8", "10:3", "8:1", "8:1", "17:11")
    ]
    assert found(path, ("more/b", "p", "more"), ("base/b", "p", "base"), ("base/#c", "p", "7"), ("_:n", "p", "n")) == [
        *("13:9", "15:10", "15:34", "16:10")
    ]
    assert found(path, ("a,b", "p", "1.e1"), ("a.b", "p", "-.5"), ("a.b", "p", "z"), ("none", "", "")) == [
        *("17:34", "17:53", "17:58", "")
    ]


def test_in_graphs(tmp_path: Path) -> None:
    """Statements in the graphs of TriG are found, and a graph's name is no node."""
    path = tmp_path / "data.trig"
    path.write_text(
        f"@prefix ex: <{EX}> .\n"
        "ex:b { ex:a ex:p 1 }\nGRAPH ex:g { ex:c ex:p 2 . ex:b ex:p 3 . }\n{ ex:d ex:p 4 }",
        encoding="utf-8",
    )

    assert found(path, ("a", "p", "1"), ("c", "p", "2"), ("b", "p", "3"), ("d", "p", "4"), ("g", "", "")) == [
        *("2:18", "3:24", "3:38", "4:13", "")
    ]


def test_what_is_not_known_ends_the_search(tmp_path: Path) -> None:
    """Behind triple terms nothing is found, rather than something wrong."""
    path = tmp_path / "data.ttl"
    path.write_text(f"@prefix ex: <{EX}> .\nex:a ex:p 1 .\nex:b ex:p <<( ex:c ex:p 1 )>> .\nex:c ex:p 2 .\n")

    assert found(path, ("a", "p", "1"), ("c", "p", "2")) == ["2:11", ""]


def test_no_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """RDF/XML, files that are gone or can be read once only, and large Turtle have none."""
    wanted = [(EX + "a", "", "")]
    (tmp_path / "data.ttl").write_text(TURTLE, encoding="utf-8")
    (tmp_path / "data.rdf").write_text("<a/>", encoding="utf-8")
    monkeypatch.setattr(places, "MAX_BYTES", len(TURTLE) - 1)

    assert [places_in(tmp_path / name, wanted) for name in ("data.ttl", "data.rdf", "gone.ttl")] == [None] * 3


def written(text: str, value: str, names: dict[str, str]) -> bool:
    """Return whether a text begins with a value as Turtle may write it."""
    forms = [f"<{value}>", *(f"{name}:" for name, base in names.items() if value.startswith(base))]
    return text.startswith((*forms, '"', "'", "a ", value))


FILES = [*resource_files("ontology", "*.ttl"), *resource_files("shapes", "*.ttl")]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_triple_of_our_files_is_found(path: Path) -> None:
    """Each triple about a node with a name is found where its value stands."""
    text = path.read_text(encoding="utf-8")
    lines = text.split("\n")
    parser = parse(path.read_bytes(), format=RdfFormat.TURTLE, base_iri=path.as_uri())
    quads = [quad for quad in parser if isinstance(quad.subject, NamedNode) and not isinstance(quad.object, BlankNode)]
    wanted = [(text_of(quad.subject), quad.predicate.value, text_of(quad.object)) for quad in quads]
    known = places_in(path, wanted)

    assert known is not None
    for key in wanted:
        place = known.locate(*key)
        assert place is not None
        assert written(lines[place.line - 1][place.column - 1 :], key[2], parser.prefixes), (key, place)


SUITE = Path(__file__).resolve().parents[2] / "shared" / "real" / "rdf11"
TESTS = [path for path in sorted(SUITE.rglob("*")) if path.suffix in (".nt", ".nq", ".ttl", ".trig")]


@pytest.mark.shared
@pytest.mark.skipif(not SUITE.is_dir(), reason="the folder with the suites of RDF is not beside the checkout")
def test_suites_of_rdf() -> None:
    """In whatever the W3C allows to be written, a place that is found is one where such a value may stand."""
    counts = {True: 0, False: 0}
    for path in TESTS:
        try:
            quads = list(
                parse(path.read_bytes(), format=syntax_of(path), base_iri=path.as_uri(), rename_blank_nodes=False)
            )
        except SyntaxError:
            continue
        lines = path.read_text(encoding="utf-8").split("\n")
        wanted = [
            (text_of(q.subject), q.predicate.value, text_of(q.object))
            for q in quads
            if isinstance(q.subject, NamedNode) and not isinstance(q.object, BlankNode)
        ]
        known = places_in(path, wanted)
        for key in wanted:
            assert known is not None
            place = known.locate(*key)
            counts[place is not None] += 1
            if place is not None:
                rest = lines[place.line - 1][place.column - 1 :]
                assert rest[:1] in "<\"'+-.:atf" or rest[:1].isalnum(), (path, key, place)

    assert counts[True] > 50 * counts[False]


def test_reports_name_the_line(cli: Cli, tmp_path: Path) -> None:
    """Text begins with the place, and the other forms hold it; a finding about no file has none."""
    shapes = write(
        tmp_path / "shapes.ttl",
        "ex:s a sh:NodeShape ; sh:targetClass ex:T ; sh:property ex:p . ex:p sh:path ex:v ; sh:maxLength 3 .",
    )
    data = write(tmp_path / "data.ttl", 'ex:a a ex:T ;\n  ex:v "abc" ,\n    "abcd" .\n')
    first = data.read_text(encoding="utf-8").split("\n").index('    "abcd" .') + 1

    def run(form: str) -> str:
        return cli("validate", "data.ttl", "--shapes", shapes, "--format", form, cwd=tmp_path).stdout

    assert run("text").startswith(f"data.ttl:{first}:5: violation: <http://example.org/a>")
    (finding,) = json.loads(run("json"))["findings"]
    assert finding["location"] == {"file": "data.ttl", "line": first, "column": 5}
    (result,) = json.loads(run("sarif"))["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": first, "startColumn": 5}
    assert f"data.ttl:{first}:5: violation" in run("junit")
    assert f"data.ttl:{first}:5" in run("html")
