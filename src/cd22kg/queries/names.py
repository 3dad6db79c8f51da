"""What a person calls a thing: a slug, a CURIE, an IRI, a label, a synonym, or its identifier elsewhere."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from pyoxigraph import Literal, NamedNode

from cd22kg.errors import QueryError
from cd22kg.model.values import is_slug
from cd22kg.namespaces import BASE, CD22, CONCEPT_KINDS, OUTSIDE_PREFIXES, compact, iri
from cd22kg.store import Store, Table

#: What concepts are called, and what sources and studies are known by elsewhere.
_LABELS = "skos:prefLabel skos:altLabel cd22:shortLabel"
_IDENTIFIERS = "cd22:doi cd22:pmid cd22:pmcid cd22:registryId"
_MATCHES = "skos:exactMatch skos:closeMatch skos:broadMatch skos:narrowMatch skos:relatedMatch"
_PREFIXES = f"PREFIX cd22: <{CD22}> PREFIX skos: <http://www.w3.org/2004/02/skos/core#> "
_OUTSIDE = {prefix.lower(): base for prefix, base in OUTSIDE_PREFIXES.items()}
#: Hyphens of every kind, the line below, and blanks are one to a person.
_GAP = re.compile(r"[\s_\u2010-\u2015-]+")
_NAMED_AT_MOST, _SHOWN = 12, 80
#: What the graphs of this project begin with.
_GRAPH = f"{BASE}graph/"
#: What stands before a DOI or a number where people copy it from.
_BEFORE = re.compile(r"^(?:https?://(?:dx\.)?doi\.org/|(?:doi|pmid|pmcid):\s*)", re.IGNORECASE)


def thing(kind: str, text: str, store: Store) -> NamedNode:
    """Return the IRI of a thing that the store knows.

    Args:
        kind: One of `KINDS`.
        text: Its slug, alone, with the kind as prefix, or in full; for a concept also a label or synonym, in any case
            and with any hyphens, or the CURIE or IRI of what it exactly matches (``MONDO:0020511``); for a source or
            study also its DOI, PMID, PMCID or registry number.
        store: Where it is looked up.

    Raises:
        QueryError: If nothing, or more than one thing, is called that; it lists what may have been meant.
    """
    text = text.strip()
    slug, shown = slug_of(kind, text), _shortened(text)
    if not _is_unicode(text):
        raise QueryError(f"there is no {kind} `{shown}`", hint="the text has half a character in it")
    if is_slug(slug) and store.query(f"ASK {{ <{iri(kind, slug)}> a ?class }}"):
        return NamedNode(iri(kind, slug))
    names = _names(kind, store)
    found = names.get(_plain(text)) or _known_as(kind, text, store)
    if len(found) == 1:
        return NamedNode(iri(kind, next(iter(found))))
    if found:
        raise QueryError(
            f"`{shown}` is the name of more than one {kind}", hint=f"give one of: {_listed(sorted(found))}"
        )
    if matching := sorted(_matching(text, store) if kind in CONCEPT_KINDS else ()):
        raise QueryError(f"no {kind} is the same as `{shown}`", hint="; ".join(matching))
    raise QueryError(f"there is no {kind} `{shown}`", hint=_suggestion(kind, text, names, store))


def graph_named(text: str, store: Store | None) -> NamedNode:
    """Return the IRI of a named graph.

    Args:
        text: The IRI, in full, as CURIE, or without what the graphs of this project begin with: ``claims/fry-2018``.
        store: One that must have the graph; none where any will do.

    Raises:
        QueryError: If the store has no such graph; it lists the nearest.
    """
    text = text.strip()
    name = text if "://" in text else _GRAPH + text.removeprefix("graph:")
    known = () if store is None else store.graphs()
    if store is None or name in known:
        return NamedNode(name)
    short = [graph.removeprefix(_GRAPH) for graph in known]
    near = get_close_matches(text.removeprefix(_GRAPH).removeprefix("graph:"), short, cutoff=0.5) or short
    raise QueryError(
        f"there is no graph `{_shortened(text)}`",
        hint=f"try {_listed(near)}" if near else "the store has no named graph",
    )


def slug_of(kind: str, text: str) -> str:
    """Return the slug that a text is, if it is one, without its prefix or base."""
    return text.removeprefix(f"{BASE}{kind}/").removeprefix(f"{kind}:").lower()


def slugs(kind: str, store: Store) -> list[str]:
    """Return the slugs of all things of a kind in the store, sorted."""
    base = f"{BASE}{kind}/"
    found = _rows(store, f'SELECT DISTINCT ?thing WHERE {{ ?thing a ?class FILTER(STRSTARTS(STR(?thing), "{base}")) }}')
    return sorted({slug_of(kind, name) for (name,) in found if "#" not in name})


def _names(kind: str, store: Store) -> dict[str, set[str]]:
    """Return the slugs of concepts of a kind by what they are called, written plainly; none of other kinds."""
    names: dict[str, set[str]] = {}
    if kind in CONCEPT_KINDS:
        text = f"SELECT ?thing ?name WHERE {{ VALUES ?label {{ {_LABELS} }} "
        text += f"?thing skos:inScheme <{BASE}scheme/{kind}> ; ?label ?name }}"
        for concept, name in _rows(store, text):
            names.setdefault(_plain(name), set()).add(slug_of(kind, concept))
    return names


def _known_as(kind: str, text: str, store: Store) -> set[str]:
    """Return the slugs of the things of a kind with an identifier elsewhere."""
    if kind not in CONCEPT_KINDS:
        text = _BEFORE.sub("", text)
        written = " ".join(str(Literal(each)) for each in dict.fromkeys((text, text.lower(), text.upper())))
        query = f"VALUES ?property {{ {_IDENTIFIERS} }} VALUES ?id {{ {written} }} ?thing ?property ?id"
    elif match := _outside(text):
        query = f"?thing skos:exactMatch {match}"
    else:
        return set()
    found = (name for (name,) in _rows(store, f"SELECT ?thing WHERE {{ {query} }}"))
    return {slug_of(kind, name) for name in found if name.startswith(f"{BASE}{kind}/")}


def _matching(text: str, store: Store) -> Iterator[str]:
    """Yield which concepts an outside identifier matches, though none exactly, as a person reads it."""
    if match := _outside(text):
        query = f"SELECT ?thing ?how WHERE {{ VALUES ?how {{ {_MATCHES} }} ?thing ?how {match} }}"
        for concept, how in _rows(store, query):
            yield f"`{compact(concept)}` has it as {compact(how)}"


def _outside(text: str) -> NamedNode | None:
    """Return the IRI of an identifier of an outside vocabulary; nothing where it is none."""
    prefix, _, local = text.partition(":")
    full = text if "://" in text else _OUTSIDE.get(prefix.lower(), "") and _OUTSIDE[prefix.lower()] + local
    try:
        return NamedNode(full) if full and not text.startswith(BASE) else None
    except ValueError:
        return None


def _suggestion(kind: str, text: str, names: dict[str, set[str]], store: Store) -> str:
    known = slugs(kind, store)
    if not known:
        return f"the store has no {kind}"
    near = [slug for name in get_close_matches(_plain(text), names, cutoff=0.7) for slug in sorted(names[name])]
    near += get_close_matches(slug_of(kind, text), known, cutoff=0.5)
    return f"try {_listed(dict.fromkeys(near) or known)}"


def _listed(slugs: Iterable[str]) -> str:
    return ", ".join(list(slugs)[:_NAMED_AT_MOST])


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _plain(name: str) -> str:
    """Return a name as it is compared."""
    return _GAP.sub(" ", unicodedata.normalize("NFKC", name)).strip().casefold()


def _rows(store: Store, text: str) -> Iterator[tuple[str, ...]]:
    answer = store.query(_PREFIXES + text)
    assert isinstance(answer, Table)  # noqa: S101  # a SELECT gives a table
    for row in answer.rows:
        yield tuple("" if term is None else str(getattr(term, "value", term)) for term in row)
