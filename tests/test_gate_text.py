"""Text from files: what is refused, and where the message points."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd22kg.errors import InputError, Location
from cd22kg.gate.text import MAX_BYTES, decode, read_text

#: Bidirectional controls and zero-width characters: they make text look other than it is.
HIDDEN = "\u061c\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
#: Bytes that are refused, with the line and column of the fault and a piece of the message.
REFUSED = {
    "empty": (b"", 1, 1, "the file is empty"),
    "blank": (b" \n\t\r\n", 1, 1, "the file is empty"),
    "byte order mark": (b"\xef\xbb\xbfa: 1\n", 1, 1, "byte order mark"),
    "UTF-16": ("a: 1\n".encode("utf-16"), 1, 1, "byte 0xff is not UTF-8"),
    "Latin-1": (b"a: 1\nb: caf\xe9\n", 2, 7, "byte 0xe9 is not UTF-8"),
    "overlong slash": (b"a: \xc0\xaf\n", 1, 4, "byte 0xc0 is not UTF-8"),
    "surrogate": (b"ok\n\xed\xa0\x80", 2, 1, "byte 0xed is not UTF-8"),
    "cut in a character": ("a: é".encode()[:-1], 1, 4, "byte 0xc3 is not UTF-8"),
    "after a wide character": ("é: ".encode() + b"\xff", 1, 4, "byte 0xff is not UTF-8"),
    "NUL": (b"a: 1\nb: \x00\n", 2, 4, "U+0000"),
    "escape": (b"a: \x1b[31m\n", 1, 4, "U+001B"),
    "delete": (b"a: 1\x7f", 1, 5, "U+007F"),
    "vertical tab": (b"a\x0bb", 1, 2, "U+000B"),
    "form feed": (b"a\x0cb", 1, 2, "U+000C"),
    "decomposed": ("a: 1\nb: cafe\u0301\n".encode(), 2, 7, "normal form C"),
    "singleton": ("a: 10 \u212b\n".encode(), 1, 7, "normal form C"),
    "marks in the wrong order": ("x: q\u0307\u0323\n".encode(), 1, 5, "normal form C"),
}

#: Bidirectional controls and zero-width characters.
BIDIRECTIONAL_AND_ZERO_WIDTH = tuple(
    "\u061c\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)


@pytest.mark.parametrize(("data", "line", "column", "message"), REFUSED.values(), ids=REFUSED)
def test_refused_with_its_place(data: bytes, line: int, column: int, message: str) -> None:
    """Text that is not what it seems is refused; the location is that of the first fault."""
    with pytest.raises(InputError) as caught:
        decode(data, "x.yaml")

    assert message in caught.value.message
    assert caught.value.location == Location("x.yaml", line, column)
    assert caught.value.hint
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("character", HIDDEN, ids=lambda character: f"U+{ord(character):04X}")
def test_hidden_character_is_refused(character: str) -> None:
    """Bidirectional controls and zero-width characters are refused wherever they stand."""
    with pytest.raises(InputError) as caught:
        decode(f"a: 1\nb: x{character}y\n".encode(), "x.yaml")

    assert caught.value.message == f"hidden or control character U+{ord(character):04X}"
    assert caught.value.location == Location("x.yaml", 2, 5)


@pytest.mark.parametrize("number", [*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F], ids=lambda n: f"U+{n:04X}")
def test_control_character_is_refused(number: int) -> None:
    """Every ASCII control but tab, line feed and carriage return is refused."""
    with pytest.raises(InputError, match=f"U\\+{number:04X}"):
        decode(b"a" + bytes([number]), "x.yaml")


@pytest.mark.parametrize("number", range(0x80, 0xA0), ids=lambda n: f"U+{n:04X}")
def test_c1_control_is_refused(number: int) -> None:
    """The second block of control characters is refused too: terminals obey some of them."""
    with pytest.raises(InputError, match=f"U\\+{number:04X}"):
        decode(f"a{chr(number)}".encode(), "x.yaml")


def test_too_large(tmp_path: Path) -> None:
    """A file one byte over the limit is refused, one of exactly the limit is read."""
    path = tmp_path / "x.yaml"
    path.write_bytes(b"a" * 11)

    with pytest.raises(InputError) as caught:
        read_text(path, name="x.yaml", max_bytes=10)
    assert str(caught.value) == "x.yaml: the file has over 10 bytes\n  fix:  split it"
    assert read_text(path, max_bytes=11) == "a" * 11


def test_default_limit_is_enforced(tmp_path: Path) -> None:
    """Without a limit of its own, a reading stops at the limit of the module."""
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)

    with pytest.raises(InputError, match=f"over {MAX_BYTES} bytes"):
        read_text(path)


def test_folder(tmp_path: Path) -> None:
    """A folder is named as such."""
    with pytest.raises(InputError) as caught:
        read_text(tmp_path, name="claims")

    assert caught.value.message == "this is a folder"
    assert caught.value.location == Location("claims")


def test_missing(tmp_path: Path) -> None:
    """A file that is not there gives the system's reason, and no traceback of another error."""
    with pytest.raises(InputError) as caught:
        read_text(tmp_path / "none.yaml")

    assert caught.value.message == "cannot read the file: No such file or directory"
    assert caught.value.location == Location(str(tmp_path / "none.yaml"))
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("character", "\u0085\u2028\u2029", ids=lambda character: f"U+{ord(character):04X}")
def test_hidden_line_break_is_refused(character: str) -> None:
    """A break that YAML obeys and editors do not show would let a comment hide a key."""
    with pytest.raises(InputError) as caught:
        decode(f"a: 1 # note{character}b: 2\n".encode(), "x.yaml")

    assert caught.value.message == f"hidden or control character U+{ord(character):04X}"
    assert caught.value.location == Location("x.yaml", 1, 12)


