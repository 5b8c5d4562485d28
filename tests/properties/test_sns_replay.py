"""Replays against a list: whatever is published between their pages, each message comes once, in its order."""

import asyncio
import json
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pileus.kernel.storage.sqlite import open_store
from pileus.services.sns.archive import replaying
from pileus.services.sns.archive.replaying import Replays, ReplayTask
from pileus.services.sns.names import subscription_of_arn
from pileus.services.sns.store import get_subscription
from tests.support.time import JumpingClock
from tests.unit.sns.asking import ACCOUNT
from tests.unit.sns.topics import Topics

QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:q.fifo"
START = datetime(2026, 1, 1, tzinfo=UTC)
PAGE = 3

PUBLISH = st.tuples(st.just("publish"))
STEP = st.tuples(st.just("step"))
REPLAY = st.tuples(st.just("replay"), st.integers(0, 12), st.one_of(st.none(), st.integers(1, 14)))
ACTIONS = st.lists(
    st.one_of(PUBLISH, PUBLISH, PUBLISH, STEP, STEP, REPLAY, st.tuples(st.just("end")), st.tuples(st.just("restart"))),
    max_size=40,
)


class Model:
    """A list of all messages, and what the queue must have had of it."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self.expected: list[str] = []
        self.live = True
        self.replaying = False
        self.next = 0
        self.end: int | None = None

    def publish(self) -> str:
        message = f"m{len(self.all)}"
        self.all.append(message)
        if self.live:
            self.expected.append(message)
        return message

    def replay(self, begin: int, end: int | None) -> None:
        self.live, self.replaying, self.next, self.end = False, True, begin, end

    def step(self) -> None:
        if not self.replaying:
            return
        page = self.all[: self.end][self.next :][:PAGE]
        self.expected += page
        self.next += len(page)
        if len(page) < PAGE:
            self.replaying = False
            self.live = self.end is None

    def finish(self) -> None:
        self.live, self.replaying = True, False


def at(index: int) -> str:
    """When the message of this index was published, or would have been."""
    return (START + timedelta(seconds=index)).isoformat()


async def check(actions: list[Any], folder: Path) -> None:
    clock, model = JumpingClock(START), Model()
    topics = Topics(open_store(folder, clock=clock), clock)
    keep = json.dumps({"MessageRetentionPeriod": "1"})
    topic = await topics.create("t.fifo", FifoTopic="true", ContentBasedDeduplication="true", ArchivePolicy=keep)
    arn = await topics.subscribe(topic, QUEUE)
    name = subscription_of_arn(arn)
    got: list[str] = []
    for action in actions:
        match action:
            case ("publish",):
                await topics.publish(topic, model.publish(), message_group_id="g")
                clock.jump(timedelta(seconds=1))
            case ("replay", begin, length):
                end = None if length is None else begin + length
                policy = {"PointType": "Timestamp", "StartingPoint": at(begin)}
                if end is not None:
                    policy["EndingPoint"] = at(end)
                text = json.dumps(policy)
                if text != (await get_subscription(topics.store.snapshot(), name)).replay_policy:
                    model.replay(begin, end)
                await topics.set_subscription(arn, "ReplayPolicy", text)
            case ("end",):
                await topics.set_subscription(arn, "ReplayPolicy", "{}")
                model.finish()
            case ("restart",):
                got += topics.got(QUEUE)
                await topics.store.close()
                topics = Topics(open_store(folder, clock=clock), clock)
            case _:
                replays = Replays(store=topics.store, clock=clock, resender=topics.api.fanout)
                number = (await get_subscription(topics.store.snapshot(), name)).replay_number
                task = ReplayTask(subscription=name, number=number)

                async def page(tx: Any, replays: Replays = replays, task: ReplayTask = task) -> bool:
                    return await replays._page(tx, task)

                if model.replaying:
                    more = await topics.store.run(page)
                    model.step()
                    assert more is model.replaying
    got += topics.got(QUEUE)
    await topics.store.close()
    assert got == model.expected


@pytest.fixture(autouse=True, scope="module")
def _small_pages() -> Any:
    """So that short lists have pages."""
    before, replaying.PAGE = replaying.PAGE, PAGE  # type: ignore[misc]  # for these tests
    yield
    replaying.PAGE = before  # type: ignore[misc]  # as it was


@settings(max_examples=60)
@given(ACTIONS)
def test_replays_lose_and_double_nothing(actions: list[Any]) -> None:
    """Publishing, replaying from anywhere to anywhere, ending, restarting, in any order."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(check(actions, Path(folder)))
