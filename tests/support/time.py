"""A clock that stands still until the test moves it, in either direction."""

import asyncio
from datetime import UTC, datetime, timedelta


class JumpingClock:
    """A `Clock` that only jumps. Sleepers wake when it has jumped to or past their hour."""

    def __init__(self, start: datetime = datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC)) -> None:
        self._now = start
        self._elapsed_s = 0.0
        self._sleepers: list[tuple[datetime, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self._now

    def timestamp(self) -> float:
        return self._now.timestamp()

    def monotonic(self) -> float:
        return self._elapsed_s

    @property
    def alarms(self) -> list[datetime]:
        """When the sleepers want to be woken, earliest first."""
        return sorted(when for when, sleeper in self._sleepers if not sleeper.done())

    def jump(self, duration: timedelta) -> None:
        """Move by `duration`, which may be negative: real clocks are set back, too."""
        self._now += duration
        self._elapsed_s += max(duration.total_seconds(), 0.0)
        for when, sleeper in self._sleepers:
            if when <= self._now and not sleeper.done():
                sleeper.set_result(None)

    async def sleep_until(self, when: datetime) -> None:
        while when > self._now:
            entry = (when, asyncio.get_running_loop().create_future())
            self._sleepers.append(entry)
            try:
                await entry[1]
            finally:
                self._sleepers.remove(entry)

    async def sleep(self, duration: timedelta) -> None:
        await self.sleep_until(self._now + duration)
