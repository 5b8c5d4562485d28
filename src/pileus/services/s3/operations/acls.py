"""GetBucketAcl, PutBucketAcl, GetObjectAcl, PutObjectAcl.

Sources: S3 API Reference; recordings s3/s3, test_s3_bucket_acl, test_s3_object_acl, their exceptions, and
test_put_object_acl_on_delete_marker.
"""

from typing import Final

import msgspec

from pileus.kernel.auth.canonical_users import canonical_user_id
from pileus.kernel.context import RequestContext
from pileus.kernel.errors import AnyServiceError, ServiceError
from pileus.kernel.storage.seam import Snapshot
from pileus.services.s3 import happenings
from pileus.services.s3.acls import (
    AccessControlListNotSupported,
    MalformedACLError,
    acl_of_document,
    acl_of_headers,
    check_unblocked,
    gives_acl,
    owners_own,
    told_grants,
)
from pileus.services.s3.bucket_records import put_bucket
from pileus.services.s3.errors import NoSuchKey, NoSuchVersion
from pileus.services.s3.model import Acl, BucketRecord, ObjectRecord
from pileus.services.s3.object_records import find_current, find_object, find_version, replace_version
from pileus.services.s3.operations.base import S3Base, asked_bucket
from pileus.services.s3.shapes import (
    GetBucketAclOutput,
    GetBucketAclRequest,
    GetObjectAclOutput,
    GetObjectAclRequest,
    Owner,
    PutBucketAclRequest,
    PutObjectAclOutput,
    PutObjectAclRequest,
)

_UNEXPECTED: Final = "This request does not support content"


class AclOperations(S3Base):
    """Access control lists."""

    async def get_bucket_acl(self, context: RequestContext, request: GetBucketAclRequest) -> GetBucketAclOutput:
        bucket = await asked_bucket(
            self._store.snapshot(), context, request.bucket, expected_owner=request.expected_bucket_owner
        )
        acl = bucket_acl(bucket)
        return GetBucketAclOutput(owner=Owner(id=canonical_user_id(acl.owner)), grants=told_grants(acl))

    async def put_bucket_acl(self, context: RequestContext, request: PutBucketAclRequest) -> None:
        async with self._store.transaction() as tx:
            bucket = await asked_bucket(tx, context, request.bucket, expected_owner=request.expected_bucket_owner)
            acl = _given_acl(request, owner=bucket.account_id, bucket=bucket)
            if bucket.ownership == "BucketOwnerEnforced":
                raise AccessControlListNotSupported
            await check_unblocked(tx, bucket, acl)
            put_bucket(tx, msgspec.structs.replace(bucket, acl=acl))

    async def get_object_acl(self, context: RequestContext, request: GetObjectAclRequest) -> GetObjectAclOutput:
        snapshot = self._store.snapshot()
        bucket = await asked_bucket(snapshot, context, request.bucket, expected_owner=request.expected_bucket_owner)
        record = await _version(snapshot, bucket, request.key, request.version_id)
        if record.delete_marker:
            if request.version_id is None:
                raise NoSuchKey(request.key)
            raise _on_delete_marker("GET")
        acl = object_acl(bucket, record)
        return GetObjectAclOutput(owner=Owner(id=canonical_user_id(acl.owner)), grants=told_grants(acl))

    async def put_object_acl(self, context: RequestContext, request: PutObjectAclRequest) -> PutObjectAclOutput:
        async with self._store.transaction() as tx:
            bucket = await asked_bucket(tx, context, request.bucket, expected_owner=request.expected_bucket_owner)
            record = await _version(tx, bucket, request.key, request.version_id)
            if record.delete_marker:
                raise _on_delete_marker("PUT")
            acl = _given_acl(request, owner=record.owner, bucket=bucket)
            if bucket.ownership == "BucketOwnerEnforced":
                raise AccessControlListNotSupported
            await check_unblocked(tx, bucket, acl)
            changed = msgspec.structs.replace(record, acl=acl)
            current = await find_object(tx, bucket, request.key)
            is_current = current is not None and current.version_id == record.version_id
            replace_version(tx, bucket, request.key, changed, current=is_current)
            await happenings.note(
                tx, bucket, "ObjectAcl:Put", request.key, changed, context, at_s=self._clock.now().timestamp()
            )
        return PutObjectAclOutput()


def bucket_acl(bucket: BucketRecord) -> Acl:
    """What a bucket's list says; of one that allows none, that its owner has all."""
    if bucket.acl is None or bucket.ownership == "BucketOwnerEnforced":
        return owners_own(bucket.account_id)
    return bucket.acl


def object_acl(bucket: BucketRecord, record: ObjectRecord) -> Acl:
    """What an object's list says; where the bucket allows none, the bucket's owner has all."""
    if bucket.ownership == "BucketOwnerEnforced":
        return owners_own(bucket.account_id)
    return record.acl if record.acl is not None else owners_own(record.owner)


def _given_acl(request: PutBucketAclRequest | PutObjectAclRequest, *, owner: str, bucket: BucketRecord) -> Acl:
    """Of the headers or of the document, and of one of them."""
    document = request.access_control_policy
    if gives_acl(request):
        acl = acl_of_headers(request, owner=owner, bucket_owner=bucket.account_id)
        if document is not None:
            raise AnyServiceError("UnexpectedContent", _UNEXPECTED)
        return acl
    if document is None:
        raise AnyServiceError(
            "MissingSecurityHeader",
            "Your request was missing a required header",
            members={"MissingHeaderName": "x-amz-acl"},
        )
    if document.owner is None and document.grants is None:
        raise MalformedACLError
    return acl_of_document(document, owner=owner)


async def _version(snapshot: Snapshot, bucket: BucketRecord, key: str, version_id: str | None) -> ObjectRecord:
    if version_id is None:
        found = await find_current(snapshot, bucket, key)
        if found is None:
            raise NoSuchKey(key)
        return found
    found = await find_version(snapshot, bucket, key, version_id)
    if found is None:
        raise NoSuchVersion(key, version_id)
    return found


def _on_delete_marker(method: str) -> ServiceError:
    return AnyServiceError(
        "MethodNotAllowed",
        "The specified method is not allowed against this resource.",
        status=405,
        members={"Method": method, "ResourceType": "DeleteMarker"},
    )
