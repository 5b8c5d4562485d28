"""Fan-out in pages, FIFO windows, tokens and deleted topics: what only a clock and many subscriptions show."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pileus.kernel.errors import ServiceError
from pileus.kernel.outbox import Delivery
from pileus.kernel.storage.emissions import EventRecord, waiting
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Event
from pileus.services.sns.cleaning import CLEANING_TOPIC, clean
from pileus.services.sns.confirming import EXPIRY_TOPIC, expire
from pileus.services.sns.deliveries.tasks import HTTP_TOPIC, DeliveryTask
from pileus.services.sns.errors import AuthorizationError, InvalidParameter
from pileus.services.sns.fanout import FANOUT_TOPIC
from pileus.services.sns.shapes import (
    ConfirmSubscriptionInput,
    DeleteTopicInput,
    GetSubscriptionAttributesInput,
    GetTopicAttributesInput,
    UnsubscribeInput,
)
from pileus.services.sns.views import SUBSCRIPTIONS_PER_PAGE
from tests.unit.sns.harness import NOW, Topics, context, numbers, topics


@pytest.fixture
async def sns(tmp_path: Path) -> AsyncIterator[Topics]:
    async with topics(tmp_path) as made:
        yield made


async def waiting_events(sns: Topics, topic: str) -> list[bytes]:
    """The payloads that wait in the outbox, in order."""
    begin, end = waiting(topic).range()
    pairs = await sns.store.snapshot().range(begin, end)
    return [decode(value, EventRecord).payload for _, value in pairs]


def delivery(topic: str, payload: bytes, *, attempt: int = 1) -> Delivery:
    return Delivery(event=Event(topic=topic, payload=payload), attempt=attempt, due=NOW, id=1)


async def test_many_subscriptions_are_served_page_by_page(sns: Topics) -> None:
    """A topic may have millions: the publisher waits for the first page alone, and each gets the message once."""
    topic = await sns.create()
    count = 2 * SUBSCRIPTIONS_PER_PAGE + 1
    for name in numbers(count):
        await sns.subscribe(topic, name, RawMessageDelivery="true")
    await sns.publish(topic, "to all")
    assert len(sns.queues.got) == SUBSCRIPTIONS_PER_PAGE
    for _ in range(2):
        [payload, *_] = (await waiting_events(sns, FANOUT_TOPIC))[-1:]
        await sns.api.fanout.deliver(sns.store, delivery(FANOUT_TOPIC, payload))
    assert sorted(put.queue for put in sns.queues.got) == list(numbers(count))


async def test_a_view_knows_what_changed(sns: Topics) -> None:
    """What is remembered of a topic holds until it, or a subscription, changes: then the next message knows."""
    topic = await sns.create()
    first = await sns.subscribe(topic, "a", RawMessageDelivery="true")
    await sns.publish(topic, "1")
    await sns.subscribe(topic, "b", RawMessageDelivery="true", FilterPolicy=json.dumps({"no": ["body"]}))
    await sns.publish(topic, "2")
    await sns.subscribe(topic, "c", RawMessageDelivery="true")
    await sns.api.unsubscribe(context("Unsubscribe"), UnsubscribeInput(subscription_arn=first))
    await sns.publish(topic, "3")
    assert (sns.queues.bodies("a"), sns.queues.bodies("b"), sns.queues.bodies("c")) == (["1", "2"], [], ["3"])


async def test_five_minutes_make_a_message_new(sns: Topics) -> None:
    """SNS Developer Guide, "Message deduplication for FIFO topics": by the clock that is handed in."""
    topic = await sns.create("t.fifo")
    await sns.subscribe(topic, "q.fifo", RawMessageDelivery="true")
    options = {"message_group_id": "g", "message_deduplication_id": "d"}
    first = await sns.publish(topic, **options)
    sns.clock.jump(timedelta(minutes=4, seconds=59))
    assert (await sns.publish(topic, **options)).message_id == first.message_id
    sns.clock.jump(timedelta(seconds=1))
    again = await sns.publish(topic, **options)
    assert again.message_id != first.message_id
    assert int(again.sequence_number or 0) == int(first.sequence_number or 0) + 1
    assert len(sns.queues.got) == 2


@pytest.mark.parametrize(("scope", "accepted"), [("Topic", 1), ("MessageGroup", 2)])
async def test_the_scope_of_deduplication(sns: Topics, scope: str, accepted: int) -> None:
    """SNS Developer Guide, "High throughput for FIFO topics": ids count in the topic, or in each group."""
    topic = await sns.create("t.fifo", FifoThroughputScope=scope)
    await sns.subscribe(topic, "q.fifo", RawMessageDelivery="true")
    for group in ("a", "b"):
        await sns.publish(topic, message_group_id=group, message_deduplication_id="d")
    assert len(sns.queues.got) == accepted


@given(
    steps=st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.integers(0, 200)), min_size=1, max_size=25
    ),
    by_group=st.booleans(),
)
@settings(max_examples=30)
async def test_fifo_topics_and_a_dictionary_agree(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, int]], by_group: bool
) -> None:
    """Which messages are new, and that their numbers rise, whatever the ids, groups and pauses."""
    async with topics(tmp_path_factory.mktemp("sns")) as sns:
        topic = await sns.create("t.fifo", FifoThroughputScope="MessageGroup" if by_group else "Topic")
        await sns.subscribe(topic, "q.fifo", RawMessageDelivery="true")
        seen: dict[tuple[str, str], float] = {}
        expected: list[str] = []
        last = 0
        for number, (group, name, pause_s) in enumerate(steps):
            sns.clock.jump(timedelta(seconds=pause_s))
            now_s = sns.clock.timestamp()
            key = (group if by_group else "", name)
            answer = await sns.publish(topic, str(number), message_group_id=group, message_deduplication_id=name)
            if key not in seen or now_s >= seen[key] + 300:
                seen[key] = now_s
                expected.append(str(number))
                assert int(answer.sequence_number or 0) > last
                last = int(answer.sequence_number or 0)
        assert sns.queues.bodies("q.fifo") == expected


async def token_of(sns: Topics) -> str:
    """That of the confirmation that waits."""
    [payload] = (await waiting_events(sns, HTTP_TOPIC))[-1:]
    return decode(payload, DeliveryTask).token


async def test_tokens_expire_and_so_do_subscriptions(sns: Topics) -> None:
    """API_Subscribe: "Confirmation tokens are valid for two days"."""
    topic = await sns.create()
    arn = await sns.subscribe(topic, "http://example.com/", "http")
    given_token = await token_of(sns)
    sns.clock.jump(timedelta(days=2))
    with pytest.raises(InvalidParameter) as refused:
        await sns.api.confirm_subscription(
            context("ConfirmSubscription"), ConfirmSubscriptionInput(topic_arn=topic, token=given_token)
        )
    assert refused.value.message == "Invalid parameter: Token"
    [payload] = await waiting_events(sns, EXPIRY_TOPIC)
    await expire(sns.store, sns.clock.timestamp(), delivery(EXPIRY_TOPIC, payload))
    with pytest.raises(ServiceError):
        await sns.api.get_subscription_attributes(
            context("GetSubscriptionAttributes"), GetSubscriptionAttributesInput(subscription_arn=arn)
        )
    told = await sns.api.get_topic_attributes(context("GetTopicAttributes"), GetTopicAttributesInput(topic_arn=topic))
    assert told.attributes is not None
    assert (told.attributes["SubscriptionsPending"], told.attributes["SubscriptionsDeleted"]) == ("0", "1")


async def test_a_token_is_of_one_topic(sns: Topics) -> None:
    """Whoever was asked by one topic has not agreed to another."""
    topic, other = await sns.create("t"), await sns.create("other")
    await sns.subscribe(topic, "http://example.com/", "http")
    given_token = await token_of(sns)
    with pytest.raises(InvalidParameter):
        await sns.api.confirm_subscription(
            context("ConfirmSubscription"), ConfirmSubscriptionInput(topic_arn=other, token=given_token)
        )


async def test_strangers_do_not_unsubscribe(sns: Topics) -> None:
    """Whoever signs as somebody else is told so; a link without a signature is for whoever has it."""
    topic = await sns.create()
    arn = await sns.subscribe(topic, "q")
    with pytest.raises(AuthorizationError):
        await sns.api.unsubscribe(
            context("Unsubscribe", account_id="222222222222"), UnsubscribeInput(subscription_arn=arn)
        )
    await sns.api.unsubscribe(context("Unsubscribe", signed=False), UnsubscribeInput(subscription_arn=arn))
    await sns.publish(topic)
    assert sns.queues.got == []


async def test_a_deleted_topic_leaves_nothing(sns: Topics) -> None:
    """More subscriptions than a page, numbers and deduplication ids: the store is as before."""
    before = await sns.store.snapshot().range(b"\x02sns\x00", b"\x02sns\x00\xff")
    topic = await sns.create("t.fifo")
    for number in range(150):
        await sns.subscribe(topic, f"q{number}.fifo", RawMessageDelivery="true")
    await sns.publish(topic, message_group_id="g", message_deduplication_id="d")
    await sns.api.delete_topic(context("DeleteTopic"), DeleteTopicInput(topic_arn=topic))
    [payload] = await waiting_events(sns, CLEANING_TOPIC)
    await clean(sns.store, delivery(CLEANING_TOPIC, payload))
    assert await sns.store.snapshot().range(b"\x02sns\x00", b"\x02sns\x00\xff") == before


async def test_what_a_queue_refuses_twice_is_given_up(sns: Topics) -> None:
    """A dead-letter queue that is gone as well: the publisher is answered all the same."""
    topic = await sns.create()
    sns.queues.absent |= {"q", "dead"}
    policy = json.dumps({"deadLetterTargetArn": "arn:aws:sqs:us-east-1:111111111111:dead"})
    await sns.subscribe(topic, "q", RedrivePolicy=policy)
    assert (await sns.publish(topic)).message_id
    assert sns.queues.got == []
