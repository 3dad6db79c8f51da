"""Canonical text: the same quads give the same bytes, whatever order they came in.

Only the ontology graph holds blank nodes; they are labelled by RDFC-1.0. Everything else is made canonical by sorting.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from pyoxigraph import BlankNode, CanonicalizationAlgorithm, Dataset, DefaultGraph, Quad

from cd22kg.errors import DataError, Problem
from cd22kg.progress import Meter, silent
from cd22kg.rdf.sorting import sorted_unique

#: More quads with blank nodes than any hand-written ontology needs; the worst case is exponential.
MAX_BLANK_QUADS = 20_000


def canonical_quads(quads: Iterable[Quad]) -> list[Quad]:
    """Return the quads, each once, blank nodes labelled canonically, in the order of their N-Quads lines.

    Raises:
        DataError: If there are over `MAX_BLANK_QUADS` quads with blank nodes.
    """
    return sorted(set(labelled(quads)), key=str)


def labelled(quads: Iterable[Quad]) -> Iterator[Quad]:
    """Yield the quads with blank nodes labelled canonically, those that have some last; only these are held in memory.

    Raises:
        DataError: If there are over `MAX_BLANK_QUADS` of those.
    """
    blank: list[Quad] = []
    for quad in quads:
        if not _has_blank(quad):
            yield quad
        elif len(blank) < MAX_BLANK_QUADS:
            blank.append(quad)
        else:
            message = f"over {MAX_BLANK_QUADS} quads with blank nodes, too many to be made canonical"
            raise DataError([Problem(message, hint="give the nodes IRIs")])
    if blank:
        dataset = Dataset(blank)
        dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
        yield from dataset


def canonical_lines(quads: Iterable[Quad], *, meter: Meter = silent, total: int = 0) -> Iterator[bytes]:
    """Yield the lines of the canonical N-Quads document, in little memory; for the meter see `sorted_unique`."""
    for line in sorted_unique(map(str, labelled(quads)), meter=meter, total=total):
        yield f"{line} .\n".encode()


def canonical_nquads(quads: Iterable[Quad]) -> bytes:
    """Return the canonical N-Quads document."""
    return b"".join(canonical_lines(quads))


def digest(data: bytes) -> str:
    """Return the SHA-256 of bytes as ``sha256:<hex>``."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def graph_of(quad: Quad) -> str:
    """Return the IRI of the graph a quad stands in; empty for the default graph."""
    return "" if isinstance(quad.graph_name, DefaultGraph) else quad.graph_name.value


def _has_blank(quad: Quad) -> bool:
    return any(isinstance(term, BlankNode) for term in (quad.subject, quad.object, quad.graph_name))
