"""RDF files from outside: the strict parser, bounded, with the place of a fault and a meter of what was read."""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, parse

from cd22kg.errors import InputError, Location
from cd22kg.progress import Meter, silent

#: Syntax by the ending of a file's name; `.gz` may follow.
SYNTAXES = {
    ".nq": RdfFormat.N_QUADS,
    ".nt": RdfFormat.N_TRIPLES,
    ".ttl": RdfFormat.TURTLE,
    ".trig": RdfFormat.TRIG,
    ".rdf": RdfFormat.RDF_XML,
    ".owl": RdfFormat.RDF_XML,
}
#: Deepest nesting of triple terms in a line, and in a file that is not read by line, where signs in literals add up.
#: The parser dies of about 30,000.
MAX_DEPTH, MAX_DEPTH_OVERALL = 100, 5000
#: Deepest nesting of elements in RDF/XML; the parser's time grows with the square.
MAX_ELEMENTS = 1000
#: Most bytes that one compressed byte may unpack to; text of ours unpacks to about 30.
MAX_RATIO = 200
#: Bytes unpacked before the ratio counts.
_GRACE = 16 * 1024 * 1024
#: Bytes read at a time.
_CHUNK = 1 << 20
#: Syntaxes with a statement on each line.
BY_LINE = (RdfFormat.N_QUADS, RdfFormat.N_TRIPLES)
_PREFIX = re.compile(r"Parser error at line \d+ (?:column \d+|between columns \d+ and \d+): ")
_NESTING = re.compile(rb"<<|>>|\n")
#: Found by its first sign; `in` takes two thirds longer where `<` is as frequent as in lines of RDF.
_OPENING = re.compile(rb"<<")
_ASIDE = re.compile(rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>", re.DOTALL)
_ELEMENT = re.compile(rb"<[A-Za-z_]|</|/>")
_MARKUP = re.compile(rb"<!DOCTYPE|<!ENTITY", re.IGNORECASE)


def syntax_of(path: Path) -> RdfFormat:
    """Return the syntax of a file by its name.

    Raises:
        InputError: If the ending is unknown; it lists those that are read.
    """
    name = path.name.removesuffix(".gz")
    for ending, syntax in SYNTAXES.items():
        if name.endswith(ending):
            return syntax
    known = ", ".join(SYNTAXES)
    raise InputError("the ending names no RDF syntax", Location(str(path)), hint=f"one of {known}, and .gz behind it")


@dataclass(frozen=True)
class RdfFile:
    """A file of quads, read anew each time it is iterated over.

    Attributes:
        path: The file; its ending tells the syntax.
        name: How messages call it; its path where empty.
        graph: IRI of the graph for triples that stand in none.
        meter: Told the bytes read, and those of the file.
        labels: Keep the labels of blank nodes, which each reading then gives alike; for a store of this file alone.
    """

    path: Path
    name: str = ""
    graph: str = ""
    meter: Meter = silent
    labels: bool = False

    @property
    def syntax(self) -> RdfFormat:
        """Return the syntax, by the file's ending."""
        return syntax_of(self.path)

    @property
    def base(self) -> str:
        """Return the IRI that relative ones begin at: the file's own."""
        return self.path.resolve().as_uri()

    @property
    def target(self) -> NamedNode | None:
        """Return the graph for triples that stand in none."""
        return NamedNode(self.graph) if self.graph else None

    def __iter__(self) -> Iterator[Quad]:
        """Yield the quads as they are parsed; for what may go wrong see `reading`."""
        with self.reading() as source:
            for quad in parse(source, format=self.syntax, base_iri=self.base, rename_blank_nodes=not self.labels):
                if self.target is not None and isinstance(quad.graph_name, DefaultGraph):
                    quad = Quad(quad.subject, quad.predicate, quad.object, self.target)
                yield quad

    @contextmanager
    def reading(self, *, again: bool = False) -> Iterator[BinaryIO]:
        """Open the file for a parser; what goes wrong while the block reads is told in our words.

        Args:
            again: Whether it was read before without a fault, so that nesting need not be looked for.

        Raises:
            InputError: If it cannot be read, does not follow its syntax, nests over `MAX_DEPTH` levels deep, has a
                DOCTYPE, or unpacks to over `MAX_RATIO` times its size; with line and column where they are known.
        """
        name = self.name or str(self.path)
        with ExitStack() as files:
            source = _Bounded(self.path, name, self.syntax, self.meter, files, watch=not again)
            try:
                yield cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, source), _CHUNK))
            except SyntaxError as error:
                place = Location(name, error.lineno or 0, error.offset or 0)
                said = _PREFIX.sub("", error.msg.splitlines()[0])
                told = f"not valid {self.syntax.name}: {said[:200]}"
                raise InputError(told, place, hint="mend the syntax there") from None
            except MemoryError:
                raise InputError("a statement has over 16 MiB", Location(name), hint="leave it out") from None


