"""YAML as a tree of text, each node with its line and column; the one door of PyYAML.

Read from the event stream, so nothing is typed or expanded: ``NO``, ``010`` and ``12:30`` stay text. Aliases, anchors,
tags, merge keys, duplicate keys, keys that are not text, and several documents in a file are refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from cd22kg.errors import InputError, Location, Problem
from cd22kg.gate.text import fault_of

#: Deepest nesting accepted; a claim file needs five.
MAX_DEPTH = 32


@dataclass(frozen=True)
class Node:
    """A value with its place: text, a list, or keys with values.

    Attributes:
        value: Text, a list of nodes, or a dictionary of nodes.
        location: Where the value starts.
        keys: For a dictionary, where each key starts.
    """

    value: str | list[Node] | dict[str, Node]
    location: Location
    keys: dict[str, Location] = field(default_factory=dict)

    def plain(self) -> Any:
        """Return the value without places: text, lists and dictionaries only."""
        if isinstance(self.value, str):
            return self.value
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return {key: item.plain() for key, item in self.value.items()}

    def locate(self, path: tuple[str | int, ...]) -> Location:
        """Return where a path below this node stands, or the nearest node above that exists."""
        node, place = self, self.location
        for step in path:
            if isinstance(node.value, dict) and step in node.value:
                place = node.keys[str(step)]
                node = node.value[str(step)]
            elif isinstance(node.value, list) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                place = node.location
            else:
                break
        return place

    def get(self, key: str) -> Node | None:
        """Return the node of a key, if this is a dictionary that has it."""
        return self.value.get(key) if isinstance(self.value, dict) else None


def parse_yaml(text: str, name: str) -> tuple[Node, tuple[Problem, ...]]:
    """Return the tree of a YAML document, and the faults that leave it readable (duplicate keys).

    Raises:
        InputError: If it is not YAML, or uses a part of YAML that is refused.
    """
    reader = _Reader(name)
    try:
        root = reader.document(yaml.parse(text, Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Location(name, mark.line + 1, mark.column + 1) if mark else Location(name)
        line = next(iter(text.splitlines()[mark.line : mark.line + 1]), "") if mark else ""
        if line[: len(line) - len(line.lstrip())].count("\t"):
            raise InputError("a tab indents this line", place, hint="indent with spaces, two per level") from None
        if "nesting depth" in (error.problem or ""):  # the parser's own limit, since libyaml 0.2.6, met before ours
            raise InputError(f"nested over {MAX_DEPTH} levels deep", place, hint="flatten it") from None
        raise InputError(
            f"not valid YAML: {error.problem}", place, hint="mind indentation, quotes and `key: value`"
        ) from None
    except yaml.YAMLError as error:
        raise InputError(
            f"not valid YAML: {error}", Location(name), hint="mind indentation, quotes and `key: value`"
        ) from None
    return root, tuple(reader.problems)


class _Reader:
    def __init__(self, name: str) -> None:
        self.name = name
        self.problems: list[Problem] = []

    def place(self, event: yaml.Event) -> Location:
        mark = event.start_mark
        return Location(self.name, mark.line + 1, mark.column + 1) if mark else Location(self.name)

    def refuse(self, event: yaml.Event, what: str, hint: str) -> InputError:
        return InputError(what, self.place(event), hint=hint)

    def document(self, events: Iterator[yaml.Event]) -> Node:
        root: Node | None = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise self.refuse(event, "a second document starts here", "one document a file")
                root = self.node(next(events), events, 0)
        if root is None:
            raise InputError("the file has no content", Location(self.name, 1, 1), hint="write it or delete the file")
        return root

    def node(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self.refuse(event, f"nested over {MAX_DEPTH} levels deep", "claim files need five levels")
        if isinstance(event, yaml.AliasEvent):
            raise self.refuse(event, f"alias `*{event.anchor}` is not allowed", "write the value out")
        if anchor := getattr(event, "anchor", None):
            raise self.refuse(event, f"anchor `&{anchor}` is not allowed", "write the value out where it is needed")
        if tag := getattr(event, "tag", None):
            raise self.refuse(event, f"tag `{tag}` is not allowed", "leave it out; types come from the key")
        if isinstance(event, yaml.ScalarEvent):
            if fault := fault_of(event.value):
                raise self.refuse(event, fault[1], fault[2])
            return Node(event.value, self.place(event))
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not isinstance(inner := next(events), yaml.SequenceEndEvent):
                items.append(self.node(inner, events, depth + 1))
            return Node(items, self.place(event))
        return self.mapping(event, events, depth)

    def mapping(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Node:
        values: dict[str, Node] = {}
        keys: dict[str, Location] = {}
        while not isinstance(inner := next(events), yaml.MappingEndEvent):
            key = self.node(inner, events, depth + 1)
            value = self.node(next(events), events, depth + 1)
            if not isinstance(key.value, str):
                raise self.refuse(inner, "a key must be text", "write `key: value`")
            if key.value == "<<":
                raise self.refuse(inner, "merge key `<<` is not allowed", "write the keys out")
            if key.value in values:
                self.problems.append(
                    Problem(
                        f"key `{key.value}` is given twice",
                        key.location,
                        hint=f"first given at line {keys[key.value].line}; keep one",
                    )
                )
                continue
            values[key.value] = value
            keys[key.value] = key.location
        return Node(values, self.place(event), keys)
