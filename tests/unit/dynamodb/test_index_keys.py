"""Keys of secondary indexes: what is wrong with them, and how one of several attributes is asked for."""

from typing import Any, Final

import pytest

from pileus.kernel.errors import ServiceError
from tests.unit.dynamodb.conftest import Dynamo

KEY: Final = {"pk": {"S": "item"}, "sk": {"S": "a"}}
MISMATCH: Final = (
    "One or more parameter values were invalid: Type mismatch for Index Key to Expected: {} Actual: {} IndexName: first"
)
UNSUPPORTED: Final = "The update expression attempted to update the secondary index key to unsupported type"
EMPTY: Final = (
    "One or more parameter values are not valid. A value specified for a secondary index key is not supported. The "
    "AttributeValue for a key attribute cannot contain an empty string value. IndexName: first, IndexKey: to"
)
EMPTY_BY_UPDATE: Final = (
    "One or more parameter values are not valid. The update expression attempted to update a secondary index key to a "
    "value that is not supported. The AttributeValue for a key attribute cannot contain an empty string value."
)


async def indexed(dynamo: Dynamo) -> None:
    """A table with three indexes of one attribute, the first by name neither the first by kind nor by creation."""
    attributes = ("pk", "sk", "to")
    await dynamo.call(
        "CreateTable",
        TableName="notes",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in attributes],
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        LocalSecondaryIndexes=[_index("local", [("pk", "HASH"), ("to", "RANGE")])],
        GlobalSecondaryIndexes=[_index(name, [("to", "HASH")]) for name in ("second", "first")],
    )


def _index(name: str, keys: list[tuple[str, str]], projection: str = "ALL") -> dict[str, Any]:
    return {
        "IndexName": name,
        "KeySchema": [{"AttributeName": attribute, "KeyType": role} for attribute, role in keys],
        "Projection": {"ProjectionType": projection},
    }


def _set(value: dict[str, Any]) -> dict[str, Any]:
    return {
        "TableName": "notes",
        "Key": KEY,
        "UpdateExpression": "SET #to = :to",
        "ExpressionAttributeNames": {"#to": "to"},
        "ExpressionAttributeValues": {":to": value},
    }


@pytest.mark.parametrize(
    ("value", "put", "updated"),
    [
        ({"N": "5"}, MISMATCH.format("S", "N"), MISMATCH.format("S", "N")),
        ({"L": [{"S": "x"}]}, MISMATCH.format("S", "L"), MISMATCH.format("S", "L")),
        ({"S": ""}, EMPTY, EMPTY_BY_UPDATE),
    ],
)
async def test_one_item_at_a_time(dynamo: Dynamo, value: dict[str, Any], put: str, updated: str) -> None:
    """The first index by name is blamed; an update is blamed in other words, and nothing of either is written."""
    await indexed(dynamo)
    item = {**KEY, "to": value}
    assert await dynamo.error("PutItem", TableName="notes", Item=item) == f"ValidationException: {put}"
    batch = {"notes": [{"PutRequest": {"Item": item}}]}
    assert await dynamo.error("BatchWriteItem", RequestItems=batch) == f"ValidationException: {put}"
    assert await dynamo.error("UpdateItem", **_set(value)) == f"ValidationException: {updated}"
    assert (await dynamo.call("Scan", TableName="notes"))["Items"] == []


async def test_types_that_only_the_item_shows(dynamo: Dynamo) -> None:
    """Of a value that the update takes from the item, no index is blamed by name."""
    await indexed(dynamo)
    await dynamo.call("PutItem", TableName="notes", Item={**KEY, "n": {"N": "5"}})
    update = {
        "TableName": "notes",
        "Key": KEY,
        "UpdateExpression": "SET #to = n",
        "ExpressionAttributeNames": {"#to": "to"},
    }
    assert await dynamo.error("UpdateItem", **update) == f"ValidationException: {UNSUPPORTED}"


@pytest.mark.parametrize("action", ["Put", "Update"])
@pytest.mark.parametrize(("value", "kind"), [({"N": "5"}, "N"), ({"L": [{"S": "x"}]}, "L")])
async def test_wrong_types_cancel_a_transaction(dynamo: Dynamo, action: str, value: dict[str, Any], kind: str) -> None:
    """In a transaction an update of the wrong type is told of as a put is, with the index's name."""
    await indexed(dynamo)
    one = {"TableName": "notes", "Item": {**KEY, "to": value}} if action == "Put" else _set(value)
    with pytest.raises(ServiceError) as caught:
        await dynamo.call("TransactWriteItems", TransactItems=[{action: one}])
    assert caught.value.error_code == "TransactionCanceledException"
    reasons = caught.value.members["CancellationReasons"]
    assert isinstance(reasons, list)
    (reason,) = reasons
    assert (reason.code, reason.message) == ("ValidationError", MISMATCH.format("S", kind))


