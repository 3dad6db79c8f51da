"""Query text from outside: bounded, and without the words that reach out or change data.

The engine runs ``SERVICE`` and ``LOAD`` without asking and dies on deep nesting, so the text is scanned before it is
given to it. The scan knows strings, IRIs, comments, prefixed names and variables; a word inside them is no word.
"""

from __future__ import annotations

import re

from cd22kg.errors import Location, QueryError
from cd22kg.gate.text import fault_of

#: Longest query text, in bytes of UTF-8.
MAX_BYTES = 64 * 1024
#: Deepest nesting of brackets of any kind.
MAX_DEPTH = 100
#: Most triple patterns, or steps of a path, in one group; the planner's time grows with the square.
MAX_PATTERNS = 100
#: Most operators and groups in all; the engine's parser and planner die at about 2,500 of some.
MAX_STEPS = 1000

FORBIDDEN = frozenset(("SERVICE", "LOAD", "INSERT", "DELETE", "CLEAR", "DROP", "CREATE", "COPY", "MOVE", "ADD"))

_TOKENS = re.compile(
    r"""
      (?P<comment> \#[^\r\n]* )
    | (?P<string>  \"\"\"(?:[^\\]|\\.)*?\"\"\" | '''(?:[^\\]|\\.)*?'''
                 | "(?:[^"\\\r\n]|\\.)*" | '(?:[^'\\\r\n]|\\.)*' )
    | (?P<iri>     <[^<>"{}|^`\\\x00-\x20]*(?:\\u[0-9A-Fa-f]{4}[^<>"{}|^`\\\x00-\x20]*)*> )
    | (?P<var>     [?$]\w+ )
    | (?P<lang>    @[A-Za-z]+(?:-[A-Za-z0-9]+)* )
    | (?P<name>    [\w.-]*:(?:[\w.:-]|%[0-9A-Fa-f]{2}|\\.)* )
    | (?P<word>    \w+ )
    | (?P<open>    [\[({] )
    | (?P<close>   [\])}] )
    | (?P<operator> [.;,/|^&!=<>*+-] )
    | (?P<other>   \s+ | . )
    """,
    re.VERBOSE | re.DOTALL,
)


def check_query(text: str, name: str = "query") -> None:
    """Refuse query text that is too large, too deep, too long-winded, or holds a forbidden word.

    Raises:
        QueryError: With the place in the text.
    """
    if hidden := fault_of(text):
        raise QueryError(hidden[1], _place(name, text, hidden[0]), hint=hidden[2])
    if len(text.encode()) > MAX_BYTES:
        raise QueryError(f"the query has over {MAX_BYTES} bytes", Location(name), hint="shorten it")
    # SPARQL decodes \u escapes before it reads tokens, so an escape can spell any word.
    if escape := re.search(r"\\[uU]", text):
        raise QueryError("a \\u escape is not allowed", _place(name, text, escape.start()), hint="write the character")
    groups: list[tuple[str, int]] = [("", 0)]
    steps = 0
    for match in _TOKENS.finditer(text):
        kind, word = match.lastgroup, match[0]
        fault = ""
        if kind in ("word", "name") and _is_forbidden(word, kind):
            fault = f"`{word}` is not allowed"
        elif kind == "open":
            groups.append((word, 0))
            steps += 1
            if len(groups) > MAX_DEPTH:
                fault = f"nested over {MAX_DEPTH} levels deep"
        elif kind == "close" and len(groups) > 1:
            groups.pop()
        elif kind == "operator":
            steps += 1
            bracket, patterns = groups[-1]
            if word in ".;,/" and bracket != "(":
                groups[-1] = (bracket, patterns + 1)
                if patterns == MAX_PATTERNS:
                    fault = f"over {MAX_PATTERNS} patterns in one group"
        if steps > MAX_STEPS:
            fault = f"over {MAX_STEPS} operators and groups"
        if fault:
            raise QueryError(
                fault, _place(name, text, match.start()), hint="ask a plain SELECT, CONSTRUCT, ASK or DESCRIBE"
            )


def _is_forbidden(word: str, kind: str) -> bool:
    """Return whether the engine could read the word as a forbidden word.

    It needs no space after a word: ``SERVICEns:x`` calls a service, ``1SERVICE`` ends a number and starts a call.
    """
    upper = word.upper()
    if kind == "name":
        return upper.startswith("SERVICE")
    return upper in FORBIDDEN or upper.startswith("SERVICE") or upper.endswith("SERVICE")


def _place(name: str, text: str, offset: int) -> Location:
    before = text[:offset]
    return Location(name, before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1)
