"""DeleteObject, DeleteObjects.

Sources: S3 API Reference; recordings s3/s3_api (test_delete_object*, test_delete_objects*, TestS3DeletePrecondition)
and s3/s3 (test_delete_non_existing_keys*).
"""

from typing import Final

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import ServiceError
from pileus.kernel.service import Answered
from pileus.kernel.storage.seam import Transaction
from pileus.services.s3.access import check_deletes, may_bypass
from pileus.services.s3.asked import check_version_id
from pileus.services.s3.bucket_errors import NamedArgument
from pileus.services.s3.deleting import Deleted, Deletion, ObjectDeleter
from pileus.services.s3.errors import MalformedXML, NoSuchVersion
from pileus.services.s3.mfa import vouched_for
from pileus.services.s3.model import NULL_VERSION, BucketRecord
from pileus.services.s3.names import order_of
from pileus.services.s3.object_errors import header_not_implemented
from pileus.services.s3.operations.base import S3Base, asked_bucket, charged
from pileus.services.s3.shapes import (
    DeletedObject,
    DeleteObjectRequest,
    DeleteObjectsOutput,
    DeleteObjectsRequest,
    Error,
    ObjectIdentifier,
)

_OBJECTS_MAX: Final = 1000
"""Source: API_DeleteObjects."""


_BYPASS: Final = "x-amz-bypass-governance-retention"


class DeleteOperations(S3Base):
    """Objects go."""

    async def delete_object(self, context: RequestContext, request: DeleteObjectRequest) -> Answered:
        if request.if_match_last_modified_time is not None:
            raise header_not_implemented("x-amz-if-match-last-modified-time")
        if request.if_match_size is not None:
            raise header_not_implemented("x-amz-if-match-size")
        mfa = "" if request.mfa is None else await vouched_for(self.root_devices, context, request.mfa)
        async with self._store.transaction() as tx:
            bucket = await asked_bucket(tx, context, request.bucket, expected_owner=request.expected_bucket_owner)
            paid = charged(bucket, context, request.request_payer)
            _check_bypass(bucket, request)
            if request.version_id is not None:
                check_version_id(request.version_id)
            asked = Deletion(
                key=request.key,
                version_id=request.version_id,
                if_match=request.if_match,
                bypass=bool(request.bypass_governance_retention) and may_bypass(context),
                mfa=mfa,
            )
            deleted = await self.deleter.delete(tx, context, bucket, asked)
        return Answered(204, _told(deleted) + paid)

    async def delete_objects(self, context: RequestContext, request: DeleteObjectsRequest) -> DeleteObjectsOutput:
        if not 1 <= len(request.delete.objects) <= _OBJECTS_MAX:
            raise MalformedXML
        quiet = bool(request.delete.quiet)
        mfa = await vouched_for(self.root_devices, context, request.mfa)
        deleted: list[DeletedObject] = []
        errors: list[Error] = []
        async with self._store.transaction() as tx:
            bucket = await asked_bucket(tx, context, request.bucket, expected_owner=request.expected_bucket_owner)
            paid = charged(bucket, context, request.request_payer)
            _check_bypass(bucket, request)
            for member, each in enumerate(request.delete.objects):
                try:
                    check_deletes(context, member=member)
                    bypass = bool(request.bypass_governance_retention) and may_bypass(context, member=member)
                    done = await self._delete_listed(tx, context, bucket, each, bypass=bypass, mfa=mfa)
                except ServiceError as error:
                    errors.append(
                        Error(key=each.key, version_id=each.version_id, code=error.error_code, message=error.message)
                    )
                else:
                    deleted.append(_deleted(each, done))
        return DeleteObjectsOutput(
            deleted=deleted if deleted and not quiet else None,
            errors=errors or None,
            request_charged="requester" if paid else None,
        )

    async def _delete_listed(
        self,
        tx: Transaction,
        context: RequestContext,
        bucket: BucketRecord,
        each: ObjectIdentifier,
        *,
        bypass: bool,
        mfa: str,
    ) -> Deleted:
        if each.last_modified_time is not None or each.size is not None:
            raise header_not_implemented("LastModifiedTime" if each.last_modified_time is not None else "Size")
        version_id = each.version_id or None
        if version_id is not None and version_id != NULL_VERSION and order_of(version_id) is None:
            raise NoSuchVersion(each.key, version_id)
        asked = Deletion(
            key=each.key,
            version_id=version_id,
            if_match=each.e_tag,
            bypass=bypass,
            mfa=mfa,
        )
        return await self.deleter.delete(tx, context, bucket, asked)

    @property
    def deleter(self) -> ObjectDeleter:
        return ObjectDeleter(clock=self._clock, ids=self._ids)


def _check_bypass(bucket: BucketRecord, request: DeleteObjectRequest | DeleteObjectsRequest) -> None:
    """Even "false" is out of place where nothing locks (recording s3/s3_api, test_delete_object_with_no_locking)."""
    if request.bypass_governance_retention is not None and not bucket.lock_enabled:
        raise NamedArgument(f"{_BYPASS} is only applicable to Object Lock enabled buckets.", name=_BYPASS)


def _told(deleted: Deleted) -> list[tuple[str, str]]:
    headers = []
    if deleted.marker:
        headers.append(("x-amz-delete-marker", "true"))
    if deleted.version_id is not None:
        headers.append(("x-amz-version-id", deleted.version_id))
    return headers


def _deleted(asked: ObjectIdentifier, done: Deleted) -> DeletedObject:
    return DeletedObject(
        key=asked.key,
        version_id=asked.version_id or None,
        delete_marker=True if done.marker else None,
        delete_marker_version_id=done.version_id if done.marker else None,
    )
