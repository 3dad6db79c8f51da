"""Bringing quads into a store: RDF files into any store, a build onto a server."""

from cd22kg.transfer.load import Loaded, load_files

__all__ = ["Loaded", "load_files"]
