"""Answers that come in a stream of bytes: read whole, or an error."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO, cast

from pyoxigraph import (
    Literal,
    NamedNode,
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    RdfFormat,
    Triple,
    parse,
    parse_query_results,
)

from cd22kg.errors import StoreError
from cd22kg.namespaces import STANDARD_PREFIXES
from cd22kg.store.base import Term

RESULTS = "application/sparql-results+json"
TRIPLES = "application/n-triples"

_BOOLEAN = NamedNode(STANDARD_PREFIXES["xsd"] + "boolean")
_BOOLEANS = {
    Literal(number, datatype=_BOOLEAN): Literal(word, datatype=_BOOLEAN)
    for number, word in (("0", "false"), ("1", "true"))
}

Row = tuple[Term | None, ...]

#: Virtuoso calls a blank node by an IRI; in a JSON text these bytes can stand nowhere else, for quotes are escaped.
_NODE_ID = re.compile(rb'("type"\s*:\s*"bnode"\s*,\s*"value"\s*:\s*")nodeID://')


def read_results(chunks: Iterable[bytes], host: str) -> tuple[tuple[str, ...], Iterator[Row]] | bool:
    """Return the columns and the rows of SPARQL results in JSON, or a truth value.

    Raises:
        StoreError: Also on the way through the rows: if the results are cut short, or are none.
    """
    source = cast(BinaryIO, _Source(chunks))
    try:
        results = parse_query_results(source, QueryResultsFormat.JSON)
    except SyntaxError as error:
        raise _unreadable(error, host) from None
    if isinstance(results, QueryBoolean):
        return bool(results)
    columns = tuple(variable.value for variable in results.variables)
    return columns, _rows([results], host)


def _rows(waiting: list[QuerySolutions], host: str) -> Iterator[Row]:
    # Out of the list at the end: the engine's object must be let go in the thread that made it, and a traceback that
    # keeps this frame may live on to another.
    try:
        for solution in waiting[0]:
            yield tuple(solution)
    except SyntaxError as error:
        raise _unreadable(error, host) from None
    finally:
        waiting.clear()


def read_triples(chunks: Iterable[bytes], host: str) -> Iterator[Triple]:
    """Yield the triples of N-Triples.

    Raises:
        StoreError: If they are cut short, or are none.
    """
    try:
        for quad in parse(cast(BinaryIO, _Source(chunks)), format=RdfFormat.N_TRIPLES):
            yield quad.triple
    except SyntaxError as error:
        raise _unreadable(error, host) from None


def _unreadable(error: SyntaxError, host: str) -> StoreError:
    said = (error.msg or "").splitlines()[0] if error.msg else ""
    if re.search(r"end of file|end of stream|followed by a dot", said, re.IGNORECASE):
        return StoreError(f"{host} cut its answer short", hint="look into the log of the server; try again")
    return StoreError(f"{host} answers what cannot be read: {said[:200]}", hint="is this a SPARQL 1.1 endpoint?")


def plain_blank_nodes(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield results in JSON with the blank nodes of Virtuoso (``nodeID://b1``) named as the standard wants it."""
    kept = b""
    for chunk in chunks:
        data = kept + chunk
        # What a later piece may complete: from the last `"type"` near the end, or half of that word.
        start = data.rfind(b'"type"', max(0, len(data) - 100))
        end = start if start >= 0 else max(0, len(data) - 6)
        yield _NODE_ID.sub(rb"\1", data[:end])
        kept = data[end:]
    yield _NODE_ID.sub(rb"\1", kept)


def plain_booleans(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows with the booleans of Virtuoso (1 and 0) written as every other store writes them."""
    for row in rows:
        yield tuple(_BOOLEANS.get(term, term) if isinstance(term, Literal) else term for term in row)


class _Source:
    """A file to read from, made of pieces."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes, and none at the end only."""
        while not self._rest:
            piece = next(self._chunks, None)
            if piece is None:
                return b""
            self._rest = piece
        if size < 0:
            size = len(self._rest)
        data, self._rest = self._rest[:size], self._rest[size:]
        return data
