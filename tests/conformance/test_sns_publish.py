"""What is published, and what queues get of it, as boto3 sees it. Recordings sns: TestSNSPublishCrud,
TestSNSSubscriptionSQS, TestSNSSubscriptionSQSFifo.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.conformance.test_sns import error, invalid
from tests.conftest import Server
from tests.support.topics import Queue, verified


@pytest.fixture
def sns(aws: Server) -> Any:
    return aws.client("sns")


@pytest.fixture
def queue(aws: Server) -> Queue:
    return Queue(aws.client("sqs"))


@pytest.fixture
def topic(sns: Any) -> str:
    arn: str = sns.create_topic(Name=f"t-{uuid4().hex}")["TopicArn"]
    return arn


def fifo_topic(sns: Any, **attributes: str) -> str:
    arn: str = sns.create_topic(Name=f"t-{uuid4().hex}.fifo", Attributes={"FifoTopic": "true"} | attributes)["TopicArn"]
    return arn


def subscribe(sns: Any, topic: str, queue: Queue, **attributes: str) -> str:
    arn: str = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn, Attributes=attributes)[
        "SubscriptionArn"
    ]
    return arn


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_queue_gets_a_signed_envelope(sns: Any, topic: str, queue: Queue, version: str) -> None:
    """test_publish_sqs_verify_signature, test_publish_sqs_from_sns: members, their order, and the spaces between."""
    sns.set_topic_attributes(TopicArn=topic, AttributeName="SignatureVersion", AttributeValue=version)
    subscription = subscribe(sns, topic, queue)
    attributes = {
        "attr1": {"DataType": "Number", "StringValue": "99.12"},
        "bytes": {"DataType": "Binary", "BinaryValue": b"\x02\x03\x04"},
    }
    published = sns.publish(TopicArn=topic, Message='öß"\n\u2028', Subject="A subject", MessageAttributes=attributes)[
        "MessageId"
    ]
    [message] = queue.messages()
    body = message["Body"]
    assert body.startswith(f'{{\n  "Type" : "Notification",\n  "MessageId" : "{published}",\n  "TopicArn" : ')
    assert '"MessageAttributes" : {\n    "attr1" : {"Type":"Number","Value":"99.12"},\n    "bytes" : ' in body
    envelope = json.loads(body)
    assert list(envelope) == [
        "Type",
        "MessageId",
        "TopicArn",
        "Subject",
        "Message",
        "Timestamp",
        "SignatureVersion",
        "Signature",
        "SigningCertURL",
        "UnsubscribeURL",
        "MessageAttributes",
    ]
    assert envelope["Message"] == 'öß"\n\u2028'
    assert envelope["SignatureVersion"] == version
    assert envelope["UnsubscribeURL"].endswith(f"/?Action=Unsubscribe&SubscriptionArn={subscription}")
    assert envelope["MessageAttributes"]["bytes"] == {"Type": "Binary", "Value": "AgME"}
    assert verified(envelope)
    assert "MessageAttributes" not in message


def test_raw_delivery(sns: Any, topic: str, queue: Queue) -> None:
    """test_message_attributes_not_missing: the body as it was published, and the attributes as SQS has them."""
    subscribe(sns, topic, queue, RawMessageDelivery="true")
    attributes = {
        "an-attribute-key": {"DataType": "String", "StringValue": "an-attribute-value"},
        "binary-attribute": {"DataType": "Binary", "BinaryValue": b"\x02\x03\x04"},
    }
    sns.publish(TopicArn=topic, Message="text", MessageAttributes=attributes)
    [message] = queue.messages()
    assert message["Body"] == "text"
    assert message["MessageAttributes"] == attributes


def test_a_message_for_each_protocol(sns: Any, topic: str, queue: Queue) -> None:
    """test_message_structure_json_to_sqs."""
    subscribe(sns, topic, queue)
    for structured, expected in (
        ({"default": "default field", "sqs": '{"field": "value"}'}, '{"field": "value"}'),
        ({"default": "default field", "email": "x"}, "default field"),
    ):
        sns.publish(TopicArn=topic, Message=json.dumps(structured), MessageStructure="json")
        [envelope] = queue.envelopes()
        assert envelope["Message"] == expected
        assert verified(envelope)


def test_target_arn_names_a_topic(sns: Any, topic: str, queue: Queue) -> None:
    """test_publish_message_by_target_arn; test_publish_message_before_subscribe_topic."""
    sns.publish(TargetArn=topic, Message="before")
    subscribe(sns, topic, queue)
    sns.publish(TargetArn=topic, Message="after")
    assert [envelope["Message"] for envelope in queue.envelopes()] == ["after"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"Message": ""}, "Empty message"),
        ({"Message": "m", "Subject": ""}, "Subject"),
        ({"Message": "m", "Subject": "two\nlines"}, "Subject"),
        ({"Message": "m", "Subject": "s" * 101}, "Subject"),
        ({"Message": "m" * 262_145}, "Message too long"),
        (
            {"Message": "m" * 262_130, "MessageAttributes": {"a": {"DataType": "String", "StringValue": "x" * 10}}},
            "Message too long",
        ),
        (
            {"Message": "not json", "MessageStructure": "json"},
            "Message Structure - JSON message body failed to parse",
        ),
        (
            {"Message": '{"sqs": "m"}', "MessageStructure": "json"},
            "Message Structure - No default entry in JSON message body",
        ),
        (
            {"Message": '{"default": {"a": 1}}', "MessageStructure": "json"},
            "Message Structure - No default entry in JSON message body",
        ),
        (
            {"Message": "m", "MessageDeduplicationId": "d"},
            "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid "
            "for this topic type",
        ),
    ],
)
def test_messages_that_cannot_be_published(sns: Any, topic: str, options: Any, reason: str) -> None:
    """test_empty_sns_message, test_publish_too_long_message, test_message_structure_json_exc and others."""
    with pytest.raises(ClientError) as caught:
        sns.publish(TopicArn=topic, **options)
    assert error(caught) == invalid(reason)


def test_the_longest_message(sns: Any, topic: str, queue: Queue) -> None:
    """256 KiB are a message, and the envelope around it no reason for the queue to refuse it."""
    subscribe(sns, topic, queue)
    sns.publish(TopicArn=topic, Message="m" * 262_144, Subject="s" * 100)
    [envelope] = queue.envelopes()
    assert len(envelope["Message"]) == 262_144


TYPES = "the set of supported type prefixes is Binary, Number, and String."


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        *(
            (
                "attr1",
                {"DataType": kind, **value},
                "The message attribute 'attr1' must contain non-empty message attribute value for message attribute "
                f"type '{kind}'.",
            )
            for kind, value in (
                ("String", {"StringValue": ""}),
                ("String", {}),
                ("Binary", {"BinaryValue": b""}),
            )
        ),
        *(
            (
                "attr1",
                {"DataType": kind, **value},
                f"The message attribute 'attr1' with type '{kind}' must use field '{field}'.",
            )
            for kind, value, field in (
                ("String", {"BinaryValue": b"123"}, "String"),
                ("Number", {"BinaryValue": b"123"}, "String"),
                ("Binary", {"StringValue": "123"}, "Binary"),
            )
        ),
        *(
            (
                "attr1",
                {"DataType": kind, "StringValue": "x"},
                f"The message attribute 'attr1' has an invalid message attribute type, {TYPES}",
            )
            for kind in ("InvalidType", "string", "Stringprefixed", "String.")
        ),
        (
            "a" * 257,
            {"DataType": "String", "StringValue": "x"},
            "Length of message attribute name must be less than 256 bytes.",
        ),
        (
            "attr^1",
            {"DataType": "String", "StringValue": "x"},
            "Invalid non-alphanumeric character '#x5E' was found in the message attribute name. Can only include "
            "alphanumeric characters, hyphens, underscores, or dots.",
        ),
        (
            ".attr",
            {"DataType": "String", "StringValue": "x"},
            "Invalid message attribute name starting with character '.' was found.",
        ),
        (
            "attr.",
            {"DataType": "String", "StringValue": "x"},
            "Invalid message attribute name ending with character '.' was found.",
        ),
        (
            "a..b",
            {"DataType": "String", "StringValue": "x"},
            "Message attribute name can not have successive '.' character.",
        ),
    ],
)
def test_attributes_that_are_none(sns: Any, topic: str, name: str, value: Any, message: str) -> None:
    """test_empty_or_wrong_message_attributes, test_message_attributes_prefixes: alone and in a batch."""
    calls: list[Callable[[], Any]] = [
        lambda: sns.publish(TopicArn=topic, Message="m", MessageAttributes={name: value}),
        lambda: sns.publish_batch(
            TopicArn=topic,
            PublishBatchRequestEntries=[{"Id": "1", "Message": "m", "MessageAttributes": {name: value}}],
        ),
    ]
    for call in calls:
        with pytest.raises(ClientError) as caught:
            call()
        assert error(caught) == (400, "ParameterValueInvalid", message)


def test_types_may_have_labels(sns: Any, topic: str) -> None:
    """test_message_attributes_prefixes; SNS Developer Guide, "Message attribute data types and validation"."""
    sns.publish(
        TopicArn=topic,
        Message="m",
        MessageAttributes={
            "a": {"DataType": "String.prefixed", "StringValue": "x"},
            "b": {"DataType": "Number.prefixed", "StringValue": "1"},
            "c": {"DataType": "String.Array", "StringValue": '["a", 1, true, null]'},
        },
    )


def test_a_batch(sns: Any, topic: str, queue: Queue) -> None:
    """test_publish_batch_messages_from_sns_to_sqs."""
    subscribe(sns, topic, queue, RawMessageDelivery="true")
    entries = [{"Id": str(number), "Message": f"m{number}", "Subject": "s"} for number in range(10)]
    answer = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    assert answer["Failed"] == []
    assert [each["Id"] for each in answer["Successful"]] == [entry["Id"] for entry in entries]
    assert sorted(message["Body"] for message in queue.messages(10)) == [f"m{number}" for number in range(10)]


@pytest.mark.parametrize(
    ("entries", "code", "message"),
    [
        (
            [{"Id": str(number), "Message": "m"} for number in range(11)],
            "TooManyEntriesInBatchRequest",
            "The batch request contains more entries than permissible.",
        ),
        (
            [{"Id": "same", "Message": "m"}, {"Id": "same", "Message": "m"}],
            "BatchEntryIdsNotDistinct",
            "Two or more batch entries in the request have the same Id.",
        ),
        (
            [{"Id": str(number), "Message": "m" * 131_073} for number in range(2)],
            "BatchRequestTooLong",
            "The length of all the messages put together is more than the limit.",
        ),
        (
            [{"Id": "message.id", "Message": "m"}],
            "InvalidBatchEntryId",
            "The Id of a batch entry in the batch request contains an impermissible character: message.id",
        ),
        (
            [{"Id": "a" * 81, "Message": "m"}],
            "InvalidBatchEntryId",
            f"The Id of a batch entry in the batch request is too long: {'a' * 81}",
        ),
    ],
)
def test_batches_that_are_none(sns: Any, topic: str, entries: Any, code: str, message: str) -> None:
    """test_publish_batch_exceptions, test_publish_batch_too_long_message, test_publish_batch_invalid_entry_id."""
    with pytest.raises(ClientError) as caught:
        sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    assert error(caught) == (400, code, message)


def test_a_fifo_topic_numbers_and_deduplicates(aws: Server, sns: Any) -> None:
    """test_message_to_fifo_sqs, test_publish_batch_messages_from_fifo_topic_to_fifo_queue: no signature, and order."""
    topic, queue = fifo_topic(sns), Queue(aws.client("sqs"), fifo=True)
    subscribe(sns, topic, queue)
    first = sns.publish(TopicArn=topic, Message="m1", MessageGroupId="g", MessageDeduplicationId="d1")
    again = sns.publish(TopicArn=topic, Message="other", MessageGroupId="g", MessageDeduplicationId="d1")
    assert (again["MessageId"], again["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    entries = [
        {"Id": str(n), "Message": f"m{n}", "MessageGroupId": "g", "MessageDeduplicationId": f"d{n}"}
        for n in range(2, 5)
    ]
    batch = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)["Successful"]
    numbers = [first["SequenceNumber"], *(each["SequenceNumber"] for each in batch)]
    assert numbers == sorted(numbers)
    assert len(numbers[0]) == 20
    messages = queue.messages(4)
    assert [message["Attributes"]["MessageDeduplicationId"] for message in messages] == ["d1", "d2", "d3", "d4"]
    assert {message["Attributes"]["MessageGroupId"] for message in messages} == {"g"}
    envelope = json.loads(messages[0]["Body"])
    assert list(envelope) == [
        "Type",
        "MessageId",
        "SequenceNumber",
        "TopicArn",
        "Message",
        "Timestamp",
        "UnsubscribeURL",
    ]
    assert envelope["SequenceNumber"] == first["SequenceNumber"]


def test_deduplication_by_content(aws: Server, sns: Any) -> None:
    """test_message_to_fifo_sqs[True]: the queue's deduplication id is the sum of the message's body."""
    topic, queue = fifo_topic(sns, ContentBasedDeduplication="true"), Queue(aws.client("sqs"), fifo=True)
    subscribe(sns, topic, queue)
    for _ in range(2):
        sns.publish(TopicArn=topic, Message="Test", MessageGroupId="message-group-id-1")
    [message] = queue.messages()
    assert message["Attributes"]["MessageDeduplicationId"] == hashlib.sha256(b"Test").hexdigest()
    assert queue.messages(0) == []


def test_a_fifo_topic_reaches_standard_queues(aws: Server, sns: Any, queue: Queue) -> None:
    """test_fifo_topic_to_regular_sqs: the queue's message has no group."""
    topic = fifo_topic(sns)
    subscribe(sns, topic, queue)
    sns.publish(TopicArn=topic, Message="Test", MessageGroupId="g", MessageDeduplicationId="d")
    [message] = queue.messages()
    assert "MessageGroupId" not in message["Attributes"]


