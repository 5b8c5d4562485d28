"""Subscription filters: who gets which events of a group."""

import re
from typing import Final

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus, ServiceError
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.logs.errors import (
    AccessDeniedException,
    InvalidParameterException,
    LimitExceededException,
    ResourceNotFoundException,
)
from pileus.services.logs.limits import DESCRIBE_ITEMS_MAX, SUBSCRIPTION_FILTERS_MAX
from pileus.services.logs.model import GroupRecord, SubscriptionFilterRecord, group_arn
from pileus.services.logs.operations.base import (
    LogsBase,
    check_filtered,
    read_name_token,
    region_of,
    write_name_token,
)
from pileus.services.logs.patterns import parse
from pileus.services.logs.shapes import (
    DeleteSubscriptionFilterRequest,
    DescribeSubscriptionFiltersRequest,
    DescribeSubscriptionFiltersResponse,
    PutSubscriptionFilterRequest,
    SubscriptionFilter,
)
from pileus.services.logs.store import SUBSCRIPTION_FILTERS, Reading, Writing
from pileus.services.logs.subscriptions import control_message, send

_ARN: Final = re.compile(r"arn:aws[a-zA-Z-]*:(?P<service>[a-z]+):(?P<region>[^:]+):(?P<account>\d{12}):(?P<what>.+)")
_NOT_EXECUTED: Final = (
    "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your "
    "function."
)


class SubscriptionFilterOperations(LogsBase):
    async def put_subscription_filter(self, context: RequestContext, request: PutSubscriptionFilterRequest) -> None:
        """The function is sent a control message first: one that cannot be invoked is refused."""
        if request.apply_on_transformed_logs or request.field_selection_criteria or request.emit_system_fields:
            raise NotImplementedByPileus(
                "applyOnTransformedLogs, fieldSelectionCriteria and emitSystemFields are not implemented"
            )
        _check_destination(context, request)
        pattern = parse(request.filter_pattern)
        region = region_of(context)

        async def room(snapshot: Snapshot) -> tuple[GroupRecord, SubscriptionFilterRecord | None]:
            group = await Reading(snapshot, region).group(request.log_group_name)
            known = await SUBSCRIPTION_FILTERS.find(snapshot, region, group.name, request.filter_name)
            await check_filtered(snapshot, region, group, request.filter_name, pattern)
            if known is None and group.subscription_filters >= SUBSCRIPTION_FILTERS_MAX:
                raise LimitExceededException
            return group, known

        _, known = await room(self._store.snapshot())
        record = SubscriptionFilterRecord(
            name=request.filter_name,
            group=request.log_group_name,
            group_arn=group_arn(context, request.log_group_name),
            pattern=request.filter_pattern,
            created_ms=known.created_ms if known is not None else self._now_ms(),
            destination_arn=request.destination_arn,
            distribution=request.distribution or "ByLogStream",
        )
        if self._functions is None:
            raise NotImplementedByPileus("there are no functions here")
        try:
            await send(self._functions(), record, control_message(now_ms=self._now_ms()))
        except ServiceError as error:
            raise InvalidParameterException(_NOT_EXECUTED).because(error.denial) from error

        async def put(tx: Transaction) -> None:
            group, known = await room(tx)
            if known is None:
                count = group.subscription_filters + 1
                Writing(tx, region).put_group(msgspec.structs.replace(group, subscription_filters=count))
            SUBSCRIPTION_FILTERS.put(tx, region, record, group.name, record.name)

        await self._store.run(put)

    async def describe_subscription_filters(
        self, context: RequestContext, request: DescribeSubscriptionFiltersRequest
    ) -> DescribeSubscriptionFiltersResponse:
        snapshot = self._store.snapshot()
        group = await Reading(snapshot, region_of(context)).group(request.log_group_name)
        limit = request.limit or DESCRIBE_ITEMS_MAX
        found = await SUBSCRIPTION_FILTERS.list(
            snapshot,
            region_of(context),
            group.name,
            prefix=request.filter_name_prefix or "",
            beyond=read_name_token(request.next_token),
            limit=limit + 1,
        )
        return DescribeSubscriptionFiltersResponse(
            subscription_filters=[_described(record) for record in found[:limit]],
            next_token=write_name_token(found[limit - 1].name) if len(found) > limit else None,
        )

    async def delete_subscription_filter(
        self, context: RequestContext, request: DeleteSubscriptionFilterRequest
    ) -> None:
        async def delete(tx: Transaction) -> None:
            writing = Writing(tx, region_of(context))
            group = await writing.group(request.log_group_name)
            if await SUBSCRIPTION_FILTERS.find(tx, region_of(context), group.name, request.filter_name) is None:
                raise ResourceNotFoundException("The specified subscription filter does not exist.")
            SUBSCRIPTION_FILTERS.clear(tx, region_of(context), group.name, request.filter_name)
            writing.put_group(msgspec.structs.replace(group, subscription_filters=group.subscription_filters - 1))

        await self._store.run(delete)


def _check_destination(context: RequestContext, request: PutSubscriptionFilterRequest) -> None:
    """Recording logs_subscription_filters, test_put_subscription_filter_errors."""
    match = _ARN.fullmatch(request.destination_arn)
    if match is None:
        raise InvalidParameterException("Invalid destinationArn")
    vendor = match["service"]
    if vendor == "lambda":
        if request.role_arn is not None:
            raise InvalidParameterException("destinationArn for vendor lambda cannot be used with roleArn")
        if (match["account"], match["region"]) != region_of(context):
            raise AccessDeniedException(
                "Cross-account lambda invocation passing is not allowed. You must use DestinationPolicies to create "
                "cross account lambda triggers."
            )
        return
    if vendor in {"kinesis", "firehose"}:
        if request.role_arn is None:
            raise InvalidParameterException(f"destinationArn for vendor {vendor} cannot be used without roleArn")
        raise NotImplementedByPileus(f"subscriptions of {vendor} are not implemented")
    if vendor == "logs":
        raise NotImplementedByPileus("subscriptions of destinations are not implemented")
    raise InvalidParameterException("Invalid destinationArn")


def _described(record: SubscriptionFilterRecord) -> SubscriptionFilter:
    """Recording logs_subscription_filters, test_put_subscription_filter_lambda."""
    return SubscriptionFilter(
        filter_name=record.name,
        log_group_name=record.group,
        filter_pattern=record.pattern,
        destination_arn=record.destination_arn,
        distribution=record.distribution,  # type: ignore[arg-type]  # checked when it was written
        apply_on_transformed_logs=False,
        creation_time=record.created_ms,
    )
