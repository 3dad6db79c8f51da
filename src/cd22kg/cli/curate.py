"""Commands of the curator: build and check."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cd22kg.cli.app import app
from cd22kg.errors import InputError

if TYPE_CHECKING:
    from cd22kg.build import Outcome

Claims = Annotated[
    Path | None, typer.Option("--claims", metavar="DIR", help="Folder of claim files; those of the package by default.")
]


@app.command()
def build(
    target: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="The build folder.")] = Path("build"),
    claims: Claims = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
) -> None:
    """Build the graph: a validated store with its exports."""
    from cd22kg.build import build as run
    from cd22kg.progress import Progress

    progress = Progress() if quiet else Progress(lambda line: typer.echo(line, err=True))
    outcome = run(target, claims, progress)
    _tell(outcome, shown=("violation", "warning"))
    if not outcome.conforms:
        typer.echo(f"not built; what was in {target} stays as it was", err=True)
        raise typer.Exit(1)


@app.command()
def check(
    files: Annotated[list[Path] | None, typer.Argument(metavar="[FILES]...", help="Claim files or folders.")] = None,
    claims: Claims = None,
    ontology: Annotated[
        bool,
        typer.Option("--ontology", help="The ontology instead: contradictions, and the checks of queries/quality."),
    ] = False,
) -> None:
    """Tell what is wrong with claim files, or with the ontology; nothing is written."""
    from cd22kg.build import check as run
    from cd22kg.build import check_ontology
    from cd22kg.progress import Progress

    if ontology and (files or claims):
        raise InputError("`--ontology` checks the ontology that ships with the package", hint="name no claim files")
    if ontology:
        outcome = check_ontology(Progress(lambda line: typer.echo(line, err=True)))
    else:
        outcome = run(files or [], claims)
    _tell(outcome)
    if not outcome.conforms:
        raise typer.Exit(1)
    typer.echo("conforms", err=True)


def _tell(outcome: Outcome, shown: Collection[str] | None = None) -> None:
    """Print every fault, the findings of the severities shown (all by default), and the number of each."""
    for problem in outcome.problems:
        typer.echo(str(problem), err=True)
    for finding in outcome.report.findings:
        if shown is None or finding.severity in shown:
            typer.echo(str(finding.problem()), err=True)
    counts = {"fault": len(outcome.problems), **outcome.report.counts()}
    typer.echo(", ".join(f"{count} {name}" for name, count in counts.items()), err=True)
