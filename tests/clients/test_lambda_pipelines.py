"""Functions between tables, as people build them: boto3 inside, a role that allows little, streams and destinations."""

import json
import time
from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

from tests.conftest import Server
from tests.support.functions import archive, make_role

ACCOUNT: Final = "111111111111"
WITHIN_S: Final = 30.0

_SHIPPER: Final = """
import os
import boto3

shipments = boto3.resource("dynamodb").Table(os.environ["SHIPMENTS"])

def handler(event, context):
    '''Ship what was paid; what cannot be shipped yet is told by its number, and tried again from there.'''
    shop_is_open = "Item" in shipments.get_item(Key={"id": "shop is open"}, ConsistentRead=True)
    for record in event["Records"]:
        order, number = record["dynamodb"]["NewImage"], record["dynamodb"]["SequenceNumber"]
        if order.get("fragile", {"BOOL": False})["BOOL"] and not shop_is_open:
            return {"batchItemFailures": [{"itemIdentifier": number}]}
        shipments.update_item(
            Key={"id": order["id"]["S"]},
            UpdateExpression="SET place = if_not_exists(place, :none) ADD times :one",
            ExpressionAttributeValues={":one": 1, ":none": number},
        )
    return {"batchItemFailures": []}
"""
_CLERK: Final = """
import os
import boto3
from botocore.exceptions import ClientError

table = boto3.client("dynamodb")

def handler(event, context):
    told = {}
    for name in (os.environ["MINE"], os.environ["THEIRS"]):
        try:
            table.put_item(TableName=name, Item={"id": {"S": event["id"]}, "by": {"S": context.function_name}})
            told[name] = "written"
        except ClientError as error:
            told[name] = error.response["Error"]
    told["identity"] = boto3.client("sts").get_caller_identity()["Arn"]
    return told
"""
_WORKER: Final = """
def handler(event, context):
    if event["work"] < 0:
        raise ValueError("less than nothing")
    return {"done": event["work"] * 2}
"""
_REGISTRAR: Final = """
import json, os
import boto3

records = boto3.resource("dynamodb").Table(os.environ["RECORDS"])

def handler(record, context):
    context_of = record["requestContext"]
    records.put_item(Item={"id": context_of["requestId"], "record": json.dumps(record)})
"""


def _name(what: str) -> str:
    return f"{what}-{uuid4().hex[:10]}"


def _arn(table: str) -> str:
    return f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/{table}"


def _table(aws: Server, what: str, **members: Any) -> str:
    name = _name(what)
    aws.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        **members,
    )
    return name


