"""What does a metric alarm make of the values that there are, and of those that are missing?

As many periods as the alarm looks at, and half as many again, are asked for. Where enough values are among them, the
latest count and nothing is missing. Otherwise what is missing counts as TreatMissingData says: as breaching, as not
breaching, or not at all. In the last case the alarm still goes off when all values that there are breach, and the
oldest is as old as there must be values: otherwise it would wait for ever for a metric that comes now and then.

Source: CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data", whose tables are in the tests;
texts from the recordings test_put_metric_alarm and test_breaching_alarm_actions.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec

from pileus.services.cloudwatch.alarms.records import Condition, StateValue

_COMPARED: Final[Mapping[str, tuple[Callable[[float, float], bool], str]]] = {
    "GreaterThanOrEqualToThreshold": (lambda one, other: one >= other, "greater than or equal to"),
    "GreaterThanThreshold": (lambda one, other: one > other, "greater than"),
    "LessThanThreshold": (lambda one, other: one < other, "less than"),
    "LessThanOrEqualToThreshold": (lambda one, other: one <= other, "less than or equal to"),
}
_TREATED: Final = {"breaching": "Breaching", "notBreaching": "NonBreaching"}
_SAMPLES_NEEDED: Final = 10


class Point(NamedTuple):
    """One period. at_s: when it began; value: None where there is none. samples: None where nobody counts them."""

    at_s: int
    value: float | None
    samples: float | None = None


class Verdict(NamedTuple):
    """What an alarm's state becomes. data: `StateReasonData`."""

    value: StateValue
    reason: str
    data: str


def periods_looked_at(condition: Condition, *, period_s: int) -> int:
    """How many are asked for: the guide's example looks at five where three count.

    A minute at least, since values of a metric without high resolution count at the begin of theirs.
    """
    return max(condition.periods + (condition.periods + 1) // 2, 60 // period_s + 1)


def judged(
    condition: Condition, points: Sequence[Point], *, period_s: int, now: datetime, percent: float | None = None
) -> Verdict | None:
    """points: all periods looked at, the latest first. None: it stays as it is. percent: of a percentile."""
    compare, _ = _COMPARED[condition.comparison]
    existing = [point for point in points if point.value is not None][: condition.periods]
    if condition.low_samples == "ignore" and percent is not None and _too_few(existing, percent):
        return None
    breaching = [point for point in existing if point.value is not None and compare(point.value, condition.threshold)]
    missing = condition.periods - len(existing)
    value = _state(condition, points, existing, breaching, missing)
    if value is None:
        return None
    deciding = breaching if value == "ALARM" else [point for point in existing if point not in breaching]
    reason = _reason(condition, value, deciding, missing)
    shown = existing or points[: condition.periods]
    return Verdict(value, reason, _data(condition, existing, shown, period_s=period_s, now=now))


def _state(
    condition: Condition,
    points: Sequence[Point],
    existing: Sequence[Point],
    breaching: Sequence[Point],
    missing: int,
) -> StateValue | None:
    needed = condition.needed or condition.periods
    if condition.missing == "breaching":
        return "ALARM" if len(breaching) + missing >= needed else "OK"
    if len(breaching) >= needed:
        return "ALARM"
    if condition.missing == "notBreaching" or len(existing) > len(breaching):
        return "OK"
    if not existing:
        return None if condition.missing == "ignore" else "INSUFFICIENT_DATA"
    if condition.missing == "ignore":
        return None
    oldest_age = 1 + list(points).index(existing[-1])
    return "ALARM" if oldest_age >= needed else None


def _too_few(existing: Sequence[Point], percent: float) -> bool:
    """Source: CloudWatch User Guide, "Percentile-based alarms and low data samples"."""
    rest = min(percent, 100 - percent) / 100
    return any(point.samples is not None and point.samples * rest < _SAMPLES_NEEDED for point in existing)


def _reason(condition: Condition, value: StateValue, deciding: Sequence[Point], missing: int) -> str:
    if value == "INSUFFICIENT_DATA":
        return f"Insufficient Data: {_counted(condition.periods)} {_was(condition.periods)} unknown."
    treated = _TREATED.get(condition.missing or "")
    filled = missing if treated is not None else 0
    tail = f"{filled} missing {_points(filled)} {_was(filled)} treated as [{treated}]" if filled else ""
    if not deciding:
        periods = f"{condition.periods} period{'s' if condition.periods > 1 else ''}"
        return f"Threshold Crossed: no datapoints were received for {periods} and {tail}."
    count = len(deciding)
    listed = ", ".join(f"{point.value} ({_short(point.at_s)})" for point in deciding)
    said = _counted(count) if condition.needed is None else f"{count} out of the last {condition.periods} datapoints"
    beyond = f"{'' if value == 'ALARM' else 'not '}{_COMPARED[condition.comparison][1]} the threshold"
    text = f"Threshold Crossed: {said} [{listed}] {_was(count)} {beyond} ({condition.threshold})"
    if tail:
        text += f" and {tail}"
    if condition.needed is not None:
        wanted = condition.needed if value == "ALARM" else condition.periods - condition.needed + 1
        way = "OK -> ALARM" if value == "ALARM" else "ALARM -> OK"
        text += f" (minimum {_counted(wanted)} for {way} transition)"
    return f"{text}."


def _counted(count: int) -> str:
    return f"{count} {_points(count)}"


def _points(count: int) -> str:
    return "datapoint" if count == 1 else "datapoints"


def _was(count: int) -> str:
    return "was" if count == 1 else "were"


def _short(at_s: int) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC):%d/%m/%y %H:%M:%S}"


def moment(at_s: float) -> str:
    """As alarms write it in JSON."""
    at = datetime.fromtimestamp(at_s, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}+0000"


def _data(
    condition: Condition, existing: Sequence[Point], shown: Sequence[Point], *, period_s: int, now: datetime
) -> str:
    stat = condition.stat
    data: dict[str, object] = {"version": "1.0", "queryDate": moment(now.timestamp())}
    if existing:
        data["startDate"] = moment(existing[-1].at_s)
    if stat is not None and stat.unit is not None:
        data["unit"] = stat.unit
    if stat is not None:
        data["statistic"] = stat.stat
    data["period"] = period_s
    data["recentDatapoints"] = [point.value for point in reversed(existing)]
    data["threshold"] = condition.threshold
    data["evaluatedDatapoints"] = [_evaluated(point) for point in shown]
    return msgspec.json.encode(data).decode()


def _evaluated(point: Point) -> dict[str, object]:
    told: dict[str, object] = {"timestamp": moment(point.at_s)}
    if point.samples is not None:
        told["sampleCount"] = point.samples
    if point.value is not None:
        told["value"] = point.value
    return told
