"""The command line: thin doors that parse, call one function and print."""

from cd22kg.cli.main import main

__all__ = ["main"]
