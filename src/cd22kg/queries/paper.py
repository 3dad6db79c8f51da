"""Answers for a paper: a Markdown table whose sources are numbers, and the references behind it, in Vancouver style.

References are numbered in the order in which the table names them. They hold what is known of a source, as it is
written there; what could not be verified is left out, never made up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pyoxigraph import Literal, NamedNode

from cd22kg.namespaces import BASE, CD22, STANDARD_PREFIXES, short_name
from cd22kg.notice import NOTICE
from cd22kg.queries.result import Result, markdown
from cd22kg.store import Store, Table, Term

_SOURCE, _CLAIM = f"{BASE}source/", f"{BASE}claim/"
_FIELDS = {
    "title": STANDARD_PREFIXES["dcterms"] + "title",
    "issued": STANDARD_PREFIXES["dcterms"] + "issued",
    **{name: CD22 + name for name in ("authors", "publishedIn", "doi", "pmid", "pmcid", "registryId", "url")},
    "version": CD22 + "versionDate",
}
#: What a source is called behind its title, where it is not an article.
_KINDS = {
    "ConferenceAbstract": "abstract",
    "NewsArticle": "news article",
    "PressRelease": "press release",
    "RegistryRecord": "registry record",
    "WebPage": "web page",
}
#: The heading of the column that is added where no column names the sources.
_ADDED = "reference"
#: The column of the claims that a row is about, whose sources another column names.
_OWN = ("claim",)


def paper(result: Result, store: Store) -> str:
    """Return a table as Markdown with numbered references.

    Args:
        result: The answer to a SELECT.
        store: Where it is from; sources are looked up there.
    """
    table = result.table()
    sources = dict(_pairs({claim for row in table.rows for claim in _claims(row)}, CD22 + "source", store))
    table = _with_sources(table, sources)
    numbers: dict[str, int] = {}
    cells = [
        [_cell(term, numbers, {} if name in _OWN else sources) for name, term in zip(table.columns, row, strict=True)]
        for row in table.rows
    ]
    text = markdown([list(table.columns), *cells])
    if not numbers:
        return text
    text += "".join(f"\n{told}\n" for told in (result.wider, result.explanation, NOTICE) if told)
    known = _known_of(numbers, store)
    lines = (f"{number}. {reference(short_name(source), known.get(source, {}))}" for source, number in numbers.items())
    return text + "\n" + "\n".join(lines) + "\n"


def reference(slug: str, known: Mapping[str, str]) -> str:
    """Return a reference in the order of the Vancouver style: authors, title, where, when, identifiers.

    Args:
        slug: Name of the source, which is told where its title is not known.
        known: Values by field: those of a source, and ``kind``, its class.
    """
    kind = _KINDS.get(known.get("kind", ""), "")
    title = known.get("title", f"[title not seen: {slug}]") + (f" [{kind}]" if kind else "")
    parts = [known.get("authors", ""), title, known.get("publishedIn", ""), known.get("issued", "")]
    if "registryId" in known:
        version = f", version of {known['version']}" if "version" in known else ""
        parts.append(f"Registry number {known['registryId']}{version}")
    if "doi" in known:
        parts.append(f"doi:{known['doi']}")
    elif "url" in known:
        parts.append(f"Available from: {known['url']}")
    parts += [f"PMID: {known['pmid']}"] if "pmid" in known else []
    parts += [known["pmcid"]] if "pmcid" in known else []
    return " ".join(part if part.endswith((".", "?", "!")) else f"{part}." for part in parts if part)


def _with_sources(table: Table, sources: Mapping[str, Term]) -> Table:
    """Return a table with a column of sources: where there is none, of those that make the claims in it."""
    if not sources or any(_is(term, _SOURCE) for row in table.rows for term in row):
        return table
    rows = tuple((*row, next((sources[c] for c in _claims(row) if c in sources), None)) for row in table.rows)
    return Table((*table.columns, _ADDED), rows)


def _claims(row: Iterable[Term | None]) -> list[str]:
    return [term.value for term in row if isinstance(term, NamedNode) and _is(term, _CLAIM)]


def _is(term: Term | None, base: str) -> bool:
    return isinstance(term, NamedNode) and term.value.startswith(base)


def _cell(term: Term | None, numbers: dict[str, int], sources: Mapping[str, Term]) -> str:
    if isinstance(term, NamedNode) and _is(term, _SOURCE):
        return f"[{numbers.setdefault(term.value, len(numbers) + 1)}]"
    if isinstance(term, NamedNode):
        source = sources.get(term.value)
        return short_name(term.value) + (f" {_cell(source, numbers, {})}" if source is not None else "")
    return "" if term is None else term.value if isinstance(term, Literal) else str(term)


def _known_of(sources: Iterable[str], store: Store) -> dict[str, dict[str, str]]:
    known: dict[str, dict[str, str]] = {}
    for name, predicate in _FIELDS.items():
        for source, value in _pairs(sources, predicate, store):
            known.setdefault(source, {})[name] = value.value if isinstance(value, Literal | NamedNode) else str(value)
    for source, kind in _pairs(sources, STANDARD_PREFIXES["rdf"] + "type", store):
        name = short_name(kind.value).removeprefix("cd22:") if isinstance(kind, NamedNode) else ""
        if name in _KINDS:
            known.setdefault(source, {})["kind"] = name
    return known


def _pairs(subjects: Iterable[str], predicate: str, store: Store) -> list[tuple[str, Term]]:
    listed = " ".join(f"<{iri}>" for iri in sorted(subjects))
    text = f"SELECT DISTINCT ?s ?o WHERE {{ VALUES ?s {{ {listed} }} ?s <{predicate}> ?o }} ORDER BY ?s ?o"
    rows = store.select(text, name="sources")[1]
    return [(s.value, o) for s, o in rows if isinstance(s, NamedNode) and o is not None]
