"""Terms as SPARQL text, the forms of literals, and numbers that keep the digits their author wrote.

A store folds numbers: 70.0 becomes 70, and a ``xsd:byte`` becomes a ``xsd:integer``. Where a rule asks how a number is
written, such a literal is put into the store under a datatype that the store does not know, `AUTHORED` followed by the
real one, and the compiled queries turn it back wherever they need its value.
"""

from __future__ import annotations

import re
from os import urandom

from pyoxigraph import Literal, NamedNode

from cd22kg.namespaces import STANDARD_PREFIXES
from cd22kg.store import Term

SH = STANDARD_PREFIXES["sh"]
RDF_TYPE = STANDARD_PREFIXES["rdf"] + "type"
SUBCLASS = STANDARD_PREFIXES["rdfs"] + "subClassOf"
XSD = STANDARD_PREFIXES["xsd"]
#: Begins the datatype of a literal that a store would otherwise fold.
AUTHORED = "urn:cd22kg:authored:"
#: Begins the class that stands beside a part of the data for one of which a node is known to be; no data can have it.
KNOWN = f"urn:cd22kg:known:{urandom(8).hex()}:"

#: Integers that a store folds into ``xsd:integer``, each with its least and greatest value.
DERIVED: dict[str, tuple[int | None, int | None]] = {
    "byte": (-128, 127),
    "int": (-(2**31), 2**31 - 1),
    "long": (-(2**63), 2**63 - 1),
    "negativeInteger": (None, -1),
    "nonNegativeInteger": (0, None),
    "nonPositiveInteger": (None, 0),
    "positiveInteger": (1, None),
    "short": (-(2**15), 2**15 - 1),
    "unsignedByte": (0, 255),
    "unsignedInt": (0, 2**32 - 1),
    "unsignedLong": (0, 2**64 - 1),
    "unsignedShort": (0, 2**16 - 1),
}

_INTEGER = "[+-]?[0-9]+"
_DECIMAL = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)"
_ZONE = r"(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))?"
_YEAR = "-?([1-9][0-9]{3,}|0[0-9]{3})"
_LEAP = "-?([0-9]*([02468][048]|[13579][26])00|[0-9]*[0-9]{2}(0[48]|[2468][048]|[13579][26]))"
_DAY = (
    f"({_YEAR}-(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|{_YEAR}-(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    f"|{_YEAR}-02-(0[1-9]|1[0-9]|2[0-8])|{_LEAP}-02-29)"
)
_CLOCK = r"(([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?|24:00:00(\.0+)?)"
_SECONDS = r"[0-9]+(\.[0-9]+)?S"
#: The part of a duration after T, with at least one number.
_HOURS = f"T([0-9]+H([0-9]+M)?({_SECONDS})?|[0-9]+M({_SECONDS})?|{_SECONDS})"
_MONTHS = "([0-9]+Y([0-9]+M)?|[0-9]+M)"
_DAYS = f"([0-9]+D({_HOURS})?|{_HOURS})"
_OF_64 = "[A-Za-z0-9+/] ?"
#: What a literal of a datatype looks like; a datatype without an entry takes any text.
FORMS: dict[str, str] = {
    "base64Binary": f"(({_OF_64}){{4}})*(({_OF_64}){{3}}[A-Za-z0-9+/]|({_OF_64}){{2}}[AEIMQUYcgkosw048] ?="
    f"|{_OF_64}[AQgw] ?= ?=)|",
    "boolean": "true|false|0|1",
    "date": _DAY + _ZONE,
    "dateTime": f"{_DAY}T{_CLOCK}{_ZONE}",
    "dateTimeStamp": f"{_DAY}T{_CLOCK}{_ZONE[:-1]}",
    "dayTimeDuration": f"-?P{_DAYS}",
    "decimal": _DECIMAL,
    "double": rf"{_DECIMAL}([eE][+-]?[0-9]+)?|[+-]?INF|NaN",
    "duration": f"-?P({_MONTHS}({_DAYS})?|{_DAYS})",
    "float": rf"{_DECIMAL}([eE][+-]?[0-9]+)?|[+-]?INF|NaN",
    "gDay": f"---(0[1-9]|[12][0-9]|3[01]){_ZONE}",
    "gMonth": f"--(0[1-9]|1[0-2]){_ZONE}",
    "gMonthDay": f"--((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    f"|02-(0[1-9]|[12][0-9])){_ZONE}",
    "gYear": _YEAR + _ZONE,
    "gYearMonth": f"{_YEAR}-(0[1-9]|1[0-2]){_ZONE}",
    "hexBinary": "([0-9a-fA-F]{2})*",
    "integer": _INTEGER,
    "time": _CLOCK + _ZONE,
    "yearMonthDuration": f"-?P{_MONTHS}",
    **dict.fromkeys(DERIVED, _INTEGER),
}