class _Bounded(io.RawIOBase):
    """A file as the parser reads it: counted, and stopped where it would harm."""

    def __init__(
        self, path: Path, name: str, syntax: RdfFormat, meter: Meter, files: ExitStack, *, watch: bool = True
    ) -> None:
        self._name = name
        self._watch = watch
        self._meter = meter
        self._by_line = syntax in BY_LINE
        self._xml = syntax == RdfFormat.RDF_XML
        self._depth = self._unpacked = 0
        self._tail = b""
        try:
            self._packed = files.enter_context(path.open("rb"))
            self._size = path.stat().st_size
        except OSError as error:
            folder = isinstance(error, IsADirectoryError)
            told = "this is a folder" if folder else f"cannot read the file: {error.strerror or error}"
            raise InputError(told, Location(name), hint="check the path") from None
        self._file: io.BufferedIOBase = self._packed
        if path.name.endswith(".gz"):
            self._file = files.enter_context(gzip.GzipFile(fileobj=self._packed))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # what a BufferedReader hands over
        try:
            size = self._file.readinto(buffer)
        except (OSError, EOFError) as error:
            told = f"cannot read the file: {getattr(error, 'strerror', None) or error}"
            raise InputError(told, Location(self._name), hint="fetch it again") from None
        self._unpacked += size
        done = self._packed.tell()
        if self._unpacked > max(_GRACE, MAX_RATIO * done):
            raise self._refused(f"it unpacks to over {MAX_RATIO} times its size", "unpack it yourself, and look at it")
        if self._xml:
            self._watch_markup(buffer[:size])
        elif self._watch:
            self._watch_nesting(buffer[:size])
        self._meter(done, self._size)
        return size

    def _watch_markup(self, data: memoryview) -> None:
        """Look out for a DOCTYPE, and follow the nesting of elements."""
        text = self._tail + data
        if _MARKUP.search(text):
            raise self._refused("a DOCTYPE is not read", "write entities out, or use another syntax")
        for sign in _ELEMENT.findall(_ASIDE.sub(b"", bytes(data))):
            self._depth = max(0, self._depth - 1) if sign[:1] == b"/" or sign == b"</" else self._depth + 1
            if self._depth > MAX_ELEMENTS:
                raise self._refused(f"elements nest over {MAX_ELEMENTS} levels deep", "use another syntax")
        self._tail = text[-16:]

    def _watch_nesting(self, data: memoryview) -> None:
        """Follow the nesting of triple terms.

        Signs in literals count too, so that unbalanced ones add up: by line, or in other syntaxes over the file.
        """
        deepest = MAX_DEPTH if self._by_line else MAX_DEPTH_OVERALL
        tail, self._tail = self._tail, b"<" if bytes(data[-1:]) == b"<" else b""
        # Nearly all data has none, so that it is looked through where it lies, without a copy.
        if not self._depth and not (tail and bytes(data[:1]) == b"<") and not _OPENING.search(data):
            return
        for sign in _NESTING.findall(tail + data):
            if sign == b"<<":
                self._depth += 1
            elif sign == b">>":
                self._depth = max(0, self._depth - 1)
            elif self._by_line:
                self._depth = 0
            if self._depth > deepest:
                raise self._refused(f"`<<` nests over {deepest} levels deep", "write it as N-Quads, without nesting")

    def _refused(self, what: str, hint: str) -> InputError:
        return InputError(what, Location(self._name), hint=hint)
