"""Conflicts as people and programs read them: table, Markdown, JSON, CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from cd22kg.errors import QueryError
from cd22kg.export.conflicts_data import to_csv, to_json
from cd22kg.export.synthesis import Page
from cd22kg.notice import NOTICE
from cd22kg.synthesis.conflicts.comparable import Subject
from cd22kg.synthesis.conflicts.disagreement import Conflict, Conflicts
from cd22kg.synthesis.conflicts.groups import Group, Split
from cd22kg.synthesis.conflicts.pair_tests import PairTest
from cd22kg.synthesis.conflicts.shares import Share
from cd22kg.validation.shielding import shielded

#: How two claims disagree, in words.
KIND_WORDS = {
    "readings": "two readings of one figure",
    "parts": "part and whole do not fit",
    "apart": "further apart than chance",
    "shared": "apart, though they share patients",
    "unsupported": "asserted, and no test tells them apart",
}
_TESTS = {
    "fisher": "Fisher's exact test",
    "midp": "mid-p version of Fisher's exact test",
    "intervals": "intervals that do not overlap, z",
    "value": "a value beside an interval, z; p is the least it can be",
    "range": "a value and a range",
    "none": "no shares to test",
}
_ADJUSTED = {"holm": "after Holm", "bh": "after Benjamini and Hochberg", "none": "not at all"}
_NOTICE = f"{NOTICE} Nothing here says which of two claims is the better one."
#: Causes that a row of a table names.
_NAMED = 4
#: Splits of groups that are told explain so much at least.
_WORTH_TELLING = 0.1


def to_text(conflicts: Conflicts, form: str = "table", width: int = 0) -> str:
    """Return conflicts in one of `FORMATS`: the same bytes each time.

    Args:
        conflicts: What was found.
        form: The format.
        width: Columns of the terminal that a table is fitted to; 0 for none.

    Raises:
        QueryError: If the format is unknown.
    """
    if form not in _WRITERS:
        raise QueryError(f"unknown format `{form}`", hint=f"one of: {', '.join(FORMATS)}")
    return _WRITERS[form](conflicts, width)


def figure(share: Share | None, printed: str | None = None) -> str:
    """Return a share as a person reads it: ``40/57 70.2 % [57.3-80.5]``; a round interval is printed, not computed.

    A ``~`` stands before counts that were worked out.
    """
    if share is None:
        return printed or "no share"
    ends = "" if share.lower is None or share.upper is None else f"{100 * share.lower:.1f}-{100 * share.upper:.1f}"
    if share.value is None:
        return f"{ends} %"
    value = f"{100 * share.value:.1f} %"
    if share.basis == "counts":
        return f"{_mark(share)}{share.events}/{share.total} {value} [{ends}]"
    if share.basis == "total":
        return f"{value} of {share.total} [{ends}]"
    return f"{value} ({ends})" if ends else value


def _page(conflicts: Conflicts, page: Page) -> Iterator[str]:
    yield page.heading("Claims that disagree")
    yield page.text(shielded(summary(conflicts)))
    if conflicts.pairs:
        yield page.table(_cells(_rows(conflicts)), [True, False, False, False, True, True, False])
    for number, pair in enumerate(conflicts.pairs, 1):
        yield _items(f"{number}. {kind_words(pair)}", _told(pair), page)
    if conflicts.groups:
        yield page.heading("Groups of claims that scatter")
        yield page.table(_cells(_group_rows(conflicts)), [False, True, True, True, True, True, False, False])
    for group in conflicts.groups:
        yield _items(_subject(group.subject), _members(group), page)
    yield page.text(_NOTICE)


def _items(head: str, items: Iterable[str], page: Page) -> str:
    """Return a list for `Page.items`, which escapes what is markup."""
    return page.items(shielded(head), [shielded(item) for item in items])


def _cells(rows: Iterable[Sequence[str]]) -> list[list[str]]:
    """Return rows for `Page.table`, which escapes what is markup."""
    return [[shielded(cell) for cell in row] for row in rows]


def summary(conflicts: Conflicts) -> str:
    """Return what was looked at and how, in one sentence or two."""
    how, pairs = conflicts.how, conflicts.pairs
    count = {status: sum(pair.status == status for pair in pairs) for status in ("asserted", "found", "both")}
    tested = f"{_count(conflicts.tests, 'pair')} and {_count(conflicts.groups_tested, 'group')} of different patients"
    return (
        f"{_count(len(pairs), 'pair')} ({count['both']} asserted and found, {count['found']} found,"
        f" {count['asserted']} asserted only) and {_count(len(conflicts.groups), 'group')}."
        f" {_count(conflicts.claims, 'claim')} held against each other; tests of {tested} at a level of"
        f" {how.level:g}, of counts by {_TESTS[how.test]}, p values adjusted {_ADJUSTED[how.adjust]}."
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def kind_words(pair: Conflict) -> str:
    """Return how two claims disagree, in words."""
    if pair.test.method == "range" and pair.supported:
        return "outside the range stated"
    if pair.kind == "unsupported" and pair.supported is None:
        return "asserted, with nothing to test"
    return KIND_WORDS[pair.kind]


def _rows(conflicts: Conflicts) -> Iterator[list[str]]:
    yield ["no", "said", "on", "figures", "points", "p", "what differs"]
    for number, pair in enumerate(conflicts.pairs, 1):
        shares = pair.here_share, pair.there_share
        factors = list(dict.fromkeys(cause.factor for cause in pair.causes))
        yield [
            str(number),
            pair.status,
            _subject(pair.subject) if pair.subject else "different subjects",
            " and ".join(map(_brief, shares)) if any(shares) else "",
            "" if pair.test.difference is None else f"{100 * pair.test.difference:+.1f}",
            _short_p(pair.test),
            ", ".join(factors[:_NAMED]),
        ]


def _brief(share: Share | None) -> str:
    """Return a share in few letters."""
    if share is None:
        return "no share"
    if share.basis == "counts":
        return f"{_mark(share)}{share.events}/{share.total}"
    if share.value is not None:
        return f"{100 * share.value:.1f}%"
    return f"{100 * (share.lower or 0.0):.0f}-{100 * (share.upper or 0.0):.0f}%"


def _mark(share: Share) -> str:
    measurement = share.claim.measurement
    return "~" if share.worked_out or (measurement and measurement.counts_derived) else ""


def _told(pair: Conflict) -> Iterator[str]:
    """Yield what is known of a pair, a line each."""
    yield f"on {_subject(pair.subject)}" if pair.subject else "on different subjects"
    for claim, share in ((pair.here, pair.here_share), (pair.there, pair.there_share)):
        measurement = claim.measurement
        via = f", read in {claim.stated.reported_via}" if claim.stated.reported_via else ""
        shown = figure(share, measurement.as_printed if measurement else None)
        yield f"{claim.id}: {shown}; {claim.source}{via}"
    yield tested(pair)
    if pair.assertion:
        yield f"the curator ({pair.assertion.certainty}): {pair.assertion.reason}"
    for number, cause in enumerate(pair.causes, 1):
        yield f"{'cause' if cause.decisive else 'differs'} {number}, {cause.factor}: {cause.sentence}"
    if pair.also:
        yield f"again in: {', '.join(f'{one} and {other}' for one, other in pair.also)}"


def tested(pair: Conflict) -> str:
    """Return what came of a test, in words."""
    test = pair.test
    if test.method == "none" and test.difference is None:
        return _TESTS["none"]
    parts = []
    if test.difference is not None:
        ends = (
            "" if test.lower is None or test.upper is None else f" ({100 * test.lower:+.1f} to {100 * test.upper:+.1f})"
        )
        parts.append(f"difference {100 * test.difference:+.1f} points{ends if test.valid else ''}")
    if pair.kind in ("readings", "parts"):
        parts.append("no test is needed")
    elif test.method == "range":
        parts.append("the value lies outside the range" if test.apart else "the value lies in the range")
    elif test.p is None:
        parts.append("neither has an interval, so that nothing can be tested")
    else:
        z = "" if test.z is None else f" {test.z:+.2f}"
        adjusted = "" if test.adjusted is None else f", adjusted {_p(test.adjusted)}"
        overlap = "" if test.valid or test.apart is None else f", intervals {'apart' if test.apart else 'overlap'}"
        least = ">= " if test.method == "value" else ""
        parts.append(f"{_words(test)}{z}, p {least}{_p(test.p)}{adjusted}{overlap}")
        if not test.valid:
            parts.append("which does not hold, as they share patients")
    return "; ".join(parts)


def _words(test: PairTest) -> str:
    return (
        "intervals, z" if test.method == "intervals" else _TESTS[test.method].removesuffix("; p is the least it can be")
    )


def _group_rows(conflicts: Conflicts) -> Iterator[list[str]]:
    yield ["on", "claims", "pooled %", "Q", "p", "I2", "outliers", "scatter less when split by"]
    for group in conflicts.groups:
        spread, pooled = group.scatter, group.pooled
        yield [
            _subject(group.subject),
            str(len(group.members)),
            f"{100 * pooled.share:.1f} ({100 * pooled.low:.1f}-{100 * pooled.high:.1f})",
            f"{spread.q:.1f}, {spread.df} df",
            _p(group.adjusted),
            f"{spread.i2:.0%}",
            ", ".join(member.share.id for member in group.members if member.is_outlier),
            ", ".join(f"{split.factor} ({split.explained:.0%})" for split in _telling(group)[:_NAMED]),
        ]


def _members(group: Group) -> Iterator[str]:
    for member in group.members:
        outlier = ", an outlier" if member.is_outlier else ""
        alone = "".join(f"; alone in {factor}: {value}" for factor, value in member.alone)
        away = f"{round(member.residual, 1) + 0:+.1f} standard errors from the others"
        yield f"{member.share.id}: {figure(member.share)}, {away}{outlier}{alone}"
    for split in _telling(group):
        yield f"split by {split.factor}: {_split(split)}"
    if group.left_out:
        yield f"the same patients again: {', '.join(share.id for share in group.left_out)}"


def _telling(group: Group) -> list[Split]:
    return [split for split in group.splits if split.explained >= _WORTH_TELLING]


def _split(split: Split) -> str:
    parts = ", ".join(f"{name} ({count}) {100 * share:.0f} %" for name, count, share in split.levels)
    silent = f", not stated ({split.silent})" if split.silent else ""
    apart = " with one claim set apart" if len(split.levels) == 2 and any(n == 1 for _, n, _ in split.levels) else ""
    return f"{split.explained:.0%} of the scatter beyond chance goes{apart}, p {_p(split.p)}: {parts}{silent}"


def _subject(subject: Subject) -> str:
    return f"{subject.group}, {subject.indication}, {subject.outcome}"


def _short_p(test: PairTest) -> str:
    if test.p is None:
        return ""
    if not test.valid:
        return "-"
    p = test.p if test.adjusted is None else test.adjusted
    return f"{'>=' if test.method == 'value' else ''}{p:.1g}"


def _p(value: float) -> str:
    return f"{value:.2g}" if value >= 1e-300 else "<1e-300"


_WRITERS: dict[str, Callable[[Conflicts, int], str]] = {
    "table": lambda conflicts, width: "\n".join(_page(conflicts, Page(False, width))),
    "md": lambda conflicts, _: "\n".join(_page(conflicts, Page(True))),
    "json": lambda conflicts, _: to_json(conflicts),
    "csv": lambda conflicts, _: to_csv(conflicts),
}
FORMATS = tuple(_WRITERS)
