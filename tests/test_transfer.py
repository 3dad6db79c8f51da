"""Loading and pushing: a store is complete or as it was, and a server holds what the build holds."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad

import cd22kg
from cd22kg.build import MANIFEST, NQUADS, build
from cd22kg.errors import DataError, InputError, OutputError, StoreError
from cd22kg.files import digest_of
from cd22kg.namespaces import GRAPH_LOADED, GRAPH_ONTOLOGY, GRAPH_PUBLISHED
from cd22kg.rdf import read_ontology
from cd22kg.store import OxigraphStore, SparqlStore
from cd22kg.store.compare import compare
from cd22kg.transfer import load_files, push, send_files
from cd22kg.transfer import push as push_function
from tests.conftest import SERVER_KINDS, Cli
from tests.servers import STANDARD, Server

push_module = sys.modules[push_function.__module__]
MODULE = "http://www.lesfleursdunormal.fr/static/_downloads/owlready_ontology.owl#python_module"
EXAMPLE = "http://example.org/"
PREFIXES = """@prefix cd22: <https://w3id.org/cd22kg/ontology#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix e: <http://example.org/> .
"""


def triple(name: str) -> str:
    """Return a triple as a line."""
    return f"<{EXAMPLE}{name}> <{EXAMPLE}p> <{EXAMPLE}o> .\n"


def written(folder: Path, name: str, text: str) -> Path:
    """Return a file with the text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def held(store: Path) -> set[Quad]:
    """Return what a store in a folder holds."""
    with OxigraphStore(store, read_only=True) as opened:
        return set(opened.quads())


def state(folder: Path) -> dict[str, str]:
    """Return the digest of every file below a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a build of two small claim files that no test changes."""
    folder = tmp_path_factory.mktemp("built")
    claims = folder / "claims"
    claims.mkdir()
    for number in (1, 2):
        source = f"source: {{id: web-{number}, type: WebPage, url: 'https://x.org/{number}'}}\n"
        written(claims, f"web-{number}.yaml", f"{source}studies: [{{id: trial-{number}}}]\n")
    assert build(folder / "build", claims).conforms
    return folder / "build"


def rebuilt(built: Path, folder: Path, texts: dict[str, str]) -> Path:
    """Return another build, with other claim files than the first."""
    claims = folder / "claims"
    claims.mkdir()
    for name, text in texts.items():
        written(claims, f"{name}.yaml", text)
    assert build(folder / "build", claims).conforms
    return folder / "build"


# Load


def test_new_store_holds_the_files(tmp_path: Path) -> None:
    """Triples stand in a graph by the name of their file, quads where they stood."""
    one = written(tmp_path, "My data.nt", triple("a"))
    two = written(tmp_path, "two.nq", triple("b").replace(" .", f" <{EXAMPLE}g> ."))
    loaded = load_files([one, two], tmp_path / "store")

    assert (loaded.quads, loaded.added, loaded.files) == (2, 2, 2)
    assert {GRAPH_LOADED + "my-data", EXAMPLE + "g"} == {q.graph_name.value for q in held(tmp_path / "store")}  # type: ignore[union-attr]  # IRIs


def test_graph_may_be_given(tmp_path: Path) -> None:
    """A graph of one's own takes the triples that stand in none."""
    load_files([written(tmp_path, "a.nt", triple("a"))], tmp_path / "store", graph=EXAMPLE + "mine")

    assert {NamedNode(EXAMPLE + "mine")} == {quad.graph_name for quad in held(tmp_path / "store")}


def test_store_grows(tmp_path: Path) -> None:
    """A second load adds to the first, and counts what is new."""
    load_files([written(tmp_path, "a.nt", triple("a"))], tmp_path / "store")
    both = written(tmp_path, "a.ttl", triple("a") + triple("b"))
    loaded = load_files([both], tmp_path / "store")

    assert (loaded.quads, loaded.added) == (2, 1)


def test_build_is_data(built: Path, tmp_path: Path) -> None:
    """A build is loaded with its ontology, which is ours, also twice."""
    load_files([built], tmp_path / "store")
    first = held(tmp_path / "store")
    again = load_files([built], tmp_path / "store")
    with OxigraphStore(built / "store", read_only=True) as opened:
        expected = set(opened.quads())

    assert not compare(expected, first)
    assert again.added == len([q for q in first if "_:" in str(q)])  # its blank nodes are new ones each time


