"""The check of claim files, with an earlier build for what has not changed since.

    build/ + changed files -> quads -> rules -> what is added and removed -> validation of what that concerns -> report

The report is that of a check of everything. Wherever the earlier build cannot stand for the files that have not
changed, everything is checked: it has to be of the same toolkit, whole, and nothing that those files name may be gone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from pyoxigraph import Quad, RdfFormat, parse

from cd22kg.build import (
    MEMORY,
    NQUADS,
    Outcome,
    check,
    files_to_check,
    of_interest,
    read_manifest,
    syntheses_beside,
    told_once,
)
from cd22kg.claims import Reading, SourceMap, read_claims
from cd22kg.errors import Location, StoreError
from cd22kg.memory import Memory, file_digests, toolkit_digest
from cd22kg.model import Vocabulary
from cd22kg.namespaces import BASE, CD22, ENTITY_KINDS, GRAPH_CLAIMS, GRAPH_COMPUTED, GRAPH_INFERRED
from cd22kg.rdf import corpus_quads, digest
from cd22kg.rdf.ontology import vocabulary_of
from cd22kg.reasoning import apply_rules, read_rules, recomputed_intervals
from cd22kg.store import OxigraphStore
from cd22kg.synthesis.computed import COMPUTED_SOURCE
from cd22kg.synthesis.living import faults
from cd22kg.validation import Report, read_shapes
from cd22kg.validation.affected import Change
from cd22kg.validation.incremental import revalidate
from cd22kg.validation.kept import from_plain
from cd22kg.validation.report import ordered
from cd22kg.validation.validate import Verdicts

#: The graphs of what follows from the claims.
_DERIVED = (GRAPH_INFERRED, GRAPH_COMPUTED)
#: How a line ends that says that a claim was pooled by a build.
_POOLED_HERE = f"<{CD22}source> <{COMPUTED_SOURCE}>".encode()
#: Of more changed files than this, everything is checked: what they concern is then most of it.
MAX_CHANGED = 20


def recheck(files: Sequence[Path] = (), claims: Path | None = None, earlier: Path | None = None) -> Outcome:
    """Check claim files as `cd22kg.build.check` does, and with the same outcome.

    Args:
        files: The files of interest.
        claims: The folder of claim files, or those of the package.
        earlier: A build of an earlier state of the same files, of any or of no use.

    Raises:
        InputError: If a file or folder named does not exist.
    """
    named, everything = files_to_check(files, claims)
    build = _read_build(earlier) if earlier else None
    outcome = _recheck(named, everything, syntheses_beside(claims), build) if build else None
    return outcome or check(files, claims)


@dataclass(frozen=True)
class _Build:
    """A build: the digests of the files it read, its memory, and its lines of N-Quads, without the graph, by graph."""

    read: Mapping[str, str]
    memory: Memory
    lines: Mapping[str, list[bytes]]


def _read_build(folder: Path) -> _Build | None:
    """Return a build that this toolkit made, if it is whole and remembers enough."""
    try:
        manifest = read_manifest(folder)
        if manifest.get("toolkit") != toolkit_digest():
            return None
        data = {name: (folder / name).read_bytes() for name in (NQUADS, MEMORY)}
        if any(digest(data[name]) != manifest["files"][name]["digest"] for name in data):
            return None
        memory = Memory(**json.loads(data[MEMORY]))
        return _Build(manifest["read"], memory, _by_graph(data[NQUADS])) if memory.results is not None else None
    except (StoreError, OSError, LookupError, TypeError, ValueError):
        return None


def _by_graph(text: bytes) -> dict[str, list[bytes]]:
    """Return the lines of an N-Quads file by their graph, without it."""
    found: dict[bytes, list[bytes]] = {}
    for line in text.splitlines():
        end = line.rindex(b" <")
        found.setdefault(line[end + 2 : -3], []).append(line[:end])
    return {graph.decode(): lines for graph, lines in found.items()}


def _recheck(
    named: frozenset[str], files: Mapping[Path, str], syntheses: Mapping[Path, str], build: _Build
) -> Outcome | None:
    """Return the outcome for these files, or nothing where the build is of no use for them."""
    now = file_digests(files)
    if "" in now.values():
        return None
    changed = {path: name for path, name in files.items() if build.read.get(path.name) != now[path.name]}
    left = build.read.keys() - (now.keys() - {path.name for path in changed})
    if len(now) < len(files) or max(len(changed), len(left)) > MAX_CHANGED:
        return None
    before = _Before(build, frozenset(GRAPH_CLAIMS + name.removesuffix(".yaml") for name in left))
    reading = read_claims(tuple(changed), before.vocabulary, names=files, elsewhere=before.ids)
    if not before.stands_beside(reading):
        return None
    unchanged = {GRAPH_CLAIMS + path.stem: path for path in files if path not in changed}
    places = _Places(reading, before, {graph: (path, files[path]) for graph, path in unchanged.items()})
    report = of_interest(told_once(_validated(before, reading, places), reading), named)
    findings = ordered([replace(f, location=places.exactly(f.focus, f.path)) for f in report.findings])
    problems = (*reading.problems, *faults(syntheses, before.vocabulary))
    return Outcome(problems, of_interest(Report(findings), named), read=frozenset(changed.values()))


def _validated(before: _Before, reading: Reading, places: _Places) -> Report:
    """Return the report on what a build holds of unchanged files together with what was read."""
    classified = _parsed(line.encode() for line in before.build.memory.classified)
    fresh = [Quad(quad.subject, quad.predicate, quad.object) for quad in corpus_quads(reading.corpus)]
    kept, gone = dict.fromkeys(before.kept), set(before.gone)
    stated = kept | dict.fromkeys([*classified, *fresh])
    shapes = read_shapes()
    validator = shapes.validator
    with OxigraphStore() as store:
        store.bulk_load(stated)
        inferred = apply_rules(store, read_rules())
        computed = recomputed_intervals(store)
        store.load(computed)
        derived = [Quad(q.subject, q.predicate, q.object) for q in (*inferred, *computed)]
        now = (*stated, *derived)
        come = {*classified, *fresh, *derived}
        change = Change(*(tuple(q for q in found if q not in kept) for found in (come - gone, gone - come)))
        earlier = from_plain(before.build.memory.results or [], validator)
        # A check does not pool, so that nothing is said of what the build pooled.
        known = [result for result in earlier if _about(f"{result.focus}".encode()) not in before.pooled]
        verdicts = Verdicts(store, shapes, validator.labels())
        validation = revalidate(validator, store, change, known, lambda: now, judge=verdicts.judge)
        return verdicts.report(validation, places)


class _Before:
    """What a build says of the files that have not changed, and what it said of the others."""

    def __init__(self, build: _Build, left: frozenset[str]) -> None:
        """Divide the lines of a build; `left` names the graphs of files that have changed or are gone."""
        self.build = build
        self.left = {graph: lines for graph, lines in build.lines.items() if graph in left}
        self.claims = {
            graph: lines for graph, lines in build.lines.items() if graph.startswith(GRAPH_CLAIMS) and graph not in left
        }
        terms = (
            lines
            for graph, lines in build.lines.items()
            if not graph.startswith(GRAPH_CLAIMS) and graph not in _DERIVED
        )
        #: The quads of ontology and vocabulary.
        self.terms = _parsed(line for lines in terms for line in lines)
        #: Those, and what unchanged files state.
        self.kept = [*self.terms, *_parsed(line for lines in self.claims.values() for line in lines)]
        computed = build.lines.get(GRAPH_COMPUTED, [])
        #: The claims that the build pooled, and their source.
        self.pooled = {_about(line) for line in computed if line.endswith(_POOLED_HERE)} | {COMPUTED_SOURCE.encode()}
        #: What was stated otherwhere, or followed; it may hold still.
        derived = (build.lines.get(graph, []) for graph in _DERIVED)
        followed = (line for lines in derived for line in lines if _about(line) not in self.pooled)
        self.gone = _parsed((*(line for lines in self.left.values() for line in lines), *followed))

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Return the concepts that claim files may name."""
        return vocabulary_of(self.terms)

    @cached_property
    def homes(self) -> dict[str, str]:
        """Return the IRI of each thing in an unchanged file, with its graph."""
        return {iri: graph for graph, lines in self.claims.items() for iri in _things(lines)}

    @cached_property
    def ids(self) -> dict[str, set[str]]:
        """Return the ids of the things in unchanged files by kind."""
        found: dict[str, set[str]] = {kind: set() for kind in ENTITY_KINDS}
        for home in self.homes:
            kind, _, slug = home.removeprefix(BASE).partition("/")
            found[kind].add(slug)
        return found

    def stands_beside(self, reading: Reading) -> bool:
        """Return whether what was read again takes no name of an unchanged file, and leaves none that it uses."""
        if any(self.ids[kind] & ids for kind, ids in reading.ids.items()):
            return False
        lost = {iri for lines in self.left.values() for iri in _things(lines)} - reading.sourcemap.nodes.keys()
        objects = {f"<{iri}>".encode() for iri in lost}
        return not objects or not any(
            line.rpartition(b" ")[2] in objects for lines in self.claims.values() for line in lines
        )


