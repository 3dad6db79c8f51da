"""The shapes: each rule fires on its invalid fixture and on no other; every property of the model has a shape."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pyshacl
import pytest
from rdflib import OWL, RDF, RDFS, SH, XSD, Graph, Literal, Namespace, URIRef
from rdflib.namespace import DCTERMS
from rdflib.plugins.sparql import prepareQuery
from rdflib.plugins.sparql.sparql import Query
from rdflib.query import Result
from rdflib.term import Node

from cd22kg.model import (
    MODELS,
    Model,
    Term,
    terms,
)
from cd22kg.namespaces import BASE, CD22, CONCEPT_KINDS, ENTITY_KINDS, LICENSE, SHAPES
from cd22kg.statistics import clopper_pearson_interval, wilson_interval

ROOT = Path(__file__).resolve().parents[1]
SHAPE_FILES = sorted((ROOT / "shapes").glob("*.ttl"))
FIXTURES = ROOT / "tests" / "data" / "shapes"
FIXTURE_FILES = sorted(path for path in FIXTURES.glob("*.ttl") if path.name != "base.ttl")
MODEL_TERMS = [(model, term) for model in MODELS for term in terms(model) if term.predicate]
#: Properties of the graph that no claim file holds: set by the build, by inference, or in the ontology.
GRAPH_PROPERTIES = {
    CD22 + name
    for name in (
        "binder",
        "cellOrigin",
        "confirms",
        "construct",
        "contradicts",
        "costimulatoryDomain",
        "describedIn",
        "developer",
        "directProperty",
        "gradeThreshold",
        "higherIsBetter",
        "outcomeKind",
        "partOf",
        "refines",
        "repeats",
        "shortLabel",
        "source",
        "supersedes",
        "targets",
    )
}
CD = Namespace(CD22)
CLAIM = URIRef(BASE + "claim/fixture")
MEASUREMENT = URIRef(BASE + "claim/fixture#measurement")
ENDS = ("Lower", "Upper")
SEVERITIES = {SH.Violation, SH.Warning, SH.Info}
#: What marks a shape as a rule: it constrains something itself.
CONSTRAINTS = (
    SH["class"],
    SH["in"],
    SH["or"],
    SH.datatype,
    SH.maxCount,
    SH.maxInclusive,
    SH.minCount,
    SH.minInclusive,
    SH.nodeKind,
    SH.pattern,
    SH.sparql,
)


class CachingGraph(Graph):
    """A graph that parses each query text once; pySHACL asks the same text once per focus node."""

    def query(self, query_object: Any, *args: Any, **kwargs: Any) -> Result:
        """Answer a query, prepared at its first use."""
        prepared = _prepared(query_object) if isinstance(query_object, str) else query_object
        return super().query(prepared, *args, **kwargs)


@cache
def _prepared(text: str) -> Query:
    return prepareQuery(text)


@cache
def shapes() -> Graph:
    """Return the shapes of every file in one graph."""
    graph = Graph()
    for path in SHAPE_FILES:
        graph.parse(path)
    return graph


def parsed(*paths: Path, graph: Graph | None = None) -> Graph:
    """Return the triples of files in one graph."""
    graph = CachingGraph() if graph is None else graph
    for path in paths:
        graph.parse(path)
    return graph


@cache
def base() -> Graph:
    """Return the world that is valid without any fixture."""
    return parsed(FIXTURES / "base.ttl")


def data(path: Path, graph: Graph | None = None) -> Graph:
    """Return a fixture together with the whole valid world."""
    graph = parsed(path, graph=graph)
    for triple in base():
        graph.add(triple)
    return graph


def named_data(path: Path) -> Graph:
    """Return a fixture together with the things of the valid world that it names, and those they name."""
    graph = parsed(path)
    for triple in base().triples((None, RDFS.subClassOf, None)):
        graph.add(triple)
    waiting, seen = set(graph.objects()), set[Node]()
    while waiting:
        seen |= waiting
        for node in waiting:
            for triple in base().triples((node, None, None)):
                graph.add(triple)
        waiting = set(graph.objects()) - seen
    return graph


def report(graph: Graph) -> Graph:
    """Return the validation report of a graph."""
    _, found, _ = pyshacl.validate(graph, shacl_graph=shapes(), advanced=True, inplace=True)
    assert isinstance(found, Graph), found
    return found


def fired(found: Graph) -> set[str]:
    """Return the ids of the rules with a result in a report."""
    return {rule_id(shape) for shape in found.objects(None, SH.sourceShape)}


def rule_id(shape: Node) -> str:
    """Return the rule id of a shape: what follows the namespace of the shapes."""
    return str(shape).removeprefix(SHAPES)


def all_shapes() -> list[URIRef]:
    """Return every node and property shape."""
    graph = shapes()
    found = {*graph.subjects(RDF.type, SH.NodeShape), *graph.subjects(RDF.type, SH.PropertyShape)}
    return sorted(shape for shape in found if isinstance(shape, URIRef))


def rules() -> list[URIRef]:
    """Return every shape that can fire: those that constrain, without the date shapes, which only serve others."""
    graph = shapes()
    served = {member for _, _, head in graph.triples((None, SH["or"], None)) for member in graph.items(head)}
    found = [shape for shape in all_shapes() if any((shape, mark, None) in graph for mark in CONSTRAINTS)]
    return [shape for shape in found if shape not in served]


def property_shapes(model: type[Model], predicate: str) -> set[Node]:
    """Return the property shapes that check a property of a class of the model, or of a class above it."""
    graph = shapes()
    names = [cls.__name__ for cls in model.__mro__ if issubclass(cls, Model) and cls is not Model]
    nodes = {node for name in names for node in graph.subjects(SH.targetClass, URIRef(CD22 + name))}
    found = {shape for node in nodes for shape in graph.objects(node, SH.property)}
    return {shape for shape in found if (shape, SH.path, URIRef(predicate)) in graph}


def expected_class(term: Term) -> str:
    """Return the class that a link or a part must have."""
    if term.model is not None:
        return term.model.__name__
    return term.kind.capitalize() if term.kind in ENTITY_KINDS else CONCEPT_KINDS[term.kind]


def prefixes_used(text: str) -> Iterator[str]:
    """Yield the names before a colon in a query, outside its strings."""
    outside = "".join(piece for n, piece in enumerate(text.split('"')) if n % 2 == 0)
    for word in outside.replace("(", " ").replace(",", " ").replace("/", " ").split():
        name, colon, _ = word.partition(":")
        if colon:
            yield name


def test_base_world_conforms() -> None:
    """The world that every fixture is loaded with breaks no rule, not even one of severity info."""
    assert fired(report(base())) == set()


@pytest.mark.parametrize("path", FIXTURE_FILES, ids=lambda path: path.name.removesuffix(".ttl"))
def test_fixture(path: Path) -> None:
    """A valid fixture fires no rule; an invalid one fires the rule it is named after, and no other."""
    rule, kind, _ = path.name.split(".")
    # A query may look at any node; a property shape looks at what its node names, which is checked faster.
    is_query = (URIRef(SHAPES + rule), SH.sparql, None) in shapes()
    graph = data(path) if is_query else named_data(path)
    first = path.read_text(encoding="utf-8").splitlines()[0]
    expected = {"valid": set[str](), "invalid": {rule}}[kind]

    assert first.startswith(f"# {kind}: ")
    assert kind == "valid" or first.endswith(f"; fires {rule}")
    assert fired(report(graph)) == expected


def test_every_rule_has_both_fixtures() -> None:
    """No rule comes without a valid and an invalid fixture, and no fixture without a rule."""
    expected = {f"{rule_id(rule)}.{kind}.ttl" for rule in rules() for kind in ("valid", "invalid")}

    assert {path.name for path in FIXTURE_FILES} == expected


def test_cached_queries_change_no_result() -> None:
    """A graph that caches prepared queries gives the report of a plain one."""
    # The fixtures whose rules ask the most of the engine: a path, a sum, decimals, nested filters.
    names = ("claim-part-le-whole", "claim-repeats-circular", "cohort-composition-sum", "measurement-percent-agrees")
    for name in names:
        path = FIXTURES / f"{name}.invalid.ttl"
        plain, cached = report(data(path, Graph())), report(data(path))
        assert {name} == fired(plain) == fired(cached)
        for part in (SH.focusNode, SH.resultMessage, SH.resultPath, SH.value):
            assert set(plain.objects(None, part)) == set(cached.objects(None, part))


@pytest.mark.parametrize(
    ("value", "events", "total", "agrees"),
    [
        ("66.67", 2, 3, True),
        ("66.66", 2, 3, False),
        ("66.7", 2, 3, True),
        ("67", 2, 3, True),
        ("66", 2, 3, False),
        ("12.5", 1, 8, True),
        ("12", 1, 8, True),
        ("13", 1, 8, True),
        ("0", 0, 7, True),
        ("100", 7, 7, True),
        ("100.0", 199, 200, False),
        ("86.20", 50, 58, False),
        ("86.2", 50, 58, True),
    ],
)
def test_percent_agrees_to_the_printed_digits(value: str, events: int, total: int, agrees: bool) -> None:
    """A percentage may be rounded to its last printed digit, a half in both ways, and no further."""
    graph = named_data(FIXTURES / "measurement-percent-agrees.valid.ttl")
    graph.set((MEASUREMENT, CD["value"], Literal(value, datatype=XSD.decimal, normalize=False)))
    graph.set((MEASUREMENT, CD["events"], Literal(events)))
    graph.set((MEASUREMENT, CD["total"], Literal(total)))

    assert fired(report(graph)) == (set() if agrees else {"measurement-percent-agrees"})


@pytest.mark.parametrize(
    ("subject", "changes"),
    [
        (MEASUREMENT, {"denominator": "denominator/included"}),
        (MEASUREMENT, {"amongOutcome": "outcome/cr"}),
        (MEASUREMENT, {"countedUnit": "counted-unit/relapse"}),
        (MEASUREMENT, {"timepoint": Literal("6.0", datatype=XSD.decimal), "timepointUnit": "unit/month"}),
        (MEASUREMENT, {"total": Literal(24), "value": Literal("45.8", datatype=XSD.decimal)}),
        (CLAIM, {"reportedVia": "source/review"}),
        (CLAIM, {"status": "status/withdrawn"}),
        (CLAIM, {"cohort": "cohort/other"}),
    ],
    ids=lambda item: "-".join(item) if isinstance(item, dict) else "",
)
def test_part_is_compared_with_like_only(subject: URIRef, changes: dict[str, str | Literal]) -> None:
    """Part and whole are compared only in one cohort, denominator, unit, time and document, and over all patients."""
    graph = data(FIXTURES / "claim-part-le-whole.invalid.ttl")
    for name, value in changes.items():
        graph.set((subject, CD[name], value if isinstance(value, Literal) else URIRef(BASE + value)))

    assert "claim-part-le-whole" not in fired(report(graph))


def test_part_is_compared_by_value_where_totals_differ() -> None:
    """With other totals the printed percentages decide."""
    graph = data(FIXTURES / "claim-part-le-whole.invalid.ttl")
    graph.set((MEASUREMENT, CD["events"], Literal(9)))
    graph.set((MEASUREMENT, CD["total"], Literal(15)))
    graph.set((MEASUREMENT, CD["value"], Literal("60.0", datatype=XSD.decimal)))

    assert fired(report(graph)) == {"claim-part-le-whole"}


@pytest.mark.parametrize(
    ("part", "whole"),
    [("cr", "orr"), ("mrd-negative-cr", "cr"), ("mrd-negative-cr", "orr"), ("orr", "cr"), ("cr", "os")],
)
def test_part_of_a_response(part: str, whole: str) -> None:
    """More complete than any responses, and more without residual disease than complete ones, are impossible."""
    graph = data(FIXTURES / "claim-part-le-whole.invalid.ttl")
    graph.set((CLAIM, CD["outcome"], URIRef(f"{BASE}outcome/{part}")))
    graph.set((URIRef(BASE + "claim/base"), CD["outcome"], URIRef(f"{BASE}outcome/{whole}")))
    graph.remove((URIRef(BASE + "claim/other"), None, None))
    within = {("cr", "orr"), ("mrd-negative-cr", "cr"), ("mrd-negative-cr", "orr")}

    assert fired(report(graph)) == ({"claim-part-le-whole"} if (part, whole) in within else set())


def test_part_is_compared_at_the_same_time() -> None:
    """Six months are not six weeks."""
    graph = data(FIXTURES / "claim-part-le-whole.invalid.ttl")
    graph.remove((URIRef(BASE + "claim/other"), None, None))
    for measurement, unit in ((MEASUREMENT, "month"), (URIRef(BASE + "claim/base#measurement"), "day")):
        graph.set((measurement, CD["timepoint"], Literal("6.0", datatype=XSD.decimal)))
        graph.set((measurement, CD["timepointUnit"], URIRef(f"{BASE}unit/{unit}")))

    assert "claim-part-le-whole" not in fired(report(graph))


@pytest.mark.parametrize(
    ("subject", "changes"),
    [
        (MEASUREMENT, {"denominator": "denominator/included"}),
        (MEASUREMENT, {"amongOutcome": "outcome/cr"}),
        (MEASUREMENT, {"countedUnit": "counted-unit/relapse"}),
        (MEASUREMENT, {"timepoint": Literal("6.0", datatype=XSD.decimal), "timepointUnit": "unit/month"}),
        (MEASUREMENT, {"events": Literal(10)}),
        (CLAIM, {"reportedVia": "source/review"}),
        (CLAIM, {"source": "source/review"}),
        (CLAIM, {"status": "status/withdrawn"}),
        (CLAIM, {"outcome": "outcome/cr"}),
    ],
    ids=lambda item: "-".join(item) if isinstance(item, dict) else "",
)
def test_subset_is_compared_with_like_only(subject: URIRef, changes: dict[str, str | Literal]) -> None:
    """A subset is held against the whole only for one outcome, denominator, unit, time, source and document."""
    graph = data(FIXTURES / "claim-subset-le-whole.invalid.ttl")
    for name, value in changes.items():
        graph.set((subject, CD[name], value if isinstance(value, Literal) else URIRef(BASE + value)))

    assert "claim-subset-le-whole" not in fired(report(graph))


def test_subset_has_no_more_patients_than_the_whole() -> None:
    """The totals are compared too, where no events are given."""
    graph = data(FIXTURES / "claim-subset-le-whole.valid.ttl")
    graph.remove((MEASUREMENT, CD["events"], None))
    for name in ("base", "other"):
        graph.set((URIRef(f"{BASE}claim/{name}#measurement"), CD["total"], Literal(14)))
        graph.remove((URIRef(f"{BASE}claim/{name}#measurement"), CD["value"], None))

    assert fired(report(graph)) == {"claim-subset-le-whole"}


@pytest.mark.parametrize(
    ("statistic", "lower", "upper", "p", "bound", "agrees"),
    [
        ("hazard-ratio", "0.31", "0.98", "0.04", "equal", True),
        ("hazard-ratio", "0.31", "0.98", "0.2", "equal", False),
        ("hazard-ratio", "0.31", "1.20", "0.04", "equal", False),
        ("hazard-ratio", "0.31", "1.20", "0.04", "greater", True),
        ("hazard-ratio", "0.31", "1.20", "0.05", "less", False),
        ("hazard-ratio", "0.31", "0.98", "0.05", "greater", False),
        ("hazard-ratio", "0.31", "1.20", "0.05", "equal", True),
        ("hazard-ratio", "0.31", "0.98", "0.05", "equal", True),
        ("odds-ratio", "0.31", "1.00", "0.04", "equal", True),
        ("odds-ratio", "1.00", "3.10", "0.06", "equal", True),
        ("risk-ratio", "1.02", "3.10", "0.5", "less", True),
        ("risk-difference", "2.0", "9.0", "0.01", "less", True),
        ("risk-difference", "2.0", "9.0", "0.3", "equal", False),
        ("risk-difference", "-2.0", "9.0", "0.001", "less", False),
        ("mean-difference", "-9.0", "-2.0", "0.3", "equal", False),
        ("mean-difference", "-9.0", "2.0", "0.3", "equal", True),
        ("proportion", "2.0", "9.0", "0.3", "equal", True),
    ],
)
def test_p_agrees_with_the_interval(statistic: str, lower: str, upper: str, p: str, bound: str, agrees: bool) -> None:
    """A ratio differs from 1, or a difference from 0, for the interval and for p alike; rounded ends decide nothing."""
    graph = named_data(FIXTURES / "measurement-p-agrees-with-interval.valid.ttl")
    for name, number in (("lower", lower), ("upper", upper), ("pValue", p)):
        graph.set((MEASUREMENT, CD[name], Literal(number, datatype=XSD.decimal, normalize=False)))
    graph.set((MEASUREMENT, CD["statistic"], URIRef(f"{BASE}statistic/{statistic}")))
    graph.set((MEASUREMENT, CD["pValueBound"], URIRef(f"{BASE}bound/{bound}")))

    assert ("measurement-p-agrees-with-interval" not in fired(report(graph))) == agrees


def test_p_is_held_against_the_level_of_the_interval() -> None:
    """A 99 percent interval says whether p is below 0.01."""
    graph = named_data(FIXTURES / "measurement-p-agrees-with-interval.valid.ttl")
    graph.set((MEASUREMENT, CD["confidenceLevel"], Literal("99.0", datatype=XSD.decimal, normalize=False)))

    assert fired(report(graph)) == {"measurement-p-agrees-with-interval"}


@pytest.mark.parametrize(
    ("events", "total", "lower", "upper", "method", "agrees"),
    [
        (10, 20, "29.9", "70.1", "", True),
        (10, 20, "30", "70", "", True),
        (10, 20, "27.2", "72.8", "", True),
        (10, 20, "29.5", "70.5", "", True),
        # The lower limit of one method with the upper one of the other.
        (10, 20, "29.9", "72.8", "", False),
        (10, 20, "28.1", "71.9", "", False),
        (10, 20, "28.1", "71.9", "wald", True),
        (10, 20, "27.2", "72.8", "clopper-pearson", True),
        (10, 20, "27.2", "72.8", "wilson", False),
        (10, 20, "29.9", "70.1", "clopper-pearson", False),
        (81, 263, "25", "37", "", True),
        (81, 263, "25.5", "36.6", "", True),
        (0, 21, "0", "16.1", "", True),
        (0, 21, "0.0", "10.0", "", False),
        (21, 21, "84.5", "100", "", True),
    ],
)
def test_interval_is_that_of_its_counts(
    events: int, total: int, lower: str, upper: str, method: str, agrees: bool
) -> None:
    """A published interval is Wilson's or Clopper and Pearson's, to the printed digits and half a point, or named."""
    graph = named_data(FIXTURES / "measurement-interval-recomputed.valid.ttl")
    computed = {"wilson": wilson_interval(events, total), "clopperPearson": clopper_pearson_interval(events, total)}
    numbers = {
        f"{name}{end}": 100 * limit for name, found in computed.items() for end, limit in zip(ENDS, found, strict=True)
    }
    texts = {name: f"{number:.4f}" for name, number in numbers.items()} | {"lower": lower, "upper": upper}
    for name, text in texts.items():
        graph.set((MEASUREMENT, CD[name], Literal(text, datatype=XSD.decimal, normalize=False)))
    graph.remove((MEASUREMENT, CD["value"], None))
    graph.set((MEASUREMENT, CD["events"], Literal(events)))
    graph.set((MEASUREMENT, CD["total"], Literal(total)))
    if method:
        graph.set((MEASUREMENT, CD["intervalMethod"], URIRef(f"{BASE}interval-method/{method}")))

    assert ("measurement-interval-recomputed" not in fired(report(graph))) == agrees


@pytest.mark.parametrize(
    ("statistic", "name", "unit", "possible"),
    [
        ("median", "value", "month", False),
        ("median", "lower", "cells", False),
        ("median", "value", "percent", True),
        ("mean-difference", "value", "month", True),
        ("hazard-ratio", "lower", "", False),
        ("density", "value", "sites-per-cell", False),
    ],
)
def test_what_may_be_below_zero(statistic: str, name: str, unit: str, possible: bool) -> None:
    """Differences and changes in percent may be below zero; amounts, times and ratios may not."""
    graph = named_data(FIXTURES / "measurement-not-negative.valid.ttl")
    graph.remove((MEASUREMENT, CD["value"], None))
    graph.remove((MEASUREMENT, CD["unit"], None))
    graph.set((MEASUREMENT, CD[name], Literal("-1.5", datatype=XSD.decimal, normalize=False)))
    graph.set((MEASUREMENT, CD["statistic"], URIRef(f"{BASE}statistic/{statistic}")))
    if unit:
        graph.set((MEASUREMENT, CD["unit"], URIRef(f"{BASE}unit/{unit}")))

    assert ("measurement-not-negative" not in fired(report(graph))) == possible


def test_one_standard_deviation_may_reach_below_zero() -> None:
    """A mean minus its standard deviation is no impossible value."""
    graph = named_data(FIXTURES / "measurement-not-negative.valid.ttl")
    graph.set((MEASUREMENT, CD["statistic"], URIRef(BASE + "statistic/mean")))
    graph.set((MEASUREMENT, CD["value"], Literal("4.0", datatype=XSD.decimal, normalize=False)))
    graph.set((MEASUREMENT, CD["lower"], Literal("-1.5", datatype=XSD.decimal, normalize=False)))
    graph.set((MEASUREMENT, CD["intervalKind"], URIRef(BASE + "interval-kind/sd")))

    assert "measurement-not-negative" not in fired(report(graph))


def test_inputs_without_a_total_are_not_summed() -> None:
    """What is pooled from claims of which one gives no total has no known limit."""
    graph = data(FIXTURES / "pooled-claim-total-le-inputs.invalid.ttl")
    graph.remove((URIRef(BASE + "claim/other#measurement"), CD["total"], None))
    graph.remove((URIRef(BASE + "claim/other#measurement"), CD["events"], None))

    assert fired(report(graph)) == set()


def test_ambiguous_repeat_of_a_wider_population_is_no_finding() -> None:
    """What may or may not repeat a pooled figure is not held against its population."""
    graph = data(FIXTURES / "claim-repeats-wider-population.invalid.ttl")
    for relation in list(graph.subjects(CD["certainty"], None)):
        graph.set((relation, CD["certainty"], URIRef(BASE + "certainty/ambiguous")))

    assert fired(report(graph)) == set()


@pytest.mark.parametrize(
    ("date", "datatype", "future"),
    [
        ("2024", "gYear", False),
        ("2024-02", "gYearMonth", False),
        ("2024-02-29", "date", False),
        ("2099-01", "gYearMonth", True),
        ("2099-12-31", "date", True),
    ],
)
def test_dates_of_every_precision(date: str, datatype: str, future: bool) -> None:
    """A year, a month or a day is in the future when it has not begun."""
    graph = named_data(FIXTURES / "source-date-in-future.valid.ttl")
    graph.set((URIRef(BASE + "source/fixture"), DCTERMS.issued, Literal(date, datatype=XSD[datatype])))

    assert fired(report(graph)) == ({"source-date-in-future"} if future else set())


def test_messages_name_the_numbers() -> None:
    """The placeholders of a message are filled with what the query found."""
    found = report(data(FIXTURES / "measurement-events-le-total.invalid.ttl"))

    assert [str(text).split(". Fix: ")[0] for text in found.objects(None, SH.resultMessage)] == [
        "The events (47) exceed the total (32)"
    ]


@pytest.mark.parametrize("shape", rules(), ids=rule_id)
def test_rule_is_described(shape: Node) -> None:
    """A rule has one label, one severity, one message with a fix, a reason and a source."""
    graph = shapes()
    one = {term: list(graph.objects(shape, term)) for term in (RDFS.label, RDFS.comment, SH.severity, SH.message)}

    assert dict.fromkeys(one, 1) == {term: len(values) for term, values in one.items()}
    assert one[SH.severity][0] in SEVERITIES
    wrong, _, fix = str(one[SH.message][0]).partition(". Fix: ")
    assert wrong and fix.endswith(".")
    assert list(graph.objects(shape, DCTERMS.source))


def test_shapes_have_iris_of_their_own() -> None:
    """Every shape has an IRI in the namespace of the shapes, and stands in one file only."""
    files: dict[Node, list[str]] = {}
    for path in SHAPE_FILES:
        graph = Graph().parse(path)
        for kind in (SH.NodeShape, SH.PropertyShape):
            for shape in graph.subjects(RDF.type, kind):
                files.setdefault(shape, []).append(path.name)

    assert [shape for shape in files if not str(shape).startswith(SHAPES)] == []
    assert {shape: names for shape, names in files.items() if len(names) > 1} == {}


def test_property_shapes_belong_to_a_node_shape() -> None:
    """A property shape outside every node shape would never be asked."""
    graph = shapes()

    assert set(graph.subjects(RDF.type, SH.PropertyShape)) == set(graph.objects(None, SH.property))


def test_query_rules_declare_their_prefixes() -> None:
    """A query uses no prefix that the ontology of the shapes does not declare."""
    graph = shapes()
    declared = {
        str(graph.value(declaration, SH.prefix))
        for declaration in graph.objects(URIRef(SHAPES.removesuffix("#")), SH.declare)
    }
    used = {name for text in graph.objects(None, SH.select) for name in prefixes_used(str(text))}

    assert used <= declared


def test_placeholders_are_selected() -> None:
    """A message names only what its query selects."""
    graph = shapes()
    for shape, constraint in graph.subject_objects(SH.sparql):
        head = str(graph.value(constraint, SH.select)).partition("WHERE")[0]
        selected = {word.strip("()") for word in head.split() if word[0] in "?$"}
        pieces = str(graph.value(shape, SH.message)).split("{")[1:]
        assert {piece.partition("}")[0] for piece in pieces} <= selected, shape


def test_shape_graph_is_shacl() -> None:
    """The shapes conform to the shapes of SHACL itself."""
    conforms, _, text = pyshacl.validate(Graph(), shacl_graph=shapes(), meta_shacl=True, advanced=True)

    assert conforms, text


@pytest.mark.parametrize("path", SHAPE_FILES, ids=lambda path: path.stem)
def test_file_is_an_ontology_with_a_licence(path: Path) -> None:
    """Each file says what it is, and that it is free to use."""
    graph = Graph().parse(path)
    header = graph.value(None, RDF.type, OWL.Ontology)

    assert header is not None
    assert graph.value(header, DCTERMS.title) is not None
    assert graph.value(header, DCTERMS.license) == URIRef(LICENSE)


@pytest.mark.parametrize(
    ("model", "term"), MODEL_TERMS, ids=[f"{model.__name__}-{term.key}" for model, term in MODEL_TERMS]
)
def test_model_property_is_checked(model: type[Model], term: Term) -> None:
    """A property of the model has a shape with its class or datatype, and the counts the model says."""
    graph = shapes()
    found = property_shapes(model, term.predicate)
    facts = {(predicate, value) for shape in found for predicate, value in graph.predicate_objects(shape)}

    assert found
    assert term.many or (SH.maxCount, Literal(1)) in facts
    assert not term.required or (SH.minCount, Literal(1)) in facts
    if term.role == "literal" and term.datatype == "date":
        assert any(predicate == SH["or"] for predicate, _ in facts)
    elif term.role == "literal":
        assert (SH.datatype, XSD[term.datatype]) in facts
    elif term.kind == "any":
        assert (SH.nodeKind, SH.IRI) in facts
    else:
        assert (SH["class"], URIRef(CD22 + expected_class(term))) in facts


def test_shapes_check_no_unknown_property() -> None:
    """Every property of ours that a shape checks is one of the model, or one that the graph adds."""
    paths = {str(path) for path in shapes().objects(None, SH.path) if str(path).startswith(CD22)}
    known = {term.predicate for _, term in MODEL_TERMS if term.predicate.startswith(CD22)}

    assert paths == known | GRAPH_PROPERTIES


def test_concept_shape_targets_every_list() -> None:
    """The shape of concepts covers the class of every list of the ontology."""
    targets = {str(target) for target in shapes().objects(URIRef(SHAPES + "concept"), SH.targetClass)}

    assert targets == {CD22 + name for name in CONCEPT_KINDS.values()}
