"""Claim files to objects: what is read, how signs and slugs are resolved, and where everything stands."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from cd22kg.claims import Reading, claim_files, read_claims
from cd22kg.errors import DataError, InputError, Location, Problem, in_order
from cd22kg.model import (
    AssociationClaim,
    Claim,
    ComparisonClaim,
    Measurement,
    PooledClaim,
    ResultClaim,
    StatementClaim,
    Vocabulary,
)
from cd22kg.namespaces import CD22, iri

SOURCE = "source: {id: a, type: WebPage}\n"
RESULT = """\
  - id: x
    statement: Many responded.
    indication: all
    outcome: cr
    cohort: c
    measurement: {statistic: proportion, value: 68.10, unit: "%", bound: ">="}
"""
COHORT = "cohorts: [{id: c}]\n"
WHOLE = """\
source:
  id: a
  type: PressRelease
  published: "2020"
studies:
  - id: s
cohorts:
  - id: c
    study: s
    size: 0
    composition:
      - {indication: all, size: 3}
      - {indication: dlbcl, size: 4}
claims:
  - id: x
    statement: Many responded.
    indication: all
    outcome: cr
    cohort: c
    measurement:
      statistic: proportion
      events: 3
      total: 7
    relations:
      - {type: repeats, target: y, certainty: certain, reason: One text.}
  - id: y
    type: StatementClaim
    statement: It works.
    about: [therapy/auto3, cohort/c]