def _about(line: bytes) -> bytes:
    """Return the IRI of the thing that a line, or a term, is about, of a part that of its owner."""
    return line.partition(b">")[0].partition(b"#")[0].removeprefix(b"<")


def _things(lines: Iterable[bytes]) -> set[str]:
    """Return the IRIs of the sources, studies, cohorts and claims that lines are about, without their parts."""
    return {iri[1:].decode() for iri in {line.partition(b">")[0] for line in lines} if b"#" not in iri}


def _parsed(lines: Iterable[bytes]) -> list[Quad]:
    """Return lines of N-Triples that lack their dots, each once."""
    text = b"".join(line + b" .\n" for line in dict.fromkeys(lines))
    return list(parse(text, format=RdfFormat.N_TRIPLES))


class _Places:
    """Where things are written; an unchanged file is read only where a finding in it is to be told."""

    def __init__(self, reading: Reading, before: _Before, unchanged: Mapping[str, tuple[Path, str]]) -> None:
        self.reading = reading
        self.before = before
        self.unchanged = unchanged
        self._read: dict[Path, SourceMap] = {}

    def locate(self, subject: str, predicate: str = "", value: str = "") -> Location | None:
        """Return the place, or the file if that is an unchanged one."""
        home = self._home(subject)
        return Location(home[1]) if home else self.reading.sourcemap.locate(subject, predicate)

    def exactly(self, subject: str, predicate: str) -> Location | None:
        """Return the place."""
        home = self._home(subject)
        if home is None:
            return self.reading.sourcemap.locate(subject, predicate)
        path, name = home
        if path not in self._read:
            reading = read_claims([path], self.before.vocabulary, names={path: name}, elsewhere=self.before.ids)
            self._read[path] = reading.sourcemap
        return self._read[path].locate(subject, predicate)

    def _home(self, subject: str) -> tuple[Path, str] | None:
        graph = self.before.homes.get(subject.partition("#")[0])
        return self.unchanged.get(graph) if graph else None
