"""Where the nodes of findings stand in a file of RDF; found after validation, for the findings that are kept.

    places_in(file, wanted) -> by line, for N-Triples and N-Quads; by `turtle_places`, for Turtle and TriG

The best place for a finding is that of its triple, else of the first one of its node and property, else of its node. In
doubt there is none: a wrong line is worse than no line.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pyoxigraph import Quad, RdfFormat, parse

from cd22kg.errors import Cd22kgError, Location
from cd22kg.gate.rdf import BY_LINE, RdfFile
from cd22kg.validation.lines import LineFile, NumberedLine, written
from cd22kg.validation.terms import text_of
from cd22kg.validation.turtle_places import MAX_BYTES, Spot, spots_in

_TURTLE = (RdfFormat.TURTLE, RdfFormat.TRIG)
#: Node, property and value as findings name them; what is not known is empty.
Wanted = tuple[str, str, str]


class RdfPlaces:
    """Places in one file."""

    def __init__(self, file: str, spots: dict[Wanted, Spot]) -> None:
        """Keep where each triple, node and property, or node was first seen."""
        self._file = file
        self._spots = spots

    def locate(self, subject: str, predicate: str = "", value: str = "") -> Location | None:
        """Return the place of a triple; else of its node and property, or of its node."""
        for key in ((subject, predicate, value), (subject, predicate, ""), (subject, "", "")):
            if key in self._spots:
                return Location(self._file, *self._spots[key])
        return None


def places_in(path: Path, wanted: Iterable[Wanted], lines: LineFile | None = None) -> RdfPlaces | None:
    """Return where these stand in a file; nothing where its syntax is another, or it is too large.

    Where the file was loaded by the line, `lines` perhaps knows them already.
    """
    if not path.is_file():
        return None  # what can be read only once has been
    file, triples = RdfFile(path), frozenset(wanted)
    try:
        syntax = file.syntax
        if not triples or syntax not in (*BY_LINE, *_TURTLE):
            return None
        if syntax in BY_LINE:
            numbered = (lines or LineFile(file)).about(frozenset(written(subject) for subject, _, _ in triples))
            return RdfPlaces(str(path), _in_lines(numbered, triples))
        with file.reading() as source:
            data = source.read(MAX_BYTES + 1)
            if len(data) > MAX_BYTES:
                return None
            return RdfPlaces(str(path), spots_in(data.decode(), file.base, triples))
    except (Cd22kgError, UnicodeError, SyntaxError):
        return None  # it is no longer what was validated


def _in_lines(lines: Iterable[NumberedLine], wanted: frozenset[Wanted]) -> dict[Wanted, Spot]:
    """Return where wanted nodes begin a line, and from which column on it says what is wanted of them."""
    pairs = {(subject, predicate) for subject, predicate, _ in wanted}
    left = set(wanted)
    found: dict[Wanted, Spot] = {}
    for number, line in lines:
        quad = _parsed(line)
        if quad is None:
            continue
        subject, predicate, value = text_of(quad.subject), quad.predicate.value, text_of(quad.object)
        text = line.decode()
        start = len(text) - len(text.lstrip())
        found.setdefault((subject, "", ""), (number, start + 1))
        left.discard((subject, "", ""))
        if (subject, predicate) in pairs:
            after = text.index(">", start) if text[start] == "<" else start
            for key in ((subject, predicate, ""), (subject, predicate, value)):
                found.setdefault(key, (number, text.index("<", after) + 1))
                left.discard(key)
        if not left:
            break
    return found


def _parsed(line: bytes) -> Quad | None:
    return next(iter(parse(line, format=RdfFormat.N_QUADS, rename_blank_nodes=False)), None)
