"""PutObject, GetObject, HeadObject.

Sources: S3 API Reference; recordings s3/s3 and s3/s3_api, wherever they name these.
"""

from typing import Final

from pileus.kernel.blobs.segments import BlobMissing
from pileus.kernel.context import RequestContext
from pileus.kernel.http.messages import FileBody, FilesBody
from pileus.kernel.service import Answered
from pileus.kernel.storage.seam import Snapshot, Store
from pileus.kernel.wire.receiving import ReceivedBody
from pileus.kernel.wire.rest_answer import header_value
from pileus.kernel.wire.timestamps import RFC822, write_timestamp_text
from pileus.services.s3 import conditions
from pileus.services.s3.acls import acl_for_new
from pileus.services.s3.bodies import damaged
from pileus.services.s3.bucket_records import find_setting
from pileus.services.s3.checksumming import stated
from pileus.services.s3.conditions import UNCONDITIONAL, ReadConditions, WriteConditions
from pileus.services.s3.describing import check_key, checksum_headers, draft_of, read_headers, readable
from pileus.services.s3.encryption import asked_of, check_customer_key, customer_key_of, told_headers
from pileus.services.s3.errors import AccessDenied, InvalidArgument, InvalidRequest
from pileus.services.s3.lifecycle.rules import expiration_header
from pileus.services.s3.locking import lock_for_new
from pileus.services.s3.model import BucketRecord, Checksum, ObjectRecord
from pileus.services.s3.object_errors import EntityTooLarge, InvalidObjectState
from pileus.services.s3.operations.base import S3Base, asked_bucket, charged
from pileus.services.s3.reading import Found, Range
from pileus.services.s3.shapes import GetObjectRequest, HeadObjectRequest, PutObjectRequest

PUT_BYTES_MAX: Final = 5 * 1024**3
"""Source: S3 User Guide, "Uploading objects"."""
_TRIES: Final = 3
_OVERRIDES: Final = {
    "response_cache_control": "Cache-Control",
    "response_content_disposition": "Content-Disposition",
    "response_content_encoding": "Content-Encoding",
    "response_content_language": "Content-Language",
    "response_content_type": "Content-Type",
}
Headers = list[tuple[str, str]]


