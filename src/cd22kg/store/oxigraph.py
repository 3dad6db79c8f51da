"""Oxigraph, in memory or in a folder; the one door of its engine."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pyoxigraph import Quad, QueryBoolean, QuerySolutions
from pyoxigraph import Store as Engine

from cd22kg.errors import Location, QueryError, StoreError
from cd22kg.store.base import Answer, Table

_PLACE = re.compile(r"(?:error )?at (\d+):(\d+): (.*)", re.DOTALL)


class OxigraphStore:
    """An embedded store."""

    def __init__(self, path: Path | None = None, *, read_only: bool = False) -> None:
        """Open a store in memory, or in a folder that is made if it is missing.

        Raises:
            StoreError: If the folder is not a store, or another process writes to it.
        """
        self.path = path
        if path is not None and read_only and not (path / "CURRENT").is_file():
            raise StoreError(f"there is no store in {path}", hint="run `cd22kg build`")
        try:
            if path is None:
                self._engine: Engine | None = Engine()
            else:
                self._engine = Engine.read_only(str(path)) if read_only else Engine(str(path))
        except (OSError, RuntimeError) as error:
            raise StoreError(f"cannot open the store in {path}: {error}", hint="run `cd22kg build` again") from None

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
        """Add the quads; on disk, the files are compacted and flushed afterwards."""
        try:
            self.engine.bulk_extend(quads)
            if self.path is not None:
                self.engine.optimize()
                self.engine.flush()
        except (OSError, RuntimeError) as error:
            raise StoreError(f"cannot write the store in {self.path}: {error}", hint="check space and rights") from None

    def query(self, text: str, *, prefixes: Mapping[str, str] | None = None, name: str = "query") -> Answer:
        """Return the answer to a query over the union of all graphs."""
        try:
            result = self.engine.query(text, prefixes=dict(prefixes or {}), use_default_graph_as_union=True)
            if isinstance(result, QueryBoolean):
                return bool(result)
            if isinstance(result, QuerySolutions):
                columns = tuple(variable.value for variable in result.variables)
                return Table(columns, tuple(tuple(row[name] for name in columns) for row in result))
            return tuple(result)
        except SyntaxError as error:
            raise _syntax_error(error.msg, name) from None
        except (OSError, RuntimeError, ValueError) as error:
            raise QueryError(f"the query failed: {error}", hint="simplify it, or build the store again") from None

    def quads(self) -> Iterator[Quad]:
        """Yield every quad."""
        return iter(self.engine)

    def graphs(self) -> tuple[str, ...]:
        """Return the IRIs of the named graphs, sorted."""
        return tuple(sorted(graph.value for graph in self.engine.named_graphs()))

    def __len__(self) -> int:
        """Return the number of quads."""
        return len(self.engine)

    def close(self) -> None:
        """Give back files and memory; the engine closes when it is let go."""
        self._engine = None


def _syntax_error(message: str, name: str) -> QueryError:
    """Return the engine's complaint with its place as a location."""
    found = _PLACE.search(message)
    place = Location(name, int(found[1]), int(found[2])) if found else Location(name)
    said = (found[3] if found else message).splitlines()[0]
    said = said if len(said) <= 80 else said[:80].rpartition(",")[0] + ", ..."
    return QueryError(f"not SPARQL: {said}", place, hint="mend the query there; is every bracket closed?")
