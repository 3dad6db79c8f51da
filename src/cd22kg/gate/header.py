"""The header of a SPARQL file: lines that begin with ``#+`` and hold YAML, as grlc reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cd22kg.errors import InputError, Location
from cd22kg.gate.text import read_text
from cd22kg.gate.yaml import parse_yaml

_MARK = "#+"


@dataclass(frozen=True)
class Header:
    """What a header says, with the name of its file."""

    name: str
    fields: Mapping[str, Any]

    def __getitem__(self, key: str) -> Any:
        """Return a field.

        Raises:
            InputError: If the header lacks it.
        """
        if key not in self.fields:
            place = Location(self.name, 1, 1)
            raise InputError(f"the header lacks {key!r}", place, hint="see queries/ for examples")
        return self.fields[key]

    def parts(self, key: str) -> tuple[Header, ...]:
        """Return the entries of a field that lists further fields; none where it is missing."""
        return tuple(Header(self.name, part) for part in self.fields.get(key, ()))

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the texts of a field that holds one or several; none where it is missing."""
        value: str | list[str] = self.fields.get(key, [])
        return (value,) if isinstance(value, str) else tuple(value)


def read_with_header(path: Path, *, name: str) -> tuple[Header, str]:
    """Return the header of a file, and its text as a whole.

    Raises:
        InputError: If the file cannot be read, or its header is missing or is not YAML.
    """
    text = read_text(path, name=name)
    header = "\n".join(line[3:] for line in text.splitlines() if line.startswith(_MARK))
    if not header:
        raise InputError("the query has no header", Location(name, 1, 1), hint="begin with `#+ summary: ...`")
    return Header(name, parse_yaml(header, name)[0].plain()), text
