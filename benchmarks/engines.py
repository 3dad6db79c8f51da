"""How fast SHACL engines hold the same data against the same shapes; and that they find what was planted.

Run from the repository: ``make bench-shacl``. Prints a report and, with ``--write``, dates it in
``benchmarks/results/``, with all figures as JSON beside it. Exit code 1 if an engine misses a planted violation, or
finds another one.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from side_by_side.options import number_of_claims, positive
from side_by_side.report import machine
from side_by_side.runner import Limits
from validators.agreement import disagreements
from validators.data import Data, make
from validators.engines import ENGINES, versions
from validators.report import report
from validators.runner import Result, run_engine
from validators.shapes import Shapes, gather

RESULTS = Path(__file__).parent / "results"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the engines, print the report, and return the exit code."""
    options = _options(arguments)
    limits = Limits(options.limit, options.memory)
    with tempfile.TemporaryDirectory(prefix="cd22kg-engines-", dir=options.folder) as own:
        folder = Path(own).resolve()
        shapes = gather(folder)
        sizes: dict[int, Data] = {}
        results: list[Result] = []
        for claims in options.sizes:
            _tell(f"{claims:,} claims: writing the data")
            sizes[claims] = make(claims, options.violations, folder)
            for result in _run(sizes[claims], shapes, options, limits, folder, tuple(results)):
                _tell(f"{claims:,} claims, {result.engine}, {result.repeat + 1}: {result.fate or 'done'}")
                results.append(result)
            sizes[claims].file.unlink()
        date = datetime.date.today().isoformat()
        found = disagreements(results, sizes, shapes)
        text = report(results, sizes, shapes, limits, date, found)
    print(text, end="")
    if options.write:
        _write(options.write, text, results, sizes, date)
    for line in found:
        _tell(f"disagreement: {line}")
    return 1 if found else 0


def _run(
    data: Data,
    shapes: Shapes,
    options: argparse.Namespace,
    limits: Limits,
    folder: Path,
    earlier: Sequence[Result],
) -> Iterator[Result]:
    """Yield the results of a size: the engines by turns, each as often as asked or until it does not end well.

    What did not end well with less data is not tried again; its result tells why.
    """
    out: dict[str, str] = {}
    for result in earlier:
        if result.fate and result.claims < data.claims:
            absent = result.fate.startswith("not here")
            out.setdefault(result.engine, result.fate if absent else f"{result.fate} at {result.claims:,} claims")
    for repeat in range(options.repeats):
        for engine in options.engines:
            if engine not in out:
                result = run_engine(engine, data, shapes, repeat, limits, folder)
                if result.fate:
                    out[engine] = result.fate
                yield result
            elif repeat == 0:
                yield Result(engine, data.claims, fate=out[engine])


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=number_of_claims, nargs="+", default=[1_000, 10_000, 100_000], metavar="N",
                        help="numbers of claims, such as 1000 1e5")  # fmt: skip
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES), metavar="NAME",
                        help=f"of {', '.join(ENGINES)}")  # fmt: skip
    parser.add_argument("--repeats", type=positive, default=3, metavar="N", help="runs of each engine and size")
    parser.add_argument("--limit", type=float, default=600.0, metavar="S", help="seconds of a run")
    parser.add_argument("--memory", type=float, default=8.0, metavar="GIB", help="most memory of an engine")
    parser.add_argument("--violations", type=float, default=0.04, metavar="R",
                        help="broken rules to plant per claim; few claims want more of them")  # fmt: skip
    parser.add_argument("--folder", type=Path, metavar="DIR", help="where the data is made; the system's by default")
    parser.add_argument("--write", type=Path, nargs="?", const=RESULTS, metavar="DIR",
                        help="keep the report there, in benchmarks/results/ unless told otherwise")  # fmt: skip
    options = parser.parse_args(arguments)
    if options.folder is not None and not options.folder.is_dir():
        parser.error(f"there is no folder {options.folder}; make it, or leave --folder out")
    if not 0 <= options.violations <= 1:
        parser.error(f"{options.violations:g} is no rate from 0 to 1")
    options.sizes = sorted(set(options.sizes))
    return options


def _write(folder: Path, text: str, results: Sequence[Result], sizes: Mapping[int, Data], date: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"engines-{date}.md").write_text(text, encoding="utf-8")
    figures = {
        "date": date,
        "machine": machine(),
        "versions": versions(),
        "sizes": {claims: {"triples": data.triples, "planted": len(data.planted)} for claims, data in sizes.items()},
        "results": [asdict(result) | {"found": len(result.found)} for result in results],
    }
    (folder / f"engines-{date}.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