@pytest.mark.parametrize(
    "text",
    [
        "cd22:Claim rdfs:subClassOf e:Thing .",
        "cd22:claim a owl:ObjectProperty .",
        "rdfs:label rdfs:subPropertyOf e:p .",
        "owl:sameAs rdfs:domain e:Thing .",
        "sh:NodeShape owl:equivalentClass e:Shape .",
        "e:own owl:imports <http://example.org/other> .",
        f'e:x <{MODULE}> "os" .',
        "e:Thing owl:equivalentClass cd22:Claim .",
        "e:thing owl:sameAs cd22:claim .",
        "[] a owl:AllDisjointClasses ; owl:members ( e:Thing cd22:Claim ) .",
        "cd22:Claim owl:equivalentClass [ a owl:Restriction ; owl:onProperty e:p ; owl:minCardinality 1 ] .",
    ],
    ids=["class", "property", "rdfs", "owl", "shacl", "imports", "module", "object", "same", "list", "expression"],
)
def test_foreign_schema_is_refused_unless_allowed(text: str, tmp_path: Path) -> None:
    """Data may not say what our terms or those of the standards mean, nor import or run anything."""
    path = written(tmp_path, "a.ttl", PREFIXES + text)
    with pytest.raises(DataError, match="the data defines terms or imports ontologies"):
        load_files([path], tmp_path / "store")

    assert not (tmp_path / "store").exists()
    assert load_files([path], tmp_path / "store", allow_schema=True).quads >= 1


def test_schema_in_our_own_graph_is_refused(tmp_path: Path) -> None:
    """The name of our ontology's graph is no way in: there, only what our ontology says is let through."""
    ours = "".join(f"{quad} .\n" for quad in read_ontology().quads)
    line = f"<https://w3id.org/cd22kg/ontology#Claim> <http://www.w3.org/2000/01/rdf-schema#subClassOf> <{EXAMPLE}T>"

    assert load_files([written(tmp_path, "a.nq", ours)], tmp_path / "store").quads > 1000
    with pytest.raises(DataError, match=r"cd22:Claim rdfs:subClassOf"):
        load_files([written(tmp_path, "b.nq", f"{ours}{line} <{GRAPH_ONTOLOGY}> .\n")], tmp_path / "store")


def test_terms_of_others_may_be_defined(tmp_path: Path) -> None:
    """Data may bring its own classes."""
    path = written(tmp_path, "a.ttl", PREFIXES + "e:Thing a owl:Class ; rdfs:subClassOf cd22:Claim .")

    assert load_files([path], tmp_path / "store").quads == 2


def test_schema_once_allowed_stays_allowed(tmp_path: Path) -> None:
    """What was let into a store before is not held against the next files; new definitions are."""
    load_files(
        [written(tmp_path, "a.ttl", f"{PREFIXES}cd22:Claim rdfs:subClassOf e:T .")], tmp_path / "s", allow_schema=True
    )

    assert load_files([written(tmp_path, "b.nt", triple("b"))], tmp_path / "s").added == 1
    with pytest.raises(DataError, match=r"cd22:Cohort rdfs:subClassOf"):
        load_files([written(tmp_path, "c.ttl", f"{PREFIXES}cd22:Cohort rdfs:subClassOf e:T .")], tmp_path / "s")


@pytest.mark.parametrize("text", ["# nothing\n", "@prefix e: <http://example.org/> .\n"], ids=["comment", "prefix"])
def test_file_without_a_triple_is_an_error(text: str, tmp_path: Path) -> None:
    """Reading nothing is an error, also beside other files and into a store that holds something."""
    good, bad = written(tmp_path, "a.nt", triple("a")), written(tmp_path, "b.ttl", text)
    load_files([good], tmp_path / "store")
    with pytest.raises(InputError, match="the file holds no triple") as caught:
        load_files([good, bad], tmp_path / "store")

    assert caught.value.location is not None
    assert caught.value.location.file == str(bad)


@pytest.mark.parametrize("text", ["<http://a> <http://b>", ""], ids=["syntax", "empty"])
def test_failed_load_leaves_the_store_as_it_was(text: str, tmp_path: Path) -> None:
    """A fault in the last file undoes the first, to the byte; nothing is left beside the store."""
    store = tmp_path / "store"
    load_files([written(tmp_path, "a.nt", triple("a"))], store)
    good, bad = written(tmp_path, "b.nt", triple("b")), written(tmp_path, "c.nt", text)
    before, names = (held(store), state(store)), sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(InputError) if text else pytest.raises(InputError, match="no triple"):
        load_files([good, bad] if text else [bad], store if text else tmp_path / "other")

    assert before == (held(store), state(store))
    assert names == sorted(path.name for path in tmp_path.iterdir() if path.name != ".other.lock")


