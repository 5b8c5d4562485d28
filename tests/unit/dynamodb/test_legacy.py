"""The parameters that came before expressions, without a wire."""

from typing import Any

import pytest

from tests.unit.dynamodb.conftest import Dynamo

KEY: dict[str, Any] = {"pk": {"S": "a"}}
ITEM: dict[str, Any] = {
    **KEY,
    "n": {"N": "5"},
    "s": {"S": "hello"},
    "b": {"B": "aGVsbG8="},
    "ss": {"SS": ["x", "y"]},
    "ns": {"NS": ["1", "2"]},
    "l": {"L": [{"N": "1"}, {"S": "two"}]},
    "m": {"M": {"k": {"S": "v"}}},
    "flag": {"BOOL": True},
    "null": {"NULL": True},
    "a.b": {"S": "a dot is a dot"},
}


def condition(operator: str, *values: dict[str, Any]) -> dict[str, Any]:
    return {"ComparisonOperator": operator, "AttributeValueList": list(values)}


HOLDS: list[tuple[str, dict[str, Any], bool]] = [
    ("n", condition("EQ", {"N": "5.0"}), True),
    ("n", condition("EQ", {"S": "5"}), False),
    ("gone", condition("EQ", {"S": "5"}), False),
    ("ss", condition("EQ", {"SS": ["y", "x"]}), True),
    ("m", condition("EQ", {"M": {"k": {"S": "v"}}}), True),
    ("flag", condition("EQ", {"BOOL": True}), True),
    ("a.b", condition("EQ", {"S": "a dot is a dot"}), True),
    ("n", condition("NE", {"N": "5"}), False),
    ("n", condition("NE", {"S": "5"}), True),
    ("gone", condition("NE", {"S": "5"}), True),
    ("n", condition("LE", {"N": "5"}), True),
    ("n", condition("LT", {"N": "5"}), False),
    ("n", condition("LT", {"N": "10"}), True),
    ("n", condition("LT", {"S": "9"}), False),
    ("n", condition("GE", {"N": "5"}), True),
    ("n", condition("GT", {"N": "-5"}), True),
    ("b", condition("GT", {"B": "aGVsbA=="}), True),
    ("gone", condition("LE", {"N": "5"}), False),
    ("gone", condition("GE", {"N": "5"}), False),
    ("n", condition("NOT_NULL"), True),
    ("null", condition("NOT_NULL"), True),
    ("gone", condition("NOT_NULL"), False),
    ("gone", condition("NULL"), True),
    ("null", condition("NULL"), False),
    ("n", condition("NULL"), False),
    ("gone", {"ComparisonOperator": "NULL"}, True),
    ("s", condition("CONTAINS", {"S": "ell"}), True),
    ("s", condition("CONTAINS", {"N": "1"}), False),
    ("b", condition("CONTAINS", {"B": "ZWxs"}), True),
    ("ss", condition("CONTAINS", {"S": "y"}), True),
    ("ns", condition("CONTAINS", {"N": "2.0"}), True),
    ("l", condition("CONTAINS", {"S": "two"}), True),
    ("gone", condition("CONTAINS", {"S": "y"}), False),
    ("s", condition("NOT_CONTAINS", {"S": "dog"}), True),
    ("s", condition("NOT_CONTAINS", {"N": "1"}), True),
    ("s", condition("NOT_CONTAINS", {"S": "ell"}), False),
    ("l", condition("NOT_CONTAINS", {"N": "1"}), False),
    ("gone", condition("NOT_CONTAINS", {"S": "y"}), False),
    ("s", condition("BEGINS_WITH", {"S": "he"}), True),
    ("b", condition("BEGINS_WITH", {"B": "aGU="}), True),
    ("s", condition("BEGINS_WITH", {"S": "el"}), False),
    ("n", condition("BEGINS_WITH", {"S": "5"}), False),
    ("gone", condition("BEGINS_WITH", {"S": ""}), False),
    ("n", condition("IN", {"N": "1"}, {"N": "5"}), True),
    ("n", condition("IN", {"N": "1"}, {"N": "6"}), False),
    ("ns", condition("IN", {"N": "1"}, {"N": "2"}), False),
    ("gone", condition("IN", {"N": "1"}), False),
    ("n", condition("BETWEEN", {"N": "5"}, {"N": "5"}), True),
    ("n", condition("BETWEEN", {"N": "6"}, {"N": "7"}), False),
    ("n", condition("BETWEEN", {"S": "0"}, {"S": "9"}), False),
    ("gone", condition("BETWEEN", {"N": "5"}, {"N": "5"}), False),
]


