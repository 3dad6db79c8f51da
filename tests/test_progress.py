"""Progress of long work: what is done, how fast, and how long it will take; a bar in a terminal, else a line."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from cd22kg.cli import progress
from cd22kg.cli.progress import line, meters
from cd22kg.progress import STRIDE, metered
from tests.conftest import clean_environment

SHOWN = """
from cd22kg.cli.progress import meters
with meters("bytes") as meter:
    tell = meter("a.nq")
    tell(12_000_000, 48_000_000)
    tell(48_000_000, 48_000_000)
"""


@pytest.mark.parametrize(
    ("unit", "done", "total", "seconds", "expected"),
    [
        ("bytes", 12_000_000, 48_000_000, 10.0, "a.nq: 12.0 MB of 48.0 MB, 1.2 MB/s, 30 s left"),
        ("claims", 1_000, 1_000_000, 1.0, "a.nq: 1,000 claims of 1,000,000 claims, 1,000 claims/s, 16 min 39 s left"),
        ("claims", 1_000, 0, 2.0, "a.nq: 1,000 claims, 500 claims/s"),
        ("bytes", 0, 48_000_000, 0.0, "a.nq: 0.0 MB of 48.0 MB, 0.0 MB/s"),
    ],
    ids=["bytes", "claims", "unknown total", "start"],
)
def test_line_tells_rate_and_remaining_time(unit: str, done: int, total: int, seconds: float, expected: str) -> None:
    """A line says how much of how much, how fast, and how long it will take, where that can be known."""
    assert expected == line("a.nq", unit, done, total, seconds)


def test_without_a_terminal_lines_come_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of many calls, those are told between which enough time has passed."""
    clock = iter(range(0, 1000, 4))
    monkeypatch.setattr("cd22kg.cli.progress.time.monotonic", lambda: float(next(clock)))
    with meters("claims") as meter:
        tell = meter("synth")
        for done in range(1, 7):
            tell(done, 100)

    assert [told.partition(" claims")[0] for told in capsys.readouterr().err.splitlines()] == ["synth: 3", "synth: 6"]


def test_quiet_tells_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """With `--quiet` nothing is told, however long it takes."""
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    with meters("claims", quiet=True) as meter:
        meter("synth")(1, 2)

    assert capsys.readouterr() == ("", "")


def test_terminal_shows_a_bar() -> None:
    """In a terminal, stderr shows the amounts as they grow, and stdout stays free."""
    leader, follower = pty.openpty()
    environment = {**clean_environment(), "TERM": "xterm", "COLUMNS": "120"}
    done = subprocess.run(
        [sys.executable, "-c", SHOWN], stdout=subprocess.PIPE, stderr=follower, env=environment, check=False
    )
    os.close(follower)
    shown = b""
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(leader)

    assert (done.returncode, done.stdout) == (0, b"")
    assert b"a.nq" in shown
    assert b"48.0 MB of 48.0 MB" in shown


def test_metered_tells_on_the_way_and_at_the_end() -> None:
    """Items go through unchanged; the meter hears of every stride, and of the last one."""
    told: list[tuple[int, int]] = []
    items = list(metered(range(STRIDE + 5), lambda done, total: told.append((done, total)), STRIDE + 5))

    assert items == list(range(STRIDE + 5))
    assert told == [(STRIDE, STRIDE + 5), (STRIDE + 5, STRIDE + 5)]