@pytest.mark.parametrize("kind", ["build", "store of a build", "folder", "file"])
def test_what_is_no_store_is_not_touched(kind: str, built: Path, tmp_path: Path) -> None:
    """A build, a folder of something else and a file stay as they are."""
    data = written(tmp_path, "a.nt", triple("a"))
    target = {"build": built, "store of a build": built / "store", "folder": tmp_path, "file": data}[kind]
    before = state(built)
    with pytest.raises(OutputError, match="this is a build" if "build" in kind else "this is no store"):
        load_files([data], target)

    assert before == state(built)
    assert triple("a") == data.read_text(encoding="utf-8")


@pytest.mark.parametrize("graph", ["mine", "not an iri", "http://a b"])
def test_graph_must_be_an_iri(graph: str, tmp_path: Path) -> None:
    """A graph that is no IRI is refused before anything is read."""
    with pytest.raises(InputError, match="is no IRI"):
        load_files([written(tmp_path, "a.nt", triple("a"))], tmp_path / "store", graph=graph)


def test_nothing_to_load_is_an_error(tmp_path: Path) -> None:
    """Reading nothing is an error."""
    with pytest.raises(InputError, match="nothing to load"):
        load_files([], tmp_path / "store")


def test_interrupt_leaves_no_store(tmp_path: Path) -> None:
    """Ctrl-C in the middle of a load ends it with the word for it, and nothing is left."""
    text = "".join(f'<{EXAMPLE}{n}> <{EXAMPLE}p> "{n}" .\n' for n in range(1_000_000))
    written(tmp_path, "big.nt", text)
    command = [sys.executable, "-m", "cd22kg", "load", "big.nt", "--store", "store"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        end = time.monotonic() + 60
        while not list(tmp_path.glob(".store.*.staged")) and time.monotonic() < end:
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)

    assert (process.returncode, told.strip().splitlines()[-1]) == (130, "interrupted")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".store.lock", "big.nt"]


def test_command_loads_and_every_question_reads_it(built: Path, tmp_path: Path, cli: Cli) -> None:
    """A store made by `load` is asked as a build is."""
    done = cli("load", built / NQUADS, "--store", tmp_path / "store", "--quiet")
    asked = cli("query", "claims-per-source", "--store", tmp_path / "store", "--format", "csv")

    assert (done.returncode, asked.returncode) == (0, 0), done.stderr + asked.stderr
    assert "quads added from 1 files" in done.stderr
    assert cli("query", "claims-per-source", "--store", built, "--format", "csv").stdout == asked.stdout
    assert asked.stdout.count("source/web-") == 2


def test_command_tells_faults(tmp_path: Path, cli: Cli) -> None:
    """A broken file is told with its place and exit code 2; foreign schema with exit code 1."""
    broken = written(tmp_path, "a.ttl", "<http://a>\n  nonsense .")
    schema = written(tmp_path, "b.ttl", PREFIXES + "cd22:Claim rdfs:label 'x' ; rdfs:subClassOf e:T .")
    one, two = (cli("load", path.name, "--store", "s", cwd=tmp_path) for path in (broken, schema))

    assert (one.returncode, two.returncode) == (2, 1)
    assert one.stderr.startswith("a.ttl:2:3: not valid Turtle: ")
    assert "--allow-schema" in two.stderr
    assert not (tmp_path / "s").exists()


# Send and push


@pytest.fixture(params=SERVER_KINDS)
def store(request: pytest.FixtureRequest, connect: Callable[[str], SparqlStore]) -> Iterator[SparqlStore]:
    """Yield an empty store on a server of each kind."""
    yield connect(request.param)


def test_files_go_to_a_server(store: SparqlStore, tmp_path: Path) -> None:
    """Files are added to what the server holds; foreign schema is refused before anything is sent."""
    good = written(tmp_path, "a.nt", triple("a") + "_:x <http://example.org/p> _:x .\n")
    bad = written(tmp_path, "b.ttl", PREFIXES + "e:x owl:imports e:y .")
    loaded = send_files([good], store)
    with pytest.raises(DataError):
        send_files([good, bad], store)

    assert (loaded.quads, loaded.added) == (2, 2)
    assert (store.count(), store.graphs()) == (2, (GRAPH_LOADED + "a",))


