"""Where nodes, properties and values stand in Turtle and TriG, for a file that the parser has accepted.

A scan of the tokens that follows statements, lists and blank nodes; it makes no triples and checks nothing. Where it
meets what it does not know, such as triple terms, it stops, and what it found before stands.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urljoin

from cd22kg.namespaces import STANDARD_PREFIXES

#: Larger files are not looked through; these take a few seconds.
MAX_BYTES = 32 * 1024 * 1024

Spot = tuple[int, int]
_TYPE = STANDARD_PREFIXES["rdf"] + "type"
_IRI = r"""<[^<>"{}|^`\x00-\x20]*+>"""
_STRING = r"""\"{3}(?:"{0,2}(?:[^"\\]|\\.))*+\"{3}|'{3}(?:'{0,2}(?:[^'\\]|\\.))*+'{3}
    |"(?!"")(?:[^"\\\n\r]|\\.)*+"|'(?!'')(?:[^'\\\n\r]|\\.)*+'"""
_TOKEN = re.compile(
    rf"""(?P<space>(?:\s++|\#[^\n\r]*+)++)
    |(?P<iri>{_IRI})
    |(?P<string>{_STRING})
    |(?P<language>@[A-Za-z][A-Za-z0-9-]*)
    |(?P<datatype>\^\^)
    |(?P<number>[+-]?(?:[0-9]+\.(?=[eE])|[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![\w:]))
    |(?P<name>(?:_:|[^\W\d_][\w.-]*:|:)(?:[\w:%-]|\\[^\w\s]|\.(?=[\w.:%\\-]))*)
    |(?P<word>[A-Za-z]+)
    |(?P<mark>[\[\]{{}}();,.])
    """,
    re.VERBOSE | re.DOTALL,
)
#: The rest of a statement without looking into it; not where a brace comes before its end.
_REST = re.compile(
    rf"""(?:[^."'<#{{}}\\]++|{_IRI}|{_STRING}|\\.|\#[^\n\r]*+|\.(?=[0-9])|(?<=\w)\.(?=[\w:%\\-]))*+\.""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_CONTROLS = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"}


class _UnknownError(Exception):
    """A token that the scan cannot follow."""


@dataclass
class _Frame:
    """A statement under way: what it is about, its property, and where it begins; empty where that has no name."""

    closing: str
    subject: str = ""
    predicate: str = ""
    #: What the next term is: 0 the subject, 1 the property, 2 a value.
    turn: int = 0
    at: int = 0


def spots_in(text: str, base: str, wanted: frozenset[tuple[str, str, str]]) -> dict[tuple[str, str, str], Spot]:
    """Return line and column of each triple that is wanted, and where its node and property stand first.

    Args:
        text: The file.
        base: The IRI that relative ones begin at.
        wanted: Node, property, value.
    """
    scan = _Scan(text, base, wanted)
    with suppress(_UnknownError):
        scan.run()
    spots: dict[tuple[str, str, str], Spot] = {}
    line, start = 1, 0
    for key, offset in sorted(scan.offsets.items(), key=lambda item: item[1]):
        line += text.count("\n", start, offset)
        start = offset
        spots[key] = (line, offset - text.rfind("\n", 0, offset))
    return spots


class _Scan:
    def __init__(self, text: str, base: str, wanted: frozenset[tuple[str, str, str]]) -> None:
        self.text, self.base = text, base
        self.prefixes: dict[str, str] = {}
        self.left = set(wanted)
        self.nodes = {subject for subject, _, _ in wanted}
        self.pairs = {(subject, predicate) for subject, predicate, _ in wanted}
        self.offsets: dict[tuple[str, str, str], int] = {}
        self.frames = [_Frame("")]
        self.position = 0

    def run(self) -> None:
        while self.left:
            kind, sign, at = self.next_token()
            if kind == "":
                return
            frame = self.frames[-1]
            if frame.turn == 0 and self.is_passed_over(kind, sign):
                continue
            if kind == "mark":
                self.mark(sign, at)
            elif kind in ("language", "word") and frame.turn == 0:
                self.directive(sign)
            elif kind == "language":
                pass
            elif kind == "datatype":
                self.next_token()  # the type, which is no value
            else:
                self.term(self.meaning(kind, sign), at)

    def next_token(self) -> tuple[str, str, int]:
        """Return kind, text and place of the next token; no kind at the end."""
        while self.position < len(self.text):
            match = _TOKEN.match(self.text, self.position)
            if match is None or match.end() == self.position:
                raise _UnknownError
            at, self.position = self.position, match.end()
            if match.lastgroup != "space":
                return match.lastgroup or "", match[0], at
        return "", "", self.position

    def is_passed_over(self, kind: str, sign: str) -> bool:
        """Pass over a statement about a node that nobody asks for; return whether it could be done."""
        if kind in ("iri", "name"):
            if self.meaning(kind, sign) in self.nodes:
                return False
        elif sign not in ("[", "("):
            return False
        rest = _REST.match(self.text, self.position)
        if rest is not None:
            self.position = rest.end()
        return rest is not None

    def directive(self, sign: str) -> None:
        """Follow `@prefix`, `BASE` and their like; a word that opens a graph needs nothing."""
        word = sign.removeprefix("@").lower()
        if word == "prefix":
            prefix, iri = self.next_token()[1], self.next_token()[1]
            self.prefixes[prefix.removesuffix(":")] = self.resolved(iri)
        elif word == "base":
            self.base = self.resolved(self.next_token()[1])
        elif word == "version":
            self.next_token()
        elif word != "graph":
            raise _UnknownError
        if sign.startswith("@"):
            self.next_token()  # the full stop

    def mark(self, sign: str, at: int) -> None:
        """Follow punctuation."""
        frame = self.frames[-1]
        if sign in "[(":
            # What is within has no name; a list holds values of nobody.
            inner = _Frame("]" if sign == "[" else ")", turn=1 if sign == "[" else 2)
            self.frames.append(inner)
        elif sign in "])":
            if frame.closing != sign:
                raise _UnknownError
            self.frames.pop()
            self.term("", at)
        elif sign == "{":
            # The name of the graph, if there was one, is about nothing.
            frame.turn, frame.subject = 0, ""
            self.frames.append(_Frame("}"))
        elif sign == "}":
            if frame.closing != sign:
                raise _UnknownError
            self.frames.pop()
        elif sign == ".":
            frame.turn, frame.subject, frame.predicate = 0, "", ""
        elif sign == ";":
            frame.turn = 1

    def term(self, text: str, at: int) -> None:
        """Take a term as what it stands for in its statement."""
        frame = self.frames[-1]
        if frame.turn == 0:
            frame.subject, frame.turn, frame.at = text, 1, at
        elif frame.turn == 1:
            frame.predicate, frame.turn = text, 2
            if frame.subject in self.nodes:
                self.found((frame.subject, "", ""), frame.at)
                self.found((frame.subject, text, ""), at)
        elif (frame.subject, frame.predicate) in self.pairs:
            self.found((frame.subject, frame.predicate, text), at)

    def found(self, key: tuple[str, str, str], at: int) -> None:
        self.offsets.setdefault(key, at)
        self.left.discard(key)

    def meaning(self, kind: str, sign: str) -> str:
        """Return a term as findings show it."""
        if kind == "iri":
            return self.resolved(sign)
        if kind == "string":
            quote = 3 if sign[:3] in ('"""', "'" * 3) else 1
            return _unescaped(sign[quote:-quote])
        if kind == "name" and not sign.startswith("_:"):
            prefix, _, local = sign.partition(":")
            if prefix not in self.prefixes:
                raise _UnknownError
            return self.prefixes[prefix] + re.sub(r"\\(.)", r"\1", local)
        if sign == "a" and self.frames[-1].turn == 1:
            return _TYPE
        if kind == "word" and sign not in ("true", "false"):
            raise _UnknownError
        return sign

    def resolved(self, sign: str) -> str:
        """Return an IRI in full."""
        iri = _unescaped(sign[1:-1])
        return iri if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", iri) else urljoin(self.base, iri)


def _unescaped(text: str) -> str:
    def replaced(match: re.Match[str]) -> str:
        code = match[1] or match[2]
        return chr(int(code, 16)) if code else _CONTROLS.get(match[3], match[3])

    return _ESCAPE.sub(replaced, text) if "\\" in text else text
