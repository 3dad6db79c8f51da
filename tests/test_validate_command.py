"""The command `validate`: any data, any shapes, three forms of report, exit codes 0, 1 and 2."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pyoxigraph import RdfFormat, parse, serialize

from cd22kg import conformance
from cd22kg.conformance import open_data, shapes_in, validate_data
from cd22kg.errors import InputError
from cd22kg.gate.rdf import RdfFile
from cd22kg.namespaces import STANDARD_PREFIXES
from cd22kg.store import OxigraphStore, SparqlStore
from cd22kg.transfer import load_files
from tests.conftest import SERVER_KINDS, Cli
from tests.servers import Server

SH = STANDARD_PREFIXES["sh"]
PREFIXES = f"@prefix ex: <http://example.org/> . @prefix sh: <{SH}> . @prefix xsd: <{STANDARD_PREFIXES['xsd']}> .\n"
SHAPES = """
ex:person a sh:NodeShape ; sh:targetClass ex:Person ; sh:property ex:age , ex:name .
ex:age a sh:PropertyShape ; sh:path ex:age ; sh:datatype xsd:integer ; sh:maxCount 1 ;
    sh:message "Odd age. Fix: count." .
ex:name a sh:PropertyShape ; sh:path ex:name ; sh:minCount 1 ; sh:severity sh:Warning .
"""
GOOD = 'ex:a a ex:Person ; ex:age 40 ; ex:name "A" .'
BAD = 'ex:b a ex:Person ; ex:age 40 , 41 , "x" .'


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    """Return a file of shapes."""
    return write(tmp_path / "shapes.ttl", SHAPES)


def write(path: Path, text: str) -> Path:
    """Write Turtle with the prefixes of the tests."""
    path.write_text(PREFIXES + text, encoding="utf-8")
    return path


def without_places(text: str, file: Path) -> str:
    """Return a report on a file as it is on a store, which knows no lines."""
    return re.sub(f"^{re.escape(str(file))}:[0-9]+:[0-9]+: ", "", text, flags=re.MULTILINE)


def test_sound_data(cli: Cli, tmp_path: Path, shapes: Path) -> None:
    """Data that keep every shape conform: exit code 0."""
    done = cli("validate", write(tmp_path / "good.ttl", GOOD), "--shapes", shapes)

    assert (done.returncode, done.stdout) == (0, "0 violation, 0 warning, 0 info, 0 annotated\nconforms\n")


def test_faulty_data(cli: Cli, tmp_path: Path, shapes: Path) -> None:
    """Every fault is told, with its shape and file, and the exit code is 1."""
    data = write(tmp_path / "bad.ttl", BAD)
    done = cli("validate", data, "--shapes", shapes)

    assert done.returncode == 1
    assert done.stdout == (
        f"{data}:2:20: violation: <http://example.org/b>: Odd age\n"
        f"  rule: http://example.org/age ({shapes})\n  fix:  count\n"
        f"{data}:2:37: violation: <http://example.org/b>: Odd age\n"
        f"  rule: http://example.org/age ({shapes})\n  fix:  count\n"
        f"{data}:2:1: warning: <http://example.org/b>: <http://example.org/name>: fewer than 1 values\n"
        f"  rule: http://example.org/name ({shapes})\n"
        "2 violation, 1 warning, 0 info, 0 annotated\ndoes not conform\n"
    )


def test_engines_print_the_same_numbers(cli: Cli, tmp_path: Path, shapes: Path) -> None:
    """The reference engine, asked for by name, counts the same."""
    data = write(tmp_path / "bad.ttl", BAD)
    counts = [
        json.loads(cli("validate", data, "--shapes", shapes, "--format", "json", "--engine", engine).stdout)["counts"]
        for engine in ("compiled", "pyshacl")
    ]

    assert counts == [{"violation": 2, "warning": 1, "info": 0, "annotated": 0}] * 2


def test_report_in_turtle(cli: Cli, tmp_path: Path, shapes: Path) -> None:
    """The report in Turtle is one of SHACL, with each result."""
    data = write(tmp_path / "bad.ttl", BAD)
    text = cli("validate", data, "--shapes", shapes, "--format", "ttl").stdout
    found = [(quad.predicate.value.removeprefix(SH), str(quad.object)) for quad in parse(text, format=RdfFormat.TURTLE)]

    assert [str(value) for name, value in found if name == "conforms"] == [
        f'"false"^^<{STANDARD_PREFIXES["xsd"]}boolean>'
    ]
    assert sorted(value for name, value in found if name == "sourceConstraintComponent") == [
        f"<{SH}DatatypeConstraintComponent>",
        f"<{SH}MaxCountConstraintComponent>",
        f"<{SH}MinCountConstraintComponent>",
    ]
    assert cli("validate", data, "--shapes", shapes, "--format", "ttl").stdout == text


def test_findings_are_bounded_and_counts_exact(cli: Cli, tmp_path: Path, shapes: Path) -> None:
    """With a bound the most severe findings are kept, and all are counted."""
    data = write(tmp_path / "many.ttl", "".join(f'ex:p{n} a ex:Person ; ex:age "x" .\n' for n in range(500)))
    done = cli("validate", data, "--shapes", shapes, "--max-findings", "7", "--format", "json")
    report = json.loads(done.stdout)

    assert done.returncode == 1
    assert report["counts"] == {"violation": 500, "warning": 500, "info": 0, "annotated": 0}
    assert [finding["severity"] for finding in report["findings"]] == ["violation"] * 7


@pytest.mark.parametrize("suffix", [".nt", ".nq", ".trig"])
def test_other_syntaxes(tmp_path: Path, shapes: Path, suffix: str) -> None:
    """N-Triples, N-Quads and TriG are read by their endings."""
    path = tmp_path / f"data{suffix}"
    path.write_text('<http://example.org/b> <http://example.org/age> "x" .\n', encoding="utf-8")
    typed = f"<http://example.org/b> <{STANDARD_PREFIXES['rdf']}type> <http://example.org/Person> .\n"
    path.write_text(path.read_text(encoding="utf-8") + typed, encoding="utf-8")
    with open_data(path) as data:
        verdict = validate_data(data, shapes_in(shapes))

    assert verdict.report.counts()["violation"] == 1


def test_store_folder(cli: Cli, tmp_path: Path, shapes: Path) -> None:
    """A store that a file was loaded into gives the findings of the file, however it is named."""
    file, kept = write(tmp_path / "bad.ttl", BAD), tmp_path / "kept"
    load_files([file], kept)
    first, second, third = (
        cli("validate", *where, "--shapes", shapes) for where in ((file,), (kept,), ("--store", kept))
    )

    assert (first.returncode, second.returncode, third.returncode) == (1, 1, 1)
    assert without_places(first.stdout, file) == second.stdout == third.stdout


@pytest.mark.parametrize("args", [(), ("data.ttl", "--store", "kept")], ids=["nothing", "both"])
def test_data_is_named_once(args: tuple[str, ...], cli: Cli) -> None:
    """Data or a store must be named, and not both."""
    done = cli("validate", *args)

    assert done.returncode == 2
    assert "give DATA or --store" in done.stderr


@pytest.mark.parametrize("kind", [kind for kind in SERVER_KINDS if kind.values[0] in ("fuseki", "oxigraph")])
def test_server_is_validated_in_place(
    kind: str,
    server: Callable[[str], Server],
    connect: Callable[[str], SparqlStore],
    cli: Cli,
    tmp_path: Path,
    shapes: Path,
) -> None:
    """The compiled queries run on a server as they do here."""
    file = write(tmp_path / "bad.ttl", BAD)
    connect(kind).bulk_load(RdfFile(file, graph="http://example.org/graph"))
    there = cli("validate", "--store", server(kind).address, "--shapes", shapes)
    here = cli("validate", file, "--shapes", shapes)

    assert (1, without_places(here.stdout, file)) == (there.returncode, there.stdout), there.stderr


def test_large_file_goes_to_disk(tmp_path: Path, shapes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file over the limit is loaded into a store on disk that is gone afterwards, with the same findings."""
    monkeypatch.setattr(conformance, "MAX_IN_MEMORY", 0)
    with open_data(write(tmp_path / "bad.ttl", BAD)) as data:
        verdict = validate_data(data, shapes_in(shapes))
        assert isinstance(data.store, OxigraphStore)
        folder = data.store.path

    assert verdict.report.counts()["violation"] == 2
    assert folder is not None
    assert not folder.exists()


