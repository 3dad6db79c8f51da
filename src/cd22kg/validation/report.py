"""What validation found: findings with severity, rule and place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from cd22kg.errors import Location, Problem

#: ``annotated`` is a violation that the curator has marked as printed so by the source: kept, and shown.
Severity = Literal["violation", "warning", "info", "annotated"]
SEVERITIES: tuple[Severity, ...] = ("violation", "warning", "info", "annotated")


class Places(Protocol):
    """Where a node, its key for a property, or a value of it was written."""

    def locate(self, subject: str, predicate: str = "", value: str = "") -> Location | None:
        """Return the place, as exactly as it is known, or nothing."""


@dataclass(frozen=True)
class Finding:
    """One result: which rule fired on which node, and where to mend it.

    Attributes:
        rule: Id of the shape, such as ``measurement-events-le-total``.
        rule_file: File of the shape.
        severity: One of `SEVERITIES`.
        focus: IRI of the node, a claim or one of its parts.
        path: IRI of the property, or empty.
        value: The value that is wrong, as text, or empty.
        message: What is wrong.
        hint: How to fix it.
        location: Where it was written, if a file is known.
    """

    rule: str
    rule_file: str
    severity: Severity
    focus: str
    path: str
    value: str
    message: str
    hint: str
    location: Location | None = None

    def problem(self) -> Problem:
        """Return the finding as a problem, for printing."""
        rule = f"{self.rule} ({self.rule_file})" if self.rule_file else self.rule
        return Problem(f"{self.severity}: {self.message}", self.location, rule, self.hint)

    def to_json(self) -> dict[str, Any]:
        """Return the finding as plain data."""
        place = self.location
        return {
            "rule": self.rule,
            "ruleFile": self.rule_file,
            "severity": self.severity,
            "focusNode": self.focus,
            "path": self.path or None,
            "value": self.value or None,
            "message": self.message,
            "fix": self.hint or None,
            "location": {"file": place.file, "line": place.line, "column": place.column} if place else None,
        }


@dataclass(frozen=True)
class Report:
    """Findings in the order of severity, place, rule and node.

    Attributes:
        findings: The findings that were kept.
        notes: What a reader should know of how they were found.
        totals: How many there were of each severity, where not all were kept.
        rule_totals: How many there were of each rule, where not all were kept.
    """

    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    totals: Mapping[str, int] | None = None
    rule_totals: Mapping[str, int] | None = None

    @property
    def conforms(self) -> bool:
        """Return whether there is no violation; warnings do not block."""
        return self.counts()["violation"] == 0

    def of(self, severity: Severity) -> tuple[Finding, ...]:
        """Return the findings of one severity."""
        return tuple(finding for finding in self.findings if finding.severity == severity)

    def counts(self) -> dict[str, int]:
        """Return the number of findings by severity, with those that were not kept."""
        if self.totals is not None:
            return {severity: self.totals.get(severity, 0) for severity in SEVERITIES}
        return {severity: len(self.of(severity)) for severity in SEVERITIES}

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain data."""
        return {
            "conforms": self.conforms,
            "counts": self.counts(),
            "findings": [finding.to_json() for finding in self.findings],
            **({"notes": list(self.notes)} if self.notes else {}),
        }


def ordered(findings: list[Finding]) -> tuple[Finding, ...]:
    """Return the findings in their fixed order, each once."""
    return tuple(
        sorted(
            dict.fromkeys(findings),
            key=lambda f: (
                SEVERITIES.index(f.severity),
                f.location or Location(""),
                f.rule,
                f.focus,
                f.path,
                f.value,
                f.message,
            ),
        )
    )
