"""Regular expressions in shapes: which of them the engine of a store can run, and which pySHACL can in its place.

An engine that cannot compile a pattern gives an error, which a filter takes for "does not match": a shape would seem to
be kept. So each pattern that is known beforehand is tried on an empty store.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from cd22kg.errors import QueryError
from cd22kg.store import Term
from cd22kg.validation.constraint_query import prologue, read
from cd22kg.validation.shape_graph import unusable
from cd22kg.validation.shape_model import Constraint, Shape
from cd22kg.validation.sparql_tokens import Token, UnreadableQueryError
from cd22kg.validation.terms import constant, quoted, text_of
from cd22kg.validation.trial import empty_store

#: Where the pattern and the flags stand among the arguments, and the flags that pySHACL heeds.
_FUNCTIONS = {"REGEX": (1, 2, "ims"), "REPLACE": (1, 3, "")}
_FLAGS_OF_PATTERN = "im"
_OPENING, _CLOSING = ("(", "[", "{"), (")", "]", "}")


@dataclass(frozen=True)
class _Call:
    """A pattern as SPARQL text, with its flags, the prefixes it needs, and the flags that pySHACL heeds."""

    pattern: str
    flags: str
    prefixes: str
    heeded: str


def beyond_engine(shape: Shape, constraint: Constraint) -> str:
    """Return why the patterns of a constraint cannot run on a store, or nothing.

    Raises:
        InputError: If pySHACL cannot run them either.
    """
    for call in _calls(constraint):
        tried = _tried(call.pattern, call.flags, call.prefixes)
        if tried is None or tried.runs:
            continue
        shown = f"the pattern `{tried.pattern}`" + (f" with the flags `{tried.flags}`" if tried.flags else "")
        try:
            re.compile(tried.pattern)
        except (re.error, OverflowError, RecursionError) as error:
            unusable(shape.node, f"has {shown}, which is no regular expression here: {error}")
        if set(tried.flags) - set(call.heeded):
            unusable(shape.node, f"has {shown}, which the store cannot run, nor pySHACL with these flags")
        return f"{shown} is beyond the store's engine"
    return ""


def has_unknown_pattern(constraint: Constraint) -> bool:
    """Return whether a pattern comes from the data, so that nobody knows beforehand whether it can run."""
    return any(_tried(call.pattern, call.flags, call.prefixes) is None for call in _calls(constraint))


@dataclass(frozen=True)
class _Tried:
    """Whether the engine can run a pattern; the pattern and its flags as text."""

    runs: bool
    pattern: str
    flags: str


@lru_cache(maxsize=4096)
def _tried(pattern: str, flags: str, prefixes: str) -> _Tried | None:
    """Return what came of a pattern; nothing where its own text does not tell what it is."""
    if not pattern or not flags:
        return None
    query = f'{prefixes}SELECT (REGEX("", {pattern}, {flags}) AS ?ok) (STR({pattern}) AS ?p) (STR({flags}) AS ?f) {{}}'
    try:
        ((ok, text, given),) = empty_store().select(query, name="pattern")[1]
    except QueryError:
        return None
    return None if text is None or given is None else _Tried(ok is not None, text_of(text), text_of(given))


def _calls(constraint: Constraint) -> Iterator[_Call]:
    """Yield the patterns of a constraint; those of a query with empty text where they are not known beforehand."""
    if constraint.name == "Pattern":
        yield _Call(quoted(text_of(constraint.terms[0])), quoted(constraint.flags), "", _FLAGS_OF_PATTERN)
    if constraint.query is None:
        return
    try:
        tokens = read(constraint.query.text).tokens
    except UnreadableQueryError:
        return  # pySHACL runs it
    for position, token in enumerate(tokens):
        if token.upper not in _FUNCTIONS:
            continue
        first, second, heeded = _FUNCTIONS[token.upper]
        arguments = _arguments(tokens, position + 1)
        if len(arguments) > first:
            pattern = _written(arguments[first], constraint.query.parameters)
            flags = _written(arguments[second], constraint.query.parameters) if len(arguments) > second else '""'
            yield _Call(pattern, flags, prologue(constraint.query), heeded)


def _arguments(tokens: list[Token], start: int) -> list[list[Token]]:
    """Return the arguments of a call, from what follows its name on."""
    found: list[list[Token]] = [[]]
    depth = 0
    for token in tokens[start:]:
        depth += (token.text in _OPENING) - (token.text in _CLOSING)
        if depth == 0 and token.kind != "space":
            break
        if token.text == "," and depth == 1:
            found.append([])
        elif depth > 1 or token.text != "(":
            found[-1].append(token)
    return found


def _written(tokens: list[Token], parameters: Mapping[str, Term]) -> str:
    """Return an argument with the parameters of its component put in; nothing where it takes more from outside."""
    parts = []
    for token in tokens:
        if token.text == "{" or (token.variable and token.variable not in parameters):
            return ""
        written = " " if token.text.startswith("#") else token.text
        parts.append(constant(parameters[token.variable]) if token.variable else written)
    return "".join(parts).strip()
