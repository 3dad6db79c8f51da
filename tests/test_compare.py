"""What a store made of quads: lost, changed, added, or the same value in another form."""

from __future__ import annotations

import pytest
from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple

from cd22kg.namespaces import STANDARD_PREFIXES
from cd22kg.store.compare import Difference, compare, value_of

XSD = STANDARD_PREFIXES["xsd"]
GRAPH = NamedNode("urn:g")


def literal(text: str, kind: str) -> Literal:
    """Return a literal of a type of XML Schema."""
    return Literal(text, datatype=NamedNode(XSD + kind))


def quad(name: str, value: NamedNode | BlankNode | Literal | Triple) -> Quad:
    """Return a quad with a value."""
    return Quad(NamedNode(f"urn:{name}"), NamedNode("urn:p"), value, GRAPH)


def test_same_quads_do_not_differ() -> None:
    """Order and repetition mean nothing."""
    quads = [quad("a", Literal("x")), quad("b", Literal("y"))]

    assert Difference() == compare(quads, [*reversed(quads), quads[0]])
    assert not compare(quads, quads)


def test_each_kind_of_difference_is_told() -> None:
    """A lost quad, one in another form, one with another value, and one that nobody sent."""
    kept, lost, added = quad("kept", Literal("x")), quad("lost", Literal("x")), quad("added", Literal("x"))
    long, short = quad("form", literal("68.10", "decimal")), quad("form", literal("68.1", "decimal"))
    months, six = quad("value", literal("P6M", "duration")), quad("value", literal("6", "duration"))
    found = compare([kept, lost, long, months], [kept, added, short, six])

    assert Difference((lost,), ((long, short),), ((months, six),), (added,)) == found
    assert found
    assert str(found).splitlines()[0] == "1 lost, 1 with another value, 1 added, 1 in another form of the same value"
    assert all(str(one) in str(found) for one in (lost, added, long, months))


def test_two_forms_that_become_one_are_not_lost() -> None:
    """A store that folds numbers gives one quad for two; the value is there."""
    forms = [quad("a", literal(text, "decimal")) for text in ("1.0", "1.00", "1")]
    found = compare(forms, forms[2:])

    assert Difference(reformed=((forms[0], forms[2]), (forms[1], forms[2]))) == found
    assert not found


def test_blank_nodes_are_counted() -> None:
    """They have no names to compare by, also where they stand in a triple term."""
    inside = Triple(BlankNode("z"), NamedNode("urn:p"), Literal("x"))
    sent = [quad("a", BlankNode("x")), quad("b", BlankNode("y")), quad("c", inside)]

    assert Difference(blank_lost=2) == compare(sent, [quad("a", BlankNode("other"))])
    assert Difference(blank_added=1) == compare(sent[:1], sent[:2])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (literal("1", "int"), literal("01", "integer")),
        (literal("9223372036854775808", "integer"), literal("9223372036854775808", "decimal")),
        (literal("0.5", "decimal"), literal(".5", "decimal")),
        (literal("1.0E0", "double"), literal("1", "double")),
        (literal("+INF", "double"), literal("INF", "double")),
        (literal("true", "boolean"), literal("1", "boolean")),
        (literal("P1Y6M", "duration"), literal("P18M", "duration")),
        (literal("PT36H", "duration"), literal("P1DT12H", "duration")),
        (literal("-P1D", "dayTimeDuration"), literal("-PT24H", "dayTimeDuration")),
        (literal("2024-02-29T12:00:00.50Z", "dateTime"), literal("2024-02-29T14:00:00.5+02:00", "dateTime")),
    ],
)
def test_forms_of_one_value_are_equal(one: Literal, other: Literal) -> None:
    """Numbers by size, moments by their place in time, durations by months and seconds."""
    assert value_of(one) == value_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (literal("1e400", "double"), literal("INF", "double")),
        (literal("0.1234567890123456", "decimal"), literal("0.123456789012346", "decimal")),
        (literal("P1M", "duration"), literal("P30D", "duration")),
        (literal("PT1S", "duration"), literal("1.1", "duration")),
        (literal("ab", "integer"), literal("0", "integer")),
        (literal("tru", "boolean"), literal("false", "boolean")),
        (literal("１", "integer"), literal("1", "integer")),
        (literal("2024-02-29T12:00:00", "dateTime"), literal("2024-02-29T12:00:00Z", "dateTime")),
        (Literal("é"), Literal("e\u0301")),
        (Literal("a", language="en"), Literal("a", language="de")),
        (Literal("a"), NamedNode("urn:a")),
    ],
)
def test_other_values_differ(one: Literal, other: Literal | NamedNode) -> None:
    """What merely looks alike, or what a store made up, is another value."""
    assert value_of(one) != value_of(other)
