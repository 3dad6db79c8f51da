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
    return _MARKS.sub(lambda match: "\\" + match[0], " ".join(text.split()))
