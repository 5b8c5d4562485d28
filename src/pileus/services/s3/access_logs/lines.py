"""What does a line of an access log say?

Source: S3 User Guide, "Amazon S3 server access log format".
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

import msgspec

from pileus.kernel.auth.canonical_users import canonical_user_id
from pileus.kernel.context import RequestContext
from pileus.kernel.http.messages import Request, Response, size_of

_NONE: Final = "-"
_KINDS: Final[Mapping[str, str]] = {
    "AbortMultipartUpload": "UPLOAD",
    "CompleteMultipartUpload": "UPLOAD",
    "CreateMultipartUpload": "UPLOADS",
    "DeleteObjects": "MULTI_OBJECT_DELETE",
    "GetObjectAttributes": "OBJECT_ATTRIBUTES",
    "ListMultipartUploads": "UPLOADS",
    "ListObjectVersions": "BUCKETVERSIONS",
    "ListObjects": "BUCKET",
    "ListObjectsV2": "BUCKET",
    "ListParts": "UPLOAD",
    "UploadPart": "PART",
    "UploadPartCopy": "PART",
    "GetBucketLogging": "LOGGING_STATUS",
    "PutBucketLogging": "LOGGING_STATUS",
    "GetBucketLifecycleConfiguration": "LIFECYCLE",
    "PutBucketLifecycleConfiguration": "LIFECYCLE",
    "GetBucketNotificationConfiguration": "NOTIFICATION",
    "PutBucketNotificationConfiguration": "NOTIFICATION",
    "GetBucketPolicyStatus": "POLICY_STATUS",
    "GetObjectLockConfiguration": "OBJECT_LOCK_CONFIGURATION",
    "PutObjectLockConfiguration": "OBJECT_LOCK_CONFIGURATION",
    "GetBucketOwnershipControls": "OWNERSHIP_CONTROLS",
    "GetPublicAccessBlock": "PUBLIC_ACCESS_BLOCK",
    "PutPublicAccessBlock": "PUBLIC_ACCESS_BLOCK",
    "RestoreObject": "OBJECT",
    "SelectObjectContent": "OBJECT",
}
"""What an operation is about, where its name does not say."""
_COPIES: Final = frozenset({"CopyObject", "UploadPartCopy"})
_KEY_SAFE: Final = "/-_.~!*'()"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One answer of a bucket, as far as it is known before its bytes leave. at_s: seconds since 1970."""

    bucket: str
    at_s: float
    text: str
    """Everything from the remote address on."""

    def written(self, owner: str) -> str:
        """The line of the log of a bucket that this account owns."""
        moment = datetime.fromtimestamp(self.at_s, UTC).strftime("[%d/%b/%Y:%H:%M:%S +0000]")
        return f"{canonical_user_id(owner)} {self.bucket} {moment} {self.text}\n"


def operation_of(name: str, method: str) -> str:
    """How the log calls an operation: `REST.PUT.OBJECT`."""
    if name in _COPIES:
        return f"REST.COPY.{_KINDS.get(name, 'OBJECT')}"
    kind = _KINDS.get(name)
    if kind is None:
        bare = name.removeprefix(method.capitalize())
        kind = _kind_of(bare)
    return f"REST.{method}.{kind}"


def line_of(
    request: Request,
    context: RequestContext | None,
    *,
    operation: str,
    bucket: str,
    key: str,
    version_id: str,
    response: Response,
    error_code: str,
    took_s: float,
    at_s: float,
    host_id: str,
) -> Line:
    """The line of one answer."""
    headers = request.headers
    sent_bytes = size_of(response)
    took_ms = str(round(took_s * 1000))
    fields = (
        request.peer or _NONE,
        _requester(context),
        context.request_id if context is not None else _NONE,
        operation_of(operation, request.method),
        quote(key, safe=_KEY_SAFE) if key else _NONE,
        _quoted(f"{request.method} {request.target} HTTP/1.1"),
        str(response.status),
        error_code or _NONE,
        str(sent_bytes) if sent_bytes else _NONE,
        str(sent_bytes) if sent_bytes and key and not error_code else _NONE,
        took_ms,
        took_ms,
        _quoted(headers.get("referer", "")),
        _quoted(headers.get("user-agent", "")),
        quote(version_id, safe="") or _NONE,
        host_id,
        *_signed(request),
        quote(headers.get("host", ""), safe="[]:") or _NONE,
        "TLSv1.3" if request.secure else _NONE,
        _NONE,
        _NONE,
    )
    return Line(bucket=bucket, at_s=at_s, text=" ".join(fields))


def _signed(request: Request) -> tuple[str, str, str]:
    """The version of the signature, the cipher, and where the signature was."""
    cipher = "TLS_AES_128_GCM_SHA256" if request.secure else _NONE
    authorization = request.headers.get("authorization", "")
    if authorization:
        return ("SigV2" if authorization.startswith("AWS ") else "SigV4"), cipher, "AuthHeader"
    if "X-Amz-Signature=" in request.query:
        return "SigV4", cipher, "QueryString"
    if "Signature=" in request.query:
        return "SigV2", cipher, "QueryString"
    return _NONE, cipher, _NONE


def _requester(context: RequestContext | None) -> str:
    if context is None or not context.principal.arn:
        return _NONE
    arn = context.principal.arn
    return canonical_user_id(context.account_id) if arn.endswith(":root") else arn


def _kind_of(bare: str) -> str:
    """`BucketVersioning` is VERSIONING, `ObjectTagging` OBJECT_TAGGING, `Object` OBJECT."""
    if bare.startswith("Object"):
        rest = bare.removeprefix("Object")
        return f"OBJECT_{_upper(rest)}" if rest else "OBJECT"
    rest = bare.removeprefix("Bucket").removesuffix("Configuration")
    return _upper(rest) if rest else "BUCKET"


def _upper(words: str) -> str:
    return "".join(f"_{each}" if each.isupper() and at else each for at, each in enumerate(words)).upper()


def _quoted(text: str) -> str:
    """A field that may hold anything: nothing in it ends it, or the line."""
    if not text:
        return '"-"'
    safe = "".join(each if each.isprintable() and each not in '"\\' else f"\\x{ord(each):02x}" for each in text)
    return f'"{safe}"'
