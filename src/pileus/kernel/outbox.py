"""What happens later, and how does it surely happen?

An event is written down by `tx.emit` in the transaction of its cause (`storage/emissions.py`). The outbox reads each
topic's events in order of due time and calls the topic's handler. The argument for *at least once, and only then*:

- A handler starts after `store.durable()`: what it tells the world, a crash cannot take back.
- The record is removed after the handler has returned. A crash in between delivers again; handlers bear that, and
  `Delivery.id` stays the same.
- A failed attempt is written down before the next: an event without a group moves to the hour of its next attempt. One
  with a group keeps its key, because it must stay before its followers, and carries the hour inside.
- A crash *during* a handler counts no attempt. (It would cost a write before each delivery.)

Nothing polls. A topic's courier sleeps until an event is committed (a watch on the topic, taken before its queue is
read), a delivery ends, or the clock reaches the next hour. It reads from the beginning of the queue each time, since an
event may be due before others that were seen, and passes over those it has in its hands already. What it takes is a
*lane*: one event without a group, or the next few of one group, to be delivered one after another; until a lane has
ended, the rest of its group is passed over. A topic nobody subscribed to keeps its events.
"""

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.deliveries import (
    RETRY_DEFAULT,
    Delivery,
    DeliveryFailed,
    DeliveryHandler,
    ExhaustedHandler,
    GiveUp,
    RetryLater,
    RetryPolicy,
)
from pileus.kernel.lanes import Lane, Sorting
from pileus.kernel.storage.emissions import DEAD, EventRecord, microseconds, signal, waiting
from pileus.kernel.storage.keys import after
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Event, StorageFailed, Store, Transaction, Watch

__all__ = ["Delivery", "GiveUp", "Outbox", "RetryLater", "RetryPolicy"]

LANES_MAX: Final = 256
"""Lanes that wait for their turn, per topic."""

PAGE_EVENTS: Final = 256
"""Events read from the store at a time."""

READ_EVENTS_MAX: Final = 4_096
"""How deep the queue is read at once. Only followers of busy groups can hide what is deeper, and only for a while."""

CONCURRENCY: Final = 64
"""Deliveries at the same time, per topic, unless the subscriber says otherwise."""

