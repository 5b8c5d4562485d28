"""What is done to the bytes of objects without a request?

Blobs that belong to nobody any more are removed when the outbox says so; what a crash left behind is swept. Once a week
each blob is read, and what is not what it was is in the log.
"""

import logging
import time
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta
from typing import Final, NamedTuple

from pileus.kernel.blobs.objects import SWEEP_AGE, BlobStore
from pileus.kernel.blobs.segments import BlobDamaged, BlobMissing
from pileus.kernel.clock import Clock
from pileus.kernel.outbox import Delivery
from pileus.kernel.storage.keys import after
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Store
from pileus.services.s3.model import BlobRecord
from pileus.services.s3.object_records import BLOBS, Freed, unlay

SWEEP_EVERY: Final = timedelta(hours=1)
SCRUB_EVERY: Final = timedelta(days=7)
_SCRUB_FROM: Final = timedelta(hours=1)
"""The first look is soon after the start, so that a server which never runs for a week is looked at too."""
_SAME_MOMENT_S: Final = 1.0
"""Times of files may be that coarse."""
_PAGE: Final = 200
_UNLAY_PARTS: Final = 500
_log: Final = logging.getLogger(__name__)


class Scrubbed(NamedTuple):
    """What a look through all blobs has found. damaged: their ids."""

    blobs: int
    damaged: list[str]


class BlobKeeping:
    """Frees, sweeps and scrubs."""

    def __init__(self, *, store: Store, clock: Clock, blobs: BlobStore, alone_since_s: float | None = None) -> None:
        """alone_since_s: when this process began to be the only one that writes here, by the machine's time, which is
        that of files; None where they are as old as another machine says. What is older and nobody's, a crash left.
        """
        self._store = store
        self._clock = clock
        self._blobs = blobs
        self._alone_since_s = alone_since_s

    async def free(self, delivery: Delivery) -> None:
        """Topic `s3.free`."""
        await self._blobs.remove(decode(delivery.event.payload, Freed).blobs)

    async def unlay(self, delivery: Delivery) -> None:
        """Topic `s3.unlay`: the parts of a version that was removed, some at a time."""
        layout_id = delivery.event.payload.decode()
        more = True
        while more:
            async with self._store.transaction() as tx:
                more = await unlay(tx, layout_id, limit=_UNLAY_PARTS)

    async def known(self, blobs: Sequence[str]) -> AbstractSet[str]:
        """Which of these somebody owns."""
        values = await self._store.snapshot().get_many([BLOBS.pack(blob) for blob in blobs])
        return {blob for blob, value in zip(blobs, values, strict=True) if value is not None}

    async def sweep(self) -> None:
        """Until cancelled; first, what a crash has left."""
        age = SWEEP_AGE
        if self._alone_since_s is not None:
            age = timedelta(seconds=time.time() - self._alone_since_s + _SAME_MOMENT_S)
        while True:
            removed = await self._blobs.sweep(self.known, older_than=age)
            if removed:
                _log.info("%d files that no object needs were removed", removed)
            await self._clock.sleep(SWEEP_EVERY)
            age = SWEEP_AGE

    async def scrub(self) -> None:
        """Until cancelled."""
        await self._clock.sleep(_SCRUB_FROM)
        while True:
            await self.scrub_once()
            await self._clock.sleep(SCRUB_EVERY)

    async def scrub_once(self) -> int:
        """Read every blob; gives how many are damaged."""
        return len((await self.look_through()).damaged)

    async def look_through(self) -> Scrubbed:
        """Read every blob, and compare it with its checksum."""
        begin, end = BLOBS.range()
        count, damaged = 0, list[str]()
        while rows := await self._store.snapshot().range(begin, end, limit=_PAGE):
            for key, value in rows:
                segment = decode(value, BlobRecord).segment
                count += 1
                try:
                    await self._blobs.check(segment)
                except (BlobDamaged, BlobMissing) as error:
                    if await self._store.snapshot().get(key) is None:
                        continue  # removed meanwhile
                    damaged.append(segment.blob)
                    _log.error("the bytes of blob %s are damaged: %r", segment.blob, error)
            begin = after(rows[-1][0])
        return Scrubbed(count, damaged)
