"""What several test modules share: the vocabulary, the graph of the packaged claims, and the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

import cd22kg
from cd22kg.graph import KnowledgeGraph
from cd22kg.model import Vocabulary
from cd22kg.namespaces import GRAPH_PUBLISHED
from cd22kg.queries.worker import Worker
from cd22kg.rdf import read_ontology
from cd22kg.store import OxigraphStore, SparqlStore, open_sparql
from tests.foreign import many
from tests.servers import KINDS, SERVERS, STANDARD, NotHere, Server

#: What a process needs of the environment; everything else would make runs differ.
_KEPT = ("COVERAGE_PROCESS_START", "PATH", "SYSTEMROOT", "TMPDIR")


class Cli(Protocol):
    """Runs the command line in a process of its own."""

    def __call__(
        self, *args: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run ``python -m cd22kg`` with the arguments; `cwd` is an empty folder where it is not given."""


def clean_environment() -> dict[str, str]:
    """Return the environment of a process that shares nothing with ours but the path."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "HOME": os.devnull, "LC_ALL": "C.UTF-8", "PYTHONWARNINGS": "error", "COLUMNS": "120"}


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    """Return the concepts of the package's ontology."""
    return read_ontology().vocabulary


@pytest.fixture(scope="session")
def kg() -> KnowledgeGraph:
    """Return the graph of the packaged claims."""
    return cd22kg.load()


#: One for each kind of server; with `--dist loadgroup` all tests of a kind run in one process, so that it starts once.
SERVER_KINDS = [
    pytest.param(kind, marks=pytest.mark.xdist_group("fuseki" if kind == STANDARD else kind)) for kind in KINDS
]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Server]]:
    """Return what starts a server of a kind, once in the session; a kind that is not here skips the test."""
    started: dict[str, Server] = {}
    with ExitStack() as stack:

        def start(kind: str) -> Server:
            if kind not in started:
                try:
                    started[kind] = stack.enter_context(SERVERS[kind](tmp_path_factory.mktemp(kind)))
                except NotHere as reason:
                    pytest.skip(str(reason))
            return started[kind]

        yield start


@pytest.fixture
def connect(server: Callable[[str], Server], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], SparqlStore]]:
    """Return what opens a store on a server of a kind, emptied."""
    with ExitStack() as stack:

        def opened(kind: str) -> SparqlStore:
            running = server("fuseki" if kind == STANDARD else kind)
            address = running.plain if kind == STANDARD else running.address
            monkeypatch.setenv("CD22KG_STORE_USER", running.user)
            monkeypatch.setenv("CD22KG_STORE_PASSWORD", running.password)
            store = stack.enter_context(open_sparql(address))
            store.update(" ; ".join(f"DROP SILENT GRAPH <{graph}>" for graph in (*store.graphs(), GRAPH_PUBLISHED)))
            return store

        yield opened


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a store of many quads, for workers to open."""
    place = tmp_path_factory.mktemp("worker") / "store"
    with OxigraphStore(place) as store:
        store.bulk_load(many())
    return place


@pytest.fixture(scope="module")
def shared(folder: Path) -> Iterator[Worker]:
    """Yield a worker on the folder, used by one test after the other."""
    with Worker(OxigraphStore(folder, read_only=True)) as worker:
        yield worker


@pytest.fixture
def cli(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """Return the command line; without a `cwd` it runs in an empty folder."""

    def run(
        *args: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        if cwd is None:
            cwd = tmp_path_factory.mktemp("empty")
        return subprocess.run(
            [sys.executable, "-m", "cd22kg", *(str(arg) for arg in args)],
            cwd=cwd,
            env={**clean_environment(), **(env or {})},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    return run
