"""What use would cost: amounts, the free tier, and months."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
import pytest

from pileus.billing import PATH, Bill, Billing, bill, told
from pileus.kernel.http.messages import Request
from pileus.kernel.metrics import metering
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.metrics.holding import Gauge, Held, Holdings, by_month
from pileus.kernel.metrics.metering import GB_SECONDS, NAMESPACE, meter
from pileus.kernel.metrics.series import Metric
from pileus.kernel.storage.sqlite import SqliteStore, open_store
from tests.support.time import JumpingClock

ACCOUNT: Final = "111111111111"
START: Final = datetime(2026, 11, 1, tzinfo=UTC)


def metric(namespace: str, name: str, *dimensions: tuple[str, str], account_id: str = ACCOUNT) -> Metric:
    return Metric(account_id=account_id, region="us-east-1", namespace=namespace, name=name, dimensions=dimensions)


F: Final = ("FunctionName", "f")
Q: Final = ("QueueName", "q")
T: Final = ("TopicName", "t")
B: Final = ("BucketName", "b")
HOURS: Final = 30 * 24
"""Of November."""


def cost(used: dict[Metric, float]) -> float:
    return bill(used, start=START, until=START).cost_usd


@pytest.mark.parametrize(
    ("used", "usd"),
    [
        ({}, 0.0),
        ({metric("AWS/Lambda", "Invocations", F): 1_000_000.0}, 0.0),  # exactly the free tier
        ({metric("AWS/Lambda", "Invocations", F): 3_000_000.0}, 0.40),
        ({metric(NAMESPACE, GB_SECONDS, F): 400_000.0}, 0.0),
        ({metric(NAMESPACE, GB_SECONDS, F): 1_400_000.0}, 16.6667),
        ({metric("AWS/DynamoDB", "ConsumedReadCapacityUnits", ("TableName", "t")): 1_000_000.0}, 0.125),
        ({metric("AWS/DynamoDB", "ConsumedWriteCapacityUnits", ("TableName", "t")): 1_000_000.0}, 0.625),
        ({metric(NAMESPACE, metering.QUEUE_REQUESTS, Q): 2_000_000.0}, 0.40),
        ({metric(NAMESPACE, metering.FIFO_QUEUE_REQUESTS, Q): 2_000_000.0}, 0.50),
        ({metric(NAMESPACE, metering.TOPIC_REQUESTS, T): 2_000_000.0}, 0.50),
        ({metric(NAMESPACE, metering.FIFO_TOPIC_REQUESTS, T): 1_000_000.0}, 0.30),
        ({metric(NAMESPACE, metering.FIFO_TOPIC_GB, T): 1_000.0}, 17.0),
        ({metric(NAMESPACE, metering.FIFO_DELIVERIES, T): 1_000_000.0}, 0.01),
        ({metric(NAMESPACE, metering.FIFO_DELIVERIES_GB, T): 1_000.0}, 1.0),
        ({metric(NAMESPACE, metering.HTTP_DELIVERIES, T): 1_100_000.0}, 0.60),
        ({metric(NAMESPACE, metering.MAIL_DELIVERIES, T): 101_000.0}, 2.0),
        ({metric(NAMESPACE, metering.PUSH_DELIVERIES, T): 2_000_000.0}, 0.50),
        ({metric(NAMESPACE, metering.API_REQUESTS, ("ApiId", "a")): 2_000_000.0}, 2.0),
        ({metric(NAMESPACE, metering.TABLE_GB_HOURS, ("TableName", "t")): 35.0 * HOURS}, 2.50),
        ({metric(NAMESPACE, metering.OBJECT_GB_HOURS["STANDARD"], B): 100.0 * HOURS}, 2.30),
        ({metric(NAMESPACE, metering.OBJECT_GB_HOURS["STANDARD"], B): 100.0 * HOURS / 2}, 1.15),  # half a month
        ({metric(NAMESPACE, metering.OBJECT_GB_HOURS["DEEP_ARCHIVE"], B): 1_000.0 * HOURS}, 0.99),
        ({metric(NAMESPACE, metering.TRANSFER_GB, B): 110.0}, 0.90),
        ({metric(NAMESPACE, metering.KEY_HOURS, ("KeyId", "k")): 3.0 * HOURS}, 3.0),
        ({metric(NAMESPACE, metering.METRIC_HOURS, ("Namespace", "n")): 12.0 * HOURS}, 0.60),
        ({metric(NAMESPACE, metering.ALARM_HOURS, ("AlarmName", "a")): 12.0 * HOURS}, 0.20),
        ({metric(NAMESPACE, metering.COMPOSITE_ALARM_HOURS, ("AlarmName", "a")): 2.0 * HOURS}, 1.0),
        ({metric(NAMESPACE, metering.DASHBOARD_HOURS, ("DashboardName", "d")): 4.0 * HOURS}, 3.0),
        ({metric(NAMESPACE, metering.METRICS_ASKED_FOR, ("Operation", "GetMetricData")): 1_000.0}, 0.01),
        ({metric(NAMESPACE, metering.QUERIED_GB, ("LogGroupName", "g")): 105.0}, 0.50),
        ({metric("AWS/Logs", "IncomingBytes", ("LogGroupName", "g")): 7.0 * 2**30}, 1.0),
        ({metric("AWS/Logs", "IncomingBytes"): 7.0 * 2**30}, 0.0),  # the sum of all groups, counted beside
    ],
)
def test_prices(used: dict[Metric, float], usd: float) -> None:
    """Each by hand, from the price list."""
    assert cost(used) == pytest.approx(usd)


def test_nothing_is_paid_twice() -> None:
    """Invocations are counted by alias and for the account beside; indexes of tables by themselves."""
    used = {
        metric("AWS/Lambda", "Invocations", F): 2_000_000.0,
        metric("AWS/Lambda", "Invocations", F, ("Resource", "f")): 2_000_000.0,
        metric("AWS/Lambda", "Invocations"): 2_000_000.0,
    }
    assert cost(used) == pytest.approx(0.20)
    table = ("TableName", "t")
    units = {
        metric("AWS/DynamoDB", "ConsumedWriteCapacityUnits", table): 1_000_000.0,
        metric("AWS/DynamoDB", "ConsumedWriteCapacityUnits", table, ("GlobalSecondaryIndexName", "i")): 1_000_000.0,
    }
    told_of = bill(units, start=START, until=START)
    assert told_of.cost_usd == pytest.approx(1.25)
    [line] = told_of.accounts[0].lines
    assert [(use.name, use.amount) for use in line.resources] == [("t", 2_000_000.0)]


def test_each_account_has_its_free_tier() -> None:
    """Once, over all its functions."""
    used = {
        metric("AWS/Lambda", "Invocations", ("FunctionName", name), account_id=account_id): 900_000.0
        for account_id in (ACCOUNT, "222222222222")
        for name in ("f", "g")
    }
    found = bill(used, start=START, until=START)
    assert [account.cost_usd for account in found.accounts] == [pytest.approx(0.16)] * 2
    text = "\n".join(told(found))
    assert "1,800,000.000 requests, of which 1,000,000.000 free: 0.1600 USD" in text


def test_queues_share_their_free_requests() -> None:
    """The million is the service's, not that of each kind of queue; topics have one of their own."""
    used = {
        metric(NAMESPACE, metering.QUEUE_REQUESTS, Q): 700_000.0,
        metric(NAMESPACE, metering.FIFO_QUEUE_REQUESTS, ("QueueName", "q.fifo")): 700_000.0,
        metric(NAMESPACE, metering.TOPIC_REQUESTS, T): 700_000.0,
    }
    [account] = bill(used, start=START, until=START).accounts
    assert [line.free for line in account.lines] == [700_000.0, 300_000.0, 700_000.0]
    assert account.cost_usd == pytest.approx(0.20)


