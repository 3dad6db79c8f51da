"""How a key of a claim file becomes a property of the graph.

The classes of this room are the only mapping between the two. Each field of a class carries one of three marks:

* ``link("therapy")``: a slug that names a thing of that kind (``any`` kind: ``kind/slug``),
* ``literal("decimal")``: a value written with that XSD datatype,
* ``nested("measurement")``: a part with an IRI of its own, ``<owner>#measurement`` or, in a list, ``<owner>#part-1``.

The key is the field's name in camel case and the property is that key in our namespace, unless the mark names another.
The JSON Schema, the JSON-LD context, the quads and the tests are all read off these marks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from types import UnionType
from typing import Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from cd22kg.namespaces import expand

Role = Literal["link", "literal", "nested", "identity", "class"]
ANY_KIND = "any"


@dataclass(frozen=True)
class Term:
    """The mark of a field, completed by `terms` with what the class says of it.

    Attributes:
        role: What the value is.
        kind: For a link, the kind of thing it names.
        datatype: For a literal, the local name of its XSD datatype; ``date`` covers year and month too.
        fragment: For a nested part, the last piece of its IRI.
        predicate: IRI of the property; empty for the identity and the class.
        field: Name of the Python attribute.
        key: Name in the claim file.
        many: Whether the value is a list.
        required: Whether the key must be there.
        model: For a nested part, its class.
    """

    role: Role
    kind: str = ""
    datatype: str = ""
    fragment: str = ""
    predicate: str = ""
    field: str = ""
    key: str = ""
    many: bool = False
    required: bool = False
    model: type[Model] | None = None


def link(kind: str, predicate: str = "") -> Term:
    """Mark a field whose value is the slug of a thing of that kind."""
    return Term("link", kind=kind, predicate=predicate)


def literal(datatype: str = "string", predicate: str = "") -> Term:
    """Mark a field whose value is written as a literal of that XSD datatype."""
    return Term("literal", datatype=datatype, predicate=predicate)


def nested(fragment: str, predicate: str = "") -> Term:
    """Mark a field whose value is a part with an IRI of its own."""
    return Term("nested", fragment=fragment, predicate=predicate)


#: Marks the slug of the thing itself.
IDENTITY = Term("identity")
#: Marks the key that names the class of the thing.
CLASS = Term("class")


class Model(BaseModel):
    """Base of everything a claim file describes: frozen, camel-case keys, no unknown key."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    #: The kind the slug of this thing belongs to; empty for nested parts.
    kind: ClassVar[str] = ""

    @property
    def class_name(self) -> str:
        """Return the local name of the class in the ontology."""
        return type(self).__name__


@cache
def terms(model: type[Model]) -> tuple[Term, ...]:
    """Return the terms of a class in the order of its fields, each complete."""
    hints = get_type_hints(model, include_extras=True)
    return tuple(_complete(model, name, hints[name]) for name in model.model_fields)


def _complete(model: type[Model], name: str, hint: Any) -> Term:
    field = model.model_fields[name]
    mark = next((item for item in field.metadata if isinstance(item, Term)), None)
    if mark is None:
        raise TypeError(f"{model.__name__}.{name} carries no term")
    key = field.alias or name
    if mark.role in ("identity", "class"):
        return replace(mark, field=name, key=key, required=True)
    return replace(
        mark,
        predicate=expand(mark.predicate or f"cd22:{key}"),
        field=name,
        key=key,
        many=_is_many(hint),
        required=field.is_required(),
        model=_part(hint) if mark.role == "nested" else None,
    )


def _walk(hint: Any) -> Iterator[Any]:
    yield hint
    for argument in get_args(hint):
        yield from _walk(argument)


def _is_many(hint: Any) -> bool:
    return any(get_origin(item) is tuple for item in _walk(hint))


def _part(hint: Any) -> type[Model]:
    for item in _walk(hint):
        if get_origin(item) in (Union, UnionType):
            continue
        if isinstance(item, type) and issubclass(item, Model):
            return item
    raise TypeError(f"no part in {hint}")


@dataclass(frozen=True)
class Link:
    """One reference as it stands in a claim file.

    Attributes:
        path: Keys and list positions that lead to it.
        kind: The kind of thing it must name.
        slug: The name it gives.
        part: Fragment of the part it stands in, such as ``measurement``; empty for the thing itself.
        predicate: IRI of its property.
    """

    path: tuple[str | int, ...]
    kind: str
    slug: str
    part: str
    predicate: str


def links(model: type[Model], plain: Any, path: tuple[str | int, ...] = (), part: str = "") -> Iterator[Link]:
    """Yield every reference of a thing and its parts, read off the file, whether or not the thing is sound."""
    if not isinstance(plain, dict):
        return
    for term in terms(model):
        value = plain.get(term.key)
        items = [((*path, term.key), value)]
        if term.many:
            items = [((*path, term.key, n), item) for n, item in enumerate(value)] if isinstance(value, list) else []
        for number, (where, item) in enumerate(items, 1):
            if term.role == "nested" and term.model:
                yield from links(term.model, item, where, f"{term.fragment}-{number}" if term.many else term.fragment)
            elif term.role == "link" and isinstance(item, str):
                kind, slug = (term.kind, item) if term.kind != ANY_KIND else _split(item)
                yield Link(where, kind, slug, part, term.predicate)


def _split(reference: str) -> tuple[str, str]:
    kind, _, slug = reference.partition("/")
    return kind, slug
