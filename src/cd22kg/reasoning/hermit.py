"""HermiT, the reasoner that ships with owlready2: run as a program of its own, with a limit on time and memory.

It is called as owlready2 calls it, without owlready2's own store in between and without the classification of
properties, which takes longer than all the rest and which nothing here reads.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from cd22kg.errors import ReasonerError
from cd22kg.namespaces import STANDARD_PREFIXES
from cd22kg.reasoning.java import Java

NOTHING = STANDARD_PREFIXES["owl"] + "Nothing"
#: Longest run, in seconds, and largest heap, in megabytes; the ontology needs two seconds and 200 MB.
SECONDS, MEGABYTES = 60.0, 1024
#: Start fast: no second compiler, no second collector.
_FLAGS = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Djava.awt.headless=true")
_LINE = re.compile(r"^(\w+)\( ((?:<[^>]+> ?)+)\)$", re.MULTILINE)
_INCONSISTENT = "Inconsistent ontology"


@dataclass(frozen=True)
class Answer:
    """What HermiT says of an ontology.

    Attributes:
        consistent: Whether any world fits it; nothing else holds otherwise.
        types: Individuals, each with the most special classes it belongs to.
        subclasses: Classes, each with those directly above it.
        impossible: Classes that can have no member.
    """

    consistent: bool
    types: tuple[tuple[str, str], ...] = ()
    subclasses: tuple[tuple[str, str], ...] = ()
    impossible: tuple[str, ...] = ()


def classify(ntriples: bytes, java: Java, *, seconds: float = SECONDS, megabytes: int = MEGABYTES) -> Answer:
    """Return classes and the classes of individuals, as HermiT infers them.

    Args:
        ntriples: The ontology.
        java: The Java to run it on.
        seconds: Time after which it is stopped.
        megabytes: Heap that it may use.

    Raises:
        ReasonerError: If Java or HermiT fails, or takes too long.
    """
    code, output = _run(("-c", "-I"), (ntriples,), java, seconds, megabytes)
    if code and _INCONSISTENT in output:
        return Answer(consistent=False)
    if code:
        raise _failure(output)
    types, subclasses, impossible = [], [], set()
    for relation, names in _LINE.findall(output):
        terms = re.findall(r"<([^>]+)>", names)
        if relation == "Type":
            types.append((terms[0], terms[1]))
        elif relation == "SubClassOf":
            subclasses.append((terms[0], terms[1]))
        elif relation == "EquivalentClasses" and NOTHING in terms:
            impossible |= set(terms) - {NOTHING}
    return Answer(True, tuple(sorted(types)), tuple(sorted(subclasses)), tuple(sorted(impossible)))


def consistent_up_to(
    documents: Sequence[bytes], java: Java, *, seconds: float = SECONDS, megabytes: int = MEGABYTES
) -> int:
    """Return how many ontologies, from the first on, some world fits: the number before the first contradiction.

    One run asks them all, as starting Java takes longer than most answers.

    Raises:
        ReasonerError: If Java or HermiT fails, or takes too long.
    """
    code, output = _run(("-k",), documents, java, seconds, megabytes)
    if code and _INCONSISTENT not in output:
        raise _failure(output)
    return sum(line.endswith("#Thing is satisfiable.") for line in output.splitlines())


def jar() -> Path:
    """Return HermiT's program, in the package owlready2.

    Raises:
        ReasonerError: If it is not there.
    """
    spec = find_spec("owlready2")
    places = spec.submodule_search_locations if spec else None
    found = Path(places[0]) / "hermit" / "HermiT.jar" if places else None
    if found is None or not found.is_file():
        raise ReasonerError("HermiT is missing from the package owlready2", hint="install owlready2 again")
    return found


def _run(
    options: Sequence[str], documents: Sequence[bytes], java: Java, seconds: float, megabytes: int
) -> tuple[int, str]:
    program = jar()
    with tempfile.TemporaryDirectory(prefix="cd22kg-") as folder:
        paths = [Path(folder) / f"{n}.nt" for n in range(len(documents))]
        for path, document in zip(paths, documents, strict=True):
            path.write_bytes(document)
        command = [
            str(java.program),
            f"-Xmx{megabytes}m",
            *_FLAGS,
            *("-cp", os.pathsep.join((str(program.parent), str(program)))),
            *("org.semanticweb.HermiT.cli.CommandLine", *options, *(path.as_uri() for path in paths)),
        ]
        try:
            process = subprocess.Popen(  # noqa: S603  # a fixed command; the ontology is a file
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=folder,
                start_new_session=True,
            )
        except OSError as error:
            text = f"cannot run Java: {error.strerror or error}"
            raise ReasonerError(text, hint=f"Java was found by {java.found_by}: {java.program.name}") from None
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise ReasonerError(
                f"HermiT was stopped after {seconds:g} s", hint="simplify the axioms added last, or run it again"
            ) from None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
    return process.returncode, output.decode("utf-8", errors="replace")


def _failure(output: str) -> ReasonerError:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    if any("OutOfMemoryError" in line for line in lines):
        return ReasonerError("HermiT ran out of memory", hint="simplify the axioms added last")
    told = next((line for line in lines if "Exception" in line or "Error" in line), lines[0] if lines else "no output")
    return ReasonerError(f"HermiT failed: {told[:300]}", hint="an axiom outside OWL 2 DL, or a broken Java")
