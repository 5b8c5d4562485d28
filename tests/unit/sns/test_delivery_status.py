"""Delivery status logging: which deliveries are told of, where, and how."""

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from pileus.kernel.ids import SeededIds
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.sqlite import open_store
from pileus.services.sns.deliveries.outcomes import Outcome
from pileus.services.sns.deliveries.status_log import DeliveryStatusLog
from pileus.services.sns.log_lines import LOG_TOPIC, LogLine
from pileus.services.sns.model import Message, SubscriptionRecord
from pileus.services.sns.names import TopicName
from pileus.services.sns.shapes import (
    CreatePlatformApplicationInput,
    CreatePlatformEndpointInput,
    PublishInput,
    SetSMSAttributesInput,
    SetTopicAttributesInput,
)
from pileus.services.sns.sms.sending import take_reply
from tests.support.time import JumpingClock
from tests.unit.sns.asking import ACCOUNT, asked_by
from tests.unit.sns.topics import QUEUE, Topics

ROLE = f"arn:aws:iam::{ACCOUNT}:role/logs"
TOPIC = TopicName("aws", "us-east-1", ACCOUNT, "t")


@pytest.fixture
async def topics(tmp_path: Path) -> AsyncIterator[Topics]:
    clock = JumpingClock()
    store = open_store(tmp_path, clock=clock)
    yield Topics(store, clock)
    await store.close()


async def lines(topics: Topics) -> list[tuple[str, Any]]:
    """Group and content, in order."""
    found = [decode(each, LogLine) for each in await topics.emitted(LOG_TOPIC)]
    return [(line.log_group, json.loads(line.text)) for line in found]


async def test_what_a_queue_took_is_told(topics: Topics) -> None:
    """The form of SNS Developer Guide's example, in the group of the topic's name."""
    arn = await topics.create(SQSSuccessFeedbackRoleArn=ROLE, SQSSuccessFeedbackSampleRate="100")
    await topics.subscribe(arn)
    message_id = await topics.publish(arn, "hello")
    ((group, told),) = await lines(topics)
    assert group == f"sns/us-east-1/{ACCOUNT}/t"
    assert told == {
        "notification": {
            "messageMD5Sum": hashlib.md5(b"hello").hexdigest(),
            "messageId": message_id,
            "topicArn": arn,
            "timestamp": "2024-02-29 23:59:59.000",
        },
        "delivery": {
            "deliveryId": told["delivery"]["deliveryId"],
            "destination": QUEUE,
            "providerResponse": '{"sqsMessageId":"queued"}',
            "dwellTimeMs": 0,
            "attempts": 1,
            "statusCode": 200,
        },
        "status": "SUCCESS",
    }


async def test_failures_need_a_role_of_their_own(topics: Topics) -> None:
    """A queue that takes nothing: told in the group of failures, once there is a role for it, whatever the rate."""
    arn = await topics.create(SQSSuccessFeedbackRoleArn=ROLE, SQSSuccessFeedbackSampleRate="0")
    await topics.subscribe(arn)
    topics.queues.closed.add(QUEUE)
    await topics.publish(arn, "lost")
    assert await lines(topics) == []
    request = SetTopicAttributesInput(topic_arn=arn, attribute_name="SQSFailureFeedbackRoleArn", attribute_value=ROLE)
    await topics.api.set_topic_attributes(asked_by(), request)
    await topics.publish(arn, "lost")
    ((group, told),) = await lines(topics)
    assert group == f"sns/us-east-1/{ACCOUNT}/t/Failure"
    assert (told["status"], told["delivery"]["statusCode"]) == ("FAILURE", 400)
    assert told["delivery"]["providerResponse"] == "the queue does not exist"


@pytest.mark.parametrize(("rate", "least", "most"), [("0", 0, 0), ("50", 60, 140), ("100", 200, 200), ("", 200, 200)])
async def test_of_successes_some_are_told(topics: Topics, rate: str, least: int, most: int) -> None:
    """As many in a hundred as the topic says; all, where it says nothing."""
    more = {"SQSSuccessFeedbackSampleRate": rate} if rate else {}
    arn = await topics.create(SQSSuccessFeedbackRoleArn=ROLE, **more)
    await topics.subscribe(arn)
    for _ in range(200):
        await topics.publish(arn, "x")
    assert least <= len(await lines(topics)) <= most


async def test_a_protocol_without_a_role_is_not_told(topics: Topics) -> None:
    """A role for functions tells nothing of queues."""
    arn = await topics.create(LambdaSuccessFeedbackRoleArn=ROLE, LambdaFailureFeedbackRoleArn=ROLE)
    await topics.subscribe(arn)
    await topics.publish(arn, "x")
    assert await lines(topics) == []


