"""One copy of a cluster: its numbers drawn, its places filled."""

from __future__ import annotations

from collections.abc import Sequence
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
    interval,
    scaled,
)
from cd22kg.synth.templates import ClaimTemplate, ClusterTemplate, Patterns, Therapy

_MONTHS = {"day": 1 / 30.4375, "week": 7 / 30.4375, "month": 1.0, "year": 12.0}


class Figures:
    """Draws the figures of the claims of one cluster, the same way in each copy."""

    def __init__(self, template: ClusterTemplate, patterns: Patterns, rates: Rates) -> None:
        """Find which claims are a part of which, and in what order they are drawn."""
        self._template = template
        self._parts = patterns.parts
        self._rates = rates
        claims = template.claims
        self._wholes = {c.original.number: tuple(self._wholes_of(c)) for c in claims}
        self._order = sorted(claims, key=lambda c: (len(self._parts.get(c.original.claim.outcome or "", ())),))
        self._roots = {c.original.number: (c.original.cohort, self._root(c)) for c in claims}

    def _root(self, template: ClaimTemplate) -> str:
        outcome = template.original.claim.outcome or ""
        above = self._parts.get(outcome, ())
        return above[-1] if above else outcome

    def _wholes_of(self, part: ClaimTemplate) -> list[int]:
        """Return the claims that this one's figure cannot exceed: what `claim-part-le-whole` compares it with."""
        basis = _basis(part)
        if basis is None:
            return []
        above = self._parts.get(part.original.claim.outcome or "", ())
        others = (c for c in self._template.claims if c.original.claim.outcome in above)
        return [other.original.number for other in others if _basis(other) == basis]

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
            if measurement.statistic not in SHARES:
                found[number] = self._other(template, rng, total, size, therapies[number])
                continue
            root = self._roots[number]
            if root not in deviations:
                deviations[root] = (2 * rng.random() - 1) * SPREAD
            claim = original.claim
            rate = self._rates.share(
                therapies[number], claim.indication or "", claim.outcome or "", _months(measurement)
            )
            events = draw_events(total, rate, deviations[root])
            for whole in self._wholes[number]:
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


def share(measurement: Measurement, events: int, total: int, digits: int) -> Drawn:
    """Return the figures of a share with this many events, its interval after Wilson."""
    scale = 100 if measurement.unit in ("%", "percent") else 1
    low, high = interval(events, total)
    return Drawn(
        events,
        total,
        scale * events / total,
        scale * low,
        scale * high,
        digits if scale == 100 else digits + 2,
        "0.050",
    )


def _basis(template: ClaimTemplate) -> tuple[object, ...] | None:
    """Return what two shares must have in common to be compared, or nothing if it is none of a whole cohort."""
    original = template.original
    measurement = original.claim.measurement
    if measurement is None or measurement.statistic not in SHARES or measurement.among_outcome or original.cohort < 0:
        return None
    return (
        original.cohort,
        original.claim.reported_via,
        measurement.denominator,
        measurement.counted_unit,
        measurement.timepoint,
        measurement.timepoint_unit,
    )


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


def claim_values(template: ClaimTemplate, drawn: Drawn, therapy: Therapy | None) -> dict[str, str]:
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


def antigen_lines(claim: str, therapy: Therapy) -> str:
    """Return what follows from the therapy of a claim: its antigens."""
    return "".join(f"<{claim}> <{CD22}antigen> <{name}> <{GRAPH_INFERRED}> .\n" for name in therapy.antigens)
