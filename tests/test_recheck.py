"""The check with an earlier build: what has not changed is not read again, and the outcome is that of a whole check."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cd22kg import recheck as room
from cd22kg.build import MANIFEST, MEMORY, NQUADS, Outcome, build, check
from cd22kg.recheck import recheck
from cd22kg.validation import read_shapes
from cd22kg.validation.engine import Validator
from cd22kg.validation.kept import from_plain, to_plain
from cd22kg.validation.plan import Result
from cd22kg.validation.validate import UNCONFIRMED
from tests.conftest import Cli

ROOT = Path(__file__).resolve().parents[1]
PRESS, ROOT_TRIAL, ROUND, CORDOBA = "autolus-2020-ash-press", "nct03287817", "roddie-2023", "cordoba-2021"
#: Claim files that name things in each other, and nothing outside.
RELATED = (PRESS, ROOT_TRIAL, "nct03289455", ROUND, CORDOBA, "cancer-discovery-auto3-2021")
MARK = """    publishedInconsistency:
      - rule: measurement-percent-agrees
        reason: 13 of 15 is 86.67 %, which rounds to 87; the abstract prints 86.
"""


@dataclass(frozen=True)
class Edit:
    """What a curator does to a file: what is replaced by what, and what a check then tells, one word of it."""

    file: str
    old: str
    new: str
    told: str = ""


#: Edits after which the build stands for all other files.
SHORT = {
    "nothing": Edit(ROUND, "", ""),
    "comment": Edit(ROUND, "# evidence row E120\n", "# evidence row E1200\n\n\n"),
    "rule-fires": Edit(ROUND, "events: 18, total: 52", "events: 81, total: 52", "measurement-events-le-total"),
    "percent-fires": Edit(ROUND, "value: 34.6,", "value: 43.6,", "measurement-percent-agrees"),
    "digits": Edit(ROUND, "value: 34.6,", "value: 34.60,", "measurement-percent-agrees"),
    "warning-goes": Edit(ROUND, "intervalKind: confidence, amongOutcome: cr", "intervalKind: range, amongOutcome: cr"),
    "hint": Edit(ROUND, 'asPrinted: "18/52 (34.6%)"', 'asPrinted: "n"'),
    "misspelt-concept": Edit(ROUND, "outcome: hlh\n", "outcome: hlhh\n", "unknown outcome `hlhh`"),
    "misspelt-thing": Edit(
        ROUND, "target: autolus-2020-ash-press-cr\n", "target: autolus-2020-ash-press-crr\n", "did you mean `autolus"
    ),
    "misspelt-study": Edit(PRESS, "study: nct03287817\n    size: 43", "study: nct03\n    size: 43", "unknown study"),
    "faulty-claim": Edit(ROUND, "statistic: median, value: 8.3", "statistik: median, value: 8.3", "did you mean"),
    "unused-claim-gone": Edit(PRESS, "id: autolus-2020-ash-press-cr-phase-2-dose", "id: autolus-cr-other-dose"),
    "cohort-of-others": Edit(PRESS, "size: 49\n    composition", "size: 2\n    composition", "cohort-subset-larger"),
    "study-of-others": Edit(ROOT_TRIAL, "Id: NCT03287817\n    phase", "Id: NCT03289455\n    phase"),
    "target-of-others": Edit(
        PRESS, "ash-press-cr\n    statement", "ash-press-cr\n    status: withdrawn\n    statement"
    ),
    "circle": Edit(
        PRESS, "overlaps: [", "subsetOf: [nct03287817-phase-2-dose-2020]\n    overlaps: [", "subset-circular"
    ),
    "certain": Edit(ROUND, "certainty: likely", "certainty: certain"),
    "mark-gone": Edit(CORDOBA, MARK, "", "measurement-percent-agrees"),
    "mark-of-a-sound-figure": Edit(CORDOBA, "value: 86, unit", "value: 86.7, unit", UNCONFIRMED),
    "twice": Edit(ROUND, "id: roddie-2023-hlh\n", "id: roddie-2023-orr\n", "is defined twice"),
    "retracted": Edit(CORDOBA, "  pmid: ", "  retracted: true\n  pmid: "),
}

#: Edits that make everything be read: a thing that others name is gone, or one has the name of another file's.
WHOLE = {
    "named-claim-gone": Edit(
        PRESS, "id: autolus-2020-ash-press-cr\n", "id: autolus-2020-ash-press-complete\n", "unknown claim"
    ),
    "named-cohort-faulty": Edit(PRESS, "size: 49\n    comp", "siz: 49\n    comp", "unknown key `siz`"),
    "named-source-faulty": Edit(CORDOBA, "publishedIn: Nature", "publishedInn: Nature", "unknown key"),
    "named-file-unreadable": Edit(PRESS, "claims:\n", "\tclaims:\n", "a tab indents this line"),
    "name-taken": Edit(ROUND, "id: roddie-2023-hlh\n", "id: cordoba-2021-os\n", "is defined twice"),
}


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with claim files and a build of them."""
    folder = tmp_path_factory.mktemp("origin")
    (folder / "claims").mkdir()
    for name in RELATED:
        shutil.copy(ROOT / "claims" / f"{name}.yaml", folder / "claims")
    assert build(folder / "build", folder / "claims").conforms
    return folder


