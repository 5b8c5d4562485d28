"""Does one request leave the others their turn, whatever it is asked?"""

import asyncio
import time
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from pileus.kernel.clock import MovableClock
from pileus.kernel.errors import ServiceError
from pileus.kernel.storage.sqlite import open_store
from pileus.services.dynamodb.pages import CHUNK_MAX, LOOKED_INTO_CHUNK_MAX
from tests.unit.dynamodb.conftest import Dynamo

ITEMS = 3_000
SECONDS_MAX = 3.0
"""Of the processor; what is tested here took from twenty seconds to hours."""


class Turns:
    """Counts how often others had their turn while a body ran."""

    count = 0

    async def __aenter__(self) -> "Turns":
        self._counting = asyncio.create_task(self._count())
        await asyncio.sleep(0)
        self.count = 0
        return self

    async def __aexit__(self, *_: object) -> None:
        self._counting.cancel()
        await asyncio.gather(self._counting, return_exceptions=True)

    async def _count(self) -> None:
        while True:
            self.count += 1
            await asyncio.sleep(0)


async def filled(dynamo: Dynamo) -> str:
    name = await dynamo.table(sort="S")
    for start in range(0, ITEMS, 25):
        puts = [
            {"PutRequest": {"Item": {"pk": {"S": "a"}, "sk": {"S": f"{number:05d}"}}}}
            for number in range(start, start + 25)
        ]
        await dynamo.call("BatchWriteItem", RequestItems={name: puts})
    return name


@pytest.mark.parametrize(
    ("asked", "found", "chunk"),
    [
        ({}, ITEMS, CHUNK_MAX),
        ({"Select": "COUNT"}, ITEMS, CHUNK_MAX),
        ({"ProjectionExpression": "pk"}, ITEMS, LOOKED_INTO_CHUNK_MAX),
        ({"FilterExpression": "attribute_exists(x)"}, 0, LOOKED_INTO_CHUNK_MAX),
    ],
)
async def test_a_page_of_small_items(dynamo: Dynamo, asked: dict[str, Any], found: int, chunk: int) -> None:
    """A page of 1 MB may hold tens of thousands; looking into them all takes up to seconds."""
    name = await filled(dynamo)
    async with Turns() as turns:
        answer = await dynamo.call("Scan", TableName=name, **asked)
    assert answer["Count"] == found
    assert answer["ScannedCount"] == ITEMS
    assert turns.count >= ITEMS // chunk


async def test_a_statement_that_scans(dynamo: Dynamo) -> None:
    """The same in PartiQL, which reads pages by the same code."""
    name = await filled(dynamo)
    async with Turns() as turns:
        assert await dynamo.call("ExecuteStatement", Statement=f"SELECT * FROM {name} WHERE x = 1") == {"Items": []}
    assert turns.count >= ITEMS // LOOKED_INTO_CHUNK_MAX


async def test_an_update_that_multiplies_a_list(dynamo: Dynamo) -> None:
    """A long list that is written to hundreds of attributes is refused before all of that is measured."""
    name = await dynamo.table()
    key = {"pk": {"S": "a"}}
    await dynamo.call("PutItem", TableName=name, Item={**key, "l": {"L": [{"N": "1"}] * 40_000}})
    copies = ", ".join(f"a{number} = list_append(l, l)" for number in range(120))
    started_s = time.process_time()
    error = await dynamo.error("UpdateItem", TableName=name, Key=key, UpdateExpression=f"SET {copies}")
    assert error == "ValidationException: Item size to update has exceeded the maximum allowed size"
    statement = f"UPDATE {name} " + " ".join(f"SET a{number} = l" for number in range(120)) + " WHERE pk = 'a'"
    assert (await dynamo.error("ExecuteStatement", Statement=statement)).endswith("exceeded the maximum allowed size")
    assert time.process_time() - started_s < SECONDS_MAX


@pytest.mark.parametrize("kind", ["SS", "NS"])
async def test_a_large_set_less_another(dynamo: Dynamo, kind: str) -> None:
    """Each member is looked up, not searched for: 40,000 times 40,000 comparisons took minutes."""
    name = await dynamo.table()
    key = {"pk": {"S": "a"}}
    members = [str(number) for number in range(100_000, 140_000)]
    await dynamo.call("PutItem", TableName=name, Item={**key, "set": {kind: members}})
    started_s = time.process_time()
    await dynamo.call(
        "UpdateItem",
        TableName=name,
        Key=key,
        UpdateExpression="DELETE #s :gone",
        ExpressionAttributeNames={"#s": "set"},
        ExpressionAttributeValues={":gone": {kind: [*members[1:], "7"]}},
    )
    assert time.process_time() - started_s < SECONDS_MAX
    found = await dynamo.call("GetItem", TableName=name, Key=key)
    assert found["Item"]["set"] == {kind: members[:1]}


