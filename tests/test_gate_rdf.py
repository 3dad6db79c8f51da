"""RDF files from outside: every syntax read strictly, with the place of a fault, and bounded."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from pyoxigraph import BlankNode, DefaultGraph, NamedNode

from cd22kg.errors import InputError
from cd22kg.gate import rdf
from cd22kg.gate.rdf import SYNTAXES, RdfFile, syntax_of
from cd22kg.store import OxigraphStore

TRIPLE = b"<http://example.org/s> <http://example.org/p> <http://example.org/o> .\n"
PATTERN = b"<http://a> <http://b> "
DOCTYPE = b'<?xml version="1.0"?>\n<!DOCTYPE x [<!ENTITY a "b">]>'
XML = (
    b'<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="http://example.org/">'
    b'<rdf:Description rdf:about="http://example.org/s"><e:p rdf:resource="http://example.org/o"/></rdf:Description>'
    b"</rdf:RDF>"
)


def written(folder: Path, name: str, data: bytes) -> Path:
    """Return a file with the data, packed where its name says so."""
    path = folder / name
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize("ending", SYNTAXES)
def test_each_syntax_is_read(ending: str, packed: str, tmp_path: Path) -> None:
    """The ending of a file tells how it is read, packed or not, both quad by quad and by the engine itself."""
    data = XML if ending in (".rdf", ".owl") else TRIPLE
    file = RdfFile(written(tmp_path, f"a{ending}{packed}", data))
    store = OxigraphStore()
    store.bulk_load(file)

    assert [NamedNode("http://example.org/s")] == [quad.subject for quad in file]
    assert list(file) == list(store.quads())


@pytest.mark.parametrize("name", ["a", "a.csv", "a.nq.zip", "a.jsonld", ".gz"])
def test_unknown_ending_lists_the_known_ones(name: str) -> None:
    """A file whose ending names no syntax is refused."""
    with pytest.raises(InputError, match="the ending names no RDF syntax") as caught:
        syntax_of(Path(name))

    assert ".nq, .nt, .ttl, .trig" in caught.value.hint


@pytest.mark.parametrize("engine", [False, True], ids=["by quad", "by engine"])
def test_stray_triples_get_a_graph(engine: bool, tmp_path: Path) -> None:
    """Triples that stand in no graph go into the one given; those that do stay where they are."""
    quad = TRIPLE.replace(b" .\n", b" <http://example.org/g> .\n").replace(b"/s>", b"/t>")
    file = RdfFile(written(tmp_path, "a.nq", TRIPLE + quad), graph="http://example.org/stray")
    found = list(file)
    if engine:
        store = OxigraphStore()
        store.bulk_load(file)
        found = list(store.quads())

    assert {("s", "stray"), ("t", "g")} == {
        (str(q.subject)[-2], str(q.graph_name)[1:-1].rpartition("/")[2]) for q in found
    }


def test_without_a_graph_triples_stay_in_none(tmp_path: Path) -> None:
    """Nothing is invented where no graph is given."""
    (quad,) = RdfFile(written(tmp_path, "a.nt", TRIPLE))

    assert DefaultGraph() == quad.graph_name


def test_blank_nodes_of_two_readings_differ(tmp_path: Path) -> None:
    """The same label in two files is two nodes."""
    file = RdfFile(written(tmp_path, "a.nt", b"_:x <http://example.org/p> _:x .\n"))
    (one,), (other,) = file, file

    assert isinstance(one.subject, BlankNode)
    assert one.subject != other.subject


def test_relative_iris_begin_at_the_file(tmp_path: Path) -> None:
    """`<>` is the file itself."""
    path = written(tmp_path, "a.ttl", b"<> <http://example.org/p> <b> .")
    (quad,) = RdfFile(path)

    assert (path.as_uri(), (tmp_path / "b").as_uri()) == (quad.subject.value, quad.object.value)  # type: ignore[union-attr]  # IRIs


FAULTS = {
    "syntax": ("a.ttl", b"<http://a> <http://b>\n  nothing .", "not valid Turtle: ", (2, 3)),
    "relative": ("a.nt", TRIPLE + b"<a> <b> <c> .\n", "not valid N-Triples: No scheme", (2, 1)),
    "utf-8": ("a.nt", b'<http://a> <http://b> "\xff" .\n', "not valid N-Triples: Invalid UTF-8", (1, 0)),
    "doctype": ("a.rdf", DOCTYPE + XML, "a DOCTYPE is not read", (0, 0)),
    "deep": ("a.nt", PATTERN + (b"<<( " + PATTERN) * 50_000, "nests over 100", (0, 0)),
    "deep-xml": ("a.rdf", b"<a>" * 3000, "elements nest over 1000", (0, 0)),
    "deep-turtle": ("a.ttl", PATTERN + (b"<<(\n" + PATTERN) * 50_000, "nests over 5000", (0, 0)),
    "bomb": ("a.nt.gz", b'<http://a> <http://b> "' + b"0" * 40_000_000, "16 MiB|unpacks to over", (0, 0)),
    "large": ("a.nt", b'<http://a> <http://b> "' + b"0" * 17_000_000 + b'" .\n', "a statement has over 16 MiB", (0, 0)),
}  # fmt: skip


@pytest.mark.parametrize("engine", [False, True], ids=["by quad", "by engine"])
@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_told_with_its_place(fault: str, engine: bool, tmp_path: Path) -> None:
    """What is not well formed, or would harm, is an error of ours that names the file, and line and column if known."""
    name, data, message, (line, column) = FAULTS[fault]
    file = RdfFile(written(tmp_path, name, data), name=f"data/{name}")
    with pytest.raises(InputError, match=message) as caught:
        OxigraphStore().bulk_load(file) if engine else list(file)
    place = caught.value.location
    assert place is not None

    assert f"data/{name}" == place.file
    assert line == place.line
    assert not column or column == place.column
    assert caught.value.hint


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "No such file"),
        (Path.mkdir, "this is a folder"),
        (lambda path: path.write_bytes(b"not packed"), "Not a gzipped file"),
        (lambda path: path.write_bytes(gzip.compress(TRIPLE * 1000)[:-9]), "ended before"),
    ],
    ids=["missing", "folder", "not gzip", "cut"],
)
def test_file_that_cannot_be_read(make: object, message: str, tmp_path: Path) -> None:
    """A file that is not there, or is not what its name says, is an error of ours."""
    path = tmp_path / "a.nt.gz"
    make(path)  # type: ignore[operator]  # a case of the table
    with pytest.raises(InputError, match=message):
        list(RdfFile(path))


def test_ratio_is_that_of_the_whole_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Text that packs very well is stopped before it fills the memory; ordinary text is not."""
    monkeypatch.setattr(rdf, "_GRACE", 0)
    lines = b"".join(b'<http://a> <http://b> "%d" .\n' % number for number in range(1000))

    assert len(list(RdfFile(written(tmp_path, "fine.nt.gz", lines)))) == 1000
    with pytest.raises(InputError, match="it unpacks to over 200 times its size"):
        list(RdfFile(written(tmp_path, "bomb.nt.gz", TRIPLE * 100_000)))


