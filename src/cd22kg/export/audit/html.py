"""An audit as one page for a browser or for paper: no scripts, nothing fetched, verdicts told in words."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from html import escape

from cd22kg.export.audit.text import heading
from cd22kg.notice import NOTICE
from cd22kg.synthesis.audit import Audit, Beside, Finding, Verdict
from cd22kg.validation.shielding import shielded

_STYLE = """
:root { color-scheme: light dark; --good: #2e7d32; --bad: #b3261e; --open: #8a6100; --plain: #6b7280; }
@media (prefers-color-scheme: dark) {
  :root { --good: #7bc67e; --bad: #f2938c; --open: #e0b04c; --plain: #a8b0bc; }
}
body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
h1, h2, h3, td, li { overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.2; }
h2 { font-size: 1.2rem; }
h3 { font-size: 1rem; margin: 0; }
table { border-collapse: collapse; margin: .5rem 0; }
th, td { border: 1px solid #8886; padding: .2rem .6rem; text-align: left; vertical-align: top; }
td.number { text-align: right; }
code { font-family: ui-monospace, monospace; font-size: .9em; }
.finding { border-left: .3rem solid var(--shade); break-inside: avoid; margin: 1.5rem 0; padding-left: 1rem; }
.finding table { font-size: .85rem; }
.finding p { margin: .3rem 0; }
.verdict { border: 1px solid var(--shade); border-radius: .3rem; color: var(--shade); font-size: .85rem; }
.verdict { font-weight: bold; padding: .1rem .4rem; }
.good { --shade: var(--good); }
.bad { --shade: var(--bad); }
.open { --shade: var(--open); }
.plain { --shade: var(--plain); }
@media print { body { font-size: 10pt; margin: 0; max-width: none; } a { color: inherit; text-decoration: none; } }
"""
_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()
#: Nothing is loaded or run; the one style sheet is known by its hash.
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'"
#: The shade of each verdict; it adds nothing to the words.
_SHADES = {
    Verdict.AGREES: "good",
    Verdict.SIMPLIFIED: "good",
    Verdict.DIFFERS: "bad",
    Verdict.VALUE: "bad",
    Verdict.INTERNAL: "bad",
    Verdict.SUPERSEDED: "open",
    Verdict.AMBIGUOUS: "open",
    Verdict.UNSOURCED: "open",
    Verdict.PUBLISHED: "open",
    Verdict.OPINION: "plain",
    Verdict.OWN: "plain",
}


def to_html(audit: Audit) -> str:
    """Return an audit as a page."""
    return "\n".join(_page(audit)) + "\n"


def _page(audit: Audit) -> Iterator[str]:
    title = f"Audit of {_text(audit.source.title or audit.source.id)}"
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>"
    yield f"<h1>{title}</h1>\n<p>{_text(heading(audit))}</p>\n<p>{NOTICE}</p>"
    yield '<table>\n<thead><tr><th scope="col">Verdict</th><th scope="col">Claims</th><th scope="col">Meaning</th>'
    yield "</tr></thead>\n<tbody>"
    for verdict, count in audit.counts.items():
        badge = f'<span class="verdict {_SHADES[verdict]}">{_text(verdict.label)}</span>'
        meaning = _text(verdict.definition)
        yield f'<tr><th scope="row">{badge}</th><td class="number">{count}</td><td>{meaning}</td></tr>'
    yield "</tbody>\n</table>\n<h2>Claims</h2>"
    for finding in audit.findings:
        yield from _finding(finding)
    yield from _sources(audit)
    yield "</main>\n</body>\n</html>"


def _finding(finding: Finding) -> Iterator[str]:
    name = _text(finding.claim.id)
    yield f'<section class="finding {_SHADES[finding.verdict]}" id="{name}">\n<h3><code>{name}</code></h3>'
    figure = f" <strong>{_text(finding.figure)}</strong>" if finding.figure else ""
    yield f"<p>{_text(finding.claim.statement)}{figure}</p>"
    yield f'<p><span class="verdict">{_text(finding.label)}</span></p>\n<p>{_text(finding.explanation)}</p>'
    if finding.evidence:
        heads = "".join(f'<th scope="col">{head}</th>' for head in ("Evidence", "Figure", "Compared", "Reason"))
        yield f"<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>"
        yield from (_row(beside) for beside in finding.evidence)
        yield "</tbody>\n</table>"
    yield "</section>"


def _row(beside: Beside) -> str:
    role = f"{beside.role}, {beside.certainty}" if beside.certainty else beside.role
    claim = f'<a href="{_text(beside.claim.iri)}"><code>{_text(beside.claim.id)}</code></a><br>{_text(role)}'
    cells = "".join(f"<td>{_text(text)}</td>" for text in (beside.figure, beside.note, beside.reason))
    return f"<tr><td>{claim}</td>{cells}</tr>"


def _sources(audit: Audit) -> Iterator[str]:
    if len(audit.sources) > 1:
        yield "<h2>Sources named</h2>\n<ul>"
        for slug, title in audit.sources.items():
            if slug != audit.source.id:
                yield f"<li><code>{_text(slug)}</code>: {_text(title)}</li>"
        yield "</ul>"


def _text(text: str) -> str:
    """Return text for any place in the page, also within quotes."""
    return escape(shielded(text))
