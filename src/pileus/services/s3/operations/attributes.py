"""GetObjectAttributes, GetObjectTorrent.

Sources: API_GetObjectAttributes; recordings s3/s3 (test_get_object_attributes*) and s3/s3_list_operations
(test_list_parts_via_object_attrs_pagination).
"""

from datetime import UTC, datetime
from typing import Any, Final

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import AnyServiceError
from pileus.services.s3.checksumming import told
from pileus.services.s3.encryption import check_customer_key, customer_key_of
from pileus.services.s3.model import LaidPart, ObjectRecord
from pileus.services.s3.object_records import parts_of
from pileus.services.s3.operations.base import S3Base, asked_bucket, charged
from pileus.services.s3.shapes import (
    Checksum,
    GetObjectAttributesOutput,
    GetObjectAttributesParts,
    GetObjectAttributesRequest,
    GetObjectTorrentRequest,
    ObjectPart,
)

_PARTS_MAX: Final = 1000


class AttributeOperations(S3Base):
    """What an object is, without its bytes."""

    async def get_object_attributes(
        self, context: RequestContext, request: GetObjectAttributesRequest
    ) -> GetObjectAttributesOutput:
        snapshot = self._store.snapshot()
        bucket = await asked_bucket(snapshot, context, request.bucket, expected_owner=request.expected_bucket_owner)
        paid = charged(bucket, context, request.request_payer)
        record = await self.reader.find(snapshot, bucket, request.key, request.version_id, method="GET")
        customer_key = customer_key_of(
            request.sse_customer_algorithm, request.sse_customer_key, request.sse_customer_key_md5
        )
        check_customer_key(record, customer_key)
        asked = set(request.object_attributes)
        parts = tuple(await parts_of(snapshot, record)) if "ObjectParts" in asked else ()
        has_class = "StorageClass" in asked
        storage_class: Any = record.storage_class if has_class else None  # one of those that we keep
        return GetObjectAttributesOutput(
            last_modified=datetime.fromtimestamp(record.modified_at_s, UTC),
            version_id=record.version_id if bucket.versioning else None,
            request_charged="requester" if paid else None,
            e_tag=record.etag if "ETag" in asked else None,
            checksum=_checksum(record) if "Checksum" in asked else None,
            object_parts=_parts(record, parts, request) if parts else None,
            storage_class=storage_class,
            object_size=record.size_bytes if "ObjectSize" in asked else None,
        )

    async def get_object_torrent(self, context: RequestContext, request: GetObjectTorrentRequest) -> None:
        """S3 serves BitTorrent no longer (S3 User Guide, document history, April 2022)."""
        await asked_bucket(
            self._store.snapshot(), context, request.bucket, expected_owner=request.expected_bucket_owner
        )
        raise AnyServiceError(
            "MethodNotAllowed", "The specified method is not allowed against this resource.", status=405
        )


def _checksum(record: ObjectRecord) -> Checksum | None:
    """Without the number of parts behind it (test_complete_multipart_parts_checksum_composite)."""
    whole = record.checksum
    if whole is None:
        return None
    return Checksum(checksum_type=whole.kind, **told(whole.algorithm, whole.value.partition("-")[0]))


def _parts(
    record: ObjectRecord, parts: tuple[LaidPart, ...], request: GetObjectAttributesRequest
) -> GetObjectAttributesParts:
    """One by one only where the parts have checksums of their own."""
    whole = record.checksum
    if whole is None or whole.kind != "COMPOSITE":
        return GetObjectAttributesParts(total_parts_count=len(parts))
    marker = request.part_number_marker or 0
    limit = _PARTS_MAX if request.max_parts is None else min(max(request.max_parts, 0), _PARTS_MAX)
    following = [part for part in parts if part.number > marker]
    page = following[:limit]
    return GetObjectAttributesParts(
        total_parts_count=len(parts),
        part_number_marker=marker,
        next_part_number_marker=page[-1].number if page else 0,
        max_parts=limit,
        is_truncated=len(following) > len(page),
        parts=[
            ObjectPart(part_number=part.number, size=part.segment.size_bytes, **told(whole.algorithm, part.checksum))
            for part in page
        ]
        or None,
    )
