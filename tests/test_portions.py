"""Files of lines in portions: the verdicts of the whole, whatever stands in which portion."""

from __future__ import annotations

import gzip
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import Quad, RdfFormat, parse, serialize

from cd22kg.conformance import MIN_IN_PORTIONS, open_data, reads_of, shapes_in, validate_data
from cd22kg.errors import InputError
from cd22kg.gate.rdf import RdfFile
from cd22kg.store import OxigraphStore
from cd22kg.synth import synthesize
from cd22kg.validation import gathered
from cd22kg.validation.engine import Validation
from cd22kg.validation.lines import LineFile
from cd22kg.validation.locality import PartSchema, local_shapes
from cd22kg.validation.portions import Portions
from cd22kg.validation.shapes import Shapes
from tests.test_lines import EX, PREFIXES, exactly, texts
from tests.test_shacl_agreement import CALM, shape_graphs

BENCHMARK = Path(__file__).resolve().parents[1] / "benchmarks" / "shapes"


def shapes_from(text: str) -> Shapes:
    """Return shapes written in Turtle, without the prefixes."""
    return Shapes(tuple(parse(PREFIXES + text, format=RdfFormat.TURTLE)), {}, frozenset())


def in_portions(path: Path, shapes: Shapes, size: int, limit: int | None = None, threads: int = 2) -> Validation:
    """Return what is found in portions of so many bytes."""
    reads = reads_of(shapes, in_portions=True)
    assert reads.in_portions
    lines = LineFile(RdfFile(path), reads.properties, reads.digits, reads.classes)
    with OxigraphStore() as store:
        return Portions(shapes.validator, lines, size=size).validate(store, limit=limit, threads=threads)


def at_once(path: Path, shapes: Shapes) -> Validation:
    """Return what is found in the whole, parsed and loaded as such."""
    whole = tuple(RdfFile(path, labels=True))
    with OxigraphStore() as store:
        store.load(whole)
        return shapes.validator.validate(store, lambda: whole, threads=1)


def told(found: Validation) -> list[tuple[str, ...]]:
    """Return all that was found, with severities and messages, in a fixed order."""
    return sorted(
        (severity, *exactly(result), *sorted(map(str, result.messages))) for severity, result in found.tally.kept
    )


def held(shapes: Shapes, text: str, size: int, ending: str = "nt") -> None:
    """Hold what portions tell against what the whole tells, without a limit and with one."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"data.{ending}"
        path.write_bytes(text.encode())
        expected = at_once(path, shapes)
        # Small numbers, so that little data reaches what much data does.
        with patch.multiple(gathered, _SPARE=1, _OFTEN=1):
            found = in_portions(path, shapes, size)
            few = in_portions(path, shapes, size, limit=2)

    assert told(found) == told(expected)
    assert [result for result in told(few) if result not in told(expected)] == []
    assert found.tally.counts == few.tally.counts == expected.tally.counts
    assert found.tally.rules == few.tally.rules == expected.tally.rules
    assert len(few.tally.kept) == min(2, len(found.tally.kept))


SIZES = st.sampled_from([1, 150, 400, 100_000])


@CALM
@given(shape_graphs(), texts(), SIZES)
def test_any_shapes_on_any_text(shapes: list[Quad], text: str, size: int) -> None:
    """Whatever the shapes, the text and the portions, results are those of the whole."""
    given_shapes = Shapes(tuple(shapes), {}, frozenset())
    if reads_of(given_shapes, in_portions=True).in_portions:
        held(given_shapes, text, size)


LOCAL = """
ex:of-a a sh:NodeShape ; sh:targetClass ex:A ; sh:property
    [ sh:path ex:p ; sh:minCount 1 ; sh:maxCount 1 ; sh:class ex:B ] ,
    [ sh:path ex:q ; sh:or ( [ sh:datatype xsd:integer ] [ sh:nodeKind sh:IRI ] ) ; sh:class ex:C ] ,
    [ sh:path ex:q ; sh:in ( ex:n1 ex:n2 1 "x" ) ; sh:severity sh:Warning ] ,
    [ sh:path ex:r ; sh:lessThanOrEquals ex:q ; sh:uniqueLang true ; sh:minInclusive 1 ] ,
    [ sh:path ex:r ; sh:qualifiedValueShape [ sh:datatype xsd:integer ] ; sh:qualifiedMinCount 1 ] .
