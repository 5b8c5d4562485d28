"""What does CloudWatch hear of topics, and what is paid for?

Sources: SNS Developer Guide, "Monitoring Amazon SNS topics using CloudWatch"; Amazon SNS pricing: publishing costs by
the request, deliveries by their protocol (to queues and functions nothing), and what FIFO topics take and give costs by
its size, too.
"""

from typing import Final

from pileus.kernel.metrics import metering
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.metrics.series import Series
from pileus.services.sns.names import TopicName

NAMESPACE: Final = "AWS/SNS"
PUBLISHED: Final = "NumberOfMessagesPublished"
PUBLISH_SIZE: Final = "PublishSize"
DELIVERED: Final = "NumberOfNotificationsDelivered"
FAILED: Final = "NumberOfNotificationsFailed"
FILTERED_OUT: Final = "NumberOfNotificationsFilteredOut"
FILTERED_BY_ATTRIBUTES: Final = "NumberOfNotificationsFilteredOut-MessageAttributes"
FILTERED_BY_BODY: Final = "NumberOfNotificationsFilteredOut-MessageBody"
NO_ATTRIBUTES: Final = "NumberOfNotificationsFilteredOut-NoMessageAttributes"
INVALID_BODY: Final = "NumberOfNotificationsFilteredOut-InvalidMessageBody"
REDRIVEN: Final = "NumberOfNotificationsRedrivenToDlq"
REDRIVE_FAILED: Final = "NumberOfNotificationsFailedToRedriveToDlq"
_PAID_DELIVERIES: Final = {
    "http": metering.HTTP_DELIVERIES,
    "https": metering.HTTP_DELIVERIES,
    "email": metering.MAIL_DELIVERIES,
    "email-json": metering.MAIL_DELIVERIES,
    "application": metering.PUSH_DELIVERIES,
}
_FIFO: Final = ".fifo"
_UNITS: Final = {PUBLISH_SIZE: "Bytes"}
_TOPICS_MAX: Final = 1_024


class TopicMetrics:
    """Counts by topic; the series of those that are used are kept."""

    def __init__(self, metrics: Metrics | None) -> None:
        self._metrics = metrics
        self._series: dict[tuple[TopicName, str], Series] = {}

    def add(self, topic: TopicName, name: str, value: float = 1.0) -> None:
        if self._metrics is None:
            return
        series = self._series.get((topic, name))
        if series is None:
            series = self._keep(topic, name, NAMESPACE, _UNITS.get(name, "Count"))
        series.add(value)

    def published(self, topic: TopicName, size_bytes: int) -> None:
        """By one request, whose messages have so many bytes together. topic: or what stands for a device's."""
        if topic.name.endswith(_FIFO):
            self._meter(topic, metering.FIFO_TOPIC_REQUESTS)
            self._meter(topic, metering.FIFO_TOPIC_GB, size_bytes / metering.BYTES_PER_GB)
        else:
            self._meter(topic, metering.TOPIC_REQUESTS, metering.requests_of(size_bytes))

    def delivered(self, topic: TopicName, protocol: str, text: str) -> None:
        """text: what a queue got."""
        if protocol == "sqs":
            if topic.name.endswith(_FIFO):
                self._meter(topic, metering.FIFO_DELIVERIES)
                size_bytes = len(text.encode("utf-8", "surrogatepass"))
                self._meter(topic, metering.FIFO_DELIVERIES_GB, size_bytes / metering.BYTES_PER_GB)
        elif (paid := _PAID_DELIVERIES.get(protocol)) is not None:
            self._meter(topic, paid)

    def _meter(self, topic: TopicName, what: str, amount: float = 1.0) -> None:
        if self._metrics is None:
            return
        series = self._series.get((topic, what))
        if series is None:
            series = self._keep(topic, what, metering.NAMESPACE, "None")
        series.add(amount)

    def _keep(self, topic: TopicName, name: str, namespace: str, unit: str) -> Series:
        assert self._metrics is not None
        if len(self._series) >= _TOPICS_MAX:
            self._series.clear()
        series = self._series[topic, name] = self._metrics.series(
            topic.account_id, topic.region, namespace, name, (("TopicName", topic.name),), unit
        )
        return series
