"""The data of a size: as N-Quads, and the union of its graphs as N-Triples, each triple once."""

from __future__ import annotations

import json
from array import array
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path

from cd22kg.synth import synthesize

#: The look-ups name a claim and a cohort of the graph that this seed gives.
SEED = 0
_BUCKETS = 256


@dataclass(frozen=True)
class Data:
    """One synthetic graph in two files.

    Attributes:
        claims: How many claims.
        quads, triples: Lines of the two files.
        quads_file, triples_file: Their paths.
    """

    claims: int
    quads: int
    triples: int
    quads_file: str
    triples_file: str

    def file(self, *, graphs: bool) -> Path:
        """Return the file with named graphs, or the one without."""
        return Path(self.quads_file if graphs else self.triples_file)

    def lines(self, *, graphs: bool) -> int:
        """Return how many lines the file has."""
        return self.quads if graphs else self.triples


def make(claims: int, folder: Path) -> Data:
    """Write both files of a size, or find them as an earlier run left them."""
    quads_file, triples_file = folder / f"synth-{claims}.nq", folder / f"synth-{claims}.nt"
    record = folder / f"synth-{claims}.json"
    if record.is_file():
        return Data(**json.loads(record.read_text(encoding="utf-8")))
    with quads_file.open("wb") as file:
        quads = synthesize(claims, SEED, file).quads
    data = Data(claims, quads, union(quads_file, triples_file), str(quads_file), str(triples_file))
    record.write_text(json.dumps(asdict(data)), encoding="utf-8")
    return data


def union(quads: Path, triples: Path) -> int:
    """Write the triples of N-Quads, each once, in their order; return how many there are.

    Eight bytes per line are kept, and the lines that seem to come twice.
    """
    digests = [array("Q") for _ in range(_BUCKETS)]
    with quads.open("rb") as file:
        for line in file:
            digest = _digest(_triple(line))
            digests[digest % _BUCKETS].append(digest)
    twice: set[int] = set()
    for bucket in digests:
        once: set[int] = set()
        for digest in bucket:
            (twice if digest in once else once).add(digest)
    del digests
    seen: set[bytes] = set()
    count = 0
    with quads.open("rb") as file, triples.open("wb") as out:
        for line in file:
            triple = _triple(line)
            if twice and _digest(triple) in twice:
                if triple in seen:
                    continue
                seen.add(triple)
            out.write(triple + b" .\n")
            count += 1
    return count


def _triple(line: bytes) -> bytes:
    """Return a line of N-Quads without its graph, which every quad here has."""
    return line.rpartition(b" <")[0]


def _digest(triple: bytes) -> int:
    return int.from_bytes(blake2b(triple, digest_size=8).digest(), "big")