ex:of-p a sh:NodeShape ; sh:targetSubjectsOf ex:p ; sh:message "Not so." ; sh:class ex:A ; sh:node
    [ sh:property [ sh:path ex:r ; sh:maxCount 1 ] ] .
ex:prefixes sh:declare [ sh:prefix "ex" ; sh:namespace "http://example.org/"^^xsd:anyURI ] .
ex:not-used a sh:NodeShape ; sh:targetClass ex:B ; sh:sparql [ sh:prefixes ex:prefixes ; sh:message "By {?value}." ;
    sh:select \"\"\"SELECT $this ?value WHERE { $this ex:q ?value . OPTIONAL { $this ex:r ?r }
        FILTER(!BOUND(?r) || ?r != ?value) FILTER NOT EXISTS { ?user ex:p $this ; a ex:A } }\"\"\" ] .
"""
#: Beside those, for which a portion is enough, some for which it is not.
GLOBAL = """
ex:far a sh:NodeShape ; sh:targetClass ex:A ; sh:property [ sh:path ( ex:p ex:q ) ; sh:minCount 1 ] .
ex:back a sh:NodeShape ; sh:targetObjectsOf ex:p ; sh:class ex:B .
"""
NODES = [f"n{number}" for number in range(8)]


def test_which_shapes_a_portion_is_enough_for() -> None:
    """The shapes of these tests are looked at in portions, but for those that lead further."""
    validator = shapes_from(LOCAL + GLOBAL).validator
    local = local_shapes(validator.compiler, validator.shapes(), PartSchema(OxigraphStore()))
    rest = [shape for shape in validator.shapes() if shape.node not in local]

    assert sorted(str(shape.path or shape.name) for shape in rest) == [f"(<{EX}p>/<{EX}q>)", f"{EX}back"]
    assert len(local) == 9
    assert sorted(speaks.key for each in local.values() for speaks in each.values()) == ["this", "value", "value"]


@st.composite
def graphs(draw: st.DrawFn) -> str:
    """Return N-Triples about a few nodes; what is said of a node stands together, mostly."""
    said = st.one_of(
        st.tuples(st.just("type"), st.sampled_from(["A", "B", "C", "D"])),
        st.tuples(st.sampled_from("pqr"), st.sampled_from([*NODES, *NODES, "_:b"])),
        st.tuples(st.sampled_from("qrs"), st.sampled_from(["1", "2", '"x"', '"x"@en', "01", '"2.50"^^xsd:decimal'])),
    )
    blocks = []
    for node in draw(st.permutations([*NODES, "_:b"])):
        pairs = draw(st.lists(said, max_size=7))
        blocks.append([line(node, name, value) for name, value in pairs])
    if draw(st.booleans()):
        blocks.append([f"<{EX}D> <http://www.w3.org/2000/01/rdf-schema#subClassOf> <{EX}B> .\n"])
    if draw(st.integers(0, 3)) == 0:
        return "".join(draw(st.permutations([each for block in blocks for each in block])))
    return "".join(each for block in draw(st.permutations(blocks)) for each in block)


def line(node: str, name: str, value: str) -> str:
    """Return a line of N-Triples from what Turtle would write."""
    terms = [node if node.startswith("_:") else f"ex:{node}", "a" if name == "type" else f"ex:{name}"]
    terms.append(value if value[0] in '"_0123456789' else f"ex:{value}")
    quads = parse(PREFIXES + " ".join(terms) + " .", format=RdfFormat.TURTLE, rename_blank_nodes=False)
    return (serialize(quads, format=RdfFormat.N_TRIPLES) or b"").decode()


@CALM
@given(graphs(), SIZES, st.sampled_from([LOCAL, LOCAL + GLOBAL]))
def test_shapes_that_ask_for_other_nodes(text: str, size: int, shapes: str) -> None:
    """Classes of values and patterns that must not be there are found in whatever portion they stand."""
    held(shapes_from(shapes), text, size)


@CALM
@given(graphs(), st.lists(st.sampled_from(["", f"<{EX}g>", f"<{EX}h>"]), min_size=1, max_size=5), SIZES)
def test_named_graphs(text: str, names: list[str], size: int) -> None:
    """What is said in several graphs is said of one node."""
    lines = text.splitlines()
    quads = [each.removesuffix(".") + f"{names[at % len(names)]} .\n" for at, each in enumerate([*lines, *lines[::3]])]
    held(shapes_from(LOCAL + GLOBAL), "".join(quads), size, "nq")


def only_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make it an error to load a file as a whole."""

    def load(*_: object) -> None:
        raise AssertionError("it was loaded as a whole")

    monkeypatch.setattr(LineFile, "load", load)


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a synthetic graph with broken rules, large enough to be looked at in portions."""
    path = tmp_path_factory.mktemp("synthetic") / "data.nq"
    with path.open("wb") as file:
        synthesize(1500, 0, file, violations=0.1)
    assert path.stat().st_size > MIN_IN_PORTIONS
    return path


@pytest.mark.parametrize("packed", [False, True])
def test_report_of_the_command(synthetic: Path, packed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large file is looked at in portions, and the report is that of the whole, with hints and places."""
    path, shapes = synthetic, shapes_in(BENCHMARK)
    if packed:
        path = tmp_path / "data.nq.gz"
        path.write_bytes(gzip.compress(synthetic.read_bytes(), 1))
        monkeypatch.setattr("cd22kg.conformance.MIN_IN_PORTIONS", 1)
    with open_data(path, reads_of(shapes)) as data:
        expected = validate_data(data, shapes)
    only_in_portions(monkeypatch)
    with open_data(path, reads_of(shapes, in_portions=True)) as data:
        found = validate_data(data, shapes)

    assert len(found.report.findings) > 50
    assert found.report == expected.report


