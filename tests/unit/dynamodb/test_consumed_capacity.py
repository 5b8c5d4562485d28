"""What writes and reads of a table with indexes say they cost, and what they say of the item collection.

Expectations measured from DynamoDB: paritysuite/dynamodb-conformance, tests/tier1/putItem/indexConsumedCapacity.test.ts
and itemCollectionMetrics.test.ts (2026).
"""

from typing import Any, Final

import pytest

from tests.unit.dynamodb.conftest import Dynamo

KEY: Final = {"pk": {"S": "item"}, "sk": {"S": "1"}}
BOTH: Final = {**KEY, "g": {"S": "G"}, "l": {"S": "L"}, "kept": {"S": "p"}, "plain": {"S": "o"}}


async def indexed(dynamo: Dynamo) -> None:
    """A table with a global index of `g` that keeps `kept`, and a local one of `l` that keeps everything."""
    await dynamo.call(
        "CreateTable",
        TableName="notes",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "g", "l")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "global",
                "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["kept"]},
            }
        ],
        LocalSecondaryIndexes=[
            {
                "IndexName": "local",
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "l", "KeyType": "RANGE"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )


def shares(consumed: dict[str, Any]) -> tuple[float, float, float | None, float | None]:
    """In total, and of the table, the global and the local index; None where an index is not told of at all."""
    return (
        consumed["CapacityUnits"],
        consumed["Table"]["CapacityUnits"],
        consumed["GlobalSecondaryIndexes"]["global"]["CapacityUnits"] if "GlobalSecondaryIndexes" in consumed else None,
        consumed["LocalSecondaryIndexes"]["local"]["CapacityUnits"] if "LocalSecondaryIndexes" in consumed else None,
    )


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"g": {"S": "G"}, "kept": {"S": "p"}}, (2, 1, 1, None)),
        ({"plain": {"S": "o"}}, (1, 1, None, None)),
        ({"l": {"S": "L"}}, (2, 1, None, 1)),
        ({"g": {"S": "G"}, "l": {"S": "L"}}, (3, 1, 1, 1)),
        ({"g": {"S": "G"}, "plain": {"S": "o" * 3000}}, (4, 3, 1, None)),
    ],
)
async def test_put(dynamo: Dynamo, item: dict[str, Any], expected: tuple[float, ...]) -> None:
    """An index costs by what it keeps, and one that keeps nothing of the item is not told of; nor is any later."""
    await indexed(dynamo)
    request: dict[str, Any] = {"TableName": "notes", "Item": {**KEY, **item}, "ReturnConsumedCapacity": "INDEXES"}
    first = await dynamo.call("PutItem", **request)
    assert shares(first["ConsumedCapacity"]) == expected
    again = await dynamo.call("PutItem", **request)
    assert shares(again["ConsumedCapacity"]) == (expected[1], expected[1], None, None)
    total = await dynamo.call("DeleteItem", TableName="notes", Key=KEY, ReturnConsumedCapacity="TOTAL")
    assert total["ConsumedCapacity"] == {"TableName": "notes", "CapacityUnits": expected[0]}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("SET plain = :v", (2, 1, None, 1)),
        ("SET kept = :v", (3, 1, 1, 1)),
        ("SET g = :v", (4, 1, 2, 1)),
        ("REMOVE g", (3, 1, 1, 1)),
        ("SET l = :v", (3, 1, None, 2)),
    ],
)
async def test_update(dynamo: Dynamo, expression: str, expected: tuple[float, ...]) -> None:
    """A key that changes is deleted and put in its index; what the index does not keep costs it nothing."""
    await indexed(dynamo)
    await dynamo.call("PutItem", TableName="notes", Item=BOTH)
    values: dict[str, Any] = {"ExpressionAttributeValues": {":v": {"S": "new"}}} if ":v" in expression else {}
    answer = await dynamo.call(
        "UpdateItem",
        TableName="notes",
        Key=KEY,
        UpdateExpression=expression,
        ReturnConsumedCapacity="INDEXES",
        **values,
    )
    assert shares(answer["ConsumedCapacity"]) == expected


async def test_many_at_once(dynamo: Dynamo) -> None:
    """A batch adds up by table; a transaction costs double, of indexes too, and says what it reads and writes."""
    await indexed(dynamo)
    puts = [{**BOTH, "sk": {"S": "2"}}, {**KEY, "plain": {"S": "o"}}]
    batch = await dynamo.call(
        "BatchWriteItem",
        RequestItems={"notes": [{"PutRequest": {"Item": item}} for item in puts]},
        ReturnConsumedCapacity="INDEXES",
    )
    assert [shares(one) for one in batch["ConsumedCapacity"]] == [(4, 2, 1, 1)]
    written = await dynamo.call(
        "TransactWriteItems",
        TransactItems=[{"Delete": {"TableName": "notes", "Key": {**KEY, "sk": {"S": sort}}}} for sort in "12"],
        ReturnConsumedCapacity="INDEXES",
    )
    (consumed,) = written["ConsumedCapacity"]
    assert shares(consumed) == (8, 4, 2, 2)
    assert consumed["WriteCapacityUnits"] == 8
    assert consumed["GlobalSecondaryIndexes"]["global"]["WriteCapacityUnits"] == 2
    read = await dynamo.call(
        "TransactGetItems",
        TransactItems=[{"Get": {"TableName": "notes", "Key": KEY}}] * 1,
        ReturnConsumedCapacity="INDEXES",
    )
    table = {"CapacityUnits": 2, "ReadCapacityUnits": 2}
    assert read["ConsumedCapacity"] == [{"TableName": "notes", **table, "Table": table}]


async def test_item_collections(dynamo: Dynamo) -> None:
    """Asked for alone, the size of the collection is told by every write of one item."""
    await indexed(dynamo)
    metrics = {"ItemCollectionKey": {"pk": {"S": "item"}}, "SizeEstimateRangeGB": [0, 1]}
    wanted = {"TableName": "notes", "ReturnItemCollectionMetrics": "SIZE"}
    assert await dynamo.call("PutItem", **wanted, Item=BOTH) == {"ItemCollectionMetrics": metrics}
    assert await dynamo.call("UpdateItem", **wanted, Key=KEY) == {"ItemCollectionMetrics": metrics}
    assert await dynamo.call("DeleteItem", **wanted, Key=KEY) == {"ItemCollectionMetrics": metrics}
    assert await dynamo.call("PutItem", TableName="notes", Item=BOTH, ReturnItemCollectionMetrics="NONE") == {}


async def test_reads_of_indexes(dynamo: Dynamo) -> None:
    """What the index holds costs the index alone; what it does not hold is fetched, and costs the table by item."""
    await indexed(dynamo)
    for sort in "123":
        await dynamo.call("PutItem", TableName="notes", Item={**BOTH, "sk": {"S": sort}})
    of_global = await dynamo.call(
        "Query",
        TableName="notes",
        IndexName="global",
        KeyConditionExpression="g = :g",
        ExpressionAttributeValues={":g": {"S": "G"}},
        ReturnConsumedCapacity="INDEXES",
    )
    assert shares(of_global["ConsumedCapacity"]) == (0.5, 0.0, 0.5, None)
    of_local = await dynamo.call(
        "Scan", TableName="notes", IndexName="local", ConsistentRead=True, ReturnConsumedCapacity="INDEXES"
    )
    assert shares(of_local["ConsumedCapacity"]) == (1.0, 0.0, None, 1.0)
