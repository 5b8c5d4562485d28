"""Files on a disk whose power fails: what of them is found afterwards?

The operations are performed on real files, and noted: bytes are volatile until their file is synced, names until their
directory is. When the power fails, any of what was volatile may have reached the disk, in any order: more than real
file systems do, on purpose. The operations are counted together with those of a `CrashingDisk`, whose power it is.
"""

import os
import random
from collections.abc import Sequence
from pathlib import Path, PosixPath
from typing import Any

import pytest

from pileus.kernel.blobs import local_objects
from tests.support.disk import CrashingDisk


class Folder:
    """Notes what the files of `kernel.blobs` do below `root`."""

    def __init__(self, disk: CrashingDisk, root: Path) -> None:
        self.root = root
        self._disk = disk
        self._synced: dict[int, bytes] = {}
        """By inode what was synced of it."""
        self._names: dict[str, int | None] = {}
        """What names lead to, on the disk; None for a directory."""
        self._volatile: list[tuple[str, int | None, bool]] = []
        """Names that came (True) or went since their directory was synced, in order."""

    def patch(self, monkeypatch: pytest.MonkeyPatch) -> Path:
        """From now on the blobs' files are on this disk; gives the path to use as theirs."""
        monkeypatch.setattr(local_objects, "os", _Os(self))
        monkeypatch.setattr(local_objects, "sync_directory", self.sync_directory)
        monkeypatch.setattr(local_objects, "make_private_directory", self.make_directory)
        _Path.folder = self
        return _Path(self.root)

    def came(self, path: Path) -> None:
        self._volatile.append((str(path), path.stat().st_ino, True))

    def went(self, path: Path) -> None:
        self._volatile.append((str(path), None, False))

    def operate(self) -> None:
        self._disk.operate()

    def make_directory(self, path: Path) -> None:
        if path.exists():
            return
        self.operate()
        path.mkdir(mode=0o700, parents=True)
        self._volatile.append((str(path), None, True))

    def sync_directory(self, path: Path) -> None:
        self.operate()
        here = [each for each in self._volatile if Path(each[0]).parent == Path(str(path))]
        self._volatile = [each for each in self._volatile if each not in here]
        self._perform(self._names, here)

    def sync_file(self, fd: int) -> None:
        self.operate()
        size = os.fstat(fd).st_size
        with open(f"/proc/self/fd/{fd}", "rb") as file:
            self._synced[os.fstat(fd).st_ino] = file.read(size)

    def after_crash(self, target: Path, seed: int) -> None:
        """Lay down what is found when the power is back."""
        draw = random.Random(seed)
        names = dict(self._names)
        self._perform(names, [each for each in self._volatile if draw.random() < 0.5])
        target.mkdir(mode=0o700)
        directories = {name for name, inode in names.items() if inode is None}
        for name, inode in sorted(names.items()):
            parent = str(Path(name).parent)
            if parent not in directories and parent != str(self.root.parent):
                continue  # its directory never reached the disk
            laid = target / Path(name).relative_to(self.root)
            if inode is None:
                laid.mkdir(mode=0o700, exist_ok=True)
            elif laid.parent.exists():
                laid.write_bytes(self._synced.get(inode) or draw.choice((b"", bytes(1000))))

    @staticmethod
    def _perform(names: dict[str, int | None], changes: Sequence[tuple[str, int | None, bool]]) -> None:
        for name, inode, came in changes:
            if came:
                names[name] = inode
            else:
                names.pop(name, None)


class _Path(PosixPath):
    """A path whose changes are noted."""

    folder: Folder

    def rename(self, target: Any) -> "_Path":
        self.folder.operate()
        self.folder.went(self)
        renamed = super().rename(target)
        self.folder.came(target)
        return renamed

    def unlink(self, missing_ok: bool = False) -> None:
        self.folder.operate()
        self.folder.went(self)
        super().unlink(missing_ok=missing_ok)


class _Os:
    """As `os`, of which the blobs' files use this."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def open(self, path: Path, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_CREAT:
            self._folder.operate()
        fd = os.open(path, flags, mode)
        if flags & os.O_CREAT:
            self._folder.came(path)
        return fd

    def writev(self, fd: int, parts: Any) -> int:
        self._folder.operate()
        return os.writev(fd, parts)

    def fsync(self, fd: int) -> None:
        self._folder.sync_file(fd)

    def link(self, path: Path, target: Path) -> None:
        self._folder.operate()
        os.link(path, target)
        self._folder.came(target)
