"""What is held over time, and for how long? Bytes, keys, alarms: what AWS charges for by the month.

Each hour of the clock, and whenever a bill is asked for, every gauge says how much there is. That counts for the whole
time since the last look, and is metered in hours (GB-hours, key-hours) of the months in which they passed. So what came
and went between two looks costs nothing, and what is new counts from the last look on.

When the last look was is on disk: what a stopped server holds is held. The moment is moved before the look is written,
so that a crash in between forgets an hour rather than counting it twice.

A look at millions of objects takes its time, and others have their turns in it; the next one then comes later, so that
looking never takes more than a small share of the server's time.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.metrics.counting import Metrics, Told
from pileus.kernel.metrics.metering import NAMESPACE
from pileus.kernel.metrics.series import Dimensions, Metric
from pileus.kernel.metrics.statistics import StatisticSet
from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Store, Transaction

LOOKED_EVERY: Final = timedelta(hours=1)
_REST: Final = 200
"""So much longer than a look took is it until the next."""
_SHORTEST_S: Final = 1.0
_LONGEST: Final = timedelta(days=455)
"""As long as metrics are kept."""
_LOOKED_AT: Final = Subspace("metrics", "looked").pack()


class Held(NamedTuple):
    """Some of it. what: as `metering` calls it by the hour. amount: gigabytes, or a number of things."""

    account_id: str
    region: str
    what: str
    dimensions: Dimensions
    amount: float


Gauge = Callable[[datetime], AsyncIterator[Held]]
"""Tells what there is now, given the moment of the last look."""


class LookedRecord(msgspec.Struct, frozen=True, kw_only=True, tag="held_looked.v1"):
    """When the last look was, in seconds since 1970."""

    at_s: float


class Holdings:
    """All that is held in one Pileus."""

    def __init__(self, *, store: Store, metrics: Metrics, clock: Clock, gauges: Sequence[Gauge]) -> None:
        self._store = store
        self._metrics = metrics
        self._clock = clock
        self._gauges = gauges
        self._looking = asyncio.Lock()

    async def run(self) -> None:
        """The duty: look until cancelled. Not at once: a start has better things to do than to go through objects."""
        await self._store.run(self._begin)
        pause = LOOKED_EVERY
        while True:
            await self._clock.sleep(pause)
            began_s = time.monotonic()
            await self.look()
            pause = max(LOOKED_EVERY, _REST * timedelta(seconds=time.monotonic() - began_s))

    async def _begin(self, tx: Transaction) -> None:
        """What is there before the first look counts from now on."""
        if await tx.get(_LOOKED_AT) is None:
            tx.set(_LOOKED_AT, encode(LookedRecord(at_s=self._clock.timestamp())))

    async def look(self) -> None:
        """Meter all that there is, for the time since the last look; the first look only begins."""
        async with self._looking:
            now = self._clock.now()
            since = await self._since(now)
            if since is None:
                return
            held: dict[Metric, float] = {}
            for gauge in self._gauges:
                async for one in gauge(since):
                    metric = Metric(
                        account_id=one.account_id,
                        region=one.region,
                        namespace=NAMESPACE,
                        name=one.what,
                        dimensions=one.dimensions,
                    )
                    held[metric] = held.get(metric, 0.0) + one.amount
            times = list(by_month(since, now))
            await self._metrics.take(
                [
                    _told(metric, amount * hours, at_s=at_s)
                    for metric, amount in held.items()
                    if amount
                    for at_s, hours in times
                ]
            )

    async def _since(self, now: datetime) -> datetime | None:
        """When the last look was, which is now from now on; None where there is nothing to meter yet."""
        now_s = now.timestamp()

        async def move(tx: Transaction) -> datetime | None:
            data = await tx.get(_LOOKED_AT)
            last_s = now_s if data is None else decode(data, LookedRecord).at_s
            if data is not None and 0 <= now_s - last_s < _SHORTEST_S:
                return None
            tx.set(_LOOKED_AT, encode(LookedRecord(at_s=now_s)))
            return max(datetime.fromtimestamp(last_s, UTC), now - _LONGEST) if last_s < now_s else None

        return await self._store.run(move)


def by_month(since: datetime, until: datetime) -> Iterator[tuple[int, float]]:
    """The time between two moments, month by month: a second of it (since 1970), and how many hours it has."""
    while since < until:
        end = min(following_month(since), until)
        yield int(max(since.timestamp(), end.timestamp() - 1)), (end - since).total_seconds() / 3600
        since = end


def following_month(moment: datetime) -> datetime:
    """When the month after begins."""
    return datetime(moment.year + moment.month // 12, moment.month % 12 + 1, 1, tzinfo=UTC)


def _told(metric: Metric, amount: float, *, at_s: int) -> Told:
    return Told(metric, "None", at_s, StatisticSet(samples=1, sum=amount, minimum=amount, maximum=amount))
