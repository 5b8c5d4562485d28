"""How much of what clients send may lie in memory at once?

A handler that wants a long body as a whole (`Request.read`) takes room for all of it before it reads the first byte,
and has it until the request is answered. So nobody waits with half a body in memory for somebody who does the same.
Who finds no room waits in line, where the socket is not read; the line is bounded in length and in time, and what it
turns away is answered 503, which SDKs try again.

Bodies up to `Limits.body_in_memory_bytes_max` and the buffers of streams belong to their connections, whose number
bounds them.
"""

import asyncio
from collections import deque
from typing import Final, NamedTuple

from pileus.kernel.http.inflow import Inflow
from pileus.kernel.http.limits import Limits
from pileus.kernel.http.messages import NoRoom


class _Waiter(NamedTuple):
    size_bytes: int
    turn: "asyncio.Future[None]"


class BodyBudget:
    """Room for the bodies of all requests together. Belongs to the loop's thread."""

    def __init__(self, limits: Limits) -> None:
        self.bytes_max: Final = limits.bodies_bytes_max
        self.free_bytes = limits.bodies_bytes_max
        self._waiting_max = limits.bodies_waiting_max
        self._patience_s = limits.bodies_timeout.total_seconds()
        self._waiting: deque[_Waiter] = deque()
        self.inflow: Final = Inflow(limits)
        """Of the streams themselves, which nobody waits for."""

    def take_now(self, size_bytes: int) -> bool:
        """Take room, if there is some and nobody waits for it; whether it was taken."""
        if self._waiting or size_bytes > self.free_bytes:
            return False
        self.free_bytes -= size_bytes
        return True

    async def take(self, size_bytes: int, turn: "asyncio.Future[None]") -> None:
        """Wait in line for room, and take it; `NoRoom` when the line, or the wait, is too long.

        turn: of the caller, who may fail it to leave the line.
        """
        if len(self._waiting) >= self._waiting_max or size_bytes > self.bytes_max:
            raise NoRoom
        waiter = _Waiter(size_bytes, turn)
        self._waiting.append(waiter)
        timer = asyncio.get_running_loop().call_later(self._patience_s, _turn_away, turn)
        try:
            await turn
        except BaseException:
            if waiter not in self._waiting:  # it was cancelled in the very turn in which it got its room
                self.free_bytes += size_bytes
            else:
                self._waiting.remove(waiter)
            self._admit()
            raise
        finally:
            timer.cancel()

    def give(self, size_bytes: int) -> None:
        """Give room back."""
        self.free_bytes += size_bytes
        assert self.free_bytes <= self.bytes_max
        self._admit()

    def _admit(self) -> None:
        """Whoever is first gets room first, so that a large body is not overtaken for ever by small ones."""
        waiting = self._waiting
        # One whose turn is done already was turned away: it leaves by itself, and calls again.
        while waiting and waiting[0].size_bytes <= self.free_bytes and not waiting[0].turn.done():
            first = waiting.popleft()
            self.free_bytes -= first.size_bytes
            first.turn.set_result(None)


def _turn_away(turn: "asyncio.Future[None]") -> None:
    if not turn.done():
        turn.set_exception(NoRoom())
