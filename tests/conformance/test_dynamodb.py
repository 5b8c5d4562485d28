"""DynamoDB from outside, with boto3 as anybody uses it. Would pass on AWS."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import ClientError

from tests.conftest import Server

MakeTable = Callable[..., Any]


@pytest.fixture
def make_table(aws: Server) -> Iterator[MakeTable]:
    """Creates tables with the keys given (`id="S"`), and deletes them afterwards."""
    resource = aws.resource("dynamodb")
    made = []

    def make(**keys: str) -> Any:
        kinds = ["HASH", "RANGE"]
        table = resource.create_table(
            TableName=f"conformance-{uuid4()}",
            KeySchema=[{"AttributeName": name, "KeyType": kinds[at]} for at, name in enumerate(keys)],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, kind in keys.items()],
            BillingMode="PAY_PER_REQUEST",
        )
        table.wait_until_exists()
        made.append(table)
        return table

    yield make
    for table in made:
        table.delete()


def refused(call: Callable[..., Any], /, **parameters: Any) -> tuple[str, str, dict[str, Any]]:
    """Code, message and whole answer of a call that must fail."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    answer: dict[str, Any] = dict(caught.value.response)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400
    return answer["Error"]["Code"], answer["Error"]["Message"], answer


def test_table_crud(aws: Server) -> None:
    """Source: recordings `test_table_crud`, `test_create_duplicate_table`."""
    client = aws.client("dynamodb")
    name = f"crud-{uuid4()}"
    parameters: dict[str, Any] = {
        "TableName": name,
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
    }
    created = client.create_table(**parameters)["TableDescription"]
    assert created["TableStatus"] == "CREATING"
    assert created["TableArn"].endswith(f":table/{name}")
    client.get_waiter("table_exists").wait(TableName=name)
    described = client.describe_table(TableName=name)["Table"]
    assert described["TableStatus"] == "ACTIVE"
    assert described["CreationDateTime"] == created["CreationDateTime"]
    assert name in [found for page in client.get_paginator("list_tables").paginate() for found in page["TableNames"]]
    code, message, _ = refused(client.create_table, **parameters)
    assert (code, message) == ("ResourceInUseException", f"Table already exists: {name}")
    assert client.delete_table(TableName=name)["TableDescription"]["TableStatus"] == "DELETING"
    client.get_waiter("table_not_exists").wait(TableName=name)
    code, message, _ = refused(client.describe_table, TableName="non-existent")
    assert (code, message) == (
        "ResourceNotFoundException",
        "Requested resource not found: Table: non-existent not found",
    )


def test_items_of_every_type(make_table: MakeTable) -> None:
    """What Python puts in, Python gets back."""
    table = make_table(id="S")
    item = {
        "id": "a",
        "number": Decimal("12345678901234567890.123456789012345678"),
        "binary": b"\x00\x90\xff",
        "flag": False,
        "nothing": None,
        "strings": {"x", "y"},
        "numbers": {Decimal(1), Decimal("-2.5")},
        "binaries": {b"1", b"2"},
        "list": [1, "two", [Decimal("3.0")], {"four": 4}],
        "map": {"deep": {"er": "ä✓😀"}},
        "empty": "",
    }
    table.put_item(Item=item)
    assert table.get_item(Key={"id": "a"}, ConsistentRead=True)["Item"] == item
    assert "Item" not in table.get_item(Key={"id": "b"})


def test_return_values_in_put_item(make_table: MakeTable) -> None:
    """Source: recording `test_return_values_in_put_item`."""
    table = make_table(id="S")
    item = {"id": "id1", "data": "foobar"}
    assert "Attributes" not in table.put_item(Item=item, ReturnValues="ALL_OLD")
    assert table.put_item(Item=item, ReturnValues="ALL_OLD")["Attributes"] == item
    assert table.delete_item(Key={"id": "id1"}, ReturnValues="ALL_OLD")["Attributes"] == item


def test_return_values_on_conditions_check_failure(make_table: MakeTable) -> None:
    """Source: recording of that name."""
    table = make_table(id="S")
    item = {"id": "456", "price": 650, "product": "sporting goods"}
    table.put_item(Item=item)
    code, message, answer = refused(
        table.delete_item,
        Key={"id": "456"},
        ConditionExpression=Attr("price").lt(500),
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )
    assert (code, message) == ("ConditionalCheckFailedException", "The conditional request failed")
    assert answer["Item"] == {"id": {"S": "456"}, "price": {"N": "650"}, "product": {"S": "sporting goods"}}


