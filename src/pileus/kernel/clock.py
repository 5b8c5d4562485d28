"""What time is it, and when is it later?

All time flows from one `Clock` that is handed in, so that a test, or a user through `/_pileus/clock`, can move it.
"""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

_NAP_S_MAX = 3600.0


class Clock(Protocol):
    """The one source of time."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...

    def timestamp(self) -> float:
        """The present moment in seconds since 1970; what `now` says, without building a `datetime`."""
        ...

    def monotonic(self) -> float:
        """Seconds that really pass, whatever is done to the clock: for measuring how long something took."""
        ...

    async def sleep_until(self, when: datetime) -> None:
        """Return once `now() >= when`, also when somebody moves the clock meanwhile."""
        ...

    async def sleep(self, duration: timedelta) -> None:
        """Return once `duration` has passed on this clock."""
        ...


class MovableClock:
    """The machine's clock, which may be advanced, frozen and resumed.

    Sleepers wake early when the clock jumps over their hour. Not thread-safe: it belongs to the event loop.
    """

    def __init__(self) -> None:
        self._offset_s = 0.0
        self._frozen_at_s: float | None = None
        self._moved = asyncio.Event()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.timestamp(), UTC)

    def timestamp(self) -> float:
        return time.time() + self._offset_s if self._frozen_at_s is None else self._frozen_at_s

    monotonic = staticmethod(time.monotonic)

    @property
    def frozen(self) -> bool:
        return self._frozen_at_s is not None

    @property
    def offset(self) -> timedelta:
        """How far this clock is ahead of the machine's."""
        return timedelta(seconds=self.timestamp() - time.time())

    def restore(self, *, offset: timedelta, frozen_at: datetime | None) -> None:
        """Stand as another process left it."""
        self._offset_s = offset.total_seconds()
        self._frozen_at_s = frozen_at.timestamp() if frozen_at is not None else None
        self._wake()

    def advance(self, duration: timedelta) -> None:
        """Jump forward; a clock never goes back (`ValueError`), nor past the year 9999 (`OverflowError`)."""
        if duration < timedelta(0):
            raise ValueError("a clock is only ever moved forward")
        _ = self.now() + duration
        if self._frozen_at_s is None:
            self._offset_s += duration.total_seconds()
        else:
            self._frozen_at_s += duration.total_seconds()
        self._wake()

    def freeze(self) -> None:
        """Stand still until `resume`; `advance` still moves it."""
        self._frozen_at_s = self.timestamp()
        self._wake()

    def resume(self) -> None:
        """Go on from where the clock stands."""
        if self._frozen_at_s is not None:
            self._offset_s = self._frozen_at_s - time.time()
            self._frozen_at_s = None
            self._wake()

    async def sleep_until(self, when: datetime) -> None:
        target_s = when.timestamp()
        while (remaining_s := target_s - self.timestamp()) > 0:
            timeout_s = _NAP_S_MAX if self.frozen else min(remaining_s, _NAP_S_MAX)
            try:
                async with asyncio.timeout(timeout_s):
                    await self._moved.wait()
            except TimeoutError:
                continue

    async def sleep(self, duration: timedelta) -> None:
        await self.sleep_until(self.now() + duration)

    def _wake(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