@pytest.fixture
def claims(origin: Path, tmp_path: Path) -> Path:
    """Return a copy of the claim files."""
    return Path(shutil.copytree(origin / "claims", tmp_path / "claims"))


@pytest.fixture
def built(origin: Path) -> Path:
    """Return the build, which no test changes."""
    return origin / "build"


def edited(claims: Path, edit: Edit) -> Path:
    """Edit a file, and return it."""
    path = claims / f"{edit.file}.yaml"
    text = path.read_text(encoding="utf-8")
    assert edit.old in text
    path.write_text(text.replace(edit.old, edit.new, 1), encoding="utf-8")
    return path


def agreed(files: Iterable[Path], claims: Path, built: Path) -> Outcome:
    """Return the outcome with the build, once it is known to be that without."""
    found, expected = recheck(tuple(files), claims, built), check(tuple(files), claims)

    assert found.problems == expected.problems
    assert found.report == expected.report
    return found


def said(outcome: Outcome) -> str:
    """Return all that an outcome tells."""
    return "\n".join([*map(str, outcome.problems), *(str(f.problem()) for f in outcome.report.findings)])


@pytest.mark.parametrize("name", SHORT)
def test_edit(name: str, claims: Path, built: Path) -> None:
    """After an edit only the edited file is read; faults, findings and places are those of a whole check."""
    edit = SHORT[name]
    path = edited(claims, edit)
    outcome = agreed([path], claims, built)

    assert outcome.read == (frozenset() if name == "nothing" else frozenset({str(path)}))
    assert edit.told in said(outcome)


@pytest.mark.parametrize("name", ["warning-goes", "misspelt-thing", "cohort-of-others"])
def test_files_of_interest(name: str, claims: Path, built: Path) -> None:
    """Whichever files are named, all or some, the same is read, and what is told of the others has its place."""
    path = edited(claims, SHORT[name])
    for files in ([], [claims / f"{ROUND}.yaml", claims / f"{CORDOBA}.yaml"]):
        assert agreed(files, claims, built).read == frozenset({str(path)})


@pytest.mark.parametrize("name", WHOLE)
def test_edit_that_others_notice(name: str, claims: Path, built: Path) -> None:
    """Where an edit takes something from another file, all are read."""
    path = edited(claims, WHOLE[name])
    outcome = agreed([path], claims, built)

    assert outcome.read is None
    assert WHOLE[name].told in said(outcome)


def test_source_of_another_file(claims: Path, built: Path) -> None:
    """A file that says it is another is told beside that one, and takes its place where it is named."""
    path = edited(claims, Edit(ROUND, "id: roddie-2023\n", "id: cordoba-2021\n"))

    assert "is defined twice" in said(agreed([], claims, built))
    assert agreed([path], claims, built).read == frozenset({str(path)})


