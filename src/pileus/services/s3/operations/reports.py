"""Configurations of which a bucket has many: inventories, storage class analyses, request metrics, archive tiers.

Source: S3 API Reference; recordings s3/s3, test_s3_inventory_report_crud, test_s3_analytics_configurations and
test_s3_intelligent_tier_config, s3/s3_api, TestS3MetricsConfiguration.
"""

from typing import Final, NamedTuple, Protocol, TypeVar

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.service import Answered
from pileus.services.s3.absent_settings import NoSuchConfiguration
from pileus.services.s3.bucket_errors import TooManyConfigurations
from pileus.services.s3.bucket_records import delete_setting, find_setting, put_setting, settings_of
from pileus.services.s3.inventories.files import check_format
from pileus.services.s3.operations.settings_base import NO_CONTENT, Asked, SettingsBase
from pileus.services.s3.page_tokens import read_token, write_token
from pileus.services.s3.settings.documents import ANALYTICS, INVENTORY, METRICS, TIERING, read, setting
from pileus.services.s3.settings.reports import (
    CONFIGURATIONS_MAX,
    check_analytics,
    check_id,
    check_inventory,
    check_metrics,
    check_tiering,
)
from pileus.services.s3.shapes import (
    AnalyticsConfiguration,
    DeleteBucketAnalyticsConfigurationRequest,
    DeleteBucketIntelligentTieringConfigurationRequest,
    DeleteBucketInventoryConfigurationRequest,
    DeleteBucketMetricsConfigurationRequest,
    GetBucketAnalyticsConfigurationOutput,
    GetBucketAnalyticsConfigurationRequest,
    GetBucketIntelligentTieringConfigurationOutput,
    GetBucketIntelligentTieringConfigurationRequest,
    GetBucketInventoryConfigurationOutput,
    GetBucketInventoryConfigurationRequest,
    GetBucketMetricsConfigurationOutput,
    GetBucketMetricsConfigurationRequest,
    IntelligentTieringConfiguration,
    InventoryConfiguration,
    ListBucketAnalyticsConfigurationsOutput,
    ListBucketAnalyticsConfigurationsRequest,
    ListBucketIntelligentTieringConfigurationsOutput,
    ListBucketIntelligentTieringConfigurationsRequest,
    ListBucketInventoryConfigurationsOutput,
    ListBucketInventoryConfigurationsRequest,
    ListBucketMetricsConfigurationsOutput,
    ListBucketMetricsConfigurationsRequest,
    MetricsConfiguration,
    PutBucketAnalyticsConfigurationRequest,
    PutBucketIntelligentTieringConfigurationRequest,
    PutBucketInventoryConfigurationRequest,
    PutBucketMetricsConfigurationRequest,
)

S = TypeVar("S", bound=msgspec.Struct)
_PAGE: Final = 100
"""Source: API_ListBucketInventoryConfigurations."""


class _AskedOne(Asked, Protocol):
    @property
    def id(self) -> str: ...


class _AskedPage(Asked, Protocol):
    @property
    def continuation_token(self) -> str | None: ...


class _Next(NamedTuple):
    """Where a page ends."""

    truncated: bool
    token: str | None


