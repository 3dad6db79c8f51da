"""Writing files and folders so that a reader sees the old one or the new one, never half of it."""

from __future__ import annotations

import ctypes
import ctypes.util
import errno
import hashlib
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from cd22kg.errors import OutputError

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file as `writing` does.

    Raises:
        OutputError: If it cannot be written; the old file is untouched.
    """
    with writing(path) as file:
        file.write(data)


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """Yield a file beside the target, which is synced and renamed over the target if the block ends well.

    A link is followed; what is there and is no regular file (a pipe, a device) is written to as it is.

    Raises:
        OutputError: If it cannot be written; the old file is untouched.
    """
    try:
        target = path.resolve()
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, "this is a folder")
        if target.exists() and not target.is_file():
            with path.open("wb") as file:
                yield file
            return
        with _replacing(target) as file:
            yield file
    except OSError as error:
        raise OutputError(
            f"cannot write {path}: {error.strerror or error}", hint="check folder, rights and space"
        ) from None


@contextmanager
def _replacing(target: Path) -> Iterator[BinaryIO]:
    staged = target.with_name(f".{target.name}.{os.urandom(4).hex()}.tmp")
    try:
        with staged.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        staged.replace(target)
    except BaseException:
        with suppress(OSError):
            staged.unlink()
        raise
    _sync(target.parent)


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file as ``sha256:<hex>``, without holding it in memory."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def sync_folder(folder: Path) -> None:
    """Flush every file below a folder, and the folders themselves, to disk.

    Raises:
        OutputError: If the disk is full or broken.
    """
    try:
        for path in (*folder.rglob("*"), folder):
            _sync(path)
    except OSError as error:
        raise OutputError(f"cannot write {folder}: {error.strerror or error}", hint="check rights and space") from None


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def staging_name(target: Path) -> Path:
    """Return the folder, beside the target, in which this process stages it."""
    return target.with_name(f".{target.name}.{os.getpid()}.staged")


def sweep(target: Path) -> None:
    """Clear away what a process that died left beside the target, and bring back a folder that stepped aside."""
    ours = re.compile(rf"\.{re.escape(target.name)}\.\d+\.(staged|aside)")
    for path in sorted(target.parent.iterdir()):
        found = ours.fullmatch(path.name)
        if found and found[1] == "aside" and not target.exists():
            path.rename(target)
        elif found:
            shutil.rmtree(path, ignore_errors=True)


def publish_folder(staged: Path, target: Path) -> None:
    """Put a finished folder in the place of another by one rename.

    Where the system can exchange two names (Linux), target and staged swap in one step and the old content is then
    deleted. Elsewhere the old folder first steps aside, from where `sweep` brings it back if the process dies in
    between.

    Raises:
        OutputError: If it cannot be done; the old folder is in its place.
    """
    aside = target.with_name(f".{target.name}.{os.getpid()}.aside")
    try:
        if not target.exists():
            staged.rename(target)
        elif _exchange(staged, target):
            shutil.rmtree(staged)
        else:
            target.rename(aside)
            staged.rename(target)
            shutil.rmtree(aside)
        _sync(target.parent)
    except OSError as error:
        if aside.is_dir() and not target.exists():
            aside.rename(target)
        raise OutputError(
            f"cannot publish {target}: {error.strerror or error}", hint="check rights and space"
        ) from None


def _exchange(one: Path, other: Path) -> bool:
    """Swap two names in one step; return whether the system could."""
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(ctypes.util.find_library("c"), use_errno=True)
    rename = getattr(libc, "renameat2", None)
    if rename is None:
        return False
    return bool(rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0)


@contextmanager
def staging(target: Path) -> Iterator[Path]:
    """Yield a free name beside the target, under its lock; what is there at the end and was not published is deleted.

    Raises:
        OutputError: If the folder above cannot be written, or another process works on the target.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make {target.parent}: {error.strerror}", hint="choose another folder") from None
    with locked(target.with_name(f".{target.name}.lock")):
        sweep(target)
        staged = staging_name(target)
        try:
            yield staged
        finally:
            shutil.rmtree(staged, ignore_errors=True)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file with our process id; the system lets go of it even if the process is killed.

    Raises:
        OutputError: If another process holds it.
    """
    import fcntl

    try:
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}", hint="check folder and rights") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            told = f"another process is writing there (process {holder})"
            raise OutputError(told, hint="wait for it to end") from None
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield
        finally:
            file.seek(0)
            file.truncate()
