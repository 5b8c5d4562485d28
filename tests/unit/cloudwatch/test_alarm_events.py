"""Whether the default event bus hears what alarms go through, as "Alarm events and EventBridge" of CloudWatch's guide
tells it."""

from datetime import timedelta
from typing import Any, Final

import pytest

from tests.unit.cloudwatch.conftest import ACCOUNT, CloudWatch

STATE: Final = "CloudWatch Alarm State Change"
CONFIGURATION: Final = "CloudWatch Alarm Configuration Change"
CONDITION: Final[dict[str, Any]] = {
    "MetricName": "m",
    "Namespace": "Mine",
    "Dimensions": [{"Name": "d", "Value": "v"}],
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 5.0,
    "ComparisonOperator": "GreaterThanThreshold",
}
METRIC: Final = {
    "metricStat": {
        "metric": {"namespace": "Mine", "name": "m", "dimensions": {"d": "v"}},
        "period": 60,
        "stat": "Sum",
    },
    "returnData": True,
}


def _arn(name: str) -> str:
    return f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:{name}"


def _without_ids(detail: dict[str, Any]) -> dict[str, Any]:
    for configuration in (detail["configuration"], detail.get("previousConfiguration", {})):
        for query in configuration.get("metrics", ()):
            assert query.pop("id")
    return detail


async def test_a_changed_state_is_told(cloudwatch: CloudWatch) -> None:
    """Both states with their reasons, and what the alarm looks at; disabled actions change nothing about that."""
    await cloudwatch.call("PutMetricAlarm", AlarmName="a", AlarmDescription="why", ActionsEnabled=False, **CONDITION)
    cloudwatch.bus.heard.clear()
    await cloudwatch.call("SetAlarmState", AlarmName="a", StateValue="ALARM", StateReason="r", StateReasonData="{}")
    await cloudwatch.call("SetAlarmState", AlarmName="a", StateValue="ALARM", StateReason="again")
    [(kind, detail)] = cloudwatch.bus.heard
    assert kind == STATE
    assert _without_ids(detail) == {
        "alarmName": "a",
        "configuration": {"description": "why", "metrics": [METRIC]},
        "previousState": {
            "value": "INSUFFICIENT_DATA",
            "reason": "Unchecked: Initial alarm creation",
            "timestamp": "2026-06-01T12:00:00.000+0000",
        },
        "state": {
            "value": "ALARM",
            "reason": "r",
            "reasonData": "{}",
            "timestamp": "2026-06-01T12:00:00.000+0000",
        },
    }
    assert cloudwatch.bus.resources[-1] == (_arn("a"),)


async def test_the_watch_tells_too(cloudwatch: CloudWatch) -> None:
    """A metric that crosses the threshold is what rules wait for."""
    await cloudwatch.call("PutMetricAlarm", AlarmName="a", **{**CONDITION, "Dimensions": []})
    await cloudwatch.put("m", 9)
    await cloudwatch.pass_time(timedelta(minutes=1))
    kind, detail = cloudwatch.bus.heard[-1]
    assert (kind, detail["state"]["value"]) == (STATE, "ALARM")
    assert '"recentDatapoints":[9.0]' in detail["state"]["reasonData"]


async def test_a_composite_alarm_tells_its_rule(cloudwatch: CloudWatch) -> None:
    """After the alarm that moved it."""
    await cloudwatch.call("PutMetricAlarm", AlarmName="a", **CONDITION)
    await cloudwatch.call("PutCompositeAlarm", AlarmName="c", AlarmRule='ALARM("a")')
    cloudwatch.bus.heard.clear()
    await cloudwatch.call("SetAlarmState", AlarmName="a", StateValue="ALARM", StateReason="r")
    assert [(kind, detail["alarmName"]) for kind, detail in cloudwatch.bus.heard] == [(STATE, "a"), (STATE, "c")]
    assert cloudwatch.bus.heard[1][1]["configuration"] == {"alarmRule": 'ALARM("a")'}


async def test_changes_of_the_configuration_are_told(cloudwatch: CloudWatch) -> None:
    """Made, changed (with what was before), switched off, deleted."""
    await cloudwatch.call("PutMetricAlarm", AlarmName="a", **CONDITION)
    await cloudwatch.call("PutMetricAlarm", AlarmName="a", **{**CONDITION, "Threshold": 6.0, "DatapointsToAlarm": 1})
    await cloudwatch.call("DisableAlarmActions", AlarmNames=["a"])
    await cloudwatch.call("DeleteAlarms", AlarmNames=["a"])
    assert [(kind, detail["operation"]) for kind, detail in cloudwatch.bus.heard] == [
        (CONFIGURATION, "create"),
        (CONFIGURATION, "update"),
        (CONFIGURATION, "update"),
        (CONFIGURATION, "delete"),
    ]
    made, changed, switched, deleted = (_without_ids(detail) for _, detail in cloudwatch.bus.heard)
    configured = {
        "metrics": [METRIC],
        "evaluationPeriods": 1,
        "threshold": 5.0,
        "comparisonOperator": "GreaterThanThreshold",
        "alarmName": "a",
        "actionsEnabled": True,
        "timestamp": "2026-06-01T12:00:00.000+0000",
        "okActions": [],
        "alarmActions": [],
        "insufficientDataActions": [],
    }
    assert made == {
        "alarmName": "a",
        "operation": "create",
        "state": {"value": "INSUFFICIENT_DATA", "timestamp": "2026-06-01T12:00:00.000+0000"},
        "configuration": configured,
    }
    assert changed["previousConfiguration"] == configured
    assert changed["configuration"] == {**configured, "threshold": 6.0, "datapointsToAlarm": 1}
    assert switched["configuration"]["actionsEnabled"] is False
    assert switched["previousConfiguration"]["actionsEnabled"] is True
    assert "previousConfiguration" not in deleted


@pytest.mark.parametrize("rule", ["TRUE", "FALSE"])
async def test_a_new_composite_alarm_is_made_and_judged(cloudwatch: CloudWatch, rule: str) -> None:
    """Two events, in this order."""
    await cloudwatch.call("PutCompositeAlarm", AlarmName="c", AlarmRule=rule)
    assert [kind for kind, _ in cloudwatch.bus.heard] == [CONFIGURATION, STATE]
