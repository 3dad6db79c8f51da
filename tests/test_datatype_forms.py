"""What a literal of a datatype looks like, held against pySHACL and against XML Schema where pySHACL is lax."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, Quad

from cd22kg.store import OxigraphStore
from cd22kg.validation import pyshacl_engine
from cd22kg.validation.engine import Validator
from cd22kg.validation.focus import finds
from cd22kg.validation.terms import SH, XSD, may_be_folded, text_of
from tests.test_shacl_agreement import CALM

EXAMPLE = "http://example.org/"
#: Good and bad texts of each datatype; on these pySHACL says the same.
TEXTS = {
    "anyURI": (["a", "http://example.org/b?c#d", "two words", ""], []),
    "base64Binary": (["", "YQ==", "YWI=", "YWJj", "Y Q = ="], ["YQ=", "YQ"]),
    "date": (["2020-02-29"], ["2021-02-29", "nonsense"]),
    "dayTimeDuration": (["P1D", "-PT1.5S", "P2DT3H", "PT1H1M"], ["nonsense", "", "P", "1D"]),
    "duration": (["P1Y", "PT1S", "-P1D", "P1Y2M3DT4H5M6.7S", "P1M", "PT1M"], ["nonsense", "", "P", "P1S", "p1y"]),
    "hexBinary": (["", "0F", "0f1A"], ["0", "0g"]),
    "time": (["12:00:00", "12:00:00.5Z"], ["25:00:00", "nonsense"]),
    "yearMonthDuration": (["P1Y", "-P1M", "P1Y2M"], ["nonsense", "", "P", "P1S"]),
}
#: Texts that XML Schema refuses; pySHACL takes them, as it tries no form or a wider one.
LAX = {
    "base64Binary": ["!!!!", "YR=="],
    "dayTimeDuration": ["P1Y", "P1DT"],
    "duration": ["P1YT", "+P1Y", "P1.5Y", "P1Y "],
    "gDay": ["---32", "nonsense"],
    "gMonth": ["--13", "nonsense"],
    "gMonthDay": ["--02-30", "nonsense"],
    "time": ["12:00"],
    "yearMonthDuration": ["P1D"],
}


def shape(kind: str) -> list[Quad]:
    """Return a shape that asks for a datatype."""
    node = NamedNode(EXAMPLE + "shape")
    facts = (
        ("targetSubjectsOf", EXAMPLE + "value"),
        ("path", EXAMPLE + "value"),
        ("datatype", XSD + kind),
    )
    return [Quad(node, NamedNode(SH + name), NamedNode(iri)) for name, iri in facts]


def data(kind: str, texts: list[str]) -> list[Quad]:
    """Return a node with a literal for each text."""
    node, path, datatype = NamedNode(EXAMPLE + "node"), NamedNode(EXAMPLE + "value"), NamedNode(XSD + kind)
    return [Quad(node, path, Literal(text, datatype=datatype)) for text in texts]


def compiled(kind: str, texts: list[str], *, digits: bool) -> list[str]:
    """Return the texts that the compiled engine finds, with the data at hand or from the store alone."""
    store, quads = OxigraphStore(), data(kind, texts)
    store.load(quads)
    found = Validator(shape(kind)).validate(store, (lambda: quads) if digits else None, threads=1)
    return sorted(text_of(result.value) for _, result in found.tally.kept)


@pytest.mark.parametrize("kind", TEXTS)
def test_forms_agree_with_pyshacl(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ill-formed literals are found, well-formed ones are not, as pySHACL finds them."""
    monkeypatch.setattr(logging.getLogger("rdflib.term"), "disabled", True)
    good, bad = TEXTS[kind]
    reference = pyshacl_engine.run(data(kind, good + bad), shape(kind))

    assert sorted(text_of(result.value) for result in reference) == sorted(bad)
    assert compiled(kind, good + bad, digits=True) == sorted(bad)
    assert compiled(kind, good + bad, digits=False) == sorted(bad)


@pytest.mark.parametrize("kind", LAX)
def test_forms_are_those_of_xml_schema(kind: str) -> None:
    """What XML Schema refuses is found."""
    assert compiled(kind, LAX[kind], digits=True) == sorted(LAX[kind])


ODD_TEXTS = st.one_of(
    st.sampled_from(["-0000", "0000", "2024", "02024", "2024-00:00", "2024-01", "2024-01-31+00:00", "007", "2.50"]),
    st.text(alphabet="0123456789+-.:ZTE ", max_size=12),
    st.from_regex(r"-?[0-9]{4,5}(-[0-9]{2}){0,2}(Z|[+-]00:00)?", fullmatch=True),
)
KINDS = ("date", "gYear", "gYearMonth", "dateTime", "integer", "decimal", "double", "boolean", "int", "string", "time")


@CALM
@given(ODD_TEXTS, st.sampled_from(KINDS))
def test_a_store_is_asked_what_it_may_have_folded(text: str, kind: str) -> None:
    """Whatever a store gives back written otherwise, it is asked for by `may_be_folded`."""
    store = OxigraphStore()
    written = Literal(text, datatype=NamedNode(XSD + kind))
    store.load([Quad(NamedNode(EXAMPLE + "a"), NamedNode(EXAMPLE + "p"), written)])
    ((kept,),) = store.select("SELECT ?o WHERE { ?s ?p ?o }")[1]

    if kept != written:
        assert finds(store, f"SELECT ?o WHERE {{ ?s ?p ?o FILTER({may_be_folded('?o')}) }}")
