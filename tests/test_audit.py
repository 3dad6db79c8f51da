"""The audit of the sources of the package, and the forms it is written in."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from pyoxigraph import BlankNode, Literal, RdfFormat, parse

from cd22kg.errors import QueryError, SynthesisError
from cd22kg.export.audit import FORMATS, to_text
from cd22kg.graph import KnowledgeGraph
from cd22kg.model import StatementClaim
from cd22kg.synthesis.audit import AXES, Verdict, audit
from cd22kg.synthesis.audit.consistency import cut_digits, own_fault
from cd22kg.synthesis.evidence import Evidence
from tests.audit_fixture import DATA, OVERVIEW, ROOT, Concepts, hostile, verdict_table
from tests.conftest import Cli


@pytest.fixture(scope="module")
def concepts(kg: KnowledgeGraph) -> Concepts:
    """Return the concepts of the package."""
    return kg.evidence.concepts


# The overview article


def test_overview_article(kg: KnowledgeGraph) -> None:
    """Every statement of the overview has the verdict that was read and defended; a change of the data shows here."""
    assert verdict_table(kg.audit(OVERVIEW)) == (DATA / f"{OVERVIEW}.tsv").read_text(encoding="utf-8")


def test_the_page_tells_the_same(kg: KnowledgeGraph) -> None:
    """The page on audits has every verdict with its meaning, the axes in order, and the verdicts on the overview."""
    page = (ROOT / "docs" / "explanation" / "audit.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.*?) \| (.*?) \|$", page, re.MULTILINE)
    told = {claim.strip("`"): verdict for claim, verdict in rows}

    assert {verdict.label: verdict.definition for verdict in Verdict}.items() <= told.items()
    assert f"in this order: {', '.join(AXES)}." in page
    for each in kg.audit(OVERVIEW).findings:
        assert told[each.claim.id.removeprefix("car-t-hope-")] == each.label


def test_explanations_name_claims_and_figures(kg: KnowledgeGraph) -> None:
    """A verdict tells both figures, of what each is, which claim it rests on, and what is dropped."""
    told = {each.claim.id: each.explanation for each in kg.audit(OVERVIEW).findings}

    assert told["car-t-hope-s03-cr-b-all-mono"] == (
        "68 % (article: B-ALL) is the pooled complete response of fergusson-2023-p01, which counts ALL:"
        " 68 % [53-81 %], n = 116; interval and number of patients are dropped."
    )
    assert told["car-t-hope-s13-mrd-negativity-mono"] == (
        "86 % has no source here, and li-2022-mrd-negativity-cd22-alone (0.54 [0.42-0.66]; certainty: ambiguous)"
        " excludes it."
    )
    assert told["car-t-hope-s20-density-relapse"] == (
        "fry-2018-density-relapse says it in the same direction and without that figure; no other claim on it gives"
        " p = 0.02; pan-2019-cd22-loss-not-associated contradicts it (certainty: ambiguous)."
    )
    assert told["car-t-hope-s13-mrd-negativity-dual"].endswith(
        "the same figure is that of nguyen-2023-cr-all (93 %; complete response)."
    )


def test_every_source_has_a_verdict_for_each_claim(kg: KnowledgeGraph) -> None:
    """Every source of the package with claims is audited, and every claim has one verdict and one sentence."""
    audited = {}
    for slug in kg.evidence.sources:
        known = [each.id for each in kg.evidence.claims.values() if slug in (each.source, each.stated.reported_via)]
        if known:
            found = kg.audit(slug)
            audited[slug] = sorted(each.claim.id for each in found.findings)
            assert audited[slug] == sorted(known)
            assert sum(found.counts.values()) == len(known)
            for each in found.findings:
                assert each.explanation.endswith(".") and "\n" not in each.explanation
                assert bool(each.axes) == (each.verdict is Verdict.DIFFERS)
                assert set(each.axes) <= set(AXES)
        else:
            with pytest.raises(SynthesisError, match="makes no claim"):
                kg.audit(slug)

    assert len(audited) > 50


def test_what_is_annotated_is_what_contradicts_itself(kg: KnowledgeGraph) -> None:
    """A figure contradicts itself, or is cut, where the curators have annotated that, and in no other claim."""
    claims = kg.evidence.claims.values()
    annotated = {
        each.id
        for each in claims
        if any(rule.rule.startswith("measurement-") for rule in each.stated.published_inconsistency)
    }
    cut = {each.id for each in claims if cut_digits(each, kg.evidence)}
    contradicting = {each.id for each in claims if own_fault(each, kg.evidence)}

    assert cut | contradicting == annotated
    assert cut & contradicting == set()
    assert "pan-2019-cr-enrolled" in cut
    assert "li-2022-mrd-negativity-dual" in contradicting


def test_every_statement_without_a_figure_has_a_kind(kg: KnowledgeGraph) -> None:
    """Whether a statement can be checked is told by its kind, which every one without a figure has."""
    without = [
        each.id
        for each in kg.evidence.claims.values()
        if isinstance(each.stated, StatementClaim) and each.measurement is None and not each.stated.statement_kind
    ]

    assert without == []


def test_a_source_is_named_as_anywhere(kg: KnowledgeGraph) -> None:
    """A source is found by its DOI; an unknown one is answered with the nearest."""
    assert kg.audit("10.3389/fimmu.2023.1178403").source.id == "fergusson-2023"
    with pytest.raises(QueryError, match="there is no source `car-t-hope`") as refused:
        kg.audit("car-t-hope")
    assert refused.value.hint == "try car-t-hope-2025-03"


# The forms


@pytest.mark.parametrize("form", FORMATS)
def test_forms(concepts: Concepts, form: str) -> None:
    """Each form is what it was; texts that try to be markup, a command or hidden are neither."""
    text = to_text(hostile(concepts), form)

    assert text == (DATA / f"hostile.{form}").read_text(encoding="utf-8")
    assert "\u202e" not in text and "\u200b" not in text and "##[" not in text
    assert "not medical guidance" in text


@pytest.mark.parametrize("form", FORMATS)
def test_bytes_do_not_depend_on_the_order_of_claims(kg: KnowledgeGraph, form: str) -> None:
    """The same claims in another order give the same bytes."""
    known = kg.evidence
    turned = Evidence(
        dict(reversed(list(known.claims.items()))),
        dict(reversed(list(known.sources.items()))),
        known.cohorts,
        known.studies,
        dict(reversed(list(known.concepts.items()))),
    )

    assert to_text(audit(OVERVIEW, turned), form) == to_text(kg.audit(OVERVIEW), form)


class Tags(HTMLParser):
    """Notes the tags of a page, and what it loads or runs."""

    def __init__(self) -> None:
        """Start with none."""
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append(tag)
        self.loads += [name for name, _ in attrs if name == "src" or name == "style" or name.startswith("on")]


def test_page_runs_and_loads_nothing(concepts: Concepts) -> None:
    """The page has no script, loads nothing, and shows every claim once."""
    tags = Tags()
    tags.feed(to_text(hostile(concepts), "html"))

    assert not {"script", "i", "b", "img", "link", "iframe"} & set(tags.tags)
    assert tags.loads == []
    assert tags.tags.count("section") == 3


def test_turtle_is_a_review_for_each_claim(kg: KnowledgeGraph) -> None:
    """Each claim has a review with a rating in words and no number, without blank nodes."""
    found = kg.audit(OVERVIEW)
    triples = list(parse(to_text(found, "ttl"), format=RdfFormat.TURTLE))
    of = "https://schema.org/"
    reviews = [each.subject for each in triples if str(each.object) == f"<{of}ClaimReview>"]
    said = [each.object for each in triples if str(each.predicate) == f"<{of}alternateName>"]
    ratings = [each.value for each in said if isinstance(each, Literal)]

    assert len(set(map(str, reviews))) == len(found.findings)
    assert sorted(ratings) == sorted(each.label for each in found.findings)
    assert not [each for each in triples if BlankNode in (type(each.subject), type(each.object))]
    assert not [each for each in triples if str(each.predicate) == f"<{of}ratingValue>"]


def test_json_holds_what_the_audit_holds(kg: KnowledgeGraph) -> None:
    """Counts, verdicts and evidence are read back from JSON."""
    found = kg.audit(OVERVIEW)
    document = json.loads(to_text(found, "json"))

    assert document["counts"] == {verdict.code: count for verdict, count in found.counts.items()}
    assert [each["label"] for each in document["findings"]] == [each.label for each in found.findings]
    assert {each["verdict"] for each in document["findings"]} == set(document["verdicts"])


def test_the_page_tells_the_keys(kg: KnowledgeGraph) -> None:
    """Every key of the JSON, every code of a verdict and every role of a claim beside another is on the page."""
    page = (ROOT / "docs" / "explanation" / "audit.md").read_text(encoding="utf-8")
    documents = [
        json.loads(to_text(kg.audit(slug), "json")) for slug in (OVERVIEW, "xu-2021", "autolus-2020-ash-press")
    ]
    findings = [finding for document in documents for finding in document["findings"]]
    evidence = [beside for finding in findings for beside in finding["evidence"]]
    names = {key for thing in (*documents, *findings, *evidence) for key in thing}
    names |= {verdict.code for verdict in Verdict} | {beside["role"] for beside in evidence}

    assert [name for name in sorted(names) if f"`{name}`" not in page] == []
    assert {tuple(thing) for thing in findings} == {tuple(findings[0])}
    assert {tuple(thing) for thing in evidence} == {tuple(evidence[0])}


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_table_fits_the_terminal(kg: KnowledgeGraph, width: int) -> None:
    """The table is no wider than the terminal, and every claim is in it."""
    found = kg.audit(OVERVIEW)
    text = to_text(found, "table", width)

    assert max(map(len, text.splitlines())) <= width
    assert [each.claim.id for each in found.findings if each.claim.id not in text] == []


def test_command(cli: Cli, tmp_path: Path, kg: KnowledgeGraph) -> None:
    """The command ends well whatever the verdicts, on stdout or into a file, and says nothing else there."""
    done = cli("audit", OVERVIEW, "--format", "md")
    written = cli("audit", OVERVIEW, "--format", "html", "-o", "page.html", cwd=tmp_path)
    found = kg.audit(OVERVIEW)

    assert (done.returncode, done.stdout) == (0, to_text(found, "md"))
    assert (written.returncode, written.stdout) == (0, "")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == to_text(found, "html")


def test_unknown_form(kg: KnowledgeGraph) -> None:
    """An unknown form is refused with those there are."""
    with pytest.raises(QueryError, match="unknown format `xlsx`"):
        to_text(kg.audit(OVERVIEW), "xlsx")