#: Numbers, times and truth values that a store keeps as they are written.
KEPT: dict[str, re.Pattern[str]] = {
    XSD + name: re.compile(pattern)
    for name, pattern in {
        "boolean": "true|false",
        "date": r"\d{4}-\d\d-\d\dZ?",
        "dateTime": r"\d{4}-\d\d-\d\dT([01]\d|2[0-3]):\d\d:\d\d(\.\d*[1-9])?Z?",
        "decimal": r"0|-?[1-9]\d{0,16}|-?(0|[1-9]\d{0,7})\.\d{0,8}[1-9]",
        "double": r"-?[1-9]\d{0,4}",
        "float": r"-?[1-9]\d{0,4}",
        "gYear": r"\d{4}",
        "gYearMonth": r"\d{4}-\d\d",
        "integer": r"0|-?[1-9]\d{0,17}",
        **dict.fromkeys(
            ("dateTimeStamp", "dayTimeDuration", "duration", "gDay", "gMonth", "gMonthDay", "time"), "(?!)"
        ),
        "yearMonthDuration": "(?!)",
        **dict.fromkeys(DERIVED, "(?!)"),
    }.items()
}


def may_be_folded(value: str) -> str:
    """Return an expression: whether what a store holds may have been written otherwise.

    Text and the dates that are told here are never; which way a number was written it does not tell.
    """
    dates = ", ".join(f"<{XSD}{name}>" for name in ("date", "gYear", "gYearMonth"))
    date = f'DATATYPE({value}) IN ({dates}) && REGEX(STR({value}), "^[1-9][0-9]{{3}}(-[0-9]{{2}}){{0,2}}$")'
    return f"isLiteral({value}) && LANG({value}) = '' && DATATYPE({value}) != <{XSD}string> && !({date})"


def is_folded(term: object) -> bool:
    """Return whether a store may give the term back written otherwise; in doubt, yes."""
    if not isinstance(term, Literal):
        return False
    kept = KEPT.get(term.datatype.value)
    return kept is not None and not kept.fullmatch(term.value)


def to_authored(term: Term) -> Term:
    """Return the term as a store keeps it whole."""
    if isinstance(term, Literal) and is_folded(term):
        return Literal(term.value, datatype=NamedNode(AUTHORED + term.datatype.value))
    return term


def from_authored(term: Term | None) -> Term | None:
    """Return the term as its author wrote it."""
    if isinstance(term, Literal) and term.datatype.value.startswith(AUTHORED):
        return Literal(term.value, datatype=NamedNode(term.datatype.value.removeprefix(AUTHORED)))
    return term


def value_of(variable: str) -> str:
    """Return an expression for the value of what may be a literal kept whole."""
    kind = f"STR(DATATYPE({variable}))"
    back = f'STRDT(STR({variable}), IRI(STRAFTER({kind}, "{AUTHORED}")))'
    return f'COALESCE(IF(STRSTARTS({kind}, "{AUTHORED}"), {back}, {variable}), {variable})'


def datatype_of(variable: str) -> str:
    """Return an expression for the datatype of what may be a literal kept whole."""
    kind = f"DATATYPE({variable})"
    return f'IF(STRSTARTS(STR({kind}), "{AUTHORED}"), IRI(STRAFTER(STR({kind}), "{AUTHORED}")), {kind})'


def text_of(term: Term | None) -> str:
    """Return a term as messages show it: the IRI, the text of a literal, or the label of a blank node."""
    return "" if term is None else str(term.value) if isinstance(term, NamedNode | Literal) else str(term)


def quoted(text: str) -> str:
    """Return text as a SPARQL string."""
    return str(Literal(text))


def constant(term: Term) -> str:
    """Return a term of the shapes as SPARQL; a blank node, which no query can name, as an IRI that nothing has."""
    return str(term) if isinstance(term, NamedNode | Literal) else f"<urn:cd22kg:blank:{str(term)[2:]}>"
