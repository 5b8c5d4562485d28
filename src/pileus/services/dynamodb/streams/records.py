"""What is written down about a stream, and how does one begin, grow a shard and end?

    (dynamodb-stream, account, region, table name, label) -> StreamRecord

A stream holds no changes: it is a span of numbers in its table's change log, cut into shards. Each shard begins with a
number of its own that no change has, so that even an empty one has a first and a last number, and no two share any.
A table that had several streams keeps them apart by their spans; their records outlive the table.

Source of label, ARN and shards: Developer Guide, "Change data capture for DynamoDB Streams".
"""

from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final

import msgspec
from msgspec.structs import replace

from pileus.kernel.storage import records
from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.dynamodb.changes import ChangeLog
from pileus.services.dynamodb.shapes import KeyType, StreamViewType
from pileus.services.dynamodb.streams.limits import RETENTION_S, SHARD_ROLLS_AFTER_S
from pileus.services.dynamodb.table_records import TableRecord

STREAMS: Final = Subspace("dynamodb-stream")
_SHARD_HASH_BYTES: Final = 4


class ShardRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A span of a stream. first: the shard's own number. last: None while the shard is open; seconds since 1970."""

    id: str
    first: int
    opened_at_s: float
    last: int | None = None
    closed_at_s: float | None = None
    parent: str | None = None


class StreamRecord(msgspec.Struct, frozen=True, kw_only=True, tag="stream.v1"):
    """A stream of a table, also after it was disabled or its table deleted.

    table: name. shards: in order; only the last may be open. Seconds since 1970: created_at_s; ready_at_s, before which
    it is ENABLING; closed_at_s, when it was disabled; done_at_s, before which it is then DISABLING.
    """

    account_id: str
    region: str
    table: str
    table_id: str
    label: str
    view: StreamViewType
    key_schema: list[tuple[str, KeyType]]
    created_at_s: float
    ready_at_s: float
    shards: list[ShardRecord]
    closed_at_s: float | None = None
    done_at_s: float | None = None

    def gone(self, now_s: float) -> bool:
        """Whether it was disabled so long ago that nothing shows it any more."""
        return self.closed_at_s is not None and now_s >= self.closed_at_s + RETENTION_S

    def shown_shards(self, now_s: float) -> list[ShardRecord]:
        """Those that may still hold a record."""
        return [one for one in self.shards if one.closed_at_s is None or now_s < one.closed_at_s + RETENTION_S]

    def roll_due(self, now_s: float) -> bool:
        """Whether the open shard is as old as one becomes."""
        last = self.shards[-1]
        return last.last is None and now_s >= last.opened_at_s + SHARD_ROLLS_AFTER_S


def streams_of_region(account_id: str, region_name: str) -> Subspace:
    return STREAMS.subspace(account_id, region_name)


def stream_key(account_id: str, region_name: str, table: str, label: str) -> bytes:
    return STREAMS.pack(account_id, region_name, table, label)


def key_of(stream: StreamRecord) -> bytes:
    return stream_key(stream.account_id, stream.region, stream.table, stream.label)


async def read_stream(
    reader: Snapshot, *, account_id: str, region_name: str, table: str, label: str
) -> StreamRecord | None:
    data = await reader.get(stream_key(account_id, region_name, table, label))
    return None if data is None else records.decode(data, StreamRecord)


# --- labels and ARNs -------------------------------------------------------------------------------------------------


def label_at(now_s: float) -> str:
    """`2026-11-23T15:31:06.123`, in UTC."""
    return datetime.fromtimestamp(now_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]


async def free_label(reader: Snapshot, *, account_id: str, region_name: str, table: str, now_s: float) -> str:
    """A label that no stream of a table of this name has: of this moment, or the next millisecond that is free."""
    ms = int(now_s * 1000)
    while True:
        label = label_at(ms / 1000)
        if await reader.get(stream_key(account_id, region_name, table, label)) is None:
            return label
        ms += 1


# --- how a stream lives ----------------------------------------------------------------------------------------------


async def open_stream(
    tx: Transaction,
    region: Subspace,
    record: TableRecord,
    *,
    account_id: str,
    region_name: str,
    label: str,
    view: StreamViewType,
    now_s: float,
    ready_at_s: float | None = None,
) -> StreamRecord:
    """Begin a stream of the table, whose record must be given the reference to it. region: of the table's keys."""
    log = ChangeLog(region, record.id, None)
    first = await log.mark(tx)
    stream = StreamRecord(
        account_id=account_id,
        region=region_name,
        table=record.name,
        table_id=record.id,
        label=label,
        view=view,
        key_schema=record.key_schema,
        created_at_s=now_s,
        ready_at_s=now_s if ready_at_s is None else ready_at_s,
        shards=[_shard(record.id, first, now_s, None)],
    )
    write_stream(tx, stream)
    return stream


async def close_stream(
    tx: Transaction,
    region: Subspace,
    record: TableRecord,
    *,
    account_id: str,
    region_name: str,
    now_s: float,
    done_at_s: float | None = None,
) -> None:
    """End the table's stream: it was disabled, or the table is deleted. Nothing when there is none.

    From here on the table's record must not refer to it, so that no change follows.
    """
    if record.stream is None:
        return
    stream = await read_stream(
        tx, account_id=account_id, region_name=region_name, table=record.name, label=record.stream.label
    )
    if stream is None or stream.closed_at_s is not None:
        return
    log = ChangeLog(region, record.id, None)
    closed = _closed(stream.shards[-1], await log.last(tx), now_s)
    await log.mark(tx)  # whoever waits for a change hears of the end
    write_stream(
        tx,
        replace(
            stream,
            shards=[*stream.shards[:-1], closed],
            closed_at_s=now_s,
            done_at_s=now_s if done_at_s is None else done_at_s,
        ),
    )


async def roll_shard(tx: Transaction, log: ChangeLog, stream: StreamRecord, *, now_s: float) -> StreamRecord:
    """Close the open shard and open its child; what no shard shows any more is left out."""
    before = stream.shards[-1]
    closed = _closed(before, await log.last(tx), now_s)
    child = _shard(stream.table_id, await log.mark(tx), now_s, before.id)
    rolled = replace(stream, shards=[*stream.shown_shards(now_s)[:-1], closed, child])
    write_stream(tx, rolled)
    return rolled


def write_stream(tx: Transaction, stream: StreamRecord) -> None:
    tx.set(key_of(stream), records.encode(stream))


def _shard(table_id: str, first: int, now_s: float, parent: str | None) -> ShardRecord:
    tail = blake2b(f"{table_id}/{first}".encode(), digest_size=_SHARD_HASH_BYTES).hexdigest()
    return ShardRecord(id=f"shardId-{int(now_s * 1000):020d}-{tail}", first=first, opened_at_s=now_s, parent=parent)


def _closed(shard: ShardRecord, last: int, now_s: float) -> ShardRecord:
    return replace(shard, last=last, closed_at_s=now_s)
