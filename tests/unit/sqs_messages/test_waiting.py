"""Long polls: woken by what arrives and by what returns, and never for a client who has hung up."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest

from pileus.kernel.http.presence import CLIENT
from pileus.kernel.storage.seam import Transaction
from pileus.services.sqs.errors import QueueDoesNotExist
from pileus.services.sqs.messages.waiting import Waiting
from pileus.services.sqs.shapes import DeleteQueueRequest
from tests.unit.sqs_messages.queues import Queues, context, url

_PATIENCE_S = 5


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while not true():
            await asyncio.sleep(0.001)


def _standing(queues: Queues) -> int:
    waiting: Waiting = queues.api._waiting
    return sum(line._present for line in waiting._lines.values())


async def _polling(queues: Queues, name: str = "q", *, polls: int = 1, **more: object) -> list[asyncio.Task[list[str]]]:
    tasks = [asyncio.create_task(queues.bodies(name, 1, wait_time_seconds=20, **more)) for _ in range(polls)]
    await _until(lambda: _standing(queues) == polls)
    return tasks


async def _ended(task: Awaitable[list[str]]) -> list[str]:
    async with asyncio.timeout(_PATIENCE_S):
        return await task


async def test_an_arrival_wakes_who_waited_longest(queues: Queues) -> None:
    """One message wakes one of them; the next message the next."""
    await queues.create()
    first, second, third = await _polling(queues, polls=3)
    await queues.send("1")
    assert await _ended(first) == ["1"]
    assert _standing(queues) == 2
    await queues.send("2")
    await queues.send("3")
    assert sorted(await _ended(second) + await _ended(third)) == ["2", "3"]
    await _until(lambda: not queues.api._waiting._lines)


@pytest.mark.parametrize("name", ["q", "q.fifo"])
async def test_what_returns_by_itself_wakes_too(queues: Queues, name: str) -> None:
    """The end of a visibility timeout, and of a delay, come by the clock."""
    await queues.create(name, DelaySeconds="30")
    more = {"message_group_id": "g", "message_deduplication_id": "1"} if name != "q" else {}
    await queues.send("late", name, **more)
    [poll] = await _polling(queues, name, visibility_timeout=7)
    await _until(lambda: bool(queues.clock.alarms))
    queues.jump(30.001)
    assert await _ended(poll) == ["late"]
    [poll] = await _polling(queues, name)
    await _until(lambda: bool(queues.clock.alarms))
    queues.jump(7.001)
    assert await _ended(poll) == ["late"]


async def test_a_deletion_lets_a_group_go_on(queues: Queues) -> None:
    """FIFO: the next message of a group becomes visible when the first is deleted."""
    await queues.create("q.fifo")
    for body in ("1", "2"):
        await queues.send_in_group(body, "g")
    [first] = await queues.receive("q.fifo", 1)
    [poll] = await _polling(queues, "q.fifo")
    await queues.delete(first, "q.fifo")
    assert await _ended(poll) == ["2"]


class _Connection:
    gone = False


async def test_who_has_hung_up_swallows_nothing(queues: Queues) -> None:
    """The message goes to the next who waits, or stays visible when there is nobody."""
    await queues.create()
    connection = _Connection()
    token = CLIENT.set(connection)
    [gone] = await _polling(queues)
    CLIENT.reset(token)
    connection.gone = True
    await queues.send("1")
    assert await _ended(gone) == []
    assert await queues.counts() == (1, 0, 0)
    assert await queues.bodies() == ["1"]
    CLIENT.set(connection)
    connection.gone = False
    [gone] = await _polling(queues)
    CLIENT.set(None)
    here = asyncio.create_task(queues.bodies(wait_time_seconds=20))
    await _until(lambda: _standing(queues) == 2)
    connection.gone = True
    await queues.send("2")
    assert await _ended(here) == ["2"]
    assert await _ended(gone) == []


async def test_patience_ends(queues: Queues) -> None:
    """With nothing, when the time is over, also on a clock that stands still; and at once when the server stops."""
    await queues.create(ReceiveMessageWaitTimeSeconds="1")
    async with asyncio.timeout(_PATIENCE_S):
        assert await queues.bodies() == []
    polls = await _polling(queues, polls=2)
    queues.api.hang_up()
    assert [await _ended(poll) for poll in polls] == [[], []]
    assert await queues.bodies(wait_time_seconds=20) == []


async def test_a_cancelled_poll_hands_its_turn_on(queues: Queues) -> None:
    """Whoever is cut off after being woken had not looked yet: the next one does."""
    await queues.create()
    first, second = await _polling(queues, polls=2)
    queues.api._waiting._lines[(await queues.record()).serial].wake(1)
    first.cancel()
    await queues.send("1")
    assert await _ended(second) == ["1"]
    assert first.cancelled()


async def test_a_deleted_queue_is_said_to_be_gone(queues: Queues) -> None:
    """To all who wait for its messages, also when it never had any."""
    await queues.create()
    polls = await _polling(queues, polls=3)
    serial = (await queues.record()).serial
    await queues.api.delete_queue(context(), DeleteQueueRequest(queue_url=url("q")))

    async def clear(tx: Transaction) -> bool:
        return await queues.api.messages.clear(tx, serial, limit=100)

    assert not await queues.store.run(clear)  # as the outbox does
    for poll in polls:
        with pytest.raises(QueueDoesNotExist):
            await _ended(poll)


async def test_what_arrives_in_the_same_turn_wakes(queues: Queues) -> None:
    """A send that comes between a poll's look and its first wait in line was once slept through."""
    await queues.create()
    poll = asyncio.create_task(queues.bodies(wait_time_seconds=20))
    send = asyncio.create_task(queues.send("1"))
    assert await _ended(poll) == ["1"]
    await send


@pytest.mark.parametrize("name", ["q", "q.fifo"])
async def test_nobody_sleeps_through_a_message(queues: Queues, name: str) -> None:
    """Many polls, sends and deletions at random: whatever arrives is received long before any patience ends."""
    await queues.create(name)
    chance = random.Random(5)
    left = set(map(str, range(400)))
    late: list[float] = []
    loop = asyncio.get_running_loop()

    async def consume() -> None:
        while left:
            begun = loop.time()
            for message in await queues.receive(name, chance.randrange(1, 4), wait_time_seconds=2):
                left.discard(message.body or "")
                await queues.delete(message, name)
            late.append(loop.time() - begun)

    async def produce(bodies: list[str]) -> None:
        for body in bodies:
            for _ in range(chance.randrange(4)):
                await asyncio.sleep(0)
            if name == "q":
                await queues.send(body, message_group_id=chance.choice([None, "a"]))
            else:
                await queues.send_in_group(body, chance.choice("abc"), name)

    everything = sorted(left)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        for n in range(4):
            group.create_task(produce(everything[n::4]))
        for _ in range(20):
            group.create_task(consume())
    assert max(sorted(late)[:-20]) < 1.5, "a poll waited although there was something"


async def test_a_delay_that_was_set_meanwhile_counts(queues: Queues) -> None:
    """FIFO: the delay is the queue's of now, not of when the poll began, which once slept through the delay's end."""
    await queues.create("q.fifo")
    [poll] = await _polling(queues, "q.fifo")
    await queues.set("q.fifo", DelaySeconds="30")
    await queues.send_in_group("late", "g")
    await _until(lambda: bool(queues.clock.alarms))
    queues.jump(30.001)
    assert await _ended(poll) == ["late"]
