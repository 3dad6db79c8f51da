"""Studies from a table that somebody else made: a row each, with events and total."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from cd22kg.errors import DataError, InputError, Location, Problem
from cd22kg.gate.text import read_text
from cd22kg.synthesis.result import PooledStudy

_NEEDED = ("study", "events", "total")
_SEPARATORS = ",;\t"
#: Most patients of a study, and most rows of a table.
_MOST_PATIENTS, _MOST_ROWS = 10_000_000, 100_000


def read_table(path: Path) -> tuple[PooledStudy, ...]:
    """Return the studies of a table, in its order.

    The first line names the columns: ``study``, ``events`` and ``total``, in any order, and any others, such as
    ``year``, by which studies can be grouped or compared. Columns are separated by commas, semicolons or tabs.

    Raises:
        InputError: If the file cannot be read, or lacks a column.
        DataError: If rows are not studies; every one is told, with its place.
    """
    text = read_text(path)
    name = str(path)
    first = next(line for line in text.split("\n") if line.strip())
    separator = max(_SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        place = Location(name, reader.line_num)
        raise InputError(f"this is no table: {error}", place, hint="close every quotation mark") from None
    if not rows:
        raise InputError("the table has empty cells only", Location(name, 1, 1), hint="name the columns in line 1")
    (line, head), *body = rows
    columns = [cell.strip().lower() for cell in head]
    if missing := [column for column in _NEEDED if columns.count(column) != 1]:
        told = f"the table needs one column each of {', '.join(_NEEDED)}; look at: {', '.join(missing)}"
        raise InputError(told, Location(name, line, 1), hint="name the columns in the first line")
    if twice := sorted({column for column in columns if column and columns.count(column) > 1}):
        told = f"columns have the same name: {', '.join(twice)}"
        raise InputError(told, Location(name, line, 1), hint="give each column a name of its own")
    if not body:
        raise InputError("the table has no rows", Location(name, line, 1), hint="write a row for each study")
    if len(body) > _MOST_ROWS:
        raise InputError(f"the table has over {_MOST_ROWS} rows", Location(name), hint="split it")
    problems: list[Problem] = []
    studies = list(_studies(body, columns, name, problems))
    if problems:
        raise DataError(problems)
    return tuple(studies)


def _studies(
    body: list[tuple[int, list[str]]], columns: list[str], name: str, problems: list[Problem]
) -> Iterator[PooledStudy]:
    """Yield the studies of the sound rows, and tell of the others."""
    seen: dict[str, int] = {}
    for line, row in body:
        place = Location(name, line, 1)
        if len(row) != len(columns):
            told = f"the row has {len(row)} cells, the table {len(columns)} columns"
            problems.append(Problem(told, place, hint="write one cell for each column"))
            continue
        cells = {column: cell.strip() for column, cell in zip(columns, row, strict=True)}
        label, events, total = cells["study"], _count(cells["events"]), _count(cells["total"])
        if not label:
            problems.append(Problem("the study has no name", place, hint="write it in the column `study`"))
        elif label in seen:
            told = f"the study `{label}` stands in line {seen[label]} already"
            problems.append(Problem(told, place, hint="give each study a name of its own; no patient may count twice"))
        elif events is None or total is None:
            told = f"events and total are whole numbers, got `{cells['events']}` and `{cells['total']}`"
            problems.append(Problem(told, place, hint="write digits only, such as 12 and 30"))
        elif not 0 <= events <= total or total < 1:
            told = f"events ({events}) exceed total ({total})" if total else "a study without patients"
            problems.append(Problem(told, place, hint="give both as counts of patients; leave out empty studies"))
        else:
            year = _count(cells.get("year", ""))
            facts = {column: cell for column, cell in cells.items() if column not in ("", *_NEEDED) and cell}
            yield PooledStudy(label, events, total, year=year, facts=tuple(sorted(facts.items())))
        seen.setdefault(label, line)


def _count(text: str) -> int | None:
    """Return a whole number written in ASCII digits, or nothing."""
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(_MOST_PATIENTS)):
        return None
    return int(text) if int(text) <= _MOST_PATIENTS else None
