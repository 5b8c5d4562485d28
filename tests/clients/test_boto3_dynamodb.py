"""boto3 takes a tour through DynamoDB: the resource as applications write it, the client's paginators and waiters."""

import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import pytest
from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import Binary
from botocore.exceptions import ClientError

from tests.conftest import Server
from tests.support.processes import wait_until

ACCOUNT: Final = "555555555555"
NAME: Final = "boto3-orders"
ORDERS: Final = 60


@pytest.fixture(scope="module")
def orders(aws: Server) -> Iterator[Any]:
    """A table with an index of each kind, a stream, and sixty orders of three customers."""
    resource = aws.resource("dynamodb", aws_access_key_id=ACCOUNT)
    table = resource.create_table(
        TableName=NAME,
        KeySchema=[
            {"AttributeName": "customer", "KeyType": "HASH"},
            {"AttributeName": "number", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "customer", "AttributeType": "S"},
            {"AttributeName": "number", "AttributeType": "N"},
            {"AttributeName": "status", "AttributeType": "S"},
            {"AttributeName": "total", "AttributeType": "N"},
        ],
        LocalSecondaryIndexes=[
            {
                "IndexName": "by-total",
                "KeySchema": [
                    {"AttributeName": "customer", "KeyType": "HASH"},
                    {"AttributeName": "total", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-status",
                "KeySchema": [
                    {"AttributeName": "status", "KeyType": "HASH"},
                    {"AttributeName": "total", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["lines"]},
            }
        ],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        BillingMode="PAY_PER_REQUEST",
    )
    table.wait_until_exists()
    with table.batch_writer(overwrite_by_pkeys=["customer", "number"]) as batch:
        for n in range(ORDERS):
            batch.put_item(Item=_order(n))
        batch.put_item(Item=_order(ORDERS - 1))  # the writer keeps one of two
    yield table
    table.delete()
    table.wait_until_not_exists()
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        table.load()


def _order(n: int) -> dict[str, Any]:
    return {
        "customer": f"c{n % 3}",
        "number": n,
        "status": "open" if n % 4 else "sent",
        "total": Decimal(n * 7 % 100) / 4,
        "lines": [{"sku": f"s{n}", "count": n, "gift": n % 2 == 0, "note": None}],
        "tags": {"new", f"t{n % 5}"},
        "raw": bytes([n]),
    }


def test_items_come_back_as_python_has_them(orders: Any) -> None:
    """The resource's types through the wire and back: decimals, sets, bytes, lists of maps, None."""
    item = orders.get_item(Key={"customer": "c1", "number": 7}, ConsistentRead=True)["Item"]
    expected = _order(7)
    assert item == {**expected, "raw": Binary(expected["raw"])}
    assert orders.get_item(Key={"customer": "c1", "number": 8}).get("Item") is None
    projected = orders.get_item(
        Key={"customer": "c1", "number": 7},
        ProjectionExpression="#l[0].sku",
        ExpressionAttributeNames={"#l": "lines"},
        ReturnConsumedCapacity="TOTAL",
    )
    assert projected["Item"] == {"lines": [{"sku": "s7"}]}
    assert projected["ConsumedCapacity"] == {"TableName": NAME, "CapacityUnits": 0.5}


def test_conditions_are_built_of_key_and_attr(orders: Any) -> None:
    """Key and Attr write expressions that nobody writes by hand; they must find what Python's own filter finds."""
    own = [_order(n) for n in range(ORDERS) if n % 3 == 1]
    found = orders.query(
        KeyConditionExpression=Key("customer").eq("c1") & Key("number").between(10, 40),
        FilterExpression=Attr("tags").contains("t2") | ~Attr("lines[0].gift").eq(True) & Attr("total").lt(10),
        ScanIndexForward=False,
    )["Items"]
    expected = [
        one["number"]
        for one in own
        if 10 <= one["number"] <= 40 and ("t2" in one["tags"] or (not one["lines"][0]["gift"] and one["total"] < 10))
    ]
    assert [item["number"] for item in found] == expected[::-1]
    assert orders.scan(FilterExpression=Attr("raw").attribute_type("B") & Attr("note").not_exists())["Count"] == ORDERS
    assert orders.scan(FilterExpression=Attr("number").is_in([1, 2, 99]), Select="COUNT")["Count"] == 2


def test_indexes_answer_in_their_order(orders: Any) -> None:
    """By hand through LastEvaluatedKey, in both indexes; each gives what it projects."""
    expected = sorted(
        ((order["total"], order["number"]) for order in map(_order, range(ORDERS)) if order["status"] == "open"),
    )
    found: list[dict[str, Any]] = []
    page: dict[str, Any] = {"IndexName": "by-status", "KeyConditionExpression": Key("status").eq("open"), "Limit": 7}
    while True:
        answer = orders.query(**page)
        found += answer["Items"]
        if "LastEvaluatedKey" not in answer:
            break
        assert set(answer["LastEvaluatedKey"]) == {"customer", "number", "status", "total"}
        page["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
    assert [item["total"] for item in found] == [total for total, _ in expected]
    assert {item["number"] for item in found} == {number for _, number in expected}
    assert all(set(item) == {"customer", "number", "status", "total", "lines"} for item in found)

    cheap = orders.query(
        IndexName="by-total", KeyConditionExpression=Key("customer").eq("c2") & Key("total").lte(3), ConsistentRead=True
    )
    own = [order for order in map(_order, range(ORDERS)) if order["customer"] == "c2" and order["total"] <= 3]
    assert [item["total"] for item in cheap["Items"]] == sorted(order["total"] for order in own)
    assert all(set(item) == {"customer", "number", "total"} for item in cheap["Items"])


def test_paginators_see_everything_once(aws: Server, orders: Any) -> None:
    """The client's paginators of Query, Scan and ListTables, with pages of every size."""
    client = aws.client("dynamodb", aws_access_key_id=ACCOUNT)
    for size in (1, 7, 100):
        pages = client.get_paginator("scan").paginate(TableName=NAME, PaginationConfig={"PageSize": size})
        numbers = [int(item["number"]["N"]) for page in pages for item in page["Items"]]
        assert sorted(numbers) == list(range(ORDERS))
    pages = client.get_paginator("query").paginate(
        TableName=NAME,
        KeyConditionExpression="customer = :c",
        ExpressionAttributeValues={":c": {"S": "c0"}},
        PaginationConfig={"PageSize": 3, "MaxItems": 10},
    )
    assert [int(item["number"]["N"]) for item in pages.build_full_result()["Items"]] == list(range(0, 30, 3))
    assert list(client.get_paginator("list_tables").paginate().search("TableNames")) == [NAME]
    segments = [client.scan(TableName=NAME, Segment=n, TotalSegments=3, Select="COUNT")["Count"] for n in range(3)]
    assert sum(segments) == ORDERS


def test_writes_are_conditional(orders: Any) -> None:
    """A put that must be the first, an update that sees what it changes; a refusal shows the item when asked."""
    key = {"customer": "conditional", "number": 1}
    orders.put_item(Item={**key, "stock": 2}, ConditionExpression=Attr("customer").not_exists())
    with pytest.raises(orders.meta.client.exceptions.ConditionalCheckFailedException) as refused:
        orders.put_item(
            Item=key,
            ConditionExpression=Attr("customer").not_exists(),
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert refused.value.response["Error"]["Message"] == "The conditional request failed"
    assert refused.value.response["Item"] == {
        "customer": {"S": "conditional"},
        "number": {"N": "1"},
        "stock": {"N": "2"},
    }
    for left in (1, 0):
        answer = orders.update_item(
            Key=key,
            UpdateExpression="SET stock = stock - :one, sales = list_append(if_not_exists(sales, :none), :now)",
            ConditionExpression=Attr("stock").gte(1),
            ExpressionAttributeValues={":one": 1, ":none": [], ":now": [f"{left} left"]},
            ReturnValues="UPDATED_NEW",
        )
        assert answer["Attributes"]["stock"] == left
    assert answer["Attributes"]["sales"] == ["1 left", "0 left"]
    with pytest.raises(orders.meta.client.exceptions.ConditionalCheckFailedException):
        orders.update_item(
            Key=key,
            UpdateExpression="ADD stock :less",
            ConditionExpression=Attr("stock").gte(1),
            ExpressionAttributeValues={":less": -1},
        )
    assert orders.delete_item(Key=key, ReturnValues="ALL_OLD")["Attributes"]["stock"] == 0


def test_batches_span_tables_and_keys(aws: Server, orders: Any) -> None:
    """BatchGetItem of the resource: a hundred keys, those that are there; one key twice is refused."""
    resource = aws.resource("dynamodb", aws_access_key_id=ACCOUNT)
    keys = [{"customer": f"c{n % 3}", "number": n} for n in range(100)]
    projection = {"ProjectionExpression": "#l", "ExpressionAttributeNames": {"#l": "lines"}}
    answer = resource.batch_get_item(RequestItems={NAME: {"Keys": keys, **projection}})
    assert answer["UnprocessedKeys"] == {}
    assert sorted(item["lines"][0]["count"] for item in answer["Responses"][NAME]) == list(range(ORDERS))
    with pytest.raises(ClientError, match="Provided list of item keys contains duplicates"):
        resource.batch_get_item(RequestItems={NAME: {"Keys": [keys[0], keys[0]]}})


def test_a_transaction_is_all_or_nothing(aws: Server, orders: Any) -> None:
    """The reasons of a cancelled transaction come item by item, and nothing of it stays; done, it is done once."""
    client = aws.client("dynamodb", aws_access_key_id=ACCOUNT)

    def key(n: int) -> dict[str, Any]:
        return {"customer": {"S": "transaction"}, "number": {"N": str(n)}}

    def actions(expected: str) -> list[dict[str, Any]]:
        check = {"ConditionExpression": "#s = :s", "ExpressionAttributeNames": {"#s": "status"}}
        return [
            {"Put": {"TableName": NAME, "Item": key(1), "ConditionExpression": "attribute_not_exists(customer)"}},
            {
                "ConditionCheck": {
                    "TableName": NAME,
                    "Key": {"customer": {"S": "c1"}, "number": {"N": "1"}},
                    **check,
                    "ExpressionAttributeValues": {":s": {"S": expected}},
                    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                }
            },
            {
                "Update": {
                    "TableName": NAME,
                    "Key": key(2),
                    "UpdateExpression": "ADD n :n",
                    "ExpressionAttributeValues": {":n": {"N": "5"}},
                }
            },
        ]

    with pytest.raises(client.exceptions.TransactionCanceledException) as cancelled:
        client.transact_write_items(TransactItems=actions("sent"))
    assert cancelled.value.response["Error"]["Message"] == (
        "Transaction cancelled, please refer cancellation reasons for specific reasons "
        "[None, ConditionalCheckFailed, None]"
    )
    reasons = cancelled.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "ConditionalCheckFailed", "None"]
    assert reasons[1]["Item"]["status"] == {"S": "open"}
    assert orders.query(KeyConditionExpression=Key("customer").eq("transaction"))["Count"] == 0

    for _ in range(2):  # the second is the first again
        client.transact_write_items(TransactItems=actions("open"), ClientRequestToken="once")
    read = client.transact_get_items(TransactItems=[{"Get": {"TableName": NAME, "Key": key(n)}} for n in (1, 2, 3)])
    assert read["Responses"] == [{"Item": key(1)}, {"Item": {**key(2), "n": {"N": "5"}}}, {}]
    with pytest.raises(client.exceptions.IdempotentParameterMismatchException):
        client.transact_write_items(TransactItems=actions("sent"), ClientRequestToken="once")
    for n in (1, 2):
        client.delete_item(TableName=NAME, Key=key(n))


def test_the_stream_tells_what_happened(aws: Server, orders: Any) -> None:
    """From LATEST on: an insert, a change, nothing for a change that is none, a removal; old and new images."""
    streams = aws.client("dynamodbstreams", aws_access_key_id=ACCOUNT)
    described = streams.describe_stream(StreamArn=orders.latest_stream_arn)["StreamDescription"]
    assert (described["StreamStatus"], described["TableName"]) == ("ENABLED", NAME)
    shard = described["Shards"][-1]["ShardId"]
    position = {"StreamArn": orders.latest_stream_arn, "ShardId": shard, "ShardIteratorType": "LATEST"}
    iterator = streams.get_shard_iterator(**position)["ShardIterator"]
    key = {"customer": "streamed", "number": 1}
    orders.put_item(Item={**key, "v": 1})
    orders.update_item(Key=key, UpdateExpression="SET v = :v", ExpressionAttributeValues={":v": 2})
    orders.update_item(Key=key, UpdateExpression="SET v = :v", ExpressionAttributeValues={":v": 2})
    orders.delete_item(Key=key)
    records: list[dict[str, Any]] = []
    deadline = time.monotonic() + 10
    while len(records) < 3 and time.monotonic() < deadline:
        answer = streams.get_records(ShardIterator=iterator)
        records += answer["Records"]
        iterator = answer["NextShardIterator"]
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY", "REMOVE"]
    changed = records[1]["dynamodb"]
    assert (changed["OldImage"]["v"], changed["NewImage"]["v"]) == ({"N": "1"}, {"N": "2"})
    assert changed["Keys"] == {"customer": {"S": "streamed"}, "number": {"N": "1"}}


def test_items_expire(aws: Server, orders: Any) -> None:
    """An item whose time has passed goes by itself; one whose time is no number stays."""
    client = aws.client("dynamodb", aws_access_key_id=ACCOUNT)
    client.update_time_to_live(TableName=NAME, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"})
    described = client.describe_time_to_live(TableName=NAME)["TimeToLiveDescription"]
    assert described == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
    past = int(time.time()) - 60
    orders.put_item(Item={"customer": "mortal", "number": 1, "expires": past})
    orders.put_item(Item={"customer": "mortal", "number": 2, "expires": str(past)})
    orders.put_item(Item={"customer": "mortal", "number": 3, "expires": past + 3600})

    def left() -> list[int]:
        found = orders.query(KeyConditionExpression=Key("customer").eq("mortal"))["Items"]
        return [int(item["number"]) for item in found]

    wait_until(lambda: left() == [2, 3])


def test_a_table_changes_and_waiters_see_it(aws: Server) -> None:
    """An index comes and goes, and is filled with what was there before; waiters of the client end."""
    client = aws.client("dynamodb", aws_access_key_id=ACCOUNT)
    client.create_table(
        TableName="boto3-changing",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
    )
    client.get_waiter("table_exists").wait(TableName="boto3-changing", WaiterConfig={"Delay": 1})
    for n in range(5):
        client.put_item(TableName="boto3-changing", Item={"id": {"S": str(n)}, "group": {"S": "ab"[n % 2]}})
    index = {
        "IndexName": "by-group",
        "KeySchema": [{"AttributeName": "group", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
        "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
    }
    client.update_table(
        TableName="boto3-changing",
        AttributeDefinitions=[{"AttributeName": "group", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[{"Create": index}],
    )

    def states() -> list[str]:
        table = client.describe_table(TableName="boto3-changing")["Table"]
        return [one["IndexStatus"] for one in table.get("GlobalSecondaryIndexes", [])]

    wait_until(lambda: states() == ["ACTIVE"])
    group = client.query(
        TableName="boto3-changing",
        IndexName="by-group",
        KeyConditionExpression="#g = :g",
        ExpressionAttributeNames={"#g": "group"},
        ExpressionAttributeValues={":g": {"S": "a"}},
    )
    assert sorted(item["id"]["S"] for item in group["Items"]) == ["0", "2", "4"]
    client.update_table(TableName="boto3-changing", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-group"}}])
    wait_until(lambda: states() == [])
    client.delete_table(TableName="boto3-changing")
    client.get_waiter("table_not_exists").wait(TableName="boto3-changing", WaiterConfig={"Delay": 1})
