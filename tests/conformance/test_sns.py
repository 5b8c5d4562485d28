"""SNS's topics and subscriptions as boto3 sees them. Recordings sns: TestSNSTopicCrud, TestSNSSubscriptionCrud.

Errors are compared word by word: SDKs and Terraform's provider read them.
"""

import json
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Server

ACCOUNT = "111111111111"


@pytest.fixture
def sns(aws: Server) -> Any:
    return aws.client("sns")


@pytest.fixture
def topic(sns: Any) -> str:
    arn: str = sns.create_topic(Name=f"t-{uuid4().hex}")["TopicArn"]
    return arn


@pytest.fixture
def fifo(sns: Any) -> str:
    arn: str = sns.create_topic(Name=f"t-{uuid4().hex}.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    return arn


def queue_arn(suffix: str = "") -> str:
    return f"arn:aws:sqs:us-east-1:{ACCOUNT}:q-{uuid4().hex}{suffix}"


def error(caught: pytest.ExceptionInfo[ClientError]) -> tuple[int, str, str]:
    response: Any = caught.value.response
    assert response["Error"]["Type"] == "Sender"
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], response["Error"]["Message"]


def invalid(reason: str) -> tuple[int, str, str]:
    return 400, "InvalidParameter", f"Invalid parameter: {reason}"


NO_TOPIC = (404, "NotFound", "Topic does not exist")
NO_SUBSCRIPTION = (404, "NotFound", "Subscription does not exist")


def test_the_attributes_of_a_new_topic(sns: Any) -> None:
    """test_create_topic_test_arn: Terraform shows a difference for every default that is not AWS's."""
    arn = sns.create_topic(Name=f"t-{uuid4().hex}")["TopicArn"]
    attributes = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    policy, effective = json.loads(attributes.pop("Policy")), json.loads(attributes.pop("EffectiveDeliveryPolicy"))
    assert attributes == {
        "DisplayName": "",
        "Owner": ACCOUNT,
        "SubscriptionsConfirmed": "0",
        "SubscriptionsDeleted": "0",
        "SubscriptionsPending": "0",
        "TopicArn": arn,
    }
    [statement] = policy.pop("Statement")
    assert policy == {"Version": "2008-10-17", "Id": "__default_policy_ID"}
    assert statement["Resource"] == arn
    assert statement["Condition"] == {"StringEquals": {"AWS:SourceOwner": ACCOUNT}}
    assert effective["http"]["defaultHealthyRetryPolicy"] == {
        "minDelayTarget": 20,
        "maxDelayTarget": 20,
        "numRetries": 3,
        "numMaxDelayRetries": 0,
        "numNoDelayRetries": 0,
        "numMinDelayRetries": 0,
        "backoffFunction": "linear",
    }
    assert effective["http"]["defaultRequestPolicy"] == {"headerContentType": "text/plain; charset=UTF-8"}


def test_the_attributes_of_a_fifo_topic(sns: Any) -> None:
    """test_create_topic_with_attributes."""
    given = {"FifoTopic": "true", "DisplayName": "TestTopic", "SignatureVersion": "2"}
    arn = sns.create_topic(Name=f"t-{uuid4().hex}.fifo", Attributes=given)["TopicArn"]
    attributes = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert {name: attributes.get(name) for name in given} == given
    assert attributes["ContentBasedDeduplication"] == "false"


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("", {}),
        ("a" * 257, {}),
        ("t.fifo", {}),
        ("t", {"FifoTopic": "true"}),
        *((f"t{stranger}", {}) for stranger in "!@ %/é:."),
    ],
)
def test_names_that_are_none(sns: Any, name: str, attributes: dict[str, str]) -> None:
    """test_create_topic_name_constraints."""
    with pytest.raises(ClientError) as caught:
        sns.create_topic(Name=name, Attributes=attributes)
    assert error(caught) == invalid("Topic Name")


