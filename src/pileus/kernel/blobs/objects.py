"""Where do the bytes of objects lie: who writes, reads, clones, removes and checks them?

One store for any place (`Engine`): files of this machine, or an object store far away. A blob is written once under a
random id and never changed. Whoever writes one commits, afterwards, a record that refers to it; what no record refers
to is swept, once it is old enough for its record to have been committed.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final, Literal

from pileus.kernel.blobs import frames, reading
from pileus.kernel.blobs.engine import Engine, Listed
from pileus.kernel.blobs.frames import Frames, Sealing
from pileus.kernel.blobs.local_objects import LocalFiles
from pileus.kernel.blobs.pins import Pin, Pins
from pileus.kernel.blobs.segments import BlobDamaged, BlobMissing, Piece, Segment
from pileus.kernel.blobs.threads import COMPUTING_MAX, THREADS_MAX, Threads
from pileus.kernel.blobs.writing import BlobWriter, Digest, Memory
from pileus.kernel.http.messages import FileBody, FilesBody
from pileus.kernel.ids import Ids
from pileus.kernel.wire.checksums import checksum

SWEEP_AGE: Final = timedelta(hours=1)
"""Far longer than the time between writing a blob and committing its record."""

READ_BYTES_MAX: Final = 16 * 1024 * 1024
"""Of one `read`: what is longer is streamed."""

_BATCH: Final = 1000
_CHECK_BYTES: Final = 1024 * 1024


def local_blobs(root: Path, *, ids: Ids, durability: Literal["process", "full"] = "process") -> "BlobStore":
    """A store in files under `root`, which is this store's alone."""
    return BlobStore(LocalFiles(root, durability=durability), ids=ids)


