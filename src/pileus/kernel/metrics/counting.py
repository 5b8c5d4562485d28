"""Who gathers what services count, and tells it to those who show it?

A service asks for a series once, keeps it, and adds to it: `series.py` says what that costs. Values gather in memory by
the minute; the duty `run` writes them every few seconds of the clock, adding to what is there, and `flush` at the end
writes the rest. So a crash forgets some seconds, and no answer waits for metrics. A reader has written first what it is
asked for, and so sees all.

Which minute a value belongs to is decided by who looks at the clock: the duty, at each whole minute, and every series
for its first value after it was written. So what is added while the loop is late may count in the minute before.

**Memory.** A series lives as long as somebody holds it or it has something to be written; what it holds is bounded.
When UNWRITTEN_MAX have something to be written, `run` writes at once: so also when the clock stands still.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, NamedTuple
from weakref import WeakValueDictionary

from pileus.kernel.clock import Clock
from pileus.kernel.metrics import store as stored
from pileus.kernel.metrics.series import Dimensions, Metric, Series
from pileus.kernel.metrics.statistics import StatisticSet, Summing, merged
from pileus.kernel.metrics.store import KEPT_S, MINUTE_S, SECOND_S, Listed
from pileus.kernel.storage.seam import StorageFailed, Store, Transaction

FLUSH_EVERY_S: Final = 5
"""Of the clock; whole minutes are among these moments."""
SWEEP_EVERY: Final = timedelta(hours=1)
UNWRITTEN_MAX: Final = 10_000
"""Series; some 10 MiB."""
SERIES_PER_TRANSACTION: Final = 50
"""Some milliseconds."""
STORAGE_PAUSE_S: Final = 1.0

_log: Final = logging.getLogger(__name__)


class Told(NamedTuple):
    """Values that somebody else has counted. at_s: when, seconds since 1970. period_s: SECOND_S or MINUTE_S."""

    metric: Metric
    unit: str
    at_s: int
    statistics: StatisticSet
    period_s: int = MINUTE_S


class Datapoint(NamedTuple):
    """The values of one period. at: when it began."""

    at: datetime
    unit: str
    statistics: StatisticSet


class Metrics:
    """All that is counted in one Pileus."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._series: WeakValueDictionary[tuple[Metric, str], Series] = WeakValueDictionary()
        self._unwritten: dict[Series, None] = {}
        self._crowded = asyncio.Event()
        self._minute_s = self._now_minute_s()

    def series(
        self, account_id: str, region: str, namespace: str, name: str, dimensions: Dimensions, unit: str
    ) -> Series:
        """What to keep and add to; some microseconds. unit: as in API_MetricDatum (`Count`, `Milliseconds`)."""
        metric = Metric(account_id=account_id, region=region, namespace=namespace, name=name, dimensions=dimensions)
        series = self._series.get((metric, unit))
        if series is None:
            series = self._series[metric, unit] = Series(metric, unit, self._note)
        return series

    def _note(self, series: Series) -> None:
        """It is about to take a value, and had none."""
        if self._clock.timestamp() - self._minute_s >= MINUTE_S:
            self._cut()
        self._unwritten[series] = None
        if len(self._unwritten) >= UNWRITTEN_MAX:
            self._crowded.set()

    def _now_minute_s(self) -> int:
        now_s = int(self._clock.timestamp())
        return now_s - now_s % MINUTE_S

    def _cut(self) -> None:
        for series in self._unwritten:
            series.cut(self._minute_s)
        self._minute_s = self._now_minute_s()

    @property
    def held(self) -> int:
        """How many series are in memory."""
        return len(self._series)

    @property
    def unwritten(self) -> int:
        """How many of them have something to be written."""
        return len(self._unwritten)

    # The duty

    async def run(self) -> None:
        """Write and sweep until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._write_now_and_then())
            group.create_task(self._write_when_crowded())
            group.create_task(self._sweep_now_and_then())

    async def _write_now_and_then(self) -> None:
        while True:
            now_s = int(self._clock.timestamp())
            await self._clock.sleep_until(datetime.fromtimestamp(now_s - now_s % FLUSH_EVERY_S + FLUSH_EVERY_S, UTC))
            await self.flush()

    async def _write_when_crowded(self) -> None:
        while True:
            await self._crowded.wait()
            await self.flush()
            self._crowded.clear()
            if len(self._unwritten) >= UNWRITTEN_MAX:  # the disk takes nothing
                await asyncio.sleep(STORAGE_PAUSE_S)
                self._crowded.set()

    async def _sweep_now_and_then(self) -> None:
        while True:
            await self.sweep()
            await self._clock.sleep(SWEEP_EVERY)

    async def flush(self) -> None:
        """Write down all that was added so far; what the disk does not take waits for the next time."""
        self._cut()
        await self._write(list(self._unwritten))

    async def _write(self, waiting: Sequence[Series]) -> None:
        """Write what these had when they were cut."""
        for at in range(0, len(waiting), SERIES_PER_TRANSACTION):
            if at:
                await asyncio.sleep(0)
            try:
                await self._write_some(waiting[at : at + SERIES_PER_TRANSACTION])
            except StorageFailed as error:
                _log.warning("metrics cannot be written now: %s", error)
                return

    async def _write_some(self, batch: Sequence[Series]) -> None:
        taken = {series: series.take() for series in batch if series in self._unwritten}

        async def write(tx: Transaction) -> None:
            for series, sets in taken.items():
                if sets:
                    await stored.write(tx, series.metric, series.unit, sets)

        try:
            await self._store.run(write)
        except BaseException:
            for series, sets in taken.items():
                series.give_back(sets)
            raise
        for series in taken:
            if not series.unwritten:
                del self._unwritten[series]

    async def sweep(self) -> None:
        """Make longer periods of what is old, and forget what is older."""
        now_s = int(self._clock.timestamp())
        async for series in self._every():
            retire = partial(stored.retire, series=series, now_s=now_s)
            more = True
            while more:
                more = await self._store.run(retire)
                await asyncio.sleep(0)

    async def take(self, told: Sequence[Told]) -> None:
        """Write down what was counted elsewhere; it is committed when this returns."""
        gathered: dict[tuple[Metric, str, int], dict[int, list[StatisticSet]]] = {}
        for one in told:
            periods = gathered.setdefault((one.metric, one.unit, one.period_s), {})
            periods.setdefault(one.at_s - one.at_s % one.period_s, []).append(one.statistics)
        waiting = [
            (place, {at_s: merged(sets) for at_s, sets in periods.items()}) for place, periods in gathered.items()
        ]
        for at in range(0, len(waiting), SERIES_PER_TRANSACTION):
            if at:
                await asyncio.sleep(0)
            await self._store.run(partial(_write_taken, waiting[at : at + SERIES_PER_TRANSACTION]))

    # Those who show it

    async def read(
        self, metric: Metric, *, start: datetime, end: datetime, period: timedelta, unit: str | None = None
    ) -> list[Datapoint]:
        """Its statistics by period, in order of time; periods without a value are not there.

        start: of the first period, a whole minute unless periods are shorter; end: excluded. period: whole minutes, or
        seconds that divide one. unit: None for every unit, and then one `Datapoint` for each. What is kept only in
        longer periods than `period`, and than a minute, is not told.
        """
        start_s, end_s, period_s = int(start.timestamp()), int(end.timestamp()), int(period.total_seconds())
        assert period_s > 0
        assert period_s % MINUTE_S == 0 or MINUTE_S % period_s == 0
        assert start_s % min(period_s, MINUTE_S) == 0
        self._cut()
        await self._write([series for series in self._unwritten if series.metric == metric])
        found: dict[tuple[int, str], Summing] = {}
        for of_unit in [unit] if unit is not None else await stored.units(self._store.snapshot(), metric):
            for kept_s in KEPT_S:
                if kept_s <= max(period_s, MINUTE_S):  # values of a whole minute count at its begin
                    async for at_s, statistics in self._sets(metric, of_unit, kept_s, start_s, end_s):
                        found.setdefault(((at_s - start_s) // period_s, of_unit), Summing()).add_set(statistics)
        return [
            Datapoint(start + number * period, of_unit, found[number, of_unit].told())
            for number, of_unit in sorted(found)
        ]

    async def _sets(
        self, metric: Metric, unit: str, kept_s: int, start_s: int, end_s: int
    ) -> AsyncIterator[tuple[int, StatisticSet]]:
        while True:
            page = await stored.sets(
                self._store.snapshot(), metric, unit, period_s=kept_s, start_s=start_s, end_s=end_s
            )
            for one in page:
                yield one
            if len(page) < stored.PAGE:
                return
            start_s = page[-1][0] + 1
            await asyncio.sleep(0)

    async def list_series(
        self, account_id: str, region: str, namespace: str | None = None, name: str | None = None
    ) -> list[Listed]:
        """The series that there are, in order of namespace and name."""
        await self.flush()
        scope = (account_id, region, *((namespace,) if namespace is not None else ()))
        return [one async for one in self._every(*scope) if name in (None, one.metric.name)]

    async def of_minute(self, start: datetime) -> list[tuple[Metric, str, StatisticSet]]:
        """What was counted in one minute of the last 15 days, in all accounts: by metric and unit."""
        await self.flush()
        start_s = int(start.timestamp())
        found = []
        async for metric, unit, last_s in self._every():
            if last_s >= start_s and not metric.namespace.startswith(":"):  # see `metering`
                sets = [
                    statistics
                    for kept_s in (SECOND_S, MINUTE_S)
                    async for _, statistics in self._sets(metric, unit, kept_s, start_s, start_s + MINUTE_S)
                ]
                if sets:
                    found.append((metric, unit, merged(sets)))
        return found

    async def seen_since(self, start: datetime) -> set[Metric]:
        """Those of all accounts that have had a value since the minute in which `start` is."""
        await self.flush()
        start_s = int(start.timestamp())
        start_s -= start_s % MINUTE_S
        return {metric async for metric, _, last_s in self._every() if last_s >= start_s}

    async def sums(self, kinds: Collection[tuple[str, str]], *, start: datetime, end: datetime) -> dict[Metric, float]:
        """Of the metrics with such namespaces and names, in all accounts: what was added from `start` until `end`.

        start: a whole hour, since older values are kept by the hour.
        """
        await self.flush()
        start_s, end_s = int(start.timestamp()), int(end.timestamp())
        found: dict[Metric, float] = {}
        async for metric, unit, last_s in self._every():
            if last_s < start_s or (metric.namespace, metric.name) not in kinds:
                continue
            total = 0.0
            for kept_s in KEPT_S:
                async for _, statistics in self._sets(metric, unit, kept_s, start_s, end_s):
                    total += statistics.sum
            if total:
                found[metric] = found.get(metric, 0.0) + total
        return found

    async def _every(self, *scope: str) -> AsyncIterator[Listed]:
        """Each written series; scope: account, region, namespace, as many as matter."""
        at: bytes | None = b""
        while at is not None:
            page, at = await stored.listed(self._store.snapshot(), *scope, at=at)
            for one in page:
                yield one
            await asyncio.sleep(0)


async def _write_taken(
    batch: Sequence[tuple[tuple[Metric, str, int], dict[int, StatisticSet]]], tx: Transaction
) -> None:
    for (metric, unit, period_s), sets in batch:
        await stored.write(tx, metric, unit, sets, period_s=period_s)
