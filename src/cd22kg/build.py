"""The corridor: claim files to a validated store with its exports, published whole or not at all.

    claims + ontology -> quads -> staged store -> inferred and computed graph -> report -> build/
                                                  saved syntheses ^ are run again

A build is staged in a folder beside its target and put in place by one rename. Two builds of the same files give the
same bytes in ``cd22kg.ttl``, ``cd22kg.nq``, ``report.json`` and ``manifest.json``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pyoxigraph import Quad

from cd22kg import resources
from cd22kg.claims import Reading, SourceMap, claim_files, read_claims
from cd22kg.errors import DataError, InputError, Location, OutputError, Problem, StoreError
from cd22kg.files import publish_folder, staging, sync_folder, write_bytes
from cd22kg.gate.text import read_text
from cd22kg.memory import Memory, file_digests, toolkit_digest
from cd22kg.notice import NOTICE
from cd22kg.progress import Progress
from cd22kg.rdf import (
    HEADER,
    Ontology,
    canonical_nquads,
    corpus_quads,
    digest,
    graph_of,
    read_alignment,
    read_ontology,
    to_turtle,
)
from cd22kg.reasoning import Classification, apply_rules, classify, read_rules, recomputed_intervals
from cd22kg.store import OxigraphStore, Store
from cd22kg.synthesis.computed import pooled_quads
from cd22kg.synthesis.evidence import Evidence, read_evidence
from cd22kg.synthesis.living import TOLD, Rerun, faults, rerun_saved
from cd22kg.validation import (
    Finding,
    Report,
    check_quality,
    examine,
    named_in_claims,
    named_in_texts,
    read_checks,
    read_shapes,
)
from cd22kg.validation.kept import to_plain
from cd22kg.validation.validate import Examined

#: What a build folder holds.
STORE, TURTLE, NQUADS, REPORT, MANIFEST = "store", "cd22kg.ttl", "cd22kg.nq", "report.json", "manifest.json"
#: What it remembers for a later check.
MEMORY = "recheck.json"

#: What the manifest of a build calls itself.
NAME = "cd22kg"

#: Libraries whose version can change what a build holds.
LIBRARIES = ("cd22kg", "pydantic", "pyoxigraph", "pyshacl", "PyYAML", "rdflib")


@dataclass(frozen=True)
class Assembly:
    """The graph before validation: the quads with their authored numbers, and where they were written.

    `problems` are the faults of claim files and of saved syntheses; `syntheses` are these as they were and are,
    `evidence` is what they were run on.
    """

    ontology: Ontology
    reading: Reading
    classification: Classification
    asserted: tuple[Quad, ...]
    inferred: tuple[Quad, ...]
    computed: tuple[Quad, ...] = ()
    syntheses: tuple[Rerun, ...] = ()
    problems: tuple[Problem, ...] = ()
    evidence: Evidence | None = None

    @property
    def quads(self) -> tuple[Quad, ...]:
        """Return the asserted, the inferred and the computed quads."""
        return self.asserted + self.inferred + self.computed

    @property
    def sourcemap(self) -> SourceMap:
        """Return where things were written."""
        return self.reading.sourcemap


@dataclass(frozen=True)
class Outcome:
    """What a build or a check came to."""

    problems: tuple[Problem, ...]
    report: Report
    manifest: Mapping[str, Any] = field(default_factory=dict)
    #: The names of the claim files that were read, where an earlier build stood for the others.
    read: frozenset[str] | None = None

    @property
    def conforms(self) -> bool:
        """Return whether nothing blocks: no fault in a file, and no violation."""
        return not self.problems and self.report.conforms


def assemble(
    store: Store,
    files: Mapping[Path, str],
    progress: Progress | None = None,
    syntheses: Mapping[Path, str] | None = None,
) -> Assembly:
    """Read ontology and claim files into a store and infer what follows.

    Args:
        store: An empty store.
        files: The claim files, each with the name that messages give it.
        progress: Told of each step.
        syntheses: Files of saved syntheses, likewise; they are run again where their claims have changed.

    Faulty things are left out; `Assembly.problems` lists the faults.

    Raises:
        DataError: If the ontology contradicts itself, or a class can have no member.
        ReasonerError: If the reasoner fails.
    """
    progress = progress or Progress()
    with progress.step("ontology") as say:
        ontology = read_ontology()
        say(f"{len(ontology.quads)} triples")
    with progress.step("claims") as say:
        reading = read_claims(tuple(files), ontology.vocabulary, names=files)
        say(f"{sum(1 for _ in reading.corpus.claims())} claims in {len(reading.corpus.files)} files")
    with progress.step("load") as say:
        asserted = (*ontology.quads, *corpus_quads(reading.corpus))
        store.bulk_load(asserted)
        say(f"{store.count()} quads")
    with progress.step("classify") as say:
        found = classify(ontology.quads)
        store.load(found.quads())
        how = f"{found.reasoner}, kept" if found.kept else found.reasoner
        say(f"{found.classes} classes and {len(found.quads())} inferred triples by {how}")
    if found.notice:
        progress.say(f"{'':10} {found.notice}")
    with progress.step("infer") as say:
        inferred = (*found.quads(), *apply_rules(store, read_rules()))
        computed = recomputed_intervals(store)
        store.load(computed)
        say(f"{len(inferred) + len(computed)} quads")
    if not syntheses:
        return Assembly(ontology, reading, found, asserted, inferred, computed, (), reading.problems)
    with progress.step("pool") as say:
        evidence = read_evidence(store)
        reruns, problems = rerun_saved(syntheses, evidence)
        pooled = tuple(pooled_quads([each.after for each in reruns], evidence))
        store.load(pooled)
        moved = sum(each.moved for each in reruns)
        say(f"{len(reruns)} saved syntheses, {moved} moved")
    for each in reruns:
        if each.moved or each.refreshed:
            progress.say(f"{'':10} {each}")
    problems = (*reading.problems, *problems)
    return Assembly(ontology, reading, found, asserted, inferred, (*computed, *pooled), reruns, problems, evidence)


def packaged_syntheses() -> dict[Path, str]:
    """Return the saved syntheses of the package, each named as in the checkout; there may be none."""
    return {path: f"syntheses/{path.name}" for path in sorted(resources.folder("syntheses").glob("*.yaml"))}


def syntheses_beside(claims: Path | None) -> dict[Path, str]:
    """Return the saved syntheses of a claims folder, from the folder beside it, or those of the package."""
    if claims is None:
        return packaged_syntheses()
    return {path: str(path) for path in sorted((claims.absolute().parent / "syntheses").glob("*.yaml"))}


def packaged_claims() -> dict[Path, str]:
    """Return the claim files of the package, each named as in the checkout."""
    return {path: f"claims/{path.name}" for path in resources.resource_files("claims", "*.yaml")}


def claims_in(folder: Path | None) -> dict[Path, str]:
    """Return the claim files of a folder, or those of the package."""
    if folder is None:
        return packaged_claims()
    return {path: str(path) for path in claim_files([folder])}


def check(files: Sequence[Path] = (), claims: Path | None = None) -> Outcome:
    """Read, resolve and validate claim files, and read the saved syntheses without running them; nothing is written.

    Args:
        files: The files of interest: what would block a build is told wherever it is, all else only for these files.
            Every file where empty.
        claims: The folder of claim files, or those of the package. A file named in `files` takes the place of the one
            with the same name.

    Raises:
        InputError: If a file or folder named does not exist.
    """
    named, everything = files_to_check(files, claims)
    assembly = assemble(OxigraphStore(), everything)
    report = told_once(_examined(assembly).report, assembly.reading)
    problems = (*assembly.problems, *faults(syntheses_beside(claims), assembly.ontology.vocabulary))
    return Outcome(problems, of_interest(report, named))


def files_to_check(files: Sequence[Path], claims: Path | None) -> tuple[frozenset[str], dict[Path, str]]:
    """Return the names of the files of interest, and every claim file with its name; see `check`."""
    named = {path.absolute(): str(path) for path in claim_files(files)}
    replaced = {path.stem for path in named} | {_source_id(path) for path in named}
    others = {path.absolute(): name for path, name in claims_in(claims).items() if path.stem not in replaced}
    return frozenset(named.values()), {**others, **named}


def of_interest(report: Report, named: Collection[str]) -> Report:
    """Return the report without what neither blocks nor stands in one of the files named, if any are."""
    if not named:
        return report
    shown = (f for f in report.findings if f.severity == "violation" or (f.location and f.location.file in named))
    return Report(tuple(shown))


def told_once(report: Report, reading: Reading) -> Report:
    """Return the report without what only follows from a fault of the reading."""

    def follows(finding: Finding) -> bool:
        paths = reading.doubtful.get(finding.focus)
        told = paths is not None and (not finding.path or finding.path in paths)
        return told or finding.value in reading.missing

    return Report(tuple(finding for finding in report.findings if not follows(finding)))


def check_ontology(progress: Progress | None = None) -> Outcome:
    """Read the ontology files, classify them, and run the quality checks; nothing is written.

    The packaged claims, the rules, the shapes and the alignment are read to know which terms they use.

    Raises:
        InputError: If a file cannot be read.
        ReasonerError: If the reasoner fails.
    """
    progress = progress or Progress()
    with progress.step("ontology") as say:
        ontology, alignment = read_ontology(), read_alignment()
        say(f"{len(ontology.quads)} triples, {len(alignment)} of the alignment")
    problems: tuple[Problem, ...] = ()
    notice = ""
    with progress.step("classify") as say:
        try:
            found = classify(ontology.quads)
            notice = found.notice
            say(f"{found.classes} classes by {found.reasoner}")
        except DataError as error:
            problems = error.problems
            say("a contradiction")
    if notice:
        progress.say(f"{'':10} {notice}")
    with progress.step("uses") as say:
        files = packaged_claims()
        reading = read_claims(tuple(files), ontology.vocabulary, names=files)
        uses = {**named_in_texts(), **named_in_claims(corpus_quads(reading.corpus), reading.sourcemap)}
        say(f"{len(uses)} files")
    with progress.step("quality") as say:
        checks = read_checks()
        report = check_quality(ontology.quads, uses, checks)
        say(f"{len(checks)} checks")
    return Outcome(problems, report)


def _source_id(path: Path) -> str:
    """Return the source slug that a file gives, read off its text, as the file may have faults."""
    try:
        text = read_text(path) if path.is_file() else ""
    except InputError:
        return ""
    found = re.search(r"^source:\s*\n(?:[ #].*\n)*?\s+id:\s*([a-z0-9-]+)", text, re.MULTILINE)
    return found[1] if found else ""


def build(target: Path, claims: Path | None = None, progress: Progress | None = None) -> Outcome:
    """Build the graph and publish it, if it conforms, as a folder.

    Args:
        target: The build folder; an earlier build there stays until the new one is complete.
        claims: The folder of claim files, or those of the package.
        progress: Told of each step.

    Raises:
        OutputError: If the target is in use, is not a build, or cannot be written.
        InputError: If the claims folder holds no claim file.
    """
    progress = progress or Progress()
    files = claims_in(claims)
    target = target.resolve()
    _refuse_foreign(target)
    with staging(target) as staged:
        try:
            staged.mkdir()
        except OSError as error:
            raise OutputError(
                f"cannot write {staged.parent}: {error.strerror}", hint="check rights and space"
            ) from None
        return _build(staged, target, files, syntheses_beside(claims), progress)


def _examined(assembly: Assembly) -> Examined:
    return examine(assembly.quads, read_shapes(), assembly.sourcemap)


def _build(
    staged: Path, target: Path, files: Mapping[Path, str], syntheses: Mapping[Path, str], progress: Progress
) -> Outcome:
    # Before anything is read: what is edited meanwhile must not pass for what was read.
    digests, toolkit = file_digests(files), toolkit_digest()
    store = OxigraphStore(staged / STORE)
    try:
        assembly = assemble(store, files, progress, syntheses)
    finally:
        store.close()
    with progress.step("validate") as say:
        examined = _examined(assembly)
        report = told_once(examined.report, assembly.reading)
        say(", ".join(f"{count} {severity}" for severity, count in report.counts().items()))
    outcome = Outcome(assembly.problems, report)
    if not outcome.conforms:
        return outcome
    with progress.step("export"):
        outputs = {
            TURTLE: to_turtle(assembly.quads, header=HEADER).encode(),
            NQUADS: canonical_nquads(assembly.quads),
            REPORT: _json(_portable(report).to_json()),
            MEMORY: _json(_memory(assembly, examined)),
        }
        manifest = {**_manifest(assembly, report, outputs, files), "read": digests, "toolkit": toolkit}
        for name, data in {**outputs, MANIFEST: _json(manifest)}.items():
            write_bytes(staged / name, data)
    with progress.step("publish") as say:
        sync_folder(staged)
        publish_folder(staged, target)
        say(str(target))
    return Outcome(outcome.problems, report, manifest)


def _memory(assembly: Assembly, examined: Examined) -> dict[str, Any]:
    return Memory.of(assembly.classification.quads(), to_plain(examined.results, examined.validator)).to_json()


def _portable(report: Report) -> Report:
    """Return the report with each file named as in the checkout, wherever its folder stands on this machine."""

    def renamed(place: Location | None) -> Location | None:
        return replace(place, file=f"claims/{Path(place.file).name}") if place else None

    return Report(tuple(replace(finding, location=renamed(finding.location)) for finding in report.findings))


def read_manifest(folder: Path) -> Any:
    """Return the manifest of a build.

    Raises:
        StoreError: If the folder is no build.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        manifest = None
    if not isinstance(manifest, dict) or manifest.get("name") != NAME:
        raise StoreError(f"there is no build in {folder}", hint="run `cd22kg build`, or name another folder")
    return manifest


