"""HTTP endpoints: confirmed, notified, tried again and left, as a real one sees it.

Recordings sns: TestSNSSubscriptionHttp; SNS Developer Guide, "Amazon SNS message delivery retries".
"""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.conformance.test_sns import error
from tests.conftest import Server
from tests.support.subscribers import Subscriber, subscriber
from tests.support.topics import Queue, verified


@pytest.fixture
def sns(aws: Server) -> Any:
    return aws.client("sns")


@pytest.fixture
def endpoint() -> Iterator[Subscriber]:
    with subscriber() as listening:
        yield listening


@pytest.fixture
def topic(sns: Any) -> str:
    arn: str = sns.create_topic(Name=f"t-{uuid4().hex}")["TopicArn"]
    return arn


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        told: str = answer.read().decode()
    return told


def confirmed(sns: Any, topic: str, endpoint: Subscriber, **attributes: str) -> str:
    """Subscribe the endpoint and follow the link; the ARN of its subscription."""
    arn: str = sns.subscribe(
        TopicArn=topic, Protocol="http", Endpoint=endpoint.url, ReturnSubscriptionArn=True, Attributes=attributes
    )["SubscriptionArn"]
    [asked] = endpoint.wait_for(1)
    assert arn in get(asked.envelope["SubscribeURL"])
    endpoint.posted.clear()
    return arn


@pytest.mark.parametrize("version", ["1", "2"])
def test_from_subscription_to_notification(sns: Any, topic: str, endpoint: Subscriber, version: str) -> None:
    """test_subscribe_external_http_endpoint[False]: every message is signed, and verified as AWS's guide says."""
    sns.set_topic_attributes(TopicArn=topic, AttributeName="SignatureVersion", AttributeValue=version)
    answer = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url)
    assert answer["SubscriptionArn"] == "pending confirmation"
    [asked] = endpoint.wait_for(1)
    envelope = asked.envelope
    assert verified(envelope)
    assert envelope["Type"] == asked.headers["x-amz-sns-message-type"] == "SubscriptionConfirmation"
    assert envelope["Message"] == (
        f"You have chosen to subscribe to the topic {topic}.\n"
        "To confirm the subscription, visit the SubscribeURL included in this message."
    )
    assert asked.headers["x-amz-sns-message-id"] == envelope["MessageId"]
    assert asked.headers["user-agent"] == "Amazon Simple Notification Service Agent"
    assert "x-amz-sns-subscription-arn" not in asked.headers
    sns.publish(TopicArn=topic, Message="too early")
    confirmed_arn = sns.confirm_subscription(TopicArn=topic, Token=envelope["Token"])["SubscriptionArn"]
    attributes = sns.get_subscription_attributes(SubscriptionArn=confirmed_arn)["Attributes"]
    assert (attributes["PendingConfirmation"], attributes["ConfirmationWasAuthenticated"]) == ("false", "true")
    sns.publish(TopicArn=topic, Message="test_external_http_endpoint")
    _, notified = endpoint.wait_for(2)
    assert notified.headers["content-type"] == "text/plain; charset=UTF-8"
    assert notified.headers["x-amz-sns-subscription-arn"] == confirmed_arn
    assert notified.headers["x-amz-sns-topic-arn"] == topic
    assert notified.envelope["Message"] == "test_external_http_endpoint"
    assert notified.envelope["SignatureVersion"] == version
    assert verified(notified.envelope)


def test_raw_delivery_with_a_content_type(sns: Any, topic: str, endpoint: Subscriber) -> None:
    """test_subscribe_external_http_endpoint_content_type[True]; the confirmation is never raw."""
    policy = json.dumps({"requestPolicy": {"headerContentType": "text/csv"}})
    confirmed(sns, topic, endpoint, RawMessageDelivery="true", DeliveryPolicy=policy)
    sns.publish(TopicArn=topic, Message="a,b")
    [notified] = endpoint.wait_for(1)
    assert notified.body == "a,b"
    assert notified.headers["content-type"] == "text/csv"
    assert notified.headers["x-amz-sns-rawdelivery"] == "true"


