"""The input of a reasoner: axioms of ontology and vocabulary, with what must not reach it taken out.

An axiom is a triple with an IRI as subject, or a blank node that nothing refers to, with all that hangs below it by
blank nodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, serialize

from cd22kg.namespaces import CD22, STANDARD_PREFIXES, compact
from cd22kg.reasoning.manchester import expression

OWL, RDF, RDFS, XSD = (STANDARD_PREFIXES[prefix] for prefix in ("owl", "rdf", "rdfs", "xsd"))
SUBCLASS = NamedNode(RDFS + "subClassOf")
TYPE = NamedNode(RDF + "type")
TARGETS = NamedNode(CD22 + "targets")

#: Datatypes of dates, which the datatype map of OWL 2 does not hold: HermiT refuses them.
DATES = frozenset(XSD + name for name in ("date", "gYear", "gYearMonth"))
#: Kinds of terms; their declarations say nothing of the world and are never to blame for a contradiction.
_DECLARED = frozenset(
    OWL + name
    for name in ("AnnotationProperty", "Class", "DatatypeProperty", "NamedIndividual", "ObjectProperty", "Ontology")
)
#: Properties that say nothing to a reasoner wherever they stand.
_ANNOTATIONS = frozenset(
    (*(RDFS + name for name in ("comment", "isDefinedBy", "label", "seeAlso")), OWL + "imports", OWL + "versionIRI")
)


@dataclass(frozen=True)
class Axiom:
    """One statement with the triples that make it up, the first of which names it."""

    triples: tuple[Triple, ...]

    @property
    def subject(self) -> NamedNode | BlankNode:
        """Return what the axiom is about."""
        subject = self.triples[0].subject
        assert isinstance(subject, NamedNode | BlankNode)  # noqa: S101  # no triple terms in an ontology
        return subject

    def show(self) -> str:
        """Return the axiom as a person reads it, names as CURIEs: ``therapy:auto3 a cd22:TherapyProduct``."""
        below: dict[object, list[Triple]] = {}
        for triple in self.triples:
            below.setdefault(triple.subject, []).append(triple)
        if isinstance(self.subject, NamedNode):
            first = self.triples[0]
            predicate = "a" if first.predicate == TYPE else compact(first.predicate.value)
            return f"{compact(self.subject.value)} {predicate} {expression(first.object, below)}"
        return expression(self.subject, below)

    @property
    def is_declaration(self) -> bool:
        """Return whether the axiom only says of what kind a term is."""
        first = self.triples[0]
        return first.predicate == TYPE and isinstance(first.object, NamedNode) and first.object.value in _DECLARED


def axioms(triples: Iterable[Triple]) -> tuple[Axiom, ...]:
    """Return the axioms that matter to a reasoner, in a fixed order: no annotation, no date, no import.

    Dates are left out because HermiT stops at a literal outside the datatype map of OWL 2, imports and Python modules
    because loading an ontology must reach for nothing.
    """
    kept = {t for t in triples if not _is_silent(t)}
    annotations = {t.subject for t in kept if t.predicate == TYPE and t.object == NamedNode(OWL + "AnnotationProperty")}
    kept = {t for t in kept if t.predicate not in annotations}
    below: dict[object, list[Triple]] = {}
    for triple in kept:
        if isinstance(triple.subject, BlankNode):
            below.setdefault(triple.subject, []).append(triple)
    hanging = {t.object for t in kept if isinstance(t.object, BlankNode)}
    found = [Axiom((t, *_below(t.object, below))) for t in kept if not isinstance(t.subject, BlankNode)]
    found += (Axiom(tuple(_below(node, below))) for node in below if node not in hanging)
    return tuple(sorted(found, key=axiom_key))


def axiom_key(axiom: Axiom) -> str:
    """Return a text by which axioms can be sorted, the same whatever their blank nodes are called."""
    names: dict[str, str] = {}

    def shown(term: object) -> str:
        return names.setdefault(str(term), f"_:{len(names)}") if isinstance(term, BlankNode) else str(term)

    return "\n".join(f"{shown(t.subject)} {shown(t.predicate)} {shown(t.object)}" for t in axiom.triples)


def closure(triples: Sequence[Triple]) -> tuple[Triple, ...]:
    """Return what closes the world for products: they target nothing but what they list, and antigens are distinct.

    These axioms are part of the reasoner's input only. Groups stay open: what a group targets is what all members
    share, and a member may target more.
    """
    of_class = {name: sorted(_members(triples, CD22 + name), key=str) for name in ("Antigen", "TherapyProduct")}
    listed: dict[NamedNode, list[NamedNode]] = {}
    for triple in triples:
        if triple.predicate == TARGETS and isinstance(triple.object, NamedNode):
            listed.setdefault(_named(triple), []).append(triple.object)
    closed: list[Triple] = []
    for product in of_class["TherapyProduct"]:
        if product in listed:
            closed += _only(product, sorted(listed[product], key=str))
    if len(of_class["Antigen"]) > 1:
        node = BlankNode("antigens")
        closed += [
            Triple(node, TYPE, NamedNode(OWL + "AllDifferent")),
            *_list(node, NamedNode(OWL + "distinctMembers"), of_class["Antigen"], "antigens"),
        ]
    return tuple(closed)


def ntriples(found: Iterable[Axiom]) -> bytes:
    """Return axioms as N-Triples, which every reasoner here reads."""
    return serialize((t for axiom in found for t in axiom.triples), format=RdfFormat.N_TRIPLES) or b""


def _is_silent(triple: Triple) -> bool:
    predicate = triple.predicate.value
    dated = isinstance(triple.object, Literal) and triple.object.datatype.value in DATES
    return dated or predicate in _ANNOTATIONS or predicate.endswith("#python_module")


def _below(node: object, below: dict[object, list[Triple]]) -> Iterator[Triple]:
    """Yield the triples of a blank node and of those below it, in a fixed order."""
    for triple in sorted(below.get(node, ()), key=lambda t: (t.predicate.value, str(t.object))):
        yield triple
        if isinstance(triple.object, BlankNode):
            yield from _below(triple.object, below)


def _members(triples: Iterable[Triple], name: str) -> set[NamedNode]:
    return {_named(t) for t in triples if t.predicate == TYPE and t.object == NamedNode(name)}


def _named(triple: Triple) -> NamedNode:
    assert isinstance(triple.subject, NamedNode)  # noqa: S101  # concepts have IRIs
    return triple.subject


def _only(product: NamedNode, antigens: Sequence[NamedNode]) -> Iterator[Triple]:
    slug = product.value.rpartition("/")[2]
    restriction, values = BlankNode(f"only-{slug}"), BlankNode(f"values-{slug}")
    yield Triple(product, TYPE, restriction)
    yield Triple(restriction, TYPE, NamedNode(OWL + "Restriction"))
    yield Triple(restriction, NamedNode(OWL + "onProperty"), TARGETS)
    yield Triple(restriction, NamedNode(OWL + "allValuesFrom"), values)
    yield Triple(values, TYPE, NamedNode(OWL + "Class"))
    yield from _list(values, NamedNode(OWL + "oneOf"), antigens, slug)


def _list(subject: BlankNode, predicate: NamedNode, items: Sequence[NamedNode], name: str) -> Iterator[Triple]:
    nodes = [BlankNode(f"list-{name}-{n}") for n in range(len(items))]
    yield Triple(subject, predicate, nodes[0] if nodes else NamedNode(RDF + "nil"))
    for n, item in enumerate(items):
        yield Triple(nodes[n], NamedNode(RDF + "first"), item)
        rest = nodes[n + 1] if n + 1 < len(nodes) else NamedNode(RDF + "nil")
        yield Triple(nodes[n], NamedNode(RDF + "rest"), rest)
