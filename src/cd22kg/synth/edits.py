"""What is planted, and the changes of lines that plant it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cd22kg.namespaces import CD22, STANDARD_PREFIXES
from cd22kg.synth.copies import Copy, Edit

TYPE = STANDARD_PREFIXES["rdf"] + "type"


@dataclass(frozen=True)
class Planted:
    """A violation or a conflict that is there on purpose.

    Attributes:
        kind: ``violation`` or ``conflict``.
        rule: Id of the shape that fires; empty for a conflict.
        focus: IRI of the node it fires on; for a conflict, of the first claim.
        second: IRI of the other thing, where two are needed.
    """

    kind: str
    rule: str
    focus: str
    second: str = ""

    def row(self) -> str:
        """Return the line of the list, tab-separated."""
        return f"{self.kind}\t{self.rule}\t{self.focus}\t{self.second}\n"


#: The first line of the list.
HEADER = "kind\trule\tfocus\tsecond\n"


@dataclass(frozen=True)
class Plant:
    """One rule and the way to break it.

    Attributes:
        rule: Id of the shape.
        plant: Breaks the rule once in a copy, beside the claims taken; returns what a validator must find, or nothing
            where there is no way, and takes the claims it touched (-1: sources, studies and cohorts).
    """

    rule: str
    plant: Callable[[Copy, set[int]], list[Planted]]


def drop(subject: str, *predicates: str) -> Edit:
    """Return the change that drops the triples of a subject with a property of ours."""
    starts = tuple(f"<{subject}> <{CD22}{predicate}> " for predicate in predicates)
    return lambda lines: [line for line in lines if not line.startswith(starts)]


def drop_types(subject: str, *classes: str) -> Edit:
    """Return the change that drops memberships in classes of ours."""
    starts = tuple(f"<{subject}> <{TYPE}> <{CD22}{name}> " for name in classes)
    return lambda lines: [line for line in lines if not line.startswith(starts)]


def put(subject: str, predicate: str, value: str) -> Edit:
    """Return the change that gives a property of ours, by its IRI, another value, as a term of N-Quads."""
    start = f"<{subject}> <{predicate}> "
    return lambda lines: [
        f"{start}{value} {line.rsplit(' ', 2)[1]} .\n" if line.startswith(start) else line for line in lines
    ]


def add(subject: str, predicate: str, value: str, graph: str) -> Edit:
    """Return the change that adds a triple with a property of ours."""
    return lambda lines: [*lines, f"<{subject}> <{CD22}{predicate}> {value} <{graph}> .\n"]
