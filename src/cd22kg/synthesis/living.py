"""Saved syntheses, run again: what moved, by how much, and because of which claims."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from cd22kg.errors import Cd22kgError, DataError, InputError, Location, Problem, QueryError
from cd22kg.gate.text import visible
from cd22kg.model import Vocabulary
from cd22kg.synthesis.computed import COMPUTED_SOURCE, claim_id
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
        if self.before.recipe != self.after.recipe or not self.before.holds:
            yield "the recipe, or the result in the file, was edited"
        elif self.before.studies != self.after.studies and then == now:
            yield "the order of the studies"
        elif self.before.studies == self.after.studies and self.before.left_out != self.after.left_out:
            yield "what is left out, or why"

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
        refuse_unknown(saved, evidence)
        _refuse_taken(saved, evidence)
        selected = select(selection, evidence)
        studies = [(study.claim, study.events, study.total) for study in selected.studies]
        left_out = tuple(
            SavedOut(claim=o.claim, reason=visible(o.reason), instead=o.instead or None) for o in selected.left_out
        )
        if saved.holds and studies == [(study.claim, study.events, study.total) for study in saved.studies]:
            return Rerun(saved, saved.model_copy(update={"left_out": left_out}))
        found = pool_claims(evidence, selection, saved.recipe.model(), graph=graph)
        return Rerun(saved, saved_from(saved.id, found, saved.title))
    except DataError:
        raise
    except Cd22kgError as error:
        raise DataError([_cannot_run(saved, error, place)]) from None


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
    for saved, name in _read(files, problems):
        try:
            found.append(rerun(saved, evidence, graph, name))
        except DataError as error:
            problems += error.problems
    return tuple(found), tuple(problems)


def faults(files: Mapping[Path, str], vocabulary: Vocabulary) -> tuple[Problem, ...]:
    """Return what is wrong with the files of saved syntheses, as far as it shows without running them.

    Args:
        files: The files, each with the name that messages give it.
        vocabulary: The concepts that they may name.
    """
    problems: list[Problem] = []
    for saved, name in _read(files, problems):
        try:
            saved.recipe.selection()
            _refuse_unless(saved, lambda kind, slug: slug in vocabulary.slugs(kind))
        except QueryError as error:
            problems.append(_cannot_run(saved, error, name))
    return tuple(problems)


def _read(files: Mapping[Path, str], problems: list[Problem]) -> Iterator[tuple[SavedSynthesis, str]]:
    """Yield the syntheses of files with the names of these, and tell what is wrong with the others."""
    for path, name in files.items():
        try:
            yield read_saved(path, name), name
        except DataError as error:
            problems += error.problems
        except InputError as error:
            problems.append(Problem(error.message, error.location, hint=error.hint))


def _cannot_run(saved: SavedSynthesis, error: Cd22kgError, place: str) -> Problem:
    told, hint = f"the synthesis `{saved.id}` cannot be run: {error.message}", error.hint
    return Problem(told, Location(place) if place else None, hint=hint or "mend the recipe, or delete the file")


def refuse_unknown(saved: SavedSynthesis, evidence: Evidence) -> None:
    """Refuse a synthesis whose recipe names a concept that is not there.

    Raises:
        QueryError: If it does.
    """
    _refuse_unless(saved, lambda kind, slug: (kind, slug) in evidence.concepts)


def _refuse_unless(saved: SavedSynthesis, is_known: Callable[[str, str], bool]) -> None:
    recipe = saved.recipe
    named = [("therapy", recipe.therapy), ("indication", recipe.indication)]
    named += [("outcome", outcome) for outcome in (*recipe.outcome, *filter(None, (recipe.among,)))]
    named += [("denominator", kind) for kind in recipe.denominator]
    for kind, slug in named:
        if not is_known(kind, slug):
            raise QueryError(f"there is no {kind} `{slug}`", hint="mend the recipe, or delete the file")


def _refuse_taken(saved: SavedSynthesis, evidence: Evidence) -> None:
    """Refuse a synthesis whose claim would be taken for one of a file."""
    if claim_id(saved) in evidence.claims:
        told = f"its claim `{claim_id(saved)}` would have the name of a claim of a file"
        raise QueryError(told, hint="call one of the two something else")
    if COMPUTED_SOURCE.rpartition("/")[2] in evidence.sources:
        told = "a source of a claim file has the name of the graph itself, `cd22kg`"
        raise QueryError(told, hint="call the source something else")
