"""The claim and what it links: the one mapping from the keys of claim files to the terms of the ontology."""

from cd22kg.model.claim import (
    CLAIM_TYPES,
    DEFAULT_CLAIM_TYPE,
    AssociationClaim,
    Claim,
    ClaimRelation,
    ComparisonClaim,
    PooledClaim,
    PublishedInconsistency,
    ResultClaim,
    StatementClaim,
)
from cd22kg.model.cohort import Cohort, CohortPart, Study
from cd22kg.model.corpus import Concept, Corpus, SourceFile, Vocabulary
from cd22kg.model.measurement import Measurement
from cd22kg.model.source import Source
from cd22kg.model.terms import ANY_KIND, Link, Model, Term, links, terms

#: Every kind of entry and part of a claim file.
MODELS: tuple[type[Model], ...] = (
    Claim,
    *CLAIM_TYPES.values(),
    ClaimRelation,
    Cohort,
    CohortPart,
    Measurement,
    PublishedInconsistency,
    Source,
    Study,
)

__all__ = [
    "ANY_KIND",
    "CLAIM_TYPES",
    "DEFAULT_CLAIM_TYPE",
    "MODELS",
    "AssociationClaim",
    "Claim",
    "ClaimRelation",
    "Cohort",
    "CohortPart",
    "ComparisonClaim",
    "Concept",
    "Corpus",
    "Link",
    "Measurement",
    "Model",
    "PooledClaim",
    "PublishedInconsistency",
    "ResultClaim",
    "Source",
    "SourceFile",
    "StatementClaim",
    "Study",
    "Term",
    "Vocabulary",
    "links",
    "terms",
]
