"""Quads back to objects: the other way along the terms of the model.

Links come in the order of their slugs, as a graph has none; parts in the order of their numbers. A number that a store
folded has lost its last zeros.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError
from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from cd22kg.errors import QueryError
from cd22kg.model import ANY_KIND, CLAIM_TYPES, Claim, Model, Term, terms
from cd22kg.namespaces import BASE, CD22, STANDARD_PREFIXES, short_name

Node = NamedNode | BlankNode | Literal | Triple
#: What is said of each node: values by property.
Facts = Mapping[str, Mapping[str, Sequence[Node]]]
Thing = TypeVar("Thing", bound=Model)

_TYPE = STANDARD_PREFIXES["rdf"] + "type"
_NUMBER = re.compile(r"\d+$")


def claim_from(subject: str, facts: Facts) -> Claim:
    """Return the claim that facts describe, of the class that they name.

    Raises:
        QueryError: If they describe no claim of the model.
    """
    names = [value.value.removeprefix(CD22) for value in _values(subject, _TYPE, facts) if isinstance(value, NamedNode)]
    model = next((CLAIM_TYPES[name] for name in sorted(names) if name in CLAIM_TYPES), None)
    if model is None:
        raise QueryError(f"`{short_name(subject)}` is no claim", hint="`cd22kg query claims` lists those there are")
    return thing_from(subject, facts, model)


def thing_from(subject: str, facts: Facts, model: type[Thing]) -> Thing:
    """Return the thing that facts describe.

    Raises:
        QueryError: If a value is missing or is not what the model takes, as in a store that was not built from claims.
    """
    try:
        return model.model_validate(_plain(subject, facts, model))
    except ValidationError as error:
        first = error.errors()[0]
        what = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise QueryError(f"`{short_name(subject)}` is not as the model has it: {what}", hint="validate it") from None


def _plain(subject: str, facts: Facts, model: type[Model]) -> dict[str, Any]:
    """Return what a claim file would say of a thing."""
    found: dict[str, Any] = {}
    for term in terms(model):
        if term.role == "identity":
            found[term.key] = subject.removeprefix(f"{BASE}{model.kind}/")
        elif term.role == "class":
            found[term.key] = next(
                (text_of(value).removeprefix(CD22) for value in _values(subject, _TYPE, facts) if _is_ours(value)), ""
            )
        elif values := _values(subject, term.predicate, facts):
            items = [_item(term, value, facts) for value in sorted(values, key=_order)]
            found[term.key] = tuple(items) if term.many else items[0]
    return found


def _item(term: Term, value: Node, facts: Facts) -> Any:
    if term.role == "nested" and term.model:
        return _plain(text_of(value), facts, term.model)
    if term.role == "link":
        return text_of(value).removeprefix(BASE if term.kind == ANY_KIND else f"{BASE}{term.kind}/")
    return text_of(value)


def _values(subject: str, predicate: str, facts: Facts) -> Sequence[Node]:
    return facts.get(subject, {}).get(predicate, ())


def _is_ours(value: Node) -> bool:
    return isinstance(value, NamedNode) and value.value.startswith(CD22)


def text_of(value: Node) -> str:
    """Return an IRI, the text of a literal, or the label of a blank node."""
    return str(value) if isinstance(value, Triple) else value.value


def _order(value: Node) -> tuple[str, int, str]:
    """Put parts in the order of the numbers at their end, all else in that of the text."""
    text = text_of(value)
    number = _NUMBER.search(text)
    return (text[: number.start()], int(number[0]), text) if number and "#" in text else (text, 0, text)
