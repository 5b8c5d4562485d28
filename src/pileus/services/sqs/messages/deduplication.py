"""Which ids were used lately, of messages and of attempts to receive?

They are remembered for five minutes, in buckets of five minutes, of which the two latest matter; `sweeping` forgets
older ones.

Source: SQS Developer Guide, "Exactly-once processing"; API_ReceiveMessage, ReceiveRequestAttemptId.
"""

from typing import Final

from pileus.kernel.storage.records import decode, encode
from pileus.services.sqs.messages.keys import bucket_key
from pileus.services.sqs.messages.records import Attempt, MessageRecord, SentOnce
from pileus.services.sqs.messages.visit import Taken, Visit

DEDUPLICATION_MS: Final = 300_000
"""How long ids of deduplication and of receive attempts are remembered."""


async def sent_before(visit: Visit, *, group: str, deduplication_id: str) -> SentOnce | None:
    """The message that was sent with this id within five minutes."""
    name = _scoped(visit, group, deduplication_id)
    bucket = visit.now_ms // DEDUPLICATION_MS
    for number in (bucket, bucket - 1):
        data = await visit.tx.get(bucket_key(visit.queue.serial, b"x", number, name))
        if data is not None:
            sent = decode(data, SentOnce)
            return sent if sent.at_ms + DEDUPLICATION_MS > visit.now_ms else None
    return None


def remember(visit: Visit, message: MessageRecord, seq: int) -> None:
    """Send no other message with its id for five minutes."""
    name = _scoped(visit, message.group, message.deduplication_id)
    bucket = visit.now_ms // DEDUPLICATION_MS
    sent = SentOnce(at_ms=visit.now_ms, message_id=message.id, seq=seq)
    visit.tx.set(bucket_key(visit.queue.serial, b"x", bucket, name), encode(sent))


def remember_attempt(visit: Visit, attempt_id: str, taken: list[Taken]) -> None:
    """These were received by it."""
    attempt = Attempt(at_ms=visit.now_ms, messages=tuple((one.message.group, one.seq, one.times) for one in taken))
    visit.tx.set(bucket_key(visit.queue.serial, b"y", visit.now_ms // DEDUPLICATION_MS, attempt_id), encode(attempt))


async def attempt_of(visit: Visit, attempt_id: str) -> Attempt | None:
    """What an attempt of this id got within five minutes."""
    bucket = visit.now_ms // DEDUPLICATION_MS
    for number in (bucket, bucket - 1):
        data = await visit.tx.get(bucket_key(visit.queue.serial, b"y", number, attempt_id))
        if data is not None:
            attempt = decode(data, Attempt)
            return attempt if attempt.at_ms + DEDUPLICATION_MS > visit.now_ms else None
    return None


def _scoped(visit: Visit, group: str, deduplication_id: str) -> str:
    """`DeduplicationScope`: the queue, or each group for itself. A NUL is in neither."""
    return f"{group}\0{deduplication_id}" if visit.queue.deduplicates_by_group else deduplication_id
