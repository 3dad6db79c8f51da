"""Objects to quads, ontology files to concepts, and canonical text. Terms and syntax are pyoxigraph's."""

from cd22kg.rdf.canonical import canonical_lines, canonical_nquads, canonical_quads, digest, graph_of
from cd22kg.rdf.ontology import Ontology, mention_of, place_of, read_alignment, read_ontology, read_turtle
from cd22kg.rdf.quads import corpus_quads, thing_quads
from cd22kg.rdf.rdflib_bridge import to_rdflib
from cd22kg.rdf.turtle import HEADER, to_turtle, write_turtle

__all__ = [
    "HEADER",
    "Ontology",
    "canonical_lines",
    "canonical_nquads",
    "canonical_quads",
    "corpus_quads",
    "digest",
    "graph_of",
    "mention_of",
    "place_of",
    "read_alignment",
    "read_ontology",
    "read_turtle",
    "thing_quads",
    "to_rdflib",
    "to_turtle",
    "write_turtle",
]
