"""What is asked of a portion of a file, in a small store of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pyoxigraph import BlankNode, Quad, RdfFormat

from cd22kg.store import OxigraphStore, Store, Term
from cd22kg.validation.constraint_query import names_graph
from cd22kg.validation.engine import Validator
from cd22kg.validation.focus import finds
from cd22kg.validation.locality import PartSchema, Speaks, local_shapes, members_of
from cd22kg.validation.messages import messages_of
from cd22kg.validation.plan import Check, Result
from cd22kg.validation.runner import Judge, rows_of
from cd22kg.validation.running import running
from cd22kg.validation.shape_model import Constraint, Node, Shape
from cd22kg.validation.terms import RDF_TYPE, may_be_folded, text_of

_SUBJECTS = "SELECT DISTINCT ?s WHERE { ?s ?p ?o }"
#: What is said in triple terms may be of nodes without a name, too.
_MIXED = "SELECT DISTINCT ?s WHERE { ?s ?p ?o FILTER((isBlank(?o) || isTRIPLE(?o)) && isIRI(?s)) }"
_BLANK = re.compile(rb"_:")
_NAMED = "FILTER(!isBlank(?s) && !isBlank(?o) && !isTRIPLE(?o))"
Row = tuple[bytes, bytes, Constraint, Mapping[str, Term | None]]


@dataclass(frozen=True)
class Plan:
    """What is asked of each portion.

    Attributes:
        checks: Those for which a portion is enough, each with what may speak against its rows.
        spoken: The queries for that, without repetition.
        rest: The shapes for which it is not.
        properties: What those read.
        triples: Queries for these triples.
        watched: Properties of which it matters how literals are written.
        members: For the shapes that ask for a class, which of `spoken` tells the members of each.
        focus: Queries with a row where some shape is about a node.
    """

    checks: tuple[tuple[Check, Speaks | None], ...]
    spoken: tuple[str, ...]
    rest: tuple[Shape, ...]
    properties: frozenset[str]
    triples: tuple[str, ...]
    watched: frozenset[str]
    members: Mapping[Node, Mapping[str, int]]
    focus: tuple[str, ...]


def plan_of(validator: Validator, hierarchy: Store) -> Plan | None:
    """Return what to ask of each portion of data with these subclasses; nothing where no portion is enough."""
    compiler = validator.compiler
    queries = [c.query for shape in compiler.shapes.shapes.values() for c in shape.constraints if c.query]
    if compiler.foreign or any(map(compiler.summed, validator.shapes())) or any(map(names_graph, queries)):
        return None  # what a portion does not have, or loses
    schema = PartSchema(hierarchy)
    local = local_shapes(compiler, validator.shapes(), schema)
    own = [shape for shape in validator.shapes() if shape.node in local]
    rest = tuple(shape for shape in validator.shapes() if shape.node not in local)
    properties, watched = validator.reads(rest), validator.reads_digits(merged=True)
    if not local or properties is None or watched is None:
        return None
    checks = tuple(
        (check, local[shape.node].get(check.constraints[0]))
        for shape in own
        for check in compiler.checks(shape, schema)
    )
    asked = {shape.node: [text_of(c.terms[0]) for c in shape.constraints if c.name == "Class"] for shape in own}
    of_class = {iri: members_of(iri, schema) for iris in asked.values() for iri in iris}
    spoken = tuple(dict.fromkeys([*(speaks.query for _, speaks in checks if speaks), *of_class.values()]))
    members = {node: {iri: spoken.index(of_class[iri]) for iri in iris} for node, iris in asked.items() if iris}
    focus = tuple(f"SELECT ?this WHERE {{ {pattern} }} LIMIT 1" for pattern in validator.focus_patterns(schema))
    triples = tuple(_triples(properties, validator.reads_classes(rest), schema))
    return Plan(checks, spoken, rest, frozenset(properties), triples, frozenset(watched), members, focus)


def _triples(properties: set[str], classes: set[str] | None, schema: PartSchema) -> Iterator[str]:
    below = [schema.subclasses(iri) for iri in sorted(classes or ())]
    listed = " ".join(f"<{iri}>" for iri in sorted(properties - {RDF_TYPE} if classes is not None else properties))
    if listed:
        yield f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ VALUES ?p {{ {listed} }} ?s ?p ?o {_NAMED} }}"
    if classes is None or RDF_TYPE not in properties or not below:
        return
    if all(below):
        choices = " ".join(f"<{iri}>" for each in below for iri in each)
        yield f"CONSTRUCT {{ ?s a ?o }} WHERE {{ VALUES ?o {{ {choices} }} ?s a ?o {_NAMED} }}"
    else:
        yield f"CONSTRUCT {{ ?s a ?o }} WHERE {{ ?s a ?o {_NAMED} }}"


@dataclass
class Found:
    """What was found in a portion.

    Attributes:
        subjects: The nodes of which it speaks, as N-Triples writes them; without those that have no name.
        mixed: Those of them of which a blank node is said.
        blank: Number of nodes without a name of which it speaks.
        spoken: What speaks against rows, for each query of the plan.
        results: For each check its results, with their focus node and severity, without messages after the first ones.
        rows: For each check the rows against which something may speak: key, focus node, constraint and row.
        triples: What the other shapes read, as N-Triples.
        quads: How many quads there are.
        folded: The watched properties that may have literals that a store folds.
        has_focus: Whether some shape is about one of its nodes.
    """

    subjects: list[bytes] = field(default_factory=list)
    mixed: list[bytes] = field(default_factory=list)
    blank: int = 0
    spoken: list[list[bytes]] = field(default_factory=list)
    results: list[list[tuple[bytes, str, Result]]] = field(default_factory=list)
    rows: list[list[Row]] = field(default_factory=list)
    triples: bytes = b""
    quads: int = 0
    folded: frozenset[str] = frozenset()
    has_focus: bool = False


@dataclass
class Asking:
    """Asks portions.

    Attributes:
        plan: What.
        validator: The shapes.
        judge: Says how bad a result is.
        has_focus: Whether it is known that some shape is about a node, so that none is looked for.
    """

    plan: Plan
    validator: Validator
    judge: Judge
    has_focus: bool = False

    def text(self, text: bytes, syntax: RdfFormat, known: bytes, room: Sequence[int]) -> Found:
        """Return what is found in text.

        Args:
            text: Whole lines.
            syntax: N-Triples or N-Quads.
            known: Lines that tell of which classes nodes elsewhere are.
            room: For each check, of how many results the messages are wanted.

        Raises:
            SyntaxError: If the text does not follow its syntax.
        """
        with OxigraphStore() as store:
            store.bulk_load_text(text, syntax)
            found = self._facts(store, has_blank=_BLANK.search(text) is not None)
            if known:
                store.bulk_load_text(known, RdfFormat.N_TRIPLES)
            self._ask(store, found, room, blank=False)
        return found

    def quads(self, quads: Sequence[Quad], room: Sequence[int]) -> Found:
        """Return what is found in quads."""
        with OxigraphStore() as store:
            store.bulk_load(quads)
            found = self._facts(store, has_blank=False)
            self._ask(store, found, room, blank=True)
        return found

    def _facts(self, store: OxigraphStore, *, has_blank: bool) -> Found:
        found = Found(quads=store.count())
        subjects = _column(store, _SUBJECTS)
        found.subjects = [node for node in subjects if not node.startswith(b"_:")]
        found.blank = len(subjects) - len(found.subjects)
        found.mixed = _column(store, _MIXED) if has_blank else []
        found.triples = b"".join(store.written(text, name="what other shapes read") for text in self.plan.triples)
        found.spoken = [_column(store, text) for text in self.plan.spoken]
        if self.plan.watched:
            listed = " ".join(f"<{iri}>" for iri in sorted(self.plan.watched))
            text = f"SELECT DISTINCT ?p WHERE {{ VALUES ?p {{ {listed} }} ?s ?p ?o FILTER({may_be_folded('?o')}) }}"
            found.folded = frozenset(iri[1:-1].decode() for iri in _column(store, text))
        found.has_focus = self.has_focus or any(finds(store, text) for text in self.plan.focus)
        return found

    def _ask(self, store: OxigraphStore, found: Found, room: Sequence[int], *, blank: bool) -> None:
        """Ask the checks; nodes without a name, of which other portions may speak, only where `blank` says so."""
        for (check, speaks), wanted in zip(self.plan.checks, room, strict=True):
            results: list[tuple[bytes, str, Result]] = []
            rows: list[Row] = []
            with running(check.name):
                for constraint, row in rows_of(store, check):
                    if not blank and isinstance(row["this"], BlankNode):
                        continue
                    if speaks is None:
                        results.append(self.told(check, constraint, row, with_messages=len(results) < wanted))
                    else:
                        rows.append((term(row[speaks.key]), term(row["this"]), constraint, row))
            found.results.append(results)
            found.rows.append(rows)

    def told(
        self, check: Check, constraint: Constraint, row: Mapping[str, Term | None], *, with_messages: bool
    ) -> tuple[bytes, str, Result]:
        """Return the focus node of a row, its severity and its result."""
        result = check.result(constraint, row)
        severity = self.judge(result)
        if with_messages:
            result = replace(result, messages=messages_of(check.shape, constraint, row))
        return term(row["this"]), severity, result


def term(node: Term | None) -> bytes:
    """Return a term as N-Triples writes it."""
    return str(node).encode(errors="replace")


def _column(store: OxigraphStore, text: str) -> list[bytes]:
    """Return the values of the one column of a SELECT."""
    return store.written(text, name="survey of the data").splitlines()[1:]
