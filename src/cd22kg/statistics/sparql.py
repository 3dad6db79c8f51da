"""The statistics as functions and aggregates that a SPARQL engine calls: terms in, a term or nothing out.

They are documented in docs/reference/sparql-functions.md. Nothing means that the arguments are no counts: to SPARQL an
error, which leaves a variable unbound. The worker for queries from outside imports this module, so it imports little.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from cd22kg.namespaces import STANDARD_PREFIXES, STAT
from cd22kg.statistics.fisher import fisher_exact
from cd22kg.statistics.pooling import Pooled, pool_proportions
from cd22kg.statistics.proportion import Interval, clopper_pearson_interval, wilson_interval

if TYPE_CHECKING:
    from pyoxigraph import AggregateFunctionAccumulator

#: Largest total: beyond it the sums behind the exact interval would take too long.
MOST = 10_000_000
#: Highest level, in percent: beyond it the exact interval has too few digits.
HIGHEST_LEVEL = 99.9999

_Term = NamedNode | BlankNode | Literal | Triple
_Found = TypeVar("_Found")

_XSD = STANDARD_PREFIXES["xsd"]
_DOUBLE = NamedNode(_XSD + "double")
_COUNTS = NamedNode(STAT + "counts")
_USUAL_LEVEL = Literal("95", datatype=NamedNode(_XSD + "integer"))
_WHOLE = frozenset(
    _XSD + name
    for name in (
        *("integer", "decimal", "long", "int", "short", "byte", "nonNegativeInteger", "positiveInteger"),
        *("unsignedLong", "unsignedInt", "unsignedShort", "unsignedByte"),
    )
)
_NUMBERS = _WHOLE | {_XSD + "double", _XSD + "float"}
_INTEGER = re.compile(r"\+?0*([0-9]{1,8})(?:\.0*)?", re.ASCII)
_NUMBER = re.compile(r"\+?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
_PAIR = re.compile(r"(0|[1-9][0-9]{0,7})/(0|[1-9][0-9]{0,7})", re.ASCII)


def _text(term: _Term, kinds: frozenset[str], form: re.Pattern[str]) -> re.Match[str]:
    """Return the text of a literal of some types, if it has the form.

    Raises:
        ValueError: If it is something else.
    """
    found = form.fullmatch(term.value) if isinstance(term, Literal) and term.datatype.value in kinds else None
    if found is None:
        raise ValueError(f"{term} is not what was asked for")
    return found


def _count(term: _Term) -> int:
    """Return a literal as a whole number."""
    return int(_text(term, _WHOLE, _INTEGER)[1])


def _possible(events: int, total: int) -> tuple[int, int]:
    """Return events and total, if there can be such."""
    if not 0 <= events <= total or not 1 <= total <= MOST:
        raise ValueError(f"{events} of {total} cannot be, or is too many")
    return events, total


def _pair(term: _Term) -> tuple[int, int]:
    """Return events and total of a literal that `counts` made."""
    found = _text(term, frozenset((_COUNTS.value,)), _PAIR)
    return _possible(int(found[1]), int(found[2]))


def _double(value: float) -> Literal:
    return Literal(repr(value), datatype=_DOUBLE)


def _counts(events: _Term, total: _Term) -> Literal:
    """Return a pair of counts as one literal."""
    pair = _possible(_count(events), _count(total))
    return Literal("{}/{}".format(*pair), datatype=_COUNTS)


def _interval(
    method: Callable[..., Interval], side: int, events: _Term, total: _Term, level: _Term = _USUAL_LEVEL
) -> Literal:
    """Return a bound of an interval; the level is in percent."""
    pair = _possible(_count(events), _count(total))
    percent = float(_text(level, _NUMBERS, _NUMBER)[0])
    if not 0 < percent <= HIGHEST_LEVEL:
        raise ValueError(f"there is no level of {percent} %")
    return _double(method(*pair, level=percent / 100)[side])


def _fisher(events1: _Term, total1: _Term, events2: _Term, total2: _Term) -> Literal:
    """Return the p value of two groups."""
    first, second = _possible(_count(events1), _count(total1)), _possible(_count(events2), _count(total2))
    return _double(fisher_exact(*first, *second))


def _i2(pooled: Pooled) -> float:
    """Return I2 in percent."""
    if pooled.i2 is None:
        raise ValueError("one study says nothing of differences between studies")
    return 100 * pooled.i2


#: Functions, each with the numbers of arguments that it takes.
_FUNCTIONS: dict[NamedNode, tuple[tuple[int, ...], Callable[..., Literal]]] = {
    _COUNTS: ((2,), _counts),
    NamedNode(STAT + "clopperPearsonHigh"): ((2, 3), partial(_interval, clopper_pearson_interval, 1)),
    NamedNode(STAT + "clopperPearsonLow"): ((2, 3), partial(_interval, clopper_pearson_interval, 0)),
    NamedNode(STAT + "fisherExact"): ((4,), _fisher),
    NamedNode(STAT + "wilsonHigh"): ((2, 3), partial(_interval, wilson_interval, 1)),
    NamedNode(STAT + "wilsonLow"): ((2, 3), partial(_interval, wilson_interval, 0)),
}
#: Aggregates, each with what it takes from the pooled proportion.
_AGGREGATES: dict[NamedNode, Callable[[Pooled], float]] = {
    NamedNode(STAT + "i2"): _i2,
    NamedNode(STAT + "pooled"): lambda pooled: pooled.share,
    NamedNode(STAT + "pooledHigh"): lambda pooled: pooled.high,
    NamedNode(STAT + "pooledLow"): lambda pooled: pooled.low,
}

#: By name, the function of Python that does the same.
IN_PYTHON = {
    **dict.fromkeys(("clopperPearsonHigh", "clopperPearsonLow"), "clopper_pearson_interval"),
    "fisherExact": "fisher_exact",
    **dict.fromkeys(("wilsonHigh", "wilsonLow"), "wilson_interval"),
    **dict.fromkeys(("counts", "i2", "pooled", "pooledHigh", "pooledLow"), "pool_proportions"),
}


class Functions:
    """What the engine calls during one query.

    The engine takes any exception for a wrong argument, also an interrupt, or a fault of ours; such a one is kept for
    whoever asked, see `check`.

    Attributes:
        functions: By name, what is called with the terms of a row.
        aggregates: By name, what makes an accumulator for a group.
    """

    def __init__(self) -> None:
        self.functions: dict[NamedNode, Callable[..., _Term | None]] = {
            name: partial(self._scalar, sizes, function) for name, (sizes, function) in _FUNCTIONS.items()
        }
        self.aggregates: dict[NamedNode, Callable[[], AggregateFunctionAccumulator]] = {
            name: partial(_Pooling, self, value) for name, value in _AGGREGATES.items()
        }
        self._failure: BaseException | None = None

    def check(self) -> None:
        """Raise what went wrong in a call, other than its arguments."""
        if self._failure is not None:
            raise self._failure

    def call(self, function: Callable[..., _Found], *arguments: object) -> _Found | None:
        """Return what a function returns, or nothing if the arguments are not for it."""
        if self._failure is not None:
            return None
        try:
            return function(*arguments)
        except ValueError:
            return None
        except BaseException as error:  # goes on in `check`
            self._failure = error
            return None

    def _scalar(self, sizes: tuple[int, ...], function: Callable[..., Literal], *terms: _Term) -> Literal | None:
        return self.call(function, *terms) if len(terms) in sizes else None


class _Pooling:
    """The studies of a group; one that is none leaves the group without a value."""

    def __init__(self, functions: Functions, value: Callable[[Pooled], float]) -> None:
        self._functions = functions
        self._value = value
        self._studies: list[tuple[int, int]] | None = []

    def accumulate(self, element: _Term) -> None:
        """Take the counts of a study."""
        study = self._functions.call(_pair, element)
        if study is None or self._studies is None:
            self._studies = None
        else:
            self._studies.append(study)

    def finish(self) -> Literal | None:
        """Return the value of the group."""
        return self._functions.call(self._pooled)

    def _pooled(self) -> Literal:
        return _double(self._value(pool_proportions(self._studies or ())))
