"""When has a request held up all others for long enough?

An item of 400 KB may be a hundred thousand numbers, which take a tenth of a second to look at, and a request may bring
25 of them, or write each into 20 indexes. What goes item by item rests between two of them, once its turn is over.
"""

import asyncio
from typing import Final

from pileus.kernel.clock import Clock

TURN_S: Final = 0.005


class Turn:
    """The time since others had theirs."""

    __slots__ = ("_began_s", "_monotonic")

    def __init__(self, clock: Clock) -> None:
        self._monotonic = clock.monotonic
        self._began_s = clock.monotonic()

    @property
    def over(self) -> bool:
        return self._monotonic() - self._began_s > TURN_S

    async def rest(self) -> None:
        """Let others have their turn."""
        await asyncio.sleep(0)
        self._began_s = self._monotonic()
