"""How are compressed bytes read, a bounded piece at a time?"""

import bz2
import zlib
from collections.abc import Iterable, Iterator
from typing import Final, Literal

from pileus.services.s3.select.errors import SelectError

PIECE_BYTES: Final = 1024 * 1024
_GZIP: Final = 16 + zlib.MAX_WBITS


def expanded(pieces: Iterable[bytes], compression: Literal["NONE", "GZIP", "BZIP2"]) -> Iterator[bytes]:
    """A small file that expands to a huge one is never whole in memory. Raises `SelectError`."""
    if compression == "NONE":
        yield from pieces
        return
    try:
        yield from _gunzipped(pieces) if compression == "GZIP" else _bunzipped(pieces)
    except (zlib.error, OSError):
        raise SelectError("TruncatedInput") from None


def _gunzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    member = zlib.decompressobj(_GZIP)
    begun = False
    for piece in pieces:
        rest = piece
        while rest:
            if member.eof:  # files of several members, as appended to or written in parallel
                rest = rest.lstrip(b"\0")  # and with the padding of tapes
                if not rest:
                    break
                member = zlib.decompressobj(_GZIP)
            begun = True
            data = member.decompress(rest, PIECE_BYTES)
            if data:
                yield data
            rest = member.unused_data if member.eof else member.unconsumed_tail
    if not begun or not member.eof:
        raise SelectError("TruncatedInput")


def _bunzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    stream = bz2.BZ2Decompressor()
    begun = False
    for piece in pieces:
        rest = piece
        while rest or not (stream.eof or stream.needs_input):
            if stream.eof:
                stream = bz2.BZ2Decompressor()
            begun = True
            data = stream.decompress(rest, PIECE_BYTES)
            if data:
                yield data
            rest = stream.unused_data if stream.eof else b""
    if not begun or not stream.eof:
        raise SelectError("TruncatedInput")
