"""What a validation came to, in the one form that every writer reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from cd22kg.errors import Location, Problem
from cd22kg.validation.engine import Validation
from cd22kg.validation.report import SEVERITIES, Finding, Report
from cd22kg.validation.rules import FAULT, Rule

#: How bad an entry is, the worst first. A fault is a file that could not be read.
RANKS = {name: rank for rank, name in enumerate(("fault", *SEVERITIES))}
#: What blocks.
BLOCKING = frozenset(("fault", "violation"))


@dataclass(frozen=True)
class Entry:
    """A finding or a fault, as a writer shows it; see `Finding` for the fields."""

    severity: str
    code: str
    file: str
    page: str
    focus: str
    path: str
    value: str
    message: str
    hint: str
    location: Location | None

    @property
    def place(self) -> str:
        """The file it was found in, or nothing."""
        return self.location.file if self.location else ""

    @property
    def text(self) -> str:
        """What is wrong, and how to mend it, as sentences."""
        return sentences(self.message, f"Fix: {self.hint}" if self.hint else "")

    def problem(self) -> Problem:
        """Return the entry as a problem, for printing; a fault has no rule that could be read."""
        if self.severity == "fault":
            rule = "" if self.code == FAULT else self.code
            return Problem(self.message, self.location, rule, self.hint)
        rule = f"{self.code} ({self.file})" if self.file else self.code
        return Problem(f"{self.severity}: {self.message}", self.location, rule, self.hint)


@dataclass(frozen=True)
class Verdict:
    """The findings of a validation, or of a check, with what a writer needs to explain them.

    Attributes:
        report: The findings, in our words.
        validation: The results, in SHACL's; only of `validate`.
        rules: The rules that were asked, by code.
        problems: The faults, of a check of files; nothing where no file of ours was read.
        limit: How many findings are shown; all where nothing.
        data: What was validated, where that is one file.
    """

    report: Report
    validation: Validation | None = None
    rules: Mapping[str, Rule] = field(default_factory=dict)
    problems: tuple[Problem, ...] | None = None
    limit: int | None = None
    data: str = ""

    @property
    def conforms(self) -> bool:
        """Whether nothing blocks."""
        return not self.problems and self.report.conforms

    @cached_property
    def counts(self) -> dict[str, int]:
        """The number of entries by severity, with those that are not shown."""
        faults = {} if self.problems is None else {"fault": len(self.problems)}
        return {**faults, **self.report.counts()}

    @property
    def total(self) -> int:
        """The number of entries, with those that are not shown."""
        return sum(self.counts.values())

    @cached_property
    def _all(self) -> tuple[Entry, ...]:
        entries = [self._fault(problem) for problem in self.problems or ()]
        entries += [self._finding(finding) for finding in self.report.findings]
        return tuple(entries)

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """What is shown, the worst first; no more than the limit."""
        return self._all if self.limit is None else self._all[: self.limit]

    @property
    def cut(self) -> str:
        """Say how many are shown where not all are, else nothing."""
        return f"{len(self.entries)} of {self.total} findings are shown" if len(self.entries) < self.total else ""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know of how the findings were found, and that not all are shown."""
        return (*self.report.notes, *((self.cut,) if self.cut else ()))

    @cached_property
    def totals(self) -> Mapping[str, int]:
        """The number of entries by code, with those that are not shown."""
        found: dict[str, int] = dict(self.report.rule_totals or {})
        if not found:
            for entry in self._all:
                found[entry.code] = found.get(entry.code, 0) + 1
        return found

    def _fault(self, problem: Problem) -> Entry:
        code = problem.rule or FAULT
        return Entry("fault", code, "", self._page(code), "", "", "", problem.message, problem.hint, problem.location)

    def _finding(self, finding: Finding) -> Entry:
        return Entry(
            finding.severity,
            finding.rule,
            finding.rule_file,
            self._page(finding.rule),
            finding.focus,
            finding.path,
            finding.value,
            finding.message,
            finding.hint,
            finding.location,
        )

    def _page(self, code: str) -> str:
        rule = self.rules.get(code)
        return rule.page if rule else ""


def sentences(*parts: str) -> str:
    """Return texts, those that are not empty, as sentences."""
    return " ".join(part if part.endswith((".", "?", "!")) else f"{part}." for part in parts if part)


def grouped(entries: Iterable[Entry]) -> dict[str, dict[str, list[Entry]]]:
    """Return entries by file and by code: the files with the worst first, those without a file last."""
    found: dict[str, dict[str, list[Entry]]] = {}
    for entry in entries:
        found.setdefault(entry.place, {}).setdefault(entry.code, []).append(entry)

    def worst(group: Iterable[Entry]) -> int:
        return min(RANKS.get(entry.severity, 0) for entry in group)

    def in_file(item: tuple[str, dict[str, list[Entry]]]) -> tuple[bool, int, str]:
        return not item[0], min(map(worst, item[1].values())), item[0]

    return {
        file: dict(sorted(by_code.items(), key=lambda item: (worst(item[1]), item[0])))
        for file, by_code in sorted(found.items(), key=in_file)
    }
