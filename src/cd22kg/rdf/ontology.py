"""The ontology files: their quads, and the concepts that claim files may name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, parse

from cd22kg.errors import InputError, Location
from cd22kg.gate.text import place_after, read_text
from cd22kg.model import Concept, Vocabulary
from cd22kg.namespaces import (
    BASE,
    CONCEPT_KINDS,
    GRAPH_ONTOLOGY,
    GRAPH_VOCABULARY,
    STANDARD_PREFIXES,
    compact,
)
from cd22kg.rdf import mappings as table
from cd22kg.resources import resource_files

_SKOS = STANDARD_PREFIXES["skos"]
_IMPORTS = STANDARD_PREFIXES["owl"] + "imports"
#: The file whose graph is the ontology; every other one is vocabulary.
CORE = "cd22kg.ttl"
#: What the terms are in other vocabularies.
ALIGNMENT = "alignment.ttl"
#: Files that are published beside the ontology and not part of the graph.
APART = frozenset({ALIGNMENT})


@dataclass(frozen=True)
class Ontology:
    """The quads of the ontology and vocabulary graphs, the concepts by kind, and what they match outside."""

    quads: tuple[Quad, ...]
    vocabulary: Vocabulary
    mappings: tuple[table.Mapping, ...]


def read_turtle(path: Path, graph: str, *, name: str = "") -> list[Quad]:
    """Return the triples of a Turtle file as quads of a graph.

    Raises:
        InputError: If it cannot be read or is not Turtle, with the line and column.
    """
    name = name or str(path)
    text = read_text(path, name=name)
    target = NamedNode(graph)
    try:
        return [
            Quad(quad.subject, quad.predicate, quad.object, target)
            for quad in parse(text, format=RdfFormat.TURTLE, rename_blank_nodes=True)
        ]
    except SyntaxError as error:
        place = Location(name, error.lineno or 0, error.offset or 0)
        raise InputError(f"not valid Turtle: {error.msg}", place, hint="mend the syntax there") from None


def read_ontology() -> Ontology:
    """Return the ontology, the concept lists and the mapping table that ship with the package."""
    quads: list[Quad] = []
    for path in resource_files("ontology", "*.ttl"):
        if path.name in APART:
            continue
        graph = GRAPH_ONTOLOGY if path.name == CORE else GRAPH_VOCABULARY
        found = read_turtle(path, graph, name=f"ontology/{path.name}")
        if imported := next((quad.object for quad in found if quad.predicate.value == _IMPORTS), None):
            place = Location(f"ontology/{path.name}")
            raise InputError(f"the file imports {imported}", place, hint="imports are not followed; copy the axioms")
        quads += found
    vocabulary = vocabulary_of(quads)
    (path,) = resource_files("ontology", table.FILE)
    mappings = table.read_mappings(path, vocabulary, name=f"ontology/{path.name}")
    return Ontology((*quads, *table.mapping_quads(mappings)), vocabulary, mappings)


def read_alignment() -> tuple[Quad, ...]:
    """Return what the terms of the ontology are in other vocabularies, with the labels of those terms."""
    (path,) = resource_files("ontology", ALIGNMENT)
    return tuple(read_turtle(path, GRAPH_ONTOLOGY, name=f"ontology/{path.name}"))


def place_of(iri: str) -> Location | None:
    """Return where the ontology files describe a term or concept, or nothing."""
    return _first(rf"^(?:<{re.escape(iri)}>|{re.escape(compact(iri))})\s")


def mention_of(iri: str) -> Location | None:
    """Return the first place where the ontology files name a term or concept, or nothing."""
    return _first(rf"<{re.escape(iri)}>|(?<![\w-]){re.escape(compact(iri))}(?![\w-])")


def _first(pattern: str) -> Location | None:
    """Return the first match in the ontology files; those that are apart come last."""
    sought = re.compile(pattern, re.MULTILINE)
    for path in sorted(resource_files("ontology", "*.ttl"), key=lambda path: (path.name in APART, path.name)):
        name = f"ontology/{path.name}"
        text = read_text(path, name=name)
        if found := sought.search(text):
            return place_after(name, text[: found.start()])
    return None


def vocabulary_of(quads: Iterable[Quad]) -> Vocabulary:
    """Return the concepts that the quads of ontology and vocabulary describe."""
    return Vocabulary.of(_concepts(quads))


def _concepts(quads: Iterable[Quad]) -> Iterator[Concept]:
    texts: dict[str, dict[str, list[str]]] = {}
    for quad in quads:
        if isinstance(quad.subject, NamedNode) and isinstance(quad.object, Literal):
            by_predicate = texts.setdefault(quad.subject.value, {})
            by_predicate.setdefault(quad.predicate.value, []).append(quad.object.value)
    for subject, found in texts.items():
        kind, _, slug = subject.removeprefix(BASE).partition("/")
        if not subject.startswith(BASE) or kind not in CONCEPT_KINDS or _SKOS + "prefLabel" not in found:
            continue
        yield Concept(
            kind=kind,
            slug=slug,
            label=found[_SKOS + "prefLabel"][0],
            notations=tuple(sorted(found.get(_SKOS + "notation", ()))),
            names=tuple(sorted(found.get(_SKOS + "altLabel", ()))),
        )
