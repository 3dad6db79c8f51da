"""A build onto a server, graph by graph: what is there already stays, what was pushed and is no more goes.

The server keeps a record in a graph of its own: for each graph pushed, the digest of its content and how many triples
the server then held. A push that was cut off goes on where it stopped, as graphs on record are not sent again. Before a
graph is sent its record loses the digest, and gets it back only once the graph came back as it was sent. So a graph
that is not on record is one that no push put there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, parse

from cd22kg.build import NQUADS, read_manifest
from cd22kg.errors import StoreError
from cd22kg.files import digest_of
from cd22kg.namespaces import GRAPH_PUBLISHED, STANDARD_PREFIXES
from cd22kg.progress import Meter, silent
from cd22kg.rdf.sorting import sorted_unique
from cd22kg.store import SparqlStore, Table
from cd22kg.store.compare import Difference, compare

#: Largest change, in bytes of N-Quads, that is sent as one request and so takes effect at once or not at all.
ATOMIC_BYTES = 64 * 1024 * 1024

_DIGEST = STANDARD_PREFIXES["dcterms"] + "identifier"
_EXTENT = STANDARD_PREFIXES["dcterms"] + "extent"
_COUNT = re.compile(r"[0-9]{1,18}")


@dataclass
class Pushed:
    """What a push did.

    Attributes:
        sent: Graphs sent, each with its number of triples.
        same: Graphs that the server had already.
        dropped: Graphs of an earlier push that the build has no more.
        at_once: Whether all took effect in one request.
        reformed: Literals that came back in another form of the same value.
        differences: By graph, what came back otherwise: lost, added, or with another value.
    """

    sent: dict[str, int] = field(default_factory=dict)
    same: int = 0
    dropped: tuple[str, ...] = ()
    at_once: bool = False
    reformed: int = 0
    differences: dict[str, Difference] = field(default_factory=dict)


@dataclass(frozen=True)
class _Record:
    digest: str
    count: int


def push(folder: Path, server: SparqlStore, *, again: bool = False, meter: Meter = silent) -> Pushed:
    """Publish a build on a server; graphs that no push put there are never touched.

    Args:
        folder: The build.
        server: The server.
        again: Send every graph, also those that the server has by its record, and also over graphs that no push put
            there.
        meter: Told the graphs done, and those to do.

    Raises:
        StoreError: If the folder is no sound build, the server holds a graph of that name which no push put there, or
            it refuses; what took effect is on the server's record.
    """
    manifest = read_manifest(folder)
    graphs = manifest["graphs"]
    if digest_of(folder / NQUADS) != manifest["files"][NQUADS]["digest"]:
        raise StoreError(f"the build in {folder} is damaged", hint="run `cd22kg build`")
    record, held = _record(server), _counts(server)
    wanted = {
        graph: said["digest"]
        for graph, said in graphs.items()
        if again or graph not in record or record[graph] != _Record(said["digest"], held.get(graph, 0))
    }
    if not again and (strange := sorted(graph for graph in wanted if graph in held and graph not in record)):
        shown = ", ".join(f"<{graph}>" for graph in strange[:3]) + (", ..." if len(strange) > 3 else "")
        raise StoreError(
            f"{server.address.host} holds {len(strange)} graphs of this build that no push put there: {shown}",
            hint="move them away, or replace them by what the build holds with `--again`, in Python `again=True`",
        )
    done = Pushed(same=len(graphs) - len(wanted), dropped=tuple(sorted(set(record) - set(graphs))))
    if not wanted and not done.dropped:
        return done
    share = sum(graphs[graph]["quads"] for graph in wanted) / max(1, sum(said["quads"] for said in graphs.values()))
    size = (folder / NQUADS).stat().st_size * share
    done.at_once = server.address.dialect.atomic and size <= ATOMIC_BYTES
    if done.at_once:
        _all_at_once(folder, server, wanted, done)
    else:
        _one_by_one(folder, server, wanted, done, meter)
    return done


def _all_at_once(folder: Path, server: SparqlStore, wanted: Mapping[str, str], done: Pushed) -> None:
    steps = [f"DROP SILENT GRAPH <{graph}>" for graph in (*wanted, *done.dropped)]
    for graph, lines in _by_graph(folder, wanted):
        triples = list(lines)
        done.sent[graph] = len(triples)
        steps.append(f"INSERT DATA {{ GRAPH <{graph}> {{\n{''.join(triples)}}} }}")
    steps += [_forget(graph) for graph in done.dropped]
    steps += [_note(graph) for graph in wanted]
    server.update(" ;\n".join(steps))
    sound = {graph: _read_back(server, graph, lines, done) for graph, lines in _by_graph(folder, wanted)}
    notes = [_note(graph, wanted[graph], count) for graph, count in sound.items() if count is not None]
    if notes:
        server.update(" ;\n".join(notes))


def _one_by_one(folder: Path, server: SparqlStore, wanted: Mapping[str, str], done: Pushed, meter: Meter) -> None:
    for graph in done.dropped:
        server.update(f"DROP SILENT GRAPH <{graph}> ;\n{_forget(graph)}")
    for number, (graph, lines) in enumerate(_by_graph(folder, wanted)):
        meter(number, len(wanted))
        triples = list(lines)
        server.update(_note(graph))
        server.put_graph(graph, (line.encode() for line in triples))
        done.sent[graph] = len(triples)
        count = _read_back(server, graph, iter(triples), done)
        if count is not None:
            server.update(_note(graph, wanted[graph], count))
    meter(len(wanted), len(wanted))


def _read_back(server: SparqlStore, graph: str, lines: Iterator[str], done: Pushed) -> int | None:
    """Read a graph back and note what the server changed in it; return its number of triples, if no value differs."""
    name = NamedNode(graph)
    received = list(server.quads(graph))
    triples = parse("".join(lines), format=RdfFormat.N_TRIPLES)
    difference = compare((Quad(t.subject, t.predicate, t.object, name) for t in triples), received)
    done.reformed += len(difference.reformed)
    if difference:
        done.differences[graph] = difference
        return None
    return len(received)


def _note(graph: str, digest: str = "", count: int = 0) -> str:
    """Return the update that puts a graph on record; without a digest, as one to be sent again."""
    record = f'<{graph}> <{_DIGEST}> "{digest}" ; <{_EXTENT}> {count}'
    return f"{_forget(graph)} ;\nINSERT DATA {{ GRAPH <{GRAPH_PUBLISHED}> {{ {record} }} }}"


def _forget(graph: str) -> str:
    return f"DELETE WHERE {{ GRAPH <{GRAPH_PUBLISHED}> {{ <{graph}> ?property ?value }} }}"


def _record(server: SparqlStore) -> dict[str, _Record]:
    """Return what the server says was pushed; rows that no push wrote count for nothing."""
    answer = server.query(
        f"SELECT ?graph ?digest ?count WHERE {{ GRAPH <{GRAPH_PUBLISHED}> "
        f"{{ ?graph <{_DIGEST}> ?digest ; <{_EXTENT}> ?count }} }}"
    )
    assert isinstance(answer, Table)  # noqa: S101  # a SELECT gives a table
    return {
        graph.value: _Record(digest.value, int(count.value))
        for graph, digest, count in answer.rows
        if isinstance(graph, NamedNode)
        and isinstance(digest, Literal)
        and isinstance(count, Literal)
        and _COUNT.fullmatch(count.value)
    }


def _counts(server: SparqlStore) -> dict[str, int]:
    """Return how many triples each graph on the server holds."""
    answer = server.query("SELECT ?graph (COUNT(*) AS ?count) WHERE { GRAPH ?graph { ?s ?p ?o } } GROUP BY ?graph")
    assert isinstance(answer, Table)  # noqa: S101  # a SELECT gives a table
    return {
        graph.value: int(count.value)
        for graph, count in answer.rows
        if isinstance(graph, NamedNode) and isinstance(count, Literal)
    }


def _by_graph(folder: Path, wanted: Mapping[str, str]) -> Iterator[tuple[str, Iterator[str]]]:
    """Yield the graphs wanted, in order, each with its triples as lines of N-Triples; in little memory."""

    def keyed() -> Iterator[str]:
        with (folder / NQUADS).open(encoding="utf-8", newline="\n") as file:
            for line in file:
                triple, graph, _ = line.rsplit(" ", 2)
                if graph[1:-1] in wanted:
                    yield f"{graph[1:-1]}\0{triple} ."

    for graph, lines in groupby((line.split("\0") for line in sorted_unique(keyed())), key=lambda parts: parts[0]):
        yield graph, (f"{triple}\n" for _, triple in lines)
