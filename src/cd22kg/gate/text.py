"""Text from files: bounded in size, UTF-8, normalised, and free of characters that hide what is written."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from cd22kg.errors import InputError, Location

#: Largest text file that is read, in bytes.
MAX_BYTES = 16 * 1024 * 1024

#: Categories of characters that hide what is written: controls, format and bidirectional marks, zero-width
#: characters, lone surrogates, line and paragraph separators, private characters.
HIDDEN_CATEGORIES = frozenset(("Cc", "Cf", "Co", "Cs", "Zl", "Zp"))
_SUSPECT = re.compile(r"[^\t\n -~]")


def read_text(path: Path, *, name: str = "", max_bytes: int = MAX_BYTES) -> str:
    """Return the text of a file.

    Args:
        path: The file.
        name: How messages call it; its path where empty.
        max_bytes: Largest size accepted, in bytes.

    Raises:
        InputError: If it cannot be read, is empty, too large, not UTF-8, not normalised (NFC), or holds a control,
            bidirectional or zero-width character. The location points at the character.
    """
    name = name or str(path)
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except IsADirectoryError:
        raise InputError("this is a folder", Location(name), hint="name a file") from None
    except OSError as error:
        raise InputError(
            f"cannot read the file: {error.strerror or error}", Location(name), hint="check the path"
        ) from None
    if len(data) > max_bytes:
        raise InputError(f"the file has over {max_bytes} bytes", Location(name), hint="split it")
    return decode(data, name)


def decode(data: bytes, name: str) -> str:
    """Return bytes from outside as text, by the same rules as `read_text`."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        raise InputError(
            f"byte 0x{data[error.start]:02x} is not UTF-8", place_after(name, before), hint="save the file as UTF-8"
        ) from None
    if text.startswith("\ufeff"):
        raise InputError(
            "the file starts with a byte order mark", Location(name, 1, 1), hint="save as UTF-8 without BOM"
        )
    if not text.strip():
        raise InputError("the file is empty", Location(name, 1, 1), hint="write its content or delete the file")
    if fault := fault_of(text):
        number, what, hint = fault
        raise InputError(what, place_after(name, text[:number]), hint=hint)
    return text


def fault_of(text: str) -> tuple[int, str, str] | None:
    """Return the offset of the first character that hides what is written, with what is wrong and how to mend it.

    For text that reaches us in another way than as a file: what an escape in a file stands for, an argument.
    """
    for suspect in _SUSPECT.finditer(text):
        number, character = suspect.start(), suspect[0]
        if character == "\r" and text[number + 1 : number + 2] == "\n":
            continue
        category = unicodedata.category(character)
        if category == "Cs":
            return number, "a byte that is not UTF-8", "write it in UTF-8"
        if category in HIDDEN_CATEGORIES:
            return number, f"hidden or control character U+{ord(character):04X}", "delete it"
    if not unicodedata.is_normalized("NFC", text):
        return len(_common(text)), "the text is not in Unicode normal form C", "normalise it to NFC"
    return None


def visible(text: str) -> str:
    r"""Return a text on one line, with what hides, moves the cursor or turns the order of letters spelled out.

    Example:
        >>> visible(chr(0x202E) + "live")
        '\\u202Elive'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(spelled(c) if is_hidden(c) else c for c in text)


def is_hidden(character: str) -> bool:
    """Return whether a character hides what is written, or is none: U+FFFE and the like, which XML cannot hold."""
    return unicodedata.category(character) in HIDDEN_CATEGORIES or ord(character) & 0xFFFE == 0xFFFE


def spelled(character: str) -> str:
    r"""Return a character as ``\u`` and four digits, or ``\U`` and eight."""
    number = ord(character)
    return f"\\u{number:04X}" if number < 0x10000 else f"\\U{number:08X}"


def _common(text: str) -> str:
    normal = unicodedata.normalize("NFC", text)
    number = next((n for n, (a, b) in enumerate(zip(text, normal, strict=False)) if a != b), 0)
    return text[:number]


def place_after(name: str, before: str) -> Location:
    """Return the place at which a text goes on after what stands before it."""
    line = before.count("\n") + 1
    return Location(name, line, len(before) - (before.rfind("\n") + 1) + 1)
