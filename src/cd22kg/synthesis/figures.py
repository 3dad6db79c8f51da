"""The figure of a claim as numbers: shares are fractions, whatever unit the source prints."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from cd22kg.model import Measurement

#: Units of shares, each with what one is as a fraction.
_SHARES = {"%": Decimal("0.01"), "percent": Decimal("0.01"), "fraction": Decimal(1)}
#: Units of time, each in days; a month is a twelfth of a year of 365.25 days.
_DAYS = {
    "day": Decimal(1),
    "week": Decimal(7),
    "month": Decimal("30.4375"),
    "year": Decimal("365.25"),
}
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?", re.ASCII)


@dataclass(frozen=True)
class Figure:
    """A value with what is known of its precision.

    Attributes:
        value: As a fraction where it is a share, else in `unit`; nothing for a range or a limit not reached.
        lower: Lower end of its interval or range, in the same unit.
        upper: Upper end.
        unit: ``fraction`` for shares, else the unit as the graph has it.
        half: Half of the last digit printed: what lies nearer may be the same number, rounded.
        bound: ``=``, or the sign printed before the value.
        interval: What lower and upper are: ``confidence``, ``range``, ``iqr`` ...; empty where there are none.
    """

    value: Decimal | None
    lower: Decimal | None
    upper: Decimal | None
    unit: str
    half: Decimal
    bound: str = "="
    interval: str = ""

    @property
    def is_share(self) -> bool:
        """Return whether it is a fraction of patients or of something else."""
        return self.unit == "fraction"

    def rounds(self, other: Figure) -> bool:
        """Return whether this is the other, or the other rounded to the digits printed here."""
        if self.value is None or other.value is None or self.unit != other.unit:
            return False
        return self.value - self.half <= other.value < self.value + self.half or self.value == other.value

    def cuts(self, other: Figure) -> bool:
        """Return whether this is the other with its further digits cut off: 70 for 70.5, but not 0 for 0.9."""
        if not self.value or other.value is None or self.unit != other.unit:
            return False
        return self.value <= other.value < self.value + 2 * self.half

    def holds(self, value: Decimal) -> bool:
        """Return whether a value lies in the interval, where there is one."""
        return self.lower is not None and self.upper is not None and self.lower <= value <= self.upper


def figure_of(measurement: Measurement | None) -> Figure | None:
    """Return the figure of a measurement, or nothing where it has none.

    Counts alone give a share: 12 of 21 is 12/21, known exactly.
    """
    if measurement is None:
        return None
    scale = _SHARES.get(measurement.unit or "")
    unit = "fraction" if scale else (measurement.unit or "")
    value, lower, upper = measurement.value, measurement.lower, measurement.upper
    half = Decimal(0)
    if value is not None:
        half = Decimal(5).scaleb(_exponent(value, measurement.as_printed) - 1) * (scale or 1)
    elif measurement.events is not None and measurement.total and unit in ("", "fraction"):
        value, scale, unit = Decimal(measurement.events) / Decimal(measurement.total), Decimal(1), "fraction"
    if value is None and lower is None and upper is None:
        return None
    factor = scale or Decimal(1)
    return Figure(
        None if value is None else value * factor,
        None if lower is None else lower * factor,
        None if upper is None else upper * factor,
        unit,
        half,
        _SIGNS.get(measurement.bound or "", measurement.bound or "="),
        measurement.interval_kind or "",
    )


#: Slugs of bounds and the signs they stand for.
_SIGNS = {
    "equal": "=",
    "less": "<",
    "less-or-equal": "<=",
    "greater": ">",
    "greater-or-equal": ">=",
}


def days(number: Decimal | None, unit: str | None) -> Decimal | None:
    """Return a time in days, or nothing where there is none, or its unit is no unit of time."""
    if number is None or (unit or "") not in _DAYS:
        return None
    return number * _DAYS[unit or ""]


def counts_of(measurement: Measurement | None) -> tuple[int, int] | None:
    """Return events and total of a measurement that states both, and can be."""
    if measurement is None or measurement.events is None or not measurement.total:
        return None
    if not 0 <= measurement.events <= measurement.total:
        return None
    return measurement.events, measurement.total


def events_from(figure: Figure | None, total: int | None) -> int | None:
    """Return the events of a total that a share gives as it is printed, where exactly one whole number does."""
    if figure is None or figure.value is None or not total or total < 1:
        return None
    if not figure.is_share or not figure.half or figure.bound != "=":
        return None
    events = only_whole((figure.value - figure.half) * total, (figure.value + figure.half) * total)
    return events if events is not None and 0 <= events <= total else None


def only_whole(low: Decimal, high: Decimal) -> int | None:
    """Return the one whole number between two, both counted; nothing if there are none or several."""
    first, last = low.to_integral_value(ROUND_CEILING), high.to_integral_value(ROUND_FLOOR)
    return int(first) if first == last else None


def printed_digits(value: Decimal, as_printed: str | None) -> str:
    """Return a number with the digits that the source prints, which a store has folded; empty where it is not there.

    Of several writings of it the one with most digits counts: ``6.0`` in ``6 (6.0%)``.

    Example:
        >>> printed_digits(Decimal("80"), "12/15 (80.0%)")
        '80.0'
    """
    if not as_printed:
        return ""
    found = [str(number) for number in _NUMBER.findall(as_printed) if Decimal(number) == value]
    return max(found, key=lambda number: (len(number.partition(".")[2]), -len(number)), default="")


def _exponent(value: Decimal, as_printed: str | None) -> int:
    """Return the place of the last digit: 0 for 68, -1 for 70.2, and for 70 where 70.0 is printed.

    Of a number whose text is not known a zero after the point counts as none: some stores make 43.0 of 43.
    """
    exponent = Decimal(printed_digits(value, as_printed) or value.normalize()).as_tuple().exponent
    return min(exponent, 0) if isinstance(exponent, int) else 0
