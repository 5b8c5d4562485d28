"""What is a stretch of large bytes, and which range of it is to be read?

A segment is one blob as a record refers to it. An object is a sequence of segments, its parts, which are never copied
together; what a request reads of it is a sequence of pieces.
"""

from typing import Final

import msgspec

ID_CHARACTERS: Final = 32
"""Of a blob's id: 128 random bits in hex. Not a digest, so equal bytes are kept as often as they are put."""


class BlobMissing(Exception):
    """A record refers to bytes that are not here."""


class BlobDamaged(Exception):
    """The bytes are not those that were put: the disk, or somebody, has changed them."""


class NoSpace(Exception):
    """There is no room for these bytes; what was written of them is gone."""


class Segment(msgspec.Struct, frozen=True):
    """What a record keeps of a blob.

    size_bytes: of the bare bytes. crc64nvme: of the bytes as they lie, so that a scrub needs no key. cipher: empty for
    plain ones, else the id from which the segment's key is derived, which stays when the blob is cloned.
    """

    blob: str
    size_bytes: int
    crc64nvme: bytes
    cipher: str = ""


class Piece(msgspec.Struct, frozen=True):
    """A range of a segment. key: the data key with which it was written, None for plain bytes."""

    segment: Segment
    offset: int
    size_bytes: int
    key: bytes | None = None

    def __post_init__(self) -> None:
        assert self.offset >= 0, self
        assert 0 <= self.size_bytes <= self.segment.size_bytes - self.offset, "a piece lies within its segment"
        assert (self.key is None) == (self.segment.cipher == ""), "a key is for what was enciphered"


def whole(segment: Segment, *, key: bytes | None = None) -> Piece:
    """All of a segment."""
    return Piece(segment, 0, segment.size_bytes, key)
