"""The data of a size, with broken rules planted in it and the list of them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from cd22kg.synth import synthesize
from side_by_side.data import SEED, union

#: A rule by its name, and the node that breaks it.
Finding = tuple[str, str]


@dataclass(frozen=True)
class Data:
    """One synthetic graph as N-Triples.

    Attributes:
        claims: How many claims.
        triples: Lines of the file.
        file: Where it is.
        planted: What was broken in it, by all rules of the package.
    """

    claims: int
    triples: int
    file: Path
    planted: frozenset[Finding]


def make(claims: int, rate: float, folder: Path) -> Data:
    """Write the data of a size.

    Args:
        claims: How many claims.
        rate: Broken rules per claim, 0 to 1.
        folder: Where the file goes.
    """
    quads, triples, planted = (folder / f"synth-{claims}.{ending}" for ending in ("nq", "nt", "planted.tsv"))
    with quads.open("wb") as file, planted.open("w", encoding="utf-8", newline="") as told:
        synthesize(claims, SEED, file, violations=rate, planted=told)
    count = union(quads, triples)
    quads.unlink()
    return Data(claims, count, triples, read_planted(planted))


def read_planted(file: Path) -> frozenset[Finding]:
    """Return the violations of a list as ``cd22kg synth`` writes it."""
    with file.open(encoding="utf-8", newline="") as told:
        rows = csv.DictReader(told, delimiter="\t", quoting=csv.QUOTE_NONE)
        return frozenset((row["rule"], row["focus"]) for row in rows if row["kind"] == "violation")
