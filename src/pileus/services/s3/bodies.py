"""Where do the bytes of an object go, and how are they read again?

Up to 32 KiB lie in the store beside the record; longer ones are a blob, written before the record is committed. What a
body should amount to is known only when its iterator has ended (`ReceivedBody`), so nothing of it is kept before.
"""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from hashlib import md5
from typing import Final, Protocol

import msgspec

from pileus.kernel.blobs.objects import BlobStore
from pileus.kernel.blobs.segments import BlobDamaged, NoSpace, Piece, Segment
from pileus.kernel.errors import AnyServiceError, ServiceError
from pileus.kernel.http.messages import FileBody, FilesBody
from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Snapshot
from pileus.kernel.wire import checksums
from pileus.kernel.wire.receiving import ReceivedBody
from pileus.services.s3.model import Checksum, LaidPart, ObjectRecord
from pileus.services.s3.object_records import inline_bytes, parts_of

INLINE_BYTES_MAX: Final = 32 * 1024
DEFAULT_CHECKSUM: Final = "CRC64NVME"
"""What S3 sums up by when the client sends no checksum. Source: S3 User Guide, "Checking object integrity"."""
_NONCE_BYTES: Final = 12
_log: Final = logging.getLogger(__name__)

Body = bytes | AsyncIterator[bytes] | ReceivedBody
"""What an object may be made of."""
Content = bytes | FileBody | FilesBody | AsyncIterator[bytes]
"""What an answer may be made of."""


class _Digest(Protocol):
    def update(self, data: bytes, /) -> object: ...

    def digest(self) -> bytes: ...


class Stored(msgspec.Struct, frozen=True):
    """Bytes that are kept, and of nobody yet. md5: of the bare bytes. inline: sealed already, where there is a key."""

    size_bytes: int
    md5: bytes
    checksum: Checksum
    inline: bytes | None = None
    segment: Segment | None = None


class Bodies:
    """Keeps bytes, and reads those of objects."""

    def __init__(self, blobs: BlobStore, ids: Ids) -> None:
        self.blobs = blobs
        self._ids = ids

    async def store(
        self, body: Body, *, key: bytes | None, told: Checksum | None = None, algorithm: str = DEFAULT_CHECKSUM
    ) -> Stored:
        """Keep a body. key: the data key; None for plain. told: the checksum that came with it, which was verified.

        algorithm: of the checksum to make if none came. Does not suspend for the few bytes that lie in the store.
        Raises what the body's iterator raises.
        """
        if not isinstance(body, bytes):
            return await self._store_stream(body, key=key, told=told, algorithm=algorithm)
        if len(body) > INLINE_BYTES_MAX:
            return await self._store_stream(_once(body), key=key, told=told, algorithm=algorithm)
        digest = md5(body, usedforsecurity=False).digest()
        if told is None:
            told = Checksum(algorithm=algorithm, value=checksums.summed(algorithm, body))
        inline = body if key is None or not body else _seal(key, body, self._ids.bytes(_NONCE_BYTES))
        return Stored(len(body), digest, told, inline=inline)

    async def clone(self, segment: Segment) -> Segment:
        """The same bytes once more, of nobody yet. Raises `BlobMissing`."""
        try:
            return await self.blobs.clone(segment)
        except NoSpace:
            raise no_space() from None

    async def discard(self, stored: Stored) -> None:
        """Remove what nobody came to own."""
        if stored.segment is not None:
            await self.blobs.remove((stored.segment.blob,))

    async def content(
        self,
        snapshot: Snapshot,
        record: ObjectRecord,
        *,
        key: bytes | None,
        offset: int = 0,
        size_bytes: int | None = None,
    ) -> Content:
        """A range of an object, without suspension unless its blobs are far away, so that a failure there is told in
        time. size_bytes: None for all that follows.

        Raises `BlobMissing` if the object was removed since its record was read, `BlobDamaged`.
        """
        if size_bytes is None:
            size_bytes = record.size_bytes - offset
        if not size_bytes:
            return b""
        if record.inline:
            data = await inline_bytes(snapshot, record)
            data = data if key is None else _open(key, data)
            return data if size_bytes == len(data) else data[offset : offset + size_bytes]
        segments = await self.segments(snapshot, record)
        content = self.blobs.body(pieces_of(segments, offset=offset, size_bytes=size_bytes, key=key))
        return await _begun(content) if self.blobs.far and isinstance(content, AsyncIterator) else content

    async def flow(
        self, snapshot: Snapshot, record: ObjectRecord, *, key: bytes | None
    ) -> bytes | AsyncIterator[bytes]:
        """All bytes of an object, for a reader in this process."""
        if record.inline or not record.size_bytes:
            content = await self.content(snapshot, record, key=key)
            assert isinstance(content, bytes)
            return content
        segments = await self.segments(snapshot, record)
        return self.blobs.stream(pieces_of(segments, offset=0, size_bytes=record.size_bytes, key=key))

    async def segments(self, snapshot: Snapshot, record: ObjectRecord) -> Sequence[Segment]:
        """The blobs of an object, in their order."""
        if record.segment is not None:
            return (record.segment,)
        return [part.segment for part in await parts_of(snapshot, record)]

    async def _store_stream(
        self,
        body: AsyncIterator[bytes] | ReceivedBody,
        *,
        key: bytes | None,
        told: Checksum | None,
        algorithm: str,
    ) -> Stored:
        received = body if isinstance(body, ReceivedBody) else None
        taken = () if received is None else received.take_digests()
        digest = next((each for each in taken if getattr(each, "name", "") == "md5"), None) or md5(
            usedforsecurity=False
        )
        verified = told is not None or (received is not None and received.verification.algorithm != "")
        lies_so = key is None and algorithm == DEFAULT_CHECKSUM  # the blob's own checksum is that
        own = None if verified or lies_so else checksums.checksum(algorithm)
        digests: list[_Digest] = [digest, *(each for each in (own, *taken) if each is not None and each is not digest)]
        writer = await self.blobs.writer(key=key, digests=digests)
        try:
            async for part in body:
                await writer.write(part)
            segment = await writer.close(check=None if received is None else received.verify)
        except NoSpace:
            raise no_space() from None
        finally:
            writer.discard()
        if told is None and received is not None and received.verification.algorithm:
            told = Checksum(algorithm=received.verification.algorithm, value=received.verification.calculated)
        if told is None:
            value = segment.crc64nvme if own is None else own.digest()
            told = Checksum(algorithm=algorithm, value=checksums.written(value))
        return Stored(segment.size_bytes, digest.digest(), told, segment=segment)


