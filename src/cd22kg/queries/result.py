"""Answers in the forms people and programs read: table, CSV, TSV, JSON, Markdown, Turtle."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, serialize

from cd22kg.errors import QueryError
from cd22kg.gate.text import visible
from cd22kg.namespaces import PREFIXES, STANDARD_PREFIXES, short_name
from cd22kg.store import Answer, Table, Term

FORMATS = ("table", "csv", "tsv", "json", "md", "ttl")
_XSD = STANDARD_PREFIXES["xsd"]
_NUMBER = re.compile(r"[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?")
#: What Markdown would read as the end of a cell, as emphasis, as struck out, or as markup.
_MARKS = re.compile(r"[|*~]|<(?=[A-Za-z/!?])")
_NUMERIC = {_XSD + name for name in ("integer", "decimal", "double", "float")}


@dataclass(frozen=True, repr=False)
class Result:
    """The answer to a query.

    Iterating a table gives one dictionary per row, with text for IRIs and literals, numbers as `int` or text (the
    store drops zeros at the end: 6.0 reads 6), and `None` where nothing is bound.
    """

    answer: Answer

    def __len__(self) -> int:
        """Return the number of rows or triples; a truth value counts as one."""
        return 1 if isinstance(self.answer, bool) else len(self.answer)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the rows of a table."""
        table = self.table()
        for row in table.rows:
            yield {name: _python(term) for name, term in zip(table.columns, row, strict=True)}

    def __bool__(self) -> bool:
        """Return the truth value of an ASK, else whether there is any row."""
        return self.answer if isinstance(self.answer, bool) else len(self.answer) > 0

    def __repr__(self) -> str:
        """Return the table as a person reads it."""
        return self.to_text("table")

    def _repr_html_(self) -> str:
        table = self.table()
        head = "".join(f"<th>{html.escape(name)}</th>" for name in table.columns)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(_short(term))}</td>" for term in row) + "</tr>" for row in table.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def table(self) -> Table:
        """Return the answer as a table; triples and truth values become one.

        An ASK has the column ``answer``; triples have ``subject``, ``predicate`` and ``object``.
        """
        if isinstance(self.answer, Table):
            return self.answer
        if isinstance(self.answer, bool):
            value = Literal("true" if self.answer else "false", datatype=NamedNode(_XSD + "boolean"))
            return Table(("answer",), ((value,),))
        rows = tuple((t.subject, t.predicate, t.object) for t in self.answer)
        return Table(("subject", "predicate", "object"), rows)

    def to_text(self, form: str) -> str:
        """Return the answer in one of `FORMATS`.

        Raises:
            QueryError: If the format is unknown, or is Turtle and the answer is not triples.
        """
        if form == "json" and isinstance(self.answer, bool):
            return json.dumps({"head": {}, "boolean": self.answer}, indent=1) + "\n"
        writers = {"table": _table, "csv": _csv, "tsv": _tsv, "json": _json, "md": _markdown}
        if form == "ttl":
            return self.to_turtle()
        if form not in writers:
            raise QueryError(f"unknown format `{form}`", hint=f"one of: {', '.join(FORMATS)}")
        return writers[form](self.table())

    def to_turtle(self) -> str:
        """Return the triples of a CONSTRUCT or DESCRIBE as Turtle.

        Raises:
            QueryError: If the answer is a table.
        """
        if not isinstance(self.answer, tuple):
            raise QueryError("Turtle is for triples", hint="ask with CONSTRUCT or DESCRIBE, or choose another format")
        return (serialize(self.answer, format=RdfFormat.TURTLE, prefixes=PREFIXES) or b"").decode()


def _python(term: Term | None) -> Any:
    if isinstance(term, Literal):
        if term.datatype.value == _XSD + "integer":
            return int(term.value)
        return term.value == "true" if term.datatype.value == _XSD + "boolean" else term.value
    return _full(term) or None


def _full(term: Term | None) -> str:
    """Return a term for a program: full IRI, text of a literal."""
    if term is None:
        return ""
    return str(term) if isinstance(term, BlankNode | Triple) else str(term.value)


