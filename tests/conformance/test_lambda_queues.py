"""Functions and queues as boto3 sees them: messages that invoke functions, and queues and topics that hear of events.

Shapes and refusals: recordings lambda_integration_sqs and lambda_destinations.
"""

import json
from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.conformance.test_lambda_events import make_function, seen_by, until
from tests.conformance.test_lambda_events_mappings import make_table, put
from tests.conftest import Server
from tests.support.functions import make_role

REPORTS: Final = """
import json

def handler(event, context):
    print("GOT", json.dumps(event))
    return {
        "batchItemFailures": [
            {"itemIdentifier": record["messageId"]}
            for record in event["Records"]
            if record["body"] == "bad"
        ]
    }
"""
FAILS: Final = """
import json

def handler(event, context):
    print("GOT", json.dumps(event))
    raise ValueError("on purpose")
"""


@pytest.fixture(scope="module")
def role(aws: Server) -> str:
    return make_role(aws)


@pytest.fixture
def functions(aws: Server) -> Any:
    return aws.client("lambda")


def make_queue(server: Server, *, fifo: bool = False, **attributes: str) -> tuple[str, str]:
    """Its URL and its ARN."""
    queues = server.client("sqs")
    name = f"events-{uuid4().hex[:12]}" + (".fifo" if fifo else "")
    given = {**attributes, **({"FifoQueue": "true", "ContentBasedDeduplication": "true"} if fifo else {})}
    url = queues.create_queue(QueueName=name, Attributes=given)["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return url, arn


def receive(server: Server, url: str) -> Any:
    """The next message, which is deleted."""
    queues = server.client("sqs")
    answer: dict[str, Any] = queues.receive_message(
        QueueUrl=url,
        WaitTimeSeconds=20,
        MaxNumberOfMessages=1,
        MessageAttributeNames=["All"],
        MessageSystemAttributeNames=["All"],
    )
    (message,) = answer["Messages"]
    queues.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return message


def held(server: Server, url: str) -> tuple[int, int]:
    """Visible, and in flight."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = server.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return int(found[names[0]]), int(found[names[1]])


def bodies_in(events: list[Any]) -> list[str]:
    return [record["body"] for event in events for record in event["Records"]]


@pytest.fixture
def mapped(aws: Server, functions: Any, role: str) -> Any:
    """A function to make a mapping to; taken away afterwards."""
    made: list[str] = []

    def make(arn: str, text: str | None = None, **members: Any) -> tuple[str, Any]:
        more = {} if text is None else {"text": text}
        name = make_function(aws, role, Timeout=members.pop("Timeout", 10), **more)
        mapping = functions.create_event_source_mapping(**{"FunctionName": name, "EventSourceArn": arn} | members)
        made.append(mapping["UUID"])
        return name, mapping

    yield make
    for uuid in made:
        functions.delete_event_source_mapping(UUID=uuid)


def refused(call: Callable[..., Any], **given: Any) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as caught:
        call(**given)
    answer: Any = caught.value.response
    return answer["Error"]["Code"], answer["Error"]["Message"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_lifecycle(aws: Server, functions: Any, mapped: Any) -> None:
    """Recordings test_event_source_mapping_default_batch_size, test_duplicate_event_source_mappings."""
    _, arn = make_queue(aws)
    name, created = mapped(arn)
    assert created.pop("ResponseMetadata")["HTTPStatusCode"] == 202
    function_arn = functions.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    expected = {
        "BatchSize": 10,
        "EventSourceArn": arn,
        "EventSourceMappingArn": f"arn:aws:lambda:us-east-1:111111111111:event-source-mapping:{created['UUID']}",
        "FunctionArn": function_arn,
        "FunctionResponseTypes": [],
        "LastModified": created["LastModified"],
        "MaximumBatchingWindowInSeconds": 0,
        "State": "Creating",
        "StateTransitionReason": "USER_INITIATED",
        "UUID": created["UUID"],
    }
    assert created == expected
    found = functions.get_event_source_mapping(UUID=created["UUID"])
    del found["ResponseMetadata"]
    assert found == expected | {"State": "Enabled"}
    window = "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
    assert refused(functions.update_event_source_mapping, UUID=created["UUID"], BatchSize=11) == (
        "InvalidParameterValueException",
        window,
        400,
    )
    assert refused(functions.create_event_source_mapping, FunctionName=name, EventSourceArn=arn) == (
        "ResourceConflictException",
        f'An event source mapping with SQS arn (" {arn} ") and function (" {name} ") already exists. '
        f"Please update or delete the existing mapping with UUID {created['UUID']}",
        409,
    )
    assert functions.update_event_source_mapping(UUID=created["UUID"], Enabled=False)["State"] == "Disabling"
    assert functions.get_event_source_mapping(UUID=created["UUID"])["State"] == "Disabled"


def test_refusals(aws: Server, functions: Any, role: str) -> None:
    """Recording test_esm_with_not_existing_sqs_queue; and what people report."""
    name = make_function(aws, role, Timeout=31)
    create = functions.create_event_source_mapping
    _, arn = make_queue(aws)
    assert refused(create, FunctionName=name, EventSourceArn=f"{arn}-gone") == (
        "InvalidParameterValueException",
        "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. "
        "SQS Error Message: The specified queue does not exist.",
        400,
    )
    assert refused(create, FunctionName=name, EventSourceArn=arn)[:2] == (
        "InvalidParameterValueException",
        "Queue visibility timeout: 30 seconds is less than Function timeout: 31 seconds",
    )


def test_a_function_gets_messages(aws: Server, mapped: Any) -> None:
    """Recording test_sqs_event_source_mapping: the event, whole."""
    url, arn = make_queue(aws)
    name, _ = mapped(arn, MaximumBatchingWindowInSeconds=1)
    sent = aws.client("sqs").send_message(QueueUrl=url, MessageBody='{"foo":"bar"}')
    event = until(lambda: seen_by(aws, name))[0]
    record = event["Records"][0]
    assert event == {
        "Records": [
            {
                "messageId": sent["MessageId"],
                "receiptHandle": record["receiptHandle"],
                "body": '{"foo":"bar"}',
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "SentTimestamp": record["attributes"]["SentTimestamp"],
                    "SenderId": record["attributes"]["SenderId"],
                    "ApproximateFirstReceiveTimestamp": record["attributes"]["ApproximateFirstReceiveTimestamp"],
                },
                "messageAttributes": {},
                "md5OfMessageAttributes": None,
                "md5OfBody": sent["MD5OfMessageBody"],
                "eventSource": "aws:sqs",
                "eventSourceARN": arn,
                "awsRegion": "us-east-1",
            }
        ]
    }
    until(lambda: held(aws, url) == (0, 0))


def test_partial_failures_end_in_the_dead_letter_queue(aws: Server, mapped: Any) -> None:
    """Recording test_report_batch_item_failures: the good ones once, the bad one until its receives are used up."""
    dead_url, dead_arn = make_queue(aws)
    redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": "2"})
    url, arn = make_queue(aws, VisibilityTimeout="1", RedrivePolicy=redrive)
    for body in ("good", "bad", "fine"):
        aws.client("sqs").send_message(QueueUrl=url, MessageBody=body)
    name, _ = mapped(arn, REPORTS, Timeout=1, FunctionResponseTypes=["ReportBatchItemFailures"])
    assert receive(aws, dead_url)["Body"] == "bad"
    until(lambda: held(aws, url) == (0, 0))
    assert sorted(bodies_in(seen_by(aws, name))) == ["bad", "bad", "fine", "good"]


def test_groups_come_in_order(aws: Server, mapped: Any) -> None:
    """Recording test_fifo_message_group_parallelism; order is what FIFO queues are for."""
    url, arn = make_queue(aws, fifo=True)
    for number in range(12):
        aws.client("sqs").send_message(
            QueueUrl=url, MessageBody=f"{number % 2}-{number:02}", MessageGroupId=f"g{number % 2}"
        )
    name, _ = mapped(arn, BatchSize=2)
    until(lambda: len(bodies_in(seen_by(aws, name))) == 12)
    seen = bodies_in(seen_by(aws, name))
    for group in "01":
        mine = [body for body in seen if body[0] == group]
        assert mine == sorted(mine)
    until(lambda: held(aws, url) == (0, 0))


def test_filtered_messages_are_gone(aws: Server, mapped: Any) -> None:
    """Recordings test_sqs_event_filter: bodies that are JSON are looked into."""
    url, arn = make_queue(aws)
    filters = [{"Pattern": json.dumps({"body": {"n": [{"numeric": [">", 100]}]}})}]
    name, mapping = mapped(arn, FilterCriteria={"Filters": filters})
    assert mapping["FilterCriteria"] == {"Filters": filters}
    for body in ('{"n": 99}', "this is a test string", '{"n": 105}'):
        aws.client("sqs").send_message(QueueUrl=url, MessageBody=body)
    until(lambda: seen_by(aws, name))
    until(lambda: held(aws, url) == (0, 0))
    assert bodies_in(seen_by(aws, name)) == ['{"n": 105}']


def test_a_dead_letter_queue_gets_the_event(aws: Server, functions: Any, role: str) -> None:
    """Recordings test_dead_letter_queue, test_sqs_queue_as_lambda_dead_letter_queue."""
    url, arn = make_queue(aws)
    name = make_function(aws, role, FAILS, DeadLetterConfig={"TargetArn": arn})
    assert functions.get_function_configuration(FunctionName=name)["DeadLetterConfig"] == {"TargetArn": arn}
    functions.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    answer = functions.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"raise_error": 1}')
    message = receive(aws, url)
    assert json.loads(message["Body"]) == {"raise_error": 1}
    assert message["MessageAttributes"] == {
        "ErrorCode": {"DataType": "Number", "StringValue": "200"},
        "ErrorMessage": {"DataType": "String", "StringValue": "on purpose"},
        "RequestID": {"DataType": "String", "StringValue": answer["ResponseMetadata"]["RequestId"]},
    }


def subscribed(server: Server) -> tuple[str, str]:
    """A topic's ARN, and the URL of a queue that hears all of it."""
    url, arn = make_queue(server)
    topics = server.client("sns")
    topic: str = topics.create_topic(Name=f"events-{uuid4().hex[:12]}")["TopicArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    server.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    topics.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return topic, url


def test_a_dead_letter_topic_tells_of_the_event(aws: Server, functions: Any, role: str) -> None:
    """The same three attributes, as SNS carries them."""
    topic, url = subscribed(aws)
    name = make_function(aws, role, FAILS, DeadLetterConfig={"TargetArn": topic})
    functions.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    functions.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"n": 1}')
    told = json.loads(receive(aws, url)["Body"])
    assert (told["TopicArn"], json.loads(told["Message"])) == (topic, {"n": 1})
    assert told["MessageAttributes"]["ErrorCode"] == {"Type": "Number", "Value": "200"}
    assert told["MessageAttributes"]["ErrorMessage"] == {"Type": "String", "Value": "on purpose"}


def test_destinations_are_queues_and_topics(aws: Server, functions: Any, role: str) -> None:
    """Recordings test_assess_lambda_destination_invocation: success goes here, failure there."""
    url, arn = make_queue(aws)
    topic, topic_url = subscribed(aws)
    name = make_function(aws, role)
    for gone in (f"{arn}-gone", f"{topic}-gone"):  # terraform-provider-aws, which waits for them
        assert refused(
            functions.put_function_event_invoke_config,
            FunctionName=name,
            DestinationConfig={"OnSuccess": {"Destination": gone}},
        ) == ("InvalidParameterValueException", f"The destination ARN {gone} is invalid.", 400)
    config = {"OnSuccess": {"Destination": arn}, "OnFailure": {"Destination": topic}}
    put = functions.put_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=0, DestinationConfig=config
    )
    assert put["DestinationConfig"] == config
    for payload in (b"{}", b'{"fail": 1}'):
        functions.invoke(FunctionName=name, InvocationType="Event", Payload=payload)
    message = receive(aws, url)
    assert message["Attributes"]["AWSTraceHeader"].startswith("Root=1-")  # recordings test_retries, test_maxeventage
    record = json.loads(message["Body"])
    function_arn = f"arn:aws:lambda:us-east-1:111111111111:function:{name}:$LATEST"
    assert record == {
        "version": "1.0",
        "timestamp": record["timestamp"],
        "requestContext": {
            "requestId": record["requestContext"]["requestId"],
            "functionArn": function_arn,
            "condition": "Success",
            "approximateInvokeCount": 1,
        },
        "requestPayload": {},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"},
        "responsePayload": {"seen": {}},
    }
    failure = json.loads(json.loads(receive(aws, topic_url)["Body"])["Message"])
    assert failure["requestContext"]["condition"] == "RetriesExhausted"
    assert failure["requestPayload"] == {"fail": 1}
    assert failure["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    assert failure["responsePayload"]["errorMessage"] == "on purpose"


def test_a_stream_tells_a_queue_of_what_it_gave_up(aws: Server, functions: Any, role: str) -> None:
    """Recording lambda_integration_dynamodbstreams, `test_dynamodb_event_source_mapping_with_on_failure_*`."""
    url, arn = make_queue(aws)
    table, stream = make_table(aws)
    name = make_function(aws, role, FAILS)
    mapping = functions.create_event_source_mapping(
        FunctionName=name,
        EventSourceArn=stream,
        StartingPosition="TRIM_HORIZON",
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": arn}},
    )
    assert mapping["DestinationConfig"] == {"OnFailure": {"Destination": arn}}
    put(aws, table, "first")
    record = json.loads(receive(aws, url)["Body"])
    functions.delete_event_source_mapping(UUID=mapping["UUID"])
    batch = record["DDBStreamBatchInfo"]
    assert record == {
        "requestContext": {
            "requestId": record["requestContext"]["requestId"],
            "functionArn": f"arn:aws:lambda:us-east-1:111111111111:function:{name}",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 2,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": record["timestamp"],
        "DDBStreamBatchInfo": {
            "shardId": batch["shardId"],
            "startSequenceNumber": batch["startSequenceNumber"],
            "endSequenceNumber": batch["startSequenceNumber"],
            "approximateArrivalOfFirstRecord": batch["approximateArrivalOfFirstRecord"],
            "approximateArrivalOfLastRecord": batch["approximateArrivalOfFirstRecord"],
            "batchSize": 1,
            "streamArn": stream,
        },
    }