def test_creating_again_finds_the_same_topic(sns: Any) -> None:
    """test_create_topic_different_attrs, test_create_duplicate_topic_check_idempotency."""
    name = f"t-{uuid4().hex}"
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    arn = sns.create_topic(Name=name, Attributes={"DisplayName": "Value1"}, Tags=tags)["TopicArn"]
    again: list[dict[str, Any]] = [{}, {"Tags": tags[:1]}, {"Tags": []}, {"Attributes": {"DisplayName": "Value1"}}]
    for same in again:
        assert sns.create_topic(Name=name, **same)["TopicArn"] == arn
    with pytest.raises(ClientError) as caught:
        sns.create_topic(Name=name, Attributes={"DisplayName": "Value1", "SignatureVersion": "2"})
    assert error(caught) == invalid("Attributes Reason: Topic already exists with different attributes")
    with pytest.raises(ClientError) as caught:
        sns.create_topic(Name=name, Tags=[*tags, {"Key": "c", "Value": "3"}])
    assert error(caught) == invalid("Tags Reason: Topic already exists with different tags")


def test_deleting_is_idempotent_and_what_is_gone_is_not_found(sns: Any, topic: str) -> None:
    """test_delete_topic_idempotency, test_unknown_topic_publish."""
    sns.delete_topic(TopicArn=topic)
    sns.delete_topic(TopicArn=topic)
    calls: list[Callable[[], Any]] = [
        lambda: sns.get_topic_attributes(TopicArn=topic),
        lambda: sns.publish(TopicArn=topic, Message="m"),
        lambda: sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn()),
        lambda: sns.add_permission(TopicArn=topic, Label="l", AWSAccountId=[ACCOUNT], ActionName=["Publish"]),
        lambda: sns.remove_permission(TopicArn=topic, Label="l"),
    ]
    for call in calls:
        with pytest.raises(ClientError) as caught:
            call()
        assert error(caught) == NO_TOPIC
    with pytest.raises(ClientError) as caught:
        sns.list_tags_for_resource(ResourceArn=topic)
    assert error(caught) == (404, "ResourceNotFound", "Resource does not exist")


def test_arns_that_are_none(sns: Any, aws: Server, topic: str) -> None:
    """test_publish_wrong_arn_format, test_cross_region_access."""
    for arn, count in (("randomstring", 1), ("randomstring:1", 2), ("", 1)):
        for call in (sns.get_topic_attributes, sns.delete_topic):
            with pytest.raises(ClientError) as caught:
                call(TopicArn=arn)
            assert error(caught) == invalid(f"TopicArn Reason: An ARN must have at least 6 elements, not {count}")
    elsewhere = aws.client("sns", region_name="eu-west-1")
    for call in (elsewhere.get_topic_attributes, elsewhere.delete_topic, elsewhere.list_subscriptions_by_topic):
        with pytest.raises(ClientError) as caught:
            call(TopicArn=topic)
        assert error(caught) == invalid("TopicArn")


def test_topics_are_listed_by_the_hundred(aws: Server) -> None:
    """API_ListTopics: a page has at most 100 topics; the token leads on until nothing is left."""
    sns = aws.client("sns", aws_access_key_id="222233334444")
    made = {sns.create_topic(Name=f"t-{number:03}")["TopicArn"] for number in range(205)}
    pages = [[each["TopicArn"] for each in page["Topics"]] for page in sns.get_paginator("list_topics").paginate()]
    assert [len(page) for page in pages] == [100, 100, 5]
    assert {arn for page in pages for arn in page} == made
    with pytest.raises(ClientError) as caught:
        sns.list_topics(NextToken="nonsense")
    assert error(caught) == invalid("NextToken")


