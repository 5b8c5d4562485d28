"""Which numbers does AWS publish for CloudWatch Logs?

Source: API reference, PutLogEvents, GetLogEvents and FilterLogEvents, unless said otherwise.
"""

from datetime import timedelta
from typing import Final

BATCH_BYTES_MAX: Final = 1_048_576
EVENT_OVERHEAD_BYTES: Final = 26
"""Counted for each event beside its message in UTF-8."""

BATCH_SPAN_MAX: Final = timedelta(hours=24)
"""Between the first and the last event of a batch."""

EVENT_AGE_MAX: Final = timedelta(days=14)
EVENT_AHEAD_MAX: Final = timedelta(hours=2)

PAGE_EVENTS_MAX: Final = 10_000
PAGE_BYTES_MAX: Final = 1_048_576

DESCRIBE_ITEMS_MAX: Final = 50
"""API reference, DescribeLogGroups and DescribeLogStreams: also the default."""

_YEARS_DAYS: Final = (365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
RETENTION_DAYS: Final = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, *_YEARS_DAYS)
"""API reference, PutRetentionPolicy."""

SEARCH_EVENTS_MAX: Final = 20_000
"""Ours: how many events one FilterLogEvents looks at before it answers with what it has found and a token."""

TAGS_MAX: Final = 50
"""Of a log group (API reference, TagResource)."""

RESOURCE_POLICIES_MAX: Final = 10
"""Of an account in a region (API reference, PutResourcePolicy)."""

QUERY_PAGE_MAX: Final = 1_000
"""API reference, DescribeQueries and DescribeQueryDefinitions."""

LIST_ITEMS: Final = 50
"""API reference, ListLogGroups: unless the request says otherwise."""

METRIC_FILTERS_MAX: Final = 100
"""Of a log group. Source: User Guide, "CloudWatch Logs quotas"."""

SUBSCRIPTION_FILTERS_MAX: Final = 2
"""Of a log group. Source: as above."""

REGEX_FILTERS_MAX: Final = 5
"""Filters of a log group that have regular expressions (API reference, PutMetricFilter)."""

DIMENSIONS_MAX: Final = 3
"""Of a metric filter (API reference, MetricTransformation)."""

QUERY_ROWS_MAX: Final = 10_000
"""API reference, StartQuery: also the default."""

QUERY_GROUPS_MAX: Final = 50
"""API reference, StartQuery."""

QUERIES_RUNNING_MAX: Final = 100
"""Of an account in a region. Source: User Guide, "CloudWatch Logs quotas"."""

FIELDS_SHOWN_MAX: Final = 1_000
"""Ours: fields that GetLogGroupFields tells."""
