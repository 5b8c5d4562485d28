"""Event source mappings as boto3 sees them: functions that hear of a table's changes.

Shapes and refusals: recordings lambda_api, `test_event_source_mapping_*`, and lambda_integration_dynamodbstreams.
"""

import json
from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.conformance.test_lambda_events import make_function, seen_by, until
from tests.conftest import Server
from tests.support.functions import make_role

NOBODY: Final = "00000000-0000-0000-0000-000000000000"


@pytest.fixture(scope="module")
def role(aws: Server) -> str:
    return make_role(aws)


@pytest.fixture
def functions(aws: Server) -> Any:
    return aws.client("lambda")


def make_table(server: Server, view: str = "NEW_AND_OLD_IMAGES") -> tuple[str, str]:
    """Its name and its stream's ARN."""
    name = f"events-{uuid4().hex[:12]}"
    made = server.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": view},
    )
    return name, made["TableDescription"]["LatestStreamArn"]


def put(server: Server, table: str, *names: str, **attributes: Any) -> None:
    for name in names:
        server.client("dynamodb").put_item(TableName=table, Item={"id": {"S": name}, **attributes})


def names_in(events: list[Any]) -> list[str]:
    return [record["dynamodb"]["Keys"]["id"]["S"] for event in events for record in event["Records"]]


@pytest.fixture
def mapped(aws: Server, functions: Any, role: str) -> Any:
    """A function to make a mapping to; taken away afterwards."""
    made: list[str] = []

    def make(arn: str, text: str | None = None, **members: Any) -> tuple[str, Any]:
        name = make_function(aws, role) if text is None else make_function(aws, role, text)
        given = {"FunctionName": name, "EventSourceArn": arn, "StartingPosition": "TRIM_HORIZON"}
        mapping = functions.create_event_source_mapping(**(given | members))
        made.append(mapping["UUID"])
        return name, mapping

    yield make
    for uuid in made:
        try:
            functions.delete_event_source_mapping(UUID=uuid)
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ResourceNotFoundException"  # noqa: PT017


def refused(call: Callable[..., Any], **given: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**given)
    error: Any = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_lifecycle(aws: Server, functions: Any, mapped: Any) -> None:
    """Recording lambda_api, test_event_source_mapping_lifecycle."""
    _, arn = make_table(aws)
    name, created = mapped(arn, BatchSize=1, MaximumBatchingWindowInSeconds=1, MaximumRetryAttempts=1)
    function_arn = functions.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    answer = created.pop("ResponseMetadata")
    assert answer["HTTPStatusCode"] == 202
    expected = {
        "BatchSize": 1,
        "BisectBatchOnFunctionError": False,
        "DestinationConfig": {"OnFailure": {}},
        "EventSourceArn": arn,
        "EventSourceMappingArn": f"arn:aws:lambda:us-east-1:111111111111:event-source-mapping:{created['UUID']}",
        "FunctionArn": function_arn,
        "FunctionResponseTypes": [],
        "LastModified": created["LastModified"],
        "LastProcessingResult": "No records processed",
        "MaximumBatchingWindowInSeconds": 1,
        "MaximumRecordAgeInSeconds": -1,
        "MaximumRetryAttempts": 1,
        "ParallelizationFactor": 1,
        "StartingPosition": "TRIM_HORIZON",
        "State": "Creating",
        "StateTransitionReason": "User action",
        "TumblingWindowInSeconds": 0,
        "UUID": created["UUID"],
    }
    assert created == expected
    found = functions.get_event_source_mapping(UUID=created["UUID"])
    del found["ResponseMetadata"]
    assert found == expected | {"State": "Enabled"}
    assert functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"] == [found]
    assert functions.list_event_source_mappings(EventSourceArn=arn)["EventSourceMappings"] == [found]
    for change, state in (
        ({"Enabled": False}, "Disabling"),
        ({"Enabled": True}, "Enabling"),
        ({"BatchSize": 7}, "Updating"),
    ):
        assert functions.update_event_source_mapping(UUID=created["UUID"], **change)["State"] == state
    assert functions.get_event_source_mapping(UUID=created["UUID"])["BatchSize"] == 7
    deleted = functions.delete_event_source_mapping(UUID=created["UUID"])
    assert (deleted["State"], deleted["ResponseMetadata"]["HTTPStatusCode"]) == ("Deleting", 202)
    assert functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"] == []


