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
    earlier: Annotated[
        Path,
        typer.Option(
            "--build",
            metavar="DIR",
            help="An earlier build; what has not changed since is not validated again.",
        ),
    ] = Path("build"),
    ontology: Annotated[
        bool,
        typer.Option("--ontology", help="The ontology instead: contradictions, and the checks of queries/quality."),
    ] = False,
    form: Annotated[str, typer.Option("--format", metavar="FORMAT", help="text, json, sarif, junit or html.")] = "text",
    max_findings: Annotated[
        int, typer.Option("--max-findings", metavar="N", min=1, help="Show so many findings; counts stay exact.")
    ] = 1000,
) -> None:
    """Tell what is wrong with claim files, or with the ontology; nothing is written."""
    from cd22kg.build import check_ontology
    from cd22kg.cli.reports import known, tell
    from cd22kg.progress import Progress
    from cd22kg.recheck import recheck
    from cd22kg.validation import read_checks, read_shapes
    from cd22kg.validation.rules import check_rules, shape_rules, with_own
    from cd22kg.validation.verdict import Verdict
    from cd22kg.validation.writers import CHECK_FORMS

    known(form, CHECK_FORMS)
    if ontology and (files or claims):
        raise InputError("`--ontology` checks the ontology that ships with the package", hint="name no claim files")
    if ontology:
        outcome = check_ontology(Progress(lambda line: typer.echo(line, err=True)))
    else:
        outcome = recheck(files or [], claims, earlier)
    rules = {}
    if form != "text":  # text names the rule alone, and is what a curator waits for
        rules = with_own(check_rules(read_checks()) if ontology else shape_rules(read_shapes()))
    name = str(files[0]) if files and len(files) == 1 else ""
    tell(Verdict(outcome.report, rules=rules, problems=outcome.problems, limit=max_findings, data=name), form)


def _tell(outcome: Outcome, shown: Collection[str]) -> None:
    """Print every fault, the findings of the severities shown, and the number of each."""
    from cd22kg.validation.verdict import Verdict
    from cd22kg.validation.writers import entry_text

    verdict = Verdict(outcome.report, problems=outcome.problems)
    for entry in verdict.entries:
        if entry.severity == "fault" or entry.severity in shown:
            typer.echo(entry_text(entry), err=True)
    typer.echo(", ".join(f"{count} {name}" for name, count in verdict.counts.items()), err=True)
