"""Messages that nobody gets stand in front: what is behind them is received all the same, and nobody is held up."""

import asyncio
import json
from typing import Final

import pytest

from pileus.kernel.storage.seam import Transaction
from pileus.services.sqs.contents import Moved
from pileus.services.sqs.messages.contents import MOVE_CHARACTERS
from pileus.services.sqs.receiver import QueueReceiver
from tests.unit.sqs_messages.queues import Queues, arn

_MANY: Final = 200
"""More than one look clears away."""
_PATIENCE_S: Final = 5


async def _bury_many(queues: Queues, suffix: str) -> str:
    """A queue with many dead letters, and one message behind them."""
    name = f"q{suffix}"
    await queues.create(f"dead{suffix}")
    redrive = {"deadLetterTargetArn": arn(f"dead{suffix}"), "maxReceiveCount": 1}
    await queues.create(name, RedrivePolicy=json.dumps(redrive))
    for n in range(_MANY):
        await _send(queues, f"dead {n}", name)
    while await queues.receive(name, visibility_timeout=5):
        pass
    queues.jump(6)
    await _send(queues, "fresh", name)
    return name


async def _send(queues: Queues, body: str, name: str) -> None:
    if name.endswith(".fifo"):
        await queues.send_in_group(body, body.replace(" ", "-"), name, message_deduplication_id=body.replace(" ", "-"))
    else:
        await queues.send(body, name)


@pytest.mark.parametrize("wait_s", [0, 20])
@pytest.mark.parametrize("suffix", ["", ".fifo"])
async def test_a_poll_gets_past_dead_letters(queues: Queues, suffix: str, wait_s: int) -> None:
    """A long poll once buried 64 of them, found nothing for its client, and slept although a message was there."""
    name = await _bury_many(queues, suffix)
    got: list[str] = []
    async with asyncio.timeout(_PATIENCE_S):
        while "fresh" not in got:
            bodies = await queues.bodies(name, wait_time_seconds=wait_s)
            assert bodies
            got += bodies
    assert got == ["fresh"]


async def test_functions_get_past_dead_letters(queues: Queues) -> None:
    """So do the pollers of event source mappings."""
    name = await _bury_many(queues, "")
    receiver = QueueReceiver(store=queues.store, clock=queues.clock, ids=queues.ids, messages=queues.api.messages)
    async with asyncio.timeout(_PATIENCE_S):
        got = await receiver.receive(arn(name), max_messages=10, wait_s=20)
    assert [message.body for message in got] == ["fresh"]


async def test_a_poll_gets_past_what_has_expired(queues: Queues) -> None:
    """Also between two of the worker's looks."""
    await queues.create(MessageRetentionPeriod="60")
    for n in range(_MANY):
        await queues.send(str(n))
    queues.jump(61)
    await queues.send("fresh")
    async with asyncio.timeout(_PATIENCE_S):
        assert await queues.bodies(wait_time_seconds=20) == ["fresh"]


async def _move(queues: Queues, *, limit: int) -> Moved:
    source, target = await queues.record("dead"), await queues.record("q")

    async def move(tx: Transaction) -> Moved:
        return await queues.api.messages.move(tx, source, target, limit=limit)

    return await queues.store.run(move)


async def test_a_move_gets_past_what_has_expired(queues: Queues) -> None:
    """A task once was COMPLETED when it had met 64 expired messages in a row, with others behind them."""
    await queues.create("dead", MessageRetentionPeriod="60")
    await queues.create("q")
    for n in range(_MANY):
        await queues.send(str(n), "dead")
    queues.jump(61)
    await queues.send("fresh", "dead")
    steps = [await _move(queues, limit=100)]
    while steps[-1].more:
        steps.append(await _move(queues, limit=100))
    assert sum(step.count for step in steps) == 1
    assert await queues.bodies() == ["fresh"]


async def test_a_step_moves_few_large_messages(queues: Queues) -> None:
    """A hundred of a megabyte in one transaction kept everybody else waiting for more than a second."""
    await queues.create("dead")
    await queues.create("q")
    large = "x" * (MOVE_CHARACTERS // 4)
    for _ in range(6):
        await queues.send(large, "dead")
    assert await _move(queues, limit=100) == Moved(count=4, more=True)
    assert await _move(queues, limit=100) == Moved(count=2)
    assert await queues.counts() == (6, 0, 0)


async def test_one_receive_buries_few_large_messages(queues: Queues) -> None:
    """For the same reason; those that are left are for the next look."""
    await queues.create("dead")
    await queues.create(RedrivePolicy=json.dumps({"deadLetterTargetArn": arn("dead"), "maxReceiveCount": 1}))
    large = "x" * 1_000_000
    for _ in range(9):
        await queues.send(large)
    await queues.receive(visibility_timeout=5)
    queues.jump(6)
    async with queues.store.transaction() as tx:
        seen = await queues.api.messages.visit(tx, await queues.record())
        assert await queues.api.messages.receive(seen, limit=10, visibility_s=5) == []
        seen.save()
    assert seen.unfinished
    left, buried = await queues.counts(), await queues.counts("dead")
    assert 0 < buried[0] < 9
    assert left[0] + buried[0] == 9
