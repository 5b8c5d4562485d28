"""What must somebody tell us of a stream, so that functions can be invoked with its records?

A stream has shards, a shard records in order, and a record a position: a number that grows, which is what is kept as a
checkpoint. `app.py` gives a source for each kind of stream there is, under the service's name in ARNs.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from pileus.kernel.storage.seam import Watch


class SourceGone(Exception):
    """There is no such stream, or shard, any more."""


class RecordsTrimmed(Exception):
    """What comes next was kept too long ago: go on at the oldest record."""


class SourceShard(NamedTuple):
    """parent: to be read to its end first; it may be gone. closed: nothing more will come."""

    id: str
    parent: str | None
    closed: bool


class SourceRecord(NamedTuple):
    """position: where to read for this record to come first; one more, for the next. key: records of the same key stay
    in order.

    at_ms: when it arrived, in milliseconds since 1970. json: as the function's event has it.
    """

    position: int
    sequence_number: str
    at_ms: int
    key: bytes
    json: bytes


class SourcePage(NamedTuple):
    """next: where to go on; None when the shard is closed and read to its end."""

    records: Sequence[SourceRecord]
    next: int | None


class StreamSource(Protocol):
    """Each method raises SourceGone."""

    async def shards(self, arn: str) -> Sequence[SourceShard]:
        """In order: parents before their children."""
        ...

    async def oldest(self, arn: str, shard_id: str) -> int:
        """The position before the oldest record: TRIM_HORIZON."""
        ...

    async def latest(self, arn: str, shard_id: str) -> int:
        """The position after all records: LATEST."""
        ...

    async def at_time(self, arn: str, shard_id: str, moment: datetime) -> int:
        """The position before the first record of that moment or later: AT_TIMESTAMP."""
        ...

    async def read(self, arn: str, shard_id: str, position: int, *, limit: int, bytes_max: int) -> SourcePage:
        """At most so many records and some bytes, but one record if there is one; RecordsTrimmed."""
        ...

    async def watch(self, arn: str) -> Watch:
        """Tells once that there may be more to read, or another shard. Take it, then read, then wait for it."""
        ...
