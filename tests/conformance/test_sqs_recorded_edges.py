"""What recordings of SQS tell beside what the other tests and the tables say."""

import time
from typing import Any

import pytest

from tests.conformance.test_sqs_messages import WITHIN_S, Make, make, receive, sqs

__all__ = ["make", "sqs"]


def send(sqs: Any, url: str, body: str, group: str, once: str) -> str:
    sent: str = sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=group, MessageDeduplicationId=once)[
        "MessageId"
    ]
    return sent


def taken(sqs: Any, url: str) -> list[str]:
    """The bodies of what there is, which is deleted."""
    messages = receive(sqs, url, WaitTimeSeconds=0)
    for message in messages:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [message["Body"] for message in messages]


def test_one_id_in_two_groups(sqs: Any, make: Make) -> None:
    """test_sqs_fifo_same_dedup_id_different_message_groups: of a queue it is one message."""
    url = make(fifo=True)
    first = send(sqs, url, "Test", "1", "same")
    assert send(sqs, url, "Test", "2", "same") == first
    assert taken(sqs, url) == ["Test"]
    assert taken(sqs, url) == []


def test_one_id_in_two_groups_of_high_throughput(sqs: Any, make: Make) -> None:
    """test_fifo_high_throughput_ordering, test_fifo_change_to_regular_throughput_after_creation: of a group it is one
    message, and the queue that goes back counts its messages by itself again."""
    url = make(fifo=True, DeduplicationScope="messageGroup", FifoThroughputLimit="perMessageGroupId")
    send(sqs, url, "Test1", "1", "same")
    send(sqs, url, "Test2", "2", "same")
    assert sorted(taken(sqs, url)) == ["Test1", "Test2"]
    regular = {"DeduplicationScope": "queue", "FifoThroughputLimit": "perQueue"}
    sqs.set_queue_attributes(QueueUrl=url, Attributes=regular)
    send(sqs, url, "Test3", "3", "again")
    send(sqs, url, "Test4", "4", "again")
    assert taken(sqs, url) == ["Test3"]


def test_a_delay_of_zero_is_none_of_a_fifo_message(sqs: Any, make: Make) -> None:
    """test_fifo_queue_send_message_with_zero_delay_defaults_to_queue_delay."""
    url = make(fifo=True, DelaySeconds="2")
    given = {"MessageBody": "message-1", "MessageGroupId": "g", "MessageDeduplicationId": "d"}
    assert "SequenceNumber" in sqs.send_message(QueueUrl=url, DelaySeconds=0, **given)
    assert receive(sqs, url, WaitTimeSeconds=0) == []
    assert [message["Body"] for message in receive(sqs, url, WaitTimeSeconds=10)] == ["message-1"]


@pytest.mark.parametrize("names", [["All"], ["SenderId", "SentTimestamp", "ApproximateReceiveCount"]])
def test_system_attributes_by_both_names(sqs: Any, make: Make, names: list[str]) -> None:
    """test_message_system_attribute_names_with_attribute_names, test_receive_message_message_system_attribute_names_
    filters: what either member asks for is told."""
    url = make()
    attributes = {"Foo": {"DataType": "String", "StringValue": "Bar"}}
    sqs.send_message(QueueUrl=url, MessageBody="msg", MessageAttributes=attributes)

    def told(**asked: Any) -> dict[str, Any]:
        [message] = receive(sqs, url, VisibilityTimeout=0, **asked)
        found: dict[str, Any] = message
        return found

    everything = {"ApproximateFirstReceiveTimestamp", "ApproximateReceiveCount", "SenderId", "SentTimestamp"}
    expected = everything if names == ["All"] else set(names)
    assert set(told(MessageSystemAttributeNames=names)["Attributes"]) == expected
    assert set(told(MessageSystemAttributeNames=names, AttributeNames=names)["Attributes"]) == expected
    both = told(MessageSystemAttributeNames=names, AttributeNames=["SenderId"], MessageAttributeNames=["All"])
    assert set(both["Attributes"]) == expected
    assert both["MessageAttributes"] == attributes
    assert set(told(MessageSystemAttributeNames=["SenderId"])["Attributes"]) == {"SenderId"}


def test_a_message_is_deleted_behind_its_timeout(sqs: Any, make: Make) -> None:
    """test_delete_after_visibility_timeout: nobody has received it since, so its handle still counts."""
    url = make(VisibilityTimeout="1")
    sqs.send_message(QueueUrl=url, MessageBody="m")
    [message] = receive(sqs, url)
    deadline = time.monotonic() + WITHIN_S
    counted = {"QueueUrl": url, "AttributeNames": ["ApproximateNumberOfMessages"]}
    while sqs.get_queue_attributes(**counted)["Attributes"]["ApproximateNumberOfMessages"] != "1":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert receive(sqs, url, WaitTimeSeconds=0) == []
