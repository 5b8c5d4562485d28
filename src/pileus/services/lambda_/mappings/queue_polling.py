"""How are a queue's messages received for a function, and when are they a batch?

One long poll at a time waits for all batches of a mapping: while there is nothing, it costs a look into the queue every
twenty seconds. Nothing is received before a batch may be started (see `scaling`), since what is received is hidden from
everybody, and its time runs.

A batch is what the first receive found; with a batching window it grows until it is full, too large for an invocation,
or its window is over. A long poll that a window outlasts goes on for the next batch. What no filter lets through is
deleted. The queue itself keeps the order of a FIFO queue: a group with messages under way gives no more of them.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from pileus.kernel.clock import Clock
from pileus.kernel.storage.seam import Store
from pileus.services.lambda_.errors import ResourceNotFoundException
from pileus.services.lambda_.mappings.model import MappingRecord
from pileus.services.lambda_.mappings.queue_batches import QueueBatches
from pileus.services.lambda_.mappings.queue_configuring import QUEUE_ACTIONS
from pileus.services.lambda_.mappings.queue_events import RECORDS_BYTES_MAX, QueueFilter, QueueRecord
from pileus.services.lambda_.mappings.queue_holds import QueueHolds
from pileus.services.lambda_.mappings.queues import QueueFacts, QueueGone, QueueMessage, QueueSource
from pileus.services.lambda_.mappings.scaling import Scale
from pileus.services.lambda_.resolving import resolve
from pileus.services.lambda_.role_permissions import RolePermissions

LONG_POLL_S: Final = 20.0
RECEIVED_MAX: Final = 10
"""Source: API_ReceiveMessage."""
REST_S: Final = 5.0
"""How long a mapping rests whose queue or function is gone: real time."""
REFUSED_REST_S: Final = 20.0
"""And one whose role may not read: each time that it is asked, the refusal is written down."""
_CALM_S: Final = 1.0
"""A queue was empty that long: there is no backlog."""
_HURRIED_S: Final = 0.05
"""Before the next long poll after one that ended sooner: nothing was wanted then, or the server stops."""
_TRUSTED_S: Final = 30.0
"""How long what the role may do is taken to be the same."""

_log: Final = logging.getLogger(__name__)


class QueuePolling:
    """One mapping of a queue as it is now."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        roles: RolePermissions | None,
        mapping: MappingRecord,
        source: QueueSource,
        batches: QueueBatches,
    ) -> None:
        self.stop = asyncio.Event()
        self._store = store
        self._clock = clock
        self._roles = roles
        self._mapping = mapping
        self._source = source
        self._batches = batches
        self._holds = QueueHolds(store=store, clock=clock, source=source, mapping=mapping)
        self._filter = QueueFilter(mapping.filters)
        self._scale = Scale(mapping.concurrency_max)
        self._window = timedelta(seconds=mapping.batching_window_s)
        self._running: set[asyncio.Task[bool]] = set()
        self._receiving: asyncio.Task[Sequence[QueueMessage]] | None = None
        self._gathering = False
        self._trusted_until_s = 0.0

    async def run(self) -> None:
        """Until `stop` is set and all batches have ended."""
        stopping = asyncio.create_task(self.stop.wait())
        try:
            while not self.stop.is_set():
                try:
                    await self._round(stopping)
                except QueueGone:
                    _log.info("the queue of mapping %s is gone", self._mapping.uuid)
                    await asyncio.wait({stopping}, timeout=REST_S)
            await self._end()
        finally:
            stopping.cancel()
            left = [*self._running] if self._receiving is None else [*self._running, self._receiving]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def _round(self, stopping: "asyncio.Task[bool]") -> None:
        """Start a batch, when there is one and room for it."""
        await self._room(stopping)
        if self.stop.is_set():
            return
        rest_s = await self._kept_from_reading_s()
        if rest_s:
            await asyncio.wait({stopping}, timeout=rest_s)
            return
        records = await self._gather(stopping)
        if records:
            facts = await self._source.facts(self._mapping.source_arn)
            self._running.add(asyncio.create_task(self._process(records, facts)))

    async def _end(self) -> None:
        """What was received is finished."""
        if self._receiving is not None and self._receiving.done():
            try:
                records = await self._wanted(self._taken())
                facts = await self._source.facts(self._mapping.source_arn)
            except QueueGone:
                records = []
            if records:
                await self._process(records, facts)
        await asyncio.gather(*self._running)

    async def _process(self, records: Sequence[QueueRecord], facts: QueueFacts) -> bool:
        """Whether the function could be invoked."""
        async with self._holds.over(records, visibility_timeout_s=facts.visibility_timeout_s) as hold:
            return await self._batches.process(records, hold, ordered=facts.fifo)

    # Room

    async def _room(self, stopping: "asyncio.Task[bool]") -> None:
        """Wait until another batch may be started."""
        loop = asyncio.get_running_loop()
        while not self.stop.is_set():
            self._reap()
            now_s = loop.time()
            wait_s: float | None = self._scale.paused_until_s - now_s
            if wait_s is not None and wait_s <= 0:
                if len(self._running) < self._scale.limit:
                    return
                wait_s = self._scale.grows_in(now_s)
                if wait_s == 0:
                    self._scale.grow(now_s)
                    return
            await asyncio.wait({stopping, *self._running}, timeout=wait_s, return_when="FIRST_COMPLETED")

    def _reap(self) -> None:
        """Learn from the batches that have ended."""
        for task in [task for task in self._running if task.done()]:
            self._running.discard(task)
            if task.result():
                self._scale.ran()
            else:
                self._scale.refused(asyncio.get_running_loop().time())

    async def _kept_from_reading_s(self) -> float:
        """How long to wait, where the function is gone or its role may not do what reading a queue takes; 0: go on."""
        now_s = asyncio.get_running_loop().time()
        if now_s < self._trusted_until_s:
            return 0
        try:
            role = (await resolve(self._store.snapshot(), self._mapping.function)).record.role
        except ResourceNotFoundException:
            return REST_S
        for action in QUEUE_ACTIONS if self._roles is not None else ():
            assert self._roles is not None
            if not await self._roles.allowed(
                role_arn=role,
                action=f"sqs:{action}",
                resource=self._mapping.source_arn,
                region=self._mapping.function.region,
            ):
                _log.info("%s may not %s for mapping %s", role, action, self._mapping.uuid)
                return REFUSED_REST_S
        self._trusted_until_s = now_s + _TRUSTED_S
        return 0

    # Messages

    async def _gather(self, stopping: "asyncio.Task[bool]") -> list[QueueRecord]:
        """A batch; none, when there was nothing for a while, or this is the end."""
        found: dict[str, QueueRecord] = {}
        size_bytes = 0
        until: datetime | None = None
        self._gathering = True
        try:
            while True:
                received = await self._receive(stopping, room=self._mapping.batch_size - len(found), until=until)
                if received is None:
                    break
                if not received:
                    if found:
                        continue
                    break
                for record in await self._wanted(received):
                    # Again, where its visibility timeout was shorter than the window: the later handle is the one.
                    found[record.message_id] = record
                    size_bytes += len(record.json) + 1
                if not found:
                    continue
                if not self._window or len(found) >= self._mapping.batch_size or size_bytes > RECORDS_BYTES_MAX:
                    break
                until = until or self._clock.now() + self._window
        finally:
            self._gathering = False
        return list(found.values())

    async def _receive(
        self, stopping: "asyncio.Task[bool]", *, room: int, until: datetime | None
    ) -> Sequence[QueueMessage] | None:
        """Messages, or none after a long poll; None when it is that time, or the end."""
        if self._receiving is None:
            self._receiving = asyncio.create_task(self._long_poll(min(room, RECEIVED_MAX)))
        waiting: set[asyncio.Task[object]] = set()
        if until is not None:
            waiting.add(asyncio.create_task(_sleep(self._clock, until)))
        try:
            await asyncio.wait({self._receiving, stopping, *waiting}, return_when="FIRST_COMPLETED")
        finally:
            for task in waiting:
                task.cancel()
        return self._taken() if self._receiving.done() and not self.stop.is_set() else None

    async def _long_poll(self, max_messages: int) -> Sequence[QueueMessage]:
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        received = await self._source.receive(
            self._mapping.source_arn,
            max_messages=max_messages,
            wait_s=LONG_POLL_S,
            wanted=lambda: self._gathering and not self.stop.is_set(),
        )
        if received:
            return received
        if loop.time() - begun_s >= _CALM_S:
            self._scale.calm()
        else:
            await asyncio.sleep(_HURRIED_S)
        return received

    def _taken(self) -> Sequence[QueueMessage]:
        """What the long poll that has ended found; QueueGone."""
        assert self._receiving is not None
        task, self._receiving = self._receiving, None
        return task.result()

    async def _wanted(self, received: Sequence[QueueMessage]) -> list[QueueRecord]:
        """Those that pass the filters; the others are deleted."""
        records = [QueueRecord(message, self._mapping) for message in received]
        passed = [record for record in records if self._filter.passes(record)]
        self._batches.polled(len(records), len(records) - len(passed))
        if len(passed) < len(records):
            kept = {record.message_id for record in passed}
            await self._batches.delete([record for record in records if record.message_id not in kept])
        return passed


async def _sleep(clock: Clock, until: datetime) -> object:
    await clock.sleep_until(until)
    return None
