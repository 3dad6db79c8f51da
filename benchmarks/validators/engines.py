"""The engines: how each is started on data and shapes, what it cannot do, and how its report is read.

Each writes its whole report to stdout. Where an engine has a command, that is run; else a program of `adapters/`.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import distributions, version
from pathlib import Path

from pyoxigraph import RdfFormat, Triple, parse

from validators.data import Finding
from validators.shapes import PREFIX, SHACL

_ADAPTERS = Path(__file__).parent / "adapters"
_HOME = Path(sys.prefix)
#: What `make bench-shacl-libraries` sets up, beside the libraries of the package itself.
PYTHON, NODE, JENA = _HOME / "engines", _HOME / "engines-node", _HOME / "fuseki"
#: How much of the memory that an engine may hold its heap may have, where it wants to be told.
_HEAP = 0.85
_GET = "make bench-shacl-libraries"


@dataclass(frozen=True)
class Engine:
    """One engine.

    Attributes:
        command: From data, shapes and the most memory in MiB to what is run.
        read: From the file of its report to what it found.
        version: Its version, or nothing if it is not here.
        sparql: Whether it is given the constraints in SPARQL.
        codes: How it may end.
        remark: What a reader of its figures must know.
    """

    command: Callable[[Path, Path, float], list[str]]
    read: Callable[[Path], set[Finding]]
    version: Callable[[], str]
    sparql: bool = True
    codes: tuple[int, ...] = (0,)
    remark: str = ""


def read_json(report: Path) -> set[Finding]:
    """Return what a report of ``cd22kg validate --format json`` tells."""
    told = json.loads(report.read_text(encoding="utf-8"))
    if told["shown"] != told["total"]:
        raise ValueError(f"{told['shown']} of {told['total']} findings are in the report")
    return {(found["rule"].removeprefix(PREFIX), found["focusNode"]) for found in told["findings"]}


def read_report(form: RdfFormat) -> Callable[[Path], set[Finding]]:
    """Return what reads the pairs of source shape and focus node from a report in RDF."""

    def read(report: Path) -> set[Finding]:
        parts: dict[str, dict[str, str]] = {}
        conforms = False
        for quad in parse(path=report, format=form):
            triple: Triple = quad.triple
            name = triple.predicate.value.removeprefix(SHACL)
            conforms |= name == "conforms"
            if name in ("sourceShape", "focusNode"):
                parts.setdefault(str(triple.subject), {})[name] = str(triple.object).strip("<>")
        if not conforms:
            raise ValueError("there is no report in what it wrote")
        return {(part["sourceShape"].removeprefix(PREFIX), part["focusNode"]) for part in parts.values()}

    return read


def _cd22kg(data: Path, shapes: Path, memory: float) -> list[str]:
    command = [sys.executable, "-m", "cd22kg", "validate", str(data), "--shapes", str(shapes)]
    return [*command, "--format", "json", "--max-findings", "100000000"]


def _pyshacl(data: Path, shapes: Path, memory: float) -> list[str]:
    command = [sys.executable, "-m", "pyshacl", "-s", str(shapes), "-sf", "turtle", "-df", "nt", "-f", "nt"]
    return [*command, str(data)]


def _adapter(name: str) -> Callable[[Path, Path, float], list[str]]:
    return lambda data, shapes, memory: [
        *(str(PYTHON / "bin" / "python"), "-I", str(_ADAPTERS / f"{name}.py"), str(data), str(shapes))
    ]


def _node(name: str) -> Callable[[Path, Path, float], list[str]]:
    return lambda data, shapes, memory: [
        *(_program("node"), f"--max-old-space-size={memory * _HEAP:.0f}", str(_ADAPTERS / "run_javascript.mjs")),
        *(name, str(NODE), str(data), str(shapes)),
    ]


def _jena(data: Path, shapes: Path, memory: float) -> list[str]:
    heap = f"-Xmx{memory * _HEAP:.0f}m"
    command = [_program("java"), heap, "-XX:+ExitOnOutOfMemoryError", "-cp", f"{JENA}/*", "shacl.shacl_validate"]
    return [*command, "--shapes", str(shapes), "--data", str(data)]


def _program(name: str) -> str:
    return shutil.which(name) or name


def _python_package(name: str) -> str:
    folders = [str(folder) for folder in PYTHON.glob("lib/python*/site-packages")]
    return next((found.version for found in distributions(name=name, path=folders)), "") if folders else ""


def _node_package(name: str) -> str:
    with suppress(OSError, KeyError, ValueError):
        if shutil.which("node"):
            return str(json.loads((NODE / "node_modules" / name / "package.json").read_text("utf-8"))["version"])
    return ""


def _jena_version() -> str:
    jar = next(iter(sorted(JENA.glob("jena-shacl-*.jar"))), None)
    return jar.stem.rpartition("-")[2] if jar and shutil.which("java") else ""


_NO_SPARQL = "without the constraints in SPARQL, which it does not support"
#: In the order in which they are run.
ENGINES: dict[str, Engine] = {
    "cd22kg": Engine(_cd22kg, read_json, lambda: version("cd22kg"), codes=(0, 1)),
    "pyshifty": Engine(_adapter("run_shifty"), read_report(RdfFormat.TURTLE), lambda: _python_package("pyshifty")),
    "pyrudof": Engine(_adapter("run_rudof"), read_report(RdfFormat.N_TRIPLES), lambda: _python_package("pyrudof")),
    "Jena": Engine(_jena, read_report(RdfFormat.TURTLE), _jena_version),
    "rdf-validate-shacl": Engine(
        _node("rdf-validate-shacl"),
        read_report(RdfFormat.N_TRIPLES),
        lambda: _node_package("rdf-validate-shacl"),
        sparql=False,
        remark=_NO_SPARQL,
    ),
    "shacl-engine": Engine(
        _node("shacl-engine"),
        read_report(RdfFormat.N_TRIPLES),
        lambda: _node_package("shacl-engine"),
        remark="with its module for SPARQL",
    ),
    "shacl-engine-core": Engine(
        _node("shacl-engine"),
        read_report(RdfFormat.N_TRIPLES),
        lambda: _node_package("shacl-engine"),
        sparql=False,
        remark="the same engine without the constraints in SPARQL",
    ),
    "pySHACL": Engine(_pyshacl, read_report(RdfFormat.N_TRIPLES), lambda: version("pyshacl"), codes=(0, 1)),
}
OURS = "cd22kg"


def not_here(engine: str) -> str:
    """Return why an engine cannot run on this machine, or nothing if it can."""
    return "" if ENGINES[engine].version() else f"not here: {_GET}"


def versions() -> dict[str, str]:
    """Return the versions of the engines that are here, and of what they run on."""
    found = {name: engine.version() for name, engine in ENGINES.items() if name != "shacl-engine-core"}
    found |= {"pyoxigraph": version("pyoxigraph"), "rdflib": version("rdflib"), "n3": _node_package("n3")}
    for program, flag in (("node", "--version"), ("java", "-version")):
        if shutil.which(program):
            said = subprocess.run([_program(program), flag], capture_output=True, text=True, check=False)
            if number := re.search(r"\d+(\.\d+)+", said.stdout + said.stderr):
                found[program] = number[0]
    return {name: number for name, number in found.items() if number}