@pytest.mark.parametrize(("times", "goes_to_disk"), [(0, False), (1 << 60, True)])
def test_large_file_of_lines_goes_where_there_is_room(
    tmp_path: Path, shapes: Path, monkeypatch: pytest.MonkeyPatch, times: int, goes_to_disk: bool
) -> None:
    """A file that is loaded by the line goes to disk only where memory has not several times its size free."""
    monkeypatch.setattr(conformance, "MAX_LINES_IN_MEMORY", 0)
    monkeypatch.setattr(conformance, "ROOM", times)
    bad = tuple(RdfFile(write(tmp_path / "bad.ttl", BAD), labels=True))
    (tmp_path / "bad.nt").write_bytes(serialize(bad, format=RdfFormat.N_TRIPLES) or b"")
    with open_data(tmp_path / "bad.nt") as data:
        verdict = validate_data(data, shapes_in(shapes))
        assert isinstance(data.store, OxigraphStore)
        assert (data.store.path is not None) == goes_to_disk

    assert verdict.report.counts()["violation"] == 2


def test_folder_of_shapes(tmp_path: Path, shapes: Path) -> None:
    """Every Turtle file of a folder is read; a folder without one is an error."""
    folder = tmp_path / "shapes"
    folder.mkdir()
    with pytest.raises(InputError, match=r"no \.ttl file"):
        shapes_in(folder)
    shapes.rename(folder / "one.ttl")
    write(folder / "two.ttl", "ex:more a sh:NodeShape ; sh:targetClass ex:Person ; sh:property ex:age .")

    assert len(shapes_in(folder).files) == 4


