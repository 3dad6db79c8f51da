"""Files of N-Triples and N-Quads: loaded by the line, with the verdicts of a file that is parsed as a whole."""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import active_count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import Quad, RdfFormat, parse, serialize

from cd22kg.conformance import Reads, open_data, reads_of, validate_data
from cd22kg.errors import InputError
from cd22kg.gate.rdf import RdfFile
from cd22kg.store import OxigraphStore
from cd22kg.validation import pipe, pyshacl_engine
from cd22kg.validation.authored import Authored
from cd22kg.validation.engine import Validator
from cd22kg.validation.lines import LineFile
from cd22kg.validation.pipe import loading
from cd22kg.validation.plan import Result
from cd22kg.validation.shapes import Shapes
from cd22kg.validation.sorter import look_at
from cd22kg.validation.terms import RDF_TYPE, SUBCLASS, text_of
from tests.test_shacl_agreement import CALM, data_graphs, key, shape_graphs

EX = "http://example.org/"
XSD = "http://www.w3.org/2001/XMLSchema#"
#: Statements as the syntax allows them, and few write them.
ODD = (
    f'<{EX}a> <{EX}p> "2.0"^^<{XSD}decimal> .',
    f'<{EX}a><{EX}p>"2.50"^^<{XSD}decimal>.',
    f'<{EX}a>\t<{EX}p>\t"+1"^^<{XSD}integer>\t.\t# said twice',
    f'_:d <{EX}p> "07"^^<{XSD}byte> .',
    f'<{EX}b> <{EX}q> "a \\"^^<{XSD}integer> b" .',
    f'<{EX}b> <{EX}q> "_:d"@en .',
    f'<{EX}b> <{EX}\\u0070> "1.0"^^<{XSD}decimal> .',
    f'<{EX}b> <{EX}q> "1.0" ^^ <{XSD}decimal> .',
    f'<{EX}b> <{EX}q> "1.0"^^<{XSD}\\u0064ecimal> .',
    f"<{EX}b> <{EX}q> _:d .",
    "",
    "# <a> <b> <c> .",
)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Return N-Triples, with odd statements among the others and line ends of every kind."""
    lines = (serialize(draw(data_graphs()), format=RdfFormat.N_TRIPLES) or b"").decode().splitlines()
    lines += draw(st.lists(st.sampled_from(ODD), max_size=5))
    return "".join(line + draw(st.sampled_from(["\n", "\r\n", "\r"])) for line in draw(st.permutations(lines)))


@CALM
@given(shape_graphs(), texts(), st.booleans())
def test_same_verdicts(shapes: list[Quad], text: str, end: bool) -> None:
    """Whatever the text, results are those of quads that were parsed."""
    given_shapes = Shapes(tuple(shapes), {}, frozenset())
    validator = Validator(given_shapes.quads)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "data.nt"
        path.write_bytes((text if end else text.rstrip("\r\n")).encode())
        whole = tuple(RdfFile(path, labels=True))
        with open_data(path, reads_of(given_shapes)) as data:
            found = validator.validate(data.store, data.source, threads=1)
    store = OxigraphStore()
    store.load(whole)
    expected = validator.validate(store, lambda: whole, threads=1)

    assert sorted(exactly(r) for _, r in found.tally.kept) == sorted(exactly(r) for _, r in expected.tally.kept)


def exactly(result: Result) -> tuple[str, ...]:
    """Return what a report tells of a result, with the digits of its value."""
    return (*key(result), str(result.value))


@CALM
@given(texts())
def test_what_a_store_loses(text: str) -> None:
    """Statements whose literal a store folds are found in the text, as by looking at each."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "data.nt"
        path.write_text(text, encoding="utf-8", newline="")
        few = {EX + "p", EX + "r"}
        lines, watching = LineFile(RdfFile(path)), LineFile(RdfFile(path), watched=few)
        lines.load(OxigraphStore())
        watching.load(OxigraphStore())
        looked_at = Authored(lambda: RdfFile(path, labels=True))

        assert set(lines.folded()) == set(looked_at.folded())
        assert lines.folded_in(None) == looked_at.folded_in(None)
        assert lines.folded_in(few) == watching.folded_in(few) == looked_at.folded_in(few)


