"""What is being asked at the moment, written where another process reads it.

An engine in the middle of an endless query answers nobody. Who ends its process still wants to name the shape.
"""

from __future__ import annotations

import mmap
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TypeVar

from cd22kg.validation.plan import Check

#: Names that are shown at a time, and the bytes of each; what is beyond is left out.
SLOTS, WIDTH = 16, 512
Found = TypeVar("Found")


class Board:
    """Names in memory that forked processes share."""

    def __init__(self) -> None:
        """Make it, without a name; before the fork."""
        self._shared = mmap.mmap(-1, SLOTS * WIDTH)
        self._free = list(reversed(range(SLOTS)))
        self._lock = threading.Lock()

    def put(self, name: str) -> int | None:
        """Show a name, and return its slot if there was one."""
        with self._lock:
            if not self._free:
                return None
            slot = self._free.pop()
        text = name.encode(errors="replace")[: WIDTH - 2]
        start = slot * WIDTH
        self._shared[start + 2 : start + 2 + len(text)] = text
        # Last, so that whoever reads never sees half a name.
        self._shared[start : start + 2] = len(text).to_bytes(2, "big")
        return slot

    def clear(self, slot: int) -> None:
        """Take a name away."""
        self._shared[slot * WIDTH : slot * WIDTH + 2] = b"\0\0"
        with self._lock:
            self._free.append(slot)

    def names(self) -> tuple[str, ...]:
        """Return the names that are shown, each once."""
        found = []
        for start in range(0, SLOTS * WIDTH, WIDTH):
            size = int.from_bytes(self._shared[start : start + 2], "big")
            found.append(self._shared[start + 2 : start + 2 + size].decode(errors="ignore"))
        return tuple(dict.fromkeys(filter(None, found)))


_boards: list[Board] = []


@contextmanager
def shown_on(board: Board) -> Iterator[None]:
    """Show on a board what this process runs."""
    _boards.append(board)
    try:
        yield
    finally:
        _boards.remove(board)


@contextmanager
def running(name: str) -> Iterator[None]:
    """Show a name for as long as the block runs, if anybody looks."""
    if not _boards:
        yield
        return
    board = _boards[-1]
    slot = board.put(name)
    try:
        yield
    finally:
        if slot is not None:
            board.clear(slot)


def shown(ask: Callable[[Check], Found]) -> Callable[[Check], Found]:
    """Return what asks a check, showing its name meanwhile."""

    @wraps(ask)
    def asked(check: Check) -> Found:
        with running(check.name):
            return ask(check)

    return asked
