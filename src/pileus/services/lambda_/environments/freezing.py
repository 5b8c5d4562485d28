"""When does an environment that has nothing to do stand still?

On AWS the background work of a function stops when it has answered, and goes on with the next event. Stopping and
waking a process costs 30 to 60 us each time, which an environment that has the next event a moment later need not pay:
so it is frozen when it has been idle for a while, and asks for its next event, that is, has finished with the last.
One that was woken soon after it was frozen is given longer the next time: of a busy function's environments the last
are used now and then, and would otherwise spend more on being frozen than on their events. See `docs/decisions/0012`.
"""

import asyncio
from typing import Final, Protocol

IDLE_S: Final = 0.01
"""As long as this is nobody's pause for thought, and longer than the time between two events of a busy function."""
IDLE_S_MAX: Final = 0.16
"""For one that is woken again and again within SOON_S."""
SOON_S: Final = 0.25
_UNREADY_S: Final = 2.0
"""A runtime that does not ask for its next event is frozen after this all the same."""
_AT_ONCE_MAX: Final = 16
"""Environments in one turn of the loop: about 2 ms of every ten, when a thousand fall idle together."""


class Freezable(Protocol):
    """An environment, as it is seen from here."""

    def idle_s(self, now_s: float) -> float | None:
        """For how long it has been idle; None when it is not, or is frozen already."""
        ...

    @property
    def asks(self) -> bool:
        """Whether its runtime waits for an event."""
        ...

    @property
    def patience_s(self) -> float:
        """How long it may be idle before it is frozen."""
        ...

    def freeze(self) -> None: ...


def patience_after(patience_s: float, *, frozen_s: float) -> float:
    """How long it may be idle the next time, having been woken after `frozen_s`."""
    return min(2 * patience_s, IDLE_S_MAX) if frozen_s < SOON_S else IDLE_S


class Freezing:
    """Looks after those that became idle. Belongs to one event loop."""

    def __init__(self) -> None:
        self._resting: dict[Freezable, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def rests(self, environment: Freezable) -> None:
        """It has become idle just now."""
        self._resting[environment] = None
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(IDLE_S, self._look)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._resting.clear()

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now_s, frozen = loop.time(), 0
        for environment in list(self._resting):
            idle_s = environment.idle_s(now_s)
            if idle_s is None:
                del self._resting[environment]
            elif idle_s >= (environment.patience_s if environment.asks else _UNREADY_S):
                environment.freeze()
                del self._resting[environment]
                frozen += 1
                if frozen == _AT_ONCE_MAX:
                    break
        self._timer = loop.call_later(IDLE_S, self._look) if self._resting else None
