"""Groups of claims on one subject that scatter more than chance lets them, their outliers, and what splits them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from cd22kg.queries.claims import KnownClaim
from cd22kg.statistics.multiplicity import ADJUSTMENTS
from cd22kg.statistics.outliers import Scatter, chi_squared_tail, deleted_residuals, normal_tails, scatter
from cd22kg.statistics.pooling import Pooled, pool_proportions
from cd22kg.synthesis.conflicts.causes import FACTORS, LAST, PRODUCT_FACTS, product_fact
from cd22kg.synthesis.conflicts.comparable import Comparable, Patients, Subject
from cd22kg.synthesis.conflicts.shares import Share
from cd22kg.synthesis.differences import NOT_PRINTED, denominator_of, time_of
from cd22kg.synthesis.evidence import AFTER_CD19, Evidence

#: A group has as many claims at least.
LEAST = 3
#: A group is told of from such a part of the variance on that is more than chance, even if its Q is not significant
#: among those of all groups; it is so alone.
CONSIDERABLE = 0.75


@dataclass(frozen=True)
class Member:
    """One claim of a group.

    Attributes:
        share: The claim.
        residual: Standard errors that it lies from what the others let one expect.
        p: Two-sided p value of that.
        adjusted: The same, adjusted for the number of claims in the group.
        is_outlier: Whether that is below the level.
        alone: What an outlier has that no other claim of the group has, where others have something in common: factor
            and value.
    """

    share: Share
    residual: float
    p: float
    adjusted: float
    is_outlier: bool
    alone: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Split:
    """The claims of a group that state one factor, split by it.

    Attributes:
        factor: One of `FACTORS`.
        levels: What they state of it, with the number of claims and their pooled share, by name.
        silent: How many claims do not state it.
        q_within: Cochran's Q within the parts, summed.
        df_within: Its degrees of freedom: the claims less the parts.
        explained: Part of the scatter of the group beyond chance, Q - df, that goes; a fraction in (0, 1].
        p: P value of the difference between the parts; there are as many such tests as factors, so that one of them
            may be small by chance.
    """

    factor: str
    levels: tuple[tuple[str, int, float], ...]
    silent: int
    q_within: float
    df_within: int
    explained: float
    p: float


@dataclass(frozen=True)
class Group:
    """Claims on one subject and different patients that scatter.

    Attributes:
        subject: What they are on.
        members: The claims, by slug.
        scatter: Cochran's Q, I2 and the variance between them.
        adjusted: The p value of Q, adjusted for the number of groups.
        pooled: Their mean, with random effects.
        splits: What splits them so that the parts scatter less, the most telling first, the kind of source last.
        left_out: Claims whose patients another claim of the group counts too.
    """

    subject: Subject
    members: tuple[Member, ...]
    scatter: Scatter
    adjusted: float
    pooled: Pooled
    splits: tuple[Split, ...]
    left_out: tuple[Share, ...] = ()


def scattered_groups(
    blocks: Sequence[Comparable], patients: Patients, evidence: Evidence, *, adjust: str, level: float
) -> tuple[int, tuple[Group, ...]]:
    """Return how many groups there are, and those that scatter more than chance lets them.

    Of claims that count the same patients the one with most patients stands for all; pooled claims, and those without
    counts, are in no group.

    Args:
        blocks: The claims that can be held against each other.
        patients: Tells which claims count the same patients.
        evidence: What is known of the claims.
        adjust: How p values are adjusted, one of `ADJUSTMENTS`.
        level: Below which an adjusted p value is significant, a fraction in (0, 1).
    """
    found = []
    for block in blocks:
        chosen, left_out = _independent((*block.shares, *block.narrower), patients)
        if len(chosen) >= LEAST:
            found.append((block.subject, chosen, left_out, scatter(_studies(chosen))))
    adjusted = ADJUSTMENTS[adjust]([row[-1].p for row in found])
    groups = []
    for (subject, chosen, left_out, spread), p in zip(found, adjusted, strict=True):
        if p < level or (spread.p < level and spread.i2 >= CONSIDERABLE):
            members = _members(chosen, evidence, adjust, level)
            pooled = pool_proportions(_studies(chosen))
            splits = tuple(_splits(chosen, spread, evidence))
            groups.append(Group(subject, members, spread, p, pooled, splits, left_out))
    return len(found), tuple(sorted(groups, key=lambda group: (group.adjusted, group.scatter.p, _name(group.subject))))


def explained_by(group: Group) -> dict[str, float]:
    """Return by factor how much of the scatter of a group goes when it is split by it."""
    return {split.factor: split.explained for split in group.splits}


def _name(subject: Subject) -> tuple[str, str, str]:
    return subject.group, subject.indication, subject.outcome


def _studies(shares: Sequence[Share]) -> list[tuple[int, int]]:
    return [share.counts for share in shares if share.counts]


def _independent(shares: Sequence[Share], patients: Patients) -> tuple[tuple[Share, ...], tuple[Share, ...]]:
    """Return claims with counts that share no patients, the largest of those that do, and the others."""
    taken: dict[str, list[Share]] = {}
    left_out = []
    for share in sorted((s for s in shares if s.counts), key=lambda share: (-(share.total or 0), share.id)):
        family = taken.setdefault(patients.family(share), [])
        if any(patients.why(share, other) for other in family):
            left_out.append(share)
        else:
            family.append(share)
    chosen = [share for family in taken.values() for share in family]
    return tuple(sorted(chosen, key=lambda share: share.id)), tuple(sorted(left_out, key=lambda share: share.id))


def _members(shares: Sequence[Share], evidence: Evidence, adjust: str, level: float) -> tuple[Member, ...]:
    residuals = deleted_residuals(_studies(shares))
    tails = [normal_tails(residual) for residual in residuals]
    adjusted = ADJUSTMENTS[adjust](tails)
    found = []
    for share, residual, p, by in zip(shares, residuals, tails, adjusted, strict=True):
        alone = tuple(_alone(share, shares, evidence)) if by < level else ()
        found.append(Member(share, residual, p, by, by < level, alone))
    return tuple(found)


def _alone(share: Share, shares: Sequence[Share], evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Yield what one claim has and no other, where the others do not have something different each."""
    for factor, value_of in _VALUES.items():
        own = value_of(share.claim, evidence)
        others = [value_of(other.claim, evidence) for other in shares if other is not share]
        if own and own not in others and len(set(others)) < len(others):
            yield factor, own


