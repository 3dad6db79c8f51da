"""Commands that bring quads into a store: load, push."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cd22kg.cli.app import app
from cd22kg.cli.progress import meters

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]


@app.command()
def load(
    data: Annotated[
        list[Path], typer.Argument(metavar="DATA...", help="RDF files (.nq .nt .ttl .trig .rdf, .gz), or builds.")
    ],
    store: Annotated[
        str, typer.Option("--store", "-s", metavar="DIR|URL", help="A store folder, made where missing, or a server.")
    ],
    graph: Annotated[
        str,
        typer.Option("--graph", "-g", metavar="IRI", help="Graph for triples that stand in none; else by file name."),
    ] = "",
    allow_schema: Annotated[
        bool, typer.Option("--allow-schema", help="Let the data define terms and import ontologies.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Load RDF files into a store."""
    from cd22kg.transfer import load_into

    with meters("bytes", quiet) as meter:
        loaded = load_into(data, store, graph=graph, allow_schema=allow_schema, meter=meter)
    typer.echo(f"{loaded.added:,} quads added from {loaded.files} files; {store} holds {loaded.quads:,}", err=True)
