"""Ask the reasoners and the profile checker of the OWL API, in a process that Java may keep to itself.

    python -m tests.owlapi <library of the Java runtime> <folder of jars> <questions.json> <answers.json>

A question names an ontology file and what to ask: ``profiles``, or reasoners by name. An answer holds, for profiles,
the violations; for a reasoner, whether any world fits, the classes that can have no member, and all classes above
classes and of individuals.
"""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

PROFILES = ("DL", "EL", "QL", "RL")
REASONERS = {
    "ELK": "org.semanticweb.elk.owlapi.ElkReasonerFactory",
    "HermiT": "org.semanticweb.HermiT.ReasonerFactory",
    "JFact": "uk.ac.manchester.cs.jfact.JFactFactory",
    "Openllet": "openllet.owlapi.OpenlletReasonerFactory",
}
_OWLAPI = "org.semanticweb.owlapi."


def main(library: str, jars: str, questions: str, answers: str) -> None:
    """Answer the questions of one file in another."""
    jpype: Any = import_module("jpype")
    jpype.startJVM(
        library,
        "-Xmx1g",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=off",
        classpath=[str(path) for path in sorted(Path(jars).glob("*.jar"))],
    )
    asked = json.loads(Path(questions).read_text(encoding="utf-8"))
    found: dict[str, Any] = {}
    for name, question in asked.items():
        manager = jpype.JClass(_OWLAPI + "apibinding.OWLManager").createOWLOntologyManager()
        ontology = manager.loadOntologyFromOntologyDocument(jpype.JClass("java.io.File")(question["file"]))
        found[name] = {
            word: profiles(jpype, ontology) if word == "profiles" else reasoned(jpype, ontology, word)
            for word in question["ask"]
        }
    Path(answers).write_text(json.dumps(found), encoding="utf-8")


def profiles(jpype: Any, ontology: Any) -> dict[str, list[list[str]]]:
    """Return, by profile, what is outside it: the kind of violation, the kind of axiom, and what stands in it."""
    found = {}
    for name in PROFILES:
        checker = jpype.JClass(f"{_OWLAPI}profiles.OWL2{name}Profile")()
        found[name] = [
            [
                str(violation.getClass().getSimpleName()),
                str(violation.getAxiom().getAxiomType().getName()) if violation.getAxiom() is not None else "",
                _kind(violation.getExpression()),
            ]
            for violation in checker.checkOntology(ontology).getViolations()
        ]
    return found


def _kind(expression: Any) -> str:
    if expression is None:
        return ""
    for name in ("getClassExpressionType", "getDataRangeType"):
        if hasattr(expression, name) and not (hasattr(expression, "isNamed") and expression.isNamed()):
            return str(getattr(expression, name)().getName())
    return str(expression)


def reasoned(jpype: Any, ontology: Any, name: str) -> dict[str, Any]:
    """Return what a reasoner finds, with the seconds it took."""
    start = time.monotonic()
    factory = jpype.JClass(REASONERS[name])
    reasoner = (factory.getInstance() if name == "Openllet" else factory()).createReasoner(ontology)
    found: dict[str, Any] = {"consistent": bool(reasoner.isConsistent())}
    if found["consistent"]:
        reasoner.precomputeInferences(jpype.JClass(_OWLAPI + "reasoner.InferenceType").CLASS_HIERARCHY)
        classes, subclasses = list(ontology.getClassesInSignature()), set()
        for one in classes:
            above = [*reasoner.getSuperClasses(one, False).getFlattened(), *reasoner.getEquivalentClasses(one)]
            subclasses |= {(_iri(one), _iri(other)) for other in above if other != one}
        found["subclasses"] = sorted(subclasses)
        found["types"] = sorted(
            (_iri(one), _iri(other))
            for one in ontology.getIndividualsInSignature()
            for other in reasoner.getTypes(one, False).getFlattened()
        )
        found["impossible"] = sorted(map(_iri, reasoner.getUnsatisfiableClasses().getEntitiesMinusBottom()))
    reasoner.dispose()
    found["seconds"] = round(time.monotonic() - start, 2)
    return found


def _iri(entity: Any) -> str:
    return str(entity.getIRI())


if __name__ == "__main__":
    main(*sys.argv[1:])
