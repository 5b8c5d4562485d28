"""Where in a shard does somebody begin to read, and what do they find there?

What is older than a day counts as trimmed from that moment on, whether `retention.py` has been there or not.
"""

from typing import Final, NamedTuple

from pileus.kernel.storage import records as kept
from pileus.kernel.storage.seam import Snapshot, Store, Transaction
from pileus.services.dynamodb.changes import ChangeLog
from pileus.services.dynamodb.store import region_subspace
from pileus.services.dynamodb.streams import records
from pileus.services.dynamodb.streams.errors import TrimmedDataAccessException
from pileus.services.dynamodb.streams.limits import RECORDS_BYTES_MAX, RETENTION_S
from pileus.services.dynamodb.streams.records import ShardRecord, StreamRecord
from pileus.services.dynamodb.streams.rendering import View, view_of

_FIRST_CHUNK: Final = 16
"""Changes that are read at once, at first: two images of 400 KB each are some megabytes."""
_CHUNK_MAX: Final = 256


class Page(NamedTuple):
    """views: of the changes, in order. next: where to go on; None when the shard is closed and read to its end."""

    views: list[View]
    next: int | None


def log_of(stream: StreamRecord) -> ChangeLog:
    return ChangeLog(region_subspace(stream.account_id, stream.region), stream.table_id, None)


async def find(
    store: Store, reader: Snapshot, *, account_id: str, region_name: str, table: str, label: str, now_s: float
) -> StreamRecord | None:
    """The stream as it is now, with a new shard when one was due; None when there is none any more."""
    stream = await records.read_stream(reader, account_id=account_id, region_name=region_name, table=table, label=label)
    if stream is None or stream.gone(now_s):
        return None
    return await rolled(store, stream, now_s=now_s) if stream.roll_due(now_s) else stream


async def rolled(store: Store, stream: StreamRecord, *, now_s: float) -> StreamRecord | None:
    """The stream after its shard has rolled, unless that has happened meanwhile."""

    async def roll(tx: Transaction) -> StreamRecord | None:
        data = await tx.get(records.key_of(stream))
        if data is None:
            return None
        now = kept.decode(data, StreamRecord)
        return await records.roll_shard(tx, log_of(now), now, now_s=now_s) if now.roll_due(now_s) else now

    return await store.run(roll)


# --- where to begin --------------------------------------------------------------------------------------------------


async def horizon(reader: Snapshot, stream: StreamRecord, *, now_s: float) -> int:
    """The number before which all changes are trimmed."""
    return await log_of(stream).number_at(reader, int((now_s - RETENTION_S) * 1000))


async def oldest(reader: Snapshot, stream: StreamRecord, shard: ShardRecord, *, now_s: float) -> int:
    """TRIM_HORIZON."""
    return max(shard.first, await horizon(reader, stream, now_s=now_s))


async def latest(reader: Snapshot, stream: StreamRecord, shard: ShardRecord) -> int:
    """LATEST: after everything there is."""
    return (shard.last if shard.last is not None else await log_of(stream).last(reader)) + 1


async def at_time(reader: Snapshot, stream: StreamRecord, shard: ShardRecord, *, at_s: float, now_s: float) -> int:
    """AT_TIMESTAMP: before the first change that was made then or later."""
    first = await log_of(stream).number_at(reader, int(at_s * 1000))
    return max(first, await oldest(reader, stream, shard, now_s=now_s))


async def check_kept(reader: Snapshot, stream: StreamRecord, number: int, *, now_s: float) -> None:
    """`TrimmedDataAccessException` when the number is older than what is kept."""
    if number < await horizon(reader, stream, now_s=now_s):
        raise TrimmedDataAccessException


# --- what is there ---------------------------------------------------------------------------------------------------


async def read_page(
    reader: Snapshot,
    stream: StreamRecord,
    shard: ShardRecord,
    number: int,
    *,
    limit: int,
    now_s: float,
    bytes_max: int = RECORDS_BYTES_MAX,
) -> Page:
    """At most `limit` changes and some `bytes_max` bytes from `number` on, at least one if there is one.

    `TrimmedDataAccessException` when the first of them is gone.
    """
    log = log_of(stream)
    end = shard.last if shard.last is not None else await log.last(reader)
    views: list[View] = []
    if number <= end and number < await log.forgotten(reader):
        raise TrimmedDataAccessException
    horizon_ms = int((now_s - RETENTION_S) * 1000)
    size, chunk = 0, _FIRST_CHUNK
    while number <= end and len(views) < limit:
        wanted = min(chunk, limit - len(views))
        found = await log.read(reader, number, end, limit=wanted)
        for at, change in found:
            if not views and change.at_ms < horizon_ms:
                raise TrimmedDataAccessException
            view = view_of(stream, at, change)
            size += view.size_bytes
            if views and size > bytes_max:
                return Page(views, at)
            views.append(view)
            number = at + 1
        if len(found) < wanted:
            number = end + 1
        chunk = min(chunk * 2, _CHUNK_MAX)
    return Page(views, None if shard.last is not None and number > end else number)
