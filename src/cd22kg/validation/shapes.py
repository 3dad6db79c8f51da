"""The shapes that ship with the package, and in which file each rule stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import NamedNode, Quad

from cd22kg.namespaces import SHAPES
from cd22kg.rdf import read_turtle
from cd22kg.resources import resource_files


@dataclass(frozen=True)
class Shapes:
    """The triples of the shapes, and the file of each rule by its id (``measurement-events-le-total``)."""

    quads: tuple[Quad, ...]
    files: Mapping[str, str]


def read_shapes(paths: Sequence[Path] = ()) -> Shapes:
    """Return the shapes in these files, or those of the package.

    Raises:
        InputError: If a file is not Turtle.
    """
    quads: list[Quad] = []
    files: dict[str, str] = {}
    for path in paths or resource_files("shapes", "*.ttl"):
        name = f"shapes/{path.name}"
        for quad in read_turtle(path, SHAPES, name=name):
            quads.append(quad)
            if isinstance(quad.subject, NamedNode) and quad.subject.value.startswith(SHAPES):
                files.setdefault(quad.subject.value.removeprefix(SHAPES), name)
    return Shapes(tuple(quads), files)
