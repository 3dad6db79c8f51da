"""RDF files into a store: a folder, which is complete or as it was before, or a server."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import NamedNode

from cd22kg.build import NQUADS, STORE, is_build
from cd22kg.errors import InputError, Location, OutputError, StoreError
from cd22kg.files import publish_folder, staging, sync_folder
from cd22kg.gate.rdf import RdfFile, syntax_of
from cd22kg.namespaces import GRAPH_LOADED
from cd22kg.progress import Meter, silent
from cd22kg.store import OxigraphStore, Store, is_address, is_store, open_sparql
from cd22kg.transfer.foreign import foreign_schema, refuse_schema


@dataclass(frozen=True)
class Loaded:
    """What a store holds after loading.

    Attributes:
        quads: Quads in the store.
        added: Those that were not there before.
        files: Files read.
    """

    quads: int
    added: int
    files: int


def load_files(
    data: Sequence[Path],
    target: Path,
    *,
    graph: str = "",
    allow_schema: bool = False,
    meter: Callable[[str], Meter] = lambda name: silent,
) -> Loaded:
    """Add RDF files to a store in a folder, which is made where it is missing.

    Args:
        data: RDF files, or build folders.
        target: The folder of the store; until all is loaded and checked, what was there stays.
        graph: IRI of the graph for triples that stand in none; one by the name of the file where empty.
        allow_schema: Whether the data may define terms.
        meter: Gives for each file, by name, what is told of the bytes read.

    Raises:
        InputError: If a file cannot be read, or there is none.
        DataError: If the data defines terms and may not.
        OutputError: If the target is something else, in use, or cannot be written.
    """
    files = rdf_files(data, graph, meter)
    target = target.resolve()
    if is_build(target) or (target.name == STORE and is_build(target.parent)):
        raise OutputError("this is a build; its store comes from claim files alone", Location(str(target)),
                          hint="name another folder")  # fmt: skip
    if target.exists() and not is_store(target) and not (target.is_dir() and not any(target.iterdir())):
        raise OutputError("this is no store, so it is not touched", Location(str(target)), hint="name another folder")
    with staging(target) as staged:
        before = _copy(target, staged) if is_store(target) else 0
        with OxigraphStore(staged) as store:
            known = foreign_schema(store) if before else frozenset()
            for file in files:
                store.bulk_load(file)
            if not allow_schema:
                refuse_schema(store, known)
            after = store.count()
        sync_folder(staged)
        publish_folder(staged, target)
    return Loaded(after, after - before, len(files))


def send_files(
    data: Sequence[Path],
    server: Store,
    *,
    graph: str = "",
    allow_schema: bool = False,
    meter: Callable[[str], Meter] = lambda name: silent,
) -> Loaded:
    """Add RDF files to a store that cannot be staged; they are read and checked whole before the first quad goes there.

    Args and errors are those of `load_files`.
    """
    files = rdf_files(data, graph, lambda name: silent)
    with tempfile.TemporaryDirectory(prefix="cd22kg-") as folder, OxigraphStore(Path(folder) / "store") as staged:
        for file in files:
            staged.bulk_load(file)
        if not allow_schema:
            refuse_schema(staged)
    before = server.count()
    for file in rdf_files(data, graph, meter):
        server.bulk_load(file)
    after = server.count()
    return Loaded(after, after - before, len(files))


def load_into(
    data: Sequence[Path],
    store: str,
    *,
    graph: str = "",
    allow_schema: bool = False,
    meter: Callable[[str], Meter] = lambda name: silent,
) -> Loaded:
    """Add RDF files to a store, a folder or a server by its address; see `load_files` and `send_files`."""
    if not is_address(store):
        return load_files(data, Path(store), graph=graph, allow_schema=allow_schema, meter=meter)
    with open_sparql(store) as server:
        return send_files(data, server, graph=graph, allow_schema=allow_schema, meter=meter)


def rdf_files(data: Sequence[Path], graph: str, meter: Callable[[str], Meter]) -> list[RdfFile]:
    """Return the files, each with the graph for its stray triples; a build stands for its canonical N-Quads.

    Raises:
        InputError: If there is none, the ending of one names no syntax, or the graph is no IRI.
    """
    if not data:
        raise InputError("nothing to load", hint="name RDF files, or a build folder")
    try:
        NamedNode(graph or GRAPH_LOADED)
    except ValueError:
        raise InputError(f"`{graph}` is no IRI", hint="name the graph by an IRI such as https://host/graph") from None
    found = []
    for path in data:
        file = path / NQUADS if is_build(path) else path
        syntax_of(file)
        slug = re.sub(r"[^a-z0-9]+", "-", file.name.lower().removesuffix(".gz").rpartition(".")[0]).strip("-")
        name = str(file)
        into = graph or GRAPH_LOADED + (slug or "data")
        if next(iter(RdfFile(file, name)), None) is None:
            raise InputError("the file holds no triple", Location(name), hint="name another file")
        found.append(RdfFile(file, name, into, meter(name)))
    return found


def _copy(store: Path, staged: Path) -> int:
    """Copy a store by links to its files, which never change; return how many quads it holds.

    Raises:
        StoreError: If it cannot be opened, or the copy holds another number.
    """
    with OxigraphStore(store, read_only=True) as opened:
        before = opened.count()
        opened.engine.backup(str(staged))
    with OxigraphStore(staged, read_only=True) as copy:
        if copy.count() != before:
            raise StoreError(f"the store in {store} cannot be copied", hint="is another process writing to it?")
    return before
