"""A file of lines, validated a portion at a time, each in a small store that is dropped after its checks.

    Portions(validator, lines).validate(store, ...) -> a Validation, the same as of the whole

A store of millions of triples is slow to fill, as each lies somewhere else in memory; small ones are not, and two can
be filled at a time. What is said of a node stands together in most files, so that a portion is enough for most checks.
A node of which several portions speak, or blank nodes are said, is looked at again in the end, with all that is said of
it; shapes for which a portion is not enough are checked on a store of what they read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from pyoxigraph import RdfFormat

from cd22kg.store import OxigraphStore
from cd22kg.validation.engine import Part, Validation, Validator
from cd22kg.validation.gathered import Gathered, UnfitError
from cd22kg.validation.lines import LineFile
from cd22kg.validation.pipe import loading
from cd22kg.validation.portion import Asking, Found, plan_of
from cd22kg.validation.runner import THREADS, Judge, severity_of, workers

#: Bytes of a portion: small enough to be filled fast, large enough that the queries are not most of the work.
PORTION = 2 << 20
#: Portions that are read ahead, for each thread.
_AHEAD = 2
Given = TypeVar("Given")
Made = TypeVar("Made")


class Portions:
    """Validates a file of lines in portions, and as a whole where it is not fit for that."""

    def __init__(self, validator: Validator, lines: LineFile, *, size: int = PORTION) -> None:
        """Take the shapes, the file, which nothing was loaded of, and the bytes of a portion."""
        self._validator = validator
        self._lines = lines
        self._size = size

    def validate(
        self,
        store: OxigraphStore,
        *,
        limit: int | None = None,
        judge: Judge = severity_of,
        threads: int = THREADS,
    ) -> Validation:
        """Validate the file.

        Args:
            store: An empty store for what has to be loaded as a whole.
            limit: How many results are kept; counts stay exact.
            judge: Says how bad a result is; called from several threads.
            threads: Portions at a time.

        Raises:
            InputError: As `Validator.validate`, and if the file cannot be read or does not follow its syntax.
            QueryError: If the store gives up on a query.
        """
        try:
            return self._in_portions(store, limit, judge, threads)
        except UnfitError:
            store.update("DROP ALL")
            self._lines.load(store)
            found = self._validator.validate(store, self._lines, limit=limit, judge=judge, threads=threads)
            return self._validator.noted(found, store)

    def _in_portions(self, store: OxigraphStore, limit: int | None, judge: Judge, threads: int) -> Validation:
        lines, validator = self._lines, self._validator
        with OxigraphStore() as hierarchy:
            hierarchy.bulk_load(lines.hierarchy())
            plan = plan_of(validator, hierarchy)
        if plan is None:
            raise UnfitError
        gathered = Gathered(Asking(plan, validator, judge), limit)
        with lines.faults_told():
            self._ask(gathered, store, threads)
        is_whole = not gathered.needs_another_look or self._look_again(gathered, store)
        lines.was_loaded(gathered.quads, plan.watched, in_one_graph=is_whole and lines.syntax == RdfFormat.N_TRIPLES)
        local = [shape for shape in validator.shapes() if shape not in plan.rest]
        digits = set(validator.reading_digits(local, store, lines))
        part = Part((*plan.rest, *digits), validator.compiler.checks, gathered.tally({shape.node for shape in digits}))
        found = validator.validate(store, lines, limit=limit, judge=judge, threads=threads, part=part)
        found = validator.noted(found, store, has_focus=gathered.asking.has_focus)
        store.bulk_load_text(gathered.members(), RdfFormat.N_TRIPLES)
        return found

    def _ask(self, gathered: Gathered, store: OxigraphStore, threads: int) -> None:
        lines, asking = self._lines, gathered.asking

        def ask(text: bytes) -> tuple[bytes, Found]:
            return text, asking.text(text, lines.syntax, gathered.known, gathered.room())

        with workers(threads) as pool, loading(store, RdfFormat.N_TRIPLES) as load:
            for text, found in _in_order(pool, ask, lines.portions(self._size), threads * _AHEAD):
                lines.note_folded(text, found.folded)
                load(found.triples)
                gathered.add(found)

    def _look_again(self, gathered: Gathered, store: OxigraphStore) -> bool:
        """Ask again of the nodes of which several portions speak, and of those without a name, with all that is said.

        Returns whether a store holds each quad about them.
        """
        quads = self._lines.quads_about(gathered.scattered, gathered.foci())
        properties = gathered.asking.plan.properties
        store.bulk_load(quad for quad in quads if quad.predicate.value in properties)
        gathered.drop_scattered()
        found = gathered.asking.quads(quads, gathered.room())
        gathered.add_scattered(found)
        return found.quads == len(quads)


def _in_order(
    pool: ThreadPoolExecutor, work: Callable[[Given], Made], items: Iterable[Given], ahead: int
) -> Iterator[Made]:
    """Yield what the work makes of each item, in their order; no more than so many are taken before they are needed."""
    waiting: deque[Future[Made]] = deque()
    for item in items:
        waiting.append(pool.submit(work, item))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