def test_build_folder_is_read_with_its_digits(cli: Cli, tmp_path: Path) -> None:
    """A build is validated from its store, and what asks for digits from its N-Quads: as in the build itself."""
    assert cli("build", cwd=tmp_path).returncode == 0
    report = json.loads((tmp_path / "build" / "report.json").read_text(encoding="utf-8"))
    found = json.loads(cli("validate", tmp_path / "build", "--format", "json").stdout)

    assert found["counts"] == report["counts"]
    assert "notes" not in found
    assert sorted(f["rule"] for f in found["findings"]) == sorted(f["rule"] for f in report["findings"])


def test_store_says_which_verdicts_are_in_doubt(tmp_path: Path) -> None:
    """A rule on the digits of a number is exact on a file, and on a store told as doubtful."""
    shapes = write(
        tmp_path / "digits.ttl",
        "ex:s a sh:NodeShape ; sh:targetSubjectsOf ex:v ; sh:property ex:digits , ex:kind .\n"
        'ex:digits sh:path ex:v ; sh:pattern "^[0-9]+\\\\.[0-9]$" .\nex:kind sh:path ex:n ; sh:datatype xsd:byte .\n',
    )
    text = 'ex:a ex:v 70.0 ; ex:n "5"^^xsd:byte . ex:b ex:v 70 ; ex:n 5 .'
    file = write(tmp_path / "data.ttl", text)
    load_files([file], tmp_path / "kept")
    with open_data(file) as data:
        on_file = validate_data(data, shapes_in(shapes)).report
    with open_data(tmp_path / "kept") as data:
        on_store = validate_data(data, shapes_in(shapes)).report

    assert {(f.focus[-1], f.value) for f in on_file.findings} == {("b", "70"), ("b", "5")}
    assert on_file.notes == ()
    assert {f.value for f in on_store.findings} == {"70"}
    assert [note.rpartition(": ")[2] for note in on_store.notes] == [
        "http://example.org/digits, http://example.org/kind"
    ]


