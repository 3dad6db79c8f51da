"""The data as their author wrote them, beside a store that keeps values and not digits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cached_property

from pyoxigraph import NamedNode, Quad

from cd22kg.store import OxigraphStore, Store, Term
from cd22kg.validation.terms import is_folded, to_authored

#: Yields the quads of the data, anew at each call.
Source = Callable[[], Iterable[Quad]]


class Authored:
    """Quads from anywhere."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def __call__(self) -> Iterable[Quad]:
        """Return every quad."""
        return self._source()

    def folded(self, predicates: Collection[str] | None = None) -> Iterable[Quad]:
        """Yield the quads with a literal that a store folds, at least those with these properties."""
        quads = self._source()
        return self._kept if isinstance(quads, Sequence) else filter(has_folded, quads)

    @cached_property
    def _kept(self) -> list[Quad]:
        return list(filter(has_folded, self._source()))

    def folded_of(self, nodes: Collection[Term]) -> Iterable[Quad]:
        """Yield the quads with a literal that a store folds, at least those of these nodes."""
        return self.folded()

    def is_watching(self, predicates: Collection[str]) -> bool:
        """Return whether it is known already which of these properties have a literal that a store folds."""
        return False

    def folded_in(self, predicates: Collection[str] | None) -> frozenset[str]:
        """Return which of these properties, or of all, have such a literal."""
        found: set[NamedNode] = set()
        for quad in self.folded(predicates):
            found.add(quad.predicate)
        names = frozenset(node.value for node in found)
        return names if predicates is None else names & frozenset(predicates)

    def is_whole(self, store: Store) -> bool:
        """Return whether a store of them is known to hold each, and in one graph: that no two became one."""
        quads = self._source()
        return isinstance(quads, Sequence) and len(quads) == store.count() and not store.graphs()

    def load_whole(self, store: OxigraphStore, predicates: Collection[str] | None) -> None:
        """Load the quads with these properties, or all, into a store, such that it keeps the digits."""
        store.bulk_load(
            Quad(quad.subject, quad.predicate, to_authored(quad.object))
            for quad in self._source()
            if predicates is None or quad.predicate.value in predicates
        )


def has_folded(quad: Quad) -> bool:
    """Return whether a store may give the object back written otherwise."""
    return is_folded(quad.object)
