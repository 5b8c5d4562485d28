"""FIFO topics keep what was published, and subscriptions get it again."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from pileus.kernel.errors import ServiceError
from pileus.kernel.outbox import Outbox
from pileus.kernel.storage.sqlite import open_store
from pileus.services.sns.archive.replaying import REPLAY_TOPIC, Replays
from pileus.services.sns.archive.store import ENDED_TOPIC, clear_archive
from pileus.services.sns.shapes import (
    DeleteTopicInput,
    GetSubscriptionAttributesInput,
    GetTopicAttributesInput,
    SetTopicAttributesInput,
)
from pileus.services.sns.store import space_of
from tests.support.time import JumpingClock
from tests.unit.sns.asking import ACCOUNT, asked_by
from tests.unit.sns.topics import Topics

QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:q.fifo"
OTHER = f"arn:aws:sqs:us-east-1:{ACCOUNT}:other.fifo"
KEEP = json.dumps({"MessageRetentionPeriod": "30"})
BEGIN = "2024-02-29T23:59:59.000Z"
"""Where the clock of these tests begins."""


class Archives(Topics):
    """With an outbox that runs when it is told to."""

    async def deliver(self) -> None:
        """Let the outbox work until nothing waits."""
        outbox = Outbox(self.store, self.clock)
        replays = Replays(store=self.store, clock=self.clock, resender=self.api.fanout)
        outbox.subscribe(REPLAY_TOPIC, replays.deliver)
        outbox.subscribe(ENDED_TOPIC, lambda delivery: clear_archive(self.store, delivery))
        running = asyncio.create_task(outbox.run())
        try:
            async with asyncio.timeout(30):
                while await self.emitted(REPLAY_TOPIC) or await self.emitted(ENDED_TOPIC):
                    await asyncio.sleep(0.005)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def fifo(self, *, archive: str = KEEP) -> str:
        return await self.create("t.fifo", FifoTopic="true", ContentBasedDeduplication="true", ArchivePolicy=archive)

    async def say(self, topic: str, *messages: str, group: str = "g") -> None:
        for message in messages:
            await self.publish(topic, message, message_group_id=group)

    async def subscription(self, arn: str) -> dict[str, str]:
        request = GetSubscriptionAttributesInput(subscription_arn=arn)
        answer = await self.api.get_subscription_attributes(asked_by(), request)
        return {name: value for name, value in (answer.attributes or {}).items() if name.startswith("Replay")}

    async def topic(self, arn: str) -> dict[str, str]:
        answer = await self.api.get_topic_attributes(asked_by(), GetTopicAttributesInput(topic_arn=arn))
        return {name: value for name, value in (answer.attributes or {}).items() if "Archive" in name}

    async def archive(self, arn: str, policy: str) -> None:
        request = SetTopicAttributesInput(topic_arn=arn, attribute_name="ArchivePolicy", attribute_value=policy)
        await self.api.set_topic_attributes(asked_by(), request)

    async def kept(self) -> int:
        begin, end = space_of(ACCOUNT, "us-east-1").range("archive")
        return len(await self.store.snapshot().range(begin, end))


def replay(start: str = BEGIN, end: str = "") -> str:
    policy = {"PointType": "Timestamp", "StartingPoint": start}
    return json.dumps(policy | ({"EndingPoint": end} if end else {}))


@pytest.fixture
async def topics(tmp_path: Path) -> AsyncIterator[Archives]:
    clock = JumpingClock()
    store = open_store(tmp_path, clock=clock)
    yield Archives(store, clock)
    await store.close()


async def test_a_late_subscriber_gets_everything_and_then_what_is_new(topics: Archives) -> None:
    """In the order of publication, each once, over more pages than one."""
    topic = await topics.fifo()
    before = [f"m{number}" for number in range(230)]
    await topics.say(topic, *before)
    arn = await topics.subscribe(topic, QUEUE, ReplayPolicy=replay())
    assert await topics.subscription(arn) == {"ReplayPolicy": replay(), "ReplayStatus": "Pending"}
    await topics.say(topic, "during")
    assert topics.got(QUEUE) == []
    await topics.deliver()
    assert (await topics.subscription(arn))["ReplayStatus"] == "Completed"
    await topics.say(topic, "after")
    assert topics.got(QUEUE) == [*before, "during", "after"]


async def test_publishing_while_it_replays_loses_and_doubles_nothing(topics: Archives) -> None:
    """Whoever publishes meets the replay at any instant; every message comes once, in its order."""
    topic = await topics.fifo()
    await topics.say(topic, *[f"a{number}" for number in range(150)])
    await topics.subscribe(topic, QUEUE, ReplayPolicy=replay())
    delivering = asyncio.create_task(topics.deliver())
    for number in range(150):
        await topics.say(topic, f"b{number}")
        await asyncio.sleep(0)
    await delivering
    await topics.deliver()
    assert topics.got(QUEUE) == [*[f"a{number}" for number in range(150)], *[f"b{number}" for number in range(150)]]


async def test_a_replay_has_bounds_and_pauses_behind_its_end(topics: Archives) -> None:
    """SNS Developer Guide: an EndingPoint "effectively pauses the subscription" until the policy is taken away."""
    topic = await topics.fifo()
    arn = await topics.subscribe(topic, QUEUE)
    for hour in range(4):
        await topics.say(topic, f"hour {hour}")
        topics.clock.jump(timedelta(hours=1))
    assert topics.got(QUEUE) == [f"hour {hour}" for hour in range(4)]
    # From one hour after the beginning on, before three hours after it.
    bounds = replay("2024-03-01T00:59:59Z", "2024-03-01T02:59:59Z")
    await topics.set_subscription(arn, "ReplayPolicy", bounds)
    await topics.deliver()
    assert topics.got(QUEUE) == ["hour 1", "hour 2"]
    await topics.say(topic, "paused")
    assert topics.got(QUEUE) == []
    await topics.set_subscription(arn, "ReplayPolicy", "{}")
    assert await topics.subscription(arn) == {}
    await topics.say(topic, "live")
    assert topics.got(QUEUE) == ["live"]


async def test_filters_choose_what_is_replayed(topics: Archives) -> None:
    """SNS Developer Guide: "To replay only specific messages, apply a filter policy"; others get nothing of it."""
    topic = await topics.fifo()
    await topics.subscribe(topic, OTHER)
    await topics.say(topic, '{"kind":"a"}', '{"kind":"b"}')
    topics.got(OTHER)
    await topics.subscribe(
        topic, QUEUE, ReplayPolicy=replay(), FilterPolicy='{"kind":["b"]}', FilterPolicyScope="MessageBody"
    )
    await topics.deliver()
    assert topics.got(QUEUE) == ['{"kind":"b"}']
    assert topics.got(OTHER) == []


async def test_a_replay_goes_on_after_a_crash(tmp_path: Path) -> None:
    """The store closes in the middle of it; no message of the pages before comes again."""
    clock = JumpingClock()
    first = Archives(open_store(tmp_path, clock=clock), clock)
    topic = await first.fifo()
    await first.say(topic, *[f"m{number}" for number in range(250)])
    await first.subscribe(topic, QUEUE, ReplayPolicy=replay())

    class Power(Exception):
        """It is cut."""

    sent: list[str] = []
    put = first.queues.put

    async def failing(*given: object, **more: object) -> str:
        if len(sent) >= 150:
            raise Power
        sent.append(str(given[2]))
        return await put(*given, **more)  # type: ignore[arg-type]  # as it was called

    first.queues.put = failing  # type: ignore[method-assign]  # for this test
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await first.deliver()
    await first.store.close()
    clock.jump(timedelta(minutes=10))
    again = Archives(open_store(tmp_path, clock=clock), clock)
    await again.deliver()
    # The first hundred were sent for good; the page that was cut off was rolled back, and is sent again.
    assert again.got(QUEUE) == [f"m{number}" for number in range(100, 250)]
    await again.store.close()


async def test_what_is_old_is_gone(topics: Archives) -> None:
    """After the retention period nothing is replayed, and what it took is given back."""
    topic = await topics.fifo(archive=json.dumps({"MessageRetentionPeriod": 1}))
    await topics.say(topic, "old 1", "old 2")
    topics.clock.jump(timedelta(hours=23))
    await topics.say(topic, "new")
    topics.clock.jump(timedelta(hours=2))
    assert await topics.topic(topic) == {
        "ArchivePolicy": '{"MessageRetentionPeriod": 1}',
        "BeginningArchiveTime": "2024-03-01T00:59:59.000Z",
    }
    await topics.subscribe(topic, QUEUE, ReplayPolicy=replay())
    await topics.deliver()
    assert topics.got(QUEUE) == ["new"]
    await topics.say(topic, "newest")
    assert await topics.kept() == 2


async def test_an_archive_that_was_ended_is_forgotten(topics: Archives) -> None:
    """A topic with an archive cannot be deleted; one that begins anew knows nothing of what was before."""
    topic = await topics.fifo()
    await topics.say(topic, *[f"m{number}" for number in range(20)])
    with pytest.raises(ServiceError) as refusal:
        await topics.api.delete_topic(asked_by(), DeleteTopicInput(topic_arn=topic))
    assert refusal.value.error_code == "InvalidState"
    await topics.archive(topic, "{}")
    assert await topics.topic(topic) == {}
    await topics.deliver()
    assert await topics.kept() == 0
    await topics.say(topic, "not kept")
    topics.clock.jump(timedelta(hours=1))
    await topics.archive(topic, KEEP)
    assert (await topics.topic(topic))["BeginningArchiveTime"] == "2024-03-01T00:59:59.000Z"
    await topics.subscribe(topic, QUEUE, ReplayPolicy=replay())
    await topics.deliver()
    assert topics.got(QUEUE) == []
    await topics.archive(topic, "{}")
    await topics.api.delete_topic(asked_by(), DeleteTopicInput(topic_arn=topic))


async def test_a_replay_without_an_archive_fails_and_goes_live(topics: Archives) -> None:
    """The owner ended the archive before the replay began: the status says so."""
    topic = await topics.fifo()
    await topics.say(topic, "gone")
    arn = await topics.subscribe(topic, QUEUE, ReplayPolicy=replay())
    await topics.archive(topic, "{}")
    await topics.deliver()
    assert (await topics.subscription(arn))["ReplayStatus"] == "Failed"
    await topics.say(topic, "live")
    assert topics.got(QUEUE) == ["live"]


@pytest.mark.parametrize(
    "policy",
    [
        "nonsense",
        '{"MessageRetentionPeriod":"0"}',
        '{"MessageRetentionPeriod":"366"}',
        '{"MessageRetentionPeriod":true}',
        '{"Other":"1"}',
    ],
)
async def test_wrong_archive_policies_are_refused(topics: Archives, policy: str) -> None:
    """1 to 365 days, and only FIFO topics."""
    for name, fifo in (("t.fifo", "true"), ("t", "false")):
        with pytest.raises(ServiceError) as refusal:
            await topics.create(name, FifoTopic=fifo, ArchivePolicy=policy)
        assert refusal.value.error_code == "InvalidParameter"
    with pytest.raises(ServiceError, match="only FIFO"):
        await topics.create("t", ArchivePolicy=KEEP)


@pytest.mark.parametrize(
    "policy",
    [
        "nonsense",
        '{"PointType":"Sequence","StartingPoint":"2024-01-01T00:00:00Z"}',
        '{"PointType":"Timestamp"}',
        '{"PointType":"Timestamp","StartingPoint":"yesterday"}',
        replay("2024-01-02T00:00:00Z", "2024-01-01T00:00:00Z"),
        '{"PointType":"Timestamp","StartingPoint":"2024-01-01T00:00:00Z","Speed":2}',
    ],
)
async def test_wrong_replay_policies_are_refused(topics: Archives, policy: str) -> None:
    """Nothing begins, nobody subscribes."""
    topic = await topics.fifo()
    with pytest.raises(ServiceError) as refusal:
        await topics.subscribe(topic, QUEUE, ReplayPolicy=policy)
    assert refusal.value.error_code == "InvalidParameter"
    await topics.say(topic, "x")
    assert topics.got(QUEUE) == []


async def test_only_what_is_archived_can_be_replayed(topics: Archives) -> None:
    """A FIFO topic without an archive, and a standard one."""
    plain = await topics.create("p.fifo", FifoTopic="true")
    with pytest.raises(ServiceError, match="ArchivePolicy"):
        await topics.subscribe(plain, QUEUE, ReplayPolicy=replay())
    standard = await topics.create("s")
    with pytest.raises(ServiceError, match="FIFO"):
        await topics.subscribe(standard, QUEUE.removesuffix(".fifo"), ReplayPolicy=replay())
