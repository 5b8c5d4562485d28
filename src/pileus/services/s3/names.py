"""How are buckets, objects, owners and versions named?"""

import re
import zlib
from base64 import b64decode, b64encode
from typing import Final

_ORDER_BYTES: Final = 9
"""Microseconds since 1970 fit into eight; nine give twelve whole characters."""
_VERSION: Final = re.compile(r"[A-Za-z0-9._]{32}", re.ASCII)
_ALT: Final = b"._"
_CHANCE_BYTES: Final = 12
_CHECK_BYTES: Final = 3


def bucket_arn(name: str) -> str:
    return f"arn:aws:s3:::{name}"


def object_arn(bucket: str, key: str) -> str:
    return f"arn:aws:s3:::{bucket}/{key}"


def version_id(order: int, random: bytes) -> str:
    """The id of a version: its order, then chance, then what tells it from an id that nobody ever gave.

    random: 15 bytes, of which twelve are used. AWS knows its own ids, too: a stranger's is no version id at all
    (recording s3/s3_api, test_delete_object).
    """
    assert len(random) == 15
    told = order.to_bytes(_ORDER_BYTES, "big") + random[:_CHANCE_BYTES]
    return b64encode(told + _check(told), _ALT).decode()


def order_of(version: str) -> int | None:
    """The order in a version's id; None when no version of ours is called so."""
    if not _VERSION.fullmatch(version):
        return None
    read = b64decode(version, _ALT)
    told = read[:-_CHECK_BYTES]
    return int.from_bytes(told[:_ORDER_BYTES]) if read[-_CHECK_BYTES:] == _check(told) else None


def _check(told: bytes) -> bytes:
    return zlib.crc32(told).to_bytes(4)[-_CHECK_BYTES:]
