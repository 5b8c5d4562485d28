"""Which values does a PutMetricData bring, and what is wrong with it?"""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime
from math import isfinite
from typing import Final

from pileus.kernel.metrics.counting import Told
from pileus.kernel.metrics.series import Metric
from pileus.kernel.metrics.statistics import StatisticSet, Summing
from pileus.kernel.metrics.store import MINUTE_S, SECOND_S
from pileus.services.cloudwatch.errors import InvalidParameterCombination, InvalidParameterValue, MissingParameter
from pileus.services.cloudwatch.limits import DATUMS_MAX, FUTURE_MAX, PAST_MAX, VALUE_MAX, VALUES_MAX
from pileus.services.cloudwatch.model import Scope, dimensions_of
from pileus.services.cloudwatch.shapes import MetricDatum

_AWS: Final = "AWS/"
_BREATH_DATUMS: Final = 50
"""Each may bring 150 values: some 20 ms of them (measured)."""


async def told(scope: Scope, namespace: str, datums: Sequence[MetricDatum], *, now: datetime) -> list[Told]:
    """What they say, or what is wrong with the first that is; others run meanwhile."""
    if namespace.startswith(_AWS):
        raise InvalidParameterValue(f"The value {_AWS} for parameter Namespace is invalid.")
    if not datums:
        raise MissingParameter("The parameter MetricData is required.")
    if len(datums) > DATUMS_MAX:
        raise InvalidParameterValue(f"The collection MetricData must not have a size greater than {DATUMS_MAX}.")
    found: list[Told] = []
    for number, datum in enumerate(datums, 1):
        found += _of_datum(scope, namespace, datum, f"MetricData.member.{number}", now)
        if number % _BREATH_DATUMS == 0:
            await asyncio.sleep(0)
    return found


def _of_datum(scope: Scope, namespace: str, datum: MetricDatum, path: str, now: datetime) -> Iterator[Told]:
    at = now if datum.timestamp is None else datum.timestamp
    if not now - PAST_MAX <= at <= now + FUTURE_MAX:
        raise InvalidParameterValue(
            f"The parameter {path}.Timestamp must specify a time within the past two weeks "
            "and no more than two hours into the future."
        )
    metric = Metric(
        account_id=scope.account_id,
        region=scope.region,
        namespace=namespace,
        name=datum.metric_name,
        dimensions=dimensions_of(datum.dimensions),
    )
    names = [name for name, _ in metric.dimensions]
    if len(set(names)) != len(names):
        raise InvalidParameterValue(f"The parameter {path}.Dimensions must not name a dimension twice.")
    if datum.storage_resolution not in (None, SECOND_S, MINUTE_S):
        raise InvalidParameterValue(f"The parameter {path}.StorageResolution must be 1 or 60.")
    statistics = _statistics(datum, path)
    if statistics is not None:
        period_s = SECOND_S if datum.storage_resolution == SECOND_S else MINUTE_S
        yield Told(metric, datum.unit or "None", int(at.timestamp()), statistics, period_s)


def _statistics(datum: MetricDatum, path: str) -> StatisticSet | None:
    """The values of one datum, of which there may be none when all are counted zero times."""
    _check_exclusive(datum, path)
    if datum.statistic_values is not None:
        given = datum.statistic_values
        for name, value in (
            *(("SampleCount", given.sample_count), ("Sum", given.sum)),
            *(("Minimum", given.minimum), ("Maximum", given.maximum)),
        ):
            _check_value(value, f"{path}.StatisticValues.{name}")
        if given.minimum > given.maximum:
            raise InvalidParameterValue(
                f"The parameter {path}.StatisticValues.Maximum must be greater than or equal to "
                f"{path}.StatisticValues.Minimum."
            )
        if given.sample_count <= 0:
            raise InvalidParameterValue(f"The parameter {path}.StatisticValues.SampleCount must be greater than 0.")
        return StatisticSet(samples=given.sample_count, sum=given.sum, minimum=given.minimum, maximum=given.maximum)
    if datum.value is not None:
        _check_value(datum.value, f"{path}.Value")
        values, counts = [datum.value], [1.0]
    else:
        values, counts = _values(datum, path)
    summing = Summing()
    if datum.counts is None:
        summing.add(values)
        return summing.told()
    for value, count in zip(values, counts, strict=True):
        if count:
            summing.add_repeated(value, count)
    return summing.told() if any(counts) else None


def _check_exclusive(datum: MetricDatum, path: str) -> None:
    """Recording test_put_metric_data_validation."""
    given = [
        name
        for name, value in (
            ("Value", datum.value),
            ("Values", datum.values),
            ("StatisticValues", datum.statistic_values),
        )
        if value is not None
    ]
    if len(given) > 1:
        raise InvalidParameterCombination(
            f"The parameters {path}.{given[0]} and {path}.{given[1]} are mutually exclusive "
            "and you have specified both."
        )
    if not given:
        raise MissingParameter(
            f"At least one of the parameters {path}.Value, {path}.Values and {path}.StatisticValues must be specified."
        )


def _values(datum: MetricDatum, path: str) -> tuple[list[float], list[float]]:
    values = datum.values or []
    counts = [1.0] * len(values) if datum.counts is None else datum.counts
    if len(values) != len(counts):
        raise InvalidParameterValue(f"The parameters {path}.Values and {path}.Counts must be of the same size.")
    if not 0 < len(values) <= VALUES_MAX:
        raise InvalidParameterValue(f"The collection {path}.Values must have a size between 1 and {VALUES_MAX}.")
    for number, (value, count) in enumerate(zip(values, counts, strict=True), 1):
        _check_value(value, f"{path}.Values.member.{number}")
        if not 0 <= count < VALUE_MAX:
            raise InvalidParameterValue(f"The parameter {path}.Counts.member.{number} must not be negative.")
    return values, counts


def _check_value(value: float, path: str) -> None:
    if not isfinite(value) or abs(value) > VALUE_MAX:
        raise InvalidParameterValue(f"The value {value} for parameter {path} is invalid.")
