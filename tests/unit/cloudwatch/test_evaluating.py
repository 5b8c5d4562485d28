"""What an alarm makes of missing values: the tables of CloudWatch's guide."""

from datetime import UTC, datetime
from typing import Any

import pytest

from pileus.services.cloudwatch.alarms.evaluating import Point, judged
from pileus.services.cloudwatch.alarms.records import Condition
from pileus.services.cloudwatch.model import StatQuery

NOW = datetime(2026, 6, 1, 12, 5, tzinfo=UTC)
VALUES = {"0": 1.0, "X": 9.0, "-": None}
STAT = StatQuery(namespace="n", name="m", stat="Average", period_s=60)


def state(shown: str, missing: str | None, *, needed: int | None, periods: int = 3) -> str:
    """shown: the periods as the guide draws them, the latest last."""
    condition = Condition(
        comparison="GreaterThanThreshold", threshold=5.0, periods=periods, needed=needed, missing=missing, stat=STAT
    )
    end_s = int(NOW.timestamp())
    points = [Point(end_s - 60 * number, VALUES[sign]) for number, sign in enumerate(reversed(shown), 1)]
    verdict = judged(condition, points, period_s=60, now=NOW)
    return "retained" if verdict is None else verdict.value


MISSING = ("missing", "ignore", "breaching", "notBreaching")


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ("0-X-X", ("OK", "OK", "OK", "OK")),
        ("----0", ("OK", "OK", "OK", "OK")),
        ("-----", ("INSUFFICIENT_DATA", "retained", "ALARM", "OK")),
        ("0XX-X", ("ALARM", "ALARM", "ALARM", "ALARM")),
        ("--X--", ("ALARM", "retained", "ALARM", "OK")),
    ],
)
def test_three_of_three(shown: str, expected: tuple[str, ...]) -> None:
    """ "Configuring how CloudWatch alarms treat missing data", first table."""
    assert tuple(state(shown, missing, needed=None) for missing in MISSING) == expected


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ("0-X-X", ("ALARM", "ALARM", "ALARM", "ALARM")),
        ("00X0X", ("ALARM", "ALARM", "ALARM", "ALARM")),
        ("0-X--", ("OK", "OK", "ALARM", "OK")),
        ("----0", ("OK", "OK", "ALARM", "OK")),
        ("---X-", ("ALARM", "retained", "ALARM", "OK")),
    ],
)
def test_two_of_three(shown: str, expected: tuple[str, ...]) -> None:
    """The second table."""
    assert tuple(state(shown, missing, needed=2) for missing in MISSING) == expected


def test_nothing_said_is_missing() -> None:
    """The default of TreatMissingData."""
    assert state("-----", None, needed=None) == "INSUFFICIENT_DATA"


def reason(values: list[float | None], **more: Any) -> str:
    condition = Condition(
        **{"comparison": "GreaterThanThreshold", "threshold": 21.0, "periods": 1, "stat": STAT, **more}
    )
    end_s = int(NOW.timestamp())
    points = [Point(end_s - 60 * number, value) for number, value in enumerate(values, 1)]
    verdict = judged(condition, points, period_s=60, now=NOW)
    assert verdict is not None
    return verdict.reason


def test_reasons() -> None:
    """Recordings test_put_metric_alarm and test_breaching_alarm_actions, and examples of AWS's documentation."""
    assert reason([21.5]) == (
        "Threshold Crossed: 1 datapoint [21.5 (01/06/26 12:04:00)] was greater than the threshold (21.0)."
    )
    assert reason([21.0]) == (
        "Threshold Crossed: 1 datapoint [21.0 (01/06/26 12:04:00)] was not greater than the threshold (21.0)."
    )
    assert reason([None, None, None], periods=2, missing="breaching") == (
        "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as "
        "[Breaching]."
    )
    assert reason([None, None], comparison="LessThanThreshold") == "Insufficient Data: 1 datapoint was unknown."
    assert reason([0.0], comparison="LessThanThreshold", threshold=1.0, needed=1) == (
        "Threshold Crossed: 1 out of the last 1 datapoints [0.0 (01/06/26 12:04:00)] was less than the threshold "
        "(1.0) (minimum 1 datapoint for OK -> ALARM transition)."
    )


def test_percentiles_of_few_values() -> None:
    """With `ignore`, a percentile that means nothing changes nothing."""
    condition = Condition(comparison="GreaterThanThreshold", threshold=1.0, periods=1, stat=STAT, low_samples="ignore")
    few, many = [Point(0, 9.0, 19.0)], [Point(0, 9.0, 100.0)]
    assert judged(condition, few, period_s=60, now=NOW, percent=90.0) is None
    verdict = judged(condition, many, period_s=60, now=NOW, percent=90.0)
    assert verdict is not None
    assert verdict.value == "ALARM"
