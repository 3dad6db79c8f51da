"""Parameters of a question: what a person writes, as typed terms; the store puts them into the marked blocks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from pyoxigraph import Literal, NamedNode

from cd22kg.errors import QueryError
from cd22kg.model.values import is_slug
from cd22kg.namespaces import BASE, KINDS, STANDARD_PREFIXES, iri
from cd22kg.queries.library import Parameter, Query
from cd22kg.store import Parameters, Store, Table


def bind(query: Query, given: Mapping[str, Sequence[str]], store: Store) -> Parameters:
    """Return the values given, and the defaults of the rest, as terms by parameter.

    A default need not be known to the store: a graph without the thing it names has no row for it.

    Args:
        query: The question.
        given: Values by parameter name, as a person writes them: slugs of the parameter's kind, text or digits.
        store: Where slugs are looked up.

    Raises:
        QueryError: If a parameter or a value is unknown.
    """
    terms = {p.name: [_term(p, text, None) for text in p.default] for p in query.parameters if p.default}
    for name, texts in given.items():
        parameter = query.parameter(name)
        if not texts:
            raise QueryError(f"the parameter `{name}` has no value", hint="leave it out, or give one")
        terms[name] = [_term(parameter, text, store) for text in texts]
    return terms


def _term(parameter: Parameter, text: str, store: Store | None) -> NamedNode | Literal:
    """Return a value as a term; a thing must be known to the store, if one is given."""
    if parameter.kind == "text":
        return Literal(text)
    if parameter.kind == "integer":
        if not re.fullmatch(r"[0-9]{1,9}", text):
            raise QueryError(f"`{parameter.name}` takes a whole number, not `{text}`", hint="write digits only")
        return Literal(text, datatype=NamedNode(STANDARD_PREFIXES["xsd"] + "integer"))
    if parameter.kind not in KINDS:
        raise QueryError(
            f"the parameter `{parameter.name}` has an unknown kind `{parameter.kind}`", hint="mend its header"
        )
    slug = text.removeprefix(f"{BASE}{parameter.kind}/").removeprefix(f"{parameter.kind}:").lower()
    return NamedNode(iri(parameter.kind, slug)) if store is None else thing(parameter.kind, slug, store)


def thing(kind: str, slug: str, store: Store) -> NamedNode:
    """Return the IRI of a thing that the store knows.

    Raises:
        QueryError: If it does not; it lists the nearest names.
    """
    if is_slug(slug) and store.query(f"ASK {{ <{BASE}{kind}/{slug}> a ?class }}"):
        return NamedNode(f"{BASE}{kind}/{slug}")
    known = slugs(kind, store)
    near = get_close_matches(slug, known, n=3, cutoff=0.5) or known[:12]
    raise QueryError(
        f"there is no {kind} `{slug}`", hint=f"try {', '.join(near)}" if near else f"the store has no {kind}"
    )


def slugs(kind: str, store: Store) -> list[str]:
    """Return the slugs of all things of a kind in the store, sorted."""
    base = f"{BASE}{kind}/"
    answer = store.query(f'SELECT DISTINCT ?thing WHERE {{ ?thing a ?class FILTER(STRSTARTS(STR(?thing), "{base}")) }}')
    assert isinstance(answer, Table)  # noqa: S101  # a SELECT gives a table
    found = (str(row[0].value) for row in answer.rows if isinstance(row[0], NamedNode))
    return sorted(iri.removeprefix(base) for iri in found if "#" not in iri)