def _role(aws: Server, *statements: tuple[list[str], str | list[str]]) -> str:
    """One that may log, and do the actions of each statement on its resources."""
    allowed = (*statements, (["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], "*"))
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": actions, "Resource": on} for actions, on in allowed],
    }
    return make_role(aws, name=_name("pipeline"), policy=policy)


def _function(aws: Server, text: str, role: str, **variables: str) -> str:
    """Its name."""
    name = _name("pipeline")
    aws.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.12",
        Handler="index.handler",
        Role=role,
        Code={"ZipFile": archive(text)},
        Timeout=20,
        MemorySize=256,
        Environment={"Variables": variables},
    )
    return name


def _items(aws: Server, table: str) -> dict[str, Any]:
    found = aws.resource("dynamodb").Table(table).scan(ConsistentRead=True)["Items"]
    return {item["id"]: item for item in found}


def _until(find: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + WITHIN_S
    while not (found := find()):
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.05)
    return found


def test_boto3_in_a_function_may_do_what_its_role_may(aws: Server) -> None:
    """No endpoint and no keys in its code: what it finds in its environment leads here, as its role."""
    mine, theirs = _table(aws, "mine"), _table(aws, "theirs")
    role = _role(aws, (["dynamodb:PutItem"], _arn(mine)))
    name = _function(aws, _CLERK, role, MINE=mine, THEIRS=theirs)
    answer = aws.client("lambda").invoke(FunctionName=name, Payload=b'{"id": "first"}')
    told = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, told
    role_name = role.rpartition("/")[2]
    assert told["identity"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/{role_name}/{name}"
    assert told[mine] == "written"
    assert told[theirs]["Code"] == "AccessDeniedException"
    assert told[theirs]["Message"].startswith(
        f"User: {told['identity']} is not authorized to perform: dynamodb:PutItem on resource: {_arn(theirs)}"
    )
    assert _items(aws, mine) == {"first": {"id": "first", "by": name}}
    assert _items(aws, theirs) == {}


def test_a_stream_feeds_a_function_that_feeds_a_table(aws: Server) -> None:
    """Filtered; what fails holds up what comes after it, and nothing that was done is done again or forgotten."""
    specification = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    orders, shipments = _table(aws, "orders", StreamSpecification=specification), _table(aws, "shipments")
    stream = aws.client("dynamodb").describe_table(TableName=orders)["Table"]["LatestStreamArn"]
    reading = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"]
    writing = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
    role = _role(aws, (reading, f"{_arn(orders)}/stream/*"), (writing, _arn(shipments)))
    name = _function(aws, _SHIPPER, role, SHIPMENTS=shipments)
    paid = {"eventName": ["INSERT", "MODIFY"], "dynamodb": {"NewImage": {"state": {"S": ["paid"]}}}}
    functions = aws.client("lambda")
    mapping = functions.create_event_source_mapping(
        FunctionName=name,
        EventSourceArn=stream,
        StartingPosition="TRIM_HORIZON",
        BatchSize=4,
        FilterCriteria={"Filters": [{"Pattern": json.dumps(paid)}]},
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    try:
        table = aws.resource("dynamodb").Table(orders)
        for number in range(10):
            table.put_item(
                Item={"id": f"order {number}", "state": "paid" if number % 2 == 0 else "open", "fragile": number == 4}
            )
        _until(lambda: "order 2" in _items(aws, shipments))
        last = functions.get_event_source_mapping
        _until(lambda: last(UUID=mapping["UUID"])["LastProcessingResult"].startswith("PROBLEM"))
        assert set(_items(aws, shipments)) == {"order 0", "order 2"}
        aws.resource("dynamodb").Table(shipments).put_item(Item={"id": "shop is open"})
        _until(lambda: "order 8" in _items(aws, shipments))
        shipped = _items(aws, shipments)
        del shipped["shop is open"]
        assert {order: item["times"] for order, item in shipped.items()} == {
            f"order {number}": 1 for number in (0, 2, 4, 6, 8)
        }
        assert sorted(shipped, key=lambda order: int(shipped[order]["place"])) == sorted(shipped)
        table.update_item(
            Key={"id": "order 1"},
            UpdateExpression="SET #s = :paid",
            ExpressionAttributeNames={"#s": "state"},
            ExpressionAttributeValues={":paid": "paid"},
        )
        _until(lambda: "order 1" in _items(aws, shipments))
    finally:
        functions.delete_event_source_mapping(UUID=mapping["UUID"])


def test_what_was_asked_for_later_is_recorded_by_other_functions(aws: Server) -> None:
    """Asynchronous invocations of an alias: their ends are told to the destinations of that alias, as its role."""
    records = _table(aws, "records")
    registrar = _function(aws, _REGISTRAR, _role(aws, (["dynamodb:PutItem"], _arn(records))), RECORDS=records)
    functions = aws.client("lambda")
    registrar_arn = functions.get_function_configuration(FunctionName=registrar)["FunctionArn"]
    worker = _function(aws, _WORKER, _role(aws, (["lambda:InvokeFunction"], registrar_arn)))
    functions.publish_version(FunctionName=worker)
    functions.create_alias(FunctionName=worker, Name="live", FunctionVersion="1")
    functions.put_function_event_invoke_config(
        FunctionName=worker,
        Qualifier="live",
        MaximumRetryAttempts=0,
        DestinationConfig={"OnSuccess": {"Destination": registrar_arn}, "OnFailure": {"Destination": registrar_arn}},
    )
    asked = {}
    for work in (1, 2, -3):
        payload = json.dumps({"work": work}).encode()
        answer = functions.invoke(FunctionName=worker, Qualifier="live", InvocationType="Event", Payload=payload)
        assert answer["StatusCode"] == 202
        asked[answer["ResponseMetadata"]["RequestId"]] = work
    functions.invoke(FunctionName=worker, InvocationType="Event", Payload=b'{"work": 4}')  # not by the alias
    found = _until(lambda: len(items := _items(aws, records)) == len(asked) and items)
    ends = {asked[key]: json.loads(item["record"]) for key, item in found.items()}
    assert [ends[work]["responsePayload"] for work in (1, 2)] == [{"done": 2}, {"done": 4}]
    assert {work: end["requestContext"]["condition"] for work, end in ends.items()} == {
        1: "Success",
        2: "Success",
        -3: "RetriesExhausted",
    }
    assert ends[-3]["responsePayload"]["errorMessage"] == "less than nothing"
    assert {end["responseContext"]["executedVersion"] for end in ends.values()} == {"1"}
