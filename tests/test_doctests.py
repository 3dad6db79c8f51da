"""The examples in docstrings run and give what they show."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import cd22kg

MODULES = sorted(
    module.name for module in pkgutil.walk_packages(cd22kg.__path__, "cd22kg.") if "__main__" not in module.name
)


def test_there_are_examples() -> None:
    """At least the package, the graph and the interval carry an example."""
    finder = doctest.DocTestFinder()
    found = [n for n in ("cd22kg", *MODULES) if any(t.examples for t in finder.find(importlib.import_module(n)))]
    assert {"cd22kg", "cd22kg.graph", "cd22kg.statistics.proportion"} <= set(found)


@pytest.mark.parametrize("name", ["cd22kg", *MODULES])
def test_examples(name: str) -> None:
    """Every example of a module gives what it shows."""
    assert doctest.testmod(importlib.import_module(name)).failed == 0
