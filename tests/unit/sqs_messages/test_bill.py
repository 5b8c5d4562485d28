"""What does AWS charge for queues? Requests, by their payload; a batch is one.

Source: Amazon SQS pricing.
"""

from datetime import timedelta

from pileus.kernel.metrics.metering import FIFO_QUEUE_REQUESTS, NAMESPACE, QUEUE_REQUESTS, amounts
from pileus.services.sqs.messages.metrics import UPKEEP
from pileus.services.sqs.receiver import QueueReceiver
from pileus.services.sqs.sender import OutgoingMessage, QueueSender
from pileus.services.sqs.shapes import (
    DeleteMessageBatchRequest,
    DeleteMessageBatchRequestEntry,
    SendMessageBatchRequest,
    SendMessageBatchRequestEntry,
)
from tests.unit.sqs_messages.queues import START, Queues, arn, context, url

KB = 1024


async def requests(queues: Queues) -> dict[tuple[str, str], float]:
    """By kind and queue."""
    start = START.replace(hour=0)
    kinds = [(NAMESPACE, QUEUE_REQUESTS), (NAMESPACE, FIFO_QUEUE_REQUESTS)]
    used = await amounts(queues.metrics, kinds, start=start, end=start + timedelta(days=1))
    return {(metric.name, dict(metric.dimensions)["QueueName"]): amount for metric, amount in used.items()}


async def test_each_request_and_each_64_kb(queues: Queues) -> None:
    """A message of 200 KB is sent by four requests and received by four; what finds nothing is one, too."""
    await queues.create()
    assert await queues.receive() == []
    await queues.send("a" * 200 * KB)
    await queues.send("\u20ac" * 30 * KB)  # 90 KB
    first, second = sorted(await queues.receive(count=2), key=lambda message: len(message.body or ""))
    await queues.hide(first, 10)
    await queues.delete(first)
    await queues.delete(second)
    await queues.delete(second)
    received = 5  # 290 KB
    assert await requests(queues) == {
        (QUEUE_REQUESTS, "q"): 1 + 4 + 2 + received + 1 + 3,
        (QUEUE_REQUESTS, UPKEEP): 1,
    }


async def test_a_batch_is_one_request(queues: Queues) -> None:
    """Its payload is that of its messages together; a FIFO queue has its own price, but for what makes it."""
    await queues.create("q.fifo")
    entries = [
        SendMessageBatchRequestEntry(
            id=f"{number}", message_body="a" * 10 * KB, message_group_id="g", message_deduplication_id=f"{number}"
        )
        for number in range(10)
    ]
    await queues.api.send_message_batch(context(), SendMessageBatchRequest(queue_url=url("q.fifo"), entries=entries))
    messages = await queues.receive("q.fifo", count=5)
    assert len(messages) == 5
    deleted = [
        DeleteMessageBatchRequestEntry(id=f"{number}", receipt_handle=message.receipt_handle or "")
        for number, message in enumerate(messages)
    ]
    await queues.api.delete_message_batch(
        context(), DeleteMessageBatchRequest(queue_url=url("q.fifo"), entries=deleted)
    )
    assert await requests(queues) == {(FIFO_QUEUE_REQUESTS, "q.fifo"): 2 + 1 + 1, (QUEUE_REQUESTS, UPKEEP): 1}


async def test_services_pay_as_anybody(queues: Queues) -> None:
    """What a topic sends, and what a function's poller receives and deletes, are requests of the queue's owner."""
    await queues.create()
    sender = QueueSender(clock=queues.clock, ids=queues.ids, metrics=queues.metrics)
    async with queues.store.transaction() as tx:
        await sender.put(tx, arn("q"), OutgoingMessage(body="a" * 65 * KB), call=None)
    receiver = QueueReceiver(store=queues.store, clock=queues.clock, ids=queues.ids, metrics=queues.metrics)
    [message] = await receiver.receive(arn("q"), max_messages=10, wait_s=0)
    await receiver.release(arn("q"), [message.receipt_handle])
    [message] = await receiver.receive(arn("q"), max_messages=10, wait_s=0)
    await receiver.delete(arn("q"), [message.receipt_handle])
    assert (await requests(queues))[QUEUE_REQUESTS, "q"] == 2 + 2 + 1 + 2 + 1
    receiver.close()
