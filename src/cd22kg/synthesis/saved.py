"""Saved syntheses: recipe and result in one file, ``syntheses/<slug>.yaml``, which a build runs again.

A person may edit title and recipe; the rest is written by ``cd22kg pool --save`` and ``--rerun``. The digest covers
recipe, studies and result, so that a result typed in, or left behind by a change of the recipe, is noticed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from decimal import ROUND_DOWN, Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from cd22kg.errors import DataError, InputError, Location, OutputError, Problem, QueryError
from cd22kg.files import write_bytes
from cd22kg.gate.text import fault_of, read_text, visible
from cd22kg.gate.yaml import Node, parse_yaml
from cd22kg.model.values import Boolean, Date, Integer, Number, Slug, Text, is_slug
from cd22kg.statistics.options import Back, Method, Transform
from cd22kg.synthesis.pooling import model_from
from cd22kg.synthesis.recipe import Policy, Selection
from cd22kg.synthesis.result import Synthesis

if TYPE_CHECKING:
    from cd22kg.statistics.meta import Estimate, Model

#: Digits after the point of what is saved: more than a meta-analysis knows, fewer than machines differ in.
DIGITS = 6
#: The level of all intervals where a recipe names none.
USUAL_LEVEL = Decimal("0.95")
#: What is saved of an estimate; all else follows from recipe and studies.
RESULT = (
    *("estimate", "lower", "upper", "prediction_lower", "prediction_upper"),
    *("tau2", "i2", "q", "q_df", "q_p", "k", "events", "total"),
)

#: What every result has.
_ALWAYS = {"estimate", "lower", "upper", "k", "events", "total"}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class SavedRecipe(_Part):
    """Selection and model, as a file writes them; what is not written is as `Selection` and `Model` have it."""

    therapy: Slug
    indication: Slug
    outcome: tuple[Slug, ...]
    denominator: tuple[Slug, ...] = ()
    among: Slug | None = None
    after_cd19: Boolean | None = None
    exclude_abstracts: Boolean = False
    until: Date | None = None
    exact: Boolean = False
    least_share: Number | None = None
    printed_only: Boolean = False
    overlap: Policy = "largest"
    transform: Transform = "logit"
    method: Method = "REML"
    hartung_knapp: Boolean = False
    level: Number | None = None
    back: Back = "harmonic"

    def selection(self) -> Selection:
        """Return which claims are pooled."""
        asked = {field.name: getattr(self, field.name) for field in fields(Selection)}
        asked = {name: value for name, value in asked.items() if value is not None}
        if self.least_share is not None:
            asked["least_share"] = float(self.least_share)
        return Selection(**asked)

    def model(self) -> Model:
        """Return how they are pooled.

        Raises:
            SynthesisError: If numpy or scipy is missing.
            QueryError: If an option is none, or does not go with another.
        """
        return model_from(
            transform=self.transform,
            method=self.method,
            hartung_knapp=self.hartung_knapp,
            level=float(USUAL_LEVEL if self.level is None else self.level),
            back=self.back,
        )


class SavedStudy(_Part):
    """A claim with the counts that were pooled."""

    claim: Slug
    events: Integer
    total: Integer


class SavedOut(_Part):
    """A claim that fits the question and was left out."""

    claim: Slug
    reason: Text
    instead: Slug | None = None


class SavedSynthesis(_Part):
    """A file of the folder ``syntheses``."""

    id: Slug
    title: Text
    recipe: SavedRecipe
    studies: tuple[SavedStudy, ...] = ()
    left_out: tuple[SavedOut, ...] = ()
    result: Mapping[str, Number] = {}
    digest: Text | None = None
    graph: Text | None = None
    version: Text | None = None

    @property
    def holds(self) -> bool:
        """Return whether the result is that of the recipe and the studies, as far as the file tells."""
        return self.digest == digest_of(self) and self.result.keys() >= _ALWAYS


def saved_from(slug: str, synthesis: Synthesis, title: str = "") -> SavedSynthesis:
    """Return what is saved of a synthesis of claims.

    Raises:
        QueryError: If it is of a table, or the slug is none.
    """
    selection, model = synthesis.selection, synthesis.model
    if selection is None:
        raise QueryError("a synthesis of a table cannot be saved", hint="save one of claims; a build runs it again")
    if not is_slug(slug):
        raise QueryError(f"`{slug}` is no slug", hint="use lower-case letters, digits and hyphens: cr-all-cd22-alone")
    if fault := fault_of(title):
        raise QueryError(f"the title cannot be saved: {fault[1]}", hint=fault[2])
    if title and not title.strip():
        raise QueryError("the title is blank", hint="write it, or leave it out")
    if float(_asked(model.level)) != model.level:
        hint = f"a file holds {DIGITS} digits after the point"
        raise QueryError(f"the level {model.level} cannot be saved", hint=hint)
    plain: dict[str, Any] = {
        "id": slug,
        "title": title or visible(synthesis.title),
        "recipe": {
            **_told(selection),
            "least_share": _asked(selection.least_share),
            **{name: value for name, value in vars(model).items() if _matters(name, model)},
            "level": _asked(model.level),
        },
        "studies": [{"claim": s.claim, "events": s.events, "total": s.total} for s in synthesis.studies],
        "left_out": [
            {name: visible(value) for name, value in vars(out).items() if value} for out in synthesis.left_out
        ],
        "result": dict(_result(synthesis.estimate)),
        "graph": synthesis.graph or None,
        "version": synthesis.version,
    }
    saved = SavedSynthesis.model_validate(plain)
    return saved.model_copy(update={"digest": digest_of(saved)})


def _told(selection: Selection) -> dict[str, Any]:
    """Return what a selection asks for, without what it leaves open."""
    usual = {field.name: field.default for field in fields(Selection)}
    return {name: value for name, value in vars(selection).items() if value != usual[name] or name == "overlap"}


def _matters(name: str, model: Model) -> bool:
    return name != "level" and (name != "back" or model.transform == "freeman-tukey")


def _result(estimate: Estimate) -> Iterator[tuple[str, str]]:
    for name in RESULT:
        value = getattr(estimate, name)
        if value is not None:
            yield to_camel(name), _decimal(value)


def _decimal(value: float) -> str:
    """Return a number as a file writes it: no exponent, at most `DIGITS` after the point, no zeros at the end."""
    text = f"{value:.{DIGITS}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _asked(value: float) -> str:
    """Return what a recipe asks for, above 0 and at most 1, as a file writes it: cut, for rounded it might be 0 or 1.

    Raises:
        QueryError: If nothing is left of it.
    """
    cut = Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-DIGITS), ROUND_DOWN)
    if not cut:
        raise QueryError(f"{value} is too small to be saved", hint=f"a file holds {DIGITS} digits after the point")
    return f"{cut.normalize():f}"


def digest_of(saved: SavedSynthesis) -> str:
    """Return the digest of what a synthesis was made of and of what came of it."""
    plain = saved.model_dump(mode="json", by_alias=True, include={"recipe", "studies", "result"}, exclude_none=True)
    return hashlib.sha256(json.dumps(plain, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def to_yaml(saved: SavedSynthesis) -> str:
    """Return the text of the file."""
    plain = saved.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_unset=True)
    lines = [
        "# A synthesis: recipe, and what came of it. Edit title and recipe; "
        f"`cd22kg pool --rerun {saved.id}` writes the rest."
    ]
    for key, value in plain.items():
        if value in ([], {}):
            continue
        if isinstance(value, dict):
            lines += [f"{key}:", *(f"  {name}: {_flow(item)}" for name, item in value.items())]
        elif isinstance(value, list):
            lines += [f"{key}:", *(f"  - {_flow(item)}" for item in value)]
        else:
            lines.append(f"{key}: {_flow(value)}")
    return "\n".join(lines) + "\n"


def _flow(value: Any) -> str:
    """Return a value on one line: words as they are, other text in quotation marks."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return (
        text
        if all(character.isalnum() or character in "-._" for character in text)
        else json.dumps(text, ensure_ascii=False)
    )


