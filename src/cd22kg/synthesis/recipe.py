"""What is pooled, and how: everything a pooled figure depends on besides the claims."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypedDict, get_args

from pydantic import TypeAdapter, ValidationError

from cd22kg.errors import QueryError
from cd22kg.model.values import Date

#: Which of several reports on the same patients stands for them.
Policy = Literal["largest", "latest"]
POLICIES: tuple[Policy, ...] = get_args(Policy)
#: What studies can be grouped by, each with what it is in words.
SUBGROUPS = ("therapy", "group", "construct", "indication", "age-group", "denominator", "source-kind", "after-cd19")
#: Numbers that studies can be compared along.
MODERATORS = ("year", "total", "after-cd19")


@dataclass(frozen=True)
class Selection:
    """Which claims are pooled. Concepts stand for what is narrower too, unless `exact`.

    Attributes:
        therapy: Slug of the product or group.
        indication: Slug of the indication.
        outcome: Slugs of the outcomes; of equal reports on the same patients the one named first is taken.
        denominator: Slugs of the denominators that may be counted; any where empty.
        among: Slug of the outcome that the patients counted have had, such as ``cr`` for relapses of responders; where
            empty, claims on patients so selected are left out.
        after_cd19: Whether all patients had a CD19-directed therapy before; none leaves it open.
        exclude_abstracts: Whether abstracts, press releases, news and pages are left out: articles and records stay.
        until: Only what was published by this day, month or year; what has no date is left out then.
        exact: Whether a concept stands for itself alone.
        least_share: How many of a cohort of a wider indication must have the one asked for, a fraction of its size:
            with 0.95, 57 patients with B-ALL of 58 with B-cell malignancies count as B-ALL. 1 lets in nothing wider.
        printed_only: Whether counts worked out from a percentage are left out.
        overlap: Which of several reports on the same patients is taken.
    """

    therapy: str
    indication: str
    outcome: tuple[str, ...]
    denominator: tuple[str, ...] = ()
    among: str = ""
    after_cd19: bool | None = None
    exclude_abstracts: bool = False
    until: str = ""
    exact: bool = False
    least_share: float = 1.0
    printed_only: bool = False
    overlap: Policy = "largest"

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            QueryError: If there is no outcome, the share is no share, the day none, or the policy unknown.
        """
        if not self.outcome:
            raise QueryError("a synthesis needs an outcome", hint="such as --outcome cr")
        if not 0 < self.least_share <= 1:
            raise QueryError(f"the least share is a fraction above 0, at most 1, got {self.least_share}")
        if self.until:
            _refuse_no_date(self.until)
        if self.overlap not in POLICIES:
            raise QueryError(f"there is no policy `{self.overlap}`", hint=f"one of: {', '.join(POLICIES)}")


class SelectionOptions(TypedDict, total=False):
    """Which claims are pooled, apart from therapy, indication and outcome; see `Selection`."""

    denominator: tuple[str, ...]
    among: str
    after_cd19: bool | None
    exclude_abstracts: bool
    until: str
    exact: bool
    least_share: float
    printed_only: bool
    overlap: Policy


def _refuse_no_date(text: str) -> None:
    """Refuse what is no year, month or day that has come."""
    try:
        TypeAdapter(Date).validate_python(text)
    except ValidationError as error:
        told, _, hint = str(error.errors()[0]["msg"]).removeprefix("Value error, ").partition("; fix: ")
        raise QueryError(told, hint=hint) from None
