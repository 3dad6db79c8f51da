"""What was found in portions of a file, brought together: which results count, and which nodes to look at again."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator

from cd22kg.validation.nearest import MAX_MEMBERS
from cd22kg.validation.plan import Result
from cd22kg.validation.portion import Asking, Found, Row
from cd22kg.validation.runner import Tally
from cd22kg.validation.shape_model import Node
from cd22kg.validation.terms import KNOWN, RDF_TYPE, SH

#: Of more nodes than this nothing is looked at again: the file is loaded as a whole.
MAX_SCATTERED = 20_000
#: After so many portions it is plain whether the other shapes read more than this part of the file.
_SAMPLE, _MOST = 8, 0.4
#: A node that so many rows ask for is told to the portions that follow; the first so many of them.
_OFTEN, _MOST_KNOWN = 8, 1000
#: Results of a check that are kept beyond what is wanted, as some may be of scattered nodes.
_SPARE = 1000
_SEEN = 1
_TYPE = RDF_TYPE.encode()
_CLASS = SH + "ClassConstraintComponent"


class UnfitError(Exception):
    """The file is not such that portions of it are enough."""


class Gathered:
    """What the portions found, brought together in their order.

    Attributes:
        asking: What is asked of them.
        quads: How many there were so far.
        scattered: The nodes of which several portions speak, or a blank node is said.
        known: Lines that tell of which classes some nodes are, for the portions that follow.
    """

    def __init__(self, asking: Asking, limit: int | None) -> None:
        self.asking = asking
        self.quads = 0
        self.scattered: set[bytes] = set()
        self.known = b""
        plan = asking.plan
        self._limit = limit
        self._portions = self._blank = self._loaded = 0
        #: Nodes, each with a bit for being spoken of, and one for each query for what speaks against rows.
        self._nodes: dict[bytes, int] = {}
        self._bits = [2 << plan.spoken.index(speaks.query) if speaks else 0 for _, speaks in plan.checks]
        self._results: list[list[tuple[bytes, str, Result]]] = [[] for _ in plan.checks]
        self._more: list[list[tuple[bytes, str, str]]] = [[] for _ in plan.checks]
        self._rows: list[list[Row]] = [[] for _ in plan.checks]
        self._asked: dict[tuple[str, bytes], int] = {}

    def room(self) -> list[int]:
        """Return of how many more results of each check the messages are wanted."""
        if self._limit is None:
            return [sys.maxsize] * len(self._results)
        return [max(0, self._limit + _SPARE - len(results)) for results in self._results]

    def add(self, found: Found) -> None:
        """Add what was found in a portion.

        Raises:
            UnfitError: If it is plain that portions are not enough.
        """
        self.quads += found.quads
        self._portions += 1
        self._blank += found.blank
        self._loaded += found.triples.count(b"\n")
        self.asking.has_focus = self.asking.has_focus or found.has_focus
        for node in found.subjects:
            bits = self._nodes.get(node, 0)
            if bits & _SEEN:
                self.scattered.add(node)
            self._nodes[node] = bits | _SEEN
        self.scattered.update(found.mixed)
        if len(self.scattered) + self._blank > MAX_SCATTERED:
            raise UnfitError
        if self._portions == _SAMPLE and self._loaded > _MOST * self.quads:
            raise UnfitError
        self._hear(found, blank=False)
        for number, results in enumerate(found.results):
            kept, more = self._results[number], self._more[number]
            for focus, severity, result in results:
                if self._limit is None or len(kept) < self._limit + _SPARE:
                    kept.append((focus, severity, result))
                else:
                    more.append((focus, severity, result.component))
        for number, rows in enumerate(found.rows):
            doubtful = list(self._doubtful(number, rows))
            self._rows[number] += doubtful
            if len(doubtful) < len(rows):
                self._tell(number, rows)

    def _hear(self, found: Found, *, blank: bool) -> None:
        """Note what speaks against rows."""
        for number, nodes in enumerate(found.spoken):
            for node in nodes:
                if blank or not node.startswith(b"_:"):
                    self._nodes[node] = self._nodes.get(node, 0) | 2 << number

    def _doubtful(self, number: int, rows: Iterable[Row]) -> Iterator[Row]:
        """Return the rows of a check against which nothing speaks so far."""
        bit = self._bits[number]
        return (row for row in rows if not self._nodes.get(row[0], 0) & bit)

    def _tell(self, number: int, rows: Iterable[Row]) -> None:
        """Tell the portions that follow of nodes that they are of a class, once rows asked for them often."""
        bit, speaks = self._bits[number], self.asking.plan.checks[number][1]
        if speaks is None or not speaks.iri:
            return
        for node in (row[0] for row in rows if self._nodes.get(row[0], 0) & bit):
            count = self._asked.get((speaks.iri, node), 0) + 1
            self._asked[speaks.iri, node] = count
            if count == _OFTEN and self.known.count(b"\n") < _MOST_KNOWN:
                self.known += _member(node, KNOWN + speaks.iri)

    @property
    def needs_another_look(self) -> bool:
        """Return whether there are nodes that no portion tells all about."""
        return bool(self.scattered or self._blank)

    def foci(self) -> set[bytes]:
        """Return the focus nodes of the results that may be kept, as far as they are known."""
        found = {focus for results in self._results for focus, *_ in results}
        return found | {row[1] for number, rows in enumerate(self._rows) for row in self._doubtful(number, rows)}

    def drop_scattered(self) -> None:
        """Forget what was found of the scattered nodes.

        Raises:
            UnfitError: If results would be wanting that were counted only.
        """
        for number, kept in enumerate(self._results):
            self._results[number] = [item for item in kept if item[0] not in self.scattered]
            self._more[number] = [item for item in self._more[number] if item[0] not in self.scattered]
            self._rows[number] = [row for row in self._rows[number] if row[1] not in self.scattered]
            if self._limit is not None and self._more[number] and len(self._results[number]) < self._limit:
                raise UnfitError

    def add_scattered(self, found: Found) -> None:
        """Add what was found where all stands that is said of the scattered nodes, and of those without a name."""
        self.asking.has_focus = self.asking.has_focus or found.has_focus
        self._hear(found, blank=True)
        for number, results in enumerate(found.results):
            self._results[number] += (item for item in results if self._is_scattered(item[0]))
        for number, rows in enumerate(found.rows):
            self._rows[number] += (row for row in rows if self._is_scattered(row[1]))

    def _is_scattered(self, node: bytes) -> bool:
        return node in self.scattered or node.startswith(b"_:")

    def members(self) -> bytes:
        """Return lines for the members of the classes that a value was not of, where there are few: for suggestions."""
        broken = {
            check.shape.node
            for number, (check, _) in enumerate(self.asking.plan.checks)
            if any(result.component == _CLASS for _, _, result in self._results[number])
            or next(self._doubtful(number, self._rows[number]), None)
        }
        members = self.asking.plan.members
        bits = {2 << members[node][iri]: iri for node in broken if node in members for iri in members[node]}
        found: dict[int, list[bytes]] = {bit: [] for bit in bits}
        mask = sum(bits)
        for node, known in self._nodes.items():
            if known & mask and node.startswith(b"<"):
                for bit, nodes in found.items():
                    if known & bit and len(nodes) <= MAX_MEMBERS:
                        nodes.append(node)
        few = ((bits[bit], nodes) for bit, nodes in found.items() if len(nodes) <= MAX_MEMBERS)
        return b"".join(_member(node, iri) for iri, nodes in few for node in nodes)

    def tally(self, without: Collection[Node]) -> Tally:
        """Return the results, but for those of some shapes."""
        tally = Tally(self._limit)
        for number, (check, _) in enumerate(self.asking.plan.checks):
            if check.shape.node in without:
                continue
            found = Tally(self._limit)
            for _, severity, result in self._results[number]:
                found.add(severity, result)
            for _, severity, component in self._more[number]:
                found.count(severity, check.shape.node, component)
            for _, _, constraint, row in self._doubtful(number, self._rows[number]):
                is_wanted = self._limit is None or len(found.kept) < self._limit
                _, severity, result = self.asking.told(check, constraint, row, with_messages=is_wanted)
                found.add(severity, result)
            tally.merge(found)
        return tally


def _member(node: bytes, iri: str) -> bytes:
    return b"%b <%b> <%b> .\n" % (node, _TYPE, iri.encode())
