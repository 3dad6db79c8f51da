"""The patients: a study, and the cohorts that are counted in it."""

from __future__ import annotations

from typing import Annotated, ClassVar

from cd22kg.model.terms import IDENTITY, Model, link, literal, nested
from cd22kg.model.values import Integer, RegistryId, Slug, Text


class Study(Model):
    """A trial or series; its status and enrolment belong to the dated registry record."""

    kind: ClassVar[str] = "study"

    id: Annotated[Slug, IDENTITY]
    title: Annotated[Text | None, literal(predicate="dcterms:title")] = None
    registry_id: Annotated[RegistryId | None, literal()] = None
    phase: Annotated[Slug | None, link("phase")] = None
    country: Annotated[tuple[Text, ...], literal()] = ()
    note: Annotated[Text | None, literal(predicate="skos:note")] = None


class CohortPart(Model):
    """How many patients of a cohort have one indication."""

    indication: Annotated[Slug, link("indication")]
    size: Annotated[Integer, literal("integer")]


class Cohort(Model):
    """The patients a figure speaks of. Baseline and dose subgroups are cohorts; groups by outcome are not."""

    kind: ClassVar[str] = "cohort"

    id: Annotated[Slug, IDENTITY]
    label: Annotated[Text | None, literal(predicate="rdfs:label")] = None
    study: Annotated[Slug | None, link("study")] = None
    size: Annotated[Integer | None, literal("integer")] = None
    composition: Annotated[tuple[CohortPart, ...], nested("part")] = ()
    age_group: Annotated[Slug | None, link("age-group")] = None
    prior_therapy: Annotated[tuple[Slug, ...], link("therapy")] = ()
    dose_level: Annotated[Text | None, literal()] = None
    subset_of: Annotated[tuple[Slug, ...], link("cohort")] = ()
    overlaps: Annotated[tuple[Slug, ...], link("cohort")] = ()
    note: Annotated[Text | None, literal(predicate="skos:note")] = None
