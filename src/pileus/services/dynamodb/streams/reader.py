"""How do others inside this Pileus read a stream, such as Lambda's event source mappings?

They ask for shards, read from a position in one, and keep the next position; a position is a number that grows, and
stays good as long as what it points at. When there is nothing more, they wait: take `watch`, read, then wait for it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from pileus.kernel.clock import Clock
from pileus.kernel.storage.seam import Store, Watch
from pileus.services.dynamodb.streams import model, reading
from pileus.services.dynamodb.streams.errors import shard_not_found, stream_not_found
from pileus.services.dynamodb.streams.records import ShardRecord, StreamRecord
from pileus.services.dynamodb.streams.rendering import event_json


class ReadShard(NamedTuple):
    """parent: to be read to its end first. closed: nothing more will come."""

    id: str
    parent: str | None
    closed: bool


class Event(NamedTuple):
    """json: the record as a function's event has it. at_ms: milliseconds since 1970.

    position: where to read for it to come first. key: of the item, the same whenever it is the same item.
    """

    sequence_number: str
    at_ms: int
    json: bytes
    position: int
    key: bytes


class Batch(NamedTuple):
    """next: where to go on; None when the shard is closed and read to its end."""

    events: Sequence[Event]
    next: int | None


class StreamReader:
    """Reads streams by their ARNs. Each method raises `ResourceNotFoundException` when the stream is gone."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._snapshot = store.snapshot()
        self._clock = clock

    async def shards(self, arn: str) -> list[ReadShard]:
        """In order: parents before their children."""
        stream = await self._find(arn)
        shown = stream.shown_shards(self._clock.timestamp())
        return [ReadShard(shard.id, shard.parent, shard.last is not None) for shard in shown]

    async def oldest(self, arn: str, shard_id: str) -> int:
        """The position before the oldest change that is kept: TRIM_HORIZON."""
        stream, shard = await self._shard(arn, shard_id)
        return await reading.oldest(self._snapshot, stream, shard, now_s=self._clock.timestamp())

    async def latest(self, arn: str, shard_id: str) -> int:
        """The position after all changes that there are: LATEST."""
        stream, shard = await self._shard(arn, shard_id)
        return await reading.latest(self._snapshot, stream, shard)

    async def at_time(self, arn: str, shard_id: str, moment: datetime) -> int:
        """The position before the first change that was made at that moment or later."""
        stream, shard = await self._shard(arn, shard_id)
        now_s = self._clock.timestamp()
        return await reading.at_time(self._snapshot, stream, shard, at_s=moment.timestamp(), now_s=now_s)

    async def read(self, arn: str, shard_id: str, position: int, *, limit: int, bytes_max: int) -> Batch:
        """At most so many changes and bytes, but one at least if there is one.

        `TrimmedDataAccessException` when the next change is older than a day: go on at `oldest`.
        """
        stream, shard = await self._shard(arn, shard_id)
        page = await reading.read_page(
            self._snapshot,
            stream,
            shard,
            position,
            limit=limit,
            now_s=self._clock.timestamp(),
            bytes_max=bytes_max,
        )
        events = [
            Event(
                model.sequence_text(view.number),
                view.change.at_ms,
                event_json(view, arn),
                view.number,
                view.change.keys,
            )
            for view in page.views
        ]
        return Batch(events, page.next)

    async def watch(self, arn: str) -> Watch:
        """Tells once that there may be more to read."""
        return self._store.watch(reading.log_of(await self._find(arn)).last_key)

    async def _find(self, arn: str) -> StreamRecord:
        parts = model.parse_arn(arn)
        stream = await reading.find(
            self._store,
            self._snapshot,
            account_id=parts.account_id,
            region_name=parts.region,
            table=parts.table,
            label=parts.label,
            now_s=self._clock.timestamp(),
        )
        if stream is None:
            raise stream_not_found(arn)
        return stream

    async def _shard(self, arn: str, shard_id: str) -> tuple[StreamRecord, ShardRecord]:
        stream = await self._find(arn)
        for shard in stream.shown_shards(self._clock.timestamp()):
            if shard.id == shard_id:
                return stream, shard
        raise shard_not_found()
