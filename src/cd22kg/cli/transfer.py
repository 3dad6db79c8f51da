"""Commands that bring quads into a store: load, push."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cd22kg.cli.app import app
from cd22kg.cli.progress import meters
from cd22kg.namespaces import compact

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


@app.command()
def push(
    store: Annotated[
        str, typer.Option("--store", "-s", metavar="URL", help="The server, such as fuseki+https://host/dataset.")
    ],
    folder: Annotated[Path, typer.Argument(metavar="[BUILD]", help="The build folder.")] = Path("build"),
    again: Annotated[bool, typer.Option("--again", help="Send also what the server has by its record.")] = False,
    quiet: Quiet = False,
) -> None:
    """Publish a build on a server, graph by graph."""
    from cd22kg.store import open_sparql
    from cd22kg.transfer import push as run

    with open_sparql(store) as server, meters("graphs", quiet) as meter:
        pushed = run(folder, server, again=again, meter=meter("push"))
    for graph, difference in sorted(pushed.differences.items()):
        typer.echo(f"{compact(graph)}: {difference}", err=True)
    how = "in one request" if pushed.at_once else "one by one"
    typer.echo(
        f"{len(pushed.sent)} graphs with {sum(pushed.sent.values()):,} triples sent {how},"
        f" {pushed.same} unchanged, {len(pushed.dropped)} dropped",
        err=True,
    )
