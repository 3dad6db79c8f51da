"""N-Triples and N-Quads as text: loaded by the line, so that no more is parsed or kept than a validation reads."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection, Iterator
from functools import cached_property
from tempfile import SpooledTemporaryFile
from typing import IO

from pyoxigraph import Quad, parse

from cd22kg.gate.rdf import RdfFile
from cd22kg.store import OxigraphStore
from cd22kg.validation.authored import Authored
from cd22kg.validation.pipe import ahead, as_file
from cd22kg.validation.terms import AUTHORED, KEPT, XSD

_MARK = f'"^^<{XSD}'.encode()
_TYPED = re.compile(re.escape(_MARK) + rb"(\w+)>")
_ESCAPED_IRI = re.compile(rb'<[^<>"\s]*\\[uU]')
_LINE_END = re.compile(rb"[\r\n]")
_CHUNK = 1 << 20
#: The longest line, and the most text of lines with blank nodes that is held in memory.
_LONGEST, _MOST_BLANK = 16 << 20, 64 << 20
#: Numbers, as they are written, whose folding is remembered.
_REMEMBERED = 100_000


class LineFile(Authored):
    """A file of N-Triples or N-Quads, of which a store gets the statements with some properties.

    Attributes:
        is_plain: Whether each datatype is written in the one usual way, so that the text of a literal tells what a
            parser would; known once it is loaded.
        leaves_out: Whether statements were left out.
        lines: Number of lines loaded.
    """

    def __init__(self, file: RdfFile, predicates: Collection[str] | None = None) -> None:
        """Take a file, and the IRIs of the properties that matter; all where nothing is given."""
        self._file = RdfFile(file.path, file.name, labels=True)
        super().__init__(lambda: self._file)
        self._wanted = None if predicates is None else frozenset(f"<{iri}>".encode() for iri in predicates)
        self._known: dict[tuple[bytes, bytes], bool] = {}
        self.is_plain = True
        self.leaves_out = False
        self.lines = 0

    def load(self, store: OxigraphStore) -> None:
        """Load the statements that matter into an empty store; the others are parsed, and forgotten.

        Blank nodes keep their labels, which a bulk loader changes, so that statements with one are loaded apart.

        Raises:
            InputError: As `RdfFile.reading`, for any statement of the file.
        """
        with SpooledTemporaryFile(_MOST_BLANK) as blank:
            try:
                store.bulk_load_text(as_file(ahead(self._loaded(blank))), self._file.syntax)
                blank.seek(0)
                store.bulk_load(parse(blank, format=self._file.syntax, rename_blank_nodes=False))
            except SyntaxError:
                # The place in what was left is not the place in the file.
                deque(self._file, maxlen=0)
                raise

    def _loaded(self, blank: IO[bytes]) -> Iterator[bytes]:
        """Yield the text of the statements that matter; those with a blank node are written into a file instead."""
        for chunk in self._chunks():
            self.is_plain = self.is_plain and _is_plain(chunk)
            kept, other = (chunk, b"") if self._wanted is None else self._sorted(chunk)
            self.leaves_out = self.leaves_out or bool(other)
            self._look_at(other)
            self.lines += kept.count(b"\n") + kept.count(b"\r") + (kept[-1:] not in (b"\n", b"\r", b""))
            kept = self._written(kept)
            if b"_:" in kept:
                lines = kept.splitlines(keepends=True)
                blank.writelines(line for line in lines if b"_:" in line)
                kept = b"".join(line for line in lines if b"_:" not in line)
            yield kept

    def _look_at(self, other: bytes) -> None:
        """Parse statements that are not loaded, for their faults."""
        deque(parse(other, format=self._file.syntax), maxlen=0)

    def _written(self, chunk: bytes) -> bytes:
        """Return statements as they are loaded."""
        return chunk

    def _sorted(self, chunk: bytes) -> tuple[bytes, bytes]:
        """Return the lines that matter, and the others."""
        wanted: list[bytes] = []
        others: list[bytes] = []
        assert self._wanted is not None  # noqa: S101  # for the type checker
        for line in chunk.splitlines(keepends=True):
            name = _predicate(line)
            (others if name and name not in self._wanted else wanted).append(line)
        return b"".join(wanted), b"".join(others)

    def _chunks(self) -> Iterator[bytes]:
        """Yield the text of the file in parts of whole lines."""
        with self._file.reading() as source:
            rest = b""
            while data := source.read(_CHUNK):
                end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
                if end:
                    yield rest + data[:end]
                rest = data[end:] if end else rest + data
                if len(rest) > _LONGEST:
                    raise MemoryError
            if rest:
                yield rest

    # What a store loses

    def folded(self) -> Iterator[Quad]:
        """Yield the quads with a literal that a store folds."""
        lines = (line for chunk in self._chunks() for line in self._suspects(chunk))
        yield from parse(as_file(lines), format=self._file.syntax, rename_blank_nodes=False)

    @cached_property
    def folded_predicates(self) -> frozenset[str]:
        """Return the properties of those."""
        lines = {_predicate(line) or line: line for chunk in self._chunks() for line in self._suspects(chunk)}
        return frozenset(quad.predicate.value for quad in parse(b"".join(lines.values()), format=self._file.syntax))

    def is_whole(self, count: int) -> bool:
        """Return whether a store with so many quads is known to hold each of them: that no two became one."""
        return count == self.lines

    def load_whole(self, store: OxigraphStore, predicates: Collection[str] | None) -> None:
        """Load the quads with these properties, or all, into a store, such that it keeps the digits."""
        part = _Whole(self._file, predicates)
        part._known = self._known
        part.load(store)

    def _suspects(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the lines with a literal that a store folds."""
        for found in _TYPED.finditer(chunk):
            if self._is_folded(chunk, found):
                start = max(chunk.rfind(b"\n", 0, found.start()), chunk.rfind(b"\r", 0, found.start())) + 1
                end = _LINE_END.search(chunk, found.end())
                yield chunk[start : end.end() if end else len(chunk)] + b"\n"

    def _is_folded(self, text: bytes, found: re.Match[bytes]) -> bool:
        written = text[text.rfind(b'"', 0, found.start()) + 1 : found.start()]
        key = (found[1], written)
        if key not in self._known:
            if len(self._known) > _REMEMBERED:
                self._known.clear()
            kept = KEPT.get(XSD + found[1].decode())
            self._known[key] = kept is not None and not kept.fullmatch(written.decode(errors="replace"))
        return self._known[key]


