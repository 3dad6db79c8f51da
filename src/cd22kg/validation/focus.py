"""Which nodes a shape is about, as SPARQL: a pattern that finds them, and a test whether a node is one of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from cd22kg.store import Store, Table
from cd22kg.validation.paths import Path
from cd22kg.validation.shape_model import Targets
from cd22kg.validation.terms import RDF_TYPE, SUBCLASS, constant, text_of, to_authored

#: Counts go no further than this: enough to tell the rare from the frequent.
ENOUGH = 10_000
#: A class with more subclasses than this is followed by a path instead of being listed.
MAX_SUBCLASSES = 300


def finds(store: Store, text: str) -> bool:
    """Return whether a SELECT has a row."""
    return any(True for _ in store.select(text, name="survey of the data")[1])


def held(condition: str, test: str) -> str:
    """Return an expression for both, of which the engine cannot ask the second, a look-up, before the first.

    A plain filter moves down to the triples and is asked of each of them: 300 ms instead of 30.
    """
    return f"IF({condition}, {test}, false)"


class Names:
    """Variables that nothing else uses, within one query."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def new(self, stem: str = "v") -> str:
        """Return a new variable."""
        return f"?{stem}_{next(self._numbers)}"


class Schema:
    """What a compiler must know of the data: subclasses, and what is frequent."""

    def __init__(self, store: Store, *, authored: bool = False) -> None:
        """Look at a store; `authored` says that it keeps literals whole, see `terms`."""
        self._store = store
        self.authored = authored
        self._classes: dict[str, tuple[str, ...]] = {}
        self._counts: dict[str, int] = {}

    def subclasses(self, iri: str) -> tuple[str, ...]:
        """Return a class and those below it; the class alone where it has every member of those; none if too many."""
        if iri not in self._classes:
            below = self._column(
                f"SELECT DISTINCT ?class WHERE {{ ?class <{SUBCLASS}>+ <{iri}> }} LIMIT {MAX_SUBCLASSES + 1}"
            )
            others = tuple(sorted({text for text in below if text != iri and not text.startswith("_:")}))
            if len(below) > MAX_SUBCLASSES:
                self._classes[iri] = ()
            elif not others or self._has_all_of(iri, others):
                self._classes[iri] = (iri,)
            else:
                self._classes[iri] = (iri, *others)
        return self._classes[iri]

    def _has_all_of(self, iri: str, others: tuple[str, ...]) -> bool:
        """Return whether every member of the other classes is stated to be one of the class."""
        listed = " ".join(f"<{other}>" for other in others)
        lacking = f"VALUES ?class {{ {listed} }} ?member <{RDF_TYPE}> ?class . MINUS {{ ?member <{RDF_TYPE}> <{iri}> }}"
        return not self._column(f"SELECT ?member WHERE {{ {lacking} }} LIMIT 1")

    def typed(self, variable: str, iris: tuple[str, ...], names: Names) -> str:
        """Return a pattern for the members of any of the classes."""
        listed: list[str] = []
        for iri in iris:
            below = self.subclasses(iri)
            if not below:
                choices = " ".join(f"<{each}>" for each in iris)
                top = names.new("class")
                return f"VALUES {top} {{ {choices} }} {variable} <{RDF_TYPE}>/<{SUBCLASS}>* {top} ."
            listed += below
        unique = tuple(dict.fromkeys(listed))
        if len(unique) == 1:
            return f"{variable} <{RDF_TYPE}> <{unique[0]}> ."
        kind = names.new("class")
        choices = " ".join(f"<{iri}>" for iri in unique)
        return f"VALUES {kind} {{ {choices} }} {variable} <{RDF_TYPE}> {kind} ."

    def belonging(self, variable: str, iri: str, names: Names) -> str:
        """Return a pattern for the values that are of a class."""
        return self.typed(variable, (iri,), names)

    def size(self, pattern: str) -> int:
        """Return how often a pattern is found, counted no further than `ENOUGH`."""
        if pattern not in self._counts:
            text = f"SELECT (COUNT(*) AS ?n) WHERE {{ SELECT * WHERE {{ {pattern} }} LIMIT {ENOUGH} }}"
            self._counts[pattern] = int(self._column(text)[0])
        return self._counts[pattern]

    def frequency(self, predicate: str) -> int:
        """Return how many triples have the predicate, counted no further than `ENOUGH`."""
        return self.size(f"?s <{predicate}> ?o")

    def _column(self, text: str) -> list[str]:
        answer = self._store.query(text, name="survey of the data")
        assert isinstance(answer, Table)  # noqa: S101  # a SELECT
        return [text_of(row[0]) for row in answer.rows]


