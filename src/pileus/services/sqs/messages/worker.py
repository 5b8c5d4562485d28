"""What happens to messages without a request?

Once a minute of the clock each queue is looked at: what became visible is counted so, what the queue keeps no longer is
removed, ids of deduplication are forgotten, what was purged is swept, and CloudWatch hears how much there is. Each step
is one small transaction, and others run before the next.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Final

from pileus.kernel.clock import Clock
from pileus.kernel.storage.keys import after
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Snapshot, Store, Transaction
from pileus.services.sqs.messages import fifo, standard
from pileus.services.sqs.messages.contents import Messages
from pileus.services.sqs.messages.keys import GARBAGE, QueueKeys, end_of, head_key
from pileus.services.sqs.messages.metrics import SqsMetrics
from pileus.services.sqs.messages.records import Head, MessageRecord
from pileus.services.sqs.messages.sweeping import clear_some, forget_ids, sweep_expired, sweep_returned
from pileus.services.sqs.messages.visit import Visit
from pileus.services.sqs.model import QueueRecord
from pileus.services.sqs.queue_records import all_queues, find_queue

EVERY_S: Final = 60
IDLE_S: Final = 6 * 3_600
"""How long a queue that holds nothing is told of. Source: as of `metrics`."""
SETTLED_S: Final = 3_600
"""After that nothing is left of a queue that holds nothing: no id that is still remembered."""
_QUEUES_AT_ONCE: Final = 100
_GARBAGE_AT_ONCE: Final = 16
_GARBAGE_RECORDS: Final = 128

Step = Callable[[Visit], Awaitable[bool]]
"""Does a little; whether there is more to do."""


class MessageWorker:
    """Keeps the messages of all queues; `run` is a duty."""

    def __init__(self, *, store: Store, clock: Clock, messages: Messages, metrics: SqsMetrics) -> None:
        self._store = store
        self._clock = clock
        self._messages = messages
        self._metrics = metrics
        self._used_s: dict[bytes, tuple[bytes, float]] = {}

    async def run(self) -> None:
        """Look at all queues at every whole minute, until cancelled."""
        while True:
            now_s = int(self._clock.timestamp())
            await self._clock.sleep_until(datetime.fromtimestamp(now_s - now_s % EVERY_S + EVERY_S, UTC))
            await self.look_at_all()

    async def look_at_all(self) -> None:
        """Do what is due by now."""
        await self._sweep_garbage()
        used: dict[bytes, tuple[bytes, float]] = {}
        last: QueueRecord | None = None
        while True:
            beyond = None if last is None else last.queue_name
            queues = await all_queues(self._store.snapshot(), beyond=beyond, limit=_QUEUES_AT_ONCE)
            for queue in queues:
                await self._look_at(queue, used)
                await asyncio.sleep(0)
            if len(queues) < _QUEUES_AT_ONCE:
                break
            last = queues[-1]
        self._used_s = used

    async def _look_at(self, queue: QueueRecord, used: dict[bytes, tuple[bytes, float]]) -> None:
        snapshot = self._store.snapshot()
        data = await snapshot.get(head_key(queue.serial))
        if data is None:
            return
        before, used_s = self._used_s.get(queue.serial, (b"", 0.0))
        now_s = self._clock.timestamp()
        if data != before or _holds(decode(data, Head)):
            used_s = now_s
        if now_s - used_s < SETTLED_S:
            await self._keep(queue)
        data = await snapshot.get(head_key(queue.serial))
        if data is None or now_s - used_s > IDLE_S:
            return
        used[queue.serial] = data, used_s
        oldest_ms = await _oldest_ms(snapshot, queue, decode(data, Head))
        oldest_s = 0.0 if oldest_ms is None else max(0.0, now_s - oldest_ms / 1_000)
        self._metrics.holds(queue, await self._messages.counts(snapshot, queue), oldest_s=oldest_s)

    async def _keep(self, queue: QueueRecord) -> None:
        await self._repeat(queue, fifo.lapse if queue.fifo else standard.lapse)
        swept = await self._repeat(queue, sweep_expired)
        if swept and not queue.fifo:
            await self._forget_returned(queue)
        if queue.fifo:
            await self._repeat(queue, forget_ids)

    async def _repeat(self, queue: QueueRecord, step: Step) -> bool:
        """Take a step until there is nothing more to do; whether anything was."""
        changed = False

        async def take(tx: Transaction) -> tuple[bool, bool]:
            current = await find_queue(tx, queue.queue_name)
            if current is None or current.serial != queue.serial:
                return False, False
            seen = await self._messages.visit(tx, current)
            more = await step(seen)
            return more, seen.save()

        more = True
        while more:
            more, wrote = await self._store.run(take)
            changed |= wrote
            await asyncio.sleep(0)
        return changed

    async def _forget_returned(self, queue: QueueRecord) -> None:
        at: bytes | None = b""

        async def step(seen: Visit) -> bool:
            nonlocal at
            assert at is not None
            at = await sweep_returned(seen, at)
            return at is not None

        await self._repeat(queue, step)

    async def _sweep_garbage(self) -> None:
        """Remove the generations that were purged."""
        begin, end = GARBAGE.range()
        while rows := await self._store.snapshot().range(begin, end, limit=_GARBAGE_AT_ONCE):
            for key, _ in rows:
                serial, generation = GARBAGE.unpack(key)
                assert isinstance(serial, bytes)
                assert isinstance(generation, int)
                prefix = QueueKeys(serial, generation).prefix
                more = True
                while more:
                    more = await self._store.run(partial(_clear, prefix=prefix))
                    await asyncio.sleep(0)
                await self._store.run(partial(_forget, key=key))
            begin = after(rows[-1][0])


async def _clear(tx: Transaction, *, prefix: bytes) -> bool:
    return await clear_some(tx, prefix, after_last=prefix + b"\xff", limit=_GARBAGE_RECORDS)


async def _forget(tx: Transaction, *, key: bytes) -> None:
    tx.clear(key)


def _holds(head: Head) -> bool:
    return bool(head.log or head.grouped or head.returned or head.in_flight or head.delayed)


async def _oldest_ms(snapshot: Snapshot, queue: QueueRecord, head: Head) -> int | None:
    """When the oldest message was sent that has not been deleted; None without any."""
    keys = QueueKeys(queue.serial, head.generation)
    oldest: list[int] = []
    for prefix in (keys.message_prefix, keys.grouped_prefix, keys.waiting_prefix):
        for _, data in await snapshot.range(prefix, end_of(prefix), limit=1):
            oldest.append(decode(data, MessageRecord).sent_ms)
    return min(oldest, default=None)
