"""Oxigraph, in memory or in a folder; the one door of its engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, cast

from pyoxigraph import NamedNode, Quad, QueryBoolean, QueryResultsFormat, QuerySolutions, QueryTriples, RdfFormat
from pyoxigraph import Store as Engine

from cd22kg.errors import Location, QueryError, StoreError
from cd22kg.gate.rdf import RdfFile
from cd22kg.statistics.sparql import Functions
from cd22kg.store.base import Answer, Parameters, Table, Term, fill, hint_of_failure, syntax_error

_USUAL_HINT = "simplify it, or build the store again"


class OxigraphStore:
    """An embedded store."""

    def __init__(self, path: Path | None = None, *, read_only: bool = False) -> None:
        """Open a store in memory, or in a folder that is made if it is missing.

        Raises:
            StoreError: If the folder is not a store, another process writes to it, or it is being replaced.
        """
        self.path = path
        self.read_only = read_only
        #: How often something was written; a copy made at another count is out of date.
        self.writes = 0
        self.identity = store_identity(path) if path is not None and read_only else b""
        if path is not None and read_only and not is_store(path):
            raise StoreError(f"there is no store in {path}", hint="run `cd22kg build`")
        try:
            if path is None:
                self._engine: Engine | None = Engine()
            else:
                self._engine = Engine.read_only(str(path)) if read_only else Engine(str(path))
        except (OSError, RuntimeError) as error:
            raise StoreError(f"cannot open the store in {path}: {error}", hint="run `cd22kg build` again") from None
        self.check()

    def check(self) -> None:
        """Check that the store is open, and that a folder that is only read still holds the store that was opened.

        Raises:
            StoreError: If the store is closed, or another has taken its place.
        """
        self.engine  # noqa: B018  # an error if it is closed
        if self.identity and self.path is not None and store_identity(self.path) != self.identity:
            raise StoreError(f"the store in {self.path} is another than was opened", hint="load it again")

    @property
    def engine(self) -> Engine:
        """Return the engine.

        Raises:
            StoreError: If the store is closed.
        """
        if self._engine is None:
            raise StoreError("the store is closed", hint="open it again")
        return self._engine

    def load(self, quads: Iterable[Quad]) -> None:
        """Add the quads in one transaction."""
        self.writes += 1
        try:
            self.engine.extend(quads)
            if self.path is not None:
                self.engine.flush()
        except (OSError, RuntimeError) as error:
            raise self._unwritable(error) from None

    def bulk_load(self, quads: Iterable[Quad]) -> None:
        """Add many quads; on disk, the files are then compacted and flushed."""
        self.writes += 1
        try:
            if isinstance(quads, RdfFile) and not quads.labels:
                with quads.reading() as source:
                    self.engine.bulk_load(source, quads.syntax, base_iri=quads.base, to_graph=quads.target)
            else:
                self.engine.bulk_extend(quads)
            if self.path is not None:
                self.engine.optimize()
                self.engine.flush()
        except (OSError, RuntimeError) as error:
            raise self._unwritable(error) from None

    def bulk_load_text(self, text: bytes, syntax: RdfFormat) -> None:
        """Add many quads from text; the blank nodes in it get other labels.

        Raises:
            SyntaxError: If the text does not follow its syntax.
        """
        self.writes += 1
        # In memory a transaction is an eighth faster than what saves memory on disk.
        load = self.engine.load if self.path is None else self.engine.bulk_load
        try:
            load(text, syntax)
        except (OSError, RuntimeError) as error:
            raise self._unwritable(error) from None

    def query(
        self,
        text: str,
        *,
        parameters: Parameters | None = None,
        prefixes: Mapping[str, str] | None = None,
        name: str = "query",
    ) -> Answer:
        """Return the answer to a query over the union of all graphs."""
        text = text if parameters is None else fill(text, parameters)
        functions = Functions()
        try:
            answer = _whole(self._asked(text, functions, prefixes))
        except SyntaxError as error:
            raise syntax_error(error.msg, name, text) from None
        except (OSError, RuntimeError, ValueError) as error:
            raise QueryError(f"the query failed: {error}", hint=hint_of_failure(str(error), _USUAL_HINT)) from None
        functions.check()
        return answer

    def select(self, text: str, *, name: str = "query") -> tuple[tuple[str, ...], Iterator[tuple[Term | None, ...]]]:
        """Return the columns of a SELECT over the union of all graphs, and its rows as the engine finds them."""
        functions = Functions()
        try:
            result = self._asked(text, functions)
        except SyntaxError as error:
            raise syntax_error(error.msg, name) from None
        except (OSError, RuntimeError, ValueError) as error:
            raise _gave_up(error, name) from None
        if not isinstance(result, QuerySolutions):
            raise QueryError("this is no SELECT", Location(name), hint="ask for a table")
        return tuple(variable.value for variable in result.variables), _rows(result, functions, name)

    def written(self, text: str, *, name: str = "query") -> bytes:
        """Return the rows of a SELECT as TSV, its columns first, or the triples of a CONSTRUCT as N-Triples.

        The engine writes them, without a look of the interpreter at each.
        """
        functions = Functions()
        try:
            result = self._asked(text, functions)
            if isinstance(result, QueryBoolean):
                raise QueryError("this is an ASK", Location(name), hint="ask for rows or triples")
            if isinstance(result, QuerySolutions):
                written = result.serialize(format=QueryResultsFormat.TSV) or b""
            else:
                written = result.serialize(format=RdfFormat.N_TRIPLES) or b""
        except SyntaxError as error:
            raise syntax_error(error.msg, name) from None
        except (OSError, RuntimeError, ValueError) as error:
            raise _gave_up(error, name) from None
        functions.check()
        return written

    def update(self, text: str, *, prefixes: Mapping[str, str] | None = None) -> None:
        """Run an update in one transaction."""
        self.writes += 1
        try:
            self.engine.update(text, prefixes=dict(prefixes or {}))
        except SyntaxError as error:
            raise syntax_error(error.msg, "update") from None
        except (OSError, RuntimeError, ValueError) as error:
            raise self._unwritable(error) from None

    def quads(self, graph: str = "") -> Iterator[Quad]:
        """Yield every quad, or those of one graph."""
        return self.engine.quads_for_pattern(None, None, None, NamedNode(graph) if graph else None)

    def graphs(self) -> tuple[str, ...]:
        """Return the IRIs of the named graphs, sorted."""
        return tuple(sorted(graph.value for graph in self.engine.named_graphs() if isinstance(graph, NamedNode)))

    def count(self, graph: str = "") -> int:
        """Return the number of quads, or of those in one graph."""
        return sum(1 for _ in self.quads(graph)) if graph else len(self.engine)

    def dump(self, file: BinaryIO) -> int:
        """Write every quad as a line of N-Quads."""
        lines = _LineCounter(file)
        self.engine.dump(cast(BinaryIO, lines), RdfFormat.N_QUADS)
        return lines.count

    def close(self) -> None:
        """Give back files and memory; the engine closes when it is let go."""
        self._engine = None

    def __enter__(self) -> OxigraphStore:
        """Return the store."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close it."""
        self.close()

    def _asked(
        self, text: str, functions: Functions, prefixes: Mapping[str, str] | None = None
    ) -> QueryBoolean | QuerySolutions | QueryTriples:
        """Return the engine's answer, of which rows and triples are found when they are asked for."""
        return self.engine.query(
            text,
            prefixes=dict(prefixes or {}),
            use_default_graph_as_union=True,
            custom_functions=functions.functions,
            custom_aggregate_functions=functions.aggregates,
        )

    def _unwritable(self, error: Exception) -> StoreError:
        return StoreError(f"cannot write the store in {self.path}: {error}", hint="check space and rights")


