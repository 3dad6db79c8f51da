"""Claim files against the tables of evidence they were typed from."""

from __future__ import annotations

import csv
import itertools
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cd22kg.gate.yaml import parse_yaml

ROOT = Path(__file__).resolve().parents[1]
EVIDENCE = ROOT.parent / "shared" / "evidence"
CLAIM_FILES = sorted((ROOT / "claims").glob("*.yaml"))

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not EVIDENCE.is_dir(), reason="the folder of evidence is not beside the checkout"),
]

#: A comment that names the row a claim was typed from: `# evidence row E012`. With words after it, the claim takes
#: from the row something other than its figure.
EXACT = re.compile(r" *# evidence row ([EP][0-9]+)")
LOOSE = re.compile(r" *# evidence rows? .*")
UNITS = {
    "%": "%",
    "months": "month",
    "days": "day",
    "sites/cell": "sites-per-cell",
    "proportion": "fraction",
    "patients": "patients",
    "cells/kg": "cells-per-kg",
}

#: Figures of a row that its claim leaves out, each with the reason. A row whose note says that its percentage was
#: derived needs no entry: the claim states the counts only.
LEFT_OUT: dict[tuple[str, str], str] = {
    ("E002", "value"): "the abstract prints the counts and no percentage",
    ("E025", "value"): "no percentage is printed",
    ("E027", "value"): "no percentage is printed",
    ("E044", "value"): "no percentage is printed",
    ("E045", "value"): "no percentage is printed",
    ("E046", "value"): "no percentage is printed",
    ("E047", "value"): "no percentage is printed",
    ("E049", "value"): "no percentage is printed",
    ("E050", "value"): "no percentage is printed",
    ("E062", "total"): "the number of patients is the cohort's; the estimate has no denominator printed",
    ("E063", "total"): "the number of patients is the cohort's; the estimate has no denominator printed",
    ("E064", "value"): "no percentage is printed",
    ("E066", "value"): "no percentage is printed",
    ("E073", "value"): "no percentage is printed",
    ("E074", "value"): "no percentage is printed",
    ("E075", "value"): "no percentage is printed",
    ("E079", "value"): "no percentage is printed",
    ("E080", "value"): "no percentage is printed",
    ("E081", "value"): "no percentage is printed",
    ("E100", "value"): "no percentage is printed",
    ("E101", "value"): "no percentage is printed",
    ("E102", "value"): "no percentage is printed",
    ("E114", "total"): "the number of patients is the cohort's; the estimate has no denominator printed",
    ("E116", "value"): "no percentage is printed",
    ("E118", "value"): "no percentage is printed",
    ("E119", "value"): "no percentage is printed",
    ("E121", "value"): "neither the sum nor its percentage is printed",
    ("E134", "total"): "the number of patients is the cohort's; the estimate has no denominator printed",
    ("E135", "total"): "the number of patients is the cohort's; the estimate has no denominator printed",
    ("E145", "value"): "no percentage is printed",
    ("E148", "value"): "no percentage is printed",
    ("E159", "value"): "the abstract prints no percentage",
    ("E160", "total"): "the number of patients belongs to the cohort, not to a median",
    ("E163", "total"): "the enrolment is the figure itself",
}
#: Figures of a claim that its row has in words only, each with the reason.
ADDED: dict[tuple[str, str], str] = {
    ("E156", "lower"): "the row's note gives the range",
    ("E156", "upper"): "the row's note gives the range",
    ("E158", "lower"): "the row's note gives the interquartile range",
    ("E158", "upper"): "the row's note gives the interquartile range",
}
#: Figures that row and claim write in different digits, which are one number: the row's digits, the claim's.
WRITTEN: dict[tuple[str, str], tuple[str, str]] = {
    ("E158", "value"): ("2.2e6", "2200000"),
    ("P09", "lower"): ("0.6", "0.60"),
    ("P14", "upper"): ("1.0", "1.00"),
}
#: Rows whose note derives the counts while the column calls them printed.
DERIVED = {"E044"}
#: Claims whose comment says what they take from a row besides its figure.
LOOSE_CLAIMS = {
    "cd22-carfh80-prior-cd19-car-t",
    "cd22-hib22-2022-prior-cd19-directed-therapy",
    "ebmt-2019-gs2-4-mrd-negativity",
    "frank-2024-prior-cd19-car-t",
    "fry-2018-dose-levels",
    "fry-2018-neurotoxicity-any-of-21",
    "fry-2018-prior-cd19-directed-therapy",
    "ghorashian-2024-relapse",
    "pan-2023-cd19-car-t-dose",
    "plaks-2021-cd19-low-or-negative-at-relapse",
    "plaks-2021-cd22-at-relapse",
    "roddie-2023-duration-of-response-cr",
    "shah-2020-anakinra",
    "shah-2020-cr-73-percent",
    "shah-2020-dose-levels",
    "shah-2020-neurotoxicity-transient",
    "singh-2021-low-response",
    "singh-2021-prior-cd19-car-t",
    "wang-2023-cd19-negative-relapse",
    "wei-2021-crs-grade-1-2",
    "zhang-2021-os-12-months-cr-text-record",
    "zhang-2021-os-12-months-text-record",
}


