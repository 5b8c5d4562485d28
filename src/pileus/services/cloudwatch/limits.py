"""Which numbers does AWS publish for CloudWatch?"""

from datetime import timedelta
from typing import Final

DATUMS_MAX: Final = 1_000
"""In one PutMetricData. Source: API_PutMetricData."""
VALUES_MAX: Final = 150
"""Of one datum's `Values`. Source: API_MetricDatum."""
VALUE_MAX: Final = 2.0**360
"""Either way. Source: API_MetricDatum."""
PAST_MAX: Final = timedelta(weeks=2)
FUTURE_MAX: Final = timedelta(hours=2)
"""How far from now a timestamp may be. Source: API_PutMetricData."""
DATAPOINTS_MAX: Final = 1_440
"""In one answer of GetMetricStatistics. Source: API_GetMetricStatistics."""
QUERIES_MAX: Final = 500
DATA_DATAPOINTS_MAX: Final = 100_800
"""In one answer of GetMetricData. Source: API_GetMetricData."""
LISTED_MAX: Final = 500
"""Metrics in one answer of ListMetrics. Source: API_ListMetrics."""
LISTED_FOR: Final = timedelta(weeks=2)
"""Since its latest value, a metric is listed. Source: API_ListMetrics."""
RECENT: Final = timedelta(hours=3)
"""`RecentlyActive` PT3H. Source: API_ListMetrics, which adds that it may be some 50 minutes more."""
DESCRIBED_MAX: Final = 50
"""Alarms in one answer, unless MaxRecords says otherwise. Source: API_DescribeAlarms."""
HISTORY_MAX: Final = 100
HISTORY_KEPT: Final = timedelta(days=30)
"""Source: API_DescribeAlarmHistory, "CloudWatch retains the history of an alarm for 30 days"."""
ALARM_QUERIES_MAX: Final = 20
ALARM_METRICS_MAX: Final = 10
"""Source: CloudWatch User Guide, "CloudWatch service quotas", metric math in alarms."""
EVALUATED_MAX: Final = timedelta(days=7)
HIGH_EVALUATED_MAX: Final = timedelta(days=1)
"""Period times evaluation periods, of an hour and more or less. Source: API_PutMetricAlarm, EvaluationPeriods."""
TAGS_MAX: Final = 50
DELETED_MAX: Final = 100
"""Alarms in one DeleteAlarms. Source: API_DeleteAlarms."""
SEARCHED_MAX: Final = 500
"""Series that one SEARCH gives. Source: CloudWatch User Guide, "CloudWatch search expression syntax"."""
