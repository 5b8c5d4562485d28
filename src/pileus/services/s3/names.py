"""How are buckets, objects, owners and versions named?"""

import re
from base64 import b64encode
from functools import lru_cache
from hashlib import sha256
from typing import Final

_ORDER_BYTES: Final = 9
"""Microseconds since 1970 fit into eight; nine give twelve whole characters."""
_VERSION_CHARS: Final = 32
_VERSION: Final = re.compile(r"[A-Za-z0-9._]{32}", re.ASCII)
_ALT: Final = b"._"
_ORDER_CHARS: Final = 12


def bucket_arn(name: str) -> str:
    return f"arn:aws:s3:::{name}"


def object_arn(bucket: str, key: str) -> str:
    return f"arn:aws:s3:::{bucket}/{key}"


@lru_cache(maxsize=1024)
def canonical_id(account_id: str) -> str:
    """The id by which ACLs know an account: 64 hex digits that follow from the account's own.

    As `kernel.auth.policy` has it, which a server that asks no policies does not import.
    """
    return sha256(f"canonical user of {account_id}".encode()).hexdigest()


def version_id(order: int, random: bytes) -> str:
    """The id of a version: its order, then chance. random: 15 bytes."""
    assert len(random) == 15
    return b64encode(order.to_bytes(_ORDER_BYTES, "big") + random, _ALT).decode()


def order_of(version: str) -> int | None:
    """The order in a version's id; None when no version of ours is called so."""
    if not _VERSION.fullmatch(version):
        return None
    number = 0
    for character in version[:_ORDER_CHARS]:
        number = number << 6 | _DIGITS[character]
    return number


_DIGITS: Final = {
    character: value
    for value, character in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._")
}
