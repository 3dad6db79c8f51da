"""The quality of the ontology itself: SPARQL checks, one a file in ``queries/quality/``, each row a finding.

A check sees the ontology and the vocabulary, and in `GRAPH_USES` which names the claims, rules, shapes and the
alignment use: one node a file, with its name (``dcterms:source``) and what it names (``dcterms:references``). Its
columns are ``?term``, what is at fault; where useful ``?detail``, for the message; and ``?at``, what to mend instead of
the description of the term.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import BlankNode, Literal, NamedNode, Quad

from cd22kg.errors import InputError, Location, QueryError
from cd22kg.gate.header import read_with_header
from cd22kg.gate.text import read_text
from cd22kg.namespaces import (
    BASE,
    CD22,
    CONCEPT_KINDS,
    GRAPH_ONTOLOGY,
    GRAPH_USES,
    GRAPH_VOCABULARY,
    STANDARD_PREFIXES,
    compact,
    expand,
)
from cd22kg.rdf import graph_of, mention_of, place_of
from cd22kg.resources import resource_files
from cd22kg.store import OxigraphStore, Table
from cd22kg.validation.report import Finding, Places, Report, Severity, ordered

_DCTERMS = STANDARD_PREFIXES["dcterms"]
_SEVERITIES: dict[str, Severity] = {"violation": "violation", "warning": "warning", "info": "info"}
_OURS = (CD22, *(f"{BASE}{kind}/" for kind in CONCEPT_KINDS))
_NAME = re.compile(rf"<({re.escape(BASE)}[^<>\s]+)>|(?<![\w:/-])((?:cd22|{'|'.join(CONCEPT_KINDS)}):[A-Za-z0-9_-]+)")
#: Files of the package whose text names terms and concepts: data folder, folder in it, pattern.
_TEXTS = (("ontology", "", "alignment.ttl"), ("ontology", "rules/", "*.rq"), ("shapes", "", "*.ttl"))

#: For each file outside ontology and vocabulary, the IRIs of ours that it names, each with the first place.
Uses = Mapping[str, Mapping[str, Location]]


@dataclass(frozen=True)
class Check:
    """A question whose every row is a fault of the ontology.

    Attributes:
        name: Name of the file without its ending; the rule in messages.
        summary: What it lists.
        description: What it asks, and why that matters.
        severity: How bad a row is.
        message: What is wrong with the term; ``{detail}`` stands for that column.
        fix: How to mend it.
        text: The query.
    """

    name: str
    summary: str
    description: str
    severity: Severity
    message: str
    fix: str
    text: str

    @property
    def file(self) -> str:
        """Return the file as in the checkout."""
        return f"queries/quality/{self.name}.rq"


def read_check(path: Path) -> Check:
    """Return the check in a file.

    Raises:
        InputError: If the header is missing, is not YAML, lacks a field, or names an unknown severity.
    """
    name = f"queries/quality/{path.name}"
    header, text = read_with_header(path, name=name)
    given = header["severity"]
    if given not in _SEVERITIES:
        hint = f"one of: {', '.join(_SEVERITIES)}"
        raise InputError(f"unknown severity `{given}`", Location(name, 1, 1), hint=hint)
    return Check(
        name=path.stem,
        summary=header["summary"],
        description=header["description"],
        severity=_SEVERITIES[given],
        message=header["message"],
        fix=header["fix"],
        text=text,
    )


def read_checks() -> tuple[Check, ...]:
    """Return the checks that ship with the package, by name."""
    return tuple(read_check(path) for path in resource_files("queries", "quality/*.rq"))


def check_quality(quads: Iterable[Quad], uses: Uses, checks: Sequence[Check] | None = None) -> Report:
    """Run the checks over the ontology and vocabulary among the quads.

    Args:
        quads: Any quads; those of other graphs than ontology and vocabulary are left out.
        uses: What other files name; see `named_in_claims` and `named_in_texts`.
        checks: The checks; those of the package by default.

    Raises:
        QueryError: If a check is no SELECT with `?term`.
    """
    store = OxigraphStore()
    store.bulk_load(quad for quad in quads if graph_of(quad) in (GRAPH_ONTOLOGY, GRAPH_VOCABULARY))
    store.bulk_load(_use_quads(uses))
    findings: list[Finding] = []
    for check in read_checks() if checks is None else checks:
        answer = store.query(check.text, name=check.file)
        if not isinstance(answer, Table) or "term" not in answer.columns:
            raise QueryError("a check is a SELECT with ?term", Location(check.file), hint="see queries/quality/")
        for row in answer.rows:
            found = dict(zip(answer.columns, row, strict=True))
            term, detail, at = (_text(found.get(column)) for column in ("term", "detail", "at"))
            place = uses.get(detail, {}).get(term) or (at and place_of(at)) or (term and _place(term)) or None
            findings.append(_finding(check, term, detail, place))
    return Report(ordered(findings))


def _finding(check: Check, term: str, detail: str, place: Location | None) -> Finding:
    return Finding(
        rule=check.name,
        rule_file=check.file,
        severity=check.severity,
        focus=term,
        path="",
        value=detail,
        message=f"{compact(term) or 'a thing without a name'}: {check.message.replace('{detail}', compact(detail))}",
        hint=check.fix,
        location=place,
    )


def _place(term: str) -> Location | None:
    """Return where a term is described, or else where it is first named."""
    return place_of(term) or mention_of(term)


def _text(term: object) -> str:
    return term.value if isinstance(term, NamedNode | Literal) else ""


# What is used elsewhere


def named_in_claims(quads: Iterable[Quad], places: Places) -> Uses:
    """Return what the claims of each source name, as quads of its graph, with the places where they were written."""
    found: dict[str, dict[str, Location]] = {}
    for quad in quads:
        name = f"claims/{graph_of(quad).rpartition('/')[2]}.yaml"
        for term in (quad.predicate, quad.object):
            if isinstance(term, NamedNode) and term.value.startswith(_OURS):
                named = found.setdefault(name, {})
                if term.value not in named:
                    subject = quad.subject.value if isinstance(quad.subject, NamedNode) else ""
                    named[term.value] = places.locate(subject, quad.predicate.value) or Location(name)
    return found


def named_in_texts() -> Uses:
    """Return what the text of each rule and shape file of the package names, and the alignment."""
    found: dict[str, dict[str, Location]] = {}
    for folder, inner, pattern in _TEXTS:
        for path in resource_files(folder, inner + pattern):
            name = f"{folder}/{inner}{path.name}"
            named = found.setdefault(name, {})
            for number, line in enumerate(read_text(path, name=name).splitlines(), start=1):
                if line.lstrip().startswith("#"):
                    continue
                for match in _NAME.finditer(line):
                    iri = match[1] or expand(match[2])
                    if iri.startswith(_OURS) and iri not in _OURS:
                        named.setdefault(iri, Location(name, number, match.start() + 1))
    return found


def _use_quads(uses: Uses) -> Iterator[Quad]:
    graph = NamedNode(GRAPH_USES)
    for name, named in uses.items():
        file = BlankNode()
        yield Quad(file, NamedNode(_DCTERMS + "source"), Literal(name), graph)
        for iri in named:
            yield Quad(file, NamedNode(_DCTERMS + "references"), NamedNode(iri), graph)
