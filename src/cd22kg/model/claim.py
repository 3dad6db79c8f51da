"""The claim and its five kinds."""

from __future__ import annotations

from typing import Annotated, ClassVar

from cd22kg.model.measurement import Measurement
from cd22kg.model.terms import ANY_KIND, IDENTITY, Model, link, literal, nested
from cd22kg.model.values import Boolean, Date, Integer, Number, Reference, Slug, Text


class ClaimRelation(Model):
    """What one claim is to another, with the reason; the direct triple holds only when it is certain."""

    type: Annotated[Slug, link("relation-type", "cd22:relationType")]
    target: Annotated[Slug, link("claim")]
    certainty: Annotated[Slug, link("certainty")]
    reason: Annotated[Text, literal()]


class PublishedInconsistency(Model):
    """A rule that the published figure breaks; set by the curator, confirmed by the rule firing."""

    rule: Annotated[Slug, literal(predicate="cd22:brokenRule")]
    reason: Annotated[Text, literal()]


class Claim(Model):
    """One citable assertion by one source, in our own words. The file it stands in gives the source."""

    kind: ClassVar[str] = "claim"

    id: Annotated[Slug, IDENTITY]
    statement: Annotated[Text, literal()]
    therapy: Annotated[Slug | None, link("therapy")] = None
    antigen: Annotated[tuple[Slug, ...], link("antigen")] = ()
    measured_antigen: Annotated[tuple[Slug, ...], link("antigen")] = ()
    indication: Annotated[Slug | None, link("indication")] = None
    outcome: Annotated[Slug | None, link("outcome")] = None
    cohort: Annotated[Slug | None, link("cohort")] = None
    measurement: Annotated[Measurement | None, nested("measurement")] = None
    locator: Annotated[Text | None, literal()] = None
    reported_via: Annotated[Slug | None, link("source")] = None
    status: Annotated[Slug | None, link("status")] = None
    curator: Annotated[Text | None, literal(predicate="pav:curatedBy")] = None
    curated: Annotated[Date | None, literal("date", "pav:curatedOn")] = None
    evidence_level: Annotated[Slug | None, link("evidence-level")] = None
    relations: Annotated[tuple[ClaimRelation, ...], nested("relation", "cd22:relation")] = ()
    published_inconsistency: Annotated[tuple[PublishedInconsistency, ...], nested("inconsistency")] = ()
    note: Annotated[Text | None, literal(predicate="skos:note")] = None


class ResultClaim(Claim):
    """A figure observed in one cohort."""

    indication: Annotated[Slug, link("indication")]
    outcome: Annotated[Slug, link("outcome")]
    cohort: Annotated[Slug, link("cohort")]
    measurement: Annotated[Measurement, nested("measurement")]


class PooledClaim(Claim):
    """A figure from a meta-analysis."""

    therapy: Annotated[Slug, link("therapy")]
    indication: Annotated[Slug, link("indication")]
    outcome: Annotated[Slug, link("outcome")]
    measurement: Annotated[Measurement, nested("measurement")]
    pooling_model: Annotated[Slug | None, link("pooling-model")] = None
    transformation: Annotated[Slug | None, link("transformation")] = None
    number_of_studies: Annotated[Integer | None, literal("integer")] = None
    prior_exposure: Annotated[Slug | None, link("therapy")] = None
    prior_exposure_percent: Annotated[Number | None, literal("decimal")] = None


class ComparisonClaim(Claim):
    """One claim against another: the subject is higher, lower, similar or not related to the reference."""

    therapy: Annotated[Slug, link("therapy")]
    indication: Annotated[Slug, link("indication")]
    outcome: Annotated[Slug, link("outcome")]
    subject_claim: Annotated[Slug, link("claim")]
    reference_claim: Annotated[Slug, link("claim")]
    direction: Annotated[Slug, link("direction")]


class AssociationClaim(Claim):
    """A factor that goes with more or less of an outcome."""

    outcome: Annotated[Slug, link("outcome")]
    factor: Annotated[Slug, link("factor")]
    direction: Annotated[Slug, link("direction")]


class StatementClaim(Claim):
    """A qualitative assertion, or a figure that a secondary source restates."""

    about: Annotated[tuple[Reference, ...], link(ANY_KIND)]
    statement_kind: Annotated[Slug | None, link("statement-kind")] = None
    negated: Annotated[Boolean | None, literal("boolean")] = None
    agency: Annotated[Slug | None, link("agency")] = None
    regulatory_event: Annotated[Slug | None, link("regulatory-event")] = None
    jurisdiction: Annotated[Slug | None, link("jurisdiction")] = None
    event_date: Annotated[Date | None, literal("date")] = None


#: The kinds of claims by the name that `type` carries in a claim file; without `type` it is a result.
CLAIM_TYPES: dict[str, type[Claim]] = {
    cls.__name__: cls for cls in (ResultClaim, PooledClaim, ComparisonClaim, AssociationClaim, StatementClaim)
}
DEFAULT_CLAIM_TYPE = "ResultClaim"