def test_groups_reach_standard_queues_from_standard_topics(sns: Any, topic: str, queue: Queue) -> None:
    """test_publish_message_group_id: for fair queues."""
    subscribe(sns, topic, queue)
    sns.publish(TopicArn=topic, Message="m", MessageGroupId="my-group-id-1")
    [message] = queue.messages()
    assert message["Attributes"]["MessageGroupId"] == "my-group-id-1"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "The MessageGroupId parameter is required for FIFO topics"),
        (
            {"MessageGroupId": "g"},
            "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided "
            "explicitly",
        ),
    ],
)
def test_what_a_fifo_topic_wants(sns: Any, options: dict[str, str], reason: str) -> None:
    """test_validations_for_fifo, test_publish_batch_exceptions."""
    topic = fifo_topic(sns)
    with pytest.raises(ClientError) as caught:
        sns.publish(TopicArn=topic, Message="m", **options)
    assert error(caught) == invalid(reason)
    with pytest.raises(ClientError) as caught:
        sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[{"Id": "1", "Message": "m", **options}])
    assert error(caught) == invalid(reason)


@pytest.mark.parametrize("raw", ["true", "false"])
def test_what_a_queue_refuses_goes_to_the_dead_letter_queue(aws: Server, sns: Any, topic: str, raw: str) -> None:
    """test_redrive_policy_sqs_queue_subscription: with its attributes where delivery is raw."""
    sqs = aws.client("sqs")
    queue, dead = Queue(sqs), Queue(sqs)
    policy = json.dumps({"deadLetterTargetArn": dead.arn})
    subscribe(sns, topic, queue, RawMessageDelivery=raw, RedrivePolicy=policy)
    sqs.delete_queue(QueueUrl=queue.url)
    attributes = {"attr1": {"DataType": "Number", "StringValue": "111"}}
    sns.publish(TopicArn=topic, Message="lost", MessageAttributes=attributes)
    [message] = dead.messages()
    if raw == "true":
        assert (message["Body"], message["MessageAttributes"]) == ("lost", attributes)
    else:
        assert json.loads(message["Body"])["Message"] == "lost"