def test_several_edits(claims: Path, built: Path) -> None:
    """Edits of several files that belong together: a claim gets another name where it stands and where it is named."""
    one = edited(claims, Edit(PRESS, "id: autolus-2020-ash-press-cr\n", "id: autolus-cr\n"))
    other = edited(claims, Edit(ROUND, "target: autolus-2020-ash-press-cr\n", "target: autolus-cr\n"))

    assert agreed([one], claims, built).read == frozenset({str(one), str(other)})


def test_new_file(claims: Path, built: Path) -> None:
    """A new source, and one whose name is not that of its file."""
    text = (ROOT / "claims" / "haso-2013.yaml").read_text(encoding="utf-8")
    path = claims / "haso-2013.yaml"
    path.write_text(text.replace("events: 111, total: 111", "events: 112, total: 111"), encoding="utf-8")
    outcome = agreed([path], claims, built)

    assert outcome.read == frozenset({str(path)})
    assert "measurement-events-le-total" in said(outcome)

    path.rename(claims / "haso.yaml")
    outcome = agreed([claims / "haso.yaml"], claims, built)

    assert outcome.read == frozenset({str(claims / "haso.yaml")})
    assert "stands in a file named `haso.yaml`" in said(outcome)

    (claims / "haso.yaml").write_text("source:\n\tid: haso-2013", encoding="utf-8")
    outcome = agreed([claims / "haso.yaml"], claims, built)

    assert outcome.read == frozenset({str(claims / "haso.yaml")})
    assert "a tab indents this line" in said(outcome)


def test_draft_in_another_folder(claims: Path, built: Path, tmp_path: Path) -> None:
    """A file named takes the place of that of its source, wherever it stands and whatever it is called."""
    draft = tmp_path / "draft.yaml"
    edited(claims, SHORT["rule-fires"]).rename(draft)
    shutil.copy(ROOT / "claims" / f"{ROUND}.yaml", claims)
    outcome = agreed([draft], claims, built)

    assert outcome.read == frozenset({str(draft)})
    assert f"{draft}:" in said(outcome)


def test_removed_file(claims: Path, built: Path) -> None:
    """A file that is gone: nothing is read where nobody names what it held, and all where somebody does."""
    (claims / "cancer-discovery-auto3-2021.yaml").unlink()
    assert agreed([], claims, built).read is None

    (claims / f"{CORDOBA}.yaml").unlink()
    assert agreed([], claims, built).read == frozenset()


def test_two_files_of_one_name(claims: Path, built: Path, tmp_path: Path) -> None:
    """Two files that are called alike are told as by a whole check."""
    (tmp_path / "other").mkdir()
    other = Path(shutil.copy(claims / f"{ROUND}.yaml", tmp_path / "other"))

    assert agreed([other, claims / f"{ROUND}.yaml"], claims, built).read is None


def test_what_is_no_file_is_read_once(claims: Path, built: Path, tmp_path: Path) -> None:
    """A pipe, as a shell makes one of a command, is left to the check of everything; a folder is told as before."""
    text = edited(claims, SHORT["rule-fires"]).read_bytes()
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(text,), daemon=True)
    writer.start()
    outcome = recheck([pipe], claims, built)

    assert outcome.read is None
    assert "measurement-events-le-total" in said(outcome)

    pipe.unlink()
    (claims / "folder.yaml").mkdir()

    assert "this is a folder" in said(agreed([], claims, built))


