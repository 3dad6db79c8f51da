"""How much memory may be taken: the least of what the machine, its control groups and the process leave."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cd22kg.free_memory import free_memory

MIB = 1 << 20


def machine(root: Path, groups: str) -> Path:
    """Write what Linux tells of a machine with four mebibytes, and of the groups of a process."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/meminfo").write_text("MemTotal: 9000 kB\nMemAvailable:    4096 kB\n", encoding="utf-8")
    (root / "proc/self/cgroup").write_text(groups, encoding="utf-8")
    return root


def test_machine_alone(tmp_path: Path) -> None:
    """Without control groups it is what the machine has available."""
    assert free_memory(machine(tmp_path, "")) == 4 * MIB


def test_group_of_the_second_kind(tmp_path: Path) -> None:
    """The limit of a group above counts too; files that are only kept for speed are free."""
    root = machine(tmp_path, "0::/pod/box\n")
    group = root / "sys/fs/cgroup/pod"
    (group / "box").mkdir(parents=True)
    (group / "box/memory.max").write_text("max\n", encoding="utf-8")
    for name, text in (("max", 3 * MIB), ("current", 2 * MIB), ("stat", f"anon 7\ninactive_file {MIB}")):
        (group / f"memory.{name}").write_text(f"{text}\n", encoding="utf-8")

    assert free_memory(root) == 2 * MIB


def test_group_of_the_first_kind(tmp_path: Path) -> None:
    """Older systems have other names for the same."""
    root = machine(tmp_path, "9:name=systemd:/\n4:cpu,memory:/box\n")
    group = root / "sys/fs/cgroup/memory/box"
    group.mkdir(parents=True)
    (group / "memory.limit_in_bytes").write_text(f"{MIB}\n", encoding="utf-8")
    (group / "memory.usage_in_bytes").write_text(f"{2 * MIB}\n", encoding="utf-8")

    assert free_memory(root) == 0


def test_system_that_does_not_tell(tmp_path: Path) -> None:
    """Where nothing is told, nothing is free."""
    assert free_memory(tmp_path) == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells")
def test_limit_of_the_process() -> None:
    """A limit on the address space of the process counts too."""
    script = (
        "import resource; from cd22kg.free_memory import free_memory; before = free_memory();"
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 28, 1 << 28)); print(before > 0, 0 <= free_memory() < 1 << 28)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout == "True True\n"
