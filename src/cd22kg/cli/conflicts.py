"""The command that finds claims which disagree."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cd22kg.cli.app import app
from cd22kg.cli.ask import StoreOption, open_graph
from cd22kg.cli.output import terminal_width, write_to
from cd22kg.errors import QueryError


@app.command()
def conflicts(
    therapy: Annotated[str | None, typer.Option(help="Product or group, with all its products.")] = None,
    indication: Annotated[str | None, typer.Option(help="Indication, with all narrower ones.")] = None,
    outcome: Annotated[str | None, typer.Option(help="Outcome, with all narrower ones.")] = None,
    within: Annotated[
        bool, typer.Option("--within", help="Hold a narrower indication or outcome against a wider one, too.")
    ] = False,
    test: Annotated[str, typer.Option(help="Of two counts: fisher, or midp, which is less cautious.")] = "fisher",
    adjust: Annotated[str, typer.Option(help="For the number of tests: holm, bh or none.")] = "holm",
    level: Annotated[float, typer.Option(metavar="FRACTION", help="Below it a p value is significant.")] = 0.05,
    asserted: Annotated[bool, typer.Option("--asserted", help="Only what curators say.")] = False,
    found: Annotated[bool, typer.Option("--found", help="Only what the figures show.")] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Also claims that are superseded, retracted or not accepted.")
    ] = False,
    form: Annotated[str, typer.Option("--format", metavar="FORMAT", help="table, md, json or csv.")] = "table",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to; stdout by default.")
    ] = None,
    store: StoreOption = None,
) -> None:
    """Find claims on one therapy class, indication and outcome that disagree, and why they may."""
    from cd22kg.cli.reports import known
    from cd22kg.export.conflicts import FORMATS, to_text

    known(form, FORMATS)
    if asserted and found:
        raise QueryError("--asserted and --found leave nothing out together", hint="give one of them, or neither")
    result = open_graph(store).conflicts(
        therapy=therapy or "",
        indication=indication or "",
        outcome=outcome or "",
        test=test,
        adjust=adjust,
        level=level,
        within=within,
        everything=everything,
        status="asserted" if asserted else "found" if found else "",
    )
    write_to(output, to_text(result, form, 0 if output else terminal_width()))