@pytest.mark.parametrize(("name", "wanted", "holds"), HOLDS)
async def test_comparisons(dynamo: Dynamo, name: str, wanted: dict[str, Any], holds: bool) -> None:
    """The same answer from a filter and from an Expected. Absent attributes: alternator's test_expected.py."""
    await dynamo.table()
    await dynamo.call("PutItem", TableName="notes", Item=ITEM)
    answer = await dynamo.call("Scan", TableName="notes", ScanFilter={name: wanted})
    assert (answer["Count"], answer["ScannedCount"]) == (int(holds), 1)
    put: dict[str, Any] = {"TableName": "notes", "Item": ITEM, "Expected": {name: wanted}}
    if holds:
        assert await dynamo.call("PutItem", **put) == {}
    else:
        assert await dynamo.error("PutItem", **put) == (
            "ConditionalCheckFailedException: The conditional request failed"
        )


@pytest.mark.parametrize(
    ("expected", "holds"),
    [
        ({"n": {"Value": {"N": "5"}}}, True),
        ({"n": {"Exists": True, "Value": {"N": "5.00"}}}, True),
        ({"n": {"Value": {"N": "6"}}}, False),
        ({"gone": {"Value": {"N": "6"}}}, False),
        ({"gone": {"Exists": False}}, True),
        ({"n": {"Exists": False}}, False),
        ({"n": {"ComparisonOperator": "GT", "Value": {"N": "4"}}}, True),
        ({"n": {"ComparisonOperator": "IN", "Value": {"N": "4"}}}, False),
        ({}, True),
    ],
)
async def test_expected_in_its_short_form(dynamo: Dynamo, expected: dict[str, Any], holds: bool) -> None:
    """`Value` and `Exists`; an Expected without attributes expects nothing."""
    await dynamo.table()
    await dynamo.call("PutItem", TableName="notes", Item=ITEM)
    delete: dict[str, Any] = {"TableName": "notes", "Key": KEY, "Expected": expected}
    if holds:
        assert await dynamo.call("DeleteItem", **delete) == {}
        assert await dynamo.call("GetItem", TableName="notes", Key=KEY) == {}
    else:
        assert "ConditionalCheckFailed" in await dynamo.error("DeleteItem", **delete)


@pytest.mark.parametrize(
    ("operator", "values", "count"),
    [
        (None, ("5", "hello"), 1),
        ("AND", ("5", "hello"), 1),
        ("AND", ("5", "bye"), 0),
        ("OR", ("5", "bye"), 1),
        ("OR", ("6", "bye"), 0),
    ],
)
async def test_conditional_operator(dynamo: Dynamo, operator: str | None, values: tuple[str, str], count: int) -> None:
    """AND unless said otherwise."""
    await dynamo.table()
    await dynamo.call("PutItem", TableName="notes", Item=ITEM)
    scan: dict[str, Any] = {
        "TableName": "notes",
        "ScanFilter": {"n": condition("EQ", {"N": values[0]}), "s": condition("EQ", {"S": values[1]})},
    }
    if operator is not None:
        scan["ConditionalOperator"] = operator
    assert (await dynamo.call("Scan", **scan))["Count"] == count


