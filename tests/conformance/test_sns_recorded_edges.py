"""What recordings of SNS tell beside what the other tests say: each was answered so by AWS, word for word."""

import hashlib
import json
import urllib.request
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.conformance.test_sns_people import CREDENTIALS, new_phone
from tests.conftest import Server
from tests.support.topics import Queue

ACCOUNT = "111111111111"
ARN_OF_6 = "Reason: An ARN must have at least 6 elements, not"


@pytest.fixture
def sns(aws: Server) -> Any:
    return aws.client("sns")


@pytest.fixture
def topic(sns: Any) -> str:
    arn: str = sns.create_topic(Name=f"t-{uuid4().hex}")["TopicArn"]
    return arn


@pytest.fixture
def queue(aws: Server) -> Queue:
    return Queue(aws.client("sqs"))


@pytest.fixture
def application(sns: Any) -> str:
    arn: str = sns.create_platform_application(Name=f"a-{uuid4().hex}", Platform="ADM", Attributes=CREDENTIALS)[
        "PlatformApplicationArn"
    ]
    return arn


def refused(call: Callable[..., Any], **given: Any) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as caught:
        call(**given)
    response: Any = caught.value.response
    assert response["Error"]["Type"] == "Sender"
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], response["Error"]["Message"]


def invalid(reason: str) -> tuple[int, str, str]:
    return 400, "InvalidParameter", f"Invalid parameter: {reason}"


def missing(what: str) -> tuple[int, str, str]:
    return 404, "NotFound", f"{what} does not exist"


NULL_ATTRIBUTES = (
    400,
    "ValidationError",
    "1 validation error detected: Value null at 'attributes' failed to satisfy constraint: Member must not be null",
)


def test_topics_that_are_created_again(sns: Any) -> None:
    """test_create_duplicate_topic_with_more_tags, test_create_topic_after_delete_with_new_tags,
    test_tags_removed_after_deletion: a topic that was deleted leaves nothing behind."""
    name = f"t-{uuid4().hex}"
    tags = [{"Key": "k1", "Value": "v1"}, {"Key": "k2", "Value": "v2"}]
    assert refused_more_tags(sns, tags) == invalid("Tags Reason: Topic already exists with different tags")
    topic = sns.create_topic(Name=name, Tags=tags)["TopicArn"]
    assert sns.list_tags_for_resource(ResourceArn=topic)["Tags"] == tags
    sns.delete_topic(TopicArn=topic)
    assert sns.create_topic(Name=name)["TopicArn"] == topic
    assert sns.list_tags_for_resource(ResourceArn=topic)["Tags"] == []


def refused_more_tags(sns: Any, tags: list[dict[str, str]]) -> tuple[int, str, str]:
    name = f"t-{uuid4().hex}"
    sns.create_topic(Name=name)
    return refused(sns.create_topic, Name=name, Tags=tags)


def test_a_permission_that_is_removed(sns: Any, topic: str) -> None:
    """test_topic_remove_permission: the default statement stays."""
    before = json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])
    sns.add_permission(TopicArn=topic, Label="crossaccountpermission", AWSAccountId=[ACCOUNT], ActionName=["Publish"])
    sns.remove_permission(TopicArn=topic, Label="crossaccountpermission")
    assert json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]) == before
    assert [statement["Sid"] for statement in before["Statement"]] == ["__default_statement_ID"]


def test_what_cannot_be_subscribed(sns: Any, topic: str) -> None:
    """test_subscribe_with_invalid_topic, test_subscribe_to_sqs_with_queue_url, test_subscribe_unknown_topic,
    test_subscribe_bad_sms."""
    endpoint = {"Protocol": "email", "Endpoint": "a@example.com"}
    assert refused(sns.subscribe, TopicArn="randomstring", **endpoint) == invalid(f"TopicArn {ARN_OF_6} 1")
    five = "arn:aws:sns:us-east-1:randomstring"
    assert refused(sns.subscribe, TopicArn=five, **endpoint) == invalid(f"TopicArn {ARN_OF_6} 5")
    assert refused(sns.subscribe, TopicArn=f"{topic}1", **endpoint) == missing("Topic")
    url = f"http://sqs.us-east-1.localhost:4566/{ACCOUNT}/q"
    assert refused(sns.subscribe, TopicArn=topic, Protocol="sqs", Endpoint=url) == invalid("SQS endpoint ARN")
    answer = refused(sns.subscribe, TopicArn=topic, Protocol="sms", Endpoint="invalid-number")
    assert answer == (400, "InvalidParameter", "Invalid SMS endpoint: invalid-number")


