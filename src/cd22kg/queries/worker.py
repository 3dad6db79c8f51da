"""Queries from outside, answered by a process of their own that can be killed.

    text -> gate.sparql -> Worker -> worker_process (snapshot, limits, no network) -> frames -> answer

The engine has no limit on time or memory, and neither signals nor threads stop it. Library questions do not come here.
"""

from __future__ import annotations

import marshal
import os
import select
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, cast

import pyoxigraph
from pyoxigraph import QueryResultsFormat, QuerySolutions, RdfFormat, parse, parse_query_results

from cd22kg.errors import QueryError, StoreError
from cd22kg.queries.limits import Limits, over
from cd22kg.queries.worker_process import FRAME
from cd22kg.store import Answer, OxigraphStore, Table
from cd22kg.store.base import syntax_error

#: Seconds that a worker may take to open its store once it has the snapshot.
START_SECONDS = 300.0
#: What a worker keeps of the environment: where a shared library of the interpreter may be.
_KEPT = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_HINT = "simplify the query"
_SCRIPT = Path(__file__).with_name("worker_process.py")


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
        self._running: _Process | None = None
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
            raise syntax_error(data.decode(errors="replace"), name)
        if kind == b"F":
            raise QueryError(f"the query failed: {data.decode(errors='replace')}", hint=_HINT)
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

    def _ready(self, limits: Limits) -> _Process:
        """Return a process that is alive, ours, up to date and has the memory asked for."""
        wanted = (limits.memory, self._store.writes)
        if self._running and (self._opened != wanted or not self._running.is_alive):
            self._kill()
        if self._running is None:
            self._opened = wanted
            self._running = _start(self._store, limits)
        return self._running


def _start(store: OxigraphStore, limits: Limits) -> _Process:
    """Return a process that has opened its snapshot of the store.

    Raises:
        StoreError: If it cannot.
    """
    store.check()
    by_path = store.read_only and store.path is not None
    try:
        process = _Process(str(cast(Path, store.path).absolute()) if by_path else "", limits.memory << 20)
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


class _Process:
    """The process, and what goes to and fro."""

    def __init__(self, path: str, memory: int) -> None:
        """Start it: a fresh interpreter without site, environment, descriptors, or a terminal."""
        snapshot, self._snapshot = (-1, -1) if path else os.pipe()
        lifeline, self._lifeline = os.pipe()
        library = Path(pyoxigraph.__file__).parents[1]
        arguments = [str(library), str(lifeline), str(memory), str(snapshot), path]
        passed = [lifeline] if path else [lifeline, snapshot]
        try:
            self._popen = subprocess.Popen(  # noqa: S603  # a fixed command; the query comes through a pipe
                [sys.executable, "-I", "-S", "-B", "-X", "utf8", str(_SCRIPT), *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                cwd="/",
                env={name: os.environ[name] for name in _KEPT if name in os.environ} | {"RUST_BACKTRACE": "0"},
                pass_fds=passed,
                start_new_session=True,
            )
        except BaseException:
            for descriptor in (self._lifeline, self._snapshot):
                _close(descriptor)
            raise
        finally:
            for descriptor in passed:
                _close(descriptor)
        self._owner = os.getpid()
        self.pid = self._popen.pid
        self._in, self._out = cast(BinaryIO, self._popen.stdin), cast(BinaryIO, self._popen.stdout)
        self._poll = select.poll()
        self._poll.register(self._out, select.POLLIN)
        self._end = weakref.finalize(self, _end, self._popen, self._lifeline, self._owner)

    @property
    def is_alive(self) -> bool:
        """Whether it runs, and is ours: not that of the process we were forked from."""
        return self._owner == os.getpid() and self._popen.poll() is None

    def give(self, store: OxigraphStore) -> None:
        """Write the snapshot into its pipe."""
        descriptor, self._snapshot = self._snapshot, -1
        with open(descriptor, "wb") as file:  # noqa: PTH123  # a descriptor
            store.dump(file)

    def ask(self, request: tuple[str, dict[str, str], int, int, float]) -> None:
        """Send a request."""
        data = marshal.dumps(request)
        rest = memoryview(len(data).to_bytes(4, "big") + data)
        while rest:
            rest = rest[self._in.write(rest) :]

    def frame(self, deadline: float) -> tuple[bytes, bytes]:
        """Return kind and content of the next frame.

        Raises:
            TimeoutError: At the deadline, a time of the monotonic clock.
            EOFError: If the process ends, or sends what is no frame.
        """
        head = self._read(5, deadline)
        size = int.from_bytes(head[1:], "big")
        if size > FRAME:
            raise EOFError
        return head[:1], self._read(size, deadline)

    def answer(self, max_bytes: int, deadline: float) -> tuple[bytes, bytes]:
        """Return the kind of an answer and all of its content.

        Raises:
            TimeoutError: At the deadline.
            EOFError: If the process ends, or sends more than it may.
        """
        pieces: list[bytes] = []
        size = 0
        while True:
            kind, data = self.frame(deadline)
            if kind != b"D":
                return kind, b"".join(pieces) if kind in (b"S", b"G") else data
            pieces.append(data)
            size += len(data)
            if size > max_bytes:
                raise EOFError

    def death(self, limits: Limits) -> QueryError:
        """Return what it died of."""
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(1)
        code = self._popen.returncode
        told = cast(BinaryIO, self._popen.stderr).read(FRAME) if code is not None else b""
        self.end()
        if b"memory allocation of" in told or b"bad_alloc" in told or b"MemoryError" in told:
            return over("memory", limits)
        if code == -signal.SIGXCPU:
            return over("timeout", limits)
        if code == -signal.SIGKILL:
            return QueryError("the query was killed from outside, perhaps for want of memory", hint=_HINT)
        if code is None:
            return _garbled()
        how = signal.Signals(-code).name if code < 0 else f"code {code}"
        return QueryError(f"the query brought the engine down ({how})", hint=_HINT)

    def end(self) -> None:
        """Kill it and wait for it."""
        _close(self._snapshot)
        self._snapshot = -1
        self._end()

    def _read(self, size: int, deadline: float) -> bytes:
        parts = []
        while size:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            if not self._poll.poll(min(left, 3600.0) * 1000):
                continue
            part = self._out.read(size)
            if not part:
                raise EOFError
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def _end(process: subprocess.Popen[bytes], lifeline: int, owner: int) -> None:
    """Kill a process and give back what belongs to it; a process forked from its owner leaves it alone."""
    if owner != os.getpid():
        process.returncode = 0  # nothing to wait for here
    elif process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        cast(BinaryIO, pipe).close()
    _close(lifeline)


def _close(descriptor: int) -> None:
    if descriptor >= 0:
        os.close(descriptor)


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
        raise _garbled() from None
    raise _garbled()


def _garbled() -> QueryError:
    return QueryError("the answer came garbled", hint="ask again; if it stays so, report the query")