class HastyClock(MovableClock):
    """Whenever somebody looks, another second has passed, so that every turn is over at once."""

    monotonic = staticmethod(count().__next__)


@pytest.fixture
async def hasty(tmp_path: Path) -> AsyncIterator[Dynamo]:
    """DynamoDB where everything takes long."""
    clock = HastyClock()
    store = open_store(tmp_path, clock=clock)
    yield Dynamo(store, clock=clock)
    await store.close()


LONG_ITEMS = 6
LONG: dict[str, Any] = {"S": "x" * 100_000}
"""As an item it is not written in one go with five others."""


def long_items(prefix: str = "", **more: Any) -> list[dict[str, Any]]:
    return [{"pk": {"S": f"{prefix}{number}"}, "l": LONG, **more} for number in range(LONG_ITEMS)]


async def write_long(dynamo: Dynamo, name: str) -> None:
    puts = [{"PutRequest": {"Item": item}} for item in long_items()]
    await dynamo.call("BatchWriteItem", RequestItems={name: puts})


async def test_a_batch_that_looks_into_items(hasty: Dynamo) -> None:
    """16 MB of items that are projected are half a second's work."""
    name = await hasty.table()
    await write_long(hasty, name)
    keys = [{"pk": item["pk"]} for item in long_items()]
    async with Turns() as turns:
        answer = await hasty.call("BatchGetItem", RequestItems={name: {"Keys": keys, "ProjectionExpression": "pk"}})
    assert len(answer["Responses"][name]) == LONG_ITEMS
    assert turns.count >= LONG_ITEMS - 1


async def test_a_batch_that_writes_long_items(hasty: Dynamo) -> None:
    """25 items of 400 KB held everybody up for seconds: each is measured, and written into every index."""
    await indexed(hasty)
    puts = [{"PutRequest": {"Item": item}} for item in long_items(g={"S": "g"})]
    for _ in range(2):
        async with Turns() as turns:
            await hasty.call("BatchWriteItem", RequestItems={"notes": puts})
        assert turns.count >= 2 * LONG_ITEMS
    assert (await hasty.call("Scan", TableName="notes", Select="COUNT"))["Count"] == LONG_ITEMS
    found = await hasty.call("Scan", TableName="notes", IndexName="global", Select="COUNT")
    assert found["Count"] > 0


async def indexed(hasty: Dynamo) -> None:
    await hasty.call(
        "CreateTable",
        TableName="notes",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "g")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "global",
                "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )


async def test_a_long_batch_is_refused_before_any_of_it_is_written(hasty: Dynamo) -> None:
    """It is written in parts, but what is wrong with the last item is said before the first part."""
    await indexed(hasty)
    items = [*long_items(g={"S": "g"}), {"pk": {"S": "wrong"}, "g": {"N": "1"}}]
    asked = {"notes": [{"PutRequest": {"Item": item}} for item in items]}
    error = await hasty.error("BatchWriteItem", RequestItems=asked)
    assert "Type mismatch for Index Key g Expected: S Actual: N" in error
    assert (await hasty.call("Scan", TableName="notes", Select="COUNT"))["Count"] == 0


def long_updates(name: str, **more: Any) -> list[dict[str, Any]]:
    add = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}, **more}
    return [{"Update": {"TableName": name, "Key": {"pk": item["pk"]}, **add}} for item in long_items()]


async def numbers(hasty: Dynamo, name: str) -> list[str]:
    """Of all items, what `n` is."""
    found = await hasty.call("Scan", TableName=name, ProjectionExpression="n")
    return [item["n"]["N"] for item in found["Items"] if item]


async def test_a_transaction_of_long_items(hasty: Dynamo) -> None:
    """Items are legal, changed and shown one by one, and others have their turn in between; all is one all the same."""
    name = await hasty.table()
    async with Turns() as turns:
        puts = [{"Put": {"TableName": name, "Item": item}} for item in long_items()]
        await hasty.call("TransactWriteItems", TransactItems=puts, ClientRequestToken="token")
    assert turns.count >= LONG_ITEMS - 1
    async with Turns() as turns:
        await hasty.call("TransactWriteItems", TransactItems=long_updates(name))
    assert turns.count >= LONG_ITEMS - 1
    assert await numbers(hasty, name) == ["1"] * LONG_ITEMS
    gets = [
        {"Get": {"TableName": name, "Key": {"pk": item["pk"]}, "ProjectionExpression": "n"}} for item in long_items()
    ]
    async with Turns() as turns:
        found = await hasty.call("TransactGetItems", TransactItems=gets)
    assert turns.count >= LONG_ITEMS - 1
    assert found == {"Responses": [{"Item": {"n": {"N": "1"}}}] * LONG_ITEMS}


