"""A secondary index against the definition of one, whatever happens while it is filled.

The model is the table itself: an index holds exactly the items that have its key attributes in the right types, with
the attributes that it projects. Items come, change and go between the steps that fill it, steps are repeated as after
a kill, indexes are deleted half-way and made anew under the same name.
"""

import asyncio
import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pileus.kernel.clock import MovableClock
from pileus.kernel.errors import ServiceError
from pileus.kernel.outbox import Delivery
from pileus.kernel.storage import records
from pileus.kernel.storage.emissions import EventRecord, waiting
from pileus.kernel.storage.seam import Event
from pileus.kernel.storage.sqlite import open_store
from pileus.services.dynamodb import indexes, steps
from pileus.services.dynamodb.table_work import TOPIC, TableWork
from tests.unit.dynamodb.conftest import Dynamo

Item = dict[str, Any]

keys = st.integers(0, 11).map(lambda number: {"pk": {"S": f"p{number % 3}"}, "sk": {"N": str(number)}})
colours = st.sampled_from([None, {"S": "red"}, {"S": "blue"}, {"N": "1"}, {"S": ""}])
sizes = st.sampled_from([None, {"N": "1"}, {"N": "2"}, {"S": "large"}])
actions = st.one_of(
    st.tuples(st.just("put"), keys, colours, sizes),
    st.tuples(st.just("delete"), keys),
    st.tuples(st.just("update"), keys, colours),
    st.tuples(st.just("create"), st.sampled_from(["ALL", "KEYS_ONLY", "INCLUDE"])),
    st.tuples(st.just("drop")),
    st.tuples(st.just("step"), st.booleans()),
)


class Worker:
    """Delivers tasks one at a time, as the outbox does."""

    def __init__(self, dynamo: Dynamo) -> None:
        self._store = dynamo.store
        self._work = TableWork(store=dynamo.store)

    async def step(self, *, killed: bool = False) -> bool:
        """Deliver the first task; whether there was one. killed: before it could be taken from the queue."""
        begin, end = waiting(TOPIC).range()
        pairs = await self._store.snapshot().range(begin, end, limit=1)
        for key, data in pairs:
            event = Event(topic=TOPIC, payload=records.decode(data, EventRecord).payload)
            await self._work.deliver(Delivery(event=event, attempt=1, due=MovableClock().now(), id=1))
            if not killed:
                async with self._store.transaction() as tx:
                    tx.clear(key)
        return bool(pairs)


def expected(items: list[Item], projection: str) -> list[Item]:
    """What an index by `colour` and `size` holds."""
    shown = {"pk", "sk", "colour", "size"} | ({"other"} if projection == "INCLUDE" else set())
    found = []
    for item in items:
        if item.get("colour", {}).get("S") and "N" in item.get("size", {}):
            found.append(item if projection == "ALL" else {name: item[name] for name in item if name in shown})
    return found


async def scan(dynamo: Dynamo, **more: Any) -> list[Item]:
    items: list[Item] = (await dynamo.call("Scan", TableName="notes", **more))["Items"]
    return sorted(items, key=repr)


REFUSALS = {
    "LimitExceededException",
    "ResourceInUseException",
    "ResourceNotFoundException",
    "ValidationException",
}


async def attempt(dynamo: Dynamo, operation: str, **request: Any) -> None:
    """A refusal changes nothing, and is no matter here."""
    try:
        await dynamo.call(operation, TableName="notes", **request)
    except ServiceError as error:
        if error.error_code not in REFUSALS:
            raise


async def perform(dynamo: Dynamo, worker: Worker, action: tuple[Any, ...], projections: list[str]) -> None:
    match action:
        case ("put", key, colour, size):
            given = {"colour": colour, "size": size, "other": {"S": "x"}, "rest": {"S": "y"}}
            item = {**key, **{name: value for name, value in given.items() if value is not None}}
            await attempt(dynamo, "PutItem", Item=item)
        case ("delete", key):
            await attempt(dynamo, "DeleteItem", Key=key)
        case ("update", key, colour):
            if colour is None:
                await attempt(dynamo, "UpdateItem", Key=key, UpdateExpression="REMOVE colour")
            else:
                values = {":c": colour}
                await attempt(
                    dynamo,
                    "UpdateItem",
                    Key=key,
                    UpdateExpression="SET colour = :c",
                    ExpressionAttributeValues=values,
                )
        case ("create", projection):
            included = {"NonKeyAttributes": ["other"]} if projection == "INCLUDE" else {}
            schema = [{"AttributeName": "colour", "KeyType": "HASH"}, {"AttributeName": "size", "KeyType": "RANGE"}]
            index = {
                "IndexName": "index",
                "KeySchema": schema,
                "Projection": {"ProjectionType": projection, **included},
            }
            definitions = [
                {"AttributeName": "colour", "AttributeType": "S"},
                {"AttributeName": "size", "AttributeType": "N"},
            ]
            before = await states(dynamo)
            await attempt(
                dynamo,
                "UpdateTable",
                AttributeDefinitions=definitions,
                GlobalSecondaryIndexUpdates=[{"Create": index}],
            )
            if not before:
                projections.append(projection)
        case ("drop",):
            await attempt(dynamo, "UpdateTable", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "index"}}])
        case ("step", killed):
            await worker.step(killed=killed)


async def states(dynamo: Dynamo) -> list[str]:
    table = (await dynamo.call("DescribeTable", TableName="notes"))["Table"]
    return [index["IndexStatus"] for index in table.get("GlobalSecondaryIndexes", ())]


async def live(history: list[tuple[Any, ...]]) -> None:
    clock = MovableClock()
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder), clock=clock)
        dynamo = Dynamo(store, clock=clock)
        await dynamo.table("notes", sort="N")
        worker, projections = Worker(dynamo), list[str]()
        for action in history:
            await perform(dynamo, worker, action, projections)
        while await worker.step():
            pass
        match await states(dynamo):
            case ["ACTIVE"]:
                assert await scan(dynamo, IndexName="index") == sorted(
                    expected(await scan(dynamo), projections[-1]), key=repr
                )
            case []:
                table_entries = await store.snapshot().range(b"\x02dynamodb\x00", b"\x02dynamodb\x01")
                assert not [key for key, _ in table_entries if b"\x02index\x00" in key]
            case other:
                raise AssertionError(f"the index rests as {other}")
        await store.close()


@given(st.lists(actions, min_size=40, max_size=60), st.booleans())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_an_index_is_what_it_should_be(history: list[tuple[Any, ...]], refers: bool) -> None:
    """In steps of three items at the most. refers: entries refer to their items, however small they are."""
    bytes_min = 0 if refers else indexes.REFERS_FROM_BYTES
    with (
        patch.object(steps, "STEP_PAIRS", 3),
        patch.object(steps, "_FIRST_PAIRS", 2),
        patch.object(indexes, "REFERS_FROM_BYTES", bytes_min),
    ):
        asyncio.run(live(history))
