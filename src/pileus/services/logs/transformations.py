"""What do log events count by a metric filter?

Each event that matches counts the filter's value, a number or what a selector finds, at the event's own minute. The
default counts once for each minute of a batch in which nothing matched.

Source: CloudWatch Logs User Guide, "Configuring metric values for a metric filter" and "Publishing dimensions".
"""

import math
from collections.abc import Iterable, Sequence
from typing import Final

from pileus.kernel.metrics.counting import Told
from pileus.kernel.metrics.series import Metric
from pileus.kernel.metrics.statistics import statistics_of
from pileus.services.logs.errors import InvalidParameterException
from pileus.services.logs.limits import DIMENSIONS_MAX
from pileus.services.logs.model import MetricFilterRecord, Transformation
from pileus.services.logs.patterns import Pattern, parse
from pileus.services.logs.patterns.comparing import number
from pileus.services.logs.store import Region

_MINUTE_MS: Final = 60_000

Moment = tuple[int, str]
"""When an event was, in milliseconds, and its message."""


def check_transformation(given: Transformation, pattern: Pattern) -> None:
    """InvalidParameterException."""
    reason = _reason(given, pattern)
    if reason:
        raise InvalidParameterException(f"Invalid metric transformation: {reason}")


def _reason(given: Transformation, pattern: Pattern) -> str:
    if number(given.value) is None and not pattern.knows(given.value):
        return "metricValue is no number and no field of the filter pattern."
    if given.dimensions and given.default is not None:
        return "dimensions and default value are mutually exclusive properties."
    if len(given.dimensions) > DIMENSIONS_MAX:
        return f"at most {DIMENSIONS_MAX} dimensions are allowed."
    if not all(pattern.knows(selector) for selector in given.dimensions.values()):
        return "a dimension is no field of the filter pattern."
    return ""


def counted(region: Region, filters: Iterable[MetricFilterRecord], events: Sequence[Moment]) -> list[Told]:
    """What these filters count of a batch."""
    told: list[Told] = []
    for record in filters:
        pattern = parse(record.pattern)
        matching = [event for event in events if pattern.matches(event[1])]
        for one in record.transformations:
            found: dict[tuple[int, tuple[tuple[str, str], ...]], list[float]] = {}
            for at_ms, message in matching:
                value = _value(one.value, pattern, message)
                dimensions = _dimensions(one, pattern, message)
                if value is not None and dimensions is not None:
                    found.setdefault((at_ms // _MINUTE_MS, dimensions), []).append(value)
            if one.default is not None:
                matched = {at_ms // _MINUTE_MS for at_ms, _ in matching}
                for minute in {at_ms // _MINUTE_MS for at_ms, _ in events} - matched:
                    found[minute, ()] = [one.default]
            told += [
                Told(_metric(region, one, dimensions), one.unit or "None", minute * 60, statistics_of(values))
                for (minute, dimensions), values in found.items()
            ]
    return told


def _value(given: str, pattern: Pattern, message: str) -> float | None:
    text = pattern.value(message, given) if given.startswith("$") else given
    value = None if text is None else number(text)
    return value if value is not None and math.isfinite(value) else None


def _dimensions(one: Transformation, pattern: Pattern, message: str) -> tuple[tuple[str, str], ...] | None:
    """None when the event lacks one of them."""
    found: list[tuple[str, str]] = []
    for name, selector in one.dimensions.items():
        value = pattern.value(message, selector)
        if not value:
            return None
        found.append((name, value))
    return tuple(found)


def _metric(region: Region, one: Transformation, dimensions: tuple[tuple[str, str], ...]) -> Metric:
    account_id, name = region
    return Metric(account_id=account_id, region=name, namespace=one.namespace, name=one.metric, dimensions=dimensions)