def test_a_queue_whose_policy_says_nothing_gets_nothing(aws: Server, sns: Any, topic: str) -> None:
    """SNS Developer Guide, "Subscribing a queue to a topic", step 2; the confused deputy is kept out likewise."""
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName=f"q-{uuid4().hex}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    sns.publish(TopicArn=topic, Message="m")
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def test_filters_choose(aws: Server, sns: Any, topic: str) -> None:
    """test_subscribe_sqs_queue; SNS Developer Guide, "Message filtering": by attributes, and by the body."""
    sqs = aws.client("sqs")
    by_attributes, by_body = Queue(sqs), Queue(sqs)
    subscribe(sns, topic, by_attributes, FilterPolicy=json.dumps({"n": [{"numeric": [">", 0, "<=", 100]}]}))
    nested = json.dumps({"order": {"state": ["paid"]}})
    arn = subscribe(sns, topic, by_body, FilterPolicy=nested, FilterPolicyScope="MessageBody")
    assert sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]["FilterPolicyScope"] == "MessageBody"
    for number, state in (("5", "open"), ("500", "paid")):
        sns.publish(
            TopicArn=topic,
            Message=json.dumps({"order": {"state": state}}),
            MessageAttributes={"n": {"DataType": "Number", "StringValue": number}},
        )
    assert [envelope["MessageAttributes"]["n"]["Value"] for envelope in by_attributes.envelopes()] == ["5"]
    assert [json.loads(envelope["Message"])["order"]["state"] for envelope in by_body.envelopes()] == ["paid"]
    assert by_attributes.messages(0) == by_body.messages(0) == []


def test_traces_travel_on(sns: Any, topic: str, queue: Queue) -> None:
    """test_publish_sqs_from_sns_with_xray_propagation; a header that is no trace keeps no message from its queue."""
    subscribe(sns, topic, queue)
    trace = "Root=1-3152b799-8954dae64eda91bc9a23a7e8;Parent=7fa8c0f79203be72;Sampled=1"
    for header, expected in ((trace, trace), ("nonsense", None)):

        def add(request: Any, header: str = header, **_: Any) -> None:
            request.headers["X-Amzn-Trace-Id"] = header

        sns.meta.events.register("before-send.sns.Publish", add)
        sns.publish(TopicArn=topic, Message="m")
        sns.meta.events.unregister("before-send.sns.Publish", add)
        [message] = queue.messages()
        assert message["Attributes"].get("AWSTraceHeader") == expected
