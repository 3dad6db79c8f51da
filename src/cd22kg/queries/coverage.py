"""The coverage report: what the graph holds, what it lacks, and why.

Every number is that of a question of the library, so it is the same wherever it appears.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from cd22kg.namespaces import short_name
from cd22kg.queries.columns import columns
from cd22kg.queries.result import Result

Row = dict[str, Any]
Ask = Callable[[str], Result]

NOTES = """figures: results and pooled results that count as evidence; what an article restates is a claim, no figure.
printed, derived, none: figures with counts in print, with counts worked out from a percentage or others, without.
interval: figures printed with an interval or range.  elsewhere: figures read in another document than the source.
missing: expected of such a thing, or named by the curator, and not seen.
unverified: given, but not seen at the source itself.
The same numbers as tables: `cd22kg query --list`, the questions `claims-per-source`, `outcomes-covered`, `therapies`,
`missing-fields`, `unverified-identifiers`, `unsourced-statements`, `unmatched-concepts`.
"""


def coverage(ask: Ask) -> str:
    """Return the report as text.

    Args:
        ask: Answers a question of the library by name.
    """
    figures, gaps, sources = (list(ask(name)) for name in ("outcomes-covered", "missing-fields", "claims-per-source"))
    sections = (
        ("Therapies", _therapies(ask("therapies"), figures, gaps, sources)),
        ("Sources", _sources(sources, figures)),
        ("Fields that are missing or not verified, and why", _gaps(gaps)),
        ("Identifiers that could not be verified", _identifiers(ask("unverified-identifiers"))),
        ("Statements of overview articles without a source", _unsourced(ask("unsourced-statements"))),
        ("Concepts without an outside term", _unmatched(ask("unmatched-concepts"))),
    )
    return "\n".join(f"{title}\n\n{_table(rows)}" for title, rows in sections) + "\n" + NOTES


def _therapies(therapies: Iterable[Row], figures: list[Row], gaps: list[Row], sources: list[Row]) -> list[list[str]]:
    """Return one row per therapy: what is known of its results, and what is not known of the product."""
    rows = [["therapy", "name", "sources", "claims", "figures", "outcomes", "missing facts"]]
    one_each = {row["therapy"]: row for row in therapies}
    for therapy, row in one_each.items():
        mine = [f for f in figures if f["therapy"] == therapy]
        missing = ", ".join(gap["field"] for gap in gaps if gap["thing"] == therapy)
        numbers = [str(row[name]) for name in ("sources", "claims", "figures")]
        rows.append([short_name(therapy), row["label"], *numbers, _outcomes(mine), missing])
    totals = [sum(row["claims"] for row in sources), sum(figure["figures"] for figure in figures)]
    named = [sum(row[name] for row in one_each.values()) for name in ("claims", "figures")]
    others = [f for f in figures if f["therapy"] is None]
    rest = [str(total - count) for total, count in zip(totals, named, strict=True)]
    rows.append(["(no therapy)", "", "", *rest, _outcomes(others), ""])
    rows.append(["total", "", "", *map(str, totals), "", ""])
    return rows


def _sources(sources: Iterable[Row], figures: list[Row]) -> list[list[str]]:
    """Return one row per source: its claims, and how well its figures can be checked."""
    heading = ["claims", "figures", "printed", "derived", "none", "interval", "elsewhere"]
    rows = [["source", "kind", *heading, "outcomes"]]
    totals = [0] * len(heading)
    silent: Counter[str] = Counter()
    for row in sources:
        if not row["claims"]:
            silent[row["type"]] += 1
            continue
        mine = [f for f in figures if f["source"] == row["source"]]
        count, printed, derived, interval, elsewhere = (
            sum(f[name] for f in mine)
            for name in ("figures", "countsPrinted", "countsDerived", "intervals", "readElsewhere")
        )
        numbers = [row["claims"], count, printed, derived, count - printed - derived, interval, elsewhere]
        totals = [total + number for total, number in zip(totals, numbers, strict=True)]
        rows.append([short_name(row["source"]), row["type"], *map(str, numbers), _outcomes(mine)])
    rows += ([f"({count} without claims)", kind, *("0" for _ in heading), ""] for kind, count in sorted(silent.items()))
    rows.append(["total", "", *map(str, totals), ""])
    return rows


def _gaps(gaps: list[Row]) -> list[list[str]]:
    """Return one row per thing with its gaps and the note that explains them."""
    rows = [["kind", "thing", "missing", "unverified", "why"]]
    by_thing: dict[tuple[str, str, str], list[Row]] = {}
    for gap in gaps:
        by_thing.setdefault((gap["kind"], gap["thing"], gap["note"] or ""), []).append(gap)
    for (kind, thing, note), found in by_thing.items():
        fields = [
            ", ".join(gap["field"] for gap in found if gap["state"] == state) for state in ("missing", "unverified")
        ]
        rows.append([kind, short_name(thing), *fields, note or "not in the documents read"])
    return rows


def _unsourced(statements: Iterable[Row]) -> list[list[str]]:
    return [
        ["source", "claim", "statement"],
        *([short_name(s["source"]), short_name(s["claim"]), s["statement"]] for s in statements),
    ]


def _identifiers(found: Iterable[Row]) -> list[list[str]]:
    return [
        ["thing", "field", "identifier"],
        *([short_name(row["thing"]), row["field"], row["identifier"] or "(not seen)"] for row in found),
    ]


def _unmatched(concepts: Iterable[Row]) -> list[list[str]]:
    return [
        ["kind", "concept", "label", "claims"],
        *([c["kind"], short_name(c["concept"]), c["label"], str(c["claims"])] for c in concepts),
    ]


def _outcomes(figures: list[Row]) -> str:
    """Return the outcomes of figures with their numbers: ``cr 3, os 1``."""
    counts: Counter[str] = Counter()
    for figure in figures:
        counts[short_name(figure["outcome"])] += figure["figures"]
    return ", ".join(f"{outcome} {count}" for outcome, count in sorted(counts.items()))


def _table(rows: list[list[str]]) -> str:
    if len(rows) == 1:
        return "none\n"
    right = [all(row[n].isdigit() or not row[n] for row in rows[1:]) for n in range(len(rows[0]))]
    return columns(rows, right)
