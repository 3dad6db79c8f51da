"""What a search for conflicts is asked, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

from cd22kg.errors import QueryError
from cd22kg.model import ClaimRelation
from cd22kg.queries.claims import KnownClaim
from cd22kg.statistics.multiplicity import ADJUSTMENTS
from cd22kg.synthesis.conflicts.causes import Cause
from cd22kg.synthesis.conflicts.comparable import Subject, Wanted
from cd22kg.synthesis.conflicts.groups import Group
from cd22kg.synthesis.conflicts.pair_tests import COUNT_TESTS, PairTest
from cd22kg.synthesis.conflicts.shares import Share

#: How two claims disagree, the surest first: they give one figure of the same patients differently; a part has more
#: than its whole, or parts do not make it; they are further apart than chance lets them; so they would be, but share
#: patients, which the test does not know; a curator says so, and no test bears it out.
Kind = Literal["readings", "parts", "apart", "shared", "unsupported"]
KINDS: tuple[Kind, ...] = get_args(Kind)
#: Whether a curator says so, or the figures do.
Status = Literal["asserted", "found", "both"]


@dataclass(frozen=True)
class How:
    """How claims are held against each other.

    Attributes:
        test: The test of two counts: ``fisher`` or ``midp``.
        adjust: How p values are adjusted for the number of tests: ``holm``, ``bh`` or ``none``.
        level: Below which an adjusted p value is significant, a fraction in (0, 1).
        within: Whether claims on a narrower indication or outcome are held against those on a wider one.
    """

    test: str = "fisher"
    adjust: str = "holm"
    level: float = 0.05
    within: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            QueryError: If a name is unknown, or the level is no fraction.
        """
        for what, name, known in (("test", self.test, COUNT_TESTS), ("adjustment", self.adjust, ADJUSTMENTS)):
            if name not in known:
                raise QueryError(f"there is no {what} `{name}`", hint=f"one of: {', '.join(known)}")
        if not 0 < self.level < 1:
            raise QueryError(f"the level is a fraction between 0 and 1, got {self.level}", hint="such as 0.05")

    def is_significant(self, test: PairTest) -> bool:
        """Return whether two shares of different patients differ: the adjusted p value is small, nothing overlaps.

        Of two counts the test alone decides; their intervals may overlap a little.
        """
        by_intervals = test.method in ("intervals", "value")
        return test.adjusted is not None and test.adjusted < self.level and not (by_intervals and test.apart is False)

    def bears_out(self, test: PairTest) -> bool | None:
        """Return whether a test bears out that two claims disagree; nothing where there is none.

        Where the claims share patients the p value is taken as it is: it is too large rather than too small.
        """
        if test.method == "range":
            return test.apart
        if test.p is None:
            return None
        return self.is_significant(test) if test.valid else test.p < self.level


@dataclass(frozen=True)
class Conflict:
    """Two claims that disagree.

    Attributes:
        kind: How they do.
        status: Who says so.
        here: A claim; of an assertion the one that makes it.
        there: The other one.
        test: What came of holding their shares against each other.
        supported: Whether the figures bear the disagreement out; nothing where they cannot be held against each other.
        causes: What may be behind it, the likeliest first.
        here_share: The share that the first states, if it states one.
        there_share: That of the second.
        subject: What both are on, where it is the same.
        assertion: What the curator says.
        also: Other pairs of claims that say the same again, as each shares patients with the claims here.
    """

    kind: Kind
    status: Status
    here: KnownClaim
    there: KnownClaim
    test: PairTest
    supported: bool | None
    causes: tuple[Cause, ...] = ()
    here_share: Share | None = None
    there_share: Share | None = None
    subject: Subject | None = None
    assertion: ClaimRelation | None = None
    also: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Conflicts:
    """What disagrees in a graph.

    Attributes:
        how: How it was looked for.
        wanted: Among which claims.
        pairs: Pairs of claims, the surest first.
        groups: Groups of claims that scatter, the surest first.
        claims: How many claims were held against others.
        tests: How many pairs of different patients can be tested; their p values are adjusted for that number.
        groups_tested: How many groups there are; the p values of their Q are adjusted for that number.
    """

    how: How
    wanted: Wanted
    pairs: tuple[Conflict, ...]
    groups: tuple[Group, ...]
    claims: int
    tests: int
    groups_tested: int

    def only(self, status: str) -> Conflicts:
        """Return those that a curator asserts, or those that are found; what is both is either.

        Raises:
            QueryError: If the status is another than ``asserted`` or ``found``.
        """
        if status not in ("asserted", "found"):
            raise QueryError(f"there is no status `{status}`", hint="one of: asserted, found")
        pairs = tuple(pair for pair in self.pairs if pair.status in (status, "both"))
        return replace(self, pairs=pairs, groups=self.groups if status == "found" else ())
