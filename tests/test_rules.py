"""Rules: each derives what its file says and nothing else, and together they come to an end."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import NamedNode, Quad, RdfFormat, Triple, parse

from cd22kg.errors import QueryError
from cd22kg.gate.yaml import parse_yaml
from cd22kg.namespaces import GRAPH_INFERRED, PREFIXES, STANDARD_PREFIXES
from cd22kg.reasoning import Rule, apply_rules, read_rules
from cd22kg.reasoning import rules as rules_module
from cd22kg.store import OxigraphStore

RULES = {rule.name: rule for rule in read_rules()}
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
SKOS = STANDARD_PREFIXES["skos"]

#: For each rule, triples in Turtle and what follows from them. The first case shows what the rule is for; the others
#: hold what looks alike and must not count.
CASES: dict[str, list[tuple[str, str]]] = {
    "broader-transitive": [
        (
            "indication:dlbcl skos:broader indication:lbcl . indication:lbcl skos:broader indication:nhl .",
            """indication:dlbcl skos:broaderTransitive indication:lbcl , indication:nhl .
            indication:lbcl skos:broaderTransitive indication:nhl .""",
        ),
        ("indication:dlbcl skos:closeMatch indication:lbcl .", ""),
    ],
    "claim-antigen": [
        (
            "claim:c cd22:therapy therapy:t . therapy:t cd22:targets antigen:cd19 , antigen:cd22 .",
            "claim:c cd22:antigen antigen:cd19 , antigen:cd22 .",
        ),
        (
            """claim:c cd22:therapy therapy:t . therapy:t skos:broader therapy:group .
            therapy:group cd22:targets antigen:cd22 .""",
            "",
        ),
        ("cohort:c cd22:priorTherapy therapy:t . therapy:t cd22:targets antigen:cd22 .", ""),
    ],
    "claim-by-outcome-kind": [
        (
            """outcome:a cd22:outcomeKind outcome-kind:efficacy . claim:a a cd22:Claim ; cd22:outcome outcome:a .
            outcome:b cd22:outcomeKind outcome-kind:safety . claim:b a cd22:Claim ; cd22:outcome outcome:b .
            outcome:c cd22:outcomeKind outcome-kind:durability . claim:c a cd22:Claim ; cd22:outcome outcome:c .""",
            "claim:a a cd22:EfficacyClaim . claim:b a cd22:SafetyClaim . claim:c a cd22:DurabilityClaim .",
        ),
        (
            """outcome:a cd22:outcomeKind outcome-kind:baseline . claim:a a cd22:Claim ; cd22:outcome outcome:a .
            outcome:b cd22:outcomeKind outcome-kind:safety . claim:b a cd22:Claim ; cd22:about outcome:b .""",
            "",
        ),
    ],
    "class-membership": [
        (
            """cd22:ResultClaim rdfs:subClassOf cd22:Claim . cd22:Claim rdfs:subClassOf cd22:Thing .
            claim:c a cd22:ResultClaim .""",
            "claim:c a cd22:Claim , cd22:Thing .",
        ),
        ("cd22:Concept rdfs:subClassOf skos:Concept . antigen:cd22 a cd22:Concept .", ""),
        ("cd22:ResultClaim rdfs:subClassOf [ a owl:Restriction ] . claim:c a cd22:ResultClaim .", ""),
    ],
    "concept-within": [
        (
            """outcome:a skos:inScheme <http://example.org/scheme> ; skos:broader outcome:b .
            outcome:b skos:inScheme <http://example.org/scheme> .""",
            "outcome:a cd22:within outcome:a , outcome:b . outcome:b cd22:within outcome:b .",
        ),
        ("outcome:a cd22:partOf outcome:b .", ""),
    ],
    "evidence-after-cd19-failure": [
        (
            """claim:c a cd22:EvidenceClaim ; cd22:cohort cohort:c . cohort:c cd22:priorTherapy therapy:t .
            therapy:t cd22:targets antigen:cd19 .""",
            "claim:c a cd22:EvidenceAfterCD19Failure .",
        ),
        (
            """claim:c a cd22:EvidenceClaim ; cd22:cohort cohort:c . cohort:c cd22:priorTherapy therapy:t .
            therapy:t cd22:targets antigen:cd20 .""",
            "",
        ),
        (
            """claim:c a cd22:StatementClaim ; cd22:cohort cohort:c . cohort:c cd22:priorTherapy therapy:t .
            therapy:t cd22:targets antigen:cd19 .""",
            "",
        ),
        ("claim:c a cd22:EvidenceClaim ; cd22:priorExposure therapy:t . therapy:t cd22:targets antigen:cd19 .", ""),
    ],
    "evidence-claim": [
        (
            """claim:a a cd22:ResultClaim ; cd22:source source:s . claim:b a cd22:PooledClaim ; cd22:source source:s ;
            cd22:status status:accepted . source:s cd22:retracted false .""",
            "claim:a a cd22:EvidenceClaim . claim:b a cd22:EvidenceClaim .",
        ),
        ("claim:c a cd22:StatementClaim ; cd22:source source:s .", ""),
        ("claim:c a cd22:ResultClaim .", ""),
        ("claim:c a cd22:ResultClaim ; cd22:source source:s ; cd22:status status:draft .", ""),
        ("claim:c a cd22:PooledClaim ; cd22:source source:s ; cd22:status status:withdrawn .", ""),
        ("claim:c a cd22:ResultClaim ; cd22:source source:r . source:r cd22:retracted true .", ""),
    ],
    "inverse": [
        (
            "cd22:supersededBy owl:inverseOf cd22:supersedes . claim:a cd22:supersedes claim:b .",
            "claim:b cd22:supersededBy claim:a .",
        ),
        (
            "cd22:supersededBy owl:inverseOf cd22:supersedes . claim:a cd22:supersededBy claim:b .",
            "claim:b cd22:supersedes claim:a .",
        ),
        ("cd22:supersededBy owl:inverseOf cd22:supersedes . claim:a cd22:refines claim:b .", ""),
    ],
    "relation-certain": [
        (
            """claim:a cd22:relation <http://example.org/r> .
            <http://example.org/r> cd22:relationType relation-type:repeats ; cd22:target claim:b ;
            cd22:certainty certainty:certain .
            relation-type:repeats cd22:directProperty cd22:repeats .""",
            "claim:a cd22:repeats claim:b .",
        ),
        (
            """claim:a cd22:relation <http://example.org/r> .
            <http://example.org/r> cd22:relationType relation-type:repeats ; cd22:target claim:b ;
            cd22:certainty certainty:likely .
            relation-type:repeats cd22:directProperty cd22:repeats .""",
            "",
        ),
        (
            """claim:a cd22:relation <http://example.org/r> .
            <http://example.org/r> cd22:relationType relation-type:repeats ; cd22:target claim:b ;
            cd22:certainty certainty:ambiguous .
            relation-type:repeats cd22:directProperty cd22:repeats .""",
            "",
        ),
    ],
    "repeats-derived": [
        ("claim:a cd22:repeats claim:b .", "claim:a prov:wasDerivedFrom claim:b ."),
        ("claim:a cd22:confirms claim:b .", ""),
    ],
    "subset-transitive": [
        (
            "cohort:a cd22:subsetOf cohort:b . cohort:b cd22:subsetOf cohort:c . cohort:c cd22:subsetOf cohort:d .",
            "cohort:a cd22:subsetOf cohort:c , cohort:d . cohort:b cd22:subsetOf cohort:d .",
        ),
        ("cohort:a cd22:overlaps cohort:b . cohort:b cd22:overlaps cohort:c .", ""),
    ],
    "superseded-claim": [
        ("claim:b cd22:supersededBy claim:a .", "claim:b a cd22:SupersededClaim ."),
        ("claim:a cd22:supersedes claim:b .", ""),
    ],
    "symmetric": [
        (
            "cd22:overlaps a owl:SymmetricProperty . cohort:a cd22:overlaps cohort:b .",
            "cohort:b cd22:overlaps cohort:a .",
        ),
        ("cd22:overlaps a owl:SymmetricProperty . cohort:a cd22:subsetOf cohort:b .", ""),
    ],
    "therapy-group": [
        (
            """therapy:p a cd22:TherapyProduct ; skos:broader therapy:g .
            therapy:g a cd22:TherapyGroup ; skos:broader therapy:above .
            therapy:above a cd22:TherapyGroup .""",
            """therapy:p cd22:therapyGroup therapy:g . therapy:g cd22:therapyGroup therapy:g .
            therapy:above cd22:therapyGroup therapy:above .""",
        ),
        ("therapy:p a cd22:TherapyProduct ; skos:broader outcome:g . outcome:g a cd22:Outcome .", ""),
    ],
}


