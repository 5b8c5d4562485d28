"""Under which keys does a queue keep its messages?

All begin with the queue's serial, so that a queue made again never sees those of the one before, and most go on with a
generation, which PurgeQueue counts up: what is of an older one is no longer there, and is swept later.

    head                                the queue's counts, and what comes next
    G  message  M seq                   a message, in order of sending (standard: one without a group)
    G  grouped  N seq                   standard: a message with a group
    G  waiting  W seq                   standard: a message that waits for its delay to end; it moves once
    G  delayed  D due seq               ... and when that is
    G  group    J group seq             standard: fresh messages of a group; FIFO: all of a group
    G  turn     A turn group            standard: groups with fresh messages, by whose turn it is
                                        FIFO: (A seq) groups whose first message may be received, by that message
    G  lease    E lease                 standard: what one ReceiveMessage took
    G  held     L due lease             ... until when
    G  returned R due lease             ... and was not deleted until then
    G  state    B group                 standard: the turn of a group that stands in line
                                        FIFO: the messages of a group that were received and are still there
    G  timer    T due group             ... and when the first of them returns
    x bucket id / y bucket id / n second    deduplication, receive attempts, delayed messages of a FIFO queue by second

Numbers have eight bytes, big end first; times are microseconds since 1970. Groups hold no NUL (`limits`), which ends
them.
"""

from functools import lru_cache
from struct import Struct
from typing import Final

from pileus.kernel.storage.keys import Subspace

_MESSAGES: Final = Subspace("sqs-messages")
GARBAGE: Final = Subspace("sqs-garbage")
"""Generations that were purged, by serial and number."""

_u64: Final = Struct(">Q").pack
_u64_u64: Final = Struct(">QQ").pack
_u32: Final = Struct(">I").pack
_END: Final = b"\xff" * 8


class QueueKeys:
    """The keys of one generation of a queue's messages."""

    __slots__ = (
        "delayed_prefix",
        "group_prefix",
        "grouped_prefix",
        "head",
        "held_prefix",
        "lease_prefix",
        "message_prefix",
        "prefix",
        "returned_prefix",
        "state_prefix",
        "timer_prefix",
        "turn_prefix",
        "waiting_prefix",
    )

    def __init__(self, serial: bytes, generation: int) -> None:
        base = queue_prefix(serial)
        self.head: Final = base + b"h"
        self.prefix: Final = base + b"g" + _u32(generation)
        self.message_prefix: Final = self.prefix + b"M"
        self.grouped_prefix: Final = self.prefix + b"N"
        self.delayed_prefix: Final = self.prefix + b"D"
        self.group_prefix: Final = self.prefix + b"J"
        self.turn_prefix: Final = self.prefix + b"A"
        self.lease_prefix: Final = self.prefix + b"E"
        self.held_prefix: Final = self.prefix + b"L"
        self.returned_prefix: Final = self.prefix + b"R"
        self.state_prefix: Final = self.prefix + b"B"
        self.timer_prefix: Final = self.prefix + b"T"
        self.waiting_prefix: Final = self.prefix + b"W"

    def message(self, seq: int, *, grouped: bool = False) -> bytes:
        return (self.grouped_prefix if grouped else self.message_prefix) + _u64(seq)

    def waiting(self, seq: int) -> bytes:
        return self.waiting_prefix + _u64(seq)

    def delayed(self, due_us: int, seq: int) -> bytes:
        return self.delayed_prefix + _u64_u64(due_us, seq)

    def in_group(self, group: str, seq: int) -> bytes:
        return self.group_prefix + group.encode() + b"\x00" + _u64(seq)

    def group_range(self, group: str) -> tuple[bytes, bytes]:
        prefix = self.group_prefix + group.encode() + b"\x00"
        return prefix, prefix + _END

    def turn(self, turn: int, group: str = "") -> bytes:
        return self.turn_prefix + _u64(turn) + group.encode()

    def lease(self, lease: int) -> bytes:
        return self.lease_prefix + _u64(lease)

    def held(self, due_us: int, lease: int) -> bytes:
        return self.held_prefix + _u64_u64(due_us, lease)

    def returned(self, due_us: int, lease: int) -> bytes:
        return self.returned_prefix + _u64_u64(due_us, lease)

    def state(self, group: str) -> bytes:
        return self.state_prefix + group.encode()

    def timer(self, due_us: int, group: str) -> bytes:
        return self.timer_prefix + _u64(due_us) + group.encode()


@lru_cache(maxsize=4_096)
def queue_prefix(serial: bytes) -> bytes:
    """What every key of a queue's messages begins with."""
    return _MESSAGES.pack(serial)


@lru_cache(maxsize=4_096)
def head_key(serial: bytes) -> bytes:
    return queue_prefix(serial) + b"h"


def bucket_key(serial: bytes, kind: bytes, bucket: int, name: str = "") -> bytes:
    """kind: `x` deduplication, `y` receive attempts, `n` messages sent in a second."""
    return queue_prefix(serial) + kind + _u64(bucket) + name.encode()


def until(prefix: bytes, number: int) -> bytes:
    """The end of a range of keys that begin with `prefix` and go on with at most this number."""
    return prefix + _u64(number + 1)


def end_of(prefix: bytes) -> bytes:
    """The end of all keys that begin with `prefix`, which ends in a letter."""
    return prefix[:-1] + bytes((prefix[-1] + 1,))


def last_number(key: bytes) -> int:
    """The number that a key ends with."""
    return int.from_bytes(key[-8:], "big")
