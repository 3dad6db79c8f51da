"""Text that one thread makes and another reads."""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator
from queue import Queue
from threading import Event, Thread
from typing import BinaryIO, cast

#: Parts that may wait.
_WAITING = 1


def as_file(parts: Iterator[bytes]) -> BinaryIO:
    """Return parts of text as a file that a parser reads."""
    return cast(BinaryIO, _Parts(parts))


class _Parts(io.RawIOBase):
    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._part = io.BytesIO()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while not (found := self._part.read(size)):
            part = next(self._parts, None)
            if part is None:
                return b""
            self._part = io.BytesIO(part)
        return found


def joined(parts: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Yield the parts joined to such of at least a size, but for the last."""
    waiting: list[bytes] = []
    for part in parts:
        waiting.append(part)
        if sum(map(len, waiting)) >= size:
            yield b"".join(waiting)
            waiting.clear()
    if waiting:
        yield b"".join(waiting)


def ahead(parts: Iterator[bytes]) -> Generator[bytes, None, None]:
    """Yield the parts, made by a thread of their own a little ahead of need.

    An error of that thread is raised here. The thread ends with this iterator, at the latest.
    """
    queue: Queue[bytes | BaseException | None] = Queue(_WAITING)
    ended = Event()

    def make() -> None:
        last: BaseException | None = None
        try:
            for part in parts:
                if ended.is_set():
                    return
                queue.put(part)
        except BaseException as error:  # it is raised where the parts are read
            last = error
        queue.put(last)

    thread = Thread(target=make, daemon=True)
    thread.start()
    try:
        while (part := queue.get()) is not None:
            if isinstance(part, BaseException):
                raise part
            yield part
    finally:
        ended.set()
        while thread.is_alive():
            while not queue.empty():
                queue.get()
            thread.join(0.01)
