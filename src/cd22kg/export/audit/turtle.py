"""An audit as linked data: a ClaimReview of schema.org for each statement, without blank nodes."""

from __future__ import annotations

from collections.abc import Iterator

from pyoxigraph import Literal, NamedNode, Quad

from cd22kg.namespaces import BASE, STANDARD_PREFIXES
from cd22kg.namespaces import iri as iri_of
from cd22kg.notice import NOTICE
from cd22kg.rdf import HEADER
from cd22kg.rdf import to_turtle as canonical
from cd22kg.synthesis.audit import Audit, Finding
from cd22kg.validation.shielding import escaped

SCHEMA = "https://schema.org/"
_TYPE = NamedNode(STANDARD_PREFIXES["rdf"] + "type")
#: The project, which is the author of every review, and its name.
_PROJECT, _NAME = NamedNode(f"{BASE}project"), "cd22kg"


def to_turtle(audit: Audit) -> str:
    """Return an audit as canonical Turtle.

    A review is about our own statement of a claim that appears in the audited source; its rating is the verdict in
    words, as no number says what a verdict says. What it rests on are the claims beside it.
    """
    base = f"{BASE}audit/{audit.source.id}"
    quads = [*_audit(audit, base)]
    for finding in audit.findings:
        quads += _review(finding, audit, base)
    text = canonical(quads, header=HEADER, prefixes={"schema": SCHEMA, "review": f"{base}#"})
    # Names with a prefix take no escapes; IRIs in full and texts do.
    return text if escaped(text) == text else escaped(canonical(quads, header=HEADER))


def _audit(audit: Audit, base: str) -> Iterator[Quad]:
    """Yield the audit as a whole, the project, and the audited source."""
    whole, source = NamedNode(base), NamedNode(iri_of("source", audit.source.id))
    yield Quad(whole, _TYPE, _schema("Collection"))
    yield from _texts(whole, name=f"Audit of {audit.source.title or audit.source.id}", description=NOTICE)
    yield Quad(whole, _schema("author"), _PROJECT)
    yield Quad(whole, _schema("about"), source)
    yield Quad(_PROJECT, _TYPE, _schema("Project"))
    yield from _texts(_PROJECT, name=_NAME, url=BASE)
    yield Quad(source, _TYPE, _schema("CreativeWork"))
    yield from _texts(source, name=audit.source.title or "", datePublished=audit.source.published or "")
    for finding in audit.findings:
        yield Quad(whole, _schema("hasPart"), NamedNode(f"{base}#{finding.claim.id}"))


def _review(finding: Finding, audit: Audit, base: str) -> Iterator[Quad]:
    review = NamedNode(f"{base}#{finding.claim.id}")
    rating, claim = NamedNode(f"{review.value}_rating"), NamedNode(finding.claim.iri)
    yield Quad(review, _TYPE, _schema("ClaimReview"))
    yield from _texts(review, claimReviewed=finding.claim.statement, reviewBody=finding.explanation, inLanguage="en")
    yield Quad(review, _schema("author"), _PROJECT)
    yield Quad(review, _schema("itemReviewed"), claim)
    yield Quad(review, _schema("reviewRating"), rating)
    for axis in finding.axes:
        yield from _texts(review, reviewAspect=axis)
    for beside in finding.evidence:
        yield Quad(review, _schema("isBasedOn"), NamedNode(beside.claim.iri))
    yield Quad(rating, _TYPE, _schema("Rating"))
    yield from _texts(rating, alternateName=finding.label, description=finding.verdict.definition)
    yield Quad(claim, _TYPE, _schema("Claim"))
    yield Quad(claim, _schema("appearance"), NamedNode(iri_of("source", audit.source.id)))


def _texts(subject: NamedNode, **texts: str) -> Iterator[Quad]:
    for name, text in texts.items():
        if text:
            yield Quad(subject, _schema(name), Literal(text))


def _schema(name: str) -> NamedNode:
    return NamedNode(SCHEMA + name)
