"""Items: what may be put, what is returned, what a condition decides, what it costs."""

import asyncio
from typing import Any

import msgspec
import pytest

from pileus.services.dynamodb.errors import ConditionalCheckFailedException
from tests.unit.dynamodb.conftest import Dynamo

KEY = {"pk": {"S": "a"}}


async def test_everything_comes_back_as_it_was_put(dynamo: Dynamo) -> None:
    """All ten types, empty strings and binaries; sets in order and numbers in canonical text, at every depth."""
    await dynamo.table()
    item = {
        **KEY,
        "empty": {"S": ""},
        "noBytes": {"B": ""},
        "binary": {"B": "kA=="},
        "null": {"NULL": True},
        "no": {"BOOL": False},
        "strings": {"SS": ["", "Z", "a", "aa", "é", "\uffee", "\U0001f600"]},
        "binaries": {"BS": ["", "AQ==", "gA=="]},
        "emptyList": {"L": []},
        "emptyMap": {"M": {}},
        'unicode ✓ " \\ \u0000': {"S": "ä \u2028 \U0001f600 \u0000"},
    }
    sent = {
        "n": {"N": "1.50"},
        "ns": {"NS": ["1E2", "-0", "9", "-1"]},
        "deep": {"L": [{"M": {"x": {"N": "007"}, "ss": {"SS": ["b", "a"]}}}]},
        "bs": {"BS": ["gA==", "AQ=="]},
    }
    await dynamo.call("PutItem", TableName="notes", Item={**item, **sent})
    canonical = {
        "n": {"N": "1.5"},
        "ns": {"NS": ["-1", "0", "9", "100"]},
        "deep": {"L": [{"M": {"x": {"N": "7"}, "ss": {"SS": ["a", "b"]}}}]},
        "bs": {"BS": ["AQ==", "gA=="]},
    }
    assert (await dynamo.call("GetItem", TableName="notes", Key=KEY))["Item"] == {**item, **canonical}
    assert await dynamo.call("GetItem", TableName="notes", Key={"pk": {"S": "b"}}) == {}


INVALID = "ValidationException: One or more parameter values were invalid: "
ENVELOPE = "ValidationException: 1 validation error detected: "
INVALID_IN_ENVELOPE = f"{ENVELOPE}One or more parameter values were invalid: "
"""What PutItem, UpdateItem and DeleteItem say of the request itself: docs/decisions/0014."""


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (
            {},
            "ValidationException: Supplied AttributeValue is empty, must contain exactly one of the supported "
            "datatypes",
        ),
        (
            {"S": "a", "N": "1"},
            "ValidationException: Supplied AttributeValue has more than one datatypes set, must contain exactly one "
            "of the supported datatypes",
        ),
        ({"NULL": False}, INVALID_IN_ENVELOPE + "Null attribute value types must have the value of true"),
        ({"SS": []}, INVALID_IN_ENVELOPE + "An string set  may not be empty"),
        ({"NS": []}, INVALID_IN_ENVELOPE + "An number set  may not be empty"),
        ({"BS": []}, INVALID_IN_ENVELOPE + "Binary sets should not be empty"),
        ({"SS": ["a", "b", "a"]}, INVALID_IN_ENVELOPE + 'Input collection ["a", "b", "a"] contains duplicates.'),
        ({"NS": ["1", "1.0"]}, INVALID_IN_ENVELOPE + "Input collection contains duplicates."),
        (
            {"BS": ["eA==", "eA=="]},
            INVALID_IN_ENVELOPE + 'Input collection ["eA==","eA=="]of type BS contains duplicates.',
        ),
        ({"N": "x"}, ENVELOPE + "The parameter cannot be converted to a numeric value: x"),
        ({"NS": ["1", ""]}, ENVELOPE + "The parameter cannot be converted to a numeric value: "),
        (
            {"N": "1" * 39},
            ENVELOPE + "Attempting to store more than 38 significant digits in a Number",
        ),
        (
            {"L": [{"M": {"x": {"L": [{}]}}}]},
            "ValidationException: Supplied AttributeValue is empty, must contain exactly one of the supported "
            "datatypes",
        ),
    ],
)
async def test_values_that_cannot_be(dynamo: Dynamo, value: dict[str, Any], error: str) -> None:
    """Refused at any depth, before anything is written."""
    await dynamo.table()
    assert await dynamo.error("PutItem", TableName="notes", Item={**KEY, "v": value}) == error
    assert await dynamo.error("PutItem", TableName="notes", Item={**KEY, "v": {"L": [{"M": {"k": value}}]}}) == error
    assert await dynamo.call("GetItem", TableName="notes", Key=KEY) == {}


