"""The process of a worker as its parent sees it: started with nothing, read frame by frame, killed as a group.

`worker_process` is the other side, and says what goes to and fro. Nothing that comes back is trusted.
"""

from __future__ import annotations

import marshal
import os
import select
import signal
import subprocess
import sys
import time
import weakref
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, cast

import pyoxigraph

import cd22kg
from cd22kg.errors import QueryError
from cd22kg.queries.limits import Limits, over
from cd22kg.queries.worker_process import FRAME
from cd22kg.store import OxigraphStore

#: Seconds that a process may take to end once it has closed its pipe.
DYING_SECONDS = 30.0
HINT = "simplify the query"
#: What the process keeps of the environment: where a shared library of the interpreter may be.
_KEPT = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_SCRIPT = Path(__file__).with_name("worker_process.py")


def garbled() -> QueryError:
    """Return the error of an answer that is none."""
    return QueryError("the answer came garbled", hint="ask again; if it stays so, report the query")


class Process:
    """The process, and what goes to and fro."""

    def __init__(self, path: str, memory: int) -> None:
        """Start it: a fresh interpreter without site, environment, descriptors, or a terminal."""
        snapshot, self._snapshot = (-1, -1) if path else os.pipe()
        lifeline, self._lifeline = os.pipe()
        library, package = Path(pyoxigraph.__file__).parents[1], Path(cd22kg.__file__).parents[1]
        arguments = [str(library), str(lifeline), str(memory), str(snapshot), path, str(package)]
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
            EOFError: If the process ends.
            QueryError: If it sends what is no frame.
        """
        head = self._read(5, deadline)
        size = int.from_bytes(head[1:], "big")
        if size > FRAME:
            raise garbled()
        return head[:1], self._read(size, deadline)

    def answer(self, max_bytes: int, deadline: float) -> tuple[bytes, bytes]:
        """Return the kind of an answer and all of its content.

        Raises:
            TimeoutError: At the deadline.
            EOFError: If the process ends.
            QueryError: If it sends more than it may.
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
                raise garbled()

    def death(self, limits: Limits) -> QueryError:
        """Return what it died of."""
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(DYING_SECONDS)
        code = self._popen.returncode
        told = cast(BinaryIO, self._popen.stderr).read(FRAME) if code is not None else b""
        self.end()
        if b"memory allocation of" in told or b"bad_alloc" in told or b"MemoryError" in told:
            return over("memory", limits)
        if code == -signal.SIGXCPU:
            return over("timeout", limits)
        if code == -signal.SIGKILL:
            return QueryError("the query was killed from outside, perhaps for want of memory", hint=HINT)
        if code is None:
            return garbled()
        how = signal.Signals(-code).name if code < 0 else f"code {code}"
        return QueryError(f"the query brought the engine down ({how})", hint=HINT)

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
