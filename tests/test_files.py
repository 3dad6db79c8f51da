"""Files and folders: a reader sees the old one or the new one, whatever goes wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cd22kg import files
from cd22kg.errors import OutputError
from cd22kg.files import locked, publish_folder, staging_name, sweep, sync_folder, write_bytes


def tree(folder: Path) -> dict[str, bytes | None]:
    """Return what is below a folder: content by relative path, nothing for a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def make(folder: Path, text: str) -> Path:
    """Make a folder with a file and a folder in it."""
    (folder / "inside").mkdir(parents=True)
    (folder / "file").write_text(text, encoding="utf-8")
    (folder / "inside" / "file").write_text(text, encoding="utf-8")
    return folder


def made(name: str, text: str) -> dict[str, bytes | None]:
    """Return the tree of a folder that `make` made, by paths from its parent."""
    data = text.encode()
    return {name: None, f"{name}/file": data, f"{name}/inside": None, f"{name}/inside/file": data}


def no_exchange(one: Path, other: Path) -> bool:
    """Stand for a system that cannot swap two names."""
    return False


# Files


@pytest.mark.parametrize("data", [b"", b"new", b"\x00\xff\r\n" * 100_000], ids=["empty", "short", "binary"])
def test_file_is_written(data: bytes, tmp_path: Path) -> None:
    """The bytes are those given, in place of those before, and nothing else is left in the folder."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    write_bytes(path, data)

    assert {"file": data} == tree(tmp_path)


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_old_file_survives_a_failure(step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the disk is full or the rename fails, the old file stays and no half of the new one."""

    def fail(*args: object) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "file"
    path.write_bytes(b"old")
    if step == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
    else:
        monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OutputError, match="No space left on device") as caught:
        write_bytes(path, b"new")

    assert tree(tmp_path) == {"file": b"old"}
    assert caught.value.hint


@pytest.mark.parametrize(
    "target", ["missing/file", "folder", "file/file"], ids=["no-folder", "a-folder", "below-a-file"]
)
def test_file_that_cannot_be_written_is_an_error(target: str, tmp_path: Path) -> None:
    """A file that has no place is an error which names it, and what is there stays."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"old")
    before = tree(tmp_path)
    with pytest.raises(OutputError, match=f"cannot write .*{target}"):
        write_bytes(tmp_path / target, b"new")

    assert before == tree(tmp_path)


def test_link_is_followed(tmp_path: Path) -> None:
    """A link stays a link; the file it names gets the bytes."""
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    write_bytes(tmp_path / "link", b"new")

    assert (tmp_path / "link").is_symlink()
    assert tree(tmp_path) == {"file": b"new", "link": b"new"}


def test_pipe_is_written_to(tmp_path: Path) -> None:
    """What is there and is no file, such as a pipe, is written to and not replaced by a file."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_bytes(path, b"new")
        found = os.read(reader, 10)
    finally:
        os.close(reader)

    assert found == b"new"
    assert path.is_fifo()


def test_folder_that_cannot_be_synced_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the disk fails while the folder is flushed, that is an error of ours."""

    def fail(handle: int) -> None:
        raise OSError(5, "Input/output error")

    folder = make(tmp_path / "folder", "x")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OutputError, match=r"cannot write .*folder: Input/output error"):
        sync_folder(folder)


def test_every_file_of_a_folder_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file, each folder and the folder itself go to disk."""
    folder = make(tmp_path / "folder", "x")
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(Path(f"/proc/self/fd/{handle}").resolve().name))
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("the names of open files are read from /proc")
    sync_folder(folder)

    assert sorted(synced) == ["file", "file", "folder", "inside"]


# Folders