async def test_a_failed_expected_shows_the_item(dynamo: Dynamo) -> None:
    """ReturnValuesOnConditionCheckFailure does not care what the condition was written in."""
    await dynamo.table()
    await dynamo.call("PutItem", TableName="notes", Item=ITEM)
    error = await dynamo.error(
        "DeleteItem",
        TableName="notes",
        Key=KEY,
        Expected={"n": {"Exists": False}},
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )
    assert error.startswith("ConditionalCheckFailedException")


@pytest.mark.parametrize(
    ("updates", "after"),
    [
        ({"n": {"Value": {"S": "x"}}}, {"n": {"S": "x"}}),
        ({"n": {"Action": "PUT", "Value": {"N": "07.0"}}}, {"n": {"N": "7"}}),
        ({"n": {"Action": "DELETE"}}, {"n": None}),
        ({"gone": {"Action": "DELETE"}}, {}),
        ({"n": {"Action": "ADD", "Value": {"N": "-7"}}}, {"n": {"N": "-2"}}),
        ({"new": {"Action": "ADD", "Value": {"N": "3"}}}, {"new": {"N": "3"}}),
        ({"new": {"Action": "ADD", "Value": {"SS": ["z"]}}}, {"new": {"SS": ["z"]}}),
        ({"ss": {"Action": "ADD", "Value": {"SS": ["y", "z"]}}}, {"ss": {"SS": ["x", "y", "z"]}}),
        ({"ns": {"Action": "ADD", "Value": {"NS": ["2.0", "3"]}}}, {"ns": {"NS": ["1", "2", "3"]}}),
        ({"l": {"Action": "ADD", "Value": {"L": [{"N": "9"}]}}}, {"l": {"L": [*ITEM["l"]["L"], {"N": "9"}]}}),
        ({"ss": {"Action": "DELETE", "Value": {"SS": ["y", "z"]}}}, {"ss": {"SS": ["x"]}}),
        ({"ss": {"Action": "DELETE", "Value": {"SS": ["y", "x"]}}}, {"ss": None}),
        ({"gone": {"Action": "DELETE", "Value": {"SS": ["y"]}}}, {}),
        ({"a.b": {"Action": "DELETE"}, "m": {"Action": "DELETE"}}, {"a.b": None, "m": None}),
        ({}, {}),
    ],
)
async def test_attribute_updates(dynamo: Dynamo, updates: dict[str, Any], after: dict[str, Any]) -> None:
    """PUT, ADD and DELETE, with and without values; PUT is what happens when nothing is said."""
    await dynamo.table()
    await dynamo.call("PutItem", TableName="notes", Item=ITEM)
    changed = {name: value for name, value in (ITEM | after).items() if value is not None}
    answer = await dynamo.call(
        "UpdateItem", TableName="notes", Key=KEY, AttributeUpdates=updates, ReturnValues="ALL_NEW"
    )
    assert answer["Attributes"] == changed
    assert (await dynamo.call("GetItem", TableName="notes", Key=KEY))["Item"] == changed


async def test_what_an_update_returns(dynamo: Dynamo) -> None:
    """UPDATED_OLD and UPDATED_NEW show what AttributeUpdates name, and nothing else."""
    await dynamo.table()
    await dynamo.call("PutItem", TableName="notes", Item=ITEM)
    update: dict[str, Any] = {
        "TableName": "notes",
        "Key": KEY,
        "AttributeUpdates": {"n": {"Action": "ADD", "Value": {"N": "1"}}, "s": {"Action": "DELETE"}},
    }
    answer = await dynamo.call("UpdateItem", **update, ReturnValues="UPDATED_OLD")
    assert answer == {"Attributes": {"n": {"N": "5"}, "s": {"S": "hello"}}}
    answer = await dynamo.call("UpdateItem", **update, ReturnValues="UPDATED_NEW")
    assert answer == {"Attributes": {"n": {"N": "7"}}}


