"""How do pieces that cannot be sent as files become bytes, beside the loop and in little memory?"""

from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Final

from pileus.kernel.blobs import frames
from pileus.kernel.blobs.engine import Engine, Source
from pileus.kernel.blobs.frames import Frames, Opening
from pileus.kernel.blobs.pins import Pin
from pileus.kernel.blobs.segments import BlobDamaged, Piece
from pileus.kernel.blobs.threads import Threads

STEP_BYTES: Final = 512 * 1024
"""What one hop to a thread fetches: it costs 150 us, and deciphering so much as long."""


class PieceReader:
    """Reads one piece from its start to its end. All calls block, one at a time."""

    def __init__(self, engine: Engine, piece: Piece) -> None:
        self._engine = engine
        self._piece = piece
        self._left_bytes = piece.size_bytes
        self._source: Source | None = None
        self._opening: Opening | None = None

    def read(self, bytes_max: int) -> bytes:
        """About so many of the bytes that come next; empty at the end. `BlobMissing`, `BlobDamaged`."""
        if not self._left_bytes:
            return b""
        if self._source is None:
            self._source = self._open()
        if self._opening is not None:
            data = self._opening.read(bytes_max)
        else:
            data = self._source.read(min(bytes_max, self._left_bytes))
            if not data:
                raise BlobDamaged(f"{self._piece.segment.blob} is too short")
        self._left_bytes -= len(data)
        return data

    def close(self) -> None:
        if self._source is not None:
            self._source.close()

    def _open(self) -> Source:
        piece, segment = self._piece, self._piece.segment
        upto = piece.offset + piece.size_bytes
        if piece.key is None:
            return self._engine.open(segment.blob, offset=piece.offset, size_bytes=piece.size_bytes)
        start = frames.lies_at(piece.offset)
        end = frames.lies_upto(upto, size_bytes=segment.size_bytes)
        source = self._engine.open(segment.blob, offset=start, size_bytes=end - start)
        self._opening = Opening(
            Frames(piece.key, segment.cipher),
            source.read,
            size_bytes=segment.size_bytes,
            offset=piece.offset,
            upto=upto,
        )
        return source


async def stream(engine: Engine, threads: Threads, pieces: Sequence[Piece], pin: Pin) -> AsyncIterator[bytes]:
    """The bytes of the pieces, in order. pin: kept until the iterator is gone."""
    for piece in pieces:
        reader = PieceReader(engine, piece)
        try:
            while data := await threads.run(partial(reader.read, STEP_BYTES)):
                yield data
        finally:
            threads.finally_run(reader.close)
    del pin


def read_whole(engine: Engine, piece: Piece) -> bytes:
    """All bytes of a piece."""
    reader = PieceReader(engine, piece)
    try:
        parts = []
        while data := reader.read(max(STEP_BYTES, piece.size_bytes)):
            parts.append(data)
        return b"".join(parts)
    finally:
        reader.close()