async def test_nesting(dynamo: Dynamo) -> None:
    """32 levels, of which the attribute is the first, and not one more."""
    await dynamo.table()
    value: dict[str, Any] = {"S": "bottom"}
    for _ in range(31):
        value = {"L": [value]}
    await dynamo.call("PutItem", TableName="notes", Item={**KEY, "v": value})
    error = await dynamo.error("PutItem", TableName="notes", Item={**KEY, "v": {"L": [value]}})
    assert error == (
        f"{ENVELOPE}Nesting Levels have exceeded supported limits: "
        "Attributes in the item have nested levels beyond supported limit"
    )


async def test_size_limit(dynamo: Dynamo) -> None:
    """400 KB of names and values, to the byte; an update may not pass it either."""
    await dynamo.table()
    largest = {**KEY, "v": {"S": "x" * (400 * 1024 - 4)}}
    await dynamo.call("PutItem", TableName="notes", Item=largest)
    error = await dynamo.error("PutItem", TableName="notes", Item={**largest, "w": {"S": ""}})
    assert error == "ValidationException: Item size has exceeded the maximum allowed size"
    error = await dynamo.error(
        "UpdateItem",
        TableName="notes",
        Key=KEY,
        UpdateExpression="SET w = :e",
        ExpressionAttributeValues={":e": {"S": ""}},
    )
    assert error == "ValidationException: Item size to update has exceeded the maximum allowed size"
    assert (await dynamo.call("GetItem", TableName="notes", Key=KEY))["Item"] == largest


MISMATCH = "ValidationException: The provided key element does not match the schema"


@pytest.mark.parametrize(
    ("key", "error"),
    [
        ({}, MISMATCH),
        ({"pk": {"S": "a"}}, MISMATCH),
        ({"pk": {"S": "a"}, "sk": {"S": "1"}}, MISMATCH),
        ({"pk": {"N": "1"}, "sk": {"N": "1"}}, MISMATCH),
        ({"pk": {"S": "a"}, "other": {"N": "1"}}, MISMATCH),
        ({"pk": {"S": "a"}, "sk": {"N": "1"}, "x": {"S": "1"}}, MISMATCH),
        (
            {"pk": {"S": ""}, "sk": {"N": "1"}},
            "ValidationException: One or more parameter values are not valid. The AttributeValue for a key attribute "
            "cannot contain an empty string value. Key: pk",
        ),
        (
            {"pk": {"S": "a"}, "sk": {"N": "x"}},
            "The parameter cannot be converted to a numeric value: x",
        ),
        (
            {"pk": {"S": "a", "N": "1"}, "sk": {"N": "1"}},
            "ValidationException: Supplied AttributeValue has more than one datatypes set, must contain exactly one "
            "of the supported datatypes",
        ),
        (
            {"pk": {}, "sk": {"N": "1"}},
            "ValidationException: Supplied AttributeValue is empty, must contain exactly one of the supported "
            "datatypes",
        ),
        ({"pk": {"S": "a" * 2049}, "sk": {"N": "1"}}, INVALID + "Size of hashkey has exceeded the maximum size limit "
         "of2048 bytes"),
    ],
)  # fmt: skip
async def test_wrong_keys(dynamo: Dynamo, key: dict[str, Any], error: str) -> None:
    """The same check for every operation that takes a key."""
    await dynamo.table(sort="N")
    for operation, envelope in (
        ("GetItem", "ValidationException: "),
        ("DeleteItem", ENVELOPE),
        ("UpdateItem", ENVELOPE),
    ):
        expected = error if error.startswith("ValidationException") else envelope + error
        assert await dynamo.error(operation, TableName="notes", Key=key) == expected