class _Whole(LineFile):
    """The same file for a store that keeps literals as they are written."""

    def _look_at(self, other: bytes) -> None:
        """Pass over it: the file was loaded once before."""

    def _written(self, chunk: bytes) -> bytes:
        return b"".join(map(self._rewritten, chunk.splitlines(keepends=True))) if _MARK in chunk else chunk

    def _rewritten(self, line: bytes) -> bytes:
        """Return a line with the datatype under which a store keeps its literal whole."""
        found = _TYPED.search(line)
        if found is None or not self._is_folded(line, found):
            return line
        return line[: found.start() + 4] + AUTHORED.encode() + line[found.start() + 4 :]


def _predicate(line: bytes) -> bytes:
    """Return the second term of a line as it is written; nothing in doubt, as where terms stand close together."""
    words = line.split(None, 2)
    return words[1] if len(words) == 3 and words[0][-1:] == words[1][-1:] == b">" else b""


def _is_plain(chunk: bytes) -> bool:
    if chunk.count(b"^^") != chunk.count(b'"^^<http') or b'\\"^^' in chunk:
        return False
    return not (b"\\u" in chunk or b"\\U" in chunk) or not _ESCAPED_IRI.search(chunk)


def load_lines(store: OxigraphStore, file: RdfFile, predicates: Collection[str] | None = None) -> tuple[Authored, bool]:
    """Load what matters of a file of N-Triples or N-Quads.

    Returns the file as its author wrote it, and whether statements were left out.

    Args:
        store: An empty store.
        file: The file.
        predicates: IRIs of the properties that matter; all where nothing is given.

    Raises:
        InputError: As `RdfFile.reading`.
    """
    lines = LineFile(file, predicates)
    lines.load(store)
    authored = lines if lines.is_plain else Authored(lambda: RdfFile(file.path, file.name, labels=True))
    return authored, lines.leaves_out
