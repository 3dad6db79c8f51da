"""The overview: the figures it was made to show, and how a figure is written."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest

import cd22kg
from cd22kg.errors import QueryError
from cd22kg.namespaces import BASE
from cd22kg.queries.overview import NOTES, OUTCOMES, figure


@cache
def text() -> str:
    """Return the overview of the packaged graph."""
    return cd22kg.load().overview()


@cache
def rows() -> tuple[dict[str, str], ...]:
    """Return the rows of the table, with indication and therapy written out where the table leaves them out."""
    lines = text().removesuffix("\n" + NOTES).splitlines()
    spans = [match.span() for match in re.finditer("-+", lines[1])]

    def cells(line: str) -> list[str]:
        return [line[start : None if (start, end) == spans[-1] else end].strip() for start, end in spans]

    heading = cells(lines[0])
    found: list[dict[str, str]] = []
    for line in lines[2:]:
        row = dict(zip(heading, cells(line), strict=True))
        if found and not row["indication"]:
            row["indication"] = found[-1]["indication"]
            row["therapy"] = row["therapy"] or found[-1]["therapy"]
        found.append(row)
    return tuple(found)


def row(indication: str, therapy: str, patients: str, source: str) -> dict[str, str]:
    """Return the one row with these."""
    wanted = {"indication": indication, "therapy": therapy, "patients": patients, "source": source}
    found = [row for row in rows() if row.items() >= wanted.items()]
    assert len(found) == 1, wanted
    return found[0]


def test_columns() -> None:
    """The table has a column per outcome between the patients and the source."""
    expected = ["indication", "therapy", "product", "patients", *OUTCOMES, "source", "via", "filed as"]

    assert expected == list(rows()[0])


@pytest.mark.parametrize(
    ("indication", "therapy", "total", "value", "interval", "repeated"),
    [
        ("ALL", "CD22 alone", "116", "68 %", "53-81", "B-ALL (car-t-hope-2025-03)"),
        ("ALL", "CD19/CD22 dual", "297", "90 %", "84-95", "B-ALL (car-t-hope-2025-03)"),
        ("NHL", "CD22 alone", "28", "64 %", "46-81", ""),
        ("NHL", "CD19/CD22 dual", "137", "47 %", "34-61", "LBCL (car-t-hope-2025-03)"),
    ],
    ids=["all-alone", "all-dual", "nhl-alone", "nhl-dual"],
)
def test_pooled_complete_response(
    indication: str, therapy: str, total: str, value: str, interval: str, repeated: str
) -> None:
    """The pooled responses stand with their interval and source, and with the disease the article says instead."""
    found = row(indication, therapy, "pooled", "fergusson-2023")

    assert f"n={total} {value} ({interval})" == found["CR"]
    assert repeated == found["filed as"]


@pytest.mark.parametrize(
    ("column", "expected"), [("CRS >=3", "6 % (3-9)"), ("neurotoxicity >=3", "3 % (1-5)")], ids=["crs", "neurotoxicity"]
)
def test_pooled_toxicity(column: str, expected: str) -> None:
    """The pooled rates of severe toxicity stand in the same table."""
    found = row("lymphoid malignancy", "CD22-directed, any", "pooled", "fergusson-2023")

    assert expected == found[column]
    assert found["filed as"] == "B-cell malignancy (car-t-hope-2025-03)"


@pytest.mark.parametrize(
    ("patients", "source", "column", "expected"),
    [
        ("nct02315612-fry*", "fry-2018", "CR", "12/21 57 % [37-76]"),
        ("nct02315612-fry*", "fry-2018", "relapse", "8/12 66 % [39-86]"),
        ("nct02315612-fry-cd19-dim-or-negative*", "fry-2018", "CR", "5/5 [57-100]"),
        ("chictr-oic-17013523-pan*", "pan-2019", "CR", "CR/CRi 24/34 70.5 % [54-83] | CR/CRi 24/30 80 % [63-90]"),
        ("chictr-oic-17013523-pan*", "pan-2019", "neurotoxicity >=3", "0/34 0 % [0-10]"),
    ],
    ids=["value", "relapse", "counts-only", "two-denominators", "none"],
)
def test_figure_of_a_cohort(patients: str, source: str, column: str, expected: str) -> None:
    """A cohort's figure shows counts, the percentage as printed, and the interval computed here, in its brackets."""
    assert expected == row("B-ALL", "CD22 alone", patients, source)[column]


def test_counts_that_were_worked_out_are_marked() -> None:
    """Counts derived from a percentage carry a mark, and a row names the document in which its figures were read."""
    found = row("LBCL", "CD22 alone", "nct04088890-frank*", "frank-2024")

    assert found["CR"] == "~20/38 53 % [37-68]"
    assert found["via"] == "cargo-2024-lancet-press"


