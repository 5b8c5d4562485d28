"""UploadPart, UploadPartCopy.

A part's bytes are kept first; then one transaction looks whether the upload is still under way, and makes them its own.

Sources: S3 API Reference; recordings s3/s3, TestS3MultipartUploadChecksum and TestS3SSECEncryption, and s3/s3_api,
TestS3Multipart.
"""

from datetime import UTC, datetime
from typing import Final

from pileus.kernel.blobs.segments import BlobMissing
from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Snapshot
from pileus.kernel.wire.receiving import ReceivedBody
from pileus.services.s3 import checksumming
from pileus.services.s3.asked import asked_version
from pileus.services.s3.bodies import damaged, pieces_of
from pileus.services.s3.conditions import ReadConditions, check_source
from pileus.services.s3.copy_sources import read_copy_source
from pileus.services.s3.describing import readable
from pileus.services.s3.encryption import check_customer_key, customer_key_of
from pileus.services.s3.model import NULL_VERSION, BucketRecord, ObjectRecord, PartRecord, UploadRecord
from pileus.services.s3.object_errors import EntityTooLarge, InvalidObjectState
from pileus.services.s3.operations.base import S3Base, asked_bucket, charged, source_bucket
from pileus.services.s3.shapes import (
    CopyPartResult,
    UploadPartCopyOutput,
    UploadPartCopyRequest,
    UploadPartOutput,
    UploadPartRequest,
)
from pileus.services.s3.upload_records import get_upload, put_part
from pileus.services.s3.uploads.answering import check_part_key, object_of, told_encryption
from pileus.services.s3.uploads.errors import bad_part_number
from pileus.services.s3.uploads.keeping import KeptPart, check_stated, clone_part, keep_part
from pileus.services.s3.uploads.limits import PART_BYTES_MAX, PARTS_MAX
from pileus.services.s3.uploads.ranges import copied_range

_TRIES: Final = 3


