"""A queue of a million messages costs what one of a thousand does."""

import time
from collections.abc import Awaitable, Callable
from statistics import median
from typing import Final

import pytest

from pileus.services.sqs.messages.records import MessageRecord
from tests.unit.sqs_messages.queues import Queues

_FEW: Final = 1_000
_MANY: Final = 1_000_000
_PAGE: Final = 100
"""Sends in one transaction: each looks through the writes of those before it."""
_TIMES: Final = 300
_FACTOR_MAX: Final = 2.5
"""Trees are one level deeper, and caches colder; what grows with the number of messages is a thousand times dearer."""


async def _fill(queues: Queues, name: str, count: int, *, groups: int) -> None:
    """As many sends do, without the wire's checks."""
    record = await queues.record(name)
    messages = queues.api.messages
    for begin in range(0, count, _PAGE):
        async with queues.store.transaction() as tx:
            seen = await messages.visit(tx, record)
            for n in range(begin, min(begin + _PAGE, count)):
                message = MessageRecord(
                    id=messages.new_id(),
                    sent_ms=seen.now_ms,
                    body=f"message {n} {'x' * 100}",
                    body_md5=b"x" * 16,
                    sender_id="1",
                    group=f"group-{n % groups}" if groups else "",
                    deduplication_id=str(n) if record.fifo else "",
                )
                await messages.send(seen, message)
            seen.save()
        await queues.store.durable()


async def _price_us(work: Callable[[int], Awaitable[None]]) -> float:
    """Of one call, on the processor; of the usual call, not of the one that met a checkpoint."""
    taken = []
    for n in range(_TIMES):
        begun = time.thread_time()
        await work(n)
        taken.append(time.thread_time() - begun)
    return median(taken) * 1e6


async def _prices(queues: Queues, name: str) -> dict[str, float]:
    group = {"message_group_id": "mine"} if name.endswith(".fifo") else {}

    async def send(n: int) -> None:
        more = {"message_deduplication_id": f"mine-{n}"} if group else {}
        await queues.send("x", name, **group, **more)

    async def cycle(n: int) -> None:
        for message in await queues.receive(name, 10):
            await queues.delete(message, name)

    async def count(n: int) -> None:
        await queues.counts(name)

    return {
        "send": await _price_us(send),
        "receive and delete ten": await _price_us(cycle),
        "counts": await _price_us(count),
    }


@pytest.mark.slow
@pytest.mark.parametrize(("name", "groups"), [("q", 0), ("q", 1_000), ("q.fifo", 1_000)])
async def test_a_million_messages(queues: Queues, name: str, groups: int) -> None:
    """Issue 6, "Hardness": send, receive and delete cost the same."""
    small, large = f"small-{name}", f"large-{name}"
    for queue, count in ((small, 10 * _FEW), (large, _MANY)):  # so many that the first does not run empty
        await queues.create(queue)
        await _fill(queues, queue, count, groups=groups)
    few, many = await _prices(queues, small), await _prices(queues, large)
    assert (await queues.counts(large))[0] > 900_000
    for what, price_us in many.items():
        assert price_us < few[what] * _FACTOR_MAX, f"{what}: {price_us:.0f} us of many, {few[what]:.0f} us of few"
    begun = time.thread_time()
    await queues.purge(large)
    assert time.thread_time() - begun < 0.1
    print({what: (round(few[what]), round(many[what])) for what in few})
