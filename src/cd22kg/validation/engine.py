"""The two engines under one roof: what can be compiled runs on the store, the rest on pySHACL, which is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Protocol

from pyoxigraph import BlankNode, Literal, Quad

from cd22kg.errors import InputError
from cd22kg.store import OxigraphStore, Store, Term
from cd22kg.validation.authored import Authored, Source
from cd22kg.validation.compiler import Compiler, united
from cd22kg.validation.focus import Focus, Names, Schema, finds
from cd22kg.validation.missing import without_missing
from cd22kg.validation.plan import Check, Result
from cd22kg.validation.runner import THREADS, Judge, Tally, add_all, run_checks, severity_of
from cd22kg.validation.shape_model import Node, Shape, name_of
from cd22kg.validation.shape_reader import read_shape_set
from cd22kg.validation.terms import KEPT, RDF_TYPE, SH, SUBCLASS, text_of

#: The reference engine holds all data in Python; more than this it is not given.
MAX_FOREIGN_QUADS = 2_000_000

#: Said where there are no results because there are no nodes.
_NO_FOCUS = "no shape found a node"

#: Triples of a property that are looked at to learn whether it holds numbers.
SAMPLE = 1000


class Checks(Protocol):
    """Yields the checks of a shape."""

    def __call__(self, shape: Shape, schema: Schema, *, lenient: bool) -> Iterable[Check]:
        """Yield the checks of a shape, for the data that a schema describes."""
        ...


@dataclass(frozen=True)
class Part:
    """A part of the work.

    Attributes:
        shapes: The shapes to look at.
        checks: Says which checks of a shape to run.
        known: What those leave out.
    """

    shapes: Sequence[Shape]
    checks: Checks
    known: Tally


@dataclass
class Validation:
    """What came of it: the results, and what a reader should know of how they were found."""

    tally: Tally
    notes: tuple[str, ...] = ()
    foreign: dict[str, str] = field(default_factory=dict)


class Validator:
    """Shapes, ready to be held against data."""

    def __init__(self, quads: Sequence[Quad]) -> None:
        """Read the shapes.

        Raises:
            InputError: If a shape is malformed.
        """
        self.quads, missing = without_missing(quads)
        shapes, notes = read_shape_set(self.quads)
        self.notes = (*missing, *notes)
        self.compiler = Compiler(shapes)
        for node, reason in self.compiler.foreign.items():
            if "sh:js" in reason:
                raise InputError(f"{reason}; no engine here runs it", hint="write `" + name_of(node) + "` in SPARQL")

    def shapes(self) -> Iterator[Shape]:
        """Yield the shapes that are compiled, in a fixed order."""
        for node in sorted(self.compiler.focuses, key=str):
            yield self.compiler.shapes[node]

    def every_check(self, store: Store) -> list[Check]:
        """Return the checks of every shape, for the data of a store alone."""
        return list(self._checks(tuple(self.shapes()), Schema(store), self.compiler.checks, lenient=True))

    def _checks(
        self, shapes: Sequence[Shape], schema: Schema, checks: Checks, *, lenient: bool = False
    ) -> Iterator[Check]:
        """Yield the checks of shapes; the data are looked at for each shape in turn, while the first checks run."""
        for shape in shapes:
            yield from checks(shape, schema, lenient=lenient)

    def validate(
        self,
        store: Store,
        source: Source | None = None,
        *,
        limit: int | None = None,
        judge: Judge = severity_of,
        threads: int = THREADS,
        part: Part | None = None,
    ) -> Validation:
        """Validate the data of a store.

        Args:
            store: The data; a query sees the union of its graphs.
            source: The same data with its authored digits, where they are at hand.
            limit: How many results are kept; counts stay exact.
            judge: Says how bad a result is.
            threads: Queries at a time.
            part: What to look at, where not all of it is to be looked at.

        Raises:
            InputError: If shapes need pySHACL and the data is too large for it.
            QueryError: If the store gives up on a query.
        """
        tally = Tally(limit)
        if part:
            tally.merge(part.known)
        authored = None if source is None else source if isinstance(source, Authored) else Authored(source)
        shapes, checks = (part.shapes, part.checks) if part else (tuple(self.shapes()), self.compiler.checks)
        digits = self.reading_digits(shapes, store, authored)
        plain = [shape for shape in shapes if authored is None or shape not in digits]
        run_checks(store, self._checks(plain, Schema(store), checks, lenient=authored is None), tally, judge, threads)
        notes = [*self.notes, *self.compiler.notes()]
        if authored:
            self._validate_authored(authored, digits, tally, judge, threads, checks)
        elif names := ", ".join(self._in_doubt(store, self.reading_digits(tuple(self.shapes()), store, None))):
            notes.append(
                "a store keeps the value of a number, not its digits; verdicts that rest on these may differ"
                f" from those on the file: {names}"
            )
        notes += self._counted_twice(store)
        foreign = {name_of(node): reason for node, reason in self.compiler.foreign.items()}
        if foreign:
            notes += [f"checked by pySHACL, not on the store: `{name}`, as {why}" for name, why in foreign.items()]
            add_all(self._foreign(store, source, notes), tally, judge)
        if authored:
            restore_digits(tally, authored)
        return Validation(tally, tuple(notes), foreign=foreign)

    def reference(self, quads: Iterable[Quad], *, limit: int | None = None, judge: Judge = severity_of) -> Validation:
        """Validate quads with pySHACL alone.

        Raises:
            InputError: If pySHACL cannot make sense of the shapes.
        """
        from cd22kg.validation import pyshacl_engine

        tally = Tally(limit)
        notes = [*self.notes]
        add_all(pyshacl_engine.run(quads, self.quads, notes), tally, judge)
        return Validation(tally, tuple(notes))

    def finds_node(self, store: Store) -> bool:
        """Return whether any shape is about a node; in doubt, where a shape has targets of its own kind, yes."""
        if any("sh:target" in shape.foreign.split() for shape in self._active()):
            return True
        patterns = self.focus_patterns(Schema(store))
        return any(finds(store, f"SELECT ?this WHERE {{ {pattern} }} LIMIT 1") for pattern in patterns)

    def noted(self, found: Validation, store: Store, *, has_focus: bool = False) -> Validation:
        """Return a validation, with a note where it found nothing because no shape is about a node."""
        if not found.tally.counts and not has_focus and not self.finds_node(store):
            found.notes = (*found.notes, _NO_FOCUS)
        return found

    def focus_patterns(self, schema: Schema) -> Iterator[str]:
        """Yield for each shape with a target a pattern for the nodes that it is about."""
        for shape in self._active():
            yield Focus((shape.targets,)).pattern("?this", schema, Names())

    def _active(self) -> Iterator[Shape]:
        return (shape for shape in self.compiler.shapes.roots() if not shape.deactivated)

    def labels(self) -> dict[Node, str]:
        """Return what to call the shapes that are blank nodes: the shape they are in, with their path."""
        found: dict[Node, str] = {}
        for shape in self.compiler.shapes.shapes.values():
            for constraint in shape.constraints:
                for node in constraint.shapes:
                    if isinstance(node, BlankNode):
                        path = self.compiler.shapes[node].path
                        found[node] = f"{shape.name} {path}" if path else f"{shape.name}, {constraint.name.lower()}"
        return found

    # What a plain store cannot tell

    def reading_digits(self, shapes: Iterable[Shape], store: Store, authored: Authored | None) -> tuple[Shape, ...]:
        """Return those of the shapes whose verdict can depend on digits that a store loses."""
        merged = authored is None or not authored.is_whole(store)
        doubtful = tuple(shape for shape in shapes if self.compiler.reads_form(shape, merged=merged))
        if authored is None:
            return doubtful
        reads = self.reads(doubtful)
        literals = None if reads is None else reads - {RDF_TYPE, SUBCLASS}
        suspects = literals if literals is None or authored.is_watching(literals) else self._suspects(literals, store)
        folded = authored.folded_in(suspects) if suspects is None or suspects else frozenset()
        return tuple(shape for shape in doubtful if self.compiler.reads_form(shape, folded, merged=merged))

    def reads(self, shapes: Iterable[Shape]) -> set[str] | None:
        """Return the properties that checking these shapes reads; nothing if that may be any."""
        return united(map(self.compiler.predicates, shapes))

    def reads_classes(self, shapes: Iterable[Shape]) -> set[str] | None:
        """Return the classes that these shapes ask nodes to belong to; nothing if that may be any."""
        return united(map(self.compiler.classes, shapes))

    def reads_digits(self, *, merged: bool) -> set[str] | None:
        """Return the properties of which a verdict can depend on how literals are written; nothing if on any.

        `merged` says that a store may have made one of two literals.
        """
        found = self.reads(shape for shape in self.shapes() if self.compiler.reads_form(shape, merged=merged))
        return None if found is None else found - {RDF_TYPE, SUBCLASS}

    def _suspects(self, properties: set[str], store: Store) -> frozenset[str]:
        """Return those of some properties that have literals of kinds that may be folded.

        To ask a store for those is far cheaper than to look through the data as they were written.
        """
        return frozenset(iri for iri in properties if not KEPT.keys().isdisjoint(_kinds(iri, store)))

    def _validate_authored(
        self, source: Authored, shapes: Sequence[Shape], tally: Tally, judge: Judge, threads: int, checks: Checks
    ) -> None:
        """Check the shapes that read digits, on a store of its own that keeps literals whole."""
        if not shapes:
            return
        with OxigraphStore() as store:
            source.load_whole(store, self.reads(shapes))
            schema = Schema(store, authored=True)
            run_checks(store, self._checks(shapes, schema, checks), tally, judge, threads)

    def _in_doubt(self, store: Store, shapes: Sequence[Shape]) -> list[str]:
        """Return the names of the shapes that read how numbers are written, where a sample of the data has some."""
        numbers: dict[str, bool] = {}

        def holds_numbers(iri: str) -> bool:
            if iri not in numbers:
                sample = f"SELECT ?value WHERE {{ ?s <{iri}> ?value }} LIMIT {SAMPLE}"
                text = f"SELECT ?value WHERE {{ {{ {sample} }} FILTER(isNumeric(?value)) }} LIMIT 1"
                numbers[iri] = finds(store, text)
            return numbers[iri]

        found = []
        for shape in shapes:
            reads = self.compiler.predicates(shape)
            if self.compiler.reads_text(shape) and (reads is None or any(map(holds_numbers, sorted(reads)))):
                found.append(shape.name)
        return found

    def _counted_twice(self, store: Store) -> Iterator[str]:
        """Yield a note where a sum over the union of graphs counts a triple twice."""
        doubled = [
            shape.name
            for shape in self.shapes()
            if any(_in_two_graphs(store, iri) for iri in sorted(self.compiler.summed(shape)))
        ]
        if doubled:
            yield f"a triple stands in two graphs and is counted twice by the query of {', '.join(doubled)}"

    # The reference engine

    def _foreign(self, store: Store, source: Source | None, notes: list[str]) -> Iterable[Result]:
        """Return what pySHACL finds with the shapes that are not compiled."""
        from cd22kg.validation import pyshacl_engine

        if store.count() > MAX_FOREIGN_QUADS:
            names = ", ".join(sorted(name_of(node) for node in self.compiler.foreign))
            raise InputError(
                f"{store.count()} quads are too many for pySHACL, which these shapes need: {names}",
                hint="write them so that they can be compiled; `--explain` says what keeps them",
            )
        return pyshacl_engine.run(source() if source else store.quads(), self._without_compiled_targets(), notes)

    def _without_compiled_targets(self) -> Iterator[Quad]:
        """Yield the shapes without the targets of those that are compiled, so that nothing is told twice."""
        compiled = {shape.node for shape in self.compiler.shapes.roots() if shape.node not in self.compiler.foreign}
        for quad in self.quads:
            is_target = quad.predicate.value.startswith(SH + "target")
            is_class = quad.predicate.value == RDF_TYPE and not str(quad.object).startswith(f"<{SH}")
            if quad.subject not in compiled or not (is_target or is_class):
                yield quad


def _kinds(iri: str, store: Store) -> Iterator[str]:
    """Yield the datatypes of the values of a property."""
    kinds = f"SELECT DISTINCT ?kind WHERE {{ ?s <{iri}> ?value BIND(DATATYPE(?value) AS ?kind) }}"
    return (text_of(row[0]) for row in store.select(kinds, name="survey of the data")[1])


def _in_two_graphs(store: Store, iri: str) -> bool:
    twice = f"GRAPH ?g {{ ?s <{iri}> ?o }} GRAPH ?h {{ ?s <{iri}> ?o }} FILTER(?g != ?h)"
    return finds(store, f"SELECT ?s WHERE {{ {twice} }} LIMIT 1")


def restore_digits(tally: Tally, source: Authored) -> None:
    """Give the values of the results that were kept the digits of their author, where there is no doubt which."""
    wanted: dict[tuple[Term, str], list[Literal]] = {
        (result.focus, result.path.iri): []
        for _, result in tally.kept
        if _may_be_folded(result.value) and result.path is not None and result.path.kind == "predicate"
    }
    if not wanted:
        return
    for quad in source.folded_of({result.focus for _, result in tally.kept}):
        found = wanted.get((quad.subject, quad.predicate.value))
        if found is not None and isinstance(quad.object, Literal) and quad.object not in found:
            found.append(quad.object)
    for position, (severity, result) in enumerate(tally.kept):
        written = wanted.get((result.focus, result.path.iri), []) if result.path else []
        same = [literal for literal in written if _equal(literal, result.value)]
        if len(same) == 1 and _may_be_folded(result.value):
            tally.kept[position] = (severity, replace(result, value=same[0]))


def _may_be_folded(value: Term | None) -> bool:
    return isinstance(value, Literal) and value.datatype.value in KEPT


def _equal(literal: Literal, value: Term | None) -> bool:
    try:
        return isinstance(value, Literal) and Decimal(literal.value) == Decimal(value.value)
    except ArithmeticError:
        return False
