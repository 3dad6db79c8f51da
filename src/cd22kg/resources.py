"""Where the data folders are: in the installed package, or beside ``pyproject.toml`` in a checkout."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

from cd22kg.errors import ResourceError

FOLDERS = ("claims", "ontology", "queries", "shapes", "syntheses")


@cache
def folder(kind: str) -> Path:
    """Return the folder of one kind of data, one of `FOLDERS`.

    Raises:
        ResourceError: If the kind is unknown or the folder is nowhere.
    """
    if kind not in FOLDERS:
        raise ResourceError(f"no data folder `{kind}`", hint=f"one of: {', '.join(FOLDERS)}")
    installed = Path(str(files("cd22kg"))) / "_data" / kind
    if installed.is_dir():
        return installed
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / "pyproject.toml").is_file() and (checkout / kind).is_dir():
        return checkout / kind
    raise ResourceError(f"the data folder `{kind}` is missing", hint="install cd22kg again")


def resource_files(kind: str, pattern: str) -> tuple[Path, ...]:
    """Return the files of a data folder that fit the pattern, sorted by name.

    Raises:
        ResourceError: If there is none: reading nothing is an error.
    """
    found = tuple(sorted(folder(kind).glob(pattern)))
    if not found:
        raise ResourceError(f"no {pattern} in the data folder `{kind}`", hint="install cd22kg again")
    return found
