"""Sorting in little memory: the same as sorting in memory, however small the runs are."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd22kg.rdf.sorting import sorted_unique

LINES = st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=12), max_size=40)


@given(LINES, st.integers(0, 60))
def test_order_is_that_of_characters_and_nothing_comes_twice(lines: list[str], held: int) -> None:
    """Whatever is held in memory, the result is that of sorting everything there."""
    assert sorted(set(lines)) == list(sorted_unique(lines, held=held))


def test_meter_goes_from_nothing_to_all() -> None:
    """Taking the lines is half of the way, giving them the other half."""
    told: list[tuple[int, int]] = []
    lines = [str(n) for n in range(30_000)]
    list(sorted_unique(lines, held=1000, meter=lambda done, total: told.append((done, total)), total=len(lines)))

    assert told == sorted(told)
    assert {60_000} == {total for _, total in told}
    assert told[-1] == (60_000, 60_000)


def test_files_are_closed_when_the_reader_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that takes only the first lines leaves no file open."""
    opened = []
    original = tempfile.TemporaryFile

    def spy(*args: object, **kwargs: object) -> object:
        opened.append(original(*args, **kwargs))  # type: ignore[call-overload]  # handed through
        return opened[-1]

    monkeypatch.setattr(tempfile, "TemporaryFile", spy)
    lines: Iterator[str] = sorted_unique((str(n) for n in range(1000)), held=100)

    assert next(lines) == "0"
    assert len(opened) > 2
    lines.close()  # type: ignore[attr-defined]  # a generator
    assert all(file.closed for file in opened)
