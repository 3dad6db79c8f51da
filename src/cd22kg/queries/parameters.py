"""Parameters of a question: what a person writes, as typed terms; the store puts them into the marked blocks."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from pyoxigraph import Literal, NamedNode

from cd22kg.errors import QueryError
from cd22kg.namespaces import KINDS, STANDARD_PREFIXES, iri
from cd22kg.queries.library import Parameter, Query
from cd22kg.queries.names import slug_of, thing
from cd22kg.store import BLOCK, Parameters, Store

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
        terms[name] = [_term(parameter, text, store) for text in texts]
    return terms


def exactly(text: str, names: Collection[str]) -> str:
    """Return a question in which the values of some parameters do not stand for what is narrower."""

    def narrowed(block: re.Match[str]) -> str:
        return _WITHIN.sub(r"FILTER(\1 = \2)", block[0]) if block["name"] in names else block[0]

    return BLOCK.sub(narrowed, text)


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
    if parameter.kind not in KINDS:
        raise QueryError(
            f"the parameter `{parameter.name}` has an unknown kind `{parameter.kind}`", hint="mend its header"
        )
    if store is None:
        return NamedNode(iri(parameter.kind, slug_of(parameter.kind, text)))
    return thing(parameter.kind, text, store)