def test_push_publishes_the_build(store: SparqlStore, built: Path) -> None:
    """After a push the server holds the build, graph by graph, what was there before stays.

    The record of pushes is no part of what the server is read for, and is read by its name.
    """
    mine = Quad(NamedNode(EXAMPLE + "s"), NamedNode(EXAMPLE + "p"), Literal("mine"), NamedNode(EXAMPLE + "mine"))
    store.load([mine])
    pushed = push(built, store)
    expected = list(cd22kg.load(built).stream())
    received = [quad for quad in store.quads() if quad.graph_name != mine.graph_name]

    assert not pushed.differences
    assert not compare(expected, received)
    assert sum(pushed.sent.values()) == len(expected)
    assert {EXAMPLE + "mine", *pushed.sent} == set(store.graphs())
    assert (store.count(), store.count(GRAPH_PUBLISHED)) == (len(expected) + 1, 2 * len(pushed.sent))
    assert 2 * len(pushed.sent) == len(list(store.quads(GRAPH_PUBLISHED)))
    assert [mine] == list(store.quads(EXAMPLE + "mine"))
    assert pushed.at_once is store.address.dialect.atomic


def test_second_push_sends_what_changed(store: SparqlStore, built: Path, tmp_path: Path) -> None:
    """Graphs that are there already are not sent, those that are no more in the build go."""
    push(built, store)
    other = rebuilt(
        built,
        tmp_path,
        {
            "web-1": "source: {id: web-1, type: WebPage, url: 'https://x.org/1'}\nstudies: [{id: trial-1}]\n",
            "web-3": "source: {id: web-3, type: WebPage, url: 'https://x.org/3'}\n",
        },
    )
    pushed = push(other, store)
    claims = "https://w3id.org/cd22kg/graph/claims/"

    assert [f"{claims}web-2"] == list(pushed.dropped)
    assert f"{claims}web-3" in pushed.sent
    assert f"{claims}web-1" not in pushed.sent
    assert f"{claims}web-2" not in store.graphs()
    assert not push(other, store).sent


def test_push_mends_what_others_changed(store: SparqlStore, built: Path) -> None:
    """A graph that holds another number of triples than on record is sent again; with `again`, every one."""
    count = len(push(built, store).sent)
    graph = "https://w3id.org/cd22kg/graph/claims/web-1"
    store.load([Quad(NamedNode(EXAMPLE + "s"), NamedNode(EXAMPLE + "p"), Literal("x"), NamedNode(graph))])

    assert [graph] == list(push(built, store).sent)
    assert count == len(push(built, store, again=True).sent)