def test_a_subscription_tells_of_itself(sns: Any, topic: str, queue: Queue) -> None:
    """test_subscribe_attributes, test_set_subscription_attributes, test_double_subscription,
    test_getting_subscriptions_by_topic, test_get_subscription_attributes_error_not_exists,
    test_unsubscribe_from_deleted_topic, test_unsubscribe_from_non_existing_subscription."""
    asked = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": queue.arn}
    arn = sns.subscribe(**asked)["SubscriptionArn"]
    assert sns.subscribe(**asked)["SubscriptionArn"] == arn
    told = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert told.pop("SubscriptionPrincipal").startswith(f"arn:aws:iam::{ACCOUNT}:")
    assert told == {
        "ConfirmationWasAuthenticated": "true",
        "Endpoint": queue.arn,
        "Owner": ACCOUNT,
        "PendingConfirmation": "false",
        "Protocol": "sqs",
        "RawMessageDelivery": "false",
        "SubscriptionArn": arn,
        "TopicArn": topic,
    }
    sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="RawMessageDelivery", AttributeValue="true")
    changed = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert changed.items() >= (told | {"RawMessageDelivery": "true"}).items()
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == [
        {"Endpoint": queue.arn, "Owner": ACCOUNT, "Protocol": "sqs", "SubscriptionArn": arn, "TopicArn": topic}
    ]
    sns.unsubscribe(SubscriptionArn=arn)
    sns.unsubscribe(SubscriptionArn=arn)
    sns.unsubscribe(SubscriptionArn=f"{topic}:{uuid4()}")
    assert refused(sns.get_subscription_attributes, SubscriptionArn=f"{topic}:{uuid4()}") == missing("Subscription")
    none = refused(sns.unsubscribe, SubscriptionArn="subscription-arn")
    assert none == invalid(f"SubscriptionArn {ARN_OF_6} 1")


def test_a_scope_without_a_policy_is_not_told(sns: Any, topic: str, queue: Queue) -> None:
    """test_set_subscription_filter_policy_scope: it is kept all the same."""
    arn = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)["SubscriptionArn"]

    def put(name: str, value: str) -> None:
        sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName=name, AttributeValue=value)

    def told() -> dict[str, str]:
        attributes: dict[str, str] = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
        return {name: value for name, value in attributes.items() if name.startswith("Filter")}

    put("FilterPolicyScope", "MessageBody")
    assert told() == {}
    with pytest.raises(ClientError) as caught:
        put("FilterPolicyScope", "RandomValue")
    reason = "FilterPolicyScope: Invalid value [RandomValue]. Please use either MessageBody or MessageAttributes"
    assert caught.value.response["Error"]["Message"] == f"Invalid parameter: {reason}"
    put("FilterPolicy", '{"attr":["match-this"]}')
    assert told() == {"FilterPolicy": '{"attr":["match-this"]}', "FilterPolicyScope": "MessageBody"}


