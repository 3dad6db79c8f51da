"""The graph, or the part of it that one source asserts, as Turtle; the whole of it as N-Quads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

from pyoxigraph import NamedNode, Quad

from cd22kg.namespaces import BASE, GRAPH_CLAIMS, GRAPH_COMPUTED, GRAPH_INFERRED
from cd22kg.progress import Meter, silent
from cd22kg.rdf import HEADER, canonical_lines, graph_of, write_turtle


def export_turtle(
    quads: Iterable[Quad],
    file: BinaryIO,
    *,
    source: str = "",
    asserted: bool = False,
    meter: Meter = silent,
    total: int = 0,
) -> None:
    """Write the graph as canonical Turtle; the description of the dataset with its licence is always in it.

    Args:
        quads: The quads of the graph; there may be more than fit in memory.
        file: Where to.
        source: Slug of a source: only the claims of its file.
        asserted: Leave out what was inferred or computed.
        meter: Told the quads read and written, each of which is half of the way.
        total: How many quads there are, if known.
    """
    drop = {GRAPH_INFERRED, GRAPH_COMPUTED} if asserted else set()
    only = GRAPH_CLAIMS + source if source else ""

    def wanted(quad: Quad) -> bool:
        if isinstance(quad.subject, NamedNode) and quad.subject.value == BASE:
            return True
        graph = graph_of(quad)
        return graph == only if only else graph not in drop

    write_turtle(filter(wanted, quads), file, header=HEADER, meter=meter, total=total)


def export_nquads(quads: Iterable[Quad], file: BinaryIO, *, meter: Meter = silent, total: int = 0) -> None:
    """Write the quads as canonical N-Quads: one line each, sorted; for the meter see `export_turtle`."""
    file.writelines(canonical_lines(quads, meter=meter, total=total))
