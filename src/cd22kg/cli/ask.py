"""Commands that ask the graph: query, overview, show, explain, stats."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cd22kg.cli.app import app
from cd22kg.cli.output import answer, terminal_width
from cd22kg.errors import QueryError

if TYPE_CHECKING:
    from cd22kg.graph import KnowledgeGraph

StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        "-s",
        metavar="DIR|URL",
        help="A build or store folder, or a server; `build` where there is one, else the packaged claims.",
    ),
]

ParameterOption = Annotated[
    list[str] | None, typer.Option("--param", "-p", metavar="KEY=VALUE", help="A parameter; repeat for several.")
]


def open_graph(store: str | None) -> KnowledgeGraph:
    """Return the graph in a store, or say on stderr that the packaged claims are read instead."""
    from cd22kg.build import inputs_digest, is_build, packaged_claims, read_manifest
    from cd22kg.graph import load

    here = Path("build")
    if store is None and is_build(here):
        store = str(here)
        built_from = read_manifest(here)["claimFiles"]
        if built_from["packaged"] and built_from["digest"] != inputs_digest(packaged_claims()):
            typer.echo("the claims have changed since the build; `cd22kg build` brings it up to date", err=True)
    elif store is None:
        typer.echo("no build here: reading the packaged claims", err=True)
    return load(store)


@app.command()
def query(
    name: Annotated[str | None, typer.Argument(help="A question of the library; see --list.")] = None,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="A file with SPARQL.")] = None,
    text: Annotated[str | None, typer.Option("--execute", "-e", help="SPARQL; our prefixes are known.")] = None,
    param: ParameterOption = None,
    form: Annotated[
        str,
        typer.Option("--format", metavar="FORMAT", help="table, csv, tsv, json, md, ttl; paper: md with references."),
    ] = "table",
    exact: Annotated[bool, typer.Option("--exact", help="Leave out what is narrower than the values given.")] = False,
    listing: Annotated[bool, typer.Option("--list", help="Show the questions of the library.")] = False,
    timeout: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Stop SPARQL after this time; 60 by default.")
    ] = None,
    max_rows: Annotated[
        int | None, typer.Option(metavar="N", help="Most rows of an answer to SPARQL; 1000000 by default.")
    ] = None,
    max_bytes: Annotated[
        int | None, typer.Option(metavar="N", help="Most bytes of an answer to SPARQL; 268435456 by default.")
    ] = None,
    memory: Annotated[
        int | None, typer.Option(metavar="MIB", help="Most memory of SPARQL on top of the store; 4096 by default.")
    ] = None,
    store: StoreOption = None,
) -> None:
    """Ask a question of the library, or any SPARQL."""
    from cd22kg.queries import FORMATS, library

    if listing:
        for found in library():
            lines = [f"{found.name}: {found.summary}"]
            for parameter in found.parameters:
                default = f" (default {', '.join(parameter.default)})" if parameter.default else ""
                lines.append(f"    -p {parameter.name}={parameter.kind.upper()}  {parameter.description}{default}")
            answer("\n".join(lines) + "\n")
        return
    if [name, file, text].count(None) != 2:
        raise QueryError("give a question, -f FILE or -e TEXT, and only one of them", hint="`cd22kg query --list`")
    if form not in (*FORMATS, "paper"):
        raise QueryError(f"unknown format `{form}`", hint=f"one of: {', '.join((*FORMATS, 'paper'))}")
    given = _parameters(param or [])
    asked = {"timeout": timeout, "max_rows": max_rows, "max_bytes": max_bytes, "memory": memory}
    limits: dict[str, Any] = {limit: value for limit, value in asked.items() if value is not None}
    if name is not None:
        if limits:
            option = "--" + next(iter(limits)).replace("_", "-")
            raise QueryError(f"`{option}` is for SPARQL from outside", hint="leave it out, or ask with -e or -f")
        graph = open_graph(store)
        result = graph.ask(name, given, exact=exact)
    else:
        from cd22kg.gate.text import read_text
        from cd22kg.queries.limits import Limits

        sparql = text if text is not None else read_text(file or Path())
        if given or exact:
            raise QueryError("only library questions take parameters", hint="write the values into the query")
        Limits(**limits)
        graph = open_graph(store)
        result = graph.sparql(sparql, str(file) if text is None else "query", **limits)
    width = terminal_width()
    answer(graph.paper(result) if form == "paper" else result.to_text(form, width=width))
    if len(result) == 0:
        typer.echo(f"no rows: {result.emptied}" if result.emptied else "no rows", err=True)
    told = [result.wider, result.explanation if form in ("table", "md", "paper") else ""]
    for text in filter(None, told):
        typer.echo("\n" + (textwrap.fill(text, width) if width else text), err=True)


def _parameters(texts: list[str]) -> dict[str, list[str]]:
    given: dict[str, list[str]] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key or not value:
            raise QueryError(f"`{text}` is not KEY=VALUE", hint="such as -p indication=b-all")
        given.setdefault(key, []).append(value)
    return given


@app.command()
def overview(
    param: ParameterOption = None,
    form: Annotated[str, typer.Option("--format", metavar="FORMAT", help="table or md.")] = "table",
    store: StoreOption = None,
) -> None:
    """Show the evidence at a glance: response, relapse, toxicity, by indication and therapy."""
    answer(open_graph(store).overview(form, **_parameters(param or [])))


@app.command()
def show(claim: Annotated[str, typer.Argument(help="The claim's id.")], store: StoreOption = None) -> None:
    """Show one claim with all that is known of it."""
    answer(open_graph(store).show(claim))


@app.command()
def explain(
    what: Annotated[list[str], typer.Argument(help="A claim's id; or subject, property and object, as CURIEs.")],
    store: StoreOption = None,
) -> None:
    """Tell why a triple holds: what is stated, and the rules or axioms that lead on from it."""
    answer(open_graph(store).explain(*what))


@app.command()
def stats(
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Which outcomes each therapy and source has, what is missing, and why.")
    ] = False,
    store: StoreOption = None,
) -> None:
    """Count claims, concepts and quads."""
    graph = open_graph(store)
    answer(graph.coverage() if coverage else graph.stats())
