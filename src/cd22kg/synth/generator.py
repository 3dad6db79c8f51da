"""The stream: ontology, vocabulary, then copy after copy, each in the shape of a cluster of the packaged claims.

The clusters are dealt like cards: every cluster once, in an order that the seed decides, then again. So each round has
the sources, kinds of claims and properties of the packaged graph in their own numbers, and memory stays constant.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import BinaryIO, TextIO

from cd22kg.errors import InputError
from cd22kg.model import PooledClaim
from cd22kg.progress import STRIDE, Meter, silent
from cd22kg.synth.copies import Copy, Figures, cohort_sizes
from cd22kg.synth.edits import HEADER, Planted
from cd22kg.synth.figures import Rates, draw_factor
from cd22kg.synth.pairs import DAY, INDICATION, draw_pair, place_of
from cd22kg.synth.plants import PLANTS
from cd22kg.synth.templates import ClusterTemplate, Patterns, Therapy, read_patterns

#: The largest number of claims; identifiers stay well formed up to here.
MAX_CLAIMS = 100_000_000
#: How many of the latest claims and sources a later copy can lead to.
REMEMBERED = 256


@dataclass(frozen=True)
class Summary:
    """What was written.

    Attributes:
        claims, sources, quads, bytes: Of the whole graph; the quads of ontology and vocabulary count too.
        violations: Rows of the list that are violations: pairs of rule and node.
        conflicts: Pairs of claims that disagree.
    """

    claims: int
    sources: int
    quads: int
    bytes: int
    violations: int
    conflicts: int


def synthesize(
    claims: int,
    seed: int,
    out: BinaryIO,
    *,
    violations: float = 0.0,
    conflicts: float = 0.0,
    planted: TextIO | None = None,
    meter: Meter = silent,
) -> Summary:
    """Write a synthetic graph as N-Quads, in constant memory.

    Args:
        claims: How many claims, 1 to `MAX_CLAIMS`.
        seed: Any whole number. The same arguments and version of the package give the same bytes; a larger number of
            claims begins with the same copies, but for the last ones of the smaller one.
        out: Where the lines go, in UTF-8.
        violations: Broken rules per claim, 0 to 1; less is planted where the claims at hand leave no room.
        conflicts: Pairs of claims that disagree, per claim, 0 to 1; a pair is two claims of the number wanted.
        planted: Where the list of what was planted goes, tab-separated.
        meter: Told how many claims are written.

    Raises:
        InputError: If a number is out of range.
        DataError: If the packaged claims have faults.
    """
    if not 1 <= claims <= MAX_CLAIMS:
        raise InputError(f"{claims} claims cannot be made", hint=f"give a number from 1 to {MAX_CLAIMS}")
    for name, rate in (("violations", violations), ("conflicts", conflicts)):
        if not 0 <= rate <= 1:
            raise InputError(
                f"{rate} {name} per claim cannot be planted", hint="give a rate from 0 to 1, such as 0.001"
            )
    patterns = read_patterns()
    stream = _Stream(patterns, seed, claims, violations, conflicts)
    out.write(patterns.head)
    if planted is not None:
        planted.write(HEADER)
    quads, size = patterns.head.count(b"\n"), len(patterns.head)
    told = 0
    for text, rows in stream:
        data = text.encode()
        out.write(data)
        if planted is not None:
            planted.writelines(row.row() for row in rows)
        quads += text.count("\n")
        size += len(data)
        if stream.claims - told >= STRIDE:
            told = stream.claims
            meter(told, claims)
    meter(stream.claims, claims)
    return Summary(stream.claims, stream.sources, quads, size, stream.violations, stream.conflicts)


class _Stream:
    """Yields the text of each copy, with what was planted in it."""

    def __init__(self, patterns: Patterns, seed: int, wanted: int, violations: float, conflicts: float) -> None:
        self.claims = 0
        self.sources = 0
        self.violations = 0
        self.conflicts = 0
        self._patterns = patterns
        self._seed = seed
        self._wanted = wanted
        self._violation_rate = violations
        self._conflict_rate = conflicts
        self._copies = 0
        self._registered = 0
        rates = Rates(patterns.originals, patterns.parts, seed)
        self._figures = {t.cluster.number: Figures(t, patterns, rates) for t in patterns.clusters}
        used = [therapy for therapy in patterns.therapies.values() if therapy.product]
        self._products = [therapy for therapy in used for _ in range(therapy.claims)]
        self._paired = used
        self._plants = deque(PLANTS)
        self._recent: dict[str, deque[str]] = {kind: deque(maxlen=REMEMBERED) for kind in ("claim", "source")}

    def __iter__(self) -> Iterator[tuple[str, list[Planted]]]:
        while True:
            order = list(self._patterns.clusters)
            Random(f"{self._seed} round {self._copies}").shuffle(order)  # noqa: S311  # no secret
            for template in order:
                yield self._cluster(template)
                while self.claims + 2 <= self._wanted and self.conflicts < _due(self.claims + 2, self._conflict_rate):
                    yield self._pair()
                if self.claims >= self._wanted:
                    return

    def _cluster(self, template: ClusterTemplate) -> tuple[str, list[Planted]]:
        values, rng = self._begin(template)
        factor = draw_factor(rng)
        sizes, more = cohort_sizes(template, factor)
        values.update(more)
        values.update({f"n{place}": str(sum(sizes) or 10) for place in range(len(template.sources))})
        therapies = self._therapies(template, rng)
        figures = self._figures[template.cluster.number]
        drawn = figures.draw(rng, factor, sizes, [therapy.slug if therapy else "" for therapy in therapies])
        owed = _due(self._wanted, self._conflict_rate) - self.conflicts
        kept = min(len(template.claims), self._wanted - self.claims, max(1, self._wanted - self.claims - 2 * owed))
        copy = Copy(template, values, drawn, therapies, sizes, kept)
        # At the end only pairs follow, which no rule is broken in.
        last = self.claims + kept + 2 * owed >= self._wanted
        rows = self._plant(copy, self._wanted if last else self.claims + kept)
        return self._end(copy, rng), rows

    def _pair(self) -> tuple[str, list[Planted]]:
        outcome, product, indication, day = place_of(self.conflicts, len(self._paired))
        template = self._patterns.pairs[outcome]
        values, rng = self._begin(template)
        sizes, more = cohort_sizes(template, 1.0)
        values.update(more)
        values.update({INDICATION: indication, DAY: day})
        measurement = template.claims[0].original.claim.measurement
        if measurement is None:
            raise TypeError("a pair without measurements cannot disagree")
        therapies: list[Therapy | None] = [self._paired[product], self._paired[product]]
        copy = Copy(template, values, draw_pair(measurement, rng), therapies, sizes, 2)
        self.conflicts += 1
        one, other = map(copy.iri, template.claims)
        return self._end(copy, rng), [Planted("conflict", "", one, other)]

    def _begin(self, template: ClusterTemplate) -> tuple[dict[str, str], Random]:
        """Return the names that a copy gives its things, and its own source of chance."""
        self._copies += 1
        values = {"n": f"{self._copies:08d}"}
        values.update({f"i{place}": f"{self.sources + place:08d}" for place in range(len(template.sources))})
        for place in range(template.cluster.registry_ids):
            values[f"g{place}"] = f"{self._registered:07d}"
            self._registered += 1
        return values, Random(f"{self._seed} copy {self._copies}")  # noqa: S311  # no secret

    def _end(self, copy: Copy, rng: Random) -> str:
        """Return the lines of a copy, and remember its names for later ones."""
        text = copy.write(lambda kind, place, values, used: self._find(kind, place, values, used, rng))
        self.claims += copy.kept
        self.sources += len(copy.template.sources)
        # What is repeated by chance must not be a figure pooled over a wider population.
        single = (claim for claim in copy.claims if not isinstance(claim.original.claim, PooledClaim))
        self._recent["claim"].extend(copy.iri(claim).rpartition("/")[2] for claim in single)
        self._recent["source"].extend((name % copy.values).rpartition("/")[2] for name in copy.template.sources)
        return text

    def _plant(self, copy: Copy, claims: int) -> list[Planted]:
        """Break rules in a copy, each in its turn, until as many are broken as are due among that many claims."""
        due = _due(claims, self._violation_rate) - self.violations
        rows: list[Planted] = []
        taken: set[int] = set()
        while len(rows) < due:
            for plant in self._plants:
                found = plant.plant(copy, taken)
                if found:
                    break
            else:
                break
            self._plants.remove(plant)
            self._plants.append(plant)
            rows += found
        self.violations += len(rows)
        return rows

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

    def _find(self, kind: str, place: str, values: dict[str, str], used: set[str], rng: Random) -> bool:
        """Fill a place with a thing of an earlier copy that is not used yet; return whether there was one."""
        recent = self._recent[kind]
        if len(recent) <= len(used):
            return False
        number = int(rng.random() * len(recent))
        while recent[number] in used:
            number = (number + 1) % len(recent)
        values[place] = recent[number]
        used.add(recent[number])
        return True


def _due(claims: int, rate: float) -> int:
    """Return how many of something there are to be among that many claims, rounded down."""
    return int(claims * rate + 1e-9)