@pytest.mark.parametrize(
    ("size_bytes", "requests"), [(0, 1), (1, 1), (65_536, 1), (65_537, 2), (262_144, 4), (1_048_576, 16)]
)
def test_requests_by_size(size_bytes: int, requests: int) -> None:
    """One for each started 64 KB; one without a payload is one."""
    assert metering.requests_of(size_bytes) == requests


def _holdings(metrics: Metrics, store: SqliteStore, clock: JumpingClock, *gauges: Gauge) -> Holdings:
    return Holdings(store=store, metrics=metrics, clock=clock, gauges=gauges)


async def test_what_is_held_costs_for_as_long(tmp_path: Path) -> None:
    """By the hours of each month, also where nobody looked between; what is gone costs no more."""
    clock = JumpingClock(datetime(2026, 10, 31, 12, tzinfo=UTC))
    store = open_store(tmp_path, clock=clock)
    metrics = Metrics(store, clock)
    gigabytes = 0.0

    async def gauge(since: datetime) -> AsyncIterator[Held]:
        assert since < clock.now()
        yield Held(ACCOUNT, "us-east-1", metering.OBJECT_GB_HOURS["STANDARD"], (B,), gigabytes)

    billing = Billing(metrics, _holdings(metrics, store, clock, gauge), clock)

    async def gb_months(month: str) -> float:
        answer = await billing(Request(method="GET", target=f"{PATH}?month={month}", headers={}))
        assert isinstance(answer.body, bytes)
        found = msgspec.json.decode(answer.body, type=Bill)
        return sum(line.amount for account in found.accounts for line in account.lines)

    assert await gb_months("2026-10") == 0.0  # the first look begins
    gigabytes = 2.0
    clock.jump(timedelta(hours=12 + 15 * 24))
    assert await gb_months("2026-11") == pytest.approx(1.0)  # half of November
    assert await gb_months("2026-10") == pytest.approx(2.0 * 12 / 744)
    gigabytes = 0.0
    clock.jump(timedelta(days=10))
    assert await gb_months("2026-11") == pytest.approx(1.0)
    await store.close()