async def test_what_data_protection_stops_is_told(topics: Topics) -> None:
    """SNS Developer Guide, "Deny operation": 403, and the sentence of its example."""
    policy = {
        "Name": "p",
        "Version": "2021-06-01",
        "Statement": [
            {
                "DataDirection": "Outbound",
                "Principal": ["*"],
                "DataIdentifier": ["arn:aws:dataprotection::aws:data-identifier/EmailAddress"],
                "Operation": {"Deny": {}},
            }
        ],
    }
    arn = await topics.create(policy=json.dumps(policy), SQSFailureFeedbackRoleArn=ROLE)
    subscription = await topics.subscribe(arn)
    await topics.publish(arn, "a@b.com")
    ((_, told),) = await lines(topics)
    assert told["delivery"]["statusCode"] == 403
    assert told["delivery"]["providerResponse"] == (
        f"The topic's data protection policy prohibits this message from being delivered to {subscription}"
    )


async def test_functions_accept(topics: Topics) -> None:
    """Recording `test_delivery_lambda`: 202, the request's id, no number of attempts."""
    function = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"
    outcome = Outcome(
        feedback={"LambdaSuccessFeedbackRoleArn": ROLE, "LambdaSuccessFeedbackSampleRate": "100"},
        message=Message(topic=TOPIC, message_id="m", published_at_s=0.0, body="x"),
        subscription=SubscriptionRecord(
            topic=TOPIC,
            topic_serial=b"s",
            subscription_id="i",
            protocol="lambda",
            endpoint=function,
            owner=ACCOUNT,
            created_at_s=0.0,
        ),
        response={"lambdaRequestId": "r"},
        dwell_ms=7,
    )
    async with topics.store.transaction() as tx:
        DeliveryStatusLog(clock=topics.clock, ids=SeededIds()).note(tx, outcome)
    ((_, told),) = await lines(topics)
    del told["delivery"]["deliveryId"]
    assert told["delivery"] == {
        "destination": function,
        "dwellTimeMs": 7,
        "providerResponse": '{"lambdaRequestId":"r"}',
        "statusCode": 202,
    }
    assert told["notification"]["topicArn"] == TOPIC.arn


async def test_texts_are_told_where_the_account_wants_it(topics: Topics) -> None:
    """Into the group that stands for a topic; whoever opted out is a failure."""
    number = "+15551234567"
    text = PublishInput(phone_number=number, message="x" * 150)
    await topics.api.publish(asked_by(), text)
    assert await lines(topics) == []
    await topics.api.set_sms_attributes(asked_by(), SetSMSAttributesInput(attributes={"DeliveryStatusIAMRole": ROLE}))
    await topics.api.publish(asked_by(), text)
    async with topics.store.transaction() as tx:
        await take_reply(tx, account_id=ACCOUNT, region="us-east-1", number=number, body="STOP")
    await topics.api.publish(asked_by(), text)
    (group, told), (failures, failed) = await lines(topics)
    assert group == f"sns/us-east-1/{ACCOUNT}/DirectPublishToPhoneNumber"
    assert failures == group + "/Failure"
    assert told["delivery"] == {
        "numberOfMessageParts": 2,
        "destination": number,
        "priceInUSD": 0.0,
        "smsType": "Promotional",
        "providerResponse": "Message has been accepted by phone carrier",
        "dwellTimeMs": 0,
    }
    assert (failed["status"], failed["delivery"]["providerResponse"]) == ("FAILURE", "Phone number is opted out")


async def test_notifications_are_told_where_the_application_wants_it(topics: Topics) -> None:
    """In the group of the application."""
    app = await topics.api.create_platform_application(
        asked_by(),
        CreatePlatformApplicationInput(
            name="a", platform="GCM", attributes={"PlatformCredential": "k", "SuccessFeedbackRoleArn": ROLE}
        ),
    )
    assert app.platform_application_arn is not None
    endpoint = await topics.api.create_platform_endpoint(
        asked_by(), CreatePlatformEndpointInput(platform_application_arn=app.platform_application_arn, token="tok")
    )
    await topics.api.publish(asked_by(), PublishInput(target_arn=endpoint.endpoint_arn, message="x"))
    ((group, told),) = await lines(topics)
    assert group == f"sns/us-east-1/{ACCOUNT}/app/GCM/a"
    assert (told["status"], told["delivery"]["token"]) == ("SUCCESS", "tok")
