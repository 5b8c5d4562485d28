"""What do metrics look like to Prometheus? `GET /_pileus/metrics`, in its text format.

All series of all accounts that have a value in the last whole minute, as gauges for that minute, named as the exporter
of CloudWatch names them: `aws_dynamodb_consumed_read_capacity_units_sum{table_name="orders",...}`. A scrape a minute
sees each minute once. What is older, CloudWatch's own API tells.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from pileus.kernel.clock import Clock
from pileus.kernel.http.messages import Request, Response
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.metrics.series import Metric
from pileus.kernel.metrics.statistics import StatisticSet
from pileus.kernel.metrics.store import MINUTE_S

PATH: Final = "/_pileus/metrics"
_CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_CAPITAL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_FOREIGN: Final = re.compile(r"[^a-zA-Z0-9_]+")
_ESCAPES: Final = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


class Prometheus:
    """The handler."""

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self._metrics = metrics
        self._clock = clock

    async def __call__(self, request: Request) -> Response:
        if request.method != "GET":
            return _text(405, f"{request.method} is not offered at {PATH}\n")
        now_s = int(self._clock.timestamp())
        minute = datetime.fromtimestamp(now_s - now_s % MINUTE_S - MINUTE_S, UTC)
        return _text(200, exposition(await self._metrics.of_minute(minute)))


def exposition(found: Iterable[tuple[Metric, str, StatisticSet]]) -> str:
    """The page. found: each metric and unit, with its statistics."""
    families: dict[str, dict[str, float]] = {}
    for metric, unit, statistics in found:
        name = f"{_safe(metric.namespace.lower())}_{_snake(metric.name)}"
        labels = _labels(metric, unit)
        for statistic, value in _statistics(statistics).items():
            families.setdefault(f"{name}_{statistic}", {}).setdefault(labels, value)
    lines: list[str] = []
    for name, samples in sorted(families.items()):
        lines.append(f"# TYPE {name} gauge\n")
        lines += (f"{name}{{{labels}}} {float(value)!r}\n" for labels, value in samples.items())
    return "".join(lines)


def _statistics(statistics: StatisticSet) -> Mapping[str, float]:
    return {
        "average": statistics.average,
        "maximum": statistics.maximum,
        "minimum": statistics.minimum,
        "sample_count": statistics.samples,
        "sum": statistics.sum,
    }


def _labels(metric: Metric, unit: str) -> str:
    labels = {"account_id": metric.account_id, "region": metric.region, "unit": unit}
    for name, value in metric.dimensions:
        label = _snake(name)
        while label in labels:  # `TableName` and `table_name`, or a dimension `Region`
            label += "_"
        labels[label] = value
    return ",".join(f'{label}="{value.translate(_ESCAPES)}"' for label, value in labels.items())


def _snake(name: str) -> str:
    """`TableName` becomes `table_name`."""
    return _safe(_CAPITAL.sub("_", name).lower())


def _safe(name: str) -> str:
    """A name that Prometheus takes: `aws/dynamodb` becomes `aws_dynamodb`."""
    words = _FOREIGN.sub("_", name)
    return words if words and not words[0].isdigit() else f"_{words}"


def _text(status: int, text: str) -> Response:
    return Response(status, (("Content-Type", _CONTENT_TYPE),), text.encode())
