"""What a store made of the quads that it was given."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple

from cd22kg.namespaces import STANDARD_PREFIXES

_XSD = STANDARD_PREFIXES["xsd"]
_WHOLE = frozenset(
    _XSD + name
    for name in (
        *("integer", "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger", "nonPositiveInteger"),
        *("negativeInteger", "unsignedInt", "unsignedLong", "unsignedShort", "unsignedByte"),
    )
)
_DURATIONS = frozenset(_XSD + name for name in ("duration", "dayTimeDuration", "yearMonthDuration"))
_FLOATS = frozenset((_XSD + "double", _XSD + "float"))
_DURATION = re.compile(
    r"(-?)P(?=.)(?:([0-9]+)Y)?(?:([0-9]+)M)?(?:([0-9]+)D)?"
    r"(?:T(?=.)(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+(?:[.][0-9]+)?)S)?)?"
)
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:[.][0-9]*)?|[.][0-9]+)")
_Key = Callable[[Quad], Hashable]


@dataclass(frozen=True)
class Difference:
    """What came back otherwise than it was sent.

    Attributes:
        lost: Quads of which nothing came back in this place.
        reformed: Pairs, sent and received, of which the second has the same value in other words: 68.10 and 68.1.
        changed: Pairs of which the second has another value in the same place: 1e400 and infinity.
        added: Quads that were not sent.
        blank_lost: By how many the quads with blank nodes are fewer; they have no names to compare by.
        blank_added: By how many they are more.
    """

    lost: tuple[Quad, ...] = ()
    reformed: tuple[tuple[Quad, Quad], ...] = ()
    changed: tuple[tuple[Quad, Quad], ...] = ()
    added: tuple[Quad, ...] = ()
    blank_lost: int = 0
    blank_added: int = 0

    def __bool__(self) -> bool:
        """Return whether a value differs; another form of the same value does not count."""
        return bool(self.lost or self.changed or self.added or self.blank_lost or self.blank_added)

    def __str__(self) -> str:
        """Return counts, with the first few of each kind."""
        lines = [
            f"{len(self.lost) + self.blank_lost} lost, {len(self.changed)} with another value, "
            f"{len(self.added) + self.blank_added} added, {len(self.reformed)} in another form of the same value"
        ]
        lines += [f"  lost     {quad}" for quad in self.lost[:3]]
        lines += [f"  changed  {old} -> {new.object}" for old, new in self.changed[:3]]
        lines += [f"  added    {quad}" for quad in self.added[:3]]
        lines += [f"  form     {old} -> {new.object}" for old, new in self.reformed[:3]]
        return "\n".join(lines)


def compare(sent: Iterable[Quad], received: Iterable[Quad]) -> Difference:
    """Return what a store lost, changed and added; both sides are sets, held in memory.

    Example:
        >>> from pyoxigraph import NamedNode
        >>> quad = Quad(*map(NamedNode, ("urn:s", "urn:p", "urn:o", "urn:g")))
        >>> print(compare([quad], []))
        1 lost, 0 with another value, 0 added, 0 in another form of the same value
          lost     <urn:s> <urn:p> <urn:o> <urn:g>
    """
    old, old_blank = _split(sent)
    new, new_blank = _split(received)
    missing, extra = old - new, new - old
    reformed, missing, extra = _paired(missing, extra, _by_value)
    # Two forms of one value may come back as one quad, which has its pair already.
    partners = {_by_value(quad): quad for quad in new} if missing else {}
    folded = [quad for quad in _sorted(missing) if _by_value(quad) in partners]
    reformed += [(quad, partners[_by_value(quad)]) for quad in folded]
    missing = missing.difference(folded)
    changed, missing, extra = _paired(missing, extra, _by_place)
    return Difference(
        tuple(_sorted(missing)),
        tuple(reformed),
        tuple(changed),
        tuple(_sorted(extra)),
        max(0, old_blank - new_blank),
        max(0, new_blank - old_blank),
    )


def _split(quads: Iterable[Quad]) -> tuple[set[Quad], int]:
    """Return the quads without blank nodes, and the number of those with."""
    everything = set(quads)
    plain = {quad for quad in everything if not _has_blank(quad.triple)}
    return plain, len(everything) - len(plain)


def _has_blank(triple: Triple) -> bool:
    return any(
        isinstance(term, BlankNode) or (isinstance(term, Triple) and _has_blank(term))
        for term in (triple.subject, triple.object)
    )


def _paired(missing: set[Quad], extra: set[Quad], key: _Key) -> tuple[list[tuple[Quad, Quad]], set[Quad], set[Quad]]:
    """Pair what is missing with what is extra where the key is the same; return also what is left of both."""
    waiting: dict[Hashable, list[Quad]] = {}
    for quad in _sorted(extra):
        waiting.setdefault(key(quad), []).append(quad)
    pairs = [(quad, waiting[key(quad)].pop(0)) for quad in _sorted(missing) if waiting.get(key(quad))]
    return pairs, missing - {old for old, _ in pairs}, extra - {new for _, new in pairs}


def _sorted(quads: Iterable[Quad]) -> list[Quad]:
    return sorted(quads, key=str)


def _by_place(quad: Quad) -> Hashable:
    return (quad.subject, quad.predicate, quad.graph_name)


def _by_value(quad: Quad) -> Hashable:
    return (quad.subject, quad.predicate, value_of(quad.object), quad.graph_name)


def value_of(term: NamedNode | BlankNode | Literal | Triple | None) -> Hashable:
    """Return what a term means, equal for two forms of one value: numbers by size, moments by their place in time.

    A number is a number, of whichever type: servers keep neither `xsd:int` nor very long integers as they are. A
    duration is its months and seconds. A literal that its type does not allow is its text.
    """
    if isinstance(term, Triple):
        return (term.subject, term.predicate, value_of(term.object))
    if not isinstance(term, Literal):
        return term
    kind, text = term.datatype.value, term.value
    if term.language:
        return (text, term.language.lower())
    if (kind in _WHOLE or kind == _XSD + "decimal") and _NUMBER.fullmatch(text):
        return ("number", Decimal(text))
    if kind in _FLOATS:
        return _real(kind, text)
    if kind == _XSD + "boolean" and text in ("true", "false", "1", "0"):
        return ("boolean", text in ("true", "1"))
    if kind in _DURATIONS and (found := _DURATION.fullmatch(text)):
        return ("duration", *_months_and_seconds(found))
    if kind == _XSD + "dateTime" and (moment := _moment(text)):
        return moment
    return (text, kind)


def _real(kind: str, text: str) -> Hashable:
    if text in ("NaN", "INF", "+INF", "-INF"):
        return ("real", text.removeprefix("+"))
    try:
        exact = Decimal(text)
    except InvalidOperation:
        return (text, kind)
    near = float(exact)
    # Beyond the range of the type the text still means a number, which a store that says INF has lost.
    return ("real", exact if math.isinf(near) else near)


def _months_and_seconds(found: re.Match[str]) -> Iterator[Decimal]:
    years, months, days, hours, minutes, seconds = (Decimal(part or 0) for part in found.groups()[1:])
    sign = -1 if found[1] else 1
    yield sign * (years * 12 + months)
    yield sign * (((days * 24 + hours) * 60 + minutes) * 60 + seconds)


def _moment(text: str) -> Hashable:
    """Return a date and time as its place in time, or nothing where Python knows none such."""
    whole, point, rest = text.partition(".")
    digits = re.match(r"[0-9]*", rest)
    fraction = digits[0].rstrip("0") if digits else ""
    zone = rest[len(digits[0]) :] if point and digits else ""
    try:
        moment = datetime.fromisoformat(whole + zone)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return ("local", moment, fraction)
    return ("moment", moment.astimezone(UTC), fraction)
