"""pySHACL, the reference engine; its one door."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from unittest.mock import patch

import rdflib
from pyoxigraph import BlankNode, Literal, NamedNode, Quad, RdfFormat, parse
from rdflib.plugins.sparql import prepareQuery

from cd22kg.errors import InputError, QueryError
from cd22kg.gate.sparql import check_query
from cd22kg.gate.text import visible
from cd22kg.namespaces import PREFIXES
from cd22kg.rdf import to_rdflib
from cd22kg.validation.plan import Result
from cd22kg.validation.running import running
from cd22kg.validation.shape_graph import ShapeGraph
from cd22kg.validation.terms import SH as SHACL

_QUERIES = frozenset(SHACL + name for name in ("ask", "construct", "select", "update"))


class _PreparedGraph(rdflib.Graph):
    """A graph that parses each query once: pySHACL asks the same one for every focus node."""

    def query(self, query_object: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(query_object, str):
            namespaces = kwargs.pop("initNs", None) or {}
            query_object = _prepare(query_object, tuple(sorted((k, str(v)) for k, v in namespaces.items())))
        return super().query(query_object, *args, **kwargs)


@cache
def _prepare(text: str, namespaces: tuple[tuple[str, str], ...]) -> Any:
    return prepareQuery(text, initNs=dict(namespaces) or PREFIXES)


@contextmanager
def _each_query_checked_once() -> Iterator[None]:
    """Let pySHACL check the text of a query once, not for every focus node: a third of its time with our shapes."""
    from pyshacl.helper.sparql_query_helper import SPARQLQueryHelper

    original: Any = SPARQLQueryHelper.check_invalid_sparql
    seen: set[tuple[str, bool, tuple[str, ...]]] = set()

    def check(helper: Any, text: str, valuenode: Any = None, extravars: Any = None) -> None:
        key = (text, valuenode is None, tuple(sorted(extravars or ())))
        if key not in seen:
            original(helper, text, valuenode=valuenode, extravars=extravars)
            seen.add(key)

    with patch.object(SPARQLQueryHelper, "check_invalid_sparql", check):
        yield


@contextmanager
def _each_shape_shown() -> Iterator[None]:
    """Let whoever looks see which shapes pySHACL is at; those without a name are seen by the shape around them."""
    from pyshacl.shape import Shape

    original: Any = Shape.validate

    def validate(shape: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(shape.node, rdflib.BNode):
            return original(shape, *args, **kwargs)
        with running(str(shape.node)):
            return original(shape, *args, **kwargs)

    with patch.object(Shape, "validate", validate):
        yield


@contextmanager
def _silent() -> Iterator[None]:
    """Keep rdflib from printing a traceback for each ill-formed literal; of those that matter the report tells."""
    logger = logging.getLogger("rdflib.term")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


@contextmanager
def _recursion_noted(notes: list[str]) -> Iterator[None]:
    """Note that pySHACL goes round only once where shapes refer to themselves; it prints a warning each time."""
    from pyshacl.errors import ShapeRecursionWarning

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    if any(issubclass(warning.category, ShapeRecursionWarning) for warning in caught):
        notes.append("pySHACL followed shapes that refer to themselves once round; what lies further was not checked")
    for warning in caught:
        if not issubclass(warning.category, ShapeRecursionWarning):
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)


def run(data: Iterable[Quad], shapes: Iterable[Quad], notes: list[str] | None = None) -> Iterator[Result]:
    """Validate the union of the data's graphs and yield every result.

    Args:
        data: The quads.
        shapes: The shapes.
        notes: Gets what a reader should know of how the results were found.

    Raises:
        InputError: If pySHACL cannot make sense of the shapes, or a query in them reaches outside the data.
    """
    from pyparsing import ParseException
    from pyshacl import validate
    from pyshacl.errors import ReportableRuntimeError

    shapes = tuple(shapes)
    for quad in shapes:
        # Those of targets and rules too, which only this engine runs.
        if quad.predicate.value in _QUERIES and isinstance(quad.object, Literal):
            try:
                check_query(quad.object.value)
            except QueryError as error:
                raise InputError(f"a query of the shapes is refused: {error.message}", hint="mend the shape") from None
    try:
        with _silent():
            graph = to_rdflib(data, _PreparedGraph())
    except TypeError as error:
        raise InputError(f"pySHACL cannot read the data: {error}", hint="leave the shapes that need it out") from None
    try:
        told: list[str] = [] if notes is None else notes
        with _silent(), _each_shape_shown(), _each_query_checked_once(), _recursion_noted(told):
            _, report, _ = validate(
                graph,
                shacl_graph=to_rdflib(shapes),
                advanced=True,
                inplace=True,
                do_owl_imports=False,
                meta_shacl=False,
            )
    except ParseException as error:
        raise InputError(f"a query of the shapes is not SPARQL: {visible(str(error))}", hint="mend the query") from None
    except re.error as error:
        raise InputError(
            f"pySHACL cannot run the pattern `{visible(str(error.pattern))}` of a shape: {error}",
            hint="write it as Python and XML Schema both do",
        ) from None
    except RecursionError:
        raise InputError("the shapes are nested too deeply for pySHACL", hint="make them flatter") from None
    except (NotImplementedError, ReportableRuntimeError, TypeError) as error:  # the last where it compares dates
        raise InputError(f"the shapes cannot be used: {error}", hint="mend the shape it names") from None
    if not isinstance(report, rdflib.Graph):
        raise InputError(f"pySHACL gave no report: {report}", hint="mend the shapes")
    yield from _results(report)


def _results(report: rdflib.Graph) -> Iterator[Result]:
    """Yield the results of a report, as terms of the store."""
    text = report.serialize(format="nt", encoding="utf-8")
    graph = ShapeGraph(parse(text, format=RdfFormat.N_TRIPLES))
    # Only these: the details of a result, which pySHACL adds, are results of their own in the graph.
    (whole,) = graph.instances(SHACL + "ValidationReport")
    for node in graph.objects(whole, "result"):
        source = graph.one(node, "sourceShape")
        component, severity = graph.iri(node, "sourceConstraintComponent"), graph.iri(node, "resultSeverity")
        focus = graph.one(node, "focusNode")
        if focus is None or component is None or severity is None or not isinstance(source, NamedNode | BlankNode):
            raise InputError("pySHACL gave a report that is not whole", hint="mend the shapes")
        yield Result(
            focus=focus,
            path=graph.path(node, "resultPath"),
            value=graph.one(node, "value"),
            shape=source,
            component=component.value,
            severity=severity.value,
            messages=graph.literals(node, "resultMessage"),
        )