def test_shapes_that_need_pyshacl_are_named(tmp_path: Path) -> None:
    """A shape that refers to itself is left to pySHACL, and the report says so."""
    shapes = write(
        tmp_path / "loop.ttl",
        "ex:loop a sh:NodeShape ; sh:targetClass ex:Person ; sh:property [ sh:path ex:knows ; sh:node ex:loop ] ;\n"
        "    sh:property [ sh:path ex:name ; sh:minCount 1 ] .\n" + SHAPES,
    )
    with open_data(write(tmp_path / "bad.ttl", GOOD + BAD + "ex:a ex:knows ex:b .")) as data:
        report = validate_data(data, shapes_in(shapes)).report

    assert [note for note in report.notes if "checked by pySHACL" in note] == [
        "checked by pySHACL, not on the store: `http://example.org/loop`, as `http://example.org/loop` refers to itself"
    ]
    assert report.counts() == {"violation": 4, "warning": 1, "info": 0, "annotated": 0}


def test_explain_shows_the_queries(cli: Cli, tmp_path: Path, shapes: Path) -> None:
    """The plan is SPARQL that any engine can parse: a query for each check, and what is asked before it."""
    done = cli("validate", write(tmp_path / "bad.ttl", BAD), "--shapes", shapes, "--explain")
    queries = [part.partition("\n")[2] for part in done.stdout.split("# ")[1:]]

    assert done.returncode == 0
    assert len(queries) == 4
    for query in queries:
        OxigraphStore().query(query)


