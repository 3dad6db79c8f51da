"""The command that hands the graph on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cd22kg.cli.app import app
from cd22kg.cli.ask import StoreOption, open_graph
from cd22kg.cli.output import opened, write_to
from cd22kg.cli.progress import meters

exports = typer.Typer(help="Write the graph, or the files that are read off the model.", no_args_is_help=True)
app.add_typer(exports, name="export")

Out = Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Where to; stdout by default.")]


@exports.command()
def turtle(
    out: Out = None,
    source: Annotated[str, typer.Option("--source", metavar="SLUG", help="Only what this source says.")] = "",
    asserted: Annotated[bool, typer.Option("--asserted", help="Without what was inferred.")] = False,
    store: StoreOption = None,
) -> None:
    """Write the graph as canonical Turtle."""
    graph = open_graph(store)
    with meters("quads") as meter, opened(out) as file:
        graph.write_turtle(file, source=source, asserted=asserted, meter=meter("read and written"))


@exports.command()
def nquads(out: Out = None, store: StoreOption = None) -> None:
    """Write the graph as canonical N-Quads, one line a quad with its named graph."""
    graph = open_graph(store)
    with meters("quads") as meter, opened(out) as file:
        graph.write_nquads(file, meter=meter("read and written"))


@exports.command()
def schema(out: Out = None) -> None:
    """Write the JSON Schema of claim files, for editors."""
    from cd22kg.claims import json_schema
    from cd22kg.rdf import read_ontology

    write_to(out, _json(json_schema(read_ontology().vocabulary)))


@exports.command()
def context(out: Out = None) -> None:
    """Write the JSON-LD context that makes a claim file YAML-LD."""
    from cd22kg.claims import json_ld_context
    from cd22kg.rdf import read_ontology

    write_to(out, _json(json_ld_context(read_ontology().vocabulary)))


@exports.command()
def classification(out: Out = None) -> None:
    """Write what HermiT finds in the ontology, the result that ships with the package."""
    from cd22kg.rdf import read_ontology
    from cd22kg.reasoning import classify

    write_to(out, classify(read_ontology().quads, fresh=True).to_json())


@exports.command()
def ontology(
    form: Annotated[str, typer.Option("--format", metavar="FORMAT", help="ttl, rdfxml or jsonld.")] = "ttl",
    out: Out = None,
    alignment: Annotated[bool, typer.Option("--alignment", help="With the links to other vocabularies.")] = False,
) -> None:
    """Write the classes and properties of the ontology."""
    from cd22kg.export.forms import export_ontology

    write_to(out, export_ontology(form, alignment=alignment))


@exports.command()
def reference(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="The folder to write to.")] = Path(
        "docs/reference"
    ),
) -> None:
    """Write the reference pages of ontology, questions and rules, and the class diagram."""
    from cd22kg.export.reference import reference_files
    from cd22kg.files import write_bytes
    from cd22kg.graph import load

    kg = load()
    files = reference_files(kg.quads, kg.ask)
    out.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        write_bytes(out / name, text.encode())


@exports.command()
def questions(
    out: Out = None,
    endpoint: Annotated[
        str, typer.Option("--endpoint", metavar="URL", help="The SPARQL endpoint that they are for.")
    ] = "",
) -> None:
    """Write the library of questions as RDF, for tools that read example queries."""
    from cd22kg.export.questions_rdf import ENDPOINT, questions_turtle

    write_to(out, questions_turtle(endpoint or ENDPOINT))


def _json(document: object) -> str:
    import json

    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"