@pytest.mark.parametrize(
    ("action", "error"),
    [
        ({"Put": {"TableName": "notes", "Item": {**KEY, "to": {"S": ""}}}}, EMPTY),
        ({"Update": _set({"S": ""})}, EMPTY_BY_UPDATE),
    ],
)
async def test_empty_values_refuse_a_transaction(dynamo: Dynamo, action: dict[str, Any], error: str) -> None:
    """An empty key is no reason to cancel: the request is refused, whatever else fails."""
    await indexed(dynamo)
    failing = {
        "ConditionCheck": {
            "TableName": "notes",
            "Key": {"pk": {"S": "other"}, "sk": {"S": "a"}},
            "ConditionExpression": "attribute_exists(pk)",
        }
    }
    for actions in ([action], [failing, action], [action, failing]):
        assert await dynamo.error("TransactWriteItems", TransactItems=actions) == f"ValidationException: {error}"


# --- keys of several attributes --------------------------------------------------------------------------------------

VALUES: Final = {":h": "o", ":a": "T", ":b": "live", ":c": "a", ":d": "r"}


async def deep(dynamo: Dynamo) -> None:
    """A table with an index that sorts by four attributes."""
    attributes = ("pk", "h", "a", "b", "c", "d")
    await dynamo.call(
        "CreateTable",
        TableName="notes",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in attributes],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[_index("deep", [("h", "HASH"), *((name, "RANGE") for name in "abcd")])],
    )


def _asking(condition: str) -> dict[str, Any]:
    return {
        "TableName": "notes",
        "IndexName": "deep",
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": {name: {"S": text} for name, text in VALUES.items() if name in condition},
    }


@pytest.mark.parametrize(
    ("condition", "unequal", "present"),
    [
        ("h = :h AND a = :a AND c = :c", "b", "c"),
        ("h = :h AND a = :a AND b > :b AND c = :c", "b", "c"),
        ("h = :h AND b = :b", "a", "b"),
        ("h = :h AND begins_with(a, :a) AND b = :b", "a", "b"),
    ],
)
async def test_gaps_in_a_sort_key(dynamo: Dynamo, condition: str, unequal: str, present: str) -> None:
    """A range, or nothing, can only be asked of what comes last."""
    await deep(dynamo)
    assert await dynamo.error("Query", **_asking(condition)) == (
        f"ValidationException: RANGE key attributes {unequal} must have equality conditions specified in the query "
        f"because a condition is present on key attribute {present}"
    )


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("h = :h", ["p5", "p4", "p3", "p2", "p1"]),
        ("b = :b AND h = :h AND a = :a", ["p3", "p2", "p1"]),
        ("h = :h AND a = :a AND b < :b", ["p4"]),
        ("h = :h AND a = :a AND b = :b AND c > :c", ["p1"]),
        ("h = :h AND a = :a AND b = :b AND c = :c AND begins_with(d, :d)", ["p3", "p2"]),
    ],
)
async def test_a_sort_key_of_four(dynamo: Dynamo, condition: str, expected: list[str]) -> None:
    """Entries sort by each attribute in turn, conditions come in any order, and an item without one has no entry."""
    await deep(dynamo)
    for pk, *rest in (
        ("p1", "T", "live", "b", "r1"),
        ("p2", "T", "live", "a", "r2"),
        ("p3", "T", "live", "a", "r1"),
        ("p4", "T", "draft", "c", "r1"),
        ("p5", "F", "live", "a", "r0"),
        ("p6", "T", "live", "c"),
    ):
        item = {"pk": pk, "h": "o", **dict(zip("abcd", rest, strict=False))}
        await dynamo.call("PutItem", TableName="notes", Item={name: {"S": text} for name, text in item.items()})
    answer = await dynamo.call("Query", **_asking(condition))
    assert [item["pk"]["S"] for item in answer["Items"]] == expected


# --- attributes that an index does not hold --------------------------------------------------------------------------


@pytest.mark.parametrize(("index", "condition"), [("global", "g = :k"), ("local", "pk = :k")])
async def test_filters_of_what_an_index_does_not_hold(dynamo: Dynamo, index: str, condition: str) -> None:
    """A Query is refused, whichever kind of index; a Scan finds nothing, as the entries do not have it.

    Source: paritysuite/dynamodb-conformance, tests/tier2/partiql/indexQualifier.test.ts (2026).
    """
    await dynamo.call(
        "CreateTable",
        TableName="notes",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "g", "l")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[_index("global", [("g", "HASH")], "KEYS_ONLY")],
        LocalSecondaryIndexes=[_index("local", [("pk", "HASH"), ("l", "RANGE")], "KEYS_ONLY")],
    )
    names = ("pk", "sk", "g", "l", "beyond", "also")
    await dynamo.call("PutItem", TableName="notes", Item={name: {"S": "k"} for name in names})
    values = {":k": {"S": "k"}}
    error = await dynamo.error(
        "Query",
        TableName="notes",
        IndexName=index,
        KeyConditionExpression=condition,
        FilterExpression="beyond = :k OR also = :k",
        ExpressionAttributeValues=values,
    )
    assert error == (
        f"ValidationException: One or more parameter values were invalid: Secondary index {index} does not project one "
        "or more filter attributes: [also, beyond]"
    )
    found = await dynamo.call(
        "Scan", TableName="notes", IndexName=index, FilterExpression="also = :k", ExpressionAttributeValues=values
    )
    assert (found["Count"], found["ScannedCount"]) == (0, 1)