def test_tags(sns: Any, topic: str) -> None:
    """test_tags."""
    with pytest.raises(ClientError) as caught:
        sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "k1", "Value": "v1"}, {"Key": "k1", "Value": "v2"}])
    assert error(caught) == invalid("Duplicated keys are not allowed.")
    sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "k1", "Value": "v1"}, {"Key": "k2", "Value": "v2"}])
    sns.untag_resource(ResourceArn=topic, TagKeys=["k1"])
    sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "k2", "Value": "v2b"}])
    assert sns.list_tags_for_resource(ResourceArn=topic)["Tags"] == [{"Key": "k2", "Value": "v2b"}]
    with pytest.raises(ClientError) as caught:
        sns.tag_resource(ResourceArn=topic, Tags=[{"Key": f"t{number}", "Value": ""} for number in range(50)])
    assert error(caught)[1] == "TagLimitExceeded"


def test_permissions_are_statements(sns: Any, topic: str) -> None:
    """test_topic_add_permission, test_topic_add_multiple_permissions, test_add_permission_errors."""
    sns.add_permission(TopicArn=topic, Label="one", AWSAccountId=[ACCOUNT], ActionName=["Publish"])
    sns.add_permission(TopicArn=topic, Label="two", AWSAccountId=[ACCOUNT], ActionName=["Publish", "Subscribe"])
    statements = json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])["Statement"]
    assert statements[1] == {
        "Sid": "one",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "SNS:Publish",
        "Resource": topic,
    }
    assert statements[2]["Action"] == ["SNS:Publish", "SNS:Subscribe"]
    with pytest.raises(ClientError) as caught:
        sns.add_permission(TopicArn=topic, Label="one", AWSAccountId=[ACCOUNT], ActionName=["Publish"])
    assert error(caught) == invalid("Statement already exists")
    with pytest.raises(ClientError) as caught:
        sns.add_permission(TopicArn=topic, Label="three", AWSAccountId=[ACCOUNT], ActionName=["CreateTopic"])
    assert error(caught) == invalid("Policy statement action out of service scope!")
    sns.remove_permission(TopicArn=topic, Label="one")
    sns.remove_permission(TopicArn=topic, Label="one")
    statements = json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])["Statement"]
    assert [each["Sid"] for each in statements] == ["__default_statement_ID", "two"]


def test_the_delivery_policy_of_a_topic(sns: Any, topic: str) -> None:
    """test_topic_delivery_policy_crud: what is kept, and what it comes to."""

    def put(value: str) -> tuple[Any, Any]:
        sns.set_topic_attributes(TopicArn=topic, AttributeName="DeliveryPolicy", AttributeValue=value)
        told = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
        own = told.get("DeliveryPolicy")
        return own and json.loads(own), json.loads(told["EffectiveDeliveryPolicy"])

    retry = {"minDelayTarget": 5, "maxDelayTarget": 6, "numRetries": 1}
    own, effective = put(json.dumps({"http": {"defaultHealthyRetryPolicy": retry}}))
    assert own == {"http": {"defaultHealthyRetryPolicy": retry, "disableSubscriptionOverrides": False}}
    assert effective["http"]["defaultHealthyRetryPolicy"] == {
        **retry,
        "numMaxDelayRetries": 0,
        "numNoDelayRetries": 0,
        "numMinDelayRetries": 0,
        "backoffFunction": "linear",
    }
    own, _ = put(json.dumps({"http": {"defaultHealthyRetryPolicy": None}}))
    assert own == {"http": {"disableSubscriptionOverrides": False}}
    own, effective = put("")
    assert own is None
    assert effective["http"]["disableSubscriptionOverrides"] is False


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("NoSuchAttribute", "x", "AttributeName"),
        ("FifoTopic", "false", "AttributeName"),
        ("SignatureVersion", "3", "SignatureVersion"),
        ("TracingConfig", "Sometimes", "TracingConfig"),
        ("Policy", "{", "Policy Error: null"),
        ("DisplayName", "a" * 101, "DisplayName"),
    ],
)
def test_attributes_that_a_topic_does_not_take(sns: Any, topic: str, name: str, value: str, reason: str) -> None:
    """test_topic_get_attributes_with_fifo_false; API_SetTopicAttributes."""
    with pytest.raises(ClientError) as caught:
        sns.set_topic_attributes(TopicArn=topic, AttributeName=name, AttributeValue=value)
    assert error(caught) == invalid(reason)


