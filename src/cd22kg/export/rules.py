"""The reference page of the rules: what each asks and why, what it looks at, and an example of either kind.

The anchor of a section is the code of its rule, to which every finding leads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pyoxigraph import Literal, NamedNode

from cd22kg.export.markdown import NOTICE, anchor, marked, plain
from cd22kg.namespaces import SHAPES, STANDARD_PREFIXES
from cd22kg.validation.quality import read_checks
from cd22kg.validation.rules import OWN_RULES, Rule, check_rules, shape_rules
from cd22kg.validation.shapes import Shapes

_DCTERMS = STANDARD_PREFIXES["dcterms"]
#: Where the page finds the files of the checkout.
_TOP = "../../"
_EXAMPLES = "tests/data/shapes"
_OTHER = "Other codes"
_CHECKS = "Checks of the ontology"
_MAY = {
    True: "yes, where the claim is marked with `publishedInconsistency`; it is then `annotated` and blocks nothing",
    False: "no",
}


def rules_page(shapes: Shapes) -> Iterator[str]:
    """Yield the lines of the page."""
    groups = _groups(shapes)
    rules = [rule for group in groups.values() for rule in group]
    counts: dict[str, int] = {}
    for rule in rules:
        counts[rule.severity] = counts.get(rule.severity, 0) + 1
    yield from ("# Rules", "", "Every code that a finding of `cd22kg check` or `cd22kg validate` can carry.", "")
    yield from (NOTICE, "")
    yield f"{len(rules)} rules: {', '.join(f'{count} {name}' for name, count in sorted(counts.items()))}. A fault or a"
    yield "violation blocks a build; a warning or an info does not. What to do with a finding: see"
    yield "[Validate](../how-to/validate.md)."
    yield from ("", "## Contents", "")
    for title, group in groups.items():
        links = " · ".join(f"[{rule.code}](#{rule.code})" for rule in group)
        yield f"- [{plain(title)}](#{anchor(title)}): {links}"
    yield ""
    for title, group in groups.items():
        yield from (f"## {plain(title)}", "")
        files = dict.fromkeys(rule.file for rule in group if rule.file)
        if len(files) == 1:
            yield from (f"File: {_link(*files)}", "")
        for rule in group:
            yield from _rule(rule, one_file=len(files) == 1)


def _groups(shapes: Shapes) -> Mapping[str, list[Rule]]:
    """Return the rules by the title of their file, then those of no file."""
    titles = {
        f"shapes/{quad.subject.value.removeprefix(SHAPES.removesuffix('#')).removeprefix('/')}.ttl": quad.object.value
        for quad in shapes.quads
        if quad.predicate.value == _DCTERMS + "title"
        and isinstance(quad.subject, NamedNode)
        and isinstance(quad.object, Literal)
    }
    found: dict[str, list[Rule]] = {}
    for rule in shape_rules(shapes).values():
        found.setdefault(titles.get(rule.file, rule.file), []).append(rule)
    found[_CHECKS] = list(check_rules(read_checks()).values())
    found[_OTHER] = list(OWN_RULES)
    return found


def _rule(rule: Rule, *, one_file: bool) -> Iterator[str]:
    yield from (f"### {rule.code}", "", f"**{marked(rule.title)}** ({rule.severity})", "")
    rows = {
        "file": "" if one_file or not rule.file else _link(rule.file),
        "looks at": "; ".join(rule.targets) + (f", property `{rule.path}`" if rule.path else ""),
        "says": marked(rule.what),
        "fix": marked(rule.fix),
        "why": marked(rule.why),
        "source": ", ".join(f"<{text}>" if "://" in text else marked(text) for text in rule.sources),
    }
    if rule.file.startswith("shapes/"):
        rows["a published figure may break it"] = _MAY[rule.may_be_published]
        rows["examples"] = ", ".join(
            f"[{kind}]({_TOP}{_EXAMPLES}/{rule.code}.{kind}.ttl)" for kind in ("valid", "invalid")
        )
    yield from (f"- {name}: {text}" for name, text in rows.items() if text)
    yield ""


def _link(file: str) -> str:
    return f"[{file}]({_TOP}{file})"
