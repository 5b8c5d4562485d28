"""Whose is this data directory, and can we read it?

`format` says which version of Pileus's data lies there; it is read before anything is touched. `lock` is held
(`flock`, so a kill releases it) by the one process that works here, and names it.

The directory may have been there before, open to all; so each file of ours is closed to others by itself. Not so
`code/`, whose files are functions' own and are read by the user that runs them.
"""

import fcntl
import os
from pathlib import Path
from typing import Final

from pileus.kernel.storage.seam import NewerData, StoreInUse

FORMAT: Final = 1
"""Raised when older programs could misread what we write."""

_PREAMBLE: Final = "pileus data format "
_OTHERS: Final = 0o077


class DataDirectory:
    """A data directory that is ours until `release`; raises `NewerData`, `StoreInUse` or `OSError`."""

    def __init__(self, path: Path) -> None:
        self.path: Final = path
        _refuse_newer(path)
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = _lock(path / "lock")
        if (path / "format").exists():
            make_private(path / "format")
        else:
            _write_format(path)

    def release(self) -> None:
        """Let another process in. The file stays: removing it would let two processes lock two files of one name."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def _refuse_newer(path: Path) -> None:
    try:
        text = (path / "format").read_text()
    except FileNotFoundError:
        return
    number = text.removeprefix(_PREAMBLE).strip()
    if not number.isdigit():
        raise NewerData(f"{path / 'format'} holds nothing that this Pileus understands: {text[:80]!r}")
    if int(number) > FORMAT:
        raise NewerData(
            f"{path} was written by a newer Pileus (data format {int(number)}; this one reads up to {FORMAT}). "
            f"Start the newer version, or choose another data directory."
        )


def _write_format(path: Path) -> None:
    """Write `format` so that it is never seen half written, whatever instant the power fails."""
    temporary = path / "format.new"
    make_private(temporary)
    with temporary.open("w") as file:
        file.write(f"{_PREAMBLE}{FORMAT}\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path / "format")
    sync_directory(path)


def make_private(path: Path, *, create: bool = True) -> None:
    """Let nobody else read or write the file at `path`; one that is absent is created so, unless told otherwise."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if create else 0), 0o600)
    except FileNotFoundError:
        return
    try:
        if os.fstat(descriptor).st_mode & _OTHERS:
            os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def make_private_directory(path: Path) -> None:
    """Let nobody else into the directory at `path`, which is created when it is absent."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.stat().st_mode & _OTHERS:
        path.chmod(0o700)


def sync_directory(path: Path) -> None:
    """Make the names in `path` survive a power cut."""
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _lock(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 32).strip()
        os.close(descriptor)
        pid = int(holder) if holder.isdigit() else None
        whom = "another process" if pid is None else f"process {pid}"
        raise StoreInUse(f"{path.parent} is in use by {whom}", pid=pid) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor
