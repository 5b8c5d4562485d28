"""ListObjects, ListObjectsV2, ListObjectVersions.

Sources: S3 API Reference; recordings s3/s3_list_operations.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from typing import Final

from pileus.kernel.context import RequestContext
from pileus.kernel.service import Answered
from pileus.services.s3.bucket_errors import NamedArgument
from pileus.services.s3.errors import InvalidArgument
from pileus.services.s3.list_texts import (
    DECLARATION,
    NAMESPACE,
    Texts,
    checksum_elements,
    decode_listed,
    element,
    moment,
    owner_element,
    prefix_elements,
    restore_element,
)
from pileus.services.s3.listing import KEYS_MAX, Listed, Page, page
from pileus.services.s3.model import BucketRecord
from pileus.services.s3.object_records import OBJECTS
from pileus.services.s3.operations.base import S3Base, asked_bucket, charged
from pileus.services.s3.shapes import ListObjectsRequest, ListObjectsV2Request, ListObjectVersionsRequest
from pileus.services.s3.version_lists import VersionsAsked, version_page, version_rows

_TOKEN: Final = b"\x01"
"""Begins a continuation token of ours, so that others can be told from it."""
_MAX_KEYS: Final = 2**31 - 1


class ListOperations(S3Base):
    """What is in a bucket, by pages."""

    async def list_objects_v2(self, context: RequestContext, request: ListObjectsV2Request) -> Answered:
        limit = _limit(request.max_keys)
        after = (request.start_after or "").encode()
        if request.continuation_token is not None:
            after = _position(request.continuation_token)
        listed = _listed(request.prefix, request.delimiter, after, limit)
        texts = Texts(url=request.encoding_type == "url")
        bucket, found = await self._listed_page(context, request, listed)
        paid = charged(bucket, context, request.request_payer)
        parts = [_opening(bucket, "ListBucketResult")]
        parts.append(element("Prefix", texts.of_text(request.prefix or "")))
        # A token outweighs it (recording test_list_objects_v2_continuation_start_after).
        if request.start_after is not None and request.continuation_token is None:
            parts.append(element("StartAfter", texts.of_text(request.start_after)))
        if request.continuation_token is not None:
            parts.append(element("ContinuationToken", request.continuation_token))
        if found.more:
            parts.append(element("NextContinuationToken", _token(found.last)))
        parts.append(element("KeyCount", len(found.rows) + len(found.prefixes)))
        parts.append(_common(request, limit, texts, more=found.more))
        parts.append(self._listed_rows(found, texts, owned=bool(request.fetch_owner), restore=_asks_restore(request)))
        parts.append(prefix_elements(found.prefixes, texts))
        return _answer(bucket, parts, "ListBucketResult", paid)

    async def list_objects(self, context: RequestContext, request: ListObjectsRequest) -> Answered:
        limit = _limit(request.max_keys)
        marker = request.marker or ""
        listed = _listed(request.prefix, request.delimiter, marker.encode(), limit)
        texts = Texts(url=request.encoding_type == "url")
        bucket, found = await self._listed_page(context, request, listed)
        paid = charged(bucket, context, request.request_payer)
        parts = [_opening(bucket, "ListBucketResult")]
        parts.append(element("Prefix", texts.of_text(request.prefix or "")))
        parts.append(element("Marker", texts.of_text(marker)))
        # Without a delimiter the last key is the next marker, and is not told again.
        if found.more and request.delimiter:
            parts.append(element("NextMarker", texts.of(found.last)))
        parts.append(_common(request, limit, texts, more=found.more))
        parts.append(self._listed_rows(found, texts, owned=True, restore=_asks_restore(request)))
        parts.append(prefix_elements(found.prefixes, texts))
        return _answer(bucket, parts, "ListBucketResult", paid)

    async def list_object_versions(self, context: RequestContext, request: ListObjectVersionsRequest) -> Answered:
        limit = _limit(request.max_keys)
        if request.version_id_marker is not None and request.key_marker is None:
            raise InvalidArgument(
                "A version-id marker cannot be specified without a key marker.",
                name="version-id-marker",
                value=request.version_id_marker,
            )
        key_marker, version_marker = request.key_marker or "", request.version_id_marker or ""
        asked = VersionsAsked(
            listed=_listed(request.prefix, request.delimiter, key_marker.encode(), limit),
            version_marker=version_marker,
        )
        texts = Texts(url=request.encoding_type == "url")
        snapshot = self._store.snapshot()
        bucket = await asked_bucket(snapshot, context, request.bucket, expected_owner=request.expected_bucket_owner)
        paid = charged(bucket, context, request.request_payer)
        found = await version_page(snapshot, bucket, asked)
        parts = [_opening(bucket, "ListVersionsResult")]
        parts.append(element("Prefix", texts.of_text(request.prefix or "")))
        parts.append(element("KeyMarker", texts.of_text(key_marker)))
        parts.append(element("VersionIdMarker", version_marker))
        if found.more:
            parts.append(element("NextKeyMarker", texts.of(found.last_key)))
            if found.last_version:
                parts.append(element("NextVersionIdMarker", found.last_version))
        parts.append(_common(request, limit, texts, more=found.more))
        now_s = self._clock.timestamp() if _asks_restore(request) else None
        parts.append(version_rows(found, texts, now_s=now_s))
        parts.append(prefix_elements(found.prefixes, texts))
        return _answer(bucket, parts, "ListVersionsResult", paid)

    async def _listed_page(
        self, context: RequestContext, request: ListObjectsRequest | ListObjectsV2Request, listed: Listed
    ) -> tuple[BucketRecord, Page]:
        snapshot = self._store.snapshot()
        bucket = await asked_bucket(snapshot, context, request.bucket, expected_owner=request.expected_bucket_owner)
        return bucket, await page(snapshot, OBJECTS, bucket.serial, listed)

    def _listed_rows(self, found: Page, texts: Texts, *, owned: bool, restore: bool) -> str:
        rows: list[str] = []
        names = texts.of_all([key for key, _ in found.rows])
        now_s = self._clock.timestamp() if restore else 0.0
        changed_s, changed = -1.0, ""
        for name, (_, value) in zip(names, found.rows, strict=True):
            record = decode_listed(value)
            if record.modified_at_s != changed_s:
                changed_s, changed = record.modified_at_s, moment(int(record.modified_at_s))
            summed = record.checksum
            told = "" if summed is None else checksum_elements(summed.algorithm, summed.kind)
            owner = owner_element(record.owner) if owned else ""
            restored = restore_element(record, now_s=now_s) if restore else ""
            rows.append(
                f"<Contents><Key>{name}</Key><LastModified>{changed}</LastModified>"
                f"<ETag>&quot;{record.etag}&quot;</ETag>{told}<Size>{record.size_bytes}</Size>{owner}"
                f"<StorageClass>{record.storage_class}</StorageClass>{restored}</Contents>"
            )
        return "".join(rows)


def _limit(max_keys: int | None) -> int:
    if max_keys is None:
        return KEYS_MAX
    if max_keys < 0:
        raise InvalidArgument(
            f"Argument maxKeys must be an integer between 0 and {_MAX_KEYS}", name="maxKeys", value=max_keys
        )
    return min(max_keys, KEYS_MAX)


def _listed(prefix: str | None, delimiter: str | None, after: bytes, limit: int) -> Listed:
    return Listed(prefix=(prefix or "").encode(), delimiter=(delimiter or "").encode(), after=after, limit=limit)


def _opening(bucket: BucketRecord, root: str) -> str:
    return f'{DECLARATION}<{root} xmlns="{NAMESPACE}"><Name>{bucket.name}</Name>'


def _common(
    request: ListObjectsRequest | ListObjectsV2Request | ListObjectVersionsRequest,
    limit: int,
    texts: Texts,
    *,
    more: bool,
) -> str:
    parts = [element("MaxKeys", limit)]
    if request.delimiter:
        parts.append(element("Delimiter", texts.of_text(request.delimiter)))
    if request.encoding_type:
        parts.append(element("EncodingType", request.encoding_type))
    parts.append(element("IsTruncated", "true" if more else "false"))
    return "".join(parts)


def _asks_restore(request: ListObjectsRequest | ListObjectsV2Request | ListObjectVersionsRequest) -> bool:
    return request.optional_object_attributes is not None and "RestoreStatus" in request.optional_object_attributes


def _answer(bucket: BucketRecord, parts: list[str], root: str, paid: list[tuple[str, str]]) -> Answered:
    headers = [("x-amz-bucket-region", bucket.region), ("Content-Type", "application/xml"), *paid]
    return Answered(200, headers, f"{''.join(parts)}</{root}>".encode())


def _token(last: bytes) -> str:
    return urlsafe_b64encode(_TOKEN + last).decode()


def _position(token: str) -> bytes:
    try:
        position = urlsafe_b64decode(token.encode())
    except (Error, ValueError):
        position = b""
    if not position.startswith(_TOKEN):
        message = "The continuation token provided is incorrect"
        raise (
            InvalidArgument(message, name="continuation-token", value=token)
            if token
            else NamedArgument(message, name="continuation-token")
        )
    return position[1:]
