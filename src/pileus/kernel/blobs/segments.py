"""What does a record keep of bytes that lie in a blob?"""

import msgspec


class Segment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All the bytes of one blob.

    blob: its id, 32 hex digits, random. size_bytes: of the bare bytes. crc64nvme: of the bytes as they lie, so that
    whoever checks them needs no key. cipher: "" for plain bytes; else the id from which the segment's key is derived,
    which stays when a blob is cloned.
    """

    blob: str
    size_bytes: int
    crc64nvme: bytes
    cipher: str = ""
