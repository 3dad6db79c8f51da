"""The JSON-LD context that makes a claim file YAML-LD, read off the model and the signs of the concept lists.

The file's node is the source: ``source:`` is ``@nest``, and ``studies``, ``cohorts`` and ``claims`` point back to it.
Slugs resolve against the base of their key. Parts such as a measurement are blank nodes here, while the
graph gives them IRIs; that is the one difference, and a test holds the two readings together.
"""

from __future__ import annotations

from typing import Any

from cd22kg.model import ANY_KIND, CLAIM_TYPES, Cohort, Model, Source, Study, Term, Vocabulary, terms
from cd22kg.namespaces import BASE, CD22, STANDARD_PREFIXES

_XSD = STANDARD_PREFIXES["xsd"]


def json_ld_context(vocabulary: Vocabulary) -> dict[str, Any]:
    """Return the JSON-LD 1.1 context of a claim file."""
    claim: dict[str, Any] = {}
    for model in CLAIM_TYPES.values():
        claim |= _scope(model, vocabulary)
    sections = {
        "studies": ("describedIn", _scope(Study, vocabulary) | {"@base": f"{BASE}study/"}),
        "cohorts": ("describedIn", _scope(Cohort, vocabulary) | {"@base": f"{BASE}cohort/"}),
        "claims": ("source", claim | {"@base": f"{BASE}claim/", "type": "@type", "@vocab": CD22}),
    }
    back = {
        key: {"@reverse": CD22 + predicate, "@type": "@id", "@context": scope}
        for key, (predicate, scope) in sections.items()
    }
    source = _scope(Source, vocabulary)
    return {
        "@context": {"@version": 1.1, "@base": f"{BASE}source/", "@vocab": CD22, **source, "source": "@nest", **back}
    }


def _scope(model: type[Model], vocabulary: Vocabulary) -> dict[str, Any]:
    return {term.key: _definition(term, vocabulary) for term in terms(model)}


def _definition(term: Term, vocabulary: Vocabulary) -> Any:
    if term.role == "identity":
        return "@id"
    if term.role == "class":
        return "@type"
    definition: dict[str, Any] = {"@id": term.predicate}
    if term.role == "nested":
        assert term.model is not None  # noqa: S101  # `terms` gives every nested term its class
        definition["@context"] = _scope(term.model, vocabulary)
    elif term.role == "literal":
        if term.datatype not in ("string", "date"):
            definition["@type"] = _XSD + term.datatype
    elif signs := vocabulary.signs(term.kind):
        # A sign such as `%` is no relative IRI, so these go through terms; slugs too, as one may be a key (`about`).
        base = f"{BASE}{term.kind}/"
        names = {slug: base + slug for slug in vocabulary.slugs(term.kind)}
        names |= {sign: base + slug for sign, slug in sorted(signs.items())}
        definition |= {"@type": "@vocab", "@context": {"@vocab": base, **names}}
    else:
        base = BASE if term.kind == ANY_KIND else f"{BASE}{term.kind}/"
        definition |= {"@type": "@id", "@context": {"@base": base}}
    return definition
