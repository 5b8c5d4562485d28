"""Services count, and CloudWatch is told."""

import asyncio
import gc
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from pileus.kernel.metrics import counting
from pileus.kernel.metrics.counting import Metrics, Told
from pileus.kernel.metrics.series import MINUTES_UNWRITTEN_MAX, VALUES_GATHERED_MAX, Dimensions, Metric, Series
from pileus.kernel.metrics.statistics import statistics_of
from pileus.kernel.metrics.store import SECOND_S, SeriesRecord
from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import StorageFailed
from pileus.kernel.storage.sqlite import SqliteStore, open_store
from tests.support.time import JumpingClock

ACCOUNT: Final = "111111111111"
REGION: Final = "us-east-1"
NAMESPACE: Final = "AWS/DynamoDB"
NOON: Final = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)
MINUTE: Final = timedelta(minutes=1)
ORDERS: Final = (("TableName", "orders"),)
WAIT_S: Final = 10.0


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock(NOON)


@pytest.fixture
async def store(tmp_path: Path, clock: JumpingClock) -> AsyncIterator[SqliteStore]:
    store = open_store(tmp_path, clock=clock)
    yield store
    await store.close()


@pytest.fixture
def metrics(store: SqliteStore, clock: JumpingClock) -> Metrics:
    return Metrics(store, clock)


def series(metrics: Metrics, name: str = "Units", dimensions: Dimensions = ORDERS, unit: str = "Count") -> Series:
    return metrics.series(ACCOUNT, REGION, NAMESPACE, name, dimensions, unit)


def metric(name: str = "Units", dimensions: Dimensions = ORDERS) -> Metric:
    return Metric(account_id=ACCOUNT, region=REGION, namespace=NAMESPACE, name=name, dimensions=dimensions)


async def told(
    metrics: Metrics,
    of: Metric | None = None,
    *,
    start: datetime = NOON,
    end: datetime | None = None,
    period: timedelta = MINUTE,
    unit: str | None = None,
) -> list[tuple[datetime, float, float]]:
    """When each period began, how many samples it has, and their sum."""
    points = await metrics.read(of or metric(), start=start, end=end or start + 60 * MINUTE, period=period, unit=unit)
    return [(point.at, point.statistics.samples, point.statistics.sum) for point in points]


async def test_what_was_added_is_told_at_once(metrics: Metrics) -> None:
    """Nobody waits for the next flush to see what they did."""
    series(metrics).add(0.5)
    series(metrics).add(2.0, 3)
    series(metrics).add(0.5)
    assert await told(metrics) == [(NOON, 5, 7.0)]
    series(metrics).add(1.0)
    assert await told(metrics) == [(NOON, 6, 8.0)]


async def test_every_value_of_many_counts(metrics: Metrics) -> None:
    """Values that are summed up on the way are neither lost nor doubled."""
    count = 3 * VALUES_GATHERED_MAX + 1
    kept = series(metrics)
    for number in range(count):
        kept.add(float(number))
    await metrics.flush()
    kept.add(1.0)
    assert await told(metrics) == [(NOON, count + 1, sum(range(count)) + 1.0)]
    [point] = await metrics.read(metric(), start=NOON, end=NOON + MINUTE, period=MINUTE)
    assert (point.statistics.minimum, point.statistics.maximum) == (0.0, count - 1.0)


async def test_a_value_belongs_to_its_minute(metrics: Metrics, clock: JumpingClock) -> None:
    """`run` is awake at each whole minute and cuts there."""
    duty = asyncio.create_task(metrics.run())
    try:
        kept = series(metrics)
        for minute in range(3):
            await _asleep(clock, 2)
            for number in range(minute + 1):
                kept.add(float(number + 1))
            clock.jump(MINUTE)
            await _asleep(clock, 2)
        expected = [(NOON, 1, 1.0), (NOON + MINUTE, 2, 3.0), (NOON + 2 * MINUTE, 3, 6.0)]
        assert await told(metrics) == expected
        assert await told(metrics, period=2 * MINUTE) == [(NOON, 3, 4.0), (NOON + 2 * MINUTE, 3, 6.0)]
        assert await told(metrics, start=NOON + MINUTE, end=NOON + 2 * MINUTE) == expected[1:2]
    finally:
        duty.cancel()
        await asyncio.gather(duty, return_exceptions=True)


async def test_a_restart_adds_to_the_minute(store: SqliteStore, clock: JumpingClock) -> None:
    """Two processes that count in the same minute are told as one."""
    for _ in range(2):
        metrics = Metrics(store, clock)
        series(metrics).add(4.0)
        await metrics.flush()
    assert await told(Metrics(store, clock)) == [(NOON, 2, 8.0)]


