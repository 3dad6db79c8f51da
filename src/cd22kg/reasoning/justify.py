"""Which axioms contradict each other: a smallest set that no world fits.

Axioms are added one after the other until the first contradiction; the one added last belongs to it. It is kept, and
the search begins again among those before it, until those kept contradict each other without help. Where the
contradiction begins is found by asking many lengths in one run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cd22kg.reasoning.axioms import Axiom, ntriples

#: How many lengths are asked in one run.
WIDTH = 24

#: Returns how many ontologies are consistent, from the first on.
Oracle = Callable[[Sequence[bytes]], int]


def contradiction(axioms: Sequence[Axiom], oracle: Oracle) -> tuple[Axiom, ...]:
    """Return axioms that contradict each other, such that no smaller part of them does.

    Args:
        axioms: What is inconsistent as a whole; declarations are taken as given.
        oracle: Asked for prefixes of the axioms.
    """
    given = [axiom for axiom in axioms if axiom.is_declaration]
    rest = [axiom for axiom in axioms if not axiom.is_declaration]
    kept: list[Axiom] = []
    while rest and oracle([ntriples([*given, *kept])]):
        last = _first_contradiction([*given, *kept], rest, oracle)
        kept.append(rest[last - 1])
        rest = rest[: last - 1]
    return tuple(kept)


def _first_contradiction(given: Sequence[Axiom], rest: Sequence[Axiom], oracle: Oracle) -> int:
    """Return the smallest number of axioms of `rest` that contradict what is given; all of them do."""
    low, high = 0, len(rest)
    while high - low > 1:
        step = max(1, (high - low) // WIDTH)
        lengths = list(range(low + step, high, step))
        fitting = oracle([ntriples([*given, *rest[:length]]) for length in lengths])
        low, high = (
            lengths[fitting - 1] if fitting else low,
            lengths[fitting] if fitting < len(lengths) else high,
        )
    return high
