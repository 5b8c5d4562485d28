"""How does a long request body reach its handler while it is still arriving?"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

from pileus.kernel.http.budget import BodyBudget

_COALESCE_BYTES: Final = 4 * 1024
"""Smaller pieces are joined, so that a body of two-byte chunks costs what it weighs."""


class BodyBroken(Exception):
    """The rest of the body will never come: bad framing, or too slow. The front door answers what is due."""


class ClientDisconnected(BodyBroken):
    """The client went away before its body was complete; nobody will read the answer."""


class IncomingBody:
    """A body read as it arrives, by one reader; what lies unread is counted in `buffered_bytes`.

    size_bytes: as declared, None when chunked. budget: has the room for reading all of it. wanted: called when the
    reader waits or has taken something, so that the owner of the socket may read on.
    """

    __slots__ = (
        "_arriving",
        "_budget",
        "_discarding",
        "_error",
        "_parts",
        "_reserved_bytes",
        "_turn",
        "_waiter",
        "_wanted",
        "buffered_bytes",
        "complete",
        "received_bytes",
        "size_bytes",
        "trailers",
    )

    def __init__(self, size_bytes: int | None, *, budget: BodyBudget, wanted: Callable[[], None]) -> None:
        self.size_bytes = size_bytes
        self.received_bytes = 0
        self.buffered_bytes = 0
        self.complete = False
        self.trailers: Mapping[str, str] = {}
        """What followed a chunked body, by lower-case name; nothing of Pileus's own rests on them."""
        self._parts: deque[bytes | bytearray] = deque()
        self._budget = budget
        self._reserved_bytes = 0
        self._turn: asyncio.Future[None] | None = None
        """In the line for room."""
        self._wanted = wanted
        self._waiter: asyncio.Future[None] | None = None
        self._error: BodyBroken | None = None
        self._discarding = False
        self._arriving = True
        budget.inflow.begin()

    def __aiter__(self) -> "IncomingBody":
        return self

    async def __anext__(self) -> bytes:
        while not self._parts:
            if self._error is not None:
                raise self._error
            if self.complete:
                raise StopAsyncIteration
            await self._arrival()
        part = self._parts.popleft()
        self.buffered_bytes -= len(part)
        self._wanted()
        return bytes(part)

    @property
    def awaited(self) -> bool:
        """Whether the reader is waiting for bytes right now."""
        return self._waiter is not None

    @property
    def left_bytes(self) -> int | None:
        """How much is still to come; None when nobody knows."""
        if self.complete:
            return 0
        return None if self.size_bytes is None else self.size_bytes - self.received_bytes

    async def make_room(self, size_bytes: int) -> None:
        """Take room for so many bytes, instead of what was taken before; `NoRoom`, or what broke the body."""
        self.release()
        if self._error is not None:
            raise self._error
        if not self._budget.take_now(size_bytes):
            assert self._turn is None, "a body has one reader"
            self._turn = asyncio.get_running_loop().create_future()
            try:
                await self._budget.take(size_bytes, self._turn)
            finally:
                self._turn = None
        self._reserved_bytes = size_bytes

    def release(self) -> None:
        """The request is answered: what was read of it may go."""
        if self._reserved_bytes:
            reserved_bytes, self._reserved_bytes = self._reserved_bytes, 0
            self._budget.give(reserved_bytes)

    def feed(self, data: bytes | bytearray) -> None:
        self.received_bytes += len(data)
        if self._discarding:
            return
        self.buffered_bytes += len(data)
        last = self._parts[-1] if self._parts else None
        if len(data) >= _COALESCE_BYTES:
            self._parts.append(data)
        elif isinstance(last, bytearray) and len(last) < _COALESCE_BYTES:
            last += data
        else:
            self._parts.append(bytearray(data))
        self._wake()

    def finish(self) -> None:
        """All of it has arrived."""
        self.complete = True
        self._arrived()
        self._wake()

    def fail(self, error: BodyBroken) -> None:
        """The reader gets `error`, at once; what lay unread is dropped."""
        self._error = error
        self._arrived()
        self.discard()
        if self._turn is not None and not self._turn.done():
            self._turn.set_exception(error)
        self._wake()

    def discard(self) -> None:
        """Nobody will read this: drop what is here and what comes."""
        self._discarding = True
        self._parts.clear()
        self.buffered_bytes = 0

    def _arrived(self) -> None:
        """No more comes."""
        if self._arriving:
            self._arriving = False
            self._budget.inflow.end()

    async def _arrival(self) -> None:
        assert self._waiter is None, "a body has one reader"
        self._waiter = asyncio.get_running_loop().create_future()
        self._wanted()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