def test_a_function_hears_of_changes(aws: Server, functions: Any, mapped: Any) -> None:
    """Recording lambda_integration_dynamodbstreams, test_dynamodb_event_source_mapping."""
    table, arn = make_table(aws, view="NEW_IMAGE")
    name, mapping = mapped(arn)
    put(aws, table, "hello world", binary_key={"B": b"foobar"})
    event = until(lambda: seen_by(aws, name))[0]
    record = event["Records"][0]
    change = record["dynamodb"]
    assert event == {
        "Records": [
            {
                "eventID": record["eventID"],
                "eventName": "INSERT",
                "eventVersion": "1.1",
                "eventSource": "aws:dynamodb",
                "awsRegion": "us-east-1",
                "dynamodb": {
                    "ApproximateCreationDateTime": change["ApproximateCreationDateTime"],
                    "Keys": {"id": {"S": "hello world"}},
                    "NewImage": {"binary_key": {"B": "Zm9vYmFy"}, "id": {"S": "hello world"}},
                    "SequenceNumber": change["SequenceNumber"],
                    "SizeBytes": change["SizeBytes"],
                    "StreamViewType": "NEW_IMAGE",
                },
                "eventSourceARN": arn,
            }
        ]
    }
    last = "LastProcessingResult"
    until(lambda: functions.get_event_source_mapping(UUID=mapping["UUID"])[last] == "OK")


def test_where_it_starts(aws: Server, mapped: Any) -> None:
    """TRIM_HORIZON tells of what was there before, LATEST only of what comes after the mapping was made."""
    table, arn = make_table(aws)
    put(aws, table, "before")
    old, _ = mapped(arn, StartingPosition="TRIM_HORIZON")
    new, _ = mapped(arn, StartingPosition="LATEST")
    put(aws, table, "after")
    until(lambda: "after" in names_in(seen_by(aws, new)))
    until(lambda: "after" in names_in(seen_by(aws, old)))
    assert names_in(seen_by(aws, old)) == ["before", "after"]
    assert names_in(seen_by(aws, new)) == ["after"]


def test_filters(aws: Server, mapped: Any) -> None:
    """Recording lambda_integration_dynamodbstreams, test_dynamodb_event_filter: any of the patterns, whole records."""
    table, arn = make_table(aws)
    patterns = [
        {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"n": {"N": [{"anything-but": "1"}]}}}},
        {"eventName": ["REMOVE"]},
    ]
    filters = [{"Pattern": json.dumps(pattern)} for pattern in patterns]
    name, mapping = mapped(arn, FilterCriteria={"Filters": filters})
    assert mapping["FilterCriteria"] == {"Filters": filters}
    put(aws, table, "a", n={"N": "1"})
    put(aws, table, "b", n={"N": "2"})
    put(aws, table, "b", n={"N": "3"})
    aws.client("dynamodb").delete_item(TableName=table, Key={"id": {"S": "a"}})
    until(lambda: len(names_in(seen_by(aws, name))) >= 2)
    assert names_in(seen_by(aws, name)) == ["b", "a"]


def test_disabled_and_enabled(aws: Server, functions: Any, mapped: Any) -> None:
    """What happens meanwhile is told afterwards, and nothing twice."""
    table, arn = make_table(aws)
    name, mapping = mapped(arn)
    put(aws, table, "first")
    until(lambda: seen_by(aws, name))
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    assert functions.get_event_source_mapping(UUID=mapping["UUID"])["State"] == "Disabled"
    put(aws, table, "second", "third")
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    until(lambda: "third" in names_in(seen_by(aws, name)))
    assert names_in(seen_by(aws, name)) == ["first", "second", "third"]


FAILS_AT_SEVEN: Final = """
import json

def handler(event, context):
    names = [record["dynamodb"]["Keys"]["id"]["S"] for record in event["Records"]]
    if "7" in names:
        raise ValueError("on purpose")
    print("GOT", json.dumps(event))
"""


