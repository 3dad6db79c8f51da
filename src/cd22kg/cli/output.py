"""Answers to stdout: always UTF-8, quiet when the reader has gone, loud when the disk is full."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO

from cd22kg.errors import OutputError


def terminal_width() -> int:
    """Return how many columns the terminal has that stdout writes to; 0 where it writes elsewhere."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0


def answer(text: str) -> None:
    """Write text to stdout as `answering` does."""
    with answering() as file:
        file.write(text.encode())


def write_to(out: Path | None, text: str) -> None:
    """Write text to a file, which is replaced once it is complete, or to stdout."""
    with opened(out) as file:
        file.write(text.encode())


def opened(out: Path | None) -> AbstractContextManager[BinaryIO]:
    """Return a file for bytes that is replaced once it is complete, or stdout."""
    from cd22kg.files import writing

    return answering() if out is None else writing(out)


@contextmanager
def answering() -> Iterator[BinaryIO]:
    """Yield stdout for bytes, and flush it.

    Raises:
        OutputError: If it cannot be written. A reader that has gone (`| head`) ends the program with exit code 0.
    """
    try:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # What Python would flush at its end goes nowhere, so that it does not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OutputError(f"cannot write the answer: {error.strerror or error}", hint="check space") from None
