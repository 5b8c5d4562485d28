"""GetObjectTagging, PutObjectTagging, DeleteObjectTagging.

Sources: S3 API Reference; recordings s3/s3_api, TestS3BucketObjectTagging. A delete marker is refused as such also
where it is only the latest version (test_object_tagging_versioned).
"""

from collections.abc import Mapping

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Snapshot
from pileus.services.s3.asked import Asked, DeleteMarkerMet, asked_version
from pileus.services.s3.errors import NoSuchKey
from pileus.services.s3.happenings import note
from pileus.services.s3.model import BucketRecord
from pileus.services.s3.object_records import find_current, replace_version
from pileus.services.s3.object_tags import checked_tags
from pileus.services.s3.operations.base import S3Base, asked_bucket, charged
from pileus.services.s3.replication.noting import told_again
from pileus.services.s3.shapes import (
    DeleteObjectTaggingOutput,
    DeleteObjectTaggingRequest,
    GetObjectTaggingOutput,
    GetObjectTaggingRequest,
    PutObjectTaggingOutput,
    PutObjectTaggingRequest,
    Tag,
)


class ObjectTagOperations(S3Base):
    """Tags of objects."""

    async def get_object_tagging(
        self, context: RequestContext, request: GetObjectTaggingRequest
    ) -> GetObjectTaggingOutput:
        snapshot = self._store.snapshot()
        bucket = await asked_bucket(snapshot, context, request.bucket, expected_owner=request.expected_bucket_owner)
        charged(bucket, context, request.request_payer)
        try:
            found = await _tagged(snapshot, bucket, request.key, request.version_id, method="GET")
        except NoSuchKey:
            raise NoSuchKey(f"{bucket.name}/{request.key}") from None  # so AWS says it (test_object_tagging_exc)
        tags = sorted(found.record.tags.items())
        return GetObjectTaggingOutput(
            version_id=_told_version(bucket, found), tag_set=[Tag(key=key, value=value) for key, value in tags]
        )

    async def put_object_tagging(
        self, context: RequestContext, request: PutObjectTaggingRequest
    ) -> PutObjectTaggingOutput:
        tags = checked_tags((tag.key, tag.value) for tag in request.tagging.tag_set or ())
        version_id = await self._retag(context, request, tags, method="PUT", happening="ObjectTagging:Put")
        return PutObjectTaggingOutput(version_id=version_id)

    async def delete_object_tagging(
        self, context: RequestContext, request: DeleteObjectTaggingRequest
    ) -> DeleteObjectTaggingOutput:
        version_id = await self._retag(context, request, {}, method="DELETE", happening="ObjectTagging:Delete")
        return DeleteObjectTaggingOutput(version_id=version_id)

    async def _retag(
        self,
        context: RequestContext,
        request: PutObjectTaggingRequest | DeleteObjectTaggingRequest,
        tags: Mapping[str, str],
        *,
        method: str,
        happening: str,
    ) -> str | None:
        async with self._store.transaction() as tx:
            bucket = await asked_bucket(tx, context, request.bucket, expected_owner=request.expected_bucket_owner)
            if isinstance(request, PutObjectTaggingRequest):  # the other cannot say who pays
                charged(bucket, context, request.request_payer)
            found = await _tagged(tx, bucket, request.key, request.version_id, method=method)
            record = await told_again(tx, bucket, request.key, msgspec.structs.replace(found.record, tags=tags))
            replace_version(tx, bucket, request.key, record, current=found.current)
            if bucket.settings:
                now_s = self._clock.timestamp()
                await note(tx, bucket, happening, request.key, record, context, at_s=now_s)
        return _told_version(bucket, found)


async def _tagged(snapshot: Snapshot, bucket: BucketRecord, key: str, version_id: str | None, *, method: str) -> Asked:
    """The version whose tags are meant."""
    try:
        return await asked_version(snapshot, bucket, key, version_id, method=method)
    except NoSuchKey:
        if await find_current(snapshot, bucket, key) is not None:
            raise DeleteMarkerMet(method) from None
        raise


def _told_version(bucket: BucketRecord, found: Asked) -> str | None:
    return found.record.version_id if bucket.versioning else None