def test_what_was_perhaps_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A value that is of no class is held against the members of the class, wherever they stand."""
    monkeypatch.setattr("cd22kg.conformance.MIN_IN_PORTIONS", 1)
    only_in_portions(monkeypatch)
    shapes = shapes_from("ex:s a sh:NodeShape ; sh:targetClass ex:A ; sh:property [ sh:path ex:p ; sh:class ex:B ] .")
    path = tmp_path / "data.nt"
    path.write_text(line("n1", "type", "A") + line("n1", "p", "antigem") + line("antigen", "type", "B"))
    with open_data(path, reads_of(shapes, in_portions=True)) as data:
        (finding,) = validate_data(data, shapes).report.findings

    assert finding.hint == f"did you mean `{EX}antigen`?"


def test_fault_is_told_with_its_place(tmp_path: Path) -> None:
    """A fault in any portion is told with its line in the file."""
    path = tmp_path / "data.nt"
    path.write_text(line("n1", "p", "n2") * 99 + "what\n" + line("n1", "p", "n2") * 9)
    with pytest.raises(InputError) as caught:
        in_portions(path, shapes_from(LOCAL), 1000)

    assert caught.value.location is not None
    assert caught.value.location.line == 100


def test_nothing_to_be_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of comments is no data; one without a node of any shape is told to be such."""
    monkeypatch.setattr("cd22kg.conformance.MIN_IN_PORTIONS", 1)
    only_in_portions(monkeypatch)
    shapes, path = shapes_from(LOCAL), tmp_path / "data.nt"
    path.write_text(line("n1", "s", "n2"))
    with open_data(path, reads_of(shapes, in_portions=True)) as data:
        verdict = validate_data(data, shapes)
    path.write_text("# nothing\n")

    assert verdict.conforms
    assert verdict.notes == ("no shape found a node",)
    with open_data(path, reads_of(shapes, in_portions=True)) as data, pytest.raises(InputError, match="no data"):
        validate_data(data, shapes)


