"""Where in the claim files each thing of the graph was written."""

from __future__ import annotations

from dataclasses import dataclass, field

from cd22kg.errors import Location
from cd22kg.gate.yaml import Node
from cd22kg.model import Model, terms
from cd22kg.namespaces import iri


@dataclass
class SourceMap:
    """Places by the IRI of a thing or of one of its parts, and by property below it."""

    nodes: dict[str, Node] = field(default_factory=dict)
    keys: dict[tuple[str, str], Location] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)

    def add(self, thing: Model, node: Node, subject: str, owner: str = "") -> None:
        """Remember where a thing and its parts stand; `owner` is the IRI of the thing a part belongs to."""
        self.nodes[subject] = node
        self.owners[subject] = owner or subject
        for term in terms(type(thing)):
            value = getattr(thing, term.field)
            child = node.get(term.key)
            if child is None or value is None or not term.predicate:
                continue
            self.keys[subject, term.predicate] = node.keys[term.key]
            if term.role != "nested":
                continue
            if term.many and isinstance(child.value, list):
                for number, (part, below) in enumerate(zip(value, child.value, strict=True), 1):
                    self.add(part, below, f"{subject}#{term.fragment}-{number}", subject)
            elif not term.many:
                self.add(value, child, f"{subject}#{term.fragment}", subject)

    def locate(self, subject: str, predicate: str = "", value: str = "") -> Location | None:
        """Return where a thing stands, or its key for that property, whatever the value; nothing if in no file."""
        if (subject, predicate) in self.keys:
            return self.keys[subject, predicate]
        node = self.nodes.get(subject)
        return node.location if node else None

    def owner(self, subject: str) -> str:
        """Return the IRI of the thing a part belongs to, or the subject itself."""
        return self.owners.get(subject, subject)

    def in_file(self, subject: str) -> str:
        """Return the name of the file that holds the subject, or nothing."""
        place = self.locate(subject)
        return place.file if place else ""


def subject_iri(thing: Model) -> str:
    """Return the IRI of a source, study, cohort or claim."""
    slug: str = thing.id  # type: ignore[attr-defined]  # every kind has an id; nested parts are never asked
    return iri(type(thing).kind, slug)