def _short(term: Term | None) -> str:
    """Return a term for a person."""
    return short_name(term.value) if isinstance(term, NamedNode) else _full(term)


def _visible(term: Term | None) -> str:
    """Return a term for a person on one line, with what would move the cursor or the order of letters spelled out."""
    return visible(_short(term).replace("\n", " "))


def _safe_cell(term: Term | None) -> str:
    """Return a cell that no spreadsheet takes for a formula, also behind blanks or in full-width characters."""
    text = _full(term)
    if isinstance(term, Literal) and term.datatype.value in _NUMERIC and _NUMBER.fullmatch(text):
        return text
    first = unicodedata.normalize("NFKC", text.lstrip())[:1]
    return "'" + text if first in ("=", "+", "-", "@") or text[:1] in ("\t", "\r", "\n") else text


def _csv(table: Table) -> str:
    rows = [list(table.columns), *([_safe_cell(term) for term in row] for row in table.rows)]
    return "".join(_csv_line(row) for row in rows)


def _csv_line(cells: list[str]) -> str:
    """Return a line; the writer quotes a lone CR only if CR is part of its own line end."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue().removesuffix("\r\n") + "\n"


def _tsv(table: Table) -> str:
    """Return SPARQL 1.1 TSV: terms in their Turtle form, so that nothing is lost."""
    lines = ["\t".join(f"?{name}" for name in table.columns)]
    lines += ["\t".join("" if term is None else str(term).replace("\t", "\\t") for term in row) for row in table.rows]
    return "\n".join(lines) + "\n"


def _json(table: Table) -> str:
    """Return SPARQL 1.1 JSON results."""
    bindings = [
        {name: _json_term(term) for name, term in zip(table.columns, row, strict=True) if term is not None}
        for row in table.rows
    ]
    document = {"head": {"vars": list(table.columns)}, "results": {"bindings": bindings}}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _json_term(term: Term) -> dict[str, Any]:
    if isinstance(term, NamedNode):
        return {"type": "uri", "value": term.value}
    if isinstance(term, BlankNode):
        return {"type": "bnode", "value": term.value}
    if isinstance(term, Triple):
        parts = {"subject": term.subject, "predicate": term.predicate, "object": term.object}
        return {"type": "triple", "value": {name: _json_term(part) for name, part in parts.items()}}
    found: dict[str, Any] = {"type": "literal", "value": term.value}
    if term.language:
        found["xml:lang"] = term.language
    elif term.datatype.value != _XSD + "string":
        found["datatype"] = term.datatype.value
    return found


def _markdown(table: Table) -> str:
    return markdown([list(table.columns), *([_visible(term) for term in row] for row in table.rows)])


def markdown(rows: list[list[str]]) -> str:
    """Return rows as a Markdown table; the first row is the heading."""

    def line(cells: list[str]) -> str:
        return "| " + " | ".join(_MARKS.sub(r"\\\g<0>", cell).replace("\n", " ") for cell in cells) + " |\n"

    return line(rows[0]) + "|" + "---|" * len(rows[0]) + "\n" + "".join(line(row) for row in rows[1:])


def _table(table: Table) -> str:
    """Return aligned columns; numbers to the right."""
    cells = [[_visible(term) for term in row] for row in table.rows]
    right = [
        bool(table.rows)
        and all(
            t is None or (isinstance(t, Literal) and t.datatype.value in _NUMERIC) for t in (r[n] for r in table.rows)
        )
        for n in range(len(table.columns))
    ]
    return columns([list(table.columns), *cells], right)


def columns(rows: list[list[str]], right: list[bool]) -> str:
    """Return rows as aligned text under a ruled heading; the first row is the heading."""
    from rich.cells import cell_len

    widths = [max(cell_len(row[n]) for row in rows) for n in range(len(rows[0]))]

    def line(row: list[str]) -> str:
        padded = [
            " " * (width - cell_len(cell)) + cell if is_right else cell + " " * (width - cell_len(cell))
            for cell, width, is_right in zip(row, widths, right, strict=True)
        ]
        return "  ".join(padded).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join([line(rows[0]), rule, *(line(row) for row in rows[1:])]) + "\n"
