"""What a store can do, and the form of its answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple

Term = NamedNode | BlankNode | Literal | Triple


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

    A query sees the union of all graphs unless it names one with ``GRAPH``.
    """

    def load(self, quads: Iterable[Quad]) -> None:
        """Add the quads."""

    def query(self, text: str, *, prefixes: Mapping[str, str] | None = None, name: str = "query") -> Answer:
        """Return the answer to a query.

        The prefixes are known in it without being declared; messages call it by the name.

        Raises:
            QueryError: If it is not SPARQL 1.1.
        """

    def quads(self) -> Iterator[Quad]:
        """Yield every quad, in no order; numbers may have lost digits (68.10 is 68.1)."""

    def graphs(self) -> tuple[str, ...]:
        """Return the IRIs of the named graphs, sorted."""

    def __len__(self) -> int:
        """Return the number of quads."""

    def close(self) -> None:
        """Give back files and memory."""
