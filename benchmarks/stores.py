"""How fast stores load, answer and write the same data, side by side; and that they agree.

Run from the repository: ``make bench-stores``. Prints a report and, with ``--write``, dates it in
``benchmarks/results/``, with all figures as JSON beside it. Exit code 1 if engines give other numbers of rows.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from side_by_side.agreement import disagreements
from side_by_side.data import Data, make
from side_by_side.engines import ENGINES, PAIRS, versions
from side_by_side.options import number_of_claims, positive
from side_by_side.report import machine, report
from side_by_side.runner import Limits, Result, run_trial
from side_by_side.trial import queries

RESULTS = Path(__file__).parent / "results"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the engines, print the report, and return the exit code."""
    options = _options(arguments)
    limits = Limits(options.limit, options.memory)
    date = datetime.date.today().isoformat()
    text = ""
    found: list[str] = []
    with tempfile.TemporaryDirectory(prefix="cd22kg-stores-", dir=options.folder) as own:
        kept = options.data or Path(own)
        kept.mkdir(parents=True, exist_ok=True)
        sizes: dict[int, Data] = {}
        results: list[Result] = []
        for claims in options.sizes:
            _tell(f"{claims:,} claims: writing the data")
            sizes[claims] = make(claims, kept.resolve())
            for engine, repeat in schedule(options.engines, options.repeats):
                result = run_trial(engine, sizes[claims], repeat, limits, Path(own).resolve())
                _tell(f"{claims:,} claims, {engine}, {repeat + 1}: {result.fate or 'done'}")
                results.append(result)
            if options.data is None:
                for file in (sizes[claims].quads_file, sizes[claims].triples_file):
                    Path(file).unlink()
            found = disagreements(results, sizes)
            text = report(results, sizes, queries(), limits, date, found)
            if options.write:  # after each size, as the next takes ten times as long and may be cut off
                _write(options.write, text, results, sizes, date)
    print(text, end="")
    for line in found:
        _tell(f"disagreement: {line}")
    return 1 if found else 0


def schedule(engines: Sequence[str], repeats: int) -> Iterator[tuple[str, int]]:
    """Yield engines with the number of the repeat: ours and the raw one by turns, each first in half of the repeats.

    The others come once, after the first turn.
    """
    paired = [name for pair in PAIRS.values() if set(pair) <= set(engines) for name in pair]
    for repeat in range(repeats):
        for pair in PAIRS.values():
            if pair[0] in paired:
                yield from ((name, repeat) for name in (pair if repeat % 2 == 0 else reversed(pair)))
        if repeat == 0:
            yield from ((name, 0) for name in engines if name not in paired)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=number_of_claims, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000],
                        metavar="N", help="numbers of claims, such as 1000 1e5")  # fmt: skip
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES), metavar="NAME",
                        help=f"of {', '.join(ENGINES)}")  # fmt: skip
    parser.add_argument("--repeats", type=positive, default=5, metavar="N", help="turns of cd22kg and raw pyoxigraph")
    parser.add_argument("--limit", type=float, default=300.0, metavar="S", help="seconds for load and queries")
    parser.add_argument("--memory", type=float, default=12.0, metavar="GIB", help="most memory of an engine")
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="keep the data there and find it there again; another generator wants another folder",
    )
    parser.add_argument("--folder", type=Path, metavar="DIR", help="where stores are made; the system's by default")
    parser.add_argument("--write", type=Path, nargs="?", const=RESULTS, metavar="DIR",
                        help="keep the report there, in benchmarks/results/ unless told otherwise")  # fmt: skip
    options = parser.parse_args(arguments)
    if options.folder is not None and not options.folder.is_dir():
        parser.error(f"there is no folder {options.folder}; make it, or leave --folder out")
    options.sizes = sorted(set(options.sizes))
    return options


def _write(folder: Path, text: str, results: Sequence[Result], sizes: dict[int, Data], date: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"stores-{date}.md").write_text(text, encoding="utf-8")
    figures = {
        "date": date,
        "machine": machine(),
        "versions": versions(),
        "sizes": {claims: {"quads": data.quads, "triples": data.triples} for claims, data in sizes.items()},
        "results": [asdict(result) for result in results],
    }
    (folder / f"stores-{date}.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
