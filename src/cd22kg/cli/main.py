"""The entry point: sets up the process, runs the command, ends; see `ending` for messages and exit codes."""

from __future__ import annotations

import atexit
import contextlib
import gc
import io
import os
import sys
import threading
from typing import NoReturn

import typer

from cd22kg.cli import (  # noqa: F401  # importing hangs the commands on the program
    ask,
    audit,
    conflicts,
    curate,
    export,
    pool,
    synth,
    transfer,
    validate,
)
from cd22kg.cli.app import app
from cd22kg.cli.ending import INTERRUPTED, ended

# What other packages of the environment hang on pydantic is no business of ours, and takes time to look for.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

#: How many new objects make Python look for cycles. What a command reads lives to its end, so that looking often finds
#: nothing: at Python's 700 it takes a sixth of the time of `check`.
COLLECT_AFTER = 100_000


def main() -> None:
    """Run the command line and exit."""
    gc.set_threshold(COLLECT_AFTER)
    # At its end Python would look once more, for a tenth of that time; what is frozen it passes over.
    atexit.register(gc.freeze)
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(encoding="utf-8", errors="backslashreplace")
    code = ended(app)
    if code == INTERRUPTED:  # typer turns an interrupt of a command into this code, and says nothing
        _end_interrupted()
    sys.exit(code)


def _end_interrupted() -> NoReturn:
    """Say so, and exit: at once where a thread asks a store, which nobody can stop and Python would wait for."""
    from cd22kg.validation.runner import THREAD_NAME

    typer.echo("interrupted", err=True)
    if any(thread.name.startswith(THREAD_NAME) for thread in threading.enumerate()):
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(INTERRUPTED)
    sys.exit(INTERRUPTED)
