"""Records of invocations in buckets and on event buses, as boto3 sees them."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.conformance.test_lambda_events import make_function, until
from tests.conformance.test_lambda_events_mappings import make_table
from tests.conformance.test_lambda_events_mappings import put as put_items
from tests.conftest import Server
from tests.support.event_rules import Told, add_rule, remove_rule
from tests.support.functions import make_role

_MOMENT: Final = r"\d{4}/\d\d/\d\d/\d{4}-\d\d-\d\dT\d\d\.\d\d\.\d\d-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
FAILS: Final = """
def handler(event, context):
    raise ValueError("on purpose")
"""


@pytest.fixture(scope="module")
def role(aws: Server) -> str:
    return make_role(aws)


@pytest.fixture
def bucket(aws: Server) -> str:
    name = f"records-{uuid4().hex[:12]}"
    aws.client("s3").create_bucket(Bucket=name)
    return name


def objects_of(aws: Server, bucket: str) -> list[str]:
    return [each["Key"] for each in aws.client("s3").list_objects_v2(Bucket=bucket).get("Contents", ())]


def read(aws: Server, bucket: str, key: str) -> Any:
    return json.load(aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"])


def refusal(call: Any, **given: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**given)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterValueException"
    message: str = caught.value.response["Error"]["Message"]
    return message


def test_a_bus_hears_of_success_and_failure(aws: Server, role: str) -> None:
    """Recording lambda_destinations, test_invoke_lambda_eventbridge: whole events, to the member."""
    functions, events = aws.client("lambda"), aws.client("events")
    bus = f"bus-{uuid4().hex[:12]}"
    bus_arn = events.create_event_bus(Name=bus)["EventBusArn"]
    told = Told(aws)
    rule = add_rule(events, {"source": ["lambda"]}, {"Arn": told.arn}, bus=bus)
    name = make_function(aws, role)
    arn = functions.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    functions.put_function_event_invoke_config(
        FunctionName=name,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnSuccess": {"Destination": bus_arn}, "OnFailure": {"Destination": bus_arn}},
    )
    try:
        for payload in (b'{"n": 1}', b'{"fail": true}'):
            functions.invoke(FunctionName=name, InvocationType="Event", Payload=payload)
        heard = {event["detail-type"]: event for event in told.events(2)}
    finally:
        remove_rule(events, rule, bus=bus)
    good = heard["Lambda Function Invocation Result - Success"]
    bad = heard["Lambda Function Invocation Result - Failure"]
    for event in (good, bad):
        assert list(event) == [
            "version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail",
        ]  # fmt: skip
        assert (event["version"], event["source"], event["account"]) == ("0", "lambda", "111111111111")
        assert event["resources"] == [bus_arn, f"{arn}:$LATEST"]
        assert event["detail"]["requestContext"]["functionArn"] == f"{arn}:$LATEST"
    assert good["detail"]["requestContext"]["condition"] == "Success"
    assert good["detail"]["responsePayload"] == {"seen": {"n": 1}}
    assert bad["detail"]["requestContext"]["condition"] == "RetriesExhausted"
    assert bad["detail"]["responseContext"] == {
        "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled",
    }  # fmt: skip


def test_a_bucket_keeps_records_of_failures(aws: Server, role: str, bucket: str) -> None:
    """Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations": one object for each failure."""
    functions = aws.client("lambda")
    name = make_function(aws, role)
    functions.put_function_event_invoke_config(
        FunctionName=name,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}},
    )
    for payload in (b'{"n": 1}', b'{"fail": true}'):
        functions.invoke(FunctionName=name, InvocationType="Event", Payload=payload)
    key = until(lambda: objects_of(aws, bucket))[0]
    assert re.fullmatch(f"aws/lambda/async/{name}/{_MOMENT}", key)
    record = read(aws, bucket, key)
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestPayload"] == {"fail": True}
    assert record["responsePayload"]["errorMessage"] == "on purpose"
    assert len(objects_of(aws, bucket)) == 1


def test_what_is_no_destination(aws: Server, role: str, bucket: str) -> None:
    """Buckets hear of failures only; buckets and buses must be there."""
    functions = aws.client("lambda")
    name = make_function(aws, role)
    bus = "arn:aws:events:us-east-1:111111111111:event-bus"

    def put(on: str, arn: str) -> str:
        given = {"FunctionName": name, "DestinationConfig": {on: {"Destination": arn}}}
        return refusal(functions.put_function_event_invoke_config, **given)

    assert put("OnSuccess", f"arn:aws:s3:::{bucket}") == (
        "The provided destination config DestinationConfig("
        f"onSuccess=OnSuccess(destination=arn:aws:s3:::{bucket}), onFailure=null) is invalid."
    )
    assert (
        put("OnFailure", "arn:aws:s3:::no-such-bucket-1")
        == "The destination ARN arn:aws:s3:::no-such-bucket-1 is invalid."
    )
    assert put("OnSuccess", f"{bus}/nowhere") == f"The destination ARN {bus}/nowhere is invalid."
    functions.put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnSuccess": {"Destination": f"{bus}/default"}}
    )


