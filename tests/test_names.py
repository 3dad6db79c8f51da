"""What a person may call a thing, and what is said where nothing or more than one thing is called that."""

from __future__ import annotations

from typing import Any

import pytest
from pyoxigraph import RdfFormat, parse

import cd22kg
from cd22kg.errors import QueryError
from cd22kg.namespaces import BASE
from cd22kg.queries.names import thing
from cd22kg.store import OxigraphStore, Store


@pytest.fixture
def store(kg: cd22kg.KnowledgeGraph) -> Store:
    """Return the packaged graph."""
    return kg.store


@pytest.mark.parametrize(
    ("kind", "text", "slug"),
    [
        ("indication", "b-all", "b-all"),
        ("indication", "indication:b-all", "b-all"),
        ("indication", f"{BASE}indication/b-all", "b-all"),
        ("indication", " B-ALL ", "b-all"),
        ("indication", "B-cell acute lymphoblastic leukemia", "b-all"),
        ("indication", "b cell\u2011acute  lymphoblastic_leukaemia", "b-all"),
        ("indication", "MONDO:0020511", "b-all"),
        ("indication", "ncit:C8644", "b-all"),
        ("indication", "http://purl.obolibrary.org/obo/MONDO_0020511", "b-all"),
        ("outcome", "complete response", "cr"),
        ("therapy", "CRG-022", "firi-cel"),
        ("therapy", "firicabtagene autoleucel", "firi-cel"),
        ("source", "nct04088890", "nct04088890"),
        ("source", "NCT04088890", "nct04088890"),
    ],
)
def test_names_of_one_thing(store: Store, kind: str, text: str, slug: str) -> None:
    """Slug, CURIE, IRI, label, synonym, outside identifier: each leads to the thing."""
    assert thing(kind, text, store).value == f"{BASE}{kind}/{slug}"


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [
        ("indication", "B-cell acute lymphoblastic leukaemias", "try b-all"),
        ("therapy", "firicabtagene", "firi-cel"),
        ("indication", "MONDO:9999999", "try "),
        ("indication", "b-all> ?p ?o . <x", "b-all"),
        ("indication", "http://e x>", "try "),
        ("indication", "", "try "),
        ("source", '10.1" } #', "try "),
        ("agency", "nobody", "try "),
        ("source", "\udcff", "half a character"),
        ("indication", "MONDO:", "try "),
        ("indication", "x" * 100_000, "try "),
    ],
)
def test_nothing_is_called_that(store: Store, kind: str, text: str, told: str) -> None:
    """What is near by slug or by label is suggested; no text reaches a query unescaped."""
    with pytest.raises(QueryError, match=f"there is no {kind} `") as caught:
        thing(kind, text, store)

    assert told in caught.value.hint
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("value", [5, b"b-all", [1], None])
def test_value_that_is_no_text(kg: cd22kg.KnowledgeGraph, value: Any) -> None:
    """What is no text is refused."""
    with pytest.raises(QueryError, match="`indication` takes text"):
        kg.query("complete-response", indication=value)


def test_text_with_half_a_character(kg: cd22kg.KnowledgeGraph) -> None:
    """Half a character is refused, in plain text too."""
    with pytest.raises(QueryError, match="is no text"):
        kg.query("missing-fields", field="\udcff")


LISTS = f"""
@prefix skos: <http://www.w3.org/2004/02/skos/core#> . @prefix cd22: <https://w3id.org/cd22kg/ontology#> .
<{BASE}indication/one> a cd22:Indication ; skos:inScheme <{BASE}scheme/indication> ; skos:prefLabel "ALL"@en ;
    skos:closeMatch <http://purl.obolibrary.org/obo/NCIT_C1> .
<{BASE}indication/two> a cd22:Indication ; skos:inScheme <{BASE}scheme/indication> ; skos:altLabel "all" .
<{BASE}source/a> a cd22:Source ; cd22:doi "10.1000/abc" ; cd22:registryId "NCT1" .
<{BASE}study/b> a cd22:Study ; cd22:registryId "NCT1" .
"""


@pytest.fixture
def small() -> OxigraphStore:
    """Return a store with few things."""
    found = OxigraphStore()
    found.load(parse(LISTS, format=RdfFormat.TURTLE))
    return found


def test_name_of_two_things(small: OxigraphStore) -> None:
    """A name of two things is an error that tells both."""
    with pytest.raises(QueryError, match="more than one indication") as caught:
        thing("indication", "All", small)

    assert caught.value.hint == "give one of: one, two"


def test_match_that_is_not_exact(small: OxigraphStore) -> None:
    """What is only close to an outside identifier is not taken for the same, but told."""
    with pytest.raises(QueryError, match="no indication is the same as `NCIT:C1`") as caught:
        thing("indication", "NCIT:C1", small)

    assert caught.value.hint == "`indication:one` has it as skos:closeMatch"


def test_identifiers_of_sources_and_studies(small: OxigraphStore) -> None:
    """A DOI in any case leads to its source; a registry number to what of the kind asked for has it."""
    assert thing("source", "https://doi.org/10.1000/abc", small).value.endswith("source/a")
    assert thing("source", " doi:10.1000/abc", small).value.endswith("source/a")
    assert thing("source", "10.1000/ABC", small).value.endswith("source/a")
    assert thing("source", "nct1", small).value.endswith("source/a")
    assert thing("study", "NCT1", small).value.endswith("study/b")


def test_kind_without_a_thing(small: OxigraphStore) -> None:
    """Where the store has nothing of a kind, that is told."""
    with pytest.raises(QueryError, match="there is no antigen") as caught:
        thing("antigen", "cd22", small)

    assert caught.value.hint == "the store has no antigen"
