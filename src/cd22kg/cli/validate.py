"""The command that holds any data against any shapes."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from cd22kg.cli.app import app
from cd22kg.cli.output import answer
from cd22kg.errors import InputError


@app.command()
def validate(
    data: Annotated[
        str | None,
        typer.Argument(metavar="[DATA]", help="An RDF file (.ttl, .nt, .nq, .trig ...), a build or a store folder."),
    ] = None,
    shapes: Annotated[
        Path | None,
        typer.Option("--shapes", metavar="FILE-OR-FOLDER", help="Shapes in Turtle; those of the package by default."),
    ] = None,
    engine: Annotated[str, typer.Option("--engine", metavar="ENGINE", help="compiled or pyshacl.")] = "compiled",
    form: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="text, json, ttl, sarif, junit or html.")
    ] = "text",
    store: Annotated[
        str | None,
        typer.Option(
            "--store", "-s", metavar="DIR|URL", help="In place of DATA: a folder, or a server, asked in place."
        ),
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show the compiled queries, do not run them.")] = False,
    max_findings: Annotated[
        int, typer.Option("--max-findings", metavar="N", min=1, help="Keep so many findings; counts stay exact.")
    ] = 1000,
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout",
            metavar="SECONDS",
            help="Stop after so many, 0 for never; 600 by default with --shapes, else never.",
            show_default=False,
        ),
    ] = None,
    memory: Annotated[int, typer.Option("--memory", metavar="MIB", help="Memory it may use, 0 for any; on Linux.")] = 0,
) -> None:
    """Hold data against SHACL shapes."""
    from cd22kg import conformance
    from cd22kg.cli.reports import known, tell
    from cd22kg.cli.supervised import FOREIGN_SECONDS, Bounds, supervised
    from cd22kg.progress import Progress
    from cd22kg.validation.running import running
    from cd22kg.validation.verdict import Verdict
    from cd22kg.validation.writers import WRITERS

    known(form, tuple(WRITERS))
    if (data is None) == (store is None):
        raise InputError("give DATA or --store, and only one of them", hint="such as a build folder, or data.ttl")
    progress = Progress(lambda line: typer.echo(line, err=True))
    bounds = Bounds((FOREIGN_SECONDS if shapes else 0.0) if timeout is None else timeout, memory)

    def work(opened: ExitStack) -> str | Verdict:
        with running("the reading of the shapes"):
            found = conformance.shapes_in(shapes)
            reads = conformance.reads_of(found, engine, in_portions=not explain)
        with running("the reading of the data"):
            at = opened.enter_context(conformance.open_data(data or store or "", reads))
        if explain:
            return conformance.explain(at, found)
        return conformance.validate_data(at, found, engine=engine, limit=max_findings, progress=progress)

    def told(found: str | Verdict) -> None:
        if isinstance(found, str):
            answer(found)
        else:
            tell(found, form)

    if code := supervised(work, told, bounds):
        raise typer.Exit(code)
