"""What is moved from queue to queue arrives once; what is held or delayed stays."""

import pytest

from pileus.kernel.storage.seam import Transaction
from pileus.services.sqs.contents import Moved
from tests.unit.sqs_messages.queues import Queues, attribute


async def _move_all(queues: Queues, source: str, target: str | None) -> list[Moved]:
    from_queue = await queues.record(source)
    to_queue = None if target is None else await queues.record(target)

    async def move(tx: Transaction) -> Moved:
        return await queues.api.messages.move(tx, from_queue, to_queue, limit=7)

    moved = [await queues.store.run(move)]
    while moved[-1].count == 7:
        moved.append(await queues.store.run(move))
    return moved


async def test_everything_visible_is_moved(queues: Queues) -> None:
    """Fresh messages, those of groups, and those that returned; with new ids and counts."""
    await queues.create("dead")
    await queues.create("q")
    ids = set()
    for n in range(60):
        sent = await queues.send(str(n), "dead", message_group_id=f"g{n % 4}" if n % 2 else None)
        ids.add(sent.message_id)
    await queues.receive("dead", visibility_timeout=5)
    queues.jump(6)
    held = await queues.bodies("dead", 5, visibility_timeout=600)
    await queues.send("late", "dead", delay_seconds=60)
    moved = await _move_all(queues, "dead", "q")
    assert sum(one.count for one in moved) == 55
    assert {one.failure for one in moved} == {""}
    assert await queues.counts("dead") == (0, 5, 1)
    assert await queues.counts("q") == (55, 0, 0)
    got = []
    while received := await queues.receive("q"):
        for message in received:
            got.append(message.body or "")
            assert message.message_id not in ids
            assert attribute(message, "ApproximateReceiveCount") == "1"
    assert sorted(got) == sorted(str(n) for n in range(60) if str(n) not in held)


async def test_groups_stay_in_order(queues: Queues) -> None:
    """FIFO: a group that is held stays; the others arrive in their order, also where a duplicate was sent lately."""
    await queues.create("dead.fifo")
    await queues.create("q.fifo")
    for n in range(20):
        await queues.send_in_group(f"{n:02}", "abcd"[n % 4], "dead.fifo")
    held = await queues.bodies("dead.fifo", 2, visibility_timeout=600)
    assert held == ["00", "04"]
    moved = await _move_all(queues, "dead.fifo", "q.fifo")
    assert sum(one.count for one in moved) == 15
    assert await queues.counts("dead.fifo") == (3, 2, 0)
    got = await queues.bodies("q.fifo") + await queues.bodies("q.fifo")
    for group in "bcd":
        of_group = [body for body in got if "abcd"[int(body) % 4] == group]
        assert of_group == [f"{n:02}" for n in range(20) if "abcd"[n % 4] == group]


@pytest.mark.parametrize("missing", [False, True])
async def test_what_cannot_be_moved_stays(queues: Queues, missing: bool) -> None:
    """A message that came from nowhere, or from a queue that is gone, has no way back."""
    await queues.create("dead")
    await queues.send("hello", "dead")
    if missing:
        record = await queues.record("dead")
        async with queues.store.transaction() as tx:
            seen = await queues.api.messages.visit(tx, record)
            [taken] = await queues.api.messages.receive(seen, limit=1, visibility_s=0)
            await queues.api.messages.delete(seen, taken.handle)
            gone = type(taken.message)(
                id=taken.message.id,
                sent_ms=taken.message.sent_ms,
                body="hello",
                body_md5=taken.message.body_md5,
                sender_id="1",
                source_arn="arn:aws:sqs:us-east-1:111111111111:gone",
            )
            await queues.api.messages.deposit(seen, gone)
            seen.save()
    [moved] = await _move_all(queues, "dead", None)
    assert moved.count == 0
    assert moved.failure == ("AWS.SimpleQueueService.NonExistentQueue" if missing else "CouldNotDetermineMessageSource")
    assert await queues.counts("dead") == (1, 0, 0)