def test_mrd_negative_response_is_named() -> None:
    """A response of another definition stands in the column of CR under its own name."""
    found = row("B-ALL", "CD19/CD22 dual", "nct03233854-b-all*", "spiegel-2021")

    assert found["CR"] == "MRD-negative CR ~15/17 88 % [66-97]"


def test_two_prints_of_one_figure_are_both_shown() -> None:
    """Where two reviews print different percentages, both stand in the cell, the one without a total as it is."""
    assert (
        row("B-cell malignancy", "CD22 alone", "nct02315612-shah*", "shah-2020")["CR"]
        == "40/57 70.2 % [57-80] | 40 events 73 %"
    )


def test_article_itself_has_no_row() -> None:
    """An article that only repeats figures is never a source of a row."""
    assert [row for row in rows() if row["source"] == "car-t-hope-2025-03"] == []


def test_pooled_rows_come_first() -> None:
    """Within an indication and a therapy, pooled figures stand before those of cohorts."""
    order: dict[tuple[str, str], list[bool]] = {}
    for found in rows():
        order.setdefault((found["indication"], found["therapy"]), []).append(found["patients"] != "pooled")

    assert {key: sorted(found) for key, found in order.items()} == order


def test_notes_say_how_to_read() -> None:
    """Below the table stands what the brackets mean, and that this is no guidance."""
    assert text().endswith("\n" + NOTES)
    assert NOTES.endswith("An index of published evidence, not medical guidance.\n")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"events": 40, "total": 57, "value": "70.2", "unit": "percent"}, "40/57 70.2 % [57-80]"),
        (
            {
                "total": 116,
                "value": "68",
                "unit": "percent",
                "lower": "53",
                "upper": "81",
                "intervalKind": "confidence",
            },
            "n=116 68 % (53-81)",
        ),
        ({"value": "35", "unit": "day", "lower": "24", "upper": "86", "intervalKind": "range"}, "35 day range 24-86"),
        ({"value": "8.3", "unit": "month"}, "8.3 month"),
        ({"value": "8.3", "unit": "month", "lower": "3.0"}, "8.3 month"),
        ({"value": "30", "unit": "percent", "bound": "<"}, "<30 %"),
        ({"value": "30", "unit": "percent", "bound": "="}, "30 %"),
        ({"events": 0, "total": 21}, "0/21 [0-15]"),
        ({"events": 0, "total": 21, "countsDerived": True}, "~0/21 [0-15]"),
        ({"events": 40, "value": "73", "unit": "percent"}, "40 events 73 %"),
        ({"events": 47, "total": 32}, "47/32"),
        ({"events": 0, "total": 0}, "0/0"),
        ({"events": 5, "total": 10, "cohort": None}, "5/10"),
        ({"events": 5, "total": 10, "statistic": "mean"}, "5/10"),
        ({"value": "0.5"}, "0.5"),
        ({}, "no figure"),
    ],
    ids=[
        "counts",
        "published",
        "range",
        "median",
        "half-open",
        "below",
        "equal",
        "none",
        "derived",
        "events-only",
        "more-than-all",
        "of-nobody",
        "pooled-counts",
        "no-proportion",
        "no-unit",
        "nothing",
    ],
)
def test_figure(given: dict[str, Any], expected: str) -> None:
    """A figure is written with what is known of it; an interval is computed for a cohort's own counts only."""
    counts = ("events", "total", "countsDerived")
    names = (*counts, "value", "unit", "bound", "lower", "upper", "intervalKind", "cohort", "statistic")
    kinds = {"unit": "unit", "intervalKind": "interval-kind", "cohort": "cohort", "statistic": "statistic"}
    plain = {**dict.fromkeys(names), "cohort": "c", "statistic": "proportion", **given}
    row = {n: f"{BASE}{kinds[n]}/{value}" if value and n in kinds else value for n, value in plain.items()}

    assert expected == figure(row)


def test_overview_of_nothing_says_so() -> None:
    """An indication without figures gives a word, no empty table."""
    assert cd22kg.load().overview("md", indication="cll") == "no row fits\n"


@pytest.mark.parametrize("name", ["form", "self"])
def test_parameter_of_an_odd_name_is_an_error(name: str) -> None:
    """A parameter that is called as an argument of ours is unknown like any other."""
    with pytest.raises(QueryError, match="no parameter"):
        cd22kg.load().overview("md", **{name: "md"})


def test_unknown_form_is_an_error() -> None:
    """The overview is text or Markdown."""
    with pytest.raises(QueryError, match="no format `csv`"):
        cd22kg.load().overview("csv")
