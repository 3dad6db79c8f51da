"""Text that one thread makes and another loads."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from queue import Queue
from threading import Thread
from typing import BinaryIO, cast

from pyoxigraph import RdfFormat

from cd22kg.store import OxigraphStore

#: Texts that may wait.
_WAITING = 4
#: On disk the engine makes files of every portion: text that is loaded at a time there.
_PART_ON_DISK = 128 << 20


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


def joined(parts: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Yield the parts, joined to such of at least a size, but for the last."""
    waiting, length = [], 0
    for part in parts:
        waiting.append(part)
        length += len(part)
        if length >= size:
            yield b"".join(waiting)
            waiting, length = [], 0
    if waiting:
        yield b"".join(waiting)


@contextmanager
def loading(store: OxigraphStore, syntax: RdfFormat) -> Iterator[Callable[[bytes], None]]:
    """Give what takes text for a store; a thread of its own loads it, as the engine works outside the lock of Python.

    The text is whole lines. The thread ends with the block; an error of it is raised by the next text, or at the end.

    Raises:
        SyntaxError: If the text does not follow its syntax.
        StoreError: If the store cannot be written.
    """
    queue: Queue[bytes | None] = Queue(_WAITING)
    failed: list[BaseException] = []
    texts = iter(queue.get, None)

    def load() -> None:
        try:
            for text in joined(texts, 0 if store.path is None else _PART_ON_DISK):
                store.bulk_load_text(text, syntax)
        except BaseException as error:  # it is raised where the text is made
            failed.append(error)
            deque(texts, maxlen=0)  # who makes it must not wait

    def put(text: bytes) -> None:
        if failed:
            raise failed[0]
        queue.put(text)

    thread = Thread(target=load, daemon=True)
    thread.start()
    try:
        yield put
    finally:
        queue.put(None)
        thread.join()
    if failed:
        raise failed[0]