@pytest.mark.parametrize(
    ("condition", "reason", "column"),
    [
        ({"exists": None}, "exists match pattern must be either true or false.", 23),
        ({"exists": "no"}, "exists match pattern must be either true or false.", 20),
        ({"anything-but": {"wrong-operator": None}}, "Unsupported anything-but pattern: wrong-operator", 47),
        ({"anything-but": {"suffix": "test"}}, "Unsupported anything-but pattern: suffix", 36),
        ({"anything-but": {"exists": False}}, "Unsupported anything-but pattern: exists", 40),
        ({"anything-but": {"prefix": False}}, "prefix match pattern must be a string", 40),
    ],
)
def test_operators_that_are_none(sns: Any, topic: str, condition: object, reason: str, column: int) -> None:
    """test_validate_policy_exists_operator, test_validate_policy_nested_anything_but_operator.

    They are of 2024 and quote the policy; recordings of 2025 say that it is redacted.
    """
    policy = json.dumps({"key": [condition]}, separators=(",", ":"))
    answer = refused(
        sns.subscribe,
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=f"arn:aws:sqs:us-east-1:{ACCOUNT}:q",
        Attributes={"FilterPolicy": policy},
    )
    source = "REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled)"
    at = f"\n at [Source: {source}; line: 1, column: {column}]"
    assert answer == invalid(f"Attributes Reason: FilterPolicy: {reason}{at}")


def test_an_empty_array_in_a_body(sns: Any, topic: str, queue: Queue) -> None:
    """test_filter_policy_empty_array_payload: it hides nothing of the body from the filter."""
    attributes = {
        "RawMessageDelivery": "true",
        "FilterPolicyScope": "MessageBody",
        "FilterPolicy": json.dumps({"detail": {"eventVersion": [""]}}),
    }
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn, Attributes=attributes)
    body = {"source": "aws.autoscaling", "resources": [], "detail": {"eventVersion": "", "responseElements": None}}
    sns.publish(TopicArn=topic, Message=json.dumps(body))
    [message] = queue.messages()
    assert json.loads(message["Body"]) == body


def test_what_is_published(sns: Any, topic: str, queue: Queue) -> None:
    """test_publish_unicode_chars, test_publish_batch_messages_without_topic."""
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)
    text = 'ö§a1"_!?,. £$-'
    sns.publish(TopicArn=topic, Message=text)
    assert queue.envelopes()[0]["Message"] == text
    entries = [{"Id": "1", "Message": "m"}]
    assert refused(sns.publish_batch, TopicArn=f"{topic}1", PublishBatchRequestEntries=entries) == missing("Topic")


@pytest.mark.parametrize("raw", ["true", "false"])
def test_a_queue_without_deduplication_by_content(aws: Server, sns: Any, raw: str) -> None:
    """test_publish_to_fifo_topic_to_sqs_queue_no_content_dedup, ..._deduplication_on_topic_level: the topic's hash of a
    message is the deduplication id in the queue, which needs none of its own."""
    queue = Queue(aws.client("sqs"), fifo=True)
    given = {"FifoTopic": "true", "ContentBasedDeduplication": "true"}
    topic = sns.create_topic(Name=f"t-{uuid4().hex}.fifo", Attributes=given)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn, Attributes={"RawMessageDelivery": raw})
    group = "message-group-id-1"
    for _ in range(2):
        sns.publish(TopicArn=topic, Message="Test single", MessageGroupId=group)
        entries = [{"Id": "1", "Message": "Test batched", "MessageGroupId": group}]
        assert len(sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)["Successful"]) == 1
    messages = queue.messages(2)
    bodies = [message["Body"] if raw == "true" else json.loads(message["Body"])["Message"] for message in messages]
    assert bodies == ["Test single", "Test batched"]
    for message, body in zip(messages, bodies, strict=True):
        told = message["Attributes"]
        assert told["MessageGroupId"] == group
        assert told["MessageDeduplicationId"] == hashlib.sha256(body.encode()).hexdigest()
    assert queue.messages(0) == []


