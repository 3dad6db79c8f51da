"""How a command ends: the one place where errors become messages and exit codes.

Exit codes: 0 fine, 1 the data does not conform, 2 could not run, 130 interrupted.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import typer

from cd22kg.errors import Cd22kgError

INTERRUPTED = 130


def ended(work: Callable[[], object]) -> int:
    """Do the work, tell on stderr what went wrong, and return the exit code."""
    try:
        work()
    except Cd22kgError as error:
        typer.echo(str(error), err=True)
        return error.exit_code
    except (OSError, UnicodeError) as error:
        typer.echo(f"could not run: {error}", err=True)
        return 2
    except MemoryError:
        typer.echo("could not run: out of memory", err=True)
        return 2
    except KeyboardInterrupt:
        return INTERRUPTED
    except typer.Exit as done:
        return done.exit_code
    except Exception as error:
        if os.environ.get("CD22KG_TRACEBACK"):
            raise
        typer.echo(f"a fault of the program: {type(error).__name__}: {error}", err=True)
        typer.echo("  fix:  report it, with what CD22KG_TRACEBACK=1 shows", err=True)
        return 2
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else 0 if done.code is None else 2
    return 0
