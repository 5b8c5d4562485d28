"""Which bucket does a host name, and what is then the path that S3's model means?

`BUCKET.s3.REGION.amazonaws.com/KEY`, under any suffix (`BUCKET.s3.localhost`), is `/BUCKET/KEY`. A bucket's name
may have dots, so the last label that is S3's decides. The request keeps the path as sent, which its signature covers.

SDKs that are told `http://localhost` make `BUCKET.localhost` of it. That may be any service's host, so it means a
bucket only once a request is known to be S3's, and never decides whose a request is.

Source: S3 User Guide, "Virtual hosting of buckets".
"""

import re
from functools import lru_cache
from typing import Final

from pileus.kernel.http.messages import Request

_OF_S3: Final = re.compile(
    r"(?P<bucket>.+)\.s3(?:-accelerate|-external-1|(?:-fips)?(?:-[a-z]{2}(?:-[a-z]+)+-[0-9])?)\.", re.A
)

_OF_ACCESS_POINT: Final = re.compile(
    r"(?P<point>[a-z0-9-]+-[0-9]{12}\.s3-accesspoint(?:-fips)?\.(?:[a-z]{2}(?:-[a-z]+)+-[0-9]))\.", re.A
)
"""`NAME-ACCOUNT.s3-accesspoint.REGION`, which S3 knows as a bucket's further name."""
_OF_LOCALHOST: Final = re.compile(r"(?P<bucket>[a-z0-9][a-z0-9-]{1,61}[a-z0-9])\.localhost(?::\d+)?", re.A)
_ACCOUNT: Final = re.compile(r"\d{12}", re.A)
_SERVERS: Final = frozenset({"aws", "localstack", "pileus"})
"""Under `localhost`: names that people give the server itself, whose paths begin with a bucket."""
_HOST_LENGTH_MAX: Final = 260
"""255 characters of a name (RFC 1035) and a port."""


@lru_cache(maxsize=4096)
def bucket_of(host: str) -> str:
    """The bucket in a Host header; empty when it names none."""
    if len(host) > _HOST_LENGTH_MAX:
        return ""
    host = host.lower()
    if (found := _OF_S3.match(host)) is not None:
        return found["bucket"]
    found = _OF_ACCESS_POINT.match(host)
    return found["point"].replace("-accesspoint-fips", "-accesspoint") if found is not None else ""


@lru_cache(maxsize=4096)
def named_bucket(host: str) -> str:
    """The bucket in the Host header of a request that is S3's; empty when it names none."""
    if bucket := bucket_of(host):
        return bucket
    found = _OF_LOCALHOST.fullmatch(host[: _HOST_LENGTH_MAX + 1].lower())
    if found is None or found["bucket"] in _SERVERS or _ACCOUNT.fullmatch(found["bucket"]):  # of S3 Control
        return ""
    return found["bucket"]


def path_of(request: Request) -> str:
    """The path of a request to S3 with its bucket first, as sent otherwise."""
    bucket = named_bucket(request.headers.get("host", ""))
    return f"/{bucket}{request.path}" if bucket else request.path


def climbs(key: str) -> bool:
    """Whether a key, read as a path, leads above its bucket at any of its steps: S3 takes none that does.

    Source: S3 User Guide, "Naming Amazon S3 objects", about relative path elements.
    """
    depth = 0
    for segment in key.split("/"):
        if segment == "..":
            depth -= 1
            if depth < 0:
                return True
        elif segment not in {"", "."}:
            depth += 1
    return False