@pytest.mark.parametrize("raw", ["true", "false"])
def test_messages_of_a_fifo_topic_whose_queue_is_gone(aws: Server, sns: Any, raw: str) -> None:
    """test_publish_fifo_messages_to_dlq, test_subscription_after_failure_to_deliver: they keep order, group, id and
    body in the dead-letter queue, and the subscription stays."""
    sqs = aws.client("sqs")
    queue, dead = Queue(sqs, fifo=True), Queue(sqs, fifo=True)
    topic = sns.create_topic(Name=f"t-{uuid4().hex}.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    attributes = {"RawMessageDelivery": raw, "RedrivePolicy": json.dumps({"deadLetterTargetArn": dead.arn})}
    arn = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn, Attributes=attributes)["SubscriptionArn"]
    sqs.delete_queue(QueueUrl=queue.url)
    sent = {"attr1": {"DataType": "Number", "StringValue": "99.12"}}
    entries = [
        {
            "Id": str(n),
            "Message": f"m{n}",
            "MessageGroupId": "complexMessageGroupId",
            "MessageDeduplicationId": f"MessageDeduplicationId-{n}",
            "MessageAttributes": sent,
        }
        for n in (1, 2, 3)
    ]
    answer = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    messages = dead.messages(3)
    told = [message["Attributes"]["MessageDeduplicationId"] for message in messages]
    assert told == [f"MessageDeduplicationId-{n}" for n in (1, 2, 3)]
    assert {message["Attributes"]["MessageGroupId"] for message in messages} == {"complexMessageGroupId"}
    if raw == "true":
        assert [message["Body"] for message in messages] == ["m1", "m2", "m3"]
        assert messages[0]["MessageAttributes"] == sent
    else:
        envelopes = [json.loads(message["Body"]) for message in messages]
        assert [each["SequenceNumber"] for each in envelopes] == [
            each["SequenceNumber"] for each in answer["Successful"]
        ]
        assert envelopes[0]["MessageAttributes"] == {"attr1": {"Type": "Number", "Value": "99.12"}}
    assert sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]["SubscriptionArn"] == arn
    assert [each["SubscriptionArn"] for each in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]] == [
        arn
    ]