def test_one_bad_record_is_bisected_away(aws: Server, mapped: Any) -> None:
    """All others are processed in order; the bad one is given up after its retries."""
    table, arn = make_table(aws)
    names = [str(n) for n in range(10)]
    put(aws, table, *names)
    name, _ = mapped(arn, FAILS_AT_SEVEN, BisectBatchOnFunctionError=True, MaximumRetryAttempts=0)
    until(lambda: "9" in names_in(seen_by(aws, name)))
    assert names_in(seen_by(aws, name)) == [n for n in names if n != "7"]


def test_refusals(aws: Server, functions: Any, role: str) -> None:
    """Recordings lambda_api: test_event_source_mapping_exceptions, test_create_event_source_validation; and others."""
    _, arn = make_table(aws)
    name = make_function(aws, role)
    given = {"FunctionName": name, "EventSourceArn": arn, "StartingPosition": "LATEST"}
    create = functions.create_event_source_mapping
    invalid = "InvalidParameterValueException"

    gone = ("ResourceNotFoundException", "The resource you requested does not exist.")
    assert refused(functions.get_event_source_mapping, UUID=NOBODY) == gone
    assert refused(functions.delete_event_source_mapping, UUID=NOBODY) == gone
    assert refused(functions.update_event_source_mapping, UUID=NOBODY, Enabled=False) == gone

    assert refused(create, FunctionName=name) == (invalid, "Unrecognized event source.")
    assert refused(create, **given | {"FunctionName": "nobody"}) == (invalid, "Function does not exist")
    no_position = {key: value for key, value in given.items() if key != "StartingPosition"}
    message = (
        "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
        "Member must not be null."
    )
    assert refused(create, **no_position) == (invalid, message)
    assert refused(create, **given | {"StartingPosition": "AT_TIMESTAMP"}) == (
        invalid,
        f"Unsupported starting position for arn type: {arn}",
    )
    stale = arn.rpartition("/")[0] + "/2025-02-22T03:03:25.490"
    assert refused(create, **given | {"EventSourceArn": stale}) == (invalid, f"Stream not found: {stale}")
    for pattern in ("single-string", '[{"eventName": ["INSERT"=123}]', "null", "{}"):
        filters = {"Filters": [{"Pattern": pattern}]}
        assert refused(create, **given, FilterCriteria=filters) == (invalid, "Invalid filter pattern definition.")
    assert refused(create, **given, MaximumRecordAgeInSeconds=59)[0] == invalid
    assert refused(create, **given, ScalingConfig={"MaximumConcurrency": 2}) == (
        invalid,
        "Unsupported ScalingConfig parameter for given event source mapping type.",
    )
    topic = "arn:aws:kafka:us-east-1:111111111111:cluster/c/u-1"
    assert refused(create, **given | {"EventSourceArn": topic})[0] == "NotImplemented"

    mapping = create(**given, FilterCriteria={"Filters": []})
    assert "FilterCriteria" not in mapping
    assert refused(create, **given) == (
        "ResourceConflictException",
        f'The event source arn (" {arn} ") and function (" {name} ") provided mapping already exists. '
        f"Please update or delete the existing mapping with UUID {mapping['UUID']}",
    )
    functions.delete_event_source_mapping(UUID=mapping["UUID"])


def test_the_role_must_be_allowed_to_read(aws: Server, functions: Any) -> None:
    """Asked when the mapping is made, as on AWS."""
    _, arn = make_table(aws)
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["dynamodb:DescribeStream", "dynamodb:GetShardIterator", "dynamodb:ListStreams"],
                "Resource": "*",
            }
        ],
    }
    role_name = f"reader-{uuid4().hex[:8]}"
    name = make_function(aws, make_role(aws, name=role_name, policy=policy))
    given = {"FunctionName": name, "EventSourceArn": arn, "StartingPosition": "LATEST"}
    assert refused(functions.create_event_source_mapping, **given) == (
        "InvalidParameterValueException",
        f"Cannot access stream {arn}. Please ensure the role can perform the GetRecords, GetShardIterator, "
        "DescribeStream, ListShards, and ListStreams Actions on your stream in IAM.",
    )
    policy["Statement"][0]["Action"].append("dynamodb:GetRecords")  # type: ignore[index]  # it is a list
    make_role(aws, name=role_name, policy=policy)
    mapping = functions.create_event_source_mapping(**given)
    functions.delete_event_source_mapping(UUID=mapping["UUID"])
