"""How does a subscription get again what a topic has archived?

A replay is an event of the outbox. It sends a page of the archive in one transaction, with where it is, so that a crash
between two pages repeats none of them. Meanwhile the subscription is paused: what is published goes into the archive,
and the replay comes to it. The transaction that finds nothing more makes the subscription live again: no message falls
between, and none comes before its elders.

A replay with an end stays paused behind it until its policy is taken away ("effectively pauses the subscription").
Queues recognise what they had within five minutes, also when it is replayed: its deduplication id is the same.

Source: SNS Developer Guide, "Message replay for FIFO topic subscribers".
"""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from typing import Final, Protocol

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.outbox import Delivery, RetryLater
from pileus.kernel.storage.keys import after
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Event, Store, Transaction
from pileus.services.sns.archive.policies import COMPLETED, FAILED, IN_PROGRESS, ReplayRange, replay_range, retention
from pileus.services.sns.archive.store import archived, key_at
from pileus.services.sns.model import Message, SubscriptionRecord, TopicRecord
from pileus.services.sns.names import SubscriptionName
from pileus.services.sns.store import find_subscription, find_topic, put_subscription, put_topic, space_of

REPLAY_TOPIC: Final = "sns.replay"
PAGE: Final = 100
"""Messages sent in one transaction."""
CONFIRMED_LOOKED_FOR_EVERY: Final = timedelta(seconds=30)


class ReplayTask(msgspec.Struct, frozen=True, kw_only=True, tag="sns.replay.v1"):
    """A replay of a subscription. number: of its replays, so that one that was replaced ends."""

    subscription: SubscriptionName
    number: int


class ReplayState(msgspec.Struct, frozen=True, kw_only=True, tag="sns.replay-state.v1"):
    """Where a replay is: it has sent what is before this key."""

    number: int
    next: bytes


class Resender(Protocol):
    """Sends messages to one subscription, by its filter, as if they had just been published."""

    async def resend(
        self, tx: Transaction, topic: TopicRecord, record: SubscriptionRecord, messages: Iterable[Message]
    ) -> None: ...


def begin_replay(tx: Transaction, record: SubscriptionRecord) -> None:
    """Write down that a subscription is to be told again."""
    task = ReplayTask(subscription=SubscriptionName(record.topic, record.subscription_id), number=record.replay_number)
    tx.emit(Event(topic=REPLAY_TOPIC, payload=encode(task)))


class Replays:
    """Takes replays from the outbox."""

    def __init__(self, *, store: Store, clock: Clock, resender: Resender) -> None:
        self._store = store
        self._clock = clock
        self._resender = resender

    async def deliver(self, delivery: Delivery) -> None:
        """RetryLater while the subscription is not confirmed."""
        task = decode(delivery.event.payload, ReplayTask)

        async def page(tx: Transaction) -> bool:
            return await self._page(tx, task)

        more = True
        while more:
            more = await self._store.run(page)
            await asyncio.sleep(0)  # others have their turn between two pages

    async def _page(self, tx: Transaction, task: ReplayTask) -> bool:
        """Whether there is more to send."""
        record = await find_subscription(tx, task.subscription)
        if record is None or record.replay_number != task.number or not record.replay_policy:
            return False
        if record.pending:
            raise RetryLater("the subscription is not confirmed", delay=CONFIRMED_LOOKED_FOR_EVERY)
        topic = await find_topic(tx, record.topic)
        if topic is None or topic.serial != record.topic_serial:
            return False
        if not topic.archive_serial:
            self._end(tx, topic, record, FAILED)
            return False
        bounds = replay_range(record.replay_policy)
        end_us = int(bounds.end_s * 1e6) if bounds.pauses else None
        found = await archived(tx, topic, await self._begin(tx, topic, record, bounds), end_us, limit=PAGE)
        await self._resender.resend(tx, topic, record, [message for _, message in found])
        state_key = _state_key(record)
        if len(found) == PAGE:
            tx.set(state_key, encode(ReplayState(number=task.number, next=after(found[-1][0]))))
            if record.replay_status != IN_PROGRESS:
                put_subscription(tx, msgspec.structs.replace(record, replay_status=IN_PROGRESS))
            return True
        tx.clear(state_key)
        self._end(tx, topic, record, COMPLETED)
        return False

    async def _begin(
        self, tx: Transaction, topic: TopicRecord, record: SubscriptionRecord, bounds: ReplayRange
    ) -> bytes:
        """Where it is, or where its policy begins; what is older than is kept counts as gone."""
        kept_s = self._clock.timestamp() - retention(topic.archive_policy).total_seconds()
        begin = key_at(topic, max(bounds.start_s, kept_s))
        value = await tx.get(_state_key(record))
        state = None if value is None else decode(value, ReplayState)
        return state.next if state is not None and state.number == record.replay_number else begin

    def _end(self, tx: Transaction, topic: TopicRecord, record: SubscriptionRecord, status: str) -> None:
        paused = status == COMPLETED and replay_range(record.replay_policy).pauses
        put_subscription(tx, msgspec.structs.replace(record, replay_status=status, paused=paused))
        put_topic(tx, topic)


def _state_key(record: SubscriptionRecord) -> bytes:
    return space_of(record.topic.account_id, record.topic.region).pack("replay", record.subscription_id)
