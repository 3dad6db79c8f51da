"""The mapping table: which outside terms our concepts match, in SSSOM (https://w3id.org/sssom/).

The table is the one place where a match is written; the triples of the vocabulary graph are made from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from pyoxigraph import NamedNode, Quad

from cd22kg.errors import DataError, InputError, Location, Problem
from cd22kg.gate.text import read_text
from cd22kg.gate.yaml import Node, parse_yaml
from cd22kg.model import Vocabulary
from cd22kg.namespaces import CONCEPT_KINDS, GRAPH_VOCABULARY, LICENSE, OUTSIDE_PREFIXES, PREFIXES, expand

FILE = "mappings.sssom.tsv"
COLUMNS = (
    "subject_id",
    "subject_label",
    "predicate_id",
    "object_id",
    "object_label",
    "mapping_justification",
    "object_source",
    "mapping_provider",
    "comment",
)
#: Columns that a row may leave empty.
OPTIONAL = frozenset(("object_label", "object_source", "comment"))
PREDICATES = tuple(f"skos:{name}" for name in ("broadMatch", "closeMatch", "exactMatch", "narrowMatch", "relatedMatch"))
#: How a match came about: a person compared the two, or another mapping set led from one to the other.
JUSTIFICATIONS = ("semapv:ManualMappingCuration", "semapv:MappingChaining")
#: The part of an identifier behind its prefix.
_LOCAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_ADDRESS = re.compile(r"https?://[^\s/]+(/\S*)?")
#: In place of an outside term: it was looked for in the vocabulary that `object_source` names, and not found.
NO_TERM = "sssom:NoTermFound"


@dataclass(frozen=True)
class Mapping:
    """One row: a concept of ours, how it matches, and the outside term, with the place it was read in.

    Attributes:
        subject: CURIE of the concept (``indication:b-all``).
        predicate: CURIE of the SKOS relation, one of `PREDICATES`.
        object: CURIE of the outside term, or `NO_TERM`.
        object_label: The outside term's name, empty where it was not read.
        justification: One of `JUSTIFICATIONS`.
        object_source: CURIE of the vocabulary searched (``obo:mondo.owl``), where no term was found.
        provider: Address of the page or file that gives the match.
        comment: What a reader must know, in our words.
    """

    subject: str
    predicate: str
    object: str
    object_label: str
    justification: str
    object_source: str
    provider: str
    comment: str

    @property
    def found(self) -> bool:
        """Whether there is an outside term."""
        return self.object != NO_TERM

    def quad(self) -> Quad:
        """Return the match as a quad of the vocabulary graph."""
        subject, predicate, target = (NamedNode(expand(c)) for c in (self.subject, self.predicate, self.object))
        return Quad(subject, predicate, target, NamedNode(GRAPH_VOCABULARY))


def read_mappings(path: Path, vocabulary: Vocabulary, *, name: str = "") -> tuple[Mapping, ...]:
    """Return the rows of a mapping table, each concept of which is in the vocabulary.

    Raises:
        InputError: If the file cannot be read or is not SSSOM: no header, other columns than `COLUMNS`.
        DataError: If rows have faults; all of them are listed.
    """
    name = name or str(path)
    lines = read_text(path, name=name).splitlines()
    count = next((n for n, line in enumerate(lines) if not line.startswith("#")), len(lines))
    header, head_problems = parse_yaml("\n".join(" " + line[1:] for line in lines[:count]) or "{}", name)
    if count == len(lines) or tuple(lines[count].split("\t")) != COLUMNS:
        place = Location(name, min(count + 1, len(lines)), 1)
        raise InputError(
            "the columns are not those of a mapping table", place, hint="with tabs between: " + ", ".join(COLUMNS)
        )
    problems = [*head_problems, *_header_problems(header, name)]
    rows: list[tuple[int, Mapping]] = []
    for number, line in enumerate(lines[count + 1 :], start=count + 2):
        fields = line.split("\t")
        if len(fields) != len(COLUMNS):
            text = f"the row has {len(fields)} fields, not {len(COLUMNS)}"
            problems.append(Problem(text, Location(name, number, 1), hint="one tab between fields, none at the end"))
            continue
        offsets = _columns(fields)
        problems += (
            Problem(text, Location(name, number, offsets[column]), hint=hint)
            for column, text, hint in _row_problems(dict(zip(COLUMNS, fields, strict=True)), vocabulary)
        )
        subject, _, predicate, target, label, justification, source, provider, comment = fields
        rows.append((number, Mapping(subject, predicate, target, label, justification, source, provider, comment)))
    problems += _order_problems(rows, name)
    if problems:
        raise DataError(problems)
    return tuple(mapping for _, mapping in rows)


def mapping_quads(mappings: Iterable[Mapping]) -> Iterator[Quad]:
    """Return the matches that have an outside term as quads."""
    return (mapping.quad() for mapping in mappings if mapping.found)


def _columns(fields: list[str]) -> dict[str, int]:
    starts: dict[str, int] = {}
    offset = 1
    for column, field in zip(COLUMNS, fields, strict=True):
        starts[column] = offset
        offset += len(field) + 1
    return starts


def _header_problems(header: Node, name: str) -> Iterator[Problem]:
    for key in ("mapping_set_id", "license", "curie_map"):
        if header.get(key) is None:
            yield Problem(f"the header has no `{key}`", Location(name, 1, 1), hint=f"add `# {key}: ...`")
    license_node = header.get("license")
    if license_node is not None and license_node.value != LICENSE:
        yield Problem("the licence is not that of the graph", license_node.location, hint=LICENSE)
    curie_map = header.get("curie_map")
    if curie_map is not None and not isinstance(curie_map.value, dict):
        yield Problem("`curie_map` holds no prefixes", curie_map.location, hint="one `prefix: base` a line")
    elif curie_map is not None and isinstance(curie_map.value, dict):
        for prefix, node in curie_map.value.items():
            if prefix in PREFIXES and PREFIXES[prefix] != node.value:
                yield Problem(
                    f"the prefix `{prefix}` stands for another base here", node.location, hint=PREFIXES[prefix]
                )


def _row_problems(row: dict[str, str], vocabulary: Vocabulary) -> Iterator[tuple[str, str, str]]:
    """Yield column, message and fix of each fault of a row."""
    for column, value in row.items():
        if not value and column not in OPTIONAL:
            yield column, f"`{column}` is empty", "fill it"
        elif value != value.strip() or '"' in value:
            yield column, f"`{column}` has a blank at its end or a double quote", "delete it"
    kind, _, slug = row["subject_id"].partition(":")
    concept = vocabulary.concepts.get(kind, {}).get(slug) if kind in CONCEPT_KINDS else None
    if concept is None:
        yield "subject_id", f"no concept `{row['subject_id']}`", "a kind and a slug of the concept lists"
    elif row["subject_label"] != concept.label:
        yield "subject_label", f"`{row['subject_label']}` is not the label of the concept", f"write `{concept.label}`"
    if row["predicate_id"] not in PREDICATES:
        yield "predicate_id", f"no match relation `{row['predicate_id']}`", f"one of: {', '.join(PREDICATES)}"
    if row["mapping_justification"] not in JUSTIFICATIONS:
        text = f"no justification `{row['mapping_justification']}`"
        yield "mapping_justification", text, f"one of: {', '.join(JUSTIFICATIONS)}"
    prefix, colon, local = row["object_id"].partition(":")
    if row["object_id"] == NO_TERM:
        if ":" not in row["object_source"]:
            yield "object_source", "a search without result must name its vocabulary", "a CURIE, such as obo:mondo.owl"
    elif row["object_id"] and (prefix not in OUTSIDE_PREFIXES or not colon or not _LOCAL.fullmatch(local)):
        text = f"`{row['object_id']}` is no CURIE of a known vocabulary"
        yield "object_id", text, f"one of the prefixes: {', '.join(OUTSIDE_PREFIXES)}"
    if row["mapping_provider"] and not _ADDRESS.fullmatch(row["mapping_provider"]):
        yield "mapping_provider", "the provider is not an address", "the page or file that gives the match"


def _order_problems(rows: list[tuple[int, Mapping]], name: str) -> Iterator[Problem]:
    keys = [(number, (row.subject, row.object, row.object_source)) for number, row in rows]
    for (_, before), (number, after) in pairwise(keys):
        if before == after:
            yield Problem("the concept has this term already", Location(name, number, 1), hint="delete one of the rows")
        elif before > after:
            text = "the row is out of order"
            yield Problem(text, Location(name, number, 1), hint="sort by subject_id, then object_id")
