"""What does SQS count? The metrics of `AWS/SQS` for CloudWatch, and requests for the bill.

Operations tell what they did; once a minute the worker tells how much each queue holds. A queue that holds nothing and
that nobody used for six hours tells nothing more.

Sources: SQS Developer Guide, "Available CloudWatch metrics for Amazon SQS"; Amazon SQS pricing: what is done with
messages of a FIFO queue has a price of its own, everything else the price of standard queues.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final

from pileus.kernel.context import RequestContext
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.metrics.metering import CHUNK_BYTES, FIFO_QUEUE_REQUESTS, QUEUE_REQUESTS, meter, requests_of
from pileus.services.sqs.messages.bodies import attributes_bytes
from pileus.services.sqs.messages.visit import Taken
from pileus.services.sqs.model import Counts, QueueRecord

NAMESPACE: Final = "AWS/SQS"
QUEUES_MAX: Final = 4_096
"""Whose series are kept at hand."""

UPKEEP: Final = "*"
"""What the bill calls the requests that are not about messages, but about queues."""

Add = Callable[[float], None]
Operation = Callable[[RequestContext, Any], Awaitable[object]]


class QueueMetrics:
    """What is counted of one queue."""

    __slots__ = ("_received", "_sent", "_sent_bytes", "deleted", "empty_receives", "queue", "requests", "used_s")

    def __init__(self, metrics: Metrics, queue: QueueRecord) -> None:
        def series(name: str, unit: str) -> Add:
            of_queue = (("QueueName", queue.name),)
            return metrics.series(queue.account_id, queue.region, NAMESPACE, name, of_queue, unit).add

        self.queue = queue
        self._sent = series("NumberOfMessagesSent", "Count")
        self._received = series("NumberOfMessagesReceived", "Count")
        self.deleted = series("NumberOfMessagesDeleted", "Count")
        self.empty_receives = series("NumberOfEmptyReceives", "Count")
        self._sent_bytes = series("SentMessageSize", "Bytes")
        requests = FIFO_QUEUE_REQUESTS if queue.fifo else QUEUE_REQUESTS
        self.requests: Add = meter(metrics, queue.account_id, queue.region, requests, (("QueueName", queue.name),)).add
        self.used_s = 0.0

    def sent(self, size_bytes: int) -> None:
        """One message, by a request of its own."""
        self._sent(1)
        self._sent_bytes(size_bytes)
        self.requests(1 if size_bytes <= CHUNK_BYTES else requests_of(size_bytes))

    def sent_batch(self, sizes_bytes: Sequence[int]) -> None:
        for size_bytes in sizes_bytes:
            self._sent(1)
            self._sent_bytes(size_bytes)
        self.requests(requests_of(sum(sizes_bytes)))

    def received(self, taken: Iterable[Taken]) -> None:
        """In one request, which counts by what it answers."""
        sizes = [_size_bytes(one) for one in taken]
        self._received(len(sizes))
        self.requests(requests_of(sum(sizes)))


class SqsMetrics:
    """Gives queues what they count with. metrics: None counts nothing."""

    def __init__(self, metrics: Metrics | None) -> None:
        self._metrics = metrics
        self._queues: dict[bytes, QueueMetrics] = {}

    def of(self, queue: QueueRecord) -> QueueMetrics | None:
        kept = self._queues.get(queue.serial)
        if kept is None and self._metrics is not None:
            if len(self._queues) >= QUEUES_MAX:
                self._queues.clear()
            kept = self._queues[queue.serial] = QueueMetrics(self._metrics, queue)
        return kept

    def metered(self, operation: Operation) -> Operation:
        """The same operation, which counts as one request of the account's."""
        metrics = self._metrics
        if metrics is None:
            return operation

        async def counted(context: RequestContext, request: Any) -> object:
            answer = await operation(context, request)
            meter(metrics, context.account_id, context.region, QUEUE_REQUESTS, (("QueueName", UPKEEP),)).add(1)
            return answer

        return counted

    def holds(self, queue: QueueRecord, counts: Counts, *, oldest_s: float) -> None:
        """How much a queue holds now. oldest_s: the age of its oldest message."""
        if self._metrics is None:
            return
        of_queue = (("QueueName", queue.name),)
        for name, unit, value in (
            ("ApproximateNumberOfMessagesVisible", "Count", counts.visible),
            ("ApproximateNumberOfMessagesNotVisible", "Count", counts.in_flight),
            ("ApproximateNumberOfMessagesDelayed", "Count", counts.delayed),
            ("ApproximateAgeOfOldestMessage", "Seconds", oldest_s),
        ):
            self._metrics.series(queue.account_id, queue.region, NAMESPACE, name, of_queue, unit).add(value)


def _size_bytes(one: Taken) -> int:
    message = one.message
    body = message.body
    size_bytes = len(body) if body.isascii() else len(body.encode())
    return size_bytes + attributes_bytes(message.attributes) if message.attributes else size_bytes