class BlobStore:
    """Blobs in one place. Belongs to a loop's thread."""

    def __init__(self, engine: Engine, *, ids: Ids, threads: int = THREADS_MAX) -> None:
        self._engine = engine
        self._ids = ids
        self._threads = Threads(threads)
        self._computing = Threads(COMPUTING_MAX) if engine.near else self._threads
        self._memory = Memory()
        self._pins = Pins(self._remove_late)
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def far(self) -> bool:
        """Whether there is a network between us and the place."""
        return not self._engine.near

    async def writer(self, *, key: bytes | None = None, digests: Sequence[Digest] = ()) -> BlobWriter:
        """A new blob. key: 32 bytes, the data key to encipher it with. digests: get the bare bytes, in threads."""
        blob = self._ids.bytes(16).hex()
        return BlobWriter(
            self._engine,
            self._threads,
            self._memory,
            computing=self._computing,
            blob=blob,
            cipher="" if key is None else blob,
            sealing=None if key is None else Sealing(Frames(key, blob)),
            digests=digests,
        )

    async def put(
        self, parts: bytes | AsyncIterator[bytes], *, key: bytes | None = None, digests: Sequence[Digest] = ()
    ) -> Segment:
        """A blob of these bytes. Raises `NoSpace`, and whatever the iterator does."""
        writer = await self.writer(key=key, digests=digests)
        try:
            if isinstance(parts, bytes):
                await writer.write(parts)
            else:
                async for part in parts:
                    await writer.write(part)
            return await writer.close()
        finally:
            writer.discard()

    def body(self, pieces: Sequence[Piece]) -> bytes | FileBody | FilesBody | AsyncIterator[bytes]:
        """What a response may carry. Until that is gone no `remove` touches these blobs.

        Raises `BlobMissing` if the first is a file and gone: removed since its record was read, which the caller
        should read again.
        """
        pieces = [piece for piece in pieces if piece.size_bytes]
        if not pieces:
            return b""
        pin = self._pin(pieces)
        files: list[FileBody] = []
        for piece in pieces:
            path = None if piece.key is not None else self._engine.path(piece.segment.blob)
            if path is None:
                return reading.stream(self._engine, self._threads, pieces, pin)
            files.append(FileBody(path=path, offset=piece.offset, size_bytes=piece.size_bytes, hold=pin))
        try:
            os.stat(files[0].path)
        except FileNotFoundError:
            raise BlobMissing(pieces[0].segment.blob) from None
        return files[0] if len(files) == 1 else FilesBody(files=tuple(files))

    def stream(self, pieces: Sequence[Piece]) -> AsyncIterator[bytes]:
        """The bytes themselves, for a reader in this process. As `body`; `BlobMissing` and `BlobDamaged` on the way."""
        pin = self._pin(pieces)
        return reading.stream(self._engine, self._threads, pieces, pin)

    async def read(self, piece: Piece) -> bytes:
        """All bytes of a piece of at most `READ_BYTES_MAX`. `BlobMissing`, `BlobDamaged`."""
        assert piece.size_bytes <= READ_BYTES_MAX, piece
        return await self._threads.run(partial(reading.read_whole, self._engine, piece))

    async def clone(self, segment: Segment) -> Segment:
        """The same bytes under an id of their own, so that each may be removed alone. `BlobMissing`."""
        blob = self._ids.bytes(16).hex()
        await self._threads.run(partial(self._engine.copy, segment.blob, blob))
        return Segment(blob, segment.size_bytes, segment.crc64nvme, segment.cipher)

    async def remove(self, blobs: Iterable[str]) -> None:
        """Now, or when nobody reads them any more. Those that are not here are no error."""
        free = self._pins.unpinned(list(blobs))
        if free:
            await self._threads.run(partial(self._engine.remove, free))

    async def check(self, segment: Segment) -> None:
        """Are the bytes those that were written? `BlobMissing`, `BlobDamaged`."""
        await self._threads.run(partial(self._check, segment))

    async def ids(self) -> AsyncIterator[Sequence[str]]:
        """All blobs that are here, in batches and in order; those that come meanwhile or not."""
        async for batch in self._listed():
            yield [each.blob for each in batch]

    async def sweep(
        self, known: Callable[[Sequence[str]], Awaitable[AbstractSet[str]]], *, older_than: timedelta = SWEEP_AGE
    ) -> int:
        """Remove what nobody refers to and came longer ago than `older_than`; gives the number of files.

        known: which of these ids records refer to, read from the store after it is called. Age is the time of the
        place, since files are as old as the place says: no clock moves it.
        """
        before_s = time.time() - older_than.total_seconds()
        removed = await self._threads.run(partial(self._sweep_left, before_s))
        async for batch in self._listed():
            old = [each.blob for each in batch if each.changed_s <= before_s]
            for at in range(0, len(old), _BATCH):
                asked = old[at : at + _BATCH]
                unknown = sorted(set(asked) - await known(asked))
                await self.remove(unknown)
                removed += len(unknown)
        return removed

    def close(self) -> None:
        """Wait for what is under way in threads."""
        self._computing.close()
        self._threads.close()

    async def _listed(self) -> AsyncIterator[Sequence[Listed]]:
        after = ""
        while batch := await self._threads.run(partial(self._engine.listed, after=after, count=_BATCH)):
            yield batch
            after = batch[-1].blob

    def _sweep_left(self, before_s: float) -> int:
        left = [each for each in self._engine.left_behind() if each.changed_s <= before_s]
        for each in left:
            self._engine.remove_left(each)
        return len(left)

    def _check(self, segment: Segment) -> None:
        lying_bytes = frames.sealed_bytes(segment.size_bytes) if segment.cipher else segment.size_bytes
        source = self._engine.open(segment.blob, offset=0, size_bytes=None)
        crc, read_bytes = checksum("CRC64NVME"), 0
        try:
            while data := source.read(_CHECK_BYTES):
                crc.update(data)
                read_bytes += len(data)
        finally:
            source.close()
        if read_bytes != lying_bytes or crc.digest() != segment.crc64nvme:
            raise BlobDamaged(segment.blob)

    def _pin(self, pieces: Sequence[Piece]) -> Pin:
        self._loop = asyncio.get_running_loop()
        return self._pins.pin([piece.segment.blob for piece in pieces])

    def _remove_late(self, blobs: Sequence[str]) -> None:
        """The last pin is gone; perhaps by a collection of garbage, amid anything: so nothing is locked here."""
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(self._threads.finally_run, partial(self._engine.remove, blobs))
        except RuntimeError:  # the loop has ended: left to the next sweep
            return
