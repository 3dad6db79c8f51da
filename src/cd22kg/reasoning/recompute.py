"""Intervals that follow from printed counts: computed next to the published ones, and held apart from them.

SPARQL has neither roots nor the sums of a binomial distribution, so the rule `measurement-interval-recomputed` could
not compute them itself; it compares what stands here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import lru_cache

from pyoxigraph import Literal, NamedNode, Quad

from cd22kg.namespaces import BASE, CD22, GRAPH_COMPUTED, STANDARD_PREFIXES
from cd22kg.statistics import Interval, clopper_pearson_interval, wilson_interval
from cd22kg.store import Store

_DECIMAL = NamedNode(STANDARD_PREFIXES["xsd"] + "decimal")
#: Digits after the point of a computed limit, as a fraction.
_DIGITS = 6
_METHODS: dict[str, Callable[..., Interval]] = {"clopperPearson": clopper_pearson_interval, "wilson": wilson_interval}
_PUBLISHED = f"""
PREFIX cd22: <{CD22}>
SELECT ?measurement ?events ?total ?level ?unit WHERE {{
  ?measurement cd22:intervalKind <{BASE}interval-kind/confidence> ;
    cd22:statistic <{BASE}statistic/proportion> ;
    cd22:events ?events ;
    cd22:total ?total ;
    cd22:unit ?unit ;
    cd22:lower ?lower ;
    cd22:upper ?upper .
  FILTER(?unit IN (<{BASE}unit/fraction>, <{BASE}unit/percent>))
  FILTER NOT EXISTS {{ ?measurement cd22:countsDerived true }}
  FILTER NOT EXISTS {{ ?claim cd22:measurement ?measurement . FILTER EXISTS {{ ?claim a cd22:PooledClaim }} }}
  OPTIONAL {{ ?measurement cd22:confidenceLevel ?level }}
}}
"""


def recomputed_intervals(store: Store) -> tuple[Quad, ...]:
    """Return the Wilson and Clopper-Pearson limits of every published interval of a share with its counts.

    A level that is not printed is taken for 95 percent. Counts that are impossible have no interval. The quads are in
    a fixed order.
    """
    return tuple(sorted(_quads(store), key=str))


def _quads(store: Store) -> Iterator[Quad]:
    graph = NamedNode(GRAPH_COMPUTED)
    for measurement, events, total, level, unit in store.select(_PUBLISHED, name="published intervals")[1]:
        if not isinstance(measurement, NamedNode) or not isinstance(unit, NamedNode):
            continue
        limits = _limits(_text(events), _text(total), _text(level) or "95")
        factor = 100 if unit.value.endswith("/percent") else 1
        for name, fraction in limits.items():
            number = (fraction * factor).normalize()
            yield Quad(measurement, NamedNode(CD22 + name), Literal(f"{number:f}", datatype=_DECIMAL), graph)


def _text(term: object) -> str:
    return term.value if isinstance(term, Literal) else ""


@lru_cache(maxsize=1 << 16)
def _limits(events: str, total: str, level: str) -> dict[str, Decimal]:
    """Return the limits as fractions, by the name of their property; none where the numbers are impossible."""
    found: dict[str, Decimal] = {}
    for name, interval in _METHODS.items():
        try:
            low, high = interval(int(events), int(total), level=float(level) / 100)
        except (ValueError, ArithmeticError):
            return {}
        found[f"{name}Lower"], found[f"{name}Upper"] = (round(Decimal(limit), _DIGITS) for limit in (low, high))
    return found
