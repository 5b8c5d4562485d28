"""Where is a topic's archive kept?

Below `(sns, ACCOUNT, REGION)` of the topic: `(archive, SERIAL, MICROSECONDS, N)` is a message, by when it was
published; never before the last one, so that a replay that reads on meets whatever came after. SERIAL is of the
archive, so that one that was ended is gone at once, and its messages a page at a time. `(replay, SUBSCRIPTION)` says
where a replay is.
"""

import asyncio
from typing import Final

import msgspec

from pileus.kernel.outbox import Delivery
from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Event, Snapshot, Store, Transaction
from pileus.services.sns.archive.policies import retention
from pileus.services.sns.model import Message, TopicRecord
from pileus.services.sns.store import space_of

ENDED_TOPIC: Final = "sns.archive"
"""The outbox topic of archives whose messages are to be forgotten."""
_CLEARED_AT_ONCE: Final = 500
_SWEPT_PER_MESSAGE: Final = 4


class EndedArchive(msgspec.Struct, frozen=True, kw_only=True, tag="sns.archive-ended.v1"):
    """An archive that was."""

    account_id: str
    region: str
    serial: bytes


class MessageArchive:
    """Keeps what FIFO topics with an archive policy publish."""

    async def keep(self, tx: Transaction, topic: TopicRecord, message: Message) -> None:
        """In the transaction of Publish. Of what is too old, each message takes a few away."""
        if not topic.archive_serial:
            return
        space = _space(topic)
        at_us = int(message.published_at_s * 1e6)
        begin, end = space.range()
        last = await tx.range(begin, end, limit=1, reverse=True)
        number = 0
        if last:
            last_us, last_number = space.unpack(last[0][0])
            assert isinstance(last_us, int)
            assert isinstance(last_number, int)
            at_us, number = max(at_us, last_us), last_number + 1
        tx.set(space.pack(at_us, number), encode(message))
        oldest_us = int((message.published_at_s - retention(topic.archive_policy).total_seconds()) * 1e6)
        for key, _ in await tx.range(begin, space.pack(max(0, oldest_us)), limit=_SWEPT_PER_MESSAGE):
            tx.clear(key)


async def archived(
    snapshot: Snapshot, topic: TopicRecord, begin: bytes, end_us: int | None, *, limit: int
) -> list[tuple[bytes, Message]]:
    """Messages from a key on, and before a moment, where there is one."""
    space = _space(topic)
    end = space.range()[1] if end_us is None else space.pack(end_us)
    if begin >= end:
        return []
    return [(key, decode(value, Message)) for key, value in await snapshot.range(begin, end, limit=limit)]


def key_at(topic: TopicRecord, at_s: float) -> bytes:
    """Where messages of a moment begin."""
    return _space(topic).pack(max(0, int(at_s * 1e6)))


def end_archive(tx: Transaction, topic: TopicRecord) -> None:
    """Nothing of it is found any more; what it takes is given back beside this transaction."""
    ended = EndedArchive(account_id=topic.account_id, region=topic.region, serial=topic.archive_serial)
    tx.emit(Event(topic=ENDED_TOPIC, payload=encode(ended)))


async def clear_archive(store: Store, delivery: Delivery) -> None:
    """The outbox's handler."""
    ended = decode(delivery.event.payload, EndedArchive)
    begin, end = space_of(ended.account_id, ended.region).subspace("archive", ended.serial).range()

    async def clear_page(tx: Transaction) -> bool:
        pairs = await tx.range(begin, end, limit=_CLEARED_AT_ONCE)
        for key, _ in pairs:
            tx.clear(key)
        return len(pairs) == _CLEARED_AT_ONCE

    more = True
    while more:
        more = await store.run(clear_page)
        await asyncio.sleep(0)  # others have their turn between two pages


def _space(topic: TopicRecord) -> Subspace:
    return space_of(topic.account_id, topic.region).subspace("archive", topic.archive_serial)
