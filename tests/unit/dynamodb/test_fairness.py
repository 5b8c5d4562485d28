"""Does one request leave the others their turn, whatever it is asked?"""

import asyncio
import time
from typing import Any

import pytest

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


async def test_a_batch_that_looks_into_items(dynamo: Dynamo) -> None:
    """16 MB of items that are projected are half a second's work."""
    name = await dynamo.table()
    keys = [{"pk": {"S": str(number)}} for number in range(50)]
    for start in (0, 25):
        puts = [{"PutRequest": {"Item": key}} for key in keys[start : start + 25]]
        await dynamo.call("BatchWriteItem", RequestItems={name: puts})
    async with Turns() as turns:
        answer = await dynamo.call("BatchGetItem", RequestItems={name: {"Keys": keys, "ProjectionExpression": "pk"}})
    assert len(answer["Responses"][name]) == len(keys)
    assert turns.count >= len(keys) - 1
