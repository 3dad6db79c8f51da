"""Figures that are sound: drawn around one true rate for each therapy, indication, outcome and time.

Every interval of a drawn share covers its true rate, so two claims on the same thing never disagree by chance. A share
of a part (complete response) is never above that of the whole (any response) in one cohort.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from statistics import median

from cd22kg.model import Measurement
from cd22kg.statistics import wilson_interval
from cd22kg.synth.clusters import Cluster, Original

#: Statistics that are shares of patients.
SHARES = frozenset({"proportion", "rate-at-time"})
#: A drawn share lies at most this many standard errors from the true rate; the 95% interval reaches 1.96 of them.
SPREAD = 1.4
#: Patients behind a share that is printed without a number of patients.
UNPRINTED = 30
#: Width of a 95% interval on each side in standard errors, a bit less for safety.
_COVERED = 1.95
_FACTORS = (0.6, 0.75, 0.85, 0.95, 1.0, 1.0, 1.05, 1.2, 1.4, 1.7)


@dataclass
class Drawn:
    """The figures of one claim in one copy.

    Attributes:
        events: Patients with the outcome, 0 <= events <= total; for shares only.
        total: Patients, 1 or more; for shares only.
        value, lower, upper: As numbers in the unit of the measurement.
        digits: Digits after the point.
        p_value: From 0 to 1.
    """

    events: int = 0
    total: int = 1
    value: float = 0.0
    lower: float = 0.0
    upper: float = 0.0
    digits: int = 0
    p_value: str = ""

    def number(self, number: float) -> str:
        """Return a number as it is printed."""
        return f"{number:.{self.digits}f}"


class Rates:
    """True values by what a claim is on; the same for the same seed, whatever the number of claims.

    The rate of an outcome is the mean of the packaged figures. Each pair of therapy and indication shifts the odds of
    all outcomes alike, so that the rate of a part stays below that of the whole.
    """

    def __init__(self, originals: Iterable[Original], parts: Mapping[str, tuple[str, ...]], seed: int) -> None:
        """Read the means off the packaged figures."""
        self._seed = seed
        self._parts = parts
        shares: dict[str, list[float]] = {}
        others: dict[tuple[str, str, str], list[float]] = {}
        for original in originals:
            outcome, measurement = original.claim.outcome or "", original.claim.measurement
            if measurement is None:
                continue
            if measurement.statistic in SHARES:
                share = printed_share(measurement)
                if share is not None:
                    shares.setdefault(outcome, []).append(share)
            elif measurement.value is not None:
                others.setdefault(_unit_key(original), []).append(float(measurement.value))
        self._means = {outcome: sum(found) / len(found) for outcome, found in sorted(shares.items())}
        self._medians = {key: median(found) for key, found in others.items()}
        self._rates: dict[tuple[str, str, str, str], float] = {}

    def share(self, therapy: str, indication: str, outcome: str, months: float | None = None) -> float:
        """Return the true share of patients, a fraction from 0.02 to 0.98."""
        key = (therapy, indication, outcome, str(months))
        if key not in self._rates:
            odds = self._odds(outcome) * 2.0 ** (2 * self._hashed(f"{therapy} {indication}") - 1)
            rate = odds / (1 + odds)
            if months is not None:
                rate *= 12 / (12 + months / 2)
            self._rates[key] = min(0.98, max(0.02, rate))
        return self._rates[key]

    def other(self, original: Original, therapy: str) -> float | None:
        """Return the true value of what is no share, in its unit; nothing where the package has no such figure."""
        found = self._medians.get(_unit_key(original))
        claim = original.claim
        return found and found * (0.75 + self._hashed(f"{therapy} {claim.indication} {claim.outcome}") / 2)

    def _odds(self, outcome: str) -> float:
        wholes = [self._means[whole] for whole in self._parts.get(outcome, ()) if whole in self._means]
        mean = min([self._means.get(outcome, 0.5), *wholes])
        mean = min(0.95, max(0.05, mean))
        return mean / (1 - mean)

    def _hashed(self, text: str) -> float:
        """Return a number from 0 to 1 that a text and the seed alone decide."""
        digest = hashlib.sha256(f"{self._seed} {text}".encode()).digest()
        return int.from_bytes(digest[:6], "big") / 2**48


def printed_share(measurement: Measurement) -> float | None:
    """Return the share that a measurement prints, as a fraction, from the counts where there are any."""
    if measurement.events is not None and measurement.total:
        return min(1.0, measurement.events / measurement.total)
    if measurement.value is None:
        return None
    return min(1.0, float(measurement.value) / (100 if measurement.unit in ("%", "percent") else 1))


def wholes(originals: Sequence[Original], parts: Mapping[str, tuple[str, ...]]) -> dict[int, tuple[int, ...]]:
    """Return, by number, the claims whose figures each one's cannot exceed.

    That is what `claim-part-le-whole` compares, and more: figures read in different documents too.

    Args:
        originals: The claims of a cluster.
        parts: The outcomes that each outcome is part of.
    """
    bases = {original.number: _basis(original) for original in originals}
    return {
        part.number: tuple(
            other.number
            for other in originals
            if other.claim.outcome in parts.get(part.claim.outcome or "", ())
            and bases[part.number] is not None
            and bases[other.number] == bases[part.number]
        )
        for part in originals
    }


def supersets(cluster: Cluster) -> dict[int, tuple[int, ...]]:
    """Return, by number, the claims that count the same in a larger cohort: more patients, and more events.

    That is what `claim-subset-le-whole` compares, and more: figures read in different documents too.
    """
    cohorts = [cohort for file in cluster.files for cohort in file.cohorts]
    places = {cohort.id: place for place, cohort in enumerate(cohorts)}
    above: list[set[int]] = []
    for cohort in cohorts:
        found: set[int] = set()
        waiting = [places[name] for name in cohort.subset_of]
        while waiting:
            place = waiting.pop()
            if place not in found:
                found.add(place)
                waiting += [places[name] for name in cohorts[place].subset_of]
        above.append(found)

    def counts(original: Original) -> tuple[object, ...] | None:
        measurement = original.claim.measurement
        if measurement is None or measurement.total is None or measurement.among_outcome or original.cohort < 0:
            return None
        return (
            original.source,
            original.claim.outcome,
            measurement.denominator,
            measurement.counted_unit,
            measurement.timepoint,
            measurement.timepoint_unit,
        )

    return {
        part.number: tuple(
            whole.number
            for whole in cluster.originals
            if part.cohort >= 0 and whole.cohort in above[part.cohort] and counts(part) == counts(whole) is not None
        )
        for part in cluster.originals
    }


def _basis(original: Original) -> tuple[object, ...] | None:
    """Return what two shares must have in common to be compared, or nothing if it is none of a whole cohort."""
    measurement = original.claim.measurement
    if measurement is None or measurement.statistic not in SHARES or measurement.among_outcome or original.cohort < 0:
        return None
    return (
        original.cohort,
        measurement.denominator,
        measurement.counted_unit,
        measurement.timepoint,
        measurement.timepoint_unit,
    )


def _unit_key(original: Original) -> tuple[str, str, str]:
    measurement = original.claim.measurement
    return (
        original.claim.outcome or "",
        str(measurement and measurement.statistic),
        str(measurement and measurement.unit),
    )


def draw_factor(rng: Random) -> float:
    """Return by how much a copy is larger or smaller than the cluster it is made from, 0.6 to 1.7."""
    return _FACTORS[int(rng.random() * len(_FACTORS))]


def scaled(count: int, factor: float) -> int:
    """Return a number of patients, scaled; 1 or more unless it was 0, and order is kept."""
    return max(1, int(count * factor + 0.5)) if count else 0


def draw_events(total: int, rate: float, deviation: float) -> int:
    """Return a number of events whose 95% interval covers the true rate.

    Args:
        total: Patients, 1 or more.
        rate: The true share, a fraction.
        deviation: From the expected number in standard errors, from -`SPREAD` to `SPREAD`.
    """
    expected = total * rate
    error = (expected * (1 - rate)) ** 0.5
    events = min(total, max(0, int(expected + deviation * error + 0.5)))
    if abs(events - expected) > _COVERED * error:
        events = min(total, int(expected + 0.5))
    return events


@lru_cache(maxsize=1 << 16)
def interval(events: int, total: int) -> tuple[float, float]:
    """Return the 95% interval of a share, as fractions."""
    low, high = wilson_interval(events, total)
    return low, high


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


def as_printed(measurement: Measurement, drawn: Drawn) -> str:
    """Return the text of a figure as an article would print it."""
    unit = "%" if measurement.unit in ("%", "percent") else f" {measurement.unit}" if measurement.unit else ""
    parts = []
    if measurement.events is not None and measurement.total is not None:
        parts.append(f"{drawn.events}/{drawn.total}")
    elif measurement.events is not None:
        parts.append(f"{drawn.events} patients")
    elif measurement.total is not None:
        parts.append(f"n = {drawn.total}")
    if measurement.value is not None:
        parts.insert(0, f"{drawn.number(drawn.value)}{unit}")
    elif measurement.value_status is not None:
        parts.insert(0, measurement.value_status.replace("-", " "))
    if measurement.lower is not None and measurement.upper is not None:
        parts.append(f"{drawn.number(drawn.lower)}-{drawn.number(drawn.upper)}")
    elif measurement.lower is not None:
        parts.append(f"from {drawn.number(drawn.lower)}")
    if measurement.p_value is not None:
        parts.append(f"p = {drawn.p_value}")
    return f"{parts[0]} ({'; '.join(parts[1:])})" if len(parts) > 1 else "".join(parts)
