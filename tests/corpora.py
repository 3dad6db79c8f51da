"""Small corpora of claims, made by hand, with the concepts of the package."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from cd22kg.graph import KnowledgeGraph
from cd22kg.model import CLAIM_TYPES, Cohort, Measurement, Source
from cd22kg.queries.claims import KnownClaim
from cd22kg.synthesis.evidence import EVIDENCE, Evidence

#: What belongs to the measurement of a claim.
_FIGURE = {field.alias or name for name, field in Measurement.model_fields.items()}


def claim(
    slug: str, /, *, kind: str = "ResultClaim", source: str = "", inferred: Iterable[str] = (EVIDENCE,), **keys: Any
) -> KnownClaim:
    """Return a claim on complete response to CD22 CAR T cells in B-ALL; keys are those of a claim file.

    Keys of the measurement stand among those of the claim; a key of nothing is left out.
    """
    figure = {name: str(value) for name, value in keys.items() if name in _FIGURE}
    rest = {name: value for name, value in keys.items() if name not in _FIGURE}
    stated = {"id": slug, "statement": "Made up.", "therapy": "cd22-mono-car-t", "indication": "b-all", "outcome": "cr"}
    if kind == "ResultClaim":
        stated["cohort"] = f"{slug}-patients"
    if kind == "StatementClaim":
        stated["about"] = ["outcome/cr"]  # type: ignore[assignment]  # a list
    if figure or kind in ("ResultClaim", "PooledClaim"):
        stated["measurement"] = {"statistic": "proportion", **figure}  # type: ignore[assignment]  # keys of its own
    keys = {name: value for name, value in {**stated, **rest}.items() if value is not None}
    known = CLAIM_TYPES[kind].model_validate(keys)
    return KnownClaim(known, source or f"{slug}-source", tuple(inferred))


def corpus(
    graph: KnowledgeGraph,
    *claims: KnownClaim,
    cohorts: Iterable[Mapping[str, Any]] = (),
    sources: Mapping[str, Mapping[str, Any]] | None = None,
) -> Evidence:
    """Return claims as evidence, with cohorts and sources of their own; what is not given is empty."""
    given = {found.id: found for found in map(Cohort.model_validate, cohorts)}
    for known in claims:
        if known.cohort and known.cohort not in given:
            given[known.cohort] = Cohort(id=known.cohort)
    named = sources or {}
    documents = {
        slug: Source.model_validate({"id": slug, "type": "JournalArticle", **named.get(slug, {})})
        for slug in {known.source for known in claims} | set(named)
    }
    return replace(
        graph.evidence, claims={known.id: known for known in claims}, cohorts=given, sources=documents, studies={}
    )
