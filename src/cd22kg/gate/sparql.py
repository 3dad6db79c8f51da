"""Query text from outside: bounded, and without the words that reach out or change data.

The engine runs ``SERVICE`` and ``LOAD`` without asking and dies on deep nesting, so the text is scanned before it is
given to it. The scan knows strings, IRIs, comments, prefixed names and variables; a word inside them is no word. Where
the engine could read the text otherwise than the scan, the text is refused.
"""

from __future__ import annotations

import re

from cd22kg.errors import Location, QueryError
from cd22kg.gate.text import fault_of, place_after

#: Longest query text, in bytes of UTF-8.
MAX_BYTES = 64 * 1024
#: Deepest nesting of brackets of any kind.
MAX_DEPTH = 100
#: Most triple patterns, steps of a path, items of a list and groups in all; the planner's time grows with the cube.
MAX_PATTERNS = 100
#: Most operators and groups in all; the engine's parser and planner die at about 2,500 of some.
MAX_STEPS = 1000

FORBIDDEN = frozenset(("SERVICE", "LOAD", "INSERT", "DELETE", "CLEAR", "DROP", "CREATE", "COPY", "MOVE", "ADD"))

# Escapes are those of SPARQL: the engine falls back to another reading of the text where it meets another one.
_TOKENS = re.compile(
    r"""
      (?P<comment> \#[^\r\n]* )
    | (?P<string>  \"\"\"(?:[^\\]|\\[tbnrf"'\\])*?\"\"\" | '''(?:[^\\]|\\[tbnrf"'\\])*?'''
                 | "(?:[^"\\\r\n]|\\[tbnrf"'\\])*" | '(?:[^'\\\r\n]|\\[tbnrf"'\\])*' )
    | (?P<iri>     <[^<>"{}|^`\\\x00-\x20]*> )
    | (?P<var>     [?$]\w+ )
    | (?P<lang>    @[A-Za-z]+(?:-[A-Za-z0-9]+)* )
    | (?P<name>    [\w.-]*:(?:[\w.:-]|[^\x00-\x7f]|%[0-9A-Fa-f]{2}|\\[_~.!$&'()*+,;=/?\#@%-])* )
    | (?P<word>    \w+ )
    | (?P<open>    [\[({] )
    | (?P<close>   [\])}] )
    | (?P<operator> [.;,/|^&!=<>*+~-] )
    | (?P<blank>   \s+ )
    | (?P<other>   . )
    """,
    re.VERBOSE | re.DOTALL,
)
#: An IRI that no comparison can be: ``1<http://...`` is not SPARQL.
_WHOLE_IRI = re.compile(r"<[A-Za-z][A-Za-z0-9+.-]*://")
_OPERANDS = frozenset(("string", "iri", "var", "lang", "name", "word", "close"))
_ITEMS = frozenset(("string", "iri", "var", "name"))


def check_query(text: str, name: str = "query") -> None:
    """Refuse query text that is too large, too deep, too long-winded, ambiguous, or holds a forbidden word.

    Raises:
        QueryError: With the place in the text.
    """
    if hidden := fault_of(text):
        raise QueryError(hidden[1], place_after(name, text[: hidden[0]]), hint=hidden[2])
    if len(text.encode()) > MAX_BYTES:
        raise QueryError(f"the query has over {MAX_BYTES} bytes", Location(name), hint="shorten it")
    # SPARQL decodes \u escapes before it reads tokens, so an escape can spell any word.
    if escape := re.search(r"\\[uU]", text):
        raise QueryError(
            "a \\u escape is not allowed", place_after(name, text[: escape.start()]), hint="write the character"
        )
    scan = _Scan()
    position = 0
    while match := _TOKENS.match(text, position):
        kind, word, position = match.lastgroup or "", match[0], match.end()
        fault, hint = "", "ask a plain SELECT, CONSTRUCT, ASK or DESCRIBE"
        if kind == "iri" and scan.may_compare and not _WHOLE_IRI.match(word):
            # The engine may take `<` for "less than", so what follows is scanned as if it did.
            if any(character in "#'()[]" for character in word):
                fault, hint = f"`{word}` can be read in two ways", "put a blank after `<`, or use a prefix for the IRI"
            kind, word, position = "operator", "<", match.start() + 1
        fault = fault or scan.take(kind, word)
        if fault:
            raise QueryError(fault, place_after(name, text[: match.start()]), hint=hint)


