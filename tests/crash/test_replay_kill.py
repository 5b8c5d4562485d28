"""A replay survives a kill at any instant: every archived message reaches the queue once, in its order."""

import json
import time
from typing import Any

import pytest

from tests.conftest import Server

MESSAGES = 1_500


def allowed_queue(sqs: Any) -> tuple[str, str]:
    """Its URL and ARN; SNS may send to it."""
    url = sqs.create_queue(QueueName="q.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [allow]})})
    return url, arn


def archived_topic(sns: Any) -> str:
    """With messages of several groups, so that the queue can be emptied in tens."""
    attributes = {
        "FifoTopic": "true",
        "ContentBasedDeduplication": "true",
        "ArchivePolicy": '{"MessageRetentionPeriod":"1"}',
    }
    topic: str = sns.create_topic(Name="t.fifo", Attributes=attributes)["TopicArn"]
    for first in range(0, MESSAGES, 10):
        entries = [
            {"Id": str(number), "Message": f"{number:05}", "MessageGroupId": f"g{number % 10}"}
            for number in range(first, first + 10)
        ]
        sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    return topic


@pytest.mark.parametrize("after_s", [0.0, 0.02, 0.05])
def test_a_replay_goes_on_where_it_was(own_server: Server, after_s: float) -> None:
    """Killed right after Subscribe, and a moment later."""
    own_server.start()
    sns, sqs = own_server.client("sns"), own_server.client("sqs")
    topic = archived_topic(sns)
    start = sns.get_topic_attributes(TopicArn=topic)["Attributes"]["BeginningArchiveTime"]
    _, queue = allowed_queue(sqs)
    replay = json.dumps({"PointType": "Timestamp", "StartingPoint": start})
    attributes = {"ReplayPolicy": replay, "RawMessageDelivery": "true"}
    subscription = sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes=attributes, ReturnSubscriptionArn=True
    )["SubscriptionArn"]
    time.sleep(after_s)
    own_server.kill()
    own_server.start()

    sns, sqs = own_server.client("sns"), own_server.client("sqs")
    deadline = time.monotonic() + 30
    while sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]["ReplayStatus"] != "Completed":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    sns.publish(TopicArn=topic, Message="99999", MessageGroupId="g0")
    url = sqs.get_queue_url(QueueName="q.fifo")["QueueUrl"]
    bodies: list[str] = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        bodies += [message["Body"] for message in messages]
        entries = [
            {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]} for index, message in enumerate(messages)
        ]
        sqs.delete_message_batch(QueueUrl=url, Entries=entries)
    expected = [*(f"{number:05}" for number in range(MESSAGES)), "99999"]
    assert sorted(bodies) == expected
    for group in range(10):
        of_group = [body for body in bodies if int(body) % 10 == group and body != "99999"]
        assert of_group == sorted(of_group)
