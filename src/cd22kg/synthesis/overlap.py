"""Which cohorts share patients, so that nobody is counted twice."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from cd22kg.model import Cohort


class Overlap:
    """The relations between cohorts that claim files state, followed to their end.

    Two cohorts share patients where they are one, where one is a subset of the other, where a third is a subset of
    both, where they or parts of them are said to overlap, and where two subsets of one cohort have more patients
    together than it has. They may share patients where wholes that they belong to are said to overlap. Two cohorts of
    one study that nothing relates are taken for different patients.
    """

    def __init__(self, cohorts: Mapping[str, Cohort]) -> None:
        """Take the cohorts by slug."""
        self._cohorts = cohorts
        self._above = {slug: _wholes(slug, cohorts) for slug in cohorts}
        self._below: dict[str, set[str]] = {}
        for slug, wholes in self._above.items():
            for whole in wholes:
                self._below.setdefault(whole, set()).add(slug)
        self._stated = {frozenset((slug, other)) for slug, cohort in cohorts.items() for other in cohort.overlaps}
        self._kin = _kin(cohorts)

    def kin(self, slug: str) -> str:
        """Return the name of the cohorts that a chain of statements ties to a cohort: others share no patients."""
        return self._kin.get(slug, slug)

    def why(self, one: str, other: str) -> str:
        """Return why two cohorts share patients, or may, in words; an empty text where they do not."""
        if one == other:
            return "the same patients"
        if other in self._above.get(one, ()):
            return f"part of {other}"
        if one in self._above.get(other, ()):
            return f"{other} is part of it"
        if common := sorted(self._below.get(one, set()) & self._below.get(other, set())):
            return f"shares patients with {other}, as {common[0]} is part of both"
        for mine in self._related(one):
            for theirs in self._related(other):
                if frozenset((mine, theirs)) in self._stated:
                    certain = mine not in self._above.get(one, ()) and theirs not in self._above.get(other, ())
                    return f"{'shares' if certain else 'may share'} patients with {other}"
        return f"shares patients with {other}, as both are of {whole}" if (whole := self._crowded(one, other)) else ""

    def crowd(self, one: str, others: Collection[str]) -> str:
        """Return a cohort that has fewer patients than one of its subsets and others together; nothing if none has.

        Args:
            one: The subset.
            others: Cohorts of which no two share patients as far as `why` tells, nor one with the subset.
        """
        for whole in sorted(self._above.get(one, ())):
            parts = [one, *(other for other in others if whole in self._above.get(other, ()))]
            size = self._size(whole)
            if size is not None and sum(self._size(part) or 0 for part in parts) > size and len(parts) > 1:
                return whole
        return ""

    def _size(self, slug: str) -> int | None:
        return self._cohorts[slug].size if slug in self._cohorts else None

    def _related(self, slug: str) -> list[str]:
        """Return a cohort, its parts and its wholes: what holds of one may hold of it."""
        return [slug, *sorted(self._below.get(slug, ())), *sorted(self._above.get(slug, ()))]

    def _crowded(self, one: str, other: str) -> str:
        """Return a cohort that two are subsets of and that has fewer patients than both together."""
        mine, theirs = self._size(one), self._size(other)
        if mine is None or theirs is None:
            return ""
        for whole in sorted(self._above.get(one, set()) & self._above.get(other, set())):
            size = self._size(whole)
            if size is not None and mine + theirs > size:
                return whole
        return ""


def _wholes(slug: str, cohorts: Mapping[str, Cohort]) -> set[str]:
    """Return everything that a cohort is a subset of, over any number of steps."""
    found: set[str] = set()
    ahead = [slug]
    while ahead:
        cohort = cohorts.get(ahead.pop())
        new = set(cohort.subset_of) - found if cohort else set()
        found |= new
        ahead.extend(new)
    return found


def _kin(cohorts: Mapping[str, Cohort]) -> dict[str, str]:
    """Return each cohort with the first in the alphabet of those that subsets and overlaps tie to it."""
    tied: dict[str, set[str]] = {slug: set() for slug in cohorts}
    for slug, cohort in cohorts.items():
        for other in (*cohort.subset_of, *cohort.overlaps):
            tied[slug].add(other)
            tied.setdefault(other, set()).add(slug)
    found: dict[str, str] = {}
    for first in sorted(tied):
        ahead = [first]
        while ahead:
            slug = ahead.pop()
            if slug not in found:
                found[slug] = first
                ahead.extend(tied[slug])
    return found
