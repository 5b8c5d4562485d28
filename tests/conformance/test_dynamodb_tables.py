"""DynamoDB's tables from outside, with boto3 as anybody uses it. Would pass on AWS, given its patience."""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any, Final
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Server

SETTLES_WITHIN_S: Final = 30.0


@pytest.fixture
def client(aws: Server) -> Any:
    return aws.client("dynamodb")


@pytest.fixture
def name(client: Any) -> Iterator[str]:
    """The name of a table that the test may create."""
    chosen = f"tables-{uuid4()}"
    yield chosen
    with contextlib.suppress(client.exceptions.ResourceNotFoundException):
        client.delete_table(TableName=chosen)


def created(client: Any, name: str, **changes: Any) -> dict[str, Any]:
    """A table `pk`, `sk` on demand, ACTIVE."""
    parameters: dict[str, Any] = {
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        "AttributeDefinitions": attributes("pk", "sk"),
        "BillingMode": "PAY_PER_REQUEST",
        **changes,
    }
    client.create_table(TableName=name, **parameters)
    client.get_waiter("table_exists").wait(TableName=name)
    return described(client, name)


def attributes(*names: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "AttributeType": "S"} for name in names]


def described(client: Any, name: str) -> dict[str, Any]:
    table: dict[str, Any] = client.describe_table(TableName=name)["Table"]
    return table


def eventually(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SETTLES_WITHIN_S
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def refused(call: Callable[..., Any], /, **parameters: Any) -> str:
    """Code and message of a call that must fail."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


def test_an_index_comes_and_goes(client: Any, name: str) -> None:
    """Existing items are found by a new index; once it is deleted its name may be used again."""
    created(client, name)
    for at in range(30):
        client.put_item(TableName=name, Item={"pk": {"S": "p"}, "sk": {"S": f"{at:02}"}, "colour": {"S": "red"}})
    index = {
        "IndexName": "by-colour",
        "KeySchema": [{"AttributeName": "colour", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["size"]},
    }
    client.update_table(
        TableName=name,
        AttributeDefinitions=attributes("colour"),
        GlobalSecondaryIndexUpdates=[{"Create": index}],
    )
    eventually(lambda: described(client, name)["GlobalSecondaryIndexes"][0]["IndexStatus"] == "ACTIVE")
    answer = client.query(
        TableName=name,
        IndexName="by-colour",
        KeyConditionExpression="colour = :c AND sk >= :from",
        ExpressionAttributeValues={":c": {"S": "red"}, ":from": {"S": "27"}},
    )
    assert [item["sk"]["S"] for item in answer["Items"]] == ["27", "28", "29"]
    client.update_table(TableName=name, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-colour"}}])
    eventually(lambda: "GlobalSecondaryIndexes" not in described(client, name))
    assert described(client, name)["AttributeDefinitions"] == attributes("pk", "sk")


def test_filling_an_index_survives_kills(own_server: Server) -> None:
    """Killed again and again while the index is filled and items are written, it ends with every item, once."""
    server = own_server.start()
    client = server.client("dynamodb")
    created(client, "survivors")
    numbers = iter(range(10**6))

    def write(count: int) -> None:
        for _ in range(count // 25):
            items = [{"pk": {"S": "p"}, "sk": {"S": f"{next(numbers)}"}, "all": {"S": "x"}} for _ in range(25)]
            client.batch_write_item(RequestItems={"survivors": [{"PutRequest": {"Item": item}} for item in items]})

    write(3000)
    index = {
        "IndexName": "everybody",
        "KeySchema": [{"AttributeName": "all", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }
    client.update_table(
        TableName="survivors",
        AttributeDefinitions=attributes("all"),
        GlobalSecondaryIndexUpdates=[{"Create": index}],
    )
    for _ in range(3):
        write(25)
        server.kill()
        client = server.start().client("dynamodb")
    eventually(lambda: described(client, "survivors")["GlobalSecondaryIndexes"][0]["IndexStatus"] == "ACTIVE")
    pages = client.get_paginator("query").paginate(
        TableName="survivors",
        IndexName="everybody",
        KeyConditionExpression="#a = :x",
        ExpressionAttributeNames={"#a": "all"},
        ExpressionAttributeValues={":x": {"S": "x"}},
    )
    found = [item["sk"]["S"] for page in pages for item in page["Items"]]
    assert sorted(found, key=int) == [str(number) for number in range(3075)]


def test_billing_and_throughput(client: Any, name: str) -> None:
    """From one mode to the other, with the units that are given."""
    created(client, name)
    client.update_table(
        TableName=name,
        BillingMode="PROVISIONED",
        ProvisionedThroughput={"ReadCapacityUnits": 3, "WriteCapacityUnits": 2},
    )
    eventually(lambda: described(client, name)["TableStatus"] == "ACTIVE")
    table = described(client, name)
    assert table["ProvisionedThroughput"]["ReadCapacityUnits"] == 3
    assert table["BillingModeSummary"]["BillingMode"] == "PROVISIONED"
    same = {"ReadCapacityUnits": 3, "WriteCapacityUnits": 2}
    assert refused(client.update_table, TableName=name, ProvisionedThroughput=same).startswith(
        "ValidationException: The provisioned throughput for the table will not change."
    )


def test_a_table_with_many_items_goes(aws: Server, name: str) -> None:
    """Its name is free at once, and what has it next is empty."""
    table = aws.resource("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=attributes("pk"),
        BillingMode="PAY_PER_REQUEST",
    )
    table.wait_until_exists()
    with table.batch_writer() as batch:
        for at in range(1500):
            batch.put_item(Item={"pk": str(at)})
    client = aws.client("dynamodb")
    client.delete_table(TableName=name)
    client.get_waiter("table_not_exists").wait(TableName=name)
    created(client, name)
    assert client.scan(TableName=name)["Count"] == 0
