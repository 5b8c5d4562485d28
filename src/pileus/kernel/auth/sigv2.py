"""Is this request to S3 signed by Signature Version 2?

`Authorization: AWS KEY:SIGNATURE`, or a URL with `AWSAccessKeyId`, `Expires` and `Signature`. What is signed: the
method, three headers, all `x-amz-` headers, and the resource, which is the bucket, the path as sent, and those
parameters that name a part of the resource or order another answer.

Source: S3 User Guide, "Signing and authenticating REST requests (AWS signature version 2)"; recordings s3/s3,
TestS3PresignedUrl, wherever they are parametrised with `s3`.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import unquote, unquote_plus, unquote_to_bytes

import msgspec

from pileus.kernel.auth.presigned import presigned, with_query
from pileus.kernel.auth.refusals import NotAuthentic, Problem
from pileus.kernel.auth.sigv4 import SKEW_S_MAX, expired, iso
from pileus.kernel.http.messages import Request
from pileus.kernel.wire.bucket_hosts import path_of

_MARK: Final = re.compile(r"(?:^|&)(?:AWSAccessKeyId|Signature)=")
_EXPIRES: Final = re.compile(r"[0-9]{1,10}")
_AMZ_DATE: Final = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_EXPIRES_S_MAX: Final = 2**31 - 1
_SUBRESOURCES: Final = frozenset(
    {
        *("accelerate", "acl", "analytics", "cors", "defaultObjectAcl", "delete", "encryption", "intelligent-tiering"),
        *("inventory", "legal-hold", "lifecycle", "location", "logging", "metrics", "notification", "object-lock"),
        *("ownershipControls", "partNumber", "policy", "policyStatus", "publicAccessBlock", "replication"),
        *("requestPayment", "restore", "retention", "select", "select-type", "storageClass", "tagging", "torrent"),
        *("uploadId", "uploads", "versionId", "versioning", "versions", "website"),
        *("response-cache-control", "response-content-disposition", "response-content-encoding"),
        *("response-content-language", "response-content-type", "response-expires"),
        *("abac", "annotation", "attributes", "metadataAnnotationTable", "metadataConfiguration"),
        *("metadataInventoryTable", "metadataJournalTable", "metadataTable", "renameObject", "session"),
    }
)
"""What of a query is signed: with the page's list, whatever makes a request one for another operation."""
_SIGNED_BY_FEW: Final = frozenset(
    {"encryption", "intelligent-tiering", "legal-hold", "ownershipControls", "policyStatus", "publicAccessBlock"}
    | {"abac", "annotation", "attributes", "metadataAnnotationTable", "metadataConfiguration"}
    | {"metadataInventoryTable", "metadataJournalTable", "metadataTable", "renameObject", "retention", "session"}
)
"""Clients differ in whether they sign these: botocore does not. In a header either is accepted; in a URL they must be
signed, or whoever holds one to upload an object could order another thing by it."""


class OldClaim(msgspec.Struct, frozen=True):
    """One signature. expires_at_s: since 1970, of a URL; None in a header, whose time is its date's."""

    access_key_id: str
    signature: str
    expires_at_s: int | None
    session_token: str | None


def old_claim_of(request: Request) -> OldClaim | None:
    """What the request says of its signature; None when that is not of version 2.

    NotAuthentic (TWO_WAYS, INCOMPLETE, UNDATED): it brings something that cannot be one.
    """
    authorization, query = request.headers.get("authorization"), request.query
    in_query = bool(query) and _MARK.search(query) is not None
    if authorization is None:
        return _from_query(request) if in_query else None
    if in_query or presigned(query):
        told = {"ArgumentName": "Authorization", "ArgumentValue": authorization}
        raise NotAuthentic(Problem.TWO_WAYS, members=told)
    if not authorization.startswith("AWS "):
        return None
    access_key_id, colon, signature = authorization[4:].strip(" ").rpartition(":")
    if not colon or not access_key_id:
        raise NotAuthentic(
            Problem.INCOMPLETE, "AWS authorization header is invalid.  Expected AwsAccessKeyId:signature"
        )
    return OldClaim(access_key_id, signature, None, request.headers.get("x-amz-security-token") or None)


def _from_query(request: Request) -> OldClaim:
    given: dict[str, str] = {}
    for part in request.query.split("&"):
        name, _, value = part.partition("=")
        given.setdefault(unquote(name), unquote(value))
    if not (given.get("Signature") and given.get("Expires") and given.get("AWSAccessKeyId")):
        raise NotAuthentic(
            Problem.UNDATED, "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters"
        )
    expires = given["Expires"]
    if not _EXPIRES.fullmatch(expires) or int(expires) > _EXPIRES_S_MAX:
        raise NotAuthentic(Problem.UNDATED, f"Invalid date (should be seconds since epoch): {expires}")
    token = given.get("x-amz-security-token") or given.get("X-Amz-Security-Token")
    return OldClaim(
        given["AWSAccessKeyId"],
        given["Signature"],
        int(expires),
        token or request.headers.get("x-amz-security-token") or None,
    )


