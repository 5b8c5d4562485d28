"""How are metrics put, read and listed?"""

from collections.abc import Sequence
from datetime import UTC, datetime

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.metrics.counting import Datapoint as Counted
from pileus.kernel.metrics.series import Dimensions
from pileus.services.cloudwatch.datums import told
from pileus.services.cloudwatch.errors import (
    InvalidParameterCombination,
    InvalidParameterValue,
)
from pileus.services.cloudwatch.limits import (
    DATA_DATAPOINTS_MAX,
    DATAPOINTS_MAX,
    LISTED_FOR,
    LISTED_MAX,
    RECENT,
)
from pileus.services.cloudwatch.metric_data import Result, plan, results
from pileus.services.cloudwatch.model import StatQuery, dimension_shapes, dimensions_of, query_of, scope_of
from pileus.services.cloudwatch.operations.base import CloudWatchBase
from pileus.services.cloudwatch.paging import read_number, write_token
from pileus.services.cloudwatch.periods import check_datapoints, check_period, check_span, first_period
from pileus.services.cloudwatch.shapes import (
    Datapoint,
    DimensionFilter,
    GetMetricDataInput,
    GetMetricDataOutput,
    GetMetricStatisticsInput,
    GetMetricStatisticsOutput,
    ListMetricsInput,
    ListMetricsOutput,
    MessageData,
    Metric,
    MetricDataResult,
    PutMetricDataInput,
)
from pileus.services.cloudwatch.statistic import is_percentile, statistic


class MetricOperations(CloudWatchBase):
    """Operations on metrics."""

    async def put_metric_data(self, context: RequestContext, request: PutMetricDataInput) -> None:
        if request.entity_metric_data is not None:
            raise NotImplementedByPileus("EntityMetricData is not implemented")
        values = await told(scope_of(context), request.namespace, request.metric_data or (), now=self._clock.now())
        await self._metrics.take(values)

    async def get_metric_statistics(
        self, context: RequestContext, request: GetMetricStatisticsInput
    ) -> GetMetricStatisticsOutput:
        names = [*(request.statistics or ()), *(request.extended_statistics or ())]
        if not names:
            raise InvalidParameterCombination(
                "At least one of the parameters Statistics and ExtendedStatistics must be specified."
            )
        for number, name in enumerate(request.extended_statistics or (), 1):
            if statistic(name) is None or not is_percentile(name):
                raise InvalidParameterValue(
                    f"The value {name} for parameter ExtendedStatistics.member.{number} is not supported."
                )
        check_span(request.start_time, request.end_time)
        check_period(request.period)
        check_datapoints(request.start_time, request.end_time, period_s=request.period, most=DATAPOINTS_MAX)
        query = StatQuery(
            namespace=request.namespace,
            name=request.metric_name,
            stat=names[0],
            period_s=request.period,
            dimensions=dimensions_of(request.dimensions),
            unit=request.unit,
        )
        points = await self._metrics.read(
            query.metric(scope_of(context)),
            start=first_period(request.start_time, period_s=request.period, now=self._clock.now()),
            end=request.end_time,
            period=query.period,
            unit=request.unit,
        )
        shown = [_datapoint(point, request) for point in points]
        return GetMetricStatisticsOutput(
            label=request.metric_name, datapoints=[point for point in shown if point is not None]
        )

    async def get_metric_data(self, context: RequestContext, request: GetMetricDataInput) -> GetMetricDataOutput:
        check_span(request.start_time, request.end_time)
        for query in request.metric_data_queries:
            if query.account_id not in (None, context.account_id):
                raise NotImplementedByPileus("Metrics of other accounts are not implemented")
        asked = plan([query_of(query) for query in request.metric_data_queries])
        found = await results(self._reader, scope_of(context), asked, start=request.start_time, end=request.end_time)
        most = request.max_datapoints or DATA_DATAPOINTS_MAX
        if not 0 < most <= DATA_DATAPOINTS_MAX:
            raise InvalidParameterValue(f"The parameter MaxDatapoints must be between 1 and {DATA_DATAPOINTS_MAX}.")
        return _page(
            found,
            passed=read_number(request.next_token),
            most=most,
            ascending=request.scan_by == "TimestampAscending",
        )

    async def list_metrics(self, context: RequestContext, request: ListMetricsInput) -> ListMetricsOutput:
        if request.include_linked_accounts or request.owning_account not in (None, context.account_id):
            raise NotImplementedByPileus("Metrics of linked accounts are not implemented")
        now = self._clock.now()
        listed = [
            metric
            for metric in await self._reader.metrics_of(
                scope_of(context),
                namespace=request.namespace,
                name=request.metric_name,
                since=now - (RECENT if request.recently_active == "PT3H" else LISTED_FOR),
            )
            if _wanted(metric.dimensions, request.dimensions or ())
        ]
        passed = read_number(request.next_token)
        page = listed[passed : passed + LISTED_MAX]
        return ListMetricsOutput(
            metrics=[
                Metric(
                    namespace=metric.namespace,
                    metric_name=metric.name,
                    dimensions=dimension_shapes(metric.dimensions),
                )
                for metric in page
            ],
            next_token=write_token(str(passed + LISTED_MAX)) if len(listed) > passed + LISTED_MAX else None,
        )


def _datapoint(point: Counted, request: GetMetricStatisticsInput) -> Datapoint | None:
    """None where nothing that was asked for is known of it."""
    plain = {name: _value(name, point) for name in request.statistics or ()}
    extended = {name: value for name in request.extended_statistics or () if (value := _value(name, point)) is not None}
    if not plain and not extended:
        return None
    return Datapoint(
        timestamp=point.at,
        unit=point.unit,  # type: ignore[arg-type]  # whoever put it has named one of them
        sample_count=plain.get("SampleCount"),
        average=plain.get("Average"),
        sum=plain.get("Sum"),
        minimum=plain.get("Minimum"),
        maximum=plain.get("Maximum"),
        extended_statistics=extended or None,
    )


def _value(name: str, point: Counted) -> float | None:
    compute = statistic(name)
    assert compute is not None
    value = compute(point.statistics)
    return None if value is None else float(value)


def _wanted(dimensions: Dimensions, filters: Sequence[DimensionFilter]) -> bool:
    known = dict(dimensions)
    return all(one.name in known and (one.value is None or known[one.name] == one.value) for one in filters)


def _page(found: Sequence[Result], *, passed: int, most: int, ascending: bool) -> GetMetricDataOutput:
    """The next `most` values, after those that earlier answers had."""
    shown: list[MetricDataResult] = []
    left, seen = most, 0
    for result in found:
        points = sorted(result.line.values.items(), reverse=not ascending)
        first = max(passed - seen, 0)
        seen += len(points)
        page = points[first : first + left]
        if not page and (points or passed):
            continue
        left -= len(page)
        shown.append(
            MetricDataResult(
                id=result.query.id,
                label=result.label,
                timestamps=[datetime.fromtimestamp(at_s, UTC) for at_s, _ in page],
                values=[value for _, value in page],
                status_code="Complete" if first + len(page) == len(points) else "PartialData",
                messages=_messages(result.units),
            )
        )
    more = seen > passed + most
    return GetMetricDataOutput(
        metric_data_results=shown, messages=[], next_token=write_token(str(passed + most)) if more else None
    )


def _messages(units: Sequence[str]) -> list[MessageData] | None:
    """Recording test_get_metric_data_different_units_no_unit_in_query."""
    if len(units) < 2:
        return None
    return [MessageData(code="MultipleUnits", value=f"Multiple units returned: '[{', '.join(units)}]'")]