P = f"<{EX}p>"
A, B, C = (f"<{EX}{name}>" for name in "abc")
ONE, OTHER = (f'"{text}"^^<http://www.w3.org/2001/XMLSchema#decimal>' for text in ("1.0", "1.00"))
AT_MOST_ONE = "ex:s a sh:NodeShape ; sh:targetSubjectsOf ex:p ; sh:property [ sh:path ex:p ; sh:maxCount 1 ] ."
PLAIN = "ex:l a sh:NodeShape ; sh:targetClass ex:A ; sh:property [ sh:path ex:z ; sh:datatype xsd:string ] ."


def in_sparql(where: str) -> str:
    """Return a shape about the nodes of a class with a query, whose prefixes are ``ex:`` and none."""
    declared = f'sh:declare [ sh:prefix "ex" ; sh:namespace "{EX}" ] , [ sh:prefix "" ; sh:namespace "{EX}" ]'
    return f"""{PLAIN} ex:prefixes {declared} . ex:q a sh:NodeShape ; sh:targetClass ex:A ; sh:sparql
        [ sh:prefixes ex:prefixes ; sh:select "SELECT $this WHERE {{ {where} }}" ] ."""


@pytest.mark.parametrize("size", [1, 100_000])
@pytest.mark.parametrize(
    ("shapes", "lines"),
    [
        (AT_MOST_ONE, f"{A} {P} {ONE} .\r{A} {P} {OTHER} .\n{B} <{EX}q> {C} .\n"),
        (AT_MOST_ONE, f"{A} {P} {ONE} .\n" + f"{A} {P} {OTHER} .\n"),
        (
            in_sparql("$this ex:p ?x FILTER NOT EXISTS { :this ex:q ?y }"),
            line("n1", "p", "n2") + line("this", "q", "n1"),
        ),
        (in_sparql("$this ex:p ?x FILTER EXISTS { :this ex:q ?y }"), line("n1", "p", "n2") + line("this", "q", "n1")),
        (
            in_sparql("$this ex:p ?x FILTER NOT EXISTS { ?u ex:p :this }"),
            line("n1", "p", "n2") + line("n3", "p", "this"),
        ),
        (
            in_sparql("$this ex:p ?x FILTER NOT EXISTS { :u ex:p $this . ?u ex:r ex:n4 }"),
            line("n1", "p", "n2") + line("u", "p", "n1") + line("n3", "r", "n4"),
        ),
        (
            f"{AT_MOST_ONE} ex:f a sh:NodeShape ; sh:targetClass ex:A ; sh:property"
            " [ sh:path ( ex:q ex:q ) ; sh:class ex:A ] .",
            f"<{EX}D> <http://www.w3.org/2000/01/rdf-schema#subClassOf> <{EX}A> .\n"
            + line("n1", "type", "D")
            + "".join(line(f"m{n}", "q", "1") for n in range(6))
            + f"{A} {P} {ONE} .\n{A} {P} {OTHER} .\n",
        ),
    ],
    ids=["line-ends", "apart", "iri-1", "iri-2", "iri-3", "iri-4", "loaded-anyway"],
)
def test_what_a_portion_could_be_taken_for(shapes: str, lines: str, size: int) -> None:
    """What looks like a line, a variable, a node of its own or a whole file and is none changes no result."""
    held(shapes_from(shapes), line("n1", "type", "A") + lines, size)


