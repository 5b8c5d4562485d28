"""How does an uploaded archive become a directory that a function can run from?

The archive is a blob. Its content is unpacked once into `<data_dir>/code/<sha256 of the archive>`, which is a cache:
whoever finds it missing unpacks the blob again. It is unpacked under a temporary name and renamed, so under its final
name it is always whole; two who unpack the same archive at once do no harm. Its files are not synced, so a power cut
could leave the name without the bytes: what an earlier boot of the machine has unpacked is therefore thrown away.

The archive is hostile until it is unpacked. Nothing is written outside of the directory: names are relative and never
climb, links are made after all files (so that nothing is written through one) and must lead to a place inside. Sizes
are counted while reading, since the sizes in an archive are only claims.
"""

import asyncio
import errno
import os
import shutil
import stat
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from io import BytesIO
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from typing import IO, Final

from pileus.kernel.blobs.local import LocalBlobs
from pileus.services.lambda_.configuring import Package
from pileus.services.lambda_.errors import InvalidParameterValueException, RequestEntityTooLargeException
from pileus.services.lambda_.limits import UNZIPPED_BYTES_MAX, ZIP_ENTRIES_MAX, ZIPPED_BYTES_MAX

_CHUNK_BYTES: Final = 256 * 1024
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_BOOT_FILE: Final = ".boot"
_TEMPORARY: Final = ".temporary-"
_BAD_NAMES: Final = frozenset(
    (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL, errno.ELOOP)
)
"""What the system answers when an archive's own names are the trouble, and not the disk."""


class NotUnpackable(InvalidParameterValueException):
    """The archive is damaged or hostile. Recording lambda_api, test_create_lambda_exceptions (`invalid_zip_exc`)."""

    def __init__(self) -> None:
        super().__init__("Could not unzip uploaded file. Please check your file, then try to upload again.")


class TooLargeUnzipped(InvalidParameterValueException):
    """Recording lambda_api, test_oversized_unzipped_lambda."""

    def __init__(self) -> None:
        super().__init__(f"Unzipped size must be smaller than {UNZIPPED_BYTES_MAX} bytes")


class CodePackages:
    """The archives of functions, and the directories they were unpacked into."""

    def __init__(self, *, blobs: LocalBlobs, data_dir: Path) -> None:
        self._blobs = blobs
        self._root = data_dir / "code"
        self._checked = False
        self._lock = threading.Lock()
        self._unreferenced: set[str] = set()

    def path(self, sha256: str) -> Path:
        """Where an archive's content is, once `directory` has returned."""
        return self._root / sha256

    async def add(self, archive: bytes, *, zipped_bytes_max: int | None = None) -> Package:
        """Keep an uploaded archive and unpack it.

        zipped_bytes_max: what is exactly as large is taken; None for what AWS takes within a request.
        Raises InvalidParameterValueException, RequestEntityTooLargeException.
        """
        if not archive:
            raise InvalidParameterValueException("Uploaded file must be a non-empty zip")
        limit = ZIPPED_BYTES_MAX if zipped_bytes_max is None else zipped_bytes_max
        if len(archive) > limit:
            raise RequestEntityTooLargeException(f"Zipped size must be smaller than {limit} bytes")
        blob = await self._blobs.put(archive)
        size_bytes = await asyncio.to_thread(self._provide_measured, blob.digest, archive)
        return Package(sha256=blob.digest, size_bytes=blob.size_bytes, unzipped_bytes=size_bytes)

    async def directory(self, sha256: str) -> Path:
        """The content of an archive that is kept; unpacked again if it is missing."""
        path = self.path(sha256)
        if not self._checked or not path.is_dir():
            await asyncio.to_thread(self._provide, sha256, await self._blobs.read(sha256))
        return path

    async def sweep(self, referenced: AbstractSet[str]) -> int:
        """Remove directories that no function referred to at this and the previous call; gives their number.

        An environment may still run on the code of a function that was changed a moment ago, hence twice. Whoever finds
        a directory gone unpacks it again.
        """
        present = {path.name for path in await asyncio.to_thread(self._list)}
        unreferenced = present - referenced
        doomed = unreferenced & self._unreferenced
        self._unreferenced = unreferenced - doomed
        for name in doomed:
            self.path(name).rename(self._root / f"{_TEMPORARY}{name}")
        for name in doomed:
            await asyncio.to_thread(shutil.rmtree, self._root / f"{_TEMPORARY}{name}", ignore_errors=True)
        return len(doomed)

    def _provide(self, sha256: str, archive: bytes) -> None:
        self._discard_of_earlier_boots()
        path = self.path(sha256)
        if path.is_dir():
            return
        self._root.mkdir(parents=True, exist_ok=True)  # a reset takes all of it away
        temporary = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=self._root))
        try:
            unpack(archive, temporary)
            temporary.chmod(0o755)
            try:
                temporary.rename(path)
            except OSError as error:
                if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):  # somebody else was quicker
                    raise
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def _provide_measured(self, sha256: str, archive: bytes) -> int:
        """The same; gives the size of the files."""
        self._provide(sha256, archive)
        return unzipped_bytes(archive)

    def _discard_of_earlier_boots(self) -> None:
        """Once per process, empty the directory if this is another boot of the machine than the one that filled it."""
        with self._lock:
            if self._checked:
                return
            self._root.mkdir(parents=True, exist_ok=True)
            boot = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else ""
            marker = self._root / _BOOT_FILE
            same = marker.exists() and marker.read_text() == boot
            for left in self._root.iterdir():
                if left.is_dir() and (not same or left.name.startswith(".")):
                    shutil.rmtree(left)
            marker.write_text(boot)
            self._checked = True

    def _list(self) -> list[Path]:
        self._discard_of_earlier_boots()
        return [path for path in self._root.iterdir() if not path.name.startswith(".")]