"""


def read(tmp_path: Path, vocabulary: Vocabulary, **texts: str) -> Reading:
    """Write the texts as claim files of those names and read them."""
    paths = {}
    for name, text in texts.items():
        path = tmp_path / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
        paths[path] = f"{name}.yaml"
    return read_claims(tuple(paths), vocabulary, names=paths)


def messages(reading: Reading) -> list[str]:
    """Return the first line of every problem."""
    return [str(problem).splitlines()[0] for problem in reading.problems]


def only_claim(reading: Reading) -> Claim:
    """Return the one claim that was read."""
    assert messages(reading) == []
    ((_, claim),) = reading.corpus.claims()
    return claim


def test_smallest_file(tmp_path: Path, vocabulary: Vocabulary) -> None:
    """A source alone is a claim file."""
    reading = read(tmp_path, vocabulary, a=SOURCE)

    assert messages(reading) == []
    (file,) = reading.corpus.files
    assert (file.source.id, file.source.class_name) == ("a", "WebPage")
    assert [thing.id for thing in file.things()] == ["a"]


def test_values_and_signs(tmp_path: Path, vocabulary: Vocabulary) -> None:
    """A figure keeps its digits, a sign becomes the slug of its concept, and a claim without type is a result."""
    claim = only_claim(read(tmp_path, vocabulary, a=SOURCE + COHORT + "claims:\n" + RESULT))

    assert type(claim) is ResultClaim
    assert claim.measurement == Measurement(
        statistic="proportion", value=Decimal("68.10"), unit="percent", bound="greater-or-equal"
    )
    assert str(claim.measurement.value) == "68.10"


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("", ResultClaim),
        ("type: ResultClaim", ResultClaim),
        ("type: PooledClaim\n    therapy: auto3", PooledClaim),
        ("type: ComparisonClaim\n    therapy: auto3\n    direction: higher", ComparisonClaim),
        ("type: AssociationClaim\n    factor: biomarker\n    direction: higher", AssociationClaim),
        ("type: StatementClaim\n    about: [therapy/auto3]", StatementClaim),
    ],
    ids=["none", "result", "pooled", "comparison", "association", "statement"],
)
def test_claim_types(keys: str, expected: type[Claim], tmp_path: Path, vocabulary: Vocabulary) -> None:
    """Each type is read as its class."""
    text = SOURCE + COHORT + "claims:\n" + RESULT + f"    {keys}\n"
    if expected is ComparisonClaim:
        text += "    subjectClaim: x\n    referenceClaim: x\n"

    assert type(only_claim(read(tmp_path, vocabulary, a=text))) is expected


def test_keys_of_another_type(tmp_path: Path, vocabulary: Vocabulary) -> None:
    """A key that only another type of claim has is unknown."""
    text = SOURCE + COHORT + "claims:\n" + RESULT + "    factor: biomarker\n"

    assert messages(read(tmp_path, vocabulary, a=text)) == ["a.yaml:10:5: claim `x`: unknown key `factor`"]


def test_references_across_files(tmp_path: Path, vocabulary: Vocabulary) -> None:
    """A claim may name what another file holds, whichever is read first."""
    one = SOURCE + "claims:\n" + RESULT
    other = "source: {id: b, type: WebPage, cites: [a]}\n" + COHORT

    assert messages(read(tmp_path, vocabulary, a=one, b=other)) == []
    assert messages(read(tmp_path, vocabulary, b=other, a=one)) == []


def test_reference_to_a_faulty_thing(tmp_path: Path, vocabulary: Vocabulary) -> None:
    """What names a thing that is there but faulty is not reported as well: mending the one mends both."""
    text = SOURCE + "cohorts: [{id: c, size: many}]\nclaims:\n" + RESULT

    assert messages(read(tmp_path, vocabulary, a=text)) == [
        "a.yaml:2:19: cohort `c`: `size`: `many` is not a whole number"
    ]


def test_reference_in_a_faulty_thing(tmp_path: Path, vocabulary: Vocabulary) -> None:
    """A slug that names nothing is reported even where the thing around it has another fault."""
    text = SOURCE + COHORT + "claims:\n" + RESULT + "    therapy: auto33\n    locator: ''\n"

    assert messages(read(tmp_path, vocabulary, a=text)) == [
        "a.yaml:10:5: claim `x`: unknown therapy `auto33`",
        "a.yaml:11:5: claim `x`: `locator`: the text is empty",
    ]


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("therapy/auto33", "unknown therapy `auto33`"),
        ("claim/none", "unknown claim `none`"),
        ("drug/auto3", "unknown kind `drug`"),
        ("auto3", "malformed reference `auto3`"),
        ("therapy/Auto3", "malformed reference `therapy/Auto3`"),
    ],
)
def test_wrong_reference_of_any_kind(reference: str, message: str, tmp_path: Path, vocabulary: Vocabulary) -> None:
    """A reference to a thing of any kind must have a known kind and name a thing that is there."""
    entry = f"  - {{id: y, type: StatementClaim, statement: x, about: [therapy/auto3, {reference}]}}\n"
    (found,) = messages(read(tmp_path, vocabulary, a=SOURCE + "claims:\n" + entry))

    assert message in found
    assert found.startswith("a.yaml:3:72: ")


def test_same_slug_of_another_kind(tmp_path: Path, vocabulary: Vocabulary) -> None:
    """Slugs are unique within a kind only; a study and a cohort may share one."""
    reading = read(tmp_path, vocabulary, a=SOURCE + "studies: [{id: c}]\n" + COHORT)

    assert messages(reading) == []


def test_every_duplicate_is_reported(tmp_path: Path, vocabulary: Vocabulary) -> None:
    """The third thing of one name points to the first, like the second."""
    reading = read(tmp_path, vocabulary, a=SOURCE + "cohorts:\n  - id: c\n  - id: c\n  - id: c\n")

    assert [str(problem) for problem in reading.problems] == [
        "a.yaml:4:9: cohort `c` is defined twice\n  fix:  first at a.yaml:3:9; rename one",
        "a.yaml:5:9: cohort `c` is defined twice\n  fix:  first at a.yaml:3:9; rename one",
    ]


def test_duplicate_is_left_out(tmp_path: Path, vocabulary: Vocabulary) -> None:
    """Two things of one name never melt into one: only the first is in the corpus."""
    reading = read(tmp_path, vocabulary, a=SOURCE + "cohorts:\n  - {id: c, size: 1}\n  - {id: c, size: 2}\n")

    assert [(cohort.id, cohort.size) for file in reading.corpus.files for cohort in file.cohorts] == [("c", 1)]


def test_sound_things_of_a_faulty_file(tmp_path: Path, vocabulary: Vocabulary) -> None:
    """What is sound is returned although something beside it is not."""
    reading = read(tmp_path, vocabulary, a=SOURCE + "cohorts: [{id: c}, {id: d, sise: 3}, {id: e}]\n")

    assert [cohort.id for file in reading.corpus.files for cohort in file.cohorts] == ["c", "e"]
    assert messages(reading) == ["a.yaml:2:28: cohort `d`: unknown key `sise`"]


def test_unreadable_file_beside_a_good_one(tmp_path: Path, vocabulary: Vocabulary) -> None:
    """A file that cannot be read at all is one problem; the others are read."""
    reading = read(tmp_path, vocabulary, a=SOURCE, b="x: [\n")

    assert [file.source.id for file in reading.corpus.files] == ["a"]
    assert [problem.location.file for problem in reading.problems if problem.location] == ["b.yaml"]


def test_files_in_order_of_slug(tmp_path: Path, vocabulary: Vocabulary) -> None:
    """The corpus does not depend on the order in which the files are named."""
    texts = {name: SOURCE.replace("id: a", f"id: {name}") for name in ("c", "a", "b")}

    assert [file.source.id for file in read(tmp_path, vocabulary, **texts).corpus.files] == ["a", "b", "c"]


def test_path_is_the_name_by_default(tmp_path: Path, vocabulary: Vocabulary) -> None:
    """Without a name of its own a file is called by its path."""
    path = tmp_path / "a.yaml"
    path.write_text(SOURCE + "cohort: []\n", encoding="utf-8")

    (problem,) = read_claims([path], vocabulary).problems
    assert problem.location == Location(str(path), 2, 1)


def test_hint_lists_some_when_nothing_is_near(tmp_path: Path, vocabulary: Vocabulary) -> None:
    """Where no name is near, the first names of the list are shown, and that there are more."""
    reading = read(tmp_path, vocabulary, a=SOURCE + COHORT + "claims:\n" + RESULT.replace("cr\n", "zzzzzz\n"))
    (problem,) = reading.problems

    assert problem.hint.startswith("one of: adverse-event, ")
    assert problem.hint.endswith(", ...")
    assert problem.hint.count(", ") == 12


def test_hint_when_there_is_none(tmp_path: Path, vocabulary: Vocabulary) -> None:
    """Where the list itself is empty, the hint says so."""
    reading = read(tmp_path, vocabulary, a=SOURCE + "cohorts: [{id: c, study: s}]\n")

    assert [problem.hint for problem in reading.problems] == ["there is none yet"]


@pytest.mark.parametrize(
    ("subject", "predicate", "line", "column"),
    [
        (iri("source", "a"), "", 2, 3),
        (iri("source", "a"), "http://purl.org/dc/terms/issued", 4, 3),
        (iri("study", "s"), "", 6, 5),
        (iri("cohort", "c"), CD22 + "study", 9, 5),
        (iri("cohort", "c"), CD22 + "size", 10, 5),
        (iri("cohort", "c"), CD22 + "composition", 11, 5),
        (iri("cohort", "c") + "#part-1", "", 12, 9),
        (iri("cohort", "c") + "#part-2", CD22 + "size", 13, 29),
        (iri("claim", "x"), "", 15, 5),
        (iri("claim", "x"), CD22 + "locator", 15, 5),
        (iri("claim", "x") + "#measurement", "", 21, 7),
        (iri("claim", "x") + "#measurement", CD22 + "total", 23, 7),
        (iri("claim", "x") + "#relation-1", CD22 + "target", 25, 25),
        (iri("claim", "y"), CD22 + "about", 29, 5),
    ],
)
def test_source_map(
    subject: str, predicate: str, line: int, column: int, tmp_path: Path, vocabulary: Vocabulary
) -> None:
    """A thing or part of the graph leads back to its entry, and its property to the key."""
    reading = read(tmp_path, vocabulary, a=WHOLE)

    assert messages(reading) == []
    assert reading.sourcemap.locate(subject, predicate) == Location("a.yaml", line, column)
    assert reading.sourcemap.owner(subject) == subject.partition("#")[0]
    assert reading.sourcemap.in_file(subject) == "a.yaml"


def test_source_map_of_a_stranger(tmp_path: Path, vocabulary: Vocabulary) -> None:
    """What stands in no file has no place, and is its own owner."""
    reading = read(tmp_path, vocabulary, a=WHOLE)
    stranger = iri("therapy", "auto3")

    assert reading.sourcemap.locate(stranger) is None
    assert (reading.sourcemap.owner(stranger), reading.sourcemap.in_file(stranger)) == (stranger, "")


def test_claim_files(tmp_path: Path) -> None:
    """A folder stands for its claim files by name, a file for itself, and each comes once."""
    for name in ("b.yaml", "a.yaml", ".a.yaml", "notes.txt"):
        (tmp_path / name).touch()

    assert claim_files([tmp_path / "b.yaml", tmp_path, tmp_path / "a.yaml"]) == (
        tmp_path / "b.yaml",
        tmp_path / "a.yaml",
    )


def test_claim_file_with_another_ending(tmp_path: Path) -> None:
    """A file that was meant to be read is not passed over in silence."""
    for name in ("a.yaml", "b.yml"):
        (tmp_path / name).touch()

    with pytest.raises(InputError) as caught:
        claim_files([tmp_path])
    assert caught.value.location == Location(str(tmp_path / "b.yml"))
    assert caught.value.hint == "rename it b.yaml"


def test_no_claim_files(tmp_path: Path) -> None:
    """A folder without claim files, and a path that does not exist, are errors, never an empty result."""
    (tmp_path / "notes.txt").touch()
    with pytest.raises(InputError, match="no claim file"):
        claim_files([tmp_path])
    with pytest.raises(InputError) as caught:
        claim_files([tmp_path / "none.yaml"])
    assert caught.value.location == Location(str(tmp_path / "none.yaml"))


def test_problem_in_words() -> None:
    """A problem is printed with its place first, then rule and fix; what is missing leaves no empty line."""
    place = Location("a.yaml", 3, 5)

    assert str(Problem("wrong", place, "rule-1", "mend it")) == "a.yaml:3:5: wrong\n  rule: rule-1\n  fix:  mend it"
    assert str(Problem("wrong")) == "wrong"
    assert [str(Location("a")), str(Location("a", 1)), str(Location("a", 1, 2))] == ["a", "a:1", "a:1:2"]


def test_problems_in_order() -> None:
    """Problems are sorted by file, then line as a number, and each is reported once."""
    first, second, third = (Problem("x", Location(*place)) for place in (("a", 9, 1), ("a", 10, 1), ("b", 1, 1)))

    assert in_order([third, second, first, second, third]) == (first, second, third)
    assert str(DataError([second, first])) == "a:9:1: x\na:10:1: x"
    assert DataError([first]).exit_code == 1
