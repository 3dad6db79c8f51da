"""What the tests of queries from outside share: runaway queries, a graph to run them on, and a look at processes."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pyoxigraph import NamedNode, Quad

from cd22kg.namespaces import STANDARD_PREFIXES
from cd22kg.store import Answer, Table

EXAMPLE = "http://example.org/"
XSD = STANDARD_PREFIXES["xsd"]
COUNT = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
CROSS = "{ ?a ?p ?x . ?b ?q ?y . ?c ?r ?z }"
ENDLESS = f"SELECT (COUNT(*) AS ?n) {CROSS}"
#: Longest wait for what must happen, in seconds.
PATIENCE = 30.0

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at processes through /proc")


def node(name: str) -> NamedNode:
    """Return an IRI in the namespace of examples."""
    return NamedNode(EXAMPLE + name)


def doubled(times: int) -> str:
    """Return what binds ``?v<times>`` to a text of 16 * 2 ** times letters."""
    steps = " ".join(f"BIND(CONCAT(?v{n}, ?v{n}) AS ?v{n + 1})" for n in range(times))
    return f"BIND('aaaaaaaaaaaaaaaa' AS ?v0) {steps}"


def many() -> Iterator[Quad]:
    """Yield a connected graph of 1,500 quads, each another triple."""
    for number in range(1500):
        near = node(f"thing/{(number * 7 + 1) % 500}")
        yield Quad(node(f"thing/{number % 500}"), node(f"p{number % 3}"), near, node(f"graph/{number}"))


SLOW = {
    "cross product": ENDLESS,
    "path through everything": "SELECT (COUNT(*) AS ?n) { ?a (!<x:y>|!^<x:y>)+ ?b . ?c (!<x:y>|!^<x:y>)+ ?d }",
    "long chain": "SELECT (COUNT(*) AS ?n) { " + " ".join(f"?x{n} ?p{n} ?x{n + 1} ." for n in range(97)) + " }",
    "many patterns without a join": "ASK { " + " ".join(f"?x{n} ?p{n} ?y{n} ." for n in range(97)) + " }",
    "not exists": "ASK { FILTER NOT EXISTS { ?a ?p ?x . ?b ?q ?y . ?c ?r ?z FILTER(?x = 1) } }",
    "matching": "ASK { ?a ?p ?x . ?b ?q ?y FILTER(REGEX(STR(?x), CONCAT(STR(?y), '.*.*.*!$'))) }",
}
LARGE = {
    "sorting": f"SELECT * {CROSS} ORDER BY ?z ?y ?x",
    "distinct": f"SELECT (COUNT(DISTINCT *) AS ?n) {CROSS}",
    "group concat": f"SELECT (STRLEN(GROUP_CONCAT(?v14)) AS ?n) {{ {{ ?s ?p ?o }} {doubled(14)} }}",
    "doubling": f"SELECT (STRLEN(?v40) AS ?n) {{ {doubled(40)} }}",
    "replacing": f"SELECT (STRLEN(REPLACE(REPLACE(?v12, 'a', ?v12), 'a', ?v12)) AS ?n) {{ {doubled(12)} }}",
}


def as_bag(answer: Answer) -> Any:
    """Return an answer without the order of its rows, and of its columns, which `*` leaves open."""
    if isinstance(answer, Table):
        rows = (frozenset(zip(answer.columns, row, strict=True)) for row in answer.rows)
        return set(answer.columns), Counter(rows)
    return answer if isinstance(answer, bool) else Counter(answer)


def until(happened: Callable[[], bool], what: str) -> None:
    """Wait until something has happened, or fail."""
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.01)


def state(pid: int) -> list[str]:
    """Return the fields of a process from its state on, or nothing if there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def is_gone(pid: int) -> bool:
    """Return whether a process has ended, be it that nobody has asked for its exit code yet."""
    return state(pid)[:1] in ([], ["Z"])


def is_busy(pid: int) -> bool:
    """Return whether a process has computed for long enough to be in the middle of an endless query."""
    fields = state(pid)
    return bool(fields) and int(fields[11]) >= os.sysconf("SC_CLK_TCK") // 4


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    found = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())
    return [child for child in found if state(child)[1:2] == [str(pid)]]
