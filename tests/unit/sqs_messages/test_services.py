"""How other services send to queues, and receive from them."""

import json

import pytest

from pileus.kernel.auth.service_calls import ServiceCall
from pileus.services.sqs.receiver import QueueGone, QueueReceiver
from pileus.services.sqs.sender import MessageAttribute, OutgoingMessage, QueueRefused, QueueSender
from tests.unit.sqs_messages.queues import Queues, arn, attribute

TOPIC = "arn:aws:sns:us-east-1:111111111111:t"
CALL = ServiceCall(service="sns.amazonaws.com", source_arn=TOPIC)


def _sender(queues: Queues) -> QueueSender:
    return QueueSender(clock=queues.clock, ids=queues.ids, metrics=queues.metrics)


def _receiver(queues: Queues) -> QueueReceiver:
    return QueueReceiver(store=queues.store, clock=queues.clock, ids=queues.ids)


def _policy(**more: object) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn("q"),
        **more,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


async def test_the_policy_must_let_the_service_in(queues: Queues) -> None:
    """And its conditions must hold; without a policy nobody is let in but who asks none."""
    await queues.create()
    sender = _sender(queues)
    message = OutgoingMessage(body="hello", attributes={"a": MessageAttribute(type="String", text="b")})
    async with queues.store.transaction() as tx:
        with pytest.raises(QueueRefused, match="denied"):
            await sender.put(tx, arn("q"), message, call=CALL)
    await queues.set(Policy=_policy(Condition={"ArnEquals": {"aws:SourceArn": f"{TOPIC}2"}}))
    async with queues.store.transaction() as tx:
        with pytest.raises(QueueRefused, match="denied"):
            await sender.put(tx, arn("q"), message, call=CALL)
    await queues.set(Policy=_policy(Condition={"ArnEquals": {"aws:SourceArn": TOPIC}}))
    async with queues.store.transaction() as tx:
        sent = await sender.put(tx, arn("q"), message, call=CALL)
        await sender.put(tx, arn("q"), OutgoingMessage(body="dead"), call=None)
    received = await queues.receive(message_attribute_names=["All"])
    assert [one.body for one in received] == ["hello", "dead"]
    assert received[0].message_id == sent
    assert received[0].message_attributes is not None
    assert received[0].message_attributes["a"].string_value == "b"


async def test_a_message_comes_and_goes_with_its_transaction(queues: Queues) -> None:
    """What failed sent nothing."""
    await queues.create()

    async def fail() -> None:
        async with queues.store.transaction() as tx:
            await _sender(queues).put(tx, arn("q"), OutgoingMessage(body="never"), call=None)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await queues.bodies() == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing", OutgoingMessage(body="x")),
        ("q", OutgoingMessage(body="x" * 1_025)),
        ("q", OutgoingMessage(body="")),
        ("q.fifo", OutgoingMessage(body="x")),
    ],
    ids=["no queue", "too long", "empty", "no group"],
)
async def test_what_a_queue_cannot_take_is_refused(queues: Queues, name: str, message: OutgoingMessage) -> None:
    """With a reason, and not with an error of the API."""
    await queues.create(MaximumMessageSize="1024")
    await queues.create("q.fifo")
    async with queues.store.transaction() as tx:
        with pytest.raises(QueueRefused) as caught:
            await _sender(queues).put(tx, arn(name), message, call=None)
    assert caught.value.reason


async def test_a_poller_receives_and_gives_back(queues: Queues) -> None:
    """Everything that an event tells; what was worked on is deleted, the rest is visible at once, or later."""
    await queues.create()
    receiver = _receiver(queues)
    for body in "abc":
        await queues.send(body)
    assert not (await receiver.facts(arn("q"))).fifo
    received = await receiver.receive(arn("q"), max_messages=100, wait_s=0)
    assert [message.body for message in received] == ["a", "b", "c"]
    assert received[0].attributes["ApproximateReceiveCount"] == "1"
    assert set(received[0].attributes) == {
        "ApproximateFirstReceiveTimestamp",
        "ApproximateReceiveCount",
        "SenderId",
        "SentTimestamp",
    }
    await receiver.delete(arn("q"), [received[0].receipt_handle, "nonsense"])
    await receiver.release(arn("q"), [received[1].receipt_handle, received[0].receipt_handle])
    await receiver.release(arn("q"), [received[2].receipt_handle], after_s=60)
    [again] = await queues.receive()
    assert again.body == "b"
    assert attribute(again, "ApproximateReceiveCount") == "2"
    assert await queues.counts() == (0, 2, 0)
    with pytest.raises(QueueGone):
        await receiver.receive(arn("missing"), max_messages=1, wait_s=0)


async def test_gauges_tell_how_much_there_is(queues: Queues) -> None:
    """Once a minute, with the age of the oldest; a queue that is empty and unused tells nothing after six hours."""
    await queues.create()
    for body in "abc":
        await queues.send(body)
    await queues.send("late", delay_seconds=600)
    await queues.receive(count=1, visibility_timeout=600)
    queues.jump(60)
    await queues.worker.look_at_all()
    assert await _told(queues) == {
        "ApproximateAgeOfOldestMessage": 60,
        "ApproximateNumberOfMessagesDelayed": 1,
        "ApproximateNumberOfMessagesNotVisible": 1,
        "ApproximateNumberOfMessagesVisible": 2,
    }
    await queues.purge()
    for hours in (1, 6):
        queues.jump(3_600 * hours)
        await queues.worker.look_at_all()
    queues.jump(60)
    await queues.worker.look_at_all()
    assert await _told(queues) == {}


async def _told(queues: Queues) -> dict[str, float]:
    minute = queues.clock.now().replace(second=0, microsecond=0)
    told = await queues.metrics.of_minute(minute)
    return {metric.name: sets.sum for metric, _, sets in told if metric.name.startswith("Approximate")}
