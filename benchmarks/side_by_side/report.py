"""The findings as Markdown."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from side_by_side.agreement import other_values
from side_by_side.data import SEED, Data
from side_by_side.engines import PAIRS, versions
from side_by_side.runner import Limits, Result

#: What ours may take at most, as a multiple of the raw engine.
LOAD_TARGET = 1.15
QUERY_TARGET = 1.1
#: Linear growth counts from here; below, what does not grow weighs too much.
GROWTH_FROM = 10_000

Take = Callable[[Result], float | None]


def machine() -> str:
    """Return what the figures were measured on."""
    cpu = platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        models = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line]
        cpu = models[0] if models else cpu
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{cpu}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, "
        f"{platform.python_implementation()} {platform.python_version()}"
    )


def report(
    results: Sequence[Result],
    sizes: Mapping[int, Data],
    queries: Mapping[str, str],
    limits: Limits,
    date: str,
    disagreements: Sequence[str],
) -> str:
    """Return the whole report."""
    repeats = max(result.repeat for result in results) + 1
    lines = [
        f"# Stores side by side, {date}",
        "",
        f"- machine: {machine()}; load of the machine at the end: {os.getloadavg()[0]:.1f}",
        "- versions: " + ", ".join(f"{name} {found}" for name, found in versions().items()),
        "- data: `cd22kg synth`, seed "
        + f"{SEED}: "
        + "; ".join(
            f"{data.claims:,} claims in {data.quads:,} quads ({data.triples:,} different triples)"
            for data in sizes.values()
        ),
        "- each engine and size in a process of its own; cd22kg and raw pyoxigraph by turns, with the medians told;"
        f" number of turns: {repeats}; the other engines once",
        f"- limits: {limits.seconds:g} s for load and queries, as much again for the dump; {limits.gibibytes:g} GiB",
        "- owlready2 (its own SPARQL engine, rows as CSV) and maplib get the union of the graphs as N-Triples, the"
        " others N-Quads; Virtuoso loads with its own bulk loader, is asked over HTTP, and dumps with a procedure of"
        " its own",
        "",
        *section("Row counts", _agreement(results, queries, disagreements)),
    ]
    for claims in sizes:
        lines += section(f"{claims:,} claims", _table(results, sizes[claims], queries))
    lines += section("cd22kg against raw pyoxigraph", _pairs(results, sizes, queries))
    lines += section("Growth", _growth(results, sizes, queries))
    return "\n".join(lines).rstrip("\n") + "\n"


def load_of(result: Result) -> float | None:
    """Return the seconds until a load is done, optimising included."""
    return result.load["seconds"] + (result.load["optimise"] or 0) if result.load else None


def load_cpu_of(result: Result) -> float | None:
    """Return the same in seconds of CPU, of all threads."""
    return result.load["cpu"] + (result.load["optimise_cpu"] or 0) if result.load else None


def query_of(name: str, key: str = "median") -> Take:
    """Return what takes a figure of a query from a result."""
    return lambda result: result.queries.get(name, {}).get(key)


def ratio(results: Iterable[Result], claims: int, pair: tuple[str, str], take: Take) -> float | None:
    """Return the median over the repeats of ours divided by the raw one, run by turns; nothing if none is complete."""
    found: dict[int, dict[str, float]] = {}
    for result in results:
        if result.claims == claims and result.engine in pair and (value := take(result)) is not None:
            found.setdefault(result.repeat, {})[result.engine] = value
    ratios = [both[pair[0]] / both[pair[1]] for both in found.values() if len(both) == 2 and both[pair[1]]]
    return statistics.median(ratios) if ratios else None


def median(results: Iterable[Result], claims: int, engine: str, take: Take) -> float | None:
    """Return the median of a figure over the repeats."""
    values = [take(result) for result in results if result.claims == claims and result.engine == engine]
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def section(title: str, body: list[str]) -> list[str]:
    """Return a section of a report as lines."""
    return [f"## {title}", "", *body, ""]


def grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table as lines."""
    return [
        "| " + " | ".join(head) + " |",
        "|---|" + "---:|" * (len(head) - 1),
        *("| " + " | ".join(row) + " |" for row in rows),
    ]


def _short(queries: Iterable[str]) -> list[str]:
    return [name.partition("-")[0] for name in queries]


def _agreement(results: Sequence[Result], queries: Mapping[str, str], disagreements: Sequence[str]) -> list[str]:
    sizes = list(dict.fromkeys(result.claims for result in results))
    counts: dict[tuple[str, int], int] = {}
    for result in results:
        for name, answer in result.queries.items():
            if "rows" in answer:
                counts.setdefault((name, result.claims), answer["rows"])
    rows = []
    for name, text in queries.items():
        summary = next((line.partition(": ")[2] for line in text.splitlines() if "summary:" in line), name)
        rows.append([f"{name}: {summary}", *(f"{counts.get((name, size), 0):,}" for size in sizes)])
    lines = grid(["query", *(f"{size:,} claims" for size in sizes)], rows)
    if disagreements:
        return [*lines, "", "**Engines disagree:**", "", *(f"- {text}" for text in disagreements)]
    lines += ["", "All engines that answered gave these numbers of rows, and dumps with all lines."]
    if others := other_values(results):
        lines += ["Some values differ, though:", "", *(f"- {text}" for text in others)]
    else:
        lines += ["Every row is the same by value, too."]
    return lines


