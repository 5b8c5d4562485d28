"""What does CloudWatch itself cost by the month: metrics, alarms, dashboards?

A metric costs for the hours in which it had a value, unless it is a service's (`AWS/...`); an alarm by the metrics that
it looks at, more if its periods are shorter than a minute; a composite alarm and a dashboard each as such.
Source: Amazon CloudWatch Pricing, "Metrics", "Alarms", "Dashboards".
"""

from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import timedelta
from typing import Final

from pileus.kernel.metrics.holding import Held
from pileus.kernel.metrics.metering import (
    ALARM_HOURS,
    COMPOSITE_ALARM_HOURS,
    DASHBOARD_HOURS,
    FAST_ALARM_HOURS,
    METRIC_HOURS,
)
from pileus.kernel.metrics.series import Metric
from pileus.kernel.storage.seam import Store
from pileus.services.cloudwatch.alarms.store import every_alarm
from pileus.services.cloudwatch.alarms.worker import period_of
from pileus.services.cloudwatch.dashboards import every_dashboard

_HOUR: Final = timedelta(hours=1)
_GLOBAL_REGION: Final = "us-east-1"
_FAST_BELOW_S: Final = 60


def held_metrics(metrics: Iterable[Metric], *, passed: timedelta) -> Iterator[Held]:
    """Custom ones that had a value in the time that passed: each of them for an hour, if that was longer."""
    amount = min(1.0, _HOUR / passed) if passed else 1.0
    for metric in metrics:
        dimensions = (("Namespace", metric.namespace),)
        yield Held(metric.account_id, metric.region, METRIC_HOURS, dimensions, amount)


async def held_alarms(store: Store) -> AsyncIterator[Held]:
    async for scope, alarm in every_alarm(store.snapshot()):
        what, amount = COMPOSITE_ALARM_HOURS, 1
        if alarm.condition is not None:
            what = FAST_ALARM_HOURS if period_of(alarm.condition) < _FAST_BELOW_S else ALARM_HOURS
            amount = sum(query.stat is not None for query in alarm.condition.queries) or 1
        yield Held(scope.account_id, scope.region, what, (("AlarmName", alarm.name),), amount)


async def held_dashboards(store: Store) -> AsyncIterator[Held]:
    """They belong to no region; AWS tells of them where it tells of what has none."""
    async for account_id, name in every_dashboard(store.snapshot()):
        yield Held(account_id, _GLOBAL_REGION, DASHBOARD_HOURS, (("DashboardName", name),), 1)
