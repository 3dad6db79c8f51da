"""Quads in portions that one request can carry.

The label of a blank node means nothing beyond the request that it is sent in. So quads with blank nodes are kept back
and sent together at the end; they have to fit in memory.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO, cast

from pyoxigraph import BlankNode, NamedNode, Quad, RdfFormat, Triple, serialize

from cd22kg.errors import StoreError

#: Bytes of a body that are kept in memory; more goes to a temporary file.
SPOOL = 16 * 1024 * 1024
_CHUNK = 5_000


def spool() -> IO[bytes]:
    """Return a file for the body of a request, in memory while it is small."""
    return cast(IO[bytes], tempfile.SpooledTemporaryFile(max_size=SPOOL))  # the caller closes it


def write_lines(quads: Iterable[Quad], file: IO[bytes], form: RdfFormat) -> int:
    """Write quads as N-Quads, or their triples as N-Triples, in little memory; return how many there were."""
    count = 0
    waiting = iter(quads)
    while chunk := list(islice(waiting, _CHUNK)):
        items = chunk if form == RdfFormat.N_QUADS else [quad.triple for quad in chunk]
        file.write(serialize(items, format=form) or b"")
        count += len(chunk)
    return count


def named(quads: Iterable[Quad]) -> Iterator[Quad]:
    """Yield the quads.

    Raises:
        StoreError: If one is in no named graph: servers differ in what a query then sees of it.
    """
    for quad in quads:
        if not isinstance(quad.graph_name, NamedNode):
            raise StoreError(f"a quad is in no named graph: {quad.triple}", hint="give every quad a graph with an IRI")
        yield quad


def batches(quads: Iterable[Quad], size: int, *, by_graph: bool) -> Iterator[tuple[str, list[Quad]]]:
    """Yield portions of about `size` quads, those with blank nodes last, however many they are.

    Args:
        quads: In named graphs.
        size: Quads per portion, >= 1.
        by_graph: Whether each portion holds one graph only; its IRI comes with it, else nothing.

    Raises:
        StoreError: If a quad is in no named graph; or if portions hold one graph and a blank node is in two.
    """
    plain: dict[str, list[Quad]] = {}
    with_blanks: dict[str, list[Quad]] = {}
    homes: dict[str, str] = {}
    count = 0
    for quad in named(quads):
        key = cast(NamedNode, quad.graph_name).value if by_graph else ""
        if labels := _labels(quad.triple):
            for label in labels:
                if homes.setdefault(label, key) != key:
                    raise StoreError(
                        f"the blank node _:{label} is in two graphs, <{homes[label]}> and <{key}>",
                        hint="this server takes one graph at a time; give the node an IRI",
                    )
            with_blanks.setdefault(key, []).append(quad)
            continue
        plain.setdefault(key, []).append(quad)
        count += 1
        if count >= size:
            yield from plain.items()
            plain, count = {}, 0
    yield from plain.items()
    yield from with_blanks.items()


def _labels(triple: Triple) -> list[str]:
    found = []
    for term in (triple.subject, triple.object):
        if isinstance(term, BlankNode):
            found.append(term.value)
        elif isinstance(term, Triple):
            found += _labels(term)
    return found
