"""How much memory may still be taken, as far as Linux tells: by the machine, the control groups and the process."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

#: By the name that ``/proc/self/cgroup`` gives: folder, limit, use, and what of the use is only kept for speed.
_GROUPS = {
    "": ("sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"),
    "memory": ("sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}


def free_memory(root: Path = Path("/")) -> int:
    """Return the bytes that may still be taken, the least that anything tells; 0 where the system does not tell.

    Args:
        root: The root of the file system.
    """
    available = _values(root / "proc/meminfo").get("MemAvailable", 0) * 1024
    return max(0, min([available, *_left_in_groups(root), *_left_to_process(root)]))


def _left_in_groups(root: Path) -> Iterator[int]:
    """Yield what is left in each control group that the process is in."""
    for line in _lines(root / "proc/self/cgroup"):
        _, _, rest = line.partition(":")
        names, _, path = rest.partition(":")
        for name in {"", "memory"}.intersection(names.split(",")):
            folder, limit, use, kept = _GROUPS[name]
            group = PurePosixPath(path.lstrip("/"))
            for each in (group, *group.parents):
                here = root / folder / each
                most, used = _number(here / limit), _number(here / use)
                if most is not None and used is not None:
                    yield most - used + _values(here / "memory.stat").get(kept, 0)


def _left_to_process(root: Path) -> Iterator[int]:
    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    if most != resource.RLIM_INFINITY:
        yield most - _values(root / "proc/self/status").get("VmSize", 0) * 1024


def _values(file: Path) -> dict[str, int]:
    """Return the numbers of a file by the word at the beginning of their line."""
    found = (line.replace(":", " ").split() for line in _lines(file))
    return {words[0]: int(words[1]) for words in found if len(words) > 1 and words[1].isdigit()}


def _number(file: Path) -> int | None:
    """Return the number in a file; nothing where there is another word, as for no limit, or no file."""
    words = next(iter(_lines(file)), "").split()
    return int(words[0]) if words and words[0].isdigit() else None


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
