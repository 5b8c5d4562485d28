"""Whom topics reach beside queues and HTTP, and who may use them: functions, people, alarms, policies, metrics.

Recordings sns: TestSNSSubscriptionLambda, `test_redrive_policy_lambda_subscription`.
"""

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.conformance.test_enforcement import User, allow
from tests.conformance.test_enforcement_functions import elsewhere
from tests.conftest import Server
from tests.support.functions import archive, make_role
from tests.support.topics import Queue, verified

WITHIN_S = 30.0
KEEPS = """
import boto3, json, os
def handler(event, context):
    boto3.client("dynamodb").put_item(TableName="sns-seen", Item={"pk": {"S": context.function_name},
        "event": {"S": json.dumps(event)}})
"""


def eventually(what: Callable[[], Any]) -> Any:
    """What it gives once that is something."""
    deadline = time.monotonic() + WITHIN_S
    while not (found := what()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


@pytest.fixture
def sns(aws: Server) -> Any:
    return aws.client("sns")


@pytest.fixture
def topic(sns: Any) -> str:
    arn: str = sns.create_topic(Name=f"t-{uuid4().hex}")["TopicArn"]
    return arn


@pytest.fixture(scope="module")
def seen(aws: Server) -> Iterator[Callable[[str], Any]]:
    """The event that a function of this name has got, if it has."""
    dynamodb = aws.client("dynamodb")
    dynamodb.create_table(
        TableName="sns-seen",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )

    def find(name: str) -> Any:
        item = dynamodb.get_item(TableName="sns-seen", Key={"pk": {"S": name}}).get("Item")
        return item and json.loads(item["event"]["S"])

    yield find
    dynamodb.delete_table(TableName="sns-seen")


def make_function(aws: Server) -> str:
    arn: str = aws.client("lambda").create_function(
        FunctionName=f"f-{uuid4().hex[:12]}",
        Runtime="python3.12",
        Role=make_role(aws),
        Handler="index.handler",
        Code={"ZipFile": archive(KEEPS)},
        Timeout=20,
    )["FunctionArn"]
    return arn


def test_a_function_gets_an_event(aws: Server, sns: Any, topic: str, seen: Callable[[str], Any]) -> None:
    """test_python_lambda_subscribe_sns_topic: every member, in AWS's spelling; the subject is null where none is."""
    function = make_function(aws)
    aws.client("lambda").add_permission(
        FunctionName=function,
        StatementId="sns",
        Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com",
        SourceArn=topic,
    )
    subscription = sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function)["SubscriptionArn"]
    attributes = {"n": {"DataType": "Number", "StringValue": "1"}}
    published = sns.publish(TopicArn=topic, Message="Hello world.", MessageAttributes=attributes)["MessageId"]
    event = eventually(lambda: seen(function.rpartition(":")[2]))
    [record] = event["Records"]
    told = record.pop("Sns")
    assert record == {"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": subscription}
    assert set(told) == {
        "Type",
        "MessageId",
        "TopicArn",
        "Subject",
        "Message",
        "Timestamp",
        "SignatureVersion",
        "Signature",
        "SigningCertUrl",
        "UnsubscribeUrl",
        "MessageAttributes",
    }
    assert (told["MessageId"], told["Subject"], told["Message"]) == (published, None, "Hello world.")
    assert told["MessageAttributes"] == {"n": {"Type": "Number", "Value": "1"}}
    assert verified({name: value for name, value in told.items() if value is not None})


def test_a_function_that_lets_nobody_in(aws: Server, sns: Any, topic: str) -> None:
    """test_redrive_policy_lambda_subscription: the message goes to the dead-letter queue at once."""
    dead, function = Queue(aws.client("sqs")), make_function(aws)
    policy = json.dumps({"deadLetterTargetArn": dead.arn})
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function, Attributes={"RedrivePolicy": policy})
    attributes = {"attr1": {"DataType": "Number", "StringValue": "1"}}
    sns.publish(TopicArn=topic, Message="test_redrive_policy", MessageAttributes=attributes)
    [envelope] = dead.envelopes()
    assert envelope["Message"] == "test_redrive_policy"
    assert envelope["MessageAttributes"] == {"attr1": {"Type": "Number", "Value": "1"}}


def test_mail_reaches_the_inbox(aws: Server, sns: Any, topic: str) -> None:
    """An address must confirm, and then reads the message and how to get no more of them."""
    address = f"{uuid4().hex}@example.com"

    def letters() -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{aws.url}/_pileus/inbox?recipient={address}") as answer:
            found: list[dict[str, Any]] = json.load(answer)["messages"]
        return found

    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=address)
    [asked] = eventually(letters)
    assert asked["subject"] == "AWS Notification - Subscription Confirmation"
    link = next(word for word in asked["body"].split() if "Action=ConfirmSubscription" in word)
    urllib.request.urlopen(link).close()
    sns.publish(TopicArn=topic, Message="the text", Subject="the subject")
    told = eventually(lambda: [letter for letter in letters() if letter["subject"] == "the subject"])
    assert told[0]["body"].startswith("the text")


def test_an_alarm_publishes(aws: Server, sns: Any, topic: str) -> None:
    """CloudWatch User Guide, "Alarm actions": the default policy of a topic lets its account's alarms in."""
    queue, alarm = Queue(aws.client("sqs")), f"a-{uuid4().hex}"
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)
    client = aws.client("cloudwatch")
    client.put_metric_alarm(
        AlarmName=alarm,
        AlarmActions=[topic],
        MetricName="m",
        Namespace="Mine",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=5,
        ComparisonOperator="GreaterThanThreshold",
    )
    client.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="because")
    [envelope] = queue.envelopes()
    assert json.loads(envelope["Message"])["AlarmName"] == alarm
    assert envelope["Subject"].startswith(f'ALARM: "{alarm}" in ')
    history = eventually(
        lambda: client.describe_alarm_history(AlarmName=alarm, HistoryItemType="Action")["AlarmHistoryItems"]
    )
    assert history[0]["HistorySummary"] == f"Successfully executed action {topic}"


