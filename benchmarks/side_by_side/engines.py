"""The engines: each loads a file, answers queries with all their rows, and writes everything out again.

A library is imported when its engine is made, so that a process holds one of them.
"""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

#: A literal with a datatype, as N-Triples writes it.
_LITERAL = re.compile(r'^"(.*)"(?:\^\^<[^>]*>)?$', re.DOTALL)
#: How Python writes what other engines leave empty or write as in XML Schema.
_CELLS = {"None": "", "True": "true", "False": "false"}


class NotHere(Exception):  # noqa: N818  # a reason to leave an engine out, not a fault
    """An engine whose library or program this machine does not have; the text says how to get it."""


class Engine(Protocol):
    """What is measured.

    Attributes:
        graphs: Whether it takes named graphs; if not it gets their union.
        pid: The process whose memory counts; 0 is this one.
    """

    graphs: bool
    pid: int

    def load(self, file: Path) -> None:
        """Load a file, parsing it."""

    def optimise(self) -> bool:
        """Do what its manual wants after a bulk load; return whether there was anything to do."""

    def query(self, text: str) -> Sequence[Any]:
        """Return every row of a SELECT, each term within reach of Python."""

    def plain(self, rows: Sequence[Any]) -> Iterator[Sequence[str]]:
        """Yield the rows as texts, nothing where a variable is unbound; this is not timed."""

    def dump(self, file: Path) -> None:
        """Write everything as lines: N-Quads, or N-Triples from an engine without graphs."""

    def close(self) -> None:
        """Give back what it holds."""


class _Embedded:
    """What engines within the process have in common."""

    graphs = True
    pid = 0

    def optimise(self) -> bool:
        return False

    def plain(self, rows: Sequence[Any]) -> Iterator[Sequence[str]]:
        """Yield the rows of terms that have a `value`."""
        for row in rows:
            yield ["" if term is None else term.value for term in row]

    def close(self) -> None:
        pass


class Ours(_Embedded):
    """The store of this package, loaded as ``cd22kg load`` does it; on disk that includes to optimise."""

    def __init__(self, folder: Path | None) -> None:
        from cd22kg.store import OxigraphStore

        self._store = OxigraphStore(folder)

    def load(self, file: Path) -> None:
        from cd22kg.gate.rdf import RdfFile

        self._store.bulk_load(RdfFile(file))

    def query(self, text: str) -> Sequence[Any]:
        from cd22kg.store import Table

        answer = self._store.query(text)
        if not isinstance(answer, Table):
            raise TypeError("the queries of a benchmark are SELECTs")
        return answer.rows

    def dump(self, file: Path) -> None:
        with file.open("wb") as out:
            self._store.dump(out)

    def close(self) -> None:
        self._store.close()


class Raw(_Embedded):
    """pyoxigraph as it comes."""

    def __init__(self, folder: Path | None) -> None:
        import pyoxigraph

        self._format = pyoxigraph.RdfFormat.N_QUADS
        self._on_disk = folder is not None
        self._store = pyoxigraph.Store(str(folder)) if folder else pyoxigraph.Store()

    def load(self, file: Path) -> None:
        self._store.bulk_load(path=str(file), format=self._format)

    def optimise(self) -> bool:
        if self._on_disk:
            self._store.optimize()
            self._store.flush()
        return self._on_disk

    def query(self, text: str) -> Sequence[Any]:
        solutions: Any = self._store.query(text, use_default_graph_as_union=True)
        return [tuple(solution) for solution in solutions]

    def dump(self, file: Path) -> None:
        self._store.dump(str(file), self._format)


class Rdflib(_Embedded):
    """rdflib with its own store in memory, or with that of Oxigraph below it."""

    def __init__(self, store: str = "default") -> None:
        try:
            if store != "default":
                import oxrdflib  # noqa: F401  # is it there
            import rdflib
        except ModuleNotFoundError as error:
            raise NotHere(f"needs the library {error.name}: pip install 'cd22kg[bench]'") from None
        self._prefix = "" if store == "default" else "ox-"
        self._dataset = rdflib.Dataset(store=store, default_union=True)

    def load(self, file: Path) -> None:
        more: dict[str, Any] = {"transactional": False} if self._prefix else {}
        self._dataset.parse(str(file), format=f"{self._prefix}nquads", **more)

    def query(self, text: str) -> Sequence[Any]:
        answer: Any = self._dataset.query(text)
        return [tuple(row) for row in answer]

    def plain(self, rows: Sequence[Any]) -> Iterator[Sequence[str]]:
        for row in rows:
            yield ["" if term is None else str(term) for term in row]

    def dump(self, file: Path) -> None:
        self._dataset.serialize(destination=str(file), format=f"{self._prefix}nquads", encoding="utf-8")


