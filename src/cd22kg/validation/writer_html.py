"""Findings as one page for a browser: no scripts, nothing fetched, and severities told in words."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import sha256
from html import escape

from cd22kg.notice import NOTICE
from cd22kg.validation.rules import Rule
from cd22kg.validation.shielding import shielded
from cd22kg.validation.verdict import Entry, Verdict, grouped, sentences

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
h1, h2, h3, li { overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.2; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { border: 1px solid; overflow-wrap: anywhere; padding: .2rem .8rem; text-align: left; }
td.number { text-align: right; white-space: nowrap; }
section section { border-left: 3px solid; margin: 1.5rem 0; padding-left: 1rem; }
section section > ul { list-style: none; padding: 0; }
section section > ul > li { border-top: 1px solid; padding: .5rem 0; }
code, .place { font-family: ui-monospace, monospace; font-size: .9em; overflow-wrap: anywhere; }
.severity { border: 1px solid; border-radius: .3rem; font-size: .8rem; font-weight: bold; padding: .1rem .4rem; }
li > bdi { display: block; }
dl { display: grid; gap: 0 .8rem; grid-template-columns: max-content 1fr; margin: .3rem 0 0; }
dd { margin: 0; overflow-wrap: anywhere; }
"""
_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()
#: Nothing is loaded or run; the one style sheet is known by its hash.
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'"
_NO_PLACE = "Without a place"


def to_html(verdict: Verdict) -> str:
    """Return the findings as a page."""
    return "\n".join(_page(verdict)) + "\n"


def _page(verdict: Verdict) -> Iterator[str]:
    said = "conforms" if verdict.conforms else "does not conform"
    what = _text(verdict.data) if verdict.data else "The data"
    title = f"{what} {said}"
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>"
    yield f"<h1>{title}</h1>"
    yield f"<p>{NOTICE}</p>"
    yield '<table>\n<thead><tr><th scope="col">Severity</th><th scope="col">Findings</th></tr></thead>\n<tbody>'
    for severity, count in verdict.counts.items():
        yield f'<tr><th scope="row">{_text(severity)}</th><td class="number">{count:,}</td></tr>'
    yield "</tbody>\n</table>"
    if verdict.notes:
        yield "<h2>Notes</h2>\n<ul>"
        yield from (f"<li>{_text(note)}</li>" for note in verdict.notes)
        yield "</ul>"
    groups = grouped(verdict.entries)
    if verdict.cut:
        yield from _totals(verdict)
    if len(groups) > 1:
        yield "<nav>\n<h2>Files</h2>\n<ol>"
        for number, (file, by_code) in enumerate(groups.items(), 1):
            name = _text(file) if file else _NO_PLACE
            yield f'<li><a href="#file-{number}">{name}</a> ({sum(map(len, by_code.values()))})</li>'
        yield "</ol>\n</nav>"
    for number, (file, by_code) in enumerate(groups.items(), 1):
        heading = f"<code>{_text(file)}</code>" if file else _NO_PLACE if len(groups) > 1 else "Findings"
        yield f'<section id="file-{number}">\n<h2>{heading}</h2>'
        for code, entries in by_code.items():
            yield from _rule(code, verdict.rules.get(code), entries)
        yield "</section>"
    yield "</main>\n</body>\n</html>"


def _totals(verdict: Verdict) -> Iterator[str]:
    """Yield how many findings of each rule are shown: of some perhaps none."""
    shown = Counter(entry.code for entry in verdict.entries)
    totals = {code: max(verdict.totals.get(code, 0), shown[code]) for code in (*verdict.totals, *shown)}
    yield '<h2>Rules</h2>\n<table>\n<thead><tr><th scope="col">Rule</th>'
    yield '<th scope="col">Findings</th><th scope="col">Shown</th></tr></thead>\n<tbody>'
    for code, total in sorted(totals.items(), key=lambda item: (-item[1], item[0])):
        numbers = "".join(f'<td class="number">{number:,}</td>' for number in (total, shown[code]))
        yield f'<tr><th scope="row"><code>{_text(code)}</code></th>{numbers}</tr>'
    yield "</tbody>\n</table>"


def _rule(code: str, rule: Rule | None, entries: Sequence[Entry]) -> Iterator[str]:
    yield f"<section>\n<h3><code>{_text(code)}</code></h3>"
    if rule and rule.title:
        yield f"<p><strong>{_text(sentences(rule.title))}</strong> {_text(sentences(rule.why))}</p>"
    file = entries[0].file
    where = " · ".join(f"<code>{_text(part)}</code>" for part in (file, entries[0].page) if part)
    if where:
        yield f"<p>{where}</p>"
    yield "<ul>"
    for entry in entries:
        yield from _entry(entry)
    yield "</ul>\n</section>"


def _entry(entry: Entry) -> Iterator[str]:
    yield f'<li><span class="severity">{_text(entry.severity)}</span>'
    if entry.location:
        yield f'<span class="place">{_text(str(entry.location))}</span>'
    yield f"<bdi>{_text(entry.message)}</bdi>"
    facts = [f"<dt>{name}</dt><dd><code>{_text(value)}</code></dd>" for name, value in _facts(entry) if value]
    if entry.hint:
        facts.append(f"<dt>fix</dt><dd><bdi>{_text(entry.hint)}</bdi></dd>")
    if facts:
        yield "\n".join(("<dl>", *facts, "</dl>"))
    yield "</li>"


def _facts(entry: Entry) -> tuple[tuple[str, str], ...]:
    return ("node", entry.focus), ("property", entry.path), ("value", entry.value)


def _text(text: str) -> str:
    """Return text for any place in the page, also within quotes."""
    return escape(shielded(text))