def test_what_a_policy_comes_to(sns: Any, topic: str, endpoint: Subscriber) -> None:
    """test_subscribe_external_http_endpoint_content_type[False]: the topic's and the subscription's own."""
    topic_policy = {"http": {"defaultRequestPolicy": {"headerContentType": "application/json"}}}
    sns.set_topic_attributes(TopicArn=topic, AttributeName="DeliveryPolicy", AttributeValue=json.dumps(topic_policy))
    own = {"healthyRetryPolicy": {"minDelayTarget": 1, "maxDelayTarget": 1, "numRetries": 0}}
    arn = confirmed(sns, topic, endpoint, DeliveryPolicy=json.dumps(own))
    attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert json.loads(attributes["DeliveryPolicy"]) == {
        **own,
        "sicklyRetryPolicy": None,
        "throttlePolicy": None,
        "requestPolicy": None,
        "guaranteed": False,
    }
    effective = json.loads(attributes["EffectiveDeliveryPolicy"])
    assert effective["requestPolicy"] == {"headerContentType": "application/json"}
    assert effective["healthyRetryPolicy"]["numRetries"] == 0
    sns.publish(TopicArn=topic, Message="m")
    [notified] = endpoint.wait_for(1)
    assert notified.headers["content-type"] == "application/json"


def test_whoever_unsubscribes_by_the_link_can_come_back(sns: Any, topic: str, endpoint: Subscriber) -> None:
    """test_subscribe_external_http_endpoint: unsubscribe-request."""
    arn = confirmed(sns, topic, endpoint)
    sns.publish(TopicArn=topic, Message="m")
    [notified] = endpoint.wait_for(1)
    assert "<UnsubscribeResponse" in get(notified.envelope["UnsubscribeURL"])
    _, told = endpoint.wait_for(2)
    assert told.envelope["Type"] == told.headers["x-amz-sns-message-type"] == "UnsubscribeConfirmation"
    assert told.headers["x-amz-sns-subscription-arn"] == arn
    assert verified(told.envelope)
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []
    assert arn in get(told.envelope["SubscribeURL"])
    [listed] = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert listed["SubscriptionArn"] == arn
    sns.publish(TopicArn=topic, Message="again")
    assert endpoint.wait_for(3)[2].envelope["Message"] == "again"


def test_the_owner_alone_may_unsubscribe_what_was_confirmed_so(sns: Any, topic: str, endpoint: Subscriber) -> None:
    """API_ConfirmSubscription, AuthenticateOnUnsubscribe."""
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url)
    [asked] = endpoint.wait_for(1)
    arn = sns.confirm_subscription(TopicArn=topic, Token=asked.envelope["Token"], AuthenticateOnUnsubscribe="true")[
        "SubscriptionArn"
    ]
    sns.publish(TopicArn=topic, Message="m")
    _, notified = endpoint.wait_for(2)
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(notified.envelope["UnsubscribeURL"])
    assert caught.value.code == 403
    sns.unsubscribe(SubscriptionArn=arn)
    with pytest.raises(ClientError) as gone:
        sns.get_subscription_attributes(SubscriptionArn=arn)
    assert error(gone)[0] == 404


def test_an_endpoint_that_fails_is_tried_again_and_then_left(aws: Server, sns: Any, topic: str) -> None:
    """Three retries at once, and then the dead-letter queue; SNS Developer Guide, "dead-letter queues"."""
    dead = Queue(aws.client("sqs"))
    retry = {"minDelayTarget": 1, "maxDelayTarget": 1, "numRetries": 3, "numNoDelayRetries": 3}
    with subscriber() as endpoint:
        arn = confirmed(sns, topic, endpoint, DeliveryPolicy=json.dumps({"healthyRetryPolicy": retry}))
        policy = json.dumps({"deadLetterTargetArn": dead.arn})
        sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="RedrivePolicy", AttributeValue=policy)
        endpoint.answer = lambda posted: 500
        sns.publish(TopicArn=topic, Message="lost")
        [envelope] = dead.envelopes()
        assert envelope["Message"] == "lost"
        assert [posted.envelope["MessageId"] for posted in endpoint.posted] == [envelope["MessageId"]] * 4


def test_an_endpoint_that_refuses_is_not_asked_again(aws: Server, sns: Any, topic: str) -> None:
    """A client-side error: another attempt would end as this one."""
    dead = Queue(aws.client("sqs"))
    with subscriber() as endpoint:
        arn = confirmed(sns, topic, endpoint)
        policy = json.dumps({"deadLetterTargetArn": dead.arn})
        sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="RedrivePolicy", AttributeValue=policy)
        endpoint.answer = lambda posted: 404
        sns.publish(TopicArn=topic, Message="refused")
        assert [envelope["Message"] for envelope in dead.envelopes()] == ["refused"]
        assert len(endpoint.posted) == 1
