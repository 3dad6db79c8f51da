"""Evidence knowledge graph for CD22-directed CAR T-cell therapy.

>>> import cd22kg
>>> kg = cd22kg.load()
>>> len(kg.query("claims-per-source")) > 9
True

An index of published evidence, not medical guidance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cd22kg.errors import Cd22kgError
    from cd22kg.graph import KnowledgeGraph, load

__all__ = ["Cd22kgError", "KnowledgeGraph", "__version__", "load"]

_HOMES = {"Cd22kgError": "cd22kg.errors", "KnowledgeGraph": "cd22kg.graph", "load": "cd22kg.graph"}


def __getattr__(name: str) -> Any:
    """Import on first use, so that ``cd22kg --help`` does not wait for the libraries."""
    if name == "__version__":
        from importlib.metadata import version

        return version("cd22kg")
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module `cd22kg` has no attribute `{name}`")
