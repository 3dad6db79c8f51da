"""Canonical text: the same quads give the same bytes, whatever order they came in.

Only the ontology graph holds blank nodes; they are labelled by RDFC-1.0. Everything else is made canonical by sorting.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator

from pyoxigraph import BlankNode, CanonicalizationAlgorithm, Dataset, DefaultGraph, Quad

from cd22kg.errors import InputError
from cd22kg.progress import Meter, silent
from cd22kg.rdf.sorting import sorted_unique

#: More quads with blank nodes than any hand-written ontology needs; the worst case is exponential.
MAX_BLANK_QUADS = 20_000
#: More blank nodes at one property of a blank node than any hand-written ontology needs; time grows with its factorial.
MAX_ALIKE = 6
_HINT = "give the nodes IRIs"


def canonical_quads(quads: Iterable[Quad]) -> list[Quad]:
    """Return the quads, each once, blank nodes labelled canonically, in the order of their N-Quads lines.

    Raises:
        InputError: If there are over `MAX_BLANK_QUADS` quads with blank nodes, or they are too entangled.
    """
    return sorted(set(labelled(quads)), key=str)


def labelled(quads: Iterable[Quad]) -> Iterator[Quad]:
    """Yield the quads with blank nodes labelled canonically, those that have some last; only these are held in memory.

    Raises:
        InputError: If there are over `MAX_BLANK_QUADS` of those, or a node has over `MAX_ALIKE` others at a property.
    """
    blank: list[Quad] = []
    for quad in quads:
        if not _has_blank(quad):
            yield quad
        elif len(blank) < MAX_BLANK_QUADS:
            blank.append(quad)
        else:
            raise InputError(f"over {MAX_BLANK_QUADS} quads with blank nodes cannot be made canonical", hint=_HINT)
    if blank:
        _refuse_entangled(blank)
        dataset = Dataset(blank)
        dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
        yield from dataset


def _refuse_entangled(blank: Iterable[Quad]) -> None:
    """Refuse nodes that link to many others by one property: each order of these would be tried."""
    alike: Counter[tuple[str, str]] = Counter()
    for quad in set(blank):
        if isinstance(quad.subject, BlankNode) and isinstance(quad.object, BlankNode):
            alike[str(quad.subject), f"{quad.predicate}"] += 1
            alike[str(quad.object), f"^{quad.predicate}"] += 1
    if alike and max(alike.values()) > MAX_ALIKE:
        message = f"a blank node with over {MAX_ALIKE} others at one property cannot be made canonical"
        raise InputError(message, hint=_HINT)


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
