"""The model is the one mapping: ontology, shapes, context and schema say what its terms say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from rdflib import OWL, RDF, RDFS, SH, XSD, Graph, URIRef

from cd22kg.model import (
    ANY_KIND,
    CLAIM_TYPES,
    DEFAULT_CLAIM_TYPE,
    MODELS,
    Link,
    Model,
    Source,
    StatementClaim,
    Term,
    Vocabulary,
    links,
    terms,
)
from cd22kg.namespaces import BASE, CD22, CONCEPT_KINDS, ENTITY_KINDS, KINDS
from tests.conftest import Cli

ROOT = Path(__file__).resolve().parents[1]
TERMS = [pytest.param(model, term, id=f"{model.__name__}-{term.key}") for model in MODELS for term in terms(model)]
PROPERTIES = [
    pytest.param(model, term, id=f"{model.__name__}-{term.key}")
    for model in MODELS
    for term in terms(model)
    if term.predicate
]
PREDICATES = sorted({term.predicate for model in MODELS for term in terms(model) if term.predicate.startswith(CD22)})

#: Properties of concepts: the concept lists state them, no claim file does.
OF_CONCEPTS = {
    "binder",
    "cellOrigin",
    "construct",
    "costimulatoryDomain",
    "developer",
    "directProperty",
    "gradeThreshold",
    "higherIsBetter",
    "outcomeKind",
    "partOf",
    "shortLabel",
    "targets",
    "unverifiedIdentifier",
}
#: Properties that rules infer.
INFERRED = {"confirms", "contradicts", "refines", "repeats", "supersededBy", "supersedes", "therapyGroup", "within"}
#: Properties that the build computes.
COMPUTED = {"clopperPearsonLower", "clopperPearsonUpper", "wilsonLower", "wilsonUpper"}
#: Properties that rules and reports read.
OF_RULES = {"expects", "field", "mayBePublished"}
#: Properties that follow from where a thing stands in a file.
OF_THE_FILE = {"describedIn", "source"}


def ontology() -> Graph:
    """Return the terms of the ontology."""
    return Graph().parse(ROOT / "ontology" / "cd22kg.ttl")


def shapes() -> Graph:
    """Return every shape."""
    graph = Graph()
    for path in sorted((ROOT / "shapes").glob("*.ttl")):
        graph.parse(path)
    return graph


ONTOLOGY = ontology()
SHAPES = shapes()
CONTEXT: dict[str, Any] = json.loads((ROOT / "ontology" / "context.jsonld").read_text(encoding="utf-8"))["@context"]


def local(iri: str) -> str:
    """Return the local name of a term of ours."""
    return iri.removeprefix(CD22)


def definitions(scope: Any) -> Iterator[tuple[str, Any]]:
    """Yield every key of a context and of the contexts inside it, with its definition."""
    if isinstance(scope, dict):
        for key, value in scope.items():
            if key == "@context":
                yield from definitions(value)
            elif not key.startswith("@"):
                yield key, value
                yield from definitions(value)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_field_carries_a_term(model: type[Model]) -> None:
    """Each field of a class has a complete term, in the order of the fields."""
    assert [term.field for term in terms(model)] == list(model.model_fields)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_keys_and_predicates_are_unique(model: type[Model]) -> None:
    """Within a class no two fields share a key or a property, or one would swallow the other."""
    keys = [term.key for term in terms(model)]
    predicates = [term.predicate for term in terms(model) if term.predicate]

    assert sorted(set(keys)) == sorted(keys)
    assert sorted(set(predicates)) == sorted(predicates)


def test_all_models_are_listed() -> None:
    """The classes tested here are all there are."""

    def below(model: type[Model]) -> set[type[Model]]:
        return {model, *(found for child in model.__subclasses__() for found in below(child))}

    assert {model for model in below(Model) if model.__module__.startswith("cd22kg.")} == {Model, *MODELS}


def test_one_property_has_one_form() -> None:
    """A property is a link, a part or a literal of one datatype everywhere, however many classes have it."""
    forms: dict[str, set[tuple[str, str]]] = {}
    for model in MODELS:
        for term in terms(model):
            forms.setdefault(term.predicate, set()).add((term.role, term.datatype))
    del forms[""]

    assert {predicate: form for predicate, form in forms.items() if len(form) > 1} == {}


@pytest.mark.parametrize(("model", "term"), TERMS)
def test_term_is_complete(model: type[Model], term: Term) -> None:
    """A term says what its role needs: a known kind, a datatype, a class, or none of them."""
    assert term.field in model.model_fields
    match term.role:
        case "link":
            assert term.kind in (*KINDS, ANY_KIND)
        case "literal":
            assert term.datatype in {"anyURI", "boolean", "date", "decimal", "integer", "string"}
        case "nested":
            assert term.model in MODELS
            assert term.fragment
        case _:
            assert (term.predicate, term.required) == ("", True)


@pytest.mark.parametrize(("model", "term"), TERMS)
def test_many_and_required_follow_the_annotation(model: type[Model], term: Term) -> None:
    """A list has an empty tuple as its default, a single value nothing, and a required one no default."""
    field = model.model_fields[term.field]

    assert term.required == field.is_required()
    if not term.required:
        assert field.default == (() if term.many else None)


def test_field_without_a_term() -> None:
    """A field that somebody adds without a mark is an error at once, not a value that is lost."""

    class Broken(Model):
        marked: Annotated[str, Term("identity")]
        plain: str

    with pytest.raises(TypeError, match=r"Broken\.plain carries no term"):
        terms(Broken)


def test_kind_of_every_thing() -> None:
    """Whatever has an identity says which kind its slug belongs to."""
    with_id = {model for model in MODELS if any(term.role == "identity" for term in terms(model))}

    assert {model.kind for model in with_id} == set(ENTITY_KINDS)
    assert {model.kind for model in set(MODELS) - with_id} == {""}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_class_is_declared(model: type[Model]) -> None:
    """The class of every object is a class of the ontology."""
    assert (URIRef(CD22 + model.__name__), RDF.type, OWL.Class) in ONTOLOGY


@pytest.mark.parametrize("name", CLAIM_TYPES)
def test_claim_class_is_a_claim(name: str) -> None:
    """Each kind of claim is a subclass of claim, so that a query for claims finds it."""
    assert (URIRef(CD22 + name), RDFS.subClassOf, URIRef(CD22 + "Claim")) in ONTOLOGY


def test_source_classes_are_sources() -> None:
    """The types of sources are exactly the subclasses of source."""
    types = Source.model_fields["type"].annotation.__args__  # type: ignore[union-attr]  # a Literal has arguments

    assert {local(str(cls)) for cls in ONTOLOGY.subjects(RDFS.subClassOf, URIRef(CD22 + "Source"))} == set(types)


@pytest.mark.parametrize(("model", "term"), PROPERTIES)
def test_property_is_declared(model: type[Model], term: Term) -> None:
    """A property is declared; ours with the kind and the range that its term says."""
    declared = set(ONTOLOGY.objects(URIRef(term.predicate), RDF.type))
    if not term.predicate.startswith(CD22):
        assert declared or term.predicate.startswith(str(RDFS))
        return
    ranges = {str(found) for found in ONTOLOGY.objects(URIRef(term.predicate), RDFS.range)}
    if term.role == "literal" and term.datatype == "date":
        assert OWL.AnnotationProperty in declared
    elif term.role == "literal":
        assert OWL.DatatypeProperty in declared
        assert ranges <= {str(XSD[term.datatype])}
    else:
        assert OWL.ObjectProperty in declared
        assert ranges <= {CD22 + expected_class(term)} or term.kind == ANY_KIND


def expected_class(term: Term) -> str:
    """Return the class of what a link or a part leads to."""
    if term.model is not None:
        return term.model.__name__
    return term.kind.capitalize() if term.kind in ENTITY_KINDS else CONCEPT_KINDS.get(term.kind, "")


@pytest.mark.parametrize("predicate", PREDICATES, ids=local)
def test_property_is_checked(predicate: str) -> None:
    """Every property of ours is the path of some shape."""
    assert (None, SH.path, URIRef(predicate)) in SHAPES


@pytest.mark.parametrize(("model", "term"), PROPERTIES)
def test_property_is_in_the_context(model: type[Model], term: Term) -> None:
    """Each key leads to its property in the JSON-LD context, wherever the key is defined."""
    found = {
        value["@id"]
        for key, value in definitions(CONTEXT)
        if key == term.key and isinstance(value, dict) and "@id" in value
    }

    assert term.predicate in found


def test_context_knows_no_other_property() -> None:
    """The context leads to no property that the model does not have."""
    known = {term.predicate for model in MODELS for term in terms(model)}
    found = {value["@id"] for _, value in definitions(CONTEXT) if isinstance(value, dict) and "@id" in value}

    assert found - known == set()


def test_ontology_declares_nothing_else() -> None:
    """A property of the ontology is one of the model, or has its reason to be elsewhere."""
    kinds = (OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty)
    declared = {str(found) for kind in kinds for found in ONTOLOGY.subjects(RDF.type, kind)}
    ours = {local(iri) for iri in declared if iri.startswith(CD22)}

    assert (
        ours - {local(predicate) for predicate in PREDICATES}
        == COMPUTED | OF_CONCEPTS | INFERRED | OF_RULES | OF_THE_FILE
    )


@pytest.mark.parametrize("kind", CONCEPT_KINDS)
def test_kind_has_its_class_and_members(kind: str, vocabulary: Vocabulary) -> None:
    """A kind of concepts has a class in the ontology, and at least one concept to name."""
    assert (URIRef(CD22 + CONCEPT_KINDS[kind]), RDFS.subClassOf, URIRef(CD22 + "Concept")) in ONTOLOGY
    assert vocabulary.slugs(kind)


def test_signs_are_unambiguous(vocabulary: Vocabulary) -> None:
    """A sign stands for one concept of its kind, and is no slug."""
    for kind, concepts in vocabulary.concepts.items():
        signs = [sign for concept in concepts.values() for sign in concept.notations]
        assert sorted(set(signs)) == sorted(signs), kind
        assert not set(signs) & set(concepts), kind


@pytest.mark.parametrize(
    ("command", "path"),
    [("schema", "docs/schema/claims.schema.json"), ("context", "ontology/context.jsonld")],
    ids=["schema", "context"],
)
def test_generated_file_is_up_to_date(command: str, path: str, cli: Cli, tmp_path: Path) -> None:
    """The files read off the model are those that the command writes now; `make generated` writes them again."""
    written = tmp_path / "generated"
    done = cli("export", command, "-o", written)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (ROOT / path).read_text(encoding="utf-8") == written.read_text(encoding="utf-8")


def test_links_of_a_claim() -> None:
    """Every reference of a claim and its parts is found where it stands, though the claim has faults."""
    plain = {
        "id": "x",
        "about": ["therapy/auto3", "nothing"],
        "therapy": "auto3",
        "antigen": ["cd19", "cd22"],
        "measurement": {"statistic": "proportion", "unit": "percent", "total": "3"},
        "relations": [{"type": "repeats", "target": "y"}],
        "cohort": ["wrong"],
        "nonsense": "z",
    }
    predicates = {term.key: term.predicate for term in terms(StatementClaim)}

    assert list(links(StatementClaim, plain)) == [
        Link(("therapy",), "therapy", "auto3", "", predicates["therapy"]),
        Link(("antigen", 0), "antigen", "cd19", "", predicates["antigen"]),
        Link(("antigen", 1), "antigen", "cd22", "", predicates["antigen"]),
        Link(("measurement", "statistic"), "statistic", "proportion", "measurement", CD22 + "statistic"),
        Link(("measurement", "unit"), "unit", "percent", "measurement", CD22 + "unit"),
        Link(("relations", 0, "type"), "relation-type", "repeats", "relation-1", CD22 + "relationType"),
        Link(("relations", 0, "target"), "claim", "y", "relation-1", CD22 + "target"),
        Link(("about", 0), "therapy", "auto3", "", CD22 + "about"),
        Link(("about", 1), "nothing", "", "", CD22 + "about"),
    ]


def test_default_claim_type() -> None:
    """The kind of a claim without `type` is one of the kinds."""
    assert DEFAULT_CLAIM_TYPE in CLAIM_TYPES
    assert CONTEXT["@base"] == BASE + "source/"


def test_fields_are_the_keys_of_claim_files() -> None:
    """A property that names its field names its key in the model; what a class expects has such a name."""
    graph = ontology()
    keys: dict[str, set[str]] = {}
    for model in MODELS:
        for term in terms(model):
            keys.setdefault(term.predicate, set()).add(term.key)
    fields = {str(s): str(o) for s, o in graph.subject_objects(URIRef(CD22 + "field"))}
    of_files = {predicate: name for predicate, name in fields.items() if predicate in keys}

    assert of_files
    assert {predicate: name for predicate, name in of_files.items() if keys[predicate] != {name}} == {}
    assert {str(o) for o in graph.objects(None, URIRef(CD22 + "expects"))} <= set(fields)