def test_update(make_table: MakeTable) -> None:
    """Counters, lists, sets and nested maps in one update."""
    table = make_table(id="S")
    table.put_item(Item={"id": "a", "tags": {"x"}, "log": ["0"], "doc": {"n": 1}})
    answer = table.update_item(
        Key={"id": "a"},
        UpdateExpression="SET #l = list_append(#l, :new), doc.n = doc.n + :one ADD hits :one, tags :tags REMOVE gone",
        ConditionExpression="attribute_exists(id) AND size(#l) < :limit",
        ExpressionAttributeNames={"#l": "log"},
        ExpressionAttributeValues={":new": ["1"], ":one": 1, ":tags": {"y"}, ":limit": 5},
        ReturnValues="ALL_NEW",
    )
    assert answer["Attributes"] == {"id": "a", "tags": {"x", "y"}, "log": ["0", "1"], "doc": {"n": 2}, "hits": 1}


def test_query_with_boto3s_own_conditions(make_table: MakeTable) -> None:
    """Expressions as boto3 writes them, and its paginator."""
    table = make_table(user="S", at="N")
    for user in ("ann", "bob"):
        for at in range(10):
            table.put_item(Item={"user": user, "at": at, "even": at % 2 == 0})
    answer = table.query(KeyConditionExpression=Key("user").eq("ann") & Key("at").between(3, 7))
    assert [item["at"] for item in answer["Items"]] == [3, 4, 5, 6, 7]
    answer = table.query(
        KeyConditionExpression=Key("user").eq("ann"), FilterExpression=Attr("even").eq(True), ScanIndexForward=False
    )
    assert [item["at"] for item in answer["Items"]] == [8, 6, 4, 2, 0]
    assert (answer["Count"], answer["ScannedCount"]) == (5, 10)
    pages = table.meta.client.get_paginator("query").paginate(
        TableName=table.name, KeyConditionExpression=Key("user").eq("bob"), PaginationConfig={"PageSize": 3}
    )
    assert [item["at"] for page in pages for item in page["Items"]] == list(range(10))


def test_scan_in_segments(make_table: MakeTable) -> None:
    """Parallel scans see each item once."""
    table = make_table(id="S")
    for number in range(30):
        table.put_item(Item={"id": f"item-{number}"})
    found = [item["id"] for segment in range(4) for item in table.scan(Segment=segment, TotalSegments=4)["Items"]]
    assert sorted(found) == sorted(f"item-{number}" for number in range(30))
    assert table.scan(Select="COUNT")["Count"] == 30


def test_consumed_capacity(make_table: MakeTable) -> None:
    """Half a unit for an eventually consistent read of up to 4 KB; one per KB written."""
    table = make_table(id="S")
    written = table.put_item(Item={"id": "a", "v": "x" * 2000}, ReturnConsumedCapacity="TOTAL")
    assert written["ConsumedCapacity"] == {"TableName": table.name, "CapacityUnits": 2.0}
    read = table.get_item(Key={"id": "a"}, ReturnConsumedCapacity="TOTAL")
    assert read["ConsumedCapacity"]["CapacityUnits"] == 0.5


def test_errors_as_clients_see_them(make_table: MakeTable) -> None:
    """Codes by which SDKs decide, and messages that people search for."""
    table = make_table(id="S")
    code, message, _ = refused(table.put_item, Item={"name": "x"})
    assert (code, message) == (
        "ValidationException",
        "One or more parameter values were invalid: Missing the key id in the item",
    )
    code, message, _ = refused(table.get_item, Key={"id": 1})
    assert (code, message) == ("ValidationException", "The provided key element does not match the schema")
    code, message, _ = refused(
        table.update_item,
        Key={"id": "a"},
        UpdateExpression="SET name = :n",
        ExpressionAttributeValues={":n": "x"},
    )
    assert code == "ValidationException"
    assert message.endswith("Invalid UpdateExpression: Attribute name is a reserved keyword; reserved keyword: name")
    code, message, _ = refused(table.meta.client.get_item, TableName="no-such-table", Key={"id": "a"})
    assert (code, message) == ("ResourceNotFoundException", "Requested resource not found")


def test_items_outlive_the_process(own_server: Server) -> None:
    """Acknowledged, then `kill -9`, then there."""
    own_server.start()
    client = own_server.client("dynamodb")
    client.create_table(
        TableName="notes",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client.put_item(TableName="notes", Item={"id": {"S": "a"}})
    own_server.kill()
    own_server.start()
    client = own_server.client("dynamodb")
    assert client.get_item(TableName="notes", Key={"id": {"S": "a"}})["Item"] == {"id": {"S": "a"}}
