"""What an audit looks at: the claims of a source, and for each of them the claims that may bear on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from cd22kg.model import ClaimRelation, PooledClaim, Source
from cd22kg.queries.claims import KnownClaim
from cd22kg.synthesis.audit.comparison import Comparison, compare, in_words, overlap, topics_of
from cd22kg.synthesis.audit.consistency import SURE, Fault, document, faults, frame
from cd22kg.synthesis.audit.verdicts import Beside
from cd22kg.synthesis.audit.wording import told
from cd22kg.synthesis.evidence import EVIDENCE, Evidence
from cd22kg.synthesis.figures import figure_of

#: Sources whose statements are taken from others; every other kind reports what its authors did or decided.
RESTATING = frozenset(("NewsArticle", "OverviewArticle", "ReviewArticle", "WebPage"))
#: Claims that are no evidence for anything.
_NOT_ACCEPTED = frozenset(("draft", "withdrawn"))
#: The surest relations first.
_RANKS = {"certain": 0, "likely": 1}
#: How many of the nearest claims are named.
NEAREST = 3


def later(one: str, other: str) -> bool:
    """Return whether a date is certainly after another; a year is neither before nor after a day within it.

    Example:
        >>> later("2025-12", "2025-03"), later("2025", "2025-03"), later("", "2025")
        (True, False, False)
    """
    shared = min(len(one), len(other))
    return bool(shared) and one[:shared] > other[:shared]


@dataclass(frozen=True)
class Related:
    """A claim that a curator related to the audited one.

    Attributes:
        claim: The other claim.
        role: ``repeats``, ``contradicts``, ``superseded by`` ...
        certainty: How sure the curator was.
        reason: Why, in the curator's words.
        comparison: How the two compare.
    """

    claim: KnownClaim
    role: str
    certainty: str
    reason: str
    comparison: Comparison


@dataclass(frozen=True)
class Case:
    """One source under audit, with everything that is known."""

    source: Source
    evidence: Evidence

    @cached_property
    def claims(self) -> tuple[KnownClaim, ...]:
        """The claims that the source makes, or in which its figures were read; not those withdrawn."""
        known = self.evidence.claims.values()
        mine = (claim for claim in known if self.source.id in (claim.source, claim.stated.reported_via))
        return tuple(sorted((c for c in mine if c.stated.status != "withdrawn"), key=lambda claim: claim.id))

    @cached_property
    def faults(self) -> Mapping[str, Fault]:
        """What is wrong within the audited document, by claim; a work read in others is each of those documents."""
        return faults(self.claims, self.evidence)

    @cached_property
    def _incoming(self) -> Mapping[str, list[tuple[KnownClaim, ClaimRelation]]]:
        found: dict[str, list[tuple[KnownClaim, ClaimRelation]]] = {}
        for claim in sorted(self.evidence.claims.values(), key=lambda each: each.id):
            for relation in claim.relations:
                found.setdefault(relation.target, []).append((claim, relation))
        return found

    @cached_property
    def _of_sources(self) -> Mapping[str, list[KnownClaim]]:
        found: dict[str, list[KnownClaim]] = {}
        for claim in self.evidence.claims.values():
            found.setdefault(claim.source, []).append(claim)
        return found

    def fault(self, claim: KnownClaim) -> Fault | None:
        """Return what is wrong with a claim of another source, within the document in which it was read."""
        return faults(self._of_sources[claim.source], self.evidence).get(claim.id)

    @property
    def published(self) -> str:
        """When the audited source appeared, as far as it is known."""
        return self.source.published or ""

    def is_later(self, claim: KnownClaim) -> bool:
        """Return whether a claim was certainly published after the audited source."""
        return later(self.evidence.published(claim), self.published)

    def is_own(self, claim: KnownClaim) -> bool:
        """Return whether the source reports it, and takes it from nobody."""
        return claim.source == self.source.id and not self._restates(claim)

    def is_reading(self, claim: KnownClaim) -> bool:
        """Return whether the source is only the document in which another work's figure was read."""
        return claim.source != self.source.id

    def outgoing(self, claim: KnownClaim, role: str) -> list[Related]:
        """Return the claims that a claim has a relation to, those surer first; not what is later, or not accepted."""
        found = [
            Related(target, role, relation.certainty, relation.reason, compare(claim, target, self.evidence))
            for relation in claim.relations
            if relation.type == role and (target := self.evidence.claims.get(relation.target))
            if target.stated.status not in _NOT_ACCEPTED and not (role == "repeats" and self.is_later(target))
        ]
        return sorted(found, key=lambda each: (_RANKS.get(each.certainty, len(_RANKS)), each.claim.id))

    def too_late(self, claim: KnownClaim) -> list[Related]:
        """Return what a claim is said to repeat and cannot, as it was published after the audited source."""
        return [
            Related(target, "later evidence", each.certainty, each.reason, compare(claim, target, self.evidence))
            for each in claim.relations
            if each.type == "repeats" and (target := self.evidence.claims.get(each.target)) and self.is_later(target)
        ]

    def incoming(self, claim: KnownClaim, kind: str, role: str) -> list[Related]:
        """Return the claims that have a relation to a claim."""
        return [
            Related(other, role, relation.certainty, relation.reason, compare(claim, other, self.evidence))
            for other, relation in self._incoming.get(claim.id, ())
            if relation.type == kind and other.stated.status not in _NOT_ACCEPTED and not self._restates(other)
        ]

    def contradicting(self, claim: KnownClaim) -> list[Related]:
        """Return the claims that contradict one, by relations in either direction."""
        found = [*self.outgoing(claim, "contradicts"), *self.incoming(claim, "contradicts", "contradicts")]
        return list({each.claim.id: each for each in found}.values())

    def superseding(self, claim: KnownClaim) -> list[Related]:
        """Return the evidence that supersedes a claim, whatever the certainty."""
        found = self.incoming(claim, "supersedes", "superseded by")
        return [each for each in found if EVIDENCE in each.claim.inferred or figure_of(each.claim.measurement)]

    def other_documents(self, claim: KnownClaim) -> list[Related]:
        """Return what other documents print for a work's figure where it is not the same figure."""
        return [
            each
            for each in self.contradicting(claim)
            if each.claim.source == claim.source and document(each.claim) != document(claim) and each.certainty in SURE
        ]

    def readings(self, claim: KnownClaim) -> list[Related]:
        """Return what other documents print for one figure of a work: one outcome, cohort, group and time."""
        found = []
        for other in sorted(self.evidence.claims.values(), key=lambda each: each.id):
            if (other.source, other.outcome, other.cohort) != (claim.source, claim.outcome, claim.cohort):
                continue
            if document(other) == document(claim) or claim.outcome is None or other.id == claim.id:
                continue
            here, there = claim.measurement, other.measurement
            if here is None or there is None or frame(here) != frame(there):
                continue
            comparison = compare(claim, other, self.evidence)
            if not comparison.axes and (comparison.agrees or comparison.disagrees):
                found.append(Related(other, "other reading", "", "", comparison))
        return found

    def nearest(self, claim: KnownClaim) -> list[Comparison]:
        """Return the evidence that speaks of what an unsourced claim speaks of, the most alike first.

        For a figure that is evidence on the outcome, or a part or the whole of it, in a therapy within the one named or
        wider, and in patients some of whom are those named, pooled figures alone where there are any; else it is claims
        on the same outcome or factor.
        """
        figure = figure_of(claim.measurement) is not None
        ranked = [
            (rank, other.id, other)
            for other in self.evidence.claims.values()
            if self._may_hold(other) and (rank := self._rank(claim, other, figure=figure)) is not None
        ]
        chosen = sorted(ranked)[:NEAREST]
        pooled = [each for each in chosen if isinstance(each[2].stated, PooledClaim)]
        return [compare(claim, other, self.evidence) for _, _, other in pooled or chosen]

    def _restates(self, claim: KnownClaim) -> bool:
        """Return whether a claim is itself taken from others, and so no evidence."""
        source = self.evidence.source_of(claim)
        counted = claim.type in ("ResultClaim", "PooledClaim")
        return source is not None and source.type in RESTATING and not counted

    def _may_hold(self, other: KnownClaim) -> bool:
        mine = self.source.id in (other.source, other.stated.reported_via)
        return not mine and not self._restates(other) and other.stated.status not in _NOT_ACCEPTED

    def _rank(self, claim: KnownClaim, other: KnownClaim, *, figure: bool) -> tuple[int, ...] | None:
        """Return how unlike a claim is, by outcome, therapy, kind and indication; nothing where it does not bear."""
        outcome = self._outcome_rank(claim, other)
        factor = bool(topics_of(claim) & topics_of(other))
        if figure and (outcome is None or EVIDENCE not in other.inferred or figure_of(other.measurement) is None):
            return None
        if outcome is None and not factor:
            return None
        if not figure and not factor and topics_of(claim):
            return None
        therapy = self._within("therapy", claim.therapy, other.therapy)
        indication = self._within("indication", claim.indication, other.indication)
        if therapy is None or indication is None:
            return None
        pooled = isinstance(other.stated, PooledClaim)
        return (int(not factor), outcome if outcome is not None else 2, therapy, int(not pooled), indication)

    def _outcome_rank(self, claim: KnownClaim, other: KnownClaim) -> int | None:
        one, two = claim.outcome, other.outcome
        if one is None or two is None:
            return None
        if one == two:
            return 0
        related = self.evidence.is_part(one, two) or self.evidence.is_part(two, one)
        return 1 if related or self.evidence.is_within("outcome", two, one) else None

    def _within(self, kind: str, asked: str | None, found: str | None) -> int | None:
        """Return 0 for the same, 1 for narrower, 2 for wider, 3 for a common part; nothing for neither."""
        if asked is None or found is None:
            return 3
        if asked == found:
            return 0
        if self.evidence.is_within(kind, found, asked):
            return 1
        if self.evidence.is_within(kind, asked, found):
            return 2
        return 3 if kind == "indication" and overlap(kind, asked, found, self.evidence) else None

    def beside(self, related: Iterable[Related]) -> Iterator[Beside]:
        """Yield claims that a curator related, as the report shows them."""
        for each in related:
            note = in_words(each.comparison, self.evidence)
            figure = told(each.claim, self.evidence)
            yield Beside(each.claim, each.role, each.certainty, figure, self._dated(each.claim, note), each.reason)

    def beside_by_rule(self, comparisons: Iterable[Comparison], role: str) -> Iterator[Beside]:
        """Yield claims that a rule found, as the report shows them."""
        for each in comparisons:
            note = self._dated(each.there, in_words(each, self.evidence))
            yield Beside(each.there, role, figure=told(each.there, self.evidence), note=note)

    def _dated(self, claim: KnownClaim, note: str) -> str:
        return "; ".join(filter(None, ("later evidence" if self.is_later(claim) else "", note)))