@pytest.mark.parametrize(
    "where", ["GRAPH ?g { $this ex:p ?x }", "$this ex:p ?x FILTER NOT EXISTS { GRAPH ex:g { $this ex:p ?x } }"]
)
def test_graphs_by_name(where: str) -> None:
    """A query that looks at a graph by its name is asked of the whole."""
    lines = (line("n1", "type", "A") + line("n1", "p", "n2")).replace(" .", f" <{EX}g> .")
    held(shapes_from(in_sparql(where)), lines, 100_000, "nq")


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_results_have_messages_after_another_look(limit: int, tmp_path: Path) -> None:
    """Where a file is sorted by property every node is looked at again; the results that are kept are told in full."""
    path = tmp_path / "data.nt"
    path.write_text("".join(line(f"n{n}", name, "v") for name in "pq" for n in range(1200)), encoding="utf-8")
    shapes = shapes_from(AT_MOST_ONE.replace("sh:maxCount 1", "sh:nodeKind sh:Literal"))
    found = in_portions(path, shapes, path.stat().st_size // 2, limit)

    assert found.tally.counts == {"violation": 1200}
    assert len(found.tally.kept) == limit
    assert all(result.messages for _, result in found.tally.kept)


@pytest.mark.parametrize(
    ("shape", "lines"),
    [
        ("sh:targetSubjectsOf ex:p ; sh:class ex:B", line("antigem", "p", "1") + line("antigen", "type", "B")),
        (
            "sh:targetSubjectsOf ex:p ; sh:property [ sh:path ex:p ; sh:class ex:B , ex:C ]",
            line("n1", "p", "antigem") + line("antigem", "type", "C")
            + line("antigen", "type", "C") + line("other", "type", "B"),
        ),
        (
            "sh:targetSubjectsOf ex:p ; sh:property [ sh:path ex:p ; sh:class ex:B ]",
            line("n1", "p", "antigem") + line("antigen", "type", "B")
            + "".join(line(f"_:b{n}", "type", "B") for n in range(2100)),
        ),
        ("sh:targetClass ex:A ; sh:nodeKind sh:Literal",
         line("n1", "type", "D") + f"<{EX}D> <http://www.w3.org/2000/01/rdf-schema#subClassOf> <{EX}A> .\n"),
    ],
    ids=["of-node", "two-classes", "without-a-name", "subclass"],
)  # fmt: skip
def test_report_is_that_of_the_whole(shape: str, lines: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Suggestions and notes, too, are those of the whole."""
    shapes, path = shapes_from(f"{PLAIN} ex:s a sh:NodeShape ; {shape} ."), tmp_path / "data.nt"
    path.write_text(lines, encoding="utf-8")
    with open_data(path, reads_of(shapes)) as data:
        expected = validate_data(data, shapes)
    monkeypatch.setattr("cd22kg.conformance.MIN_IN_PORTIONS", 1)
    only_in_portions(monkeypatch)
    with open_data(path, reads_of(shapes, in_portions=True)) as data:
        found = validate_data(data, shapes)

    assert expected.report.findings
    assert found.report == expected.report


def test_nodes_without_a_name_in_triple_terms() -> None:
    """What a triple term says of a node without a name is told with its label."""
    text = f"{A} {P} <<( _:b <{EX}q> {C} )>> .\n" + line("n1", "q", "n2")
    held(shapes_from(AT_MOST_ONE.replace("sh:maxCount 1", "sh:nodeKind sh:Literal")), text, 1)


def test_of_scattered_nodes_the_file_is_loaded(synthetic: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where portions tell too little of too many nodes, the file is loaded as a whole, with the same results."""
    shapes = shapes_in(BENCHMARK)
    expected = in_portions(synthetic, shapes, 1 << 20)
    monkeypatch.setattr(gathered, "MAX_SCATTERED", 0)
    found = in_portions(synthetic, shapes, 100_000)
    only_in_portions(monkeypatch)

    assert told(found) == told(expected)
    with pytest.raises(AssertionError):
        in_portions(synthetic, shapes, 100_000)
