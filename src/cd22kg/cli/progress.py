"""How far long work has come, on stderr: a bar in a terminal, else a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

from cd22kg.progress import Meter, silent

#: Seconds between two lines where there is no terminal.
LINE_SECONDS = 10.0


@contextmanager
def meters(unit: str, quiet: bool = False) -> Iterator[Callable[[str], Meter]]:
    """Yield what gives each piece of work its meter; each tells rate and remaining time.

    Args:
        unit: What is counted: ``bytes``, or a word such as ``claims``.
        quiet: Tell nothing.
    """
    if quiet:
        yield lambda name: silent
    elif sys.stderr.isatty():
        yield from _bars(unit)
    else:
        yield lambda name: _lines(name, unit)


def _bars(unit: str) -> Iterator[Callable[[str], Meter]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:

        def meter(name: str) -> Meter:
            task = shown.add_task(name, total=None, told="")
            start = time.monotonic()

            def tell(done: int, total: int) -> None:
                told = line("", unit, done, total, time.monotonic() - start)
                shown.update(task, completed=done, total=total or None, told=told)

            return tell

        yield meter


def _lines(name: str, unit: str) -> Meter:
    start = told = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told >= LINE_SECONDS:
            told = now
            typer.echo(line(name, unit, done, total, now - start), err=True)

    return tell


def line(name: str, unit: str, done: int, total: int, seconds: float) -> str:
    """Return how far a piece of work has come, in words: ``a.nq: 12.0 of 48.0 MB, 1.2 MB/s, 30 s left``."""
    rate = done / seconds if seconds > 0 else 0.0
    parts = [f"{_amount(done, unit)} of {_amount(total, unit)}" if total else _amount(done, unit)]
    parts.append(f"{_amount(rate, unit)}/s")
    if total and rate:
        parts.append(f"{_duration((total - done) / rate)} left")
    told = ", ".join(parts)
    return f"{name}: {told}" if name else told


def _amount(number: float, unit: str) -> str:
    return f"{number / 1e6:,.1f} MB" if unit == "bytes" else f"{number:,.0f} {unit}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
