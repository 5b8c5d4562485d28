"""Both versions of control groups are spoken, on whatever host the tests run: the kernel's files are played by ours."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pileus.kernel.sandbox.cell_groups import CellGroups, Hierarchy
from pileus.kernel.sandbox.control_groups import ControlGroups, usable_hierarchies
from tests.support.processes import wait_until

OF_CELLS = ("cgroup.procs", "cgroup.freeze", "cpu.max", "memory.max", "memory.swap.max", "memory.current",
            "memory.peak", "memory.stat", "memory.events", "pids.max")  # fmt: skip
OF_GROUPS = ("cgroup.controllers", "cgroup.subtree_control", "cgroup.procs")


class Kernel:
    """Version 2 as a folder: groups have files, and controllers come from above."""

    def __init__(self, root: Path, *, own: str = "/", controllers: str = "cpu memory pids io") -> None:
        self.root = root
        self.written: list[tuple[Path, str]] = []
        self.procs = root.parent / "proc"
        self.procs.mkdir()
        (self.procs / "cgroup").write_text(f"0::{own}\n")
        (self.procs / "mountinfo").write_text(
            f"30 23 0:26 / {root} rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
            "31 23 0:27 / /nowhere rw - tmpfs tmpfs rw\n"
        )
        root.mkdir()
        self.fill(root, controllers)

    def fill(self, path: Path, controllers: str = "") -> None:
        path.mkdir(exist_ok=True)
        for name in {*OF_CELLS, *OF_GROUPS}:
            (path / name).touch()
        (path / "cgroup.controllers").write_text(controllers)

    def write(self, path: Path, text: str) -> None:
        self.refuse(path)
        self.written.append((path, text))
        path.write_text(text)

    def refuse(self, path: Path) -> None:
        """Replaced where a write is to fail."""

    def made(self) -> ControlGroups:
        return ControlGroups(usable_hierarchies(self.procs))


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Kernel]:
    def make(**options: str) -> Kernel:
        played = Kernel(tmp_path / "cgroup", **options)
        monkeypatch.setattr("pileus.kernel.sandbox.control_groups.make_group", played.fill)
        for module in ("cell_groups", "control_groups"):
            monkeypatch.setattr(f"pileus.kernel.sandbox.{module}.write", played.write)
        return played

    return make


def test_a_version_2_tree_is_used(kernel: Callable[..., Kernel]) -> None:
    """Controllers are handed down, and each limit is written in version 2's words."""
    played = kernel()
    made = played.made()
    (hierarchy,) = made.hierarchies
    assert (hierarchy.version, sorted(hierarchy.controllers)) == (2, ["cpu", "memory", "pids"])
    handed = [text for path, text in played.written if path == played.root / "cgroup.subtree_control"]
    assert sorted(handed) == ["+cpu", "+memory", "+pids"], "one at a time: one that is refused must not refuse all"
    groups = made.make()
    (path,) = map(Path, groups.paths)
    assert (groups.entries, groups.late_entries) == ([f"{path}/cgroup.procs"], [])
    assert (path / "pids.max").read_text() == "1025", "1,024 and the supervisor"
    groups.limit_memory(128 << 20)
    groups.limit_processors(128 / 1769)
    assert groups.limits_memory
    assert (path / "memory.max").read_text() == str(128 << 20)
    assert (path / "memory.swap.max").read_text() == "0"
    assert (path / "cpu.max").read_text() == "1447 20000"
    groups.limit_processors(5.8)
    assert (path / "cpu.max").read_text() == "116000 20000"
    assert groups.freezes
    assert groups.freeze()
    assert (path / "cgroup.freeze").read_text() == "1"
    groups.thaw()
    assert (path / "cgroup.freeze").read_text() == "0"
    groups.kill()
    assert (path / "cgroup.kill").read_text() == "1"


def test_what_version_2_counts_is_read(kernel: Callable[..., Kernel]) -> None:
    """Its files have names and words of their own."""
    groups = kernel().made().make()
    (path,) = map(Path, groups.paths)
    (path / "memory.current").write_text("1000\n")
    (path / "memory.peak").write_text("2000\n")
    (path / "memory.stat").write_text("anon 10\nfile 20\nshmem 30\n")
    (path / "memory.events").write_text("low 0\nmax 3\noom 1\noom_kill 0\n")
    assert (groups.memory_used_bytes(), groups.memory_peak_bytes(), groups.memory_kinds()) == (1000, 2000, (10, 30))
    assert not groups.ran_out_of_memory()
    (path / "memory.events").write_text("low 0\nmax 3\noom 1\noom_kill 2\n")
    assert groups.ran_out_of_memory()


