"""Where a claim comes from: the work that reports it, and the registry record of its trial."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from cd22kg.model.terms import CLASS, IDENTITY, Model, link, literal
from cd22kg.model.values import Boolean, Date, Doi, Integer, Pmcid, Pmid, RegistryId, Slug, Text, Url

SourceType = Literal[
    "ConferenceAbstract",
    "JournalArticle",
    "NewsArticle",
    "OverviewArticle",
    "PressRelease",
    "RegistryRecord",
    "ReviewArticle",
    "SystematicReview",
    "WebPage",
]


class Source(Model):
    """A work or record, identified by DOI, PMID, PMCID, registry id or, failing these, an address."""

    kind: ClassVar[str] = "source"

    id: Annotated[Slug, IDENTITY]
    type: Annotated[SourceType, CLASS]
    title: Annotated[Text | None, literal(predicate="dcterms:title")] = None
    authors: Annotated[Text | None, literal()] = None
    published_in: Annotated[Text | None, literal()] = None
    doi: Annotated[Doi | None, literal()] = None
    pmid: Annotated[Pmid | None, literal()] = None
    pmcid: Annotated[Pmcid | None, literal()] = None
    registry_id: Annotated[RegistryId | None, literal()] = None
    url: Annotated[Url | None, literal("anyURI")] = None
    published: Annotated[Date | None, literal("date", "dcterms:issued")] = None
    searched_until: Annotated[Date | None, literal("date")] = None
    version_date: Annotated[Date | None, literal("date")] = None
    trial_status: Annotated[Slug | None, link("trial-status")] = None
    enrolment: Annotated[Integer | None, literal("integer")] = None
    retracted: Annotated[Boolean | None, literal("boolean")] = None
    cites: Annotated[tuple[Slug, ...], link("source")] = ()
    unverified: Annotated[tuple[Text, ...], literal()] = ()
    curator: Annotated[Text | None, literal(predicate="pav:curatedBy")] = None
    curated: Annotated[Date | None, literal("date", "pav:curatedOn")] = None
    note: Annotated[Text | None, literal(predicate="skos:note")] = None

    @property
    def class_name(self) -> str:
        """Return the class the file names."""
        return self.type
