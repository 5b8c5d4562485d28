"""What becomes of log events that are older than their group keeps, and of queries of last week?

Readers do not see the events from that moment on. This duty removes them within the hour, a few at a time.
"""

import asyncio
from datetime import timedelta
from typing import Final

from pileus.kernel.clock import Clock
from pileus.kernel.storage.seam import Store, Transaction
from pileus.services.logs.model import oldest_shown
from pileus.services.logs.queries import forget_queries
from pileus.services.logs.store import Reading, Region, Writing, every_group, every_region

SWEEP_EVERY: Final = timedelta(hours=1)
EVENTS_PER_TRANSACTION: Final = 1_000


class Retention:
    """Removes expired events; `run` is a duty."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def run(self) -> None:
        """Sweep now and then, until cancelled."""
        while True:
            await self.sweep()
            await self._clock.sleep(SWEEP_EVERY)

    async def sweep(self) -> None:
        """Remove what has expired by now."""
        now_ms = int(self._clock.timestamp() * 1000)
        for region in await every_region(self._store.snapshot()):
            await forget_queries(self._store, region, now_ms=now_ms)
        for region, group in await every_group(self._store.snapshot()):
            before_ms = oldest_shown(group, now_ms)
            if before_ms == 0:
                continue
            for stream in await Reading(self._store.snapshot(), region).streams(group.name):
                if stream.first_event_ms is not None and stream.first_event_ms < before_ms:
                    await self._expire(region, group.name, stream.name, before_ms)

    async def _expire(self, region: Region, group: str, stream: str, before_ms: int) -> None:
        async def expire(tx: Transaction) -> bool:
            writing = Writing(tx, region)
            record = await writing.find_stream(group, stream)
            if record is None:
                return False  # deleted meanwhile
            return await writing.expire(group, record, before_ms=before_ms, limit=EVENTS_PER_TRANSACTION)

        more = True
        while more:
            more = await self._store.run(expire)
            await asyncio.sleep(0)