def test_a_controller_that_is_not_granted_is_done_without(kernel: Callable[..., Kernel]) -> None:
    """A user's session often has memory and pids, and no cpu."""
    made = kernel(controllers="memory pids").made()
    assert made.hierarchies[0].controllers == {"memory", "pids"}
    groups = made.make()
    groups.limit_processors(0.1)
    assert Path(groups.paths[0], "cpu.max").read_text() == ""


def test_without_memory_there_is_nothing(kernel: Callable[..., Kernel]) -> None:
    """As where version 1 has the controllers and version 2 is mounted beside it."""
    assert kernel(controllers="hugetlb").made().hierarchies == []


@pytest.mark.parametrize(("inside", "expected"), [("alone", "own"), ("with others", "root")])
def test_a_group_with_processes_hands_nothing_down(
    kernel: Callable[..., Kernel], monkeypatch: pytest.MonkeyPatch, inside: str, expected: str
) -> None:
    """The kernel answers EBUSY: we go into a child if we are alone, otherwise to the root, or do without."""
    played = kernel(own="/session")
    session = played.root / "session"
    played.fill(session, "cpu memory pids")
    (session / "cgroup.procs").write_text(f"{os.getpid()}\n" if inside == "alone" else f"{os.getpid()}\n1\n")
    aside = session / f"pileus-{os.getpid()}" / "cgroup.procs"

    def refuse(path: Path) -> None:
        if path == session / "cgroup.subtree_control" and (session / "cgroup.procs").read_text():
            raise OSError(16, "Device or resource busy")
        if path == aside:
            (session / "cgroup.procs").write_text("")

    monkeypatch.setattr(played, "refuse", refuse)
    (hierarchy,) = played.made().hierarchies
    assert hierarchy.parent == (session if expected == "own" else played.root)
    assert (aside.exists() and aside.read_text() == str(os.getpid())) == (inside == "alone")


def test_mounts_are_read_as_they_come(tmp_path: Path) -> None:
    """Version 1: several controllers in one mount, each in a hierarchy; a container sees its part of the tree only."""
    for name in ("cpu,cpuacct", "memory/own", "pids"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "mountinfo").write_text(
        f"25 23 0:22 /docker/abc {tmp_path}/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
        f"26 23 0:23 / {tmp_path}/memory rw - cgroup cgroup rw,memory\n"
        f"27 23 0:24 / {tmp_path}/pids ro - cgroup cgroup rw,pids\n"
    )
    (tmp_path / "cgroup").write_text("4:cpu,cpuacct:/docker/abc\n3:memory:/own\n2:pids:/elsewhere\n")
    found = {min(hierarchy.controllers): hierarchy.parent for hierarchy in usable_hierarchies(tmp_path)}
    assert found == {
        "cpu": tmp_path / "cpu,cpuacct", "memory": tmp_path / "memory/own", "pids": tmp_path / "pids",
    }  # fmt: skip


def test_a_group_that_refuses_more_processors_keeps_what_it_has(tmp_path: Path) -> None:
    """A container with fewer processors than the function would have: its limit holds, and nothing fails."""
    groups = CellGroups([(Hierarchy(version=1, controllers=frozenset({"cpu"}), parent=tmp_path), tmp_path)])
    groups.limit_processors(6.0)  # no such file: any refusal is one
    assert list(tmp_path.iterdir()) == [], "nothing was made instead"


def real_version_2() -> Path | None:
    """Where the kernel itself lets us make a group of version 2, with or without controllers."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        if " - cgroup2 " in line:
            point = Path(line.split()[4])
            return point if os.access(point, os.W_OK) else None
    return None


@pytest.mark.skipif(real_version_2() is None, reason="no writable version 2 hierarchy")
def test_the_kernel_freezes_a_version_2_group() -> None:
    """And what is frozen can be killed, which is why version 1's freezer is not used."""
    root = real_version_2()
    assert root is not None
    path = root / f"pileus-{os.getpid()}-freezing"
    path.mkdir()
    groups = CellGroups([(Hierarchy(version=2, controllers=frozenset(), parent=root), path)])
    spinning = subprocess.Popen(["/bin/sh", "-c", "while :; do :; done"])
    (path / "cgroup.procs").write_text(str(spinning.pid))

    def frozen() -> bool:
        return "frozen 1" in (path / "cgroup.events").read_text()

    for _ in range(2):
        assert groups.freeze()
        wait_until(frozen)
        groups.thaw()
        wait_until(lambda: not frozen())
    assert groups.freeze()
    spinning.kill()
    assert spinning.wait(10) == -9
    wait_until(groups.remove)
