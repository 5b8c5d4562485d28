"""For which key, region and service was a request signed? Read from the credential scope, without believing it."""

import re
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import unquote

from pileus.kernel.http.messages import Request

REGION_DEFAULT: Final = "us-east-1"
"""For unsigned requests, and SigV4a, whose scope names no region."""
_REGION_LENGTH_MAX: Final = 32
_CREDENTIAL_CHARS_KEPT_MAX: Final = 128
"""A client says the same all day; what a stranger makes up is not to fill the memory."""


class Scope(NamedTuple):
    """What a signature claims. service: the signing name; empty when nobody signed."""

    region: str
    service: str


NOBODY: Final = Scope(REGION_DEFAULT, "")
_OF_OLD: Final = Scope(REGION_DEFAULT, "s3")
"""Signature Version 2, which is S3's alone among those who speak REST."""
_REGIONAL: Final = re.compile(r"\.(?P<region>[a-z]{2}(?:-[a-z]+){1,2}-[0-9])\.")


def scope_of(request: Request) -> Scope:
    """The scope of the `Authorization` header, or of a presigned query."""
    authorization = request.headers.get("authorization")
    if authorization is not None:
        start = authorization.find("Credential=")
        if start >= 0:
            end = authorization.find(",", start)
            return _of_credential(authorization[start + 11 : end if end >= 0 else None])
        if authorization.startswith("AWS "):
            return _OF_OLD
    elif "X-Amz-Credential=" in request.query:
        credential = request.query.partition("X-Amz-Credential=")[2].partition("&")[0]
        return _of_credential(unquote(credential))
    elif "AWSAccessKeyId=" in request.query and "Action=" not in request.query:
        return _OF_OLD
    return _of_host(request.headers.get("host", ""))


def _of_credential(credential: str) -> Scope:
    return _known(credential) if len(credential) <= _CREDENTIAL_CHARS_KEPT_MAX else _read(credential)


@lru_cache(maxsize=1024)
def _known(credential: str) -> Scope:
    return _read(credential)


def _read(credential: str) -> Scope:
    parts = credential.strip().split("/")
    if len(parts) == 5:
        return Scope(_region(parts[2]), parts[3])
    return Scope(REGION_DEFAULT, parts[2]) if len(parts) == 4 else NOBODY


@lru_cache(maxsize=1024)
def _of_host(host: str) -> Scope:
    """Of an unsigned request to AWS's own names, the region in `SERVICE.REGION.amazonaws.com`."""
    found = _REGIONAL.search(host)
    return Scope(_region(found["region"]), "") if found is not None else NOBODY


@lru_cache(maxsize=128)
def _region(text: str) -> str:
    """The region, when it looks like one: it goes into ARNs and keys."""
    plausible = 0 < len(text) <= _REGION_LENGTH_MAX and text.isascii() and text.replace("-", "").isalnum()
    return text if plausible and text == text.lower() else REGION_DEFAULT
