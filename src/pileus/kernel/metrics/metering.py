"""What would be paid for? Amounts that services meter, kept like metrics, and asked for by the month.

What is used is added as it happens (`meter`); what is held, as bytes and keys are, is looked at by the hour: `holding`.

They are in a namespace that nobody can name to CloudWatch (one that begins with a colon), so that only `pileus bill`
sees them. As metrics they bear a crash but for its last seconds, and are kept for 455 days.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.metrics.series import Dimensions, Metric, Series

NAMESPACE: Final = ":metering"
GB_SECONDS: Final = "Lambda-GB-Second"
"""Of functions: billed duration times memory."""
QUEUE_REQUESTS: Final = "SQS-Requests"
"""Of standard queues, and whatever is not done with messages."""
FIFO_QUEUE_REQUESTS: Final = "SQS-FIFO-Requests"
TOPIC_REQUESTS: Final = "SNS-Requests"
"""Published to standard topics and to devices."""
FIFO_TOPIC_REQUESTS: Final = "SNS-FIFO-Requests"
FIFO_TOPIC_GB: Final = "SNS-FIFO-Published-GB"
FIFO_DELIVERIES: Final = "SNS-FIFO-Deliveries"
"""What subscriptions of FIFO topics got; of others, what deliveries cost depends on their protocol."""
FIFO_DELIVERIES_GB: Final = "SNS-FIFO-Delivered-GB"
HTTP_DELIVERIES: Final = "SNS-HTTP-Deliveries"
MAIL_DELIVERIES: Final = "SNS-Email-Deliveries"
PUSH_DELIVERIES: Final = "SNS-Push-Deliveries"
BUS_EVENTS: Final = "Events-Custom"
"""That programs put on event buses; those of services cost nothing."""
OBJECT_WRITES: Final = "S3-Requests-Tier1"
"""PUT, COPY, POST and LIST of S3."""
OBJECT_READS: Final = "S3-Requests-Tier2"
"""Whatever else is asked of S3, but for deletions."""
KEY_REQUESTS: Final = "KMS-Requests"
TRANSFER_GB: Final = "DataTransfer-Out-GB"
"""Bytes of objects that went to the internet."""
API_REQUESTS: Final = "ApiGateway-HTTP-Requests"
METRIC_REQUESTS: Final = "CloudWatch-Requests"
METRICS_ASKED_FOR: Final = "CloudWatch-GetMetricData-Metrics"
QUERIED_GB: Final = "Logs-Insights-Scanned-GB"

OBJECT_GB_HOURS: Final[Mapping[str, str]] = {
    storage_class: f"S3-{storage_class}-GB-Hours"
    for storage_class in (
        "STANDARD",
        "REDUCED_REDUNDANCY",
        "INTELLIGENT_TIERING",
        "STANDARD_IA",
        "ONEZONE_IA",
        "GLACIER_IR",
        "GLACIER",
        "DEEP_ARCHIVE",
        "EXPRESS_ONEZONE",
    )
}
"""By storage class. What others say so ends in hours: it is held."""
TABLE_GB_HOURS: Final = "DynamoDB-GB-Hours"
TABLE_IA_GB_HOURS: Final = "DynamoDB-IA-GB-Hours"
LOG_GB_HOURS: Final = "Logs-GB-Hours"
KEY_HOURS: Final = "KMS-Key-Hours"
METRIC_HOURS: Final = "CloudWatch-Metric-Hours"
ALARM_HOURS: Final = "CloudWatch-Alarm-Hours"
"""Of metrics that alarms look at."""
FAST_ALARM_HOURS: Final = "CloudWatch-HighResolution-Alarm-Hours"
COMPOSITE_ALARM_HOURS: Final = "CloudWatch-Composite-Alarm-Hours"
DASHBOARD_HOURS: Final = "CloudWatch-Dashboard-Hours"

CHUNK_BYTES: Final = 64 * 1024
"""Of a payload, that count as a request. Sources: Amazon SQS pricing; Amazon SNS pricing; EventBridge pricing."""
BYTES_PER_GB: Final = 2**30

_KEPT_MAX: Final = 4_096

Kind = tuple[str, str]
"""A namespace and the name of a metric in it."""


def meter(metrics: Metrics, account_id: str, region: str, what: str, dimensions: Dimensions) -> Series:
    """What to keep and add amounts to. what: as a bill calls it (`Lambda-GB-Second`)."""
    return metrics.series(account_id, region, NAMESPACE, what, dimensions, "None")


class Meters:
    """What is metered again and again, so that each is looked for once."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._kept: dict[tuple[str, str, str, str], Series] = {}

    def add(self, account_id: str, region: str, what: str, dimension: str, name: str, amount: float = 1) -> None:
        """what: tells the dimension, whose value is `name`."""
        key = (account_id, region, what, name)
        series = self._kept.get(key)
        if series is None:
            if len(self._kept) >= _KEPT_MAX:
                self._kept.clear()  # names are the client's to choose
            series = self._kept[key] = meter(self._metrics, account_id, region, what, ((dimension, name),))
        series.add(amount)


def requests_of(size_bytes: int) -> int:
    """What a request with such a payload counts for: one for each started chunk, and one where it has none."""
    return 1 if size_bytes <= CHUNK_BYTES else -(-size_bytes // CHUNK_BYTES)


async def amounts(metrics: Metrics, kinds: Collection[Kind], *, start: datetime, end: datetime) -> dict[Metric, float]:
    """The sum of each series of these kinds in the time from `start`, a whole hour, until `end`."""
    return await metrics.sums(kinds, start=start, end=end)
