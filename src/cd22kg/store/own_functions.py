"""Which names of a namespace a query text uses; a server knows none of our functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urljoin

from cd22kg.errors import QueryError
from cd22kg.gate.text import place_after
from cd22kg.namespaces import STAT
from cd22kg.statistics.sparql import IN_PYTHON

_TOKENS = re.compile(
    r"""
      (?P<skip> \#[^\r\n]* | \s+ | [?$]\w+ | @[A-Za-z]+(?:-[A-Za-z0-9]+)*
              | \"\"\"(?:[^\\]|\\.)*?\"\"\" | '''(?:[^\\]|\\.)*?''' | "(?:[^"\\\r\n]|\\.)*" | '(?:[^'\\\r\n]|\\.)*' )
    | (?P<iri>  <[^<>"{}|^`\\\x00-\x20]*> )
    | (?P<name> [\w.-]*:(?:[\w.:-]|[^\x00-\x7f]|%[0-9A-Fa-f]{2}|\\[_~.!$&'()*+,;=/?\#@%-])* )
    | (?P<word> \w+ )
    | (?P<sign> . )
    """,
    re.VERBOSE | re.DOTALL,
)
#: An IRI that no comparison can be, as `1<stat:x` is one.
_WHOLE_IRI = re.compile(r"<[A-Za-z][A-Za-z0-9+.-]*://")
_NAME = re.compile(r"([\w.-]*):((?:[\w.:-]|[^\x00-\x7f]|%[0-9A-Fa-f]{2}|\\.)*)")


def refuse_own_functions(text: str, prefixes: Mapping[str, str], host: str, name: str = "query") -> None:
    """Refuse a query for a server that uses our functions, which run in a store of ours only.

    Args:
        text: The query.
        prefixes: Known in the text without being declared.
        host: How messages call the server.
        name: How messages call the query.

    Raises:
        QueryError: With the place of the first one.
    """
    for position, used in used_names(text, prefixes, STAT):
        same = f"`cd22kg.statistics.{IN_PYTHON[used]}`" if used in IN_PYTHON else "those of `cd22kg.statistics`"
        raise QueryError(
            f"{host} does not know `stat:{used}`",
            place_after(name, text[:position]),
            hint="load the data into a folder with `cd22kg load` and ask that, "
            f"or ask for events and total and call {same} in Python",
        )


def used_names(text: str, prefixes: Mapping[str, str], namespace: str) -> Iterator[tuple[int, str]]:
    """Yield where a query uses a name of a namespace, and the name after it; comments, strings and declarations apart.

    In doubt it is found: an engine may need no blank between a word and the name after it.

    Example:
        >>> list(used_names("ASK { ?s a:b ?o } # a:c", {"a": "http://a/"}, "http://a/"))
        [(9, 'b')]
    """
    declared = dict(prefixes)
    base = ""
    last, before = "", ""
    for match in _TOKENS.finditer(text):
        kind, token = match.lastgroup, match[0]
        if kind == "skip":
            continue
        found: list[str] = []
        if kind == "iri":
            iri = urljoin(base, token[1:-1])
            iri += "#" if token.endswith("#>") and not iri.endswith("#") else ""  # which urljoin leaves out
            declares = before.endswith(":") and (last.upper().endswith("PREFIX") or before.upper().startswith("PREFIX"))
            if before.upper().endswith("BASE"):
                base = iri
            elif declares:
                declared[before[:-1] if last.upper().endswith("PREFIX") else before[len("PREFIX") : -1]] = iri
            elif _WHOLE_IRI.match(token):
                found = [iri]
            else:
                found = [iri, *_expanded(token[1:-1], declared)]
        elif kind == "name":
            found = list(_expanded(token.rstrip("."), declared))
        for each in found:
            if each.startswith(namespace) and each != namespace:
                yield match.start(), each.removeprefix(namespace)
                break
        last, before = before, token


def _expanded(text: str, declared: Mapping[str, str]) -> Iterator[str]:
    """Yield the IRI of each prefixed name, and what it is if letters before a prefix belong to a word."""
    for prefix, local in _NAME.findall(text):
        readings = [prefix] if prefix in declared else [prefix[start:] for start in range(1, len(prefix) + 1)]
        for reading in readings:
            if reading in declared:
                yield declared[reading] + re.sub(r"\\(.)", r"\1", local)
