"""What a store can do, and the form of its answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple

from cd22kg.errors import Location, QueryError
from cd22kg.gate.text import visible
from cd22kg.namespaces import STAT
from cd22kg.statistics.sparql import IN_PYTHON

Term = NamedNode | BlankNode | Literal | Triple

#: Values by parameter; a block of the query without any is left out.
Parameters = Mapping[str, Sequence[NamedNode | Literal]]


@dataclass(frozen=True)
class Table:
    """The answer to a SELECT: one row of terms each, nothing where a variable is unbound."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Term | None, ...], ...]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)


#: A table for SELECT, triples for CONSTRUCT and DESCRIBE, true or false for ASK.
Answer = Table | tuple[Triple, ...] | bool


class Store(Protocol):
    """A set of quads in named graphs that can be asked in SPARQL 1.1.

    A query sees the union of all graphs unless it names one with ``GRAPH``. A store is a context manager that closes
    itself.
    """

    def load(self, quads: Iterable[Quad]) -> None:
        """Add the quads, all or, after an error, none where the engine can.

        Raises:
            StoreError: If they cannot be written.
        """

    def bulk_load(self, quads: Iterable[Quad]) -> None:
        """Add many quads as fast as the engine can; after an error a part of them may be there.

        An exception that the quads raise on their way, such as that of an interrupt, goes through unchanged.

        Raises:
            StoreError: If they cannot be written.
        """

    def query(
        self,
        text: str,
        *,
        parameters: Parameters | None = None,
        prefixes: Mapping[str, str] | None = None,
        name: str = "query",
    ) -> Answer:
        """Return the answer to a query, whole or not at all.

        Args:
            text: SPARQL 1.1.
            parameters: Values for the marked blocks of the text, see `fill`.
            prefixes: Known in the text without being declared.
            name: How messages call the query.

        Raises:
            QueryError: If it is not SPARQL 1.1, or the engine gives up on it.
            StoreError: If the store cannot be reached, or cut its answer short.
        """

    def select(self, text: str, *, name: str = "query") -> tuple[tuple[str, ...], Iterator[tuple[Term | None, ...]]]:
        """Return the columns of a SELECT, and its rows one after the other, in little memory where the engine can.

        For queries that this library wrote and that may have very many rows.

        Raises:
            QueryError: If it is not a SELECT, or the engine gives up on it, then perhaps only after some rows.
            StoreError: If the store cannot be reached, or cut its answer short.
        """

    def update(self, text: str, *, prefixes: Mapping[str, str] | None = None) -> None:
        """Run a SPARQL update that this library wrote; text from outside never comes here.

        Raises:
            QueryError: If it is not a SPARQL update.
            StoreError: If it cannot be run.
        """

    def quads(self, graph: str = "") -> Iterator[Quad]:
        """Yield every quad, or those of one named graph, in no order; numbers may have lost digits (68.10 is 68.1)."""

    def graphs(self) -> tuple[str, ...]:
        """Return the IRIs of the named graphs, sorted."""

    def count(self, graph: str = "") -> int:
        """Return the number of quads, or of those in one named graph."""

    def dump(self, file: BinaryIO) -> int:
        """Write every quad as a line of N-Quads, in no order and in little memory; return how many there were."""

    def close(self) -> None:
        """Give back files, connections and memory."""

    def __enter__(self) -> Store:
        """Return the store."""

    def __exit__(self, *exception: object) -> None:
        """Close it."""


#: A block of a query that belongs to a parameter, see `fill`.
BLOCK = re.compile(r"^[ \t]*# param (?P<name>[a-z-]+)\n(?P<body>.*?)^[ \t]*# end\n", re.MULTILINE | re.DOTALL)
_VALUES = re.compile(r"(?P<head>VALUES \?\w+ )\{[^}]*\}")


def fill(text: str, parameters: Parameters) -> str:
    """Return a query with the values of its parameters, written as terms into marked ``VALUES`` blocks.

    A block looks like this; without a value the whole block goes, so that the query asks for everything:

        # param indication
        VALUES ?asked { indication:b-all }
        ?indication cd22:within ?asked .
        # end

    Raises:
        QueryError: If the text has no block for a parameter.
    """
    used: set[str] = set()

    def filled(block: re.Match[str]) -> str:
        name = block["name"]
        used.add(name)
        if not parameters.get(name):
            return ""
        inside = " ".join(map(str, parameters[name]))
        return _VALUES.sub(lambda match: f"{match['head']}{{ {inside} }}", block["body"])

    result = BLOCK.sub(filled, text)
    if unknown := sorted(set(parameters) - used):
        hint = "give the block a line `# param NAME` before and `# end` after it"
        raise QueryError(f"the query has no block for the parameter `{unknown[0]}`", hint=hint)
    return result


#: Signs of a line that are shown before the place of an error, and after it.
_AROUND = 50
_PLACE = re.compile(r"(?:error )?at (\d+):(\d+): (.*)", re.DOTALL)


def syntax_error(message: str, name: str, text: str = "") -> QueryError:
    """Return an engine's complaint about a query, with its place as a location; of the text, the line is shown."""
    found = _PLACE.search(message)
    place = Location(name, int(found[1]), int(found[2])) if found else Location(name)
    said = (found[3] if found else message).splitlines()[0]
    said = said if len(said) <= 80 else said[:80].rpartition(",")[0] + ", ..."
    shown = _shown(text, place.line, place.column) if text and place.line else ""
    return QueryError(f"not SPARQL: {said}{shown}", place, hint="mend the query there; is every bracket closed?")


def _shown(text: str, number: int, column: int) -> str:
    """Return a line of a query with a mark below a column; of a long line, the part around it."""
    lines = text.split("\n")
    line = visible(lines[number - 1]) if number <= len(lines) else ""
    start = max(0, column - _AROUND)
    return f"\n  {line[start : start + 2 * _AROUND]}\n  {' ' * (column - 1 - start)}^" if line.strip() else ""


def hint_of_failure(message: str, usual: str) -> str:
    """Return what to do about an engine's complaint about a query that it could not run: the usual, or which functions.

    Args:
        message: The complaint; of a function that it does not know, it names the IRI.
        usual: What to do about any other.
    """
    return f"the functions of stat: are {', '.join(sorted(IN_PYTHON))}" if f"<{STAT}" in message else usual
