"""What a build remembers, so that a later check need not look again at what has not changed."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pyoxigraph import Quad

from cd22kg.gate.text import MAX_BYTES
from cd22kg.resources import folder

#: Libraries that decide what claim files say and what a query finds.
DECIDING = ("pydantic", "pyoxigraph", "PyYAML")


@dataclass(frozen=True)
class Memory:
    """What a build found, and its graph and manifest do not tell.

    Attributes:
        classified: What the reasoner inferred, as N-Triples without the dots.
        results: Every result of the validation as plain data (see `cd22kg.validation.kept`); nothing if they cannot be
            kept, and then the memory is of no use.
    """

    classified: list[str]
    results: list[dict[str, Any]] | None

    @classmethod
    def of(cls, classified: Iterable[Quad], results: list[dict[str, Any]] | None) -> Memory:
        """Return the memory of a build, the same for the same build."""
        return cls(sorted(str(quad.triple) for quad in classified), results)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data, which is what its fields hold."""
        return asdict(self)


def file_digests(files: Iterable[Path]) -> dict[str, str]:
    """Return the digest of each file by its name; nothing for what the gate refuses, and for a pipe, read but once."""
    return {path.name: _digest(path) if _is_sane(path) else "" for path in sorted(files, key=lambda path: path.name)}


def _is_sane(path: Path) -> bool:
    return path.is_file() and os.access(path, os.R_OK) and path.stat().st_size <= MAX_BYTES


def toolkit_digest() -> str:
    """Return a digest of all that decides on a report: ontology, rules, shapes, code and libraries."""
    versions = [
        f"python {sys.version_info[0]}.{sys.version_info[1]}",
        *(f"{name} {version(name)}" for name in DECIDING),
    ]
    total = hashlib.sha256("\n".join(versions).encode())
    package = Path(__file__).parent
    found = [(path.relative_to(package), path) for path in package.rglob("*.py")]
    for top in map(folder, ("ontology", "shapes")):
        found += [(path.relative_to(top.parent), path) for path in top.rglob("*") if not path.name.startswith(".")]
    for name, path in sorted(found):
        if path.is_file():
            total.update(f"{name.as_posix()} {_digest(path)}\n".encode())
    return f"sha256:{total.hexdigest()}"


def _digest(path: Path) -> str:
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
