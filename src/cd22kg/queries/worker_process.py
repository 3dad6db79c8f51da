"""The process that answers queries from outside: a script with little in it but pyoxigraph.

`cd22kg.queries.worker` starts it, by its path and without `site`. Of the package it imports the functions of queries
alone, as the rest would cost more than most queries. It never trusts its own good behaviour: the parent kills it, and
the system holds its limits.

Arguments: the folder of pyoxigraph; the lifeline, a pipe that closes when the parent dies; the memory for queries, in
bytes; the snapshot, a pipe with N-Quads, or -1; the folder of the store, or nothing; the folder of this package.

A request is its length in four bytes and a marshalled (text, prefixes, rows, bytes, seconds). An answer is frames of a
letter, the length in four bytes, and the content:

    R  ready                       D  a piece of the answer
    S  end of a SELECT             G  end of a CONSTRUCT or DESCRIBE
    T  true    N  false            L  over a limit, by name
    X  not SPARQL                  F  failed
"""

from __future__ import annotations

import errno
import fcntl
import marshal
import math
import os
import resource
import select
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyoxigraph import Store

    from cd22kg.statistics.sparql import Functions

#: Largest content of a frame, in bytes.
FRAME = 64 * 1024
_NEW_USER, _NEW_NET = 0x10000000, 0x40000000
_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2
#: How the system numbers architectures, and the call that makes a socket, on each.
_SOCKET = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
_IO_URING = 425


class OverLimitError(Exception):
    """The answer is over a limit."""


class Frames:
    """A file for the engine to write to, sent in frames; counts lines and bytes."""

    def __init__(self, max_lines: int, max_bytes: int) -> None:
        self.lines, self.bytes = max_lines, max_bytes
        self.over = ""
        self._kept = bytearray()

    def write(self, data: bytes) -> int:
        """Take a piece of the answer, and send what makes a frame."""
        self.lines -= data.count(b"\n")
        self.bytes -= len(data)
        if self.lines < 0 or self.bytes < 0:
            self.over = "max_rows" if self.lines < 0 else "max_bytes"
            raise OverLimitError
        self._kept += data
        while len(self._kept) >= FRAME:
            send(b"D", self._kept[:FRAME])
            del self._kept[:FRAME]
        return len(data)

    def flush(self) -> None:
        """Send the rest."""
        if self._kept:
            send(b"D", self._kept)
            self._kept = bytearray()


def send(kind: bytes, content: bytes | bytearray = b"") -> None:
    """Send a frame to the parent."""
    rest = memoryview(kind + len(content).to_bytes(4, "big") + content)
    while rest:
        rest = rest[os.write(1, rest) :]


def receive(size: int) -> bytes:
    """Return bytes from the parent; end where it has gone."""
    parts = []
    while size:
        part = os.read(0, size)
        if not part:
            sys.exit()
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def die_with(lifeline: int) -> None:
    """Let the system end this process as soon as the other end of a pipe closes, whatever it is doing then."""
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    try:
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    except OSError:
        if sys.platform.startswith("linux"):
            raise  # elsewhere the limit on processor time ends it
    if select.select((lifeline,), (), (), 0)[0]:
        sys.exit()


def leave_the_network() -> bool:
    """Go where there is no network; return whether the system could."""
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    unshare = ctypes.CDLL(None).unshare
    # Alone it asks for rights; with a user of its own it takes rights away, also that of reading others' files.
    return bool(unshare(_NEW_NET) == 0 or unshare(_NEW_USER | _NEW_NET) == 0)


def refuse_sockets() -> bool:
    """Let the system refuse every new socket to this process; return whether it could."""
    machine = os.uname().machine if sys.platform.startswith("linux") and sys.maxsize > 2**32 else ""
    if machine not in _SOCKET:
        return False
    import ctypes
    import struct

    architecture, socket = _SOCKET[machine]
    load, equal, at_least, give = 0x20, 0x15, 0x35, 0x06
    refuse, allow, kill = 0x00050000 | errno.EACCES, 0x7FFF0000, 0x80000000
    steps = (
        (load, 0, 0, 4),  # the architecture of the call
        (equal, 1, 0, architecture),
        (give, 0, 0, kill),
        (load, 0, 0, 0),  # its number
        (equal, 3, 0, socket),
        (equal, 2, 0, _IO_URING),  # makes sockets, too
        (at_least, 1, 0, 0x40000000),  # the same calls by other numbers (x32)
        (give, 0, 0, allow),
        (give, 0, 0, refuse),
    )
    code = ctypes.create_string_buffer(b"".join(struct.pack("@HBBI", *step) for step in steps))
    program = ctypes.create_string_buffer(struct.pack("@HP", len(steps), ctypes.addressof(code)))
    prctl = ctypes.CDLL(None).prctl
    prctl.argtypes = [ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong]
    address = ctypes.addressof(program)
    return bool(prctl(_NO_NEW_PRIVILEGES, 1, None, 0, 0) == 0 and prctl(_SET_SECCOMP, _FILTER, address, 0, 0) == 0)


