"""The rules that shapes carry, each with all that a reader wants to know of it, and where it is explained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode

from cd22kg.namespaces import SHAPES, STANDARD_PREFIXES, compact
from cd22kg.store import Term
from cd22kg.validation.quality import Check
from cd22kg.validation.shape_graph import ShapeGraph
from cd22kg.validation.shape_model import Node
from cd22kg.validation.shapes import Shapes
from cd22kg.validation.terms import RDF_TYPE, SH, text_of
from cd22kg.validation.validate import UNCONFIRMED

#: The page that explains the rules, as named from the top of a checkout; each code is the anchor of a section.
PAGE = "docs/reference/rules.md"
#: Code of the faults that are found before there is anything to hold against a shape.
FAULT = "claim-file"
#: Code of what a reasoner finds in the ontology.
CONTRADICTION = "hermit"

_RDFS, _DCTERMS = STANDARD_PREFIXES["rdfs"], STANDARD_PREFIXES["dcterms"]
_CLASSES = (STANDARD_PREFIXES["rdfs"] + "Class", STANDARD_PREFIXES["owl"] + "Class")
#: What SHACL says of a shape without asking anything of data.
_SILENT = frozenset(
    (
        *("path", "severity", "message", "deactivated", "name", "description", "order", "group", "defaultValue"),
        *("property", "rule", "declare", "prefix", "namespace", "flags", "ignoredProperties", "prefixes"),
        *("targetNode", "targetClass", "targetSubjectsOf", "targetObjectsOf", "target", "editor", "viewer"),
        *("shapesGraph", "suggestedShapesGraph", "values", "entailment"),
    )
)
_TARGETS = {
    "targetClass": "each {0}",
    "targetNode": "{0}",
    "targetSubjectsOf": "each node with {0}",
    "targetObjectsOf": "each value of {0}",
    "target": "what the shape's own target finds",
}


@dataclass(frozen=True)
class Rule:
    """A rule, for a reader.

    Attributes:
        code: Its stable id: what follows the namespace of our shapes, or the IRI of another's shape.
        file: The file it stands in.
        severity: ``violation``, ``warning``, ``info``, or the IRI of a severity of one's own.
        title: What it is about, in a few words.
        what: What is wrong where it fires; ``{?name}`` stands for what was found.
        fix: How to mend that.
        why: Why it is asked.
        sources: Where that comes from: IRIs, or text.
        targets: What it looks at, in words.
        path: The property it looks at, in SPARQL's words; empty where it looks at the whole node.
        may_be_published: Whether a figure that a source printed so may break it.
        page: Address of the section that explains it, from the top of a checkout; empty for the rules of others.
    """

    code: str
    file: str
    severity: str
    title: str = ""
    what: str = ""
    fix: str = ""
    why: str = ""
    sources: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    path: str = ""
    may_be_published: bool = False
    page: str = ""


#: The codes that neither a shape nor a check of the ontology carries.
OWN_RULES = (
    Rule(
        FAULT,
        "",
        "fault",
        "a claim file that cannot be read as one",
        "The file is no YAML of the kind that claim files are, lacks a key, holds one that nothing knows, names a thing"
        " that is not there, gives a name that is taken, or a date that is no day or lies in the future",
        "what the message says; unknown names come with the nearest known ones",
        "What cannot be read cannot be held against the rules, so a fault blocks a build as a violation does.",
        page=f"{PAGE}#{FAULT}",
    ),
    Rule(
        CONTRADICTION,
        "",
        "fault",
        "an ontology that contradicts itself",
        "The ontology cannot be true, or a class of it can have no member; the axioms that lead there are listed",
        "take one of them back",
        "From a contradiction everything follows, so nothing that is inferred could be trusted.",
        page=f"{PAGE}#{CONTRADICTION}",
    ),
    Rule(
        UNCONFIRMED,
        "",
        "warning",
        "a mark that no rule confirms",
        "A claim is marked as breaking a rule which does not fire, or is no rule about figures",
        "delete the mark, or name the rule that fires",
        "A mark excuses a figure that is kept as printed. One that excuses nothing hides a slip, or has outlived it.",
        page=f"{PAGE}#{UNCONFIRMED}",
    ),
)


def shape_rules(shapes: Shapes) -> dict[str, Rule]:
    """Return the rules of shapes by code, sorted by file and code.

    A rule is a shape with an IRI and a target, its own or that of a shape which has it as a property, that asks
    something itself; shapes that only gather others, or serve as an alternative in others, are none.

    Raises:
        InputError: If a path is malformed.
    """
    graph = ShapeGraph(shapes.quads)
    above: dict[Term, list[Node]] = {}
    for node in graph.subjects():
        for below in graph.objects(node, "property"):
            above.setdefault(below, []).append(node)
    found = []
    for node in graph.subjects():
        if isinstance(node, NamedNode) and _asks(graph, node):
            targets = tuple(dict.fromkeys(_targets(graph, above, node, frozenset())))
            if targets:
                found.append(_rule(graph, shapes, node, targets))
    return {rule.code: rule for rule in sorted(found, key=lambda rule: (rule.file, rule.code))}


def check_rules(checks: Iterable[Check]) -> dict[str, Rule]:
    """Return the checks of the ontology as rules, by code."""
    return {
        check.name: Rule(
            check.name,
            check.file,
            check.severity,
            check.summary,
            f"The term {check.message}",
            check.fix,
            check.description,
            page=f"{PAGE}#{check.name}",
        )
        for check in checks
    }


def with_own(rules: Mapping[str, Rule]) -> dict[str, Rule]:
    """Return the rules with those of `OWN_RULES`."""
    return {**rules, **{rule.code: rule for rule in OWN_RULES}}


def _asks(graph: ShapeGraph, node: Node) -> bool:
    """Return whether a shape asks something itself; a parameter of a component of one's own counts."""
    if any(graph.objects(node, name) for name in ("prefix", "namespace", "select", "ask", "parameter")):
        return False
    for predicate in graph.predicates(node):
        if predicate.startswith(SH) and predicate.removeprefix(SH) not in _SILENT:
            return True
    is_shape = any(NamedNode(SH + kind) in graph.objects(node, RDF_TYPE) for kind in ("NodeShape", "PropertyShape"))
    return is_shape and not graph.objects(node, "property") and bool(graph.objects(node, "message"))


