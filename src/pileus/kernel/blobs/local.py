"""Where do large bytes lie on this machine?

In files named by the SHA-256 of what they hold, so that equal bytes are kept once and a file never changes. Bytes go to
a temporary file, which is synced (durability `full`) and renamed: under its final name a file is always whole.

Whoever puts a blob commits the record that refers to it afterwards. What nobody refers to is swept, once it is old
enough for its record to have been committed. `_sweeping` is held while a file is renewed or swept, so that a blob that
`put` has just found present cannot vanish before its caller refers to it.
"""

import asyncio
import hashlib
import os
import threading
import time
from collections.abc import AsyncIterator
from collections.abc import Set as AbstractSet
from datetime import timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Final, Literal

import msgspec

from pileus.kernel.blobs.segments import BlobDamaged as BlobDamaged
from pileus.kernel.blobs.segments import BlobMissing as BlobMissing
from pileus.kernel.storage.directory import make_private_directory, sync_directory

SWEEP_AGE: Final = timedelta(hours=1)
"""Far longer than the time between putting a blob and committing its record."""

_DIGEST_CHARACTERS: Final = frozenset("0123456789abcdef")


class BlobRef(msgspec.Struct, frozen=True):
    """What a record keeps of a blob. digest: SHA-256 in lower-case hex."""

    digest: str
    size_bytes: int


class LocalBlobs:
    """Blobs in files under `root`."""

    def __init__(self, root: Path, *, durability: Literal["process", "full"] = "process") -> None:
        self._root = root
        self._temporary = root / "tmp"
        self._full = durability == "full"
        self._sweeping = threading.Lock()
        if root.exists():
            make_private_directory(root)  # older versions left it open

    def path(self, digest: str) -> Path:
        """The file of a blob, which may be read or sent and never written."""
        assert len(digest) == 64, digest
        assert _DIGEST_CHARACTERS.issuperset(digest), digest
        return self._root / digest[:2] / digest[2:]

    async def put(self, data: bytes | AsyncIterator[bytes]) -> BlobRef:
        """Keep these bytes; when this returns they are as durable as a commit is."""
        if isinstance(data, bytes):
            return await asyncio.to_thread(self._put, data)
        arriving = await asyncio.to_thread(_Arriving, self._temporary)
        try:
            async for part in data:
                await asyncio.to_thread(arriving.write, part)
            return await asyncio.to_thread(self._finish, arriving)
        finally:
            arriving.discard()

    def _put(self, data: bytes) -> BlobRef:
        digest = hashlib.sha256(data).hexdigest()
        if self._renew(digest):
            return BlobRef(digest, len(data))
        arriving = _Arriving(self._temporary)
        try:
            arriving.write(data)
            return self._finish(arriving)
        finally:
            arriving.discard()

    def _renew(self, digest: str) -> bool:
        """Whether the blob is here; if so it counts as put now."""
        with self._sweeping:
            try:
                os.utime(self.path(digest))
            except FileNotFoundError:
                return False
            return True

    def _finish(self, arriving: "_Arriving") -> BlobRef:
        reference = BlobRef(arriving.digest, arriving.size_bytes)
        target = self.path(reference.digest)
        arriving.close(sync=self._full)
        if not self._renew(reference.digest):
            new_directory = not target.parent.exists()
            target.parent.mkdir(mode=0o700, exist_ok=True)
            arriving.path.replace(target)
            if self._full:
                sync_directory(target.parent)
                if new_directory:
                    sync_directory(self._root)
                    sync_directory(self._root.parent)  # the root may be as new
        return reference

    async def read(self, digest: str, *, verify: bool = False) -> bytes:
        """All bytes of a blob. Raises BlobMissing; BlobDamaged when `verify` finds other bytes."""
        data = await asyncio.to_thread(self._read, digest)
        if verify and await asyncio.to_thread(_sha256, data) != digest:
            raise BlobDamaged(digest)
        return data

    def _read(self, digest: str) -> bytes:
        try:
            return self.path(digest).read_bytes()
        except FileNotFoundError:
            raise BlobMissing(digest) from None

    async def sweep(self, referenced: AbstractSet[str], *, older_than: timedelta = SWEEP_AGE) -> int:
        """Remove what nobody refers to and was put longer ago than `older_than`; gives the number of files.

        referenced: read from the store after this call was decided on, so at most too large. Age is the machine's time,
        as the files' own times are: no clock moves it.
        """
        before_s = time.time() - older_than.total_seconds()
        return await asyncio.to_thread(self._sweep, referenced, before_s)

    def _sweep(self, referenced: AbstractSet[str], before_s: float) -> int:
        removed = 0
        for file in self._root.glob("*/*"):
            temporary = file.parent == self._temporary
            if temporary or file.parent.name + file.name not in referenced:
                removed += self._remove_old(file, before_s)
        return removed

    def _remove_old(self, file: Path, before_s: float) -> bool:
        with self._sweeping:
            try:
                if file.stat().st_mtime > before_s:
                    return False
                file.unlink()
            except FileNotFoundError:  # a temporary file that has just been renamed
                return False
            return True


class _Arriving:
    """A blob on its way in: a temporary file and the digest so far."""

    def __init__(self, directory: Path) -> None:
        make_private_directory(directory.parent)
        make_private_directory(directory)
        self._file: IO[bytes] = NamedTemporaryFile(dir=directory, delete=False)  # noqa: SIM115 - outlives this call
        self._hash = hashlib.sha256()
        self.path = Path(self._file.name)
        self.size_bytes = 0

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    def write(self, part: bytes) -> None:
        self._file.write(part)
        self._hash.update(part)
        self.size_bytes += len(part)

    def close(self, *, sync: bool) -> None:
        self._file.flush()
        if sync:
            os.fsync(self._file.fileno())
        self._file.close()

    def discard(self) -> None:
        """Remove what was not renamed."""
        self._file.close()
        self.path.unlink(missing_ok=True)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
