"""Who does a request say has signed it, and how?

A `Claim` is what a signature states about itself; nothing of it is believed before `sigv4.verify`. It is read from the
`Authorization` header or from the query of a presigned URL.
"""

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

import msgspec

from pileus.kernel.auth.canonical import HeaderLines
from pileus.kernel.auth.refusals import NotAuthentic, Problem
from pileus.kernel.http.messages import Request

ALGORITHM: Final = "AWS4-HMAC-SHA256"
PRESIGN_EXPIRES_S_MAX: Final = 604_800
"""Seven days. Source: S3 API Reference, "Authenticating Requests: Using Query Parameters"."""

_BLANKS: Final = " \t"
"""Not everything str.strip() takes away: these are bytes read as latin-1."""
_DATE_CHARS_MAX: Final = 64
_TERMINATOR: Final = "aws4_request"
_PREFIX_CHARS_CACHED_MAX: Final = 1024
_PREFIX_PARTS: Final = ("Credential=", "SignedHeaders=")
_SCOPE_CHARS_MAX: Final = 256
"""No region or service has a name near that; signing keys are remembered by them."""
_S3_SCOPES: Final = frozenset({"s3", "s3express", "s3-object-lambda", "s3-outposts"})


class Scope(msgspec.Struct, frozen=True):
    """The part of a claim which a client repeats all day, so it is parsed once.

    text: `DATE/REGION/SERVICE/aws4_request`. signed_headers: lower case, in the order the client signed them; lines:
    how they are written. s3: whether S3's canonicalisation applies.
    """

    access_key_id: str
    date: str
    region: str
    service: str
    text: str
    signed_headers: tuple[str, ...]
    signed_headers_text: str
    lines: HeaderLines
    s3: bool


class Claim(msgspec.Struct, frozen=True):
    """One signature. amz_date: `YYYYMMDDTHHMMSSZ`; query: what was signed of it; expires_s: of a presigned URL."""

    scope: Scope
    signature: str
    amz_date: str
    query: str
    session_token: str | None = None
    expires_s: int | None = None
    presigned: bool = False


def claim_of(request: Request) -> Claim | None:
    """What the request says of its signature; None when it brings none.

    NotAuthentic (INCOMPLETE, UNSUPPORTED, SCOPE): it brings something that cannot be one.
    """
    authorization = request.headers.get("authorization")
    if authorization is not None and authorization.startswith("AWS"):
        return _from_header(authorization, request)
    if "X-Amz-Algorithm=" in request.query or "X-Amz-Credential=" in request.query:
        return _from_query(request)
    return None


def access_key_id_of(request: Request) -> str:
    """The key that a request names, however badly it is signed; "" when it names none. For open mode only."""
    authorization = request.headers.get("authorization", "")
    if authorization.startswith("AWS4-"):
        text = authorization.partition("Credential=")[2]
    elif authorization.startswith("AWS "):
        return authorization[4:].strip().partition(":")[0]
    else:
        parameters = _parameters(request.query)
        text = parameters.get("X-Amz-Credential") or parameters.get("AWSAccessKeyId") or ""
    return text.partition("/")[0].partition(",")[0].strip()


def _from_header(authorization: str, request: Request) -> Claim:
    prefix, _, signature = authorization.rpartition("Signature=")
    if not prefix or "," in signature:
        prefix, signature = _signature_elsewhere(authorization)
    # Long prefixes are not remembered, so that a stranger cannot fill the memory with them.
    parse = _parse_prefix_cached if len(prefix) <= _PREFIX_CHARS_CACHED_MAX else _parse_prefix
    headers = request.headers
    return Claim(
        parse(prefix),
        signature.strip(_BLANKS),
        headers.get("x-amz-date") or _date_header(headers),
        request.query,
        headers.get("x-amz-security-token") or None,
    )


def _signature_elsewhere(authorization: str) -> tuple[str, str]:
    """A header whose `Signature` does not come last, taken apart."""
    algorithm, _, rest = authorization.partition(" ")
    parts = [part.strip(_BLANKS) for part in rest.split(",")]
    signature = next((part[10:] for part in parts if part.startswith("Signature=")), "")
    if not signature and algorithm == ALGORITHM:
        raise NotAuthentic(Problem.INCOMPLETE, "Authorization header requires 'Signature' parameter.")
    return f"{algorithm} {', '.join(part for part in parts if not part.startswith('Signature='))}", signature


