"""Small sets of claims to audit, and one audit in every form: ``python -m tests.audit_fixture`` writes those anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import cd22kg
from cd22kg.export.audit import FORMATS, to_text
from cd22kg.model import CLAIM_TYPES, Cohort, Source
from cd22kg.queries.claims import KnownClaim
from cd22kg.synthesis.audit import Audit, audit
from cd22kg.synthesis.evidence import EVIDENCE, Concept, Evidence

Concepts = Mapping[tuple[str, str], Concept]
ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "tests" / "data" / "audit"
OVERVIEW = "car-t-hope-2025-03"
#: Kinds of sources by slug, and when they were published; every other source is an article of 2020.
SOURCES = {
    "overview": ("OverviewArticle", "2025-03"),
    "review": ("ReviewArticle", "2023"),
    "second-review": ("ReviewArticle", "2024"),
    "release": ("PressRelease", "2024-06"),
    "later-article": ("JournalArticle", "2026"),
    "pooled": ("SystematicReview", "2023"),
}
COUNTED = ("ResultClaim", "PooledClaim")


def claim(name: str, source: str, kind: str = "StatementClaim", **fields: Any) -> KnownClaim:
    """Return a claim as a store gives it back; results and pooled figures count as evidence."""
    given: dict[str, Any] = {"id": name, "statement": f"What {name} says.", **fields}
    if kind == "StatementClaim":
        given.setdefault("about", ("therapy/cd22-directed-car-t",))
    if kind in COUNTED:
        given = {"therapy": "cd22-mono-car-t", "indication": "b-all", "outcome": "cr", **given}
    if kind == "ResultClaim":
        given.setdefault("cohort", f"{source}-all")
    inferred = (EVIDENCE,) if kind in COUNTED else ()
    return KnownClaim(CLAIM_TYPES[kind].model_validate(given), source, inferred)


def said(name: str = "here", **fields: Any) -> KnownClaim:
    """Return a statement of the overview on complete responses to CD22 CAR T cells in B-ALL."""
    given = {"therapy": "cd22-mono-car-t", "indication": "b-all", "outcome": "cr", **fields}
    return claim(name, "overview", **given)


def share(value: str | None = None, **more: Any) -> dict[str, Any]:
    """Return a measurement of a share, in percent."""
    given = {"statistic": "proportion", "countedUnit": "patient", "denominator": "not-printed", **more}
    return given if value is None else {"value": value, "unit": "percent", "asPrinted": f"{value} %", **given}


def to(target: str, certainty: str = "certain", kind: str = "repeats") -> dict[str, str]:
    """Return a relation."""
    return {"type": kind, "target": target, "certainty": certainty, "reason": "as the test has it"}


def evidence(concepts: Concepts, claims: Iterable[KnownClaim], cohorts: Iterable[dict[str, Any]] = ()) -> Evidence:
    """Return claims with their sources, which are made up from their slugs."""
    known = {each.id: each for each in claims}
    slugs = {name for each in known.values() for name in (each.source, each.stated.reported_via) if name}
    sources = {}
    for slug in sorted(slugs):
        kind, published = SOURCES.get(slug, ("JournalArticle", "2020"))
        sources[slug] = Source.model_validate(
            {"id": slug, "type": kind, "title": f"The {slug}", "published": published}
        )
    people = {each["id"]: Cohort.model_validate(each) for each in cohorts}
    return Evidence(known, sources, people, {}, concepts)


def hostile(concepts: Concepts) -> Audit:
    """Return the audit of an overview whose texts try to be markup, a command, or something hidden."""
    claims = [
        claim(
            "first",
            "pooled",
            "PooledClaim",
            indication="all",
            measurement=share(
                "68", lower="53", upper="81", intervalKind="confidence", total=116, denominator="included"
            ),
        ),
        said(
            "a-differs",
            statement="Of patients with B-ALL 68 % respond | <script>alert(1)</script> & *more*.",
            measurement=share("68"),
            relations=[{**to("first", "likely"), "reason": "Same figure; <b>bold</b> | \u202eright to left."}],
        ),
        said("b-opinion", statement="It is ##[error]promising.", statementKind="opinion"),
        said("c-unsourced", statement="# No heading.", outcome="orr", measurement=share("12.5", total=8)),
    ]
    found = audit("overview", evidence(concepts, claims))
    title = "CAR T | <i>hope</i> \u200b&amp; more"
    return replace(found, source=found.source.model_copy(update={"title": title}))


def verdict_table(found: Audit) -> str:
    """Return the verdicts as a table: claim, verdict, axes, evidence."""
    rows = [("claim", "verdict", "axes", "evidence")]
    for each in found.findings:
        ids = " ".join(beside.claim.id for beside in each.evidence)
        rows.append((each.claim.id, each.verdict.label, ", ".join(each.axes), ids))
    return "".join("\t".join(row) + "\n" for row in rows)


def main() -> None:
    """Write every expected file anew; read the diff before it is committed."""
    kg = cd22kg.load()
    DATA.mkdir(exist_ok=True)
    table = verdict_table(kg.audit(OVERVIEW))
    (DATA / f"{OVERVIEW}.tsv").write_text(table, encoding="utf-8", newline="")
    small = hostile(kg.evidence.concepts)
    for form in FORMATS:
        (DATA / f"hostile.{form}").write_text(to_text(small, form), encoding="utf-8", newline="")


if __name__ == "__main__":
    main()
