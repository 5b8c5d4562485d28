"""How do blobs lie in files of this machine?

Under `root/ab/cdef...`, by their random ids, in directories which are closed to others. A writer's file lies in
`root/tmp` and is renamed once it is whole and, with durability `full`, synced; so is the directory then. A clone is a
hard link where that can be had: it costs no bytes, and each of the two may be removed without the other.

The age of a file is that of its inode (`ctime`), which a link renews: a clone of an old blob is young, so that no sweep
takes it before its record is committed.
"""

import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

from pileus.kernel.blobs.engine import Listed
from pileus.kernel.blobs.segments import ID_CHARACTERS, BlobMissing, NoSpace
from pileus.kernel.storage.directory import make_private_directory, sync_directory

_HEX: Final = frozenset("0123456789abcdef")
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_UNLINKABLE: Final = frozenset({errno.EMLINK, errno.EPERM, errno.ENOTSUP, errno.ENOSYS})
"""A file has 65,000 links (ext4), or there are none on this file system: then bytes are copied."""
_COPIED_BYTES: Final = 1024 * 1024
_PARTS_MAX: Final = 1024
"""Of one `writev` (IOV_MAX)."""


class LocalFiles:
    """Blobs in files under `root`. An `Engine`."""

    near = True

    def __init__(self, root: Path, *, durability: Literal["process", "full"] = "process") -> None:
        self._root = root
        self._temporary = root / "tmp"
        self._full = durability == "full"
        self._ready: set[str] = set()
        """Directories that are there, and with durability `full` will be after a power cut."""

    def path(self, blob: str) -> Path:
        assert len(blob) == ID_CHARACTERS, blob
        assert _HEX.issuperset(blob), blob
        return self._root / blob[:2] / blob[2:]

    def create(self, blob: str) -> "LocalSink":
        with _room():
            self._make_ready("tmp")
            return LocalSink(self, self._temporary / blob, blob)

    def open(self, blob: str, *, offset: int, size_bytes: int | None) -> "LocalSource":
        try:
            fd = os.open(self.path(blob), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise BlobMissing(blob) from None
        return LocalSource(fd, offset, os.fstat(fd).st_size if size_bytes is None else offset + size_bytes)

    def copy(self, blob: str, new: str) -> None:
        target = self.path(new)
        with _room():
            self._make_ready(new[:2])
            try:
                os.link(self.path(blob), target)
            except FileNotFoundError:
                raise BlobMissing(blob) from None
            except OSError as error:
                if error.errno not in _UNLINKABLE:
                    raise
            else:
                self._sync(target)
                return
        self._copy_bytes(blob, new)

    def _copy_bytes(self, blob: str, new: str) -> None:
        source = self.open(blob, offset=0, size_bytes=None)
        try:
            sink = self.create(new)
            try:
                while data := source.read(_COPIED_BYTES):
                    sink.write((data,))
                sink.close()
            finally:
                sink.discard()
        finally:
            source.close()

    def remove(self, blobs: Iterable[str]) -> None:
        for blob in blobs:
            self.path(blob).unlink(missing_ok=True)

    def listed(self, *, after: str, count: int) -> Sequence[Listed]:
        """Whole directories: at least `count` files unless there are no more."""
        found: list[Listed] = []
        for number in range(int(after[:2] or "00", 16), 256):
            folder = f"{number:02x}"
            found += sorted(each for each in _files(self._root / folder, folder) if _named(each) and each.blob > after)
            if len(found) >= count:
                break
        return found

    def left_behind(self) -> Sequence[Listed]:
        return [Listed("", each.name, each.changed_s) for each in _files(self._temporary, "")]

    def remove_left(self, left: Listed) -> None:
        (self._temporary / left.name).unlink(missing_ok=True)

    def accept(self, temporary: Path, blob: str) -> None:
        """Give a file that is whole its name."""
        self._make_ready(blob[:2])
        target = self.path(blob)
        temporary.rename(target)
        self._sync(target)

    @property
    def syncs(self) -> bool:
        return self._full

    def _sync(self, target: Path) -> None:
        if self._full:
            sync_directory(target.parent)

    def _make_ready(self, name: str) -> None:
        if name in self._ready:
            return
        if not self._ready:
            make_private_directory(self._root)
            if self._full:
                sync_directory(self._root.parent)
        make_private_directory(self._root / name)
        if self._full:
            sync_directory(self._root)
        self._ready.add(name)


class LocalSink:
    """A file in `tmp`, until it is closed."""

    def __init__(self, files: LocalFiles, path: Path, blob: str) -> None:
        self._files = files
        self._path: Path | None = path
        self._blob = blob
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)

    def write(self, parts: Sequence[bytes | memoryview]) -> None:
        with _room():
            for at in range(0, len(parts), _PARTS_MAX):
                self._write(parts[at : at + _PARTS_MAX])

    def _write(self, parts: Sequence[bytes | memoryview]) -> None:
        size_bytes = sum(map(len, parts))
        written_bytes = os.writev(self._fd, parts)
        if written_bytes == size_bytes:
            return
        rest = memoryview(b"".join(parts))[written_bytes:]  # a signal, or the last free block
        while rest:
            rest = rest[os.write(self._fd, rest) :]

    def close(self) -> None:
        assert self._path is not None
        with _room():
            if self._files.syncs:
                os.fsync(self._fd)
            self._close()
            self._files.accept(self._path, self._blob)
            self._path = None

    def discard(self) -> None:
        self._close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)
            self._path = None

    def _close(self) -> None:
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)


class LocalSource:
    """A range of an open file."""

    def __init__(self, fd: int, offset: int, end: int) -> None:
        self._fd = fd
        self._offset = offset
        self._end = end

    def read(self, size_bytes: int) -> bytes:
        wanted = min(size_bytes, self._end - self._offset)
        data = os.pread(self._fd, wanted, self._offset)
        while len(data) < wanted and (more := os.pread(self._fd, wanted - len(data), self._offset + len(data))):
            data += more
        self._offset += len(data)
        return data

    def close(self) -> None:
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)


def _files(directory: Path, prefix: str) -> Iterator[Listed]:
    try:
        entries = list(os.scandir(directory))
    except FileNotFoundError:
        return
    for entry in entries:
        try:
            changed_s = entry.stat(follow_symlinks=False).st_ctime
        except FileNotFoundError:  # renamed or removed meanwhile
            continue
        yield Listed(prefix and prefix + entry.name, entry.name, changed_s)


def _named(file: Listed) -> bool:
    """Whether it is ours: a stranger's file in our directory is left alone."""
    return len(file.blob) == ID_CHARACTERS and _HEX.issuperset(file.blob)


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise NoSpace(os.strerror(error.errno or 0)) from error
        raise