class Owlready(_Embedded):
    """The quadstore of owlready2 in a file of SQLite, asked through its own SPARQL engine.

    Rows are read from the CSV that it writes: as Python objects they come slower, and making the objects adds triples.
    """

    graphs = False

    def __init__(self, folder: Path) -> None:
        import owlready2

        folder.mkdir()
        self._world = owlready2.World(filename=str(folder / "quads.sqlite3"))

    def load(self, file: Path) -> None:
        # Not through `Ontology.load`, which would follow imports and run the Python modules that data may name.
        # The data declares this ontology, so that no triple is added by naming it.
        self._ontology = self._world.get_ontology("https://w3id.org/cd22kg/ontology#")
        with file.open("rb") as source:
            self._ontology.graph.parse(source, "ntriples")
        self._world.save()

    def query(self, text: str) -> Sequence[Any]:
        answer = self._world.prepare_sparql(text, False).execute_csv()
        return list(csv.reader(io.StringIO(answer)))[1:]

    def plain(self, rows: Sequence[Any]) -> Iterator[Sequence[str]]:
        for row in rows:
            yield [_CELLS.get(cell, cell) for cell in row]

    def dump(self, file: Path) -> None:
        # The world would write a triple about a nameless ontology of its own, too.
        self._ontology.save(file=str(file), format="ntriples")

    def close(self) -> None:
        self._world.close()


class Maplib(_Embedded):
    """maplib, in memory and columnar; rows come out of its data frames."""

    graphs = False

    def __init__(self) -> None:
        try:
            import maplib
        except ModuleNotFoundError as error:
            raise NotHere(f"needs the library {error.name}: pip install 'cd22kg[bench]'") from None
        self._model = maplib.Model()

    def load(self, file: Path) -> None:
        self._model.read(str(file), format="ntriples")

    def query(self, text: str) -> Sequence[Any]:
        frame: Any = self._model.query(text)
        rows: Sequence[Any] = frame.rows()
        return rows

    def plain(self, rows: Sequence[Any]) -> Iterator[Sequence[str]]:
        for row in rows:
            yield ["" if term is None else _LITERAL.sub(r"\1", str(term)).strip("<>") for term in row]

    def dump(self, file: Path) -> None:
        self._model.write(str(file), format="ntriples")


def _virtuoso(folder: Path) -> Engine:
    from side_by_side.virtuoso import Virtuoso

    return Virtuoso(folder)


#: How each engine is made in a folder of its own, which is not there yet.
ENGINES: dict[str, Callable[[Path], Engine]] = {
    "cd22kg-memory": lambda folder: Ours(None),
    "raw-memory": lambda folder: Raw(None),
    "cd22kg-disk": Ours,
    "raw-disk": Raw,
    "rdflib": lambda folder: Rdflib(),
    "oxrdflib": lambda folder: Rdflib("Oxigraph"),
    "owlready2": Owlready,
    "maplib": lambda folder: Maplib(),
    "virtuoso": _virtuoso,
}
#: Ours, and what it is measured by: the same engine without us.
PAIRS = {"memory": ("cd22kg-memory", "raw-memory"), "disk": ("cd22kg-disk", "raw-disk")}
_LIBRARIES = ("cd22kg", "pyoxigraph", "rdflib", "oxrdflib", "owlready2", "maplib")


def versions() -> dict[str, str]:
    """Return the versions of the libraries and programs that are here."""
    found = {}
    for name in _LIBRARIES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    if program := shutil.which("virtuoso-t"):
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
        if number := re.search(r"Version ([0-9.]+)", said.stdout + said.stderr):
            found["Virtuoso"] = number[1]
    return found
