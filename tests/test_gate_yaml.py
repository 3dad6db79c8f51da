"""YAML as a tree of text: nothing is typed, nothing is expanded, everything has its place."""

from __future__ import annotations

import subprocess
import sys
import unicodedata
from functools import partial
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cd22kg.errors import InputError, Location
from cd22kg.gate.yaml import MAX_DEPTH, Node, parse_yaml

DOCUMENT = """\
# a comment
source:
  id: fry-2018
  unverified: [authors, doi]
claims:
  - id: a
    measurement: {value: 73, unit: "%"}
  - id: b
    note: |
      two
      lines
"""

#: Texts that are refused, with the line and column of the fault and the message.
REFUSED = {
    "alias": ("a: 1\nb: *x\n", 2, 4, "alias `*x` is not allowed"),
    "alias as key": ("*x : 1\n", 1, 1, "alias `*x` is not allowed"),
    "anchor on text": ("a: &x 1\n", 1, 4, "anchor `&x` is not allowed"),
    "anchor on list": ("a: &x [1]\n", 1, 4, "anchor `&x` is not allowed"),
    "anchor on mapping": ("a: &x {b: 1}\n", 1, 4, "anchor `&x` is not allowed"),
    "anchor on key": ("&x a: 1\n", 1, 1, "anchor `&x` is not allowed"),
    "standard tag": ("a: !!str 1\n", 1, 4, "tag `tag:yaml.org,2002:str` is not allowed"),
    "own tag": ("a:\n  b: !include secret\n", 2, 6, "tag `!include` is not allowed"),
    "bare tag": ("a: ! 1\n", 1, 4, "tag `!` is not allowed"),
    "tag that makes an object": (
        "a: !!python/object/apply:os.system [ls]\n",
        1,
        4,
        "tag `tag:yaml.org,2002:python/object/apply:os.system` is not allowed",
    ),
    "merge key": ("a:\n  <<: {b: 1}\n", 2, 3, "merge key `<<` is not allowed"),
    "list as key": ("? [a]\n: 1\n", 1, 3, "a key must be text"),
    "mapping as key": ("{{a: 1}: 2}\n", 1, 2, "a key must be text"),
    "second document": ("a: 1\n---\nb: 2\n", 2, 1, "a second document starts here"),
    "tab before the first key": ("\ta: 1\n", 1, 1, "a tab indents this line"),
    "tab below a key": ("a:\n\tb: 1\n", 2, 1, "a tab indents this line"),
    "tab before an item": ("a:\n  - b\n\t- c\n", 3, 1, "a tab indents this line"),
    "tab after blanks": ("a:\n  \tb: 1\n", 2, 3, "a tab indents this line"),
    "open bracket at the end": ("a: [1\n", 2, 1, "not valid YAML: did not find expected ',' or ']'"),
    "open quote at the end": ('a: "x\n\n', 3, 1, "not valid YAML: found unexpected end of stream"),
    "open bracket": ("a: [1\nb: 2\n", 2, 2, "not valid YAML: did not find expected ',' or ']'"),
    "two colons": ("a: b: c\n", 1, 5, "not valid YAML: mapping values are not allowed in this context"),
    "wrong indentation": ("a: 1\n b: 2\n", 2, 3, "not valid YAML: mapping values are not allowed in this context"),
    "list after a key": ("a: 1\n- b\n", 2, 1, "not valid YAML: did not find expected key"),
    "comment only": ("# nothing\n", 1, 1, "the file has no content"),
}

#: Texts that YAML 1.1 would type or fold; each must come back as written.
AS_WRITTEN = (
    "NO",
    "yes",
    "on",
    "true",
    "~",
    "null",
    "010",
    "0x1F",
    "1_000",
    "1e3",
    "68.10",
    ".inf",
    ".nan",
    "12:30",
    "12:30:45",
    "2018",
    "2018-01-02",
    "2018-01-02T03:04:05Z",
    "=",
)

#: Ways to write a character that may not stand in a file.
ESCAPED = {
    "NUL": ("\\0", 0x0000),
    "escape": ("\\e", 0x001B),
    "delete": ("\\x7F", 0x007F),
    "next line": ("\\N", 0x0085),
    "line separator": ("\\L", 0x2028),
    "zero-width space": ("\\u200B", 0x200B),
    "right-to-left override": ("\\u202E", 0x202E),
}


