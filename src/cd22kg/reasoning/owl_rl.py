"""Reasoning without Java: the OWL 2 RL rules of ``reasonable``.

It derives what follows from stated values, hierarchies and chains. Counting (a product with exactly two antigens) and
contradictions are beyond it.
"""

from __future__ import annotations

import tempfile
from importlib.util import find_spec
from pathlib import Path

from cd22kg.errors import ReasonerError
from cd22kg.namespaces import STANDARD_PREFIXES

_TYPE = STANDARD_PREFIXES["rdf"] + "type"


def available() -> bool:
    """Return whether the library is installed."""
    return find_spec("reasonable") is not None


def types(ntriples: bytes) -> tuple[tuple[str, str], ...]:
    """Return individuals with the classes they belong to by the rules of OWL 2 RL.

    Raises:
        ReasonerError: If the library is missing.
    """
    if not available():
        raise ReasonerError("no reasoner: neither Java nor `reasonable`", hint="pip install 'cd22kg[reason]'")
    from reasonable import PyReasoner  # type: ignore[import-untyped]  # no stubs

    reasoner = PyReasoner()
    with tempfile.TemporaryDirectory(prefix="cd22kg-") as folder:
        path = Path(folder) / "ontology.ttl"
        path.write_bytes(ntriples)
        reasoner.load_file(str(path))
    found = {(str(s), str(o)) for s, p, o in reasoner.reason() if str(p) == _TYPE}
    return tuple(sorted(found))
