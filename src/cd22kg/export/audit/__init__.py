"""An audit as people and programs read it; a new form is one more line in `WRITERS`."""

from __future__ import annotations

from collections.abc import Callable

from cd22kg.errors import QueryError
from cd22kg.export.audit.html import to_html
from cd22kg.export.audit.plain import to_json
from cd22kg.export.audit.text import to_markdown, to_table
from cd22kg.export.audit.turtle import to_turtle
from cd22kg.synthesis.audit import Audit

__all__ = ["FORMATS", "WRITERS", "to_text"]

#: The forms, each with its writer, which is told the columns of the terminal.
WRITERS: dict[str, Callable[[Audit, int], str]] = {
    "table": to_table,
    "md": lambda audit, _: to_markdown(audit),
    "json": lambda audit, _: to_json(audit),
    "html": lambda audit, _: to_html(audit),
    "ttl": lambda audit, _: to_turtle(audit),
}
FORMATS = tuple(WRITERS)


def to_text(audit: Audit, form: str = "table", width: int = 0) -> str:
    """Return an audit in one of `FORMATS`: the same bytes each time.

    Args:
        audit: What was found.
        form: The form.
        width: Columns of the terminal that a table is fitted to; 0 for none.

    Raises:
        QueryError: If the form is unknown.
    """
    if form not in WRITERS:
        raise QueryError(f"unknown format `{form}`", hint=f"one of: {', '.join(FORMATS)}")
    return WRITERS[form](audit, width)
