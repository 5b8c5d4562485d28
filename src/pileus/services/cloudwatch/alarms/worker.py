"""When are alarms looked at, and who does it?

A duty, every ten seconds of the clock: alarms of less than a minute each time, all others at whole minutes. What has
happened until then counts, in periods that end at that moment ("Evaluating an alarm" of CloudWatch's guide). A clock
that jumps has them looked at once, as they stand then.
"""

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from pileus.kernel.clock import Clock
from pileus.kernel.errors import ServiceError
from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Snapshot, Store, Transaction
from pileus.services.cloudwatch.alarms.evaluating import Point, Verdict, judged, periods_looked_at
from pileus.services.cloudwatch.alarms.events import AlarmEvents
from pileus.services.cloudwatch.alarms.records import AlarmRecord, Condition
from pileus.services.cloudwatch.alarms.store import ALARMS, every_alarm, find_alarm, forget_history
from pileus.services.cloudwatch.alarms.transitions import Change, Transitions
from pileus.services.cloudwatch.limits import HISTORY_KEPT
from pileus.services.cloudwatch.metric_data import plan, results
from pileus.services.cloudwatch.model import Scope
from pileus.services.cloudwatch.reading import Reader

TICK_S: Final = 10
_MINUTE_S: Final = 60
_SWEEP_EVERY: Final = timedelta(hours=1)

_log: Final = logging.getLogger(__name__)


async def any_alarm(reader: Snapshot) -> bool:
    """Whether there is one, in any account."""
    return bool(await reader.range(*ALARMS.range(), limit=1))


async def next_tick(clock: Clock) -> None:
    """Return at the next moment at which alarms are looked at."""
    now_s = int(clock.timestamp())
    await clock.sleep_until(datetime.fromtimestamp(now_s - now_s % TICK_S + TICK_S, UTC))


class AlarmWatch:
    """The duty."""

    def __init__(self, *, store: Store, reader: Reader, clock: Clock, ids: Ids, events: AlarmEvents) -> None:
        self._store = store
        self._reader = reader
        self._clock = clock
        self._ids = ids
        self._events = events
        self._looked_at: dict[tuple[Scope, str], int] = {}
        self._swept = clock.now()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.look()
            if self._clock.now() - self._swept >= _SWEEP_EVERY:
                await self._sweep()
            await next_tick(self._clock)

    async def look(self) -> None:
        """At all alarms whose time has come."""
        now_s = int(self._clock.timestamp())
        looked_at: dict[tuple[Scope, str], int] = {}
        async for scope, alarm in every_alarm(self._store.snapshot()):
            if alarm.condition is None:
                continue
            step_s = TICK_S if period_of(alarm.condition) < _MINUTE_S else _MINUTE_S
            until_s = now_s - now_s % step_s
            key = (scope, alarm.name)
            if self._looked_at.get(key) != until_s:
                await self._judge(scope, alarm, alarm.condition, until=datetime.fromtimestamp(until_s, UTC))
                await asyncio.sleep(0)
            looked_at[key] = until_s
        self._looked_at = looked_at

    async def _judge(self, scope: Scope, alarm: AlarmRecord, condition: Condition, *, until: datetime) -> None:
        try:
            verdict = await self._verdict(scope, condition, until)
        except ServiceError as error:
            _log.warning("alarm %s cannot be evaluated: %s", scope.alarm_arn(alarm.name), error)
            return
        if verdict is None or verdict.value == alarm.state.value:
            return

        async def change(tx: Transaction) -> None:
            current = await find_alarm(tx, scope, alarm.name)
            if current != alarm:
                return  # somebody has changed it meanwhile
            now_s = self._clock.timestamp()
            transitions = Transitions(tx, scope, now_s=now_s, ids=self._ids, events=self._events)
            await transitions.change(
                alarm, Change(value=verdict.value, reason=verdict.reason[:1_023], data=verdict.data)
            )

        await self._store.run(change)

    async def _verdict(self, scope: Scope, condition: Condition, until: datetime) -> Verdict | None:
        period_s = period_of(condition)
        count = periods_looked_at(condition, period_s=period_s)
        start = until - timedelta(seconds=period_s * count)
        samples: Mapping[int, float] = {}
        percent = None
        if condition.stat is not None:
            told = await self._reader.line(scope, condition.stat, start=start, end=until)
            values = told.line.values
            samples = told.samples
            if condition.stat.stat.startswith("p"):
                percent = float(condition.stat.stat[1:])
        else:
            found = await results(self._reader, scope, plan(condition.queries), start=start, end=until)
            values = found[0].line.values if found else {}
        moments = [int(until.timestamp()) - period_s * number for number in range(1, count + 1)]
        points = [Point(at_s, values.get(at_s), samples.get(at_s)) for at_s in moments]
        return judged(condition, points, period_s=period_s, now=self._clock.now(), percent=percent)

    async def _sweep(self) -> None:
        self._swept = self._clock.now()
        before_s = (self._swept - HISTORY_KEPT).timestamp()

        async def forget(tx: Transaction) -> None:
            await forget_history(tx, before_s=before_s)

        await self._store.run(forget)


def period_of(condition: Condition) -> int:
    """How long the periods are, in seconds, that an alarm counts."""
    return condition.stat.period_s if condition.stat is not None else plan(condition.queries).period_s
