"""How does an answer that comes in pieces reach whoever waits for it?

The environment writes, one reader iterates. What the reader has not taken yet is bounded: beyond `_HELD_BYTES_MAX` the
environment stops listening to the runtime, which then waits in its write, until the reader has caught up.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from pileus.services.lambda_.runtimes import frames

STREAMED_BYTES_MAX: Final = 200 * 1024 * 1024
"""Source: Lambda Developer Guide, "Response streaming for Lambda functions", 200 MB."""
_HELD_BYTES_MAX: Final = 256 * 1024


class ResponseStream:
    """An answer under way. Belongs to one event loop; `begun` resolves with its content type, or when it has ended.

    An answer that was not streamed is one piece, without a content type.
    """

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque()
        self._held_bytes = 0
        self._ended = False
        self._waiting: asyncio.Future[None] | None = None
        self._room: Callable[[], None] | None = None
        self._abandoned = False
        self.begun: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    # The environment's side.

    def begin(self, content_type: str) -> None:
        if not self.begun.done():
            self.begun.set_result(content_type)

    def write(self, data: bytes) -> None:
        if data and not self._abandoned:
            self._pieces.append(data)
            self._held_bytes += len(data)
            self._wake()

    @property
    def full(self) -> bool:
        """Whether the reader lags behind, so that nothing more should be written until `when_room` calls."""
        return self._held_bytes > _HELD_BYTES_MAX

    def when_room(self, call: Callable[[], None]) -> None:
        self._room = call

    def end(self) -> None:
        """Nothing follows."""
        self._ended = True
        self.begin("")
        self._wake()

    # The reader's side.

    def abandon(self) -> None:
        """Nobody reads on: what is written is dropped, and nobody waits for room."""
        self._abandoned = True
        self._pieces.clear()
        self._taken(self._held_bytes)

    def __aiter__(self) -> "ResponseStream":
        return self

    async def __anext__(self) -> bytes:
        while not self._pieces:
            if self._ended:
                raise StopAsyncIteration
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        piece = self._pieces.popleft()
        self._taken(len(piece))
        return piece

    def _taken(self, size_bytes: int) -> None:
        self._held_bytes -= size_bytes
        if self._room is not None and not self.full:
            room, self._room = self._room, None
            room()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


class StreamedAnswer:
    """The pieces of one answer: passed on to a stream, or gathered where nobody asked for one."""

    def __init__(self, stream: ResponseStream | None) -> None:
        self._stream = stream
        self._gathered = bytearray()
        self._size_bytes = 0

    def begin(self, content_type: str) -> None:
        if self._stream is not None:
            self._stream.begin(content_type)

    def add(self, data: bytes) -> bool:
        """Whether the answer may be as long as it is now."""
        self._size_bytes += len(data)
        if self._stream is None:
            self._gathered += data
            return self._size_bytes <= frames.RESPONSE_BYTES_MAX
        self._stream.write(data)
        return self._size_bytes <= STREAMED_BYTES_MAX

    @property
    def full(self) -> bool:
        return self._stream is not None and self._stream.full

    def when_room(self, call: Callable[[], None]) -> None:
        assert self._stream is not None
        self._stream.when_room(call)

    def whole(self) -> bytes:
        """What was gathered."""
        return bytes(self._gathered)