async def test_a_duty_writes_within_seconds(store: SqliteStore, metrics: Metrics, clock: JumpingClock) -> None:
    """A crash forgets some seconds, not all."""
    duty = asyncio.create_task(metrics.run())
    try:
        await _asleep(clock, 2)
        series(metrics).add(1.0)
        clock.jump(timedelta(seconds=counting.FLUSH_EVERY_S))
        await _asleep(clock, 2)
        assert await told(Metrics(store, clock)) == [(NOON, 1, 1.0)]
    finally:
        duty.cancel()
        await asyncio.gather(duty, return_exceptions=True)


async def test_a_clock_that_stands_does_not_fill_memory(
    store: SqliteStore, metrics: Metrics, clock: JumpingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody froze the clock, and each request makes a metric of its own: they are written and forgotten."""
    monkeypatch.setattr(counting, "UNWRITTEN_MAX", 100)
    duty = asyncio.create_task(metrics.run())
    try:
        for number in range(100):
            series(metrics, f"Metric{number:03}").add(1.0)
        async with asyncio.timeout(WAIT_S):
            while metrics.unwritten:
                await asyncio.sleep(0)
        gc.collect()
        assert metrics.held == 0
        assert len(await Metrics(store, clock).list_series(ACCOUNT, REGION)) == 100
    finally:
        duty.cancel()
        await asyncio.gather(duty, return_exceptions=True)


async def test_a_series_is_one_however_often_it_is_asked_for(metrics: Metrics) -> None:
    """Dimensions have no order; units are told apart."""
    kept = series(metrics, dimensions=(("B", "2"), ("A", "1")))
    assert series(metrics, dimensions=(("A", "1"), ("B", "2"))) is kept
    assert series(metrics, dimensions=(("A", "1"),)) is not kept
    assert series(metrics, dimensions=(("A", "1"), ("B", "2")), unit="Bytes") is not kept


async def test_units_are_told_apart(metrics: Metrics) -> None:
    """GetMetricStatistics without a unit answers one datapoint for each."""
    series(metrics, unit="Count").add(1.0)
    series(metrics, unit="Bytes").add(10.0)
    points = await metrics.read(metric(), start=NOON, end=NOON + MINUTE, period=MINUTE)
    assert [(point.unit, point.statistics.sum) for point in points] == [("Bytes", 10.0), ("Count", 1.0)]
    assert await told(metrics, unit="Bytes") == [(NOON, 1, 10.0)]
    assert await told(metrics, unit="Seconds") == []


async def test_metrics_do_not_mix(metrics: Metrics) -> None:
    """Another account, region, namespace, name or dimension is another metric."""
    series(metrics).add(1.0)
    for other in (
        metrics.series("222222222222", REGION, NAMESPACE, "Units", ORDERS, "Count"),
        metrics.series(ACCOUNT, "eu-west-1", NAMESPACE, "Units", ORDERS, "Count"),
        metrics.series(ACCOUNT, REGION, "AWS/Lambda", "Units", ORDERS, "Count"),
        series(metrics, "Unit"),
        series(metrics, dimensions=()),
        series(metrics, dimensions=(("TableName", "order"),)),
        series(metrics, dimensions=(*ORDERS, ("Operation", "GetItem"))),
    ):
        other.add(100.0)
    await metrics.flush()
    assert await told(metrics) == [(NOON, 1, 1.0)]


async def test_longest_names(metrics: Metrics) -> None:
    """30 dimensions of 255 and 1,024 characters (API_MetricDatum), which no key could hold."""
    dimensions = tuple((f"{number:03}" + "n" * 252, "é" * 1_024) for number in range(30))
    series(metrics, "m" * 255, dimensions).add(1.0)
    await metrics.flush()
    assert await told(metrics, metric("m" * 255, dimensions)) == [(NOON, 1, 1.0)]
    [found] = await metrics.list_series(ACCOUNT, REGION)
    assert found.metric.dimensions == dimensions


async def test_listing(metrics: Metrics, clock: JumpingClock) -> None:
    """By namespace, by name, or all of an account and region; what was only asked for is not there."""
    nothing_added = series(metrics, "Never")
    series(metrics, "B").add(1.0)
    series(metrics, "A").add(1.0)
    other = metrics.series(ACCOUNT, REGION, "Mine", "A", (), "None")
    other.add(1.0)
    metrics.series(ACCOUNT, "eu-west-1", NAMESPACE, "A", (), "None").add(1.0)
    names = [
        [(one.metric.namespace, one.metric.name) for one in await metrics.list_series(ACCOUNT, REGION, *scope)]
        for scope in ((), (NAMESPACE,), (NAMESPACE, "B"), (None, "A"), ("AWS/Dynamo",))
    ]
    assert names == [
        [(NAMESPACE, "A"), (NAMESPACE, "B"), ("Mine", "A")],
        [(NAMESPACE, "A"), (NAMESPACE, "B")],
        [(NAMESPACE, "B")],
        [(NAMESPACE, "A"), ("Mine", "A")],
        [],
    ]
    clock.jump(3 * MINUTE)
    await metrics.flush()
    other.add(1.0)
    [found] = await metrics.list_series(ACCOUNT, REGION, "Mine")
    assert (found.unit, found.last_s) == ("None", int((NOON + 3 * MINUTE).timestamp()))
    assert nothing_added.metric.name == "Never"


async def test_what_is_added_during_a_flush_counts(metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flush of many series lets requests work between; what they add waits for the next one."""
    monkeypatch.setattr(counting, "SERIES_PER_TRANSACTION", 1)
    both = [series(metrics, name) for name in ("A", "B")]
    for one in both:
        one.add(1.0)
    flush = asyncio.create_task(metrics.flush())
    await asyncio.sleep(0)
    assert not flush.done()
    for one in both:
        one.add(2.0)
    await flush
    for name in ("A", "B"):
        assert await told(metrics, metric(name)) == [(NOON, 2, 3.0)]


async def test_a_full_disk_loses_nothing(
    metrics: Metrics, store: SqliteStore, clock: JumpingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be written is written once there is room, and only once."""

    async def full(work: object) -> None:
        raise StorageFailed("disk full")

    kept = series(metrics)
    with monkeypatch.context() as patch:
        patch.setattr(store, "run", full)
        kept.add(1.0)
        await metrics.flush()
        kept.add(2.0)
        clock.jump(MINUTE)
        await metrics.flush()
        kept.add(4.0)
        await metrics.flush()
    assert await told(metrics) == [(NOON, 2, 3.0), (NOON + MINUTE, 1, 4.0)]


async def test_a_disk_that_stays_full_does_not_fill_memory(
    metrics: Metrics, store: SqliteStore, clock: JumpingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest minutes are forgotten."""

    async def full(work: object) -> None:
        raise StorageFailed("disk full")

    kept = series(metrics)
    with monkeypatch.context() as patch:
        patch.setattr(store, "run", full)
        for _ in range(MINUTES_UNWRITTEN_MAX + 5):
            kept.add(1.0)
            await metrics.flush()
            clock.jump(MINUTE)
    points = await told(metrics, end=NOON + timedelta(days=1))
    assert [at for at, _, _ in points] == [NOON + number * MINUTE for number in range(5, MINUTES_UNWRITTEN_MAX + 5)]


async def test_old_minutes_become_longer_periods_and_then_nothing(
    metrics: Metrics, store: SqliteStore, clock: JumpingClock
) -> None:
    """15 days by the minute, 63 days by 5 minutes, 455 days by the hour ("Metrics retention" of CloudWatch's guide)."""
    kept = series(metrics)
    for _ in range(120):
        kept.add(1.0)
        await metrics.flush()
        clock.jump(MINUTE)
    kept.add(1.0)
    await metrics.flush()
    hour, end = timedelta(hours=1), NOON + timedelta(hours=3)
    by_hour = [(NOON, 60, 60.0), (NOON + hour, 60, 60.0), (NOON + 2 * hour, 1, 1.0)]

    clock.jump(timedelta(days=15, hours=-1))  # the first hour is older than 15 days now
    await metrics.sweep()
    assert len(await store.snapshot().range(*Subspace("metrics", "sets").range())) == 12 + 61
    assert len(await told(metrics, end=end)) == 61
    assert len(await told(metrics, end=end, period=5 * MINUTE)) == 25
    assert await told(metrics, end=end, period=hour) == by_hour

    clock.jump(timedelta(days=49))
    await metrics.sweep()
    assert len(await store.snapshot().range(*Subspace("metrics", "sets").range())) == 3
    assert await told(metrics, end=end) == []
    assert await told(metrics, end=end, period=5 * MINUTE) == []
    assert await told(metrics, end=end, period=hour) == by_hour
    assert len(await metrics.list_series(ACCOUNT, REGION)) == 1

    clock.jump(timedelta(days=455))
    await metrics.sweep()
    assert await told(metrics, end=end, period=hour) == []
    assert await metrics.list_series(ACCOUNT, REGION) == []


async def test_what_others_have_counted(metrics: Metrics) -> None:
    """PutMetricData: of the past, of the future, and several at once; they add to what is there."""
    series(metrics).add(1.0)
    for _ in range(2):
        await metrics.take(
            [
                Told(metric(), "Count", int((NOON + 90 * MINUTE).timestamp()) + 59, statistics_of([2.0, 3.0])),
                Told(metric(), "Count", int(NOON.timestamp()), statistics_of([4.0])),
                Told(metric(), "Count", int(NOON.timestamp()) + 1, statistics_of([5.0])),
            ]
        )
    end = NOON + timedelta(days=1)
    assert await told(metrics, end=end) == [(NOON, 5, 19.0), (NOON + 90 * MINUTE, 4, 10.0)]
    [found] = await metrics.list_series(ACCOUNT, REGION)
    assert found.last_s == int((NOON + 90 * MINUTE).timestamp())


async def test_seconds_become_minutes_after_three_hours(metrics: Metrics, clock: JumpingClock) -> None:
    """High resolution ("Metrics retention"); in periods of less than a minute, a minute counts at its begin."""
    second = timedelta(seconds=1)
    at_s = int(NOON.timestamp())
    await metrics.take([Told(metric(), "Count", at_s + number, statistics_of([1.0]), SECOND_S) for number in range(90)])
    assert len(await told(metrics, period=second)) == 90
    assert await told(metrics, period=30 * second) == [(NOON + number * 30 * second, 30, 30.0) for number in range(3)]
    by_minute = [(NOON, 60, 60.0), (NOON + MINUTE, 30, 30.0)]
    assert await told(metrics) == by_minute
    assert [sets.sum for _, _, sets in await metrics.of_minute(NOON)] == [60.0]
    clock.jump(timedelta(hours=3, minutes=2))
    await metrics.sweep()
    assert await told(metrics) == by_minute
    assert await told(metrics, period=second) == by_minute


async def test_sums(metrics: Metrics, clock: JumpingClock) -> None:
    """What a bill asks for: of certain kinds, in all accounts, whatever their periods have become."""
    for number in range(3):
        series(metrics).add(2.0)
        series(metrics, "Other").add(100.0)
        metrics.series("222222222222", REGION, ":metering", "Units", (), "None").add(number + 1.0)
        await metrics.flush()
        clock.jump(30 * MINUTE)
    kinds = {(NAMESPACE, "Units"), (":metering", "Units")}
    other = Metric(account_id="222222222222", region=REGION, namespace=":metering", name="Units")
    for days in (0, 16, 64):
        clock.jump(timedelta(days=days))
        await metrics.sweep()
        assert await metrics.sums(kinds, start=NOON, end=NOON + 120 * MINUTE) == {metric(): 6.0, other: 6.0}
        assert await metrics.sums(kinds, start=NOON + 60 * MINUTE, end=NOON + 120 * MINUTE) == {
            metric(): 2.0,
            other: 3.0,
        }
    assert [one.namespace for one, _, _ in await metrics.of_minute(NOON)] == []


async def test_reading_more_than_a_page(metrics: Metrics, clock: JumpingClock) -> None:
    """A day has 1,440 minutes, which are read and retired in several steps."""
    kept = series(metrics)
    for _ in range(1_200):
        kept.add(1.0)
        clock.jump(MINUTE)
        await metrics.flush()
    end = NOON + timedelta(days=1)
    points = await told(metrics, end=end)
    assert len(points) == 1_200
    assert await told(metrics, end=end, period=timedelta(days=1)) == [(NOON, 1_200, 1_200.0)]
    clock.jump(timedelta(days=70))
    await metrics.sweep()
    assert await told(metrics, end=end, period=timedelta(days=1)) == [(NOON, 1_200, 1_200.0)]
    assert len(await told(metrics, end=end, period=timedelta(hours=1))) == 20


def test_series_of_the_first_version_still_read() -> None:
    """These bytes were written by the first version; whatever comes later must read them."""
    kept = bytes.fromhex(
        "83a474797065b06d65747269635f7365726965732e7631aa64696d656e73696f6e739192a95461626c654e616d65a66f7264"
        "657273a66c6173745f73ce6a1d7440"
    )
    assert decode(kept, SeriesRecord) == SeriesRecord(dimensions=(("TableName", "orders"),), last_s=1_780_315_200)


async def _asleep(clock: JumpingClock, count: int) -> None:
    """Return once so many wait for the clock."""
    async with asyncio.timeout(WAIT_S):
        while len(clock.alarms) < count:
            await asyncio.sleep(0)
