"""What the reference pages share: how text, headings and links are written in Markdown."""

from __future__ import annotations

import re

#: What every page says of itself.
NOTICE = "Written by `cd22kg export reference` from the files; change those, not this page."
_MARKS = re.compile(r"[\\*_<>|\[\]`~]")


def anchor(heading: str) -> str:
    """Return the name by which links reach a heading."""
    return re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")


def plain(text: str) -> str:
    """Return a text with what Markdown would read as marks told to stand for itself, on one line."""
    return _shield(" ".join(text.split()))


def _shield(text: str) -> str:
    return _MARKS.sub(lambda match: "\\" + match[0], text)


def marked(text: str) -> str:
    """Return a text of our own with its code between backticks kept, and all else as `plain` gives it."""
    parts = " ".join(text.split()).split("`")
    if len(parts) % 2 == 0:
        return plain(text)
    return "".join(f"`{part}`" if number % 2 else _shield(part) for number, part in enumerate(parts))
