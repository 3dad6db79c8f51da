"""The command that makes graphs of any size, to test software with."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cd22kg.cli.app import app

_STDOUT = Path("-")


@app.command()
def synth(
    claims: Annotated[int, typer.Option("--claims", "-n", metavar="N", help="How many claims, 1 to 100000000.")],
    seed: Annotated[int, typer.Option("--seed", metavar="S", help="Another seed gives another graph.")] = 0,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="Where to, .nq or .nq.gz; stdout by default.")
    ] = _STDOUT,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
) -> None:
    """Write a synthetic graph as N-Quads: the shape of ours at any size, and no evidence at all."""
    from cd22kg.progress import silent
    from cd22kg.synth import synthesize
    from cd22kg.synth.files import opened

    with opened(out, sys.stdout.buffer) as file:
        summary = synthesize(claims, seed, file, meter=silent if quiet else _told)
    if not quiet:
        typer.echo(f"{summary.claims} claims in {summary.sources} sources, {summary.quads} quads", err=True)


def _told(done: int, total: int) -> None:
    typer.echo(f"{done} of {total} claims", err=True)
