"""What does S3 ask of a presigned URL, and what do its parameters say in the place of headers?

Whoever signs a URL may put `x-amz-` headers into its query, where the signature covers them: they hold as if they had
been sent. A URL that is incomplete, or has expired, is refused whoever made it, in open mode too: it says so itself.

Sources: S3 API Reference, "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)"; recordings
s3/s3, TestS3PresignedUrl (test_s3_put_presigned_url_missing_sig_param, test_presigned_double_encoded_credentials,
test_presigned_url_v4_x_amz_in_qs, test_put_url_metadata_with_sig_s3).
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote, unquote_to_bytes

from pileus.kernel.auth.claims import ALGORITHM, PRESIGN_EXPIRES_S_MAX
from pileus.kernel.auth.refusals import NotAuthentic, Problem
from pileus.kernel.http.messages import Request

_REQUIRED: Final = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Signature",
    "X-Amz-Date",
    "X-Amz-SignedHeaders",
    "X-Amz-Expires",
)
_OF_THE_SIGNATURE: Final = frozenset({*(name.lower() for name in _REQUIRED), "x-amz-security-token"})
_OF_VERSION_2: Final = frozenset({"content-type", "content-md5"})
_SUMS: Final = ("x-amz-checksum-", "x-amz-sdk-checksum-algorithm")
_MARK: Final = re.compile(r"(?:^|&)X-Amz-(?:Algorithm|Credential|Signature)=")
_DATE: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_DAY: Final = re.compile(r"[0-9]{8}")
_NUMBER: Final = re.compile(r"-?[0-9]{1,19}")
_CREDENTIAL: Final = "Error parsing the X-Amz-Credential parameter; "
EXPECTED_CREDENTIAL: Final = (
    'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'
)


def presigned(query: str) -> bool:
    """Whether a query claims to be signed by version 4."""
    return "X-Amz-" in query and _MARK.search(query) is not None


def check_form(query: str) -> None:
    """NotAuthentic (QUERY_PARAMETERS) unless a presigned query has all that S3 wants, in its form."""
    given: dict[str, str] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        given.setdefault(unquote(name), unquote(value))
    if not all(given.get(name) for name in _REQUIRED):
        raise NotAuthentic(Problem.QUERY_PARAMETERS)
    if given["X-Amz-Algorithm"] != ALGORITHM:
        raise _refused('X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"')
    _check_expires(given["X-Amz-Expires"])
    _check_credential(given["X-Amz-Credential"])
    if not _DATE.fullmatch(given["X-Amz-Date"]):
        raise _refused("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
    day, signed = given["X-Amz-Credential"].rsplit("/", 4)[1], given["X-Amz-Date"]
    if day != signed[:8]:
        raise _refused(f'Invalid credential date "{day}". This date is not the same as X-Amz-Date: "{signed[:8]}".')


def _check_expires(text: str) -> None:
    if not _NUMBER.fullmatch(text) or int(text) >= 2**63:
        raise _refused("X-Amz-Expires should be a number")
    if int(text) < 0:
        raise _refused("X-Amz-Expires must be non-negative")
    if int(text) > PRESIGN_EXPIRES_S_MAX:
        raise _refused(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than "
            f"{PRESIGN_EXPIRES_S_MAX} seconds"
        )


def _check_credential(text: str) -> None:
    if (wrong := credential_flaw(text)) is not None:
        raise _refused(_CREDENTIAL + wrong)


def credential_flaw(text: str) -> str | None:
    """What S3 finds wrong with a credential in a URL or a form, in its own words; None when nothing is."""
    parts = text.rsplit("/", 4)
    if len(parts) != 5 or not all(parts[1:]):
        return EXPECTED_CREDENTIAL
    access_key_id, day, _, service, terminal = parts
    if not access_key_id:
        return "a non-empty Access Key (AKID) must be provided in the credential."
    if terminal != "aws4_request":
        return f'incorrect terminal "{terminal}". This endpoint uses "aws4_request".'
    if service != "s3":
        return f'incorrect service "{service}". This endpoint belongs to "s3".'
    if not _DAY.fullmatch(day):
        return f'incorrect date format "{day}". This date in the credential must be in the format "yyyyMMdd".'
    return None


def _refused(text: str) -> NotAuthentic:
    return NotAuthentic(Problem.QUERY_PARAMETERS, text)


def with_query(request: Request, *, version_2: bool = False) -> Mapping[str, str]:
    """The headers of a request with a presigned URL, those of its query included; what was sent as a header wins.

    version_2: in which `Content-Type` and `Content-MD5` belong to them too.
    """
    found: dict[str, str] = {}
    for part in request.query.split("&"):
        name, _, value = part.partition("=")
        name = unquote(name).lower()
        if (name.startswith("x-amz-") and name not in _OF_THE_SIGNATURE) or (version_2 and name in _OF_VERSION_2):
            found.setdefault(name, unquote_to_bytes(value.encode("latin-1")).decode("latin-1"))
    return {**found, **request.headers} if found else request.headers


def ordered(request: Request, *, version_2: bool = False) -> Mapping[str, str]:
    """The same, but for what orders nothing in a URL: checksums, which JavaScript's SDK makes of no body at all.

    S3 takes no notice of them: aws/aws-sdk-js-v3 issue 4448, aws/aws-sdk-go-v2 issue 2610, localstack issue 12169.
    """
    headers = with_query(request, version_2=version_2)
    if headers is request.headers:
        return headers
    sent = request.headers
    return {name: text for name, text in headers.items() if name in sent or not name.startswith(_SUMS)}
