"""Classify ontology and vocabulary: HermiT where there is Java, else OWL 2 RL; and remember what came out.

    quads -> axioms, closed for products -> reasoner -> classes of individuals and classes above classes

The result is kept by the SHA-256 of the reasoner's input: that of the packaged ontology ships with it, that of an
edited one in the user's cache folder. An ontology that was classified before costs nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence

from pyoxigraph import BlankNode, NamedNode, Quad, Triple

from cd22kg.errors import DataError, Problem
from cd22kg.namespaces import BASE, CD22, GRAPH_ONTOLOGY, GRAPH_VOCABULARY, compact
from cd22kg.rdf import canonical_quads, graph_of, place_of
from cd22kg.reasoning import hermit, owl_rl
from cd22kg.reasoning.axioms import OWL, SUBCLASS, TYPE, Axiom, axioms, closure, ntriples
from cd22kg.reasoning.classification import HERMIT, OWL_RL, VERSION, Classification, in_order, keep, kept
from cd22kg.reasoning.java import Java, find_java
from cd22kg.reasoning.justify import contradiction

#: A list of so many members is told with those that matter only.
LONG = 8
_NAME = re.compile(r"[\w-]+:[\w-]+")


def classify(
    quads: Iterable[Quad], *, find: Callable[[], Java | None] = find_java, fresh: bool = False
) -> Classification:
    """Return what follows from the ontology and vocabulary among the quads.

    Args:
        quads: Any quads; those of other graphs than ontology and vocabulary are left out.
        find: Returns the Java to run HermiT on.
        fresh: Ask the reasoner even where a result is kept.

    Raises:
        DataError: If no world fits the ontology, or a class can have no member: one problem, with the axioms to blame.
        ReasonerError: If the reasoner fails or takes too long, or if there is none.
    """
    triples = [q.triple for q in canonical_quads(q for q in quads if graph_of(q) in (GRAPH_ONTOLOGY, GRAPH_VOCABULARY))]
    found = axioms([*triples, *closure(triples)])
    document = ntriples(found)
    digest = hashlib.sha256(f"{VERSION}\n".encode() + document).hexdigest()
    if not fresh and (found_before := kept(digest)):
        return found_before
    java = find()
    if java is None:
        return _without_java(triples, document, digest)
    answer = hermit.classify(document, java)
    if not answer.consistent:
        raise DataError([_contradiction(found, java)])
    if answer.impossible:
        raise DataError([_impossible(name, found, java) for name in answer.impossible])
    result = _result(HERMIT, digest, triples, answer.types, answer.subclasses)
    keep(result)
    return result


def _result(
    reasoner: str,
    digest: str,
    triples: Sequence[Triple],
    types: Iterable[tuple[str, str]],
    subclasses: Iterable[tuple[str, str]],
    notice: str = "",
) -> Classification:
    """Return what of a reasoner's answer is ours and new."""
    stated = {(_iri(t.subject), _iri(t.object)) for t in triples if t.predicate == TYPE}
    above = _ancestors(triples)
    new_types = {
        (one, name)
        for one, name in types
        if one.startswith(BASE)
        and name.startswith(CD22)
        and (one, name) not in stated
        and not any((one, below) in stated for below, upper in above.items() if name in upper)
    }
    new_subclasses = {
        (one, other)
        for one, other in subclasses
        if one.startswith(CD22) and other.startswith(CD22) and other not in above.get(one, set())
    }
    classes = {_iri(t.subject) for t in triples if t.predicate == TYPE and _iri(t.object) == OWL + "Class"}
    count = sum(name.startswith(CD22) for name in classes)
    return Classification(reasoner, digest, count, in_order(new_types), in_order(new_subclasses), notice=notice)


def _without_java(triples: Sequence[Triple], document: bytes, digest: str) -> Classification:
    notice = (
        "no Java: OWL 2 RL instead of HermiT, so products are not classified by number of antigens and contradictions "
        "in the ontology are not found; `pip install 'cd22kg[reason]'` brings a Java"
    )
    return _result(OWL_RL, digest, triples, owl_rl.types(document), (), notice)


def _ancestors(triples: Iterable[Triple]) -> dict[str, set[str]]:
    """Return, for each class of ours, every class that it is stated to be below, over any number of steps."""
    direct: dict[str, set[str]] = {}
    for triple in triples:
        if triple.predicate == SUBCLASS and isinstance(triple.object, NamedNode):
            direct.setdefault(_iri(triple.subject), set()).add(triple.object.value)
    found: dict[str, set[str]] = {}
    for name in direct:
        ahead, seen = [name], set[str]()
        while ahead:
            for upper in direct.get(ahead.pop(), set()) - seen:
                seen.add(upper)
                ahead.append(upper)
        found[name] = seen
    return found


def _contradiction(found: Sequence[Axiom], java: Java) -> Problem:
    blamed = contradiction(found, lambda documents: hermit.consistent_up_to(documents, java))
    return _problem("the ontology contradicts itself", blamed)


def _impossible(name: str, found: Sequence[Axiom], java: Java) -> Problem:
    member = Axiom((Triple(BlankNode("member"), TYPE, NamedNode(name)),))
    blamed = contradiction([*found, member], lambda documents: hermit.consistent_up_to(documents, java))
    return _problem(f"the class {compact(name)} can have no member", [axiom for axiom in blamed if axiom != member])


def _problem(message: str, blamed: Sequence[Axiom]) -> Problem:
    subjects = [axiom.subject.value for axiom in blamed if isinstance(axiom.subject, NamedNode)]
    # Concepts before terms: what a curator typed is more often at fault than the model.
    subjects.sort(key=lambda iri: iri.startswith(CD22))
    place = next((place for iri in subjects if (place := place_of(iri))), None)
    named = {name for axiom in blamed if isinstance(axiom.subject, NamedNode) for name in _NAME.findall(axiom.show())}
    lines = "".join(f"\n    {_short(axiom.show(), named)}" for axiom in blamed)
    return Problem(f"{message}; these cannot hold together:{lines}", place, "hermit", "take one of them back")


def _short(text: str, named: set[str]) -> str:
    """Return a long list of distinct or disjoint things as those that matter and a count of the rest."""
    kind, _, members = text.partition(": ")
    names = members.split(", ")
    shown = [name for name in names if name in named]
    if len(names) < LONG or len(shown) < 2:
        return text
    return f"{kind}: {', '.join(shown)} and {len(names) - len(shown)} more"


def _iri(term: object) -> str:
    return term.value if isinstance(term, NamedNode) else ""
