"""Where quads are kept and asked; one interface, so that a query need not know which engine answers."""

from cd22kg.store.base import Answer, Parameters, Store, Table, Term, fill
from cd22kg.store.dialects import is_address
from cd22kg.store.oxigraph import OxigraphStore, is_store
from cd22kg.store.sparql import SparqlStore, open_sparql

__all__ = [
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