def test_a_queue_is_subscribed_at_once(sns: Any, topic: str) -> None:
    """test_sqs_topic_subscription_confirmation, test_create_subscriptions_with_attributes."""
    endpoint = queue_arn()
    arn = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=endpoint, Attributes={"RawMessageDelivery": "true"})[
        "SubscriptionArn"
    ]
    assert arn.startswith(f"{topic}:")
    assert sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"] == {
        "ConfirmationWasAuthenticated": "true",
        "Endpoint": endpoint,
        "Owner": ACCOUNT,
        "PendingConfirmation": "false",
        "Protocol": "sqs",
        "RawMessageDelivery": "true",
        "SubscriptionArn": arn,
        "SubscriptionPrincipal": f"arn:aws:iam::{ACCOUNT}:root",
        "TopicArn": topic,
    }
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsConfirmed"] == "1"


@pytest.mark.parametrize(
    ("protocol", "endpoint", "message"),
    [
        ("test-protocol", "x", "Invalid parameter: Amazon SNS does not support this protocol string: test-protocol"),
        ("sqs", "http://localhost/1/q", "Invalid parameter: SQS endpoint ARN"),
        (
            "sqs",
            "arn:aws:sqs:us-east-1:111111111111:q.fifo",
            "Invalid parameter: Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard "
            "SNS topics",
        ),
        ("http", "https://example.com", "Invalid parameter: Endpoint must match the specified protocol"),
        ("email", "nobody", "Invalid parameter: Email address"),
        ("lambda", "f", "Invalid parameter: Lambda endpoint ARN"),
        *(
            ("sms", number, f"Invalid SMS endpoint: {number}")
            for number in ("invalid-number", "NAA+15551234567", "+15--551234567", "+15551234567.", "/+15551234567")
        ),
    ],
)
def test_endpoints_that_cannot_subscribe(sns: Any, topic: str, protocol: str, endpoint: str, message: str) -> None:
    """test_subscribe_with_invalid_protocol, test_subscribe_invalid_sms, test_validations_for_fifo."""
    with pytest.raises(ClientError) as caught:
        sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint)
    assert error(caught) == (400, "InvalidParameter", message)


def test_subscribing_again(sns: Any, topic: str) -> None:
    """test_subscribe_idempotency: the same subscription, unless its attributes would differ."""
    endpoint = queue_arn()

    def subscribe(**options: Any) -> str:
        arn: str = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=endpoint, **options)["SubscriptionArn"]
        return arn

    arn = subscribe(Attributes={"RawMessageDelivery": "true"})
    assert subscribe(Attributes={"RawMessageDelivery": "True"}) == arn
    assert subscribe() == arn
    assert subscribe(Attributes={}) == arn
    sns.set_subscription_attributes(
        SubscriptionArn=arn, AttributeName="FilterPolicy", AttributeValue=json.dumps({"a": ["b"]})
    )
    assert subscribe(Attributes={"RawMessageDelivery": "true"}) == arn
    with pytest.raises(ClientError) as caught:
        subscribe(Attributes={"RawMessageDelivery": "false"})
    assert error(caught) == invalid("Attributes Reason: Subscription already exists with different attributes")


JACKSON = "\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: {}]"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("FakeAttribute", "x", "AttributeName"),
        (
            "RawMessageDelivery",
            "test-ValUe",
            "RawMessageDelivery: Invalid value [test-ValUe]. Must be true or false.",
        ),
        ("RawMessageDelivery", "", "RawMessageDelivery: Invalid value []. Must be true or false."),
        (
            "RedrivePolicy",
            '{"deadLetterTargetArn": "fake"}',
            "RedrivePolicy: deadLetterTargetArn is an invalid arn",
        ),
        *(
            (
                name,
                "{invalid",
                f"{name}: failed to parse JSON. Unexpected character ('i' (code 105)): was expecting double-quote "
                f"to start field name{JACKSON.format(2)}",
            )
            for name in ("RedrivePolicy", "FilterPolicy")
        ),
    ],
)
def test_attributes_that_a_subscription_does_not_take(sns: Any, topic: str, name: str, value: str, reason: str) -> None:
    """test_validate_set_sub_attributes."""
    arn = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn())["SubscriptionArn"]
    with pytest.raises(ClientError) as caught:
        sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName=name, AttributeValue=value)
    assert error(caught) == invalid(reason)