def test_a_phone_that_wants_nothing(aws: Server, sns: Any, topic: str) -> None:
    """test_subscribe_sms, test_is_phone_number_opted_out, test_list_phone_numbers_opted_out,
    test_opt_in_phone_number, test_list_opted_out."""
    phone = new_phone()
    assert sns.subscribe(TopicArn=topic, Protocol="sms", Endpoint=phone)["SubscriptionArn"].startswith(f"{topic}:")
    assert sns.check_if_phone_number_is_opted_out(phoneNumber=phone)["isOptedOut"] is False
    reply = json.dumps({"from": phone, "body": "STOP", "account_id": ACCOUNT}).encode()
    request = urllib.request.Request(f"{aws.url}/_pileus/inbox", data=reply, method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert json.load(answer) == {"opted_out": True}
    assert sns.check_if_phone_number_is_opted_out(phoneNumber=phone)["isOptedOut"] is True
    assert phone in sns.list_phone_numbers_opted_out()["phoneNumbers"]
    sns.opt_in_phone_number(phoneNumber=phone)
    assert phone not in sns.list_phone_numbers_opted_out()["phoneNumbers"]


def test_platform_applications_tell_of_themselves(sns: Any, application: str) -> None:
    """test_get_platform_application_attributes, test_set_platform_application_attributes, and what they refuse."""
    get, put = sns.get_platform_application_attributes, sns.set_platform_application_attributes
    assert get(PlatformApplicationArn=application)["Attributes"] == {"Enabled": "true"}
    put(PlatformApplicationArn=application, Attributes={"SuccessFeedbackSampleRate": "50"})
    told = get(PlatformApplicationArn=application)["Attributes"]
    assert told == {"Enabled": "true", "SuccessFeedbackSampleRate": "50"}
    short = invalid(f"PlatformApplicationArn {ARN_OF_6} 1")
    assert refused(get, PlatformApplicationArn="not-an-arn") == short
    rate = {"SuccessFeedbackSampleRate": "50"}
    assert refused(put, PlatformApplicationArn="not-an-arn", Attributes=rate) == short
    gone = f"arn:aws:sns:us-east-1:{ACCOUNT}:app/ADM/{uuid4().hex}"
    assert refused(get, PlatformApplicationArn=gone) == missing("PlatformApplication")
    given: dict[str, str]
    for given in ({"PlatformCredential": "c"}, {"PlatformPrincipal": "p"}, CREDENTIALS):
        assert refused(put, PlatformApplicationArn=gone, Attributes=given) == missing("PlatformApplication")
    assert refused(put, PlatformApplicationArn=gone, Attributes={}) == NULL_ATTRIBUTES


def test_platform_endpoints_tell_of_themselves(sns: Any, application: str) -> None:
    """test_create_platform_endpoint, ..._idempotency, ..._custom_data, ..._double_custom_data,
    test_list_platform_endpoints, test_get_platform_endpoint_attributes, test_set_platform_endpoint_attributes."""

    def create(token: str, **given: Any) -> str:
        arn: str = sns.create_platform_endpoint(PlatformApplicationArn=application, Token=token, **given)["EndpointArn"]
        return arn

    def attributes(arn: str) -> dict[str, str]:
        told: dict[str, str] = sns.get_endpoint_attributes(EndpointArn=arn)["Attributes"]
        return told

    first = create("token_1")
    assert first.startswith(application.replace(":app/", ":endpoint/") + "/")
    assert create("token_1") == first
    assert attributes(first) == {"Enabled": "true", "Token": "token_1"}
    listed = sns.list_endpoints_by_platform_application(PlatformApplicationArn=application)["Endpoints"]
    assert listed == [{"EndpointArn": first, "Attributes": {"Enabled": "true", "Token": "token_1"}}]
    assert refused(
        sns.create_platform_endpoint, PlatformApplicationArn=application, Token="token_1", CustomUserData="other"
    ) == invalid(f"Token Reason: Endpoint {first} already exists with the same Token, but different attributes.")
    sns.set_endpoint_attributes(EndpointArn=first, Attributes={"Enabled": "false"})
    assert attributes(first) == {"Enabled": "false", "Token": "token_1"}
    member = create("token_2", CustomUserData="bar")
    assert attributes(member) == {"CustomUserData": "bar", "Enabled": "true", "Token": "token_2"}
    both = create("token_3", CustomUserData="bar", Attributes={"CustomUserData": "foo"})
    assert attributes(both) == {"CustomUserData": "foo", "Enabled": "true", "Token": "token_3"}


def test_platform_endpoints_that_are_none(sns: Any, application: str) -> None:
    """test_create_platform_endpoint_non_existent_app, ..._with_invalid_attributes,
    test_set_platform_endpoint_attributes_invalid_arn, ..._non_existent_endpoint, ..._invalid_attributes."""
    gone = f"arn:aws:sns:us-east-1:{ACCOUNT}:app/ADM/{uuid4().hex}"
    create, put = sns.create_platform_endpoint, sns.set_endpoint_attributes
    assert refused(create, PlatformApplicationArn=gone, Token="t") == missing("PlatformApplication")
    endpoint = create(PlatformApplicationArn=application, Token="t")["EndpointArn"]
    cases = {
        "PlatformPrincipal": ("p", "Invalid attribute name: PlatformPrincipal"),
        "PlatformCredential": ("c", "Invalid attribute name: PlatformCredential"),
        "InvalidKey": ("v", "Invalid attribute name: InvalidKey"),
        "CustomUserData": (
            "a" * 2_049,
            "Invalid value for attribute: CustomUserData: must be at most 2048 bytes long in UTF-8 encoding",
        ),
    }
    for name, (value, reason) in cases.items():
        attributes = {name: value}
        expected = invalid(f"Attributes Reason: {reason}")
        assert refused(create, PlatformApplicationArn=application, Token="u", Attributes=attributes) == expected
        assert refused(put, EndpointArn=endpoint, Attributes=attributes) == expected
    assert refused(put, EndpointArn=endpoint, Attributes={}) == NULL_ATTRIBUTES
    slashes = invalid("EndpointArn Reason: Wrong number of slashes in relative portion of the ARN.")
    assert refused(put, EndpointArn=application, Attributes={"Enabled": "false"}) == slashes
    absent = f"{application.replace(':app/', ':endpoint/')}/{uuid4()}"
    assert refused(put, EndpointArn=absent, Attributes={"Enabled": "false"}) == missing("Endpoint")
    assert refused(sns.get_endpoint_attributes, EndpointArn=absent) == missing("Endpoint")
