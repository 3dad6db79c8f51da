"""Validation of what a change concerns, with earlier results for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pyoxigraph import NamedNode

from cd22kg.store import Store, Term
from cd22kg.validation.affected import Affected, Change, TooWideError
from cd22kg.validation.authored import Source
from cd22kg.validation.constraint_query import read
from cd22kg.validation.engine import Part, Validation, Validator
from cd22kg.validation.focus import Focus, LocalSchema, Names, Schema
from cd22kg.validation.plan import Check, Result
from cd22kg.validation.runner import THREADS, Judge, Tally, add_all, severity_of
from cd22kg.validation.shape_model import Node, Shape, Targets
from cd22kg.validation.sparql_tokens import UnreadableQueryError
from cd22kg.validation.trails import Trail, trails_of


def revalidate(
    validator: Validator,
    store: Store,
    change: Change,
    earlier: Sequence[Result],
    source: Source | None = None,
    *,
    limit: int | None = None,
    judge: Judge = severity_of,
    threads: int = THREADS,
) -> Validation:
    """Validate the data of a store of which an earlier state was validated; the results are those of a full run.

    Only focus nodes from which a changed triple can be reached along the patterns of a shape's queries are checked
    again; all nodes of a shape where that cannot be told or are too many.

    Args:
        validator: The shapes, the same as before.
        store: The data after the change.
        change: What was added and removed, with authored digits.
        earlier: Every result for the data before it.
        source: The data after the change with their authored digits, where they are at hand.
        limit: How many results are kept; counts stay exact.
        judge: Says how bad a result is.
        threads: Queries at a time.

    Raises:
        InputError, QueryError: As `Validator.validate`.
    """
    if change.moves_classes:
        return validator.validate(store, source, limit=limit, judge=judge, threads=threads)
    concerned = Concerned(validator, store, change)
    known = Tally(limit)
    add_all(concerned.still_true(earlier), known, judge)
    part = Part(concerned.shapes, concerned.checks, known)
    return validator.validate(store, source, limit=limit, judge=judge, threads=threads, part=part)


class Concerned:
    """What a change concerns: shapes, and nodes of each."""

    def __init__(self, validator: Validator, store: Store, change: Change) -> None:
        self.compiler = validator.compiler
        self.store = store
        self.schema = LocalSchema(store)
        self.affected = Affected(store, change)
        #: The nodes of a shape to look at again; nothing where that is all of them.
        self.nodes: dict[Node, frozenset[Term] | None] = {
            shape.node: self._nodes(shape) for shape in validator.shapes()
        }

        self.shapes = tuple(shape for shape in validator.shapes() if self.nodes[shape.node] != frozenset())

    def still_true(self, earlier: Iterable[Result]) -> Iterator[Result]:
        """Yield the earlier results that the change does not concern."""
        for result in earlier:
            nodes = self.nodes.get(result.shape)
            if nodes is not None and result.focus not in nodes:
                yield result

    def checks(self, shape: Shape, schema: Schema, *, lenient: bool) -> Iterator[Check]:
        """Yield the checks that are to be run again."""
        nodes = self.nodes[shape.node]
        if nodes is None:
            yield from self.compiler.checks(shape, schema, lenient=lenient)
        elif focus := self._focus(shape, nodes):
            local = LocalSchema(self.store, authored=schema.authored)
            yield from self.compiler.checks(shape, local, lenient=lenient, focus=focus)

    def _nodes(self, shape: Shape) -> frozenset[Term] | None:
        if any(constraint.query and "NOW" in read(constraint.query.text).words() for constraint in shape.constraints):
            return None  # the clock has changed too
        reads = self.compiler.predicates(shape)
        if reads is not None and not reads & self.affected.predicates:
            return frozenset()
        try:
            nodes = self.affected.nodes(self._trails(shape))
        except (TooWideError, UnreadableQueryError):
            return None
        # No query can name a blank node, and another store may keep a literal in another form.
        return frozenset(nodes) if all(isinstance(node, NamedNode) for node in nodes) else None

    def _trails(self, shape: Shape) -> list[Trail]:
        return [
            trail
            for check in self.compiler.checks(shape, self.schema)
            for trail in trails_of(check.query, _prefixes(check))
        ]

    def _focus(self, shape: Shape, nodes: frozenset[Term]) -> Focus | None:
        """Return the nodes that the shape is about, of those that the change concerns."""
        if not nodes:
            return None
        test = self.compiler.focuses[shape.node].test("?this", self.schema, Names())
        listed = " ".join(sorted(map(str, nodes)))
        text = f"SELECT ?this WHERE {{ VALUES ?this {{ {listed} }} FILTER({test}) }}"
        found = [row[0] for row in self.store.select(text, name=f"{shape.name}: what a change concerns")[1]]
        return Focus((Targets(nodes=tuple(node for node in found if node is not None)),)) if found else None


def _prefixes(check: Check) -> dict[str, str]:
    """Return the prefixes that the query of a check declares."""
    return {p: iri for c in check.constraints if c.query for p, iri in c.query.prefixes.items()}
