"""Sorting more lines than fit in memory: sorted runs in temporary files, merged as they are read."""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import groupby

from cd22kg.progress import Meter, metered, silent

#: Characters held in memory before a run is written; about 300 MB with what Python needs for each line.
HELD = 100_000_000


def sorted_unique(lines: Iterable[str], *, held: int = HELD, meter: Meter = silent, total: int = 0) -> Iterator[str]:
    """Yield the lines in the order of their characters, each once.

    Args:
        lines: Text without line ends.
        held: Characters held in memory; beyond, runs go to temporary files that vanish when the iterator is done.
        meter: Told the lines taken and given, each of which is half of the way.
        total: How many lines there are, if known.
    """
    with ExitStack() as files:
        runs: list[Iterable[str]] = []
        batch: list[str] = []
        size = 0
        for line in metered(lines, lambda done, _: meter(done, 2 * total)):
            batch.append(line)
            size += len(line)
            if size > held:
                runs.append(_written(batch, files))
                batch, size = [], 0
        runs.append(sorted(batch))
        merged = heapq.merge(*runs) if len(runs) > 1 else runs[0]
        unique = (line for line, _ in groupby(merged))
        yield from metered(unique, lambda done, _: meter(total + done, 2 * total))


def _written(batch: list[str], files: ExitStack) -> Iterator[str]:
    """Return an iterator over the sorted batch, from a file."""
    file = files.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n"))  # noqa: SIM115  # the stack closes it
    file.writelines(f"{line}\n" for line, _ in groupby(sorted(batch)))
    file.seek(0)
    return (line[:-1] for line in file)
