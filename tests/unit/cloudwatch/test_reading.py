"""Reading many periods: what it gives, and what it holds meanwhile."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from pileus.kernel.metrics.counting import Datapoint, Metrics
from pileus.services.cloudwatch.model import Scope, StatQuery
from pileus.services.cloudwatch.reading import Reader
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
    told = await Reader(cloudwatch.metrics, cloudwatch.clock).line(
        Scope(account_id=ACCOUNT, region="us-east-1"), query, start=NOON - _DAY, end=NOON
    )
    expected = {_second(at): max(1.0, float(number)) for number, at in enumerate(moments)}
    assert told.line.values == expected
    assert told.samples == dict.fromkeys(expected, 2.0)
    assert 0 < largest <= 240


def _second(at: datetime) -> int:
    return int(at.timestamp())
