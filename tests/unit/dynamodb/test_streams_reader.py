"""How others inside read a stream: in order, without a poll, and over shards and restarts."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from pileus.services.dynamodb.errors import ResourceNotFoundException
from pileus.services.dynamodb.streams.errors import TrimmedDataAccessException
from pileus.services.dynamodb.streams.reader import Batch, StreamReader
from tests.unit.dynamodb.conftest import Dynamo
from tests.unit.dynamodb.streaming import Streams

MB = 1 << 20


@pytest.fixture
async def streams(dynamo: Dynamo) -> Streams:
    """A table `notes`, without a stream."""
    dynamo.clock.restore(offset=timedelta(0), frozen_at=datetime(2026, 11, 23, 15, 31, 6, tzinfo=UTC))
    await dynamo.table()
    return Streams(dynamo)


@pytest.fixture
def reader(dynamo: Dynamo) -> StreamReader:
    return StreamReader(store=dynamo.store, clock=dynamo.clock)


async def put(streams: Streams, name: str) -> None:
    await streams.dynamo.call("PutItem", TableName="notes", Item={"pk": {"S": name}})


def names(batch: Batch) -> str:
    return "".join(_event(event.json)["dynamodb"]["Keys"]["pk"]["S"] for event in batch.events)


def _event(data: bytes) -> dict[str, Any]:
    decoded: dict[str, Any] = msgspec.json.decode(data)
    return decoded


async def test_an_event_looks_as_functions_get_it(streams: Streams, reader: StreamReader) -> None:
    """Source: Lambda Developer Guide, "Using AWS Lambda with Amazon DynamoDB", the sample event."""
    arn = await streams.enable(view="KEYS_ONLY")
    await streams.expire_by("ttl")
    await put(streams, "a")
    (shard,) = await reader.shards(arn)
    batch = await reader.read(arn, shard.id, await reader.oldest(arn, shard.id), limit=10, bytes_max=MB)
    (event,) = batch.events
    (record,) = await streams.all_records(arn)
    assert _event(event.json) == record | {"eventSourceARN": arn}
    assert event.sequence_number == record["dynamodb"]["SequenceNumber"]
    assert event.at_ms == int(streams.clock.timestamp() * 1000)


async def test_an_expiry_tells_functions_who_did_it(streams: Streams, reader: StreamReader) -> None:
    """In lower case, other than GetRecords. Source: Developer Guide, "DynamoDB Streams and Time to Live"."""
    from pileus.services.dynamodb.expiring import ItemExpiry

    arn = await streams.enable(view="KEYS_ONLY")
    await streams.expire_by("ttl")
    second = str(int(streams.clock.timestamp()))
    await streams.dynamo.call("PutItem", TableName="notes", Item={"pk": {"S": "a"}, "ttl": {"N": second}})
    await ItemExpiry(store=streams.store, clock=streams.clock).sweep()
    (shard,) = await reader.shards(arn)
    batch = await reader.read(arn, shard.id, await reader.oldest(arn, shard.id), limit=10, bytes_max=MB)
    assert _event(batch.events[1].json)["userIdentity"] == {
        "type": "Service",
        "principalId": "dynamodb.amazonaws.com",
    }


async def test_a_stream_is_read_in_batches_over_shards(streams: Streams, reader: StreamReader) -> None:
    """A mapping reads a parent to its end, then its child; limits of records and bytes both hold."""
    arn = await streams.enable()
    for name in "abc":
        await put(streams, name)
    streams.clock.advance(timedelta(hours=4))
    parent, child = await reader.shards(arn)
    assert (parent.parent, parent.closed, child.parent, child.closed) == (None, True, parent.id, False)
    await put(streams, "d")
    first = await reader.read(arn, parent.id, await reader.oldest(arn, parent.id), limit=2, bytes_max=MB)
    assert first.next is not None
    second = await reader.read(arn, parent.id, first.next, limit=2, bytes_max=MB)
    assert (names(first), names(second), second.next) == ("ab", "c", None)
    third = await reader.read(arn, child.id, await reader.oldest(arn, child.id), limit=2, bytes_max=1)
    assert names(third) == "d"
    assert third.next == await reader.latest(arn, child.id)
    small = await reader.read(arn, parent.id, await reader.oldest(arn, parent.id), limit=10, bytes_max=1)
    assert names(small) == "a"


async def test_a_reader_begins_at_a_time(streams: Streams, reader: StreamReader) -> None:
    """AT_TIMESTAMP of a mapping."""
    arn = await streams.enable()
    await put(streams, "a")
    streams.clock.advance(timedelta(minutes=1))
    moment = streams.clock.now()
    await put(streams, "b")
    (shard,) = await reader.shards(arn)
    position = await reader.at_time(arn, shard.id, moment)
    assert names(await reader.read(arn, shard.id, position, limit=10, bytes_max=MB)) == "b"


@pytest.mark.parametrize("happens", ["change", "roll", "disable"])
async def test_a_reader_waits_without_polling(streams: Streams, reader: StreamReader, happens: str) -> None:
    """Everything that a reader has to look at wakes it: a change, a new shard, and the end of the stream."""
    arn = await streams.enable()
    watch = await reader.watch(arn)
    waiting = asyncio.create_task(watch.changed())
    await asyncio.sleep(0.01)
    assert not waiting.done()
    if happens == "change":
        await put(streams, "a")
    elif happens == "roll":
        streams.clock.advance(timedelta(hours=4))
        await streams.retention.sweep()
    else:
        await streams.disable()
    async with asyncio.timeout(5):
        await waiting


async def test_a_reader_that_was_away_for_a_day_is_told(streams: Streams, reader: StreamReader) -> None:
    """It goes on with the oldest that is left; when the stream is gone, there is nothing to go on with."""
    arn = await streams.enable()
    await put(streams, "a")
    (shard,) = await reader.shards(arn)
    position = await reader.oldest(arn, shard.id)
    streams.clock.advance(timedelta(hours=20))
    assert len(await reader.shards(arn)) == 2
    streams.clock.advance(timedelta(hours=5))
    with pytest.raises(TrimmedDataAccessException):
        await reader.read(arn, shard.id, position, limit=1, bytes_max=MB)
    ended = await reader.read(arn, shard.id, await reader.oldest(arn, shard.id), limit=1, bytes_max=MB)
    assert ended == ([], None)
    await streams.delete_table()
    streams.clock.advance(timedelta(hours=24))
    with pytest.raises(ResourceNotFoundException):
        await reader.shards(arn)
