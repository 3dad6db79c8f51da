"""The coverage report: its numbers are those of the graph, every gap says why, and a planted gap is seen."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest

import cd22kg
from cd22kg.namespaces import BASE
from cd22kg.queries import Result
from cd22kg.queries.coverage import NOTES, coverage
from tests.conftest import Cli

ROOT = Path(__file__).resolve().parents[1]
PARTS = (
    "Therapies",
    "Sources",
    "Fields that are missing or not verified, and why",
    "Identifiers that could not be verified",
    "Statements of overview articles without a source",
    "Concepts without an outside term",
)


@cache
def kg() -> cd22kg.KnowledgeGraph:
    """Return the packaged graph."""
    return cd22kg.load()


def parts(text: str) -> dict[str, list[dict[str, str]]]:
    """Return the rows of each part of a report, by the heading of their columns."""
    found: dict[str, list[dict[str, str]]] = {}
    body = text.removesuffix("\n" + NOTES)
    for title, after in zip(PARTS, (*PARTS[1:], ""), strict=True):
        part = body.partition(f"{title}\n\n")[2]
        lines = (part.partition(f"\n{after}\n\n")[0] if after else part).splitlines()
        if lines == ["none"]:
            found[title] = []
            continue
        spans = [match.span() for match in re.finditer("-+", lines[1])]
        cells = [[line[a : None if (a, b) == spans[-1] else b].strip() for a, b in spans] for line in lines]
        found[title] = [dict(zip(cells[0], row, strict=True)) for row in cells[2:]]
    return found


@cache
def report() -> dict[str, list[dict[str, str]]]:
    """Return the report of the packaged graph."""
    return parts(kg().coverage())


def count(sparql: str) -> int:
    """Return the number that a query counts."""
    (row,) = kg().query(f"SELECT (COUNT(DISTINCT ?x) AS ?n) WHERE {{ {sparql} }}")
    return int(row["n"])


def column(part: str, name: str) -> list[str]:
    """Return the values of a column without its last row, the totals."""
    return [row[name] for row in report()[part][:-1]]


def test_totals_are_those_of_the_graph() -> None:
    """Claims and figures add up to what the graph holds, by source and by therapy."""
    sources, therapies = report()["Sources"][-1], report()["Therapies"][-1]

    pooled_here = count("GRAPH graph:computed { ?x cd22:statement ?s }")
    assert int(sources["claims"]) == count("?x cd22:statement ?s") - pooled_here
    assert int(sources["figures"]) == count("?x a cd22:EvidenceClaim ; cd22:measurement ?m ; cd22:outcome ?o")
    assert int(sources["figures"]) == sum(int(sources[name]) for name in ("printed", "derived", "none"))
    assert (therapies["claims"], therapies["figures"]) == (sources["claims"], sources["figures"])
    without = report()["Therapies"][-2]
    assert without["therapy"] == "(no therapy)"
    assert int(without["claims"]) == count("?x cd22:statement ?s FILTER NOT EXISTS { ?x cd22:therapy ?t }")


@pytest.mark.parametrize("name", ["claims", "figures", "printed", "derived", "none", "interval", "elsewhere"])
def test_totals_of_sources_add_up(name: str) -> None:
    """A total is the sum of its column."""
    assert int(report()["Sources"][-1][name]) == sum(map(int, column("Sources", name)))


def test_numbers_are_those_of_stats() -> None:
    """The plain statistics tell the same number of claims for every source."""
    section = kg().stats().partition("claims by source")[2].partition("\n\n")[0]
    plain = dict(re.findall(r"^(\S+) +([0-9]+)$", section, re.MULTILINE))

    assert plain
    assert {row["source"]: row["claims"] for row in report()["Sources"] if row["source"] in plain} == plain


def test_every_therapy_has_a_row() -> None:
    """No product or group is left out, those without a claim neither."""
    therapies = {row["t"].removeprefix(BASE + "therapy/") for row in kg().query("SELECT ?t { ?t a cd22:Therapy }")}

    assert set(column("Therapies", "therapy")) == therapies | {"(no therapy)"}


def test_outcomes_add_up_to_the_figures() -> None:
    """The outcomes listed for a therapy or a source are as many as its figures."""
    for part in ("Therapies", "Sources"):
        for row in report()[part][:-1]:
            assert sum(int(item.split()[-1]) for item in row["outcomes"].split(", ") if item) == int(row["figures"])


def test_every_source_with_a_gap_says_why() -> None:
    """A source that lacks a field has a note that tells the reason."""
    gaps = [row for row in kg().query("missing-fields") if "/source/" in row["thing"]]

    assert gaps
    assert sorted({row["thing"] for row in gaps if not row["note"]}) == []


def test_unsourced_statements_have_no_candidate() -> None:
    """A statement is listed where the article stands alone: no claim that it may repeat is in the graph."""
    listed = {row["claim"] for row in report()["Statements of overview articles without a source"]}
    related = {row["claim"].rpartition("/")[2] for row in kg().query("article-claims") if row["repeats"]}

    assert "car-t-hope-s19-relapse-range" in listed
    assert listed & related == set()


def test_planted_rows() -> None:
    """Rows of a question appear with their numbers; a part without rows says so."""
    answers: dict[str, list[dict[str, Any]]] = {
        "therapies": [
            {"therapy": BASE + "therapy/x", "label": "X", "sources": 1, "claims": 3, "figures": 2, "binder": "a"},
            {"therapy": BASE + "therapy/x", "label": "X", "sources": 1, "claims": 3, "figures": 2, "binder": "b"},
        ],
        "outcomes-covered": [
            {
                "source": BASE + "source/s",
                "therapy": BASE + "therapy/x",
                "outcome": BASE + "outcome/cr",
                "figures": 2,
                "countsPrinted": 1,
                "countsDerived": 0,
                "intervals": 1,
                "readElsewhere": 0,
            }
        ],
        "claims-per-source": [
            {"source": BASE + "source/s", "type": "web page", "claims": 3},
            {"source": BASE + "source/r", "type": "registry record", "claims": 0},
        ],
        "missing-fields": [
            {"kind": "product", "thing": BASE + "therapy/x", "field": "developer", "state": "missing", "note": None},
            {"kind": "web page", "thing": BASE + "source/s", "field": "title", "state": "missing", "note": "Cut."},
            {"kind": "web page", "thing": BASE + "source/s", "field": "url", "state": "unverified", "note": "Cut."},
        ],
        "unverified-identifiers": [{"thing": BASE + "source/s", "field": "doi", "identifier": None}],
        "unsourced-statements": [],
        "unmatched-concepts": [],
    }

    def ask(name: str) -> Result:
        rows: Iterable[dict[str, Any]] = answers[name]
        return cast("Result", rows)

    found = parts(coverage(ask))

    assert found["Therapies"][0] == {
        "therapy": "x",
        "name": "X",
        "sources": "1",
        "claims": "3",
        "figures": "2",
        "outcomes": "cr 2",
        "missing facts": "developer",
    }
    assert [row["claims"] for row in found["Therapies"]] == ["3", "0", "3"]
    assert found["Sources"][0]["none"] == "1"
    assert found["Sources"][1]["source"] == "(1 without claims)"
    assert found[PARTS[2]][1] == {
        "kind": "web page",
        "thing": "s",
        "missing": "title",
        "unverified": "url",
        "why": "Cut.",
    }
    assert found[PARTS[3]] == [{"thing": "s", "field": "doi", "identifier": "(not seen)"}]
    assert found[PARTS[4]] == found[PARTS[5]] == []


def test_command(cli: Cli) -> None:
    """The command prints the report."""
    run = cli("stats", "--coverage")

    assert run.returncode == 0
    assert run.stdout == kg().coverage()
