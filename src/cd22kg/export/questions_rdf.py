"""The questions as RDF, as the SIB publishes example queries (https://purl.expasy.org/sparql-examples/ontology).

Each is a `sh:SPARQLExecutable` with the text that is asked without parameters, what it asks and how its answer is read,
its keywords, and the endpoint that it is for.
"""

from __future__ import annotations

from collections.abc import Iterator

from pyoxigraph import Literal, NamedNode

from cd22kg.errors import QueryError
from cd22kg.namespaces import BASE, LICENSE, PREFIXES, STANDARD_PREFIXES
from cd22kg.queries import Query, bind, library
from cd22kg.store import OxigraphStore, fill

#: Where the questions have their names, and where the graph is asked unless another place is told.
QUESTIONS, ENDPOINT = BASE + "query/", BASE + "sparql"
_USED = {
    "query": QUESTIONS,
    **{name: STANDARD_PREFIXES[name] for name in ("dcterms", "owl", "rdfs", "sh", "xsd")},
    "schema": "https://schema.org/",
}


def questions_turtle(endpoint: str = ENDPOINT) -> str:
    """Return the questions of the package as Turtle.

    Args:
        endpoint: IRI of the SPARQL endpoint that they are for.

    Raises:
        QueryError: If that is no IRI.
    """
    try:
        target = NamedNode(endpoint)
    except ValueError:
        raise QueryError(f"`{endpoint}` is no address", hint=f"such as {ENDPOINT}") from None
    lines = [f"@prefix {prefix}: <{base}> ." for prefix, base in sorted(_USED.items())]
    blocks = [_prefixes(), *(_block(question, target) for question in library())]
    return "\n".join(lines) + "\n\n" + "\n".join("".join(block) for block in blocks)


def _prefixes() -> Iterator[str]:
    yield f"query:prefixes a owl:Ontology ;\n    dcterms:license <{LICENSE}>"
    for prefix, base in PREFIXES.items():
        yield f' ;\n    sh:declare [ sh:prefix "{prefix}" ; sh:namespace "{base}"^^xsd:anyURI ]'
    yield " .\n"


def _block(question: Query, endpoint: NamedNode) -> Iterator[str]:
    yield f"query:{question.name} a sh:SPARQLExecutable , sh:SPARQLSelectExecutable ;\n"
    yield f"    rdfs:label {Literal(question.summary, language='en')} ;\n"
    yield f"    rdfs:comment {Literal(f'{question.description} {question.explanation}', language='en')} ;\n"
    if question.number:
        yield f"    dcterms:identifier {Literal(question.number)} ;\n"
    keywords = " , ".join(str(Literal(tag)) for tag in question.tags)
    yield f"    schema:keywords {keywords} ;\n"
    yield f"    schema:target {endpoint} ;\n"
    yield "    sh:prefixes query:prefixes ;\n"
    yield f"    sh:select {_long(asked(question))} .\n"


def asked(question: Query) -> str:
    """Return the text that is asked without parameters, and without the header."""
    with OxigraphStore() as nothing:
        text = fill(question.text, bind(question, {}, nothing))
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#+"))


def _long(text: str) -> str:
    """Return a text as Turtle writes it over several lines."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"""{escaped}"""'
