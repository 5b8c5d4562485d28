"""TagResource, UntagResource, ListTagsForResource: tags of buckets and access points, by ARN.

Source: S3 API Reference, "Amazon S3 Control".
"""

import re
from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.s3.access_points import AccessPointRecord, find_point, put_point
from pileus.services.s3.bucket_records import find_bucket, put_bucket
from pileus.services.s3.control import shapes
from pileus.services.s3.control.errors import NoSuchResource
from pileus.services.s3.control.operations import ControlBase, own_account
from pileus.services.s3.errors import AccessDenied
from pileus.services.s3.model import BucketRecord
from pileus.services.s3.settings.tags import bucket_tags
from pileus.services.s3.shapes import Tag

_BUCKET: Final = re.compile(r"arn:[a-z-]+:s3:::([^/:]+)")
_POINT: Final = re.compile(r"arn:[a-z-]+:s3:([a-z0-9-]+):([0-9]{12}):accesspoint/([^/]+)")

Tagged = BucketRecord | AccessPointRecord


class TagOperations(ControlBase):
    """Tags by ARN."""

    async def list_tags_for_resource(
        self, context: RequestContext, request: shapes.ListTagsForResourceRequest
    ) -> shapes.ListTagsForResourceResult:
        own_account(context, request.account_id)
        found = await _find(self._store.snapshot(), context, request.resource_arn)
        return shapes.ListTagsForResourceResult(
            tags=[shapes.Tag(key=key, value=value) for key, value in found.tags.items()]
        )

    async def tag_resource(
        self, context: RequestContext, request: shapes.TagResourceRequest
    ) -> shapes.TagResourceResult:
        own_account(context, request.account_id)
        given = bucket_tags([Tag(key=tag.key, value=tag.value) for tag in request.tags])
        async with self._store.transaction() as tx:
            found = await _find(tx, context, request.resource_arn)
            merged = {**found.tags, **given}
            _put(tx, found, bucket_tags([Tag(key=key, value=value) for key, value in merged.items()]))
        return shapes.TagResourceResult()

    async def untag_resource(
        self, context: RequestContext, request: shapes.UntagResourceRequest
    ) -> shapes.UntagResourceResult:
        own_account(context, request.account_id)
        async with self._store.transaction() as tx:
            found = await _find(tx, context, request.resource_arn)
            _put(tx, found, {key: value for key, value in found.tags.items() if key not in request.tag_keys})
        return shapes.UntagResourceResult()


async def _find(snapshot: Snapshot, context: RequestContext, arn: str) -> Tagged:
    if (named := _BUCKET.fullmatch(arn)) is not None:
        bucket = await find_bucket(snapshot, named[1])
        if bucket is None:
            raise NoSuchResource
        if bucket.account_id != context.account_id:
            raise AccessDenied
        return bucket
    if (named := _POINT.fullmatch(arn)) is not None:
        point = await find_point(snapshot, account_id=own_account(context, named[2]), name=named[3], region=named[1])
        if point is None:
            raise NoSuchResource
        return point
    raise NotImplementedByPileus("Pileus has tags of buckets and access points only")


def _put(tx: Transaction, found: Tagged, tags: Mapping[str, str]) -> None:
    if isinstance(found, BucketRecord):
        put_bucket(tx, replace(found, tags=tags))
    else:
        put_point(tx, replace(found, tags=dict(tags)))