def load(path: Path, text: str, predicates: set[str] | None = None) -> tuple[LineFile, OxigraphStore]:
    """Return a file of lines, and the store it was loaded into."""
    path.write_text(text, encoding="utf-8")
    store = OxigraphStore()
    lines = LineFile(RdfFile(path), predicates)
    lines.load(store)
    return lines, store


def test_only_what_is_read_is_loaded(tmp_path: Path) -> None:
    """Statements with other properties are left out, and are not counted."""
    text = f"<{EX}a> <{EX}p> <{EX}b> .\n<{EX}a> <{EX}q> <{EX}b> .\n_:x <{EX}p> _:y .\n"
    lines, store = load(tmp_path / "data.nt", text, {EX + "p"})

    assert store.count() == 2
    assert {str(quad.subject) for quad in store.quads()} == {f"<{EX}a>", "_:x"}
    assert lines.leaves_out
    assert lines.is_whole(store)
    store.load(parse(f"<{EX}a> <{EX}p> 7 .", format=RdfFormat.TURTLE))
    assert not lines.is_whole(store)


@pytest.mark.parametrize("bad", [f"<{EX}a> <{EX}q> <b c> .", f"<{EX}a> <{EX}p> 7 .", f'<{EX}a> <{EX}q> "x .'])
def test_fault_in_any_statement_is_told_with_its_place(tmp_path: Path, bad: str) -> None:
    """A fault is told with its line in the file, in what is left out too."""
    good = f"<{EX}a> <{EX}p> <{EX}b> .\n<{EX}a> <{EX}q> <{EX}b> .\n"
    with pytest.raises(InputError) as caught:
        load(tmp_path / "data.nt", good * 3 + bad + "\n" + good, {EX + "p"})

    assert caught.value.location is not None
    assert caught.value.location.line == 7


@pytest.mark.parametrize("number", [3, 40_000])
def test_last_line_without_an_end(tmp_path: Path, number: int) -> None:
    """Sorting the lines does not glue the last one to another, in a large file as in a small one."""
    lines = [f"<{EX}a> <{EX}{'pq'[at % 2]}> <{EX}{at}> ." for at in range(number - 1)]
    text = "\n".join([*lines, f"<{EX}a><{EX}p> <{EX}last> .", f"<{EX}a> <{EX}p> <{EX}end> ."])
    _, store = load(tmp_path / "data.nt", text, {EX + "p"})

    assert store.count() == number // 2 + 2
    assert {f"<{EX}last>", f"<{EX}end>"} <= {str(quad.object) for quad in store.quads()}


SOUND = (
    f"<{EX}a> <{EX}p> <{EX}b#c> .",
    f'<{EX}a> <{EX}p> "text with \\"signs\\" and \\u00e9"@en-GB .',
    f'<{EX}a> <{EX}p> "2024"^^<{XSD}gYear> .',
    f'<{EX}a> <{EX}p> "x"^^<{RDF_TYPE.removesuffix("type")}langString> .',
    f'<{EX}a> <{EX}p> "é" <{EX}g> .',
)


