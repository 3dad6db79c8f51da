"""The account of the evidence: each row of its tables is a claim, or has the reason why it is none."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import cd22kg
from cd22kg.namespaces import BASE

ROOT = Path(__file__).resolve().parents[1]
EVIDENCE = ROOT.parent / "shared" / "evidence"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not EVIDENCE.is_dir(), reason="the folder of evidence is not beside the checkout"),
]


def table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


ACCOUNT = table(ROOT / "docs" / "curation" / "account.tsv")


def test_every_row_is_accounted_for() -> None:
    """The account has each row of both tables, no other, and no line twice."""
    rows = {row["row_id"] for row in table(EVIDENCE / "studies.tsv")}
    rows |= {row["pool_id"] for row in table(EVIDENCE / "pooled.tsv")}
    lines = [(line["row_id"], line["claim_id"]) for line in ACCOUNT]

    assert {row_id for row_id, _ in lines} == rows
    assert sorted(set(lines)) == lines


def test_claims_exist() -> None:
    """Each claim that the account names is in the graph."""
    found = cd22kg.load().sparql("SELECT ?claim WHERE { ?claim a cd22:Claim }")
    claims = {str(row["claim"]).removeprefix(f"{BASE}claim/") for row in found}

    assert {line["claim_id"] for line in ACCOUNT if line["claim_id"]} - claims == set()


def test_row_without_claim_has_a_reason() -> None:
    """A row has a claim or a reason, never both and never neither."""
    assert [line["row_id"] for line in ACCOUNT if bool(line["claim_id"]) == bool(line["reason"])] == []
