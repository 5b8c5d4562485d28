"""How much is read from a socket at once, and how much of a stream may lie unread?

A lot while few streams arrive, since each read and each wake-up of a handler costs the same however much it brings; the
fewer the more there are of them, so that a hundred uploads at once cost a few megabytes together.

All connections of a loop read into one buffer: what is read is parsed, and so copied, before anything else is read.
"""

from typing import Final

from pileus.kernel.http.limits import Limits

READ_BYTES_MAX: Final = 256 * 1024
_READ_BYTES_MIN: Final = 16 * 1024
_ALL_BYTES: Final = 2 * 1024 * 1024
"""Unread, of all streams; as much again is in the hands of their handlers."""


class Inflow:
    """Shares out memory among the streams that are arriving. Belongs to the loop's thread.

    buffer: what the next read goes to, whoever's it is. unread_bytes_max: of one stream, before its socket is read no
    further.
    """

    __slots__ = ("_limit_bytes", "_streams", "_whole", "buffer", "unread_bytes_max")

    def __init__(self, limits: Limits) -> None:
        self._limit_bytes = limits.body_buffer_bytes
        self._streams = 0
        self._whole = memoryview(bytearray(READ_BYTES_MAX))
        self._share()

    def begin(self) -> None:
        """A stream begins to arrive."""
        self._streams += 1
        self._share()

    def end(self) -> None:
        """All of it has arrived, or the rest never will."""
        self._streams -= 1
        assert self._streams >= 0
        self._share()

    def _share(self) -> None:
        share_bytes = _ALL_BYTES // (self._streams or 1)
        self.unread_bytes_max = min(self._limit_bytes, share_bytes)
        self.buffer = self._whole[: max(_READ_BYTES_MIN, share_bytes)]
