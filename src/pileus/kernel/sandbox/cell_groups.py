"""How much memory, how many processors and how many processes may one cell have, and does it run at all?

The control groups of one cell: one in each hierarchy of version 1, a single one in version 2. What the host does not
grant is not limited; `controls` tells.

Freezing. Version 2 has a freezer that every group may use, and a frozen process can be killed. Version 1's cannot be
used: what it has frozen cannot even be killed, so a Pileus that ends badly would leave processes that nobody gets rid
of, and hold up the end of the container it ran in. There, `Cell` stops processes by signal.
"""

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROCESSES_MAX: Final = 1_024
"""Processes and threads of one environment. Source: Lambda Developer Guide, "Lambda quotas"."""
_PERIOD_US: Final = 20_000
"""A cell that has used up its share waits for the next period: 20 ms at most, rather than the usual 100. The kernel
grants 1 ms at least, which is less than the smallest function gets."""
_QUOTA_US_MIN: Final = 1_000
_CPU_ONLY: Final = frozenset({"cpu"})
CONTROLLERS: Final = frozenset({"cpu", "memory", "pids"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Hierarchy:
    """One mounted hierarchy: its version, what it controls, and the directory under which Pileus makes groups."""

    version: int
    controllers: frozenset[str]
    parent: Path


class CellGroups:
    """The control groups of one cell."""

    __slots__ = (
        "_cpu",
        "_freezer",
        "_frozen",
        "_killer",
        "_memory",
        "_memory_used",
        "_pids",
        "census",
        "entries",
        "late_entries",
        "paths",
    )

    def __init__(self, groups: Sequence[tuple[Hierarchy, Path]]) -> None:
        self.paths = [str(path) for _, path in groups]
        entries = {h: str(path / ("cgroup.procs" if h.version == 2 else "tasks")) for h, path in groups}
        self.entries = [entry for h, entry in entries.items() if h.controllers != _CPU_ONLY]
        """Where a process with one thread joins by writing `0`. Version 1 lets a thread join alone, which takes
        0.4 ms for two groups; a whole process must wait until all others have noticed (13 ms)."""
        self.late_entries = [entry for h, entry in entries.items() if h.controllers == _CPU_ONLY]
        """What the supervisor does not join, so that it need not wait for a share of the time that a thousand others
        have used up. In version 2, where there is one group, `kill` helps."""
        self.census = next((str(path) for h, path in groups if h.controllers != _CPU_ONLY), "")
        """The group in which all of its processes are; empty when there is none."""
        of = {controller: (h.version, path) for h, path in groups for controller in h.controllers}
        self._cpu, self._memory, self._pids = of.get("cpu"), of.get("memory"), of.get("pids")
        self._memory_used = ""  # asked for again and again
        if self._memory is not None:
            version, path = self._memory
            self._memory_used = str(path / ("memory.current" if version == 2 else "memory.usage_in_bytes"))
        self._freezer = next((path / "cgroup.freeze" for h, path in groups if h.version == 2), None)
        self._killer = next((path / "cgroup.kill" for h, path in groups if h.version == 2), None)
        self._frozen = False

    @property
    def limits_memory(self) -> bool:
        return self._memory is not None

    @property
    def limits_processors(self) -> bool:
        return self._cpu is not None

    def limit_memory(self, size_bytes: int) -> None:
        """From now on the cell is killed when it holds more, swapped out or not."""
        if self._memory is None:
            return
        version, path = self._memory
        if version == 2:
            write(path / "memory.max", str(size_bytes))
            with contextlib.suppress(OSError):
                write(path / "memory.swap.max", "0")
            return
        write(path / "memory.limit_in_bytes", str(size_bytes))
        with contextlib.suppress(OSError):
            write(path / "memory.memsw.limit_in_bytes", str(size_bytes))

    def limit_processes(self) -> None:
        """As many processes and threads as Lambda grants, and the supervisor."""
        if self._pids is not None:
            write(self._pids[1] / "pids.max", str(PROCESSES_MAX + 1))

    def limit_processors(self, share: float) -> None:
        """From now on the cell has `share` processors' time, in each period of 20 ms."""
        if self._cpu is None:
            return
        version, path = self._cpu
        quota_us = max(_QUOTA_US_MIN, round(share * _PERIOD_US))
        # Refused where a group above has less: then that holds.
        with contextlib.suppress(OSError):
            if version == 2:
                write(path / "cpu.max", f"{quota_us} {_PERIOD_US}")
            else:
                write(path / "cpu.cfs_period_us", str(_PERIOD_US))
                write(path / "cpu.cfs_quota_us", str(quota_us))

    def kill(self) -> None:
        """Help those who are to die, which takes processor time: they have all of it, and version 2 kills at once."""
        with contextlib.suppress(OSError):
            if self._killer is not None:
                write(self._killer, "1")
            elif self._cpu is not None:
                write(self._cpu[1] / "cpu.cfs_quota_us", "-1")

    @property
    def freezes(self) -> bool:
        """Whether `freeze` is to be had."""
        return self._freezer is not None

    def freeze(self) -> bool:
        """Stop everything in the cell where it is; False where that cannot be done."""
        self._frozen = self._write_freezer("1")
        return self._frozen

    def thaw(self) -> None:
        """Let everything go on."""
        if self._frozen:
            self._frozen = False
            self._write_freezer("0")

    def _write_freezer(self, value: str) -> bool:
        if self._freezer is None:
            return False
        try:
            write(self._freezer, value)
        except OSError:
            return False
        return True

    def memory_used_bytes(self) -> int:
        """All it holds now, files in memory included; 0 when unknown."""
        if self._memory is None:
            return 0
        return _number(self._memory_used)

    def memory_kinds(self) -> tuple[int, int]:
        """Bytes of private memory, and of shared memory (`/tmp` is made of that); of file caches it says nothing."""
        if self._memory is None:
            return 0, 0
        version, path = self._memory
        fields = _fields(path / "memory.stat")
        private = "anon" if version == 2 else "total_rss"
        shared = "shmem" if version == 2 else "total_shmem"
        return fields.get(private, 0), fields.get(shared, 0)

    def memory_peak_bytes(self) -> int:
        """The most it has held; 0 when unknown."""
        if self._memory is None:
            return 0
        version, path = self._memory
        return _number(path / ("memory.peak" if version == 2 else "memory.max_usage_in_bytes"))

    def ran_out_of_memory(self) -> bool:
        """Whether the kernel killed one of its processes for memory."""
        if self._memory is None:
            return False
        version, path = self._memory
        return _fields(path / ("memory.events" if version == 2 else "memory.oom_control")).get("oom_kill", 0) > 0

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


def _fields(path: Path) -> dict[str, int]:
    """A file of lines of a name and a number; empty when it cannot be read."""
    try:
        return {name: int(value) for name, value in (line.split() for line in path.read_text().splitlines())}
    except (OSError, ValueError):
        return {}


def _number(path: Path | str) -> int:
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


def write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