async def test_key_attributes_of_an_item(dynamo: Dynamo) -> None:
    """PutItem says which one is wrong; the largest keys fit."""
    await dynamo.table(sort="S")
    error = await dynamo.error("PutItem", TableName="notes", Item={"pk": {"S": "a"}})
    assert error == INVALID + "Missing the key sk in the item"
    error = await dynamo.error("PutItem", TableName="notes", Item={"pk": {"S": "a"}, "sk": {"N": "1"}})
    assert error == INVALID + "Type mismatch for key sk expected: S actual: N"
    item = {"pk": {"S": "a" * 2048}, "sk": {"S": "b" * 1024}}
    await dynamo.call("PutItem", TableName="notes", Item=item)
    assert (await dynamo.call("GetItem", TableName="notes", Key=item))["Item"] == item
    error = await dynamo.error("PutItem", TableName="notes", Item={**item, "sk": {"S": "b" * 1025}})
    assert error == INVALID + "Aggregated size of all range keys has exceeded the size limit of 1024 bytes"


@pytest.mark.parametrize("kind", ["S", "N", "B"])
async def test_equal_keys_are_one_item(dynamo: Dynamo, kind: str) -> None:
    """1, 1.0 and 10E-1 are the same number, so the same item."""
    await dynamo.table(kind=kind)
    texts = {"S": ["1", "1.0"], "N": ["1", "1.0", "10E-1"], "B": ["AQ==", "AQI="]}[kind]
    for text in texts:
        await dynamo.call("PutItem", TableName="notes", Item={"pk": {kind: text}})
    answer = await dynamo.call("Scan", TableName="notes")
    assert answer["Count"] == (1 if kind == "N" else len(texts))


# --- conditions and what is returned ---------------------------------------------------------------------------------


async def test_return_values_of_put_and_delete(dynamo: Dynamo) -> None:
    """Source: recording `test_return_values_in_put_item`."""
    await dynamo.table()
    first = {**KEY, "data": {"S": "foobar"}}
    assert await dynamo.call("PutItem", TableName="notes", Item=first, ReturnValues="ALL_OLD") == {}
    assert await dynamo.call("PutItem", TableName="notes", Item=first, ReturnValues="ALL_OLD") == {"Attributes": first}
    assert await dynamo.call("PutItem", TableName="notes", Item=first, ReturnValues="NONE") == {}
    for operation, rest in (("PutItem", {"Item": first}), ("DeleteItem", {"Key": KEY})):
        error = await dynamo.error(operation, TableName="notes", ReturnValues="ALL_NEW", **rest)
        assert error == f"{ENVELOPE}ReturnValues can only be ALL_OLD or NONE"
    assert await dynamo.call("DeleteItem", TableName="notes", Key=KEY, ReturnValues="ALL_OLD") == {"Attributes": first}
    assert await dynamo.call("DeleteItem", TableName="notes", Key=KEY, ReturnValues="ALL_OLD") == {}


