"""What a standard queue does with messages, beside what `properties/test_sqs.py` finds."""

import json

import pytest

from pileus.kernel.errors import ServiceError
from pileus.services.sqs.errors import OverLimit, ReceiptHandleIsInvalid
from pileus.services.sqs.messages import standard
from pileus.services.sqs.shapes import (
    ChangeMessageVisibilityBatchRequest,
    ChangeMessageVisibilityBatchRequestEntry,
    DeleteMessageBatchRequest,
    DeleteMessageBatchRequestEntry,
    Message,
)
from tests.unit.sqs_messages.queues import Queues, arn, attribute, context, url


async def test_a_message_is_there_until_it_is_deleted(queues: Queues) -> None:
    """The life of a message, and what the counts say meanwhile."""
    await queues.create()
    sent = await queues.send("hello")
    assert await queues.counts() == (1, 0, 0)
    [message] = await queues.receive()
    assert (message.message_id, message.body) == (sent.message_id, "hello")
    assert await queues.bodies() == []
    assert await queues.counts() == (0, 1, 0)
    queues.jump(30)
    assert await queues.counts() == (1, 0, 0)
    [message] = await queues.receive()
    assert attribute(message, "ApproximateReceiveCount") == "2"
    await queues.delete(message)
    queues.jump(31)
    assert await queues.bodies() == []
    assert await queues.counts() == (0, 0, 0)


async def test_an_old_handle_deletes_nothing(queues: Queues) -> None:
    """API_DeleteMessage: only the most recent handle does; one whose message has merely returned still does."""
    await queues.create()
    await queues.send("hello")
    [first] = await queues.receive(visibility_timeout=5)
    queues.jump(6)
    [second] = await queues.receive(visibility_timeout=5)
    await queues.delete(first)
    queues.jump(6)
    assert await queues.counts() == (1, 0, 0)
    await queues.delete(second)
    assert await queues.counts() == (0, 0, 0)


async def test_handles_open_nothing_in_other_queues(queues: Queues) -> None:
    """Nor in a queue made again under the same name, nor when a letter of them is changed."""
    await queues.create()
    await queues.create("other")
    await queues.send("hello")
    [message] = await queues.receive()
    assert message.receipt_handle is not None
    flipped = message.receipt_handle[:-1] + ("B" if message.receipt_handle[-1] == "A" else "A")
    for name, handle in (("other", message.receipt_handle), ("q", flipped), ("q", "nonsense"), ("q", "AQEB")):
        with pytest.raises(ReceiptHandleIsInvalid):
            await queues.delete_by(handle, name)


async def test_visibility_has_a_ceiling_of_twelve_hours(queues: Queues) -> None:
    """Counted from the receive, however often it is changed."""
    await queues.create()
    await queues.send("hello")
    [message] = await queues.receive()
    await queues.hide(message, 43_200)
    queues.jump(60)
    with pytest.raises(ServiceError, match="beyond the limit"):
        await queues.hide(message, 43_200)
    await queues.hide(message, 43_140)
    queues.jump(43_139)
    assert await queues.counts() == (0, 1, 0)
    queues.jump(1)
    assert await queues.bodies() == ["hello"]


async def test_one_of_several_messages_is_hidden_for_longer(queues: Queues) -> None:
    """It leaves the lease that it was received in, and the handle follows it."""
    await queues.create()
    for body in "abc":
        await queues.send(body)
    received = await queues.receive(visibility_timeout=10)
    await queues.hide(received[1], 100)
    await queues.hide(received[1], 50)
    queues.jump(11)
    assert sorted(await queues.bodies(visibility_timeout=100)) == ["a", "c"]
    assert await queues.counts() == (0, 3, 0)
    queues.jump(40)
    [again] = await queues.receive(visibility_timeout=5)
    assert again.body == "b"
    await queues.delete(received[1])
    assert await queues.counts() == (0, 3, 0)
    await queues.delete(again)
    assert await queues.counts() == (0, 2, 0)


async def test_a_batch_tells_of_each_message(queues: Queues) -> None:
    """Deleting and hiding in batches: a wrong handle fails its own entry, in the words of the query protocol."""
    await queues.create()
    for body in "abc":
        await queues.send(body)
    received = await queues.receive()
    entries = [
        ChangeMessageVisibilityBatchRequestEntry(id="ok", receipt_handle=_handle(received[0]), visibility_timeout=0),
        ChangeMessageVisibilityBatchRequestEntry(id="no", receipt_handle=_handle(received[1]), visibility_timeout=-1),
        ChangeMessageVisibilityBatchRequestEntry(id="none", receipt_handle=_handle(received[1])),
    ]
    changed = await queues.api.change_message_visibility_batch(
        context(), ChangeMessageVisibilityBatchRequest(queue_url=url("q"), entries=entries)
    )
    assert [one.id for one in changed.successful] == ["ok"]
    assert [(one.id, one.code) for one in changed.failed] == [
        ("no", "InvalidParameterValue"),
        ("none", "MissingParameter"),
    ]
    deletions = [
        DeleteMessageBatchRequestEntry(id="1", receipt_handle=_handle(received[1])),
        DeleteMessageBatchRequestEntry(id="2", receipt_handle="nonsense"),
        DeleteMessageBatchRequestEntry(id="3", receipt_handle=_handle(received[2])),
    ]
    deleted = await queues.api.delete_message_batch(
        context(), DeleteMessageBatchRequest(queue_url=url("q"), entries=deletions)
    )
    assert [one.id for one in deleted.successful] == ["1", "3"]
    assert [(one.id, one.code, one.sender_fault) for one in deleted.failed] == [("2", "ReceiptHandleIsInvalid", True)]
    assert await queues.bodies() == ["a"]


