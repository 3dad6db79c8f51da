"""Validation of what changed: earlier results and the new ones together are those of a full run."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from pyoxigraph import Literal, NamedNode, Quad

import cd22kg
from cd22kg.namespaces import CD22
from cd22kg.store import OxigraphStore
from cd22kg.validation import read_shapes
from cd22kg.validation.affected import MAX_NODES, Affected, Change, change_between
from cd22kg.validation.engine import Validation, Validator
from cd22kg.validation.incremental import Concerned, revalidate
from cd22kg.validation.plan import Result
from cd22kg.validation.trails import Trail, trails_of
from tests.test_shacl_agreement import CALM, data_graphs, key, shape_graphs
from tests.test_sparql_constraints import DATA, DECLARED, QUERIES, turtle


def stored(quads: Sequence[Quad]) -> OxigraphStore:
    """Return a store with the quads."""
    store = OxigraphStore()
    store.load(quads)
    return store


def full(validator: Validator, quads: Sequence[Quad]) -> Validation:
    """Return what a full run finds."""
    return validator.validate(stored(quads), lambda: quads, threads=1)


def results(validation: Validation) -> list[Result]:
    """Return every result."""
    return [result for _, result in validation.tally.kept]


def agreed(validator: Validator, before: Sequence[Quad], after: Sequence[Quad]) -> Validation:
    """Return what a run over the change finds, once it is known to be what a full run finds."""
    known = results(full(validator, before))
    found = revalidate(validator, stored(after), change_between(before, after), known, lambda: after, threads=1)
    expected = full(validator, after)

    assert sorted(map(key, results(found))) == sorted(map(key, results(expected)))
    assert found.tally.counts == expected.tally.counts
    assert found.tally.rules == expected.tally.rules
    return found


@CALM
@given(shape_graphs(), data_graphs(), data_graphs())
def test_random_shapes(shapes: list[Quad], before: list[Quad], after: list[Quad]) -> None:
    """Any shapes, from any data to any other."""
    agreed(Validator(shapes), before, after)


@CALM
@given(shape_graphs(), data_graphs(), data_graphs())
def test_random_shapes_with_small_changes(shapes: list[Quad], data: list[Quad], other: list[Quad]) -> None:
    """Any shapes, with one triple more, and with one less."""
    validator = Validator(shapes)
    agreed(validator, data, list(dict.fromkeys([*data, other[0]])))
    agreed(validator, data, data[1:])


@pytest.mark.parametrize("name", QUERIES)
def test_queries(name: str) -> None:
    """Each kind of SPARQL constraint, with every triple of its data left out in turn and put back."""
    query = f'sh:sparql [ sh:prefixes ex:o ; sh:select """{QUERIES[name]}""" ]'
    validator = Validator(turtle(f"{DECLARED} ex:s a sh:NodeShape ; sh:targetClass ex:T ; {query} ."))
    data = turtle(DATA)
    for number in range(len(data)):
        without = data[:number] + data[number + 1 :]
        agreed(validator, data, without)
        agreed(validator, without, data)


@pytest.fixture(scope="module")
def graph() -> list[Quad]:
    """Return the curated graph as one."""
    with cd22kg.load() as kg:
        return list(dict.fromkeys(Quad(q.subject, q.predicate, q.object) for q in kg.quads))


@pytest.fixture(scope="module")
def ours() -> Validator:
    """Return the shapes of the package."""
    return Validator(read_shapes().quads)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_curated_graph(graph: list[Quad], ours: Validator, seed: int) -> None:
    """The shapes of the package on the curated graph, with triples left out, added, and figures exchanged."""
    chance = random.Random(seed)  # noqa: S311  # which triples to change
    after = list(graph)
    for _ in range(chance.choice([1, 2, 5])):
        if seed % 3 == 0:
            after.pop(chance.randrange(len(after)))
        if seed % 3 == 1:
            subject, predicate = (chance.choice(after) for _ in range(2))
            after.append(Quad(subject.subject, predicate.predicate, predicate.object))
        position = chance.randrange(len(after))
        chosen = after[position]
        alike = [quad.object for quad in after if quad.predicate == chosen.predicate]
        after[position] = Quad(chosen.subject, chosen.predicate, chance.choice(alike))

    agreed(ours, graph, list(dict.fromkeys(after)))


def affected(validator: Validator, graph: Sequence[Quad], change: Change, rule: str) -> set[str]:
    """Return the local names of the nodes that a rule of the package looks at again."""
    nodes = Concerned(validator, stored(graph), change).nodes[NamedNode(f"https://w3id.org/cd22kg/shapes#{rule}")]
    return {"everything"} if nodes is None else {str(node).rpartition("/")[2].strip(">") for node in nodes}


def test_neighbourhood(graph: list[Quad], ours: Validator) -> None:
    """A figure concerns its claim, the claims of its cohort where they are compared, and nothing else."""
    claim = "https://w3id.org/cd22kg/claim/fry-2018-cr"
    changed = next(
        q for q in graph if str(q.subject) == f"<{claim}#measurement>" and q.predicate.value == f"{CD22}events"
    )
    change = Change(removed=(changed,))
    cohort = next(q.object for q in graph if str(q.subject) == f"<{claim}>" and q.predicate.value == f"{CD22}cohort")
    mates = {
        str(q.subject).rpartition("/")[2].strip(">")
        for q in graph
        if q.object == cohort and q.predicate.value == f"{CD22}cohort" and "#" not in str(q.subject)
    }

    assert affected(ours, graph, change, "measurement-events-le-total") == {"fry-2018-cr#measurement"}
    assert affected(ours, graph, change, "claim-total-le-cohort-size") == set()
    assert "fry-2018-cr" in affected(ours, graph, change, "claim-part-le-whole") <= mates
    assert affected(ours, graph, change, "source-authors-string") == set()


def test_hierarchy_of_classes_is_a_full_run(graph: list[Quad], ours: Validator) -> None:
    """A change of the hierarchy of classes concerns everything."""
    position = next(n for n, q in enumerate(graph) if q.predicate.value.endswith("subClassOf"))

    agreed(ours, graph, graph[:position] + graph[position + 1 :])


def test_wide_change_is_told_as_everything() -> None:
    """Where a change leads to more nodes than are worth naming, all of a shape is checked."""
    query = "SELECT $this WHERE { $this ex:of ?group . ?group ex:open false }"
    shape = f'ex:s a sh:NodeShape ; sh:targetSubjectsOf ex:of ; sh:sparql [ sh:prefixes ex:o ; sh:select "{query}" ] .'
    validator = Validator(turtle(DECLARED + shape))
    members = turtle("\n".join(f"ex:m{n} ex:of ex:g ." for n in range(MAX_NODES + 1)))
    opened, closed = turtle("ex:g ex:open true ."), turtle("ex:g ex:open false .")

    found = agreed(validator, [*members, *opened], [*members, *closed])

    assert len(results(found)) == MAX_NODES + 1


def trails(query: str) -> dict[str, Trail]:
    """Return the trails of a query by the variable at the end of their pattern."""
    return {trail.first.object.partition("/")[0]: trail for trail in trails_of(query, {"ex": "http://example.org/"})}


def test_trails_of_what_need_not_match() -> None:
    """What an OPTIONAL or another EXISTS binds leads nowhere; what must match does."""
    found = trails(
        "SELECT ?this WHERE { ?this ex:a ?x OPTIONAL { ?x ex:b ?y } OPTIONAL { ?y ex:c ?z }"
        " FILTER NOT EXISTS { ?x ex:d ?v . ?v ex:e ?w } }"
    )

    assert {name: bool(trail.start) for name, trail in found.items()} == {
        "?x": True,
        "?y": True,
        "?z": False,
        "?v": True,
        "?w": True,
    }


def test_trails_out_of_an_inner_query() -> None:
    """A variable that an inner query does not select is another than the one outside."""
    found = trails("SELECT ?this WHERE { ?this ex:a ?x . { SELECT ?y WHERE { ?y ex:b ?x . ?x ex:c ?n } } ?y ex:d ?x }")

    assert [step.edge.object for step in found["?n"].steps][-1] == "?x"
    assert len(found["?n"].steps) == 3


def test_removed_triples_are_still_walked() -> None:
    """What led to a node before the change is followed, though the store has it no more."""
    store = stored(turtle("ex:b ex:q 1 ."))
    change = Change(removed=tuple(turtle("ex:a ex:p ex:b . ex:b ex:q 2 .")))
    found = trails_of("SELECT ?this WHERE { ?this ex:p ?x . ?x ex:q ?n }", {"ex": "http://example.org/"})

    assert Affected(store, change).nodes(found) == {NamedNode("http://example.org/a")}
    assert Affected(store, Change(added=tuple(turtle("ex:z ex:q 3 .")))).nodes(found) == set()
    assert Literal("1") not in Affected(store, change).nodes(found)
