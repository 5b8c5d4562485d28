"""What does an alarm tell those it calls: a function, a topic, its own history? (An event bus: see `events`.)

Sources: recordings test_alarm_lambda_target, test_put_metric_alarm and test_trigger_composite_alarm; CloudWatch User
Guide, "Invoke a Lambda function from an alarm".
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from pileus.services.cloudwatch.alarms.evaluating import moment
from pileus.services.cloudwatch.alarms.records import AlarmRecord, Condition, State
from pileus.services.cloudwatch.model import Query, Scope, StatQuery
from pileus.services.cloudwatch.statistic import PLAIN

_STATISTICS: Final = {
    "Average": "AVERAGE",
    "Maximum": "MAXIMUM",
    "Minimum": "MINIMUM",
    "SampleCount": "SAMPLE_COUNT",
    "Sum": "SUM",
}
_REGIONS: Final = {
    "af-south-1": "Africa (Cape Town)",
    "ap-east-1": "Asia Pacific (Hong Kong)",
    "ap-northeast-1": "Asia Pacific (Tokyo)",
    "ap-northeast-2": "Asia Pacific (Seoul)",
    "ap-northeast-3": "Asia Pacific (Osaka)",
    "ap-south-1": "Asia Pacific (Mumbai)",
    "ap-south-2": "Asia Pacific (Hyderabad)",
    "ap-southeast-1": "Asia Pacific (Singapore)",
    "ap-southeast-2": "Asia Pacific (Sydney)",
    "ap-southeast-3": "Asia Pacific (Jakarta)",
    "ca-central-1": "Canada (Central)",
    "eu-central-1": "EU (Frankfurt)",
    "eu-central-2": "Europe (Zurich)",
    "eu-north-1": "EU (Stockholm)",
    "eu-south-1": "Europe (Milan)",
    "eu-west-1": "EU (Ireland)",
    "eu-west-2": "EU (London)",
    "eu-west-3": "EU (Paris)",
    "il-central-1": "Israel (Tel Aviv)",
    "me-central-1": "Middle East (UAE)",
    "me-south-1": "Middle East (Bahrain)",
    "sa-east-1": "South America (Sao Paulo)",
    "us-east-1": "US East (N. Virginia)",
    "us-east-2": "US East (Ohio)",
    "us-west-1": "US West (N. California)",
    "us-west-2": "US West (Oregon)",
}
"""As messages name them."""


def function_event(scope: Scope, alarm: AlarmRecord, previous: State, *, metric_id: str) -> bytes:
    """What a function gets, as JSON. metric_id: what the metric of an alarm without queries is called."""
    return msgspec.json.encode(
        {
            "source": "aws.cloudwatch",
            "alarmArn": scope.alarm_arn(alarm.name),
            "accountId": scope.account_id,
            "time": moment(alarm.state.updated_s),
            "region": scope.region,
            "alarmData": {
                "alarmName": alarm.name,
                "state": state_told(alarm.state),
                "previousState": state_told(previous),
                "configuration": watched(alarm, metric_id=metric_id),
            },
        }
    )


def watched(alarm: AlarmRecord, *, metric_id: str) -> dict[str, object]:
    """What an alarm looks at, as its changes tell it."""
    told: dict[str, object] = {}
    if alarm.description is not None:
        told["description"] = alarm.description
    if alarm.rule is not None:
        told["alarmRule"] = alarm.rule
    elif alarm.condition is not None:
        told["metrics"] = _queries(alarm.condition, metric_id)
    return told


def state_told(state: State) -> dict[str, object]:
    told: dict[str, object] = {"value": state.value, "reason": state.reason}
    if state.data is not None:
        told["reasonData"] = state.data
    return {**told, "timestamp": moment(state.updated_s)}


def _queries(condition: Condition, metric_id: str) -> list[dict[str, object]]:
    if condition.stat is not None:
        return [{"id": metric_id, "metricStat": _metric_stat(condition.stat), "returnData": True}]
    return [_query(query) for query in condition.queries]


def _query(query: Query) -> dict[str, object]:
    told: dict[str, object] = {"id": query.id}
    if query.stat is not None:
        told["metricStat"] = _metric_stat(query.stat)
    if query.expression is not None:
        told["expression"] = query.expression
    if query.label is not None:
        told["label"] = query.label
    if query.period_s is not None:
        told["period"] = query.period_s
    return {**told, "returnData": query.returned is not False}


def _metric_stat(stat: StatQuery) -> dict[str, object]:
    told: dict[str, object] = {
        "metric": {"namespace": stat.namespace, "name": stat.name, "dimensions": dict(stat.dimensions)},
        "period": stat.period_s,
        "stat": stat.stat,
    }
    return told if stat.unit is None else {**told, "unit": stat.unit}


def topic_subject(scope: Scope, alarm: AlarmRecord) -> str:
    """At most 100 characters, as SNS takes them."""
    return f'{alarm.state.value}: "{alarm.name}" in {_REGIONS.get(scope.region, scope.region)}'[:100]


def topic_message(scope: Scope, alarm: AlarmRecord, previous: State) -> str:
    """What is published to a topic."""
    message: dict[str, object] = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": scope.account_id,
        "AlarmConfigurationUpdatedTimestamp": moment(alarm.configured_s),
        "NewStateValue": alarm.state.value,
        "NewStateReason": alarm.state.reason,
        "StateChangeTime": moment(alarm.state.updated_s),
        "Region": _REGIONS.get(scope.region, scope.region),
        "AlarmArn": scope.alarm_arn(alarm.name),
        "OldStateValue": previous.value,
        "OKActions": alarm.ok_actions,
        "AlarmActions": alarm.alarm_actions,
        "InsufficientDataActions": alarm.insufficient_data_actions,
        "ActionExecutedAfterMuteWindow": False,  # there are no mute rules; only the recording of 2026 has it
    }
    if alarm.rule is not None:
        message["AlarmRule"] = alarm.rule
    elif alarm.condition is not None:
        message["Trigger"] = _trigger(alarm.condition)
    return msgspec.json.encode(message).decode()


def _trigger(condition: Condition) -> dict[str, object]:
    trigger: dict[str, object] = {
        "Period": condition.stat.period_s if condition.stat is not None else None,
        "EvaluationPeriods": condition.periods,
        "ComparisonOperator": condition.comparison,
        "Threshold": condition.threshold,
        "TreatMissingData": condition.missing or "",
        "EvaluateLowSampleCountPercentile": condition.low_samples or "",
    }
    if condition.needed is not None:
        trigger["DatapointsToAlarm"] = condition.needed
    stat = condition.stat
    if stat is None:
        trigger.pop("Period")
        trigger["Metrics"] = [_topic_query(query) for query in condition.queries]
        return trigger
    plain = stat.stat in PLAIN
    return {
        "MetricName": stat.name,
        "Namespace": stat.namespace,
        "StatisticType": "Statistic" if plain else "ExtendedStatistic",
        **({"Statistic": _STATISTICS[stat.stat]} if plain else {"ExtendedStatistic": stat.stat}),
        "Unit": stat.unit,
        "Dimensions": [{"value": value, "name": name} for name, value in stat.dimensions],
        **trigger,
    }


def _topic_query(query: Query) -> Mapping[str, object]:
    told: dict[str, object] = {"Id": query.id}
    if query.expression is not None:
        told["Expression"] = query.expression
    if query.stat is not None:
        told["MetricStat"] = {
            "Metric": {
                "Dimensions": [{"value": value, "name": name} for name, value in query.stat.dimensions],
                "MetricName": query.stat.name,
                "Namespace": query.stat.namespace,
            },
            "Period": query.stat.period_s,
            "Stat": query.stat.stat,
        }
    if query.label is not None:
        told["Label"] = query.label
    return {**told, "ReturnData": query.returned is not False}


def history_state(state: State) -> dict[str, object]:
    """As `HistoryData` tells it."""
    told: dict[str, object] = {"stateValue": state.value, "stateReason": state.reason}
    if state.data is not None:
        told["stateReasonData"] = msgspec.Raw(state.data.encode())
    return told
