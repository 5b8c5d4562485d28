"""How does a FIFO topic number its messages, and know one that it has seen?

Below `(sns, ACCOUNT, REGION)` of the topic: `(sequence, SERIAL)` is the number that was given last. `(seen, SERIAL,
GROUP, ID)` holds what was answered to the first message of that deduplication id, GROUP being "" where ids count
throughout the topic; `(seen-at, SERIAL, MICROSECONDS, GROUP, ID)` leads to those that are old, of which every message
takes away a few, so that what is kept is what five minutes bring.

Sources: SNS Developer Guide, "Message deduplication for FIFO topics", "High throughput for FIFO topics"; recording sns,
`test_publish_batch_messages_from_fifo_topic_to_fifo_queue`.
"""

from typing import Final

import msgspec

from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Transaction
from pileus.services.sns.limits import DEDUPLICATION_WINDOW
from pileus.services.sns.model import TopicRecord
from pileus.services.sns.store import space_of

_FIRST: Final = 10_000_000_000_000_000_000
"""AWS's numbers have 20 digits."""
_SWEPT_PER_MESSAGE: Final = 4
_WINDOW_S: Final = DEDUPLICATION_WINDOW.total_seconds()


class SeenRecord(msgspec.Struct, frozen=True, kw_only=True, tag="sns.seen.v1"):
    """What was answered to a message."""

    at_s: float
    message_id: str
    sequence_number: str


async def seen(
    tx: Transaction, topic: TopicRecord, *, group_id: str, deduplication_id: str, now_s: float
) -> SeenRecord | None:
    """The message that this one repeats."""
    space = space_of(topic.account_id, topic.region)
    value = await tx.get(space.pack("seen", topic.serial, _scope(topic, group_id), deduplication_id))
    if value is None:
        return None
    record = decode(value, SeenRecord)
    return record if now_s < record.at_s + _WINDOW_S else None


async def note(
    tx: Transaction, topic: TopicRecord, *, group_id: str, deduplication_id: str, message_id: str, now_s: float
) -> str:
    """Give a new message its number, and remember it."""
    space = space_of(topic.account_id, topic.region)
    key = space.pack("sequence", topic.serial)
    value = await tx.get(key)
    sequence = (_FIRST if value is None else int.from_bytes(value, "big")) + 1
    tx.set(key, sequence.to_bytes(9, "big"))
    record = SeenRecord(at_s=now_s, message_id=message_id, sequence_number=str(sequence))
    scope = _scope(topic, group_id)
    seen_key = space.pack("seen", topic.serial, scope, deduplication_id)
    tx.set(seen_key, encode(record))
    tx.set(space.pack("seen-at", topic.serial, int(now_s * 1e6), scope, deduplication_id), seen_key)
    await _sweep(tx, topic, now_s)
    return record.sequence_number


async def _sweep(tx: Transaction, topic: TopicRecord, now_s: float) -> None:
    space = space_of(topic.account_id, topic.region)
    begin, _ = space.range("seen-at", topic.serial)
    end = space.pack("seen-at", topic.serial, max(0, int((now_s - _WINDOW_S) * 1e6)))
    if begin >= end:
        return
    for key, seen_key in await tx.range(begin, end, limit=_SWEPT_PER_MESSAGE):
        tx.clear(key)
        value = await tx.get(seen_key)
        if value is not None and now_s >= decode(value, SeenRecord).at_s + _WINDOW_S:
            tx.clear(seen_key)


def forget(tx: Transaction, account_id: str, region: str, serial: bytes) -> None:
    """Of a topic that was deleted."""
    space = space_of(account_id, region)
    tx.clear(space.pack("sequence", serial))
    tx.clear_range(*space.range("seen", serial))
    tx.clear_range(*space.range("seen-at", serial))


def _scope(topic: TopicRecord, group_id: str) -> str:
    return group_id if topic.fifo_throughput_scope == "MessageGroup" else ""
