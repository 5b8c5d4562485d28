"""How streams begin, roll and end, in the store alone."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from pileus.kernel.clock import MovableClock
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Store, Transaction
from pileus.kernel.storage.sqlite import open_store
from pileus.services.dynamodb.changes import Change, ChangeLog
from pileus.services.dynamodb.expiry import Expiry
from pileus.services.dynamodb.store import region_subspace
from pileus.services.dynamodb.streams import records
from pileus.services.dynamodb.streams.model import status
from pileus.services.dynamodb.streams.records import ShardRecord, StreamRecord
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


@pytest.mark.parametrize(
    ("closed_at_s", "now_s", "said"),
    [
        (None, 9.9, "ENABLING"),
        (None, 10, "ENABLED"),
        (20, 20, "DISABLING"),
        (20, 29.9, "DISABLING"),
        (20, 30, "DISABLED"),
        (20, 100_000, "DISABLED"),
    ],
)
async def test_a_stream_says_how_far_it_is(store: Store, closed_at_s: float | None, now_s: float, said: str) -> None:
    """It follows its table, whose changes may take a while."""

    async def work(tx: Transaction) -> str:
        where = {"account_id": ACCOUNT, "region_name": REGION}
        await records.open_stream(tx, SUBSPACE, TABLE, **where, label="l", view="KEYS_ONLY", now_s=0, ready_at_s=10)
        if closed_at_s is not None:
            table = replace(TABLE, stream=StreamReference(label="l", view="KEYS_ONLY"))
            await records.close_stream(tx, SUBSPACE, table, **where, now_s=closed_at_s, done_at_s=closed_at_s + 10)
        return "l"

    assert status(await find(store, await store.run(work)), now_s) == said


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


KEPT = [
    (
        StreamRecord(
            account_id=ACCOUNT,
            region=REGION,
            table="notes",
            table_id="table-id",
            label="2026-11-23T15:31:06.123",
            view="NEW_AND_OLD_IMAGES",
            key_schema=[("pk", "HASH"), ("sk", "RANGE")],
            created_at_s=1.5,
            ready_at_s=2.5,
            shards=[
                ShardRecord(id="shardId-1", first=1, opened_at_s=1.5, last=7, closed_at_s=3.5),
                ShardRecord(id="shardId-2", first=8, opened_at_s=3.5, last=9, closed_at_s=4.5, parent="shardId-1"),
            ],
            closed_at_s=4.5,
            done_at_s=5.5,
        ),
        (
            "8da474797065a973747265616d2e7631aa6163636f756e745f6964ac303030303030303030303030a6726567696f6ea96575"
            "2d776573742d31a57461626c65a56e6f746573a87461626c655f6964a87461626c652d6964a56c6162656cb7323032362d31"
            "312d32335431353a33313a30362e313233a476696577b24e45575f414e445f4f4c445f494d41474553aa6b65795f73636865"
            "6d619292a2706ba44841534892a2736ba552414e4745ac637265617465645f61745f73cb3ff8000000000000aa7265616479"
            "5f61745f73cb4004000000000000a67368617264739286a26964a9736861726449642d31a5666972737401ab6f70656e6564"
            "5f61745f73cb3ff8000000000000a46c61737407ab636c6f7365645f61745f73cb400c000000000000a6706172656e74c086"
            "a26964a9736861726449642d32a5666972737408ab6f70656e65645f61745f73cb400c000000000000a46c61737409ab636c"
            "6f7365645f61745f73cb4012000000000000a6706172656e74a9736861726449642d31ab636c6f7365645f61745f73cb4012"
            "000000000000a9646f6e655f61745f73cb4016000000000000"
        ),
    ),
    (
        Change(kind="MODIFY", keys=b"{}", at_ms=1_795_447_866_123, old=b"old", new=b"new", by_ttl=True),
        (
            "87a474797065a96368616e67652e7631a46b696e64a64d4f44494659a46b657973c4027b7da561745f6d73cf000001a20908"
            "430ba36f6c64c4036f6c64a36e6577c4036e6577a662795f74746cc3"
        ),
    ),
    (
        Expiry(account_id=ACCOUNT, region=REGION, table="notes", table_id="table-id", key=b"key"),
        (
            "86a474797065a96578706972792e7631aa6163636f756e745f6964ac303030303030303030303030a6726567696f6ea96575"
            "2d776573742d31a57461626c65a56e6f746573a87461626c655f6964a87461626c652d6964a36b6579c4036b6579"
        ),
    ),
]


@pytest.mark.parametrize(("record", "kept"), KEPT)
def test_what_the_first_version_wrote_is_still_read(record: msgspec.Struct, kept: str) -> None:
    """These bytes were written by the first version; whatever comes later must read them."""
    assert decode(bytes.fromhex(kept), type(record)) == record
