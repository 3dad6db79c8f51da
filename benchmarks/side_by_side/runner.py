"""Trials in processes of their own, within limits of time and memory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from side_by_side.data import Data
from side_by_side.trial import held

#: Seconds between two looks at the memory of a trial.
_GLANCE = 0.1
#: Seconds that a trial gets to end its server.
_GRACE = 10.0
_BENCHMARKS = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Limits:
    """When a trial is ended.

    Attributes:
        seconds: For load and queries together, and again for the dump.
        gibibytes: Of memory held at once, its server included.
    """

    seconds: float
    gibibytes: float


@dataclass
class Result:
    """What one trial found; what it did not come to is empty.

    Attributes:
        engine, claims, repeat: What was run.
        fate: Empty if it ended well; else such as ``over 300 s``, ``over 12 GiB``, ``not here: ...``, ``failed: ...``.
        load: Whether with named graphs; seconds and CPU seconds of load and of optimising; the peak of memory in MiB.
        queries: By name: seconds of the first answer and the median of more, rows, digest; or an error.
        dump: Seconds, lines, bytes, and the peak of memory in MiB.
    """

    engine: str
    claims: int
    repeat: int
    fate: str = ""
    load: dict[str, Any] = field(default_factory=dict)
    queries: dict[str, dict[str, Any]] = field(default_factory=dict)
    dump: dict[str, Any] = field(default_factory=dict)


def run_trial(engine: str, data: Data, repeat: int, limits: Limits, folder: Path) -> Result:
    """Run a trial and return what it found."""
    with tempfile.TemporaryDirectory(prefix=f"{engine}-", dir=folder) as own:
        out = Path(own) / "findings.jsonl"
        log = Path(own) / "log.txt"
        place = Path(own) / "place"
        place.mkdir()
        command = [sys.executable, "-m", "side_by_side.trial", engine, data.quads_file, data.triples_file]
        path = os.pathsep.join((str(_BENCHMARKS), str(_BENCHMARKS.parent)))
        with log.open("wb") as text:
            process = subprocess.Popen(
                [*command, str(place), str(out)],
                cwd=place,
                env={**os.environ, "PYTHONPATH": path},
                stdin=subprocess.DEVNULL,
                stdout=text,
                stderr=text,
                start_new_session=True,
            )
        fate = ""
        try:
            fate = _watch(process, out, limits)
        finally:
            _end(process, out)
        result = _read(Result(engine, data.claims, repeat, fate), out)
        if process.returncode and not result.fate:
            said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            result.fate = f"failed: {said[-1][:200] if said else f'it ended with {process.returncode}'}"
        return result


def _watch(process: subprocess.Popen[bytes], out: Path, limits: Limits) -> str:
    """Wait for a trial; return why it has to be ended, or nothing if it ended."""
    start = time.monotonic()
    asked = False
    while True:
        try:
            process.wait(_GLANCE)
            return ""
        except subprocess.TimeoutExpired:
            pass
        found = _events(out)
        if not asked and any(event["event"] == "asked" for event in found):
            asked, start = True, time.monotonic()
        if time.monotonic() - start > limits.seconds:
            return f"over {limits.seconds:g} s" + (" in the dump" if asked else "")
        pids = [process.pid, *(event["pid"] for event in found if event["event"] == "server")]
        if sum(map(held, pids)) > limits.gibibytes * 1024:
            return f"over {limits.gibibytes:g} GiB"


def _end(process: subprocess.Popen[bytes], out: Path) -> None:
    """End a trial and its server, if they run."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_GRACE if _servers(out) else 1.0)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            for pid in _servers(out):
                os.killpg(pid, signal.SIGKILL)


def _servers(out: Path) -> list[int]:
    return [event["pid"] for event in _events(out) if event["event"] == "server" and held(event["pid"])]


def _events(out: Path) -> list[dict[str, Any]]:
    """Return what is told so far; a line that is being written is left out."""
    if not out.is_file():
        return []
    text = out.read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def _read(result: Result, out: Path) -> Result:
    for event in _events(out):
        kind = event.pop("event")
        if kind == "not here":
            result.fate = f"not here: {event['reason']}"
        elif kind == "load":
            result.load = event
        elif kind == "query":
            result.queries[event.pop("name")] = event
        elif kind == "dump":
            result.dump = event
    return result
