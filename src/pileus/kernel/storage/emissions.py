"""How is an event written down until it is delivered?

One record per event, by topic, then due time, then a number that never repeats, so that a topic's range read is its
queue. `kernel/outbox.py` empties it.
"""

from datetime import datetime
from functools import lru_cache
from typing import Final

import msgspec

from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.records import encode
from pileus.kernel.storage.seam import Event

WAITING: Final = Subspace("_outbox")
DEAD: Final = Subspace("_outbox_dead")
"""Events whose attempts are exhausted, under the same parts as they had while waiting."""


class EventRecord(msgspec.Struct, frozen=True, kw_only=True, tag="event.v1", omit_defaults=True):
    """An event on disk.

    failures: attempts that were made and failed. due_us: when it was first due, in microseconds since 1970.
    exhausted: no attempt is left, and it is to be handed on with the last `error`.
    not_before_us: an event of a group keeps its place in the queue (its key) while it waits to be tried again.
    """

    payload: bytes
    due_us: int
    group: str = ""
    failures: int = 0
    not_before_us: int = 0
    exhausted: bool = False
    error: str = ""


@lru_cache(maxsize=256)
def waiting(topic: str) -> Subspace:
    """The queue of one topic: keys (due_us, sequence)."""
    return WAITING.subspace(topic)


def signal(topic: str) -> bytes:
    """The key to watch for new events of a topic; an engine tells its watchers at each emission."""
    return waiting(topic).prefix


def microseconds(moment: datetime) -> int:
    """Whole microseconds since 1970."""
    return round(moment.timestamp() * 1_000_000)


def emission(event: Event, *, due_us: int, sequence: int) -> tuple[bytes, bytes]:
    """Key and value to commit with the event's cause."""
    record = EventRecord(payload=event.payload, due_us=due_us, group=event.group)
    return waiting(event.topic).pack(due_us, sequence), encode(record)
