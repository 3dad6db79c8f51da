"""The question library: one SPARQL question per file in ``queries/``, with typed parameters and plain results."""

from cd22kg.queries.library import Query, find_query, library, read_query
from cd22kg.queries.parameters import bind, exactly, what_emptied, wider_rows
from cd22kg.queries.result import FORMATS, Result

__all__ = [
    "FORMATS",
    "Query",
    "Result",
    "bind",
    "exactly",
    "find_query",
    "library",
    "read_query",
    "what_emptied",
    "wider_rows",
]
