"""The triples of the shapes, indexed, with readers for what a parameter may be; what is malformed names its shape."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NoReturn

from pyoxigraph import BlankNode, Literal, NamedNode, Quad

from cd22kg.errors import InputError
from cd22kg.gate.text import visible
from cd22kg.namespaces import STANDARD_PREFIXES
from cd22kg.store import Term
from cd22kg.validation.paths import FIRST, MARKS, NIL, REST, Path
from cd22kg.validation.shape_model import Node, name_of
from cd22kg.validation.terms import RDF_TYPE, SH, SUBCLASS, XSD, text_of

#: Deepest nesting of shapes in shapes, and of paths in paths.
MAX_DEPTH = 100

_OWL = STANDARD_PREFIXES["owl"]
_TRUTH = {"true": True, "1": True, "false": False, "0": False}
_IRI = re.compile(r"[^\x00-\x20<>\"{}|^`\\]*")
_PREFIX = re.compile(r"\w[\w.-]*|")


def unusable(shape: Term, what: str) -> NoReturn:
    """Refuse the shapes.

    Raises:
        InputError: Always.
    """
    raise InputError(f"the shapes cannot be used: `{name_of(shape)}` {visible(what)}", hint="mend this shape")


class ShapeGraph:
    """The triples of the shapes by subject and predicate."""

    def __init__(self, quads: Iterable[Quad]) -> None:
        self._index: dict[Term, dict[str, list[Term]]] = {}
        self._types: dict[str, list[Node]] = {}
        for quad in quads:
            subject, value = quad.subject, quad.object
            known = self._index.setdefault(subject, {}).setdefault(quad.predicate.value, [])
            if value in known:
                continue
            known.append(value)
            if quad.predicate.value == RDF_TYPE and isinstance(value, NamedNode):
                self._types.setdefault(value.value, []).append(subject)  # type: ignore[arg-type]  # no triple term

    def instances(self, iri: str) -> list[Node]:
        """Return the members of a class, and of those that the shapes put below it."""
        below = [iri]
        for known in below:
            for node, facts in self._index.items():
                if NamedNode(known) in facts.get(SUBCLASS, ()) and text_of(node) not in below:
                    below.append(text_of(node))
        return list(dict.fromkeys(node for each in below for node in self._types.get(each, ())))

    def subjects(self) -> Iterable[Node]:
        """Yield every subject."""
        return (node for node in self._index if isinstance(node, NamedNode | BlankNode))

    def predicates(self, subject: Term) -> Iterable[str]:
        """Yield every predicate of a subject."""
        return self._index.get(subject, {})

    def objects(self, subject: Term, predicate: str) -> list[Term]:
        """Return every value of a property, SHACL's own by its short name."""
        iri = predicate if ":" in predicate else SH + predicate
        return self._index.get(subject, {}).get(iri, [])

    def one(self, shape: Term, predicate: str) -> Term | None:
        """Return the value of a property that may be given once.

        Raises:
            InputError: If it is given more often.
        """
        found = self.objects(shape, predicate)
        if len(found) > 1:
            unusable(shape, f"has more than one value of `{_short(predicate)}`")
        return found[0] if found else None

    def iri(self, shape: Term, predicate: str) -> NamedNode | None:
        """Return the value of a property that may hold one IRI."""
        found = self.one(shape, predicate)
        if found is not None and not isinstance(found, NamedNode):
            unusable(shape, f"needs an IRI in `{_short(predicate)}`, not {found}")
        return found

    def iris(self, shape: Term, predicate: str) -> tuple[NamedNode, ...]:
        """Return the values of a property that may hold IRIs."""
        found = self.objects(shape, predicate)
        for value in found:
            if not isinstance(value, NamedNode):
                unusable(shape, f"needs IRIs in `{_short(predicate)}`, not {value}")
        return tuple(value for value in found if isinstance(value, NamedNode))

    def literal(self, shape: Term, predicate: str) -> Literal | None:
        """Return the value of a property that may hold one literal."""
        found = self.one(shape, predicate)
        if found is not None and not isinstance(found, Literal):
            unusable(shape, f"needs a literal in `{_short(predicate)}`, not {found}")
        return found

    def literals(self, subject: Term, predicate: str) -> tuple[Literal, ...]:
        """Return the literals among the values of a property, in a fixed order."""
        found = (value for value in self.objects(subject, predicate) if isinstance(value, Literal))
        return tuple(sorted(found, key=str))

    def integer(self, shape: Term, predicate: str) -> Literal | None:
        """Return the value of a property that may hold one whole number."""
        found = self.literal(shape, predicate)
        if found is not None and not re.fullmatch(r"\+?[0-9]+|-0+", found.value):
            unusable(shape, f"needs a whole number, 0 or more, in `{_short(predicate)}`, not {found}")
        return found

    def boolean(self, shape: Term, predicate: str) -> bool:
        """Return the value of a property that may hold true or false; false where it is missing."""
        found = self.literal(shape, predicate)
        if found is None:
            return False
        if found.datatype.value != XSD + "boolean" or found.value not in _TRUTH:
            unusable(shape, f"needs true or false in `{_short(predicate)}`, not {found}")
        return _TRUTH[found.value]

    def members(self, shape: Term, head: Term) -> tuple[Term, ...]:
        """Return the members of a list.

        Raises:
            InputError: If it is not a list, or does not end.
        """
        found: list[Term] = []
        seen: set[Term] = set()
        while head != NIL:
            first, rest = self.objects(head, FIRST.value), self.objects(head, REST.value)
            if head in seen or len(first) != 1 or len(rest) != 1:
                unusable(shape, "has a list that is malformed")
            seen.add(head)
            found.append(first[0])
            head = rest[0]
        return tuple(found)

    def path(self, shape: Term, predicate: str = "path") -> Path | None:
        """Return the path of a shape, or of a result, if it has one."""
        found = self.one(shape, predicate)
        return None if found is None else self._path(shape, found, set())

    def _path(self, shape: Term, node: Term, above: set[Term]) -> Path:
        if isinstance(node, NamedNode) and node != NIL:
            return Path("predicate", node.value)
        if node in above:
            unusable(shape, "has a path that contains itself")
        if len(above) >= MAX_DEPTH:
            unusable(shape, f"has a path in a path, over {MAX_DEPTH} levels deep")
        above = above | {node}
        if self.objects(node, FIRST.value):
            parts = tuple(self._path(shape, member, above) for member in self.members(shape, node))
            if len(parts) < 2:
                unusable(shape, "has a path of fewer than two steps")
            return Path("sequence", parts=parts)
        given = [kind for kind in ("alternativePath", *MARKS) if self.objects(node, kind)]
        if len(given) != 1:
            unusable(shape, "has a malformed path")
        inner = self.one(node, given[0])
        assert inner is not None  # noqa: S101  # `given` lists those with a value
        if given[0] == "alternativePath":
            parts = tuple(self._path(shape, member, above) for member in self.members(shape, inner))
            if len(parts) < 2:
                unusable(shape, "has an alternative of fewer than two paths")
            return Path("alternativePath", parts=parts)
        return Path(given[0], parts=(self._path(shape, inner, above),))

    def prefixes(self, constraint: Term) -> dict[str, str]:
        """Return the prefixes declared for a query, also in what its ontologies import."""
        found: dict[str, str] = {}
        waiting, seen = list(self.objects(constraint, "prefixes")), set[Term]()
        while waiting:
            ontology = waiting.pop()
            if ontology in seen:
                continue
            seen.add(ontology)
            waiting += self.objects(ontology, _OWL + "imports")
            for declaration in self.objects(ontology, "declare"):
                prefix, namespace = self.literals(declaration, "prefix"), self.literals(declaration, "namespace")
                if len(prefix) != 1 or len(namespace) != 1 or not _PREFIX.fullmatch(prefix[0].value):
                    unusable(ontology, "declares a prefix without one name and one namespace")
                if not _IRI.fullmatch(namespace[0].value):
                    unusable(ontology, f"declares the prefix `{prefix[0].value}` for what is no IRI")
                if found.setdefault(prefix[0].value, namespace[0].value) != namespace[0].value:
                    unusable(ontology, f"declares the prefix `{prefix[0].value}` twice, for different namespaces")
        return found


def _short(predicate: str) -> str:
    return predicate if ":" in predicate else f"sh:{predicate}"
