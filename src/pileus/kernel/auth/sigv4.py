"""Is this request signed with that key, for now and for here?

Pure functions over what was sent. The order of checks: the claim's time and scope, then the signature. The payload's
hash is computed here for every service but S3, whose clients state it in `x-amz-content-sha256` (S3 checks a stated
hash against the body; a streaming marker is checked chunk by chunk by whoever reads the body).

Source: IAM User Guide, "AWS Signature Version 4 for API requests"; S3 API Reference, "Authenticating Requests".
"""

import calendar
import hmac
import re
import time
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Final

from pileus.kernel.auth import canonical
from pileus.kernel.auth.claims import ALGORITHM, Claim
from pileus.kernel.auth.mac import Mac
from pileus.kernel.auth.refusals import NotAuthentic, Problem

SKEW_S_MAX: Final = 15 * 60
"""How far the signer's clock may be from ours. Source: IAM User Guide, "Troubleshoot signed requests"."""

UNSIGNED_PAYLOAD: Final = "UNSIGNED-PAYLOAD"
SIGNED_EVENTS: Final = "STREAMING-AWS4-HMAC-SHA256-EVENTS"
"""The body is a stream of events, each of which is signed by itself (`chunks`)."""
_NOT_HASHED: Final = frozenset({UNSIGNED_PAYLOAD, SIGNED_EVENTS})
_EMPTY_SHA256: Final = sha256(b"").hexdigest()
_HEX_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_HEX_CHARS: Final = 64
_TIME_S_MAX: Final = 253_402_300_799
"""The end of the year 9999, beyond which no calendar goes."""
_COVERED: Final = frozenset({"x-amz-content-sha256"})
_AMZ_DATE_CHARS: Final = 16
_AMZ_DATE: Final = re.compile(r"\d{8}T\d{6}Z", re.ASCII)


@lru_cache(maxsize=1024)
def signing_key(secret_access_key: str, date: str, region: str, service: str) -> bytes:
    """The key of one secret, day, region and service; remembered, for it costs four HMACs."""
    key = f"AWS4{secret_access_key}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode("latin-1"), "sha256")
    return key


@lru_cache(maxsize=1024)
def signing_mac(secret_access_key: str, date: str, region: str, service: str) -> Mac:
    """The same, ready to check signatures."""
    return Mac(signing_key(secret_access_key, date, region, service))


def verify(
    claim: Claim,
    *,
    method: str,
    path: str,
    headers: Mapping[str, str],
    payload_hash: str,
    secret_access_key: str,
) -> None:
    """Return when `claim.signature` is what this secret gives; NotAuthentic (MISMATCH) otherwise.

    path: as sent, still percent-encoded. payload_hash: from `payload_hash_of`.
    """
    scope = claim.scope
    s3 = scope.s3
    query = claim.query
    try:
        mac = signing_mac(secret_access_key, scope.date, scope.region, scope.service)
        tail = f"{scope.lines.of(headers)}\n{scope.signed_headers_text}\n{payload_hash}"
        told = f"{ALGORITHM}\n{claim.amz_date}\n{scope.text}\n"
        spelled = path if s3 else canonical.path_as_sent(path)
        as_sent = f"{method}\n{spelled}\n{canonical.query_as_sent(query) if query else ''}\n"
        if _matches(claim.signature, mac, told, as_sent + tail):
            return
        reencoded_path = canonical.s3_path_reencoded(path) if s3 else canonical.path_reencoded(path)
        reencoded = f"{method}\n{reencoded_path}\n{canonical.query_reencoded(query)}\n"
        if reencoded != as_sent and _matches(claim.signature, mac, told, reencoded + tail):
            return
    except (KeyError, UnicodeEncodeError):
        # A signed header did not arrive, or a byte came that no client could have signed.
        as_sent = f"{method}\n{path}\n{canonical.query_as_sent(query)}\n"
        block = scope.lines.of({**dict.fromkeys(scope.signed_headers, ""), **headers})
        tail = f"{block}\n{scope.signed_headers_text}\n{payload_hash}"
    raise NotAuthentic(Problem.MISMATCH, members=_told_by_s3(claim, as_sent + tail) if s3 else None)


def _told_by_s3(claim: Claim, request: str) -> dict[str, str]:
    """What S3 would have had signed, for whoever looks for the difference. request: the canonical one.

    Recording s3/s3, TestS3PresignedUrl.test_presigned_url_signature_authentication[s3v4-False].
    """
    sent = request.encode("latin-1", errors="replace")
    text = f"{ALGORITHM}\n{claim.amz_date}\n{claim.scope.text}\n{sha256(sent).hexdigest()}"
    return {
        "AWSAccessKeyId": claim.scope.access_key_id,
        "StringToSign": text,
        "SignatureProvided": claim.signature,
        "StringToSignBytes": text.encode(errors="replace").hex(" "),
        "CanonicalRequest": sent.decode(errors="replace"),
        "CanonicalRequestBytes": sent.hex(" "),
    }


def _matches(signature: str, mac: Mac, told: str, request: str) -> bool:
    # latin-1 gives back the very bytes that came over the wire.
    expected = mac.hexdigest(f"{told}{sha256(request.encode('latin-1')).hexdigest()}".encode("latin-1"))
    return hmac.compare_digest(expected.encode(), signature.encode("latin-1"))


