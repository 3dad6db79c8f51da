"""Saved syntheses, run again: what moved, by how much, and because of which claims."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from cd22kg.errors import Cd22kgError, DataError, InputError, Location, Problem
from cd22kg.synthesis.evidence import Evidence
from cd22kg.synthesis.pooling import pool_claims
from cd22kg.synthesis.saved import SavedOut, SavedSynthesis, read_saved, saved_from
from cd22kg.synthesis.selection import select

#: What moves, in the order it is told.
TOLD = ("estimate", "lower", "upper")


@dataclass(frozen=True)
class Rerun:
    """A saved synthesis before and after it was run again.

    Attributes:
        before: As its file has it.
        after: As it is now; the same where nothing that it depends on has changed.
    """

    before: SavedSynthesis
    after: SavedSynthesis

    @property
    def moved(self) -> bool:
        """Return whether the pooled figure or its interval is another."""
        return any(self.before.result.get(name) != self.after.result.get(name) for name in TOLD)

    @property
    def changed(self) -> bool:
        """Return whether the file would be written anew."""
        return self.before != self.after

    @property
    def refreshed(self) -> bool:
        """Return whether it was computed anew, and did not stand as its file has it."""
        return (self.before.studies, self.before.result) != (self.after.studies, self.after.result)

    def causes(self) -> Iterator[str]:
        """Yield what became of the claims: new ones, those gone, those with other counts."""
        then = {study.claim: study for study in self.before.studies}
        now = {study.claim: study for study in self.after.studies}
        for claim in sorted(now.keys() - then.keys()):
            yield f"new: {claim} {now[claim].events}/{now[claim].total}"
        for claim in sorted(then.keys() - now.keys()):
            out = next((out for out in self.after.left_out if out.claim == claim), None)
            yield f"gone: {claim} {then[claim].events}/{then[claim].total}{f' ({out.reason})' if out else ''}"
        for claim in sorted(then.keys() & now.keys()):
            counts = [(study.events, study.total) for study in (then[claim], now[claim])]
            if counts[0] != counts[1]:
                told = " is now ".join(f"{events}/{total}" for events, total in counts)
                yield f"changed: {claim} {told}"
        if self.before.recipe != self.after.recipe or (self.before.studies == self.after.studies and self.changed):
            yield "the recipe, or the result in the file, was edited"

    def __str__(self) -> str:
        """Return what moved and why, in one sentence."""
        then, now = self.before.result.get("estimate"), self.after.result["estimate"]
        causes = "; ".join(self.causes()) or "nothing that it rests on"
        if then is None:
            return f"{self.after.id}: pooled for the first time, {_interval(self.after)}"
        if not self.moved:
            return f"{self.after.id}: {_interval(self.after)}, not moved, though: {causes}"
        told = f"from {_interval(self.before)} to {_interval(self.after)}"
        return f"{self.after.id} moved by {(now - then) * 100:+.1f} points, {told}: {causes}"


def _interval(saved: SavedSynthesis) -> str:
    figures = [saved.result.get(name) for name in TOLD]
    estimate, lower, upper = ("?" if figure is None else _percent(figure) for figure in figures)
    return f"{estimate} % ({lower} to {upper})"


def _percent(fraction: Decimal) -> str:
    return f"{fraction * 100:.1f}"


def rerun(saved: SavedSynthesis, evidence: Evidence, graph: str = "", place: str = "") -> Rerun:
    """Return a saved synthesis beside what it is of the claims as they are now.

    Nothing is computed where the same claims with the same counts are picked and the file holds the result of just
    these: then also numpy and scipy are not needed.

    Args:
        saved: The synthesis as its file has it.
        evidence: The claims.
        graph: Digest of the graph that they are of.
        place: Name of the file, for messages.

    Raises:
        DataError: If it can no longer be pooled, or names a concept that is unknown.
    """
    try:
        selection = saved.recipe.selection()
        _refuse_unknown(saved, evidence)
        selected = select(selection, evidence)
        studies = [(study.claim, study.events, study.total) for study in selected.studies]
        left_out = tuple(SavedOut(claim=o.claim, reason=o.reason, instead=o.instead or None) for o in selected.left_out)
        if saved.holds and studies == [(study.claim, study.events, study.total) for study in saved.studies]:
            return Rerun(saved, saved.model_copy(update={"left_out": left_out}))
        found = pool_claims(evidence, selection, saved.recipe.model(), graph=graph)
        return Rerun(saved, saved_from(saved.id, found, saved.title))
    except DataError:
        raise
    except (Cd22kgError, ValueError) as error:
        told = error.message if isinstance(error, Cd22kgError) else str(error)
        hint = (error.hint if isinstance(error, Cd22kgError) else "") or "mend the recipe, or delete the file"
        where = Location(place) if place else None
        raise DataError([Problem(f"the synthesis `{saved.id}` cannot be run: {told}", where, hint=hint)]) from None


def rerun_saved(
    files: Mapping[Path, str], evidence: Evidence, graph: str = ""
) -> tuple[tuple[Rerun, ...], tuple[Problem, ...]]:
    """Run the syntheses of files again, and return them with what is wrong with the others.

    Args:
        files: The files, each with the name that messages give it.
        evidence: The claims.
        graph: Digest of the graph that they are of.
    """
    found: list[Rerun] = []
    problems: list[Problem] = []
    for path, name in files.items():
        try:
            found.append(rerun(read_saved(path, name), evidence, graph, name))
        except DataError as error:
            problems += error.problems
        except InputError as error:
            problems.append(Problem(error.message, error.location, hint=error.hint))
    return tuple(found), tuple(problems)


def _refuse_unknown(saved: SavedSynthesis, evidence: Evidence) -> None:
    recipe = saved.recipe
    named = [("therapy", recipe.therapy), ("indication", recipe.indication)]
    named += [("outcome", outcome) for outcome in (*recipe.outcome, *filter(None, (recipe.among,)))]
    named += [("denominator", kind) for kind in recipe.denominator]
    for kind, slug in named:
        if (kind, slug) not in evidence.concepts:
            raise ValueError(f"there is no {kind} `{slug}`")
