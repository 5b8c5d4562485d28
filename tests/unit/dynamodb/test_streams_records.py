"""How streams begin, roll and end, in the store alone."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from pileus.kernel.clock import MovableClock
from pileus.kernel.storage.seam import Store, Transaction
from pileus.kernel.storage.sqlite import open_store
from pileus.services.dynamodb.changes import Change, ChangeLog
from pileus.services.dynamodb.store import region_subspace
from pileus.services.dynamodb.streams import records
from pileus.services.dynamodb.streams.records import StreamRecord
from pileus.services.dynamodb.table_records import StreamReference, TableRecord

ACCOUNT, REGION = "000000000000", "eu-west-1"
SUBSPACE = region_subspace(ACCOUNT, REGION)
TABLE = TableRecord(
    name="notes",
    id="table-id",
    key_schema=[("pk", "HASH")],
    attribute_definitions=[("pk", "S")],
    created_at_s=0,
    active_at_s=0,
    billing_mode="PAY_PER_REQUEST",
)
LOG = ChangeLog(SUBSPACE, TABLE.id, None)
HOUR = 3600


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = open_store(tmp_path, clock=MovableClock())
    yield store
    await store.close()


async def begin(tx: Transaction, now_s: float = 0) -> StreamRecord:
    label = await records.free_label(tx, account_id=ACCOUNT, region_name=REGION, table=TABLE.name, now_s=now_s)
    return await records.open_stream(
        tx, SUBSPACE, TABLE, account_id=ACCOUNT, region_name=REGION, label=label, view="KEYS_ONLY", now_s=now_s
    )


async def end(tx: Transaction, stream: StreamRecord, now_s: float) -> None:
    table = replace(TABLE, stream=StreamReference(label=stream.label, view=stream.view))
    await records.close_stream(tx, SUBSPACE, table, account_id=ACCOUNT, region_name=REGION, now_s=now_s)


async def find(store: Store, label: str) -> StreamRecord:
    found = await records.read_stream(
        store.snapshot(), account_id=ACCOUNT, region_name=REGION, table=TABLE.name, label=label
    )
    assert found is not None
    return found


async def change(tx: Transaction, at_s: float = 0) -> int:
    return await LOG.append(tx, Change(kind="INSERT", keys=b"{}", at_ms=int(at_s * 1000)))


async def test_labels_are_moments_and_never_twice(store: Store) -> None:
    """A stream is known by account, table and label; two made in one millisecond must differ."""

    async def work(tx: Transaction) -> list[str]:
        return [(await begin(tx, 1_795_447_866.1234)).label for _ in range(3)]

    assert await store.run(work) == ["2026-11-23T15:31:06.123", "2026-11-23T15:31:06.124", "2026-11-23T15:31:06.125"]


async def test_streams_of_one_table_share_no_number(store: Store) -> None:
    """Disabled and enabled again, a table has two streams on one log; no change belongs to both, none to neither."""

    async def work(tx: Transaction) -> tuple[str, str, list[int]]:
        first = await begin(tx)
        numbers = [await change(tx), await change(tx)]
        await end(tx, first, 1)
        second = await begin(tx, 2)
        return first.label, second.label, [*numbers, await change(tx)]

    first_label, second_label, numbers = await store.run(work)
    first, second = await find(store, first_label), await find(store, second_label)
    assert (first.closed_at_s, second.closed_at_s) == (1, None)
    (old,), (new,) = first.shards, second.shards
    assert old.last is not None
    assert old.first < numbers[0] < numbers[1] == old.last < new.first < numbers[2]
    assert new.last is None


async def test_a_shard_rolls_every_four_hours_even_when_empty(store: Store) -> None:
    """Children follow their parents without a gap or an overlap, and every shard has a first and last number."""

    async def work(tx: Transaction) -> StreamRecord:
        stream = await begin(tx)
        assert not stream.roll_due(4 * HOUR - 1)
        assert stream.roll_due(4 * HOUR)
        await change(tx)
        stream = await records.roll_shard(tx, LOG, stream, now_s=4 * HOUR)
        assert not stream.roll_due(5 * HOUR)
        stream = await records.roll_shard(tx, LOG, stream, now_s=8 * HOUR)
        await change(tx)
        await end(tx, stream, 9 * HOUR)
        return stream

    stream = await store.run(work)
    shards = (await find(store, stream.label)).shards
    assert [shard.parent for shard in shards] == [None, shards[0].id, shards[1].id]
    assert [shard.id for shard in shards] == sorted(shard.id for shard in shards)
    assert all(28 <= len(shard.id) <= 65 for shard in shards)
    spans = [(shard.first, shard.last) for shard in shards]
    assert spans == [(1, 2), (3, 3), (4, 5)]


async def test_shards_are_shown_for_a_day_after_they_closed(store: Store) -> None:
    """Readers that lag find the parents of the open shard, as long as a record in them may be read."""

    async def work(tx: Transaction) -> StreamRecord:
        stream = await begin(tx)
        for hours in range(4, 40, 4):
            stream = await records.roll_shard(tx, LOG, stream, now_s=hours * HOUR)
        return stream

    stream = await store.run(work)
    assert [shard.closed_at_s for shard in stream.shards] == [h * HOUR for h in (16, 20, 24, 28, 32, 36)] + [None]
    assert len(stream.shown_shards(40 * HOUR)) == 6


async def test_a_closed_stream_is_gone_after_a_day(store: Store) -> None:
    """AWS keeps a disabled stream readable for 24 hours."""

    async def work(tx: Transaction) -> str:
        stream = await begin(tx)
        await end(tx, stream, 10)
        await end(tx, stream, 11)  # a table that is deleted after its stream was disabled
        return stream.label

    stream = await find(store, await store.run(work))
    assert stream.closed_at_s == 10
    assert not stream.gone(10 + 24 * HOUR - 1)
    assert stream.gone(10 + 24 * HOUR)


async def test_a_table_without_a_stream_has_none_to_close(store: Store) -> None:
    """Whoever deletes a table need not ask."""

    async def work(tx: Transaction) -> None:
        await records.close_stream(tx, SUBSPACE, TABLE, account_id=ACCOUNT, region_name=REGION, now_s=1)

    await store.run(work)


async def test_the_log_finds_the_first_change_of_a_time(store: Store) -> None:
    """Trimming and AT_TIMESTAMP both ask for it; marks between changes, and what was forgotten, must not confuse it."""

    async def work(tx: Transaction) -> None:
        assert await LOG.number_at(tx, 5_000) == 0
        await LOG.mark(tx)  # 1
        assert await LOG.number_at(tx, 5_000) == 0
        for second in (1, 1, 2):  # 2, 3, 4
            await change(tx, second)
        await LOG.mark(tx)  # 5
        await change(tx, 4)  # 6
        found = [await LOG.number_at(tx, ms) for ms in (999, 1000, 1001, 2000, 2001, 4000, 4001)]
        assert found == [0, 0, 4, 4, 5, 5, 7]
        LOG.forget(tx, 5)
        assert [await LOG.number_at(tx, ms) for ms in (0, 4000, 4001)] == [5, 5, 7]
        assert [number for number, _ in await LOG.read(tx, 0, 100, limit=0)] == [6]
        LOG.forget_all(tx)
        assert (await LOG.last(tx), await LOG.forgotten(tx), await LOG.read(tx, 0, 100, limit=0)) == (0, 0, [])

    await store.run(work)
