"""Explanations: down to what is stated, through rules and reasoner, for every triple that was inferred."""

from __future__ import annotations

import random
import re

import pytest
from pyoxigraph import NamedNode, Triple

from cd22kg.errors import QueryError, ReasonerError
from cd22kg.graph import KnowledgeGraph
from cd22kg.namespaces import BASE, CD22, GRAPH_INFERRED, STANDARD_PREFIXES
from cd22kg.rdf import graph_of
from cd22kg.reasoning import explain as module
from cd22kg.reasoning import read_rules
from cd22kg.reasoning.explain import Explainer, Reason
from cd22kg.reasoning.java import find_java
from tests.conftest import Cli

java = pytest.mark.skipif(find_java() is None, reason="HermiT needs Java")
TYPE = STANDARD_PREFIXES["rdf"] + "type"


def leaves(reason: Reason) -> list[Reason]:
    """Return what an explanation rests on."""
    return [leaf for premise in reason.premises for leaf in leaves(premise)] if reason.premises else [reason]


def rules_of(reason: Reason) -> set[str]:
    """Return the rules of an explanation."""
    own = set(re.findall(r"by the rule ([a-z0-9-]+) ", reason.source))
    return own.union(*(rules_of(premise) for premise in reason.premises))


def test_what_is_stated_is_its_own_reason(kg: KnowledgeGraph) -> None:
    """A stated triple names its graph and needs nothing else."""
    assert kg.explain("therapy:auto3", "cd22:targets", "antigen:cd22") == (
        "therapy:auto3 cd22:targets antigen:cd22\n    stated in graph:vocabulary\n"
    )


def test_chain_of_rules(kg: KnowledgeGraph) -> None:
    """A claim on efficacy is one because of its outcome's kind, and both lead back to what is stated."""
    text = kg.explain("claim:shah-2020-cr", "a", "cd22:EfficacyClaim")

    assert "by the rule claim-by-outcome-kind (Claims on efficacy, safety and durability), from" in text
    assert "outcome:cr cd22:outcomeKind outcome-kind:efficacy" in text
    assert "stated in graph:claims/shah-2020" in text


def test_claim_is_explained_whole(kg: KnowledgeGraph) -> None:
    """Of a claim everything inferred is explained, each triple once."""
    explained = [line for line in kg.explain("shah-2020-cr").splitlines() if line.startswith("claim:shah-2020-cr ")]
    inferred = {
        q.triple
        for q in kg.quads
        if q.subject == NamedNode(BASE + "claim/shah-2020-cr") and graph_of(q) == GRAPH_INFERRED
    }

    assert len(explained) == len(inferred) == len(set(explained))
    assert kg.explain("claim:shah-2020-cr") == kg.explain("shah-2020-cr")


def test_every_rule_explains_what_it_derives(kg: KnowledgeGraph) -> None:
    """Of triples drawn at random each is explained down to stated ones, and every rule that fires is met."""
    explainer = Explainer(kg.store)
    inferred = sorted(
        {q.triple for q in kg.quads if graph_of(q) == GRAPH_INFERRED and not by_reasoner(q.triple)}, key=str
    )
    by_property: dict[tuple[str, str], list[Triple]] = {}
    for triple in inferred:
        of_class = str(triple.object) if triple.predicate.value == TYPE else ""
        by_property.setdefault((triple.predicate.value, of_class), []).append(triple)
    draw = random.Random(22)  # noqa: S311  # a draw, no secret
    met: set[str] = set()
    for triples in by_property.values():
        for triple in draw.sample(triples, min(3, len(triples))):
            reason = explainer.explain(triple)
            assert reason is not None, str(triple)
            assert [leaf.statement for leaf in leaves(reason) if not leaf.source.startswith("stated in")] == []
            met |= rules_of(reason)

    assert met == {rule.name for rule in read_rules()}


def by_reasoner(triple: Triple) -> bool:
    """Return whether a triple puts a concept into a class that has a definition."""
    defined = ("Therapy", "SevereAdverseEvent")
    concept = str(triple.subject).startswith((f"<{BASE}therapy/", f"<{BASE}outcome/"))
    return concept and triple.predicate.value == TYPE and str(triple.object).strip("<>").endswith(defined)


@java
def test_reasoner_names_its_axioms(kg: KnowledgeGraph) -> None:
    """A dual-target therapy is one by its two antigens, their being distinct, the closed list, and the definition."""
    text = kg.explain("therapy:auto3", "a", "cd22:DualTargetTherapy")

    for part in (
        "by HermiT, from",
        "therapy:auto3 cd22:targets antigen:cd19\n        stated in graph:vocabulary",
        "therapy:auto3 cd22:targets antigen:cd22\n",
        "therapy:auto3 a (cd22:targets only {antigen:cd19, antigen:cd22})\n        closed for the reasoner",
        "owl:AllDifferent: ",
        "cd22:DualTargetTherapy owl:equivalentClass (cd22:TherapyProduct and (cd22:targets exactly 2))",
    ):
        assert part in text
    assert text.count("\n    therapy:") == 4


@java
def test_severe_event_rests_on_its_grade(kg: KnowledgeGraph) -> None:
    """A severe adverse event is one by the lowest grade that it counts."""
    text = kg.explain("outcome:crs-grade-ge-3", "a", "cd22:SevereAdverseEvent")

    assert "outcome:crs-grade-ge-3 cd22:gradeThreshold 3" in text
    assert "(cd22:gradeThreshold some xsd:integer[>= 3])" in text


def test_names_may_be_written_in_full(kg: KnowledgeGraph) -> None:
    """An IRI stands for itself, with or without angle brackets."""
    short = kg.explain("therapy:auto3", "a", "cd22:TherapyProduct")

    assert kg.explain(BASE + "therapy/auto3", TYPE, f"<{CD22}TherapyProduct>") == short


@pytest.mark.parametrize(
    ("what", "message"),
    [
        (("therapy:auto3", "a", "cd22:Antigen"), "the graph does not hold"),
        (("claim:shah-2020-cr", "cd22:antigen", "antigen:cd19"), "the graph does not hold"),
        (("therapy:auto3", "a"), "give a claim, or subject, property and object"),
        ((), "give a claim"),
        (("nowhere:x", "a", "cd22:Claim"), "names nothing"),
        (("claim:x> ?p ?o } #", "a", "cd22:Claim"), "names nothing"),
        (("shah-2020-rc",), "there is no claim"),
    ],
)
def test_what_cannot_be_explained(kg: KnowledgeGraph, what: tuple[str, ...], message: str) -> None:
    """What is not in the graph, or names nothing, is said to be so."""
    with pytest.raises(QueryError, match=message):
        kg.explain(*what)


def test_reasoner_without_java(kg: KnowledgeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where HermiT must be asked and there is no Java, the message says what to install."""
    monkeypatch.setattr(module, "find_java", lambda: None)

    with pytest.raises(ReasonerError, match="needs Java") as caught:
        kg.explain("therapy:auto3", "a", "cd22:DualTargetTherapy")
    assert "cd22kg[reason]" in caught.value.hint


def test_command(cli: Cli, kg: KnowledgeGraph) -> None:
    """The command prints the explanation."""
    run = cli("explain", "claim:shah-2020-cr", "cd22:antigen", "antigen:cd22")

    assert (run.returncode, run.stdout) == (0, kg.explain("claim:shah-2020-cr", "cd22:antigen", "antigen:cd22"))
