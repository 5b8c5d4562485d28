"""Why is a request not believed, and how does AWS say so in each family of protocols?

The pure half of this package raises `NotAuthentic`; `refusal` turns it into the error a client of that protocol
knows. SDKs read these codes (a clock is corrected, a credential refreshed), so they are behaviour.

Source: each service's "Common Errors"; S3 API Reference, "Error responses"; the messages are those seen on the wire.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final

from pileus.kernel.errors import AnyServiceError
from pileus.kernel.http.messages import Request


class Family(Enum):
    """Protocols whose errors of authentication look alike."""

    QUERY = "query"
    """query, ec2, and rest-xml except S3: 403, bare codes."""
    JSON = "json"
    """json and rpc-v2-cbor: 400, codes ending in `Exception`."""
    REST_JSON = "rest-json"
    """403, codes ending in `Exception`."""
    S3 = "s3"


class Problem(Enum):
    MISSING = "nobody signed"
    INCOMPLETE = "a part of the signature is missing or malformed"
    UNSUPPORTED = "signed in a way that is not SigV4"
    UNKNOWN_KEY = "no such access key"
    INVALID_TOKEN = "the session token is not ours, or another key's"  # noqa: S105 - a message
    EXPIRED_TOKEN = "the session has ended"  # noqa: S105 - a message
    MISMATCH = "the signature is not the one we calculate"
    SCOPE = "signed for another day or service"
    SKEWED = "signed too long ago, or in the future"
    URL_EXPIRED = "the presigned URL has expired"
    QUERY_PARAMETERS = "S3: the query of a presigned URL is malformed"
    TWO_WAYS = "S3: signed in the header and in the query"
    UNDATED = "S3: a request or a URL says nothing of its time that can be read"
    UNSIGNED_HEADERS = "S3: an x-amz- header is not covered by the signature"
    HASH_MISSING = "S3: no x-amz-content-sha256"
    HASH_MISMATCH = "S3: the body is not the one that was hashed"


class NotAuthentic(Exception):
    """A request that is not believed.

    detail: what AWS would say, where it says something particular. members: what S3 tells beside its message.
    """

    def __init__(self, problem: Problem, detail: str = "", *, members: Mapping[str, str] | None = None) -> None:
        super().__init__(problem.value)
        self.problem = problem
        self.detail = detail
        self.members = members


_CALCULATED: Final = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)
_INVALID: Final = "The security token included in the request is invalid."
_EXPIRED: Final = "The security token included in the request is expired"
_UNSUPPORTED: Final = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."

_Answer = tuple[str, int, str]
"""Code, status, message when the problem brings no detail."""

_QUERY: Final[dict[Problem, _Answer]] = {
    Problem.MISSING: ("MissingAuthenticationToken", 403, "Request is missing Authentication Token"),
    Problem.INCOMPLETE: ("IncompleteSignature", 403, "The request signature does not conform to AWS standards."),
    Problem.UNSUPPORTED: ("IncompleteSignature", 403, _UNSUPPORTED),
    Problem.UNKNOWN_KEY: ("InvalidClientTokenId", 403, _INVALID),
    Problem.INVALID_TOKEN: ("InvalidClientTokenId", 403, _INVALID),
    Problem.EXPIRED_TOKEN: ("ExpiredToken", 403, _EXPIRED),
    Problem.MISMATCH: ("SignatureDoesNotMatch", 403, _CALCULATED),
    Problem.SCOPE: ("SignatureDoesNotMatch", 403, _CALCULATED),
    Problem.SKEWED: ("SignatureDoesNotMatch", 403, _CALCULATED),
    Problem.URL_EXPIRED: ("RequestExpired", 400, "Request has expired."),
}

_JSON: Final[dict[Problem, _Answer]] = {
    Problem.MISSING: ("MissingAuthenticationTokenException", 400, "Request is missing Authentication Token"),
    Problem.INCOMPLETE: (
        "IncompleteSignatureException",
        400,
        "The request signature does not conform to AWS standards.",
    ),
    Problem.UNSUPPORTED: ("IncompleteSignatureException", 400, _UNSUPPORTED),
    Problem.UNKNOWN_KEY: ("UnrecognizedClientException", 400, _INVALID),
    Problem.INVALID_TOKEN: ("UnrecognizedClientException", 400, _INVALID),
    Problem.EXPIRED_TOKEN: ("ExpiredTokenException", 400, _EXPIRED),
    Problem.MISMATCH: ("InvalidSignatureException", 400, _CALCULATED),
    Problem.SCOPE: ("InvalidSignatureException", 400, _CALCULATED),
    Problem.SKEWED: ("InvalidSignatureException", 400, _CALCULATED),
    Problem.URL_EXPIRED: ("InvalidSignatureException", 400, "Signature expired."),
}

_S3: Final[dict[Problem, _Answer]] = {
    Problem.MISSING: ("AccessDenied", 403, "Access Denied"),
    Problem.INCOMPLETE: (
        "AuthorizationHeaderMalformed",
        400,
        "The authorization header that you provided is not valid.",
    ),
    Problem.UNSUPPORTED: ("InvalidRequest", 400, _UNSUPPORTED),
    Problem.UNKNOWN_KEY: (
        "InvalidAccessKeyId",
        403,
        "The AWS Access Key Id you provided does not exist in our records.",
    ),
    Problem.INVALID_TOKEN: ("InvalidToken", 400, "The provided token is malformed or otherwise invalid."),
    Problem.EXPIRED_TOKEN: ("ExpiredToken", 400, "The provided token has expired."),
    Problem.MISMATCH: (
        "SignatureDoesNotMatch",
        403,
        "The request signature we calculated does not match the signature you provided. "
        "Check your key and signing method.",
    ),
    Problem.SCOPE: ("AuthorizationHeaderMalformed", 400, "The authorization header is malformed"),
    Problem.SKEWED: (
        "RequestTimeTooSkewed",
        403,
        "The difference between the request time and the current time is too large.",
    ),
    Problem.URL_EXPIRED: ("AccessDenied", 403, "Request has expired"),
    Problem.QUERY_PARAMETERS: (
        "AuthorizationQueryParametersError",
        400,
        "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
        "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
    ),
    Problem.TWO_WAYS: (
        "InvalidArgument",
        400,
        "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter "
        "or the Authorization header should be specified",
    ),
    Problem.UNDATED: ("AccessDenied", 403, "AWS authentication requires a valid Date or x-amz-date header"),
    Problem.UNSIGNED_HEADERS: (
        "AccessDenied",
        403,
        "There were headers present in the request which were not signed",
    ),
    Problem.HASH_MISSING: (
        "InvalidRequest",
        400,
        "Missing required header for this request: x-amz-content-sha256",
    ),
    Problem.HASH_MISMATCH: (
        "XAmzContentSHA256Mismatch",
        400,
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
    ),
}

_FIXED_IN_S3: Final = frozenset({Problem.SKEWED, Problem.URL_EXPIRED})
"""S3 says these in its own words, whatever the detail."""

_REST_XML: Final = frozenset({"cloudfront", "route53", "s3control"})
"""Services that speak rest-xml beside S3; their errors of authentication are the query family's."""


def family_of(request: Request, service: str | None) -> Family:
    """Which family's words this client understands: by what it sent, since some services speak several."""
    if service == "s3":
        return Family.S3
    headers = request.headers
    if "x-amz-target" in headers or "smithy-protocol" in headers:
        return Family.JSON
    content_type = headers.get("content-type", "")
    if content_type.startswith("application/x-amz-json"):
        return Family.JSON
    if service in _REST_XML or content_type.startswith("application/x-www-form-urlencoded"):
        return Family.QUERY
    if request.query.startswith("Action=") or "&Action=" in request.query:
        return Family.QUERY
    return Family.REST_JSON


def refusal(refused: NotAuthentic, family: Family) -> AnyServiceError:
    """The error that AWS sends to a client of `family`."""
    problem, detail = refused.problem, refused.detail
    if family is Family.S3:
        code, status, message = _S3[problem]
        text = message if problem in _FIXED_IN_S3 else detail or message
        return AnyServiceError(code, text, status=status, members=refused.members)
    code, status, message = (_QUERY if family is Family.QUERY else _JSON)[problem]
    return AnyServiceError(code, detail or message, status=403 if family is Family.REST_JSON else status)
