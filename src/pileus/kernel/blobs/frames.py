"""How are bytes enciphered so that any range can be read, and nothing be cut off, swapped or mixed?

A segment is cut into frames of 64 KiB, each sealed with AES-256-GCM under the segment's own key. That key is derived
(HKDF-SHA-256) from the object's data key and the segment's cipher id, which is random and of one segment only; so the
number of the frame may be its nonce. Sealed along with a frame are the cipher id, its number and whether it is the
last: a frame in another place, or of another segment, does not open, and neither does a shortened segment, whose last
frame says that more follow. An empty segment is one empty frame, so that even that it is empty is proven.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pileus.kernel.blobs.segments import BlobDamaged

FRAME_BYTES: Final = 64 * 1024
TAG_BYTES: Final = 16
SEALED_FRAME_BYTES: Final = FRAME_BYTES + TAG_BYTES
KEY_BYTES: Final = 32
_PURPOSE: Final = b"pileus segment "


def frame_count(size_bytes: int) -> int:
    """Of so many bare bytes."""
    return max(1, -(-size_bytes // FRAME_BYTES))


def sealed_bytes(size_bytes: int) -> int:
    """How long so many bare bytes lie."""
    return size_bytes + frame_count(size_bytes) * TAG_BYTES


class Frames:
    """Seals and opens the frames of one segment; safe for several threads."""

    __slots__ = ("_bound", "_gcm")

    def __init__(self, key: bytes, cipher: str) -> None:
        assert len(key) == KEY_BYTES
        assert cipher
        info = _PURPOSE + cipher.encode()
        self._gcm = AESGCM(HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(key))
        self._bound = cipher.encode()

    def seal(self, number: int, clear: memoryview, sealed: memoryview, *, last: bool) -> None:
        """Put one frame into `sealed`, which is as long as that: full unless it is the last."""
        assert len(clear) == FRAME_BYTES or (last and len(clear) < FRAME_BYTES)
        self._gcm.encrypt_into(number.to_bytes(12), clear, self._associated(number, last=last), sealed)

    def open(self, number: int, sealed: memoryview, clear: memoryview, *, last: bool) -> None:
        """Put what was sealed into `clear`, which is as long as that; `BlobDamaged`."""
        try:
            self._gcm.decrypt_into(number.to_bytes(12), sealed, self._associated(number, last=last), clear)
        except InvalidTag:
            raise BlobDamaged(f"frame {number} of {self._bound.decode()} does not open") from None

    def _associated(self, number: int, *, last: bool) -> bytes:
        return b"%s %d %d" % (self._bound, number, last)


class Sealing:
    """Bare bytes in any pieces to sealed frames; keeps back at most one frame, which may be the last.

    What it gives is this thread's scratch memory: good until the next call of anything here, in the same thread.
    """

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self._number = 0
        self._rest = b""

    def feed(self, parts: Sequence[bytes]) -> memoryview:
        """The frames that are complete and surely not the last."""
        size_bytes = len(self._rest) + sum(map(len, parts))
        clear = _scratch("clear", size_bytes)
        at = 0
        for part in (self._rest, *parts):
            clear[at : at + len(part)] = part
            at += len(part)
        count = max(0, (size_bytes - 1) // FRAME_BYTES)
        sealed = _scratch("sealed", count * SEALED_FRAME_BYTES)
        for index in range(count):
            frame = clear[index * FRAME_BYTES : (index + 1) * FRAME_BYTES]
            into = sealed[index * SEALED_FRAME_BYTES : (index + 1) * SEALED_FRAME_BYTES]
            self._frames.seal(self._number + index, frame, into, last=False)
        self._number += count
        self._rest = bytes(clear[count * FRAME_BYTES :])
        return sealed

    def finish(self) -> memoryview:
        """The last frame."""
        sealed = _scratch("sealed", len(self._rest) + TAG_BYTES)
        self._frames.seal(self._number, memoryview(self._rest), sealed, last=True)
        return sealed


class Opening:
    """Reads a range of a segment, frame by frame, from a source that stands at the range's first frame."""

    def __init__(
        self, frames: Frames, read: Callable[[int], bytes], *, size_bytes: int, offset: int, upto: int
    ) -> None:
        """read: gives so many of the bytes as they lie. size_bytes: of the segment."""
        assert 0 <= offset <= upto <= size_bytes
        self._frames = frames
        self._read = read
        self._count = frame_count(size_bytes)
        self._sealed_bytes = sealed_bytes(size_bytes)
        self._offset = offset
        self._upto = upto

    def read(self, bytes_max: int) -> bytes:
        """About so many of the bare bytes that come next; empty at the end. `BlobDamaged`."""
        offset = self._offset
        if offset == self._upto:
            return b""
        first = offset // FRAME_BYTES
        wanted = max(1, bytes_max // FRAME_BYTES)
        end = min(first + wanted, -(-self._upto // FRAME_BYTES))
        lying = (self._sealed_bytes if end == self._count else end * SEALED_FRAME_BYTES) - first * SEALED_FRAME_BYTES
        sealed = memoryview(self._read(lying))
        if len(sealed) != lying:
            raise BlobDamaged(f"{lying - len(sealed)} bytes are missing")
        clear = _scratch("clear", lying)
        for number in range(first, end):
            at, to = (number - first) * SEALED_FRAME_BYTES, (number - first) * FRAME_BYTES
            frame = sealed[at : at + SEALED_FRAME_BYTES]
            into = clear[to : to + len(frame) - TAG_BYTES]
            self._frames.open(number, frame, into, last=number == self._count - 1)
        self._offset = min(self._upto, end * FRAME_BYTES)
        return bytes(clear[offset - first * FRAME_BYTES : self._offset - first * FRAME_BYTES])


_threads: Final = threading.local()


def _scratch(name: str, size_bytes: int) -> memoryview:
    """Memory of this thread alone, used again: fresh pages for every call cost four times what the cipher does."""
    buffer: bytearray | None = getattr(_threads, name, None)
    if buffer is None or len(buffer) < size_bytes:
        buffer = bytearray(size_bytes)
        setattr(_threads, name, buffer)
    return memoryview(buffer)[:size_bytes]


def lies_at(offset: int) -> int:
    """Where the frame of a bare byte begins, among the bytes as they lie."""
    return offset // FRAME_BYTES * SEALED_FRAME_BYTES


def lies_upto(upto: int, *, size_bytes: int) -> int:
    """Where the frame of the byte before `upto` ends."""
    return min(sealed_bytes(size_bytes), -(-upto // FRAME_BYTES) * SEALED_FRAME_BYTES)