class ObjectOperations(S3Base):
    """Single objects, written and read whole or in ranges."""

    async def put_object(self, context: RequestContext, request: PutObjectRequest) -> Answered:
        key = request.key
        bucket = await bucket_for_new(self._store, context, request.bucket, key, request.expected_bucket_owner)
        paid = charged(bucket, context, request.request_payer)
        body = request.body if isinstance(request.body, bytes | ReceivedBody) else b""
        size_bytes = len(body) if isinstance(body, bytes) else body.size_bytes
        if size_bytes is not None and size_bytes > PUT_BYTES_MAX:
            raise EntityTooLarge(size_bytes, allowed_bytes=PUT_BYTES_MAX)
        if request.write_offset_bytes is not None:
            raise InvalidRequest("The write offset is only for objects of directory buckets")
        asked = asked_of(request)
        only_if = write_conditions(request.if_match, request.if_none_match)
        record = await self._described(context, bucket, request)
        posted = context.operation == "PostObject"  # a form, which ends here too
        written = await self.writer.write(
            context,
            bucket,
            key,
            record,
            body,
            told=_told(request),
            asked=asked,
            conditions=only_if,
            happening="ObjectCreated:Post" if posted else "ObjectCreated:Put",
        )
        headers = self._put_headers(bucket, written, request.ssekms_encryption_context) + paid
        if bucket.settings:
            headers += await expiration(self._store.snapshot(), bucket, key, written)
        return Answered(200, headers)

    async def get_object(self, context: RequestContext, request: GetObjectRequest) -> Answered:
        for _ in range(_TRIES):
            found, headers = await self._found(context, request, method="GET")
            if found is None:
                return Answered(304, headers)
            record = found.record
            if not readable(record, now_s=self._clock.timestamp()):
                raise InvalidObjectState(record.storage_class)
            try:
                content = await self.reader.content(
                    context,
                    request.key,
                    found,
                    customer_key=_customer_key(request, record),
                    verify=request.checksum_mode == "ENABLED",
                )
            except BlobMissing:
                continue  # removed since its record was read
            if not isinstance(content, bytes | FileBody | FilesBody):  # what is deciphered on the way
                headers.append(("Content-Length", str(found.range.size_bytes)))
            return Answered(206 if found.range.partial else 200, headers, content)
        raise damaged(f"{request.bucket}/{request.key}")

    async def head_object(self, context: RequestContext, request: HeadObjectRequest) -> Answered:
        found, headers = await self._found(context, request, method="HEAD")
        if found is None:
            return Answered(304, headers)
        headers.append(("Content-Length", str(found.range.size_bytes)))
        return Answered(206 if found.range.partial else 200, headers)

    async def _described(
        self, context: RequestContext, bucket: BucketRecord, request: PutObjectRequest
    ) -> ObjectRecord:
        """A draft with whose it is, who may read it, and what keeps it."""
        now_s = self._clock.timestamp()
        owner, acl = await acl_for_new(self._store.snapshot(), bucket, request, writer=context.account_id)
        return draft_of(request, owner=owner, acl=acl, lock=lock_for_new(bucket, request, now_s=now_s), now_s=now_s)

    def _put_headers(self, bucket: BucketRecord, record: ObjectRecord, encryption_context: str | None) -> Headers:
        headers = [("ETag", f'"{record.etag}"'), *told_headers(record)]
        if record.checksum is not None:
            headers += checksum_headers(record.checksum)
        if bucket.versioning == "Enabled":
            headers.append(("x-amz-version-id", record.version_id))
        if encryption_context:
            headers.append(("x-amz-server-side-encryption-context", encryption_context))
        return headers

    async def _found(
        self, context: RequestContext, request: GetObjectRequest | HeadObjectRequest, *, method: str
    ) -> tuple[Found | None, Headers]:
        """The version and the range that are asked for, None when nothing has changed; and the headers to tell."""
        snapshot = self._store.snapshot()
        bucket = await asked_bucket(snapshot, context, request.bucket, expected_owner=request.expected_bucket_owner)
        paid = charged(bucket, context, request.request_payer)
        record = await self.reader.find(snapshot, bucket, request.key, request.version_id, method=method)
        now_s = self._clock.timestamp()
        overrides = _overrides(context, request)
        check_customer_key(record, _customer_key(request, record))
        if not self._changed(request, record, now_s=now_s):
            return None, _unchanged_headers(bucket, record)
        if request.range is None and request.part_number is None:
            found = Found(bucket, record, Range(0, record.size_bytes))
        else:
            found = await self._ranged(snapshot, bucket, record, request)
        told = found.checksum if request.checksum_mode is not None else None
        headers = read_headers(bucket, record, checksum=told, now_s=now_s) + paid
        if overrides:
            headers = [pair for pair in headers if pair[0] not in overrides] + list(overrides.items())
        if found.range.partial:
            headers += found.range.headers(record)
        if bucket.settings and request.version_id is None:
            headers += await expiration(snapshot, bucket, request.key, record)
        if found.range.part and record.parts_count:
            headers.append(("x-amz-mp-parts-count", str(record.parts_count)))
        return found, headers

    def _changed(self, request: GetObjectRequest | HeadObjectRequest, record: ObjectRecord, *, now_s: float) -> bool:
        if (
            request.if_match is None
            and request.if_none_match is None
            and request.if_modified_since is None
            and request.if_unmodified_since is None
        ):
            return True
        asked = ReadConditions(
            if_match=request.if_match,
            if_none_match=request.if_none_match,
            if_modified_since=request.if_modified_since,
            if_unmodified_since=request.if_unmodified_since,
        )
        return conditions.modified(record, asked, now_s=now_s)

    async def _ranged(
        self,
        snapshot: Snapshot,
        bucket: BucketRecord,
        record: ObjectRecord,
        request: GetObjectRequest | HeadObjectRequest,
    ) -> Found:
        part_range, parts = await self.reader.ranged(
            snapshot, record, asked=request.range, part_number=request.part_number
        )
        return Found(bucket, record, part_range, parts)


