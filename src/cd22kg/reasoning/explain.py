"""Why a triple holds: stated somewhere, or derived by a rule or a reasoner from triples that are explained in turn."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pyoxigraph import BlankNode, NamedNode, Triple
from rdflib import Variable
from rdflib.plugins.sparql.algebra import translateQuery
from rdflib.plugins.sparql.parser import parseQuery
from rdflib.plugins.sparql.parserutils import CompValue

from cd22kg.errors import ReasonerError
from cd22kg.namespaces import CD22, GRAPH_INFERRED, GRAPH_ONTOLOGY, GRAPH_VOCABULARY, compact
from cd22kg.rdf import canonical_quads, graph_of
from cd22kg.reasoning import hermit
from cd22kg.reasoning.axioms import OWL, SUBCLASS, TYPE, Axiom, axioms, closure, ntriples
from cd22kg.reasoning.java import find_java
from cd22kg.reasoning.justify import contradiction
from cd22kg.reasoning.rules import Rule, read_rules
from cd22kg.store import Store, Table, Term

#: Stands for the columns until it is known which variables have a value.
_COLUMNS = "@columns@"
_CONSTRUCT = re.compile(r"CONSTRUCT\s*\{.*?\}\s*WHERE\s*\{", re.DOTALL)
#: Where a query gives a variable its value: a term cannot be written in its place there.
_SETS = r"\bAS\s+\?{0}\b|VALUES\s*(?:\([^)]*)?\?{0}\b"
_CLOSED = "closed for the reasoner: a product targets nothing but what it lists"
_DISTINCT = "stated for the whole: these are distinct"
#: Three terms; a variable is its name.
_Pattern = tuple[Term | str, ...]


@dataclass(frozen=True)
class Reason:
    """Why a triple holds.

    Attributes:
        statement: The triple or axiom, as a person reads it.
        source: The graph it is stated in, the rule or the reasoner that derived it.
        premises: What a rule or the reasoner derived it from; empty for what is stated.
    """

    statement: str
    source: str
    premises: tuple[Reason, ...] = ()

    def to_text(self, depth: int = 0) -> str:
        """Return the reason with its premises, each a step further in."""
        head = f"{'  ' * depth}{self.statement}\n{'  ' * depth}    {self.source}\n"
        return head + "".join(premise.to_text(depth + 2) for premise in self.premises)


@dataclass(frozen=True)
class _Template:
    """A rule, taken apart: what it derives, from which patterns, and the query that finds them."""

    rule: Rule
    derives: _Pattern
    patterns: tuple[_Pattern, ...]
    select: str


class Explainer:
    """Explains triples of one store."""

    def __init__(self, store: Store) -> None:
        """Read the rules; the ontology is read only when a triple needs the reasoner."""
        self._store = store
        self._templates = tuple(_template(rule) for rule in read_rules())

    def explain(self, triple: Triple) -> Reason | None:
        """Return why a triple holds, or nothing where it does not.

        Raises:
            ReasonerError: If the reasoner must be asked and fails, or if there is no Java to run it on.
        """
        return self._explain(triple, frozenset())

    def inferred(self, subject: NamedNode) -> tuple[Triple, ...]:
        """Return what was inferred of a subject, sorted."""
        rows = _rows(self._store, f"SELECT ?p ?o WHERE {{ GRAPH <{GRAPH_INFERRED}> {{ {subject} ?p ?o }} }}")
        return tuple(Triple(subject, p, o) for p, o in rows if isinstance(p, NamedNode) and o is not None)

    def _explain(self, triple: Triple, above: frozenset[Triple]) -> Reason | None:
        graphs = self._graphs(triple)
        stated = sorted(graph for graph in graphs if graph != GRAPH_INFERRED)
        if stated:
            return Reason(_show(triple), f"stated in {', '.join(map(compact, stated))}")
        if not graphs:
            return None
        for template in self._templates:
            for premises in self._premises(template, triple):
                if triple in premises or above & premises:
                    continue
                reasons = [self._explain(p, above | {triple}) for p in sorted(premises, key=str)]
                if all(reasons):
                    source = f"by the rule {template.rule.name} ({template.rule.summary}), from"
                    return Reason(_show(triple), source, tuple(r for r in reasons if r))
        return self._by_reasoner(triple) if self._is_classified(triple) else None

    def _is_classified(self, triple: Triple) -> bool:
        """Return whether a triple is one that only the reasoner gives: the class of a concept."""
        named = isinstance(triple.subject, NamedNode) and triple.predicate in (TYPE, SUBCLASS)
        asked = f"ASK {{ GRAPH <{GRAPH_VOCABULARY}> {{ {triple.subject} ?p ?o }} }}"
        return named and (triple.predicate == SUBCLASS or bool(self._store.query(asked)))

    def _graphs(self, triple: Triple) -> list[str]:
        if any(isinstance(term, BlankNode) for term in triple):
            return []
        rows = _rows(self._store, f"SELECT ?g WHERE {{ GRAPH ?g {{ {triple} }} }}")
        return [graph.value for (graph,) in rows if isinstance(graph, NamedNode)]

    def _premises(self, template: _Template, triple: Triple) -> Iterator[set[Triple]]:
        """Yield the sets of triples from which a rule derives the triple."""
        bound = _unify(template.derives, triple)
        if bound is None:
            return
        table = self._store.query(_with(template, bound))
        assert isinstance(table, Table)  # noqa: S101  # a SELECT gives a table
        for row in sorted(table.rows, key=str):
            values = {name: term for name, term in zip(table.columns, row, strict=True) if term is not None}
            found = {t for p in template.patterns if (t := _instance(p, {**bound, **values})) and self._graphs(t)}
            if found:
                yield found

    def _by_reasoner(self, triple: Triple) -> Reason:
        """Return the axioms from which HermiT concludes that a thing belongs to a class."""
        java = find_java()
        if java is None:
            raise ReasonerError("HermiT needs Java to explain this", hint="pip install 'cd22kg[reason]'")
        quads = (q for q in self._store.quads() if graph_of(q) in (GRAPH_ONTOLOGY, GRAPH_VOCABULARY))
        stated = [quad.triple for quad in canonical_quads(quads)]
        found = axioms([*stated, *closure(stated)])
        denied = _denial(triple)

        def ask(documents: Sequence[bytes]) -> int:
            return hermit.consistent_up_to(documents, java)

        near = [*_near(found, triple), denied]
        blamed = contradiction([*found, denied] if ask([ntriples(near)]) else near, ask)
        premises = tuple(Reason(axiom.show(), self._origin(axiom)) for axiom in blamed if axiom != denied)
        return Reason(_show(triple), "by HermiT, from", premises)

    def _origin(self, axiom: Axiom) -> str:
        first = axiom.triples[0]
        graphs = self._graphs(first)
        if not graphs and isinstance(axiom.subject, NamedNode) and isinstance(first.object, BlankNode):
            closing = first.predicate == TYPE
            return _CLOSED if closing else f"stated in {compact(GRAPH_ONTOLOGY)}"
        return f"stated in {', '.join(sorted(map(compact, graphs)))}" if graphs else _DISTINCT


def _with(template: _Template, bound: Mapping[str, Term]) -> str:
    """Return a query with the values of some variables: written in, or joined where the query sets them itself."""
    select = template.select
    joined = {name: term for name, term in bound.items() if re.search(_SETS.format(name), select)}
    for name, term in bound.items():
        if name not in joined:
            select = re.sub(rf"\?{name}\b", str(term).replace("\\", r"\\"), select)
    # Named, for what `*` stands for differs from engine to engine where a variable is in a filter alone.
    found = {term for pattern in template.patterns for term in pattern if isinstance(term, str)}
    free = sorted((found - set(bound)) | set(joined))
    select = select.replace(_COLUMNS, " ".join(f"?{name}" for name in free) or "(true AS ?found)", 1)
    if not joined:
        return select
    names, terms = " ".join(f"?{name}" for name in joined), " ".join(map(str, joined.values()))
    return f"{select}\nVALUES ({names}) {{ ({terms}) }}"


def _template(rule: Rule) -> _Template:
    """Return a rule taken apart; every rule derives one triple."""
    algebra = translateQuery(parseQuery(rule.text)).algebra
    ((subject, predicate, value),) = algebra.template
    patterns = tuple(_pattern(found) for found in _bgp(algebra.p))
    return _Template(
        rule,
        _pattern((subject, predicate, value)),
        patterns,
        _CONSTRUCT.sub(f"SELECT {_COLUMNS} WHERE {{", rule.text, count=1),
    )


def _bgp(node: object) -> Iterator[tuple[object, object, object]]:
    """Yield the triple patterns of a query that must match; what must not exist is in filters, and left out."""
    if not isinstance(node, CompValue):
        return
    if node.name == "BGP":
        yield from node.triples
    for name, part in node.items():
        if name != "expr":
            yield from _bgp(part)


def _pattern(found: Iterable[object]) -> _Pattern:
    return tuple(str(term) if isinstance(term, Variable) else NamedNode(str(term)) for term in found)


def _unify(pattern: _Pattern, triple: Triple) -> dict[str, Term] | None:
    """Return what the variables of a pattern stand for, if the triple fits it."""
    bound: dict[str, Term] = {}
    for expected, term in zip(pattern, triple, strict=True):
        if isinstance(expected, str):
            if bound.setdefault(expected, term) != term:
                return None
        elif expected != term:
            return None
    return bound


def _instance(pattern: _Pattern, values: Mapping[str, Term]) -> Triple | None:
    """Return a pattern with its variables filled in, if all of them are known."""
    terms = [values.get(term) if isinstance(term, str) else term for term in pattern]
    subject, predicate, value = terms
    if isinstance(subject, NamedNode | BlankNode) and isinstance(predicate, NamedNode) and value is not None:
        return Triple(subject, predicate, value)
    return None


def _denial(triple: Triple) -> Axiom:
    """Return the axiom that a thing does not belong to a class, or that some member of a class does not."""
    node = BlankNode("denied")
    above = triple.predicate == SUBCLASS
    member = BlankNode("member") if above else triple.subject
    return Axiom(
        (
            *([Triple(member, TYPE, triple.subject)] if above else []),
            Triple(member, TYPE, node),
            Triple(node, TYPE, NamedNode(OWL + "Class")),
            Triple(node, NamedNode(OWL + "complementOf"), triple.object),
        )
    )


def _near(found: Sequence[Axiom], triple: Triple) -> list[Axiom]:
    """Return the axioms on a thing and a class, on the terms they use, and on what is distinct."""
    names = {term.value for term in (triple.subject, triple.object) if isinstance(term, NamedNode)}
    kept: dict[Axiom, None] = {}
    grown = True
    while grown:
        grown = False
        for axiom in found:
            subject = axiom.subject
            if axiom in kept or (isinstance(subject, NamedNode) and subject.value not in names):
                continue
            kept[axiom] = None
            grown = True
            terms = (term for t in axiom.triples for term in t if isinstance(term, NamedNode))
            if isinstance(subject, NamedNode):
                names |= {term.value for term in terms if term.value.startswith(CD22)}
    return list(kept)


def _rows(store: Store, query: str) -> list[tuple[Term | None, ...]]:
    table = store.query(query)
    assert isinstance(table, Table)  # noqa: S101  # a SELECT gives a table
    return sorted(table.rows, key=str)


def _show(triple: Triple) -> str:
    predicate = "a" if triple.predicate == TYPE else compact(triple.predicate.value)
    subject, value = (
        compact(term.value) if isinstance(term, NamedNode) else str(term) for term in (triple.subject, triple.object)
    )
    return f"{subject} {predicate} {value}"
