"""Objects to quads: one generic walk over the terms of the model.

Each source file becomes the named graph ``graph/claims/<source-slug>``. There are no blank nodes: a part has the IRI
of its owner with a fragment.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from pyoxigraph import Literal, NamedNode, Quad

from cd22kg.model import ANY_KIND, Claim, Cohort, Corpus, Model, SourceFile, Study, Term, terms
from cd22kg.namespaces import BASE, CD22, GRAPH_CLAIMS, STANDARD_PREFIXES, iri

_TYPE = NamedNode(STANDARD_PREFIXES["rdf"] + "type")
_XSD = STANDARD_PREFIXES["xsd"]
_DATE_TYPES = {4: "gYear", 7: "gYearMonth", 10: "date"}


def corpus_quads(corpus: Corpus) -> Iterator[Quad]:
    """Yield the quads of every claim file, graph by graph."""
    for file in corpus.files:
        yield from _file_quads(file)


def _file_quads(file: SourceFile) -> Iterator[Quad]:
    graph = NamedNode(GRAPH_CLAIMS + file.source.id)
    source = NamedNode(iri("source", file.source.id))
    for thing in file.things():
        subject = NamedNode(iri(thing.kind, thing.id))
        yield from thing_quads(thing, subject, graph)
        if isinstance(thing, Claim):
            yield Quad(subject, NamedNode(CD22 + "source"), source, graph)
        elif isinstance(thing, Study | Cohort):
            yield Quad(subject, NamedNode(CD22 + "describedIn"), source, graph)


def thing_quads(thing: Model, subject: NamedNode, graph: NamedNode) -> Iterator[Quad]:
    """Yield what a thing and its parts state, as quads of a graph."""
    yield Quad(subject, _TYPE, NamedNode(CD22 + thing.class_name), graph)
    for term in terms(type(thing)):
        value = getattr(thing, term.field)
        if value is None or not term.predicate:
            continue
        predicate = NamedNode(term.predicate)
        for number, item in enumerate(value if term.many else (value,), 1):
            if term.role == "nested":
                part = NamedNode(f"{subject.value}#{term.fragment}{f'-{number}' if term.many else ''}")
                yield Quad(subject, predicate, part, graph)
                yield from thing_quads(item, part, graph)
            else:
                yield Quad(subject, predicate, _object(term, item), graph)


def _object(term: Term, value: Any) -> NamedNode | Literal:
    if term.role == "link":
        return NamedNode(BASE + value) if term.kind == ANY_KIND else NamedNode(iri(term.kind, value))
    match term.datatype:
        case "string":
            return Literal(value)
        case "date":
            return Literal(value, datatype=NamedNode(_XSD + _DATE_TYPES[len(value)]))
        case datatype:
            return Literal(_lexical(value), datatype=NamedNode(_XSD + datatype))


def _lexical(value: Any) -> str:
    """Return a value as its author wrote it: every digit, no exponent."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if isinstance(value, Decimal) else str(value)
