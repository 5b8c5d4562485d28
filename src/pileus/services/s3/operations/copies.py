"""CopyObject, RenameObject.

Sources: S3 API Reference; recordings s3/s3 (test_s3_copy_*, TestS3SSECEncryption::test_copy_object_with_sse_c),
s3/s3_api (test_copy_object_*) and s3/s3_preconditions.
"""

from typing import Final

import msgspec

from pileus.kernel.blobs.segments import BlobMissing
from pileus.kernel.context import RequestContext
from pileus.kernel.service import Answered
from pileus.services.s3.access import check_copied_tags
from pileus.services.s3.acls import acl_for_new
from pileus.services.s3.asked import DeleteMarkerMet, asked_version
from pileus.services.s3.bodies import damaged
from pileus.services.s3.checksumming import check_algorithm
from pileus.services.s3.conditions import ReadConditions, check_source
from pileus.services.s3.copy_sources import CopySource, read_copy_source
from pileus.services.s3.copying import ObjectCopier, Source, Target, changes_encryption
from pileus.services.s3.describing import draft_of, readable
from pileus.services.s3.encryption import Asked, asked_of, check_customer_key, customer_key_of, told_headers
from pileus.services.s3.errors import InvalidRequest
from pileus.services.s3.list_texts import DECLARATION, NAMESPACE, element, moment
from pileus.services.s3.locking import lock_for_new
from pileus.services.s3.model import NULL_VERSION, BucketRecord, ObjectRecord
from pileus.services.s3.object_errors import ObjectNotInActiveTier, header_not_implemented
from pileus.services.s3.operations.base import S3Base, charged, source_bucket
from pileus.services.s3.operations.objects import PUT_BYTES_MAX, bucket_for_new, write_conditions
from pileus.services.s3.shapes import CopyObjectRequest, RenameObjectRequest

_TRIES: Final = 3
_ILLEGAL: Final = (
    "This copy request is illegal because it is trying to copy an object to itself without changing the object's "
    "metadata, storage class, website redirect location or encryption attributes."
)


class CopyOperations(S3Base):
    """Objects that come of others."""

    async def copy_object(self, context: RequestContext, request: CopyObjectRequest) -> Answered:
        bucket = await bucket_for_new(self._store, context, request.bucket, request.key, request.expected_bucket_owner)
        paid = charged(bucket, context, request.request_payer)
        named = read_copy_source(request.copy_source)
        check_algorithm(request.checksum_algorithm)
        asked = asked_of(request)
        only_if = write_conditions(request.if_match, request.if_none_match)
        copier = ObjectCopier(store=self._store, bodies=self._bodies, keys=self._keys, writer=self.writer)
        for _ in range(_TRIES):
            source = await self._copied_version(context, request, named)
            if request.tagging_directive != "REPLACE":
                check_copied_tags(context, source.record)
            if _in_place(bucket, request, source) and not _changes(bucket, request, source.record, asked):
                raise InvalidRequest(_ILLEGAL)
            target = Target(
                bucket=bucket,
                key=request.key,
                draft=await self._copy_draft(context, bucket, request, source.record),
                asked=asked,
                conditions=only_if,
                algorithm=request.checksum_algorithm or "",
            )
            try:
                return _answer(source, bucket, await copier.copy(context, source, target), paid)
            except BlobMissing:
                continue  # the source was removed since its record was read
        raise damaged(request.copy_source)

    async def rename_object(self, context: RequestContext, request: RenameObjectRequest) -> None:
        """Only directory buckets have it (API_RenameObject)."""
        await bucket_for_new(self._store, context, request.bucket, request.key, None)
        raise header_not_implemented("x-amz-rename-source")

    async def _copied_version(self, context: RequestContext, request: CopyObjectRequest, named: CopySource) -> Source:
        """The version to be copied, if it may be read and is as the caller expects."""
        snapshot = self._store.snapshot()
        bucket = await source_bucket(snapshot, named.bucket, expected_owner=request.expected_source_bucket_owner)
        charged(bucket, context, request.request_payer)
        try:
            found = await asked_version(snapshot, bucket, named.key, named.version_id, method="PUT")
        except DeleteMarkerMet:
            raise InvalidRequest(
                "The source of a copy request may not specifically refer to a delete marker by version id."
            ) from None
        record = found.record
        now_s = self._clock.timestamp()
        conditions = ReadConditions(
            if_match=request.copy_source_if_match,
            if_none_match=request.copy_source_if_none_match,
            if_modified_since=request.copy_source_if_modified_since,
            if_unmodified_since=request.copy_source_if_unmodified_since,
        )
        check_source(record, conditions, now_s=now_s)
        customer_key = customer_key_of(
            request.copy_source_sse_customer_algorithm,
            request.copy_source_sse_customer_key,
            request.copy_source_sse_customer_key_md5,
        )
        check_customer_key(record, customer_key)
        if not readable(record, now_s=now_s):
            raise ObjectNotInActiveTier
        if record.size_bytes > PUT_BYTES_MAX:
            raise InvalidRequest(
                "The specified copy source is larger than the maximum allowable size for a copy source: "
                f"{PUT_BYTES_MAX}"
            )
        return Source(bucket=bucket, key=named.key, record=record, current=found.current, customer_key=customer_key)

    async def _copy_draft(
        self, context: RequestContext, bucket: BucketRecord, request: CopyObjectRequest, source: ObjectRecord
    ) -> ObjectRecord:
        """What the copy is but its bytes: of the source what the directives say; never its lock, access and class."""
        now_s = self._clock.timestamp()
        owner, acl = await acl_for_new(self._store.snapshot(), bucket, request, writer=context.account_id)
        lock = lock_for_new(bucket, request, now_s=now_s)
        draft = draft_of(request, owner=owner, acl=acl, lock=lock, now_s=now_s)
        if request.metadata_directive != "REPLACE":
            draft = msgspec.structs.replace(
                draft, content_type=source.content_type, headers=source.headers, metadata=source.metadata
            )
        if request.tagging_directive != "REPLACE":
            draft = msgspec.structs.replace(draft, tags=source.tags)
        return draft


def _in_place(bucket: BucketRecord, request: CopyObjectRequest, source: Source) -> bool:
    """An older version may be copied onto its key: so it is restored."""
    return bucket.name == source.bucket.name and request.key == source.key and source.current


def _changes(bucket: BucketRecord, request: CopyObjectRequest, source: ObjectRecord, asked: Asked) -> bool:
    return (
        request.metadata_directive == "REPLACE"
        or request.storage_class is not None
        or request.website_redirect_location is not None
        or bucket.encryption is not None
        or changes_encryption(source, asked)
    )


def _answer(source: Source, bucket: BucketRecord, copy: ObjectRecord, paid: list[tuple[str, str]]) -> Answered:
    headers = told_headers(copy) + paid
    if source.record.version_id != NULL_VERSION:  # recording s3/s3, test_s3_copy_object_in_place_suspended_only
        headers.append(("x-amz-copy-source-version-id", source.record.version_id))
    if bucket.versioning:
        headers.append(("x-amz-version-id", copy.version_id))
    headers.append(("Content-Type", "application/xml"))
    told = element("LastModified", moment(int(copy.modified_at_s))) + element("ETag", f"&quot;{copy.etag}&quot;")
    if copy.checksum is not None:
        told += element(f"Checksum{copy.checksum.algorithm}", copy.checksum.value)
        told += element("ChecksumType", copy.checksum.kind)
    body = f'{DECLARATION}<CopyObjectResult xmlns="{NAMESPACE}">{told}</CopyObjectResult>'
    return Answered(200, headers, body.encode())