def is_build(folder: Path) -> bool:
    """Return whether a folder is one that `build` made, and holds nothing else."""
    try:
        read_manifest(folder)
    except StoreError:
        return False
    return {path.name for path in folder.iterdir()} <= {STORE, TURTLE, NQUADS, REPORT, MEMORY, MANIFEST}


def inputs_digest(files: Iterable[Path]) -> str:
    """Return a digest of the names and contents of claim files."""
    parts = (path.name.encode() + b"\0" + path.read_bytes() + b"\0" for path in sorted(files, key=lambda p: p.name))
    return digest(b"".join(parts))


def _refuse_foreign(target: Path) -> None:
    """Never replace a folder that is not a build, or one in which somebody keeps something."""
    if not target.exists() or is_build(target) or (target.is_dir() and not any(target.iterdir())):
        return
    raise OutputError(
        "this is not a build, or holds more than one, so it is not replaced",
        Location(str(target)),
        hint="choose another folder, or move what is not ours out of it",
    )


def _manifest(
    assembly: Assembly, report: Report, files: Mapping[str, bytes], inputs: Mapping[Path, str]
) -> dict[str, Any]:
    graphs: dict[str, list[Quad]] = {}
    for quad in assembly.quads:
        graphs.setdefault(graph_of(quad), []).append(quad)
    corpus = assembly.reading.corpus
    kinds: dict[str, int] = {}
    for _, claim in corpus.claims():
        kinds[claim.class_name] = kinds.get(claim.class_name, 0) + 1
    return {
        "name": NAME,
        "notice": NOTICE,
        "counts": {
            "claims": dict(sorted(kinds.items())),
            "concepts": {kind: len(found) for kind, found in sorted(assembly.ontology.vocabulary.concepts.items())},
            "findings": report.counts(),
            "quads": len(assembly.quads),
            "sources": len(corpus.files),
        },
        "graphs": {
            graph: {"quads": len(quads), "digest": digest(canonical_nquads(quads))}
            for graph, quads in sorted(graphs.items())
        },
        "syntheses": {
            each.after.id: {**{name: str(each.after.result[name]) for name in TOLD}, "moved": each.moved}
            for each in assembly.syntheses
        },
        "claimFiles": {"digest": inputs_digest(inputs), "packaged": set(inputs) == set(packaged_claims())},
        "versions": {name: version(name) for name in LIBRARIES},
        "files": {name: {"bytes": len(data), "digest": digest(data)} for name, data in sorted(files.items())},
    }


def _json(document: Any) -> bytes:
    return (json.dumps(document, ensure_ascii=False, indent=1, sort_keys=False) + "\n").encode()
