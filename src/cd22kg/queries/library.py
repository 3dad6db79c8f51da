"""Questions from files: SPARQL with a header of ``#+`` lines that hold YAML, as grlc reads it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from cd22kg.errors import QueryError
from cd22kg.gate.header import read_with_header
from cd22kg.resources import resource_files

_NUMBER = re.compile(r"[Qq][0-9]+")


@dataclass(frozen=True)
class Parameter:
    """A value that a question takes.

    Attributes:
        name: Its name.
        kind: What it names: a thing of a kind, a ``graph``, or plain ``text`` or ``integer``.
        description: What it is for.
        default: What stands for it where none is given.
        among: The concepts of which it must be one, or lie within one; any of the kind where none are named.
    """

    name: str
    kind: str
    description: str
    default: tuple[str, ...] = ()
    among: tuple[str, ...] = ()


@dataclass(frozen=True)
class Query:
    """A question with its header.

    Attributes:
        name: Its name, that of its file.
        summary: What it is about, in a line.
        description: What it asks.
        explanation: How its answer is to be read, in plain words.
        tags: What it belongs to.
        parameters: What it takes.
        text: The file as a whole, which is SPARQL.
        number: Its number among the competency questions, such as ``Q1``; empty where it has none.
    """

    name: str
    summary: str
    description: str
    explanation: str
    tags: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    text: str
    number: str = ""

    def parameter(self, name: str) -> Parameter:
        """Return one of the parameters.

        Raises:
            QueryError: If there is none of that name; it lists those there are.
        """
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        names = ", ".join(p.name for p in self.parameters) or "none"
        raise QueryError(f"the query `{self.name}` has no parameter `{name}`", hint=f"it takes: {names}")


def read_query(path: Path, *, name: str = "") -> Query:
    """Return the question in a file.

    Raises:
        InputError: If the header is missing, is not YAML, or lacks a field.
    """
    header, text = read_with_header(path, name=name or str(path))
    parameters = tuple(
        Parameter(given["name"], given["kind"], given["description"], given.texts("default"), given.texts("among"))
        for given in header.parts("parameters")
    )
    return Query(
        path.stem,
        header["summary"],
        header["description"],
        header["explanation"],
        tuple(header["tags"]),
        parameters,
        text,
        header.fields.get("question", ""),
    )


def library() -> tuple[Query, ...]:
    """Return the questions that ship with the package, by name."""
    return tuple(read_query(path, name=f"queries/{path.name}") for path in resource_files("queries", "*.rq"))


def find_query(name: str) -> Query:
    """Return the question of that name, or of that number, such as ``Q1``.

    Raises:
        QueryError: If there is none; it lists the nearest names.
    """
    paths = {path.stem: path for path in resource_files("queries", "*.rq")}
    if name in paths:
        return read_query(paths[name], name=f"queries/{name}.rq")
    if _NUMBER.fullmatch(name):
        for query in library():
            if query.number == name.upper():
                return query
    near = get_close_matches(name, paths, n=3) or sorted(paths)
    raise QueryError(f"no query is called `{name}`", hint=f"try {', '.join(near)}; `cd22kg query --list` shows all")
