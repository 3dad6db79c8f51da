"""The JSON Schema that editors use for claim files, read off the model and the concept lists."""

from __future__ import annotations

from typing import Any

from cd22kg.model import (
    ANY_KIND,
    CLAIM_TYPES,
    DEFAULT_CLAIM_TYPE,
    Cohort,
    Model,
    Source,
    Study,
    Term,
    Vocabulary,
    terms,
)
from cd22kg.namespaces import BASE, CONCEPT_KINDS

_SCALARS: dict[str, dict[str, Any]] = {
    "integer": {"type": ["integer", "string"], "pattern": "^-?[0-9]+$"},
    "decimal": {"type": ["number", "string"], "pattern": "^-?[0-9]+([.][0-9]+)?$"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "pattern": "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"},
    "anyURI": {"type": "string", "pattern": "^https?://"},
    "string": {"type": "string", "minLength": 1},
}
_SLUG = {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"}


def json_schema(vocabulary: Vocabulary) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a claim file, with every slug of the concept lists for completion."""
    claims = [_claim(name, vocabulary) for name in CLAIM_TYPES]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": BASE + "schema/claims.schema.json",
        "$comment": "CC0 1.0. Generated from the model by `cd22kg export schema`.",
        "title": "cd22kg claim file",
        "description": "One source with the studies, cohorts and claims it reports.",
        "type": "object",
        "required": ["source"],
        "additionalProperties": False,
        "properties": {
            "source": _object(Source, vocabulary),
            "studies": {"type": "array", "items": _object(Study, vocabulary)},
            "cohorts": {"type": "array", "items": _object(Cohort, vocabulary)},
            "claims": {"type": "array", "items": {"oneOf": claims}},
        },
    }


def _claim(name: str, vocabulary: Vocabulary) -> dict[str, Any]:
    schema = _object(CLAIM_TYPES[name], vocabulary)
    schema["properties"] = {"type": {"const": name}, **schema["properties"]}
    if name != DEFAULT_CLAIM_TYPE:
        schema["required"] = ["type", *schema["required"]]
    return schema


def _object(model: type[Model], vocabulary: Vocabulary) -> dict[str, Any]:
    found = terms(model)
    summary = (model.__doc__ or "").strip().splitlines()[0]
    return {
        "type": "object",
        "description": summary,
        "additionalProperties": False,
        "required": [term.key for term in found if term.required],
        "properties": {term.key: _value(model, term, vocabulary) for term in found},
    }


def _value(model: type[Model], term: Term, vocabulary: Vocabulary) -> dict[str, Any]:
    match term.role:
        case "identity":
            return _SLUG
        case "class":
            return {"enum": list(class_names(model, term))}
        case "nested":
            assert term.model is not None  # noqa: S101  # `terms` gives every nested term its class
            value = _object(term.model, vocabulary)
        case "link" if term.kind in CONCEPT_KINDS:
            value = {"enum": [*vocabulary.slugs(term.kind), *sorted(vocabulary.signs(term.kind))]}
        case "link" if term.kind == ANY_KIND:
            value = {"type": "string", "pattern": "^[a-z-]+/[a-z0-9-]+$"}
        case "link":
            value = _SLUG
        case _:
            value = _SCALARS[term.datatype]
    return {"type": "array", "items": value} if term.many else value


def class_names(model: type[Model], term: Term) -> tuple[str, ...]:
    """Return the classes that the `type` key of a model may name."""
    from typing import get_args

    return tuple(get_args(model.model_fields[term.field].annotation))