def _targets(graph: ShapeGraph, above: Mapping[Term, list[Node]], node: Node, below: frozenset[Node]) -> Iterator[str]:
    """Yield what a shape looks at, in words, along the shapes that it is a property of."""
    for name, words in _TARGETS.items():
        yield from (words.format(f"`{compact(text_of(value))}`") for value in graph.objects(node, name))
    if any(NamedNode(iri) in graph.objects(node, RDF_TYPE) for iri in _CLASSES):
        yield f"each `{compact(text_of(node))}`"
    for other in above.get(node, ()):
        if other not in below:
            path = graph.path(other)
            for words in _targets(graph, above, other, below | {node}):
                yield f"each value of `{path}` of {words}" if path else words


def _rule(graph: ShapeGraph, shapes: Shapes, node: NamedNode, targets: tuple[str, ...]) -> Rule:
    code = node.value.removeprefix(SHAPES)
    said = " ".join(_texts(graph, node, "message"))
    what, _, fix = said.partition(" Fix: ")
    severity = text_of(next(iter(graph.objects(node, "severity")), NamedNode(SH + "Violation")))
    path = graph.path(node)
    return Rule(
        code=code,
        file=shapes.files.get(code, ""),
        severity=severity.removeprefix(SH).lower() if severity.startswith(SH) else severity,
        title=_text(graph, node, _RDFS + "label") or _text(graph, node, "name"),
        what=what.removesuffix("."),
        fix=fix.removesuffix("."),
        why=_text(graph, node, _RDFS + "comment") or _text(graph, node, "description"),
        sources=tuple(sorted(map(text_of, graph.objects(node, _DCTERMS + "source")))),
        targets=targets,
        path=str(path) if path else "",
        may_be_published=code in shapes.about_figures,
        page=f"{PAGE}#{code}" if node.value.startswith(SHAPES) else "",
    )


def _text(graph: ShapeGraph, node: Node, predicate: str) -> str:
    return " ".join(_texts(graph, node, predicate))


def _texts(graph: ShapeGraph, node: Node, predicate: str) -> list[str]:
    """Return the values of a property that are text, English ones alone where there are any."""
    found = [value for value in graph.objects(node, predicate) if isinstance(value, Literal)]
    english = [value for value in found if (value.language or "en").partition("-")[0] == "en"]
    return sorted(value.value for value in english or found)
