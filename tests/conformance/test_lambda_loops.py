"""Functions that come round to themselves through queues, topics and buckets. A function's boto3 sends the trace along.

Lambda Developer Guide, "Use Lambda recursive loop detection to prevent infinite loops".
"""

import json
from typing import Any, Final
from uuid import uuid4

import pytest

from tests.conformance.test_lambda_events import make_function, seen_by, until
from tests.conformance.test_lambda_queues import make_queue, receive
from tests.conftest import Server
from tests.support.functions import make_role

LAST: Final = 16
"""The last number of a chain that begins outside, with 0."""
ROUND: Final = """
import json, os
import boto3

TO, END = os.environ["TO"], int(os.environ["END"])
service = TO.split(":")[2] if TO.startswith("arn:") else "sqs"
client = boto3.client(service)

def number_in(event):
    record = event["Records"][0]
    if "s3" in record:
        return record["s3"]["object"]["key"]
    return record["Sns"]["Message"] if "Sns" in record else record["body"]

def handler(event, context):
    n = int(number_in(event))
    print("GOT", n)
    if n == END:
        return
    text = str(n + 1)
    if service == "sns":
        client.publish(TopicArn=TO, Message=text)
    elif service == "s3":
        client.put_object(Bucket=TO.rpartition(":")[2], Key=text, Body=b"")
    elif n % 2:
        client.send_message(QueueUrl=TO, MessageBody=text)
    else:
        client.send_message_batch(QueueUrl=TO, Entries=[{"Id": "a", "MessageBody": text}])
"""


@pytest.fixture(scope="module")
def role(aws: Server) -> str:
    return make_role(aws)


def make_round(aws: Server, role: str, to: str, *, end: int = -1, **members: Any) -> tuple[str, str]:
    """A function that sends the next number there; its name and its ARN."""
    environment = {"Variables": {"TO": to, "END": str(end)}}
    name = make_function(aws, role, ROUND, Environment=environment, **members)
    arn: str = aws.client("lambda").get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    return name, arn


def make_topic(aws: Server) -> str:
    arn: str = aws.client("sns").create_topic(Name=f"round-{uuid4().hex[:12]}")["TopicArn"]
    return arn


def let_in(aws: Server, name: str, service: str, source_arn: str) -> None:
    aws.client("lambda").add_permission(
        FunctionName=name,
        StatementId=service,
        Action="lambda:InvokeFunction",
        Principal=f"{service}.amazonaws.com",
        SourceArn=source_arn,
    )


def tell_when_given_up(aws: Server, role: str, name: str) -> str:
    """A function that is told what becomes of the events of another one."""
    functions = aws.client("lambda")
    told = make_function(aws, role)
    arn = functions.get_function(FunctionName=told)["Configuration"]["FunctionArn"]
    functions.put_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": arn}}
    )
    return told


@pytest.mark.parametrize("through_a_topic", [False, True])
def test_a_loop_through_a_queue(aws: Server, role: str, through_a_topic: bool) -> None:
    """The message that would go on with it is left to the queue's redrive policy."""
    dead_url, dead_arn = make_queue(aws)
    redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": "2"})
    url, arn = make_queue(aws, VisibilityTimeout="3", RedrivePolicy=redrive)
    to = url
    if through_a_topic:
        to = make_topic(aws)
        allowed = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        aws.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        aws.client("sns").subscribe(
            TopicArn=to, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
        )
    name, _ = make_round(aws, role, to, Timeout=3)
    mapping = aws.client("lambda").create_event_source_mapping(FunctionName=name, EventSourceArn=arn)
    aws.client("sqs").send_message(QueueUrl=url, MessageBody="0")
    dead = receive(aws, dead_url)
    assert dead["Body"] == str(LAST + 1)
    assert "Lineage=" in dead["Attributes"]["AWSTraceHeader"]
    assert seen_by(aws, name) == list(range(LAST + 1))
    aws.client("lambda").delete_event_source_mapping(UUID=mapping["UUID"])


def test_a_loop_through_a_queue_that_is_wanted(aws: Server, role: str) -> None:
    """`RecursiveLoop: Allow`."""
    url, arn = make_queue(aws)
    name, _ = make_round(aws, role, url, end=25)
    functions = aws.client("lambda")
    functions.put_function_recursion_config(FunctionName=name, RecursiveLoop="Allow")
    mapping = functions.create_event_source_mapping(FunctionName=name, EventSourceArn=arn)
    aws.client("sqs").send_message(QueueUrl=url, MessageBody="0")
    assert until(lambda: 25 in seen_by(aws, name))
    functions.delete_event_source_mapping(UUID=mapping["UUID"])


def test_a_loop_through_a_topic(aws: Server, role: str) -> None:
    """The event that would go on with it is given up, and its destination is told."""
    topic = make_topic(aws)
    name, arn = make_round(aws, role, topic)
    told = tell_when_given_up(aws, role, name)
    let_in(aws, name, "sns", topic)
    aws.client("sns").subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    aws.client("sns").publish(TopicArn=topic, Message="0")
    (record,) = until(lambda: seen_by(aws, told))
    assert record["requestPayload"]["Records"][0]["Sns"]["Message"] == str(LAST + 1)
    assert until(lambda: [each for each in [seen_by(aws, name)] if len(each) > LAST])[0] == list(range(LAST + 1))


def test_a_loop_through_a_bucket(aws: Server, role: str) -> None:
    """As through a topic."""
    bucket = f"round-{uuid4().hex[:12]}"
    aws.client("s3").create_bucket(Bucket=bucket)
    name, arn = make_round(aws, role, f"arn:aws:s3:::{bucket}")
    told = tell_when_given_up(aws, role, name)
    let_in(aws, name, "s3", f"arn:aws:s3:::{bucket}")
    configuration = {"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}
    aws.client("s3").put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"LambdaFunctionConfigurations": [configuration]}
    )
    aws.client("s3").put_object(Bucket=bucket, Key="0", Body=b"")
    (record,) = until(lambda: seen_by(aws, told))
    assert record["requestPayload"]["Records"][0]["s3"]["object"]["key"] == str(LAST + 1)
    assert until(lambda: [each for each in [seen_by(aws, name)] if len(each) > LAST])[0] == list(range(LAST + 1))
