"""How does another service (Lambda's event source mappings) receive a queue's messages?

As any consumer does, only without the wire: messages are held while they are worked on, and deleted, or released, when
that is over. What is released is visible at once, and has been received once more.
"""

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.errors import ServiceError
from pileus.kernel.ids import Ids
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.storage.seam import Store
from pileus.services.sqs.messages.contents import Messages
from pileus.services.sqs.messages.metrics import SqsMetrics
from pileus.services.sqs.messages.received import Asked, message_told
from pileus.services.sqs.messages.visit import Taken
from pileus.services.sqs.messages.waiting import Waiting
from pileus.services.sqs.model import QueueRecord
from pileus.services.sqs.shapes import MessageAttributeValue

RECEIVED_MAX = 10
_EVERYTHING = Asked(("All",), ("All",))


class QueueGone(Exception):
    """There is no such queue (any more)."""


class ReceivedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message, with all that an event tells of it. attributes: the system's. group_id: "" for none."""

    message_id: str
    receipt_handle: str
    body: str
    md5_of_body: str
    attributes: dict[str, str]
    message_attributes: dict[str, MessageAttributeValue]
    md5_of_message_attributes: str = ""
    group_id: str = ""


class QueueFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a poller must know of its queue."""

    fifo: bool
    visibility_timeout_s: int


class QueueReceiver:
    """Receives for other services; each method raises QueueGone."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        ids: Ids,
        metrics: Metrics | None = None,
        messages: Messages | None = None,
    ) -> None:
        """messages: those that the API works with, which know the queues of late already."""
        self._store = store
        self._messages = messages or Messages(clock=clock, ids=ids)
        self._counting = SqsMetrics(metrics)
        self._waiting = Waiting(store=store, clock=clock)

    async def facts(self, queue_arn: str) -> QueueFacts:
        queue = await self._messages.known.find_by_arn(self._store.snapshot(), queue_arn)
        if queue is None:
            raise QueueGone(queue_arn)
        return QueueFacts(fifo=queue.fifo, visibility_timeout_s=queue.visibility_timeout_s)

    async def receive(
        self,
        queue_arn: str,
        *,
        max_messages: int,
        wait_s: float,
        visibility_timeout_s: int | None = None,
        wanted: Callable[[], bool] = lambda: True,
    ) -> list[ReceivedMessage]:
        """Up to 10 messages, after at most so long. wanted: whether they still are, when some come after a wait."""
        loop = asyncio.get_running_loop()
        end_s = loop.time() + wait_s
        limit = min(max_messages, RECEIVED_MAX)
        queue, taken, unfinished = await self._receive(queue_arn, limit, visibility_timeout_s)
        while not taken:
            if unfinished and wanted() and loop.time() < end_s:
                await asyncio.sleep(0)  # behind many that nobody gets (dead letters, what expired) there may be some
            elif not await self._waiting.wait(queue, seconds=end_s - loop.time(), here=wanted):
                return []
            queue, taken, unfinished = await self._receive(queue_arn, limit, visibility_timeout_s)
        # Whoever acts on what was received: that it is held must have survived first.
        await self._store.durable()
        counting = self._counting.of(queue)
        if counting is not None:
            counting.received(taken)
        return [_told(queue, one) for one in taken]

    async def _receive(
        self, queue_arn: str, limit: int, visibility_timeout_s: int | None
    ) -> tuple[QueueRecord, list[Taken], bool]:
        """Queue, messages, and whether another look may find more."""
        async with self._store.transaction() as tx:
            queue = await self._messages.known.find_by_arn(tx, queue_arn)
            if queue is None:
                raise QueueGone(queue_arn)
            seen = await self._messages.visit(tx, queue)
            visibility_s = queue.visibility_timeout_s if visibility_timeout_s is None else visibility_timeout_s
            taken = await self._messages.receive(seen, limit=limit, visibility_s=visibility_s, patient=True)
            seen.save()
        return queue, taken, seen.unfinished

    async def delete(self, queue_arn: str, handles: Sequence[str]) -> None:
        """They were worked on; those that are no longer ours are left alone. Durable when this returns."""
        deleted = 0
        async with self._store.transaction() as tx:
            queue = await self._messages.known.find_by_arn(tx, queue_arn)
            if queue is None:
                raise QueueGone(queue_arn)
            seen = await self._messages.visit(tx, queue)
            for handle in handles:
                try:
                    deleted += await self._messages.delete(seen, handle)
                except ServiceError:
                    continue
            seen.save()
        counting = self._counting.of(queue)
        if counting is not None:
            counting.requests(1)
            if deleted:
                counting.deleted(deleted)
        await self._store.durable()

    async def release(self, queue_arn: str, handles: Sequence[str], *, after_s: int = 0) -> None:
        """Let others have them, now or later; those that are no longer ours are left alone."""
        async with self._store.transaction() as tx:
            queue = await self._messages.known.find_by_arn(tx, queue_arn)
            if queue is None:
                raise QueueGone(queue_arn)
            seen = await self._messages.visit(tx, queue)
            for handle in handles:
                try:
                    await self._messages.change_visibility(seen, handle, timeout_s=after_s)
                except ServiceError:
                    continue
            seen.save()
        counting = self._counting.of(queue)
        if counting is not None:
            counting.requests(1)

    def close(self) -> None:
        """End all waits, now and later."""
        self._waiting.close()


def _told(queue: QueueRecord, one: Taken) -> ReceivedMessage:
    message = message_told(queue, one, _EVERYTHING)
    assert message.message_id is not None
    assert message.receipt_handle is not None
    assert message.md5_of_body is not None
    return ReceivedMessage(
        message_id=message.message_id,
        receipt_handle=message.receipt_handle,
        body=one.message.body,
        md5_of_body=message.md5_of_body,
        attributes=message.attributes or {},
        message_attributes=message.message_attributes or {},
        md5_of_message_attributes=message.md5_of_message_attributes or "",
        group_id=one.message.group,
    )
