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


#: How the variables begin that `graphs_by_variable` brings in.
HIDDEN = "cd22kg_graph_"


def graphs_by_variable(text: str) -> str:
    """Return a query in which each ``GRAPH`` takes its IRI from a variable; to hide graphs of Virtuoso needs it.

    Example:
        >>> graphs_by_variable("ASK { GRAPH <http://example.org/g> { ?s ?p ?o } }")
        'ASK { VALUES ?cd22kg_graph_1 { <http://example.org/g> } GRAPH ?cd22kg_graph_1 { ?s ?p ?o } }'
    """
    tokens = _TOKENS.findall(text)
    count = 0
    for number, token in enumerate(tokens):
        if token.upper() != "GRAPH":
            continue
        at = _next(tokens, number + 1)
        if at < len(tokens) and (tokens[at].startswith("<") or ":" in tokens[at]) and len(tokens[at]) > 1:
            count += 1
            tokens[number] = f"VALUES ?{HIDDEN}{count} {{ {tokens[at]} }} {token}"
            tokens[at] = f"?{HIDDEN}{count}"
    return "".join(tokens)


def solutions(text: str) -> str:
    """Return the SELECT of all solutions from which a CONSTRUCT or DESCRIBE makes its triples, or nothing.

    Example:
        >>> solutions("CONSTRUCT { ?o ?p ?s } WHERE { ?s ?p ?o } LIMIT 9")
        'SELECT * WHERE { ?s ?p ?o } LIMIT 9'
        >>> solutions("DESCRIBE <http://example.org/a>")
        ''
    """
    tokens = _TOKENS.findall(text)
    form = next((n for n, token in enumerate(tokens) if token.upper() in ("CONSTRUCT", "DESCRIBE")), None)
    if form is None:
        return ""
    end = form + 1
    if tokens[form].upper() == "CONSTRUCT":
        end = _next(tokens, end)
        if end < len(tokens) and tokens[end] == "{":
            end = _after_group(tokens, end)
        return "".join((*tokens[:form], "SELECT *", *tokens[end:]))
    if "{" not in tokens[end:]:
        return ""
    start = next(n for n, token in enumerate(tokens) if n > form and (token.upper() in ("WHERE", "FROM", "{")))
    return "".join((*tokens[:form], "SELECT * ", *tokens[start:]))


def _next(tokens: list[str], start: int) -> int:
    """Return the place of the next token that is neither blank nor comment."""
    while start < len(tokens) and (tokens[start].isspace() or tokens[start].startswith("#")):
        start += 1
    return start


def _after_group(tokens: list[str], start: int) -> int:
    depth = 0
    for number in range(start, len(tokens)):
        depth += (tokens[number] == "{") - (tokens[number] == "}")
        if not depth:
            return number + 1
    return len(tokens)
