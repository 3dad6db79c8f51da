"""Claim files to objects. Every fault of a run is reported, each with its place; what is sound is returned."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from cd22kg.claims.schema import class_names
from cd22kg.claims.sourcemap import SourceMap, subject_iri
from cd22kg.errors import InputError, Location, Problem, in_order
from cd22kg.gate.text import read_text
from cd22kg.gate.yaml import Node, parse_yaml
from cd22kg.model import (
    CLAIM_TYPES,
    DEFAULT_CLAIM_TYPE,
    Claim,
    Cohort,
    Corpus,
    Link,
    Model,
    Source,
    SourceFile,
    Study,
    Vocabulary,
    links,
    terms,
)
from cd22kg.model.values import is_name
from cd22kg.namespaces import CONCEPT_KINDS, ENTITY_KINDS, KINDS, iri

_SECTIONS = ("source", "studies", "cohorts", "claims")
_M = TypeVar("_M", bound=Model)


@dataclass(frozen=True)
class Reading:
    """What the claim files say, what is wrong with them, and where everything stands.

    `ids` holds the ids of all things by kind, also of those that were left out for a fault. `missing` holds the IRIs of
    things that are named but not there, or left out for a fault, and `doubtful` tells by node which of its properties
    name one of them, so that nobody reports again what follows from a fault told already.
    """

    corpus: Corpus
    problems: tuple[Problem, ...]
    sourcemap: SourceMap
    missing: frozenset[str]
    doubtful: Mapping[str, frozenset[str]]
    ids: Mapping[str, frozenset[str]]


def claim_files(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Return the claim files named, each folder standing for the ``.yaml`` files in it.

    Raises:
        InputError: If a path does not exist, or a folder holds no claim file.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += _in_folder(path)
        elif path.exists():
            found.append(path)
        else:
            raise InputError("there is no such file", Location(str(path)), hint="check the path")
    return tuple(dict.fromkeys(found))


def _in_folder(folder: Path) -> list[Path]:
    """Return the claim files of a folder; names that begin with a dot are editors' own."""
    inside = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    for path in inside:
        if path.suffix == ".yml":
            raise InputError("claim files end in .yaml", Location(str(path)), hint=f"rename it {path.stem}.yaml")
    found = [path for path in inside if path.suffix == ".yaml"]
    if not found:
        raise InputError("no claim file (*.yaml) in this folder", Location(str(folder)), hint="name another")
    return found


def read_claims(
    paths: Sequence[Path],
    vocabulary: Vocabulary,
    *,
    names: Mapping[Path, str] | None = None,
    elsewhere: Mapping[str, Collection[str]] | None = None,
) -> Reading:
    """Read claim files and resolve every slug in them.

    Args:
        paths: The files.
        vocabulary: The concepts they may name.
        names: How messages call a file; its path where not given.
        elsewhere: The ids, by kind, of sound things in files that are not read again. None may be in a file that is.

    Returns:
        The corpus of all sound things, the problems in order of place, and the map back to the files.
    """
    readers = [_FileReader(path, (names or {}).get(path, str(path)), vocabulary) for path in paths]
    problems = [problem for reader in readers for problem in reader.problems]
    problems += _drop_duplicates(readers)
    ids = {kind: {draft.id for r in readers for draft in r.drafts if draft.kind == kind} for kind in ENTITY_KINDS}
    known = {kind: found.union((elsewhere or {}).get(kind, ())) for kind, found in ids.items()}
    complete = all(reader.readable for reader in readers)
    missing: set[tuple[str, str]] = set()
    for reader in readers:
        for problem, link in reader.unresolved(known, complete):
            missing.add((link.kind, link.slug))
            problems += [problem] if problem else []
    sourcemap = SourceMap()
    for reader in readers:
        for draft in reader.drafts:
            if draft.thing is not None and reader.file is not None:
                sourcemap.add(draft.thing, draft.node, subject_iri(draft.thing))
            else:
                missing.add((draft.kind, draft.id))
    files = [reader.file for reader in readers if reader.file is not None]
    corpus = Corpus(tuple(sorted(files, key=lambda file: file.source.id)))
    absent = frozenset(iri(kind, slug) for kind, slug in missing if kind in KINDS)
    held = {kind: frozenset(found) for kind, found in ids.items()}
    return Reading(corpus, in_order(problems), sourcemap, absent, _doubtful(readers, missing), held)


_Thing = Source | Study | Cohort | Claim


@dataclass(frozen=True)
class _Draft:
    """One thing of a file as it was written; without `thing` it has a fault."""

    kind: str
    id: str
    location: Location
    model: type[Model]
    node: Node
    plain: Any
    thing: _Thing | None


