"""The studies of a synthesis: what they are called, what sets them apart, and what they are mixed of."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from cd22kg.queries.claims import KnownClaim
from cd22kg.synthesis.differences import NOT_PRINTED, time_of
from cd22kg.synthesis.evidence import AFTER_CD19, Evidence
from cd22kg.synthesis.result import PooledStudy

#: An author, with the initial that tells two apart, and a year: ``zhang-s-2023``.
_AUTHOR_AND_YEAR = re.compile(r"([a-z]+(?:-[a-z])?)-([0-9]{4})")
#: In what studies that are pooled had better not differ, each with what it is in words.
_HAD_BETTER_AGREE = {
    "outcome": "outcomes",
    "denominator": "denominators",
    "time": "time points",
    "scale": "grading scales",
}


def study_of(claim: KnownClaim, events: int, total: int, derived: bool, evidence: Evidence) -> PooledStudy:
    """Return the row of a claim with the counts that are pooled."""
    measurement, cohort, source = claim.measurement, evidence.cohort_of(claim), evidence.source_of(claim)
    published = evidence.published(claim)
    construct = evidence.fact("therapy", claim.therapy, "construct")
    group = evidence.fact("therapy", claim.therapy, "therapyGroup")
    denominator = measurement.denominator if measurement and measurement.denominator != NOT_PRINTED else None
    facts = {
        "after-cd19": "yes" if AFTER_CD19 in claim.inferred else "not all, or not stated",
        "age-group": evidence.label("age-group", cohort.age_group if cohort else None),
        "construct": evidence.label("construct", construct),
        "denominator": evidence.label("denominator", denominator),
        "group": evidence.label("therapy", group),
        "indication": evidence.label("indication", claim.indication),
        "outcome": evidence.label("outcome", claim.outcome),
        "scale": evidence.label("scale", measurement.grading_scale if measurement else None),
        "source-kind": source.type if source else "",
        "therapy": evidence.label("therapy", claim.therapy),
        "time": time_of(measurement) if measurement else "",
    }
    label = _label(claim.source, source.registry_id if source else None)
    year = int(published[:4]) if published else None
    return PooledStudy(
        label, events, total, claim.id, claim.cohort or "", claim.source, year, derived, tuple(sorted(facts.items()))
    )


def _label(source: str, registry_id: str | None) -> str:
    """Return what a row is called: author and year where the source is named after them, else its registry number."""
    found = _AUTHOR_AND_YEAR.fullmatch(source)
    if not found:
        return (
            registry_id if registry_id and registry_id.lower().replace("-", "") == source.replace("-", "") else source
        )
    author, _, initial = found[1].partition("-")
    return " ".join(filter(None, (author.capitalize(), initial.upper(), found[2])))


def in_order(studies: Sequence[PooledStudy]) -> tuple[PooledStudy, ...]:
    """Return studies by year and name, each with a name of its own."""
    count = Counter(study.label for study in studies)
    own = (
        study if count[study.label] == 1 else replace(study, label=f"{study.label} ({study.cohort or study.claim})")
        for study in studies
    )
    return tuple(sorted(own, key=lambda study: (study.year or 9999, study.label, study.claim)))


def mixed(studies: Iterable[PooledStudy]) -> Iterator[str]:
    """Yield in what studies differ that had better agree, in words; what a study does not state is no difference."""
    for words, count, silent in _stated(studies):
        if len(count) > 1:
            told = [f"{name} ({number})" for name, number in sorted(count.items())]
            told += [f"not stated ({silent})"] if silent else []
            yield f"mixed {words}: {', '.join(told)}"


def unstated(studies: Iterable[PooledStudy]) -> Iterator[str]:
    """Yield what some studies do not state, so that they may differ in it, in words."""
    for words, count, silent in _stated(studies):
        if len(count) == 1 and silent:
            told = f"{next(iter(count))} ({count.total()})"
            yield f"{words} that may differ: {told}, not stated ({silent})"


def _stated(studies: Iterable[PooledStudy]) -> Iterator[tuple[str, Counter[str], int]]:
    """Yield how many studies state what, and how many nothing, of each fact that had better agree."""
    studies = [study for study in studies if study.facts]
    for fact, words in _HAD_BETTER_AGREE.items():
        said = [study.fact(fact) for study in studies]
        count = Counter(filter(None, said))
        yield words, count, len(said) - count.total()
