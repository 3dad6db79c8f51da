"""What the files say of each term: the ontology, its alignment, the shapes, the questions, the rules, the model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pyoxigraph import BlankNode, Literal, NamedNode, Quad

from cd22kg.model import (
    MODELS,
    Claim,
    terms,
)
from cd22kg.namespaces import CD22, GRAPH_INFERRED, GRAPH_ONTOLOGY, SHAPES, STANDARD_PREFIXES, compact
from cd22kg.queries import library
from cd22kg.rdf import graph_of, read_alignment
from cd22kg.reasoning import read_rules
from cd22kg.reasoning.axioms import Axiom, axioms
from cd22kg.validation import Shapes, read_shapes

OWL, RDF, RDFS, SH, SKOS = (STANDARD_PREFIXES[prefix] for prefix in ("owl", "rdf", "rdfs", "sh", "skos"))
TYPE = RDF + "type"
KINDS = {
    OWL + "Class": "class",
    OWL + "ObjectProperty": "object property",
    OWL + "DatatypeProperty": "datatype property",
    OWL + "AnnotationProperty": "annotation property",
}
#: A term of ours in SPARQL or in a class expression.
TERM = re.compile(r"\bcd22:(\w+)|<" + re.escape(CD22) + r"(\w+)>")


@dataclass(frozen=True)
class Field:
    """A key of claim files: the class that has it, its name, and whether it must be there."""

    owner: str
    key: str
    required: bool


@dataclass(frozen=True)
class Rule:
    """A shape that speaks of a term: its name, its file and its severity, empty where it only gathers others."""

    name: str
    file: str
    severity: str


@dataclass(frozen=True)
class TermBook:
    """The terms of the ontology, each with everything that is said of it elsewhere.

    Attributes:
        quads: Every quad of the graph, the ontology and what is inferred among them.
        shapes: The shapes.
    """

    quads: tuple[Quad, ...]
    shapes: Shapes

    @classmethod
    def of(cls, quads: Iterable[Quad]) -> TermBook:
        """Return the book of a graph, with the shapes of the package."""
        return cls(tuple(quads), read_shapes())

    @cached_property
    def facts(self) -> Mapping[str, Mapping[str, Sequence[NamedNode | Literal]]]:
        """What is asserted of each thing of ontology and concept lists, by property."""
        found: dict[str, dict[str, list[NamedNode | Literal]]] = {}
        for quad in self.quads:
            subject, value = quad.subject, quad.object
            if graph_of(quad) == GRAPH_INFERRED:
                continue
            if isinstance(subject, NamedNode) and isinstance(value, NamedNode | Literal):
                found.setdefault(subject.value, {}).setdefault(quad.predicate.value, []).append(value)
        return found

    def values(self, subject: str, predicate: str) -> tuple[str, ...]:
        """Return the values of a property as text, sorted."""
        return tuple(sorted(term.value for term in self.facts.get(subject, {}).get(predicate, ())))

    def text(self, subject: str, predicate: str) -> str:
        """Return the one value of a property, or nothing."""
        return next(iter(self.values(subject, predicate)), "")

    @cached_property
    def kinds(self) -> Mapping[str, str]:
        """The kind of each declared term, ours and those of other vocabularies, by IRI."""
        found = {}
        for quad in self.quads:
            if (
                graph_of(quad) == GRAPH_ONTOLOGY
                and quad.predicate.value == TYPE
                and isinstance(quad.subject, NamedNode)
            ):
                kind = KINDS.get(str(quad.object)[1:-1])
                if kind:
                    found[quad.subject.value] = kind
        return dict(sorted(found.items()))

    def ours(self, *kinds: str) -> tuple[str, ...]:
        """Return the names of our terms of these kinds, in alphabetical order."""
        found = (iri.removeprefix(CD22) for iri, kind in self.kinds.items() if kind in kinds and iri.startswith(CD22))
        return tuple(sorted(found, key=lambda name: (name.lower(), name)))

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of our classes."""
        return self.ours("class")

    @property
    def properties(self) -> tuple[str, ...]:
        """The names of our properties."""
        return self.ours("object property", "datatype property", "annotation property")

    @cached_property
    def axioms(self) -> tuple[Axiom, ...]:
        """The axioms of the ontology."""
        return axioms(quad.triple for quad in self.quads if graph_of(quad) == GRAPH_ONTOLOGY)

    @cached_property
    def _said(self) -> Mapping[tuple[str, str], Sequence[str]]:
        found: dict[tuple[str, str], list[str]] = {}
        for axiom in self.axioms:
            if isinstance(axiom.subject, NamedNode):
                _, predicate, text = axiom.show().split(" ", 2)
                found.setdefault((axiom.subject.value, predicate), []).append(text)
        return found

    def said(self, name: str, predicate: str) -> tuple[str, ...]:
        """Return what axioms state of a term of ours with a property such as ``rdfs:domain``, as a person reads it."""
        return tuple(sorted(self._said.get((CD22 + name, predicate), ())))

    def naming(self, predicate: str, name: str) -> tuple[str, ...]:
        """Return, as CURIEs, the subjects of the axioms with this property whose value names the term."""
        found = {
            compact(subject)
            for (subject, used), texts in self._said.items()
            if used == predicate and any(name in _named(text) for text in texts)
        }
        return tuple(sorted(found))

    def subclasses(self, name: str) -> tuple[str, ...]:
        """Return the names of the classes directly below one."""
        found = (c for c in self.classes if f"cd22:{name}" in self.said(c, "rdfs:subClassOf"))
        return tuple(found)

    def is_a(self, name: str, above: str) -> bool:
        """Return whether a class is another or below it."""
        return name == above or any(self.is_a(below, above) for below in self._supers(name))

    def _supers(self, name: str) -> Iterator[str]:
        for text in self.said(name, "rdfs:subClassOf"):
            if text.startswith("cd22:"):
                yield text.removeprefix("cd22:")

    def properties_of(self, name: str) -> tuple[str, ...]:
        """Return the names of the properties that a class is the domain of, alone or with others."""
        return tuple(c.removeprefix("cd22:") for c in self.naming("rdfs:domain", name))

    @cached_property
    def alignment(self) -> Mapping[str, Sequence[tuple[str, str, str]]]:
        """Relation, IRI and label of the outside terms of each of our terms."""
        quads = read_alignment()
        labels = {
            q.subject: q.object.value
            for q in quads
            if q.predicate.value == RDFS + "label" and isinstance(q.object, Literal)
        }
        found: dict[str, list[tuple[str, str, str]]] = {}
        for quad in quads:
            subject, value = quad.subject, quad.object
            if isinstance(subject, NamedNode) and isinstance(value, NamedNode) and subject.value.startswith(CD22):
                row = (compact(quad.predicate.value), value.value, labels.get(value, ""))
                found.setdefault(subject.value.removeprefix(CD22), []).append(row)
        return {name: sorted(rows) for name, rows in found.items()}

    @cached_property
    def fields(self) -> Mapping[str, Sequence[Field]]:
        """The keys of claim files that write each property, by its IRI."""
        found: dict[str, list[Field]] = {}
        general = {term.predicate: term.required for term in terms(Claim)}
        for model in MODELS:
            for term in terms(model):
                inherited = issubclass(model, Claim) and model is not Claim
                if term.predicate and not (inherited and general.get(term.predicate) == term.required):
                    field = Field(model.__name__, term.key, term.required)
                    found.setdefault(term.predicate, []).append(field)
        return found

    @cached_property
    def rules_of(self) -> Mapping[str, Sequence[Rule]]:
        """The shapes that speak of each of our terms."""
        below: dict[object, list[Quad]] = {}
        for quad in self.shapes.quads:
            below.setdefault(quad.subject, []).append(quad)

        def mentioned(node: object) -> Iterator[str]:
            for quad in below.get(node, ()):
                for term in (quad.predicate, quad.object):
                    if isinstance(term, NamedNode) and term.value.startswith(CD22):
                        yield term.value.removeprefix(CD22)
                if isinstance(quad.object, Literal) and quad.predicate.value == SH + "select":
                    yield from _named(quad.object.value)
                elif isinstance(quad.object, BlankNode):
                    yield from mentioned(quad.object)

        found: dict[str, list[Rule]] = {}
        for name, file in sorted(self.shapes.files.items()):
            node = NamedNode(SHAPES + name)
            severity = next((_local(q.object) for q in below[node] if q.predicate.value == SH + "severity"), "")
            for term in sorted(set(mentioned(node))):
                found.setdefault(term, []).append(Rule(name, file, severity.lower()))
        return found

    @cached_property
    def questions_of(self) -> Mapping[str, Sequence[str]]:
        """The names of the library questions that use each of our terms."""
        return _users((question.name, question.text) for question in library())

    @cached_property
    def inferences_of(self) -> Mapping[str, Sequence[str]]:
        """The names of the inference rules that use each of our terms."""
        return _users((rule.name, rule.text) for rule in read_rules())

    @cached_property
    def examples(self) -> Mapping[str, Quad]:
        """For each of our terms the first quad that uses it: what is stated before what is inferred, then by IRI."""
        found: dict[str, tuple[tuple[bool, str, str], Quad]] = {}
        for quad in (*self.quads, *self.shapes.quads):
            iri = str(quad.object)[1:-1] if quad.predicate.value == TYPE else quad.predicate.value
            if iri.startswith(CD22) and isinstance(quad.subject, NamedNode):
                name = iri.removeprefix(CD22)
                key = (graph_of(quad) == GRAPH_INFERRED, quad.subject.value, str(quad.object))
                if name not in found or key < found[name][0]:
                    found[name] = (key, quad)
        return {name: quad for name, (_, quad) in found.items()}

    @cached_property
    def homes(self) -> Mapping[str, str]:
        """The graph in which each thing is stated to be of its class."""
        return {
            quad.subject.value: graph_of(quad)
            for quad in self.quads
            if quad.predicate.value == TYPE and graph_of(quad) != GRAPH_INFERRED and isinstance(quad.subject, NamedNode)
        }


def _named(text: str) -> set[str]:
    return {short or full for short, full in TERM.findall(text)}


def _local(term: object) -> str:
    return str(term).strip("<>").rpartition("#")[2]


def _users(texts: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, text in texts:
        for term in sorted(_named(text)):
            found.setdefault(term, []).append(name)
    return found
