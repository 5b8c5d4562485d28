"""What alarms tell topics and, in their history, everybody."""

import json
from typing import Any

from pileus.kernel.outbox import Delivery
from pileus.kernel.storage.records import encode
from pileus.kernel.storage.seam import Event
from pileus.services.cloudwatch.alarms.actions import AlarmActions
from pileus.services.cloudwatch.alarms.messages import topic_message, topic_subject
from pileus.services.cloudwatch.alarms.records import AlarmRecord, Condition, State
from pileus.services.cloudwatch.alarms.transitions import ActionRecord
from pileus.services.cloudwatch.model import Query, Scope, StatQuery
from tests.unit.cloudwatch.conftest import ACCOUNT, NOON, CloudWatch

SCOPE = Scope(account_id=ACCOUNT, region="us-east-1")
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:t"
BEFORE = State(value="INSUFFICIENT_DATA", reason="Unchecked: Initial alarm creation", updated_s=0, transitioned_s=0)
NOW_S = NOON.timestamp()


def alarm(**more: Any) -> AlarmRecord:
    state = State(value="ALARM", reason="testing alarm", updated_s=NOW_S, transitioned_s=NOW_S)
    return AlarmRecord(name="a", state=state, configured_s=0, description="why", alarm_actions=(TOPIC,), **more)


STAT = StatQuery(
    namespace="Mine", name="m", stat="Average", period_s=10, dimensions=(("InstanceId", "abc"),), unit="Seconds"
)


def test_what_a_topic_gets() -> None:
    """Recording test_put_metric_alarm, member by member."""
    condition = Condition(comparison="GreaterThanThreshold", threshold=21.0, periods=1, stat=STAT, missing="ignore")
    told = json.loads(topic_message(SCOPE, alarm(condition=condition), BEFORE))
    assert told == {
        "AWSAccountId": ACCOUNT,
        "ActionExecutedAfterMuteWindow": False,
        "AlarmActions": [TOPIC],
        "AlarmArn": f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:a",
        "AlarmConfigurationUpdatedTimestamp": "1970-01-01T00:00:00.000+0000",
        "AlarmDescription": "why",
        "AlarmName": "a",
        "InsufficientDataActions": [],
        "NewStateReason": "testing alarm",
        "NewStateValue": "ALARM",
        "OKActions": [],
        "OldStateValue": "INSUFFICIENT_DATA",
        "Region": "US East (N. Virginia)",
        "StateChangeTime": "2026-06-01T12:00:00.000+0000",
        "Trigger": {
            "ComparisonOperator": "GreaterThanThreshold",
            "Dimensions": [{"name": "InstanceId", "value": "abc"}],
            "EvaluateLowSampleCountPercentile": "",
            "EvaluationPeriods": 1,
            "MetricName": "m",
            "Namespace": "Mine",
            "Period": 10,
            "Statistic": "AVERAGE",
            "StatisticType": "Statistic",
            "Threshold": 21.0,
            "TreatMissingData": "ignore",
            "Unit": "Seconds",
        },
    }
    assert topic_subject(SCOPE, alarm()) == 'ALARM: "a" in US East (N. Virginia)'


def test_metric_math_and_rules() -> None:
    """The trigger of an alarm on metric math has its queries; a composite alarm tells its rule instead."""
    queries = (Query(id="e", expression="m * 2", label="twice"), Query(id="m", stat=STAT, returned=False))
    condition = Condition(comparison="LessThanThreshold", threshold=1.0, periods=3, needed=2, queries=queries)
    trigger = json.loads(topic_message(SCOPE, alarm(condition=condition), BEFORE))["Trigger"]
    assert [query["Id"] for query in trigger["Metrics"]] == ["e", "m"]
    assert (trigger["DatapointsToAlarm"], "MetricName" in trigger) == (2, False)
    told = json.loads(topic_message(SCOPE, alarm(rule="ALARM(b)"), BEFORE))
    assert (told["AlarmRule"], "Trigger" in told) == ("ALARM(b)", False)


class Topics:
    """An SNS that keeps what is published."""

    def __init__(self) -> None:
        self.published: list[dict[str, str]] = []

    async def publish(
        self, *, topic_arn: str, subject: str, message: str, service_principal: str, source_arn: str
    ) -> None:
        told = {"topic": topic_arn, "subject": subject, "message": message, "by": service_principal, "for": source_arn}
        self.published.append(told)


async def test_a_topic_is_published_to(cloudwatch: CloudWatch) -> None:
    """Once there is SNS; as the principal that topics' policies name."""
    topics = Topics()
    record = ActionRecord(
        scope=SCOPE,
        alarm="a",
        composite=False,
        action=TOPIC,
        updated_s=NOW_S,
        event=b"{}",
        subject="s",
        message="m",
    )
    actions = AlarmActions(store=cloudwatch.store, clock=cloudwatch.clock, functions=None, topics=topics)
    event = Event(topic="cloudwatch.actions", payload=encode(record))
    await actions.deliver(Delivery(event=event, attempt=1, due=NOON, id=1))
    assert topics.published == [
        {
            "topic": TOPIC,
            "subject": "s",
            "message": "m",
            "by": "cloudwatch.amazonaws.com",
            "for": f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:a",
        }
    ]
    assert await cloudwatch.actions() == [f"Successfully executed action {TOPIC}"]
