"""Hostile disks: one whose power fails at a chosen operation, one that is full, one that errs.

SQLite sees a file layer (VFS) whose files live in memory. A write is volatile until its file is synced. When the power
fails, any part of what was volatile may have reached the disk: each write whole, torn at a sector, or not at all, in
any order. That is more than real disks do, on purpose.
"""

import random
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

import apsw

SECTOR_BYTES = 512

_names = count()

Trouble = Literal["power", "full", "error"]


class PowerCut(apsw.IOError):
    """The power has failed: nothing works any more."""


@dataclass
class _File:
    content: bytearray = field(default_factory=bytearray)
    synced: bytearray = field(default_factory=bytearray)
    volatile: list[tuple[int, bytes] | int] = field(default_factory=list)
    """What was done since the last sync: (offset, bytes) written, or the size truncated to."""


def _perform(content: bytearray, change: tuple[int, bytes] | int) -> None:
    if isinstance(change, int):
        del content[change:]
        return
    offset, data = change
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


class CrashingDisk(apsw.VFS):
    """A disk in memory, registered with SQLite as `name`, that fails at its operation number `crash_at` (from 1).

    trouble: "power" (from then on nothing works, see `after_crash`), "full" or "error" (that one operation fails).
    operations: writes, truncations, syncs and deletions so far, opening the store included.
    """

    def __init__(self, *, crash_at: int | None = None, trouble: Trouble = "power") -> None:
        self.name = f"crashing-{next(_names)}"
        super().__init__(self.name, "")
        self.crash_at = crash_at
        self.trouble = trouble
        self.operations = 0
        self.cut = False
        self.files: dict[str, _File] = {}

    def after_crash(self, seed: int = 0) -> "CrashingDisk":
        """What is found when the power is back: all that was synced, and by chance some of the rest."""
        draw = random.Random(seed)
        disk = CrashingDisk()
        for name, file in self.files.items():
            content = bytearray(file.synced)
            for change in file.volatile:
                for part in _sectors(change):
                    if draw.random() < 0.5:
                        _perform(content, part)
            disk.files[name] = _File(content=content, synced=bytearray(content))
        return disk

    def operate(self) -> None:
        """Count an operation that changes the disk, and fail when it is the one."""
        self.check()
        self.operations += 1
        if self.operations != self.crash_at:
            return
        if self.trouble == "full":
            raise apsw.FullError("no space is left")
        if self.trouble == "error":
            raise apsw.IOError("the disk erred")
        self.cut = True
        self.check()

    def check(self) -> None:
        if self.cut:
            raise PowerCut("the power is off")

    # SQLite's interface

    def xOpen(self, name: Any, flags: list[int]) -> "_OpenFile":  # noqa: N802
        self.check()
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        if path is None:
            path = f"temporary-{next(_names)}"
        if path not in self.files:
            self.files[path] = _File()
        flags[1] = flags[0]
        return _OpenFile(self, self.files[path])

    def xDelete(self, name: str, syncdir: bool) -> None:  # noqa: N802
        self.operate()
        self.files.pop(name, None)

    def xAccess(self, name: str, flags: int) -> bool:  # noqa: N802
        return name in self.files


def _sectors(change: tuple[int, bytes] | int) -> list[tuple[int, bytes] | int]:
    if isinstance(change, int):
        return [change]
    offset, data = change
    parts: list[tuple[int, bytes] | int] = []
    while data:
        size = SECTOR_BYTES - offset % SECTOR_BYTES
        parts.append((offset, data[:size]))
        offset, data = offset + size, data[size:]
    return parts


class _OpenFile(apsw.VFSFile):
    """An open file of a `CrashingDisk`; the base class is never initialised, since every method is replaced."""

    def __init__(self, disk: CrashingDisk, file: _File) -> None:
        self._disk = disk
        self._file = file

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        self._disk.check()
        return bytes(self._file.content[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        change = (offset, bytes(data))
        if not self._disk.cut and self._disk.operations + 1 == self._disk.crash_at and self._disk.trouble == "power":
            self._file.volatile.append(change)  # the write that the cut interrupts may be there, wholly or in part
        self._disk.operate()
        _perform(self._file.content, change)
        self._file.volatile.append(change)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._disk.operate()
        _perform(self._file.content, newsize)
        self._file.volatile.append(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.operate()
        self._file.synced = bytearray(self._file.content)
        self._file.volatile.clear()

    def xFileSize(self) -> int:  # noqa: N802
        return len(self._file.content)

    def xClose(self) -> None:  # noqa: N802
        pass

    def xLock(self, level: int) -> None:  # noqa: N802
        pass

    def xUnlock(self, level: int) -> None:  # noqa: N802
        pass

    def xCheckReservedLock(self) -> bool:  # noqa: N802
        return False

    def xFileControl(self, op: int, ptr: int) -> bool:  # noqa: N802
        return False

    def xSectorSize(self) -> int:  # noqa: N802
        return SECTOR_BYTES

    def xDeviceCharacteristics(self) -> int:  # noqa: N802
        return 0
