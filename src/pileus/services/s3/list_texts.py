"""How is a row of a list written?

By hand: a thousand rows in a few milliseconds. Only what is told is read from a record.

Sources: API_ListObjectsV2, API_ListObjectVersions and their samples; recordings s3/s3_list_operations.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from urllib.parse import quote_plus

import msgspec

from pileus.kernel.auth.canonical_users import canonical_user_id
from pileus.kernel.wire.xml_text import escape
from pileus.services.s3.model import NULL_VERSION

DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
NAMESPACE: Final = "http://s3.amazonaws.com/doc/2006-03-01/"
_PLAIN: Final = re.compile(rb"[A-Za-z0-9._/*-]*")
"""What neither URL encoding nor XML changes."""
_PLAIN_LINES: Final = re.compile(rb"[A-Za-z0-9._/*\n-]*")


class ListedChecksum(msgspec.Struct, frozen=True, gc=False):
    """What lists tell of a `Checksum`."""

    algorithm: str
    kind: str = "FULL_OBJECT"


class ListedRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="s3.object.v1"):
    """What lists tell of an `ObjectRecord`."""

    size_bytes: int = 0
    etag: str = ""
    modified_at_s: float
    owner: str
    version_id: str = NULL_VERSION
    order: int = 0
    delete_marker: bool = False
    storage_class: str = "STANDARD"
    checksum: ListedChecksum | None = None
    restored_at_s: float = 0.0
    restored_until_s: float = 0.0


decode_listed: Final = msgspec.msgpack.Decoder(ListedRecord).decode


class Texts:
    """How the keys of one answer are written. url: whether its caller wants them URL-encoded."""

    def __init__(self, *, url: bool) -> None:
        self.url = url

    def of(self, text: bytes) -> str:
        if _PLAIN.fullmatch(text):
            return text.decode()
        if self.url:
            return quote_plus(text, safe="/*").replace("~", "%7E")
        return escape(text.decode())

    def of_all(self, keys: Sequence[bytes]) -> Sequence[str]:
        """Of many keys, which usually are plain."""
        joined = b"\n".join(keys)
        if keys and _PLAIN_LINES.fullmatch(joined):
            names = joined.decode().split("\n")
            if len(names) == len(keys):  # none holds a line end itself
                return names
        return [self.of(key) for key in keys]

    def of_text(self, text: str) -> str:
        return self.of(text.encode())


def element(name: str, text: object) -> str:
    return f"<{name}>{text}</{name}>"


@lru_cache(maxsize=4096)
def moment(modified_at_s: int) -> str:
    """`2009-10-12T17:50:30.000Z`."""
    return datetime.fromtimestamp(modified_at_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@lru_cache(maxsize=1024)
def owner_element(account_id: str) -> str:
    """Names are no longer told (AWS, since November 2025)."""
    return f"<Owner><ID>{canonical_user_id(account_id)}</ID></Owner>"


@lru_cache(maxsize=64)
def checksum_elements(algorithm: str, kind: str) -> str:
    return f"<ChecksumAlgorithm>{algorithm}</ChecksumAlgorithm><ChecksumType>{kind}</ChecksumType>"


def restore_element(record: ListedRecord, *, now_s: float) -> str:
    """Of an archived object of which a copy was asked (API_RestoreStatus)."""
    if now_s < record.restored_at_s:
        return "<RestoreStatus><IsRestoreInProgress>true</IsRestoreInProgress></RestoreStatus>"
    if now_s < record.restored_until_s:
        until = element("RestoreExpiryDate", moment(int(record.restored_until_s)))
        return f"<RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress>{until}</RestoreStatus>"
    return ""


def prefix_elements(prefixes: list[bytes], texts: Texts) -> str:
    return "".join(f"<CommonPrefixes><Prefix>{texts.of(each)}</Prefix></CommonPrefixes>" for each in prefixes)
