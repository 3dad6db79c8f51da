"""The reference pages: every term of the ontology, concept list, question and rule, beside the class diagram.

Links are those of a checkout, in which the pages stand in ``docs/reference/``.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence

from pyoxigraph import Literal, NamedNode, Quad

from cd22kg.export.concept_lists import concept_count, concept_page, headings, schemes
from cd22kg.export.diagram import class_diagram
from cd22kg.export.forms import FORMS
from cd22kg.export.markdown import NOTICE, anchor, plain
from cd22kg.export.questions import questions_page
from cd22kg.export.rules import rules_page
from cd22kg.export.termbook import OWL, RDFS, SKOS, TYPE, TermBook
from cd22kg.namespaces import (
    BASE,
    CD22,
    CONCEPT_KINDS,
    GRAPH_CLAIMS,
    GRAPH_INFERRED,
    GRAPH_ONTOLOGY,
    GRAPH_VOCABULARY,
    SHAPES,
    STANDARD_PREFIXES,
    compact,
)
from cd22kg.queries import Result

ONTOLOGY = BASE + "ontology"
DCTERMS, VANN = STANDARD_PREFIXES["dcterms"], STANDARD_PREFIXES["vann"]
#: Where the pages find the files of the checkout.
TOP = "../../"
_CURIE = re.compile(r"\b[A-Za-z][A-Za-z0-9-]*:[A-Za-z0-9_][A-Za-z0-9_.-]*")
#: Properties that no key writes: their value is the source of the file.
BY_FILE = frozenset({"describedIn", "source"})
#: Longest value that an example shows in full.
_LONGEST = 90
#: How a property behaves, by the type that says so.
_CHARACTERISTICS = {"TransitiveProperty": "transitive", "SymmetricProperty": "symmetric"}


def reference_files(quads: Iterable[Quad], ask: Callable[[str], Result]) -> dict[str, str]:
    """Return the files of the reference by name, made from the graph and the files of the package.

    Args:
        quads: The graph of the packaged claims, with what is inferred.
        ask: Answers a question of the library by its name, from that graph.
    """
    book = TermBook.of(quads)
    return {
        "classes.svg": class_diagram(book),
        "concepts.md": _page(concept_page(book)),
        "ontology.md": _page(_ontology(book)),
        "queries.md": _page(questions_page(ask, headings(book))),
        "rules.md": _page(rules_page(book.shapes)),
    }


def _page(lines: Iterable[str]) -> str:
    return "\n".join(lines).rstrip("\n") + "\n"


# The ontology


def _ontology(book: TermBook) -> Iterator[str]:
    header = {name: book.text(ONTOLOGY, DCTERMS + name) for name in ("title", "description", "license", "modified")}
    version = book.text(ONTOLOGY, OWL + "versionIRI")
    counts = {
        "classes": len(book.classes),
        "object properties": len(book.ours("object property")),
        "datatype properties": len(book.ours("datatype property")),
        "annotation properties": len(book.ours("annotation property")),
    }
    kinds = ("object property", "datatype property", "annotation property")
    yield from (f"# {header['title']}", "", plain(header["description"]), "", NOTICE, "")
    yield from ("| | |", "|---|---|")
    yield f"| IRI | `{ONTOLOGY}` |"
    yield f"| version | `{version.rpartition('/')[2]}` (`{version}`), {header['modified']} |"
    yield f"| prefix | `{book.text(ONTOLOGY, VANN + 'preferredNamespacePrefix')}:` for `{CD22}` |"
    yield f"| licence | <{header['license']}> |"
    yield f"| terms | {', '.join(f'{number} {name}' for name, number in counts.items())} |"
    files = ", ".join(f"[{file}]({TOP}{file})" for file in ("ontology/cd22kg.ttl", "ontology/alignment.ttl"))
    yield f"| files | {files} |"
    yield f"| other syntaxes | `cd22kg export ontology --format FORMAT`, one of {', '.join(f'`{f}`' for f in FORMS)} |"
    yield f"| concept lists | [{concept_count(book)} in {len(schemes(book))} lists](concepts.md) |"
    yield from ("", "![The main classes and the properties between them](classes.svg)", "", "## Contents", "")
    yield from _tree(book)
    yield ""
    for kind in kinds:
        names = " · ".join(f"[{name}](#{anchor(_heading(book, name))})" for name in book.ours(kind))
        yield f"- [{_section(kind)}](#{anchor(_section(kind))}): {names}"
    yield from (
        "- [Disjoint classes](#disjoint-classes)",
        "- [Terms of other vocabularies](#terms-of-other-vocabularies)",
        "",
    )
    yield from ("## Classes", "")
    for name in book.classes:
        yield from _term(book, name, _class_rows(book, name))
    for kind in kinds:
        yield from (f"## {_section(kind)}", "")
        for name in book.ours(kind):
            yield from _term(book, name, _property_rows(book, name))
    yield from ("## Disjoint classes", "", "Nothing belongs to two classes of one line.", "")
    for axiom in book.axioms:
        if not isinstance(axiom.subject, NamedNode):
            yield "- " + _expression(book, axiom.show().partition(": ")[2])
    yield from ("", "## Terms of other vocabularies", "")
    yield "Declared so that the file is OWL 2 DL without imports. Claim files write those with a key."
    yield from ("", "| term | kind | key of claim files | below |", "|---|---|---|---|")
    for iri, kind in sorted(book.kinds.items(), key=lambda item: compact(item[0])):
        if not iri.startswith(CD22):
            keys = _fields(book, iri)
            below = ", ".join(_expression(book, text) for text in _foreign_above(book, iri))
            yield f"| `{compact(iri)}` | {kind} | {keys} | {below} |"


def _foreign_above(book: TermBook, iri: str) -> Sequence[str]:
    return [compact(value) for name in ("subClassOf", "subPropertyOf") for value in book.values(iri, RDFS + name)]


def _section(kind: str) -> str:
    return kind.capitalize().removesuffix("y") + "ies"


def _heading(book: TermBook, name: str) -> str:
    return f"{'Class' if book.kinds[CD22 + name] == 'class' else 'Property'} {name}"


def _tree(book: TermBook) -> Iterator[str]:
    """Yield the classes as a nested list, each below the first of ours above it."""

    def below(name: str, depth: int) -> Iterator[str]:
        yield f"{'  ' * depth}- {_link(book, name)}"
        for other in book.subclasses(name):
            yield from below(other, depth + 1)

    yield "- [Classes](#classes)"
    for name in book.classes:
        if not any(text.startswith("cd22:") for text in book.said(name, "rdfs:subClassOf")):
            yield from below(name, 1)


def _term(book: TermBook, name: str, rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    iri = CD22 + name
    yield from (f"### {_heading(book, name)}", "")
    yield f"**{plain(book.text(iri, RDFS + 'label'))}** (`cd22:{name}`): {plain(book.text(iri, SKOS + 'definition'))}"
    notes = (*book.values(iri, SKOS + "note"), *book.values(iri, RDFS + "comment"))
    yield from (line for note in notes for line in ("", f"Note: {plain(note)}"))
    yield ""
    yield from (f"- {label}: {text}" for label, text in (*rows, *_use(book, name)) if text)
    yield ""


def _class_rows(book: TermBook, name: str) -> Iterator[tuple[str, str]]:
    def each(texts: Iterable[str]) -> str:
        return ", ".join(_expression(book, text) for text in texts)

    yield "is exactly", each(book.said(name, "owl:equivalentClass"))
    yield "is a", each(book.said(name, "rdfs:subClassOf"))
    yield "kinds", each(f"cd22:{below}" for below in book.subclasses(name))
    apart = {*book.said(name, "owl:disjointWith"), *book.naming("owl:disjointWith", name)}
    yield "disjoint with", each(sorted(apart))
    yield "properties", each(_sorted(book.properties_of(name)))
    yield "value of", each(book.naming("rdfs:range", name))
    yield "expected of it", each(compact(value) for value in book.values(CD22 + name, CD22 + "expects"))
    scheme = next((kind for kind, of in CONCEPT_KINDS.items() if of == name), "")
    if scheme:
        label = book.text(f"{BASE}scheme/{scheme}", RDFS + "label")
        yield "its concepts", f"[{label}](concepts.md#{anchor(label)})"


def _sorted(names: Iterable[str]) -> list[str]:
    """Return names of ours as CURIEs, in alphabetical order."""
    return [f"cd22:{name}" for name in sorted(names, key=lambda name: (name.lower(), name))]


def _property_rows(book: TermBook, name: str) -> Iterator[tuple[str, str]]:
    def each(texts: Iterable[str]) -> str:
        return ", ".join(_expression(book, text) for text in texts)

    types = [value.removeprefix(OWL) for value in book.values(CD22 + name, TYPE)]
    yield "from", each(book.said(name, "rdfs:domain"))
    yield "to", each(book.said(name, "rdfs:range"))
    yield "is", ", ".join(_CHARACTERISTICS[kind] for kind in types if kind in _CHARACTERISTICS)
    inverse = {*book.said(name, "owl:inverseOf"), *book.naming("owl:inverseOf", name)}
    yield "inverse of", each(sorted(inverse))
    yield "follows from the chain", each(book.said(name, "owl:propertyChainAxiom"))
    yield "below", each(book.said(name, "rdfs:subPropertyOf"))
    yield "above", each(book.naming("rdfs:subPropertyOf", name))
    yield "key of claim files", _fields(book, CD22 + name) or ("none, the file says it" if name in BY_FILE else "")


def _fields(book: TermBook, iri: str) -> str:
    """Return the keys of claim files that write a property: ``key`` of the classes that have it."""
    by_key: dict[str, list[str]] = {}
    for field in book.fields.get(iri, ()):
        owner = _link(book, field.owner) + (" (required)" if field.required else "")
        by_key.setdefault(field.key, []).append(owner)
    return "; ".join(f"`{key}` of {', '.join(owners)}" for key, owners in by_key.items())


def _use(book: TermBook, name: str) -> Iterator[tuple[str, str]]:
    """Yield what uses a term: an example, shapes, questions, rules, and what it is elsewhere."""
    yield "example", _example(book, book.examples[name]) if name in book.examples else "none yet"
    shapes = (
        f"[{rule.name}]({TOP}{rule.file})" + (f" ({rule.severity})" if rule.severity else "")
        for rule in book.rules_of.get(name, ())
    )
    yield "shapes", ", ".join(shapes)
    yield "questions", ", ".join(f"[{q}]({TOP}queries/{q}.rq)" for q in book.questions_of.get(name, ()))
    yield "rules", ", ".join(f"[{r}]({TOP}ontology/rules/{r}.rq)" for r in book.inferences_of.get(name, ()))
    links = (
        f"{relation} [{plain(label) or compact(iri)}]({iri})" for relation, iri, label in book.alignment.get(name, ())
    )
    yield "elsewhere", ", ".join(links)


def _example(book: TermBook, quad: Quad) -> str:
    """Return a triple with a link to where its subject is described, and what the subject is called."""
    subject, value = quad.subject, quad.object
    assert isinstance(subject, NamedNode)  # noqa: S101  # examples are of things with an IRI
    shown = f"`{compact(subject.value)}`"
    if home := _home(book, subject.value):
        shown = f"[{shown}]({home})"
    if quad.predicate.value == TYPE:
        names = (f"{SKOS}prefLabel", f"{CD22}statement", f"{DCTERMS}title", f"{RDFS}label")
        called = next((text for name in names if (text := book.text(subject.value, name))), "")
        text = f"{shown}: {plain(textwrap.shorten(called, _LONGEST, placeholder=' ...'))}" if called else shown
    elif isinstance(value, Literal):
        text = f"{shown} {compact(quad.predicate.value)} `{_short(value.value)}`"
    else:
        text = f"{shown} {compact(quad.predicate.value)} `{compact(str(value)[1:-1])}`"
    return text + (" (inferred)" if str(quad.graph_name)[1:-1] == GRAPH_INFERRED else "")


def _home(book: TermBook, iri: str) -> str:
    """Return the link to what describes a thing: a claim file, a concept list, or a heading of the page."""
    graph = book.homes.get(iri, "")  # parts such as measurements are of a class too
    if graph.startswith(GRAPH_CLAIMS):
        return f"{TOP}claims/{graph.removeprefix(GRAPH_CLAIMS)}.yaml"
    if graph == GRAPH_VOCABULARY and (scheme := book.text(iri, SKOS + "inScheme")):
        return f"concepts.md#{anchor(book.text(scheme, RDFS + 'label'))}"
    if graph == GRAPH_ONTOLOGY and iri.startswith(CD22) and iri in book.kinds:
        return "#" + anchor(_heading(book, iri.removeprefix(CD22)))
    rule = book.shapes.files.get(iri.removeprefix(SHAPES))
    return TOP + rule if rule else ""


# Text


def _short(text: str) -> str:
    return textwrap.shorten(text, _LONGEST, placeholder=" ...").replace("`", "'")


def _link(book: TermBook, name: str) -> str:
    return f"[{name}](#{anchor(_heading(book, name))})"


def _expression(book: TermBook, text: str) -> str:
    """Return a class expression with links in place of our terms; the outer brackets go."""

    def linked(match: re.Match[str]) -> str:
        name = match[0].removeprefix("cd22:")
        return _link(book, name) if CD22 + name in book.kinds and name != match[0] else f"`{match[0]}`"

    bare = text[1:-1] if text.startswith("(") and _closes_last(text) else text
    return _CURIE.sub(linked, bare)


def _closes_last(text: str) -> bool:
    """Return whether the first bracket is closed by the last."""
    depth = 0
    for place, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return place == len(text) - 1
    return False
