"""Rewrite what follows from the claims and tests compare: ``python -m tests.expected``, part of `make generated`.

The expected rows of the library questions, the verdicts of audits, and the tables of the README. Read the diff
before it is committed: it says what a change of the data did to the answers.
"""

from __future__ import annotations

import re
import shlex
from itertools import pairwise
from pathlib import Path

import cd22kg
from cd22kg.queries import library
from tests import audit_fixture

ROOT = Path(__file__).resolve().parents[1]
ROWS = ROOT / "tests" / "data" / "queries"
README = ROOT / "README.md"
#: A command of the README, and the answer below it.
COMMANDS = re.compile(r"(^\$ \S+/cd22kg ([^\n]*)\n```\n\n)(.*?\n)(?=\n(?:An |</details>))", re.MULTILINE | re.DOTALL)


def overview(command: str, graph: cd22kg.KnowledgeGraph) -> str:
    """Return what a command of the README prints: ``overview`` with parameters and a format."""
    words = shlex.split(command)
    given = dict(word.split("=", 1) for flag, word in pairwise(words) if flag == "-p")
    form = words[words.index("--format") + 1]
    return graph.overview(form, **given)


def main() -> None:
    """Write every file anew."""
    graph = cd22kg.load()
    for query in library():
        (ROWS / f"{query.name}.csv").write_text(graph.query(query.name).to_text("csv"), encoding="utf-8", newline="")
    audit_fixture.main()
    text = README.read_text(encoding="utf-8")
    README.write_text(COMMANDS.sub(lambda m: m[1] + overview(m[2], graph), text), encoding="utf-8")


if __name__ == "__main__":
    main()
