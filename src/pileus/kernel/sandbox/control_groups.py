"""Where may Pileus make control groups, and who removes them?

Each cell gets control groups below its launcher's, which is named after Pileus's process id, so that what a killed
Pileus left is recognised and swept, and after the launcher's number, so that an ending one never removes the groups of
the next. Version 1 hierarchies and version 2 are spoken; where neither may be written, the cell is left to
resource limits (`subject._limit`).

Version 2 gives controllers only to the children of a group without processes of its own (except for the root). So
Pileus asks its own group first; if it is alone there, it moves aside into a child; then it asks the root of the mount.
"""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pileus.kernel.sandbox.cell_groups import CONTROLLERS, CellGroups, Hierarchy, write

_PREFIX: Final = "pileus-"
_PROC: Final = Path("/proc")


class ControlGroups:
    """The groups of one launcher's cells; `hierarchies` is empty where the host grants none.

    candidates: where to try, the best first; what this process may use when it is None.
    """

    _launchers = 0

    def __init__(self, candidates: Sequence[Hierarchy] | None = None) -> None:
        ControlGroups._launchers += 1
        self._name = f"{_PREFIX}{os.getpid()}-{ControlGroups._launchers}"
        self.hierarchies: list[Hierarchy] = []
        self._made = 0
        for hierarchy in usable_hierarchies() if candidates is None else candidates:
            held = {name for other in self.hierarchies for name in other.controllers}
            if held & hierarchy.controllers:
                continue  # another mount of what is held already, or the root where our own group was enough
            _sweep(hierarchy.parent)
            granted = _granted(hierarchy, hierarchy.parent / self._name)
            if granted is not None:
                self.hierarchies.append(granted)

    @property
    def parents(self) -> list[str]:
        """The directories that hold nothing but our cells' groups."""
        return [str(hierarchy.parent / self._name) for hierarchy in self.hierarchies]

    def make(self) -> CellGroups:
        """New groups for one cell, without a limit of memory or processors as yet."""
        self._made += 1
        made: list[tuple[Hierarchy, Path]] = []
        for hierarchy in self.hierarchies:
            path = hierarchy.parent / self._name / str(self._made)
            try:
                make_group(path)
            except OSError:
                continue
            made.append((hierarchy, path))
        groups = CellGroups(made)
        with contextlib.suppress(OSError):
            groups.limit_processes()
        return groups

    def close(self) -> bool:
        """Remove what is empty, which the launcher does when it can; False while somebody is in there."""
        return all(_removed(Path(parent)) for parent in self.parents)


def make_group(path: Path) -> None:
    """The kernel fills the new directory with files of its own."""
    path.mkdir(exist_ok=True)


def usable_hierarchies(process: Path = _PROC / "self") -> list[Hierarchy]:
    """The processor, memory and process hierarchies in which this process may make groups, the best first."""
    found: list[Hierarchy] = []
    try:
        own = _own_groups((process / "cgroup").read_text())
        mounts = [line.split(" - ", 1) for line in (process / "mountinfo").read_text().splitlines()]
    except OSError:
        return found
    for place, kind in mounts:
        root, point = place.split()[3:5]
        filesystem, _, options = kind.split(" ", 2)
        if filesystem == "cgroup":
            controllers = CONTROLLERS & set(options.replace(" ", ",").split(","))
            for controller in sorted(controllers):
                parent = _own_group(Path(point), root, own.get(controller, "/"))
                found += _writable(Hierarchy(version=1, controllers=frozenset({controller}), parent=parent))
        elif filesystem == "cgroup2":
            nearest = _own_group(Path(point), root, own.get("", "/"))
            for parent in dict.fromkeys((nearest, Path(point))):
                controllers = CONTROLLERS & _words(parent / "cgroup.controllers")
                if "memory" in controllers:
                    found += _writable(Hierarchy(version=2, controllers=frozenset(controllers), parent=parent))
    return found


def _own_groups(table: str) -> dict[str, str]:
    """The group of this process by controller; version 2's by the empty text."""
    found: dict[str, str] = {}
    for line in table.splitlines():
        _, controllers, path = line.split(":", 2)
        found |= dict.fromkeys(controllers.split(","), path)
    return found


def _own_group(point: Path, root: str, own: str) -> Path:
    """Inside a container the mount shows only the container's part of the tree, and `own` may name what lies above."""
    relative = own.removeprefix(root.rstrip("/")).lstrip("/")
    return point / relative if (point / relative).is_dir() else point


def _writable(hierarchy: Hierarchy) -> list[Hierarchy]:
    return [hierarchy] if os.access(hierarchy.parent, os.W_OK) else []


def _granted(hierarchy: Hierarchy, own: Path) -> Hierarchy | None:
    """Make our group in a hierarchy; gives what its children can have, None when that is nothing."""
    try:
        make_group(own)
    except OSError:
        return None
    if hierarchy.version == 1:
        return hierarchy
    controllers = {name for name in hierarchy.controllers if _delegated(hierarchy.parent, own, name)}
    if "memory" in controllers:
        return Hierarchy(version=2, controllers=frozenset(controllers), parent=hierarchy.parent)
    with contextlib.suppress(OSError):
        own.rmdir()
    return None


def _delegated(parent: Path, own: Path, controller: str) -> bool:
    """Hand a controller down to the children of our group."""
    try:
        try:
            write(parent / "cgroup.subtree_control", f"+{controller}")
        except OSError:
            if not _stepped_aside(parent):
                return False
            write(parent / "cgroup.subtree_control", f"+{controller}")
        write(own / "cgroup.subtree_control", f"+{controller}")
    except OSError:
        return False
    return True


def _stepped_aside(parent: Path) -> bool:
    """Go into a child of our own group, where nobody else is in it."""
    pid = str(os.getpid())
    if _words(parent / "cgroup.procs") != {pid}:
        return False
    aside = parent / f"{_PREFIX}{pid}"
    try:
        make_group(aside)
        write(aside / "cgroup.procs", pid)
    except OSError:
        return False
    return True


def _sweep(parent: Path) -> None:
    """Remove the groups of a Pileus that no longer exists."""
    for left in parent.glob(f"{_PREFIX}*"):
        owner = left.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not (_PROC / owner).exists():
            _removed(left)


def _removed(group: Path) -> bool:
    """Remove a group and those below it, unless somebody is in there."""
    try:
        for entry in group.iterdir():
            if entry.is_dir():
                entry.rmdir()
        group.rmdir()
    except FileNotFoundError:
        return not group.exists()
    except OSError:
        return False
    return True


def _words(path: Path) -> set[str]:
    try:
        return set(path.read_text().split())
    except OSError:
        return set()
