"""What is done to text that anybody may have written before it reaches a terminal, a log or a document."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from cd22kg.gate.text import is_hidden, spelled, visible

#: What build services read as a command, wherever it stands in a line of their log.
_COMMAND = re.compile(r"#(?=#(vso)?\[)")
#: Line ends and tabs are the layout of a document; within its texts each form escapes them by itself.
_SUSPECT = re.compile(r"[^\n\t -~]")


def shielded(text: str) -> str:
    """Return a text that stays on its line, hides nothing, and is no command to a build service."""
    return _COMMAND.sub(r"\\u0023", visible(text))


def line_start(text: str) -> str:
    """Return shielded text that can stand first on a line, where two colons begin a command of some build services."""
    return f"./{text}" if text.lstrip().startswith("::") else text


def escaped(document: str, how: Callable[[str], str] = spelled, sign: str = r"\u0023") -> str:
    """Return a document with what hides in its texts escaped, so that it is the same data and safe to look at.

    Args:
        document: Text of a form that knows escapes, such as JSON or Turtle without prefixes.
        how: Returns the escape of a character.
        sign: The escape of a number sign.
    """

    def replaced(match: re.Match[str]) -> str:
        return how(match[0]) if is_hidden(match[0]) else match[0]

    return _COMMAND.sub(lambda match: sign, _SUSPECT.sub(replaced, document))


def json_text(document: Any, indent: int = 1) -> str:
    """Return a document as JSON in which hidden characters are escaped, beyond the first plane as JSON does it."""
    text = json.dumps(document, ensure_ascii=False, indent=indent)
    return escaped(text, lambda character: json.dumps(character)[1:-1]) + "\n"
