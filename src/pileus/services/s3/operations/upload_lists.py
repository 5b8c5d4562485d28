"""ListParts, ListMultipartUploads.

Sources: S3 API Reference; recordings s3/s3_list_operations, TestS3ListParts and TestS3ListMultipartUploads.
"""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

from pileus.kernel.auth.canonical_users import canonical_user_id
from pileus.kernel.context import RequestContext
from pileus.services.s3 import checksumming
from pileus.services.s3.errors import InvalidArgument
from pileus.services.s3.model import PartRecord, UploadRecord
from pileus.services.s3.operations.base import S3Base, asked_bucket, charged
from pileus.services.s3.shapes import (
    CommonPrefix,
    ListMultipartUploadsOutput,
    ListMultipartUploadsRequest,
    ListPartsOutput,
    ListPartsRequest,
    MultipartUpload,
    Owner,
    Part,
)
from pileus.services.s3.upload_records import find_upload, get_upload, parts_of
from pileus.services.s3.uploads.ending import told_abort
from pileus.services.s3.uploads.limits import PAGE_MAX
from pileus.services.s3.uploads.listing import Listed, page
from pileus.services.s3.uploads.naming import initiator


class UploadListOperations(S3Base):
    """What is under way."""

    async def list_parts(self, context: RequestContext, request: ListPartsRequest) -> ListPartsOutput:
        limit = _limit(request.max_parts, "max-parts")
        marker = request.part_number_marker or 0
        if marker < 0:
            raise _not_in_range("part-number-marker", marker)
        snapshot = self._store.snapshot()
        bucket = await asked_bucket(snapshot, context, request.bucket, expected_owner=request.expected_bucket_owner)
        charged(bucket, context, request.request_payer)
        upload = await get_upload(snapshot, bucket, request.key, request.upload_id)
        found = await parts_of(snapshot, request.upload_id, beyond=marker, limit=limit + 1)
        told = found[:limit]
        ending = await told_abort(snapshot, bucket, request.key, initiated_at_s=upload.initiated_at_s)
        return ListPartsOutput(
            **ending,
            bucket=request.bucket,
            key=request.key,
            upload_id=request.upload_id,
            part_number_marker=marker,
            next_part_number_marker=told[-1][0] if told else 0,
            max_parts=limit,
            is_truncated=bool(limit) and len(found) > limit,
            parts=[_part(upload, number, part) for number, part in told] or None,
            initiator=initiator(upload.initiator_arn),
            owner=Owner(id=canonical_user_id(upload.owner)),
            **_chosen(upload),
        )

    async def list_multipart_uploads(
        self, context: RequestContext, request: ListMultipartUploadsRequest
    ) -> ListMultipartUploadsOutput:
        limit = _limit(request.max_uploads, "max-uploads")
        key_marker = request.key_marker or ""
        upload_marker = (request.upload_id_marker or "") if key_marker else ""
        prefix, delimiter = request.prefix or "", request.delimiter or ""
        snapshot = self._store.snapshot()
        bucket = await asked_bucket(snapshot, context, request.bucket, expected_owner=request.expected_bucket_owner)
        charged(bucket, context, request.request_payer)
        if upload_marker and await find_upload(snapshot, bucket, key_marker, upload_marker) is None:
            raise InvalidArgument("Invalid uploadId marker", name="upload-id-marker", value=upload_marker)
        found = await page(
            snapshot,
            bucket,
            Listed(
                prefix=prefix,
                delimiter=delimiter,
                key_marker=key_marker,
                upload_marker=upload_marker,
                limit=limit,
            ),
        )
        last = found.rows[-1][:2] if found.rows else ("", "")
        coded = quoted if request.encoding_type == "url" else str
        return ListMultipartUploadsOutput(
            bucket=request.bucket,
            key_marker=coded(key_marker),
            upload_id_marker=upload_marker,
            # A common prefix is no marker, even if the page ends with it
            # (test_list_multipart_uploads_marker_common_prefixes).
            next_key_marker=coded(last[0]),
            next_upload_id_marker=last[1],
            prefix=coded(prefix) if prefix else None,
            delimiter=coded(delimiter) if delimiter else None,
            max_uploads=limit,
            is_truncated=found.more,
            uploads=[_upload(coded(key), upload_id, upload) for key, upload_id, upload in found.rows] or None,
            common_prefixes=[CommonPrefix(prefix=coded(each)) for each in found.prefixes] or None,
            encoding_type=request.encoding_type,
        )


def quoted(text: str) -> str:
    """A key as a list has it that was asked for with `encoding-type=url`."""
    return quote_plus(text, safe="/*").replace("~", "%7E")


def _limit(asked: int | None, name: str) -> int:
    if asked is None:
        return PAGE_MAX
    if asked < 0:
        raise _not_in_range(name, asked)
    return min(asked, PAGE_MAX)


def _not_in_range(name: str, value: int) -> InvalidArgument:
    return InvalidArgument(f"Argument {name} must be an integer between 0 and 2147483647", name=name, value=value)


def _chosen(upload: UploadRecord) -> dict[str, Any]:
    """What its creation chose, as both lists tell it."""
    chosen: dict[str, Any] = {"storage_class": upload.storage_class}
    if upload.checksum_algorithm:
        chosen |= {"checksum_algorithm": upload.checksum_algorithm, "checksum_type": upload.checksum_kind}
    return chosen


def _part(upload: UploadRecord, number: int, part: PartRecord) -> Part:
    told = checksumming.told(upload.checksum_algorithm, part.checksum) if upload.checksum_algorithm else {}
    return Part(
        part_number=number,
        last_modified=datetime.fromtimestamp(part.modified_at_s, UTC),
        e_tag=f'"{part.etag}"',
        size=part.size_bytes,
        **told,
    )


def _upload(key: str, upload_id: str, upload: UploadRecord) -> MultipartUpload:
    return MultipartUpload(
        upload_id=upload_id,
        key=key,
        initiated=datetime.fromtimestamp(int(upload.initiated_at_s), UTC),
        owner=Owner(id=canonical_user_id(upload.owner)),
        initiator=initiator(upload.initiator_arn),
        **_chosen(upload),
    )
