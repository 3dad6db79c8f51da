"""Canonical text: the same quads give the same bytes, whatever order they came in.

Only the ontology graph holds blank nodes; they are labelled by RDFC-1.0. Everything else is made canonical by sorting.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from pyoxigraph import BlankNode, CanonicalizationAlgorithm, Dataset, DefaultGraph, Quad, RdfFormat, serialize

#: More quads with blank nodes than any hand-written ontology needs; the worst case is exponential.
MAX_BLANK_QUADS = 20_000


def canonical_quads(quads: Iterable[Quad]) -> list[Quad]:
    """Return the quads, each once, blank nodes labelled canonically, in the order of their N-Quads lines.

    Raises:
        ValueError: If there are over `MAX_BLANK_QUADS` quads with blank nodes.
    """
    plain: list[Quad] = []
    blank: list[Quad] = []
    for quad in quads:
        (blank if _has_blank(quad) else plain).append(quad)
    if len(blank) > MAX_BLANK_QUADS:
        raise ValueError(f"{len(blank)} quads with blank nodes; at most {MAX_BLANK_QUADS} can be made canonical")
    if blank:
        dataset = Dataset(blank)
        dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
        plain += dataset
    return sorted(set(plain), key=str)


def canonical_nquads(quads: Iterable[Quad]) -> bytes:
    """Return the canonical N-Quads document."""
    lines = serialize(canonical_quads(quads), format=RdfFormat.N_QUADS)
    return b"".join(sorted((lines or b"").splitlines(keepends=True)))


def digest(data: bytes) -> str:
    """Return the SHA-256 of bytes as ``sha256:<hex>``."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def graph_of(quad: Quad) -> str:
    """Return the IRI of the graph a quad stands in; empty for the default graph."""
    return "" if isinstance(quad.graph_name, DefaultGraph) else quad.graph_name.value


def _has_blank(quad: Quad) -> bool:
    return any(isinstance(term, BlankNode) for term in (quad.subject, quad.object, quad.graph_name))
