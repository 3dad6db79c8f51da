"""Every claim file: it reads without fault, it validates in an editor, and as YAML-LD it says the same."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from pyld import jsonld
from pyoxigraph import Literal, Quad

from cd22kg.claims import Reading, json_schema, read_claims
from cd22kg.model import (
    ANY_KIND,
    CLAIM_TYPES,
    DEFAULT_CLAIM_TYPE,
    Cohort,
    Corpus,
    Measurement,
    Model,
    Source,
    SourceFile,
    Study,
    Term,
    Vocabulary,
    terms,
)
from cd22kg.namespaces import BASE, CD22, CONCEPT_KINDS, STANDARD_PREFIXES
from cd22kg.rdf import corpus_quads

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "claims").glob("*.yaml"))
CONTEXT = json.loads((ROOT / "ontology" / "context.jsonld").read_text(encoding="utf-8"))["@context"]
SCHEMA = json.loads((ROOT / "docs" / "schema" / "claims.schema.json").read_text(encoding="utf-8"))
SECTIONS = ("studies", "cohorts", "claims")
EDITOR_LINE = "# yaml-language-server: $schema=../docs/schema/claims.schema.json"

TYPE = STANDARD_PREFIXES["rdf"] + "type"
XSD = STANDARD_PREFIXES["xsd"]
#: Datatypes of dates; JSON-LD has one datatype per key, so a date stays plain text there.
DATES = {XSD + name for name in ("date", "gYearMonth", "gYear")}

#: A value: kind and text of an IRI or literal with its datatype, or the facts of a part.
Value = tuple[Any, ...]
#: Subject, property, value.
Fact = tuple[str, str, Value]


@pytest.fixture(scope="module")
def reading(vocabulary: Vocabulary) -> Reading:
    """Return what all files say together."""
    return read_claims(FILES, vocabulary, names={path: f"claims/{path.name}" for path in FILES})


def as_text(path: Path) -> dict[str, Any]:
    """Return the content of a file with all its values as text."""
    document: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506  # text
    return document


def file_of(reading: Reading, path: Path) -> SourceFile:
    """Return what one file says."""
    return next(file for file in reading.corpus.files if file.source.id == path.stem)


def nested(facts: Iterable[Fact], parts: set[str]) -> list[Fact]:
    """Return the facts, sorted, each part replaced by its own facts: what a part is called no longer matters."""
    about: dict[str, list[tuple[str, Value]]] = defaultdict(list)
    for subject, predicate, value in facts:
        about[subject].append((predicate, value))

    def fold(value: Value) -> Value:
        if value[0] == "part":
            return ("part", tuple(sorted((p, fold(v)) for p, v in about[value[1]])))
        return value

    return sorted((s, p, fold(v)) for s, found in about.items() if s not in parts for p, v in found)


def from_quads(quads: Iterable[Quad]) -> list[Fact]:
    """Return the facts of our own reading; a part is what has an IRI with a fragment below its owner's."""
    facts: list[Fact] = []
    parts: set[str] = set()
    for quad in quads:
        subject, predicate = quad.subject.value, quad.predicate.value  # type: ignore[union-attr]  # no triple terms
        if isinstance(quad.object, Literal):
            value: Value = ("literal", quad.object.value, quad.object.datatype.value)
        elif quad.object.value.startswith(BASE) and "#" in quad.object.value.removeprefix(CD22):  # type: ignore[union-attr]
            value = ("part", quad.object.value)  # type: ignore[union-attr]  # parts have IRIs
            parts.add(value[1])
        else:
            value = ("IRI", quad.object.value)  # type: ignore[union-attr]  # no blank nodes here
        facts.append((subject, predicate, value))
    plain = [
        (s, p, ("literal", v[1], XSD + "string") if v[0] == "literal" and v[2] in DATES else v) for s, p, v in facts
    ]
    return nested([fact for fact in plain if not (fact[1] == TYPE and fact[0] in parts)], parts)


def from_json_ld(document: dict[str, Any]) -> list[Fact]:
    """Return the facts of a file as any JSON-LD processor reads them, with the context and nothing else of ours."""

    def no_other(address: str, _options: Any) -> Any:
        raise AssertionError(f"the context asks for {address}")

    dataset = jsonld.to_rdf({"@context": CONTEXT, **document}, {"documentLoader": no_other, "base": ""})
    facts: list[Fact] = []
    parts: set[str] = set()
    for triple in dataset["@default"]:
        thing = triple["object"]
        if thing["type"] == "literal":
            value: Value = ("literal", thing["value"], thing["datatype"])
        elif thing["type"] == "blank node":
            value = ("part", thing["value"])
            parts.add(thing["value"])
        else:
            value = ("IRI", thing["value"])
        facts.append((triple["subject"]["value"], triple["predicate"]["value"], value))
    assert list(dataset) == ["@default"]
    return nested(facts, parts)


def default_types(file: SourceFile) -> list[Fact]:
    """Return the types that go without saying in a file: of a study, of a cohort, and of a result."""
    return [
        (BASE + f"{thing.kind}/{thing.id}", TYPE, ("IRI", CD22 + thing.class_name))
        for thing in file.things()
        if isinstance(thing, Study | Cohort) or thing.class_name == DEFAULT_CLAIM_TYPE
    ]