@pytest.mark.parametrize("exchange", [True, False], ids=["exchange", "fallback"])
@pytest.mark.parametrize("earlier", [True, False], ids=["over-an-earlier", "first"])
def test_folder_is_published(exchange: bool, earlier: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new folder stands in the place of the old one, whole, and nothing else is left."""
    if not exchange:
        monkeypatch.setattr(files, "_exchange", no_exchange)
    target, staged = tmp_path / "target", make(tmp_path / "staged", "new")
    if earlier:
        make(target, "old")
        (target / "only-in-the-old").touch()
    publish_folder(staged, target)

    assert made("target", "new") == tree(tmp_path)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have no exchange of names")
def test_exchange_swaps_two_names(tmp_path: Path) -> None:
    """Where the system can, two folders swap their names in one step."""
    one, other = make(tmp_path / "one", "1"), make(tmp_path / "other", "2")

    assert files._exchange(one, other)
    assert {**made("one", "2"), **made("other", "1")} == tree(tmp_path)


def test_exchange_needs_both(tmp_path: Path) -> None:
    """Without the other folder there is no exchange, and the one stays."""
    one = make(tmp_path / "one", "1")

    assert not files._exchange(one, tmp_path / "other")
    assert made("one", "1") == tree(tmp_path)


def test_other_systems_have_no_exchange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a system that is not Linux the fallback is taken."""
    one, other = make(tmp_path / "one", "1"), make(tmp_path / "other", "2")
    monkeypatch.setattr(sys, "platform", "darwin")

    assert not files._exchange(one, other)
    assert {**made("one", "1"), **made("other", "2")} == tree(tmp_path)


def test_old_folder_comes_back_when_publishing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the new folder cannot take the place after the old one stepped aside, the old one comes back."""
    monkeypatch.setattr(files, "_exchange", no_exchange)
    target, staged = make(tmp_path / "target", "old"), make(tmp_path / "staged", "new")
    rename = Path.rename

    def fail(self: Path, other: Path) -> Path:
        if self == staged:
            raise OSError(13, "Permission denied")
        return rename(self, other)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OutputError, match=r"cannot publish .*Permission denied"):
        publish_folder(staged, target)

    assert {**made("staged", "new"), **made("target", "old")} == tree(tmp_path)


def killed_while_publishing(target: Path, staged: Path, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Publish by the fallback and stop, as if killed, before the rename with that number."""
    steps = iter(range(10))
    rename = Path.rename

    class KilledError(BaseException):
        """Stands for the end of the process."""

    def stop(self: Path, other: Path) -> Path:
        if next(steps) == step:
            raise KilledError
        return rename(self, other)

    with monkeypatch.context() as patched:
        patched.setattr(files, "_exchange", no_exchange)
        patched.setattr(Path, "rename", stop)
        with pytest.raises(KilledError):
            publish_folder(staged, target)


@pytest.mark.parametrize("step", [0, 1], ids=["before-stepping-aside", "after-stepping-aside"])
def test_sweep_brings_the_old_folder_back(step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the process dies in the middle of the fallback, the next one finds the old folder in its place again."""
    target, staged = make(tmp_path / "target", "old"), make(tmp_path / "staged", "new")
    killed_while_publishing(target, staged, monkeypatch, step)
    sweep(target)

    assert {**made("staged", "new"), **made("target", "old")} == tree(tmp_path)


def test_sweep_deletes_an_old_folder_that_was_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the process dies before the old folder is deleted, the next one keeps the new one and deletes the old one."""
    target, staged = make(tmp_path / "target", "old"), make(tmp_path / "staged", "new")

    def stop(path: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(files, "_exchange", no_exchange)
        patched.setattr(shutil, "rmtree", stop)
        with pytest.raises(KeyboardInterrupt):
            publish_folder(staged, target)
    sweep(target)

    assert made("target", "new") == tree(tmp_path)


@pytest.mark.parametrize("start", [lambda path: None, lambda path: make(path, "x")], ids=["nothing", "a-folder"])
def test_sweep_does_nothing_where_nothing_is_to_do(start: Callable[[Path], object], tmp_path: Path) -> None:
    """Without a folder that stepped aside, nothing changes."""
    start(tmp_path / "target")
    before = tree(tmp_path)
    sweep(tmp_path / "target")

    assert before == tree(tmp_path)


def test_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    """A folder that the user made beside the target, such as a copy named `target.old`, is never deleted or moved."""
    make(tmp_path / "target", "new")
    make(tmp_path / "target.old", "the user's own")
    before = tree(tmp_path)
    sweep(tmp_path / "target")

    assert before == tree(tmp_path)


def test_sweep_spares_other_targets(tmp_path: Path) -> None:
    """Sweeping for `target` removes what its dead processes staged, and nothing that another target staged."""
    other = staging_name(tmp_path / "target.new")
    for folder in (
        staging_name(tmp_path / "target"),
        tmp_path / ".target.1.aside",
        other,
        tmp_path / ".target.x.staged",
    ):
        make(folder, "x")
    make(tmp_path / "target", "old")
    sweep(tmp_path / "target")

    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([other.name, ".target.x.staged", "target"])


# The lock


def test_lock_names_its_holder(tmp_path: Path) -> None:
    """While the lock is held, another holder is refused and told which process has it."""
    refused = pytest.raises(OutputError, match=rf"another process is writing there \(process {os.getpid()}\)")
    with locked(tmp_path / "lock"), refused, locked(tmp_path / "lock"):
        pytest.fail("the lock was given twice")


def test_lock_is_free_again(tmp_path: Path) -> None:
    """After its holder is done, or has failed, the lock can be taken, and names nobody."""
    with pytest.raises(ZeroDivisionError), locked(tmp_path / "lock"):
        raise ZeroDivisionError
    with locked(tmp_path / "lock"):
        assert str(os.getpid()) == (tmp_path / "lock").read_text(encoding="utf-8")

    assert (tmp_path / "lock").read_text(encoding="utf-8") == ""


def test_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    """The system lets go of the lock of a process that was killed."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from cd22kg.files import locked\n"
        "with locked(Path(sys.argv[1])):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(OutputError, match=rf"process {process.pid}\)"), locked(path):
            pytest.fail("the lock was given twice")
        process.kill()
        process.wait()
    with locked(path):
        assert str(os.getpid()) == path.read_text(encoding="utf-8")


def test_lock_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """A lock without a folder is an error of ours."""
    with pytest.raises(OutputError, match="cannot write"), locked(tmp_path / "missing" / "lock"):
        pytest.fail("the lock was given")
