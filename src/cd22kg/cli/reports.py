"""A report on stdout, and the exit code that goes with it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from cd22kg.cli.output import answer
from cd22kg.errors import InputError

if TYPE_CHECKING:
    from cd22kg.validation.verdict import Verdict


def known(form: str, forms: Sequence[str]) -> None:
    """Refuse a form that there is not, before any work is done.

    Raises:
        InputError: If there is none of this name.
    """
    if form not in forms:
        raise InputError(f"unknown format `{form}`", hint=f"one of: {', '.join(forms)}")


def tell(verdict: Verdict, form: str) -> None:
    """Write a report to stdout; exit with 1 where something blocks."""
    from cd22kg.validation.writers import WRITERS, to_text

    answer(to_text(verdict, colour=_coloured()) if form == "text" else WRITERS[form](verdict))
    if not verdict.conforms:
        raise typer.Exit(1)


def _coloured() -> bool:
    """Return whether a person looks at stdout in colour: a terminal, and not told otherwise (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
