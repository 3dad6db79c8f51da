"""Quads to an rdflib graph, for those who use one: pySHACL, and users of the Python API.

Both libraries fold plain literals and ``xsd:string``; here both become plain, so that neither side reports a
difference that is not there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple

from cd22kg.namespaces import PREFIXES, STANDARD_PREFIXES

if TYPE_CHECKING:
    import rdflib

_STRING = STANDARD_PREFIXES["xsd"] + "string"


def to_rdflib(quads: Iterable[Quad | Triple], graph: rdflib.Graph | None = None) -> rdflib.Graph:
    """Add the triples of the quads, without their graphs, to an rdflib graph and return it."""
    import rdflib

    target = rdflib.Graph() if graph is None else graph
    for prefix, base in PREFIXES.items():
        target.bind(prefix, base)

    def convert(term: NamedNode | BlankNode | Literal | Triple) -> rdflib.term.Node:
        if isinstance(term, NamedNode):
            return rdflib.URIRef(term.value)
        if isinstance(term, BlankNode):
            return rdflib.BNode(term.value)
        if isinstance(term, Triple):
            raise TypeError("rdflib knows no triple terms")
        if term.language:
            return rdflib.Literal(term.value, lang=term.language)
        datatype = term.datatype.value
        if datatype == _STRING:
            return rdflib.Literal(term.value)
        return rdflib.Literal(term.value, datatype=rdflib.URIRef(datatype), normalize=False)

    for quad in quads:
        target.add((convert(quad.subject), convert(quad.predicate), convert(quad.object)))
    return target
