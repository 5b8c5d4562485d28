"""How long do lines of a running invocation wait for others before they leave?

Handing on costs as much as a short invocation has to spare, so its lines leave together, when it ends. Lines that are
still held a moment later leave then: whoever follows a log sees them, and a kill of Pileus loses only the last.
One timer serves all logs of a host. It is set for the log that has waited longest, and only while one waits.
"""

import asyncio
from itertools import islice
from typing import Final, Protocol

GATHER_S: Final = 0.025
"""Longer than most warm invocations, and a quarter of the tenth of a second in which lines are in CloudWatch Logs."""
_AT_ONCE_MAX: Final = 64
"""Logs in one turn of the loop: under a millisecond, when a thousand invocations began together."""


class Holding(Protocol):
    """A log that holds lines, as it is seen from here."""

    def hand_on(self) -> None:
        """Let them leave, and say `left`."""
        ...


class Gathering:
    """Remembers which logs hold lines, in the order in which they began to. Belongs to one event loop."""

    def __init__(self) -> None:
        self._since_s: dict[Holding, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    @property
    def armed(self) -> bool:
        return self._timer is not None

    def waits(self, log: Holding) -> None:
        """It held none, and holds one now."""
        loop = asyncio.get_running_loop()
        self._since_s[log] = now_s = loop.time()
        if self._timer is None:
            self._timer = loop.call_at(now_s + GATHER_S, self._look)

    def left(self, log: Holding) -> None:
        """It holds none any more."""
        self._since_s.pop(log, None)

    def close(self) -> None:
        """Nothing is held any longer."""
        for log in list(self._since_s):
            log.hand_on()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        ripe_s = loop.time() - GATHER_S
        for count, (log, since_s) in enumerate(list(islice(self._since_s.items(), _AT_ONCE_MAX + 1))):
            if since_s > ripe_s or count == _AT_ONCE_MAX:
                # Of those that are due already the next turn takes care.
                self._timer = loop.call_at(since_s + GATHER_S, self._look)
                return
            log.hand_on()
