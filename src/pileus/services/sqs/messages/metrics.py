"""What does SQS count for CloudWatch? The metrics of `AWS/SQS`.

Operations tell what they did; once a minute the worker tells how much each queue holds. A queue that holds nothing and
that nobody used for six hours tells nothing more.

Source: SQS Developer Guide, "Available CloudWatch metrics for Amazon SQS".
"""

from collections.abc import Callable
from typing import Final

from pileus.kernel.metrics.counting import Metrics
from pileus.services.sqs.model import Counts, QueueRecord

NAMESPACE: Final = "AWS/SQS"
QUEUES_MAX: Final = 4_096
"""Whose series are kept at hand."""

Add = Callable[[float], None]


class QueueMetrics:
    """What is counted of one queue."""

    __slots__ = ("deleted", "empty_receives", "queue", "received", "sent", "sent_bytes", "used_s")

    def __init__(self, metrics: Metrics, queue: QueueRecord) -> None:
        def series(name: str, unit: str) -> Add:
            of_queue = (("QueueName", queue.name),)
            return metrics.series(queue.account_id, queue.region, NAMESPACE, name, of_queue, unit).add

        self.queue = queue
        self.sent = series("NumberOfMessagesSent", "Count")
        self.received = series("NumberOfMessagesReceived", "Count")
        self.deleted = series("NumberOfMessagesDeleted", "Count")
        self.empty_receives = series("NumberOfEmptyReceives", "Count")
        self.sent_bytes = series("SentMessageSize", "Bytes")
        self.used_s = 0.0


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
