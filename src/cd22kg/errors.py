"""The one tree of errors, and the problem every message is made of.

    Cd22kgError             what, where, how to fix; exit code 2 unless said otherwise
    +-- DataError           one or more problems in the data; exit code 1
    +-- InputError          a file that cannot be read at all
    +-- OutputError         a file or folder that cannot be written
    +-- QueryError          a query that is unknown, malformed or not allowed
    +-- ReasonerError       a reasoner that failed, or was stopped
    +-- ResourceError       a data folder of the package is missing
    +-- StoreError          a store that cannot be opened or read
    +-- SynthesisError      a figure that cannot be computed from what there is

Non-conformance to the shapes is not an error but a `Report`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, order=True)
class Location:
    """A place in a text file; lines and columns count from 1, 0 means unknown."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Return ``file:line:column``, the form editors can jump to."""
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}" if self.column else f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Problem:
    """One fault in the data: where it is, what is wrong, and how to mend it."""

    message: str
    location: Location | None = None
    rule: str = ""
    hint: str = ""

    def __str__(self) -> str:
        """Return the message as the house prints it: location first, then rule and fix."""
        head = f"{self.location}: {self.message}" if self.location else self.message
        lines = [head]
        if self.rule:
            lines.append(f"  rule: {self.rule}")
        if self.hint:
            lines.append(f"  fix:  {self.hint}")
        return "\n".join(lines)


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems sorted by place, each once."""
    unique = dict.fromkeys(problems)
    return tuple(sorted(unique, key=lambda p: (p.location or Location(""), p.rule, p.message)))


@dataclass
class Cd22kgError(Exception):
    """Base of every error the package raises on purpose.

    Attributes:
        message: What is wrong.
        location: Where, when a file is to blame.
        rule: The rule or code, when there is one.
        hint: How to fix it.
    """

    message: str
    location: Location | None = None
    rule: str = ""
    hint: str = ""
    exit_code: int = field(default=2, init=False)

    def __str__(self) -> str:
        """Return location, message, rule and fix."""
        return str(Problem(self.message, self.location, self.rule, self.hint))


class DataError(Cd22kgError):
    """The data has faults; all of them are in `problems`."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems in order of place."""
        self.problems = in_order(problems)
        count = len(self.problems)
        super().__init__(f"{count} problem{'s' if count != 1 else ''} in the data")
        self.exit_code = 1

    def __str__(self) -> str:
        """Return every problem, one after the other."""
        return "\n".join(str(problem) for problem in self.problems)


class InputError(Cd22kgError):
    """A file that cannot be read at all."""


class OutputError(Cd22kgError):
    """A file or folder that cannot be written."""


class QueryError(Cd22kgError):
    """A query that is unknown, malformed or not allowed."""


class ReasonerError(Cd22kgError):
    """A reasoner that failed, or was stopped."""


class ResourceError(Cd22kgError):
    """A data folder of the package is missing."""


class StoreError(Cd22kgError):
    """A store that cannot be opened or read."""


class SynthesisError(Cd22kgError):
    """A figure that cannot be computed from what there is."""