def triples(turtle: str) -> set[Triple]:
    """Return the triples of Turtle in which our prefixes are known."""
    head = "".join(f"@prefix {prefix}: <{base}> .\n" for prefix, base in PREFIXES.items())
    return {quad.triple for quad in parse(head + turtle, format=RdfFormat.TURTLE)}


def loaded(found: set[Triple]) -> OxigraphStore:
    """Return a store that holds the triples in a graph."""
    store = OxigraphStore()
    store.load(Quad(t.subject, t.predicate, t.object, NamedNode("http://example.org/graph")) for t in found)
    return store


@pytest.mark.parametrize(
    ("name", "given_turtle", "expected"),
    [
        pytest.param(name, before, after, id=f"{name}-{number}")
        for name, cases in sorted(CASES.items())
        for number, (before, after) in enumerate(cases)
    ],
)
def test_rule(name: str, given_turtle: str, expected: str) -> None:
    """A rule derives these triples from those, and nothing else."""
    inferred = apply_rules(loaded(triples(given_turtle)), [RULES[name]])

    assert triples(expected) == {quad.triple for quad in inferred}


def test_every_rule_has_a_case() -> None:
    """No rule is without a case, and no case without a rule."""
    assert sorted(CASES) == sorted(RULES)
    assert [name for name, cases in CASES.items() if not cases[0][1]] == []


