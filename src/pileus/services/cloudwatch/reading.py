"""How does a statistic of a metric become a series over time?"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from pileus.kernel.clock import Clock
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.metrics.series import Metric
from pileus.services.cloudwatch.expressions.searching import Search
from pileus.services.cloudwatch.expressions.values import Line
from pileus.services.cloudwatch.limits import LISTED_FOR, SEARCHED_MAX
from pileus.services.cloudwatch.model import Scope, StatQuery
from pileus.services.cloudwatch.periods import first_period
from pileus.services.cloudwatch.statistic import statistic

_SLICE_PERIODS: Final = 240
"""So many are read at once: a period's distribution takes up to 15 KiB in memory, its value a hundredth of that."""


class Told(NamedTuple):
    """A series as it was read. units: those in which there are values; the series is of the first.

    samples: how many values each period had, by when it began.
    """

    line: Line
    units: Sequence[str]
    samples: Mapping[int, float]


class Reader:
    """Reads what was counted."""

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self._metrics = metrics
        self._clock = clock

    async def line(self, scope: Scope, query: StatQuery, *, start: datetime, end: datetime) -> Told:
        """Of the periods from the one of `start` until `end`. The statistic has been checked.

        Of values in several units, those of the first in the alphabet are told
        (recording test_get_metric_data_different_units_no_unit_in_query).
        """
        begin = first_period(start, period_s=query.period_s, now=self._clock.now())
        compute = statistic(query.stat)
        assert compute is not None
        values: dict[str, dict[int, float]] = {}
        samples: dict[str, dict[int, float]] = {}
        while begin < end:
            slice_end = min(end, begin + _SLICE_PERIODS * query.period)
            for point in await self._metrics.read(
                query.metric(scope), start=begin, end=slice_end, period=query.period, unit=query.unit
            ):
                at_s = int(point.at.timestamp())
                samples.setdefault(point.unit, {})[at_s] = point.statistics.samples
                value = compute(point.statistics)
                if value is not None:
                    values.setdefault(point.unit, {})[at_s] = float(value)
            begin = slice_end
            await asyncio.sleep(0)
        units = sorted(samples)
        shown = units[0] if units else ""
        line = Line(values=values.get(shown, {}), label=query.name, period_s=query.period_s)
        return Told(line, units, samples.get(shown, {}))

    async def found(self, scope: Scope, search: Search, *, start: datetime, end: datetime) -> list[Line]:
        """The series that a SEARCH is about, with values or without, in order of their names."""
        metrics = await self.metrics_of(scope, namespace=search.namespace, since=self._clock.now() - LISTED_FOR)
        matching = [metric for metric in metrics if search.matches(metric)][:SEARCHED_MAX]
        lines = []
        for metric in matching:
            query = StatQuery(
                namespace=metric.namespace,
                name=metric.name,
                dimensions=metric.dimensions,
                stat=search.stat,
                period_s=search.period_s,
            )
            told = await self.line(scope, query, start=start, end=end)
            lines.append(Line(values=told.line.values, label=label_of(metric, matching), period_s=search.period_s))
        return lines

    async def metrics_of(
        self, scope: Scope, *, namespace: str | None = None, name: str | None = None, since: datetime
    ) -> list[Metric]:
        """Those that had a value since then, each once. What Pileus counts for itself is not among them."""
        listed = await self._metrics.list_series(scope.account_id, scope.region, namespace, name)
        oldest_s = (since - timedelta(minutes=1)).timestamp()
        return list(
            dict.fromkeys(
                one.metric for one in listed if one.last_s >= oldest_s and not one.metric.namespace.startswith(":")
            )
        )


def label_of(metric: Metric, among: Sequence[Metric]) -> str:
    """What tells a metric from the others that were found: its name, or values of dimensions, or both."""
    parts = [value for name, value in metric.dimensions if len({dict(one.dimensions).get(name) for one in among}) > 1]
    if not parts or len({one.name for one in among}) > 1:
        parts.append(metric.name)
    return " ".join(parts)
