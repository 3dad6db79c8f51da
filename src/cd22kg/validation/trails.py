"""From a changed triple to the focus nodes it may concern: along the patterns of a query, back to ``?this``.

A triple can change the answer of a query only where it matches one of its patterns, and then only for the values of
``?this`` that the other patterns lead to from there. Patterns that need not match (those of OPTIONAL, of another branch
or of another EXISTS) lead nowhere, so that what is found is too much at times and never too little.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from cd22kg.validation.sparql_tokens import Group, Pattern, ReadQuery, Token, UnreadableQueryError
from cd22kg.validation.terms import RDF_TYPE

THIS = "?this"
_STEP = re.compile(r"<[^<>]*>|[A-Za-z_][\w.-]*:[\w:%.-]*|:[\w:%.-]+|[?$]\w+|\ba\b|!")
#: What it costs to walk along a pattern: one property, a class, a path, any property.
_PLAIN, _CLASS, _PATH, _ANY = 1, 6, 3, 12


@dataclass(frozen=True)
class Edge:
    """A triple pattern.

    Attributes:
        subject, object: A variable with its question mark, an IRI in angle brackets, or the text of a literal.
        predicates: IRIs of the properties in it; none where it may be any.
        is_path: Whether several triples may lie between the ends.
    """

    subject: str
    object: str
    predicates: frozenset[str]
    is_path: bool = False

    @property
    def cost(self) -> int:
        """Return what it costs to walk along."""
        if not self.predicates:
            return _ANY
        if self.is_path:
            return _PATH
        return _CLASS if RDF_TYPE in self.predicates else _PLAIN


@dataclass(frozen=True)
class Step:
    """One edge of a way, and whether it is walked from its subject to its object."""

    edge: Edge
    forward: bool


@dataclass(frozen=True)
class Trail:
    """A pattern, and the way from it to ``?this``.

    Attributes:
        first: The pattern.
        start: The variable of the pattern at which the way begins; empty where there is no way.
        steps: The way.
    """

    first: Edge
    start: str
    steps: tuple[Step, ...] = ()


def trails_of(query: str, prefixes: Mapping[str, str]) -> tuple[Trail, ...]:
    """Return a trail for every pattern of a query that the compiler wrote.

    Raises:
        UnreadableQueryError: If the query cannot be followed.
    """
    read = ReadQuery(query, own=True)
    if read.words() & {"LIMIT", "OFFSET"}:
        raise UnreadableQueryError("it takes some of the rows only")
    return tuple(_Reader(prefixes).trails(read.where, (), _same))


def _same(variable: str) -> str:
    return variable


class _Reader:
    """Reads the patterns of one query."""

    def __init__(self, prefixes: Mapping[str, str]) -> None:
        self.prefixes = prefixes

    def trails(self, group: Group, above: tuple[Edge, ...], named: Callable[[str], str]) -> Iterator[Trail]:
        """Yield the trails of a group.

        Args:
            group: The group.
            above: The patterns around it that must match.
            named: Says what to call a variable: one that a query in a query does not select is another than outside.
        """
        own = tuple(self.edge(pattern, named) for pattern in group.triples)
        around = (*above, *own)
        for edge in own:
            yield _way(edge, around)
        for inner in group.groups:
            inside = _inside(inner, named) if inner.kind == "select" else named
            yield from self.trails(inner, around, inside)

    def edge(self, pattern: Pattern, named: Callable[[str], str]) -> Edge:
        """Return a pattern as an edge."""
        subject, target = (self.end(text, named) for text in (pattern.subject, pattern.object))
        path = pattern.predicate
        if path[0] in "?$":
            return Edge(subject, target, frozenset())
        if "\\" in path:
            raise UnreadableQueryError("it has a name with escapes")
        if "!" in path:
            return Edge(subject, target, frozenset(), is_path=True)
        steps = [self.iri(text) for text in _STEP.findall(path)]
        if path.strip("^()") == _STEP.findall(path)[0] and path.count("^") < 2:
            subject, target = (target, subject) if "^" in path else (subject, target)
            return Edge(subject, target, frozenset(steps))
        return Edge(subject, target, frozenset(steps), is_path=True)

    def end(self, text: str, named: Callable[[str], str]) -> str:
        """Return an end of an edge."""
        if text == "[]":
            raise UnreadableQueryError("it has triples in brackets")
        if text[0] in "?$":
            return named("?" + text[1:])
        if text.startswith("_:"):
            return named("?" + text)
        return text if text[0] in "<\"'+-.0123456789" or ":" not in text else f"<{self.iri(text)}>"

    def iri(self, text: str) -> str:
        """Return an IRI in full, without brackets."""
        if text == "a":
            return RDF_TYPE
        if text.startswith("<"):
            return text[1:-1]
        prefix, _, local = text.partition(":")
        if prefix not in self.prefixes:
            raise UnreadableQueryError(f"the prefix of {text} is not known")
        return self.prefixes[prefix] + local


def _inside(select: Group, named: Callable[[str], str]) -> Callable[[str], str]:
    """Return what variables are called within a query in a query."""
    selected = _selected(select.head)

    def inner(variable: str) -> str:
        return named(variable) if selected is None or variable in selected else f"{variable}/{select.start}"

    return inner


def _selected(head: tuple[Token, ...]) -> frozenset[str] | None:
    """Return the variables that an inner query selects as they are; nothing where that is all of them."""
    depth = 0
    found = set()
    for token in head:
        depth += (token.text == "(") - (token.text == ")")
        if token.text == "*" and not depth:
            return None
        if token.variable and not depth:
            found.add("?" + token.variable)
    return frozenset(found)


def _way(first: Edge, around: tuple[Edge, ...]) -> Trail:
    """Return the trail with the cheapest way from a pattern to ``?this``."""
    starts = [end for end in (first.subject, first.object) if end.startswith("?")]
    queue: list[tuple[int, int, str, str, tuple[Step, ...]]] = [
        (0, number, end, end, ()) for number, end in enumerate(starts)
    ]
    heapq.heapify(queue)
    number = len(starts)
    seen: set[str] = set()
    while queue:
        cost, _, at, start, steps = heapq.heappop(queue)
        if at == THIS:
            return Trail(first, start, steps)
        if at in seen:
            continue
        seen.add(at)
        for edge in around:
            for end, other, forward in ((edge.subject, edge.object, True), (edge.object, edge.subject, False)):
                if end == at and other.startswith("?") and other not in seen:
                    number += 1
                    heapq.heappush(queue, (cost + edge.cost, number, other, start, (*steps, Step(edge, forward))))
    return Trail(first, "")