class _Scan:
    """What was read so far: the open brackets, the token before, and what was counted."""

    def __init__(self) -> None:
        self.brackets = [""]
        self.before = ("", "")
        self.touching = ""
        self.values = False
        self.steps = 0
        self.patterns = 0

    @property
    def may_compare(self) -> bool:
        """Whether `<` could be an operator here: after a value in brackets, or after another `<`."""
        value = self.before[0] in _OPERANDS or self.before == ("operator", ">")  # `>>` ends a triple, which is a value
        return self.touching == "<" or (self.brackets[-1] == "(" and value)

    def take(self, kind: str, word: str) -> str:
        """Take the next token and return what is wrong with it, or nothing."""
        inside = self.brackets[-1]
        fault = ""
        if kind in ("word", "name") and _is_forbidden(word, kind):
            fault = f"`{word}` is not allowed"
        elif kind == "other" and word == "\\":
            fault = "a backslash is not allowed here"
        elif kind == "word" and word.upper() == "VALUES":
            self.values = True
        elif kind == "open":
            self.steps += 1
            self.patterns += 0 if inside == "values" else 2 if inside == "(" and self.follows_item() else 1
            self.open(word, inside)
        elif kind == "close" and len(self.brackets) > 1:
            self.brackets.pop()
        elif kind == "operator":
            self.steps += 1
            self.patterns += self.starts_pattern(word, inside)
        if inside == "(" and (kind in _ITEMS or _is_number(kind, word)) and self.follows_item():
            self.patterns += 1
        if len(self.brackets) > MAX_DEPTH:
            fault = f"nested over {MAX_DEPTH} levels deep"
        elif self.patterns > MAX_PATTERNS:
            fault = f"over {MAX_PATTERNS} patterns and groups"
        elif self.steps > MAX_STEPS:
            fault = f"over {MAX_STEPS} operators and groups"
        self.touching = word if kind == "operator" else ""
        if kind not in ("comment", "blank"):
            self.before = (kind, word)
        return fault

    def open(self, word: str, inside: str) -> None:
        if word == "{" and self.values:
            self.values = False
            word = "values"
        elif inside == "values":
            word = "row"
        self.brackets.append(word)

    def starts_pattern(self, word: str, inside: str) -> bool:
        """Return whether an operator may begin another pattern: or another item, as in the list ``(1-1.5)``."""
        if inside == "row":
            return False
        doubled = (word == "<" and self.touching == "<") or (word == "|" and self.before == ("open", "{"))
        return doubled or word in "./;~+-" or (word == "," and inside != "(")

    def follows_item(self) -> bool:
        """Return whether the token before ends an item of a list."""
        kind, word = self.before
        return kind == "close" or (kind in _OPERANDS and kind != "word") or _is_number(kind, word)


def _is_number(kind: str, word: str) -> bool:
    return kind == "word" and (word[0].isdigit() or word in ("true", "false"))


def _is_forbidden(word: str, kind: str) -> bool:
    """Return whether the engine could read a forbidden word in the word.

    It needs no blank between words: ``SERVICEns:x``, ``1SERVICE<x>``, ``?o.SERVICEns:x`` and ``ns:a.b.SERVICE<x>`` all
    call a service.
    """
    upper = word.upper()
    if kind == "word":
        return upper in FORBIDDEN or "SERVICE" in upper
    prefix, _, local = upper.partition(":")
    return "SERVICE" in prefix or ".SERVICE" in local
