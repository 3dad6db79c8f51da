"""Where the time of a build goes: median seconds per step over several builds, and each step's share.

Run from the repository: ``make bench``. Prints a table and, with ``--write``, dates it in ``benchmarks/results/``.
"""

from __future__ import annotations

import argparse
import datetime
import platform
import statistics
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cd22kg.build import LIBRARIES, build
from cd22kg.progress import Progress


def main() -> None:
    """Build several times and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="builds that count; one more warms up")
    parser.add_argument("--write", action="store_true", help="keep the table in benchmarks/results/")
    options = parser.parse_args()
    runs: list[dict[str, float]] = []
    counts: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(options.runs + 1):
            progress = Progress()
            counts = dict(build(Path(folder) / "build", progress=progress).manifest["counts"])
            runs.append(progress.seconds)
    table = report(runs[1:], counts)
    print(table)
    if options.write:
        target = Path(__file__).parent / "results" / f"build-steps-{datetime.date.today().isoformat()}.md"
        target.parent.mkdir(exist_ok=True)
        target.write_text(table + "\n", encoding="utf-8")


def report(runs: list[dict[str, float]], counts: dict[str, Any]) -> str:
    """Return the Markdown table of the runs."""
    medians = {step: statistics.median(run[step] for run in runs) for step in runs[0]}
    total = sum(medians.values())
    lines = [
        f"# Steps of `cd22kg build`, median of {len(runs)} runs",
        "",
        f"- data: {sum(counts['claims'].values())} claims, {counts['quads']} quads",
        f"- machine: {platform.machine()}, {platform.system()}, Python {platform.python_version()}",
        "- versions: " + ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
        "",
        "| step | seconds | share |",
        "|---|---:|---:|",
    ]
    lines += [f"| {step} | {seconds:.3f} | {100 * seconds / total:.0f} % |" for step, seconds in medians.items()]
    lines.append(f"| total | {total:.3f} | 100 % |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
