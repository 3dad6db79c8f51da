"""Query text changed without being understood: prefixes put in front, and a query for what another one counts."""

from __future__ import annotations

import re
from collections.abc import Mapping

_TOKENS = re.compile(
    r"""\#[^\r\n]* | \"\"\".*?\"\"\" | '''.*?''' | "(?:[^"\\\r\n]|\\.)*" | '(?:[^'\\\r\n]|\\.)*'
    | <[^<>"{}|^`\\\x00-\x20]*> | [?$]\w+ | (?:\w[\w.-]*)?:[^\s{}()<>"';,]* | \w+ | \s+ | . """,
    re.VERBOSE | re.DOTALL,
)


def with_prefixes(text: str, prefixes: Mapping[str, str]) -> str:
    """Return a query with prefixes declared on its first line, so that the numbers of its lines stay.

    Declared are those that occur in the text.
    """
    used = {name: value for name, value in prefixes.items() if f"{name}:" in text}
    return "".join(f"PREFIX {name}: <{value}> " for name, value in sorted(used.items())) + text


def solutions(text: str) -> str:
    """Return the SELECT of all solutions from which a CONSTRUCT or DESCRIBE makes its triples, or nothing.

    Example:
        >>> solutions("CONSTRUCT { ?o ?p ?s } WHERE { ?s ?p ?o } LIMIT 9")
        'SELECT *  WHERE { ?s ?p ?o } LIMIT 9'
        >>> solutions("DESCRIBE <http://example.org/a>")
        ''
    """
    tokens = _TOKENS.findall(text)
    form = next((n for n, token in enumerate(tokens) if token.upper() in ("CONSTRUCT", "DESCRIBE")), None)
    if form is None:
        return ""
    end = form + 1
    if tokens[form].upper() == "CONSTRUCT":
        while end < len(tokens) and (tokens[end].isspace() or tokens[end].startswith("#")):
            end += 1
        if end < len(tokens) and tokens[end] == "{":
            end = _after_group(tokens, end)
        return "".join((*tokens[:form], "SELECT *", *tokens[end:]))
    if "{" not in tokens[end:]:
        return ""
    start = next(n for n, token in enumerate(tokens) if n > form and (token.upper() in ("WHERE", "FROM", "{")))
    return "".join((*tokens[:form], "SELECT * ", *tokens[start:]))


def _after_group(tokens: list[str], start: int) -> int:
    depth = 0
    for number in range(start, len(tokens)):
        depth += (tokens[number] == "{") - (tokens[number] == "}")
        if not depth:
            return number + 1
    return len(tokens)