async def test_two_looks_at_once_meter_once(tmp_path: Path) -> None:
    """Two bills and the duty may come together."""
    clock = JumpingClock(START)
    store = open_store(tmp_path, clock=clock)
    metrics = Metrics(store, clock)

    async def gauge(since: datetime) -> AsyncIterator[Held]:
        await asyncio.sleep(0)
        yield Held(ACCOUNT, "us-east-1", metering.KEY_HOURS, (("KeyId", "k"),), 1.0)

    holdings = _holdings(metrics, store, clock, gauge)
    await holdings.look()
    clock.jump(timedelta(hours=6))
    await asyncio.gather(*(holdings.look() for _ in range(3)))
    again = _holdings(metrics, store, clock, gauge)  # after a start: the moment of the last look is on disk
    await again.look()
    clock.jump(timedelta(hours=1))
    await again.look()
    [amount] = (await metrics.sums([(NAMESPACE, metering.KEY_HOURS)], start=START, end=clock.now())).values()
    assert amount == pytest.approx(7.0)
    await store.close()


async def test_the_duty_begins_at_once_and_looks_by_the_hour(tmp_path: Path) -> None:
    """What was there from the start on is metered from the start on; a start itself goes through nothing."""
    clock = JumpingClock(START)
    store = open_store(tmp_path, clock=clock)
    metrics = Metrics(store, clock)
    looks: list[datetime] = []

    async def gauge(since: datetime) -> AsyncIterator[Held]:
        looks.append(since)
        yield Held(ACCOUNT, "us-east-1", metering.KEY_HOURS, (("KeyId", "k"),), 1.0)

    duty = asyncio.create_task(_holdings(metrics, store, clock, gauge).run())
    async with asyncio.timeout(10):
        while not clock.alarms:
            await asyncio.sleep(0)
        assert not looks
        clock.jump(timedelta(hours=2))
        while not await metrics.sums([(NAMESPACE, metering.KEY_HOURS)], start=START, end=clock.now()):
            await asyncio.sleep(0)
    assert looks == [START]
    duty.cancel()
    await asyncio.gather(duty, return_exceptions=True)
    await store.close()


@pytest.mark.parametrize(
    ("since", "until", "hours"),
    [
        (datetime(2026, 1, 31, 23, tzinfo=UTC), datetime(2026, 2, 1, 2, tzinfo=UTC), [1.0, 2.0]),
        (datetime(2026, 12, 31, 23, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC), [1.0, 744.0]),
        (datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 1, 0, 30, tzinfo=UTC), [0.5]),
        (datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC), []),
    ],
)
def test_time_by_month(since: datetime, until: datetime, hours: list[float]) -> None:
    """Each piece is told at a second of its own month."""
    pieces = list(by_month(since, until))
    assert [length for _, length in pieces] == hours
    months = {datetime.fromtimestamp(at_s, UTC).month for at_s, _ in pieces}
    assert len(months) == len(pieces)
    assert all(since.timestamp() <= at_s < until.timestamp() for at_s, _ in pieces)


async def test_a_month(tmp_path: Path) -> None:
    """What was metered in a month is on its bill alone, also when minutes have become hours."""
    clock = JumpingClock(datetime(2026, 10, 31, 23, 59, tzinfo=UTC))
    store = open_store(tmp_path, clock=clock)
    metrics = Metrics(store, clock)
    billing = Billing(metrics, _holdings(metrics, store, clock), clock)
    series = meter(metrics, ACCOUNT, "us-east-1", GB_SECONDS, (F,))

    async def amount(query: str = "") -> float:
        answer = await billing(Request(method="GET", target=f"{PATH}?{query}", headers={}))
        assert answer.status == 200
        assert isinstance(answer.body, bytes)
        found = msgspec.json.decode(answer.body, type=Bill)
        return sum(line.amount for account in found.accounts for line in account.lines)

    series.add(1.0)
    await metrics.flush()
    clock.jump(timedelta(minutes=1))
    for _ in range(3):
        series.add(2.0)
        await metrics.flush()
        clock.jump(timedelta(minutes=7))
    assert await amount() == 6.0
    assert await amount("month=2026-10") == 1.0
    for days in (16, 50, 100):
        clock.jump(timedelta(days=days))
        await metrics.sweep()
        assert await amount("month=2026-11") == 6.0
        assert await amount("month=2026-10") == 1.0
    assert await amount() == 0.0
    await store.close()


@pytest.mark.parametrize(
    ("method", "query", "status"),
    [
        ("POST", "", 405),
        ("GET", "month=November", 400),
        ("GET", "month=2026-13", 400),
        ("GET", "month=9999-12", 400),
        ("GET", "year=2026", 400),
        ("GET", "month=2026-12", 200),
    ],
)
async def test_what_may_be_asked(tmp_path: Path, method: str, query: str, status: int) -> None:
    """A wrong question is told so."""
    clock = JumpingClock(START)
    store = open_store(tmp_path, clock=clock)
    request = Request(method=method, target=f"{PATH}?{query}", headers={})
    metrics = Metrics(store, clock)
    answer = await Billing(metrics, _holdings(metrics, store, clock), clock)(request)
    assert answer.status == status
    await store.close()