@pytest.mark.parametrize(
    ("updates", "item"),
    [
        ({"AttributeUpdates": {"n": {"Value": {"N": "1"}}}}, {**KEY, "n": {"N": "1"}}),
        ({"AttributeUpdates": {"n": {"Action": "ADD", "Value": {"N": "1"}}}}, {**KEY, "n": {"N": "1"}}),
        ({"AttributeUpdates": {}}, KEY),
        ({}, KEY),
    ],
)
async def test_an_update_of_nothing_creates(dynamo: Dynamo, updates: dict[str, Any], item: dict[str, Any]) -> None:
    """Even one that changes nothing makes an item. Source: alternator's test_item.py, test_empty_update."""
    await dynamo.table()
    await dynamo.call("UpdateItem", TableName="notes", Key=KEY, **updates)
    assert await dynamo.call("GetItem", TableName="notes", Key=KEY) == {"Item": item}


async def test_attributes_to_get(dynamo: Dynamo) -> None:
    """These and no others, not even the key; a dot is a dot."""
    await dynamo.table()
    await dynamo.call("PutItem", TableName="notes", Item=ITEM)
    answer = await dynamo.call("GetItem", TableName="notes", Key=KEY, AttributesToGet=["n", "a.b", "gone"])
    assert answer == {"Item": {"n": {"N": "5"}, "a.b": {"S": "a dot is a dot"}}}
    answer = await dynamo.call("Scan", TableName="notes", AttributesToGet=["s"])
    assert answer["Items"] == [{"s": {"S": "hello"}}]


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        (None, [1, 2, 3, 10]),
        (condition("EQ", {"N": "2"}), [2]),
        (condition("LT", {"N": "2"}), [1]),
        (condition("LE", {"N": "2"}), [1, 2]),
        (condition("GT", {"N": "2"}), [3, 10]),
        (condition("GE", {"N": "2"}), [2, 3, 10]),
        (condition("BETWEEN", {"N": "2"}, {"N": "3"}), [2, 3]),
    ],
)
async def test_key_conditions(dynamo: Dynamo, sort: dict[str, Any] | None, found: list[int]) -> None:
    """Each comparison that an index can answer."""
    await dynamo.table(sort="N")
    for pk in ("a", "b"):
        for sk in (1, 2, 3, 10):
            await dynamo.call("PutItem", TableName="notes", Item={"pk": {"S": pk}, "sk": {"N": str(sk)}})
    conditions = {"pk": condition("EQ", {"S": "a"})} | ({} if sort is None else {"sk": sort})
    answer = await dynamo.call("Query", TableName="notes", KeyConditions=conditions)
    assert answer["Items"] == [{"pk": {"S": "a"}, "sk": {"N": str(sk)}} for sk in found]


async def test_key_conditions_with_other_parameters(dynamo: Dynamo) -> None:
    """Beside a QueryFilter, and beside expressions, which KeyConditions alone may have (extenddb)."""
    await dynamo.table(sort="S")
    for sk in ("aa", "ab", "b"):
        await dynamo.call("PutItem", TableName="notes", Item={**KEY, "sk": {"S": sk}, "n": {"N": str(len(sk))}})
    query: dict[str, Any] = {
        "TableName": "notes",
        "KeyConditions": {"pk": condition("EQ", {"S": "a"}), "sk": condition("BEGINS_WITH", {"S": "a"})},
    }
    answer = await dynamo.call("Query", **query, QueryFilter={"n": condition("LT", {"N": "2"})})
    assert (answer["Count"], answer["ScannedCount"]) == (0, 2)
    answer = await dynamo.call(
        "Query",
        **query,
        FilterExpression="n = :n",
        ExpressionAttributeValues={":n": {"N": "2"}},
        ProjectionExpression="sk",
        ScanIndexForward=False,
    )
    assert answer["Items"] == [{"sk": {"S": "ab"}}, {"sk": {"S": "aa"}}]
    error = await dynamo.error(
        "Query", **{**query, "KeyConditions": {"pk": condition("EQ", {"S": "a"}), "sk": condition("NE", {"S": "a"})}}
    )
    assert error == "ValidationException: Attempted conditional constraint is not an indexable operation"
