"""Claims of the graph as objects: what their files state comes back."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from pydantic import ValidationError
from pyoxigraph import Literal, NamedNode, Quad

import cd22kg
from cd22kg.build import assemble, packaged_claims
from cd22kg.errors import QueryError
from cd22kg.graph import KnowledgeGraph
from cd22kg.model import Claim, Corpus
from cd22kg.namespaces import CD22, GRAPH_CLAIMS, iri
from cd22kg.store import OxigraphStore


@cache
def corpus() -> tuple[Corpus, KnowledgeGraph]:
    """Return the packaged claims as their files state them, and the graph made of them."""
    store = OxigraphStore()
    assembly = assemble(store, packaged_claims())
    return assembly.reading.corpus, KnowledgeGraph(store, assembly.quads)


def alike(value: Any) -> Any:
    """Return a dump with the lists of names in a fixed order, as a graph has none."""
    if isinstance(value, dict):
        return {key: alike(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        items = [alike(each) for each in value]
        return sorted(items) if all(isinstance(each, str) for each in items) else items
    return value


def test_every_claim_comes_back_as_its_file_states_it() -> None:
    """Each field of each claim is read back, numbers by value, with the source that the file is of."""
    files, graph = corpus()
    stated = {claim.id: (file.source.id, claim) for file in files.files for claim in file.claims}
    found = {claim.id: claim for claim in graph.claims()}

    assert set(found) == set(stated)
    for name, (source, claim) in stated.items():
        assert found[name].source == source
        assert type(found[name].stated) is type(claim)
        assert alike(found[name].stated.model_dump()) == alike(claim.model_dump())


def test_one_claim() -> None:
    """A claim has its figure, its class and what rules conclude, and reads as a sentence."""
    claim = corpus()[1].claim("shah-2020-cr")

    assert claim.type == "ResultClaim"
    assert claim.iri == "https://w3id.org/cd22kg/claim/shah-2020-cr"
    assert "EfficacyClaim" in claim.inferred
    assert claim.measurement is not None
    assert claim.measurement.events is not None
    assert str(claim) == f"{claim.statement} [shah-2020; shah-2020-cr]"
    assert (claim.therapy, claim.outcome, claim.indication, claim.cohort) == (
        claim.stated.therapy,
        claim.stated.outcome,
        claim.stated.indication,
        claim.stated.cohort,
    )
    assert claim.relations == claim.stated.relations
    with pytest.raises(ValidationError):
        claim.stated.therapy = "auto3"


@pytest.mark.parametrize(
    ("parameters", "exact"),
    [
        ({"therapy": "cd22-mono-car-t"}, False),
        ({"therapy": "cd22-mono-car-t"}, True),
        ({"indication": "B-ALL", "outcome": "CR"}, False),
        ({"antigen": "CD20"}, False),
        ({"source": "fry-2018"}, False),
    ],
)
def test_claims_are_those_of_the_question(parameters: dict[str, str], exact: bool) -> None:
    """The objects are the rows of the question `claims`, which takes the same values."""
    graph = corpus()[1]
    expected = [row["claim"] for row in graph.ask("claims", parameters, exact=exact)]

    assert [claim.iri for claim in graph.claims(exact=exact, **parameters)] == list(dict.fromkeys(expected))
    assert expected


def test_unknown_claim_and_parameter() -> None:
    """What is not there is an error that helps."""
    graph = corpus()[1]
    with pytest.raises(QueryError) as caught:
        graph.claim("shah-2020-c")
    assert "shah-2020-cr" in caught.value.hint
    with pytest.raises(QueryError, match="has no parameter `dose`"):
        graph.claims(dose="1")


def test_claim_that_is_not_as_the_model_has_it() -> None:
    """A store that was not built from claim files may hold anything; what does not fit is told."""
    subject, graph = NamedNode(iri("claim", "odd")), NamedNode(GRAPH_CLAIMS + "odd")
    facts: dict[str, NamedNode | Literal] = {
        "source": NamedNode(iri("source", "odd")),
        "statement": Literal("It is odd."),
        "locator": Literal(" "),
    }
    store = OxigraphStore()
    kind = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
    store.load([Quad(subject, NamedNode(CD22 + name), value, graph) for name, value in facts.items()])
    with pytest.raises(QueryError, match="is no claim"):
        KnowledgeGraph(store).claim("odd")
    store.load([Quad(subject, kind, NamedNode(CD22 + "StatementClaim"), graph)])
    with pytest.raises(QueryError, match="not as the model has it"):
        KnowledgeGraph(store).claim("odd")


def test_rdflib_graph_is_made_once() -> None:
    """The graph for rdflib is the same one each time, and holds every triple."""
    graph = cd22kg.load()

    assert graph.graph is graph.graph
    assert len(graph.graph) == len({(q.subject, q.predicate, q.object) for q in graph.quads})


def test_claim_is_the_class_of_the_model() -> None:
    """Whoever has claims from files can treat those of a graph alike."""
    assert all(isinstance(claim.stated, Claim) for claim in corpus()[1].claims(source="fry-2018"))