@pytest.mark.parametrize("fault", ["doctype", "deep"])
@pytest.mark.parametrize("size", [1, 5, 64])
def test_signs_are_seen_across_two_readings(
    fault: str, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What would harm is stopped wherever one reading of the file ends and the next begins."""
    monkeypatch.setattr(rdf, "_CHUNK", size)
    name, data, message, _ = FAULTS[fault]
    file = RdfFile(written(tmp_path, name, data[:20_000]))

    with pytest.raises(InputError, match=message), file.reading() as source:
        while source.read1(size):  # type: ignore[attr-defined]  # a BufferedReader
            pass


def test_signs_in_literals_are_no_nesting(tmp_path: Path) -> None:
    """A file of lines may hold `<<` in its literals as often as it likes."""
    line = b'<http://a> <http://b> "p << 0.05, << %d" .\n'
    file = RdfFile(written(tmp_path, "a.nt", b"".join(line % number for number in range(1000))))

    assert len(list(file)) == 1000


def test_meter_ends_at_the_size_of_the_file(tmp_path: Path) -> None:
    """The meter is told the bytes read so far, up to all of them."""
    told: list[tuple[int, int]] = []
    lines = b"".join(b'<http://a> <http://b> "%d" .\n' % number for number in range(100_000))
    path = written(tmp_path, "a.nt", lines)
    list(RdfFile(path, meter=lambda done, total: told.append((done, total))))

    assert told == sorted(told)
    assert len(told) > 2
    assert told[-1] == (len(lines), len(lines))


def test_interrupt_goes_through(tmp_path: Path) -> None:
    """An interrupt while the engine reads ends the reading, and nothing of ours hides it."""

    def stop(done: int, total: int) -> None:
        if done > 2_000_000:
            raise KeyboardInterrupt

    lines = b"".join(b'<http://a> <http://b> "%d" .\n' % number for number in range(200_000))
    store = OxigraphStore()
    with pytest.raises(KeyboardInterrupt):
        store.bulk_load(RdfFile(written(tmp_path, "a.nt", lines), meter=stop))

    assert store.count() < 200_000
