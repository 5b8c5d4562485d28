"""Filter policies as boto3 sees them, messages arriving in queues. Recordings sns_filter_policy."""

import json
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Server

PHONE = "+123123123"
AT = "\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: {}]"


class Filters:
    """A topic and queues behind it."""

    def __init__(self, server: Server) -> None:
        self.sns = server.client("sns")
        self.sqs = server.client("sqs")
        self.topic: str = self.sns.create_topic(Name=f"t-{uuid4().hex}")["TopicArn"]

    def subscribed(self, **attributes: str) -> tuple[str, str]:
        """The URL of a queue, and its subscription."""
        name = f"q-{uuid4().hex}"
        url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sns.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": arn,
                    "Condition": {"ArnEquals": {"aws:SourceArn": self.topic}},
                }
            ],
        }
        self.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
        subscription = self.sns.subscribe(
            TopicArn=self.topic,
            Protocol="sqs",
            Endpoint=arn,
            Attributes={"RawMessageDelivery": "true", **attributes},
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        return url, subscription

    def received(self, url: str) -> list[str]:
        """All that is there: what is published is in its queues when Publish answers."""
        bodies: list[str] = []
        while messages := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            bodies += [message["Body"] for message in messages]
        return sorted(bodies)

    def publish(self, message: str, **attributes: tuple[str, str]) -> None:
        given = {name: {"DataType": kind, "StringValue": value} for name, (kind, value) in attributes.items()}
        self.sns.publish(TopicArn=self.topic, Message=message, MessageAttributes=given)


@pytest.fixture
def filters(aws: Server) -> Filters:
    return Filters(aws)


def refused(filters: Filters, policy: object, scope: str = "MessageAttributes") -> str:
    """What Subscribe answers to a policy."""
    with pytest.raises(ClientError) as caught:
        filters.sns.subscribe(
            TopicArn=filters.topic,
            Protocol="sms",
            Endpoint=PHONE,
            Attributes={"FilterPolicy": json.dumps(policy, separators=(",", ":")), "FilterPolicyScope": scope},
        )
    error: Any = caught.value.response["Error"]
    assert (error["Code"], error["Type"]) == ("InvalidParameter", "Sender")
    message: str = error["Message"]
    return message.removeprefix("Invalid parameter: Attributes Reason: ")


def test_policies_are_refused_in_awss_words(filters: Filters) -> None:
    """test_validate_policy, ..._string_operators, ..._exists_operator, test_policy_complexity: one of each kind."""
    reason = "FilterPolicy: Match value must be String, number, true, false, or null"
    assert refused(filters, {"key": [["value"]]}) == reason + AT.format(10)
    reason = "FilterPolicy: Unrecognized match type wrong-operator"
    assert refused(filters, {"key": [{"wrong-operator": True}]}) == reason + AT.format(31)
    reason = "FilterPolicy: exists match pattern must be either true or false."
    assert refused(filters, {"key": [{"exists": "no"}]}) == reason + AT.format(20)
    assert refused(filters, {"key": [{"cidr": "bad-filter"}]}) == "FilterPolicy: Malformed CIDR, one '/' required"
    too_complex = "FilterPolicy: Filter policy is too complex"
    assert refused(filters, {"key": [f"value{number}" for number in range(151)]}) == too_complex
    too_many = "FilterPolicy: Filter policy can not have more than 5 keys"
    assert refused(filters, {f"key{number}": ["x"] for number in range(6)}) == too_many
    nested = "Filter policy scope MessageAttributes does not support nested filter policy"
    assert refused(filters, {"object": {"key": ["x"]}}) == nested


def test_set_subscription_attributes_says_the_same_without_prefix(filters: Filters) -> None:
    """test_sub_filter_policy_nested_property_constraints."""
    _, subscription = filters.subscribed()
    given = {"SubscriptionArn": subscription, "AttributeName": "FilterPolicy"}
    with pytest.raises(ClientError) as caught:
        filters.sns.set_subscription_attributes(**given, AttributeValue='{"key_a":"value_one"}')
    message = caught.value.response["Error"]["Message"]
    reason = '"key_a" must be an object or an array'
    assert message == f"Invalid parameter: FilterPolicy: {reason}" + AT.format(11)


def test_attributes_choose(filters: Filters) -> None:
    """test_filter_policy, test_exists_filter_policy..., test_filter_policy_for_batch."""
    numbers, _ = filters.subscribed(FilterPolicy='{"attr1":[{"numeric":[">",0,"<=",100]}]}')
    absent, _ = filters.subscribed(FilterPolicy='{"store":[{"exists":false}]}')
    arrays, _ = filters.subscribed(FilterPolicy='{"store":["value1"]}')
    everything, _ = filters.subscribed()
    filters.publish("99", attr1=("Number", "99"))
    filters.publish("111", attr1=("Number", "111"))
    filters.publish("value1", store=("String", "value1"))
    filters.publish("array", store=("String.Array", '["value1", "value2"]'))
    filters.publish("others", store=("String.Array", '["value2", "value3"]'))
    entry = {"Id": "1", "Message": "batch", "MessageAttributes": {"attr1": {"DataType": "Number", "StringValue": "1"}}}
    filters.sns.publish_batch(TopicArn=filters.topic, PublishBatchRequestEntries=[entry])
    assert filters.received(numbers) == ["99", "batch"]
    assert filters.received(absent) == ["111", "99", "batch"]
    assert filters.received(arrays) == ["array", "value1"]
    assert filters.received(everything) == ["111", "99", "array", "batch", "others", "value1"]


def test_bodies_choose(filters: Filters) -> None:
    """test_filter_policy_on_message_body: what is no JSON object passes nothing."""
    policy = {"object": {"key": [{"prefix": "auto-"}, "hardcodedvalue"], "nested_key": [{"exists": False}]}}
    url, subscription = filters.subscribed(FilterPolicy=json.dumps(policy), FilterPolicyScope="MessageBody")
    passing = ['{"object": {"key": "auto-test"}}', '{"object": {"key": "hardcodedvalue"}}']
    others = ['{"object": {"key": "test-auto"}}', '{"object": {"key": "auto-a", "nested_key": 1}}', "text", '"text"']
    for message in [*passing, *others]:
        filters.publish(message)
    assert filters.received(url) == sorted(passing)
    attributes = filters.sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]
    assert (json.loads(attributes["FilterPolicy"]), attributes["FilterPolicyScope"]) == (policy, "MessageBody")
    given = {"SubscriptionArn": subscription, "AttributeName": "FilterPolicy"}
    filters.sns.set_subscription_attributes(**given, AttributeValue='{"attr":["x"]}')
    filters.publish('{"attr":"x"}')
    filters.sns.set_subscription_attributes(**given, AttributeValue="{}")
    filters.publish("anything")
    assert filters.received(url) == ["anything", '{"attr":"x"}']