FAULTS = {
    "no such file": ("missing.ttl", None, "cannot read the file: No such file"),
    "no RDF": ("shapes.csv", "a,b\n", "the ending names no RDF syntax"),
    "broken Turtle": ("broken.ttl", "<a> <b> .", "not valid Turtle"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_data_that_cannot_be_read(cli: Cli, tmp_path: Path, shapes: Path, name: str) -> None:
    """Data that are no RDF are an error with the place, and exit code 2."""
    file, text, said = FAULTS[name]
    if text is not None:
        (tmp_path / file).write_text(text, encoding="utf-8")
    done = cli("validate", tmp_path / file, "--shapes", shapes)

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


MALFORMED = {
    "count": ("ex:s sh:targetClass ex:P ; sh:property [ sh:path ex:p ; sh:minCount -1 ] .", "needs a whole number"),
    "two datatypes": ("ex:s sh:targetClass ex:P ; sh:datatype xsd:int , xsd:date .", "more than one value"),
    "kind": ("ex:s sh:targetClass ex:P ; sh:nodeKind ex:Iri .", "unknown `sh:nodeKind`"),
    "list": ("ex:s sh:targetClass ex:P ; sh:in ex:p .", "a list that is malformed"),
    "no path": ("ex:s sh:targetClass ex:P ; sh:property ex:t . ex:t sh:nodeKind sh:IRI .", "without `sh:path`"),
    "count of a node": ("ex:s sh:targetClass ex:P ; sh:minCount 1 .", "it lacks `sh:path`"),
    "path": ("ex:s sh:targetClass ex:P ; sh:path [ ex:p ex:q ] .", "has a malformed path"),
    "no target": ("ex:s a sh:NodeShape .", "no shape in it has a target"),
    "MINUS": (
        'ex:s sh:targetClass ex:P ; sh:sparql [ sh:select "SELECT $this WHERE { $this a ?c MINUS { $this a ?d } }" ] .',
        "MINUS, which SHACL forbids",
    ),
    "script": ('ex:s sh:targetClass ex:P ; sh:js [ sh:jsFunctionName "f" ] .', "no engine here runs it"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_shapes(tmp_path: Path, name: str) -> None:
    """A malformed shape is an error that names it, never a report without findings."""
    text, said = MALFORMED[name]
    with pytest.raises(InputError) as caught:
        shapes_in(write(tmp_path / "malformed.ttl", text))

    assert said in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("engine", ["compiled", "pyshacl"])
def test_shapes_that_are_not_there_are_told(tmp_path: Path, engine: str) -> None:
    """A property shape that is named only is noted as not checked; the others are checked."""
    shapes = write(tmp_path / "part.ttl", SHAPES.replace("ex:age , ex:name", "ex:age , ex:other"))
    with open_data(write(tmp_path / "bad.ttl", BAD)) as data:
        report = validate_data(data, shapes_in(shapes), engine=engine).report

    assert report.counts()["violation"] == 2
    assert report.notes == (
        "shapes that are defined nowhere, and so were not checked (name their files too):"
        " `http://example.org/other` of `http://example.org/person`",
    )


def test_ill_formed_literals_are_told_once(cli: Cli, tmp_path: Path, shapes: Path) -> None:
    """Of a literal that is none of its datatype the report tells, and rdflib prints nothing of its own."""
    data = write(tmp_path / "bad.ttl", 'ex:b a ex:Person ; ex:age "x"^^xsd:integer ; ex:name "2020"^^xsd:date .')
    done = cli("validate", data, "--shapes", shapes, "--engine", "pyshacl")

    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_unknown_words_are_told(tmp_path: Path) -> None:
    """A term that SHACL does not have is a slip more often than not, and is noted."""
    shapes = write(tmp_path / "slip.ttl", "ex:s a sh:NodeShape ; sh:targetClass ex:Person ; sh:clossed true .")
    with open_data(write(tmp_path / "good.ttl", GOOD)) as data:
        notes = validate_data(data, shapes_in(shapes)).report.notes

    assert notes == ("`http://example.org/s`: `sh:clossed` is no term of SHACL and was passed over",)


@pytest.mark.parametrize("suffix", [".ttl", ".nq"])
def test_no_data_is_an_error(cli: Cli, tmp_path: Path, shapes: Path, suffix: str) -> None:
    """Data without a triple never conform: exit code 2, with the file."""
    file = tmp_path / f"none{suffix}"
    file.write_text("# nothing\n", encoding="utf-8")
    done = cli("validate", file, "--shapes", shapes)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{file}: there are no data\n  fix:  name data with a triple\n"


NO_NODE = "no shape found a node"
OTHERS = "ex:a a ex:Animal ; ex:age 40 ."


@pytest.mark.parametrize("engine", ["compiled", "pyshacl"])
def test_shapes_without_a_node_are_told(cli: Cli, tmp_path: Path, shapes: Path, engine: str) -> None:
    """Where no shape is about anything in the data the report says so."""
    done = cli("validate", write(tmp_path / "other.ttl", OTHERS), "--shapes", shapes, "--engine", engine)

    assert done.returncode == 0
    assert done.stdout == f"note: {NO_NODE}\n0 violation, 0 warning, 0 info, 0 annotated\nconforms\n"


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("sh:targetClass ex:Animal", True),
        ("sh:targetClass ex:Being", True),
        ("sh:targetNode ex:nowhere", True),
        ("sh:targetSubjectsOf ex:age", True),
        ("sh:targetObjectsOf ex:age", True),
        ("sh:targetObjectsOf ex:name", False),
        ("sh:targetClass ex:Animal ; sh:deactivated true", False),
    ],
)
def test_every_kind_of_target_counts(tmp_path: Path, target: str, found: bool) -> None:
    """The note is there exactly where no target of any kind has a node."""
    shapes = write(tmp_path / "one.ttl", f"ex:s a sh:NodeShape ; {target} ; sh:nodeKind sh:IRIOrLiteral .")
    below = "ex:Animal <http://www.w3.org/2000/01/rdf-schema#subClassOf> ex:Being ."
    with open_data(write(tmp_path / "other.ttl", OTHERS + below)) as data:
        report = validate_data(data, shapes_in(shapes)).report

    assert (report.notes == ()) == found
    assert set(report.notes) <= {NO_NODE}
