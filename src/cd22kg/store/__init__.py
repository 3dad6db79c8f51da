"""Where quads are kept and asked; one interface, so that a query need not know which engine answers."""

from cd22kg.store.base import Answer, Parameters, Store, Table, Term, fill
from cd22kg.store.oxigraph import OxigraphStore, is_store

__all__ = ["Answer", "OxigraphStore", "Parameters", "Store", "Table", "Term", "fill", "is_store"]