def _doubtful(readers: Sequence[_FileReader], missing: set[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """Return, by node, the properties that name something missing; the thing itself is listed with its part."""
    found: dict[str, set[str]] = {}
    for reader in readers:
        for draft in reader.drafts:
            for link in links(draft.model, draft.plain):
                if (link.kind, link.slug) in missing:
                    subject = iri(draft.kind, draft.id)
                    found.setdefault(subject, set())
                    found.setdefault(f"{subject}#{link.part}" if link.part else subject, set()).add(link.predicate)
    return {node: frozenset(predicates) for node, predicates in found.items()}


class _FileReader:
    """One file: what it holds, and what is wrong with it."""

    def __init__(self, path: Path, name: str, vocabulary: Vocabulary) -> None:
        self.name = name
        self.vocabulary = vocabulary
        self.problems: list[Problem] = []
        self.drafts: list[_Draft] = []
        self.readable = True
        self.file: SourceFile | None = None
        try:
            root, faults = parse_yaml(read_text(path, name=name), name)
        except InputError as error:
            self.problems.append(Problem(error.message, error.location, error.rule, error.hint))
            self.readable = False
            return
        self.problems += faults
        self.read(root)
        self.check_name(path)

    def report(self, message: str, location: Location, hint: str) -> None:
        self.problems.append(Problem(message, location, hint=hint))

    def read(self, root: Node) -> None:
        if not isinstance(root.value, dict):
            self.report(
                "a claim file holds keys and values",
                root.location,
                "start with `source:`, then `studies:`, `cohorts:`, `claims:`",
            )
            return
        for key in root.value:
            if key not in _SECTIONS:
                self.report(f"unknown section `{key}`", root.keys[key], _near(key, _SECTIONS))
        source_node = root.value.get("source")
        if source_node is None:
            self.report("the section `source` is missing", root.location, "say which work this file reports")
            source = None
        else:
            source = self.thing(Source, source_node, "source")
        studies = self.section(root, "studies", Study, "study")
        cohorts = self.section(root, "cohorts", Cohort, "cohort")
        claims = [claim for node in self.items(root, "claims") if (claim := self.claim(node)) is not None]
        if source is not None:
            self.file = SourceFile(source, tuple(studies), tuple(cohorts), tuple(claims))

    def leave_out(self, drafts: Sequence[_Draft]) -> None:
        """Forget these things; without its source a file says nothing."""
        left = {id(draft.thing) for draft in drafts}
        self.drafts = [draft for draft in self.drafts if draft not in drafts]
        if self.file is None or id(self.file.source) in left:
            self.file = None
            return
        self.file = replace(
            self.file,
            studies=tuple(thing for thing in self.file.studies if id(thing) not in left),
            cohorts=tuple(thing for thing in self.file.cohorts if id(thing) not in left),
            claims=tuple(thing for thing in self.file.claims if id(thing) not in left),
        )

    def check_name(self, path: Path) -> None:
        """Hold file name and source slug together: one file per source."""
        if self.file and path.stem != self.file.source.id:
            place = next(draft.location for draft in self.drafts if draft.kind == "source")
            self.report(
                f"the source `{self.file.source.id}` stands in a file named `{path.name}`",
                place,
                f"name the file `{self.file.source.id}.yaml`",
            )

    def items(self, root: Node, section: str) -> list[Node]:
        node = root.get(section)
        if node is None:
            return []
        if not isinstance(node.value, list):
            self.report(f"`{section}` must be a list", node.location, "begin each entry with `- id:`")
            return []
        return node.value

    def section(self, root: Node, section: str, model: type[_M], kind: str) -> list[_M]:
        return [thing for node in self.items(root, section) if (thing := self.thing(model, node, kind)) is not None]

    def claim(self, node: Node) -> Claim | None:
        stated = node.get("type")
        name = stated.value if stated else DEFAULT_CLAIM_TYPE
        if not isinstance(name, str) or name not in CLAIM_TYPES:
            place = stated.location if stated else node.location
            self.report(f"unknown claim type `{name}`", place, _near(str(name), tuple(CLAIM_TYPES)))
            self.draft(Claim, node, "claim", {}, None)
            return None
        return self.thing(CLAIM_TYPES[name], node, "claim", without="type")

    def draft(self, model: type[Model], node: Node, kind: str, plain: Any, thing: _Thing | None) -> None:
        """Remember what was written, if it has an id by which others can name it."""
        given = node.get("id")
        if given is not None and isinstance(given.value, str):
            self.drafts.append(_Draft(kind, given.value, given.location, model, node, plain, thing))

    def thing(self, model: type[_M], node: Node, kind: str, *, without: str = "") -> _M | None:
        """Return the object a node describes, its signs replaced by slugs; nothing where it has a fault."""
        if not isinstance(node.value, dict):
            self.report(f"a {kind} needs keys and values", node.location, "write it as `- id: ...` and its keys below")
            return None
        plain: dict[str, Any] = {key: value for key, value in node.plain().items() if key != without}
        self.replace_signs(model, plain)
        thing: _M | None = None
        try:
            thing = model.model_validate(plain)
        except ValidationError as error:
            for fault in error.errors(include_url=False, include_context=False):
                self.problems.append(_problem(fault, model, node, kind))
        self.draft(model, node, kind, plain, thing if isinstance(thing, _Thing) else None)
        return thing

    def replace_signs(self, model: type[Model], plain: dict[str, Any]) -> None:
        """Replace signs such as ``%`` by the slug they stand for, in place."""
        for term in terms(model):
            value = plain.get(term.key)
            if term.role == "nested" and term.model:
                for part in value if isinstance(value, list) else [value]:
                    if isinstance(part, dict):
                        self.replace_signs(term.model, part)
            elif term.role == "link" and isinstance(value, str):
                plain[term.key] = self.vocabulary.resolve(term.kind, value) or value

    def unresolved(self, known: Mapping[str, set[str]], complete: bool) -> Iterator[tuple[Problem | None, Link]]:
        """Yield every reference that names nothing, with its problem.

        Args:
            known: The ids of all files by kind.
            complete: Whether every file could be read; if not, what seems to be missing may stand in one that could
                not, and is no problem of its own.
        """
        for draft in self.drafts:
            for link in links(draft.model, draft.plain):
                if not is_name(link.slug):
                    continue  # malformed, and told already
                place = draft.node.locate(link.path)
                allowed: Sequence[str]
                if link.kind in CONCEPT_KINDS:
                    if self.vocabulary.resolve(link.kind, link.slug) is not None:
                        continue
                    allowed = (*self.vocabulary.slugs(link.kind), *self.vocabulary.signs(link.kind))
                elif link.kind in ENTITY_KINDS:
                    if link.slug in known[link.kind]:
                        continue
                    allowed = sorted(known[link.kind])
                else:
                    yield Problem(f"unknown kind `{link.kind}`", place, hint=_near(link.kind, KINDS)), link
                    continue
                if link.kind in ENTITY_KINDS and not complete:
                    yield None, link
                    continue
                what = link.kind.replace("-", " ")
                message = f"{draft.kind} `{draft.id}`: unknown {what} `{link.slug}`"
                yield Problem(message, place, hint=_near(link.slug, allowed)), link


def _drop_duplicates(readers: Sequence[_FileReader]) -> Iterator[Problem]:
    """Yield a problem for every thing that is defined a second time, and leave that one out."""
    first: dict[tuple[str, str], Location] = {}
    for reader in readers:
        again = []
        for draft in reader.drafts:
            earlier = first.setdefault((draft.kind, draft.id), draft.location)
            if earlier is not draft.location:
                again.append(draft)
                hint = f"first at {earlier}; rename one"
                yield Problem(f"{draft.kind} `{draft.id}` is defined twice", draft.location, hint=hint)
        reader.leave_out(again)


def _near(name: str, allowed: Sequence[str]) -> str:
    near = get_close_matches(name, allowed, n=3, cutoff=0.5)
    if near:
        return "did you mean " + ", ".join(f"`{item}`" for item in near) + "?"
    shown = ", ".join(sorted(allowed)[:12])
    return f"one of: {shown}{', ...' if len(allowed) > 12 else ''}" if allowed else "there is none yet"


def _problem(fault: Any, model: type[Model], node: Node, kind: str) -> Problem:
    """Return a problem for one of pydantic's faults, in our words and at its place."""
    path = tuple(fault["loc"])
    slug = node.get("id")
    owner = f"{kind} `{slug.value}`: " if slug and isinstance(slug.value, str) else f"{kind}: "
    key = str(path[-1]) if path else ""
    place = node.locate(path)
    match fault["type"]:
        case "missing":
            place = node.locate(path[:-1])
            return Problem(f"{owner}the key `{key}` is missing", place, hint=f"add `{key}:`")
        case "extra_forbidden":
            return Problem(f"{owner}unknown key `{key}`", place, hint=_near(key, _keys(model, path[:-1])))
        case "value_error":
            message, _, hint = fault["msg"].removeprefix("Value error, ").partition("; fix: ")
            where = ".".join(str(step) for step in path)
            return Problem(f"{owner}`{where}`: {message}", place, hint=hint)
        case "literal_error":
            term = next(term for term in terms(model) if term.key == key)
            hint = _near(str(fault["input"]), class_names(model, term))
            return Problem(f"{owner}`{key}`: unknown value `{fault['input']}`", place, hint=hint)
        case "tuple_type":
            return Problem(f"{owner}`{key}` must be a list", place, hint=f"write `{key}: [...]`")
        case "model_type" | "model_attributes_type" | "dict_type":
            return Problem(f"{owner}`{key}` needs keys and values", place, hint=f"write `{key}: {{key: value}}`")
        case _:
            return Problem(f"{owner}`{key}`: {fault['msg']}", place, hint="see docs/schema/claims.schema.json")


def _keys(model: type[Model], path: tuple[str | int, ...]) -> tuple[str, ...]:
    """Return the keys allowed at a path below a class."""
    for step in path:
        if isinstance(step, str):
            inner = next((term.model for term in terms(model) if term.key == step and term.model), None)
            model = inner or model
    return tuple(term.key for term in terms(model))
