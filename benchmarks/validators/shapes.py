"""The shapes that every engine is given: one file made of `benchmarks/shapes/`, and the same without SPARQL."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import NamedNode, RdfFormat, Triple, parse, serialize

FOLDER = Path(__file__).resolve().parents[1] / "shapes"
#: What the names of the rules begin with.
PREFIX = "https://w3id.org/cd22kg/benchmark#"
SHACL = "http://www.w3.org/ns/shacl#"
_NODE_SHAPE = NamedNode(SHACL + "NodeShape")
_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
#: Properties that are a check each, but for the members of `sh:or`, which are one check together.
_CHECKS = frozenset(
    SHACL + name
    for name in (
        *("class", "datatype", "in", "lessThanOrEquals", "maxCount", "maxExclusive", "maxInclusive", "minCount"),
        *("minExclusive", "minInclusive", "minLength", "nodeKind", "or", "pattern", "sparql"),
    )
)


@dataclass(frozen=True)
class Shapes:
    """The shapes in two files.

    Attributes:
        whole: The file with all of them.
        core: The file without the constraints in SPARQL.
        rules: Names of all shapes.
        sparql: Names of those that are a constraint in SPARQL.
        nodes: How many are node shapes.
        checks: How many single checks there are.
    """

    whole: Path
    core: Path
    rules: frozenset[str]
    sparql: frozenset[str]
    nodes: int
    checks: int

    def file(self, *, sparql: bool) -> Path:
        """Return the file with SPARQL, or the one without."""
        return self.whole if sparql else self.core

    def known(self, *, sparql: bool) -> frozenset[str]:
        """Return the names of the rules in that file."""
        return self.rules if sparql else self.rules - self.sparql


def gather(folder: Path) -> Shapes:
    """Write both files and return what is in them."""
    triples = [
        triple.triple
        for source in sorted(FOLDER.glob("*.ttl"))
        for triple in parse(path=source, format=RdfFormat.TURTLE, rename_blank_nodes=True)
    ]
    whole, core = folder / "shapes.ttl", folder / "shapes-core.ttl"
    serialize(triples, whole, RdfFormat.TURTLE)
    serialize((t for t in triples if t.predicate.value != SHACL + "sparql"), core, RdfFormat.TURTLE)
    named = [triple for triple in triples if isinstance(triple.subject, NamedNode)]
    checks = [triple for triple in named if triple.predicate.value in _CHECKS]
    return Shapes(
        whole,
        core,
        rules=frozenset(_name(triple) for triple in named if str(triple.subject).startswith(f"<{PREFIX}")),
        sparql=frozenset(_name(triple) for triple in checks if triple.predicate.value == SHACL + "sparql"),
        nodes=sum(triple.predicate.value == _TYPE and triple.object == _NODE_SHAPE for triple in named),
        checks=len(checks),
    )


def _name(triple: Triple) -> str:
    return str(triple.subject).strip("<>").removeprefix(PREFIX)