def _date_header(headers: Mapping[str, str]) -> str:
    """`Date` stands in where `X-Amz-Date` is absent (IAM User Guide, "Elements of an AWS API request signature")."""
    text = headers.get("date")
    if text is None:
        raise NotAuthentic(
            Problem.INCOMPLETE,
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
        )
    if len(text) > _DATE_CHARS_MAX:
        return text
    try:
        moment = parsedate_to_datetime(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        return moment.strftime("%Y%m%dT%H%M%SZ")
    except (ValueError, OverflowError):  # also a year or an offset that no calendar reaches
        return text


def _parse_prefix(prefix: str) -> Scope:
    algorithm, _, rest = prefix.partition(" ")
    if algorithm != ALGORITHM:
        raise NotAuthentic(Problem.UNSUPPORTED)
    # Ends with the comma that stood before the signature.
    parts = [part.strip(_BLANKS) for part in rest.rstrip(_BLANKS).removesuffix(",").split(",")]
    given = dict(part.split("=", 1) for part in parts if part.startswith(_PREFIX_PARTS))
    if len(given) != len(parts) and rest:
        # Whoever else reads this header (routing, for the region) must see the very scope that is verified.
        raise NotAuthentic(Problem.INCOMPLETE, "Authorization header holds an unknown or repeated parameter.")
    absent = [name for name in ("Credential", "SignedHeaders") if not given.get(name)]
    if absent:
        raise NotAuthentic(
            Problem.INCOMPLETE, " ".join(f"Authorization header requires '{name}' parameter." for name in absent)
        )
    return _scope(given["Credential"], given["SignedHeaders"])


_parse_prefix_cached = lru_cache(maxsize=4096)(_parse_prefix)


def _scope(credential: str, signed_headers: str) -> Scope:
    parts = credential.rsplit("/", 4)
    if len(parts) != 5 or not all(parts):
        raise NotAuthentic(
            Problem.INCOMPLETE,
            "Credential must have exactly 5 slash-delimited elements, "
            f"e.g. keyid/date/region/service/term, got '{credential}'",
        )
    access_key_id, date, region, service, terminator = parts
    if terminator != _TERMINATOR:
        raise NotAuthentic(
            Problem.SCOPE, f"Credential should be scoped with a valid terminator: '{_TERMINATOR}', not '{terminator}'."
        )
    names = tuple(signed_headers.split(";"))
    if "host" not in names:
        # Otherwise a request signed for one endpoint could be played to another.
        raise NotAuthentic(Problem.SCOPE, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
    text = f"{date}/{region}/{service}/{terminator}"
    if len(text) > _SCOPE_CHARS_MAX:
        raise NotAuthentic(Problem.INCOMPLETE, "Credential scope is too long.")
    s3 = service in _S3_SCOPES
    return Scope(access_key_id, date, region, service, text, names, signed_headers, HeaderLines(names), s3)


def _from_query(request: Request) -> Claim:
    given = _parameters(request.query)
    algorithm = given.get("X-Amz-Algorithm", "")
    if algorithm and algorithm != ALGORITHM:
        raise NotAuthentic(Problem.UNSUPPORTED)
    required = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Signature")
    absent = [name for name in required if not given.get(name)]
    if absent:
        raise NotAuthentic(
            Problem.INCOMPLETE, " ".join(f"AWS query-string parameters must include '{name}'." for name in absent)
        )
    scope = _scope(given["X-Amz-Credential"], given["X-Amz-SignedHeaders"])
    signed = "&".join([part for part in request.query.split("&") if not part.startswith("X-Amz-Signature=")])
    return Claim(
        scope,
        given["X-Amz-Signature"],
        given["X-Amz-Date"],
        signed,
        given.get("X-Amz-Security-Token") or request.headers.get("x-amz-security-token") or None,
        _expires_s(given.get("X-Amz-Expires")),
        True,
    )


def _expires_s(text: str | None) -> int | None:
    """Absent is allowed everywhere but in S3; then the ordinary window of a header holds (`sigv4.check_time`)."""
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise NotAuthentic(Problem.INCOMPLETE, "X-Amz-Expires should be a number")
    if int(text) > PRESIGN_EXPIRES_S_MAX:
        raise NotAuthentic(
            Problem.INCOMPLETE,
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than "
            f"{PRESIGN_EXPIRES_S_MAX} seconds",
        )
    return int(text)


def _parameters(query: str) -> dict[str, str]:
    """Decoded query parameters; of a repeated one the first, which is the one that routing reads too."""
    given: dict[str, str] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        given.setdefault(unquote(name), unquote(value))
    return given
