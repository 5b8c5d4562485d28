"""CloudWatch: metrics, alarms and dashboards."""

from collections.abc import Mapping
from typing import Final

from pileus.services.cloudwatch.operations.alarms import AlarmOperations
from pileus.services.cloudwatch.operations.dashboards import DashboardOperations
from pileus.services.cloudwatch.operations.describing_alarms import AlarmDescriptions
from pileus.services.cloudwatch.operations.metrics import MetricOperations
from pileus.services.cloudwatch.operations.tags import TagOperations


class CloudWatchApi(
    AlarmDescriptions,
    AlarmOperations,
    DashboardOperations,
    MetricOperations,
    TagOperations,
):
    """Every operation, each in the module of what it is about."""


PARTIAL: Final[Mapping[str, str]] = {
    "GetMetricData": "no Metrics Insights, anomaly detection, other accounts",
    "ListMetrics": "of one account",
    "ListTagsForResource": "of alarms and dashboards",
    "PutCompositeAlarm": "no suppression of actions",
    "PutDashboard": "the properties of widgets are not looked at",
    "PutMetricAlarm": "no anomaly detection, evaluation windows; actions are functions and topics",
    "PutMetricData": "no entities",
    "TagResource": "of alarms and dashboards",
    "UntagResource": "of alarms and dashboards",
}
"""What docs/coverage.md says of operations that work in part; what is missing answers `NotImplemented`."""
