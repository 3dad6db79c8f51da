"""Does each engine find what was planted, and nothing else? A quick answer that is wrong is no answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from validators.data import Data, Finding
from validators.engines import ENGINES, OURS
from validators.runner import Result
from validators.shapes import Shapes

#: How many nodes are named at most, of what one engine missed or found too much.
NAMED = 5


def expected(data: Data, shapes: Shapes, *, sparql: bool) -> set[Finding]:
    """Return what an engine must find: the planted violations of the rules that it is given."""
    known = shapes.known(sparql=sparql)
    return {found for found in data.planted if found[0] in known}


def disagreements(results: Iterable[Result], sizes: Mapping[int, Data], shapes: Shapes) -> list[str]:
    """Return what engines missed and what they found too much, and whether ours did not come to an end.

    Another engine that ends early, or fails, is told in the report and disagrees with nobody.
    """
    told: dict[str, None] = {}
    for result in results:
        where = f"{result.claims} claims, {result.engine}"
        if result.fate:
            if result.engine == OURS:
                told[f"{where}: {result.fate}"] = None
            continue
        wanted = expected(sizes[result.claims], shapes, sparql=ENGINES[result.engine].sparql)
        for word, pairs in (("missed", wanted - result.found), ("extra", result.found - wanted)):
            told |= dict.fromkeys(f"{where}: {word} {line}" for line in _named(pairs))
    return list(told)


def unplanted(data: Data, shapes: Shapes) -> set[str]:
    """Return the constraints in SPARQL that nothing was planted for, so that no engine is tried by them."""
    return set(shapes.sparql - {rule for rule, _ in data.planted})


def counted(data: Data, shapes: Shapes) -> Counter[str]:
    """Return how many violations are to be found, by rule."""
    return Counter(rule for rule, _ in expected(data, shapes, sparql=True))


def _named(pairs: set[Finding]) -> list[str]:
    lines = [f"`{rule}` at {focus}" for rule, focus in sorted(pairs)[:NAMED]]
    if len(pairs) > NAMED:
        lines.append(f"{len(pairs) - NAMED} more")
    return lines