@pytest.mark.parametrize(
    "character",
    ["\u00ad", "\u180e", "\u2061", "\u2064", "\u206a", "\ufff9", "\U000e0001", "\U000e0041"],
    ids=lambda character: f"U+{ord(character):04X}",
)
def test_format_character_is_refused(character: str) -> None:
    """Characters that only steer the layout, tags among them, are as hidden as zero-width ones."""
    with pytest.raises(InputError, match=f"U\\+{ord(character):04X}"):
        decode(f"a: x{character}y".encode(), "x.yaml")


def test_lone_carriage_return_is_refused() -> None:
    """A carriage return without its line feed ends a line for YAML, and for few editors."""
    with pytest.raises(InputError) as caught:
        decode(b"a: 1 # note\rb: 2\n", "x.yaml")

    assert caught.value.message == "hidden or control character U+000D"
    assert caught.value.location == Location("x.yaml", 1, 12)


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_place_after_any_newline(newline: str) -> None:
    """The line is counted the same whichever way the lines end."""
    with pytest.raises(InputError) as caught:
        decode(f"a: 1{newline}b: \u200b".encode(), "x.yaml")

    assert caught.value.location == Location("x.yaml", 2, 4)


def test_good_text_is_unchanged() -> None:
    """Letters, signs, tabs and newlines of any script pass as they are."""
    text = "a: ≥ 58 %\t– naïve 淋巴 \U0001f9ec\r\nb: x\n"

    assert decode(text.encode(), "x.yaml") == text


@given(st.binary(max_size=60))
def test_bytes_are_read_or_refused(data: bytes) -> None:
    """Any bytes either come back as the same text or are refused with a place inside the file."""
    try:
        text = decode(data, "x")
    except InputError as error:
        assert error.location is not None
        assert error.location.file == "x"
        assert 1 <= error.location.line <= data.count(b"\n") + data.count(b"\r") + 1
        assert 1 <= error.location.column <= len(data) + 1
    else:
        assert text.encode() == data