def bomb(levels: int) -> str:
    """Return a document that a reader of aliases would unfold to ten to the power of `levels` items."""
    lines = ["a0: &a0 [" + ", ".join("x" * 10) + "]"]
    lines += [f"a{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * 10) + "]" for n in range(1, levels)]
    return "\n".join(lines) + "\n"


def places(node: Node, path: tuple[str | int, ...] = ()) -> dict[tuple[str | int, ...], tuple[int, int]]:
    """Return line and column of every value below a node."""
    found = {path: (node.location.line, node.location.column)}
    if isinstance(node.value, str):
        return found
    inside: Any = node.value.items() if isinstance(node.value, dict) else enumerate(node.value)
    for step, child in inside:
        found |= places(child, (*path, step))
    return found


def test_positions_of_values() -> None:
    """Each value knows the line and column at which it starts."""
    root, problems = parse_yaml(DOCUMENT, "x.yaml")

    assert problems == ()
    assert places(root) == {
        (): (2, 1),
        ("source",): (3, 3),
        ("source", "id"): (3, 7),
        ("source", "unverified"): (4, 15),
        ("source", "unverified", 0): (4, 16),
        ("source", "unverified", 1): (4, 25),
        ("claims",): (6, 3),
        ("claims", 0): (6, 5),
        ("claims", 0, "id"): (6, 9),
        ("claims", 0, "measurement"): (7, 18),
        ("claims", 0, "measurement", "value"): (7, 26),
        ("claims", 0, "measurement", "unit"): (7, 36),
        ("claims", 1): (8, 5),
        ("claims", 1, "id"): (8, 9),
        ("claims", 1, "note"): (9, 11),
    }


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [
        ((), 2, 1),
        (("source",), 2, 1),
        (("source", "id"), 3, 3),
        (("source", "unverified", 1), 4, 25),
        (("claims", 1), 8, 5),
        (("claims", 0, "measurement", "unit"), 7, 30),
        (("claims", 0, "measurement", "total"), 7, 5),
        (("claims", 7, "id"), 5, 1),
        (("source", "id", "deeper"), 3, 3),
        (("nothing",), 2, 1),
    ],
    ids=lambda value: ".".join(map(str, value)) or "root" if isinstance(value, tuple) else None,
)
def test_locate(path: tuple[str | int, ...], line: int, column: int) -> None:
    """A path leads to its key, an item to itself, and what is missing to the nearest thing above it."""
    root, _ = parse_yaml(DOCUMENT, "x.yaml")

    assert root.locate(path) == Location("x.yaml", line, column)


def test_get() -> None:
    """A key gives its node; a missing key, and a key of something that has none, give nothing."""
    root, _ = parse_yaml("a: 1\nb: [2]\n", "x")
    one = root.get("a")

    assert one is not None
    assert (one.value, one.get("x"), root.get("c")) == ("1", None, None)


@pytest.mark.parametrize("text", AS_WRITTEN)
def test_scalars_stay_text(text: str) -> None:
    """What YAML would take for a boolean, a number or a date stays the text it is."""
    root, problems = parse_yaml(f"a: {text}\n{text}: [{text}]\n", "x")

    assert (root.plain(), problems) == ({"a": text, text: [text]}, ())


def test_nothing_is_empty_text() -> None:
    """A key without a value has empty text, never `None`."""
    assert parse_yaml("a:\nb: ''\n", "x")[0].plain() == {"a": "", "b": ""}


@pytest.mark.parametrize(("text", "line", "column", "message"), REFUSED.values(), ids=REFUSED)
def test_refused_with_its_place(text: str, line: int, column: int, message: str) -> None:
    """A part of YAML that can surprise is refused at the place where it stands."""
    with pytest.raises(InputError) as caught:
        parse_yaml(text, "x.yaml")

    assert caught.value.message == message
    assert caught.value.location == Location("x.yaml", line, column)
    assert caught.value.hint


@pytest.mark.parametrize(("escape", "number"), ESCAPED.values(), ids=ESCAPED)
def test_escaped_character_is_refused(escape: str, number: int) -> None:
    """A character that may not stand in a file may not be written as an escape either."""
    with pytest.raises(InputError, match=f"U\\+{number:04X}") as caught:
        parse_yaml(f'a: 1\nb: "x{escape}y"\n', "x.yaml")

    assert caught.value.location == Location("x.yaml", 2, 4)


