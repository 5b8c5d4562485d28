"""Metric filters: what log events count, and trying a pattern on some."""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.storage.seam import Transaction
from pileus.services.logs.errors import (
    InvalidParameterException,
    LimitExceededException,
    ResourceNotFoundException,
)
from pileus.services.logs.limits import DESCRIBE_ITEMS_MAX, METRIC_FILTERS_MAX
from pileus.services.logs.model import MetricFilterRecord, Transformation
from pileus.services.logs.operations.base import (
    LogsBase,
    check_filtered,
    read_name_token,
    region_of,
    write_name_token,
)
from pileus.services.logs.patterns import parse
from pileus.services.logs.shapes import (
    DeleteMetricFilterRequest,
    DescribeMetricFiltersRequest,
    DescribeMetricFiltersResponse,
    MetricFilter,
    MetricFilterMatchRecord,
    MetricTransformation,
    PutMetricFilterRequest,
    TestMetricFilterRequest,
    TestMetricFilterResponse,
)
from pileus.services.logs.store import METRIC_FILTERS, Reading, Writing
from pileus.services.logs.transformations import check_transformation


class MetricFilterOperations(LogsBase):
    async def put_metric_filter(self, context: RequestContext, request: PutMetricFilterRequest) -> None:
        if request.apply_on_transformed_logs or request.field_selection_criteria:
            raise NotImplementedByPileus("applyOnTransformedLogs and fieldSelectionCriteria are not implemented")
        if request.emit_system_field_dimensions:
            raise NotImplementedByPileus("emitSystemFieldDimensions is not implemented")
        pattern = parse(request.filter_pattern)
        transformations = [_transformation(given) for given in request.metric_transformations]
        for transformation in transformations:
            check_transformation(transformation, pattern)

        async def put(tx: Transaction) -> None:
            writing = Writing(tx, region_of(context))
            group = await writing.group(request.log_group_name)
            known = await METRIC_FILTERS.find(tx, region_of(context), group.name, request.filter_name)
            await check_filtered(tx, region_of(context), group, request.filter_name, pattern)
            if known is None:
                if group.metric_filters >= METRIC_FILTERS_MAX:
                    raise LimitExceededException
                writing.put_group(msgspec.structs.replace(group, metric_filters=group.metric_filters + 1))
            record = MetricFilterRecord(
                name=request.filter_name,
                group=group.name,
                pattern=request.filter_pattern,
                created_ms=known.created_ms if known is not None else self._now_ms(),
                transformations=transformations,
            )
            METRIC_FILTERS.put(tx, region_of(context), record, group.name, record.name)

        await self._store.run(put)

    async def describe_metric_filters(
        self, context: RequestContext, request: DescribeMetricFiltersRequest
    ) -> DescribeMetricFiltersResponse:
        if (request.metric_name is None) != (request.metric_namespace is None):
            raise InvalidParameterException("metricName and metricNamespace must be specified together.")
        snapshot = self._store.snapshot()
        if request.log_group_name is not None:
            await Reading(snapshot, region_of(context)).group(request.log_group_name)
            scope: tuple[str, ...] = (request.log_group_name,)
        else:
            scope = ()
        metric = request.metric_namespace, request.metric_name
        beyond = read_name_token(request.next_token) or ""
        limit = request.limit or DESCRIBE_ITEMS_MAX
        found = sorted(
            (
                record
                for record in await METRIC_FILTERS.list(snapshot, region_of(context), *scope)
                if record.name.startswith(request.filter_name_prefix or "")
                and (request.metric_name is None or _counts(record, metric))
                and _order(record) > beyond
            ),
            key=_order,
        )
        return DescribeMetricFiltersResponse(
            metric_filters=[_described(record) for record in found[:limit]],
            next_token=write_name_token(_order(found[limit - 1])) if len(found) > limit else None,
        )

    async def delete_metric_filter(self, context: RequestContext, request: DeleteMetricFilterRequest) -> None:
        async def delete(tx: Transaction) -> None:
            writing = Writing(tx, region_of(context))
            group = await writing.group(request.log_group_name)
            if await METRIC_FILTERS.find(tx, region_of(context), group.name, request.filter_name) is None:
                raise ResourceNotFoundException("The specified metric filter does not exist.")
            METRIC_FILTERS.clear(tx, region_of(context), group.name, request.filter_name)
            writing.put_group(msgspec.structs.replace(group, metric_filters=group.metric_filters - 1))

        await self._store.run(delete)

    async def test_metric_filter(
        self, context: RequestContext, request: TestMetricFilterRequest
    ) -> TestMetricFilterResponse:
        pattern = parse(request.filter_pattern)
        matches = []
        for number, message in enumerate(request.log_event_messages):
            extracted = pattern.extract(message)
            if extracted is not None:
                matches.append(
                    MetricFilterMatchRecord(
                        event_number=number, event_message=message, extracted_values=dict(extracted)
                    )
                )
        return TestMetricFilterResponse(matches=matches)


def _order(record: MetricFilterRecord) -> str:
    return f"{record.name}\0{record.group}"


def _counts(record: MetricFilterRecord, metric: tuple[str | None, str | None]) -> bool:
    return any((one.namespace, one.metric) == metric for one in record.transformations)


def _transformation(given: MetricTransformation) -> Transformation:
    return Transformation(
        metric=given.metric_name,
        namespace=given.metric_namespace,
        value=given.metric_value,
        default=given.default_value,
        dimensions=dict(given.dimensions or {}),
        unit=given.unit,
    )


def _described(record: MetricFilterRecord) -> MetricFilter:
    """Recording logs_metric_filters, test_put_metric_filter_basic."""
    return MetricFilter(
        filter_name=record.name,
        filter_pattern=record.pattern,
        metric_transformations=[
            MetricTransformation(
                metric_name=one.metric,
                metric_namespace=one.namespace,
                metric_value=one.value,
                default_value=one.default,
                dimensions=one.dimensions or None,
                unit=one.unit,  # type: ignore[arg-type]  # checked when it was written
            )
            for one in record.transformations
        ],
        creation_time=record.created_ms,
        log_group_name=record.group,
        apply_on_transformed_logs=False,
    )
