"""Do the engines agree? A quick answer that is wrong is no answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from side_by_side.data import Data
from side_by_side.engines import PAIRS
from side_by_side.runner import Result

#: Engines that have no excuse.
_HELD_TO = frozenset(name for pair in PAIRS.values() for name in pair)


def disagreements(results: Iterable[Result], sizes: Mapping[int, Data]) -> list[str]:
    """Return what engines give other numbers of rows or lines for, and what ours and the raw one failed in.

    Args:
        results: Of all trials.
        sizes: The data by number of claims; a dump has as many lines as the file that was loaded.
    """
    found: list[str] = []
    rows: dict[tuple[int, str], dict[int, list[str]]] = {}
    for result in results:
        where = f"{result.claims} claims, {result.engine}"
        if result.engine in _HELD_TO and result.fate.startswith("failed"):
            found.append(f"{where}: {result.fate}")
        for query, answer in result.queries.items():
            if "rows" in answer:
                names = rows.setdefault((result.claims, query), {}).setdefault(answer["rows"], [])
                if result.engine not in names:
                    names.append(result.engine)
            elif result.engine in _HELD_TO:
                found.append(f"{where}, {query}: {answer['error']}")
        if result.dump:
            wanted = sizes[result.claims].lines(graphs=result.load["graphs"])
            if result.dump["lines"] != wanted:
                found.append(f"{where}: the dump has {result.dump['lines']} lines, the data {wanted}")
    for (claims, query), counts in rows.items():
        if len(counts) > 1:
            told = "; ".join(f"{count} rows from {', '.join(names)}" for count, names in sorted(counts.items()))
            found.append(f"{claims} claims, {query}: {told}")
    return found


def other_values(results: Iterable[Result]) -> list[str]:
    """Return the queries whose rows are as many but not the same by value, with the engines on each side."""
    seen: dict[tuple[int, str], dict[str, list[str]]] = {}
    for result in results:
        for query, answer in result.queries.items():
            if "digest" in answer:
                names = seen.setdefault((result.claims, query), {}).setdefault(answer["digest"], [])
                if result.engine not in names:
                    names.append(result.engine)
    return [
        f"{claims} claims, {query}: {' | '.join(', '.join(names) for names in digests.values())}"
        for (claims, query), digests in seen.items()
        if len(digests) > 1
    ]