def test_subscribe_says_that_attributes_are_wrong(sns: Any, topic: str) -> None:
    """test_create_subscriptions_with_attributes, test_subscribe_invalid_filter_policy."""
    with pytest.raises(ClientError) as caught:
        sns.subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=queue_arn(), Attributes={"RawMessageDelivery": "wrongvalue"}
        )
    reason = "Attributes Reason: RawMessageDelivery: Invalid value [wrongvalue]. Must be true or false."
    assert error(caught) == invalid(reason)
    with pytest.raises(ClientError) as caught:
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn(), Attributes={"FilterPolicy": "invalid"})
    reason = (
        "Attributes Reason: FilterPolicy: failed to parse JSON. Unrecognized token 'invalid': was expecting "
        f"(JSON String, Number, Array, Object or token 'null', 'true' or 'false'){JACKSON.format(8)}"
    )
    assert error(caught) == invalid(reason)


def test_a_fifo_queue_needs_a_fifo_dead_letter_queue(sns: Any, fifo: str) -> None:
    """test_validations_for_fifo."""
    arn = sns.subscribe(TopicArn=fifo, Protocol="sqs", Endpoint=queue_arn(".fifo"))["SubscriptionArn"]
    policy = json.dumps({"deadLetterTargetArn": queue_arn()})
    with pytest.raises(ClientError) as caught:
        sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="RedrivePolicy", AttributeValue=policy)
    reason = "RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic."
    assert error(caught) == invalid(reason)


def test_unsubscribing(sns: Any, topic: str) -> None:
    """test_unsubscribe_idempotency, test_unsubscribe_wrong_arn_format, test_not_found_error_on_set_..."""
    arn = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn())["SubscriptionArn"]
    sns.unsubscribe(SubscriptionArn=arn)
    sns.unsubscribe(SubscriptionArn=arn)
    calls: list[Callable[[], Any]] = [
        lambda: sns.get_subscription_attributes(SubscriptionArn=arn),
        lambda: sns.set_subscription_attributes(
            SubscriptionArn=arn, AttributeName="RawMessageDelivery", AttributeValue="true"
        ),
    ]
    for call in calls:
        with pytest.raises(ClientError) as caught:
            call()
        assert error(caught) == NO_SUBSCRIPTION
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsDeleted"] == "1"
    for wrong, reason in (
        ("randomstring", "SubscriptionArn Reason: An ARN must have at least 6 elements, not 1"),
        ("arn:aws:sns:us-east-1:random", "SubscriptionArn Reason: An ARN must have at least 6 elements, not 5"),
        ("arn:aws:sns:us-east-1:111111111111:random", "SubscriptionId"),
        ("", "SubscriptionArn Reason: no value for required parameter"),
    ):
        with pytest.raises(ClientError) as caught:
            sns.unsubscribe(SubscriptionArn=wrong)
        assert error(caught) == invalid(reason)


def test_pending_subscriptions_are_told_so(sns: Any, topic: str) -> None:
    """test_creating_subscription, test_http_subscription_response; API_ListSubscriptionsByTopic."""
    endpoint = "http://127.0.0.1:9/nobody"
    assert sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint)["SubscriptionArn"] == (
        "pending confirmation"
    )
    arn = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint, ReturnSubscriptionArn=True)[
        "SubscriptionArn"
    ]
    assert arn.startswith(f"{topic}:")
    [listed] = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert listed["SubscriptionArn"] == "PendingConfirmation"
    attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert (attributes["PendingConfirmation"], attributes["ConfirmationWasAuthenticated"]) == ("true", "false")
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsPending"] == "1"


