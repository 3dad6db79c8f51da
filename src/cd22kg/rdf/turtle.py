"""Canonical Turtle: sorted prefixes, subjects, properties and values; numbers with the digits of their author."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple

from cd22kg.namespaces import PREFIXES, STANDARD_PREFIXES
from cd22kg.rdf.canonical import canonical_quads

#: The comment at the top of every export.
HEADER = """cd22kg: evidence knowledge graph for CD22-directed CAR T-cell therapy
licence: CC0 1.0 (https://creativecommons.org/publicdomain/zero/1.0/)
An index of published evidence, not medical guidance."""

_TYPE = STANDARD_PREFIXES["rdf"] + "type"
_XSD = STANDARD_PREFIXES["xsd"]
_LOCAL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?")
_SHORT = {
    _XSD + "integer": re.compile(r"0|-?[1-9][0-9]*"),
    _XSD + "decimal": re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]{1,6}"),
    _XSD + "boolean": re.compile(r"true|false"),
}
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_UNSAFE_IRI = re.compile(r'[\x00-\x20<>"{}|^`\\]')

_Subject = NamedNode | BlankNode | Triple
_Term = NamedNode | BlankNode | Literal | Triple


def to_turtle(quads: Iterable[Quad], *, header: str = "") -> str:
    """Return the union of the quads' graphs as canonical Turtle.

    Args:
        quads: The quads; their graphs are not told apart in the result.
        header: Text for the comment at the top, one line each.
    """
    triples = {(q.subject, q.predicate, q.object) for q in canonical_quads(quads)}
    rows = sorted((_order(s), _property_order(p), str(o), s, p, o) for s, p, o in triples)
    writer = _Writer()
    blocks = [writer.block(list(group)) for _, group in groupby(rows, key=lambda row: row[0])]
    lines = [f"# {line}".rstrip() for line in header.splitlines()]
    if lines:
        lines.append("")
    lines += [f"@prefix {prefix}: <{PREFIXES[prefix]}> ." for prefix in sorted(writer.used)]
    return "\n".join(lines) + "\n" + "".join("\n" + block for block in blocks)


_Row = tuple[tuple[int, str], tuple[int, str], str, _Subject, NamedNode, _Term]


class _Writer:
    """Writes blocks and remembers which prefixes it used."""

    def __init__(self) -> None:
        self.used: set[str] = set()

    def block(self, rows: list[_Row]) -> str:
        lines = []
        for _, group in groupby(rows, key=lambda row: row[1]):
            same = list(group)
            predicate = same[0][4]
            name = "a" if predicate.value == _TYPE else self.term(predicate)
            lines.append(f"    {name} " + ",\n        ".join(self.term(row[5]) for row in same))
        return self.term(rows[0][3]) + "\n" + " ;\n".join(lines) + " .\n"

    def term(self, term: _Term) -> str:
        if isinstance(term, NamedNode):
            return self.iri(term.value)
        return self.literal(term) if isinstance(term, Literal) else str(term)

    def iri(self, text: str) -> str:
        for prefix, base in _LONGEST_FIRST:
            if text.startswith(base) and _LOCAL.fullmatch(text, len(base)):
                self.used.add(prefix)
                return f"{prefix}:{text[len(base) :]}"
        safe = _UNSAFE_IRI.sub(lambda match: f"\\u{ord(match[0]):04X}", text)
        return f"<{safe}>"

    def literal(self, term: Literal) -> str:
        datatype = term.datatype.value
        pattern = _SHORT.get(datatype)
        if pattern and pattern.fullmatch(term.value):
            return term.value
        quoted = '"' + "".join(_ESCAPES.get(c) or _control(c) for c in term.value) + '"'
        if term.language:
            return f"{quoted}@{term.language}"
        return quoted if datatype == _XSD + "string" else f"{quoted}^^{self.iri(datatype)}"


def _control(character: str) -> str:
    return f"\\u{ord(character):04X}" if character < " " or character == "\x7f" else character


_LONGEST_FIRST = sorted(PREFIXES.items(), key=lambda item: (-len(item[1]), item[0]))


def _order(term: _Subject) -> tuple[int, str]:
    return (0 if isinstance(term, NamedNode) else 1, str(term))


def _property_order(term: NamedNode) -> tuple[int, str]:
    return (0 if term.value == _TYPE else 1, term.value)
