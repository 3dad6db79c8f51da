"""The evidence at a glance: one row per indication, construct, product, source and cohort; a column per outcome."""

from __future__ import annotations

from typing import Any

from cd22kg.errors import QueryError
from cd22kg.namespaces import BASE
from cd22kg.queries.columns import columns
from cd22kg.queries.result import Result, markdown
from cd22kg.statistics import wilson_interval

FORMS = ("table", "md")
OUTCOMES = ("CR", "relapse", "CRS >=3", "neurotoxicity >=3")
NOTES = """n/N, the percentage the source prints, (its 95 % confidence interval), [95 % Wilson interval, computed here].
~ counts worked out from a percentage or other counts.  * the cohort shares patients with another: never add them up.
"pooled": a published meta-analysis.  "via": the document in which the figures were read, if not the source itself.
"filed as": under which other indication an article's claim stands that most likely repeats the figure.
CR holds CR, CR/CRi and MRD-negative CR, each named.  `cd22kg show CLAIM` tells all that is known of a figure.
An index of published evidence, not medical guidance.
"""

_Key = tuple[str, str, bool, str, str, str]


def overview(result: Result, form: str = "table") -> str:
    """Return the rows of the question ``evidence-overview`` as a table of text, or of Markdown (``md``).

    Raises:
        QueryError: If the form is another.
    """
    if form not in FORMS:
        raise QueryError(f"the overview has no format `{form}`", hint=f"one of: {', '.join(FORMS)}")
    cells: dict[_Key, dict[str, list[str]]] = {}
    repeats: dict[_Key, set[str]] = {}
    via: dict[_Key, set[str]] = {}
    seen: set[str] = set()
    for row in result:
        patients = _slug(row["cohort"]) + ("*" if row["shared"] else "") if row["cohort"] else "pooled"
        group, product = row["groupLabel"], row["product"] or ""
        key = (row["indicationLabel"], group, row["cohort"] is not None, product, _slug(row["source"]), patients)
        if row["repeatedAs"]:
            repeats.setdefault(key, set()).add(f"{row['repeatedAs']} ({_slug(row['repeatedBy'])})")
        if row["via"]:
            via.setdefault(key, set()).add(_slug(row["via"]))
        if row["claim"] not in seen:
            seen.add(row["claim"])
            cells.setdefault(key, {}).setdefault(row["column"], []).append(named(row))
    heading = ["indication", "therapy", "product", "patients", *OUTCOMES, "source", "via", "filed as"]
    table = [heading]
    last = ("", "")
    for key in sorted(cells):
        indication, group, _, product, source, patients = key
        shown = [indication if indication != last[0] else "", group if (indication, group) != last else ""]
        figures = [" | ".join(cells[key].get(column, [])) for column in OUTCOMES]
        last_columns = [", ".join(sorted(found.get(key, ()))) for found in (via, repeats)]
        table.append([*shown, product, patients, *figures, source, *last_columns])
        last = (indication, group)
    if len(table) == 1:
        return "no row fits\n"
    if form == "md":
        return markdown(table) + "\n" + "".join(f"- {note}\n" for note in NOTES.splitlines())
    return columns(table, [False] * len(heading)) + "\n" + NOTES


def named(row: dict[str, Any]) -> str:
    """Return a figure with the name of its outcome where the column holds several."""
    return f"{row['outcomeLabel']} {figure(row)}" if row["outcomeLabel"] else figure(row)


def figure(row: dict[str, Any]) -> str:
    """Return one figure as a person reads it: ``40/57 70.2 % [57-80]``."""
    parts = []
    events, total = row["events"], row["total"]
    if events is not None and total is not None:
        parts.append(f"{'~' if row['countsDerived'] else ''}{events}/{total}")
    elif total is not None:
        parts.append(f"n={total}")
    elif events is not None:
        parts.append(f"{events} events")
    if row["value"] is not None:
        unit = "%" if _slug(row["unit"] or "") == "percent" else _slug(row["unit"] or "")
        bound = "" if row["bound"] in (None, "=") else row["bound"]
        parts.append(f"{bound}{row['value']} {unit}".rstrip())
    if row["lower"] is not None and row["upper"] is not None:
        kind = _slug(row["intervalKind"] or "")
        parts.append(
            f"({row['lower']}-{row['upper']})" if kind == "confidence" else f"{kind} {row['lower']}-{row['upper']}"
        )
    elif _is_observed_proportion(row):
        low, high = wilson_interval(events, total)
        parts.append(f"[{100 * low:.0f}-{100 * high:.0f}]")
    return " ".join(parts) or "no figure"


def _is_observed_proportion(row: dict[str, Any]) -> bool:
    """Return whether a binomial interval makes sense: counts of one cohort, published soundly."""
    events, total = row["events"], row["total"]
    counted = events is not None and total is not None and 0 <= events <= total and total > 0
    return counted and row["cohort"] is not None and _slug(row["statistic"]) == "proportion"


def _slug(text: str) -> str:
    return text.removeprefix(BASE).partition("/")[2]
