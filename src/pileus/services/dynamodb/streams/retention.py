"""What becomes of changes that nobody may read any more, of shards that grow old, and of streams that were disabled?

Readers do not see them from the moment on at which they are due. This duty removes them within the hour, from the front
and a few at a time. Streams are the only readers of change logs so far: who else comes to need a log says so here.
"""

import asyncio
from datetime import timedelta
from typing import Final

from pileus.kernel.clock import Clock
from pileus.kernel.storage import records as kept
from pileus.kernel.storage.keys import after
from pileus.kernel.storage.seam import Store, Transaction
from pileus.services.dynamodb.store import region_subspace, table_key
from pileus.services.dynamodb.streams import reading
from pileus.services.dynamodb.streams.records import STREAMS, StreamRecord, key_of
from pileus.services.dynamodb.table_records import TableRecord

SWEEP_EVERY: Final = timedelta(hours=1)
CHANGES_PER_TRANSACTION: Final = 200
"""With two images each they may be 160 MB; of usual size they take a millisecond."""
_STREAMS_AT_ONCE: Final = 100


class StreamRetention:
    """Rolls shards and forgets changes; `run` is a duty."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._snapshot = store.snapshot()
        self._clock = clock

    async def run(self) -> None:
        """Sweep now and then, until cancelled."""
        while True:
            await self.sweep()
            await self._clock.sleep(SWEEP_EVERY)

    async def sweep(self) -> None:
        """Do what is due by now."""
        begin, end = STREAMS.range()
        while found := await self._snapshot.range(begin, end, limit=_STREAMS_AT_ONCE):
            for _, data in found:
                await self._keep(kept.decode(data, StreamRecord))
            begin = after(found[-1][0])

    async def _keep(self, stream: StreamRecord) -> None:
        now_s = self._clock.timestamp()
        if stream.roll_due(now_s):
            await reading.rolled(self._store, stream, now_s=now_s)
        last_reader = stream.gone(now_s) and await self._is_last(stream)
        log = reading.log_of(stream)
        before = (
            await log.last(self._snapshot) + 1
            if last_reader
            else await reading.horizon(self._snapshot, stream, now_s=now_s)
        )
        more = True
        while more:
            more = await self._forget(stream, before)
            await asyncio.sleep(0)
        if stream.gone(now_s):
            await self._store.run(lambda tx: self._remove(tx, stream, last_reader=last_reader))

    async def _is_last(self, stream: StreamRecord) -> bool:
        """Whether no other stream reads the log: of the same table, and not of an earlier one of its name."""
        begin, end = STREAMS.range(stream.account_id, stream.region, stream.table)
        others = [kept.decode(data, StreamRecord) for _, data in await self._snapshot.range(begin, end)]
        return all(other.table_id != stream.table_id or other.label == stream.label for other in others)

    async def _forget(self, stream: StreamRecord, before: int) -> bool:
        """Forget some changes with a number less than `before`; whether there may be more."""

        async def forget(tx: Transaction) -> bool:
            log = reading.log_of(stream)
            start = await log.forgotten(tx)
            if start >= before:
                return False
            upto = min(start + CHANGES_PER_TRANSACTION, before)
            log.forget(tx, upto)
            return upto < before

        return await self._store.run(forget)

    async def _remove(self, tx: Transaction, stream: StreamRecord, *, last_reader: bool) -> None:
        """The stream itself, and what is left of the log of a table that is gone."""
        tx.clear(key_of(stream))
        if not last_reader:
            return
        data = await tx.get(table_key(region_subspace(stream.account_id, stream.region), stream.table))
        if data is None or kept.decode(data, TableRecord).id != stream.table_id:
            reading.log_of(stream).forget_all(tx)
