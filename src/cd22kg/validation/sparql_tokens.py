"""A reader of SPARQL text: its tokens, its groups, and where its triple patterns and expressions are.

It knows as much of the grammar as is needed to say what a constraint asks for; what it cannot follow it refuses, and
the constraint is then left to the reference engine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""
      (?P<space>  \s+ | \#[^\r\n]* )
    | (?P<string> \"\"\"(?:[^\\]|\\.)*?\"\"\" | '''(?:[^\\]|\\.)*?''' | "(?:[^"\\\r\n]|\\.)*" | '(?:[^'\\\r\n]|\\.)*' )
    | (?P<iri>    <[^<>"{}|^`\\\x00-\x20]*> )
    | (?P<var>    [?$]\w+ )
    | (?P<lang>   @[A-Za-z]+(?:-[A-Za-z0-9]+)* )
    | (?P<name>   (?:[A-Za-z_][\w.-]*)?:(?:[\w:%\\-]|\.(?=[\w:%\\-]))* )
    | (?P<number> [0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)? )
    | (?P<word>   [A-Za-z_]\w* )
    | (?P<punct>  \^\^ | && | \|\| | != | <= | >= | . )
    """,
    re.VERBOSE | re.DOTALL,
)
_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_TERMS = ("iri", "name", "var", "string", "number")


class UnreadableQueryError(Exception):
    """The text goes beyond what is read here."""


@dataclass
class Token:
    """A piece of the text: its kind, and how it is written."""

    kind: str
    text: str

    @property
    def upper(self) -> str:
        """Return a word in capitals, and nothing for what is no word."""
        return self.text.upper() if self.kind == "word" else ""

    @property
    def variable(self) -> str:
        """Return the name of a variable, and nothing for what is none."""
        return self.text[1:] if self.kind == "var" else ""


@dataclass
class Pattern:
    """A triple pattern, each part as text; a path is written without blanks, what is in brackets is ``[]``."""

    subject: str
    predicate: str
    object: str


@dataclass
class Group:
    """A group of patterns between two braces.

    Attributes:
        kind: ``where``, ``group``, ``optional``, ``exists``, ``minus``, ``graph`` or ``select``.
        start: Position of the token after the opening brace.
        end: Position of the closing brace.
        head: For ``select``, the tokens of the inner query up to its brace.
        triples: The triple patterns that stand in it directly.
        groups: The groups in it.
    """

    kind: str
    start: int
    end: int = 0
    head: tuple[Token, ...] = ()
    triples: list[Pattern] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)

    def walk(self) -> Iterator[Group]:
        """Yield the group and every group in it."""
        yield self
        for group in self.groups:
            yield from group.walk()


