"""What a result says: the message of the shape, or else one in our words."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pyoxigraph import Literal, NamedNode

from cd22kg.namespaces import compact
from cd22kg.store import Term
from cd22kg.validation.shape_model import Constraint, Shape, name_of
from cd22kg.validation.terms import SH, from_authored, text_of

_PLACEHOLDER = re.compile(r"\{[?$](\w+)\}")
_TEXTS = {
    "And": "does not conform to every one of the shapes {shapes}",
    "Class": "is no {0}",
    "Closed": "is the value of a property that the shape does not know",
    "Custom": "breaks {component}",
    "Datatype": "is no well-formed {0}",
    "Disjoint": "is also a value of {0}, which must have others",
    "Equals": "is not shared with {0}, which must have the same values",
    "HasValue": "the value {0} is missing",
    "In": "is none of {terms}",
    "LanguageIn": "is not in one of the languages {terms}",
    "LessThan": "is not below the value of {0}",
    "LessThanOrEquals": "is above the value of {0}",
    "MaxCount": "more than {0} values",
    "MaxExclusive": "is not below {0}",
    "MaxInclusive": "is above {0}",
    "MaxLength": "is longer than {0} characters",
    "MinCount": "fewer than {0} values",
    "MinExclusive": "is not above {0}",
    "MinInclusive": "is below {0}",
    "MinLength": "is shorter than {0} characters",
    "Node": "does not conform to {shapes}",
    "NodeKind": "is no {0}",
    "Not": "conforms to {shapes}, which it must not",
    "Or": "conforms to none of {shapes}",
    "Pattern": "does not match {0}",
    "QualifiedMaxCount": "more than {0} values conform to {shapes}",
    "QualifiedMinCount": "fewer than {0} values conform to {shapes}",
    "SPARQL": "the query of the shape finds it",
    "UniqueLang": "more than one value in one language",
    "Xone": "does not conform to exactly one of {shapes}",
}
_OF_SET = frozenset(
    ("HasValue", "MaxCount", "MinCount", "QualifiedMaxCount", "QualifiedMinCount", "SPARQL", "UniqueLang")
)


def messages_of(shape: Shape, constraint: Constraint, row: Mapping[str, Term | None]) -> tuple[Literal, ...]:
    """Return the messages of a result.

    Args:
        shape: The shape that is broken.
        constraint: What of it is broken.
        row: What the query found, by variable; it fills the places of the message.
    """
    query = constraint.query
    told = row.get("message") if query else None
    if isinstance(told, Literal):
        return (told,)
    given = (query.messages if query else ()) or shape.messages
    if not given:
        return (Literal(default_message(shape, constraint, row)),)
    values = {**query.parameters, **row} if query else row
    return tuple(_filled(message, values) for message in given)


def _filled(message: Literal, values: Mapping[str, Term | None]) -> Literal:
    if "{" not in message.value:
        return message
    text = _PLACEHOLDER.sub(lambda match: shown(values.get(match[1])) or match[0], message.value)
    return Literal(text, language=message.language) if message.language else Literal(text)


def default_message(shape: Shape, constraint: Constraint, row: Mapping[str, Term | None]) -> str:
    """Return what is wrong, where neither shape nor constraint has a message."""
    terms = [shown(term) for term in constraint.terms]
    text = _TEXTS[constraint.name].format(
        *terms,
        terms=", ".join(terms),
        shapes=", ".join(f"`{name_of(node)}`" for node in constraint.shapes),
        component=compact(constraint.component),
    )
    where = f"{shape.path}: " if shape.path else ""
    value = "" if constraint.name in _OF_SET else f"{shown(row.get('value')) or 'the node'} "
    return f"{where}{value}{text}"


def shown(term: Term | None) -> str:
    """Return a term as a message shows it: an IRI by its CURIE, text in full."""
    term = from_authored(term)
    if isinstance(term, NamedNode):
        return "sh:" + term.value.removeprefix(SH) if term.value.startswith(SH) else compact(term.value)
    return text_of(term)
