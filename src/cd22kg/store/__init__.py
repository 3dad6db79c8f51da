"""Where quads are kept and asked; one interface, so that a query need not know which engine answers."""

from cd22kg.store.base import Answer, Store, Table
from cd22kg.store.oxigraph import OxigraphStore

__all__ = ["Answer", "OxigraphStore", "Store", "Table"]