def check_expiry(claim: OldClaim, now_s: float) -> None:
    """NotAuthentic (URL_EXPIRED)."""
    if claim.expires_at_s is not None and now_s > claim.expires_at_s:
        raise NotAuthentic(Problem.URL_EXPIRED, members=expired(claim.expires_at_s, now_s))


def check_date(claim: OldClaim, headers: Mapping[str, str], now_s: float) -> None:
    """NotAuthentic (UNDATED, SKEWED) unless a request that is signed in its header is of now."""
    if claim.expires_at_s is not None:
        return
    text = headers.get("x-amz-date") or headers.get("date") or ""
    signed_s = _seconds(text)
    if signed_s is None:
        raise NotAuthentic(Problem.UNDATED)
    if abs(signed_s - now_s) > SKEW_S_MAX:
        told = {"RequestTime": text, "ServerTime": iso(now_s), "MaxAllowedSkewMilliseconds": str(SKEW_S_MAX * 1000)}
        raise NotAuthentic(Problem.SKEWED, members=told)


def _seconds(text: str) -> float | None:
    if len(text) > 64:
        return None
    if _AMZ_DATE.fullmatch(text):
        text = f"{text[6:8]} {_MONTHS[int(text[4:6]) % 13]} {text[:4]} {text[9:11]}:{text[11:13]}:{text[13:15]} GMT"
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None


_MONTHS: Final = ("", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def verify(claim: OldClaim, request: Request, *, secret_access_key: str) -> None:
    """Return when the signature is what this secret gives; NotAuthentic (MISMATCH) otherwise."""
    headers = with_query(request, version_2=True) if claim.expires_at_s is not None else request.headers
    signature = _decoded(claim.signature)
    path = path_of(request)
    text = string_to_sign(claim, request, headers, path=path)
    if _signed(text, signature, secret_access_key):
        return
    # A bucket alone is signed with a slash behind it by botocore, whose requests AWS takes.
    leaving_out = (frozenset[str](), _SIGNED_BY_FEW) if claim.expires_at_s is None else (frozenset[str](),)
    for other in (path, path if path.count("/") > 1 else f"{path}/"):
        for left_out in leaving_out:
            again = string_to_sign(claim, request, headers, path=other, left_out=left_out)
            if again != text and _signed(again, signature, secret_access_key):
                return
    sent = text.encode("latin-1", errors="replace")
    raise NotAuthentic(
        Problem.MISMATCH,
        members={
            "AWSAccessKeyId": claim.access_key_id,
            "StringToSign": sent.decode(errors="replace"),
            "SignatureProvided": claim.signature,
            "StringToSignBytes": sent.hex(" "),
        },
    )


def string_to_sign(
    claim: OldClaim, request: Request, headers: Mapping[str, str], *, path: str, left_out: frozenset[str] = frozenset()
) -> str:
    """Bytes as latin-1, as they came. headers: with those that the query stands for. path: the bucket first.

    left_out: of the query.
    """
    date = str(claim.expires_at_s)
    if claim.expires_at_s is None:
        date = "" if "x-amz-date" in headers else headers.get("date", "")
    names = {name for name in headers if name.startswith("x-amz-")}
    token = claim.session_token
    values = {name: " ".join(headers[name].split(" ")).strip(" ") for name in names}
    if token is not None and "x-amz-security-token" not in values:
        values["x-amz-security-token"] = token
    amz = "".join([f"{name}:{values[name]}\n" for name in sorted(values)])
    resource = path + _signed_query(request.query, left_out)
    md5, content_type = headers.get("content-md5", ""), headers.get("content-type", "")
    return f"{request.method}\n{md5}\n{content_type}\n{date}\n{amz}{resource}"


def _signed_query(query: str, left_out: frozenset[str]) -> str:
    if not query:
        return ""
    signed: list[tuple[str, str | None]] = []
    for part in query.split("&"):
        name, equals, value = part.partition("=")
        name = unquote_plus(name)  # as whoever looks for the operation reads it
        if name in _SUBRESOURCES and name not in left_out:
            bare = unquote_to_bytes(value.encode("latin-1")).decode("latin-1")
            signed.append((name, bare if equals and bare else None))
    signed.sort(key=lambda pair: pair[0])
    text = "&".join([name if value is None else f"{name}={value}" for name, value in signed])
    return f"?{text}" if text else ""


def _decoded(signature: str) -> bytes:
    try:
        return base64.b64decode(signature.encode(), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _signed(text: str, signature: bytes, secret_access_key: str) -> bool:
    try:
        return hmac.compare_digest(hmac.digest(secret_access_key.encode(), text.encode("latin-1"), "sha1"), signature)
    except UnicodeEncodeError:  # a byte that no client could have signed
        return False
