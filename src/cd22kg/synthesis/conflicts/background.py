"""What the claims beside two claims tell of them: who was treated, what a source counts apart, what else it prints."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property

from cd22kg.queries.claims import KnownClaim
from cd22kg.synthesis.conflicts.shares import Share, share_of
from cd22kg.synthesis.evidence import Evidence

#: How far shares of pretreated patients lie apart that are told, as a fraction.
_OTHER_BASELINE = 0.2


class Background:
    """The other claims of a cohort, a source and a study."""

    def __init__(self, evidence: Evidence) -> None:
        """Take all claims."""
        self._evidence = evidence

    def others(self, claim: KnownClaim) -> tuple[KnownClaim, ...]:
        """Return all claims of the source of a claim, and of the study whose cohort it counts, by slug."""
        cohort = self._evidence.cohort_of(claim)
        study = cohort.study if cohort else None
        found = {other.id: other for other in self._of_source.get(claim.source, ())}
        found |= {other.id: other for other in self._of_study.get(study or "", ())}
        return tuple(found[slug] for slug in sorted(found))

    def of_patients(self, claim: KnownClaim) -> tuple[KnownClaim, ...]:
        """Return the claims on the study of a claim, and on cohorts that share patients with its own, may or might."""
        cohort, evidence = self._evidence.cohort_of(claim), self._evidence
        if cohort is None:
            return ()
        kin = self._of_kin.get(evidence.patients.kin(cohort.id), ())
        return (*self._of_study.get(cohort.study or "", ()), *kin)

    def pretreated(self, here: KnownClaim, there: KnownClaim) -> Iterator[tuple[str, str, str]]:
        """Yield how many had what before, where both cohorts tell and differ by 20 points: outcome and both figures."""
        if here.cohort == there.cohort:
            return
        mine, theirs = (self._baseline.get(claim.cohort or "", {}) for claim in (here, there))
        for outcome in sorted(mine.keys() & theirs.keys()):
            one, other = mine[outcome], theirs[outcome]
            if abs((one.value or 0.0) - (other.value or 0.0)) >= _OTHER_BASELINE:
                yield outcome, _figure(one), _figure(other)

    def counted_apart(self, here: KnownClaim, there: KnownClaim) -> Iterator[tuple[KnownClaim, KnownClaim, str, str]]:
        """Yield what one source counts apart and the other does not tell of, as remissions without full recovery.

        Such are complete remission and complete remission with incomplete recovery, which are two parts of one outcome
        that is part of a response itself; complete and partial responses are not, and nobody takes one for the other.

        Yields:
            The claim whose source tells, the other claim, the outcome counted apart, and its figure.
        """
        if here.outcome != there.outcome or here.cohort == there.cohort:
            return
        for claim, other in ((here, there), (there, here)):
            told = {sibling.outcome for sibling in self._of_cohort.get(other.cohort or "", ())}
            for sibling in self._of_cohort.get(claim.cohort or "", ()):
                if sibling.outcome in told or sibling.source != claim.source:
                    continue
                if self._are_beside(claim.outcome, sibling.outcome) and (share := share_of(sibling)) and share.events:
                    yield claim, other, sibling.outcome or "", _figure(share)

    def _are_beside(self, outcome: str | None, other: str | None) -> bool:
        """Return whether two outcomes are parts of one that is a part itself: CR and CRi of CR/CRi, not CR and PR."""
        evidence = self._evidence
        if evidence.is_part(outcome, other) or evidence.is_part(other, outcome):
            return False
        parts = [evidence.concepts.get(("outcome", name or "")) for name in (outcome, other)]
        common = frozenset.intersection(*(part.part_of if part else frozenset() for part in parts))
        return any(whole != wider and evidence.is_part(whole, wider) for whole in common for wider in common)

    @cached_property
    def _of_cohort(self) -> dict[str, list[KnownClaim]]:
        return self._by(lambda claim: claim.cohort)

    @cached_property
    def _of_source(self) -> dict[str, list[KnownClaim]]:
        return self._by(lambda claim: claim.source)

    @cached_property
    def _of_study(self) -> dict[str, list[KnownClaim]]:
        evidence = self._evidence
        return self._by(lambda claim: cohort.study if (cohort := evidence.cohort_of(claim)) else None)

    @cached_property
    def _of_kin(self) -> dict[str, list[KnownClaim]]:
        kin = self._evidence.patients.kin
        return self._by(lambda claim: kin(claim.cohort) if claim.cohort else None)

    def _by(self, key: Callable[[KnownClaim], str | None]) -> dict[str, list[KnownClaim]]:
        found: dict[str, list[KnownClaim]] = {}
        for claim in self._evidence.claims.values():
            if name := key(claim):
                found.setdefault(name, []).append(claim)
        return found

    @cached_property
    def _baseline(self) -> dict[str, dict[str, Share]]:
        """The shares of patients treated before, by cohort and outcome."""
        found: dict[str, dict[str, Share]] = {}
        for claim in self._evidence.claims.values():
            kind = self._evidence.fact("outcome", claim.outcome, "outcomeKind")
            if kind == "baseline" and claim.type == "ResultClaim" and (share := share_of(claim)) and share.is_known:
                found.setdefault(claim.cohort or "", {})[claim.outcome or ""] = share
        return found


def _figure(share: Share) -> str:
    """Return a share in words: ``15 of 21``, or ``71.4 %``."""
    return f"{share.events} of {share.total}" if share.counts else f"{100 * (share.value or 0.0):.1f} %"
