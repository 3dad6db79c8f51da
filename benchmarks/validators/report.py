"""The findings as Markdown."""

from __future__ import annotations

import math
import os
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence

from side_by_side.data import SEED
from side_by_side.report import grid, machine, section
from side_by_side.runner import Limits
from validators.agreement import counted, expected, unplanted
from validators.data import Data
from validators.engines import ENGINES, OURS, versions
from validators.runner import Result
from validators.shapes import Shapes

Take = Callable[[Result], float]


def report(
    results: Sequence[Result],
    sizes: Mapping[int, Data],
    shapes: Shapes,
    limits: Limits,
    date: str,
    disagreements: Sequence[str],
) -> str:
    """Return the whole report."""
    repeats = max(result.repeat for result in results) + 1
    lines = [
        f"# SHACL engines side by side, {date}",
        "",
        f"- machine: {machine()}; load of the machine at the end: {os.getloadavg()[0]:.1f}",
        "- versions: " + ", ".join(f"{name} {found}" for name, found in versions().items()),
        f"- shapes: `benchmarks/shapes/`, {shapes.nodes} node shapes with {shapes.checks} checks,"
        f" {len(shapes.sparql)} of them constraints in SPARQL",
        f"- data: `cd22kg synth`, seed {SEED}, as N-Triples: "
        + "; ".join(f"{data.claims:,} claims in {data.triples:,} triples" for data in sizes.values()),
        "- each run is a process of its own, from its start to its end, with data and shapes loaded from files and the"
        f" report written in full; at most {repeats} runs each, of which the medians are told",
        "- CPU is that of all threads; peak is the most memory that was resident, of a JVM or Node with the heap that"
        " it takes because it may",
        f"- limits: {limits.seconds:g} s and {limits.gibibytes:g} GiB; an engine that went over one is ended there, and"
        " not run on more data",
        *(f"- {name}: {engine.remark}" for name, engine in ENGINES.items() if engine.remark),
        "",
    ]
    lines += section("What was to be found", _agreement(sizes, shapes, disagreements))
    for claims, data in sizes.items():
        lines += section(f"{claims:,} claims", _table(results, data, shapes))
    lines += section("Growth", _growth(results, sizes))
    return "\n".join(lines).rstrip("\n") + "\n"


def median(results: Iterable[Result], claims: int, engine: str, take: Take) -> float | None:
    """Return the median of a figure over the runs that ended well."""
    values = [take(r) for r in results if r.claims == claims and r.engine == engine and not r.fate]
    return statistics.median(values) if values else None


def exponent(before: float, after: float, times: float) -> float:
    """Return the power of the data that a cost grew with: 1 is linear, 2 quadratic.

    Args:
        before: The cost on less data, above 0.
        after: The cost on more data, above 0.
        times: How many times the data is more, above 1.
    """
    return math.log(after / before) / math.log(times)


def _wall(result: Result) -> float:
    return result.wall


def _cpu(result: Result) -> float:
    return result.cpu


def _agreement(sizes: Mapping[int, Data], shapes: Shapes, disagreements: Sequence[str]) -> list[str]:
    counts = {claims: counted(data, shapes) for claims, data in sizes.items()}
    rules = sorted(set().union(*counts.values()))
    rows = [
        [f"{rule} (SPARQL)" if rule in shapes.sparql else rule, *(f"{counts[size][rule]:,}" for size in sizes)]
        for rule in rules
    ]
    rows.append(["all", *(f"{sum(counts[size].values()):,}" for size in sizes)])
    lines = [
        "What the generator planted and listed of these rules. A finding is a rule and the node that breaks it.",
        "",
        *grid(["rule", *(f"{size:,} claims" for size in sizes)], rows),
        "",
    ]
    for claims, data in sizes.items():
        if missing := sorted(unplanted(data, shapes)):
            lines += [f"At {claims:,} claims nothing was planted for {', '.join(missing)}.", ""]
    if disagreements:
        return [*lines, "**Engines disagree with the list:**", "", *(f"- {text}" for text in disagreements)]
    return [*lines, "Every engine that came to its end found these, all that it was asked for and nothing else."]


def _table(results: Sequence[Result], data: Data, shapes: Shapes) -> list[str]:
    here = [result for result in results if result.claims == data.claims]
    ours = [median(here, data.claims, OURS, take) for take in (_wall, _cpu)]
    rows = []
    for engine in dict.fromkeys(result.engine for result in here):
        own = [result for result in here if result.engine == engine]
        name = f"{engine} {ENGINES[engine].version()}".strip()
        ended = next((result for result in own if result.fate), None)
        if ended:
            # What it had taken until it was ended is a least, not a figure.
            least = (ended.wall, ended.cpu, ended.peak)
            cells = [f"> {figure:,.0f}" if figure else "" for figure in least]
            cells += [f"> {took / base:,.0f}" if took and base else "" for took, base in zip(least, ours, strict=False)]
            rows.append([name, *cells, ended.fate.replace("|", "\\|")])
            continue
        wall, cpu = (median(own, data.claims, engine, take) for take in (_wall, _cpu))
        peak = max(result.peak for result in own)
        ratios = [f"{mine / base:.1f}" if mine and base else "" for mine, base in zip((wall, cpu), ours, strict=True)]
        wanted = expected(data, shapes, sparql=ENGINES[engine].sparql)
        found = f"{min(len(result.found & wanted) for result in own):,} of {len(wanted):,}"
        if extra := max(len(result.found - wanted) for result in own):
            found += f", {extra:,} too many"
        rows.append([name, f"{wall:.2f}", f"{cpu:.2f}", f"{peak:,.0f}", *ratios, found])
    return grid(["engine", "wall s", "CPU s", "peak MiB", "wall / cd22kg", "CPU / cd22kg", "found"], rows)


def _growth(results: Sequence[Result], sizes: Mapping[int, Data]) -> list[str]:
    steps = list(zip(list(sizes), list(sizes)[1:], strict=False))
    if not steps:
        return ["One size alone does not grow."]
    rows = []
    for engine in dict.fromkeys(result.engine for result in results):
        row = []
        for small, large in steps:
            times = sizes[large].triples / sizes[small].triples
            for take in (_wall, _cpu):
                before, after = (median(results, claims, engine, take) for claims in (small, large))
                row.append(f"{after / before:.1f} ({exponent(before, after, times):.2f})" if before and after else "")
        if any(row):
            rows.append([engine, *row])
    head = ["engine"]
    for small, large in steps:
        head += [f"{small:,} to {large:,} claims, {kind}" for kind in ("wall", "CPU")]
    grown = ", ".join(f"{sizes[large].triples / sizes[small].triples:.1f}" for small, large in steps)
    lines = [
        f"By how many times the cost grew, and in brackets with which power of the triples (x {grown}): 1 is linear,"
    ]
    lines += ["less has a part that does not grow, such as a start. Empty where an engine did not come to its end.", ""]
    return lines + grid(head, rows)
