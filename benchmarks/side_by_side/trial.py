"""One trial: an engine and a size, in the process that this module runs as.

What is measured goes to a file line by line, each an object of JSON with the key `event`, so that a process which is
killed leaves what it had come to.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import signal
import statistics
import sys
import time
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any

from side_by_side.engines import ENGINES, Engine, NotHere

QUERIES = Path(__file__).resolve().parents[1] / "queries"
#: Answers after the first one: at least so many, and more of quick ones, which a clock alone tells badly apart.
MORE = 3
MOST = 1000
#: Seconds that the answers after the first may take before `MORE` of them is enough.
ENOUGH = 0.2


def queries() -> dict[str, str]:
    """Return the queries by name, in order."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(QUERIES.glob("*.rq"))}


def run(engine: Engine, file: Path, folder: Path, out: IO[str]) -> None:
    """Measure everything, and tell it as it comes."""

    def tell(event: str, **found: Any) -> None:
        out.write(json.dumps({"event": event, **found}) + "\n")
        out.flush()

    if engine.pid:
        tell("server", pid=engine.pid)
    wall, cpu = time.perf_counter(), time.process_time()
    engine.load(file)
    load, load_cpu = time.perf_counter() - wall, time.process_time() - cpu
    wall, cpu = time.perf_counter(), time.process_time()
    did = engine.optimise()
    optimise, optimise_cpu = time.perf_counter() - wall, time.process_time() - cpu
    tell(
        "load",
        graphs=engine.graphs,
        seconds=load,
        cpu=load_cpu,
        optimise=optimise if did else None,
        optimise_cpu=optimise_cpu if did else None,
        peak=peak(engine.pid),
    )
    for name, text in queries().items():
        tell("query", name=name, **_ask(engine, text))
    tell("asked")
    forget_peak(engine.pid)
    target = folder / "dump"
    wall = time.perf_counter()
    engine.dump(target)
    seconds = time.perf_counter() - wall
    with target.open("rb") as dumped:
        lines = sum(1 for line in dumped if line.strip())
    tell("dump", seconds=seconds, lines=lines, bytes=target.stat().st_size, peak=peak(engine.pid))
    target.unlink()


def _ask(engine: Engine, text: str) -> dict[str, Any]:
    """Return what an engine made of a query; that it cannot is a finding too."""
    try:
        first, _, rows = _timed(engine, text)
        more: list[float] = []
        cpu: list[float] = []
        while len(more) < MORE or (sum(more) < ENOUGH and len(more) < MOST):
            del rows
            seconds, busy, rows = _timed(engine, text)
            more.append(seconds)
            cpu.append(busy)
    except Exception as error:  # whatever a foreign engine raises
        return {"error": f"{type(error).__name__}: {error}".splitlines()[0][:200]}
    return {
        "first": first,
        "median": statistics.median(more),
        "runs": len(more),
        "cpu": statistics.median(cpu),
        "rows": len(rows),
        "digest": digest(engine.plain(rows)),
    }


def _timed(engine: Engine, text: str) -> tuple[float, float, Sequence[Any]]:
    """Return seconds, CPU seconds and rows."""
    start, cpu = time.perf_counter(), time.process_time()
    rows = engine.query(text)
    return time.perf_counter() - start, time.process_time() - cpu, rows


def digest(rows: Iterable[Sequence[str]]) -> str:
    """Return what tells rows from others by value, in whatever order they come; 68.0 is 68."""
    total = 0
    for row in rows:
        line = "\x1f".join(map(_value, row)).encode()
        total += int.from_bytes(blake2b(line, digest_size=8).digest(), "big")
    return f"{total % 2**64:016x}"


def _value(text: str) -> str:
    try:
        number = float(text)
    except ValueError:
        return text
    return f"{number:.9g}" if math.isfinite(number) else text


def peak(pid: int) -> float | None:
    """Return the most memory that a process has held, in MiB; 0 is this process, and others are known on Linux only."""
    status = Path(f"/proc/{pid or 'self'}/status")
    if status.is_file():
        return _status(status, "VmHWM")
    if pid:
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1024 * 1024 if sys.platform == "darwin" else 1024)


def held(pid: int) -> float:
    """Return the memory that a process holds, in MiB; 0 if it is gone, or this is not Linux."""
    return _status(Path(f"/proc/{pid}/status"), "VmRSS")


def forget_peak(pid: int) -> None:
    """Let the peak of a process begin anew, where the system can; else the peak of all is told twice."""
    target = Path(f"/proc/{pid or 'self'}/clear_refs")
    if target.is_file():
        target.write_text("5")


def _status(file: Path, key: str) -> float:
    try:
        lines = file.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{key}:")), 0.0)


def main() -> None:
    """Run the trial that the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engine", choices=ENGINES)
    parser.add_argument("quads", type=Path, help="the data with named graphs")
    parser.add_argument("triples", type=Path, help="the union of the graphs")
    parser.add_argument("folder", type=Path, help="where the engine may write; it is there, and empty")
    parser.add_argument("out", type=Path, help="where the findings go")
    options = parser.parse_args()
    # What is told to end ends through its blocks, so that no server outlives it.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    with options.out.open("a", encoding="utf-8") as out:
        try:
            engine = ENGINES[options.engine](options.folder / "store")
        except NotHere as error:
            out.write(json.dumps({"event": "not here", "reason": str(error)}) + "\n")
            return
        try:
            run(engine, options.quads if engine.graphs else options.triples, options.folder, out)
        finally:
            engine.close()


if __name__ == "__main__":
    main()
