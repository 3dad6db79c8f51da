"""The shapes that ship with the package, and in which file each rule stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pyoxigraph import NamedNode, Quad

from cd22kg.namespaces import CD22, SHAPES
from cd22kg.rdf import read_turtle
from cd22kg.resources import resource_files
from cd22kg.validation.engine import Validator

_MARK = CD22 + "mayBePublished"


@dataclass(frozen=True)
class Shapes:
    """The triples of the shapes, the file of each rule by its id, and the rules about the figure itself."""

    quads: tuple[Quad, ...]
    files: Mapping[str, str]
    about_figures: frozenset[str]

    @cached_property
    def validator(self) -> Validator:
        """Return the shapes as read, once: reading them takes longer than many a validation.

        Raises:
            InputError: If a shape is malformed.
        """
        return Validator(self.quads)


def read_shapes(paths: Sequence[Path] = (), *, foreign: bool = False) -> Shapes:
    """Return the shapes in these files, or those of the package.

    Args:
        paths: The files.
        foreign: Whether the files are another's: they are named by their paths, and a rule may be any IRI.

    Raises:
        InputError: If a file is not Turtle.
    """
    quads: list[Quad] = []
    files: dict[str, str] = {}
    for path in paths or resource_files("shapes", "*.ttl"):
        name = str(path) if foreign else f"shapes/{path.name}"
        for quad in read_turtle(path, SHAPES, name=name):
            quads.append(quad)
            if isinstance(quad.subject, NamedNode) and (foreign or quad.subject.value.startswith(SHAPES)):
                files.setdefault(quad.subject.value.removeprefix(SHAPES), name)
    marked = {q.subject.value for q in quads if q.predicate.value == _MARK and isinstance(q.subject, NamedNode)}
    return Shapes(tuple(quads), files, frozenset(iri.removeprefix(SHAPES) for iri in marked))
