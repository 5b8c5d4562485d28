"""What does CloudWatch hear of topics?

Source: SNS Developer Guide, "Monitoring Amazon SNS topics using CloudWatch".
"""

from typing import Final

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
            if len(self._series) >= _TOPICS_MAX:
                self._series.clear()
            series = self._series[topic, name] = self._metrics.series(
                topic.account_id,
                topic.region,
                NAMESPACE,
                name,
                (("TopicName", topic.name),),
                _UNITS.get(name, "Count"),
            )
        series.add(value)