@pytest.mark.parametrize("name", sorted(RULES))
def test_rule_has_a_header(name: str) -> None:
    """A rule file says in its first lines what it derives, and why."""
    header = "\n".join(line[3:] for line in RULES[name].text.splitlines() if line.startswith("#+"))
    fields: dict[str, Any] = parse_yaml(header, name)[0].plain()

    assert sorted(fields) == ["description", "summary"]
    assert RULES[name].text.startswith("#+ summary: ")
    assert all(fields.values())


def test_inferred_quads_stand_in_their_own_graph() -> None:
    """What follows goes to the inferred graph, in the store and in the result, in a fixed order."""
    store = loaded(triples("cohort:a cd22:subsetOf cohort:b . cohort:b cd22:subsetOf cohort:c , cohort:d ."))
    inferred = apply_rules(store, [RULES["subset-transitive"]])

    assert {GRAPH_INFERRED} == {quad.graph_name.value for quad in inferred if isinstance(quad.graph_name, NamedNode)}
    assert set(inferred) <= set(store.quads())
    assert tuple(sorted(inferred, key=str)) == inferred
    assert len(inferred) == 2


def test_what_is_stated_is_not_inferred() -> None:
    """A triple that a file states stays where it was stated."""
    store = loaded(triples("cd22:overlaps a owl:SymmetricProperty . cohort:a cd22:overlaps cohort:b ."))
    store.load([Quad(t.subject, t.predicate, t.object) for t in triples("cohort:b cd22:overlaps cohort:a .")])

    assert apply_rules(store, [RULES["symmetric"]]) == ()


@CALM
@given(st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=14))
def test_rules_come_to_an_end(edges: set[tuple[int, int]]) -> None:
    """On any hierarchy, circular ones too, the rules end with exactly the concepts that can be reached."""

    def concept(number: int) -> NamedNode:
        return NamedNode(f"http://example.org/{number}")

    reached = set(edges)
    while step := {(a, d) for a, b in reached for c, d in reached if b == c} - reached:
        reached |= step
    store = loaded({Triple(concept(a), NamedNode(SKOS + "broader"), concept(b)) for a, b in edges})
    inferred = apply_rules(store, [RULES["broader-transitive"]])
    expected = {Triple(concept(a), NamedNode(SKOS + "broaderTransitive"), concept(b)) for a, b in reached}

    assert expected == {quad.triple for quad in inferred}


def test_nothing_new_follows_from_what_was_inferred() -> None:
    """Applied again to their own result, the rules derive nothing: it is a fixed point."""
    store = loaded(set().union(*(triples(before) for cases in CASES.values() for before, _ in cases)))

    assert apply_rules(store, read_rules())
    assert apply_rules(store, read_rules()) == ()


def test_rules_without_an_end_are_stopped() -> None:
    """A rule that mints a new term each round is an error after a number of rounds."""
    rule = Rule("mint", "CONSTRUCT { ?new a ?c } WHERE { ?s a ?c BIND(IRI(CONCAT(STR(?s), 'x')) AS ?new) }")
    store = loaded(triples("claim:a a cd22:Claim ."))
    with pytest.raises(QueryError, match=f"do not come to an end in {rules_module.MAX_ROUNDS} rounds"):
        apply_rules(store, [rule])


@pytest.mark.parametrize("text", ["SELECT * WHERE { ?s ?p ?o }", "ASK { ?s ?p ?o }"], ids=["select", "ask"])
def test_rule_that_is_no_construct_is_refused(text: str) -> None:
    """A rule that builds nothing is named in an error."""
    with pytest.raises(QueryError, match="the rule `odd` is not a CONSTRUCT"):
        apply_rules(loaded(triples("claim:a a cd22:Claim .")), [Rule("odd", text)])
