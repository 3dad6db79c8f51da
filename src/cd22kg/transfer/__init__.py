"""Bringing quads into a store: RDF files into any store, a build onto a server."""

from cd22kg.transfer.load import Loaded, load_files, load_into, send_files
from cd22kg.transfer.push import Pushed, push

__all__ = ["Loaded", "Pushed", "load_files", "load_into", "push", "send_files"]
