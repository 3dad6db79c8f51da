"""The command that makes graphs of any size, to test software with."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from cd22kg.cli.app import app
from cd22kg.cli.progress import meters
from cd22kg.errors import InputError

_STDOUT = Path("-")


@app.command()
def synth(
    claims: Annotated[int, typer.Option("--claims", "-n", metavar="N", help="How many claims, 1 to 100000000.")],
    seed: Annotated[int, typer.Option("--seed", metavar="S", help="Another seed gives another graph.")] = 0,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="Where to, .nq or .nq.gz; - is stdout.")
    ] = _STDOUT,
    violations: Annotated[
        float, typer.Option("--violations", metavar="R", help="Broken rules to plant per claim, 0 to 1.")
    ] = 0.001,
    conflicts: Annotated[
        float, typer.Option("--conflicts", metavar="R", help="Pairs that disagree to plant per claim, 0 to 1.")
    ] = 0.001,
    planted: Annotated[
        Path | None,
        typer.Option("--planted", metavar="FILE", help="The list of what is planted; FILE.planted.tsv by default."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
) -> None:
    """Write a synthetic graph as N-Quads: the shape of ours at any size, and no evidence at all."""
    from cd22kg.synth import synthesize
    from cd22kg.synth.files import opened, opened_list

    if planted is None and out != _STDOUT and (violations or conflicts):
        planted = out.with_name(f"{out.name}.planted.tsv")
    if planted is not None and planted.resolve() == out.resolve():
        raise InputError("the graph and the list of what is planted go to one file", hint="name another for --planted")
    with ExitStack() as stack:
        listed = stack.enter_context(opened_list(planted)) if planted else None
        file = stack.enter_context(opened(out, sys.stdout.buffer))
        summary = synthesize(
            claims,
            seed,
            file,
            violations=violations,
            conflicts=conflicts,
            planted=listed,
            meter=stack.enter_context(meters("claims", quiet))("synth"),
        )
    if not quiet:
        found = f"{summary.violations} violations and {summary.conflicts} conflicts planted"
        typer.echo(f"{summary.claims} claims in {summary.sources} sources, {summary.quads} quads, {found}", err=True)
