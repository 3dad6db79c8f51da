"""Parameters of a question: what a person writes, as typed terms; the store puts them into the marked blocks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from pyoxigraph import Literal, NamedNode

from cd22kg.errors import QueryError
from cd22kg.namespaces import CD22, KINDS, STANDARD_PREFIXES, iri, short_name
from cd22kg.queries.library import Parameter, Query
from cd22kg.queries.names import graph_named, slug_of, thing
from cd22kg.store import BLOCK, Parameters, Store, Table

#: How a question includes what is narrower than a value.
_WITHIN = re.compile(r"(\?\w+) cd22:within (\?\w+) \.")


def bind(query: Query, given: Mapping[str, Sequence[str]], store: Store) -> Parameters:
    """Return the values given, and the defaults of the rest, as terms by parameter.

    A default need not be known to the store: a graph without the thing it names has no row for it.

    Args:
        query: The question.
        given: Values by parameter name, as a person writes them: names of things of the parameter's kind, see `thing`;
            text or digits.
        store: Where names are looked up.

    Raises:
        QueryError: If a parameter or a value is unknown.
    """
    terms = {p.name: [_term(p, text, None) for text in p.default] for p in query.parameters if p.default}
    for name, texts in given.items():
        parameter = query.parameter(name)
        if not texts:
            raise QueryError(f"the parameter `{name}` has no value", hint="leave it out, or give one")
        terms[name] = [_allowed(parameter, _term(parameter, text, store), store) for text in texts]
    return terms


def _allowed(parameter: Parameter, term: NamedNode | Literal, store: Store) -> NamedNode | Literal:
    """Return a value that a parameter takes.

    Raises:
        QueryError: If it is not among the concepts that the parameter is limited to.
    """
    tops = " ".join(f"<{iri(parameter.kind, slug)}>" for slug in parameter.among)
    if tops and not store.query(f"ASK {{ VALUES ?top {{ {tops} }} {term} <{CD22}within> ?top }}"):
        told = f"`{parameter.name}` does not take `{short_name(term.value)}` here"
        raise QueryError(told, hint=f"give {' or '.join(parameter.among)}, or what lies within")
    return term


def exactly(text: str, names: Collection[str]) -> str:
    """Return a question in which the values of some parameters do not stand for what is narrower."""

    def narrowed(block: re.Match[str]) -> str:
        return _WITHIN.sub(r"FILTER(\1 = \2)", block[0]) if block["name"] in names else block[0]

    return BLOCK.sub(narrowed, text)


def what_emptied(text: str, values: Parameters, given: Collection[str], store: Store) -> str:
    """Return which of the values given removed the last row of an answer; nothing where none did.

    Args:
        text: The question.
        values: The values of all its parameters, as terms.
        given: The parameters that were given, in their order; the others have their defaults.
        store: Where it was asked.
    """
    held = {name: terms for name, terms in values.items() if name not in given}
    before = _count(text, held, store)
    for name in given:
        held[name] = values[name]
        after = _count(text, held, store)
        if before and not after:
            rows = "1 row" if before == 1 else f"{before} rows"
            return f"`{name}` removed the last of {rows}"
        before = after
    return ""


def wider_rows(text: str, values: Parameters, name: str, store: Store) -> dict[str, int]:
    """Return how many rows there are of the populations that hold those asked for, by the slug of each.

    A figure of a wider population is no answer about a narrower one, yet who asks should know that there is one.

    Args:
        text: The question, with what is narrower.
        values: The values of its parameters.
        name: The parameter that names populations; a column bears its name.
        store: Where it was asked.
    """
    asked = " ".join(map(str, values[name]))
    above = f"VALUES ?asked {{ {asked} }} ?asked <{CD22}within> ?wide FILTER(?wide NOT IN ({asked.replace(' ', ', ')}))"
    wide = store.select(f"SELECT DISTINCT ?wide WHERE {{ {above} }}", name="wider populations")[1]
    nodes = [row[0] for row in wide if isinstance(row[0], NamedNode)]
    if not nodes:
        return {}
    found = store.query(exactly(text, [name]), parameters={**values, name: nodes})
    if not isinstance(found, Table) or name not in found.columns:
        return {}
    at = found.columns.index(name)
    terms = [term for term in (row[at] for row in found.rows) if isinstance(term, NamedNode)]
    return dict(sorted(Counter(short_name(term.value) for term in terms).items()))


def _count(text: str, values: Parameters, store: Store) -> int:
    answer = store.query(text, parameters=values)
    return 0 if isinstance(answer, bool) else len(answer)


def _term(parameter: Parameter, text: str, store: Store | None) -> NamedNode | Literal:
    """Return a value as a term; a thing must be known to the store, if one is given."""
    if parameter.kind == "text":
        try:
            return Literal(text)
        except ValueError:
            raise QueryError(f"`{parameter.name}` is no text", hint="it has half a character in it") from None
    if parameter.kind == "integer":
        if not re.fullmatch(r"[0-9]{1,9}", text):
            raise QueryError(f"`{parameter.name}` takes a whole number, not `{text}`", hint="write digits only")
        return Literal(text, datatype=NamedNode(STANDARD_PREFIXES["xsd"] + "integer"))
    if parameter.kind == "graph":
        return graph_named(text, None if text in parameter.default else store)
    if parameter.kind not in KINDS:
        raise QueryError(
            f"the parameter `{parameter.name}` has an unknown kind `{parameter.kind}`", hint="mend its header"
        )
    if store is None:
        return NamedNode(iri(parameter.kind, slug_of(parameter.kind, text)))
    return thing(parameter.kind, text, store)
