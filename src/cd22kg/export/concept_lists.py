"""The page of the concept lists: what claim files may name."""

from __future__ import annotations

from collections.abc import Iterator

from cd22kg.export.markdown import NOTICE, anchor, plain
from cd22kg.export.termbook import RDFS, SKOS, TYPE, TermBook
from cd22kg.namespaces import BASE, CONCEPT_KINDS

SCHEME = SKOS + "ConceptScheme"


def concept_page(book: TermBook) -> Iterator[str]:
    """Yield the lines of the page: per list the slug, name and definition of each concept."""
    lists = schemes(book)
    yield from ("# The concept lists of cd22kg", "")
    size = f"{concept_count(book)} concepts in {len(lists)} lists"
    yield f"What claim files may name: {size}, by the slug that they write."
    yield "The classes they belong to are in [the ontology](ontology.md)."
    yield from ("", NOTICE, "", "## Contents", "")
    labels = {scheme: book.text(scheme, RDFS + "label") for scheme in lists}
    yield " · ".join(f"[{labels[scheme]}](#{anchor(labels[scheme])})" for scheme in lists)
    for scheme in lists:
        kind = scheme.removeprefix(BASE + "scheme/")
        name = CONCEPT_KINDS[kind]
        yield from ("", f"## {labels[scheme]}", "")
        link = f"[{name}](ontology.md#{anchor(f'Class {name}')})"
        yield f"{plain(book.text(scheme, SKOS + 'definition'))} Class: {link}."
        yield from ("", "| slug | name | definition | below |", "|---|---|---|---|")
        for concept in _members(book, scheme):
            yield "| " + " | ".join(_concept_cells(book, concept, kind)) + " |"


def _concept_cells(book: TermBook, concept: str, kind: str) -> tuple[str, ...]:
    names = (*book.values(concept, SKOS + "altLabel"), *book.values(concept, SKOS + "notation"))
    label = plain(book.text(concept, SKOS + "prefLabel"))
    called = label + (f" ({plain(', '.join(names))})" if names else "")
    above = ", ".join(f"`{value.removeprefix(f'{BASE}{kind}/')}`" for value in book.values(concept, SKOS + "broader"))
    slug = concept.removeprefix(f"{BASE}{kind}/")
    return f"`{slug}`", called, plain(book.text(concept, SKOS + "definition")), above


def schemes(book: TermBook) -> list[str]:
    """Return the concept lists by their labels."""
    found = [iri for iri in book.facts if SCHEME in book.values(iri, TYPE)]
    return sorted(found, key=lambda iri: book.text(iri, RDFS + "label").lower())


def headings(book: TermBook) -> dict[str, str]:
    """Return the heading of each list, by the kind of its concepts."""
    return {scheme.removeprefix(f"{BASE}scheme/"): book.text(scheme, RDFS + "label") for scheme in schemes(book)}


def _members(book: TermBook, scheme: str) -> list[str]:
    return sorted(iri for iri in book.facts if scheme in book.values(iri, SKOS + "inScheme"))


def concept_count(book: TermBook) -> int:
    """Return the number of concepts."""
    return sum(1 for found in book.facts.values() if SKOS + "inScheme" in found)
