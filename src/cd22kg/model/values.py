"""The values a claim file may hold, typed from text without guessing.

Everything arrives as text (the YAML reader types nothing), so ``NO``, ``010`` and ``12:30`` stay what was written.
Numbers are ASCII digits with an optional point: no exponent, no sign of plus, no ``nan``, no underscore.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,11})")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,12})?")
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_NOTATION = re.compile(r"%|=|<=?|>=?|[a-z0-9]+(-[a-z0-9]+)*")
_REFERENCE = re.compile(r"[a-z]+(-[a-z]+)*/[a-z0-9]+(-[a-z0-9]+)*")
_DOI = re.compile(r"10\.[0-9]{4,9}/[-._;()/:A-Za-z0-9<>\[\]]+")
_PMID = re.compile(r"[1-9][0-9]{0,8}")
_PMCID = re.compile(r"PMC[1-9][0-9]{2,8}")
_REGISTRY = {
    "ClinicalTrials.gov": re.compile(r"NCT[0-9]{8}"),
    "ChiCTR": re.compile(r"ChiCTR(-[A-Z]{3}-[0-9]{8}|[0-9]{10})"),
    "EudraCT": re.compile(r"[0-9]{4}-[0-9]{6}-[0-9]{2}"),
    "ISRCTN": re.compile(r"ISRCTN[0-9]{8}"),
}


def is_slug(text: str) -> bool:
    """Return whether a text has the form of a slug."""
    return _SLUG.fullmatch(text) is not None


def is_name(text: str) -> bool:
    """Return whether a text has the form of a slug or of a sign."""
    return _NOTATION.fullmatch(text) is not None


def _text(value: Any, wanted: str) -> str:
    if not isinstance(value, str):
        found = "keys and values" if isinstance(value, dict) else "a list" if isinstance(value, list) else repr(value)
        raise ValueError(f"expected {wanted}, found {found}; fix: write {wanted}")
    return value


def _as_integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = _text(value, "a whole number")
    if not _INTEGER.fullmatch(text):
        raise ValueError(f"`{text}` is not a whole number; fix: write digits only, such as 58")
    return int(text)


def _as_decimal(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else _text(value, "a number")
    if not _DECIMAL.fullmatch(text):
        raise ValueError(
            f"`{text}` is not a number; fix: write digits with a point, such as 86.2; the unit has its own key"
        )
    return Decimal(text)


def _as_boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    text = _text(value, "true or false")
    if text not in ("true", "false"):
        raise ValueError(f"`{text}` is neither true nor false; fix: write true or false in lower case")
    return text == "true"


def _as_text(value: Any) -> str:
    text = _text(value, "text")
    if not text.strip():
        raise ValueError("the text is empty; fix: write it or leave the key out")
    return text


def _pattern(pattern: re.Pattern[str], what: str, hint: str) -> BeforeValidator:
    def check(value: Any) -> str:
        text = _text(value, what)
        if not pattern.fullmatch(text):
            raise ValueError(f"malformed {what} `{text}`; fix: {hint}")
        return text

    return BeforeValidator(check)


def _as_date(value: Any) -> str:
    text = _text(value, "a date")
    match = _DATE.fullmatch(text)
    hint = "fix: write a year, year-month or year-month-day, such as 2023-04-27"
    if not match:
        raise ValueError(f"malformed date `{text}`; {hint}")
    year, month, day = match.groups()
    try:
        first = date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        raise ValueError(f"there is no day `{text}`; {hint}") from None
    if first > date.today():
        raise ValueError(f"`{text}` is in the future; fix: write the day it happened")
    return text


def _as_registry_id(value: Any) -> str:
    text = _text(value, "registry id")
    if not any(pattern.fullmatch(text) for pattern in _REGISTRY.values()):
        raise ValueError(f"malformed registry id `{text}`; fix: one of {', '.join(_REGISTRY)}, such as NCT02315612")
    return text


#: A whole number.
Integer = Annotated[int, BeforeValidator(_as_integer)]
#: A number with the digits its author wrote; ``86.20`` keeps its zero.
Number = Annotated[Decimal, BeforeValidator(_as_decimal)]
#: ``true`` or ``false``.
Boolean = Annotated[bool, BeforeValidator(_as_boolean)]
#: Text that is not blank.
Text = Annotated[str, BeforeValidator(_as_text)]
#: A year, a month or a day of the Gregorian calendar, in ISO 8601.
Date = Annotated[str, BeforeValidator(_as_date)]
#: The name of a thing within its kind.
Slug = Annotated[str, _pattern(_SLUG, "slug", "use lower-case letters, digits and single hyphens, such as fry-2018")]
#: The slug or the sign of a concept: ``percent`` or ``%``.
Notation = Annotated[str, _pattern(_NOTATION, "slug or sign", "use a slug, or a sign such as % or >=")]
#: A thing of any kind: ``therapy/auto3``.
Reference = Annotated[str, _pattern(_REFERENCE, "reference", "write kind/slug, such as therapy/auto3")]
Doi = Annotated[str, _pattern(_DOI, "DOI", "write it bare, such as 10.1200/JCO.19.03279")]
Pmid = Annotated[str, _pattern(_PMID, "PMID", "write its digits, such as 32286905")]
Pmcid = Annotated[str, _pattern(_PMCID, "PMCID", "write it with its letters, such as PMC7280047")]
RegistryId = Annotated[str, BeforeValidator(_as_registry_id)]
Url = Annotated[str, _pattern(re.compile(r"https?://[!#-;=?-\[\]_a-z~]+"), "address", "write an http or https address")]