@pytest.mark.parametrize(
    ("lacks", "action"),
    [("s3:PutObject", "PutObject"), ("s3:ListBucket", "ListBucket"), ("events:PutEvents", "PutEvents")],
)
def test_the_role_must_be_allowed_to(aws: Server, bucket: str, lacks: str, action: str) -> None:
    """As AWS lists it: PutObject in the whole bucket and ListBucket, or PutEvents."""
    statements = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": lacks, "Resource": "*"},
    ]
    poor = make_role(aws, policy={"Version": "2012-10-17", "Statement": statements})
    name = make_function(aws, poor)
    arn = f"arn:aws:s3:::{bucket}"
    if lacks.startswith("events:"):
        arn = "arn:aws:events:us-east-1:111111111111:event-bus/default"
    told = refusal(
        aws.client("lambda").put_function_event_invoke_config,
        FunctionName=name,
        DestinationConfig={"OnFailure": {"Destination": arn}},
    )
    assert told == f"The function's execution role does not have permissions to call {action} on {arn}"


def test_a_role_for_one_kind_of_event(aws: Server) -> None:
    """`events:source` and `events:detail-type` hold for what Lambda sends, as for any PutEvents."""
    bus = "arn:aws:events:us-east-1:111111111111:event-bus/default"
    only = {"events:source": "lambda", "events:detail-type": "Lambda Function Invocation Result - Failure"}
    statement = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": bus, "Condition": {"StringEquals": only}}
    name = make_function(aws, make_role(aws, policy={"Version": "2012-10-17", "Statement": [statement]}))
    put = aws.client("lambda").put_function_event_invoke_config
    put(FunctionName=name, DestinationConfig={"OnFailure": {"Destination": bus}})
    told = refusal(put, FunctionName=name, DestinationConfig={"OnSuccess": {"Destination": bus}})
    assert "does not have permissions to call PutEvents" in told


def test_a_bucket_keeps_batches_that_failed(aws: Server, role: str, bucket: str) -> None:
    """Recording lambda_integration_dynamodbstreams, [...]_mapping_with_s3_on_failure_destination."""
    functions = aws.client("lambda")
    table, stream_arn = make_table(aws)
    put_items(aws, table, "hello world")
    name = make_function(aws, role, FAILS)
    mapping = functions.create_event_source_mapping(
        FunctionName=name,
        EventSourceArn=stream_arn,
        StartingPosition="TRIM_HORIZON",
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}},
    )
    try:
        key = until(lambda: objects_of(aws, bucket))[0]
    finally:
        functions.delete_event_source_mapping(UUID=mapping["UUID"])
    record = read(aws, bucket, key)
    shard = record["DDBStreamBatchInfo"]["shardId"]
    assert re.fullmatch(f"aws/lambda/{mapping['UUID']}/{re.escape(shard)}/{_MOMENT}", key)
    assert record["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 2
    assert record["DDBStreamBatchInfo"]["batchSize"] == 1
    assert [each["dynamodb"]["Keys"]["id"]["S"] for each in record["payload"]["Records"]] == ["hello world"]


@pytest.mark.parametrize(("owner", "allowed"), [("111111111111", True), ("222222222222", False)])
def test_a_role_for_buckets_of_one_account(aws: Server, bucket: str, owner: str, allowed: bool) -> None:
    """The policy of AWS's page, "Security best practices for Amazon S3 destinations", lets records in and keeps."""
    statement = {
        "Effect": "Allow",
        "Action": ["s3:PutObject", "s3:ListBucket"],
        "Resource": ["arn:aws:s3:::*/*", "arn:aws:s3:::*"],
        "Condition": {"StringEquals": {"s3:ResourceAccount": owner}},
    }
    name = make_function(aws, make_role(aws, policy={"Version": "2012-10-17", "Statement": [statement]}))
    given = {
        "FunctionName": name,
        "MaximumRetryAttempts": 0,
        "DestinationConfig": {"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}},
    }
    put = aws.client("lambda").put_function_event_invoke_config
    if not allowed:
        assert "does not have permissions to call PutObject" in refusal(put, **given)
        return
    put(**given)
    aws.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=b'{"fail": true}')
    assert until(lambda: objects_of(aws, bucket))


def test_a_bucket_with_a_key(aws: Server, bucket: str) -> None:
    """What is encrypted with a key of KMS needs the key, too: `kms:GenerateDataKey`, by the same page."""
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    aws.client("s3").put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    statements = [{"Effect": "Allow", "Action": ["s3:*", "logs:*"], "Resource": "*"}]
    role = f"keyed-{uuid4().hex[:8]}"
    arn = make_role(aws, name=role, policy={"Version": "2012-10-17", "Statement": statements})
    name, functions = make_function(aws, arn), aws.client("lambda")
    functions.put_function_event_invoke_config(
        FunctionName=name,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}},
    )
    functions.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"fail": "without the key"}')
    until(lambda: undelivered(aws, name))
    assert objects_of(aws, bucket) == []
    statements.append({"Effect": "Allow", "Action": "kms:GenerateDataKey", "Resource": key})
    make_role(aws, name=role, policy={"Version": "2012-10-17", "Statement": statements})
    functions.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"fail": "with the key"}')
    stored = until(lambda: objects_of(aws, bucket))[0]
    assert aws.client("s3").head_object(Bucket=bucket, Key=stored)["SSEKMSKeyId"] == key
    assert read(aws, bucket, stored)["requestPayload"] == {"fail": "with the key"}


def undelivered(aws: Server, name: str) -> bool:
    """Whether CloudWatch has heard of a record that could not be delivered."""
    now = datetime.now(UTC)
    found = aws.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="DestinationDeliveryFailures",
        Dimensions=[{"Name": "FunctionName", "Value": name}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=5),
        Period=60,
        Statistics=["Sum"],
    )
    return bool(sum(point["Sum"] for point in found["Datapoints"]))
