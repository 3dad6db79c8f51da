"""One copy of a cluster: its numbers drawn, its places filled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from cd22kg.model import Measurement
from cd22kg.namespaces import CD22, GRAPH_INFERRED
from cd22kg.synth.clusters import FIGURES
from cd22kg.synth.figures import (
    SHARES,
    SPREAD,
    UNPRINTED,
    Drawn,
    Rates,
    as_printed,
    draw_events,
    scaled,
    share,
)
from cd22kg.synth.templates import ClaimTemplate, ClusterTemplate, Patterns, Therapy

#: A change of the lines of a thing.
Edit = Callable[[list[str]], list[str]]
#: See `Copy.write`.
Find = Callable[[str, str, dict[str, str], set[str]], bool]

_MONTHS = {"day": 1 / 30.4375, "week": 7 / 30.4375, "month": 1.0, "year": 12.0}


class Figures:
    """Draws the figures of the claims of one cluster, the same way in each copy."""

    def __init__(self, template: ClusterTemplate, patterns: Patterns, rates: Rates) -> None:
        """Find which claims are a part of which, and in what order they are drawn."""
        self._template = template
        self._parts = patterns.parts
        self._rates = rates
        claims = template.claims
        # Wholes before their parts, and larger cohorts before those they hold.
        self._order = sorted(
            claims, key=lambda c: (len(self._parts.get(c.original.claim.outcome or "", ())), len(c.supersets))
        )
        self._roots = {c.original.number: (c.original.cohort, self._root(c)) for c in claims}

    def _root(self, template: ClaimTemplate) -> str:
        outcome = template.original.claim.outcome or ""
        above = self._parts.get(outcome, ())
        return above[-1] if above else outcome

    def draw(self, rng: Random, factor: float, sizes: Sequence[int], therapies: Sequence[str]) -> list[Drawn]:
        """Return the figures of every claim of the cluster.

        Args:
            rng: The copy's own.
            factor: By how much the copy is larger than the cluster.
            sizes: Patients in each cohort of the copy.
            therapies: The therapy of each claim.
        """
        found: list[Drawn] = [Drawn() for _ in self._template.claims]
        deviations: dict[tuple[int, str], float] = {}
        digits = 1 if rng.random() < 0.7 else 0
        for template in self._order:
            original = template.original
            measurement = original.claim.measurement
            if measurement is None:
                continue
            number = original.number
            size = sizes[original.cohort] if original.cohort >= 0 else 0
            total = _total(measurement, original.size, size, factor)
            most = total
            for whole in template.supersets:
                total, most = min(total, found[whole].total), min(most, found[whole].events)
            if measurement.statistic not in SHARES:
                found[number] = self._other(template, rng, total, size, therapies[number])
                found[number].events = min(most, found[number].events)
                continue
            root = self._roots[number]
            if root not in deviations:
                deviations[root] = (2 * rng.random() - 1) * SPREAD
            claim = original.claim
            rate = self._rates.share(
                therapies[number], claim.indication or "", claim.outcome or "", _months(measurement)
            )
            events = min(most, draw_events(total, rate, deviations[root]))
            for whole in template.wholes:
                events = min(events, found[whole].events * total // found[whole].total)
            found[number] = share(measurement, events, total, digits)
        return found

    def _other(self, template: ClaimTemplate, rng: Random, total: int, size: int, therapy: str) -> Drawn:
        """Draw a figure that is no share of patients: a time, a dose, a count, a p value."""
        measurement = template.original.claim.measurement
        if measurement is None:
            raise TypeError("a claim without a measurement has no figure")
        drawn = Drawn(total=total, digits=_digits(measurement), p_value=f"0.{1 + int(rng.random() * 49):03d}")
        if measurement.events is not None:
            drawn.events = min(total, scaled(measurement.events, total / (measurement.total or total)))
        middle = self._rates.other(template.original, therapy)
        if middle is None:
            middle = float(measurement.lower or measurement.upper or 0)
        drawn.value = middle * (0.8 + 0.5 * rng.random())
        if measurement.unit == "patients":
            drawn.value = min(float(size or total), max(0.0, drawn.value))
        drawn.lower = middle * (0.4 + 0.3 * rng.random())
        drawn.upper = middle * (1.4 + 0.8 * rng.random())
        return drawn


def _digits(measurement: Measurement) -> int:
    """Return how many digits after the point the real figure has."""
    number = next((n for n in (measurement.value, measurement.lower, measurement.upper) if n is not None), None)
    return len(str(number).partition(".")[2]) if number is not None else 0


def _total(measurement: Measurement, real_size: int, size: int, factor: float) -> int:
    """Return the patients a figure rests on: the part of the cohort that it is in the real one."""
    real = measurement.total or real_size or UNPRINTED
    if not real_size:
        return scaled(real, factor)
    total = max(1, int(real * size / real_size + 0.5))
    return min(total, size) if measurement.total is None or real <= real_size else total


def _months(measurement: Measurement) -> float | None:
    if measurement.timepoint is None:
        return None
    return float(measurement.timepoint) * _MONTHS.get(str(measurement.timepoint_unit), 1.0)


def cohort_sizes(cluster: ClusterTemplate, factor: float) -> tuple[list[int], dict[str, str]]:
    """Return the patients of each cohort of a copy, and the values that name them and the sizes of their parts."""
    sizes, values = [], {}
    for number, (real, parts) in enumerate(cluster.cluster.cohorts):
        size = max(scaled(real or sum(parts), factor), len(parts))
        others = [scaled(part, factor) for part in parts]
        if parts:
            largest = parts.index(max(parts))
            rest = sum(others) - others[largest]
            size = max(size, rest + 1)
            others[largest] = size - rest
        sizes.append(size if real else 0)
        values[f"z{number}"] = str(size)
        values.update({f"z{number}x{place}": str(part) for place, part in enumerate(others)})
    return sizes, values


@dataclass
class Copy:
    """One copy before it is written: its values, and what is to be changed in its lines.

    Attributes:
        template: The cluster it is made from.
        values: What its places hold, by name.
        drawn: The figures of each claim.
        therapies: The therapy of each claim.
        sizes: Patients in each cohort; 0 where the cluster gives none.
        kept: How many of the claims are written; the first ones.
        edits: Changes to the lines of a claim, by its number; to those of all other things, by -1.
        documents: Sources of earlier copies in which figures of this one were read.
    """

    template: ClusterTemplate
    values: dict[str, str]
    drawn: list[Drawn]
    therapies: list[Therapy | None]
    sizes: list[int]
    kept: int
    edits: dict[int, list[Edit]] = field(default_factory=dict)
    documents: set[str] = field(default_factory=set)

    @property
    def claims(self) -> tuple[ClaimTemplate, ...]:
        """Return the patterns of the claims that are written."""
        return self.template.claims[: self.kept]

    def iri(self, claim: ClaimTemplate) -> str:
        """Return the IRI of a claim."""
        return claim.iri % self.values

    def edit(self, number: int, change: Edit) -> None:
        """Have the lines of a claim changed, or with -1 those of sources, studies and cohorts."""
        self.edits.setdefault(number, []).append(change)

    def write(self, find: Find) -> str:
        """Return the lines.

        Args:
            find: Fills the place for a thing of an earlier copy, `source` or `claim`, other than those used; returns
                whether there is one.
        """
        used: set[str] = set()
        parts = [self.template.frame % self.values]
        parts.extend(p.text % self.values for p in self.template.pieces if find("source", p.target, self.values, used))
        text = "".join(parts)
        return "".join((self._edited(-1, text), *(self._claim(claim, find) for claim in self.claims)))

    def _claim(self, claim: ClaimTemplate, find: Find) -> str:
        number = claim.original.number
        therapy = self.therapies[number]
        self.values.update(_claim_values(claim, self.drawn[number], therapy))
        parts = [claim.text % self.values]
        if therapy is not None and claim.product:
            parts.append(_antigen_lines(self.iri(claim), therapy))
        used: set[str] = set()
        for piece in claim.pieces:
            if piece.claim >= 0:
                there = piece.claim < self.kept
            elif piece.target.startswith("via"):
                # Claims read in one document stay so, and those read in two do.
                there = piece.target in self.values or find("source", piece.target, self.values, self.documents)
            else:
                there = find("claim", piece.target, self.values, used)
            if there:
                parts.append(piece.text % self.values)
        return self._edited(number, "".join(parts))

    def _edited(self, number: int, text: str) -> str:
        if number not in self.edits:
            return text
        lines = text.splitlines(keepends=True)
        for change in self.edits[number]:
            lines = change(lines)
        return "".join(lines)


def _claim_values(template: ClaimTemplate, drawn: Drawn, therapy: Therapy | None) -> dict[str, str]:
    """Return the values of the places of a claim."""
    number = template.original.number
    measurement = template.original.claim.measurement
    values = {f"L{number}": therapy.label if therapy else "", f"T{number}": therapy.slug if therapy else ""}
    if measurement is not None:
        texts = (
            drawn.number(drawn.value),
            drawn.number(drawn.lower),
            drawn.number(drawn.upper),
            str(drawn.events),
            str(drawn.total),
            drawn.p_value,
            as_printed(measurement, drawn),
        )
        values.update(zip((f"{letter}{number}" for letter in FIGURES.values()), texts, strict=True))
    return values


def _antigen_lines(claim: str, therapy: Therapy) -> str:
    """Return what follows from the therapy of a claim: its antigens."""
    return "".join(f"<{claim}> <{CD22}antigen> <{name}> <{GRAPH_INFERRED}> .\n" for name in therapy.antigens)
