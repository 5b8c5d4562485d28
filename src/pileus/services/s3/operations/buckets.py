"""CreateBucket, HeadBucket, DeleteBucket, ListBuckets, GetBucketLocation.

Sources: S3 API Reference; recordings s3/s3 and s3/s3_api, test_create_bucket_*, test_delete_bucket_*,
test_different_location_constraint.
"""

from datetime import UTC, datetime
from typing import Final

from pileus.kernel.auth.canonical_users import canonical_user_id
from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.service import Answered
from pileus.kernel.storage.seam import Snapshot
from pileus.services.s3.access_points import has_points
from pileus.services.s3.acls import acl_for_new_bucket
from pileus.services.s3.bucket_errors import (
    BucketAlreadyExists,
    BucketAlreadyOwnedByYou,
    BucketHasAccessPointsAttached,
    BucketNotEmpty,
    MethodNotAllowed,
)
from pileus.services.s3.bucket_names import EUROPE, FIRST_REGION, check_name, check_region, region_for
from pileus.services.s3.bucket_records import (
    buckets_of,
    delete_bucket,
    find_bucket,
    find_buckets,
    next_serial,
    put_bucket,
)
from pileus.services.s3.model import BucketRecord, PublicAccessBlock
from pileus.services.s3.object_records import OBJECTS, VERSIONS
from pileus.services.s3.operations.base import S3Base, asked_bucket
from pileus.services.s3.page_tokens import read_token, write_token
from pileus.services.s3.settings.tags import bucket_tags
from pileus.services.s3.shapes import (
    Bucket,
    CreateBucketOutput,
    CreateBucketRequest,
    DeleteBucketRequest,
    GetBucketLocationOutput,
    GetBucketLocationRequest,
    HeadBucketRequest,
    ListBucketsOutput,
    ListBucketsRequest,
    Owner,
)
from pileus.services.s3.upload_records import abandon

_PAGE_MAX: Final = 10_000
"""Source: API_ListBuckets, "MaxBuckets"."""
_ALL_BLOCKED: Final = PublicAccessBlock(
    block_public_acls=True, ignore_public_acls=True, block_public_policy=True, restrict_public_buckets=True
)
"""What a new bucket has. Source: S3 User Guide, "Blocking public access to your Amazon S3 storage"."""


