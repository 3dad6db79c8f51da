"""The entry point: one place where errors become messages and exit codes.

Exit codes: 0 fine, 1 the data does not conform, 2 could not run.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from cd22kg.errors import Cd22kgError

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


def main() -> None:
    """Run the command line and exit."""
    from cd22kg.cli import ask, curate, export  # noqa: F401  # importing registers the commands

    try:
        app()
    except Cd22kgError as error:
        typer.echo(str(error), err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader has gone (`| head`): say nothing, and keep Python from flushing into the void.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        typer.echo("interrupted", err=True)
        sys.exit(130)