def payload_hash_of(claim: Claim, headers: Mapping[str, str], body: bytes | None) -> str:
    """What the last line of the canonical request says of the body.

    body: None when it is a stream that has not been read; then only S3 can be answered.
    """
    stated = headers.get("x-amz-content-sha256")
    if not claim.scope.s3:
        # Proven by the signature, which covers this line: the signer left the body out on purpose.
        if stated in _NOT_HASHED:
            return stated
        return sha256(body).hexdigest() if body else _EMPTY_SHA256
    if stated is None:
        if claim.presigned:
            return UNSIGNED_PAYLOAD
        raise NotAuthentic(Problem.HASH_MISSING)
    if body is not None and len(stated) == _HEX_CHARS:
        found = sha256(body).hexdigest() if body else _EMPTY_SHA256
        if stated != found and _HEX_SHA256.fullmatch(stated):
            raise NotAuthentic(Problem.HASH_MISMATCH)
    return stated


def check_headers(claim: Claim, headers: Mapping[str, str]) -> None:
    """S3 takes orders from `x-amz-` headers, so all of them must be signed; NotAuthentic (UNSIGNED_HEADERS)."""
    if not claim.scope.s3:
        return
    signed = claim.scope.signed_headers
    for name in headers:
        # The content hash is covered by the canonical request's last line.
        if name.startswith("x-amz-") and name not in signed and name != "x-amz-content-sha256":
            left = sorted({name for name in headers if name.startswith("x-amz-")}.difference(signed, _COVERED))
            raise NotAuthentic(Problem.UNSIGNED_HEADERS, members={"HeadersNotSigned": ", ".join(left)})


def check_service(claim: Claim, signing_name: str) -> None:
    """NotAuthentic (SCOPE) when the request was signed for another service than the one it reached."""
    if claim.scope.service != signing_name:
        raise NotAuthentic(Problem.SCOPE, f"Credential should be scoped to correct service: '{signing_name}'. ")


def check_time(claim: Claim, now_s: float) -> None:
    """NotAuthentic (SKEWED, URL_EXPIRED, SCOPE, INCOMPLETE) unless the signature is of now."""
    amz_date = claim.amz_date
    signed_s = _seconds(amz_date) if len(amz_date) == _AMZ_DATE_CHARS else None
    if signed_s is None:
        raise NotAuthentic(
            Problem.INCOMPLETE, f"Date must be in ISO-8601 'basic format'. Got '{amz_date}'. See ISO 8601."
        )
    if amz_date[:8] != claim.scope.date:
        raise NotAuthentic(
            Problem.SCOPE,
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{claim.scope.date}' != '{amz_date[:8]}', from '{amz_date}'.",
        )
    if signed_s > now_s + SKEW_S_MAX:
        raise NotAuthentic(
            Problem.SKEWED,
            f"Signature not yet current: {amz_date} is still later than {_text(now_s + SKEW_S_MAX)} "
            f"({_text(now_s)} + 15 min.)",
        )
    if claim.expires_s is not None:
        check_expiry(claim, now_s)
    elif claim.presigned and claim.scope.s3:
        raise NotAuthentic(Problem.INCOMPLETE, "AWS query-string parameters must include 'X-Amz-Expires'.")
    elif signed_s < now_s - SKEW_S_MAX:
        raise NotAuthentic(
            Problem.SKEWED,
            f"Signature expired: {amz_date} is now earlier than {_text(now_s - SKEW_S_MAX)} ({_text(now_s)} - 15 min.)",
        )


def check_expiry(claim: Claim, now_s: float) -> None:
    """NotAuthentic (URL_EXPIRED) when a presigned URL says that its time is over; nothing else is looked at."""
    signed_s = _seconds(claim.amz_date)
    if signed_s is None or claim.expires_s is None or now_s <= signed_s + claim.expires_s:
        return
    told = expired(signed_s + claim.expires_s, now_s, lasted_s=claim.expires_s) if claim.scope.s3 else None
    raise NotAuthentic(Problem.URL_EXPIRED, members=told)


def expired(at_s: float, now_s: float, *, lasted_s: int | None = None) -> dict[str, str]:
    """What S3 tells of a URL that has expired. lasted_s: `X-Amz-Expires` of a version 4 URL.

    Recording s3/s3, TestS3PresignedUrl.test_s3_presigned_url_expired, of both versions.
    """
    told = {} if lasted_s is None else {"X-Amz-Expires": str(lasted_s)}
    return {**told, "Expires": iso(at_s), "ServerTime": iso(now_s)}


def iso(seconds: float) -> str:
    """As S3 tells times in errors."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(min(max(seconds, 0), _TIME_S_MAX)))


@lru_cache(maxsize=256)
def _seconds(amz_date: str) -> int | None:
    """Seconds since 1970; None when it is no date. Requests of one second share the answer."""
    if not _AMZ_DATE.fullmatch(amz_date):
        return None
    try:
        return calendar.timegm(time.strptime(amz_date, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        return None


def _text(seconds: float) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(seconds))