def test_push_that_was_cut_goes_on(store: SparqlStore, built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A push of a large build sends graph by graph; cut off, the next one sends only the rest."""
    monkeypatch.setattr(push_module, "ATOMIC_BYTES", 0)
    original = store.put_graph
    sent: list[str] = []

    def put(graph: str, ntriples: Iterator[bytes]) -> None:
        if len(sent) == 2:
            raise StoreError("the line is cut", hint="try again")
        sent.append(graph)
        original(graph, ntriples)

    monkeypatch.setattr(store, "put_graph", put)
    with pytest.raises(StoreError, match="the line is cut"):
        push(built, store)
    monkeypatch.setattr(store, "put_graph", original)
    rest = push(built, store)

    assert len(sent) == rest.same == 2
    assert not rest.at_once
    assert not set(sent) & set(rest.sent)
    assert not push(built, store).sent


def with_infinity(built: Path, folder: Path) -> Path:
    """Return a build with one more graph, of a number that no server keeps."""
    folder.mkdir()
    said = json.loads((built / MANIFEST).read_text(encoding="utf-8"))
    line = f'<{EXAMPLE}s> <{EXAMPLE}p> "1e400"^^<http://www.w3.org/2001/XMLSchema#double> <{EXAMPLE}huge> .\n'
    (folder / NQUADS).write_bytes((built / NQUADS).read_bytes() + line.encode())
    said["graphs"][EXAMPLE + "huge"] = {"quads": 1, "digest": "sha256:" + "0" * 64}
    said["files"][NQUADS]["digest"] = digest_of(folder / NQUADS)
    written(folder, MANIFEST, json.dumps(said))
    return folder


def test_push_tells_each_time_what_the_server_changed(store: SparqlStore, built: Path, tmp_path: Path) -> None:
    """A graph that came back with another value is not taken for done: the next push sends it and tells again."""
    huge = with_infinity(built, tmp_path / "huge")
    first, second = push(huge, store), push(huge, store)

    assert [list(first.differences), list(second.differences)] == [[EXAMPLE + "huge"]] * 2
    assert list(second.sent) == [EXAMPLE + "huge"]
    assert push(built, store).dropped == (EXAMPLE + "huge",)


def test_push_leaves_graphs_that_no_push_put_there(store: SparqlStore, built: Path) -> None:
    """A graph of somebody else under a name of the build is an error, unless all is sent again; nothing is sent."""
    names = sorted(json.loads((built / MANIFEST).read_text(encoding="utf-8"))["graphs"])[:4]
    store.load([Quad(NamedNode(EXAMPLE + "s"), NamedNode(EXAMPLE + "p"), Literal("mine"), NamedNode(n)) for n in names])
    before = set(store.quads())
    with pytest.raises(StoreError, match="holds 4 graphs of this build that no push put there") as caught:
        push(built, store)

    assert names[:3] == [name for name in names if f"<{name}>" in caught.value.message]
    assert "--again" in caught.value.hint
    assert before == set(store.quads())
    assert set(names) < set(push(built, store, again=True).sent)
    assert not push(built, store).sent


def test_foreign_record_counts_for_nothing(store: SparqlStore, built: Path) -> None:
    """A row that no push wrote is passed over, and its graph is left alone."""
    terms = "http://purl.org/dc/terms/"
    foreign = NamedNode(EXAMPLE + "foreign")
    store.load(
        [
            Quad(foreign, NamedNode(EXAMPLE + "p"), Literal("mine"), foreign),
            Quad(foreign, NamedNode(terms + "identifier"), Literal("x"), NamedNode(GRAPH_PUBLISHED)),
            Quad(foreign, NamedNode(terms + "extent"), Literal("many"), NamedNode(GRAPH_PUBLISHED)),
        ]
    )

    assert push(built, store).dropped == ()
    assert store.count(foreign.value) == 1


@pytest.mark.xdist_group("oxigraph")
def test_push_in_one_request_is_all_or_nothing(
    connect: Callable[[str], SparqlStore], built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the server can, a request that fails changes nothing."""
    store = connect("oxigraph")
    push(built, store)
    before = set(store.quads())
    original = store.update
    monkeypatch.setattr(store, "update", lambda text: original(text + " ; LOAD <http://127.0.0.1:1/nothing>"))
    with pytest.raises(StoreError):
        push(built, store, again=True)

    assert before == set(store.quads())


@pytest.mark.xdist_group("oxigraph")
def test_damaged_build_is_not_pushed(connect: Callable[[str], SparqlStore], built: Path, tmp_path: Path) -> None:
    """A build whose quads are not those of its manifest stays where it is, and so does a folder that is none."""
    store = connect("oxigraph")
    copy = tmp_path / "build"
    copy.mkdir()
    for path in built.iterdir():
        if path.is_file():
            (copy / path.name).write_bytes(path.read_bytes())
    (copy / NQUADS).write_bytes((built / NQUADS).read_bytes()[:-100])
    with pytest.raises(StoreError, match="is damaged"):
        push(copy, store)
    with pytest.raises(StoreError, match="there is no build"):
        push(tmp_path, store)

    assert store.graphs() == ()


@pytest.mark.parametrize("kind", SERVER_KINDS)
def test_commands_on_a_server(kind: str, server: Callable[[str], Server], built: Path, cli: Cli) -> None:
    """`push`, `load` and the commands that read take a server's address."""
    running = server("fuseki" if kind == STANDARD else kind)
    address = running.plain if kind == STANDARD else running.address
    env = {"CD22KG_STORE_USER": running.user, "CD22KG_STORE_PASSWORD": running.password}
    pushed = cli("push", built, "--store", address, "--again", env=env)
    asked, local = (
        cli("query", "claims-per-source", "--format", "csv", "--store", where, env=env) for where in (address, built)
    )

    assert (pushed.returncode, asked.returncode) == (0, 0), pushed.stderr + asked.stderr
    assert "triples sent" in pushed.stderr
    assert local.stdout == asked.stdout
    assert not running.password or running.password not in pushed.stderr + asked.stderr
