"""Class expressions as people write them, after the Manchester syntax of OWL: ``(cd22:targets exactly 2)``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from cd22kg.namespaces import compact

#: How class expressions are written, by the property that makes them: after the Manchester syntax of OWL.
_PHRASES = {
    "cardinality": "exactly {}",
    "minCardinality": "min {}",
    "maxCardinality": "max {}",
    "someValuesFrom": "some {}",
    "allValuesFrom": "only {}",
    "hasValue": "value {}",
}
_FACETS = {"minInclusive": ">= {}", "maxInclusive": "<= {}", "minExclusive": "> {}", "maxExclusive": "< {}"}
_JOINED = {"intersectionOf": "({})", "unionOf": "({})", "oneOf": "{{{}}}", "members": "{}", "distinctMembers": "{}"}
_JOINTS = {"intersectionOf": " and ", "unionOf": " or "}


def expression(term: object, below: Mapping[object, Sequence[Triple]]) -> str:
    """Return a term, or what a blank node stands for: a class expression, a list, a set of distinct things."""
    if isinstance(term, NamedNode):
        return compact(term.value)
    if isinstance(term, Literal):
        return term.value
    facts = {_local(t.predicate): t.object for t in below.get(term, ())}
    for name, phrase in _PHRASES.items():
        if name in facts:
            return f"({expression(facts['onProperty'], below)} {phrase.format(expression(facts[name], below))})"
    for name, phrase in _FACETS.items():
        if name in facts:
            return phrase.format(expression(facts[name], below))
    for name, phrase in _JOINED.items():
        if name in facts:
            items = [expression(item, below) for item in _items(facts[name], below)]
            kind = f"{expression(facts['type'], below)}: " if "embers" in name else ""
            return kind + phrase.format(_JOINTS.get(name, ", ").join(items))
    if "onDatatype" in facts:
        limits = [expression(item, below) for item in _items(facts["withRestrictions"], below)]
        return f"{expression(facts['onDatatype'], below)}[{', '.join(limits)}]"
    if "first" in facts:
        return " o ".join(expression(item, below) for item in _items(term, below))
    return "; ".join(f"{name} {expression(value, below)}" for name, value in sorted(facts.items()))


def _items(node: object, below: Mapping[object, Sequence[Triple]]) -> list[object]:
    found: list[object] = []
    while isinstance(node, BlankNode):
        facts = {_local(t.predicate): t.object for t in below.get(node, ())}
        found.append(facts.get("first"))
        node = facts.get("rest")
    return found


def _local(predicate: NamedNode) -> str:
    return predicate.value.rpartition("#")[2]
