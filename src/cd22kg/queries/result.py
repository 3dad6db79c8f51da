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
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, serialize

from cd22kg.errors import QueryError
from cd22kg.files import write_bytes
from cd22kg.gate.text import visible
from cd22kg.namespaces import PREFIXES, STANDARD_PREFIXES, short_name
from cd22kg.queries.columns import columns, fitted
from cd22kg.store import Answer, Table, Term

FORMATS = ("table", "csv", "tsv", "json", "md", "ttl")
#: Rows that a notebook shows.
MOST_SHOWN = 200
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

    Attributes:
        answer: The terms.
        explanation: How the rows of a library question are to be read; empty for other SPARQL.
        emptied: Where there are no rows: what removed the last of them; empty where that is not known.
        wider: How many rows there are of wider populations, which are not among these; empty where there are none.
    """

    answer: Answer
    explanation: str = ""
    emptied: str = ""
    wider: str = ""

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
        """Return the first rows for a notebook, with links; everything in it is escaped."""
        table = self.table()
        head = "".join(f"<th>{html.escape(name)}</th>" for name in table.columns)
        rows = table.rows[:MOST_SHOWN]
        body = "".join("<tr>" + "".join(f"<td>{_linked(term)}</td>" for term in row) + "</tr>" for row in rows)
        more = f"<p>{len(rows)} of {len(table)} rows</p>" if len(rows) < len(table) else ""
        told = "".join(f"<p>{html.escape(text)}</p>" for text in (self.wider, self.explanation) if text)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}{told}"

    def to_frame(self) -> Any:
        """Return the rows as a data frame, of pandas where it is installed, else of polars.

        Things are named by slug or CURIE, numbers are floats where they have a point, nothing bound is a missing value.

        Raises:
            QueryError: If neither is installed.
        """
        table = self.table()
        return frame_of({name: [_framed(row[at]) for row in table.rows] for at, name in enumerate(table.columns)})

    def to_csv(self, path: str | Path | None = None) -> str:
        """Return the rows as CSV with IRIs in full, and write them to a file where one is named.

        No cell is one that a spreadsheet takes for a formula. The file is written whole or not at all.

        Raises:
            OutputError: If the file cannot be written.
        """
        text = self.to_text("csv")
        if path is not None:
            write_bytes(Path(path), text.encode())
        return text

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

    def to_text(self, form: str, *, width: int = 0) -> str:
        """Return the answer in one of `FORMATS`.

        Args:
            form: The format.
            width: Columns of a terminal that a table must fit in; 0 for any width.

        Raises:
            QueryError: If the format is unknown, or is Turtle and the answer is not triples.
        """
        if form == "json" and isinstance(self.answer, bool):
            return json.dumps({"head": {}, "boolean": self.answer}, indent=1) + "\n"
        writers = {"csv": _csv, "tsv": _tsv, "json": _json, "md": _markdown}
        if form == "ttl":
            return self.to_turtle()
        if form == "table":
            return _table(self.table(), width)
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


def _linked(term: Term | None) -> str:
    """Return a cell of HTML: a link for what is on the web."""
    shown = html.escape(_visible(term))
    if isinstance(term, NamedNode) and term.value.startswith(("https://", "http://")):
        return f'<a href="{html.escape(term.value)}">{shown}</a>'
    return shown


def frame_of(columns: dict[str, list[Any]]) -> Any:
    """Return columns as a data frame, of pandas where it is installed, else of polars.

    Raises:
        QueryError: If neither is installed.
    """
    for name in ("pandas", "polars"):
        if find_spec(name):
            return import_module(name).DataFrame(columns)
    raise QueryError("there is neither pandas nor polars", hint="`pip install pandas`, or take `to_csv()`")


def _framed(term: Term | None) -> Any:
    """Return a term as a data frame holds it."""
    if isinstance(term, Literal) and term.datatype.value in _NUMERIC and term.datatype.value != _XSD + "integer":
        return float(term.value)
    if isinstance(term, NamedNode):
        return _short(term)
    return _python(term)


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


def _table(table: Table, width: int = 0) -> str:
    """Return aligned columns, numbers to the right; with a width no wider than a terminal."""
    cells = [[_visible(term) for term in row] for row in table.rows]
    right = [
        bool(table.rows) and all(map(_is_number, (row[n] for row in table.rows))) for n in range(len(table.columns))
    ]
    rows = [list(table.columns), *cells]
    return fitted(rows, right, width) if width else columns(rows, right)


def _is_number(term: Term | None) -> bool:
    return term is None or (isinstance(term, Literal) and term.datatype.value in _NUMERIC)
