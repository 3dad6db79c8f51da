"""Which focus nodes of a query a change concerns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pyoxigraph import Literal, NamedNode, Quad

from cd22kg.store import Store, Term
from cd22kg.validation.terms import RDF_TYPE, SUBCLASS
from cd22kg.validation.trails import Edge, Trail

#: Of more nodes than this on the way, all of a shape is checked again: that is then cheaper.
MAX_NODES = 1_000


class TooWideError(Exception):
    """A change concerns too many nodes, or nodes that a query cannot name."""


@dataclass(frozen=True)
class Change:
    """What was added to a graph, and what was taken out of it."""

    added: tuple[Quad, ...] = ()
    removed: tuple[Quad, ...] = ()

    @property
    def quads(self) -> tuple[Quad, ...]:
        """Return all of it."""
        return self.added + self.removed

    @property
    def moves_classes(self) -> bool:
        """Return whether the hierarchy of classes has changed, on which every query may rest."""
        return any(quad.predicate.value == SUBCLASS for quad in self.quads)


def change_between(earlier: Iterable[Quad], later: Iterable[Quad]) -> Change:
    """Return what leads from one graph to another."""
    before, after = set(earlier), set(later)
    return Change(tuple(after - before), tuple(before - after))


@dataclass
class Affected:
    """Follows trails in a graph, as it is together with what was taken out of it.

    Attributes:
        store: The graph after the change.
        change: The change.
    """

    store: Store
    change: Change
    _by_predicate: dict[str, list[Quad]] = field(default_factory=dict)
    _removed: dict[tuple[str, bool, Term], list[Term]] = field(default_factory=dict)
    _above: dict[str, frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Sort the change by property, and what was taken out by its ends."""
        for quad in self.change.quads:
            self._by_predicate.setdefault(quad.predicate.value, []).append(quad)
        for quad in self.change.removed:
            iri = quad.predicate.value
            self._removed.setdefault((iri, True, quad.subject), []).append(quad.object)
            self._removed.setdefault((iri, False, quad.object), []).append(quad.subject)

    @property
    def predicates(self) -> frozenset[str]:
        """Return the properties of the change."""
        return frozenset(self._by_predicate)

    def nodes(self, trails: Sequence[Trail]) -> set[Term]:
        """Return the values of ``?this`` whose rows may be others after the change.

        Raises:
            TooWideError: If that may be any node, or over `MAX_NODES`.
        """
        found: set[Term] = set()
        for trail in trails:
            for quad in self._matching(trail.first):
                if not trail.start:
                    raise TooWideError
                found |= self._followed(trail, quad)
                if len(found) > MAX_NODES:
                    raise TooWideError
        return found

    def _matching(self, edge: Edge) -> Iterable[Quad]:
        quads = (
            (quad for iri in edge.predicates for quad in self._by_predicate.get(iri, ()))
            if edge.predicates
            else self.change.quads
        )
        return quads if edge.is_path else (quad for quad in quads if self._fits(edge, quad))

    def _fits(self, edge: Edge, quad: Quad) -> bool:
        if edge.subject.startswith("<") and str(quad.subject) != edge.subject:
            return False
        if not edge.object.startswith("<") or str(quad.object) == edge.object:
            return True
        # A query may name a class in place of the one that the member is stated to be in.
        is_type = quad.predicate.value == RDF_TYPE and isinstance(quad.object, NamedNode)
        return is_type and edge.object[1:-1] in self._classes_above(str(quad.object))

    def _classes_above(self, iri: str) -> frozenset[str]:
        if iri not in self._above:
            text = f"SELECT ?class WHERE {{ {iri} <{SUBCLASS}>+ ?class }}"
            rows = self.store.select(text, name="classes above")[1]
            self._above[iri] = frozenset(row[0].value for row in rows if isinstance(row[0], NamedNode))
        return self._above[iri]

    def _followed(self, trail: Trail, quad: Quad) -> set[Term]:
        nodes: set[Term]
        if trail.first.is_path:
            nodes = self._around({quad.subject, quad.object}, trail.first)
        else:
            nodes = {quad.subject if trail.start == trail.first.subject else quad.object}
        for step in trail.steps:
            if not nodes:
                break
            nodes = (
                self._around(nodes, step.edge)
                if step.edge.is_path
                else self._neighbours(nodes, step.edge, forward=step.forward)
            )
        return nodes

    def _around(self, nodes: set[Term], edge: Edge) -> set[Term]:
        """Return the nodes, and all that the properties of a path lead to, in whichever direction."""
        seen = set(nodes)
        fresh = seen
        while fresh:
            fresh = (self._neighbours(fresh, edge, forward=True) | self._neighbours(fresh, edge, forward=False)) - seen
            seen = seen | fresh
            if len(seen) > MAX_NODES:
                raise TooWideError
        return seen

    def _neighbours(self, nodes: set[Term], edge: Edge, *, forward: bool) -> set[Term]:
        if len(nodes) > MAX_NODES or not all(isinstance(node, NamedNode | Literal) for node in nodes):
            raise TooWideError
        known = [node for node in nodes if not forward or isinstance(node, NamedNode)]
        found: set[Term] = set()
        if not known:
            return found
        listed = " ".join(sorted(map(str, known)))
        for predicate in [f"<{iri}>" for iri in sorted(edge.predicates)] or ["?p"]:
            pattern = f"?from {predicate} ?to" if forward else f"?to {predicate} ?from"
            text = f"SELECT DISTINCT ?to WHERE {{ VALUES ?from {{ {listed} }} {pattern} }} LIMIT {MAX_NODES + 1}"
            found.update(row[0] for row in self.store.select(text, name="neighbours")[1] if row[0] is not None)
        for iri in edge.predicates or self.predicates:
            for node in known:
                found.update(self._removed.get((iri, forward, node), ()))
        return found
