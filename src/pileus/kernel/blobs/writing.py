"""How does a body become a blob, in little memory and beside the loop?

What arrives is gathered, not copied, and handed to a thread a batch at a time, while the next batch arrives: so a
writer holds two batches at most. How large they are depends on how many writers share the memory there is for it.

A batch costs its checksums, its enciphering and its file. MD5 is slower than the rest together (0.65 GB/s), so it runs
in a thread of its own beside them, unless other writers keep the cores busy anyhow; the job that writes waits for it,
so that the loop is woken once. A body that is whole before the first batch is full takes one job for all, its opening
and its naming included.

Batches are computed by few threads (`computing`): sixteen that hash at once pass the interpreter's lock around more
than they hash. The last one, which may wait for a disk to sync, is `threads`' work.

Cancelling leaves a job to its end: `discard` cleans up behind it, in the same threads.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from functools import partial
from typing import Final, Protocol

from pileus.kernel.blobs.engine import Engine, Sink
from pileus.kernel.blobs.frames import Sealing
from pileus.kernel.blobs.segments import Segment
from pileus.kernel.blobs.threads import CORES, Threads
from pileus.kernel.wire.checksums import checksum

_BATCH_BYTES_MAX: Final = 1024 * 1024
_BATCH_BYTES_MIN: Final = 16 * 1024
_ALL_BYTES: Final = 3 * 1024 * 1024
"""For the batches that are being gathered, of all writers; as much again is being written."""

_JOINED_BYTES: Final = 16 * 1024
"""Parts that are shorter on average are joined: a checksum or a write of each would cost more than the copy."""

_INLINE_BYTES_MAX: Final = 128 * 1024
"""So little is hashed by MD5 in 200 us, which is what another thread would cost."""

_SLOW: Final = frozenset({"md5"})
"""Hashes that take as long as all else, by the `name` of `hashlib`."""


class Digest(Protocol):
    """Something that grows with a body: `hashlib`'s objects, a checksum, a verification."""

    def update(self, data: bytes, /) -> object: ...


class Memory:
    """What all writers of a store share."""

    def __init__(self) -> None:
        self.writers = 0

    @property
    def batch_bytes(self) -> int:
        return max(_BATCH_BYTES_MIN, min(_BATCH_BYTES_MAX, _ALL_BYTES // (self.writers or 1)))


class BlobWriter:
    """One blob on its way in. Whoever has one calls `discard` at the end, come what may."""

    def __init__(
        self,
        engine: Engine,
        threads: Threads,
        memory: Memory,
        *,
        computing: Threads,
        blob: str,
        cipher: str,
        sealing: Sealing | None,
        digests: Sequence[Digest],
    ) -> None:
        self.size_bytes = 0
        """Of the bare bytes, so far."""
        self._threads = threads
        self._computing = computing
        self._memory = memory
        self._blob = blob
        self._cipher = cipher
        self._slow = [digest for digest in digests if getattr(digest, "name", "") in _SLOW]
        self._job = _Job(engine, blob, sealing, [digest for digest in digests if digest not in self._slow])
        self._gathered: list[bytes] = []
        self._gathered_bytes = 0
        self._under_way: Future[None] | None = None
        self._ended = False
        memory.writers += 1

    async def write(self, part: bytes | bytearray | memoryview) -> None:
        """Take a part; returns when there is room for the next one. Raises `NoSpace`, perhaps for an earlier part."""
        assert not self._ended
        part = part if isinstance(part, bytes) else bytes(part)
        self._gathered.append(part)
        self._gathered_bytes += len(part)
        self.size_bytes += len(part)
        if self._gathered_bytes >= self._memory.batch_bytes:
            await self._settled()
            self._under_way = self._submit(self._computing, self._job.take, self._gather())

    async def close(self, *, check: Callable[[], object] | None = None) -> Segment:
        """All has been written; when this returns it is as durable as a commit is. Raises `NoSpace`.

        check: called in a thread when all bytes have reached the digests, and before the blob is there; what it raises
        is raised here, and nothing is kept.
        """
        assert not self._ended
        await self._settled()
        self._under_way = self._submit(self._threads, partial(self._job.end, check=check), self._gather())
        await self._settled()
        self._end()
        return Segment(self._blob, self.size_bytes, self._job.crc64nvme, self._cipher)

    def discard(self) -> None:
        """Leave nothing of a blob that was not closed: at once, or as soon as a thread lets go of it."""
        if self._ended:
            return
        self._end()
        self._gathered.clear()
        if self._under_way is not None or self._job.begun:
            self._threads.finally_run(partial(self._job.discard, self._under_way))

    async def _settled(self) -> None:
        """The batch before this one is written."""
        if self._under_way is not None:
            await asyncio.wrap_future(self._under_way)
            self._under_way = None

    def _gather(self) -> list[bytes]:
        parts, self._gathered, self._gathered_bytes = self._gathered, [], 0
        if len(parts) > 1 and sum(map(len, parts)) < _JOINED_BYTES * len(parts):
            return [b"".join(parts)]
        return parts

    def _submit(
        self, threads: Threads, work: Callable[[list[bytes], "Future[None] | None"], None], parts: list[bytes]
    ) -> "Future[None]":
        if not self._slow:
            return threads.submit(partial(work, parts, None))
        if self._memory.writers >= CORES or sum(map(len, parts)) <= _INLINE_BYTES_MAX:
            return threads.submit(partial(self._both, work, parts))
        beside = threads.submit(partial(_update, self._slow, parts))
        return threads.submit(partial(work, parts, beside))

    def _both(self, work: Callable[[list[bytes], "Future[None] | None"], None], parts: list[bytes]) -> None:
        _update(self._slow, parts)
        work(parts, None)

    def _end(self) -> None:
        self._ended = True
        self._memory.writers -= 1


class _Job:
    """What threads do for one writer, one call at a time.

    beside: a job that reads the same parts, to be waited for; it was submitted before.
    """

    def __init__(self, engine: Engine, blob: str, sealing: Sealing | None, digests: Sequence[Digest]) -> None:
        self._engine = engine
        self._blob = blob
        self._sealing = sealing
        self._digests = digests
        self._crc = checksum("CRC64NVME")
        self._sink: Sink | None = None
        self._kept = False

    @property
    def begun(self) -> bool:
        return self._sink is not None

    @property
    def crc64nvme(self) -> bytes:
        return self._crc.digest()

    def take(self, parts: list[bytes], beside: "Future[None] | None") -> None:
        """One batch that is not the last."""
        _update(self._digests, parts)
        self._write(parts if self._sealing is None else [self._sealing.feed(parts)])
        if beside is not None:
            beside.result()

    def end(
        self, parts: list[bytes], beside: "Future[None] | None", *, check: Callable[[], object] | None = None
    ) -> None:
        """The last batch, which may be empty."""
        self.take(parts, beside)
        if self._sealing is not None:
            self._write([self._sealing.finish()])
        if check is not None:
            check()
        assert self._sink is not None
        self._sink.close()
        self._kept = True

    def discard(self, under_way: "Future[None] | None") -> None:
        if under_way is not None:
            wait([under_way])
        if self._kept:  # by a call of `close` that was cancelled, so that nobody knows its name
            self._engine.remove([self._blob])
        elif self._sink is not None:
            self._sink.discard()

    def _write(self, lying: Sequence[bytes | memoryview]) -> None:
        if self._sink is None:
            self._sink = self._engine.create(self._blob)
        for part in lying:
            self._crc.update(part)
        self._sink.write(lying)


def _update(digests: Sequence[Digest], parts: list[bytes]) -> None:
    for part in parts:
        for digest in digests:
            digest.update(part)
