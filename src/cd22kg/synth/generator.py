"""The stream: ontology, vocabulary, then copy after copy, each in the shape of a cluster of the packaged claims.

The clusters are dealt like cards: every cluster once, in an order that the seed decides, then again. So each round has
the sources, kinds of claims and properties of the packaged graph in their own numbers, and memory stays constant.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import BinaryIO

from cd22kg.errors import InputError
from cd22kg.progress import STRIDE, Meter, silent
from cd22kg.synth.copies import Figures, antigen_lines, claim_values, cohort_sizes
from cd22kg.synth.figures import Drawn, Rates, draw_factor
from cd22kg.synth.templates import ClaimTemplate, ClusterTemplate, Patterns, Therapy, read_patterns

#: The largest number of claims; identifiers stay well formed up to here.
MAX_CLAIMS = 100_000_000
#: How many of the latest claims and sources a later copy can lead to.
REMEMBERED = 256


@dataclass(frozen=True)
class Summary:
    """What was written."""

    claims: int
    sources: int
    quads: int
    bytes: int


def synthesize(claims: int, seed: int, out: BinaryIO, *, meter: Meter = silent) -> Summary:
    """Write a synthetic graph as N-Quads, in constant memory.

    Args:
        claims: How many claims, 1 to `MAX_CLAIMS`.
        seed: Any whole number. The same number of claims, seed and version of the package give the same bytes; a
            larger number of claims begins with the same copies, but for the last copy of the smaller one.
        out: Where the lines go, in UTF-8.
        meter: Told how many claims are written.

    Raises:
        InputError: If the number of claims is out of range.
        DataError: If the packaged claims have faults.
    """
    if not 1 <= claims <= MAX_CLAIMS:
        raise InputError(f"{claims} claims cannot be made", hint=f"give a number from 1 to {MAX_CLAIMS}")
    patterns = read_patterns()
    stream = _Stream(patterns, seed, claims)
    out.write(patterns.head)
    quads, size = patterns.head.count(b"\n"), len(patterns.head)
    told = 0
    for text in stream:
        data = text.encode()
        out.write(data)
        quads += text.count("\n")
        size += len(data)
        if stream.claims - told >= STRIDE:
            told = stream.claims
            meter(told, claims)
    meter(stream.claims, claims)
    return Summary(stream.claims, stream.sources, quads, size)


class _Stream:
    """Yields the text of each copy."""

    def __init__(self, patterns: Patterns, seed: int, wanted: int) -> None:
        self.claims = 0
        self.sources = 0
        self._patterns = patterns
        self._seed = seed
        self._wanted = wanted
        self._registered = 0
        self._rates = Rates(patterns.originals, patterns.parts, seed)
        self._figures = {t.cluster.number: Figures(t, patterns, self._rates) for t in patterns.clusters}
        self._products = [t for t in patterns.therapies.values() for _ in range(t.claims) if t.product]
        self._recent: dict[str, deque[str]] = {kind: deque(maxlen=REMEMBERED) for kind in ("claim", "source")}

    def __iter__(self) -> Iterator[str]:
        serial = 0
        while True:
            order = list(self._patterns.clusters)
            Random(f"{self._seed} round {serial}").shuffle(order)  # noqa: S311  # no secret
            for template in order:
                serial += 1
                yield self._copy(template, serial)
                if self.claims >= self._wanted:
                    return

    def _copy(self, template: ClusterTemplate, serial: int) -> str:
        rng = Random(f"{self._seed} copy {serial}")  # noqa: S311  # no secret
        values = self._names(template, serial)
        factor = draw_factor(rng)
        sizes, more = cohort_sizes(template, factor)
        values.update(more)
        values.update({f"n{place}": str(sum(sizes) or 10) for place in range(len(template.sources))})
        therapies = self._therapies(template, rng)
        drawn = self._figures[template.cluster.number].draw(
            rng, factor, sizes, [therapy.slug if therapy else "" for therapy in therapies]
        )
        kept = template.claims[: self._wanted - self.claims]
        parts = [template.frame % values]
        used: set[str] = set()
        cited = (p for p in template.pieces if self._find("source", p.target, rng, values, used))
        parts.extend(piece.text % values for piece in cited)
        parts.extend(
            self._claim(claim, drawn[claim.original.number], therapies, rng, values, len(kept)) for claim in kept
        )
        self.claims += len(kept)
        self.sources += len(template.sources)
        self._recent["claim"].extend((claim.iri % values).rpartition("/")[2] for claim in kept)
        self._recent["source"].extend((source % values).rpartition("/")[2] for source in template.sources)
        return "".join(parts)

    def _names(self, template: ClusterTemplate, serial: int) -> dict[str, str]:
        values = {"n": f"{serial:08d}"}
        values.update({f"i{place}": f"{self.sources + place:08d}" for place in range(len(template.sources))})
        for place in range(template.cluster.registry_ids):
            values[f"g{place}"] = f"{self._registered:07d}"
            self._registered += 1
        return values

    def _therapies(self, template: ClusterTemplate, rng: Random) -> list[Therapy | None]:
        """Return the therapy of each claim: another product for each product, the same for the same one."""
        drawn: dict[str, Therapy] = {}
        found: list[Therapy | None] = []
        for claim in template.claims:
            slug = claim.original.claim.therapy
            if slug is None:
                found.append(None)
            elif not claim.product:
                found.append(self._patterns.therapies[slug])
            else:
                if slug not in drawn:
                    drawn[slug] = self._products[int(rng.random() * len(self._products))]
                found.append(drawn[slug])
        return found

    def _claim(
        self,
        template: ClaimTemplate,
        drawn: Drawn,
        therapies: list[Therapy | None],
        rng: Random,
        values: dict[str, str],
        kept: int,
    ) -> str:
        therapy = therapies[template.original.number]
        values.update(claim_values(template, drawn, therapy))
        parts = [template.text % values]
        if therapy is not None and template.product:
            parts.append(antigen_lines(template.iri % values, therapy))
        used: set[str] = set()
        for piece in template.pieces:
            if piece.claim >= 0:
                found = piece.claim < kept
            else:
                kind = "source" if piece.target.startswith("via") else "claim"
                found = self._find(kind, piece.target, rng, values, used)
            if found:
                parts.append(piece.text % values)
        return "".join(parts)

    def _find(self, kind: str, target: str, rng: Random, values: dict[str, str], used: set[str]) -> bool:
        """Fill a place with a thing of an earlier copy that is not used yet; return whether there was one."""
        recent = self._recent[kind]
        free = len(recent) - len(used)
        if free <= 0:
            return False
        place = int(rng.random() * len(recent))
        while recent[place] in used:
            place = (place + 1) % len(recent)
        values[target] = recent[place]
        used.add(recent[place])
        return True
