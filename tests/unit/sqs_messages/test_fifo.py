"""What a FIFO queue does with messages, beside what `properties/test_sqs.py` finds."""

import json

import pytest

from pileus.kernel.errors import ServiceError
from tests.unit.sqs_messages.queues import Queues, arn, attribute

Q = "q.fifo"


async def test_a_group_comes_in_order_and_one_at_a_time(queues: Queues) -> None:
    """While its first message is held, the rest of the group waits, and other groups do not."""
    await queues.create(Q)
    for body, group in (("a1", "a"), ("b1", "b"), ("a2", "a"), ("a3", "a"), ("b2", "b")):
        await queues.send_in_group(body, group)
    [first] = await queues.receive(Q, 1)
    assert first.body == "a1"
    assert await queues.bodies(Q, 10) == ["b1", "b2"]
    assert await queues.bodies(Q, 10) == []
    await queues.delete(first, Q)
    assert await queues.bodies(Q, 10) == ["a2", "a3"]
    assert await queues.counts(Q) == (0, 4, 0)


async def test_sequence_numbers_grow(queues: Queues) -> None:
    """Twenty digits, also over a purge; the receiver sees what the sender got."""
    await queues.create(Q)
    numbers = [(await queues.send_in_group(str(n), "g")).sequence_number for n in range(3)]
    await queues.purge(Q)
    numbers.append((await queues.send_in_group("3", "g")).sequence_number)
    assert all(number is not None and len(number) == 20 for number in numbers)
    assert numbers == sorted(set(numbers), key=str)
    [message] = await queues.receive(Q)
    assert attribute(message, "SequenceNumber") == numbers[-1]
    assert attribute(message, "MessageDeduplicationId") == "3"
    assert attribute(message, "MessageGroupId") == "g"


@pytest.mark.parametrize("deleted", [False, True])
async def test_an_id_is_taken_once_in_five_minutes(queues: Queues, deleted: bool) -> None:
    """Also when the first message is gone; the answer is that of the first. Recording ..._arrives_once_after_delete."""
    await queues.create(Q)
    first = await queues.send_in_group("one", "a", message_deduplication_id="id")
    if deleted:
        [message] = await queues.receive(Q)
        await queues.delete(message, Q)
    queues.jump(299)
    again = await queues.send_in_group("two", "b", message_deduplication_id="id")
    assert (again.message_id, again.sequence_number) == (first.message_id, first.sequence_number)
    assert sum(await queues.counts(Q)) == (0 if deleted else 1)
    queues.jump(1)
    later = await queues.send_in_group("three", "b", message_deduplication_id="id")
    assert later.message_id != first.message_id


async def test_ids_by_content_and_by_group(queues: Queues) -> None:
    """ContentBasedDeduplication, and `DeduplicationScope` messageGroup."""
    await queues.create(Q, ContentBasedDeduplication="true")
    await queues.send("same", Q, message_group_id="a")
    await queues.send("same", Q, message_group_id="b")
    await queues.send("same", Q, message_group_id="a", message_deduplication_id="given")
    assert await queues.counts(Q) == (2, 0, 0)
    await queues.set(Q, DeduplicationScope="messageGroup", FifoThroughputLimit="perMessageGroupId")
    await queues.send("same", Q, message_group_id="a")
    await queues.send("same", Q, message_group_id="a")
    await queues.send("same", Q, message_group_id="b")
    assert await queues.counts(Q) == (4, 0, 0)


async def test_a_handle_expires_with_the_visibility_timeout(queues: Queues) -> None:
    """Recordings test_fifo_delete_after_visibility_timeout and ..._extended."""
    await queues.create(Q)
    await queues.send_in_group("foobar", "g")
    [message] = await queues.receive(Q, visibility_timeout=5)
    await queues.hide(message, 10, Q)
    queues.jump(6)
    await queues.hide(message, 5, Q)
    queues.jump(5)
    with pytest.raises(ServiceError, match="The receipt handle has expired"):
        await queues.delete(message, Q)
    [again] = await queues.receive(Q)
    with pytest.raises(ServiceError, match="expired"):
        await queues.delete(message, Q)
    await queues.delete(again, Q)
    await queues.delete(again, Q)
    assert await queues.counts(Q) == (0, 0, 0)


async def test_an_attempt_may_be_repeated(queues: Queues) -> None:
    """ReceiveRequestAttemptId: the same messages and handles, held anew, while none of them was touched."""
    await queues.create(Q)
    for body in ("1", "2"):
        await queues.send_in_group(body, "g")
    first = await queues.receive(Q, receive_request_attempt_id="try", visibility_timeout=20)
    queues.jump(15)
    again = await queues.receive(Q, receive_request_attempt_id="try", visibility_timeout=20)
    assert [message.receipt_handle for message in again] == [message.receipt_handle for message in first]
    assert [attribute(message, "ApproximateReceiveCount") for message in again] == ["1", "1"]
    queues.jump(15)
    await queues.delete(first[0], Q)
    assert await queues.receive(Q, receive_request_attempt_id="try") == []
    queues.jump(10)
    assert await queues.bodies(Q, receive_request_attempt_id="try") == ["2"]


async def test_the_delay_is_asked_when_messages_are_received(queues: Queues) -> None:
    """For FIFO queues a change of DelaySeconds affects messages that wait already; counts know of them too."""
    await queues.create(Q, DelaySeconds="30")
    await queues.send_in_group("1", "a")
    queues.jump(10)
    await queues.send_in_group("2", "b")
    assert await queues.bodies(Q) == []
    assert await queues.counts(Q) == (0, 0, 2)
    queues.jump(20)
    assert await queues.counts(Q) == (1, 0, 1)
    assert await queues.bodies(Q) == ["1"]
    await queues.set(Q, DelaySeconds="0")
    assert await queues.bodies(Q) == ["2"]


async def test_dead_letters_let_the_group_go_on(queues: Queues) -> None:
    """They keep group and id, and their time of sending begins anew."""
    await queues.create("dead.fifo")
    policy = json.dumps({"deadLetterTargetArn": arn("dead.fifo"), "maxReceiveCount": 1})
    await queues.create(Q, RedrivePolicy=policy)
    for body in ("poison", "next"):
        await queues.send_in_group(body, "g")
    [poison] = await queues.receive(Q, 1, visibility_timeout=5)
    queues.jump(5)
    assert await queues.bodies(Q, 1) == ["next"]
    [dead] = await queues.receive("dead.fifo")
    assert (dead.message_id, dead.body) == (poison.message_id, "poison")
    assert attribute(dead, "MessageGroupId") == "g"
    assert attribute(dead, "SentTimestamp") == str(int(queues.clock.timestamp() * 1_000))


async def test_what_is_forgotten_leaves_nothing(queues: Queues) -> None:
    """Ids, attempts and counts by the second are swept when they matter no more."""
    await queues.create(Q, DelaySeconds="1")
    for n in range(300):
        await queues.send_in_group(str(n), f"g{n % 9}")
    queues.jump(2)
    while received := await queues.receive(Q, receive_request_attempt_id="x"):
        for message in received:
            await queues.delete(message, Q)
    for _ in range(6):
        queues.jump(299)
        await queues.worker.look_at_all()
    rows = await queues.store.snapshot().range(b"", b"\xff")
    assert len([key for key, _ in rows if b"sqs-messages" in key]) == 1
