"""What an audit looks at: the claims of a source, and for each of them the claims that may bear on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from cd22kg.model import ClaimRelation, Source
from cd22kg.queries.claims import KnownClaim
from cd22kg.synthesis.audit.comparison import Comparison, compare, in_words, topics_of
from cd22kg.synthesis.audit.consistency import SURE, Fault, faults, frame
from cd22kg.synthesis.audit.verdicts import Beside
from cd22kg.synthesis.audit.wording import told
from cd22kg.synthesis.evidence import Evidence, document, is_later

#: Sources whose statements are taken from others; every other kind reports what its authors did or decided.
RESTATING = frozenset(("NewsArticle", "OverviewArticle", "ReviewArticle", "WebPage"))
#: Sources that tell of other works; a page or a record may be a copy of the work itself.
_RETELLING = frozenset(("NewsArticle", "OverviewArticle", "PressRelease", "ReviewArticle", "SystematicReview"))
#: What a claim is called beside one that repeats it, where its source was retracted.
RETRACTED = "retracted source"
#: The surest relations first.
_RANKS = {"certain": 0, "likely": 1}
#: How many claims that a rule finds are named.
NEAREST = 3


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
        return tuple(each for each in self.known if self.is_mine(each) and each.stated.status != "withdrawn")

    @cached_property
    def known(self) -> tuple[KnownClaim, ...]:
        """Every claim there is, by its name."""
        return tuple(sorted(self.evidence.claims.values(), key=lambda claim: claim.id))

    def is_mine(self, claim: KnownClaim) -> bool:
        """Return whether the audited source makes a claim, or is the document in which it was read."""
        return self.source.id in (claim.source, claim.stated.reported_via)

    @cached_property
    def by_outcome(self) -> Mapping[str, Sequence[KnownClaim]]:
        """Every claim on an outcome, by that; those on none under an empty text."""
        found: dict[str, list[KnownClaim]] = {}
        for claim in self.known:
            found.setdefault(claim.outcome or "", []).append(claim)
        return found

    @cached_property
    def _by_topic(self) -> Mapping[str, Sequence[KnownClaim]]:
        found: dict[str, list[KnownClaim]] = {}
        for claim in self.known:
            for topic in sorted(self.topics[claim.id]):
                found.setdefault(topic, []).append(claim)
        return found

    @cached_property
    def topics(self) -> Mapping[str, frozenset[str]]:
        """The topics of every claim, by its name."""
        return {claim.id: topics_of(claim) for claim in self.known}

    @cached_property
    def faults(self) -> Mapping[str, Fault]:
        """What is wrong within the audited document, by claim; a work read in others is each of those documents."""
        return faults(self.claims, self.evidence)

    @cached_property
    def _incoming(self) -> Mapping[str, list[tuple[KnownClaim, ClaimRelation]]]:
        found: dict[str, list[tuple[KnownClaim, ClaimRelation]]] = {}
        for claim in self.known:
            for relation in claim.relations:
                found.setdefault(relation.target, []).append((claim, relation))
        return found

    @cached_property
    def _of_sources(self) -> Mapping[str, list[KnownClaim]]:
        found: dict[str, list[KnownClaim]] = {}
        for claim in self.known:
            found.setdefault(claim.source, []).append(claim)
        return found

    @cached_property
    def _faults_of(self) -> dict[str, Mapping[str, Fault]]:
        """What is wrong within other sources, as far as it was asked for."""
        return {}

    def fault(self, claim: KnownClaim) -> Fault | None:
        """Return what is wrong with a claim of another source, within the document in which it was read."""
        if claim.source not in self._faults_of:
            accepted = [each for each in self._of_sources[claim.source] if each.stated.status in (None, "accepted")]
            self._faults_of[claim.source] = faults(accepted, self.evidence)
        return self._faults_of[claim.source].get(claim.id)

    @property
    def published(self) -> str:
        """When the audited source appeared, as far as it is known."""
        return self.source.published or ""

    def is_later(self, claim: KnownClaim) -> bool:
        """Return whether a claim was certainly published after the audited source."""
        return is_later(self.evidence.published(claim), self.published)

    def is_own(self, claim: KnownClaim) -> bool:
        """Return whether the source reports it, and takes it from nobody."""
        return claim.source == self.source.id and not self._restates(claim)

    def is_reading(self, claim: KnownClaim) -> bool:
        """Return whether the source is only the document in which another work's figure was read."""
        return claim.source != self.source.id

    def outgoing(self, claim: KnownClaim, role: str) -> list[Related]:
        """Return the claims that a claim has a relation to, those surer first.

        Nothing is repeated that is later, that was read in the audited source or goes back to it, or that was
        retracted.
        """
        found = [
            Related(target, role, relation.certainty, relation.reason, compare(claim, target, self.evidence))
            for relation in claim.relations
            if relation.type == role and (target := self.evidence.claims.get(relation.target))
            if self.evidence.stands(target) and target.id != claim.id
            if not (role == "repeats" and (self.is_later(target) or self._goes_back(target)))
        ]
        once: dict[str, Related] = {}
        for each in sorted(found, key=lambda each: (_RANKS.get(each.certainty, len(_RANKS)), each.claim.id)):
            once.setdefault(each.claim.id, each)
        return list(once.values())

    def _goes_back(self, claim: KnownClaim) -> bool:
        """Return whether a claim is the audited source's, or repeats one that is, over any number of steps."""
        seen, ahead = {claim.id}, [claim]
        while ahead:
            one = ahead.pop()
            if self.is_mine(one):
                return True
            targets = {each.target for each in one.relations if each.type == "repeats"} - seen
            seen |= targets
            ahead += [self.evidence.claims[slug] for slug in targets if slug in self.evidence.claims]
        return False

    def no_sources(self, claim: KnownClaim) -> list[Related]:
        """Return what a claim is said to repeat and cannot: it is later, or its source was retracted."""
        found = []
        for each in claim.relations:
            target = self.evidence.claims.get(each.target)
            if each.type != "repeats" or target is None or target.stated.status not in (None, "accepted"):
                continue
            role = "later evidence" if self.is_later(target) else "" if self.evidence.stands(target) else RETRACTED
            if role:
                comparison = compare(claim, target, self.evidence)
                found.append(Related(target, role, each.certainty, each.reason, comparison))
        return found

    def incoming(self, claim: KnownClaim, kind: str, role: str) -> list[Related]:
        """Return the claims that have a relation to a claim."""
        return [
            Related(other, role, relation.certainty, relation.reason, compare(claim, other, self.evidence))
            for other, relation in self._incoming.get(claim.id, ())
            if relation.type == kind and self.evidence.stands(other) and not self._restates(other)
            if other.id != claim.id
        ]

    def contradicting(self, claim: KnownClaim) -> list[Related]:
        """Return the claims that contradict one, by relations in either direction."""
        found = [*self.outgoing(claim, "contradicts"), *self.incoming(claim, "contradicts", "contradicts")]
        return list({each.claim.id: each for each in found}.values())

    def superseding(self, claim: KnownClaim) -> list[Related]:
        """Return what supersedes a claim, whatever the certainty, with a figure or without."""
        return self.incoming(claim, "supersedes", "superseded by")

    def other_documents(self, claim: KnownClaim) -> list[Related]:
        """Return what other documents print for a work's figure where it is not the same figure."""
        return [
            each
            for each in self.contradicting(claim)
            if each.claim.source == claim.source and document(each.claim) != document(claim) and each.certainty in SURE
        ]

    def is_retold(self, claim: KnownClaim) -> bool:
        """Return whether a claim was read in what another author wrote about the work, such as a review of it."""
        read = self.evidence.sources.get(document(claim))
        return document(claim) != claim.source and read is not None and read.type in _RETELLING

    def rivals(self, claim: KnownClaim, others: Iterable[Related]) -> list[Related]:
        """Return the readings that cast doubt on one: what others wrote casts none on what the work itself prints."""
        own = document(claim) == claim.source
        return [each for each in others if not (own and self.is_retold(each.claim))]

    def readings(self, claim: KnownClaim) -> list[Related]:
        """Return what other documents print for one figure of a work: one outcome, cohort, group and time."""
        found = []
        for other in self._of_sources[claim.source]:
            if (other.outcome, other.cohort) != (claim.outcome, claim.cohort) or claim.outcome is None:
                continue
            if document(other) == document(claim) or other.id == claim.id or not self.evidence.stands(other):
                continue
            here, there = claim.measurement, other.measurement
            if here is None or there is None or frame(here) != frame(there):
                continue
            comparison = compare(claim, other, self.evidence)
            if not comparison.axes and (comparison.agrees or comparison.disagrees):
                found.append(Related(other, "other reading", "", "", comparison))
        return found

    def bearing(self, claim: KnownClaim) -> list[KnownClaim]:
        """Return what others say on the outcome of a claim, a part or the whole of it, or on its factor."""
        near = (known for outcome, known in self.by_outcome.items() if self._is_near(claim.outcome, outcome))
        found = {other.id: other for known in near for other in known}
        found |= {other.id: other for topic in self.topics[claim.id] for other in self._by_topic.get(topic, ())}
        return [found[slug] for slug in sorted(found) if self._may_hold(found[slug])]

    def _is_near(self, one: str | None, other: str) -> bool:
        return self.outcome_rank(one, other) is not None

    def _restates(self, claim: KnownClaim) -> bool:
        """Return whether a claim is itself taken from others, and so no evidence."""
        source = self.evidence.source_of(claim)
        counted = claim.type in ("ResultClaim", "PooledClaim")
        return source is not None and source.type in RESTATING and not counted

    def _may_hold(self, other: KnownClaim) -> bool:
        return not self.is_mine(other) and not self._restates(other) and self.evidence.stands(other)

    def outcome_rank(self, one: str | None, two: str | None) -> int | None:
        """Return 0 for the same outcome, 1 for a part, a whole or a narrower one; nothing for any other."""
        if not one or not two:
            return None
        if one == two:
            return 0
        related = self.evidence.is_part(one, two) or self.evidence.is_part(two, one)
        return 1 if related or self.evidence.is_within("outcome", two, one) else None

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
