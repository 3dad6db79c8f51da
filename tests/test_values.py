"""The values of claim files: typed from text without guessing, digits kept, everything else refused with a fix."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from cd22kg.model import values

ADAPTERS: dict[str, TypeAdapter[Any]] = {
    name: TypeAdapter(getattr(values, name))
    for name in (
        "Integer",
        "Number",
        "Boolean",
        "Text",
        "Date",
        "Slug",
        "Notation",
        "Reference",
        "Doi",
        "Pmid",
        "Pmcid",
        "RegistryId",
        "Url",
    )
}

#: What each type accepts, and what it makes of it.
ACCEPTED: dict[str, dict[str, Any]] = {
    "Integer": {"0": 0, "58": 58, "-3": -3, "999999999999": 999_999_999_999},
    "Number": {
        "0": Decimal(0),
        "58": Decimal(58),
        "68.10": Decimal("68.10"),
        "-0.5": Decimal("-0.5"),
        "0.001": Decimal("0.001"),
        "123456789012345678.123456789012": Decimal("123456789012345678.123456789012"),
    },
    "Boolean": {"true": True, "false": False},
    "Text": {"x": "x", " x ": " x ", "NO": "NO", "010": "010", "12:30": "12:30", "淋巴": "淋巴"},
    "Date": {text: text for text in ("2018", "2018-02", "2018-02-28", "2020-02-29", "0001", "1999-12-31")},
    "Slug": {text: text for text in ("cr", "fry-2018", "2018", "crs-grade-ge-3", "a1-b2")},
    "Notation": {text: text for text in ("%", "=", "<", "<=", ">", ">=", "percent", "cells-per-kg")},
    "Reference": {text: text for text in ("therapy/auto3", "evidence-level/expert-opinion", "claim/2018-x")},
    "Doi": {
        text: text
        for text in (
            "10.1200/JCO.19.03279",
            "10.1038/nm.4441",
            "10.1016/S0140-6736(24)00746-3",
            "10.1002/(SICI)1097-0258(19980815)17:15<1661::AID-SIM968>3.0.CO;2-2",
            "10.123456789/x",
        )
    },
    "Pmid": {text: text for text in ("1", "29155426", "999999999")},
    "Pmcid": {text: text for text in ("PMC176545", "PMC5774642", "PMC10123456")},
    "RegistryId": {
        text: text
        for text in (
            "NCT02315612",
            "ChiCTR-OIC-17013523",
            "ChiCTR1900025419",
            "2016-004680-39",
            "ISRCTN12345678",
        )
    },
    "Url": {text: text for text in ("https://x.org", "http://x.org/a?b=c&d=e#f", "https://x.org/%20~a;b,c/[1]")},
}

#: What each type refuses.
REFUSED: dict[str, tuple[str, ...]] = {
    "Integer": (
        *(
            "",
            " ",
            "58 ",
            " 58",
            "58\n",
            "+58",
            "--58",
            "- 58",
            "-",
            "-058",
            "058",
            "00",
            "1_000",
            "1,000",
            "1 000",
        ),
        *(
            "58.0",
            "5.",
            ".5",
            "1e3",
            "0x1F",
            "0b1",
            "nan",
            "inf",
            "true",
            "x",
            "５８",
            "٥٨",
            "৫",
            "²",
            "½",
            "58%",
            "9" * 13,
        ),
    ),
    "Number": (
        *("", " ", "68.1 ", " 68.1", "68.1\n", "+68.1", "-", ".5", "5.", "68.", "068.1", "00", "-.5", "68,1", "68.1.2"),
        *("1e3", "1E3", "6.81e1", "nan", "NaN", "inf", "-inf", "Infinity", "sNaN", "1_000.5", "1 000", "68.1%", "68·1"),
        *("６８.1", "68.１", "٦٨", "0x1F", "true", "x", "<0.001", "9" * 19, "0." + "1" * 13),
    ),
    "Boolean": ("", "True", "TRUE", "yes", "no", "NO", "on", "off", "1", "0", "y", "tru", "true ", " true", "ｔｒｕｅ"),
    "Text": ("", " ", "\n", "\t \n", "\u00a0", "\u3000"),
    "Date": (
        *(
            "",
            "18",
            "218",
            "20180",
            "2018-1",
            "2018-13",
            "2018-00",
            "2018-00-01",
            "2018-02-29",
            "2018-02-30",
            "1900-02-29",
        ),
        *("2018-04-31", "2018-1-2", "2018/01/02", "20180102", "02-01-2018", "2018-01-02T00:00", "2018-01-02Z", "0000"),
        *(
            "-2018",
            "+2018",
            "2018 ",
            " 2018",
            "2018\n",
            "２０１８",
            "٢٠١٨",
            "2018-W01",
            "2018-001",
            "Q1 2018",
            "9999-12-31",
            "9999",
            "2018-",
            "x",
        ),
    ),
    "Slug": (
        *("", "Fry-2018", "fry_2018", "fry 2018", "-fry", "fry-", "fry--2018", "fry/2018", "fry.2018", "frÿ", "fry\n"),
        *(" fry", "１", "fry#1", "claim:fry"),
    ),
    "Notation": ("", "%%%", "≥", "~", "percent ", "Percent", "% ", "%-a", "!"),
    "Reference": (
        *("", "auto3", "therapy", "therapy/", "/auto3", "therapy/auto3/x", "therapy:auto3", "Therapy/auto3"),
        *("therapy/AUTO3", "therapy /auto3", "therapy2/auto3", "therapy//auto3", "therapy/auto3\n"),
    ),
    "Doi": (
        *("", "10.1", "10.1/x", "10.12/x", "10.123/x", "10.1200", "10.1200/", "10.1234567890/x", "11.1200/x", "x"),
        *("doi:10.1200/x", "https://doi.org/10.1200/x", "10.1200/a b", "10.1200/x\n", " 10.1200/x", "10.1200/é"),
        *("１０.1200/x", "10,1200/x", '10.1200/x"y', "10.1200/x{y}", "DOI 10.1200/x"),
    ),
    "Pmid": (
        "",
        "0",
        "029155426",
        "-1",
        "PMID29155426",
        "2915 5426",
        "29155426.0",
        "1234567890",
        "２９",
        "29155426\n",
        "x",
    ),
    "Pmcid": (
        "",
        "5774642",
        "pmc5774642",
        "PMC",
        "PMC0123",
        "PMC12",
        "PMC 5774642",
        "PMC5774642\n",
        "PMC５７７",
        "PMC1234567890",
    ),
    "RegistryId": (
        *("", "NCT0231561", "NCT023156123", "nct02315612", "NCT 02315612", "NCT0231561２", "02315612", "NCT02315612\n"),
        *("NCTO2315612", "ChiCTR190002541", "ChiCTR-OIC-1701352", "chictr1900025419", "2016-4680-39", "ISRCTN1234567"),
    ),
    "Url": (
        *(
            "",
            "x.org",
            "ftp://x.org",
            "//x.org",
            "javascript:alert(1)",
            "https://",
            "https:/x.org",
            "https://x.org/a b",
        ),
        *(
            "https://x.org/é",
            "https://x.org/<a>",
            'https://x.org/"',
            "https://x.org\n",
            "HTTPS://x.org",
            "https://x.org/a|b",
        ),
        *("https://x.org/{a}", "https://x.org/a\\b", "https://x.org/a^b", "https://x.org/`"),
    ),
}

#: What is no text at all, which no type takes for text.
OTHER: tuple[Any, ...] = (None, [], ["x"], {}, {"a": "x"}, 1.5, b"x")


def cases(table: dict[str, Any]) -> list[Any]:
    """Return one case per type and text."""
    return [pytest.param(name, text, id=f"{name}-{text!r}") for name, texts in table.items() for text in texts]


def fault(name: str, value: Any) -> str:
    """Return the message with which a type refuses a value."""
    with pytest.raises(ValidationError) as caught:
        ADAPTERS[name].validate_python(value)
    assert caught.value.error_count() == 1
    return str(caught.value.errors()[0]["msg"])


@pytest.mark.parametrize(("name", "text"), cases(ACCEPTED))
def test_accepted(name: str, text: str) -> None:
    """Well-formed text becomes the value it writes, of the type it says."""
    found = ADAPTERS[name].validate_python(text)

    assert (found, type(found)) == (ACCEPTED[name][text], type(ACCEPTED[name][text]))


@pytest.mark.parametrize(("name", "text"), cases(REFUSED))
def test_refused(name: str, text: str) -> None:
    """Malformed text is refused with a message that shows it, and one fix."""
    message = fault(name, text)

    assert message.count("; fix: ") == 1
    assert text.strip() == "" or text in message


@pytest.mark.parametrize("name", ADAPTERS)
@pytest.mark.parametrize("value", OTHER, ids=repr)
def test_other_than_text_is_refused(name: str, value: Any) -> None:
    """Lists, mappings, bytes, floats and nothing are never coerced."""
    assert "; fix: " in fault(name, value)


@pytest.mark.parametrize("name", ["Integer", "Number"])
@pytest.mark.parametrize("value", [True, False, 1.0, float("nan"), float("inf")], ids=repr)
def test_no_number_from_booleans_and_floats(name: str, value: Any) -> None:
    """A truth value is no number, and a binary float has lost its digits."""
    assert "; fix: " in fault(name, value)


@pytest.mark.parametrize("value", [0, 1, "1", "0"], ids=repr)
def test_no_boolean_from_numbers(value: Any) -> None:
    """One is not true."""
    assert "; fix: " in fault("Boolean", value)


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "sNaN", "Infinity"])
def test_no_special_decimal(text: str) -> None:
    """A number that is none does not get in as a ready-made object either."""
    assert fault("Number", Decimal(text))


@pytest.mark.parametrize("text", ["0", "0.0", "0.00", "68.1", "68.10", "68.100", "-0.50", "100", "100.0"])
def test_digits_are_kept(text: str) -> None:
    """A number is written as its author wrote it, trailing zeros included."""
    assert format(ADAPTERS["Number"].validate_python(text), "f") == text


@given(st.integers(-999_999_999_999, 999_999_999_999))
def test_every_integer(number: int) -> None:
    """Any whole number of up to twelve digits is read back as itself."""
    assert ADAPTERS["Integer"].validate_python(str(number)) == number


@given(st.decimals(-(10**17), 10**17, places=3))
def test_every_decimal(number: Decimal) -> None:
    """Any decimal with three places is read back with its three places."""
    text = format(number, "f").replace("-0.000", "0.000")

    assert format(ADAPTERS["Number"].validate_python(text), "f") == text


@given(st.dates(max_value=date(2020, 12, 31)))
def test_every_day(day: date) -> None:
    """Any day that has passed, its month and its year are dates."""
    for text in (day.isoformat(), day.isoformat()[:7], day.isoformat()[:4]):
        assert ADAPTERS["Date"].validate_python(text) == text


@given(st.text(max_size=12), st.sampled_from(("Integer", "Number", "Date", "Pmid", "RegistryId", "Doi", "Slug")))
def test_only_ascii_gets_in(text: str, name: str) -> None:
    """No type of strict form accepts a character outside ASCII, or a blank."""
    try:
        ADAPTERS[name].validate_python(text)
    except ValidationError:
        return
    assert text.isascii()
    assert text.split() == [text]