class ReportOperations(SettingsBase):
    """What is told regularly of a bucket, as it is asked for."""

    async def get_bucket_inventory_configuration(
        self, context: RequestContext, request: GetBucketInventoryConfigurationRequest
    ) -> GetBucketInventoryConfigurationOutput:
        found = await self._report(context, request, INVENTORY, InventoryConfiguration)
        return GetBucketInventoryConfigurationOutput(inventory_configuration=found)

    async def put_bucket_inventory_configuration(
        self, context: RequestContext, request: PutBucketInventoryConfigurationRequest
    ) -> Answered:
        check_id(request.id, request.inventory_configuration)
        check_inventory(request.inventory_configuration)
        check_format(request.inventory_configuration.destination.s3_bucket_destination.format)
        return await self._put_report(context, request, INVENTORY, request.inventory_configuration)

    async def delete_bucket_inventory_configuration(
        self, context: RequestContext, request: DeleteBucketInventoryConfigurationRequest
    ) -> None:
        await self._delete_report(context, request, INVENTORY)

    async def list_bucket_inventory_configurations(
        self, context: RequestContext, request: ListBucketInventoryConfigurationsRequest
    ) -> ListBucketInventoryConfigurationsOutput:
        found, end = await self._reports(context, request, INVENTORY, InventoryConfiguration)
        return ListBucketInventoryConfigurationsOutput(
            inventory_configuration_list=found,
            continuation_token=request.continuation_token,
            is_truncated=end.truncated,
            next_continuation_token=end.token,
        )

    async def get_bucket_analytics_configuration(
        self, context: RequestContext, request: GetBucketAnalyticsConfigurationRequest
    ) -> GetBucketAnalyticsConfigurationOutput:
        found = await self._report(context, request, ANALYTICS, AnalyticsConfiguration)
        return GetBucketAnalyticsConfigurationOutput(analytics_configuration=found)

    async def put_bucket_analytics_configuration(
        self, context: RequestContext, request: PutBucketAnalyticsConfigurationRequest
    ) -> Answered:
        check_id(request.id, request.analytics_configuration)
        check_analytics(request.analytics_configuration)
        return await self._put_report(context, request, ANALYTICS, request.analytics_configuration)

    async def delete_bucket_analytics_configuration(
        self, context: RequestContext, request: DeleteBucketAnalyticsConfigurationRequest
    ) -> None:
        await self._delete_report(context, request, ANALYTICS)

    async def list_bucket_analytics_configurations(
        self, context: RequestContext, request: ListBucketAnalyticsConfigurationsRequest
    ) -> ListBucketAnalyticsConfigurationsOutput:
        found, end = await self._reports(context, request, ANALYTICS, AnalyticsConfiguration)
        return ListBucketAnalyticsConfigurationsOutput(
            analytics_configuration_list=found,
            continuation_token=request.continuation_token,
            is_truncated=end.truncated,
            next_continuation_token=end.token,
        )

    async def get_bucket_metrics_configuration(
        self, context: RequestContext, request: GetBucketMetricsConfigurationRequest
    ) -> GetBucketMetricsConfigurationOutput:
        found = await self._report(context, request, METRICS, MetricsConfiguration)
        return GetBucketMetricsConfigurationOutput(metrics_configuration=found)

    async def put_bucket_metrics_configuration(
        self, context: RequestContext, request: PutBucketMetricsConfigurationRequest
    ) -> Answered:
        check_id(request.id, request.metrics_configuration)
        check_metrics(request.metrics_configuration)
        return await self._put_report(context, request, METRICS, request.metrics_configuration)

    async def delete_bucket_metrics_configuration(
        self, context: RequestContext, request: DeleteBucketMetricsConfigurationRequest
    ) -> None:
        await self._delete_report(context, request, METRICS)

    async def list_bucket_metrics_configurations(
        self, context: RequestContext, request: ListBucketMetricsConfigurationsRequest
    ) -> ListBucketMetricsConfigurationsOutput:
        found, end = await self._reports(context, request, METRICS, MetricsConfiguration)
        return ListBucketMetricsConfigurationsOutput(
            metrics_configuration_list=found,
            continuation_token=request.continuation_token,
            is_truncated=end.truncated,
            next_continuation_token=end.token,
        )

    async def get_bucket_intelligent_tiering_configuration(
        self, context: RequestContext, request: GetBucketIntelligentTieringConfigurationRequest
    ) -> GetBucketIntelligentTieringConfigurationOutput:
        found = await self._report(context, request, TIERING, IntelligentTieringConfiguration)
        return GetBucketIntelligentTieringConfigurationOutput(intelligent_tiering_configuration=found)

    async def put_bucket_intelligent_tiering_configuration(
        self, context: RequestContext, request: PutBucketIntelligentTieringConfigurationRequest
    ) -> Answered:
        check_id(request.id, request.intelligent_tiering_configuration)
        check_tiering(request.intelligent_tiering_configuration)
        return await self._put_report(context, request, TIERING, request.intelligent_tiering_configuration)

    async def delete_bucket_intelligent_tiering_configuration(
        self, context: RequestContext, request: DeleteBucketIntelligentTieringConfigurationRequest
    ) -> None:
        await self._delete_report(context, request, TIERING)

    async def list_bucket_intelligent_tiering_configurations(
        self, context: RequestContext, request: ListBucketIntelligentTieringConfigurationsRequest
    ) -> ListBucketIntelligentTieringConfigurationsOutput:
        found, end = await self._reports(context, request, TIERING, IntelligentTieringConfiguration)
        return ListBucketIntelligentTieringConfigurationsOutput(
            intelligent_tiering_configuration_list=found,
            continuation_token=request.continuation_token,
            is_truncated=end.truncated,
            next_continuation_token=end.token,
        )

    # For every kind.

    async def _report(self, context: RequestContext, asked: _AskedOne, kind: str, struct: type[S]) -> S:
        snapshot = self._store.snapshot()
        bucket = await self._bucket(context, asked, snapshot)
        found = await find_setting(snapshot, bucket, kind, asked.id)
        if found is None:
            raise NoSuchConfiguration
        return read(found, struct)

    async def _put_report(
        self, context: RequestContext, asked: _AskedOne, kind: str, struct: msgspec.Struct
    ) -> Answered:
        async with self._store.transaction() as tx:
            bucket = await self._bucket(context, asked, tx)
            if await find_setting(tx, bucket, kind, asked.id) is None:
                others = await settings_of(tx, bucket, kind, limit=CONFIGURATIONS_MAX)
                if len(others) >= CONFIGURATIONS_MAX:
                    raise TooManyConfigurations
            kept = setting(struct, now_s=self._clock.now().timestamp())
            put_setting(tx, bucket, kind, kept, asked.id)
        return NO_CONTENT

    async def _delete_report(self, context: RequestContext, asked: _AskedOne, kind: str) -> None:
        async with self._store.transaction() as tx:
            bucket = await self._bucket(context, asked, tx)
            if await find_setting(tx, bucket, kind, asked.id) is None:
                raise NoSuchConfiguration
            await delete_setting(tx, bucket, kind, asked.id)

    async def _reports(
        self, context: RequestContext, asked: _AskedPage, kind: str, struct: type[S]
    ) -> tuple[list[S] | None, _Next]:
        snapshot = self._store.snapshot()
        bucket = await self._bucket(context, asked, snapshot)
        beyond = read_token(asked.continuation_token)
        rows = await settings_of(snapshot, bucket, kind, beyond=beyond, limit=_PAGE + 1)
        page = rows[:_PAGE]
        more = len(rows) > _PAGE
        token = write_token(page[-1][0]) if more else None
        return [read(record, struct) for _, record in page] or None, _Next(more, token)