@CALM
@given(
    st.lists(
        st.tuples(
            st.sampled_from([*SOUND, *ODD]),
            st.integers(0, 60),
            st.integers(0, 1),
            st.sampled_from(["", *'<>"\\ .^@_:\t%é#[/?\x00\udc80-0a']),
            st.sampled_from(["\n", "\r\n", "\r", ""]),
        ),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from([RdfFormat.N_TRIPLES, RdfFormat.N_QUADS]),
)
def test_faults_in_what_is_not_loaded(lines: list[tuple[str, int, int, str, str]], syntax: RdfFormat) -> None:
    """Whatever sign is put into statements that are only looked at, a fault is seen where a parser sees one."""
    changed = (line[:at] + sign + line[at + gone :] + end for line, at, gone, sign, end in lines)
    text = "".join(changed).encode(errors="surrogateescape")

    def is_refused(look: Callable[[], object]) -> bool:
        try:
            look()
        except SyntaxError:
            return True
        return False

    assert is_refused(lambda: look_at(text, syntax)) == is_refused(lambda: list(parse(text, format=syntax)))


@pytest.mark.parametrize("end", ["\r", "\r\n", "\n"])
def test_places_in_a_long_file(tmp_path: Path, end: str) -> None:
    """Whatever ends the lines, and wherever a portion of the text ends, a line is counted once."""
    line = f"<{EX}a> <{EX}q> <{EX}{'b' * (1000 - len(end))}> ."
    path = tmp_path / "data.nt"
    text = "".join(f"{line}{end}" for _ in range(5000)) + f"<{EX}z> <{EX}p> <{EX}b> .{end}" + f"{line}{end}" * 20_000
    path.write_bytes(text.encode())
    lines = LineFile(RdfFile(path), {EX + "p"})
    lines.load(OxigraphStore())
    found = lines.about(frozenset({f"<{EX}z>".encode()}))

    assert [number for number, text in found if text.startswith(f"<{EX}z>".encode())] == [5001]


def test_long_statement_behind_others(tmp_path: Path) -> None:
    """How long a statement may be does not depend on what stands before it."""
    sizes = {"v": 300_000, "w": 300_000, "y": (16 << 20) - 100}
    text = "".join(f'<{EX}a> <{EX}p> "{sign * size}" .\n' for sign, size in sizes.items())
    _, store = load(tmp_path / "data.nt", text, {EX + "p"})

    assert store.count() == 3


def test_thread_that_cannot_load_lets_the_other_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error while portions are joined, such as for want of memory, is told; nobody waits for ever."""

    def joined(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(pipe, "joined", joined)
    with pytest.raises(MemoryError), loading(OxigraphStore(), RdfFormat.N_TRIPLES) as load:
        for _ in range(100):
            load(b"# nothing\n")


def test_missing_file(tmp_path: Path) -> None:
    """A file that is not there is told as such."""
    with pytest.raises(InputError, match="cannot read the file"):
        LineFile(RdfFile(tmp_path / "none.nt")).load(OxigraphStore())


def test_endless_line(tmp_path: Path) -> None:
    """A line without an end is refused before it fills the memory."""
    with pytest.raises(InputError, match="over 16 MiB"):
        load(tmp_path / "data.nt", "<" + "a" * (17 << 20))


def test_empty_data(tmp_path: Path) -> None:
    """Nothing but comments is no data; data that no shape reads are."""
    shapes = Shapes(tuple(parse(SHAPES, format=RdfFormat.TURTLE)), {}, frozenset())
    path = tmp_path / "data.nt"
    path.write_text("# nothing\n", encoding="utf-8")
    with open_data(path, reads_of(shapes)) as data, pytest.raises(InputError, match="there are no data"):
        validate_data(data, shapes)
    path.write_text(f"<{EX}a> <{EX}other> <{EX}b> .\n", encoding="utf-8")
    with open_data(path, reads_of(shapes)) as data:
        verdict = validate_data(data, shapes)

    assert verdict.conforms
    assert "no shape found a node" in verdict.notes


SHAPES = f"""@prefix sh: <http://www.w3.org/ns/shacl#> .
<{EX}s> a sh:NodeShape ; sh:targetSubjectsOf <{EX}p> ; sh:property [ sh:path <{EX}q> ; sh:minCount 1 ] ."""


def test_thread_that_loads_ends_with_its_block() -> None:
    """Whatever happens, on this side or that, no thread is left behind, and the error is told."""
    before = active_count()

    def give(*texts: bytes) -> OxigraphStore:
        store = OxigraphStore()
        with loading(store, RdfFormat.N_TRIPLES) as load:
            for text in texts:
                load(text)
        return store

    line = f"<{EX}a> <{EX}p> <{EX}b> .\n".encode()
    assert give(line, line.replace(b"/b>", b"/c>")).count() == 2
    with pytest.raises(SyntaxError):
        give(b"what\n", *repeat(line, 100))
    with pytest.raises(ValueError, match="told"), loading(OxigraphStore(), RdfFormat.N_TRIPLES):
        raise ValueError("told")
    assert active_count() == before


PREFIXES = f"@prefix ex: <{EX}> . @prefix sh: <http://www.w3.org/ns/shacl#> . @prefix xsd: <{XSD}> ."


def verdicts(tmp_path: Path, shapes: str, data: str, ending: str = "nt") -> set[str]:
    """Return the nodes at fault, once loading what is read is known to find what loading everything does."""
    given_shapes = Shapes(tuple(parse(PREFIXES + shapes, format=RdfFormat.TURTLE)), {}, frozenset())
    path = tmp_path / f"data.{ending}"
    path.write_text(data, encoding="utf-8")
    found = []
    for reads in (reads_of(given_shapes), Reads()):
        with open_data(path, reads) as opened:
            found.append({entry.focus for entry in validate_data(opened, given_shapes).report.findings})
    quads = RdfFile(path, labels=True)
    found.append({text_of(result.focus) for result in pyshacl_engine.run(quads, given_shapes.quads)})

    assert found[0] == found[1] == found[2]
    return {focus.removeprefix(EX) for focus in found[0]}


AT_MOST_ONE = "ex:s a sh:NodeShape ; sh:targetClass ex:C ; sh:property [ sh:path ex:p ; sh:maxCount 1 ] ."
TYPE = f"<{EX}a> <{RDF_TYPE}> <{EX}C> .\n"


@pytest.mark.parametrize(
    "lines",
    [
        f"<{EX}a> <{EX}p>\t<{EX}1> .\n<{EX}a> <{EX}p>\t<{EX}2> .\n",
        f'<{EX}a> <{EX}p>"a > b" .\n<{EX}a> <{EX}p>"b > c" .\n',
        f"<{EX}a>\t<{EX}p> <{EX}1> .\n<{EX}a><{EX}p> <{EX}2> .\n",
    ],
)
def test_blanks_of_every_kind(tmp_path: Path, lines: str) -> None:
    """Whatever stands between the terms, a statement that is read is loaded."""
    assert verdicts(tmp_path, AT_MOST_ONE, TYPE + lines) == {"a"}
    assert verdicts(tmp_path, AT_MOST_ONE, TYPE.replace("> <", ">\t<") + lines) == {"a"}


CLASSES = "ABCDE"
PAIRS = st.tuples(st.sampled_from(CLASSES), st.sampled_from(CLASSES))


@CALM
@given(
    st.sets(st.sampled_from(CLASSES), min_size=1),
    st.sets(PAIRS, max_size=6),
    st.dictionaries(st.sampled_from("nmo"), st.lists(st.sampled_from(CLASSES), min_size=1, max_size=5), min_size=1),
    st.booleans(),
)
def test_classes_that_others_imply(
    asked: set[str], below: set[tuple[str, str]], classes: dict[str, list[str]], ontology_first: bool
) -> None:
    """Whatever is left out of what nodes are said to be, each is found to be of the classes that are asked for."""
    shapes = "".join(
        f"ex:s{name} a sh:NodeShape ; sh:targetClass ex:{name} ; sh:nodeKind sh:Literal ." for name in asked
    )
    hierarchy = "".join(f"<{EX}{low}> <{SUBCLASS}> <{EX}{high}> .\n" for low, high in below)
    nodes = "".join(f"<{EX}{node}> <{RDF_TYPE}> <{EX}{name}> .\n" for node, names in classes.items() for name in names)
    with TemporaryDirectory() as folder:
        verdicts(Path(folder), shapes, hierarchy + nodes if ontology_first else nodes + hierarchy)


def test_what_follows_from_another_class_is_left_out(tmp_path: Path) -> None:
    """A node of a class that is asked for is not loaded as one of its subclass too; one of the subclass alone is."""
    lines = f"<{EX}B> <{SUBCLASS}> <{EX}C> .\n" + TYPE + TYPE.replace("/C>", "/B>") + TYPE.replace("/C>", "/D>")
    alone = TYPE.replace("/C>", "/B>").replace("/a>", "/b>")
    (tmp_path / "data.nt").write_text(lines + alone, encoding="utf-8")
    shapes = parse(PREFIXES + AT_MOST_ONE, format=RdfFormat.TURTLE)
    with open_data(tmp_path / "data.nt", reads_of(Shapes(tuple(shapes), {}, frozenset()))) as data:
        found = {str(quad) for quad in data.store.quads()}

    assert found == {line.removesuffix(" .") for line in (lines.splitlines()[0], TYPE.strip(), alone.strip())}


@pytest.mark.parametrize(
    "body",
    [
        "$this a ex:C",
        "$this t: ex:C",
        "$this a ?c . ex:D ex:p ?c",
        "$this a/ex:p ex:C",
        "$this t:/ex:p ex:C",
        "?x ex:p $this",
    ],
)
def test_classes_in_queries(tmp_path: Path, body: str) -> None:
    """What a query asks of classes is loaded: one that is named, all where any may be meant."""
    prefixes = {"ex": EX, "t": RDF_TYPE}.items()
    declared = "".join(f'ex:o sh:declare [ sh:prefix "{p}" ; sh:namespace "{n}"^^xsd:anyURI ] .' for p, n in prefixes)
    query = f"sh:sparql [ sh:prefixes ex:o ; sh:select 'SELECT $this WHERE {{ {body} }}' ]"
    shape = f"{declared} ex:s a sh:NodeShape ; sh:targetClass ex:D ; {query} ."
    types = "".join(f"<{EX}a> <{RDF_TYPE}> <{EX}{name}> .\n" for name in "CDE")
    lines = types + f"<{EX}D> <{EX}p> <{EX}E> .\n<{EX}E> <{EX}p> <{EX}C> .\n<{EX}E> <{EX}p> <{EX}a> .\n"

    assert verdicts(tmp_path, shape, lines) == {"a"}


def test_digits_beside_what_only_looks_like_it(tmp_path: Path) -> None:
    """A literal that a store folds is not forgotten for one that it keeps."""
    shape = "ex:s a sh:NodeShape ; sh:targetSubjectsOf ex:p ; sh:property [ sh:path ex:p ; sh:pattern '^1' ] ."
    lines = f'<{EX}a> <{EX}p> "01"^^<{XSD}integer> .\n' + "".join(
        f'<{EX}b{number}> <{EX}p> "1{number}"^^<urn:dt> .\n' for number in range(20)
    )
    assert verdicts(tmp_path, shape, lines) == {"a"}


def test_literals_that_become_one_across_graphs(tmp_path: Path) -> None:
    """Two literals in two graphs are two values, though a store gives both back alike."""
    lines = f'<{EX}a> <{EX}p> "1.0"^^<{XSD}decimal> <{EX}g> .\n<{EX}a> <{EX}p> "1.00"^^<{XSD}decimal> <{EX}h> .\n'

    assert verdicts(tmp_path, AT_MOST_ONE, TYPE + lines, "nq") == {"a"}


@pytest.mark.parametrize(
    "body",
    [
        "$this ex:p/!ex:q ?x",
        "$this ex:p [ ex:bad ?y ]",
        "{ SELECT $this (COUNT(?x) AS ?n) WHERE { $this ex:p ?x } GROUP BY $this } FILTER(?n > 1)",
    ],
)
def test_queries_read_what_they_name(tmp_path: Path, body: str) -> None:
    """Negated steps, brackets and counts: what a query reads is loaded, and nothing is counted twice."""
    declared = f'ex:o sh:declare [ sh:prefix "ex" ; sh:namespace "{EX}"^^xsd:anyURI ] .'
    query = f"sh:sparql [ sh:prefixes ex:o ; sh:select 'SELECT $this WHERE {{ {body} }}' ]"
    triples = ("a", "q", "1"), ("a", "q", "2"), ("a", "p", "b"), ("b", "bad", "c")
    lines = "".join(f"<{EX}{s}> <{EX}{p}> <{EX}{o}> .\n" for s, p, o in triples)
    shape = f"{declared} ex:s a sh:NodeShape ; sh:targetSubjectsOf ex:q ; {query} ."

    assert verdicts(tmp_path, shape, lines) == (set() if "COUNT" in body else {"a"})


def test_prefixes_in_a_query_are_left_to_pyshacl(tmp_path: Path) -> None:
    """A query with prefixes of its own is not compiled, and all of the data are loaded for it."""
    query = f"sh:sparql [ sh:select 'PREFIX e: <{EX}> SELECT $this WHERE {{ {{ $this e:p ?x }} }}' ]"
    shape = f"ex:s a sh:NodeShape ; sh:targetSubjectsOf ex:q ; {query} ."

    assert verdicts(tmp_path, shape, f"<{EX}a> <{EX}q> <{EX}1> .\n<{EX}a> <{EX}p> <{EX}2> .\n") == {"a"}


def test_file_that_changes_meanwhile(tmp_path: Path) -> None:
    """A file that is another when it is looked at again is told as such."""
    lines, _ = load(tmp_path / "data.nt", f"<{EX}a> <{EX}p> 7 .".replace("7", f'"07"^^<{XSD}integer>'))
    (tmp_path / "data.nt").write_text(f'<{EX}a> <{EX}p> "07"^^<{XSD} .', encoding="utf-8")

    with pytest.raises(InputError, match="changed while it was read"):
        list(lines.folded())