async def test_conditions_decide(dynamo: Dynamo) -> None:
    """Source: recording `test_return_values_on_conditions_check_failure`."""
    await dynamo.table()
    failed = "ConditionalCheckFailedException: The conditional request failed"
    once: dict[str, Any] = {"TableName": "notes", "ConditionExpression": "attribute_not_exists(pk)"}
    item = {**KEY, "price": {"N": "650"}}
    await dynamo.call("PutItem", Item=item, **once)
    assert await dynamo.error("PutItem", Item={**KEY, "price": {"N": "1"}}, **once) == failed
    assert (await dynamo.call("GetItem", TableName="notes", Key=KEY))["Item"] == item
    cheap: dict[str, Any] = {
        "TableName": "notes",
        "Key": KEY,
        "ConditionExpression": "price < :max",
        "ExpressionAttributeValues": {":max": {"N": "500"}},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    for operation in ("DeleteItem", "UpdateItem"):
        with pytest.raises(ConditionalCheckFailedException) as caught:
            await dynamo.call(operation, **cheap)
        assert msgspec.to_builtins(caught.value.members) == {"Item": item}
        assert await dynamo.error(operation, **{**cheap, "Key": {"pk": {"S": "absent"}}}) == failed
    await dynamo.call("DeleteItem", **{**cheap, "ExpressionAttributeValues": {":max": {"N": "651"}}})
    assert await dynamo.call("GetItem", TableName="notes", Key=KEY) == {}


@pytest.mark.parametrize(
    ("returns", "expected"),
    [
        ("NONE", None),
        ("ALL_OLD", {**KEY, "n": {"N": "1"}, "m": {"M": {"a": {"S": "x"}, "b": {"S": "y"}}}}),
        ("ALL_NEW", {**KEY, "n": {"N": "2"}, "m": {"M": {"a": {"S": "z"}, "b": {"S": "y"}}}, "k": {"S": "z"}}),
        ("UPDATED_OLD", {"n": {"N": "1"}, "m": {"M": {"a": {"S": "x"}}}}),
        ("UPDATED_NEW", {"n": {"N": "2"}, "m": {"M": {"a": {"S": "z"}}}, "k": {"S": "z"}}),
    ],
)
async def test_return_values_of_update(dynamo: Dynamo, returns: str, expected: dict[str, Any] | None) -> None:
    """Whole images, or only the paths that the update wrote."""
    await dynamo.table()
    item = {**KEY, "n": {"N": "1"}, "m": {"M": {"a": {"S": "x"}, "b": {"S": "y"}}}}
    await dynamo.call("PutItem", TableName="notes", Item=item)
    answer = await dynamo.call(
        "UpdateItem",
        TableName="notes",
        Key=KEY,
        UpdateExpression="SET m.a = :z, k = :z ADD n :one",
        ExpressionAttributeValues={":z": {"S": "z"}, ":one": {"N": "1"}},
        ReturnValues=returns,
    )
    assert answer == ({} if expected is None else {"Attributes": expected})


async def test_update_creates_what_is_not_there(dynamo: Dynamo) -> None:
    """With the key in canonical form, and even without an expression."""
    await dynamo.table(sort="N")
    key = {"pk": {"S": "a"}, "sk": {"N": "1.0"}}
    answer = await dynamo.call("UpdateItem", TableName="notes", Key=key, ReturnValues="ALL_NEW")
    assert answer == {"Attributes": {"pk": {"S": "a"}, "sk": {"N": "1"}}}
    answer = await dynamo.call(
        "UpdateItem", TableName="notes", Key=key, UpdateExpression="REMOVE x", ReturnValues="UPDATED_NEW"
    )
    assert answer == {}
    assert (await dynamo.call("Scan", TableName="notes"))["Count"] == 1


async def test_updates_leave_the_key_alone(dynamo: Dynamo) -> None:
    """Neither written nor looked into."""
    await dynamo.table()
    one = {":v": {"S": "x"}}
    base: dict[str, Any] = {"TableName": "notes", "Key": KEY}
    error = await dynamo.error("UpdateItem", **base, UpdateExpression="SET pk = :v", ExpressionAttributeValues=one)
    assert error == INVALID + "Cannot update attribute pk. This attribute is part of the key"
    error = await dynamo.error("DeleteItem", **base, ConditionExpression="pk.x = :v", ExpressionAttributeValues=one)
    scalars = "list random access '[]' and map lookup '.' are not allowed: Key: pk"
    assert error == f"ValidationException: Key attributes must be scalars; {scalars}"
    error = await dynamo.error("GetItem", **base, ProjectionExpression="pk[0]")
    assert error == f"ValidationException: Key attributes must be scalars; {scalars}"


async def test_counting_together(dynamo: Dynamo) -> None:
    """A hundred increments at once are a hundred."""
    await dynamo.table()
    request: dict[str, Any] = {
        "TableName": "notes",
        "Key": KEY,
        "UpdateExpression": "ADD hits :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    await asyncio.gather(*(dynamo.call("UpdateItem", **request) for _ in range(100)))
    assert (await dynamo.call("GetItem", TableName="notes", Key=KEY))["Item"]["hits"] == {"N": "100"}


async def test_projection_of_get(dynamo: Dynamo) -> None:
    """Names, nesting; an item of which nothing is left is still an item."""
    await dynamo.table()
    await dynamo.call("PutItem", TableName="notes", Item={**KEY, "name": {"S": "x"}, "l": {"L": [{"N": "1"}]}})
    request: dict[str, Any] = {"TableName": "notes", "Key": KEY}
    answer = await dynamo.call(
        "GetItem", **request, ProjectionExpression="#n, l[0]", ExpressionAttributeNames={"#n": "name"}
    )
    assert answer == {"Item": {"name": {"S": "x"}, "l": {"L": [{"N": "1"}]}}}
    assert await dynamo.call("GetItem", **request, ProjectionExpression="gone") == {"Item": {}}
    error = await dynamo.error("GetItem", **request, ExpressionAttributeNames={"#n": "name"})
    assert error == "ValidationException: ExpressionAttributeNames can only be specified when using expressions"


async def test_parameters_that_do_not_go_together(dynamo: Dynamo) -> None:
    """Values without an expression, a legacy parameter with one."""
    await dynamo.table()
    put: dict[str, Any] = {"TableName": "notes", "Item": KEY}
    error = await dynamo.error("PutItem", **put, ExpressionAttributeValues={":v": {"S": "x"}})
    assert error == f"{ENVELOPE}ExpressionAttributeValues can only be specified when using expressions"
    expected = {"pk": {"Exists": False}}
    error = await dynamo.error("PutItem", **put, Expected=expected, ConditionExpression="attribute_not_exists(pk)")
    assert error == (
        f"{ENVELOPE}Can not use both expression and non-expression parameters in the same request: "
        "Non-expression parameters: {Expected} Expression parameters: {ConditionExpression}"
    )


# --- what it costs ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "units"),
    [
        (0, 1024, 1.0),  # exactly one KiB
        (0, 1025, 2.0),  # one byte more starts the next
        (4096, 10, 4.0),  # shrinking: the old image pays
    ],
)
async def test_write_units(dynamo: Dynamo, before: int, after: int, units: float) -> None:
    """Sizes of whole items, in bytes."""
    await dynamo.table()

    def sized(size: int) -> dict[str, Any]:
        return {**KEY, "v": {"S": "x" * (size - 4)}}

    if before:
        await dynamo.call("PutItem", TableName="notes", Item=sized(before))
    answer = await dynamo.call("PutItem", TableName="notes", Item=sized(after), ReturnConsumedCapacity="TOTAL")
    assert answer == {"ConsumedCapacity": {"TableName": "notes", "CapacityUnits": units}}


@pytest.mark.parametrize(
    ("size", "consistent", "units"), [(4096, False, 0.5), (4096, True, 1.0), (4097, True, 2.0), (0, False, 0.5)]
)
async def test_read_units(dynamo: Dynamo, size: int, consistent: bool, units: float) -> None:
    """Half when eventually consistent; nothing found costs as one."""
    await dynamo.table()
    if size:
        await dynamo.call("PutItem", TableName="notes", Item={**KEY, "v": {"S": "x" * (size - 4)}})
    answer = await dynamo.call(
        "GetItem", TableName="notes", Key=KEY, ConsistentRead=consistent, ReturnConsumedCapacity="INDEXES"
    )
    assert answer["ConsumedCapacity"] == {
        "TableName": "notes",
        "CapacityUnits": units,
        "Table": {"CapacityUnits": units},
    }
    assert ("Item" in answer) is bool(size)