class ReadQuery:
    """A SELECT or ASK as read: its tokens, the group after WHERE, and the positions in expressions."""

    def __init__(self, text: str, *, own: bool = False) -> None:
        """Read the text; `own` says that the compiler wrote it, which may use VALUES.

        Raises:
            UnreadableQueryError: If it cannot be followed.
        """
        self.tokens = [Token(m.lastgroup or "", m[0]) for m in _TOKEN.finditer(text)]
        self._own = own
        self.expressions: set[int] = set()
        self._position = 0
        form = self._next_where(lambda token: token.upper in ("SELECT", "ASK"))
        self.form = form
        columns = self._columns()
        self._mark_parentheses(form, self._position)
        self.where = self._group("where")
        self.where.groups += columns
        self._mark_parentheses(self.where.end, len(self.tokens))
        if any(token.text == "{" for token in self.tokens[self.where.end :]):
            raise UnreadableQueryError("it has a group after its own")

    def words(self) -> set[str]:
        """Return every word of the text, in capitals."""
        return {token.upper for token in self.tokens}

    # Reading

    def _next_where(self, fits: object) -> int:
        assert callable(fits)  # noqa: S101  # for the type checker
        for position in range(self._position, len(self.tokens)):
            if fits(self.tokens[position]):
                self._position = position
                return position
        raise UnreadableQueryError("it is neither SELECT nor ASK")

    def _columns(self) -> list[Group]:
        """Read up to the brace of a query, and return the groups of EXISTS in its columns."""
        found = Group("where", self._position)
        while self._peek().text != "{":
            if self._peek().text == "(":
                self._parentheses(found)
            else:
                self._take()
        return found.groups

    def _mark_parentheses(self, start: int, end: int) -> None:
        depth = 0
        for position in range(start, end):
            text = self.tokens[position].text
            depth += (text == "(") - (text == ")")
            if depth:
                self.expressions.add(position)

    def _peek(self) -> Token:
        while self._position < len(self.tokens) and self.tokens[self._position].kind == "space":
            self._position += 1
        if self._position >= len(self.tokens):
            raise UnreadableQueryError("a bracket is not closed")
        return self.tokens[self._position]

    def _take(self) -> Token:
        token = self._peek()
        self._position += 1
        return token

    def _group(self, kind: str) -> Group:
        if self._take().text != "{":
            raise UnreadableQueryError(f"a brace is missing after {kind}")
        group = Group(kind, self._position)
        while self._peek().text != "}":
            self._part(group)
        group.end = self._position
        self._take()
        return group

    def _part(self, group: Group) -> None:
        token = self._peek()
        word = token.upper
        if token.text == "{":
            group.groups.append(self._plain_or_select())
        elif word == "FILTER":
            self._take()
            self._filter(group)
        elif word == "BIND":
            self._take()
            self._parentheses(group)
        elif word in ("OPTIONAL", "MINUS"):
            self._take()
            group.groups.append(self._group(word.lower()))
        elif word == "GRAPH":
            self._take()
            self._take()
            group.groups.append(self._group("graph"))
        elif word == "UNION" or token.text == ".":
            self._take()
        elif word == "VALUES" and self._own:
            self._next_where(lambda token: token.text == "{")
            self._take()
            self._balanced("{")
        elif word in ("VALUES", "SERVICE", "LATERAL"):
            raise UnreadableQueryError(f"it uses {word}")
        else:
            self._triples(group)

    def _plain_or_select(self) -> Group:
        before = self._position
        self._take()
        if self._peek().upper != "SELECT":
            self._position = before
            return self._group("group")
        start = self._position
        columns = self._columns()
        opening = self._position
        self._mark_parentheses(start, opening)
        inner = self._group("select")
        inner.head = tuple(token for token in self.tokens[start:opening] if token.kind != "space")
        inner.groups += columns
        start = self._position
        closing = self._next_where(lambda token: token.text == "}")
        self._mark_parentheses(start, closing)
        self._take()
        return inner

    def _filter(self, group: Group) -> None:
        token = self._peek()
        if token.upper == "NOT":
            self._take()
            token = self._peek()
        if token.upper == "EXISTS":
            self._take()
            group.groups.append(self._group("exists"))
            return
        if token.text != "(":
            self._take()
        self._parentheses(group)

    def _parentheses(self, group: Group) -> None:
        """Read an expression in parentheses, with the groups of EXISTS in it."""
        if self._peek().text != "(":
            raise UnreadableQueryError("a parenthesis is missing")
        depth = 0
        while True:
            token = self._peek()
            if token.text == "{":
                group.groups.append(self._group("exists"))
                continue
            self.expressions.add(self._position)
            self._take()
            depth += (token.text == "(") - (token.text == ")")
            if depth == 0:
                return

    def _triples(self, group: Group) -> None:
        subject = self._term()
        while True:
            predicate = self._path()
            while True:
                group.triples.append(Pattern(subject, predicate, self._term()))
                if self._peek().text != ",":
                    break
                self._take()
            if self._peek().text != ";":
                return
            while self._peek().text == ";":
                self._take()
            if self._peek().text in (".", "}"):
                return

    def _term(self) -> str:
        token = self._take()
        if token.text in "([":
            self._balanced(token.text)
            return "[]"
        if token.text in "+-":
            return token.text + self._term()
        if token.kind not in _TERMS and token.upper not in ("TRUE", "FALSE"):
            raise UnreadableQueryError(f"`{token.text}` is not understood")
        text = token.text
        if token.kind == "string":
            follower = self.tokens[self._position] if self._position < len(self.tokens) else Token("", "")
            if follower.kind == "lang":
                text += self._take().text
            elif follower.text == "^^":
                text += self._take().text + self._take().text
        return text

    def _balanced(self, opening: str) -> None:
        depth = 1
        while depth:
            text = self._take().text
            depth += (text == opening) - (text == _BRACKETS[opening])

    def _path(self) -> str:
        parts: list[str] = []
        while True:
            token = self._take()
            if token.text in ("^", "!"):
                parts.append(token.text)
                continue
            if token.text == "(":
                start = self._position
                self._balanced("(")
                parts.append("(" + "".join(t.text for t in self.tokens[start : self._position] if t.kind != "space"))
            elif token.kind in ("iri", "name", "var") or token.text == "a":
                parts.append(token.text)
            else:
                raise UnreadableQueryError(f"`{token.text}` is not understood as a property")
            while self._peek().text in ("*", "+", "?"):
                parts.append(self._take().text)
            if self._peek().text not in ("/", "|"):
                return "".join(parts)
            parts.append(self._take().text)