class BucketOperations(S3Base):
    """Buckets, but for what is configured of them."""

    async def create_bucket(self, context: RequestContext, request: CreateBucketRequest) -> CreateBucketOutput:
        """In the first region one's own bucket may be made again (API_CreateBucket, BucketAlreadyOwnedByYou)."""
        asked = request.create_bucket_configuration
        if request.bucket_namespace == "account-regional":
            raise NotImplementedByPileus("Pileus does not implement account regional namespaces yet")
        if asked is not None and (asked.location is not None or asked.bucket is not None):
            raise NotImplementedByPileus("Pileus does not implement directory buckets")
        check_name(request.bucket)
        constraint = asked.location_constraint if asked is not None else None
        region = region_for(constraint, asked_in=context.region)
        tags = bucket_tags((asked.tags if asked is not None else None) or (), new_bucket=True)
        ownership = request.object_ownership or "BucketOwnerEnforced"
        async with self._store.transaction() as tx:
            found = await find_bucket(tx, request.bucket)
            if found is not None:
                _check_made_again(found, context, tagged=bool(tags))
            else:
                record = BucketRecord(
                    name=request.bucket,
                    account_id=context.account_id,
                    region=region,
                    serial=await next_serial(tx),
                    created_at_s=self._clock.now().timestamp(),
                    location=EUROPE if constraint == EUROPE else "",
                    ownership=ownership,
                    public_access=_ALL_BLOCKED,
                    acl=await acl_for_new_bucket(tx, request, owner=context.account_id, ownership=ownership),
                    lock_enabled=bool(request.object_lock_enabled_for_bucket),
                    versioning="Enabled" if request.object_lock_enabled_for_bucket else "",
                    tags=tags,
                )
                put_bucket(tx, record)
        name = request.bucket
        place = f"/{name}" if context.region == FIRST_REGION == region else f"http://{name}.s3.amazonaws.com/"
        return CreateBucketOutput(location=place, bucket_arn=f"arn:aws:s3:::{name}")

    async def head_bucket(self, context: RequestContext, request: HeadBucketRequest) -> Answered:
        """With the type of what GET would answer (recording s3/s3, test_create_bucket_head_bucket)."""
        bucket = await asked_bucket(
            self._store.snapshot(), context, request.bucket, expected_owner=request.expected_bucket_owner
        )
        alias = "true" if bucket.name != request.bucket else "false"
        told = ("x-amz-bucket-arn", bucket.arn), ("x-amz-bucket-region", bucket.region)
        return Answered(200, (*told, ("x-amz-access-point-alias", alias), ("Content-Type", "application/xml")))

    async def delete_bucket(self, context: RequestContext, request: DeleteBucketRequest) -> None:
        """Uploads under way do not keep a bucket; they end with it (API_DeleteBucket: only a directory bucket's do)."""
        async with self._store.transaction() as tx:
            bucket = await asked_bucket(tx, context, request.bucket, expected_owner=request.expected_bucket_owner)
            if bucket.name != request.bucket:
                raise MethodNotAllowed
            if await has_points(tx, bucket.name, account_id=bucket.account_id):
                raise BucketHasAccessPointsAttached(bucket.name)
            if await _holds_anything(tx, bucket):
                raise BucketNotEmpty(bucket.name, versioned=bool(bucket.versioning))
            abandon(tx, bucket)
            delete_bucket(tx, bucket)

    async def list_buckets(self, context: RequestContext, request: ListBucketsRequest) -> ListBucketsOutput:
        check_region(request.bucket_region)
        limit = request.max_buckets if request.max_buckets is not None else _PAGE_MAX
        beyond = read_token(request.continuation_token)
        snapshot = self._store.snapshot()
        found: list[BucketRecord] = []
        while len(found) <= limit:
            names = await buckets_of(
                snapshot, context.account_id, prefix=request.prefix or "", beyond=beyond, limit=limit + 1
            )
            records = await find_buckets(snapshot, names)
            found += [record for record in records if request.bucket_region in {None, record.region}]
            if len(names) <= limit:
                break
            beyond = names[-1]
        page = found[:limit]
        asks = any(
            value is not None
            for value in (request.max_buckets, request.continuation_token, request.prefix, request.bucket_region)
        )
        return ListBucketsOutput(
            buckets=[_listed(record, with_region=asks) for record in page],
            owner=Owner(id=canonical_user_id(context.account_id)),
            prefix=request.prefix,
            continuation_token=write_token(page[-1].name) if len(found) > limit else None,
        )

    async def get_bucket_location(
        self, context: RequestContext, request: GetBucketLocationRequest
    ) -> GetBucketLocationOutput:
        bucket = await asked_bucket(
            self._store.snapshot(), context, request.bucket, expected_owner=request.expected_bucket_owner
        )
        if bucket.region == FIRST_REGION:
            return GetBucketLocationOutput()
        return GetBucketLocationOutput(location_constraint=bucket.location or bucket.region)


def _check_made_again(found: BucketRecord, context: RequestContext, *, tagged: bool) -> None:
    if found.account_id != context.account_id:
        raise BucketAlreadyExists(found.name)
    # Recording s3/s3_api, test_create_bucket_with_tags_us_east_1_idempotency: not with tags, be they the same.
    if tagged or not context.region == found.region == FIRST_REGION:
        raise BucketAlreadyOwnedByYou(found.name)


async def _holds_anything(snapshot: Snapshot, bucket: BucketRecord) -> bool:
    if await snapshot.range(*OBJECTS.range(bucket.serial), limit=1):
        return True
    return bool(await snapshot.range(*VERSIONS.range(bucket.serial), limit=1))


def _listed(record: BucketRecord, *, with_region: bool) -> Bucket:
    """The region is told only to those who ask for a part (API_Bucket, "BucketRegion")."""
    return Bucket(
        name=record.name,
        creation_date=datetime.fromtimestamp(int(record.created_at_s), UTC),
        bucket_region=record.region if with_region else None,
        bucket_arn=record.arn,
    )