def _table(results: Sequence[Result], data: Data, queries: Mapping[str, str]) -> list[str]:
    head = ["engine", "load s", "of it optimise s", "quads/s", "peak MiB"]
    head += [f"{name} ms" for name in _short(queries)] + ["dump s", "dump peak MiB"]
    here = [result for result in results if result.claims == data.claims]
    rows, remarks = [], []
    for engine in dict.fromkeys(result.engine for result in here):

        def figure(take: Take, form: str, engine: str = engine) -> str:
            value = median(here, data.claims, engine, take)
            return "" if value is None else format(value, form)

        load = median(here, data.claims, engine, load_of)
        own = [result for result in here if result.engine == engine]
        quads = data.lines(graphs=next((result.load["graphs"] for result in own if result.load), True))
        row = [engine, figure(load_of, ".2f"), figure(lambda result: result.load.get("optimise"), ".2f")]
        row += [f"{quads / load:,.0f}" if load else "", figure(lambda result: result.load.get("peak"), ",.0f")]
        for name in queries:
            first, more = figure(query_of(name, "first"), ".0f"), median(here, data.claims, engine, query_of(name))
            row.append("" if more is None else _milliseconds(more))
            if first and more is not None:
                row[-1] += f" ({_milliseconds(median(here, data.claims, engine, query_of(name, 'first')) or 0)})"
        row += [figure(lambda result: result.dump.get("seconds"), ".2f")]
        row += [figure(lambda result: result.dump.get("peak"), ",.0f")]
        rows.append(row)
        told = dict.fromkeys(result.fate for result in own if result.fate)
        remarks += [f"- {engine}: {fate}" for fate in told]
        errors = {f"{name}: {a['error']}" for result in own for name, a in result.queries.items() if "error" in a}
        remarks += [f"- {engine}, {text}" for text in sorted(errors)]
    lines = grid(head, rows)
    lines += ["", "Queries: the median of more answers, and the first one in brackets."]
    return [*lines, "", *remarks] if remarks else lines


def _milliseconds(seconds: float) -> str:
    value = seconds * 1000
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _pairs(results: Sequence[Result], sizes: Mapping[int, Data], queries: Mapping[str, str]) -> list[str]:
    rows, verdicts = [], []
    for where, pair in PAIRS.items():
        for claims in sizes:
            walls = [ratio(results, claims, pair, take) for take in (load_of, *map(query_of, queries))]
            cpus = [ratio(results, claims, pair, load_cpu_of)]
            cpus += [ratio(results, claims, pair, query_of(name, "cpu")) for name in queries]
            if walls[0] is None and not any(walls):
                continue
            for unit, found in (("wall", walls), ("CPU", cpus)):
                cells = ["" if value is None else f"{value:.2f}" for value in found]
                rows.append([f"{where}, {claims:,} claims, {unit}", *cells])
            verdicts.append(_verdict(f"{where}, {claims:,} claims", walls[0], walls[1:], _short(queries)))
    if not rows:
        return ["Not both of a pair were run."]
    lines = [
        "Seconds of cd22kg by those of raw pyoxigraph; its load counts with `optimize` and `flush`, which ours does"
    ]
    lines += ["on its own. The median over pairs that ran one after the other.", ""]
    lines += grid(["", "load", *_short(queries)], rows)
    lines += ["", f"Targets, by the clock: load within {LOAD_TARGET}x, each query within {QUERY_TARGET}x.", ""]
    return lines + verdicts


def _verdict(where: str, load: float | None, queries: Sequence[float | None], names: Sequence[str]) -> str:
    known = {name: value for name, value in zip(names, queries, strict=True) if value is not None}
    slow = [f"{name} {value:.2f}" for name, value in known.items() if value > QUERY_TARGET]
    first = "load not measured"
    if load is not None:
        first = f"load {'met' if load <= LOAD_TARGET else 'not met'} ({load:.2f})"
    second = f"queries not met ({', '.join(slow)})" if slow else "queries met" if known else "queries not measured"
    return f"- {where}: {first}; {second}"


def _growth(results: Sequence[Result], sizes: Mapping[int, Data], queries: Mapping[str, str]) -> list[str]:
    from_here = [claims for claims in sizes if claims >= GROWTH_FROM] or list(sizes)
    small, large = min(from_here), max(from_here)
    if small == large:
        return ["One size alone does not grow."]
    rows = []
    for engine in dict.fromkeys(result.engine for result in results):
        row = []
        for take in (load_of, *map(query_of, queries)):
            before, after = (median(results, claims, engine, take) for claims in (small, large))
            times = sizes[large].quads / sizes[small].quads
            row.append(f"{after / before / times:.2f}" if before and after else "")
        if any(row):
            rows.append([engine, *row])
    lines = [f"From {small:,} to {large:,} claims: by how much the time grew, divided by how much the data grew; 1 is"]
    lines += ["linear, and a look-up near 0 does not grow.", ""]
    return lines + grid(["engine", "load", *_short(queries)], rows)
