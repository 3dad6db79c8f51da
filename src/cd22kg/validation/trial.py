"""Queries of shapes, each tried alone on an empty store before anything is made of its text."""

from __future__ import annotations

import re
from functools import cache

from cd22kg.errors import QueryError
from cd22kg.store import OxigraphStore
from cd22kg.validation.constraint_query import prologue
from cd22kg.validation.shape_graph import unusable
from cd22kg.validation.shape_model import Query, Shape

_PATH = re.compile(r"[?$]PATH\b")


@cache
def empty_store() -> OxigraphStore:
    """Return the store without data on which patterns and queries are tried."""
    return OxigraphStore()


def refuse_broken(query: Query, shape: Shape) -> None:
    """Refuse a query that is not SPARQL by itself, is of another form than its property says, or tells no node.

    Raises:
        InputError: If it is so.
    """
    text = query.text
    if shape.path is not None:
        path = shape.path.to_sparql()
        text = _PATH.sub(lambda match: path, text)
    text = prologue(query) + text
    try:
        if query.form == "ask":
            if not isinstance(empty_store().query(text), bool):
                unusable(shape.node, "has a `sh:ask` that is no ASK")
            return
        columns, _ = empty_store().select(text)
    except QueryError as error:
        unusable(shape.node, f"has a query that cannot be run: {error.message}")
    if "this" not in columns:
        unusable(shape.node, "has a query that does not select $this")
