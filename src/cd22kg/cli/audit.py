"""The command that holds what a source says against the evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cd22kg.cli.app import app
from cd22kg.cli.ask import StoreOption, open_graph
from cd22kg.cli.output import terminal_width, write_to


@app.command()
def audit(
    source: Annotated[str, typer.Argument(help="The source: its slug, DOI or PMID.")],
    form: Annotated[str, typer.Option("--format", metavar="FORMAT", help="table, md, json, html or ttl.")] = "table",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to; stdout by default.")
    ] = None,
    store: StoreOption = None,
) -> None:
    """Hold each statement of an article, review or press release against the evidence."""
    from cd22kg.cli.reports import known
    from cd22kg.export.audit import FORMATS, to_text

    known(form, FORMATS)
    found = open_graph(store).audit(source)
    write_to(output, to_text(found, form, 0 if output else terminal_width()))
