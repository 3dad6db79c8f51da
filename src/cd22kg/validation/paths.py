"""Property paths: from the triples of a shape, to SPARQL, and back to triples for a report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pyoxigraph import BlankNode, NamedNode, Triple

from cd22kg.namespaces import STANDARD_PREFIXES, compact
from cd22kg.validation.terms import SH

_RDF = STANDARD_PREFIXES["rdf"]
FIRST, REST, NIL = (NamedNode(_RDF + name) for name in ("first", "rest", "nil"))
#: Each kind of path with one step, with what SPARQL writes after (or, for the inverse, before) the step.
MARKS = {"inversePath": "^", "zeroOrMorePath": "*", "oneOrMorePath": "+", "zeroOrOnePath": "?"}


def _new(triples: list[Triple], part: str = "") -> BlankNode:
    """Return a blank node that no triple so far has, with the same label every time."""
    return BlankNode(f"path{len(triples)}{part}")


@dataclass(frozen=True)
class Path:
    """A property path.

    Attributes:
        kind: ``predicate``, ``sequence``, ``alternativePath``, or one of `MARKS`.
        iri: The predicate, for that kind.
        parts: The steps, for the others.
    """

    kind: str
    iri: str = ""
    parts: tuple[Path, ...] = ()

    def to_sparql(self) -> str:
        """Return the path as SPARQL writes it."""
        if self.kind == "predicate":
            return f"<{self.iri}>"
        inside = ("/" if self.kind == "sequence" else "|").join(part.to_sparql() for part in self.parts)
        if self.kind == "inversePath":
            return f"^({inside})"
        return f"({inside}){MARKS.get(self.kind, '')}"

    def pattern(self, subject: str, target: str) -> str:
        """Return a triple pattern along the path."""
        if self.kind == "inversePath" and self.parts[0].kind == "predicate":
            return f"{target} {self.parts[0].to_sparql()} {subject} ."
        return f"{subject} {self.to_sparql()} {target} ."

    @property
    def is_simple(self) -> bool:
        """Return whether it is one predicate, or one the other way round: never the same pair of nodes twice."""
        return self.kind == "predicate" or (self.kind == "inversePath" and self.parts[0].kind == "predicate")

    @property
    def may_stay(self) -> bool:
        """Return whether a node is always a value of its own, in no step at all."""
        if self.kind in ("zeroOrMorePath", "zeroOrOnePath"):
            return True
        if self.kind == "alternativePath":
            return any(part.may_stay for part in self.parts)
        return bool(self.parts) and all(part.may_stay for part in self.parts)

    def predicates(self) -> Iterator[str]:
        """Yield the IRI of every predicate in the path."""
        if self.kind == "predicate":
            yield self.iri
        for part in self.parts:
            yield from part.predicates()

    def to_triples(self, triples: list[Triple]) -> NamedNode | BlankNode:
        """Return the node of the path in a report, and add the triples that describe it."""
        if self.kind == "predicate":
            return NamedNode(self.iri)
        if self.kind in MARKS:
            node = _new(triples)
            triples.append(Triple(node, NamedNode(SH + self.kind), self.parts[0].to_triples(triples)))
            return node
        nodes = [_new(triples, f"-{number}") for number in range(len(self.parts))]
        for number, (node, part) in enumerate(zip(nodes, self.parts, strict=True)):
            triples.append(Triple(node, FIRST, part.to_triples(triples)))
            triples.append(Triple(node, REST, nodes[number + 1] if number + 1 < len(nodes) else NIL))
        if self.kind == "sequence":
            return nodes[0]
        choice = _new(triples)
        triples.append(Triple(choice, NamedNode(SH + self.kind), nodes[0]))
        return choice

    def __str__(self) -> str:
        """Return the path for a person, with our prefixes."""
        if self.kind == "predicate":
            name = compact(self.iri)
            return name if name != self.iri else f"<{name}>"
        inside = ("/" if self.kind == "sequence" else "|").join(map(str, self.parts))
        if self.kind == "inversePath":
            return "^" + (inside if self.parts[0].kind == "predicate" else f"({inside})")
        return f"({inside}){MARKS.get(self.kind, '')}"
