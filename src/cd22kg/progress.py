"""Telling how far long work has come: steps with their time, and meters for what is counted on the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

Item = TypeVar("Item")

#: Called with what is done and what there is to do, in one unit; 0 to do means that nobody knows.
Meter = Callable[[int, int], None]

#: Items between two calls of a meter.
STRIDE = 10_000


def silent(done: int, total: int) -> None:
    """Tell nothing."""


def metered(items: Iterable[Item], meter: Meter, total: int = 0) -> Iterator[Item]:
    """Yield the items, and tell the meter now and then how many there were."""
    done = 0
    for item in items:
        yield item
        done += 1
        if done % STRIDE == 0:
            meter(done, total)
    meter(done, total)


@dataclass
class Progress:
    """Tells how long each step took; `say` gets one line per step."""

    say: Callable[[str], None] = lambda line: None
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[Callable[[str], None]]:
        """Time a step; the block may call what it gets with a word on the result."""
        detail: list[str] = []
        start = time.perf_counter()
        yield detail.append
        self.seconds[name] = time.perf_counter() - start
        self.say(f"{name:<10} {self.seconds[name]:6.2f} s  {', '.join(detail)}".rstrip())
