"""How much memory and how many processes may a cell have?

Each cell gets a control group below its launcher's, which is named after Pileus's process id, so that what a killed
Pileus left is recognised and swept, and after the launcher's number, so that an ending one never removes the groups of
the next. Version 1 hierarchies and version 2 are spoken; where neither may be written, the cell is left to
resource limits (`subject._limit`).
"""

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROCESSES_MAX: Final = 1_024
"""Processes and threads of one environment. Source: Lambda Developer Guide, "Lambda quotas"."""
_PREFIX: Final = "pileus-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hierarchy:
    """One mounted hierarchy: its version, what it controls, and the directory under which Pileus makes groups."""

    version: int
    controller: str
    parent: Path


class CellGroups:
    """The control groups of one cell."""

    __slots__ = ("_memory", "paths")

    def __init__(self, paths: Sequence[tuple[Hierarchy, Path]]) -> None:
        self.paths = [str(path) for _, path in paths]
        self._memory = next(((h, p) for h, p in paths if h.controller in ("memory", "unified")), None)

    @property
    def limits_memory(self) -> bool:
        return self._memory is not None

    def limit_memory(self, size_bytes: int) -> None:
        """From now on the cell is killed when it holds more, swapped out or not."""
        if self._memory is None:
            return
        hierarchy, path = self._memory
        if hierarchy.version == 2:
            _write(path / "memory.max", str(size_bytes))
            with contextlib.suppress(OSError):
                _write(path / "memory.swap.max", "0")
            return
        _write(path / "memory.limit_in_bytes", str(size_bytes))
        with contextlib.suppress(OSError):
            _write(path / "memory.memsw.limit_in_bytes", str(size_bytes))

    def memory_used_bytes(self) -> int:
        """All it holds now, files in memory included; 0 when unknown."""
        if self._memory is None:
            return 0
        hierarchy, path = self._memory
        name = "memory.current" if hierarchy.version == 2 else "memory.usage_in_bytes"
        return _number(path / name)

    def memory_kinds(self) -> tuple[int, int]:
        """Bytes of private memory, and of shared memory (`/tmp` is made of that); of file caches it says nothing."""
        if self._memory is None:
            return 0, 0
        hierarchy, path = self._memory
        try:
            fields = dict(line.split() for line in (path / "memory.stat").read_text().splitlines())
        except (OSError, ValueError):
            return 0, 0
        private = "anon" if hierarchy.version == 2 else "total_rss"
        shared = "shmem" if hierarchy.version == 2 else "total_shmem"
        return int(fields.get(private, "0")), int(fields.get(shared, "0"))

    def memory_peak_bytes(self) -> int:
        """The most it has held; 0 when unknown."""
        if self._memory is None:
            return 0
        hierarchy, path = self._memory
        name = "memory.peak" if hierarchy.version == 2 else "memory.max_usage_in_bytes"
        return _number(path / name)

    def ran_out_of_memory(self) -> bool:
        """Whether the kernel killed one of its processes for memory."""
        if self._memory is None:
            return False
        hierarchy, path = self._memory
        name = "memory.events" if hierarchy.version == 2 else "memory.oom_control"
        try:
            fields = dict(line.split() for line in (path / name).read_text().splitlines())
        except (OSError, ValueError):
            return False
        return int(fields.get("oom_kill", "0")) > 0

    def remove(self) -> bool:
        """Delete the groups; False while a process of the cell is still going away."""
        for path in self.paths:
            try:
                os.rmdir(path)
            except FileNotFoundError:
                continue
            except OSError:
                return False
        return True


class ControlGroups:
    """The groups of one launcher's cells; `hierarchies` is empty where the host grants none."""

    _launchers = 0

    def __init__(self) -> None:
        ControlGroups._launchers += 1
        self._name = f"{_PREFIX}{os.getpid()}-{ControlGroups._launchers}"
        self.hierarchies = usable_hierarchies()
        self._made = 0
        for hierarchy in list(self.hierarchies):
            _sweep(hierarchy.parent)
            try:
                self._own(hierarchy).mkdir(exist_ok=True)
                _delegate(hierarchy, self._own(hierarchy))
            except OSError:
                self.hierarchies.remove(hierarchy)

    @property
    def parents(self) -> list[str]:
        """The directories that hold nothing but our cells' groups."""
        return [str(self._own(hierarchy)) for hierarchy in self.hierarchies]

    def make(self) -> CellGroups:
        """New groups for one cell, without a memory limit as yet."""
        self._made += 1
        made: list[tuple[Hierarchy, Path]] = []
        for hierarchy in self.hierarchies:
            path = self._own(hierarchy) / str(self._made)
            try:
                path.mkdir(exist_ok=True)
                if hierarchy.controller in ("pids", "unified"):
                    _write(path / "pids.max", str(PROCESSES_MAX))
            except OSError:
                continue
            made.append((hierarchy, path))
        return CellGroups(made)

    def close(self) -> None:
        """Remove what is empty; the launcher removes the rest when the last cell has ended."""
        for parent in self.parents:
            with contextlib.suppress(OSError):
                os.rmdir(parent)

    def _own(self, hierarchy: Hierarchy) -> Path:
        return hierarchy.parent / self._name


def usable_hierarchies() -> list[Hierarchy]:
    """The memory and process hierarchies in which this process may make groups."""
    found: list[Hierarchy] = []
    try:
        own = dict(_own_group(line) for line in Path("/proc/self/cgroup").read_text().splitlines())
        mounts = [line.split(" - ", 1) for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    except OSError:
        return found
    for place, kind in mounts:
        root, point = place.split()[3:5]
        filesystem, _, options = kind.split(" ", 2)
        if filesystem == "cgroup":
            controllers = {"memory", "pids"} & set(options.replace(" ", ",").split(","))
            for controller in sorted(controllers):
                found += _usable(1, controller, Path(point), root, own.get(controller, "/"))
        elif filesystem == "cgroup2":
            found += _usable(2, "unified", Path(point), root, own.get("", "/"))
    return found


def _own_group(line: str) -> tuple[str, str]:
    _, controllers, path = line.split(":", 2)
    first = next((name for name in controllers.split(",") if name in ("memory", "pids")), controllers)
    return first, path


def _usable(version: int, controller: str, point: Path, root: str, own: str) -> list[Hierarchy]:
    # Inside a container the mount shows only the container's part of the tree, and `own` may name what lies above it.
    relative = own.removeprefix(root.rstrip("/")).lstrip("/")
    parent = point / relative if (point / relative).is_dir() else point
    if not os.access(parent, os.W_OK):
        return []
    if version == 2:
        try:
            if "memory" not in (parent / "cgroup.controllers").read_text().split():
                return []
        except OSError:
            return []
    return [Hierarchy(version=version, controller=controller, parent=parent)]


def _delegate(hierarchy: Hierarchy, own: Path) -> None:
    """Version 2 hands controllers down by request; refused where processes live in the group itself."""
    if hierarchy.version == 2:
        _write(hierarchy.parent / "cgroup.subtree_control", "+memory +pids")
        _write(own / "cgroup.subtree_control", "+memory +pids")


def _sweep(parent: Path) -> None:
    """Remove the groups of a Pileus that no longer exists."""
    for left in parent.glob(f"{_PREFIX}*"):
        owner = left.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            with contextlib.suppress(OSError):
                for entry in left.iterdir():
                    if entry.is_dir():
                        entry.rmdir()
                left.rmdir()


def _number(path: Path) -> int:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return 0
    try:
        return int(os.read(descriptor, 32))
    except (OSError, ValueError):
        return 0
    finally:
        os.close(descriptor)


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
