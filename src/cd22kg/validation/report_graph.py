"""Results as SHACL itself reports them: a ``sh:ValidationReport`` in RDF."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, serialize

from cd22kg.namespaces import PREFIXES, STANDARD_PREFIXES
from cd22kg.validation.plan import Result
from cd22kg.validation.terms import RDF_TYPE, SH, XSD

_COMMENT = NamedNode(STANDARD_PREFIXES["rdfs"] + "comment")


def report_triples(results: Iterable[Result], notes: Iterable[str] = (), *, conforms: bool) -> list[Triple]:
    """Return the triples of a report.

    Args:
        results: Its results.
        notes: Remarks on how they were found.
        conforms: Whether there is no result at all, be it only a warning: SHACL's sense of the word.
    """
    report = BlankNode("report")
    triples = [
        Triple(report, NamedNode(RDF_TYPE), NamedNode(SH + "ValidationReport")),
        Triple(report, NamedNode(SH + "conforms"), Literal(str(conforms).lower(), datatype=NamedNode(XSD + "boolean"))),
        *(Triple(report, _COMMENT, Literal(note)) for note in notes),
    ]
    for number, result in enumerate(results):
        node = BlankNode(f"result{number}")
        triples.append(Triple(report, NamedNode(SH + "result"), node))
        triples.append(Triple(node, NamedNode(RDF_TYPE), NamedNode(SH + "ValidationResult")))
        facts = {
            "focusNode": result.focus,
            "resultPath": result.path.to_triples(triples) if result.path else None,
            "value": result.value,
            "sourceShape": result.shape,
            "sourceConstraintComponent": NamedNode(result.component),
            "sourceConstraint": result.constraint,
            "resultSeverity": NamedNode(result.severity),
        }
        triples += [Triple(node, NamedNode(SH + name), term) for name, term in facts.items() if term is not None]
        triples += [Triple(node, NamedNode(SH + "resultMessage"), message) for message in result.messages]
    return triples


def report_turtle(
    results: Iterable[Result],
    notes: Iterable[str] = (),
    *,
    conforms: bool,
    prefixes: Mapping[str, str] = PREFIXES,
) -> str:
    """Return a report as Turtle, with the prefixes given."""
    triples = report_triples(results, notes, conforms=conforms)
    data = serialize(triples, format=RdfFormat.TURTLE, prefixes=dict(prefixes))
    return (data or b"").decode()
