"""The program itself: its name, its help and its own options. The commands hang themselves on it."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(
    name="cd22kg",
    help="Evidence knowledge graph for CD22-directed CAR T-cell therapy."
    " An index of published evidence, not medical guidance.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        import cd22kg

        typer.echo(f"cd22kg {cd22kg.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Hold the options of the program itself."""
