"""What pooling costs: many synthetic studies, the saved syntheses of the curated graph, and R's metafor beside them.

Run from the repository: ``python benchmarks/synthesis.py``. Prints tables and, with ``--write``, dates them in
``benchmarks/results/``.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np

import cd22kg
from cd22kg.build import packaged_syntheses
from cd22kg.rdf import canonical_nquads, digest
from cd22kg.statistics.meta import Model, pool
from cd22kg.statistics.sensitivity import cumulative, leave_one_out
from cd22kg.synthesis.evidence import Evidence, read_evidence
from cd22kg.synthesis.pooling import pool_claims
from cd22kg.synthesis.saved import SavedRecipe, read_saved

#: Seconds that the issue allows: for many studies with leave-one-out, and for a curated stratum after load.
MANY, STRATUM = 1.0, 0.05
_LIBRARIES = ("cd22kg", "numpy", "scipy", "pyoxigraph")
#: The same in R; the arguments are the table, and how often it is run. Prints the version, then seconds a line.
_IN_R = """
suppressMessages(library(metafor))
given <- commandArgs(trailingOnly = TRUE)
studies <- read.csv(given[1])
cat(as.character(packageVersion("metafor")), "\\n")
for (run in seq_len(as.integer(given[2]))) {
  begun <- proc.time()[["elapsed"]]
  fit <- rma(measure = "PLO", xi = events, ni = total, data = studies)
  invisible(predict(fit, transf = transf.ilogit))
  invisible(leave1out(fit, transf = transf.ilogit))
  cat(proc.time()[["elapsed"]] - begun, "\\n")
}
"""
#: It takes its time.
_RUNS_IN_R = 3
Counts = tuple[list[int], list[int]]


def main() -> None:
    """Time everything and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=2_000, help="synthetic studies")
    parser.add_argument("--reference", type=int, default=200, help="synthetic studies for metafor; 0 for none")
    parser.add_argument("--runs", type=int, default=7, help="runs that count; one more warms up")
    parser.add_argument("--write", action="store_true", help="keep the tables in benchmarks/results/")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    parts = [
        *many(made(options.studies), options.runs),
        *beside_metafor(made(options.reference) if options.reference else ([], []), options.runs),
        *curated(options.runs),
    ]
    text = "\n".join([*head(options.runs, load), *parts])
    print(text)
    if options.write:
        target = Path(__file__).parent / "results" / f"synthesis-{datetime.date.today().isoformat()}.md"
        target.parent.mkdir(exist_ok=True)
        target.write_text(text + "\n", encoding="utf-8")


def made(count: int) -> Counts:
    """Return counts of synthetic studies: 5 to 500 patients, logits of standard deviation 0.8 about 0.5; seed 0."""
    random = np.random.default_rng(0)
    total = np.exp(random.uniform(np.log(5), np.log(500), count)).astype(int)
    share = 1 / (1 + np.exp(-random.normal(0.5, 0.8, count)))
    return random.binomial(total, share).tolist(), total.tolist()


def timed(work: Callable[[], object], runs: int) -> list[float]:
    """Return the seconds of several runs, after one that does not count."""
    seconds = []
    for _ in range(runs + 1):
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
    return seconds[1:]


def told(seconds: Sequence[float]) -> str:
    """Return median and range of seconds, as cells of a table."""
    return f"{statistics.median(seconds):.4f} | {min(seconds):.4f} to {max(seconds):.4f}"


def both(counts: Counts) -> None:
    """Pool with a prediction interval, and leave each study out."""
    pool(*counts)
    leave_one_out(*counts)


def head(runs: int, load: float) -> list[str]:
    """Return what the report says first."""
    return [
        f"# What pooling costs, {datetime.date.today().isoformat()}",
        "",
        f"- median of {runs} runs in one process, and their range; load of the machine before them: {load:.1f}",
        f"- machine: {platform.machine()}, {os.cpu_count()} cores, {platform.system()}, "
        f"{platform.python_implementation()} {platform.python_version()}",
        "- versions: " + ", ".join(f"{name} {version(name)}" for name in _LIBRARIES),
        "",
    ]


def many(counts: Counts, runs: int) -> list[str]:
    """Return the table of synthetic studies."""
    count, glmm = len(counts[1]), Model(method="GLMM")
    table = [
        "## Synthetic studies",
        "",
        "Restricted maximum likelihood on the logit scale, but for the last row. "
        f"The first should take less than {MANY:.0f} s.",
        "",
        "| what | studies | seconds | from, to |",
        "|---|---:|---:|---|",
    ]
    for name, work in (
        ("pool and leave-one-out", lambda: both(counts)),
        ("pool, with the prediction interval", lambda: pool(*counts)),
        ("leave-one-out", lambda: leave_one_out(*counts)),
        ("cumulative", lambda: cumulative(*counts)),
        ("binomial-normal model (GLMM)", lambda: pool(*counts, glmm)),
    ):
        table.append(f"| {name} | {count} | {told(timed(work, runs))} |")
    return [*table, ""]


def beside_metafor(counts: Counts, runs: int) -> Iterator[str]:
    """Yield the comparison with metafor, where it is installed and asked for."""
    program, count = shutil.which("Rscript"), len(counts[1])
    if not count or program is None:
        return
    table = "events,total\n" + "".join(f"{events},{total}\n" for events, total in zip(*counts, strict=True))
    call = [program, "-e", _IN_R, "/dev/stdin", str(1 + min(runs, _RUNS_IN_R))]
    done = subprocess.run(call, input=table, capture_output=True, text=True, check=False)
    if done.returncode:
        return
    release, *lines = done.stdout.split()
    theirs, ours = [float(line) for line in lines[1:]], timed(lambda: both(counts), runs)
    ratio = statistics.median(theirs) / statistics.median(ours)
    yield from (
        "## Beside metafor",
        "",
        f"`rma`, `predict` and `leave1out` of metafor {release} on {count} of them, without the start of R, "
        f"{len(theirs)} runs: {ratio:.0f} times as long. `leave1out` fits each subset from the beginning: with more",
        "studies it falls further behind.",
        "",
        "| what | studies | seconds | from, to |",
        "|---|---:|---:|---|",
        f"| metafor | {count} | {told(theirs)} |",
        f"| cd22kg | {count} | {told(ours)} |",
        "",
    )


def curated(runs: int) -> Iterator[str]:
    """Yield the table of the saved syntheses."""
    with cd22kg.load() as graph:
        evidence = graph.evidence
        once = {
            "reading the evidence, once": lambda: read_evidence(graph.store),
            "digest of the graph, once": lambda: digest(canonical_nquads(graph.quads)),
        }
        yield from (
            "## Curated strata",
            "",
            f"Each saved synthesis picked from {len(evidence.claims)} claims and pooled; each should take less than "
            f"{1000 * STRATUM:.0f} ms. Before the first one, the evidence is read; a digest of the graph goes into the",
            "result, which a build has at hand.",
            "",
            "| what | studies | seconds | from, to |",
            "|---|---:|---:|---|",
        )
        for name, work in once.items():
            yield f"| {name} | | {told(timed(work, runs))} |"
        for path in packaged_syntheses():
            run = partial(stratum, read_saved(path).recipe, evidence)
            yield f"| {path.stem} | {run()} | {told(timed(run, runs))} |"


def stratum(recipe: SavedRecipe, evidence: Evidence) -> int:
    """Pick and pool, and return the number of studies."""
    return pool_claims(evidence, recipe.selection(), recipe.model()).estimate.k


if __name__ == "__main__":
    main()
