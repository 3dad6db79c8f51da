"""How claims disagree that count the same patients: no chance is needed to tell that one of them is off."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from cd22kg.synthesis.conflicts.causes import Cause
from cd22kg.synthesis.conflicts.comparable import Comparable, Patients, are_one_figure, same_question
from cd22kg.synthesis.conflicts.shares import Share


def are_two_readings(one: Share, other: Share) -> bool:
    """Return whether two claims give one figure of one cohort differently."""
    return (
        one.cohort == other.cohort != ""
        and one.claim.therapy == other.claim.therapy
        and same_question(one, other)
        and not are_one_figure(one, other)
    )


def excess(one: Share, other: Share, patients: Patients) -> Cause | None:
    """Return what a part has more of than its whole; nothing where neither is a part, or nothing is amiss."""
    for part, whole in ((one, other), (other, one)):
        if not patients.is_part(part, whole) or not same_question(part, whole):
            continue
        if part.counts is None or whole.counts is None:
            continue
        (events, total), (most, size) = part.counts, whole.counts
        for number, limit, words in ((events, most, "with"), (total - events, size - most, "without")):
            if number > limit:
                sentence = f"{part.id} counts {number} {words} the outcome, its whole {whole.id} no more than {limit}."
                told = {part.id: f"{number}", whole.id: f"{limit}"}
                return Cause("arithmetic", told[one.id], told[other.id], sentence, True)
    return None


def wrong_sums(block: Comparable, patients: Patients) -> Iterator[tuple[Share, tuple[Share, ...], Cause]]:
    """Yield the claims whose cohort is made up of others that have, together, another number with the outcome."""
    families: dict[str, list[Share]] = {}
    for share in block.shares:
        if share.counts:
            families.setdefault(patients.family(share), []).append(share)
    for family in families.values():
        for whole in family:
            parts = [part for part in family if patients.is_part(part, whole) and same_question(part, whole)]
            parts = [part for part in parts if not any(patients.is_part(part, wider) for wider in parts)]
            if len(parts) < 2 or any(patients.why(*pair) for pair in combinations(parts, 2)):
                continue
            events, total = sum(part.events or 0 for part in parts), sum(part.total or 0 for part in parts)
            if total == whole.total and events != whole.events:
                told = " and ".join(f"{part.events} of {part.total}" for part in parts)
                sentence = f"The parts of {whole.cohort}, {told}, make {events} of {total}, not {whole.events}."
                yield whole, tuple(parts), Cause("arithmetic", f"{whole.events}", f"{events}", sentence, True)