STORAGE_PAUSE_S: Final = 1.0
"""How long a delivery rests when the store refuses writes: the disk's time, which no clock moves."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subscription:
    topic: str
    handler: DeliveryHandler
    retry: RetryPolicy
    concurrency: int
    on_exhausted: ExhaustedHandler | None


class Outbox:
    """Delivers what was emitted; `run` is a duty."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._subscriptions: dict[str, _Subscription] = {}
        self._group: asyncio.TaskGroup | None = None

    def subscribe(
        self,
        topic: str,
        handler: DeliveryHandler,
        *,
        retry: RetryPolicy = RETRY_DEFAULT,
        concurrency: int = CONCURRENCY,
        on_exhausted: ExhaustedHandler | None = None,
    ) -> None:
        """Deliver `topic` to `handler`, before or while `run` runs; one handler per topic.

        An attempt fails when the handler raises. When the last has failed, `on_exhausted` is called with the event and
        the error, at least once; without one the event is kept as a dead record and logged.
        """
        assert topic not in self._subscriptions, f"{topic} has its handler"
        assert concurrency >= 1
        subscription = self._subscriptions[topic] = _Subscription(
            topic=topic, handler=handler, retry=retry, concurrency=concurrency, on_exhausted=on_exhausted
        )
        if self._group is not None:
            self._group.create_task(_Courier(self._store, self._clock, subscription).run())

    async def run(self) -> None:
        """Deliver until cancelled; a delivery that is cancelled will be made again."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                for subscription in self._subscriptions.values():
                    group.create_task(_Courier(self._store, self._clock, subscription).run())
                await asyncio.get_running_loop().create_future()  # until cancelled
            finally:
                self._group = None


class _Courier:
    """Empties the queue of one topic."""

    def __init__(self, store: Store, clock: Clock, subscription: _Subscription) -> None:
        self._store = store
        self._clock = clock
        self._subscription = subscription
        self._queue = waiting(subscription.topic)
        self._stirred = asyncio.Event()
        self._ready: deque[Lane] = deque()
        self._held: set[bytes] = set()  # keys in a lane, ready or running
        self._busy: set[str] = set()  # groups with a lane, ready or running
        self._running = 0
        self._alarm: tuple[datetime, asyncio.Task[None]] | None = None

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            # Taken here: the task begins a turn of the loop later, and what is committed until then would not stir.
            tasks.create_task(self._listen(self._store.watch(signal(self._subscription.topic))))
            while True:
                self._stirred.clear()
                try:
                    next_due = await self._collect()
                    await self._store.durable()
                except StorageFailed:
                    await asyncio.sleep(STORAGE_PAUSE_S)
                    continue
                while self._ready and self._running < self._subscription.concurrency:
                    self._running += 1
                    tasks.create_task(self._deliver(self._ready.popleft()))
                self._set_alarm(next_due, tasks)
                await self._stirred.wait()

    async def _listen(self, watch: Watch) -> None:
        """Stir when an event of the topic is committed; the next watch is there before the queue is read."""
        try:
            while True:
                await watch.changed()
                watch = self._store.watch(signal(self._subscription.topic))
                self._stirred.set()
        finally:
            watch.cancel()

    def _set_alarm(self, when: datetime | None, tasks: asyncio.TaskGroup) -> None:
        if self._alarm is not None:
            if self._alarm[0] == when and not self._alarm[1].done():
                return
            self._alarm[1].cancel()
        self._alarm = None if when is None else (when, tasks.create_task(self._ring(when)))

    async def _ring(self, when: datetime) -> None:
        await self._clock.sleep_until(when)
        self._stirred.set()

    # Reading the queue

    async def _collect(self) -> datetime | None:
        """Put what is due into lanes; gives the hour of the next event, None when there is none to wait for."""
        now_us = microseconds(self._clock.now())
        begin, end = self._queue.range()
        due_end = self._queue.pack(now_us + 1)
        snapshot = self._store.snapshot()
        sorting = Sorting(now_us=now_us, held=self._held, busy=self._busy)
        for _ in range(READ_EVENTS_MAX // PAGE_EVENTS):
            if len(self._ready) + len(sorting.lanes) >= LANES_MAX:
                break
            pairs = await snapshot.range(begin, due_end, limit=PAGE_EVENTS)
            for key, value in pairs:
                sorting.add(key, decode(value, EventRecord))
            if len(pairs) < PAGE_EVENTS:
                for key, _ in await snapshot.range(due_end, end, limit=1):
                    sorting.wait_until(self._parts(key)[0])
                break
            begin = after(pairs[-1][0])
        for lane in sorting.lanes:
            self._ready.append(lane)
            self._held.update(lane.keys)
            self._busy.add(lane.group)
        return None if sorting.next_us is None else _moment(sorting.next_us)

    def _parts(self, key: bytes) -> tuple[int, int]:
        due_us, sequence = self._queue.unpack(key)
        assert isinstance(due_us, int)
        assert isinstance(sequence, int)
        return due_us, sequence

    # Delivering

    async def _deliver(self, lane: Lane) -> None:
        try:
            for key in lane.keys:
                value = await self._store.snapshot().get(key)
                if value is None:
                    continue  # taken back by a commit that failed, or forgotten by a reset
                if not await self._attempt(key, decode(value, EventRecord)):
                    break  # the followers wait
        except StorageFailed:
            _log.exception("an event of %s will be delivered again", self._subscription.topic)
            await asyncio.sleep(STORAGE_PAUSE_S)
        finally:
            self._running -= 1
            self._held.difference_update(lane.keys)
            self._busy.discard(lane.group)
            self._stirred.set()

    async def _attempt(self, key: bytes, record: EventRecord) -> bool:
        """Deliver once; whether the event has left the queue."""
        topic = self._subscription.topic
        delivery = Delivery(
            event=Event(topic=topic, payload=record.payload, group=record.group),
            attempt=record.failures + 1,
            due=_moment(record.due_us),
            id=self._parts(key)[1],
            key=key,
        )
        if record.exhausted:
            return await self._exhausted(key, record, delivery, DeliveryFailed(record.error))
        try:
            await self._subscription.handler(delivery)
        except Exception as error:  # noqa: BLE001 - the edge: whatever a handler raises is a failed attempt
            return await self._failed(key, record, delivery, error)
        await self._remove(key)
        return True

    async def _failed(self, key: bytes, record: EventRecord, delivery: Delivery, error: Exception) -> bool:
        retry = self._subscription.retry
        if isinstance(error, RetryLater):
            delay = error.delay
            if not error.counted:
                await self._put_off(key, record, delivery, delay)
                return False
        elif isinstance(error, GiveUp) or delivery.attempt >= retry.attempts:
            return await self._exhausted(key, record, delivery, error)
        else:
            delay = retry.delay_after(delivery.attempt)
        _log.info("attempt %d of an event of %s failed: %r", delivery.attempt, delivery.event.topic, error)
        await self._put_off(key, msgspec.structs.replace(record, failures=delivery.attempt), delivery, delay)
        return False

    async def _exhausted(self, key: bytes, record: EventRecord, delivery: Delivery, error: Exception) -> bool:
        finished = msgspec.structs.replace(record, exhausted=True, error=repr(error)[:1_000])
        if self._subscription.on_exhausted is None:
            _log.error(
                "an event of %s is dead after %d attempts", delivery.event.topic, delivery.attempt, exc_info=error
            )
            await self._bury(key, finished)
            return True
        try:
            await self._subscription.on_exhausted(delivery, error)
        except Exception:  # noqa: BLE001 - the edge, as in `_attempt`
            _log.exception("an exhausted event of %s could not be handed on", delivery.event.topic)
            await self._put_off(key, finished, delivery, self._subscription.retry.delay_max)
            return False
        await self._remove(key)
        return True

    async def _put_off(self, key: bytes, record: EventRecord, delivery: Delivery, delay: timedelta) -> None:
        again_us = microseconds(self._clock.now() + delay)

        async def put_off(tx: Transaction) -> None:
            if await tx.get(key) is None:
                return  # forgotten by a reset
            if record.group:
                tx.set(key, encode(msgspec.structs.replace(record, not_before_us=again_us)))
            else:
                tx.clear(key)
                tx.set(self._queue.pack(again_us, delivery.id), encode(record))

        await self._store.run(put_off)

    async def _bury(self, key: bytes, record: EventRecord) -> None:
        async def bury(tx: Transaction) -> None:
            tx.clear(key)
            tx.set(DEAD.pack(self._subscription.topic, *self._parts(key)), encode(record))

        await self._store.run(bury)

    async def _remove(self, key: bytes) -> None:
        async def remove(tx: Transaction) -> None:
            tx.clear(key)

        await self._store.run(remove)


def _moment(microseconds_since_1970: int) -> datetime:
    return datetime.fromtimestamp(microseconds_since_1970 / 1_000_000, UTC)
