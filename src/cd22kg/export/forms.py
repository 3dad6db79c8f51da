"""The published forms of the ontology: one set of triples in several syntaxes, the same bytes each time."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from pyoxigraph import Quad, RdfFormat, Triple, serialize

from cd22kg.errors import QueryError
from cd22kg.namespaces import BASE, GRAPH_ONTOLOGY, PREFIXES
from cd22kg.rdf import HEADER, canonical_quads, graph_of, read_alignment, read_ontology, to_turtle

#: What may follow a prefix.
_LOCAL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def ontology_quads(*, alignment: bool = False) -> tuple[Quad, ...]:
    """Return the classes and properties of this project, without the concept lists.

    Args:
        alignment: Also what they are in other vocabularies. The header of that file stays out: a document of OWL 2
            describes one ontology.
    """
    core = tuple(quad for quad in read_ontology().quads if graph_of(quad) == GRAPH_ONTOLOGY)
    if not alignment:
        return core
    header = f"<{BASE}ontology/alignment>"
    return (*core, *(quad for quad in read_alignment() if str(quad.subject) != header))


def _rdf_xml(quads: Iterable[Quad]) -> str:
    triples = _triples(quads)
    return (serialize(triples, format=RdfFormat.RDF_XML, prefixes=_prefixes(triples)) or b"").decode().strip() + "\n"


def _json_ld(quads: Iterable[Quad]) -> str:
    triples = _triples(quads)
    # A prefix that ends in a letter is none for JSON-LD unless its context says so at length.
    context = {prefix: base for prefix, base in _prefixes(triples).items() if base[-1] in "/#"}

    def short(iri: str) -> str:
        for prefix, base in context.items():
            if iri.startswith(base) and _LOCAL.fullmatch(iri, len(base)):
                return f"{prefix}:{iri[len(base) :]}"
        return iri

    def shorter(node: Any) -> Any:
        if isinstance(node, list):
            return [shorter(item) for item in node]
        if not isinstance(node, dict):
            return node
        found = {key if key.startswith("@") else short(key): shorter(value) for key, value in node.items()}
        for key in ("@id", "@type"):
            if isinstance(found.get(key), str):
                found[key] = short(found[key])
        if types := found.pop("rdf:type", None):
            found = {"@id": found["@id"], "@type": [kind["@id"] for kind in types], **found}
        return found

    graph = shorter(json.loads(serialize(triples, format=RdfFormat.JSON_LD) or b"[]"))
    return json.dumps({"@context": context, "@graph": graph}, ensure_ascii=False, indent=1) + "\n"


def _triples(quads: Iterable[Quad]) -> list[Triple]:
    return [Triple(q.subject, q.predicate, q.object) for q in canonical_quads(quads)]


def _prefixes(triples: Iterable[Triple]) -> dict[str, str]:
    text = " ".join(map(str, triples))
    return {prefix: base for prefix, base in PREFIXES.items() if f"<{base}" in text}


#: Each form by the name the command line gives it, with its writer.
FORMS: dict[str, Callable[[Iterable[Quad]], str]] = {
    "ttl": lambda quads: to_turtle(quads, header=HEADER),
    "rdfxml": _rdf_xml,
    "jsonld": _json_ld,
}


def export_ontology(form: str = "ttl", *, alignment: bool = False) -> str:
    """Return the ontology in one of `FORMS`.

    Raises:
        QueryError: If the form is unknown; it lists those there are.
    """
    if form not in FORMS:
        raise QueryError(f"unknown format `{form}`", hint=f"one of: {', '.join(FORMS)}")
    return FORMS[form](ontology_quads(alignment=alignment))
