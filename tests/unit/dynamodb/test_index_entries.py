"""A large entry of an index refers to its item instead of repeating it, and nobody who reads the index can tell."""

import asyncio
from typing import Any, Final

import pytest

from pileus.services.dynamodb.indexes import REFERS_FROM_BYTES
from pileus.services.dynamodb.pages import FIRST_CHUNK
from pileus.services.dynamodb.stored import HEADER_BYTES, is_reference, item_size, pack_item, unpack_item
from tests.unit.dynamodb.conftest import Dynamo

LARGE: Final = {"S": "x" * 100_000}
INDEXES: Final = {"all": ["ALL"], "part": ["INCLUDE", "big"], "little": ["INCLUDE", "small"], "keys": ["KEYS_ONLY"]}


async def table(dynamo: Dynamo, *, local: bool = False) -> None:
    """By `g` and `h`, or `pk` and `h`; numbers, texts and bytes are keys, since each may hold zeros as it is kept."""
    indexes = [
        {
            "IndexName": name,
            "KeySchema": [
                {"AttributeName": "pk" if local else "g", "KeyType": "HASH"},
                {"AttributeName": "h", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": kind, **({"NonKeyAttributes": names} if names else {})},
        }
        for name, (kind, *names) in INDEXES.items()
    ]
    more: dict[str, Any] = {"LocalSecondaryIndexes" if local else "GlobalSecondaryIndexes": indexes}
    kinds = {"pk": "S", "sk": "B", "h": "N"} | ({} if local else {"g": "S"})
    await dynamo.call(
        "CreateTable",
        TableName="notes",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, kind in kinds.items()],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        **more,
    )


def item(number: int, **more: Any) -> dict[str, Any]:
    return {
        "pk": {"S": "p\0"},
        "sk": {"B": ["AAA=", "AP8A", "AAAAAA=="][number]},
        "g": {"S": "\0g\0\0"},
        "h": {"N": str(-number)},
        "big": LARGE,
        "small": {"S": "y"},
        **more,
    }


def shown(index: str, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = {"pk", "sk", "g", "h", *INDEXES[index][1:]} if index != "all" else set(items[0]) | {"late"}
    return [{name: value for name, value in one.items() if name in names} for one in items]


async def kept(dynamo: Dynamo) -> int:
    """How many bytes all entries are."""
    pairs = await dynamo.store.snapshot().range(b"\x02dynamodb\x00", b"\x02dynamodb\x01")
    return sum(len(data) for key, data in pairs if b"\x02index\x00" in key)


@pytest.mark.parametrize("local", [False, True])
async def test_an_index_of_large_items(dynamo: Dynamo, local: bool) -> None:
    """Whatever it projects, each page of it, forwards and backwards, and its units are those of entries that repeat."""
    await table(dynamo, local=local)
    items = [item(number) for number in range(3)]
    if local:
        items = [{name: value for name, value in one.items() if name != "g"} for one in items]
    for one in items:
        await dynamo.call("PutItem", TableName="notes", Item=one)
    assert await kept(dynamo) < len(INDEXES) * len(items) * REFERS_FROM_BYTES
    items.reverse()  # by h
    partition = {":p": items[0]["pk" if local else "g"]}
    condition = f"{'pk' if local else 'g'} = :p"
    for index in INDEXES:
        asked: dict[str, Any] = {
            "TableName": "notes",
            "IndexName": index,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": partition,
            "ReturnConsumedCapacity": "TOTAL",
        }
        whole = await dynamo.call("Query", **asked)
        assert whole["Items"] == shown(index, items)
        large = index in {"all", "part"}
        assert whole["ConsumedCapacity"]["CapacityUnits"] == (37.0 if large else 0.5)
        assert (await dynamo.call("Query", **asked, Select="COUNT"))["Count"] == 3
        for forward in (True, False):
            found: list[dict[str, Any]] = []
            start: dict[str, Any] = {}
            while True:
                page = await dynamo.call("Query", **asked, **start, Limit=1, ScanIndexForward=forward)
                found += page["Items"]
                if "LastEvaluatedKey" not in page:
                    break
                start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
            assert found == shown(index, items if forward else items[::-1])
        statement = f'SELECT * FROM "notes"."{index}"'
        assert (await dynamo.call("ExecuteStatement", Statement=statement))["Items"] == shown(index, items)
    described = (await dynamo.call("DescribeTable", TableName="notes"))["Table"]
    sizes = {
        one["IndexName"]: one["IndexSizeBytes"]
        for one in described[f"{'Local' if local else 'Global'}SecondaryIndexes"]
    }
    assert sizes["all"] == described["TableSizeBytes"] > sizes["part"] > 300_000 > sizes["little"]


async def test_what_changes_in_an_item_changes_in_its_index(dynamo: Dynamo) -> None:
    """Also what no entry was written for: an index of all keeps up, one of a part shows what it did."""
    await table(dynamo)
    await dynamo.call("PutItem", TableName="notes", Item=item(0))
    key = {name: item(0)[name] for name in ("pk", "sk")}
    for expression, values, after in (
        ("SET small = :v", {":v": {"S": "z"}}, item(0, small={"S": "z"})),
        ("SET big = :v", {":v": {"S": "w"}}, item(0, small={"S": "z"}, big={"S": "w"})),
        ("SET big = :v", {":v": LARGE}, item(0, small={"S": "z"})),
        ("SET h = :v", {":v": {"N": "7"}}, item(0, small={"S": "z"}, h={"N": "7"})),
    ):
        await dynamo.call(
            "UpdateItem", TableName="notes", Key=key, UpdateExpression=expression, ExpressionAttributeValues=values
        )
        for index in INDEXES:
            found = await dynamo.call("Scan", TableName="notes", IndexName=index)
            assert found["Items"] == shown(index, [after])
    await dynamo.call("DeleteItem", TableName="notes", Key=key)
    assert await kept(dynamo) == 0


async def test_entries_of_older_versions_are_read(dynamo: Dynamo) -> None:
    """They repeat their item, whatever its size, and are replaced as they change."""
    await table(dynamo)
    await dynamo.call("PutItem", TableName="notes", Item=item(0))
    pairs = await dynamo.store.snapshot().range(b"\x02dynamodb\x00", b"\x02dynamodb\x01")
    [whole] = [data for key, data in pairs if b"\x02item\x00" in key]
    [at] = [key for key, data in pairs if is_reference(data) and data[1:HEADER_BYTES] == whole[1:HEADER_BYTES]]
    async with dynamo.store.transaction() as tx:
        tx.set(at, whole)  # as it was written before entries referred to anything
    found = await dynamo.call("Scan", TableName="notes", IndexName="all")
    assert found["Items"] == [item(0)]
    await dynamo.call("PutItem", TableName="notes", Item=item(0, small={"S": "z"}))
    replaced = await dynamo.store.snapshot().get(at)
    assert replaced is not None
    assert is_reference(replaced)


async def test_an_entry_refers_to_no_item_that_is_much_larger(dynamo: Dynamo) -> None:
    """Else a page of five hundred entries would read and decode five hundred items of 400 KB, while everybody waits."""
    await table(dynamo)
    little = item(0, big={"S": "x" * (REFERS_FROM_BYTES + 500)})
    await dynamo.call("PutItem", TableName="notes", Item=little)
    assert await kept(dynamo) < REFERS_FROM_BYTES
    key = {name: little[name] for name in ("pk", "sk")}
    spent = await dynamo.call(
        "UpdateItem",
        TableName="notes",
        Key=key,
        UpdateExpression="SET late = :v",
        ExpressionAttributeValues={":v": LARGE},
        ReturnConsumedCapacity="INDEXES",
    )
    assert "part" not in spent["ConsumedCapacity"]["GlobalSecondaryIndexes"]  # nothing has changed there
    assert REFERS_FROM_BYTES < await kept(dynamo) < 2 * REFERS_FROM_BYTES
    for index in INDEXES:
        found = await dynamo.call("Scan", TableName="notes", IndexName=index)
        assert found["Items"] == shown(index, [{**little, "late": LARGE}])


async def scanning(dynamo: Dynamo, **more: Any) -> tuple[asyncio.Task[dict[str, Any]], dict[bytes, bytes]]:
    """A scan of an index of large entries after its first chunk, and what is kept of the items."""
    await table(dynamo)
    for number in range(FIRST_CHUNK + 8):
        key = {"pk": {"S": f"p{number}"}, "sk": {"B": "AAA="}}
        await dynamo.call("PutItem", TableName="notes", Item=item(0, **key, big={"S": "x" * REFERS_FROM_BYTES}))
    pairs = await dynamo.store.snapshot().range(b"\x02dynamodb\x00", b"\x02dynamodb\x01")
    reading = asyncio.create_task(dynamo.call("Scan", TableName="notes", IndexName="all", **more))
    await asyncio.sleep(0)
    return reading, {place: data for place, data in pairs if b"\x02item\x00" in place}


async def test_a_table_that_goes_while_its_index_is_read(dynamo: Dynamo) -> None:
    """Items are removed before the entries that refer to them: the rest of the page shows none, and is no failure."""
    reading, items = await scanning(dynamo)
    async with dynamo.store.transaction() as tx:
        for place in items:
            tx.clear(place)  # as `table_work` does, from the first on
    assert (await reading)["Count"] == FIRST_CHUNK


async def test_an_index_that_goes_while_it_is_read(dynamo: Dynamo) -> None:
    """Nobody maintains its entries any more: an item that has lost the index's key has none to go on from."""
    reading, items = await scanning(dynamo, Limit=FIRST_CHUNK + 2)
    async with dynamo.store.transaction() as tx:
        for place, data in items.items():
            left = {name: value for name, value in unpack_item(data).items() if name != "h"}
            tx.set(place, pack_item(left, item_size(data) - 2))
    page = await reading
    assert page["Count"] == FIRST_CHUNK + 2
    assert "LastEvaluatedKey" not in page
