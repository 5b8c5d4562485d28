"""A stream against the table it came from: whoever replays it has the table."""

import asyncio
import tempfile
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pileus.kernel.clock import MovableClock
from pileus.kernel.errors import ServiceError
from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.seam import Transaction
from pileus.kernel.storage.sqlite import open_store
from pileus.services.dynamodb.changes import Change, ChangeLog
from pileus.services.dynamodb.expiring import ItemExpiry
from tests.unit.dynamodb.conftest import Dynamo
from tests.unit.dynamodb.streaming import Streams

START = datetime(2026, 11, 23, 15, 31, 6, tzinfo=UTC)

few = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])

keys = st.fixed_dictionaries(
    {"pk": st.sampled_from("ab").map(lambda s: {"S": s}), "sk": st.integers(0, 2).map(str).map(lambda n: {"N": n})}
)
values = st.one_of(
    st.sampled_from(["", "x", "é"]).map(lambda s: {"S": s}),
    st.sampled_from(["1", "1.0", "2"]).map(lambda n: {"N": n}),
    st.permutations(["x", "y"]).map(lambda members: {"SS": members}),
    st.sampled_from([{"L": []}, {"L": [{"M": {"k": {"N": "1"}}}]}, {"NULL": True}]),
)
items = st.builds(
    lambda key, attributes: {**key, **attributes},
    keys,
    st.dictionaries(st.sampled_from(["v", "w"]), values, max_size=2),
)
mortal = st.builds(
    lambda item, seconds: {**item, "ttl": {"N": str(int(START.timestamp()) + seconds)}}, items, st.integers(0, 6)
)


def _update(key: dict[str, Any], value: dict[str, Any], condition: bool) -> dict[str, Any]:
    update = {"Key": key, "UpdateExpression": "SET v = :v", "ExpressionAttributeValues": {":v": value}}
    return update | ({"ConditionExpression": "attribute_exists(pk)"} if condition else {})


updates = st.builds(_update, keys, values, st.booleans())
removals = keys.map(lambda key: {"Key": key, "UpdateExpression": "REMOVE v, ttl_"})
"""`ttl_` is never there: such a part changes nothing."""
deletions = keys.map(lambda key: {"Key": key})

singles = st.one_of(
    st.tuples(st.just("PutItem"), st.one_of(items, mortal).map(lambda item: {"Item": item})),
    st.tuples(st.just("UpdateItem"), st.one_of(updates, removals)),
    st.tuples(st.just("DeleteItem"), deletions),
)
operations = st.one_of(
    singles,
    st.lists(singles, min_size=1, max_size=3).map(lambda actions: ("TransactWriteItems", actions)),
    st.lists(items, min_size=1, max_size=3).map(lambda batch: ("BatchWriteItem", batch)),
    st.integers(1, 3).map(lambda seconds: ("seconds", seconds)),
    st.just(("hours", 4)),
)


async def _perform(dynamo: Dynamo, operation: str, given: Any) -> None:
    """A refused operation must leave no trace; so refusals are no failures here."""
    table = {"TableName": "notes"}
    with suppress(ServiceError):
        if operation == "TransactWriteItems":
            actions = [{name.removesuffix("Item"): table | parameters} for name, parameters in given]
            await dynamo.call(operation, TransactItems=actions)
        elif operation == "BatchWriteItem":
            await dynamo.call(operation, RequestItems={"notes": [{"PutRequest": {"Item": item}} for item in given]})
        else:
            await dynamo.call(operation, **table, **given)


def _key(item: dict[str, Any]) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["N"]


def _plain(item: dict[str, Any] | None) -> dict[str, Any] | None:
    """An item without the order of its sets."""
    if item is None:
        return None
    return {name: {"SS": sorted(value["SS"])} if "SS" in value else value for name, value in item.items()}


def _replayed(records: list[dict[str, Any]]) -> dict[tuple[str, str], Any]:
    """What the changes make of an empty table; each must say truly what was there before it."""
    state: dict[tuple[str, str], Any] = {}
    for record in records:
        change = record["dynamodb"]
        key, old, new = _key(change["Keys"]), change.get("OldImage"), change.get("NewImage")
        assert state.get(key) == _plain(old)
        assert _plain(old) != _plain(new)
        assert (
            record["eventName"]
            == {(False, True): "INSERT", (True, True): "MODIFY", (True, False): "REMOVE"}[
                old is not None, new is not None
            ]
        )
        state[key] = _plain(new)
    return {key: item for key, item in state.items() if item is not None}


async def _live(folder: Path, doings: list[tuple[str, Any]]) -> None:
    clock = MovableClock()
    clock.restore(offset=timedelta(0), frozen_at=START)
    store = open_store(folder, clock=clock)
    try:
        dynamo = Dynamo(store, clock=clock)
        await dynamo.table(sort="N")
        streams = Streams(dynamo)
        await streams.expire_by("ttl")
        arn = await streams.enable()
        for operation, given_ in doings:
            if operation in {"seconds", "hours"}:
                clock.advance(timedelta(**{operation: given_}))
                await ItemExpiry(store=store, clock=clock).sweep()
            else:
                await _perform(dynamo, operation, given_)
            if operation == "hours":
                await streams.retention.sweep()
        records = await streams.all_records(arn)
        numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
        assert numbers == sorted(set(numbers))
        assert len({record["eventID"] for record in records}) == len(records)
        table = (await dynamo.call("Scan", TableName="notes"))["Items"]
        assert _replayed(records) == {_key(item): _plain(item) for item in table}
    finally:
        await store.close()


@given(st.lists(operations, max_size=20).filter(lambda doings: sum(name == "hours" for name, _ in doings) < 6))
@few
def test_a_stream_rebuilds_the_table(doings: list[tuple[str, Any]]) -> None:
    """Whatever was written, refused, expired, or fell into another shard: nothing is missing, doubled or invented."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_live(Path(folder), doings))


@given(
    st.lists(st.one_of(st.none(), st.integers(0, 3)), max_size=30),  # a mark, or how much later a change comes
    st.integers(0, 30),
    st.lists(st.integers(-1, 50), min_size=1, max_size=5),
)
@few
def test_a_log_finds_times_as_a_list_does(steps: list[int | None], forgotten: int, moments: list[int]) -> None:
    """Trimming and AT_TIMESTAMP search by halves, over marks that have no time and over what was forgotten."""

    async def search(tx: Transaction) -> tuple[list[int], list[int]]:
        log = ChangeLog(Subspace("log"), "table", None)
        changes: list[tuple[int, int]] = []
        at_ms = 0
        for step in steps:
            if step is None:
                await log.mark(tx)
                continue
            at_ms += step
            changes.append((await log.append(tx, Change(kind="INSERT", keys=b"{}", at_ms=at_ms)), at_ms))
        first = min(forgotten, len(steps) + 1)
        log.forget(tx, first)
        kept = [(number, made_ms) for number, made_ms in changes if number >= first]
        assert [number for number, _ in await log.read(tx, 0, 1_000, limit=0)] == [number for number, _ in kept]
        expected = [max([number + 1 for number, made_ms in kept if made_ms < at], default=first) for at in moments]
        return [await log.number_at(tx, at) for at in moments], expected

    async def run(folder: Path) -> None:
        store = open_store(folder, clock=MovableClock())
        try:
            found, expected = await store.run(search)
            assert found == expected
        finally:
            await store.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))
