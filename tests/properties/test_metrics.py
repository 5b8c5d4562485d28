"""Whatever is counted, flushed, restarted, rolled up and read in whatever order: a list of values knows the answer."""

import asyncio
import math
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.metrics.series import VALUES_GATHERED_MAX, Metric
from pileus.kernel.metrics.store import KEPT_S
from pileus.kernel.storage.sqlite import open_store
from tests.support.time import JumpingClock

ACCOUNT: Final = "111111111111"
START: Final = datetime(2026, 6, 1, tzinfo=UTC)
NAMES: Final = ("A", "B", "AB")
HOUR: Final = timedelta(hours=1)
MINUTE: Final = timedelta(minutes=1)

Add = tuple[str, float, int]
"""Which metric, what, and how often."""

names = st.sampled_from(NAMES)
values = st.one_of(
    st.integers(-5, 300).map(float), st.floats(-(2.0**360), 2.0**360), st.floats(0.001, 10_000, allow_nan=False)
)
steps: st.SearchStrategy[Sequence[Add | timedelta | str]] = st.lists(
    st.one_of(
        st.tuples(names, values, st.sampled_from((1, 1, 1, 2, 1_000))),
        st.sampled_from((MINUTE, 3 * MINUTE, 7 * HOUR, timedelta(days=8), timedelta(days=40))),
        st.sampled_from(("flush", "restart", "sweep", "read", "many")),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(steps)
def test_metrics_and_lists_agree(steps: Sequence[Add | timedelta | str]) -> None:
    """Sum, minimum, maximum and count of every period that is still kept."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_agree(Path(folder), steps))


async def _agree(folder: Path, steps: Sequence[Add | timedelta | str]) -> None:
    clock = JumpingClock(START)
    store = open_store(folder, clock=clock)
    metrics = Metrics(store, clock)
    counted: dict[str, list[tuple[datetime, float]]] = {name: [] for name in NAMES}

    def add(name: str, value: float, count: int) -> None:
        metrics.series(ACCOUNT, "eu-west-1", "N", name, (), "None").add(value, count)
        counted[name] += [(clock.now(), value)] * count

    for step in steps:
        match step:
            case timedelta():
                await metrics.flush()  # as the duty does at each whole minute
                clock.jump(step)
            case "flush":
                await metrics.flush()
            case "sweep":
                await metrics.sweep()
            case "many":
                for number in range(VALUES_GATHERED_MAX + 1):
                    add("A", float(number), 1)
            case "restart":
                await metrics.flush()
                await store.close()
                store = open_store(folder, clock=clock)
                metrics = Metrics(store, clock)
            case "read":
                await _check(metrics, clock, counted)
            case (name, value, count):
                add(name, value, count)
    await _check(metrics, clock, counted)
    await metrics.sweep()
    await _check(metrics, clock, counted)
    await store.close()


async def _check(metrics: Metrics, clock: JumpingClock, counted: dict[str, list[tuple[datetime, float]]]) -> None:
    end = clock.now() + HOUR
    for name, events in counted.items():
        metric = Metric(account_id=ACCOUNT, region="eu-west-1", namespace="N", name=name)
        # What is younger than the shortest retention is told by the minute, what is kept at all by the hour.
        for period, age_s in ((MINUTE, min(KEPT_S.values())), (HOUR, max(KEPT_S.values()))):
            start = max(START, _whole_hour(clock.now() - timedelta(seconds=age_s)) + HOUR)
            expected: dict[datetime, list[float]] = {}
            for at, value in events:
                if at >= start:
                    expected.setdefault(start + (at - start) // period * period, []).append(value)
            points = await metrics.read(metric, start=start, end=end, period=period)
            assert [point.at for point in points] == sorted(expected)
            for point in points:
                _same(expected[point.at], point.statistics.samples, point.statistics.sum)
                assert point.statistics.minimum == min(expected[point.at])
                assert point.statistics.maximum == max(expected[point.at])
                assert sum(count for _, count in point.statistics.values()) == point.statistics.samples


def _same(values: Sequence[float], samples: float, total: float) -> None:
    assert samples == len(values)
    largest = max(map(abs, values)) * len(values)
    assert math.isclose(total, math.fsum(values), rel_tol=1e-9, abs_tol=largest * 1e-9)


def _whole_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