class LocalSchema(Schema):
    """For queries about a few named nodes: begin with those, and list every subclass, without a look at all members."""

    def _has_all_of(self, iri: str, others: tuple[str, ...]) -> bool:
        return False

    def size(self, pattern: str) -> int:
        """Return how often a pattern is found: taken to be far more often than there are nodes."""
        return ENOUGH


@dataclass(frozen=True)
class Focus:
    """The nodes a shape is about: its targets, and the values that shapes above it lead to."""

    targets: tuple[Targets, ...] = ()
    above: tuple[tuple[Focus, Path], ...] = ()

    def pattern(self, variable: str, schema: Schema, names: Names) -> str:
        """Return a pattern that binds the variable to each node, to some perhaps more than once."""
        found = self._direct(variable, schema, names)
        for focus, path in self.above:
            found.append(focus.reach(names.new("above"), path, variable, schema, names))
        return found[0] if len(found) == 1 else " UNION ".join(f"{{ {each} }}" for each in found)

    def reach(self, variable: str, path: Path, value: str, schema: Schema, names: Names) -> str:
        """Return a pattern for the nodes and the values that a path leads to from each of them."""
        found = f"{self.pattern(variable, schema, names)} {path.pattern(variable, value)}"
        if not path.may_stay or not self.has_nodes():
            return found
        # A store walks from the nodes it holds, and a node that is named need not be one of them.
        return f"{{ {found} }} UNION {{ {self.pattern(variable, schema, names)} BIND({variable} AS {value}) }}"

    def has_nodes(self) -> bool:
        """Return whether some of the nodes are named, and so may be missing in the data."""
        return any(targets.nodes for targets in self.targets) or any(focus.has_nodes() for focus, _ in self.above)

    def test(self, variable: str, schema: Schema, names: Names) -> str:
        """Return an expression: whether the variable is one of the nodes."""
        tests = [f"EXISTS {{ {pattern} }}" for pattern in self._direct(variable, schema, names, nodes=False)]
        if nodes := self._nodes(schema):
            tests.append(f"({' || '.join(f'sameTerm({variable}, {node})' for node in nodes)})")
        for focus, path in self.above:
            parent = names.new("above")
            inner = focus.test(parent, schema, names)
            tests.append(f"EXISTS {{ {path.pattern(parent, variable)} FILTER({inner}) }}")
        return tests[0] if len(tests) == 1 else f"({' || '.join(tests)})"

    def size(self, schema: Schema) -> int:
        """Return about how many nodes there are, counted no further than `ENOUGH` for each target."""
        names = Names()
        own = sum(schema.size(pattern) for pattern in self._direct("?s", schema, names, nodes=False))
        return own + len(self._nodes(schema)) + sum(focus.size(schema) for focus, _ in self.above)

    def _nodes(self, schema: Schema) -> tuple[str, ...]:
        nodes = dict.fromkeys(node for targets in self.targets for node in targets.nodes)
        return tuple(constant(to_authored(node) if schema.authored else node) for node in nodes)

    def _direct(self, variable: str, schema: Schema, names: Names, *, nodes: bool = True) -> list[str]:
        found = []
        classes = tuple(dict.fromkeys(iri for targets in self.targets for iri in targets.classes))
        if classes:
            found.append(schema.typed(variable, classes, names))
        subjects = dict.fromkeys(iri for targets in self.targets for iri in targets.subjects_of)
        objects = dict.fromkeys(iri for targets in self.targets for iri in targets.objects_of)
        found += [f"{variable} <{iri}> {names.new('any')} ." for iri in subjects]
        found += [f"{names.new('any')} <{iri}> {variable} ." for iri in objects]
        if nodes and (listed := self._nodes(schema)):
            found.append(f"VALUES {variable} {{ {' '.join(listed)} }}")
        return found

    def predicates(self) -> set[str]:
        """Return the properties that say which nodes are meant."""
        found = {iri for targets in self.targets for iri in (*targets.subjects_of, *targets.objects_of)}
        if any(targets.classes for targets in self.targets):
            found |= {RDF_TYPE, SUBCLASS}
        for focus, path in self.above:
            found |= focus.predicates() | set(path.predicates())
        return found

    def classes(self) -> set[str] | None:
        """Return the classes that say which nodes are meant; nothing where that may be any."""
        found = {iri for targets in self.targets for iri in targets.classes}
        if any(RDF_TYPE in (*targets.subjects_of, *targets.objects_of) for targets in self.targets):
            return None
        for focus, path in self.above:
            more = focus.classes()
            if more is None or RDF_TYPE in path.predicates():
                return None
            found |= more
        return found
