"""Slips of the pen that turn one figure into another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

from cd22kg.model import Measurement
from cd22kg.queries.claims import KnownClaim
from cd22kg.synthesis.figures import figure_of

#: Shares that so many sources print that it says nothing, as fractions.
_COMMON = frozenset({Decimal(0), Decimal("0.5"), Decimal(1)})
#: How many other figures with the same digits are told.
_TOLD = 2


class Slip(NamedTuple):
    """How one figure may have become another.

    Attributes:
        here: The first figure.
        there: The second.
        sentence: What happened, in one sentence.
    """

    here: str
    there: str
    sentence: str


def slips(here: KnownClaim, there: KnownClaim, others: Callable[[KnownClaim], Iterable[KnownClaim]]) -> Iterator[Slip]:
    """Yield the slips that would turn the figure of one claim into that of the other.

    Two neighbouring digits swapped; the decimal point moved by one place, or by two as when a percentage is taken for a
    fraction; those without the outcome counted for those with it; the figure of another claim copied.

    Args:
        here: A claim.
        there: The other one.
        others: Returns the claims from which a figure may have been copied.
    """
    mine, theirs = here.measurement, there.measurement
    if mine is None or theirs is None:
        return
    for name in ("value", "events", "total"):
        one, other = getattr(mine, name), getattr(theirs, name)
        if one is not None and other is not None and one != other:
            told = _printed(mine, name), _printed(theirs, name)
            if _are_swapped(Decimal(one), Decimal(other)):
                yield Slip(*told, f"{told[0]} and {told[1]} differ by two digits that are swapped.")
    yield from _shifted(mine, theirs)
    yield from _turned(mine, theirs)
    for claim, other in ((here, there), (there, here)):
        for copied in _copied(claim, other, others(other)):
            told = _printed(mine, "value"), _printed(theirs, "value")
            yield Slip(*told, f"{claim.id} prints {_printed(claim.measurement, 'value')}, as {copied.id} does.")


def _are_swapped(one: Decimal, other: Decimal) -> bool:
    """Return whether two numbers differ in nothing but the order of two digits side by side."""
    exponents = [number.as_tuple().exponent for number in (one, other)]
    least = min(exponent for exponent in exponents if isinstance(exponent, int))
    a, b = (str(int(number.scaleb(-least))) for number in (one, other))
    apart = [at for at, (left, right) in enumerate(zip(a, b, strict=False)) if left != right]
    if len(a) != len(b) or len(apart) != 2 or apart[1] != apart[0] + 1:
        return False
    return a[apart[0]] == b[apart[1]] and a[apart[1]] == b[apart[0]]


def _shifted(mine: Measurement, theirs: Measurement) -> Iterator[Slip]:
    one, other = figure_of(mine), figure_of(theirs)
    if one is None or other is None or not one.value or not other.value or one.unit != other.unit:
        return
    told = _printed(mine, "value"), _printed(theirs, "value")
    ratio = max(one.value, other.value) / min(one.value, other.value)
    if ratio == 100:
        yield Slip(*told, f"{told[0]} and {told[1]} differ as a percentage and a fraction do.")
    elif ratio == 10:
        yield Slip(*told, f"{told[0]} and {told[1]} differ by one place of the decimal point.")


def _turned(mine: Measurement, theirs: Measurement) -> Iterator[Slip]:
    """Those with the outcome in one figure are those without it in the other."""
    one, other = figure_of(mine), figure_of(theirs)
    if one is None or other is None or one.value is None or other.value is None or not one.is_share:
        return
    if not other.is_share or one.value == other.value or {one.value, other.value} & _COMMON:
        return
    if abs(one.value + other.value - 1) <= max(one.half, other.half):
        told = _printed(mine, "value"), _printed(theirs, "value")
        yield Slip(*told, f"{told[0]} and {told[1]} make 100 %, as if one counts those without the outcome.")


def _copied(claim: KnownClaim, other: KnownClaim, known: Iterable[KnownClaim]) -> list[KnownClaim]:
    """Return the claims beside another that print the figure of a claim."""
    figure = figure_of(claim.measurement)
    if claim.measurement is None or claim.measurement.value is None or figure is None or figure.value in _COMMON:
        return []
    if len(claim.measurement.value.normalize().as_tuple().digits) < 2:
        return []
    found = []
    for copied in known:
        printed = figure_of(copied.measurement)
        if copied.id in (claim.id, other.id) or copied.measurement is None or copied.measurement.value is None:
            continue
        if printed is not None and (printed.value, printed.unit) == (figure.value, figure.unit):
            found.append(copied)
    return found[:_TOLD]


def _printed(measurement: Measurement | None, name: str) -> str:
    """Return a number as a person reads it."""
    if measurement is None:
        return ""
    number = getattr(measurement, name)
    if name != "value" or number is None:
        figure = figure_of(measurement)
        if name == "value" and figure is not None and figure.value is not None:
            return f"{float(figure.value) * 100:.1f} %"
        return str(number)
    unit = {"percent": " %", "%": " %", "fraction": ""}.get(measurement.unit or "", f" {measurement.unit}")
    return f"{number:f}{unit}"
