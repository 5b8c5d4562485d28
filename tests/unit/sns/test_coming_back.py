"""Who unsubscribes by a link may come back by another, for as long as its token says."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from pileus.kernel.outbox import Delivery
from pileus.kernel.storage.emissions import EventRecord, waiting
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Event
from pileus.services.sns.confirming import EXPIRY_TOPIC, expire
from pileus.services.sns.deliveries.tasks import HTTP_TOPIC, DeliveryTask
from pileus.services.sns.shapes import ConfirmSubscriptionInput, UnsubscribeInput
from tests.unit.sns.harness import Topics, context, topics


@pytest.fixture
async def sns(tmp_path: Path) -> AsyncIterator[Topics]:
    async with topics(tmp_path) as found:
        yield found


async def test_who_unsubscribed_by_the_link_has_two_days_whenever_that_was(sns: Topics) -> None:
    """The token of the subscription itself expires first, and must take nothing else with it."""
    topic = await sns.create()
    arn = await sns.subscribe(topic, "http://127.0.0.1:9/", "http")
    await _confirm(sns, topic, await _token(sns))
    sns.clock.jump(timedelta(hours=47))
    await sns.api.unsubscribe(context("Unsubscribe", signed=False), UnsubscribeInput(subscription_arn=arn))
    token = await _token(sns)
    sns.clock.jump(timedelta(hours=2))
    assert await _expire(sns) == 1
    await _confirm(sns, topic, token)


async def test_who_does_not_come_back_in_two_days_is_forgotten(sns: Topics) -> None:
    """The other side of it: the record goes, not the token alone."""
    topic = await sns.create()
    arn = await sns.subscribe(topic, "http://127.0.0.1:9/", "http")
    await _confirm(sns, topic, await _token(sns))
    await sns.api.unsubscribe(context("Unsubscribe", signed=False), UnsubscribeInput(subscription_arn=arn))
    before = await _everything(sns)
    sns.clock.jump(timedelta(hours=49))
    assert await _expire(sns) == 2
    assert len(await _everything(sns)) == len(before) - 1


async def _everything(sns: Topics) -> list[bytes]:
    return [key for key, _ in await sns.store.snapshot().range(b"", b"\xff")]


async def _token(sns: Topics) -> str:
    """Of the last message on its way to the endpoint."""
    pairs = await sns.store.snapshot().range(*waiting(HTTP_TOPIC).range())
    return decode(decode(pairs[-1][1], EventRecord).payload, DeliveryTask).token


async def _confirm(sns: Topics, topic: str, token: str) -> None:
    await sns.api.confirm_subscription(
        context("ConfirmSubscription", signed=False), ConfirmSubscriptionInput(topic_arn=topic, token=token)
    )


async def _expire(sns: Topics) -> int:
    """What is due."""
    now = sns.clock.now()
    due = 0
    for _, value in await sns.store.snapshot().range(*waiting(EXPIRY_TOPIC).range()):
        record = decode(value, EventRecord)
        if record.due_us <= now.timestamp() * 1e6:
            due += 1
            event = Event(topic=EXPIRY_TOPIC, payload=record.payload)
            await expire(sns.store, now.timestamp(), Delivery(event=event, attempt=1, due=now, id=due))
    return due
