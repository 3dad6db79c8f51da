"""What was perhaps meant: the allowed values that are nearest to one that is not allowed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cached_property

from pyoxigraph import Literal, NamedNode, Quad

from cd22kg.namespaces import compact
from cd22kg.store import Store, Term
from cd22kg.validation.focus import Names, Schema
from cd22kg.validation.plan import Result
from cd22kg.validation.shape_graph import ShapeGraph
from cd22kg.validation.terms import SH, text_of

#: Of a class with more members than this, none is suggested: looking them up would cost more than it helps.
MAX_MEMBERS = 2000
#: After so many different values no more are looked up, so that a report of many findings does not wait for them.
MAX_LOOKUPS = 100
#: A list of values up to this length is told in full where nothing is near.
MAX_LISTED = 12


class Nearest:
    """Looks among the values of ``sh:in`` and the members of ``sh:class``; each list is made once, when needed."""

    def __init__(self, store: Store, shapes: Iterable[Quad]) -> None:
        self._store = store
        self._quads = shapes
        self._known: dict[tuple[Term, str], Mapping[str, list[str]]] = {}
        self._hints: dict[tuple[Term, str, Term], str] = {}

    @cached_property
    def _shapes(self) -> ShapeGraph:
        return ShapeGraph(self._quads)

    def hint(self, result: Result) -> str:
        """Return what to write instead of the value of a result, or nothing where there is nothing to say."""
        kind = result.component.removeprefix(SH).removesuffix("ConstraintComponent")
        if kind not in ("In", "Class") or not isinstance(result.value, NamedNode | Literal):
            return ""
        key = (result.shape, kind, result.value)
        if key not in self._hints and len(self._hints) < MAX_LOOKUPS:
            self._hints[key] = self._hint(result.shape, kind, result.value)
        return self._hints.get(key, "")

    def _hint(self, shape: Term, kind: str, value: Term) -> str:
        if (shape, kind) not in self._known:
            self._known[shape, kind] = _by_local_name(self._listed(shape) if kind == "In" else self._members(shape))
        known = self._known[shape, kind]
        near = get_close_matches(_local(value).lower(), known, n=3, cutoff=0.6)
        found = list(dict.fromkeys(name for local in near for name in known[local]))[:3]
        if found:
            return "did you mean " + ", ".join(f"`{name}`" for name in found) + "?"
        names = sorted(name for each in known.values() for name in each)
        return f"one of: {', '.join(names)}" if kind == "In" and 0 < len(names) <= MAX_LISTED else ""

    def _listed(self, shape: Term) -> list[Term]:
        return [value for head in self._shapes.objects(shape, "in") for value in self._shapes.members(shape, head)]

    def _members(self, shape: Term) -> list[Term]:
        classes = tuple(iri.value for iri in self._shapes.iris(shape, "class"))
        if not classes:
            return []
        pattern = Schema(self._store).typed("?member", classes, Names())
        text = f"SELECT DISTINCT ?member WHERE {{ {pattern} FILTER(isIRI(?member)) }} LIMIT {MAX_MEMBERS + 1}"
        found = [row[0] for row in self._store.select(text, name="members of a class")[1]]
        return [member for member in found if member is not None] if len(found) <= MAX_MEMBERS else []


def _by_local_name(terms: Iterable[Term]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, local in sorted({(_shown(term), _local(term).lower()) for term in terms}):
        found.setdefault(local, []).append(name)
    return found


def _shown(term: Term) -> str:
    return compact(term.value) if isinstance(term, NamedNode) else text_of(term)


def _local(term: Term) -> str:
    """Return the last part of an IRI, or a literal's text: what a person mistypes."""
    text = text_of(term)
    return text.replace("#", "/").rstrip("/").rpartition("/")[2] or text if isinstance(term, NamedNode) else text