def _splits(shares: Sequence[Share], spread: Scatter, evidence: Evidence) -> list[Split]:
    """Return the splits after which claims scatter less, in the order of how much less."""
    found = []
    for factor, value_of in _VALUES.items():
        parts: dict[str, list[Share]] = {}
        for share in shares:
            if value := value_of(share.claim, evidence):
                parts.setdefault(value, []).append(share)
        stated = [share for part in parts.values() for share in part]
        if not 2 <= len(parts) < len(stated):
            continue
        q, q_within = scatter(_studies(stated)).q, sum(scatter(_studies(part)).q for part in parts.values())
        df, df_within = len(stated) - 1, len(stated) - len(parts)
        gone = max(0.0, q - df) - max(0.0, q_within - df_within)
        if gone > 0 and spread.q > spread.df:
            levels = [(name, len(part), pool_proportions(_studies(part)).share) for name, part in sorted(parts.items())]
            p = chi_squared_tail(max(0.0, q - q_within), len(parts) - 1)
            explained = min(1.0, gone / (spread.q - spread.df))
            found.append(Split(factor, tuple(levels), len(shares) - len(stated), q_within, df_within, explained, p))
    return sorted(found, key=lambda split: (split.factor in LAST, -split.explained, FACTORS.index(split.factor)))


def _denominator(claim: KnownClaim, evidence: Evidence) -> str:
    return denominator_of(claim.measurement, evidence) if claim.measurement else ""


def _product_fact(name: str) -> Callable[[KnownClaim, Evidence], str]:
    return lambda claim, evidence: product_fact(claim, name, evidence)


def _dose(claim: KnownClaim, evidence: Evidence) -> str:
    cohort = evidence.cohort_of(claim)
    return (cohort.dose_level if cohort else "") or ""


def _age_group(claim: KnownClaim, evidence: Evidence) -> str:
    cohort = evidence.cohort_of(claim)
    return evidence.label("age-group", cohort.age_group if cohort else "")


def _product(claim: KnownClaim, evidence: Evidence) -> str:
    """Return the product of a claim; nothing where it names a class of them."""
    is_class = evidence.fact("therapy", claim.therapy, "therapyGroup") == claim.therapy
    return "" if is_class else evidence.label("therapy", claim.therapy)


def _construct(claim: KnownClaim, evidence: Evidence) -> str:
    construct = evidence.fact("therapy", claim.therapy, "construct")
    return "" if construct == NOT_PRINTED else evidence.label("construct", construct)


def _source_kind(claim: KnownClaim, evidence: Evidence) -> str:
    source = evidence.source_of(claim)
    return source.type if source else ""


#: What claims are split by: what a claim has of it, or an empty text where it does not say.
_VALUES: dict[str, Callable[[KnownClaim, Evidence], str]] = {
    "denominator": _denominator,
    "time": lambda claim, _: time_of(claim.measurement) if claim.measurement else "",
    "outcome": lambda claim, evidence: evidence.label("outcome", claim.outcome),
    "scale": lambda claim, evidence: evidence.label(
        "scale", claim.measurement.grading_scale if claim.measurement else ""
    ),
    "dose": _dose,
    "prior-cd19": lambda claim, _: "all" if AFTER_CD19 in claim.inferred else "not all, or not stated",
    "construct": _construct,
    **{factor: _product_fact(name) for factor, name in PRODUCT_FACTS.items()},
    "product": _product,
    "population": _age_group,
    "indication": lambda claim, evidence: evidence.label("indication", claim.indication),
    "source-kind": _source_kind,
}
