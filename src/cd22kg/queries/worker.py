"""Queries from outside, answered by a process of their own that can be killed.

    text -> gate.sparql -> Worker -> worker_process (snapshot, limits, no network) -> frames -> answer

The engine has no limit on time or memory, and neither signals nor threads stop it. Library questions do not come here.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from pyoxigraph import QueryResultsFormat, QuerySolutions, RdfFormat, parse, parse_query_results

from cd22kg.errors import QueryError, StoreError
from cd22kg.queries.limits import Limits, over
from cd22kg.queries.process import HINT, Process, garbled
from cd22kg.store import Answer, OxigraphStore, Table
from cd22kg.store.base import hint_of_failure, syntax_error

#: Seconds that a worker may take to open its store once it has the snapshot.
START_SECONDS = 300.0


class Worker:
    """A process with a snapshot of a store that answers one query after the other; started when first asked.

    A build folder is opened by the worker itself, read-only; of a store in memory, or one that is open for writing, it
    gets every quad through a pipe, again after each change. It is killed at a time limit, with its parent and at
    `close`, and the next query starts another. Threads wait for each other.
    """

    def __init__(self, store: OxigraphStore) -> None:
        """Keep the store in mind; nothing is started."""
        self._store = store
        self._lock = threading.Lock()
        self._running: Process | None = None
        self._opened = (0, 0)

    @property
    def pid(self) -> int | None:
        """The id of the process, if there is one."""
        return self._running.pid if self._running else None

    def query(
        self, text: str, *, prefixes: Mapping[str, str] | None = None, name: str = "query", limits: Limits | None = None
    ) -> Answer:
        """Return the answer to a query, whole or not at all.

        Args:
            text: SPARQL 1.1 that the gate let through.
            prefixes: Known in the text without being declared.
            name: How messages call the query.
            limits: What it may use; other memory than before starts another process.

        Raises:
            QueryError: If it is not SPARQL 1.1, reaches a limit, or brings the engine down.
            StoreError: If the store cannot be opened, or is no longer the one that was loaded.
        """
        limits = limits or Limits()
        with self._lock:
            process = self._ready(limits)
            deadline = time.monotonic() + limits.timeout
            try:
                process.ask((text, dict(prefixes or {}), limits.max_rows, limits.max_bytes, limits.timeout))
                kind, data = process.answer(limits.max_bytes, deadline)
            except TimeoutError:
                self._kill()
                raise over("timeout", limits) from None
            except (EOFError, OSError):
                self._running = None
                raise process.death(limits) from None
            except BaseException:
                self._kill()  # an interrupt, say: what it is doing is of no use to anybody now
                raise
        if kind == b"X":
            raise syntax_error(data.decode(errors="replace"), name, text)
        if kind == b"F":
            said = data.decode(errors="replace")
            raise QueryError(f"the query failed: {said}", hint=hint_of_failure(said, HINT))
        if kind == b"L" and data in (b"max_rows", b"max_bytes", b"memory"):
            raise over(data.decode(), limits)
        return _answer(kind, data)

    def close(self) -> None:
        """End the process; a later query starts another."""
        with self._lock:
            self._kill()

    def __enter__(self) -> Worker:
        """Return the worker."""
        return self

    def __exit__(self, *exception: object) -> None:
        """End the process."""
        self.close()

    def _kill(self) -> None:
        if self._running:
            self._running.end()
            self._running = None

    def _ready(self, limits: Limits) -> Process:
        """Return a process that is alive, ours, up to date and has the memory asked for."""
        wanted = (limits.memory, self._store.writes)
        if self._running and (self._opened != wanted or not self._running.is_alive):
            self._kill()
        if self._running is None:
            self._opened = wanted
            self._running = _start(self._store, limits)
        return self._running


def _start(store: OxigraphStore, limits: Limits) -> Process:
    """Return a process that has opened its snapshot of the store.

    Raises:
        StoreError: If it cannot.
    """
    store.check()
    by_path = store.read_only and store.path is not None
    try:
        process = Process(str(cast(Path, store.path).absolute()) if by_path else "", limits.memory << 20)
    except OSError as error:
        text = f"cannot start a process for the query: {error.strerror or error}"
        raise StoreError(text, hint="check the limits of the system on processes and open files") from None
    try:
        if not by_path:
            process.give(store)
        kind, data = process.frame(time.monotonic() + START_SECONDS)
        store.check()  # what was opened is what was loaded, if it is so before and after
    except TimeoutError:
        process.end()
        raise StoreError(f"the store was not open after {START_SECONDS:g} s", hint="is its disk reachable?") from None
    except (EOFError, OSError):
        died = process.death(limits)
        raise StoreError(f"the store could not be opened: {died.message}", hint=died.hint) from None
    except BaseException:
        process.end()
        raise
    if kind != b"R":
        process.end()
        said = data.decode(errors="replace")
        raise StoreError(f"cannot open the store in {store.path}: {said}", hint="run `cd22kg build` again")
    return process


def _answer(kind: bytes, data: bytes) -> Answer:
    """Return an answer, whatever came; the process may be one that a query took over."""
    if kind in (b"T", b"N"):
        return kind == b"T"
    try:
        if kind == b"G":
            return tuple(quad.triple for quad in parse(data, format=RdfFormat.N_TRIPLES))
        if kind == b"S" and data:
            solutions = cast(QuerySolutions, parse_query_results(data, format=QueryResultsFormat.TSV))
            return Table(tuple(variable.value for variable in solutions.variables), tuple(map(tuple, solutions)))
    except (SyntaxError, ValueError):
        raise garbled() from None
    raise garbled()