def pieces_of(segments: Sequence[Segment], *, offset: int, size_bytes: int, key: bytes | None) -> list[Piece]:
    """The pieces of which a range consists."""
    pieces = []
    for segment in segments:
        if offset >= segment.size_bytes:
            offset -= segment.size_bytes
            continue
        taken = min(size_bytes, segment.size_bytes - offset)
        pieces.append(Piece(segment, offset, taken, key))
        size_bytes -= taken
        offset = 0
        if not size_bytes:
            break
    assert not size_bytes, "a range lies within its object"
    return pieces


def part_range(parts: Sequence[LaidPart], number: int) -> tuple[int, int] | None:
    """Offset and size of a part, by its place; None when there are not so many."""
    if number > len(parts):
        return None
    offset = sum(part.segment.size_bytes for part in parts[: number - 1])
    return offset, parts[number - 1].segment.size_bytes


def no_space() -> ServiceError:
    """The server's disk is full. AWS's never is, and has no word for it; this is what SDKs try again."""
    _log.error("there is no space left for the bytes of objects")
    return AnyServiceError("InternalError", "There is no space left on this server for the object.", status=500)


def damaged(what: str) -> ServiceError:
    """What is told of bytes that are not those which were put: nothing but that (and the log hears more)."""
    _log.error("%s is damaged", what)
    return AnyServiceError("InternalError", "We encountered an internal error. Please try again.", status=500)


def _seal(key: bytes, data: bytes, nonce: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return nonce + AESGCM(key).encrypt(nonce, data, None)


def _open(key: bytes, data: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(key).decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], None)
    except InvalidTag:
        raise BlobDamaged("bytes in the store do not open") from None


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


async def _begun(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same stream, of which something has come. Raises what keeps it from coming."""
    first = await anext(stream, b"")

    async def all_of_it() -> AsyncIterator[bytes]:
        try:
            yield first
            async for part in stream:
                yield part
        finally:
            if isinstance(stream, AsyncGenerator):
                await stream.aclose()  # whoever hangs up lets go of the blobs at once

    return all_of_it()
