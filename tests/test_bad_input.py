"""Bad claim files: one message per fault, at its line and column, with a fix, and nothing else happens.

Each file in ``tests/data/bad`` says on its first line what is wrong with it, where a first line can.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from cd22kg.cli import main
from tests.conftest import Cli

BAD = Path(__file__).resolve().parent / "data" / "bad"
FILES = sorted(BAD.glob("*.yaml"))
#: The files whose very fault is that they have no first line to say so.
SPEECHLESS = {"binary", "empty"}

#: The world that the bad files may refer to.
BASE = """\
source:
  id: base-2020
  type: JournalArticle
  title: A trial
  doi: 10.1000/base
studies:
  - id: base-trial
    registryId: NCT00000001
cohorts:
  - id: base-all
    study: base-trial
    size: 32
claims:
  - id: base-cr
    statement: Complete remission was reached by 20 of 32 patients.
    therapy: m971-bbz
    indication: b-all
    outcome: cr
    cohort: base-all
    measurement: {statistic: proportion, events: 20, total: 32, countedUnit: patient, denominator: infused}
    locator: abstract
    evidenceLevel: prospective-trial
"""

#: For each file its faults: line, column, and what the message says.
FAULTS: dict[str, list[tuple[int, int, str]]] = {
    "alias": [(20, 13, "alias `*all` is not allowed")],
    "alias-bomb": [(2, 4, "anchor `&a` is not allowed")],
    "binary": [(2, 118, "byte 0x80 is not UTF-8")],
    "byte-order-mark": [(1, 1, "byte order mark")],
    "comma-in-number": [(21, 42, "`measurement.value`: `62,5` is not a number")],
    "comment-only": [(1, 1, "the file has no content")],
    "decomposed": [(6, 16, "not in Unicode normal form C")],
    "duplicate-id": [(24, 9, "claim `duplicate-id-cr` is defined twice")],
    "duplicate-id-elsewhere": [(15, 9, "claim `base-cr` is defined twice")],
    "duplicate-key": [(20, 5, "key `outcome` is given twice")],
    "empty": [(1, 1, "the file is empty")],
    "entry-not-a-mapping": [(14, 5, "a cohort needs keys and values")],
    "events-exceed-total": [(21, 42, "The events (47) exceed the total (32)")],
    "five-faults": [
        (5, 3, "unknown key `titel`"),
        (13, 5, "`size`: `32.5` is not a whole number"),
        (17, 5, "unknown therapy `m972-bbz`"),
        (20, 5, "key `outcome` is given twice"),
        (23, 5, "`locator`: the text is empty"),
    ],
    "hidden-character": [(16, 24, "hidden or control character U+200B")],
    "impossible-date": [(9, 3, "`published`: there is no day `2020-02-30`")],
    "list-for-text": [(16, 5, "`statement`: expected text, found a list")],
    "malformed-address": [(8, 3, "`url`: malformed address `javascript:alert(1)`")],
    "malformed-doi": [(8, 3, "`doi`: malformed DOI `10.1/malformed-doi`")],
    "malformed-pmid": [(8, 3, "`pmid`: malformed PMID `PMID29155426`")],
    "malformed-registry-id": [(9, 3, "`registryId`: malformed registry id `NCT0231561`")],
    "mapping-for-text": [(22, 5, "`locator`: expected text, found keys and values")],
    "merge-key": [(22, 5, "merge key `<<` is not allowed")],
    "missing-id": [(11, 5, "the key `id` is missing")],
    "missing-key": [(15, 5, "the key `outcome` is missing")],
    "missing-key-in-part": [(21, 5, "the key `statistic` is missing")],
    "missing-source": [(2, 1, "the section `source` is missing")],
    "not-a-boolean": [(21, 66, "`measurement.countsDerived`: `yes` is neither true nor false")],
    "not-utf-8": [(6, 16, "byte 0xed is not UTF-8")],
    "other-name": [(3, 7, "the source `some-name` stands in a file named `other-name.yaml`")],
    "percentage-disagrees": [(21, 42, "The value (65.2) differs from 20 of 32, which is 62.5")],
    "root-not-a-mapping": [(2, 1, "a claim file holds keys and values")],
    "section-not-a-list": [(11, 5, "`cohorts` must be a list")],
    "tab-indentation": [(12, 1, "a tab indents this line")],
    "tag": [(13, 11, "tag `tag:yaml.org,2002:python/name:os.system` is not allowed")],
    "text-for-list": [(18, 5, "`antigen` must be a list")],
    "text-for-number": [(13, 5, "`size`: `many` is not a whole number")],
    "text-for-part": [(21, 5, "`measurement` needs keys and values")],
    "too-deep": [(2, 41, "nested over 32 levels deep")],
    "two-documents": [(24, 1, "a second document starts here")],
    "typed-number": [(13, 5, "`size`: `0x20` is not a whole number")],
    "unclosed-bracket": [(25, 1, "not valid YAML: did not find expected ',' or ']'")],
    "unknown-claim-type": [(16, 11, "unknown claim type `ResultsClaim`")],
    "unknown-key": [(17, 5, "unknown key `therpy`")],
    "unknown-key-in-part": [(21, 66, "unknown key `evnts`")],
    "unknown-kind": [(27, 31, "unknown kind `drug`")],
    "unknown-section": [(14, 1, "unknown section `claim`")],
    "unknown-sign": [(21, 55, "`%%`")],
    "unknown-slug": [(18, 5, "unknown indication `b-al`")],
    "unknown-slug-in-list": [(18, 21, "unknown antigen `cd91`")],
    "unknown-slug-in-part": [(21, 19, "unknown statistic `proportions`")],
    "unknown-source-type": [(4, 3, "`type`: unknown value `BlogPost`")],
    "unresolved-claim": [(26, 9, "unknown claim `base-crr`")],
    "unresolved-cohort": [(20, 5, "unknown cohort `unresolved-cohort-al`")],
    "unresolved-study": [(14, 5, "unknown study `base-trail`")],
}

#: For some files what the fix names: the nearest names, or the rule's own advice.
FIXES = {
    "duplicate-id": "first at duplicate-id.yaml:15:9; rename one",
    "duplicate-key": "first given at line 19; keep one",
    "events-exceed-total": "give events and total as counts",
    "malformed-doi": "write it bare, such as 10.1200/JCO.19.03279",
    "missing-key": "add `outcome:`",
    "other-name": "name the file `some-name.yaml`",
    "root-not-a-mapping": "start with `source:`, then `studies:`, `cohorts:`, `claims:`",
    "tab-indentation": "indent with spaces",
    "text-for-list": "write `antigen: [...]`",
    "unknown-claim-type": "did you mean `ResultClaim`",
    "unknown-key": "did you mean `therapy`?",
    "unknown-key-in-part": "did you mean `events`?",
    "unknown-kind": "one of: age-group, agency, antigen",
    "unknown-section": "did you mean `claims`?",
    "unknown-slug": "did you mean `b-all`",
    "unknown-slug-in-part": "did you mean `proportion`?",
    "unknown-source-type": "one of: ConferenceAbstract, JournalArticle",
    "unresolved-claim": "did you mean `base-cr`?",
    "unresolved-cohort": "did you mean `unresolved-cohort-all`?",
    "unresolved-study": "did you mean `base-trial`?",
}

_HEAD = re.compile(r"(?P<file>[^:]+):(?P<line>[0-9]+):(?P<column>[0-9]+): (?P<message>.+)")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """Return an empty folder beside a folder of claim files that have no fault."""
    (tmp_path / "world").mkdir()
    (tmp_path / "world" / "base-2020.yaml").write_text(BASE, encoding="utf-8")
    (tmp_path / "desk").mkdir()
    return tmp_path / "desk"


def check(cli: Cli, desk: Path, *names: str) -> CompletedProcess[str]:
    """Check copies of bad files, named as a person in their folder would, against the world."""
    for name in names:
        shutil.copy(BAD / name, desk / name)
    return cli("check", "--claims", Path("..") / "world", *names, cwd=desk)


@pytest.fixture
def check_here(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], CompletedProcess[str]]:
    """Return `check` for one bad file in this process, which is four times as fast; a crash is a crash here too."""

    def run(name: str) -> CompletedProcess[str]:
        shutil.copy(BAD / name, desk / name)
        monkeypatch.chdir(desk)
        monkeypatch.setattr(sys, "argv", ["cd22kg", "check", "--claims", "../world", name])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return CompletedProcess(sys.argv, int(ended.value.code or 0), out, err)

    return run


def heads(done: CompletedProcess[str]) -> list[tuple[str, int, int, str]]:
    """Return file, line, column and message of everything reported; every one must have a place and a fix."""
    *lines, counts, _ = done.stdout.splitlines()
    assert re.fullmatch(r"[0-9]+ fault.*, [0-9]+ violation.*", counts), done.stdout
    found: list[tuple[str, int, int, str]] = []
    fixes = 0
    for line in lines:
        if line.startswith("  "):
            fixes += line.startswith("  fix:  ")
            continue
        head = _HEAD.fullmatch(line)
        assert head is not None, done.stdout
        found.append((head["file"], int(head["line"]), int(head["column"]), head["message"]))
    assert fixes == len(found)
    return found


def test_every_file_has_its_faults() -> None:
    """No bad file is forgotten, and none is missing."""
    assert sorted(path.stem for path in FILES) == sorted(FAULTS)
    assert set(FIXES) <= set(FAULTS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_file_says_what_is_wrong(path: Path) -> None:
    """A reader of the file learns from its first line why it is here."""
    first = path.read_bytes().partition(b"\n")[0].removeprefix(b"\xef\xbb\xbf")

    assert first.startswith(b"# ") == (path.stem not in SPEECHLESS)


@pytest.mark.parametrize("name", FAULTS)
def test_bad_file(name: str, check_here: Callable[[str], CompletedProcess[str]], desk: Path) -> None:
    """The file is refused with one message per fault, at its place; no traceback, and nothing is written."""
    done = check_here(f"{name}.yaml")

    found = heads(done)
    assert [(file, line, column) for file, line, column, _ in found] == [
        (f"{name}.yaml", line, column) for line, column, _ in FAULTS[name]
    ]
    for (*_, message), (_, _, expected) in zip(found, FAULTS[name], strict=True):
        assert expected in message
    assert FIXES.get(name, "") in done.stdout
    assert (done.returncode, done.stderr) == (1, "")
    assert [path.name for path in desk.iterdir()] == [f"{name}.yaml"]


def test_world_is_good(cli: Cli, desk: Path) -> None:
    """The world itself has no fault, so that every message above is about the bad file."""
    done = cli("check", "--claims", Path("..") / "world", cwd=desk)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "conforms"
    assert "1 fault" not in done.stdout


@pytest.mark.parametrize("name", ["five-faults", "unclosed-bracket", "unknown-sign", "binary", "alias-bomb"])
def test_no_traceback(name: str, cli: Cli, desk: Path) -> None:
    """In a process of its own, too, the command ends in messages and exit code 1."""
    done = check(cli, desk, f"{name}.yaml")

    assert len(heads(done)) == len(FAULTS[name])
    assert (done.returncode, done.stderr) == (1, "")


def test_faults_of_all_files_come_together(cli: Cli, desk: Path) -> None:
    """Two faulty files give the faults of both, sorted by file and line."""
    names = ("unknown-slug.yaml", "five-faults.yaml")
    run = check(cli, desk, *names)
    expected = [
        (name, line, column) for name in sorted(names) for line, column, _ in FAULTS[name.removesuffix(".yaml")]
    ]

    assert [(file, line, column) for file, line, column, _ in heads(run)] == expected
    assert run.returncode == 1
    assert run.stdout.splitlines()[-2].startswith("6 fault")


def test_faults_and_violations_come_together(cli: Cli, desk: Path) -> None:
    """A fault in one file does not hide the violation of a rule in another."""
    run = check(cli, desk, "events-exceed-total.yaml", "unknown-key.yaml")

    assert [(file, line) for file, line, _, _ in heads(run)] == [
        ("unknown-key.yaml", 17),
        ("events-exceed-total.yaml", 21),
    ]
    assert run.stdout.splitlines()[-2].startswith("1 fault, 1 violation")


def test_violation_names_its_rule(cli: Cli, desk: Path) -> None:
    """What a shape finds names the shape and its file, so that the rule can be read."""
    done = check(cli, desk, "events-exceed-total.yaml")

    assert "  rule: measurement-events-le-total (shapes/measurement-counts.ttl)" in done.stdout.splitlines()


def test_duplicate_across_named_files(cli: Cli, desk: Path) -> None:
    """The second of two named files with one id is to blame, and the message names the first."""
    text = (BAD / "duplicate-key.yaml").read_text(encoding="utf-8").replace("    outcome: relapse\n", "")
    (desk / "a.yaml").write_text(text.replace("duplicate-key", "a").replace("a-cr", "same"), encoding="utf-8")
    (desk / "b.yaml").write_text(text.replace("duplicate-key", "b").replace("b-cr", "same"), encoding="utf-8")
    done = cli("check", "--claims", Path("..") / "world", "a.yaml", "b.yaml", cwd=desk)

    assert heads(done) == [("b.yaml", 15, 9, "claim `same` is defined twice")]
    assert "  fix:  first at a.yaml:15:9; rename one" in done.stdout.splitlines()


def test_build_refuses_as_check_does(cli: Cli, desk: Path) -> None:
    """A build of faulty files exits with 1, says the same, and leaves no folder."""
    shutil.copy(BAD / "five-faults.yaml", desk.parent / "world")
    done = cli("build", "--quiet", "--claims", Path("..") / "world", cwd=desk)

    assert (done.returncode, done.stdout) == (1, "")
    for line, column, message in FAULTS["five-faults"]:
        assert re.search(rf"five-faults\.yaml:{line}:{column}: .*{re.escape(message)}", done.stderr)
    assert not (desk / "build").exists()
    assert [path.name for path in desk.iterdir() if path.is_dir()] == []


@pytest.mark.parametrize("command", ["check", "build"])
def test_folder_without_claim_files(command: str, cli: Cli, desk: Path) -> None:
    """Reading nothing is an error: the folder that holds no claim file is named, and the exit code is 2."""
    (desk / "nothing").mkdir()
    done = cli(command, "--claims", "nothing", cwd=desk)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "nothing: no claim file (*.yaml) in this folder\n  fix:  name another\n"


@pytest.mark.parametrize(
    "args",
    [("check", "none.yaml"), ("check", "--claims", "none"), ("build", "--claims", "none")],
    ids=["file", "folder for check", "folder for build"],
)
def test_missing_path(args: tuple[str, ...], cli: Cli, desk: Path) -> None:
    """A path that does not exist could not be read, which is not the same as faulty data: exit code 2."""
    done = cli(*args, cwd=desk)

    assert "Traceback" not in done.stderr
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("none")
    assert "  fix:  " in done.stderr
    assert list(desk.iterdir()) == []


def test_folder_among_the_files(cli: Cli, desk: Path) -> None:
    """A folder stands for the claim files in it."""
    (desk / "mine").mkdir()
    shutil.copy(BAD / "unknown-key.yaml", desk / "mine")
    done = cli("check", "--claims", Path("..") / "world", "mine", cwd=desk)

    assert [(file, line) for file, line, _, _ in heads(done)] == [("mine/unknown-key.yaml", 17)]


def test_packaged_claims_are_the_world(cli: Cli, desk: Path) -> None:
    """Without a folder of claims the packaged ones are there to refer to, and only the named file is reported on."""
    shutil.copy(BAD / "unresolved-claim.yaml", desk)
    text = (desk / "unresolved-claim.yaml").read_text(encoding="utf-8")
    (desk / "unresolved-claim.yaml").write_text(text.replace("base-crr", "fry-2018-crr"), encoding="utf-8")
    done = cli("check", "unresolved-claim.yaml", cwd=desk)

    assert [found[:3] for found in heads(done)] == [("unresolved-claim.yaml", 26, 9)]
    assert "`fry-2018-cr`" in done.stdout
    assert done.returncode == 1


def test_one_packaged_file(cli: Cli) -> None:
    """A check of one of the packaged files says nothing about the others."""
    path = BAD.parents[2] / "claims" / "fry-2018.yaml"
    done = cli("check", path)

    assert {file for file, *_ in heads(done)} <= {str(path)}
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "conforms"
