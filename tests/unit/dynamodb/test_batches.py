"""Batches: many items of several tables in one request."""

from typing import Any

import pytest

from tests.unit.dynamodb.conftest import Dynamo


def put(pk: str, **more: Any) -> dict[str, Any]:
    return {"PutRequest": {"Item": {"pk": {"S": pk}, **more}}}


def delete(pk: str) -> dict[str, Any]:
    return {"DeleteRequest": {"Key": {"pk": {"S": pk}}}}


async def test_two_tables_at_once(dynamo: Dynamo) -> None:
    """Puts and deletes of two tables, and what they cost."""
    await dynamo.table("notes")
    await dynamo.table("users")
    await dynamo.call("BatchWriteItem", RequestItems={"notes": [put("old")]})
    answer = await dynamo.call(
        "BatchWriteItem",
        RequestItems={"notes": [put("a"), delete("old")], "users": [put("b", n={"S": "x" * 1500})]},
        ReturnConsumedCapacity="TOTAL",
    )
    assert answer == {
        "UnprocessedItems": {},
        "ConsumedCapacity": [
            {"TableName": "notes", "CapacityUnits": 2.0},
            {"TableName": "users", "CapacityUnits": 2.0},
        ],
    }
    keys = [{"pk": {"S": pk}} for pk in ("a", "old")]
    answer = await dynamo.call(
        "BatchGetItem",
        RequestItems={
            "notes": {"Keys": keys, "ConsistentRead": True},
            "users": {"Keys": [{"pk": {"S": "b"}}], "ProjectionExpression": "pk"},
        },
        ReturnConsumedCapacity="TOTAL",
    )
    assert answer == {
        "Responses": {"notes": [{"pk": {"S": "a"}}], "users": [{"pk": {"S": "b"}}]},
        "UnprocessedKeys": {},
        "ConsumedCapacity": [
            {"TableName": "notes", "CapacityUnits": 2.0},
            {"TableName": "users", "CapacityUnits": 0.5},
        ],
    }


async def test_sixteen_megabytes(dynamo: Dynamo) -> None:
    """What would make the answer larger is left unprocessed, to be asked for again."""
    await dynamo.table()
    for number in range(45):
        big = {"S": "x" * 390_000}
        await dynamo.call("PutItem", TableName="notes", Item={"pk": {"S": f"{number:02}"}, "big": big})
    keys = [{"pk": {"S": f"{number:02}"}} for number in range(45)]
    answer = await dynamo.call("BatchGetItem", RequestItems={"notes": {"Keys": keys, "ConsistentRead": True}})
    left = answer["UnprocessedKeys"]["notes"]
    assert [item["pk"] for item in answer["Responses"]["notes"]] + [key["pk"] for key in left["Keys"]] == [
        key["pk"] for key in keys
    ]
    assert len(left["Keys"]) == 2
    assert left["ConsistentRead"] is True


@pytest.mark.parametrize(
    ("writes", "error"),
    [
        ([put("a"), delete("a")], "ValidationException: Provided list of item keys contains duplicates"),
        (
            [{}],
            "ValidationException: Supplied AttributeValue has more than one datatypes set, must contain exactly one of "
            "the supported datatypes",
        ),
        (
            [{"DeleteRequest": {"Key": {"id": {"S": "a"}}}}],
            "ValidationException: The provided key element does not match the schema",
        ),
    ],
)
async def test_wrong_batches(dynamo: Dynamo, writes: list[Any], error: str) -> None:
    """One wrong write refuses the batch; nothing of it is done."""
    await dynamo.table()
    assert await dynamo.error("BatchWriteItem", RequestItems={"notes": [put("z"), *writes]}) == error
    assert (await dynamo.call("Scan", TableName="notes"))["Count"] == 0


async def test_too_many(dynamo: Dynamo) -> None:
    """The limits hold over all tables together."""
    for name in ("one", "two"):
        await dynamo.table(name)
    writes = {name: [put(str(number)) for number in range(13)] for name in ("one", "two")}
    assert await dynamo.error("BatchWriteItem", RequestItems=writes) == (
        "ValidationException: Too many items requested for the BatchWriteItem call"
    )
    keys = {name: {"Keys": [{"pk": {"S": str(number)}} for number in range(51)]} for name in ("one", "two")}
    assert await dynamo.error("BatchGetItem", RequestItems=keys) == (
        "ValidationException: Too many items requested for the BatchGetItem call"
    )
