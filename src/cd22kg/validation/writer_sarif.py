"""Findings as SARIF 2.1.0, which code hosts show beside the lines of a change.

The standard: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cd22kg.namespaces import short_name
from cd22kg.validation.rules import Rule
from cd22kg.validation.shielding import json_text, shielded
from cd22kg.validation.verdict import Entry, Verdict, sentences

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
#: Files are named from the top of the checkout, which whoever reads the log knows by this name.
ROOT = "%SRCROOT%"
_LEVELS = {"fault": "error", "violation": "error", "warning": "warning", "info": "note", "annotated": "note"}
#: Names how a fingerprint is made; another way gets another number, so that old ones are not compared with it.
_FINGERPRINT = "cd22kg/v1"
#: What Markdown would read as a link, a picture or markup.
_MARKS = re.compile(r"[\\[\]<>!]")


def to_sarif(verdict: Verdict) -> str:
    """Return the findings as a SARIF log."""
    rules = dict(verdict.rules)
    for entry in verdict.entries:
        rules.setdefault(entry.code, Rule(entry.code, entry.file, entry.severity))
    index = {code: number for number, code in enumerate(rules)}
    driver = {"name": "cd22kg", "version": version("cd22kg"), "rules": [_rule(rule) for rule in rules.values()]}
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True, **_notifications(verdict)}],
        "properties": {
            "conforms": verdict.conforms,
            "counts": verdict.counts,
            "total": verdict.total,
            "shown": len(verdict.entries),
        },
        "results": [
            _result(entry, index[entry.code], verdict.data, mark)
            for entry, mark in zip(verdict.entries, fingerprints(verdict.entries), strict=True)
        ],
    }
    return json_text({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _notifications(verdict: Verdict) -> dict[str, Any]:
    told = [{"level": "note", "message": _message(note)} for note in verdict.notes]
    return {"toolExecutionNotifications": told} if told else {}


def _rule(rule: Rule) -> dict[str, Any]:
    """Return a rule; its help names the page by a path, as the standard takes no relative address for `helpUri`."""
    fix = f"Fix: {rule.fix}" if rule.fix else ""
    see = f"See {rule.page}" if rule.page else ""
    found: dict[str, Any] = {
        "id": rule.code,
        "shortDescription": _message(rule.title or rule.what or rule.code),
        "fullDescription": _message(sentences(rule.what, rule.why) or rule.title or rule.code),
        "help": _message(sentences(rule.why, fix, see) or rule.title or rule.code),
        "defaultConfiguration": {"level": _LEVELS.get(rule.severity, "error")},
        "properties": {"file": rule.file, "mayBePublished": rule.may_be_published, "sources": list(rule.sources)},
    }
    if rule.page:
        found["properties"]["page"] = rule.page
        marked = _MARKS.sub(r"\\\g<0>", sentences(rule.why, fix))
        found["help"]["markdown"] = f"{marked} See [{rule.code}]({rule.page})."
    return found


def _message(text: str) -> dict[str, str]:
    """Return text as a message that holds no placeholder and no link; the standard tells how in 3.11.5 and 3.11.6."""
    return {"text": shielded(text).replace("{", "{{").replace("}", "}}").replace("](", "] (")}


def _result(entry: Entry, rule: int, data: str, mark: str) -> dict[str, Any]:
    location: dict[str, Any] = {}
    file = entry.place or data
    if file:
        location["physicalLocation"] = {"artifactLocation": _artifact(file)}
        if entry.location and entry.location.line:
            region = {"startLine": entry.location.line}
            if entry.location.column:
                region["startColumn"] = entry.location.column
            location["physicalLocation"]["region"] = region
    if entry.focus:
        logical = {"fullyQualifiedName": entry.focus, "name": short_name(entry.focus), "kind": "resource"}
        location["logicalLocations"] = [logical]
    found: dict[str, Any] = {
        "ruleId": entry.code,
        "ruleIndex": rule,
        "level": _LEVELS.get(entry.severity, "error"),
        "message": _message(entry.text),
        "partialFingerprints": {_FINGERPRINT: mark},
        "properties": {
            "severity": entry.severity,
            **{key: value for key, value in (("path", entry.path), ("value", entry.value)) if value},
        },
    }
    if location:
        found["locations"] = [location]
    if entry.severity == "annotated":
        why = "marked by the curator as printed so by the source"
        found["suppressions"] = [{"kind": "inSource", "justification": why}]
    return found


def _artifact(file: str) -> dict[str, str]:
    """Return the address of a file: from the top of the checkout where it is below the folder we are in."""
    path = Path(file)
    if path.is_absolute():
        here = Path.cwd()
        if not path.is_relative_to(here):
            return {"uri": path.as_uri()}
        path = path.relative_to(here)
    parts = Path(os.path.normpath(path)).parts
    return {"uri": quote(os.fsencode("/".join(parts))), "uriBaseId": ROOT}


def fingerprints(entries: tuple[Entry, ...]) -> Iterator[str]:
    """Yield for each entry what is the same in every run, wherever its line has moved.

    It is made of rule, node, property and value; without a node, of the message. Labels of blank nodes are left out, as
    each reading of a file gives others. What is alike is numbered.
    """
    seen: Counter[str] = Counter()
    for entry in entries:
        parts = ["" if part.startswith("_:") else part for part in (entry.code, entry.focus, entry.path, entry.value)]
        if not entry.focus:
            parts += [entry.place, entry.message]
        key = sha256("\0".join(parts).encode(errors="surrogateescape")).hexdigest()[:32]
        seen[key] += 1
        yield f"{key}:{seen[key]}"