def test_many_edits_are_a_whole_check(claims: Path, built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where most has changed, nothing is gained by the build."""
    monkeypatch.setattr(room, "MAX_CHANGED", 1)
    for name in (PRESS, ROUND):
        edited(claims, Edit(name, "claims:", "# changed\nclaims:"))

    assert agreed([], claims, built).read is None


@pytest.mark.parametrize(
    ("name", "damage"),
    [(MANIFEST, "cut"), (MANIFEST, "other"), (MEMORY, "gone"), (MEMORY, "cut"), (NQUADS, "cut")],
)
def test_damaged_build_is_of_no_use(name: str, damage: str, claims: Path, built: Path, tmp_path: Path) -> None:
    """A build that lacks something, or is not as it was made, is not believed."""
    copy = Path(shutil.copytree(built, tmp_path / "build"))
    data = (copy / name).read_bytes()
    if damage == "gone":
        (copy / name).unlink()
    else:
        (copy / name).write_bytes(data[: len(data) // 2] if damage == "cut" else b"{}")

    assert agreed([edited(claims, SHORT["rule-fires"])], claims, copy).read is None


@pytest.mark.parametrize("missing", [("toolkit",), ("read",), ("files", MEMORY)], ids=str)
def test_build_of_another_toolkit_is_of_no_use(
    missing: tuple[str, ...], claims: Path, built: Path, tmp_path: Path
) -> None:
    """A build by an earlier version of ours, or with other rules, does not tell enough, or another thing."""
    copy = Path(shutil.copytree(built, tmp_path / "build"))
    manifest = json.loads((copy / MANIFEST).read_bytes())
    *above, last = missing
    part = manifest
    for key in above:
        part = part[key]
    del part[last]
    (copy / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")

    assert agreed([], claims, copy).read is None


def test_other_toolkit(claims: Path, built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once shapes, rules or code have changed, everything is checked."""
    monkeypatch.setattr(room, "toolkit_digest", lambda: "sha256:0")

    assert agreed([], claims, built).read is None


def test_no_build(claims: Path, tmp_path: Path) -> None:
    """Without a build everything is checked, and nothing is told of it."""
    assert agreed([], claims, tmp_path / "none").read is None
    assert recheck([], claims).read is None


def test_command(cli: Cli, claims: Path, built: Path, tmp_path: Path) -> None:
    """The command says the same with a build as without."""
    path = edited(claims, SHORT["rule-fires"])
    runs = [cli("check", path, "--claims", claims, "--build", place) for place in (built, tmp_path / "none")]

    assert [run.returncode for run in runs] == [1, 1]
    assert "measurement-events-le-total" in runs[0].stdout
    assert (runs[0].stdout, runs[0].stderr) == (runs[1].stdout, runs[1].stderr)


@pytest.mark.slow
def test_all_claims(tmp_path: Path) -> None:
    """With the claims of the package: one figure of each of some files, and a cohort that others name."""
    claims = Path(shutil.copytree(ROOT / "claims", tmp_path / "claims"))
    assert build(tmp_path / "build", claims).conforms
    for name in ("fry-2018", "pan-2019", "shah-2020", "spiegel-2021", "wu-2021", "li-2022"):
        path = claims / f"{name}.yaml"
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("value: ", "value: 9", 1).replace("  size: ", "  size: 1", 1), encoding="utf-8")
        assert agreed([path], claims, tmp_path / "build").read == frozenset({str(path)})
        path.write_text(text, encoding="utf-8")


# What a build remembers


def test_results_read_back(built: Path) -> None:
    """Results are read back as they were, and kept again the same."""
    validator = Validator(read_shapes().quads)
    plain = json.loads((built / MEMORY).read_bytes())["results"]
    results = from_plain(plain, validator)

    assert results
    assert any(result.constraint is not None for result in results)
    assert to_plain(reversed(results), validator) == plain


def test_blank_nodes_are_not_kept(built: Path) -> None:
    """A result that names a blank node, which is called otherwise at each reading, cannot be kept."""
    from dataclasses import replace

    from pyoxigraph import BlankNode

    validator = Validator(read_shapes().quads)
    result: Result = from_plain(json.loads((built / MEMORY).read_bytes())["results"], validator)[0]

    assert to_plain([replace(result, focus=BlankNode("a"))], validator) is None
    assert to_plain([replace(result, shape=BlankNode("a"))], validator) is None
