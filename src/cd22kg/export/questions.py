"""The page of the questions: what each asks, what it takes, and its answer as the packaged claims give it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from cd22kg.export.markdown import NOTICE, anchor, marked
from cd22kg.queries import Query, Result, library
from cd22kg.store import Table

#: Rows of an answer that are shown.
MOST_ROWS = 20


def questions_page(ask: Callable[[str], Result], lists: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of the page.

    Args:
        ask: Answers a question by its name.
        lists: For each kind of concept the heading of its list, which holds the values that are allowed.
    """
    questions = library()
    yield from ("# The questions of cd22kg", "")
    yield f"{len(questions)} questions, each a SPARQL query in `queries/`; `cd22kg query NAME -p KEY=VALUE` asks one."
    yield "A concept is given by its slug, label or synonym, or by what it exactly matches elsewhere (`MONDO:0020511`);"
    yield "what is narrower is included unless `--exact`. A parameter may be given several times, or left out."
    yield from ("", NOTICE, "")
    yield from ("| | question | tags |", "|---|---|---|")
    for question in questions:
        summary = f"[{question.name}](#{question.name}): {marked(question.summary)}"
        yield f"| {question.number} | {summary} | {', '.join(question.tags)} |"
    for question in questions:
        yield from _section(question, ask(question.name).table(), lists)


def _section(question: Query, table: Table, lists: Mapping[str, str]) -> Iterator[str]:
    yield from ("", f"## {question.name}", "")
    number = f"{question.number}. " if question.number else ""
    yield f"{number}{marked(question.description)} ([query](../../queries/{question.name}.rq))"
    yield from ("", marked(question.explanation))
    if question.parameters:
        yield from ("", "| parameter | takes | default | meaning |", "|---|---|---|---|")
        for parameter in question.parameters:
            default = ", ".join(f"`{value}`" for value in parameter.default)
            kind = parameter.kind
            takes = f"[{kind}](concepts.md#{anchor(lists[kind])})" if kind in lists else kind
            if parameter.among:
                takes += ", within " + " or ".join(f"`{value}`" for value in parameter.among)
            yield f"| `{parameter.name}` | {takes} | {default} | {marked(parameter.description)} |"
    yield from ("", _told(table), "")
    yield from Result(_shown(table)).to_text("md").splitlines()


def _told(table: Table) -> str:
    rows = "1 row" if len(table) == 1 else f"{len(table)} rows"
    empty = ", ".join(f"`{name}`" for number, name in enumerate(table.columns) if not _is_used(table, number))
    first = f", of which the first {MOST_ROWS}" if len(table) > MOST_ROWS else ""
    return f"Without a parameter: {rows}{first}" + (f"; nothing in {empty}:" if empty and len(table) else ":")


def _shown(table: Table) -> Table:
    """Return the first rows, without columns that hold nothing."""
    used = [number for number in range(len(table.columns)) if _is_used(table, number) or not len(table)]
    rows = tuple(tuple(row[number] for number in used) for row in table.rows[:MOST_ROWS])
    return Table(tuple(table.columns[number] for number in used), rows)


def _is_used(table: Table, number: int) -> bool:
    return any(row[number] is not None for row in table.rows)
