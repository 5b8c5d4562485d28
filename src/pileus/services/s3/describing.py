"""What is told of an object beside its bytes, and how is it read from a request and told in an answer?

The requests that write (PutObject, CopyObject, CreateMultipartUpload) have these members in common; the answers that
read (GetObject, HeadObject) these headers.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import formatdate
from functools import lru_cache
from typing import Final, Protocol

from pileus.kernel.errors import AnyServiceError
from pileus.kernel.wire.rest_answer import header_value
from pileus.services.s3 import metadata
from pileus.services.s3.encryption import told_headers
from pileus.services.s3.model import Acl, BucketRecord, Checksum, Lock, ObjectRecord
from pileus.services.s3.object_errors import InvalidStorageClass, KeyTooLong
from pileus.services.s3.object_tags import tags_of_header

KEY_BYTES_MAX: Final = 1024
"""In UTF-8. Source: S3 User Guide, "Naming Amazon S3 objects"."""
_REDIRECT_LENGTH_MAX: Final = 2_048
DEFAULT_TYPE: Final = "binary/octet-stream"
STORAGE_CLASSES: Final = frozenset(
    {
        "STANDARD",
        "REDUCED_REDUNDANCY",
        "STANDARD_IA",
        "ONEZONE_IA",
        "INTELLIGENT_TIERING",
        "GLACIER",
        "DEEP_ARCHIVE",
        "GLACIER_IR",
    }
)
"""Those of buckets in regions; `OUTPOSTS`, `SNOW` and `EXPRESS_ONEZONE` are of others."""
ARCHIVED: Final = frozenset({"GLACIER", "DEEP_ARCHIVE"})
_CHECKSUM_HEADERS: Final = {
    "CRC32": "x-amz-checksum-crc32",
    "CRC32C": "x-amz-checksum-crc32c",
    "CRC64NVME": "x-amz-checksum-crc64nvme",
    "SHA1": "x-amz-checksum-sha1",
    "SHA256": "x-amz-checksum-sha256",
}


class Described(Protocol):
    """A request that says what its object will be."""

    @property
    def cache_control(self) -> str | None: ...
    @property
    def content_disposition(self) -> str | None: ...
    @property
    def content_encoding(self) -> str | None: ...
    @property
    def content_language(self) -> str | None: ...
    @property
    def content_type(self) -> str | None: ...
    @property
    def expires(self) -> str | None: ...
    @property
    def metadata(self) -> Mapping[str, str] | None: ...
    @property
    def storage_class(self) -> str | None: ...
    @property
    def tagging(self) -> str | None: ...
    @property
    def website_redirect_location(self) -> str | None: ...


def draft_of(
    request: Described, *, owner: str, now_s: float, acl: Acl | None = None, lock: Lock | None = None
) -> ObjectRecord:
    """A version without bytes, as a request describes it. Raises `ServiceError`."""
    return ObjectRecord(
        modified_at_s=now_s,
        owner=owner,
        acl=acl,
        lock=lock,
        storage_class=storage_class_of(request.storage_class),
        content_type=request.content_type or DEFAULT_TYPE,
        headers=content_headers(request),
        metadata=metadata.received(request.metadata) if request.metadata else {},
        tags=tags_of_header(request.tagging) if request.tagging else {},
        website_redirect=website_redirect_of(request.website_redirect_location),
    )


def website_redirect_of(asked: str | None) -> str:
    """Where a visitor of the bucket's website is led; InvalidRedirectLocation.

    Sources: API_PutObject, "x-amz-website-redirect-location"; the texts as AWS's clients have seen them.
    """
    if not asked:
        return ""
    if not asked.startswith(("/", "http://", "https://")):
        text = "The website redirect location must have a prefix of 'http://' or 'https://' or '/'."
        raise AnyServiceError("InvalidRedirectLocation", text)
    if len(asked) > _REDIRECT_LENGTH_MAX:
        text = f"The length of website redirect location cannot exceed {_REDIRECT_LENGTH_MAX:,} characters."
        raise AnyServiceError("InvalidRedirectLocation", text)
    return asked


def content_headers(request: Described) -> Mapping[str, str]:
    """The headers that are sent as they came."""
    headers = {}
    if request.cache_control is not None:
        headers["Cache-Control"] = request.cache_control
    if request.content_disposition is not None:
        headers["Content-Disposition"] = request.content_disposition
    if request.content_encoding:
        headers["Content-Encoding"] = request.content_encoding
    if request.content_language is not None:
        headers["Content-Language"] = request.content_language
    if request.expires is not None:
        headers["Expires"] = request.expires
    return headers


def storage_class_of(asked: str | None) -> str:
    if asked is None:
        return "STANDARD"
    if asked not in STORAGE_CLASSES:
        raise InvalidStorageClass(asked)
    return asked


def check_key(key: str) -> None:
    """KeyTooLongError."""
    if len(key) > KEY_BYTES_MAX // 4 and (size_bytes := len(key.encode())) > KEY_BYTES_MAX:
        raise KeyTooLong(size_bytes, allowed_bytes=KEY_BYTES_MAX)


@lru_cache(maxsize=4096)
def http_date(moment_s: int) -> str:
    """As headers have it; objects that are read are read again, or were written in the same seconds."""
    return formatdate(moment_s, usegmt=True)


def read_headers(
    bucket: BucketRecord, record: ObjectRecord, *, checksum: Checksum | None, now_s: float
) -> list[tuple[str, str]]:
    """What GetObject and HeadObject tell of a version. checksum: None to tell none."""
    headers = [
        ("Last-Modified", http_date(int(record.modified_at_s))),
        ("ETag", f'"{record.etag}"'),
        *told_headers(record),
        ("Accept-Ranges", "bytes"),
    ]
    if bucket.versioning:
        headers.append(("x-amz-version-id", record.version_id))
    if checksum is not None:
        headers += checksum_headers(checksum)
    if record.metadata:
        headers += [(f"x-amz-meta-{name}", metadata.told(value)) for name, value in record.metadata.items()]
    if record.headers:
        headers += [(name, header_value(value)) for name, value in record.headers.items()]
    if record.storage_class != "STANDARD":
        headers.append(("x-amz-storage-class", record.storage_class))
    if record.tags:
        headers.append(("x-amz-tagging-count", str(len(record.tags))))
    if record.website_redirect:
        headers.append(("x-amz-website-redirect-location", header_value(record.website_redirect)))
    if record.replication_status:
        headers.append(("x-amz-replication-status", record.replication_status))
    if record.lock is not None:
        headers += _lock_headers(record)
    if record.restored_until_s:
        headers += restore_headers(record, now_s=now_s)
    headers.append(("Content-Type", header_value(record.content_type)))
    return headers


def checksum_headers(checksum: Checksum) -> list[tuple[str, str]]:
    """A checksum and its type."""
    return [(_CHECKSUM_HEADERS[checksum.algorithm], checksum.value), ("x-amz-checksum-type", checksum.kind)]


def restore_headers(record: ObjectRecord, *, now_s: float) -> list[tuple[str, str]]:
    """`x-amz-restore`, of an archived version of which a copy was asked (API_HeadObject)."""
    if now_s < record.restored_at_s:
        return [("x-amz-restore", 'ongoing-request="true"')]
    if now_s < record.restored_until_s:
        until = formatdate(record.restored_until_s, usegmt=True)
        return [("x-amz-restore", f'ongoing-request="false", expiry-date="{until}"')]
    return []


def readable(record: ObjectRecord, *, now_s: float) -> bool:
    """Whether the bytes of a version are at hand: it is not archived, or there is a copy for the time being."""
    return record.storage_class not in ARCHIVED or record.restored_at_s <= now_s < record.restored_until_s


def _lock_headers(record: ObjectRecord) -> list[tuple[str, str]]:
    lock = record.lock
    assert lock is not None
    headers = []
    if lock.mode:
        until = datetime.fromtimestamp(lock.retain_until_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        headers += [("x-amz-object-lock-mode", lock.mode), ("x-amz-object-lock-retain-until-date", until)]
    if lock.legal_hold:
        headers.append(("x-amz-object-lock-legal-hold", lock.legal_hold))
    return headers
