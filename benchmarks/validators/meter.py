"""Run a command within limits and tell what it took; a program, not a module to import.

It is small on purpose: what a process holds when it starts another one counts as the peak of that one too.

Arguments: the file for the figures; seconds; MiB; the files for stdout and stderr; the command.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from contextlib import suppress

#: Seconds between two looks at memory and clock.
GLANCE = 0.1


def main(record: str, seconds: float, mebibytes: float, out: str, log: str, command: list[str]) -> None:
    """Run the command and write the figures as JSON.

    Args:
        record: Where the figures go: ``status``, ``over`` (``time``, ``memory`` or nothing), ``wall`` and ``cpu`` in
            seconds, ``peak`` in MiB.
        seconds: When it is ended.
        mebibytes: Of memory held at once, by which it is ended; on Linux only.
        out: What it writes to stdout goes there.
        log: What it writes to stderr goes there.
        command: The program and its arguments.
    """
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    write = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    streams = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, out, write, 0o644),
        (os.POSIX_SPAWN_OPEN, 2, log, write, 0o644),
    ]
    start = time.monotonic()
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=streams, setpgroup=0)
    watch = _Watch(pid, start + seconds, mebibytes)
    watch.start()
    try:
        _, status, used = os.wait4(pid, 0)
        wall = time.monotonic() - start
    finally:
        watch.done.set()
        end(pid)
    watch.join()
    figures = {
        "status": os.waitstatus_to_exitcode(status),
        "over": watch.over,
        "wall": wall,
        "cpu": used.ru_utime + used.ru_stime,
        "peak": max(used.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024), watch.most),
    }
    with open(record, "w", encoding="utf-8") as file:  # noqa: PTH123  # pathlib would make this process larger
        json.dump(figures, file)


class _Watch(threading.Thread):
    """Looks now and then, and ends the process that is over a limit."""

    def __init__(self, pid: int, deadline: float, mebibytes: float) -> None:
        super().__init__(daemon=True)
        self.done = threading.Event()
        self.over = ""
        self.most = 0.0
        self._pid = pid
        self._deadline = deadline
        self._mebibytes = mebibytes
        self._asked_by = os.getppid()

    def run(self) -> None:
        while not self.done.wait(GLANCE):
            self.most = max(self.most, held(self._pid))
            if self.most > self._mebibytes:
                self.over = "memory"
            elif time.monotonic() > self._deadline:
                self.over = "time"
            # Nobody waits for the figures of a run whose starter is gone.
            if self.over or os.getppid() != self._asked_by:
                end(self._pid)
                return


def held(pid: int) -> float:
    """Return the memory that a process and what it started hold, in MiB; 0 where the system does not tell."""
    total = 0.0
    with suppress(OSError):
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:  # noqa: PTH123  # as above
            total = next((int(line.split()[1]) / 1024 for line in file if line.startswith("VmRSS:")), 0.0)
        for task in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208  # as above
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:  # noqa: PTH123  # as above
                total += sum(held(int(child)) for child in file.read().split())
    return total


def end(pid: int) -> None:
    """End a process and all that it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), sys.argv[4], sys.argv[5], sys.argv[6:])
