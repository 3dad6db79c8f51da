"""Every IRI and prefix of the graph, in one place.

Things live below `BASE` by kind: ``https://w3id.org/cd22kg/<kind>/<slug>``. Slugs are unique within a kind.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from curies import Converter

BASE = "https://w3id.org/cd22kg/"
CD22 = BASE + "ontology#"
SHAPES = BASE + "shapes#"
#: Functions of queries, see `statistics.sparql`.
STAT = BASE + "stat#"
LICENSE = "https://creativecommons.org/publicdomain/zero/1.0/"

#: The kinds of things that claim files describe.
ENTITY_KINDS = ("claim", "cohort", "source", "study")

#: The kinds of concepts that the ontology lists, each with the class of its members.
CONCEPT_KINDS = {
    "age-group": "AgeGroup",
    "agency": "Agency",
    "antigen": "Antigen",
    "bound": "Bound",
    "certainty": "Certainty",
    "construct": "Construct",
    "counted-unit": "CountedUnit",
    "denominator": "Denominator",
    "direction": "Direction",
    "evidence-level": "EvidenceLevel",
    "factor": "Factor",
    "indication": "Indication",
    "interval-kind": "IntervalKind",
    "interval-method": "IntervalMethod",
    "jurisdiction": "Jurisdiction",
    "origin": "CellOrigin",
    "outcome": "Outcome",
    "outcome-kind": "OutcomeKind",
    "phase": "Phase",
    "pooling-model": "PoolingModel",
    "regulatory-event": "RegulatoryEvent",
    "relation-type": "RelationType",
    "scale": "Scale",
    "statement-kind": "StatementKind",
    "statistic": "Statistic",
    "status": "ClaimStatus",
    "therapy": "Therapy",
    "transformation": "Transformation",
    "trial-status": "TrialStatus",
    "unit": "Unit",
    "value-status": "ValueStatus",
}

KINDS = tuple(sorted((*ENTITY_KINDS, *CONCEPT_KINDS)))

#: Prefixes of the standards, as the files of this project write them.
STANDARD_PREFIXES = {
    "bibo": "http://purl.org/ontology/bibo/",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcterms": "http://purl.org/dc/terms/",
    "owl": "http://www.w3.org/2002/07/owl#",
    "pav": "http://purl.org/pav/",
    "prov": "http://www.w3.org/ns/prov#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "sh": "http://www.w3.org/ns/shacl#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "vann": "http://purl.org/vocab/vann/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

#: Prefixes of the outside vocabularies that concepts are matched to.
OUTSIDE_PREFIXES = {
    "DOID": "http://purl.obolibrary.org/obo/DOID_",
    "EFO": "http://www.ebi.ac.uk/efo/EFO_",
    "MESH": "http://id.nlm.nih.gov/mesh/",
    "MONDO": "http://purl.obolibrary.org/obo/MONDO_",
    "NCIT": "http://purl.obolibrary.org/obo/NCIT_",
    "SCTID": "http://snomed.info/id/",
    "clinicaltrials": "https://clinicaltrials.gov/study/",
    "ensembl": "http://identifiers.org/ensembl/",
    "hgnc": "http://identifiers.org/hgnc/",
    "icd10cm": "http://purl.bioontology.org/ontology/ICD10CM/",
    "meddra": "http://purl.bioontology.org/ontology/MEDDRA/",
    "mim": "http://identifiers.org/mim/",
    "ncbigene": "http://identifiers.org/ncbigene/",
    "umls": "http://linkedlifedata.com/resource/umls/id/",
    "uniprot": "http://purl.uniprot.org/uniprot/",
}

PREFIXES: dict[str, str] = dict(
    sorted(
        {
            "cd22": CD22,
            "graph": BASE + "graph/",
            "shape": SHAPES,
            "stat": STAT,
            **{kind: f"{BASE}{kind}/" for kind in KINDS},
            **STANDARD_PREFIXES,
            **OUTSIDE_PREFIXES,
        }.items()
    )
)

GRAPH_ONTOLOGY = BASE + "graph/ontology"
GRAPH_VOCABULARY = BASE + "graph/vocabulary"
GRAPH_INFERRED = BASE + "graph/inferred"
GRAPH_COMPUTED = BASE + "graph/computed"
#: What claims, rules, shapes and the alignment name: only in the store of the quality checks, never published.
GRAPH_USES = BASE + "graph/uses"
#: What `load` read from a file of triples, by the name of the file.
GRAPH_LOADED = BASE + "graph/loaded/"
#: On a server: which graphs were pushed there, each with the digest of its content.
GRAPH_PUBLISHED = BASE + "graph/published"
GRAPH_CLAIMS = BASE + "graph/claims/"


def iri(kind: str, slug: str) -> str:
    """Return the IRI of a thing: ``iri("claim", "x")`` is ``https://w3id.org/cd22kg/claim/x``."""
    if kind not in KINDS:
        raise KeyError(kind)
    return f"{BASE}{kind}/{slug}"


def expand(curie: str) -> str:
    """Return the IRI of a CURIE with one of our prefixes.

    Raises:
        KeyError: If the prefix is unknown.
    """
    prefix, _, local = curie.partition(":")
    return PREFIXES[prefix] + local


@cache
def converter() -> Converter:
    """Return the CURIE converter of every prefix above."""
    from curies import Converter

    return Converter.from_prefix_map(PREFIXES)


def compact(text: str) -> str:
    """Return the CURIE of an IRI, or the IRI itself where no prefix fits."""
    return converter().compress(text, passthrough=True) or text


def short_name(text: str) -> str:
    """Return an IRI for a person: our own things by slug, graphs and other IRIs as CURIE."""
    kind, _, slug = text.removeprefix(BASE).partition("/")
    return slug if text.startswith(BASE) and slug and kind != "graph" else compact(text)
