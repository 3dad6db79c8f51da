"""Work that may never end, done in a process of its own that is killed in time.

Neither the store's engine nor a regular expression in Python can be stopped from within the process. So the process is
forked before anything is opened or any thread is started: the child works, writes its report and ends; the parent
waits, and tells what happened. Temporary files of a child that was killed are cleared away by the parent.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TypeVar

from cd22kg.cli.ending import ended
from cd22kg.errors import InputError, QueryError
from cd22kg.gate.text import visible
from cd22kg.queries.worker_process import die_with, limit_memory
from cd22kg.validation.running import Board, shown_on

#: Seconds that shapes of others may take, where nothing else is said.
FOREIGN_SECONDS = 600.0
#: A wait that took longer than this was not waiting: the processes were halted.
_STRIDE = 1.0
Found = TypeVar("Found")


@dataclass(frozen=True)
class Bounds:
    """What the work may use.

    Attributes:
        seconds: Time until the report is known, >= 0; writing it is not counted. 0 for no limit.
        memory: Mebibytes on top of what the program has at its start, >= 0; 0 for no limit. Linux only.

    Raises:
        InputError: If one is not in its range.
    """

    seconds: float = 0.0
    memory: int = 0

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 0 <= self.seconds < float("inf"):
            raise InputError(f"`--timeout` is a number of seconds, not {self.seconds}", hint="0 for no limit")
        if self.memory < 0:
            raise InputError(f"`--memory` is a number of mebibytes, not {self.memory}", hint="0 for no limit")


def supervised(work: Callable[[ExitStack], Found], tell: Callable[[Found], object], bounds: Bounds) -> int:
    """Do the work, tell what came of it, and return the exit code.

    Args:
        work: What may take long; what it runs is shown by `running`. What it opens is closed when the answer is told;
            in a process of its own it is left to the end of that.
        tell: Writes the answer; is never stopped by a limit on time.
        bounds: What the work may use; without any it is done in this process.

    Raises:
        QueryError: If the work reached a limit, or its process died of it; the names of what was run are told.
        KeyboardInterrupt: If we are interrupted; the work has ended then.
    """
    if not bounds.seconds and not bounds.memory:

        def here() -> None:
            with ExitStack() as opened:
                tell(work(opened))

        return ended(here)
    board = Board()
    lifeline, ours = os.pipe()
    theirs, alive = os.pipe()
    with tempfile.TemporaryDirectory(prefix="cd22kg-", ignore_cleanup_errors=True) as folder:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        # An interrupt waits until each process knows what to do about it.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        pid = os.fork()
        if pid == 0:
            os.close(ours)
            os.close(theirs)
            _work(work, tell, board, bounds, folder, (lifeline, alive))
        os.close(lifeline)
        os.close(alive)
        status = None
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            in_time = _wait(theirs, bounds.seconds)
            if in_time:
                status = os.waitpid(pid, 0)[1]
        finally:
            if status is None:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            os.close(ours)
            os.close(theirs)
    if status is None:
        raise QueryError(f"stopped after {bounds.seconds:g} s{_at_work(board)}", hint=_HINT.format("--timeout"))
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return code
    how = signal.Signals(-code).name
    if bounds.memory:
        text = f"the validation died ({how}), most likely for want of memory: it may use {bounds.memory} MiB"
        raise QueryError(text + _at_work(board), hint=_HINT.format("--memory"))
    text = f"the validation died ({how}), perhaps for want of memory{_at_work(board)}"
    raise QueryError(text, hint="simplify the shapes it names, or validate less at a time")


_HINT = "simplify the shapes it names, or raise the limit: `{}`, 0 for none"


def _at_work(board: Board) -> str:
    names = ", ".join(f"`{visible(name)}`" for name in board.names())
    return f"; it was running {names}" if names else ""


def _work(
    work: Callable[[ExitStack], Found],
    tell: Callable[[Found], object],
    board: Board,
    bounds: Bounds,
    folder: str,
    pipes: tuple[int, int],
) -> None:
    """Do the work in the child, and end with its exit code whatever happens: nothing of the parent's goes on here."""
    code = 2
    lifeline, alive = pipes
    opened = ExitStack()  # never closed: to free a store takes half a second per million triples
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent gets it too, and ends this process
        with suppress(OSError):  # where the system cannot, only a command that is killed leaves its work behind
            die_with(lifeline)
        tempfile.tempdir = folder
        os.environ["RUST_BACKTRACE"] = "0"  # out of memory is told in a line
        if bounds.memory:
            limit_memory(bounds.memory << 20)

        def whole() -> None:
            with shown_on(board):
                found = work(opened)
            os.write(alive, b"d")
            tell(found)

        code = ended(whole)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _wait(theirs: int, seconds: float) -> bool:
    """Wait until the child says that it is done or ends; return whether it was in time.

    What is counted is the time in which this process could have woken up: a command that is halted (Ctrl-Z) and goes on
    later has not used it.
    """
    used = 0.0
    while not seconds or used < seconds:
        start = time.monotonic()
        left = min(seconds - used, _STRIDE) if seconds else _STRIDE
        if select.select((theirs,), (), (), left)[0]:
            return True
        used += min(time.monotonic() - start, 2 * _STRIDE)
    return False
