"""How a bucket serves: CORS, website, acceleration, who pays.

Source: S3 API Reference; recordings s3/s3_cors, s3/s3, test_crud_website_configuration and test_s3_request_payer,
s3/s3_api, test_bucket_acceleration_configuration_crud.
"""

from msgspec.structs import replace

from pileus.kernel.context import RequestContext
from pileus.services.s3.absent_settings import NoSuchCORSConfiguration, NoSuchWebsiteConfiguration
from pileus.services.s3.bucket_records import find_setting
from pileus.services.s3.errors import InvalidRequest, MalformedXML
from pileus.services.s3.operations.settings_base import SettingsBase
from pileus.services.s3.settings.cors import check_cors
from pileus.services.s3.settings.documents import ACCELERATE, CORS, WEBSITE, read
from pileus.services.s3.settings.website import check_website
from pileus.services.s3.shapes import (
    AccelerateConfiguration,
    CORSConfiguration,
    DeleteBucketCorsRequest,
    DeleteBucketWebsiteRequest,
    GetBucketAccelerateConfigurationOutput,
    GetBucketAccelerateConfigurationRequest,
    GetBucketCorsOutput,
    GetBucketCorsRequest,
    GetBucketRequestPaymentOutput,
    GetBucketRequestPaymentRequest,
    GetBucketWebsiteOutput,
    GetBucketWebsiteRequest,
    PutBucketAccelerateConfigurationRequest,
    PutBucketCorsRequest,
    PutBucketRequestPaymentRequest,
    PutBucketWebsiteRequest,
    WebsiteConfiguration,
)


class ServingOperations(SettingsBase):
    """To whom and how a bucket answers."""

    async def get_bucket_cors(self, context: RequestContext, request: GetBucketCorsRequest) -> GetBucketCorsOutput:
        found = await self._kept(context, request, CORS, CORSConfiguration, NoSuchCORSConfiguration)
        return GetBucketCorsOutput(cors_rules=found.cors_rules)

    async def put_bucket_cors(self, context: RequestContext, request: PutBucketCorsRequest) -> None:
        check_cors(request.cors_configuration)
        await self._keep(context, request, CORS, request.cors_configuration)

    async def delete_bucket_cors(self, context: RequestContext, request: DeleteBucketCorsRequest) -> None:
        await self._forget(context, request, CORS)

    async def get_bucket_website(
        self, context: RequestContext, request: GetBucketWebsiteRequest
    ) -> GetBucketWebsiteOutput:
        found = await self._kept(context, request, WEBSITE, WebsiteConfiguration, NoSuchWebsiteConfiguration)
        return GetBucketWebsiteOutput(
            redirect_all_requests_to=found.redirect_all_requests_to,
            index_document=found.index_document,
            error_document=found.error_document,
            routing_rules=found.routing_rules,
        )

    async def put_bucket_website(self, context: RequestContext, request: PutBucketWebsiteRequest) -> None:
        check_website(request.website_configuration)
        await self._keep(context, request, WEBSITE, request.website_configuration)

    async def delete_bucket_website(self, context: RequestContext, request: DeleteBucketWebsiteRequest) -> None:
        await self._forget(context, request, WEBSITE)

    async def get_bucket_accelerate_configuration(
        self, context: RequestContext, request: GetBucketAccelerateConfigurationRequest
    ) -> GetBucketAccelerateConfigurationOutput:
        snapshot = self._store.snapshot()
        bucket = await self._bucket(context, request, snapshot)
        found = await find_setting(snapshot, bucket, ACCELERATE)
        status = read(found, AccelerateConfiguration).status if found is not None else None
        return GetBucketAccelerateConfigurationOutput(status=status)

    async def put_bucket_accelerate_configuration(
        self, context: RequestContext, request: PutBucketAccelerateConfigurationRequest
    ) -> None:
        """Recorded; there is no other way to a server on one machine."""
        if request.accelerate_configuration.status is None:
            raise MalformedXML
        if "." in request.bucket:
            raise InvalidRequest(
                "S3 Transfer Acceleration is not supported for buckets with periods (.) in their names"
            )
        await self._keep(context, request, ACCELERATE, request.accelerate_configuration)

    async def get_bucket_request_payment(
        self, context: RequestContext, request: GetBucketRequestPaymentRequest
    ) -> GetBucketRequestPaymentOutput:
        bucket = await self._bucket(context, request)
        return GetBucketRequestPaymentOutput(payer="Requester" if bucket.requester_pays else "BucketOwner")

    async def put_bucket_request_payment(
        self, context: RequestContext, request: PutBucketRequestPaymentRequest
    ) -> None:
        pays = request.request_payment_configuration.payer == "Requester"
        await self._change(context, request, lambda bucket: replace(bucket, requester_pays=pays))