@cache
def rows() -> dict[str, dict[str, str]]:
    """Return the rows of both tables by their id, with the names of columns that claims use."""
    found: dict[str, dict[str, str]] = {}
    for name, key, names in (
        ("studies.tsv", "row_id", {"total": "n", "lower": "ci_low", "upper": "ci_high"}),
        ("pooled.tsv", "pool_id", {"total": "n_patients", "lower": "ci_low", "upper": "ci_high"}),
    ):
        if not EVIDENCE.is_dir():
            continue
        with (EVIDENCE / name).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                found[row[key]] = {**row, **{ours: row[theirs] for ours, theirs in names.items()}}
                found[row[key]].setdefault("events", "")
    return found


def document(path: Path) -> dict[str, Any]:
    """Return a claim file as text, lists and dictionaries."""
    plain: dict[str, Any] = parse_yaml(path.read_text(encoding="utf-8"), path.name)[0].plain()
    return plain


@cache
def commented() -> tuple[tuple[str, str, str], ...]:
    """Return (file, claim, comment) for each claim with a comment on its evidence above it."""
    found = []
    for path in CLAIM_FILES:
        lines = path.read_text(encoding="utf-8").splitlines()
        for comment, line in itertools.pairwise(lines):
            if LOOSE.fullmatch(comment) and line.lstrip().startswith("- id: "):
                found.append((path.name, line.partition("- id: ")[2].strip(), comment))
    return tuple(found)


def claim(file: str, name: str) -> dict[str, Any]:
    """Return a claim as its file states it."""
    found: list[dict[str, Any]] = [c for c in document(ROOT / "claims" / file)["claims"] if c["id"] == name]
    assert len(found) == 1
    return found[0]


FROM_ROWS = [
    (match[1], file, name) for file, name, comment in commented() if (match := EXACT.fullmatch(comment)) is not None
]


@pytest.mark.parametrize(("row_id", "file", "name"), FROM_ROWS, ids=[f"{r}-{n}" for r, _, n in FROM_ROWS])
def test_figure_is_that_of_its_row(row_id: str, file: str, name: str) -> None:
    """Events, total, value and interval of a claim are, digit by digit, those of the row it was typed from."""
    row, stated = rows()[row_id], claim(file, name).get("measurement", {})
    for key in ("events", "total", "value", "lower", "upper"):
        expected, actual = row[key], stated.get(key, "")
        if not actual and (row_id, key) in LEFT_OUT:
            continue
        if not actual and key == "value" and "percent derived" in row.get("note", ""):
            continue
        if not expected and (row_id, key) in ADDED:
            continue
        if (row_id, key) in WRITTEN:
            assert WRITTEN[row_id, key] == (expected, actual)
            assert float(expected) == float(actual)
            continue
        assert expected == actual, key


@pytest.mark.parametrize(("row_id", "file", "name"), FROM_ROWS, ids=[f"{r}-{n}" for r, _, n in FROM_ROWS])
def test_unit_and_origin_are_those_of_its_row(row_id: str, file: str, name: str) -> None:
    """The unit is that of the row, and counts are marked as derived exactly where the row says so."""
    row, stated = rows()[row_id], claim(file, name).get("measurement", {})
    derived = row.get("count_origin", "").startswith("derived") or row_id in DERIVED

    if "value" in stated:
        assert UNITS[row["unit"]] == stated["unit"]
    assert ("true" if derived else None) == stated.get("countsDerived")


