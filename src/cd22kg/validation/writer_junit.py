"""Findings as JUnit XML, which build services list as tests: one case for each rule, failed where something blocks."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from cd22kg.validation.rules import Rule
from cd22kg.validation.shielding import line_start, shielded
from cd22kg.validation.verdict import BLOCKING, Entry, Verdict


def to_junit(verdict: Verdict) -> str:
    """Return the findings as JUnit XML.

    XML 1.0 cannot hold every character, not even escaped; those are spelled out, see `shielded`. A rule whose findings
    were all cut is a failure if it may block, never a success.
    """
    by_code: dict[str, list[Entry]] = {code: [] for code in verdict.rules}
    for entry in verdict.entries:
        by_code.setdefault(entry.code, []).append(entry)
    for code in verdict.totals:
        by_code.setdefault(code, [])
    shown = sum(entry.severity in BLOCKING for entry in verdict.entries)
    hidden = sum(verdict.counts.get(severity, 0) for severity in BLOCKING) > shown
    top = ElementTree.Element("testsuites", name="cd22kg")
    suite = ElementTree.SubElement(top, "testsuite", name=shielded(verdict.data or "cd22kg"))
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in (*verdict.counts.items(), ("total", verdict.total), ("shown", len(verdict.entries))):
        ElementTree.SubElement(properties, "property", name=name, value=str(value))
    failed = 0
    for code, entries in by_code.items():
        total = max(verdict.totals.get(code, 0), len(entries))
        failed += _case(suite, code, verdict.rules.get(code), entries, total, hidden)
    if verdict.notes:
        ElementTree.SubElement(suite, "system-out").text = "\n".join(map(shielded, verdict.notes))
    for element in (top, suite):
        element.set("tests", str(len(by_code)))
        element.set("failures", str(failed))
        element.set("errors", "0")
    ElementTree.indent(top, " ")
    text = ElementTree.tostring(top, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _case(
    suite: ElementTree.Element, code: str, rule: Rule | None, entries: Sequence[Entry], total: int, hidden: bool
) -> bool:
    """Add the case of a rule; return whether it failed."""
    file = rule.file if rule else next((entry.file for entry in entries), "")
    case = ElementTree.SubElement(suite, "testcase", name=shielded(code), classname=shielded(file or "cd22kg"))
    blocking = [entry for entry in entries if entry.severity in BLOCKING]
    cut = total > len(entries)
    may_block = rule is None or rule.severity not in ("warning", "info")
    others = [entry for entry in entries if entry.severity not in BLOCKING]
    lines = [_line(entry) for entry in others]
    if blocking or (cut and hidden and may_block):
        failure = ElementTree.SubElement(case, "failure", type=blocking[0].severity if blocking else "violation")
        told = f"{len(entries)} of {total} findings are shown" if cut else f"{len(blocking)} findings"
        failure.set("message", told)
        failure.text = "\n".join(_line(entry) for entry in blocking) or told
    elif cut:
        lines.append(f"{len(entries)} of {total} findings are shown")
    if lines:
        ElementTree.SubElement(case, "system-out").text = "\n".join(lines)
    return case.find("failure") is not None


def _line(entry: Entry) -> str:
    """Return an entry on one line, place first."""
    place = f"{entry.location}: " if entry.location else ""
    return line_start(shielded(f"{place}{entry.severity}: {entry.text}"))
