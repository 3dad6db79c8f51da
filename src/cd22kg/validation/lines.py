"""N-Triples and N-Quads as text: loaded by the line, so that no more is parsed or kept than a validation reads."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from tempfile import SpooledTemporaryFile
from typing import IO

from pyoxigraph import BlankNode, Quad, RdfFormat, parse

from cd22kg.errors import InputError, Location
from cd22kg.gate.rdf import RdfFile
from cd22kg.store import OxigraphStore, Store, Term
from cd22kg.validation.authored import Authored, has_folded
from cd22kg.validation.pipe import as_file, loading
from cd22kg.validation.sorter import Sorter, class_of, look_at
from cd22kg.validation.terms import KEPT, SUBCLASS, XSD, text_of, to_authored

_TYPED = re.compile(rb"\^\^")
_XSD = re.compile(rb"\^\^<" + re.escape(XSD.encode()) + rb"(\w+)>")
#: One sign is found far faster than two, and most texts have few of this.
_ESCAPE = re.compile(rb"\\[uU]")
_ESCAPED_IRI = re.compile(rb'<[^<>"\s]*\\[uU]')
_LINE_END = re.compile(rb"[\r\n]")
_CHUNK = 1 << 20
#: The longest line, and the most text of lines with blank nodes that is held in memory.
_LONGEST, _MOST_BLANK = 16 << 20, 64 << 20
#: More properties than this are not searched for one by one.
_FEW = 6
#: Lines about one node, as they are mostly written.
_RUN = re.compile(rb"^(<[^<>\\\s]*>) .*\n(?:\1 .*\n)*+", re.MULTILINE)
#: A line and its number, from 1 on.
NumberedLine = tuple[int, bytes]
#: Numbers, as they are written, whose folding is remembered.
_REMEMBERED = 100_000


class LineFile(Authored):
    """A file of N-Triples or N-Quads, of which a store gets the statements with some properties.

    Attributes:
        watched: The properties of which it is noted whether they have literals that a store folds.
        leaves_out: Whether statements were left out.
        lines: Number of lines loaded.
    """

    def __init__(
        self,
        file: RdfFile,
        predicates: Collection[str] | None = None,
        watched: Collection[str] = (),
        classes: Collection[str] | None = None,
    ) -> None:
        """Take a file, and the IRIs of the properties and classes that matter; all where nothing is given.

        Of those that are `watched` it is noted while they are loaded which have literals that a store folds.
        """
        self._file = RdfFile(file.path, file.name, labels=True)
        super().__init__(lambda: self._file)
        self._sorter = None if predicates is None else Sorter(predicates, watched, classes)
        self._known: dict[tuple[bytes, bytes], bool] = {}
        self._about: tuple[frozenset[bytes], list[NumberedLine]] | None = None
        self.watched = frozenset(watched)
        self._search = _any_of(watched) if watched else None
        self._seen: set[str] = set()
        self._is_loaded = False
        self._holds_each: Callable[[], bool] | None = None
        self.leaves_out = False
        self.lines = 0

    def load(self, store: OxigraphStore) -> None:
        """Load the statements that matter into an empty store; the others are looked at, and forgotten.

        Blank nodes keep their labels, which a bulk loader changes, so that statements with one are loaded apart.

        Raises:
            InputError: As `RdfFile.reading`, for any statement of the file.
        """
        with SpooledTemporaryFile(_MOST_BLANK) as blank, self.faults_told():
            with loading(store, self._file.syntax) as load:
                for text in self._loaded(blank):
                    load(text)
            blank.seek(0)
            store.bulk_load(parse(blank, format=self._file.syntax, rename_blank_nodes=False))
            self._load_subclasses(store)
        self._is_loaded = True

    @contextmanager
    def faults_told(self) -> Iterator[None]:
        """Tell a fault in a part of the text with its place in the file.

        Raises:
            InputError: If the block finds that a part does not follow the syntax.
        """
        try:
            yield
        except SyntaxError:
            # The place in a part is not the place in the file.
            deque(self._file, maxlen=0)
            raise self._changed() from None

    def _load_subclasses(self, store: OxigraphStore) -> None:
        """Load which nodes are of classes that were left out, where the classes said beside them do not imply it."""
        if self._sorter is None or not self._sorter.left:
            return
        above = _classes_above(self._sorter.classes or frozenset(), store)
        needed = {iri for iri, asked in self._sorter.left if not asked.issuperset(above.get(iri, ()))}
        if needed:
            with loading(store, self._file.syntax) as load:
                for chunk in self._chunks():
                    lines = [line for line in chunk.splitlines(keepends=True) if class_of(line) in needed]
                    self.lines += len(lines)
                    load(b"".join(lines))

    def _loaded(self, blank: IO[bytes]) -> Iterator[bytes]:
        """Yield the text of the statements that matter; those with a blank node are written into a file instead."""
        for chunk in self._chunks():
            kept = self._written(b"".join(self._sorted(chunk)))
            if b"_:" in kept:
                lines = kept.splitlines(keepends=True)
                blank.writelines(line for line in lines if b"_:" in line)
                kept = b"".join(line for line in lines if b"_:" not in line)
            yield kept

    def _sorted(self, chunk: bytes) -> list[bytes]:
        """Return the lines that matter; note which of the watched properties have a literal that a store folds."""
        if self._sorter is None:
            kept = chunk.splitlines(keepends=True)
            suspects = self._suspects(chunk, self._search) if self._search else ()
        else:
            sorted_ = self._sorter
            sorted_.sort(chunk)
            self.leaves_out = self.leaves_out or bool(sorted_.others)
            self._look_at(b"".join(sorted_.others))
            kept = sorted_.kept + sorted_.watched + sorted_.doubtful
            watched = sorted_.watched + sorted_.doubtful if self.watched else []
            suspects = (line for line in watched if b"^^" in line and self._is_suspect(line))
        self.lines += len(kept)
        self._note(suspects)
        return kept

    def _note(self, suspects: Iterable[bytes]) -> None:
        """Note the properties of those of some lines whose literal a store folds."""
        known: set[bytes] = set()
        for line in suspects:
            if (name := _predicate(line)) and name in known:
                continue
            for quad in filter(has_folded, parse(line, format=self._file.syntax)):
                self._seen.add(quad.predicate.value)
                known.add(name)

    def _look_at(self, others: bytes) -> None:
        """Look at statements that are not loaded, for their faults."""
        look_at(others, self._file.syntax)

    def _written(self, chunk: bytes) -> bytes:
        """Return statements as they are loaded."""
        return chunk

    def _chunks(self, size: int = _CHUNK, *, again: bool = False) -> Iterator[bytes]:
        """Yield the text of the file in parts of whole lines and about a size, the last of which ends too."""
        with self._file.reading(again=again or self._is_loaded) as source:
            rest = b""
            while data := rest + source.read(size):
                rest = b""
                if data[-1:] == b"\r":
                    after = source.read(1)
                    data, rest = (data + after, b"") if after == b"\n" else (data, after)
                elif data[-1:] != b"\n":
                    data += source.readline(_LONGEST)
                    if data[-1:] != b"\n" and len(data) < _LONGEST:
                        data += b"\n"  # at the end of the file
                    elif data[-1:] != b"\n":
                        # Lines end in a way of their own.
                        end = data.rfind(b"\r") + 1
                        if not end:
                            raise MemoryError
                        data, rest = data[:end], data[end:]
                yield data

    # In portions

    @property
    def syntax(self) -> RdfFormat:
        """Return the syntax of the file."""
        return self._file.syntax

    def hierarchy(self) -> Iterator[Quad]:
        """Yield the quads that say which class is below which.

        Raises:
            InputError: As `RdfFile.reading`.
        """
        name = f"<{SUBCLASS}>".encode()
        with self.faults_told():
            for chunk in self._chunks():
                if name in chunk or _has_escaped_iri(chunk):
                    quads = parse(chunk, format=self.syntax, rename_blank_nodes=False)
                    yield from (quad for quad in quads if quad.predicate.value == SUBCLASS)

    def portions(self, size: int) -> Iterator[bytes]:
        """Yield the text in parts of whole lines and about so many bytes; it was read once before."""
        return self._chunks(size, again=True)

    def note_folded(self, text: bytes, properties: Collection[str]) -> None:
        """Note which of some properties have a literal in a text that a store folds."""
        if wanted := [iri for iri in properties if iri not in self._seen]:
            self._note(self._suspects(text, _any_of(wanted)))

    def was_loaded(self, quads: int, watched: frozenset[str], *, in_one_graph: bool) -> None:
        """Note that so many quads were looked at in portions, `note_folded` being told of the watched properties.

        `in_one_graph` says that portions and nodes of which several speak are known to have lost none, if there are as
        many quads as lines.
        """
        self.lines, self.watched, self._is_loaded = quads, watched, True

        @cache
        def holds_each() -> bool:
            return in_one_graph and quads == sum(len(chunk.splitlines()) for chunk in self._chunks())

        # The lines are counted only if somebody wants to know.
        self._holds_each = holds_each

    def quads_about(self, nodes: Collection[bytes], others: Collection[bytes]) -> list[Quad]:
        """Return the quads about some nodes and about those without a name; the lines about others are remembered."""
        lines = self.about(frozenset(nodes).union(others))
        found = parse(as_file(line + b"\n" for _, line in lines), format=self.syntax, rename_blank_nodes=False)
        return [q for q in found if isinstance(q.subject, BlankNode) or str(q.subject).encode() in nodes]

    # What a store loses

    def folded(self, predicates: Collection[str] | None = None) -> Iterator[Quad]:
        """Yield the quads with a literal that a store folds, at least those with these properties."""
        search = _any_of(predicates) if predicates is not None and len(predicates) <= _FEW else None
        lines = (line for chunk in self._chunks() for line in self._suspects(chunk, search))
        yield from self._folded_in_text(lines)

    def _folded_in_text(self, lines: Iterator[bytes]) -> Iterator[Quad]:
        try:
            yield from filter(has_folded, parse(as_file(lines), format=self._file.syntax, rename_blank_nodes=False))
        except SyntaxError:
            raise self._changed() from None

    def _changed(self) -> InputError:
        name = self._file.name or str(self._file.path)
        return InputError("the file changed while it was read", Location(name), hint="validate it again")

    def is_watching(self, predicates: Collection[str]) -> bool:
        """Return whether it was noted while loading which of these properties have a literal that a store folds."""
        return self.watched.issuperset(predicates)

    def folded_in(self, predicates: Collection[str] | None) -> frozenset[str]:
        """Return which of these properties, or of all, have such a literal."""
        if predicates is None or not self.is_watching(predicates):
            return super().folded_in(predicates)
        return frozenset(self._seen.intersection(predicates))

    def folded_of(self, nodes: Collection[Term]) -> Iterator[Quad]:
        """Yield the quads with a literal that a store folds, at least those of these nodes."""
        found = self.about(frozenset(written(text_of(node)) for node in nodes))
        yield from self._folded_in_text(line + b"\n" for _, line in found)

    def about(self, nodes: frozenset[bytes]) -> list[NumberedLine]:
        """Return the lines, with their numbers, that may begin with one of the nodes; remembered for the next time."""
        if self._about is None or not nodes <= self._about[0]:
            self._about = (nodes, list(_lines_about(self._chunks(again=True), nodes)))
        return self._about[1]

    def is_whole(self, store: Store) -> bool:
        """Return whether a store of them is known to hold each, and in one graph: that no two became one."""
        if self._holds_each is not None:
            # Where no literal is folded no two become one.
            return not self._seen or self._holds_each()
        return store.count() == self.lines and not store.graphs()

    def load_whole(self, store: OxigraphStore, predicates: Collection[str] | None) -> None:
        """Load the quads with these properties, or all, into a store, such that it keeps the digits."""
        part = _Whole(self._file, predicates)
        part.load(store)

    def _suspects(self, chunk: bytes, search: re.Pattern[bytes] | None) -> Iterator[bytes]:
        """Yield the lines whose literal a store may fold; with a search, at least those in which it finds something."""
        if search is not None and not _has_escaped_iri(chunk):
            lines = {_line_at(chunk, found.start()) for found in search.finditer(chunk)}
            yield from (line for line in lines if b"^^" in line and self._is_suspect(line))
            return
        for found in _TYPED.finditer(chunk):
            if not self._is_kept(chunk, found.start()):
                yield _line_at(chunk, found.start())

    def _is_suspect(self, line: bytes) -> bool:
        return any(not self._is_kept(line, found.start()) for found in _TYPED.finditer(line))

    def _is_kept(self, text: bytes, at: int) -> bool:
        """Return whether a store surely keeps the literal whose datatype is written behind a position."""
        found = _XSD.match(text, at)
        if found is None or text[at - 1 : at] != b'"':
            return False
        key = (found[1], text[text.rfind(b'"', 0, at - 1) + 1 : at - 1])
        if key not in self._known:
            if len(self._known) > _REMEMBERED:
                self._known.clear()
            kept = KEPT.get(XSD + key[0].decode())
            self._known[key] = kept is None or bool(kept.fullmatch(key[1].decode(errors="replace")))
        return self._known[key]


class _Whole(LineFile):
    """The same file for a store that keeps literals as they are written."""

    def _look_at(self, others: bytes) -> None:
        """Pass over them: the file was loaded once before."""

    def _written(self, chunk: bytes) -> bytes:
        if b"^^" not in chunk:
            return chunk
        return b"".join(self._rewritten(line) if b"^^" in line else line for line in chunk.splitlines(keepends=True))

    def _rewritten(self, line: bytes) -> bytes:
        """Return a line with the datatype under which a store keeps its literal whole."""
        if not self._is_suspect(line):
            return line
        quads = parse(line, format=self._file.syntax, rename_blank_nodes=False)
        whole = (Quad(q.subject, q.predicate, to_authored(q.object), q.graph_name) for q in quads)
        return b"".join(f"{quad} .\n".encode() for quad in whole)


def _classes_above(classes: Collection[bytes], store: OxigraphStore) -> dict[bytes, set[bytes]]:
    """Return, for each class that is below some of these, which."""
    found: dict[bytes, set[bytes]] = {}
    for iri in classes:
        text = f"SELECT ?below WHERE {{ ?below <{SUBCLASS}>+ <{iri.decode()}> }}"
        for (below,) in store.select(text, name="classes below")[1]:
            found.setdefault(text_of(below).encode(errors="replace"), set()).add(iri)
    return found


def _any_of(predicates: Collection[str]) -> re.Pattern[bytes]:
    return re.compile(b"|".join(re.escape(f"<{iri}>".encode()) for iri in sorted(predicates)) or rb"(?!)")


def _line_at(chunk: bytes, position: int) -> bytes:
    """Return the line that a position is in."""
    start = chunk.rfind(b"\n", 0, position) + 1
    start = chunk.rfind(b"\r", start, position) + 1 or start
    end = _LINE_END.search(chunk, position)
    return chunk[start : end.start() if end else len(chunk)] + b"\n"


def _predicate(line: bytes) -> bytes:
    """Return the second term of a line as it is mostly written; nothing in doubt."""
    terms = line.split(b"> ", 2)
    if len(terms) < 3 or b">" in terms[0] or b">" in terms[1]:
        return b""
    return terms[1] if line[:1] == b"<" == terms[1][:1] else b""


def _has_escaped_iri(chunk: bytes) -> bool:
    return _ESCAPE.search(chunk) is not None and _ESCAPED_IRI.search(chunk) is not None


def written(subject: str) -> bytes:
    """Return a node as N-Triples writes it: an IRI, or the label of a blank node."""
    return (subject if subject.startswith("_:") else f"<{subject}>").encode(errors="replace")


def _lines_about(chunks: Iterable[bytes], nodes: frozenset[bytes]) -> Iterator[NumberedLine]:
    """Yield the lines, with their numbers, that may begin with one of the nodes."""
    before = 1
    for text in chunks:
        counted = 0
        for start, end in _stretches_about(text, nodes):
            before += text.count(b"\n", counted, start)
            lines = text[start:end].splitlines()
            yield from enumerate(lines, before)
            before, counted = before + len(lines), end
        before += text.count(b"\n", counted)


def _stretches_about(text: bytes, nodes: frozenset[bytes]) -> Iterator[tuple[int, int]]:
    """Yield where the lines begin and end that may begin with one of the nodes; between these, no line ends with CR."""
    end = 0
    for run in _RUN.finditer(text) if b"\r" not in text else ():
        start, before, end = run.start(), end, run.end()
        if start != before:
            yield before, start
        if run[1] in nodes:
            yield start, end
    if end < len(text):
        yield end, len(text)
