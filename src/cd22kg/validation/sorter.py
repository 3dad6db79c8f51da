"""Lines of N-Triples and N-Quads, sorted by the property of their statement."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection
from itertools import groupby

from pyoxigraph import RdfFormat, parse

from cd22kg.validation.terms import RDF_TYPE

_IRI = rb"<https?://[a-zA-Z0-9.-]+/[\w./~+-]*(?:#[\w./~+-]*)?>"
_DATATYPE = rb"(?!<%b)%b" % (re.escape(RDF_TYPE.removesuffix("type").encode()), _IRI)
_LITERAL = rb'"[^"\\\r\n]*(?:\\[tbnrf"\'\\][^"\\\r\n]*)*"(?:@[a-z]{2,3}(?:-[A-Z]{2})?|\^\^' + _DATATYPE + rb")?"
_CLASS = re.compile(rb"<[^<>\\]*> <%b> <([^<>\\]*)> (?:<[^<>\\]*> )?\.[\r\n]*" % re.escape(RDF_TYPE.encode()))
_LINE_END = re.compile(rb"\r\n?|\n")
#: Lines that surely have no fault; most lines are such. A graph is allowed in N-Quads only.
_PLAIN = {
    syntax: re.compile(rb"(?:%b %b (?:%b|%b) %b\.\r?\n)*+" % (_IRI, _IRI, _IRI, _LITERAL, graph))
    for syntax, graph in ((RdfFormat.N_TRIPLES, b""), (RdfFormat.N_QUADS, rb"(?:%b )?" % _IRI))
}


class Sorter:
    """Lines whose statement has one of some properties are kept; of these, some are watched.

    A node that is said to be of a class that is asked for need not be said to be of its subclasses too. Which these are
    is known in the end only: until then the other classes of such nodes are left out, and noted in `left`.

    Attributes:
        kept: The lines of the last chunk that are kept, without those that follow.
        watched: Those that are kept and watched.
        doubtful: Those whose property is not plain to see, as where terms stand close together; they are kept.
        others: Those that are not kept.
        classes: The classes that are asked for; nothing where any may be.
        left: Classes of which lines were left out, each with the classes that are asked for and were said beside it.
    """

    def __init__(
        self, wanted: Collection[str], watched: Collection[str], classes: Collection[str] | None = None
    ) -> None:
        """Take the IRIs of the properties, and of the classes that are asked for; nothing where any may be."""
        self.kept: list[bytes] = []
        self.watched: list[bytes] = []
        self.doubtful: list[bytes] = []
        self.others: list[bytes] = []
        self.left: set[tuple[bytes, frozenset[bytes]]] = set()
        self._types: list[bytes] = []
        self.classes = None if classes is None else frozenset(iri.encode() for iri in classes)
        self._put = {f"<{iri}".encode(): self.watched.append if iri in watched else self.kept.append for iri in wanted}
        if RDF_TYPE in wanted and self.classes is not None:
            self._put[f"<{RDF_TYPE}".encode()] = self._types.append

    def sort(self, chunk: bytes) -> None:
        """Sort the lines of a chunk; those of the one before are gone."""
        for lines in (self.kept, self.watched, self.doubtful, self.others, self._types):
            lines.clear()
        find, doubt, leave = self._put.get, self.doubtful.append, self.others.append
        for line in chunk.splitlines(keepends=True):
            terms = line.split(b"> ", 2)
            if len(terms) < 3 or b">" in terms[0]:
                doubt(line)
            elif put := find(name := terms[1]):
                put(line)
            elif line[:1] == b"<" == name[:1] and b">" not in name and b"\\" not in name:
                leave(line)
            else:
                doubt(line)
        if self.classes is not None:
            self._sort_types(self.classes)

    def _sort_types(self, classes: frozenset[bytes]) -> None:
        """Keep what is said of the classes of each node, but for those that the classes asked for make needless."""
        for _, group in groupby(self._types, _subject):
            lines = {line: class_of(line) for line in group}
            asked = classes.intersection(lines.values())
            for line, iri in lines.items():
                if not asked or not iri or iri in asked:
                    self.kept.append(line)
                else:
                    self.others.append(line)
                    self.left.add((iri, asked))


def _subject(line: bytes) -> bytes:
    return line[: line.index(b" ")]


def class_of(line: bytes) -> bytes:
    """Return the IRI of the class that a line says its node is of, as it is mostly written; nothing in doubt."""
    found = _CLASS.fullmatch(line)
    return found[1] if found else b""


def look_at(text: bytes, syntax: RdfFormat) -> None:
    """Look at lines for faults.

    Raises:
        SyntaxError: If one does not follow the syntax.
    """
    if not _is_text(text):
        deque(parse(text, format=syntax), maxlen=0)
        return
    plain, start, unusual = _PLAIN[syntax], 0, []
    while (start := _end(plain, text, start)) < len(text):
        found = _LINE_END.search(text, start)
        end = found.end() if found else len(text)
        unusual.append(text[start:end])
        start = end
    deque(parse(b"".join(unusual), format=syntax), maxlen=0)


def _end(plain: re.Pattern[bytes], text: bytes, start: int) -> int:
    """Return where plain lines from a position on end."""
    found = plain.match(text, start)
    return found.end() if found else start


def _is_text(text: bytes) -> bool:
    if text.isascii():
        return True
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
