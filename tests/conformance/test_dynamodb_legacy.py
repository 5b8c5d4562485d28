"""DynamoDB's legacy parameters from outside, with boto3 as old programs use it. Would pass on AWS."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Server


@pytest.fixture
def table(aws: Server) -> Iterator[Any]:
    """A table of users and moments, with five items of ann's."""
    table = aws.resource("dynamodb").create_table(
        TableName=f"legacy-{uuid4()}",
        KeySchema=[{"AttributeName": "user", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "user", "AttributeType": "S"},
            {"AttributeName": "at", "AttributeType": "N"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    table.wait_until_exists()
    for at in range(5):
        table.put_item(Item={"user": "ann", "at": at, "tag": f"tag-{at % 2}", "n": at * 10})
    yield table
    table.delete()


def refused(call: Any, /, **parameters: Any) -> tuple[str, str]:
    """Code and message of a call that must fail."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


ANN = {"user": {"ComparisonOperator": "EQ", "AttributeValueList": ["ann"]}}


def test_key_conditions_and_filters(table: Any) -> None:
    """Source: paritysuite/dynamodb-conformance, tests/tier3/legacy-api/queryFilter.test.ts."""
    between = {"at": {"ComparisonOperator": "BETWEEN", "AttributeValueList": [1, 3]}}
    answer = table.query(KeyConditions=ANN | between, ScanIndexForward=False)
    assert [item["at"] for item in answer["Items"]] == [3, 2, 1]
    answer = table.query(
        KeyConditions=ANN,
        QueryFilter={
            "tag": {"ComparisonOperator": "CONTAINS", "AttributeValueList": ["-1"]},
            "n": {"ComparisonOperator": "GT", "AttributeValueList": [30]},
        },
        ConditionalOperator="OR",
        AttributesToGet=["at"],
    )
    assert answer["Items"] == [{"at": 1}, {"at": 3}, {"at": 4}]
    assert (answer["Count"], answer["ScannedCount"]) == (3, 5)
    pages = [table.query(KeyConditions=ANN, Limit=2)]
    while "LastEvaluatedKey" in pages[-1]:
        pages.append(table.query(KeyConditions=ANN, Limit=2, ExclusiveStartKey=pages[-1]["LastEvaluatedKey"]))
    assert [item["at"] for page in pages for item in page["Items"]] == [0, 1, 2, 3, 4]


def test_scan_filter(table: Any) -> None:
    """Source: tests/tier3/legacy-api/scanFilter.test.ts of the same."""
    scan_filter = {"n": {"ComparisonOperator": "IN", "AttributeValueList": [10, 40, 99]}}
    answer = table.scan(ScanFilter=scan_filter)
    assert sorted(item["at"] for item in answer["Items"]) == [1, 4]
    assert table.scan(ScanFilter={"gone": {"ComparisonOperator": "NULL"}}, Select="COUNT")["Count"] == 5


def test_expected(table: Any) -> None:
    """An optimistic lock, as programs wrote it before there were expressions."""
    key = {"user": "ann", "at": 1}
    lock = {"version": {"Exists": False}}
    table.put_item(Item=key | {"version": 1}, Expected=lock)
    assert refused(table.put_item, Item=key | {"version": 1}, Expected=lock) == (
        "ConditionalCheckFailedException",
        "The conditional request failed",
    )
    table.update_item(
        Key=key, AttributeUpdates={"version": {"Action": "ADD", "Value": 1}}, Expected={"version": {"Value": 1}}
    )
    assert table.get_item(Key=key)["Item"] == key | {"version": 2}
    code, _ = refused(table.delete_item, Key=key, Expected={"version": {"ComparisonOperator": "LT", "Value": 2}})
    assert code == "ConditionalCheckFailedException"
    table.delete_item(Key=key, Expected={"version": {"ComparisonOperator": "GE", "AttributeValueList": [2]}})
    assert "Item" not in table.get_item(Key=key)


def test_attribute_updates(table: Any) -> None:
    """PUT, ADD and DELETE of numbers, sets and whole attributes; what was changed is returned."""
    key = {"user": "bob", "at": 0}
    table.update_item(
        Key=key,
        AttributeUpdates={"n": {"Action": "ADD", "Value": 5}, "tags": {"Value": {"a", "b"}}, "s": {"Value": "x"}},
    )
    answer = table.update_item(
        Key=key,
        AttributeUpdates={
            "n": {"Action": "ADD", "Value": Decimal("-0.5")},
            "tags": {"Action": "DELETE", "Value": {"a", "c"}},
            "s": {"Action": "DELETE"},
        },
        ReturnValues="UPDATED_NEW",
    )
    assert answer["Attributes"] == {"n": Decimal("4.5"), "tags": {"b"}}
    assert table.get_item(Key=key, AttributesToGet=["n", "s"])["Item"] == {"n": Decimal("4.5")}
    assert refused(table.update_item, Key=key, AttributeUpdates={"s": {"Action": "ADD", "Value": "x"}}) == (
        "ValidationException",
        "1 validation error detected: One or more parameter values were invalid: "
        "ADD action is not supported for the type S",
    )


def test_deleting_attributes_of_nobody_creates_nobody(table: Any) -> None:
    """Source: scylladb/scylladb issue 5862, found by running its test against DynamoDB."""
    key = {"user": "nobody", "at": 0}
    table.update_item(Key=key, AttributeUpdates={"n": {"Action": "DELETE"}})
    assert "Item" not in table.get_item(Key=key)
    table.update_item(Key=key, UpdateExpression="REMOVE n")
    assert "Item" not in table.get_item(Key=key)
    table.update_item(Key=key, AttributeUpdates={})
    assert table.get_item(Key=key)["Item"] == key


def test_batch_get_item(aws: Server, table: Any) -> None:
    """Source: tests/tier3/legacy-api/attributesToGet.test.ts of the same."""
    answer = aws.client("dynamodb").batch_get_item(
        RequestItems={
            table.name: {"Keys": [{"user": {"S": "ann"}, "at": {"N": "2"}}], "AttributesToGet": ["n", "gone"]}
        }
    )
    assert answer["Responses"] == {table.name: [{"n": {"N": "20"}}]}
