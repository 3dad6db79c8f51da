"""Claims that disagree: those that a curator says do, and those whose figures do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from cd22kg.model import ClaimRelation
from cd22kg.queries.claims import KnownClaim
from cd22kg.statistics.multiplicity import ADJUSTMENTS
from cd22kg.synthesis.conflicts.causes import Cause, Causes
from cd22kg.synthesis.conflicts.comparable import Patients, Subject, Wanted, comparable, subject_of
from cd22kg.synthesis.conflicts.disagreement import KINDS, Conflict, Conflicts, How, Kind, Status
from cd22kg.synthesis.conflicts.groups import explained_by, scattered_groups
from cd22kg.synthesis.conflicts.pair_tests import PairTest, pair_test
from cd22kg.synthesis.conflicts.same_patients import are_two_readings, excess, wrong_sums
from cd22kg.synthesis.conflicts.shares import Share, share_of
from cd22kg.synthesis.conflicts.sweep import sweep
from cd22kg.synthesis.evidence import Evidence

_CERTAINTIES = ("certain", "likely", "ambiguous")


def find_conflicts(evidence: Evidence, wanted: Wanted | None = None, how: How | None = None) -> Conflicts:
    """Return the claims that disagree, with a test, and what may be behind it.

    Args:
        evidence: The claims.
        wanted: Among which of them; all that stand by default. A disagreement that a curator asserts is among them if
            one of its two claims is.
        how: How they are held against each other.
    """
    return _Search(evidence, wanted or Wanted(), how or How()).run()


#: The slugs of two claims, sorted.
_Key = tuple[str, str]


@dataclass
class _Found:
    """A disagreement of figures."""

    kind: Kind
    one: Share
    other: Share
    test: PairTest
    causes: tuple[Cause, ...] = ()
    also: list[_Key] = field(default_factory=list)


@dataclass
class _Said:
    """What a curator says of two claims, with the test of it."""

    claim: KnownClaim
    other: KnownClaim
    relation: ClaimRelation
    one: Share | None
    two: Share | None
    test: PairTest


class _Search:
    """Holds all claims against each other once."""

    def __init__(self, evidence: Evidence, wanted: Wanted, how: How) -> None:
        self._evidence = evidence
        self._wanted = wanted
        self._how = how
        self._patients = Patients(evidence)
        self._blocks = comparable(evidence, wanted, within=how.within)

    def run(self) -> Conflicts:
        """Return what disagrees."""
        said, found = self._said(), self._same_patients()
        tests = self._tested(found, said)
        level, adjust = self._how.level, self._how.adjust
        groups_tested, groups = scattered_groups(
            self._blocks, self._patients, self._evidence, adjust=adjust, level=level
        )
        explained = {group.subject: explained_by(group) for group in groups}
        causes = Causes(self._evidence, self._patients)
        pairs = [self._of_figures(pair, causes, explained) for key, pair in found.items() if key not in said]
        pairs += [self._of_curator(said[key], found.get(key), causes, explained) for key in said]
        claims = len({share.id for block in self._blocks for share in block.shares})
        ranked = tuple(sorted(pairs, key=_rank))
        return Conflicts(self._how, self._wanted, ranked, groups, claims, tests, groups_tested)

    def _said(self) -> dict[_Key, _Said]:
        """Return the disagreements that curators assert among the claims wanted; of one said twice the surest."""
        known: dict[_Key, _Said] = {}
        claims = self._evidence.claims
        for claim in sorted(claims.values(), key=lambda claim: claim.id):
            for relation in claim.relations:
                if relation.type != "contradicts" or relation.target not in claims:
                    continue
                other = claims[relation.target]
                both, evidence = (claim, other), self._evidence
                if not all(self._wanted.counts(each, evidence) for each in both):
                    continue
                key = _key(*both)
                if any(self._wanted.fits(each, evidence) for each in both) and (
                    key not in known or _sureness(relation) < _sureness(known[key].relation)
                ):
                    known[key] = self._saying(claim, other, relation)
        return known

    def _saying(self, claim: KnownClaim, other: KnownClaim, relation: ClaimRelation) -> _Said:
        one, two = share_of(claim), share_of(other)
        test = PairTest("none")
        if one and two and claim.outcome == other.outcome:
            test = pair_test(one, two, self._how.test, valid=not self._patients.why(one, two))
        return _Said(claim, other, relation, one, two, test)

    def _same_patients(self) -> dict[_Key, _Found]:
        """Return the disagreements of claims that count the same patients."""
        found: dict[_Key, _Found] = {}
        for block in self._blocks:
            for one, other, why in self._patients.near_pairs(block):
                if why and (pair := self._near(one, other)):
                    found.setdefault(_key(one, other), pair)
            for whole, parts, cause in wrong_sums(block, self._patients):
                for part in parts:
                    one, other = sorted((whole, part), key=lambda share: share.id)
                    known = found.get(_key(one, other))
                    first = known.causes if known else ()
                    test = pair_test(one, other, self._how.test, valid=False)
                    found[_key(one, other)] = _Found("parts", one, other, test, (*first, cause))
        return found

    def _near(self, one: Share, other: Share) -> _Found | None:
        """Return how two claims on the same patients disagree, if they do."""
        test = pair_test(one, other, self._how.test, valid=False)
        if one.cohort == other.cohort:
            return _Found("readings", one, other, test) if are_two_readings(one, other) else None
        if cause := excess(one, other, self._patients):
            return _Found("parts", one, other, test, (cause,))
        among = {share.claim.measurement.among_outcome for share in (one, other) if share.claim.measurement}
        if len(among) == 1 and self._how.bears_out(test):
            return _Found("shared", one, other, test)
        return None

    def _tested(self, found: dict[_Key, _Found], said: dict[_Key, _Said]) -> int:
        """Add the pairs that differ by more than chance to those found; adjust all tests, and return their number."""
        how = self._how
        blocks: dict[str, set[int]] = {}
        for at, block in enumerate(self._blocks):
            for share in (*block.shares, *block.narrower):
                blocks.setdefault(share.id, set()).add(at)
        more = [
            key
            for key, pair in said.items()
            if pair.test.valid and pair.test.p is not None and not blocks.get(key[0], set()) & blocks.get(key[1], set())
        ]
        swept = sweep(self._blocks, self._patients, counts=how.test, adjust=how.adjust, level=how.level, more=len(more))
        p_values = {_key(pair.one, pair.other): pair.test.p or 0.0 for pair in swept.pairs}
        p_values |= {key: p for key in more if (p := said[key].test.p) is not None and p <= swept.most}
        adjusted = dict(zip(p_values, ADJUSTMENTS[how.adjust](list(p_values.values()), tests=swept.tests), strict=True))
        apart: list[_Found] = []
        for pair in swept.pairs:
            key = _key(pair.one, pair.other)
            test = replace(pair.test, adjusted=adjusted[key])
            if how.is_significant(test) and key not in found:
                apart.append(_Found("apart", pair.one, pair.other, test))
        self._fold(apart, found, said)
        for key, assertion in said.items():
            if assertion.test.valid:
                assertion.test = replace(assertion.test, adjusted=adjusted.get(key))
        return swept.tests

    def _fold(self, apart: list[_Found], found: dict[_Key, _Found], said: dict[_Key, _Said]) -> None:
        """Add pairs to those found: of pairs that count the same patients the surest, with the names of the others."""
        patients = self._patients
        kept: dict[tuple[object, ...], list[_Found]] = {}
        for pair in sorted(apart, key=lambda pair: (pair.test.p or 0.0, pair.one.id, pair.other.id)):
            one, other = sorted((pair.one, pair.other), key=patients.family)
            near = kept.setdefault((patients.family(one), patients.family(other)), [])
            same = [first for first in near if self._is_again(pair, first)]
            if same and _key(pair.one, pair.other) not in said:
                same[0].also.append(_key(pair.one, pair.other))
            else:
                near.append(pair)
                found[_key(pair.one, pair.other)] = pair

    def _is_again(self, pair: _Found, first: _Found) -> bool:
        """Return whether both claims of a pair share patients with those of another, on the same subject."""
        mine, theirs = (pair.one, pair.other), (first.one, first.other)
        subjects = [subject_of(found.one.claim, self._evidence) for found in (pair, first)]
        return subjects[0] == subjects[1] and any(
            all(one is other or self._patients.why(one, other) for one, other in zip(mine, order, strict=True))
            for order in (theirs, theirs[::-1])
        )

    def _of_figures(self, found: _Found, causes: Causes, explained: Mapping[Subject, Mapping[str, float]]) -> Conflict:
        """Return a disagreement that nobody asserts."""
        here, there = found.one.claim, found.other.claim
        subject = self._subject(here, there)
        told = causes.of(here, there, found.causes, explained.get(subject) if subject else None)
        conflict = Conflict(found.kind, "found", here, there, found.test, True, told, found.one, found.other, subject)
        return replace(conflict, also=tuple(found.also))

    def _of_curator(
        self, said: _Said, found: _Found | None, causes: Causes, explained: Mapping[Subject, Mapping[str, float]]
    ) -> Conflict:
        """Return a disagreement that a curator asserts, found or not."""
        here, there = said.claim, said.other
        kind, supported, first = self._borne_out(said) if found is None else (found.kind, True, found.causes)
        subject = self._subject(here, there)
        told = causes.of(here, there, first, explained.get(subject) if subject else None)
        status: Status = "both" if found else "asserted"
        conflict = Conflict(kind, status, here, there, said.test, supported, told, said.one, said.two, subject)
        return replace(conflict, assertion=said.relation, also=tuple(found.also) if found else ())

    def _borne_out(self, said: _Said) -> tuple[Kind, bool | None, tuple[Cause, ...]]:
        """Return how claims disagree of which one is no evidence, or which are on different subjects."""
        if said.one and said.two and said.claim.outcome == said.other.outcome and not said.test.valid:
            near = self._near(said.one, said.two)
            if near:
                return near.kind, True, near.causes
        supported = self._how.bears_out(said.test)
        if not supported:
            return "unsupported", supported, ()
        return ("apart" if said.test.valid else "shared"), True, ()

    def _subject(self, here: KnownClaim, there: KnownClaim) -> Subject | None:
        """Return what both claims are on, or nothing."""
        subject = subject_of(here, self._evidence)
        return subject if subject == subject_of(there, self._evidence) else None


def _key(one: Share | KnownClaim, other: Share | KnownClaim) -> _Key:
    return min(one.id, other.id), max(one.id, other.id)


def _sureness(relation: ClaimRelation) -> int:
    return _CERTAINTIES.index(relation.certainty) if relation.certainty in _CERTAINTIES else len(_CERTAINTIES)


def _rank(pair: Conflict) -> tuple[object, ...]:
    """Return the place of a disagreement: by kind, by p value or certainty, by slug."""
    p = pair.test.adjusted if pair.test.adjusted is not None else pair.test.p
    sureness = _sureness(pair.assertion) if pair.assertion else len(_CERTAINTIES)
    if pair.kind == "apart":
        return KINDS.index(pair.kind), p is None, p or 0.0, pair.test.p or 0.0, pair.here.id, pair.there.id
    return KINDS.index(pair.kind), sureness, p is None, p or 0.0, pair.here.id, pair.there.id
