"""Where quads are kept and asked; one interface, so that a query need not know which engine answers."""

from typing import TYPE_CHECKING, Any

from cd22kg.store.base import BLOCK, Answer, Parameters, Store, Table, Term, fill
from cd22kg.store.oxigraph import OxigraphStore, is_store

if TYPE_CHECKING:
    from cd22kg.store.dialects import is_address
    from cd22kg.store.sparql import SparqlStore, open_sparql

__all__ = [
    "BLOCK",
    "Answer",
    "OxigraphStore",
    "Parameters",
    "SparqlStore",
    "Store",
    "Table",
    "Term",
    "fill",
    "is_address",
    "is_store",
    "open_sparql",
]

_HOMES = {"SparqlStore": "sparql", "is_address": "dialects", "open_sparql": "sparql"}


def __getattr__(name: str) -> Any:
    """Import on first use what only servers need."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"cd22kg.store.{_HOMES[name]}"), name)
    raise AttributeError(f"module `cd22kg.store` has no attribute `{name}`")
