"""What is kept of messages?

Written as arrays, which halves what they cost. `Head`, `Lease` and `GroupState` are working copies: a visit reads one,
changes it, and writes it once.
"""

from typing import Final

import msgspec

NEVER_US: Final = 1 << 62
"""A moment after all others."""


class StoredAttribute(msgspec.Struct, frozen=True, array_like=True):
    """A message attribute. text or data, as its type says."""

    type: str
    text: str | None = None
    data: bytes | None = None


class MessageRecord(msgspec.Struct, frozen=True, array_like=True, kw_only=True, tag="sqs.message.v1"):
    """A message; never changed while it is in a queue.

    id, body_md5: their 16 bytes. sender_id: who sent it, as ReceiveMessage tells. sent_ms: when; of a message in a
    standard dead-letter queue, when it was sent to the first one. received, first_received_ms: in the queues before
    this one. source_arn: the queue that it came from, as a dead letter.
    """

    id: bytes
    sent_ms: int
    body: str
    body_md5: bytes
    sender_id: str
    group: str = ""
    deduplication_id: str = ""
    trace_header: str = ""
    attributes: dict[str, StoredAttribute] = {}
    received: int = 0
    first_received_ms: int = 0
    source_arn: str = ""


class Head(msgspec.Struct, array_like=True, kw_only=True, tag="sqs.head.v1"):
    """What a queue holds, and what comes next. One is written with every change of the queue.

    next_seq, next_lease: numbers never used before; purges do not set them back.
    cursor: standard: the last message of the log that was received; those behind it are fresh.
    log: standard: fresh messages without a group; FIFO: all messages. grouped: fresh ones with a group.
    returned: received, and visible again. next_due_us: nothing is due before (it may be that nothing is, then either).
    swept: standard: messages up to this one may have been removed because of their age, also those in a lease.
    clock: the turn of the group that was served last; log_turn: of the log, which is served like a group.
    """

    generation: int = 0
    next_seq: int = 1
    next_lease: int = 1
    cursor: int = 0
    log: int = 0
    grouped: int = 0
    returned: int = 0
    in_flight: int = 0
    delayed: int = 0
    next_due_us: int = NEVER_US
    swept: int = 0
    clock: int = 0
    log_turn: int = 0
    returned_first: bool = False


class Entry(msgspec.Struct, array_like=True):
    """A message in a lease. count: how often it was received here. moved_to: the lease that holds it now; 0: this."""

    seq: int
    count: int
    first_received_ms: int
    grouped: bool = False
    moved_to: int = 0


class Lease(msgspec.Struct, array_like=True, kw_only=True, tag="sqs.lease.v1"):
    """What one ReceiveMessage took, as far as it is still there, and not received again.

    due_us: until when others do not see it. returned: that moment has passed, and was noticed.
    received_ms: the twelve hours are counted from here. origin: the lease that a single message was moved from.
    """

    due_us: int
    received_ms: int
    entries: list[Entry]
    returned: bool = False
    origin: int = 0


class Held(msgspec.Struct, array_like=True):
    """A message of a FIFO group that was received at least once. due_us: until when it is held; 0: it has returned."""

    seq: int
    count: int
    first_received_ms: int
    received_ms: int
    due_us: int


class GroupState(msgspec.Struct, array_like=True, kw_only=True, tag="sqs.group.v1"):
    """A FIFO group of which messages were received that are still there: at most ten, in their order.

    turn: the message under which the group stands among those that may be received; 0: it does not.
    timer_us: when the first of those held returns; 0: none is held.
    """

    entries: list[Held]
    turn: int = 0
    timer_us: int = 0


class SentOnce(msgspec.Struct, frozen=True, array_like=True, kw_only=True, tag="sqs.deduplication.v1"):
    """A deduplication id that was used."""

    at_ms: int
    message_id: bytes
    seq: int


class Attempt(msgspec.Struct, frozen=True, array_like=True, kw_only=True, tag="sqs.attempt.v1"):
    """What a ReceiveMessage with a ReceiveRequestAttemptId got: group, number and count of each."""

    at_ms: int
    messages: tuple[tuple[str, int, int], ...]


class PurgedRecord(msgspec.Struct, frozen=True, kw_only=True, tag="sqs.purged.v1"):
    """A generation that nobody sees any more, to be swept."""

    fifo: bool