def limit(kind: int, value: int) -> None:
    """Set a limit of the system for good; where a lower one holds, that stays."""
    hard = resource.getrlimit(kind)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


def open_store(path: str, snapshot: int) -> Store:
    """Return the store of a folder, or one in memory with the quads of a pipe; blank nodes keep their labels."""
    import pyoxigraph

    if path:
        return pyoxigraph.Store.read_only(path)
    store = pyoxigraph.Store()
    with open(snapshot, "rb") as file:
        store.bulk_extend(pyoxigraph.parse(file, format=pyoxigraph.RdfFormat.N_QUADS))
    return store


def limit_memory(memory: int) -> None:
    """Let queries use so many bytes more than are in use."""
    used = 0
    if sys.platform.startswith("linux"):
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123  # pathlib takes time to import
            used = int(file.read().split()[0]) * resource.getpagesize()
    try:
        limit(resource.RLIMIT_AS, used + memory)
    except (OSError, ValueError):
        if sys.platform.startswith("linux"):
            raise


def answer(store: Store, functions: Functions, text: str, prefixes: dict[str, str], rows: int, size: int) -> None:
    """Answer one query, which may call functions of ours."""
    from pyoxigraph import QueryBoolean, QueryResultsFormat, QuerySolutions, RdfFormat

    out = Frames(rows, size)
    try:
        result = store.query(
            text,
            prefixes=prefixes,
            use_default_graph_as_union=True,
            custom_functions=functions.functions,
            custom_aggregate_functions=functions.aggregates,
        )
        if isinstance(result, QueryBoolean):
            functions.check()
            return send(b"T" if result else b"N")
        if isinstance(result, QuerySolutions):
            out.lines += 1  # the heading
            result.serialize(out, format=QueryResultsFormat.TSV)  # type: ignore[arg-type]  # write() is enough
            kind = b"S"
        else:
            result.serialize(out, format=RdfFormat.N_TRIPLES)  # type: ignore[arg-type]  # write() is enough
            kind = b"G"
        functions.check()
        out.flush()
        send(kind)
    except SyntaxError as error:
        send(b"X", error.msg.encode()[:FRAME])
    except MemoryError:
        send(b"L", b"memory")
    except Exception as error:  # whatever it is, the parent is told
        send(b"L", out.over.encode()) if out.over else send(b"F", str(error).encode()[:FRAME])
    return None


def main() -> None:
    """Open the store, then answer until the parent has gone."""
    library, lifeline, memory, snapshot, path, package = sys.argv[1:]
    die_with(int(lifeline))
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_FSIZE, 0)
    # Before the engine has threads, which would keep what the first thread gives up.
    leave_the_network()
    refuse_sockets()
    sys.path += [library, package]
    try:
        from cd22kg.statistics.sparql import Functions  # now, as later there may be no descriptor for its file

        store = open_store(path, int(snapshot))
        limit_memory(int(memory))
        if not path:
            # Pipes are all that is needed from now on, so that no socket can be made, whatever the system.
            limit(resource.RLIMIT_NOFILE, 3)
    except Exception as error:  # whatever it is, the parent is told
        send(b"F", str(error).encode()[:FRAME])
        return
    send(b"R")
    while True:
        text, prefixes, rows, size, seconds = marshal.loads(receive(int.from_bytes(receive(4), "big")))  # noqa: S302  # from our own parent
        used = resource.getrusage(resource.RUSAGE_SELF)
        # The parent kills this process in time; the system does where the parent is stopped itself.
        end = math.ceil(used.ru_utime + used.ru_stime + seconds) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (end, resource.getrlimit(resource.RLIMIT_CPU)[1]))
        answer(store, Functions(), text, prefixes, rows, size)


if __name__ == "__main__":
    main()