async def test_dead_letters_leave_when_they_are_received_too_often(queues: Queues) -> None:
    """With their id, their first receive and their count; recording test_dead_letter_queue_message_attributes."""
    await queues.create("dead")
    policy = json.dumps({"deadLetterTargetArn": arn("dead"), "maxReceiveCount": 2})
    await queues.create(RedrivePolicy=policy)
    sent = await queues.send("poison")
    first_ms = str(int(queues.clock.timestamp() * 1_000))
    for _ in range(2):
        assert await queues.bodies(visibility_timeout=1) == ["poison"]
        queues.jump(2)
    assert await queues.bodies() == []
    assert await queues.counts() == (0, 0, 0)
    [dead] = await queues.receive("dead")
    assert dead.message_id == sent.message_id
    assert attribute(dead, "ApproximateReceiveCount") == "3"
    assert attribute(dead, "ApproximateFirstReceiveTimestamp") == first_ms
    assert attribute(dead, "DeadLetterQueueSourceArn") == arn("q")


async def test_a_message_that_always_fails_keeps_nobody_waiting(queues: Queues) -> None:
    """Fresh messages and those that returned come by turns."""
    await queues.create()
    for n in range(20):
        await queues.send(str(n))
    got: list[str] = []
    for _ in range(24):
        [message] = await queues.receive(count=1)
        if message.body == "0":
            await queues.hide(message, 0)
        else:
            await queues.delete(message)
            got.append(message.body or "")
    assert len(got) >= 10


async def test_no_group_starves_others(queues: Queues) -> None:
    """Fair queues: who has a thousand messages waiting is served as often as who has five."""
    await queues.create()
    for n in range(300):
        await queues.send(f"noisy-{n}", message_group_id="noisy")
    for n in range(5):
        await queues.send(f"quiet-{n}", message_group_id="quiet")
        await queues.send(f"none-{n}")
    got: list[str] = []
    for _ in range(3):
        for message in await queues.receive():
            got.append(message.body or "")
            assert ("MessageGroupId" in (message.attributes or {})) == (not got[-1].startswith("none"))
    assert {f"quiet-{n}" for n in range(5)} <= set(got)
    assert {f"none-{n}" for n in range(5)} <= set(got)
    while batch := await queues.receive():
        got += [message.body or "" for message in batch]
    assert len(got) == len(set(got)) == 310


async def test_in_flight_messages_have_a_limit(queues: Queues, monkeypatch: pytest.MonkeyPatch) -> None:
    """A short poll hears of it; a long one does not, and gets nothing."""
    monkeypatch.setattr(standard, "IN_FLIGHT_MAX", 3)
    await queues.create()
    for n in range(5):
        await queues.send(str(n))
    assert len(await queues.bodies()) == 3
    with pytest.raises(OverLimit):
        await queues.bodies()
    record = await queues.record()
    async with queues.store.transaction() as tx:
        seen = await queues.api.messages.visit(tx, record)
        assert await queues.api.messages.receive(seen, limit=1, visibility_s=1, patient=True) == []


async def test_purge_begins_anew(queues: Queues) -> None:
    """Nothing of before is received, deleted or counted; the worker removes it for good."""
    await queues.create()
    for n in range(40):
        await queues.send(str(n), delay_seconds=5 if n % 3 == 0 else None)
    [held] = await queues.receive(count=1)
    await queues.purge()
    assert await queues.counts() == (0, 0, 0)
    await queues.delete(held)
    await queues.send("new")
    assert await queues.bodies() == ["new"]
    before = len(await _keys(queues))
    await queues.worker.look_at_all()
    assert len(await _keys(queues)) < 12 < before


async def test_retention_removes_what_nobody_receives(queues: Queues) -> None:
    """Also of messages that returned, those in groups, and those that are held while it ends."""
    await queues.create(MessageRetentionPeriod="60")
    for n in range(100):
        await queues.send(str(n), message_group_id=f"g{n % 7}" if n % 2 else None)
    await queues.receive(visibility_timeout=20)
    await queues.receive(visibility_timeout=600)
    queues.jump(30)
    await queues.worker.look_at_all()
    assert await queues.counts() == (90, 10, 0)
    queues.jump(31)
    assert await queues.bodies() == []
    await queues.worker.look_at_all()
    assert await queues.counts() == (0, 10, 0)
    queues.jump(600)
    await queues.worker.look_at_all()
    assert await queues.counts() == (0, 0, 0)
    assert len(await _keys(queues)) <= 12


async def _keys(queues: Queues) -> list[bytes]:
    rows = await queues.store.snapshot().range(b"", b"\xff")
    return [key for key, _ in rows if b"sqs-messages" in key]


def _handle(message: Message) -> str:
    assert message.receipt_handle is not None
    return message.receipt_handle
