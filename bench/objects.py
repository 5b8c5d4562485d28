"""What is measured of objects: small and large ones written and read, and a list of a thousand keys.

The list is of the middle of a bucket of `LISTED` keys, the same for every server. Whether it slows down with the number
of keys is another question: the environment's `LISTED_MANY` puts more of them, a million in some minutes.
"""

import os
import zlib
from base64 import b64encode
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from bench.signing import Signer

BUCKET: Final = "bench-objects"
LISTED_BUCKET: Final = "bench-listed"
LISTED: Final = int(os.environ.get("LISTED_MANY", "1500"))
SMALL: Final = os.urandom(1024)
LARGE: Final = os.urandom(1024 * 1024) * 8
OBJECTS: Final = 100
LARGE_OBJECTS: Final = 4
PUTS_A_SECOND: Final = 12_000
PUTS_MAX: Final = 60_000
CASES: Final = ("s3-put-1k", "s3-get-1k", "s3-put-8m", "s3-get-8m", "s3-list-1000")
LARGE_ANSWERS: Final = frozenset({"s3-get-8m", "s3-list-1000"})


def prepare(s3: Any, *, small: bool = False) -> None:
    """The objects that are read, and the keys that are listed. small: a few of these."""
    s3.create_bucket(Bucket=BUCKET)
    s3.create_bucket(Bucket=LISTED_BUCKET)
    for n in range(OBJECTS):
        s3.put_object(Bucket=BUCKET, Key=f"small-{n}", Body=SMALL)
    s3.put_object(Bucket=BUCKET, Key="large", Body=LARGE)
    with ThreadPoolExecutor(4) as threads:
        for _ in threads.map(
            lambda n: s3.put_object(Bucket=LISTED_BUCKET, Key=f"key-{n:08}"), range(OBJECTS if small else LISTED)
        ):
            pass


def requests(case: str, signer: Signer, seconds: float) -> Sequence[bytes]:
    """Those of a case."""
    match case:
        case "s3-put-1k":
            count = min(PUTS_MAX, int(PUTS_A_SECOND * seconds))
            return [_put(signer, f"put-{n}", SMALL) for n in range(count)]
        case "s3-get-1k":
            return [signer.s3("GET", f"/{BUCKET}/small-{n}") for n in range(OBJECTS)]
        case "s3-put-8m":
            return [_put(signer, f"large-{n}", LARGE) for n in range(LARGE_OBJECTS)]
        case "s3-get-8m":
            return [signer.s3("GET", f"/{BUCKET}/large")]
    query = f"list-type=2&max-keys=1000&start-after=key-{LISTED // 4:08}"
    return [signer.s3("GET", f"/{LISTED_BUCKET}", query=query)]


def _put(signer: Signer, key: str, body: bytes) -> bytes:
    """With the checksum that SDKs send."""
    crc = b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
    headers = {"x-amz-checksum-crc32": crc, "x-amz-sdk-checksum-algorithm": "CRC32"}
    return signer.s3("PUT", f"/{BUCKET}/{key}", headers=headers, body=body)
