"""GetBucketTagging, PutBucketTagging, DeleteBucketTagging; and whether tags decide who may (ABAC).

Source: S3 API Reference; recordings s3/s3_api, test_bucket_tagging_crud and test_tagging_validation.
"""

from msgspec.structs import replace

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.service import Answered
from pileus.services.s3.absent_settings import NoSuchTagSet
from pileus.services.s3.operations.settings_base import NO_CONTENT, SettingsBase
from pileus.services.s3.settings.tags import bucket_tags
from pileus.services.s3.shapes import (
    AbacStatus,
    DeleteBucketTaggingRequest,
    GetBucketAbacOutput,
    GetBucketAbacRequest,
    GetBucketTaggingOutput,
    GetBucketTaggingRequest,
    PutBucketAbacRequest,
    PutBucketTaggingRequest,
    Tag,
)


class BucketTagOperations(SettingsBase):
    """What a bucket is tagged with."""

    async def get_bucket_tagging(
        self, context: RequestContext, request: GetBucketTaggingRequest
    ) -> GetBucketTaggingOutput:
        bucket = await self._bucket(context, request)
        if not bucket.tags:
            raise NoSuchTagSet(bucket.name)
        return GetBucketTaggingOutput(tag_set=[Tag(key=key, value=value) for key, value in bucket.tags.items()])

    async def put_bucket_tagging(self, context: RequestContext, request: PutBucketTaggingRequest) -> Answered:
        tags = bucket_tags(request.tagging.tag_set or ())
        await self._change(context, request, lambda bucket: replace(bucket, tags=tags))
        return NO_CONTENT

    async def delete_bucket_tagging(self, context: RequestContext, request: DeleteBucketTaggingRequest) -> None:
        await self._change(context, request, lambda bucket: replace(bucket, tags={}))

    async def get_bucket_abac(self, context: RequestContext, request: GetBucketAbacRequest) -> GetBucketAbacOutput:
        """Nobody could enable it."""
        await self._bucket(context, request)
        return GetBucketAbacOutput(abac_status=AbacStatus(status="Disabled"))

    async def put_bucket_abac(self, context: RequestContext, request: PutBucketAbacRequest) -> None:
        if request.abac_status.status == "Enabled":
            raise NotImplementedByPileus("Pileus does not implement attribute-based access control of buckets yet")
        await self._bucket(context, request)
