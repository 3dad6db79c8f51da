"""The build: published whole or not at all, and always the same bytes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import rdflib
from pyoxigraph import RdfFormat, parse

import cd22kg
from cd22kg import files
from cd22kg.build import LIBRARIES, MANIFEST, MEMORY, NQUADS, REPORT, STORE, TURTLE, build, check
from cd22kg.errors import InputError, OutputError
from cd22kg.progress import Progress
from cd22kg.rdf import HEADER
from cd22kg.store import OxigraphStore

ROOT = Path(__file__).resolve().parents[1]
#: Claim files that refer to nothing outside themselves.
SMALL = ("fergusson-2023", "haso-2013", "nct03287817", "plaks-2021")
TEXTS = (TURTLE, NQUADS, REPORT, MEMORY, MANIFEST)

#: Builds, and stops for ever at the last step before publishing, after a word on stdout.
STOPPING = """
import sys
from pathlib import Path
import cd22kg.build as room

def stop(quads):
    print("staged", flush=True)
    sys.stdin.read()

room.canonical_nquads = stop
room.build(Path(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.fixture
def claims(tmp_path: Path) -> Path:
    """Return a folder with a few claim files of its own."""
    folder = tmp_path / "claims"
    folder.mkdir()
    for name in SMALL:
        shutil.copy(ROOT / "claims" / f"{name}.yaml", folder)
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a build of a few claim files that no test changes."""
    folder = tmp_path_factory.mktemp("built")
    (folder / "claims").mkdir()
    for name in SMALL:
        shutil.copy(ROOT / "claims" / f"{name}.yaml", folder / "claims")
    assert build(folder / "build", folder / "claims").conforms
    return folder / "build"


def digests(folder: Path) -> dict[str, str]:
    """Return the digest of every file below a folder, by relative path."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def texts(folder: Path) -> dict[str, bytes]:
    """Return the files of a build that must not differ."""
    return {name: (folder / name).read_bytes() for name in TEXTS}


def names(folder: Path) -> list[str]:
    """Return what stands in a folder."""
    return sorted(path.name for path in folder.iterdir())


def plant_violation(claims: Path) -> None:
    """Put more events than patients into a claim."""
    path = claims / "haso-2013.yaml"
    text = path.read_text(encoding="utf-8")
    assert "events: 111, total: 111" in text
    path.write_text(text.replace("events: 111, total: 111", "events: 112, total: 111"), encoding="utf-8")


@contextmanager
def stopped_build(target: Path, claims: Path) -> Iterator[subprocess.Popen[str]]:
    """Yield a process that builds and has stopped in the middle; kill it afterwards."""
    command = [sys.executable, "-c", STOPPING, str(target), str(claims)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "staged\n"
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()


# What a build holds


def test_folder_of_a_build(built: Path) -> None:
    """A build holds the store, two exports, report, memory and manifest, and beside it stands only its lock."""
    assert sorted((STORE, *TEXTS)) == names(built)
    assert names(built.parent) == [".build.lock", "build", "claims"]


def test_manifest_agrees_with_the_files(built: Path) -> None:
    """The manifest gives size and digest of each other file."""
    manifest = json.loads((built / MANIFEST).read_bytes())
    expected = {
        name: {"bytes": len(data), "digest": "sha256:" + hashlib.sha256(data).hexdigest()}
        for name, data in texts(built).items()
        if name != MANIFEST
    }

    assert expected == manifest["files"]


def test_manifest_counts(built: Path) -> None:
    """The manifest counts what the files hold, names the libraries, and says what the graph is not."""
    manifest = json.loads((built / MANIFEST).read_bytes())
    quads = list(parse((built / NQUADS).read_bytes(), format=RdfFormat.N_QUADS))
    graphs = {str(quad.graph_name)[1:-1] for quad in quads}

    assert len(SMALL) == manifest["counts"]["sources"]
    assert manifest["counts"]["claims"] == {"PooledClaim": 8, "ResultClaim": 3, "StatementClaim": 3}
    assert len(quads) == manifest["counts"]["quads"]
    assert len(quads) == sum(graph["quads"] for graph in manifest["graphs"].values())
    assert graphs == set(manifest["graphs"])
    assert sorted(LIBRARIES) == sorted(manifest["versions"])
    assert cd22kg.__version__ == manifest["versions"]["cd22kg"]
    assert "not medical guidance" in manifest["notice"]


def test_manifest_gives_the_digest_of_each_graph(built: Path) -> None:
    """The digest of a graph is that of its lines in the N-Quads."""
    manifest = json.loads((built / MANIFEST).read_bytes())
    for graph, found in manifest["graphs"].items():
        if not graph.endswith("/graph/ontology"):  # its blank nodes have labels of their own when it stands alone
            lines = [
                line
                for line in (built / NQUADS).read_bytes().splitlines(keepends=True)
                if line.endswith(f" <{graph}> .\n".encode())
            ]
            expected = {"quads": len(lines), "digest": "sha256:" + hashlib.sha256(b"".join(lines)).hexdigest()}
            assert expected == found


def test_report_of_a_build(built: Path) -> None:
    """The report says that the graph conforms, and counts by severity."""
    report = json.loads((built / REPORT).read_bytes())

    assert report["conforms"] is True
    assert report["counts"]["violation"] == 0
    assert len(report["findings"]) == sum(report["counts"].values())


def test_store_holds_the_quads_of_the_export(built: Path) -> None:
    """The store has as many quads as the N-Quads, in the same graphs."""
    store = OxigraphStore(built / STORE, read_only=True)
    quads = list(parse((built / NQUADS).read_bytes(), format=RdfFormat.N_QUADS))

    assert len(quads) == store.count()
    assert tuple(sorted({str(quad.graph_name)[1:-1] for quad in quads})) == store.graphs()


@pytest.mark.filterwarnings("ignore:Dataset.default_context is deprecated:DeprecationWarning:rdflib")
@pytest.mark.filterwarnings("ignore:Dataset.identifier is deprecated:DeprecationWarning:rdflib")
def test_exports_load_elsewhere(built: Path) -> None:
    """Turtle and N-Quads load in pyoxigraph and in rdflib, with equal numbers of triples."""
    turtle, nquads = (built / TURTLE).read_bytes(), (built / NQUADS).read_bytes()
    dataset = rdflib.Dataset(default_union=True)
    dataset.parse(data=nquads.decode(), format="nquads")
    counts = {
        "pyoxigraph turtle": len({q.triple for q in parse(turtle, format=RdfFormat.TURTLE)}),
        "pyoxigraph nquads": len({q.triple for q in parse(nquads, format=RdfFormat.N_QUADS)}),
        "rdflib turtle": len(rdflib.Graph().parse(data=turtle.decode(), format="turtle")),
        "rdflib nquads": len({(s, p, o) for s, p, o, _ in dataset.quads()}),
    }

    assert len(set(counts.values())) == 1, counts
    assert turtle.decode().startswith("".join(f"# {line}\n" for line in HEADER.splitlines()))


def test_progress_names_each_step(tmp_path: Path, claims: Path) -> None:
    """Each step is told with its seconds and what it did."""
    said: list[str] = []
    progress = Progress(said.append)
    build(tmp_path / "build", claims, progress)
    steps = ["ontology", "claims", "load", "classify", "infer", "validate", "export", "publish"]

    assert steps == [line.split()[0] for line in said]
    assert steps == list(progress.seconds)
    assert "14 claims in 4 files" in said[1]


# The same bytes


def test_building_twice_gives_the_same_bytes(tmp_path: Path, claims: Path, built: Path) -> None:
    """A build over an earlier one, and one elsewhere, differ in no byte of their texts."""
    target = tmp_path / "build"
    build(target, claims)
    first = texts(target)
    build(target, claims)

    assert first == texts(target)
    assert first == texts(built)


@pytest.mark.slow
def test_surroundings_change_no_byte(tmp_path: Path, claims: Path) -> None:
    """Hash seed, time zone, locale and working folder of the process leave no trace in the texts."""
    code = "import sys; from pathlib import Path; from cd22kg.build import build; build(*map(Path, sys.argv[1:]))"
    (tmp_path / "elsewhere").mkdir()
    found = []
    for seed, zone, locale, cwd in (
        ("0", "UTC", "C.UTF-8", tmp_path),
        ("4242", "Pacific/Kiritimati", "C", tmp_path / "elsewhere"),
    ):
        target = cwd / "build"
        surroundings = {"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": locale}
        subprocess.run(
            [sys.executable, "-c", code, str(target), str(claims)],
            cwd=cwd,
            env={**os.environ, **surroundings},
            check=True,
        )
        found.append(texts(target))

    assert found[0] == found[1]


def test_order_of_files_changes_no_byte(tmp_path: Path, claims: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order in which the folder lists its files leaves no trace either."""
    from cd22kg import build as room

    build(tmp_path / "one", claims)
    inside = room.claims_in
    monkeypatch.setattr(room, "claims_in", lambda folder: dict(reversed(inside(folder).items())))
    build(tmp_path / "other", claims)

    assert texts(tmp_path / "one") == texts(tmp_path / "other")


@pytest.mark.slow
def test_all_claims_build(tmp_path: Path) -> None:
    """The claims of the package build, and their two builds are the same."""
    first = build(tmp_path / "one")
    build(tmp_path / "other")
    files_of_the_package = sorted(path.stem for path in (ROOT / "claims").glob("*.yaml"))

    assert first.conforms
    assert len(files_of_the_package) == first.manifest["counts"]["sources"]
    assert texts(tmp_path / "one") == texts(tmp_path / "other")
    assert first.manifest == json.loads((tmp_path / "one" / MANIFEST).read_bytes())


# What does not conform


def test_violation_is_not_published(tmp_path: Path, claims: Path) -> None:
    """A build with a violation says so, leaves every file of the earlier one as it was, and leaves nothing behind."""
    target = tmp_path / "build"
    assert build(target, claims).conforms
    before = digests(tmp_path / "build")
    plant_violation(claims)
    outcome = build(target, claims)

    assert not outcome.conforms
    assert {"measurement-events-le-total"} <= {finding.rule for finding in outcome.report.of("violation")}
    assert before == digests(target)
    assert names(tmp_path) == [".build.lock", "build", "claims"]
    assert outcome.manifest == {}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("indication: b-all", "indication: b-al", "unknown indication `b-al`"),
        ("id: haso-2013-cd22-site-density", "id: haso-2013-cd22-positivity", "is defined twice"),
        ("outcome: cd22-site-density", "outcomes: cd22-site-density", "unknown key `outcomes`"),
        ("claims:", "\tclaims:", "a tab indents this line"),
    ],
    ids=["slug", "duplicate", "key", "yaml"],
)
def test_fault_is_not_published(old: str, new: str, message: str, tmp_path: Path, claims: Path) -> None:
    """A fault in a file stops a first build too; it is told, and no folder appears."""
    path = claims / "haso-2013.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    outcome = build(tmp_path / "build", claims)

    assert not outcome.conforms
    assert any(message in str(problem) for problem in outcome.problems), outcome.problems
    assert {str(path)} == {problem.location.file for problem in outcome.problems if problem.location}
    assert names(tmp_path) == [".build.lock", "claims"]


def test_empty_folder_is_an_error(tmp_path: Path) -> None:
    """A folder without claim files is an error, never an empty graph."""
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="no claim file"):
        build(tmp_path / "build", tmp_path / "none")

    assert names(tmp_path) == ["none"]


# Crashes and company


def test_killed_build_leaves_the_earlier_one(tmp_path: Path, claims: Path) -> None:
    """A build killed in the middle leaves every file of the earlier one; the next build sweeps what it left."""
    target = tmp_path / "build"
    build(target, claims)
    before, first = digests(target), texts(target)
    with stopped_build(target, claims) as process:
        staged = tmp_path / f".build.{process.pid}.staged"
        assert staged.is_dir()

    assert staged.is_dir()
    assert before == digests(target)
    assert build(target, claims).conforms
    assert first == texts(target)
    assert names(tmp_path) == [".build.lock", "build", "claims"]


def test_killed_first_build_leaves_no_build(tmp_path: Path, claims: Path) -> None:
    """A first build that is killed leaves no folder of that name."""
    with stopped_build(tmp_path / "build", claims):
        pass

    assert not (tmp_path / "build").exists()


def test_second_build_at_the_same_time_is_refused(tmp_path: Path, claims: Path) -> None:
    """While one process builds, another is refused, is told which one, and disturbs nothing."""
    target = tmp_path / "build"
    with stopped_build(target, claims) as process:
        staged = tmp_path / f".build.{process.pid}.staged"
        with pytest.raises(OutputError, match=rf"another process is writing there \(process {process.pid}\)"):
            build(target, claims)
        assert (staged / STORE).is_dir()


def test_staged_folder_of_another_target_is_left_alone(tmp_path: Path, claims: Path) -> None:
    """Sweeping for `build` spares what a build of `build.new` has staged."""
    other = tmp_path / ".build.new.1234.staged"
    other.mkdir()
    build(tmp_path / "build", claims)

    assert other.is_dir()


def test_interrupted_build_leaves_nothing(tmp_path: Path, claims: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build that is interrupted by hand removes what it staged."""
    from cd22kg import build as room

    def interrupt(*args: Any) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(room, "canonical_nquads", interrupt)
    with pytest.raises(KeyboardInterrupt):
        build(tmp_path / "build", claims)

    assert names(tmp_path) == [".build.lock", "claims"]


def test_build_without_exchange_of_names(tmp_path: Path, claims: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system cannot swap two names, a build still takes the place of the earlier one."""
    monkeypatch.setattr(files, "_exchange", lambda one, other: False)
    target = tmp_path / "build"
    build(target, claims)
    (claims / "haso-2013.yaml").unlink()
    outcome = build(target, claims)

    assert outcome.manifest == json.loads((target / MANIFEST).read_bytes())
    assert outcome.manifest["counts"]["sources"] == 3
    assert names(tmp_path) == [".build.lock", "build", "claims"]


def test_build_stopped_between_two_renames_is_recovered(
    tmp_path: Path, claims: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed while the earlier build stood aside, the next run puts it back, even if it publishes nothing itself."""
    target = tmp_path / "build"
    build(target, claims)
    before = digests(target)
    rename = Path.rename

    class KilledError(BaseException):
        """Stands for the end of the process."""

    def stop(self: Path, other: Path) -> Path:
        if other == target:
            raise KilledError
        return rename(self, other)

    with monkeypatch.context() as patched:
        patched.setattr(files, "_exchange", lambda one, other: False)
        patched.setattr(Path, "rename", stop)
        with pytest.raises(KilledError):
            build(target, claims)
    assert not target.exists()
    plant_violation(claims)

    assert not build(target, claims).conforms
    assert before == digests(target)
    assert names(tmp_path) == [".build.lock", "build", "claims"]


def test_build_is_on_disk_before_it_is_published(tmp_path: Path, claims: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything staged is flushed to disk, complete, before it takes its place."""
    from cd22kg import build as room

    flushed: list[tuple[list[str], bool]] = []
    monkeypatch.setattr(
        room, "sync_folder", lambda folder: flushed.append((names(folder), (tmp_path / "build").exists()))
    )
    build(tmp_path / "build", claims)

    assert [(sorted((STORE, *TEXTS)), False)] == flushed


def test_copy_beside_the_target_is_left_alone(tmp_path: Path, claims: Path) -> None:
    """A folder `build.old` that the user keeps beside the target is still there after a build."""
    (tmp_path / "build.old").mkdir()
    (tmp_path / "build.old" / "notes.txt").write_text("mine", encoding="utf-8")
    build(tmp_path / "build", claims)
    build(tmp_path / "build", claims)

    assert (tmp_path / "build.old" / "notes.txt").read_text(encoding="utf-8") == "mine"


# Targets that are refused


def test_foreign_folder_is_refused(tmp_path: Path, claims: Path) -> None:
    """A folder that holds something else is never replaced."""
    target = tmp_path / "thesis"
    target.mkdir()
    (target / "chapter.tex").write_text("text", encoding="utf-8")
    before = digests(tmp_path)
    with pytest.raises(OutputError, match="this is not a build") as caught:
        build(target, claims)

    assert before == digests(tmp_path)
    assert caught.value.location is not None
    assert str(target) == caught.value.location.file


def test_build_with_something_of_the_user_is_refused(tmp_path: Path, claims: Path) -> None:
    """A build in which somebody keeps a file of his own is not replaced."""
    target = tmp_path / "build"
    build(target, claims)
    (target / "notes.txt").write_text("mine", encoding="utf-8")
    before = digests(target)
    with pytest.raises(OutputError, match="this is not a build, or holds more than one"):
        build(target, claims)

    assert before == digests(target)


@pytest.mark.parametrize("manifest", ["{}", '{"name": "other"}', "[]", "not json", ""], ids=repr)
def test_manifest_of_somebody_else_is_refused(manifest: str, tmp_path: Path, claims: Path) -> None:
    """A folder is no build because it holds a file named as our manifest."""
    target = tmp_path / "build"
    target.mkdir()
    (target / MANIFEST).write_text(manifest, encoding="utf-8")
    with pytest.raises(OutputError, match="this is not a build"):
        build(target, claims)

    assert manifest == (target / MANIFEST).read_text(encoding="utf-8")


def test_file_is_refused(tmp_path: Path, claims: Path) -> None:
    """A file is never replaced by a build."""
    target = tmp_path / "file"
    target.write_text("text", encoding="utf-8")
    before = digests(tmp_path)
    with pytest.raises(OutputError, match="this is not a build"):
        build(target, claims)

    assert before == digests(tmp_path)


def test_folder_of_claims_is_refused(claims: Path) -> None:
    """The claim files themselves are safe from being the target."""
    before = digests(claims)
    with pytest.raises(OutputError, match="this is not a build"):
        build(claims, claims)

    assert before == digests(claims)


def test_empty_folder_is_a_target(tmp_path: Path, claims: Path) -> None:
    """An empty folder may become a build."""
    (tmp_path / "build").mkdir()

    assert build(tmp_path / "build", claims).conforms
    assert sorted((STORE, *TEXTS)) == names(tmp_path / "build")


def test_parent_folders_are_made(tmp_path: Path, claims: Path) -> None:
    """The folders above the target are made where they are missing."""
    assert build(tmp_path / "a" / "b" / "build", claims).conforms
    assert (tmp_path / "a" / "b" / "build" / MANIFEST).is_file()


def test_parent_that_is_a_file_is_an_error(tmp_path: Path, claims: Path) -> None:
    """A target below a file cannot be made, and the file stays."""
    (tmp_path / "file").write_text("text", encoding="utf-8")
    before = digests(tmp_path)
    with pytest.raises(OutputError, match="cannot make"):
        build(tmp_path / "file" / "build", claims)

    assert before == digests(tmp_path)


def test_parent_that_takes_no_folder_is_an_error(claims: Path) -> None:
    """A place where nobody, not even the superuser, may make a folder is an error of ours."""
    with pytest.raises(OutputError, match="cannot write"):
        build(Path("/proc/cd22kg-build"), claims)


# Checking


def test_check_writes_nothing(tmp_path: Path, claims: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checking a folder reads it and leaves no file anywhere near."""
    monkeypatch.chdir(tmp_path)
    before = digests(tmp_path)

    assert check(claims=claims).conforms
    assert before == digests(tmp_path)
    assert names(tmp_path) == ["claims"]


def test_check_tells_what_blocks_wherever_it_is(claims: Path) -> None:
    """With a file named, a violation in another file is told too, because the build would stop at it."""
    plant_violation(claims)
    for name in ("fergusson-2023", "haso-2013"):
        outcome = check([claims / f"{name}.yaml"], claims)
        found = [f for f in outcome.report.of("violation") if f.rule == "measurement-events-le-total"]
        assert not outcome.conforms
        assert [str(claims / "haso-2013.yaml")] == [f.location.file for f in found if f.location]


def test_check_tells_the_rest_of_the_files_named(claims: Path) -> None:
    """With a file named, warnings and infos of other files are left out."""
    path = claims / "haso-2013.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(', asPrinted: "3500 sites/cell"', ""), encoding="utf-8")

    assert [f.rule for f in check([path], claims).report.of("info")] == ["measurement-as-printed-missing"]
    assert check([claims / "fergusson-2023.yaml"], claims).report.findings == ()


def test_check_prefers_the_file_named(tmp_path: Path, claims: Path) -> None:
    """A file named takes the place of the one with its name in the folder."""
    (tmp_path / "draft").mkdir()
    draft = Path(shutil.copy(claims / "haso-2013.yaml", tmp_path / "draft"))
    plant_violation(draft.parent)

    assert not check([draft], claims).conforms
    assert check(claims=claims).conforms


def test_check_of_a_missing_file_is_an_error(tmp_path: Path, claims: Path) -> None:
    """A file that does not exist cannot be checked."""
    with pytest.raises(InputError, match="there is no such file") as caught:
        check([tmp_path / "missing.yaml"], claims)

    assert caught.value.location is not None
    assert str(tmp_path / "missing.yaml") == caught.value.location.file
