"""Studies to a synthesis: the pooled figure, and what else is asked of the same studies."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from cd22kg.errors import DataError, Problem, QueryError, SynthesisError
from cd22kg.synthesis.evidence import Evidence
from cd22kg.synthesis.recipe import MODERATORS, SUBGROUPS, Selection
from cd22kg.synthesis.result import PooledStudy, Synthesis
from cd22kg.synthesis.selection import Selected, select

if TYPE_CHECKING:
    from cd22kg.statistics.meta import Model
    from cd22kg.statistics.options import Back, Method, Transform


#: A number in a cell of a table; digits of other scripts, exponents and infinities are none.
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?")


@dataclass(frozen=True)
class Analyses:
    """What is asked of studies besides the pooled figure.

    Attributes:
        by: A fact that groups them, one of `SUBGROUPS`, or a column of a table; empty for none.
        moderator: A number that they are compared along, one of `MODERATORS`, or a column of a table.
        leave_one_out: Whether each study is left out in turn.
        cumulative: Whether they are pooled one more at a time, by year.
        small_study: Whether small studies are tested for larger figures than large ones.
        strict: Whether studies that differ in what had better agree are refused.
    """

    by: str = ""
    moderator: str = ""
    leave_one_out: bool = False
    cumulative: bool = False
    small_study: bool = False
    strict: bool = False


class ModelOptions(TypedDict, total=False):
    """How studies are pooled, as options; see `statistics.meta.Model`."""

    transform: Transform
    method: Method
    hartung_knapp: bool
    level: float
    back: Back


def model_from(**options: Unpack[ModelOptions]) -> Model:
    """Return a model with some options, and the usual ones for the rest.

    Raises:
        SynthesisError: If numpy or scipy is missing.
        QueryError: If an option is none, or does not go with another.
    """
    need_libraries()
    from cd22kg.statistics.meta import Model

    try:
        return Model(**options)
    except ValueError as error:
        raise QueryError(str(error), hint="see docs/how-to/pool.md") from None


def pool_claims(
    evidence: Evidence, selection: Selection, model: Model, analyses: Analyses | None = None, graph: str = ""
) -> Synthesis:
    """Return the synthesis of the claims that a selection picks.

    Args:
        evidence: The claims.
        selection: Which of them are pooled.
        model: How they are pooled.
        analyses: What else is asked.
        graph: Digest of the graph that the claims are of.

    Raises:
        SynthesisError: If no claim fits, or the method cannot pool them.
        DataError: If they differ in what had better agree, and that is to be refused.
        QueryError: If they cannot be grouped or compared as asked.
    """
    analyses = analyses or Analyses()
    for asked, known, what in ((analyses.by, SUBGROUPS, "group"), (analyses.moderator, MODERATORS, "moderator")):
        if asked and asked not in known:
            raise QueryError(f"studies have no {what} `{asked}`", hint=f"one of: {', '.join(known)}")
    selected = select(selection, evidence)
    if not selected.studies:
        raise _nothing(selected)
    if analyses.strict and selected.mixed:
        hint = "narrow the selection, such as --denominator infused, or leave out --strict"
        raise DataError(Problem(f"the studies have {mixture}", hint=hint) for mixture in selected.mixed)
    found = synthesize(title_of(selection, evidence), selected.studies, model, analyses)
    return replace(
        found,
        selection=selection,
        left_out=selected.left_out,
        mixed=selected.mixed,
        unstated=selected.unstated,
        graph=graph,
    )


def synthesize(title: str, studies: Sequence[PooledStudy], model: Model, analyses: Analyses | None = None) -> Synthesis:
    """Return the synthesis of studies, whose patients must not overlap.

    Raises:
        SynthesisError: If the method cannot pool them, or a library is missing.
        QueryError: If no study has a group or number as asked for.
    """
    need_libraries()
    from cd22kg.statistics.meta import pool

    analyses = analyses or Analyses()
    _refuse_unknown_facts(studies, analyses)
    counts = [study.events for study in studies], [study.total for study in studies]
    try:
        found = Synthesis(title, None, model, tuple(studies), pool(*counts, model), version=version("cd22kg"))
        return replace(found, **dict(_further(found, analyses)))
    except ValueError as error:
        raise SynthesisError(f"{error}", hint="choose another method, or other studies") from None


def _further(found: Synthesis, analyses: Analyses) -> Iterator[tuple[str, Any]]:
    """Yield what is asked besides the pooled figure, each with the attribute that it fills."""
    from cd22kg.statistics.regression import regress
    from cd22kg.statistics.sensitivity import cumulative, leave_one_out
    from cd22kg.statistics.small_study import egger_test, peters_test
    from cd22kg.statistics.subgroups import pool_subgroups

    studies, model = found.studies, found.model
    events, total = [study.events for study in studies], [study.total for study in studies]
    if analyses.by:
        yield "by", analyses.by
        yield "subgroups", pool_subgroups(events, total, [group_of(study, analyses.by) for study in studies], model)
    if analyses.leave_one_out:
        yield "leave_one_out", leave_one_out(events, total, model)
    if analyses.cumulative:
        order = sorted(range(len(studies)), key=lambda at: (studies[at].year or 9999, studies[at].label))
        grown = cumulative([events[at] for at in order], [total[at] for at in order], model)
        yield "cumulative", tuple(zip(order, grown, strict=True))
    if analyses.moderator:
        numbers = [(study, number_of(study, analyses.moderator)) for study in studies]
        known = [(study, number) for study, number in numbers if number is not None]
        yield "moderator", analyses.moderator
        yield "unplaced", tuple(study.label for study, number in numbers if number is None)
        counts = [study.events for study, _ in known], [study.total for study, _ in known]
        yield "regression", regress(*counts, [number for _, number in known], model)
    if analyses.small_study:
        weighed = replace(model, method="REML") if model.method == "GLMM" else model
        yield (
            "small_study",
            (
                ("Egger, with the model's weights", egger_test(events, total, weighed)),
                ("Egger, classical", egger_test(events, total, weighed, classical=True)),
                ("Peters", peters_test(events, total, weighed)),
            ),
        )


def _refuse_unknown_facts(studies: Sequence[PooledStudy], analyses: Analyses) -> None:
    """Refuse to group or compare by what no study states."""
    facts = sorted({name for study in studies for name, _ in study.facts})
    numbers = [name for name in sorted({*facts, *MODERATORS}) if any(number_of(s, name) is not None for s in studies)]
    for asked, known, what in ((analyses.by, facts, "group"), (analyses.moderator, numbers, "number")):
        if asked and asked not in known:
            raise QueryError(f"no study states its {what} `{asked}`", hint=f"one of: {', '.join(known) or 'none'}")


def need_libraries() -> None:
    """Refuse to pool where the libraries for it are missing.

    Raises:
        SynthesisError: If one is.
    """
    if missing := [name for name in ("numpy", "scipy") if find_spec(name) is None]:
        raise SynthesisError(f"pooling needs {' and '.join(missing)}", hint="pip install 'cd22kg[stats]'")


def _nothing(selected: Selected) -> SynthesisError:
    """Return the error that tells why the claims that fit a question were left out, the most frequent reason first."""
    if not selected.left_out:
        hint = "`cd22kg query claims -p outcome=OUTCOME` shows what there is; try a wider therapy or indication"
        return SynthesisError("there is no study to pool", hint=hint)
    reasons = Counter(out.reason for out in selected.left_out)
    told = "; ".join(f"{reason} ({count})" for reason, count in sorted(reasons.items(), key=lambda item: -item[1]))
    hint = "ask otherwise, such as with --among, --least-share, or another denominator"
    return SynthesisError(f"there is no study to pool; what fits is left out: {told}", hint=hint)


def group_of(study: PooledStudy, by: str) -> str:
    """Return the group that a study belongs to, in words."""
    return study.fact(by) or "not stated"


def number_of(study: PooledStudy, moderator: str) -> float | None:
    """Return the number of a study along a moderator, or nothing where it has none."""
    numbers: dict[str, float | None] = {"year": study.year, "total": study.total}
    if moderator in numbers:
        return numbers[moderator]
    text = study.fact(moderator)
    if moderator == "after-cd19" and study.claim:
        return float(text == "yes")
    return float(text) if _NUMBER.fullmatch(text) else None


def title_of(selection: Selection, evidence: Evidence) -> str:
    """Return what is pooled, in words: ``Complete response: CD22 CAR T cells in B-ALL``."""
    outcomes = " or ".join(evidence.label("outcome", outcome) for outcome in selection.outcome)
    where = evidence.label("therapy", selection.therapy), evidence.label("indication", selection.indication)
    title = f"{outcomes}: {' in '.join(where)}"
    return title[:1].upper() + title[1:]