async def test_transactions_of_long_items_meet(hasty: Dynamo) -> None:
    """What an attempt has found out counts only while the item is what it was: no addition is lost, none is doubled."""
    name = await hasty.table()
    await write_long(hasty, name)
    transactions = [hasty.call("TransactWriteItems", TransactItems=long_updates(name)) for _ in range(3)]
    single = hasty.call(
        "UpdateItem",
        TableName=name,
        Key={"pk": {"S": "3"}},
        UpdateExpression="ADD n :ten",
        ExpressionAttributeValues={":ten": {"N": "10"}},
    )
    await asyncio.gather(*transactions, single)
    assert sorted(await numbers(hasty, name)) == ["13", *["3"] * (LONG_ITEMS - 1)]


async def test_one_of_two_long_transactions_wins(hasty: Dynamo) -> None:
    """A condition that was true when the items were looked into is asked again of what is there at the end."""
    name = await hasty.table()
    await write_long(hasty, name)
    once = long_updates(name, ConditionExpression="attribute_not_exists(n)")
    both = [hasty.call("TransactWriteItems", TransactItems=once) for _ in range(2)]
    results = await asyncio.gather(*both, return_exceptions=True)
    codes = sorted(result.error_code if isinstance(result, ServiceError) else "" for result in results)
    assert codes == ["", "TransactionCanceledException"]
    assert await numbers(hasty, name) == ["1"] * LONG_ITEMS


def long_statements(name: str, *, condition: str = "") -> list[dict[str, Any]]:
    """Each changes a long item."""
    statement = f"UPDATE {name} SET n = ? WHERE pk = ?{condition}"
    return [{"Statement": statement, "Parameters": [{"N": "1"}, item["pk"]]} for item in long_items()]


async def test_a_transaction_of_statements(hasty: Dynamo) -> None:
    """What holds of TransactWriteItems holds of ExecuteTransaction: 100 statements are parsed, done, shown in turns."""
    name = await hasty.table()
    async with Turns() as turns:
        inserts = [
            {"Statement": f"INSERT INTO {name} VALUE {{'pk': ?, 'l': ?}}", "Parameters": [item["pk"], item["l"]]}
            for item in long_items()
        ]
        await hasty.call("ExecuteTransaction", TransactStatements=inserts, ClientRequestToken="token")
    assert turns.count >= 4 * LONG_ITEMS - 1
    error = await hasty.error("ExecuteTransaction", TransactStatements=inserts)
    assert error.startswith("TransactionCanceledException: ")
    assert error.count("DuplicateItem") == LONG_ITEMS
    async with Turns() as turns:
        await hasty.call("ExecuteTransaction", TransactStatements=long_statements(name))
    assert turns.count >= 3 * LONG_ITEMS - 1
    assert await numbers(hasty, name) == ["1"] * LONG_ITEMS
    reads = [{"Statement": f"SELECT n FROM {name} WHERE pk = ?", "Parameters": [item["pk"]]} for item in long_items()]
    async with Turns() as turns:
        found = await hasty.call("ExecuteTransaction", TransactStatements=reads)
    assert turns.count >= 3 * LONG_ITEMS - 1
    assert found == {"Responses": [{"Item": {"n": {"N": "1"}}}] * LONG_ITEMS}


async def test_one_of_two_long_transactions_of_statements_wins(hasty: Dynamo) -> None:
    """As with TransactWriteItems: what was found out counts only while the item is what it was."""
    name = await hasty.table()
    await write_long(hasty, name)
    once = long_statements(name, condition=" AND n IS MISSING")
    both = [hasty.call("ExecuteTransaction", TransactStatements=once) for _ in range(2)]
    results = await asyncio.gather(*both, return_exceptions=True)
    codes = sorted(result.error_code if isinstance(result, ServiceError) else repr(result) for result in results)
    assert codes == ["TransactionCanceledException", "{'Responses': []}"]
    assert await numbers(hasty, name) == ["1"] * LONG_ITEMS
