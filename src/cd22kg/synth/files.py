"""Where a synthetic graph goes: a file, plain or compressed, that is complete or not there; or stdout."""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from cd22kg.errors import InputError, OutputError
from cd22kg.files import writing

#: What gzip does by default; level 3 takes half the time and a third more space.
COMPRESSION = 6


@contextmanager
def opened(path: Path, stdout: BinaryIO) -> Iterator[BinaryIO]:
    """Open the file to write N-Quads to; ``-`` is stdout.

    Raises:
        InputError: If the name does not end in ``.nq`` or ``.nq.gz``.
        OutputError: If it cannot be written. A reader of stdout that has gone ends the program with exit code 0.
    """
    if str(path) == "-":
        with _patient(stdout):
            yield stdout
            stdout.flush()
        return
    if not path.name.endswith((".nq", ".nq.gz")):
        raise InputError(f"`{path.name}` names no format", hint="give a name that ends in .nq or .nq.gz")
    with writing(path) as file:
        if path.name.endswith(".gz"):
            # No time and no name inside, so that the same graph gives the same bytes.
            with gzip.GzipFile("", "wb", COMPRESSION, file, mtime=0) as packed:
                yield cast(BinaryIO, packed)
        else:
            yield file


@contextmanager
def _patient(stdout: BinaryIO) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        # What Python would flush at its end goes nowhere, so that it does not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stdout.fileno())
        raise SystemExit(0) from None
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stdout.fileno())
        raise OutputError(f"cannot write the graph: {error.strerror or error}", hint="check space") from None


@contextmanager
def opened_list(path: Path) -> Iterator[TextIO]:
    """Open the file to write the list of what is planted to.

    Raises:
        OutputError: If it cannot be written.
    """
    with replacing(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="\n")
        yield text
        # Detached, the file stays open for whoever syncs it.
        text.detach()
