"""Items whose time has come: which go, which stay, and what else happens when one goes."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from pileus.kernel.metrics.counting import Metrics
from pileus.services.dynamodb.expiring import ITEMS_PER_TRANSACTION, ItemExpiry
from pileus.services.dynamodb.expiry import EXPIRES_WITHIN_S, EXPIRIES, expires_at, until_expired
from pileus.services.dynamodb.metrics import NAMESPACE, DynamoDbMetrics
from pileus.services.dynamodb.shapes import AttributeValue
from pileus.services.dynamodb.store import TableDirectory, write_table
from tests.unit.dynamodb.conftest import Dynamo
from tests.unit.dynamodb.streaming import ACCOUNT, REGION, SUBSPACE, Streams

NOW = 1_795_447_866
"""Seconds since 1970: 2026-11-23T15:31:06Z."""


@pytest.fixture
async def streams(dynamo: Dynamo) -> Streams:
    """A table `notes` whose items expire by `ttl`, at a clock that stands still."""
    dynamo.clock.restore(offset=timedelta(0), frozen_at=datetime.fromtimestamp(NOW, UTC))
    await dynamo.table()
    streams = Streams(dynamo)
    await streams.expire_by("ttl")
    return streams


async def put(dynamo: Dynamo, name: str, ttl: int | str | None) -> None:
    """ttl: a text is put as one."""
    time = {} if ttl is None else {"ttl": {"S" if isinstance(ttl, str) else "N": str(ttl)}}
    await dynamo.call("PutItem", TableName="notes", Item={"pk": {"S": name}, **time})


async def names(dynamo: Dynamo) -> set[str]:
    return {item["pk"]["S"] for item in (await dynamo.call("Scan", TableName="notes"))["Items"]}


async def entries(dynamo: Dynamo) -> int:
    """How many times are written down."""
    begin, end = EXPIRIES.prefix, EXPIRIES.prefix + b"\xff"
    return len(await dynamo.store.snapshot().range(begin, end))


def duty(dynamo: Dynamo) -> ItemExpiry:
    return ItemExpiry(store=dynamo.store, clock=dynamo.clock)


@pytest.mark.parametrize(
    ("value", "second"),
    [
        (AttributeValue(n="0"), 0),
        (AttributeValue(n="1795447866"), NOW),
        (AttributeValue(n="1795447866.9"), NOW),
        (AttributeValue(n="1.795447866E9"), NOW),
        (AttributeValue(n="-1"), None),
        (AttributeValue(n="1E125"), None),
        (AttributeValue(s="1795447866"), None),
        (AttributeValue(ns=["1795447866"]), None),
        (None, None),
    ],
)
def test_only_a_number_is_a_time(value: AttributeValue | None, second: int | None) -> None:
    """Source: Developer Guide, "Using time to live (TTL) in DynamoDB"."""
    assert expires_at({} if value is None else {"ttl": value}, "ttl") == second


async def test_what_has_expired_goes_and_nothing_else(streams: Streams, dynamo: Dynamo) -> None:
    """The second itself has come; what is more than five years old stays, and so does what is no time."""
    await put(dynamo, "now", NOW)
    await put(dynamo, "before", NOW - 1)
    await put(dynamo, "five years", NOW - EXPIRES_WITHIN_S)
    await put(dynamo, "older", NOW - EXPIRES_WITHIN_S - 1)
    await put(dynamo, "zero", 0)
    await put(dynamo, "later", NOW + 1)
    await put(dynamo, "never", None)
    await put(dynamo, "text", str(NOW))
    await duty(dynamo).sweep()
    assert await names(dynamo) == {"older", "zero", "later", "never", "text"}
    dynamo.clock.advance(timedelta(seconds=1))
    await duty(dynamo).sweep()
    assert await names(dynamo) == {"older", "zero", "never", "text"}


async def test_the_last_time_counts(streams: Streams, dynamo: Dynamo) -> None:
    """A session that is prolonged must not be deleted at its first time, nor one whose time was taken away."""
    for name in ("longer", "none", "gone"):
        await put(dynamo, name, NOW)
    await put(dynamo, "sooner", NOW + 1000)
    await put(dynamo, "longer", NOW + 1000)
    await dynamo.call(
        "UpdateItem",
        TableName="notes",
        Key={"pk": {"S": "none"}},
        UpdateExpression="REMOVE #t",
        ExpressionAttributeNames={"#t": "ttl"},
    )
    await dynamo.call("DeleteItem", TableName="notes", Key={"pk": {"S": "gone"}})
    await put(dynamo, "sooner", NOW)
    assert await entries(dynamo) == 2
    await duty(dynamo).sweep()
    assert await names(dynamo) == {"longer", "none"}
    assert await entries(dynamo) == 1


async def test_an_expiry_is_a_change_by_nobody(streams: Streams, dynamo: Dynamo) -> None:
    """Consumers tell it from a user's deletion by `userIdentity`.

    Source: Developer Guide, "DynamoDB Streams and Time to Live".
    """
    arn = await streams.enable()
    await put(dynamo, "a", NOW)
    await put(dynamo, "b", NOW + 1000)
    await duty(dynamo).sweep()
    await dynamo.call("DeleteItem", TableName="notes", Key={"pk": {"S": "b"}})
    inserted, _, expired, deleted = await streams.all_records(arn)
    assert expired["eventName"] == deleted["eventName"] == "REMOVE"
    assert expired["userIdentity"] == {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}
    assert expired["dynamodb"]["OldImage"] == {"pk": {"S": "a"}, "ttl": {"N": str(NOW)}}
    assert "userIdentity" not in deleted
    assert "userIdentity" not in inserted


async def _off(streams: Streams) -> None:
    await streams.expire_by("ttl", enabled=False)


async def _elsewhere(streams: Streams) -> None:
    await streams.expire_by("other")


async def _deleting(streams: Streams) -> None:
    async with streams.store.transaction() as tx:
        table = await TableDirectory().read_of(ACCOUNT, REGION, "notes", tx)
        assert table is not None
        write_table(tx, SUBSPACE, replace(table.record, deleting_until_s=NOW + 10.0))


async def _another(streams: Streams) -> None:
    async with streams.store.transaction() as tx:
        table = await TableDirectory().read_of(ACCOUNT, REGION, "notes", tx)
        assert table is not None
        write_table(tx, SUBSPACE, replace(table.record, id="another"))


async def _gone(streams: Streams) -> None:
    await streams.dynamo.call("DeleteTable", TableName="notes")


@pytest.mark.parametrize("change", [_off, _elsewhere, _deleting, _another, _gone])
async def test_entries_that_mean_nothing_any_more_are_dropped(
    streams: Streams, dynamo: Dynamo, change: Callable[[Streams], Any]
) -> None:
    """An entry is a hint: table, setting and item are looked at again, and no item is deleted by an old rule."""
    await put(dynamo, "a", NOW)
    before = dict(await dynamo.store.snapshot().range(b"", b"\xff"))
    await change(streams)
    async with dynamo.store.transaction() as tx:  # what the change itself may have cleaned up is put back
        for key, value in before.items():
            if key.startswith(EXPIRIES.prefix):
                tx.set(key, value)
    items = {key for key in before if b"item" in key and not key.startswith(EXPIRIES.prefix)}
    left = {key for key, _ in await dynamo.store.snapshot().range(b"", b"\xff")} & items
    await duty(dynamo).sweep()
    assert await entries(dynamo) == 0
    assert {key for key, _ in await dynamo.store.snapshot().range(b"", b"\xff")} & items == left


async def test_a_deleted_table_leaves_no_times_behind(streams: Streams, dynamo: Dynamo) -> None:
    """Not even where TTL was switched off a moment before: what expires in a thousand years would stay that long."""
    await put(dynamo, "a", NOW + 1000 * 365 * 24 * 3600)
    await dynamo.settle()
    assert await entries(dynamo) == 1
    await streams.expire_by("ttl", enabled=False)
    await dynamo.call("DeleteTable", TableName="notes")
    await dynamo.settle()
    assert await entries(dynamo) == 0


async def test_many_expire_at_once(streams: Streams, dynamo: Dynamo) -> None:
    """More than one transaction takes; other work gets its turn between."""
    count = 2 * ITEMS_PER_TRANSACTION + 1
    for name in range(count):
        await put(dynamo, str(name), NOW - name % 3)
    sweep = asyncio.create_task(duty(dynamo).sweep())
    seen = set()
    while not sweep.done():
        seen.add(await entries(dynamo))
        await asyncio.sleep(0)
    assert await names(dynamo) == set()
    assert seen >= {count, count - ITEMS_PER_TRANSACTION}


async def test_expired_items_are_counted(streams: Streams, dynamo: Dynamo) -> None:
    """`TimeToLiveDeletedItemCount` of the table."""
    metrics = Metrics(dynamo.store, dynamo.clock)
    await put(dynamo, "a", NOW)
    await put(dynamo, "b", NOW)
    await ItemExpiry(store=dynamo.store, clock=dynamo.clock, metrics=DynamoDbMetrics(metrics, dynamo.clock)).sweep()
    ((metric, _, kept),) = await metrics.of_minute(datetime.fromtimestamp(NOW - NOW % 60, UTC))
    assert (metric.namespace, metric.name, metric.dimensions) == (
        NAMESPACE,
        "TimeToLiveDeletedItemCount",
        (("TableName", "notes"),),
    )
    assert kept.sum == 2


async def test_the_duty_wakes_with_the_clock(streams: Streams, dynamo: Dynamo) -> None:
    """A test that moves the clock by a day sees the item go at once; and what is late when written goes too."""
    await put(dynamo, "tomorrow", NOW + 86_400)
    running = asyncio.create_task(duty(dynamo).run())
    try:
        async with asyncio.timeout(10):
            await asyncio.sleep(0.01)
            assert await names(dynamo) == {"tomorrow"}
            dynamo.clock.advance(timedelta(days=1))
            while await names(dynamo):
                await asyncio.sleep(0.001)
            await put(dynamo, "late", NOW)  # the clock stands still
            while await names(dynamo):
                await asyncio.sleep(0.01)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_waiting_ends_when_something_has_expired(streams: Streams, dynamo: Dynamo) -> None:
    """The server imports no DynamoDB before; entries that are too old to count do not end it."""
    await put(dynamo, "older", NOW - EXPIRES_WITHIN_S - 1)
    waiting = asyncio.create_task(until_expired(dynamo.store.snapshot(), dynamo.clock))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    await put(dynamo, "soon", NOW + 1)
    dynamo.clock.advance(timedelta(seconds=1))
    async with asyncio.timeout(5):
        await waiting
