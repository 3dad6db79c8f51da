"""The data as their author wrote them, beside a store that keeps values and not digits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cached_property

from pyoxigraph import NamedNode, Quad

from cd22kg.store import OxigraphStore
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

    def folded(self) -> Iterable[Quad]:
        """Return the quads with a literal that a store folds; kept where all of the data are."""
        quads = self._source()
        return self._kept if isinstance(quads, Sequence) else filter(_has_folded, quads)

    @cached_property
    def _kept(self) -> list[Quad]:
        return list(filter(_has_folded, self._source()))

    @cached_property
    def folded_predicates(self) -> frozenset[str]:
        """Return the properties of those."""
        found: set[NamedNode] = set()
        for quad in self.folded():
            found.add(quad.predicate)
        return frozenset(node.value for node in found)

    def is_whole(self, count: int) -> bool:
        """Return whether a store with so many quads is known to hold each of them: that no two became one."""
        quads = self._source()
        return isinstance(quads, Sequence) and len(quads) == count

    def load_whole(self, store: OxigraphStore, predicates: Collection[str] | None) -> None:
        """Load the quads with these properties, or all, into a store, such that it keeps the digits."""
        store.bulk_load(
            Quad(quad.subject, quad.predicate, to_authored(quad.object))
            for quad in self._source()
            if predicates is None or quad.predicate.value in predicates
        )


def _has_folded(quad: Quad) -> bool:
    return is_folded(quad.object)