def read_saved(path: Path, name: str = "") -> SavedSynthesis:
    """Return the synthesis of a file.

    Raises:
        InputError: If the file cannot be read, or is no YAML.
        DataError: If it is not as a synthesis is written; every fault is told, with its place.
    """
    name = name or str(path)
    node, problems = parse_yaml(read_text(path, name=name), name)
    if problems:
        raise DataError(problems)
    try:
        saved = SavedSynthesis.model_validate(node.plain())
    except ValidationError as error:
        raise DataError(_problems(error, node)) from None
    if saved.id != path.stem:
        hint = f"name the file {saved.id}.yaml, or the synthesis {path.stem}"
        raise DataError([Problem(f"the synthesis `{saved.id}` stands in {path.name}", node.locate(("id",)), hint=hint)])
    return saved


def _problems(error: ValidationError, node: Node) -> Iterator[Problem]:
    for fault in error.errors():
        path = tuple(fault["loc"])
        message, _, hint = str(fault["msg"]).removeprefix("Value error, ").partition("; fix: ")
        where = ".".join(map(str, path))
        place: Location = node.locate(path)
        yield Problem(f"`{where}`: {message}" if where else message, place, hint=hint or "see docs/how-to/pool.md")


def saved_files(folder: Path, slugs: Sequence[str] = ()) -> tuple[tuple[Path, SavedSynthesis], ...]:
    """Return the saved syntheses of a folder, all or those named, each with its file.

    Raises:
        InputError: If there is no such folder or file, or a file cannot be read.
        DataError: If one is not as a synthesis is written.
    """
    there = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    if not there:
        raise InputError("no synthesis is saved here", Location(str(folder)), hint="save one with `cd22kg pool --save`")
    for slug in slugs:
        if slug not in there:
            near = get_close_matches(slug, there, cutoff=0.4) or sorted(there)
            raise InputError(
                f"there is no synthesis `{slug}`", Location(str(folder)), hint=f"one of: {', '.join(near)}"
            )
    return tuple((there[slug], read_saved(there[slug])) for slug in slugs or there)


def write_saved(saved: SavedSynthesis, folder: Path) -> Path:
    """Write the file of a synthesis, and return where it is.

    Raises:
        OutputError: If it cannot be written.
    """
    path = folder / f"{saved.id}.yaml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}", hint="check the path and rights") from None
    write_bytes(path, to_yaml(saved).encode())
    return path
