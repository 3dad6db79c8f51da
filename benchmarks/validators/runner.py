"""One engine on the data of one size, in a process of its own, within limits of time and memory."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from side_by_side.runner import Limits
from validators.data import Data, Finding
from validators.engines import ENGINES, not_here
from validators.shapes import Shapes

_METER = Path(__file__).parent / "meter.py"
#: What an engine says that has come to the end of the heap it was given.
_HEAP_FULL = ("OutOfMemoryError", "heap out of memory")


@dataclass
class Result:
    """What one run took and found.

    Attributes:
        engine, claims, repeat: What was run.
        fate: Empty if it ended well; else such as ``over 600 s``, ``over 8 GiB``, ``not here: ...``, ``failed: ...``.
        wall, cpu: Seconds from start to end, loading included; up to where it was ended. CPU is that of all threads.
        peak: The most memory held, in MiB.
        found: The rules that were broken and the nodes that broke them; empty unless it ended well.
    """

    engine: str
    claims: int
    repeat: int = 0
    fate: str = ""
    wall: float = 0.0
    cpu: float = 0.0
    peak: float = 0.0
    found: set[Finding] = field(default_factory=set)


def run_engine(name: str, data: Data, shapes: Shapes, repeat: int, limits: Limits, folder: Path) -> Result:
    """Run an engine and return what it took and found."""
    result = Result(name, data.claims, repeat, not_here(name))
    if result.fate:
        return result
    engine, memory = ENGINES[name], limits.gibibytes * 1024
    with tempfile.TemporaryDirectory(prefix=f"{name}-", dir=folder) as own:
        record, report, log = (Path(own) / part for part in ("figures.json", "report", "log.txt"))
        command = engine.command(data.file, shapes.file(sparql=engine.sparql), memory)
        files = (str(record), str(limits.seconds), str(memory), str(report), str(log))
        # Isolated and without site packages it stays small, see there.
        subprocess.run([sys.executable, "-I", "-S", str(_METER), *files, *command], cwd=own, check=True)
        figures = json.loads(record.read_text(encoding="utf-8"))
        result.wall, result.cpu, result.peak = figures["wall"], figures["cpu"], figures["peak"]
        said = log.read_text(encoding="utf-8", errors="replace")
        if figures["over"] == "memory" or any(words in said for words in _HEAP_FULL):
            result.fate = f"over {limits.gibibytes:g} GiB"
        elif figures["over"]:
            result.fate = f"over {limits.seconds:g} s"
        elif figures["status"] not in engine.codes:
            result.fate = f"failed: {_reason(said) or 'it ended with ' + str(figures['status'])}"
        else:
            try:
                result.found = engine.read(report)
            except (ValueError, KeyError, SyntaxError) as error:
                result.fate = f"failed: its report cannot be read: {error}"
    return result


def _reason(said: str) -> str:
    """Return the line that names the error, as far as one can tell; else the last one."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    named = [line for line in lines if "Error" in line or "Exception" in line]
    return (named or lines or [""])[-1][:200]