def unzipped_bytes(archive: bytes) -> int:
    """The size of an archive's files, as it claims; what was unpacked has been measured by that."""
    with zipfile.ZipFile(BytesIO(archive)) as opened:
        return sum(entry.file_size for entry in opened.infolist())


def unpack(archive: bytes, directory: Path) -> None:
    """Unpack into an empty directory. NotUnpackable, TooLargeUnzipped, or OSError when the disk is the trouble."""
    try:
        with zipfile.ZipFile(BytesIO(archive)) as opened:
            _unpack(opened, directory)
    except (
        zipfile.BadZipFile,
        zlib.error,
        LZMAError,
        EOFError,
        RuntimeError,  # encrypted
        NotImplementedError,  # an unknown method of compression
        UnicodeError,
        ValueError,
    ):
        raise NotUnpackable from None
    except OSError as error:
        if error.errno in _BAD_NAMES or error.errno is None:  # bz2 raises OSError without a number
            raise NotUnpackable from None
        raise


def _unpack(opened: zipfile.ZipFile, directory: Path) -> None:
    entries = opened.infolist()
    if not entries:
        raise InvalidParameterValueException("Uploaded file must be a non-empty zip")
    if len(entries) > ZIP_ENTRIES_MAX:
        raise NotUnpackable
    room_bytes = UNZIPPED_BYTES_MAX - 1
    links: list[tuple[Path, str]] = []
    for entry in entries:
        target = directory / _inside(entry.filename)
        mode = entry.external_attr >> 16
        if entry.is_dir():
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        with opened.open(entry) as source:
            if stat.S_ISLNK(mode):
                text = source.read(os.pathconf(directory, "PC_PATH_MAX"))
                room_bytes -= len(text)
                links.append((target, text.decode()))
            else:
                room_bytes = _copy(source, target, room_bytes)
                target.chmod((mode & 0o755 if mode else 0) | 0o644)
    _link(links, directory)


def _copy(source: IO[bytes], target: Path, room_bytes: int) -> int:
    """Write one file; gives the room that is left."""
    with target.open("wb") as file:
        while chunk := source.read(_CHUNK_BYTES):
            room_bytes -= len(chunk)
            if room_bytes < 0:
                raise TooLargeUnzipped
            file.write(chunk)
    return room_bytes


def _inside(name: str) -> PurePosixPath:
    """An entry's name as a path below the directory; NotUnpackable if it would leave it."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\x00" in name or not path.parts:
        raise NotUnpackable
    return path


def _link(links: Iterable[tuple[Path, str]], directory: Path) -> None:
    """Make the links, and then make sure that following any of them stays inside."""
    links = list(links)
    for path, target in links:
        path.symlink_to(target)
    root = os.path.realpath(directory)
    for path, target in links:
        real = os.path.realpath(path)
        if PurePosixPath(target).is_absolute() or os.path.commonpath((root, real)) != root:
            raise NotUnpackable