def test_escaped_decomposed_text_is_refused() -> None:
    """An escape cannot bring in text that is not in normal form C."""
    with pytest.raises(InputError, match="normal form C") as caught:
        parse_yaml('a: "cafe\\u0301"\n', "x.yaml")

    assert caught.value.location == Location("x.yaml", 1, 4)


def test_alias_bomb() -> None:
    """A bomb of aliases is refused at its first anchor, before anything is unfolded."""
    with pytest.raises(InputError) as caught:
        parse_yaml(bomb(12), "x.yaml")

    assert caught.value.message == "anchor `&a0` is not allowed"
    assert caught.value.location == Location("x.yaml", 1, 5)


def test_duplicate_keys() -> None:
    """Each repeated key is reported at its place; the first value holds, and the rest is still read."""
    root, problems = parse_yaml("a: 1\nb: {c: 2, c: 3}\na: [4]\nd: 5\na: 6\n", "x.yaml")

    assert root.plain() == {"a": "1", "b": {"c": "2"}, "d": "5"}
    assert [str(problem) for problem in problems] == [
        "x.yaml:2:11: key `c` is given twice\n  fix:  first given at line 2; keep one",
        "x.yaml:3:1: key `a` is given twice\n  fix:  first given at line 1; keep one",
        "x.yaml:5:1: key `a` is given twice\n  fix:  first given at line 1; keep one",
    ]


def test_duplicate_keys_however_quoted() -> None:
    """Two spellings of one key are the same key."""
    _, problems = parse_yaml('a: 1\n"a": 2\n', "x.yaml")

    assert [problem.location for problem in problems] == [Location("x.yaml", 2, 1)]


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a: ", "}")], ids=["lists", "mappings"])
def test_depth(opening: str, closing: str) -> None:
    """The deepest nesting allowed is read; one level more is refused where it begins."""
    deepest = opening * MAX_DEPTH + "x" + closing * MAX_DEPTH
    parse_yaml(deepest, "x.yaml")

    with pytest.raises(InputError) as caught:
        parse_yaml(opening + deepest + closing, "x.yaml")
    assert caught.value.message == f"nested over {MAX_DEPTH} levels deep"
    assert caught.value.location == Location("x.yaml", 1, len(opening) * MAX_DEPTH + 2)


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "], ids=["lists", "mappings", "items", "keys"])
def test_endless_nesting_does_not_kill_the_process(opening: str) -> None:
    """100,000 levels end as a refusal; the parser underneath would die of them."""
    code = f"""
from cd22kg.errors import InputError
from cd22kg.gate.yaml import parse_yaml
try:
    parse_yaml({opening!r} * 100_000, "x")
except InputError as error:
    print(error.message)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, f"nested over {MAX_DEPTH} levels deep\n"), done.stderr[-500:]


def test_plain_has_no_places() -> None:
    """The plain form holds nothing but text, lists and dictionaries."""
    assert parse_yaml(DOCUMENT, "x")[0].plain() == {
        "source": {"id": "fry-2018", "unverified": ["authors", "doi"]},
        "claims": [{"id": "a", "measurement": {"value": "73", "unit": "%"}}, {"id": "b", "note": "two\nlines\n"}],
    }


_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")))
_NFC = _TEXT.map(partial(unicodedata.normalize, "NFC"))
_TREES: st.SearchStrategy[Any] = st.recursive(
    _NFC,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_NFC.filter(lambda k: k != "<<"), inner, max_size=4),
)


@given(_TREES)
def test_any_tree_of_text_survives(tree: Any) -> None:
    """What a YAML writer writes in quotes is read back as the same text, lists and keys."""
    text = yaml.safe_dump(tree, default_style='"', allow_unicode=True, width=10_000)

    assert parse_yaml(text, "x")[0].plain() == tree


@given(st.text(st.sampled_from("ab:-? \n\t[]{},&*!#|>'\"%@`<=.01"), max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever the signs, there is a tree of text or a refusal; never another error, and never another type."""
    try:
        root, _ = parse_yaml(text, "x")
    except InputError as error:
        assert error.location is not None
    else:
        assert {type(leaf) for leaf in leaves(root.plain())} <= {str}


def leaves(tree: Any) -> list[Any]:
    """Return everything in a plain tree that holds nothing more."""
    if isinstance(tree, dict):
        return [*tree, *(leaf for value in tree.values() for leaf in leaves(value))]
    if isinstance(tree, list):
        return [leaf for value in tree for leaf in leaves(value)]
    return [tree]
