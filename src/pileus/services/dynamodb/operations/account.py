"""What is told of an account, an endpoint, and of the features that a table does not have.

DescribeLimits, DescribeEndpoints; DescribeContinuousBackups, UpdateContinuousBackups, DescribeContributorInsights,
DescribeKinesisStreamingDestination, which say that there is nothing, since there is nothing yet.
"""

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.dynamodb.errors import TableNotFoundException, ValidationException
from pileus.services.dynamodb.limits import ACCOUNT_UNITS_MAX, ENDPOINT_CACHE_MINUTES, TABLE_UNITS_MAX
from pileus.services.dynamodb.operations.base import DynamoDbBase
from pileus.services.dynamodb.shapes import (
    ContinuousBackupsDescription,
    DescribeContinuousBackupsInput,
    DescribeContinuousBackupsOutput,
    DescribeContributorInsightsInput,
    DescribeContributorInsightsOutput,
    DescribeEndpointsRequest,
    DescribeEndpointsResponse,
    DescribeKinesisStreamingDestinationInput,
    DescribeKinesisStreamingDestinationOutput,
    DescribeLimitsInput,
    DescribeLimitsOutput,
    Endpoint,
    PointInTimeRecoveryDescription,
    UpdateContinuousBackupsInput,
    UpdateContinuousBackupsOutput,
)
from pileus.services.dynamodb.tables.names import table_place
from pileus.services.dynamodb.tables.states import gone

_NO_BACKUPS = ContinuousBackupsDescription(
    continuous_backups_status="DISABLED",
    point_in_time_recovery_description=PointInTimeRecoveryDescription(point_in_time_recovery_status="DISABLED"),
)


class AccountOperations(DynamoDbBase):
    async def describe_limits(self, context: RequestContext, request: DescribeLimitsInput) -> DescribeLimitsOutput:
        return DescribeLimitsOutput(
            account_max_read_capacity_units=ACCOUNT_UNITS_MAX,
            account_max_write_capacity_units=ACCOUNT_UNITS_MAX,
            table_max_read_capacity_units=TABLE_UNITS_MAX,
            table_max_write_capacity_units=TABLE_UNITS_MAX,
        )

    async def describe_endpoints(
        self, context: RequestContext, request: DescribeEndpointsRequest
    ) -> DescribeEndpointsResponse:
        """This server, by the name it was called."""
        return DescribeEndpointsResponse(
            endpoints=[Endpoint(address=context.host, cache_period_in_minutes=ENDPOINT_CACHE_MINUTES)]
        )

    async def describe_continuous_backups(
        self, context: RequestContext, request: DescribeContinuousBackupsInput
    ) -> DescribeContinuousBackupsOutput:
        await self._check_there(context, request.table_name)
        return DescribeContinuousBackupsOutput(continuous_backups_description=_NO_BACKUPS)

    async def update_continuous_backups(
        self, context: RequestContext, request: UpdateContinuousBackupsInput
    ) -> UpdateContinuousBackupsOutput:
        wanted = request.point_in_time_recovery_specification
        if wanted.point_in_time_recovery_enabled:
            raise NotImplementedByPileus("Point-in-time recovery is not implemented")
        if wanted.recovery_period_in_days is not None:
            raise ValidationException(
                "Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery."
            )
        await self._check_there(context, request.table_name)
        return UpdateContinuousBackupsOutput(continuous_backups_description=_NO_BACKUPS)

    async def describe_contributor_insights(
        self, context: RequestContext, request: DescribeContributorInsightsInput
    ) -> DescribeContributorInsightsOutput:
        """Source: recording `test_dynamodb_describe_contributor_insights`."""
        table = await self._named(context, request.table_name, self._snapshot)
        return DescribeContributorInsightsOutput(
            table_name=table.name, index_name=request.index_name, contributor_insights_status="DISABLED"
        )

    async def describe_kinesis_streaming_destination(
        self, context: RequestContext, request: DescribeKinesisStreamingDestinationInput
    ) -> DescribeKinesisStreamingDestinationOutput:
        table = await self._named(context, request.table_name, self._snapshot)
        return DescribeKinesisStreamingDestinationOutput(table_name=table.name, kinesis_data_stream_destinations=[])

    async def _check_there(self, context: RequestContext, given: str) -> None:
        """The operations of backups have an error of their own for a table that is not."""
        place = table_place(context, given)
        table = await self._at(place, self._snapshot)
        if table is None or gone(table.record, self._clock.timestamp()):
            raise TableNotFoundException(f"Table not found: {place.name}")
