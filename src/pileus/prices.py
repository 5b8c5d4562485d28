"""What does each kind of use cost on AWS? The one dated table.

In US dollars, of us-east-1, in the first tier, without reservations: functions on x86, tables on demand, as if all
were, log groups of the standard class, objects asked for as those of S3 Standard are.

Sources: AWS Lambda Pricing; Amazon API Gateway Pricing (HTTP APIs); Amazon DynamoDB Pricing (on-demand throughput since
2024-11-01; data storage); Amazon SQS Pricing; Amazon SNS Pricing; Amazon EventBridge Pricing; Amazon S3 Pricing; Amazon
EC2 On-Demand Pricing, "Data Transfer"; AWS Key Management Service Pricing; Amazon CloudWatch Pricing.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final, NamedTuple

from pileus.kernel.metrics import metering
from pileus.kernel.metrics.metering import BYTES_PER_GB, NAMESPACE, OBJECT_GB_HOURS, Kind


class Price(NamedTuple):
    """Of one kind of use. dimension: which one names the resource. free: so much is free in each month.

    shared: what has the same name here has `free` together, and who is first in the table takes first.
    per: so much of what is counted is one of what is priced. monthly: and hours are counted, months are priced.
    """

    service: str
    what: str
    dimension: str
    usd: float
    free: float = 0.0
    shared: str = ""
    per: float = 1.0
    monthly: bool = False


PRICED_ON: Final = date(2025, 6, 1)
_MILLION: Final = 1_000_000
_LOGS_FREE_GB: Final = 5
"""What comes in, is kept and is queried, together."""
_GB_MONTHS_USD: Final = {
    "STANDARD": 0.023,
    "REDUCED_REDUNDANCY": 0.024,
    "INTELLIGENT_TIERING": 0.023,
    "STANDARD_IA": 0.0125,
    "ONEZONE_IA": 0.01,
    "GLACIER_IR": 0.004,
    "GLACIER": 0.0036,
    "DEEP_ARCHIVE": 0.00099,
    "EXPRESS_ONEZONE": 0.11,
}


def _of_queues(what: str, usd: float) -> Price:
    return Price("sqs", what, "QueueName", usd, free=_MILLION, shared="queues")


def _of_topics(what: str, usd: float, free: float = 0.0) -> Price:
    return Price("sns", what, "TopicName", usd, free=free)


def _of_logs(what: str, usd: float, *, per: float = 1.0, monthly: bool = False) -> Price:
    return Price("logs", what, "LogGroupName", usd, free=_LOGS_FREE_GB, shared="logs", per=per, monthly=monthly)


def _held(service: str, what: str, dimension: str, usd: float, free: float = 0.0, shared: str = "") -> Price:
    return Price(service, what, dimension, usd, free=free, shared=shared, monthly=True)


PRICES: Final[Mapping[Kind, Price]] = {
    ("AWS/Lambda", "Invocations"): Price("lambda", "requests", "FunctionName", 0.20e-6, free=_MILLION),
    (NAMESPACE, metering.GB_SECONDS): Price("lambda", "GB-seconds", "FunctionName", 0.0000166667, free=400_000),
    (NAMESPACE, metering.API_REQUESTS): Price("apigateway", "HTTP API requests", "ApiId", 1.00e-6),
    ("AWS/DynamoDB", "ConsumedReadCapacityUnits"): Price("dynamodb", "read units", "TableName", 0.125e-6),
    ("AWS/DynamoDB", "ConsumedWriteCapacityUnits"): Price("dynamodb", "write units", "TableName", 0.625e-6),
    (NAMESPACE, metering.TABLE_GB_HOURS): _held("dynamodb", "GB-months", "TableName", 0.25, free=25),
    (NAMESPACE, metering.TABLE_IA_GB_HOURS): _held("dynamodb", "GB-months (Standard-IA)", "TableName", 0.10),
    (NAMESPACE, metering.QUEUE_REQUESTS): _of_queues("requests", 0.40e-6),
    (NAMESPACE, metering.FIFO_QUEUE_REQUESTS): _of_queues("FIFO requests", 0.50e-6),
    (NAMESPACE, metering.TOPIC_REQUESTS): _of_topics("publish requests", 0.50e-6, _MILLION),
    (NAMESPACE, metering.FIFO_TOPIC_REQUESTS): _of_topics("FIFO publish requests", 0.30e-6),
    (NAMESPACE, metering.FIFO_TOPIC_GB): _of_topics("FIFO GB published", 0.017),
    (NAMESPACE, metering.FIFO_DELIVERIES): _of_topics("FIFO deliveries", 0.01e-6),
    (NAMESPACE, metering.FIFO_DELIVERIES_GB): _of_topics("FIFO GB delivered", 0.001),
    (NAMESPACE, metering.HTTP_DELIVERIES): _of_topics("HTTP deliveries", 0.60e-6, 100_000),
    (NAMESPACE, metering.MAIL_DELIVERIES): _of_topics("email deliveries", 20e-6, 1_000),
    (NAMESPACE, metering.PUSH_DELIVERIES): _of_topics("push deliveries", 0.50e-6, _MILLION),
    (NAMESPACE, metering.BUS_EVENTS): Price("events", "custom events", "EventBusName", 1.00e-6),
    (NAMESPACE, metering.OBJECT_WRITES): Price("s3", "PUT, COPY, POST, LIST", "BucketName", 5.0e-6),
    (NAMESPACE, metering.OBJECT_READS): Price("s3", "GET and others", "BucketName", 0.4e-6),
    **{
        (NAMESPACE, OBJECT_GB_HOURS[name]): _held("s3", f"GB-months {name}", "BucketName", usd)
        for name, usd in _GB_MONTHS_USD.items()
    },
    (NAMESPACE, metering.TRANSFER_GB): Price("s3", "GB to the internet", "BucketName", 0.09, free=100),
    (NAMESPACE, metering.KEY_REQUESTS): Price("kms", "requests", "Operation", 3.0e-6, free=20_000),
    (NAMESPACE, metering.KEY_HOURS): _held("kms", "key-months", "KeyId", 1.00),
    ("AWS/Logs", "IncomingBytes"): _of_logs("GB ingested", 0.50, per=BYTES_PER_GB),
    (NAMESPACE, metering.LOG_GB_HOURS): _of_logs("GB-months, compressed", 0.03, monthly=True),
    (NAMESPACE, metering.QUERIED_GB): _of_logs("GB queried", 0.005),
    (NAMESPACE, metering.METRIC_HOURS): _held("cloudwatch", "custom metric-months", "Namespace", 0.30, free=10),
    (NAMESPACE, metering.ALARM_HOURS): _held("cloudwatch", "alarm metric-months", "AlarmName", 0.10, free=10),
    (NAMESPACE, metering.FAST_ALARM_HOURS): _held("cloudwatch", "fast alarm metric-months", "AlarmName", 0.30),
    (NAMESPACE, metering.COMPOSITE_ALARM_HOURS): _held("cloudwatch", "composite alarm-months", "AlarmName", 0.50),
    (NAMESPACE, metering.DASHBOARD_HOURS): _held("cloudwatch", "dashboard-months", "DashboardName", 3.00, free=3),
    (NAMESPACE, metering.METRIC_REQUESTS): Price("cloudwatch", "requests", "Operation", 0.01e-3, free=_MILLION),
    (NAMESPACE, metering.METRICS_ASKED_FOR): Price("cloudwatch", "metrics asked for", "Operation", 0.01e-3),
}