def test_subscriptions_are_listed_by_the_hundred(aws: Server) -> None:
    """test_list_subscriptions_by_topic_pagination."""
    sns = aws.client("sns", aws_access_key_id="333344445555")
    topic = sns.create_topic(Name="many")["TopicArn"]
    for number in range(101):
        sns.subscribe(TopicArn=topic, Protocol="sms", Endpoint=f"+1555{number:07}")
    for operation, options in (("list_subscriptions_by_topic", {"TopicArn": topic}), ("list_subscriptions", {})):
        pages = [page["Subscriptions"] for page in sns.get_paginator(operation).paginate(**options)]
        assert [len(page) for page in pages] == [100, 1]
        assert len({each["Endpoint"] for page in pages for each in page}) == 101


def test_a_topic_that_is_created_again_has_no_subscriptions(sns: Any) -> None:
    """A name is no identity: who subscribed to what was deleted did not subscribe to what is new."""
    name = f"t-{uuid4().hex}"
    topic = sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn())
    sns.delete_topic(TopicArn=topic)
    assert sns.create_topic(Name=name)["TopicArn"] == topic
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


def test_what_subscribed_to_a_deleted_topic(sns: Any, topic: str) -> None:
    """test_delete_subscriptions_on_delete_topic: it can be asked about, and unsubscribed."""
    arn = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn())["SubscriptionArn"]
    sns.delete_topic(TopicArn=topic)
    told = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert (told["SubscriptionArn"], told["PendingConfirmation"]) == (arn, "false")
    sns.unsubscribe(SubscriptionArn=arn)
    with pytest.raises(ClientError) as caught:
        sns.get_subscription_attributes(SubscriptionArn=arn)
    assert error(caught) == NO_SUBSCRIPTION


def test_tokens_that_confirm_nothing(sns: Any, topic: str) -> None:
    """test_sns_confirm_subscription_wrong_token."""
    for arn, token, message in (
        (topic, "randomtoken", "Invalid token"),
        (topic, "51b2ff3e" * 12, "Invalid parameter: Token"),
        ("arn:aws:sns:us-east-1:111111111111:nothing", "51b2ff3e" * 12, "Invalid parameter: Token"),
        ("nonsense", "51b2ff3e" * 12, "Invalid parameter: Topic"),
    ):
        with pytest.raises(ClientError) as caught:
            sns.confirm_subscription(TopicArn=arn, Token=token)
        assert error(caught) == (400, "InvalidParameter", message)


def test_links_need_no_signature(aws: Server, topic: str) -> None:
    """test_subscribe_external_http_endpoint: broken-token-confirm, broken-topic-arn-confirm."""
    for arn, reason in ((topic, "Token"), ("broken", "Topic")):
        query = urlencode({"Action": "ConfirmSubscription", "TopicArn": arn, "Token": "abc123" * 20})
        with pytest.raises(HTTPError) as caught:
            urllib.request.urlopen(f"{aws.url}/?{query}")
        told = caught.value.read().decode()
        assert f"<Code>InvalidParameter</Code><Message>Invalid parameter: {reason}</Message>" in told


def test_publishing_without_a_client(aws: Server, topic: str) -> None:
    """test_publish_by_path_parameters: a form is all it takes."""
    form = urlencode({"Action": "Publish", "Version": "2010-03-31", "TopicArn": topic, "Message": "direct"})
    headers = {"Authorization": "AWS4-HMAC-SHA256 Credential=111111111111/20260101/us-east-1/sns/aws4_request"}
    request = urllib.request.Request(f"{aws.url}/", form.encode(), headers)
    with urllib.request.urlopen(request) as answer:
        told = answer.read().decode()
    assert told.startswith(
        '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>'
    )
