"""Very many violations: counted to the last, in memory that does not grow with them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.conftest import clean_environment

#: Violations, and mebibytes that finding them may take beside the data, when a hundred are kept.
MANY, MEMORY = 200_000, 60
SCRIPT = """
import json, resource, sys
from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, parse
from cd22kg.store import OxigraphStore
from cd22kg.validation.shapes import Shapes
from cd22kg.validation.terms import RDF_TYPE
from cd22kg.validation.validate import validate_store

EX = "http://example.org/"
SHAPES = '''
@prefix ex: <http://example.org/> . @prefix sh: <http://www.w3.org/ns/shacl#> .
ex:s a sh:NodeShape ; sh:targetClass ex:T ; sh:property ex:kind , ex:name .
ex:kind sh:path ex:v ; sh:nodeKind sh:IRI .
ex:name sh:path ex:name ; sh:minCount 1 ; sh:severity sh:Warning .
'''

def quads(count):
    for number in range(count):
        node = NamedNode(f"{EX}{number}")
        yield Quad(node, NamedNode(RDF_TYPE), NamedNode(EX + "T"))
        yield Quad(node, NamedNode(EX + "v"), Literal("x"))

def used():
    if sys.platform != "linux":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024**2
    # What getrusage tells begins with the peak of the process that started this one.
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM:"))

shapes = Shapes(tuple(parse(SHAPES, format=RdfFormat.TURTLE)), {}, frozenset())
with OxigraphStore() as small:
    small.bulk_load(quads(10))
    validate_store(small, shapes)  # what the first run imports is no matter here
with OxigraphStore() as store:
    store.bulk_load(quads(int(sys.argv[1]) // 2))
    before = used()
    report = validate_store(store, shapes, limit=int(sys.argv[2]) or None)
json.dump({"counts": report.counts(), "kept": len(report.findings), "memory": used() - before}, sys.stdout)
"""


def found(limit: int) -> dict[str, object]:
    """Return counts, kept findings, and the memory it took, of a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(MANY), str(limit)],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


@pytest.mark.slow
def test_many_violations_are_counted_in_little_memory() -> None:
    """With a bound the counts are exact and little memory is used; without one, so much that the bound matters."""
    bounded, all_kept = found(100), found(0)

    assert bounded["counts"] == all_kept["counts"]
    assert bounded["counts"] == {"violation": MANY // 2, "warning": MANY // 2, "info": 0, "annotated": 0}
    assert (bounded["kept"], all_kept["kept"]) == (100, MANY)
    assert int(str(bounded["memory"])) < MEMORY < int(str(all_kept["memory"]))
