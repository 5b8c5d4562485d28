"""How large may a compressed request become?

Source: Smithy specification, "requestCompression trait"; RFC 1952.
"""

import zlib
from typing import Final

from pileus.kernel.http.messages import PayloadTooLarge

RATIO_MAX: Final = 200
"""Of what comes out to what came, once it is more than `RATIO_FREE_BYTES`. Metrics as JSON or CBOR stay under 30."""
RATIO_FREE_BYTES: Final = 1024 * 1024
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS


class NotCompressed(ValueError):
    """Bytes that are no whole gzip stream."""


def gunzip(data: bytes, *, size_bytes_max: int) -> bytes:
    """What is inside, of one member or several. Raises `NotCompressed`, and `PayloadTooLarge` before it is so large."""
    allowed_bytes = min(size_bytes_max, max(RATIO_FREE_BYTES, RATIO_MAX * len(data)))
    parts: list[bytes] = []
    left_bytes = allowed_bytes
    rest = data
    while rest or not parts:
        member = zlib.decompressobj(_GZIP_WINDOW)
        try:
            part = member.decompress(rest, left_bytes + 1)
        except zlib.error as error:
            raise NotCompressed(str(error)) from None
        if len(part) > left_bytes:
            raise PayloadTooLarge
        if not member.eof:
            raise NotCompressed("the data ends early")
        left_bytes -= len(part)
        parts.append(part)
        rest = member.unused_data
    return b"".join(parts)
