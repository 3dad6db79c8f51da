"""Canonical Turtle: sorted prefixes, subjects, properties and values; numbers with the digits of their author."""

from __future__ import annotations

import io
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby, islice
from typing import BinaryIO

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, RdfFormat, Triple, parse

from cd22kg.namespaces import PREFIXES, STANDARD_PREFIXES
from cd22kg.progress import Meter, silent
from cd22kg.rdf.canonical import labelled
from cd22kg.rdf.sorting import sorted_unique

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

#: Bytes of the body held in memory while the prefixes it needs are found.
_SPOOLED = 64 * 1024 * 1024
#: Lines parsed at a time.
_CHUNK = 1000

_Subject = NamedNode | BlankNode | Triple
_Term = NamedNode | BlankNode | Literal | Triple


def to_turtle(quads: Iterable[Quad], *, header: str = "", prefixes: Mapping[str, str] | None = None) -> str:
    """Return the union of the quads' graphs as canonical Turtle.

    Args:
        quads: The quads; their graphs are not told apart in the result.
        header: Text for the comment at the top, one line each.
        prefixes: Further prefixes beside those of the project.
    """
    file = io.BytesIO()
    write_turtle(quads, file, header=header, prefixes=prefixes)
    return file.getvalue().decode()


def write_turtle(
    quads: Iterable[Quad],
    file: BinaryIO,
    *,
    header: str = "",
    prefixes: Mapping[str, str] | None = None,
    meter: Meter = silent,
    total: int = 0,
) -> None:
    """Write the same to a file, in little memory however many quads there are; for the meter see `sorted_unique`."""
    writer = _Writer({**PREFIXES, **(prefixes or {})})
    with tempfile.SpooledTemporaryFile(max_size=_SPOOLED) as body:
        for _, group in groupby(_in_order(quads, meter, total), key=lambda triple: triple.subject):
            body.write(f"\n{writer.block(list(group))}".encode())
        lines = [f"# {line}".rstrip() for line in header.splitlines()]
        if lines:
            lines.append("")
        lines += [f"@prefix {prefix}: <{writer.prefixes[prefix]}> ." for prefix in sorted(writer.used)]
        file.write(("\n".join(lines) + "\n").encode())
        body.seek(0)
        shutil.copyfileobj(body, file)


def _in_order(quads: Iterable[Quad], meter: Meter, total: int) -> Iterator[Triple]:
    """Yield the triples, each once: IRIs before blank nodes, types before other properties."""
    keys = (
        f"{_rank(q.subject)}{q.subject}\0{int(q.predicate.value != _TYPE)}{q.predicate}\0{_text(q.object)}"
        for q in labelled(quads)
    )
    parts = (key.split("\0") for key in sorted_unique(keys, meter=meter, total=total))
    lines = (f"{subject[1:]} {predicate[1:]} {value} .\n" for subject, predicate, value in parts)
    while chunk := "".join(islice(lines, _CHUNK)):
        yield from (quad.triple for quad in parse(chunk, format=RdfFormat.N_TRIPLES))


def _text(term: _Term) -> str:
    """Return a term as N-Triples write it, in which a triple stands in brackets."""
    return (
        f"<<( {_text(term.subject)} {term.predicate} {_text(term.object)} )>>"
        if isinstance(term, Triple)
        else str(term)
    )


def _rank(subject: _Subject) -> int:
    return 0 if isinstance(subject, NamedNode) else 1


class _Writer:
    """Writes blocks and remembers which prefixes it used."""

    def __init__(self, prefixes: Mapping[str, str]) -> None:
        self.prefixes = prefixes
        self.used: set[str] = set()
        self._longest_first = sorted(prefixes.items(), key=lambda item: (-len(item[1]), item[0]))

    def block(self, triples: list[Triple]) -> str:
        lines = []
        for predicate, group in groupby(triples, key=lambda triple: triple.predicate):
            name = "a" if predicate.value == _TYPE else self.term(predicate)
            lines.append(f"    {name} " + ",\n        ".join(self.term(triple.object) for triple in group))
        return self.term(triples[0].subject) + "\n" + " ;\n".join(lines) + " .\n"

    def term(self, term: _Term) -> str:
        if isinstance(term, NamedNode):
            return self.iri(term.value)
        return self.literal(term) if isinstance(term, Literal) else _text(term)

    def iri(self, text: str) -> str:
        for prefix, base in self._longest_first:
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