class PartOperations(S3Base):
    """The parts of uploads under way."""

    async def upload_part(self, context: RequestContext, request: UploadPartRequest) -> UploadPartOutput:
        body = request.body if isinstance(request.body, bytes | ReceivedBody) else b""
        size_bytes = len(body) if isinstance(body, bytes) else body.size_bytes
        if size_bytes is not None and size_bytes > PART_BYTES_MAX:
            raise EntityTooLarge(size_bytes, allowed_bytes=PART_BYTES_MAX)
        bucket, upload, key = await self._upload(context, request)
        stated = checksumming.stated(request) if isinstance(body, bytes) else None
        kept = await keep_part(self._bodies, upload, body, key=key, stated=stated)
        await self._own_part(bucket, request, kept)
        return UploadPartOutput(
            e_tag=f'"{kept.etag}"',
            **(checksumming.told(*kept.told) if kept.told else {}),
            **told_encryption(upload.encryption),
        )

    async def upload_part_copy(self, context: RequestContext, request: UploadPartCopyRequest) -> UploadPartCopyOutput:
        bucket, upload, key = await self._upload(context, request)
        for _ in range(_TRIES):
            source, record = await self._source(context, request)
            try:
                kept = await self._copied(context, request, source, record, upload, key)
            except BlobMissing:
                continue  # removed since its record was read
            break
        else:
            raise damaged(request.copy_source)
        modified_at_s = await self._own_part(bucket, request, kept)
        return UploadPartCopyOutput(
            copy_source_version_id=record.version_id if record.version_id != NULL_VERSION else None,
            copy_part_result=CopyPartResult(
                e_tag=f'"{kept.etag}"',
                last_modified=datetime.fromtimestamp(modified_at_s, UTC),
                **(checksumming.told(*kept.told) if kept.told else {}),
            ),
            **told_encryption(upload.encryption),
        )

    async def _upload(
        self, context: RequestContext, request: UploadPartRequest | UploadPartCopyRequest
    ) -> tuple[BucketRecord, UploadRecord, bytes | None]:
        """The upload that a part is for, and the data key of its object."""
        if not 1 <= request.part_number <= PARTS_MAX:
            raise bad_part_number(request.part_number)
        snapshot = self._store.snapshot()
        bucket = await asked_bucket(snapshot, context, request.bucket, expected_owner=request.expected_bucket_owner)
        charged(bucket, context, request.request_payer)
        upload = await get_upload(snapshot, bucket, request.key, request.upload_id)
        if isinstance(request, UploadPartRequest) and isinstance(request.body, ReceivedBody):
            check_stated(upload, request.body.verification.algorithm)
        customer_key = customer_key_of(
            request.sse_customer_algorithm, request.sse_customer_key, request.sse_customer_key_md5
        )
        check_part_key(upload, customer_key)
        if upload.encryption is None:
            return bucket, upload, None
        return bucket, upload, await self._keys.open(context, bucket, request.key, object_of(upload), customer_key)

    async def _own_part(
        self, bucket: BucketRecord, request: UploadPartRequest | UploadPartCopyRequest, kept: KeptPart
    ) -> float:
        """Make what is kept the upload's part, if there still is that upload; gives when. NoSuchUpload."""
        now_s = float(int(self._clock.timestamp()))
        part = PartRecord(
            size_bytes=kept.segment.size_bytes,
            etag=kept.etag,
            modified_at_s=now_s,
            segment=kept.segment,
            checksum=kept.checksum,
        )
        try:
            async with self._store.transaction() as tx:
                await get_upload(tx, bucket, request.key, request.upload_id)
                await put_part(tx, request.upload_id, request.part_number, part)
        except BaseException:
            await self._bodies.blobs.remove((kept.segment.blob,))
            raise
        return now_s

    async def _source(
        self, context: RequestContext, request: UploadPartCopyRequest
    ) -> tuple[BucketRecord, ObjectRecord]:
        """The bucket and the version to copy from, if they are as the caller expects."""
        snapshot = self._store.snapshot()
        named = read_copy_source(request.copy_source)
        source = await source_bucket(snapshot, named.bucket, expected_owner=request.expected_source_bucket_owner)
        charged(source, context, request.request_payer)
        record = (await asked_version(snapshot, source, named.key, named.version_id, method="PUT")).record
        now_s = self._clock.timestamp()
        asked = ReadConditions(
            if_match=request.copy_source_if_match,
            if_none_match=request.copy_source_if_none_match,
            if_modified_since=request.copy_source_if_modified_since,
            if_unmodified_since=request.copy_source_if_unmodified_since,
        )
        check_source(record, asked, now_s=now_s)
        if not readable(record, now_s=now_s):
            raise InvalidObjectState(record.storage_class)
        return source, record

    async def _copied(
        self,
        context: RequestContext,
        request: UploadPartCopyRequest,
        source: BucketRecord,
        record: ObjectRecord,
        upload: UploadRecord,
        key: bytes | None,
    ) -> KeptPart:
        """Keep a range of a version as a part: read, unless it is all of a file that may lie as it does."""
        offset, size_bytes = copied_range(request.copy_source_range, record.size_bytes)
        customer_key = customer_key_of(
            request.copy_source_sse_customer_algorithm,
            request.copy_source_sse_customer_key,
            request.copy_source_sse_customer_key_md5,
        )
        check_customer_key(record, customer_key)
        source_key = None
        if record.encryption is not None:
            named = read_copy_source(request.copy_source)
            source_key = await self._keys.open(context, source, named.key, record, customer_key)
        snapshot: Snapshot = self._store.snapshot()
        if record.inline or not size_bytes:
            data = await self._bodies.content(snapshot, record, key=source_key, offset=offset, size_bytes=size_bytes)
            assert isinstance(data, bytes)
            return await keep_part(self._bodies, upload, data, key=key)
        plain = source_key is None and key is None
        if plain and size_bytes == record.size_bytes:
            cloned = await clone_part(self._bodies, upload, record)
            if cloned is not None:
                return cloned
        segments = await self._bodies.segments(snapshot, record)
        pieces = pieces_of(segments, offset=offset, size_bytes=size_bytes, key=source_key)
        return await keep_part(self._bodies, upload, self._bodies.blobs.stream(pieces), key=key)