def _whole(result: QueryBoolean | QuerySolutions | QueryTriples) -> Answer:
    if isinstance(result, QueryBoolean):
        return bool(result)
    if isinstance(result, QuerySolutions):
        return Table(tuple(v.value for v in result.variables), tuple(map(tuple, result)))
    return tuple(result)


def _rows(result: QuerySolutions, functions: Functions, name: str) -> Iterator[tuple[Term | None, ...]]:
    try:
        for row in result:
            functions.check()
            yield tuple(row)
    except (OSError, RuntimeError, ValueError) as error:
        raise _gave_up(error, name) from None
    functions.check()


def _gave_up(error: Exception, name: str) -> QueryError:
    return QueryError(f"the query failed: {error}", Location(name), hint=hint_of_failure(str(error), _USUAL_HINT))


def is_store(path: Path) -> bool:
    """Return whether a folder holds a store of this engine."""
    return (path / "CURRENT").is_file()


def store_identity(path: Path) -> bytes:
    """Return what tells a store from every other, and from itself opened for writing again; nothing if unreadable."""
    try:
        return (path / "IDENTITY").read_bytes() + (path / "CURRENT").read_bytes()
    except OSError:
        return b""


class _LineCounter:
    """A file that counts the lines written to it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.count = 0

    def write(self, data: bytes) -> int:
        self.count += data.count(b"\n")
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()