def test_all_files_together(reading: Reading) -> None:
    """No file has a fault, and none is left out."""
    assert [str(problem) for problem in reading.problems] == []
    assert [file.source.id for file in reading.corpus.files] == [path.stem for path in FILES]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_file_is_read_whole(path: Path, reading: Reading) -> None:
    """Each entry of the file is in the corpus, in the order of the file, with the id it has there."""
    document = as_text(path)
    file = file_of(reading, path)
    expected = [(section, entry["id"]) for section in SECTIONS for entry in document.get(section, [])]
    kinds = {"study": "studies", "cohort": "cohorts", "claim": "claims"}

    assert [(kinds[thing.kind], thing.id) for thing in file.things() if thing.kind in kinds] == expected


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_file_begins_with_its_schema(path: Path) -> None:
    """The first line tells editors where the schema is."""
    assert path.read_text(encoding="utf-8").splitlines()[0] == EDITOR_LINE


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_file_validates(path: Path) -> None:
    """An editor that knows the schema finds no fault in the file."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    errors = Draft202012Validator(SCHEMA).iter_errors(document)

    assert [f"{error.json_path}: {error.message}" for error in errors] == []


def test_schema_is_a_schema(vocabulary: Vocabulary) -> None:
    """The schema is valid JSON Schema of its draft."""
    Draft202012Validator.check_schema(json_schema(vocabulary))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"claims": [{"id": "x"}]}, "is not valid under any of the given schemas"),
        ({"sources": {}}, "Additional properties are not allowed"),
        ({"cohorts": [{"id": "x", "size": "many"}]}, "does not match"),
        ({"cohorts": [{"id": "x", "ageGroup": "old"}]}, "is not one of"),
        ({"cohorts": [{"id": "X y"}]}, "does not match"),
        ({"cohorts": [{"id": "x", "overlaps": "y"}]}, "is not of type 'array'"),
        ({"studies": {"id": "x"}}, "is not of type 'array'"),
    ],
    ids=["claim", "section", "number", "concept", "slug", "list", "section that is no list"],
)
def test_schema_finds_faults(change: dict[str, Any], message: str) -> None:
    """The schema is not so wide that everything fits."""
    document = {"source": {"id": "x", "type": "WebPage"}, **change}
    errors = [error.message for error in Draft202012Validator(SCHEMA).iter_errors(document)]

    assert len(errors) == 1
    assert message in errors[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_yaml_ld_says_the_same(path: Path, reading: Reading) -> None:
    """Read as YAML-LD, the file gives our triples but for the types of parts and those that go without saying."""
    file = file_of(reading, path)
    ours = from_quads(corpus_quads(Corpus((file,))))

    assert ours == sorted([*from_json_ld(as_text(path)), *default_types(file)])


LINKING: tuple[type[Model], ...] = (Source, Study, Cohort, Measurement, *CLAIM_TYPES.values())


def documents(model: type[Model], key: str, value: Any) -> dict[str, Any]:
    """Return a file in which one key of one thing has the value."""
    thing = {"id": "x", key: value}
    if model is Source:
        return {"source": thing}
    section = {Study: "studies", Cohort: "cohorts"}.get(model, "claims")
    if model is Measurement:
        thing = {"id": "x", "measurement": {key: value}}
    return {"source": {"id": "s"}, section: [thing]}


@pytest.mark.parametrize(
    ("model", "term"),
    [
        pytest.param(model, term, id=f"{model.__name__}-{term.key}")
        for model in LINKING
        for term in terms(model)
        if term.role == "link" and term.kind != ANY_KIND
    ],
)
def test_every_slug_is_a_slug_in_yaml_ld(model: type[Model], term: Term, vocabulary: Vocabulary) -> None:
    """A slug or sign leads to its concept, even where it is spelt like a key: the bound `about` is not the key."""
    keys = ("about", "claims", "cohort", "direction", "id", "source", "type", "unit")
    slugs = vocabulary.slugs(term.kind) if term.kind in CONCEPT_KINDS else keys
    named = {slug: slug for slug in slugs} | vocabulary.signs(term.kind)
    found = from_json_ld(documents(model, term.key, list(named)))
    values = {value for _, _, value in flat(found)}

    assert {("IRI", f"{BASE}{term.kind}/{slug}") for slug in named.values()} <= values
    assert not {value for value in values if value[0] == "IRI" and value[1].startswith(CD22)}


def flat(facts: list[Fact]) -> list[Fact]:
    """Return the facts together with those of their parts."""
    inside = [(s, p, v) for s, _, value in facts if value[0] == "part" for p, v in value[1]]
    return [*facts, *flat(inside)] if inside else facts


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_claim_has_a_place(path: Path, reading: Reading) -> None:
    """Each thing of the file can be found again at the line where its entry begins."""
    lines = path.read_text(encoding="utf-8").splitlines()
    file = file_of(reading, path)

    for thing in file.things():
        place = reading.sourcemap.locate(BASE + f"{thing.kind}/{thing.id}")
        assert place is not None
        assert place.file == f"claims/{path.name}"
        assert lines[place.line - 1][place.column - 1 :] == f"id: {thing.id}"


def test_comparison_can_fail(reading: Reading) -> None:
    """The comparison with YAML-LD sees a changed figure, down in a part."""
    file = next(file for file in reading.corpus.files if any(claim.measurement for claim in file.claims))
    quads = list(corpus_quads(Corpus((file,))))
    changed = [
        Quad(q.subject, q.predicate, Literal("987", datatype=q.object.datatype), q.graph_name)
        if q.predicate.value == CD22 + "total" and isinstance(q.object, Literal)
        else q
        for q in quads
    ]

    assert from_quads(quads) != from_quads(changed)