async def bucket_for_new(
    store: Store, context: RequestContext, name: str, key: str, expected_owner: str | None
) -> BucketRecord:
    """The bucket that a new object is for; KeyTooLongError, and what `asked_bucket` raises."""
    check_key(key)
    return await asked_bucket(store.snapshot(), context, name, expected_owner=expected_owner)


async def expiration(snapshot: Snapshot, bucket: BucketRecord, key: str, record: ObjectRecord) -> Headers:
    """`x-amz-expiration`, of a current version that the bucket's lifecycle ends."""
    setting = await find_setting(snapshot, bucket, "lifecycle")
    told = None if setting is None else expiration_header(setting.document, key, record)
    return [] if told is None else [("x-amz-expiration", told)]


def write_conditions(if_match: str | None, if_none_match: str | None) -> WriteConditions:
    """The conditions of a request that writes; NotImplemented for those that AWS does not take."""
    if if_match is None and if_none_match is None:
        return UNCONDITIONAL
    asked = WriteConditions(if_match=if_match, if_none_match=if_none_match)
    conditions.check_asked(asked)
    return asked


def _told(request: PutObjectRequest) -> Checksum | None:
    """The checksum that came in a header, or behind a body that is here already: it was verified."""
    if not isinstance(request.body, bytes):
        return None
    found = stated(request)
    return None if found is None else Checksum(algorithm=found[0], value=found[1])


def _customer_key(request: GetObjectRequest | HeadObjectRequest, record: ObjectRecord) -> bytes:
    """The key of SSE-C. Without its MD5 AWS says of a read that the key is wrong (test_object_retrieval_sse_c)."""
    if request.sse_customer_algorithm is None and request.sse_customer_key is None:
        return b""
    if request.sse_customer_key_md5 is None and record.encryption is not None and request.sse_customer_key is not None:
        raise AccessDenied(
            "Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret "
            "key."
        )
    return customer_key_of(request.sse_customer_algorithm, request.sse_customer_key, request.sse_customer_key_md5)


def _overrides(context: RequestContext, request: GetObjectRequest | HeadObjectRequest) -> dict[str, str]:
    """The headers that a request wants in place of the object's; only who signs may (API_GetObject)."""
    if "response-" not in context.query:
        return {}
    told = {
        header: _override(header, value)
        for member, header in _OVERRIDES.items()
        if (value := getattr(request, member)) is not None
    }
    if request.response_expires is not None:
        told["Expires"] = write_timestamp_text(request.response_expires, RFC822)
    if told and not context.principal.arn:
        raise InvalidRequest("Request specific response headers cannot be used for anonymous GET requests.")
    return told


def _override(header: str, value: str) -> str:
    """InvalidArgument: recording s3/s3, test_get_response_overrides_unicode_metadata_with_sig_s3."""
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        name = f"response-{header.lower()}"
        text = "Header value cannot be represented using ISO-8859-1."
        raise InvalidArgument(text, name=name, value=value) from None
    return header_value(value)


def _unchanged_headers(bucket: BucketRecord, record: ObjectRecord) -> Headers:
    """Those of a 304 (RFC 9110, 15.4.5)."""
    headers = read_headers(bucket, record, checksum=None, now_s=0.0)
    kept = {"Last-Modified", "ETag", "x-amz-version-id", "Cache-Control", "Expires"}
    return [pair for pair in headers if pair[0] in kept]
