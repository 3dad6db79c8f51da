"""What classification found, as an object and as text; and where results are kept, by the digest of what was asked."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pyoxigraph import NamedNode, Quad

from cd22kg.files import write_bytes
from cd22kg.namespaces import GRAPH_INFERRED
from cd22kg.reasoning.axioms import SUBCLASS, TYPE
from cd22kg.resources import folder

#: The result for the ontology that ships with the package, beside it.
SHIPPED = "classification.json"
#: Changes when the meaning of a kept result does.
VERSION = 1
HERMIT, OWL_RL = "HermiT", "reasonable (OWL 2 RL)"


@dataclass(frozen=True)
class Classification:
    """What follows from ontology and vocabulary alone.

    Attributes:
        reasoner: `HERMIT` or `OWL_RL`.
        digest: SHA-256 of the reasoner's input, with the version of this format.
        classes: How many classes of ours were classified.
        types: IRIs of concepts, each with a class that it belongs to and that is not stated.
        subclasses: IRIs of classes, each with one above it that is not stated.
        kept: Whether the result was there already.
        notice: What the user should know; empty where all is as it should be.
    """

    reasoner: str
    digest: str
    classes: int
    types: tuple[tuple[str, str], ...]
    subclasses: tuple[tuple[str, str], ...]
    kept: bool = False
    notice: str = ""

    def quads(self) -> tuple[Quad, ...]:
        """Return what was inferred as quads of the inferred graph."""
        graph = NamedNode(GRAPH_INFERRED)
        return tuple(
            Quad(NamedNode(one), predicate, NamedNode(other), graph)
            for predicate, pairs in ((TYPE, self.types), (SUBCLASS, self.subclasses))
            for one, other in pairs
        )

    def to_json(self) -> str:
        """Return the result as text, the same for the same result."""
        fields = {name: value for name, value in asdict(self).items() if name not in {"kept", "notice"}}
        return json.dumps({"version": VERSION, **fields}, indent=1, sort_keys=True) + "\n"


def cache_folder() -> Path | None:
    """Return where results of edited ontologies are kept, or nothing where there is no such place."""
    root = os.environ.get("XDG_CACHE_HOME")
    if root and Path(root).is_absolute():
        return Path(root) / "cd22kg"
    home = Path.home()
    return home / ".cache" / "cd22kg" if home.is_dir() else None


def kept(digest: str) -> Classification | None:
    """Return the result for an input, if one ships or was kept."""
    places = [folder("ontology") / SHIPPED]
    if cache := cache_folder():
        places.append(cache / f"classification-{digest}.json")
    for place in places:
        if place.is_file() and (found := _read(place.read_bytes())) and found.digest == digest:
            return found
    return None


def _read(data: bytes) -> Classification | None:
    """Return a kept result; one that is damaged or of another version counts as none."""
    try:
        fields: Any = json.loads(data)
        if fields["version"] != VERSION:
            return None
        types, subclasses = (in_order((one, other) for one, other in fields[name]) for name in ("types", "subclasses"))
        return Classification(
            str(fields["reasoner"]), str(fields["digest"]), int(fields["classes"]), types, subclasses, kept=True
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def keep(result: Classification) -> None:
    """Keep a result for next time, where there is a place for it."""
    cache = cache_folder()
    if cache is None:
        return
    try:
        cache.mkdir(parents=True, exist_ok=True)
        write_bytes(cache / f"classification-{result.digest}.json", result.to_json().encode())
    except OSError:
        # A cache that cannot be written costs time at the next run, nothing else.
        return


def in_order(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return pairs, each once, in order."""
    return tuple(sorted(set(pairs)))
