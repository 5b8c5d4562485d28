"""Many periods and many values: what comes of them, and what they cost others meanwhile."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from pileus.kernel.metrics.counting import Datapoint, Metrics
from pileus.services.cloudwatch.datums import told
from pileus.services.cloudwatch.model import Scope, StatQuery
from pileus.services.cloudwatch.reading import Reader
from pileus.services.cloudwatch.shapes import MetricDatum
from tests.unit.cloudwatch.conftest import ACCOUNT, NOON, CloudWatch

_DAY = timedelta(days=1)


async def test_long_spans_are_read_in_pieces(cloudwatch: CloudWatch, monkeypatch: pytest.MonkeyPatch) -> None:
    """A distribution takes up to 15 KiB a minute: 500 percentiles of two weeks were four gigabytes in memory, and no
    one was served while one of them was made. The pieces together are what the whole is."""
    moments = [NOON - timedelta(minutes=minute) for minute in (1, 239, 240, 241, 1_000, 1_439)]
    await cloudwatch.call(
        "PutMetricData",
        Namespace="N",
        MetricData=[{"MetricName": "m", "Timestamp": at, "Values": [1.0, number]} for number, at in enumerate(moments)],
    )
    largest = 0
    read = Metrics.read

    async def watched(self: Metrics, metric: Any, **span: Any) -> list[Datapoint]:
        nonlocal largest
        largest = max(largest, (span["end"] - span["start"]) // span["period"])
        return await read(self, metric, **span)

    monkeypatch.setattr(Metrics, "read", watched)
    query = StatQuery(namespace="N", name="m", dimensions=(), stat="Maximum", period_s=60)
    read_back = await Reader(cloudwatch.metrics, cloudwatch.clock).line(
        Scope(account_id=ACCOUNT, region="us-east-1"), query, start=NOON - _DAY, end=NOON
    )
    expected = {_second(at): max(1.0, float(number)) for number, at in enumerate(moments)}
    assert read_back.line.values == expected
    assert read_back.samples == dict.fromkeys(expected, 2.0)
    assert 0 < largest <= 240


async def test_a_full_put_lets_others_run() -> None:
    """A thousand datums of 150 values held everybody up for more than half a second: counted in turns, not time."""
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    try:
        datums = [MetricDatum(metric_name="m", values=[1.0, 2.0]) for _ in range(1_000)]
        found = await told(Scope(account_id=ACCOUNT, region="us-east-1"), "N", datums, now=NOON)
    finally:
        task.cancel()
    assert len(found) == 1_000
    assert turns >= 10


def _second(at: datetime) -> int:
    return int(at.timestamp())
