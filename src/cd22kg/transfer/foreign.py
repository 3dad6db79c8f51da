"""What data from outside may not say: what our terms and those of RDF, OWL and SHACL mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pyoxigraph import BlankNode, NamedNode, Quad

from cd22kg.errors import DataError, Problem
from cd22kg.namespaces import CD22, GRAPH_ONTOLOGY, STANDARD_PREFIXES, compact
from cd22kg.rdf import read_ontology
from cd22kg.store import OxigraphStore, Store, Table

#: Most statements that are told.
SHOWN = 20
#: Deepest nesting of class expressions; longest list.
MAX_DEPTH = 200

_OWL, _RDFS = STANDARD_PREFIXES["owl"], STANDARD_PREFIXES["rdfs"]
_PROTECTED = (CD22, STANDARD_PREFIXES["rdf"], _RDFS, _OWL, STANDARD_PREFIXES["sh"])
#: Owlready2 imports the Python module that this property names.
_MODULE = "http://www.lesfleursdunormal.fr/static/_downloads/owlready_ontology.owl#python_module"
_DEFINING = (
    *(
        _RDFS + name for name in ("subClassOf", "subPropertyOf", "domain", "range")
    ),
    *(
        _OWL + name
        for name in (
            "hasKey", "propertyChainAxiom", "disjointUnionOf", "oneOf", "unionOf", "intersectionOf", "complementOf",
        )
    ),
)  # fmt: skip
#: Properties that define their object as well as their subject.
_BOTH_WAYS = tuple(
    _OWL + name
    for name in (
        "disjointWith", "equivalentClass", "equivalentProperty", "inverseOf", "propertyDisjointWith", "sameAs",
        "differentFrom",
    )
)  # fmt: skip
#: Properties of an axiom that name the terms it is about in a list.
_LISTS = (_OWL + "members", _OWL + "distinctMembers")
_KINDS = (
    *(_RDFS + name for name in ("Class", "Datatype")),
    *(
        _OWL + name
        for name in (
            "Class", "ObjectProperty", "DatatypeProperty", "AnnotationProperty", "FunctionalProperty",
            "InverseFunctionalProperty", "TransitiveProperty", "SymmetricProperty", "AsymmetricProperty",
            "ReflexiveProperty", "IrreflexiveProperty",
        )
    ),
    *(STANDARD_PREFIXES["sh"] + name for name in ("NodeShape", "PropertyShape")),
)  # fmt: skip


def foreign_schema(store: Store) -> frozenset[str]:
    """Return what defines terms anew, imports ontologies, or names a Python module, as subject and property.

    The graph of the ontology is left out where it says what that of this package says.
    """
    own = _own(store)
    return frozenset(
        f"{compact(subject.value) if isinstance(subject, NamedNode) else '[]'} {compact(predicate)}"
        for predicate, subject, graph in _statements(store)
        if graph != GRAPH_ONTOLOGY or (_key(subject), f"<{predicate}>") not in own
    )


def refuse_schema(store: Store, known: frozenset[str] = frozenset()) -> None:
    """Refuse a store that holds more of `foreign_schema` than was known to be there.

    Raises:
        DataError: With the first `SHOWN` statements.
    """
    found = foreign_schema(store) - known
    if found:
        more = f", and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        message = f"the data defines terms or imports ontologies: {', '.join(sorted(found)[:SHOWN])}{more}"
        raise DataError([Problem(message, hint="leave these statements out, or allow them with --allow-schema")])


def _statements(store: Store) -> Iterator[tuple[str, object, str]]:
    """Yield property, subject and graph of each statement that defines a term; the index on properties finds them."""
    ours, theirs = (
        " || ".join(f'STRSTARTS(STR(?{name}), "{namespace}")' for namespace in _PROTECTED) for name in ("s", "o")
    )
    kinds = " ".join(f"<{kind}>" for kind in _KINDS)
    asked = [
        *(f"<{name}> ?o }} FILTER({ours})" for name in _DEFINING),
        *(f"<{name}> ?o }} FILTER({ours} || (isIRI(?o) && ({theirs})))" for name in _BOTH_WAYS),
        *(f"<{name}> ?list . ?list rdf:rest*/rdf:first ?o }} FILTER({theirs})" for name in _LISTS),
        f"<{STANDARD_PREFIXES['rdf']}type> ?o }} FILTER({ours})",
        f"<{_OWL}imports> ?o }}",
        f"<{_MODULE}> ?o }}",
    ]
    for text in asked:
        predicate = text[1:].partition(">")[0]
        values = f"VALUES ?o {{ {kinds} }} " if predicate.endswith("#type") else ""
        select = f"SELECT DISTINCT ?s ?g WHERE {{ {values}GRAPH ?g {{ ?s {text} }}"
        answer = store.query(select, prefixes={"rdf": STANDARD_PREFIXES["rdf"]})
        assert isinstance(answer, Table)  # noqa: S101  # a SELECT gives a table
        for subject, graph in answer.rows:
            yield predicate, subject, graph.value if isinstance(graph, NamedNode) else ""


def _key(subject: object) -> str:
    """Return a subject as text; blank nodes have no name."""
    return "" if isinstance(subject, BlankNode) else str(subject)


def _own(store: Store) -> set[tuple[str, str]]:
    """Return subject and property of what the graph of the ontology says as the ontology of the package says it."""
    with OxigraphStore() as package:  # which folds numbers as the other does
        package.bulk_load(read_ontology().quads)
        said, known = _trees(store.quads(GRAPH_ONTOLOGY)), _trees(package.quads(GRAPH_ONTOLOGY))
    if said is None or known is None:
        return set()
    return {tree[:2] for tree in said} - {tree[:2] for tree in said - known}


_Tree = frozenset[tuple[str, "str | _Tree"]]


def _trees(quads: Iterable[Quad]) -> set[tuple[str, str, str | _Tree]] | None:
    """Return what quads say, each blank node replaced by all that hangs on it; nothing where they form a circle.

    A file read twice has its blank nodes twice, with the same below them, so this is the same as for one reading.
    """
    below: dict[str, list[tuple[str, Quad]]] = {}
    for quad in quads:
        below.setdefault(str(quad.subject), []).append((str(quad.predicate), quad))

    def tree(quad: Quad, depth: int) -> str | _Tree:
        if not isinstance(quad.object, BlankNode):
            return str(quad.object)
        if depth > MAX_DEPTH:
            raise RecursionError
        return frozenset((name, tree(inner, depth + 1)) for name, inner in below.get(str(quad.object), ()))

    try:
        return {(_key(quad.subject), predicate, tree(quad, 0)) for found in below.values() for predicate, quad in found}
    except RecursionError:
        return None
