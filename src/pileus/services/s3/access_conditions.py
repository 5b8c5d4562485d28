"""Which condition keys does a request to S3 have?

Each is what the request says, so a key whose member is absent is absent; policies that deny count on it.

Sources: Service Authorization Reference, "Condition keys for Amazon S3"; S3 User Guide, "Bucket policy examples using
condition keys"; S3 API Reference, "Amazon S3 Signature Version 4 Authentication Specific Policy Keys".
"""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl

from pileus.kernel.auth.permissions import Conditions, KnownResource
from pileus.kernel.context import RequestContext

_MEMBERS: Final[Mapping[str, str]] = {
    "acl": "s3:x-amz-acl",
    "copy_source": "s3:x-amz-copy-source",
    "delimiter": "s3:delimiter",
    "grant_full_control": "s3:x-amz-grant-full-control",
    "grant_read": "s3:x-amz-grant-read",
    "grant_read_acp": "s3:x-amz-grant-read-acp",
    "grant_write": "s3:x-amz-grant-write",
    "grant_write_acp": "s3:x-amz-grant-write-acp",
    "if_match": "s3:if-match",
    "if_none_match": "s3:if-none-match",
    "max_keys": "s3:max-keys",
    "max_uploads": "s3:max-keys",
    "metadata_directive": "s3:x-amz-metadata-directive",
    "object_lock_legal_hold_status": "s3:object-lock-legal-hold",
    "object_lock_mode": "s3:object-lock-mode",
    "object_ownership": "s3:x-amz-object-ownership",
    "prefix": "s3:prefix",
    "server_side_encryption": "s3:x-amz-server-side-encryption",
    "sse_customer_algorithm": "s3:x-amz-server-side-encryption-customer-algorithm",
    "ssekms_key_id": "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "storage_class": "s3:x-amz-storage-class",
    "version_id": "s3:versionid",
    "website_redirect_location": "s3:x-amz-website-redirect-location",
}
_DAY_S: Final = 86_400
_FORM: Final = "PostObject"
"""What the context of a form says, which becomes a PutObject."""


def of_request(context: RequestContext, given: Any, known: KnownResource | None) -> Conditions:
    """The keys that an operation's input tells, and the tags of an object where they were looked for."""
    found: dict[str, str | Sequence[str]] = dict(known.details) if known is not None else {}
    found["s3:resourceaccount"] = known.account_id if known is not None and known.account_id else context.account_id
    for member, key in _MEMBERS.items():
        value = getattr(given, member, None)
        if value is not None:
            found[key] = str(value)
    found.update(_object_tags(getattr(given, "tagging", None)))
    found.update(_lock(given))
    made = getattr(given, "create_bucket_configuration", None)
    if made is not None:
        if made.location_constraint is not None:
            found["s3:locationconstraint"] = made.location_constraint
        tags = {tag.key: tag.value for tag in made.tags or ()}
        if tags:
            found["aws:tagkeys"] = tuple(tags)
            found.update({f"aws:requesttag/{key.lower()}": value for key, value in tags.items()})
    return found


def _object_tags(tagging: Any) -> Conditions:
    """Of a header or of a document. A header that cannot be read has none; the operation refuses it."""
    if tagging is None:
        return {}
    if isinstance(tagging, str):
        tags = dict(parse_qsl(tagging, keep_blank_values=True))
    else:
        tags = {tag.key: tag.value for tag in getattr(tagging, "tag_set", None) or ()}
    if not tags:
        return {}
    keys = {f"s3:requestobjecttag/{key.lower()}": value for key, value in tags.items()}
    return {**keys, "s3:requestobjecttagkeys": tuple(tags)}


def _lock(given: Any) -> Conditions:
    """Retention and legal holds that are given in documents, or in headers."""
    found: dict[str, str] = {}
    retention, hold = getattr(given, "retention", None), getattr(given, "legal_hold", None)
    until = _until(given)
    if until is not None:
        found["s3:object-lock-retain-until-date"] = until.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if retention is not None and retention.mode is not None:
        found["s3:object-lock-mode"] = retention.mode
    if hold is not None and hold.status is not None:
        found["s3:object-lock-legal-hold"] = hold.status
    return found


def _until(given: Any) -> datetime | None:
    retention = getattr(given, "retention", None)
    until: datetime | None = (
        retention.retain_until_date if retention is not None else getattr(given, "object_lock_retain_until_date", None)
    )
    return until


def of_headers(context: RequestContext, headers: Mapping[str, str], given: Any, now_s: float) -> Conditions:
    """The keys that tell how a request was signed, and how long what it locks stays locked."""
    found: dict[str, str | Sequence[str]] = {}
    until = _until(given)
    if until is not None:
        found["s3:object-lock-remaining-retention-days"] = str(math.ceil((until.timestamp() - now_s) / _DAY_S))
    if "x-amz-content-sha256" in headers:
        found["s3:x-amz-content-sha256"] = headers["x-amz-content-sha256"]
    if context.secure:
        found["s3:tlsversion"] = "1.2"
    if context.principal.access_key_id:
        found.update(_of_signature(context, headers, now_s))
    return found


def _of_signature(context: RequestContext, headers: Mapping[str, str], now_s: float) -> Conditions:
    signed_at = headers.get("x-amz-date", "")
    authorization = headers.get("authorization", "")
    if authorization:
        kind, version = "REST-HEADER", "AWS" if authorization.startswith("AWS ") else "AWS4-HMAC-SHA256"
    else:
        given = dict(parse_qsl(context.query))
        kind = "POST" if context.operation == _FORM else "REST-QUERY-STRING"
        version = "AWS4-HMAC-SHA256" if "X-Amz-Signature" in given else "AWS"
        signed_at = given.get("X-Amz-Date", "")
    found = {"s3:authtype": kind, "s3:signatureversion": version}
    try:
        at = datetime.strptime(signed_at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return found
    return {**found, "s3:signatureage": str(max(0, int((now_s - at.timestamp()) * 1000)))}