def test_an_alarm_that_the_topic_does_not_let_in(aws: Server, sns: Any, topic: str) -> None:
    """A policy of one's own replaces the default: what it does not allow is told as failed."""
    queue, alarm = Queue(aws.client("sqs")), f"a-{uuid4().hex}"
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)
    statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sns:Publish"}
    policy = {"Version": "2012-10-17", "Statement": [statement | {"Resource": topic}]}
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(policy))
    client = aws.client("cloudwatch")
    client.put_metric_alarm(
        AlarmName=alarm,
        AlarmActions=[topic],
        MetricName="m",
        Namespace="Mine",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=5,
        ComparisonOperator="GreaterThanThreshold",
    )
    client.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="because")
    history = eventually(
        lambda: client.describe_alarm_history(AlarmName=alarm, HistoryItemType="Action")["AlarmHistoryItems"]
    )
    assert history[0]["HistorySummary"] == f"Failed to execute action {topic}"
    assert queue.messages(0) == []


def refused(call: Callable[..., Any], **options: Any) -> str:
    """The message of the refusal, which has SNS's own code."""
    with pytest.raises(ClientError) as caught:
        call(**options)
    response: Any = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert response["Error"]["Code"] == "AuthorizationError"
    told: str = response["Error"]["Message"]
    return told


def test_policies_of_users_decide(aws: Server, topic: str) -> None:
    """API_Publish, "Errors": AuthorizationError names the user, the action and the topic."""
    user = User(aws)
    client = user.client("sns")
    told = refused(client.publish, TopicArn=topic, Message="m")
    assert told == (
        f"User: {user.arn} is not authorized to perform: SNS:Publish on resource: {topic} because no identity-based "
        "policy allows the SNS:Publish action"
    )
    user.may(allow("sns:Publish", topic))
    assert client.publish(TopicArn=topic, Message="m")["MessageId"]
    assert refused(client.subscribe, TopicArn=topic, Protocol="sms", Endpoint="+15551234567")


def test_another_account_needs_both_sides(aws: Server, sns: Any, topic: str) -> None:
    """SNS Developer Guide, "Example cases for access control": AddPermission lets an account in, its user too."""
    user = elsewhere(aws)
    client = user.client("sns")
    user.may(allow("sns:*"))
    assert "because no resource-based policy allows the SNS:Publish action" in refused(
        client.publish, TopicArn=topic, Message="m"
    )
    account = user.arn.split(":")[4]
    sns.add_permission(TopicArn=topic, Label="let", AWSAccountId=[account], ActionName=["Publish", "Subscribe"])
    assert client.publish(TopicArn=topic, Message="m")["MessageId"]
    arn = client.subscribe(TopicArn=topic, Protocol="sms", Endpoint="+15551234567")["SubscriptionArn"]
    assert arn in [each["SubscriptionArn"] for each in client.list_subscriptions()["Subscriptions"]]
    [listed] = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert listed["Owner"] == account
    client.unsubscribe(SubscriptionArn=arn)
    refused(client.delete_topic, TopicArn=topic)


def test_a_queue_of_another_account_must_agree(aws: Server, sns: Any, topic: str) -> None:
    """SNS Developer Guide, "queue in a different account": the token comes to the queue."""
    sqs = aws.client("sqs", aws_access_key_id="222222222222")
    name = f"q-{uuid4().hex}"
    arn = f"arn:aws:sqs:us-east-1:222222222222:{name}"
    statement = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = {"Version": "2012-10-17", "Statement": [statement | {"Resource": arn}]}
    url = sqs.create_queue(QueueName=name, Attributes={"Policy": json.dumps(policy)})["QueueUrl"]
    answer = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    assert answer["SubscriptionArn"] == "pending confirmation"
    [message] = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10)["Messages"]
    envelope = json.loads(message["Body"])
    assert envelope["Type"] == "SubscriptionConfirmation"
    assert verified(envelope)
    sns.confirm_subscription(TopicArn=topic, Token=envelope["Token"])
    sns.publish(TopicArn=topic, Message="across")
    [message] = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10)["Messages"]
    assert json.loads(message["Body"])["Message"] == "across"


def test_metrics(aws: Server, sns: Any, topic: str) -> None:
    """SNS Developer Guide, "Monitoring Amazon SNS topics using CloudWatch"."""
    sqs = aws.client("sqs")
    queue = Queue(sqs)
    filters = json.dumps({"a": ["b"]})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=Queue(sqs).arn, Attributes={"FilterPolicy": filters})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"{queue.arn}-that-is-none")
    sns.publish(TopicArn=topic, Message="0123456789")
    now = datetime.now(UTC)
    for name, expected in (
        ("NumberOfMessagesPublished", 1.0),
        ("PublishSize", 10.0),
        ("NumberOfNotificationsDelivered", 1.0),
        ("NumberOfNotificationsFailed", 1.0),
        ("NumberOfNotificationsFilteredOut", 1.0),
        ("NumberOfNotificationsFilteredOut-NoMessageAttributes", 1.0),
    ):
        [point] = aws.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/SNS",
            MetricName=name,
            Dimensions=[{"Name": "TopicName", "Value": topic.rpartition(":")[2]}],
            Period=3600,
            Statistics=["Sum"],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(hours=1),
        )["Datapoints"]
        assert point["Sum"] == expected, name
