"""What do the parts of CloudWatch call a metric, a query and a series of values?"""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.metrics.series import Dimensions, Metric
from pileus.services.cloudwatch.errors import InvalidParameterValue
from pileus.services.cloudwatch.shapes import Dimension, MetricDataQuery
from pileus.services.cloudwatch.shapes import Metric as MetricShape
from pileus.services.cloudwatch.shapes import MetricStat as MetricStatShape


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Whose metrics and alarms, and where."""

    account_id: str
    region: str
    partition: str = "aws"

    def alarm_arn(self, name: str) -> str:
        return f"arn:{self.partition}:cloudwatch:{self.region}:{self.account_id}:alarm:{name}"

    def dashboard_arn(self, name: str) -> str:
        """Dashboards belong to no region (recording test_dashboard_lifecycle)."""
        return f"arn:{self.partition}:cloudwatch::{self.account_id}:dashboard/{name}"


class StatQuery(msgspec.Struct, frozen=True, kw_only=True):
    """One statistic of one metric, by periods of so many seconds."""

    namespace: str
    name: str
    stat: str
    period_s: int
    dimensions: Dimensions = ()
    unit: str | None = None

    @property
    def period(self) -> timedelta:
        return timedelta(seconds=self.period_s)

    def metric(self, scope: Scope) -> Metric:
        return Metric(
            account_id=scope.account_id,
            region=scope.region,
            namespace=self.namespace,
            name=self.name,
            dimensions=self.dimensions,
        )


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """An element of `MetricDataQueries`: a metric's statistic or an expression. returned: None where not said."""

    id: str
    stat: StatQuery | None = None
    expression: str | None = None
    label: str | None = None
    period_s: int | None = None
    returned: bool | None = None


def scope_of(context: RequestContext) -> Scope:
    return Scope(account_id=context.account_id, region=context.region, partition=context.partition)


def dimensions_of(given: Sequence[Dimension] | None) -> Dimensions:
    return tuple(sorted((dimension.name, dimension.value) for dimension in given or ()))


def dimension_shapes(dimensions: Dimensions) -> list[Dimension]:
    return [Dimension(name=name, value=value) for name, value in dimensions]


def query_of(given: MetricDataQuery) -> Query:
    return Query(
        id=given.id,
        stat=None if given.metric_stat is None else _stat_of(given.metric_stat),
        expression=given.expression,
        label=given.label,
        period_s=given.period,
        returned=given.return_data,
    )


def _stat_of(given: MetricStatShape) -> StatQuery:
    if given.metric.namespace is None or given.metric.metric_name is None:
        raise InvalidParameterValue("The parameters Namespace and MetricName of a Metric must be specified.")
    return StatQuery(
        namespace=given.metric.namespace,
        name=given.metric.metric_name,
        stat=given.stat,
        period_s=given.period,
        dimensions=dimensions_of(given.metric.dimensions),
        unit=given.unit,
    )


def query_shape(query: Query) -> MetricDataQuery:
    stat = query.stat
    return MetricDataQuery(
        id=query.id,
        metric_stat=None
        if stat is None
        else MetricStatShape(
            metric=MetricShape(
                namespace=stat.namespace, metric_name=stat.name, dimensions=dimension_shapes(stat.dimensions)
            ),
            period=stat.period_s,
            stat=stat.stat,
            unit=stat.unit,  # type: ignore[arg-type]  # it came from such a shape
        ),
        expression=query.expression,
        label=query.label,
        return_data=query.returned,
        period=query.period_s,
    )