@pytest.mark.parametrize(("row_id", "file", "name"), FROM_ROWS, ids=[f"{r}-{n}" for r, _, n in FROM_ROWS])
def test_identifiers_are_those_of_its_row(row_id: str, file: str, name: str) -> None:
    """A DOI, PMID or PMCID that a file gives is the row's; the row may lack what was found since, never differ."""
    row, source = rows()[row_id], document(ROOT / "claims" / file)["source"]

    for key in ("doi", "pmid", "pmcid"):
        assert not source.get(key) or not row[key] or row[key] == source[key], key


def test_rows_that_were_typed_are_verified() -> None:
    """No claim rests on a row whose figure was not verified."""
    assert [row_id for row_id, _, _ in FROM_ROWS if rows()[row_id]["verified"] != "yes"] == []


def test_each_row_is_typed_once() -> None:
    """No two claims were typed from one row, save where the comment says why."""
    typed = [row_id for row_id, _, _ in FROM_ROWS]

    assert sorted(set(typed)) == sorted(typed)


def test_exceptions_are_in_use() -> None:
    """Each exception above still excuses something: the rows are typed, the figures differ."""
    typed = {row_id: claim(file, name).get("measurement", {}) for row_id, file, name in FROM_ROWS}
    unused = {
        *(key for key in LEFT_OUT if key[0] not in typed or key[1] in typed[key[0]] or not rows()[key[0]][key[1]]),
        *(key for key in ADDED if key[0] not in typed or key[1] not in typed[key[0]] or rows()[key[0]][key[1]]),
    }

    assert set() == unused


def test_comments_with_words_are_known() -> None:
    """A claim that takes from a row something besides its figure is one of those above."""
    found = {name for _, name, comment in commented() if not EXACT.fullmatch(comment)}

    assert found == LOOSE_CLAIMS


def test_rows_of_a_file_are_complete() -> None:
    """Of a study that has a file, every verified row is a claim, or is named in the file as left out."""
    missing: dict[str, list[str]] = {}
    for path in CLAIM_FILES:
        text = path.read_text(encoding="utf-8")
        typed = [row_id for row_id, file, _ in FROM_ROWS if file == path.name]
        studies = {rows()[row_id].get("study_id") or rows()[row_id].get("meta_id") for row_id in typed}
        for row_id, row in rows().items():
            study = row.get("study_id") or row.get("meta_id")
            if study in studies and row["verified"] == "yes" and not re.search(rf"\b{row_id}\b", text):
                missing.setdefault(path.name, []).append(row_id)

    assert missing == {}


@pytest.mark.parametrize("number", [n for n in range(1, 32) if n not in (9, 31)], ids=lambda n: f"S{n:02}")
def test_statement_of_the_article_is_a_claim(number: int) -> None:
    """Each statement of the overview article is at least one claim, whose id holds its number, under its comment."""
    path = ROOT / "claims" / "car-t-hope-2025-03.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    under = [
        below.partition("- id: ")[2]
        for line, below in itertools.pairwise(lines)
        if line.strip() == f"# statement S{number:02}"
    ]
    named = [c["id"] for c in document(path)["claims"] if c["id"].startswith(f"car-t-hope-s{number:02}-")]

    assert named
    assert named == under


def test_article_claims_nothing_else() -> None:
    """No claim of the article stands for a statement it does not make; the caption and the date are none."""
    numbers = {c["id"].split("-")[3] for c in document(ROOT / "claims" / "car-t-hope-2025-03.yaml")["claims"]}

    assert {f"s{n:02}" for n in range(1, 32) if n not in (9, 31)} == numbers


def test_article_is_quoted_in_its_figures_only() -> None:
    """What a claim gives as printed by the article stands there so; its sentences are our own."""
    text = " ".join((EVIDENCE / "overview-article-2025-03.txt").read_text(encoding="utf-8").split())
    sentences = [s.strip().lower() for s in re.split(r"[.:•]", text) if len(s.split()) > 6]
    for stated in document(ROOT / "claims" / "car-t-hope-2025-03.yaml")["claims"]:
        printed = stated.get("measurement", {}).get("asPrinted")
        for part in printed.split(" ... ") if printed else ():
            assert part in text, stated["id"]
        assert [s for s in sentences if s in stated["statement"].lower()] == [], stated["id"]
