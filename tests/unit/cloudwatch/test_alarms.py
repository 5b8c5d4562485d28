"""Alarms change by the clock, tell their history, and call others."""

import json
from datetime import timedelta
from typing import Any

import pytest

from pileus.kernel.errors import ServiceError
from tests.unit.cloudwatch.conftest import ACCOUNT, NOON, CloudWatch, stat

MINUTE = timedelta(minutes=1)
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:t"


async def put_alarm(cloudwatch: CloudWatch, name: str = "a", **more: Any) -> None:
    asked = {
        "MetricName": "m",
        "Namespace": "Mine",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 5.0,
        "ComparisonOperator": "GreaterThanThreshold",
        **more,
    }
    await cloudwatch.call("PutMetricAlarm", AlarmName=name, **asked)


async def alarm(cloudwatch: CloudWatch, name: str = "a") -> dict[str, Any]:
    answer = await cloudwatch.call("DescribeAlarms", AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    found: list[dict[str, Any]] = [*answer["MetricAlarms"], *answer["CompositeAlarms"]]
    assert len(found) == 1
    return found[0]


async def history(cloudwatch: CloudWatch, **more: Any) -> list[str]:
    answer = await cloudwatch.call("DescribeAlarmHistory", ScanBy="TimestampAscending", **more)
    return [item["HistorySummary"] for item in answer["AlarmHistoryItems"]]


async def test_a_new_alarm(cloudwatch: CloudWatch) -> None:
    """Recording test_describe_minimal_metric_alarm."""
    await put_alarm(cloudwatch)
    assert await alarm(cloudwatch) == {
        "ActionsEnabled": True,
        "AlarmActions": [],
        "AlarmArn": f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:a",
        "AlarmConfigurationUpdatedTimestamp": NOON,
        "AlarmName": "a",
        "ComparisonOperator": "GreaterThanThreshold",
        "Dimensions": [],
        "EvaluationPeriods": 1,
        "InsufficientDataActions": [],
        "MetricName": "m",
        "Namespace": "Mine",
        "OKActions": [],
        "Period": 60,
        "StateReason": "Unchecked: Initial alarm creation",
        "StateTransitionedTimestamp": NOON,
        "StateUpdatedTimestamp": NOON,
        "StateValue": "INSUFFICIENT_DATA",
        "Statistic": "Sum",
        "Threshold": 5.0,
    }


async def test_an_alarm_follows_its_metric(cloudwatch: CloudWatch) -> None:
    """OK, ALARM, and at last INSUFFICIENT_DATA; each change is told once."""
    await put_alarm(cloudwatch)
    for values, expected in (
        ([1.0], "OK"),
        ([9.0], "ALARM"),
        ([9.0], "ALARM"),
        ([], "ALARM"),
        ([], "INSUFFICIENT_DATA"),
    ):
        if values:
            await cloudwatch.put("m", *values)
        await cloudwatch.pass_time(MINUTE)
        assert await cloudwatch.states() == {"a": expected}
        await cloudwatch.watch.look()
    assert await history(cloudwatch, HistoryItemType="StateUpdate") == [
        "Alarm updated from INSUFFICIENT_DATA to OK",
        "Alarm updated from OK to ALARM",
        "Alarm updated from ALARM to INSUFFICIENT_DATA",
    ]


async def test_a_function_is_called_once(cloudwatch: CloudWatch) -> None:
    """Recording test_alarm_lambda_target; a topic that nobody serves is told as failed."""
    await put_alarm(cloudwatch, AlarmDescription="why", AlarmActions=[FUNCTION, TOPIC], OKActions=[TOPIC])
    cloudwatch.clock.jump(timedelta(seconds=1.49))
    change = {"StateValue": "ALARM", "StateReason": "testing alarm"}
    await cloudwatch.call("SetAlarmState", AlarmName="a", **change)
    await cloudwatch.call("SetAlarmState", AlarmName="a", **change)
    await cloudwatch.settle(2)
    assert await cloudwatch.actions() == [
        f"Successfully executed action {FUNCTION}",
        f"Failed to execute action {TOPIC}",
    ]
    [(arn, event)] = cloudwatch.functions.invoked
    assert arn == FUNCTION
    [metric] = event["alarmData"]["configuration"]["metrics"]
    assert len(metric.pop("id")) == 36
    assert event == {
        "source": "aws.cloudwatch",
        "alarmArn": f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:a",
        "accountId": ACCOUNT,
        "time": "2026-06-01T12:00:01.490+0000",
        "region": "us-east-1",
        "alarmData": {
            "alarmName": "a",
            "state": {"value": "ALARM", "reason": "testing alarm", "timestamp": "2026-06-01T12:00:01.490+0000"},
            "previousState": {
                "value": "INSUFFICIENT_DATA",
                "reason": "Unchecked: Initial alarm creation",
                "timestamp": "2026-06-01T12:00:00.000+0000",
            },
            "configuration": {
                "description": "why",
                "metrics": [
                    {
                        "metricStat": {
                            "metric": {"namespace": "Mine", "name": "m", "dimensions": {}},
                            "period": 60,
                            "stat": "Sum",
                        },
                        "returnData": True,
                    }
                ],
            },
        },
    }


async def test_a_function_that_refuses(cloudwatch: CloudWatch) -> None:
    """Its policy does not name the principal of alarms, say: the history knows."""
    cloudwatch.functions.refuses = ServiceError("not you")
    await put_alarm(cloudwatch, AlarmActions=[FUNCTION])
    await cloudwatch.call("SetAlarmState", AlarmName="a", StateValue="ALARM", StateReason="")
    await cloudwatch.settle(1)
    answer = await cloudwatch.call("DescribeAlarmHistory", HistoryItemType="Action")
    [item] = answer["AlarmHistoryItems"]
    assert item["HistorySummary"] == f"Failed to execute action {FUNCTION}"
    assert json.loads(item["HistoryData"])["error"] == "not you"


async def test_actions_that_are_off(cloudwatch: CloudWatch) -> None:
    """DisableAlarmActions: the state changes, and nobody is called until they are on again."""
    await put_alarm(cloudwatch, AlarmActions=[FUNCTION], OKActions=[FUNCTION])
    await cloudwatch.call("DisableAlarmActions", AlarmNames=["a", "nobody"])
    assert (await alarm(cloudwatch))["ActionsEnabled"] is False
    await cloudwatch.call("SetAlarmState", AlarmName="a", StateValue="ALARM", StateReason="")
    await cloudwatch.call("EnableAlarmActions", AlarmNames=["a"])
    await cloudwatch.call("SetAlarmState", AlarmName="a", StateValue="OK", StateReason="")
    await cloudwatch.settle(1)
    [(_, event)] = cloudwatch.functions.invoked
    assert event["alarmData"]["state"]["value"] == "OK"


async def test_high_resolution(cloudwatch: CloudWatch) -> None:
    """Periods of ten seconds are looked at every ten seconds; the others at whole minutes only."""
    await put_alarm(cloudwatch, "fast", Period=10)
    await put_alarm(cloudwatch, "slow")
    await cloudwatch.put("m", 9.0, StorageResolution=1)
    await cloudwatch.pass_time(timedelta(seconds=10))
    assert await cloudwatch.states() == {"fast": "ALARM", "slow": "INSUFFICIENT_DATA"}
    await cloudwatch.pass_time(timedelta(seconds=50))
    assert (await cloudwatch.states())["slow"] == "ALARM"


async def test_periods_slide_by_the_minute(cloudwatch: CloudWatch) -> None:
    """Five minutes end at any minute, as the guide's example says."""
    await put_alarm(cloudwatch, Period=300)
    cloudwatch.clock.jump(2 * MINUTE)
    await cloudwatch.put("m", 9.0)
    await cloudwatch.pass_time(MINUTE)
    assert await cloudwatch.states() == {"a": "ALARM"}


async def test_metric_math(cloudwatch: CloudWatch) -> None:
    """An alarm on a rate of errors."""
    queries = [
        stat("errors", "e", ReturnData=False),
        stat("all", "n", ReturnData=False),
        {"Id": "rate", "Expression": "100 * errors / all", "Label": "rate", "ReturnData": True},
    ]
    asked: dict[str, Any] = {"EvaluationPeriods": 1, "Threshold": 10, "ComparisonOperator": "GreaterThanThreshold"}
    await cloudwatch.call("PutMetricAlarm", AlarmName="a", Metrics=queries, **asked)
    await cloudwatch.put("e", 2.0)
    await cloudwatch.put("n", 10.0)
    await cloudwatch.pass_time(MINUTE)
    found = await alarm(cloudwatch)
    assert (found["StateValue"], found["Metrics"][2]["Expression"]) == ("ALARM", "100 * errors / all")
    assert "[20.0 (01/06/26 12:00:00)]" in found["StateReason"]


@pytest.mark.parametrize(
    "queries",
    [
        [stat("m"), stat("n")],
        [stat("m", ReturnData=False)],
        [stat("m", ReturnData=False), {"Id": "e", "Expression": "m + nobody"}],
        [stat("m", ReturnData=False), {"Id": "e", "Expression": "[m, m]"}],
        [stat("m", ReturnData=False), {"Id": "e", "Expression": "1 + 1"}],
        [{"Id": "e", "Expression": "SEARCH('{Mine} x', 'Sum', 60)"}],
        [stat("m", period=7)],
        [stat(f"m{number}", ReturnData=number == 0) for number in range(11)],
    ],
)
async def test_metric_math_that_no_alarm_can_use(cloudwatch: CloudWatch, queries: list[dict[str, Any]]) -> None:
    """It is refused when the alarm is put, not when it is evaluated."""
    asked: dict[str, Any] = {"EvaluationPeriods": 1, "Threshold": 10, "ComparisonOperator": "GreaterThanThreshold"}
    error = await cloudwatch.error("PutMetricAlarm", AlarmName="a", Metrics=queries, **asked)
    assert error.startswith(("ValidationError", "InvalidParameterValue")), error


async def test_an_update_keeps_state_and_tags(cloudwatch: CloudWatch) -> None:
    """API_PutMetricAlarm: the configuration is overwritten as a whole, the state is left."""
    await put_alarm(cloudwatch, AlarmDescription="old", Tags=[{"Key": "k", "Value": "v"}])
    await cloudwatch.call("SetAlarmState", AlarmName="a", StateValue="ALARM", StateReason="x")
    await put_alarm(cloudwatch, Threshold=6.0, Tags=[{"Key": "k", "Value": "other"}])
    found = await alarm(cloudwatch)
    assert (found["StateValue"], found["Threshold"], found.get("AlarmDescription")) == ("ALARM", 6.0, None)
    tags = await cloudwatch.call("ListTagsForResource", ResourceARN=found["AlarmArn"])
    assert tags["Tags"] == [{"Key": "k", "Value": "v"}]
    assert await history(cloudwatch, HistoryItemType="ConfigurationUpdate") == [
        'Alarm "a" created',
        'Alarm "a" updated',
    ]


async def test_composite_alarms(cloudwatch: CloudWatch) -> None:
    """Recording test_trigger_composite_alarm, and one that looks at another composite alarm."""
    await put_alarm(cloudwatch, "a")
    await put_alarm(cloudwatch, "b")
    await cloudwatch.call("PutCompositeAlarm", AlarmName="either", AlarmRule="ALARM(a) OR ALARM(b)")
    await cloudwatch.call(
        "PutCompositeAlarm", AlarmName="not-either", AlarmRule="NOT ALARM(either)", OKActions=[FUNCTION]
    )
    assert await cloudwatch.states() == {
        "a": "INSUFFICIENT_DATA",
        "b": "INSUFFICIENT_DATA",
        "either": "OK",
        "not-either": "ALARM",
    }
    await cloudwatch.call("SetAlarmState", AlarmName="a", StateValue="ALARM", StateReason="")
    found = await alarm(cloudwatch, "either")
    arn = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:a"
    assert found["StateValue"] == "ALARM"
    assert found["StateReason"] == f"{arn} transitioned to ALARM at Monday 01 June, 2026 12:00:00 UTC"
    assert json.loads(found["StateReasonData"]) == {
        "triggeringAlarms": [{"arn": arn, "state": {"value": "ALARM", "timestamp": "2026-06-01T12:00:00.000+0000"}}]
    }
    assert (await cloudwatch.states())["not-either"] == "OK"
    await cloudwatch.settle(1)
    [(_, event)] = cloudwatch.functions.invoked
    assert event["alarmData"]["configuration"] == {"alarmRule": "NOT ALARM(either)"}
    await cloudwatch.call("SetAlarmState", AlarmName="b", StateValue="ALARM", StateReason="")
    assert (await alarm(cloudwatch, "either"))["StateReason"].startswith(arn)
    children = await cloudwatch.call("DescribeAlarms", ChildrenOfAlarmName="either")
    assert [one["AlarmName"] for one in children["MetricAlarms"]] == ["a", "b"]
    parents = await cloudwatch.call("DescribeAlarms", ParentsOfAlarmName="either")
    assert [one["AlarmName"] for one in parents["CompositeAlarms"]] == ["not-either"]


async def test_alarms_that_look_at_each_other(cloudwatch: CloudWatch) -> None:
    """A cycle comes to an end."""
    await cloudwatch.call("PutCompositeAlarm", AlarmName="x", AlarmRule="FALSE")
    await cloudwatch.call("PutCompositeAlarm", AlarmName="y", AlarmRule="ALARM(x)")
    await cloudwatch.call("PutCompositeAlarm", AlarmName="x", AlarmRule="OK(y)")
    assert await cloudwatch.states() == {"x": "ALARM", "y": "ALARM"}


async def test_deleting(cloudwatch: CloudWatch) -> None:
    """Not one that another looks at; names that are wrong are no error; the history stays for 30 days."""
    await put_alarm(cloudwatch, "a")
    await put_alarm(cloudwatch, "b")
    await cloudwatch.call("PutCompositeAlarm", AlarmName="c", AlarmRule="ALARM(a)")
    assert (await cloudwatch.error("DeleteAlarms", AlarmNames=["a"])).startswith("ValidationError")
    assert sorted(await cloudwatch.states()) == ["a", "b", "c"]
    await cloudwatch.call("PutCompositeAlarm", AlarmName="d", AlarmRule="TRUE")
    assert (await cloudwatch.error("DeleteAlarms", AlarmNames=["c", "d"])).startswith("ValidationError")
    await cloudwatch.call("DeleteAlarms", AlarmNames=["d", "nobody"])
    await cloudwatch.call("DeleteAlarms", AlarmNames=["a", "b", "c"])
    assert await cloudwatch.states() == {}
    assert await history(cloudwatch, AlarmName="b") == ['Alarm "b" created', 'Alarm "b" deleted']
    await put_alarm(cloudwatch, "later")
    await cloudwatch.pass_time(timedelta(days=31))
    await cloudwatch.watch._sweep()
    assert await history(cloudwatch, AlarmName="b") == []


async def test_describing(cloudwatch: CloudWatch) -> None:
    """By prefix, state, action and metric; in pages."""
    for name in ("a1", "a2", "b1"):
        await put_alarm(cloudwatch, name, AlarmActions=[TOPIC] if name == "a2" else [])
    await cloudwatch.call("SetAlarmState", AlarmName="b1", StateValue="OK", StateReason="")

    async def names(**asked: Any) -> list[str]:
        answer = await cloudwatch.call("DescribeAlarms", **asked)
        return [found["AlarmName"] for found in answer["MetricAlarms"]]

    assert await names(AlarmNamePrefix="a") == ["a1", "a2"]
    assert await names(StateValue="OK") == ["b1"]
    assert await names(ActionPrefix="arn:aws:sns") == ["a2"]
    first = await cloudwatch.call("DescribeAlarms", MaxRecords=2)
    assert await names(MaxRecords=2, NextToken=first["NextToken"]) == ["b1"]
    of_metric = await cloudwatch.call("DescribeAlarmsForMetric", Namespace="Mine", MetricName="m", Statistic="Sum")
    assert len(of_metric["MetricAlarms"]) == 3
    other = await cloudwatch.call("DescribeAlarmsForMetric", Namespace="Mine", MetricName="m", Period=10)
    assert other["MetricAlarms"] == []


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"ComparisonOperator": None}, "MissingParameter"),
        ({"EvaluationPeriods": None}, "MissingParameter"),
        ({"Threshold": None}, "MissingParameter"),
        ({"MetricName": None}, "MissingParameter"),
        ({"Period": None}, "MissingParameter"),
        ({"Statistic": None}, "InvalidParameterCombination"),
        ({"ExtendedStatistic": "p90"}, "InvalidParameterCombination"),
        ({"Statistic": None, "ExtendedStatistic": "q90"}, "ValidationError"),
        ({"Period": 15}, "ValidationError"),
        ({"Period": 60, "EvaluationPeriods": 1_441}, "ValidationError"),
        ({"DatapointsToAlarm": 2}, "ValidationError"),
        ({"TreatMissingData": "sometimes"}, "ValidationError"),
        ({"EvaluateLowSampleCountPercentile": "maybe"}, "ValidationError"),
        ({"AlarmActions": ["topic"]}, "ValidationError"),
        ({"Metrics": []}, "ValidationError"),
        ({"ThresholdMetricId": "t"}, "NotImplemented"),
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "NotImplemented"),
    ],
)
async def test_what_is_no_alarm(cloudwatch: CloudWatch, more: dict[str, Any], code: str) -> None:
    """It is refused, and nothing is kept."""
    with pytest.raises(ServiceError) as caught:
        await put_alarm(cloudwatch, **more)
    assert caught.value.error_code == code
    assert await cloudwatch.states() == {}


async def test_other_refusals(cloudwatch: CloudWatch) -> None:
    """Recording test_set_alarm_invalid_input; names that are taken; rules about what is not there."""
    await put_alarm(cloudwatch)
    unknown = {"AlarmName": "nobody", "StateValue": "OK", "StateReason": ""}
    assert await cloudwatch.error("SetAlarmState", **unknown) == "ResourceNotFound: "
    bad_data = {**unknown, "AlarmName": "a", "StateReasonData": "{"}
    assert (await cloudwatch.error("SetAlarmState", **bad_data)).startswith("InvalidParameterValue")
    for name, rule in (("a", "TRUE"), ("c", "ALARM(nobody)"), ("c", "nonsense")):
        error = await cloudwatch.error("PutCompositeAlarm", AlarmName=name, AlarmRule=rule)
        assert error.startswith("ValidationError: ")
